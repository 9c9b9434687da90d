package lxc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// doing carries out an operation with arguments.
func doing(t testing.TB, a *Adapter, op runtime.Op, ref runtime.Ref, args runtime.Args) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	return a.Do(ctx, runtime.Request{Op: op, Ref: ref, Args: args})
}

func snapshots(t testing.TB, a *Adapter, ref runtime.Ref) []runtime.SnapshotInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	snaps, err := a.Snapshots(ctx, ref)
	must(t, err)
	return snaps
}

func leftoversOf(t testing.TB, a *Adapter) []runtime.Leftover {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all, err := a.Leftovers(ctx)
	must(t, err)
	return all
}

// output is what an lxc-* tool prints.
func output(t testing.TB, s *lxctest.Scratch, tool, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool, append([]string{"-P", s.Path, "-n", name}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", tool, err, out)
	}
	return string(out)
}

// owning makes containers with roots of their own.
func owning(t *testing.T, names ...string) (*lxctest.Scratch, *Adapter) {
	t.Helper()
	s := lxctest.New(t)
	for _, name := range names {
		must(t, s.AddOwn(name))
	}
	return s, newAdapter(t, Options{Paths: []string{s.Path}})
}

// mention checks that an error wraps a sentinel, and that it has these words.
func mention(t testing.TB, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want one that wraps %q", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not mention %q", err, w)
		}
	}
}

func TestSnapshotIsOneOfLXCsOwn(t *testing.T) {
	s, a := owning(t, "lxcdt-snap")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-snap"}
	config := read(t, ref.String(), "config")
	if got := snapshots(t, a, ref); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	before := time.Now().Add(-2 * time.Second)
	must(t, doing(t, a, runtime.Snapshot, ref, &runtime.SnapshotArgs{Comment: "ours \x1b[31m"}))
	comment := filepath.Join(s.Path, ".comment")
	put(t, comment, "theirs\n")
	must(t, s.Tool("lxc-snapshot", ref.Name, "-c", comment))

	got := snapshots(t, a, ref)
	if len(got) != 2 || got[0].Name != "snap0" || got[1].Name != "snap1" {
		t.Fatalf("snapshots %+v", got)
	}
	if got[0].Comment != "ours \x1b[31m" || got[1].Comment != "theirs" {
		t.Errorf("comments %q, %q", got[0].Comment, got[1].Comment)
	}
	for _, snap := range got {
		if snap.Taken.Before(before) || snap.Taken.After(time.Now()) {
			t.Errorf("%s was taken at %s", snap.Name, snap.Taken)
		}
		if snap.Size < 100<<10 || len(snap.Used) != 0 || snap.Path != filepath.Join(ref.String(), "snaps", snap.Name) {
			t.Errorf("%+v", snap)
		}
	}
	text := output(t, s, "lxc-snapshot", ref.Name, "-L", "-C")
	for _, want := range []string{"snap0", "ours", "snap1", "theirs"} {
		if !strings.Contains(text, want) {
			t.Errorf("lxc-snapshot does not show %q: %s", want, text)
		}
	}
	if strings.Contains(text, "(null)") {
		t.Errorf("no time: %s", text)
	}
	// Their configs name nothing of this process.
	if a, b := read(t, got[0].Path, "config"), read(t, got[1].Path, "config"); a != strings.ReplaceAll(b, "snap1", "snap0") {
		t.Errorf("configs differ:\n%s\n%s", a, b)
	}
	if now := read(t, ref.String(), "config"); now != config {
		t.Errorf("the container's own config has changed:\n%s", now)
	}
	// Restored by LXC's own tool.
	must(t, s.Tool("lxc-snapshot", ref.Name, "-r", "snap0", "-N", "lxcdt-restored"))
	must(t, s.Tool("lxc-start", "lxcdt-restored", "-d"))
	must(t, s.Tool("lxc-stop", "lxcdt-restored", "-k"))
	if left := leftoversOf(t, a); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	if exists(filepath.Join(s.Path, deckDir)) {
		t.Error("the journal's directory is still there")
	}
}

