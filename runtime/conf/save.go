package conf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultBackups is how many earlier versions of a file are kept beside it.
const DefaultBackups = 10

// SaveOptions say what becomes of the version that is replaced.
type SaveOptions struct {
	Backups int       // how many are kept; 0 = DefaultBackups, less = none
	Now     time.Time // dates the backup
}

// Saved is what a save has done.
type Saved struct {
	Doc    *Doc   // the new version
	Backup string // path of the one before; "" = none is kept
}

const (
	nextInfix   = ".lxcdeck-new-"
	backupInfix = ".lxcdeck-"
	backupTime  = "20060102T150405Z"
)

// Save puts a text in the place of the version that was read, whole or not at
// all, with its owner, mode and extended attributes. If the file is another
// version by now, it is ErrChanged and stays as it is; so it does where the disk is
// full or read-only. What was there is kept beside it, under a dated name that does
// not end in .conf, as liblxc would read it in an included directory.
func (d *Doc) Save(text []byte, o SaveOptions) (Saved, error) {
	if len(text) > MaxSize {
		return Saved{}, fmt.Errorf("save %s: %w: %d bytes (%d at most)", d.Path, ErrTooLong, len(text), MaxSize)
	}
	if slices.Contains(text, 0) {
		return Saved{}, fmt.Errorf("save %s: %w: it has a NUL in it", d.Path, ErrBinary)
	}
	if err := d.Changed(); err != nil {
		return Saved{}, fmt.Errorf("save: %w", err)
	}
	next, err := d.write(text)
	if err != nil {
		return Saved{}, fmt.Errorf("save %s: %w", d.Path, err)
	}
	backup, err := d.swap(next, o)
	if err != nil {
		return Saved{}, fmt.Errorf("save %s: %w", d.Path, errors.Join(err, remove(next)))
	}
	if err := syncDir(filepath.Dir(d.Path)); err != nil {
		return Saved{Backup: backup}, fmt.Errorf("saved, but a crash of the host may undo it: %s: %w", d.Path, err)
	}
	if backup != "" {
		clearBackups(d.Path, o.keep())
	}
	now, err := Load(d.Path)
	if err != nil {
		return Saved{Backup: backup}, fmt.Errorf("saved, but: %w", err)
	}
	return Saved{Doc: now, Backup: backup}, nil
}

func (o SaveOptions) keep() int {
	if o.Backups == 0 {
		return DefaultBackups
	}
	return max(o.Backups, 0)
}

// remove removes a file that may be gone already.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// write writes the text to a new file beside the other, with all of its rights.
func (d *Doc) write(text []byte) (path string, err error) {
	clearNext(d.Path)
	f, err := os.CreateTemp(filepath.Dir(d.Path), filepath.Base(d.Path)+nextInfix+"*") // O_EXCL, mode 0600
	if err != nil {
		return "", bare(err)
	}
	defer func() {
		err = errors.Join(err, bare(f.Close()))
		if err != nil {
			err = errors.Join(err, remove(f.Name()))
		}
	}()
	if _, err := f.Write(text); err != nil {
		return "", bare(err)
	}
	if err := d.rights(f); err != nil {
		return "", err
	}
	return f.Name(), bare(f.Sync())
}

// rights gives a new file owner, mode and extended attributes of the one that was
// read (access control lists are some of them).
func (d *Doc) rights(f *os.File) error {
	old, st, err := openPlain(d.Path)
	if err != nil {
		return err
	}
	defer old.Close()
	if st.Dev != d.Stamp.Dev || st.Ino != d.Stamp.Ino {
		return ErrChanged
	}
	to, from := int(f.Fd()), int(old.Fd())
	if err := unix.Fchown(to, int(st.Uid), int(st.Gid)); err != nil {
		return fmt.Errorf("keep its owner: %w", err)
	}
	// Changing the owner takes set-user-ID bits off: the mode comes after it.
	if err := unix.Fchmod(to, st.Mode&0o7777); err != nil {
		return fmt.Errorf("keep its mode: %w", err)
	}
	names := make([]byte, 64<<10) // XATTR_LIST_MAX of limits.h
	n, err := unix.Flistxattr(from, names)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep its attributes: %w", err)
	}
	value := make([]byte, 64<<10) // XATTR_SIZE_MAX
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if name == "" {
			continue
		}
		n, err := unix.Fgetxattr(from, name, value)
		if err == nil {
			err = unix.Fsetxattr(to, name, value[:n], 0)
		}
		if err != nil {
			return fmt.Errorf("keep its attribute %s: %w", name, err)
		}
	}
	return nil
}

