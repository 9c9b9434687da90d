package runtime

import (
	"slices"
	"strconv"
	"strings"
)

// Weight says how far a weak point leads.
type Weight uint8

// The weights.
const (
	Light  Weight = iota // less is between container and host than could be
	Medium               // a second mistake, of a program or of the kernel, leads to the host
	Heavy                // who is root inside has, or soon gets, the host
)

// String is the weight in JSON.
func (w Weight) String() string { return [...]string{"light", "medium", "heavy"}[w] }

// Weakness is one weak point. What may hold foreign text.
type Weakness struct {
	ID     string // one word or two, such as "privileged" and "host-net"
	Weight Weight
	What   string // what was found
	Why    string // why it matters: a sentence
	Set    string // lines that can be set as they are; "" = no line does it alone
	Do     string // what to do, beside that or instead
	Asked  bool   // the configuration asks for it; it does not run
}

// Weaknesses are the weak points, the heaviest first. A mark stands only for what
// was read: of what is not known nothing is said. What a user namespace keeps
// within itself is none of the host's, and not marked.
func (i *Isolation) Weaknesses() []Weakness {
	at, asked := i, i.InitPID == 0
	if asked {
		at = i.Config.wanted()
	}
	var all []Weakness
	for _, rule := range []func(*Isolation) []Weakness{
		weakRoot, weakHostMounts, weakIDs, weakDevices, weakNamespaces, weakKernelMounts, weakCapabilities, weakConfinement,
	} {
		all = append(all, rule(at)...)
	}
	for n := range all {
		all[n].Asked = asked || all[n].Asked
	}
	slices.SortStableFunc(all, func(a, b Weakness) int { return int(b.Weight) - int(a.Weight) })
	return all
}

// privileged: it is known to be in the host's user namespace.
func (i *Isolation) privileged() bool { return i.Mapped() == No }

// heavier is the weight of what is worse where the container's root is the host's.
func (i *Isolation) heavier() Weight {
	if i.privileged() {
		return Heavy
	}
	return Medium
}

// lighter is the weight of what only takes one of several locks away.
func (i *Isolation) lighter() Weight {
	if i.privileged() {
		return Medium
	}
	return Light
}

func weakRoot(i *Isolation) []Weakness {
	switch {
	case i.Namespace("mnt").Host == Yes:
		return []Weakness{{
			ID: "host-mounts", Weight: i.heavier(), What: "the host's mounts are its own",
			Why: "What it mounts or unmounts, it does on the host.", Do: i.ownNamespace("mnt"),
		}}
	case i.Root.Host == Yes:
		return []Weakness{{
			ID: "host-root", Weight: i.heavier(), What: "the host's root directory is its own",
			Why: "It reads the host's files, and as root writes them.", Do: "give it a root of its own in lxc.rootfs.path",
		}}
	}
	return nil
}

func weakIDs(i *Isolation) []Weakness {
	const set, do = "lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536", "give its root to those ids"
	if i.privileged() {
		return []Weakness{{
			ID: "privileged", Weight: Heavy, What: "privileged: no user namespace of its own",
			Why: "Its root is the host's root: whatever else fails, nothing is left between them.", Set: set, Do: do,
		}}
	}
	if i.Mapped() != Yes {
		return nil
	}
	uid, u := i.UIDs.ofHostRoot()
	gid, g := i.GIDs.ofHostRoot()
	what := "a user namespace of its own, but the host's "
	switch {
	case u:
		what += "uid 0 is its uid " + strconv.FormatUint(uid, 10)
	case g:
		what += "gid 0 is its gid " + strconv.FormatUint(gid, 10)
	default:
		return nil
	}
	return []Weakness{{ID: "root-id", Weight: Medium, What: what, Why: "It reaches the host's files that belong to root.", Do: "map no id to 0 of the host in lxc.idmap"}}
}

// ownNamespace says how the container gets its own namespace of a kind.
func (i *Isolation) ownNamespace(kind string) string {
	switch c := &i.Config; {
	case c.last("lxc.namespace.share."+kind) != "":
		return "take lxc.namespace.share." + kind + " out"
	case len(c.words("lxc.namespace.clone")) > 0:
		return "put " + kind + " into lxc.namespace.clone, or take that out"
	default:
		return "take " + kind + " out of lxc.namespace.keep"
	}
}

