package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// tree gives a private copy of a fixture tree.
func tree(t testing.TB, name string) FS {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return FS{Root: dir}
}

func put(t testing.TB, f FS, path, text string) {
	t.Helper()
	if err := os.WriteFile(f.path(path), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, f FS, pid int, dirs ...string) *Reader {
	t.Helper()
	r, err := f.Open(pid, dirs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// figures of a Sample that fixtures determine.
func figures(s runtime.Sample) runtime.Sample {
	s.At, s.FullAt, s.LimitsAt, s.Links, s.Moved = time.Time{}, time.Time{}, time.Time{}, 0, runtime.Net{}
	return s
}

func n(v uint64) runtime.Value { return runtime.Of(v) }

func TestFixtures(t *testing.T) {
	none := runtime.Unlimited()
	const ms = 1_000_000
	var v2, user, v1, idle, hybrid runtime.Sample

	v2.InitPID, v2.Cgroup, v2.Frozen = 4242, "/lxc.payload.web", n(0)
	v2.CPU = runtime.CPU{Usage: n(7500123000), User: n(5000100000), System: n(2500023000),
		Periods: n(1200), Throttled: n(300), ThrottledTime: n(4500 * ms), Quota: n(150 * ms), Period: n(100 * ms), Weight: n(200), CPUs: n(4)}
	v2.Memory = runtime.Memory{Usage: n(104857600), WorkingSet: n(104857600 - 31457280), Limit: n(268435456), High: none,
		Anon: n(41943040), File: n(52428800), Kernel: n(8388608), Swap: n(4096000), SwapLimit: n(134217728), OOMKills: n(2), FailedLimit: n(17), OverHigh: n(3)}
	v2.IO = runtime.IO{ReadBytes: n(1000024), WriteBytes: n(2000048), ReadOps: n(103), WriteOps: n(204)}
	v2.Net = runtime.Net{RxBytes: n(1048600), TxBytes: n(2097200), RxPackets: n(901), TxPackets: n(1102)}
	v2.Pids = runtime.Pids{Current: n(37), Max: n(512), Refused: n(6)}
	v2.PSI.CPU = runtime.Pressure{Some: runtime.Stall{Avg10: 12.34, Total: n(9000001)}, Full: runtime.Stall{Avg10: 1.5, Total: n(800002)}}
	v2.PSI.Memory = runtime.Pressure{Some: runtime.Stall{Avg10: 0.07, Total: n(700003)}, Full: runtime.Stall{Avg10: 0.02, Total: n(60004)}}
	v2.PSI.IO = runtime.Pressure{Some: runtime.Stall{Avg10: 3, Total: n(500005)}, Full: runtime.Stall{Avg10: 2.25, Total: n(40006)}}

	user.InitPID, user.Frozen = 6000, n(1)
	user.Cgroup = "/user.slice/user-1000.slice/user@1000.service/run-7.scope/lxc.pivot/lxc.payload.usr-1"
	user.CPU = runtime.CPU{Usage: n(10000), User: n(4000), System: n(6000), Periods: n(0), Throttled: n(0), ThrottledTime: n(0),
		Quota: none, Period: n(100 * ms), Weight: n(100)}
	user.Memory = runtime.Memory{Usage: n(1000), WorkingSet: n(0), Limit: none, High: n(500000), Anon: n(400), File: n(2000), Kernel: n(123), OOMKills: n(0), FailedLimit: n(0), OverHigh: n(0)}
	user.Net = runtime.Net{RxBytes: n(0), TxBytes: n(0), RxPackets: n(0), TxPackets: n(0)}
	user.Pids = runtime.Pids{Current: n(2), Max: none}
	user.Controls = "io: not enabled for this cgroup; cpuset: not enabled for this cgroup; pressure: not enabled for this cgroup"

	v1.InitPID, v1.Cgroup, v1.Frozen = 310, "/lxc.payload.db-1", n(1)
	v1.CPU = runtime.CPU{Usage: n(6160515), User: n(2000001), System: n(4160514), Periods: n(40), Throttled: n(10), ThrottledTime: n(123456789),
		Quota: n(50 * ms), Period: n(100 * ms), Weight: n(512), CPUs: n(3)}
	v1.Memory = runtime.Memory{Usage: n(73400320), WorkingSet: n(73400320 - 20971520), Limit: n(134217728), Anon: n(36700160), File: n(31457280),
		Kernel: n(5242880), Swap: n(10485000), SwapLimit: n(201326592 - 134217728), OOMKills: n(5), FailedLimit: n(21)}
	v1.IO = runtime.IO{ReadBytes: n(1005), WriteBytes: n(2007), ReadOps: n(11), WriteOps: n(22)}
	v1.Net = runtime.Net{RxBytes: n(100), RxPackets: n(2), TxBytes: n(300), TxPackets: n(4)}
	v1.Pids = runtime.Pids{Current: n(4), Max: none}
	v1.Controls = "pressure: no such controller here"

	idle.InitPID, idle.Cgroup = 320, "/lxc.payload.idle"
	idle.CPU = runtime.CPU{Usage: n(5), Periods: n(0), Throttled: n(0), ThrottledTime: n(0), Quota: none, Period: n(100 * ms), Weight: n(1024)}
	idle.IO = runtime.IO{ReadOps: n(6), WriteOps: n(8)} // its file of bytes names no device
	idle.Net = runtime.Net{RxBytes: n(0), TxBytes: n(0), RxPackets: n(0), TxPackets: n(0)}
	idle.Pids = runtime.Pids{Current: n(1), Max: none}
	idle.Controls = "memory: the container has no cgroup of its own there; freezer: no such controller here; " +
		"cpuset: no such controller here; pressure: no such controller here; " +
		"io: blkio.throttle.io_service_bytes names no device (since Linux 6.10 it counts where a throttle is set, in lxc.cgroup.blkio.throttle.*)"

	hybrid.InitPID, hybrid.Cgroup, hybrid.Frozen = 88, "/lxc.payload.app", n(0)
	hybrid.CPU = runtime.CPU{Usage: n(6248000), User: n(248000), System: n(6000000), Periods: n(8), Throttled: n(6), ThrottledTime: n(44),
		Quota: n(20 * ms), Period: n(100 * ms), Weight: n(1024)}
	hybrid.Memory = runtime.Memory{Usage: n(1000), WorkingSet: n(0), Limit: none, Anon: n(200), File: n(600), Swap: n(700), SwapLimit: none, FailedLimit: n(0)}
	hybrid.Net = runtime.Net{RxBytes: n(10), RxPackets: n(1), TxBytes: n(20), TxPackets: n(2)}
	hybrid.Pids = runtime.Pids{Current: n(9), Max: n(100)}
	hybrid.PSI.CPU = runtime.Pressure{Some: runtime.Stall{Avg10: 0.5, Total: n(837)}, Full: runtime.Stall{Avg10: 0.25, Total: n(800)}}
	hybrid.PSI.Memory = runtime.Pressure{Some: runtime.Stall{Total: n(1)}, Full: runtime.Stall{Total: n(0)}}
	hybrid.PSI.IO = runtime.Pressure{Some: runtime.Stall{Total: n(2)}, Full: runtime.Stall{Total: n(3)}}
	hybrid.Controls = "io: not enabled for this cgroup; cpuset: not enabled for this cgroup"

	for name, c := range map[string]struct {
		tree string
		want runtime.Sample
	}{
		"v2": {"v2", v2}, "v2 delegated": {"v2", user}, "v1": {"v1", v1}, "v1 old": {"v1", idle}, "hybrid": {"hybrid", hybrid},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, FS{Root: filepath.Join("testdata", c.tree)}, c.want.InitPID)
			var got runtime.Sample
			if err := r.Read(runtime.Full, &got); err != nil {
				t.Fatal(err)
			}
			if got.At.IsZero() || got.FullAt != got.At || got.LimitsAt != got.At {
				t.Errorf("At %v, FullAt %v, LimitsAt %v", got.At, got.FullAt, got.LimitsAt)
			}
			if figures(got) != c.want {
				t.Errorf("got  %+v\nwant %+v", figures(got), c.want)
			}
		})
	}
}

