package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// kept is a stopped container with snapshots.
func kept(name string, snaps ...string) fake.Spec {
	b := box(name, runtime.Stopped)
	for _, s := range snaps {
		b.Snapshots = append(b.Snapshots, runtime.SnapshotInfo{Name: s, Size: 32 << 20})
	}
	return b
}

func TestDestroyWantsTheNameTyped(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, box("alpha", runtime.Running), kept("bravo", "snap0", "snap1"))
	d.press("D")
	d.sees("alpha is running: stop it before you destroy it")
	d.press("j", "D")
	d.sees("Destroy bravo?", "stopped", "in dir", "2, 64M: snap0 snap1", "config are removed", "lxc-destroy -P /var/lib/lxc -n bravo -s", "type bravo:")
	d.typed("bravo") // too soon
	d.press("enter")
	if d.m.overlay == nil {
		t.Fatal("keys of the first 300 ms answered the question")
	}
	d.pass(questionGrace)
	d.send(tea.PasteMsg{Content: "bravo"})
	d.sees("pasted text does not count: type it")
	d.press("enter")
	d.sees("nothing was done: bravo was not typed")
	d.askedNothing()

	d.press("D")
	d.pass(questionGrace)
	d.typed("n")
	d.press("y") // both are letters of a name
	d.press("enter")
	d.askedNothing()

	d.press("D")
	d.pass(questionGrace)
	d.typed("bravox")
	d.press("backspace")
	d.sees("enter yes")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Destroy, Ref: ref("bravo"), Expect: runtime.Stopped, Same: second, Args: &runtime.DestroyArgs{Snapshots: true, Known: []runtime.Seen{{Name: "snap0"}, {Name: "snap1"}}}})
	d.until("the end", func() bool { return d.names() == "alpha" })
}

func TestDestroyNamesTheRootThatIsKept(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, kept("bravo", "snap0"))
	d.rt.Leave(runtime.Leftover{ID: "old-0", Ref: ref("bravo"), What: "the root before the restore of snap0", Kept: true})
	d.run(d.m.readLeftovers())
	d.settle()
	d.press("D")
	d.sees("Destroy bravo?", "stays", "the root before the restore of snap0, until it is dismissed")
}

func TestDestroyManyWantsTheNumber(t *testing.T) {
	over := box("over", runtime.Stopped)
	over.Base = ref("base")
	d := newDeck(t, 90, 24, Options{}, kept("aged", "snap0"), kept("base"), box("live", runtime.Running), over, kept("plain"))
	d.press("*", "D")
	d.sees("Destroy 3 containers?", "1 snapshot", "left out: over is an overlay on its root", "left out: running: stop it", "type 3:")
	d.pass(questionGrace)
	d.typed("5")
	d.press("enter")
	d.askedNothing()
	d.press("D")
	d.pass(questionGrace)
	d.typed("3")
	d.press("enter")
	var got []string
	for _, q := range d.rt.Requests() {
		a, ok := q.Args.(*runtime.DestroyArgs)
		if !ok || q.Op != runtime.Destroy || q.Expect != runtime.Stopped || q.Same == "" || a.Snapshots != (q.Ref.Name == "aged") || a.Snapshots != (len(a.Known) > 0) {
			t.Errorf("%+v", q)
		}
		got = append(got, q.Ref.Name)
	}
	slices.Sort(got) // they run side by side
	if strings.Join(got, " ") != "aged over plain" {
		t.Errorf("%q", got)
	}
}

// TestDestroyOfABase: who depends on it is said, on its root or on a snapshot,
// and a word typed while that is found out ends nowhere.
// Whoever destroys many can see them all.
func TestDestroyManyScrolls(t *testing.T) {
	var all []fake.Spec
	for i := range 30 {
		all = append(all, kept(fmt.Sprintf("box-%02d", i)))
	}
	d := newDeck(t, 80, 24, Options{}, all...)
	d.press("*", "D")
	d.pass(questionGrace)
	d.sees("Destroy 30 containers?", "box-00", "of 30: up, down", "type 30:")
	d.typed("3")
	d.press("pgdown", "pgdown", "pgdown", "pgdown", "down")
	d.sees("box-29", "-30 of 30", "type 30: 3")
	d.press("up")
	d.sees("-29 of 30")
	d.typed("0")
	d.sees("enter yes")
	d.press("esc")
	d.askedNothing()
}

func TestDestroyOfABase(t *testing.T) {
	for _, on := range []runtime.Ref{ref("base"), {Path: "/var/lib/lxc/base/snaps", Name: "snap0"}} {
		over := box("over", runtime.Running)
		over.Base = on
		gate := make(chan struct{})
		foot := runtime.Footprint{Backing: "dir", Snapshots: []string{"snap0"}}
		if on == ref("base") {
			foot.Clones = []runtime.Ref{over.Ref}
		}
		d := deckOnHost(t, func(runtime.Ref) runtime.Footprint { <-gate; return foot }, kept("base", "snap0"), over, box("nginx", runtime.Running))
		d.stuck++
		d.press("D")
		d.sees("Destroy base?", "measuring ...")
		d.pass(questionGrace)
		d.typed("base")
		d.press("enter")
		d.sees("not yet: it is being measured")
		d.stuck--
		close(gate)
		d.until("the measure", func() bool { return strings.Contains(d.screen(), "cannot be destroyed") })
		d.sees("over is an overlay on its "+map[string]string{"base": "root", "snap0": "snapshot snap0"}[on.Name], "Destroy those first", "esc leaves")
		d.typed("base q")
		if d.m.overlay == nil {
			t.Fatal("a letter of a name has closed it")
		}
		d.press("enter")
		d.askedNothing()
		if d.m.overlay != nil {
			t.Fatal("enter does not leave")
		}
	}
}

// TestDestroyWithoutMeasureTakesNoSnapshots: what the question did not name
// does not go.
func TestDestroyWithoutMeasureTakesNoSnapshots(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, kept("bravo", "snap0"))
	d.rt.Fail(fake.Survey, ref("bravo"), fake.Fault{Err: runtime.ErrNoAnswer})
	d.press("D")
	d.pass(questionGrace)
	d.typed("bravo")
	d.press("enter")
	if a, ok := d.theOne().Args.(*runtime.DestroyArgs); !ok || a.Snapshots {
		t.Fatalf("%+v", a)
	}
	d.sees("it has snapshots")
}

func TestDestroyOfAnOddName(t *testing.T) {
	for name, word := range map[string]string{"東京": "東京", "a\x1bb": `a\x1bb`, "two words": "two words"} {
		d := newDeck(t, 80, 24, Options{}, kept(name))
		d.press("D")
		d.pass(questionGrace)
		d.typed(word)
		d.press("enter")
		if q := d.theOne(); q.Ref.Name != name {
			t.Errorf("%+v", q)
		}
	}
}

func TestNothingIsDestroyedThatHasStarted(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, kept("bravo"))
	d.press("D")
	d.pass(questionGrace)
	d.typed("bravo")
	d.rt.Become(ref("bravo"), runtime.Running)
	d.press("enter")
	d.sees("it was STOPPED and is RUNNING now")
	if _, ok := d.rt.Get(ref("bravo")); !ok {
		t.Fatal("gone")
	}
}
