package archive

import (
	"crypto/rand"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// Site is what the config of an archive has to fit: the new container and its host.
type Site struct {
	Ref    runtime.Ref
	IDMap  []runtime.IDMap        // nil = a privileged container
	Allow  []string               // keys that are taken beyond the allow-list
	Bridge func(name string) bool // says whether the host has this bridge
	File   func(path string) bool // says whether LXC has installed this file here
}

// Line is one setting of a config.
type Line struct{ Key, Value string }

// String is the line as the config has it: foreign text.
func (l Line) String() string { return l.Key + " = " + l.Value }

// Dropped is a line of an archive's config that the new container does not get.
type Dropped struct {
	Line
	Why string
}

// Config is what becomes of an archive's config.
type Config struct {
	Lines   []Line    // of the new config
	Allowed []Line    // of them, those that only Site.Allow has let in
	Dropped []Dropped // what it does not get
	Notes   []string  // what it gets in another form, a sentence each
}

// Text is the new config file.
func (c *Config) Text() []byte {
	var b strings.Builder
	for _, l := range c.Lines {
		b.WriteString(l.String() + "\n")
	}
	return []byte(b.String())
}

// Where LXC keeps the configs that templates include.
const (
	lxcConfigs = "/usr/share/lxc/config/"
	commonConf = lxcConfigs + "common.conf"
	usernsConf = lxcConfigs + "userns.conf"
)

// Keys that are always written anew: UnpackArgs refuses to allow the archive's.
const (
	keyRoot  = "lxc.rootfs.path"
	keyIDMap = "lxc.idmap"
	keyName  = "lxc.uts.name"
	keyAuto  = "lxc.start.auto"
)

// Judge makes the new container's config of an archive's. What is not known to act
// inside the container alone is left out: hooks, mounts of the host, devices,
// profiles, log files, includes of other files than LXC's own. The first line is an
// include of LXC's own common.conf, so that an archive that leaves it out gets no
// more than other containers do.
func Judge(text []byte, s Site) Config {
	j := judge{site: s, nets: map[string][]Line{}}
	if s.File(commonConf) {
		j.take("lxc.include", commonConf)
	} else {
		j.take("lxc.cap.drop", "mac_admin mac_override sys_time sys_module sys_rawio")
	}
	if len(s.IDMap) > 0 && s.File(usernsConf) {
		j.take("lxc.include", usernsConf)
	}
	for line := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		j.line(Line{strings.TrimSpace(key), unquoted(strings.TrimSpace(value))})
	}
	j.network()
	j.take(keyRoot, "dir:"+path.Join(s.Ref.String(), rootName))
	j.take(keyName, s.Ref.Name)
	for _, m := range s.IDMap {
		j.take(keyIDMap, m.String())
	}
	j.out.Lines = append(j.out.Lines, j.out.Allowed...)
	return j.out
}

// unquoted takes off one pair of quotes, as liblxc does.
func unquoted(v string) string {
	if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
		return v[1 : n-1]
	}
	return v
}

type judge struct {
	site   Site
	out    Config
	nets   map[string][]Line // lines of lxc.net.N, by N
	netIDs []string          // the Ns in their order
}

func (j *judge) take(key, value string) { j.out.Lines = append(j.out.Lines, Line{key, value}) }

func (j *judge) drop(l Line, why string) {
	j.out.Dropped = append(j.out.Dropped, Dropped{l, why})
}

func (j *judge) note(format string, args ...any) {
	j.out.Notes = append(j.out.Notes, fmt.Sprintf(format, args...))
}

