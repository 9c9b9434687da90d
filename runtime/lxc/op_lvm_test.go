package lxc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// group is a volume group of a test's own.
type group struct {
	t    *testing.T
	s    *lxctest.Scratch
	a    *Adapter
	name string
}

// newGroup makes a volume group on a loop device. Copies from other stores go to the
// one that lxc.conf(5) of the host names, which is not a test's to write: only the
// virtual machine's names one that is there for tests, and only there it is sure that
// the kernel has a device mapper. So these tests are left out elsewhere, and fail
// there whatever LVM lacks.
func newGroup(t *testing.T) *group {
	t.Helper()
	s := lxctest.New(t)
	if !exists("/usr/local/lib/lxcdeck-vm") {
		t.Skip("LEFT OUT: this is not the virtual machine, whose lxc.conf names a volume group for tests: make test-vm")
	}
	g := &group{t: t, s: s, a: newAdapter(t, Options{Paths: []string{s.Path}}), name: golxc.GlobalConfigItem("lxc.bdev.lvm.vg")}
	if !strings.HasPrefix(g.name, lxctest.Prefix) {
		t.Fatalf("lxc.bdev.lvm.vg is %q, which is not for tests", g.name)
	}
	image := filepath.Join(s.Path, ".image")
	put(t, image, "")
	must(t, unix.Truncate(image, 1600<<20))
	loop := strings.TrimSpace(g.tool("losetup", "-f", "--show", image))
	t.Cleanup(func() { g.tool("losetup", "-d", loop) })
	g.tool("vgcreate", "-q", g.name, loop)
	t.Cleanup(func() {
		all, err := readPath(s.Path)
		must(t, err)
		for _, ref := range all {
			if hasMonitor(ref) {
				_ = s.Stop(ref.Name)
			}
		}
		// The monitor lets go of its mounts a moment later than of the state.
		eventually(t, "the volume group removed", func() bool {
			return exec.Command("vgremove", "-q", "-f", "-y", g.name).Run() == nil
		})
	})
	return g
}

func (g *group) tool(name string, args ...string) string {
	g.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LVM_SUPPRESS_FD_WARNINGS=1") // on whatever the tests were started with
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// in is the group for a part of the test.
func (g *group) in(t *testing.T) *group { return &group{t: t, s: g.s, a: g.a, name: g.name} }

func (g *group) ref(name string) runtime.Ref { return runtime.Ref{Path: g.s.Path, Name: name} }

func (g *group) do(op runtime.Op, ref runtime.Ref, args runtime.Args) error {
	g.t.Helper()
	return doing(g.t, g.a, op, ref, args)
}

// create makes a container on a volume of some MiB.
func (g *group) create(name, template string, mib uint64) error {
	g.t.Helper()
	return g.do(runtime.Create, g.ref(name), &runtime.CreateArgs{
		Template: template, Network: runtime.Network{Kind: runtime.NoNetwork},
		Backing: runtime.Backing{Type: storeLVM, Size: mib << 20},
	})
}

// wants says which volumes there are, without pools, and that no tag was left on them.
func (g *group) wants(names ...string) {
	g.t.Helper()
	var got []string
	for line := range strings.Lines(g.tool("lvs", "--noheadings", "--separator", ",", "-o", "lv_name,lv_attr,lv_tags", g.name)) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if strings.HasPrefix(f[1], "t") {
			continue
		}
		got = append(got, f[0])
		if f[2] != "" || f[1][4] != 'a' {
			g.t.Errorf("volume %s: attributes %s, tags %q", f[0], f[1], f[2])
		}
	}
	slices.Sort(names)
	if !slices.Equal(got, names) {
		g.t.Errorf("volumes %q, want %q", got, names)
	}
}

// taken makes a volume that is no container's, and gives the one that would have it.
func (g *group) taken() runtime.Ref {
	g.t.Helper()
	g.tool("lvcreate", "-q", "-Wn", "-L", "4m", "-n", "lxcdt-taken", g.name)
	return g.ref("lxcdt-taken")
}

