package runtime

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// kept is a container as LXC makes it privileged, with all that is read.
func kept(mapped bool) *Isolation {
	i := &Isolation{InitPID: 7}
	for _, kind := range NamespaceKinds() {
		i.Namespaces = append(i.Namespaces, Namespace{Kind: kind, ID: 1, Host: AnswerOf(kind == "time" || kind == "user" && !mapped)})
	}
	i.UIDs.Ranges = []IDRange{{0, 0, 1<<32 - 1}}
	if mapped {
		i.UIDs.Ranges = []IDRange{{0, 100000, 65536}}
	}
	i.Root.Host, i.Mounts.ProcSys, i.Mounts.Sys, i.Devices.All = No, No, No, No
	i.Caps.Bounding, i.Caps.Last = Of(0), Of(40)
	i.Confined.Seccomp, i.Confined.Module, i.Confined.Label = Of(2), "apparmor", "lxc-container-default-cgns (enforce)"
	return i
}

func (i *Isolation) be(kind string, a Answer) {
	for n := range i.Namespaces {
		if i.Namespaces[n].Kind == kind {
			i.Namespaces[n].Host = a
		}
	}
}

// settable is a line of a configuration without words around it.
var settable = regexp.MustCompile(`^lxc\.[a-z0-9._]+ = ([a-z_0-9/.:]+|[ug] 0 100000 65536)$`)

func weak(i *Isolation) string {
	var ids []string
	for _, w := range i.Weaknesses() {
		ids = append(ids, w.ID)
		if w.What == "" || w.Set == "" && w.Do == "" || !strings.HasSuffix(w.Why, ".") {
			return "says too little: " + w.ID
		}
		for line := range strings.SplitSeq(w.Set, "\n") {
			if w.Set != "" && !settable.MatchString(line) {
				return "cannot be set: " + line
			}
		}
	}
	return strings.Join(ids, " ")
}

