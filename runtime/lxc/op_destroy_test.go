package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func TestDestroyInEveryState(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-gone")
	for _, state := range []runtime.State{runtime.Running, runtime.Frozen} {
		into(t, s, a, ref.Name, state)
		if err := do(t, a, runtime.Destroy, ref); !errors.Is(err, runtime.ErrWrongState) {
			t.Errorf("%s: %v", state, err)
		}
	}
	into(t, s, a, ref.Name, runtime.Stopped)
	put(t, filepath.Join(ref.String(), runtime.LockFile), "{}")
	if err := do(t, a, runtime.Destroy, ref); !errors.Is(err, runtime.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	must(t, os.Remove(filepath.Join(ref.String(), runtime.LockFile)))
	must(t, do(t, a, runtime.Destroy, ref))
	if exists(ref.String()) || exists(filepath.Join(s.Path, deckDir)) {
		t.Error("something was left")
	}
	if err := do(t, a, runtime.Destroy, ref); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	lost := bootable(t, s, "lxcdt-lost")
	must(t, os.RemoveAll(filepath.Join(lost.String(), "rootfs")))
	must(t, do(t, a, runtime.Destroy, lost))
}

func TestDestroyWithSnapshotsAndDependants(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	base := bootable(t, s, "lxcdt-base")
	all := func(ref runtime.Ref) error {
		return a.Do(t.Context(), runtime.Request{Op: runtime.Destroy, Ref: ref, Args: &runtime.DestroyArgs{Snapshots: true}})
	}
	must(t, s.Tool("lxc-copy", base.Name, "-N", "lxcdt-over", "-s", "-B", "overlay"))
	over := runtime.Ref{Path: s.Path, Name: "lxcdt-over"}
	must(t, s.Tool("lxc-snapshot", base.Name))
	must(t, s.Tool("lxc-snapshot", over.Name))
	if err := do(t, a, runtime.Destroy, over); !errors.Is(err, runtime.ErrHasSnapshots) || !strings.Contains(err.Error(), "snap0") {
		t.Errorf("with a snapshot: %v", err)
	}
	if err := all(base); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), "lxcdt-over") {
		t.Errorf("with an overlay on it: %v", err)
	}
	if !exists(base.String()+"/snaps/snap0") || !exists(base.String()+"/rootfs/bin/busybox") {
		t.Fatal("it was refused, and yet something is gone")
	}
	must(t, all(over))
	if exists(over.String()) {
		t.Error("something of it was left")
	}
	if !exists(base.String() + "/rootfs/bin/busybox") {
		t.Fatal("the root of the one below went with it")
	}
	// An overlay on a snapshot keeps the snapshot, and so the container.
	on := runtime.Ref{Path: s.Path, Name: "lxcdt-onsnap"}
	put(t, on.String()+"/config", "lxc.rootfs.path = overlay:"+base.String()+"/snaps/snap0/rootfs:"+on.String()+"/delta\n")
	if err := all(base); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), on.Name) {
		t.Errorf("with an overlay on its snapshot: %v", err)
	}
	must(t, os.RemoveAll(on.String()))
	must(t, all(base))
	if exists(base.String()) {
		t.Error("something of it was left")
	}
	// With its snapshots, but it has none.
	must(t, all(bootable(t, s, "lxcdt-none")))
}

// TestDestroyKeepsWhatOthersNeed: roots that are shared, or more than a container's.
func TestDestroyKeepsWhatOthersNeed(t *testing.T) {
	s, elsewhere := lxctest.New(t), lxctest.New(t)
	must(t, s.Add("lxcdt-one"))
	must(t, s.Add("lxcdt-two"))
	one, two := runtime.Ref{Path: s.Path, Name: "lxcdt-one"}, runtime.Ref{Path: s.Path, Name: "lxcdt-two"}
	root := s.Path + "/.root"
	a := newAdapter(t, Options{Paths: []string{s.Path, elsewhere.Path}})
	if err := do(t, a, runtime.Destroy, one); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), "lxcdt-two") {
		t.Errorf("a shared root: %v", err)
	}
	must(t, os.RemoveAll(two.String()))
	// In another lxcpath, by a link, and only a part of it.
	must(t, os.Symlink(root, elsewhere.Path+"/.link"))
	three := runtime.Ref{Path: elsewhere.Path, Name: "lxcdt-three"}
	for _, line := range []string{"dir:" + elsewhere.Path + "/.link", root + "/bin", "overlay:" + root + ":/nowhere"} {
		put(t, three.String()+"/config", "lxc.rootfs.path = "+line+"\n")
		if err := do(t, a, runtime.Destroy, one); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), "lxcdt-three") {
			t.Errorf("%s: %v", line, err)
		}
	}
	must(t, os.RemoveAll(three.String()))
	if !exists(root + "/bin/busybox") {
		t.Fatal("the root is gone")
	}
	for _, line := range []string{"/", "dir:/usr", s.Path, "dir:" + filepath.Dir(s.Path)} {
		put(t, two.String()+"/config", "lxc.rootfs.path = "+line+"\n")
		if err := do(t, a, runtime.Destroy, two); !errors.Is(err, runtime.ErrInUse) {
			t.Errorf("root %s: %v", line, err)
		}
	}
	must(t, os.RemoveAll(two.String()))
	must(t, do(t, a, runtime.Destroy, one))
	if exists(root) || exists(one.String()) {
		t.Error("something was left")
	}
}

