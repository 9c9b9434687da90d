package lxc

import (
	"context"
	"errors"
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
	"lxcdeck/runtime/lxctest"
)

// processesOf reads them, with patience.
func processesOf(t testing.TB, a *Adapter, ref runtime.Ref, q runtime.ProcessQuery) runtime.ProcessList {
	t.Helper()
	list, err := a.Processes(context.Background(), ref, q)
	must(t, err)
	return list
}

// marked waits for the process whose command line begins with a mark, or that
// has it as its name: a busybox shell runs other applets itself.
func marked(t testing.TB, a *Adapter, ref runtime.Ref, mark string) runtime.Process {
	t.Helper()
	for until := time.Now().Add(longTime); ; time.Sleep(10 * time.Millisecond) {
		for _, p := range processesOf(t, a, ref, runtime.ProcessQuery{}).Processes {
			if strings.HasPrefix(p.Command, mark) || p.Name == mark {
				return p
			}
		}
		if time.Now().After(until) {
			t.Fatalf("no process %q", mark)
		}
	}
}

// leave runs a script in a container that goes on when the tool has ended.
func leave(t testing.TB, s *lxctest.Scratch, name, script string, attach ...string) {
	t.Helper()
	args := append(attach, "--", "/bin/sh", "-c", "("+script+") </dev/null >/dev/null 2>&1 &")
	must(t, s.Tool("lxc-attach", name, args...))
}

// statusLine is a figure of a kernel file, found by its name.
func statusLine(t *testing.T, path, key string) uint64 {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			n, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
			must(t, err)
			return n
		}
	}
	t.Fatalf("%s has no %s", path, key)
	return 0
}

// cpuTicks is what the kernel's own file says of a process.
func cpuTicks(t *testing.T, pid int) uint64 {
	t.Helper()
	f, err := statFields(pid)
	must(t, err)
	user, err := strconv.ParseUint(f[11], 10, 64)
	must(t, err)
	system, err := strconv.ParseUint(f[12], 10, 64)
	must(t, err)
	return user + system
}

// TestProcessesAreTheKernels compares a known tree with the kernel's own files
// and with what ps says inside.
func TestProcessesAreTheKernels(t *testing.T) {
	a, s, ref := running(t, "lxcdt-tree")
	leave(t, s, ref.Name, "sleep 7001; :")
	leave(t, s, ref.Name, "while :; do :; done; echo burner")
	const size = 64 << 20
	leave(t, s, ref.Name, fmt.Sprintf("dd if=/dev/zero bs=%d count=1 | sleep 7003", size))
	sleeper, big := marked(t, a, ref, "sleep 7001"), marked(t, a, ref, "dd")
	burner := marked(t, a, ref, "/bin/sh -c (while")

	// The tree, by the kernel's parents.
	list := processesOf(t, a, ref, runtime.ProcessQuery{})
	parent := 0
	for _, p := range list.Processes {
		f, err := statFields(p.PID)
		if err != nil {
			continue // what getty is restarted as comes and goes
		}
		if f[1] != strconv.Itoa(p.PPID) {
			t.Errorf("%d: parent %d, the kernel says %s", p.PID, p.PPID, f[1])
		}
		if p.PID == sleeper.PPID {
			parent = p.PID
		}
	}
	if parent == 0 {
		t.Errorf("the parent %d of %q is not there", sleeper.PPID, sleeper.Command)
	}

	// Pids inside, by ps.
	out, err := exec.Command("lxc-attach", "-P", s.Path, "-n", ref.Name, "--", "/bin/sh", "-c", "ps").CombinedOutput()
	must(t, err)
	for _, p := range []runtime.Process{sleeper, big, burner} {
		found := false
		for line := range strings.Lines(string(out)) {
			f := strings.Fields(line)
			if len(f) > 3 && f[0] == strconv.Itoa(p.Inner) {
				found = strings.Contains(line, strings.Fields(p.Command)[0])
			}
		}
		if !found || p.Inner == 0 || p.Inner == p.PID || p.Depth != 0 {
			t.Errorf("pid %d is %d inside; ps says\n%s", p.PID, p.Inner, out)
		}
	}

	memory(t, a, ref, big.PID, size)
	cpuRate(t, a, ref, burner.PID)
}