// TestWeaknesses: each mark stands for what was read, and not where that is
// unknown or kept within a user namespace.
func TestWeaknesses(t *testing.T) {
	const all = 1<<41 - 1
	nesting := []Setting{{"lxc.apparmor.profile", "generated"}, {"lxc.apparmor.allow_nesting", "1"}}
	for _, c := range []struct {
		name               string
		set                func(*Isolation)
		privileged, mapped string
	}{
		{"nothing", func(*Isolation) {}, "privileged", ""},
		{"pid", func(i *Isolation) { i.be("pid", Yes) }, "privileged host-pid", "host-pid"},
		{"net", func(i *Isolation) { i.be("net", Yes) }, "privileged host-net", "host-net"},
		{"small ones", func(i *Isolation) { i.be("ipc", Yes); i.be("uts", Yes); i.be("cgroup", Yes) }, "privileged host-ipc host-cgroup host-uts", "host-ipc host-cgroup host-uts"},
		{"mounts", func(i *Isolation) { i.be("mnt", Yes); i.Root.Host = Yes }, "host-mounts privileged", "host-mounts"},
		{"root", func(i *Isolation) { i.Root.Host = Yes }, "host-root privileged", "host-root"},
		{"capabilities", func(i *Isolation) { i.Caps.Bounding = Of(all) },
			"privileged cap-sys_module cap-sys_rawio cap-dac_read_search cap-mac_admin cap-sys_admin cap-sys_time", ""},
		{"rules of no module", func(i *Isolation) { i.Caps.Bounding = Of(1 << 33); i.Confined.Module, i.Confined.Label = "none", "" }, "privileged no-module", "no-module"},
		{"traced", func(i *Isolation) { i.Caps.Bounding = Of(1 << 19); i.be("pid", Yes) }, "privileged host-pid cap-sys_ptrace", "host-pid"},
		{"traces itself", func(i *Isolation) { i.Caps.Bounding = Of(1 << 19) }, "privileged", ""},
		{"network admin", func(i *Isolation) { i.Caps.Bounding = Of(1 << 12); i.be("net", Yes) }, "privileged host-net-admin host-net", "host-net"},
		{"network admin at home", func(i *Isolation) { i.Caps.Bounding = Of(1 << 12) }, "privileged", ""},
		{"devices", func(i *Isolation) { i.Devices.All = Yes }, "privileged all-devices", ""},
		{"proc", func(i *Isolation) { i.Mounts.ProcSys, i.Mounts.Sys = Yes, Yes }, "privileged proc-writable sys-writable", ""},
		{"host", func(i *Isolation) {
			i.Mounts.Host = []Mount{{Dir: "/h", Is: "/", ReadOnly: true}, {Dir: "/d", Is: "/dev", ReadOnly: true}, {Dir: "/s", Is: "docker.sock", Socket: true, ReadOnly: true}}
		}, "host-directory host-socket privileged host-directory", "host-socket host-directory host-directory"},
		{"a socket of nobody knows whom", func(i *Isolation) {
			i.Mounts.Host = []Mount{{Dir: "/s", Is: "docker.sock", Socket: true, Doubt: true}}
		}, "privileged", ""},
		{"cgroup v1", func(i *Isolation) { i.Mounts.Kernel = []Mount{{Dir: "/c", FS: "cgroup"}} }, "privileged cgroup-writable", ""},
		{"cgroup v2 of its own", func(i *Isolation) { i.Mounts.Kernel = []Mount{{Dir: "/c", FS: "cgroup2"}} }, "privileged", ""},
		{"cgroup read-only", func(i *Isolation) { i.Mounts.Kernel = []Mount{{Dir: "/c", FS: "cgroup", ReadOnly: true}} }, "privileged", ""},
		{"nesting", func(i *Isolation) { i.Mounts.Kernel = []Mount{{Dir: "/dev/.lxc/proc", FS: "proc"}} }, "privileged nesting", "nesting"},
		{"nesting profile", func(i *Isolation) { i.Confined.Label = "lxc-x_</var>//&:lxc-x_<var>:unconfined (enforce)" }, "privileged", ""},
		{"generated with nesting", func(i *Isolation) { i.Config.Settings = nesting }, "privileged nesting", "nesting"},
		{"nesting of a later configuration", func(i *Isolation) { i.Config.Settings, i.Config.Changed = nesting, time.Unix(1, 0) }, "privileged", ""},
		{"nesting without AppArmor", func(i *Isolation) { i.Config.Settings, i.Confined.Module = nesting, "selinux" }, "privileged", ""},
		{"unconfined", func(i *Isolation) { i.Confined.Label = "unconfined"; i.Confined.Seccomp = Of(0) }, "privileged unconfined no-seccomp", "unconfined no-seccomp"},
		{"complains", func(i *Isolation) { i.Confined.Label = "lxc (complain)" }, "privileged complain", "complain"},
		{"no module", func(i *Isolation) { i.Confined.Module, i.Confined.Label = "none", "" }, "privileged no-module", "no-module"},
		{"SELinux", func(i *Isolation) { i.Confined.Module, i.Confined.Label = "selinux", "unconfined" }, "privileged", ""},
	} {
		for mapped, want := range map[bool]string{false: c.privileged, true: c.mapped} {
			i := kept(mapped)
			c.set(i)
			if got := weak(i); got != want {
				t.Errorf("%s, mapped %v: %q, want %q", c.name, mapped, got, want)
			}
			// The same with all that decides unknown: nothing is marked of the container.
			i.be("user", NotKnown)
			i.UIDs = MappedIDs{}
			if got := weak(i); !mapped && strings.Contains(got, "privileged") || strings.Contains(got, "cap-") || strings.Contains(got, "devices") {
				t.Errorf("%s, mapping unknown: %q", c.name, got)
			}
		}
	}
	if got := weak(&Isolation{InitPID: 7}); got != "" {
		t.Errorf("nothing was read: %q", got)
	}
	i := kept(true)
	i.UIDs.Ranges[0].Outside = 0
	if got := weak(i); got != "root-id" {
		t.Errorf("uid 0 mapped to 0: %q", got)
	}
	for _, set := range []func(*Isolation, []IDRange){func(i *Isolation, r []IDRange) { i.UIDs.Ranges = r }, func(i *Isolation, r []IDRange) { i.GIDs.Ranges = r }} {
		for outside, want := range map[uint64]string{0: "root-id", 1: ""} {
			i = kept(true)
			set(i, []IDRange{{0, 100000, 1000}, {1000, outside, 1}})
			if got := weak(i); got != want {
				t.Errorf("id 1000 mapped to %d: %q, want %q", outside, got, want)
			}
		}
	}
	i = kept(true)
	i.be("user", NotKnown) // the map alone says it
	if i.Mapped() != Yes {
		t.Errorf("mapped: %v", i.Mapped())
	}
	i = kept(false)
	i.be("pid", Yes)
	i.be("net", Yes)
	i.Confined.Seccomp = Of(0)
	if all := i.Weaknesses(); !slices.IsSortedFunc(all, func(a, b Weakness) int { return int(b.Weight) - int(a.Weight) }) {
		t.Errorf("order %+v", all)
	}
}

