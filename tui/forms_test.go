package tui

import (
	"context"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// action does what no key stands for.
func (d *deck) action(id keymap.ID) {
	d.t.Helper()
	a, ok := keymap.Find(id)
	if !ok {
		d.t.Fatalf("no action %s", id)
	}
	d.run(d.m.do(a))
	d.m.dirty, d.m.paint.all = true, true
	d.settle()
}

// onHost measures by the test's own rule.
type onHost struct {
	*fake.Runtime
	footprint func(runtime.Ref) runtime.Footprint
}

func (h onHost) Footprint(ctx context.Context, ref runtime.Ref) (runtime.Footprint, error) {
	if _, err := h.Runtime.Footprint(ctx, ref); err != nil {
		return runtime.Footprint{}, err
	}
	return h.footprint(ref), nil
}

// deckOnHost is newDeck on a host whose measures are the test's.
func deckOnHost(t *testing.T, footprint func(runtime.Ref) runtime.Footprint, specs ...fake.Spec) *deck {
	t.Helper()
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc", "/srv/lxc"}}, specs...)
	d := newDeckOn(t, 80, 24, Options{}, onHost{rt, footprint}, rt, clock)
	d.until("the watch", func() bool { return d.watching })
	return d
}

// theOne is the one Request that reached the host.
func (d *deck) theOne() runtime.Request {
	d.t.Helper()
	q := d.rt.Requests()
	if len(q) != 1 {
		d.t.Fatalf("%d requests: %+v\n%s", len(q), q, d.screen())
	}
	return q[0]
}

func (d *deck) askedNothing() {
	d.t.Helper()
	if q := d.rt.Requests(); len(q) != 0 {
		d.t.Fatalf("%+v\n%s", q, d.screen())
	}
}

// The Identities that the fake gives its first containers, the alpha and bravo of some.
const (
	first  = "1"
	second = "2"
)

func wants(t *testing.T, got, want runtime.Request) {
	t.Helper()
	got.Progress = nil // the job's own
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v with %+v\nwant %+v with %+v", got, got.Args, want, want.Args)
	}
}

func TestCloneForm(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, some()...)
	d.press("C")
	d.sees("alpha is running: stop it before you clone it")
	d.press("j", "C")
	d.sees("Clone bravo", "> name", "of the new container", "lxcpath", "/var/lib/lxc", " free", "keep MAC", "start")
	d.seesNo("ephemeral", "lxc-copy")
	d.press("enter")
	d.sees("a name is needed")
	d.typed("alpha")
	d.sees("there is a container of that name")
	d.press("enter")
	d.askedNothing()
	d.press("ctrl+u")
	d.typed("a/b")
	d.sees(`container name "a/b" is not one path component`)
	d.press("ctrl+u")
	d.typed("bravo-2")
	d.seesNo("of that name", "component")
	d.sees("lxc-copy -P /var/lib/lxc -n bravo -N bravo-2")
	d.typed("_")
	d.sees("letters, digits and - are safe there") // that keeps nobody from it
	d.press("backspace", "tab", "space")           // another lxcpath
	d.sees("-p /srv/lxc")
	d.press("tab", "space") // on write
	d.sees("< on write >", "an overlay: bravo has to stay", "ephemeral", " -s")
	d.press("tab", "space", "tab", "tab", "space")
	d.sees(" -M", " -e")
	d.seesNo("  start")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Clone, Ref: ref("bravo"), Expect: runtime.Stopped, Same: second, Args: &runtime.CloneArgs{
		To: runtime.Ref{Path: "/srv/lxc", Name: "bravo-2"}, CoW: true, KeepMAC: true, Ephemeral: true,
	}})
	d.until("the clone", func() bool { return strings.Contains(d.names(), "bravo-2") })
}

func TestNamesThatCannotBe(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, some()...)
	d.rt.NoConfig(ref("ruin"))
	d.press("ctrl+r", "j", "C")
	for _, x := range [][2]string{
		{"ruin", "a directory of that name is in the way"}, {"..", "is not one path component"}, {" a", "begins or ends with a blank"},
		{strings.Repeat("x", 300), "of 300 bytes (255 at most)"},
	} {
		d.press("ctrl+u")
		d.typed(x[0])
		d.sees(x[1])
		d.press("enter")
		d.askedNothing()
	}
}

func TestCloneOfWhatCannotBeShared(t *testing.T) {
	d := deckOnHost(t, func(runtime.Ref) runtime.Footprint {
		return runtime.Footprint{Backing: "loop", Size: 3 << 30, Free: 1 << 30}
	}, some()...)
	d.press("j", "C")
	d.sees("does not fit: 3.0G, 1.0G free")
	d.typed("x")
	d.press("tab", "tab", "space")
	d.sees("a root in loop can only be copied in full")
	d.press("enter")
	d.askedNothing()
	d.press("space", "enter")
	if a, ok := d.theOne().Args.(*runtime.CloneArgs); !ok || a.CoW {
		t.Fatalf("%+v", a)
	}
}

