package lxc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func TestRenameInPlace(t *testing.T) {
	s := lxctest.New(t)
	ref := bootable(t, s, "lxcdt-a", "lxc.hook.pre-start = /bin/true "+s.Path+"/lxcdt-a/x", "lxc.mount.fstab = "+s.Path+"/lxcdt-a/fstab")
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	put(t, filepath.Join(ref.String(), "rootfs/etc/hostname"), "lxcdt-a\n")
	put(t, filepath.Join(ref.String(), "rootfs/etc/hosts"), "127.0.1.1 lxcdt-a\n")
	put(t, filepath.Join(ref.String(), "fstab"), ref.String()+"/data mnt none bind,create=dir 0 0\n")
	put(t, filepath.Join(ref.String(), "data/file"), "x")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	before := read(t, filepath.Join(ref.String(), "config"))
	info, err := os.Stat(filepath.Join(ref.String(), "rootfs"))
	must(t, err)

	dst := to(ref, "lxcdt-b")
	must(t, change(t, a, runtime.Rename, ref, &runtime.RenameArgs{To: dst.Name}))
	nothingLeft(t, s.Path, ".root", ".default.conf", "lxcdt-b")
	after := read(t, filepath.Join(dst.String(), "config"))
	if want := strings.ReplaceAll(before, "lxcdt-a", "lxcdt-b"); after != want {
		t.Errorf("the config is\n%s\nwant\n%s", after, want)
	}
	if now, err := os.Stat(filepath.Join(dst.String(), "rootfs")); err != nil || !os.SameFile(info, now) {
		t.Errorf("its root was copied: %v", err)
	}
	if got := read(t, dst.String()+"/rootfs/etc/hostname") + read(t, dst.String()+"/rootfs/etc/hosts") + read(t, dst.String()+"/fstab"); got != "lxcdt-b\n127.0.1.1 lxcdt-b\n"+dst.String()+"/data mnt none bind,create=dir 0 0\n" {
		t.Errorf("%q", got)
	}
	// It still is a container to liblxc, and its snapshot a snapshot.
	must(t, s.Start(dst.Name))
	must(t, s.Stop(dst.Name))
	must(t, s.Tool("lxc-snapshot", dst.Name, "-r", "snap0", "-N", "lxcdt-c"))
	if got := read(t, s.Path+"/lxcdt-c/rootfs/etc/inittab"); got == "" {
		t.Error("the snapshot is empty")
	}
	if got := read(t, dst.String()+"/snaps/snap0/config"); strings.Contains(got, ref.String()) || strings.Contains(got, "lxcdt-a") {
		t.Errorf("the snapshot's config:\n%s", got)
	}
}

// What lies upon others takes its new name into their books.
func TestRenameOfAnOverlay(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	base := ownRoot(t, s.Path, "lxcdt-base")
	ref := to(base, "lxcdt-a")
	must(t, change(t, a, runtime.Clone, base, &runtime.CloneArgs{To: ref, CoW: true}))
	must(t, s.Tool("lxc-snapshot", ref.Name))
	if err := change(t, a, runtime.Rename, base, &runtime.RenameArgs{To: "lxcdt-x", Copy: true}); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), "lxcdt-a") {
		t.Errorf("the base of an overlay: %v", err)
	}
	dst := to(base, "lxcdt-b")
	must(t, change(t, a, runtime.Rename, ref, &runtime.RenameArgs{To: dst.Name}))
	deps, err := dependantsOf(base)
	must(t, err)
	snap := runtime.Ref{Path: dst.String() + "/snaps", Name: "snap0"}
	if len(deps) != 2 || !slices.Contains(deps, dst) || !slices.Contains(deps, snap) {
		t.Errorf("dependants of the base: %v", deps)
	}
	value, err := rootValue(dst)
	must(t, err)
	must(t, inRootOf(value, func(r *inRoot) error {
		if got, err := r.readFile("/etc/hostname", 100); err != nil || string(got) != "lxcdt-b\n" {
			t.Errorf("hostname %q, %v", got, err)
		}
		return nil
	}))
	must(t, s.Tool("lxc-destroy", dst.Name, "-s"))
	must(t, s.Tool("lxc-destroy", base.Name))
	nothingLeft(t, s.Path)
}

