package runtime

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// HostDirectories are directories of the host that no container should have.
func HostDirectories() []string {
	return []string{"/", "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/var", "/var/lib", "/var/lib/lxc"}
}

// ControlSocket says whether a file of this name is, by custom, the socket of a
// manager of containers or virtual machines. lxd and incus have a unix.socket.
func ControlSocket(name string) bool {
	return slices.Contains([]string{"docker.sock", "containerd.sock", "podman.sock", "crio.sock", "unix.socket", "libvirt-sock"}, path.Base(name))
}

// wanted is the isolation that a configuration asks for, as far as it decides
// that: what is left to liblxc and the host stays unknown.
func (c *IsolationConfig) wanted() *Isolation {
	w := &Isolation{}
	if !c.Read {
		return w
	}
	w.Config = *c
	for _, kind := range NamespaceKinds() {
		w.Namespaces = append(w.Namespaces, Namespace{Kind: kind, Host: c.wantedHost(kind)})
	}
	w.UIDs, w.GIDs = c.wantedIDs("u"), c.wantedIDs("g")
	w.Root.Host = AnswerOf(len(c.Values("lxc.rootfs.path")) == 0)
	if len(c.Values(CapKeepOrDrop)) == 0 {
		w.Caps.Bounding = Of(c.wantedCaps())
	}
	if v := c.Values("lxc.seccomp.profile"); len(v) == 0 {
		w.Confined.Seccomp = Of(0)
	}
	if v := c.last("lxc.apparmor.profile"); v != "" {
		w.Confined.Module, w.Confined.Label = "apparmor", v
	}
	c.wantedMounts(w)
	w.Devices.All = c.wantedDevices()
	return w
}

// wantedHost says whether the host's namespace of a kind is asked for, by the rules
// of liblxc (resolve_clone_flags of start.c): lxc.namespace.keep names all that are
// the host's, lxc.namespace.clone all that are its own, and only one of the two may
// be set. Without them an id map makes one for users, and all others are its own
// but the network of an interface of type none. Whether there are any of cgroups
// and time then depends on the kernel.
func (c *IsolationConfig) wantedHost(kind string) Answer {
	keep, clone := c.words("lxc.namespace.keep"), c.words("lxc.namespace.clone")
	switch {
	case c.last("lxc.namespace.share."+kind) != "": // another's, and whose that is only liblxc knows
		return NotKnown
	case len(keep) > 0:
		return AnswerOf(slices.Contains(keep, kind))
	case len(clone) > 0:
		return AnswerOf(!slices.Contains(clone, kind))
	case kind == "user":
		return AnswerOf(len(c.Values("lxc.idmap")) == 0)
	case kind == "net" && c.More: // interfaces may be among what was not read
		return NotKnown
	case kind == "net":
		return AnswerOf(c.hostNet())
	case kind == "cgroup" || kind == "time":
		return NotKnown
	}
	return No
}

// words are those of a key's values, in lower case.
func (c *IsolationConfig) words(key string) []string {
	return strings.Fields(strings.ToLower(strings.Join(c.Values(key), " ")))
}

// AskedHost says whether the configuration asks for the host's namespace of a kind
// now, which what runs need not have. It is known where the configuration was read.
func (i *Isolation) AskedHost(kind string) Answer {
	if !i.Config.Read {
		return NotKnown
	}
	return i.Config.wantedHost(kind)
}

// wantedDevices says whether all devices are asked for: by a rule on all of them
// that nothing takes back, or by having no rule. Of others it is not known what
// they add up to.
func (c *IsolationConfig) wantedDevices() Answer {
	if !c.Read || c.More || c.DevicesKey == "" {
		return NotKnown
	}
	all := Yes
	for _, s := range c.Settings {
		rule, ours := strings.CutPrefix(s.Key, c.DevicesKey+".")
		if !ours {
			continue
		}
		wide := strings.HasPrefix(strings.TrimSpace(s.Value), "a")
		switch {
		case rule == "allow" && wide:
			all = Yes
		case rule == "deny" && wide:
			all = No
		case all == Yes:
			all = NotKnown
		}
	}
	return all
}

// wantedIDs are the ranges of lxc.idmap of one kind, "u" or "g".
func (c *IsolationConfig) wantedIDs(kind string) (m MappedIDs) {
	for _, v := range c.Values("lxc.idmap") {
		f := strings.Fields(v)
		if len(f) != 4 || f[0] != kind {
			continue
		}
		inside, err1 := strconv.ParseUint(f[1], 10, 32)
		outside, err2 := strconv.ParseUint(f[2], 10, 32)
		count, err3 := strconv.ParseUint(f[3], 10, 32)
		if err1 == nil && err2 == nil && err3 == nil {
			m.Ranges = append(m.Ranges, IDRange{inside, outside, count})
		}
	}
	return m
}

// hostNet: an interface of the type none and no other (lxc.container.conf(5)).
func (c *IsolationConfig) hostNet() bool {
	none := false
	for _, s := range c.Settings {
		if strings.HasPrefix(s.Key, "lxc.net.") && strings.HasSuffix(s.Key, ".type") {
			if s.Value != "none" {
				return false
			}
			none = true
		}
	}
	return none
}

// wantedCaps are those that lxc.cap.keep names, else all but those of
// lxc.cap.drop. "none" keeps none.
func (c *IsolationConfig) wantedCaps() uint64 {
	set := func(key string) (set uint64) {
		for _, name := range strings.Fields(strings.ToLower(strings.Join(c.Values(key), " "))) {
			if n := slices.Index(capabilityNames[:], strings.TrimPrefix(name, "cap_")); n >= 0 {
				set |= 1 << n
			}
		}
		return set
	}
	if len(c.Values("lxc.cap.keep")) > 0 {
		return set("lxc.cap.keep")
	}
	return (1<<len(capabilityNames) - 1) &^ set("lxc.cap.drop")
}
