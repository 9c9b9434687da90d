package lxc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// maxLinks is how many symbolic links a path may pass, as in path_resolution(7).
const maxLinks = 40

// unsafeError says that somebody whom we do not trust can write a
// configuration, one of its includes or a directory above them.
type unsafeError struct {
	path string
	uid  int    // who owns it; -1 = it is our own, but its mode lets others write
	mode string // how others can write it; "" when the owner is the reason
}

func (e *unsafeError) Error() string {
	if e.uid >= 0 {
		return fmt.Sprintf("%v: %s belongs to uid %d", runtime.ErrForeign, e.path, e.uid)
	}
	return fmt.Sprintf("others can change its configuration: %s can be written by %s", e.path, e.mode)
}

func (e *unsafeError) Unwrap() error { return runtime.ErrForeign }

func (e *unsafeError) hint() string {
	if e.uid >= 0 {
		return "LXC acts on a config while it reads it, so lxcdeck reads as root only what root alone can write. " +
			"Work as that user; or, if the container is root's, give its directory and config to root (chown root:root, chmod 755 for the directory)."
	}
	return "Others could change what root would read there: chmod go-w " + runtime.ShellQuote(e.path) + " ends that."
}

// foreignUID is the uid that can write the configuration, nil when err is about something else.
func foreignUID(err error) *int {
	var u *unsafeError
	if errors.As(err, &u) && u.uid >= 0 {
		return &u.uid
	}
	return nil
}

// span is a range of ids.
type span struct{ first, count uint64 }

// trust is who may write what this process makes liblxc read: root, the
// process's own user and, for a user, the subordinate ids that container
// directories are given to (subuid(5)). For root it is root alone.
type trust struct {
	uid, gid uint32
	uids     []span
	gids     []span
}

// ownTrust is the trust of this process.
func ownTrust() trust {
	t := trust{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	if t.uid == 0 {
		t.gid = 0
		return t
	}
	name := ""
	if u, err := osuser.LookupId(strconv.Itoa(int(t.uid))); err == nil {
		name = u.Username
	}
	t.uids = subIDs("/etc/subuid", name, t.uid)
	t.gids = subIDs("/etc/subgid", name, t.uid)
	return t
}

// subIDs reads the ranges of one user from subuid(5) or subgid(5).
func subIDs(file, name string, uid uint32) []span {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var out []span
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || (f[0] != name && f[0] != strconv.Itoa(int(uid))) {
			continue
		}
		first, err1 := strconv.ParseUint(f[1], 10, 32)
		count, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 == nil && err2 == nil {
			out = append(out, span{first, count})
		}
	}
	return out
}

func inSpans(id uint32, own uint32, spans []span) bool {
	if id == 0 || id == own {
		return true
	}
	for _, s := range spans {
		if n := uint64(id); n >= s.first && n-s.first < s.count {
			return true
		}
	}
	return false
}

func (t trust) owner(uid uint32) bool { return inSpans(uid, t.uid, t.uids) }
func (t trust) group(gid uint32) bool { return inSpans(gid, t.gid, t.gids) }

// judge says whether nobody whom we do not trust can write this file or
// directory, or put something in its place. Sticky directories protect what
// trusted users own in them (and everything below is judged, too).
func (t trust) judge(path string, st *unix.Stat_t) error {
	if !t.owner(st.Uid) {
		return &unsafeError{path: path, uid: int(st.Uid)}
	}
	kind := st.Mode & unix.S_IFMT
	if kind == unix.S_IFLNK || (kind == unix.S_IFDIR && st.Mode&unix.S_ISVTX != 0) {
		return nil
	}
	if st.Mode&0o002 != 0 {
		return &unsafeError{path: path, uid: -1, mode: "everybody"}
	}
	if st.Mode&0o020 == 0 {
		return nil
	}
	if !t.group(st.Gid) {
		return &unsafeError{path: path, uid: -1, mode: "group " + strconv.Itoa(int(st.Gid))}
	}
	return t.judgeACL(path)
}

