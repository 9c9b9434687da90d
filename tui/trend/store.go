package trend

import (
	"cmp"
	"slices"
	"time"

	"lxcdeck/runtime"
)

const (
	// keepGone is how long the figures of a container that is gone are kept:
	// it may come back, as after a listing that failed in part.
	keepGone = 10 * time.Minute
	// mostGone is how many such containers are kept at most.
	mostGone = 64
	// clockStep is by how much the wall clock has to be set to be noticed.
	clockStep = 2 * time.Second
	// mostSteps is how many times of that are remembered, and how many sleeps.
	mostSteps = 16
)

// Store remembers all containers of the list, and the host.
type Store struct {
	table  [rings]ring
	base   time.Time // the beginning; zero = nothing was read
	now    time.Duration
	steps  []step        // the wall clock, when it was set; the oldest first
	awake  time.Duration // the newest instant by the monotonic clock, which stands still while the host is suspended
	sleeps []sleep       // the oldest first
	lines  map[runtime.Ref]*Line
	host   *Line
}

// step says how far the wall clock is before the monotonic one since an
// instant, counted from the beginning.
type step struct{ at, ahead time.Duration }

// New makes an empty store.
func New() *Store { return &Store{table: ringTable(), lines: map[runtime.Ref]*Line{}} }

// Now is the newest instant of which anything is known.
func (s *Store) Now() time.Duration { return s.now }

// Of gives what is known of a container; nil = it was never read.
func (s *Store) Of(ref runtime.Ref) *Line { return s.lines[ref] }

// Called gives the name under which a line is kept now; ok is false when it was
// let go.
func (s *Store) Called(l *Line) (ref runtime.Ref, ok bool) {
	for ref, x := range s.lines {
		if x == l {
			return ref, true
		}
	}
	return runtime.Ref{}, false
}

// Host gives what is known of the host; nil = nothing.
func (s *Store) Host() *Line { return s.host }

// Wall is what the wall clock showed at an instant: before it was set it is
// what logs of that time say, too.
func (s *Store) Wall(at time.Duration) time.Time {
	ahead := time.Duration(0)
	for _, x := range s.steps {
		if at >= x.at {
			ahead = x.ahead
		}
	}
	return s.base.Round(0).Add(at + ahead)
}

// pass turns a reading's time into an instant, which the store has then come to.
func (s *Store) pass(at time.Time) time.Duration {
	if s.base.IsZero() {
		s.base = at
	}
	s.awake = max(s.awake, at.Sub(s.base))
	p := s.instant(at)
	s.tell(p, at.Round(0).Sub(s.base.Round(0)))
	return p
}

// sleep is one of the host: after so much time by the monotonic clock it had slept
// for all in all, and before that for another time.
type sleep struct{ awake, before, all time.Duration }

// Slept tells that the host was suspended since the last reading. What lies
// between is a gap as long as that.
func (s *Store) Slept(by time.Duration) {
	if s.base.IsZero() || by <= 0 {
		return
	}
	all := time.Duration(0)
	if n := len(s.sleeps); n > 0 {
		all = s.sleeps[n-1].all
	}
	if len(s.sleeps) == mostSteps {
		s.sleeps = append(s.sleeps[:0], s.sleeps[1:]...)
	}
	s.sleeps = append(s.sleeps, sleep{s.awake, all, all + by})
}

// instant is a reading's time counted from the beginning, with what was slept.
func (s *Store) instant(at time.Time) time.Duration {
	p := at.Sub(s.base) // by the monotonic clock
	for _, x := range slices.Backward(s.sleeps) {
		if p > x.awake {
			return p + x.all
		}
	}
	if len(s.sleeps) > 0 {
		return p + s.sleeps[0].before
	}
	return p
}

// tell takes what both clocks say, counted from the beginning.
func (s *Store) tell(p, wall time.Duration) {
	if p <= s.now {
		return
	}
	ahead, was := wall-p, time.Duration(0)
	if n := len(s.steps); n > 0 {
		was = s.steps[n-1].ahead
	}
	if d := ahead - was; d > clockStep || d < -clockStep {
		if len(s.steps) == mostSteps {
			s.steps = append(s.steps[:0], s.steps[1:]...)
		}
		s.steps = append(s.steps, step{s.now, ahead})
	}
	s.now = p
}

// Limits say how far two readings may be apart for what lies between them to be
// known; more than that is a gap.
type Limits struct {
	Read time.Duration // of any tier
	Full time.Duration // of the Full tier, which is read less often
}

// Take adds what a container did from one sample to the next, whose rates u
// holds. A sample before that was none, or of another init, begins a new life.
// Memory is taken with Full readings only: the file cache that is no part of it
// is read with those.
func (s *Store) Take(ref runtime.Ref, before, after *runtime.Sample, u *runtime.Usage, most Limits) {
	if after.At.IsZero() {
		return
	}
	to := s.pass(after.At)
	l := s.lines[ref]
	if l == nil {
		l = newLine(&s.table)
		s.lines[ref] = l
	}
	if after.InitPID != l.initPID {
		if l.initPID != 0 {
			l.started(to)
		}
		l.initPID = after.InitPID
	}
	if before.At.IsZero() || before.InitPID != after.InitPID {
		return
	}
	if from := s.instant(before.At); to-from > most.Read {
		l.torn = true
	} else {
		l.rate(CPU, from, to, u.CPU)
		l.rate(Read, from, to, u.ReadBytes)
		l.rate(Write, from, to, u.WriteBytes)
		l.rate(Rx, from, to, u.RxBytes)
		l.rate(Tx, from, to, u.TxBytes)
		l.value(Pids, from, to, after.Pids.Current)
	}
	if before.FullAt.IsZero() || !after.FullAt.After(before.FullAt) {
		return
	}
	from, to := s.instant(before.FullAt), s.instant(after.FullAt)
	if torn := l.torn; torn || to-from > most.Full {
		l.torn = false // the next is as good as any
		return
	}
	l.value(Memory, from, to, after.Memory.WorkingSet)
	l.rate(StallCPU, from, to, u.CPUSome)
	l.rate(StallMemory, from, to, u.MemSome)
	l.rate(StallIO, from, to, u.IOSome)
}

