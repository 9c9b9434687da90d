package record

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// partial is the end of the name of a file that is not whole yet.
const partial = ".part"

// What stands against a Draft, beside what stands against any new file.
var (
	// ErrPartial is a file that has the name that a new one begins with.
	ErrPartial = errors.New("an earlier one was cut off, or is still being written")
	// ErrNotFile is what has the name and cannot be replaced: a link, a directory, a
	// device. Such an error is ErrExists too, and says which.
	ErrNotFile = errors.New("no regular file has that name")
	// ErrKept is for a file that is whole and could not have its name.
	ErrKept = errors.New("what was written is whole, and stays")
)

// Draft is a new file that gets its name when it is whole: until then it is called
// NAME.part, so that one that was cut off, by a kill or a power failure, is never
// taken for the whole. Its File has the name that it will have.
type Draft struct {
	*os.File
	at     int // its directory
	name   string
	part   string // whole path, for people
	rename func(at int, from, to string) error
}

// Begin makes a Draft, as Create makes a file. A name that is taken is refused at
// once (ErrExists), and so is one that was begun before (ErrPartial).
func Begin(path string, p Places) (*Draft, error) { return beginAs(path, p, false) }

// Replace makes a Draft as Begin does; when it is whole it takes the place of a file
// that has its name. What is no regular file is refused (ErrNotFile), here as there.
func Replace(path string, p Places) (*Draft, error) { return beginAs(path, p, true) }

func beginAs(path string, p Places, over bool) (*Draft, error) {
	full, err := expand(path)
	if err != nil {
		return nil, fmt.Errorf("save %s: %w", path, err)
	}
	d, err := begin(full, p, over)
	if err != nil {
		return nil, fmt.Errorf("save %s: %w", full, err)
	}
	return d, nil
}

func begin(full string, p Places, over bool) (*Draft, error) {
	at, name, err := openPlace(full, p)
	if err != nil {
		return nil, err
	}
	d := &Draft{at: at, name: name, part: full + partial, rename: renameNew}
	if over {
		d.rename = renameOver
	}
	var st unix.Stat_t
	err = unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if over && err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG {
		err = unix.ENOENT // it is as good as gone
	}
	switch {
	case err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG:
		err = notFileError(st.Mode)
	case err == nil:
		err = ErrExists
	case errors.Is(err, unix.ENOENT):
		d.File, err = createAt(at, name+partial, full)
		if errors.Is(err, ErrExists) {
			err = fmt.Errorf("%s is there already: %w", d.part, ErrPartial)
		}
	}
	if err != nil {
		unix.Close(at)
		return nil, err
	}
	return d, nil
}

// notFileError is what has a name and is no regular file, by its mode.
type notFileError uint32

func (n notFileError) Error() string {
	what := "no regular file"
	switch n & unix.S_IFMT {
	case unix.S_IFLNK:
		what = "a link"
	case unix.S_IFDIR:
		what = "a directory"
	case unix.S_IFIFO:
		what = "a FIFO"
	case unix.S_IFSOCK:
		what = "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		what = "a device"
	}
	return "it is " + what + ": take another name"
}

// Is makes it one of two errors that are told apart.
func (notFileError) Is(err error) bool { return err == ErrNotFile || err == ErrExists }

// Finish puts the file on disk and gives it its name, replacing nothing; err is
// what came in the way of writing it, and then it is removed. A file that is whole
// and cannot have its name stays under the one that it has, and the error says so.
func (d *Draft) Finish(err error) error {
	defer unix.Close(d.at)
	var made unix.Stat_t
	serr := unix.Fstat(int(d.Fd()), &made)
	if err == nil {
		if err = errors.Join(serr, d.Sync()); err != nil {
			err = fmt.Errorf("save %s: %w", d.Name(), err)
		}
	}
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	var now unix.Stat_t
	ours := serr == nil && unix.Fstatat(d.at, d.name+partial, &now, unix.AT_SYMLINK_NOFOLLOW) == nil &&
		now.Dev == made.Dev && now.Ino == made.Ino
	switch {
	case err == nil && !ours:
		return fmt.Errorf("save %s: somebody else has removed or replaced %s meanwhile", d.Name(), d.part)
	case err == nil:
		if err = d.rename(d.at, d.name+partial, d.name); err != nil {
			return fmt.Errorf("save %s: %w; %w as %s", d.Name(), err, ErrKept, d.part)
		}
	case ours:
		if rerr := unix.Unlinkat(d.at, d.name+partial, 0); rerr != nil {
			return fmt.Errorf("%w; what was written could not be removed: %s: %s", err, d.part, rerr.Error())
		}
	}
	return err
}

// renameOver gives a file a name, whatever has it.
func renameOver(at int, from, to string) error { return unix.Renameat(at, from, at, to) }

// renameNew gives a file a name that nothing has (ErrExists).
func renameNew(at int, from, to string) error {
	err := unix.Renameat2(at, from, at, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// NFS, and what else has not got the flag (rename(2)).
		return linkNew(at, from, to)
	}
	if errors.Is(err, unix.EEXIST) {
		return ErrExists
	}
	return err
}

// linkNew is renameNew in two steps; for a moment, and after a kill between them, the
// file has both names.
func linkNew(at int, from, to string) error {
	switch err := unix.Linkat(at, from, at, to, 0); {
	case errors.Is(err, unix.EEXIST):
		return ErrExists
	case err != nil:
		return err
	}
	// The file has its name: that it keeps the other one too harms nobody.
	_ = unix.Unlinkat(at, from, 0)
	return nil
}

// Hint is what to do about an error of a Draft; "" = the error says it.
func Hint(err error) string {
	switch {
	case errors.Is(err, ErrPartial):
		return "Remove the .part file if nothing writes to it any more (\"lxcdeck recover\" names what was cut off), or take another name. Unpacking it tells whether it is whole."
	case errors.Is(err, ErrKept):
		return "mv -n gives it a name that is free."
	}
	return ""
}
