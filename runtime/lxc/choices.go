package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	sysNet = "/sys/class/net"
	// askTime is how long a program may take to say whether something is there.
	askTime = 10 * time.Second
)

// Choices says what a new container can be made of on this host. It runs zfs,
// vgs and the like, where they are installed, and so takes a moment.
func (a *Adapter) Choices(ctx context.Context) (runtime.Choices, error) {
	type answer struct {
		c   runtime.Choices
		err error
	}
	got := make(chan answer, 1)
	runtime.Spawn("choices", func(err error) { got <- answer{err: err} }, func() {
		var c runtime.Choices
		var err error
		c.Templates, err = templates(templateDirs(), helperPath)
		c.Bridges = bridges(sysNet)
		c.Default = defaultNet(defaultConfig(), sysNet)
		c.Backings, c.BackingOut = backings(a.about.Paths[0], runtime.Backing{})
		c.IDMaps, c.IDMapsWhy = ownIDMaps()
		c.MustMap = os.Geteuid() != 0
		got <- answer{c, err}
	})
	select {
	case g := <-got:
		return g.c, fail("choices", runtime.Ref{}, g.err)
	case <-ctx.Done():
		return runtime.Choices{}, fail("choices", runtime.Ref{}, ended(ctx))
	}
}

// templates are the scripts in LXC's template directories that lxc-create would
// run: executable files whose names begin with lxc-.
func templates(dirs []string, path string) ([]runtime.Template, error) {
	var out []runtime.Template
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return out, fmt.Errorf("templates: %w", fileErr(err))
		}
		for _, e := range entries {
			name, ok := strings.CutPrefix(e.Name(), templatePrefix)
			file := filepath.Join(dir, e.Name())
			info, err := os.Stat(file)
			if !ok || name == "" || err != nil || !info.Mode().IsRegular() || unix.Access(file, unix.X_OK) != nil {
				continue
			}
			if slices.ContainsFunc(out, func(t runtime.Template) bool { return t.Name == name }) {
				continue // findTemplate takes the first, too
			}
			out = append(out, runtime.Template{Name: name, Path: file, Missing: templateMissing(name, file, path)})
		}
	}
	slices.SortFunc(out, func(x, y runtime.Template) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}

// templateMissing says which of the programs that a template of LXC's needs are
// not installed; "" = none is known to be.
func templateMissing(name, script, path string) string {
	var missing []string
	for _, need := range templateNeeds(name, script) {
		names := strings.Split(need, "|")
		if !slices.ContainsFunc(names, func(p string) bool { return findProgram(p, path) != "" }) {
			missing = append(missing, strings.Join(names, " or "))
		}
	}
	switch n := len(missing); n {
	case 0:
		return ""
	case 1:
		return missing[0] + " is not installed"
	default:
		return strings.Join(missing[:n-1], ", ") + " and " + missing[n-1] + " are not installed"
	}
}

// templateNeeds are the programs that a template runs; a|b stands for one of both.
func templateNeeds(name, script string) []string {
	switch name {
	case "oci":
		return []string{"skopeo", "umoci", "jq"}
	case "busybox":
		return []string{"busybox"}
	case "local":
		return []string{"tar", "xz"}
	case "debian", "ubuntu", "kali", "devuan":
		return []string{"debootstrap"}
	case "ubuntu-cloud":
		return []string{"wget", "ubuntu-cloudimg-query"}
	case "fedora", "centos", "oracle", "rhel":
		return []string{"dnf|yum", "rpm"}
	case "opensuse":
		return []string{"zypper"}
	case "archlinux":
		return []string{"pacstrap"}
	case "download":
		needs := []string{"tar", "xz"}
		// Which programs fetch and check has changed over the versions: the script tells.
		text, err := os.ReadFile(script)
		switch {
		case err != nil || !strings.Contains(string(text), "curl"):
			needs = append(needs, "wget")
		default:
			needs = append(needs, "wget|curl")
		}
		if strings.Contains(string(text), "gpg ") {
			needs = append(needs, "gpg")
		}
		return needs
	default:
		return nil
	}
}

// findProgram looks a program up in a path list; "" = it is not there.
func findProgram(name, path string) string {
	for dir := range strings.SplitSeq(path, ":") {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil {
			return file
		}
	}
	return ""
}

// ask runs a program for its exit status, with a deadline.
func ask(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	_, err := execute(ctx, "", name, args...)
	return err
}

// runTool lets a program do something for a journal, for as long as that takes. Who
// ends the helper does not end it: see mustEnd.
func runTool(id, name string, args ...string) error {
	_, err := execute(context.Background(), id, name, args...)
	return err
}

// execute gives what a program prints. Its own words are in the error. It works for
// a journal if there is an id.
func execute(ctx context.Context, id, name string, args ...string) (string, error) {
	file := findProgram(name, helperPath)
	if file == "" {
		return "", fmt.Errorf("the program %s is not installed: %w", name, exec.ErrNotFound)
	}
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env = []string{"PATH=" + helperPath, "LC_ALL=C", "LVM_SUPPRESS_FD_WARNINGS=1"}
	if id != "" {
		cmd.Env = append(cmd.Env, markKey+"="+id)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // out of what ends with the helper
	}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	var words strings.Builder
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(words.String()))
	}
	return string(out), nil
}

