package views

import (
	"strconv"
	"strings"

	"lxcdeck/keymap"
)

// MostGraphed is how many containers are compared at most.
const MostGraphed = 8

// GraphTick names an instant on the axis of time.
type GraphTick struct {
	Cell int
	Text string
}

// GraphStart is where a container was seen to run anew.
type GraphStart struct{ Cell, Line int }

// GraphsState is the screen of graphs.
type GraphsState struct {
	Names  []string // of the containers, in the order of the lines
	More   int      // how many more are marked, for whom there is no room
	Tabs   []string
	Tab    int
	Spans  []string
	Span   int
	Graphs []Graph // of the tab; what there is no room for is not drawn
	Cells  int     // cells of time
	Newest int     // the newest cell in which anything was read; -1 = none
	Cursor int     // the cell that is read; -1 = none
	At     string  // what time the titles are about
	Ago    string  // and how long ago that was
	Ticks  []GraphTick
	Starts []GraphStart
	Older  bool   // there were starts before those, which are not remembered
	Blocks bool   // cells in blocks, not in braille
	Paused string // since when the graphs stand still; "" = they do not
	Note   string // what is said of the whole: "is gone"
	Empty  string // why there is no graph
	Hints  []keymap.Hint
	Say    *NoticeState
}

const (
	// graphBesideW is the width from which graphs stand beside each other.
	graphBesideW = 76
	// graphMinH is a title and the least rows of a plot; lower ones are left out.
	graphMinH = 4
	// graphGap is between two graphs beside each other.
	graphGap = 2
)

// graphPlaces says where graphs are on a screen.
type graphPlaces struct {
	tabs, legend, starts, reading bool // rows there are
	columns, lines                int  // of graphs
	colW                          int
	area                          int // rows for graphs
	shown                         int
}

func (s *GraphsState) places(w, h int) graphPlaces {
	p := graphPlaces{columns: 1, tabs: h >= 10, legend: len(s.Names) > 1 && h >= 9, reading: h >= 6}
	p.starts = len(s.Starts) > 0 && h >= shortH
	p.area = h - 2 - footRows(s.Say, h) // a title and the axis
	for _, there := range []bool{p.tabs, p.legend, p.starts, p.reading} {
		if there {
			p.area--
		}
	}
	p.area = max(0, p.area)
	if len(s.Graphs) > 3 && w >= graphBesideW {
		p.columns = 2
	}
	p.colW = max(1, (w-graphGap*(p.columns-1))/p.columns)
	p.shown = min(len(s.Graphs), p.columns*max(1, p.area/graphMinH))
	p.lines = (p.shown + p.columns - 1) / p.columns
	return p
}

// GraphRoom is how many cells a plot has beside its scale, and how many cells
// of time it can show: two a cell with braille.
func (t *Theme) GraphRoom(s *GraphsState, w, h int) (wide, most int) {
	p := s.places(w, h)
	wide = max(1, p.colW-scaleW)
	if t.ASCII || s.Blocks {
		return wide, wide
	}
	return wide, 2 * wide
}

// Graphs paints the screen in exactly w x h cells: a title, the tabs and spans,
// the graphs, the axis of time, what is read, and what keys do.
func (t *Theme) Graphs(s *GraphsState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	p := s.places(w, h)
	rows := []string{t.pageTitle(graphsTitle(s, w), graphsPlace(s), w)}
	if p.tabs {
		rows = append(rows, t.graphTabs(s, w))
	}
	if p.legend {
		rows = append(rows, t.graphLegend(s, w))
	}
	foot := t.pageFoot(s.Say, s.Hints, w, h)
	last := h - len(foot)
	if p.reading {
		last--
	}
	if s.Empty != "" {
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	} else {
		rows = append(rows, t.graphGrid(s, p)...)
		if p.starts {
			rows = append(rows, t.graphStarts(s, p, w))
		}
		rows = append(rows, t.graphAxis(s, p, w))
	}
	for y := range rows {
		rows[y] = fitRow(rows[y], w)
	}
	rows = exactly(rows, w, max(0, last))
	if p.reading {
		rows = append(rows, t.graphReading(s, p, w))
	}
	return exactly(append(rows, foot...), w, h)
}

func graphsTitle(s *GraphsState, w int) string {
	title := ""
	if len(s.Names) > 0 {
		title = s.Names[0]
	}
	switch n := len(s.Names) + s.More; {
	case s.More > 0:
		title = strconv.Itoa(len(s.Names)) + " of " + strconv.Itoa(n) + " containers"
	case n > 1:
		title = strconv.Itoa(n) + " containers"
	}
	if w < narrowW {
		return title
	}
	return "Graphs of " + title
}

// graphsPlace is the span, and that the graphs stand still.
func graphsPlace(s *GraphsState) string {
	place := ""
	if s.Paused != "" {
		place = "PAUSED " + s.Paused + "  "
	}
	if s.Span < len(s.Spans) {
		place += s.Spans[s.Span]
	}
	return strings.TrimSpace(place)
}

// chosen writes words of which one is chosen.
func (l *line) chosen(words []string, at int) {
	for i, word := range words {
		if i > 0 {
			l.gap(1)
		}
		if i == at {
			l.add(Strong, "["+word+"]")
			continue
		}
		l.add(Dim, " "+word+" ")
	}
}

func chosenWidth(words []string) int {
	n := -1
	for _, word := range words {
		n += Width(word) + 3
	}
	return n
}

