package lxc

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// refused checks that a way out of the only thing that is left is refused, and
// that this leaves the entry as it was.
func refused(t *testing.T, a *Adapter, way runtime.RecoverWay, kind error) {
	t.Helper()
	before := leftoversOf(t, a)
	mention(t, goes(t, a, way), kind)
	after := leftoversOf(t, a)
	if len(after) != 1 || after[0].ID != before[0].ID || after[0].What != before[0].What || after[0].Where != before[0].Where {
		t.Fatalf("refused %s: left is %+v, and was %+v", way, after, before)
	}
}

// TestRefusedFinishOfARestore: what was refused can be done later.
func TestRefusedFinishOfARestore(t *testing.T) {
	s, a := owning(t, "lxcdt-later")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-later"}
	past(t, s, ref, rootOn(ref))
	args := &runtime.RestoreArgs{Snap: "snap0"}
	killedAt(t, "copied", helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: ref, Args: args})
	must(t, s.Start(ref.Name))
	refused(t, a, runtime.Finish, runtime.ErrWrongState)
	must(t, s.Stop(ref.Name))
	must(t, s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))

	// Others that lie on it, a lock, a snapshot that is broken by now.
	must(t, s.Tool("lxc-copy", ref.Name, "-N", "lxcdt-over", "-s"))
	refused(t, a, runtime.Finish, runtime.ErrInUse)
	must(t, s.Tool("lxc-destroy", "lxcdt-over"))
	put(t, filepath.Join(ref.String(), runtime.LockFile), "{}")
	refused(t, a, runtime.Finish, runtime.ErrLocked)
	must(t, os.Remove(filepath.Join(ref.String(), runtime.LockFile)))
	init := filepath.Join(ref.String(), "snaps/snap0/rootfs/sbin/init")
	must(t, os.Rename(init, init+"-"))
	mention(t, goes(t, a, runtime.Finish), runtime.ErrConfig, "init")
	must(t, os.Rename(init+"-", init))

	must(t, goes(t, a, runtime.Finish))
	wantEra(t, s, ref, rootOn(ref), "past")
	must(t, goes(t, a, runtime.Undo))
	wantEra(t, s, ref, rootOn(ref), "present")
	must(t, goes(t, a, runtime.Dismiss))
	wantNothingLeft(t, a, s.Path)
}

// TestRefusedFinishOfAnExchange: the same in the middle of it, and of what is kept.
func TestRefusedFinishOfAnExchange(t *testing.T) {
	s, a := owning(t, "lxcdt-later")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-later"}
	past(t, s, ref, rootOn(ref))
	args := &runtime.RestoreArgs{Snap: "snap0"}
	killedAt(t, stepConfig, helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: ref, Args: args})
	must(t, s.Start(ref.Name))
	refused(t, a, runtime.Finish, runtime.ErrWrongState)
	refused(t, a, runtime.Undo, runtime.ErrWrongState)
	must(t, s.Stop(ref.Name))
	must(t, s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
	must(t, goes(t, a, runtime.Finish))
	must(t, s.Start(ref.Name))
	refused(t, a, runtime.Undo, runtime.ErrWrongState)
	must(t, s.Stop(ref.Name))
	must(t, s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
	must(t, goes(t, a, runtime.Undo))
	wantEra(t, s, ref, rootOn(ref), "present")
}

// TestRefusedFinishOfASnapshot: one that was taken of a stopped container is not
// finished while that runs.
func TestRefusedFinishOfASnapshot(t *testing.T) {
	s, a := owning(t, "lxcdt-later")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-later"}
	killedAt(t, stepCopying, helperRequest{Kind: kindOp, Op: runtime.Snapshot, Ref: ref, Args: &runtime.SnapshotArgs{Comment: "c"}})
	must(t, s.Start(ref.Name))
	refused(t, a, runtime.Finish, runtime.ErrWrongState)
	must(t, s.Stop(ref.Name))
	must(t, s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
	must(t, goes(t, a, runtime.Finish))
	if got := snapshots(t, a, ref); len(got) != 1 || got[0].Comment != "c" {
		t.Errorf("snapshots %+v", got)
	}
	wantNothingLeft(t, a, s.Path)
}

// TestRefusedFinishOfARename: a directory is not renamed under its container.
func TestRefusedFinishOfARename(t *testing.T) {
	s, a := owning(t, "lxcdt-later")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-later"}
	handle, err := handleOf(ref.String())
	must(t, err)
	_, err = openJournal(runtime.Rename, ref, stepMove, map[string]string{
		toPath: s.Path, toName: "lxcdt-to", factRootValue: "dir:" + rootOn(ref), factMade: handle,
	})
	must(t, err)
	must(t, s.Start(ref.Name))
	refused(t, a, runtime.Finish, runtime.ErrWrongState)
	must(t, s.Stop(ref.Name))
	must(t, s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
	eventually(t, "its monitor ends", func() bool { return !hasMonitor(ref) })
	must(t, goes(t, a, runtime.Finish))
	wantNothingLeft(t, a, s.Path)
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
	if _, err := load(to); err != nil || exists(ref.String()) {
		t.Errorf("renamed: %v, the old one is there: %t", err, exists(ref.String()))
	}
}

// TestRefusedFinishOfADeletion: half a snapshot is none, and what could not be
// removed can be tried again.
func TestRefusedFinishOfADeletion(t *testing.T) {
	s, a := owning(t, "lxcdt-later")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-later"}
	must(t, s.Tool("lxc-snapshot", ref.Name))
	killedAt(t, "removing", helperRequest{Kind: kindOp, Op: runtime.DeleteSnapshot, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}})
	snap := filepath.Join(ref.String(), "snaps/snap0")
	busy := filepath.Join(snap, "rootfs")
	must(t, unix.Mount("lxcdt", busy, "tmpfs", 0, "size=64k"))
	t.Cleanup(func() { _ = unix.Unmount(busy, 0) }) // where the test has ended before
	if err := goes(t, a, runtime.Finish); err == nil {
		t.Error("it was removed, with something mounted in it")
	}
	if left := leftoversOf(t, a); len(left) != 1 {
		t.Errorf("left: %+v", left)
	}
	must(t, unix.Unmount(busy, 0))
	must(t, goes(t, a, runtime.Finish))
	wantNothingLeft(t, a, s.Path)
	if exists(snap) {
		t.Error("the snapshot is there")
	}
}
