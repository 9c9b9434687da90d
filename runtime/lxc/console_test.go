package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

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
	p.send("ls -l /proc/self/fd; echo do''ne\r")
	for line := range strings.Lines(p.expect("done")) {
		_, target, ok := strings.Cut(line, " -> ")
		target = strings.TrimSpace(target)
		if ok && target != "/dev/tty1" && target != "/dev/tty" && !strings.HasPrefix(target, "/proc/") {
			t.Errorf("open in the container: %s", strings.TrimSpace(line))
		}
	}
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
	p.expect("33 91\r\n") // and not \r\r\n, as through two terminals
	p.send("stty -opost; echo one; echo two; stty sane\r")
	p.expect("one\ntwo\n")
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

// The monitor and whoever takes the tty next have the same open file: it must
// not stay non-blocking.
func TestConsoleLeavesTheTTYAsItWas(t *testing.T) {
	a, _, ref := running(t, "lxcdt-co-flags")
	p := console(t, a, runtime.Console{Ref: ref, TTY: 1})
	must(t, p.s.Close())
	p.end()
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	must(t, err)
	fd := -1
	within(t, "the tty is free", func() bool {
		fd, err = c.ConsoleFd(1)
		return err == nil
	})
	defer unix.Close(fd)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_NONBLOCK != 0 {
		t.Errorf("flags %x, %v: the tty is left non-blocking", flags, err)
	}
}

// What somebody else holds is busy for us, too; lxc-console is the judge.
func TestConsoleBesideLXCConsole(t *testing.T) {
	a, _, ref := running(t, "lxcdt-co-beside")
	master, slave, err := hostPty()
	must(t, err)
	defer unix.Close(master)
	tty := os.NewFile(uintptr(slave), "pty")
	defer tty.Close()
	cmd := exec.Command("lxc-console", "-P", ref.Path, "-n", ref.Name, "-t", "1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	must(t, cmd.Start())
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	within(t, "lxc-console has the tty", func() bool {
		s, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: 1})
		if err == nil {
			must(t, s.Close())
			return false
		}
		if !errors.Is(err, runtime.ErrNoTTY) || !strings.Contains(err.Error(), "tty 1 is in use") {
			t.Fatal(err)
		}
		return true
	})
	_, err = a.Console(t.Context(), runtime.Console{Ref: ref, TTY: runtime.FreeTTY})
	if !errors.Is(err, runtime.ErrNoTTY) || !strings.Contains(err.Error(), "all 1 are in use") {
		t.Errorf("none is free: %v", err)
	}
}

// TestConsoleHolderKilled kills a process that holds ttys: they are free again
// and nothing of it is left.
func TestConsoleHolderKilled(t *testing.T) {
	const hold = "LXCDECK_TEST_CONSOLE"
	if path := os.Getenv(hold); path != "" {
		a := adapterFor(t, path)
		for _, tty := range []int{1, 2, runtime.ConsoleTTY} {
			console(t, a, runtime.Console{Ref: runtime.Ref{Path: path, Name: "lxcdt-co-killed"}, TTY: tty})
		}
		fmt.Println("all are up")
		select {}
	}
	a, _, ref := running(t, "lxcdt-co-killed", "lxc.tty.max = 2")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestConsoleHolderKilled$", "-test.v")
	cmd.Env = append(os.Environ(), hold+"="+ref.Path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var said strings.Builder
	for buf := make([]byte, 512); !strings.Contains(said.String(), "all are up"); {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v: %s", err, said.String())
		}
	}
	helpers := helpersOf(cmd.Process.Pid)
	if len(helpers) != 3 {
		t.Fatalf("helpers %v, want 3", helpers)
	}
	for _, tty := range []int{runtime.FreeTTY, runtime.ConsoleTTY} {
		if _, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: tty}); !errors.Is(err, runtime.ErrNoTTY) {
			t.Errorf("tty %d while all are held: %v", tty, err)
		}
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	began := time.Now()
	for _, tty := range []int{1, 2, runtime.ConsoleTTY} {
		within(t, fmt.Sprintf("tty %d is free", tty), func() bool {
			s, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: tty})
			if err == nil {
				must(t, s.Close())
			}
			return err == nil
		})
	}
	t.Logf("all taken again %v after SIGKILL", time.Since(began))
	within(t, "all helpers are gone", func() bool { return !slices.ContainsFunc(helpers, isHelper) })
}

// With its helper the tty is lost: nobody may go on reading what is another's.
func TestConsoleHelperKilled(t *testing.T) {
	a, _, ref := running(t, "lxcdt-co-helper")
	p := console(t, a, runtime.Console{Ref: ref, TTY: 1})
	p.send("\r")
	p.expect("login: ")
	helpers := helpersOf(os.Getpid())
	if len(helpers) != 1 {
		t.Fatalf("helpers %v, want one", helpers)
	}
	must(t, syscall.Kill(helpers[0], syscall.SIGKILL))
	p.endOfOutput()
	if exit, err := p.s.Wait(t.Context()); !errors.Is(err, runtime.ErrHelper) {
		t.Errorf("end: %+v, %v; want ErrHelper", exit, err)
	}
	again := console(t, a, runtime.Console{Ref: ref, TTY: 1})
	again.send("\r")
	again.expect("login: ")
}

