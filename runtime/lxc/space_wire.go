package lxc

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// What takes room is looked at in helpers, which can be given up where a file system
// does not answer, and which yield to everybody else as a whole.

// spaceAsk is what such a helper is asked, one thing at a time. It travels in gob,
// whose strings are bytes.
type spaceAsk struct {
	Survey string   // an lxcpath whose containers are wanted
	Names  bool     // of it only what configs name is wanted: it is not in use
	Seen   []string // entries of it that are passed over
	Caches []string // directories that templates keep things in
	Users  []string // lxcpaths that are in use: which others do users have?
	Follow []string // paths whose links are to be followed
	Walk   string   // a tree to add up, or a file
	Skip   []string // names in it that are left out
	NoLink bool     // it may be somebody else's, and must not be a link
	Known  treeID
}

// spaceTold is one message of an answer.
type spaceTold struct {
	At        string // what is looked at now
	Files     uint64 // how many were counted by now
	Container *foundContainer
	Extra     *foundExtra
	FS        *foundFS
	Walked    *walked
	Places    []place
	Unread    []string
	Missing   bool // the lxcpath is not there
}

// treeID is device, inode and time of birth, in ns, of what was walked: inode numbers are
// given to others. Of a file system that keeps no such time it is that of the last change.
type treeID [3]uint64

// walked is the end of a walk.
type walked struct {
	ID    treeID
	Same  bool // it is what is known: it was not walked
	Bytes int64
	Files uint64
	Least string // why that is not all; "" = it is
	// Newest is when something in it was changed last, be it by who can set other times.
	Newest time.Time
	Sub    bool // it is a subvolume of btrfs
	Block  bool // it is a block device, of which blocks say nothing
	FS     foundFS
	Ended  time.Time
}

// place is where a path leads.
type place struct{ Path, Real string }

func (t *spaceTold) reply() (helperReply, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(t); err != nil {
		return helperReply{}, err
	}
	return helperReply{Text: b.Bytes(), Progress: &runtime.Progress{}}, nil
}

// spaceRequest makes the request of a helper.
func spaceRequest(ask *spaceAsk) (helperRequest, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(ask); err != nil {
		return helperRequest{}, err
	}
	// It concerns no single container.
	return helperRequest{Kind: kindSpace, Ref: brokenRef("/"), Text: b.Bytes(), Stay: spaceStay}, nil
}

// spaceStay is for how long such a helper waits for the next request.
const spaceStay = 10 * time.Second

// lowest gives this process, with all of its threads, what others leave over.
func lowest() {
	// setpriority(2) and ioprio_set(2): a helper leads a process group of its own.
	_ = unix.Setpriority(unix.PRIO_PGRP, 0, 19)
	const whoGroup, idle = 2, 3 << 13
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, whoGroup, 0, idle)
}

// helperSpace answers one spaceAsk.
func helperSpace(conn *msgConn, q helperRequest) helperReply {
	var ask spaceAsk
	if err := gob.NewDecoder(bytes.NewReader(q.Text)).Decode(&ask); err != nil {
		return failedReply(fmt.Errorf("%w: %w", runtime.ErrHelper, err), "")
	}
	tell := func(t spaceTold) error {
		r, err := t.reply()
		if err != nil {
			return err
		}
		return conn.send(r, nil) // nobody is there any more: the work ends with it
	}
	var err error
	switch {
	case ask.Walk != "":
		lowest()
		var w walked
		if w, err = walkFor(&ask, func(files uint64) error { return tell(spaceTold{Files: files}) }); err == nil {
			err = tell(spaceTold{Walked: &w})
		}
	case ask.Survey != "":
		err = (&surveyor{ask: &ask, tell: tell}).survey()
	case ask.Caches != nil:
		err = surveyCaches(ask.Caches, tell)
	case ask.Users != nil:
		err = tell(spaceTold{Unread: usersPaths(ask.Users)})
	default:
		err = follow(ask.Follow, tell)
	}
	if err != nil {
		return failedReply(err, "")
	}
	return helperReply{OK: true}
}

// walkFor adds up a tree, or says what a file takes.
func walkFor(ask *spaceAsk, told func(files uint64) error) (walked, error) {
	var out walked
	flags := uint64(unix.O_PATH | unix.O_CLOEXEC)
	if ask.NoLink {
		flags |= unix.O_NOFOLLOW
	}
	at, err := unix.Open(ask.Walk, int(flags), 0)
	if err != nil {
		return out, fileErr(err)
	}
	defer func() { _ = unix.Close(at) }()
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil {
		return out, err
	}
	out.ID, out.FS = treeID{st.Dev, st.Ino}, fsOf(at)
	var stx unix.Statx_t
	if unix.Statx(at, "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &stx) == nil && stx.Mask&unix.STATX_BTIME != 0 {
		out.ID[2] = uint64(stx.Btime.Sec)*1e9 + uint64(stx.Btime.Nsec)
	} else { // a later one has a later change, too
		out.ID[2] = uint64(st.Ctim.Nano())
	}
	if kind := st.Mode & unix.S_IFMT; kind == unix.S_IFDIR && out.ID == ask.Known { // all else costs nothing
		out.Same = true
		return out, nil
	}
	switch kind := st.Mode & unix.S_IFMT; kind {
	case unix.S_IFDIR:
	case unix.S_IFREG:
		out.Bytes, out.Files, out.Ended = st.Blocks*512, 1, time.Now()
		return out, nil
	case unix.S_IFBLK:
		out.Block, out.Ended = true, time.Now()
		return out, nil
	default:
		return out, fmt.Errorf("%w: it is %s", runtime.ErrInvalid, kindName(kind))
	}
	top, err := unix.Open("/proc/self/fd/"+strconv.Itoa(at), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return out, fileErr(err)
	}
	w := &treeWalk{skip: map[string]bool{}, care: mountedBelow(top), told: time.Now()}
	for _, name := range ask.Skip {
		w.skip[name] = true
	}
	w.tell = func() error { return told(w.files) }
	var sfs unix.Statfs_t
	out.Sub = st.Ino == 256 && unix.Fstatfs(top, &sfs) == nil && sfs.Type == unix.BTRFS_SUPER_MAGIC
	if err := w.walk(top); err != nil {
		return out, err
	}
	out.Bytes, out.Files, out.Least, out.Ended = w.disk, w.files, w.least, time.Now()
	out.Newest = time.Unix(w.newest, 0)
	return out, nil
}

// follow says where paths lead, as far as they are there.
func follow(paths []string, tell func(spaceTold) error) error {
	const batch = 64
	var places []place
	for i, path := range paths {
		if i%batch == 0 {
			if err := tell(spaceTold{At: path, Places: places}); err != nil {
				return err
			}
			places = nil
		}
		real, err := realPath(path)
		if err != nil {
			return fmt.Errorf("%s cannot be followed: %w", path, err)
		}
		places = append(places, place{path, real})
	}
	return tell(spaceTold{Places: places})
}

// realPath follows the links in a path, as far as it is there.
func realPath(path string) (string, error) {
	rest := ""
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		fd, err := unix.Open(at, unix.O_PATH|unix.O_CLOEXEC, 0)
		switch {
		case err == nil:
			real, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
			_ = unix.Close(fd)
			return filepath.Join(real, rest), err
		case at == "/", !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) && !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.ENAMETOOLONG):
			return "", fileErr(err)
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
