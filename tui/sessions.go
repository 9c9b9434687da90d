package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// sessionList is the list of all sessions, by tab.
type sessionList struct {
	at     int
	id     int // of the session under the cursor: it keeps it when others go
	rename *textLine
}

// openSessions lists the sessions; the one in focus is under the cursor.
func (m *Model) openSessions() tea.Cmd {
	list := &sessionList{}
	if m.shells.cur != nil {
		list.id = m.shells.cur.focus().id
	}
	m.overlay = list
	return nil
}

// rowsOf gives the sessions in the order of their tabs, and puts the cursor on
// the session it was on.
func (x *sessionList) rowsOf(m *Model) []*shell {
	var rows []*shell
	for _, t := range m.shells.tabs {
		rows = append(rows, t.halves...)
	}
	if i := slices.IndexFunc(rows, func(sh *shell) bool { return sh.id == x.id }); i >= 0 {
		x.at = i
	}
	x.at = max(0, min(x.at, len(rows)-1))
	return rows
}

func (x *sessionList) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	rows := x.rowsOf(m)
	if x.rename != nil {
		x.renaming(rows, k)
		return nil
	}
	switch k.String() {
	case "esc", "q", "ctrl+c":
		m.overlay = nil
		return nil
	case "u":
		m.overlay = nil
		if a, ok := keymap.Find(keymap.Reopen); ok {
			return m.do(a)
		}
		return nil
	}
	if len(rows) == 0 {
		return nil
	}
	return x.onRow(m, rows, k.String())
}

// onRow is a key that is about the session under the cursor.
func (x *sessionList) onRow(m *Model, rows []*shell, key string) tea.Cmd {
	sh := rows[x.at]
	to := func(i int) { x.id = rows[max(0, min(i, len(rows)-1))].id }
	switch key {
	case "up", "ctrl+p":
		to(x.at - 1)
	case "down", "j", "tab", "ctrl+n":
		to(x.at + 1)
	case "home", "g":
		to(0)
	case "end", "G":
		to(len(rows) - 1)
	case "enter", "space":
		m.overlay = nil
		return m.enterShell(sh)
	case "r":
		x.rename = &textLine{}
		x.rename.set(sh.label)
	case "k":
		if sh.over {
			m.say(noteWarn, "the "+sh.op.kind()+" in "+m.called(sh.ref())+" has ended: "+m.keys.KeyOf(keymap.SessDismiss)+" dismisses it", "")
			return nil
		}
		return m.askKill(sh)
	case "x":
		return x.dismiss(m, sh)
	case "|", "%":
		return x.join(m, sh, views.SideBySide)
	case "-", "\"":
		return x.join(m, sh, views.Stacked)
	}
	return nil
}

// dismiss forgets a session that has ended.
func (x *sessionList) dismiss(m *Model, sh *shell) tea.Cmd {
	if !sh.over {
		m.say(noteWarn, "the "+sh.op.kind()+" in "+m.called(sh.ref())+" runs: "+m.keys.KeyOf(keymap.SessKill)+" ends it", "")
		return nil
	}
	m.forget(sh)
	if len(m.shells.all) == 0 {
		m.overlay = nil
	}
	return m.arrangeScreen()
}

// join puts the session beside the one that has the pane.
func (x *sessionList) join(m *Model, sh *shell, split views.Halves) tea.Cmd {
	if m.shells.cur == nil || m.shells.cur.focus() == sh {
		m.say(noteWarn, "that session is the one in focus: choose another to put beside it", "")
		return nil
	}
	if !m.shells.join(sh, split) {
		m.say(noteWarn, "the tab in focus is split already", m.keyDoes(keymap.ShellApart, "ends the split"))
		return nil
	}
	m.overlay = nil
	return m.enterShell(sh)
}

// renaming edits the name of the session under the cursor.
func (x *sessionList) renaming(rows []*shell, k tea.KeyPressMsg) {
	switch k.String() {
	case "esc", "ctrl+c":
		x.rename = nil
	case "enter":
		if x.at < len(rows) {
			rows[x.at].label = x.rename.String()
		}
		x.rename = nil
	default:
		x.rename.key(k)
	}
}

