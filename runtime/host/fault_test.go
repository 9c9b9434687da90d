package host

import (
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// TestFaultsInMidRead: a file that gives an error costs its own figures, which
// are absent and not those of before, and no other's.
func TestFaultsInMidRead(t *testing.T) {
	p := New("testdata", "")
	closed(t, p)
	p.now = func() time.Time { return time.Unix(5, 0) }
	bad := -1
	fault := error(nil)
	p.buf.Pread = func(fd int, b []byte, offset int64) (int, error) {
		if fd == bad {
			return 0, fault
		}
		return unix.Pread(fd, b, offset)
	}
	var sound, s runtime.HostSample
	if err := p.Sample(&sound); err != nil {
		t.Fatal(err)
	}
	for file, name := range fileNames {
		for _, fault = range []error{unix.EIO, unix.ENOTSUP, unix.ENODEV} {
			want := sound
			switch file {
			case statFile:
				want.CPUs, want.PerCPU, want.PerSteal, want.CPUGaps = 0, nil, nil, false
				want.Busy, want.Total, want.Steal, want.IOWait = runtime.Value{}, runtime.Value{}, runtime.Value{}, runtime.Value{}
			case meminfoFile:
				want.MemTotal, want.MemFree, want.SwapTotal, want.SwapFree = runtime.Value{}, runtime.Value{}, runtime.Value{}, runtime.Value{}
			case loadFile:
				want.Load, want.LoadRead = [3]float64{}, false
			case uptimeFile:
				want.Uptime = 0
			case cpuPressure:
				want.PSI.CPU = runtime.Pressure{}
			case memoryPressure:
				want.PSI.Memory = runtime.Pressure{}
			case ioPressure:
				want.PSI.IO = runtime.Pressure{}
			}
			bad = p.fds[file]
			s = runtime.HostSample{PerCPU: append([]runtime.Value(nil), sound.PerCPU...)}
			err := p.Sample(&s)
			if (err != nil) != (file == statFile) || err != nil && !errors.Is(err, fault) {
				t.Errorf("%s gives %v: %v", name, fault, err)
			}
			if len(s.PerCPU) == 0 {
				s.PerCPU, s.PerSteal = nil, nil
			}
			if !reflect.DeepEqual(s, want) {
				t.Errorf("%s gives %v:\ngot  %+v\nwant %+v", name, fault, s, want)
			}
			bad = -1
			if err := p.Sample(&s); err != nil || !reflect.DeepEqual(s, sound) {
				t.Errorf("%s gave %v once: %v\ngot  %+v\nwant %+v", name, fault, err, s, sound)
			}
		}
	}
}

// TestDeadFileSystem: one that never answers costs its own figures, and one
// wait; when it answers they are there.
func TestDeadFileSystem(t *testing.T) {
	p := New("testdata", "/disk")
	closed(t, p)
	now, asked, answer := time.Unix(100, 0), make(chan string, 8), make(chan space, 8)
	p.now = func() time.Time { return now }
	p.statfs = func(path string) space { asked <- path; return <-answer }
	sample := func() (s runtime.HostSample, took time.Duration) {
		t.Helper()
		began := time.Now()
		if err := p.Sample(&s); err != nil || s.Total.Absent() || s.MemTotal.Absent() {
			t.Errorf("the kernel's figures wait for the disk: %v %+v", err, s)
		}
		return s, time.Since(began)
	}
	p.wait = time.Millisecond
	if s, _ := sample(); !s.DiskTotal.Absent() {
		t.Errorf("figures without an answer: %+v", s)
	}
	// From here on a wait that is not answered takes far longer than all the rest.
	const long = time.Minute
	p.wait = long
	for range 20 {
		now = now.Add(diskEvery)
		s, took := sample()
		if !s.DiskTotal.Absent() {
			t.Errorf("figures without an answer: %+v", s)
		}
		if took >= long {
			t.Fatalf("a Sample waits %v for one that is asked already", took)
		}
	}
	if path := <-asked; path != "testdata/disk" || len(asked) != 0 {
		t.Errorf("asked for %s, and %d times more", path, len(asked))
	}
	answer <- space{n(7), n(3), n(2)}
	var s runtime.HostSample
	for deadline := time.Now().Add(time.Minute); s.DiskTotal.Absent() && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		s, _ = sample()
	}
	if !s.DiskAt.Equal(now) || s.DiskTotal != n(7) || s.DiskFree != n(3) || s.DiskUsed != n(2) {
		t.Fatalf("after the answer: %v of %v", s.DiskFree, s.DiskTotal)
	}
	now = now.Add(diskEvery - 1)
	if s, _ := sample(); s.DiskTotal != n(7) || len(asked) != 0 || !s.DiskAt.Before(s.At) {
		t.Errorf("asked again too early, or forgotten: %v", s.DiskTotal)
	}
	now = now.Add(1)
	answer <- space{n(8), n(4), n(2)}
	if s, _ := sample(); s.DiskTotal != n(8) {
		t.Errorf("one that answers again: %v", s.DiskTotal)
	}
}

// TestWallClock: the time of a sample is one that nobody can set.
func TestWallClock(t *testing.T) {
	p := New("", os.TempDir())
	closed(t, p)
	var a, b runtime.HostSample
	if err := errors.Join(p.Sample(&a), p.Sample(&b)); err != nil {
		t.Fatal(err)
	}
	if a.At == a.At.Round(0) {
		t.Errorf("%v is of the wall clock alone", a.At)
	}
	b.At = a.At.Add(-time.Hour)
	if u := runtime.HostBetween(&a, &b, nil); u.Over != 0 || u.CPU != (runtime.Rate{}) {
		t.Errorf("rates into the past: %+v", u)
	}
}
