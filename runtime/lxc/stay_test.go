package lxc

import (
	"fmt"
	"os"
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

// TestStayingHelperKeepsNoDescriptors: a long batch does not fill its table.
func TestStayingHelperKeepsNoDescriptors(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "a"}
	must(t, s.Add(ref.Name))
	open := func() int {
		must(t, do(t, a, runtime.Start, ref))
		must(t, do(t, a, runtime.Kill, ref))
		a.mu.Lock()
		defer a.mu.Unlock()
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", a.idle[len(a.idle)-1].proc.pid))
		must(t, err)
		return len(entries)
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
