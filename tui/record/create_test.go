package record

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// made creates path and gives its mode; the test fails if it cannot.
func made(t *testing.T, path string, refuse ...string) {
	t.Helper()
	f, err := Create(path, Places{Own: filepath.Dir(path), Refuse: refuse})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%s: %v, %v", path, info, err)
	}
}

// refusedBy expects an error, and that nothing was made.
func refusedBy(t *testing.T, want error, path string, refuse ...string) {
	t.Helper()
	dir, _ := os.Stat(filepath.Dir(path))
	f, err := Create(path, Places{Own: filepath.Dir(path), Refuse: refuse})
	if err == nil {
		f.Close()
	}
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want %v", path, err, want)
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("%q does not name the file %s", err, path)
	}
	if now, err := os.Stat(filepath.Dir(path)); (err == nil) != (dir != nil) {
		t.Fatalf("the directory of %s was made: %v", path, now)
	}
}

func TestCreateMakesAPrivateFileAndItsDirectories(t *testing.T) {
	dir := t.TempDir()
	old := unix.Umask(0)
	t.Cleanup(func() { unix.Umask(old) })
	made(t, dir+"/a/b/c.cast")
	for _, d := range []string{"/a", "/a/b"} {
		if info, err := os.Stat(dir + d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", d, info.Mode(), err)
		}
	}
	if err := os.Chmod(dir+"/a", 0o755); err != nil {
		t.Fatal(err)
	}
	made(t, dir+"/a/two.cast")
	if info, _ := os.Stat(dir + "/a"); info.Mode().Perm() != 0o755 {
		t.Errorf("a directory that was there became %v", info.Mode())
	}
	t.Chdir(dir)
	f, err := Create("here.txt", Places{})
	if err != nil || f.Name() != dir+"/here.txt" {
		t.Fatalf("relative: %v, %v", f, err)
	}
	f.Close()
}

// A typing error makes no directories.
func TestCreateMakesNoOtherDirectories(t *testing.T) {
	dir := t.TempDir()
	for _, own := range []string{"", dir, dir + "/saved", dir + "/typo/below"} {
		f, err := Create(dir+"/typo/x.txt", Places{Own: own})
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, ErrNoDir) || !strings.Contains(err.Error(), dir+"/typo") {
			t.Errorf("own %q: %v", own, err)
		}
	}
	if _, err := os.Stat(dir + "/typo"); !os.IsNotExist(err) {
		t.Errorf("the directory: %v", err)
	}
}

func TestCreateOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	made(t, dir+"/x")
	refusedBy(t, ErrExists, dir+"/x")
	for name, to := range map[string]string{"link": dir + "/x", "dangling": dir + "/not-there"} {
		if err := os.Symlink(to, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
		refusedBy(t, ErrExists, dir+"/"+name)
	}
	if err := unix.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	refusedBy(t, ErrExists, dir+"/fifo")
	refusedBy(t, ErrExists, filepath.Dir(dir))
	if text, err := os.ReadFile(dir + "/x"); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Lstat(dir + "/not-there"); err == nil {
		t.Error("a file was made through a link")
	}
	// Not directories, and one that a link names but nobody made.
	refusedBy(t, unix.ENOTDIR, dir+"/x/y")
	refusedBy(t, unix.ENOENT, dir+"/dangling/y")
	if err := os.Symlink("loop", dir+"/loop"); err != nil {
		t.Fatal(err)
	}
	refusedBy(t, unix.ELOOP, dir+"/loop/y")
}

