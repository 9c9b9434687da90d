package alert

import (
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

var (
	noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	web  = runtime.Ref{Path: "/var/lib/lxc", Name: "web"}
)

// bench is a Watch and one container.
type bench struct {
	*Watch
	t   *testing.T
	now time.Time
	s   runtime.Sample
	u   runtime.Usage
}

func newBench(t *testing.T, r Rules) *bench {
	b := &bench{Watch: New(r), t: t, now: noon}
	b.s.InitPID = 10
	return b
}

// see is one reading, a second later.
func (b *bench) see(f func(*runtime.Sample, *runtime.Usage)) string {
	b.now = b.now.Add(time.Second)
	b.s.At, b.s.FullAt = b.now, b.now
	f(&b.s, &b.u)
	return b.told(b.Look([]Reading{{web, &b.s, &b.u}}, nil, "/var/lib/lxc", time.Second, b.now))
}

func (b *bench) told(all []Change) string {
	var out []string
	for _, c := range all {
		w := "ends " + c.Kind.String()
		if c.Began {
			w = c.Alert.String()
		} else if c.Why != "" {
			w += ": " + c.Why
		}
		out = append(out, w)
	}
	return strings.Join(out, ", ")
}

func pids(n uint64) func(*runtime.Sample, *runtime.Usage) {
	return func(s *runtime.Sample, _ *runtime.Usage) {
		s.Pids.Current, s.Pids.Max = runtime.Of(n), runtime.Of(100)
	}
}

func (b *bench) want(got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Fatalf("told %q, want %q", got, want)
	}
}

func TestAnAlertNeitherFlapsNorStays(t *testing.T) {
	b := newBench(t, Rules{Pids: 90})
	b.want(b.see(pids(95)), "") // one reading is none
	b.want(b.see(pids(50)), "")
	b.want(b.see(pids(95)), "")
	b.want(b.see(pids(96)), "pids 96% of their limit (threshold 90%)")
	for range 20 { // about the threshold nothing happens
		b.want(b.see(pids(89)), "")
		b.want(b.see(pids(91)), "")
		b.want(b.see(pids(80)), "")
		b.want(b.see(pids(87)), "")
	}
	if a := b.Of(web); len(a) != 1 || a[0].Value != 87 || !a[0].Since.Equal(noon.Add(4*time.Second)) {
		t.Errorf("%+v", a)
	}
	b.want(b.see(pids(80)), "")
	b.want(b.see(pids(80)), "ends pids")
	if b.Of(web) != nil || len(b.all) != 0 {
		t.Errorf("%+v", b.Of(web))
	}
}

// The same reading that is looked at again is no other.
func TestReadingsCountOnce(t *testing.T) {
	b := newBench(t, Rules{Pids: 90})
	b.see(pids(95))
	for range 5 {
		b.want(b.told(b.Look([]Reading{{web, &b.s, &b.u}}, nil, "", time.Second, b.now)), "")
	}
}

func TestAlertsEnd(t *testing.T) {
	begun := func() *bench {
		b := newBench(t, Rules{Pids: 90})
		b.see(pids(95))
		if b.see(pids(95)) == "" {
			t.Fatal("it has not begun")
		}
		return b
	}
	b := begun()
	b.want(b.told(b.Look(nil, nil, "", time.Second, b.now)), "ends pids: it does not run")
	b = begun()
	b.want(b.see(func(s *runtime.Sample, _ *runtime.Usage) { s.Pids.Max = runtime.Unlimited() }), "ends pids: it has no limit any more")
	b = begun()
	b.want(b.see(func(s *runtime.Sample, _ *runtime.Usage) { s.InitPID = 11 }), "ends pids: it runs anew")
	b = begun()
	gone := func(s *runtime.Sample, _ *runtime.Usage) { s.Pids.Current = runtime.Value{} }
	for range 29 {
		b.want(b.see(gone), "")
	}
	b.want(b.see(gone), "ends pids: the figure is not known any more")
	b = begun()
	for range 29 {
		b.now = b.now.Add(time.Second)
		b.want(b.told(b.Look([]Reading{{Ref: web}}, nil, "", time.Second, b.now)), "")
	}
	b.now = b.now.Add(time.Second)
	b.want(b.told(b.Look([]Reading{{Ref: web}}, nil, "", time.Second, b.now)), "ends pids: the figure is not known any more")
}

func TestEveryKind(t *testing.T) {
	for k, c := range map[Kind]struct {
		set  func(*runtime.Sample, *runtime.Usage)
		want string
	}{
		Memory: {func(s *runtime.Sample, _ *runtime.Usage) {
			s.Memory.WorkingSet, s.Memory.Limit = runtime.Of(95), runtime.Of(100)
		}, "memory 95% of its limit"},
		Throttled: {func(_ *runtime.Sample, u *runtime.Usage) { u.Throttled = runtime.RateOf(60) }, "throttled in 60% of the periods"},
		PSICPU: {func(s *runtime.Sample, _ *runtime.Usage) {
			s.PSI.CPU.Some = runtime.Stall{Avg10: 70, Total: runtime.Of(1)}
		}, "waits for cpu 70% of the time"},
		PSIMemory: {func(s *runtime.Sample, _ *runtime.Usage) {
			s.PSI.Memory.Some = runtime.Stall{Avg10: 70, Total: runtime.Of(1)}
		}, "waits for memory 70% of the time"},
		PSIIO: {func(s *runtime.Sample, _ *runtime.Usage) {
			s.PSI.IO.Some = runtime.Stall{Avg10: 70, Total: runtime.Of(1)}
		}, "waits for I/O 70% of the time"},
		Pids: {pids(95), "pids 95% of their limit"},
	} {
		all := Rules{}
		for _, k := range Kinds() {
			all[k] = 50
		}
		b := newBench(t, all)
		b.see(c.set)
		b.want(b.see(c.set), c.want+" (threshold 50%)")
		b = newBench(t, Rules{k: 0})
		b.see(c.set)
		b.want(b.see(c.set), "")
		if got, ok := Parse(k.String()); !ok || got != k {
			t.Errorf("%q is read as %v", k, got)
		}
	}
	// A pressure that is absent is no zero, and no seventy either.
	b := newBench(t, Rules{PSICPU: 50})
	none := func(s *runtime.Sample, _ *runtime.Usage) { s.PSI.CPU.Some = runtime.Stall{Avg10: 70} }
	b.see(none)
	b.want(b.see(none), "")
}

func TestDisk(t *testing.T) {
	w := New(Rules{Disk: 90})
	b := &bench{Watch: w, t: t, now: noon}
	look := func(used, free uint64) string {
		b.now = b.now.Add(time.Second)
		h := &runtime.HostSample{At: b.now, DiskAt: b.now, DiskUsed: runtime.Of(used), DiskFree: runtime.Of(free)}
		return b.told(w.Look(nil, h, "/var/lib/lxc", time.Second, b.now))
	}
	look(89_01, 10_99)
	b.want(look(89_01, 10_99), "disk 90% full (threshold 90%)") // rounded up, as df does
	look(50, 50)
	b.want(look(50, 50), "ends disk")
	b.want(b.told(w.Look(nil, &runtime.HostSample{At: noon}, "/var/lib/lxc", time.Second, b.now)), "")
}
