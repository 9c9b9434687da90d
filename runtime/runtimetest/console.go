package runtimetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"lxcdeck/runtime"
)

func (s *suite) console(t *testing.T, c runtime.Console) *terminal {
	t.Helper()
	session, err := s.rt.Console(s.context(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return watch(t, session)
}

func testConsole(t *testing.T, s *suite) {
	ref := s.make(t, "console", runtime.Running)
	for _, tty := range []int{runtime.FreeTTY, 1} { // the same, and it is free again
		term := s.console(t, runtime.Console{Ref: ref, TTY: tty, Cols: 91, Rows: 33})
		term.enter("\r")
		term.want("login: ")
		if err := term.session.Resize(70, 20); err != nil {
			t.Errorf("resize: %v", err)
		}
		if err := term.session.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := term.over(); !errors.Is(err, io.EOF) {
			t.Errorf("the output ended with %v, want io.EOF", err)
		}
		if exit := term.exit(); exit != (runtime.Exit{}) {
			t.Errorf("the tty was left: %+v, want the zero Exit", exit)
		}
		if err := term.session.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
		if _, err := term.session.Write([]byte("x")); err == nil {
			t.Error("Write after Close succeeds")
		}
		if err := term.session.Resize(80, 24); err == nil {
			t.Error("Resize after Close succeeds")
		}
	}
	s.console(t, runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY, Cols: 80, Rows: 24})
	_, err := s.rt.Console(s.context(t), runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY, Cols: 80, Rows: 24})
	wantError(t, err, runtime.ErrNoTTY, "console", ref)
}

func testConsoleBusy(t *testing.T, s *suite) {
	ref := s.make(t, "ttys", runtime.Running)
	const many = 64
	var held []runtime.Session
	for len(held) < many {
		session, err := s.rt.Console(s.context(t), runtime.Console{Ref: ref, TTY: runtime.FreeTTY, Cols: 80, Rows: 24})
		if err != nil {
			wantError(t, err, runtime.ErrNoTTY, "console", ref)
			break
		}
		t.Cleanup(func() { _ = session.Close() })
		held = append(held, session)
	}
	if len(held) == 0 || len(held) == many {
		t.Fatalf("%d ttys were free", len(held))
	}
	_, err := s.rt.Console(s.context(t), runtime.Console{Ref: ref, TTY: 1, Cols: 80, Rows: 24})
	wantError(t, err, runtime.ErrNoTTY, "console", ref)
	for _, tty := range []int{len(held) + 1, -2} {
		_, err = s.rt.Console(s.context(t), runtime.Console{Ref: ref, TTY: tty, Cols: 80, Rows: 24})
		wantError(t, err, runtime.ErrInvalid, "console", ref)
	}
	if err := held[0].Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	s.console(t, runtime.Console{Ref: ref, TTY: runtime.FreeTTY, Cols: 80, Rows: 24})
}

func testConsoleStopped(t *testing.T, s *suite) {
	ref := s.make(t, "off", runtime.Running)
	term := s.console(t, runtime.Console{Ref: ref, TTY: runtime.FreeTTY, Cols: 80, Rows: 24})
	term.enter("\r")
	term.want("login: ")
	s.Stop(t, ref)
	if err := term.over(); !errors.Is(err, io.EOF) {
		t.Errorf("the output ended with %v, want io.EOF", err)
	}
	if exit := term.exit(); exit.Reason == "" || exit.Code != 0 {
		t.Errorf("the container was stopped under its console: %+v, want a reason and no status", exit)
	}
	s.await(t, ref, runtime.Stopped)
}

func testConsoleRefused(t *testing.T, s *suite) {
	ref := s.make(t, "noconsole", runtime.Stopped)
	for _, state := range []runtime.State{runtime.Stopped, runtime.Frozen} {
		s.bring(t, ref, state)
		_, err := s.rt.Console(s.context(t), runtime.Console{Ref: ref, TTY: runtime.FreeTTY, Cols: 80, Rows: 24})
		wantError(t, err, runtime.ErrWrongState, "console", ref)
	}
	s.bring(t, ref, runtime.Running)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.rt.Console(ctx, runtime.Console{Ref: ref, TTY: runtime.FreeTTY, Cols: 80, Rows: 24})
	wantError(t, err, runtime.ErrCancelled, "console", ref)
	s.console(t, runtime.Console{Ref: ref, TTY: 1, Cols: 80, Rows: 24}) // that one took none
	absent := s.ref(0, "absent")
	_, err = s.rt.Console(s.context(t), runtime.Console{Ref: absent, TTY: runtime.FreeTTY, Cols: 80, Rows: 24})
	wantError(t, err, runtime.ErrNotFound, "console", absent)
}

func testBootLog(t *testing.T, s *suite) {
	silent := s.make(t, "unlogged", runtime.Running)
	_, err := s.rt.BootLog(s.context(t), silent)
	wantError(t, err, runtime.ErrNoBootLog, "boot log", silent)
	absent := s.ref(0, "absent")
	_, err = s.rt.BootLog(s.context(t), absent)
	wantError(t, err, runtime.ErrNotFound, "boot log", absent)
	_, err = s.rt.BootLog(s.context(t), runtime.Ref{Path: s.Paths[0], Name: ".."})
	if !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a name that leads away: %v", err)
	}
	ref := s.ref(0, "logged")
	s.Logged(t, ref)
	t.Cleanup(func() { s.Remove(t, ref) })
	s.bring(t, ref, runtime.Running)
	for range 2 { // reading takes nothing away
		var text []byte
		eventually(t, func() bool {
			text, err = runtime.ReadOnly(s.rt).BootLog(s.context(t), ref)
			if err != nil {
				t.Fatalf("boot log: %v", err)
			}
			return len(text) > 0
		}, func() string { return "the boot log stays empty" })
		if len(text) > runtime.MaxBootLog {
			t.Errorf("%d bytes of boot log, want %d at most", len(text), runtime.MaxBootLog)
		}
	}
}
