package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// loginRoom lets root of the shared busybox root log in without a password; the
// template leaves it without any that fits.
func loginRoom(t *testing.T, s *lxctest.Scratch) {
	t.Helper()
	put(t, filepath.Join(s.Path, ".root", "etc", "passwd"), "root::0:0:root:/root:/bin/sh\n")
	must(t, os.MkdirAll(filepath.Join(s.Path, ".root", "root"), 0o700))
}

func console(t *testing.T, a *Adapter, c runtime.Console) *typist {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longTime)
	defer cancel()
	session, err := a.Console(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return typing(t, session)
}

func TestConsoleLogin(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-co-login"}
	must(t, s.Add(ref.Name))
	loginRoom(t, s)
	must(t, s.Start(ref.Name))
	p := console(t, a, runtime.Console{Ref: ref, TTY: runtime.FreeTTY, Cols: 91, Rows: 33})
	p.send("\r")
	p.expect("login: ")
	p.send("root\r")
	p.expect("# ")
	p.send("stty size; tty; id -un\r")
	p.expect("33 91")
	p.expect("/dev/tty1")
	p.expect("root")
	must(t, p.s.Resize(133, 41))
	p.send("stty size\r")
	p.expect("41 133")
	p.send("sh -c 'trap \"echo GOT; stty size; exit 3\" WINCH; echo re''ady; while :; do sleep 0.05; done'\r")
	p.expect("ready")
	must(t, p.s.Resize(134, 42))
	p.expect("42 134")
	// Nothing hangs up: it is as it was left.
	p.send("MARK=st''ill\r")
	p.expect("# ")
	must(t, p.s.Close())
	p.endOfOutput()
	if exit := p.end(); exit != (runtime.Exit{}) {
		t.Errorf("left: %+v", exit)
	}
	p = console(t, a, runtime.Console{Ref: ref, TTY: 1})
	p.send("echo $MARK\r")
	p.expect("still\r\n")
	p.send("exit\r")
	p.expect("login: ") // a getty again
}

func TestConsoleOfTheInit(t *testing.T) {
	a, _, ref := running(t, "lxcdt-co-zero")
	p := console(t, a, runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY, Cols: 91, Rows: 33})
	p.send("\r")
	p.expect("# ")
	p.send("stty size\r")
	p.expect("33 91")
	must(t, p.s.Resize(133, 41))
	within(t, "the new size", func() bool {
		p.send("stty size\r")
		return strings.Contains(p.expect("# "), "41 133")
	})
	_, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY})
	if !errors.Is(err, runtime.ErrNoTTY) {
		t.Errorf("a second time: %v, want ErrNoTTY", err)
	}
	must(t, p.s.Close())
	p = console(t, a, runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY})
	p.send("echo aga''in\r")
	p.expect("again")
}