// TestWantedWeaknesses are those that a configuration asks for.
func TestWantedWeaknesses(t *testing.T) {
	base := []Setting{
		{"lxc.rootfs.path", "dir:/x"}, {"lxc.idmap", "u 0 100000 65536"}, {"lxc.seccomp.profile", "/x"}, {"lxc.apparmor.profile", "generated"}, {"lxc.mount.auto", "proc:mixed sys:mixed"},
	}
	base = slices.Clip(base)
	without := func(keys ...string) []Setting {
		return slices.DeleteFunc(slices.Clone(base), func(s Setting) bool { return slices.Contains(keys, s.Key) })
	}
	const drop = "sys_module sys_rawio dac_read_search mac_admin sys_admin CAP_SYS_TIME"
	privileged := func(more ...Setting) []Setting {
		return append(append(without("lxc.idmap"), Setting{"lxc.cap.drop", drop}), more...)
	}
	for _, c := range []struct {
		settings []Setting
		want     string
	}{
		{base, ""},
		{without("lxc.rootfs.path"), "host-root"},
		{without("lxc.seccomp.profile"), "no-seccomp"},
		{privileged(), "privileged"},
		{append(without("lxc.idmap"), Setting{"lxc.cap.keep", "sys_module"}), "privileged cap-sys_module"},
		{append(without("lxc.idmap"), Setting{"lxc.cap.keep", "none"}), "privileged"},
		{append(without("lxc.idmap"), Setting{CapKeepOrDrop, "sys_module"}), "privileged"},
		{privileged(Setting{"lxc.net.0.type", "none"}), "privileged host-net-admin host-net"},
		{append(base, Setting{"lxc.net.0.type", "none"}, Setting{"lxc.net.1.type", "veth"}), ""},
		{privileged(Setting{"lxc.namespace.keep", "user net ipc"}, Setting{"lxc.cap.drop", "net_admin"}), "privileged host-net host-ipc"},
		{append(base, Setting{"lxc.namespace.keep", "IPC"}, Setting{"lxc.net.0.type", "none"}), "host-ipc"},
		{append(base, Setting{"lxc.namespace.clone", "user mnt pid cgroup"}, Setting{"lxc.namespace.clone", "NET"}), "host-ipc host-uts"},
		{append(base, Setting{"lxc.namespace.clone", "user pid net ipc uts cgroup"}), "host-mounts"},
		{append(base, Setting{"lxc.apparmor.profile", "unconfined"}), "unconfined"},
		{append(base, Setting{"lxc.apparmor.allow_nesting", "1"}), "nesting"},
		{append(base, Setting{"lxc.apparmor.allow_nesting", "1"}, Setting{"lxc.apparmor.profile", "unconfined"}), "unconfined"},
		{append(base, Setting{"lxc.apparmor.allow_nesting", "1"}, Setting{"lxc.apparmor.profile", "mine"}), ""},
		{append(base, Setting{"lxc.idmap", "u 1000 0 1"}), "root-id"},
		{append(base, Setting{"lxc.idmap", "g 1000 0 1"}), "root-id"},
		{append(base, Setting{"lxc.idmap", "g 1000 0"}), ""},
		{privileged(Setting{"lxc.namespace.share.user", "other"}), ""},
		{privileged(Setting{"lxc.namespace.clone", "user pid mnt net ipc uts cgroup time"}), ""},
		{privileged(Setting{"lxc.mount.auto", "proc:rw"}, Setting{"lxc.mount.auto", "sys:rw"}), "privileged proc-writable sys-writable"},
		{append(base, Setting{"lxc.mount.entry", "/run/docker.sock run/docker.sock none bind 0 0"}, Setting{"lxc.mount.entry", "/ mnt none bind,ro 0 0"}), "host-socket host-directory"},
		{append(base, Setting{"lxc.mount.entry", "proc dev/.lxc/proc proc create=dir 0 0"}), "nesting"},
		{append(base, Setting{"lxc.mount.entry", "broken"}), ""},
		{append(base, Setting{"fstab", "/run/docker.sock run/docker.sock none bind 0 0"}, Setting{"fstab", "/ /srv/my\\040root/mnt none bind,ro 0 0"}), "host-socket host-directory"},
		{append(base, Setting{"fstab", "# / mnt none bind 0 0"}, Setting{"fstab", "/srv mnt none bind 0 0"}), ""},
		{nil, "host-root privileged cap-sys_module cap-sys_rawio cap-dac_read_search cap-mac_admin cap-sys_admin no-seccomp cap-sys_time"},
	} {
		i := &Isolation{Config: IsolationConfig{Read: true, Settings: c.settings}}
		i.Config.Settings, i.Config.Fstab = fstabOf(c.settings)
		if got := weak(i); got != c.want {
			t.Errorf("%v: %q, want %q", c.settings, got, c.want)
		}
		for _, w := range i.Weaknesses() {
			if !w.Asked {
				t.Errorf("%+v is marked as what runs", w)
			}
		}
	}
	if got := weak(&Isolation{Config: IsolationConfig{Why: "foreign"}}); got != "" {
		t.Errorf("unread: %q", got)
	}
}

