package runtime

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// CreateArgs say what a new container is made of.
type CreateArgs struct {
	Template string   // as lxc-create -t: a name such as "busybox", or the absolute path of a script
	Args     []string // the template's own, as behind the -- of lxc-create
	Config   string   // file the new config begins with, instead of LXC's default.conf; "" = that
	Backing  Backing  // where its root lies; the zero value = a directory
	Network  Network  // the zero value = what the default config says
	Limits   Limits   // the zero value = none
	Auto     *AutostartArgs
	IDMap    []IDMap // lxc.idmap, for an unprivileged container; nil = as the config says
	Start    bool    // started at once
}

// Backing is a backing store (lxc-create(1), -B) and what it needs.
type Backing struct {
	Type     string // "", "dir", "btrfs", "zfs", "lvm", "loop", "rbd", "best"
	Dir      string // dir: where the root lies; "" = in the container's directory
	FSType   string // lvm, loop, rbd: the file system made on it; "" = liblxc's default
	Size     uint64 // lvm, loop, rbd: bytes; 0 = liblxc's default
	ZFSRoot  string // zfs: the parent of the data set; "" = lxc.bdev.zfs.root
	VG       string // lvm: the volume group; "" = lxc.bdev.lvm.vg
	LV       string // lvm: the volume; "" = the container's name
	ThinPool string // lvm; "" = lxc.bdev.lvm.thin_pool
	RBDPool  string // rbd; "" = lxc.bdev.rbd.rbdpool
	RBDName  string // rbd; "" = the container's name
}

// NetworkKind says which network a new container gets.
type NetworkKind uint8

// The kinds.
const (
	DefaultNetwork NetworkKind = iota // what the default config says
	NoNetwork                         // a loopback of its own: lxc.net.0.type = empty
	BridgeNetwork                     // a veth on a bridge of the host
)

// Network is the network of a new container.
type Network struct {
	Kind   NetworkKind
	Bridge string // BridgeNetwork: its interface name
}

// check refuses what can be no interface (dev_valid_name of net/core/dev.c).
func (n Network) check() error {
	if n.Kind == BridgeNetwork && (n.Bridge == "" || len(n.Bridge) > 15 || strings.ContainsAny(n.Bridge, "/ \t\n\r\x00")) {
		return fmt.Errorf("%w: bridge %q is no interface name", ErrInvalid, n.Bridge)
	}
	return nil
}

// Limits are those of a new container, under the names of this host's cgroup version.
type Limits struct {
	Memory uint64  // bytes; 0 = none
	CPUs   float64 // cores, as a quota; 0 = none
	PIDs   uint64  // 0 = none
}

func (l Limits) check() error {
	if l.CPUs < 0 || l.CPUs > 1<<16 || math.IsNaN(l.CPUs) {
		return fmt.Errorf("%w: %v cores", ErrInvalid, l.CPUs)
	}
	return nil
}

// IDMap is one line of lxc.idmap: ids inside, the host's, how many.
type IDMap struct {
	Group bool // gids; else uids
	Inner uint64
	Host  uint64
	Count uint64
}

// String is the value of lxc.idmap.
func (m IDMap) String() string {
	kind := "u"
	if m.Group {
		kind = "g"
	}
	return fmt.Sprintf("%s %d %d %d", kind, m.Inner, m.Host, m.Count)
}

// Check refuses what cannot be a template, a path or an interface.
func (a *CreateArgs) Check() error {
	switch {
	case a.Template == "" || a.Template == "none" || a.Template == "no":
		return fmt.Errorf("%w: no template is named: without one the container would be empty", ErrInvalid)
	case strings.Contains(a.Template, "/") && !filepath.IsAbs(a.Template), strings.ContainsAny(a.Template, "\x00\n"):
		return fmt.Errorf("%w: template %q is neither a name nor an absolute path", ErrInvalid, a.Template)
	case a.Config != "" && !filepath.IsAbs(a.Config):
		return fmt.Errorf("%w: config %q is not an absolute path", ErrInvalid, a.Config)
	case a.Backing.Dir != "" && !filepath.IsAbs(a.Backing.Dir):
		return fmt.Errorf("%w: directory %q is not an absolute path", ErrInvalid, a.Backing.Dir)
	}
	for _, err := range []error{a.Network.check(), a.Limits.check(), checkIDMap(a.IDMap)} {
		if err != nil {
			return err
		}
	}
	if a.Auto != nil {
		return a.Auto.Check()
	}
	return nil
}

func checkIDMap(maps []IDMap) error {
	for _, m := range maps {
		if m.Count == 0 || m.Inner+m.Count > 1<<32 || m.Host+m.Count > 1<<32 {
			return fmt.Errorf("%w: id map %s", ErrInvalid, m)
		}
	}
	return nil
}

// LXCCommand is the equal lxc-create. Network, limits, autostart and id map are
// lines of a config file there, which stands as CONFIG.
func (a *CreateArgs) LXCCommand(_ Op, r Ref) string {
	cmd := tool("lxc-create", r) + " -t " + ShellQuote(a.Template)
	config := a.Config
	if a.Network.Kind != DefaultNetwork || a.Limits != (Limits{}) || a.Auto != nil || len(a.IDMap) > 0 {
		config = "CONFIG"
	}
	if config != "" {
		cmd += " -f " + ShellQuote(config)
	}
	size := ""
	if a.Backing.Size > 0 {
		size = strconv.FormatUint(a.Backing.Size, 10) + "b"
	}
	for _, f := range [][2]string{
		{"-B", a.Backing.Type}, {"--dir", a.Backing.Dir}, {"--zfsroot", a.Backing.ZFSRoot}, {"--vgname", a.Backing.VG},
		{"--lvname", a.Backing.LV}, {"--thinpool", a.Backing.ThinPool}, {"--rbdpool", a.Backing.RBDPool}, {"--rbdname", a.Backing.RBDName},
		{"--fstype", a.Backing.FSType}, {"--fssize", size},
	} {
		if f[1] != "" {
			cmd += " " + f[0] + " " + ShellQuote(f[1])
		}
	}
	if len(a.Args) > 0 {
		cmd += " --" + quoted(a.Args)
	}
	if a.Start {
		cmd += " && " + Start.LXCCommand(r)
	}
	return cmd
}
