package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// stopGrace is how long a container's init may outlive a process of it that
// was killed, and the container still count as the reason.
const stopGrace = 300 * time.Millisecond

// session is a process in a container on a pty.
type session struct {
	end    *ending
	notice string

	mu     sync.Mutex // guards master against being used after its Close
	master *os.File
	closed bool
}

func newSession(at *attached) *session {
	return &session{
		end:    newEnding(at),
		notice: at.hello.Notice,
		master: os.NewFile(uintptr(at.fds[0]), "pty of "+at.ref.String()),
	}
}

// Read gives output; io.EOF when the process and all that held the pty are
// gone (the kernel says EIO then, pty(7)) and after Close.
func (s *session) Read(p []byte) (int, error) {
	n, err := s.master.Read(p)
	if n == 0 && (errors.Is(err, unix.EIO) || errors.Is(err, os.ErrClosed)) {
		err = io.EOF
	}
	return n, err
}

// Write types. It waits while the process does not read; Close ends that.
func (s *session) Write(p []byte) (int, error) {
	n, err := s.master.Write(p)
	if errors.Is(err, unix.EIO) || errors.Is(err, os.ErrClosed) {
		err = io.ErrClosedPipe
	}
	return n, err
}

func (s *session) Resize(cols, rows int) error {
	if err := checkSize(cols, rows); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return io.ErrClosedPipe
	}
	// The master came non-blocking, so that taking its descriptor leaves it so.
	return setSize(int(s.master.Fd()), cols, rows)
}

func (s *session) Wait(ctx context.Context) (runtime.Exit, error) {
	exit, err := s.end.wait(ctx)
	return exit, fail(s.end.at.op, s.end.at.ref, err)
}

// Close ends the session: closing the last master makes the kernel send
// SIGHUP, and the helper kills what is not gone soon after. The helper hears of
// it when nobody reads any more: a console's makes the tty blocking again.
func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.master.Close()
	s.end.at.proc.conn.hangUp()
	return err
}

func (s *session) Notice() string { return s.notice }

// setSize sets the size of a pty by either of its ends.
func setSize(fd, cols, rows int) error {
	if err := checkSize(cols, rows); err != nil {
		return err
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, helperFiles)
	if err != nil {
		return fmt.Errorf("size of the pty: %w", err)
	}
	f := os.NewFile(uintptr(dup), "pty")
	defer f.Close()
	if err := pty.Setsize(f, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}); err != nil {
		return fmt.Errorf("size of the pty: %w", err)
	}
	return nil
}

// ending waits for the helper's last word about a process.
type ending struct {
	at   *attached
	done chan struct{} // closed when exit and err stand
	exit runtime.Exit
	err  error
}

func newEnding(at *attached) *ending {
	e := &ending{at: at, done: make(chan struct{})}
	runtime.Spawn("session end", func(err error) { e.err = err; close(e.done) }, func() {
		e.exit, e.err = e.last()
		if at.init >= 0 {
			_ = unix.Close(at.init)
		}
		close(e.done)
		at.proc.release()
	})
	return e
}

// last reads the helper's second reply.
func (e *ending) last() (runtime.Exit, error) {
	r, fds, err := e.at.proc.receive(context.Background())
	closeAll(fds)
	if err == nil {
		err = r.err()
	}
	if err != nil {
		return runtime.Exit{Reason: e.stopped(0)}, err
	}
	exit := runtime.Exit{Code: r.Code, Signal: r.Signal}
	grace := time.Duration(0)
	if r.Signal != 0 {
		grace = stopGrace
	}
	if exit.Reason = e.stopped(grace); exit.Reason == "" {
		exit.Reason = r.Reason
	}
	return exit, nil
}

// stopped says that the container ended, if it did: its init is the last of
// its processes to be gone, so it gets a little time.
func (e *ending) stopped(grace time.Duration) string {
	if e.at.init < 0 {
		return ""
	}
	fds := []unix.PollFd{{Fd: int32(e.at.init), Events: unix.POLLIN}}
	for until := time.Now().Add(grace); ; {
		n, err := unix.Poll(fds, int(max(0, time.Until(until).Milliseconds())))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil && (n > 0 || exiting(e.at.pid)) {
			return "container stopped"
		}
		return ""
	}
}

// exiting says whether a process is on its way out: an init waits there for all
// the others of its container (PF_EXITING of proc_pid_stat(5)'s flags).
func exiting(pid int) bool {
	const pfExiting = 0x4
	fields, err := statFields(pid)
	if err != nil {
		return false
	}
	flags, err := strconv.ParseUint(fields[6], 10, 32)
	return err == nil && flags&pfExiting != 0
}

func (e *ending) wait(ctx context.Context) (runtime.Exit, error) {
	select {
	case <-e.done:
		return e.exit, e.err
	case <-ctx.Done():
		return runtime.Exit{}, ended(ctx)
	}
}
