package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// messages shows everything that was told, in full; it scrolls.
type messages struct {
	top int
}

func (m *Model) openMessages() tea.Cmd {
	m.notices.dismiss() // here it is read in full
	m.overlay = &messages{}
	return nil
}

func (x *messages) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	top, done := scrollKey(k.String(), x.top, m.theme.MessagesHeight(m.messagesState(x), m.layout.W), m.helpRows())
	x.top = top
	if done || k.String() == "m" {
		m.overlay = nil
	}
	return nil
}

// scrollKey is a key in a screen of text: the new first line of n, of which
// page are on screen, or the end of reading.
func scrollKey(key string, top, n, page int) (int, bool) {
	step := max(1, page-1)
	switch key {
	case "esc", "q", "enter", "ctrl+c":
		return top, true
	case "up", "k":
		top--
	case "down", "j":
		top++
	case "pgup", "ctrl+u", "ctrl+b":
		top -= step
	case "pgdown", "ctrl+d", "ctrl+f", "space":
		top += step
	case "home", "g":
		top = 0
	case "end", "G":
		top = n
	}
	return max(0, min(top, n-page)), false
}

// paste is not for messages.
func (*messages) paste(*Model, string) bool { return false }

func (x *messages) paint(m *Model) views.Block {
	return m.theme.Messages(m.messagesState(x), m.layout.W, m.layout.H)
}

func (m *Model) messagesState(x *messages) *views.MessagesState {
	s := &views.MessagesState{Offset: x.top}
	for i := len(m.notices.past) - 1; i >= 0; i-- {
		n := &m.notices.past[i]
		s.Items = append(s.Items, views.Message{At: n.at, Level: n.level(), Text: n.text, Hint: n.hint})
	}
	return s
}
