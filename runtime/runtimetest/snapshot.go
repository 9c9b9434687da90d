package runtimetest

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// ownIn makes a container with a root of its own, in a state; it goes with the test.
func (s *suite) ownIn(t *testing.T, word string, state runtime.State) runtime.Ref {
	t.Helper()
	ref := s.ref(0, word)
	s.Own(t, ref)
	t.Cleanup(func() { s.Remove(t, ref) })
	s.bring(t, ref, state)
	return ref
}

// made is the name of a container that the Runtime makes, which goes with the test.
func (s *suite) made(t *testing.T, word string) runtime.Ref {
	t.Helper()
	ref := s.ref(0, word)
	t.Cleanup(func() { s.Remove(t, ref) })
	return ref
}

func (s *suite) do(t *testing.T, op runtime.Op, ref runtime.Ref, args runtime.Args) error {
	t.Helper()
	return s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Args: args})
}

func (s *suite) must(t *testing.T, op runtime.Op, ref runtime.Ref, args runtime.Args) {
	t.Helper()
	if err := s.do(t, op, ref, args); err != nil {
		t.Fatal(err)
	}
}

// snaps gives a container's snapshots, and checks how many there are.
func (s *suite) snaps(t *testing.T, ref runtime.Ref, want int) []runtime.SnapshotInfo {
	t.Helper()
	got, err := s.rt.Snapshots(s.context(t), ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != want {
		t.Fatalf("%d snapshots, want %d: %+v", len(got), want, got)
	}
	return got
}

// left gives what was left of a container.
func (s *suite) left(t *testing.T, ref runtime.Ref) []runtime.Leftover {
	t.Helper()
	all, err := s.rt.Leftovers(s.context(t))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(l runtime.Leftover) bool { return l.Ref != ref })
}

