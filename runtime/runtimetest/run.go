package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"lxcdeck/runtime"
)

// app is what a run told.
type app struct {
	out, err bytes.Buffer
	exits    []runtime.Exit
	after    bool // something came behind the exit that is of the command
	began    chan struct{}
}

// run runs a command in a container of its own, on one that is stopped.
func (s *suite) run(ctx context.Context, ref runtime.Ref, a *runtime.RunArgs, p *app) error {
	a.Network.Kind = runtime.NoNetwork
	return s.rt.Do(ctx, runtime.Request{Op: runtime.Run, Ref: ref, Args: a, Progress: func(w runtime.Progress) {
		if len(w.Output) > 0 && p.began != nil {
			close(p.began)
			p.began = nil
		}
		p.after = p.after || len(p.exits) > 0 && len(w.Output) > 0
		if w.Stderr {
			p.err.Write(w.Output)
		} else {
			p.out.Write(w.Output)
		}
		if w.Exit != nil {
			p.exits = append(p.exits, *w.Exit)
		}
	}})
}

// isThere says whether List has a container.
func (s *suite) isThere(t *testing.T, ref runtime.Ref) bool {
	t.Helper()
	return slices.ContainsFunc(s.list(t), func(c runtime.Container) bool { return c.Ref == ref })
}

func testRun(t *testing.T, s *suite) {
	from := []runtime.Base{{Ref: s.make(t, "base", runtime.Stopped)}, {Ref: s.make(t, "below", runtime.Stopped)}}
	ref := s.ref(0, "app")
	t.Cleanup(func() { s.Remove(t, ref) })
	for _, tt := range []struct {
		script, out string
		errs        bool
		exit        runtime.Exit
	}{
		{"echo one; echo two", "one\ntwo\n", false, runtime.Exit{}},
		{"echo out; nosuch; exit 7", "out\n", true, runtime.Exit{Code: 7}},
		{"nosuch", "", true, runtime.Exit{Code: 127}},
		{"exit 255", "", false, runtime.Exit{Code: 255}},
	} {
		var p app
		err := s.run(s.context(t), ref, &runtime.RunArgs{From: from, Command: []string{"/bin/sh", "-c", tt.script}, Remove: true}, &p)
		if err != nil || p.out.String() != tt.out || p.err.Len() > 0 != tt.errs || p.after || !slices.Equal(p.exits, []runtime.Exit{tt.exit}) {
			t.Errorf("%q: %v; %q, %q, ended with %v", tt.script, err, p.out.String(), p.err.String(), p.exits)
		}
		if s.isThere(t, ref) {
			t.Fatalf("%q: its container was to go", tt.script)
		}
	}
	var p app
	if err := s.run(s.context(t), ref, &runtime.RunArgs{From: from[:1], Command: []string{"/nosuch"}}, &p); err != nil ||
		len(p.exits) != 1 || p.exits[0].Code != 127 || p.exits[0].Reason == "" || s.isThere(t, ref) {
		t.Errorf("a command that is not there: %v, %v", err, p.exits)
	}
	p = app{}
	if err := s.run(s.context(t), ref, &runtime.RunArgs{From: from, Command: []string{"/bin/sh", "-c", "exit 3"}}, &p); err != nil ||
		len(p.exits) != 1 || p.exits[0].Code != 3 {
		t.Fatalf("%v, %v", err, p.exits)
	}
	if c := s.get(t, ref); c.State != runtime.Stopped {
		t.Errorf("what was kept is %s", c.State)
	}
	wantError(t, s.run(s.context(t), ref, &runtime.RunArgs{From: from, Command: []string{"/bin/sh"}}, &p), runtime.ErrExists, "run", ref)
}

func testRunCancelled(t *testing.T, s *suite) {
	from := []runtime.Base{{Ref: s.make(t, "base", runtime.Stopped)}}
	ref := s.ref(0, "app")
	t.Cleanup(func() { s.Remove(t, ref) })
	ctx, cancel := context.WithCancel(s.context(t))
	began := make(chan struct{})
	p := app{began: began}
	done := make(chan error, 1)
	go func() {
		done <- s.run(ctx, ref, &runtime.RunArgs{From: from, Command: []string{"/bin/sh", "-c", "echo up; sleep 600; sleep 600"}, Remove: true}, &p)
	}()
	select {
	case <-began:
	case err := <-done:
		t.Fatalf("it ended before it said a word: %v", err)
	}
	if c := s.get(t, ref); c.State != runtime.Running {
		t.Errorf("while its command runs it is %s", c.State)
	}
	wantError(t, s.rt.Do(s.context(t), runtime.Request{Op: runtime.Start, Ref: from[0].Ref}), runtime.ErrInUse, "start", from[0].Ref)
	cancel()
	wantError(t, <-done, runtime.ErrCancelled, "run", ref)
	if len(p.exits) != 1 || p.exits[0].Signal != 9 || p.exits[0].Code != 137 {
		t.Errorf("ended with %v", p.exits)
	}
	if s.isThere(t, ref) {
		t.Error("its container was to go")
	}
}

