package copying

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// rounds is how often things are swapped in each test of that.
const rounds = 1000

// swapping exchanges two names all the time until the test has done with it, and gives
// how often.
func swapping(t *testing.T, a, b string) (stop func() int) {
	t.Helper()
	over, n := make(chan struct{}), 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			if unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE) == nil {
				n++
			}
		}
	})
	return func() int { close(over); wg.Wait(); return n }
}

// TestSwappedSource: a folder and a file that turn into links, and back, while they are
// read. What they lead to is never copied.
func TestSwappedSource(t *testing.T) {
	from, out := t.TempDir(), t.TempDir()
	put(t, filepath.Join(out, "f"), "SECRET")
	put(t, filepath.Join(from, "t/d/f"), "mine")
	put(t, filepath.Join(from, "t/g"), "mine")
	must(t, os.Symlink(out, filepath.Join(from, "d")))
	must(t, os.Symlink(filepath.Join(out, "f"), filepath.Join(from, "g")))
	stop1 := swapping(t, filepath.Join(from, "t/d"), filepath.Join(from, "d"))
	stop2 := swapping(t, filepath.Join(from, "t/g"), filepath.Join(from, "g"))
	src := source(t, filepath.Join(from, "t"))
	got, links := 0, 0
	for range rounds / 10 {
		to := t.TempDir()
		o := run(t.Context(), t, Give{Sources: []Source{src}}, Take{Dir: folder(t, to)})
		must(t, o.err())
		for _, name := range []string{"t/d/f", "t/g"} {
			// Links were copied as links, so they are not followed here either.
			st, err := os.Lstat(filepath.Join(to, name))
			if top, _ := os.Lstat(filepath.Join(to, "t/d")); err != nil || !st.Mode().IsRegular() || name == "t/d/f" && top.Mode()&os.ModeSymlink != 0 {
				links++
				continue
			}
			got++
			has(t, filepath.Join(to, name), "mine")
		}
		must(t, os.RemoveAll(to))
	}
	if n := stop1() + stop2(); n < rounds || got == 0 || links == 0 {
		t.Errorf("%d swaps, %d files, %d links: the test has not swapped in between", n, got, links)
	}
}

// TestSwappedTarget: a folder that is written into turns into a link, and back. Nothing
// is made where it leads.
func TestSwappedTarget(t *testing.T) {
	from, to, out := t.TempDir(), t.TempDir(), t.TempDir()
	for i := range 20 {
		put(t, filepath.Join(from, fmt.Sprintf("t/d/%d", i)), "x")
	}
	must(t, os.MkdirAll(filepath.Join(to, "t/d"), 0o755))
	must(t, os.Symlink(out, filepath.Join(to, "d")))
	stop := swapping(t, filepath.Join(to, "t/d"), filepath.Join(to, "d"))
	done, refused := 0, 0
	for range rounds / 10 {
		switch err := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to), Exists: runtime.Overwrite}).err(); {
		case err == nil:
			done++
		case errors.Is(err, runtime.ErrExists), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
			refused++
		default:
			t.Fatalf("%v", err)
		}
	}
	if n := stop(); n < rounds || done == 0 || refused == 0 {
		t.Errorf("%d swaps, %d copied, %d refused", n, done, refused)
	}
	if all, _ := os.ReadDir(out); len(all) > 0 {
		t.Errorf("outside: %v", all)
	}
	noDrafts(t, to)
}

// TestSwappedKinds: a file that turns into a FIFO is never waited for.
func TestSwappedKinds(t *testing.T) {
	from := t.TempDir()
	put(t, filepath.Join(from, "t/f"), "file")
	must(t, unix.Mkfifo(filepath.Join(from, "f"), 0o600))
	stop := swapping(t, filepath.Join(from, "t/f"), filepath.Join(from, "f"))
	for range rounds / 10 {
		to := t.TempDir()
		must(t, run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to)}).err())
		must(t, os.RemoveAll(to))
	}
	if n := stop(); n < rounds {
		t.Errorf("%d swaps", n)
	}
}

