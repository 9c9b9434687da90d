package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// maxStatus is how much of a status is read. Its line of groups stands before
	// the capabilities and has up to 65536 ids (NGROUPS_MAX) of 11 bytes.
	maxStatus = 2 << 20
	// maxStatusLine is how much of a line counts: what is looked for is short.
	maxStatusLine = 128
	// maxLabel is how long a label is taken.
	maxLabel = 4096
)

// Isolation reads what keeps the process init apart from the host. It opens no
// file that makes the kernel wait for the process: none of them takes its
// mmap_lock, as cmdline and maps do. others are the inits of other containers that
// run, whose namespaces are compared.
func (f FS) Isolation(ctx context.Context, t Target, others map[runtime.Ref]int) (runtime.Isolation, error) {
	i := runtime.Isolation{At: time.Now(), InitPID: t.Init}
	if err := f.statusOf(ctx, t.Init, &i); err != nil {
		return i, explain(fmt.Sprintf("look at init %d", t.Init), err)
	}
	peer := f.peer(&i)
	f.namespaces(ctx, &i, peer, others)
	i.UIDs, i.GIDs = f.idMap(t.Init, "uid_map"), f.idMap(t.Init, "gid_map")
	to, err := os.Readlink(f.proc(t.Init, "root"))
	if i.Root.At = short(to); err != nil {
		i.Root.AtWhy = reason(err)
	}
	f.label(t.Init, &i.Confined)
	devices, why := f.places(t, &i)
	if i.Devices.Why = why; why == "" {
		f.devices(devices, &i.Devices)
	}
	host, why := f.hostPlaces(ctx, peer)
	i.Mounts.HostWhy = why
	f.mounts(ctx, t.Init, host, &i.Mounts, &i.Root)
	return i, ctx.Err()
}

// reason is why something is not known, for people.
func reason(err error) string {
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return "permission denied"
	case gone(err):
		return "it is not there"
	}
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

// eachLine gives the lines of a file of the kernel, without their ends and as far
// as keep bytes, and reads no more than most: cut says that there is more.
func eachLine(ctx context.Context, name string, most, keep int, visit func([]byte)) (cut bool, err error) {
	fd, err := openAt(unix.AT_FDCWD, name)
	if err != nil {
		return false, err
	}
	defer func() { _ = unix.Close(fd) }()
	buf, line := make([]byte, 64<<10), make([]byte, 0, 4096)
	for used := 0; used < most; {
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
		n, err := unix.Read(fd, buf[:min(len(buf), most-used)])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return used > 0, err
		}
		if n == 0 {
			if len(line) > 0 {
				visit(line)
			}
			return false, nil
		}
		used += n
		for rest := buf[:n]; len(rest) > 0; {
			part, after, whole := bytes.Cut(rest, []byte{'\n'})
			line = append(line, part[:min(len(part), keep-len(line))]...)
			if rest = after; whole {
				visit(line)
				line = line[:0]
			}
		}
	}
	n, err := unix.Read(fd, buf[:1])
	return n > 0 || err != nil, nil
}

// statusOf reads /proc/PID/status (proc_pid_status(5)).
func (f FS) statusOf(ctx context.Context, pid int, i *runtime.Isolation) error {
	c := &i.Caps
	sets := map[string]*runtime.Value{"CapInh": &c.Inheritable, "CapPrm": &c.Permitted, "CapEff": &c.Effective, "CapBnd": &c.Bounding, "CapAmb": &c.Ambient}
	counts := map[string]*runtime.Value{"Seccomp": &i.Confined.Seccomp, "Seccomp_filters": &i.Confined.Filters}
	cut, err := eachLine(ctx, f.proc(pid, "status"), maxStatus, maxStatusLine, func(line []byte) {
		name, rest, _ := bytes.Cut(line, []byte{':'})
		w, _ := kernfile.Word(rest)
		if v := sets[string(name)]; v != nil {
			if n, err := strconv.ParseUint(string(w), 16, 64); err == nil {
				*v = runtime.Of(n)
			}
		}
		n, ok := counter(w)
		switch v := counts[string(name)]; {
		case !ok:
		case v != nil:
			*v = runtime.Of(n)
		case string(name) == "NoNewPrivs":
			i.Confined.NoNewPrivs = runtime.AnswerOf(n != 0)
		}
	})
	if err != nil {
		return err
	}
	missing := "this kernel does not say"
	if cut {
		missing = fmt.Sprintf("its status is longer than %d bytes", maxStatus)
	}
	if c.Bounding.Absent() {
		c.Why = missing
	}
	if i.Confined.Seccomp.Absent() {
		i.Confined.Why = missing
	}
	if i.Confined.NoNewPrivs == runtime.NotKnown {
		i.Confined.PrivsWhy = missing
	}
	var r scratch
	if text, err := r.whole(f.path("proc/sys/kernel/cap_last_cap"), maxSmall); err == nil {
		if n, ok := counter(bytes.TrimSpace(text)); ok && n < 64 {
			c.Last = runtime.Of(n)
		}
	}
	return nil
}

