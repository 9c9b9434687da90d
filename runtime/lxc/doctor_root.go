package lxc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// rootPaths are the directories and devices that lxc.rootfs.path names, those
// of an overlay the upper first, which is how the container sees them.
func (p *patient) rootPaths() []string {
	var out []string
	for _, v := range p.values("lxc.rootfs.path") {
		paths := roots([]string{v})
		if strings.HasPrefix(v, "overlay:") || strings.HasPrefix(v, "overlayfs:") {
			slices.Reverse(paths)
		}
		out = append(out, paths...)
	}
	return out
}

// closedDir is a directory that the container's root may not pass through.
type closedDir struct {
	path string
	mode uint32
}

// closed finds the first directory on the way to a path that the container's
// mapped root may not pass. One with an access control list is believed to let it.
func closed(path string, uid, gid uint32) *closedDir {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	at := "/"
	for part := range strings.SplitSeq(real, "/") {
		at = filepath.Join(at, part)
		var st unix.Stat_t
		if unix.Stat(at, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return nil
		}
		bit := uint32(0o001)
		switch {
		case st.Uid == uid:
			bit = 0o100
		case st.Gid == gid:
			bit = 0o010
		}
		if st.Mode&bit != 0 {
			continue
		}
		if _, err := unix.Lgetxattr(at, "system.posix_acl_access", nil); err == nil {
			continue
		}
		return &closedDir{at, st.Mode & 0o7777}
	}
	return nil
}

// mappedRoot is the host's user and group of the container's root; ok is false
// for a privileged container.
func (p *patient) mappedRoot() (uid, gid uint32, ok bool) {
	all := p.idMap()
	uid, ok = mappedID(all, false, 0)
	gid, okGroup := mappedID(all, true, 0)
	return uid, gid, ok && okGroup
}

// closedPath is for a root file system that an unprivileged container's root
// cannot get at.
func (p *patient) closedPath() *runtime.Diagnosis {
	if !p.said("Permission denied") {
		return nil
	}
	uid, gid, mapped := p.mappedRoot()
	if !mapped {
		return p.ownRoot()
	}
	who := "the container's root (uid " + strconv.Itoa(int(uid)) + " of the host)"
	for _, root := range p.rootPaths() {
		if c := closed(root, uid, gid); c != nil {
			p.saw("%s has mode %04o, and is on the way to %s", c.path, c.mode, root)
			d := found("On the way to its root file system "+who+" may not pass through "+c.path+".",
				"Let it pass: chmod o+x "+runtime.ShellQuote(c.path)+" lets everybody, setfacl -m u:"+strconv.Itoa(int(uid))+":x only it.")
			d.Fix = p.chmodFix(c.path)
			return d
		}
		var st unix.Stat_t
		if unix.Stat(root, &st) != nil {
			continue
		}
		if _, ok := innerID(p.idMap(), st.Uid); !ok {
			p.saw("%s belongs to uid %d, which lxc.idmap does not map", root, st.Uid)
			return found("Its root file system belongs to uid "+strconv.Itoa(int(st.Uid))+", which does not exist in the container: "+who+" may not write there.",
				"Shift its owners into the map, or let the kernel do it: lxc.rootfs.options = idmap=container (kernel 5.12 and later, on file systems that can).")
		}
	}
	return nil
}

func innerID(all []idRange, host uint32) (uint64, bool) {
	for _, r := range all {
		if h := uint64(host); !r.group && h >= r.host && h-r.host < r.count {
			return r.inner + h - r.host, true
		}
	}
	return 0, false
}

// ownRoot is for a root file system that this user cannot use, without an id map.
func (p *patient) ownRoot() *runtime.Diagnosis {
	if p.uid == 0 {
		return nil
	}
	for _, root := range p.rootPaths() {
		var st unix.Stat_t
		if c := closed(root, uint32(p.uid), uint32(os.Getegid())); c != nil {
			p.saw("%s has mode %04o", c.path, c.mode)
			return found("On the way to its root file system uid "+strconv.Itoa(p.uid)+" may not pass through "+c.path+".", "Ask whoever owns it, or keep the container elsewhere.")
		}
		if unix.Stat(root, &st) == nil && int(st.Uid) != p.uid {
			p.saw("%s belongs to uid %d", root, st.Uid)
			return found("Its root file system belongs to uid "+strconv.Itoa(int(st.Uid))+", and its config has no lxc.idmap: uid "+strconv.Itoa(p.uid)+" may not use it.",
				"A user's container needs lxc.idmap and a root file system of those ids: create it as this user.")
		}
	}
	return nil
}

// noRoot is for a root file system that is not there.
func (p *patient) noRoot() *runtime.Diagnosis {
	if !p.said("rootfs") && !p.said("Failed to open \"") {
		return nil
	}
	// lxc_storage_prepare of conf.c, of liblxc's own place for mounting it.
	if mount := quotedAfter(p.line("Failed to access to "), "Failed to access to "); mount != "" && !exists(mount) {
		p.saw("%s is not there", mount)
		return found("The directory where liblxc mounts the root file system is not there: "+mount+".",
			"Make it, or take lxc.rootfs.mount out of the config. LXC's package brings the usual one.")
	}
	for _, root := range p.rootPaths() {
		st, err := os.Stat(root)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			p.saw("%s is not there; lxc.rootfs.path = %s", root, strings.Join(p.values("lxc.rootfs.path"), " "))
			return found("Its root file system is not there: "+root+".",
				"Look whether a file system has to be mounted for it, or correct lxc.rootfs.path in its config.")
		case err != nil:
			p.saw("%v", err)
			return found("Its root file system cannot be reached: "+root+": "+plainErr(err)+".", "Correct what is in the way, or lxc.rootfs.path in its config.")
		case st.Mode().IsRegular() && !strings.HasPrefix(p.values("lxc.rootfs.path")[0], "loop:"):
			p.saw("%s is a file", root)
			return found("Its root file system is a file, and no directory: "+root+".", "If it is an image, write lxc.rootfs.path = loop:"+root+".")
		}
		p.saw("%s is there", root)
	}
	if line := p.line("Failed to mount rootfs"); line != "" {
		return found("The kernel does not mount its root file system: "+p.log[0], "Look at lxc.rootfs.path and lxc.rootfs.options in its config, and at the kernel's log (dmesg).")
	}
	return nil
}

