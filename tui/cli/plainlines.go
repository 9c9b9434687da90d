package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errLeft is a question that was left without an answer.
var errLeft = errors.New("left")

// lines reads what a person types, or a script, line by line. A terminal stays as it
// is: the kernel's own editing of a line is the one that screen readers know. Nothing is
// read before it is asked for, so that a program in a container gets what is for it.
type lines struct {
	in    *os.File
	tty   bool
	buf   []byte
	wakes *os.File // has a byte for each ctrl+c
	wake  *os.File
	sigs  chan os.Signal
}

func newLines(in *os.File) (*lines, error) {
	l := &lines{in: in, tty: isTerminal(in), sigs: make(chan os.Signal, 1)}
	fds := make([]int, 2)
	if err := unix.Pipe2(fds, unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	l.wakes, l.wake = os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe")
	signal.Notify(l.sigs, syscall.SIGINT)
	spawn(func() {
		for range l.sigs {
			_, _ = l.wake.Write([]byte{1}) // one that is full wakes as well
		}
	}, func(error) {})
	return l, nil
}

// close lets go of the signal; the terminal was never changed.
func (l *lines) close() {
	signal.Stop(l.sigs)
	close(l.sigs)
	_ = l.wake.Close()
	_ = l.wakes.Close()
}

// calm forgets what was interrupted before. It reports whether there was such an
// interruption.
func (l *lines) calm() (interrupted bool) {
	var b [64]byte
	for {
		if n, err := unix.Read(int(l.wakes.Fd()), b[:]); n <= 0 || err != nil {
			break
		}
		interrupted = true
	}
	return interrupted
}

// drop forgets what was typed until now.
func (l *lines) drop() {
	if l.tty {
		l.buf = nil
		_ = unix.IoctlSetInt(int(l.in.Fd()), unix.TCFLSH, unix.TCIFLUSH)
	}
}

// early forgets what is typed during a time, as what is pasted does not come at once. It
// reports whether a line was, unless it was interrupted.
func (l *lines) early(during time.Duration) (line bool) {
	if !l.tty || during <= 0 {
		return false
	}
	wakes := []unix.PollFd{{Fd: int32(l.wakes.Fd()), Events: unix.POLLIN}}
	for until := time.Now().Add(during); ; {
		left := time.Until(until)
		if left <= 0 {
			break
		}
		n, err := unix.Poll(wakes, int(left.Milliseconds())+1)
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
	}
	in := []unix.PollFd{{Fd: int32(l.in.Fd()), Events: unix.POLLIN}}
	n, _ := unix.Poll(in, 0) // an error is found by who reads
	if n > 0 && in[0].Revents&unix.POLLHUP != 0 {
		return false
	}
	l.drop()
	return n > 0
}

// read gives the next line without its end. The error is errLeft after ctrl+c, and
// io.EOF when no more comes.
func (l *lines) read(ctx context.Context) (string, error) {
	for {
		if i := bytes.IndexByte(l.buf, '\n'); i >= 0 {
			line := string(l.buf[:i])
			l.buf = l.buf[i+1:]
			return strings.TrimSuffix(line, "\r"), nil
		}
		fds := []unix.PollFd{{Fd: int32(l.in.Fd()), Events: unix.POLLIN}, {Fd: int32(l.wakes.Fd()), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil {
			if errors.Is(err, unix.EINTR) {
				continue
			}
			return "", fmt.Errorf("poll standard input: %w", err)
		}
		if ctx.Err() != nil {
			return "", io.EOF
		}
		if fds[1].Revents != 0 {
			l.calm() // the terminal itself forgets what was typed before
			return "", errLeft
		}
		buf := make([]byte, 4096)
		n, err := unix.Read(int(l.in.Fd()), buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case n <= 0 && len(l.buf) > 0: // a last line without an end
			line := string(l.buf)
			l.buf = nil
			return line, nil
		case n <= 0: // an error is a terminal that hung up
			return "", io.EOF
		}
		l.buf = append(l.buf, buf[:n]...)
		const most = 1 << 20
		if len(l.buf) > most {
			return "", errors.New("a line of more than a megabyte")
		}
	}
}
