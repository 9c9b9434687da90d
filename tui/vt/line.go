package vt

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// glyph is one character on its way to a line: from a screen's cell or from
// the scrollback.
type glyph struct {
	r     rune   // 0 is blank
	multi string // a cluster, instead of r
	wide  bool
	style Style
}

// width is how many columns g takes.
func (g glyph) width() int {
	if g.wide {
		return 2
	}
	return 1
}

// glyph reads the cell at column x; tails and halves without their other half
// are blank, so that a line never has more or fewer columns than the screen.
func (t *Terminal) glyph(cells []cell, x int) glyph {
	c := cells[x]
	g := glyph{style: t.styles.list[c.style()]}
	switch {
	case c&cellTail != 0:
		return g
	case c&cellWide != 0:
		if x+1 >= len(cells) || cells[x+1]&cellTail == 0 {
			return g
		}
		g.wide = true
	}
	if c&cellCluster != 0 {
		g.multi = t.clusters.list[c.text()].shown()
	} else {
		g.r = rune(c.text())
	}
	return g
}

// Line is row y of the screen as text and SGR sequences made here, exactly as
// wide as the screen and ending in an SGR reset. It is kept until the row
// changes. This is the one way from the emulator to a screen; a row that is
// not there is blank.
func (t *Terminal) Line(y int) string {
	if y < 0 || y >= t.rows {
		return t.Row(noRow, nil)
	}
	r := t.cur.at(y)
	if r.lineGen == r.gen && r.line != "" {
		return r.line
	}
	p := painter{t: t, b: t.scratch[:0]}
	for x := 0; x < r.used; x++ {
		g := t.glyph(r.cells, x)
		p.add(g)
		if g.wide {
			x++
		}
	}
	r.line, r.lineGen = p.finish(), r.gen
	t.scratch = p.b
	return r.line
}

// LineGeneration changes whenever row y shows something else; no two rows
// ever share one. -1 and beyond the screen it is 0.
func (t *Terminal) LineGeneration(y int) uint64 {
	if y < 0 || y >= t.rows {
		return 0
	}
	return t.cur.at(y).gen
}

// Generation changes whenever anything that is shown may have changed: a row,
// the cursor, a mode, the title, the scrollback.
func (t *Terminal) Generation() uint64 { return t.gen }

// PlainLine is row y without styles and without the blanks at its end.
func (t *Terminal) PlainLine(y int) string {
	if y < 0 || y >= t.rows {
		return ""
	}
	r := t.cur.at(y)
	var b strings.Builder
	t.plain(&b, r, r.used)
	return strings.TrimRight(b.String(), " ")
}

func (t *Terminal) plain(b *strings.Builder, r *row, n int) {
	for x := 0; x < n; x++ {
		g := t.glyph(r.cells, x)
		g.plain(b)
		if g.wide {
			x++
		}
	}
}

func (g glyph) plain(b *strings.Builder) {
	switch {
	case g.multi != "":
		b.WriteString(g.multi)
	case g.r == 0:
		b.WriteByte(' ')
	default:
		b.WriteRune(g.r)
	}
}

