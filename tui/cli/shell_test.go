package cli

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/tui/settings"
)

func devNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestShellWithoutTerminal(t *testing.T) {
	tests := []struct {
		args []string
		in   string
		code int
		out  string
		err  string
	}{
		{[]string{"shell", "web-1", "--", "hostname"}, "", 0, "web-1\n", ""},
		{[]string{"shell", "-n", "web-1", "--", "sh", "-c", "echo out; exit 7"}, "", 7, "out\n", ""},
		{[]string{"shell", "web-1", "--", "false"}, "", 1, "", ""},
		{[]string{"shell", "web-1", "--", "nosuch"}, "", 127, "", "not found"},
		{[]string{"shell", "web-1", "--", "cat"}, "\x00\xff\r\n\x1b]0;x\a", 0, "\x00\xff\r\n\x1b]0;x\a", ""},
		{[]string{"shell", "web-1"}, "hostname\nexit 3\n", 3, "web-1\n", ""},
		{[]string{"shell", "--user", "ann", "web-1", "--", "whoami"}, "", 0, "ann\n", ""},
		{[]string{"shell", "web-1", "--cwd", "/srv", "--", "pwd"}, "", 0, "/srv\n", ""},
		{[]string{"shell", "web-1", "--", "echo", "--json", "-n"}, "", 0, "--json -n\n", ""},
		{[]string{"shell", "db", "--", "true"}, "", 125, "", "wrong state: it is STOPPED"},
		{[]string{"shell", "nope", "--", "true"}, "", 125, "", "no such container"},
		{[]string{"shell", "..", "--", "true"}, "", 125, "", "not one path component"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			r := lxcdeckWith(t, testHost(), func(o *Options) {
				if _, err := o.Stdin.WriteString(tt.in); err != nil {
					t.Fatal(err)
				}
				if _, err := o.Stdin.Seek(0, 0); err != nil {
					t.Fatal(err)
				}
			}, tt.args...)
			if r.code != tt.code || r.out != tt.out || !strings.Contains(r.err, tt.err) || (tt.err == "" && r.err != "") {
				t.Errorf("result = %+v, want %d, %q, %q", r, tt.code, tt.out, tt.err)
			}
		})
	}
}

// onTerminal runs the command line on a terminal and plays the person and the
// terminal before it.
type onTerminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	seen   chan []byte
	shown  []byte // not looked at yet
	all    []byte
	code   chan int
	before *term.State
}

func startOnTerminal(t *testing.T, rt runtime.Runtime, args ...string) *onTerminal {
	t.Helper()
	return startOnTerminalWith(t, rt, map[string]string{"TERM": "xterm", "XDG_STATE_HOME": t.TempDir()}, args...)
}

