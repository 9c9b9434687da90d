package lxc

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// history is a container with a snapshot of its past: root and config have
// changed since.
func history(t testing.TB, s *lxctest.Scratch, name string) runtime.Ref {
	t.Helper()
	must(t, s.AddOwn(name))
	ref := runtime.Ref{Path: s.Path, Name: name}
	past(t, s, ref, rootOn(ref))
	return ref
}

// rootOn is the directory of a container's root.
func rootOn(ref runtime.Ref) string { return filepath.Join(ref.String(), "rootfs") }

func past(t testing.TB, s *lxctest.Scratch, ref runtime.Ref, root string) {
	t.Helper()
	put(t, filepath.Join(root, "era"), "past")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	put(t, filepath.Join(root, "era"), "present")
	put(t, filepath.Join(root, "new"), "x")
	config := filepath.Join(ref.String(), "config")
	put(t, config, read(t, config)+"# present\nlxc.environment = ERA=present\n")
}

// wantEra checks that root and config of a container are of one time, and that
// it starts.
func wantEra(t testing.TB, s *lxctest.Scratch, ref runtime.Ref, root, era string) {
	t.Helper()
	if got := read(t, root, "era"); got != era {
		t.Errorf("the root is of the %s, want the %s", got, era)
	}
	if exists(filepath.Join(root, "new")) != (era == "present") {
		t.Errorf("the root of the %s: files are not of that time", era)
	}
	text := read(t, ref.String(), "config")
	if strings.Contains(text, "ERA=present") != (era == "present") || strings.Contains(text, deckDir) || strings.Contains(text, "lxc.log") {
		t.Errorf("the config in the %s:\n%s", era, text)
	}
	if t.Failed() {
		return
	}
	must(t, s.Start(ref.Name))
	must(t, s.Stop(ref.Name))
	must(t, s.Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
}

// goes takes a way out of the only thing that is left.
func goes(t testing.TB, a *Adapter, way runtime.RecoverWay) error {
	t.Helper()
	left := leftoversOf(t, a)
	if len(left) != 1 {
		t.Fatalf("left: %+v", left)
	}
	if !slices.Contains(left[0].Ways, way) {
		t.Fatalf("%s is not among the ways of %+v", way, left[0])
	}
	return doing(t, a, runtime.Recover, left[0].Ref, &runtime.RecoverArgs{ID: left[0].ID, Way: way})
}

func wantNothingLeft(t testing.TB, a *Adapter, lxcpath string) {
	t.Helper()
	if left := leftoversOf(t, a); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	if exists(filepath.Join(lxcpath, deckDir)) {
		t.Errorf("%s is still there", deckDir)
	}
}

func TestRestoreKeepsWhatWas(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := history(t, s, "lxcdt-restore")
	config := read(t, ref.String(), "config")
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	wantEra(t, s, ref, rootOn(ref), "past")
	if got := snapshots(t, a, ref); len(got) != 1 || len(got[0].Used) != 0 {
		t.Errorf("snapshots %+v", got)
	}
	left := leftoversOf(t, a)
	if len(left) != 1 || !left[0].Kept || left[0].Ref != ref || !exists(left[0].Where) || !strings.Contains(left[0].What, "snap0") {
		t.Fatalf("left: %+v", left)
	}
	if want := du(t, left[0].Where); left[0].Size < want-8192 || left[0].Size > want+8192 {
		t.Errorf("size %d, du says %d", left[0].Size, want)
	}
	// Back, to the byte; and back again, with what was changed meanwhile.
	must(t, goes(t, a, runtime.Undo))
	wantEra(t, s, ref, rootOn(ref), "present")
	if got := read(t, ref.String(), "config"); got != config {
		t.Errorf("config after the undo:\n%s", got)
	}
	put(t, filepath.Join(ref.String(), "config"), config+"# more\n")
	must(t, goes(t, a, runtime.Undo))
	wantEra(t, s, ref, rootOn(ref), "past")
	must(t, goes(t, a, runtime.Undo))
	if got := read(t, ref.String(), "config"); got != config+"# more\n" {
		t.Errorf("config after the third undo:\n%s", got)
	}
	must(t, goes(t, a, runtime.Undo))
	must(t, goes(t, a, runtime.Dismiss))
	wantNothingLeft(t, a, s.Path)
	wantEra(t, s, ref, rootOn(ref), "past")
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0", Start: true}))
	if got := find(t, list(t, a), ref.Name); got.State != runtime.Running {
		t.Errorf("it was to be started, and is %s", got.State)
	}
	must(t, goes(t, a, runtime.Dismiss))
	mention(t, doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: left[0].ID, Way: runtime.Undo}), runtime.ErrNoLeftover)
}

