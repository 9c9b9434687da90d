package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/drive"
)

// slowInit ends after SIGUSR1, the halt signal of these containers, but not
// before a file says so. Another file says that the signal has come.
const slowInit = `#!/bin/sh
trap ': >/lxcdt-heard; while [ ! -e /lxcdt-go ]; do sleep 1; done; exit 0' USR1
while :; do sleep 1; done
`

// stopping is a screen on which a container is being shut down, and what lets
// the container end.
func stopping(t *testing.T) (s *lxctest.Scratch, term *drive.Term, let func()) {
	t.Helper()
	s = lxctest.New(t)
	want(t, s.Add("lxcdt-slow", "lxc.init.cmd = /lxcdt-init"))
	root := filepath.Join(s.Path, ".root")
	want(t, os.WriteFile(filepath.Join(root, "lxcdt-init"), []byte(slowInit), 0o755))
	want(t, s.Start("lxcdt-slow"))
	term = deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("lxcdt-slow", patience))
	want(t, term.Wait("1/1 running", patience))
	want(t, term.Type(":shut down\r"))
	want(t, term.Wait("Shut down lxcdt-slow?", patience))
	want(t, term.Wait("y yes", patience))
	want(t, term.Type("y"))
	want(t, term.Wait("left to end by itself", patience))
	// The time counts from when the job is begun, which is before its helper is asked.
	eventually(t, "it hears the halt signal", func() bool { return exists(filepath.Join(root, "lxcdt-heard")) })
	return s, term, func() { want(t, os.WriteFile(filepath.Join(root, "lxcdt-go"), nil, 0o644)) }
}

// A job that is left runs to its end without lxcdeck, also after a hang-up.
func TestJobsThatAreLeftRunOn(t *testing.T) {
	for _, how := range []string{"left", "hang-up"} {
		t.Run(how, func(t *testing.T) {
			s, term, let := stopping(t)
			if how == "left" {
				want(t, term.Type("q"))
				want(t, term.Wait("1 job running. Leave lxcdeck?", patience))
				want(t, term.Wait("1-3 choose", patience))
				want(t, term.Type("l"))
				if code, err := term.WaitExit(patience); err != nil || code != 0 {
					t.Fatalf("exit status %d, %v", code, err)
				}
			} else {
				want(t, term.HangUp())
			}
			only := []string{}
			for end := time.Now().Add(patience); len(only) != 1; time.Sleep(20 * time.Millisecond) {
				if only = processes(t); time.Now().After(end) {
					t.Fatalf("not the helper alone is left, but:\n%s", described(only))
				}
			}
			if is := state(t, s, "lxcdt-slow"); is != "RUNNING" {
				t.Fatal(is)
			}
			let()
			eventually(t, "it stops", func() bool { return state(t, s, "lxcdt-slow") == "STOPPED" })
			noneLeft(t, "the job's end")
		})
	}
}

// A job that is cancelled on the way out is over when lxcdeck is.
func TestJobsThatAreCancelledEnd(t *testing.T) {
	s, term, _ := stopping(t)
	want(t, term.Type("q"))
	want(t, term.Wait("1-3 choose", patience))
	want(t, term.Type("c"))
	if code, err := term.WaitExit(patience); err != nil || code != 0 {
		t.Fatalf("exit status %d, %v", code, err)
	}
	noneLeft(t, "the cancelled job")
	if is := state(t, s, "lxcdt-slow"); is != "RUNNING" {
		t.Fatal(is)
	}
}
