package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Directories without a config are named, and configs that are not loaded, with
// the reason; what is in order is not.
func TestHostCheckContainers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: files cannot be given to another user")
	}
	path := t.TempDir()
	for _, name := range []string{"good", "theirs", "fifo", "loop"} {
		put(t, filepath.Join(path, name, "config"), "lxc.uts.name = "+name+"\n")
	}
	must(t, os.Chown(filepath.Join(path, "theirs"), 4711, 4711))
	must(t, os.Remove(filepath.Join(path, "fifo/config")))
	must(t, syscall.Mkfifo(filepath.Join(path, "fifo/config"), 0o600))
	put(t, filepath.Join(path, "loop/config"), "lxc.include = "+filepath.Join(path, "loop/config")+"\n")
	must(t, os.Mkdir(filepath.Join(path, "lost+found"), 0o700))
	must(t, os.Mkdir(filepath.Join(path, "empty\x1b[2J"), 0o755))
	put(t, filepath.Join(path, "kept", "snaps", "snap0", "config"), "")
	a := newAdapter(t, Options{Paths: []string{path}})
	all, err := a.CheckHost(t.Context())
	must(t, err)
	says(t, all, "containers", runtime.CheckGood, "4, 3 of them with a problem")
	says(t, all, "container theirs", runtime.CheckOptional, "belongs to uid 4711")
	says(t, all, "container fifo", runtime.CheckOptional, "is a FIFO")
	says(t, all, "container loop", runtime.CheckOptional, "includes itself")
	says(t, all, "directory lost+found", runtime.CheckGood, "belongs to the file system")
	says(t, all, "directory empty\x1b[2J", runtime.CheckOptional, "has no config file")
	says(t, all, "directory kept", runtime.CheckOptional, "snaps/snap0/config")
	for _, c := range all {
		if strings.HasSuffix(c.What, " good") {
			t.Errorf("nothing is wrong with it: %+v", c)
		}
	}
	h := lookOn(t, "", 0)
	h.list = func(context.Context) (runtime.Listing, error) {
		return runtime.Listing{Problems: []error{errors.New("lxcpath /x: permission denied")}, Containers: []runtime.Container{
			{Ref: runtime.Ref{Path: "/x", Name: "quiet"}, NoAnswerSince: time.Now()},
			{Ref: runtime.Ref{Path: "/x", Name: "plain"}, Problem: errors.New("it is odd")},
		}}, nil
	}
	got := h.containers(t.Context())
	says(t, got, "list of containers", runtime.CheckBad, "permission denied")
	says(t, got, "container quiet", runtime.CheckOptional, "does not answer")
	says(t, got, "container plain", runtime.CheckOptional, "/x/plain/config")
	h.list = func(context.Context) (runtime.Listing, error) { return runtime.Listing{}, runtime.ErrNoAnswer }
	says(t, h.containers(t.Context()), "containers", runtime.CheckUnknown, "")
}

func TestHostCheckLxcpath(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: files cannot be given to another user")
	}
	base := t.TempDir() // /tmp/TestX/001: the first is ours alone
	must(t, os.Chmod(filepath.Dir(base), 0o755))
	must(t, os.Chmod(base, 0o755))
	path := filepath.Join(base, "lxc")
	h := lookOn(t, "", 0)
	says(t, h.lxcpath(path), path, runtime.CheckOptional, "not there yet")
	h.given = true
	says(t, h.lxcpath(path), path, runtime.CheckBad, "no such file")
	put(t, path, "")
	says(t, h.lxcpath(path), path, runtime.CheckBad, "no directory")
	must(t, os.Remove(path))
	must(t, os.Mkdir(path, 0o755))
	all := h.lxcpath(path)
	says(t, all, path, runtime.CheckGood, "root, mode 0755")
	says(t, all, "way to roots in "+path, runtime.CheckGood, "")
	says(t, all, "space in "+path, runtime.CheckGood, "free of")
	must(t, os.Chmod(base, 0o700))
	says(t, h.lxcpath(path), "way to roots in "+path, runtime.CheckOptional, "setfacl -m u:ID:x "+base)
	h.uid = 1000
	says(t, h.lxcpath(path), "way to roots in "+path, runtime.CheckBad, "mode 0700")
	must(t, os.Chmod(base, 0o755))
	must(t, os.Chmod(path, 0o777))
	says(t, h.lxcpath(path), path, runtime.CheckBad, "chmod go-w")
	must(t, os.Chmod(path, 0o755))
	must(t, os.Chown(path, 1, 1)) // an account of every system: daemon
	says(t, h.lxcpath(path), path, runtime.CheckGood, "lxcdeck works there as "+userName(1))
	must(t, os.Chown(path, 423456, 423456)) // nobody's
	says(t, h.lxcpath(path), path, runtime.CheckBad, "belongs to uid 423456")

	full := filepath.Join(base, "full")
	must(t, os.Mkdir(full, 0o755))
	must(t, unix.Mount("none", full, "tmpfs", 0, "size=64k,nr_inodes=50000"))
	t.Cleanup(func() { must(t, unix.Unmount(full, unix.MNT_DETACH)) })
	says(t, h.lxcpath(full), "space in "+full, runtime.CheckOptional, "0 MiB free")
	put(t, filepath.Join(full, "all"), strings.Repeat("x", 64<<10))
	says(t, h.lxcpath(full), "space in "+full, runtime.CheckBad, "df -i")
}

