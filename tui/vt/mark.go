package vt

// Mark remembers a place by the line it is on and how far along, so that it
// is found again after the rows were numbered anew.
type Mark struct {
	line uint64 // lines that ended before it
	off  uint64 // cells of its line before it
	alt  bool   // on the alternate screen, which is not wrapped anew: pos
	pos  Pos
}

// Mark remembers a place for Place.
func (t *Terminal) Mark(p Pos) Mark {
	p = t.Snap(p, false)
	h := &t.hist
	y, ok := t.onScreen(p.Row)
	switch {
	case !ok:
		i := h.index(p.Row)
		m := Mark{line: h.ended, off: h.before(i) + t.offsetIn(&h.lines[i], p)}
		for k := i; k < len(h.lines); k++ {
			if !h.lines[k].open {
				m.line--
			}
		}
		return m
	case t.cur == &t.alt:
		return Mark{alt: true, pos: Pos{Row: uint64(y), Col: p.Col}}
	}
	m := Mark{line: h.ended, off: h.before(len(h.lines))}
	for k := range y {
		if m.off += uint64(t.main.at(k).length()); !t.main.at(k).wrapped {
			m.line++
			m.off = 0
		}
	}
	m.off += uint64(p.Col)
	return m
}

// Place is where the character that Mark was given now is, after more output
// or another size. It is not ok once that is gone or on the screen that is not
// shown. What a program writes over it or moves within the screen, it does
// not follow.
func (t *Terminal) Place(m Mark) (p Pos, ok bool) {
	if m.alt {
		p = Pos{Row: t.hist.next + m.pos.Row, Col: m.pos.Col}
		return t.Snap(p, false), t.cur == &t.alt && m.pos.Row < uint64(t.rows)
	}
	if p, ok = t.placeInHistory(m); !ok {
		p, ok = t.placeOnScreen(m)
	}
	return t.Snap(p, false), ok && p.Row >= t.hist.oldest()
}

// placeInHistory looks for a mark in the scrollback; one behind all of its
// line that is there is not ok if the screen has the rest.
func (t *Terminal) placeInHistory(m Mark) (Pos, bool) {
	h := &t.hist
	line, i := h.ended, len(h.lines)
	for ; i > h.head; i-- {
		if !h.lines[i-1].open {
			line--
		}
		if line <= m.line {
			break
		}
	}
	if i == h.head || line != m.line {
		return Pos{}, false
	}
	for ; i > h.head; i-- { // from its last part to its first
		l := &h.lines[i-1]
		start := h.before(i - 1)
		if m.off >= start {
			if l.open && m.off >= start+uint64(l.cells) && t.cur == &t.main {
				return Pos{}, false
			}
			return t.posIn(l, m.off-start), true
		}
		if i-1 == h.head || !h.lines[i-2].open {
			break
		}
	}
	return Pos{}, false
}

func (t *Terminal) placeOnScreen(m Mark) (Pos, bool) {
	if t.cur != &t.main || m.line < t.hist.ended {
		return Pos{}, false
	}
	line, off := t.hist.ended, t.hist.before(len(t.hist.lines))
	for y := range t.rows {
		r := t.main.at(y)
		n := uint64(r.length())
		if line == m.line && (m.off < off+n || !r.wrapped || y == t.rows-1) {
			return Pos{Row: t.hist.next + uint64(y), Col: int(min(m.off-off, MaxCols))}, m.off >= off
		}
		if off += n; !r.wrapped {
			line++
			off = 0
		}
	}
	return Pos{}, false
}

// offsetIn is how many cells of a line of the scrollback stand before p.
func (t *Terminal) offsetIn(l *packed, p Pos) uint64 {
	part := int(p.Row - l.first)
	if !l.wide {
		return uint64(part*t.cols + p.Col)
	}
	var cells uint64
	f := folder{cols: t.cols}
	t.unpack(t.hist.bytes(l), func(g glyph) bool {
		if f.add(g.width()); f.rows < part {
			cells += uint64(g.width())
		}
		return f.rows < part
	})
	return cells + uint64(p.Col)
}

// posIn is where cell off of a line of the scrollback is.
func (t *Terminal) posIn(l *packed, off uint64) Pos {
	last := uint64(l.rows) - 1
	if !l.wide {
		part := min(off/uint64(t.cols), last)
		return Pos{Row: l.first + part, Col: int(min(off-part*uint64(t.cols), MaxCols))}
	}
	at := Pos{Row: l.first + last, Col: t.cols}
	var cells uint64
	t.walkLine(l, 0, func(n uint64, x int, g glyph) bool {
		if cells += uint64(g.width()); cells > off {
			at = Pos{Row: n, Col: x}
		}
		return cells <= off
	})
	return at
}
