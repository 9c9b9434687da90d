package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime/events"
)

func seenOf(path string, names ...string) events.Memory {
	p := events.Place{Path: path, ID: "dir", Boot: "b", Seen: time.Unix(1e9, 0).UTC()}
	for _, n := range names {
		p.Containers = append(p.Containers, events.Box{Name: n, State: "RUNNING", PID: 7})
	}
	return events.Memory{Version: 1, Places: []events.Place{p}}
}

// paths are the lxcpaths of what is kept in dir.
func paths(t *testing.T, p Places, dir string) string {
	t.Helper()
	m, err := p.LoadSeen(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range m.Places {
		out = append(out, x.Path)
	}
	return strings.Join(out, " ")
}

func TestWhatWasSeenIsKept(t *testing.T) {
	p := Places{Trust: true, TrustUID: os.Geteuid()}
	dir := filepath.Join(t.TempDir(), "state", "lxcdeck")
	if got := paths(t, p, dir); got != "" {
		t.Fatalf("%q before anything was seen", got)
	}
	for _, path := range []string{"/srv/lxc", "/var/lib/lxc", "/srv/lxc"} {
		if err := p.SaveSeen(dir, seenOf(path, "web")); err != nil {
			t.Fatal(err)
		}
	}
	if got := paths(t, p, dir); got != "/srv/lxc /var/lib/lxc" {
		t.Errorf("kept %q", got)
	}
	info, err := os.Stat(filepath.Join(dir, seenFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	all, err := os.ReadDir(dir)
	if err != nil || len(all) != 2 {
		t.Errorf("left behind: %v, %v", all, err)
	}
	if err := p.SaveSeen("", seenOf("/a")); err != nil {
		t.Errorf("without a place: %v", err)
	}
}

// Several that write at once lose nothing of each other's.
func TestManyWritersOfWhatWasSeen(t *testing.T) {
	p := Places{Trust: true, TrustUID: os.Geteuid()}
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 10 {
				if err := p.SaveSeen(dir, seenOf(fmt.Sprintf("/p%d", i), "web")); err != nil && !strings.Contains(err.Error(), "lock") {
					// On a busy machine one may wait too long, and tries again.
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := paths(t, p, dir); got != "/p0 /p1 /p2 /p3 /p4 /p5 /p6 /p7" {
		t.Errorf("kept %q", got)
	}
}

func TestWhatWasSeenIsNotBelieved(t *testing.T) {
	p := Places{Trust: true, TrustUID: os.Geteuid()}
	good, err := (&events.Memory{Version: 1}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, lay := range map[string]func(file string) error{
		"broken":      func(f string) error { return os.WriteFile(f, []byte("{"), 0o600) },
		"too large":   func(f string) error { return os.WriteFile(f, []byte(strings.Repeat(" ", events.MaxMemory+1)), 0o600) },
		"a directory": func(f string) error { return os.Mkdir(f, 0o700) },
		"a FIFO":      func(f string) error { return unix.Mkfifo(f, 0o600) },
		"a link": func(f string) error {
			if err := os.WriteFile(f+".real", good, 0o600); err != nil {
				return err
			}
			return os.Symlink(f+".real", f)
		},
		"others write it": func(f string) error {
			if err := os.WriteFile(f, good, 0o600); err != nil {
				return err
			}
			return os.Chmod(f, 0o666)
		},
		"another's": func(f string) error {
			if os.Geteuid() != 0 {
				return os.WriteFile(f, []byte("{"), 0o600)
			}
			if err := os.WriteFile(f, good, 0o600); err != nil {
				return err
			}
			return os.Chown(f, 12345, 12345)
		},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, seenFile)
		if err := lay(file); err != nil {
			t.Fatal(err)
		}
		was, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := p.LoadSeen(dir); err == nil || len(m.Places) != 0 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
		if err := p.SaveSeen(dir, seenOf("/a")); err == nil {
			t.Errorf("%s: it is written over", name)
		}
		if now, err := os.Lstat(file); err != nil || !os.SameFile(was, now) {
			t.Errorf("%s: it is another file now: %v", name, err)
		}
	}
	// A directory that others can write, and a lock that is held.
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := p.SaveSeen(dir, seenOf("/a")); err == nil {
		t.Error("it is written where others can write")
	}
	dir = t.TempDir()
	lock, err := lockSeen(filepath.Join(dir, seenLock))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SaveSeen(dir, seenOf("/a")); err == nil {
		t.Error("it is written though another has the lock")
	}
	_ = lock.Close()
	if err := os.WriteFile(filepath.Join(dir, seenFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.SaveSeen(dir, seenOf("/a")); err != nil || paths(t, p, dir) != "/a" {
		t.Errorf("over an empty file: %v", err)
	}
}
