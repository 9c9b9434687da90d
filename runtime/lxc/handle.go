package lxc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// handleOf names the file or directory at a path for as long as it lives,
// whatever it is called: by its file handle (name_to_handle_at(2)), in which
// btrfs has the subvolume and ext4 the generation of the inode number. Where a
// file system has none, device and inode number have to do.
func handleOf(path string) (string, error) { return handleAt(unix.AT_FDCWD, path) }

// handleAt is handleOf for a name in an open directory; "" = for what is open itself.
func handleAt(dir int, path string) (string, error) {
	flags := 0
	if path == "" {
		flags = unix.AT_EMPTY_PATH
	}
	h, _, err := unix.NameToHandleAt(dir, path, flags)
	if err == nil {
		return strconv.Itoa(int(h.Type())) + ":" + hex.EncodeToString(h.Bytes()), nil
	}
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) {
		return "", fileErr(&os.PathError{Op: "name_to_handle_at", Path: path, Err: err})
	}
	var st unix.Stat_t
	if err := unix.Fstatat(dir, path, &st, flags|unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return "", fileErr(&os.PathError{Op: "stat", Path: path, Err: err})
	}
	return fmt.Sprintf("inode:%d:%d", st.Dev, st.Ino), nil
}

// renameNew gives a directory a name that nobody has. Where the file system cannot do
// that at once, as ZFS before 2.2, the name is taken by an empty directory first, over
// which rename(2) puts another as long as it stays empty.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	if err := unix.Mkdir(to, 0o700); err != nil {
		return err
	}
	if err = unix.Rename(from, to); err != nil {
		_ = unix.Rmdir(to)
	}
	if errors.Is(err, unix.ENOTEMPTY) {
		return unix.EEXIST
	}
	return err
}

// exchange swaps what two names lead to, at once.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EACCES) && os.Geteuid() != 0 {
		return exchangeMapped(a, b)
	}
	if errors.Is(err, unix.EINVAL) { // not every file system can (rename(2))
		return fmt.Errorf("%w: this file system cannot exchange %s and %s", runtime.ErrUnsupported, a, b)
	}
	if err != nil {
		return fmt.Errorf("exchange %s and %s: %w", a, b, fileErr(err))
	}
	return nil
}

// canExchange says whether a file system can exchange directories, in one of its
// directories that is empty.
func canExchange(dir string) error {
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	err := errors.Join(os.Mkdir(a, 0o700), os.Mkdir(b, 0o700))
	if err == nil {
		err = exchange(a, b)
	}
	err = errors.Join(err, os.Remove(a), os.Remove(b))
	if errors.Is(err, runtime.ErrUnsupported) {
		return &runtime.Error{
			Err:  fmt.Errorf("%w: the file system of %s cannot exchange two directories, as ZFS before 2.2", runtime.ErrUnsupported, filepath.Dir(filepath.Dir(dir))),
			Hint: "Restore it as a new container instead.",
		}
	}
	return fileErr(err)
}

// subvolume says whether a directory is the top of a btrfs subvolume: these all
// have the same inode number (BTRFS_FIRST_FREE_OBJECTID).
func subvolume(path string) bool {
	var st unix.Stat_t
	var fs unix.Statfs_t
	return lstat(path, &st) == nil && st.Ino == 256 && unix.Statfs(path, &fs) == nil && fs.Type == unix.BTRFS_SUPER_MAGIC
}
