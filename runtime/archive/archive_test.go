package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tree makes a root with everything that a root may hold.
func tree(t testing.TB) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: owners and device nodes cannot be made")
	}
	root := filepath.Join(t.TempDir(), "root")
	for _, d := range []string{"etc", "empty", "deep/er/still", "dev", "run"} {
		must(t, os.MkdirAll(filepath.Join(root, d), 0o755))
	}
	files := map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/empty": "", "deep/er/still/x": strings.Repeat("0123456789abcdef", 70000),
		"etc/umlaut-ä": "ü", "etc/bad-\xff\xfe": "bytes", "etc/a\nb": "newline", strings.Repeat("n", 200): "long",
	}
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o640))
	}
	must(t, os.Link(filepath.Join(root, "etc/passwd"), filepath.Join(root, "deep/same")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(root, "etc/abs")))
	must(t, os.Symlink("../../../..", filepath.Join(root, "etc/up")))
	must(t, unix.Mkfifo(filepath.Join(root, "run/fifo"), 0o622))
	must(t, unix.Mknod(filepath.Join(root, "dev/null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must(t, os.Chown(filepath.Join(root, "etc"), 1000, 1001))
	must(t, os.Chmod(filepath.Join(root, "etc"), fs.ModeSticky|0o751))
	must(t, os.Chown(filepath.Join(root, "etc/passwd"), 12, 34))
	must(t, os.Chmod(filepath.Join(root, "etc/passwd"), fs.ModeSetuid|0o755))
	must(t, os.Lchown(filepath.Join(root, "etc/abs"), 5, 6))
	big, err := os.Create(filepath.Join(root, "deep/sparse"))
	must(t, err)
	_, err = big.WriteAt([]byte("end"), 8<<20)
	must(t, errors.Join(err, big.Truncate(9<<20), big.Close()))
	caps := binary.LittleEndian.AppendUint32(nil, capRevision2|1)
	caps = append(caps, make([]byte, 16)...)
	caps[5] = 4
	must(t, unix.Setxattr(filepath.Join(root, "etc/umlaut-ä"), xattrCaps, caps, 0))
	old := time.Date(2001, 2, 3, 4, 5, 6, 123456789, time.UTC)
	for _, name := range []string{"etc/passwd", "empty", "deep/er", "."} {
		must(t, os.Chtimes(filepath.Join(root, name), old, old))
	}
	return root
}

func opened(t testing.TB, dir string) *os.File {
	t.Helper()
	f, err := os.Open(dir)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func packed(t testing.TB, root string, o PackOptions) ([]byte, Packed) {
	t.Helper()
	var b bytes.Buffer
	o.Root = opened(t, root)
	if o.Meta.Name == "" {
		o.Meta = Meta{Version: Version, Name: "web", Created: time.Now()}
	}
	out, err := Pack(t.Context(), &b, o)
	must(t, err)
	return b.Bytes(), out
}

// unpacked unpacks into a new directory, and gives its root.
func unpacked(t testing.TB, archive []byte, o UnpackOptions) (string, Unpacked, error) {
	t.Helper()
	dir := t.TempDir()
	if o.MaxSize == 0 {
		o.MaxSize = 1 << 30
	}
	out, err := Unpack(t.Context(), bytes.NewReader(archive), opened(t, dir), o)
	return filepath.Join(dir, rootName), out, err
}

// facts describe every entry of a tree.
func facts(t testing.TB, root string, inner func(uint32) uint32) []string {
	t.Helper()
	var out []string
	inodes := map[uint64]string{}
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
		line := fmt.Sprintf("%q %o %d:%d %d", rel, st.Mode, inner(st.Uid), inner(st.Gid), st.Rdev)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %x", st.Size, sum(text))
			if st.Nlink > 1 {
				if first, seen := inodes[st.Ino]; seen {
					line += " = " + first
				} else {
					inodes[st.Ino] = rel
				}
			}
		case unix.S_IFLNK:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + to
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR || rel != "etc" {
			line += fmt.Sprintf(" @%d.%d", st.Mtim.Sec, st.Mtim.Nsec)
		}
		attrs, _, err := readXattrs(attrsAt(path), func(id uint32, _ bool) (uint32, bool) { return id, true }, make([]byte, 4096))
		if err != nil {
			return err
		}
		out = append(out, line+fmt.Sprintf(" %q", attrs))
		return nil
	}))
	slices.Sort(out)
	return out
}

func sum(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func same(id uint32) uint32 { return id }

func TestThereAndBack(t *testing.T) {
	root := tree(t)
	want := facts(t, root, same)
	archive, p := packed(t, root, PackOptions{Config: []byte("lxc.uts.name = web\n"), Meta: Meta{}})
	var seen []byte
	got, u, err := unpacked(t, archive, UnpackOptions{Config: func(m Meta, c []byte) error {
		if seen = c; m.Name != "web" {
			t.Errorf("name %q", m.Name)
		}
		return nil
	}})
	must(t, err)
	if string(seen) != "lxc.uts.name = web\n" || string(u.Config) != string(seen) {
		t.Errorf("config %q", seen)
	}
	if have := facts(t, got, same); !slices.Equal(have, want) {
		for i := range max(len(have), len(want)) {
			if i >= len(have) || i >= len(want) || have[i] != want[i] {
				t.Errorf("have %.300s\nwant %.300s", have[min(i, len(have)-1)], want[min(i, len(want)-1)])
				break
			}
		}
	}
	if p.Entries != u.Entries || p.Read != u.Made || p.Written != uint64(len(archive)) || len(p.Skipped) != 0 {
		t.Errorf("packed %+v, unpacked %d entries, %d bytes; archive of %d", p, u.Entries, u.Made, len(archive))
	}
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(got, "deep/sparse"), &st))
	if st.Blocks*512 > 1<<20 {
		t.Errorf("the sparse file takes %d bytes", st.Blocks*512)
	}
}

