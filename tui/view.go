package tui

import (
	"cmp"
	"errors"
	"fmt"
	"image"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

const (
	// sparkLength is the most cells a sparkline may want.
	sparkLength = 16
	// sparkTicks is how many ticks a cell of a sparkline stands for. A line
	// that moves with every tick is most of what a frame costs over ssh: with
	// ten busy rows of forty 1,250 bytes, against 300.
	sparkTicks = 10
)

// paintBuffers are kept from frame to frame: the panes as they were painted
// last, and room for what they are painted from.
type paintBuffers struct {
	panes   views.Panes
	all     bool // everything has to be painted; false = the shell's pane alone
	zones   views.Zones
	shown   overlay // that takes keys, as it was painted
	sparks  [][]float64
	hostCPU []float64
	history views.History
}

// cursorLook is how an emulator wants its cursor.
type cursorLook struct {
	visible bool
	shape   vt.CursorShape
	blink   bool
}

// View gives the frame. It runs after every message: what has not changed is
// not painted again, and the same screen is the same string, for which Bubble
// Tea writes nothing. A panic in it ends the program with the error.
func (m *Model) View() (v tea.View) {
	if m.raw != nil {
		m.frame.Cursor = nil
	} else {
		defer m.pace.want(m.dirty)
	}
	if !m.dirty || m.crash != nil || m.size == (image.Point{}) || m.raw != nil {
		return m.frame
	}
	defer func() {
		if cause := recover(); cause != nil {
			m.crash = crashed("view", cause)
			err := m.crash
			m.out.spawn("crash", func() { m.out.send(crashMsg{err}) })
			v = m.frame
		}
	}()
	m.dirty = false
	if m.held && m.heldShown {
		return m.frame
	}
	m.heldShown = m.held
	m.paint.zones.Gather(m.mouse && !m.held)
	m.paint.shown = m.topOverlay()
	v = tea.NewView(m.content())
	m.paint.zones.Gather(false)
	v.AltScreen = true
	v.Cursor = m.cursor()
	v.MouseMode, v.ReportFocus = m.wantsMouse(), m.wantsFocus()
	m.paint.all = false
	m.frame = v
	return v
}

// content paints the panes that may have changed, and the overlay above them.
func (m *Model) content() string {
	l, t, p := m.layout, m.theme, &m.paint
	if l.TooSmall {
		quit := ""
		if m.quitsBlind() {
			quit = m.keys.KeyOf(keymap.Quit)
		}
		return t.TooSmall(l.W, l.H, quit).String()
	}
	if fills(m.overlay) {
		b := m.overlay.paint(m)
		p.zones.Place(views.OverlayZones, b, image.Point{})
		return b.String()
	}
	if p.all {
		p.panes = views.Panes{}
		p.zones.Clear()
		if !l.Host.Empty() {
			p.panes.Host = t.Host(m.hostState(), l.Host.Dx(), l.Host.Dy())
			p.zones.Place(views.HostZones, p.panes.Host, l.Host.Min)
		}
		if !l.List.Empty() {
			p.panes.List = t.List(m.listState(), l.List.Dx(), l.List.Dy())
			p.zones.Place(views.ListZones, p.panes.List, l.List.Min)
		}
		if !l.Rule.Empty() {
			p.panes.Rule = t.Rule(m.ruleState(), l.Rule.Dx(), l.Rule.Dy())
			p.zones.Place(views.RuleZones, p.panes.Rule, l.Rule.Min)
		}
		if !l.Detail.Empty() {
			p.panes.Detail = t.Detail(m.detailState(), l.Detail.Dx(), l.Detail.Dy())
			p.zones.Place(views.DetailZones, p.panes.Detail, l.Detail.Min)
		}
		if !l.Tip.Empty() {
			p.panes.Tip = t.Tip(m.tipState(), l.Tip.Dx(), l.Tip.Dy())
		}
		if !l.Status.Empty() {
			p.panes.Status = t.Status(m.statusState(), l.Status.Dx(), l.Status.Dy())
			p.zones.Place(views.StatusZones, p.panes.Status, l.Status.Min)
		}
	}
	m.paintShells()
	p.zones.Drop()
	frame := t.Compose(l, p.panes)
	if m.overlay != nil {
		frame = layOver(m, frame, m.overlay)
		p.zones.Place(views.OverlayZones, frame, image.Point{})
	}
	return frame.String()
}

// paintShells paints the sessions of the tab on screen.
func (m *Model) paintShells() {
	l, t, p := m.layout, m.theme, &m.paint.panes
	if !l.Tabs.Empty() {
		p.Tabs = t.Tabs(m.tabsState(), l.Tabs.Dx(), l.Tabs.Dy())
		m.paint.zones.Place(views.TabsZones, p.Tabs, l.Tabs.Min)
	}
	for i, sh := range m.shells.halves() {
		box, title := m.rectOf(sh), [2]image.Rectangle{l.Banner, l.Banner2}[i]
		if box.Empty() {
			continue
		}
		s := m.shellState(sh)
		banner := t.Banner(s, title.Dx(), title.Dy())
		m.paint.zones.Place(views.BannerZones+views.ZonePart(i), banner, title.Min)
		body := t.Shell(s, box.Dx(), box.Dy())
		if i == 0 {
			p.Banner, p.Shell = banner, body
		} else {
			p.Banner2, p.Shell2 = banner, body
		}
	}
}

// cursor shows the emulator's cursor as the real one while a shell has the
// focus.
func (m *Model) cursor() *tea.Cursor {
	sh := m.shells.shown()
	if sh == nil || m.focus != views.ShellPane || m.overlay != nil || sh.over && sh.scroll == nil || sh.comingUp() {
		return nil
	}
	x, y, look := sh.cursor()
	box := m.rectOf(sh)
	if !look.visible || x >= box.Dx() || y >= box.Dy() {
		return nil
	}
	c := tea.NewCursor(box.Min.X+x, box.Min.Y+y)
	c.Blink = look.blink
	switch look.shape {
	case vt.ShapeUnderline:
		c.Shape = tea.CursorUnderline
	case vt.ShapeBar:
		c.Shape = tea.CursorBar
	case vt.ShapeDefault:
		c.Blink = true
	}
	return c
}

func (m *Model) hostState() *views.HostState {
	s := &views.HostState{
		Hostname: m.hostname, Total: len(m.all), ReadOnly: m.readOnly, Demo: m.about.Demo,
		Held: m.held, Polling: m.watchErr != nil, Late: m.sampling.late > 0 || m.sampling.err != nil,
		Interval: m.interval, SlowLink: m.pace.slow(), DiskFull: m.diskFull(),
	}
	for i := range m.all {
		if st := m.all[i].State; st == runtime.Running || st == runtime.Thawed {
			s.Running++
		}
	}
	if !m.hist.host.At.IsZero() {
		s.Sample = &m.hist.host
	}
	if m.hist.hostUse.Over > 0 {
		s.Usage = &m.hist.hostUse
	}
	m.paint.hostCPU = m.hist.hostCPU.means(sparkLength, sparkTicks, m.paint.hostCPU)
	s.CPU = m.paint.hostCPU
	return s
}

// listState gives the rows their sparklines: only those on screen need one.
func (m *Model) listState() *views.ListState {
	r := &m.rows
	n := m.listRows()
	for len(m.paint.sparks) < n {
		m.paint.sparks = append(m.paint.sparks, nil)
	}
	for i := r.top; i < min(r.top+n, len(r.shown)); i++ {
		row := &r.shown[i]
		if op, ok := m.jobs.busy(row.C.Ref); ok {
			row.Busy = op.Busy()
		} else {
			row.Busy = ""
		}
		if t := m.hist.of(row.C.Ref); t != nil && row.Usage != nil {
			k := i - r.top
			m.paint.sparks[k] = t.cpu.means(sparkLength, sparkTicks, m.paint.sparks[k])
			row.Spark = m.paint.sparks[k]
		}
	}
	return &views.ListState{
		Rows: r.shown, Total: len(m.all), Cursor: r.at, Offset: r.top,
		Sort: r.sort, Desc: r.desc(), Columns: m.columns, Paths: len(m.about.Paths) > 1,
		Filter: m.filter.Text, Typing: m.prompt.open, CPUUnit: m.unit,
		Now: m.clock.Now(), Focused: m.focus == views.ListPane && m.overlay == nil,
		Empty: m.emptyState(),
	}
}

// emptyState says why there is no row.
func (m *Model) emptyState() views.EmptyState {
	e := views.EmptyState{Paths: m.about.Paths, Filter: m.filter.Text, Total: len(m.all), User: m.about.User, Root: m.about.UID == 0, Given: m.about.Given}
	err := m.listing.err
	if err == nil {
		err = m.listing.problem
	}
	switch {
	case len(m.all) > 0 && m.filter.Text != "":
		e.Kind, e.Key = views.EmptyFilter, m.keys.KeyOf(keymap.Back)
		if m.prompt.open {
			e.Key = "esc"
		}
		if m.rows.alive {
			e.All = m.keys.KeyOf(keymap.OnlyAlive)
		}
	case len(m.all) > 0:
		e.Kind, e.Key = views.EmptyStopped, m.keys.KeyOf(keymap.OnlyAlive)
	case err != nil && errors.Is(err, runtime.ErrPermission):
		e.Kind, e.Err = views.EmptyDenied, err.Error()
	case err != nil:
		e.Kind, e.Err, e.Key = views.EmptyFailed, err.Error(), m.keys.KeyOf(keymap.Refresh)
	case m.listing.done.IsZero():
		e.Kind = views.EmptyLoading
	default:
		e.Kind, e.Elsewhere, e.Arch = views.EmptyNone, m.listing.elsewhere, hostArch()
		if !m.readOnly {
			e.Key = m.keys.KeyOf(keymap.CreateKey)
		}
	}
	return e
}

// selectedRow is the row under the cursor; nil = the list is empty.
func (m *Model) selectedRow() *views.Row {
	if m.rows.at >= len(m.rows.shown) {
		return nil
	}
	return &m.rows.shown[m.rows.at]
}

func (m *Model) ruleState() *views.RuleState {
	s := &views.RuleState{
		Row: m.selectedRow(), Now: m.clock.Now(), Shells: len(m.shells.all),
		Focused: m.focus == views.DetailPane && m.overlay == nil, Zoomed: m.zoomed,
		Of: len(m.rows.shown),
	}
	if m.layout.Status.Dy() == 1 {
		s.NoConfig = len(m.listing.noConfig)
	}
	if s.Row != nil {
		s.At = m.rows.at + 1
		if s.Row.Sample != nil {
			s.Cores = runtime.Cores(&s.Row.Sample.CPU, m.hist.host.CPUs)
		}
	}
	return s
}

func (m *Model) detailState() *views.DetailState {
	s := &views.DetailState{
		Row: m.selectedRow(), HostCPUs: m.hist.host.CPUs, HostMem: m.hist.host.MemTotal,
		CPUUnit: m.unit, Now: m.clock.Now(), Offset: m.detailTop,
		Focused: m.focus == views.DetailPane && m.overlay == nil,
	}
	if s.Row == nil {
		return s
	}
	t := m.hist.of(s.Row.C.Ref)
	if !s.Row.C.State.Alive() && s.Row.Sample == nil {
		m.fillIdle(s)
	}
	if t != nil {
		s.History = m.fillHistory(s.Row.C.Ref)
	}
	s.Parts, s.Restarts = m.hist.parts.state(s.Row.C.Ref, s.Row.C.InitPID, t), m.hist.lives[s.Row.C.Ref].restarts
	return s
}

func (m *Model) statusState() *views.StatusState {
	s := &views.StatusState{
		Filter: m.filter.Text, Typing: m.prompt.open, Shown: len(m.rows.shown), Total: len(m.all),
		Marks: len(m.rows.marks), NoConfig: len(m.listing.noConfig), Now: m.clock.Now(),
	}
	if m.prompt.open {
		s.Filter, s.Behind = m.prompt.line.String(), m.prompt.line.behind()
		if m.prompt.err != nil {
			s.Wrong = m.prompt.err.Error()
		}
	}
	s.Notice = m.noticeState()
	if s.Notice != nil && !m.held && m.focus != views.ShellPane {
		s.Notice.Key = m.keys.KeyOf(keymap.Messages)
	}
	if m.rows.alive {
		s.OnlyUp = cmp.Or(m.keys.KeyOf(keymap.OnlyAlive), m.keys.KeyOf(keymap.Palette))
	}
	s.Job = m.bootState(m.jobState())
	if err := m.trouble(); err != nil {
		s.Left = err.Error()
	}
	if m.overlay != nil {
		return s // it takes the keys, and says which
	}
	scope := m.scope()
	s.Hints = m.hints(scope)
	if scope == keymap.Shell && !m.many.on {
		s.Prefixed = m.prefixName()
	}
	return s
}

// trouble is what is wrong with the whole at the moment; nil = nothing.
func (m *Model) trouble() error {
	switch {
	case m.prompt.err != nil:
		return m.prompt.err
	case m.listTrouble() != nil:
		return m.listTrouble()
	case m.sampling.late > 0:
		return fmt.Errorf("no figures since %s", m.sampling.since.Format("15:04:05"))
	case m.sampling.err != nil:
		return m.sampling.err
	case m.watchErr != nil:
		return fmt.Errorf("polling every %s: %w", pollEvery, m.watchErr)
	default:
		return m.listing.problem
	}
}

// prefixName is the prefix of shells as people read it.
func (m *Model) prefixName() string { return keymap.KeyName(m.keys.Prefix()) }

// shellState is what the pane shows.
func (m *Model) shellState(sh *shell) *views.ShellState {
	focused := m.shells.shown() == sh
	s := &views.ShellState{
		Kind: sh.op.kind(), Name: m.called(sh.ref()), Label: sh.label, Prefix: m.prefixName(), Armed: sh.armed,
		Opening: sh.comingUp(), Ended: sh.over, Exit: sh.exit, Notice: sh.notice,
		Focused: focused && m.focus == views.ShellPane && m.overlay == nil, Zoomed: m.zoomed,
		Record: sh.recording(), Other: !focused,
	}
	if m.many.has(sh) {
		s.Many = len(m.many.into)
	}
	if sh.scroll != nil {
		s.Scroll = sh.scroll.state(sh)
	}
	if m.layout.Tabs.Empty() {
		s.Index, s.Count = m.shells.index()+1, len(m.shells.tabs)
	}
	if l := m.layout; len(m.shells.halves()) > 1 && (l.Shell.Empty() || l.Shell2.Empty()) {
		s.Half = m.shells.cur.at + 1
	}
	if c := m.byRef(sh.ref()); c != nil {
		s.Frozen = c.State == runtime.Frozen
	}
	s.Body, s.Title = sh.screen()
	if sh.err != nil {
		s.Err = sh.err.Error()
	}
	if m.layout.Status.Empty() {
		s.Say = m.noticeState()
		if s.Scroll != nil && s.Scroll.Note == "" && s.Say != nil {
			s.Scroll.Note = s.Say.Text
		}
	}
	if sh.armed {
		s.Hints = m.hints(keymap.Shell)
	}
	if m.overlay != nil {
		s.Prefix = "" // no way out of the shell before the way out of that
	}
	return s
}
