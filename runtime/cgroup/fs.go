package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// ErrGone says that the cgroup vanished under an open Reader (ENODEV, see
// kernfs): the container stopped or started anew. It wraps
// runtime.ErrNotFound. A new Reader can be opened once the new pid is known.
var ErrGone = fmt.Errorf("%w: its cgroup is gone", runtime.ErrNotFound)

// FS is where the kernel's files are found. The zero FS is the machine itself.
type FS struct {
	// Root is put before every path, those in mountinfo included; "" is "/".
	Root string
}

// real says whether pids of this FS are those of the running kernel.
func (f FS) real() bool { return f.Root == "" || filepath.Clean(f.Root) == "/" }

func (f FS) path(elem ...string) string {
	root := f.Root
	if root == "" {
		root = "/"
	}
	return filepath.Join(root, filepath.Join(elem...))
}

func (f FS) procDir(pid int) string { return f.path("proc", strconv.Itoa(pid)) }

// maxText bounds every file that is read as a whole when something is opened.
const maxText = 4 << 20

// firstText holds most of them.
const firstText = 1 << 10

var errTooLong = fmt.Errorf("more than %d bytes", maxText)

// readText reads a file of at most maxText bytes.
func readText(path string) ([]byte, error) {
	text, err := place{dir: unix.AT_FDCWD}.read(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return text, nil
}

// place is where files are opened by name: below a directory that is held
// open, or where there is none below a path that ends in a slash.
type place struct {
	dir  int // unix.AT_FDCWD = path alone
	path string
}

func (p place) open(name string) (int, error) { return openAt(p.dir, p.path+name) }

// read reads a file of at most maxText bytes. Package os would also ask for
// its kind and try to wait for it, which doubles the cost.
func (p place) read(name string) ([]byte, error) {
	fd, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer closeAll(fd)
	for text := make([]byte, 0, firstText); ; {
		n, err := unix.Read(fd, text[len(text):cap(text)])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return text, nil
		}
		if text = text[:len(text)+n]; len(text) > maxText {
			return nil, errTooLong
		}
		if len(text) == cap(text) {
			text = slices.Grow(text, len(text))
		}
	}
}

// openDir opens a directory as an anchor for openAt: what is opened below it
// belongs to this very directory, even if another one takes its name.
func openDir(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// openAt opens a statistics file below a directory.
func openAt(dir int, name string) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// closeAll closes descriptors that were only read from: nothing can be lost.
func closeAll(fds ...int) {
	for _, fd := range fds {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// explain wraps an error of a process's own files with what callers decide on.
func explain(what string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
		return fmt.Errorf("%s: %w: %w", what, runtime.ErrNotFound, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%s: %w: %w", what, runtime.ErrPermission, err)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// countsAllIO says that this kernel is older than Linux 6.10, from which on v1
// counts the I/O of throttled devices only (block/blk-throttle.c). Where it is not
// known it is not said.
func (f FS) countsAllIO() bool {
	text, err := readText(f.path("proc/sys/kernel/osrelease"))
	if err != nil {
		return false
	}
	major, rest, ok := kernfile.Digits(text)
	if !ok || len(rest) == 0 || rest[0] != '.' {
		return false
	}
	minor, _, ok := kernfile.Digits(rest[1:])
	return ok && (major < 6 || major == 6 && minor < 10)
}

// roomFDs is for how many descriptors room is made: 600 containers' and more.
// The kernel's table of that size takes 128 KiB.
const roomFDs = 1 << 14

// ReserveFDs makes room for many open descriptors at once. The kernel's table
// of them begins with 64 places and is doubled when it is full; in a process
// of several threads each time waits for all CPUs (synchronize_rcu in
// expand_fdtable, fs/file.c), about 10 ms. It is only a help: where it fails,
// the table grows as it is used.
func ReserveFDs() {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil || lim.Cur == 0 {
		return
	}
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, int(min(lim.Cur, roomFDs)-1))
	if err == nil {
		closeAll(high)
	}
	closeAll(fd)
}
