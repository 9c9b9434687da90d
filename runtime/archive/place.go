package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// place is the root that is being made. Every name is made relative to the
// descriptor of its directory, which is found beneath the root without passing
// a link or a mount (openat2(2)): whatever the archive has made before cannot
// lead anything out.
type place struct {
	rootfd *os.File
	host   func(uint32, bool) (uint32, bool)
	last   string // directory that parent has open
	parent *os.File
	within []openDir // the directories around the entry that is made, the root first
}

// openDir is a directory that is being filled, and what it gets when that is done:
// its time, which filling it changes, and the ACL that everything made in it would
// inherit (acl(5)).
type openDir struct {
	name string // "" = the root
	h    *tar.Header
}

func newPlace(dir *os.File, host func(uint32, bool) (uint32, bool)) (*place, error) {
	if err := unix.Mkdirat(int(dir.Fd()), rootName, 0o700); err != nil {
		return nil, fmt.Errorf("unpack: make %s: %w", rootName, err)
	}
	fd, err := openDirAt(int(dir.Fd()), rootName)
	if err != nil {
		return nil, fmt.Errorf("unpack: open %s: %w", rootName, err)
	}
	for _, name := range []string{xattrACL, xattrACLDefault} {
		// What the directories above it have handed down is none of the archive's.
		err := unix.Fremovexattr(int(fd.Fd()), name)
		if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.EOPNOTSUPP) {
			fd.Close()
			return nil, fmt.Errorf("unpack: attribute %s of %s: %w", name, rootName, err)
		}
	}
	if host == nil {
		host = anyID
	}
	return &place{rootfd: fd, host: host}, nil
}

func (p *place) close() {
	p.rootfd.Close()
	if p.parent != nil {
		p.parent.Close()
	}
}

// root gives the root its owner, mode and attributes.
func (p *place) root(h *tar.Header) error {
	p.within = append(p.within, openDir{"", h})
	return p.own(p.rootfd, h)
}

// enter leaves the directories that a name is not in. Its own has to be open still:
// what Pack writes goes down the tree once.
func (p *place) enter(name string) error {
	dir := strings.TrimSuffix(strings.TrimSuffix(name, path.Base(name)), "/")
	for len(p.within) > 1 {
		last := p.within[len(p.within)-1]
		if dir == last.name || strings.HasPrefix(dir, last.name+"/") {
			break
		}
		if err := p.leave(); err != nil {
			return err
		}
	}
	if dir == p.within[len(p.within)-1].name {
		return nil
	}
	f, err := p.beneath(dir)
	if err != nil {
		return fmt.Errorf("unpack %q: %w", name, err)
	}
	f.Close()
	return fmt.Errorf("unpack %q: %w: its directory had come to its end", name, ErrDamaged)
}

// leave gives the innermost directory what it gets last.
func (p *place) leave() error {
	last := p.within[len(p.within)-1]
	p.within = p.within[:len(p.within)-1]
	f := p.rootfd
	if last.name != "" {
		var err error
		if f, err = p.beneath(last.name); err != nil {
			return fmt.Errorf("unpack %q: %w", last.name, err)
		}
		defer f.Close()
	}
	if acl, ok := last.h.PAXRecords[xattrRecord+xattrACLDefault]; ok {
		if err := p.attribute(fdPath(f), xattrACLDefault, acl, unix.Setxattr); err != nil {
			return fmt.Errorf("unpack %q: %w", last.name, err)
		}
	}
	at := timeOf(last.h)
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, fdPath(f), []unix.Timespec{at, at}, 0); err != nil {
		return fmt.Errorf("unpack %q: %w", last.name, err)
	}
	return nil
}

// at gives the directory of a name, and the name in it.
func (p *place) at(name string) (*os.File, string, error) {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	if dir == "" {
		return p.rootfd, base, nil
	}
	if p.parent != nil && p.last == dir {
		return p.parent, base, nil
	}
	f, err := p.beneath(dir)
	if err != nil {
		return nil, "", err
	}
	if p.parent != nil {
		p.parent.Close()
	}
	p.parent, p.last = f, dir
	return f, base, nil
}

