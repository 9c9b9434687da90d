package tui

import (
	"maps"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

// allHandlers is what each action does that is no operation on containers. A
// test holds it complete.
func (m *Model) allHandlers() map[keymap.ID]func() tea.Cmd {
	all := map[keymap.ID]func() tea.Cmd{}
	for _, part := range []map[keymap.ID]func() tea.Cmd{
		m.movingHandlers(), m.lookingHandlers(), m.terminalHandlers(), m.scrollHandlers(), m.generalHandlers(),
		m.formHandlers(), m.createHandlers(), m.shipHandlers(), m.runHandlers(), m.snapshotHandlers(), m.jobHandlers(), m.fanOutHandlers(), m.bootHandlers(), m.processHandlers(), m.networkHandlers(), m.eventHandlers(), m.graphHandlers(), m.spaceHandlers(), m.configHandlers(), m.logHandlers(), m.fileHandlers(), m.ownHandlers(), m.settingHandlers(), m.bindingHandlers(),
	} {
		maps.Copy(all, part)
	}
	return all
}

func (m *Model) movingHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.Up:       func() tea.Cmd { return m.move(-1) },
		keymap.Down:     func() tea.Cmd { return m.move(1) },
		keymap.PageUp:   func() tea.Cmd { return m.move(-m.halfPage()) },
		keymap.PageDown: func() tea.Cmd { return m.move(m.halfPage()) },
		keymap.Top:      func() tea.Cmd { return m.moveTo(0) },
		keymap.Bottom:   func() tea.Cmd { return m.moveTo(endOfList) },
		keymap.NextPane: m.nextPane,
		keymap.Back:     m.back,
		keymap.Open:     m.open,
		keymap.Zoom:     m.zoom,
		keymap.Info:     m.toggleDetail,
	}
}

func (m *Model) lookingHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.CPUUnit:    func() tea.Cmd { m.unit = m.unit.Next(); return nil },
		keymap.OnlyAlive:  m.toggleAlive,
		keymap.Columns:    m.columnPicker,
		keymap.Faster:     func() tea.Cmd { return m.setInterval(shorter(m.interval)) },
		keymap.Slower:     func() tea.Cmd { return m.setInterval(longer(m.interval)) },
		keymap.FreezeView: m.hold,
		keymap.Copy:       m.copyMenu,
		keymap.Isolation:  m.openIsolation,
		keymap.Mark:       func() tea.Cmd { return m.marked(m.toggleMark) },
		keymap.MarkRange:  func() tea.Cmd { return m.marked(m.markRange) },
		keymap.MarkAll:    func() tea.Cmd { return m.marked(m.markAll) },
		keymap.ClearMarks: func() tea.Cmd { return m.marked(m.clearMarks) },
		keymap.Filter:     m.openFilter,
		keymap.Sort:       m.sortPicker,
		keymap.SortLeft:   func() tea.Cmd { return m.sortStep(-1) },
		keymap.SortRight:  func() tea.Cmd { return m.sortStep(1) },
		keymap.SortFlip:   func() tea.Cmd { return m.sortBy(m.rows.sort, !m.rows.reverse) },
	}
}

func (m *Model) terminalHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.OpenShell: m.openShell,
		keymap.Detach:    m.leaveShell,
		keymap.ShellZoom: m.zoomShell,
		keymap.ShellNext: func() tea.Cmd { return m.stepTab(1) },
		keymap.ShellKill: m.killShell,
		keymap.ShellHelp: func() tea.Cmd { return m.openHelp(keymap.Shell) },
		keymap.ShellSend: m.sendPrefix,
		keymap.ShellCopy: m.allowCopy,
		keymap.Dismiss:   m.dismissShell,

		keymap.OpenConsole:   m.openConsole,
		keymap.OpenWith:      m.openWith,
		keymap.Broadcast:     m.askMany,
		keymap.SessionList:   m.openSessions,
		keymap.Reopen:        m.reopen,
		keymap.ShellSessions: m.openSessions,
		keymap.ShellAnother:  func() tea.Cmd { return m.another(views.Undivided) },
		keymap.ShellPrev:     func() tea.Cmd { return m.stepTab(-1) },
		keymap.ShellTab:      m.goTab,
		keymap.ShellBeside:   func() tea.Cmd { return m.another(views.SideBySide) },
		keymap.ShellBelow:    func() tea.Cmd { return m.another(views.Stacked) },
		keymap.ShellHalf:     m.otherHalf,
		keymap.ShellApart:    m.unsplit,
		keymap.ShellRename:   m.renameShell,
		keymap.ShellReopen:   m.reopen,
		keymap.ShellScroll:   m.openScroll,
		keymap.ShellRecord:   m.recordShell,
	}
}