func TestTiers(t *testing.T) {
	f := tree(t, "v2")
	r := open(t, f, 4242)
	now := time.Unix(1000, 0)
	r.now = func() time.Time { return now }
	var s runtime.Sample
	read := func(tier runtime.Tier) {
		t.Helper()
		now = now.Add(time.Second)
		if err := r.Read(tier, &s); err != nil {
			t.Fatal(err)
		}
	}
	read(runtime.Cheap)
	if s.FullAt != now || s.Memory.Anon != n(41943040) || s.Memory.Limit != n(268435456) {
		t.Fatalf("the first read is not a full one: %+v", s)
	}
	const dir = "sys/fs/cgroup/lxc.payload.web/"
	put(t, f, dir+"memory.current", "20000000\n")
	put(t, f, dir+"memory.stat", "anon 7\ninactive_file 1000000\n")
	put(t, f, dir+"cpu.stat", "usage_usec 8\nuser_usec 5\nsystem_usec 3\nnr_periods 9\nnr_throttled 9\nthrottled_usec 9\n")
	put(t, f, dir+"memory.max", "99\n")
	put(t, f, dir+"cpu.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n")
	full := now
	read(runtime.Cheap)
	if s.CPU.Usage != n(8000) || s.Memory.Usage != n(20000000) || s.At != now {
		t.Errorf("cheap figures are old: %+v", s)
	}
	if s.Memory.WorkingSet != n(19000000) || s.Memory.Anon != n(7) {
		t.Errorf("working set %v, anon %v: memory.stat is old although memory in use has moved", s.Memory.WorkingSet, s.Memory.Anon)
	}
	if s.FullAt != full || s.Memory.Limit != n(268435456) || s.CPU.Periods != n(1200) || s.PSI.CPU.Some.Total != n(9000001) {
		t.Errorf("a cheap read touched figures of the full tier: %+v", s)
	}
	put(t, f, dir+"cpu.stat", "usage_usec 9\nuser_usec 6\nsystem_usec 3\nnr_periods 9\nnr_throttled 9\nthrottled_usec 9\n")
	put(t, f, dir+"memory.current", "20500000\n")
	put(t, f, dir+"memory.stat", "anon 7\ninactive_file 3000000\n")
	read(runtime.Cheap)
	if s.Memory.Usage != n(20500000) || s.Memory.WorkingSet != n(19000000) {
		t.Errorf("working set %v: cache of then taken from use of now", s.Memory.WorkingSet)
	}
	read(runtime.Full)
	if s.FullAt != now || s.Memory.WorkingSet != n(17500000) || s.CPU.Periods != n(9) || s.Memory.Anon != n(7) {
		t.Errorf("full figures are old: %+v", s)
	}
	if s.PSI.CPU.Some.Total != n(1) || !s.PSI.CPU.Full.Total.Absent() {
		t.Errorf("pressure without a full line: %+v", s.PSI.CPU)
	}
	if s.Memory.Limit != n(268435456) {
		t.Errorf("limit %v read again after 2 s", s.Memory.Limit)
	}
	now = now.Add(limitsEvery)
	read(runtime.Cheap)
	if s.Memory.Limit != n(268435456) {
		t.Error("a cheap read reads limits")
	}
	read(runtime.Full)
	if s.Memory.Limit != n(99) {
		t.Errorf("limit %v not read again after %v", s.Memory.Limit, limitsEvery)
	}
}