// peer chooses whose namespaces are the host's, and names it.
func (f FS) peer(i *runtime.Isolation) string {
	for _, kind := range runtime.NamespaceKinds() {
		if f.namespace(1, kind) != "" {
			i.Peer = "pid 1"
			return "1"
		}
	}
	i.Peer = "lxcdeck itself"
	return "self"
}

// namespaces reads the links below /proc/PID/ns (namespaces(7)).
func (f FS) namespaces(ctx context.Context, i *runtime.Isolation, peer string, others map[runtime.Ref]int) {
	for _, kind := range runtime.NamespaceKinds() {
		n := runtime.Namespace{Kind: kind}
		mine, err := os.Readlink(f.proc(i.InitPID, "ns/"+kind))
		host, herr := os.Readlink(f.path("proc", peer, "ns", kind))
		var ok bool
		switch n.ID, ok = inodeOf(mine); {
		case err != nil && gone(err) && herr != nil && gone(herr):
			n.Why = "this kernel has none"
		case err != nil:
			n.Why = reason(err)
		case !ok:
			n.Why = "not understood: " + short(mine)
		case herr != nil:
			n.HostWhy = "the host's may not be told: " + reason(herr)
		default:
			n.Host = runtime.AnswerOf(mine == host)
		}
		if n.ID != 0 && n.Host != runtime.Yes {
			n.With, n.WithWhy = f.sharers(ctx, mine, kind, others)
		}
		i.Namespaces = append(i.Namespaces, n)
	}
}

// sharers are the containers whose init is in this namespace too. One that has
// ended meanwhile is in none.
func (f FS) sharers(ctx context.Context, link, kind string, others map[runtime.Ref]int) (with []runtime.Ref, why string) {
	for ref, pid := range others {
		if ctx.Err() != nil {
			break
		}
		switch to, err := os.Readlink(f.proc(pid, "ns/"+kind)); {
		case err == nil && to == link:
			with = append(with, ref)
		case err != nil && !gone(err):
			why = "those of other containers could not be read: " + reason(err)
		}
	}
	slices.SortFunc(with, func(a, b runtime.Ref) int {
		if a.Less(b) {
			return -1
		}
		return 1
	})
	return with, why
}

// inodeOf reads "net:[4026531840]".
func inodeOf(link string) (uint64, bool) {
	_, rest, ok := strings.Cut(link, ":[")
	n, err := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 64)
	return n, ok && err == nil
}

func (f FS) idMap(pid int, name string) runtime.MappedIDs {
	var r scratch
	text, err := r.whole(f.proc(pid, name), maxSmall)
	if err != nil {
		return runtime.MappedIDs{Why: reason(err)}
	}
	var m runtime.MappedIDs
	for _, p := range parseIDMap(text) {
		m.Ranges = append(m.Ranges, runtime.IDRange{Inside: p.inside, Outside: p.outside, Count: p.count})
	}
	if len(m.Ranges) == 0 {
		m.Why = "it is empty"
	}
	return m
}

