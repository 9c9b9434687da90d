package lxc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A config that names something is not the only sign of use: what has one of these is
// no orphan, whatever the configs say.

// maxUses is how many links of /proc are read.
const maxUses = 1 << 18

// procUse is a directory or file that a process uses.
type procUse struct {
	path string
	who  string // "process 17 (sh)"
}

// signs are what this host does with paths, read once for a survey, when it is needed.
type signs struct {
	read  bool
	uses  []procUse // ordered by path
	table []string  // paths that fstab(5) and exports(5) name
	why   string    // not all could be read
}

// of says who uses something, or what is in it; "" = nobody is seen to.
func (g *signs) of(real string) string {
	if !g.read {
		g.read = true
		g.processes()
		slices.SortFunc(g.uses, func(a, b procUse) int { return strings.Compare(a.path, b.path) })
		for _, path := range []string{"/etc/fstab", "/etc/exports"} {
			g.named(path)
		}
	}
	i, _ := slices.BinarySearchFunc(g.uses, real, func(u procUse, path string) int { return strings.Compare(u.path, path) })
	for ; i < len(g.uses) && strings.HasPrefix(g.uses[i].path, real); i++ {
		if encloses(real, g.uses[i].path) {
			return g.uses[i].who + " uses it, or what is in it"
		}
	}
	if slices.ContainsFunc(g.table, func(path string) bool { return encloses(real, path) }) {
		return "/etc/fstab or /etc/exports names it, or what is in it"
	}
	return g.why
}

// processes reads what the processes work in, run and have open. Those in containers
// see their root as "/": they are known by the sockets of their monitors.
func (g *signs) processes() {
	own, left := strconv.Itoa(os.Getpid()), maxUses
	for _, pid := range namesIn("/proc", maxUses) {
		if pid[0] < '1' || pid[0] > '9' || pid == own {
			continue
		}
		dir, who := "/proc/"+pid, ""
		links := []string{"cwd", "root", "exe"}
		for _, fd := range namesIn(dir+"/fd", maxUses) {
			links = append(links, "fd/"+fd)
		}
		for _, link := range links {
			if left--; left < 0 {
				g.why = "the processes of this host have too much open to look at it all"
				return
			}
			path, err := os.Readlink(dir + "/" + link)
			if err != nil || !strings.HasPrefix(path, "/") || path == "/" {
				continue
			}
			if who == "" {
				comm, _ := os.ReadFile(dir + "/comm") // it may have ended
				who = fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(comm)))
			}
			g.uses = append(g.uses, procUse{strings.TrimSuffix(path, " (deleted)"), who})
		}
	}
}

// named takes the paths out of one of the host's tables.
func (g *signs) named(path string) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		g.why = fmt.Sprintf("%s could not be read: %v", path, bare(err))
		return
	}
	c := newSpaceConf()
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if err := c.name(line); err != nil {
			g.why = fmt.Sprintf("%s: %v", path, err)
			return
		}
	}
	for _, name := range c.names {
		real, err := realPath(name)
		if err != nil {
			real = filepath.Clean(name)
		}
		g.table = append(g.table, real)
	}
}

// containersIn names the containers that lie in a directory which is none itself: who uses it
// as an lxcpath of its own keeps them there. It looks two levels down, and neither into
// a root nor among snapshots, which have configs too.
func containersIn(path string) string {
	const levels, most = 2, 2000
	found, looked, all := []string{path}, 0, []string(nil)
	for range levels {
		var below []string
		for _, dir := range found {
			for _, name := range namesIn(dir, most) {
				if looked++; looked > most {
					return "it holds too much to see whether there are containers in it"
				}
				inner := filepath.Join(dir, name)
				var st unix.Stat_t
				if name == "rootfs" || name == "snaps" || lstat(inner, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
					continue
				}
				below = append(below, inner)
				if lstat(filepath.Join(inner, "config"), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG {
					rel, _ := filepath.Rel(path, inner)
					all = append(all, rel)
				}
			}
		}
		found = below
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("it holds what may be a container (%s): somebody may use it as an lxcpath", all[0])
	default:
		return fmt.Sprintf("it holds what may be containers (%s and %d more): somebody may use it as an lxcpath", all[0], len(all)-1)
	}
}

// namesIn are the names in a directory, which is no link; none where it cannot be read.
func namesIn(path string, most int) []string {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	names, err := f.Readdirnames(most + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	slices.Sort(names)
	return names
}
