package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// filterPrompt is the filter while it is being typed.
type filterPrompt struct {
	open bool
	line textLine
	err  error       // why the last word does not count
	from runtime.Ref // what was selected when it was opened
}

// openFilter begins with the text that holds now.
func (m *Model) openFilter() tea.Cmd {
	m.focus = views.ListPane
	m.prompt.open, m.prompt.from = true, m.rows.selected
	m.prompt.line.set(m.filter.text)
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
	m.filter, m.prompt.err = parseFilter(m.prompt.line.String())
	m.arrange()
	m.selectRef(m.prompt.from)
}

// clearFilter shows everything again and closes the prompt. What half a word
// took off the screen is selected again.
func (m *Model) clearFilter() {
	from := m.rows.selected
	if m.prompt.open {
		from = m.prompt.from
	}
	m.filter, m.prompt = filter{}, filterPrompt{}
	m.arrange()
	m.selectRef(from)
}
