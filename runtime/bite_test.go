package runtime_test

import (
	"testing"
	"time"

	"lxcdeck/runtime"
)

// biting is a Full sample of a moment with nothing that bites.
func biting(at time.Duration) runtime.Sample {
	s := counters(at, 0)
	s.FullAt = s.At
	of := runtime.Of
	s.Memory = runtime.Memory{Usage: of(50), Limit: of(100), High: of(80), OOMKills: of(3), FailedLimit: of(7), OverHigh: of(2)}
	s.PSI.Memory.Some.Total = of(0)
	s.Pids = runtime.Pids{Current: of(5), Max: of(10), Refused: of(4)}
	return s
}

func TestBites(t *testing.T) {
	of := runtime.Of
	for name, c := range map[string]struct {
		limit  runtime.Limit
		change func(*runtime.Sample)
		events uint64
		hold   time.Duration
	}{
		"a kill":            {runtime.OOMLimit, func(s *runtime.Sample) { s.Memory.OOMKills = of(5) }, 2, time.Minute},
		"memory taken back": {runtime.MemoryLimit, func(s *runtime.Sample) { s.Memory.FailedLimit, s.Memory.WorkingSet = of(8), of(95) }, 1, 10 * time.Second},
		"stalled at memory.max": {runtime.MemoryLimit, func(s *runtime.Sample) {
			s.Memory.FailedLimit, s.PSI.Memory.Some.Total = of(8), of(10_000)
		}, 1, 10 * time.Second},
		"slowed down":             {runtime.HighLimit, func(s *runtime.Sample) { s.Memory.OverHigh = of(12) }, 10, 10 * time.Second},
		"above high":              {runtime.HighLimit, func(s *runtime.Sample) { s.Memory.Usage = of(80) }, 0, 10 * time.Second},
		"a fork refused":          {runtime.PidsLimit, func(s *runtime.Sample) { s.Pids.Refused = of(5) }, 1, 10 * time.Second},
		"as many tasks as may be": {runtime.PidsLimit, func(s *runtime.Sample) { s.Pids.Current = of(10) }, 0, 10 * time.Second},
		"throttled": {runtime.CPULimit, func(s *runtime.Sample) {
			s.CPU.Periods, s.CPU.Throttled = of(100), of(5)
		}, 5, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var b runtime.Bites
			calm := biting(0)
			b.See(&runtime.Sample{}, &calm)
			if b.Any() {
				t.Fatalf("what was counted before the first look bites: %+v", b)
			}
			now := biting(time.Second)
			c.change(&now)
			b.See(&calm, &now)
			got := b[c.limit]
			if !got.On || got.Since != now.FullAt || got.Last != now.FullAt || got.Events != c.events {
				t.Fatalf("it does not bite: %+v", got)
			}
			for l := range b {
				if b[l].On != (runtime.Limit(l) == c.limit) {
					t.Errorf("limit %d: %+v", l, b[l])
				}
			}
			// Nothing new: it stays for a while, and a cheap reading changes nothing.
			quiet := now
			quieten(&quiet)
			last := now
			for _, after := range []time.Duration{time.Second, c.hold - 1} {
				quiet.FullAt = now.FullAt.Add(after)
				b.See(&last, &quiet)
				if !b[c.limit].On || b[c.limit].Events != c.events {
					t.Errorf("%v later: %+v", after, b[c.limit])
				}
				last = quiet
			}
			cheap := quiet
			cheap.At = cheap.At.Add(time.Hour)
			b.See(&last, &cheap)
			if !b[c.limit].On {
				t.Error("a cheap reading, which looks at no limit, ended it")
			}
			quiet.FullAt = now.FullAt.Add(c.hold)
			b.See(&last, &quiet)
			if b.Any() {
				t.Errorf("%v later: %+v", c.hold, b[c.limit])
			}
		})
	}
}

// quieten leaves the counters as they are and takes levels back.
func quieten(s *runtime.Sample) {
	s.Memory.Usage, s.Memory.WorkingSet, s.Pids.Current = runtime.Of(50), runtime.Of(50), runtime.Of(5)
}

func TestBitesAddUp(t *testing.T) {
	var b runtime.Bites
	last := biting(0)
	for i := range 5 { // every 8 s: one sight, not five
		now := biting(time.Duration(i+1) * 8 * time.Second)
		now.Memory.OOMKills = runtime.Of(uint64(10 + i))
		b.See(&last, &now)
		last = now
	}
	if got := b[runtime.OOMLimit]; !got.On || got.Events != 11 || got.Since != t0.Add(8*time.Second) || got.Last != t0.Add(40*time.Second) {
		t.Errorf("got %+v", got)
	}
	// Another life has its own.
	other := biting(time.Minute)
	other.InitPID, other.Memory.OOMKills = 8, runtime.Of(99)
	if b.See(&last, &other); b.Any() {
		t.Errorf("after a restart: %+v", b)
	}
	cached := other
	cached.FullAt = cached.FullAt.Add(time.Second)
	cached.Memory.FailedLimit, cached.Memory.WorkingSet, cached.PSI.Memory.Some.Total = runtime.Of(5000), runtime.Of(20), runtime.Of(9_000)
	if b.See(&other, &cached); b.Any() {
		t.Errorf("the page cache is at the limit, memory is not: %+v", b)
	}
	// Counters that begin anew, absent ones and unlimited limits say nothing.
	reset := biting(2 * time.Minute)
	reset.InitPID = 8
	reset.Memory = runtime.Memory{Usage: runtime.Of(50), High: runtime.Unlimited(), OOMKills: runtime.Of(1)}
	reset.Pids = runtime.Pids{Current: runtime.Of(5), Max: runtime.Unlimited()}
	if b.See(&other, &reset); b.Any() {
		t.Errorf("after a reset: %+v", b)
	}
	// What is counted without a limit was another's, further in.
	inner := biting(150 * time.Second)
	inner.InitPID = 8
	inner.Memory.Limit, inner.Memory.High, inner.Pids.Max = runtime.Unlimited(), runtime.Unlimited(), runtime.Value{}
	more := inner
	more.FullAt = more.FullAt.Add(time.Second)
	more.Memory.FailedLimit, more.Memory.OverHigh, more.Pids.Refused = runtime.Of(100), runtime.Of(100), runtime.Of(100)
	if b.See(&inner, &more); b.Any() {
		t.Errorf("limits of cgroups below: %+v", b)
	}
	slight := biting(3 * time.Minute)
	slight.InitPID = 8
	slight.CPU.Periods, slight.CPU.Throttled = runtime.Of(100), runtime.Of(4)
	if b.See(&reset, &slight); b[runtime.CPULimit].On {
		t.Error("4 % of the periods are told as throttling")
	}
}

func TestLimitsHaveTheKernelsNames(t *testing.T) {
	for l, want := range map[runtime.Limit]string{
		runtime.OOMLimit: "oom_kill", runtime.MemoryLimit: "memory.max", runtime.HighLimit: "memory.high",
		runtime.PidsLimit: "pids.max", runtime.CPULimit: "cpu.max", 200: "unknown",
	} {
		if got := l.String(); got != want {
			t.Errorf("limit %d is called %q, not %q", l, got, want)
		}
	}
}