func TestRenameIsRefused(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-run"))
	must(t, s.Start("lxcdt-run"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	bound := ownRoot(t, s.Path, "lxcdt-bound")
	ownRoot(t, s.Path, "lxcdt-binds", "lxc.mount.entry = "+bound.String()+"/data data none bind 0 0")
	snapped := ownRoot(t, s.Path, "lxcdt-snapped")
	must(t, s.Tool("lxc-snapshot", snapped.Name))
	must(t, exec.Command("lxc-copy", "-P", snapped.String()+"/snaps", "-n", "snap0", "-p", s.Path, "-N", "lxcdt-upon", "-s").Run())
	volume := ownRoot(t, s.Path, "lxcdt-volume")
	put(t, filepath.Join(volume.String(), "config"), "lxc.rootfs.path = zfs:tank/lxcdt-volume\nlxc.uts.name = lxcdt-volume\n")
	put(t, filepath.Join(s.Path, "lxcdt-full", "note"), "not ours")
	put(t, filepath.Join(s.Path+"snaps", "lxcdt-old", "snap0", "config"), "")
	t.Cleanup(func() { _ = os.RemoveAll(s.Path + "snaps") })
	old := ownRoot(t, s.Path, "lxcdt-old")
	for _, c := range []struct {
		name string
		ref  runtime.Ref
		args runtime.RenameArgs
		want error
	}{
		{"a name that exists", ref, runtime.RenameArgs{To: "lxcdt-run"}, runtime.ErrExists},
		{"a directory without a config", ref, runtime.RenameArgs{To: "lxcdt-full"}, runtime.ErrExists},
		{"no name", ref, runtime.RenameArgs{}, runtime.ErrInvalid},
		{"slashes", ref, runtime.RenameArgs{To: "a/b"}, runtime.ErrInvalid},
		{"300 characters", ref, runtime.RenameArgs{To: strings.Repeat("x", 300)}, runtime.ErrInvalid},
		{"a name that no host can have", ref, runtime.RenameArgs{To: strings.Repeat("x", 65)}, runtime.ErrInvalid},
		{"its own", ref, runtime.RenameArgs{To: ref.Name}, runtime.ErrInvalid},
		{"it runs", to(ref, "lxcdt-run"), runtime.RenameArgs{To: "lxcdt-b"}, runtime.ErrWrongState},
		{"it is not there", to(ref, "lxcdt-none"), runtime.RenameArgs{To: "lxcdt-b"}, runtime.ErrNotFound},
		{"another names its path", bound, runtime.RenameArgs{To: "lxcdt-b"}, runtime.ErrInUse},
		{"another lies upon its snapshot", snapped, runtime.RenameArgs{To: "lxcdt-b"}, runtime.ErrInUse},
		{"a volume", volume, runtime.RenameArgs{To: "lxcdt-b"}, runtime.ErrUnsupported},
		{"snapshots of an old LXC", old, runtime.RenameArgs{To: "lxcdt-b"}, runtime.ErrHasSnapshots},
	} {
		err := change(t, a, runtime.Rename, c.ref, &c.args)
		var e *runtime.Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Op != "rename" {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	nothingLeft(t, s.Path, ".root", ".default.conf", "lxcdt-a", "lxcdt-binds", "lxcdt-bound", "lxcdt-full", "lxcdt-old",
		"lxcdt-run", "lxcdt-snapped", "lxcdt-upon", "lxcdt-volume")
}

// A rename that was killed at any place is finished or undone.
func TestRenameKilled(t *testing.T) {
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo} {
		for place, half := range map[string]func(t *testing.T, j *journal){
			"before it moved": func(*testing.T, *journal) {},
			"moved": func(t *testing.T, j *journal) {
				must(t, moveDir(j.ref(), j.made()))
			},
			"config corrected": func(t *testing.T, j *journal) {
				must(t, moveDir(j.ref(), j.made()))
				m := move{at: j.made(), was: j.ref(), now: j.made()}
				must(t, m.correctConfig(j.made()))
			},
			"all corrected": func(t *testing.T, j *journal) {
				must(t, moveDir(j.ref(), j.made()))
				m := move{at: j.made(), was: j.ref(), now: j.made(), root: j.fact(factRootValue)}
				must(t, m.correct())
			},
		} {
			t.Run(way.String()+" "+place, func(t *testing.T) {
				s := lxctest.New(t)
				a := newAdapter(t, Options{Paths: []string{s.Path}})
				ref := ownRoot(t, s.Path, "lxcdt-a")
				config := read(t, filepath.Join(ref.String(), "config"))
				value, err := rootValue(ref)
				must(t, err)
				handle, err := handleOf(ref.String())
				must(t, err)
				j, err := openJournal(runtime.Rename, ref, stepMove, map[string]string{
					toPath: s.Path, toName: "lxcdt-b", factRootValue: value, factMade: handle,
				})
				must(t, err)
				half(t, j)
				what, ways := leftRename(j)
				if !strings.Contains(what, "lxcdt-b") || !slices.Contains(ways, way) {
					t.Errorf("%s: %v", what, ways)
				}
				must(t, change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: j.ID, Way: way}))
				name := "lxcdt-a"
				if way == runtime.Finish {
					name = "lxcdt-b"
				}
				nothingLeft(t, s.Path, name)
				if got := read(t, filepath.Join(s.Path, name, "config")); got != strings.ReplaceAll(config, "lxcdt-a", name) {
					t.Errorf("the config is\n%s", got)
				}
				if got := read(t, filepath.Join(s.Path, name, "rootfs/etc/hostname")); got != name+"\n" {
					t.Errorf("hostname %q", got)
				}
			})
		}
	}
}

// A rename by copy is undone while it copies, and finished once it destroys.
func TestRenameByCopyKilled(t *testing.T) {
	for step, left := range map[string]string{stepCopy: "lxcdt-a", stepDestroy: "lxcdt-b"} {
		s := lxctest.New(t)
		a := newAdapter(t, Options{Paths: []string{s.Path}})
		ref := ownRoot(t, s.Path, "lxcdt-a")
		copied := ownRoot(t, s.Path, "lxcdt-b")
		handle, err := handleOf(copied.String())
		must(t, err)
		j, err := openJournal(runtime.Rename, ref, step, map[string]string{toPath: s.Path, toName: "lxcdt-b", factMade: handle})
		must(t, err)
		_, ways := leftRename(j)
		must(t, change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: j.ID, Way: ways[0]}))
		nothingLeft(t, s.Path, left)
	}
}

