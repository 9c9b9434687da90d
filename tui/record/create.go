package record

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What stands against a new file.
var (
	ErrExists = errors.New("such a file exists already: take another name")
	ErrInside = errors.New("this place lies in a directory of containers")
	// ErrLink is a symbolic link that somebody else than root or this user made:
	// they could lead what is written anywhere.
	ErrLink  = errors.New("a symbolic link on the way belongs to somebody else")
	ErrNoDir = errors.New("there is no such directory")
)

// DefaultDir is where saves go when no other place is named. state is this
// user's state directory, as settings.StateDir gives it; "" = there is none.
func DefaultDir(state string) string {
	if state == "" {
		return ""
	}
	return filepath.Join(state, "saved")
}

// nameLimit leaves room below the 255 bytes of a file name.
const nameLimit = 100

// Name is the name of a new file about a container, in local time of at:
// web-1-2026-11-25-143005.cast. Everything but ASCII letters, digits and ._-
// becomes an underscore; kind is the extension.
func Name(container, kind string, at time.Time) string {
	clean := func(s string) string {
		s = strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
				return r
			}
			return '_'
		}, s)
		return s[:min(len(s), nameLimit)]
	}
	container = clean(container)
	// A leading dot hides a file, a leading dash makes it an option.
	if container == "" || container[0] == '.' || container[0] == '-' {
		container = "_" + container
	}
	return container + at.Format("-2006-01-02-150405.") + clean(kind)
}

// Places are where files may be made. Own, the directory of DefaultDir, is made
// with mode 0700 if it is missing; any other has to be there (ErrNoDir): a typing
// error makes no directories. Nothing is made in the directories of Refuse or
// below them (ErrInside): those that hold containers and their root file
// systems. A refused / counts for nothing: a container on the host's own root
// makes no place safer than another.
type Places struct {
	Own    string
	Refuse []string
}

// Create makes a new file of mode 0600 for what the user saves. A path that
// begins with ~/ is below the home directory of the password file. What exists
// is never overwritten (ErrExists).
func Create(path string, p Places) (*os.File, error) {
	full, err := expand(path)
	if err != nil {
		return nil, fmt.Errorf("save %s: %w", path, err)
	}
	f, err := create(full, p)
	if err != nil {
		return nil, fmt.Errorf("save %s: %w", full, err)
	}
	return f, nil
}

// expand makes a path absolute.
func expand(path string) (string, error) {
	switch {
	case path == "" || strings.HasSuffix(path, "/"):
		return "", errors.New("a file name is missing")
	case strings.HasPrefix(path, "~/"):
		// Not $HOME: sudo may keep that of somebody else.
		u, err := user.LookupId(strconv.Itoa(os.Geteuid()))
		if err != nil {
			return "", fmt.Errorf("home directory: %w", err)
		}
		if !filepath.IsAbs(u.HomeDir) {
			return "", errors.New("this user has no home directory")
		}
		path = filepath.Join(u.HomeDir, path[2:])
	case path[0] == '~':
		return "", errors.New("of paths with ~ only ~/ is known")
	}
	full, err := filepath.Abs(path)
	if err == nil && full == "/" {
		err = errors.New("a file name is missing")
	}
	return full, err
}

func create(full string, p Places) (*os.File, error) {
	at, name, err := openPlace(full, p)
	if err != nil {
		return nil, err
	}
	defer unix.Close(at)
	return createAt(at, name, full)
}

// createAt makes a new file in an open directory; it is called full.
func createAt(at int, name, full string) (*os.File, error) {
	fd, err := restarted(func() (int, error) {
		return unix.Openat(at, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NOCTTY, 0o600)
	})
	if errors.Is(err, unix.EEXIST) {
		return nil, ErrExists
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), full), nil
}

// openPlace opens the directory that a new file is to be made in, and gives the
// file's name there.
func openPlace(full string, p Places) (at int, name string, err error) {
	no := refused(p.Refuse)
	dir, name := filepath.Split(full)
	at, rest, err := walk(dir)
	if err != nil {
		return -1, "", err
	}
	defer func() {
		if err != nil {
			unix.Close(at)
		}
	}()
	// Before anything is made, directories included.
	if err := outside(at, rest, no); err != nil {
		return -1, "", err
	}
	if len(rest) > 0 && filepath.Clean(dir) != filepath.Clean(p.Own) {
		return -1, "", fmt.Errorf("%w: %s", ErrNoDir, filepath.Clean(dir))
	}
	for _, d := range rest {
		// One that appears in between is taken if it is a directory; openDir
		// follows no link.
		if err := unix.Mkdirat(at, d, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
			return -1, "", fmt.Errorf("make directory %s: %w", d, err)
		}
		next, err := openDir(at, d)
		if err != nil {
			return -1, "", fmt.Errorf("directory %s: %w", d, err)
		}
		unix.Close(at)
		at = next
	}
	if len(rest) > 0 {
		if err := outside(at, nil, no); err != nil {
			return -1, "", err
		}
	}
	return at, name, nil
}

