package views

import (
	"fmt"
	"time"

	"lxcdeck/runtime"
)

// bites names the limits a container runs into.
func bites(r *Row, cores float64, now time.Time) []span {
	var out []span
	for _, w := range limitWords(r, cores, now) {
		if w.text != "" {
			out = append(out, w.span)
		}
	}
	return out
}

// limitWord is what is said of a limit, and whether it bites or is only near.
type limitWord struct {
	span
	on bool
}

func limitWords(r *Row, cores float64, now time.Time) [4]limitWord {
	b := lately(r)
	return [4]limitWord{
		{cpuWords(r, b[runtime.CPULimit], cores, now), b[runtime.CPULimit].On},
		{memoryWords(r, &b), b[runtime.MemoryLimit].On || b[runtime.HighLimit].On},
		{killWords(r, b[runtime.OOMLimit], now), b[runtime.OOMLimit].On},
		{pidsWords(r, b[runtime.PidsLimit]), b[runtime.PidsLimit].On},
	}
}

// lately is what has bitten in the last seconds.
func lately(r *Row) runtime.Bites {
	if r.Bites == nil {
		return runtime.Bites{}
	}
	return *r.Bites
}

// killWords tells of the last minutes' kills, else of all there were.
func killWords(r *Row, b runtime.Bite, now time.Time) span {
	kills := func(n uint64) string { return plural(int(min(n, 1<<31)), "OOM kill", "OOM kills") }
	switch {
	case b.On:
		return span{Bad, kills(b.Events) + " " + spread(b, now)}
	case r.Sample == nil || r.Sample.Memory.OOMKills.Or(0) == 0:
		return span{}
	}
	return span{Bad, kills(r.Sample.Memory.OOMKills.Or(0))}
}

func pidsWords(r *Row, b runtime.Bite) span {
	if r.Sample == nil {
		return span{}
	}
	p := &r.Sample.Pids
	share := shareOf(p.Current, p.Max)
	role, _ := near(share)
	of := fmt.Sprintf("%s of %s pids", ValueCount(p.Current), ValueCount(p.Max))
	switch {
	case b.On && b.Events > 0:
		where := " refused in its top cgroup" // those of processes in cgroups below are not counted there
		if p.OwnLimit {
			where = " refused by its limit"
		}
		return span{Bad, of + ", " + plural(int(min(b.Events, 1<<31)), "fork", "forks") + where}
	case b.On:
		return span{Bad, of}
	case share >= nearLimit:
		return span{role, of}
	}
	return span{}
}

func memoryWords(r *Row, b *runtime.Bites) span {
	if r.Sample == nil {
		return span{}
	}
	m := &r.Sample.Memory
	share := shareOf(m.WorkingSet, m.Limit)
	role, _ := near(share)
	of := "memory " + Percent(share) + "% of " + ValueBytes(m.Limit)
	hit, high := b[runtime.MemoryLimit], b[runtime.HighLimit]
	switch {
	case hit.On && share >= nearLimit:
		return span{role, of + ", limit hit " + times(hit.Events)}
	case hit.On:
		return span{Warn, "memory limit " + ValueBytes(m.Limit) + " hit " + times(hit.Events)}
	case high.On && high.Events > 0:
		return span{Warn, "slowed at memory.high " + ValueBytes(m.High) + " " + times(high.Events)}
	case high.On:
		return span{Warn, "at memory.high " + ValueBytes(m.High)}
	case share >= nearLimit:
		return span{role, of}
	}
	return span{}
}

func cpuWords(r *Row, b runtime.Bite, cores float64, now time.Time) span {
	limit := ""
	if cores > 0 {
		limit = " (limit " + Cores(cores) + ")"
	}
	var share runtime.Rate
	if r.Usage != nil {
		share = r.Usage.Throttled
	}
	switch f, ok := share.Get(); {
	case ok && f >= 1:
		return span{Warn, "throttled " + Percent(f) + "%" + limit}
	case b.On:
		return span{Warn, "throttled " + seen(b.Last, now) + limit}
	}
	return span{}
}

// times is how often something happened.
func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return Count(n) + " times"
}

// cpuMark is the mark behind the CPU figure.
func cpuMark(r *Row) (Role, string) {
	if r.Usage != nil && r.Usage.Throttled.Or(0) >= runtime.BiteThrottled || lately(r)[runtime.CPULimit].On {
		return Warn, "!"
	}
	return Plain, " "
}

// memMark is the mark behind the memory figures, of which share is that of the limit.
func memMark(r *Row, share float64) (Role, string) {
	b := lately(r)
	role, mark := near(share)
	switch {
	case b[runtime.OOMLimit].On:
		return Bad, "!"
	case role != Plain:
		return role, mark
	case b[runtime.MemoryLimit].On, b[runtime.HighLimit].On:
		return Warn, "!"
	}
	return role, mark
}

// pidsMark is the mark behind the count of tasks.
func pidsMark(r *Row) (Role, string) {
	if lately(r)[runtime.PidsLimit].On {
		return Bad, "!"
	}
	if r.Sample == nil {
		return Plain, " "
	}
	return near(shareOf(r.Sample.Pids.Current, r.Sample.Pids.Max))
}

// homeless is the mark of the limits whose column is not shown; it stands behind
// the state, which always is.
func homeless(cols tableau, r *Row) (Role, string) {
	b := lately(r)
	role, mark := Plain, " "
	for _, x := range []struct {
		col  string
		role Role
		on   bool
	}{
		{ColCPU, Warn, b[runtime.CPULimit].On},
		{ColMem, Warn, b[runtime.MemoryLimit].On || b[runtime.HighLimit].On},
		{ColMem, Bad, b[runtime.OOMLimit].On},
		{ColPids, Bad, b[runtime.PidsLimit].On},
	} {
		if _, shown := cols.find(x.col); x.on && !shown {
			role, mark = x.role, "!"
		}
	}
	return role, mark
}

// limitFacts are the limits that bite, in words, for the detail.
func limitFacts(s *DetailState) []fact {
	if s.Row.Sample == nil {
		return nil
	}
	var out []fact
	for _, w := range limitWords(s.Row, runtime.Cores(&s.Row.Sample.CPU, s.HostCPUs), s.Now) {
		if w.on && w.text != "" {
			out = append(out, fact{"limit", w.role, w.text})
		}
	}
	return out
}

// spread is when what a Bite adds up has happened.
func spread(b runtime.Bite, now time.Time) string {
	switch {
	case b.Events < 2 || !b.Last.After(b.Since):
		return ago(b.Last, now)
	case now.Sub(b.Since) < time.Minute:
		return "in the last minute"
	}
	return "in " + since(b.Since, now) + ", the last " + ago(b.Last, now)
}

// seen is when a limit was seen to bite. Where readings are far apart that may be
// long ago.
func seen(last, now time.Time) string {
	switch d := now.Sub(last); {
	case last.IsZero() || now.IsZero() || d < runtime.BiteHold:
		return "a moment ago"
	case d < time.Minute:
		return "in the last minute"
	}
	return since(last, now) + " ago"
}

// ago says how long something is past; below a minute without seconds, which
// would repaint the row each time.
func ago(t, now time.Time) string {
	if d := now.Sub(t); t.IsZero() || now.IsZero() || d < time.Minute {
		return "just now"
	}
	return since(t, now) + " ago"
}