// PlainText is the screen without styles: rows that a wrap split are one line
// again, blank rows at the end are left out.
func (t *Terminal) PlainText() string {
	var b strings.Builder
	for y := range t.rows {
		if r := t.cur.at(y); r.wrapped {
			t.plain(&b, r, r.length())
			continue
		}
		b.WriteString(t.PlainLine(y))
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

// Wrapped says that row y goes on in the row below: the program wrote over
// the edge instead of ending the line.
func (t *Terminal) Wrapped(y int) bool {
	return y >= 0 && y < t.rows && t.cur.at(y).wrapped
}

// Cell is the position x, y; outside the screen it is blank.
func (t *Terminal) Cell(x, y int) Cell {
	if x < 0 || x >= t.cols || y < 0 || y >= t.rows {
		return Cell{Width: 1}
	}
	r := t.cur.at(y)
	g := t.glyph(r.cells, x)
	c := Cell{Text: g.multi, Width: 1, Style: g.style}
	if g.multi == "" && g.r != 0 {
		c.Text = string(g.r)
	}
	switch {
	case g.wide:
		c.Width = 2
	case r.cells[x]&cellTail != 0:
		c.Width = 0
	}
	return c
}

// painter makes a line of glyphs.
type painter struct {
	t     *Terminal
	b     []byte
	spans []Span // painted over
	x     int
	at    Style
	set   bool // at has been written
	last  rune // the character before, 0 after an SGR sequence
}

func (p *painter) add(g glyph) {
	w := g.width()
	if p.x+w > p.t.cols {
		return
	}
	p.style(p.over(p.t.shown(g.style), w))
	p.x += w
	switch {
	case g.multi != "":
		p.cluster(g.multi, w)
	case g.r == 0:
		p.text(' ')
	case g.r < utf8.RuneSelf:
		p.text(g.r)
	case p.t.fits(g.r, w):
		p.text(g.r)
	default:
		p.stand(w)
	}
}

func (p *painter) style(s Style) {
	if s == p.at && (p.set || s == (Style{})) {
		return
	}
	p.b = s.appendSGR(p.b)
	p.at, p.set, p.last = s, true, 0
}

// text writes one rune, with an SGR sequence before it where it might grow
// together with its neighbour: what reads the line counts grapheme clusters,
// a terminal counts cells.
func (p *painter) text(r rune) {
	if p.last != 0 && !(alone(p.last) && alone(r)) {
		p.b = p.at.appendSGR(p.b)
	}
	p.b = utf8.AppendRune(p.b, r)
	p.last = r
}

// cluster writes several runes as one cell where everybody who counts agrees
// on its width, else the first of them.
func (p *painter) cluster(s string, w int) {
	if ansi.StringWidth(s) == w && ansi.StringWidthWc(s) == w {
		first, _ := utf8.DecodeRuneInString(s)
		p.text(first)
		p.b = append(p.b, s[utf8.RuneLen(first):]...)
		p.last = zwj // never alone
		return
	}
	r, _ := utf8.DecodeRuneInString(s)
	if p.t.fits(r, w) {
		p.text(r)
		return
	}
	p.stand(w)
}

// stand writes what stands for a character whose width is in dispute.
func (p *painter) stand(w int) {
	p.text('?')
	if w == 2 {
		p.text(' ')
	}
}

// finish fills up to the width and resets.
func (p *painter) finish() string {
	for len(p.spans) > 0 && p.x < p.t.cols {
		p.add(glyph{})
	}
	if p.x < p.t.cols {
		p.style(p.t.shown(Style{}))
		for ; p.x < p.t.cols; p.x++ {
			p.text(' ')
		}
	}
	p.b = append(p.b, "\x1b[m"...)
	return string(p.b)
}

// alone says that r never grows together with a neighbour that is alone too:
// the common scripts, lines and blocks (Unicode Annex 29: no Extend, Prepend,
// SpacingMark or Hangul jamo among them).
func alone(r rune) bool {
	switch {
	case r < 0x7f:
		return true
	case r >= 0xa1 && r < 0x300:
		return r != 0xa9 && r != 0xad && r != 0xae
	case r >= 0x370 && r < 0x483, r >= 0x48a && r < 0x590:
		return true
	case r >= 0x2010 && r < 0x2028, r >= 0x2030 && r < 0x2060, r >= 0x2190 && r < 0x2600:
		return true
	case r >= 0x2800 && r < 0x2900: // Braille, which graphs are made of
		return true
	case r >= 0x3041 && r < 0x3097, r >= 0x30a0 && r < 0x3100, r >= 0x4e00 && r < 0xa000:
		return true
	case r >= 0xac00 && r < 0xd7a4, r >= 0xe000 && r < 0xf900: // Hangul syllables, private use
		return true
	}
	return false
}

// fits says whether everybody who counts columns gives r as many as w.
func (t *Terminal) fits(r rune, w int) bool {
	e := &t.agreed[uint8(r)^uint8(r>>8)]
	if e.r != r {
		s := string(r)
		*e = widthEntry{r: r, w: -1}
		if n := ansi.StringWidth(s); n == ansi.StringWidthWc(s) {
			e.w = int8(n)
		}
	}
	return int(e.w) == w
}

// shown is how a style is painted: with the program's palette and the reverse
// screen applied.
func (t *Terminal) shown(s Style) Style {
	s = t.resolved(s)
	if t.mode&modeReverse != 0 {
		s.Attr ^= Reverse
	}
	return s
}

func (p *palette) none() bool { return p.fg == 0 && p.bg == 0 && len(p.index) == 0 }

func (p *palette) resolve(c, def Color) Color {
	if c.Default() {
		return def
	}
	if n, ok := c.Index(); ok {
		if own, ok := p.index[n]; ok {
			return own
		}
	}
	return c
}
