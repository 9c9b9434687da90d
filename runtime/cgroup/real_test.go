package cgroup

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// patience is how long a test waits for what takes milliseconds as a rule.
const patience = 60 * time.Second

// needLXC skips, and says why, where no real container can be made.
func needLXC(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: real containers need root")
	}
	for _, tool := range []string{"lxc-create", "lxc-start", "lxc-stop", "lxc-destroy", "lxc-info", "lxc-attach", "lxc-freeze", "lxc-unfreeze"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("LEFT OUT: real containers need LXC: %v", err)
		}
	}
	if _, err := os.Stat("/usr/share/lxc/templates/lxc-busybox"); err != nil {
		t.Skipf("LEFT OUT: real containers need the busybox template: %v", err)
	}
}

// box is one real busybox container.
type box struct {
	t   testing.TB
	ref runtime.Ref
}

func (b box) run(tool string, args ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool, append([]string{"-P", b.ref.Path, "-n", b.ref.Name}, args...)...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %s: %v: %s", tool, b.ref.Name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// start starts the container and gives the pid of its init.
func (b box) start() int {
	b.t.Helper()
	b.run("lxc-start")
	pid, err := strconv.Atoi(b.run("lxc-info", "-p", "-H"))
	if err != nil {
		b.t.Fatal(err)
	}
	return pid
}

// inside starts a shell script in the container; it ends with the test.
func (b box) inside(script string) {
	b.t.Helper()
	cmd := exec.Command("lxc-attach", "-P", b.ref.Path, "-n", b.ref.Name, "--clear-env", "-v", "PATH=/bin:/sbin", "--", "/bin/sh", "-c", script)
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its status says nothing
	})
}

