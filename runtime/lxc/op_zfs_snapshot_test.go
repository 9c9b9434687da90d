package lxc

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// snapshotsOnZFS: they are clones of each other's snapshots, and whichever goes first,
// the rest stays.
func snapshotsOnZFS(t *testing.T, k *tank, from runtime.Ref) {
	web, twin := k.ref("lxcdt-web"), k.ref("lxcdt-twin")
	must(t, k.do(runtime.Clone, from, &runtime.CloneArgs{To: web, Backing: storeZFS}))
	must(t, k.do(runtime.Clone, web, &runtime.CloneArgs{To: twin, CoW: true}))
	// Two containers' first snapshots have one name, and two data sets.
	must(t, k.do(runtime.Snapshot, twin, &runtime.SnapshotArgs{}))
	must(t, k.s.Start(web.Name))
	inside := func(command string) string {
		t.Helper()
		return strings.TrimSpace(output(t, k.s, "lxc-attach", web.Name, "--", "sh", "-c", command))
	}
	inside("echo past >/era")
	pid := find(t, list(t, k.a), web.Name).InitPID
	frozen := &runtime.SnapshotArgs{Way: runtime.WhileFrozen, Comment: "cold"}
	must(t, k.do(runtime.Snapshot, web, frozen))
	both := []string{twin.Name, twin.Name + "-snap0", web.Name, web.Name + "-snap0"}
	k.sets(both...)
	got := snapshots(t, k.a, web)
	if len(got) != 1 || got[0].Comment != "cold" || got[0].Taken.IsZero() || len(got[0].Used) != 0 {
		t.Errorf("snapshots %+v", got)
	}
	if text := output(t, k.s, "lxc-snapshot", web.Name, "-L", "-C"); !strings.Contains(text, "snap0") || !strings.Contains(text, "cold") {
		t.Errorf("lxc-snapshot: %s", text)
	}
	if at := k.tool("zfs", "get", "-H", "-o", "value", "mountpoint", k.set(web.Name+"-snap0")); strings.TrimSpace(at) != filepath.Join(snapsDir(web), "snap0", "rootfs") {
		t.Errorf("its mount point: %s", at)
	}
	// Killed half way, it is taken after all, and thawed.
	killedAt(t, stepCopying, helperRequest{Kind: kindOp, Op: runtime.Snapshot, Ref: web, Args: frozen})
	must(t, goes(t, k.a, runtime.Finish))
	if c := find(t, list(t, k.a), web.Name); c.State != runtime.Running || c.InitPID != pid {
		t.Errorf("it is %s with pid %d, was %d", c.State, c.InitPID, pid)
	}
	if snaps := snapshots(t, k.a, web); len(snaps) != 2 {
		t.Errorf("finished: %+v", snaps)
	}
	must(t, k.do(runtime.DeleteSnapshot, web, &runtime.RestoreArgs{Snap: "snap1"}))
	k.sets(both...)
	wantNothingLeft(t, k.a, k.s.Path)
	inside("echo present >/era")
	must(t, k.s.Stop(web.Name))
	must(t, k.s.Tool("lxc-wait", web.Name, "-s", "STOPPED", "-t", "60"))

	// A data set that has the name already is nobody's to take.
	k.tool("zfs", "create", "-o", "mountpoint=none", k.set(web.Name+"-snap1"))
	err := k.do(runtime.Snapshot, web, &runtime.SnapshotArgs{})
	k.refuses("a snapshot", err, runtime.ErrExists, k.set(web.Name+"-snap1"))
	k.sets(append(both, web.Name+"-snap1")...)
	k.tool("zfs", "destroy", k.set(web.Name+"-snap1"))
	wantNothingLeft(t, k.a, k.s.Path)

	era := func(when, want string) {
		t.Helper()
		if got := k.says(web, "cat /era"); got != want {
			t.Errorf("%s: its root is of the %s, want the %s", when, got, want)
		}
	}
	restore := &runtime.RestoreArgs{Snap: "snap0"}
	must(t, k.do(runtime.Restore, web, restore))
	era("restored", "past")
	must(t, goes(t, k.a, runtime.Undo))
	era("undone", "present")
	must(t, goes(t, k.a, runtime.Dismiss)) // what the restore has made
	k.sets(both...)
	killedAt(t, "copied", helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: web, Args: restore})
	must(t, goes(t, k.a, runtime.Undo))
	k.sets(both...)
	killedAt(t, stepConfig, helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: web, Args: restore})
	must(t, goes(t, k.a, runtime.Undo))
	k.sets(both...)
	k.snaps(twin.Name+"@"+twin.Name+"-snap0", web.Name+"@"+twin.Name, web.Name+"@"+web.Name+"-snap0")
	wantNothingLeft(t, k.a, k.s.Path)
	era("undone", "present")
	// Both configs are exchanged, but for the second container's.
	killedAt(t, "exchanged", helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: web, Args: restore})
	must(t, goes(t, k.a, runtime.Finish))
	// The snapshot is a clone of the old root, which goes all the same.
	must(t, goes(t, k.a, runtime.Dismiss))
	wantNothingLeft(t, k.a, k.s.Path)
	era("restored for good", "past")
	if text := read(t, web.String(), "config"); !strings.Contains(text, "zfs:"+k.set(web.Name)+"-2") || strings.Contains(text, deckDir) {
		t.Errorf("config:\n%s", text)
	}
	root := strings.TrimPrefix(storeOf(rootLines(web)[0]).path, k.name+"/")
	k.sets(twin.Name, twin.Name+"-snap0", web.Name+"-snap0", root)
	if at := k.tool("zfs", "get", "-H", "-o", "value", "mountpoint", k.set(root)); strings.TrimSpace(at) != rootOn(web) {
		t.Errorf("its mount point: %s", at)
	}

	as := k.ref("lxcdt-as")
	must(t, k.do(runtime.RestoreAs, web, &runtime.RestoreArgs{Snap: "snap0", To: as}))
	k.sets(as.Name, twin.Name, twin.Name+"-snap0", web.Name+"-snap0", root)
	// The container itself is a clone of what goes.
	must(t, k.do(runtime.DeleteSnapshot, web, restore))
	k.sets(as.Name, twin.Name, twin.Name+"-snap0", root)
	era("without its snapshot", "past")
	if got := k.says(as, "cat /era; hostname"); got != "past\nlxcdt-as" {
		t.Errorf("restored as new: %q", got)
	}
	must(t, k.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}))
	must(t, k.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}))
	k.refuses("a destroy", k.do(runtime.Destroy, web, nil), runtime.ErrHasSnapshots, "snap0", "snap1")
	if foot, err := k.a.Footprint(t.Context(), web); err != nil || len(foot.Snapshots) != 2 || foot.SnapSize < 0 {
		t.Errorf("footprint %+v, %v", foot, err)
	}
	for _, ref := range []runtime.Ref{web, twin, as} {
		must(t, k.do(runtime.Destroy, ref, &runtime.DestroyArgs{Snapshots: true}))
	}
	k.sets()
	nothingLeft(t, k.s.Path, ".default.conf", ".image", ".root", from.Name)
}

