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
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// maxWindow is how far back a frame may look, in bytes: zstd's own limit unless
// it is told otherwise.
const maxWindow = 128 << 20

// UnpackOptions bound what is made of an archive.
type UnpackOptions struct {
	// Config sees what the archive says of itself, and the container's config,
	// before anything is made; its error ends the unpacking.
	Config func(Meta, []byte) error
	// Host gives the host's id for one of the container, of a user or (true) of
	// a group; false = it has none. nil = they are the same.
	Host       func(inner uint32, group bool) (uint32, bool)
	MaxSize    uint64 // bytes of files but their zeros, which become holes; 0 = none of them
	MaxEntries uint64 // 0 = DefaultEntries
	// Room is for how many such bytes there is room, and Inodes for how many entries;
	// 0 = it is not known. More than that is ErrNoRoom, more than what is allowed is
	// ErrTooLarge.
	Room, Inodes uint64
	// Reserve is how many bytes of the file system have to stay free. MaxSize and Room do
	// not see to that: a directory, a long link or a file of one byte takes a block.
	Reserve uint64
	// NoDevices leaves device nodes out, which only the host's root can make.
	NoDevices bool
	// Progress is told the bytes of files that have been made so far, at most
	// once for each file. nil = nobody looks.
	Progress func(made uint64)
}

// Unpacked is what came of it.
type Unpacked struct {
	Meta    Meta
	Config  []byte
	Entries uint64
	Made    uint64 // bytes of files
	SHA256  string // of the whole stream as it came, in hex
	Left    uint64 // how many entries were left out
	Skipped []Skipped
}

// Unpack makes the directory rootfs in dir out of an archive. What it has made
// when it fails stays: the caller removes dir. An error wraps ErrDamaged,
// ErrUnsafe or ErrTooLarge where the archive is at fault.
func Unpack(ctx context.Context, r io.Reader, dir *os.File, o UnpackOptions) (Unpacked, error) {
	whole := sha256.New()
	in := io.TeeReader(&counted{r: r, ctx: ctx}, whole)
	dec, err := zstd.NewReader(in, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return Unpacked{}, fmt.Errorf("unpack: %w", err)
	}
	defer dec.Close()
	if o.MaxEntries == 0 {
		o.MaxEntries = DefaultEntries
	}
	u := &unpacker{ctx: ctx, o: o, sum: &lagging{sum: sha256.New()}, buf: make([]byte, 1<<20), nodes: map[string]bool{}}
	u.tar = tar.NewReader(io.TeeReader(dec, u.sum))
	if err := u.run(dir); err != nil {
		return u.out, err
	}
	if err := u.rest(dec); err != nil {
		return u.out, err
	}
	u.out.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return u.out, nil
}

// maxMade is how large all files may be together, holes and all, in bytes: as large as
// a file of ext4 can be. Holes take no room, but time.
const maxMade = 16 << 40

// maxRest is how many zeros may stand behind the end, in bytes: tar(1) fills up its
// records, of 10 KiB unless told otherwise.
const maxRest = 1 << 20

// rest reads to the end of the stream, so that the sum is that of the whole file.
// Nothing is there that the archive's own sum does not cover.
func (u *unpacker) rest(dec io.Reader) error {
	for n := 0; n < maxRest; {
		k, err := dec.Read(u.buf)
		if !zeros(u.buf[:k]) {
			return fmt.Errorf("%w: it goes on behind its end", ErrDamaged)
		}
		switch n += k; {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && u.ctx.Err() != nil:
			return u.ctx.Err()
		case err != nil:
			return fmt.Errorf("%w: behind its end: %w", ErrDamaged, err)
		}
	}
	return fmt.Errorf("%w: it goes on behind its end", ErrDamaged)
}

// counted ends a stream with its context.
type counted struct {
	r   io.Reader
	ctx context.Context
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// lagging sums up all that has passed but the last 512 bytes: those of the
// header of the sum itself, once tar has read that.
type lagging struct {
	sum  hash.Hash
	last []byte
}

func (l *lagging) Write(p []byte) (int, error) {
	l.last = append(l.last, p...)
	if n := len(l.last) - 512; n > 0 {
		l.sum.Write(l.last[:n])
		l.last = append(l.last[:0], l.last[n:]...)
	}
	return len(p), nil
}

type unpacker struct {
	ctx   context.Context
	o     UnpackOptions
	tar   *tar.Reader
	sum   *lagging
	base  string // the archive's one directory
	place *place
	buf   []byte
	fill  uint64 // bytes of files that are no holes
	since uint64 // what was made since the reserve was looked at, in bytes
	out   Unpacked
	nodes map[string]bool // device nodes that were left out
}

// Between two looks at the reserve: how much is made, and what one entry counts for
// beside its bytes, which is about what it can take: a block, and one of attributes.
const (
	reserveLook  = 4 << 20
	reserveEntry = 8 << 10
)

// most is how many bytes of files may be made, and the error of more.
func (u *unpacker) most() (bytes uint64, over error) {
	if u.o.Room > 0 && u.o.Room < u.o.MaxSize {
		return u.o.Room, fmt.Errorf("%w: its files hold more than the %d bytes that can be had there", ErrNoRoom, u.o.Room)
	}
	return u.o.MaxSize, fmt.Errorf("%w: its files hold more bytes than the %d that are allowed", ErrTooLarge, u.o.MaxSize)
}

// spent looks now and then whether the reserve is there still.
func (u *unpacker) spent(bytes uint64) error {
	if u.since += bytes; u.since < reserveLook || u.o.Reserve == 0 {
		return nil
	}
	u.since = 0
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(u.place.rootfd.Fd()), &st); err != nil {
		return fmt.Errorf("unpack: room: %w", err)
	}
	if st.Bavail*uint64(st.Bsize) < u.o.Reserve {
		return fmt.Errorf("%w: it would leave less than %d bytes of the file system free", ErrNoRoom, u.o.Reserve)
	}
	return nil
}

