package lxc

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelBasics looks at the namespaces that this very process is in: where the
// kernel has a kind, /proc/self/ns has its file (namespaces(7)).
func (h *hostCheck) kernelBasics(context.Context) checks {
	var c checks
	if release := h.word("/proc/sys/kernel/osrelease"); release != "" {
		c.good("release", release)
	}
	if _, err := h.read("/proc/self/status"); err != nil {
		c.unknown("namespaces", err)
		return c
	}
	for _, ns := range []struct {
		file, name, limit string
		needed            bool
		without           string
	}{
		{"mnt", "mount", "mnt", true, "CONFIG_NAMESPACES"},
		{"pid", "pid", "pid", true, "CONFIG_PID_NS"},
		{"uts", "uts", "uts", true, "CONFIG_UTS_NS"},
		{"ipc", "ipc", "ipc", true, "CONFIG_IPC_NS"},
		{"net", "network", "net", true, "CONFIG_NET_NS"},
		{"user", "user", "user", h.uid != 0, "CONFIG_USER_NS"},
		{"cgroup", "cgroup", "cgroup", false, "CONFIG_CGROUPS, Linux 4.6"},
		{"time", "time", "time", false, "CONFIG_TIME_NS, Linux 5.6"},
	} {
		what, kept, allow := ns.name+" namespace", "", ""
		if ns.file == "user" {
			kept, allow = h.usersKept()
		}
		limit, known := h.number("/proc/sys/user/max_" + ns.limit + "_namespaces")
		switch {
		case !h.there("/proc/self/ns", ns.file):
			c.lacks(ns.needed, what, "the kernel has none", "Boot a kernel that has it ("+ns.without+").")
		case known && limit == 0:
			c.lacks(ns.needed, what, "user.max_"+ns.limit+"_namespaces is 0", "Raise it: sysctl user.max_"+ns.limit+"_namespaces=10000")
		case kept != "":
			c.lacks(ns.needed, what, "there is one, but "+kept+" keeps users from making them", allow)
		case known:
			c.good(what, "up to "+strconv.FormatUint(limit, 10))
		default:
			c.good(what, "/proc/self/ns/"+ns.file)
		}
	}
	return c
}