func TestRestoreKilledAtEveryStep(t *testing.T) {
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo} {
		for _, step := range []string{stepCopying, stepExchanging, stepConfig, "exchanged"} {
			t.Run(fmt.Sprint(way, " ", step), func(t *testing.T) {
				s := lxctest.New(t)
				a := newAdapter(t, Options{Paths: []string{s.Path}})
				ref := history(t, s, "lxcdt-killed")
				killedAt(t, step, helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}})
				if _, err := load(ref); err != nil {
					t.Errorf("after the kill: %v", err)
				}
				if !exists(filepath.Join(rootOn(ref), "era")) {
					t.Error("after the kill there is no root")
				}
				must(t, goes(t, a, way))
				if way == runtime.Undo {
					wantEra(t, s, ref, rootOn(ref), "present")
				} else {
					wantEra(t, s, ref, rootOn(ref), "past")
					must(t, goes(t, a, runtime.Dismiss))
				}
				wantNothingLeft(t, a, s.Path)
				if got := snapshots(t, a, ref); len(got) != 1 {
					t.Errorf("snapshots %+v", got)
				}
			})
		}
	}
}

// TestUndoKilledAtEveryStep kills the way back.
func TestUndoKilledAtEveryStep(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := history(t, s, "lxcdt-back")
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	era := "past"
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo, runtime.Finish, runtime.Undo} {
		for _, step := range []string{stepExchanging, stepConfig, "exchanged"} {
			id := leftoversOf(t, a)[0].ID
			killedAt(t, step, helperRequest{
				Kind: kindOp, Op: runtime.Recover, Ref: ref, Args: &runtime.RecoverArgs{ID: id, Way: runtime.Undo},
			})
			must(t, goes(t, a, way))
			if way == runtime.Finish {
				era = map[string]string{"past": "present", "present": "past"}[era]
			}
			wantEra(t, s, ref, rootOn(ref), era)
			if left := leftoversOf(t, a); len(left) != 1 || !left[0].Kept {
				t.Fatalf("after %s at %s: %+v", way, step, left)
			}
		}
	}
	must(t, goes(t, a, runtime.Dismiss))
	wantNothingLeft(t, a, s.Path)
	wantEra(t, s, ref, rootOn(ref), era)
}