// memory compares the size of a process with the kernel's word.
func memory(t *testing.T, a *Adapter, ref runtime.Ref, pid int, size uint64) {
	t.Helper()
	dir := "/proc/" + strconv.Itoa(pid)
	within(t, "the memory is taken", func() bool { return statusLine(t, dir+"/status", "VmRSS")<<10 > size })
	for _, p := range processesOf(t, a, ref, runtime.ProcessQuery{PSS: pid}).Processes {
		if p.PID != pid {
			if !p.PSS.Absent() {
				t.Errorf("PSS of %d was not asked for", p.PID)
			}
			continue
		}
		rss, pss := statusLine(t, dir+"/status", "VmRSS")<<10, statusLine(t, dir+"/smaps_rollup", "Pss")<<10
		// VmRSS is not exact (proc_pid_status(5)): each processor counts by itself, and
		// two looks differ. What is shared changes as others come and go.
		if got := p.RSS.Or(0); got < size || got > 2*size || max(got, rss)-min(got, rss) > 1<<20 {
			t.Errorf("RSS %v, the kernel says %d", p.RSS, rss)
		}
		if got := p.PSS.Or(0); got < size-1<<20 || got > rss+1<<20 || max(got, pss)-min(got, pss) > 1<<20 {
			t.Errorf("PSS %d, the kernel says %d", got, pss)
		}
	}
}

// cpuRate compares two readings of a process that takes all it gets with what
// the kernel counted before and after each.
func cpuRate(t *testing.T, a *Adapter, ref runtime.Ref, pid int) {
	t.Helper()
	one := func() (p runtime.Process, at time.Time, low, high uint64) {
		low = cpuTicks(t, pid)
		list := processesOf(t, a, ref, runtime.ProcessQuery{})
		high = cpuTicks(t, pid)
		for _, p = range list.Processes {
			if p.PID == pid {
				return p, list.At, low, high
			}
		}
		t.Fatalf("process %d is gone", pid)
		return p, at, low, high
	}
	p1, at1, low1, high1 := one()
	within(t, "it takes CPU", func() bool { return cpuTicks(t, pid) > high1+50 })
	p2, at2, low2, high2 := one()
	for i, x := range [][3]uint64{{low1, p1.CPU.Or(0) / 1e7, high1}, {low2, p2.CPU.Or(0) / 1e7, high2}} {
		if x[1] < x[0] || x[1] > x[2] {
			t.Errorf("reading %d: %d ticks, the kernel says %d to %d", i, x[1], x[0], x[2])
		}
	}
	sec := at2.Sub(at1).Seconds()
	got, ok := runtime.ProcessCPU(&p1, &p2, at1, at2).Get()
	if least, most := float64(low2-high1)/sec, float64(high2-low1)/sec; !ok || got < least-0.01 || got > most+0.01 {
		t.Errorf("%.2f %% over %.3f s, the kernel says %.2f to %.2f", got, sec, least, most)
	}
	if runtime.ProcessCPU(&p2, &p1, at2, at1) != (runtime.Rate{}) {
		t.Error("a rate backwards in time")
	}
}

// TestUsersInsideAndOutside has processes of two users in an unprivileged
// container.
func TestUsersInsideAndOutside(t *testing.T) {
	s := lxctest.New(t)
	idmap, first := rootMap(t)
	const name = "lxcdt-users"
	must(t, s.AddOwn(name, idmap...))
	must(t, os.Chmod(filepath.Join(s.Path, name), 0o755)) // its own root must get to its root file system
	root := filepath.Join(s.Path, name, "rootfs")
	must(t, os.WriteFile(root+"/etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\nw\x1bww:x:33:33::/:/bin/sh\nlate:x:33:33::/:/bin/sh\n"), 0o644))
	must(t, s.Start(name))
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: name}
	leave(t, s, name, "exec sleep 7010", "-u", "33", "-g", "33")
	leave(t, s, name, "exec sleep 7011", "-u", "44", "-g", "44")
	for mark, want := range map[string]struct {
		inside int
		user   string
	}{"sleep 7010": {33, "w\x1bww"}, "sleep 7011": {44, ""}} {
		p := marked(t, a, ref, mark)
		var st unix.Stat_t
		must(t, unix.Stat("/proc/"+strconv.Itoa(p.PID)+"/stat", &st))
		if p.UID != first+want.inside || int(st.Uid) != p.UID || p.InnerUID != want.inside || p.User != want.user {
			t.Errorf("%s: uid %d (the kernel says %d), inside %d %q; want %d, %d %q", mark, p.UID, st.Uid, p.InnerUID, p.User, first+want.inside, want.inside, want.user)
		}
	}
	list := processesOf(t, a, ref, runtime.ProcessQuery{})
	for _, p := range list.Processes {
		if p.Init && (p.UID != first || p.InnerUID != 0 || p.User != "root") {
			t.Errorf("the init: %+v", p)
		}
	}
	if list.Unnamed != "" {
		t.Error(list.Unnamed)
	}
}

