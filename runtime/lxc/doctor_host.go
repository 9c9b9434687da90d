package lxc

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// words is a small file of the kernel's, without its end of line.
func words(file string) string {
	text, err := readProc(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// fullHost is for ENOSPC, which the kernel says of more than disks.
func (p *patient) fullHost() *runtime.Diagnosis {
	line := p.line("No space left on device")
	if line == "" {
		return nil
	}
	low := strings.ToLower(line)
	switch {
	case strings.Contains(low, "clone") || strings.Contains(low, "namespace") || strings.Contains(low, "unshare"):
		// user_namespaces(7): the limits of /proc/sys/user end in ENOSPC.
		p.saw("/proc/sys/user/max_user_namespaces: %s", words("/proc/sys/user/max_user_namespaces"))
		return found("The host allows no more namespaces: that is a limit, and no disk.",
			"Raise user.max_*_namespaces with sysctl, or end what holds them (lsns).")
	case strings.Contains(low, "inotify"):
		p.saw("/proc/sys/fs/inotify/max_user_watches: %s", words("/proc/sys/fs/inotify/max_user_watches"))
		return found("The host allows no more inotify watches: that is a limit, and no disk.", "Raise fs.inotify.max_user_watches with sysctl.")
	case strings.Contains(low, "cgroup"):
		return found("A cgroup takes no process: its cpuset has no CPUs or no memory nodes.", "Look at lxc.cgroup*.cpuset.* in its config, and at cpuset.cpus of the cgroup above it.")
	}
	full := ""
	for _, dir := range append([]string{p.ref.String(), "/run", "/tmp", "/var/lib/lxc", "/dev/shm"}, roots(p.values("lxc.rootfs.path"))...) {
		var fs unix.Statfs_t
		if err := unix.Statfs(dir, &fs); err != nil {
			continue
		}
		var what string
		switch {
		case fs.Blocks > 0 && fs.Bavail == 0:
			what = "no free space"
		case fs.Files > 0 && fs.Ffree == 0:
			what = "no free inodes: it holds as many files as it can"
		default:
			continue
		}
		p.saw("the file system of %s has %s", dir, what)
		if full == "" {
			full = "The file system of " + dir + " is full: " + what + "."
		}
	}
	if full == "" {
		full = "A file system is full."
		p.saw("of those that were looked at none is full now")
	}
	return found(full, "Remove something there (df and df -i tell how much is free), or enlarge it.")
}

// tooManyFiles is for EMFILE and ENFILE, and for want of processes.
func (p *patient) tooManyFiles() *runtime.Diagnosis {
	switch line := p.line("Too many open files"); {
	case strings.Contains(line, "inotify"):
		p.saw("/proc/sys/fs/inotify/max_user_instances: %s", words("/proc/sys/fs/inotify/max_user_instances"))
		return found("The host allows no more inotify instances.", "Raise fs.inotify.max_user_instances with sysctl.")
	case line != "":
		var lim unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil {
			p.saw("open files: %d, at most %d; of the whole host (file-nr): %s", lim.Cur, lim.Max, words("/proc/sys/fs/file-nr"))
		}
		return found("The host or this user allows no more open files.", "Raise the limit (ulimit -n, LimitNOFILE= of a unit, fs.file-max).")
	}
	if p.said("Resource temporarily unavailable", "fork") || p.said("Resource temporarily unavailable", "clone") {
		p.saw("/proc/sys/kernel/pid_max: %s", words("/proc/sys/kernel/pid_max"))
		return found("The host or this user allows no more processes.", "Look at ulimit -u, kernel.pid_max, and pids.max of the cgroup that lxcdeck runs in.")
	}
	if p.said("Cannot allocate memory") {
		return found("The host, or the cgroup that lxcdeck runs in, has no memory left.", "Stop something, or lower the limits of others.")
	}
	return nil
}

// maxNets is how many networks of a config are looked at.
const maxNets = 16

// badNetwork is for interfaces that are missing or taken.
func (p *patient) badNetwork() *runtime.Diagnosis {
	for _, mark := range []struct{ has, name string }{
		{"to bridge ", "to bridge "},                      // netdev_configure_server_veth of network.c
		{"Failed to create macvlan interface ", " on "},   // and its siblings
		{"Failed to create ipvlan interface ", " on "},    //
		{"Failed to create vlan interface ", " on "},      //
		{"Failed to retrieve ifindex for ", "index for "}, // netdev_configure_server_phys, and of links
	} {
		if name := quotedAfter(p.line(mark.has), mark.name); name != "" {
			return p.badLink(name, mark.has == "to bridge ")
		}
	}
	line := p.line("Failed to create veth pair ")
	switch name := quotedAfter(line, "veth pair "); {
	case strings.Contains(line, "File exists"):
		p.saw("interfaces of the host: %s", strings.Join(p.linkNames(), " "))
		return found("The host has an interface "+name+" already, which the config gives to this container.",
			"Another container may have it: choose another lxc.net.*.veth.pair, or none, and LXC makes one up.")
	case line != "":
		for i := range maxNets {
			key := "lxc.net." + strconv.Itoa(i)
			for _, link := range p.values(key + ".link") {
				if slices.Contains(p.values(key+".type"), "veth") && !p.net.isBridge(link) {
					return p.badLink(link, true)
				}
			}
		}
		return found("The kernel does not make the container's veth pair: "+line, "Look at lxc.net.* in its config, lxc.net.*.mtu and hwaddr among them.")
	}
	if p.said("lxc-user-nic") {
		name, link := accountName(p.uid), "BRIDGE"
		for _, l := range p.values("lxc.net.0.link") {
			link = l
		}
		return found("lxc-user-nic gives "+name+" no interface, or no more.", "As root, write into /etc/lxc/lxc-usernet: "+name+" veth "+link+" 10 (see lxc-usernet(5); the number is how many).")
	}
	if line := p.line("Failed to create network device"); line != "" {
		return found("Its network cannot be made: "+line, "Look at lxc.net.* in its config.")
	}
	return nil
}

func (p *patient) linkNames() []string {
	all, err := readLinks()
	if err != nil {
		p.saw("interfaces of the host: %v", err)
	}
	var names []string
	for _, l := range all {
		names = append(names, l.name)
	}
	return names
}

// badLink is for an interface of the host that the config needs.
func (p *patient) badLink(name string, bridge bool) *runtime.Diagnosis {
	names := p.linkNames()
	there := slices.Contains(names, name)
	p.saw("interfaces of the host: %s", strings.Join(names, " "))
	switch {
	case there && bridge && !p.net.isBridge(name):
		return found(name+" is an interface of the host, but no bridge.", "Name a bridge in lxc.net.*.link, or use lxc.net.*.type = macvlan.")
	case there:
		return found("The kernel refuses to use the interface "+name+": "+p.log[0], "Look whether its kind fits lxc.net.*.type.")
	case !bridge:
		return found("The host has no interface "+name+", which its config names.", "Name one that is there in lxc.net.*.link.")
	}
	d := found("The host has no bridge "+name+".", "Make it, or name one that is there in lxc.net.*.link.")
	lxcs, used := p.net.bridge()
	if name != lxcs {
		return d
	}
	d.Advice = "lxc-net makes it: start that service, or name another bridge in lxc.net.*.link."
	if d.Fix = p.net.fix(); d.Fix == nil && !used {
		p.saw("lxc-net is told to make no bridge (USE_LXC_BRIDGE)")
		d.Advice = "lxc-net makes it, but is told not to: USE_LXC_BRIDGE in " + strings.Join(p.net.defaults[:2], " or ") + "."
	}
	return d
}

// idRange is one line of lxc.idmap.
type idRange struct {
	group              bool
	inner, host, count uint64
}

// idMap reads lxc.idmap: "u 0 100000 65536"; b stands for both kinds.
func (p *patient) idMap() []idRange {
	var out []idRange
	for _, v := range p.values("lxc.idmap") {
		f := strings.Fields(v)
		if len(f) != 4 {
			continue
		}
		var r idRange
		var errs [3]error
		r.inner, errs[0] = strconv.ParseUint(f[1], 10, 33)
		r.host, errs[1] = strconv.ParseUint(f[2], 10, 33)
		r.count, errs[2] = strconv.ParseUint(f[3], 10, 33)
		if errs != [3]error{} {
			continue
		}
		r.group = f[0] == "g"
		out = append(out, r)
		if f[0] == "b" {
			r.group = true
			out = append(out, r)
		}
	}
	return out
}

// mappedID is the host's id of an id in the container.
func mappedID(all []idRange, group bool, inner uint64) (uint32, bool) {
	for _, r := range all {
		if r.group == group && inner >= r.inner && inner-r.inner < r.count {
			return uint32(r.host + inner - r.inner), true
		}
	}
	return 0, false
}

// badIDs is for id maps that the kernel, or newuidmap(1), refuses.
func (p *patient) badIDs() *runtime.Diagnosis {
	if !p.said("uid mapping") && !p.said("gid mapping") && !p.said("uidmap") && !p.said("gidmap") && !p.said("id mapping") && !p.said("Failed to write mapping") {
		return nil
	}
	all := p.idMap()
	for _, r := range all {
		p.saw("lxc.idmap: %s", runtime.IDMap{Group: r.group, Inner: r.inner, Host: r.host, Count: r.count})
	}
	for _, group := range []bool{false, true} {
		if len(all) > 0 && !slices.ContainsFunc(all, func(r idRange) bool { return r.group == group }) {
			return found("lxc.idmap maps no "+map[bool]string{false: "users (u)", true: "groups (g)"}[group]+".",
				"Write a line for each kind: lxc.idmap = u 0 FIRST COUNT and lxc.idmap = g 0 FIRST COUNT.")
		}
	}
	for i, r := range all {
		for _, o := range all[:i] {
			if r.group == o.group && (overlap(r.inner, o.inner, r.count, o.count) || overlap(r.host, o.host, r.count, o.count)) {
				return found("Two lines of lxc.idmap overlap.", "Each id, inside and on the host, may stand in one line only.")
			}
		}
	}
	if tool := p.mapTool(); tool == "" && p.uid != 0 {
		return found("newuidmap is not installed, without which a user can map no id but the own one.", "Install it: the package is uidmap, or shadow.")
	} else if tool == "" {
		return found("The kernel refuses its id map.", "Look at lxc.idmap: each line is a kind, the first id inside, the first of the host, and how many.")
	}
	return p.subIDs(all)
}

func overlap(a, b, n, m uint64) bool { return a < b+m && b < a+n }

func (p *patient) mapTool() string {
	for _, dir := range filepath.SplitList(p.net.path) {
		if file := filepath.Join(dir, "newuidmap"); exists(file) {
			return file
		}
	}
	return ""
}

// subIDs compares an id map with subuid(5) and subgid(5). newuidmap, where it
// is installed, holds root to them too.
func (p *patient) subIDs(all []idRange) *runtime.Diagnosis {
	name := accountName(p.uid)
	for _, kind := range []struct {
		group     bool
		file, opt string
	}{{false, p.subuid, "--add-subuids"}, {true, p.subgid, "--add-subgids"}} {
		given := subIDs(kind.file, name, uint32(p.uid))
		if len(given) == 0 {
			p.saw("%s has no line for %s", kind.file, name)
		}
		for _, g := range given {
			p.saw("%s: %s has %d ids from %d", kind.file, name, g.count, g.first)
		}
		for _, r := range all {
			if r.group != kind.group || r.count == 1 && r.host == uint64(p.uid) {
				continue
			}
			if slices.ContainsFunc(given, func(g span) bool { return r.host >= g.first && r.host+r.count <= g.first+g.count }) {
				continue
			}
			last := r.host + r.count - 1
			ids := strconv.FormatUint(r.host, 10) + "-" + strconv.FormatUint(last, 10)
			advice := "Give them, as root: usermod " + kind.opt + " " + ids + " " + runtime.ShellQuote(name) + "; or use ids in lxc.idmap that the user has."
			if len(given) == 0 {
				return found(kind.file+" gives "+name+" no ids, and lxc.idmap wants "+ids+".", advice)
			}
			return found(kind.file+" does not give "+name+" all the ids that lxc.idmap wants: "+ids+".", advice)
		}
	}
	return found("newuidmap refuses its id map: "+p.log[0], "Look at lxc.idmap, /etc/subuid and /etc/subgid, and whether newuidmap is setuid root or has CAP_SETUID.")
}
