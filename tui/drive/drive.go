// Package drive runs a terminal program the way a person does: in a pty of a
// fixed size, with an emulator that answers its queries, keys typed and the
// screen read. Tests from outside and the benchmarks stand on it.
package drive

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"lxcdeck/tui/vt"
)

// Term is a program running in a terminal of ours.
type Term struct {
	Cmd *exec.Cmd

	pty     *os.File
	done    chan struct{} // the pty has no writer left
	exited  chan struct{} // the program has ended; waitErr is set
	waitErr error

	mu      sync.Mutex
	screen  *vt.Terminal
	bytes   int64
	changed *sync.Cond
	onBurst func(burst []byte, changed bool)
	link    *Link
	show    func([]byte) // brings what the program wrote to the screen
	send    func([]byte) // brings keys and answers to the program; one call at a time
	sends   sync.Mutex
}

// Options say how the terminal is.
type Options struct {
	Cols, Rows int
	// OnBurst, if set, is called with every chunk of output and whether it
	// changed what the screen shows. It must not call back.
	OnBurst func(burst []byte, changed bool)
	// Link is what lies between program and terminal; nil = nothing does.
	Link *Link
}

// Start runs cmd in a terminal. TERM is xterm-256color unless cmd.Env says otherwise.
func Start(cmd *exec.Cmd, o Options) (*Term, error) {
	if cmd.Env == nil {
		cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor")
	}
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(o.Cols), Rows: uint16(o.Rows)})
	if err != nil {
		return nil, fmt.Errorf("start %s in a terminal: %w", cmd.Path, err)
	}
	master, err := pollable(p)
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, err
	}
	t := &Term{Cmd: cmd, pty: master, done: make(chan struct{}), exited: make(chan struct{}), screen: vt.New(o.Cols, o.Rows, vt.Options{}), onBurst: o.OnBurst, link: o.Link}
	t.changed = sync.NewCond(&t.mu)
	t.show, t.send = t.feed, t.press
	if l := o.Link; l != nil {
		arrives := l.carry(l.Rate, t.done, func(b []byte) {
			l.lay(-len(b))
			t.feed(b)
		})
		t.show = func(b []byte) {
			l.lay(len(b))
			arrives(b)
		}
		t.send = l.carry(0, t.done, t.press)
	}
	go t.read()
	go func() {
		t.waitErr = cmd.Wait()
		close(t.exited)
	}()
	return t, nil
}

// pollable gives the master in a form whose Close wakes a blocked Read: the
// one that creack/pty opens is in blocking mode, where Close waits for it.
func pollable(p *os.File) (*os.File, error) {
	defer func() { _ = p.Close() }()
	fd, err := unix.FcntlInt(p.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("make the pty pollable: %w", err)
	}
	return os.NewFile(uintptr(fd), "ptmx"), nil
}

func (t *Term) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := t.pty.Read(buf)
		if n > 0 {
			t.show(buf[:n])
		}
		if err != nil {
			close(t.done)
			t.wake()
			return
		}
	}
}

// wake lets waiters look again.
func (t *Term) wake() {
	t.mu.Lock()
	t.changed.Broadcast()
	t.mu.Unlock()
}

func (t *Term) feed(p []byte) {
	t.mu.Lock()
	var before string
	if t.onBurst != nil {
		before = t.text() + fmt.Sprint(t.screen.Cursor())
	}
	_, _ = t.screen.Write(p)
	replies := t.screen.TakeReplies()
	t.bytes += int64(len(p))
	if t.onBurst != nil {
		t.onBurst(p, before != t.text()+fmt.Sprint(t.screen.Cursor()))
	}
	t.changed.Broadcast()
	t.mu.Unlock()
	if len(replies) > 0 {
		t.deliver(replies)
	}
}

// deliver sends keys and answers on their way to the program.
func (t *Term) deliver(b []byte) {
	t.sends.Lock()
	defer t.sends.Unlock()
	t.send(b)
}

// press gives the program what has come.
func (t *Term) press(b []byte) { _, _ = t.pty.Write(b) }

// text is the screen with its styles, so that a colour counts as a change.
func (t *Term) text() string {
	_, rows := t.screen.Size()
	var b strings.Builder
	for y := range rows {
		b.WriteString(t.screen.Line(y))
		b.WriteByte('\n')
	}
	return b.String()
}

