package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// Payload is a payload directory of liblxc, whoever owns it.
type Payload struct {
	// Name is what follows lxc.payload. in the directory's name: the
	// container's, with -N behind it where liblxc had to avoid an existing
	// directory. Foreign text.
	Name string
	// Cgroup is its path below the mount, for humans. Foreign text.
	Cgroup string
	dir    string
}

// Bounds of a deep look, far above what systemd makes: a hostile user may
// nest cgroups without end.
const (
	deepest = 12
	most    = 1 << 14
)

// ListPayloads finds the lxc.payload* directories of the unified hierarchy and
// of one v1 hierarchy, without looking into them; a payload seen in both
// counts once. Shallow, it reads the hierarchies' roots only (about 50 us for
// each): where root's containers are. Deep, it walks all cgroups that are in
// no payload, and finds those of users' sessions, of lxc.cgroup.dir and of
// lxc.cgroup.relative. Directories that cannot be read are passed over.
//
// A payload that no process is in is stale: see PayloadInit.
func (f FS) ListPayloads(deep bool) ([]Payload, error) {
	mounts, err := f.Mounts()
	if err != nil {
		return nil, err
	}
	w := walk{deep: deep, seen: map[string]bool{}, left: most}
	for _, at := range w.roots(mounts) {
		w.base = at.Dir
		if err := w.visit("", 0); err != nil {
			return nil, fmt.Errorf("list the payload cgroups: %w", err)
		}
	}
	slices.SortFunc(w.found, func(a, b Payload) int {
		return strings.Compare(a.Name+"\x00"+a.Cgroup, b.Name+"\x00"+b.Cgroup)
	})
	return w.found, nil
}

type walk struct {
	deep  bool
	base  string
	seen  map[string]bool
	left  int // directories that may still be read
	found []Payload
}

// roots picks the mounts to look at. liblxc makes the payload directory in
// every hierarchy it may write to; the freezer is the one it needs most.
func (w *walk) roots(m Mounts) []Mount {
	var at []Mount
	if len(m.Unified) > 0 {
		at = append(at, m.Unified[0])
	}
	for _, ctl := range []string{"freezer", "memory", "pids", "cpu", "cpuacct", "blkio", "devices", "name=systemd"} {
		if v1 := m.V1[ctl]; len(v1) > 0 {
			return append(at, v1[0])
		}
	}
	return at
}

// visit reads one directory; only that of the root must be readable.
func (w *walk) visit(path string, depth int) error {
	if w.left--; w.left < 0 {
		return nil
	}
	list, err := os.ReadDir(filepath.Join(w.base, path))
	if err != nil {
		if depth > 0 {
			return nil
		}
		return err
	}
	for _, d := range list {
		if !d.IsDir() {
			continue
		}
		below := path + "/" + d.Name()
		if name, ok := strings.CutPrefix(d.Name(), payloadPrefix); ok && name != "" {
			if !w.seen[below] {
				w.seen[below] = true
				w.found = append(w.found, Payload{Name: name, Cgroup: below, dir: filepath.Join(w.base, below)})
			}
			continue
		}
		if w.deep && depth < deepest {
			if err := w.visit(below, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// manyProcs bounds how many processes of a payload are asked for their pid
// inside; the init is among the first unless pids wrapped around.
const manyProcs = 256

// PayloadInit gives the host pid of a payload's init: the process that is 1 in
// its pid namespace, and in the outermost one of several (NSpid in
// /proc/PID/status, proc_pid_status(5)). Where there is none, as in a container
// that shares a pid namespace, it is the first process. It looks at the payload
// directory and at what systemd, attach and lxc.cgroup.dir.container.inner make
// below it. The error wraps runtime.ErrNotFound when no process is there.
func (f FS) PayloadInit(p Payload) (int, error) {
	pids, err := payloadPids(p.dir)
	if err != nil {
		return 0, fmt.Errorf("look for the init of %s: %w", p.Cgroup, err)
	}
	best, depth := 0, 0
	for i, pid := range pids {
		if i >= manyProcs {
			break
		}
		text, err := readText(filepath.Join(f.procDir(pid), "status"))
		if err != nil {
			continue // it ended since
		}
		if inner, levels := nsPid(text); inner == 1 && (best == 0 || levels < depth) {
			best, depth = pid, levels
		}
	}
	if best == 0 {
		if len(pids) == 0 {
			return 0, fmt.Errorf("look for the init of %s: no process there: %w", p.Cgroup, runtime.ErrNotFound)
		}
		best = pids[0]
	}
	return best, nil
}

// payloadPids lists the processes of a directory and, where it is shared out
// (systemd moves itself to init.scope), of the directories right below it.
func payloadPids(dir string) ([]int, error) {
	text, err := readText(filepath.Join(dir, "cgroup.procs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, explain("read cgroup.procs", err)
	}
	pids := parsePids(text, nil)
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, explain("read its directory", err)
	}
	for _, d := range list {
		if d.IsDir() && len(pids) < manyProcs {
			if text, err := readText(filepath.Join(dir, d.Name(), "cgroup.procs")); err == nil {
				pids = parsePids(text, pids)
			}
		}
	}
	return pids, nil
}

func parsePids(text []byte, pids []int) []int {
	for l := range bytes.Lines(text) {
		// 0 stands for a process of another pid namespace.
		if pid, err := strconv.ParseInt(string(bytes.TrimSpace(l)), 10, 32); err == nil && pid > 0 {
			pids = append(pids, int(pid))
		}
	}
	return pids
}

// nsPid gives a process's innermost pid and in how many namespaces it has one.
func nsPid(status []byte) (inner, levels int) {
	for l := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(l, []byte("NSpid:"))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest)
		if len(fields) == 0 {
			return 0, 0
		}
		n, err := strconv.ParseInt(string(fields[len(fields)-1]), 10, 32)
		if err != nil {
			return 0, 0
		}
		return int(n), len(fields)
	}
	return 0, 0
}
