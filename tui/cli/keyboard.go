package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// keyboard reads a terminal and can be stopped without a key: a read of a
// terminal cannot be interrupted, a poll beside a pipe can.
type keyboard struct {
	bytes chan []byte // closed at the end
	quit  chan struct{}
	wake  *os.File
	done  chan error
}

func newKeyboard(tty *os.File) (*keyboard, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	k := &keyboard{bytes: make(chan []byte), quit: make(chan struct{}), wake: w, done: make(chan error, 1)}
	end := func(err error) {
		close(k.bytes)
		k.done <- errors.Join(err, r.Close())
	}
	spawn(func() { end(k.read(int(tty.Fd()), int(r.Fd()))) }, end)
	return k, nil
}

// stop ends the reading and waits for its end.
func (k *keyboard) stop() error {
	close(k.quit)
	err := k.wake.Close()
	return errors.Join(err, <-k.done)
}

// read hands bytes on until stop. The terminal stays blocking: its file
// description is shared with the user's shell.
func (k *keyboard) read(tty, wake int) error {
	for {
		fds := []unix.PollFd{{Fd: int32(tty), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil {
			if errors.Is(err, unix.EINTR) {
				continue
			}
			return fmt.Errorf("poll the terminal: %w", err)
		}
		if fds[1].Revents != 0 {
			return nil
		}
		buf := make([]byte, 4096)
		n, err := unix.Read(tty, buf)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		if n <= 0 { // an error here is a terminal that hung up
			return nil
		}
		select {
		case k.bytes <- buf[:n]:
		case <-k.quit:
			return nil
		}
	}
}

// queueRoom bounds what waits for a program that does not read.
const queueRoom = 1 << 20

// queue writes to a session in order, in a goroutine of its own: a program
// that does not read its input must not keep the prefix from being heard.
type queue struct {
	mu      sync.Mutex
	waiting []byte
	wake    chan struct{} // one slot
	quit    chan struct{}
}

func newQueue(to io.Writer) *queue {
	q := &queue{wake: make(chan struct{}, 1), quit: make(chan struct{})}
	// A write fails once the session has ended; the reader of its output
	// notices that and ends the connection.
	spawn(func() { q.run(to) }, func(error) {})
	return q
}

// add takes bytes to write; false means that there is no room for them.
func (q *queue) add(p []byte) bool {
	q.mu.Lock()
	fits := len(q.waiting)+len(p) <= queueRoom
	if fits {
		q.waiting = append(q.waiting, p...)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return fits
}

func (q *queue) run(to io.Writer) {
	for {
		select {
		case <-q.wake:
		case <-q.quit:
			return
		}
		q.mu.Lock()
		p := q.waiting
		q.waiting = nil
		q.mu.Unlock()
		if len(p) == 0 {
			continue
		}
		if _, err := to.Write(p); err != nil {
			return
		}
	}
}

// close ends the queue; what still waits is dropped, as on a hang-up.
func (q *queue) close() { close(q.quit) }
