package views

import (
	"math"
	"strconv"
	"strings"
)

// GraphKind says what figures of a graph are.
type GraphKind uint8

// The kinds.
const (
	GraphPercent GraphKind = iota
	GraphBytes
	GraphRate // bytes a second
	GraphCount
)

// GraphCell is one stretch of time: the mean of what was read, and the lowest
// and highest of it. A Mean that is a Gap says that nothing was.
type GraphCell struct{ Low, Mean, High float64 }

// Graph is one resource over time.
type Graph struct {
	Title string
	Of    string // what figures are of: "of a core"
	Kind  GraphKind
	Role  Role
	Lines [][]GraphCell // of each container, all of the same length, the oldest cell first
	Limit float64       // Gap = there is none, or several
	Why   string        // why there may be no figure; "" = not known
}

// amount is a figure in at most six cells.
func (k GraphKind) amount(f float64) string {
	switch {
	case math.IsNaN(f):
		return Absent
	case k == GraphPercent:
		return Percent(f) + "%"
	case k == GraphCount:
		return countOf(f)
	case f < 0.5:
		return "0"
	default:
		return FineBytes(uint64(f + 0.5))
	}
}

// countOf is a mean of counts, with a decimal where it has one to tell.
func countOf(f float64) string {
	if f < 99.95 && math.Abs(f-math.Round(f)) >= 0.05 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return Count(uint64(math.Round(f)))
}

// perTime is what stands behind an amount.
func (k GraphKind) perTime() string {
	if k == GraphRate {
		return "/s"
	}
	return ""
}

// top is where the scale ends: at the limit, as soon as a quarter of that was
// used, else at a round figure above the highest there is.
func (g *Graph) top() float64 {
	high := 0.0
	for _, line := range g.Lines {
		for i := range line {
			if f := line[i].High; f > high { // false for a gap
				high = f
			}
		}
	}
	if high <= g.Limit && high >= g.Limit/4 {
		return g.Limit
	}
	if g.Kind == GraphBytes || g.Kind == GraphRate {
		return niceBytes(high)
	}
	return nice(high)
}

// known says whether there is a figure at all.
func (g *Graph) known() bool {
	for _, line := range g.Lines {
		for i := range line {
			if !math.IsNaN(line[i].Mean) {
				return true
			}
		}
	}
	return false
}

// lineLetter names a container where several are compared.
func lineLetter(i int) rune { return 'a' + rune(i) }

// lineRole is its colour; the letter tells where there is none.
func lineRole(i int) Role {
	return [...]Role{GraphCPU, GraphMem, GraphNet, GraphIO, Plain, Strong, Border, Dim}[i%8]
}

// mark is what stands in one cell of a plot.
type mark struct {
	glyph rune
	role  Role
}

// plot is a graph without its scale, while it is drawn.
type plot struct {
	t       *Theme
	g       *Graph
	top     float64
	w, h    int
	n       int // cells of time
	marks   []mark
	dots    []uint8
	letters bool // lines are letters, not dots
}

// plot draws a graph in w x h cells: one container as an area below the mean,
// with a dot where the highest figure was; several as lines.
func (t *Theme) plot(s *GraphsState, g *Graph, w, h int) []mark {
	p := &plot{t: t, g: g, top: g.top(), w: w, h: h, n: s.Cells, marks: make([]mark, w*h), letters: t.ASCII || s.Blocks}
	for i := range p.marks {
		p.marks[i].glyph = ' '
	}
	switch {
	case p.n <= 0:
	case len(g.Lines) > 1 && p.letters:
		p.letterLines()
	case len(g.Lines) > 1:
		p.dotLines()
	case len(g.Lines) == 1 && p.letters:
		p.barArea(g.Lines[0])
	case len(g.Lines) == 1:
		p.dotArea(g.Lines[0])
	}
	if y, ok := p.limitRow(); ok {
		rule := []rune(t.Glyphs.Rule)[0]
		for x := range w {
			if c := &p.marks[y*w+x]; c.glyph == ' ' {
				*c = mark{rule, Warn}
			}
		}
	}
	if x, ok := s.column(s.Cursor, w); ok {
		for y := range h {
			p.marks[y*w+x].role = Cursor
		}
	}
	return p.marks
}

// column is where a cell of time begins on a plot of w cells.
func (s *GraphsState) column(cell, w int) (int, bool) {
	if cell < 0 || cell >= s.Cells || w <= 0 {
		return 0, false
	}
	return min((cell*2*w+s.Cells-1)/s.Cells/2, w-1), true
}

// cell is the cell of time in column x of so many.
func (p *plot) cell(x, columns int) int { return x * p.n / columns }

