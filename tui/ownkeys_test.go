package tui

import (
	"testing"

	"lxcdeck/keymap"
)

// rebound is a keymap with keys of the user's own.
func rebound(t *testing.T, preset string, user map[string][]string) *keymap.Map {
	t.Helper()
	keys, err := keymap.New(preset, user, "")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestViewsTakeTheUsersKeys: what is bound in the table counts in views that have
// keys of their own too, and what it was bound to no longer does.
func TestViewsTakeTheUsersKeys(t *testing.T) {
	d := newDeck(t, 100, 24, Options{Keys: rebound(t, "", map[string][]string{
		"quit": {"f10"}, "down": {"ctrl+n"}, "events-reverse": {"f2"}, "events": {"E"}, "job-open": {"f3"},
	})}, some()...)
	d.press("ctrl+n", "S") // bravo starts
	d.until("an event", func() bool { return len(d.m.events.All()) > 0 })
	d.press("E")
	x, ok := d.m.overlay.(*eventView)
	if !ok {
		t.Fatalf("%T", d.m.overlay)
	}
	d.sees("f2", "f10")
	if d.press("O"); x.up {
		t.Error("O still reverses the order")
	}
	if d.press("f2"); !x.up {
		t.Error("f2 does not reverse the order")
	}
	if d.press("q"); d.m.overlay == nil {
		t.Error("q still leads back")
	}
	if d.press("f10"); d.m.overlay != nil {
		t.Error("f10 does not lead back")
	}
	d.press("?")
	h, ok := d.m.overlay.(*help)
	if !ok {
		t.Fatalf("%T", d.m.overlay)
	}
	if d.press("ctrl+n"); h.top != 1 {
		t.Errorf("the help stands at line %d", h.top)
	}
	if d.press("j"); h.top != 1 {
		t.Error("j still moves down")
	}
}

// Text that is typed is nobody's key.
func TestTypedTextIsNotBound(t *testing.T) {
	d := newDeck(t, 100, 24, Options{Keys: rebound(t, "", map[string][]string{"output-search": {"x"}, "output-cancel": {"/"}})}, some()...)
	d.m.overlay = &outputView{of: jobRow{}, prompt: &textLine{}}
	d.press("x", "/")
	x, ok := d.m.overlay.(*outputView)
	if !ok || x.prompt == nil || x.prompt.String() != "x/" {
		t.Fatalf("%+v", d.m.overlay)
	}
}
