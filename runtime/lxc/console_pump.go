package lxc

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

const (
	// callerPatience is how long what the console prints waits for a caller that
	// does not read, before it is dropped as on a terminal that nobody looks at.
	callerPatience = 300 * time.Millisecond
	// inputLow is how much unread input is none to speak of, in bytes: a line
	// discipline takes 4096.
	inputLow = 1 << 10
	// inputAhead is how much is typed before looking whether it is read. A pty has
	// room for some 50 kB more than its line discipline.
	inputAhead = 8 << 10
)

// consolePump stands between the pty that the monitor puts in front of /dev/console and
// the caller. The monitor itself writes to it, and blocks when it is full: then it
// answers nobody, and for ever if its reader has gone meanwhile, since it holds
// both ends. It blocks as well when it has more input for the console than that
// takes. So this process reads all the time, whatever the caller does, and holds
// back input that nobody reads.
type consolePump struct {
	console int // the monitor's pty: its master
	caller  int // our side of the caller's pty: the slave
	monitor int // the monitor's side of its pty, for a look at it; -1 = out of reach
	inside  int // the container's side of its console; -1 = out of reach
	deaf    bool
	ahead   int // input since all before was read
}

// startPump gives the master of the caller's pty.
func startPump(console, inside int) (master int, err error) {
	if err := passOutput(console); err != nil {
		return -1, err
	}
	master, slave, err := hostPty()
	if err != nil {
		return -1, fmt.Errorf("pty: %w", err)
	}
	if err = makeRaw(slave); err == nil {
		err = unix.SetNonblock(slave, true)
	}
	if err != nil {
		closeAll([]int{master, slave})
		return -1, fmt.Errorf("pty: %w", err)
	}
	p := &consolePump{console: console, caller: slave, monitor: -1, inside: inside}
	if peer, err := ptyPeer(console); err == nil { // else a kernel before 4.13
		p.monitor = peer
	}
	// They end with the process: what the monitor still has to say is taken until then.
	runtime.Spawn("console output", func(error) { unix.Exit(helperFailed) }, p.output)
	runtime.Spawn("console input", func(error) { unix.Exit(helperFailed) }, p.input)
	return master, nil
}

func (p *consolePump) output() {
	buf := make([]byte, 16<<10)
	for {
		n, ok := readSome(p.console, buf)
		if !ok {
			return
		}
		p.show(buf[:n])
	}
}

// show hands output to the caller, or drops it.
func (p *consolePump) show(b []byte) {
	for len(b) > 0 {
		n, err := unix.Write(p.caller, b)
		switch {
		case n > 0:
			b, p.deaf = b[n:], false
		case errors.Is(err, unix.EINTR):
		case !errors.Is(err, unix.EAGAIN) || p.deaf:
			return
		default:
			p.deaf = !ready(p.caller, unix.POLLOUT, callerPatience)
		}
	}
}

func (p *consolePump) input() {
	buf := make([]byte, inputLow)
	for {
		n, ok := readSome(p.caller, buf)
		if !ok {
			return
		}
		p.awaitRoom()
		p.ahead += n
		for b := buf[:n]; len(b) > 0; {
			n, err := unix.Write(p.console, b)
			switch {
			case n > 0:
				b = b[n:]
			case errors.Is(err, unix.EAGAIN):
				ready(p.console, unix.POLLOUT, time.Second)
			case !errors.Is(err, unix.EINTR):
				return
			}
		}
	}
}

// awaitRoom waits until the console's input is read, if much of it may not be. Input
// is in no queue while the kernel or the monitor hands it on: it takes two looks to
// say that there is none.
func (p *consolePump) awaitRoom() {
	if p.inside < 0 || p.ahead < inputAhead {
		return
	}
	for looks := 0; looks < 2; looks++ {
		time.Sleep(pollEvery)
		if unread(p.monitor) > 0 || unread(p.inside) > inputLow {
			looks = -1
		}
	}
	p.ahead = 0
}

// unread is how much input the readers of a tty have not read yet, in bytes
// (ioctl_tty(2), FIONREAD).
func unread(tty int) int {
	n, err := unix.IoctlGetInt(tty, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// readSome waits for bytes of a non-blocking descriptor; false means that there
// will be none.
func readSome(fd int, buf []byte) (n int, ok bool) {
	for {
		n, err := unix.Read(fd, buf)
		switch {
		case n > 0:
			return n, true
		case errors.Is(err, unix.EAGAIN):
			ready(fd, unix.POLLIN, -1)
		case !errors.Is(err, unix.EINTR):
			return 0, false
		}
	}
}

// ready waits for a descriptor; a negative time is for ever.
func ready(fd int, events int16, d time.Duration) bool {
	wait := -1
	if d >= 0 {
		wait = int(d.Milliseconds())
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	n, err := unix.Poll(fds, wait)
	return n > 0 || errors.Is(err, unix.EINTR)
}

// makeRaw is cfmakeraw of termios(3), as far as bytes are concerned.
func makeRaw(tty int) error {
	tio, err := unix.IoctlGetTermios(tty, unix.TCGETS)
	if err != nil {
		return err
	}
	tio.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	tio.Oflag &^= unix.OPOST
	tio.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	return unix.IoctlSetTermios(tty, unix.TCSETS, tio)
}

// passOutput lets bytes pass as they are: what the console's own line discipline
// has done to a newline, or what a program in raw mode means by one, must not be
// done again.
func passOutput(tty int) error {
	tio, err := unix.IoctlGetTermios(tty, unix.TCGETS)
	if err == nil {
		tio.Oflag &^= unix.OPOST
		err = unix.IoctlSetTermios(tty, unix.TCSETS, tio)
	}
	if err != nil {
		return fmt.Errorf("tty: %w", err)
	}
	return nil
}
