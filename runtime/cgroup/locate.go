package cgroup

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Location is where a container's payload cgroup is in each hierarchy: paths
// as in /proc/PID/cgroup, cut back to the payload directory. A hierarchy in
// which the container has no cgroup of its own holds "".
type Location struct {
	Unified string            // cgroup v2
	V1      map[string]string // by controller; a key with "" = bound to v1, but no cgroup of its own
}

// Any is one of the paths, for humans: the unified one where there is one.
func (l Location) Any() string {
	if l.Unified != "" {
		return l.Unified
	}
	for _, ctl := range []string{"memory", "cpuacct", "cpu", "pids", "blkio", "freezer", "cpuset"} {
		if p := l.V1[ctl]; p != "" {
			return p
		}
	}
	return ""
}

// What liblxc calls the directories it makes (lxc/src/lxc/cgroups/cgroup.h).
const payloadPrefix = "lxc.payload."

// Locate finds the payload cgroup of the container whose init is pid.
//
// dirs are payload directories that the container's configuration names
// (lxc.cgroup.dir.container; lxc.cgroup.dir/lxc.payload.NAME; with
// lxc.cgroup.pattern the pattern's directory followed by payload). They may
// stand anywhere in the path, as lxc.cgroup.relative puts them below the
// starter's own cgroup, and may carry the -N with which liblxc avoids an
// existing directory. Without a match the path is cut at lxc.payload.*.
//
// The error wraps runtime.ErrNotFound when there is no such process,
// runtime.ErrPermission when it may not be looked at, and runtime.ErrNoCgroup
// when no hierarchy has a payload directory for it.
func (f FS) Locate(pid int, dirs ...string) (Location, error) {
	return f.locate(pid, f.ownCgroup(), dirs)
}

func (f FS) locate(pid int, own []byte, dirs []string) (Location, error) {
	if pid <= 0 {
		return Location{}, fmt.Errorf("look at process %d: %w", pid, runtime.ErrNotFound)
	}
	// One file read at once is one process's: nothing must be held fast.
	proc := process{pid: pid, files: place{unix.AT_FDCWD, f.procDir(pid) + "/"}}
	return proc.locate(own, dirs)
}

// ownCgroup is /proc/self/cgroup; nil when it cannot be read. Our own place
// matters where lxcdeck runs in a container without a cgroup namespace: the
// outer container's payload directory is not its inner ones'.
func (f FS) ownCgroup() []byte {
	own, err := readText(f.path("proc/self/cgroup"))
	if err != nil {
		return nil
	}
	return own
}

// locate cuts the process's own paths; own is our ownCgroup.
func (p *process) locate(own []byte, dirs []string) (Location, error) {
	text, err := p.text("cgroup")
	if err != nil {
		return Location{}, err
	}
	loc := locate(text, own, dirs)
	if loc.Any() == "" {
		return loc, fmt.Errorf("process %d is in no payload cgroup: %w", p.pid, runtime.ErrNoCgroup)
	}
	return loc, nil
}

// locate cuts every line of a /proc/PID/cgroup (cgroups(7)); own is the same
// file of this process.
func locate(text, own []byte, dirs []string) Location {
	ours := map[string]string{}
	eachHierarchy(own, func(controllers, path string) { ours[controllers] = path })
	loc := Location{V1: map[string]string{}}
	eachHierarchy(text, func(controllers, path string) {
		payload := cutPayload(path, ours[controllers], dirs)
		if controllers == "" {
			loc.Unified = payload
			return
		}
		for ctl := range strings.SplitSeq(controllers, ",") {
			loc.V1[ctl] = payload
		}
	})
	return loc
}

func eachHierarchy(text []byte, visit func(controllers, path string)) {
	for line := range strings.Lines(string(text)) {
		id, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, path, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 || (controllers == "" && id != "0") || climbs(path) {
			continue
		}
		visit(controllers, path)
	}
}

// cutPayload cuts a cgroup path back to the payload directory; "" = there is
// none. What systemd and attach add below it (init.scope, .lxc, .inner) goes,
// lxc.pivot and scopes above it stay. The outermost payload directory counts:
// what a container makes inside itself cannot hide its figures. own is the
// path of this process: a payload directory that we are in ourselves is not
// that of a container we started.
func cutPayload(path, own string, dirs []string) string {
	for _, dir := range dirs {
		if at := cutAt(path, dir); at != "" {
			return at
		}
	}
	start := 0
	if mine := firstPayload(own, 0); mine != "" {
		if rest, ok := under(path, mine); ok {
			start = len(path) - len(rest)
		}
	}
	return firstPayload(path, start)
}

// firstPayload cuts path after the first payload component at or after start.
func firstPayload(path string, start int) string {
	for end := start; end < len(path); {
		next := strings.IndexByte(path[end+1:], '/')
		stop := len(path)
		if next >= 0 {
			stop = end + 1 + next
		}
		if name := path[end+1 : stop]; strings.HasPrefix(name, payloadPrefix) && len(name) > len(payloadPrefix) {
			return path[:stop]
		}
		end = stop
	}
	return ""
}

// cutAt cuts path after the configured directory dir, or dir-N.
func cutAt(path, dir string) string {
	want := filepath.Clean("/" + dir)
	if want == "/" {
		return ""
	}
	for from := 0; ; {
		i := strings.Index(path[from:], want)
		if i < 0 {
			return ""
		}
		end := from + i + len(want)
		if n := retrySuffix(path[end:]); n >= 0 {
			return path[:end+n]
		}
		from += i + 1
	}
}

// retrySuffix measures the "-N" at the start of s: 0 when s begins the next
// component or is empty, -1 when something else follows.
func retrySuffix(s string) int {
	if s == "" || s[0] == '/' {
		return 0
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if s[0] != '-' || n == 1 || (n < len(s) && s[n] != '/') {
		return -1
	}
	return n
}

// belongs says whether a payload directory can be that of the container of
// this name. liblxc names it lxc.payload.NAME[-N], or as configured.
func belongs(payload, name string, dirs []string) bool {
	for _, dir := range dirs {
		if cutAt(payload, dir) == payload {
			return true
		}
	}
	base, ok := strings.CutPrefix(filepath.Base(payload), payloadPrefix+name)
	return ok && retrySuffix(base) >= 0 && !strings.Contains(base, "/")
}
