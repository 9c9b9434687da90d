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
	Root   *os.File // the directory of its root, not closed; nil = an empty one
	Except *os.File // a file that is left out of it, since it is the archive; nil = none
	// Inner gives the container's id for one of the host, of a user or (true) of
	// a group; false = it has none. nil = they are the same.
	Inner func(host uint32, group bool) (uint32, bool)
	Level int // of zstd; 0 = 1
	// Progress is told the bytes of files that have been read so far. nil = nobody looks.
	Progress func(read uint64)
}

// maxSkipped is how many of what is skipped are named: a container could fill its
// root with sockets.
const maxSkipped = 1000

// nobody is the id that the kernel shows where it has none (proc(5), overflowuid).
const nobody = 65534

// Packed is what came of it.
type Packed struct {
	Entries uint64
	Read    uint64 // bytes of files
	Written uint64 // bytes of the archive
	SHA256  string // of the archive, in hex
	Left    uint64 // how many entries were skipped, or an attribute of them
	Skipped []Skipped
}

// pieceSize is how much of a file is read at once, in bytes: so little that it is in
// the processor's cache still while it is summed up and copied.
const pieceSize = 128 << 10

// Pack writes an archive. Whoever calls holds the container still meanwhile: a
// file that shrinks while it is read ends it with an error.
func Pack(ctx context.Context, w io.Writer, o PackOptions) (Packed, error) {
	frames, err := newFrameWriter(w, o.Level)
	if err != nil {
		return Packed{}, err
	}
	p := &packer{ctx: ctx, o: o, sum: sha256.New(), links: map[inode]string{}, buf: make([]byte, pieceSize), names: make([]byte, 64<<10)}
	p.raw = io.MultiWriter(p.sum, frames)
	p.tar = tar.NewWriter(p.raw)
	err = p.run()
	if cerr := frames.Close(); cerr != nil && (err == nil || !errors.Is(err, context.Canceled)) {
		err = cerr
	}
	p.out.Written, p.out.SHA256 = frames.written()
	return p.out, err
}

type inode struct{ dev, ino uint64 }

type packer struct {
	ctx context.Context
	o   PackOptions
	raw io.Writer // where tar writes
	tar *tar.Writer
	sum hash.Hash
	// crossed says whether an entry lies on another mount than the root. Its device
	// number does not: that of a file on overlayfs may be its layer's, and each
	// subvolume of btrfs has one of its own.
	crossed func(st *unix.Stat_t, mount uint64) bool
	except  inode
	links   map[inode]string
	buf     []byte
	names   []byte
	out     Packed
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
	if err := p.root(path.Join(base, rootName)); err != nil {
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

// root packs the root and all that is in it.
func (p *packer) root(name string) error {
	if p.o.Root == nil {
		p.out.Entries++
		return p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: p.o.Meta.Created})
	}
	st, mount, err := statAt(int(p.o.Root.Fd()), "")
	if err != nil {
		return fmt.Errorf("pack the root: %w", err)
	}
	if p.crossed = func(_ *unix.Stat_t, at uint64) bool { return at != mount }; mount == 0 {
		dev := st.Dev // before Linux 5.8: subvolumes of btrfs count as others then
		p.crossed = func(st *unix.Stat_t, _ uint64) bool { return st.Dev != dev }
	}
	if p.o.Except != nil {
		var own unix.Stat_t
		if err := unix.Fstat(int(p.o.Except.Fd()), &own); err == nil {
			p.except = inode{own.Dev, own.Ino}
		}
	}
	dir, err := openDirAt(int(p.o.Root.Fd()), ".")
	if err != nil {
		return fmt.Errorf("pack the root: %w", err)
	}
	return p.dir(dir, name, "/", &st)
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
	if err := p.header(attrsOf(int(d.Fd())), name+"/", inside, "", st); err != nil {
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

// errMoved: what a name stood for when it was looked at, it does not any more.
var errMoved = errors.New("it is replaced again and again")

// maxMoved is how often that may happen to one name.
const maxMoved = 100

// moved tells what became of a name between two calls from other errors.
func moved(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EINVAL) {
		return errMoved
	}
	return err
}

// entry packs one name of a directory. A root that others share changes meanwhile.
func (p *packer) entry(dirfd int, base, name, inside string) (err error) {
	for range maxMoved {
		if err = p.try(dirfd, base, name, inside); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fmt.Errorf("pack %q: %w", inside, err)
}

// try packs one name; errMoved = it has written nothing yet.
func (p *packer) try(dirfd int, base, name, inside string) error {
	st, mount, err := statAt(dirfd, base)
	if errors.Is(err, unix.ENOENT) {
		return nil // gone meanwhile: a root that others share, say
	}
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	kind := st.Mode & unix.S_IFMT
	switch {
	case len(name) >= maxName:
		return p.skip(inside, fmt.Sprintf("a path of more than %d bytes", maxName))
	case p.except == inode{st.Dev, st.Ino}:
		return p.skip(inside, "the archive itself")
	case kind == unix.S_IFSOCK:
		return p.skip(inside, "a socket")
	case kind == unix.S_IFBLK, kind == unix.S_IFCHR && !harmless(st.Mode, st.Rdev):
		return p.skip(inside, fmt.Sprintf("a device node %d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev)))
	case p.crossed(&st, mount):
		if kind != unix.S_IFDIR {
			return p.skip(inside, "a mount")
		}
		// The place of the mount belongs to the root, what is mounted does not.
		_ = p.skip(inside, "a mount: its place is packed, empty")
		return p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: time.Unix(st.Mtim.Sec, 0)})
	case kind == unix.S_IFDIR:
		return p.below(dirfd, base, name, inside, &st)
	case st.Nlink > 1:
		if first, seen := p.links[inode{st.Dev, st.Ino}]; seen {
			return p.link(name, inside, first)
		}
	}
	if kind == unix.S_IFREG {
		return p.file(dirfd, base, name, inside, &st)
	}
	target := ""
	if kind == unix.S_IFLNK {
		n, err := unix.Readlinkat(dirfd, base, p.buf[:maxName])
		if err != nil {
			return fmt.Errorf("pack %q: %w", inside, moved(err))
		}
		target = string(p.buf[:n])
	}
	err = p.header(attrsAt("/proc/self/fd/"+strconv.Itoa(dirfd)+"/"+base), name, inside, target, &st)
	if errors.Is(err, unix.ENOENT) {
		return moved(err)
	}
	p.seen(&st, name)
	return err
}

// seen notes where a file was packed, for other names of it.
func (p *packer) seen(st *unix.Stat_t, name string) {
	if st.Nlink > 1 {
		p.links[inode{st.Dev, st.Ino}] = name
	}
}

// below packs a directory in another.
func (p *packer) below(dirfd int, base, name, inside string, st *unix.Stat_t) error {
	d, err := openDirAt(dirfd, base)
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, moved(err))
	}
	now, mount, err := statAt(int(d.Fd()), "")
	if err == nil && (now.Ino != st.Ino || now.Dev != st.Dev || p.crossed(&now, mount)) {
		err = errMoved
	}
	if err != nil {
		d.Close()
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	return p.dir(d, name, inside, &now)
}

func (p *packer) skip(inside, why string) error {
	if p.out.Left++; len(p.out.Skipped) < maxSkipped {
		p.out.Skipped = append(p.out.Skipped, Skipped{inside, why})
	}
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
