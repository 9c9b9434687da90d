package lxc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/lxctest"
)

// Known loads in real containers: each figure is held against what the load
// must make of it, and against the kernel's own file, read by hand before and
// after, between which a counter that only grows has to lie.

// loaded is a container under a load.
type loaded struct {
	t     *testing.T
	s     *lxctest.Scratch
	ref   runtime.Ref
	pid   int
	a     *Adapter
	batch runtime.Batch
	bites runtime.Bites
	last  runtime.Sample
	where cgroup.Location
	mount cgroup.Mounts
	below string // where its init is, below the container's own cgroup
}

// limitLine is a limit in the words of the hierarchy that this host has for it.
func limitLine(t *testing.T, controller, v1, v2 string) string {
	t.Helper()
	m, err := cgroup.FS{}.Mounts()
	must(t, err)
	if len(m.V1[controller]) > 0 {
		return "lxc.cgroup." + v1
	}
	return "lxc.cgroup2." + v2
}

func underLoad(t *testing.T, name string, lines ...string) *loaded {
	t.Helper()
	a, s, ref := running(t, name, lines...)
	l := readAs(t, a, s, ref)
	var err error
	l.where, err = cgroup.FS{}.Locate(l.pid)
	must(t, err)
	return l
}

// readAs reads a running container.
func readAs(t *testing.T, a *Adapter, s *lxctest.Scratch, ref runtime.Ref) *loaded {
	t.Helper()
	c := find(t, list(t, a), ref.Name)
	l := &loaded{t: t, s: s, ref: ref, a: a, pid: c.InitPID}
	l.batch.Readings = []runtime.Reading{{Ref: ref, InitPID: l.pid, Tier: runtime.Full, Parts: &runtime.Parts{}}}
	var err error
	l.mount, err = cgroup.FS{}.Mounts()
	must(t, err)
	return l
}

// sample reads the container, limits included.
func (l *loaded) sample() *runtime.Sample {
	l.t.Helper()
	must(l.t, l.a.Sample(context.Background(), &l.batch))
	q := &l.batch.Readings[0]
	must(l.t, q.Err)
	l.bites.See(&l.last, &q.Sample)
	l.last = q.Sample
	return &l.last
}

func (l *loaded) parts() *runtime.Parts { return l.batch.Readings[0].Parts }

// inside runs a script in the container, which ends with the test.
func (l *loaded) inside(script string) {
	l.t.Helper()
	cmd := exec.Command("lxc-attach", "-P", l.ref.Path, "-n", l.ref.Name, "--clear-env", "-v", "PATH=/bin:/sbin", "--", "/bin/sh", "-c", script)
	must(l.t, cmd.Start())
	l.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its status says nothing
	})
}

// file is the path of a statistics file: v1's, or v2's, where this controller is.
func (l *loaded) file(controller, v1, v2 string) string {
	l.t.Helper()
	if p := l.where.V1[controller]; p != "" && v1 != "" {
		return filepath.Join(l.mount.Dir(controller, p), v1)
	}
	if l.where.Unified == "" {
		l.t.Skipf("LEFT OUT: no cgroup of the controller %s", controller)
	}
	return filepath.Join(l.mount.Dir("", l.where.Unified), v2)
}

// kernel reads a figure by hand: the word behind a key, or the first one.
func (l *loaded) kernel(path, key string) uint64 {
	l.t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		l.t.Skipf("LEFT OUT: %v", err)
	}
	must(l.t, err)
	words := strings.Fields(string(text))
	for i, w := range words {
		if key == "" || i > 0 && words[i-1] == key {
			n, err := strconv.ParseUint(w, 10, 64)
			must(l.t, err)
			return n
		}
	}
	l.t.Skipf("LEFT OUT: %s has no %s", path, key)
	return 0
}

// between holds a counter of a Sample between two looks at the kernel's file.
func (l *loaded) between(what, path, key string, scale uint64, of func(*runtime.Sample) runtime.Value) {
	l.t.Helper()
	before := l.kernel(path, key) * scale
	got, ok := of(l.sample()).Get()
	after := l.kernel(path, key) * scale
	if !ok || got < before || got > after {
		l.t.Errorf("%s %d, %v; %s says %d before and %d after", what, got, ok, path, before, after)
	}
}

