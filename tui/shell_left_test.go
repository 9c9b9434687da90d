package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// An ended shell that was left is named with keys that do not end lxcdeck, can
// be read again, and is gone once its pane is closed.
func TestEndedShellFromTheList(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	d.press("ctrl+]", "d")
	s.Feed([]byte("last words"))
	s.End(runtime.Exit{Code: 3})
	d.shows("ended: exit status 3")
	d.sees("esc closes", "enter to the shell")
	d.seesNo("q closes")
	d.press("enter", "S")
	d.sees("q closes")
	d.seesNo("Stop alpha?")
	d.press("ctrl+]", "d", "esc")
	d.seesNo("last words", "1 shell", "to the shell")
	if len(d.m.shells.all) != 0 {
		t.Fatal("the ended shell is kept where nobody finds it")
	}
}

// Capital keys must not act on a list that is not there.
func TestLeavingAShellOnALowScreen(t *testing.T) {
	d, _, _ := inShell(t, 40, 10)
	d.sees("shell alpha")
	d.seesNo("bravo")
	d.press("ctrl+]", "d")
	d.sees("> alpha", "bravo")
	d.press("tab")
	d.sees("shell alpha")
	d.seesNo("bravo")
	d.press("ctrl+]", "d")
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.sees("> alpha", "shell alpha")
	d.send(tea.WindowSizeMsg{Width: 40, Height: 8})
	d.sees("> alpha", "bravo")
	d.send(tea.WindowSizeMsg{Width: 39, Height: 8})
	d.sees("too small")
	d.seesNo("quits") // it would end the shell
}

func TestShellThatEndedUnseenCanBeRead(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "d", "G", "s")
	<-all
	first.Feed([]byte("last words"))
	first.End(runtime.Exit{})
	d.shows("alpha: the shell has ended")
	d.press("ctrl+]", "d", "g", "enter")
	d.shows("last words")
	d.press("q")
	d.seesNo("last words")
}
