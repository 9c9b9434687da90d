package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// TestHelperStays: the containers of a batch are started by one helper, which
// is gone some time after the last of them, or with the Adapter.
func TestHelperStays(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	var pids []int
	for _, name := range []string{lxctest.Prefix + "a", lxctest.Prefix + "b", lxctest.Prefix + "c"} {
		must(t, s.Add(name))
		must(t, do(t, a, runtime.Start, runtime.Ref{Path: s.Path, Name: name}))
		a.mu.Lock()
		for _, h := range a.idle {
			pids = append(pids, h.proc.pid)
		}
		a.mu.Unlock()
	}
	if len(pids) != 3 || pids[0] != pids[1] || pids[1] != pids[2] {
		t.Fatalf("helpers %v, want the same three times", pids)
	}
	gone := func() bool { return unix.Kill(pids[0], 0) != nil }
	within(t, "the end of an idle helper", gone)

	must(t, do(t, a, runtime.Kill, runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}))
	a.mu.Lock()
	pids[0] = a.idle[0].proc.pid
	a.mu.Unlock()
	must(t, unix.Kill(pids[0], unix.SIGKILL))
	within(t, "the end of a helper that was killed", gone)
	must(t, do(t, a, runtime.Kill, runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "b"}))
	a.mu.Lock()
	pids[0] = a.idle[len(a.idle)-1].proc.pid
	a.mu.Unlock()
	must(t, a.Close())
	within(t, "the end of a helper whose Adapter was closed", gone)
}

// TestPrepare: what a batch needs is there when it begins, no more than that, and
// not for what has a helper of its own.
func TestPrepare(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add(lxctest.Prefix+"a"))
	ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}
	ready := func(a *Adapter) (pids []int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, h := range a.idle {
			pids = append(pids, h.proc.pid)
		}
		return pids
	}
	locked, err := New(Options{Paths: []string{s.Path}, ReadOnly: true})
	must(t, err)
	defer locked.Close()
	locked.Prepare(runtime.Start, 100)
	a := adapterFor(t, s.Path)
	a.Prepare(runtime.Clone, 100)
	a.Prepare(runtime.Start, 1)
	within(t, "one helper", func() bool { return len(ready(a)) == 1 })
	a.Prepare(runtime.Start, 100)
	within(t, "as many as work at once", func() bool { return len(ready(a)) == maxCalls })
	pids := ready(a)
	must(t, do(t, a, runtime.Start, ref))
	if after := ready(a); !slices.Equal(after, pids) {
		t.Errorf("helpers %v after the start, %v before it", after, pids)
	}
	if locked := ready(locked); len(locked) > 0 {
		t.Errorf("helpers %v although nothing may be done", locked)
	}
	must(t, do(t, a, runtime.Kill, ref))
	must(t, a.Close())
	for _, pid := range pids {
		within(t, "the end of a helper", func() bool { return unix.Kill(pid, 0) != nil })
	}
}

// TestStayingHelperKeepsNoDescriptors: a long batch does not fill its table.
func TestStayingHelperKeepsNoDescriptors(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}
	must(t, s.Add(ref.Name))
	open := func() (n int) {
		must(t, do(t, a, runtime.Start, ref))
		must(t, do(t, a, runtime.Kill, ref))
		helper, starter := idleAndStarter(t, a)
		for _, pid := range []int{helper, starter} {
			entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			must(t, err)
			n += len(entries)
		}
		return n
	}
	first, last := open(), 0
	for range 10 {
		last = open()
	}
	if last > first+6 {
		t.Errorf("%d descriptors after the first round, %d after the last", first, last)
	}
}

// TestMonitorsKeepNoHelper: a monitor does not hold the socket of the helper
// that started it, by which the helper's end is seen.
func TestMonitorsKeepNoHelper(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	for _, name := range []string{lxctest.Prefix + "a", lxctest.Prefix + "b"} {
		must(t, s.Add(name))
		must(t, do(t, a, runtime.Start, runtime.Ref{Path: s.Path, Name: name}))
	}
	a.mu.Lock()
	h := a.idle[0].proc
	a.mu.Unlock()
	must(t, unix.Kill(h.pid, unix.SIGKILL))
	var b [1]byte
	raw := make(chan error, 1)
	go func() { _, err := h.conn.u.Read(b[:]); raw <- err }()
	within(t, "the end of the socket", func() bool {
		select {
		case err := <-raw:
			return err != nil
		default:
			return false
		}
	})
}

// idleAndStarter gives the helper that waits, and its starter.
func idleAndStarter(t *testing.T, a *Adapter) (helper, starter int) {
	t.Helper()
	a.mu.Lock()
	helper = a.idle[len(a.idle)-1].proc.pid
	a.mu.Unlock()
	return helper, helperOf(t, helper, starterArg)
}

// TestStarterEnds: a starter does not outlive its helper, and a helper whose
// starter is gone says so and is not asked again.
func TestStarterEnds(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}
	must(t, s.Add(ref.Name))
	must(t, do(t, a, runtime.Start, ref))
	helper, starter := idleAndStarter(t, a)
	must(t, unix.Kill(helper, unix.SIGKILL))
	within(t, "the end of the starter of a helper that was killed", func() bool { return unix.Kill(starter, 0) != nil })

	must(t, do(t, a, runtime.Kill, ref))
	_, starter = idleAndStarter(t, a)
	must(t, unix.Kill(starter, unix.SIGKILL))
	if err := do(t, a, runtime.Start, ref); !errors.Is(err, runtime.ErrHelper) {
		t.Errorf("a start without a starter: %v, want it to wrap %v", err, runtime.ErrHelper)
	}
	must(t, do(t, a, runtime.Start, ref))
	must(t, do(t, a, runtime.Kill, ref))
}

// TestStarterIsSmall: the monitors that stay are forks of the starter and not of
// a program of Go, of which each would be charged with what it writes to.
func TestStarterIsSmall(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}
	must(t, s.Add(ref.Name))
	must(t, do(t, a, runtime.Start, ref))
	pid, err := a.initPID(t.Context(), ref)
	must(t, err)
	own := func(pid int) (kB int) {
		for line := range strings.Lines(readText(fmt.Sprintf("/proc/%d/smaps_rollup", pid))) {
			if strings.HasPrefix(line, "Anonymous:") {
				_, err := fmt.Sscanf(line, "Anonymous: %d kB", &kB)
				must(t, err)
			}
		}
		return kB
	}
	helper, _ := idleAndStarter(t, a)
	if m, h := own(parentOf(t, pid)), own(helper); m == 0 || m > h/2 {
		t.Errorf("the monitor has %d kB of its own, the helper %d", m, h)
	}
}

// TestStarterLeavesOwnLogs: a log file that the config names stays in use.
func TestStarterLeavesOwnLogs(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	log := filepath.Join(s.Path, "own.log")
	ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}
	must(t, s.Add(ref.Name, "lxc.log.file = "+log, "lxc.log.level = INFO"))
	must(t, do(t, a, runtime.Start, ref))
	if text := readText(log); !strings.Contains(text, ref.Name) {
		t.Errorf("its log holds %q", text)
	}
	must(t, do(t, a, runtime.Kill, ref))
	bad := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "b"}
	must(t, s.Add(bad.Name, "lxc.log.file = "+log, "lxc.log.level = INFO", "lxc.net.0.type = veth", "lxc.net.0.link = lxcdt-none"))
	var e *runtime.Error
	if err := do(t, a, runtime.Start, bad); !errors.As(err, &e) || !strings.Contains(e.Log, "lxcdt-none") {
		t.Errorf("%v, log %q, want the bridge named", err, e.Log)
	}
}
