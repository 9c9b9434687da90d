package lxc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// What is watched of a directory (inotify(7)). A directory has one watch,
// however many names lead to it, so lxcpaths and containers share one mask.
const (
	dirMask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE |
		unix.IN_MOVE_SELF | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK
	cgroupMask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_ONLYDIR
	inotifyBuf = 64 << 10
)

// Kinds of watched directories.
type dirKind uint8

const (
	pathDir      dirKind = iota // a lxcpath
	containerDir                // a container's directory
	cgroupDir                   // where payload cgroups are made
	sliceDir                    // the same, and what is made in it is watched too
)

// watchedDir is one name of a directory that is watched.
type watchedDir struct {
	kind dirKind
	path string
	ref  runtime.Ref // of a containerDir; its Path also of a pathDir
}

// inotify is the watch on directories.
type inotify struct {
	fd     int // -1 = none
	source *source
	lost   error // why some directory could not be watched
	dirs   map[int][]watchedDir
	wds    map[string]int
	buf    []byte
}

// openInotify makes the descriptor if there is none.
func (w *watcher) openInotify() {
	in := &w.inotify
	if in.fd >= 0 {
		return
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		in.lost = fmt.Errorf("inotify: %w%s", err, inotifyHelp(err))
		return
	}
	s, err := w.add(fd, unix.EPOLLIN, func(uint32) { w.readInotify() })
	if err != nil {
		_ = unix.Close(fd)
		in.lost = err
		return
	}
	in.fd, in.source = fd, s
	in.dirs, in.wds, in.buf = map[int][]watchedDir{}, map[string]int{}, make([]byte, inotifyBuf)
}

// inotifyHelp names the limit that was hit.
func inotifyHelp(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return " (fs.inotify.max_user_watches is used up)"
	case errors.Is(err, unix.EMFILE):
		return " (fs.inotify.max_user_instances is used up)"
	default:
		return ""
	}
}

// watchDir watches a directory unless it is watched already. A directory that
// is not there, or not ours to look at, is passed over; anything else is a
// lost source, which ends the attempts of this scan.
func (w *watcher) watchDir(d watchedDir) {
	in := &w.inotify
	if _, known := in.wds[d.path]; known || in.fd < 0 || in.lost != nil {
		return
	}
	mask := uint32(dirMask)
	if d.kind == cgroupDir || d.kind == sliceDir {
		mask = cgroupMask
	}
	wd, err := unix.InotifyAddWatch(in.fd, d.path, mask)
	switch {
	case err == nil:
		in.wds[d.path] = wd
		in.dirs[wd] = append(in.dirs[wd], d)
		delete(w.configs, d.ref)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EACCES):
	default:
		in.lost = fmt.Errorf("inotify on %s: %w%s", d.path, err, inotifyHelp(err))
	}
}

// unwatch ends the watch of one name of a directory.
func (w *watcher) unwatch(path string) {
	in := &w.inotify
	wd, known := in.wds[path]
	if !known {
		return
	}
	delete(in.wds, path)
	kept := in.dirs[wd][:0]
	for _, d := range in.dirs[wd] {
		if d.path != path {
			kept = append(kept, d)
		}
	}
	in.dirs[wd] = kept
	if len(kept) == 0 {
		// EINVAL: the kernel was first, the directory is gone.
		_, _ = unix.InotifyRmWatch(in.fd, uint32(wd))
		delete(in.dirs, wd)
	}
}

// readInotify takes all waiting events.
func (w *watcher) readInotify() {
	in := &w.inotify
	for {
		n, err := unix.Read(in.fd, in.buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n < unix.SizeofInotifyEvent {
			return
		}
		for b := in.buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
			wd := int(int32(binary.NativeEndian.Uint32(b[0:])))
			mask := binary.NativeEndian.Uint32(b[4:])
			end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
			if end > len(b) {
				break
			}
			name, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:end], []byte{0})
			w.inotifyEvent(wd, mask, string(name))
			b = b[end:]
		}
	}
}

func (w *watcher) inotifyEvent(wd int, mask uint32, name string) {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		// Events were lost: a scan now finds what they were about.
		for path := range w.names {
			w.say(runtime.Inventory, runtime.Ref{Path: path}, nil)
		}
		w.nextScan = time.Time{}
		return
	}
	if mask&(unix.IN_IGNORED|unix.IN_MOVE_SELF) != 0 {
		for _, d := range append([]watchedDir(nil), w.inotify.dirs[wd]...) {
			w.unwatch(d.path)
			if d.kind == pathDir {
				w.nextScan = time.Time{}
			}
		}
		return
	}
	for _, d := range append([]watchedDir(nil), w.inotify.dirs[wd]...) {
		switch d.kind {
		case pathDir:
			w.pathEvent(d, mask, name)
		case containerDir:
			w.configEvent(d, mask, name)
		case cgroupDir, sliceDir:
			if mask&unix.IN_ISDIR == 0 {
				continue
			}
			w.cgroupEvent(name)
			if d.kind == sliceDir && mask&unix.IN_CREATE != 0 {
				w.watchSlice(filepath.Join(d.path, name))
			}
		}
	}
}

// pathEvent is for what happens in a lxcpath.
func (w *watcher) pathEvent(d watchedDir, mask uint32, name string) {
	if name == "" || strings.HasPrefix(name, ".") || mask&unix.IN_CLOSE_WRITE != 0 {
		return
	}
	ref := runtime.Ref{Path: d.ref.Path, Name: name}
	if mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 {
		w.appeared(ref)
	} else {
		w.vanished(ref)
	}
	w.say(runtime.Inventory, ref, nil)
}

// configEvent is for what happens in a container's directory. The file
// "partial" stands there while liblxc creates the container.
func (w *watcher) configEvent(d watchedDir, mask uint32, name string) {
	if name != "config" && name != "partial" {
		return
	}
	if mask&(unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVED_FROM) != 0 {
		w.say(runtime.Inventory, d.ref, nil)
	}
	if name == "config" && mask&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO) != 0 {
		w.say(runtime.Edited, d.ref, nil)
	}
}

// cgroupEvent is for a directory that appeared or vanished beside payloads.
// Which container it is says no name, but the command sockets do: liblxc
// listens before it makes cgroups.
func (w *watcher) cgroupEvent(name string) {
	if !strings.HasPrefix(name, payloadPrefix) {
		w.lookAtSockets(scanTime / 10)
		return
	}
	w.lookAtSockets(0)
}

// appeared notes a directory in a lxcpath, and watches it.
func (w *watcher) appeared(ref runtime.Ref) {
	names := w.names[ref.Path]
	if names == nil {
		names = map[string]bool{}
		w.names[ref.Path] = names
	}
	if !names[ref.Name] {
		names[ref.Name] = true
		w.sockets = nil
	}
	w.watchDir(watchedDir{kind: containerDir, path: filepath.Join(ref.Path, ref.Name), ref: ref})
}

func (w *watcher) vanished(ref runtime.Ref) {
	delete(w.names[ref.Path], ref.Name)
	delete(w.configs, ref)
	w.sockets = nil
	w.unwatch(filepath.Join(ref.Path, ref.Name))
}
