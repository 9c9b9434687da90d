package copying

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// ID tells files of this host apart.
type ID struct{ Dev, Ino uint64 }

// IDOf is that of an open file or folder.
func IDOf(f *os.File) (ID, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return ID{}, fmt.Errorf("fstat: %w", err)
	}
	return ID{st.Dev, st.Ino}, nil
}

// Source is a file or folder that was named.
type Source struct {
	File *os.File // opened with O_PATH and, so that a link is one, O_NOFOLLOW
	Name string   // that it gets, one component
	Path string   // for people
}

// Note is something that people should know of a file.
type Note struct{ Path, Why string }

// maxSumPaths is how many bytes of paths are told with checksums.
const maxSumPaths = 512 << 10

// MaxNotes is how many are kept.
const MaxNotes = 1000

// Give says what is sent.
type Give struct {
	Sources []Source
	// In, if not nil, is the content of the one file that is sent, with InName.
	In     io.Reader
	InName string
	// IDs translates an owner; known = it is the same one, and else a stand-in, with
	// which setuid means another. nil = they stay.
	IDs    func(uid, gid uint32) (u, g uint32, known bool)
	Owner  *[2]uint32 // of everything, user and group, whoever it belongs to here
	Except []ID       // folders that are left out
	Skip   bool       // Receive has Exists Skip
	Verify bool
	Sums   bool
	// Plan is told how many bytes there will be, Progress how many there were. nil = nobody is.
	Plan     func(total uint64)
	Progress func(done uint64)
}

// Given is what was sent.
type Given struct {
	Bytes  uint64
	Notes  []Note
	Left   uint64 // that is not copied, or not whole, noted or not
	Unread uint64 // of it: what could not be read
	Denied uint64 // of that: what may not be
	Sums   []runtime.Sum
}

type sender struct {
	*link
	ctx  context.Context
	o    Give
	out  Given
	plan bool // the first walk
	meta []byte
	data []byte
	hash hash.Hash
	told map[uint32]bool // owners that were named
	// paths is how long those of checksums are, in bytes.
	paths int
}

// Send sends what was asked for to a Receive.
func Send(ctx context.Context, stream io.ReadWriter, o Give) (Given, error) {
	s := &sender{link: newLink(stream), ctx: ctx, o: o, data: make([]byte, piece), told: map[uint32]bool{}}
	if o.Sums || o.Verify {
		s.hash = sha256.New()
	}
	err := s.both()
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	return s.out, err
}

func (s *sender) both() error {
	s.plan = true
	if err := s.walkAll(); err != nil {
		return err
	}
	total := s.out.Bytes
	if err := s.put(msgPlan, binary.AppendUvarint(nil, total)); err != nil {
		return err
	}
	if a, err := s.answered(); err != nil || a != answerGo {
		return errors.Join(errPeer, err)
	}
	if s.o.Plan != nil {
		s.o.Plan(total)
	}
	s.plan, s.out = false, Given{}
	if err := s.walkAll(); err != nil {
		return err
	}
	if err := s.put(msgEnd, nil); err != nil {
		return err
	}
	_, err := s.answered() // that all is written
	return err
}

func (s *sender) walkAll() error {
	if s.o.In != nil {
		return s.stream()
	}
	for _, src := range s.o.Sources {
		if err := s.one(int(src.File.Fd()), src.Name, src.Path, 0); err != nil {
			return err
		}
	}
	return nil
}

// stream sends what a reader gives.
func (s *sender) stream() error {
	m := meta{name: s.o.InName, mode: 0o644, known: true}
	if s.o.Owner != nil {
		m.uid, m.gid = s.o.Owner[0], s.o.Owner[1]
	}
	if err := s.put(msgFile, m.encode(nil)); err != nil || s.plan {
		return err
	}
	if wanted, err := s.wanted(); err != nil || !wanted {
		return err
	}
	for {
		n, err := s.o.In.Read(s.data)
		if n > 0 {
			if err := s.send(n); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return s.done("-", s.out.Bytes)
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
}

// wanted asks whether a file is.
func (s *sender) wanted() (bool, error) {
	if !s.o.Skip {
		return true, nil
	}
	a, err := s.answered()
	return a == answerGo, err
}

// note says something of a file, in the second walk.
func (s *sender) note(at, why string) {
	if s.plan {
		return
	}
	s.out.Left++
	if len(s.out.Notes) < MaxNotes {
		s.out.Notes = append(s.out.Notes, Note{at, why})
	}
}

// unread notes what could not be read. What was named by a person has to be.
func (s *sender) unread(at string, depth int, err error) error {
	if depth == 0 {
		return fmt.Errorf("%s: %w", at, err)
	}
	s.note(at, err.Error())
	if s.plan {
		return nil
	}
	s.out.Unread++
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		s.out.Denied++
	}
	return nil
}

// one sends what an O_PATH descriptor stands for.
func (s *sender) one(fd int, name, at string, depth int) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return s.unread(at, depth, err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return s.folder(fd, &st, name, at, depth)
	case unix.S_IFREG:
		return s.file(fd, &st, name, at, depth)
	case unix.S_IFLNK:
		return s.symlink(fd, &st, name, at, depth)
	}
	if depth == 0 {
		return fmt.Errorf("%w: %s is neither file nor folder", runtime.ErrInvalid, at)
	}
	s.note(at, "neither file, folder nor link")
	return nil
}

