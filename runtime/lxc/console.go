package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// lastOutput is how long what the container's end has left unread on its tty may
// take to be read.
const lastOutput = time.Second

// Console takes a tty of the container. The context bounds the taking only.
func (a *Adapter) Console(ctx context.Context, c runtime.Console) (runtime.Session, error) {
	s, err := a.console(ctx, c)
	if err != nil {
		return nil, fail("console", c.Ref, err)
	}
	return s, nil
}

func (a *Adapter) console(ctx context.Context, c runtime.Console) (runtime.Session, error) {
	if err := c.Ref.Check(); err != nil {
		return nil, err
	}
	if c.TTY < runtime.FreeTTY {
		return nil, fmt.Errorf("%w: tty %d", runtime.ErrInvalid, c.TTY)
	}
	if err := fillSize(&c.Cols, &c.Rows); err != nil {
		return nil, err
	}
	at, err := a.enter(ctx, "console", helperRequest{Kind: kindConsole, Ref: c.Ref, TTY: c.TTY, Cols: c.Cols, Rows: c.Rows}, nil)
	if err != nil {
		return nil, err
	}
	if len(at.fds) != 1 || !isMaster(at.fds[0]) {
		at.drop()
		return nil, fmt.Errorf("%w: it sent no tty", runtime.ErrHelper)
	}
	return newConsoleSession(at, c.TTY), nil
}

// isMaster says whether a descriptor is the master of a pty: it may come from
// another user's helper, who should not have us read and write something else.
func isMaster(fd int) bool {
	_, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	return err == nil
}

// consoleSession is a tty of a container. The helper holds it for us: its end,
// whatever the reason, gives the tty to others.
type consoleSession struct {
	*session
	far bool // its size is out of reach from here
}

func newConsoleSession(at *attached, tty int) consoleSession {
	s := consoleSession{newSession(at), tty == runtime.ConsoleTTY}
	runtime.Spawn("console end", func(error) {}, func() {
		<-s.end.done
		// The monitor holds the other side, too, so the kernel need not tell of
		// the end. Without its helper the tty may be another's already.
		until := time.Now()
		if s.end.err == nil {
			until = until.Add(lastOutput)
		}
		_ = s.master.SetDeadline(until) // an error means that it is closed
	})
	return s
}

// Read gives what the container prints; io.EOF after Close and soon after the
// container's end.
func (s consoleSession) Read(p []byte) (int, error) {
	n, err := s.session.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}

// Resize sets the size of the tty. That of /dev/console is behind a pty of the
// monitor, which hands nothing on: the helper reaches it.
func (s consoleSession) Resize(cols, rows int) error {
	if err := s.session.Resize(cols, rows); err != nil || !s.far {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return io.ErrClosedPipe
	}
	if err := s.end.at.proc.conn.send(helperRequest{Kind: kindConsole, Cols: cols, Rows: rows}, nil); err != nil {
		return fmt.Errorf("size of the tty: %w", err)
	}
	return nil
}
