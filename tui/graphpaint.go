package tui

import (
	"math"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/tui/trend"
	"lxcdeck/views"
)

// graphOf says how a series is shown.
type graphOf struct {
	series trend.Series
	title  string
	of     string
	kind   views.GraphKind
	role   views.Role
}

// graphTab is a tab: its name and what it shows.
type graphTab struct {
	name   string
	graphs []graphOf
}

// graphTabs are all tabs; the first holds the graphs of all others.
func graphTabs(host bool) []graphTab {
	cpu := graphOf{trend.CPU, "CPU", "of a core", views.GraphPercent, views.GraphCPU}
	memory := graphOf{trend.Memory, "Memory", "", views.GraphBytes, views.GraphMem}
	pressure := graphTab{"Pressure", []graphOf{
		{trend.StallCPU, "Pressure, CPU", "some task waited", views.GraphPercent, views.GraphCPU},
		{trend.StallMemory, "Pressure, memory", "some task waited", views.GraphPercent, views.GraphMem},
		{trend.StallIO, "Pressure, I/O", "some task waited", views.GraphPercent, views.GraphIO},
	}}
	tabs := []graphTab{
		{"All", nil},
		{"CPU", []graphOf{cpu}},
		{"Memory", []graphOf{memory}},
		{"I/O", []graphOf{
			{trend.Read, "Read", "", views.GraphRate, views.GraphIO}, {trend.Write, "Write", "", views.GraphRate, views.GraphIO},
		}},
		{"Network", []graphOf{
			{trend.Rx, "Received", "", views.GraphRate, views.GraphNet}, {trend.Tx, "Sent", "", views.GraphRate, views.GraphNet},
		}},
		{"Pids", []graphOf{{trend.Pids, "Pids", "", views.GraphCount, views.Plain}}},
		pressure,
	}
	if host {
		cpu.of, memory.of = "of all cores", "used"
		tabs = []graphTab{{"All", nil}, {"CPU", []graphOf{cpu}}, {"Memory", []graphOf{memory}}, pressure}
	}
	for _, tab := range tabs[1:] {
		tabs[0].graphs = append(tabs[0].graphs, tab.graphs...)
	}
	return tabs
}

func (x *graphView) paint(m *Model) views.Block {
	return m.theme.Graphs(x.state(m), m.layout.W, m.layout.H)
}

// outline is what decides how much room there is.
func (x *graphView) outline(m *Model) *views.GraphsState {
	host := len(x.of) == 0
	tabs := graphTabs(host)
	s := &views.GraphsState{
		More: x.more, Tab: m.graphs.tabOf(tabs), Spans: spanNames(), Span: m.graphs.at(),
		Cursor: -1, Blocks: m.graphs.blocks, Hints: x.hints(m), Say: m.noticeState(),
	}
	for i := range x.of {
		ref, _ := x.source(m, i)
		s.Names = append(s.Names, m.called(ref))
	}
	if host {
		s.Names = []string{"the host"}
	}
	for i, tab := range tabs {
		s.Tabs = append(s.Tabs, tab.name)
		if i != s.Tab {
			continue
		}
		for _, g := range tab.graphs {
			s.Graphs = append(s.Graphs, views.Graph{Title: g.title, Of: g.of, Kind: g.kind, Role: g.role, Limit: x.limit(m, g.series), Why: x.missing(m, g.series)})
		}
	}
	return s
}

// state is the whole screen.
func (x *graphView) state(m *Model) *views.GraphsState {
	s := x.outline(m)
	lines, w := x.lines(m), x.window(m, s)
	s.Cells, s.Newest, s.Note = w.Cells, w.Cells-1, x.note(m)
	if s.Empty = x.empty(m, lines); s.Empty != "" {
		return s
	}
	shown := graphTabs(len(x.of) == 0)[s.Tab].graphs
	for i := range s.Graphs {
		for k, l := range lines {
			s.Graphs[i].Lines = append(s.Graphs[i].Lines, m.graphs.of(i*len(lines)+k, l, shown[i].series, w))
		}
	}
	s.Newest = newestCell(s)
	x.times(m, s, w)
	for k, l := range lines {
		if l == nil {
			continue
		}
		for _, at := range l.Starts() {
			if w.Holds(at) {
				s.Starts = append(s.Starts, views.GraphStart{Cell: w.Cell(at), Line: k})
			}
		}
		if at, ok := l.LostStart(); ok && w.Holds(at) {
			s.Older = true
		}
	}
	return s
}

