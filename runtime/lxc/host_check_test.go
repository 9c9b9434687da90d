package lxc

import (
	"compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// tree makes a root directory that holds these files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return root
}

// lookOn is a look at such a root by a user who is none of the real host.
func lookOn(t *testing.T, root string, uid int) *hostCheck {
	t.Helper()
	h := &hostCheck{
		root: root, uid: uid, user: "jo", home: "/home/jo", runDir: "/run/user/1000", version: "5.0.2",
		path: filepath.Join(root, "bin"), trust: ownTrust(), locks: filepath.Join(root, "run/lxcdeck"),
		net: netService{uid: uid, links: filepath.Join(root, "sys/class/net"), booted: filepath.Join(root, "booted"),
			units: []string{filepath.Join(root, "units")}, defaults: []string{filepath.Join(root, "etc/default/lxc"), filepath.Join(root, "etc/default/lxc-net")}},
		inotify: func() error { return nil },
	}
	h.option = h.kernelOptions()
	return h
}

// says looks for a check, and compares its verdict and a part of its words.
func says(t *testing.T, all []runtime.Check, what string, v runtime.Verdict, part string) {
	t.Helper()
	i := slices.IndexFunc(all, func(c runtime.Check) bool { return c.What == what })
	if i < 0 {
		t.Errorf("no check of %q in %+v", what, all)
		return
	}
	if c := all[i]; c.Verdict != v || !strings.Contains(c.Found+"\n"+c.Advice, part) {
		t.Errorf("%s: %s, %q, %q; want %s and %q", what, c.Verdict, c.Found, c.Advice, v, part)
	}
}

const nsDir = "proc/self/ns/"

func TestHostCheckNamespaces(t *testing.T) {
	files := map[string]string{
		"proc/self/status": "Name:\tx\n", nsDir + "mnt": "", nsDir + "pid": "", nsDir + "uts": "", nsDir + "net": "", nsDir + "user": "", nsDir + "cgroup": "",
		"proc/sys/user/max_pid_namespaces": "0\n", "proc/sys/user/max_uts_namespaces": "77\n", "proc/sys/kernel/unprivileged_userns_clone": "0\n",
	}
	root := tree(t, files)
	all := lookOn(t, root, 0).kernelBasics(t.Context())
	says(t, all, "mount namespace", runtime.CheckGood, "")
	says(t, all, "ipc namespace", runtime.CheckBad, "CONFIG_IPC_NS")
	says(t, all, "pid namespace", runtime.CheckBad, "sysctl user.max_pid_namespaces=")
	says(t, all, "uts namespace", runtime.CheckGood, "up to 77")
	says(t, all, "time namespace", runtime.CheckOptional, "5.6")
	says(t, all, "user namespace", runtime.CheckGood, "") // nothing of that holds for root
	all = lookOn(t, root, 1000).kernelBasics(t.Context())
	says(t, all, "user namespace", runtime.CheckBad, "sysctl kernel.unprivileged_userns_clone=1")
	must(t, os.Remove(filepath.Join(root, nsDir, "user")))
	says(t, lookOn(t, root, 1000).kernelBasics(t.Context()), "user namespace", runtime.CheckBad, "CONFIG_USER_NS")
	says(t, lookOn(t, root, 0).kernelBasics(t.Context()), "user namespace", runtime.CheckOptional, "CONFIG_USER_NS")
	files["proc/sys/kernel/unprivileged_userns_clone"], files["proc/sys/kernel/apparmor_restrict_unprivileged_userns"] = "1", "1"
	root = tree(t, files)
	says(t, lookOn(t, root, 1000).kernelBasics(t.Context()), "user namespace", runtime.CheckBad, "apparmor_restrict")
	must(t, os.MkdirAll(filepath.Join(root, "proc/self/attr/apparmor"), 0o755))
	put(t, filepath.Join(root, "proc/self/attr/apparmor/current"), "lxcdeck (enforce)\n")
	says(t, lookOn(t, root, 1000).kernelBasics(t.Context()), "user namespace", runtime.CheckGood, "")
	says(t, lookOn(t, t.TempDir(), 0).kernelBasics(t.Context()), "namespaces", runtime.CheckUnknown, "no such file")
}

