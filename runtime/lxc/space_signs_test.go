package lxc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// What no config names may be needed all the same: each of these was called an orphan.
func TestSpaceSigns(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	a.space.times.fresh = 0
	old := time.Now().Add(-time.Hour)
	in := func(name string) string { return filepath.Join(s.Path, name) }
	for _, name := range []string{"jail/rootfs", "open", "scripted", "nested/eu/web/rootfs", ".hid/rootfs", "hidden-data", "free/rootfs/web", "free/snaps/snap0"} {
		must(t, os.MkdirAll(in(name), 0o755))
	}
	put(t, in("nested/eu/web/config"), "lxc.rootfs.path = dir:"+in("nested/eu/web/rootfs")+"\n")
	put(t, in(".hid/config"), "lxc.rootfs.path = dir:"+in(".hid/rootfs")+"\nlxc.mount.entry = "+in("hidden-data")+" mnt none bind 0 0\n")
	// Neither a root nor snapshots make something an lxcpath.
	put(t, in("free/rootfs/web/config"), "x")
	put(t, in("free/snaps/snap0/config"), "x")
	hook := filepath.Join(t.TempDir(), "hook")
	put(t, hook, "#!/bin/sh\nmount --bind \"${LXC_PATH}/scripted\" mnt\n")
	ref := ownRoot(t, s.Path, "lxcdt-a", "lxc.hook.mount = "+hook+" word")
	f, err := os.Create(in("open/file"))
	must(t, err)
	defer f.Close()
	works := exec.Command("sleep", "1000")
	works.Dir = in("jail/rootfs")
	must(t, works.Start())
	defer func() { _ = works.Process.Kill(); _ = works.Wait() }()
	opened := exec.Command("sleep", "1000")
	opened.Stdin = f
	must(t, opened.Start())
	defer func() { _ = opened.Process.Kill(); _ = opened.Wait() }()
	entries, err := os.ReadDir(s.Path)
	must(t, err)
	for _, e := range entries {
		if e.Name() != ref.Name {
			must(t, os.Chtimes(in(e.Name()), old, old))
		}
	}

	r := space(t, a)
	for name, why := range map[string]string{
		"jail": fmt.Sprintf("process %d (sleep)", works.Process.Pid), "open": "process ", "scripted": "a hook of lxcdt-a", "nested": "(eu/web)",
	} {
		if x := extraAt(t, &r, in(name)); x.Use != runtime.UseUnknown || !strings.Contains(x.Why, why) {
			t.Errorf("%s: %v, %q", name, x.Use, x.Why)
		}
	}
	hid := []runtime.Ref{{Path: s.Path, Name: ".hid"}}
	for _, name := range []string{".hid", "hidden-data"} {
		if x := extraAt(t, &r, in(name)); x.Use != runtime.UseBy || !slices.Equal(x.Users, hid) {
			t.Errorf("%s: %v by %v: %q", name, x.Use, x.Users, x.Why)
		}
	}
	if len(r.Containers) != 1 {
		t.Errorf("one that LXC does not list: %+v", r.Containers)
	}
	if x := extraAt(t, &r, in("free")); x.Use != runtime.UseOrphan && !slices.ContainsFunc(r.Unread, func(why string) bool { return strings.Contains(x.Why, why) }) {
		t.Errorf("free: %v, %q, not read %q", x.Use, x.Why, r.Unread)
	}
	// Its own time tells nothing of what is in it.
	a.space.times.fresh = 30 * time.Minute
	again := space(t, a)
	if x := extraAt(t, &again, in("free")); x.Use != runtime.UseUnknown {
		t.Errorf("what is in it is new: %+v", x)
	}
}

// The last word is what lies in it.
func TestSpaceSettles(t *testing.T) {
	r := &spaceRun{a: &Adapter{space: newSpaceCache()}}
	now := time.Now()
	for _, c := range []struct {
		x    foundSpace
		at   time.Time
		want runtime.SpaceUse
		why  string
	}{
		{foundSpace{free: true, walked: true, newest: now.Add(-time.Hour)}, now, runtime.UseOrphan, ""},
		{foundSpace{free: true, walked: true, newest: now.Add(-time.Minute)}, now, runtime.UseUnknown, "less than 10 minutes"},
		{foundSpace{free: true, walked: true, newest: now.Add(time.Hour)}, now, runtime.UseUnknown, "less than 10 minutes"},
		{foundSpace{free: true}, now, runtime.UseUnknown, "not all"},
		{foundSpace{free: true}, time.Time{}, runtime.UseUnknown, "was not looked at"},
		{foundSpace{walked: true, newest: now.Add(-time.Hour)}, now, runtime.UseUnknown, ""},
	} {
		c.x.Room.At = c.at
		r.settle(&c.x)
		if c.x.Use != c.want || !strings.Contains(c.x.Why, c.why) || c.want == runtime.UseOrphan && c.x.Why != "" {
			t.Errorf("%+v: want %v, %q", c.x, c.want, c.why)
		}
	}
}

// A container that runs by a config which lies elsewhere makes nothing an orphan: its
// root may lie anywhere.
func TestSpaceOfOneWhoseConfigLiesElsewhere(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	a.space.times.fresh = 0
	ref := bootable(t, s, "lxcdt-a")
	config, moved := filepath.Join(ref.String(), "config"), filepath.Join(t.TempDir(), "config")
	must(t, os.Rename(config, moved))
	must(t, s.Tool("lxc-start", ref.Name, "-d", "-f", moved))
	t.Cleanup(func() {
		put(t, config, read(t, moved)) // the cleaning up goes by it
		must(t, s.Stop(ref.Name))
	})
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(ref.String(), old, old))
	r := space(t, a)
	if x := extraAt(t, &r, ref.String()); x.Use != runtime.UseUnknown {
		t.Errorf("the root of one that runs: %+v", x)
	}
	if !slices.ContainsFunc(r.Unread, func(why string) bool { return strings.Contains(why, ref.String()) }) {
		t.Errorf("not read: %q", r.Unread)
	}
}
