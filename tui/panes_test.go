package tui

import (
	"testing"
	"time"

	"lxcdeck/views"
)

// The footer offers enter for what it does, and not where it does nothing.
func TestFooterSaysWhatEnterDoes(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.session()
	d.sees("enter detail")
	d.press("enter")
	d.seesNo("enter detail")
	d.press("esc", "s", "ctrl+]", "d")
	d.sees("enter to the shell")
	d.press("j")
	d.sees("enter detail")
	d.press("/")
	d.typed("nothing like that")
	d.press("enter")
	d.seesNo("enter detail")
}

// Out of the zoom, keys go where they went before.
func TestZoomGivesTheFocusBack(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.press("z", "z", "j")
	d.at("bravo")
	d.press("tab", "z", "esc")
	if d.m.focus != views.DetailPane {
		t.Fatal("the zoom of the detail ends in the list")
	}
}

// At its end the detail turns round at the first key.
func TestDetailScrollsNoFurtherThanItsEnd(t *testing.T) {
	d := newDeck(t, 80, 15, Options{}, some()...)
	d.pass(time.Second)
	d.press("enter")
	top := d.screen()
	d.press("G", "j", "pgdown")
	end := d.screen()
	if end == top {
		t.Fatalf("nothing to scroll:\n%s", top)
	}
	d.press("k")
	if d.screen() == end {
		t.Fatal("the first key up does nothing")
	}
}

// i brings the detail although a shell stands in its place.
func TestDetailInTheShellsPlace(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.session()
	d.press("s", "ctrl+]", "d", "i")
	if d.m.layout.Detail.Empty() || !d.m.layout.Shell.Empty() || d.m.shells.liveCount() != 1 {
		t.Fatalf("no detail, or no shell any more:\n%s", d.screen())
	}
}

// A word that does not count is said while it is typed, and after.
func TestFilterErrorsAreSeen(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("/")
	d.sees("state:run", "mem>1g")
	d.typed("mem>1x")
	d.sees(`filter "mem>1x"`)
	d.press("enter")
	d.sees("warning: filter", "not a number")
	d.pass(time.Minute)
	d.sees(`filter "mem>1x"`) // although there is one row only
}

// A zoomed shell has neither host line nor status row.
func TestHoldInAZoomedShell(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	d.press("ctrl+]", "z", "ctrl+]", "Z")
	d.sees("any key goes on")
	d.press("x")
	d.seesNo("any key goes on")
	d.press("y")
	if err := s.AwaitTyped(patient(t), "y"); err != nil || string(s.Typed()) != "y" {
		t.Fatalf("the key that lets go is typed: %q", s.Typed())
	}
}

// Keys that an overlay takes are not offered for what is below it.
func TestNoHintsBelowAnOverlay(t *testing.T) {
	d, _, _ := inShell(t, 80, 24)
	d.press("ctrl+]", "k")
	d.pass(questionGrace)
	d.sees("y yes")
	d.seesNo("leaves", "d leave", "tab goes in")
	d.press("n")
	d.sees("ctrl+] d leaves", "d leave")
	d.press("ctrl+]", "d")
	d.sees("tab goes in", "s shell")
	d.press("o")
	d.sees("Sort by")
	d.seesNo("tab goes in", "s shell")
}
