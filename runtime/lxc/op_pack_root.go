package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// rootSource is where a container's root is: a directory, the layers of an overlay,
// or something of another kind that has to be mounted.
type rootSource struct{ Kind, Where string }

// packSource finds the root that is packed.
func (o *operation) packSource(config []byte) (rootSource, error) {
	at := sourceOf(withLower(o.rootPath(config), items(o.c, "lxc.rootfs.options")))
	if at.Where == "" {
		return at, fmt.Errorf("%w: it has no root file system of its own (lxc.rootfs.path)", runtime.ErrUnsupported)
	}
	return at, nil
}

func (at rootSource) overlay() bool { return at.Kind == "overlay" || at.Kind == "overlayfs" }

// errMounted is a root that is there only while it is mounted.
var errMounted = errors.New("its root has to be mounted, which root alone can do")

// open opens a root on the host's side: what the container has mounted in it is not
// there.
func (at rootSource) open() (*os.File, error) {
	switch {
	case at.overlay():
		return openOverlay(at.Where)
	case at.Kind == "dir" || at.Kind == "btrfs":
		f, err := openRootDir(at.Where)
		if errors.Is(err, unix.ENOTDIR) { // liblxc finds out what a path without a kind is
			err = errMounted
		}
		return f, err
	}
	return nil, errMounted
}

// openPackRoot opens the directory that a container's root is read from.
func (o *operation) openPackRoot(at rootSource, state runtime.State) (*os.File, error) {
	f, err := at.open()
	if !errors.Is(err, errMounted) {
		return f, err
	}
	if state == runtime.Stopped {
		kind := at.Kind
		if kind == "dir" || kind == "btrfs" {
			kind = "a device or an image"
		}
		return nil, &runtime.Error{
			Err:  fmt.Errorf("%w: its root is on %s, which is mounted only while it runs", runtime.ErrUnsupported, kind),
			Hint: "Start it: it is frozen while it is packed, and goes on afterwards.",
		}
	}
	r, err := openRoot(o.c.InitPid())
	if err != nil {
		return nil, err
	}
	defer r.close()
	fd, err := unix.Openat(r.dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open its root: %w", fileErr(err))
	}
	if !r.alive() {
		unix.Close(fd)
		return nil, fmt.Errorf("%w: it has stopped", runtime.ErrWrongState)
	}
	return os.NewFile(uintptr(fd), "root"), nil
}

// rootPath is lxc.rootfs.path with its backing store. liblxc gives the value
// without that (get_config_rootfs_path), so the file itself is asked first.
func (o *operation) rootPath(config []byte) string {
	path := ""
	for line := range bytes.FieldsFuncSeq(config, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if key, value, ok := setting(string(line)); ok && key == "lxc.rootfs.path" {
			path = value
		}
	}
	if path == "" { // of an include
		if v := o.c.ConfigItem("lxc.rootfs.path"); len(v) > 0 {
			path = v[0]
		}
	}
	return path
}

// sourceOf takes the value of lxc.rootfs.path apart (lxc.container.conf(5)).
func sourceOf(value string) rootSource {
	kind, where, ok := strings.Cut(value, ":")
	if !ok || strings.HasPrefix(value, "/") {
		return rootSource{"dir", value}
	}
	return rootSource{kind, where}
}

func openRootDir(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("open its root %s: %w", path, fileErr(err))
	}
	f := os.NewFile(uintptr(fd), path)
	var own, host unix.Stat_t
	if err := errors.Join(unix.Fstat(fd, &own), unix.Stat("/", &host)); err != nil {
		f.Close()
		return nil, fmt.Errorf("open its root %s: %w", path, err)
	}
	if own.Dev == host.Dev && own.Ino == host.Ino {
		f.Close()
		return nil, fmt.Errorf("%w: its root is the host's own", runtime.ErrUnsupported)
	}
	return f, nil
}

// maxLayers is how many layers fit into one parameter of fsconfig(2), which takes
// 255 bytes, as descriptors of up to four digits.
const maxLayers = 12

// openOverlay gives the merged view of an overlay's layers. They are mounted read-only
// and nowhere (fsopen(2), fsmount(2)): the mount ends with the descriptor, so that
// whoever is killed leaves none. All layers are lower ones, which overlayfs never
// writes to, and of which the upper one may be in use by the container, as long as
// that stands still.
func openOverlay(layers string) (*os.File, error) {
	i := strings.LastIndex(layers, ":/")
	if i < 0 {
		return nil, fmt.Errorf("%w: overlay %q has no upper directory", runtime.ErrConfig, layers)
	}
	dirs := append([]string{layers[i+1:]}, strings.Split(layers[:i], ":")...)
	if len(dirs) > maxLayers {
		return nil, fmt.Errorf("%w: an overlay of more than %d layers", runtime.ErrUnsupported, maxLayers)
	}
	names := make([]string, len(dirs))
	var open []*os.File
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	for i, dir := range dirs {
		f, err := openRootDir(dir)
		if err != nil {
			return nil, err
		}
		open = append(open, f)
		// By its descriptor: the path could hold what overlayfs takes for a separator.
		names[i] = fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	}
	fail := func(err error) (*os.File, error) {
		if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
			err = &named{fmt.Errorf("only root can mount an overlay: %w", err), runtime.ErrPermission}
		}
		return nil, fmt.Errorf("mount its overlay read-only: %w", err)
	}
	ctx, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return fail(err)
	}
	defer unix.Close(ctx)
	if err := unix.FsconfigSetString(ctx, "lowerdir", strings.Join(names, ":")); err != nil {
		return fail(err)
	}
	if err := unix.FsconfigCreate(ctx); err != nil {
		return fail(err)
	}
	fd, err := unix.Fsmount(ctx, unix.FSMOUNT_CLOEXEC,
		unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOATIME)
	if err != nil {
		return fail(err)
	}
	defer unix.Close(fd)
	dir, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail(err)
	}
	return os.NewFile(uintptr(dir), "overlay"), nil
}
