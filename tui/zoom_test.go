package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/tui/passthru"
	"lxcdeck/tui/vt"
)

// glass is a terminal that shows what it gets and answers. It does one thing at
// a time: while an answer is not taken, it takes no output.
type glass struct {
	t             *testing.T
	master, slave *os.File
	before        *term.State
	ended         chan error
	session       *fake.Session
	boom          *atomic.Bool
	stop          context.CancelFunc
	left          bool // the program has ended before its goroutines

	mu      sync.Mutex
	screen  *vt.Terminal
	blind   bool // takes no more output
	changed *sync.Cond
}

// trap panics when it is told to.
type trap struct {
	*fake.Runtime
	boom *atomic.Bool
}

func (x trap) Sample(ctx context.Context, b *runtime.Batch) error {
	if x.boom.Load() {
		panic("boom in a sample")
	}
	return x.Runtime.Sample(ctx, b)
}

// startGlass runs the screen in it.
func startGlass(t *testing.T, specs ...fake.Spec) *glass {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(slave, &pty.Winsize{Cols: 100, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	x := &glass{t: t, master: master, slave: slave, ended: make(chan error, 1), screen: vt.New(100, 30, vt.Options{})}
	x.changed = sync.NewCond(&x.mu)
	if x.before, err = term.GetState(slave.Fd()); err != nil {
		t.Fatal(err)
	}
	rt := trap{fake.New(fake.Options{}, specs...), new(atomic.Bool)}
	x.boom = rt.boom
	sessions := make(chan *fake.Session, 10)
	rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		s := fake.NewSession(sh.Cols, sh.Rows)
		sessions <- s
		return s, nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	x.stop = cancel
	t.Cleanup(func() {
		cancel()
		_ = master.Close()
		if !x.left { // who hangs in a write still uses it
			_ = slave.Close()
		}
	})
	go x.run()
	go func() {
		x.ended <- Run(ctx, Options{Runtime: rt, Hostname: "h", In: slave, Out: slave, Env: []string{"TERM=xterm-256color"}})
	}()
	x.sees("delta")
	x.types("s")
	x.session = <-sessions
	x.feed("inside")
	x.sees("inside")
	return x
}

func (x *glass) run() {
	buf := make([]byte, 4096)
	for {
		n, err := x.master.Read(buf)
		if err != nil {
			return
		}
		x.mu.Lock()
		for x.blind {
			x.changed.Wait()
		}
		_, _ = x.screen.Write(buf[:n])
		replies := x.screen.TakeReplies()
		x.changed.Broadcast()
		x.mu.Unlock()
		if len(replies) > 0 {
			_, _ = x.master.Write(replies)
		}
	}
}

func (x *glass) types(keys string) {
	x.t.Helper()
	if _, err := x.master.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// feed prints in the container, however long it takes.
func (x *glass) feed(text string) { x.session.Feed([]byte(text)) }

func (x *glass) text() string {
	_, rows := x.screen.Size()
	var b strings.Builder
	for y := range rows {
		b.WriteString(strings.TrimRight(x.screen.PlainLine(y), " ") + "\n")
	}
	return b.String()
}

// until waits for the screen to become as wanted.
func (x *glass) until(what string, ok func(text string) bool) {
	x.t.Helper()
	end := time.Now().Add(patience)
	wake := time.AfterFunc(patience, x.changed.Broadcast)
	defer wake.Stop()
	x.mu.Lock()
	defer x.mu.Unlock()
	for !ok(x.text()) {
		if time.Now().After(end) {
			x.t.Fatalf("%s: not seen on\n%s", what, x.text())
		}
		x.changed.Wait()
	}
}

func (x *glass) sees(text string) {
	x.t.Helper()
	x.until(text, func(s string) bool { return strings.Contains(s, text) })
}

// zooms passes the session through.
func (x *glass) zooms() {
	x.t.Helper()
	x.types("\x1dz")
	x.until("the zoom", func(s string) bool { return !strings.Contains(s, "delta") })
}

// end waits for the program's end; the terminal is as it was found.
func (x *glass) end() error {
	x.t.Helper()
	var err error
	select {
	case err = <-x.ended:
	case <-time.After(patience):
		x.t.Fatalf("it does not end:\n%s", x.text())
	}
	after, e := term.GetState(x.slave.Fd())
	if e != nil {
		x.t.Fatal(e)
	}
	if *after != *x.before {
		x.t.Error("the terminal's settings are not as they were found")
	}
	// What was written last may still be on its way.
	_, _ = x.slave.WriteString("\x1b[0 q-over-")
	x.sees("-over-")
	x.mu.Lock()
	defer x.mu.Unlock()
	if m, want := x.screen.Modes(), vt.New(100, 30, vt.Options{}).Modes(); m != want {
		x.t.Errorf("left behind: %+v, want %+v", m, want)
	}
	return err
}

func (x *glass) quits() {
	x.t.Helper()
	x.types("\x1dd")
	x.sees("goes in")
	x.types("q")
	x.sees("Quit lxcdeck?")
	x.sees("y yes")
	x.types("y")
	if err := x.end(); err != nil {
		x.t.Fatal(err)
	}
}

// flood prints a text over and over until the test ends.
func (x *glass) flood(text string) {
	done := make(chan struct{})
	x.t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case <-done:
				return
			default:
				x.session.Feed([]byte(text))
			}
		}
	}()
}