func TestHostCheckSecurity(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/self/status":                       "CapBnd:\t000001ffffdfffff\nSeccomp:\t0\n",
		"sys/module/apparmor/parameters/enabled": "Y\n",
		"proc/sys/kernel/seccomp/actions_avail":  "kill\n",
		"proc/sys/kernel/pid_max":                "1000\n",
		"proc/loadavg":                           "0.1 0.2 0.3 2/950 4711\n",
		"proc/sys/kernel/pty/max":                "10\n",
		"proc/sys/kernel/pty/nr":                 "10\n",
		"proc/sys/fs/inotify/max_user_instances": "128\n",
		"proc/sys/fs/inotify/max_user_watches":   "60\n",
		"proc/self/mountinfo":                    "1 2 0:3 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n",
		"proc/pressure/cpu":                      "some\n",
	})
	h := lookOn(t, root, 0)
	all := h.confinement(t.Context())
	says(t, all, "capabilities", runtime.CheckBad, "lacks sys_admin") // bit 21
	says(t, all, "seccomp", runtime.CheckGood, "")
	says(t, all, "AppArmor", runtime.CheckBad, "apparmor_parser")
	must(t, os.Mkdir(h.path, 0o755))
	put(t, filepath.Join(h.path, "apparmor_parser"), "")
	must(t, os.Chmod(filepath.Join(h.path, "apparmor_parser"), 0o755))
	says(t, h.confinement(t.Context()), "AppArmor", runtime.CheckGood, "on")
	put(t, filepath.Join(root, "sys/module/apparmor/parameters/enabled"), "N\n")
	put(t, filepath.Join(root, "proc/self/status"), "CapBnd:\t000001fff7ffffff\n")
	all = h.confinement(t.Context())
	says(t, all, "AppArmor or SELinux", runtime.CheckOptional, "")
	says(t, all, "capabilities", runtime.CheckOptional, "mknod")
	says(t, all, "seccomp", runtime.CheckOptional, "CONFIG_SECCOMP")
	all = h.kernelLimits(t.Context())
	says(t, all, "tasks", runtime.CheckOptional, "950 of 1000")
	says(t, all, "pseudoterminals", runtime.CheckBad, "10 of 10")
	says(t, h.ownLimits(t.Context()), "inotify", runtime.CheckOptional, "max_user_watches")
	put(t, filepath.Join(root, "proc/sys/fs/inotify/max_user_watches"), "8192\n")
	says(t, h.ownLimits(t.Context()), "inotify", runtime.CheckGood, "8192")
	h.inotify = func() error { return unix.EMFILE }
	says(t, h.ownLimits(t.Context()), "inotify", runtime.CheckOptional, "max_user_instances is used up")
	says(t, h.programs(t.Context()), "lxcfs", runtime.CheckGood, "mounted")
	says(t, h.pressure(t.Context()), "pressure (PSI)", runtime.CheckGood, "")
	must(t, os.RemoveAll(filepath.Join(root, "proc/pressure")))
	says(t, h.pressure(t.Context()), "pressure (PSI)", runtime.CheckOptional, "CONFIG_PSI")
}

