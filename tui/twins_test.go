package tui

import (
	"testing"

	"lxcdeck/runtime"
)

// Two containers of one name in two lxcpaths are told apart where it matters.
func TestTwinsAreNamedWithTheirPath(t *testing.T) {
	twin := box("alpha", runtime.Stopped)
	twin.Path = "/srv/lxc"
	d := newDeck(t, 120, 40, Options{}, append(some(), twin)...)
	d.press("S") // the stopped one comes first, by its path
	d.sees("/srv/lxc/alpha: start done")
	d.press("j", "K")
	d.sees("Kill /var/lib/lxc/alpha?")
	d.pass(questionGrace)
	d.press("n", "*", "K")
	d.sees("/var/lib/lxc/alpha  running", "/srv/lxc/alpha      running")
	d.pass(questionGrace)
	d.press("n", "\\")
	d.rt.Remove(twin.Ref)
	d.until("the event", func() bool { return len(d.m.all) == len(some()) })
	d.press("g", "K")
	d.sees("Kill alpha?")
}