// walk opens the directory dir, or the deepest one on the way to it that
// exists: rest names those that are missing below it. It goes step by step
// through descriptors, so that nobody can exchange what it has looked at, and
// reads links itself: the kernel would follow those of /proc into containers.
func walk(dir string) (at int, rest []string, err error) {
	const maxLinks = 40 // as path_resolution(7)
	if at, err = openDir(unix.AT_FDCWD, "/"); err != nil {
		return -1, nil, fmt.Errorf("open /: %w", err)
	}
	rest = parts(dir)
	linked := 0 // how many of rest come from a link
	for links := 0; len(rest) > 0; {
		next, err := openDir(at, rest[0])
		if err == nil {
			unix.Close(at)
			at, rest, linked = next, rest[1:], max(0, linked-1)
			continue
		}
		if errors.Is(err, unix.ENOENT) && linked == 0 {
			return at, rest, nil
		}
		var to string
		if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			to, err = readLink(at, rest[0])
		}
		if links++; err == nil && links > maxLinks {
			err = unix.ELOOP
		}
		if err == nil && filepath.IsAbs(to) {
			unix.Close(at)
			at, err = openDir(unix.AT_FDCWD, "/")
		}
		if err != nil {
			unix.Close(at)
			return -1, nil, fmt.Errorf("directory %s: %w", rest[0], err)
		}
		names := parts(to)
		linked = len(names) + max(0, linked-1)
		rest = slices.Concat(names, rest[1:])
	}
	return at, nil, nil
}

// parts are the names of a path.
func parts(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" || s == "." })
}

// openDir opens a directory to go on from; a link is none.
func openDir(at int, name string) (int, error) {
	return restarted(func() (int, error) {
		return unix.Openat(at, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
}

// readLink gives what a symbolic link says.
func readLink(at int, name string) (string, error) {
	fd, err := restarted(func() (int, error) {
		return unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", err
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFLNK:
		return "", unix.ENOTDIR
	case st.Uid != 0 && int(st.Uid) != os.Geteuid():
		return "", fmt.Errorf("%w (uid %d)", ErrLink, st.Uid)
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// restarted calls again what a signal broke off.
func restarted(call func() (int, error)) (int, error) {
	for {
		if fd, err := call(); !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// ident is which directory one is, and through which mount it was reached.
type ident struct {
	major, minor uint32
	inode        uint64
	mount        uint64 // 0 before Linux 5.8
}

func identify(fd int) (ident, error) {
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_MNT_ID, &st); err != nil {
		return ident{}, err
	}
	return ident{st.Dev_major, st.Dev_minor, st.Ino, st.Mnt_id}, nil
}

// place is a directory in which nothing may be made.
type place struct {
	named string
	path  string // without links
	is    ident  // without mount; zero = it does not exist, or cannot be looked at
}

// refused looks the directories up.
func refused(dirs []string) []place {
	root, _ := look("/") // one that cannot be looked at is equal to none
	var all []place
	for _, d := range dirs {
		abs, err := filepath.Abs(d)
		if d == "" || err != nil {
			continue
		}
		p := place{named: d, path: abs}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			p.path = real
		}
		p.is, _ = look(abs) // nothing can be made below what cannot be reached
		if p.path != "/" && (p.is == ident{} || p.is != root) {
			all = append(all, p)
		}
	}
	return all
}

// look identifies a directory by its path.
func look(path string) (ident, error) {
	fd, err := restarted(func() (int, error) {
		return unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return ident{}, err
	}
	defer unix.Close(fd)
	id, err := identify(fd)
	id.mount = 0
	return id, err
}

// outside says that an open directory, with rest still to be made below it,
// lies in none of the places. It asks for the parents of the descriptor, so
// neither links nor names that change meanwhile deceive it.
func outside(at int, rest []string, no []place) error {
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(at))
	if err != nil {
		return fmt.Errorf("where the directory lies: %w", err)
	}
	path = filepath.Join(append([]string{path}, rest...)...)
	for _, p := range no {
		if path == p.path || strings.HasPrefix(path, p.path+"/") {
			return fmt.Errorf("%w (%s)", ErrInside, p.named)
		}
	}
	up, err := unix.FcntlInt(uintptr(at), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { unix.Close(up) }()
	for was := (ident{}); ; {
		id, err := identify(up)
		if err != nil {
			return fmt.Errorf("where the directory lies: %w", err)
		}
		if id == was {
			return nil // the parent of / is /
		}
		was, id.mount = id, 0
		if i := slices.IndexFunc(no, func(p place) bool { return p.is == id }); i >= 0 {
			return fmt.Errorf("%w (%s)", ErrInside, no[i].named)
		}
		next, err := openDir(up, "..")
		if err != nil {
			return fmt.Errorf("where the directory lies: %w", err)
		}
		unix.Close(up)
		up = next
	}
}
