package lxc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// inRoot reads files as a container sees them. Whatever the container put
// there, a path never leads out of its root, and nothing but regular files is
// opened: no FIFO that blocks, no device that acts when it is opened. A FUSE
// mount can still block for ever, so it is used in helpers only, which are
// killed when their time is up.
type inRoot struct {
	dir   int // the root directory, O_PATH
	pidfd int
}

// openRoot opens the root directory of a container by its init's pid. The
// pidfd comes first: when alive says so afterwards, /proc/PID was that process.
func openRoot(initPID int) (*inRoot, error) {
	pidfd, err := unix.PidfdOpen(initPID, 0)
	if err != nil {
		return nil, fmt.Errorf("pidfd of init %d: %w", initPID, err)
	}
	dir, err := unix.Open("/proc/"+strconv.Itoa(initPID)+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(pidfd)
		return nil, fmt.Errorf("root of init %d: %w", initPID, err)
	}
	r := &inRoot{dir: dir, pidfd: pidfd}
	if !alive(pidfd) {
		r.close()
		return nil, fmt.Errorf("init %d has ended", initPID)
	}
	return r, nil
}

func (r *inRoot) close() {
	if r == nil {
		return
	}
	unix.Close(r.dir)
	unix.Close(r.pidfd)
}

// alive says whether the container's init still runs.
func (r *inRoot) alive() bool { return r == nil || alive(r.pidfd) }

// alive says whether a pidfd's process still runs: the descriptor becomes
// readable at its end (pidfd_open(2)).
func alive(pidfd int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && n == 0
		}
	}
}

// find resolves name inside the root, without opening what is there.
func (r *inRoot) find(name string) (int, error) {
	if r == nil {
		return -1, fmt.Errorf("%w: the container's root", runtime.ErrPermission)
	}
	fd, err := unix.Openat2(r.dir, name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return -1, fmt.Errorf("%s in the container: %w", name, err)
	}
	return fd, nil
}

// same says whether two names lead to the same file: busybox may be installed
// as links of either kind.
func (r *inRoot) same(a, b string) bool {
	x, err := r.id(a)
	if err != nil {
		return false
	}
	y, err := r.id(b)
	return err == nil && x == y
}

func (r *inRoot) id(name string) (id [2]uint64, err error) {
	fd, err := r.find(name)
	if err != nil {
		return id, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return id, fmt.Errorf("%s in the container: %w", name, err)
	}
	return [2]uint64{st.Dev, st.Ino}, nil
}

// stat is the mode of what name leads to, and the last component of its real
// path: /bin/sh may be dash or busybox.
func (r *inRoot) stat(name string) (mode uint32, real string, err error) {
	fd, err := r.find(name)
	if err != nil {
		return 0, "", err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, "", fmt.Errorf("%s in the container: %w", name, err)
	}
	real, err = os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		real = name
	}
	return st.Mode, path.Base(real), nil
}

// isProgram says whether name is an absolute path to a regular file that
// somebody may execute.
func (r *inRoot) isProgram(name string) bool {
	if !path.IsAbs(name) {
		return false
	}
	mode, _, err := r.stat(name)
	return err == nil && mode&unix.S_IFMT == unix.S_IFREG && mode&0o111 != 0
}

// isDir says whether name is an absolute path to a directory.
func (r *inRoot) isDir(name string) bool {
	if r == nil || !path.IsAbs(name) {
		return r == nil && path.IsAbs(name)
	}
	mode, _, err := r.stat(name)
	return err == nil && mode&unix.S_IFMT == unix.S_IFDIR
}

// readFile reads a regular file of at most limit bytes.
func (r *inRoot) readFile(name string, limit int64) ([]byte, error) {
	fd, err := r.find(name)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("%s in the container: %w", name, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%w: %s in the container is no regular file", runtime.ErrInvalid, name)
	}
	if st.Size > limit {
		return nil, fmt.Errorf("%w: %s in the container has %d bytes (%d at most)", runtime.ErrInvalid, name, st.Size, limit)
	}
	f, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s in the container: %w", name, err)
	}
	defer f.Close()
	// It may grow between the two looks.
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s in the container: %w", name, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: %s in the container grew beyond %d bytes", runtime.ErrInvalid, name, limit)
	}
	return b, nil
}

// writeFile puts a text into a regular file that is there, which keeps owner and
// mode. One that has a second name is left alone: what that one is for is not
// known.
func (r *inRoot) writeFile(name string, text []byte) error {
	fd, err := r.find(name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("%s in the container: %w", name, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return fmt.Errorf("%w: %s in the container is no regular file, or has two names", runtime.ErrInvalid, name)
	}
	f, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("%s in the container: %w", name, err)
	}
	defer f.Close()
	// Written over and then cut, so that it is never empty.
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("write %s in the container: %w", name, err)
	}
	if err := errors.Join(f.Truncate(int64(len(text))), f.Sync()); err != nil {
		return fmt.Errorf("write %s in the container: %w", name, err)
	}
	return nil
}
