package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

func TestMouseGoesToTheProgramThatWantsIt(t *testing.T) {
	d := newDeck(t, 120, 40, Options{Mouse: true}, some()...)
	all := d.session()
	d.press("s")
	s := <-all
	box := d.m.layout.Shell
	click := tea.MouseClickMsg{X: box.Min.X + 4, Y: box.Min.Y + 2, Button: tea.MouseLeft}
	d.send(click)
	d.typed("x")
	if err := s.AwaitTyped(patient(t), "x"); err != nil || len(s.Typed()) != 1 {
		t.Fatalf("nobody asked for the mouse: %q", s.Typed())
	}
	s.Feed([]byte("\x1b[?1002h\x1b[?1006hready"))
	d.shows("ready")
	d.send(click)
	d.send(tea.MouseMotionMsg{X: box.Min.X + 5, Y: box.Min.Y + 2, Button: tea.MouseLeft})
	d.send(tea.MouseReleaseMsg{X: box.Min.X + 5, Y: box.Min.Y + 2, Button: tea.MouseLeft})
	d.send(tea.MouseWheelMsg{X: box.Min.X, Y: box.Min.Y, Button: tea.MouseWheelDown})
	if err := s.AwaitTyped(patient(t), "x\x1b[<0;5;3M\x1b[<32;6;3M\x1b[<0;6;3m\x1b[<65;1;1M"); err != nil {
		t.Fatalf("%q", s.Typed())
	}
}

func TestWheelReadsBack(t *testing.T) {
	d := newDeck(t, 120, 40, Options{Mouse: true}, some()...)
	all := d.session()
	d.press("s")
	s := <-all
	s.Feed([]byte(strings.Repeat("words\r\n", 200) + "end"))
	d.shows("end")
	box := d.m.layout.Shell
	up := tea.MouseWheelMsg{X: box.Min.X, Y: box.Min.Y, Button: tea.MouseWheelUp}
	down := up
	down.Button = tea.MouseWheelDown
	d.send(up)
	d.seesNo("end")
	d.sees("q back")
	d.send(down)
	d.sees("end")
	d.seesNo("q back")
	// A program with a screen of its own gets arrows.
	s.Feed([]byte("\x1b[?1049hpager"))
	d.shows("pager")
	d.send(up)
	if err := s.AwaitTyped(patient(t), "\x1b[A\x1b[A\x1b[A"); err != nil {
		t.Fatalf("%q", s.Typed())
	}
}

func TestClickGoesIntoAPane(t *testing.T) {
	d := newDeck(t, 120, 40, Options{Mouse: true}, some()...)
	all := d.session()
	d.press("s")
	first := <-all
	d.press("ctrl+]", "|")
	<-all
	d.press("ctrl+]", "d")
	box := d.m.layout.Shell
	d.send(tea.MouseClickMsg{X: box.Min.X, Y: box.Min.Y, Button: tea.MouseLeft})
	d.typed("x")
	if err := first.AwaitTyped(patient(t), "x"); err != nil || d.m.focus != views.ShellPane {
		t.Fatalf("%q", first.Typed())
	}
}

func TestFocusIsTold(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("\x1b[?1004hready"))
	d.shows("ready")
	if !d.m.View().ReportFocus {
		t.Error("the terminal is not asked for its focus")
	}
	d.send(tea.BlurMsg{})
	d.send(tea.FocusMsg{})
	d.press("ctrl+]", "d", "enter")
	if err := s.AwaitTyped(patient(t), "\x1b[O\x1b[I\x1b[O\x1b[I"); err != nil {
		t.Fatalf("%q", s.Typed())
	}
}

// TestAButtonIsLetGoWhereItWasPressed: the program hears of a release beside its pane,
// and of none whose press it has not heard of.
func TestAButtonIsLetGoWhereItWasPressed(t *testing.T) {
	d := newDeck(t, 120, 40, Options{Mouse: true}, some()...)
	all := d.session()
	d.press("s")
	s := <-all
	s.Feed([]byte("\x1b[?1002h\x1b[?1006hready"))
	d.shows("ready")
	box, list := d.m.layout.Shell, d.m.layout.List.Min
	inside := tea.Mouse{X: box.Min.X + 4, Y: box.Min.Y + 2, Button: tea.MouseLeft}
	beside := tea.Mouse{X: list.X + 3, Y: list.Y + 1, Button: tea.MouseLeft}
	d.send(tea.MouseClickMsg(beside)) // the list has the focus
	d.send(tea.MouseReleaseMsg(beside))
	d.send(tea.MouseClickMsg(inside)) // goes into the shell, and is not told
	d.send(tea.MouseReleaseMsg(inside))
	d.send(tea.MouseClickMsg(inside))
	d.send(tea.MouseMotionMsg(beside))
	d.send(tea.MouseReleaseMsg(beside))
	d.send(tea.MouseMotionMsg(inside))
	d.typed("x")
	if err := s.AwaitTyped(patient(t), "\x1b[<0;5;3M\x1b[<32;4;1M\x1b[<0;4;1mx"); err != nil {
		t.Fatalf("%q", s.Typed())
	}
}