// bridges are the host's interfaces that are bridges (sysfs-class-net).
func bridges(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if exists(filepath.Join(dir, e.Name(), "bridge")) {
			out = append(out, e.Name())
		}
	}
	return out
}

// defaultNet is what a default config says of the first network. One that
// others could have written says nothing here: it is not loaded either.
func defaultNet(config, net string) runtime.DefaultNet {
	var d runtime.DefaultNet
	if config == "" {
		return d
	}
	lines, err := configLines(config)
	if err != nil {
		return d
	}
	for _, l := range lines {
		switch {
		case l.key == "lxc.net" && l.value == "":
			d = runtime.DefaultNet{}
		case l.key == "lxc.net.0.type":
			d.Type = l.value
		case l.key == "lxc.net.0.link":
			d.Link = l.value
		}
	}
	if d.Link == "" || d.Type == "empty" || d.Type == "none" || exists(filepath.Join(net, d.Link)) {
		return d
	}
	d.Missing = true
	d.Fix = netFix(d.Link)
	return d
}

// netFix offers to enable lxc-net, where that would make the bridge.
func netFix(link string) *runtime.Fix {
	n := newNetService()
	if bridge, _ := n.bridge(); bridge != link {
		return nil
	}
	return n.fix()
}

// ownIDMaps are the id maps that this user may use: the ranges of subuid(5) and
// subgid(5), one after the other inside; none, and why.
func ownIDMaps() ([]runtime.IDMap, string) {
	t := ownTrust()
	name := strconv.Itoa(int(t.uid))
	if u, err := osuser.LookupId(name); err == nil {
		name = u.Username
	}
	return idMapsOf(name, subIDs("/etc/subuid", name, t.uid), subIDs("/etc/subgid", name, t.uid), t.uid)
}

func idMapsOf(name string, uids, gids []span, uid uint32) ([]runtime.IDMap, string) {
	switch {
	case len(uids) == 0:
		return nil, "/etc/subuid has no line for " + name
	case len(gids) == 0:
		return nil, "/etc/subgid has no line for " + name
	case uid != 0 && findProgram("newuidmap", helperPath) == "":
		return nil, "newuidmap is not installed (package uidmap)"
	}
	var out []runtime.IDMap
	for _, kind := range []struct {
		group bool
		spans []span
	}{{false, uids}, {true, gids}} {
		inner := uint64(0)
		for _, s := range kind.spans {
			if s.count == 0 {
				continue
			}
			out = append(out, runtime.IDMap{Group: kind.group, Inner: inner, Host: s.first, Count: s.count})
			inner += s.count
		}
	}
	return out, ""
}

// backings are the backing stores that a new container in an lxcpath can have,
// the default first, and why it cannot have the others.
// of tells which data set, volume group or pool it is to be, if not LXC's default.
func backings(lxcpath string, of runtime.Backing) (usable []string, out map[string]string) {
	orGlobal(&of.ZFSRoot, "lxc.bdev.zfs.root")
	orGlobal(&of.VG, "lxc.bdev.lvm.vg")
	orGlobal(&of.RBDPool, "lxc.bdev.rbd.rbdpool")
	usable, out = []string{"dir"}, map[string]string{"overlay": "only a clone can be an overlay"}
	for _, b := range []struct {
		name string
		root bool // root alone can use it (create_run_template in lxccontainer.c)
		why  func() string
	}{
		{"btrfs", false, func() string {
			if !onBtrfs(lxcpath) {
				return lxcpath + " is not on btrfs"
			}
			return ""
		}},
		{"zfs", true, func() string { return whyNot("zfs", of.ZFSRoot, "data set", "list", "-H") }},
		{"lvm", true, func() string { return whyNot("vgs", of.VG, "volume group") }},
		{"loop", true, func() string {
			switch {
			case !exists("/dev/loop-control"):
				return "there is no /dev/loop-control"
			case findProgram("mkfs.ext4", helperPath) == "":
				return "mkfs.ext4 is not installed"
			}
			return ""
		}},
		{"rbd", true, func() string { return whyNot("rbd", of.RBDPool, "pool", "ls") }},
	} {
		if b.root && os.Geteuid() != 0 {
			out[b.name] = "only root can use it"
		} else if why := b.why(); why != "" {
			out[b.name] = why
		} else {
			usable = append(usable, b.name)
		}
	}
	return usable, out
}

// whyNot says why a store that a program manages cannot be used.
func whyNot(program, name, what string, args ...string) string {
	if findProgram(program, helperPath) == "" {
		return "the program " + program + " is not installed"
	}
	if ask(program, append(args, name)...) != nil {
		return "there is no " + what + " " + name
	}
	return ""
}

// onBtrfs looks at the file system of a path, or of what is above it.
func onBtrfs(path string) bool {
	for {
		var st unix.Statfs_t
		err := unix.Statfs(path, &st)
		if err == nil {
			return st.Type == unix.BTRFS_SUPER_MAGIC
		}
		if !errors.Is(err, unix.ENOENT) || path == "/" {
			return false
		}
		path = filepath.Dir(path)
	}
}
