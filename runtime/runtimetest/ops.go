package runtimetest

import (
	"context"
	"errors"
	"testing"

	"lxcdeck/runtime"
)

// testOperations does every operation in every state that lasts.
func testOperations(t *testing.T, s *suite) {
	ref := s.make(t, "op", runtime.Stopped)
	for _, info := range runtime.Ops() {
		if info.Kind != runtime.OnState {
			continue
		}
		for _, from := range []runtime.State{runtime.Stopped, runtime.Running, runtime.Frozen} {
			t.Run(info.Name+" "+from.String(), func(t *testing.T) {
				s.bring(t, ref, from)
				before := s.get(t, ref)
				err := s.rt.Do(s.context(t), runtime.Request{Op: info.Op, Ref: ref})
				if info.Op.Accepts(from) {
					if err != nil {
						t.Fatalf("%v", err)
					}
					s.await(t, ref, info.To)
					return
				}
				wantError(t, err, runtime.ErrWrongState, info.Name, ref)
				if after := s.get(t, ref); after.State != from || after.InitPID != before.InitPID {
					t.Errorf("it was refused, and yet it is %s with pid %d; was %s with pid %d",
						after.State, after.InitPID, from, before.InitPID)
				}
			})
		}
	}
}

// wantError checks the sentinel and that the error says what failed where.
func wantError(t *testing.T, err, want error, op string, ref runtime.Ref) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error = %v, want one that wraps %q", err, want)
	}
	var e *runtime.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *runtime.Error", err)
	}
	if e.Op != op || e.Ref != ref {
		t.Errorf("the error names %q of %s, want %q of %s", e.Op, e.Ref, op, ref)
	}
}

func testReboot(t *testing.T, s *suite) {
	ref := s.make(t, "reboot", runtime.Running)
	before := s.get(t, ref)
	for _, op := range []runtime.Op{runtime.Reboot, runtime.Restart} {
		if err := s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref}); err != nil {
			t.Fatal(err)
		}
		var after runtime.Container
		eventually(t, func() bool {
			after = s.get(t, ref)
			return after.State == runtime.Running && after.InitPID != before.InitPID && after.InitPID != 0
		}, func() string { return "after the " + op.String() + " it is as before" })
		before = after
	}
}

func testExpect(t *testing.T, s *suite) {
	ref := s.make(t, "expect", runtime.Running)
	err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.Kill, Ref: ref, Expect: runtime.Frozen})
	wantError(t, err, runtime.ErrWrongState, "kill", ref)
	if c := s.get(t, ref); c.State != runtime.Running {
		t.Errorf("the state had changed, and yet it is %s", c.State)
	}
	another := s.get(t, ref).Identity + "0"
	for _, op := range []runtime.Op{runtime.Kill, runtime.Stop, runtime.Shutdown, runtime.Restart, runtime.Reboot, runtime.Freeze} {
		err := s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Expect: runtime.Running, Same: another})
		wantError(t, err, runtime.ErrWrongState, op.String(), ref)
	}
	if c := s.get(t, ref); c.State != runtime.Running {
		t.Errorf("it is another container than was seen, and yet it is %s", c.State)
	}
	if err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.Kill, Ref: ref, Expect: runtime.Running}); err != nil {
		t.Errorf("the expected state: %v", err)
	}
	s.await(t, ref, runtime.Stopped)
}

func testNotFound(t *testing.T, s *suite) {
	ref := s.ref(0, "absent")
	for _, info := range runtime.Ops() {
		if info.Kind != runtime.OnState {
			continue
		}
		wantError(t, s.rt.Do(s.context(t), runtime.Request{Op: info.Op, Ref: ref}), runtime.ErrNotFound, info.Name, ref)
	}
	_, err := s.rt.Attach(s.context(t), runtime.Shell{Ref: ref, Cols: 80, Rows: 24})
	wantError(t, err, runtime.ErrNotFound, "attach", ref)
	_, err = s.rt.Exec(s.context(t), runtime.Shell{Ref: ref, Command: []string{"true"}}, runtime.Stdio{})
	wantError(t, err, runtime.ErrNotFound, "attach", ref)
	b := runtime.Batch{Readings: []runtime.Reading{{Ref: ref}}}
	if err := s.rt.Sample(s.context(t), &b); err != nil || b.Readings[0].Err == nil {
		t.Errorf("sample of an absent container: %v, and in its reading %v; want the error there only", err, b.Readings[0].Err)
	}
}