// A reboot is another life: its ttys are new.
func TestConsoleEndsWithAReboot(t *testing.T) {
	a, _, ref := running(t, "lxcdt-co-reboot")
	p := console(t, a, runtime.Console{Ref: ref, TTY: 1})
	p.send("\r")
	p.expect("login: ")
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Reboot, Ref: ref}))
	p.endOfOutput()
	if exit := p.end(); exit.Reason != "container stopped" {
		t.Errorf("end: %+v", exit)
	}
	within(t, "a console of the new life", func() bool {
		s, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: 1})
		if err == nil {
			typing(t, s).expect("login: ")
		}
		return err == nil
	})
}

func TestConsoleRefusals(t *testing.T) {
	a, s, ref := running(t, "lxcdt-co-refuse", "lxc.tty.max = 0")
	_, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: runtime.FreeTTY})
	if !errors.Is(err, runtime.ErrNoTTY) || !strings.Contains(err.Error(), "lxc.tty.max") {
		t.Errorf("a container without ttys: %v", err)
	}
	if _, err := a.Console(t.Context(), runtime.Console{Ref: ref, Cols: 70000, Rows: 1}); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("size: %v", err)
	}
	locked, err := New(Options{Paths: []string{ref.Path}, ReadOnly: true})
	must(t, err)
	defer locked.Close()
	if _, err := locked.Console(t.Context(), runtime.Console{Ref: ref}); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	must(t, s.Freeze(ref.Name))
	var e *runtime.Error
	_, err = a.Console(t.Context(), runtime.Console{Ref: ref})
	if !errors.Is(err, runtime.ErrWrongState) || !errors.As(err, &e) || e.Op != "console" || e.Hint == "" {
		t.Errorf("frozen: %v, want ErrWrongState with a hint", err)
	}
	must(t, s.Tool("lxc-unfreeze", ref.Name))
	// Somebody else could have written what would be loaded.
	config := filepath.Join(ref.Path, ref.Name, "config")
	must(t, os.Chmod(config, 0o666))
	if _, err := a.Console(t.Context(), runtime.Console{Ref: ref}); !errors.Is(err, runtime.ErrForeign) {
		t.Errorf("a config that others can write: %v, want ErrForeign", err)
	}
	if _, err := a.BootLog(t.Context(), ref); !errors.Is(err, runtime.ErrForeign) {
		t.Errorf("boot log with a config that others can write: %v, want ErrForeign", err)
	}
	must(t, os.Chmod(config, 0o640))
	monitors := monitorsOf(ref, time.Unix(0, 0))
	must(t, syscall.Kill(monitors[0], syscall.SIGSTOP))
	defer func() { _ = syscall.Kill(monitors[0], syscall.SIGCONT) }()
	quick, err := New(Options{Paths: []string{ref.Path}, Answer: 100 * time.Millisecond})
	must(t, err)
	defer quick.Close()
	if _, err := quick.Console(t.Context(), runtime.Console{Ref: ref}); !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("a silent monitor: %v, want ErrNoAnswer", err)
	}
	if _, err := quick.BootLog(t.Context(), ref); !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("boot log of a silent monitor: %v, want ErrNoAnswer", err)
	}
}

// The monitor writes to the pty of whoever has /dev/console: one that blocked
// there would answer nobody, and never again once its reader has gone.
func TestConsoleThatNobodyReads(t *testing.T) {
	a, _, ref := running(t, "lxcdt-co-unread")
	answers := func(what string) {
		t.Helper()
		within(t, "the monitor answers "+what, func() bool {
			l, err := a.List(t.Context())
			must(t, err)
			return l.Containers[0].State == runtime.Running && l.Containers[0].NoAnswerSince.IsZero()
		})
	}
	s, err := a.Console(t.Context(), runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY})
	must(t, err)
	defer s.Close()
	say(t, a, ref, "seq 1 50000") // comes back only if somebody takes it
	answers("while nobody reads")
	must(t, s.Close())
	p := console(t, a, runtime.Console{Ref: ref, TTY: runtime.ConsoleTTY})
	p.send("\r")
	p.expect("# ")
	answers("afterwards")
	// The same the other way.
	p.send("stty raw -echo; echo sleep''ing; sleep 600\r")
	p.expect("sleeping")
	var typed atomic.Int64
	go func() {
		for {
			n, err := p.s.Write(bytes.Repeat([]byte("x"), 1024))
			typed.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	within(t, "no more is taken", func() bool {
		before := typed.Load()
		time.Sleep(300 * time.Millisecond)
		return before > inputAhead && typed.Load() == before
	})
	answers("while nobody reads the input")
}
