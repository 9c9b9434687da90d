package tui

import (
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// A ticker that is stopped after it was started anew, as by a goroutine that
// comes late to its end, does not leave a screen that is never painted.
func TestTickerIsSetAgainAfterTheTerminalIsBack(t *testing.T) {
	for name, back := range map[string]tea.Msg{"zoom": zoomedMsg{}, "suspend": resumedMsg{}} {
		t.Run(name, func(t *testing.T) {
			d := newDeck(t, 100, 30, Options{}, some()...)
			var set []time.Duration
			d.m.retime = func(d time.Duration) { set = append(set, d) }
			d.send(back)
			if len(set) != 1 {
				t.Fatalf("set %d times as the terminal came back, want 1", len(set))
			}
			d.pass(retimeAfter)
			if len(set) != 2 {
				t.Errorf("set %d times a little later, want 2", len(set))
			}
			d.pass(time.Second)
			if len(set) < 3 {
				t.Errorf("set %d times after a tick of the sampling, want 3", len(set))
			}
			if slices.ContainsFunc(set, func(d time.Duration) bool { return d != time.Second/idleRate }) {
				t.Errorf("set to %v", set)
			}
		})
	}
}
