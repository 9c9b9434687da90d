package tui

import (
	"lxcdeck/keymap"
	"lxcdeck/views"
)

func (q *question) paint(m *Model) views.Block {
	return m.theme.Prompt(&q.state, m.layout.W, m.layout.H)
}

func (n *menu) paint(m *Model) views.Block {
	s := &views.PickerState{Title: n.title, Multi: n.toggle, Cursor: n.at, Hint: n.note}
	for _, it := range n.items {
		s.Items = append(s.Items, views.PickerItem{Label: it.label, Note: it.hint, On: it.on})
	}
	return m.theme.Picker(s, m.layout.W, m.layout.H)
}

func (p *palette) paint(m *Model) views.Block {
	s := &views.PaletteState{Query: p.line.String(), Behind: p.line.behind(), Items: p.items, Cursor: p.at}
	return m.theme.Palette(s, m.layout.W, m.layout.H)
}

func (h *help) paint(m *Model) views.Block {
	return m.theme.Help(m.helpState(h), m.layout.W, m.layout.H)
}

func (m *Model) helpState(h *help) *views.HelpState {
	s := &views.HelpState{
		Groups: keymap.HelpGroups(m.keys, h.scope, m.situation()), Offset: h.top,
		ReadOnly: m.readOnly, Version: m.version,
	}
	if !h.scope.Apart() { // there keys are no shell's
		s.Prefix = m.prefixName()
	}
	return s
}

// helpLines is how many lines the help has, helpRows how many are on screen:
// title and foot take one each.
func (m *Model) helpLines(h *help) int { return m.theme.HelpHeight(m.helpState(h), m.layout.W) }
func (m *Model) helpRows() int         { return max(1, m.layout.H-2) }