// label reads the security label. The kernel answers EINVAL where no module has
// any for processes (security_getprocattr of security.c).
func (f FS) label(pid int, c *runtime.Confinement) {
	var r scratch
	if text, err := r.whole(f.path("sys/kernel/security/lsm"), maxLabel); err == nil {
		c.Modules = strings.TrimSpace(string(text))
	}
	text, err := r.whole(f.proc(pid, "attr/apparmor/current"), maxLabel)
	if err == nil {
		c.Module = "apparmor"
	} else {
		text, err = r.whole(f.proc(pid, "attr/current"), maxLabel)
	}
	switch {
	case errors.Is(err, unix.EINVAL):
		c.Module = "none"
		return
	case err != nil:
		c.LabelWhy = reason(err)
		return
	}
	c.Label = short(strings.TrimRight(string(text), "\x00\n"))
	for _, m := range []struct{ name, sign string }{{"apparmor", "sys/module/apparmor/parameters/enabled"}, {"selinux", "sys/fs/selinux/enforce"}, {"smack", "sys/fs/smackfs/load2"}} {
		if _, err := os.Lstat(f.path(m.sign)); err == nil && c.Module == "" {
			c.Module = m.name
		}
	}
}

// noDeviceList is why rules on devices are not known on cgroup v2.
const noDeviceList = "cgroup v2 has no list; what a program there allows, if there is one, cannot be read"

// DevicesKey is which key of rules on devices the host heeds: whether the
// hierarchy of devices of cgroup v1 is there; "" = not known.
func (f FS) DevicesKey() string {
	var r scratch
	text, err := r.whole(f.path("proc/self/cgroup"), maxSmall)
	if err != nil || len(text) == 0 {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if w := strings.SplitN(line, ":", 3); len(w) == 3 && slices.Contains(strings.Split(w[1], ","), "devices") {
			return runtime.DevicesKey(true)
		}
	}
	return runtime.DevicesKey(false)
}

// places reads where the init is in each hierarchy, and gives its place in that
// of devices on v1, or why there is none.
func (f FS) places(t Target, i *runtime.Isolation) (devices, why string) {
	var r scratch
	text, err := r.whole(f.proc(t.Init, "cgroup"), maxSmall)
	if err != nil {
		i.CgroupsWhy = reason(err)
		return "", i.CgroupsWhy
	}
	at, err := f.cgroups().Locate(t.Init, t.Dirs...)
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, path, ok := strings.Cut(rest, ":")
		if !ok {
			continue
		}
		p := runtime.CgroupPlace{Controllers: controllers, Path: short(path)}
		for ctl := range strings.SplitSeq(controllers, ",") {
			own := at.V1[ctl]
			if controllers == "" {
				own = at.Unified
			}
			p.Own = p.Own || err == nil && own != ""
			if ctl == "devices" {
				devices = path
			}
		}
		i.Cgroups = append(i.Cgroups, p)
	}
	switch {
	case devices != "":
		return devices, ""
	case len(i.Cgroups) == 0:
		return "", "it is in no cgroup that is told"
	}
	return "", noDeviceList
}

// devices reads devices.list of cgroup v1.
func (f FS) devices(path string, d *runtime.DeviceRules) {
	var dir string
	if mounts, err := f.cgroups().Mounts(); err == nil {
		dir = mounts.Dir("devices", path)
	}
	if dir == "" {
		d.Why = "no mount of the hierarchy of devices shows its cgroup"
		return
	}
	var r scratch
	text, err := r.whole(filepath.Join(dir, "devices.list"), maxSmall)
	if err != nil {
		d.Why = reason(err)
		return
	}
	d.More = len(text) == maxSmall
	all := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		rule := strings.TrimSpace(line)
		all[rule] = true
		if len(d.Rules) >= runtime.MaxDeviceRules {
			d.More = true
			continue
		}
		d.Rules = append(d.Rules, rule)
	}
	d.All = runtime.AnswerOf(all["a *:* rwm"] || all["b *:* rwm"] && all["c *:* rwm"])
	if d.All == runtime.No && len(text) == maxSmall { // it may stand in what was not read
		d.All = runtime.NotKnown
	}
}
