package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// TestPackStandsStill: what runs is frozen meanwhile and goes on afterwards, what was
// frozen stays so, and what mounts the container has are not in the archive.
func TestPackStandsStill(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-from", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	n := 0
	for _, state := range []runtime.State{runtime.Running, runtime.Frozen} {
		into(t, s, a, ref.Name, state)
		r, w, err := os.Pipe()
		must(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, w)
			ended <- errors.Join(err, w.Close())
		}()
		// The pipe takes less than the archive is: the container stands still here.
		first := make([]byte, 1)
		_, err = io.ReadFull(r, first)
		must(t, err)
		if c := find(t, list(t, a), ref.Name); c.State != runtime.Frozen {
			t.Errorf("while it is packed it is %s", c.State)
		}
		f := archiveFileIn(t, s.Path)
		_, err = f.Write(first)
		must(t, err)
		_, err = io.Copy(f, r)
		must(t, errors.Join(err, r.Close(), <-ended))
		if c := find(t, list(t, a), ref.Name); c.State != state {
			t.Errorf("it was %s and is %s", state, c.State)
		}
		n++
		to := runtime.Ref{Path: s.Path, Name: fmt.Sprintf("lxcdt-to%d", n)}
		_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
		must(t, err)
		if names, err := os.ReadDir(filepath.Join(rootOfBox(to), "proc")); err != nil || len(names) > 0 {
			t.Errorf("in its proc: %v, %v", names, err)
		}
		if _, err := os.Stat(filepath.Join(rootOfBox(to), "srv/plain")); err != nil {
			t.Error(err)
		}
	}
	into(t, s, a, ref.Name, runtime.Stopped)
}

// TestPackShifted packs an unprivileged container and makes a privileged one of it,
// and one with another map.
func TestPackShifted(t *testing.T) {
	s := lxctest.New(t)
	const by = 200000
	ref := boxWith(t, s, "lxcdt-from", by, fmt.Sprintf("lxc.idmap = u 0 %d 65536", by), fmt.Sprintf("lxc.idmap = g 0 %d 65536", by))
	want := treeFacts(t, rootOfBox(ref), by)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f := archiveFileIn(t, s.Path)
	words, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{Level: 3}, f)
	must(t, err)
	if words.output() != "" {
		t.Errorf("told %q", words.output())
	}
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-priv"}
	words, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
	must(t, err)
	if !strings.Contains(words.output(), "it was unprivileged; here it is privileged") {
		t.Errorf("told %q", words.output())
	}
	wantSame(t, without(treeFacts(t, rootOfBox(to), 0), `"etc/hostname"`), without(want, `"etc/hostname"`))
	to.Name = "lxcdt-mapped"
	maps := []runtime.IDMap{{Host: 300000, Count: 65536}, {Group: true, Host: 300000, Count: 65536}}
	_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{IDMap: maps}, rewound(t, f))
	must(t, err)
	wantSame(t, without(treeFacts(t, rootOfBox(to), 300000), `"etc/hostname"`), without(want, `"etc/hostname"`))
	c := find(t, list(t, a), to.Name)
	if c.Problem != nil || c.Config == nil || !c.Config.Unprivileged {
		t.Errorf("config %+v, %v", c.Config, c.Problem)
	}
	must(t, do(t, a, runtime.Start, to))
	must(t, do(t, a, runtime.Kill, to))
	_, err = shipping(t, a, runtime.Unpack, runtime.Ref{Path: s.Path, Name: "lxcdt-small"},
		&runtime.UnpackArgs{IDMap: []runtime.IDMap{{Host: 300000, Count: 5}, {Group: true, Host: 300000, Count: 5}}}, rewound(t, f))
	if err == nil || !strings.Contains(err.Error(), "not one of the new container's ids") {
		t.Errorf("a map that is too small: %v", err)
	}
	wantNothingOf(t, runtime.Ref{Path: s.Path, Name: "lxcdt-small"})
}