func startOnTerminalWith(t *testing.T, rt runtime.Runtime, env map[string]string, args ...string) *onTerminal {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(slave, &pty.Winsize{Cols: 91, Rows: 33}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(slave.Fd())
	if err != nil {
		t.Fatal(err)
	}
	o := &onTerminal{t: t, master: master, slave: slave, seen: make(chan []byte, 1024), code: make(chan int, 1), before: before}
	go func() {
		for {
			buf := make([]byte, 4096)
			n, err := master.Read(buf)
			if err != nil {
				close(o.seen)
				return
			}
			if bytes.Contains(buf[:n], []byte("\x1b[c")) {
				_, _ = master.WriteString("\x1b[?62;22c") // what a terminal answers; a closed pty ends the read above
			}
			o.seen <- buf[:n]
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	go func() {
		defer cancel()
		o.code <- Main(ctx, Options{
			Args: args, Stdin: slave, Stdout: slave, Stderr: slave,
			Audit:  cmp.Or(env["AUDIT"], filepath.Join(t.TempDir(), "state", "audit.jsonl")),
			Hold:   holdOf(env),
			Getenv: func(k string) string { return env[k] },
			Open:   func([]string, bool, bool) (runtime.Runtime, error) { return keep{rt}, nil },
			RunScreen: func(context.Context, runtime.Runtime, settings.Settings, *settings.Live, string) int {
				return 42
			},
		})
	}()
	t.Cleanup(func() { _, _ = slave.Close(), master.Close() })
	return o
}

func (o *onTerminal) want(text string) {
	o.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		if i := bytes.Index(o.shown, []byte(text)); i >= 0 {
			o.shown = o.shown[i+len(text):]
			return
		}
		select {
		case p, ok := <-o.seen:
			if !ok {
				o.t.Fatalf("the terminal closed before %q; shown: %q", text, o.shown)
			}
			o.shown = append(o.shown, p...)
			o.all = append(o.all, p...)
		case <-timeout:
			o.t.Fatalf("%q does not come; shown: %q", text, o.shown)
		}
	}
}

func (o *onTerminal) send(text string) {
	o.t.Helper()
	if _, err := o.master.WriteString(text); err != nil {
		o.t.Fatal(err)
	}
}

// exit waits for the end and checks that the terminal is as it was found.
func (o *onTerminal) exit(want int) {
	o.t.Helper()
	select {
	case code := <-o.code:
		if code != want {
			o.t.Errorf("status %d, want %d; shown: %q", code, want, o.shown)
		}
	case <-time.After(30 * time.Second):
		o.t.Fatal("it does not end")
	}
	after, err := term.GetState(o.slave.Fd())
	if err != nil {
		o.t.Fatal(err)
	}
	if *after != *o.before {
		o.t.Errorf("the terminal's settings are %+v, were %+v", after, o.before)
	}
}

// scripted makes a session that the test plays.
func scripted(rt *fake.Runtime) *fake.Session {
	s := fake.NewSession(0, 0)
	rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		return s, s.Resize(sh.Cols, sh.Rows)
	})
	return s
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestShellOnTerminal(t *testing.T) {
	o := startOnTerminal(t, testHost(), "shell", "web-1")
	o.want("# ")
	o.send("stty size\r")
	o.want("33 91")
	o.want("# ")
	o.send("exit 9\r")
	o.want("\x1b[c")
	o.exit(9)
}

func TestShellResizes(t *testing.T) {
	rt := testHost()
	s := scripted(rt)
	o := startOnTerminal(t, rt, "shell", "web-1")
	if err := s.AwaitSize(soon(t), 91, 33); err != nil {
		t.Fatal(err)
	}
	s.Feed([]byte("ready"))
	o.want("ready")
	if err := pty.Setsize(o.slave, &pty.Winsize{Cols: 70, Rows: 20}); err != nil {
		t.Fatal(err)
	}
	// The pty is not the test's controlling terminal: the kernel sends no signal.
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitSize(soon(t), 70, 20); err != nil {
		t.Error("the session is not resized")
	}
	s.End(runtime.Exit{Code: 137, Signal: 9, Reason: "container stopped"})
	o.want("web-1: container stopped")
	o.exit(137)
}

// Nothing tells of a resize here: the pty is not the test's controlling
// terminal, so the kernel sends no signal.
func TestShellMeetsTheSizeOfItsTerminal(t *testing.T) {
	rt := testHost()
	s := fake.NewSession(0, 0)
	var o *onTerminal
	made := make(chan struct{})
	rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		<-made
		if err := s.Resize(sh.Cols, sh.Rows); err != nil {
			return nil, err
		}
		return s, pty.Setsize(o.slave, &pty.Winsize{Cols: 70, Rows: 20})
	})
	o = startOnTerminal(t, rt, "shell", "web-1")
	close(made)
	if err := s.AwaitSize(soon(t), 70, 20); err != nil {
		t.Fatal("a resize while the session was made is lost")
	}
	if err := pty.Setsize(o.slave, &pty.Winsize{Cols: 60, Rows: 15}); err != nil {
		t.Fatal(err)
	}
	o.send("x")
	if err := s.AwaitTyped(soon(t), "x"); err != nil {
		t.Fatal(err)
	}
	if cols, rows := s.Size(); cols != 60 || rows != 15 {
		t.Errorf("what is typed after a resize meets %dx%d, want 60x15", cols, rows)
	}
	s.End(runtime.Exit{})
	o.exit(0)
}

