package tui

import (
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// show puts a session on screen, with the focus.
func (m *Model) show(sh *shell) {
	if old := m.shells.shown(); old != nil && old != sh {
		old.armed = false
	}
	m.shells.open = true
	m.shells.focusOn(sh)
	m.focus = views.ShellPane
	sh.armed = false
	if m.zoomed {
		m.zoomPane = views.ShellPane
	}
}

// enterShell shows a session and goes into it.
func (m *Model) enterShell(sh *shell) tea.Cmd {
	m.show(sh)
	return m.arrangeScreen()
}

// leaveShell gives the focus back to the list; the session runs on and its
// pane stays.
func (m *Model) leaveShell() tea.Cmd {
	if sh := m.shells.shown(); sh != nil {
		sh.armed = false
	}
	m.focus = views.ListPane
	m.zoomed = false
	return m.arrangeScreen()
}

// hideShell takes the pane away.
func (m *Model) hideShell() tea.Cmd {
	m.unshow()
	return m.leaveShell()
}

// unshow takes the pane off the screen: a session that runs runs on, one that
// has ended was read and is forgotten.
func (m *Model) unshow() {
	for _, sh := range slices.Clone(m.shells.halves()) {
		if sh.over {
			m.forget(sh)
		}
	}
	m.shells.open = false
}

// dismissShell forgets an ended session. Its other half keeps the pane and the
// keys; else the next tab is shown, but gets no keys: a second q is not for it.
func (m *Model) dismissShell() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil || !sh.over {
		return nil
	}
	halves := len(m.shells.cur.halves)
	m.forget(sh)
	switch {
	case halves > 1:
		return m.enterShell(m.shells.cur.focus())
	case m.shells.cur == nil:
		return m.hideShell()
	}
	return m.leaveShell()
}

// stepTab goes to another tab.
func (m *Model) stepTab(by int) tea.Cmd {
	n := len(m.shells.tabs)
	if n == 0 {
		return nil
	}
	i := (max(m.shells.index(), 0) + by + n) % n
	return m.enterShell(m.shells.tabs[i].focus())
}

// goTab goes to the tab with the number of the key pressed last; of keys that are no
// numbers to the one with the key's place among them.
func (m *Model) goTab() tea.Cmd {
	i := slices.Index(m.keys.Keys(keymap.ShellTab), m.lastKey)
	if n, err := strconv.Atoi(m.lastKey); err == nil {
		i = n - 1
	}
	if i < 0 || i >= len(m.shells.tabs) {
		m.say(noteWarn, "no such tab: "+plural(len(m.shells.tabs), "tab")+" here", "")
		return nil
	}
	return m.enterShell(m.shells.tabs[i].focus())
}

// otherHalf goes to the other half of a split.
func (m *Model) otherHalf() tea.Cmd {
	t := m.shells.cur
	if t == nil || len(t.halves) < 2 {
		return nil
	}
	return m.enterShell(t.halves[1-t.at])
}

// unsplit gives each half a tab.
func (m *Model) unsplit() tea.Cmd {
	m.shells.apart()
	return m.arrangeScreen()
}
