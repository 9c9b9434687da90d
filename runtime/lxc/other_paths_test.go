package lxc

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// An empty list is told where else there are containers; one that has some is not.
func TestOtherPathsAreToldOfWhenThereIsNothing(t *testing.T) {
	dir := t.TempDir()
	a := newAdapter(t, Options{Paths: []string{dir}})
	system := confPath(systemConf)
	n, err := countContainers(system)
	found := slices.IndexFunc(list(t, a).Elsewhere, func(e runtime.Elsewhere) bool { return e.Path == system })
	if want := err == nil && n > 0; (found >= 0) != want {
		t.Errorf("%s has %d containers (%v), and is told of: %v", system, n, err, found >= 0)
	}
	for _, e := range list(t, a).Elsewhere {
		if e.Path == dir || !e.Hidden && e.Containers == 0 {
			t.Errorf("told of %+v", e)
		}
	}
}

func TestContainersInAPathAreCounted(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"web", "db", "without", ".lxcdeck", "fifo"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if name == "fifo" {
			if err := unix.Mkfifo(filepath.Join(dir, name, "config"), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if name != "without" {
			if err := os.WriteFile(filepath.Join(dir, name, "config"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, err := countContainers(dir); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := countContainers(filepath.Join(dir, "none")); err == nil {
		t.Error("no error without a directory")
	}
	if got := otherPaths(0, []string{confPath(systemConf)}); slices.ContainsFunc(got, func(e runtime.Elsewhere) bool { return e.Path == confPath(systemConf) }) {
		t.Errorf("what is in use is told of: %v", got)
	}
}

// A look that hangs is not begun twice.
func TestOtherPathsAreAskedForOnce(t *testing.T) {
	a := newAdapter(t, Options{Paths: []string{t.TempDir()}})
	a.others <- struct{}{}
	if got := a.elsewhere(); got != nil {
		t.Errorf("asked again: %v", got)
	}
	<-a.others
}
