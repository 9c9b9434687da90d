package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Live are the settings of a program that runs: they can be read again whenever a
// file is another, and a person's own file can be begun and changed.
type Live struct {
	Places Places
	Known  Known
	// Example is what a missing file is begun with.
	Example string
	// Over puts over the files what is above them: the flags. nil = nothing is.
	Over func(*Settings) error
}

// Load reads the files again, by the same rules as at the start.
func (l *Live) Load() (Settings, error) {
	s, err := Load(l.Places, l.Known)
	if err == nil && l.Over != nil {
		err = l.Over(&s)
	}
	return s, err
}

// Stamp is another one when a file is: written, replaced, made, removed, or with
// another owner or mode. It reads none of them.
func (l *Live) Stamp() string {
	var b strings.Builder
	for _, f := range l.Places.files() {
		info, err := os.Stat(f.name)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", errors.Is(err, fs.ErrNotExist))
			continue
		}
		b.WriteString(stampOf(info) + "\n")
	}
	return b.String()
}

// stampOf tells a file, and each state of it, from others.
func stampOf(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.ModTime().String()
	}
	return fmt.Sprint(st.Dev, st.Ino, st.Size, st.Mode, st.Uid, st.Gid, st.Mtim, st.Ctim)
}

// Path is the file that a person's own settings go into; "" = there is no place.
func (l *Live) Path() string {
	if l.Places.Explicit != "" {
		return l.Places.Explicit
	}
	return l.Places.User
}

// errNoPlace is for whoever has no home directory.
var errNoPlace = errors.New("there is no place for a file of your own: no home directory is known")

// Begin makes sure that a person's own file is there: one that is missing is begun
// with all settings, commented out.
func (l *Live) Begin() (path string, err error) {
	path = l.Path()
	if path == "" {
		return "", errNoPlace
	}
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	if err := l.create(path, []byte(l.Example)); err != nil && !errors.Is(err, fs.ErrExist) {
		return path, fmt.Errorf("begin %s: %w", path, err)
	}
	return path, nil
}

// create makes a file that is not there yet, and the directories above it.
func (l *Live) create(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if l.Places.Trust {
		if err := trusted(dir, l.Places.TrustUID); err != nil {
			return err
		}
	}
	next, err := stage(path, text, 0o600, -1, -1)
	if err != nil {
		return err
	}
	// A link, and no renaming: what was made meanwhile stays.
	err = os.Link(next, path)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) {
		err = unix.Renameat2(unix.AT_FDCWD, next, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if rerr := os.Remove(next); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return err
}

// stage writes a text into a new file beside another.
func stage(path string, text []byte, mode fs.FileMode, uid, gid int) (name string, err error) {
	defer func() {
		// Whoever calls names the file; the draft's name says nothing to anybody.
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			err = pe.Err
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	if _, err = f.Write(text); err == nil && uid >= 0 && (uid != os.Geteuid() || gid != os.Getegid()) {
		err = f.Chown(uid, gid)
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