// head is what is said of a file.
func (s *sender) head(st *unix.Stat_t, name, at string) meta {
	m := meta{name: name, mode: st.Mode & 0o7777, uid: st.Uid, gid: st.Gid, known: true, sec: st.Mtim.Sec, nsec: st.Mtim.Nsec, size: uint64(st.Size)}
	switch {
	case s.plan:
		return m
	case s.o.Owner != nil:
		m.known = s.o.Owner[0] == st.Uid && s.o.Owner[1] == st.Gid
		m.uid, m.gid = s.o.Owner[0], s.o.Owner[1]
		return m
	case s.o.IDs == nil:
		return m
	}
	m.uid, m.gid, m.known = s.o.IDs(st.Uid, st.Gid)
	if !m.known && !s.told[st.Uid] && len(s.told) < MaxNotes {
		s.told[st.Uid] = true
		s.out.Notes = append(s.out.Notes, Note{at, fmt.Sprintf("its owner %d:%d is nobody's there: %d:%d, as for all of that owner", st.Uid, st.Gid, m.uid, m.gid)})
	}
	return m
}

func (s *sender) folder(fd int, st *unix.Stat_t, name, at string, depth int) error {
	switch {
	case slices.Contains(s.o.Except, ID{st.Dev, st.Ino}):
		s.note(at, "it is the other side of the copy")
		return nil
	case depth >= maxDepth:
		return s.unread(at, depth, fmt.Errorf("more than %d levels of folders", maxDepth))
	}
	dir, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s.unread(at, depth, err)
	}
	f := os.NewFile(uintptr(dir), at)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return s.unread(at, depth, err)
	}
	slices.Sort(names)
	m := s.head(st, name, at)
	m.id = ID{st.Dev, st.Ino}
	if !s.plan {
		s.attrs(dir, &m, at)
	}
	if err := s.say(msgFolder, &m); err != nil {
		return err
	}
	for _, n := range names {
		if err := s.below(dir, n, at, depth); err != nil {
			return err
		}
	}
	return s.put(msgUp, nil)
}

func (s *sender) say(kind byte, m *meta) error {
	s.meta = m.encode(s.meta[:0])
	return s.put(kind, s.meta)
}

// below sends one name of a folder.
func (s *sender) below(dir int, name, at string, depth int) error {
	at = path.Join(at, name)
	if s.plan {
		// The size is enough, and what is no folder need not be opened for it.
		var st unix.Stat_t
		if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return nil
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			return s.planned(msgFile, &meta{name: name, size: uint64(st.Size)})
		case unix.S_IFLNK:
			return s.planned(msgLink, &meta{name: name})
		case unix.S_IFDIR:
		default:
			return nil
		}
	}
	fd, err := openBeneath(dir, name, unix.O_PATH)
	switch {
	case errors.Is(err, unix.EXDEV):
		s.note(at, "something else is mounted there")
		return nil
	case errors.Is(err, unix.ENOENT):
		s.note(at, "it was removed before it was read")
		return nil
	case err != nil:
		return s.unread(at, depth+1, err)
	}
	defer unix.Close(fd)
	return s.one(fd, name, at, depth+1)
}

func (s *sender) planned(kind byte, m *meta) error {
	s.out.Bytes += m.size
	return s.say(kind, m)
}

// openBeneath opens a name of a folder, itself and nothing that it leads to.
func openBeneath(dir int, name string, flags uint64) (fd int, err error) {
	how := &unix.OpenHow{
		Flags:   flags | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS,
	}
	const tries = 64 // EAGAIN: something was renamed or mounted at that moment, anywhere
	for range tries {
		if fd, err = unix.Openat2(dir, name, how); !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return fd, err
}
