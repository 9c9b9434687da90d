package tui

import (
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// Who has no container is told how to make one, and where there are others.
func TestEmptyHostSaysWhatToDo(t *testing.T) {
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock, UID: 1000, User: "alice", Paths: []string{"/home/alice/.local/share/lxc"},
		Elsewhere: []runtime.Elsewhere{{Path: "/var/lib/lxc", Owner: "root", Hidden: true}}})
	d := newDeckOn(t, 80, 24, Options{}, rt, rt, clock)
	d.reads("No containers in /home/alice/.local/share/lxc.", "N creates one", "lxcdeck create NAME -t download",
		"root's containers, in /var/lib/lxc, are for root to see", "sudo lxcdeck")
	d = newDeckOn(t, 80, 24, Options{ReadOnly: true}, rt, rt, clock)
	d.reads("To create one:")
	d.seesNo("N creates one")
}

// Who has filtered all away is told how to get them back.
func TestNothingLeftSaysWhatHides(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("A", "/")
	d.typed("nobody")
	d.sees(`No container matches "nobody"`, "esc clears the filter", "A shows all")
	d.press("enter")
	d.sees("esc clears the filter")
	d.press("esc", "A")
	d.sees("alpha", "bravo")
}
