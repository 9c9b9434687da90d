package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers. A node is made here and not by liblxc's
// add_device_node: that one looks up the name in the container on the host, so
// that it can give no device another name, and deletes whatever has the name in
// the container. What liblxc's cgroup driver has to allow it is asked for: on
// cgroup v1 it writes devices.allow, on v2 it changes the BPF program.

// maxNodes is how many names of a container's /dev are looked at.
const maxNodes = 4096

// device adds or removes a device node or an interface.
func (o *operation) device() error {
	a, ok := o.q.Args.(*runtime.DeviceArgs)
	if !ok {
		return fmt.Errorf("%w: no device is named", runtime.ErrInvalid)
	}
	if os.Geteuid() != 0 {
		return hinted(fmt.Errorf("%w: devices are root's to hand out", runtime.ErrPermission), "Run lxcdeck as root.")
	}
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	pid := o.c.InitPid()
	if pid <= 0 {
		return fmt.Errorf("%w: it has no init", runtime.ErrWrongState)
	}
	inside := a.As
	if inside == "" {
		inside = a.Device
	}
	switch {
	case a.Net && o.q.Op == runtime.AddDevice:
		return o.addInterface(a.Device, inside, pid)
	case a.Net:
		return o.removeInterface(inside, a.Device, pid)
	}
	root, err := openRoot(pid)
	if err != nil {
		return err
	}
	defer root.close()
	if o.q.Op == runtime.AddDevice {
		return o.addNode(a.Device, inside, root)
	}
	return o.removeNode(inside, root)
}

// addNode makes a node in the container like one of the host.
func (o *operation) addNode(host, inside string, root *inRoot) error {
	if len(items(o.c, "lxc.idmap")) > 0 {
		return hinted(fmt.Errorf("%w: the kernel lets nobody in a user namespace open a device node that is made there", runtime.ErrUnsupported),
			"Bind it in the config and restart: lxc.mount.entry = "+host+" "+inside[1:]+" none bind,create=file 0 0")
	}
	node, err := openNode(host)
	if err != nil {
		return err
	}
	defer node.close()
	if err := node.harmless(host); err != nil {
		return err
	}
	switch there, err := nodeIn(root, inside); {
	case err == nil && there.mode != 0:
		return hinted(fmt.Errorf("%w: %s is there in the container", runtime.ErrExists, inside), "Name another place in the container, or remove it there.")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	dir, err := parentIn(root, inside)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }()
	name := path.Base(inside)
	if err := makeNode(dir, name, node.nodeID); err != nil {
		return fmt.Errorf("make %s in the container: %w", inside, fileErr(err))
	}
	if err := o.c.SetCgroupItem("devices.allow", node.rule()); err != nil {
		err = errors.Join(err, unix.Unlinkat(dir, name, 0))
		return o.deviceErr(err, "Nothing was changed: the container's cgroup does not let it use the device. Look at lxc.cgroup*.devices.* in its config.")
	}
	return nil
}

// makeNode makes a node with the mode of the host's. mknodat(2) never replaces
// anything.
func makeNode(dir int, name string, like nodeID) error {
	defer unix.Umask(unix.Umask(0))
	return unix.Mknodat(dir, name, like.mode, int(like.rdev))
}

// parentIn opens the directory of a name in the container, and makes what is
// missing of it.
func parentIn(root *inRoot, name string) (int, error) {
	var missing []string
	dir := path.Dir(path.Clean(name))
	for {
		fd, err := unix.Openat2(root.dir, dir, &unix.OpenHow{
			Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
			Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
		})
		switch {
		case err == nil:
			return makeDirs(fd, missing)
		case !errors.Is(err, unix.ENOENT) || dir == "/":
			return -1, fmt.Errorf("%s in the container: %w", dir, err)
		}
		dir, missing = path.Dir(dir), append(missing, path.Base(dir))
	}
}

// makeDirs makes directories within each other, the last of names first, and
// gives the innermost. It takes fd over.
func makeDirs(fd int, names []string) (int, error) {
	for i := len(names) - 1; i >= 0; i-- {
		err := unix.Mkdirat(fd, names[i], 0o755)
		next := -1
		if err == nil {
			next, err = unix.Openat(fd, names[i], unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		}
		_ = unix.Close(fd)
		if err != nil {
			return -1, fmt.Errorf("make the directory %s in the container: %w", names[i], fileErr(err))
		}
		fd = next
	}
	return fd, nil
}

// removeNode removes a device node from the container. The node there says
// which device it is: the host's may be unplugged.
func (o *operation) removeNode(inside string, root *inRoot) error {
	node, err := nodeIn(root, inside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is no device %s in the container", runtime.ErrInvalid, inside)
	case err != nil:
		return err
	case !node.isDevice():
		return fmt.Errorf("%w: %s in the container is no device", runtime.ErrInvalid, inside)
	}
	dir, err := parentIn(root, inside)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }()
	// liblxc would take a second name of /dev/null for the end of /dev/null.
	deny := !otherNode(root, node, inside)
	if deny {
		if err := o.c.SetCgroupItem("devices.deny", node.rule()); err != nil {
			return o.deviceErr(err, "Nothing was changed.")
		}
	}
	if err := unix.Unlinkat(dir, path.Base(inside), 0); err != nil {
		err = fmt.Errorf("remove %s in the container: %w", inside, fileErr(err))
		if deny {
			err = errors.Join(err, o.c.SetCgroupItem("devices.allow", node.rule()))
		}
		return hinted(err, "Nothing was changed. One that the config binds there goes with its lxc.mount.entry.")
	}
	return nil
}

