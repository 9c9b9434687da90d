package logfile

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// swapped puts something that is no log in the place of a name.
func swapped(tb testing.TB, name, by string) {
	tb.Helper()
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	switch by {
	case "link":
		other := name + ".target"
		must(tb, os.WriteFile(other, []byte("secret\n"), 0o600))
		must(tb, os.Symlink(other, name))
	case "fifo":
		must(tb, unix.Mkfifo(name, 0o600))
	case "directory":
		must(tb, os.Mkdir(name, 0o700))
	case "socket":
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
		must(tb, err)
		tb.Cleanup(func() { _ = l.Close() })
	case "device":
		if err := unix.Mknod(name, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))); err != nil {
			tb.Skipf("no device can be made: %v", err)
		}
	}
}

func odd() []string { return []string{"link", "fifo", "directory", "socket", "device"} }

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	for _, what := range odd() {
		t.Run(what, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "log") // short: a socket's name has 107 bytes at most
			must(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			name := filepath.Join(dir, "log")
			swapped(t, name, what)
			root, err := os.Open(dir)
			must(t, err)
			defer root.Close()
			careless := func() (*os.File, error) { return os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) }
			within(t, 5*time.Second, "open", func() {
				for i, open := range []Opener{Path(name), Below(root, "/log"), careless} {
					f, err := Open(open)
					if i == 2 && (what == "link" || what == "socket") { // followed, and not to be opened
						if err == nil {
							_ = f.Close()
						}
						continue
					}
					if !errors.Is(err, ErrNotRegular) || f != nil {
						t.Errorf("opener %d: %v, %v", i, f, err)
					}
				}
			})
		})
	}
}

// A regular file by its mode, and nothing that anybody has written.
func TestFilesOfTheKernelAreNotOpened(t *testing.T) {
	root, err := os.Open("/")
	must(t, err)
	defer root.Close()
	for i, open := range []Opener{Path("/proc/version"), Below(root, "/proc/version"), func() (*os.File, error) { return os.Open("/proc/version") }} {
		if f, err := Open(open); !errors.Is(err, ErrNotRegular) || f != nil {
			t.Errorf("opener %d: %v, %v", i, f, err)
		}
	}
}

func TestBelowStaysBelow(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "root/var"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "log"), []byte("host\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "root/log"), []byte("container\n"), 0o600))
	must(t, os.Symlink("../../../..", filepath.Join(dir, "root/var/up")))
	must(t, os.Symlink("/", filepath.Join(dir, "root/var/top")))
	root, err := os.Open(filepath.Join(dir, "root"))
	must(t, err)
	defer root.Close()
	for _, name := range []string{"log", "/log", "../log", "/var/up/log", "/var/top/log"} {
		f, err := Open(Below(root, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l, err := f.After(0, 1); err != nil || len(l) != 1 || string(l[0].Text) != "container" {
			t.Errorf("%s leads to %v, %v", name, l, err)
		}
		_ = f.Close()
	}
	if _, err := Open(Below(root, "/none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
}