// TestWantedDevices: what a configuration asks for stands where cgroup v2 shows no
// list, as long as it is the one that was started with.
func TestWantedDevices(t *testing.T) {
	rules := func(of ...string) (all []Setting) {
		for _, r := range of {
			key, value, _ := strings.Cut(r, " ")
			all = append(all, Setting{key, value})
		}
		return all
	}
	const v2 = "lxc.cgroup2.devices"
	for _, c := range []struct {
		key  string
		all  []Setting
		want Answer
	}{
		{v2, nil, Yes},
		{"", nil, NotKnown},
		{v2, rules(v2 + ".deny a"), No},
		{v2, rules(v2+".deny a", v2+".allow c 1:3 rwm"), No},
		{v2, rules(v2+".deny a", v2+".allow a *:* rwm"), Yes},
		{v2, rules(v2+".allow a", v2+".deny a"), No},
		{v2, rules(v2 + ".allow c 1:3 rwm"), NotKnown},
		{v2, rules(v2+".allow a", v2+".deny b 8:0 rwm"), NotKnown},
		{v2, rules("lxc.cgroup.devices.deny a"), Yes},
		{"lxc.cgroup.devices", rules("lxc.cgroup.devices.deny a"), No},
		{"lxc.cgroup.devices", rules(v2 + ".deny a"), Yes},
	} {
		i := kept(false)
		i.InitPID, i.Config = 0, IsolationConfig{Read: true, DevicesKey: c.key, Settings: c.all}
		if got := i.Config.wantedDevices(); got != c.want || strings.Contains(weak(i), "all-devices") != (c.want == Yes) {
			t.Errorf("%s %v: %v, %s", c.key, c.all, got, weak(i))
		}
		for _, changed := range []time.Time{{}, time.Unix(1, 0)} {
			i := kept(false)
			i.Devices = DeviceRules{Why: "no list"}
			i.Config = IsolationConfig{Read: true, DevicesKey: c.key, Settings: c.all, Changed: changed}
			var asked []bool
			for _, w := range i.Weaknesses() {
				if w.ID == "all-devices" {
					asked = append(asked, w.Asked)
				}
			}
			want := c.want == Yes && c.key == v2 && changed.IsZero()
			if want != slices.Equal(asked, []bool{true}) || !want && asked != nil {
				t.Errorf("running, %s %v, changed %v: %v", c.key, c.all, changed, asked)
			}
		}
	}
}