// A container that asks for paintings all the time gets none after the end.
func TestZoomWritesNothingAfterItsEnd(t *testing.T) {
	x := startGlass(t, some()...)
	x.flood("\x1b[!p\x1b[?1003h\x1b[?1006h\x1b[?1004h\x1b=\x1b[?1h")
	for range 10 {
		x.zooms()
		x.types("\x1dz")
		x.sees("delta")
	}
	x.session.End(runtime.Exit{})
	x.sees("[ended")
	x.types("q")
	x.types("q")
	if err := x.end(); err != nil {
		t.Fatal(err)
	}
}

// Each question costs an answer, and the terminal takes nothing before that is
// read.
func TestZoomWithATerminalThatWaitsForItsAnswersToBeRead(t *testing.T) {
	x := startGlass(t, some()...)
	x.zooms()
	x.flood(strings.Repeat("\x1b[6n\x1b[c", 500))
	for range 3 {
		time.Sleep(100 * time.Millisecond)
		x.types("\x1dz")
		x.sees("delta")
		x.zooms()
	}
	x.types("\x1dz")
	x.sees("delta")
	x.quits()
}

func TestZoomAndTheEndOfTheProgram(t *testing.T) {
	for name, end := range map[string]func(x *glass){
		"context": func(x *glass) { x.stop() },
		"signal":  func(*glass) { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) },
		"hang-up": func(*glass) { _ = syscall.Kill(os.Getpid(), syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			x := startGlass(t, some()...)
			x.zooms()
			x.flood("\x1b[?1003h\x1b[?2004hflood\x1b[!p\r\n")
			time.Sleep(50 * time.Millisecond)
			end(x)
			if err := x.end(); err != nil {
				t.Fatal(err)
			}
			if !x.session.Closed() {
				t.Error("the session is open")
			}
		})
	}
}

// A panic somewhere ends the program, and the zoom gives the terminal back
// before that.
func TestZoomAndACrash(t *testing.T) {
	x := startGlass(t, some()...)
	x.zooms()
	x.feed("\x1b[?1003h\x1b[?1004h\x1b[?2004hswitched")
	x.sees("switched")
	x.boom.Store(true)
	if err := x.end(); err == nil || !strings.Contains(err.Error(), "boom in a sample") {
		t.Fatal(err)
	}
}

func TestZoomOnATerminalThatTakesNoMore(t *testing.T) {
	x := startGlass(t, some()...)
	x.zooms()
	x.left = true
	x.mu.Lock()
	x.blind = true
	x.mu.Unlock()
	x.flood(strings.Repeat("x", 1000))
	time.Sleep(100 * time.Millisecond) // for the flood to fill what there is of buffers
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-x.ended:
		if !errors.Is(err, ErrTerminalStuck) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	after, err := term.GetState(x.slave.Fd())
	if err != nil {
		t.Fatal(err)
	}
	if *after != *x.before {
		t.Error("the terminal's settings are not as they were found")
	}
}

