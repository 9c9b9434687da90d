package copying

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Take says where what is sent goes.
type Take struct {
	Dir  *os.File // the folder that gets it; nil = Out does
	Name string   // that the one source gets; "" = its own
	// Out, if not nil, gets the content of the one file.
	Out    io.Writer
	Exists runtime.Exists
	Chown  bool // the owners are set, and else are who this is
	Drop   bool // setuid and setgid are dropped
	Verify bool // what was written is read again
	// Reserve is how many bytes have to stay free.
	Reserve uint64
	// Plan is told how many bytes there will be, Progress how many there were. nil = nobody is.
	Plan     func(total uint64)
	Progress func(done uint64)
	// named: files have names while they are written, as where there are none without.
	named bool
}

// Taken is what was made.
type Taken struct {
	Files, Folders, Links, Bytes, Skipped uint64
	Notes                                 []Note
	Left                                  uint64 // of what was made not as it was, noted or not
}

var (
	// ErrNoRoom is a copy that is larger than what is free.
	ErrNoRoom = errors.New("not enough room")
	// ErrDiffers is a file that is not what was written.
	ErrDiffers = errors.New("what was read again is not what was written")
	// ErrClash is what is in the way and not replaced: a folder by what is none, or the
	// reverse, a device, a FIFO or a socket by anything.
	ErrClash = errors.New("it cannot be replaced")
	// ErrKernel is a target in a file system in which only the kernel makes files.
	ErrKernel = errors.New("its files are made by the kernel alone")
)

// inTheWay is how many names are told of what is in the way.
const inTheWay = 10

// level is a folder that is being filled.
type level struct {
	fd   int // -1 = there is none: nothing is made, or the first walk only looks
	meta meta
	made bool // by this copy, so that its owner, mode and time are set at its end
	skip bool // nothing is made in it
}

// taker is what writes.
type taker struct {
	*link
	ctx    context.Context
	o      Take
	out    Taken
	levels []level
	tops   map[string]bool // names of the first walk
	way    []string        // what is in the way
	ways   int
	clash  bool // what is in the way cannot be replaced
	again  []byte
	id     ID // of Dir
}

// Receive makes what a Send sends. What is not whole when it fails is removed.
func Receive(ctx context.Context, stream io.ReadWriter, o Take) (Taken, error) {
	t := &taker{link: newLink(stream), ctx: ctx, o: o, tops: map[string]bool{}}
	fd := -1
	var err error
	if o.Dir != nil {
		fd = int(o.Dir.Fd())
		t.id, err = IDOf(o.Dir)
	}
	t.levels = []level{{fd: fd}}
	if err == nil {
		err = t.first()
	}
	if err == nil {
		err = t.second()
	}
	t.drop()
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	return t.out, err
}

// drop closes what is open yet.
func (t *taker) drop() {
	for len(t.levels) > 1 {
		t.pop()
	}
}

func (t *taker) pop() {
	if l := t.levels[len(t.levels)-1]; l.fd >= 0 && len(t.levels) > 1 {
		_ = unix.Close(l.fd)
	}
	t.levels = t.levels[:len(t.levels)-1]
}

func (t *taker) top() *level { return &t.levels[len(t.levels)-1] }

// where is the path of a name, below the target.
func (t *taker) where(name string) string {
	var parts []string
	for i := range t.levels[1:] {
		parts = append(parts, t.levels[i+1].meta.name)
	}
	return path.Join(append(parts, name)...)
}

func (t *taker) note(name, why string) {
	t.out.Left++
	if len(t.out.Notes) < MaxNotes {
		t.out.Notes = append(t.out.Notes, Note{t.where(name), why})
	}
}

// next waits for a message, and gives what it says of a file.
func (t *taker) next() (kind byte, m meta, body []byte, err error) {
	if err := t.ctx.Err(); err != nil {
		return 0, m, nil, err
	}
	kind, body, err = t.get()
	if err != nil {
		return 0, m, nil, err
	}
	switch kind {
	case msgFolder, msgFile, msgLink:
		if m, err = decodeMeta(body); err != nil {
			return 0, m, nil, err
		}
		if len(t.levels) == 1 && t.o.Name != "" {
			m.name = t.o.Name
		}
		if len(t.levels) > maxDepth+1 {
			return 0, m, nil, fmt.Errorf("%w: more than %d levels of folders", errTalk, maxDepth)
		}
	case msgUp:
		if len(t.levels) < 2 {
			return 0, m, nil, fmt.Errorf("%w: above the first folder", errTalk)
		}
	}
	return kind, m, body, nil
}