// Drivers that are not there yet count when they would be loaded.
func TestHostCheckDrivers(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/sys/kernel/osrelease":            "5.10.1-x\n",
		"proc/filesystems":                     "nodev\tdevpts\nnodev\tmyoverlay\n\tbtrfs\n",
		"sys/module/veth/refcnt":               "0",
		"lib/modules/5.10.1-x/modules.dep":     "kernel/net/bridge/bridge.ko.xz: kernel/net/llc/llc.ko.xz\n",
		"lib/modules/5.10.1-x/modules.builtin": "kernel/drivers/net/macvlan.ko\n",
		"boot/config-5.10.1-x":                 "CONFIG_FUSE_FS=y\nCONFIG_VLAN_8021Q=m\n# CONFIG_OVERLAY_FS is not set\n",
	})
	all := lookOn(t, root, 1000).drivers(t.Context())
	says(t, all, "devpts file system", runtime.CheckGood, "/proc/filesystems")
	says(t, all, "btrfs file system", runtime.CheckGood, "")
	says(t, all, "overlay file system", runtime.CheckOptional, "CONFIG_OVERLAY_FS")
	says(t, all, "fuse file system", runtime.CheckGood, "CONFIG_FUSE_FS=y")
	says(t, all, "veth devices", runtime.CheckGood, "/sys/module/veth")
	says(t, all, "bridge devices", runtime.CheckGood, "a module")
	says(t, all, "macvlan devices", runtime.CheckGood, "built in")
	says(t, all, "vlan devices", runtime.CheckOptional, "has none") // the module is not installed
	says(t, all, "overlay for users", runtime.CheckOptional, "5.11")
	says(t, all, "checkpoint and restore", runtime.CheckOptional, "")
	put(t, filepath.Join(root, "proc/filesystems"), "nodev\tproc\n")
	must(t, os.MkdirAll(filepath.Join(root, "proc"), 0o755))
	f, err := os.Create(filepath.Join(root, "proc/config.gz"))
	must(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte("CONFIG_OVERLAY_FS=y\n"))
	must(t, errors.Join(err, z.Close(), f.Close()))
	all = lookOn(t, root, 0).drivers(t.Context()) // config.gz is this kernel's, /boot's may be another's
	says(t, all, "overlay file system", runtime.CheckGood, "CONFIG_OVERLAY_FS=y")
	says(t, all, "devpts file system", runtime.CheckBad, "")
	says(t, lookOn(t, t.TempDir(), 0).drivers(t.Context()), "veth devices", runtime.CheckUnknown, "")
}

const (
	v2Mount = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	v1Mount = "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 1 0:28 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"
)

func TestHostCheckCgroups(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/self/mountinfo":                    v2Mount,
		"proc/cgroups":                           "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t5\t0\ncpu\t0\t5\t1\n",
		"sys/fs/cgroup/cgroup.controllers":       "cpu io pids\n",
		"sys/fs/cgroup/init.scope/cgroup.freeze": "0\n",
		"proc/config.gz":                         "", "boot/config-x": "CONFIG_CGROUP_BPF=y\n", "proc/sys/kernel/osrelease": "x\n",
	})
	h := lookOn(t, root, 0)
	all := h.cgroupLayout(t.Context())
	says(t, all, "layout", runtime.CheckGood, "v2 at /sys/fs/cgroup")
	says(t, all, "io", runtime.CheckGood, "v2")
	says(t, all, "cpuset", runtime.CheckOptional, "cgroup.controllers")
	says(t, all, "memory", runtime.CheckOptional, "cgroup_enable=memory")
	says(t, all, "freezer", runtime.CheckGood, "cgroup.freeze")
	says(t, all, "devices", runtime.CheckGood, "BPF")
	must(t, os.Remove(filepath.Join(root, "boot/config-x")))
	says(t, lookOn(t, root, 0).cgroupLayout(t.Context()), "devices", runtime.CheckUnknown, "CONFIG_CGROUP_BPF")
	put(t, filepath.Join(root, "boot/config-x"), "CONFIG_X=y\n")
	says(t, lookOn(t, root, 0).cgroupLayout(t.Context()), "devices", runtime.CheckBad, "")
	put(t, filepath.Join(root, "proc/self/mountinfo"), v2Mount+v1Mount)
	all = h.cgroupLayout(t.Context())
	says(t, all, "layout", runtime.CheckGood, "hybrid")
	says(t, all, "devices", runtime.CheckGood, "v1 at /sys/fs/cgroup/devices")
	says(t, all, "cpu", runtime.CheckGood, "v2")
	put(t, filepath.Join(root, "proc/self/mountinfo"), v1Mount)
	all = h.cgroupLayout(t.Context())
	says(t, all, "layout", runtime.CheckGood, "v1")
	says(t, all, "freezer", runtime.CheckOptional, "no hierarchy")
	put(t, filepath.Join(root, "proc/self/mountinfo"), "1 2 0:3 / / rw - ext4 /dev/sda rw\n")
	if all = h.cgroupLayout(t.Context()); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	says(t, all, "layout", runtime.CheckBad, "mount -t cgroup2")
	if all := h.delegation(t.Context()); len(all) != 0 {
		t.Errorf("root needs no delegation: %+v", all)
	}
}