// TestMeasuringNeverHolds: a form whose measure hangs can be left, and what
// comes late changes nothing.
func TestMeasuringNeverHolds(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Survey, ref("bravo"), fake.Fault{Stuck: true})
	d.press("j")
	for _, key := range []string{"C", "M", "D"} {
		d.stuck++
		d.press(key)
		d.sees("measuring ...")
		d.pass(questionGrace)
		d.stuck--
		d.press("esc") // ends the measuring too: its command comes back
		if d.m.overlay != nil || d.m.gauge.owner != nil {
			t.Fatalf("%s: not left", key)
		}
	}
	d.rt.Heal(fake.Survey, ref("bravo"))
	d.press("C")
	before := d.screen()
	d.send(gaugedMsg{id: d.m.gauge.id - 1, ref: ref("bravo"), x: measured{done: true, foot: runtime.Footprint{Size: 77 << 30}}})
	if d.screen() != before {
		t.Fatalf("a stranger was taken:\n%s", d.screen())
	}
	d.rt.Fail(fake.Survey, ref("bravo"), fake.Fault{Err: runtime.ErrPermission})
	d.press("esc", "M")
	d.sees("not measured", "permission")
	d.press("esc", "D")
	d.sees("not measured", "permission denied")
}

func TestRenameInPlace(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j", "M")
	d.sees("Rename bravo", "new name", "in place, nothing is copied")
	d.press("enter")
	d.sees("there is a container of that name")
	d.typed("2")
	d.press("enter")
	d.sees("Rename bravo to bravo2?", "in place", "lxc-copy -P /var/lib/lxc -n bravo -R -N bravo2")
	d.press("y")
	d.askedNothing()
	d.pass(questionGrace)
	d.press("enter")
	d.askedNothing()
	d.sees("new name", "bravo2") // a no loses nothing of what was typed
	d.press("enter")
	d.pass(questionGrace)
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Rename, Ref: ref("bravo"), Expect: runtime.Stopped, Same: second, Args: &runtime.RenameArgs{To: "bravo2"}})
}

func TestRenameByCopySaysWhatItTakes(t *testing.T) {
	gate := make(chan struct{})
	d := deckOnHost(t, func(runtime.Ref) runtime.Footprint {
		<-gate
		return runtime.Footprint{Backing: "dir", Size: 2 << 30, Free: 3 << 30, RenameCopies: "it has snapshots"}
	}, some()...)
	d.press("j")
	d.stuck++
	d.press("M")
	d.typed("x")
	d.press("enter")
	d.sees("Rename bravo to bravox?", "measuring ...")
	d.pass(questionGrace)
	d.press("y")
	d.sees("not yet")
	d.askedNothing()
	d.stuck--
	close(gate)
	d.until("the measure", func() bool { return !strings.Contains(d.screen(), "measuring") })
	d.sees("by a copy of its root: it has snapshots", "copies", "2.0G, 3.0G free")
	d.seesNo("not yet")
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Rename, Ref: ref("bravo"), Expect: runtime.Stopped, Same: second, Args: &runtime.RenameArgs{To: "bravox", Copy: true}})
}

func TestRenameOfABase(t *testing.T) {
	over := box("over", runtime.Stopped)
	over.Base = ref("bravo")
	d := newDeck(t, 80, 24, Options{}, append(some(), over)...)
	d.press("j", "M")
	d.typed("x")
	d.press("enter")
	d.sees("bravo cannot be renamed", "over is an overlay on its root and would lose it", "esc leaves")
	d.pass(questionGrace)
	d.press("y", "enter")
	d.askedNothing()
}

func TestNothingIsRenamedThatHasStarted(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j", "M")
	d.typed("2")
	d.press("enter")
	d.pass(questionGrace)
	d.rt.Become(ref("bravo"), runtime.Running)
	d.press("y")
	d.sees("it was STOPPED and is RUNNING now")
}

func TestStartWithACommand(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j")
	d.action(keymap.StartWith)
	d.sees("Start bravo with a command", "its first process")
	d.press("enter")
	d.sees("a command is needed")
	d.typed("sh -c 'echo")
	d.seesNo("is not closed") // while it is typed
	d.press("enter")
	d.sees("a ' is not closed")
	d.typed(" a'")
	d.sees("lxc-start -P /var/lib/lxc -n bravo -- sh -c 'echo a'")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Start, Ref: ref("bravo"), Expect: runtime.Stopped, Same: second, Args: &runtime.StartArgs{Command: []string{"sh", "-c", "echo a"}}})
}

