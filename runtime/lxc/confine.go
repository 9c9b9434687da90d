package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// drainTime is how long a pipe for output that nothing comes through is
	// kept after the process has ended: what it left behind may hold it open
	// for ever.
	drainTime = time.Second
	// drainLook is the time between two looks at what comes through.
	drainLook = 20 * time.Millisecond
	// copySize is one read of output.
	copySize = 32 << 10
)

// confined are the descriptors of an Exec as the container may have them.
type confined struct {
	theirs [3]*os.File
	own    []*os.File // of theirs, those to close once the helper has them
	input  *os.File   // write end of the pipe that stands for our input
	unread *os.File   // its read end, to count what nobody read
	source *os.File   // our input
	pumped chan struct{}
	passed int // bytes of input, once pumped is closed
	copies []*outputCopy
	failed chan error // of the copies
	stop   [2]*os.File
}

// confine hands on pipes, sockets and the null device, which the helper changes
// for the container's, and puts a pipe in the place of all else. With a terminal
// of ours a process in the container could type commands into it (TIOCSTI); a
// file it could open again through /proc/self/fd in any mode, and from a
// directory walk to the host's root.
func confine(std runtime.Stdio) (*confined, error) {
	c := &confined{failed: make(chan error, 2)}
	for i, f := range []*os.File{std.In, std.Out, std.Err} {
		var err error
		switch {
		case f == nil:
			c.theirs[i], err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
			c.own = append(c.own, c.theirs[i])
		case harmless(f):
			c.theirs[i] = f
		case i == 0:
			err = c.pipeIn(f)
		case i == 2 && c.theirs[1] != std.Out && sameFile(f, std.Out):
			c.theirs[2] = c.theirs[1] // one pipe, so that the order of lines stays
		default:
			err = c.pipeOut(i, f)
		}
		if err != nil {
			_ = c.finish(context.Background(), false)
			c.started()
			return nil, fmt.Errorf("%w: descriptors: %w", runtime.ErrHelper, err)
		}
	}
	return c, nil
}

// harmless says that a descriptor gives a process in the container nothing but
// the bytes that pass: a pipe, a socket, or the null device, which never gets
// there. A FIFO with a name has an owner and a mode that it could change.
func harmless(f *os.File) bool {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return false
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		return true
	case unix.S_IFIFO:
		var fs unix.Statfs_t
		return unix.Fstatfs(int(f.Fd()), &fs) == nil && fs.Type == unix.PIPEFS_MAGIC
	default:
		return isNull(int(f.Fd()))
	}
}

// sameFile says whether two descriptors are of one file, as after 2>&1.
func sameFile(f, g *os.File) bool {
	if f == nil || g == nil {
		return false
	}
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := g.Stat()
	return err == nil && os.SameFile(a, b)
}

func (c *confined) pipeIn(f *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c.theirs[0], c.input, c.source = r, w, f
	c.own = append(c.own, r)
	if c.stop[0], c.stop[1], err = os.Pipe(); err != nil {
		return err
	}
	if !seekable(f) {
		return nil
	}
	fd, err := unix.FcntlInt(r.Fd(), unix.F_DUPFD_CLOEXEC, helperFiles)
	if err != nil {
		return err
	}
	c.unread = os.NewFile(uintptr(fd), "input of a process")
	return nil
}

func (c *confined) pipeOut(i int, f *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c.theirs[i] = w
	c.own = append(c.own, w)
	x := &outputCopy{from: r, done: make(chan struct{})}
	c.copies = append(c.copies, x)
	runtime.Spawn("output of a process", func(error) { close(x.done) }, func() {
		// A terminal that is gone, or a full disk, ends the copy and with it
		// the process.
		if err := x.run(f); err != nil {
			c.failed <- err
		}
		r.Close()
		close(x.done)
	})
	return nil
}

// outputCopy copies what comes through a pipe to one of our descriptors.
type outputCopy struct {
	from    *os.File
	done    chan struct{}
	writing atomic.Bool
	moved   atomic.Int64
}

// run copies until the pipe ends or is closed.
func (x *outputCopy) run(to io.Writer) error {
	buf := make([]byte, copySize)
	for {
		n, err := x.from.Read(buf)
		if n > 0 {
			x.writing.Store(true)
			_, werr := to.Write(buf[:n])
			x.writing.Store(false)
			if werr != nil {
				return werr
			}
			x.moved.Add(int64(n))
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
			return nil
		default:
			return err
		}
	}
}

