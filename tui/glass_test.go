package tui

import (
	"context"
	"errors"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
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
	waits   bool // and has output that it does not take
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
			x.waits = true
			x.changed.Broadcast()
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

// fills takes no more output, and waits until there is room for none.
func (x *glass) fills() {
	x.t.Helper()
	end := time.Now().Add(patience)
	wake := time.AfterFunc(patience, x.changed.Broadcast)
	defer wake.Stop()
	x.mu.Lock()
	for x.blind = true; !x.waits && time.Now().Before(end); {
		x.changed.Wait()
	}
	x.mu.Unlock()
	// The kernel moves what was written on to its next buffer, which makes room once more.
	for full := 0; time.Now().Before(end); time.Sleep(time.Millisecond) {
		fds := []unix.PollFd{{Fd: int32(x.slave.Fd()), Events: unix.POLLOUT}}
		switch n, err := unix.Poll(fds, 0); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			x.t.Fatal(err)
		case n != 0:
			full = 0
		case full > 100:
			return
		default:
			full++
		}
	}
	x.t.Fatal("the terminal takes output for ever")
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
			}
			if x.session.Waiting() > 1<<20 { // a pty holds its program up much sooner
				goruntime.Gosched()
				continue
			}
			x.session.Feed([]byte(text))
		}
	}()
}