func TestDevices(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.action(keymap.AddDevice)
	d.sees("Add a device to alpha", "device node", "/dev/ttyUSB0")
	d.press("tab", "enter")
	d.sees("a device is needed")
	d.typed("ttyUSB0")
	d.sees(`device "ttyUSB0" is not an absolute, clean path`)
	d.press("home")
	d.typed("/dev/")
	d.press("tab")
	d.typed("x")
	d.sees(`device "x" is not an absolute, clean path`)
	d.press("ctrl+u")
	d.sees("lxc-device -P /var/lib/lxc -n alpha add /dev/ttyUSB0")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.AddDevice, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.DeviceArgs{Device: "/dev/ttyUSB0"}})

	d = newDeck(t, 80, 24, Options{}, some()...)
	d.action(keymap.RemoveDevice)
	d.press("space", "tab")
	d.sees("interface", "moves back to the host")
	d.typed("an-interface-name-that-is-long")
	d.sees("is no interface name")
	d.press("ctrl+u")
	d.typed("eth1")
	d.press("enter")
	d.sees("Remove eth1 from alpha?", "loses it", "lxc-device -P /var/lib/lxc -n alpha del eth1")
	d.pass(questionGrace)
	d.askedNothing()
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.RemoveDevice, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.DeviceArgs{Net: true, Device: "eth1"}})

	d = newDeck(t, 80, 24, Options{}, some()...)
	d.action(keymap.RemoveDevice)
	d.seesNo("path inside")
	d.press("space", "tab")
	d.typed("eth0")
	d.press("tab")
	d.typed("wan/1")
	d.sees("is no interface name")
	d.press("ctrl+u")
	d.typed("wan1")
	d.press("enter")
	d.pass(questionGrace)
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.RemoveDevice, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.DeviceArgs{Net: true, Device: "wan1", As: "eth0"}})

	d = newDeck(t, 80, 24, Options{}, some()...)
	d.action(keymap.RemoveDevice)
	d.press("tab")
	d.typed("/dev/ttyUSB0")
	d.press("enter")
	d.pass(questionGrace)
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.RemoveDevice, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.DeviceArgs{Device: "/dev/ttyUSB0"}})
}

// TestFormsFitEveryScreen opens every form at every size: nothing crashes, the
// box is on screen, and esc leaves.
func TestFormsFitEveryScreen(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {80, 24}, {120, 40}} {
		d := newDeck(t, size[0], size[1], Options{}, some()...)
		for _, id := range []keymap.ID{
			keymap.CloneKey, keymap.RenameKey, keymap.DestroyKey, keymap.LockKey, keymap.SnapshotNow, keymap.StartWith,
			keymap.SetAutostart, keymap.AddDevice, keymap.RemoveDevice, keymap.PackKey, keymap.UnpackKey,
		} {
			d.press("g")
			if a, _ := keymap.Find(id); a.Form.Accepts(runtime.Stopped) && !a.Form.Accepts(runtime.Running) {
				d.press("j")
			}
			d.action(id)
			if d.m.overlay == nil {
				t.Fatalf("%s at %v: nothing is asked:\n%s", id, size, d.screen())
			}
			box := d.m.overlay.paint(d.m)
			if s := box.Size(); s.X > size[0] || s.Y > size[1] {
				t.Fatalf("%s at %v: a box of %v", id, size, s)
			}
			if f, ok := d.m.overlay.(*form); ok {
				for range f.fields {
					d.sees("> ") // the field with the cursor
					d.press("tab", "x", "space")
				}
			}
			d.send(tea.PasteMsg{Content: "pasted"})
			d.pass(questionGrace)
			d.press("esc")
			if d.m.overlay != nil {
				t.Fatalf("%s at %v: esc does not leave", id, size)
			}
		}
		d.askedNothing()
	}
}

// TestReadOnlyRefusesEveryForm: the door is shut before anything is asked.
func TestReadOnlyRefusesEveryForm(t *testing.T) {
	d := newDeck(t, 80, 24, Options{ReadOnly: true}, some()...)
	forms := d.m.formHandlers()
	maps.Copy(forms, d.m.shipHandlers())
	for id := range forms {
		d.press("g", "j")
		d.action(id)
		if d.m.overlay != nil || !strings.Contains(d.screen(), "read-only") {
			t.Errorf("%s: it asks, or does not say why not:\n%s", id, d.screen())
		}
	}
}

func TestForeignTextIsCleanedInForms(t *testing.T) {
	b := box("bra\x1b[31mvo", runtime.Stopped)
	b.Lock = &runtime.LockInfo{By: "\x1b]0;x\x07eve", Why: "\x1b[2J\u202ewhy", Since: noon}
	d := newDeck(t, 80, 24, Options{}, b)
	for _, key := range []string{"C", "X"} {
		d.press(key)
		if s := d.m.View().Content; strings.Contains(s, "\x1b[2J") || strings.Contains(s, "\u202e") || strings.Contains(s, "\x1b]0") {
			t.Fatalf("%q", s)
		}
		d.sees(`bra\x1b[31mvo`)
		d.pass(questionGrace)
		d.press("esc")
	}
}

// TestMeasuringEndsInTime: what cannot be measured in time is said so in words.
func TestMeasuringEndsInTime(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Survey, ref("bravo"), fake.Fault{Stuck: true})
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if x := lookAt(ctx, d.rt, ref("bravo")); !x.done || x.err == nil || x.err.Error() != "it takes longer than 15s" {
		t.Fatalf("%+v", x)
	}
	if x := lookAt(patient(t), d.rt, ref("nobody")); x.err == nil || !strings.Contains(x.err.Error(), "no such container") {
		t.Fatalf("%+v", x)
	}
}