// line judges one line.
func (j *judge) line(l Line) {
	switch {
	case strings.ContainsFunc(l.Key+l.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		j.drop(l, "a control character")
	case l.Key == keyRoot || l.Key == keyName:
	case l.Key == keyAuto:
		if l.Value != "0" {
			j.note("it was started with its host; here it is not")
		}
	case l.Key == keyIDMap:
		if len(j.site.IDMap) == 0 {
			j.note("it was unprivileged; here it is privileged: no %s", l)
		}
	case l.Key == "lxc.mount.entry" && inMemory(l.Value) && createsOutside(l.Value):
		j.mountEntry(l)
	case l.Value != "" && harmlessLine(l):
		j.take(l.Key, l.Value)
	case slices.Contains(j.site.Allow, l.Key):
		j.out.Allowed = append(j.out.Allowed, l)
	case l.Key == "lxc.net":
		j.nets, j.netIDs = map[string][]Line{}, nil
	case strings.HasPrefix(l.Key, "lxc.net."):
		j.netLine(l)
	case l.Value == "":
		j.drop(l, "it would clear what comes before it")
	case l.Key == "lxc.include":
		j.include(l)
	case l.Key == "lxc.mount.auto":
		j.mountAuto(l)
	default:
		j.drop(l, "not on the list of what acts inside alone")
	}
}

// include takes what LXC itself has installed here for templates.
func (j *judge) include(l Line) {
	name, own := strings.CutPrefix(l.Value, lxcConfigs)
	distro, userns := strings.CutSuffix(name, ".userns.conf")
	if !userns {
		distro = strings.TrimSuffix(name, ".common.conf")
	}
	switch {
	case l.Value == commonConf:
	case l.Value == usernsConf || userns && len(j.site.IDMap) == 0:
		if len(j.site.IDMap) == 0 {
			j.note("no %s: it is not unprivileged here", l)
		}
	case !own || distro == name || !plainWord(distro):
		j.drop(l, "an include of a file that is not LXC's own for a distribution")
	case !j.site.File(l.Value):
		j.drop(l, "there is no such file here")
	default:
		j.take(l.Key, l.Value)
	}
}

// mountAuto takes the mounts of kernel file systems that the container cannot
// change the host by.
func (j *judge) mountAuto(l Line) {
	var good, bad []string
	for _, w := range strings.Fields(l.Value) {
		switch w {
		case "proc", "proc:mixed", "sys", "sys:ro", "sys:mixed", "cgroup", "cgroup:ro", "cgroup:mixed", "cgroup:ro:force", "cgroup:mixed:force":
			good = append(good, w)
		default:
			bad = append(bad, w)
		}
	}
	if len(good) > 0 {
		j.take(l.Key, strings.Join(good, " "))
	}
	if len(bad) > 0 {
		j.drop(Line{l.Key, strings.Join(bad, " ")}, "it could be written to the host by it")
	}
}

// mountEntry takes a mount of memory without the option to make its place.
func (j *judge) mountEntry(l Line) {
	if slices.Contains(j.site.Allow, l.Key) {
		j.out.Allowed = append(j.out.Allowed, l)
		return
	}
	f := strings.Fields(l.Value)
	options := slices.DeleteFunc(strings.Split(f[3], ","), func(o string) bool { return o == "create" || strings.HasPrefix(o, "create=") })
	if f[3] = strings.Join(options, ","); f[3] == "" {
		f[3] = "defaults"
	}
	j.take(l.Key, strings.Join(f, " "))
	j.note("the place of a mount is not made, it has to be in the root: %s", l)
}

// netLine keeps a line of a network interface until all are known.
func (j *judge) netLine(l Line) {
	id, _, ok := strings.Cut(strings.TrimPrefix(l.Key, "lxc.net."), ".")
	if _, err := strconv.ParseUint(id, 10, 16); err != nil || !ok {
		j.drop(l, "no key of an interface")
		return
	}
	if _, seen := j.nets[id]; !seen {
		j.netIDs = append(j.netIDs, id)
	}
	j.nets[id] = append(j.nets[id], l)
}

// network takes the interfaces: those on a bridge that is here, with new addresses
// of hardware. One that is not becomes none.
func (j *judge) network() {
	if len(j.netIDs) == 0 {
		// Without any the container would depend on what a liblxc makes of that.
		j.take("lxc.net.0.type", "empty")
		return
	}
	for _, id := range j.netIDs {
		value := func(key string) string {
			v := ""
			for _, l := range j.nets[id] {
				if l.Key == "lxc.net."+id+"."+key {
					v = l.Value
				}
			}
			return v
		}
		kind, link := value("type"), value("link")
		if kind != "veth" || !plainInterface(link) || !j.site.Bridge(link) {
			if kind != "empty" && kind != "" {
				j.note("network %s has no interface here: it was %s on %q, and only those on a bridge of this host are taken over", id, kind, link)
			}
			j.take("lxc.net."+id+".type", "empty")
			continue
		}
		j.take("lxc.net."+id+".type", kind)
		j.take("lxc.net."+id+".link", link)
		j.take("lxc.net."+id+".hwaddr", NewMAC())
		for _, l := range j.nets[id] {
			j.veth(l, strings.TrimPrefix(l.Key, "lxc.net."+id+"."))
		}
	}
}

// veth judges one line of an interface that is taken over.
func (j *judge) veth(l Line, key string) {
	ok := false
	switch key {
	case "type", "link", "hwaddr": // written already
		return
	case "flags":
		ok = l.Value == "up"
	case "name":
		ok = plainInterface(l.Value)
	case "mtu":
		ok = number(l.Value)
	case "ipv4.address", "ipv6.address", "ipv4.gateway", "ipv6.gateway":
		ok = l.Value != "" && strings.Trim(l.Value, "0123456789abcdefABCDEF.:/ uto") == ""
	}
	if !ok {
		j.drop(l, "not on the list of what acts inside alone")
		return
	}
	j.take(l.Key, l.Value)
}

// NewMAC is a random address with the prefix that liblxc gives its own (lxc_mkhwaddr).
func NewMAC() string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("00:16:3e:%02x:%02x:%02x", b[0], b[1], b[2])
}

