package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// writeHostName puts a host name into /etc/hostname of a root that is not in use,
// where there is such a file, as liblxc does (clone_update_rootfs). liblxc follows
// whatever the container has put in its place, also to a file of the host: here
// the path never leads out of the root, and only a regular file with one name
// is written. Roots that would have to be mounted from a device are left alone;
// lxc.uts.name counts for those.
func writeHostName(store rootStore, name string) error {
	var dir int
	var err error
	switch store.kind {
	case storeDir, storeBtrfs:
		dir, err = unix.Open(store.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	case storeOverlay:
		dir, err = overlayRoot(store)
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("root of %s: %w", name, err)
	}
	defer unix.Close(dir)
	r := &inRoot{dir: dir, pidfd: -1}
	fd, err := r.find("/etc/hostname")
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return nil
	case err != nil:
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return nil
	}
	f, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_WRONLY|os.O_TRUNC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("host name: %w", fileErr(err))
	}
	_, err = f.WriteString(name + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	return nil
}

// overlayRoot mounts an overlay that is not in use, for this process alone:
// the mount has no place, and ends with its descriptor (fsmount(2)).
func overlayRoot(store rootStore) (dir int, err error) {
	// Its work directory, by the two layouts of liblxc (ovl_mount).
	work := filepath.Join(filepath.Dir(store.path), "olwork")
	if store.unit() != store.path {
		work = filepath.Join(store.unit(), "work")
	}
	fsfd, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("fsopen: %w", err)
	}
	defer unix.Close(fsfd)
	for _, option := range [][2]string{{"lowerdir", store.lower}, {"upperdir", store.path}, {"workdir", work}} {
		if err := unix.FsconfigSetString(fsfd, option[0], option[1]); err != nil {
			return -1, fmt.Errorf("overlay %s %s: %w", option[0], option[1], err)
		}
	}
	if err := unix.FsconfigCreate(fsfd); err != nil {
		return -1, fmt.Errorf("overlay on %s: %w", store.lower, err)
	}
	dir, err = unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("fsmount: %w", err)
	}
	return dir, nil
}