// TestLoadCPU: a burner under a quota of 10 % of a core, first in user space,
// then in the kernel.
func TestLoadCPU(t *testing.T) {
	l := underLoad(t, "lxcdt-loadcpu", limitLine(t, "cpu", "cpu.cfs_quota_us = 10000", "cpu.max = 10000 100000"))
	l.inside("while :; do :; done")
	rates := func(what string, ok func(runtime.Usage) bool) {
		t.Helper()
		var u runtime.Usage
		within(t, what, func() bool {
			first := *l.sample()
			time.Sleep(time.Second)
			u = runtime.Between(&first, l.sample(), 2)
			t.Logf("CPU %.1f %%, user %.1f, system %.1f, of the limit %.1f, throttled %.1f", u.CPU.Or(-1), u.User.Or(-1), u.System.Or(-1), u.OfLimit.Or(-1), u.Throttled.Or(-1))
			return ok(u)
		})
	}
	held := func(u runtime.Usage) bool {
		return u.CPU.Or(0) > 6 && u.CPU.Or(100) < 13 && u.OfLimit.Or(0) > 60 && u.OfLimit.Or(999) < 130 && u.Throttled.Or(0) > 40
	}
	rates("10 % of a core, in user space", func(u runtime.Usage) bool { return held(u) && u.User.Or(0) > 2*u.System.Or(99) })
	if q, p := l.last.CPU.Quota.Or(0), l.last.CPU.Period.Or(1); q*10 != p {
		t.Errorf("a quota of %d ns each %d", q, p)
	}
	within(t, "a mark", func() bool { l.sample(); return l.bites[runtime.CPULimit].On })
	// cpu.stat of v2 is there beside v1, and finer.
	path, scale := filepath.Join(l.mount.Dir("", l.where.Unified), "cpu.stat"), uint64(1000)
	if _, err := os.Stat(path); err == nil && l.where.Unified != "" {
		l.between("CPU time", path, "usage_usec", scale, func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })
	} else {
		l.between("CPU time", l.file("cpuacct", "cpuacct.usage", ""), "", 1, func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })
	}
	throttled := l.file("cpu", "cpu.stat", "cpu.stat")
	l.between("periods", throttled, "nr_periods", 1, func(s *runtime.Sample) runtime.Value { return s.CPU.Periods })
	l.between("throttled periods", throttled, "nr_throttled", 1, func(s *runtime.Sample) runtime.Value { return s.CPU.Throttled })
	if l.where.V1["cpu"] != "" {
		l.between("throttled time", throttled, "throttled_time", 1, func(s *runtime.Sample) runtime.Value { return s.CPU.ThrottledTime })
	} else {
		l.between("throttled time", throttled, "throttled_usec", 1000, func(s *runtime.Sample) runtime.Value { return s.CPU.ThrottledTime })
	}
	if l.last.CPU.ThrottledTime.Or(0) == 0 {
		t.Error("no throttled time")
	}
	must(t, l.s.Stop(l.ref.Name))
	l = underLoad(t, "lxcdt-loadsys", limitLine(t, "cpu", "cpu.cfs_quota_us = 10000", "cpu.max = 10000 100000"))
	l.inside("exec dd if=/dev/zero of=/dev/null bs=1024k")
	rates("10 % of a core, in the kernel", func(u runtime.Usage) bool { return held(u) && u.System.Or(0) > 2*u.User.Or(99) })
}

// TestLoadMemory: a program that takes 24 MiB and keeps them, and one that
// writes a file of 16 MiB.
func TestLoadMemory(t *testing.T) {
	const anon, file, slack = 24 << 20, 16 << 20, 3 << 20
	l := underLoad(t, "lxcdt-loadmem", limitLine(t, "memory", "memory.limit_in_bytes = 128M", "memory.max = 128M"))
	before := *l.sample()
	if before.Memory.Anon.Absent() {
		t.Skip("LEFT OUT: no memory controller: " + before.Controls)
	}
	if before.Memory.Limit != runtime.Of(128<<20) {
		t.Errorf("limit %v", before.Memory.Limit)
	}
	// dd fills its buffer and then waits in a FIFO that nobody empties.
	l.inside("mkfifo /tmp/hold; exec 3<>/tmp/hold; dd if=/dev/zero of=/tmp/hold bs=24576k count=1")
	grown := func(of func(*runtime.Memory) runtime.Value) uint64 {
		now, was := of(&l.sample().Memory).Or(0), of(&before.Memory).Or(0)
		return now - min(now, was)
	}
	within(t, "24 MiB of anonymous memory", func() bool {
		n := grown(func(m *runtime.Memory) runtime.Value { return m.Anon })
		return n >= anon && n < anon+slack
	})
	if n := grown(func(m *runtime.Memory) runtime.Value { return m.WorkingSet }); n < anon-slack || n > anon+2*slack {
		t.Errorf("the working set grew by %d", n)
	}
	before = *l.sample()
	l.inside("dd if=/dev/zero of=/tmp/file bs=1024k count=16; sleep 1000")
	within(t, "16 MiB of files", func() bool {
		n := grown(func(m *runtime.Memory) runtime.Value { return m.File })
		return n >= file && n < file+slack
	})
	if n := grown(func(m *runtime.Memory) runtime.Value { return m.Anon }); n > slack {
		t.Errorf("a file made %d of anonymous memory", n)
	}
	// Once all is quiet the figures are the kernel's.
	within(t, "the kernel's own figures", func() bool {
		s := l.sample()
		stat := l.file("memory", "memory.stat", "memory.stat")
		keys := [2]string{"total_rss", "total_cache"}
		if l.where.V1["memory"] == "" {
			keys = [2]string{"anon", "file"}
		}
		usage := l.kernel(l.file("memory", "memory.usage_in_bytes", "memory.current"), "")
		return s.Memory.Anon == runtime.Of(l.kernel(stat, keys[0])) && s.Memory.File == runtime.Of(l.kernel(stat, keys[1])) && s.Memory.Usage == runtime.Of(usage)
	})
}

