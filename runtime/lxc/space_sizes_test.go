package lxc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func sharedOf(t testing.TB, c *runtime.ContainerSpace) string {
	t.Helper()
	for _, p := range c.Parts {
		if p.Kind == runtime.SpaceRoot || p.Kind == runtime.SpaceChanges {
			return p.Shared
		}
	}
	t.Fatalf("no root: %+v", c.Parts)
	return ""
}

// Two containers with one root, be it by another name, say so: sums count it twice.
func TestSpaceOfASharedRoot(t *testing.T) {
	s := lxctest.New(t)
	other := t.TempDir()
	a := newAdapter(t, Options{Paths: []string{s.Path, other}})
	one, alone := ownRoot(t, s.Path, "lxcdt-a"), ownRoot(t, s.Path, "lxcdt-b")
	two := ownRoot(t, other, "lxcdt-a")
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(rootOn(one), link))
	put(t, filepath.Join(two.String(), "config"), "lxc.rootfs.path = dir:"+link+"\n")
	for range 2 { // the second time by what is known
		r := space(t, a)
		for i := range r.Containers {
			c := &r.Containers[i]
			want := map[runtime.Ref]string{one: two.String(), two: one.String(), alone: ""}[c.Ref]
			if got := sharedOf(t, c); (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("%s: %q, want %q", c.Ref, got, want)
			}
		}
	}
}

// Upper directories that an admin keeps beside each other in a directory called
// "overlay" are each its own container's.
func TestSpaceOfUpperDirectoriesBesideEachOther(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	base := filepath.Join(t.TempDir(), "overlay")
	size := map[string]string{"lxcdt-a": strings.Repeat("x", 1<<20), "lxcdt-b": strings.Repeat("x", 3<<20)}
	for name, text := range size {
		ref := ownRoot(t, s.Path, name)
		upper := filepath.Join(base, name)
		put(t, filepath.Join(upper, "file"), text)
		put(t, filepath.Join(ref.String(), "config"), "lxc.rootfs.path = overlay:"+rootOn(ref)+":"+upper+"\n")
	}
	r := space(t, a)
	for name := range size {
		if got, want := bytesOfSpace(t, spaceOf(t, &r, name), runtime.SpaceChanges), du(t, filepath.Join(base, name)); got != want {
			t.Errorf("%s: changes %d, du says %d", name, got, want)
		}
	}
}

// Where liblxc keeps snapshots beside the lxcpath, those in the container's directory
// are no snapshots to it, and take room all the same.
func TestSpaceOfSnapshotsOfBefore(t *testing.T) {
	s := lxctest.New(t)
	path := filepath.Join(s.Path, "lxc")
	must(t, os.Mkdir(path, 0o755))
	a := newAdapter(t, Options{Paths: []string{path}})
	ref := ownRoot(t, path, "lxcdt-a")
	put(t, filepath.Join(ref.String(), "snaps/snap0/rootfs/file"), strings.Repeat("x", 1<<20))
	put(t, filepath.Join(ref.String(), "snaps/snap0/config"), "")
	must(t, os.Mkdir(path+"snaps", 0o755))
	r := space(t, a)
	if got, want := bytesOfSpace(t, spaceOf(t, &r, ref.Name)), du(t, ref.String()); got != want {
		t.Errorf("all %d, du says %d", got, want)
	}
}

// A root that is one file is looked at each time: that costs nothing.
func TestSpaceOfAFileIsOfNow(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	image := filepath.Join(ref.String(), "rootdev")
	put(t, image, "x")
	must(t, unix.Truncate(image, 64<<20))
	put(t, filepath.Join(ref.String(), "config"), "lxc.rootfs.path = loop:"+image+"\n")
	for _, text := range []string{"x", strings.Repeat("x", 1<<20)} {
		f, err := os.OpenFile(image, os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteString(text)
		must(t, err)
		must(t, f.Sync())
		must(t, f.Close())
		r := space(t, a)
		if got, want := bytesOfSpace(t, spaceOf(t, &r, ref.Name), runtime.SpaceRoot), du(t, image); got != want {
			t.Errorf("root %d, du says %d", got, want)
		}
	}
}
