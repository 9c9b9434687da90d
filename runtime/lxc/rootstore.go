package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Backing stores, as the beginning of lxc.rootfs.path names them
// (lxc.container.conf(5)).
const (
	storeDir     = "dir"
	storeOverlay = "overlay"
	storeBtrfs   = "btrfs"
	storeZFS     = "zfs"
	storeLVM     = "lvm"
)

// rootStore is where a container's root lies.
type rootStore struct {
	value string // of lxc.rootfs.path
	kind  string // backing store
	path  string // of the root; of an overlay its upper directory
	lower string // of an overlay: what it lies on, several parted by colons
}

// storeOf takes the value of lxc.rootfs.path apart. A path without a backing
// store is a directory: liblxc asks for that first. What is no path, with a slash in
// it, is a data set.
func storeOf(value string) rootStore {
	kind, rest, ok := strings.Cut(value, ":")
	if !ok || strings.HasPrefix(value, "/") {
		if bareSet(value) {
			return rootStore{value: value, kind: storeZFS, path: value}
		}
		return rootStore{value: value, kind: storeDir, path: value}
	}
	if kind == "overlayfs" {
		kind = storeOverlay
	}
	s := rootStore{value: value, kind: kind, path: rest}
	if kind == storeOverlay {
		// The last path is the upper one (ovl_mount).
		if i := strings.LastIndex(rest, ":/"); i >= 0 {
			s.lower, s.path = rest[:i], rest[i+1:]
		}
	}
	return s
}

// withLower puts the lower layers that the options of an overlay's mount name into
// the value of its lxc.rootfs.path: liblxc mounts with both, its own options first,
// and the kernel goes by the last lowerdir (ovl_parse_param of fs/overlayfs).
func withLower(value string, options []string) string {
	lower := ""
	for _, all := range options {
		for opt := range strings.SplitSeq(all, ",") {
			if dirs, ok := strings.CutPrefix(opt, "lowerdir="); ok {
				lower = dirs
			}
		}
	}
	if s := storeOf(value); s.kind == storeOverlay && s.lower != "" && lower != "" {
		return storeOverlay + ":" + lower + ":" + s.path
	}
	return value
}

// unit is the directory that holds all of the root that is the container's own.
// liblxc 5 keeps the upper directory of an overlay and the work directory that
// belongs to it in one directory of that name; older ones side by side.
func (s rootStore) unit() string {
	switch s.kind {
	case storeDir, storeBtrfs:
		return s.path
	case storeOverlay:
		if dir := filepath.Dir(s.path); filepath.Base(dir) == "overlay" {
			return dir
		}
		return s.path
	default:
		return ""
	}
}

// treeSize is what a directory holds.
type treeSize struct {
	entries int
	bytes   int64 // of regular files, as they read
	disk    int64 // as they lie, each file once
}

// measure counts what lies in a directory on the same file system. It never
// follows a link out of it. stop, if not nil, ends it early.
func measure(dir string, stop func() error) (treeSize, error) {
	var size treeSize
	root, err := os.OpenRoot(dir)
	if err != nil {
		return size, fileErr(err)
	}
	defer func() { _ = root.Close() }()
	var top unix.Stat_t
	if err := lstat(dir, &top); err != nil {
		return size, err
	}
	links := map[uint64]bool{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && stop != nil {
			err = stop()
		}
		if err != nil || name == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("%w: %s has no status", runtime.ErrUnsupported, name)
		}
		size.entries++
		if st.Mode&unix.S_IFMT == unix.S_IFREG {
			size.bytes += st.Size
		}
		if st.Nlink < 2 || d.IsDir() || !links[st.Ino] {
			size.disk += st.Blocks * 512
			links[st.Ino] = true
		}
		if d.IsDir() && st.Dev != top.Dev {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return size, fmt.Errorf("measure %s: %w", dir, fileErr(err))
	}
	return size, nil
}

// readSmall reads a regular file of at most maxConfig bytes, waiting for nobody.
func readSmall(path string) ([]byte, error) {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%w: %s is %s", runtime.ErrInvalid, path, kindName(st.Mode&unix.S_IFMT))
	}
	return readRegular(path, idOf(path, &st))
}