// TestLoadIO: 8 MiB that go straight to the disk below the container's file
// system, from a process in its cgroup.
func TestLoadIO(t *testing.T) {
	const much = 8 << 20
	l := underLoad(t, "lxcdt-loadio")
	file := filepath.Join(l.s.Path, "written")
	if out, err := exec.Command("dd", "if=/dev/zero", "of="+file, "bs=1M", "count=1", "oflag=direct").CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT: the file system of %s takes no direct I/O: %s", l.s.Path, out)
	}
	var st unix.Stat_t
	must(t, unix.Stat(file, &st))
	disk := wholeDisk(t, unix.Major(st.Dev), unix.Minor(st.Dev))
	dir := filepath.Dir(l.file("blkio", "cgroup.procs", "cgroup.procs"))
	if l.where.V1["blkio"] != "" {
		if l.sample().IO.WriteBytes.Absent() && !strings.Contains(l.last.Controls, "throttle") {
			t.Errorf("no figure of I/O, and no reason: %q", l.last.Controls)
		}
		// Without one, kernels since 6.10 count nothing.
		must(t, os.WriteFile(filepath.Join(dir, "blkio.throttle.write_bps_device"), []byte(disk+" 100000000000"), 0o644))
	}
	if _, err := os.Stat(l.file("blkio", "blkio.throttle.io_service_bytes", "io.stat")); err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	before := *l.sample()
	old := &runtime.Parts{}
	old.Set(l.parts())
	script := fmt.Sprintf("echo $$ >%s/cgroup.procs && exec dd if=/dev/zero of=%s bs=1M count=%d oflag=direct", dir, file, much>>20)
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	written := func(s *runtime.Sample) uint64 { return s.IO.WriteBytes.Or(0) - before.IO.WriteBytes.Or(0) }
	within(t, "8 MiB written", func() bool { return written(l.sample()) >= much })
	if n := written(&l.last); n > much+1<<20 {
		t.Errorf("%d written, the load was %d", n, much)
	}
	if ops := l.last.IO.WriteOps.Or(0) - before.IO.WriteOps.Or(0); ops < 8 || ops > 4096 {
		t.Errorf("%d operations for 8 writes of 1 MiB", ops)
	}
	devices, _ := runtime.PartsBetween(old, l.parts(), nil, nil)
	found := false
	for i, d := range l.parts().Devices {
		if runtime.DeviceNumber(d.Major, d.Minor) == disk {
			found = true
			if d.IO.WriteBytes.Or(0) < much || d.Name == "" || devices[i].OutTotal.Or(0) < much {
				t.Errorf("the disk's part: %+v", d)
			}
			if _, err := os.Stat("/sys/class/block/" + d.Name); err != nil && d.Major != 253 {
				t.Errorf("no device %s: %v", d.Name, err)
			}
		}
	}
	if !found {
		t.Errorf("no part is of %s: %+v", disk, l.parts().Devices)
	}
}

// wholeDisk is the disk of a partition, whose I/O the kernel counts.
func wholeDisk(t *testing.T, major, minor uint32) string {
	t.Helper()
	dir := "/sys/dev/block/" + runtime.DeviceNumber(major, minor)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("LEFT OUT: the scratch directory is on no block device: %v", err)
	}
	if _, err := os.Stat(dir + "/partition"); err == nil {
		dir += "/.."
	}
	text, err := os.ReadFile(dir + "/dev")
	must(t, err)
	return strings.TrimSpace(string(text))
}