// drain waits, once the process has ended, until all that it wrote has been
// written on, however long that takes. What it left behind may hold the pipe
// open, and write on: more than the pipe holds is not the process's. The error
// is that of a context that ended first.
func (x *outputCopy) drain(ctx context.Context) error {
	most := x.moved.Load() + copySize + x.pipe(func(fd uintptr) (int, error) { return unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0) })
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for idle := time.Now(); time.Since(idle) < drainTime && x.moved.Load() < most; {
		select {
		case <-x.done:
			return nil
		case <-ctx.Done():
			return ended(ctx)
		case <-look.C:
		}
		if x.writing.Load() || x.pipe(func(fd uintptr) (int, error) { return unix.IoctlGetInt(int(fd), unix.TIOCINQ) }) > 0 {
			idle = time.Now()
		}
	}
	return nil
}

// pipe asks for a number of the pipe; 0 when it has ended. Not by File.Fd, which
// lets a Read block beyond Close.
func (x *outputCopy) pipe(ask func(fd uintptr) (int, error)) (n int64) {
	raw, err := x.from.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if got, err := ask(fd); err == nil {
			n = int64(got)
		}
	})
	return n
}

// started is called when the helper has its descriptors, or never will.
func (c *confined) started() {
	for _, f := range c.own {
		f.Close()
	}
	c.own = nil
	if c.source != nil && c.input != nil {
		src, dst, stop := c.source, c.input, c.stop[0]
		c.pumped = make(chan struct{})
		runtime.Spawn("input of a process", func(error) { close(c.pumped) }, func() {
			c.passed = pump(dst, src, stop)
			close(c.pumped)
		})
	}
}

// seekable says whether what was read of a file can be given back.
func seekable(f *os.File) bool {
	_, err := unix.Seek(int(f.Fd()), 0, unix.SEEK_CUR)
	return err == nil
}

// giveBack sets our input, if it is a file, back to where the process has read
// to: a shell loop that reads names from it must find the next one.
func (c *confined) giveBack() {
	defer c.unread.Close()
	if c.pumped == nil {
		return
	}
	// A write that waits for a reader ends now; what it could not write goes
	// back in pump.
	_ = c.input.SetWriteDeadline(time.Now())
	<-c.pumped
	if n, err := unix.IoctlGetInt(int(c.unread.Fd()), unix.TIOCINQ); err == nil && n > 0 {
		// The process may have written into its own input.
		_, _ = unix.Seek(int(c.source.Fd()), -int64(min(n, c.passed)), unix.SEEK_CUR)
	}
}

// pump copies our input until it ends or stop hangs up. A terminal stays
// blocking, as its owner expects, and is read only when there is something to
// read: a read that waits could not be ended.
func pump(dst, src, stop *os.File) (passed int) {
	defer dst.Close()
	defer stop.Close()
	buf := make([]byte, 32<<10)
	fds := []unix.PollFd{{Fd: int32(src.Fd()), Events: unix.POLLIN}, {Fd: int32(stop.Fd()), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil {
			if errors.Is(err, unix.EINTR) {
				continue
			}
			return passed
		}
		if fds[1].Revents != 0 {
			return passed
		}
		n, err := unix.Read(int(fds[0].Fd), buf)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil || n <= 0 {
			return passed
		}
		written, err := dst.Write(buf[:n])
		passed += written
		if err != nil {
			// Fails where there is no going back, as on a terminal.
			_, _ = unix.Seek(int(fds[0].Fd), int64(written-n), unix.SEEK_CUR)
			return passed
		}
	}
}

// finish ends the copies; those of output first get what is still in their
// pipes when drain is set. The error is that of output that could not be written.
func (c *confined) finish(ctx context.Context, drain bool) error {
	if c.stop[1] != nil {
		c.stop[1].Close()
	}
	if c.unread != nil {
		c.giveBack()
	}
	var late error
	for _, x := range c.copies {
		if drain {
			late = errors.Join(late, x.drain(ctx))
		}
		x.from.Close()
	}
	select {
	case err := <-c.failed:
		return fmt.Errorf("pass its output on: %w", err)
	default:
		return late
	}
}