func testInvalid(t *testing.T, s *suite) {
	for _, ref := range []runtime.Ref{
		{Path: s.Paths[0]}, {Path: s.Paths[0], Name: ".."}, {Path: s.Paths[0], Name: "a/b"}, {Path: "relative", Name: "a"},
	} {
		wantError(t, s.rt.Do(s.context(t), runtime.Request{Op: runtime.Kill, Ref: ref}), runtime.ErrInvalid, "kill", ref)
		if _, err := s.rt.Attach(s.context(t), runtime.Shell{Ref: ref}); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("attach %v: %v", ref, err)
		}
	}
	ref := s.make(t, "invalid", runtime.Running)
	if err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.NoOp, Ref: ref}); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("no operation: %v", err)
	}
}

func testCancelled(t *testing.T, s *suite) {
	ref := s.make(t, "cancel", runtime.Running)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.rt.List(ctx); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("list: %v", err)
	}
	wantError(t, s.rt.Do(ctx, runtime.Request{Op: runtime.Kill, Ref: ref}), runtime.ErrCancelled, "kill", ref)
	if c := s.get(t, ref); c.State != runtime.Running {
		t.Errorf("killing was cancelled before it began, and yet it is %s", c.State)
	}
	if _, err := s.rt.Attach(ctx, runtime.Shell{Ref: ref, Cols: 80, Rows: 24}); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("attach: %v", err)
	}
}

// testOneAtATime starts one container twice at once.
func testOneAtATime(t *testing.T, s *suite) {
	ref := s.make(t, "once", runtime.Stopped)
	errs := make(chan error, 2)
	for range 2 {
		go func() { errs <- s.rt.Do(s.context(t), runtime.Request{Op: runtime.Start, Ref: ref}) }()
	}
	done := 0
	for range 2 {
		switch err := <-errs; {
		case err == nil:
			done++
		case !errors.Is(err, runtime.ErrBusy) && !errors.Is(err, runtime.ErrWrongState):
			t.Errorf("the second start: %v", err)
		}
	}
	if done != 1 {
		t.Errorf("%d of two starts at once were done, want one", done)
	}
	s.await(t, ref, runtime.Running)
}

func testReadOnly(t *testing.T, s *suite) {
	ref := s.make(t, "ro", runtime.Running)
	ro := runtime.ReadOnly(s.rt)
	for _, info := range runtime.Ops() {
		if info.Kind != runtime.OnState {
			continue
		}
		wantError(t, ro.Do(s.context(t), runtime.Request{Op: info.Op, Ref: ref}), runtime.ErrReadOnly, info.Name, ref)
	}
	_, err := ro.Attach(s.context(t), runtime.Shell{Ref: ref})
	wantError(t, err, runtime.ErrReadOnly, "attach", ref)
	_, err = ro.Exec(s.context(t), runtime.Shell{Ref: ref}, runtime.Stdio{})
	wantError(t, err, runtime.ErrReadOnly, "attach", ref)
	_, err = ro.Console(s.context(t), runtime.Console{Ref: ref, TTY: runtime.FreeTTY})
	wantError(t, err, runtime.ErrReadOnly, "console", ref)
	if _, err := ro.List(s.context(t)); err != nil {
		t.Errorf("list: %v", err)
	}
	if c := s.get(t, ref); c.State != runtime.Running {
		t.Errorf("read-only, and yet it is %s", c.State)
	}
}

// testTogether calls everything at once; the race detector judges.
func testTogether(t *testing.T, s *suite) {
	ref := s.make(t, "together", runtime.Running)
	pid := s.get(t, ref).InitPID
	const rounds = 5
	errs := make(chan error, 4*rounds)
	run := func(f func() error) {
		go func() {
			for range rounds {
				errs <- f()
			}
		}()
	}
	ctx := s.context(t)
	run(func() error { _, err := s.rt.List(ctx); return err })
	run(func() error {
		b := runtime.Batch{Readings: []runtime.Reading{{Ref: ref, InitPID: pid, Tier: runtime.Full}}, Host: &runtime.HostSample{}}
		if err := s.rt.Sample(ctx, &b); err != nil {
			return err
		}
		return b.Readings[0].Err
	})
	run(func() error {
		err := s.rt.Do(ctx, runtime.Request{Op: runtime.Start, Ref: ref})
		if errors.Is(err, runtime.ErrWrongState) {
			return nil
		}
		return errors.Join(errors.New("start of a running container"), err)
	})
	run(func() error {
		_, err := s.rt.Exec(ctx, runtime.Shell{Ref: ref, Command: []string{"true"}}, runtime.Stdio{})
		return err
	})
	for range 4 * rounds {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
