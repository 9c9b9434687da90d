package conf

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// at is when the saves of the tests are made.
var at = time.Date(2026, 11, 27, 7, 1, 2, 0, time.UTC)

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func get(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func load(t *testing.T, path string) *Doc {
	t.Helper()
	d, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// names are the files of a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Name())
	}
	return out
}

func TestSaveKeepsRightsAndBackup(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "config"), "old\n")
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 1234, 4321
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	attr := unix.Setxattr(path, "user.mine", []byte("x"), 0)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	d := load(t, link)
	saved, err := d.Save([]byte("new\n"), SaveOptions{Now: at})
	if err != nil {
		t.Fatal(err)
	}
	if get(t, path) != "new\n" || saved.Backup != path+".lxcdeck-20261127T070102Z" || get(t, saved.Backup) != "old\n" {
		t.Errorf("saved %q, backup %s", get(t, path), saved.Backup)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"config", "config.lxcdeck-20261127T070102Z", "link"}) {
		t.Errorf("files %q", got)
	}
	for _, name := range []string{path, saved.Backup} {
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			t.Fatal(err)
		}
		if st.Mode != unix.S_IFREG|0o604 || int(st.Uid) != uid || int(st.Gid) != gid {
			t.Errorf("%s: mode %o, owner %d:%d", name, st.Mode, st.Uid, st.Gid)
		}
		value := make([]byte, 10)
		if n, err := unix.Getxattr(name, "user.mine", value); attr == nil && (err != nil || string(value[:n]) != "x") {
			t.Errorf("%s: attribute %q, %v", name, value, err)
		}
	}
	if err := saved.Doc.Changed(); err != nil {
		t.Errorf("right after the save: %v", err)
	}
	again, err := saved.Doc.Save([]byte("newer\n"), SaveOptions{Now: at})
	if err != nil || again.Backup != saved.Backup+"-02" || get(t, again.Backup) != "new\n" || get(t, saved.Backup) != "old\n" {
		t.Errorf("saved again in the same second: %+v, %v", again, err)
	}
}

func TestBackupsAreBounded(t *testing.T) {
	dir := t.TempDir()
	d := load(t, put(t, filepath.Join(dir, "a[b].conf"), "0\n"))
	stranger := put(t, filepath.Join(dir, "a[b].conf.lxcdeck-notes"), "mine")
	for i := range 8 {
		saved, err := d.Save([]byte(strings.Repeat("x", i)), SaveOptions{Backups: 3, Now: at.Add(time.Duration(i) * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		d = saved.Doc
	}
	all, err := Backups(d.Path)
	if err != nil || len(all) != 3 || get(t, all[0]) != "xxxx" || get(t, all[2]) != "xxxxxx" || get(t, stranger) != "mine" {
		t.Errorf("backups %q, %v", all, err)
	}
	for _, name := range names(t, dir) {
		if name != "a[b].conf" && strings.HasSuffix(name, ".conf") {
			t.Errorf("liblxc would read %s", name)
		}
	}
	saved, err := d.Save([]byte("y"), SaveOptions{Backups: -1, Now: at})
	if err != nil || saved.Backup != "" || len(names(t, dir)) != 5 {
		t.Errorf("without a backup: %+v, %v, %q", saved, err, names(t, dir))
	}
}

func TestSaveRefusesAnotherVersion(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"written to": func(path string) error { return os.WriteFile(path, []byte("their\n"), 0o640) },
		"same size":  func(path string) error { return os.WriteFile(path, []byte("OLD\n"), 0o640) },
		"another file": func(path string) error {
			return errors.Join(os.WriteFile(path+"2", []byte("their\n"), 0o640), os.Rename(path+"2", path))
		},
		"gone":       os.Remove,
		"other mode": func(path string) error { return os.Chmod(path, 0o600) },
		"a link":     func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path)) },
		"a FIFO":     func(path string) error { return errors.Join(os.Remove(path), unix.Mkfifo(path, 0o600)) },
	} {
		dir := t.TempDir()
		path := put(t, filepath.Join(dir, "config"), "old\n")
		d := load(t, path)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat(path)
		_, err := d.Save([]byte("new\n"), SaveOptions{Now: at})
		if !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		after, _ := os.Lstat(path)
		if (before == nil) != (after == nil) || before != nil && (!os.SameFile(before, after) || before.ModTime() != after.ModTime()) {
			t.Errorf("%s: the file is another one", name)
		}
		if got := names(t, dir); len(got) > 1 {
			t.Errorf("%s: files %q are left", name, got)
		}
	}
}

