package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// maxHostFile is how large /etc/hostname and /etc/hosts may be to be corrected.
const maxHostFile = 64 << 10

// nameHost gives a new container its name inside. old are those of what it is a
// copy of.
func nameHost(to runtime.Ref, old []string) error {
	value, err := rootValue(to)
	if err != nil {
		return err
	}
	// Whatever the old one's name was inside: liblxc overwrites it too.
	return inRootOf(value, func(r *inRoot) error { return renameHost(r, true, old, to.Name) })
}

// oldHostNames are the names that a container may have for itself.
func oldHostNames(ref runtime.Ref) []string {
	names := []string{ref.Name}
	if c, err := readConfOf(ref); err == nil {
		names = append(names, c.values("lxc.uts.name")...)
	}
	return names
}

// renameHost writes a host name into a root: into /etc/hostname, if it holds
// an old name or always, and in the place of old names in /etc/hosts. A root that
// has no such files, or other things in their place, stays as it is.
func renameHost(r *inRoot, always bool, old []string, name string) error {
	text, err := r.readFile("/etc/hostname", maxHostFile)
	has := strings.TrimSpace(string(text))
	switch {
	case skipped(err):
	case err != nil:
		return err
	case always || slices.Contains(old, has):
		if has != "" {
			old = append(slices.Clone(old), has)
		}
		if err := r.writeFile("/etc/hostname", []byte(name+"\n")); err != nil && !skipped(err) {
			return err
		}
	}
	text, err = r.readFile("/etc/hosts", maxHostFile)
	if skipped(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if now := renameInHosts(string(text), old, name); now != string(text) {
		if err := r.writeFile("/etc/hosts", []byte(now)); err != nil && !skipped(err) {
			return err
		}
	}
	return nil
}

// skipped says whether a file is not there, or is something that is left alone.
func skipped(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) || errors.Is(err, runtime.ErrInvalid)
}

// renameInHosts replaces host names of hosts(5), whole words, and those with a
// domain behind them; localhost stays.
func renameInHosts(text string, old []string, name string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, comment, _ := strings.Cut(line, "#")
		comment = line[len(body):] + comment[len(comment):]
		first := true
		for body != "" {
			n := strings.IndexAny(body, " \t\r\n")
			switch {
			case n == 0:
				b.WriteByte(body[0])
				body = body[1:]
				continue
			case n < 0:
				n = len(body)
			}
			word := body[:n]
			host, domain, dotted := strings.Cut(word, ".")
			if !first && slices.Contains(old, host) && host != "localhost" {
				word = name
				if dotted {
					word += "." + domain
				}
			}
			b.WriteString(word)
			body, first = body[n:], false
		}
		b.WriteString(comment)
	}
	return b.String()
}

// inRootOf opens the root of a container that does not run, by the value of its
// lxc.rootfs.path. Roots on images and on rbd are left alone: they would have to be
// attached to a device.
func inRootOf(value string, f func(*inRoot) error) error {
	kind, paths := backing(value)
	var dir int
	var err error
	switch kind {
	case "dir", "btrfs":
		dir, err = unix.Open(paths[0], unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	case "overlay":
		dir, err = mountOverlay(paths)
	case storeLVM:
		dir, err = mountDevice(paths[0])
	case storeZFS:
		if err = checkSet(paths[0]); err == nil {
			dir, err = mountNowhere("zfs", [][2]string{{"source", paths[0]}})
		}
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("root %s: %w", value, err)
	}
	r := &inRoot{dir: dir, pidfd: -1}
	defer unix.Close(dir)
	return f(r)
}

// mountOverlay mounts an overlay as liblxc does (ovl_mount), but nowhere: the
// mount is the descriptor's alone and ends with it (fsmount(2)). paths are lower
// directories, the topmost first, and the upper one; beside that lies "work", or
// "olwork" where an old LXC has made it.
func mountOverlay(paths []string) (int, error) {
	if len(paths) < 2 {
		return -1, fmt.Errorf("%w: an overlay of %d directories", runtime.ErrConfig, len(paths))
	}
	upper := paths[len(paths)-1]
	work := filepath.Join(filepath.Dir(upper), "work")
	if old := filepath.Join(filepath.Dir(upper), "olwork"); !exists(work) && exists(old) {
		work = old
	}
	return mountNowhere("overlay", [][2]string{
		{"lowerdir", strings.Join(paths[:len(paths)-1], ":")}, {"upperdir", upper}, {"workdir", work},
	})
}

// mountDevice mounts what is on a device. Like liblxc it tries the file systems that
// the kernel has (mount_unknown_fs).
func mountDevice(path string) (int, error) {
	text, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return -1, fileErr(err)
	}
	err = fmt.Errorf("%w: no file system of the kernel's is on %s", runtime.ErrInvalid, path)
	for line := range strings.Lines(string(text)) {
		// "nodev" stands before those that need no device; FUSE needs a program.
		before, kind, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if before != "" || kind == "fuseblk" {
			continue
		}
		if fd, merr := mountNowhere(kind, [][2]string{{"source", path}}); merr == nil {
			return fd, nil
		}
	}
	return -1, err
}

// mountNowhere mounts a file system for a descriptor alone (fsopen(2)).
func mountNowhere(kind string, options [][2]string) (int, error) {
	return mountAttrs(kind, options, unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOSUID)
}

// mountAttrs is mountNowhere with attributes of the mount, see mount_setattr(2).
func mountAttrs(kind string, options [][2]string, attrs int) (int, error) {
	fsfd, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("%s: fsopen: %w", kind, err)
	}
	defer unix.Close(fsfd)
	for _, opt := range options {
		if err := unix.FsconfigSetString(fsfd, opt[0], opt[1]); err != nil {
			return -1, fmt.Errorf("%s: %s %s: %w", kind, opt[0], opt[1], err)
		}
	}
	if err := unix.FsconfigCreate(fsfd); err != nil {
		return -1, fmt.Errorf("%s: mount: %w", kind, err)
	}
	fd, err := unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, attrs)
	if err != nil {
		return -1, fmt.Errorf("%s: fsmount: %w", kind, err)
	}
	return fd, nil
}
