package lxc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// drainTime is how long the last output on a terminal's pipe may take after
// the process has ended: what it left behind may hold the pipe for ever.
const drainTime = time.Second

// confined are the descriptors of an Exec as the container may have them.
type confined struct {
	theirs [3]*os.File
	own    []*os.File // of theirs, those to close once the helper has them
	input  *os.File   // write end of the pipe that stands for a terminal
	source *os.File   // that terminal
	copies sync.WaitGroup
	ends   []*os.File // read ends of the pipes for output
	stop   [2]*os.File
}

// confine puts pipes where a descriptor is a terminal: with one of ours, a
// process in the container could type commands into it (TIOCSTI).
func confine(std runtime.Stdio) (*confined, error) {
	c := &confined{}
	for i, f := range []*os.File{std.In, std.Out, std.Err} {
		var err error
		switch {
		case f == nil:
			c.theirs[i], err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
			c.own = append(c.own, c.theirs[i])
		case !isTerminal(f):
			c.theirs[i] = f
		case i == 0:
			err = c.pipeIn(f)
		default:
			err = c.pipeOut(i, f)
		}
		if err != nil {
			c.finish(false)
			c.started()
			return nil, fmt.Errorf("%w: descriptors: %w", runtime.ErrHelper, err)
		}
	}
	return c, nil
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (c *confined) pipeIn(f *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c.theirs[0], c.input, c.source = r, w, f
	c.own = append(c.own, r)
	c.stop[0], c.stop[1], err = os.Pipe()
	return err
}

func (c *confined) pipeOut(i int, f *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c.theirs[i] = w
	c.own = append(c.own, w)
	c.ends = append(c.ends, r)
	c.copies.Add(1)
	spawn("output of a process", func(error) { c.copies.Done() }, func() {
		// A terminal that is gone ends the copy and with it the process.
		_, _ = io.Copy(f, r)
		r.Close()
		c.copies.Done()
	})
	return nil
}

// started is called when the helper has its descriptors, or never will.
func (c *confined) started() {
	for _, f := range c.own {
		f.Close()
	}
	c.own = nil
	if c.source != nil && c.input != nil {
		src, dst, stop := c.source, c.input, c.stop[0]
		spawn("input of a process", func(error) {}, func() { pump(dst, src, stop) })
	}
}

// pump copies a terminal's input until it ends or stop hangs up. The
// terminal stays blocking, as its owner expects, and is read only when there
// is something to read: a read that waits could not be ended.
func pump(dst, src, stop *os.File) {
	defer dst.Close()
	defer stop.Close()
	buf := make([]byte, 4096)
	fds := []unix.PollFd{{Fd: int32(src.Fd()), Events: unix.POLLIN}, {Fd: int32(stop.Fd()), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil {
			if errors.Is(err, unix.EINTR) {
				continue
			}
			return
		}
		if fds[1].Revents != 0 {
			return
		}
		n, err := unix.Read(int(fds[0].Fd), buf)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		if _, err := dst.Write(buf[:n]); err != nil {
			return
		}
	}
}

// finish ends the copies; those of output first get what is still in their
// pipes when drain is set.
func (c *confined) finish(drain bool) {
	if c.stop[1] != nil {
		c.stop[1].Close()
	}
	if drain && len(c.ends) > 0 {
		all := make(chan struct{})
		spawn("output of a process", func(error) { close(all) }, func() { c.copies.Wait(); close(all) })
		t := time.NewTimer(drainTime)
		defer t.Stop()
		select {
		case <-all:
		case <-t.C:
		}
	}
	for _, r := range c.ends {
		r.Close()
	}
}