// swap puts the new file in the place of the other, and that one beside it. The
// two are exchanged in one step and only then is looked at what was there, so that
// nobody can write between the look and the step.
func (d *Doc) swap(next string, o SaveOptions) (backup string, err error) {
	err = unix.Renameat2(unix.AT_FDCWD, next, unix.AT_FDCWD, d.Path, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		return d.replace(next, o) // the file system cannot
	}
	if err != nil {
		return "", err
	}
	_, _, was, err := readWhole(next)
	if err == nil && !was.sameText(d.Stamp) {
		err = ErrChanged
	}
	if err == nil && o.keep() > 0 {
		backup, err = keepAs(next, d.Path, o.Now)
	} else if err == nil {
		err = bare(os.Remove(next))
	}
	if err != nil {
		back := unix.Renameat2(unix.AT_FDCWD, next, unix.AT_FDCWD, d.Path, unix.RENAME_EXCHANGE)
		if back != nil {
			return "", fmt.Errorf("%w; what was there is now %s: %w", err, next, back)
		}
		return "", err
	}
	return backup, nil
}

// replace is swap where files cannot be exchanged.
func (d *Doc) replace(next string, o SaveOptions) (backup string, err error) {
	if o.keep() > 0 {
		if backup, err = linkAs(d.Path, o.Now); err != nil {
			return "", err
		}
	}
	_, _, now, err := readWhole(d.Path)
	if err == nil && !now.sameText(d.Stamp) {
		err = ErrChanged
	}
	if err == nil {
		err = bare(os.Rename(next, d.Path))
	}
	if err != nil && backup != "" {
		err = errors.Join(err, remove(backup))
	}
	return backup, err
}

// backupNames are the names that a backup may get, the first free one counts.
func backupNames(path string, now time.Time) []string {
	base := path + backupInfix + now.UTC().Format(backupTime)
	out := []string{base}
	for i := 2; i < 100; i++ {
		out = append(out, fmt.Sprintf("%s-%02d", base, i))
	}
	return out
}

// keepAs renames what was replaced to a backup's name; it overwrites none.
func keepAs(old, path string, now time.Time) (string, error) {
	for _, name := range backupNames(path, now) {
		err := unix.Renameat2(unix.AT_FDCWD, old, unix.AT_FDCWD, name, unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EEXIST) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("keep a backup: %w", err)
		}
		return name, nil
	}
	return "", fmt.Errorf("keep a backup: %w", os.ErrExist)
}

// linkAs gives what is to be replaced a backup's name beside its own.
func linkAs(path string, now time.Time) (string, error) {
	for _, name := range backupNames(path, now) {
		err := os.Link(path, name)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("keep a backup: %w", bare(err))
		}
		return name, nil
	}
	return "", fmt.Errorf("keep a backup: %w", os.ErrExist)
}

// Backups are the backups of a file, oldest first.
func Backups(path string) ([]string, error) {
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("list backups of %s: %w", path, bare(err))
	}
	var out []string
	for _, e := range all {
		if _, ours := BackupTime(path, e.Name()); !ours || !e.Type().IsRegular() {
			continue
		}
		out = append(out, filepath.Join(filepath.Dir(path), e.Name()))
	}
	slices.Sort(out)
	return out, nil
}

// BackupTime is when a backup of a file was made, by its name; false = it is none.
func BackupTime(path, backup string) (time.Time, bool) {
	rest, ours := strings.CutPrefix(filepath.Base(backup), filepath.Base(path)+backupInfix)
	date, number, more := strings.Cut(rest, "-")
	at, err := time.Parse(backupTime, date)
	return at, ours && err == nil && (!more || len(number) == 2 && digits(number))
}

// clearBackups removes the oldest backups but for some. It is no fault where it
// cannot: the file is saved.
func clearBackups(path string, keep int) {
	all, err := Backups(path)
	if err != nil {
		return
	}
	for _, name := range all[:max(0, len(all)-keep)] {
		_ = os.Remove(name)
	}
}

// staleNext is how old a file that was to take another's place has to be to be
// what a killed writer has left. What is newer may be another's who is at work.
const staleNext = time.Hour

// clearNext removes what killed writers have left.
func clearNext(path string) {
	all, err := filepath.Glob(globbed(path) + nextInfix + "*")
	if err != nil {
		return
	}
	for _, name := range all {
		rest := strings.TrimPrefix(name, path+nextInfix)
		var st unix.Stat_t
		if !digits(rest) || unix.Lstat(name, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		if time.Since(time.Unix(st.Ctim.Unix())) > staleNext { // by its last renaming: its text may be old
			_ = os.Remove(name)
		}
	}
}

// globbed is a path in which nothing stands for anything else.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// syncDir makes what was renamed in a directory last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return bare(err)
	}
	err = f.Sync()
	if errors.Is(err, unix.EINVAL) { // not every file system can
		err = nil
	}
	return errors.Join(bare(err), bare(f.Close()))
}
