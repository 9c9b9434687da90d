package runtime

import (
	"path"
	"slices"
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
	if c.Why != "" || len(c.Settings) == 0 {
		return w
	}
	kept := strings.Fields(strings.Join(c.Values("lxc.namespace.keep"), " "))
	for _, kind := range NamespaceKinds() {
		n := Namespace{Kind: kind}
		switch {
		case kind == "user":
			n.Host = AnswerOf(len(c.Values("lxc.idmap")) == 0)
		case kind == "net" && c.hostNet(), slices.Contains(kept, kind):
			n.Host = Yes
		}
		w.Namespaces = append(w.Namespaces, n)
	}
	w.Root.Host = AnswerOf(len(c.Values("lxc.rootfs.path")) == 0)
	if len(c.Values(CapKeepOrDrop)) == 0 {
		w.Caps.Bounding = Of(c.wantedCaps())
	}
	if v := c.Values("lxc.seccomp.profile"); len(v) == 0 {
		w.Confined.Seccomp = Of(0)
	}
	if v := c.Values("lxc.apparmor.profile"); len(v) > 0 {
		w.Confined.Module, w.Confined.Label = "apparmor", v[len(v)-1]
	}
	c.wantedMounts(w)
	return w
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

// wantedMounts are what lxc.mount.auto and lxc.mount.entry ask for.
func (c *IsolationConfig) wantedMounts(w *Isolation) {
	for _, word := range strings.Fields(strings.Join(c.Values("lxc.mount.auto"), " ")) {
		switch word {
		case "proc:rw":
			w.Mounts.ProcSys = Yes
		case "sys:rw":
			w.Mounts.Sys = Yes
		}
	}
	for _, entry := range c.Values("lxc.mount.entry") {
		f := strings.Fields(entry)
		if len(f) < 4 {
			continue
		}
		m := Mount{Source: f[0], Dir: path.Join("/", f[1]), FS: f[2], ReadOnly: slices.Contains(strings.Split(f[3], ","), "ro")}
		switch {
		case m.FS == "proc" || m.FS == "sysfs":
			w.Mounts.Kernel = append(w.Mounts.Kernel, m)
		case ControlSocket(m.Source):
			m.Is, m.Socket = path.Base(m.Source), true
			w.Mounts.Host = append(w.Mounts.Host, m)
		case slices.Contains(HostDirectories(), path.Clean(m.Source)):
			m.Is = path.Clean(m.Source)
			w.Mounts.Host = append(w.Mounts.Host, m)
		}
	}
	if slices.Contains(c.Values("lxc.apparmor.allow_nesting"), "1") {
		w.Confined.Module, w.Confined.Label = "apparmor", "generated, with-nesting (lxc.apparmor.allow_nesting)"
	}
}