// says carries a command out in a container that is started for it.
func (g *group) says(ref runtime.Ref, command string) string {
	g.t.Helper()
	must(g.t, g.s.Start(ref.Name))
	text := output(g.t, g.s, "lxc-attach", ref.Name, "--", "sh", "-c", command)
	must(g.t, g.s.Stop(ref.Name))
	must(g.t, g.s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
	return strings.TrimSpace(text)
}

// refuses checks for what an error is and says.
func (g *group) refuses(doing string, err, want error, words ...string) {
	g.t.Helper()
	var e *runtime.Error
	if !errors.Is(err, want) || !errors.As(err, &e) {
		g.t.Errorf("%s: %v, want %v", doing, err, want)
		return
	}
	for _, w := range words {
		if !strings.Contains(e.Error()+"\n"+e.Log+"\n"+e.Hint, w) {
			g.t.Errorf("%s: nothing of %q in: %v\n%s\n%s", doing, w, e, e.Log, e.Hint)
		}
	}
}

// TestLVM: the life of containers on LVM.
func TestLVM(t *testing.T) {
	g := newGroup(t)
	from := bootable(t, g.s, "lxcdt-dir")
	put(t, filepath.Join(rootOn(from), "etc/hostname"), "lxcdt-dir\n")
	t.Run("plain", func(t *testing.T) { lifeOnVolumes(t, g.in(t), from) })
	t.Run("thin", func(t *testing.T) { lifeInPool(t, g.in(t), from) })
}

// lifeOnVolumes: plain volumes, whose snapshots go with them.
func lifeOnVolumes(t *testing.T, g *group, from runtime.Ref) {
	web, snap, blind := g.ref("lxcdt-web"), g.ref("lxcdt-snap"), g.ref("lxcdt-blind")
	must(t, g.do(runtime.Clone, from, &runtime.CloneArgs{To: web, Backing: storeLVM}))
	g.wants(web.Name)
	if got := g.says(web, "cat /etc/hostname; hostname"); got != "lxcdt-web\nlxcdt-web" {
		t.Errorf("its names: %q", got)
	}

	foot, err := g.a.Footprint(t.Context(), web)
	must(t, err)
	if foot.Size != newVolumeSize || foot.Free < 500<<20 || foot.Free > 600<<20 || !strings.Contains(foot.FrozenSnapshot, "no thin volume") {
		t.Errorf("footprint %+v", foot)
	}
	g.refuses("a snapshot", g.do(runtime.Snapshot, web, &runtime.SnapshotArgs{}), runtime.ErrUnsupported, "no thin volume")
	full := g.do(runtime.Clone, web, &runtime.CloneArgs{To: snap})
	g.refuses("a copy without room", full, full, "no space left on device", "insufficient free space", "volume group")
	full = g.create("lxcdt-big", "busybox", 4096)
	g.refuses("a create without room", full, full, "insufficient free space", "volume group")
	nothingLeft(t, g.s.Path, ".default.conf", ".image", ".root", from.Name, web.Name)
	g.wants(web.Name)
	must(t, g.do(runtime.Destroy, web, nil))

	// Who would go with a volume that is removed.
	small := filepath.Join(g.s.Path, ".small")
	put(t, small, "#!/bin/sh\nfor a; do case $a in --rootfs=*) cp -a "+rootOn(from)+"/. ${a#*=} ;; esac; done\n")
	must(t, os.Chmod(small, 0o755))
	must(t, g.create(web.Name, small, 64))
	must(t, g.do(runtime.Clone, web, &runtime.CloneArgs{To: snap, CoW: true}))
	must(t, g.s.Tool("lxc-copy", web.Name, "-s", "-N", blind.Name))
	g.wants(web.Name, snap.Name, blind.Name)
	g.refuses("a destroy", g.do(runtime.Destroy, web, nil), runtime.ErrInUse, snap.Name, blind.Name)
	g.refuses("a snapshot of a snapshot", g.do(runtime.Clone, snap, &runtime.CloneArgs{To: g.ref("lxcdt-no"), CoW: true}),
		runtime.ErrUnsupported, "snapshot of "+g.name+"/"+web.Name)
	must(t, g.do(runtime.Destroy, snap, nil))
	rename := &runtime.RenameArgs{To: "lxcdt-moved", Copy: true}
	g.refuses("a rename", g.do(runtime.Rename, web, rename), runtime.ErrInUse, blind.Name)
	must(t, g.do(runtime.Destroy, blind, nil))
	// Its volume under another name.
	other := g.ref("lxcdt-other")
	must(t, os.Mkdir(other.String(), 0o755))
	put(t, filepath.Join(other.String(), "config"), "lxc.rootfs.path = lvm:/dev/mapper/"+strings.ReplaceAll(g.name, "-", "--")+"-lxcdt--web\n")
	for what, err := range map[string]error{"a destroy": g.do(runtime.Destroy, web, nil), "a rename": g.do(runtime.Rename, web, rename)} {
		g.refuses(what+" of a root that two have", err, runtime.ErrInUse, other.Name)
	}
	g.refuses("a clone of a path that LXC cannot change", g.do(runtime.Clone, other, &runtime.CloneArgs{To: g.ref("lxcdt-no"), CoW: true}), runtime.ErrUnsupported, "/dev/mapper/")
	must(t, os.RemoveAll(other.String()))
	g.refuses("a clone whose volume is another's", g.do(runtime.Clone, web, &runtime.CloneArgs{To: g.taken()}), runtime.ErrExists, "lxcdt-taken")
	g.tool("lvremove", "-q", "-f", g.name+"/lxcdt-taken")
	// A group that cannot be asked says nothing of who else needs it.
	must(t, os.Mkdir(other.String(), 0o755))
	put(t, filepath.Join(other.String(), "config"), "lxc.rootfs.path = lvm:/dev/lxcdt-no-group/lxcdt-other\n")
	gone := g.do(runtime.Destroy, other, nil)
	g.refuses("a destroy on a group that is not there", gone, gone, "cannot be told", "lxcdt-no-group")
	must(t, os.RemoveAll(other.String()))
	g.refuses("a rename in place", g.do(runtime.Rename, web, &runtime.RenameArgs{To: "lxcdt-moved"}), runtime.ErrUnsupported, "volume group "+g.name)
	must(t, g.do(runtime.Rename, web, rename))
	g.wants("lxcdt-moved")
	moved, back := g.ref("lxcdt-moved"), g.ref("lxcdt-back")
	must(t, g.do(runtime.Clone, moved, &runtime.CloneArgs{To: back, Backing: storeDir}))
	if !exists(filepath.Join(rootOn(back), "bin/busybox")) {
		t.Error("the copy to a directory is empty")
	}
	must(t, os.RemoveAll(back.String()))
	_, err = shipping(t, g.a, runtime.Pack, moved, &runtime.PackArgs{}, archiveFileIn(t, t.TempDir()))
	g.refuses("a pack", err, runtime.ErrUnsupported, "Start it")

	// A copy that was killed: its volume is in no config yet.
	for _, ways := range [][]string{{stepCopy, toPath}, {makingRoot, factDir}} {
		ref, op, at := moved, runtime.Clone, g.ref("lxcdt-half")
		if ways[0] == makingRoot {
			ref, op = at, runtime.Create
		}
		must(t, os.Mkdir(at.String(), 0o770))
		id, err := dirID(at.String())
		must(t, err)
		j, err := openJournal(op, ref, ways[0], map[string]string{
			toPath: at.Path, toName: at.Name, factMade: id, factDir: id, factGroup: g.name,
		})
		must(t, err)
		must(t, j.makeVolume(g.name, at.Name, 16<<20, 0))
		g.tool("lvcreate", "-q", "-s", "-L", "8m", "-n", "lxcdt-backup", g.name+"/"+at.Name)
		g.refuses("an undo that would take another's volume along", goes(t, g.a, runtime.Undo), runtime.ErrInUse, "lxcdt-backup")
		g.tool("lvremove", "-q", "-f", g.name+"/lxcdt-backup")
		if ways[0] == makingRoot {
			must(t, os.RemoveAll(at.String())) // by other means
		}
		must(t, goes(t, g.a, runtime.Undo))
		g.wants("lxcdt-moved")
		wantNothingLeft(t, g.a, g.s.Path)
		if exists(at.String()) {
			t.Errorf("%s: its directory was left", op)
		}
	}
	g.tool("lvremove", "-q", "-f", g.name+"/"+moved.Name)
	must(t, g.do(runtime.Destroy, moved, nil))
	nothingLeft(t, g.s.Path, ".default.conf", ".image", ".root", ".small", from.Name)
	must(t, os.Remove(small))
}

// lifeInPool: snapshots of thin volumes stand alone, so that they can be taken and
// brought back.
func lifeInPool(t *testing.T, g *group, from runtime.Ref) {
	pool := golxc.GlobalConfigItem("lxc.bdev.lvm.thin_pool")
	g.tool("lvcreate", "-q", "--type", "thin-pool", "-L", "400m", "-n", pool, g.name)
	t.Cleanup(func() { g.tool("lvremove", "-q", "-f", g.name+"/"+pool) })
	web, twin := g.ref("lxcdt-web"), g.ref("lxcdt-twin")
	must(t, g.do(runtime.Clone, from, &runtime.CloneArgs{To: web, Backing: storeLVM}))
	must(t, g.do(runtime.Clone, web, &runtime.CloneArgs{To: twin, CoW: true}))
	g.wants(twin.Name, web.Name)
	if exists(filepath.Join(web.String(), dependantsFile)) {
		t.Error("the snapshot of a thin volume is noted as a dependant")
	}
	// Of the pool, and not of what the volumes might become.
	if foot, err := g.a.Footprint(t.Context(), web); err != nil || foot.FrozenSnapshot != "" || foot.Size > 200<<20 || foot.Free > 400<<20 {
		t.Errorf("footprint %+v, %v", foot, err)
	}

	// Two containers' first snapshots have one name, and two volumes.
	must(t, g.do(runtime.Snapshot, twin, &runtime.SnapshotArgs{}))
	// What somebody else has made of one does not go with it.
	g.tool("lvcreate", "-q", "-s", "-L", "8m", "-n", "lxcdt-backup", g.name+"/"+twin.Name+"-snap0")
	g.refuses("deleting a snapshot that others need", g.do(runtime.DeleteSnapshot, twin, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrInUse, "lxcdt-backup")
	g.refuses("a destroy with such a snapshot", g.do(runtime.Destroy, twin, &runtime.DestroyArgs{Snapshots: true}), runtime.ErrInUse, "lxcdt-backup")
	g.tool("lvremove", "-q", "-f", g.name+"/lxcdt-backup")
	must(t, g.s.Start(web.Name))
	inside := func(command string) string {
		t.Helper()
		return strings.TrimSpace(output(t, g.s, "lxc-attach", web.Name, "--", "sh", "-c", command))
	}
	inside("echo past >/era")
	pid := find(t, list(t, g.a), web.Name).InitPID
	frozen := &runtime.SnapshotArgs{Way: runtime.WhileFrozen, Comment: "cold"}
	must(t, g.do(runtime.Snapshot, web, frozen))
	g.wants(twin.Name, twin.Name+"-snap0", web.Name, web.Name+"-snap0")
	got := snapshots(t, g.a, web)
	if len(got) != 1 || got[0].Comment != "cold" || got[0].Taken.IsZero() || len(got[0].Used) != 0 {
		t.Errorf("snapshots %+v", got)
	}
	if text := output(t, g.s, "lxc-snapshot", web.Name, "-L", "-C"); !strings.Contains(text, "snap0") || !strings.Contains(text, "cold") {
		t.Errorf("lxc-snapshot: %s", text)
	}
	// Killed half way, it is taken after all, and thawed.
	killedAt(t, stepCopying, helperRequest{Kind: kindOp, Op: runtime.Snapshot, Ref: web, Args: frozen})
	must(t, goes(t, g.a, runtime.Finish))
	if c := find(t, list(t, g.a), web.Name); c.State != runtime.Running || c.InitPID != pid {
		t.Errorf("it is %s with pid %d, was %d", c.State, c.InitPID, pid)
	}
	if snaps := snapshots(t, g.a, web); len(snaps) != 2 {
		t.Errorf("finished: %+v", snaps)
	}
	must(t, g.do(runtime.DeleteSnapshot, web, &runtime.RestoreArgs{Snap: "snap1"}))
	g.wants(twin.Name, twin.Name+"-snap0", web.Name, web.Name+"-snap0")
	wantNothingLeft(t, g.a, g.s.Path)
	inside("echo present >/era")
	must(t, g.s.Stop(web.Name))
	must(t, g.s.Tool("lxc-wait", web.Name, "-s", "STOPPED", "-t", "60"))

	era := func(when, want string) {
		t.Helper()
		if got := g.says(web, "cat /era"); got != want {
			t.Errorf("%s: its root is of the %s, want the %s", when, got, want)
		}
	}
	restore := &runtime.RestoreArgs{Snap: "snap0"}
	must(t, g.do(runtime.Restore, web, restore))
	era("restored", "past")
	must(t, goes(t, g.a, runtime.Undo))
	era("undone", "present")
	must(t, goes(t, g.a, runtime.Dismiss)) // what the restore has made
	g.wants(twin.Name, twin.Name+"-snap0", web.Name, web.Name+"-snap0")
	killedAt(t, stepConfig, helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: web, Args: restore})
	must(t, goes(t, g.a, runtime.Undo))
	g.wants(twin.Name, twin.Name+"-snap0", web.Name, web.Name+"-snap0")
	wantNothingLeft(t, g.a, g.s.Path)
	// Both configs are exchanged, but for the second container's, and then somebody edits.
	for _, way := range []runtime.RecoverWay{runtime.Undo, runtime.Finish} {
		killedAt(t, "exchanged", helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: web, Args: restore})
		put(t, filepath.Join(web.String(), "config"), read(t, web.String(), "config")+"lxc.start.delay = 7\n")
		must(t, goes(t, g.a, way))
		if way == runtime.Undo {
			era("undone after an edit", "present")
			g.wants(twin.Name, twin.Name+"-snap0", web.Name, web.Name+"-snap0")
		}
		if !strings.Contains(read(t, web.String(), "config"), "lxc.start.delay = 7") {
			t.Errorf("%s: the edit is lost", way)
		}
	}
	must(t, goes(t, g.a, runtime.Undo))
	era("undone", "present")
	must(t, goes(t, g.a, runtime.Undo))
	must(t, goes(t, g.a, runtime.Dismiss)) // the old root
	wantNothingLeft(t, g.a, g.s.Path)
	era("restored for good", "past")
	if text := read(t, web.String(), "config"); !strings.Contains(text, "lvm:/dev/"+g.name+"/"+web.Name+"-2") || strings.Contains(text, deckDir) {
		t.Errorf("config:\n%s", text)
	}

	as := g.ref("lxcdt-as")
	must(t, g.do(runtime.RestoreAs, web, &runtime.RestoreArgs{Snap: "snap0", To: as}))
	g.wants(as.Name, twin.Name, twin.Name+"-snap0", strings.TrimPrefix(storeOf(rootLines(web)[0]).path, "/dev/"+g.name+"/"), web.Name+"-snap0")
	for _, ref := range []runtime.Ref{web, twin, as} {
		must(t, g.do(runtime.Destroy, ref, &runtime.DestroyArgs{Snapshots: true}))
	}
	g.wants()
	nothingLeft(t, g.s.Path, ".default.conf", ".image", ".root", from.Name)
}
