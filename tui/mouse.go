package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

// wheelStep is how many rows a click of the wheel moves.
const wheelStep = 3

// shellAt is the session under the mouse, and where in its pane; nil = none.
func (m *Model) shellAt(x, y int) (sh *shell, px, py int) {
	if m.overlay != nil || m.held || m.prompt.open {
		return nil, 0, 0
	}
	for _, sh := range m.shells.halves() {
		if box := m.rectOf(sh); x >= box.Min.X && x < box.Max.X && y >= box.Min.Y && y < box.Max.Y {
			return sh, x - box.Min.X, y - box.Min.Y
		}
	}
	return nil, 0, 0
}

// inFocus says whether a session is the one that takes keys.
func (m *Model) inFocus(sh *shell) bool {
	return m.focus == views.ShellPane && m.shells.shown() == sh && m.overlay == nil
}

// onShellMouse is the mouse over a session: a click goes into it; what the
// program inside has asked for is its own.
func (m *Model) onShellMouse(sh *shell, px, py int, msg tea.Mouse, action vt.MouseAction) tea.Cmd {
	if !m.inFocus(sh) {
		if action == vt.Press && msg.Button == tea.MouseLeft && !m.many.on {
			return m.enterShell(sh)
		}
		return nil
	}
	button, ok := mouseButton(msg.Button)
	if !ok || sh.over || sh.comingUp() || sh.scroll != nil || m.many.on {
		return nil
	}
	modes := sh.modes()
	if action == vt.Press && button != vt.WheelUp && button != vt.WheelDown {
		m.pointer.pressed = sh
	}
	m.typeInto(sh, vt.EncodeMouse(vt.Mouse{X: px, Y: py, Button: button, Action: action, Mod: vtMod(msg.Mod)}, modes))
	return nil
}

// onShellWheel is the wheel over the session in focus: the program's, if it has
// asked for the mouse; the arrow keys, if it has the alternate screen; else it
// reads back, and at the end it is live again.
func (m *Model) onShellWheel(sh *shell, px, py int, msg tea.Mouse) tea.Cmd {
	step := wheelStep
	if msg.Button == tea.MouseWheelUp {
		step = -step
	}
	modes := sh.modes()
	switch {
	case !m.inFocus(sh) || m.many.on || msg.Button != tea.MouseWheelUp && msg.Button != tea.MouseWheelDown:
		return nil
	case sh.scroll == nil && modes.Mouse != vt.MouseOff:
		return m.onShellMouse(sh, px, py, msg, vt.Press)
	case sh.scroll == nil && modes.AltScreen && !sh.over:
		key := vt.Key{Code: vt.Down}
		if step < 0 {
			key.Code = vt.Up
		}
		for range wheelStep {
			m.typeInto(sh, vt.EncodeKey(key, modes))
		}
		return nil
	case sh.scroll == nil && step > 0:
		return nil
	case sh.scroll == nil:
		m.lastKey = ""
		if cmd := m.openScroll(); cmd != nil {
			return cmd
		}
		sh.scroll.wheeled = true
	}
	m.onScroll(sh, func(s *scroll, t *vt.Terminal) { s.glide(t, step) })
	if sh.scroll.wheeled && step > 0 && sh.scroll.kind == selectNothing && sh.atEnd() {
		return m.closeScroll()
	}
	return nil
}

// glide moves the view; the cursor stays in it.
func (s *scroll) glide(t *vt.Terminal, by int) {
	first, end := t.Rows()
	if by < 0 {
		s.top -= min(s.top-first, uint64(-by))
	} else if end > uint64(s.height) {
		s.top = min(s.top+uint64(by), end-uint64(s.height))
	}
	s.at.Row = min(max(s.at.Row, s.top), s.top+uint64(s.height)-1)
}

// atEnd says whether the last row is in sight.
func (sh *shell) atEnd() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, end := sh.term.Rows()
	return sh.scroll.top+uint64(sh.scroll.height) >= end
}

func mouseButton(b tea.MouseButton) (vt.MouseButton, bool) {
	switch b {
	case tea.MouseNone:
		return vt.NoButton, true
	case tea.MouseLeft:
		return vt.LeftButton, true
	case tea.MouseMiddle:
		return vt.MiddleButton, true
	case tea.MouseRight:
		return vt.RightButton, true
	case tea.MouseWheelUp:
		return vt.WheelUp, true
	case tea.MouseWheelDown:
		return vt.WheelDown, true
	}
	return 0, false
}

// onMouse is a release or a movement: of an edge that is dragged, or for a program in
// a session that wants it.
func (m *Model) onMouse(msg tea.Mouse, action vt.MouseAction) tea.Cmd {
	switch {
	case m.pointer.drag == noDrag:
	case action == vt.Motion:
		return m.dragTo(msg.X, msg.Y)
	default:
		m.pointer.drag = noDrag
		return nil
	}
	if msg.Button == tea.MouseNone && action == vt.Motion { // no button is held
		if sh, px, py := m.shellAt(msg.X, msg.Y); sh != nil && m.inFocus(sh) {
			return m.onShellMouse(sh, px, py, msg, action)
		}
		return nil
	}
	// Where it was pressed it is let go, also beside the pane.
	sh := m.pointer.pressed
	if action == vt.Release {
		m.pointer.pressed = nil
	}
	if sh == nil || !m.inFocus(sh) || m.held {
		return nil
	}
	box := m.rectOf(sh)
	if box.Empty() {
		return nil
	}
	px, py := min(max(msg.X, box.Min.X), box.Max.X-1)-box.Min.X, min(max(msg.Y, box.Min.Y), box.Max.Y-1)-box.Min.Y
	return m.onShellMouse(sh, px, py, msg, action)
}

// tellFocus lets programs that have asked for it (mode 1004) know whether they
// have the focus.
func (m *Model) tellFocus() {
	for _, sh := range m.shells.all {
		in := m.inFocus(sh) && !m.blurred
		if in == sh.focused {
			continue
		}
		sh.focused = in
		if sh.over || sh.comingUp() {
			continue
		}
		m.typeInto(sh, vt.EncodeFocus(in, sh.modes()))
	}
}

// wantsMouse says how much of the mouse the screen asks the terminal for.
func (m *Model) wantsMouse() tea.MouseMode {
	if !m.mouse || m.held {
		return tea.MouseModeNone
	}
	if sh := m.shells.shown(); sh != nil && m.inFocus(sh) && sh.modes().Mouse == vt.MouseAny {
		return tea.MouseModeAllMotion
	}
	return tea.MouseModeCellMotion
}

// wantsFocus says whether the session in focus wants to know of the
// terminal's own focus.
func (m *Model) wantsFocus() bool {
	sh := m.shells.shown()
	return sh != nil && m.inFocus(sh) && sh.modes().Focus
}
