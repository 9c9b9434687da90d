package runtimetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"lxcdeck/runtime"
)

// logged makes a container with a log of liblxc's and one inside.
func (s *suite) logged(t *testing.T, word string) (ref runtime.Ref, inside string) {
	t.Helper()
	inside = "/var/log/deck/app.log"
	ref = s.ref(0, word)
	s.Own(t, ref)
	t.Cleanup(func() { s.Remove(t, ref) })
	s.Log(t, ref, "lxc", "first\n")
	s.Log(t, ref, inside, "within\n")
	return ref, inside
}

// source finds a log in the list.
func (s *suite) source(t *testing.T, rt runtime.Runtime, ref runtime.Ref, name string) runtime.LogSource {
	t.Helper()
	all, err := rt.Logs(s.context(t), ref)
	if err != nil {
		t.Fatalf("logs: %v", err)
	}
	if !slices.IsSortedFunc(all, func(x, y runtime.LogSource) int { return int(x.Kind) - int(y.Kind) }) {
		t.Errorf("the logs are in another order than their kinds: %+v", all)
	}
	i := slices.IndexFunc(all, func(l runtime.LogSource) bool { return l.Name() == name })
	if i < 0 {
		t.Fatalf("no %s in %+v", name, all)
	}
	if n, ok := all[i].Size.Get(); !ok || n == 0 || all[i].Why != "" || all[i].Changed.IsZero() {
		t.Errorf("%s: %+v", name, all[i])
	}
	return all[i]
}

// textOf opens a log once more and reads it.
func textOf(t *testing.T, log *runtime.Log) string {
	t.Helper()
	f, err := log.Open()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	text, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(text)
}

// testLogs reads both kinds of files, stopped and running, also read-only.
func testLogs(t *testing.T, s *suite) {
	ref, inside := s.logged(t, "logs")
	want := map[string]string{"lxc": "first\n", inside: "within\n"}
	for _, state := range []runtime.State{runtime.Stopped, runtime.Running} {
		s.bring(t, ref, state)
		for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
			for _, name := range []string{"lxc", inside} {
				log, err := rt.OpenLog(s.context(t), ref, s.source(t, rt, ref, name))
				if err != nil {
					t.Fatalf("open %s: %v", name, err)
				}
				if got := textOf(t, log); got != want[name] {
					t.Errorf("%s of one that is %s: %q, want %q", name, state, got, want[name])
				}
				s.Log(t, ref, name, "more\n")
				want[name] += "more\n"
				eventually(t, func() bool { return textOf(t, log) == want[name] }, func() string { return "what was added to " + name + " is not seen" })
				if log.Ended != nil {
					t.Errorf("%s is a file and has an end", name)
				}
				if err := log.Close(); err != nil {
					t.Errorf("close %s: %v", name, err)
				}
				if f, err := log.Open(); err == nil {
					_ = f.Close()
					t.Errorf("%s opens after its Close", name)
				}
			}
		}
	}
}

// testLogsRefused: what is not there, and what runs a program where none may be run.
func testLogsRefused(t *testing.T, s *suite) {
	ref, _ := s.logged(t, "nologs")
	missing := runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/absent"}
	_, err := s.rt.OpenLog(s.context(t), ref, missing)
	wantError(t, err, runtime.ErrNoLog, "open log", ref)
	_, err = s.rt.OpenLog(s.context(t), ref, runtime.LogSource{Kind: runtime.LogConsole})
	wantError(t, err, runtime.ErrNoLog, "open log", ref)
	_, err = runtime.ReadOnly(s.rt).OpenLog(s.context(t), ref, runtime.LogSource{Kind: runtime.LogJournal})
	wantError(t, err, runtime.ErrReadOnly, "open log", ref)
	absent := s.ref(0, "absent")
	_, err = s.rt.Logs(s.context(t), absent)
	wantError(t, err, runtime.ErrNotFound, "logs", absent)
	_, err = s.rt.OpenLog(s.context(t), absent, missing)
	wantError(t, err, runtime.ErrNotFound, "open log", absent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.rt.Logs(ctx, ref)
	wantError(t, err, runtime.ErrCancelled, "logs", ref)
	_, err = s.rt.OpenLog(ctx, ref, missing)
	wantError(t, err, runtime.ErrCancelled, "open log", ref)
}