// What runs is a container like others: whoever stops it ends the command.
func testRunStopped(t *testing.T, s *suite) {
	ref := s.ref(0, "app")
	t.Cleanup(func() { s.Remove(t, ref) })
	a := &runtime.RunArgs{From: []runtime.Base{{Ref: s.make(t, "base", runtime.Stopped)}}, Command: []string{"/bin/sh", "-c", "echo up; sleep 600; sleep 600"}}
	began := make(chan struct{})
	p := app{began: began}
	done := make(chan error, 1)
	go func() { done <- s.run(s.context(t), ref, a, &p) }()
	select {
	case <-began:
	case err := <-done:
		t.Fatalf("it ended before it said a word: %v", err)
	}
	if err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.Kill, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || len(p.exits) != 1 || p.exits[0].Signal != 9 {
		t.Errorf("%v, ended with %v", err, p.exits)
	}
	if c := s.get(t, ref); c.State != runtime.Stopped {
		t.Errorf("it is %s", c.State)
	}
}

func testRunRefused(t *testing.T, s *suite) {
	base, up, ref := s.make(t, "base", runtime.Stopped), s.make(t, "up", runtime.Running), s.ref(0, "app")
	cmd := []string{"/bin/sh", "-c", "echo ran"}
	for _, tt := range []struct {
		name string
		args runtime.RunArgs
		want error
	}{
		{"nothing to run on", runtime.RunArgs{Command: cmd}, runtime.ErrInvalid},
		{"no command", runtime.RunArgs{From: []runtime.Base{{Ref: base}}}, runtime.ErrInvalid},
		{"a base that runs", runtime.RunArgs{From: []runtime.Base{{Ref: base}, {Ref: up}}, Command: cmd}, runtime.ErrWrongState},
		{"no such base", runtime.RunArgs{From: []runtime.Base{{Ref: s.ref(0, "absent")}}, Command: cmd}, runtime.ErrNotFound},
		{"no such snapshot", runtime.RunArgs{From: []runtime.Base{{Ref: base, Snap: "snap9"}}, Command: cmd}, runtime.ErrNoSnapshot},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p app
			wantError(t, s.run(s.context(t), ref, &tt.args, &p), tt.want, "run", ref)
			if p.out.Len() > 0 || len(p.exits) > 0 || s.isThere(t, ref) {
				t.Errorf("and yet: %q, %v", p.out.String(), p.exits)
			}
		})
	}
}

// testCheckpoint: what cannot be done says so and changes nothing.
func testCheckpoint(t *testing.T, s *suite) {
	ref := s.make(t, "checkpoint", runtime.Running)
	dir := filepath.Join(t.TempDir(), "images")
	do := func(op runtime.Op) error {
		return s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Args: &runtime.CheckpointArgs{Dir: dir}})
	}
	wantError(t, do(runtime.Resume), runtime.ErrWrongState, "resume", ref)
	err := do(runtime.Checkpoint)
	if err != nil { // CRIU is not here, or cannot take this container along
		var e *runtime.Error
		if !errors.As(err, &e) || e.Op != "checkpoint" || e.Ref != ref || e.Hint == "" {
			t.Errorf("%#v", err)
		}
		if c := s.get(t, ref); c.State != runtime.Running {
			t.Errorf("it cannot be done, and yet it is %s", c.State)
		}
		s.bring(t, ref, runtime.Stopped)
	} else {
		s.await(t, ref, runtime.Stopped)
		if err := do(runtime.Resume); err != nil {
			t.Fatal(err)
		}
		s.await(t, ref, runtime.Running)
		s.bring(t, ref, runtime.Stopped)
	}
	wantError(t, do(runtime.Checkpoint), runtime.ErrWrongState, "checkpoint", ref)
	dir = filepath.Join(t.TempDir(), "none")
	if err := do(runtime.Resume); err == nil {
		t.Error("a resume from nothing went well")
	}
	if c := s.get(t, ref); c.State != runtime.Stopped {
		t.Errorf("it is %s", c.State)
	}
}