func (m *Model) scrollHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.ScrollLeft:   m.scrolling(func(s *scroll, t *vt.Terminal) { s.aside(t, -1) }),
		keymap.ScrollRight:  m.scrolling(func(s *scroll, t *vt.Terminal) { s.aside(t, 1) }),
		keymap.ScrollStart:  m.scrolling(func(s *scroll, t *vt.Terminal) { s.aside(t, -vt.MaxCols) }),
		keymap.ScrollEnd:    m.scrolling(func(s *scroll, t *vt.Terminal) { s.lineEnd(t) }),
		keymap.ScrollWord:   m.scrolling(func(s *scroll, t *vt.Terminal) { s.word(t, false) }),
		keymap.ScrollBack:   m.scrolling(func(s *scroll, t *vt.Terminal) { s.word(t, true) }),
		keymap.ScrollFind:   func() tea.Cmd { return m.openScrollPrompt("/", "") },
		keymap.ScrollRegex:  func() tea.Cmd { return m.openScrollPrompt("R/", "") },
		keymap.ScrollNext:   func() tea.Cmd { return m.nextHit(false) },
		keymap.ScrollPrev:   func() tea.Cmd { return m.nextHit(true) },
		keymap.ScrollJump:   func() tea.Cmd { return m.openScrollPrompt(":", m.lastKey) },
		keymap.ScrollSelect: m.scrolling(func(s *scroll, _ *vt.Terminal) { s.choose(selectText) }),
		keymap.ScrollLines:  m.scrolling(func(s *scroll, _ *vt.Terminal) { s.choose(selectLines) }),
		keymap.ScrollBlock:  m.scrolling(func(s *scroll, _ *vt.Terminal) { s.choose(selectBlock) }),
		keymap.ScrollSwap:   m.scrolling(func(s *scroll, _ *vt.Terminal) { s.swap() }),
		keymap.ScrollCopy:   m.copyScroll,
		keymap.ScrollSave:   m.saveScroll,
	}
}

func (m *Model) generalHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.Palette:   m.openPalette,
		keymap.Messages:  m.openMessages,
		keymap.HelpKey:   func() tea.Cmd { return m.openHelp(m.scope()) },
		keymap.Refresh:   func() tea.Cmd { return tea.Batch(m.list(), m.sample()) },
		keymap.Redraw:    func() tea.Cmd { return tea.ClearScreen },
		keymap.Suspend:   m.suspend,
		keymap.Interrupt: m.interrupt,
		keymap.Quit:      m.quit,
		keymap.ThemeKey:  m.themePicker,
	}
}

// endOfList is beyond any list.
const endOfList = 1 << 30

// move goes n rows in the pane that has the focus.
func (m *Model) move(n int) tea.Cmd {
	switch sh := m.shells.shown(); {
	case m.focus == views.DetailPane:
		return m.scrollDetail(m.detailTop + n)
	case m.focus == views.ShellPane && sh != nil && sh.scroll != nil:
		m.onScroll(sh, func(s *scroll, t *vt.Terminal) {
			if n == m.halfPage() || n == -m.halfPage() {
				s.page(t, n)
				return
			}
			s.move(n)
		})
		return nil
	}
	m.selectRow(m.rows.at + n)
	return nil
}

