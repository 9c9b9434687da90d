package copying

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

func TestCopyTree(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	tree := filepath.Join(from, "tree")
	big := strings.Repeat("0123456789abcdef", 70000)
	put(t, filepath.Join(tree, "big"), big)
	put(t, filepath.Join(tree, "sub/odd \xff\n"), "odd")
	put(t, filepath.Join(tree, "empty"), "")
	must(t, os.Mkdir(filepath.Join(tree, "void"), 0o711))
	must(t, os.Symlink("/etc/passwd", filepath.Join(tree, "out")))
	must(t, os.Symlink("big", filepath.Join(tree, "in")))
	must(t, unix.Mkfifo(filepath.Join(tree, "fifo"), 0o600))
	must(t, os.Chmod(filepath.Join(tree, "big"), 0o640))
	when := time.Unix(1234567890, 123456789)
	must(t, os.Chtimes(filepath.Join(tree, "big"), when, when))
	must(t, os.Chtimes(filepath.Join(tree, "void"), when, when))
	f, err := os.Create(filepath.Join(tree, "sparse"))
	must(t, err)
	_, err = f.WriteAt([]byte("middle"), 64<<20)
	must(t, errors.Join(err, f.Truncate(128<<20), f.Close()))
	o := run(t.Context(), t, Give{Sources: []Source{source(t, tree)}, Verify: true}, Take{Dir: folder(t, to), Verify: true})
	must(t, o.err())
	copied := filepath.Join(to, "tree")
	has(t, filepath.Join(copied, "big"), big)
	has(t, filepath.Join(copied, "sub/odd \xff\n"), "odd")
	has(t, filepath.Join(copied, "empty"), "")
	for name, want := range map[string]string{"out": "/etc/passwd", "in": "big"} {
		if got, err := os.Readlink(filepath.Join(copied, name)); err != nil || got != want {
			t.Errorf("link %s leads to %q, %v", name, got, err)
		}
	}
	if st, err := os.Stat(filepath.Join(copied, "big")); err != nil || st.Mode() != 0o640 || !st.ModTime().Equal(when) {
		t.Errorf("big: %v, %v", st, err)
	}
	if st, err := os.Stat(filepath.Join(copied, "void")); err != nil || st.Mode() != os.ModeDir|0o711 || !st.ModTime().Equal(when) {
		t.Errorf("void: %v, %v", st, err)
	}
	if st, err := os.Stat(filepath.Join(copied, "sparse")); err != nil || st.Size() != 128<<20 || st.Sys().(*syscall.Stat_t).Blocks > 1<<12 {
		t.Errorf("sparse: %+v, %v", st, err)
	}
	if _, err := os.Lstat(filepath.Join(copied, "fifo")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the FIFO was copied: %v", err)
	}
	if len(o.given.Notes) != 1 || !strings.HasSuffix(o.given.Notes[0].Path, "tree/fifo") || o.given.Left != 1 {
		t.Errorf("notes %+v, left %d", o.given.Notes, o.given.Left)
	}
	if o.taken.Files != 4 || o.taken.Folders != 3 || o.taken.Links != 2 || o.taken.Bytes != uint64(len(big)+3+128<<20) || o.given.Bytes != o.taken.Bytes {
		t.Errorf("taken %+v, given %d bytes", o.taken, o.given.Bytes)
	}
	sum := sha256.Sum256([]byte("odd"))
	want := runtime.Sum{Path: filepath.Join(tree, "sub/odd \xff\n"), SHA256: hex.EncodeToString(sum[:]), Size: 3}
	if len(o.given.Sums) != 4 || o.given.Sums[3] != want {
		t.Errorf("sums %+v", o.given.Sums)
	}
	noDrafts(t, to)
}

func TestNames(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "a"), "A")
	must(t, run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "a"))}}, Take{Dir: folder(t, to), Name: "b"}).err())
	has(t, filepath.Join(to, "b"), "A")
	a := source(t, filepath.Join(from, "a"))
	if err := run(t.Context(), t, Give{Sources: []Source{a, a}}, Take{Dir: folder(t, to)}).err(); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("twice the same name: %v", err)
	}
	var out bytes.Buffer
	must(t, run(t.Context(), t, Give{Sources: []Source{a}}, Take{Out: &out}).err())
	if out.String() != "A" {
		t.Errorf("out: %q", out.String())
	}
	if err := run(t.Context(), t, Give{Sources: []Source{source(t, from)}}, Take{Out: &out}).err(); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a folder to a stream: %v", err)
	}
	must(t, run(t.Context(), t, Give{In: strings.NewReader("streamed"), InName: "c", Sums: true}, Take{Dir: folder(t, to)}).err())
	has(t, filepath.Join(to, "c"), "streamed")
}