// limitRow is the row of the limit, if it is on the scale.
func (p *plot) limitRow() (int, bool) {
	if math.IsNaN(p.g.Limit) || p.g.Limit > p.top || p.g.Limit <= 0 {
		return 0, false
	}
	return p.h - 1 - (height(p.g.Limit, p.top, p.h*4)-1)/4, true
}

// put writes a glyph down.
func (p *plot) put(x, y int, glyph rune, r Role) {
	if x >= 0 && x < p.w && y >= 0 && y < p.h {
		p.marks[y*p.w+x] = mark{glyph, r}
	}
}

// brailleDot is the dot of a sub-column (0 or 1) in a row of four, from below.
func brailleDot(sub, row int) uint8 {
	return [2][4]uint8{{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}}[sub][row]
}

// dot sets one in column x of 2w, y dots from the bottom of 4h.
func (p *plot) dot(x, y int, r Role) {
	at := (p.h-1-y/4)*p.w + x/2
	p.dots[at] |= brailleDot(x%2, y%4)
	p.marks[at] = mark{0x2800 + rune(p.dots[at]), r}
}

// dotArea fills below the mean, in braille.
func (p *plot) dotArea(cells []GraphCell) {
	p.dots = make([]uint8, p.w*p.h)
	for x := range 2 * p.w {
		c := cells[p.cell(x, 2*p.w)]
		n := height(c.Mean, p.top, 4*p.h)
		for y := range n {
			p.dot(x, y, p.g.Role)
		}
		if high := height(c.High, p.top, 4*p.h); n > 0 && high > n {
			p.dot(x, high-1, p.g.Role)
		}
	}
}

// barArea does so in eighths of a row, or in the steps of the ASCII set. A cell
// is as high as the highest mean in it.
func (p *plot) barArea(cells []GraphCell) {
	steps := len(p.t.Glyphs.Levels)
	tip := '\''
	if !p.t.ASCII {
		tip = []rune(p.t.Glyphs.Dot)[0]
	}
	for x := range p.w {
		mean, high := p.over(cells, x)
		n := height(mean, p.top, steps*p.h)
		for y := 0; y*steps < n; y++ {
			p.put(x, p.h-1-y, []rune(p.t.barCell(steps, n, y))[0], p.g.Role)
		}
		if y := (height(high, p.top, steps*p.h) - 1) / steps; n > 0 && y*steps >= n {
			p.put(x, p.h-1-y, tip, p.g.Role)
		}
	}
}

// over gives the highest mean and the highest figure of a column of the plot.
func (p *plot) over(cells []GraphCell, x int) (mean, high float64) {
	mean, high = Gap(), Gap()
	first, last := p.cell(x, p.w), p.cell(x+1, p.w)-1
	for i := first; i <= max(first, last); i++ {
		if c := cells[i]; !math.IsNaN(c.Mean) {
			if math.IsNaN(mean) {
				mean, high = c.Mean, c.High
			}
			mean, high = max(mean, c.Mean), max(high, c.High)
		}
	}
	return mean, high
}

// dotLines draws lines of braille, with the letter of each here and there.
func (p *plot) dotLines() {
	p.dots = make([]uint8, p.w*p.h)
	for i, cells := range p.g.Lines {
		before := 0
		for x := range 2 * p.w {
			y := height(cells[p.cell(x, 2*p.w)].Mean, p.top, 4*p.h)
			if y > 0 {
				from, to := y, y
				if before > 0 {
					from, to = min(y, before), max(y, before)
				}
				for k := from; k <= to; k++ {
					p.dot(x, k-1, lineRole(i))
				}
			}
			before = y
		}
	}
	every := max(12, 2*len(p.g.Lines))
	for i, cells := range p.g.Lines {
		for x := every/4 + i*every/len(p.g.Lines); x < p.w; x += every {
			if y := height(cells[p.cell(2*x, 2*p.w)].Mean, p.top, 4*p.h); y > 0 {
				p.put(x, p.h-1-(y-1)/4, lineLetter(i), lineRole(i))
			}
		}
	}
}

// letterLines draws each line with its letter. Where some are in one place they
// take turns.
func (p *plot) letterLines() {
	for x := range p.w {
		for y := range p.h {
			var here []int
			for i, cells := range p.g.Lines {
				mean, _ := p.over(cells, x)
				if k := height(mean, p.top, 4*p.h); k > 0 && (k-1)/4 == y {
					here = append(here, i)
				}
			}
			if len(here) > 0 {
				i := here[x%len(here)]
				p.put(x, p.h-1-y, lineLetter(i), lineRole(i))
			}
		}
	}
}

// scaleW is the room for a scale on the left of a plot.
const scaleW = 6