func (p *place) beneath(dir string) (*os.File, error) {
	fd, err := unix.Openat2(int(p.rootfd.Fd()), dir, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV,
	})
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, fmt.Errorf("%w: its directory is a symbolic link", ErrUnsafe)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return nil, fmt.Errorf("%w: its directory is not in the archive", ErrDamaged)
	case err != nil:
		return nil, err
	}
	return os.NewFile(uintptr(fd), dir), nil
}

// twice says it when a name is there already.
func twice(err error) error {
	if errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%w: it is there twice", ErrDamaged)
	}
	return err
}

func (p *place) dir(h *tar.Header, name string) error {
	dir, base, err := p.at(name)
	if err != nil {
		return err
	}
	if err := unix.Mkdirat(int(dir.Fd()), base, 0o700); err != nil {
		return twice(err)
	}
	f, err := openDirAt(int(dir.Fd()), base)
	if err != nil {
		return err
	}
	defer f.Close()
	p.within = append(p.within, openDir{name, h})
	return p.own(f, h)
}

// file opens a new file to be filled; dress does the rest.
func (p *place) file(name string) (*os.File, error) {
	dir, base, err := p.at(name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Openat(int(dir.Fd()), base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, twice(err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// dress gives a file all that its header tells.
func (p *place) dress(f *os.File, h *tar.Header) error {
	if err := p.own(f, h); err != nil {
		return err
	}
	at := timeOf(h)
	return unix.UtimesNanoAt(unix.AT_FDCWD, fdPath(f), []unix.Timespec{at, at}, 0)
}

// own sets owner, mode and attributes, in the order in which one takes nothing
// from the other: a change of owner drops set-id bits and capabilities.
func (p *place) own(f *os.File, h *tar.Header) error {
	uid, gid, err := p.ids(h)
	if err != nil {
		return err
	}
	if err := f.Chown(uid, gid); err != nil {
		return err
	}
	if err := unix.Fchmod(int(f.Fd()), uint32(h.Mode)&0o7777); err != nil {
		return err
	}
	return p.attributes(fdPath(f), h, unix.Setxattr)
}

func (p *place) ids(h *tar.Header) (uid, gid int, err error) {
	if h.Uid < 0 || h.Gid < 0 || int64(h.Uid) > 1<<32-2 || int64(h.Gid) > 1<<32-2 {
		return 0, 0, fmt.Errorf("%w: owner %d:%d", ErrUnsafe, h.Uid, h.Gid)
	}
	u, uok := p.host(uint32(h.Uid), false)
	g, gok := p.host(uint32(h.Gid), true)
	switch {
	case !uok:
		return 0, 0, fmt.Errorf("its owner, user %d, %w", h.Uid, ErrOwner)
	case !gok:
		return 0, 0, fmt.Errorf("its owner, group %d, %w", h.Gid, ErrOwner)
	}
	return int(u), int(g), nil
}

// attributes sets those that an archive may bring.
func (p *place) attributes(file string, h *tar.Header, set func(string, string, []byte, int) error) error {
	total := 0
	for key, value := range h.PAXRecords {
		name, ok := strings.CutPrefix(key, xattrRecord)
		if !ok {
			continue
		}
		if total += len(name) + len(value); total > maxXattrs {
			return fmt.Errorf("%w: more than %d bytes of attributes", ErrTooLarge, maxXattrs)
		}
		if name == xattrACLDefault && h.Typeflag == tar.TypeDir {
			continue // leave does it
		}
		if err := p.attribute(file, name, value, set); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) attribute(file, name, value string, set func(string, string, []byte, int) error) error {
	if !packs(name) {
		return fmt.Errorf("%w: attribute %q", ErrUnsafe, name)
	}
	v, ok := translate(name, []byte(value), p.host)
	if !ok {
		if _, ok := translate(name, []byte(value), anyID); ok {
			return fmt.Errorf("an id in its attribute %q %w", name, ErrOwner)
		}
		return fmt.Errorf("%w: attribute %q", ErrDamaged, name)
	}
	switch err := set(file, name, v, 0); {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: no such file can have the attribute %q (xattr(7))", ErrDamaged, name)
	case errors.Is(err, unix.ENOSPC) && p.full():
		return fmt.Errorf("attribute %q: %w", name, err)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.E2BIG), errors.Is(err, unix.ERANGE), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("attribute %q of %d bytes, %w (xattr(7)): %w", name, len(v), ErrAttribute, err)
	case err != nil:
		return fmt.Errorf("attribute %q: %w", name, err)
	}
	return nil
}

// full says whether the file system has no room: for an attribute that is too long,
// ext4, btrfs and tmpfs say ENOSPC too.
func (p *place) full() bool {
	var st unix.Statfs_t
	err := unix.Fstatfs(int(p.rootfd.Fd()), &st)
	return err == nil && st.Blocks > 0 && st.Bavail*uint64(st.Bsize) < maxXattr
}

// anyID is the host's side of a container that has all ids.
func anyID(id uint32, _ bool) (uint32, bool) { return id, true }

func (p *place) symlink(h *tar.Header, name string) error {
	dir, base, err := p.at(name)
	if err != nil {
		return err
	}
	if h.Linkname == "" || strings.IndexByte(h.Linkname, 0) >= 0 {
		return fmt.Errorf("%w: a link to %q", ErrDamaged, h.Linkname)
	}
	if err := unix.Symlinkat(h.Linkname, int(dir.Fd()), base); err != nil {
		return twice(err)
	}
	return p.dressAt(dir, base, h)
}

// dressAt is for what cannot be opened: it is not followed. Nobody else writes here,
// so that it is still what was made.
func (p *place) dressAt(dir *os.File, base string, h *tar.Header) error {
	uid, gid, err := p.ids(h)
	if err != nil {
		return err
	}
	if err := unix.Fchownat(int(dir.Fd()), base, uid, gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeSymlink { // the mode of a link says nothing
		if err := unix.Fchmodat(int(dir.Fd()), base, uint32(h.Mode)&0o7777, 0); err != nil {
			return err
		}
	}
	if err := p.attributes(fdPath(dir)+"/"+base, h, unix.Lsetxattr); err != nil {
		return err
	}
	at := timeOf(h)
	return unix.UtimesNanoAt(int(dir.Fd()), base, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW)
}

func (p *place) link(name, target string) error {
	from, base := path.Split(target)
	source := p.rootfd
	if from = strings.TrimSuffix(from, "/"); from != "" {
		f, err := p.beneath(from)
		if err != nil {
			return err
		}
		defer f.Close()
		source = f
	}
	dir, to, err := p.at(name)
	if err != nil {
		return err
	}
	err = unix.Linkat(int(source.Fd()), base, int(dir.Fd()), to, 0)
	if errors.Is(err, unix.EPERM) {
		var st unix.Stat_t
		if serr := unix.Fstatat(int(source.Fd()), base, &st, unix.AT_SYMLINK_NOFOLLOW); serr == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return fmt.Errorf("%w: a hard link to %q, which is a directory", ErrDamaged, target)
		}
	}
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%w: a hard link to %q, which is not in it", ErrDamaged, target)
	}
	return twice(err)
}

// node makes a FIFO or a harmless device.
func (p *place) node(h *tar.Header, name string, kind uint32, dev uint64) error {
	dir, base, err := p.at(name)
	if err != nil {
		return err
	}
	if err := unix.Mknodat(int(dir.Fd()), base, kind|0o600, int(dev)); err != nil {
		return twice(err)
	}
	return p.dressAt(dir, base, h)
}

// finish leaves all directories.
func (p *place) finish() error {
	for len(p.within) > 0 {
		if err := p.leave(); err != nil {
			return err
		}
	}
	return nil
}

func timeOf(h *tar.Header) unix.Timespec {
	return unix.Timespec{Sec: h.ModTime.Unix(), Nsec: int64(h.ModTime.Nanosecond())}
}

// fdPath names an open file for calls that take no descriptor.
func fdPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
