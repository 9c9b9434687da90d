package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// scan finds what was not announced: one directory read a lxcpath, one look
// at the command sockets, one read a container of the v1 freezer.
func (w *watcher) scan() {
	w.inotify.lost = nil
	w.openInotify()
	for _, path := range w.a.about.Paths {
		w.watchDir(watchedDir{kind: pathDir, path: path, ref: runtime.Ref{Path: path}})
		w.scanPath(path)
	}
	w.watchCgroups()
	if w.lastSockets.IsZero() || w.lost {
		w.watchSlices() // later ones are announced
	}
	w.scanSockets()
	w.scanRunning()
	w.scanConfigs()
	w.health()
	pause := scanTime
	if w.lost {
		pause = lostScanTime
	}
	w.nextScan = time.Now().Add(pause)
}

// scanPath compares the names in a lxcpath with those that are known. One
// that cannot be read has none; that is List's to report.
func (w *watcher) scanPath(path string) {
	entries, _ := os.ReadDir(path)
	known, first := w.names[path], w.names[path] == nil
	if first {
		w.names[path] = map[string]bool{}
	}
	here := make(map[string]bool, len(entries))
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || (!e.IsDir() && e.Type()&os.ModeSymlink == 0) {
			continue
		}
		here[name] = true
		ref := runtime.Ref{Path: path, Name: name}
		if !known[name] && !first {
			w.say(runtime.Inventory, ref, nil)
		}
		w.appeared(ref)
	}
	for name := range known {
		if !here[name] {
			ref := runtime.Ref{Path: path, Name: name}
			w.vanished(ref)
			w.say(runtime.Inventory, ref, nil)
		}
	}
}

// watchCgroups watches where root's payloads are made: the root of cgroup v2
// and of one v1 hierarchy. Places of other payloads are added as they are seen.
func (w *watcher) watchCgroups() {
	mounts, err := w.a.cgroups.Mounts()
	if err != nil {
		return
	}
	watch := func(list []cgroup.Mount) bool {
		for _, m := range list {
			w.watchDir(watchedDir{kind: cgroupDir, path: m.Dir})
		}
		return len(list) > 0
	}
	watch(mounts.Unified)
	for _, ctl := range []string{"freezer", "memory", "pids", "cpuacct", "cpuset", "name=systemd"} {
		if watch(mounts.V1[ctl]) {
			return
		}
	}
}

// maxSlices is how many cgroup directories of users are watched; a session
// has about ten.
const maxSlices = 512

// watchSlices watches the cgroups of users, in any of which a user's
// container may come up: our own, or everybody's where root looks at a
// lxcpath of somebody else.
func (w *watcher) watchSlices() {
	slice := "user.slice"
	if uid := w.a.about.UID; uid != 0 {
		slice = fmt.Sprintf("user.slice/user-%d.slice", uid)
	} else if !w.foreignPaths() {
		return
	}
	mounts, err := w.a.cgroups.Mounts()
	if err != nil {
		return
	}
	for _, m := range append(slices.Clone(mounts.Unified), mounts.V1["name=systemd"]...) {
		w.watchSlice(filepath.Join(m.Dir, slice))
	}
}

func (w *watcher) foreignPaths() bool {
	for _, path := range w.a.about.Paths {
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil && st.Uid != 0 {
			return true
		}
	}
	return false
}

// watchSlice watches a directory of users' cgroups and all below it but the
// insides of containers.
func (w *watcher) watchSlice(dir string) {
	if strings.HasPrefix(filepath.Base(dir), payloadPrefix) || len(w.inotify.wds)-w.dirCount() >= maxSlices {
		return
	}
	w.watchDir(watchedDir{kind: sliceDir, path: dir})
	if _, watched := w.inotify.wds[dir]; !watched {
		return
	}
	// After the watch: what is made from now on is announced.
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if strings.HasPrefix(e.Name(), payloadPrefix) {
			w.lookAtSockets(0)
		}
		w.watchSlice(filepath.Join(dir, e.Name()))
	}
}

// dirCount is how many directories of containers there are to watch.
func (w *watcher) dirCount() int {
	n := 0
	for _, names := range w.names {
		n += len(names)
	}
	return n
}

