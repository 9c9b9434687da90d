package tui

import (
	"image"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

// doubleClick is how soon a click has to follow another on the same thing.
const doubleClick = 400 * time.Millisecond

// dragging is what the mouse drags.
type dragging uint8

const (
	noDrag     dragging = iota
	listEdge            // between the list and what is beside or below it
	halvesEdge          // between the halves of a shell pane
)

// pointer is what is known of the mouse.
type pointer struct {
	last views.Zone // that was clicked last
	at   time.Time
	drag dragging
	// The last press: where, when, and what took keys before it.
	x, y  int
	since time.Time
	top   overlay

	pressed *shell // whose program was told of a button that is held
}

// stray says whether a press is the rest of a double click of which the first has
// opened or closed what stood there, or is for what is not on the screen yet.
func (m *Model) stray(x, y int) bool {
	p, top, now := &m.pointer, m.topOverlay(), m.clock.Now()
	rest := top != p.top && x == p.x && y == p.y && now.Sub(p.since) <= doubleClick
	p.x, p.y, p.since, p.top = x, y, now, top
	if rest {
		p.since = time.Time{}
	}
	return rest || top != m.paint.shown
}

// dragged are the sizes that somebody has dragged panes to; 0 = as the screen has them.
type dragged struct{ listW, listH, halfW, halfH int }

// tabled is an overlay that looks its keys up in the table of actions itself.
type tabled interface {
	overlay
	tableScope() keymap.Scope
}

func (*procView) tableScope() keymap.Scope      { return keymap.Processes }
func (*netView) tableScope() keymap.Scope       { return keymap.Network }
func (*graphView) tableScope() keymap.Scope     { return keymap.Graphs }
func (*spaceView) tableScope() keymap.Scope     { return keymap.Space }
func (*confView) tableScope() keymap.Scope      { return keymap.Config }
func (*logView) tableScope() keymap.Scope       { return keymap.LogText }
func (*filesView) tableScope() keymap.Scope     { return keymap.Files }
func (*settingView) tableScope() keymap.Scope   { return keymap.SettingList }
func (*bindingView) tableScope() keymap.Scope   { return keymap.KeyList }
func (*isolationView) tableScope() keymap.Scope { return keymap.List }

// topOverlay is the overlay that takes keys; nil = the panes do.
func (m *Model) topOverlay() overlay {
	if u, ok := m.overlay.(*upon); ok {
		return u.top
	}
	return m.overlay
}

// onClick is a press of a button.
func (m *Model) onClick(c tea.MouseClickMsg) tea.Cmd {
	if sh, px, py := m.shellAt(c.X, c.Y); sh != nil {
		if c.Button == tea.MouseRight && m.inFocus(sh) && (sh.over || sh.scroll != nil || sh.modes().Mouse == vt.MouseOff) {
			return m.contextMenu(m.scope(), "Shell", c.X, c.Y)
		}
		return m.onShellMouse(sh, px, py, c.Mouse(), vt.Press)
	}
	if !m.mouse || m.held || m.layout.TooSmall || m.many.on || m.raw != nil {
		return nil
	}
	if m.stray(c.X, c.Y) {
		return nil
	}
	zone, hit := m.paint.zones.At(c.X, c.Y, m.overlay != nil)
	now := m.clock.Now()
	twice := hit && c.Button == tea.MouseLeft && zone.Kind == m.pointer.last.Kind && zone.At == m.pointer.last.At &&
		zone.Word == m.pointer.last.Word && now.Sub(m.pointer.at) <= doubleClick
	m.pointer.last, m.pointer.at = zone, now
	if twice || !hit {
		m.pointer.at = time.Time{}
	}
	if m.prompt.open && m.overlay == nil { // what was typed holds
		if act := m.onFilterKey(pressOf("enter")); act != nil || m.prompt.open {
			return act
		}
	}
	switch {
	case c.Button == tea.MouseRight:
		return m.rightClick(zone, hit, c.X, c.Y)
	case c.Button != tea.MouseLeft:
		return nil
	case m.overlay == nil && m.grab(c.X, c.Y):
		return m.focusAt(c.X, c.Y)
	case !hit:
		return m.clickNothing(c.X, c.Y)
	}
	switch zone.Kind {
	case views.KeyZone:
		return m.pressWords(zone.Word)
	case views.TabZone:
		if zone.At < len(m.shells.tabs) {
			return m.enterShell(m.shells.tabs[zone.At].focus())
		}
	case views.ColumnZone:
		return m.sortBy(zone.Word, zone.Word == m.rows.sort && !m.rows.reverse)
	case views.ItemZone:
		return m.clickItem(zone, twice)
	}
	return nil
}

// clickNothing is a click beside all that can be clicked: a pane takes the focus, and
// a context menu is left.
func (m *Model) clickNothing(x, y int) tea.Cmd {
	if m.overlay == nil {
		return m.focusAt(x, y)
	}
	if n, ok := m.topOverlay().(*menu); ok && n.context {
		return m.overlay.key(m, pressOf("esc"))
	}
	return nil
}

// focusAt gives the focus to the pane under the mouse.
func (m *Model) focusAt(x, y int) tea.Cmd {
	p := image.Pt(x, y)
	switch l := &m.layout; {
	case p.In(l.List):
		m.focus = views.ListPane
	case (p.In(l.Detail) || p.In(l.Rule)) && !l.Detail.Empty():
		m.focus = views.DetailPane
	default:
		return nil
	}
	return m.arrangeScreen()
}

// clickItem goes to a row; twice: opens it. A menu is chosen from at once.
func (m *Model) clickItem(zone views.Zone, twice bool) tea.Cmd {
	if m.overlay == nil {
		m.focus = views.ListPane
		m.selectRow(zone.At)
		if twice {
			return m.doID(keymap.Open)
		}
		return m.arrangeScreen()
	}
	act := m.point(zone)
	switch m.topOverlay().(type) {
	case *menu, *palette:
		return m.overlay.key(m, pressOf("enter"))
	case *form:
		if zone.Word == "list" {
			return m.overlay.key(m, pressOf("enter"))
		}
		return tea.Batch(act, m.clickField(zone))
	}
	if twice {
		return tea.Batch(act, m.pressEnter())
	}
	return act
}

// clickField presses what can be pressed of a form, and turns a choice that had the
// cursor already.
func (m *Model) clickField(zone views.Zone) tea.Cmd {
	f, ok := m.topOverlay().(*form)
	if !ok {
		return nil
	}
	at := f.here()
	if at == nil || at.kind == views.TextField || at.press == nil && zone.Cursor != zone.At {
		return nil
	}
	return m.overlay.key(m, pressOf("space"))
}

// point moves the cursor of the overlay to an item.
func (m *Model) point(zone views.Zone) tea.Cmd {
	switch x := m.topOverlay().(type) {
	case *menu:
		x.at = zone.At
		return nil
	case *palette:
		x.at = zone.At
		return nil
	case *settingView:
		x.at = zone.At
		return nil
	case *bindingView:
		x.move(zone.At)
		return nil
	}
	var acts []tea.Cmd
	if zone.Word == "other" { // of two panes side by side
		acts = append(acts, m.overlay.key(m, m.tableKey(keymap.NextPane)))
	}
	id, n := keymap.Down, zone.At-max(0, zone.Cursor)
	if n < 0 {
		id, n = keymap.Up, -n
	}
	return tea.Batch(append(acts, m.step(id, n, zone.Word == "list"))...)
}

// step presses a key that moves n times, and no character that may be typed.
func (m *Model) step(id keymap.ID, n int, inList bool) tea.Cmd {
	k := pressOf(map[keymap.ID]string{keymap.Down: "down", keymap.Up: "up"}[id])
	if f, ok := m.topOverlay().(*form); ok && !inList { // a list that is open is left by these
		k = pressOf(map[keymap.ID]string{keymap.Down: "tab", keymap.Up: "shift+tab"}[id])
		f.list = nil
	}
	if _, ok := m.topOverlay().(tabled); ok {
		k = m.tableKey(id)
	}
	if k.Code == 0 {
		return nil
	}
	var acts []tea.Cmd
	for range n {
		if m.overlay == nil {
			break
		}
		acts = append(acts, m.overlay.key(m, k))
	}
	return tea.Batch(acts...)
}

// tableKey is a key of an action, if it can be one that types nothing.
func (m *Model) tableKey(id keymap.ID) tea.KeyPressMsg {
	best := tea.KeyPressMsg{}
	for _, key := range m.keys.Keys(id) {
		k := pressOf(key)
		if k.Text == "" {
			return k
		}
		best = k
	}
	return best
}

// pressEnter opens what the cursor of the overlay is on.
func (m *Model) pressEnter() tea.Cmd {
	x, ok := m.topOverlay().(tabled)
	if !ok {
		return m.overlay.key(m, pressOf("enter"))
	}
	for _, a := range keymap.Actions() {
		if a.Scope != x.tableScope() || a.Scope == keymap.List {
			continue
		}
		for _, key := range a.Keys {
			if key == "enter" {
				return m.overlay.key(m, m.tableKey(a.ID))
			}
		}
	}
	return nil
}

// pressWords presses the keys that a hint names: the first of several, or one behind
// the prefix. In a shell nothing is typed by it.
func (m *Model) pressWords(words string) tea.Cmd {
	fields := strings.Fields(words)
	if len(fields) == 0 {
		return nil
	}
	key, err := keymap.ParseKey(fields[0])
	if err != nil {
		return nil
	}
	sh := m.shells.shown()
	if m.overlay != nil || m.focus != views.ShellPane || sh == nil || sh.scroll != nil || sh.armed {
		return m.onKey(pressOf(key))
	}
	if m.keys.IsPrefix(key) {
		act := m.onKey(pressOf(key))
		if len(fields) > 1 {
			if next, err := keymap.ParseKey(fields[1]); err == nil {
				return tea.Batch(act, m.onKey(pressOf(next)))
			}
		}
		return act
	}
	if a, ok := m.keys.Lookup(keymap.Everywhere, key); ok {
		return m.do(a)
	}
	return nil
}

// doID does an action by the one door.
func (m *Model) doID(id keymap.ID) tea.Cmd {
	a, ok := keymap.Find(id)
	if !ok {
		return nil
	}
	return m.do(a)
}

// grab begins to drag an edge that is under the mouse.
func (m *Model) grab(x, y int) bool {
	p := image.Pt(x, y)
	l := &m.layout
	below := l.Rule
	if l.Detail.Empty() {
		below = l.Banner.Union(l.Banner2)
		if !l.Middle.Empty() || l.Banner2.Min.Y > l.Banner.Min.Y {
			below = l.Banner
		}
		if !l.Tabs.Empty() {
			below = l.Tabs
		}
	}
	switch {
	case p.In(l.Middle), l.Middle.Empty() && !l.Banner.Empty() && p.In(l.Banner2):
		m.pointer.drag = halvesEdge
	case p.In(l.Split), !l.Beside && !l.List.Empty() && p.In(below) && l.Detail.Dy()+l.Shell.Dy()+l.Shell2.Dy() > 0:
		if _, hit := m.paint.zones.At(x, y, false); hit { // a tab or a key in it
			return false
		}
		m.pointer.drag = listEdge
	default:
		return false
	}
	return true
}

// dragTo moves the edge that is dragged.
func (m *Model) dragTo(x, y int) tea.Cmd {
	l, s := &m.layout, &m.sizes
	switch {
	case m.pointer.drag == listEdge && l.Beside:
		s.listW = max(1, x-l.List.Min.X)
	case m.pointer.drag == listEdge:
		s.listH = max(1, y-l.List.Min.Y)
	case !l.Middle.Empty():
		s.halfW = max(1, x-l.Banner.Min.X)
	default:
		s.halfH = max(1, y-l.Banner.Min.Y)
	}
	m.dirty, m.paint.all = true, true
	return m.arrangeScreen()
}

// onWheel moves what is under the mouse.
func (m *Model) onWheel(w tea.MouseWheelMsg) tea.Cmd {
	if sh, px, py := m.shellAt(w.X, w.Y); sh != nil {
		return m.onShellWheel(sh, px, py, w.Mouse())
	}
	step, id := wheelStep, keymap.Down
	if w.Button == tea.MouseWheelUp {
		step, id = -step, keymap.Up
	}
	if m.held || m.layout.TooSmall || w.Button != tea.MouseWheelUp && w.Button != tea.MouseWheelDown {
		return nil
	}
	switch x := m.topOverlay().(type) {
	case nil:
		if image.Pt(w.X, w.Y).In(m.layout.Detail) {
			return m.scrollDetail(m.detailTop + step)
		}
		if m.many.on {
			return nil
		}
		m.selectRow(m.rows.at + step)
		return nil
	case *logView:
		return x.wheel(m, step)
	case *filesView:
		x.wheel(m, step)
		return nil
	case *form, *keyCatch:
		return nil
	default:
		return m.step(id, wheelStep, true)
	}
}

// toggleMouse gives the mouse to lxcdeck, or back to the terminal.
func (m *Model) toggleMouse() tea.Cmd {
	m.setMouse(!m.mouse)
	if m.mouse {
		m.say(noteInfo, "the mouse is lxcdeck's: click, double click, right click, wheel, drag", "shift selects in most terminals")
		return nil
	}
	m.say(noteInfo, "the mouse is the terminal's: it selects text", "")
	return nil
}

// setMouse forgets what the mouse has clicked or drags.
func (m *Model) setMouse(on bool) {
	m.mouse, m.pointer = on, pointer{}
	if !on {
		m.paint.zones.Clear()
	}
}
