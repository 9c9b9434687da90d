package lxc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// eras is a container that was restored twice: from snap0, and, changed since, from
// snap1. ids are those of the old roots; all roots have a file that tells them apart.
func eras(t *testing.T) (s *lxctest.Scratch, a *Adapter, ref runtime.Ref, ids [2]string) {
	t.Helper()
	s, a = owning(t, "lxcdt-eras")
	ref = runtime.Ref{Path: s.Path, Name: "lxcdt-eras"}
	era := func(name string) { put(t, filepath.Join(rootOn(ref), "era"), name) }
	era("first")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	era("second")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	era("original")
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	ids[0] = leftoversOf(t, a)[0].ID
	era("changed")
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap1"}))
	for _, l := range leftoversOf(t, a) {
		if l.ID != ids[0] {
			ids[1] = l.ID
		}
	}
	return s, a, ref, ids
}

// calls are how each of the roots may be called.
var calls = map[string][]string{
	"original": {"the root and config from before the restore of snap0"},
	"changed":  {"the root and config from before the restore of snap1", "what the restore of snap0 had made"},
	"second":   {"what the restore of snap1 had made"},
}

// wantTrue checks that every old root is called what it is.
func wantTrue(t *testing.T, when string, a *Adapter, n int) {
	t.Helper()
	left := leftoversOf(t, a)
	if len(left) != n {
		t.Errorf("%s: %d are left, want %d: %+v", when, len(left), n, left)
	}
	for _, l := range left {
		era := read(t, l.Where, "lxcdt-eras", "rootfs", "era")
		if !slices.ContainsFunc(calls[era], func(c string) bool { return strings.HasPrefix(l.What, c) }) {
			t.Errorf("%s: the root %q is called %q", when, era, l.What)
		}
	}
}

func swaps(t *testing.T, a *Adapter, ref runtime.Ref, id string, way runtime.RecoverWay) {
	t.Helper()
	must(t, doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: id, Way: way}))
}

// TestOldRootsAreCalledWhatTheyAre undoes two restores in any order.
func TestOldRootsAreCalledWhatTheyAre(t *testing.T) {
	_, a, ref, ids := eras(t)
	wantTrue(t, "restored twice", a, 2)
	since := map[string]string{}
	for _, l := range leftoversOf(t, a) {
		since[l.What] = l.Since.String()
	}
	for _, i := range []int{0, 1, 0, 1, 1, 0, 1, 0, 0, 1} {
		swaps(t, a, ref, ids[i], runtime.Undo)
		wantTrue(t, "undone "+ids[i], a, 2)
		for _, l := range leftoversOf(t, a) {
			if at := since[l.What]; at != "" && at != l.Since.String() {
				t.Errorf("%q is of %s, and was of %s", l.What, l.Since, at)
			}
		}
	}
}

// TestOldRootsAreCalledWhatTheyAreAfterADismissal removes a root, and the journal
// that knew most of the others.
func TestOldRootsAreCalledWhatTheyAreAfterADismissal(t *testing.T) {
	for _, i := range []int{0, 1} {
		_, a, ref, ids := eras(t)
		swaps(t, a, ref, ids[0], runtime.Undo)
		swaps(t, a, ref, ids[1], runtime.Undo)
		wantTrue(t, "out of order", a, 2)
		swaps(t, a, ref, ids[i], runtime.Dismiss)
		wantTrue(t, "one dismissed", a, 1)
		for range 3 {
			swaps(t, a, ref, ids[1-i], runtime.Undo)
			wantTrue(t, "undone after that", a, 1)
		}
	}
}

// TestOldRootsAreCalledWhatTheyAreAfterAKill kills the second of two undoes that
// are out of order, at each of its steps.
func TestOldRootsAreCalledWhatTheyAreAfterAKill(t *testing.T) {
	_, a, ref, ids := eras(t)
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo} {
		for _, step := range []string{stepExchanging, stepConfig, "exchanged"} {
			swaps(t, a, ref, ids[0], runtime.Undo)
			killedAt(t, step, helperRequest{
				Kind: kindOp, Op: runtime.Recover, Ref: ref, Args: &runtime.RecoverArgs{ID: ids[1], Way: runtime.Undo},
			})
			// Where each root is is known to that one alone: it comes first.
			err := doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: ids[0], Way: runtime.Undo})
			mention(t, err, runtime.ErrInUse, "snap1 was interrupted")
			mention(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}), runtime.ErrInUse, "interrupted")
			swaps(t, a, ref, ids[1], way)
			wantTrue(t, way.String()+" at "+step, a, 2)
		}
	}
}

// TestDismissKilled: what is left of a root is offered to nobody.
func TestDismissKilled(t *testing.T) {
	s, a := owning(t, "lxcdt-half")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-half"}
	past(t, s, ref, rootOn(ref))
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	left := leftoversOf(t, a)[0]
	killedAt(t, stepRemoving, helperRequest{
		Kind: kindOp, Op: runtime.Recover, Ref: ref, Args: &runtime.RecoverArgs{ID: left.ID, Way: runtime.Dismiss},
	})
	must(t, os.RemoveAll(filepath.Join(left.Where, ref.Name, "rootfs/bin")))
	if now := leftoversOf(t, a); len(now) != 1 || now[0].Kept || !slices.Equal(now[0].Ways, []runtime.RecoverWay{runtime.Dismiss}) {
		t.Errorf("left: %+v", now)
	}
	mention(t, doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: left.ID, Way: runtime.Undo}), runtime.ErrInvalid)
	must(t, goes(t, a, runtime.Dismiss))
	wantNothingLeft(t, a, s.Path)
	wantEra(t, s, ref, rootOn(ref), "past")
}

// TestDismissOfWhatWasAskedAbout: who was asked about one root does not remove
// another that has come in its place since. Both are from before a restore of
// snap0: only the time tells them apart.
func TestDismissOfWhatWasAskedAbout(t *testing.T) {
	s, a := owning(t, "lxcdt-eras")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-eras"}
	must(t, s.Tool("lxc-snapshot", ref.Name))
	for _, era := range []string{"original", "changed"} {
		put(t, filepath.Join(rootOn(ref), "era"), era)
		must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	}
	asked := leftoversOf(t, a)
	swaps(t, a, ref, asked[0].ID, runtime.Undo)
	swaps(t, a, ref, asked[1].ID, runtime.Undo)
	now := leftoversOf(t, a)[1]
	if got := read(t, now.Where, ref.Name, "rootfs/era"); got != "original" || now.What != asked[0].What || !now.Since.Equal(asked[0].Since) {
		t.Errorf("the root %q is %q of %s, and was %q of %s", got, now.What, now.Since, asked[0].What, asked[0].Since)
	}
	about := &runtime.RecoverArgs{ID: asked[1].ID, Way: runtime.Dismiss, What: asked[1].What, Since: asked[1].Since}
	mention(t, doing(t, a, runtime.Recover, ref, about), runtime.ErrNoLeftover, "something else by now")
	if got := read(t, now.Where, ref.Name, "rootfs/era"); got != "original" {
		t.Errorf("the original is %q", got)
	}
	about.Since = now.Since
	must(t, doing(t, a, runtime.Recover, ref, about))
}
