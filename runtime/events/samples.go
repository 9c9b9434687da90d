package events

import (
	"slices"
	"time"

	"lxcdeck/runtime"
)

// limits are those of a container's cgroup. Absent ones are not known.
type limits struct {
	Memory, High, Swap runtime.Value // bytes
	CPU                runtime.Value // thousandths of a core
	Weight, CPUs, Pids runtime.Value
}

// limitsOf reads them off a Sample.
func limitsOf(s *runtime.Sample) limits {
	l := limits{
		Memory: s.Memory.Limit, High: s.Memory.High, Swap: s.Memory.SwapLimit,
		Weight: s.CPU.Weight, CPUs: s.CPU.CPUs, Pids: s.Pids.Max,
	}
	if s.CPU.Quota.IsUnlimited() {
		l.CPU = runtime.Unlimited()
	} else if q, ok := s.CPU.Quota.Get(); ok {
		if p := s.CPU.Period.Or(0); p > 0 {
			l.CPU = runtime.Of(uint64(float64(q)/float64(p)*1000 + 0.5))
		}
	}
	return l
}

// to gives what is other in b, and keeps in l what b does not know.
func (l *limits) to(b limits) []Change {
	var out []Change
	for _, x := range []struct {
		name     string
		from, to *runtime.Value
		bytes    bool
	}{
		{"memory", &l.Memory, &b.Memory, true}, {"memory high", &l.High, &b.High, true}, {"swap", &l.Swap, &b.Swap, true},
		{"cpu", &l.CPU, &b.CPU, false}, {"cpu weight", &l.Weight, &b.Weight, false}, {"cpus", &l.CPUs, &b.CPUs, false}, {"pids", &l.Pids, &b.Pids, false},
	} {
		if x.to.Absent() {
			continue
		}
		if !x.from.Absent() && *x.from != *x.to {
			out = append(out, Change{x.name, *x.from, *x.to, x.bytes})
		}
		*x.from = *x.to
	}
	return out
}

// Sampled takes the readings of one tick. Figures count for the init that they
// belong to alone: those of a life that is over are passed over, and a counter
// that went backwards was set back.
func (t *Tracker) Sampled(b *runtime.Batch, now time.Time) {
	for i := range b.Readings {
		r := &b.Readings[i]
		s := &r.Sample
		x := t.known[r.Ref]
		if r.Err != nil || x == nil || s.At.IsZero() || s.FullAt.IsZero() || x.pid <= 0 || s.InitPID != x.pid {
			continue
		}
		if x.of == x.pid && s.FullAt.Equal(x.fullAt) {
			continue
		}
		t.figures(r, x, now)
	}
}

// figures compares a reading of the Full tier with the one before.
func (t *Tracker) figures(r *runtime.Reading, x *life, now time.Time) {
	ref, s := r.Ref, &r.Sample
	from, limitFrom := x.fullAt, x.limitAt
	if x.of != x.pid { // the first of this life
		x.kills, x.limits, x.figured, from = runtime.Value{}, limits{}, time.Time{}, x.seen
		limitFrom = x.seen
		if x.whole {
			x.kills = runtime.Of(0)
		}
	}
	tell := func(e Event, from time.Time) {
		e.from, e.Away, e.Since = from, false, time.Time{}
		if !x.figured.IsZero() {
			e.from, e.Away, e.Since = time.Time{}, true, x.figured
		}
		t.note(e)
	}
	if n, ok := s.Memory.OOMKills.Get(); ok {
		if before, known := x.kills.Get(); known && n > before {
			e := t.event(ref, x, OOMKilled, now)
			e.Kills = n - before
			e.Killed = r.Killed[:min(e.Kills, uint64(len(r.Killed)))]
			x.oomAt, x.oomSeen = now, e.Kills
			tell(e, from)
		}
		t.fresh = t.fresh || x.kills != s.Memory.OOMKills
		x.kills = s.Memory.OOMKills
	}
	before := x.limits
	if all := x.limits.to(limitsOf(s)); len(all) > 0 {
		e := t.event(ref, x, Limits, now)
		e.Changes = slices.Clip(all)
		tell(e, limitFrom)
	}
	t.fresh = t.fresh || before != x.limits
	x.of, x.fullAt, x.limitAt, x.figured = x.pid, s.FullAt, s.LimitsAt, time.Time{}
}
