package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

func n(v uint64) runtime.Value { return runtime.Of(v) }

func closed(t testing.TB, p *Sampler) {
	t.Helper()
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFixture(t *testing.T) {
	p := New("testdata", "")
	closed(t, p)
	p.now = func() time.Time { return time.Unix(5, 0) }
	// Left over from another life: all of it must go.
	got := runtime.HostSample{PerCPU: []runtime.Value{n(1), n(2), n(3)}, PerSteal: []runtime.Value{n(1)}, DiskTotal: n(4), SwapFree: n(5)}
	if err := p.Sample(&got); err != nil {
		t.Fatal(err)
	}
	const tick = 10_000_000
	want := runtime.HostSample{At: time.Unix(5, 0), CPUs: 2,
		Busy: n(1400 * tick), Total: n(51800 * tick), Steal: n(40 * tick), IOWait: n(400 * tick),
		PerCPU:   []runtime.Value{n(865 * tick), n(535 * tick)},
		PerSteal: []runtime.Value{n(30 * tick), n(10 * tick)},
		CPUGaps:  true, // cpu1 is offline
		MemTotal: n(8000000 << 10), MemFree: n(6000000 << 10), SwapTotal: n(1000000 << 10), SwapFree: n(900000 << 10),
		Load: [3]float64{0.25, 1.5, 12.75}, LoadRead: true, Uptime: 25*time.Hour + time.Minute + 1250*time.Millisecond}
	want.PSI.CPU = runtime.Pressure{Some: runtime.Stall{Avg10: 1.25, Total: n(111)}, Full: runtime.Stall{Total: n(0)}}
	want.PSI.Memory = runtime.Pressure{Some: runtime.Stall{Avg10: 0.5, Total: n(222)}, Full: runtime.Stall{Avg10: 0.25, Total: n(200)}}
	want.PSI.IO = runtime.Pressure{Some: runtime.Stall{Avg10: 9.75, Total: n(333)}, Full: runtime.Stall{Avg10: 8, Total: n(300)}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMissingAndGarbled(t *testing.T) {
	dir := t.TempDir()
	p := New(dir, "/nowhere")
	closed(t, p)
	s := runtime.HostSample{Busy: n(1), MemTotal: n(1), LoadRead: true, Uptime: 1, CPUs: 3}
	if err := p.Sample(&s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no /proc/stat: %v", err)
	}
	s.At, s.PerCPU, s.PerSteal = time.Time{}, nil, nil
	if !reflect.DeepEqual(s, runtime.HostSample{}) {
		t.Errorf("figures out of nothing: %+v", s)
	}

	for _, name := range fileNames {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("cpu 99999999999999999999 x\nMemTotal: 18446744073709551615 kB\n\x00\xff\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	q := New(dir, "")
	closed(t, q)
	if err := q.Sample(&s); !errors.Is(err, errGarbled) {
		t.Errorf("garbled /proc/stat: %v", err)
	}
	s.At, s.PerCPU, s.PerSteal = time.Time{}, nil, nil
	if !reflect.DeepEqual(s, runtime.HostSample{}) {
		t.Errorf("figures out of garbage: %+v", s)
	}
}

func TestManyCPUs(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("cpu  1 0 0 0 0 0 0 0 0 0\n")
	for i := range 1024 {
		fmt.Fprintf(&b, "cpu%d %d 0 0 5 0 0 0 0 0 0\n", i, i)
	}
	b.WriteString("intr " + strings.Repeat("0 ", 60000) + "\n")
	if err := os.MkdirAll(filepath.Join(dir, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "proc", "stat"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := New(dir, "")
	closed(t, p)
	var s runtime.HostSample
	if err := p.Sample(&s); err != nil || s.CPUs != 1024 || s.PerCPU[1023] != n(1023*tick) {
		t.Errorf("%d CPUs, %v", s.CPUs, err)
	}
}

// TestOfflineCPUs: the place of a CPU among those that are online is its number
// only where none before it is missing.
func TestOfflineCPUs(t *testing.T) {
	for cpus, want := range map[string]bool{"0 1 2": false, "0": false, "0 1 3": true, "1": true, "0 2": true, "0 x": true, "0 1x": true, "1 0": true} {
		text := "cpu  3 0 0 9\n"
		for _, cpu := range strings.Fields(cpus) {
			text += "cpu" + cpu + " 1 0 0 3\n"
		}
		_, per, _, gaps, ended := parseStat([]byte(text+"intr 1\n"), nil, nil)
		if gaps != want || !ended || len(per) != len(strings.Fields(cpus)) {
			t.Errorf("CPUs %s: gaps %v, %d figures", cpus, gaps, len(per))
		}
	}
	if u := runtime.HostBetween(&runtime.HostSample{}, &runtime.HostSample{CPUGaps: true}, nil); !u.CPUGaps {
		t.Error("the rates do not tell it")
	}
}

func TestThisHost(t *testing.T) {
	p := New("", t.TempDir())
	closed(t, p)
	var a, b runtime.HostSample
	if err := p.Sample(&a); err != nil {
		t.Fatal(err)
	}
	if a.CPUs < 1 || a.CPUs < goruntime.NumCPU() || a.Busy.Absent() || !a.LoadRead || a.Uptime <= 0 {
		t.Errorf("got %+v", a)
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		t.Fatal(err)
	}
	if total := a.MemTotal.Or(0); total == 0 || total > 2*info.Totalram*uint64(info.Unit) || a.MemFree.Or(0) > total {
		t.Errorf("memory %v of %d", a.MemFree, total)
	}
	if total := a.DiskTotal.Or(0); total == 0 || a.DiskFree.Or(total+1) > total {
		t.Errorf("disk %v of %d", a.DiskFree, total)
	}
	// Work until the clock of /proc/stat has moved.
	for deadline := time.Now().Add(time.Minute); ; {
		if err := p.Sample(&b); err != nil {
			t.Fatal(err)
		}
		if u := runtime.HostBetween(&a, &b, nil); u.CPU.Or(0) > 0 {
			if u.CPU.Or(0) > 100 {
				t.Errorf("CPU %v %%", u.CPU)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no CPU time in a minute of work")
		}
	}
	if got := testing.AllocsPerRun(50, func() {
		if err := p.Sample(&b); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations a sample", got)
	}
}

func TestDiskIsAskedSeldom(t *testing.T) {
	p := New("testdata", "/proc")
	closed(t, p)
	now := time.Unix(100, 0)
	p.now = func() time.Time { return now }
	var s runtime.HostSample
	for i, c := range []struct {
		after time.Duration
		disk  string
		there bool
	}{{0, "/proc", true}, {diskEvery - 1, "/nowhere", true}, {1, "/nowhere", false}} {
		now = now.Add(c.after)
		p.disk = c.disk
		if err := p.Sample(&s); err != nil || s.DiskTotal.Absent() == c.there {
			t.Errorf("sample %d: disk %v, %v", i, s.DiskTotal, err)
		}
	}
}

func TestClosed(t *testing.T) {
	p := New("", "")
	var s runtime.HostSample
	if err := p.Sample(&s); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := p.Sample(&s); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func seed(f *testing.F, name string) {
	f.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte("cpu 18446744073709551615 1 1 1\nMemTotal: 18446744073709551615 kB\n1e9 -1 .\n"))
}

func FuzzStat(f *testing.F) {
	seed(f, "proc/stat")
	f.Fuzz(func(t *testing.T, text []byte) {
		all, per, stolen, _, _ := parseStat(text, nil, nil)
		if all.busy.Absent() != all.total.Absent() {
			t.Errorf("half a line: %+v", all)
		}
		if busy, _ := all.busy.Get(); busy > all.total.Or(busy) {
			t.Errorf("busier than there is time: %+v", all)
		}
		if len(per) != len(stolen) || len(per) > strings.Count(string(text), "cpu") {
			t.Errorf("%d CPUs out of %q", len(per), text)
		}
	})
}

func FuzzMeminfo(f *testing.F) {
	seed(f, "proc/meminfo")
	f.Fuzz(func(t *testing.T, text []byte) {
		var s runtime.HostSample
		parseMeminfo(text, &s)
		if v, ok := s.MemTotal.Get(); ok && v%1024 != 0 {
			t.Errorf("%d is no multiple of 1024", v)
		}
	})
}

func FuzzLoadAndUptime(f *testing.F) {
	seed(f, "proc/loadavg")
	seed(f, "proc/uptime")
	f.Fuzz(func(t *testing.T, text []byte) {
		load, ok := parseLoad(text)
		if !ok && load != [3]float64{} {
			t.Errorf("half understood: %v", load)
		}
		if up := parseUptime(text); up < 0 {
			t.Errorf("uptime %v", up)
		}
	})
}

func BenchmarkSample(b *testing.B) {
	p := New("", "/")
	closed(b, p)
	var s runtime.HostSample
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Sample(&s); err != nil {
			b.Fatal(err)
		}
	}
}
