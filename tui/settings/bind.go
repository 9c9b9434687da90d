package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrChanged is the answer where somebody else has written the file meanwhile.
var ErrChanged = errors.New("somebody else has written it meanwhile: nothing was changed")

// Binding is what an action's keys are to be. No list takes the line of the action
// out, so that it has the preset's keys again; an empty one takes all keys away.
type Binding struct {
	Action string
	Keys   []string
	Drop   bool
}

// Bind writes bindings into a person's own file. All else in it stays byte for byte,
// and so do its owner and mode; a missing file is begun with all settings, commented
// out. Another's change of the file is never overwritten, and a text that would be
// refused is never written.
func (l *Live) Bind(all []Binding) error {
	path, err := l.Begin()
	if err != nil {
		return err
	}
	// A link stays one: what it leads to is written.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return fmt.Errorf("bind a key: %w", err)
	}
	before, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("bind a key: %w", err)
	}
	text, err := l.Places.read(path)
	if err != nil {
		return err
	}
	next := text
	for _, b := range all {
		if next, err = rebind(next, b); err != nil {
			return fmt.Errorf("bind a key in %s: %w", path, err)
		}
	}
	if bytes.Equal(next, text) {
		return nil
	}
	if err := l.check(path, next); err != nil {
		return err
	}
	return swap(path, text, next, before)
}

// check refuses a text that would not be read, with all that lies below it.
func (l *Live) check(path string, text []byte) error {
	s := Defaults()
	files := l.Places.files()
	for _, f := range files[:max(0, len(files)-1)] {
		below, err := l.Places.read(f.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if errs := s.merge(f.name, below, l.Known); len(errs) > 0 {
			return errors.Join(errs...)
		}
	}
	if errs := s.merge(path, text, l.Known); len(errs) > 0 {
		return errors.Join(errs...)
	}
	return errors.Join(s.checkKeys(append(files[:max(0, len(files)-1):max(0, len(files)-1)], file{path, true}))...)
}

// swap puts a new text in the place of one that was read, whole or not at all. What
// came out of its place is looked at: if it is not what was read, it is put back.
func swap(path string, was, text []byte, before fs.FileInfo) error {
	st, ok := before.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("write %s: its owner is not known", path)
	}
	next, err := stage(path, text, before.Mode().Perm(), int(st.Uid), int(st.Gid))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	now, err := os.Stat(path)
	if err == nil && stampOf(now) != stampOf(before) {
		err = ErrChanged
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(next)))
	}
	err = exchange(next, path)
	switch {
	case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS): // this file system cannot
		err = os.Rename(next, path)
	case err == nil:
		out, rerr := os.ReadFile(next)
		if rerr != nil || !bytes.Equal(out, was) {
			if err := exchange(next, path); err != nil { // what is another's is not removed
				return fmt.Errorf("write %s: what somebody else has put there is in %s: %w", path, next, errors.Join(ErrChanged, err))
			}
			err = errors.Join(ErrChanged, rerr)
		}
	}
	if rerr := os.Remove(next); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
