package runtime

import (
	"context"
	"time"
)

// Examiner tells what keeps a container apart from the host. It changes nothing.
type Examiner interface {
	// Isolation reads what is known of a container's isolation: of a running one
	// from its init, of another what its configuration asks for. What may not be
	// read says why; the error is for a container of which nothing can be told. It
	// wraps ErrNotFound when there is none, and ErrNoAnswer when its monitor, or an
	// earlier reading, has not come back.
	Isolation(context.Context, Ref) (Isolation, error)
}

// Answer is yes, no, or not known.
type Answer uint8

// The zero Answer is not known.
const (
	NotKnown Answer = iota
	Yes
	No
)

// AnswerOf is what was read.
func AnswerOf(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// Isolation is one reading. All text but the fixed words is foreign. A field Why
// says why what stands beside it is not known; "" = it is.
type Isolation struct {
	At      time.Time
	InitPID int // on the host; 0 = it does not run, and Config is all there is
	// Begin is the start of that init in ticks since the host's boot: another has
	// another, also one that got the same pid. 0 = none or not known.
	Begin uint64
	// Peer is whose namespaces and mounts are called the host's: "pid 1", or
	// "lxcdeck itself" where those of pid 1 may not be read.
	Peer       string
	Namespaces []Namespace // in the order of NamespaceKinds; none = it does not run
	Root       ContainerRoot
	UIDs, GIDs MappedIDs
	Caps       Capabilities
	Confined   Confinement
	Mounts     MountFacts
	Cgroups    []CgroupPlace
	CgroupsWhy string
	Devices    DeviceRules
	Config     IsolationConfig
}

// OfAnotherLife says whether a container is known to be in another life than the
// one that was read: it has stopped, started, or both.
func (i *Isolation) OfAnotherLife(c *Container) bool {
	if !c.NoAnswerSince.IsZero() || c.State == Unknown || c.State.Alive() != (c.InitPID != 0) {
		return false
	}
	return c.InitPID != i.InitPID || c.Begin != i.Begin && c.Begin != 0 && i.Begin != 0
}

// NamespaceKinds are the kinds of namespaces(7), as the links below /proc/PID/ns
// are named.
func NamespaceKinds() []string {
	return []string{"user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time"}
}

// Namespace is one that the init is in.
type Namespace struct {
	Kind string
	ID   uint64 // its inode, by which lsns(8) names it; 0 = not known
	Host Answer // it is the host's own
	// HostWhy is why that is not known although the namespace is.
	HostWhy string
	With    []Ref // running containers that are in it too; none for the host's own
	// WithWhy is why there may be others of them.
	WithWhy string
	Why     string
}

// Namespace is that of a kind; the zero one where it was not read.
func (i *Isolation) Namespace(kind string) Namespace {
	for _, n := range i.Namespaces {
		if n.Kind == kind {
			return n
		}
	}
	return Namespace{Kind: kind}
}

// ContainerRoot is the root directory of the init, as the line of its own
// /proc/PID/mountinfo says (proc_pid_mountinfo(5)).
type ContainerRoot struct {
	Source, FS string
	Dir        string // what of that file system it is
	ReadOnly   bool
	Host       Answer // it is the host's root itself
	Why        string
	// At is where it is in its mount namespace (link /proc/PID/root): "/" = it is
	// the root of that too, as pivot_root(2) makes it; else chroot(2) has put it there.
	At    string
	AtWhy string
}

// MappedIDs is uid_map or gid_map of user_namespaces(7): as lxcdeck sees it.
type MappedIDs struct {
	Ranges []IDRange
	Why    string
}

// IDRange maps Count ids from Inside to those from Outside.
type IDRange struct{ Inside, Outside, Count uint64 }

// Identity says whether all ids inside are the same outside.
func (m MappedIDs) Identity() bool {
	for _, r := range m.Ranges {
		if r.Inside != r.Outside {
			return false
		}
	}
	return len(m.Ranges) > 0
}

// ofHostRoot is which id inside is id 0 outside; false = none is, or not known.
func (m MappedIDs) ofHostRoot() (inside uint64, ok bool) {
	for _, r := range m.Ranges {
		if r.Outside == 0 && r.Count > 0 {
			return r.Inside, true
		}
	}
	return 0, false
}

// Mapped says whether the container is in a user namespace of its own. Where the
// namespace may not be read, an id map that is none of the host's says so too.
func (i *Isolation) Mapped() Answer {
	switch n := i.Namespace("user"); {
	case n.Host == Yes:
		return No
	case n.Host == No:
		return Yes
	case len(i.UIDs.Ranges) > 0 && !i.UIDs.Identity():
		return Yes
	default:
		return NotKnown
	}
}

// Capabilities are the sets of capabilities(7) of the init, a bit for each.
type Capabilities struct {
	Bounding, Effective, Permitted, Inheritable, Ambient Value
	// Last is the highest that the kernel knows (/proc/sys/kernel/cap_last_cap).
	Last Value
	Why  string
}

// Confinement is what binds the init beside namespaces and capabilities.
type Confinement struct {
	NoNewPrivs Answer // no_new_privs of prctl(2)
	Seccomp    Value  // 0 off, 1 strict, 2 filter: SECCOMP_MODE_* of seccomp.h
	Filters    Value  // how many filters; absent before kernel 5.9
	Why        string // of Seccomp
	PrivsWhy   string // of NoNewPrivs

	Label    string // of AppArmor, SELinux or Smack (/proc/PID/attr/current)
	Module   string // "apparmor", "selinux", "smack"; "none" = none labels processes; "" = not known which
	LabelWhy string
	Modules  string // /sys/kernel/security/lsm: those that the kernel runs; "" = not known
}

// MaxMounts is how many mounts are told of each kind.
const MaxMounts = 64

// MountFacts is what bears on isolation of the init's mounts.
type MountFacts struct {
	Total int  // how many were looked at
	Cut   bool // there are more than are read
	Why   string

	ProcSys    Answer // /proc/sys may be written, as far as mounts decide that
	Sys        Answer // /sys, the same
	ProcSysWhy string
	SysWhy     string

	Kernel []Mount // file systems in which the kernel shows itself, and what covers parts of them
	Host   []Mount // parts of the host
	More   bool    // there are more of either than MaxMounts
	// HostWhy says why directories of the host are not known among them: its own
	// mounts could not be read. "" = they are.
	HostWhy string
}

// Mount is a line of mountinfo.
type Mount struct {
	Dir      string // where, inside
	FS       string
	Root     string // what of the file system
	Source   string
	ReadOnly bool
	// Is says what of the host it is: a directory such as "/dev", or the name of a
	// socket such as "docker.sock"; "" = nothing of that kind.
	Is     string
	Socket bool
	// Doubt: it has the name of such a socket, but whose it is is not known.
	Doubt bool
}

// CgroupPlace is where the init is in one hierarchy (cgroups(7)).
type CgroupPlace struct {
	Controllers string // "cpu,cpuacct", "name=systemd"; "" = cgroup v2
	Path        string
	Own         bool // within a directory that is the container's
}

// MaxDeviceRules is how many rules on devices are told.
const MaxDeviceRules = 128

// DeviceRules are the devices that may be used: devices.list of cgroup v1
// (Documentation/admin-guide/cgroup-v1/devices.rst).
type DeviceRules struct {
	Rules []string // "c 1:3 rwm"
	More  bool
	All   Answer // all of them
	Why   string // also that cgroup v2 has no list
}

// IsolationConfig is what the configuration says now, which need not be what runs.
type IsolationConfig struct {
	// Read: it was read, also when nothing in it bears on isolation.
	Read     bool
	Settings []Setting // of isolation alone, in an order of their own
	More     bool      // there are more settings than are read
	// Fstab are the entries of the file that lxc.mount.fstab names, which liblxc
	// mounts as it does those of lxc.mount.entry.
	Fstab     []string
	FstabMore bool   // there are more of them than are read
	FstabWhy  string // why they are not known
	// DevicesKey begins the keys of rules on devices that this host heeds:
	// "lxc.cgroup.devices" or "lxc.cgroup2.devices"; "" = not known which.
	DevicesKey string
	// Changed is when it was last changed; zero = not since the container started.
	Changed time.Time
	Why     string
}

// Setting is one line of lxc.container.conf(5).
type Setting struct{ Key, Value string }

// The keys of rules on devices of the two kinds of cgroups.
const devicesV1, devicesV2 = "lxc.cgroup.devices", "lxc.cgroup2.devices"

// DevicesKey is the key of rules on devices of a host with the hierarchy of
// devices of cgroup v1, or without it.
func DevicesKey(v1 bool) string {
	if v1 {
		return devicesV1
	}
	return devicesV2
}

// CapKeepOrDrop is the key of capabilities of which liblxc does not say whether
// they are kept or dropped.
const CapKeepOrDrop = "lxc.cap.keep or lxc.cap.drop"

// last is the value of a key that counts; "" = it is not set.
func (c *IsolationConfig) last(key string) string {
	v := c.Values(key)
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

// generated: LXC makes the profile of AppArmor, and may allow nesting in it.
func (c *IsolationConfig) generated() bool { return c.last("lxc.apparmor.profile") == "generated" }

// Values are those of a key.
func (c *IsolationConfig) Values(key string) []string {
	var out []string
	for _, s := range c.Settings {
		if s.Key == key {
			out = append(out, s.Value)
		}
	}
	return out
}