func (m *Model) moveTo(i int) tea.Cmd {
	switch sh := m.shells.shown(); {
	case m.focus == views.DetailPane:
		return m.scrollDetail(i)
	case m.focus == views.ShellPane && sh != nil && sh.scroll != nil:
		m.onScroll(sh, func(s *scroll, _ *vt.Terminal) { s.to(uint64(i)) })
		return nil
	}
	m.selectRow(i)
	return nil
}

// scrollDetail begins the detail with a line, or the last that fills the pane.
func (m *Model) scrollDetail(top int) tea.Cmd {
	w, h := m.layout.Detail.Dx(), m.layout.Detail.Dy()
	m.detailTop = max(0, min(top, m.theme.DetailHeight(m.detailState(), w, h)-h))
	return nil
}

func (m *Model) halfPage() int { return max(1, m.listRows()/2) }

// nextPane gives the focus to the other pane that is on screen.
func (m *Model) nextPane() tea.Cmd {
	switch {
	case m.focus != views.ListPane:
		m.focus = views.ListPane
		if m.layout.List.Empty() {
			m.zoomed = false
		}
	case m.shells.shown() != nil:
		m.focus = views.ShellPane
	case !m.layout.Detail.Empty():
		m.focus = views.DetailPane
	}
	return m.arrangeScreen()
}

// back undoes one step: the zoom, the pane in focus, the shell's pane, the
// filter.
func (m *Model) back() tea.Cmd {
	switch {
	case m.zoomed:
		m.zoomed = false
		if m.zoomPane == views.DetailPane {
			m.focus = m.zoomFrom
		}
	case m.focus == views.DetailPane:
		m.focus = views.ListPane
		m.detail = m.rest
	case m.shells.shown() != nil:
		return m.hideShell()
	case m.detail == views.Open:
		m.detail = m.rest
	case m.filter.Text != "":
		m.clearFilter()
		return nil
	}
	return m.arrangeScreen()
}

// open goes into the selected container's shell if it has one, else into its
// detail.
func (m *Model) open() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	if sh := m.shells.of(c.Ref, anySession); sh != nil {
		return m.enterShell(sh)
	}
	m.unshow()
	m.detail, m.focus = views.Open, views.DetailPane
	return m.arrangeScreen()
}

// toggleDetail hides the detail for good, or brings it back; a shell that
// stands in its place makes room and runs on.
func (m *Model) toggleDetail() tea.Cmd {
	m.zoomed, m.focus = false, views.ListPane
	if m.shells.shown() != nil {
		m.rest, m.detail = views.Open, views.Open
		return m.hideShell()
	}
	if m.rest = views.Open; !m.layout.Detail.Empty() {
		m.rest = views.Closed
	}
	m.detail = m.rest
	return m.arrangeScreen()
}

// zoom gives the whole screen to the pane beside the list, or takes it back.
func (m *Model) zoom() tea.Cmd {
	switch {
	case m.zoomed:
		return m.back()
	case m.shells.shown() != nil:
		return m.zoomShell()
	}
	m.zoomed, m.zoomPane, m.zoomFrom, m.focus = true, views.DetailPane, m.focus, views.DetailPane
	return m.arrangeScreen()
}

// zoomShell is the same for the shell that is shown.
func (m *Model) zoomShell() tea.Cmd {
	sh := m.shells.shown()
	if !m.zoomed && m.terminal != nil && m.terminal.raw && sh != nil && sh.session != nil && !sh.over && sh.scroll == nil && !m.many.on {
		return m.zoomRaw(sh)
	}
	m.zoomed = !m.zoomed
	m.zoomPane, m.focus = views.ShellPane, views.ShellPane
	return m.arrangeScreen()
}

func (m *Model) toggleAlive() tea.Cmd {
	m.rows.alive = !m.rows.alive
	m.arrange()
	return nil
}

// longer is the next interval above d, or the longest there is.
func longer(d time.Duration) time.Duration {
	all := intervals()
	for _, x := range all {
		if x > d {
			return x
		}
	}
	return all[len(all)-1]
}

// shorter is the next interval below d, or the shortest there is.
func shorter(d time.Duration) time.Duration {
	all := intervals()
	for _, x := range slices.Backward(all) {
		if x < d {
			return x
		}
	}
	return all[0]
}

