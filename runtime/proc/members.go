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

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/cgroup/kernfile"
)

// Target is a container whose processes are looked for.
type Target struct {
	Init int      // the host's pid of its init
	Dirs []string // payload directories that its configuration names: see cgroup.FS.Locate
}

const (
	// mostPids is how many processes are looked at, far above what a host
	// has: the kernel's own limit is 4 million (PID_MAX_LIMIT).
	mostPids = 1 << 20
	// mostDirs and deepest bound the walk through a container's cgroups, which
	// it may nest as it likes.
	mostDirs = 1 << 14
	deepest  = 64
)

// container is what a Target is found to be.
type container struct {
	fs    FS
	init  int
	home  home   // dir "" = it has no cgroup of its own
	units string // its own cgroup where systemd keeps units; "" = not known, "/" = the host's
	level int    // the place of its own pid in an NSpid line
	ids   []idRange
	// set are its processes where there is no cgroup to tell; nil = there is one.
	set map[int]bool
}

// resolve finds out where a container's processes are.
func (f FS) resolve(ctx context.Context, t Target) (*container, error) {
	c := &container{fs: f, init: t.Init}
	var r scratch
	text, err := r.whole(f.proc(t.Init, "status"), maxSmall)
	if err != nil {
		return nil, explain(fmt.Sprintf("look at init %d", t.Init), err)
	}
	s, ok := parseStatus(text)
	if !ok {
		return nil, fmt.Errorf("look at init %d: its status is not understood", t.Init)
	}
	c.level = max(0, len(s.pids)-1)
	if text, err = r.whole(f.proc(t.Init, "uid_map"), maxSmall); err == nil {
		c.ids = parseIDMap(text)
	}
	at, err := f.cgroups().Locate(t.Init, t.Dirs...)
	if err != nil && !errors.Is(err, runtime.ErrNoCgroup) {
		return nil, err
	}
	if err == nil {
		mounts, err := f.cgroups().Mounts()
		if err != nil {
			return nil, err
		}
		c.home = homeOf(mounts, at)
		if c.units = at.V1["name=systemd"]; c.units == "" {
			c.units = at.Unified
		}
	}
	if c.home.dir == "" {
		if c.set, err = f.inNamespace(ctx, t.Init); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// homeOf chooses the hierarchy in which the processes are looked for: liblxc
// puts them into the payload's directory in every one that it may write to.
func homeOf(m cgroup.Mounts, at cgroup.Location) home {
	for _, ctl := range []string{"", "pids", "freezer", "memory", "cpu", "cpuacct", "cpuset", "devices", "blkio", "name=systemd"} {
		path := at.Unified
		if ctl != "" {
			path = at.V1[ctl]
		}
		if path == "" {
			continue
		}
		dir := m.Dir(ctl, path)
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); dir != "" && err == nil {
			return home{ctl, path, dir}
		}
	}
	return home{}
}

// pids are the processes of the container, in order, and how many there are in
// all: there may be more than are given.
func (c *container) pids() (pids []int, total int, err error) {
	if c.set != nil {
		for pid := range c.set {
			pids = append(pids, pid)
		}
	} else if pids, err = c.inCgroup(); err != nil {
		return nil, 0, err
	}
	slices.Sort(pids)
	pids = slices.Compact(pids)
	total = len(pids)
	if total > runtime.MaxProcesses {
		pids = pids[:runtime.MaxProcesses]
	}
	return pids, total, nil
}

// inCgroup reads the cgroup.procs of the home and of all below it. One that
// vanishes is none; a threaded cgroup has no such file, its processes stand
// in the one above (cgroup-v2.rst).
func (c *container) inCgroup() ([]int, error) {
	type dir struct {
		path  string
		depth int
	}
	var r scratch
	var pids []int
	todo, seen := []dir{{c.home.dir, 0}}, 0
	for len(todo) > 0 && seen < mostDirs {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		seen++
		text, err := r.whole(filepath.Join(at.path, "cgroup.procs"), maxTable)
		switch {
		case err == nil:
			pids = appendPids(pids, text)
		case at.depth == 0 && !errors.Is(err, unix.EOPNOTSUPP):
			return nil, explain("list the processes of "+c.home.path, err)
		}
		var st unix.Stat_t
		if unix.Stat(at.path, &st) == nil && st.Nlink == 2 || at.depth == deepest {
			continue // no directory below
		}
		list, err := os.ReadDir(at.path)
		if err != nil {
			continue
		}
		for _, d := range list {
			if d.IsDir() {
				todo = append(todo, dir{filepath.Join(at.path, d.Name()), at.depth + 1})
			}
		}
	}
	return pids, nil
}

func appendPids(pids []int, text []byte) []int {
	for len(text) > 0 && len(pids) < mostPids {
		var l []byte
		l, text = kernfile.Line(text)
		// 0 stands for a process of another pid namespace.
		if pid, ok := number(bytes.TrimSpace(l)); ok && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// inNamespace finds the processes of a container that has no cgroup of its own:
// those in its init's pid namespace, where that is not ours, and all that
// descend from the init. An orphan becomes the init's child
// (pid_namespaces(7)), so that descent finds all that were not attached.
func (f FS) inNamespace(ctx context.Context, init int) (map[int]bool, error) {
	all, err := f.allPids()
	if err != nil {
		return nil, err
	}
	space := f.namespace(init, "pid")
	if own, err := os.Readlink(f.path("proc/self/ns/pid")); err != nil || own == space {
		space = ""
	}
	set, children := map[int]bool{init: true}, map[int][]int{}
	var r scratch
	for i, pid := range all {
		if i%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if space != "" && f.namespace(pid, "pid") == space {
			set[pid] = true
		}
		text, err := r.whole(f.proc(pid, "stat"), maxSmall)
		var p runtime.Process
		if err == nil && parseStat(text, &p) {
			children[p.PPID] = append(children[p.PPID], pid)
		}
	}
	todo := make([]int, 0, len(set))
	for pid := range set {
		todo = append(todo, pid)
	}
	for len(todo) > 0 {
		pid := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, child := range children[pid] {
			if !set[child] {
				set[child] = true
				todo = append(todo, child)
			}
		}
	}
	return set, nil
}

// holds says whether a process is the container's, by the text of its cgroup
// file, and where below the container's cgroups it is.
func (c *container) holds(pid int, text []byte) (at, unit string, ok bool) {
	path, units := c.home.cgroupsOf(text)
	if c.set != nil {
		if c.units == "/" {
			at, unit = units, unitOf(units)
		}
		return at, unit, c.set[pid]
	}
	at, ok = below(path, c.home.path)
	if rest, in := below(units, c.units); in {
		unit = unitOf(rest)
	}
	return at, unit, ok
}

// String names a container in errors.
func (c *container) String() string { return "the container of init " + strconv.Itoa(c.init) }