// TestSwapLooksAfterTheExchange: who writes between the first look and the
// exchange is not overwritten either, on file systems of both kinds.
func TestSwapLooksAfterTheExchange(t *testing.T) {
	for name, swap := range map[string]func(d *Doc, next string, o SaveOptions) (string, error){
		"exchange": (*Doc).swap, "rename": (*Doc).replace,
	} {
		dir := t.TempDir()
		path := put(t, filepath.Join(dir, "config"), "old\n")
		d := load(t, path)
		next, err := d.write([]byte("new\n"))
		if err != nil {
			t.Fatal(err)
		}
		put(t, path, "their\n")
		if _, err := swap(d, next, SaveOptions{Now: at}); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		if get(t, path) != "their\n" || get(t, next) != "new\n" || len(names(t, dir)) != 2 {
			t.Errorf("%s: %q is there, of %q", name, get(t, path), names(t, dir))
		}
		d = load(t, path)
		backup, err := swap(d, next, SaveOptions{Now: at})
		if err != nil || get(t, path) != "new\n" || get(t, backup) != "their\n" {
			t.Errorf("%s: %v, %q", name, err, get(t, path))
		}
	}
}

func TestSaveRefusesWhatIsNoConfig(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "config"), "old\n")
	d := load(t, path)
	_, long := d.Save([]byte(strings.Repeat("#", MaxSize+1)), SaveOptions{Now: at})
	_, nul := d.Save([]byte("a\x00"), SaveOptions{Now: at})
	if !errors.Is(long, ErrTooLong) || !errors.Is(nul, ErrBinary) || get(t, path) != "old\n" {
		t.Errorf("%v, %v, %q", long, nul, get(t, path))
	}
	if _, err := Load(filepath.Dir(path)); !errors.Is(err, ErrNoFile) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestSaveClearsWhatWasLeft: what a killed save left is removed when it is old.
func TestSaveClearsWhatWasLeft(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "config"), "old\n")
	young := put(t, path+nextInfix+"123", "")
	put(t, path+nextInfix+"notes", "")
	if _, err := load(t, path).Save([]byte("new\n"), SaveOptions{Now: at, Backups: -1}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(young); err != nil || len(names(t, dir)) != 3 {
		t.Errorf("what another may be writing is gone: %v, %q", err, names(t, dir))
	}
}

// disk mounts a file system of memory of one size.
func disk(t *testing.T, options string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounts a small tmpfs, which needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("lxcdeck-test", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Skipf("mount a small tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

func TestSaveOnAFullDisk(t *testing.T) {
	for name, options := range map[string]string{"no blocks": "size=64k", "no inodes": "size=1m,nr_inodes=3"} {
		dir := disk(t, options)
		path := put(t, filepath.Join(dir, "config"), "old\n")
		if name == "no inodes" {
			put(t, filepath.Join(dir, "other"), "")
		}
		d := load(t, path)
		before := names(t, dir)
		_, err := d.Save([]byte(strings.Repeat("lxc.tty.max = 1\n", 10000)), SaveOptions{Now: at})
		if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: %v", name, err)
		}
		if get(t, path) != "old\n" || !slices.Equal(names(t, dir), before) || d.Changed() != nil {
			t.Errorf("%s: %q, files %q, %v", name, get(t, path), names(t, dir), d.Changed())
		}
	}
}

func TestSaveOnAReadOnlyDisk(t *testing.T) {
	dir := disk(t, "size=64k")
	path := put(t, filepath.Join(dir, "config"), "old\n")
	d := load(t, path)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	_, err := d.Save([]byte("new\n"), SaveOptions{Now: at})
	if !errors.Is(err, unix.EROFS) || get(t, path) != "old\n" || len(names(t, dir)) != 1 {
		t.Errorf("%v, %q, %q", err, get(t, path), names(t, dir))
	}
}
