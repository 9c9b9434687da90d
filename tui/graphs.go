package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/tui/trend"
	"lxcdeck/views"
)

// graphWish is how graphs are shown: the next view begins with it.
type graphWish struct {
	span   int    // of trend.Spans, from defaultSpan on
	tab    string // by its name: the host has fewer
	blocks bool
	cells  [][]views.GraphCell // kept from frame to frame
	read   []trend.Cell
}

// defaultSpan is five minutes: what a list over ssh is looked at for.
const defaultSpan = 1

// tabOf is the tab that is shown: the chosen one, or the first.
func (w *graphWish) tabOf(tabs []graphTab) int {
	return max(0, slices.IndexFunc(tabs, func(t graphTab) bool { return t.name == w.tab }))
}

func (w *graphWish) at() int { return (w.span + defaultSpan) % len(trend.Spans()) }

// graphed is a container whose graphs are shown.
type graphed struct {
	ref  runtime.Ref
	line *trend.Line // what was known when the view was opened; nil = nothing
}

// graphView shows the graphs of containers, or of the host.
type graphView struct {
	of     []graphed // none = of the host
	more   int       // how many more were marked
	on     bool      // a cell is read
	cursor time.Duration
	still  *stillGraphs // nil = the graphs move
}

// stillGraphs are graphs that were paused: what is recorded goes on elsewhere.
type stillGraphs struct {
	now   time.Duration
	lines []*trend.Line
}

func (m *Model) graphHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(f func(*graphView)) func() tea.Cmd {
		return func() tea.Cmd {
			if x := m.graphsOpen(); x != nil {
				f(x)
			}
			return nil
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.GraphList:   m.openGraphs,
		keymap.GraphHost:   func() tea.Cmd { m.overlay = &graphView{}; return nil },
		keymap.GraphLeft:   on(func(x *graphView) { x.step(m, -1) }),
		keymap.GraphRight:  on(func(x *graphView) { x.step(m, 1) }),
		keymap.GraphCloser: on(func(*graphView) { m.setSpan(m.graphs.at() - 1) }),
		keymap.GraphWider:  on(func(*graphView) { m.setSpan(m.graphs.at() + 1) }),
		keymap.GraphSpan:   on(func(*graphView) { m.setSpan(slices.Index(m.keys.Keys(keymap.GraphSpan), m.lastKey)) }),
		keymap.GraphPause:  on(func(x *graphView) { x.pause(m) }),
		keymap.GraphCells:  on(func(*graphView) { m.graphs.blocks = !m.graphs.blocks }),
	}
}

// openGraphs shows those of the marked containers, or of the selected one.
func (m *Model) openGraphs() tea.Cmd {
	var of, blank []graphed
	for _, c := range m.targets() {
		if l := m.hist.trends.Of(c.Ref); l != nil {
			of = append(of, graphed{c.Ref, l})
		} else {
			blank = append(blank, graphed{c.Ref, nil})
		}
	}
	of = append(of, blank...) // what has something to show goes before what has not
	if len(of) == 0 {
		return nil
	}
	n := min(len(of), views.MostGraphed)
	x := &graphView{of: of[:n], more: len(of) - n}
	m.overlay = x
	return nil
}

// graphsOpen is the view, be it below something else; nil = it is not open.
func (m *Model) graphsOpen() *graphView {
	return opened[*graphView](m)
}

// isGraphed says whether the graphs of a container are on screen: it is read in
// full at every tick.
func (m *Model) isGraphed(ref runtime.Ref) bool {
	x := m.graphsOpen()
	return x != nil && slices.ContainsFunc(x.of, func(g graphed) bool { return g.ref == ref })
}

// followList keeps figures with their containers, and the graphs that are open.
func (m *Model) followList(list *runtime.Listing) {
	m.hist.trends.Follow(list, m.listing.done)
	if x := m.graphsOpen(); x != nil {
		for i := range x.of {
			ref, line := x.source(m, i)
			x.of[i] = graphed{ref, line}
		}
	}
}

// isListed says whether a reading is of the init that the list knows.
func (m *Model) isListed(r *runtime.Reading) bool {
	c := m.byRef(r.Ref)
	return c != nil && c.InitPID == r.InitPID
}

// followRename takes the figures of a container along when it was renamed.
func (m *Model) followRename(x *job) {
	if a, ok := x.req.Args.(*runtime.RenameArgs); ok && a != nil && x.err == nil && x.req.Op == runtime.Rename {
		m.hist.trends.Rename(x.req.Ref, runtime.Ref{Path: x.req.Ref.Path, Name: a.To})
	}
}

func (m *Model) setSpan(i int) {
	if i >= 0 && i < len(trend.Spans()) {
		m.graphs.span = (i - defaultSpan + len(trend.Spans())) % len(trend.Spans())
	}
}