// TestCapabilityAdvice: liblxc refuses a configuration that keeps and drops.
func TestCapabilityAdvice(t *testing.T) {
	for key, want := range map[string]string{"lxc.cap.drop": "lxc.cap.drop = sys_module|", "lxc.cap.keep": "|take sys_module out of lxc.cap.keep"} {
		i := kept(false)
		i.Caps.Bounding = Of(1 << 16)
		i.Config = IsolationConfig{Read: true, Settings: []Setting{{key, "chown"}}}
		for _, w := range i.Weaknesses() {
			if got := w.Set + "|" + w.Do; w.ID == "cap-sys_module" && got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
	}
}

func TestCapabilityNames(t *testing.T) {
	if got := strings.Join(CapabilityNames(1|1<<40|1<<41|1<<63), " "); got != "chown checkpoint_restore cap_41 cap_63" {
		t.Error(got)
	}
	for _, c := range []struct {
		bounding, last Value
		want           uint64
		ok             bool
	}{{Of(0b101), Of(3), 0b1010, true}, {Of(0), Of(63), 1<<64 - 1, true}, {Value{}, Of(40), 0, false}, {Of(1), Value{}, 0, false}, {Of(1), Of(64), 0, false}} {
		k := Capabilities{Bounding: c.bounding, Last: c.last}
		if got, ok := k.Dropped(); got != c.want || ok != c.ok {
			t.Errorf("%+v: %b %v", c, got, ok)
		}
	}
}

// fstabOf takes the entries of an fstab out of settings.
func fstabOf(all []Setting) (settings []Setting, fstab []string) {
	for _, s := range all {
		if s.Key == "fstab" {
			fstab = append(fstab, s.Value)
			continue
		}
		settings = append(settings, s)
	}
	return settings, fstab
}

// TestMountsThatAreAskedFor: an entry is read as liblxc reads it, and what to do
// names the place where it stands.
func TestMountsThatAreAskedFor(t *testing.T) {
	const tab = "/etc/lxc/my.fstab"
	c := IsolationConfig{Read: true, Settings: []Setting{{"lxc.rootfs.path", "dir:/srv/my root"}, {"lxc.mount.fstab", tab}, {"lxc.mount.entry", "/dev dev none bind,ro 0 0"}},
		Fstab: []string{`/ /srv/my\040root/mnt\134x none bind 0 0`, `/etc /srv/my\040rooted none bind 0 0`, `/run\09 a none bind 0 0`}}
	i := &Isolation{Config: c}
	var got []string
	for _, w := range i.Weaknesses() {
		if w.ID == "host-directory" {
			got = append(got, w.What+": "+w.Do)
		}
	}
	want := []string{`the host's / at /mnt\x: take it out of ` + tab, `the host's /etc at /srv/my rooted: take it out of ` + tab, "the host's /dev at /dev: take it out of lxc.mount.entry"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAskedAgainstShown: what to do about a namespace fits how it came to be the
// host's.
func TestAskedAgainstShown(t *testing.T) {
	for key, want := range map[string]string{"lxc.namespace.keep": "take ipc out of lxc.namespace.keep", "lxc.namespace.clone": "put ipc into lxc.namespace.clone, or take that out", "lxc.namespace.share.ipc": "take lxc.namespace.share.ipc out"} {
		i := &Isolation{InitPID: 1, Namespaces: []Namespace{{Kind: "ipc", ID: 1, Host: Yes}}, Config: IsolationConfig{Read: true, Settings: []Setting{{key, "pid"}}}}
		for _, w := range i.Weaknesses() {
			if w.ID == "host-ipc" && w.Do != want {
				t.Errorf("%s: %s", key, w.Do)
			}
		}
		asked := map[string]Answer{"lxc.namespace.keep": No, "lxc.namespace.clone": Yes}[key]
		if got := i.AskedHost("ipc"); got != asked {
			t.Errorf("%s: asked %v", key, got)
		}
	}
	if got := (&Isolation{}).AskedHost("pid"); got != NotKnown {
		t.Errorf("of a configuration that was not read: %v", got)
	}
}