// clearContainer removes a container's directory with all that is in it, its
// backing store too, unless it runs or others are overlays on it. Hooks of its
// config are not run: they are meant for the container that it is a copy of.
func clearContainer(ref runtime.Ref) (log string, err error) { return clearWith(ref, madeFor) }

// clearWith is clearContainer where something else tells whose a root is.
func clearWith(ref runtime.Ref, owns func(ref runtime.Ref, root string) bool) (log string, err error) {
	if !exists(ref.String()) {
		return "", nil
	}
	if err := unused(ref); err != nil {
		return "", err
	}
	if loadableHere(ref) == nil {
		log, err = destroyQuietly(ref, owns)
		if !exists(ref.String()) {
			return "", nil
		}
		if errors.Is(err, runtime.ErrWrongState) || err != nil && heldByVolume(ref) {
			return log, err
		}
		// liblxc may have refused because of an overlay that was made just now.
		if uerr := unused(ref); uerr != nil {
			return log, uerr
		}
	}
	// What liblxc does not take for a container, or cannot remove, such as the
	// subvolume of a half-made one, on which rmdir(2) works since Linux 4.18.
	if inside, merr := mountsBelow(ref.String()); merr != nil || len(inside) > 0 {
		return log, errors.Join(err, merr, fmt.Errorf("%w: something is mounted in %s", runtime.ErrInUse, ref))
	}
	if rerr := os.RemoveAll(ref.String()); rerr != nil {
		return log, errors.Join(err, fileErr(rerr))
	}
	return log, nil
}

// heldByVolume says whether a container cannot go because its volume is still there:
// without a config nobody would know whose that is.
func heldByVolume(ref runtime.Ref) bool {
	lines := rootLines(ref)
	return len(lines) > 0 && slices.Contains([]string{storeLVM, storeZFS}, storeOf(lines[len(lines)-1]).kind) && !volumeGone(lines[len(lines)-1])
}

// destroyQuietly lets liblxc destroy a container that does not run, without its
// hooks. One whose root is not its own it leaves alone.
func destroyQuietly(ref runtime.Ref, owns func(ref runtime.Ref, root string) bool) (log string, err error) {
	type loaded struct {
		state       runtime.State
		root, hooks []string
	}
	is, err := handle(ref, func(c *golxc.Container) (loaded, error) {
		s, _ := runtime.ParseState(c.State().String())
		return loaded{s, items(c, "lxc.rootfs.path"), items(c, "lxc.hook.destroy")}, nil
	})
	if err != nil {
		return "", err
	}
	if is.state != runtime.Stopped {
		return "", fmt.Errorf("%w: %s is %s", runtime.ErrWrongState, ref, is.state)
	}
	conf, err := readConfOf(ref)
	if err != nil {
		return "", err
	}
	// liblxc begins a copy with the config of what is copied, less the line of its
	// root: where that line stands in an include, or behind blanks, the half-made
	// copy still names the root of the other, and liblxc would remove it.
	if text := conf.values("lxc.rootfs.path"); len(is.root) > 0 && (len(text) == 0 || !owns(ref, text[len(text)-1])) {
		return "", nil
	}
	if err := wholeRoots(ref); err != nil {
		return "", err
	}
	if len(is.hooks) > 0 {
		conf.remove("lxc.hook.destroy")
		conf.add("lxc.hook.destroy =\n") // takes back those of an include
		if err := conf.write(); err != nil {
			return "", err
		}
	}
	return destroyContainer(ref, false)
}

// madeFor says whether liblxc has made a root for a container: in its directory,
// or as a volume of its name (dir_clonepaths, zfs_clonepaths, lvm_clonepaths).
func madeFor(ref runtime.Ref, root string) bool {
	switch s := storeOf(root); s.kind {
	case storeDir, storeOverlay, storeBtrfs, "loop":
		return liesIn(ref.String(), s.path)
	default:
		return filepath.Base(s.path) == ref.Name
	}
}

// mountsBelow are the places in a directory where something is mounted (proc(5),
// /proc/PID/mountinfo, whose fifth field it is: a path without symbolic links).
func mountsBelow(dir string) ([]string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fileErr(err)
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fileErr(err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 4 && (f[4] == fstabWord(real) || strings.HasPrefix(f[4], fstabWord(real)+"/")) {
			found = append(found, f[4])
		}
	}
	return found, nil
}
