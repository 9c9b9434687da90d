package lxc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A walk adds up what a tree takes, in a helper. The tree may be a container's that
// wants to do harm, and runs: names are never put together to paths, each directory
// is opened in the one above it, no link is followed and no mount entered. What the
// walk remembers is bounded, whatever it meets.

const (
	// walkDepth is how many levels down a walk goes.
	walkDepth = 20000
	// walkOpen is how many directories it has open: a helper may have softNoFile.
	walkOpen = 128
	// walkNames is how many bytes of names of directories wait to be entered, on all
	// levels. An honest tree needs some kilobytes.
	walkNames = 8 << 20
	// walkLinks is how many files are remembered of which other names are still to come.
	walkLinks = 1 << 20
	// walkTells is how often it says how far it is.
	walkTells = 200 * time.Millisecond
	// walkLooks is after how many names it looks at the clock.
	walkLooks = 128
)

// level is a directory on the way down.
type level struct {
	fd   int       // -1 = closed meanwhile: there are many below it
	id   [2]uint64 // device and inode
	next int64     // where the reading of names goes on (d_off of getdents64(2))
	over bool      // all names were read
	dirs []string  // read, and to be entered
}

// treeWalk is one walk.
type treeWalk struct {
	disk   int64  // bytes in allocated blocks
	files  uint64 // how many were counted
	least  string // why that is not all; "" = it is
	newest int64  // the latest ctime, in seconds since 1970

	skip  map[string]bool // names at the top that are left out
	care  bool            // something is mounted below: whatever is looked at may be that
	tell  func() error    // called now and then; its error ends the walk
	told  time.Time
	seen  int // names since the clock was looked at
	stack []level
	open  int // index of the uppermost level that is open
	names int // bytes of all dirs
	links map[[2]uint64]uint32
	buf   [32 << 10]byte
}

// beneath is how a walk opens what it finds in a directory: of a mount it gets EXDEV
// before that is asked for anything.
func beneath(flags uint64) *unix.OpenHow {
	return &unix.OpenHow{
		Flags:   flags | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS,
	}
}