func TestCreateStaysOutOfContainers(t *testing.T) {
	dir := t.TempDir()
	root := dir + "/lxc/web/rootfs"
	if err := os.MkdirAll(root+"/srv/deep", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/lxc2", 0o755); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{
		"in": root + "/srv", "rel": "lxc/web/../web/rootfs", "lxclink": dir + "/lxc", "out": dir + "/lxc2",
	}
	for name, to := range links {
		if err := os.Symlink(to, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, root+"/home"); err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{dir + "/lxc", dir + "/lxclink", dir + "/lxc/"} {
		for _, p := range []string{
			root + "/x", root + "/srv/deep/x", dir + "/in/x", dir + "/in/deep/x", dir + "/rel/x", dir + "/lxclink/x",
			root + "/new/dir/x", dir + "/in/new/x", dir + "/lxc/x",
		} {
			refusedBy(t, ErrInside, p, "/nowhere", no)
		}
		f, err := Create(dir+"/lxc2/"+filepath.Base(no), Places{Refuse: []string{no, "/"}})
		if err != nil {
			t.Fatalf("refusing %s: %v", no, err)
		}
		f.Close()
		os.Remove(f.Name())
	}
	made(t, dir+"/out/x", dir+"/lxc")
	made(t, root+"/home/y", dir+"/lxc") // a link that leads out of it
	refusedBy(t, ErrInside, dir+"/gone/rootfs/x", dir+"/gone/rootfs")
	refusedBy(t, ErrInside, dir+"/gone/a/x", dir+"/gone")
	made(t, root+"/x") // nothing is refused
}

func TestCreateThroughAMountOfARootfs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir, again := t.TempDir(), t.TempDir()
	for _, d := range []string{"/lxc/web/rootfs/srv", "/seen", "/deep/er"} {
		if err := os.MkdirAll(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range [][2]string{{dir + "/lxc/web/rootfs", dir + "/seen"}, {dir + "/deep", dir + "/deep/er"}, {dir, again}} {
		if err := unix.Mount(m[0], m[1], "", unix.MS_BIND, ""); err != nil {
			t.Skipf("no mounts here: %v", err)
		}
		t.Cleanup(func() { unix.Unmount(m[1], unix.MNT_DETACH) })
	}
	refusedBy(t, ErrInside, dir+"/seen/srv/x", dir+"/lxc/web/rootfs")
	// A directory mounted below itself is its own parent; the way up goes on,
	// to what is refused under another name.
	refusedBy(t, ErrInside, dir+"/deep/er/x", again)
	made(t, dir+"/deep/er/x", dir+"/lxc")
}

// TestCreateFollowsOnlyLinksOfRootAndUs: another user's link may lead anywhere,
// and what root writes there holds what a container printed.
func TestCreateFollowsOnlyLinksOfRootAndUs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving a link away needs root")
	}
	dir := t.TempDir()
	for _, l := range []string{"ours", "theirs"} {
		if err := os.Symlink("/tmp", dir+"/"+l); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Lchown(dir+"/theirs", 1000, 1000); err != nil {
		t.Fatal(err)
	}
	refusedBy(t, ErrLink, dir+"/theirs/lxcdt-record-x")
	name := "/lxcdt-record-" + filepath.Base(dir)
	t.Cleanup(func() { os.Remove("/tmp" + name) })
	made(t, dir+"/ours"+name)
}

// TestCreateFollowsNoMagicLinks: those of /proc lead into containers. By its
// text, the link of a directory in another mount tree leads to our own root.
func TestCreateFollowsNoMagicLinks(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("another mount tree needs root")
	}
	dir, other := t.TempDir(), t.TempDir()
	tree, err := unix.OpenTree(unix.AT_FDCWD, other, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		t.Skipf("no mounts here: %v", err)
	}
	defer unix.Close(tree)
	link := "/proc/self/fd/" + strconv.Itoa(tree)
	if to, err := os.Readlink(link); err != nil || to != "/" {
		t.Fatalf("%s, %v", to, err)
	}
	f, err := Create(link+dir+"/x", Places{})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := os.Stat(dir + "/x"); err != nil {
		t.Error(err)
	}
	if in, err := os.ReadDir(other); err != nil || len(in) > 0 {
		t.Errorf("made in the other tree: %v, %v", in, err)
	}
}

func TestCreateNames(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	for in, want := range map[string]string{
		"~/a/b": u.HomeDir + "/a/b", "/x/../y": "/y", "/x//./y": "/x/y",
	} {
		if got, err := expand(in); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "/", "/..", "~", "~alice/x", "/x/", "~/"} {
		if f, err := Create(in, Places{}); err == nil {
			f.Close()
			t.Errorf("%q made %s", in, f.Name())
		}
	}
	if DefaultDir("") != "" || DefaultDir("/s/lxcdeck") != "/s/lxcdeck/saved" {
		t.Error(DefaultDir("/s/lxcdeck"))
	}
}

func TestName(t *testing.T) {
	at := time.Date(2026, 11, 25, 14, 30, 5, 0, time.UTC)
	for in, want := range map[string]string{
		"web-1": "web-1-2026-11-25-143005.cast", "": "_-2026-11-25-143005.cast",
		"../../etc/x": "_.._.._etc_x-2026-11-25-143005.cast", "-rf": "_-rf-2026-11-25-143005.cast",
		"a\x1b[2J\n日b": "a__2J__b-2026-11-25-143005.cast", ".x": "_.x-2026-11-25-143005.cast",
	} {
		if got := Name(in, "cast", at); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if n := Name(strings.Repeat("x", 500), strings.Repeat("/", 500), at); len(n) > 255 || strings.Contains(n, "/") {
		t.Errorf("%d bytes: %s", len(n), n)
	}
}
