package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// where is the cell in which a text begins on the painted screen: the n-th from above.
func (d *deck) where(text string, nth int) (x, y int) {
	d.t.Helper()
	for y, row := range strings.Split(d.screen(), "\n") {
		if i := strings.Index(row, text); i >= 0 {
			if nth--; nth < 0 {
				return ansi.StringWidth(row[:i]), y
			}
		}
	}
	d.t.Fatalf("no %q on screen:\n%s", text, d.screen())
	return 0, 0
}

func (d *deck) click(text string, button tea.MouseButton) {
	d.t.Helper()
	x, y := d.where(text, 0)
	d.send(tea.MouseClickMsg{X: x, Y: y, Button: button})
	d.send(tea.MouseReleaseMsg{X: x, Y: y, Button: button})
}

func (d *deck) double(text string) {
	d.t.Helper()
	d.click(text, tea.MouseLeft)
	d.click(text, tea.MouseLeft)
}

func pointing(t *testing.T, w, h int) *deck {
	t.Helper()
	return newDeck(t, w, h, Options{Mouse: true}, some()...)
}

func TestClicksInTheList(t *testing.T) {
	d := pointing(t, 80, 24)
	d.click("charlie", tea.MouseLeft)
	d.at("charlie")
	d.pass(time.Second)
	d.click("charlie", tea.MouseLeft) // too late for a double click
	if d.m.focus != views.ListPane || d.m.detail == views.Open {
		t.Fatal("a slow click opens")
	}
	d.double("delta")
	d.at("delta")
	if d.m.focus != views.DetailPane {
		t.Errorf("a double click leads to %v", d.m.focus)
	}
	d.click("bravo", tea.MouseLeft)
	if d.at("bravo"); d.m.focus != views.ListPane {
		t.Error("a click in the list does not go there")
	}
	d.click("NAME", tea.MouseLeft)
	if d.names() != "delta charlie bravo alpha" {
		t.Errorf("the title of the sorted column gives %s", d.names())
	}
	d.click("CPU%", tea.MouseLeft)
	if d.m.rows.sort != views.ColCPU {
		t.Errorf("sorted by %s", d.m.rows.sort)
	}
	// Keys in the foot.
	d.click("? help", tea.MouseLeft)
	d.sees("Help")
	d.click("esc closes", tea.MouseLeft)
	d.seesNo("esc closes")
	d.click("/ filter", tea.MouseLeft)
	d.typed("al")
	d.click("alpha", tea.MouseLeft)
	if d.at("alpha"); d.m.prompt.open || d.names() != "alpha" {
		t.Errorf("the filter: open %v, %s", d.m.prompt.open, d.names())
	}
}

func TestWheelMovesWhatIsUnderIt(t *testing.T) {
	d := pointing(t, 120, 40)
	d.send(tea.MouseWheelMsg{X: 5, Y: 5, Button: tea.MouseWheelDown})
	d.at("delta")
	d.send(tea.MouseWheelMsg{X: 5, Y: 5, Button: tea.MouseWheelUp})
	d.at("alpha")
	d.press("?")
	x, y := d.where("Help", 0)
	d.send(tea.MouseWheelMsg{X: x, Y: y + 3, Button: tea.MouseWheelDown})
	if h, ok := d.m.overlay.(*help); !ok || h.top == 0 {
		t.Errorf("%+v", d.m.overlay)
	}
}

// TestQuestionsByMouse: what a key would not do, a click does not either.
func TestQuestionsByMouse(t *testing.T) {
	d := pointing(t, 80, 24)
	d.press("S") // alpha runs
	d.sees("Stop alpha?")
	d.double("a moment")
	if len(d.rt.Requests()) != 0 || d.m.overlay == nil {
		t.Fatal("a click answers too early")
	}
	d.pass(time.Second)
	d.click("enter no", tea.MouseLeft)
	if d.m.overlay != nil || len(d.rt.Requests()) != 0 {
		t.Fatal("no is no no")
	}
	d.press("S")
	d.pass(time.Second)
	d.send(tea.MouseClickMsg{X: 1, Y: 5, Button: tea.MouseLeft}) // beside it
	if d.m.overlay == nil {
		t.Fatal("a click beside a question answers it")
	}
	d.at("alpha")
	d.click("y yes", tea.MouseLeft)
	d.until("the stop", func() bool { return len(d.rt.Requests()) == 1 })
}

