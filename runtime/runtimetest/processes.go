package runtimetest

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lxcdeck/runtime"
)

// processes reads those of a container that runs.
func (s *suite) processes(t *testing.T, ref runtime.Ref) runtime.ProcessList {
	t.Helper()
	list, err := s.rt.Processes(s.context(t), ref, runtime.ProcessQuery{})
	if err != nil {
		t.Fatalf("processes: %v", err)
	}
	return list
}

// other waits for a process that is not the init, and that stays: the getty. What
// else an init starts may be gone the next moment.
func (s *suite) other(t *testing.T, ref runtime.Ref) runtime.Process {
	t.Helper()
	var found runtime.Process
	eventually(t, func() bool {
		for _, p := range s.processes(t, ref).Processes {
			if !p.Init && strings.HasSuffix(p.Name, "getty") && p.State != 'Z' {
				found = p
				return true
			}
		}
		return false
	}, func() string { return "there is no getty" })
	return found
}

// testProcesses reads the processes of a container in all states.
func testProcesses(t *testing.T, s *suite) {
	ref := s.make(t, "procs", runtime.Stopped)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		_, err := rt.Processes(s.context(t), ref, runtime.ProcessQuery{})
		wantError(t, err, runtime.ErrWrongState, "processes", ref)
	}
	s.bring(t, ref, runtime.Running)
	c := s.get(t, ref)
	s.other(t, ref)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		list, err := rt.Processes(s.context(t), ref, runtime.ProcessQuery{PSS: c.InitPID})
		if err != nil {
			t.Fatal(err)
		}
		if list.InitPID != c.InitPID || list.At.IsZero() || list.Total != len(list.Processes) {
			t.Errorf("init %d at %v, %d of %d; want init %d", list.InitPID, list.At, len(list.Processes), list.Total, c.InitPID)
		}
		if !slices.IsSortedFunc(list.Processes, func(a, b runtime.Process) int { return a.PID - b.PID }) {
			t.Error("not ordered by pid")
		}
		inits := 0
		for i := range list.Processes {
			p := &list.Processes[i]
			if p.Begin == 0 || p.Started.IsZero() || p.State == 0 || p.Name == "" || p.Threads < 1 || p.CPU.Absent() {
				t.Errorf("it says too little: %+v", *p)
			}
			if p.Init != (p.PID == c.InitPID) {
				t.Errorf("process %d: init is %v", p.PID, p.Init)
			}
			if p.PSS.Absent() == p.Init {
				t.Errorf("process %d: PSS %v", p.PID, p.PSS)
			}
			if p.Init {
				inits++
				if p.Inner != 1 || p.InnerUID != 0 || p.RSS.Absent() {
					t.Errorf("the init: %+v", *p)
				}
			}
		}
		if inits != 1 {
			t.Errorf("%d inits", inits)
		}
	}
	s.Freeze(t, ref)
	if list := s.processes(t, ref); len(list.Processes) == 0 {
		t.Error("a frozen container has no processes")
	}
	s.Thaw(t, ref)
	s.Stop(t, ref)
	s.await(t, ref, runtime.Stopped)
	_, err := s.rt.Processes(s.context(t), ref, runtime.ProcessQuery{})
	wantError(t, err, runtime.ErrWrongState, "processes", ref)
	gone := s.ref(0, "no-such")
	_, err = s.rt.Processes(s.context(t), gone, runtime.ProcessQuery{})
	wantError(t, err, runtime.ErrNotFound, "processes", gone)
}

// testSignal sends signals to the right process, and to no other.
func testSignal(t *testing.T, s *suite) {
	ref, beside := s.make(t, "signal", runtime.Running), s.make(t, "beside", runtime.Running)
	p, foreign := s.other(t, ref), s.other(t, beside)
	send := func(rt runtime.Runtime, a runtime.SignalArgs) error {
		return rt.Do(s.context(t), runtime.Request{Op: runtime.Signal, Ref: ref, Args: &a})
	}
	args := func(p *runtime.Process, n syscall.Signal) runtime.SignalArgs {
		return runtime.SignalArgs{PID: p.PID, Begin: p.Begin, Signal: int(n), Name: p.Name, Inner: p.Inner}
	}
	state := func(p *runtime.Process) byte {
		for _, o := range s.processes(t, ref).Processes {
			if o.Same(p) && o.State != 'Z' {
				return o.State
			}
		}
		return 0
	}
	wantError(t, send(runtime.ReadOnly(s.rt), args(&p, syscall.SIGKILL)), runtime.ErrReadOnly, "signal", ref)
	wantError(t, send(s.rt, args(&p, 0)), runtime.ErrInvalid, "signal", ref)
	wantError(t, send(s.rt, args(&p, 65)), runtime.ErrInvalid, "signal", ref)
	later := args(&p, syscall.SIGKILL)
	later.Begin++
	wantError(t, send(s.rt, later), runtime.ErrWrongState, "signal", ref)
	wantError(t, send(s.rt, args(&foreign, syscall.SIGKILL)), runtime.ErrWrongState, "signal", ref)
	init := s.processes(t, ref).Processes
	first := init[slices.IndexFunc(init, func(p runtime.Process) bool { return p.Init })]
	wantError(t, send(s.rt, args(&first, syscall.SIGKILL)), runtime.ErrInvalid, "signal", ref)
	if state(&p) == 0 || s.get(t, ref).State != runtime.Running || s.get(t, beside).State != runtime.Running {
		t.Fatal("what was refused had an effect")
	}
	for _, step := range []struct {
		signal syscall.Signal
		want   func(byte) bool
	}{
		{syscall.SIGSTOP, func(b byte) bool { return b == 'T' }},
		{syscall.SIGCONT, func(b byte) bool { return b != 0 && b != 'T' }},
		{syscall.SIGKILL, func(b byte) bool { return b == 0 }},
	} {
		if err := send(s.rt, args(&p, step.signal)); err != nil {
			t.Fatalf("%v: %v", step.signal, err)
		}
		eventually(t, func() bool { return step.want(state(&p)) }, func() string { return step.signal.String() + " has no effect" })
	}
	wantError(t, send(s.rt, args(&p, syscall.SIGKILL)), runtime.ErrWrongState, "signal", ref)
	known := args(&first, syscall.SIGKILL)
	known.Init = true
	if err := send(s.rt, known); err != nil {
		t.Fatal(err)
	}
	s.await(t, ref, runtime.Stopped)
	wantError(t, send(s.rt, args(&p, syscall.SIGKILL)), runtime.ErrWrongState, "signal", ref)
}

// testOwners asks whose pids are.
func testOwners(t *testing.T, s *suite) {
	ref := s.make(t, "owner", runtime.Running)
	s.make(t, "stranger", runtime.Running)
	p := s.other(t, ref)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		owners, err := rt.Owners(s.context(t), runtime.OwnerQuery{PID: p.PID})
		if err != nil {
			t.Fatal(err)
		}
		if len(owners) != 1 || owners[0].Ref != ref || !owners[0].Process.Same(&p) || owners[0].Monitor {
			t.Errorf("process %d of %s: %+v", p.PID, ref, owners)
		}
	}
	for _, q := range []runtime.OwnerQuery{{}, {PID: -1}, {Port: 65536}} {
		if _, err := s.rt.Owners(s.context(t), q); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	const none = 1<<22 + 1 // above PID_MAX_LIMIT
	if owners, err := s.rt.Owners(s.context(t), runtime.OwnerQuery{PID: none}); err != nil || len(owners) != 0 {
		t.Errorf("a pid that cannot be: %v, %v", owners, err)
	}
}