func TestRestoreIsRefused(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := history(t, s, "lxcdt-no")
	config := read(t, ref.String(), "config")
	restore := func() error { return doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}) }
	same := func(what string) {
		t.Helper()
		if read(t, rootOn(ref), "era") != "present" || read(t, ref.String(), "config") != config {
			t.Errorf("%s: it was refused, and yet something has changed", what)
		}
		wantNothingLeft(t, a, s.Path)
	}
	mention(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap1"}), runtime.ErrNoSnapshot)
	same("no such snapshot")

	must(t, s.Start(ref.Name))
	mention(t, restore(), runtime.ErrWrongState)
	must(t, s.Stop(ref.Name))
	same("running")

	must(t, s.Tool("lxc-copy", ref.Name, "-N", "lxcdt-over", "-s"))
	mention(t, restore(), runtime.ErrInUse, "lxcdt-over")
	must(t, s.Tool("lxc-destroy", "lxcdt-over"))
	same("an overlay on it")

	put(t, filepath.Join(ref.String(), runtime.LockFile), "{}")
	mention(t, restore(), runtime.ErrLocked)
	must(t, os.Remove(filepath.Join(ref.String(), runtime.LockFile)))
	same("locked")

	snap := filepath.Join(ref.String(), "snaps/snap0")
	whole := read(t, snap, "config")
	put(t, filepath.Join(snap, "config"), whole+"lxc.nonsense = 1\n")
	if err := restore(); err == nil || !strings.Contains(err.Error(), "snap0") {
		t.Errorf("a snapshot with a broken config: %v", err)
	}
	same("a snapshot with a broken config")
	put(t, filepath.Join(snap, "config"), whole)
	must(t, os.Remove(filepath.Join(snap, "rootfs/sbin/init")))
	mention(t, restore(), runtime.ErrConfig, "init")
	same("a snapshot without init")
	must(t, os.RemoveAll(filepath.Join(snap, "rootfs")))
	mention(t, restore(), runtime.ErrConfig, "broken")
	same("a snapshot without root")
}

// TestRestoreOnAFullFileSystem has room for two roots, and not for three: bytes,
// which is seen before, or inodes, which is not.
func TestRestoreOnAFullFileSystem(t *testing.T) {
	s := lxctest.New(t)
	ref := history(t, s, "lxcdt-full")
	size, err := measure(ref.String(), nil)
	must(t, err)
	for _, limit := range []string{fmt.Sprint("size=", size.disk*5/4), fmt.Sprint("nr_inodes=", size.entries*5/4)} {
		t.Run(limit, func(t *testing.T) {
			small := filepath.Join(s.Path, ".small")
			must(t, os.MkdirAll(small, 0o755))
			must(t, unix.Mount("lxcdt", small, "tmpfs", 0, "mode=755,"+limit))
			t.Cleanup(func() { must(t, unix.Unmount(small, 0)) })
			moved := runtime.Ref{Path: small, Name: ref.Name}
			must(t, exec.Command("cp", "-a", ref.String(), small).Run())
			for _, dir := range []string{moved.String(), filepath.Join(moved.String(), "snaps/snap0")} {
				put(t, filepath.Join(dir, "config"), strings.ReplaceAll(read(t, dir, "config"), s.Path, small))
			}
			a := newAdapter(t, Options{Paths: []string{small}})
			config := read(t, moved.String(), "config")
			for _, try := range []func() error{
				func() error { return doing(t, a, runtime.Restore, moved, &runtime.RestoreArgs{Snap: "snap0"}) },
				func() error {
					to := runtime.Ref{Path: small, Name: "lxcdt-new"}
					return doing(t, a, runtime.RestoreAs, moved, &runtime.RestoreArgs{Snap: "snap0", To: to})
				},
				func() error { return doing(t, a, runtime.Snapshot, moved, nil) },
			} {
				err := try()
				var told *runtime.Error
				if !errors.As(err, &told) || !strings.Contains(strings.ToLower(err.Error()+told.Log), "no space left on device") || told.Hint == "" {
					t.Errorf("%v: %+v", err, told)
				}
				if read(t, rootOn(moved), "era") != "present" || read(t, moved.String(), "config") != config {
					t.Error("something was lost")
				}
				if exists(filepath.Join(small, "lxcdt-new")) || len(snapshots(t, a, moved)) != 1 {
					t.Error("something of it is left")
				}
				wantNothingLeft(t, a, small)
			}
		})
	}
}

