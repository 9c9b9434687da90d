package proc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// FS is where the kernel's files are found. The zero FS is the machine itself.
type FS struct {
	// Root is put before every path, those in mountinfo included; "" is "/".
	Root string
}

func (f FS) path(elem ...string) string {
	return filepath.Join(append([]string{f.Root, "/"}, elem...)...)
}

func (f FS) proc(pid int, name string) string { return f.path("proc", strconv.Itoa(pid), name) }

func (f FS) cgroups() cgroup.FS { return cgroup.FS{Root: f.Root} }

// sinceBoot is the clock that starts of processes are told by. /proc/uptime is
// no measure of it: lxcfs puts a file of its own there.
func (f FS) sinceBoot() (time.Duration, error) {
	if f.Root == "" {
		var boot unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
			return 0, fmt.Errorf("clock since boot: %w", err)
		}
		return time.Duration(boot.Nano()), nil
	}
	var r scratch
	text, err := r.whole(f.path("proc/uptime"), maxSmall)
	if err != nil {
		return 0, fmt.Errorf("clock since boot: %w", err)
	}
	word, _, _ := strings.Cut(string(text), " ")
	s, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
	if err != nil {
		return 0, fmt.Errorf("clock since boot: %w", err)
	}
	return time.Duration(s * float64(time.Second)), nil
}

// Bounds of what is read of one file.
const (
	maxSmall = 64 << 10 // stat, status, cgroup
	maxTable = 8 << 20  // net/tcp, cgroup.procs
)

// scratch is a buffer that is used for one file after the other: what a read
// gives holds until the next.
type scratch struct{ buf []byte }

// once reads a file below a directory with a single read, which is enough for
// those that the kernel writes as one record (single_open of seq_file.c).
func (r *scratch) once(dir int, name string, most int) ([]byte, error) {
	fd, err := openAt(dir, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	r.room(most)
	for {
		n, err := unix.Read(fd, r.buf[:most])
		if !errors.Is(err, unix.EINTR) {
			return r.buf[:max(0, n)], err
		}
	}
}

// whole reads a file to its end, or as far as most.
func (r *scratch) whole(path string, most int) ([]byte, error) {
	fd, err := openAt(unix.AT_FDCWD, path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	for used := 0; ; {
		if used == most {
			return r.buf[:used], nil
		}
		if used == len(r.buf) {
			r.room(min(most, max(4096, 2*used)))
		}
		n, err := unix.Read(fd, r.buf[used:min(len(r.buf), most)])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		case n == 0:
			return r.buf[:used], nil
		default:
			used += n
		}
	}
}

// room makes the buffer at least n bytes long, and keeps what is in it.
func (r *scratch) room(n int) {
	if len(r.buf) < n {
		r.buf = append(r.buf, make([]byte, n-len(r.buf))...)
	}
}

// openAt opens a file of the kernel; whatever stands there instead must not block.
func openAt(dir int, name string) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// openProc opens the directory of a process.
func (f FS) openProc(pid int) (int, error) {
	fd, err := unix.Open(f.path("proc", strconv.Itoa(pid)), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// gone says whether an error means that the process has ended.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOTDIR)
}

// explain wraps an error of a process's files with what callers decide on.
func explain(what string, err error) error {
	switch {
	case gone(err):
		return fmt.Errorf("%s: %w: %w", what, runtime.ErrNotFound, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%s: %w: %w", what, runtime.ErrPermission, err)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// allPids are the processes of the whole host, in no order.
func (f FS) allPids() ([]int, error) {
	dir, err := os.Open(f.path("proc"))
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	defer dir.Close()
	var pids []int
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if pid, ok := number([]byte(name)); ok && pid > 0 && len(pids) < mostPids {
				pids = append(pids, pid)
			}
		}
		if errors.Is(err, io.EOF) {
			return pids, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the processes: %w", err)
		}
	}
}

// namespace is what a link below /proc/PID/ns says, such as "net:[4026531840]";
// "" = it may not be read.
func (f FS) namespace(pid int, kind string) string {
	to, err := os.Readlink(f.proc(pid, "ns/"+kind))
	if err != nil {
		return ""
	}
	return to
}