func TestExists(t *testing.T) {
	from := t.TempDir()
	put(t, filepath.Join(from, "t/a"), "new a")
	put(t, filepath.Join(from, "t/d/b"), "new b")
	put(t, filepath.Join(from, "t/c"), "new c")
	fresh := func(t *testing.T) string {
		to := t.TempDir()
		put(t, filepath.Join(to, "t/a"), "old a")
		put(t, filepath.Join(to, "t/d/b"), "old b")
		return to
	}
	give := func(t *testing.T, skip bool) Give {
		return Give{Sources: []Source{source(t, filepath.Join(from, "t"))}, Skip: skip}
	}
	t.Run("refuse", func(t *testing.T) {
		to := fresh(t)
		o := run(t.Context(), t, give(t, false), Take{Dir: folder(t, to)})
		if !errors.Is(o.err(), runtime.ErrExists) || !strings.Contains(o.err().Error(), `1 in the way: "t"`) {
			t.Errorf("error %v", o.err())
		}
		if _, err := os.Stat(filepath.Join(to, "t/c")); err == nil {
			t.Error("it was begun")
		}
	})
	t.Run("overwrite", func(t *testing.T) {
		to := fresh(t)
		put(t, filepath.Join(to, "outside"), "outside")
		must(t, os.Remove(filepath.Join(to, "t/a")))
		must(t, os.Symlink("../outside", filepath.Join(to, "t/a")))
		o := run(t.Context(), t, give(t, false), Take{Dir: folder(t, to), Exists: runtime.Overwrite})
		must(t, o.err())
		for name, want := range map[string]string{"t/a": "new a", "t/d/b": "new b", "t/c": "new c", "outside": "outside"} {
			has(t, filepath.Join(to, name), want)
		}
	})
	t.Run("skip", func(t *testing.T) {
		to := fresh(t)
		o := run(t.Context(), t, give(t, true), Take{Dir: folder(t, to), Exists: runtime.Skip})
		must(t, o.err())
		for name, want := range map[string]string{"t/a": "old a", "t/d/b": "old b", "t/c": "new c"} {
			has(t, filepath.Join(to, name), want)
		}
		if o.taken.Skipped != 2 || o.taken.Files != 1 {
			t.Errorf("taken %+v", o.taken)
		}
	})
	t.Run("skip a folder", func(t *testing.T) {
		to := fresh(t)
		must(t, os.RemoveAll(filepath.Join(to, "t/d")))
		put(t, filepath.Join(to, "t/d"), "a file")
		must(t, run(t.Context(), t, give(t, true), Take{Dir: folder(t, to), Exists: runtime.Skip}).err())
		has(t, filepath.Join(to, "t/d"), "a file")
	})
	for _, is := range []string{"folder", "fifo", "link to a folder"} {
		t.Run("overwrite a "+is, func(t *testing.T) {
			to := t.TempDir()
			switch is {
			case "folder":
				must(t, os.MkdirAll(filepath.Join(to, "t/a"), 0o755))
			case "fifo":
				must(t, os.MkdirAll(filepath.Join(to, "t"), 0o755))
				must(t, unix.Mkfifo(filepath.Join(to, "t/a"), 0o600))
			default:
				must(t, os.Mkdir(filepath.Join(to, "u"), 0o755))
				must(t, os.Symlink("u", filepath.Join(to, "t")))
			}
			if err := run(t.Context(), t, give(t, false), Take{Dir: folder(t, to), Exists: runtime.Overwrite}).err(); !errors.Is(err, runtime.ErrExists) {
				t.Errorf("error %v", err)
			}
			if _, err := os.Stat(filepath.Join(to, "t/c")); err == nil {
				t.Error("it was begun")
			}
		})
	}
}

// Many in the way: the first ten are named.
func TestManyInTheWay(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	var all []Source
	for i := range 15 {
		name := fmt.Sprintf("f%02d", i)
		put(t, filepath.Join(from, name), "x")
		put(t, filepath.Join(to, name), "y")
		all = append(all, source(t, filepath.Join(from, name)))
	}
	err := run(t.Context(), t, Give{Sources: all}, Take{Dir: folder(t, to)}).err()
	if !errors.Is(err, runtime.ErrExists) || !strings.Contains(err.Error(), `15 in the way: "f00"`) || !strings.Contains(err.Error(), "and 5 more") {
		t.Errorf("error %v", err)
	}
}

func TestOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root can give files away")
	}
	from, to := t.TempDir(), t.TempDir()
	for i, id := range []int{0, 5, 7} {
		name := filepath.Join(from, "t", fmt.Sprint(i))
		put(t, name, "x")
		must(t, os.Chown(name, id, id))
		must(t, unix.Chmod(name, 0o6755))
	}
	ids := func(u, g uint32) (uint32, uint32, bool) {
		if u == 7 {
			return 0, 0, false
		}
		return u + 1000, g + 1000, true
	}
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}, IDs: ids}, Take{Dir: folder(t, to), Chown: true})
	must(t, o.err())
	for i, want := range []struct{ uid, mode uint32 }{{1000, 0o6755}, {1005, 0o6755}, {0, 0o755}} {
		var st unix.Stat_t
		must(t, unix.Stat(filepath.Join(to, "t", fmt.Sprint(i)), &st))
		if st.Uid != want.uid || st.Gid != want.uid || st.Mode&0o7777 != want.mode {
			t.Errorf("file %d: %d:%d, mode %o, want %+v", i, st.Uid, st.Gid, st.Mode&0o7777, want)
		}
	}
	to = t.TempDir()
	o = run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to), Chown: true, Drop: true})
	must(t, o.err())
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(to, "t/1"), &st))
	if st.Uid != 5 || st.Mode&0o7777 != 0o755 || o.taken.Left != 3 {
		t.Errorf("dropped: %d, mode %o, %+v", st.Uid, st.Mode&0o7777, o.taken)
	}
}

func TestCancel(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "t/0"), "whole")
	put(t, filepath.Join(from, "t/1"), strings.Repeat("x", 32<<20))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := run(ctx, t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to), Progress: func(done uint64) {
		if done > 1<<20 {
			cancel()
		}
	}})
	if !errors.Is(o.err(), context.Canceled) || o.taken.Files != 1 {
		t.Errorf("error %v, taken %+v", o.err(), o.taken)
	}
	has(t, filepath.Join(to, "t/0"), "whole")
	if all, _ := os.ReadDir(filepath.Join(to, "t")); len(all) != 1 {
		t.Errorf("left: %v", all)
	}
}