func TestGarbledFilesAreAbsentAndNamed(t *testing.T) {
	f := tree(t, "v2")
	const dir = "sys/fs/cgroup/lxc.payload.web/"
	for _, name := range []string{"cpu.stat", "memory.current", "memory.stat", "memory.events", "memory.max", "io.stat",
		"pids.current", "pids.max", "cgroup.events", "cpu.max", "cpuset.cpus.effective", "cpu.pressure"} {
		put(t, f, dir+name, "99999999999999999999999 rbytes=x \x00\xff\n")
	}
	put(t, f, "proc/4242/net/dev", netHead+"eth0: 1 2 3\n")
	r := open(t, f, 4242)
	var s runtime.Sample
	if err := r.Read(runtime.Full, &s); err != nil {
		t.Fatal(err)
	}
	c, m := s.CPU, s.Memory
	for i, v := range []runtime.Value{c.Usage, c.User, c.System, c.Periods, c.Quota, c.Period, c.CPUs, m.Usage, m.WorkingSet, m.Anon, m.File, m.Kernel,
		m.Limit, m.OOMKills, m.FailedLimit, s.IO.ReadBytes, s.Net.RxBytes, s.Net.TxPackets, s.Pids.Current, s.Pids.Max, s.Frozen, s.PSI.CPU.Some.Total} {
		if !v.Absent() {
			t.Errorf("figure %d is %v", i, v)
		}
	}
	for _, want := range []string{"memory: memory.current cannot be read", "network: net/dev cannot be read", "io: io.stat"} {
		if !strings.Contains(s.Controls, want) {
			t.Errorf("controls %q lack %q", s.Controls, want)
		}
	}
	if m.SwapLimit.Absent() || s.PSI.IO.Some.Total.Absent() {
		t.Error("sound files suffered too")
	}
	put(t, f, dir+"memory.current", "5\n")
	if err := r.Read(runtime.Cheap, &s); err != nil || s.Memory.Usage != n(5) || strings.Contains(s.Controls, "memory.current") {
		t.Errorf("no recovery: %v, %v, %q", err, s.Memory.Usage, s.Controls)
	}
}