// TakeHost does the same for the host, of which all is read each time.
func (s *Store) TakeHost(before, after *runtime.HostSample, u *runtime.HostUsage, most Limits) {
	if after.At.IsZero() {
		return
	}
	to := s.pass(after.At)
	if s.host == nil {
		s.host = newLine(&s.table)
	}
	l := s.host
	from := s.instant(before.At)
	if before.At.IsZero() || to-from > most.Read {
		return
	}
	l.rate(CPU, from, to, u.CPU)
	total, okt := after.MemTotal.Get()
	free, okf := after.MemFree.Get()
	if okt && okf && free <= total {
		l.add(Memory, from, to, float64(total-free))
	}
	l.rate(StallCPU, from, to, u.CPUSome)
	l.rate(StallMemory, from, to, u.MemSome)
	l.rate(StallIO, from, to, u.IOSome)
}

// started marks a start. What crashes in a loop has a mark for each startsApart.
func (l *Line) started(at time.Duration) {
	n := len(l.starts)
	if n > 0 && at-l.starts[n-1] < startsApart {
		return
	}
	if n == mostStarts {
		l.lost = l.starts[0]
		l.starts = append(l.starts[:0], l.starts[1:]...)
	}
	l.starts = append(l.starts, at)
}

func (l *Line) rate(s Series, from, to time.Duration, r runtime.Rate) {
	if f, ok := r.Get(); ok {
		l.add(s, from, to, f)
	}
}

func (l *Line) value(s Series, from, to time.Duration, v runtime.Value) {
	if n, ok := v.Get(); ok {
		l.add(s, from, to, float64(n))
	}
}

// Follow takes a listing over: who is another container than before under its
// name begins anew, who has another name keeps what is known, and who is gone
// for long is forgotten. Who is missing from a lxcpath that was not read may be
// there still, and so may who has no config file for now. at is when the listing
// was made.
func (s *Store) Follow(list *runtime.Listing, at time.Time) {
	if s.base.IsZero() {
		return // nothing was read
	}
	now := max(s.now, s.instant(at))
	all := list.Containers
	here := make(map[runtime.Ref]bool, len(all))
	for i := range all {
		here[all[i].Ref] = true
	}
	moved := map[string]runtime.Ref{} // lines whose container has gone from its name
	for ref, l := range s.lines {
		if here[ref] || !l.missing(ref, list) {
			continue
		}
		if !l.gone {
			l.gone, l.goneAt = true, now
		}
		if l.identity != "" {
			moved[l.identity] = ref
		}
	}
	for i := range all {
		s.follow(&all[i], list.Read[all[i].Path], moved)
	}
	s.forget(now)
}

// missing says whether a container that a listing does not hold is gone: its
// lxcpath was read, as the directory that it was listed in.
func (l *Line) missing(ref runtime.Ref, list *runtime.Listing) bool {
	dir, read := list.Read[ref.Path]
	if !read || dir != "" && l.dir != "" && dir != l.dir {
		return false
	}
	return !slices.Contains(list.NoConfig, ref) && !slices.Contains(list.Dangling, ref)
}

// follow finds out whether a container is the one that a line is about. dir
// tells the directory of its lxcpath from others.
func (s *Store) follow(c *runtime.Container, dir string, moved map[string]runtime.Ref) {
	l := s.lines[c.Ref]
	if l != nil {
		another := l.identity != "" && c.Identity != "" && l.identity != c.Identity
		unsure := l.gone && !l.renamed && (l.identity == "" || c.Identity == "")
		if another || unsure {
			l.free()
			delete(s.lines, c.Ref)
			l = nil
		}
	}
	if l == nil {
		from, ok := moved[c.Identity]
		if c.Identity == "" || !ok {
			return
		}
		l = s.lines[from]
		delete(s.lines, from)
		delete(moved, c.Identity)
		s.lines[c.Ref] = l
	}
	l.gone, l.dir = false, dir
	if c.Identity != "" {
		l.identity, l.renamed = c.Identity, false
	}
}

// Rename moves what is known to another name: a container that was renamed by
// copying it has another identity.
func (s *Store) Rename(from, to runtime.Ref) {
	l := s.lines[from]
	if l == nil || from == to {
		return
	}
	if old := s.lines[to]; old != nil {
		old.free()
	}
	delete(s.lines, from)
	l.identity, l.renamed, l.gone = "", true, false
	s.lines[to] = l
}

// forget lets go of what is gone for long, and of the oldest of too many.
func (s *Store) forget(now time.Duration) {
	var gone []runtime.Ref
	for ref, l := range s.lines {
		if l.gone {
			gone = append(gone, ref)
		}
	}
	slices.SortFunc(gone, func(a, b runtime.Ref) int { return cmp.Compare(s.lines[a].goneAt, s.lines[b].goneAt) })
	for i, ref := range gone {
		if len(gone)-i <= mostGone && now-s.lines[ref].goneAt <= keepGone {
			return
		}
		s.lines[ref].free()
		delete(s.lines, ref)
	}
}
