package lxc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// du is what du(1) says of directories, in bytes on disk.
func du(t testing.TB, args ...string) int64 {
	t.Helper()
	out, err := exec.Command("du", append([]string{"-s", "-x", "-B1", "--total"}, args...)...).Output()
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	n, err := strconv.ParseInt(strings.Fields(lines[len(lines)-1])[0], 10, 64)
	must(t, err)
	return n
}

func TestFootprint(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := bootable(t, s, "lxcdt-a")
	root := filepath.Join(ref.String(), "rootfs")
	put(t, filepath.Join(root, "sparse"), "x")
	must(t, unix.Truncate(filepath.Join(root, "sparse"), 64<<20))
	put(t, filepath.Join(root, "one"), strings.Repeat("x", 1<<20))
	must(t, os.Link(filepath.Join(root, "one"), filepath.Join(root, "two")))
	must(t, os.Symlink("/", filepath.Join(root, "all")))
	must(t, os.MkdirAll(filepath.Join(root, "mnt/deep"), 0o755))
	must(t, unix.Mount("lxcdt", filepath.Join(root, "mnt"), "tmpfs", 0, "size=8m"))
	t.Cleanup(func() { _ = unix.Unmount(filepath.Join(root, "mnt"), 0) })
	put(t, filepath.Join(root, "mnt", "elsewhere"), strings.Repeat("x", 4<<20))

	f, err := a.Footprint(t.Context(), ref)
	must(t, err)
	// du counts the directory below the mount as the mount's.
	if want := du(t, ref.String()); f.Size < want-8192 || f.Size > want+8192 || f.Partial || f.Backing != "dir" || f.SnapSize != 0 || f.Free == 0 || f.RenameCopies != "" || f.FrozenSnapshot == "" {
		t.Errorf("%+v, du says %d", f, want)
	}
	must(t, unix.Unmount(filepath.Join(root, "mnt"), 0))
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-b"), CoW: true}))
	f, err = a.Footprint(t.Context(), ref)
	must(t, err)
	if want := du(t, ref.String()+"/snaps"); !slices.Equal(f.Snapshots, []string{"snap0"}) || f.SnapSize != want || !slices.Equal(f.Clones, []runtime.Ref{to(ref, "lxcdt-b")}) {
		t.Errorf("%+v, du says %d of the snapshots", f, want)
	}
	over, err := a.Footprint(t.Context(), to(ref, "lxcdt-b"))
	must(t, err)
	if over.Backing != "overlay" || over.Size > 1<<20 {
		t.Errorf("an overlay weighs what it lies upon: %+v", over)
	}
	must(t, s.Add("lxcdt-c"))
	outside, err := a.Footprint(t.Context(), to(ref, "lxcdt-c"))
	must(t, err)
	if want := du(t, s.Path+"/.root", s.Path+"/lxcdt-c"); outside.Size != want {
		t.Errorf("a root outside: %+v, du says %d", outside, want)
	}
	if _, err := a.Footprint(t.Context(), to(ref, "lxcdt-none")); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

// A Footprint that is cut short says so, and a List does not wait for one.
func TestFootprintCutShort(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	for i := range 300 {
		put(t, filepath.Join(ref.String(), "rootfs", strconv.Itoa(i), "file"), "x")
	}
	var all, part sizes
	must(t, all.measure(t.Context(), ref.String()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, part.measure(ctx, ref.String()))
	if !part.partial || all.partial || part.disk >= all.disk {
		t.Errorf("cut short %d (%v), whole %d (%v)", part.disk, part.partial, all.disk, all.partial)
	}
	if _, err := a.Footprint(ctx, ref); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("cancelled before it began: %v", err)
	}
	// All tokens for calls into liblxc are out: a Footprint needs none.
	for range maxCalls {
		a.calls <- struct{}{}
	}
	began := time.Now()
	f, err := a.Footprint(t.Context(), ref)
	for range maxCalls {
		<-a.calls
	}
	if err != nil || f.Partial || f.Size < all.disk {
		t.Errorf("%+v, %v, want %d", f, err, all.disk)
	}
	t.Logf("900 names in %v", time.Since(began))
}
