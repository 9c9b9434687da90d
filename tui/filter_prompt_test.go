package tui

import (
	"testing"

	"lxcdeck/runtime"
)

// The first letters of a word match less than the word does: what they take off
// the screen on the way is selected again.
func TestFilterKeepsTheSelection(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("G")
	d.at("delta")
	d.press("/")
	d.typed("cpu<") // "c" and "cp" are parts of names
	d.at("delta")
	d.press("esc")
	d.at("delta")
	d.press("/")
	d.typed("alpha")
	d.at("alpha")
	d.press("esc")
	d.at("delta")
	d.press("/")
	d.typed("a")
	d.press("enter")
	d.at("alpha") // the first match
	d.press("j", "esc")
	d.at("bravo") // a kept filter is left where one stands
}

// A container that leaves the filter for a moment is selected again when it is
// back, unless somebody has gone on with the row that took its place.
func TestSelectionOutlivesTheFilter(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, box("a", runtime.Running), box("b", runtime.Running), box("c", runtime.Running))
	become := func(s runtime.State, rows int) {
		t.Helper()
		d.rt.Become(ref("b"), s)
		d.until("the event", func() bool { return len(d.m.rows.shown) == rows })
	}
	d.press("/")
	d.typed("state:running")
	d.press("enter", "j")
	d.at("b")
	become(runtime.Stopped, 2)
	d.at("c")
	become(runtime.Running, 3)
	d.at("b")
	become(runtime.Stopped, 2)
	d.press("i")
	become(runtime.Running, 3)
	d.at("c")
}