// TestDraftTaken: the name of what is being written is given to a link meanwhile. Who
// it leads to keeps owner, mode and content.
func TestDraftTaken(t *testing.T) {
	from, to, out := t.TempDir(), t.TempDir(), t.TempDir()
	put(t, filepath.Join(out, "f"), "outside")
	must(t, os.Chmod(filepath.Join(out, "f"), 0o600))
	put(t, filepath.Join(from, "f"), strings.Repeat("x", 1<<20))
	must(t, os.Chmod(filepath.Join(from, "f"), 0o777))
	var once sync.Once
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}}, Take{Dir: folder(t, to), named: true, Progress: func(uint64) {
		once.Do(func() {
			all, err := filepath.Glob(filepath.Join(to, draftName+"*"))
			if err != nil || len(all) != 1 {
				t.Errorf("drafts %v, %v", all, err)
				return
			}
			if err := errors.Join(os.Remove(all[0]), os.Symlink(filepath.Join(out, "f"), all[0])); err != nil {
				t.Error(err)
			}
		})
	}})
	_ = o.err() // whoever can write there has the link that it asked for
	has(t, filepath.Join(out, "f"), "outside")
	if st, err := os.Stat(filepath.Join(out, "f")); err != nil || st.Mode() != 0o600 {
		t.Errorf("outside: %v, %v", st.Mode(), err)
	}
}

// small mounts a file system of a few megabytes.
func small(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("lxcdt", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("LEFT OUT: no tmpfs can be mounted here: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return dir
}

func TestFull(t *testing.T) {
	to, from := small(t, "size=4m"), t.TempDir()
	put(t, filepath.Join(from, "t/a"), "small")
	put(t, filepath.Join(from, "t/b"), strings.Repeat("x", 6<<20))
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to)})
	if !errors.Is(o.err(), ErrNoRoom) {
		t.Errorf("more than is free: %v", o.err())
	}
	if all, _ := os.ReadDir(to); len(all) > 0 {
		t.Errorf("it was begun: %v", all)
	}
	// It looked as if there was room.
	must(t, os.Truncate(filepath.Join(from, "t/b"), 0))
	grow := func(uint64) { put(t, filepath.Join(from, "t/b"), strings.Repeat("x", 6<<20)) }
	o = run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}, Plan: grow}, Take{Dir: folder(t, to)})
	if !errors.Is(o.err(), unix.ENOSPC) || o.taken.Files != 1 || o.taken.Bytes != 5 {
		t.Errorf("in the middle: %v, %+v", o.err(), o.taken)
	}
	has(t, filepath.Join(to, "t/a"), "small")
	if _, err := os.Lstat(filepath.Join(to, "t/b")); err == nil {
		t.Error("half a file is there")
	}
	noDrafts(t, to)
}

func TestReadOnlyTarget(t *testing.T) {
	to, from := small(t, "size=4m"), t.TempDir()
	must(t, unix.Mount("", to, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	put(t, filepath.Join(from, "a"), "x")
	if err := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "a"))}}, Take{Dir: folder(t, to)}).err(); !errors.Is(err, unix.EROFS) {
		t.Errorf("%v", err)
	}
}

// TestMounts: what is mounted in a folder is left out, one that was named is not.
func TestMounts(t *testing.T) {
	from, to := small(t, "size=1m"), t.TempDir()
	put(t, filepath.Join(from, "own"), "x")
	must(t, os.Mkdir(filepath.Join(from, "sub"), 0o755))
	must(t, unix.Mount(to, filepath.Join(from, "sub"), "", unix.MS_BIND, ""))
	t.Cleanup(func() { must(t, unix.Unmount(filepath.Join(from, "sub"), unix.MNT_DETACH)) })
	put(t, filepath.Join(to, "f"), "mounted")
	into := t.TempDir()
	o := run(t.Context(), t, Give{Sources: []Source{source(t, from)}}, Take{Dir: folder(t, into), Name: "n"})
	must(t, o.err())
	has(t, filepath.Join(into, "n/own"), "x")
	if _, err := os.Lstat(filepath.Join(into, "n/sub")); err == nil || o.given.Left != 1 || o.given.Notes[0].Why != "something else is mounted there" {
		t.Errorf("%v, %+v", err, o.given)
	}
}

func TestDeep(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	at := filepath.Join(from, "t")
	must(t, os.Mkdir(at, 0o755))
	dir := folder(t, at)
	const levels = maxDepth + 50
	for range levels {
		must(t, unix.Mkdirat(int(dir.Fd()), "d", 0o755))
		fd, err := unix.Openat(int(dir.Fd()), "d", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, dir.Close())
		dir = os.NewFile(uintptr(fd), "d")
	}
	must(t, dir.Close())
	o := run(t.Context(), t, Give{Sources: []Source{source(t, at)}}, Take{Dir: folder(t, to)})
	must(t, o.err())
	if o.taken.Folders != maxDepth || o.given.Unread != 1 {
		t.Errorf("taken %+v, unread %d", o.taken, o.given.Unread)
	}
}