// Screen is what a person reads: plain rows, trailing blanks cut.
func (t *Term) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.plain()
}

func (t *Term) plain() string {
	_, rows := t.screen.Size()
	lines := make([]string, rows)
	for y := range lines {
		lines[y] = strings.TrimRight(t.screen.PlainLine(y), " ")
	}
	return strings.Join(lines, "\n")
}

// Modes are the terminal modes the program has set.
func (t *Term) Modes() vt.Modes {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.Modes()
}

// Cursor is the cursor the program has left.
func (t *Term) Cursor() vt.Cursor {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.Cursor()
}

// Title is what the program has called the terminal's window.
func (t *Term) Title() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.Title()
}

// Clipboard is what the program has put into it since the last call.
func (t *Term) Clipboard() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, _ := t.screen.TakeClipboard()
	return text
}

// Bytes is how much the program has written so far.
func (t *Term) Bytes() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

// Type types keys as a terminal sends them.
func (t *Term) Type(keys string) error {
	if t.link != nil {
		t.deliver([]byte(keys))
		return nil
	}
	if _, err := t.pty.WriteString(keys); err != nil {
		return fmt.Errorf("type %q: %w", keys, err)
	}
	return nil
}

// Resize changes the size of the terminal.
func (t *Term) Resize(cols, rows int) error {
	t.mu.Lock()
	t.screen.Resize(cols, rows)
	t.mu.Unlock()
	raw, err := t.pty.SyscallConn()
	if err == nil {
		// Not pty.Setsize: File.Fd puts the descriptor into blocking mode.
		cerr := raw.Control(func(fd uintptr) {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(cols), Row: uint16(rows)})
		})
		err = errors.Join(err, cerr)
	}
	if err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	return nil
}

// ErrTimeout is the end of a wait that saw nothing.
var ErrTimeout = errors.New("not seen in time")

// WaitFunc waits until ok is true of the screen. It is asked again after
// every change. The error holds the last screen.
func (t *Term) WaitFunc(what string, d time.Duration, ok func(screen string) bool) error {
	end := time.Now().Add(d)
	timer := time.AfterFunc(d, t.wake)
	defer timer.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		s := t.plain()
		if ok(s) {
			return nil
		}
		select {
		case <-t.done:
			return fmt.Errorf("wait for %s: the program ended; its screen was:\n%s", what, s)
		default:
		}
		if !time.Now().Before(end) {
			return fmt.Errorf("wait for %s: %w; the screen is:\n%s", what, ErrTimeout, s)
		}
		t.changed.Wait()
	}
}

// Wait waits until the screen contains text.
func (t *Term) Wait(text string, d time.Duration) error {
	return t.WaitFunc(fmt.Sprintf("%q", text), d, func(s string) bool { return strings.Contains(s, text) })
}

// WaitGone waits until the screen no longer contains text.
func (t *Term) WaitGone(text string, d time.Duration) error {
	return t.WaitFunc(fmt.Sprintf("%q to go", text), d, func(s string) bool { return !strings.Contains(s, text) })
}

// WaitExit waits for the program's end and gives its exit code.
func (t *Term) WaitExit(d time.Duration) (int, error) {
	select {
	case <-t.exited:
		var exit *exec.ExitError
		if t.waitErr != nil && !errors.As(t.waitErr, &exit) {
			return -1, fmt.Errorf("wait for the program: %w", t.waitErr)
		}
		return t.Cmd.ProcessState.ExitCode(), nil
	case <-time.After(d):
		return -1, fmt.Errorf("wait for the program's end: %w; the screen is:\n%s", ErrTimeout, t.Screen())
	}
}

// HangUp closes our end of the pty, as a cut connection does.
func (t *Term) HangUp() error {
	if err := t.pty.Close(); err != nil {
		return fmt.Errorf("hang up: %w", err)
	}
	return nil
}

// Close ends the program if it still runs, and lets go of the pty.
func (t *Term) Close() {
	_ = t.Cmd.Process.Signal(syscall.SIGHUP)
	if _, err := t.WaitExit(5 * time.Second); errors.Is(err, ErrTimeout) {
		_ = t.Cmd.Process.Kill()
		<-t.exited // so that the next test does not find it
	}
	_ = t.pty.Close()
}