func TestContextMenu(t *testing.T) {
	d := pointing(t, 120, 40)
	d.click("bravo", tea.MouseRight)
	d.at("bravo")
	n, ok := d.m.overlay.(*menu)
	if !ok {
		t.Fatalf("%T", d.m.overlay)
	}
	var words []string
	for _, it := range n.items {
		words = append(words, it.label+"="+it.hint)
	}
	all := strings.Join(words, " ")
	for _, want := range []string{"Start=S", "Clone=C", "Rename=M", "Destroy=D", "Copy name, IP, path or command=y"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	for _, no := range []string{"Stop=", "Open a shell=", "Kill="} { // it is stopped
		if strings.Contains(all, no) {
			t.Errorf("%q in %s", no, all)
		}
	}
	d.send(tea.MouseClickMsg{X: 119, Y: 39, Button: tea.MouseLeft})
	if d.m.overlay != nil {
		t.Fatal("a click beside it does not leave it")
	}
	d.click("bravo", tea.MouseRight)
	d.click("Start ", tea.MouseLeft)
	d.until("the start", func() bool { return len(d.rt.Requests()) == 1 })
	if r := d.rt.Requests()[0]; r.Ref.Name != "bravo" {
		t.Errorf("%+v", r)
	}
	d.press("space")
	d.click("delta", tea.MouseLeft)
	d.press("space")
	d.click("delta", tea.MouseRight)
	d.sees("2 marked containers")
}

// What was chosen for a container is not done to the one that the cursor is on after it
// has gone.
func TestContextMenuOfWhatIsGone(t *testing.T) {
	d := pointing(t, 120, 40)
	d.click("bravo", tea.MouseRight)
	d.rt.Remove(ref("bravo"))
	d.until("bravo is gone", func() bool { d.clock.Advance(time.Second); return d.m.byRef(ref("bravo")) == nil })
	d.click("Start ", tea.MouseLeft)
	d.settle()
	d.sees("nothing was done: what is selected is not bravo any more")
	if n := len(d.rt.Requests()); n != 0 || d.m.overlay != nil {
		t.Errorf("%d requests, %T", n, d.m.overlay)
	}
}

func TestEdgesAreDragged(t *testing.T) {
	d := pointing(t, 120, 40)
	y := d.m.layout.Rule.Min.Y
	d.send(tea.MouseClickMsg{X: 3, Y: y, Button: tea.MouseLeft})
	d.send(tea.MouseMotionMsg{X: 3, Y: y - 4, Button: tea.MouseLeft})
	d.send(tea.MouseReleaseMsg{X: 3, Y: y - 4, Button: tea.MouseLeft})
	if got := d.m.layout.Rule.Min.Y; got != y-4 {
		t.Errorf("the rule is at %d, it was dragged from %d by 4", got, y)
	}
	d.send(tea.MouseMotionMsg{X: 3, Y: y, Button: tea.MouseLeft})
	if got := d.m.layout.Rule.Min.Y; got != y-4 {
		t.Error("it is dragged without a button")
	}
	d.send(tea.MouseClickMsg{X: 3, Y: y - 4, Button: tea.MouseLeft})
	d.send(tea.MouseMotionMsg{X: 3, Y: 0, Button: tea.MouseLeft}) // as far as there is sense in it
	d.send(tea.MouseReleaseMsg{X: 3, Y: 0, Button: tea.MouseLeft})
	if d.m.layout.List.Dy() < 3 {
		t.Errorf("the list has %d rows", d.m.layout.List.Dy())
	}
	wide := pointing(t, 200, 50)
	x := wide.m.layout.Split.Min.X
	wide.send(tea.MouseClickMsg{X: x, Y: 10, Button: tea.MouseLeft})
	wide.send(tea.MouseMotionMsg{X: x + 20, Y: 10, Button: tea.MouseLeft})
	wide.send(tea.MouseReleaseMsg{X: x + 20, Y: 10, Button: tea.MouseLeft})
	if got := wide.m.layout.Split.Min.X; got != x+20 {
		t.Errorf("the split is at %d, it was at %d", got, x)
	}
	for _, row := range strings.Split(wide.m.View().Content, "\n") {
		if n := ansi.StringWidth(row); n != 200 {
			t.Fatalf("a row has %d cells", n)
		}
	}
}

// TestTabsAndHalves: with two tabs, one of them split.
func TestTabsAndHalves(t *testing.T) {
	d := pointing(t, 120, 40)
	all := d.session()
	d.press("s")
	<-all
	d.press("ctrl+]", "o")
	<-all
	d.press("ctrl+]", "|")
	<-all
	if d.m.shells.index() != 1 {
		t.Fatalf("tab %d", d.m.shells.index())
	}
	x := d.m.layout.Middle.Min.X
	d.send(tea.MouseClickMsg{X: x, Y: d.m.layout.Shell.Min.Y + 3, Button: tea.MouseLeft})
	d.send(tea.MouseMotionMsg{X: x + 7, Y: 30, Button: tea.MouseLeft})
	d.send(tea.MouseReleaseMsg{X: x + 7, Y: 30, Button: tea.MouseLeft})
	if got := d.m.layout.Middle.Min.X; got != x+7 {
		t.Errorf("the middle is at %d, it was at %d", got, x)
	}
	d.click(" 1 alpha", tea.MouseLeft)
	if d.m.shells.index() != 0 {
		t.Errorf("tab %d", d.m.shells.index())
	}
	// A right click where no program wants the mouse.
	b := d.m.layout.Shell
	d.send(tea.MouseClickMsg{X: b.Min.X + 2, Y: b.Min.Y + 2, Button: tea.MouseRight})
	d.click("Leave the running shell", tea.MouseLeft)
	d.until("it is left", func() bool { return d.m.focus == views.ListPane })
}

// TestNoClickTypesIntoAShell: hints are pressed by their meaning.
func TestNoClickTypesIntoAShell(t *testing.T) {
	d := pointing(t, 120, 40)
	all := d.session()
	d.press("s")
	s := <-all
	d.m.say(noteWarn, strings.Repeat("a long message ", 20), "")
	d.press("ctrl+]", "d")
	d.press("s", "ctrl+]")
	d.click("d leave", tea.MouseLeft)
	if d.m.focus != views.ListPane {
		t.Error("it is not left")
	}
	for _, z := range []string{"m", "q", "enter", "j k"} {
		d.m.focus = views.ShellPane
		d.m.pressWords(z)
		d.m.overlay = nil
		d.settle()
	}
	if got := s.Typed(); len(got) != 0 {
		t.Errorf("typed %q", got)
	}
}

// TestClicksInViews: rows of views are chosen and opened where they are painted.
func TestClicksInViews(t *testing.T) {
	d := pointing(t, 100, 30)
	d.m.overlay = &settingView{}
	d.m.prefs.now.Lines = []SettingLine{{Name: "interval", Value: "1s"}, {Name: "theme", Value: "default"}, {Name: "ascii", Value: "false"}}
	d.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	d.click("ascii", tea.MouseLeft)
	if x, ok := d.m.overlay.(*settingView); !ok || x.at != 2 {
		t.Errorf("%+v", d.m.overlay)
	}
	d.m.overlay = &bindingView{}
	d.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	d.click("page-down", tea.MouseLeft)
	if x, ok := d.m.overlay.(*bindingView); !ok || x.ids[x.at] != keymap.PageDown {
		t.Errorf("%+v", x)
	}
	d.click("q back", tea.MouseLeft)
	if d.m.overlay != nil {
		t.Errorf("%T", d.m.overlay)
	}
	d.press("o") // the sort picker
	d.click("memory", tea.MouseLeft)
	if d.m.overlay != nil || d.m.rows.sort != views.ColMem {
		t.Errorf("%T, sorted by %s", d.m.overlay, d.m.rows.sort)
	}
	d.press(":")
	d.typed("events")
	d.click("Events: what has happened", tea.MouseLeft)
	if _, ok := d.m.overlay.(*eventView); !ok {
		t.Fatalf("%T", d.m.overlay)
	}
	d.press("q", "B")
	d.until("the folders", func() bool { return !strings.Contains(d.screen(), "reading") })
	x, y := d.where("/", 0)
	d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseRight})
	d.sees("Mark or unmark")
}

