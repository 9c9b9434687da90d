package proc

import (
	"bytes"
	"cmp"
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// maxMountinfo is how much of a mountinfo is read: some 80,000 mounts of usual
	// length. A container may have 100,000 (fs.mount-max) of any length.
	maxMountinfo = 8 << 20
	// maxMountLine is how much of one line counts. Paths have four times 4096
	// bytes at most, as they are written.
	maxMountLine = 48 << 10
	// maxShown is how much is kept of a word of one, in bytes.
	maxShown = 512
)

// mount is a line of mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	id, parent, dev, root, dir, fs, source string
	readOnly                               bool
}

// parseMount reads a line; what is not understood is none.
func parseMount(line []byte) (m mount, ok bool) {
	left, right, ok := bytes.Cut(line, []byte(" - "))
	if !ok {
		return m, false
	}
	var w [6][]byte // id, parent, device, root, mount point, options
	for n := range w {
		if w[n], left = kernfile.Word(left); len(w[n]) == 0 {
			return m, false
		}
	}
	fs, right := kernfile.Word(right)
	source, right := kernfile.Word(right)
	super, _ := kernfile.Word(right)
	m = mount{
		id: string(w[0]), parent: string(w[1]), dev: string(w[2]), root: unescape(w[3]), dir: unescape(w[4]), fs: string(fs), source: unescape(source),
		readOnly: readOnly(w[5]) || readOnly(super),
	}
	return m, len(fs) > 0 && path.IsAbs(m.dir)
}

func readOnly(options []byte) bool {
	first, _, _ := bytes.Cut(options, []byte{','})
	return string(first) == "ro"
}

