package tui

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// snapped is a host on which alpha runs and bravo is stopped, both with
// snapshots; charlie is an overlay on the first of bravo's.
func snapped() []fake.Spec {
	specs := some()
	for i := range 2 {
		for k, comment := range []string{"as installed", "before the upgrade\nlong story: \x1b[31m"} {
			specs[i].Snapshots = append(specs[i].Snapshots, runtime.SnapshotInfo{
				Name: fmt.Sprintf("snap%d", k), Path: fmt.Sprintf("/var/lib/lxc/%s/snaps/snap%d", specs[i].Name, k),
				Taken: snapTaken(k), Comment: comment, Size: int64(k+1) << 30,
			})
		}
	}
	specs[2] = box("charlie", runtime.Stopped)
	specs[2].Base = runtime.Ref{Path: "/var/lib/lxc/bravo/snaps", Name: "snap0"}
	return specs
}

// snapTaken is when snapped took a snapshot.
func snapTaken(number int) time.Time { return noon.Add(time.Duration(number-3) * time.Hour) }

// snapDeck shows the snapshots of bravo, which is stopped.
func snapDeck(t *testing.T, w, h int) *deck {
	t.Helper()
	d := newDeck(t, w, h, Options{}, snapped()...)
	d.press("j", "p")
	return d
}

// says is sees for sentences, which may stand on several rows of a box.
func (d *deck) says(sentence string) {
	d.t.Helper()
	words := strings.Join(strings.Fields(strings.ReplaceAll(d.screen(), "│", " ")), " ")
	if !strings.Contains(words, sentence) {
		d.t.Fatalf("no %q on screen:\n%s", sentence, d.screen())
	}
}

// yes answers the question that is open.
func (d *deck) yes() {
	d.t.Helper()
	d.pass(questionGrace)
	d.press("y")
}

func (d *deck) asked(n int) runtime.Request {
	d.t.Helper()
	q := d.rt.Requests()
	if len(q) != n {
		d.t.Fatalf("%d requests, want %d: %+v\n%s", len(q), n, q, d.screen())
	}
	if n == 0 {
		return runtime.Request{}
	}
	return q[n-1]
}

func TestSnapshotListShowsAll(t *testing.T) {
	d := snapDeck(t, 80, 24)
	d.sees("Snapshots of bravo", "NAME", "AGE", "SIZE", "USED BY", "snap0  3h00  1.0G  charlie  as installed",
		"snap1  2h00  2.0G           before the upgrade …", "n new   R restore   A as new   D delete   enter in full   esc leaves")
	d.seesNo("long story")
	d.press("enter")
	d.sees("snap1 of bravo", "taken ", "2h00 ago", "size     2.0G", "/var/lib/lxc/bravo/snaps/snap1", `long story: \x1b[31m`)
	d.press("esc")
	d.sees("Snapshots of bravo")
	d.press("k", "enter")
	d.sees("used by  charlie", "as installed")
	d.press("esc", "esc")
	d.seesNo("Snapshots of bravo")
	d.at("bravo")
	d.asked(0)
}

func TestSnapshotListReadsOffTheLoop(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, snapped()...)
	d.rt.Fail(fake.Survey, ref("alpha"), fake.Fault{Stuck: true})
	d.stuck = 1
	d.press("p")
	d.sees("Snapshots of alpha", "reading ...")
	d.press("j", "k", "enter", "R") // nothing is there yet
	d.asked(0)
	d.stuck = 0
	d.press("esc") // what is being read is given up
	d.seesNo("Snapshots of alpha")
	d.rt.Heal(fake.Survey, ref("alpha"))
	d.rt.Fail(fake.Survey, ref("alpha"), fake.Fault{Err: errors.New("bad disk"), Times: 1})
	d.press("p")
	d.sees("bad disk")
	d.seesNo("reading ...", "no snapshot")
	d.press("ctrl+r")
	d.sees("snap0", "snap1")
	d.seesNo("bad disk")
}

func TestSnapshotListWithoutAny(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j", "p")
	d.sees("no snapshot yet: n takes one", "n new   esc leaves")
	d.press("k", "j", "R", "D", "A", "x", "u", "enter")
	d.sees("no snapshot yet")
	d.press("n")
	d.sees("Take a snapshot of bravo", "comment")
	d.typed("first 'one'")
	d.sees(`printf %s 'first '\''one'\''' > COMMENT && lxc-snapshot`)
	d.press("enter")
	q := d.asked(1)
	if q.Op != runtime.Snapshot || q.Ref != ref("bravo") || q.Expect != runtime.Stopped || *q.Args.(*runtime.SnapshotArgs) != (runtime.SnapshotArgs{Comment: "first 'one'"}) {
		t.Fatalf("%+v", q)
	}
	d.sees("Snapshots of bravo", "snap0", "first 'one'") // read anew, the list is still open
}