// TestLoadPids: a fork bomb under pids.max.
func TestLoadPids(t *testing.T) {
	const most = 40
	l := underLoad(t, "lxcdt-loadpids", fmt.Sprintf(limitLine(t, "pids", "pids.max = %d", "pids.max = %d"), most),
		limitLine(t, "cpu", "cpu.cfs_quota_us = 10000", "cpu.max = 10000 100000"))
	if l.sample().Pids.Max != runtime.Of(most) {
		t.Skipf("LEFT OUT: no pids controller: %v, %s", l.last.Pids, l.last.Controls)
	}
	if l.bites.Any() {
		t.Errorf("a limit bites before the load: %+v", l.bites)
	}
	l.inside("bomb() { while :; do sh -c 'while :; do sleep 1000 & done'; sleep 1; done; }; bomb 2>/dev/null")
	within(t, "all tasks in use", func() bool { n := l.sample().Pids.Current.Or(0); return n >= most-1 && n <= most })
	within(t, "a mark", func() bool { l.sample(); return l.bites[runtime.PidsLimit].On })
	if l.bites[runtime.OOMLimit].On || l.bites[runtime.HighLimit].On {
		t.Errorf("other limits are said to bite: %+v", l.bites)
	}
	events := l.file("pids", "pids.events", "pids.events")
	if _, err := os.Stat(events + ".local"); err == nil && l.last.Pids.OwnLimit {
		events += ".local"
	}
	if _, err := os.Stat(events); err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	l.between("refused forks", events, "max", 1, func(s *runtime.Sample) runtime.Value { return s.Pids.Refused })
	must(t, l.s.Stop(l.ref.Name))
}

// TestLoadOOM: a program that wants more than its container has, and is killed.
func TestLoadOOM(t *testing.T) {
	l := underLoad(t, "lxcdt-loadoom", limitLine(t, "memory", "memory.limit_in_bytes = 32M", "memory.max = 32M"))
	if l.sample().Memory.Limit != runtime.Of(32<<20) || l.last.Memory.OOMKills.Absent() {
		t.Skipf("LEFT OUT: OOM kills are not counted: %+v, %s", l.last.Memory, l.last.Controls)
	}
	if l.bites.Any() || len(l.parts().Kills) != 0 {
		t.Errorf("before the load: %+v %+v", l.bites, l.parts().Kills)
	}
	began := time.Now()
	// More than there could be of swap beside it.
	l.inside("dd if=/dev/zero of=/dev/null bs=1048576k count=1")
	within(t, "a kill", func() bool { return l.sample().Memory.OOMKills.Or(0) > 0 })
	killed := l.batch.Readings[0].Killed
	if b := l.bites[runtime.OOMLimit]; !b.On || b.Events == 0 {
		t.Errorf("no mark: %+v", b)
	}
	events := l.file("memory", "memory.oom_control", "memory.events")
	l.between("OOM kills", events, "oom_kill", 1, func(s *runtime.Sample) runtime.Value { return s.Memory.OOMKills })
	l.between("hits of the limit", l.file("memory", "memory.failcnt", "memory.events"), map[bool]string{true: "", false: "max"}[l.where.V1["memory"] != ""], 1,
		func(s *runtime.Sample) runtime.Value { return s.Memory.FailedLimit })
	if !l.bites[runtime.MemoryLimit].On {
		t.Errorf("the limit was hit %v times, and bites not", l.last.Memory.FailedLimit)
	}
	if why := l.parts().KillsWhy; why != "" {
		t.Skip("LEFT OUT: what was killed: " + why)
	}
	if len(killed) == 0 || killed[0].Name != "dd" {
		t.Errorf("with the count: %+v", killed)
	}
	if l.sample(); l.batch.Readings[0].Killed != nil {
		t.Errorf("told again: %+v", l.batch.Readings[0].Killed)
	}
	within(t, "the name of what was killed", func() bool { l.sample(); return len(l.parts().Kills) > 0 })
	k := l.parts().Kills[0]
	if k.Name != "dd" || k.PID <= 1 || k.At.Before(began.Add(-time.Minute)) || k.At.After(time.Now()) || k.About {
		t.Errorf("killed: %+v", k)
	}
	// Of another life nothing is told.
	must(t, l.s.Stop(l.ref.Name))
	stopped := time.Now()
	within(t, "a start that is told apart from the kill", func() bool { return time.Since(stopped) > 3*time.Second })
	must(t, l.s.Start(l.ref.Name))
	q := &l.batch.Readings[0]
	q.InitPID = find(t, list(t, l.a), l.ref.Name).InitPID
	if l.sample(); len(l.parts().Kills) != 0 || l.bites.Any() {
		t.Errorf("after a new start: %+v %+v", l.parts().Kills, l.bites)
	}
}