// What is called like one of the two by now, but is another, is left alone.
func TestRenameKilledMeetsAnother(t *testing.T) {
	for step, ways := range map[string][]runtime.RecoverWay{
		stepMove: {runtime.Finish, runtime.Undo}, stepCopy: {runtime.Undo}, stepDestroy: {runtime.Finish},
	} {
		for _, way := range ways {
			s := lxctest.New(t)
			a := newAdapter(t, Options{Paths: []string{s.Path}})
			gone := ownRoot(t, s.Path, "lxcdt-gone")
			handle, err := handleOf(gone.String())
			must(t, err)
			must(t, os.Rename(gone.String(), filepath.Join(s.Path, ".gone")))
			ref, other := to(gone, "lxcdt-a"), ownRoot(t, s.Path, "lxcdt-b")
			want := []string{".gone", "lxcdt-b"}
			if step == stepDestroy {
				ownRoot(t, s.Path, "lxcdt-a")
				want = append(want, "lxcdt-a", deckDir)
			}
			config := read(t, filepath.Join(other.String(), "config"))
			j, err := openJournal(runtime.Rename, ref, step, map[string]string{
				toPath: s.Path, toName: "lxcdt-b", factRootValue: other.String() + "/rootfs", factMade: handle,
			})
			must(t, err)
			err = change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: j.ID, Way: way})
			if (err != nil) != (step == stepDestroy) {
				t.Errorf("%s of %s: %v", way, step, err)
			}
			nothingLeft(t, s.Path, want...)
			if got := read(t, filepath.Join(other.String(), "config")); got != config {
				t.Errorf("%s of %s: the config is\n%s", way, step, got)
			}
		}
	}
}

func TestRenameByCopy(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	o := &operation{q: helperRequest{Op: runtime.Rename, Ref: ref}, log: func() string { return "" }}
	err := o.renameByCopy(ref, to(ref, "lxcdt-b"), "its root is a volume", false)
	if !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "free") {
		t.Errorf("nobody asked for a copy: %v", err)
	}
	must(t, testConn(t, o, func() error { return o.renameByCopy(ref, to(ref, "lxcdt-b"), "its root is a volume", true) }))
	nothingLeft(t, s.Path, "lxcdt-b")
	if c := find(t, list(t, a), "lxcdt-b"); c.Config == nil {
		t.Errorf("%+v", c)
	}
	if got := read(t, s.Path+"/lxcdt-b/rootfs/etc/hostname"); got != "lxcdt-b\n" {
		t.Errorf("hostname %q", got)
	}
}

// testConn gives an operation somebody to tell, who listens to nothing.
func testConn(t *testing.T, o *operation, f func() error) error {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(pair[1])
	o.conn, err = newMsgConn(pair[0])
	must(t, err)
	defer o.conn.Close()
	return f()
}
