package lxc

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// keepsOnZFS: what others have made on a container's data sets is not lost with them.
func keepsOnZFS(t *testing.T, k *tank, from runtime.Ref) {
	web := k.ref("lxcdt-web")
	must(t, k.do(runtime.Clone, from, &runtime.CloneArgs{To: web, Backing: storeZFS}))
	t.Run("programs", func(t *testing.T) { programsOnZFS(t, k.in(t)) })
	t.Run("in the way", func(t *testing.T) { inTheWay(t, k.in(t), web) })
	must(t, k.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}))
	t.Run("snapshots", func(t *testing.T) { keepsOfSnapshots(t, k.in(t), web) })
	t.Run("finishing", func(t *testing.T) { keepsInTheEnd(t, k.in(t), web) })
	t.Run("old root", func(t *testing.T) { keepsOfOldRoot(t, k.in(t), web) })
	must(t, k.do(runtime.Destroy, web, &runtime.DestroyArgs{Snapshots: true}))
	k.sets()
	nothingLeft(t, k.s.Path, ".default.conf", ".image", ".root", from.Name)
}

// inTheWay: liblxc takes a clone that zfs has refused for made, and destroys what has
// the name when it cannot mount that.
func inTheWay(t *testing.T, k *tank, web runtime.Ref) {
	disk := web.Name + "-snap0"
	k.tool("zfs", "create", "-V", "8M", k.set(disk))
	k.refuses("a snapshot", k.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}), runtime.ErrExists, k.set(disk))
	k.sets(web.Name, disk)
	k.snaps()
	k.tool("zfs", "destroy", k.set(disk))
	wantNothingLeft(t, k.a, k.s.Path)
}

func keepsOfSnapshots(t *testing.T, k *tank, web runtime.Ref) {
	snap, snaps := web.Name+"-snap0", []string{web.Name + "@" + web.Name + "-snap0"}
	both := []string{web.Name, snap}
	all := func(more ...string) []string { return append(slices.Clone(snaps), more...) }
	daily := k.set(snap) + "@daily"
	k.tool("zfs", "snapshot", daily)
	k.refuses("the deletion of a snapshot", k.do(runtime.DeleteSnapshot, web, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrHasSnapshots, daily)
	if foot, err := k.a.Footprint(t.Context(), web); err != nil || !slices.Equal(foot.Snapshots, []string{"snap0", "snap0@daily"}) {
		t.Errorf("footprint %+v, %v", foot, err)
	}
	known := []runtime.Seen{{Name: "snap0", Taken: takenAt(runtime.Ref{Path: snapsDir(web), Name: "snap0"})}}
	k.refuses("a destroy", k.do(runtime.Destroy, web, &runtime.DestroyArgs{Snapshots: true, Known: known}), runtime.ErrWrongState, daily)
	k.sets(both...)
	k.snaps(all(snap + "@daily")...)
	k.tool("zfs", "destroy", daily)

	// What only a snapshot of LXC keeps goes with it, when both go.
	early := k.set(web.Name) + "@early"
	k.tool("zfs", "snapshot", early)
	must(t, k.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}))
	if foot, err := k.a.Footprint(t.Context(), web); err != nil || !slices.Equal(foot.Snapshots, []string{"snap0", "snap1", "@early"}) {
		t.Errorf("footprint %+v, %v", foot, err)
	}
	must(t, k.do(runtime.DeleteSnapshot, web, &runtime.RestoreArgs{Snap: "snap1"}))
	k.tool("zfs", "destroy", early)
	k.sets(both...)
	k.snaps(snaps...)

	// Held ones cannot go at all: nothing else goes before that is seen.
	held := k.set(web.Name) + "@held"
	k.tool("zfs", "snapshot", held)
	k.tool("zfs", "hold", "backup", held)
	k.refuses("a destroy", k.do(runtime.Destroy, web, &runtime.DestroyArgs{Snapshots: true}), runtime.ErrInUse, held, "zfs release")
	k.sets(both...)
	k.snaps(all(web.Name + "@held")...)
	k.tool("zfs", "release", "backup", held)
	k.tool("zfs", "destroy", held)

	// A snapshot has the properties of its data set, too.
	k.tool("zfs", "set", snapMade+"=lxcdeck-another", k.set(snap))
	k.tool("zfs", "snapshot", daily)
	k.refuses("the deletion of a snapshot", k.do(runtime.DeleteSnapshot, web, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrHasSnapshots, daily)
	k.tool("zfs", "inherit", snapMade, k.set(snap))
	k.tool("zfs", "destroy", daily)
	k.sets(both...)
	k.snaps(snaps...)
	wantNothingLeft(t, k.a, k.s.Path)
}

// keepsOfOldRoot: a refusal to let go of an old root leaves the way back to it.
func keepsOfOldRoot(t *testing.T, k *tank, web runtime.Ref) {
	daily, data := k.set(web.Name)+"@daily", k.set(web.Name)+"/data"
	k.tool("zfs", "snapshot", daily)
	must(t, k.do(runtime.Restore, web, &runtime.RestoreArgs{Snap: "snap0"}))
	k.refuses("to dismiss it", goes(t, k.a, runtime.Dismiss), runtime.ErrHasSnapshots, daily)
	k.tool("zfs", "destroy", daily)
	k.tool("zfs", "create", "-o", "mountpoint=none", data)
	k.refuses("to dismiss it", goes(t, k.a, runtime.Dismiss), runtime.ErrInUse, data)
	k.tool("zfs", "destroy", data)
	must(t, goes(t, k.a, runtime.Undo))
	must(t, goes(t, k.a, runtime.Undo)) // and forth
	// By now another has it.
	twin := k.ref("lxcdt-twin")
	must(t, os.Mkdir(twin.String(), 0o770))
	put(t, filepath.Join(twin.String(), "config"), "lxc.rootfs.path = zfs:"+k.set(web.Name)+"\nlxc.uts.name = lxcdt-twin\n")
	must(t, goes(t, k.a, runtime.Dismiss))
	wantNothingLeft(t, k.a, k.s.Path)
	root := strings.TrimPrefix(storeOf(rootLines(web)[0]).path, k.name+"/")
	k.sets(root, web.Name, web.Name+"-snap0")
	must(t, k.do(runtime.Destroy, twin, nil))
	k.sets(root, web.Name+"-snap0")
}

