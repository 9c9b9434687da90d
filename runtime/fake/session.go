package fake

import (
	"bytes"
	"context"
	"io"
	"sync"
	"unicode/utf8"

	"lxcdeck/runtime"
)

// outputRoom is how much output waits for its reader before the program has
// to: a pty holds back in the same way.
const outputRoom = 64 << 10

// Session is a pty in memory. Its master side is a runtime.Session; its other
// side is a scripted program (Runtime.Attach) or the test itself, through
// Feed, Typed, Size and End.
type Session struct {
	notice  string
	record  bool
	console bool // a tty of the container: what runs on it is nobody's to end

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	out     []byte        // waits for Read
	in      []byte        // waits for the program
	line    []byte        // being typed, cooked mode only
	typed   []byte        // all that was written, when recorded
	raw     bool          // no echo, no line editing, no signals
	eof     bool          // ctrl-D on an empty line
	broken  bool          // ctrl-C
	cols    int
	rows    int
	closed  bool // by the master
	exit    *runtime.Exit
}

var _ runtime.Session = (*Session)(nil)

// NewSession is a session in raw mode whose program is the test.
func NewSession(cols, rows int) *Session {
	s := newSession(cols, rows)
	s.raw, s.record = true, true
	return s
}

func newSession(cols, rows int) *Session {
	if cols <= 0 || rows <= 0 {
		cols, rows = 80, 24
	}
	return &Session{cols: cols, rows: rows, changed: make(chan struct{})}
}

// bump tells waiters that something changed. Callers hold s.mu.
func (s *Session) bump() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Read gives the program's output; io.EOF once it has ended and all is read.
func (s *Session) Read(p []byte) (int, error) {
	for {
		s.mu.Lock()
		switch {
		case s.closed:
			s.mu.Unlock()
			return 0, io.EOF
		case len(s.out) > 0:
			n := copy(p, s.out)
			s.out = s.out[n:]
			s.bump()
			s.mu.Unlock()
			return n, nil
		case s.exit != nil:
			s.mu.Unlock()
			return 0, io.EOF
		}
		ch := s.changed
		s.mu.Unlock()
		<-ch
	}
}

// Write types.
func (s *Session) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.exit != nil {
		return 0, io.ErrClosedPipe
	}
	if s.record {
		s.typed = append(s.typed, p...)
	}
	if s.raw {
		s.in = append(s.in, p...)
	} else {
		for _, c := range p {
			s.cook(c)
		}
	}
	s.bump()
	return len(p), nil
}

// cook is the line discipline of a terminal: echo, line editing, signals.
// Callers hold s.mu.
func (s *Session) cook(c byte) {
	switch c {
	case 0x03:
		s.line, s.in = s.line[:0], s.in[:0] // a terminal flushes its input, too
		s.broken = true
		s.echo("^C\r\n")
	case 0x04:
		if len(s.line) == 0 {
			s.eof = true
		} else {
			s.in = append(s.in, s.line...)
			s.line = s.line[:0]
		}
	case 0x15:
		for len(s.line) > 0 {
			s.erase()
		}
	case 0x7f, 0x08:
		s.erase()
	case '\r', '\n':
		s.in = append(append(s.in, s.line...), '\n')
		s.line = s.line[:0]
		s.echo("\r\n")
	default:
		s.line = append(s.line, c)
		if c < 0x20 && c != '\t' {
			s.echo("^" + string(rune(c+'@')))
		} else {
			s.echo(string([]byte{c}))
		}
	}
}

func (s *Session) erase() {
	if len(s.line) == 0 {
		return
	}
	_, n := utf8.DecodeLastRune(s.line)
	if last := s.line[len(s.line)-1]; last < 0x20 {
		s.echo("\b \b")
	}
	s.line = s.line[:len(s.line)-n]
	s.echo("\b \b")
}

// echo shows what was typed; a terminal drops it when nobody reads.
func (s *Session) echo(text string) {
	if len(s.out) < 2*outputRoom {
		s.out = append(s.out, text...)
	}
}

// Resize sets the size in cells.
func (s *Session) Resize(cols, rows int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return io.ErrClosedPipe
	}
	s.cols, s.rows = cols, rows
	s.bump()
	return nil
}

// Wait blocks until the program has ended.
func (s *Session) Wait(ctx context.Context) (runtime.Exit, error) {
	for {
		s.mu.Lock()
		exit, ch := s.exit, s.changed
		s.mu.Unlock()
		if exit != nil {
			return *exit, nil
		}
		select {
		case <-ch:
		case <-ctx.Done():
			return runtime.Exit{}, cancelled(ctx.Err())
		}
	}
}

// Close hangs up: the program ends by SIGHUP. A console is only left.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.exit == nil {
		s.exit = &runtime.Exit{Code: 129, Signal: 1}
		if s.console {
			s.exit = &runtime.Exit{}
		}
	}
	s.bump()
	return nil
}

// Notice is what SetNotice said.
func (s *Session) Notice() string { return s.notice }

// SetNotice sets the Notice; before the session is handed out.
func (s *Session) SetNotice(text string) { s.notice = text }

// End ends the program. The first End counts.
func (s *Session) End(exit runtime.Exit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exit == nil {
		s.exit = &exit
		s.bump()
	}
}

// stopped ends the session with its container.
func (s *Session) stopped() {
	exit := runtime.Exit{Reason: "container stopped"}
	if !s.console {
		exit.Code, exit.Signal = 137, 9
	}
	s.End(exit)
}

// Feed is output of the program, as it is.
func (s *Session) Feed(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exit == nil {
		s.out = append(s.out, p...)
		s.bump()
	}
}

// Waiting is how much output nobody has read yet, in bytes. A program on a pty is held
// up by it; Feed is not.
func (s *Session) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out)
}

// Typed is everything that was written so far to a session of NewSession.
func (s *Session) Typed() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.typed)
}

// AwaitTyped waits until what was written contains want.
func (s *Session) AwaitTyped(ctx context.Context, want string) error {
	return s.await(ctx, func() bool { return bytes.Contains(s.typed, []byte(want)) })
}

// Size is the size last set.
func (s *Session) Size() (cols, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cols, s.rows
}

// AwaitSize waits until the size is the one given.
func (s *Session) AwaitSize(ctx context.Context, cols, rows int) error {
	return s.await(ctx, func() bool { return s.cols == cols && s.rows == rows })
}

// Closed says whether Close was called.
func (s *Session) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// await waits for what is true under the lock.
func (s *Session) await(ctx context.Context, ok func() bool) error {
	for {
		s.mu.Lock()
		done, ch := ok(), s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ch:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ended says whether the session is over. Callers hold s.mu.
func (s *Session) ended() bool { return s.closed || s.exit != nil }
