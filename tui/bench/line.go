package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/creack/pty"

	"lxcdeck/tui/vt"
)

// The limits are no figures, only the end of all waiting.
const (
	patience  = 60 * time.Second
	closeTime = 10 * time.Second
)

// line is a program at the far end of a terminal line. What it writes is
// timed when it is read, counted, read as slowly as asked for, and shown by an
// emulator, which also answers what the program asks. drive.Term looks at the
// whole screen after each read; here a key must cost no more than its echo.
type line struct {
	cmd  *exec.Cmd
	pty  *os.File
	rate atomic.Int64  // bytes a second that are read; 0 = what there is
	done chan struct{} // nobody writes to the line any more
	stop func() error  // ends what does not end with the program; nil = nothing
	x, y int           // the cell where the shell's input begins

	mu     sync.Mutex
	screen *vt.Terminal
	bytes  int64
	last   time.Time // when the last byte was read
	watch  look      // nil = nothing is waited for
	seen   chan<- time.Time
	end    look      // nil = nobody wants to know when it first held
	ended  time.Time // when it did
}

// look says whether the screen shows what is waited for. burst is what has
// just been read.
type look func(screen *vt.Terminal, burst []byte) bool

// lineOf starts a program on a line of 120x40.
func lineOf(cmd *exec.Cmd) (*line, error) { return lineSized(cmd, cols, rows) }

// lineSized starts a program on a line of another size.
func lineSized(cmd *exec.Cmd, cols, rows uint16) (*line, error) {
	if cmd.Env == nil {
		cmd.Env = environment()
	}
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		return nil, fmt.Errorf("start %s on a line: %w", cmd.Path, err)
	}
	l := &line{cmd: cmd, pty: p, done: make(chan struct{}), last: time.Now(), screen: vt.New(int(cols), int(rows), vt.Options{Scrollback: -1})}
	go l.read()
	return l, nil
}

// environment is ours without what tells of a terminal around this program.
func environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "TERM", "TERM_PROGRAM", "COLUMNS", "LINES", "TMUX", "TMUX_PANE", "STY", "SSH_TTY", "SSH_CLIENT", "SSH_CONNECTION":
		default:
			env = append(env, kv)
		}
	}
	return append(env, "TERM=xterm-256color", "COLORTERM=truecolor")
}

// read takes what comes until nobody can write any more. The pty is closed
// here: it is in blocking mode, where Close would wait for this Read.
func (l *line) read() {
	defer close(l.done)
	defer func() { _ = l.pty.Close() }()
	buf := make([]byte, 64<<10)
	var debt pacer
	for {
		p := buf
		if rate := l.rate.Load(); rate > 0 {
			p = buf[:max(1, rate/100)]
		}
		n, err := l.pty.Read(p)
		if n > 0 {
			l.take(p[:n], time.Now())
			debt.spend(n, l.rate.Load()) // it may have been set during the Read
		}
		if err != nil {
			return
		}
	}
}

// pacer holds a reader back to a number of bytes a second.
type pacer struct{ free time.Time }

// spend waits until n more bytes have had their time. A line that was idle
// has saved up nothing.
func (p *pacer) spend(n int, rate int64) {
	if rate <= 0 {
		return
	}
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(n) * time.Second / time.Duration(rate))
	time.Sleep(time.Until(p.free))
}

func (l *line) take(p []byte, at time.Time) {
	l.mu.Lock()
	l.bytes += int64(len(p))
	l.last = at
	_, _ = l.screen.Write(p) // an emulator takes everything
	replies := l.screen.TakeReplies()
	if l.watch != nil && l.watch(l.screen, p) {
		l.watch = nil
		l.seen <- at
	}
	if l.end != nil && l.end(l.screen, p) {
		l.end, l.ended = nil, at
	}
	l.mu.Unlock()
	if len(replies) > 0 {
		_, _ = l.pty.Write(replies) // a program that is gone needs none
	}
}

// send types keys and gives the time from then until ok holds.
func (l *line) send(what, keys string, ok look) (time.Duration, error) {
	seen := make(chan time.Time, 1)
	l.mu.Lock()
	if keys == "" && ok(l.screen, nil) {
		l.mu.Unlock()
		return 0, nil
	}
	l.watch, l.seen = ok, seen
	l.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	start := time.Now()
	if err := l.press(keys); err != nil {
		return 0, err
	}
	select {
	case at := <-seen:
		return at.Sub(start), nil
	case <-l.done:
		return 0, fmt.Errorf("wait for %s: the program ended; its screen was:\n%s", what, l.text())
	case <-timer.C:
		l.mu.Lock()
		l.watch = nil
		l.mu.Unlock()
		return 0, fmt.Errorf("wait for %s: not within %v; the screen is:\n%s", what, patience, l.text())
	}
}

// press types keys and waits for nothing.
func (l *line) press(keys string) error {
	if _, err := l.pty.WriteString(keys); err != nil {
		return fmt.Errorf("type %q: %w", keys, err)
	}
	return nil
}

// shows waits until the screen contains text, after keys.
func (l *line) shows(keys, text string) error {
	_, err := l.send(fmt.Sprintf("%q", text), keys, func(s *vt.Terminal, _ []byte) bool { return contains(s, text) })
	return err
}

// quiet waits until nothing has come for a while, from now on, and says when
// the last byte did.
func (l *line) quiet(while time.Duration) (time.Time, error) {
	since := time.Now()
	for end := since.Add(patience); time.Now().Before(end); {
		l.mu.Lock()
		last := l.last
		l.mu.Unlock()
		if last.After(since) {
			since = last
		}
		left := while - time.Since(since)
		if left <= 0 {
			return last, nil
		}
		time.Sleep(left)
	}
	return time.Time{}, fmt.Errorf("wait for silence of %v: none within %v", while, patience)
}

// count is how many bytes have come.
func (l *line) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

func (l *line) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.screen.PlainText()
}

// close ends the program and waits until its line is free.
func (l *line) close() error {
	var err error
	if l.stop != nil {
		err = l.stop()
	}
	l.rate.Store(0)
	_ = l.cmd.Process.Signal(syscall.SIGHUP) // it may be gone already
	exited := make(chan struct{})
	go func() {
		_ = l.cmd.Wait() // a signal's status
		close(exited)
	}()
	select {
	case <-exited:
	case <-time.After(closeTime):
		_ = l.cmd.Process.Kill()
		<-exited
		err = errors.Join(err, fmt.Errorf("close %s: it did not end within %v of a hang-up", l.cmd.Path, closeTime))
	}
	select {
	case <-l.done:
	case <-time.After(closeTime):
		err = errors.Join(err, fmt.Errorf("close %s: something still holds its terminal", l.cmd.Path))
	}
	return err
}

// contains says whether a row of the screen contains text.
func contains(s *vt.Terminal, text string) bool {
	return rowOf(s, func(row string) bool { return strings.Contains(row, text) }) >= 0
}

// rowOf is the first row that ok takes; -1 = none.
func rowOf(s *vt.Terminal, ok func(row string) bool) int {
	_, n := s.Size()
	for y := range n {
		if ok(s.PlainLine(y)) {
			return y
		}
	}
	return -1
}