// TestRestoreOfAnOverlay exchanges what is the container's own alone, and leaves
// no note behind that keeps snapshot or base from being removed.
func TestRestoreOfAnOverlay(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.AddOwn("lxcdt-base"))
	must(t, s.Tool("lxc-copy", "lxcdt-base", "-N", "lxcdt-over", "-s"))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-over"}
	base := runtime.Ref{Path: s.Path, Name: "lxcdt-base"}
	upper := filepath.Join(ref.String(), "overlay/delta")
	past(t, s, ref, upper)
	for _, step := range []string{"", stepCopying, stepExchanging, stepConfig} {
		if step == "" {
			must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
		} else {
			killedAt(t, step, helperRequest{Kind: kindOp, Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}})
			must(t, goes(t, a, runtime.Finish))
		}
		wantEra(t, s, ref, upper, "past")
		must(t, goes(t, a, runtime.Undo))
		wantEra(t, s, ref, upper, "present")
		if got := snapshots(t, a, ref); len(got) != 1 || len(got[0].Used) != 0 {
			t.Errorf("snapshots %+v", got)
		}
		must(t, goes(t, a, runtime.Dismiss))
		wantNothingLeft(t, a, s.Path)
		if got := usersOf(base); slices.ContainsFunc(got, func(r runtime.Ref) bool { return strings.Contains(r.Path, deckDir) }) {
			t.Errorf("on the base: %v", got)
		}
	}
	mention(t, doing(t, a, runtime.Restore, base, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrNoSnapshot)
	must(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	must(t, s.Tool("lxc-destroy", ref.Name))
	must(t, s.Tool("lxc-destroy", base.Name))
}

// TestRestoreLeavesWhatOthersMayOwn: changes that lie among those of other containers.
func TestRestoreLeavesWhatOthersMayOwn(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.AddOwn("lxcdt-base"))
	must(t, s.Tool("lxc-copy", "lxcdt-base", "-N", "lxcdt-over", "-s"))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-over"}
	past(t, s, ref, filepath.Join(ref.String(), "overlay/delta"))
	shared := filepath.Join(s.Path, "srv/overlay")
	must(t, os.MkdirAll(shared, 0o755))
	must(t, os.Rename(filepath.Join(ref.String(), "overlay/delta"), filepath.Join(shared, "over")))
	put(t, filepath.Join(shared, "other"), "another container's")
	config := filepath.Join(ref.String(), "config")
	text, err := os.ReadFile(config)
	must(t, err)
	put(t, config, strings.Replace(string(text), ref.String()+"/overlay/delta", shared+"/over", 1))
	err = doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"})
	if !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), shared) {
		t.Errorf("restore: %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(shared, "other")); err != nil || string(got) != "another container's" {
		t.Errorf("%q, %v", got, err)
	}
	wantNothingLeft(t, a, s.Path)
	must(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	must(t, os.Rename(filepath.Join(shared, "over"), filepath.Join(ref.String(), "overlay/delta")))
	put(t, config, string(text))
	must(t, s.Tool("lxc-destroy", ref.Name))
	must(t, s.Tool("lxc-destroy", "lxcdt-base"))
}

// TestRestoreTellsHowFarItIs: a count of bytes that grows up to the snapshot's.
func TestRestoreTellsHowFarItIs(t *testing.T) {
	_, a, ref := large(t)
	snap, err := measure(filepath.Join(ref.String(), "snaps/snap0/rootfs"), nil)
	must(t, err)
	var mu sync.Mutex
	var seen []runtime.Progress
	must(t, a.Do(t.Context(), runtime.Request{
		Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}, Progress: func(p runtime.Progress) {
			mu.Lock()
			defer mu.Unlock()
			if p.Total > 0 {
				seen = append(seen, p)
			}
		},
	}))
	mu.Lock()
	defer mu.Unlock()
	if len(seen) == 0 || !slices.IsSortedFunc(seen, func(a, b runtime.Progress) int { return cmp.Compare(a.Done, b.Done) }) {
		t.Fatalf("told: %+v", seen)
	}
	if last := seen[len(seen)-1]; last.Total != uint64(snap.bytes) || last.Done != last.Total {
		t.Errorf("at the end: %+v, the snapshot has %d bytes", last, snap.bytes)
	}
}