// of reads a series into the nth buffer.
func (w *graphWish) of(n int, l *trend.Line, series trend.Series, at trend.Window) []views.GraphCell {
	for len(w.cells) <= n {
		w.cells = append(w.cells, nil)
	}
	w.cells[n] = w.cells[n][:0]
	if l == nil {
		for range at.Cells {
			w.cells[n] = append(w.cells[n], views.GraphCell{Low: views.Gap(), Mean: views.Gap(), High: views.Gap()})
		}
		return w.cells[n]
	}
	w.read = l.Read(series, at, w.read)
	for _, c := range w.read {
		w.cells[n] = append(w.cells[n], views.GraphCell(c))
	}
	return w.cells[n]
}

// newestCell is the last cell in which anything was read of any graph; -1 = none.
func newestCell(s *views.GraphsState) int {
	for i := s.Cells - 1; i >= 0; i-- {
		for _, g := range s.Graphs {
			for _, line := range g.Lines {
				if !math.IsNaN(line[i].Mean) {
					return i
				}
			}
		}
	}
	return -1
}

// times names instants: those of the axis, that of the cursor, and since when
// the graphs stand still. They are what the wall clock showed then.
func (x *graphView) times(m *Model, s *views.GraphsState, w trend.Window) {
	wall := func(at time.Duration) time.Time { return m.hist.trends.Wall(at).Local() }
	now := wall(x.now(m))
	layout := "15:04:05"
	if w.Step%time.Minute == 0 {
		layout = "15:04"
	}
	cell := s.Newest
	if x.on {
		s.Cursor = w.Cell(x.cursor)
		cell = s.Cursor
		s.Ago = views.Age(x.now(m)-w.Begin(cell)) + " before the end"
		if x.still == nil {
			s.Ago = views.Age(x.now(m)-w.Begin(cell)) + " ago"
		}
	}
	if cell >= 0 {
		from := wall(w.Begin(cell))
		s.At = from.Format(layout)
		if from.YearDay() != now.YearDay() {
			s.At = from.Format("Jan 2 " + layout)
		}
		if w.Step > time.Second {
			s.At += " to " + wall(w.Begin(cell+1)).Format(layout)
		}
	}
	if x.still != nil {
		s.Paused = now.Format("15:04:05")
	}
	wide, _ := m.theme.GraphRoom(s, m.layout.W, m.layout.H)
	s.Ticks = graphTicks(w, wide, wall)
}

// graphTicks are round instants, far enough from each other to be named.
func graphTicks(w trend.Window, wide int, wall func(time.Duration) time.Time) []views.GraphTick {
	layout, room := "15:04:05", 12
	span := time.Duration(w.Cells) * w.Step
	if span > 15*time.Minute {
		layout, room = "15:04", 9
	}
	every := 12 * time.Hour
	for _, d := range []time.Duration{
		5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
		10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour,
	} {
		if int64(d)*int64(wide)/int64(span) >= int64(room) && (layout == "15:04:05" || d >= time.Minute) {
			every = d
			break
		}
	}
	// Of the local day, so that a zone half an hour off has round hours too.
	part := func(i int) int64 {
		t := wall(w.Begin(i))
		_, zone := t.Zone()
		return (t.Unix() + int64(zone)) / int64(every/time.Second)
	}
	var ticks []views.GraphTick
	for i := 1; i < w.Cells; i++ {
		if n := part(i); n != part(i-1) {
			t := wall(w.Begin(i))
			_, zone := t.Zone()
			ticks = append(ticks, views.GraphTick{Cell: i, Text: time.Unix(n*int64(every/time.Second)-int64(zone), 0).In(t.Location()).Format(layout)})
		}
	}
	return ticks
}

// missing is what the sampler says of what a series comes from; "" = nothing.
func (x *graphView) missing(m *Model, series trend.Series) string {
	if len(x.of) != 1 {
		return ""
	}
	ref, _ := x.source(m, 0)
	t := m.hist.of(ref)
	if t == nil {
		return ""
	}
	var of []string
	for _, why := range strings.Split(t.sample.Controls, "; ") {
		if isSource(why, series) {
			of = append(of, why)
		}
	}
	return strings.Join(of, "; ")
}

// isSource says whether words of Sample.Controls are about what a series is read
// from. Pressure has a file for each resource; where none is named all are meant.
func isSource(why string, series trend.Series) bool {
	name, what, _ := strings.Cut(why, ": ")
	file := ""
	switch series {
	case trend.CPU:
		return name == "cpu time"
	case trend.Memory:
		return name == "memory"
	case trend.Read, trend.Write:
		return name == "io"
	case trend.Rx, trend.Tx:
		return name == "network"
	case trend.Pids:
		return name == "pids"
	case trend.StallCPU:
		file = "cpu.pressure"
	case trend.StallMemory:
		file = "memory.pressure"
	case trend.StallIO:
		file = "io.pressure"
	}
	return name == "pressure" && (!strings.Contains(what, ".pressure") || strings.HasPrefix(what, file))
}

