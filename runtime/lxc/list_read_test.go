package lxc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// What was read, and what tells one version of it from another: without these
// nobody could say of a container that it is gone.
func TestListSaysWhatItHasRead(t *testing.T) {
	good, bad := t.TempDir(), filepath.Join(t.TempDir(), "none")
	must(t, os.Chmod(good, 0o755))
	for _, name := range []string{"web", "empty"} {
		must(t, os.Mkdir(filepath.Join(good, name), 0o755))
	}
	config := filepath.Join(good, "web", "config")
	put(t, config, "lxc.uts.name = web\n")
	must(t, os.Symlink("/nonexistent/disk/away", filepath.Join(good, "away")))
	must(t, os.Mkdir(bad, 0o755))
	a := newAdapter(t, Options{Paths: []string{good, bad}})
	must(t, os.Remove(bad))
	l := list(t, a)
	if id, ok := l.Read[good]; !ok || !strings.Contains(id, "@") || len(l.Read) != 1 {
		t.Errorf("read %v, want %s alone", l.Read, good)
	}
	if want := []runtime.Ref{{Path: good, Name: "away"}}; !slices.Equal(l.Dangling, want) {
		t.Errorf("dangling %v, want %v", l.Dangling, want)
	}
	was := find(t, l, "web").ConfigID
	must(t, os.Chmod(config, 0o600))
	if now := find(t, list(t, a), "web").ConfigID; was == "" || now != was {
		t.Errorf("config %q, was %q before its mode changed", now, was)
	}
	put(t, config, "lxc.uts.name = web\nlxc.include = /nonexistent/file\n") // not even whole
	if now := find(t, list(t, a), "web").ConfigID; now == "" || now == was {
		t.Errorf("edited the config is %q, was %q", now, was)
	}
	// Another directory in its place is another, also behind a link.
	must(t, os.Rename(good, good+".old"))
	t.Cleanup(func() { _ = os.RemoveAll(good + ".old") })
	must(t, os.Symlink(good+".old", good))
	if again := list(t, a); again.Read[good] != l.Read[good] {
		t.Errorf("by a link it is %q, was %q", again.Read[good], l.Read[good])
	}
	must(t, os.Remove(good))
	must(t, os.Mkdir(good, 0o755))
	if again := list(t, a); again.Read[good] == l.Read[good] {
		t.Errorf("another directory is %q too", again.Read[good])
	}
}

// A config that vanished while it was looked at is no word on its container.
func TestWhatVanishedIsNotGone(t *testing.T) {
	ref := runtime.Ref{Path: "/var/lib/lxc", Name: "web"}
	l := runtime.Listing{Containers: []runtime.Container{
		{Ref: runtime.Ref{Path: ref.Path, Name: "db"}, State: runtime.Stopped},
		{Ref: ref, State: runtime.Stopped, Problem: fail("list", ref, runtime.ErrNotFound)},
	}}
	leaveOutVanished(&l)
	if len(l.Containers) != 1 || l.Containers[0].Name != "db" || !slices.Equal(l.Dangling, []runtime.Ref{ref}) {
		t.Errorf("%+v", l)
	}
}
