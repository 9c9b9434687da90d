package tui

import (
	"slices"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (x *netView) paint(m *Model) views.Block {
	s := x.state(m)
	s.Offset = views.Scroll(x.at, x.top, len(x.rows), views.NetworkRows(s, m.layout.H)) // the screen may have another size
	return m.theme.Network(s, m.layout.W, m.layout.H)
}

func (x *netView) state(m *Model) *views.NetworkState {
	s := &views.NetworkState{
		Rows: x.rows, Cursor: x.at, Offset: x.top, Links: x.links, Conflicts: len(x.conflicts), Say: m.noticeState(),
		Note: x.note(), Empty: "reading ...",
	}
	if x.alone != nil {
		s.Of = m.called(*x.alone)
		s.Conflicts = len(slices.DeleteFunc(slices.Clone(x.conflicts), func(c runtime.NetConflict) bool { return !concerns(&c, *x.alone) }))
	}
	switch {
	case x.err != nil:
		s.Empty = "The network cannot be read."
	case x.alone != nil && m.isGone(*x.alone):
		s.Empty = m.called(*x.alone) + " is gone; " + m.keys.KeyOf(keymap.Back) + " shows the others."
	}
	s.About, s.AboutBad = x.about(m)
	s.Hints = keymap.Footer(m.keys, keymap.Network, m.situation())
	for i := range s.Hints {
		switch {
		case s.Hints[i].ID == keymap.NetAlone && x.alone != nil:
			s.Hints[i].Text = "all"
		case s.Hints[i].ID == keymap.Quit:
			s.Hints[i].Text = "back"
		}
	}
	s.Hints = slices.DeleteFunc(s.Hints, func(h keymap.Hint) bool { return h.ID == keymap.NetNext && s.Conflicts == 0 })
	return s
}

func concerns(c *runtime.NetConflict, ref runtime.Ref) bool {
	return slices.ContainsFunc(c.Who, func(w runtime.NetClaim) bool { return w.Ref == ref })
}

// note is one sentence on the whole.
func (x *netView) note() string {
	switch {
	case x.err != nil:
		return x.err.Error()
	case x.alone == nil:
		return x.net.HostWhy
	case x.portsErr != nil:
		return x.portsErr.Error()
	default:
		return x.ports.Unnamed
	}
}