// newBox makes a container that is destroyed after the test, whatever happens.
// config is put before its limits: 20 % of a core, 96 MB and 60 tasks, in
// the host's own words.
func newBox(t testing.TB, name, config string) box {
	t.Helper()
	needLXC(t)
	dir, err := os.MkdirTemp("", "lxcdeck-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	mounts, err := FS{}.Mounts()
	if err != nil {
		t.Fatal(err)
	}
	config += "lxc.net.0.type = empty\n"
	for _, c := range []struct{ ctl, v1, v2 string }{
		{"cpu", "lxc.cgroup.cpu.cfs_quota_us = 20000\n", "lxc.cgroup2.cpu.max = 20000 100000\n"},
		{"memory", "lxc.cgroup.memory.limit_in_bytes = 96M\n", "lxc.cgroup2.memory.max = 96M\n"},
		{"pids", "lxc.cgroup.pids.max = 60\n", "lxc.cgroup2.pids.max = 60\n"},
	} {
		if len(mounts.V1[c.ctl]) > 0 {
			config += c.v1
		} else {
			config += c.v2
		}
	}
	file := filepath.Join(dir, "test.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	b := box{t, runtime.Ref{Path: dir, Name: "lxcdt-cgroup-" + name + "-" + strconv.Itoa(os.Getpid())}}
	t.Cleanup(func() {
		out, err := exec.Command("lxc-destroy", "-P", dir, "-n", b.ref.Name, "-f").CombinedOutput()
		if err != nil {
			t.Errorf("destroy %s: %v: %s", b.ref, err, out)
		}
	})
	b.run("lxc-create", "-f", file, "-t", "busybox")
	return b
}

// eventually polls until done says so.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// kernel reads a number from a statistics file by hand.
func kernel(t testing.TB, f FS, pid int, ctl, v1, v2 string) (uint64, bool) {
	t.Helper()
	loc, err := f.Locate(pid)
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Mounts()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.Dir("", loc.Unified), v2)
	if p := loc.V1[ctl]; p != "" {
		path = filepath.Join(m.Dir(ctl, p), v1)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := strconv.ParseUint(strings.Fields(string(text))[0], 10, 64)
	return v, err == nil
}

func TestRealContainer(t *testing.T) {
	b := newBox(t, "load", "")
	pid := b.start()
	set := NewSet(FS{}, nil)
	t.Cleanup(set.Close)
	batch := &runtime.Batch{Readings: []runtime.Reading{{Ref: b.ref, InitPID: pid, Tier: runtime.Full}}}
	q := &batch.Readings[0]
	sample := func() runtime.Sample {
		t.Helper()
		if err := set.Sample(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		if q.Err != nil {
			t.Fatal(q.Err)
		}
		return q.Sample
	}
	// Each script makes a file once it is where it shall be: while memory still
	// grows, figures read one after the other do not fit. The busy one comes
	// last, as it takes most of the quota.
	for _, c := range []struct{ name, script string }{
		{"full", "x=0123456789abcdef; while [ ${#x} -lt 16000000 ]; do x=$x$x; done; : >/tmp/full; while :; do sleep 1; done"},
		{"busy", ": >/tmp/busy; while :; do :; done"},
	} {
		b.inside(c.script)
		eventually(t, "the "+c.name+" script", func() bool {
			_, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "root/tmp", c.name))
			return err == nil
		})
	}

	s := sample()
	if s.Cgroup != "/lxc.payload."+b.ref.Name || s.InitPID != pid {
		t.Errorf("cgroup %q, init %d", s.Cgroup, s.InitPID)
	}
	if s.CPU.Quota != n(20_000_000) || s.CPU.Period != n(100_000_000) || s.Memory.Limit != n(96<<20) || s.Pids.Max != n(60) {
		t.Errorf("limits: %+v %v %v", s.CPU, s.Memory.Limit, s.Pids.Max)
	}
	if s.Frozen != n(0) || s.Net != (runtime.Net{RxBytes: n(0), TxBytes: n(0), RxPackets: n(0), TxPackets: n(0)}) {
		t.Errorf("frozen %v, net %+v of an empty network", s.Frozen, s.Net)
	}
	eventually(t, "16 MB in use", func() bool { s = sample(); return s.Memory.Anon.Or(0) > 16_000_000 })
	if ws, use := s.Memory.WorkingSet.Or(0), s.Memory.Usage.Or(0); ws < s.Memory.Anon.Or(0) || ws > use || use > 96<<20 {
		t.Errorf("memory %+v", s.Memory)
	}
	if use, ok := kernel(t, FS{}, pid, "memory", "memory.usage_in_bytes", "memory.current"); !ok || !near(use, sample().Memory.Usage.Or(0), 8<<20) {
		t.Errorf("memory %d, the kernel says %d", q.Sample.Memory.Usage.Or(0), use)
	}
	if tasks, ok := kernel(t, FS{}, pid, "pids", "pids.current", "pids.current"); !ok || !near(tasks, sample().Pids.Current.Or(0), 3) || tasks < 3 {
		t.Errorf("%v tasks, the kernel says %d", q.Sample.Pids.Current, tasks)
	}
	checkLoad(t, sample)
	checkLife(t, b, set, batch)
}

func near(a, b, by uint64) bool { return max(a, b)-min(a, b) <= by }

// checkLoad holds the rates against a load that wants a whole core and gets 20 %.
// A machine that stands still for a moment, as a virtual one does, spoils the
// rates of these seconds but not of all.
func checkLoad(t *testing.T, sample func() runtime.Sample) {
	t.Helper()
	eventually(t, "rates as the quota makes them", func() bool {
		var u runtime.Usage
		first := sample()
		eventually(t, "2 s of load", func() bool {
			now := sample()
			u = runtime.Between(&first, &now, 2)
			return u.Over > 2*time.Second
		})
		in := func(what string, v, least, most float64) bool {
			if v < least || v > most {
				t.Logf("%s %.1f %%, want %.0f to %.0f", what, v, least, most)
			}
			return v >= least && v <= most
		}
		cpu := in("CPU of a core under a quota of 20 %:", u.CPU.Or(-1), 5, 30)
		of := in("CPU of the limit:", u.OfLimit.Or(-1), 25, 150)
		th := in("throttled periods:", u.Throttled.Or(-1), 20, 100)
		us := in("user and system:", u.User.Or(0)+u.System.Or(0), 4, 35)
		return cpu && of && th && us
	})
}

// checkLife follows freeze, thaw, stop and a new start.
func checkLife(t *testing.T, b box, set *Set, batch *runtime.Batch) {
	t.Helper()
	ctx, q := context.Background(), &batch.Readings[0]
	q.Tier = runtime.Cheap
	sampled := func(done func() bool) func() bool {
		return func() bool {
			if err := set.Sample(ctx, batch); err != nil {
				t.Fatal(err)
			}
			return done()
		}
	}
	b.run("lxc-freeze")
	eventually(t, "frozen", sampled(func() bool { return q.Sample.Frozen == n(1) }))
	b.run("lxc-unfreeze")
	eventually(t, "thawed", sampled(func() bool { return q.Sample.Frozen == n(0) }))

	list, err := FS{}.ListPayloads(false)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range list {
		if p.Name == b.ref.Name {
			init, err := FS{}.PayloadInit(p)
			found = err == nil && init == q.InitPID
		}
	}
	if !found {
		t.Errorf("not among the payloads with its init %d: %+v", q.InitPID, list)
	}

	// A Reader that stays open sees the end, although net/dev remains readable.
	r, err := FS{}.Open(q.InitPID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b.run("lxc-stop", "-k")
	var s runtime.Sample
	eventually(t, "end of the cgroup", func() bool {
		err = r.Read(runtime.Cheap, &s)
		return err != nil
	})
	if !errors.Is(err, ErrGone) || !errors.Is(err, runtime.ErrNotFound) || s != (runtime.Sample{}) {
		t.Errorf("after the stop: %v %+v", err, s)
	}
	eventually(t, "error of the set", sampled(func() bool { return errors.Is(q.Err, runtime.ErrNotFound) }))
	if q.Sample != (runtime.Sample{}) {
		t.Errorf("figures of a stopped container: %+v", q.Sample)
	}
	q.InitPID = b.start()
	eventually(t, "figures after a new start", sampled(func() bool { return q.Err == nil && q.Sample.InitPID == q.InitPID }))

	if got := testing.AllocsPerRun(20, func() {
		if err := set.Sample(ctx, batch); err != nil || q.Err != nil {
			t.Fatal(err, q.Err)
		}
	}); got != 0 {
		t.Errorf("%v allocations a tick", got)
	}
}

// TestRealConfiguredPlace: a container whose configuration chooses its cgroup
// is found when somebody tells, and not read at all when nobody does.
func TestRealConfiguredPlace(t *testing.T) {
	needLXC(t)
	top := "lxcdt-cgroup-" + strconv.Itoa(os.Getpid())
	mounts, err := FS{}.Mounts()
	if err != nil {
		t.Fatal(err)
	}
	// liblxc leaves the place of its dying monitor behind. Registered first,
	// this is done last.
	t.Cleanup(func() {
		list := mounts.Unified
		for _, v1 := range mounts.V1 {
			list = append(list, v1...)
		}
		for _, m := range list {
			dir := filepath.Join(m.Dir, top)
			eventually(t, "remove "+dir, func() bool {
				for _, below := range []string{"end/lxc.pivot", "end", "mon", ""} {
					_ = unix.Rmdir(filepath.Join(dir, below)) // what counts is that the last one is gone
				}
				_, err := os.Lstat(dir)
				return errors.Is(err, os.ErrNotExist)
			})
		}
	})
	b := newBox(t, "place", "lxc.cgroup.dir.container = "+top+"/pay\nlxc.cgroup.dir.container.inner = in\n"+
		"lxc.cgroup.dir.monitor = "+top+"/mon\nlxc.cgroup.dir.monitor.pivot = "+top+"/end\n")
	pid := b.start()
	if _, err := (FS{}).Open(pid); !errors.Is(err, runtime.ErrNoCgroup) {
		t.Errorf("without a word of the place: %v", err)
	}
	set := NewSet(FS{}, func(runtime.Ref) []string { return []string{top + "/pay"} })
	defer set.Close()
	batch := &runtime.Batch{Readings: []runtime.Reading{{Ref: b.ref, InitPID: pid}}}
	if err := set.Sample(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	q := batch.Readings[0]
	if q.Err != nil || q.Sample.Cgroup != "/"+top+"/pay" || q.Sample.Memory.Limit != n(96<<20) || q.Sample.Memory.Usage.Or(0) == 0 {
		t.Errorf("got %v %+v", q.Err, q.Sample)
	}
}
