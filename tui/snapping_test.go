package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// byName orders what runs side by side.
func byName(q []runtime.Request) []runtime.Request {
	slices.SortFunc(q, func(a, b runtime.Request) int { return strings.Compare(a.Ref.Name, b.Ref.Name) })
	return q
}

func TestSnapshotOfAStoppedOne(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j")
	d.action(keymap.SnapshotNow)
	d.sees("Take a snapshot of bravo", "comment", "lxc-snapshot -P /var/lib/lxc -n bravo")
	d.seesNo("how")
	d.typed("before the upgrade")
	d.sees("printf %s 'before the upgrade' > COMMENT")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Snapshot, Ref: ref("bravo"), Expect: runtime.Stopped, Same: second, Args: &runtime.SnapshotArgs{Comment: "before the upgrade"}})
}

func TestSnapshotOfARunningOneStopsIt(t *testing.T) {
	d := newDeck(t, 90, 24, Options{}, some()...)
	d.action(keymap.SnapshotNow)
	d.sees("how", "stop, start again", "not while frozen: its root is a plain directory", "lxc-stop -P /var/lib/lxc -n alpha && lxc-snapshot")
	d.press("enter")
	d.sees("Stop alpha for a snapshot?", "alpha  running", "started again", "lxc-stop -P /var/lib/lxc -n alpha && lxc-snapshot")
	d.pass(questionGrace)
	d.press("enter")
	d.askedNothing()
	d.action(keymap.SnapshotNow)
	d.press("enter")
	d.pass(questionGrace)
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Snapshot, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.SnapshotArgs{Way: runtime.StopAndStart}})
}

func onBtrfs(r runtime.Ref) runtime.Footprint {
	if r.Name == "delta" {
		return runtime.Footprint{Backing: "dir", FrozenSnapshot: "a plain directory"}
	}
	return runtime.Footprint{Backing: "btrfs"}
}

func TestSnapshotWhileFrozen(t *testing.T) {
	d := deckOnHost(t, onBtrfs, some()...)
	d.action(keymap.SnapshotNow)
	d.sees("while frozen", "for as long as it takes")
	d.press("tab", "space")
	d.sees("< stop, start again >", "lxc-stop")
	d.press("space", "enter") // it interrupts for a moment only, and loses nothing
	wants(t, d.theOne(), runtime.Request{Op: runtime.Snapshot, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.SnapshotArgs{Way: runtime.WhileFrozen}})
}

// TestSnapshotOfMany: one comment for all, and one way for those that run.
func TestSnapshotOfMany(t *testing.T) {
	d := deckOnHost(t, onBtrfs, some()...)
	seen := 0
	ways := func() map[string]runtime.SnapshotWay {
		out := map[string]runtime.SnapshotWay{}
		all := d.rt.Requests()
		for _, q := range all[seen:] {
			a, ok := q.Args.(*runtime.SnapshotArgs)
			if !ok || a.Comment != "all" {
				t.Fatalf("%+v", q)
			}
			out[q.Ref.Name] = a.Way
		}
		seen = len(all)
		return out
	}
	d.press("*")
	d.action(keymap.SnapshotNow)
	d.sees("Take a snapshot of 4 containers", "3 of 4 are not stopped", "2 of 3 can; the others are left out")
	d.typed("all")
	d.press("tab", "right")
	d.sees("< leave out what runs >")
	d.press("enter")
	if got := ways(); len(got) != 1 || got["bravo"] != runtime.IfStopped {
		t.Fatalf("%v", got)
	}
	d.action(keymap.SnapshotNow)
	d.typed("all")
	d.press("enter")
	if got := ways(); len(got) != 3 || got["alpha"] != runtime.WhileFrozen || got["charlie"] != runtime.WhileFrozen {
		t.Fatalf("%v", got)
	}
	d.action(keymap.SnapshotNow)
	d.typed("all")
	d.press("tab", "left", "enter")
	d.sees("Stop 3 containers for a snapshot?", "alpha", "charlie", "delta")
	d.pass(questionGrace)
	d.press("y")
	if got := ways(); len(got) != 4 || got["delta"] != runtime.StopAndStart {
		t.Fatalf("%v", got)
	}
}