// weakNamespaces are those that are the host's. That of time is the host's for
// nearly all containers: it has offsets of clocks only (time_namespaces(7)).
func weakNamespaces(i *Isolation) []Weakness {
	var all []Weakness
	add := func(kind string, w Weight, why string) {
		if i.Namespace(kind).Host == Yes {
			k := Weakness{ID: "host-" + kind, Weight: w, What: "the host's " + kind + " namespace", Why: why, Do: i.ownNamespace(kind)}
			if kind == "net" && i.Config.hostNet() {
				k.Set, k.Do = "lxc.net.0.type = empty", "veth instead, for a network of its own"
			}
			all = append(all, k)
		}
	}
	add("pid", i.heavier(), "It sees the host's processes, and as root signals and traces them.")
	if i.Namespace("net").Host == Yes && i.privileged() && i.Caps.Has("net_admin") {
		all = append(all, Weakness{
			ID: "host-net-admin", Weight: Heavy, What: "net_admin kept on the host's network",
			Why: "It changes the host's addresses, routes and firewall.",
		}.without(i, "net_admin"))
	}
	add("net", Medium, "It reaches what listens on the host's loopback and abstract sockets, and can take its ports.")
	add("ipc", Light, "It shares the host's message queues and shared memory.")
	add("cgroup", Light, "It sees the host's cgroup paths.")
	add("uts", Light, "It can change the host's name if it has sys_admin.")
	return all
}

func weakHostMounts(i *Isolation) []Weakness {
	var all []Weakness
	for _, m := range i.Mounts.Host {
		if m.Doubt {
			continue
		}
		k := Weakness{
			ID: "host-directory", Weight: i.heavier(), What: "the host's " + m.Is + " at " + m.Dir,
			Why: "It writes what the host relies on.", Do: "take it out of " + i.Config.mountedBy(m.Dir),
		}
		switch {
		case m.Socket:
			k.ID, k.What, k.Weight = "host-socket", "the host's "+m.Is+" at "+m.Dir, Heavy // mounting it read-only keeps nobody from writing to it
			k.Why = "Who may write to this socket has containers made that hold all of the host."
		case m.Is == "/dev": // read-only or not: nodes are not written, but what they lead to
			k.Why = "Its nodes lead to the host's disks and memory."
		case m.ReadOnly:
			k.What += ", read-only"
			k.Weight, k.Why = Medium, "It reads what the host keeps there."
		}
		all = append(all, k)
	}
	return all
}

// weakCapabilities of one that is mapped reach no further than its user namespace.
func weakCapabilities(i *Isolation) []Weakness {
	if !i.privileged() {
		return nil
	}
	var all []Weakness
	add := func(name string, w Weight, why string) {
		if i.Caps.Has(name) {
			all = append(all, Weakness{ID: "cap-" + name, Weight: w, What: name + " kept", Why: why}.without(i, name))
		}
	}
	add("sys_module", Heavy, "It loads code into the host's kernel.")
	add("sys_rawio", Heavy, "It reaches the host's hardware and memory.")
	if i.Namespace("pid").Host == Yes {
		add("sys_ptrace", Heavy, "It traces the host's processes, and so runs code in them.")
	}
	add("dac_read_search", Heavy, "It opens files by handle: those of the host that share a file system with its own.")
	if i.Confined.Module != "none" {
		add("mac_admin", Medium, "It changes the rules of AppArmor or Smack.")
	}
	add("sys_admin", Medium, "It mounts, and reaches much else of the kernel that nothing but this keeps from it.")
	add("sys_time", Light, "It sets the host's clock.")
	return all
}

// without says how the container is kept from a capability. Only one of the two
// keys can be set.
func (w Weakness) without(i *Isolation, name string) Weakness {
	switch c := &i.Config; {
	case len(c.Values("lxc.cap.keep")) > 0:
		w.Do = "take " + name + " out of lxc.cap.keep"
	case len(c.Values(CapKeepOrDrop)) > 0 || !c.Read:
		w.Do = "put " + name + " into lxc.cap.drop, or take it out of lxc.cap.keep where that is used"
	default:
		w.Set = "lxc.cap.drop = " + name
	}
	return w
}

func weakDevices(i *Isolation) []Weakness {
	all, asked := i.Devices.All, false
	if all == NotKnown && i.Config.DevicesKey == devicesV2 && i.Config.Changed.IsZero() {
		// cgroup v2 shows no list. The configuration it was started with has the rules.
		all, asked = i.Config.wantedDevices(), true
	}
	if !i.privileged() || all != Yes {
		return nil
	}
	why := "It makes the nodes of the host's disks, and reads and writes them."
	if !i.Caps.Bounding.Absent() && !i.Caps.Has("mknod") {
		why = "Nodes that stand in its root lead to the host's devices; it cannot make others, as mknod is dropped."
	}
	return []Weakness{{
		ID: "all-devices", Weight: Heavy, What: "all devices allowed", Why: why, Asked: asked,
		Set: devicesDeny(i), Do: "allow single ones behind it, as /usr/share/lxc/config/common.conf does",
	}}
}