// graphTabs are the tabs on the left and the spans on the right. Where there is
// no room for both, the span alone stands in the title.
func (t *Theme) graphTabs(s *GraphsState, w int) string {
	l := t.newLine(w)
	if chosenWidth(s.Tabs) > w && s.Tab < len(s.Tabs) {
		l.add(Strong, "["+s.Tabs[s.Tab]+"]")
		l.add(Dim, " "+strconv.Itoa(s.Tab+1)+"/"+strconv.Itoa(len(s.Tabs)))
		return l.String()
	}
	l.chosen(s.Tabs, s.Tab)
	if n := chosenWidth(s.Spans); l.left() > n+2 {
		l.to(w - n)
		l.chosen(s.Spans, s.Span)
	}
	return l.String()
}

// graphLegend says which letter is whose.
func (t *Theme) graphLegend(s *GraphsState, w int) string {
	l := t.newLine(w)
	more := ""
	if s.More > 0 {
		more = "and " + strconv.Itoa(s.More) + " more"
	}
	room, all := max(4, (w-Width(more)-2)/max(1, len(s.Names))-4), Width(more)
	for _, name := range s.Names {
		all += Width(Clean(name)) + 4
	}
	if all <= w {
		room = w
	}
	var pieces []piece
	for i, name := range s.Names {
		pieces = append(pieces, piece{0, []span{{lineRole(i), string(lineLetter(i)) + " "}, {Plain, t.Cut(Clean(name), room)}}})
	}
	if more != "" {
		pieces = append(pieces, text(0, Dim, more))
	}
	l.addPieces(pieces, 2)
	return l.String()
}

// graphGrid are the graphs, in one column or two.
func (t *Theme) graphGrid(s *GraphsState, p graphPlaces) []string {
	if p.lines == 0 {
		return nil
	}
	var rows []string
	for i := range p.lines {
		n := p.area / p.lines
		if i < p.area%p.lines {
			n++
		}
		var blocks []Block
		for c := range p.columns {
			if c > 0 {
				blocks = append(blocks, exactly(nil, graphGap, n))
			}
			if k := i*p.columns + c; k < p.shown {
				blocks = append(blocks, exactly(t.graphRows(s, &s.Graphs[k], p.colW, n-1), p.colW, n))
			} else {
				blocks = append(blocks, exactly(nil, p.colW, n))
			}
		}
		rows = append(rows, Beside(blocks...)...)
	}
	return rows
}

// inColumns writes the same under each column of graphs. add is given the line
// and where the plot begins; the line ends with it.
func (t *Theme) inColumns(p graphPlaces, w int, add func(l *line, from, wide int)) string {
	l := t.newLine(w)
	for c := range p.columns {
		from := c*(p.colW+graphGap) + scaleW
		wide := max(1, p.colW-scaleW)
		l.w = min(w, from+wide)
		add(&l, from, wide)
		l.w = w
	}
	return l.String()
}

// graphAxis names instants. A name that would be cut off is left out.
func (t *Theme) graphAxis(s *GraphsState, p graphPlaces, w int) string {
	return t.inColumns(p, w, func(l *line, from, wide int) {
		for _, tick := range s.Ticks {
			x, ok := s.column(tick.Cell, wide)
			if at := from + x; ok && at >= l.used && at+1+Width(tick.Text) <= l.w {
				l.to(at)
				l.add(Dim, t.Glyphs.Bar+tick.Text)
			}
		}
	})
}

// graphStarts marks where containers were started anew.
func (t *Theme) graphStarts(s *GraphsState, p graphPlaces, w int) string {
	return t.inColumns(p, w, func(l *line, from, wide int) {
		for _, start := range s.Starts {
			glyph, role := t.Glyphs.Up, Notice
			if len(s.Names) > 1 {
				glyph, role = string(lineLetter(start.Line)), lineRole(start.Line)
			}
			if x, ok := s.column(start.Cell, wide); ok && from+x >= l.used {
				l.to(from + x)
				l.add(role, glyph)
			}
		}
	})
}

// graphReading says what the titles read, and what else is to be known.
func (t *Theme) graphReading(s *GraphsState, p graphPlaces, w int) string {
	l := t.newLine(w)
	if s.Empty != "" {
		l.add(Warn, t.Cut(Clean(s.Note), w))
		return l.String()
	}
	var pieces []piece
	if s.Cursor >= 0 {
		pieces = append(pieces, piece{0, []span{{Dim, "at "}, {Strong, s.At}}}, text(2, Dim, s.Ago))
	} else if s.Newest >= 0 {
		pieces = append(pieces, piece{0, []span{{Dim, "newest "}, {Strong, s.At}}})
	}
	if s.Note != "" {
		used := 0
		for _, p := range pieces[:min(1, len(pieces))] {
			used = p.width() + 2
		}
		pieces = append(pieces, text(1, Warn, t.Cut(Clean(s.Note), max(1, w-used))))
	}
	if p.starts {
		words := t.Glyphs.Up + " started anew"
		if len(s.Names) > 1 {
			words = "a letter below: started anew"
		}
		if s.Older {
			words += ", and earlier ones"
		}
		pieces = append(pieces, text(3, Dim, words))
	}
	if n := len(s.Graphs) - p.shown; n > 0 {
		pieces = append(pieces, text(4, Dim, plural(n, "graph more", "graphs more")+" on other tabs"))
	}
	l.addPieces(pieces, 2)
	return l.String()
}
