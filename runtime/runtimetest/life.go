package runtimetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// argsOf are Args with which an operation could be asked of a container.
func argsOf(s *suite, op runtime.Op) runtime.Args {
	switch op {
	case runtime.Clone:
		return &runtime.CloneArgs{To: s.ref(0, "lock-clone")}
	case runtime.Rename:
		return &runtime.RenameArgs{To: s.Name("lock-renamed")}
	case runtime.DeleteSnapshot, runtime.Restore:
		return &runtime.RestoreArgs{Snap: "snap0"}
	case runtime.RestoreAs:
		return &runtime.RestoreArgs{Snap: "snap0", To: s.ref(0, "lock-restored")}
	case runtime.AddDevice, runtime.RemoveDevice:
		return &runtime.DeviceArgs{Device: "/dev/null", As: "/dev/lxcdt-null"}
	case runtime.SetAutostart:
		return &runtime.AutostartArgs{Auto: true}
	case runtime.SetLimits:
		return &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitPids, Value: "500"}}}
	case runtime.Recover:
		return &runtime.RecoverArgs{ID: "nothing-of-that-name"}
	case runtime.SetConfig:
		return &runtime.ConfigArgs{Version: "none", Text: []byte("#\n")}
	case runtime.Push, runtime.Pull:
		return &runtime.CopyFilesArgs{From: []string{"/nonexistent/file"}, To: "/nonexistent/place"}
	case runtime.Mend:
		return &runtime.MendArgs{Fix: "nothing-of-that-name"}
	case runtime.Checkpoint, runtime.Resume:
		return &runtime.CheckpointArgs{Dir: "/nothing-of-that-name"}
	case runtime.Signal:
		return &runtime.SignalArgs{PID: 1 << 22, Begin: 1, Signal: 15}
	default:
		return nil
	}
}

// testLock asks everything of a container that is locked.
func testLock(t *testing.T, s *suite) {
	ref := s.make(t, "lock", runtime.Running)
	do := func(op runtime.Op, args runtime.Args) error {
		return s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Args: args})
	}
	if c := s.get(t, ref); c.Lock != nil {
		t.Fatalf("nobody has locked it: %s", c.Lock)
	}
	wantError(t, do(runtime.Unlock, nil), runtime.ErrWrongState, "unlock", ref)
	if err := do(runtime.Lock, &runtime.LockArgs{Why: "a \"reason\" <ä>"}); err != nil {
		t.Fatal(err)
	}
	before := s.get(t, ref)
	switch l := before.Lock; {
	case l == nil:
		t.Fatal("it was locked, and the list does not show it")
	case l.By == "" || l.Why != "a \"reason\" <ä>" || time.Since(l.Since).Abs() > time.Hour:
		t.Errorf("lock = %+v", l)
	}
	for _, info := range runtime.Ops() {
		switch {
		case info.Kind == runtime.Makes || info.Op == runtime.Unlock || info.Op == runtime.SetDefaultConfig:
			continue
		case info.Locked:
			// In this state, and without a snapshot, it cannot be done either.
			if err := do(info.Op, argsOf(s, info.Op)); err == nil || errors.Is(err, runtime.ErrLocked) {
				t.Errorf("%s of a locked container: %v", info.Name, err)
			}
			continue
		}
		err := do(info.Op, argsOf(s, info.Op))
		wantError(t, err, runtime.ErrLocked, info.Name, ref)
		if !strings.Contains(err.Error(), "by "+before.Lock.By) || !strings.Contains(err.Error(), "reason") {
			t.Errorf("%s: %v: it does not say who locked it, and why", info.Name, err)
		}
	}
	if after := s.get(t, ref); after.State != before.State || after.InitPID != before.InitPID || *after.Lock != *before.Lock {
		t.Errorf("all was refused, and yet %+v became %+v", before, after)
	}
	if err := do(runtime.Unlock, nil); err != nil {
		t.Fatal(err)
	}
	if c := s.get(t, ref); c.Lock != nil {
		t.Errorf("unlocked, and still %s", c.Lock)
	}
	if err := do(runtime.Kill, nil); err != nil {
		t.Errorf("after the lock is gone: %v", err)
	}
	err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.Lock, Ref: ref, Expect: runtime.Frozen})
	wantError(t, err, runtime.ErrWrongState, "lock", ref)
	absent := s.ref(0, "lock-absent")
	wantError(t, s.rt.Do(s.context(t), runtime.Request{Op: runtime.Lock, Ref: absent}), runtime.ErrNotFound, "lock", absent)
}

// testStartCommand starts a container with another init.
func testStartCommand(t *testing.T, s *suite) {
	ref := s.make(t, "command", runtime.Stopped)
	start := func(command ...string) error {
		return s.rt.Do(s.context(t), runtime.Request{Op: runtime.Start, Ref: ref, Args: &runtime.StartArgs{Command: command}})
	}
	wantError(t, start(""), runtime.ErrInvalid, "start", ref)
	if err := start("/bin/sh", "-c", "exec sleep 600"); err != nil {
		t.Fatal(err)
	}
	s.await(t, ref, runtime.Running)
	wantError(t, start("/bin/sh"), runtime.ErrWrongState, "start", ref)
}

// testMend asks for what nobody has offered.
func testMend(t *testing.T, s *suite) {
	ref := s.make(t, "mend", runtime.Stopped)
	err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.Mend, Ref: ref, Args: &runtime.MendArgs{Fix: "no-such-fix"}})
	wantError(t, err, runtime.ErrInvalid, "mend", ref)
	err = s.rt.Do(s.context(t), runtime.Request{Op: runtime.Mend, Ref: ref})
	wantError(t, err, runtime.ErrInvalid, "mend", ref)
}
