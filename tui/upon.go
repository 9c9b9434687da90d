package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// upon is an overlay above another that takes the whole screen, and that comes
// back when it closes.
type upon struct{ top, under overlay }

// askUpon puts a question up; what is read at the moment comes back after it.
func (m *Model) askUpon(q *question) tea.Cmd {
	under := m.overlay
	c := m.ask(q)
	if under != nil {
		m.overlay = &upon{q, under}
	}
	return c
}

func (u *upon) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	c := u.top.key(m, k)
	if m.overlay == nil {
		m.overlay = u.under
	}
	if q, ok := u.top.(*question); ok && q.form != nil && m.overlay == overlay(q.form) {
		m.overlay = &upon{q.form, u.under}
	}
	return c
}

func (u *upon) paste(m *Model, text string) bool { return u.top.paste(m, text) }

func (u *upon) paint(m *Model) views.Block { return views.Centre(u.under.paint(m), u.top.paint(m)) }