// usersKept is the setting that keeps a user from making a user namespace, and what
// to do; "" = nothing does. The first is Debian's, the second Ubuntu's; neither
// holds for root.
func (h *hostCheck) usersKept() (setting, advice string) {
	switch {
	case h.uid == 0:
		return "", ""
	case h.word("/proc/sys/kernel/unprivileged_userns_clone") == "0":
		return "kernel.unprivileged_userns_clone=0", "If users of this host are to have containers, let root allow it: sysctl kernel.unprivileged_userns_clone=1"
	case h.word("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" && !h.profiled():
		return "kernel.apparmor_restrict_unprivileged_userns=1",
			"It protects the whole host: leave it, and let root give LXC and lxcdeck an AppArmor profile with the rule \"userns,\" (apparmor.d(5))."
	}
	return "", ""
}

// profiled says whether this process has an AppArmor profile, which may allow
// what is forbidden without one.
func (h *hostCheck) profiled() bool {
	label := h.word("/proc/self/attr/apparmor/current")
	return label != "" && label != "unconfined"
}

// rootCaps are the capabilities that liblxc uses as root (capabilities(7)).
func rootCaps() []struct {
	bit  int
	name string
} {
	return []struct {
		bit  int
		name string
	}{
		{unix.CAP_CHOWN, "chown"},
		{unix.CAP_DAC_OVERRIDE, "dac_override"},
		{unix.CAP_FOWNER, "fowner"},
		{unix.CAP_KILL, "kill"},
		{unix.CAP_SETGID, "setgid"},
		{unix.CAP_SETUID, "setuid"},
		{unix.CAP_SETPCAP, "setpcap"},
		{unix.CAP_NET_ADMIN, "net_admin"},
		{unix.CAP_SYS_CHROOT, "sys_chroot"},
		{unix.CAP_SYS_PTRACE, "sys_ptrace"},
		{unix.CAP_SYS_ADMIN, "sys_admin"},
		{unix.CAP_MKNOD, "mknod"},
	}
}

// confinement looks at what keeps a container apart from the host.
func (h *hostCheck) confinement(context.Context) checks {
	var c checks
	if _, err := h.read("/proc/self/status"); err != nil {
		c.unknown("capabilities", err)
		return c
	}
	if h.uid == 0 {
		h.capabilities(&c)
	}
	switch {
	case h.status("Seccomp") == "":
		c.optional("seccomp", "the kernel has none", "Boot a kernel with CONFIG_SECCOMP_FILTER: LXC's own configs bring a filter of system calls.")
	case !h.there("/proc/sys/kernel/seccomp/actions_avail"):
		c.optional("seccomp", "without filters", "Boot a kernel with CONFIG_SECCOMP_FILTER: LXC's own configs bring a filter of system calls.")
	default:
		c.good("seccomp", "with filters")
	}
	apparmor := h.word("/sys/module/apparmor/parameters/enabled") == "Y"
	selinux := h.there("/sys/fs/selinux/enforce")
	switch {
	case apparmor && h.program("apparmor_parser") == "":
		c.bad("AppArmor", "it is on, but apparmor_parser is not installed, without which no generated profile can be loaded",
			"Install the package apparmor, or set lxc.apparmor.profile to one that is loaded.")
	case apparmor:
		c.good("AppArmor", "on")
	case selinux:
		mode := map[string]string{"1": "enforcing", "0": "permissive"}[h.word("/sys/fs/selinux/enforce")]
		c.good("SELinux", mode)
	default:
		c.optional("AppArmor or SELinux", "neither is on: only namespaces, capabilities and seccomp confine root's containers",
			"Boot with one of them (security=apparmor, or lsm=...), or run containers with an id map.")
	}
	return c
}

func (h *hostCheck) capabilities(c *checks) {
	bound, err := strconv.ParseUint(h.status("CapBnd"), 16, 64)
	if err != nil {
		c.unknown("capabilities", fmt.Errorf("CapBnd of /proc/self/status: %w", err))
		return
	}
	var gone []string
	for _, k := range rootCaps() {
		if bound&(1<<k.bit) == 0 {
			gone = append(gone, k.name)
		}
	}
	if len(gone) == 0 {
		c.good("capabilities", "all that liblxc uses are in the bounding set")
		return
	}
	c.lacks(!slices.Equal(gone, []string{"mknod"}), "capabilities", "the bounding set lacks "+strings.Join(gone, ", "),
		"Give them to the container or unit that lxcdeck runs in (lxc.cap.drop, CapabilityBoundingSet=).")
}

// drivers are the kernel's file systems and network devices.
func (h *hostCheck) drivers(context.Context) checks {
	var c checks
	systems, err := h.read("/proc/filesystems")
	if err != nil {
		c.unknown("file systems", err)
	}
	for _, d := range []struct {
		name, module, option string
		needed, fs           bool
		use                  string
	}{
		{"devpts", "devpts", "CONFIG_UNIX98_PTYS", true, true, "Containers get their terminals from it."},
		{"overlay", "overlay", "CONFIG_OVERLAY_FS", false, true, "Overlay clones and application containers need it."},
		{"btrfs", "btrfs", "CONFIG_BTRFS_FS", false, true, "Only containers on btrfs need it."},
		{"fuse", "fuse", "CONFIG_FUSE_FS", false, true, "lxcfs needs it, which shows a container its own limits in /proc."},
		{"veth", "veth", "CONFIG_VETH", false, false, "Networks of type veth need it."},
		{"bridge", "bridge", "CONFIG_BRIDGE", false, false, "Networks on a bridge need it."},
		{"macvlan", "macvlan", "CONFIG_MACVLAN", false, false, "Networks of type macvlan need it."},
		{"vlan", "8021q", "CONFIG_VLAN_8021Q", false, false, "Networks of type vlan need it."},
	} {
		what := d.name + map[bool]string{true: " file system", false: " devices"}[d.fs]
		if d.fs && hasFileSystem(systems, d.name) {
			c.good(what, "/proc/filesystems")
			continue
		}
		how, known := h.driver(d.module, d.option)
		switch {
		case how != "":
			c.good(what, how)
		case known:
			c.lacks(d.needed, what, "the kernel has none", d.use+" Boot a kernel with "+d.option+", or install its module.")
		default:
			c.unknown(what, errors.New("no configuration of the kernel is there"))
		}
	}
	if h.uid != 0 && !atLeast(h.word("/proc/sys/kernel/osrelease"), 5, 11) {
		c.optional("overlay for users", "Linux before 5.11 mounts none in a user namespace", "Boot a newer kernel: overlay clones and application containers of users need it.")
	}
	// kernel/pid_namespace.c makes this file with CONFIG_CHECKPOINT_RESTORE alone.
	if h.there("/proc/sys/kernel/ns_last_pid") {
		c.good("checkpoint and restore", "/proc/sys/kernel/ns_last_pid")
	} else {
		c.optional("checkpoint and restore", "the kernel has none", "Only checkpoint and resume need it: boot a kernel with CONFIG_CHECKPOINT_RESTORE.")
	}
	return c
}

// hasFileSystem looks for a line of /proc/filesystems, "nodev\tNAME" or "\tNAME".
func hasFileSystem(text, name string) bool {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 && f[len(f)-1] == name {
			return true
		}
	}
	return false
}

