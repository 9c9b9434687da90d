package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// secondPress is how soon ctrl+c has to follow ctrl+c to ask for the end.
const secondPress = 2 * time.Second

// onKey sends a key to what has the focus: a held screen, the overlay, the
// filter being typed, the shell, else the action it stands for.
func (m *Model) onKey(k tea.KeyPressMsg) tea.Cmd {
	m.rows.settled = true
	switch {
	case m.raw != nil:
		m.onEarlyKey(m.raw, k)
		return nil
	case m.held:
		m.held = false
		return tea.ClearScreen
	case m.layout.TooSmall && m.many.on && !m.keys.IsPrefix(k.String()):
		return nil // that so much is typed into could not be seen
	case m.layout.TooSmall && (m.overlay != nil || m.focus != views.ShellPane):
		return m.onBlindKey(k)
	case (m.overlay != nil || m.prompt.open) && m.isHabit(k):
		a, _ := m.keys.Lookup(keymap.List, k.String())
		return m.do(a)
	case m.wantsHelp(k):
		return m.helpHere()
	case m.overlay != nil:
		return m.overlayKey(k)
	case m.prompt.open:
		return m.onFilterKey(k)
	case m.focus == views.ShellPane && m.shells.shown() != nil:
		return m.onShellKey(m.shells.shown(), k)
	}
	m.notices.read(k.String())
	if m.tipTakes(k) {
		return m.endTip()
	}
	a, ok := m.keys.Lookup(m.scope(), k.String())
	if !ok {
		return nil
	}
	if aboutRow(a) {
		m.rows.wanted = m.rows.selected // who goes on with what stands in for it wants that
	}
	if a.ID != keymap.Interrupt {
		m.lastStop = time.Time{}
	}
	return m.do(a)
}

// aboutRow says whether an action has to do with the row that is selected.
func aboutRow(a keymap.Action) bool {
	switch a.Group {
	case keymap.Moving:
		return a.ID != keymap.Back
	case keymap.Changing, keymap.Marking, keymap.Terminal:
		return true
	}
	switch a.ID {
	case keymap.Open, keymap.Info, keymap.Copy, keymap.Palette:
		return true
	}
	return false
}

// onBlindKey is a key while the terminal is too small to show what it would do:
// it must answer no question and touch no container. Leaving stays possible
// where it ends nothing.
func (m *Model) onBlindKey(k tea.KeyPressMsg) tea.Cmd {
	a, ok := m.keys.Lookup(keymap.List, k.String())
	switch {
	case !ok:
		return nil
	case a.ID == keymap.Suspend, a.ID == keymap.Redraw:
		return m.do(a)
	case a.ID == keymap.Quit && m.quitsBlind():
		return m.end()
	}
	return nil
}

// quitsBlind says whether the key for it would end the program on a screen that
// is too small.
func (m *Model) quitsBlind() bool {
	return (m.overlay != nil || m.focus != views.ShellPane) && m.shells.liveCount() == 0 && len(m.jobs.list) == 0 && !m.fanRuns()
}

// isHabit says whether a key suspends or redraws: hands expect that of it
// whatever stands on the screen.
func (m *Model) isHabit(k tea.KeyPressMsg) bool {
	if u, over := m.overlay.(*upon); over {
		if _, catches := u.top.(*keyCatch); catches {
			return false
		}
	}
	a, ok := m.keys.Lookup(keymap.List, k.String())
	return ok && k.Text == "" && (a.ID == keymap.Suspend || a.ID == keymap.Redraw)
}

// scope is where keys have their meaning now.
func (m *Model) scope() keymap.Scope {
	switch m.focus {
	case views.DetailPane:
		return keymap.Detail
	case views.ShellPane:
		if sh := m.shells.shown(); sh != nil && sh.scroll != nil && !sh.armed {
			return keymap.Scrollback
		}
		return keymap.Shell
	default:
		return keymap.List
	}
}

// onPaste takes pasted text where text is expected, and nowhere else: a
// paste must never act as keys.
func (m *Model) onPaste(text string) tea.Cmd {
	switch {
	case m.overlay != nil:
		if m.overlay.paste(m, text) {
			return nil
		}
	case m.prompt.open:
		m.prompt.line.insert(text)
		m.applyFilter()
		return nil
	case m.layout.TooSmall && m.many.on: // as keys
	case m.focus == views.ShellPane && m.shells.shown() != nil:
		if sh := m.shells.shown(); m.pasteShell(sh, text) {
			return nil
		}
	}
	m.say(noteWarn, "pasted text dropped: nothing here takes text", "shells, forms and the filter do")
	return nil
}

// interrupt cancels what is going on; pressed again, it asks for the end.
func (m *Model) interrupt() tea.Cmd {
	if m.stopBoot() {
		return nil
	}
	now := m.clock.Now()
	again := !m.lastStop.IsZero() && now.Sub(m.lastStop) <= secondPress
	m.lastStop = now
	if again {
		m.lastStop = time.Time{}
		return m.askQuit()
	}
	if slices.ContainsFunc(m.jobs.list, func(x *job) bool { return x.ending.IsZero() }) {
		return m.askCancel(every)
	}
	if m.fanRuns() && m.fan.ending.IsZero() {
		m.cancelFanOut(m.fan)
		return nil
	}
	if m.filter.Text != "" {
		m.clearFilter()
		return nil
	}
	m.say(noteWarn, "ctrl+c again asks to quit", "")
	return nil
}

// askQuit asks before the end.
func (m *Model) askQuit() tea.Cmd {
	live, more := m.shells.liveCount(), ""
	kind := "shell"
	if slices.ContainsFunc(m.shells.all, func(sh *shell) bool { return !sh.over && sh.op.console }) {
		kind = "session"
	}
	if live > 0 {
		more = plural(live, kind) + " will end. Containers run on."
	}
	if m.fanRuns() {
		more = strings.TrimSpace(m.fanLeft() + " " + more)
	}
	if len(m.jobs.list) > 0 && !m.jobs.leaving {
		return m.askLeave(more)
	}
	if m.fanRuns() {
		return m.askLeaveFan(more)
	}
	return m.ask(&question{state: views.PromptState{Title: "Quit lxcdeck?", More: more}, yes: m.end})
}

// quit leaves what is open first, and asks when that would end something.
func (m *Model) quit() tea.Cmd {
	switch {
	case m.zoomed || m.focus == views.DetailPane:
		return m.back()
	case m.jobs.leaving: // it was asked already
		return m.end()
	case m.boot != nil && len(m.jobs.list) == 0: // it waits
		return m.askQuitBoot()
	case m.shells.liveCount() > 0 || len(m.jobs.list) > 0 || m.fanRuns():
		return m.askQuit()
	default:
		return m.end()
	}
}
