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

func (u *upon) paint(m *Model) views.Block {
	if h, ok := u.top.(*help); ok { // which takes the whole screen, whatever is under it
		return h.paint(m)
	}
	under := u.under.paint(m)
	m.paint.zones.Drop() // a click is for what stands above
	return lay(under, u.top, u.top.paint(m))
}

// lay puts the box of an overlay over a frame: in its middle, or where it was asked for.
func lay(frame views.Block, x overlay, box views.Block) views.Block {
	n, ok := x.(*menu)
	if !ok || !n.context {
		return views.Centre(frame, box)
	}
	size, of := box.Size(), frame.Size()
	return views.Over(frame, box, max(0, min(n.x, of.X-size.X)), max(0, min(n.y, of.Y-size.Y)))
}

// fills says whether an overlay takes the whole screen.
func fills(x overlay) bool {
	if u, ok := x.(*upon); ok {
		return fills(u.under)
	}
	switch x.(type) {
	case *help, *messages, *jobView, *outputView, *leftoverView, *doctor, *procView, *netView, *isolationView, *eventView, *graphView, *spaceView, *logView, *filesView, *settingView, *bindingView:
		return true
	}
	return false
}

// layOver paints an overlay that does not fill the screen over a frame.
func layOver(m *Model, frame views.Block, x overlay) views.Block {
	if u, ok := x.(*upon); ok {
		frame = layOver(m, frame, u.under)
		m.paint.zones.Drop()
		x = u.top
	}
	return lay(frame, x, x.paint(m))
}