// source gives what is known of the ith container now, and how it is called.
func (x *graphView) source(m *Model, i int) (runtime.Ref, *trend.Line) {
	g := x.of[i]
	now := m.hist.trends.Of(g.ref)
	if g.line != nil && now != g.line {
		if ref, ok := m.hist.trends.Called(g.line); ok {
			return ref, g.line // it was renamed
		}
	}
	return g.ref, now
}

// lines are what is drawn, in order; some may be nil.
func (x *graphView) lines(m *Model) []*trend.Line {
	if x.still != nil {
		return x.still.lines
	}
	if len(x.of) == 0 {
		return []*trend.Line{m.hist.trends.Host()}
	}
	lines := make([]*trend.Line, len(x.of))
	for i := range x.of {
		_, lines[i] = x.source(m, i)
	}
	return lines
}

// now is the instant at which the graphs end.
func (x *graphView) now(m *Model) time.Duration {
	if x.still != nil {
		return x.still.now
	}
	return m.hist.trends.Now()
}

// pause keeps the graphs as they are, or lets them move again.
func (x *graphView) pause(m *Model) {
	if x.still != nil {
		x.still = nil
		return
	}
	lines := slices.Clone(x.lines(m))
	for i, l := range lines {
		if l != nil {
			lines[i] = l.Copy()
		}
	}
	x.still = &stillGraphs{m.hist.trends.Now(), lines}
}

// window is the time that is on screen.
func (x *graphView) window(m *Model, s *views.GraphsState) trend.Window {
	_, most := m.theme.GraphRoom(s, m.layout.W, m.layout.H)
	return trend.Look(trend.Spans()[m.graphs.at()], x.now(m), most)
}

// step reads a cell so far from the one that is read; beyond the newest, none.
func (x *graphView) step(m *Model, by int) {
	w := x.window(m, x.outline(m))
	at := w.Cells - 1
	switch {
	case x.on:
		at = w.Cell(x.cursor) + by
	case by > 0:
		return
	case by < -1:
		at += by
	}
	x.read(w, at)
}

func (x *graphView) read(w trend.Window, cell int) {
	x.on = cell < w.Cells
	x.cursor = w.Begin(max(0, cell)) + w.Step/2
}

func (x *graphView) turn(m *Model, by int) {
	tabs := graphTabs(len(x.of) == 0)
	m.graphs.tab = tabs[(m.graphs.tabOf(tabs)+by+len(tabs))%len(tabs)].name
}

func (x *graphView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	a, ok := m.keys.Lookup(keymap.Graphs, k.String())
	if !ok {
		return nil
	}
	if a.Scope == keymap.Graphs {
		m.lastKey = k.String()
		return m.handlers[a.ID]()
	}
	page := max(1, x.window(m, x.outline(m)).Cells/8)
	switch a.ID {
	case keymap.Up:
		x.turn(m, -1)
	case keymap.Down, keymap.NextPane:
		x.turn(m, 1)
	case keymap.PageUp:
		x.step(m, -page)
	case keymap.PageDown:
		x.step(m, page)
	case keymap.Top:
		x.read(x.window(m, x.outline(m)), 0)
	case keymap.Bottom:
		x.on = false
	case keymap.Back, keymap.Quit, keymap.Interrupt:
		m.overlay = nil
	case keymap.Faster, keymap.Slower, keymap.FreezeView, keymap.Refresh:
		return m.do(a)
	}
	return m.aside(x, keymap.Graphs, a, func(*Model) tea.Cmd { m.overlay = nil; return nil })
}

// paste is not for graphs.
func (*graphView) paste(*Model, string) bool { return false }

// hints are the footer's.
func (x *graphView) hints(m *Model) []keymap.Hint {
	hints := keymap.Footer(m.keys, keymap.Graphs, m.situation())
	for i := range hints {
		h := &hints[i]
		switch {
		case h.ID == keymap.Quit:
			h.Text = "back"
		case h.ID == keymap.GraphPause && x.still != nil:
			h.Text = "go on"
		case h.ID == keymap.GraphLeft:
			h.Key = strings.TrimSpace(h.Key + " " + m.keys.KeyOf(keymap.GraphRight))
		case h.ID == keymap.GraphCloser:
			h.Key = strings.TrimSpace(h.Key + " " + m.keys.KeyOf(keymap.GraphWider))
		}
	}
	if next := m.keys.KeyOf(keymap.NextPane); next != "" {
		hints = slices.Insert(hints, 0, keymap.Hint{ID: keymap.NextPane, Key: next, Text: "next tab"})
	}
	return hints
}

// spanNames are the spans as they are chosen.
func spanNames() []string {
	var names []string
	for _, d := range trend.Spans() {
		if d >= time.Hour {
			names = append(names, strconv.Itoa(int(d/time.Hour))+"h")
			continue
		}
		names = append(names, strconv.Itoa(int(d/time.Minute))+"m")
	}
	return names
}