// rootless says whether the config names no root file system. That is no mistake to
// liblxc: such a container has the host's own, as lxc-execute(1) wants it.
func (p *patient) rootless() bool { return p.c != nil && len(p.values("lxc.rootfs.path")) == 0 }

// hostRoot is for a container without a root file system, where liblxc could not set
// up mounts, console or terminals: it mounts what belongs to it over the host's own.
func (p *patient) hostRoot() *runtime.Diagnosis {
	if !p.rootless() || !p.said("Failed to mount ") && !p.said("Failed to setup ttys") && !p.said("Failed to setup console") {
		return nil
	}
	p.saw("there is no lxc.rootfs.path in its config")
	return found("Its config has no lxc.rootfs.path: it has no root file system of its own, and liblxc cannot set up the host's for it.",
		"Write lxc.rootfs.path = dir:/path/to/rootfs into "+filepath.Join(p.ref.String(), "config")+".")
}

// badConsole is for the console and the terminals, which liblxc mounts by their
// descriptors (lxc_setup_dev_console and lxc_setup_ttys of conf.c).
func (p *patient) badConsole() *runtime.Diagnosis {
	line := p.line("Failed to mount \"")
	if line == "" || !descriptor(quotedAfter(line, "\" on ")) {
		return nil
	}
	what := "the container's console or terminals"
	switch {
	case p.said("Failed to setup console"):
		what = "the container's console"
	case p.said("Failed to setup ttys"):
		what = "the container's terminals"
	}
	return found("liblxc cannot set up "+what+": "+line,
		"Look at lxc.console.path, lxc.tty.max and lxc.autodev in its config, and whether /dev of its root file system can be written.")
}

// descriptor says whether liblxc names a place by its descriptor: 44, or 10(/dev/pts/3).
func descriptor(place string) bool {
	number, _, _ := strings.Cut(place, "(")
	_, err := strconv.Atoi(number)
	return err == nil
}

// badMount is for an entry of lxc.mount.entry or of its fstab.
func (p *patient) badMount() *runtime.Diagnosis {
	line := p.line("Failed to mount \"")
	source, target := quotedAfter(line, "Failed to mount "), quotedAfter(line, "\" on ")
	if target == "" {
		target = quotedAfter(line, "\" onto ")
	}
	if made := p.line("Failed to create directory \""); source == "" && made != "" {
		at := quotedAfter(made, "Failed to create directory ")
		return found("The mount point "+p.inRootfs(at)+" cannot be made in the container: "+made, "Look who owns the directory above it, or make it in the root file system.")
	}
	if source == "" {
		return nil
	}
	in := p.inRootfs(target)
	switch {
	case descriptor(target): // no line of the config is meant
		return nil
	case filepath.IsAbs(source) && !exists(source):
		p.saw("%s is not there on the host", source)
		return p.noSource(source, in)
	case p.rootless():
		return nil // hostRoot knows better
	case strings.Contains(line, "No such device"):
		return found("The kernel does not know the file system of the mount at "+in+" in the container: "+source+".", "Load its module with modprobe, or correct the type in lxc.mount.entry.")
	case strings.Contains(line, "No such file or directory"):
		p.saw("%s is there on the host", source)
		return found("The mount point "+in+" is not there in the container, for "+source+".",
			"Add create=dir (or create=file) to the options of that lxc.mount.entry, or make it in the root file system.")
	}
	return found("The kernel does not mount "+source+" at "+in+" in the container: "+line, "Look at that lxc.mount.entry: the options must fit the file system, and the container be allowed to.")
}

// noSource is for what the config wants to mount and the host does not have.
func (p *patient) noSource(source, in string) *runtime.Diagnosis {
	advice := "Put it there, take the lxc.mount.entry out, or add optional to its options."
	what := "which its config mounts at " + in
	if !strings.HasPrefix(source, "/dev/") {
		return found("There is no "+source+" on the host, "+what+".", advice)
	}
	for dev, module := range map[string]string{"/dev/net/tun": "tun", "/dev/fuse": "fuse", "/dev/kvm": "kvm", "/dev/ppp": "ppp_generic", "/dev/loop-control": "loop"} {
		if source == dev || source == filepath.Dir(dev) && source != "/dev" {
			return found("The host has no "+source+", "+what+".", "Load the kernel's module: modprobe "+module+" (and at every boot: a file in /etc/modules-load.d). Or add optional to the options of that lxc.mount.entry.")
		}
	}
	return found("The host has no device "+source+", "+what+".", "Plug it in, or load its module. Or take the lxc.mount.entry out, or add optional to its options.")
}

// inRootfs is a path below liblxc's mount of the root as the container sees it.
func (p *patient) inRootfs(target string) string {
	mounts := p.values("lxc.rootfs.mount")
	if len(mounts) == 0 {
		if i := strings.Index(target, "/lxc/rootfs/"); i >= 0 {
			return target[i+len("/lxc/rootfs"):]
		}
		return target
	}
	if rel, err := filepath.Rel(mounts[0], target); err == nil && filepath.IsLocal(rel) {
		return filepath.Join("/", rel)
	}
	return target
}