// first hears what there will be, and refuses what cannot be.
func (t *taker) first() error {
	for {
		kind, m, body, err := t.next()
		if err != nil {
			return err
		}
		switch kind {
		case msgFolder, msgFile, msgLink:
			if err := t.look(kind, &m); err != nil {
				return err
			}
		case msgUp:
			t.pop()
		case msgPlan:
			r := reading{b: body}
			total := r.num()
			if r.bad || len(t.levels) != 1 {
				return fmt.Errorf("%w: the end of its plan", errTalk)
			}
			if err := t.judge(total); err != nil {
				return err
			}
			if t.o.Plan != nil {
				t.o.Plan(total)
			}
			return t.answer(answerGo)
		default:
			return fmt.Errorf("%w: %q in its plan", errTalk, kind)
		}
	}
}

// look looks at what is in the way of a name.
func (t *taker) look(kind byte, m *meta) error {
	if len(t.levels) == 1 {
		if t.tops[m.name] {
			return fmt.Errorf("%w: two of the sources are called %q", runtime.ErrInvalid, m.name)
		}
		t.tops[m.name] = true
		if t.o.Out != nil && (kind != msgFile || len(t.tops) > 1) {
			return fmt.Errorf("%w: %q is no file", runtime.ErrInvalid, m.name)
		}
	}
	if kind == msgFolder && t.o.Dir != nil && m.id == t.id {
		return fmt.Errorf("%w: a folder cannot be copied into itself, and %q is where it would go", runtime.ErrInvalid, t.where(m.name))
	}
	at := level{fd: -1, meta: *m}
	if dir := t.top().fd; dir >= 0 {
		var st unix.Stat_t
		err := unix.Fstatat(dir, m.name, &st, unix.AT_SYMLINK_NOFOLLOW)
		is := st.Mode & unix.S_IFMT
		switch {
		case errors.Is(err, unix.ENOENT):
		case err != nil:
			return fmt.Errorf("%s: %w", t.where(m.name), err)
		case kind == msgFolder && is == unix.S_IFDIR && t.o.Exists != runtime.Refuse:
			if at.fd, err = openFolder(dir, m.name); err != nil {
				return fmt.Errorf("%s: %w", t.where(m.name), err)
			}
		case t.o.Exists == runtime.Skip:
		case t.o.Exists == runtime.Refuse, !replaces(kind, is):
			t.clash = t.clash || t.o.Exists == runtime.Overwrite
			if t.ways++; len(t.way) < inTheWay {
				t.way = append(t.way, fmt.Sprintf("%q", t.where(m.name)))
			}
		}
	}
	if kind == msgFolder {
		t.levels = append(t.levels, at)
	}
	return nil
}

// replaces says whether what is sent may take the place of what is there.
func replaces(kind byte, is uint32) bool {
	return kind != msgFolder && (is == unix.S_IFREG || is == unix.S_IFLNK)
}

// judge says at the end of the first walk whether it can be.
func (t *taker) judge(total uint64) error {
	if t.ways > 0 {
		list := strings.Join(t.way, ", ")
		if more := t.ways - len(t.way); more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		if t.clash {
			return fmt.Errorf("%w: %d in the way: %s: %w", runtime.ErrExists, t.ways, list, ErrClash)
		}
		return fmt.Errorf("%w: %d in the way: %s", runtime.ErrExists, t.ways, list)
	}
	if t.o.Dir == nil {
		return nil
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(t.o.Dir.Fd()), &st); err != nil {
		return fmt.Errorf("room: %w", err)
	}
	switch st.Type {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEVPTS_SUPER_MAGIC:
		return fmt.Errorf("%w: %s: %w", runtime.ErrInvalid, t.o.Dir.Name(), ErrKernel)
	}
	if total == 0 || st.Blocks == 0 { // 0: it has no end, as ramfs, or does not tell
		return nil
	}
	free := st.Bavail * uint64(st.Bsize)
	if reserve := min(t.o.Reserve, free/2); total > free-reserve {
		return fmt.Errorf("%w: %d bytes are to be copied, and %d are free, of which %d stay so", ErrNoRoom, total, free, reserve)
	}
	return nil
}