// TestFormsByMouse: fields are gone to, what can be pressed is, and the foot answers.
func TestFormsByMouse(t *testing.T) {
	d := pointing(t, 100, 30)
	d.press("u")
	f, ok := d.m.overlay.(*form)
	if !ok {
		t.Fatalf("%T", d.m.overlay)
	}
	for i, label := range []string{"command", "user", "directory"} {
		d.click(label, tea.MouseLeft)
		if got := f.fields[f.at].label; got != label {
			t.Errorf("click %d on %s leads to %s", i, label, got)
		}
	}
	d.typed("/srv")
	d.sees("/srv")
	d.click("esc leaves", tea.MouseLeft)
	if d.m.overlay != nil {
		t.Errorf("%T", d.m.overlay)
	}
	d.press("N")
	d.until("the form", func() bool { return strings.Contains(d.screen(), "name") })
	x, y := d.where("name", 0)
	d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	d.typed("new-one")
	d.sees("new-one")
}

// The mouse is off until it is asked for, and costs nothing until then.
func TestMouseIsToggled(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.send(tea.MouseClickMsg{X: 4, Y: 4, Button: tea.MouseLeft})
	d.at("alpha")
	if d.m.View().MouseMode != tea.MouseModeNone {
		t.Fatal("the mouse is on")
	}
	d.press(":")
	d.typed("mouse")
	d.press("enter")
	if d.m.View().MouseMode == tea.MouseModeNone {
		t.Fatal("the mouse is off")
	}
	d.click("charlie", tea.MouseLeft)
	d.at("charlie")
	d.press(":")
	d.typed("mouse")
	d.press("enter")
	if d.m.View().MouseMode != tea.MouseModeNone {
		t.Fatal("the mouse is on")
	}
}