// TestPasswdThatIsATrap: what a container puts in the place of its passwd
// leads nowhere and holds nobody up.
func TestPasswdThatIsATrap(t *testing.T) {
	s := lxctest.New(t)
	secret := filepath.Join(s.Path, "secret")
	must(t, os.WriteFile(secret, []byte("leaked:x:0:0::/:/bin/sh\n"), 0o644))
	for name, trap := range map[string]func(path string) error{
		"lxcdt-fifo": func(path string) error { return unix.Mkfifo(path, 0o644) },
		"lxcdt-link": func(path string) error { return os.Symlink(secret, path) },
		"lxcdt-big":  func(path string) error { return os.WriteFile(path, make([]byte, maxPasswd+1), 0o644) },
	} {
		must(t, s.AddOwn(name))
		path := filepath.Join(s.Path, name, "rootfs/etc/passwd")
		must(t, os.Remove(path))
		must(t, trap(path))
		must(t, s.Start(name))
		a := adapterFor(t, s.Path)
		list := processesOf(t, a, runtime.Ref{Path: s.Path, Name: name}, runtime.ProcessQuery{})
		if list.Unnamed == "" || len(list.Processes) == 0 {
			t.Errorf("%s: %q, %d processes", name, list.Unnamed, len(list.Processes))
		}
		for _, p := range list.Processes {
			if p.User != "" {
				t.Errorf("%s: %d is %q", name, p.PID, p.User)
			}
		}
	}
}

// TestSignalsStayInTheContainer aims at processes of the host.
func TestSignalsStayInTheContainer(t *testing.T) {
	a, s, ref := running(t, "lxcdt-aim")
	other := exec.Command("sleep", "7020")
	must(t, other.Start())
	over := make(chan error, 1)
	go func() { over <- other.Wait() }()
	t.Cleanup(func() { _ = other.Process.Kill(); <-over })
	begin := func(pid int) uint64 {
		f, err := statFields(pid)
		must(t, err)
		n, err := strconv.ParseUint(f[19], 10, 64)
		must(t, err)
		return n
	}
	for _, pid := range []int{other.Process.Pid, os.Getpid(), os.Getppid()} {
		err := askFor(t, a, runtime.Signal, ref, &runtime.SignalArgs{PID: pid, Begin: begin(pid), Signal: int(unix.SIGKILL), Init: true})
		var e *runtime.Error
		if !errors.Is(err, runtime.ErrWrongState) && !errors.Is(err, runtime.ErrInvalid) || !errors.As(err, &e) {
			t.Errorf("process %d: %v", pid, err)
		}
	}
	select {
	case err := <-over:
		over <- err
		t.Fatalf("a process of the host was ended: %v", err)
	default:
	}
	// TERM is heard by the one it is for, and by no other.
	leave(t, s, ref.Name, "trap 'exit 0' TERM; while :; do sleep 0.1; done; echo hears")
	leave(t, s, ref.Name, "exec sleep 7021")
	hears, stays := marked(t, a, ref, "/bin/sh -c (trap"), marked(t, a, ref, "sleep 7021")
	must(t, askFor(t, a, runtime.Signal, ref, &runtime.SignalArgs{PID: hears.PID, Begin: hears.Begin, Signal: int(unix.SIGTERM)}))
	within(t, "it ends", func() bool {
		for _, p := range processesOf(t, a, ref, runtime.ProcessQuery{}).Processes {
			if p.Same(&hears) {
				return false
			}
		}
		return true
	})
	if p := marked(t, a, ref, "sleep 7021"); !p.Same(&stays) {
		t.Error("another process has gone, too")
	}
}

