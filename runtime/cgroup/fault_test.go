package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// failing makes one held file give an error, after half of its content where
// the file is made of many records.
func failing(buf *kernfile.Buffer, fd *int, err error) {
	buf.Pread = func(at int, p []byte, offset int64) (int, error) {
		if at != *fd {
			return unix.Pread(at, p, offset)
		}
		if offset == 0 {
			if n, _ := unix.Pread(at, p, 0); n > halfRecord {
				return halfRecord, nil
			}
		}
		return 0, err
	}
}

// halfRecord is more than what tells a short file from one that goes on.
const halfRecord = 3000

// figuresOf are all Values of a Sample by their names.
func figuresOf(s *runtime.Sample) map[string]runtime.Value {
	all := map[string]runtime.Value{}
	var walk func(string, reflect.Value)
	walk = func(name string, v reflect.Value) {
		if x, ok := v.Interface().(runtime.Value); ok {
			all[name] = x
			return
		}
		if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			walk(name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
	walk("", reflect.ValueOf(*s))
	return all
}

// TestFaultsInMidRead: a file that gives an error costs its own figures, which
// are absent and not those of before, and no other's.
func TestFaultsInMidRead(t *testing.T) {
	for name, pid := range map[string]int{"v2": 4242, "v1": 310, "hybrid": 88} {
		t.Run(name, func(t *testing.T) {
			f := tree(t, name)
			put(t, f, fmt.Sprintf("proc/%d/net/dev", pid), netHead+strings.Repeat("eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", 200))
			r := open(t, f, pid)
			now := time.Unix(0, 0)
			r.now = func() time.Time { now = now.Add(limitsEvery); return now }
			bad := -1
			var sound, s runtime.Sample
			if err := r.Read(runtime.Full, &sound); err != nil {
				t.Fatal(err)
			}
			for i := range r.files {
				for _, fault := range []error{unix.EIO, unix.ENOTSUP, unix.EINVAL} {
					failing(r.buf, &bad, fault)
					bad = r.files[i].fd
					if err := r.Read(runtime.Full, &s); err != nil {
						t.Fatalf("%s gives %v: %v", r.files[i].name, fault, err)
					}
					checkFault(t, r.files[i].name, &sound, &s)
					bad = -1
					if err := r.Read(runtime.Full, &s); err != nil || figures(s) != figures(sound) {
						t.Errorf("%s gave %v once: %v\ngot  %+v\nwant %+v", r.files[i].name, fault, err, s, sound)
					}
				}
			}
		})
	}
}

func checkFault(t *testing.T, file string, sound, s *runtime.Sample) {
	t.Helper()
	if !strings.Contains(s.Controls, file+" ") {
		t.Errorf("%s: not named in %q", file, s.Controls)
	}
	lost := 0
	was := figuresOf(sound)
	for name, v := range figuresOf(s) {
		switch {
		case v == was[name]:
		case v.Absent():
			lost++
		case file == "memory.stat" && name == ".Memory.Swap":
			// v1 has another way to it: memory and swap less memory.
		default:
			t.Errorf("%s: %s is %v, was %v", file, name, v, was[name])
		}
	}
	// What v1 tells of memory and swap together is a step only; kernels before
	// 4.13 count no OOM kills.
	if lost == 0 && file != "memory.memsw.usage_in_bytes" && (file != "memory.oom_control" || !sound.Memory.OOMKills.Absent()) {
		t.Errorf("%s cannot be read, and no figure is absent", file)
	}
}

// TestVanishingInMidRead: a cgroup that goes away between two files gives no
// half of a Sample, and its neighbours all of theirs. What comes back is found.
func TestVanishingInMidRead(t *testing.T) {
	set, f, b := v2Batch(t)
	now := time.Unix(100, 0)
	set.now = func() time.Time { return now }
	b.Readings = []runtime.Reading{b.Readings[0], b.Readings[6]}
	web, conf := &b.Readings[0], &b.Readings[1]
	web.Tier, conf.Tier = runtime.Full, runtime.Full
	sample := func() {
		t.Helper()
		now = now.Add(lastPause)
		if err := set.Sample(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	sample()
	sound, other := figures(web.Sample), figures(conf.Sample)
	held := openFDs(t)
	names := map[string]bool{}
	for i := range set.entries[web.Ref].reader.files {
		h := set.entries[web.Ref].reader.files[i]
		names[h.name] = true
		fd := h.fd
		failing(&set.buf, &fd, unix.ENODEV)
		sample()
		if !errors.Is(web.Err, ErrGone) || web.Sample != (runtime.Sample{}) {
			t.Errorf("%s is gone: %v %+v", h.name, web.Err, web.Sample)
		}
		if conf.Err != nil || figures(conf.Sample) != other {
			t.Errorf("%s of another is gone: %v %+v", h.name, conf.Err, conf.Sample)
		}
		set.buf.Pread = nil
		sample()
		if web.Err != nil || figures(web.Sample) != sound {
			t.Errorf("%s is there again: %v %+v", h.name, web.Err, web.Sample)
		}
	}
	if len(names) < 15 {
		t.Errorf("only %d files were tried", len(names))
	}
	// Now all of it goes while it is read.
	dir := f.path("sys/fs/cgroup/lxc.payload.web")
	last := set.entries[web.Ref].reader.files[9].fd
	failing(&set.buf, &last, unix.ENODEV)
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		sample()
		if web.Err == nil || web.Sample != (runtime.Sample{}) || conf.Err != nil {
			t.Errorf("after its end: %v %+v; its neighbour %v", web.Err, web.Sample, conf.Err)
		}
	}
	set.buf.Pread = nil
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	sample()
	if web.Err != nil || figures(web.Sample) != sound || openFDs(t) != held {
		t.Errorf("it came back: %v, %d descriptors, %d before", web.Err, openFDs(t), held)
	}
}

// TestResetCounters: counters that begin anew in the same life give no rate.
func TestResetCounters(t *testing.T) {
	f := tree(t, "v2")
	r := open(t, f, 4242)
	var a, b runtime.Sample
	if err := r.Read(runtime.Full, &a); err != nil {
		t.Fatal(err)
	}
	const dir = "sys/fs/cgroup/lxc.payload.web/"
	put(t, f, dir+"cpu.stat", "usage_usec 8\nuser_usec 5\nsystem_usec 3\nnr_periods 1\nnr_throttled 1\nthrottled_usec 1\n")
	put(t, f, dir+"io.stat", "8:0 rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n")
	put(t, f, dir+"cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")
	put(t, f, "proc/4242/net/dev", netHead+"eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n")
	if err := r.Read(runtime.Full, &b); err != nil {
		t.Fatal(err)
	}
	u := runtime.Between(&a, &b, 4)
	for name, rate := range map[string]runtime.Rate{"cpu": u.CPU, "user": u.User, "of the limit": u.OfLimit, "throttled": u.Throttled,
		"read": u.ReadBytes, "written": u.WriteBytes, "operations": u.ReadOps, "received": u.RxBytes, "packets": u.TxPkts, "pressure": u.CPUSome} {
		if v, ok := rate.Get(); ok {
			t.Errorf("%s: %v a second after a reset", name, v)
		}
	}
	if u.Over <= 0 || !u.FullRead {
		t.Errorf("the readings themselves do not count: %+v", u)
	}
}

// TestWallClock: the time of a Sample is one that nobody can set, so that
// neither rates nor the turn of the limits follow the wall clock.
func TestWallClock(t *testing.T) {
	var s runtime.Sample
	if err := open(t, tree(t, "v2"), 4242).Read(runtime.Full, &s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.At.String(), " m=") {
		t.Errorf("%v is of the wall clock alone", s.At)
	}
	back := s
	back.At, back.FullAt = s.At.Add(-time.Hour), s.FullAt.Add(-time.Hour)
	if u := runtime.Between(&s, &back, 1); u != (runtime.Usage{}) {
		t.Errorf("rates into the past: %+v", u)
	}
}

// TestStaleCgroups: what dead containers have left beside the living costs
// them nothing.
func TestStaleCgroups(t *testing.T) {
	const many = 10_000
	f := tree(t, "v2")
	// Who looks at all of them allocates their names.
	run := func() float64 {
		return testing.AllocsPerRun(5, func() {
			set := NewSet(f, nil)
			defer set.Close()
			b := &runtime.Batch{Readings: []runtime.Reading{{Ref: ref("web"), InitPID: 4242, Tier: runtime.Full}}}
			for range 5 {
				if err := set.Sample(context.Background(), b); err != nil || b.Readings[0].Err != nil {
					t.Fatal(err, b.Readings[0].Err)
				}
			}
		})
	}
	before := run()
	for i := range many {
		if err := os.Mkdir(filepath.Join(f.path("sys/fs/cgroup"), fmt.Sprintf("lxc.payload.stale-%d", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	after := run()
	if after > before+many/100 {
		t.Errorf("%v allocations beside %d stale cgroups, %v without", after, many, before)
	}
	list, err := f.ListPayloads(true)
	if err != nil || len(list) < many || len(list) > most {
		t.Errorf("%d payloads, %v", len(list), err)
	}
}
