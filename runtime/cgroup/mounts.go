package cgroup

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Mount is one place where a cgroup hierarchy can be seen.
type Mount struct {
	Dir  string // directory, FS.Root included
	Root string // which cgroup of the hierarchy stands there; "/" is all of it
}

// Mounts are the cgroup hierarchies of this mount namespace. A hierarchy may
// be mounted several times, showing different parts of itself.
type Mounts struct {
	Unified []Mount            // cgroup v2
	V1      map[string][]Mount // by controller; those mounted together share their Mounts

	pidsForks bool // v2 counts refused forks where they were asked for, by the mount option pids_localevents
}

// Mounts reads /proc/self/mountinfo (proc_pid_mountinfo(5)).
func (f FS) Mounts() (Mounts, error) {
	text, err := readText(f.path("proc/self/mountinfo"))
	if err != nil {
		return Mounts{}, fmt.Errorf("find the cgroup mounts: %w", err)
	}
	m := parseMounts(text, f.path())
	if len(m.Unified) == 0 && len(m.V1) == 0 {
		return m, fmt.Errorf("find the cgroup mounts: none in %s", f.path("proc/self/mountinfo"))
	}
	return m, nil
}

// parseMounts keeps what it understands; a garbled line concerns no other.
func parseMounts(text []byte, fsRoot string) Mounts {
	m := Mounts{V1: map[string][]Mount{}}
	for line := range bytes.Lines(text) {
		left, right, ok := strings.Cut(string(bytes.TrimSpace(line)), " - ")
		fields, tail := strings.Fields(left), strings.Fields(right)
		if !ok || len(fields) < 6 || len(tail) < 1 {
			continue
		}
		root, dir := unescape(fields[3]), unescape(fields[4])
		if !filepath.IsAbs(root) || !filepath.IsAbs(dir) {
			continue
		}
		at := Mount{Dir: filepath.Join(fsRoot, dir), Root: root}
		switch {
		case tail[0] == "cgroup2":
			m.Unified = append(m.Unified, at)
			// The options are the hierarchy's, whichever mount they stand at.
			m.pidsForks = m.pidsForks || len(tail) >= 3 && slices.Contains(strings.Split(tail[2], ","), "pids_localevents")
		case tail[0] == "cgroup" && len(tail) >= 3:
			for option := range strings.SplitSeq(tail[2], ",") {
				m.V1[option] = append(m.V1[option], at)
			}
		}
	}
	return m
}

// unescape undoes the octal escapes of mountinfo: \040 is a space.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Dir gives the directory of a cgroup by its path in the hierarchy of a v1
// controller, or in the unified one for ""; "" when no mount shows it.
func (m Mounts) Dir(controller, path string) string {
	if controller == "" {
		return find(m.Unified, path)
	}
	return find(m.V1[controller], path)
}

// find gives the directory of a cgroup by its path in the hierarchy, "" when
// no mount shows it. Mounts of a part of the hierarchy (containers, bind
// mounts) show what is below their root only.
func find(mounts []Mount, path string) string {
	for _, m := range mounts {
		if below, ok := under(path, m.Root); ok {
			return filepath.Join(m.Dir, below)
		}
	}
	return ""
}

// under gives what of path is below root. Paths that lead up ("/../x": what
// another cgroup namespace shows) are below nothing.
func under(path, root string) (string, bool) {
	if climbs(path) || climbs(root) {
		return "", false
	}
	if root == "/" {
		return path, true
	}
	rest, ok := strings.CutPrefix(path, root)
	return rest, ok && (rest == "" || rest[0] == '/')
}

func climbs(path string) bool {
	return !strings.HasPrefix(path, "/") || strings.Contains(path+"/", "/../")
}
