package copying

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// TestNameless: nothing of a file is in a folder before it is whole, so that nothing
// stays when this process is killed.
func TestNameless(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	fd, err := unix.Open(to, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		t.Skipf("LEFT OUT: the file system has no files without names: %v", err)
	}
	must(t, unix.Close(fd))
	put(t, filepath.Join(from, "f"), strings.Repeat("x", 1<<20))
	put(t, filepath.Join(to, "f"), "old")
	looks := 0
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, to), Exists: runtime.Overwrite, Progress: func(uint64) {
		looks++
		if all, err := os.ReadDir(to); err != nil || len(all) != 1 || all[0].Name() != "f" {
			t.Errorf("while it is written: %v, %v", all, err)
		}
		has(t, filepath.Join(to, "f"), "old")
	}})
	must(t, o.err())
	has(t, filepath.Join(to, "f"), strings.Repeat("x", 1<<20))
	if looks == 0 {
		t.Error("nobody has looked")
	}
	noDrafts(t, to)
}

// TestNamed: the same comes of both ways to write a file.
func TestNamed(t *testing.T) {
	from := t.TempDir()
	put(t, filepath.Join(from, "t/a"), "new a")
	put(t, filepath.Join(from, "t/b"), "new b")
	for _, named := range []bool{false, true} {
		for how, want := range map[runtime.Exists]string{runtime.Overwrite: "new a", runtime.Skip: "old a"} {
			to := t.TempDir()
			put(t, filepath.Join(to, "t/a"), "old a")
			give := Give{Sources: []Source{source(t, filepath.Join(from, "t"))}, Skip: how == runtime.Skip}
			must(t, run(t.Context(), t, give, Take{Dir: folder(t, to), Exists: how, named: named}).err())
			has(t, filepath.Join(to, "t/a"), want)
			has(t, filepath.Join(to, "t/b"), "new b")
			noDrafts(t, to)
		}
		to := t.TempDir()
		f := filepath.Join(to, "a")
		o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t/a"))}}, Take{Dir: folder(t, to), named: named, Progress: func(uint64) {
			put(t, f, "came meanwhile")
		}})
		if !errors.Is(o.err(), runtime.ErrExists) {
			t.Errorf("named %t: what has come in the way: %v", named, o.err())
		}
		has(t, f, "came meanwhile")
		noDrafts(t, to)
	}
}

// TestIntoItself: a folder is not copied into one that it has, which would then be
// copied again.
func TestIntoItself(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a"), strings.Repeat("x", 4<<20))
	must(t, os.MkdirAll(filepath.Join(dir, "b/c"), 0o755))
	for _, to := range []string{dir, filepath.Join(dir, "b/c")} {
		o := run(t.Context(), t, Give{Sources: []Source{source(t, dir)}}, Take{Dir: folder(t, to)})
		if !errors.Is(o.err(), runtime.ErrInvalid) || !strings.Contains(o.err().Error(), "into itself") {
			t.Errorf("into %s: %v", to, o.err())
		}
	}
	if all, _ := os.ReadDir(filepath.Join(dir, "b/c")); len(all) > 0 {
		t.Errorf("made: %v", all)
	}
}

// TestAccessList: it is said that it is not kept, and who was on it alone does not gain.
func TestAccessList(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "f"), "x")
	acl := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, may uint16
		id       uint32
	}{{0x01, 6, 1<<32 - 1}, {0x02, 6, 1234}, {0x04, 0, 1<<32 - 1}, {0x10, 6, 1<<32 - 1}, {0x20, 0, 1<<32 - 1}} {
		acl = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(acl, e.tag), e.may)
		acl = binary.LittleEndian.AppendUint32(acl, e.id)
	}
	if err := unix.Setxattr(filepath.Join(from, "f"), aclAttr, acl, 0); err != nil {
		t.Skipf("LEFT OUT: the file system has no access lists: %v", err)
	}
	if st, err := os.Stat(filepath.Join(from, "f")); err != nil || st.Mode() != 0o660 {
		t.Fatalf("%v, %v: the mode shows what anybody on the list may", st, err)
	}
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, to)})
	must(t, o.err())
	if len(o.given.Notes) != 1 || !strings.Contains(o.given.Notes[0].Why, "access list") {
		t.Errorf("notes %+v", o.given.Notes)
	}
	if st, err := os.Stat(filepath.Join(to, "f")); err != nil || st.Mode() != 0o600 {
		t.Errorf("%v, %v: the group may what somebody else might", st, err)
	}
}

func TestLinkTime(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "t/f"), "x")
	must(t, os.Symlink("f", filepath.Join(from, "t/l")))
	when := []unix.Timespec{{Sec: 1000}, {Sec: 1234567890, Nsec: 5000}}
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(from, "t/l"), when, unix.AT_SYMLINK_NOFOLLOW))
	must(t, run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to)}).err())
	if st, err := os.Lstat(filepath.Join(to, "t/l")); err != nil || !st.ModTime().Equal(time.Unix(1234567890, 5000)) {
		t.Errorf("%v, %v", st, err)
	}
}

