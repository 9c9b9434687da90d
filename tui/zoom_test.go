package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/tui/passthru"
	"lxcdeck/tui/vt"
)

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
	x.flood(strings.Repeat("x", 1000))
	x.fills()
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