func TestSnapshotOfARunningContainer(t *testing.T) {
	d := newDeck(t, 100, 24, Options{}, snapped()...)
	d.press("p", "n")
	d.sees("Take a snapshot of alpha", "its root is a plain directory", "lxc-stop -P /var/lib/lxc -n alpha && lxc-snapshot")
	d.typed("c")
	d.press("enter")
	d.sees("Stop alpha for a snapshot?")
	d.asked(0)
	d.yes()
	q := d.asked(1)
	if a := q.Args.(*runtime.SnapshotArgs); q.Expect != runtime.Running || a.Comment != "c" || a.Way != runtime.StopAndStart {
		t.Fatalf("%+v", q)
	}
	d.sees("Snapshots of alpha", "snap2")
}

func TestSnapshotRestoreInPlace(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, snapped()...)
	d.press("p")
	d.seesNo("R restore") // it runs
	d.press("R")
	d.sees("alpha is running: stop it before you restore it", "Snapshots of alpha")
	d.press("esc", "j", "p", "R")
	d.sees("Restore snap1 of bravo?", "old ones are kept until dismissed", "stopped", "lxc-snapshot -P /var/lib/lxc -n bravo -r snap1")
	d.pass(questionGrace)
	d.press("enter") // no
	d.sees("Snapshots of bravo")
	d.asked(0)
	d.press("R")
	d.yes()
	q := d.asked(1)
	if q.Op != runtime.Restore || q.Ref != ref("bravo") || q.Expect != runtime.Stopped || q.Same != second || *q.Args.(*runtime.RestoreArgs) != (runtime.RestoreArgs{Snap: "snap1", Taken: snapTaken(1)}) {
		t.Fatalf("%+v", q)
	}
	d.sees("Snapshots of bravo", "OLD ROOTS", "the root before the restore of snap1", "180M")
}

