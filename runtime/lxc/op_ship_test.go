package lxc

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// told collects what an operation tells.
type told struct {
	mu     sync.Mutex
	text   strings.Builder
	done   *runtime.Shipped
	copied *runtime.Copied
	last   runtime.Progress
}

func (s *told) progress(p runtime.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p.Output)
	if p.Shipped != nil {
		s.done = p.Shipped
	}
	if p.Copied != nil {
		s.copied = p.Copied
	}
	if p.Total > 0 {
		s.last = p
	}
}

func (s *told) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// shipping is an operation with an archive.
func shipping(t testing.TB, a *Adapter, op runtime.Op, ref runtime.Ref, args runtime.Args, f *os.File) (*told, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	s := &told{}
	return s, a.Do(ctx, runtime.Request{Op: op, Ref: ref, Args: args, File: f, Progress: s.progress})
}

// boxWith makes a container with a root of its own, in which everything is that a
// root may hold.
func boxWith(t *testing.T, s *lxctest.Scratch, name string, shift int, lines ...string) runtime.Ref {
	t.Helper()
	must(t, s.Add(name))
	ref := runtime.Ref{Path: s.Path, Name: name}
	root := filepath.Join(ref.String(), "rootfs")
	if out, err := exec.Command("cp", "-a", filepath.Join(s.Path, ".root"), root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	put(t, filepath.Join(root, "srv/plain"), strings.Repeat("0123456789abcdef", 70000))
	put(t, filepath.Join(root, "srv/odd \xff\n"), "odd")
	put(t, filepath.Join(root, "etc/hostname"), name+"\n")
	must(t, os.Link(filepath.Join(root, "srv/plain"), filepath.Join(root, "srv/same")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(root, "srv/link")))
	must(t, unix.Mkfifo(filepath.Join(root, "srv/fifo"), 0o620))
	must(t, unix.Mknod(filepath.Join(root, "srv/null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	f, err := os.Create(filepath.Join(root, "srv/sparse"))
	must(t, err)
	_, err = f.WriteAt([]byte("end"), 8<<20)
	must(t, errors.Join(err, f.Close()))
	if shift > 0 {
		must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			var st unix.Stat_t
			if err == nil {
				err = unix.Lstat(path, &st)
			}
			if err == nil && int(st.Uid) < shift {
				err = os.Lchown(path, int(st.Uid)+shift, int(st.Gid)+shift)
			}
			return err
		}))
	}
	must(t, os.Lchown(filepath.Join(root, "srv/plain"), shift+12, shift+34))
	must(t, os.Chmod(filepath.Join(root, "srv/plain"), fs.ModeSetuid|0o755))
	caps := [24]byte{0: 1, 3: 2, 5: 4}
	length := 20
	if shift > 0 {
		caps[3], length = 3, 24
		binary.LittleEndian.PutUint32(caps[20:], uint32(shift))
	}
	must(t, unix.Setxattr(filepath.Join(root, "srv/odd \xff\n"), "security.capability", caps[:length], 0))
	config, err := os.ReadFile(filepath.Join(ref.String(), "config"))
	must(t, err)
	text := strings.ReplaceAll(string(config), "dir:"+s.Path+"/.root", "dir:"+root) + strings.Join(lines, "\n") + "\n"
	must(t, os.WriteFile(filepath.Join(ref.String(), "config"), []byte(text), 0o640))
	return ref
}

// treeFacts describe every entry of a tree, with owners less shift. What a life of
// the container changes is left out.
func treeFacts(t testing.TB, root string, shift uint32) []string {
	t.Helper()
	var out []string
	first := map[uint64]string{}
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		line := fmt.Sprintf("%q %o %d:%d %d", rel, st.Mode, st.Uid-shift, st.Gid-shift, st.Rdev)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x", sha256.Sum256(text))
			if st.Nlink > 1 {
				if first[st.Ino] == "" {
					first[st.Ino] = rel
				}
				line += " = " + first[st.Ino]
			}
			line += fmt.Sprintf(" @%d.%d", st.Mtim.Sec, st.Mtim.Nsec)
			var b [64]byte
			if n, err := unix.Lgetxattr(path, "security.capability", b[:]); err == nil {
				line += fmt.Sprintf(" caps %x", b[4:min(n, 20)])
			}
		case unix.S_IFLNK:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + to
		}
		out = append(out, line)
		return nil
	}))
	slices.Sort(out)
	return out
}

