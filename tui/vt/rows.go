package vt

import (
	"math"
	"strings"
)

// Pos is a place by the number of its row and its column, from 0.
type Pos struct {
	Row uint64
	Col int
}

func (p Pos) before(q Pos) bool { return p.Row < q.Row || p.Row == q.Row && p.Col < q.Col }

// noRow is the number of no row.
const noRow = math.MaxUint64

// Look is how part of a row is painted over. All three can be told apart on a
// terminal of 16 colours and on one without.
type Look uint8

// The looks.
const (
	LookSelected Look = iota // colours swapped
	LookMatch                // black on yellow, underlined
	LookCurrent              // black on cyan, bold, underlined
)

// Span is columns [From,To) of a row and how they look.
type Span struct {
	From, To int
	Look     Look
}

// apply gives s the look. A match has colours of its own, concealed text is
// told where it was searched for.
func (l Look) apply(s Style) Style {
	const yellow, cyan, black = 3, 6, 0
	switch l {
	case LookSelected:
		s.Attr ^= Reverse
	case LookMatch:
		s.FG, s.BG, s.Underline = Indexed(black), Indexed(yellow), Single
		s.Attr &^= Reverse | Conceal | Dim
	case LookCurrent: // reverse, so that it differs from a match without colours
		s.FG, s.BG, s.Underline = Indexed(cyan), Indexed(black), Single
		s.Attr = s.Attr&^(Conceal|Dim) | Reverse | Bold
	}
	return s
}

// over is s with the spans that touch the next w columns.
func (p *painter) over(s Style, w int) Style {
	for _, sp := range p.spans {
		if sp.From < p.x+w && sp.To > p.x {
			s = sp.Look.apply(s)
		}
	}
	return s
}

// Rows gives the numbers of the oldest row kept and of the row after the
// screen's last: scrollback first, then the screen that is shown. A row keeps
// its number when it scrolls off, so a view that stands on a number stands
// still while output arrives. Another width numbers anew; see Mark.
func (t *Terminal) Rows() (first, end uint64) {
	return t.hist.oldest(), t.hist.next + uint64(t.rows)
}

// ScreenRow is the number of the screen's first row.
func (t *Terminal) ScreenRow() uint64 { return t.hist.next }

// Row is row n with spans painted over it in order, made like Line. A row
// that is not there is blank.
func (t *Terminal) Row(n uint64, spans []Span) string {
	if y, ok := t.onScreen(n); ok && len(spans) == 0 {
		return t.Line(y)
	}
	p := painter{t: t, b: t.scratch[:0], spans: spans}
	t.walk(n, n, func(_ uint64, _ int, g glyph) bool {
		p.add(g)
		return true
	})
	s := p.finish()
	t.scratch = p.b
	return s
}

// RowPlain is row n without styles and without the blanks at its end.
func (t *Terminal) RowPlain(n uint64) string {
	if n >= t.hist.oldest() && n < t.hist.next {
		l := &t.hist.lines[t.hist.index(n)]
		if at := int(n-l.first) * t.cols; l.ascii() {
			return strings.TrimRight(string(t.hist.bytes(l)[at:min(at+t.cols, int(l.size))]), " ")
		}
	}
	var b strings.Builder
	t.walk(n, n, func(_ uint64, _ int, g glyph) bool {
		g.plain(&b)
		return true
	})
	return strings.TrimRight(b.String(), " ")
}

// RowLen is how many columns of row n are left without the blanks at its end.
func (t *Terminal) RowLen(n uint64) int {
	used := 0
	t.walk(n, n, func(_ uint64, x int, g glyph) bool {
		if !g.blank() {
			used = x + g.width()
		}
		return true
	})
	return min(used, t.cols)
}

// RowWrapped says that row n goes on in the row below: the program wrote over
// the edge instead of ending the line.
func (t *Terminal) RowWrapped(n uint64) bool {
	if y, ok := t.onScreen(n); ok {
		return t.Wrapped(y)
	}
	if n < t.hist.oldest() || n >= t.hist.next {
		return false
	}
	l := &t.hist.lines[t.hist.index(n)]
	if n+1 < l.first+uint64(l.rows) {
		return true
	}
	return l.open && (n+1 < t.hist.next || t.cur == &t.main)
}

// onScreen is the row of the screen that has number n.
func (t *Terminal) onScreen(n uint64) (y int, ok bool) {
	if n < t.hist.next || n >= t.hist.next+uint64(t.rows) {
		return 0, false
	}
	return int(n - t.hist.next), true
}

// blank says that g shows nothing but its background.
func (g glyph) blank() bool { return g.multi == "" && (g.r == 0 || g.r == ' ') }

// walk gives the glyphs of rows from to to, both included, in order, until
// each says false. Cells that a wrap left empty are no part of a line.
func (t *Terminal) walk(from, to uint64, each func(n uint64, x int, g glyph) bool) {
	first, end := t.Rows()
	from, to = max(from, first), min(to, end-1)
	if from > to {
		return
	}
	on := true
	if from < t.hist.next {
		for i := t.hist.index(from); on && i < len(t.hist.lines) && t.hist.lines[i].first <= to; i++ {
			t.walkLine(&t.hist.lines[i], from, func(n uint64, x int, g glyph) bool {
				on = n <= to && each(n, x, g)
				return on
			})
		}
	}
	for n := max(from, t.hist.next); on && n <= to; n++ {
		on = t.walkRow(int(n-t.hist.next), func(x int, g glyph) bool { return each(n, x, g) })
	}
}

// walkLine gives the glyphs of a line of the scrollback from a row on.
func (t *Terminal) walkLine(l *packed, from uint64, each func(n uint64, x int, g glyph) bool) {
	part := 0
	if from > l.first {
		part = int(from - l.first)
	}
	f := folder{cols: t.cols}
	b := t.hist.bytes(l)
	if l.ascii() && part > 0 {
		b = b[min(part*t.cols, len(b)):]
		f.rows = part
	}
	t.unpack(b, func(g glyph) bool {
		w := min(g.width(), t.cols)
		f.add(w)
		return f.rows < part || each(l.first+uint64(f.rows), f.x-w, g)
	})
}

// ascii says that a line is as many bytes as cells: no styles, no characters
// but ASCII, so a row of it is found without unpacking what is before.
func (l *packed) ascii() bool { return l.size == l.cells }

// walkRow gives the glyphs of a row of the screen, and says whether each never
// said false.
func (t *Terminal) walkRow(y int, each func(x int, g glyph) bool) bool {
	r := t.cur.at(y)
	n := r.used
	if r.wrapped {
		n = r.length()
	}
	for x := 0; x < n; x++ {
		g := t.glyph(r.cells, x)
		if !each(x, g) {
			return false
		}
		if g.wide {
			x++
		}
	}
	return true
}
