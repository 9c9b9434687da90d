package runtime

import "time"

// Limit is one that a container may run into.
type Limit uint8

// The limits, in the order in which they are told.
const (
	OOMLimit    Limit = iota // memory.max, so hard that the kernel killed a process
	MemoryLimit              // memory.max: memory was taken back to stay below it, and there is none to spare
	HighLimit                // memory.high: slowed down for being above it
	PidsLimit                // pids.max: forks are refused
	CPULimit                 // cpu.max: throttled
	limitCount
)

// String is the kernel's name of what bites, of cgroup v2 on v1 too: "oom_kill" of
// memory.events, and the files memory.max, memory.high, pids.max and cpu.max.
func (l Limit) String() string {
	names := [limitCount]string{"oom_kill", "memory.max", "memory.high", "pids.max", "cpu.max"}
	if int(l) >= len(names) {
		return "unknown"
	}
	return names[l]
}

const (
	// BiteThrottled is the share of throttled periods, in percent, from which a
	// quota is said to bite.
	BiteThrottled = 5
	// biteNear is the share of memory.max, in percent, from which memory is short,
	// and biteStalled that of the time in which some task waited for memory.
	biteNear    = 90
	biteStalled = 1
	// BiteHold is how long a limit is said to bite after it was seen to: one that
	// bites every few seconds is one sight, not many.
	BiteHold = 10 * time.Second
	// killHold is the same for a kill, after which all is quiet as a rule.
	killHold = time.Minute
)

// Bite is how a limit bites.
type Bite struct {
	On     bool      // it does, or did a few seconds ago
	Since  time.Time // the Full reading that saw it first
	Last   time.Time // and last
	Events uint64    // how often since: kills, hits, refusals, throttled periods; 0 = not counted
}

// Bites are the limits that a container runs into. The zero Bites has seen
// nothing yet.
type Bites [limitCount]Bite

// See looks at a new Full reading b beside the one before, a, of the same life;
// where a holds none, only what b tells alone counts. Between two Full readings
// nothing changes, so that a container that is read seldom keeps its marks.
func (s *Bites) See(a, b *Sample) {
	if b.FullAt.IsZero() || b.FullAt.Equal(a.FullAt) {
		return
	}
	if a.InitPID != b.InitPID {
		*s = Bites{}
		a = &Sample{}
	}
	m, old := &b.Memory, &a.Memory
	kills := grown(old.OOMKills, m.OOMKills)
	s.note(OOMLimit, b.FullAt, killHold, kills, false)
	taken := hits(old.FailedLimit, m.FailedLimit, m.Limit)
	if kills == 0 && !pressed(a, b) {
		taken = 0
	}
	s.note(MemoryLimit, b.FullAt, BiteHold, taken, false)
	s.note(HighLimit, b.FullAt, BiteHold, hits(old.OverHigh, m.OverHigh, m.High), reached(m.Usage, m.High))
	s.note(PidsLimit, b.FullAt, BiteHold, hits(a.Pids.Refused, b.Pids.Refused, b.Pids.Max), reached(b.Pids.Current, b.Pids.Max))
	periods := grown(a.CPU.Throttled, b.CPU.Throttled)
	if share(a.CPU.Throttled, b.CPU.Throttled, a.CPU.Periods, b.CPU.Periods).Or(0) < BiteThrottled {
		periods = 0
	}
	s.note(CPULimit, b.FullAt, BiteHold, periods, false)
}

// pressed says that a container lacks memory at its limit. One that reads files
// fills its page cache up to it and hits it all the time, and lacks nothing.
func pressed(a, b *Sample) bool {
	use, ok := b.Memory.WorkingSet.Get()
	limit, set := b.Memory.Limit.Get()
	if ok && set && float64(use) >= float64(limit)*biteNear/100 {
		return true
	}
	stalled := rate(a.PSI.Memory.Some.Total, b.PSI.Memory.Some.Total, b.FullAt.Sub(a.FullAt).Seconds(), 100/1e6)
	return !a.FullAt.IsZero() && stalled.Or(0) >= biteStalled
}

// note takes what one reading tells of a limit: how often it was hit since the
// reading before, and whether it is reached now.
func (s *Bites) note(l Limit, at time.Time, hold time.Duration, events uint64, now bool) {
	b := &s[l]
	switch {
	case events > 0 || now:
		if !b.On {
			*b = Bite{On: true, Since: at}
		}
		b.Last = at
		b.Events += events
	case b.On && at.Sub(b.Last) >= hold:
		*b = Bite{}
	}
}

// Any says whether some limit bites.
func (s *Bites) Any() bool {
	for i := range s {
		if s[i].On {
			return true
		}
	}
	return false
}

// grown is by how much a counter grew; 0 where that is not known.
func grown(a, b Value) uint64 {
	x, okx := a.Get()
	y, oky := b.Get()
	if !okx || !oky || y < x {
		return 0
	}
	return y - x
}

// hits is by how much a counter of a limit grew. Some kernels count what happened
// in the cgroups below along: a container without a limit has run into none.
func hits(a, b, limit Value) uint64 {
	if _, set := limit.Get(); !set {
		return 0
	}
	return grown(a, b)
}

// reached says that a figure is at its limit, or above.
func reached(v, limit Value) bool {
	n, ok := v.Get()
	m, okm := limit.Get()
	return ok && okm && n >= m
}