// TestPackOverlay reads the merged view of the layers, and leaves no mount.
func TestPackOverlay(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-base", 0)
	top := runtime.Ref{Path: s.Path, Name: "lxcdt-top"}
	must(t, s.Add(top.Name))
	upper := filepath.Join(top.String(), "overlay/delta")
	put(t, filepath.Join(upper, "etc/new"), "new")
	must(t, unix.Mknod(filepath.Join(upper, "etc/passwd"), unix.S_IFCHR, 0))
	must(t, os.MkdirAll(filepath.Join(upper, "srv"), 0o755))
	must(t, unix.Setxattr(filepath.Join(upper, "srv"), "trusted.overlay.opaque", []byte("y"), 0))
	put(t, filepath.Join(top.String(), "config"), "lxc.rootfs.path = overlay:"+rootOfBox(ref)+":"+upper+"\nlxc.uts.name = x\n")
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f := archiveFileIn(t, s.Path)
	words, err := shipping(t, a, runtime.Pack, top, &runtime.PackArgs{}, f)
	must(t, err)
	if words.output() != "" {
		t.Errorf("told %q", words.output())
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(mounts), s.Path) {
		t.Errorf("it is mounted still: %s, %v", mounts, err)
	}
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
	_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
	must(t, err)
	for name, there := range map[string]bool{"etc/new": true, "etc/passwd": false, "srv/plain": false, "bin/sh": true, "etc/group": true} {
		if exists(filepath.Join(rootOfBox(to), name)) != there {
			t.Errorf("%s is there: %v", name, !there)
		}
	}
}

// TestPackBlock: what is mounted only while it runs is read then.
func TestPackBlock(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-loop", 0)
	image := filepath.Join(ref.String(), "rootdev")
	mkfs := exec.Command("mkfs.ext4", "-q", "-d", rootOfBox(ref), image, "64M")
	if out, err := mkfs.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, os.RemoveAll(rootOfBox(ref)))
	must(t, os.Mkdir(rootOfBox(ref), 0o755))
	config, err := os.ReadFile(filepath.Join(ref.String(), "config"))
	must(t, err)
	put(t, filepath.Join(ref.String(), "config"), strings.ReplaceAll(string(config), "dir:"+rootOfBox(ref), "loop:"+image))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f := archiveFileIn(t, s.Path)
	_, err = shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	var e *runtime.Error
	if !errors.Is(err, runtime.ErrUnsupported) || !errors.As(err, &e) || !strings.Contains(e.Hint, "Start it") {
		t.Fatalf("stopped: %v", err)
	}
	must(t, s.Start(ref.Name))
	words, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	must(t, err)
	if !strings.Contains(words.output(), "left out: /proc: a mount") {
		t.Errorf("told %q", words.output())
	}
	must(t, s.Stop(ref.Name))
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
	_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
	must(t, err)
	if text, err := os.ReadFile(filepath.Join(rootOfBox(to), "srv/odd \xff\n")); err != nil || string(text) != "odd" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestCancelledShips: whoever reads or writes the other end of a pipe may never come.
func TestCancelledShips(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-from", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.Start(ref.Name))
	f := archiveFileIn(t, s.Path)
	_, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	must(t, err)
	packed, err := os.ReadFile(f.Name())
	must(t, err)
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
	for _, q := range []runtime.Request{
		{Op: runtime.Pack, Ref: ref, Args: &runtime.PackArgs{}},
		{Op: runtime.Unpack, Ref: to, Args: &runtime.UnpackArgs{}},
	} {
		r, w, err := os.Pipe()
		must(t, err)
		q.File = w
		if q.Op == runtime.Unpack {
			q.File = r
			go func() { _, _ = w.Write(packed[:len(packed)-100]) }()
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- a.Do(ctx, q) }()
		eventually(t, "its journal", func() bool { return exists(filepath.Join(s.Path, deckDir)) })
		if q.Op == runtime.Pack {
			eventually(t, "frozen", func() bool { return find(t, list(t, a), ref.Name).State == runtime.Frozen })
		}
		cancel()
		if err := <-ended; !errors.Is(err, runtime.ErrCancelled) {
			t.Errorf("%s: %v", q.Op, err)
		}
		if c := find(t, list(t, a), ref.Name); c.State != runtime.Running {
			t.Errorf("%s: it is %s", q.Op, c.State)
		}
		wantNothingOf(t, to)
		must(t, errors.Join(r.Close(), w.Close()))
	}
	must(t, s.Stop(ref.Name))
}