// driver says how the kernel has a driver: it is there now, or would be loaded
// when it is needed. "" = it is not; known says whether that is sure.
func (h *hostCheck) driver(module, option string) (how string, known bool) {
	if h.there("/sys/module", module) {
		return "/sys/module/" + module, true
	}
	modules := "/lib/modules/" + h.word("/proc/sys/kernel/osrelease")
	for _, list := range []struct{ file, how string }{{"modules.builtin", "built in"}, {"modules.dep", "a module, loaded when it is needed"}} {
		text, err := h.read(modules, list.file)
		if err == nil && strings.Contains(text, "/"+module+".ko") {
			return list.how, true
		}
	}
	value, read := h.option(option)
	if value == "y" {
		return option + "=y", true
	}
	return "", read || h.there(modules, "modules.dep") // a module that is not installed is none
}

// readOptions are those of the kernel's configuration that are set; nil = it is
// not there.
func (h *hostCheck) readOptions() map[string]string {
	text, err := h.gunzip("/proc/config.gz")
	if err != nil {
		if text, err = h.read("/boot/config-" + h.word("/proc/sys/kernel/osrelease")); err != nil {
			return nil
		}
	}
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(key, "CONFIG_") {
			all[key] = value
		}
	}
	return all
}

func (h *hostCheck) gunzip(name string) (string, error) {
	f, err := os.OpenFile(h.file(name), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxSystemFile))
	return string(text), err
}

// atLeast compares a release such as "6.1.0-13-amd64"; one that cannot be read
// is new enough.
func atLeast(release string, major, minor int) bool {
	var x, y int
	if n, _ := fmt.Sscanf(release, "%d.%d", &x, &y); n < 2 {
		return true
	}
	return x > major || x == major && y >= minor
}

// kernelLimits tells when the kernel's tables are nearly full.
func (h *hostCheck) kernelLimits(context.Context) checks {
	var c checks
	if most, ok := h.number("/proc/sys/kernel/pid_max"); ok {
		// Field 4 of /proc/loadavg is running/existing tasks, proc_loadavg(5).
		var tasks uint64
		if f := strings.Fields(h.word("/proc/loadavg")); len(f) > 3 {
			_, all, _ := strings.Cut(f[3], "/")
			tasks, _ = strconv.ParseUint(all, 10, 64)
		}
		c.near("tasks", tasks, most, "kernel.pid_max")
	}
	if most, ok := h.number("/proc/sys/kernel/pty/max"); ok {
		used, _ := h.number("/proc/sys/kernel/pty/nr")
		c.near("pseudoterminals", used, most, "kernel.pty.max")
	} else if _, err := os.Stat(h.file("/dev/ptmx")); errors.Is(err, fs.ErrNotExist) {
		c.bad("pseudoterminals", "there is no /dev/ptmx", "Mount devpts, and make /dev/ptmx a link to pts/ptmx.")
	}
	return c
}

// near is good as long as less than nine tenths of a limit are in use.
func (c *checks) near(what string, used, most uint64, setting string) {
	found := fmt.Sprintf("%d of %d in use", used, most)
	switch {
	case used >= most:
		c.bad(what, found, "End what holds them, or raise "+setting+" with sysctl.")
	case used > most/10*9:
		c.optional(what, found, "Raise "+setting+" with sysctl before they are used up.")
	default:
		c.good(what, found)
	}
}
