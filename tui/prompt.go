package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// filterPrompt is the filter while it is being typed.
type filterPrompt struct {
	open bool
	line textLine
	err  error // why the last word does not count
}

// openFilter begins with the text that holds now.
func (m *Model) openFilter() tea.Cmd {
	m.focus = views.ListPane
	m.prompt.open = true
	m.prompt.line.set(m.filter.Text)
	if m.layout.List.Empty() {
		m.zoomed = false
		return m.arrangeScreen()
	}
	return nil
}

// onFilterKey edits the filter; the list follows every key.
func (m *Model) onFilterKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		m.prompt.open = false
		if m.prompt.err != nil {
			m.say(noteWarn, m.prompt.err.Error(), "the words before it count")
		}
		m.selectRow(0)
	case "esc", "ctrl+c":
		m.clearFilter()
	case "backspace", "ctrl+h":
		if len(m.prompt.line.text) == 0 {
			m.clearFilter()
			return nil
		}
		m.prompt.line.key(k)
		m.applyFilter()
	default:
		if m.prompt.line.key(k) {
			m.applyFilter()
		}
	}
	return nil
}

func (m *Model) applyFilter() {
	m.filter, m.prompt.err = views.ParseFilter(m.prompt.line.String())
	m.arrange()
}

// clearFilter shows everything again and closes the prompt.
func (m *Model) clearFilter() {
	m.filter, m.prompt = views.Filter{}, filterPrompt{}
	m.arrange()
}