// TestKilledShips: a helper that is killed in the middle leaves nothing behind that
// the adapter does not take back at once.
func TestKilledShips(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-from", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.Start(ref.Name))
	f := archiveFileIn(t, s.Path)
	_, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	must(t, err)
	packed, err := os.ReadFile(f.Name())
	must(t, err)
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
	for _, q := range []runtime.Request{
		{Op: runtime.Pack, Ref: ref, Args: &runtime.PackArgs{}},
		{Op: runtime.Unpack, Ref: to, Args: &runtime.UnpackArgs{}},
	} {
		r, w, err := os.Pipe()
		must(t, err)
		q.File = w
		if q.Op == runtime.Unpack {
			q.File = r
			go func() { _, _ = w.Write(packed[:len(packed)-100]) }()
		}
		ended := make(chan error, 1)
		go func() { ended <- a.Do(context.Background(), q) }()
		if q.Op == runtime.Pack {
			eventually(t, "frozen", func() bool { return find(t, list(t, a), ref.Name).State == runtime.Frozen })
		} else {
			eventually(t, "its root", func() bool {
				all, _ := filepath.Glob(filepath.Join(s.Path, deckDir, "*.d/rootfs/bin"))
				return len(all) > 0
			})
		}
		for _, pid := range helpersOf(os.Getpid()) {
			must(t, unix.Kill(pid, unix.SIGKILL))
		}
		if err := <-ended; !errors.Is(err, runtime.ErrHelper) {
			t.Errorf("%s: %v", q.Op, err)
		}
		if c := find(t, list(t, a), ref.Name); c.State != runtime.Running {
			t.Errorf("%s: it is %s", q.Op, c.State)
		}
		wantNothingOf(t, to)
		must(t, errors.Join(r.Close(), w.Close()))
	}
	must(t, s.Stop(ref.Name))
}

// TestShipsOfUsers: whose ids are others than the user's own is read and made in a user
// namespace, which has them and the user; a user without an id map is told so.
func TestShipsOfUsers(t *testing.T) {
	mapped := hostIDs{{Host: 100000, Count: 65536}, {Group: true, Host: 200000, Count: 1000}, {Group: true, Inner: 1000, Host: 50, Count: 1}}
	if got := strings.Join(insideMaps(mapped, 1000, 50), " "); got != "-m u:0:100000:65536 -m u:65536:1000:1 -m g:0:200000:1000 -m g:1000:50:1" {
		t.Errorf("the namespace has %s", got)
	}
	s := lxctest.New(t)
	nobody, err := osuser.Lookup("nobody")
	if err != nil {
		t.Skip("this host has no user nobody: operations as another user are not tested")
	}
	uid, err := strconv.Atoi(nobody.Uid)
	must(t, err)
	path := filepath.Join(s.Path, "theirs")
	must(t, os.Mkdir(path, 0o755))
	must(t, os.Chown(path, uid, 0))
	a := newAdapter(t, Options{Paths: []string{path}})
	to := runtime.Ref{Path: path, Name: "lxcdt-to"}
	_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{}, archiveFileIn(t, s.Path))
	var told *runtime.Error
	if !errors.Is(err, runtime.ErrInvalid) || !strings.Contains(err.Error(), "needs an id map") || !errors.As(err, &told) || told.Hint == "" {
		t.Errorf("unpack: %v", err)
	}
	_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{IDMap: mapped}, archiveFileIn(t, s.Path))
	if !errors.Is(err, runtime.ErrPermission) || !strings.Contains(err.Error(), "/etc/subuid does not give") {
		t.Errorf("unpack with ids of nobody's: %v", err)
	}
	wantNothingOf(t, to)
}