// detailCells are how many stretches of time the graphs of the detail hold:
// wider than two points a column of a 120-column pane.
const detailCells = 300

// fillHistory copies what is known of one container for the graphs of its
// detail: five minutes, or as long as it takes to read so many figures.
func (m *Model) fillHistory(ref runtime.Ref) *views.History {
	l := m.hist.trends.Of(ref)
	if l == nil {
		return nil
	}
	span := 5 * time.Minute
	for _, d := range trend.Spans() {
		if span < detailCells*m.interval {
			span = max(span, d)
		}
	}
	h, w := &m.paint.history, trend.Look(span, m.hist.trends.Now(), detailCells)
	for _, x := range []struct {
		into *[]float64
		from trend.Series
	}{
		{&h.CPU, trend.CPU}, {&h.Memory, trend.Memory}, {&h.Rx, trend.Rx}, {&h.Tx, trend.Tx}, {&h.Read, trend.Read}, {&h.Write, trend.Write},
		{&h.Pids, trend.Pids}, {&h.CPUStall, trend.StallCPU}, {&h.MemStall, trend.StallMemory}, {&h.IOStall, trend.StallIO},
	} {
		m.graphs.read = l.Read(x.from, w, m.graphs.read)
		*x.into = (*x.into)[:0]
		for _, c := range m.graphs.read {
			*x.into = append(*x.into, c.Mean)
		}
	}
	return h
}

// limit is that of a single container, or what the host has; Gap = none.
func (x *graphView) limit(m *Model, series trend.Series) float64 {
	host := &m.hist.host
	if len(x.of) == 0 {
		if n, ok := host.MemTotal.Get(); ok && series == trend.Memory {
			return float64(n)
		}
		return views.Gap()
	}
	if len(x.of) > 1 {
		return views.Gap()
	}
	ref, _ := x.source(m, 0)
	t := m.hist.of(ref)
	if t == nil {
		return views.Gap()
	}
	var v runtime.Value
	switch a := &t.sample; series {
	case trend.CPU:
		cores := runtime.Cores(&a.CPU, host.CPUs)
		if cores <= 0 || host.CPUs > 0 && cores >= float64(host.CPUs) {
			return views.Gap()
		}
		return 100 * cores
	case trend.Memory:
		v = a.Memory.Limit
	case trend.Pids:
		v = a.Pids.Max
	}
	if n, ok := v.Get(); ok {
		return float64(n)
	}
	return views.Gap()
}

// note is all that is to be known of what the graphs end with.
func (x *graphView) note(m *Model) string {
	var notes []string
	if err := m.listTrouble(); err != nil {
		notes = append(notes, err.Error())
	}
	switch {
	case m.sampling.late > 0:
		notes = append(notes, "no figures since "+m.sampling.since.Local().Format("15:04:05"))
	case m.sampling.err != nil:
		notes = append(notes, m.sampling.err.Error())
	}
	for i := range x.of {
		ref, line := x.source(m, i)
		c, t := m.byRef(ref), m.hist.of(ref)
		switch {
		case line == nil || c == nil && m.listing.done.IsZero():
		case c == nil && m.isGone(ref) && line.Gone():
			notes = append(notes, m.called(ref)+" is gone")
		case c == nil:
			notes = append(notes, "the last list could not tell of "+m.called(ref))
		case !c.Counted():
			notes = append(notes, m.called(ref)+" does not run")
		case t != nil && t.err != nil:
			notes = append(notes, t.err.Error())
		}
	}
	return strings.Join(notes, "; ")
}

// empty says why there is no graph; "" = there is one.
func (x *graphView) empty(m *Model, lines []*trend.Line) string {
	for _, l := range lines {
		if l != nil {
			return ""
		}
	}
	if len(x.of) == 0 {
		return "Nothing was read of the host so far."
	}
	stopped := 0
	for i := range x.of {
		ref, _ := x.source(m, i)
		if c := m.byRef(ref); c != nil && c.State == runtime.Stopped {
			stopped++
		}
	}
	if len(x.of) > 1 {
		if stopped < len(x.of) {
			return "Nothing was read of them so far."
		}
		return "None of them has run since lxcdeck was started. Graphs begin as soon as one does."
	}
	ref, _ := x.source(m, 0)
	switch {
	case m.isGone(ref):
		return m.called(ref) + " is gone."
	case stopped > 0:
		return m.called(ref) + " has not run since lxcdeck was started. Its graphs begin as soon as it does."
	default:
		return "Nothing was read of " + m.called(ref) + " so far."
	}
}