// foreignSnapshots: lxc-snapshot gives the first snapshots of two containers one data
// set.
func foreignSnapshots(t *testing.T, k *tank, from runtime.Ref) {
	web, twin := k.ref("lxcdt-web"), k.ref("lxcdt-twin")
	must(t, k.do(runtime.Clone, from, &runtime.CloneArgs{To: web, Backing: storeZFS}))
	must(t, k.do(runtime.Clone, from, &runtime.CloneArgs{To: twin, Backing: storeZFS}))
	must(t, k.s.Tool("lxc-snapshot", web.Name))
	must(t, k.do(runtime.Restore, web, &runtime.RestoreArgs{Snap: "snap0"}))
	must(t, goes(t, k.a, runtime.Undo))
	must(t, goes(t, k.a, runtime.Dismiss))
	must(t, k.s.Tool("lxc-snapshot", twin.Name))
	snap := &runtime.RestoreArgs{Snap: "snap0"}
	other := filepath.Join(snapsDir(web), "snap0")
	for _, op := range []runtime.Op{runtime.Restore, runtime.DeleteSnapshot} {
		k.refuses(op.String(), k.do(op, twin, snap), runtime.ErrInUse, k.set("snap0"), other)
	}
	k.refuses("a destroy", k.do(runtime.Destroy, twin, &runtime.DestroyArgs{Snapshots: true}), runtime.ErrInUse, other)
	must(t, os.RemoveAll(filepath.Join(snapsDir(twin), "snap0")))
	must(t, k.do(runtime.DeleteSnapshot, web, snap))
	for _, ref := range []runtime.Ref{web, twin} {
		must(t, k.do(runtime.Destroy, ref, &runtime.DestroyArgs{Snapshots: true}))
	}
	k.sets()
	nothingLeft(t, k.s.Path, ".default.conf", ".image", ".root", from.Name)
}