func TestAutostartForm(t *testing.T) {
	b := box("bravo", runtime.Stopped)
	b.Config = &runtime.Config{Autostart: true, Order: 5, Delay: 3 * time.Second, Groups: []string{"web", "db"}}
	d := newDeck(t, 90, 24, Options{}, b)
	d.action(keymap.SetAutostart)
	d.sees("Autostart of bravo", "yes", "web db", "lxc.start.auto = 1, lxc.start.order = 5", "lxc.group = web")
	d.press("tab")
	d.typed("x")
	d.sees(`"5x" is no whole number`)
	d.press("enter")
	d.askedNothing()
	d.press("ctrl+u")
	d.typed("-2")
	d.press("tab")
	d.typed("s")
	d.press("tab", "ctrl+u")
	d.typed("a#b")
	d.sees(`group "a#b"`)
	d.press("ctrl+u")
	d.typed("one, two")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.SetAutostart, Ref: ref("bravo"), Same: first, Args: &runtime.AutostartArgs{
		Auto: true, Order: -2, Delay: 3 * time.Second, Groups: []string{"one", "two"},
	}})
}

func TestAutostartDelays(t *testing.T) {
	d := newDeck(t, 90, 24, Options{}, box("bravo", runtime.Stopped))
	d.action(keymap.SetAutostart)
	d.press("tab", "tab", "ctrl+u")
	for _, bad := range []string{"-1", "1.5", "1m", "99999999999"} {
		d.typed(bad)
		d.sees("a delay is a number of seconds")
		d.press("ctrl+u")
	}
	d.press("enter") // nothing is 0
	wants(t, d.theOne(), runtime.Request{Op: runtime.SetAutostart, Ref: ref("bravo"), Same: first, Args: &runtime.AutostartArgs{}})
}

// TestAutostartOfManyKeepsWhatDiffers: what is not touched stays as each has it.
func TestAutostartOfManyKeepsWhatDiffers(t *testing.T) {
	a, b, c := box("alpha", runtime.Running), box("bravo", runtime.Stopped), box("unread", runtime.Stopped)
	a.Config = &runtime.Config{Autostart: true, Order: 1, Delay: time.Second, Groups: []string{"web"}}
	b.Config = &runtime.Config{Order: 2, Delay: time.Second}
	c.Config = nil
	d := newDeck(t, 100, 24, Options{}, a, b, c)
	d.press("*")
	d.action(keymap.SetAutostart)
	d.sees("Autostart of 2 containers", "as each has it", "- is none", "Left out: unread: its config was not read")
	d.press("tab", "tab", "ctrl+u")
	d.typed("9")
	d.press("enter")
	q := byName(d.rt.Requests())
	if len(q) != 2 {
		t.Fatalf("%+v", q)
	}
	wants(t, q[0], runtime.Request{Op: runtime.SetAutostart, Ref: ref("alpha"), Same: first, Args: &runtime.AutostartArgs{Auto: true, Order: 1, Delay: 9 * time.Second, Groups: []string{"web"}}})
	wants(t, q[1], runtime.Request{Op: runtime.SetAutostart, Ref: ref("bravo"), Same: second, Args: &runtime.AutostartArgs{Order: 2, Delay: 9 * time.Second}})
	d.action(keymap.SetAutostart)
	d.press("left", "tab", "tab", "tab")
	d.typed("-")
	d.press("enter")
	q = byName(d.rt.Requests()[2:])
	wants(t, q[0], runtime.Request{Op: runtime.SetAutostart, Ref: ref("alpha"), Same: first, Args: &runtime.AutostartArgs{Auto: true, Order: 1, Delay: 9 * time.Second}})
	wants(t, q[1], runtime.Request{Op: runtime.SetAutostart, Ref: ref("bravo"), Same: second, Args: &runtime.AutostartArgs{Auto: true, Order: 2, Delay: 9 * time.Second}})
}