// run reads the parts in their one order.
func (u *unpacker) run(dir *os.File) error {
	if err := u.head(); err != nil {
		return err
	}
	if u.o.Config != nil {
		if err := u.o.Config(u.out.Meta, u.out.Config); err != nil {
			return err
		}
	}
	h, err := u.next()
	if err != nil {
		return err
	}
	if name := u.inner(h); name != rootName || h.Typeflag != tar.TypeDir {
		return fmt.Errorf("%w: %q stands where its root begins", ErrDamaged, h.Name)
	}
	if u.place, err = newPlace(dir, u.o.Host); err != nil {
		return err
	}
	defer u.place.close()
	if err := u.place.root(h); err != nil {
		return fmt.Errorf("unpack the root: %w", err)
	}
	u.out.Entries++
	for {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		h, err := u.next()
		if err != nil {
			return err
		}
		switch name := u.inner(h); {
		case name == sumName:
			return u.end()
		case strings.HasPrefix(name, rootName+"/"):
			if err := u.entry(h, strings.TrimPrefix(name, rootName+"/")); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: it holds %q", ErrUnsafe, h.Name)
		}
	}
}

// head reads what stands before the root.
func (u *unpacker) head() error {
	h, err := u.tar.Next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is nothing in it", ErrDamaged)
	}
	if err != nil {
		return u.damaged(err)
	}
	base, file, ok := strings.Cut(h.Name, "/")
	if !ok || file != metaName || base == "" || base == "." || base == ".." {
		return fmt.Errorf("%w: it does not begin with %s, so lxcdeck did not make it", ErrDamaged, metaName)
	}
	u.base = base
	text, err := u.text(h, maxMeta)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &u.out.Meta); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, metaName, err)
	}
	if v := u.out.Meta.Version; v != Version {
		return fmt.Errorf("%w: it is of version %d, and this lxcdeck reads version %d", ErrDamaged, v, Version)
	}
	if m := &u.out.Meta; len(m.Name) > maxWord || len(m.Arch) > maxWord || len(m.State) > maxWord {
		return fmt.Errorf("%w: a word of %s has more than %d bytes", ErrDamaged, metaName, maxWord)
	}
	if h, err = u.next(); err != nil {
		return err
	}
	if u.inner(h) != configName {
		return fmt.Errorf("%w: %q stands where the config belongs", ErrDamaged, h.Name)
	}
	u.out.Config, err = u.text(h, maxConfig)
	return err
}

// next gives the next entry.
func (u *unpacker) next() (*tar.Header, error) {
	h, err := u.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it ends without its checksum: it was cut short", ErrDamaged)
	}
	if err != nil {
		return nil, u.damaged(err)
	}
	if len(h.Name) > maxName || len(h.Linkname) > maxName {
		return nil, fmt.Errorf("%w: a name of more than %d bytes", ErrUnsafe, maxName)
	}
	return h, nil
}

// damaged is an error of the stream: the context's own, that of whoever reads it for
// us, or what is wrong with it.
func (u *unpacker) damaged(err error) error {
	if cerr := u.ctx.Err(); cerr != nil {
		return cerr
	}
	var reading *fs.PathError
	switch {
	case errors.As(err, &reading):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it was cut short: %w", ErrDamaged, io.ErrUnexpectedEOF)
	case errors.Is(err, zstd.ErrMagicMismatch):
		return fmt.Errorf("%w: it is not compressed by zstd, so lxcdeck did not make it", ErrDamaged)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// inner is an entry's name below the archive's one directory; "" = it is not
// there, or not written as a path that leads straight down.
func (u *unpacker) inner(h *tar.Header) string {
	name, ok := strings.CutPrefix(strings.TrimSuffix(h.Name, "/"), u.base+"/")
	if !ok || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../") || strings.HasPrefix(name, "/") || strings.IndexByte(name, 0) >= 0 {
		return ""
	}
	return name
}

// text reads a small file.
func (u *unpacker) text(h *tar.Header, most int64) ([]byte, error) {
	if h.Typeflag != tar.TypeReg || h.Size > most {
		return nil, fmt.Errorf("%w: %q is no file of at most %d bytes", ErrDamaged, h.Name, most)
	}
	text, err := io.ReadAll(u.tar)
	if err != nil {
		return nil, u.damaged(err)
	}
	return text, nil
}

// end compares the checksum, and takes nothing behind it.
func (u *unpacker) end() error {
	want := hex.EncodeToString(u.sum.sum.Sum(nil))
	text, err := io.ReadAll(io.LimitReader(u.tar, 1024))
	if err != nil {
		return u.damaged(err)
	}
	if got := strings.TrimSpace(string(text)); got != want {
		return fmt.Errorf("%w: its checksum does not fit what it holds", ErrDamaged)
	}
	if _, err := u.tar.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it goes on behind its checksum", ErrDamaged)
	}
	return u.place.finish()
}