// programsOnZFS: liblxc destroys what it was called for, and nothing else.
func programsOnZFS(t *testing.T, k *tank) {
	k.tool("zfs", "create", "-o", "mountpoint=none", k.name+"/p")
	defer k.tool("zfs", "destroy", "-r", k.name+"/p")
	name := k.name + "/p/lxcdt-other"
	k.tool("zfs", "create", name)
	const tag = "lxcdeck-20260101-1"
	there := func(when string, want ...string) {
		t.Helper()
		got := strings.Fields(k.tool("zfs", "list", "-H", "-r", "-t", "all", "-o", "name", name))
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	destroy := func(tools *os.File, err error, set string) string {
		t.Helper()
		must(t, err)
		defer tools.Close()
		dir, _, _ := strings.Cut(toolsAt(tools), ":")
		out, err := exec.Command(filepath.Join(dir, "zfs"), "destroy", "-r", set).CombinedOutput()
		if (err == nil) != (strings.TrimSpace(string(out)) == "") {
			t.Errorf("destroy %s: %v: %q", set, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	maker := func() (*os.File, error) { return zfsTools(tag) }
	remover := func(snaps ...setSnap) (*os.File, error) { return zfsRemover(name, snaps) }
	refused := func(when, words, want string) {
		t.Helper()
		if !strings.Contains(words, want) {
			t.Errorf("%s: %q, want %q in it", when, words, want)
		}
	}
	tools, err := maker()
	refused("another's", destroy(tools, err, name), "not made here")
	k.tool("zfs", "set", setJournal+"="+tag, k.name+"/p") // which it inherits
	tools, err = maker()
	refused("what lies in a data set that was made", destroy(tools, err, name), "not made here")
	k.tool("zfs", "inherit", setJournal, k.name+"/p")
	there("of another", name)
	early, late := name+"@early one", name+"@late"
	k.tool("zfs", "snapshot", late)
	tools, err = remover()
	refused("with a snapshot that came later", destroy(tools, err, name), "has children")
	there("with a snapshot", name, late)
	k.tool("zfs", "destroy", late)
	k.tool("zfs", "create", name+"/data")
	tools, err = remover()
	refused("with a data set that came later", destroy(tools, err, name), "has children")
	there("with a data set", name, name+"/data")
	tools, err = remover()
	refused("another than was asked for", destroy(tools, err, name+"/data"), "not made here")
	k.tool("zfs", "destroy", name+"/data")
	k.tool("zfs", "snapshot", early)
	tools, err = remover(setSnap{name: early})
	if words := destroy(tools, err, name); words != "" {
		t.Errorf("with a snapshot that is known: %s", words)
	}
	k.tool("zfs", "create", name)
	k.tool("zfs", "set", setJournal+"="+tag, name)
	tools, err = maker()
	if words := destroy(tools, err, name); words != "" {
		t.Errorf("what was made: %s", words)
	}
	if out, err := exec.Command("zfs", "list", name).CombinedOutput(); err == nil {
		t.Errorf("it is still there: %s", out)
	}
}

// keepsInTheEnd: what was made between a kill and the way on stays, too.
func keepsInTheEnd(t *testing.T, k *tank, web runtime.Ref) {
	moved, twin := k.ref("lxcdt-moved"), k.ref("lxcdt-twin")
	must(t, k.do(runtime.Clone, web, &runtime.CloneArgs{To: moved}))
	must(t, k.do(runtime.Clone, web, &runtime.CloneArgs{To: twin}))
	handle, err := handleOf(moved.String())
	must(t, err)
	_, err = openJournal(runtime.Rename, twin, stepDestroy, map[string]string{toPath: moved.Path, toName: moved.Name, factMade: handle, factPlace: k.name})
	must(t, err)
	daily := k.set(twin.Name) + "@daily"
	k.tool("zfs", "snapshot", daily)
	k.refuses("the end of a rename", goes(t, k.a, runtime.Finish), runtime.ErrHasSnapshots, daily)
	k.tool("zfs", "destroy", daily)
	must(t, goes(t, k.a, runtime.Finish))
	id, err := dirID(moved.String())
	must(t, err)
	facts := map[string]string{factStore: k.set(moved.Name), factDir: id}
	j, err := openJournal(runtime.Destroy, moved, removingRoot, facts)
	must(t, err)
	daily = k.set(moved.Name) + "@daily"
	k.tool("zfs", "snapshot", daily)
	k.refuses("the end of a destroy", goes(t, k.a, runtime.Finish), runtime.ErrHasSnapshots, daily)
	must(t, j.end())
	facts[factAll] = "all"
	_, err = openJournal(runtime.Destroy, moved, removingRoot, facts)
	must(t, err)
	must(t, goes(t, k.a, runtime.Finish))
	k.sets(web.Name, web.Name+"-snap0")
	wantNothingLeft(t, k.a, k.s.Path)
}