// harmlessLine says whether a line acts inside the container alone, or takes
// something away from it.
func harmlessLine(l Line) bool {
	switch l.Key {
	case "lxc.init.cmd", "lxc.init.cwd", "lxc.execute.cmd":
		return true
	case "lxc.environment":
		// A name alone would take the value of the host's (set_config_environment).
		return strings.Index(l.Value, "=") > 0
	case "lxc.arch":
		return plainWord(l.Value)
	case "lxc.tty.max", "lxc.pty.max", "lxc.init.uid", "lxc.init.gid", "lxc.start.delay":
		return number(l.Value)
	case "lxc.start.order":
		return number(strings.TrimPrefix(l.Value, "-"))
	case "lxc.autodev", "lxc.no_new_privs":
		return l.Value == "1"
	case "lxc.tty.dir":
		return plainWord(l.Value) && l.Value != "." && l.Value != ".."
	case "lxc.signal.halt", "lxc.signal.reboot", "lxc.signal.stop":
		return plainWord(strings.ReplaceAll(l.Value, "+", ""))
	case "lxc.group":
		return strings.Trim(l.Value, ", ") != ""
	case "lxc.cap.drop":
		// "none" would clear the list (as lxc.cap.keep has it).
		return plainWord(strings.Join(strings.Fields(l.Value), "")) && !slices.Contains(strings.Fields(l.Value), "none")
	case "lxc.mount.entry":
		return inMemory(l.Value)
	case "lxc.seccomp.profile":
		return l.Value == lxcConfigs+"common.seccomp"
	case "lxc.apparmor.profile":
		return l.Value == "generated"
	}
	return isLimit(l)
}

// isLimit says whether a line limits what the container may use. Of devices, or of
// processors that may not be here, it does not speak.
func isLimit(l Line) bool {
	if key, ok := strings.CutPrefix(l.Key, "lxc.cgroup2."); ok {
		return slices.Contains([]string{"memory.max", "memory.high", "memory.low", "memory.min", "memory.swap.max", "cpu.max", "cpu.weight", "io.weight", "pids.max"}, key) &&
			plainWord(strings.ReplaceAll(l.Value, " ", ""))
	}
	key, ok := strings.CutPrefix(l.Key, "lxc.cgroup.")
	return ok && slices.Contains([]string{"memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes",
		"cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us", "blkio.weight", "pids.max"}, key) && plainWord(l.Value)
}

// inMemory says whether a mount entry (fstab(5)) is of a file system that has
// nothing of the host's.
func inMemory(entry string) bool {
	f := strings.Fields(entry)
	if len(f) < 4 || len(f) > 6 {
		return false
	}
	if (f[2] != "tmpfs" && f[2] != "mqueue") || strings.Contains(f[0], "/") {
		return false
	}
	if path.IsAbs(f[1]) || path.Clean(f[1]) != f[1] || f[1] == "." || f[1] == ".." || strings.HasPrefix(f[1], "../") {
		return false
	}
	for o := range strings.SplitSeq(f[3], ",") {
		name, _, _ := strings.Cut(o, "=")
		switch name {
		case "defaults", "rw", "ro", "nosuid", "nodev", "noexec", "noatime", "relatime", "size", "nr_inodes", "mode", "uid", "gid", "create", "optional":
		default:
			return false
		}
	}
	return true
}

// createsOutside says whether a mount entry has its place made beyond the new and
// empty /dev. liblxc does that before it has changed the root, and follows links of
// the archive's: as root it would make directories and files of the host
// (mount_entry_create_dir_file and mkdir_p in liblxc; only the mount itself is looked
// after, by safe_mount).
func createsOutside(entry string) bool {
	f := strings.Fields(entry)
	return !strings.HasPrefix(f[1], "dev/") && slices.ContainsFunc(strings.Split(f[3], ","), func(o string) bool {
		return o == "create" || strings.HasPrefix(o, "create=")
	})
}

func number(v string) bool {
	_, err := strconv.ParseUint(v, 10, 64)
	return err == nil
}

// plainWord says whether a value is of letters, digits and ._- alone.
func plainWord(v string) bool {
	return v != "" && strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

// plainInterface says whether a value can be the name of a network interface
// (dev_valid_name in net/core/dev.c), and of none that has a meaning in a path.
func plainInterface(v string) bool {
	return plainWord(v) && len(v) <= 15 && v != "." && v != ".."
}