// second makes it.
func (t *taker) second() error {
	for {
		kind, m, _, err := t.next()
		if err != nil {
			return err
		}
		switch kind {
		case msgFolder:
			err = t.folder(&m)
		case msgFile:
			err = t.file(&m)
		case msgLink:
			err = t.symlink(&m)
		case msgUp:
			err = t.up()
		case msgEnd:
			if len(t.levels) != 1 {
				return fmt.Errorf("%w: it ends in a folder", errTalk)
			}
			return t.answer(answerGo)
		default:
			return fmt.Errorf("%w: %q among its files", errTalk, kind)
		}
		if err != nil {
			return err
		}
	}
}

// failed names what could not be made.
func (t *taker) failed(name string, err error) error {
	if errors.Is(err, errPeer) || errors.Is(err, errTalk) {
		return err
	}
	if errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%w: %q has come in the way meanwhile", runtime.ErrExists, t.where(name))
	}
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("write %q: the folder that gets it has been removed meanwhile: %w", t.where(name), err)
	}
	return fmt.Errorf("write %q: %w", t.where(name), err)
}

func (t *taker) folder(m *meta) error {
	dir, l := t.top(), level{fd: -1, meta: *m}
	if dir.skip || dir.fd < 0 {
		l.skip = true
		t.levels = append(t.levels, l)
		return nil
	}
	err := unix.Mkdirat(dir.fd, m.name, 0o700)
	switch {
	case err == nil:
		// No mount can be on what was made just now; one that is would be elsewhere.
		l.made = true
		l.fd, err = openBeneath(dir.fd, m.name, unix.O_RDONLY|unix.O_DIRECTORY)
		t.out.Folders++
	case errors.Is(err, unix.EEXIST) && t.o.Exists != runtime.Refuse:
		l.fd, err = openFolder(dir.fd, m.name)
		if err != nil && t.o.Exists == runtime.Skip {
			t.out.Skipped++
			l.skip, err = true, nil
		}
	}
	if err != nil {
		return t.failed(m.name, err)
	}
	t.levels = append(t.levels, l)
	return nil
}

// openFolder opens a folder that is there, which may have a file system of its own.
func openFolder(dir int, name string) (int, error) {
	return unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// up ends a folder.
func (t *taker) up() error {
	l := *t.top()
	var err error
	if l.made {
		if err = t.dress(l.fd, &l.meta); err != nil {
			err = fmt.Errorf("folder %q: %w", t.where(""), err)
		}
	}
	t.pop()
	return err
}

// dress gives what is open its owner, attributes, mode and time.
func (t *taker) dress(fd int, m *meta) error {
	mode := m.mode
	if t.o.Chown {
		switch err := unix.Fchown(fd, int(m.uid), int(m.gid)); {
		case errors.Is(err, unix.EPERM), errors.Is(err, unix.EINVAL):
			mode &^= unix.S_ISUID | unix.S_ISGID
			t.note(m.name, fmt.Sprintf("it cannot belong to %d:%d there", m.uid, m.gid))
		case err != nil:
			return fmt.Errorf("owner: %w", err)
		}
	}
	if special := mode & (unix.S_ISUID | unix.S_ISGID); special != 0 && (t.o.Drop || !t.o.Chown || !m.known) {
		mode &^= special
		t.note(m.name, "setuid and setgid are not kept")
	}
	t.setAttrs(fd, m)
	if err := unix.Fchmod(fd, mode); err != nil {
		return fmt.Errorf("mode: %w", err)
	}
	return t.date(fd, m)
}

// date sets the time of what is open, be it a link.
func (t *taker) date(fd int, m *meta) error {
	if m.sec == 0 && m.nsec == 0 {
		return nil // it has none
	}
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: m.sec, Nsec: m.nsec}}
	err := unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), ts, 0)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	return nil
}