func TestHostCheckNetwork(t *testing.T) {
	root := tree(t, map[string]string{
		"default.conf": "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\n", "sys/class/net/eth0/mtu": "1500", "home/jo/.config/lxc/lxc.conf": "lxc.lxcpath = /x\n",
	})
	h := lookOn(t, root, 0)
	h.defaults = filepath.Join(root, "default.conf")
	all := h.network(t.Context())
	says(t, all, "default network", runtime.CheckBad, "lxcbr0, which this host does not have")
	says(t, all, "default network", runtime.CheckBad, "Make it, or name a bridge")
	says(t, all, "lxc-net", runtime.CheckOptional, "not installed")
	put(t, filepath.Join(root, "units", lxcNetUnit), "")
	all = h.network(t.Context())
	says(t, all, "lxc-net", runtime.CheckOptional, "lxcbr0 is not there")
	says(t, all, "default network", runtime.CheckBad, "Let root start lxc-net")
	put(t, filepath.Join(root, "etc/default/lxc-net"), "USE_LXC_BRIDGE=\"false\"\n")
	says(t, h.network(t.Context()), "default network", runtime.CheckBad, "USE_LXC_BRIDGE in")
	put(t, h.defaults, "lxc.net.0.type = veth\nlxc.net.0.link = eth0\n")
	says(t, h.network(t.Context()), "default network", runtime.CheckBad, "no bridge")
	must(t, os.MkdirAll(filepath.Join(root, "sys/class/net/lxcbr0/bridge"), 0o755))
	put(t, h.defaults, "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\n")
	put(t, filepath.Join(root, "etc/default/lxc-net"), "")
	all = h.network(t.Context())
	says(t, all, "default network", runtime.CheckGood, "veth on lxcbr0")
	says(t, all, "lxc-net", runtime.CheckGood, "lxcbr0 is there")

	h = lookOn(t, root, 1000)
	h.defaults = filepath.Join(root, "default.conf")
	all = h.network(t.Context())
	says(t, all, "lxc-user-nic", runtime.CheckBad, "not installed")
	says(t, all, "lxc-usernet", runtime.CheckBad, "jo veth lxcbr0 10")
	nic := filepath.Join(root, "usr/libexec/lxc/lxc-user-nic")
	put(t, nic, "")
	put(t, filepath.Join(root, "etc/lxc/lxc-usernet"), "# x\nkim veth lxcbr0 9\njo veth other 2\n")
	all = h.network(t.Context())
	says(t, all, "lxc-user-nic", runtime.CheckBad, "chmod u+s /usr/libexec/lxc/lxc-user-nic")
	says(t, all, "lxc-usernet", runtime.CheckBad, "no interface on lxcbr0")
	must(t, os.Chmod(nic, 0o755|os.ModeSetuid))
	put(t, filepath.Join(root, "etc/lxc/lxc-usernet"), "jo veth lxcbr0 7\n")
	all = h.network(t.Context())
	if os.Geteuid() == 0 { // else it is not root's
		says(t, all, "lxc-user-nic", runtime.CheckGood, "")
	}
	says(t, all, "lxc-usernet", runtime.CheckGood, "7 on lxcbr0")
	says(t, h.configFiles(t.Context()), "lxc.conf", runtime.CheckGood, "/home/jo/.config/lxc/lxc.conf")
	says(t, h.configFiles(t.Context()), "id map in the default config", runtime.CheckOptional, "lxc.idmap")
	put(t, h.defaults, "lxc.idmap = u 0 100000 65536\n")
	for _, c := range h.configFiles(t.Context()) {
		if c.Verdict != runtime.CheckGood {
			t.Errorf("%+v", c)
		}
	}
	must(t, os.Chmod(h.defaults, 0o666))
	says(t, h.configFiles(t.Context()), "default config", runtime.CheckOptional, "chmod go-w")
	h.defaults = filepath.Join(root, "gone")
	says(t, h.configFiles(t.Context()), "default config", runtime.CheckOptional, "there is none")
}