// entry makes one name of the root.
func (u *unpacker) entry(h *tar.Header, name string) error {
	if u.out.Entries++; u.out.Entries > u.o.MaxEntries {
		return fmt.Errorf("%w: more than %d entries", ErrTooLarge, u.o.MaxEntries)
	}
	if u.o.Inodes > 0 && u.out.Entries > u.o.Inodes {
		return fmt.Errorf("%w: the file system has inodes for %d entries, which are not all", ErrNoRoom, u.o.Inodes)
	}
	err := u.spent(reserveEntry)
	if err == nil {
		err = u.place.enter(name)
	}
	if err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		err = u.place.dir(h, name)
	case tar.TypeReg:
		return u.file(h, name)
	case tar.TypeSymlink:
		err = u.place.symlink(h, name)
	case tar.TypeLink:
		target, ok := strings.CutPrefix(h.Linkname, u.base+"/"+rootName+"/")
		if !ok || path.Clean(target) != target || strings.HasPrefix(target, "../") || target == ".." {
			return fmt.Errorf("%w: %q is a hard link to %q", ErrUnsafe, name, h.Linkname)
		}
		if u.nodes[target] {
			u.skipNode(name)
			return nil
		}
		err = u.place.link(name, target)
	case tar.TypeFifo:
		err = u.place.node(h, name, unix.S_IFIFO, 0)
	case tar.TypeChar:
		dev := unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor))
		if !harmless(unix.S_IFCHR, dev) || h.Devmajor < 0 || h.Devmajor > 255 || h.Devminor < 0 || h.Devminor > 255 {
			return fmt.Errorf("%w: %q is the device node %d:%d", ErrUnsafe, name, h.Devmajor, h.Devminor)
		}
		if u.o.NoDevices && dev != 0 { // overlayfs' whiteout is for everybody
			u.skipNode(name)
			return nil
		}
		err = u.place.node(h, name, unix.S_IFCHR, dev)
	default:
		return fmt.Errorf("%w: %q is of type %q", ErrUnsafe, name, h.Typeflag)
	}
	if err != nil {
		return fmt.Errorf("unpack %q: %w", name, err)
	}
	return nil
}

// skipNode leaves a device node out, and remembers the first of them: others may be
// hard links to them.
func (u *unpacker) skipNode(name string) {
	if u.out.Left++; len(u.out.Skipped) < maxSkipped {
		u.out.Skipped = append(u.out.Skipped, Skipped{Path: name, Why: "a device node, which root alone can make"})
		u.nodes[name] = true
	}
}

// file makes a regular file; runs of zeros become holes.
func (u *unpacker) file(h *tar.Header, name string) error {
	if h.Size < 0 || uint64(h.Size) > maxMade-u.out.Made {
		return fmt.Errorf("%w: its files hold more than %d bytes, holes and all", ErrTooLarge, uint64(maxMade))
	}
	f, err := u.place.file(name)
	if err != nil {
		return fmt.Errorf("unpack %q: %w", name, err)
	}
	defer f.Close()
	hole := false
	for left := h.Size; left > 0; {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		p := u.buf[:min(left, int64(len(u.buf)))]
		if _, err := io.ReadFull(u.tar, p); err != nil {
			return u.damaged(err)
		}
		var filled int
		most, over := u.most()
		if hole, filled, err = writeSparse(f, p, most-u.fill, over); err != nil {
			return fmt.Errorf("unpack %q: %w", name, err)
		}
		left -= int64(len(p))
		u.out.Made += uint64(len(p))
		u.fill += uint64(filled)
		if err := u.spent(uint64(filled)); err != nil {
			return err
		}
	}
	if hole {
		if err := f.Truncate(h.Size); err != nil {
			return fmt.Errorf("unpack %q: %w", name, err)
		}
	}
	if err := u.place.dress(f, h); err != nil {
		return fmt.Errorf("unpack %q: %w", name, err)
	}
	if u.o.Progress != nil {
		u.o.Progress(u.out.Made)
	}
	return nil
}
