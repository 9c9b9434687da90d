package lxc

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// maxEntries is how many entries of one directory are looked at.
	maxEntries = 10000
	// maxParts is how many snapshots of a container are told one by one.
	maxParts = 200
)

// foundContainer is what a survey finds of a container, before anything is added up.
type foundContainer struct {
	Name   string
	Root   string // value of lxc.rootfs.path, with the lower directories of its options
	Why    string // why its config is not read; "" = it was
	Skip   []string
	Snaps  []foundSnap
	More   bool // there are more snapshots than that
	Logs   int64
	LogAt  string // path of the only log; "" = several
	LogNum int
	Names  []string // paths that it needs, by its configs and LXC's books
	Words  []string // names of files and directories in the scripts of its hooks
	Hidden bool     // LXC does not list it: its name begins with a dot
	Unread string   // why that is not all; "" = it is
}

// foundSnap is a snapshot.
type foundSnap struct {
	Name  string
	Taken time.Time
	Root  string // value of lxc.rootfs.path
}

// foundExtra is something in an lxcpath that is no container.
type foundExtra struct {
	Kind, Path, Real string
	What             string
	Changed          time.Time
	Owner            runtime.Ref // the container that it is kept for
	Kept             bool        // a record of lxcdeck's speaks of it
	Mounted          bool        // a mount of this host has to do with it
	Busy             bool        // an operation of lxcdeck's is at work there
	Sign             string      // somebody may use it all the same: why
	System           bool
}

// surveyor looks at one lxcpath, in a helper.
type surveyor struct {
	ask  *spaceAsk
	tell func(spaceTold) error
	in   inspector
	seen map[string]bool
	// mounts are those of this host, read once; their words are not escaped any more.
	mounts []mountLine
	blind  bool // not all of them could be read
	signs  signs
}

// survey names what it looks at before it does, so that who hears no more of it knows
// what does not answer.
func (s *surveyor) survey() error {
	s.in = inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	s.seen = map[string]bool{}
	for _, name := range s.ask.Seen {
		s.seen[name] = true
	}
	s.readMounts()
	dir, err := os.Open(s.ask.Survey)
	if errors.Is(err, fs.ErrNotExist) {
		return s.tell(spaceTold{Missing: true})
	}
	if err != nil {
		return fileErr(bare(err))
	}
	defer dir.Close()
	f := fsOf(int(dir.Fd()))
	if err := s.tell(spaceTold{FS: &f}); err != nil {
		return err
	}
	entries, err := dir.ReadDir(maxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return fileErr(bare(err))
	}
	if len(entries) > maxEntries {
		entries = entries[:maxEntries]
		if err := s.tell(spaceTold{Unread: []string{fmt.Sprintf("%s has more than %d entries", s.ask.Survey, maxEntries)}}); err != nil {
			return err
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		if s.seen[e.Name()] || e.Name() == deckDir || !e.IsDir() && e.Type()&fs.ModeSymlink == 0 {
			continue
		}
		if err := s.entry(e); err != nil {
			return err
		}
	}
	if s.ask.Names {
		return nil
	}
	if !s.seen[deckDir] {
		if err := s.deck(); err != nil {
			return err
		}
	}
	return s.snapsBeside(entries)
}

// mountedElsewhere says whether a mount has to do with a directory: in it, by another way
// to it or to what is in it, or as a layer of an overlay. Whoever goes that other way
// calls it by a name that no config has.
func (s *surveyor) mountedElsewhere(real string) bool {
	own := -1
	for i := range s.mounts {
		m := &s.mounts[i]
		if strings.Contains(m.options, real) || m.point != real && encloses(real, m.point) {
			return true
		}
		if encloses(m.point, real) && (own < 0 || len(m.point) >= len(s.mounts[own].point)) {
			own = i // of several at one place the last lies on top
		}
	}
	if own < 0 || s.blind || s.mounts[own].point == real {
		return true
	}
	o := &s.mounts[own]
	inside := filepath.Join(o.root, strings.TrimPrefix(real, o.point))
	return slices.ContainsFunc(s.mounts, func(m mountLine) bool {
		return m.id != o.id && m.dev == o.dev && (encloses(m.root, inside) || encloses(inside, m.root))
	})
}

func (s *surveyor) readMounts() {
	s.blind = eachMount(func(m *mountLine) {
		m.root, m.point, m.options = unescaped(m.root), unescaped(m.point), unescaped(m.options)
		s.mounts = append(s.mounts, *m)
	}) != nil
}

// entry looks at one entry of the lxcpath: with a config it is a container, unless it
// is hidden (liblxc's list_defined_containers).
func (s *surveyor) entry(e fs.DirEntry) error {
	if err := s.tell(spaceTold{At: e.Name()}); err != nil {
		return err
	}
	ref := runtime.Ref{Path: s.ask.Survey, Name: e.Name()}
	_, err := os.Lstat(filepath.Join(ref.String(), "config"))
	hidden := strings.HasPrefix(e.Name(), ".")
	switch {
	case errors.Is(err, unix.ENOTDIR):
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		if err := s.container(ref); err != nil || !hidden {
			return err
		}
	}
	if !e.IsDir() || s.ask.Names {
		return nil
	}
	x := s.extra("directory", ref.String())
	x.Sign = cmp.Or(containersIn(x.Real), x.Sign)
	snaps := snapshotsLeft(ref)
	switch {
	case ref.Name == "lost+found":
		x.System, x.What = true, "what fsck(8) has found"
	case hidden && err == nil:
		x.What = "a container that LXC does not list: its name begins with a dot"
	case snaps != "":
		x.What = "no container any more, with " + snaps
	}
	return s.tell(spaceTold{Extra: &x})
}

// snapshotsLeft counts the snapshots in a directory without a config.
func snapshotsLeft(ref runtime.Ref) string {
	switch n := len(namesIn(filepath.Join(ref.String(), "snaps"), maxParts)); {
	case n == 0:
		return ""
	case n == 1:
		return "1 snapshot"
	case n > maxParts:
		return fmt.Sprintf("more than %d snapshots", maxParts)
	default:
		return fmt.Sprintf("%d snapshots", n)
	}
}

// extra says what can be seen from outside.
func (s *surveyor) extra(kind, path string) foundExtra {
	x := foundExtra{Kind: kind, Path: path, Real: path}
	var st unix.Stat_t
	if lstat(path, &st) == nil {
		x.Changed = time.Unix(st.Mtim.Unix())
	}
	real, err := realPath(path)
	if err != nil {
		x.Mounted = true // nobody knows
		return x
	}
	x.Real = real
	x.Mounted, x.Sign = s.mountedElsewhere(real), s.signs.of(real)
	x.Busy = held(runtime.Ref{Path: filepath.Dir(path), Name: filepath.Base(path)})
	return x
}