// Keys of one go, the second prefix read by Bubble Tea or by the zoom.
func TestZoomAndKeysTypedInHaste(t *testing.T) {
	x := startGlass(t, some()...)
	for range 5 {
		x.types("\x1dz\x1dd")
		x.sees("goes in")
		x.types("\r")
		x.sees("leaves")
	}
	x.quits()
}

func TestZoomAndManySizes(t *testing.T) {
	x := startGlass(t, some()...)
	x.zooms()
	x.flood("\x1b[31mred\x1b[m \x1b[!p\r\n")
	for i := range 200 {
		x.size(80+i%30, 20+i%10)
	}
	x.size(100, 30)
	x.types("\x1dz")
	x.sees("delta")
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if cols, rows := x.session.Size(); cols == 100 && rows < 30 {
			break
		}
		if time.Now().After(end) {
			t.Fatal(x.session.Size())
		}
	}
	x.quits()
}

func (x *glass) size(cols, rows int) {
	x.t.Helper()
	x.mu.Lock()
	x.screen.Resize(cols, rows)
	x.mu.Unlock()
	if err := pty.Setsize(x.slave, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		x.t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		x.t.Fatal(err)
	}
}

// What was asked for before the end and is due after it is not painted.
func TestZoomPaintsNothingWhenItIsOver(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	z := &zoom{
		t: &terminal{out: w}, sh: &shell{term: vt.New(80, 24, vt.Options{})}, filter: passthru.NewFilter(passthru.Options{KeepScreen: true}),
		woken: make(chan struct{}, 1), words: make(chan string, 1), full: make(chan struct{}, 1),
	}
	z.live = true
	through := make(chan struct{})
	done := make(chan struct{})
	z.again()
	go func() {
		defer close(through)
		z.repaints(context.Background(), done)
	}()
	for end := time.Now().Add(patience); len(z.woken) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody paints")
		}
	}
	z.reset()
	z.tell("words") // is said after the painting that was asked for
	for end := time.Now().Add(patience); len(z.words) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody says it")
		}
	}
	close(done)
	<-through
	_ = w.Close()
	all, err := io.ReadAll(r)
	if err != nil || !strings.HasSuffix(string(all), "\x1b[c") || strings.Contains(string(all), "words") {
		t.Fatalf("%q %v", all, err)
	}
}

func TestZoomThatGetsTheTerminalBackInPart(t *testing.T) {
	for _, fails := range []string{"release", "restore"} {
		sh := &shell{term: vt.New(80, 24, vt.Options{}), out: newOutbox()}
		z := &zoom{
			sh: sh, filter: passthru.NewFilter(passthru.Options{KeepScreen: true}), ended: make(chan struct{}),
			spawn: func(_ string, work func()) { go work() },
			woken: make(chan struct{}, 1), words: make(chan string, 1), full: make(chan struct{}, 1),
		}
		if err := unix.Pipe2(z.wake[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
			t.Fatal(err)
		}
		master, slave, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		if z.keys, err = passthru.NewKeys("ctrl+]"); err != nil {
			t.Fatal(err)
		}
		restored := false
		z.t = &terminal{
			in: slave, out: slave, hungUp: make(chan struct{}),
			release: func() error {
				if fails == "release" {
					return io.ErrUnexpectedEOF
				}
				return nil
			},
			restore: func() error {
				restored = true
				if fails == "restore" {
					return io.ErrUnexpectedEOF
				}
				return nil
			},
		}
		z.end()
		_, err = z.run(context.Background())
		if !restored || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errLost) != (fails == "restore") {
			t.Errorf("%s fails: %v, restored %v", fails, err, restored)
		}
		if _, err := unix.FcntlInt(uintptr(z.wake[0]), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
			t.Errorf("%s fails: the pipe is open", fails)
		}
		z.end() // does not write into what has that number now
		_, _ = master.Close(), slave.Close()
	}
}
