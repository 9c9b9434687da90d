package vt

import "strconv"

// AppendState appends what brings a terminal like xterm, of the same size and
// in whatever state, to the state of this one: screen, cursor, pen, character
// sets, margins, tab stops, saved cursor and the modes of keyboard and mouse.
// It never switches screens, and sets neither title nor palette: colours that
// the program has redefined are written as they look. Only flags are set of
// the kitty protocol's stack.
func (t *Terminal) AppendState(dst []byte) []byte {
	b := append(dst, "\x1b[?2026h"...)
	b = append(t.AppendBare(b), ' ') // a single shift ends with the next character
	// Outside the margins no sequence puts the cursor in origin mode, but
	// DECRC does; then it is what is saved.
	outside := t.mode&modeOrigin != 0 && (t.y < t.top || t.y > t.bot)
	saved := t.saved
	if outside {
		saved = t.snapshot()
		saved.x = t.lastDrawn()
	}
	b = t.appendSaved(b, saved)
	b = append(b, ' ')
	b = t.appendRows(b, 0, t.rows)
	b = append(b, "\x1b[3g"...)
	for x, stop := range t.tabs {
		if stop {
			b = append(appendCSI(b, x+1, 'G'), "\x1bH"...)
		}
	}
	b = t.appendModes(b)
	b = t.appendCursor(b, outside)
	return t.appendSynced(b)
}

// AppendRows appends what paints rows [y0,y1) anew, and then AppendCursor.
func (t *Terminal) AppendRows(dst []byte, y0, y1 int) []byte {
	b := append(dst, "\x1b[?2026h"...)
	b = t.AppendBare(b)
	b = t.appendRows(b, max(y0, 0), min(y1, t.rows))
	return t.appendSynced(t.AppendCursor(b))
}

// AppendBare appends what resets whatever is in the way of somebody who wants
// to paint over a row: margins, origin and insert mode, pen and character
// sets. AppendCursor is the way back.
func (t *Terminal) AppendBare(dst []byte) []byte {
	return append(dst, "\x0f\x1b(B\x1b)B\x1b*B\x1b+B\x1b[m\x1b[4l\x1b[?7h\x1b[?6l\x1b[r"...)
}

// AppendCursor appends what goes on from here after AppendBare and some
// painting: margins, origin, insert and wrap mode, character sets, pen, the
// cursor's place and whether it is seen.
func (t *Terminal) AppendCursor(dst []byte) []byte {
	return t.appendCursor(t.AppendBare(dst), false)
}

// appendSynced ends the synchronized update, unless the program is in one.
func (t *Terminal) appendSynced(b []byte) []byte {
	if t.mode&modeSync != 0 {
		return b
	}
	return append(b, "\x1b[?2026l"...)
}

// lastDrawn is the cursor's column; while a wrap is pending, that of the
// character that has filled the row.
func (t *Terminal) lastDrawn() int {
	if t.x < t.cols {
		return t.x
	}
	return t.previous()
}

// appendCursor does the work of AppendCursor. restore says that the place was
// saved before.
func (t *Terminal) appendCursor(b []byte, restore bool) []byte {
	if t.top > 0 || t.bot < t.rows-1 {
		b = strconv.AppendInt(append(b, "\x1b["...), int64(t.top)+1, 10)
		b = append(strconv.AppendInt(append(b, ';'), int64(t.bot)+1, 10), 'r')
	}
	x := t.lastDrawn()
	switch {
	case restore:
		b = append(b, "\x1b8\x0f\x1b(B"...)
	case t.mode&modeOrigin != 0:
		b = appendPlace(append(b, "\x1b[?6h"...), x, max(t.y-t.top, 0))
	default:
		b = appendPlace(b, x, t.y)
	}
	if x != t.x { // writing it again makes the wrap pending
		g := t.glyph(t.cur.at(t.y).cells, x)
		b = t.resolved(g.style).appendSGR(b)
		b = g.appendText(b, false)
	}
	b = appendMode(b, t.mode&modeInsert != 0, "4")
	b = appendMode(b, t.mode&modeWrap != 0, "?7")
	b = t.style.appendSGR(b)
	b = t.cs.append(b)
	b = appendMode(b, t.mode&modeCursor != 0, "?25")
	return t.cs.appendSingle(b)
}

// appendSaved fills what DECSC fills. The margins are those of the screen.
func (t *Terminal) appendSaved(b []byte, s saved) []byte {
	b = appendMode(b, s.origin, "?6")
	b = appendPlace(b, min(s.x, t.cols-1), min(s.y, t.rows-1))
	b = s.cs.append(s.style.appendSGR(b))
	b = s.cs.appendSingle(b)
	return t.AppendBare(append(b, "\x1b7"...))
}