// TestDestroyGoesOn: what was killed half way is finished, whichever half is gone.
func TestDestroyGoesOn(t *testing.T) {
	s := lxctest.New(t)
	for _, gone := range []string{"", "config", "rootfs"} {
		ref := bootable(t, s, "lxcdt-half")
		id, err := dirID(ref.String())
		must(t, err)
		j, err := openJournal(runtime.Destroy, ref, removingRoot, map[string]string{factDir: id, factStore: "dir:" + ref.String() + "/rootfs"})
		must(t, err)
		must(t, os.RemoveAll(filepath.Join(ref.String(), "x"+gone)))
		if gone != "" {
			must(t, os.RemoveAll(filepath.Join(ref.String(), gone)))
		}
		if what, ways := leftDestroy(j); !strings.Contains(what, "root") || len(ways) != 1 || ways[0] != runtime.Finish {
			t.Errorf("%q, %v", what, ways)
		}
		if err := recovered(t, ref, runtime.Undo); !errors.Is(err, runtime.ErrUnsupported) {
			t.Errorf("undo: %v", err)
		}
		must(t, recovered(t, ref, runtime.Finish))
		if exists(ref.String()) || exists(s.Path+"/"+deckDir) {
			t.Errorf("without its %s: something was left", gone)
		}
	}
}

// TestDestroyFails: something is mounted in its root.
func TestDestroyFails(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-mounted")
	at := filepath.Join(ref.String(), "rootfs", "mnt")
	must(t, unix.Mount("lxcdt", at, "tmpfs", 0, "size=64k"))
	t.Cleanup(func() { _ = unix.Unmount(at, 0) }) // by then it is not there
	put(t, at+"/file", "x")
	if err := do(t, a, runtime.Destroy, ref); err == nil {
		t.Error("it was destroyed with something mounted in it")
	}
	if !exists(at + "/file") {
		t.Error("what was mounted was emptied")
	}
	must(t, unix.Unmount(at, 0))
	if exists(ref.String() + "/config") {
		must(t, do(t, a, runtime.Destroy, ref))
	} else {
		must(t, recovered(t, ref, runtime.Finish))
	}
	if exists(ref.String()) {
		t.Error("something was left")
	}
}

// TestDestroyKilled: a destroy whose helper is killed is finished later.
func TestDestroyKilled(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	hook, mark := s.Path+"/.hook", s.Path+"/.hooked"
	put(t, hook, "#!/bin/sh\n[ -s "+mark+" ] && exit 0\necho $$ > "+mark+"\nexec sleep 600\n")
	must(t, os.Chmod(hook, 0o755))
	ref := bootable(t, s, "lxcdt-killed", "lxc.hook.destroy = "+hook)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { got <- a.Do(ctx, runtime.Request{Op: runtime.Destroy, Ref: ref}) }()
	eventually(t, "the hook", func() bool { return size(mark) > 0 })
	t.Cleanup(func() { endByFile(mark) })
	cancel()
	err := <-got
	var e *runtime.Error
	if !errors.Is(err, runtime.ErrCancelled) || !errors.As(err, &e) || !strings.Contains(e.Hint, "Finish") {
		t.Errorf("%v", err)
	}
	must(t, recovered(t, ref, runtime.Finish))
	if exists(ref.String()) || exists(s.Path+"/"+deckDir) {
		t.Error("something was left")
	}
}

// TestDestroyWithoutItsDependants: clones that were removed by hand keep nothing.
func TestDestroyWithoutItsDependants(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-below")
	list := filepath.Join(ref.String(), dependantsFile)
	put(t, list, "/lxcdt-not-mounted\nlxcdt-x\n")
	if err := do(t, a, runtime.Destroy, ref); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), "/lxcdt-not-mounted/lxcdt-x") {
		t.Errorf("a dependant on a disk that is not mounted: %v", err)
	}
	put(t, list, "2\n") // as LXC kept it before 1.1: nobody knows whose
	if err := do(t, a, runtime.Destroy, ref); !errors.Is(err, runtime.ErrInUse) || !exists(list) {
		t.Errorf("two dependants without names: %v", err)
	}
	put(t, list, s.Path+"\nlxcdt-gone\n")
	must(t, do(t, a, runtime.Destroy, ref))
}