// lookAtSockets asks for a look at the command sockets soon.
func (w *watcher) lookAtSockets(after time.Duration) {
	at := time.Now().Add(after)
	pause := socketPause
	if w.a.works() > 0 {
		pause = workPause
	}
	if soonest := w.lastSockets.Add(pause); at.Before(soonest) {
		at = soonest
	}
	if w.nextSockets.IsZero() || at.Before(w.nextSockets) {
		w.nextSockets = at
	}
}

// scanSockets compares the containers that have a command socket, and so a
// monitor, with those that are known to run.
func (w *watcher) scanSockets() {
	w.nextSockets = time.Time{}
	first := w.lastSockets.IsZero()
	w.lastSockets = time.Now()
	if w.sockets == nil {
		w.sockets = map[string]runtime.Ref{}
		for path, names := range w.names {
			for name := range names {
				ref := runtime.Ref{Path: path, Name: name}
				w.sockets[socketName(ref)] = ref
			}
		}
	}
	here := make(map[runtime.Ref]bool, len(w.active))
	if err := w.unix.each(func(name, _ []byte) {
		if ref, ok := w.sockets[string(name)]; ok {
			here[ref] = true
		}
	}); err != nil {
		return
	}
	for ref := range here {
		if w.running[ref] == nil {
			w.settle(ref, first)
		}
	}
	for ref := range w.active {
		if !here[ref] {
			w.settle(ref, false)
		}
	}
	w.active = here
}

// scanRunning reads what the kernel does not announce.
func (w *watcher) scanRunning() {
	for _, t := range w.running {
		if t.v1 >= 0 {
			state, err := preadString(t.v1)
			if err == nil && state != t.state {
				t.state = state
				w.say(runtime.Changed, t.ref, nil)
			}
		}
	}
}

// scanConfigs looks at the configs whose directories could not be watched.
func (w *watcher) scanConfigs() {
	if w.inotify.lost == nil {
		return
	}
	for path, names := range w.names {
		for name := range names {
			ref := runtime.Ref{Path: path, Name: name}
			dir := filepath.Join(path, name)
			if _, watched := w.inotify.wds[dir]; watched {
				continue
			}
			var st unix.Stat_t
			var id fileID
			if unix.Lstat(filepath.Join(dir, "config"), &st) == nil {
				id = idOf("", &st)
			}
			before, known := w.configs[ref]
			w.configs[ref] = id
			if known && before != id {
				w.say(runtime.Edited, ref, nil)
			}
		}
	}
}

// killLine is the oom_kill line of memory.events (cgroup-v2.rst).
func killLine(text string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "oom_kill ") {
			return line
		}
	}
	return ""
}

// seqSize is what the kernel gives of such a file with one read at most (seq_file.c).
const seqSize = 4 << 10

// unixSockets reads the names of abstract sockets.
type unixSockets struct {
	file *os.File
	buf  []byte
}

// each visits the command sockets in the kernel's list, in the spelling of
// socketName, with the fields before the name. thread-self and not self: that is the main thread, which says
// nothing of this one's network namespace.
func (u *unixSockets) each(visit func(name, fields []byte)) error {
	if u.file == nil {
		f, err := os.Open("/proc/thread-self/net/unix")
		if err != nil {
			return err
		}
		u.file = f
	}
	u.buf = u.buf[:0]
	for off := int64(0); ; {
		if cap(u.buf)-len(u.buf) < seqSize {
			u.buf = append(make([]byte, 0, 2*cap(u.buf)+2*seqSize), u.buf...)
		}
		n, err := unix.Pread(int(u.file.Fd()), u.buf[len(u.buf):cap(u.buf)], off)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		u.buf = u.buf[:len(u.buf)+n]
		off += int64(n)
		rest := visitSockets(u.buf, n == 0, visit)
		u.buf = u.buf[:copy(u.buf, rest)]
		if n == 0 {
			return nil
		}
	}
}

// visitSockets visits the whole lines of a part of the list, all where it is the last,
// and gives what is left.
func visitSockets(part []byte, last bool, visit func(name, fields []byte)) (rest []byte) {
	suffix := []byte("/command")
	for len(part) > 0 {
		line := part
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			line, part = part[:i], part[i+1:]
		} else if !last {
			return part
		} else {
			part = nil
		}
		// Num RefCount Protocol Flags Type St Inode Path
		if i := bytes.IndexByte(line, '@'); i >= 0 && bytes.HasSuffix(line, suffix) {
			visit(line[i:], line[:i])
		}
	}
	return nil
}

func (u *unixSockets) close() {
	if u.file != nil {
		u.file.Close()
	}
}