// appendModes sets the modes that have nothing to do with painting.
func (t *Terminal) appendModes(b []byte) []byte {
	for _, m := range []struct {
		bit  modeBits
		name string
	}{
		{modeAppCursor, "?1"}, {modeReverse, "?5"}, {modeBackarrow, "?67"}, {modeFocus, "?1004"}, {modePaste, "?2004"}, {modeNewLine, "20"},
	} {
		b = appendMode(b, t.mode&m.bit != 0, m.name)
	}
	keypad := byte('>')
	if t.mode&modeAppKeypad != 0 {
		keypad = '='
	}
	b = append(b, 0x1b, keypad)
	b = append(b, "\x1b[?9;1000;1002;1003;1005;1006;1015;1016l"...)
	b = append(b, [...]string{"", "\x1b[?9h", "\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h"}[t.mouse]...)
	b = append(b, [...]string{"", "\x1b[?1005h", "\x1b[?1006h"}[t.mouseEn]...)
	b = strconv.AppendInt(append(b, "\x1b["...), int64(t.cursorNumber()), 10)
	b = append(b, " q"...)
	if t.shape == ShapeDefault && t.blink {
		b = append(b, "\x1b[?12h"...)
	}
	b = strconv.AppendInt(append(b, "\x1b[="...), int64(t.kittyNow().top()), 10)
	return append(b, ";1u\x1b[>4m"...) // and no modifyOtherKeys: it is not known here
}

// append designates the sets and locks one in.
func (c *charsets) append(b []byte) []byte {
	for i, set := range c.g {
		b = append(b, 0x1b, '('+byte(i), [...]byte{ascii: 'B', decGraphics: '0', british: 'A'}[set])
	}
	return append(b, [...]string{"\x0f", "\x0e", "\x1bn", "\x1bo"}[c.gl]...)
}

// appendSingle shifts for the next character where that is yet to come.
func (c *charsets) appendSingle(b []byte) []byte {
	if c.single == 0 {
		return b
	}
	return append(b, 0x1b, 'N'-2+c.single)
}

func appendMode(b []byte, on bool, name string) []byte {
	b = append(append(b, "\x1b["...), name...)
	if on {
		return append(b, 'h')
	}
	return append(b, 'l')
}

func appendCSI(b []byte, n int, final byte) []byte {
	return append(strconv.AppendInt(append(b, "\x1b["...), int64(n), 10), final)
}

func appendPlace(b []byte, x, y int) []byte {
	b = strconv.AppendInt(append(b, "\x1b["...), int64(y)+1, 10)
	return append(strconv.AppendInt(append(b, ';'), int64(x)+1, 10), 'H')
}

// appendRows paints rows [y0,y1). Bare is in force.
func (t *Terminal) appendRows(b []byte, y0, y1 int) []byte {
	joined := false
	if y0 > 0 && y0 < y1 && t.cur.at(y0-1).wrapped {
		b, joined = t.appendWrap(b, y0-1, true)
	}
	for y := y0; y < y1; y++ {
		if b = appendPlace(b, 0, y); !joined {
			b = append(b, clearRow...)
		}
		b = append(b, "\x1b[m"...)
		b = t.appendRow(b, y)
		joined = false
		if t.cur.at(y).wrapped && y+1 < t.rows {
			b, joined = t.appendWrap(b, y, y+1 < y1)
		}
	}
	return b
}

const clearRow = "\x1b[m\x1b[2K"

func (t *Terminal) appendRow(b []byte, y int) []byte {
	r := t.cur.at(y)
	end := r.used
	if t.palette.bg != 0 {
		end = t.cols
	}
	var at Style
	for x := 0; x < end; {
		g := t.glyph(r.cells, x)
		if s := t.resolved(g.style); s != at {
			b = s.appendSGR(b)
			at = s
		}
		b = g.appendText(b, false)
		if x += g.width(); x < t.cols && (g.multi != "" || !t.fits(max(g.r, ' '), g.width())) {
			b = appendCSI(b, x+1, 'G') // a terminal may count other columns
		}
	}
	return b
}

// appendWrap makes the terminal wrap from row y to the one below, so that it
// joins the two where text is marked with its mouse: from the last character
// of the one to the first of the other. The row below is painted next, and
// must not be cleared any more; without below it stays as it is.
func (t *Terminal) appendWrap(b []byte, y int, below bool) (out []byte, joined bool) {
	cells := t.cur.at(y).cells
	first := t.glyph(t.cur.at(y+1).cells, 0)
	x := t.cols - 1
	fits := cells[x]&cellSpacer == 0
	if !fits && (!first.wide || cells[x-1]&cellSpacer != 0) || !below && first.blank() {
		return b, false
	}
	if below {
		b = append(appendPlace(b, 0, y+1), clearRow...)
	}
	if fits && cells[x]&cellTail != 0 {
		x--
	}
	b = appendPlace(b, x, y)
	if fits {
		last := t.glyph(cells, x)
		b = last.appendText(t.resolved(last.style).appendSGR(b), false)
	}
	return first.appendText(t.resolved(first.style).appendSGR(b), false), below
}

// resolved is s with the program's palette.
func (t *Terminal) resolved(s Style) Style {
	if t.palette.none() {
		return s
	}
	s.FG = t.palette.resolve(s.FG, t.palette.fg)
	s.BG = t.palette.resolve(s.BG, t.palette.bg)
	s.UL = t.palette.resolve(s.UL, 0)
	return s
}
