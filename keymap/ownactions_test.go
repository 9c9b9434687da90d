package keymap

import (
	"slices"
	"testing"
)

// TestUsualKeys: views that go by the table's keys are told those.
func TestUsualKeys(t *testing.T) {
	m := newMap(t, "", map[string][]string{"down": {"ctrl+n"}, "events-reverse": {"f2"}, "events-copy": {}, "quit": {"f10"}}, "")
	for key, want := range map[string]string{
		"ctrl+n": "down", "j": "", "down": "", "f2": "O", "O": "", "y": "", "f10": "q", "q": "", "esc": "esc", "k": "k", "ctrl+p": "ctrl+p", "b": "b", "enter": "enter",
	} {
		if got := m.Usual(Events, key); got != want {
			t.Errorf("%s is told as %q, want %q", key, got, want)
		}
	}
	for _, preset := range Presets() {
		m := newMap(t, preset, nil, "")
		for _, a := range OwnActions() {
			for _, key := range m.Keys(a.ID) {
				if got := m.Usual(a.Scope, key); !slices.Contains(a.Keys, got) {
					t.Errorf("preset %s: %s of %s is told as %q", preset, key, a.ID, got)
				}
			}
		}
	}
}
