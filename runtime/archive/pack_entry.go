package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// header writes what an entry is.
func (p *packer) header(from attrSource, name, inside, target string, st *unix.Stat_t) error {
	h, err := p.describe(from, name, inside, target, st)
	if err != nil {
		return err
	}
	if err := p.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	return nil
}

// describe says what an entry is.
func (p *packer) describe(from attrSource, name, inside, target string, st *unix.Stat_t) (*tar.Header, error) {
	uid, uok := p.inner(st.Uid, false)
	gid, gok := p.inner(st.Gid, true)
	mode := st.Mode & 0o7777
	if !uok || !gok {
		// Somebody outside has put it there. Inside it belongs to nobody, and so it
		// does in the archive, without bits that would lend what nobody has.
		_ = p.skip(inside, fmt.Sprintf("only its owner %d:%d, not one of the container's ids: it is nobody's in there, too; chown(1) on the host changes that", st.Uid, st.Gid))
		mode &^= unix.S_ISUID | unix.S_ISGID
		if !uok {
			uid = nobody
		}
		if !gok {
			gid = nobody
		}
	}
	h := &tar.Header{
		Name: name, Linkname: target, Mode: int64(mode), Uid: int(uid), Gid: int(gid),
		ModTime: time.Unix(st.Mtim.Sec, st.Mtim.Nsec), Format: tar.FormatPAX,
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		h.Typeflag, h.Size = tar.TypeReg, st.Size
	case unix.S_IFDIR:
		h.Typeflag = tar.TypeDir
	case unix.S_IFLNK:
		h.Typeflag = tar.TypeSymlink
	case unix.S_IFIFO:
		h.Typeflag = tar.TypeFifo
	case unix.S_IFCHR:
		h.Typeflag, h.Devmajor, h.Devminor = tar.TypeChar, int64(unix.Major(st.Rdev)), int64(unix.Minor(st.Rdev))
	}
	attrs, lost, err := readXattrs(from, p.inner, p.names)
	if err != nil {
		return nil, fmt.Errorf("pack %q: %w", inside, err)
	}
	for _, l := range lost {
		_ = p.skip(inside, "only its attribute "+l)
	}
	h.PAXRecords = attrs
	p.out.Entries++
	return h, nil
}

func (p *packer) inner(host uint32, group bool) (uint32, bool) {
	if p.o.Inner == nil {
		return host, true
	}
	return p.o.Inner(host, group)
}

// file packs a regular file. By its bare descriptor: an os.File of each costs four
// system calls more, and there are many small ones.
func (p *packer) file(dirfd int, base, name, inside string, st *unix.Stat_t) error {
	fd, err := openFD(dirfd, base, 0)
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, moved(err))
	}
	defer unix.Close(fd)
	var now unix.Stat_t
	if err := unix.Fstat(fd, &now); err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	if now.Ino != st.Ino || now.Mode&unix.S_IFMT != unix.S_IFREG {
		return errMoved
	}
	p.seen(st, name)
	h, err := p.describe(attrsOf(fd), name, inside, "", &now)
	if err != nil {
		return err
	}
	if now.Size-now.Blocks*512 >= minHoles {
		if all := pieces(fd, now.Size); all != nil {
			return p.sparse(fd, inside, h, all)
		}
		if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
			return fmt.Errorf("pack %q: %w", inside, err)
		}
	}
	if err := p.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	return p.content(fd, inside, now.Size, p.tar)
}

// content copies so many bytes of a file.
func (p *packer) content(fd int, inside string, left int64, to io.Writer) error {
	for left > 0 {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		n, err := unix.Read(fd, p.buf[:min(left, int64(len(p.buf)))])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("pack %q: %w", inside, err)
		case n == 0:
			return fmt.Errorf("pack %q: it became shorter while it was read", inside)
		}
		if _, err := to.Write(p.buf[:n]); err != nil {
			return err
		}
		left -= int64(n)
		p.out.Read += uint64(n)
		p.told()
	}
	return nil
}

func (p *packer) told() {
	if p.o.Progress != nil {
		p.o.Progress(p.out.Read)
	}
}

// openDirAt opens a directory by its name in another, without following a link.
func openDirAt(dirfd int, name string) (*os.File, error) {
	fd, err := openFD(dirfd, name, unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// openFD opens a name of a directory, without following a link or waiting.
func openFD(dirfd int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dirfd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC|flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// statAt is fstatat(2) with the mount that an entry lies on, which tells a bind
// mount of the same file system (statx(2), STATX_MNT_ID); 0 = not known. "" =
// dirfd itself.
func statAt(dirfd int, name string) (st unix.Stat_t, mount uint64, err error) {
	var x unix.Statx_t
	// A FUSE mount of a container that stands still would never answer.
	flags := unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT | unix.AT_STATX_DONT_SYNC
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	err = unix.Statx(dirfd, name, flags, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &x)
	if err != nil {
		return st, 0, err
	}
	st.Mode, st.Uid, st.Gid, st.Ino, st.Size = uint32(x.Mode), x.Uid, x.Gid, x.Ino, int64(x.Size)
	setLinks(&st.Nlink, x.Nlink)
	st.Dev, st.Rdev = unix.Mkdev(x.Dev_major, x.Dev_minor), unix.Mkdev(x.Rdev_major, x.Rdev_minor)
	st.Mtim = unix.NsecToTimespec(x.Mtime.Sec*1e9 + int64(x.Mtime.Nsec))
	if x.Mask&unix.STATX_MNT_ID == 0 {
		x.Mnt_id = 0
	}
	return st, x.Mnt_id, nil
}

// setLinks sets a count of links, whose type is another on arm64 than on amd64.
func setLinks[T uint32 | uint64](to *T, n uint32) { *to = T(n) }
