package tui

import (
	"slices"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

func (x *procView) paint(m *Model) views.Block {
	s := x.state(m)
	s.Offset = views.Scroll(x.at, x.top, len(x.rows), views.ProcessRows(s, m.layout.H)) // the screen may have another size
	page := m.theme.Processes(s, m.layout.W, m.layout.H)
	if x.full {
		return views.Centre(page, m.theme.Text(x.fullState(m), m.layout.W, m.layout.H))
	}
	return page
}

func (x *procView) state(m *Model) *views.ProcessesState {
	s := &views.ProcessesState{
		Name: m.called(x.ref), Items: x.rows, Cursor: x.at, Offset: x.top, Total: x.list.Total,
		Sort: m.procs.column().ID, Desc: m.procs.desc(), Tree: !m.procs.flat, Units: x.units, Filter: x.filter.text,
		Now: m.clock.Now(), Note: x.note(), Empty: x.empty(m), Say: m.noticeState(),
	}
	if c := m.byRef(x.ref); c != nil {
		s.State = c.State
	}
	if x.line != nil {
		s.Typing, s.Filter, s.Behind = true, x.line.String(), x.line.behind()
		s.Hints = []keymap.Hint{{Key: "enter", Text: "keeps it"}, {Key: "esc", Text: "takes it back"}}
		if x.wrong != nil {
			s.Wrong = x.wrong.Error()
		}
		return s
	}
	s.Hints = keymap.Footer(m.keys, keymap.Processes, x.situation(m))
	if x.process() == nil {
		s.Hints = slices.DeleteFunc(s.Hints, func(h keymap.Hint) bool {
			return h.ID == keymap.ProcSignal || h.ID == keymap.ProcOpen || h.ID == keymap.ProcCopy
		})
	}
	for i := range s.Hints {
		if s.Hints[i].ID == keymap.Quit {
			s.Hints[i].Text = "back"
		}
		if s.Hints[i].ID == keymap.ProcTree && !m.procs.flat {
			s.Hints[i].Text = "flat"
		}
	}
	if x.filter.text != "" { // what fits it has no tree
		s.Hints = slices.DeleteFunc(s.Hints, func(h keymap.Hint) bool { return h.ID == keymap.ProcTree })
	}
	return s
}

// note is one sentence on the whole.
func (x *procView) note() string {
	switch {
	case x.err != nil:
		return x.err.Error()
	case x.over != "" && len(x.rows) > 0:
		return x.over
	case x.list.Total > len(x.list.Processes):
		return "too many: only the first are shown"
	default:
		return x.list.Unnamed
	}
}

// empty says why there is no row.
func (x *procView) empty(m *Model) string {
	switch {
	case x.over != "":
		return x.over + ". They are shown as soon as it runs."
	case x.err != nil:
		return "The processes cannot be read."
	case len(x.list.Processes) > 0:
		return "No process fits the filter; " + m.keys.KeyOf(keymap.Back) + " clears it."
	default:
		return "reading ..."
	}
}
