package lxc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// handleOf names the file or directory at a path for as long as it lives,
// whatever it is called: by its file handle (name_to_handle_at(2)), in which
// btrfs has the subvolume and ext4 the generation of the inode number. Where a
// file system has none, device and inode number have to do.
func handleOf(path string) (string, error) {
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, path, 0)
	if err == nil {
		return strconv.Itoa(int(h.Type())) + ":" + hex.EncodeToString(h.Bytes()), nil
	}
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) {
		return "", fileErr(&os.PathError{Op: "name_to_handle_at", Path: path, Err: err})
	}
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return "", err
	}
	return fmt.Sprintf("inode:%d:%d", st.Dev, st.Ino), nil
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

// subvolume says whether a directory is the top of a btrfs subvolume: these all
// have the same inode number (BTRFS_FIRST_FREE_OBJECTID).
func subvolume(path string) bool {
	var st unix.Stat_t
	var fs unix.Statfs_t
	return lstat(path, &st) == nil && st.Ino == 256 && unix.Statfs(path, &fs) == nil && fs.Type == unix.BTRFS_SUPER_MAGIC
}