// otherNode says whether the container's /dev has the same device under another name.
func otherNode(root *inRoot, node nodeID, but string) bool {
	fd, err := unix.Openat2(root.dir, "/dev", &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NONBLOCK | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return false
	}
	dir := os.NewFile(uintptr(fd), "/dev")
	defer dir.Close()
	names, _ := dir.Readdirnames(maxNodes)
	return slices.ContainsFunc(names, func(name string) bool {
		at := path.Join("/dev", name)
		other, err := nodeIn(root, at)
		return err == nil && at != path.Clean(but) && other.isDevice() && other.rdev == node.rdev && other.mode&unix.S_IFMT == node.mode&unix.S_IFMT
	})
}

// deviceErr is the failure of one of liblxc's calls on devices.
func (o *operation) deviceErr(err error, hint string) error {
	return &runtime.Error{
		Op: o.info.Name, Ref: o.q.Ref, Err: fmt.Errorf("liblxc: %w", err), Log: o.log(),
		Hint: hint,
	}
}

// nodeID is what a name leads to.
type nodeID struct {
	mode uint32
	rdev uint64
}

func (n nodeID) isDevice() bool {
	kind := n.mode & unix.S_IFMT
	return kind == unix.S_IFCHR || kind == unix.S_IFBLK
}

// rule is the device as the kernel's device controller names it.
func (n nodeID) rule() string {
	kind := "c"
	if n.mode&unix.S_IFMT == unix.S_IFBLK {
		kind = "b"
	}
	return fmt.Sprintf("%s %d:%d rwm", kind, unix.Major(n.rdev), unix.Minor(n.rdev))
}

// hostNode is a device node that is held, so that it stays the one that was
// looked at.
type hostNode struct {
	nodeID
	fd int
}

// openNode takes hold of a node without opening the device: that may act.
func openNode(name string) (*hostNode, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		err = &os.PathError{Op: "open", Path: name, Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %w", runtime.ErrInvalid, err)
		}
		return nil, fileErr(err)
	}
	n := &hostNode{fd: fd}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		n.close()
		return nil, &os.PathError{Op: "fstat", Path: name, Err: err}
	}
	n.nodeID = nodeID{st.Mode, st.Rdev}
	if !n.isDevice() {
		n.close()
		return nil, fmt.Errorf("%w: %s is %s, and no device", runtime.ErrInvalid, name, nodeKind(st.Mode))
	}
	return n, nil
}

func (n *hostNode) close() { _ = unix.Close(n.fd) }

// harmless refuses devices with which a container would be root on the host,
// whatever its user meant: the host's memory and ports, and disks in use.
func (n *hostNode) harmless(name string) error {
	major, minor := unix.Major(n.rdev), unix.Minor(n.rdev)
	if n.mode&unix.S_IFMT == unix.S_IFCHR {
		// Numbers of the kernel's admin-guide/devices.txt.
		const memMajor = 1
		if what := map[uint32]string{1: "memory", 2: "kernel memory", 4: "I/O ports"}[minor]; major == memMajor && what != "" {
			return hinted(fmt.Errorf("%w: %s is the host's %s", runtime.ErrPermission, name, what),
				"Nobody may hand it out: with it the container would be root on the host.")
		}
		return nil
	}
	err := n.claim()
	switch {
	case errors.Is(err, unix.EBUSY):
		return hinted(fmt.Errorf("%w: the block device %s is in use by the host", runtime.ErrInUse, name),
			"It, or a partition of it, is mounted, swap, or under another device: see lsblk.")
	case errors.Is(err, unix.ENOMEDIUM), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return nil // no medium, or no driver: nobody has it mounted
	case err != nil:
		return fmt.Errorf("whether the block device %s is in use by the host cannot be told: %w", name, err)
	}
	return nil
}

// claim opens a block device for a moment as the only one who does. open(2): O_EXCL
// fails with EBUSY while it is in use by the system, as by a mount, swap, or a device
// on top; so does a disk's of which a partition is.
//
// It is another node of the device that is opened: the one that was named may lie on
// a file system that is mounted nodev.
func (n *hostNode) claim() error {
	dir, err := mountAttrs("tmpfs", [][2]string{{"mode", "0700"}}, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }()
	const own = "device"
	if err := unix.Mknodat(dir, own, unix.S_IFBLK|0o600, int(n.rdev)); err != nil {
		return &os.PathError{Op: "mknod", Path: own, Err: err}
	}
	fd, err := unix.Openat(dir, own, unix.O_RDONLY|unix.O_EXCL|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// nodeIn looks at a name in the container, without following it if it is a
// link: what matters is what would be replaced.
func nodeIn(root *inRoot, name string) (nodeID, error) {
	fd, err := unix.Openat2(root.dir, path.Clean(name), &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nodeID{}, fmt.Errorf("%s in the container: %w", name, err)
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nodeID{}, fmt.Errorf("%s in the container: %w", name, err)
	}
	return nodeID{st.Mode, st.Rdev}, nil
}

func nodeKind(mode uint32) string {
	if mode&unix.S_IFMT == unix.S_IFREG {
		return "a file"
	}
	return kindName(mode & unix.S_IFMT)
}