func TestShellPrefixLeavesAndHangsUp(t *testing.T) {
	rt := testHost()
	s := scripted(rt)
	o := startOnTerminal(t, rt, "shell", "web-1")
	s.Feed([]byte("\x1b]0;evil\a\x1b[?1049hok"))
	o.want("\x1b[?1049hok")
	o.send("ab\x1d\x1d\x1dx")
	if err := s.AwaitTyped(soon(t), "ab\x1d\x1dx"); err != nil {
		t.Errorf("typed %q", s.Typed())
	}
	o.send("\x1b")
	if err := s.AwaitTyped(soon(t), "x\x1b"); err != nil {
		t.Error("a lone escape key does not get through")
	}
	o.send("\x1dd")
	o.want("\x1b[?1049l")
	o.want("left web-1; the session was hung up")
	o.exit(0)
	if !s.Closed() {
		t.Error("the session is not closed")
	}
	if bytes.Contains(o.all, []byte("evil")) {
		t.Errorf("the title reached the terminal: %q", o.all)
	}
	if strings.Contains(string(s.Typed()), "62;22c") {
		t.Error("the answer to the last question went to the container")
	}
}

func TestShellIsLeftThoughItsProgramReadsNothing(t *testing.T) {
	rt := testHost()
	s := fake.NewSession(80, 24)
	rt.OnAttach(func(runtime.Shell) (runtime.Session, error) { return deaf{s}, nil })
	o := startOnTerminal(t, rt, "shell", "web-1")
	s.Feed([]byte("ready"))
	o.want("ready")
	for range 20 {
		o.send(strings.Repeat("x", 1000))
	}
	o.send("\x1dd")
	o.exit(0)
}

// deaf blocks whoever writes to it.
type deaf struct{ *fake.Session }

func (d deaf) Write([]byte) (int, error) {
	_, err := d.Wait(context.Background())
	return 0, err
}

func TestShellEndsBySignal(t *testing.T) {
	rt := testHost()
	s := scripted(rt)
	o := startOnTerminal(t, rt, "shell", "web-1")
	s.Feed([]byte("\x1b[?25l."))
	o.want(".")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	o.want("\x1b[?25h")
	o.want("ended by a signal")
	o.exit(125)
	if !s.Closed() {
		t.Error("the session is not closed")
	}
}

func TestShellTimeout(t *testing.T) {
	rt := testHost()
	s := scripted(rt)
	o := startOnTerminal(t, rt, "shell", "--timeout", "1s", "web-1") // a session has to come up in it
	o.want("the time is over")
	o.exit(125)
	if !s.Closed() {
		t.Error("the session is not closed")
	}
	rt = testHost()
	rt.Fail(fake.List, runtime.Ref{}, fake.Fault{Stuck: true})
	if r := lxcdeck(t, rt, "ls", "--timeout", "50ms"); r.code != 1 || !strings.Contains(r.err, "deadline exceeded") {
		t.Errorf("ls: %+v", r)
	}
}

func TestOutputOnTerminalIsFilteredWithoutPty(t *testing.T) {
	o := startOnTerminal(t, testHost())
	o.exit(42) // the screen was run

	rt := testHost()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), slave.Close() }()
	r := lxcdeckWith(t, rt, func(opts *Options) { opts.Stderr = slave }, "shell", "web-1", "--", "\x1b]0;evil\anosuch")
	if r.code != 127 || r.out != "" {
		t.Errorf("result = %+v", r)
	}
	buf := make([]byte, 4096)
	n, err := master.Read(buf)
	if err != nil || !bytes.Contains(buf[:n], []byte("sh: nosuch: not found")) || bytes.Contains(buf[:n], []byte("evil")) {
		t.Errorf("the terminal got %q, %v", buf[:n], err)
	}
}

func TestPrefixOfTheSettings(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(name, []byte("prefix = \"ctrl+a\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rt := testHost()
	s := scripted(rt)
	o := startOnTerminal(t, rt, "--config", name, "shell", "web-1")
	s.Feed([]byte("ready"))
	o.want("ready")
	o.send("\x01d")
	o.exit(0)
}
