package lxc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// treeFlags open a directory that is to be emptied, and no link to one.
const treeFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// removeTree removes a directory and all that is in it; one that is not there is
// fine. It follows no link and enters no mount: what is mounted in a root
// belongs to somebody else, and keeps the tree. A subvolume of btrfs is entered:
// since Linux 4.18 an empty one goes with rmdir(2).
func removeTree(path string) error {
	err := emptyTree(path)
	if err == nil {
		err = fileErr(os.Remove(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// emptyTree removes all that is in a directory.
func emptyTree(path string) error {
	fd, err := unix.Open(path, treeFlags, 0)
	if err != nil {
		return fileErr(&fs.PathError{Op: "open", Path: path, Err: err})
	}
	return emptyDir(os.NewFile(uintptr(fd), path))
}

// emptyDir empties a directory that is open, and closes it.
func emptyDir(dir *os.File) error {
	defer dir.Close()
	for {
		// In parts: a directory may hold millions of names.
		entries, err := dir.ReadDir(1024)
		for _, e := range entries {
			if err := removeEntry(dir, e.Name()); err != nil {
				return err
			}
		}
		if len(entries) == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return fileErr(err)
			}
			return nil
		}
		// Where the reading stood is nowhere once names are gone.
		if _, err := dir.Seek(0, io.SeekStart); err != nil {
			return fileErr(err)
		}
	}
}

func removeEntry(dir *os.File, name string) error {
	at := int(dir.Fd())
	path := filepath.Join(dir.Name(), name)
	var st unix.Statx_t
	err := unix.Statx(at, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, unix.STATX_TYPE, &st)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return fileErr(&fs.PathError{Op: "statx", Path: path, Err: err})
	case st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return fmt.Errorf("%w: something is mounted on %s", runtime.ErrInUse, path)
	}
	flags := 0
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		flags = unix.AT_REMOVEDIR
		fd, err := unix.Openat(at, name, treeFlags, 0)
		if err != nil {
			return fileErr(&fs.PathError{Op: "open", Path: path, Err: err})
		}
		if err := emptyDir(os.NewFile(uintptr(fd), path)); err != nil {
			return err
		}
	}
	if err := unix.Unlinkat(at, name, flags); err != nil && !errors.Is(err, unix.ENOENT) {
		return fileErr(&fs.PathError{Op: "unlink", Path: path, Err: err})
	}
	return nil
}
