package archive

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// PackOptions are what goes into an archive.
type PackOptions struct {
	Meta   Meta
	Config []byte   // the container's config file, as it is
	Root   *os.File // the directory of its root; not closed
	// Inner gives the container's id for one of the host, of a user or (true) of
	// a group; false = it has none. nil = they are the same.
	Inner func(host uint32, group bool) (uint32, bool)
	Level int // of zstd; 0 = 3
	// Progress is told the bytes of files that have been read so far, at most
	// once for each file. nil = nobody looks.
	Progress func(read uint64)
}

// Packed is what came of it.
type Packed struct {
	Entries uint64
	Read    uint64 // bytes of files
	Written uint64 // bytes of the archive
	Skipped []Skipped
}

// Pack writes an archive. Whoever calls holds the container still meanwhile: a
// file that shrinks while it is read ends it with an error.
func Pack(ctx context.Context, w io.Writer, o PackOptions) (Packed, error) {
	frames, err := newFrameWriter(w, o.Level)
	if err != nil {
		return Packed{}, err
	}
	p := &packer{ctx: ctx, o: o, sum: sha256.New(), links: map[inode]string{}, buf: make([]byte, 1<<20), names: make([]byte, 64<<10)}
	p.tar = tar.NewWriter(io.MultiWriter(p.sum, frames))
	err = p.run()
	if cerr := frames.Close(); cerr != nil && err == nil {
		err = cerr
	}
	p.out.Written = frames.written()
	return p.out, err
}

type inode struct{ dev, ino uint64 }

type packer struct {
	ctx   context.Context
	o     PackOptions
	tar   *tar.Writer
	sum   hash.Hash
	dev   uint64 // the one file system that is packed
	mount uint64
	links map[inode]string
	buf   []byte
	names []byte
	out   Packed
}

func (p *packer) run() error {
	meta, err := json.Marshal(p.o.Meta)
	if err != nil {
		return err
	}
	base := baseName(p.o.Meta.Name)
	if err := p.text(path.Join(base, metaName), append(meta, '\n')); err != nil {
		return err
	}
	if err := p.text(path.Join(base, configName), p.o.Config); err != nil {
		return err
	}
	st, mount, err := statAt(int(p.o.Root.Fd()), "")
	if err != nil {
		return fmt.Errorf("pack the root: %w", err)
	}
	p.dev, p.mount = st.Dev, mount
	dir, err := openAt(int(p.o.Root.Fd()), ".", unix.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("pack the root: %w", err)
	}
	if err := p.dir(dir, path.Join(base, rootName), "/", &st); err != nil {
		return err
	}
	if err := p.tar.Flush(); err != nil {
		return err
	}
	sum := hex.EncodeToString(p.sum.Sum(nil))
	if err := p.text(path.Join(base, sumName), []byte(sum+"\n")); err != nil {
		return err
	}
	return p.tar.Close()
}

// baseName is the archive's one directory: the container's name where any tar
// can have it, and where the headers of lxcdeck's own files stay plain.
func baseName(name string) string {
	if name == "" || len(name) > 90 {
		return "container"
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '/' || c == '\\' {
			return "container"
		}
	}
	return name
}

// text adds a file of lxcdeck's own. Its header is a plain one of 512 bytes.
func (p *packer) text(name string, text []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: 0o600, ModTime: time.Unix(p.o.Meta.Created.Unix(), 0)}
	if err := p.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	_, err := p.tar.Write(text)
	return err
}

// dir packs a directory and all below it, in the order of names. It closes d.
func (p *packer) dir(d *os.File, name, inside string, st *unix.Stat_t) error {
	defer d.Close()
	if err := p.header(int(d.Fd()), ".", name+"/", inside, "", st); err != nil {
		return err
	}
	entries, err := d.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	slices.Sort(entries)
	for _, e := range entries {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		if err := p.entry(int(d.Fd()), e, path.Join(name, e), path.Join(inside, e)); err != nil {
			return err
		}
	}
	return nil
}

