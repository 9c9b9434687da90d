package vt

import (
	"unicode"
	"unicode/utf8"
)

// Snap is the place nearest to p that is there: on a row that is kept, in a
// column of the screen, and never on the right half of a wide character. From
// there it goes to the left half, or to the next column.
func (t *Terminal) Snap(p Pos, right bool) Pos {
	first, end := t.Rows()
	p.Row = min(max(p.Row, first), end-1)
	p.Col = clamp(p.Col, 0, t.cols-1)
	left, wide := p.Col, false
	t.walk(p.Row, p.Row, func(_ uint64, x int, g glyph) bool {
		if x <= p.Col {
			left, wide = x, g.wide && x < p.Col
		}
		return x < p.Col
	})
	switch {
	case !wide || left+1 != p.Col:
		return p
	case right && p.Col+1 < t.cols:
		p.Col++
	default:
		p.Col = left
	}
	return p
}

// LogicalLine gives the first and the last row of the line that row n is a
// part of: the rows that wraps have made of it.
func (t *Terminal) LogicalLine(n uint64) (first, last uint64) {
	oldest, end := t.Rows()
	n = min(max(n, oldest), end-1)
	first, last = n, n
	for first > oldest && t.RowWrapped(first-1) {
		first--
	}
	for last+1 < end && t.RowWrapped(last) {
		last++
	}
	return first, last
}

// Text is what stands from a to b, b included, in whichever order they are:
// wrapped rows joined, blanks at the end of lines cut, wide characters whole.
// block takes the rectangle between them instead.
func (t *Terminal) Text(a, b Pos, block bool) string {
	if b.before(a) {
		a, b = b, a
	}
	s := selection{t: t, a: t.Snap(a, false), b: t.Snap(b, false), block: block}
	s.left, s.right = min(a.Col, b.Col), max(a.Col, b.Col)
	if oldest := (Pos{Row: t.hist.oldest()}); a.before(oldest) {
		s.a = oldest
	}
	s.row = s.a.Row
	t.walk(s.a.Row, s.b.Row, s.add)
	for ; s.row < s.b.Row; s.row++ {
		s.endRow()
	}
	if !s.short {
		s.cut()
	}
	return string(s.out)
}

// selection gathers the text of Text.
type selection struct {
	t           *Terminal
	a, b        Pos
	block       bool
	left, right int // of a block
	row         uint64
	out         []byte
	start       int  // where the line begins in out
	short       bool // b's row goes on behind b
}

func (s *selection) add(n uint64, x int, g glyph) bool {
	for ; s.row < n; s.row++ {
		s.endRow()
	}
	last := x + g.width() - 1
	switch {
	case s.block:
		if last < s.left || x > s.right {
			return true
		}
	case n == s.a.Row && last < s.a.Col:
		return true
	case n == s.b.Row && x > s.b.Col:
		s.short = s.short || !g.blank()
		return !s.short
	}
	s.out = g.appendText(s.out, false)
	return true
}

func (s *selection) endRow() {
	if !s.block && s.t.RowWrapped(s.row) {
		return
	}
	s.cut()
	s.out = append(s.out, '\n')
	s.start = len(s.out)
}

// cut drops the blanks at the end of the line.
func (s *selection) cut() {
	for len(s.out) > s.start && s.out[len(s.out)-1] == ' ' {
		s.out = s.out[:len(s.out)-1]
	}
}

// wordClass is what words are told apart by, like vi's.
type wordClass uint8

const (
	wordBlank wordClass = iota
	wordLetter
	wordOther
)

func (g glyph) class() wordClass {
	r := g.r
	if g.multi != "" {
		r, _ = utf8.DecodeRuneInString(g.multi)
	}
	switch {
	case g.blank():
		return wordBlank
	case r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
		return wordLetter
	}
	return wordOther
}

// maxWordRows is how far Word looks.
const maxWordRows = 100

// Word is where the next word begins, or, going back, where the word at p or
// before it does. Where no word begins it is the last place looked at.
func (t *Terminal) Word(p Pos, back bool) Pos {
	p = t.Snap(p, false)
	first, end := t.Rows()
	if !back {
		last := min(end-1, p.Row+maxWordRows)
		at := Pos{Row: last, Col: max(t.RowLen(last)-1, 0)}
		if at.before(p) {
			at = p
		}
		t.words(p.Row, last, func(w Pos) bool {
			if p.before(w) {
				at = w
			}
			return !p.before(w)
		})
		return at
	}
	const step = 50
	lo, hi := p.Row, p.Row
	for k := 0; k < maxWordRows/step && hi >= first; k++ {
		lo = hi - min(step, hi-first)
		at, found := Pos{}, false
		t.words(lo, hi, func(w Pos) bool {
			if w.before(p) {
				at, found = w, true
			}
			return w.before(p)
		})
		if found {
			return at
		}
		if lo == first {
			break
		}
		hi = lo - 1
	}
	return Pos{Row: lo}
}

// words gives where words begin in rows from to to, until each says false.
func (t *Terminal) words(from, to uint64, each func(Pos) bool) {
	first, _ := t.Rows()
	class := wordBlank
	row := from
	if from > first {
		row = from - 1 // what a wrap cut in two begins there
	}
	t.walk(row, to, func(n uint64, x int, g glyph) bool {
		for ; row < n; row++ {
			if !t.RowWrapped(row) {
				class = wordBlank
			}
		}
		before := class
		class = g.class()
		if class == wordBlank || class == before || n < from {
			return true
		}
		return each(Pos{Row: n, Col: x})
	})
}
