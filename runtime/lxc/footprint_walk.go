package lxc

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	goruntime "runtime"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// sizes is what a walk over files has found.
type sizes struct {
	disk    int64 // bytes in blocks of the file system (st_blocks)
	bytes   int64 // what reading every file gives: holes count
	partial bool  // something was not seen
	linked  map[[2]uint64]bool
}

// walkBatch is how many names are read between two looks at the context.
const walkBatch = 256

// measure adds up a directory tree: one file system, links once. It follows no
// symbolic link, whatever a running container makes of its directories
// meanwhile (openat2(2)). skip are names in the top directory that are left out.
// The context's end is no error: the sum is partial then.
func (s *sizes) measure(ctx context.Context, dir string, skip ...string) error {
	top, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("measure %s: %w", dir, fileErr(err))
	}
	defer unix.Close(top)
	s.linked = map[[2]uint64]bool{}
	left := map[string]bool{}
	for _, name := range skip {
		left[name] = true
	}
	var st unix.Stat_t
	if err := unix.Fstat(top, &st); err != nil {
		return fmt.Errorf("measure %s: %w", dir, err)
	}
	s.disk += st.Blocks * 512
	buf := make([]byte, 64<<10)
	for queue := []string{"."}; len(queue) > 0; {
		name := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if ctx.Err() != nil {
			s.partial = true
			return nil
		}
		fd, err := unix.Openat2(top, name, &unix.OpenHow{
			Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC,
			Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS,
		})
		switch {
		case errors.Is(err, unix.EXDEV), errors.Is(err, unix.ENOENT):
			continue // a mount, or gone meanwhile
		case err != nil:
			s.partial = true // not ours to read, or a path longer than the kernel takes
			continue
		}
		queue = append(queue, s.measureDir(ctx, fd, name, left, buf)...)
		unix.Close(fd)
		left = nil
	}
	return nil
}

// measureDir adds up one directory and gives those in it.
func (s *sizes) measureDir(ctx context.Context, fd int, dir string, skip map[string]bool, buf []byte) (dirs []string) {
	names := make([]string, 0, walkBatch)
	for {
		n, err := unix.Getdents(fd, buf)
		if err != nil || n <= 0 {
			s.partial = s.partial || err != nil
			return dirs
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			var st unix.Stat_t
			if skip[name] || unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT) != nil {
				continue
			}
			if st.Mode&unix.S_IFMT == unix.S_IFDIR {
				dirs = append(dirs, filepath.Join(dir, name))
			}
			s.add(&st)
		}
		if ctx.Err() != nil {
			s.partial = true
			return nil
		}
	}
}

func (s *sizes) add(st *unix.Stat_t) {
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFDIR && st.Nlink > 1 {
		id := [2]uint64{st.Dev, st.Ino}
		if s.linked[id] {
			return
		}
		s.linked[id] = true
	}
	s.disk += st.Blocks * 512
	if st.Mode&unix.S_IFMT == unix.S_IFREG {
		s.bytes += st.Size
	}
}

// politely runs what reads much on a thread of its own, which yields to
// everybody else: a List must not wait for it. f looks at the context itself.
func politely(what string, f func() error) error {
	done := make(chan error, 1)
	runtime.Spawn(what, func(err error) { done <- err }, func() {
		// Never unlocked: the thread ends with the goroutine, and its nice
		// value with it (setpriority(2): on Linux it is the thread's).
		goruntime.LockOSThread()
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 19)
		const whoProcess, idle = 1, 3 << 13 // ioprio_set(2)
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, whoProcess, 0, idle)
		done <- f()
	})
	return <-done
}

// freeOn is how much a file system has free for this user, in bytes.
func freeOn(path string) (uint64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("free space of %s: %w", path, fileErr(err))
		}
		return st.Bavail * uint64(st.Bsize), nil
	}
}

// humanBytes is a size in running text.
func humanBytes(n uint64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/(1<<10), 0
	for f >= 1000 && u < len(units)-1 {
		f, u = f/(1<<10), u+1
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + " " + units[u:u+1] + "iB"
}