// setInterval changes the time between two samples; the tick that waits
// becomes a stranger.
func (m *Model) setInterval(d time.Duration) tea.Cmd {
	m.interval = d
	m.sampling.gen++
	m.say(noteInfo, "interval "+m.interval.String(), "")
	return m.tick()
}

// hold keeps the screen still, so that the mouse can select on it.
func (m *Model) hold() tea.Cmd {
	m.held = true
	return nil
}

// marked changes marks and shows them.
func (m *Model) marked(change func()) tea.Cmd {
	change()
	for i := range m.rows.shown {
		m.rows.shown[i].Marked = m.rows.marks[m.rows.shown[i].C.Ref]
	}
	return nil
}

func (m *Model) sortBy(id string, reverse bool) tea.Cmd {
	m.rows.sort, m.rows.reverse = id, reverse
	m.arrange()
	return nil
}

// sortStep sorts by the column to the left or right of the sorted one, of
// those on screen.
func (m *Model) sortStep(by int) tea.Cmd {
	ids := views.VisibleColumns(m.listState(), m.layout.List.Dx())
	if len(ids) == 0 {
		return nil
	}
	i := slices.Index(ids, m.rows.sort)
	if i < 0 && by < 0 {
		i = 0
	}
	return m.sortBy(ids[(i+by+len(ids))%len(ids)], false)
}

// sortPicker offers every column, shown or not.
func (m *Model) sortPicker() tea.Cmd {
	pick := &menu{title: "Sort by", note: "enter sorts, esc leaves"}
	for i, c := range views.Columns() {
		if c.ID == m.rows.sort {
			pick.at = i
		}
		pick.items = append(pick.items, choice{
			label: c.Title, hint: c.Long,
			pick: func() tea.Cmd { return m.sortBy(c.ID, false) },
		})
	}
	m.overlay = pick
	return nil
}

// columnPicker ticks the columns that are wanted; narrow screens drop some of
// them.
func (m *Model) columnPicker() tea.Cmd {
	pick := &menu{title: "Columns", note: "space ticks, esc leaves", toggle: true}
	for _, c := range views.Columns() {
		if c.ID == views.ColName || c.ID == views.ColState {
			continue // always shown
		}
		pick.items = append(pick.items, choice{
			label: c.Title, hint: c.Long,
			on:   m.columns == nil || slices.Contains(m.columns, c.ID),
			pick: func() tea.Cmd { return m.toggleColumn(c.ID) },
		})
	}
	m.overlay = pick
	return nil
}

func (m *Model) toggleColumn(id string) tea.Cmd {
	chosen := m.columns
	if chosen == nil {
		for _, c := range views.Columns() {
			chosen = append(chosen, c.ID)
		}
	}
	if i := slices.Index(chosen, id); i >= 0 {
		m.columns = slices.Delete(slices.Clone(chosen), i, i+1)
		return nil
	}
	m.columns = append(slices.Clone(chosen), id)
	return nil
}

// copyMenu offers what is worth copying of the selected container. It goes
// through the terminal by OSC 52, so it works over SSH.
func (m *Model) copyMenu() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	pick := &menu{title: "Copy", note: "enter copies, esc leaves"}
	add := func(label, text string) {
		pick.items = append(pick.items, choice{label: label, hint: text, pick: func() tea.Cmd {
			m.say(noteInfo, "copied: "+text, "")
			return tea.SetClipboard(text)
		}})
	}
	add("name", c.Name)
	for _, ip := range c.IPs {
		add("IP", ip.String())
	}
	add("path", c.Ref.String())
	attach := "lxc-attach -P " + runtime.ShellQuote(c.Path) + " -n " + runtime.ShellQuote(c.Name)
	if c.State.Alive() {
		add("command", attach)
	}
	for _, op := range runtime.Ops() {
		if op.Kind == runtime.OnState && op.Op.Accepts(c.State) {
			add("command", op.Op.LXCCommand(c.Ref))
		}
	}
	m.overlay = pick
	return nil
}
