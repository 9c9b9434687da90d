package vt

import "strings"

// ScrollbackLen is how many rows have scrolled off and are kept, at the
// present width.
func (t *Terminal) ScrollbackLen() int { return t.hist.rows() }

// ScrollbackBytes is the memory that the scrollback holds.
func (t *Terminal) ScrollbackBytes() int {
	const packedSize = 48
	n := cap(t.hist.lines)*packedSize + cap(t.hist.spare)
	for _, c := range t.hist.chunks {
		n += cap(c)
	}
	return n
}

// ScrollbackFirst is the number of the oldest row kept, counted from the
// terminal's start at the present width: it grows when old rows go.
func (t *Terminal) ScrollbackFirst() uint64 {
	return t.hist.oldest()
}

// TrimScrollback forgets the oldest rows so that about keep are left (whole
// lines go), for whoever shares memory out among many terminals.
func (t *Terminal) TrimScrollback(keep int) {
	t.gen++
	if keep <= 0 {
		t.hist.drop()
		return
	}
	t.hist.trim(keep)
}

// ScrollLine is row i of the scrollback, 0 the oldest, made like Line. It is
// not cached.
func (t *Terminal) ScrollLine(i int) string {
	p := painter{t: t, b: t.scratch[:0]}
	t.scrollRow(i, p.add)
	s := p.finish()
	t.scratch = p.b
	return s
}

// ScrollPlain is row i of the scrollback without styles and trailing blanks.
func (t *Terminal) ScrollPlain(i int) string {
	var b strings.Builder
	t.scrollRow(i, func(g glyph) { g.plain(&b) })
	return strings.TrimRight(b.String(), " ")
}

// scrollRow gives the glyphs of one row of the scrollback.
func (t *Terminal) scrollRow(i int, each func(glyph)) {
	if i < 0 || i >= t.hist.rows() {
		return
	}
	l, part := t.hist.find(i)
	f := folder{cols: t.cols}
	t.unpack(t.hist.bytes(l), func(g glyph) bool {
		if f.add(g.width()); f.rows == part {
			each(g)
		}
		return f.rows <= part
	})
}
