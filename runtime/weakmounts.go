package runtime

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// MaxFstab is how many entries of an fstab are told.
const MaxFstab = 256

// wantedMount is a mount that a configuration asks for.
type wantedMount struct {
	Mount
	in string // where it stands: a key, or the file that lxc.mount.fstab names
}

// mountKey is the key of single mounts.
const mountKey = "lxc.mount.entry"

// asked are the mounts of the file that lxc.mount.fstab names and of
// lxc.mount.entry, in that order, as liblxc makes them. What is no entry is left
// out, as liblxc does.
func (c *IsolationConfig) asked() []wantedMount {
	var all []wantedMount
	for _, from := range []struct {
		in      string
		entries []string
	}{{c.last("lxc.mount.fstab"), c.Fstab}, {mountKey, c.Values(mountKey)}} {
		for _, entry := range from.entries {
			if m, ok := c.mountEntry(entry); ok {
				all = append(all, wantedMount{m, from.in})
			}
		}
	}
	return all
}

// mountEntry reads an entry as getmntent(3) does, with blanks as octal numbers.
func (c *IsolationConfig) mountEntry(entry string) (Mount, bool) {
	f := strings.Fields(entry)
	if len(f) < 4 || strings.HasPrefix(f[0], "#") {
		return Mount{}, false
	}
	for n := range f[:4] {
		f[n] = mountWord(f[n])
	}
	return Mount{Source: f[0], Dir: c.inside(f[1]), FS: f[2], ReadOnly: slices.Contains(strings.Split(f[3], ","), "ro")}, true
}

// inside is where a mount is for the container: a directory without a slash before
// it is below its root, and so is one that begins with the root itself.
func (c *IsolationConfig) inside(dir string) string {
	root := c.last("lxc.rootfs.path")
	if at := strings.Index(root, ":/"); at >= 0 { // behind the kind of store
		root = root[at+1:]
	}
	dir = path.Join("/", dir)
	if root = path.Clean(root); root != "/" && root != "." {
		if rest, below := strings.CutPrefix(dir, root); below && (rest == "" || rest[0] == '/') {
			return path.Join("/", rest)
		}
	}
	return dir
}

// mountWord takes back what stands for blanks and backslashes.
func mountWord(w string) string {
	if !strings.Contains(w, `\`) {
		return w
	}
	var out strings.Builder
	for len(w) > 0 {
		if w[0] == '\\' && len(w) >= 4 {
			if n, err := strconv.ParseUint(w[1:4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				w = w[4:]
				continue
			}
		}
		out.WriteByte(w[0])
		w = w[1:]
	}
	return out.String()
}

// wantedMounts are what lxc.mount.auto, lxc.mount.fstab and lxc.mount.entry ask for.
func (c *IsolationConfig) wantedMounts(w *Isolation) {
	for _, word := range strings.Fields(strings.Join(c.Values("lxc.mount.auto"), " ")) {
		switch word {
		case "proc:rw":
			w.Mounts.ProcSys = Yes
		case "sys:rw":
			w.Mounts.Sys = Yes
		}
	}
	for _, asked := range c.asked() {
		m := asked.Mount
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
}

// mountedBy says where the entry stands that mounts something at a directory
// inside; where none is known it is the key of single mounts.
func (c *IsolationConfig) mountedBy(dir string) string {
	for _, m := range c.asked() {
		if m.Dir == dir && m.in != "" {
			return m.in
		}
	}
	return mountKey
}