func TestOpenRefuses(t *testing.T) {
	f := FS{Root: "testdata/v2"}
	if _, err := f.Open(5000); !errors.Is(err, runtime.ErrNoCgroup) {
		t.Errorf("a session's scope: %v", err)
	}
	if _, err := f.Open(7000); !errors.Is(err, runtime.ErrNoCgroup) {
		t.Errorf("a configured place that nobody named: %v", err)
	}
	for _, pid := range []int{99999, 0, -1} {
		if _, err := f.Open(pid); !errors.Is(err, runtime.ErrNotFound) {
			t.Errorf("pid %d: %v", pid, err)
		}
	}
	r := open(t, f, 7000, "lxc/101")
	var s runtime.Sample
	if err := r.Read(runtime.Full, &s); err != nil || s.CPU.Usage != n(11000) || s.Memory.Usage != n(12345) || s.Cgroup != "/lxc/101" {
		t.Errorf("configured place: %v %+v", err, s)
	}
	r.Close()
	if err := r.Read(runtime.Full, &s); !errors.Is(err, os.ErrClosed) || s != (runtime.Sample{}) {
		t.Errorf("closed: %v %+v", err, s)
	}
}

func TestOpenWithoutReadableFiles(t *testing.T) {
	f := tree(t, "v2")
	if err := os.RemoveAll(f.path("sys/fs/cgroup/lxc.payload.web")); err != nil {
		t.Fatal(err)
	}
	_, err := f.Open(4242)
	if !errors.Is(err, runtime.ErrNoCgroup) || !strings.Contains(err.Error(), "/lxc.payload.web") {
		t.Errorf("got %v", err)
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	for _, name := range []string{"v2", "v1", "hybrid"} {
		pid := map[string]int{"v2": 4242, "v1": 310, "hybrid": 88}[name]
		r := open(t, FS{Root: filepath.Join("testdata", name)}, pid)
		now := time.Unix(0, 0)
		r.now = func() time.Time { now = now.Add(limitsEvery); return now }
		var s runtime.Sample
		for _, tier := range []runtime.Tier{runtime.Cheap, runtime.Full} {
			if got := testing.AllocsPerRun(100, func() {
				if err := r.Read(tier, &s); err != nil {
					t.Fatal(err)
				}
			}); got != 0 {
				t.Errorf("%s, tier %d: %v allocations a read", name, tier, got)
			}
		}
	}
}

func TestManyInterfaces(t *testing.T) {
	f := tree(t, "v2")
	var b strings.Builder
	for range 3000 {
		b.WriteString("veth0: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n")
	}
	put(t, f, "proc/4242/net/dev", netHead+b.String())
	r := open(t, f, 4242)
	var s runtime.Sample
	if err := r.Read(runtime.Cheap, &s); err != nil {
		t.Fatal(err)
	}
	want := runtime.Net{RxBytes: n(3000), RxPackets: n(6000), TxBytes: n(9000), TxPackets: n(12000)}
	if s.Net != want {
		t.Errorf("got %+v", s.Net)
	}
	put(t, f, "proc/4242/net/dev", strings.Repeat("x", 2<<20))
	if err := r.Read(runtime.Cheap, &s); err != nil || s.Net != (runtime.Net{}) || !strings.Contains(s.Controls, "network") {
		t.Errorf("2 MB of it: %v %+v %q", err, s.Net, s.Controls)
	}
}

func TestContainerAtRestIsReadInPart(t *testing.T) {
	f := tree(t, "v2")
	r := open(t, f, 4242)
	const dir = "sys/fs/cgroup/lxc.payload.web/"
	var s runtime.Sample
	read := func() uint64 {
		t.Helper()
		if err := r.Read(runtime.Cheap, &s); err != nil {
			t.Fatal(err)
		}
		return s.Pids.Current.Or(0)
	}
	read() // the first is a full one
	put(t, f, dir+"pids.current", "99\n")
	put(t, f, "proc/4242/net/dev", "\n\n  eth0: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n")
	for i := range restMost {
		if got := read(); got != 37 {
			t.Fatalf("read %d of a container at rest looks at pids.current: %d", i, got)
		}
		if s.Net.RxBytes != n(5) {
			t.Fatalf("network figures wait for the container's own CPU: %+v", s.Net)
		}
	}
	if got := read(); got != 99 {
		t.Fatalf("after %d partial reads pids.current is still not looked at: %d", restMost, got)
	}
	put(t, f, dir+"pids.current", "100\n")
	put(t, f, dir+"cpu.stat", "usage_usec 7500124\nuser_usec 1\nsystem_usec 1\n")
	if got := read(); got != 100 {
		t.Fatalf("a container that used CPU is read in part: %d", got)
	}
	put(t, f, dir+"pids.current", "101\n")
	if err := r.Read(runtime.Full, &s); err != nil || s.Pids.Current != n(101) {
		t.Fatalf("a full read leaves files out: %v, %v", s.Pids.Current, err)
	}
}

// TestForksThatTheOwnLimitRefused: where the kernel tells of the container's own
// limit that is taken, and which of the two it is, is told.
func TestForksThatTheOwnLimitRefused(t *testing.T) {
	const events = "sys/fs/cgroup/lxc.payload.web/pids.events"
	check := func(t *testing.T, f FS, want uint64, own bool) {
		t.Helper()
		var s runtime.Sample
		for _, tier := range []runtime.Tier{runtime.Full, runtime.Cheap, runtime.Full} {
			r := open(t, f, 4242)
			if err := r.Read(tier, &s); err != nil {
				t.Fatal(err)
			}
			if s.Pids.Refused != n(want) || s.Pids.OwnLimit != own {
				t.Errorf("%v refused, by its own limit: %v; want %d, %v", s.Pids.Refused, s.Pids.OwnLimit, want, own)
			}
		}
	}
	f := tree(t, "v2")
	check(t, f, 6, false) // before Linux 6.11
	put(t, f, events+".local", "max 2\n")
	put(t, f, events, "max 99\n") // those of cgroups below along
	check(t, f, 2, true)
	const info = "proc/self/mountinfo"
	text, err := os.ReadFile(f.path(info))
	if err != nil {
		t.Fatal(err)
	}
	put(t, f, info, strings.ReplaceAll(string(text), ",nsdelegate", ",nsdelegate,pids_localevents"))
	check(t, f, 2, false)
}

// TestEventsOfOwnLimits: the limits that a container sets to cgroups of its own
// are not its own, its kills are.
func TestEventsOfOwnLimits(t *testing.T) {
	f := tree(t, "v2")
	const dir = "sys/fs/cgroup/lxc.payload.web/"
	r := open(t, f, 4242)
	var s runtime.Sample
	check := func(r *Reader, tier runtime.Tier, kills, hits, high runtime.Value) {
		t.Helper()
		if err := r.Read(tier, &s); err != nil {
			t.Fatal(err)
		}
		if m := s.Memory; m.OOMKills != kills || m.FailedLimit != hits || m.OverHigh != high {
			t.Errorf("%v kills, %v hits, %v times above high", m.OOMKills, m.FailedLimit, m.OverHigh)
		}
	}
	check(r, runtime.Full, n(2), n(17), n(3)) // before Linux 5.2
	put(t, f, dir+"memory.events.local", "low 0\nhigh 1\nmax 5\noom 0\noom_kill 0\n")
	r = open(t, f, 4242)
	check(r, runtime.Full, n(2), n(5), n(1))
	put(t, f, dir+"memory.events", "low 0\nhigh 99\nmax 99\noom 9\noom_kill 9\n")
	check(r, runtime.Totals, n(9), n(5), n(1))
	check(r, runtime.Full, n(9), n(5), n(1))
	put(t, f, dir+"memory.events.local", "high 2\n")
	check(r, runtime.Full, n(9), runtime.Value{}, n(2))
	if !strings.Contains(s.Controls, "memory.events.local cannot be read") {
		t.Errorf("controls: %q", s.Controls)
	}
}
