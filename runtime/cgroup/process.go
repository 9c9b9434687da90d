package cgroup

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// process is one process held fast while its files are opened. Pids are used
// again: the pidfd is taken first and alive is asked at the end, so that the
// pid was the same process's all the while. Without a pidfd everything is
// opened below one descriptor of /proc/PID, which never turns to a successor:
// reads then fail with ESRCH.
type process struct {
	pid   int
	dir   int // /proc/PID; -1 where the pidfd guards
	pidfd int // -1 on a fixture tree and on kernels before 5.3
	files place
}

func (p *process) open(f FS, pid int) error {
	path := f.procDir(pid)
	p.pid, p.dir, p.pidfd, p.files = pid, -1, -1, place{unix.AT_FDCWD, path + "/"}
	what := fmt.Sprintf("look at process %d", pid)
	if pid <= 0 {
		return fmt.Errorf("%s: %w", what, runtime.ErrNotFound)
	}
	if f.real() {
		fd, err := unix.PidfdOpen(pid, 0)
		switch {
		case err == nil:
			p.pidfd = fd
			return nil
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
			// An old kernel, or a sandbox: the descriptor of /proc/PID guards alone.
		case errors.Is(err, unix.EINVAL):
			return fmt.Errorf("%s: %w: %w", what, runtime.ErrNotFound, err) // a thread, not a process
		default:
			return explain(what, err)
		}
	}
	dir, err := openDir(path)
	if err != nil {
		return explain(what, err)
	}
	p.dir, p.files = dir, place{dir: dir}
	return nil
}

// text reads one of the process's own files.
func (p *process) text(name string) ([]byte, error) {
	text, err := p.files.read(name)
	if err != nil {
		return nil, explain(fmt.Sprintf("look at process %d: %s", p.pid, name), err)
	}
	return text, nil
}

// alive gives an error when the process has ended since open. A pidfd becomes
// readable at the end of its process (pidfd_open(2)); without one, its files
// cannot be read any more.
func (p *process) alive() error {
	if p.pidfd < 0 {
		_, err := p.text("cgroup")
		return err
	}
	fds := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("look at process %d: %w", p.pid, err)
		case n > 0:
			return fmt.Errorf("process %d ended: %w", p.pid, runtime.ErrNotFound)
		}
		return nil
	}
}

// self is what there is to know of this very process to judge others.
type self struct {
	cgroup   []byte // ownCgroup
	net      unix.Stat_t
	netKnown bool
}

func (f FS) self() *self {
	own := &self{cgroup: f.ownCgroup()}
	own.netKnown = unix.Stat(f.path("proc/self/ns/net"), &own.net) == nil
	return own
}

// sharesNet says that the process shares our network namespace
// (lxc.net.0.type = none): its counters are then the host's. Where that cannot
// be read the answer is no.
func (p *process) sharesNet(own *self) bool {
	var its unix.Stat_t
	if !own.netKnown || unix.Fstatat(p.files.dir, p.files.path+"ns/net", &its, 0) != nil {
		return false
	}
	return its.Dev == own.net.Dev && its.Ino == own.net.Ino
}

func (p *process) close() {
	closeAll(p.dir, p.pidfd)
	p.dir, p.pidfd = -1, -1
}