func TestHostCheckIDs(t *testing.T) {
	root := tree(t, map[string]string{"etc/subuid": "jo:100000:65536\nkim:200000:65536\n", "etc/passwd": "", "bin/newuidmap": "", "proc/self/status": "NoNewPrivs:\t1\n"})
	h := lookOn(t, root, 1000)
	all := h.subordinate(t.Context())
	says(t, all, "subordinate users", runtime.CheckGood, "65536 from 100000")
	says(t, all, "subordinate groups", runtime.CheckBad, "--add-subgids")
	put(t, filepath.Join(root, "etc/subgid"), "kim:100000:65536\nbroken:x:1\nlee:300000:65536\n")
	says(t, h.subordinate(t.Context()), "subordinate groups", runtime.CheckBad, "usermod --add-subgids 365536-431071 jo")
	must(t, os.Remove(filepath.Join(root, "etc/subgid")))
	says(t, all, "newgidmap", runtime.CheckBad, "uidmap")
	says(t, all, "new privileges", runtime.CheckBad, "NoNewPrivileges")
	tool := filepath.Join(root, "bin/newuidmap")
	must(t, os.Chmod(tool, 0o755))
	says(t, h.subordinate(t.Context()), "newuidmap", runtime.CheckBad, "chmod u+s "+tool)
	if os.Geteuid() == 0 {
		must(t, os.Chmod(tool, 0o755|os.ModeSetuid))
		says(t, h.subordinate(t.Context()), "newuidmap", runtime.CheckGood, "")
		must(t, os.Chmod(tool, 0o755))
		// vfs_cap_data of version 2 (linux/capability.h): cap_setuid, effective.
		must(t, unix.Setxattr(tool, "security.capability", []byte{1, 0, 0, 2, 1 << 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0))
		says(t, h.subordinate(t.Context()), "newuidmap", runtime.CheckGood, "")
	}
	put(t, filepath.Join(root, "etc/subuid"), "jo:100000:1000\n")
	must(t, os.Mkdir(filepath.Join(root, "etc/subgid"), 0o755)) // nobody can read that, root neither
	all = h.subordinate(t.Context())
	says(t, all, "subordinate users", runtime.CheckOptional, "fewer than the 65536")
	says(t, all, "subordinate groups", runtime.CheckUnknown, "is a directory")
	put(t, filepath.Join(root, "etc/subuid"), "kim:200000:65536\n")
	says(t, h.subordinate(t.Context()), "subordinate users", runtime.CheckBad, "no line for jo")
	h = lookOn(t, root, 0)
	all = h.subordinate(t.Context())
	says(t, all, "subordinate users", runtime.CheckOptional, "Only unprivileged")
	says(t, all, "newgidmap", runtime.CheckGood, "root writes")
}

func TestHostCheckPlaces(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: files cannot be given to another user")
	}
	root := tree(t, map[string]string{"run/x": ""})
	h := lookOn(t, root, 0)
	look := func() checks { return h.ownPlaces(t.Context()) }
	says(t, look(), "locks", runtime.CheckGood, "made when it is needed")
	says(t, look(), "audit log", runtime.CheckOptional, "no place")
	must(t, os.Mkdir(h.locks, 0o777))
	must(t, os.Chmod(h.locks, 0o777))
	says(t, look(), "locks", runtime.CheckBad, "can be written by others")
	must(t, os.Chmod(h.locks, 0o700))
	says(t, look(), "locks", runtime.CheckGood, h.locks)
	h.audit = filepath.Join(root, "log", "deck", "audit.jsonl")
	says(t, look(), "audit log", runtime.CheckGood, "made when it is needed")
	if exists(filepath.Dir(h.audit)) {
		t.Error("looking has made its directory")
	}
	put(t, h.audit, "")
	says(t, look(), "audit log", runtime.CheckGood, h.audit)
	must(t, os.Chmod(filepath.Dir(h.audit), 0o777))
	says(t, look(), "audit log", runtime.CheckOptional, "you alone can write")
	// A file system that nobody writes to, root neither.
	ro := filepath.Join(root, "ro")
	must(t, os.Mkdir(ro, 0o755))
	must(t, unix.Mount("none", ro, "tmpfs", unix.MS_RDONLY, ""))
	t.Cleanup(func() { must(t, unix.Unmount(ro, unix.MNT_DETACH)) })
	h.locks, h.audit = filepath.Join(ro, "lxcdeck"), filepath.Join(ro, "log", "audit.jsonl")
	says(t, look(), "locks", runtime.CheckBad, "read-only file system")
	says(t, look(), "audit log", runtime.CheckOptional, "cannot be made")

	h.leftovers = func(context.Context) ([]runtime.Leftover, error) { return nil, nil }
	says(t, h.left(t.Context()), "left by operations", runtime.CheckGood, "nothing")
	h.leftovers = func(context.Context) ([]runtime.Leftover, error) {
		return []runtime.Leftover{{Ref: runtime.Ref{Path: "/x", Name: "web"}, What: "a restore of snap0 was interrupted"}, {Kept: true}}, nil
	}
	says(t, h.left(t.Context()), "left by operations", runtime.CheckOptional, "web: a restore of snap0 was interrupted")
	says(t, h.left(t.Context()), "old roots", runtime.CheckGood, "1 kept")
	h.leftovers = func(context.Context) ([]runtime.Leftover, error) { return nil, runtime.ErrPermission }
	says(t, h.left(t.Context()), "left by operations", runtime.CheckUnknown, "")
}