func weakKernelMounts(i *Isolation) []Weakness {
	var all []Weakness
	if i.privileged() {
		if i.Mounts.ProcSys == Yes {
			all = append(all, Weakness{
				ID: "proc-writable", Weight: Heavy, What: "/proc/sys can be written",
				Why: "Settings there are the whole host's: core_pattern names a program that the host runs as root.", Set: "lxc.mount.auto = proc:mixed",
			})
		}
		if i.Mounts.Sys == Yes {
			all = append(all, Weakness{
				ID: "sys-writable", Weight: Heavy, What: "/sys can be written",
				Why: "It changes the host's devices and drivers; uevent_helper names a program that the host runs as root.", Set: "lxc.mount.auto = sys:mixed",
			})
		}
		if m, ok := i.writableCgroup(); ok {
			all = append(all, Weakness{
				ID: "cgroup-writable", Weight: Medium, What: "cgroups can be written at " + m.Dir,
				Why: "It lifts its own limits and rules on devices.", Set: "lxc.mount.auto = cgroup:ro",
			})
		}
	}
	if where := i.nested(); where != "" {
		all = append(all, Weakness{
			ID: "nesting", Weight: i.lighter(), What: "nesting is allowed: " + where,
			Why: "What AppArmor and mounts keep from it in /proc and /sys can be had by another mount.", Do: "take nesting.conf and lxc.apparmor.allow_nesting out, unless it runs containers",
		})
	}
	return all
}

// devicesDeny forbids all devices on this host; "" = with which key is not known.
func devicesDeny(i *Isolation) string {
	if i.Config.DevicesKey == "" {
		return ""
	}
	return i.Config.DevicesKey + ".deny = a"
}

// writableCgroup is a hierarchy that a privileged container can change: in cgroup
// v2 one that shows the host's, as from a namespace of its own no limit of the
// container itself can be written (nsdelegate of cgroup-v2.rst).
func (i *Isolation) writableCgroup() (Mount, bool) {
	for _, m := range i.Mounts.Kernel {
		if !m.ReadOnly && (m.FS == "cgroup" || m.FS == "cgroup2" && i.Namespace("cgroup").Host == Yes) {
			return m, true
		}
	}
	return Mount{}, false
}

// nested says by what a container can run others in it: LXC's nesting.conf mounts
// /proc and /sys anew where nothing covers them, or names a profile for it. The
// label of a generated profile does not tell: LXC gives each a namespace of its
// own where profiles can be stacked (lsm/apparmor.c). Its configuration does, as
// long as it is the one that the container was started with.
func (i *Isolation) nested() string {
	for _, m := range i.Mounts.Kernel {
		if strings.HasPrefix(m.Dir, "/dev/.lxc/") && (m.FS == "proc" || m.FS == "sysfs") && !m.ReadOnly {
			return m.FS + " at " + m.Dir
		}
	}
	if i.Confined.Module != "apparmor" {
		return ""
	}
	if l := i.Confined.Label; strings.Contains(l, "with-nesting") {
		return "profile " + l
	}
	if c := &i.Config; c.Changed.IsZero() && c.generated() && c.last("lxc.apparmor.allow_nesting") == "1" {
		return "lxc.apparmor.allow_nesting = 1"
	}
	return ""
}

func weakConfinement(i *Isolation) []Weakness {
	c := &i.Confined
	var all []Weakness
	add := func(id, what, why, set, do string) {
		all = append(all, Weakness{ID: id, Weight: i.lighter(), What: what, Why: why, Set: set, Do: do})
	}
	const profile = "lxc.apparmor.profile = generated"
	switch {
	case c.Module == "apparmor" && (c.Label == "unconfined" || strings.HasPrefix(c.Label, "unconfined (")):
		add("unconfined", "AppArmor: unconfined", "No profile keeps it from mounts, /proc and /sys.", profile, "")
	case c.Module == "apparmor" && strings.HasSuffix(c.Label, "(complain)"):
		add("complain", "AppArmor: its profile only complains", "What the profile forbids is logged, and done.", "", "aa-enforce on that profile, on the host")
	case c.Module == "none":
		add("no-module", "no security module confines it", "This kernel runs none that labels processes, such as AppArmor or SELinux.", "", "boot the host with AppArmor or SELinux")
	}
	if n, ok := c.Seccomp.Get(); ok && n == 0 {
		add("no-seccomp", "seccomp: off", "All system calls are open to it, those with the newest mistakes too.", "lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp", "")
	}
	return all
}
