package lxc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// mknod makes a device node for a test.
func mknod(t *testing.T, path string, kind uint32, major, minor uint32) string {
	t.Helper()
	must(t, unix.Mknod(path, kind|0o666, int(unix.Mkdev(major, minor))))
	return path
}

// rootOf is a container's root as the host sees it.
func rootOf(t *testing.T, a *Adapter, ref runtime.Ref) string {
	t.Helper()
	return "/proc/" + strconv.Itoa(find(t, list(t, a), ref.Name).InitPID) + "/root"
}

func TestDeviceNodes(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-dev"))
	must(t, s.Start("lxcdt-dev"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-dev"}
	root := rootOf(t, a, ref)
	node := func(device, as string) *runtime.DeviceArgs { return &runtime.DeviceArgs{Device: device, As: as} }

	full := mknod(t, filepath.Join(s.Path, ".full"), unix.S_IFCHR, 1, 7)
	must(t, askFor(t, a, runtime.AddDevice, ref, node(full, "/dev/sub/dir/full")))
	var st unix.Stat_t
	must(t, unix.Stat(root+"/dev/sub/dir/full", &st))
	if st.Rdev != unix.Mkdev(1, 7) || st.Mode&unix.S_IFMT != unix.S_IFCHR {
		t.Errorf("made: mode %o, device %d:%d", st.Mode, unix.Major(st.Rdev), unix.Minor(st.Rdev))
	}
	// Its cgroup lets it use the device.
	err := s.Tool("lxc-attach", ref.Name, "--", "/bin/sh", "-c", "echo x > /dev/sub/dir/full")
	if err == nil || !strings.Contains(err.Error(), "No space left") {
		t.Errorf("use in the container: %v", err)
	}
	// Gone from the host, it can still be taken out.
	must(t, os.Remove(full))
	must(t, askFor(t, a, runtime.RemoveDevice, ref, node(full, "/dev/sub/dir/full")))
	if exists(root + "/dev/sub/dir/full") {
		t.Error("removed, and still there")
	}

	// A second name is not the device: the first goes on to work.
	must(t, askFor(t, a, runtime.AddDevice, ref, node("/dev/null", "/dev/null2")))
	must(t, askFor(t, a, runtime.RemoveDevice, ref, node("/dev/null2", "")))
	must(t, s.Tool("lxc-attach", ref.Name, "--", "/bin/sh", "-c", "echo x > /dev/null"))

	// liblxc would replace, and delete, whatever has the name.
	put(t, root+"/tmp/precious", "kept")
	must(t, os.Symlink("/etc/passwd", root+"/tmp/link"))
	must(t, os.Symlink("/nowhere", root+"/tmp/dangling"))
	file := filepath.Join(s.Path, ".file")
	put(t, file, "")
	mem := mknod(t, filepath.Join(s.Path, ".innocent"), unix.S_IFCHR, 1, 1)
	port := mknod(t, filepath.Join(s.Path, ".port"), unix.S_IFCHR, 1, 4)
	for _, c := range []struct {
		op   runtime.Op
		args *runtime.DeviceArgs
		want error
	}{
		{runtime.AddDevice, node("/dev/null", "/tmp/precious"), runtime.ErrExists},
		{runtime.AddDevice, node("/dev/null", "/tmp/link"), runtime.ErrExists},
		{runtime.AddDevice, node("/dev/null", "/tmp/dangling"), runtime.ErrExists},
		{runtime.AddDevice, node("/dev/null", "/tmp"), runtime.ErrExists},
		{runtime.AddDevice, node("/dev/null", ""), runtime.ErrExists},
		{runtime.AddDevice, node(file, "/dev/x"), runtime.ErrInvalid},
		{runtime.AddDevice, node(s.Path, "/dev/x"), runtime.ErrInvalid},
		{runtime.AddDevice, node("/dev/no-such-device", ""), runtime.ErrInvalid},
		{runtime.AddDevice, node(mem, "/dev/x"), runtime.ErrPermission},
		{runtime.AddDevice, node(port, "/dev/x"), runtime.ErrPermission},
		{runtime.RemoveDevice, node("/tmp/precious", ""), runtime.ErrInvalid},
		{runtime.RemoveDevice, node("/tmp/link", ""), runtime.ErrInvalid},
		{runtime.RemoveDevice, node("/dev/no-such-device", ""), runtime.ErrInvalid},
		{runtime.AddDevice, node("dev/null", ""), runtime.ErrInvalid},
		{runtime.AddDevice, node("/dev/../dev/null", ""), runtime.ErrInvalid},
	} {
		if err := askFor(t, a, c.op, ref, c.args); !errors.Is(err, c.want) {
			t.Errorf("%s %+v: %v, want %v", c.op, *c.args, err, c.want)
		}
	}
	if text, err := os.ReadFile(root + "/tmp/precious"); err != nil || string(text) != "kept" {
		t.Errorf("a file of the container's: %q, %v", text, err)
	}
	if exists(root+"/dev/x") || !exists(root+"/tmp/link") || !exists(root+"/tmp/dangling") {
		t.Error("what was refused has changed the container")
	}
}

func TestDevicesOfUnprivilegedContainers(t *testing.T) {
	s := lxctest.New(t)
	idmap, _ := rootMap(t)
	must(t, s.Add("lxcdt-map", idmap...))
	must(t, s.Start("lxcdt-map"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-map"}
	var told *runtime.Error
	err := askFor(t, a, runtime.AddDevice, ref, &runtime.DeviceArgs{Device: "/dev/full", As: "/dev/lxcdt-full"})
	if !errors.Is(err, runtime.ErrUnsupported) || !errors.As(err, &told) ||
		!strings.Contains(told.Hint, "lxc.mount.entry = /dev/full dev/lxcdt-full none bind,create=file 0 0") {
		t.Errorf("%v", err)
	}
}

// TestDisksInUse adds a loop device while it is mounted, and when it is not.
func TestDisksInUse(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-disk"))
	must(t, s.Start("lxcdt-disk"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-disk"}
	image, dir := filepath.Join(s.Path, ".image"), filepath.Join(s.Path, ".mount")
	put(t, image, "")
	must(t, os.Truncate(image, 4<<20))
	must(t, os.Mkdir(dir, 0o755))
	tool := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v: %s", name, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	tool("mkfs.ext2", "-q", image)
	loop := tool("losetup", "--find", "--show", image)
	t.Cleanup(func() { tool("losetup", "-d", loop) })
	tool("mount", loop, dir)
	mounted := true
	unmount := func() {
		if mounted {
			tool("umount", dir)
			mounted = false
		}
	}
	t.Cleanup(unmount)
	var st unix.Stat_t
	must(t, unix.Stat(loop, &st))
	// Another node of the same disk is the same disk, also where none can be opened.
	nodev := filepath.Join(s.Path, ".nodev")
	must(t, os.Mkdir(nodev, 0o755))
	must(t, unix.Mount("lxcdt", nodev, "tmpfs", unix.MS_NODEV, ""))
	t.Cleanup(func() { must(t, unix.Unmount(nodev, 0)) })
	alias := mknod(t, filepath.Join(nodev, "alias"), unix.S_IFBLK, unix.Major(st.Rdev), unix.Minor(st.Rdev))
	for _, name := range []string{loop, alias} {
		err := askFor(t, a, runtime.AddDevice, ref, &runtime.DeviceArgs{Device: name, As: "/dev/lxcdt-disk"})
		if !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s, mounted: %v", name, err)
		}
	}
	unmount()
	must(t, askFor(t, a, runtime.AddDevice, ref, &runtime.DeviceArgs{Device: alias, As: "/dev/lxcdt-disk"}))
	must(t, askFor(t, a, runtime.RemoveDevice, ref, &runtime.DeviceArgs{Device: alias, As: "/dev/lxcdt-disk"}))
}

// inNamespace runs one test of this program again, in a network namespace of
// its own. It says whether this is that run.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "LXCDT_OWN_NET"
	if os.Getenv(mark) != "" {
		return true
	}
	if why := lxctest.Missing(); why != "" {
		t.Skip(why)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v:\n%s", err, out)
	}
	return false
}

func ipTool(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %q: %v: %s", args, err, out)
	}
	return string(out)
}

func TestInterfaces(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-net"))
	must(t, s.Start("lxcdt-net"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-net"}
	net := func(device, as string) *runtime.DeviceArgs {
		return &runtime.DeviceArgs{Net: true, Device: device, As: as}
	}
	inside := func() []string {
		names, err := linksOf(find(t, list(t, a), ref.Name).InitPID)
		must(t, err)
		return names
	}
	up := func(name string) bool {
		l, err := readLinks()
		must(t, err)
		if l.named(name) == nil {
			t.Fatalf("%s is not on the host", name)
		}
		return l.named(name).flags&unix.IFF_UP != 0
	}
	for _, pair := range [][2]string{{"one", "one-p"}, {"two", "two-p"}, {"port", "port-p"}} {
		ipTool(t, "link", "add", pair[0], "type", "veth", "peer", "name", pair[1])
		ipTool(t, "link", "set", pair[0], "up")
	}
	ipTool(t, "link", "add", "br0", "type", "bridge")
	ipTool(t, "link", "set", "port", "master", "br0")
	ipTool(t, "link", "set", "br0", "up")
	ipTool(t, "addr", "add", "10.99.0.1/24", "dev", "br0")
	ipTool(t, "route", "add", "default", "via", "10.99.0.2")
	ipTool(t, "addr", "add", "10.98.0.1/24", "dev", "two")
	ipTool(t, "route", "add", "default", "dev", "two", "table", "77", "metric", "9")

	must(t, askFor(t, a, runtime.AddDevice, ref, net("one", "eth9")))
	if got := inside(); len(got) != 2 || got[1] != "eth9" && got[0] != "eth9" {
		t.Errorf("in the container: %v", got)
	}
	if _, err := os.Stat("/proc/self/net/dev"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		op   runtime.Op
		args *runtime.DeviceArgs
		want error
	}{
		{runtime.AddDevice, net("port", ""), runtime.ErrInUse}, // the route goes over its bridge
		{runtime.AddDevice, net("br0", ""), runtime.ErrInUse},
		{runtime.AddDevice, net("two", ""), runtime.ErrInUse}, // by a table of its own
		{runtime.AddDevice, net("lo", ""), runtime.ErrPermission},
		{runtime.AddDevice, net("none", ""), runtime.ErrInvalid},
		{runtime.AddDevice, net("one-p", "eth9"), runtime.ErrExists},
		{runtime.AddDevice, net("a name", ""), runtime.ErrInvalid},
		{runtime.RemoveDevice, net("one", "none"), runtime.ErrInvalid},
		{runtime.RemoveDevice, net("host-lo", "lo"), runtime.ErrInvalid},
		{runtime.RemoveDevice, net("two", "eth9"), runtime.ErrExists},
	} {
		if err := askFor(t, a, c.op, ref, c.args); !errors.Is(err, c.want) {
			t.Errorf("%s %+v: %v, want %v", c.op, *c.args, err, c.want)
		}
	}
	var own *runtime.Error
	if err := askFor(t, a, runtime.AddDevice, ref, net("lo", "")); !errors.As(err, &own) || !strings.Contains(own.Hint, "another interface") {
		t.Errorf("root is told about the loopback: %q", own.Hint)
	}
	if !up("port") || !up("two") || !up("br0") {
		t.Error("what was refused has taken an interface down")
	}
	must(t, askFor(t, a, runtime.RemoveDevice, ref, net("one", "eth9")))
	up("one")

	// IPv6, and a route of several hops.
	ipTool(t, "link", "set", "one", "up")
	ipTool(t, "route", "del", "default", "dev", "two", "table", "77")
	ipTool(t, "-6", "route", "add", "default", "dev", "one")
	ipTool(t, "link", "set", "one-p", "up")
	ipTool(t, "link", "set", "two-p", "up")
	ipTool(t, "addr", "add", "10.97.0.1/24", "dev", "one-p")
	ipTool(t, "route", "add", "default", "table", "78", "nexthop", "via", "10.97.0.2", "dev", "one-p", "nexthop", "via", "10.98.0.2", "dev", "two")
	for _, name := range []string{"one", "one-p", "two"} {
		if err := askFor(t, a, runtime.AddDevice, ref, net(name, "")); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// The kernel moves no bridge: what liblxc says comes through, and the
	// bridge is up again.
	ipTool(t, "route", "del", "default")
	var told *runtime.Error
	err := askFor(t, a, runtime.AddDevice, ref, net("br0", ""))
	if !errors.As(err, &told) || told.Log == "" && !strings.Contains(err.Error(), "liblxc") {
		t.Errorf("a bridge: %v", err)
	}
	t.Logf("a bridge: %v", err)
	if !up("br0") {
		t.Error("a move that failed has left the bridge down")
	}
}
