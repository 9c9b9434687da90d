package lxc

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

func TestExecIsBinaryClean(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-clean")
	data := make([]byte, 1<<20)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	inR, inW := pipe(t)
	outR, outW := pipe(t)
	errR, errW := pipe(t)
	go func() {
		_, _ = inW.Write(data)
		inW.Close()
	}()
	got, said := collect(outR), collect(errR)
	exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "cat; echo done >&2; exit 3"}},
		runtime.Stdio{In: inR, Out: outW, Err: errW})
	outW.Close()
	errW.Close()
	if err != nil || exit != (runtime.Exit{Code: 3}) {
		t.Errorf("exec: %+v, %v", exit, err)
	}
	if out := <-got; !bytes.Equal(out, data) {
		t.Errorf("%d bytes came back of %d, or others", len(out), len(data))
	}
	if text := <-said; string(text) != "done\n" {
		t.Errorf("stderr %q", text)
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func collect(r io.Reader) <-chan []byte {
	ch := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r)
		ch <- b
	}()
	return ch
}

// The terminal lxcdeck itself runs on must not be had in the container.
func TestExecHidesOurTerminal(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-tty")
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	if _, err := master.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	exit, err := a.Exec(context.Background(),
		runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "read x; echo got $x; ls -l /proc/self/fd; tty; (: > /dev/tty) 2>&1 && echo LE''AK; echo e''nd"}},
		runtime.Stdio{In: slave, Out: slave, Err: slave})
	if err != nil || exit.Code != 0 {
		t.Fatalf("exec: %+v, %v", exit, err)
	}
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "end") {
		n, err := master.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q", err, text.String())
		}
		text.Write(buf[:n])
	}
	if !strings.Contains(text.String(), "got typed") {
		t.Errorf("input did not pass: %q", text.String())
	}
	for _, bad := range []string{"/dev/pts", "/dev/tty1", "LEAK"} {
		if strings.Contains(text.String(), "-> "+bad) || (bad == "LEAK" && strings.Contains(text.String(), bad)) {
			t.Errorf("%s inside: %q", bad, text.String())
		}
	}
}

func TestExecEndsWithItsContext(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-ctx")
	r, w := pipe(t)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.ReadFull(r, make([]byte, 3))
		cancel()
	}()
	_, err := a.Exec(ctx, runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "echo up; while :; do sleep 1; done # endless"}}, runtime.Stdio{Out: w})
	if !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("%v, want ErrCancelled", err)
	}
	within(t, "the process ends", func() bool { return inside(t, a, ref, "endless") == 0 })
}

// A monitor that does not answer costs a deadline, not a hang.
func TestAttachToASilentMonitor(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-silent")
	monitors := monitorsOf(ref, time.Unix(0, 0))
	if len(monitors) != 1 {
		t.Fatalf("monitors %v", monitors)
	}
	if err := syscall.Kill(monitors[0], syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(monitors[0], syscall.SIGCONT) }()
	began := time.Now()
	_, err := a.Attach(context.Background(), runtime.Shell{Ref: ref})
	if !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("%v, want ErrNoAnswer", err)
	}
	var e *runtime.Error
	if !errors.As(err, &e) || e.Hint == "" || e.Ref != ref {
		t.Errorf("error %+v, want the container and a hint", e)
	}
	t.Logf("refused after %v", time.Since(began))
}

// TestKilled kills a process with open sessions: nothing of it stays in the
// container.
func TestKilled(t *testing.T) {
	const hold = "LXCDECK_TEST_HOLD"
	if path := os.Getenv(hold); path != "" {
		holdSessions(t, path)
		return
	}
	a, _, ref := running(t, "lxcdt-ex-killed")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKilled$", "-test.v")
	cmd.Env = append(os.Environ(), hold+"="+ref.Path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	for buf := make([]byte, 512); !strings.Contains(said.String(), "all are up"); {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v: %s", err, said.String())
		}
	}
	if n := inside(t, a, ref, "mark-of-test"); n < 5 {
		t.Fatalf("%d processes inside, want 5", n)
	}
	helpers := helpersOf(cmd.Process.Pid)
	if len(helpers) != 5 {
		t.Fatalf("helpers %v, want 5", helpers)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	d := within(t, "all processes are gone", func() bool { return inside(t, a, ref, "mark-of-test") == 0 })
	t.Logf("all gone %v after SIGKILL", d)
	within(t, "all helpers are gone", func() bool { return !slices.ContainsFunc(helpers, isHelper) })
}

// isHelper says whether a process runs as a helper; one that has ended does not.
func isHelper(pid int) bool {
	cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(cmd, []byte(helperArg))
}

// helpersOf are the helpers that a process started.
func helpersOf(parent int) []int {
	var pids []int
	eachPID(func(pid int) {
		fields, err := statFields(pid)
		if err == nil && fields[1] == strconv.Itoa(parent) && isHelper(pid) {
			pids = append(pids, pid)
		}
	})
	return pids
}

func holdSessions(t *testing.T, path string) {
	a := adapterFor(t, path)
	ref := runtime.Ref{Path: path, Name: "lxcdt-ex-killed"}
	for range 4 {
		p := attach(t, a, runtime.Shell{Ref: ref, Command: []string{"/bin/sh", "-c", "trap '' HUP; echo u''p; while :; do sleep 1; done # mark-of-test"}})
		p.expect("up")
	}
	r, w := pipe(t)
	go func() {
		_, _ = a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"/bin/sh", "-c", "trap '' HUP; echo up; while :; do sleep 1; done # mark-of-test"}}, runtime.Stdio{Out: w})
	}()
	if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	fmt.Println("all are up")
	select {}
}