// judgeACL looks for others in the access control list, acl(5). Where the
// group's bits allow no writing the list's mask allows none either, so it is
// asked only when they do.
func (t trust) judgeACL(path string) error {
	const (
		aclUser, aclGroup = 0x02, 0x08
		aclWrite          = 0x02
		header, entry     = 4, 8
	)
	var buf [4096]byte
	n, err := unix.Lgetxattr(path, "system.posix_acl_access", buf[:])
	switch {
	case errors.Is(err, unix.ENODATA), errors.Is(err, unix.EOPNOTSUPP):
		return nil
	case err != nil:
		return &unsafeError{path: path, uid: -1, mode: "an access control list that cannot be read"}
	}
	for e := buf[min(header, n):n]; len(e) >= entry; e = e[entry:] {
		tag, perm := binary.LittleEndian.Uint16(e), binary.LittleEndian.Uint16(e[2:])
		id := binary.LittleEndian.Uint32(e[4:])
		if perm&aclWrite == 0 {
			continue
		}
		if (tag == aclUser && !t.owner(id)) || (tag == aclGroup && !t.group(id)) {
			return &unsafeError{path: path, uid: -1, mode: "id " + strconv.Itoa(int(id)) + " of its access control list"}
		}
	}
	return nil
}

// walker resolves paths one component at a time, judging each. It remembers
// directories for the time of one look at the host.
type walker struct {
	trust trust
	dirs  map[string]error
}

func newWalker(t trust) *walker { return &walker{trust: t, dirs: map[string]error{}} }

// walk resolves an absolute path, symbolic links included. The error tells of
// the first thing on the way, from the top, that is not safe or not there.
func (w *walker) walk(path string) (real string, st unix.Stat_t, err error) {
	if !filepath.IsAbs(path) {
		return "", st, fmt.Errorf("%w: %q is not an absolute path", runtime.ErrConfig, path)
	}
	if err := w.dir("/"); err != nil {
		return "", st, err
	}
	cur, rest, links := "/", strings.Split(path, "/"), 0
	st.Mode = unix.S_IFDIR
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			cur = filepath.Dir(cur)
			continue
		}
		next := filepath.Join(cur, part)
		if known, seen := w.dirs[next]; seen && len(rest) > 0 {
			if known != nil {
				return "", st, known
			}
			cur = next
			continue
		}
		if err := lstat(next, &st); err != nil {
			return "", st, err
		}
		switch kind := st.Mode & unix.S_IFMT; {
		case kind == unix.S_IFLNK:
			if links++; links > maxLinks {
				return "", st, fmt.Errorf("%w: %s: %w", runtime.ErrConfig, path, unix.ELOOP)
			}
			if err := w.trust.judge(next, &st); err != nil {
				return "", st, err
			}
			target, err := os.Readlink(next)
			if err != nil {
				return "", st, fileErr(err)
			}
			if filepath.IsAbs(target) {
				cur = "/"
			}
			rest = append(strings.Split(target, "/"), rest...)
			continue
		case kind == unix.S_IFDIR:
			err = w.trust.judge(next, &st)
			w.dirs[next] = err
		case len(rest) > 0:
			err = &os.PathError{Op: "lstat", Path: next, Err: unix.ENOTDIR}
		case kind != unix.S_IFREG:
			// Refused for what it is: what its mode allows does not matter, and
			// nobody should be told to change that of a device.
		default:
			err = w.trust.judge(next, &st)
		}
		if err != nil {
			return "", st, err
		}
		cur = next
	}
	return cur, st, nil
}

func (w *walker) dir(path string) error {
	if err, seen := w.dirs[path]; seen {
		return err
	}
	var st unix.Stat_t
	err := lstat(path, &st)
	if err == nil {
		err = w.trust.judge(path, &st)
	}
	w.dirs[path] = err
	return err
}

func lstat(path string, st *unix.Stat_t) error {
	for {
		err := unix.Lstat(path, st)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return fileErr(&os.PathError{Op: "lstat", Path: path, Err: err})
		}
	}
}

// idOf is a file's identity and version.
func idOf(path string, st *unix.Stat_t) fileID {
	return fileID{
		path: path, dev: st.Dev, ino: st.Ino, size: st.Size,
		mtime: nano(st.Mtim), ctime: nano(st.Ctim),
	}
}

func nano(t unix.Timespec) int64 {
	if t.Sec > math.MaxInt64/1_000_000_000-1 {
		return math.MaxInt64
	}
	return t.Nano()
}

// fileID names one version of a file: whoever changes it cannot set ctime back.
type fileID struct {
	path         string
	dev, ino     uint64
	size         int64
	mtime, ctime int64
}

// version tells one text of the file from another, over restarts of the host too,
// which number devices anew; a change of its mode alone is none.
func (id *fileID) version() string { return fmt.Sprintf("%x-%x-%x", id.ino, id.size, id.mtime) }