func wantSame(t testing.TB, have, want []string) {
	t.Helper()
	for i := range max(len(have), len(want)) {
		if i >= len(have) || i >= len(want) || have[i] != want[i] {
			t.Errorf("have %.300s\nwant %.300s", have[min(i, len(have)-1)], want[min(i, len(want)-1)])
			return
		}
	}
}

func archiveFileIn(t testing.TB, dir string) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, ".archive"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func rewound(t testing.TB, f *os.File) *os.File {
	t.Helper()
	_, err := f.Seek(0, io.SeekStart)
	must(t, err)
	return f
}

func rootOfBox(ref runtime.Ref) string { return filepath.Join(ref.String(), "rootfs") }

// wantNothingOf checks that a failed unpack has left nothing.
func wantNothingOf(t testing.TB, ref runtime.Ref) {
	t.Helper()
	if exists(ref.String()) {
		t.Errorf("%s is there", ref)
	}
	if entries, err := os.ReadDir(filepath.Join(ref.Path, deckDir)); err == nil && len(entries) > 0 {
		t.Errorf("left: %v", entries)
	}
}

func TestShipThereAndBack(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-from", 0, "lxc.group = web", "lxc.start.auto = 1", "lxc.hook.start = /bin/true", "lxc.environment = A=b")
	l, err := net.Listen("unix", filepath.Join(rootOfBox(ref), "srv/sock"))
	must(t, err)
	defer l.Close()
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f := archiveFileIn(t, s.Path)
	words, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	must(t, err)
	if !strings.Contains(words.output(), "left out: /srv/sock: a socket\n") || words.done == nil || words.done.Left != 1 {
		t.Errorf("told %q, %+v", words.output(), words.done)
	}
	packed, err := os.ReadFile(f.Name())
	must(t, err)
	sum := sha256.Sum256(packed)
	if d := words.done; d != nil && (d.SHA256 != hex.EncodeToString(sum[:]) || d.Size != uint64(len(packed)) || d.Bytes != words.last.Total) {
		t.Errorf("told %+v of %d bytes, total %d", d, len(packed), words.last.Total)
	}
	must(t, os.Remove(filepath.Join(rootOfBox(ref), "srv/sock")))
	want := treeFacts(t, rootOfBox(ref), 0)

	to := runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
	words, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{SHA256: strings.ToUpper(hex.EncodeToString(sum[:]))}, rewound(t, f))
	must(t, err)
	if name, err := os.ReadFile(filepath.Join(rootOfBox(to), "etc/hostname")); err != nil || string(name) != "lxcdt-to\n" {
		t.Errorf("host name %q, %v", name, err)
	}
	for _, root := range []string{rootOfBox(to), rootOfBox(ref)} {
		must(t, os.WriteFile(filepath.Join(root, "etc/hostname"), []byte("same\n"), 0o644))
		must(t, os.Chtimes(filepath.Join(root, "etc/hostname"), time.Unix(1, 0), time.Unix(1, 0)))
	}
	have := treeFacts(t, rootOfBox(to), 0)
	wantSame(t, without(have, `"etc/hostname"`), without(want, `"etc/hostname"`))
	for _, w := range []string{"lxc.hook.start = /bin/true", "lxc.apparmor.profile = unconfined", "was started with its host"} {
		if !strings.Contains(words.output(), w) {
			t.Errorf("%q is not told: %s", w, words.output())
		}
	}
	config, err := os.ReadFile(filepath.Join(to.String(), "config"))
	must(t, err)
	for _, w := range []string{"lxc.rootfs.path = dir:" + rootOfBox(to), "lxc.uts.name = lxcdt-to", "lxc.group = web", "lxc.net.0.type = empty"} {
		if !strings.Contains(string(config), w+"\n") {
			t.Errorf("no %q in %s", w, config)
		}
	}
	for _, no := range []string{"hook", "unconfined", "start.auto", "lxcdt-from"} {
		if strings.Contains(string(config), no) {
			t.Errorf("%q in %s", no, config)
		}
	}
	var st unix.Stat_t
	must(t, unix.Stat(to.String(), &st))
	if st.Mode&0o7777 != 0o770 || st.Uid != 0 {
		t.Errorf("its directory has mode %o, owner %d", st.Mode, st.Uid)
	}
	if c := find(t, list(t, a), to.Name); c.State != runtime.Stopped || c.Problem != nil {
		t.Errorf("it is %s, %v", c.State, c.Problem)
	}
	must(t, do(t, a, runtime.Start, to))
	must(t, do(t, a, runtime.Kill, to))
	if _, err := os.Stat(filepath.Join(s.Path, deckDir)); err == nil {
		t.Error("its journal directory was left")
	}
}

func without(lines []string, begin string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, begin) })
}
