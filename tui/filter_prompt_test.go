package tui

import "testing"

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
