package tui

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

// TestTheRestOfADoubleClick: it does nothing to what comes up under it.
func TestTheRestOfADoubleClick(t *testing.T) {
	specs := some()
	for _, name := range []string{"echo", "foxtrot", "golf", "hotel"} {
		specs = append(specs, fake.Spec{Container: runtime.Container{Ref: ref(name), State: runtime.Stopped}})
	}
	d := newDeck(t, 40, 10, Options{Mouse: true}, specs...)
	d.press("R")
	d.pass(questionGrace)
	d.sees("Restart alpha?")
	x, y := d.where("y yes", 0)
	press := func() {
		d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
		d.send(tea.MouseReleaseMsg{X: x, Y: y, Button: tea.MouseLeft})
		d.screen()
	}
	press()
	if zone, hit := d.m.paint.zones.At(x, y, false); !hit || zone.Kind != views.ItemZone || d.m.overlay != nil {
		t.Fatalf("nothing lies below the question:\n%s", d.screen())
	}
	press()
	d.at("alpha")
	if n := len(d.rt.Requests()); n != 1 {
		t.Errorf("%v", d.rt.Requests())
	}
	d.pass(doubleClick)
	press() // one of its own
	if d.m.rows.selected.Name == "alpha" {
		t.Error("a click of its own does nothing")
	}
}

// TestAClickIsForWhatIsPainted: not for what comes up before the next frame.
func TestAClickIsForWhatIsPainted(t *testing.T) {
	d := pointing(t, 80, 24)
	d.press("o")
	d.screen()
	x, y, zone := 0, 0, views.Zone{}
	for at := range 80 * 24 {
		if z, hit := d.m.paint.zones.At(at%80, at/80, true); hit && z.Kind == views.ItemZone && z.At == 2 {
			x, y, zone = at%80, at/80, z
		}
	}
	if zone.Empty() {
		t.Fatalf("no menu:\n%s", d.screen())
	}
	d.apply(keyMsg("esc"))
	d.apply(keyMsg("c")) // another menu, which nobody has seen yet
	columns := slices.Clone(d.m.columns)
	d.apply(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	n, ok := d.m.overlay.(*menu)
	if !ok || n.at == 2 || !slices.Equal(columns, d.m.columns) {
		t.Errorf("a click on what was there before went to %+v", n)
	}
}

// TestSettingsTakeTheMouse: what is dragged is let go.
func TestSettingsTakeTheMouse(t *testing.T) {
	p := newPaper()
	p.prefs.Mouse = true
	d := paperDeck(t, p)
	d.m.mouse = true
	d.screen()
	d.m.pointer.drag = listEdge
	for _, on := range []bool{false, true} {
		p.write(func(x *Prefs) { x.Mouse = on }, nil)
		d.until("it is read", func() bool { return d.m.mouse == on })
	}
	if d.m.pointer.drag != noDrag {
		t.Error("an edge is dragged still")
	}
}

// TestATabWithoutANumber: what names no tab goes to none.
func TestATabWithoutANumber(t *testing.T) {
	d := pointing(t, 120, 40)
	d.session()
	d.press("s")
	box := d.m.layout.Shell
	d.send(tea.MouseClickMsg{X: box.Min.X + 4, Y: box.Min.Y + 2, Button: tea.MouseRight})
	d.sees("Leave the running shell")
	d.seesNo("To the tab with that number")
	d.press("esc")
	for _, key := range []string{"", "0", "tab", "!"} {
		d.m.notices.dismiss()
		d.m.lastKey = key
		d.run(d.m.doID(keymap.ShellTab))
		d.settle()
		if n := d.m.notices.now; n == nil || !strings.Contains(n.text, "1 tab here") {
			t.Errorf("%q: %+v", key, n)
		}
	}
}
