package lxc

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
)

// This file runs in helpers, and in the worker inside a user namespace.

const (
	// logsDir is where files are looked for, as the container sees it.
	logsDir = "/var/log"
	// logsDepth is how many levels down: /var/log itself is the first.
	logsDepth = 3
	// maxLogs is how many are told of, those that were written to last.
	maxLogs = 500
	// maxLogNames is how many names are looked at, and maxLogName how long a path is, in bytes.
	maxLogNames = 20000
	maxLogPath  = 1024
	// logsWalk is for how long names are looked at.
	logsWalk = 2 * time.Second
)

// logWalk looks for files below /var/log. Names are not put together to paths for the
// kernel: each directory is opened in the one above it, and links lead nowhere, so that
// what is swapped meanwhile does not matter.
type logWalk struct {
	found []foundLog
	names int
	until time.Time
}

// logsInside lists the files below /var/log of a root by name, and looks for journalctl.
func logsInside(root *os.File) (told logTold) {
	told.Journal = hasJournal(root)
	dir, err := openBelow(root, logsDir, unix.O_RDONLY|unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) {
		return told
	}
	w := logWalk{until: time.Now().Add(logsWalk)}
	if err == nil {
		err = w.read(dir, logsDir, 1)
	}
	if err != nil {
		w.found = append(w.found, foundLog{Kind: runtime.LogFile, Path: logsDir, Size: -1, Why: bareErr(err).Error()})
	}
	if len(w.found) > maxLogs {
		slices.SortFunc(w.found, func(x, y foundLog) int { return y.Changed.Compare(x.Changed) })
		w.found = w.found[:maxLogs]
	}
	slices.SortFunc(w.found, func(x, y foundLog) int { return cmp.Compare(x.Path, y.Path) })
	told.Logs = w.found
	return told
}

// hasJournal says whether there is a journalctl where distributions have it.
func hasJournal(root *os.File) bool {
	for _, name := range []string{"/usr/bin/journalctl", "/bin/journalctl", "/usr/local/bin/journalctl", "/run/current-system/sw/bin/journalctl"} {
		fd, err := openBelow(root, name, unix.O_PATH)
		if err != nil {
			continue
		}
		var st unix.Stat_t
		err = unix.Fstat(fd, &st)
		_ = unix.Close(fd)
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Mode&0o111 != 0 {
			return true
		}
	}
	return false
}

// openBelow opens what a root has at a path, be it by links that do not lead out of it.
func openBelow(root *os.File, name string, flags uint64) (fd int, err error) {
	how := &unix.OpenHow{Flags: flags | unix.O_CLOEXEC | unix.O_NONBLOCK, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	if flags&unix.O_PATH != 0 {
		how.Flags = flags | unix.O_CLOEXEC
	}
	err = again(func() error {
		fd, err = unix.Openat2(int(root.Fd()), name, how)
		return err
	})
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return fd, nil
}

// again repeats what the kernel could not do because something was renamed or mounted
// at that moment, anywhere (openat2(2), EAGAIN).
func again(f func() error) error {
	const tries = 32
	err := f()
	for n := 1; n < tries && (errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)); n++ {
		err = f()
	}
	return err
}

// read looks at what is in a directory, which it closes.
func (w *logWalk) read(fd int, at string, depth int) error {
	dir := os.NewFile(uintptr(fd), at)
	defer dir.Close()
	for w.names < maxLogNames && time.Now().Before(w.until) {
		entries, err := dir.Readdirnames(256)
		for _, name := range entries {
			w.names++
			w.look(int(dir.Fd()), name, path.Join(at, name), depth)
		}
		if err != nil || len(entries) == 0 {
			return nil // its end, or what was read of it has to do
		}
	}
	return nil
}

// look looks at one name.
func (w *logWalk) look(dir int, name, at string, depth int) {
	if len(at) > maxLogPath || isNoText(name) {
		return
	}
	var st unix.Stat_t
	if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return // it is gone
	}
	f := foundLog{Kind: runtime.LogFile, Path: at, Size: -1, Changed: time.Unix(st.Mtim.Unix())}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		if depth >= logsDepth {
			return
		}
		how := beneath(unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NONBLOCK)
		how.Resolve &^= unix.RESOLVE_NO_XDEV // logs may have a file system of their own
		fd, err := unix.Openat2(dir, name, how)
		if err == nil {
			_ = w.read(fd, at, depth+1)
			return
		}
		if !errors.Is(err, unix.EACCES) { // else it was swapped just now
			return
		}
		f.Why = err.Error()
	case unix.S_IFREG:
		f.Size = st.Size
		if err := unix.Faccessat(dir, name, unix.R_OK, unix.AT_EACCESS); err != nil {
			f.Why = err.Error()
		}
	default:
		f.Why = "it is " + kindName(st.Mode&unix.S_IFMT)
	}
	w.found = append(w.found, f)
}

// isNoText says whether a name is that of a file without lines: what is packed, what
// journald keeps, and the databases of utmp(5), lastlog(8) and faillog(5).
func isNoText(name string) bool {
	switch name {
	case "journal", "wtmp", "btmp", "lastlog", "faillog", "tallylog":
		return true
	}
	for _, end := range []string{".gz", ".xz", ".bz2", ".zst", ".lz4", ".lzma", ".zip", ".journal", ".journal~", ".db"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// openLogInside opens a file of a root. What a program of the container's answers for
// (fuse(4)) is refused, as it would keep every reader waiting for as long as it likes;
// a root that lies on such a file system as a whole is the host's.
func openLogInside(root *os.File, name string) (*os.File, error) {
	if !path.IsAbs(name) {
		return nil, fmt.Errorf("%w: %q is no absolute path", runtime.ErrInvalid, name)
	}
	below := logfile.Below(root, name)
	var f *os.File
	err := again(func() (err error) {
		f, err = below()
		return err
	})
	if err != nil {
		return nil, logErr(err)
	}
	if err := answeredByHost(root, f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func answeredByHost(root, f *os.File) error {
	var of unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &of); err != nil {
		return fileErr(err)
	}
	if of.Type != unix.FUSE_SUPER_MAGIC {
		return nil
	}
	var top, st unix.Stat_t
	if err := errors.Join(unix.Fstat(int(root.Fd()), &top), unix.Fstat(int(f.Fd()), &st)); err != nil {
		return fileErr(err)
	}
	if top.Dev != st.Dev {
		return fmt.Errorf("%w: it lies on a file system that a program answers for (FUSE)", runtime.ErrInvalid)
	}
	return nil
}
