package tui

import "lxcdeck/runtime"

// toggleMark marks the selected container and goes on to the next row.
func (m *Model) toggleMark() {
	r := &m.rows
	if len(r.shown) == 0 {
		return
	}
	if r.marks[r.selected] {
		delete(r.marks, r.selected)
	} else {
		r.marks[r.selected] = true
		r.anchor = r.selected
	}
	m.selectRow(r.at + 1)
}

// markRange marks from the last mark to the cursor, both included. Without
// a last mark on screen it marks the cursor's row and makes it the anchor.
func (m *Model) markRange() {
	r := &m.rows
	if len(r.shown) == 0 {
		return
	}
	from := r.at
	for i := range r.shown {
		if r.shown[i].C.Ref == r.anchor {
			from = i
		}
	}
	for i := min(from, r.at); i <= max(from, r.at); i++ {
		r.marks[r.shown[i].C.Ref] = true
	}
	r.anchor = r.selected
}

// markAll marks every row that the filter shows.
func (m *Model) markAll() {
	for i := range m.rows.shown {
		m.rows.marks[m.rows.shown[i].C.Ref] = true
	}
}

func (m *Model) clearMarks() {
	clear(m.rows.marks)
	m.rows.anchor = runtime.Ref{}
}

// targets are the marked containers in the list's order, else the selected
// one. A mark that the filter hides still counts: marks are shown by number
// in the question.
func (m *Model) targets() []runtime.Container {
	out := make([]runtime.Container, 0, max(1, len(m.rows.marks)))
	for i := range m.all {
		if m.rows.marks[m.all[i].Ref] {
			out = append(out, m.all[i])
		}
	}
	if len(out) == 0 {
		if c := m.selected(); c != nil {
			out = append(out, *c)
		}
	}
	return out
}