// A helper that somebody starts by hand ends at once.
func TestHelperWithoutSocket(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", helperArg)
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != helperFailed {
			t.Errorf("%v, want exit status %d", err, helperFailed)
		}
	case <-time.After(longTime):
		_ = cmd.Process.Kill()
		t.Error("it waits")
	}
}

func TestHelperEnvironment(t *testing.T) {
	t.Setenv("LXCDECK_SECRET", "x")
	t.Setenv("LD_PRELOAD", "/nowhere.so")
	env := helperCommand(helperRequest{Kind: kindOp, Ref: runtime.Ref{Path: "/p", Name: "secret-name"}}, nil)
	if strings.Contains(strings.Join(env.Args, " "), "secret-name") {
		t.Errorf("argv %q tells the request", env.Args)
	}
	for _, kv := range env.Env {
		key, _, _ := strings.Cut(kv, "=")
		switch key {
		case "PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS":
		default:
			t.Errorf("environment has %q", kv)
		}
	}
	if env.Dir != "/" || !env.SysProcAttr.Setsid {
		t.Errorf("dir %q, setsid %v", env.Dir, env.SysProcAttr.Setsid)
	}
	if lxcMajor("6.0.4") != 6 || lxcMajor("x") != 0 || lxcMajor(golxc.Version()) < 3 {
		t.Error("lxcMajor misreads a version")
	}
}

// A user's HOME is what liblxc goes by, if it is the user's; root's is not looked at.
func TestHomeOfHelpers(t *testing.T) {
	const nobody = 54321 // has no entry in passwd
	dir := t.TempDir()
	other := nobody
	if os.Geteuid() != 0 {
		other = os.Geteuid()
	} else {
		must(t, os.Chown(dir, nobody, nobody))
	}
	for _, tt := range []struct {
		uid       int
		env, want string
	}{
		{other, dir, dir}, {other, dir + "/none/", dir + "/none"}, {nobody, "/proc", "/"}, {nobody, "", "/"}, {nobody, "some", "/"}, {0, dir, "/root"},
	} {
		if got := ownHome(tt.uid, tt.env); got != tt.want {
			t.Errorf("uid %d, HOME=%q: %s, want %s", tt.uid, tt.env, got, tt.want)
		}
	}
}

func TestHelperErrorsKeepTheirKind(t *testing.T) {
	for name, sentinel := range errKinds() {
		r := failedReply(fmt.Errorf("%w: because", sentinel), "line")
		if err := r.err(); !errors.Is(err, sentinel) || !strings.Contains(err.Error(), "because") {
			t.Errorf("%s became %v", name, err)
		}
	}
	told := failedReply(&runtime.Error{Err: errors.New("restore failed"), Log: "criu: no such mount\nline"}, "line")
	if err := replied("resume", runtime.Ref{Name: "web"}, &told); err == nil || err.Error() != "resume web: restore failed: criu: no such mount" {
		t.Errorf("words of another program: %v", err)
	}
	plain := failedReply(errors.New("plain"), "")
	if err := plain.err(); err == nil || err.Error() != "plain" {
		t.Errorf("plain error became %v", err)
	}
}

func TestCleanLog(t *testing.T) {
	const log = "lxc web 20261123094500.123 ERROR    attach - ../src/lxc/attach.c:lxc_attach:1500 - No such - thing\nodd line\n\n"
	if got, want := cleanLog(log), "No such - thing\nodd line"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestExecSaysWhatCannotRun(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-none")
	exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"no-such-program"}}, runtime.Stdio{})
	if err != nil || exit.Code != 127 || !strings.Contains(exit.Reason, "no-such-program: no such file") {
		t.Errorf("%+v, %v", exit, err)
	}
	exit, err = a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "exit 127"}}, runtime.Stdio{})
	if err != nil || exit != (runtime.Exit{Code: 127}) {
		t.Errorf("a status of its own: %+v, %v", exit, err)
	}
}

// Children of the process end with it when its caller hangs up, and when
// somebody kills the helper.
func TestExecLeavesNothingBehind(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-rest")
	start := func(ctx context.Context, mark string) <-chan error {
		r, w := pipe(t)
		done := make(chan error, 1)
		go func() {
			_, err := a.Exec(ctx, runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "sh -c 'echo up; while :; do sleep 1; done # " + mark + "'; true"}}, runtime.Stdio{Out: w})
			done <- err
		}()
		_, _ = io.ReadFull(r, make([]byte, 3))
		return done
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := start(ctx, "hungup")
	cancel()
	if err := <-done; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("%v, want ErrCancelled", err)
	}
	within(t, "nothing is left after a hang-up", func() bool { return inside(t, a, ref, "hungup") == 0 })

	done = start(context.Background(), "orphan")
	helpers := helpersOf(os.Getpid())
	if len(helpers) == 0 {
		t.Fatal("no helper of ours")
	}
	for _, pid := range helpers {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err := <-done; !errors.Is(err, runtime.ErrHelper) {
		t.Errorf("%v, want ErrHelper", err)
	}
	within(t, "nothing is left after the helper was killed", func() bool { return inside(t, a, ref, "orphan") == 0 })
}
