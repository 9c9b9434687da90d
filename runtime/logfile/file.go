package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Opener opens a log for reading. It is called again to see whether another file
// has taken its place, so it must not block: neither Path's nor Below's do, but on
// a file system that does not answer.
type Opener func() (*os.File, error)

// File is an open log. Several goroutines may use it at once.
type File struct {
	f  *os.File
	id fileID
}

// fileID tells a file from all others, as long as it is open.
type fileID struct{ dev, ino uint64 }

// Open takes what an opener gives, if it is a regular file.
func Open(open Opener) (*File, error) {
	f, err := open()
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	st, err := statOf(f)
	if err == nil {
		err = regular(f.Name(), st.Mode)
	}
	if err == nil {
		err = stored(f.Name(), int(f.Fd()))
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &File{f: f, id: fileID{st.Dev, st.Ino}}, nil
}

// Path opens a file of the host. A link in its place leads nowhere.
func Path(name string) Opener {
	return func() (*os.File, error) {
		return openAt(unix.AT_FDCWD, name, name, unix.RESOLVE_NO_MAGICLINKS)
	}
}

// Below opens a file as somebody sees it whose root is a directory: no link on the
// way leads out of that, and one in the file's place leads nowhere.
func Below(root *os.File, name string) Opener {
	return func() (*os.File, error) {
		f, err := openAt(int(root.Fd()), name, name, unix.RESOLVE_NO_MAGICLINKS|unix.RESOLVE_IN_ROOT)
		if err != nil {
			return nil, fmt.Errorf("below %s: %w", root.Name(), err)
		}
		return f, nil
	}
}

// openAt looks at what is there before it opens it: to open a device may be to do
// something.
func openAt(dir int, name, shown string, resolve uint64) (*os.File, error) {
	fd, err := unix.Openat2(dir, name, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: resolve,
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: shown, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, &os.PathError{Op: "stat", Path: shown, Err: err}
	}
	if err := regular(shown, st.Mode); err != nil {
		return nil, err
	}
	if err := stored(shown, fd); err != nil {
		return nil, err
	}
	// That of a descriptor with O_PATH leads to the file itself (proc_pid_fd(5)).
	own := "/proc/self/fd/" + strconv.Itoa(fd)
	flags := unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	again, err := unix.Open(own, flags, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: shown, Err: err}
	}
	return os.NewFile(uintptr(again), shown), nil
}

// regular is the error of what is no regular file.
func regular(name string, mode uint32) error {
	what := "something unknown"
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFLNK:
		what = "a link"
	case unix.S_IFDIR:
		what = "a directory"
	case unix.S_IFIFO:
		what = "a FIFO"
	case unix.S_IFSOCK:
		what = "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		what = "a device"
	}
	return fmt.Errorf("%s is %s: %w", name, what, ErrNotRegular)
}

// stored is the error of what is no file on a disk or in memory but one that the
// kernel makes up. A container can mount those over its logs, and to read /proc/kmsg
// takes what it says from others (proc(5)), to read trace_pipe waits.
func stored(name string, fd int) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return &os.PathError{Op: "statfs", Path: name, Err: err}
	}
	switch st.Type {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.TRACEFS_MAGIC, unix.DEBUGFS_MAGIC, unix.SECURITYFS_MAGIC,
		unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.BPF_FS_MAGIC, unix.EFIVARFS_MAGIC:
		return fmt.Errorf("%s is the kernel's: %w", name, ErrNotRegular)
	}
	return nil
}

func statOf(f *os.File) (*syscall.Stat_t, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("stat %s: %w", f.Name(), fs.ErrInvalid)
	}
	return st, nil
}

// Close lets go of the file.
func (f *File) Close() error { return f.f.Close() }

// Size is how many bytes the file has now: the offset of what comes next.
func (f *File) Size() (int64, error) {
	st, err := statOf(f.f)
	if err != nil {
		return 0, fmt.Errorf("size of log: %w", err)
	}
	return st.Size, nil
}

// Changed is when the file was written to for the last time, by its own word.
func (f *File) Changed() (time.Time, error) {
	st, err := statOf(f.f)
	if err != nil {
		return time.Time{}, fmt.Errorf("time of log: %w", err)
	}
	return time.Unix(st.Mtim.Unix()), nil
}

// Same says whether both are one file, by whatever names.
func (f *File) Same(as *File) bool { return f.id == as.id }

// ReadAt reads as io.ReaderAt says.
func (f *File) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.f.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read log: %w", err)
	}
	return n, err
}

// Copy writes what lies between two offsets to w, as far as the file has it.
func (f *File) Copy(ctx context.Context, w io.Writer, from, to int64) (int64, error) {
	buf := make([]byte, max(0, min(searchRoom, to-from)))
	done := int64(0)
	for from+done < to {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), to-from-done)], from+done)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return done, fmt.Errorf("copy of log: %w", err)
			}
		}
		done += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// Data is the first part of what lies between two offsets that is in no hole: from =
// to, there is none. Holes of less than 128 KiB count as zeros that were written.
func (f *File) Data(at, to int64) (from, end int64) {
	const least = 2 * grid
	if !f.sparse() {
		return at, to
	}
	next, more := f.data(at)
	switch {
	case !more:
		next = to
	case next-at < least:
		next = at
	}
	from = min(next, to)
	for end = from; end < to; {
		hole, err := f.f.Seek(end, unix.SEEK_HOLE)
		if err != nil || hole >= to {
			return from, to
		}
		next, more := f.data(hole)
		if !more || next-hole >= least {
			return from, max(hole, from)
		}
		end = next
	}
	return from, min(end, to)
}

// sparse says whether the file may have holes.
func (f *File) sparse() bool {
	st, err := statOf(f.f)
	return err == nil && st.Blocks*512 < st.Size // st_blocks counts in 512 bytes, stat(2)
}

// data is where the first byte at or behind an offset is that lies in no hole
// (lseek(2), SEEK_DATA); more = false: there is none. The file's own offset, which
// this moves, is of no use here.
func (f *File) data(at int64) (next int64, more bool) {
	next, err := f.f.Seek(at, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return 0, false
	}
	if err != nil || next < at {
		return at, true // a file system without the call: all of it is data
	}
	return next, true
}

// hole says whether nothing but a hole lies between two offsets.
func (f *File) hole(from, to int64) bool {
	next, more := f.data(from)
	return !more || next >= to
}

// holeStart is the first multiple of grid from which on nothing but a hole lies up
// to an offset: that offset itself, where there is none. Holes are found forward
// only, but what lies between two of their bytes is one too.
func (f *File) holeStart(to int64) int64 {
	if to <= 0 {
		return to
	}
	no, yes := int64(-1), (to+grid-1)/grid // in multiples: a hole begins behind no, at yes at the latest
	for no+1 < yes {
		mid := no + (yes-no)/2
		if f.hole(mid*grid, to) {
			yes = mid
		} else {
			no = mid
		}
	}
	return min(yes*grid, to)
}
