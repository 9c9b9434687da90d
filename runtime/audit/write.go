package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxRecord is how long a line may be. Errors are cut to fit; argument lists
// are bounded where they are masked.
const maxRecord = 256 << 10

// Append writes one record. Directory and file are made if they are not there.
func Append(path string, r *Record) error {
	const maxError = 16 << 10
	if len(r.Error) > maxError {
		r.Error = text(r.Error[:maxError]) + " ..."
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if len(line) > maxRecord {
		r.Args, r.Argv, r.Env = map[string]any{"too_long": len(line)}, nil, nil
		r.LXC = ""
		if line, err = json.Marshal(r); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
	}
	f, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if torn(f) {
		line = append([]byte{'\n'}, line...)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// Check says whether records can be written there. It makes the file if it is
// not there.
func Check(path string) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// torn says that the last line has no end: a disk was full, or the host fell
// over. What follows must not become part of it.
func torn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := []byte{'\n'}
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && !bytes.Equal(last, []byte{'\n'})
}

// open opens the log for appending, below a directory that nobody else can
// write: another could put a link to any file in its place.
func open(path string) (*os.File, error) {
	if !filepath.IsAbs(path) {
		return nil, errors.New("audit log: there is no place for it: no home directory")
	}
	dir, err := openDir(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	defer dir.Close()
	f, err := openIn(dir, path)
	if err != nil {
		return nil, fmt.Errorf("audit log %s: %w", path, err)
	}
	return f, nil
}

func openIn(dir *os.File, path string) (*os.File, error) {
	// O_NONBLOCK: a FIFO in its place must not make anybody wait.
	const flags = unix.O_RDWR | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	name, mode := filepath.Base(path), fileMode()
	fd, err := unix.Openat(int(dir.Fd()), name, flags, 0)
	made := false
	if errors.Is(err, unix.ENOENT) {
		fd, err = unix.Openat(int(dir.Fd()), name, flags|unix.O_CREAT|unix.O_EXCL, mode)
		made = err == nil
	}
	if errors.Is(err, unix.EEXIST) { // another was quicker
		fd, err = unix.Openat(int(dir.Fd()), name, flags, 0)
	}
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	if made {
		readers(fd, mode) // a umask may have taken bits away
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		f.Close()
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		f.Close()
		return nil, errors.New("it is not a file that you alone can write")
	}
	return f, nil
}

// openDir opens the log's directory, and makes it if it is not there.
func openDir(path string) (*os.File, error) {
	const flags = unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_RDONLY
	fd, err := unix.Open(path, flags, 0)
	if errors.Is(err, unix.ENOENT) {
		if err := os.MkdirAll(filepath.Dir(path), fs.FileMode(dirMode())); err != nil {
			return nil, err
		}
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if fd, err = unix.Open(path, flags, 0); err == nil {
			readers(fd, dirMode())
		}
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	d := os.NewFile(uintptr(fd), path)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		d.Close()
		return nil, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		d.Close()
		return nil, fmt.Errorf("%s is not a directory that you alone can write (uid %d, mode %04o)", path, st.Uid, st.Mode&0o7777)
	}
	return d, nil
}

// Root's log can be read by the group adm, as Debian's other logs; a user's by
// that user alone.
func fileMode() uint32 {
	if os.Geteuid() == 0 {
		return 0o640
	}
	return 0o600
}

func dirMode() uint32 {
	if os.Geteuid() == 0 {
		return 0o750
	}
	return 0o700
}

// readers sets the mode of what was just made, and gives root's to the group
// adm where there is one. It fails only where the file system knows no owners;
// then it is as private as it was made.
func readers(fd int, mode uint32) {
	_ = unix.Fchmod(fd, mode)
	if os.Geteuid() != 0 {
		return
	}
	if g, err := user.LookupGroup("adm"); err == nil {
		if gid, err := strconv.Atoi(g.Gid); err == nil {
			_ = unix.Fchown(fd, -1, gid)
		}
	}
}
