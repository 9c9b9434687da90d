package proc

import (
	"bytes"
	"encoding/binary"
	"strings"
)

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// home is where a container's processes are: a cgroup and all below it in one
// hierarchy.
type home struct {
	controllers string // of the hierarchy as /proc/PID/cgroup names it; "" = v2
	path        string // in there
	dir         string // where it is mounted; "" = nowhere
}

// cgroupsOf reads /proc/PID/cgroup (cgroups(7)): the path in the home's
// hierarchy, and that in which systemd keeps its units: the unified one, or on
// v1 the one it has named.
func (h *home) cgroupsOf(text []byte) (path, units string) {
	for line := range bytes.Lines(text) {
		id, rest, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), ":")
		controllers, at, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 || controllers == "" && id != "0" {
			continue
		}
		if h.is(controllers) {
			path = at
		}
		if controllers == "name=systemd" || controllers == "" && units == "" {
			units = at
		}
	}
	return path, units
}

// is says whether a list of controllers is that of the home's hierarchy.
func (h *home) is(controllers string) bool {
	if controllers == h.controllers {
		return true
	}
	if h.controllers == "" {
		return false
	}
	for ctl := range strings.SplitSeq(controllers, ",") {
		if ctl == h.controllers {
			return true
		}
	}
	return false
}

// below gives what of a path is below root; ok is false when it is elsewhere.
// Paths that lead up are what another cgroup namespace shows: below nothing.
func below(path, root string) (rest string, ok bool) {
	if strings.Contains(path+"/", "/../") {
		return "", false
	}
	rest, ok = strings.CutPrefix(path, root)
	return rest, ok && root != "" && root != "/" && (rest == "" || rest[0] == '/')
}

// unitOf is systemd's unit of a cgroup path: the innermost component that has
// the form of one (systemd.unit(5)), slices left out. An underscore before it
// keeps it apart from the kernel's own files.
func unitOf(path string) string {
	unit := ""
	for part := range strings.SplitSeq(path, "/") {
		part = strings.TrimPrefix(part, "_")
		if i := strings.LastIndexByte(part, '.'); i > 0 && len(part) <= maxUnit {
			switch part[i+1:] {
			case "service", "scope", "socket", "mount", "swap":
				unit = part
			}
		}
	}
	return unit
}

// maxUnit is how long a unit's name may be (systemd.unit(5)).
const maxUnit = 256