// directoriesOnZFS: an lxcpath on ZFS, whose roots are plain directories.
func directoriesOnZFS(t *testing.T, k *tank) {
	top := filepath.Join(k.s.Path, ".zfs")
	k.tool("zfs", "create", "-o", "mountpoint="+top, k.pool()+"/dirs")
	t.Cleanup(func() {
		eventually(t, "unmounted", func() bool { return exec.Command("zfs", "destroy", k.pool()+"/dirs").Run() == nil })
		must(t, os.RemoveAll(top))
	})
	d := k.in(t)
	d.s, d.a = &lxctest.Scratch{Path: top}, newAdapter(t, Options{Paths: []string{top}})
	web, twin, moved := d.ref("lxcdt-web"), d.ref("lxcdt-twin"), d.ref("lxcdt-moved")
	k.tool("cp", "-a", filepath.Join(k.s.Path, "lxcdt-dir"), web.String())
	config := filepath.Join(web.String(), "config")
	put(t, config, strings.ReplaceAll(read(t, config), k.s.Path+"/lxcdt-dir", web.String()))
	put(t, filepath.Join(rootOn(web), "era"), "past\n")

	must(t, d.do(runtime.Clone, web, &runtime.CloneArgs{To: twin}))
	if got := d.says(twin, "hostname; cat /era"); got != "lxcdt-twin\npast" {
		t.Errorf("the copy: %q", got)
	}
	must(t, d.do(runtime.Rename, twin, &runtime.RenameArgs{To: moved.Name}))
	if got := d.says(moved, "hostname"); got != "lxcdt-moved" {
		t.Errorf("renamed: %q", got)
	}
	must(t, d.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}))
	put(t, filepath.Join(rootOn(web), "era"), "present\n")
	d.refuses("a restore", d.do(runtime.Restore, web, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrUnsupported, "ZFS before 2.2", "new container")
	wantNothingLeft(t, d.a, top)
	// Overlays can lie there, and lack only what needs an exchange: no directory of what
	// they lie on can be removed (ovl_cleanup_and_whiteout).
	must(t, d.do(runtime.Clone, web, &runtime.CloneArgs{To: twin, CoW: true}))
	if got := d.says(twin, "rm /era && ! cat /era 2>/dev/null && hostname"); got != "lxcdt-twin" {
		t.Errorf("the overlay: %q", got)
	}
	app := d.ref("lxcdt-app")
	must(t, d.do(runtime.Run, app, &runtime.RunArgs{
		From: []runtime.Base{{Ref: web}}, Command: []string{"/bin/rm", "/era"}, Network: runtime.Network{Kind: runtime.NoNetwork},
	}))
	for _, ref := range []runtime.Ref{app, twin, moved, web} {
		must(t, d.do(runtime.Destroy, ref, &runtime.DestroyArgs{Snapshots: true}))
	}
	nothingLeft(t, top)
}