// graphRows is a graph in exactly w cells: its title, and h rows of the plot
// with its scale.
func (t *Theme) graphRows(s *GraphsState, g *Graph, w, h int) []string {
	rows := []string{t.graphTitle(s, g, w)}
	if h <= 0 {
		return rows
	}
	inner := max(1, w-scaleW)
	marks := t.plot(s, g, inner, h)
	limit, limited := (&plot{g: g, top: g.top(), h: h}).limitRow()
	known := g.known()
	var words []string
	if !known {
		words = t.plotWords(g, inner, h)
	}
	first := (h - len(words)) / 2
	for y := range h {
		l := t.newLine(w)
		label := ""
		switch {
		case limited && y == limit && y > 0:
			label = "limit"
		case !known:
		case y == 0:
			label = g.Kind.scale(g.top())
		case y == h-1:
			label = "0"
		}
		l.field(Dim, label, scaleW-1, true)
		l.gap(1)
		if n := y - first; n >= 0 && n < len(words) {
			l.add(Dim, words[n])
		}
		for x := l.used - scaleW; x < inner && l.left() > 0; {
			var run strings.Builder
			from := x
			for ; x < inner && marks[y*inner+x].role == marks[y*inner+from].role; x++ {
				run.WriteRune(marks[y*inner+x].glyph)
			}
			l.raw(marks[y*inner+from].role, run.String(), x-from)
		}
		rows = append(rows, l.String())
	}
	return rows
}

// plotWords say why there is no figure, in as many rows as there is room for.
func (t *Theme) plotWords(g *Graph, w, h int) []string {
	text := "nothing was read in this time"
	if g.Why != "" {
		text = "not read: " + Clean(g.Why)
	}
	rows := wrapIn(text, w, 0)
	if len(rows) > h {
		rows = rows[:h]
		rows[h-1] = t.Cut(strings.TrimSpace(rows[h-1])+" "+t.Glyphs.Ellipsis, w)
	}
	return rows
}

// scale is the end of a scale, as short as can be.
func (k GraphKind) scale(top float64) string {
	switch k {
	case GraphPercent:
		return Percent(top) + "%"
	case GraphCount:
		return Count(uint64(top))
	default:
		return Bytes(uint64(top))
	}
}

// graphTitle names the graph and reads it, at the cursor or else at its end.
func (t *Theme) graphTitle(s *GraphsState, g *Graph, w int) string {
	l := t.newLine(w)
	l.add(Strong, g.Title)
	l.gap(2)
	at := s.reads()
	if len(g.Lines) > 1 {
		var pieces []piece
		for i, cells := range g.Lines {
			pieces = append(pieces, piece{i, []span{{lineRole(i), string(lineLetter(i)) + " "}, {Plain, g.Kind.amount(meanAt(cells, at))}}})
		}
		if n := l.left(); len(keep(pieces, n, 2)) < len(pieces) { // some have no room, and that shows
			sign := t.Glyphs.Ellipsis
			l.w -= 1 + Width(sign)
			l.addPieces(pieces, 2)
			l.w += 1 + Width(sign)
			l.gap(1)
			l.add(Dim, sign)
			return l.String()
		}
		pieces = append(pieces, text(len(g.Lines), Dim, strings.TrimSpace(g.Kind.perTime()+" "+g.Of)))
		l.addPieces(pieces, 2)
		return l.String()
	}
	c := GraphCell{Gap(), Gap(), Gap()}
	if len(g.Lines) == 1 && at >= 0 && at < len(g.Lines[0]) {
		c = g.Lines[0][at]
	}
	mean := g.Kind.amount(c.Mean)
	if mean != Absent {
		mean += g.Kind.perTime()
	}
	pieces := []piece{text(0, Strong, mean)}
	if !math.IsNaN(c.Mean) && g.Kind.amount(c.Low) != g.Kind.amount(c.High) {
		pieces = append(pieces, figure(1, "low", Plain, g.Kind.amount(c.Low)), figure(1, "high", Plain, g.Kind.amount(c.High)))
	}
	if g.Of != "" {
		pieces = append(pieces, text(3, Dim, g.Of))
	}
	if !math.IsNaN(g.Limit) {
		pieces = append(pieces, figure(2, "limit", Plain, g.Kind.amount(g.Limit)))
	}
	l.addPieces(pieces, 2)
	return l.String()
}

// reads is the cell that titles read.
func (s *GraphsState) reads() int {
	if s.Cursor >= 0 && s.Cursor < s.Cells {
		return s.Cursor
	}
	return s.Newest
}

func meanAt(cells []GraphCell, i int) float64 {
	if i < 0 || i >= len(cells) {
		return Gap()
	}
	return cells[i].Mean
}