func TestHostCheckDelegation(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: cgroups cannot be given to another user")
	}
	const slice = "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/"
	root := tree(t, map[string]string{
		"proc/self/mountinfo": v2Mount, "run/user/1000/bus": "", "sys/fs/cgroup/cgroup.controllers": "cpu cpuset io memory pids\n",
		"proc/self/cgroup": "5:memory:/jo\n4:devices:/jo\n1:name=systemd:/\n0::/\n",
	})
	h := lookOn(t, root, 1000)
	look := func() checks { return h.delegation(t.Context()) }
	says(t, look(), "delegation", runtime.CheckBad, "enable-linger jo")
	says(t, look(), "systemd scope", runtime.CheckBad, systemdRun)
	h.version = "6.0.4"
	says(t, look(), "systemd scope", runtime.CheckGood, "/run/user/1000/bus")
	must(t, os.MkdirAll(filepath.Join(root, slice), 0o755))
	for _, name := range []string{"cgroup.procs", "cgroup.subtree_control", "cgroup.controllers"} {
		put(t, filepath.Join(root, slice, name), "cpu memory pids\n")
	}
	says(t, look(), "delegation", runtime.CheckBad, "does not belong to the user")
	for _, name := range []string{"", "cgroup.procs", "cgroup.subtree_control"} {
		must(t, os.Chown(filepath.Join(root, slice, name), 1000, 1000))
	}
	says(t, look(), "delegation", runtime.CheckOptional, "not cpuset io")
	put(t, filepath.Join(root, slice, "cgroup.controllers"), "cpu cpuset io memory pids\n")
	says(t, look(), "delegation", runtime.CheckGood, "cpuset")
	put(t, filepath.Join(root, "proc/self/mountinfo"), v1Mount)
	must(t, os.MkdirAll(filepath.Join(root, "sys/fs/cgroup/memory/jo"), 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "sys/fs/cgroup/devices/jo"), 0o755))
	must(t, os.Chown(filepath.Join(root, "sys/fs/cgroup/memory/jo"), 1000, 1000))
	says(t, look(), "delegation", runtime.CheckBad, "of this session: devices")
	must(t, os.Chown(filepath.Join(root, "sys/fs/cgroup/devices/jo"), 1000, 1000))
	says(t, look(), "delegation", runtime.CheckGood, "")
	must(t, os.Remove(filepath.Join(root, "run/user/1000/bus")))
	says(t, look(), "systemd scope", runtime.CheckBad, "no bus")
	h.runDir = ""
	says(t, look(), "systemd scope", runtime.CheckBad, "XDG_RUNTIME_DIR")
}