// What a restore needs, and who depends on the root, is known before the answer.
func TestSnapshotRestoreSaysWhatItNeeds(t *testing.T) {
	over := box("over", runtime.Stopped)
	over.Base = ref("bravo")
	for _, c := range []struct {
		name string
		foot runtime.Footprint
		size int64 // in the list of snapshots
		says []string
		no   bool
	}{
		{"room", runtime.Footprint{Backing: "dir", Size: 3 << 30, Free: 40 << 30}, 2 << 30, []string{"needs", "2.0G, 40G free", "keeps", "3.0G, the root and config of now"}, false},
		{"no room", runtime.Footprint{Backing: "dir", Size: 3 << 30, Free: 1 << 30}, 2 << 30, []string{"2.0G, 1.0G free: it does not fit"}, false},
		{"too large for the list", runtime.Footprint{Backing: "dir", Size: 3 << 30, Free: 40 << 30}, -1, []string{"7.0G, 40G free"}, false},
		{"shared blocks", runtime.Footprint{Backing: "btrfs", Size: 3 << 30, Free: 1 << 30}, -1, []string{"next to nothing", "shares its blocks"}, false},
		{"in use", runtime.Footprint{Backing: "dir", Clones: []runtime.Ref{over.Ref}}, 2 << 30, []string{"bravo cannot be restored", "over is an overlay on its root and would lose it"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			gate := make(chan struct{})
			foot := func(r runtime.Ref) runtime.Footprint {
				<-gate
				if r == (runtime.Ref{Path: "/var/lib/lxc/bravo/snaps", Name: "snap1"}) {
					return runtime.Footprint{Backing: "dir", Size: 7 << 30}
				}
				return c.foot
			}
			specs := snapped()
			specs[1].Snapshots[1].Size = c.size
			d := deckOnHost(t, foot, append(specs, over)...)
			d.press("j", "p")
			d.stuck++
			d.press("R")
			d.sees("Restore snap1 of bravo?", "measuring ...")
			d.pass(questionGrace)
			d.press("y")
			d.sees("not yet: it is being measured")
			d.stuck--
			close(gate)
			d.until("the measure", func() bool { return !strings.Contains(d.screen(), "measuring ...") })
			for _, s := range c.says {
				d.says(s)
			}
			d.press("y")
			if n := len(d.rt.Requests()); (n == 0) != c.no {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestSnapshotOldRoots(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, snapped()...)
	leave := func(id, what string, kept bool, ways ...runtime.RecoverWay) {
		d.rt.Leave(runtime.Leftover{ID: id, Ref: ref("bravo"), What: what, Since: noon.Add(-50 * time.Hour), Size: 3 << 30, Kept: kept, Ways: ways, Where: "/w"})
	}
	leave("a", "kept one", true, runtime.Dismiss, runtime.Undo)
	leave("b", "kept two", true, runtime.Dismiss)
	leave("c", "interrupted", false, runtime.Finish)
	d.rt.Leave(runtime.Leftover{ID: "d", Ref: ref("alpha"), What: "another's", Kept: true})
	d.press("j", "p")
	d.sees("OLD ROOTS", "kept one", "kept two", "2d", "3.0G")
	d.seesNo("interrupted", "another's")
	d.press("x")
	d.sees("that is a snapshot: R restores it")
	d.press("j")
	d.sees("x dismiss   u undo   enter in full")
	d.press("R")
	d.sees("that is a kept root")
	d.press("enter")
	d.sees("A kept root of bravo", "kept one", "path     /w")
	d.press("esc", "u")
	d.sees("Undo the restore of bravo?")
	d.says("Swapped back: kept one. Those of now are kept instead")
	d.says("No lxc-* command does that.")
	d.yes()
	if q := d.asked(1); q.Op != runtime.Recover || *q.Args.(*runtime.RecoverArgs) != (runtime.RecoverArgs{ID: "a", Way: runtime.Undo, What: "kept one", Since: noon.Add(-50 * time.Hour)}) {
		t.Fatalf("%+v", q)
	}
	d.seesNo("kept one")
	d.sees("x dismiss   enter in full") // this one cannot be undone
	d.press("u")
	d.sees("kept two cannot be undone: x dismisses it")
	d.press("x")
	d.sees("Dismiss the kept root of bravo?", "removed for good")
	d.says("It takes 3.0G.")
	d.yes()
	if q := d.asked(2); *q.Args.(*runtime.RecoverArgs) != (runtime.RecoverArgs{ID: "b", Way: runtime.Dismiss, What: "kept two", Since: noon.Add(-50 * time.Hour)}) {
		t.Fatalf("%+v", q)
	}
	d.seesNo("OLD ROOTS")
	d.sees("Snapshots of bravo")
}

func TestSnapshotDelete(t *testing.T) {
	d := snapDeck(t, 100, 30)
	d.press("k")
	d.seesNo("D delete")
	d.press("D")
	d.sees("snap0 is what charlie is an overlay on: destroy that first")
	d.asked(0)
	d.press("j", "D")
	d.sees("Delete snap1 of bravo?", "lxc-snapshot -P /var/lib/lxc -n bravo -d snap1")
	d.says("It takes 2.0G.")
	d.yes()
	if q := d.asked(1); q.Op != runtime.DeleteSnapshot || q.Same != second || *q.Args.(*runtime.RestoreArgs) != (runtime.RestoreArgs{Snap: "snap1", Taken: snapTaken(1)}) {
		t.Fatalf("%+v", q)
	}
	d.seesNo("snap1 ")
	d.sees("snap0", "Snapshots of bravo")
}

func TestSnapshotRestoreAs(t *testing.T) {
	d := snapDeck(t, 100, 30)
	d.press("A", "enter")
	d.sees("Make a container of snap1 of bravo", "a container needs a name")
	d.typed("delta")
	d.sees("there is a container of that name")
	d.press("enter")
	d.asked(0)
	d.typed("2")
	d.seesNo("there is a container")
	d.sees("lxc-snapshot -P /var/lib/lxc -n bravo -r snap1 -N delta2", "takes 2.0G")
	d.press("tab", "tab", "space")
	d.sees("an overlay")
	d.says("lxc-copy -P /var/lib/lxc/bravo/snaps -n snap1 -s -p /var/lib/lxc -N delta2")
	d.press("tab", "space")
	d.says("&& lxc-start")
	d.press("enter")
	q := d.asked(1)
	if want := (&runtime.RestoreArgs{Snap: "snap1", Taken: snapTaken(1), To: ref("delta2"), CoW: true, Start: true}); q.Op != runtime.RestoreAs || !reflect.DeepEqual(q.Args, want) {
		t.Fatalf("%+v", q)
	}
	if c, ok := d.rt.Get(ref("delta2")); !ok || c.State != runtime.Running {
		t.Fatalf("%v %v", c.State, ok)
	}
	d.sees("Snapshots of bravo", "bravo: restore as delta2 done", "delta2") // it is used now
}

// A failure is told, and the list says what is true afterwards.
func TestSnapshotFailureLeavesTheList(t *testing.T) {
	d := snapDeck(t, 100, 30)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: errors.New("disk full"), Times: 1})
	d.press("n", "enter")
	d.sees("disk full", "Snapshots of bravo")
	d.seesNo("snap2")
	d.rt.Remove(ref("bravo"))
	d.pass(time.Second)
	d.until("the list", func() bool { return d.m.byRef(ref("bravo")) == nil })
	d.press("n")
	d.sees("bravo is gone")
	d.press("ctrl+r")
	d.sees("no such container")
}

// The cursor stays on its snapshot when others come and go.
func TestSnapshotCursorFollows(t *testing.T) {
	d := snapDeck(t, 100, 30)
	x := d.m.overlay.(*snapList)
	if x.snap().Name != "snap1" {
		t.Fatal("the newest is not selected")
	}
	d.rt.Set(ref("bravo"), runtime.Changed, func(s *fake.Spec) {
		s.Snapshots = append([]runtime.SnapshotInfo{{Name: "older", Size: -1}}, s.Snapshots...)
	})
	d.press("ctrl+r")
	if x.snap().Name != "snap1" || x.at != 2 {
		t.Fatalf("%s at %d", x.snap().Name, x.at)
	}
	d.press("g", "down", "G", "down", "up")
	if x.at != 1 {
		t.Fatal(x.at)
	}
	// What was asked for before the last reading is nobody's.
	d.send(snapshotsMsg{list: x, gen: x.gen - 1})
	if len(x.snaps) != 3 {
		t.Fatal("an old reading was taken over")
	}
}

func TestSnapshotListReadOnly(t *testing.T) {
	d := newDeck(t, 80, 24, Options{ReadOnly: true}, snapped()...)
	d.press("j", "p")
	d.sees("snap1", "enter in full   esc leaves")
	d.seesNo("n new", "R restore", "D delete", "A as new")
	for _, key := range []string{"n", "R", "A", "D"} {
		d.press(key)
		d.sees("read-only")
		if _, ok := d.m.overlay.(*snapList); !ok {
			t.Fatalf("%s opens something", key)
		}
	}
}

func TestSnapshotsOnSmallScreens(t *testing.T) {
	for _, s := range [][2]int{{40, 8}, {40, 10}, {80, 24}, {120, 40}, {200, 60}} {
		d := newDeck(t, s[0], s[1], Options{}, snapped()...)
		d.rt.Set(ref("bravo"), runtime.Changed, func(sp *fake.Spec) {
			for i := range 70 {
				sp.Snapshots = append(sp.Snapshots, runtime.SnapshotInfo{Name: fmt.Sprintf("more%d", i), Size: -1, Comment: strings.Repeat("日本 ", 99)})
			}
		})
		d.press("j", "p")
		for _, key := range []string{"G", "g", "down", "pgdown", "enter", "G", "esc", "n", "esc", "R", "esc", "A", "esc"} {
			d.press(key)
			d.pass(questionGrace)
			exact(t, d, s[0], s[1])
		}
		d.press("G")
		d.sees("more69")
		d.press("g")
		d.sees("snap0")
		d.send(tea.PasteMsg{Content: "x"})
		d.sees("snap0")
	}
}

// Somebody else has taken a snapshot and deleted another: the list follows.
func TestSnapshotListFollowsOthers(t *testing.T) {
	d := snapDeck(t, 100, 24)
	d.press("k")
	d.sees("snap0", "snap1")
	specs := snapped()
	bravo := specs[1]
	bravo.Snapshots = append(bravo.Snapshots[:1:1], runtime.SnapshotInfo{Name: "snap2", Taken: noon, Comment: "by lxc-snapshot", Size: 1 << 30})
	d.rt.Add(bravo)
	d.pass(snapLookEvery + d.m.interval)
	d.until("the new list", func() bool { return strings.Contains(d.screen(), "by lxc-snapshot") })
	d.seesNo("snap1")
	x := d.m.snapshotsOpen()
	if s := x.snap(); s == nil || s.Name != "snap0" {
		t.Errorf("the cursor is on %+v", s)
	}
	// What has not changed is not read again, whose sizes have to be measured.
	gen := x.gen
	d.pass(5 * (snapLookEvery + d.m.interval))
	if x.gen != gen {
		t.Errorf("read %d times more", x.gen-gen)
	}
	d.press("esc")
	d.pass(snapLookEvery + d.m.interval)
}