// TestEveryClickEverywhere clicks all over every view, with every button: nothing may
// crash or hang, and every row keeps its width.
func TestEveryClickEverywhere(t *testing.T) {
	for _, size := range [][2]int{{120, 40}, {80, 24}, {40, 10}, {200, 50}} {
		d := pointing(t, size[0], size[1])
		for _, keys := range [][]string{{}, {"?"}, {"m"}, {"t"}, {"n"}, {"l"}, {"B"}, {"I"}, {"e"}, {"f"}, {"p"}, {"L"}, {"h"}, {"J"}, {"o"}, {"c"}, {"y"}, {"u"}, {"N"}, {"S"}, {"D"}, {":"}, {"/", "a"}} {
			for _, b := range []tea.MouseButton{tea.MouseLeft, tea.MouseRight, tea.MouseMiddle, tea.MouseWheelDown, tea.MouseWheelUp} {
				for y := 0; y < size[1]; y += 6 {
					for x := y % 7; x < size[0]; x += 43 {
						d.m.overlay, d.m.prompt.open, d.quit = nil, false, false
						d.m.focus, d.m.zoomed = views.ListPane, false
						d.press(keys...)
						if b == tea.MouseWheelDown || b == tea.MouseWheelUp {
							d.send(tea.MouseWheelMsg{X: x, Y: y, Button: b})
							continue
						}
						d.send(tea.MouseClickMsg{X: x, Y: y, Button: b})
						d.send(tea.MouseClickMsg{X: x, Y: y, Button: b})
						d.send(tea.MouseReleaseMsg{X: x, Y: y, Button: b})
					}
				}
				for y, row := range strings.Split(d.m.View().Content, "\n") {
					if n := ansi.StringWidth(row); n != size[0] {
						t.Fatalf("%v, %v: row %d has %d cells", size, keys, y, n)
					}
				}
			}
		}
	}
}