// unescape undoes the octal escapes of mountinfo: \040 is a space.
func unescape(w []byte) string {
	if bytes.IndexByte(w, '\\') < 0 {
		return string(w)
	}
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		if w[i] == '\\' && i+3 < len(w) {
			if n, err := strconv.ParseUint(string(w[i+1:i+4]), 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(w[i])
	}
	return b.String()
}

// place is a directory by its file system and where in it, which is the same in
// all mount namespaces.
type place struct{ dev, root string }

// hostParts is what is known of the host's own mounts; dirs nil = nothing is.
type hostParts struct {
	dirs map[place]string
	devs map[string]bool // of the file systems that are mounted
}

// maxDevs is how many file systems of the host are told apart.
const maxDevs = 16 << 10

// hostPlaces finds directories of the host in its mountinfo, without touching
// them: the last mount with the longest path above each is where it is.
func (f FS) hostPlaces(ctx context.Context, pid string) (places hostParts, why string) {
	dirs := runtime.HostDirectories()
	devs := map[string]bool{}
	under, found := make([]string, len(dirs)), make([]place, len(dirs))
	cut, err := eachLine(ctx, f.path("proc", pid, "mountinfo"), maxMountinfo, maxMountLine, func(line []byte) {
		m, ok := parseMount(line)
		if ok && len(devs) < maxDevs {
			devs[m.dev] = true
		}
		for n, dir := range dirs {
			if rest, below := within(dir, m.dir); ok && below && len(m.dir) >= len(under[n]) {
				under[n], found[n] = m.dir, place{m.dev, path.Join(m.root, rest)}
			}
		}
	})
	switch {
	case err != nil:
		return hostParts{}, "the host's own mounts: " + reason(err)
	case cut:
		return hostParts{}, "the host has more mounts than are read"
	}
	places = hostParts{dirs: make(map[place]string, len(dirs)), devs: devs}
	for n, dir := range slices.Backward(dirs) { // the shortest name stays
		if under[n] != "" {
			places.dirs[found[n]] = dir
		}
	}
	return places, ""
}

// within gives what of a path is below a directory.
func within(of, dir string) (string, bool) {
	if dir == "/" {
		return of, true
	}
	rest, ok := strings.CutPrefix(of, dir)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// mountReader gathers what bears on isolation.
type mountReader struct {
	host    hostParts
	facts   *runtime.MountFacts
	root    *runtime.ContainerRoot
	id      string             // of the root; "" = it is not known
	roots   []mount            // what is mounted on /
	at      map[string][]mount // what is mounted on the directories that are asked about
	sockets []mount            // with the names of those of managers
}

// mostAbove is how many mounts may lie on one directory.
const mostAbove = 64

// top is what is seen at a directory of the mount parent: what is mounted there on
// it, or on what is. false = nothing is, or it lies too deep.
func (r *mountReader) top(dir, parent string) (m mount, ok bool) {
	all := r.at[dir]
	for range all {
		n := slices.IndexFunc(all, func(a mount) bool { return a.parent == parent })
		if n < 0 {
			break
		}
		m, ok, parent = all[n], true, all[n].id
	}
	return m, ok && len(all) < mostAbove
}

// writable says whether a part of /proc or /sys, or all of it, may be written as
// far as mounts decide that.
func (r *mountReader) writable(fs, dir, part string) runtime.Answer {
	m, ok := r.top(dir, r.id)
	if ok && part != "" && m.fs == fs {
		if above, is := r.top(part, m.id); is {
			m = above
		}
	}
	if len(r.at[dir]) >= mostAbove || len(r.at[part]) >= mostAbove {
		return runtime.NotKnown
	}
	return runtime.AnswerOf(ok && m.fs == fs && !m.readOnly)
}

// mounts reads the mounts of a process.
func (f FS) mounts(ctx context.Context, pid int, host hostParts, facts *runtime.MountFacts, root *runtime.ContainerRoot) {
	r := &mountReader{host: host, facts: facts, root: root, at: map[string][]mount{}}
	var err error
	facts.Cut, err = eachLine(ctx, f.proc(pid, "mountinfo"), maxMountinfo, maxMountLine, r.line)
	if err != nil {
		facts.Why = reason(err)
		if ctx.Err() != nil {
			facts.Why = "it took too long"
		}
		facts.Cut = facts.Total > 0
	}
	r.theRoot()
	r.sort()
	switch {
	case r.id == "" && facts.Why != "":
		root.Why = facts.Why
	case r.id == "" && facts.Cut:
		root.Why = "there are more mounts than are read"
	case r.id == "" && len(r.roots) > 0:
		root.Why = "several mounts are at /, and which of them it is is not known"
	case r.id == "": // chroot(2) into a directory that is no mount
		root.Why = "it is a part of a mount that is outside of it"
	}
	switch why := cmp.Or(facts.Why, root.Why); {
	case facts.Why == "" && facts.Cut: // what was not read may lie above
		facts.ProcSysWhy, facts.SysWhy = "there are more mounts than are read", "there are more mounts than are read"
	case facts.Why != "" || r.id == "":
		facts.ProcSysWhy, facts.SysWhy = why, why
	default:
		facts.ProcSys, facts.Sys = r.writable("proc", "/proc", "/proc/sys"), r.writable("sysfs", "/sys", "")
		if facts.ProcSys == runtime.NotKnown {
			facts.ProcSysWhy = tooDeep
		}
		if facts.Sys == runtime.NotKnown {
			facts.SysWhy = tooDeep
		}
	}
}

const tooDeep = "too many mounts lie on each other there"

// theRoot takes the one mount at / that lies on no other of them: what is mounted
// on it later, its processes do not see.
func (r *mountReader) theRoot() {
	if len(r.roots) >= mostAbove {
		return
	}
	ids := map[string]bool{}
	for _, m := range r.roots {
		ids[m.id] = true
	}
	lowest := slices.DeleteFunc(slices.Clone(r.roots), func(m mount) bool { return m.parent != m.id && ids[m.parent] })
	if len(lowest) != 1 {
		return
	}
	m := lowest[0]
	r.id = m.id
	*r.root = runtime.ContainerRoot{
		Source: short(m.source), FS: short(m.fs), Dir: short(m.root), ReadOnly: m.readOnly, At: r.root.At, AtWhy: r.root.AtWhy,
	}
	if r.host.dirs != nil {
		r.root.Host = runtime.AnswerOf(r.host.dirs[place{m.dev, m.root}] == "/")
	}
}

// sort says whose the sockets are. The host's are of a file system that the host
// has mounted, and not of the container's own root.
func (r *mountReader) sort() {
	for _, m := range r.sockets {
		own := slices.ContainsFunc(r.roots, func(root mount) bool { return root.dev == m.dev && inside(m.root, root.root) })
		r.facts.Host = append(r.facts.Host, runtime.Mount{
			Dir: short(m.dir), FS: short(m.fs), Root: short(m.root), Source: short(m.source), ReadOnly: m.readOnly,
			Is: short(path.Base(m.root)), Socket: true, Doubt: own || r.id == "" || !r.host.devs[m.dev],
		})
	}
}

func (r *mountReader) line(text []byte) {
	m, ok := parseMount(text)
	if !ok {
		return
	}
	r.facts.Total++
	is := r.host.dirs[place{m.dev, m.root}]
	switch {
	case m.dir == "/":
		if len(r.roots) < mostAbove {
			r.roots = append(r.roots, m)
		}
		return
	case m.dir == "/proc", m.dir == "/proc/sys", m.dir == "/sys":
		if len(r.at[m.dir]) < mostAbove {
			r.at[m.dir] = append(r.at[m.dir], m)
		}
	}
	kept := runtime.Mount{Dir: short(m.dir), FS: short(m.fs), Root: short(m.root), Source: short(m.source), ReadOnly: m.readOnly, Is: is}
	switch {
	case is != "":
		r.keep(&r.facts.Host, kept)
	case runtime.ControlSocket(m.root):
		if len(r.sockets) >= runtime.MaxMounts {
			r.facts.More = true
			return
		}
		r.sockets = append(r.sockets, m)
	case shows(m.fs) || inside(m.dir, "/proc") || inside(m.dir, "/sys"):
		r.keep(&r.facts.Kernel, kept)
	}
}

func (r *mountReader) keep(list *[]runtime.Mount, m runtime.Mount) {
	if len(*list) >= runtime.MaxMounts {
		r.facts.More = true
		return
	}
	*list = append(*list, m)
}

// shows says whether the kernel shows itself in a file system of this type.
func shows(fs string) bool {
	return slices.Contains([]string{"proc", "sysfs", "cgroup", "cgroup2", "devtmpfs", "debugfs", "tracefs", "securityfs", "bpf", "configfs", "efivarfs", "pstore"}, fs)
}

func inside(dir, of string) bool {
	_, ok := within(dir, of)
	return ok
}

// short bounds a word that a container may have made as long as it likes.
func short(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "..."
	}
	return s
}