// entry packs one name of a directory.
func (p *packer) entry(dirfd int, base, name, inside string) error {
	st, mount, err := statAt(dirfd, base)
	if errors.Is(err, unix.ENOENT) {
		return nil // gone meanwhile: a root that others share, say
	}
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	kind := st.Mode & unix.S_IFMT
	switch {
	case kind == unix.S_IFSOCK:
		return p.skip(inside, "a socket")
	case kind == unix.S_IFBLK, kind == unix.S_IFCHR && !harmless(st.Mode, st.Rdev):
		return p.skip(inside, fmt.Sprintf("a device node %d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev)))
	case st.Dev != p.dev || mount != p.mount:
		if kind != unix.S_IFDIR {
			return p.skip(inside, "a mount")
		}
		// The place of the mount belongs to the root, what is mounted does not.
		_ = p.skip(inside, "a mount: its place is packed, empty")
		return p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: time.Unix(st.Mtim.Sec, 0)})
	case kind == unix.S_IFDIR:
		d, err := openAt(dirfd, base, unix.O_DIRECTORY)
		if err != nil {
			return fmt.Errorf("pack %q: %w", inside, err)
		}
		return p.dir(d, name, inside, &st)
	case st.Nlink > 1:
		id := inode{st.Dev, st.Ino}
		if first, seen := p.links[id]; seen {
			return p.link(name, inside, first)
		}
		p.links[id] = name
	}
	if kind == unix.S_IFREG {
		return p.file(dirfd, base, name, inside, &st)
	}
	target := ""
	if kind == unix.S_IFLNK {
		n, err := unix.Readlinkat(dirfd, base, p.buf[:maxName])
		if err != nil {
			return fmt.Errorf("pack %q: %w", inside, err)
		}
		target = string(p.buf[:n])
	}
	return p.header(dirfd, base, name, inside, target, &st)
}

func (p *packer) skip(inside, why string) error {
	p.out.Skipped = append(p.out.Skipped, Skipped{inside, why})
	return nil
}

func (p *packer) link(name, inside, first string) error {
	p.out.Entries++
	err := p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: first, Format: tar.FormatPAX})
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	return nil
}

// header writes what an entry is; of a regular file the content follows.
func (p *packer) header(dirfd int, base, name, inside, target string, st *unix.Stat_t) error {
	uid, uok := p.inner(st.Uid, false)
	gid, gok := p.inner(st.Gid, true)
	if !uok || !gok {
		return fmt.Errorf("pack %q: owner %d:%d is not one of the container's ids", inside, st.Uid, st.Gid)
	}
	h := &tar.Header{
		Name: name, Linkname: target, Mode: int64(st.Mode & 0o7777), Uid: int(uid), Gid: int(gid),
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
	attrs, err := readXattrs("/proc/self/fd/"+strconv.Itoa(dirfd)+"/"+base, p.inner, p.names)
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	h.PAXRecords = attrs
	p.out.Entries++
	if err := p.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	return nil
}

func (p *packer) inner(host uint32, group bool) (uint32, bool) {
	if p.o.Inner == nil {
		return host, true
	}
	return p.o.Inner(host, group)
}

// file packs a regular file.
func (p *packer) file(dirfd int, base, name, inside string, st *unix.Stat_t) error {
	f, err := openAt(dirfd, base, 0)
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	defer f.Close()
	var now unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &now); err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	if now.Ino != st.Ino || now.Dev != st.Dev || now.Mode&unix.S_IFMT != unix.S_IFREG {
		return fmt.Errorf("pack %q: it was replaced meanwhile", inside)
	}
	if err := p.header(dirfd, base, name, inside, "", &now); err != nil {
		return err
	}
	for left := now.Size; left > 0; {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(p.buf[:min(left, int64(len(p.buf)))])
		if n > 0 {
			if _, werr := p.tar.Write(p.buf[:n]); werr != nil {
				return werr
			}
			left -= int64(n)
			p.out.Read += uint64(n)
		}
		if errors.Is(err, io.EOF) && left > 0 {
			return fmt.Errorf("pack %q: it became shorter while it was read", inside)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("pack %q: %w", inside, err)
		}
	}
	if p.o.Progress != nil {
		p.o.Progress(p.out.Read)
	}
	return nil
}

// openAt opens a name of a directory, without following a link or waiting.
func openAt(dirfd int, name string, flags int) (*os.File, error) {
	for {
		fd, err := unix.Openat(dirfd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC|flags, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), name), nil
	}
}

// statAt is fstatat(2) with the mount that an entry lies on, which tells a bind
// mount of the same file system (statx(2), STATX_MNT_ID). "" = dirfd itself.
func statAt(dirfd int, name string) (st unix.Stat_t, mount uint64, err error) {
	var x unix.Statx_t
	flags := unix.AT_SYMLINK_NOFOLLOW
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	err = unix.Statx(dirfd, name, flags, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &x)
	if err != nil {
		return st, 0, err
	}
	st.Mode, st.Uid, st.Gid, st.Ino, st.Nlink, st.Size = uint32(x.Mode), x.Uid, x.Gid, x.Ino, uint64(x.Nlink), int64(x.Size)
	st.Dev, st.Rdev = unix.Mkdev(x.Dev_major, x.Dev_minor), unix.Mkdev(x.Rdev_major, x.Rdev_minor)
	st.Mtim = unix.NsecToTimespec(x.Mtime.Sec*1e9 + int64(x.Mtime.Nsec))
	return st, x.Mnt_id, nil
}
