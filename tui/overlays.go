package tui

import "lxcdeck/views"

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