func TestHostCheckStores(t *testing.T) {
	root := tree(t, map[string]string{
		"p/web/config": "lxc.rootfs.path = zfs:tank/lxc/web\n", "p/db/config": "lxc.rootfs.path = lvm:/dev/vg/db\n",
		"p/dir/config": "lxc.rootfs.path = dir:/x\n", "bin/zfs": "", "proc/filesystems": "nodev\ttmpfs\n",
		"proc/sys/kernel/osrelease": "6.1.0\n", "lib/modules/6.1.0/modules.dep": "kernel/fs/ext4.ko:\n",
	})
	h := lookOn(t, root, 0)
	var all []runtime.Container
	for _, name := range []string{"web", "db", "dir"} {
		all = append(all, runtime.Container{Ref: runtime.Ref{Path: filepath.Join(root, "p"), Name: name}})
	}
	look := func() (c checks) {
		h.stores(&c, all)
		return c
	}
	says(t, look(), "roots on zfs", runtime.CheckBad, "modprobe zfs")
	says(t, look(), "roots on lvm", runtime.CheckBad, "lvm2")
	put(t, filepath.Join(root, "proc/filesystems"), "nodev\tzfs\n")
	says(t, look(), "roots on zfs", runtime.CheckBad, "zfsutils-linux")
	must(t, os.Chmod(filepath.Join(root, "bin/zfs"), 0o755))
	says(t, look(), "roots on zfs", runtime.CheckGood, "web")
	all = all[2:]
	if got := look(); len(got) != 0 {
		t.Errorf("of directories: %+v", got)
	}
}

func TestHostCheckTemplates(t *testing.T) {
	root := tree(t, map[string]string{"t/lxc-oci": "", "t/lxc-busybox": "", "bin/busybox": "", "bin/jq": "", "bin/rsync": "", "proc/self/mountinfo": ""})
	for _, name := range []string{"t/lxc-oci", "t/lxc-busybox", "bin/busybox", "bin/jq"} {
		must(t, os.Chmod(filepath.Join(root, name), 0o755))
	}
	h := lookOn(t, root, 0)
	h.templates = []string{filepath.Join(root, "t")}
	says(t, h.templateScripts(t.Context()), "template oci", runtime.CheckOptional, "skopeo and umoci")
	says(t, h.templateScripts(t.Context()), "template busybox", runtime.CheckGood, "")
	says(t, h.programs(t.Context()), "rsync", runtime.CheckOptional, "not installed") // it cannot be run
	says(t, h.programs(t.Context()), "criu", runtime.CheckOptional, "")
	says(t, h.programs(t.Context()), "lxcfs", runtime.CheckOptional, "not mounted")
	h.templates = []string{filepath.Join(root, "none")}
	says(t, h.templateScripts(t.Context()), "templates", runtime.CheckOptional, "lxc-templates")
	h.version = "4.0.6"
	says(t, h.liblxc(t.Context()), "version", runtime.CheckOptional, "5 and 6")
	h.version = ""
	says(t, h.liblxc(t.Context()), "version", runtime.CheckUnknown, "")
}