func TestTarReadsIt(t *testing.T) {
	root := tree(t)
	archive, _ := packed(t, root, PackOptions{Config: []byte("x\n")})
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tar.zst")
	must(t, os.WriteFile(file, archive, 0o600))
	cmd := exec.Command("tar", "--zstd", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", file, "-C", dir)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	if have, want := facts(t, filepath.Join(dir, "web", rootName), same), facts(t, root, same); !slices.Equal(have, want) {
		for i := range have {
			if have[i] != want[i] {
				t.Fatalf("have %.300s\nwant %.300s", have[i], want[i])
			}
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "web", configName)); err != nil || string(text) != "x\n" {
		t.Errorf("config %q, %v", text, err)
	}
}

// TestShift: the ids in the archive are the container's, whatever the host's are.
func TestShift(t *testing.T) {
	root := tree(t)
	const by = 100000
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &st)
		}
		if err == nil && st.Uid < by { // a name of a hard link comes twice
			err = os.Lchown(path, int(st.Uid)+by, int(st.Gid)+by)
		}
		return err
	}))
	must(t, os.Chmod(filepath.Join(root, "etc/passwd"), fs.ModeSetuid|0o755))
	down := func(id uint32, _ bool) (uint32, bool) { return id - by, id >= by }
	archive, _ := packed(t, root, PackOptions{Inner: down})
	got, _, err := unpacked(t, archive, UnpackOptions{Host: func(id uint32, _ bool) (uint32, bool) { return id + 2*by, id < by }})
	must(t, err)
	var st unix.Stat_t
	must(t, unix.Lstat(filepath.Join(got, "etc/passwd"), &st))
	if st.Uid != 2*by+12 || st.Gid != 2*by+34 || st.Mode&unix.S_ISUID == 0 {
		t.Errorf("owner %d:%d, mode %o", st.Uid, st.Gid, st.Mode)
	}
	must(t, os.Lchown(filepath.Join(root, "empty"), 7, 7))
	must(t, os.Chmod(filepath.Join(root, "empty"), fs.ModeSetgid|0o755))
	archive, p := packed(t, root, PackOptions{Inner: down})
	if got := fmt.Sprint(p.Skipped); p.Left != 1 || !strings.Contains(got, "/empty only its owner 7:7") {
		t.Errorf("an owner beyond the map: %s", got)
	}
	got, _, err = unpacked(t, archive, UnpackOptions{})
	must(t, err)
	must(t, unix.Lstat(filepath.Join(got, "empty"), &st))
	if st.Uid != nobody || st.Gid != nobody || st.Mode&unix.S_ISGID != 0 {
		t.Errorf("an owner beyond the map became %d:%d, mode %o", st.Uid, st.Gid, st.Mode)
	}
}

func TestSkips(t *testing.T) {
	root := tree(t)
	l, err := net.Listen("unix", filepath.Join(root, "run/sock"))
	must(t, err)
	defer l.Close()
	must(t, unix.Mknod(filepath.Join(root, "dev/sda"), unix.S_IFBLK|0o660, int(unix.Mkdev(8, 0))))
	must(t, os.Mkdir(filepath.Join(root, "mnt"), 0o700))
	must(t, unix.Mount(filepath.Join(root, "deep"), filepath.Join(root, "mnt"), "", unix.MS_BIND, ""))
	defer func() { must(t, unix.Unmount(filepath.Join(root, "mnt"), unix.MNT_DETACH)) }()
	archive, p := packed(t, root, PackOptions{})
	got := fmt.Sprint(p.Skipped)
	for _, want := range []string{"/run/sock a socket", "/dev/sda a device node 8:0", "/mnt a mount"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	out, _, err := unpacked(t, archive, UnpackOptions{})
	must(t, err)
	if names, err := os.ReadDir(filepath.Join(out, "mnt")); err != nil || len(names) != 0 {
		t.Errorf("what was mounted was packed: %v, %v", names, err)
	}
}

func TestCancel(t *testing.T) {
	root := tree(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Pack(ctx, writer(func(p []byte) (int, error) { cancel(); return len(p), nil }), PackOptions{
		Root: opened(t, root), Progress: func(uint64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("pack: %v", err)
	}
	archive, _ := packed(t, root, PackOptions{})
	ctx, cancel = context.WithCancel(t.Context())
	_, err = Unpack(ctx, bytes.NewReader(archive), opened(t, t.TempDir()), UnpackOptions{MaxSize: 1 << 30, Progress: func(uint64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("unpack: %v", err)
	}
	full := errors.New("full")
	_, err = Pack(t.Context(), writer(func([]byte) (int, error) { return 0, full }), PackOptions{Root: opened(t, root)})
	if !errors.Is(err, full) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }
