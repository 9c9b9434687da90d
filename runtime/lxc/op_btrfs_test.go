package lxc

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// onBtrfsFS gives a container whose root is a subvolume, on a btrfs of this test's own.
func onBtrfsFS(t *testing.T) (*lxctest.Scratch, *Adapter, runtime.Ref) {
	t.Helper()
	s := lxctest.New(t)
	for _, tool := range []string{"mkfs.btrfs", "btrfs", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("LEFT OUT: no %s here: %v", tool, err)
		}
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v: %s", name, args, err, out)
		}
	}
	must(t, s.AddOwn("lxcdt-vol"))
	image, top := filepath.Join(s.Path, ".image"), filepath.Join(s.Path, ".btrfs")
	put(t, image, "")
	must(t, unix.Truncate(image, 256<<20))
	run("mkfs.btrfs", "-q", image)
	run("mkdir", top)
	run("mount", "-o", "loop", image, top)
	ref := runtime.Ref{Path: top, Name: "lxcdt-vol"}
	on := &lxctest.Scratch{Path: top}
	t.Cleanup(func() {
		_ = on.Stop(ref.Name) // fails when it is stopped
		must(t, on.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
		// The monitor lets go of its mounts a moment later than of the state.
		eventually(t, "unmounted", func() bool { return exec.Command("umount", top).Run() == nil })
	})
	run("mkdir", ref.String())
	run("btrfs", "-q", "subvolume", "create", rootOn(ref))
	run("cp", "-a", filepath.Join(s.Path, ref.Name, "rootfs")+"/.", rootOn(ref))
	config := read(t, s.Path, ref.Name, "config")
	put(t, filepath.Join(ref.String(), "config"), strings.ReplaceAll(config, "dir:"+s.Path, "btrfs:"+top))
	return on, newAdapter(t, Options{Paths: []string{top}}), ref
}

func TestSnapshotWhileFrozen(t *testing.T) {
	s, a, ref := onBtrfsFS(t)
	must(t, s.Start(ref.Name))
	pid := find(t, list(t, a), ref.Name).InitPID
	args := &runtime.SnapshotArgs{Way: runtime.WhileFrozen, Comment: "cold"}
	must(t, doing(t, a, runtime.Snapshot, ref, args))
	now := func(want runtime.State) {
		t.Helper()
		if got := find(t, list(t, a), ref.Name); got.State != want || got.InitPID != pid {
			t.Errorf("it is %s with pid %d, want %s with %d", got.State, got.InitPID, want, pid)
		}
	}
	now(runtime.Running)
	got := snapshots(t, a, ref)
	if len(got) != 1 || got[0].Comment != "cold" || got[0].Taken.IsZero() || !subvolume(filepath.Join(got[0].Path, "rootfs")) {
		t.Fatalf("snapshots %+v", got)
	}
	if text := output(t, s, "lxc-snapshot", ref.Name, "-L", "-C"); !strings.Contains(text, "snap0") || !strings.Contains(text, "cold") {
		t.Errorf("lxc-snapshot: %s", text)
	}

	// One that stands frozen stays so.
	must(t, s.Freeze(ref.Name))
	must(t, doing(t, a, runtime.Snapshot, ref, args))
	now(runtime.Frozen)
	must(t, s.Tool("lxc-unfreeze", ref.Name))
	wantNothingLeft(t, a, ref.Path)

	// Killed: whichever way, it is thawed.
	n := 2
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo} {
		for _, step := range []string{stepFreezing, stepTaking, stepCopying, stepThawing} {
			killedAt(t, step, helperRequest{Kind: kindOp, Op: runtime.Snapshot, Ref: ref, Args: args})
			if step != stepFreezing {
				now(runtime.Frozen)
			}
			must(t, goes(t, a, way))
			now(runtime.Running)
			if way == runtime.Finish || step == stepThawing {
				n++ // one that is whole stays
			}
			if got := snapshots(t, a, ref); len(got) != n {
				t.Errorf("%s at %s: %d snapshots, want %d", way, step, len(got), n)
			}
			wantNothingLeft(t, a, ref.Path)
		}
	}
	for _, snap := range snapshots(t, a, ref) {
		must(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: snap.Name}))
	}
}

func TestRestoreOnBtrfs(t *testing.T) {
	s, a, ref := onBtrfsFS(t)
	past(t, s, ref, rootOn(ref))
	for _, step := range []string{"", stepExchanging, stepConfig} {
		args := &runtime.RestoreArgs{Snap: "snap0"}
		if step == "" {
			must(t, doing(t, a, runtime.Restore, ref, args))
		} else {
			killedAt(t, step, helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: ref, Args: args})
			must(t, goes(t, a, runtime.Finish))
		}
		wantEra(t, s, ref, rootOn(ref), "past")
		must(t, goes(t, a, runtime.Undo))
		wantEra(t, s, ref, rootOn(ref), "present")
		must(t, goes(t, a, runtime.Dismiss))
		wantNothingLeft(t, a, ref.Path)
		if !subvolume(rootOn(ref)) {
			t.Error("its root is no subvolume any more")
		}
	}
	to := runtime.Ref{Path: ref.Path, Name: "lxcdt-as"}
	must(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: to}))
	if !subvolume(rootOn(to)) {
		t.Error("the new container's root is no subvolume")
	}
}