// TestSignalWhileItIsStopped: what keeps a container from stopping may be ended
// while it is waited for, by another lxcdeck or by this one; other operations
// wait, and the stop keeps its place.
func TestSignalWhileItIsStopped(t *testing.T) {
	a, s, ref := running(t, "lxcdt-hangs")
	send := func() error {
		leave(t, s, ref.Name, "exec sleep 7030")
		p := marked(t, a, ref, "sleep 7030")
		err := askFor(t, a, runtime.Signal, ref, &runtime.SignalArgs{PID: p.PID, Begin: p.Begin, Signal: int(unix.SIGKILL)})
		if err == nil {
			within(t, "it ends", func() bool {
				for _, o := range processesOf(t, a, ref, runtime.ProcessQuery{}).Processes {
					if o.Same(&p) {
						return false
					}
				}
				return true
			})
		}
		return err
	}
	h, err := holdAll(&helperRequest{Op: runtime.Shutdown, Ref: ref})
	must(t, err)
	if err := send(); err != nil {
		t.Errorf("another lxcdeck waits for it to stop: %v", err)
	}
	h.release()
	h, err = holdAll(&helperRequest{Op: runtime.Restart, Ref: ref})
	must(t, err)
	if err := send(); !errors.Is(err, runtime.ErrBusy) {
		t.Errorf("another lxcdeck restarts it: %v", err)
	}
	h.release()
	refs := []runtime.Ref{ref}
	own, err := a.reserve(refs, runtime.Stop)
	must(t, err)
	if err := send(); err != nil {
		t.Errorf("this lxcdeck waits for it to stop: %v", err)
	}
	if a.workOn(ref) != own {
		t.Error("the stop has lost its place")
	}
	a.leave(refs, own)
}

// TestReadingsTakeTurns: one that does not come back is told of, and keeps no
// more than itself.
func TestReadingsTakeTurns(t *testing.T) {
	o := newOverseer("processes")
	ref := runtime.Ref{Path: "/x", Name: "y"}
	hold := make(chan struct{})
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := aside(short, o, ref, func() (int, error) { <-hold; return 1, nil })
	if !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("the one that hangs: %v", err)
	}
	again, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = aside(again, o, ref, func() (int, error) { t.Error("a second one"); return 2, nil })
	if !errors.Is(err, runtime.ErrNoAnswer) || !strings.Contains(err.Error(), "has not come back since") {
		t.Errorf("the next: %v", err)
	}
	if n, err := aside(context.Background(), o, runtime.Ref{Path: "/x", Name: "z"}, func() (int, error) { return 3, nil }); n != 3 || err != nil {
		t.Errorf("another container: %d, %v", n, err)
	}
	close(hold)
	if n, err := aside(context.Background(), o, ref, func() (int, error) { return 4, nil }); n != 4 || err != nil {
		t.Errorf("once it is back: %d, %v", n, err)
	}
	if _, err := aside(context.Background(), o, ref, func() (int, error) { panic("x") }); err == nil {
		t.Error("a panic is no error")
	}
	if n, err := aside(context.Background(), o, ref, func() (int, error) { return 5, nil }); n != 5 || err != nil {
		t.Errorf("after a panic: %d, %v", n, err)
	}
}

// BenchmarkProcesses is one reading of 300 processes in a container.
func BenchmarkProcesses(b *testing.B) {
	s := lxctest.New(b)
	must(b, s.Add("lxcdt-many"))
	must(b, s.Start("lxcdt-many"))
	a, err := New(Options{Paths: []string{s.Path}, Answer: slowAnswer})
	must(b, err)
	defer a.Close()
	leave(b, s, "lxcdt-many", "i=0; while [ $i -lt 300 ]; do sleep 7100 & i=$((i+1)); done; wait")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-many"}
	for until := time.Now().Add(longTime); len(processesOf(b, a, ref, runtime.ProcessQuery{}).Processes) < 300; {
		if time.Now().After(until) {
			b.Fatal("no 300 processes")
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		processesOf(b, a, ref, runtime.ProcessQuery{})
	}
}