// What this host really has, by other means than those of the check.
func TestHostCheckOnThisHost(t *testing.T) {
	if _, err := exec.LookPath("lxc-checkconfig"); err != nil {
		t.Skip("LEFT OUT: lxc-checkconfig is not installed: there is nothing to compare with")
	}
	output := func(name string, args ...string) string {
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		return string(out)
	}
	dir := t.TempDir()
	a := newAdapter(t, Options{Paths: []string{dir}, Audit: filepath.Join(dir, "log", "audit.jsonl")})
	all, err := a.CheckHost(t.Context())
	must(t, err)
	verdicts := map[string]runtime.Verdict{}
	for _, c := range all {
		verdicts[c.What] = c.Verdict
	}
	config := output("lxc-checkconfig")
	compared := 0
	for line, what := range map[string]string{
		"Utsname namespace": "uts namespace", "Ipc namespace": "ipc namespace", "Pid namespace": "pid namespace", "User namespace": "user namespace",
		"Network namespace": "network namespace", "Cgroup namespace": "cgroup namespace", "Cgroup device": "devices", "Cgroup cpuset": "cpuset",
		"Cgroup memory controller": "memory", "Veth pair device": "veth devices", "Macvlan": "macvlan devices", "Vlan": "vlan devices",
		"Bridges": "bridge devices", "checkpoint restore": "checkpoint and restore", "FUSE (for use with lxcfs)": "fuse file system",
	} {
		_, rest, ok := strings.Cut(config, line+": ")
		if !ok {
			continue // an older one, or a newer one
		}
		compared++
		if enabled := strings.HasPrefix(rest, "enabled"); enabled != (verdicts[what] == runtime.CheckGood) {
			t.Errorf("%s: %s; lxc-checkconfig says %s: %.20q", what, verdicts[what], line, rest)
		}
	}
	if compared < 10 {
		t.Errorf("only %d lines of lxc-checkconfig could be compared:\n%s", compared, config)
	}
	says(t, all, "version", runtime.CheckGood, strings.TrimSpace(output("lxc-start", "--version")))
	says(t, all, "release", runtime.CheckGood, strings.TrimSpace(output("uname", "-r")))
	if got, want := verdicts["overlay file system"] == runtime.CheckGood, strings.Contains(output("cat", "/proc/filesystems"), "\toverlay\n"); want && !got {
		t.Error("the kernel has overlay")
	}
	for _, name := range []string{"rsync", "criu"} {
		_, err := exec.LookPath(name)
		if v, there := verdicts[name]; there && (v == runtime.CheckGood) != (err == nil) {
			t.Errorf("%s: %s, but LookPath says %v", name, v, err)
		}
	}
	says(t, all, "audit log", runtime.CheckGood, "made when it is needed")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("looking has made %v", left)
	}
}

// A source that hangs is told as such, keeps no other, and is not asked again.
func TestHostCheckHangs(t *testing.T) {
	a := newAdapter(t, Options{Paths: []string{t.TempDir()}})
	fifo := filepath.Join(t.TempDir(), "gone")
	must(t, syscall.Mkfifo(fifo, 0o600))
	end := make(chan struct{})
	s := hostSource{runtime.TopicKernel, "server", time.Millisecond, func(context.Context) checks {
		<-end
		return nil
	}}
	got := <-a.askSource(t.Context(), s)
	says(t, got, "server", runtime.CheckUnknown, "no answer within")
	says(t, <-a.askSource(t.Context(), s), "server", runtime.CheckUnknown, "no answer for")
	close(end)
	within(t, "another look", func() bool {
		s.look = func(context.Context) checks {
			var c checks
			c.good("server", "there")
			return c
		}
		c := <-a.askSource(t.Context(), s)
		return len(c) == 1 && c[0].Verdict == runtime.CheckGood
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.look = func(context.Context) checks {
		<-t.Context().Done()
		return nil
	}
	says(t, <-a.askSource(ctx, s), "server", runtime.CheckUnknown, "not waited for")
	h := lookOn(t, tree(t, nil), 1000)
	must(t, os.MkdirAll(h.file("/etc"), 0o755))
	must(t, os.Rename(fifo, h.file("/etc/lxc-usernet")))
	if _, err := h.read("/etc/lxc-usernet"); err != nil { // a FIFO does not make it wait
		t.Error(err)
	}
	panics := hostSource{runtime.TopicKernel, "panic", time.Minute, func(context.Context) checks { panic("oh") }}
	says(t, <-a.askSource(t.Context(), panics), "panic", runtime.CheckUnknown, "oh")
}
