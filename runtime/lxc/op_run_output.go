package lxc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

// initPipes are our ends of what a container's init writes to. Pipes are all it
// gets: nothing of the host can be reached through one.
type initPipes struct{ out, err *os.File }

func (p *initPipes) close() {
	p.out.Close()
	p.err.Close()
}

func (f initFiles) close() {
	for _, x := range []*os.File{f.in, f.out, f.err} {
		if x != nil {
			x.Close()
		}
	}
}

// newInitPipes makes the descriptors of an init: an input that is at its end,
// and two pipes. They belong to root in the container, who could not open
// /dev/stdout else where ids are mapped.
func newInitPipes(idmap []string) (*initPipes, initFiles, error) {
	var std initFiles
	p := &initPipes{}
	in, err := noNull(true)
	if err != nil {
		return nil, std, fmt.Errorf("pipe: %w", err)
	}
	std.in = os.NewFile(uintptr(in), "input of an init")
	var errs [2]error
	p.out, std.out, errs[0] = os.Pipe()
	p.err, std.err, errs[1] = os.Pipe()
	if err := errors.Join(errs[:]...); err != nil {
		std.close()
		return nil, std, fmt.Errorf("pipe: %w", err)
	}
	if uid, gid := mappedRoot(idmap); uid > 0 && os.Geteuid() == 0 {
		for _, f := range []*os.File{std.out, std.err} {
			if err := f.Chown(uid, gid); err != nil {
				std.close()
				p.close()
				return nil, std, fmt.Errorf("pipe: %w", err)
			}
		}
	}
	return p, std, nil
}

// mappedRoot is who a container's root is on the host, by lines of lxc.idmap.
func mappedRoot(idmap []string) (uid, gid int) {
	for _, line := range idmap {
		f := strings.Fields(line)
		if len(f) != 4 || f[1] != "0" {
			continue
		}
		id, err := strconv.Atoi(f[2])
		if err != nil {
			continue
		}
		if f[0] == "u" || f[0] == "b" {
			uid = id
		}
		if f[0] == "g" || f[0] == "b" {
			gid = id
		}
	}
	return uid, gid
}

// pump tells what comes through both pipes, in the order in which it comes as
// far as that can be known, until they end. Whatever holds them open once the
// monitor has ended is not of the container: then only what they hold counts.
func (p *initPipes) pump(monitor int, tell func(runtime.Progress)) {
	defer p.close()
	// Descriptors from os.Pipe are non-blocking, and Fd would change that.
	fds := []unix.PollFd{{Fd: rawFD(p.out), Events: unix.POLLIN}, {Fd: rawFD(p.err), Events: unix.POLLIN}, {Fd: int32(monitor), Events: unix.POLLIN}}
	buf := make([]byte, 2*copySize)
	rest := -1 // bytes that may still come; -1 = any number
	for fds[0].Fd >= 0 || fds[1].Fd >= 0 {
		wait := -1
		if rest >= 0 {
			wait = int(drainTime / time.Millisecond)
		}
		n, err := unix.Poll(fds, wait)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil, n == 0, rest == 0:
			return
		}
		if fds[2].Revents != 0 {
			fds[2].Fd, rest = -1, 0
			for i := range 2 {
				if fds[i].Fd >= 0 {
					rest += pipeSize(int(fds[i].Fd))
				}
			}
		}
		for i := range 2 {
			if fds[i].Fd < 0 || fds[i].Revents == 0 {
				continue
			}
			n, err := unix.Read(int(fds[i].Fd), buf)
			switch {
			case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
			case err != nil || n <= 0:
				fds[i].Fd = -1
			default:
				tell(runtime.Progress{Output: buf[:n], Stderr: i == 1})
				if rest > 0 {
					rest = max(0, rest-n)
				}
			}
		}
	}
}

func pipeSize(fd int) int {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		return copySize
	}
	return n
}

// rawFD is a file's descriptor, which stays as it is.
func rawFD(f *os.File) int32 {
	fd := int32(-1)
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(got uintptr) { fd = int32(got) })
	}
	return fd
}

// notStarted is the error of a container that liblxc could not start, with what
// helps here: its config, of which liblxc's words speak, goes with it.
func notStarted(a *runtime.RunArgs, log string) error {
	e := &runtime.Error{Err: errors.New("liblxc: it could not be started")}
	died := log == initDied
	if died {
		e.Err = errors.New(initDied)
	} else {
		e.Log = log
	}
	switch l := strings.ToLower(log); {
	case a.Network.Kind == runtime.DefaultNetwork && strings.Contains(l, "failed to attach"):
		e.Hint = "The bridge of LXC's default config is not there: start lxc-net, or run it on another bridge (--network BRIDGE) or without a network (--network none)."
	case a.Limits != (runtime.Limits{}) && (died || strings.Contains(l, "sync wait failure") || strings.Contains(l, "sync wake failure")):
		// It ended before it told liblxc why, as what the kernel kills for memory does.
		e.Hint = "Its limits may be too low for that: memory, or processes."
	default:
		return e.Err
	}
	return e
}