// paste goes into the name being typed.
func (x *sessionList) paste(_ *Model, text string) bool {
	if x.rename == nil {
		return false
	}
	x.rename.insert(text)
	return true
}

func (x *sessionList) paint(m *Model) views.Block {
	rows := x.rowsOf(m)
	s := &views.SessionsState{Now: m.clock.Now(), Hint: x.hint(m, rows)}
	for _, sh := range rows {
		s.Items = append(s.Items, m.sessionItem(sh))
	}
	s.Cursor = x.at
	if n := len(m.shells.closed); n > 0 && !m.readOnly {
		last := m.shells.closed[n-1]
		s.Note = m.keys.KeyOf(keymap.SessReopen) + " opens again: " + last.words() + " in " + m.called(last.shell.Ref)
	}
	if x.rename != nil {
		s.Renaming, s.Typed, s.Behind = true, x.rename.String(), x.rename.behind()
		s.Hint = "enter keeps the name  esc leaves it"
	}
	return m.theme.Sessions(s, m.layout.W, m.layout.H)
}

// hint is what keys do to the session under the cursor, as it is now.
func (x *sessionList) hint(m *Model, rows []*shell) string {
	if len(rows) == 0 {
		return "esc leaves"
	}
	sh, cur := rows[x.at], m.shells.cur
	key := m.keys.KeyOf
	words := []string{key(keymap.SessGo) + " goes there", key(keymap.SessRename) + " names"}
	if sh.over {
		words = append(words, key(keymap.SessDismiss)+" dismisses")
	} else {
		words = append(words, key(keymap.SessKill)+" ends")
	}
	if cur != nil && len(cur.halves) == 1 && cur.focus() != sh {
		words = append(words, key(keymap.SessBeside)+" "+key(keymap.SessBelow)+" split")
	}
	return strings.Join(append(words, "esc leaves"), "  ")
}

func (m *Model) sessionItem(sh *shell) views.SessionItem {
	t, half := m.shells.tabOf(sh)
	it := views.SessionItem{
		Tab: slices.Index(m.shells.tabs, t) + 1, Name: m.called(sh.ref()), Label: sh.label,
		Command: sh.op.words(), Opened: sh.opened, Marks: m.marksOf(sh), Exit: sh.exit,
		Opening: sh.comingUp(), Current: m.shells.shown() == sh,
	}
	if len(t.halves) > 1 {
		it.Half = [2]string{"a", "b"}[half]
	}
	if at := sh.wrote.Load(); at > 0 {
		it.Active = time.Unix(0, at)
	}
	if sh.err != nil {
		it.Err = sh.err.Error()
	}
	return it
}

// marksOf is what has happened in a session since it was on screen.
func (m *Model) marksOf(sh *shell) views.SessionMarks {
	return views.SessionMarks{
		Activity: sh.fresh.Load(), Bell: sh.rang.Load(), Ended: sh.over, Recording: sh.recording(), Typed: m.many.has(sh),
	}
}

// tabsState is the row of tabs.
func (m *Model) tabsState() *views.TabsState {
	s := &views.TabsState{Current: max(0, m.shells.index()), Focused: m.focus == views.ShellPane && m.overlay == nil}
	for _, t := range m.shells.tabs {
		sh := t.focus()
		tab := views.Tab{Text: m.called(sh.ref()), Marks: m.marksOf(sh)}
		if sh.label != "" {
			tab.Text = sh.label
		}
		if len(t.halves) > 1 {
			other := t.halves[1-t.at]
			marks := m.marksOf(other)
			tab.Marks.Activity = tab.Marks.Activity || marks.Activity
			tab.Marks.Bell = tab.Marks.Bell || marks.Bell
			tab.Marks.Typed = tab.Marks.Typed || marks.Typed
			tab.Text += "+" + m.called(other.ref())
		}
		s.Tabs = append(s.Tabs, tab)
	}
	return s
}

// renameShell names the session in focus.
func (m *Model) renameShell() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil {
		return nil
	}
	list := &sessionList{id: sh.id, rename: &textLine{}}
	list.rename.set(sh.label)
	m.overlay = list
	return nil
}

// forget drops a session that is over, its memory too.
func (m *Model) forget(sh *shell) {
	m.shells.forget(sh)
	m.out.budget.remove(sh)
}