// walk adds up all below an open directory, which it closes, and that itself.
func (w *treeWalk) walk(top int) error {
	defer w.closeAll()
	w.links = map[[2]uint64]uint32{}
	var st unix.Stat_t
	if err := unix.Fstat(top, &st); err != nil {
		_ = unix.Close(top)
		return fmt.Errorf("fstat: %w", err)
	}
	w.add(&st)
	w.push(top, &st)
	for len(w.stack) > 0 {
		l := &w.stack[len(w.stack)-1]
		var err error
		switch {
		case len(l.dirs) > 0:
			err = w.enter(l)
		case !l.over:
			err = w.read(l)
		default:
			err = w.leave()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *treeWalk) push(fd int, st *unix.Stat_t) {
	w.stack = append(w.stack, level{fd: fd, id: [2]uint64{st.Dev, st.Ino}})
	if len(w.stack)-w.open > walkOpen {
		_ = unix.Close(w.stack[w.open].fd)
		w.stack[w.open].fd = -1
		w.open++
	}
}

func (w *treeWalk) closeAll() {
	for i := range w.stack {
		if fd := w.stack[i].fd; fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	w.stack = nil
}

// miss notes that something was not counted; the first reason is told.
func (w *treeWalk) miss(why string) {
	if w.least == "" {
		w.least = why
	}
}

// read reads some names of a directory, and counts what is no directory.
func (w *treeWalk) read(l *level) error {
	n := w.fill(l)
	for b := w.buf[:n]; len(b) >= 19; {
		// struct linux_dirent64 of getdents(2).
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size < 19 || size > len(b) {
			return errors.New("names of a directory are not as getdents64(2) gives them")
		}
		l.next = int64(binary.NativeEndian.Uint64(b[8:]))
		kind, name := b[18], unix.ByteSliceToString(b[19:size])
		b = b[size:]
		if name == "." || name == ".." || len(w.stack) == 1 && w.skip[name] {
			continue
		}
		if kind == unix.DT_DIR {
			w.later(l, name)
		} else {
			w.count(l, name, kind)
		}
		if err := w.clock(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads names into the buffer and says how many bytes there are.
func (w *treeWalk) fill(l *level) int {
	n, err := unix.Getdents(l.fd, w.buf[:])
	if errors.Is(err, unix.EINTR) {
		return 0
	}
	if err != nil {
		w.miss("a directory could not be read: " + err.Error())
	}
	l.over = err != nil || n <= 0
	return max(0, n)
}

// later keeps the name of a directory.
func (w *treeWalk) later(l *level, name string) {
	if w.names+len(name) > walkNames {
		w.miss("it has too many directories on too many levels")
		return
	}
	w.names += len(name)
	l.dirs = append(l.dirs, name)
}

// count counts what is no directory, as far as its kind is known.
func (w *treeWalk) count(l *level, name string, kind byte) {
	var st unix.Stat_t
	if !w.care && kind != unix.DT_UNKNOWN {
		if unix.Fstatat(l.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT) == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
			w.add(&st)
		}
		return // else it has gone, or is another by now
	}
	fd, err := unix.Openat2(l.fd, name, beneath(unix.O_PATH))
	if err != nil {
		return // a mount, or gone meanwhile
	}
	err = unix.Fstat(fd, &st)
	_ = unix.Close(fd)
	switch {
	case err != nil:
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		w.later(l, name)
	default:
		w.add(&st)
	}
}

// add counts a file, one with several names once.
func (w *treeWalk) add(st *unix.Stat_t) {
	w.newest = max(w.newest, st.Ctim.Sec)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR && st.Nlink > 1 {
		id := [2]uint64{st.Dev, st.Ino}
		left, known := w.links[id]
		switch {
		case known && left <= 1:
			delete(w.links, id) // all its names were seen
			return
		case known:
			w.links[id] = left - 1
			return
		case len(w.links) >= walkLinks:
			w.miss("it has too many files with several names")
			return
		}
		w.links[id] = uint32(min(st.Nlink-1, 1<<31))
	}
	w.files++
	w.disk += st.Blocks * 512
}

// enter goes down into the next directory.
func (w *treeWalk) enter(l *level) error {
	name := l.dirs[len(l.dirs)-1]
	l.dirs = l.dirs[:len(l.dirs)-1]
	w.names -= len(name)
	var st unix.Stat_t
	fd := w.openDir(l, name, &st)
	if fd < 0 {
		return w.clock()
	}
	w.add(&st)
	if len(w.stack) >= walkDepth {
		_ = unix.Close(fd)
		w.miss("it is more than " + strconv.Itoa(walkDepth) + " directories deep")
		return nil
	}
	w.push(fd, &st)
	return w.clock()
}

// openDir opens a directory and looks at it; -1 = there is nothing to be entered.
func (w *treeWalk) openDir(l *level, name string, st *unix.Stat_t) int {
	fd, err := unix.Openat2(l.fd, name, beneath(unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK))
	switch {
	case errors.Is(err, unix.EXDEV), errors.Is(err, unix.ENOENT), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENOTDIR):
		return -1 // a mount, gone, or another by now
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		w.miss("not all of it may be read")
		if fd, err := unix.Openat2(l.fd, name, beneath(unix.O_PATH)); err == nil {
			if unix.Fstat(fd, st) == nil {
				w.add(st)
			}
			_ = unix.Close(fd)
		}
		return -1
	case err != nil:
		w.miss("a directory could not be opened: " + err.Error())
		return -1
	}
	if err := unix.Fstat(fd, st); err != nil {
		_ = unix.Close(fd)
		w.miss("a directory could not be looked at: " + err.Error())
		return -1
	}
	return fd
}

// leave goes up. Where the directory above is not open any more it is found by "..",
// if that still leads there.
func (w *treeWalk) leave() error {
	last := len(w.stack) - 1
	fd := w.stack[last].fd
	w.stack = w.stack[:last]
	defer func() { _ = unix.Close(fd) }()
	if last == 0 || w.stack[last-1].fd >= 0 {
		return nil
	}
	l := &w.stack[last-1]
	up, err := unix.Openat(fd, "..", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == nil {
		var st unix.Stat_t
		if err = unix.Fstat(up, &st); err == nil && [2]uint64{st.Dev, st.Ino} != l.id {
			err = errors.New("it is another")
		}
		if err == nil {
			_, err = unix.Seek(up, l.next, unix.SEEK_SET)
		}
		if err == nil {
			l.fd, w.open = up, last-1
			return nil
		}
		_ = unix.Close(up)
	}
	w.miss("its directories were moved while they were counted")
	w.closeAll()
	return nil
}

// clock says how far the walk is, when it is time.
func (w *treeWalk) clock() error {
	if w.seen++; w.seen < walkLooks || w.tell == nil {
		return nil
	}
	w.seen = 0
	if now := time.Now(); now.Sub(w.told) >= walkTells {
		w.told = now
		return w.tell()
	}
	return nil
}