// TestChanged: it is said of a file that it was written to while it was read.
func TestChanged(t *testing.T) {
	for name, change := range map[string]func(f string) error{
		"shorter": func(f string) error { return os.Truncate(f, 1000) },
		"longer":  func(f string) error { return os.Truncate(f, 16<<20) },
	} {
		from, to := t.TempDir(), t.TempDir()
		f := filepath.Join(from, "f")
		put(t, f, strings.Repeat("x", 8<<20))
		done := false
		o := run(t.Context(), t, Give{Sources: []Source{source(t, f)}, Progress: func(uint64) {
			if !done {
				done = true
				if err := change(f); err != nil {
					t.Error(err)
				}
			}
		}}, Take{Dir: folder(t, to)})
		must(t, o.err())
		if len(o.given.Notes) != 1 || !strings.Contains(o.given.Notes[0].Why, "written to") {
			t.Errorf("%s: notes %+v", name, o.given.Notes)
		}
	}
}

// TestUntold: files of the kernel say that they are empty, and are not.
func TestUntold(t *testing.T) {
	const name = "/proc/version"
	want, err := os.ReadFile(name)
	must(t, err)
	to := t.TempDir()
	o := run(t.Context(), t, Give{Sources: []Source{source(t, name)}}, Take{Dir: folder(t, to)})
	must(t, o.err())
	has(t, filepath.Join(to, "version"), string(want))
	if len(want) == 0 || len(o.given.Notes) > 0 {
		t.Errorf("%d bytes, notes %+v", len(want), o.given.Notes)
	}
}

// TestUnread: what cannot be read for another reason is not said to be forbidden.
func TestUnread(t *testing.T) {
	var room unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &room); err != nil || room.Cur < 4*maxDepth {
		t.Skipf("LEFT OUT: only %d files may be open: %v", room.Cur, err)
	}
	to := t.TempDir()
	top := t.TempDir()
	dir := filepath.Join(top, "d")
	must(t, os.Mkdir(dir, 0o755))
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for range maxDepth + 1 { // a path of that length cannot be named
		must(t, unix.Mkdirat(fd, "n", 0o755))
		next, err := unix.Openat(fd, "n", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, errors.Join(err, unix.Close(fd)))
		fd = next
	}
	must(t, unix.Close(fd))
	o := run(t.Context(), t, Give{Sources: []Source{source(t, dir)}}, Take{Dir: folder(t, to)})
	must(t, o.err())
	if o.given.Unread != 1 || o.given.Denied != 0 {
		t.Errorf("unread %d, denied %d", o.given.Unread, o.given.Denied)
	}
}

// TestSourceGone: what goes between its folder and itself is not missed without a word.
func TestSourceGone(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "t/a"), "x")
	put(t, filepath.Join(from, "t/b"), "y")
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}, Progress: func(uint64) {
		if err := os.Remove(filepath.Join(from, "t/b")); err != nil {
			t.Error(err)
		}
	}}, Take{Dir: folder(t, to)})
	must(t, o.err())
	if len(o.given.Notes) != 1 || !strings.HasSuffix(o.given.Notes[0].Path, "t/b") || o.given.Left != 1 || o.taken.Files != 1 {
		t.Errorf("notes %+v, left %d, taken %+v", o.given.Notes, o.given.Left, o.taken)
	}
}

// TestTargetGone: a folder that is removed while it gets something.
func TestTargetGone(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "to")
	put(t, filepath.Join(from, "f"), "x")
	must(t, os.Mkdir(to, 0o755))
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, to), Progress: func(uint64) {
		if err := os.RemoveAll(to); err != nil {
			t.Error(err)
		}
	}})
	if err := o.err(); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "has been removed meanwhile") {
		t.Errorf("%v", err)
	}
}

// TestNoEnd: a file system that does not tell how large it is takes files.
func TestNoEnd(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := unix.Mount("lxcdt", to, "ramfs", 0, ""); err != nil {
		t.Skipf("LEFT OUT: no ramfs can be mounted here: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(to, unix.MNT_DETACH)) })
	put(t, filepath.Join(from, "f"), "x")
	must(t, run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, to)}).err())
	has(t, filepath.Join(to, "f"), "x")
}

// TestKernelTarget: why nothing can be made in /proc is not that it is full.
func TestKernelTarget(t *testing.T) {
	from := t.TempDir()
	put(t, filepath.Join(from, "f"), "x")
	err := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, "/proc")}).err()
	if !errors.Is(err, ErrKernel) || errors.Is(err, ErrNoRoom) {
		t.Errorf("%v", err)
	}
}

// TestClash: what --overwrite does not replace is told apart from what it would.
func TestClash(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "f"), "x")
	must(t, unix.Mkfifo(filepath.Join(to, "f"), 0o600))
	for how, clash := range map[runtime.Exists]bool{runtime.Refuse: false, runtime.Overwrite: true} {
		err := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, to), Exists: how}).err()
		if !errors.Is(err, runtime.ErrExists) || errors.Is(err, ErrClash) != clash {
			t.Errorf("%s: %v", how, err)
		}
	}
}
