package tui

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// tty is a real terminal device with the program on one side and the test on
// the other.
type tty struct {
	t       *testing.T
	master  *os.File
	slave   *os.File
	before  *term.State
	mu      sync.Mutex
	out     bytes.Buffer
	changed chan struct{}
	ended   chan error
}

// startRun runs the screen on a pty of 80x24.
func startRun(ctx context.Context, t *testing.T, o Options) *tty {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(slave, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(slave.Fd())
	if err != nil {
		t.Fatal(err)
	}
	x := &tty{t: t, master: master, slave: slave, before: before, changed: make(chan struct{}, 1), ended: make(chan error, 1)}
	go x.read()
	o.In, o.Out = slave, slave
	o.Env = append(o.Env, "TERM=xterm-256color")
	go func() { x.ended <- Run(ctx, o) }()
	t.Cleanup(func() { _ = slave.Close(); _ = master.Close() })
	return x
}

func (x *tty) read() {
	buf := make([]byte, 4096)
	for {
		n, err := x.master.Read(buf)
		x.mu.Lock()
		x.out.Write(buf[:n])
		x.mu.Unlock()
		select {
		case x.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// await waits until the program has written the text.
func (x *tty) await(text string) {
	x.t.Helper()
	end := time.After(patience)
	for {
		x.mu.Lock()
		got := x.out.String()
		x.mu.Unlock()
		if strings.Contains(got, text) {
			return
		}
		select {
		case <-x.changed:
		case err := <-x.ended:
			x.t.Fatalf("ended with %v, %q not seen in %q", err, text, got)
		case <-end:
			x.t.Fatalf("%q not seen in %q", text, got)
		}
	}
}

// end waits for the program's end and checks the terminal.
func (x *tty) end() error {
	x.t.Helper()
	var err error
	select {
	case err = <-x.ended:
	case <-time.After(patience):
		x.t.Fatal("it does not end")
	}
	after, e := term.GetState(x.slave.Fd())
	if e != nil {
		x.t.Fatal(e)
	}
	if *after != *x.before {
		x.t.Error("the terminal's settings are not as they were found")
	}
	x.await2("\x1b[?1049l")
	return err
}

// await2 waits for the last bytes, which may still be on their way.
func (x *tty) await2(text string) {
	x.t.Helper()
	end := time.After(patience)
	for {
		x.mu.Lock()
		ok := strings.Contains(x.out.String(), text)
		x.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-x.changed:
		case <-end:
			x.t.Fatalf("%q was never written", text)
		}
	}
}

func TestRunAndQuit(t *testing.T) {
	x := startRun(context.Background(), t, Options{Runtime: fake.New(fake.Options{}, some()...), Hostname: "h"})
	x.await("delta")
	_, _ = x.master.Write([]byte("q"))
	if err := x.end(); err != nil {
		t.Fatal(err)
	}
}

func TestRunAsksForModesOverSSH(t *testing.T) {
	x := startRun(context.Background(), t, Options{
		Runtime: fake.New(fake.Options{}, some()...), Hostname: "h",
		Env: []string{"SSH_TTY=/dev/pts/9", "SSH_CONNECTION=a b c d"},
	})
	x.await("\x1b[?2026$p")
	x.await("\x1b[?2027$p")
	x.await("delta")
	_, _ = x.master.Write([]byte("q"))
	if err := x.end(); err != nil {
		t.Fatal(err)
	}
}

func TestSignalsEndShellsAndProgram(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		rt := fake.New(fake.Options{}, some()...)
		sessions := make(chan *fake.Session, 1)
		rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
			s := fake.NewSession(sh.Cols, sh.Rows)
			sessions <- s
			return s, nil
		})
		x := startRun(context.Background(), t, Options{Runtime: rt, Hostname: "h"})
		x.await("delta")
		_, _ = x.master.Write([]byte("s"))
		s := <-sessions
		s.Feed([]byte("inside"))
		x.await("inside")
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
		if err := x.end(); err != nil {
			t.Fatal(err)
		}
		if !s.Closed() {
			t.Fatalf("%s leaves a shell open", sig)
		}
	}
}

func TestContextEndsTheProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	x := startRun(ctx, t, Options{Runtime: fake.New(fake.Options{}, some()...), Hostname: "h"})
	x.await("delta")
	cancel()
	if err := x.end(); err != nil {
		t.Fatal(err)
	}
}

func TestTerminalThatGoesAwayEndsTheProgram(t *testing.T) {
	x := startRun(context.Background(), t, Options{Runtime: fake.New(fake.Options{}, some()...), Hostname: "h"})
	x.await("delta")
	_ = x.master.Close()
	select {
	case <-x.ended:
	case <-time.After(patience):
		t.Fatal("it goes on without a terminal")
	}
}

// bomb panics in a command.
type bomb struct{ runtime.Runtime }

func (bomb) List(context.Context) (runtime.Listing, error) { panic("boom in list") }

func TestPanicIsShownAfterTheTerminalIsRestored(t *testing.T) {
	x := startRun(context.Background(), t, Options{Runtime: bomb{fake.New(fake.Options{}, some()...)}, Hostname: "h"})
	err := x.end()
	if err == nil || !strings.Contains(err.Error(), "boom in list") {
		t.Fatal(err)
	}
}

func TestPanicInUpdateAndView(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.m.theme = nil
	d.m.dirty, d.m.paint.all = true, true
	d.m.View()
	if d.m.crash == nil {
		t.Fatal("a panic in View is not kept")
	}
	select {
	case msg := <-d.msgs:
		if _, ok := msg.(crashMsg); !ok {
			t.Fatalf("%T", msg)
		}
	case <-time.After(patience):
		t.Fatal("the loop does not learn of it")
	}
	d = newDeck(t, 80, 24, Options{}, some()...)
	d.m.rows.marks = nil
	_, c := d.m.Update(keyMsg("space"))
	if d.m.crash == nil || c == nil {
		t.Fatal("a panic in Update is not kept")
	}
}

func TestTerminalThatTakesNoOutputIsLeft(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close(); _ = master.Close() })
	if err := pty.Setsize(slave, &pty.Winsize{Cols: 250, Rows: 90}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(slave.Fd())
	if err != nil {
		t.Fatal(err)
	}
	rt := fake.Demo()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(context.Background(), Options{Runtime: rt, Hostname: "h", In: slave, Out: slave, Env: []string{"TERM=xterm-256color"}})
	}()
	for end := time.Now().Add(patience); rt.Calls(fake.Sample) < 3; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the screen does not start")
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-ended:
	case <-time.After(patience):
		t.Fatal("it hangs on a terminal that takes no output")
	}
	after, e := term.GetState(slave.Fd())
	if e != nil {
		t.Fatal(e)
	}
	if *after != *before {
		t.Error("the terminal's settings are not as they were found")
	}
	if err != nil && !errors.Is(err, ErrTerminalStuck) {
		t.Fatal(err)
	}
}

// patientJob notes whether its context was taken away.
type patientJob struct {
	runtime.Runtime
	ctx chan context.Context
}

func (x patientJob) Do(ctx context.Context, _ runtime.Request) error {
	x.ctx <- ctx
	<-ctx.Done()
	return runtime.ErrCancelled
}

func TestHangUpLeavesWorkOnContainersAlone(t *testing.T) {
	rt := patientJob{fake.New(fake.Options{}, some()...), make(chan context.Context, 1)}
	x := startRun(context.Background(), t, Options{Runtime: rt, Hostname: "h"})
	x.await("delta")
	_, _ = x.master.Write([]byte("jS"))
	ctx := <-rt.ctx
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := x.end(); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatal("the job was cancelled by the hang-up")
	}
}