func testSnapshots(t *testing.T, s *suite) {
	ref := s.ownIn(t, "snaps", runtime.Stopped)
	s.snaps(t, ref, 0)
	none := s.stamped(t, ref)
	s.must(t, runtime.Snapshot, ref, &runtime.SnapshotArgs{Comment: "before the upgrade"})
	one := s.stamped(t, ref)
	s.must(t, runtime.Snapshot, ref, nil)
	if two := s.stamped(t, ref); one == none || two == one {
		t.Errorf("there is another snapshot, but the stamp: %q, %q, %q", none, one, two)
	}
	got := s.snaps(t, ref, 2)
	for i, name := range []string{"snap0", "snap1"} {
		if got[i].Name != name || got[i].Path == "" || got[i].Taken.IsZero() || len(got[i].Used) != 0 {
			t.Errorf("%+v, want %s", got[i], name)
		}
	}
	if got[0].Comment != "before the upgrade" || got[1].Comment != "" {
		t.Errorf("comments %q and %q", got[0].Comment, got[1].Comment)
	}
	// A name is given again: what was not seen is neither deleted nor put back.
	another := &runtime.RestoreArgs{Snap: "snap0", Taken: got[0].Taken.Add(-time.Minute)}
	wantError(t, s.do(t, runtime.DeleteSnapshot, ref, another), runtime.ErrWrongState, "delete-snapshot", ref)
	wantError(t, s.do(t, runtime.Restore, ref, another), runtime.ErrWrongState, "restore", ref)
	args := &runtime.RestoreArgs{Snap: "snap0", Taken: got[0].Taken}
	wantError(t, s.do(t, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap9"}), runtime.ErrNoSnapshot, "delete-snapshot", ref)
	wantError(t, s.do(t, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "../snaps"}), runtime.ErrInvalid, "delete-snapshot", ref)
	two := s.stamped(t, ref)
	s.must(t, runtime.DeleteSnapshot, ref, args)
	if is := s.stamped(t, ref); is == two {
		t.Errorf("a snapshot is gone, but the stamp: %q", is)
	}
	wantError(t, s.do(t, runtime.DeleteSnapshot, ref, args), runtime.ErrNoSnapshot, "delete-snapshot", ref)
	if got := s.snaps(t, ref, 1); got[0].Name != "snap1" {
		t.Errorf("left is %s", got[0].Name)
	}
	// The name that is free again is the next one's.
	s.must(t, runtime.Snapshot, ref, nil)
	s.snaps(t, ref, 2)
	seen := &runtime.DestroyArgs{Snapshots: true, Known: []runtime.Seen{{Name: "snap0", Taken: got[0].Taken.Add(-time.Minute)}, {Name: "snap1", Taken: got[1].Taken}}}
	wantError(t, s.do(t, runtime.Destroy, ref, seen), runtime.ErrWrongState, "destroy", ref)
	s.snaps(t, ref, 2)
	wantError(t, runtime.ReadOnly(s.rt).Do(s.context(t), runtime.Request{Op: runtime.Snapshot, Ref: ref}), runtime.ErrReadOnly, "snapshot", ref)
	absent := s.ref(0, "none")
	if _, err := s.rt.Snapshots(s.context(t), absent); err == nil {
		t.Error("snapshots of an absent container")
	} else {
		wantError(t, err, runtime.ErrNotFound, "snapshots", absent)
	}
}

func testSnapshotStates(t *testing.T, s *suite) {
	ref := s.ownIn(t, "snapstate", runtime.Running)
	wantError(t, s.do(t, runtime.Snapshot, ref, nil), runtime.ErrWrongState, "snapshot", ref)
	wantError(t, s.do(t, runtime.Snapshot, ref, &runtime.SnapshotArgs{Way: runtime.WhileFrozen}), runtime.ErrUnsupported, "snapshot", ref)
	if c := s.get(t, ref); c.State != runtime.Running {
		t.Errorf("it was refused, and yet it is %s", c.State)
	}
	s.snaps(t, ref, 0)
	for i, from := range []runtime.State{runtime.Running, runtime.Frozen} {
		s.bring(t, ref, from)
		s.must(t, runtime.Snapshot, ref, &runtime.SnapshotArgs{Way: runtime.StopAndStart})
		s.await(t, ref, runtime.Running)
		s.snaps(t, ref, i+1)
	}
	if got := s.left(t, ref); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
}

func testRestore(t *testing.T, s *suite) {
	ref := s.ownIn(t, "restore", runtime.Stopped)
	s.must(t, runtime.Snapshot, ref, nil)
	args := &runtime.RestoreArgs{Snap: "snap0"}
	wantError(t, s.do(t, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap3"}), runtime.ErrNoSnapshot, "restore", ref)
	s.bring(t, ref, runtime.Running)
	wantError(t, s.do(t, runtime.Restore, ref, args), runtime.ErrWrongState, "restore", ref)
	s.bring(t, ref, runtime.Stopped)
	if got := s.left(t, ref); len(got) != 0 {
		t.Errorf("it was refused, and yet there is %+v", got)
	}
	was := s.get(t, ref).Identity
	s.measuresSnapshots(t, ref)
	s.must(t, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0", Start: true})
	s.await(t, ref, runtime.Running)
	if now := s.get(t, ref).Identity; now != was {
		t.Errorf("restored in place it is %q, was %q", now, was)
	}
	s.snaps(t, ref, 1)
	got := s.left(t, ref)
	if len(got) != 1 || !got[0].Kept || !slices.Contains(got[0].Ways, runtime.Dismiss) || !slices.Contains(got[0].Ways, runtime.Undo) {
		t.Fatalf("kept: %+v", got)
	}
	wantError(t, s.do(t, runtime.Recover, ref, &runtime.RecoverArgs{ID: "none", Way: runtime.Dismiss}), runtime.ErrNoLeftover, "recover", ref)
	for _, a := range []runtime.RecoverArgs{{What: "another root"}, {What: got[0].What, Since: got[0].Since.Add(-time.Second)}} {
		a.ID, a.Way = got[0].ID, runtime.Dismiss
		wantError(t, s.do(t, runtime.Recover, ref, &a), runtime.ErrNoLeftover, "recover", ref)
	}
	s.must(t, runtime.Recover, ref, &runtime.RecoverArgs{ID: got[0].ID, Way: runtime.Dismiss, What: got[0].What, Since: got[0].Since})
	if got := s.left(t, ref); len(got) != 0 {
		t.Errorf("it was dismissed: %+v", got)
	}
	s.await(t, ref, runtime.Running)
	wantError(t, s.do(t, runtime.Recover, ref, &runtime.RecoverArgs{ID: got[0].ID, Way: runtime.Dismiss}), runtime.ErrNoLeftover, "recover", ref)
}

func testRestoreAs(t *testing.T, s *suite) {
	ref := s.ownIn(t, "restoreas", runtime.Stopped)
	s.must(t, runtime.Snapshot, ref, nil)
	s.bring(t, ref, runtime.Running) // the snapshot stands still
	whole, over := s.made(t, "whole"), s.made(t, "over")
	wantError(t, s.do(t, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: ref}), runtime.ErrInvalid, "restore-as", ref)
	wantError(t, s.do(t, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap4", To: whole}), runtime.ErrNoSnapshot, "restore-as", ref)
	s.must(t, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: whole})
	s.await(t, whole, runtime.Stopped)
	wantError(t, s.do(t, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: whole}), runtime.ErrExists, "restore-as", ref)
	s.must(t, runtime.RestoreAs, ref, &runtime.RestoreArgs{Snap: "snap0", To: over, CoW: true, Start: true})
	s.await(t, over, runtime.Running)
	if got := s.snaps(t, ref, 1); !slices.Equal(got[0].Used, []runtime.Ref{over}) {
		t.Errorf("used by %v, want %s", got[0].Used, over)
	}
	wantError(t, s.do(t, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrInUse, "delete-snapshot", ref)
	s.snaps(t, ref, 1)
	s.snaps(t, whole, 0)
}

// stamped gives the stamp of a container's snapshots.
func (s *suite) stamped(t *testing.T, ref runtime.Ref) string {
	t.Helper()
	stamp, err := s.rt.SnapshotStamp(s.context(t), ref)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.rt.SnapshotStamp(s.context(t), ref); err != nil || again != stamp {
		t.Errorf("nothing has changed, but the stamp: %q, %q, %v", stamp, again, err)
	}
	return stamp
}

// measuresSnapshots asks for the size of a snapshot as of the container that it is
// to liblxc.
func (s *suite) measuresSnapshots(t *testing.T, ref runtime.Ref) {
	t.Helper()
	snaps, err := s.rt.Snapshots(s.context(t), ref)
	if err != nil || len(snaps) == 0 {
		t.Fatalf("snapshots %+v, %v", snaps, err)
	}
	as := runtime.Ref{Path: filepath.Dir(snaps[0].Path), Name: snaps[0].Name}
	f, err := s.rt.Footprint(s.context(t), as)
	if err != nil || f.Size <= 0 || f.Free == 0 || !f.RestoreCopies() {
		t.Errorf("footprint of %s: %+v, %v", snaps[0].Name, f, err)
	}
	as.Name = "snap99"
	_, err = s.rt.Footprint(s.context(t), as)
	wantError(t, err, runtime.ErrNotFound, "footprint", as)
}