func TestMany(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	const n = 5000
	must(t, os.Mkdir(filepath.Join(from, "t"), 0o755))
	for i := range n {
		must(t, os.WriteFile(filepath.Join(from, "t", fmt.Sprint(i)), []byte("x"), 0o644))
	}
	began := time.Now()
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "t"))}}, Take{Dir: folder(t, to)})
	must(t, o.err())
	if took := time.Since(began); o.taken.Files != n || took > time.Minute {
		t.Errorf("%d files in %s", o.taken.Files, took)
	}
}

// TestDiffers: what is not what was written is found, and not kept.
func TestDiffers(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "f"), strings.Repeat("x", 1<<20))
	o := run(t.Context(), t, Give{Sources: []Source{source(t, filepath.Join(from, "f"))}, Verify: true}, Take{Dir: folder(t, to), named: true, Verify: true, Progress: func(done uint64) {
		if done < 1<<20 {
			return
		}
		all, _ := filepath.Glob(filepath.Join(to, draftName+"*"))
		for _, name := range all {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt([]byte("y"), 1000)
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				t.Error(err)
			}
		}
	}})
	if !errors.Is(o.err(), ErrDiffers) {
		t.Errorf("%v", o.err())
	}
	if all, _ := os.ReadDir(to); len(all) > 0 {
		t.Errorf("left: %v", all)
	}
}

// stream is one that gives what was recorded, and takes what is answered.
type stream struct{ io.Reader }

func (stream) Write(b []byte) (int, error) { return len(b), nil }

// message is one as it travels.
func message(kind byte, body []byte) []byte {
	var b bytes.Buffer
	l := newLink(struct {
		io.Reader
		io.Writer
	}{strings.NewReader(""), &b})
	_ = l.put(kind, body) // a buffer takes everything
	_ = l.flush()
	return b.Bytes()
}

// FuzzReceive: whatever comes, nothing is made outside of the target, and it ends.
func FuzzReceive(f *testing.F) {
	file, evil := (&meta{name: "f", mode: 0o644}).encode(nil), (&meta{name: "../f"}).encode(nil)
	plan := bytes.Join([][]byte{message(msgFolder, (&meta{name: "d"}).encode(nil)), message(msgUp, nil), message(msgFile, file), message(msgPlan, []byte{1})}, nil)
	f.Add(append(bytes.Clone(plan), bytes.Join([][]byte{message(msgFile, file), message(msgData, []byte("x")), message(msgDone, nil), message(msgEnd, nil)}, nil)...))
	f.Add(append(bytes.Clone(plan), message(msgFile, evil)...))
	f.Add(append(bytes.Clone(plan), message(msgUp, nil)...))
	f.Add(append(bytes.Clone(plan), append(message(msgFile, file), message(msgHole, []byte{0xff, 0xff, 0xff, 0xff, 0x7f})...)...))
	f.Add(append(bytes.Clone(plan), message(msgLink, (&meta{name: "l", target: "/etc"}).encode(nil))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		top := t.TempDir()
		to := filepath.Join(top, "to")
		must(t, os.Mkdir(to, 0o755))
		_, err := Receive(t.Context(), stream{bytes.NewReader(b)}, Take{Dir: folder(t, to), Exists: runtime.Overwrite})
		if all, _ := os.ReadDir(top); len(all) != 1 {
			t.Errorf("outside: %v, %v", all, err)
		}
		noDrafts(t, to)
	})
}

func TestMetaRoundTrip(t *testing.T) {
	m := meta{name: "n\xff", mode: 0o7777, uid: 1<<32 - 1, gid: 5, known: true, sec: -7, nsec: 999999999, size: 1 << 62, target: "../x", attrs: []attr{{"user.a", "b\x00"}}}
	got, err := decodeMeta(m.encode(nil))
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", m) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "/", "a\x00", strings.Repeat("x", 256)} {
		if _, err := decodeMeta((&meta{name: name}).encode(nil)); !errors.Is(err, errTalk) {
			t.Errorf("name %q: %v", name, err)
		}
	}
}