func TestSnapshotOfARunningContainer(t *testing.T) {
	s, a := owning(t, "lxcdt-run")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-run"}
	must(t, s.Start(ref.Name))
	mention(t, doing(t, a, runtime.Snapshot, ref, nil), runtime.ErrWrongState, "RUNNING")
	mention(t, doing(t, a, runtime.Snapshot, ref, &runtime.SnapshotArgs{Way: runtime.WhileFrozen}), runtime.ErrUnsupported, "dir")
	pid := find(t, list(t, a), ref.Name).InitPID
	must(t, doing(t, a, runtime.Snapshot, ref, &runtime.SnapshotArgs{Way: runtime.StopAndStart}))
	after := find(t, list(t, a), ref.Name)
	if after.State != runtime.Running || after.InitPID == pid {
		t.Errorf("afterwards it is %s with pid %d, was %d", after.State, after.InitPID, pid)
	}
	if got := snapshots(t, a, ref); len(got) != 1 {
		t.Errorf("snapshots %+v", got)
	}

	// It cannot be started again: the snapshot is there, and it is said.
	config := filepath.Join(ref.String(), "config")
	put(t, config, read(t, config)+"lxc.net.1.type = veth\nlxc.net.1.link = lxcdtnone0\n")
	err := doing(t, a, runtime.Snapshot, ref, &runtime.SnapshotArgs{Way: runtime.StopAndStart})
	if err == nil || !strings.Contains(err.Error(), "snap1 was taken: it could not be started again") || !strings.Contains(err.Error(), "lxcdtnone0") {
		t.Errorf("error %v", err)
	}
	if got := snapshots(t, a, ref); len(got) != 2 {
		t.Errorf("snapshots %+v", got)
	}
	if left := leftoversOf(t, a); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestSnapshotsAreDeletedUnlessInUse(t *testing.T) {
	s, a := owning(t, "lxcdt-del")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-del"}
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, s.Tool("lxc-snapshot", ref.Name))
	clone := runtime.Ref{Path: s.Path, Name: "lxcdt-over"}
	must(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: clone, CoW: true}))

	mention(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap7"}), runtime.ErrNoSnapshot, "snap7")
	mention(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrInUse, clone.Name)
	if got := snapshots(t, a, ref); len(got) != 2 || len(got[0].Used) != 1 || got[0].Used[0] != clone {
		t.Errorf("snapshots %+v", got)
	}
	must(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap1"}))
	must(t, s.Tool("lxc-destroy", clone.Name))
	must(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	if got := snapshots(t, a, ref); len(got) != 0 {
		t.Errorf("snapshots %+v", got)
	}
	if exists(filepath.Join(ref.String(), "snaps", "snap0")) {
		t.Error("it is still on disk")
	}
}

func TestRestoreAsANewContainer(t *testing.T) {
	s, a := owning(t, "lxcdt-from")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-from"}
	config := filepath.Join(ref.String(), "config")
	put(t, config, read(t, config)+"lxc.net.1.type = veth\nlxc.net.1.hwaddr = 00:16:3e:11:22:33\n")
	// A hostile root: liblxc would write the host name through this link.
	victim := filepath.Join(s.Path, ".victim")
	put(t, victim, "untouched")
	must(t, os.Symlink(victim, filepath.Join(ref.String(), "rootfs/etc/hostname")))
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, s.Start(ref.Name))
	for _, c := range []struct {
		name string
		cow  bool
	}{{"lxcdt-copy", false}, {"lxcdt-cow", true}} {
		to := runtime.Ref{Path: s.Path, Name: c.name}
		must(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: to, CoW: c.cow, Start: true}))
		if got := find(t, list(t, a), c.name); got.State != runtime.Running {
			t.Errorf("%s is %s", c.name, got.State)
		}
		text := read(t, to.String(), "config")
		if strings.Contains(text, "00:16:3e:11:22:33") || !strings.Contains(text, "lxc.uts.name = "+c.name) || strings.Contains(text, "lxc.log") {
			t.Errorf("config of %s:\n%s", c.name, text)
		}
		if strings.Contains(text, "overlay:") != c.cow {
			t.Errorf("root of %s:\n%s", c.name, text)
		}
		mention(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: to}), runtime.ErrExists)
	}
	hosted := runtime.Ref{Path: s.Path, Name: "lxcdt-hosted"}
	snapRoot := filepath.Join(ref.String(), "snaps/snap0/rootfs")
	must(t, os.Remove(filepath.Join(snapRoot, "etc/hostname")))
	put(t, filepath.Join(snapRoot, "etc/hostname"), "lxcdt-from\n")
	for _, cow := range []bool{false, true} {
		must(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: hosted, CoW: cow}))
		root := rootOn(hosted)
		if cow {
			root = filepath.Join(hosted.String(), "overlay/delta")
		}
		if got := read(t, root, "etc/hostname"); got != "lxcdt-hosted\n" {
			t.Errorf("host name inside: %q", got)
		}
		must(t, s.Tool("lxc-destroy", hosted.Name))
	}
	if got := read(t, snapRoot, "etc/hostname"); got != "lxcdt-from\n" {
		t.Errorf("host name in the snapshot: %q", got)
	}
	if got := read(t, victim); got != "untouched" {
		t.Errorf("a file of the host was written: %q", got)
	}
	mention(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap9", To: runtime.Ref{Path: s.Path, Name: "lxcdt-no"}}), runtime.ErrNoSnapshot)
	must(t, os.RemoveAll(filepath.Join(ref.String(), "snaps/snap0/rootfs/bin")))
	for _, name := range []string{"lxcdt-cow", "lxcdt-copy"} {
		must(t, s.Stop(name))
	}
	must(t, os.RemoveAll(filepath.Join(ref.String(), "snaps/snap0/rootfs")))
	mention(t, doing(t, a, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: runtime.Ref{Path: s.Path, Name: "lxcdt-no"}}), runtime.ErrConfig, "broken")
	if exists(filepath.Join(s.Path, "lxcdt-no")) {
		t.Error("something of it is there")
	}
}
