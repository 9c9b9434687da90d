package views

import (
	"image"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Block is a painted rectangle: rows of equal width in cells.
type Block []string

// String joins the rows with newlines.
func (b Block) String() string { return strings.Join(b, "\n") }

// Size is width and height in cells.
func (b Block) Size() image.Point {
	if len(b) == 0 {
		return image.Point{}
	}
	return image.Pt(rowWidth(b[0]), len(b))
}

// Fit gives exactly h rows of exactly w cells out of rows that may hold
// styles: longer ones are cut, shorter ones padded, missing ones blank.
func Fit(rows []string, w, h int) Block {
	out := make(Block, max(0, h))
	for y := range out {
		if y < len(rows) {
			out[y] = fitRow(rows[y], w)
			continue
		}
		out[y] = blank(w)
	}
	return out
}

// exactly gives h of the rows, which all have w cells already, and blank ones
// for those that are missing.
func exactly(rows []string, w, h int) Block {
	out := make(Block, max(0, h))
	for y := copy(out, rows); y < len(out); y++ {
		out[y] = blank(w)
	}
	return out
}

// rowWidth is how many cells a row with styles takes. Rows of plain ASCII, most
// there are, are counted without a parser.
func rowWidth(row string) int {
	n := 0
	for i := 0; i < len(row); i++ {
		c := row[i]
		switch {
		case c >= 0x20 && c < 0x7f:
			n++
		case c == 0x1b && i+1 < len(row) && row[i+1] == '[':
			for i += 2; i < len(row) && (row[i] < 0x40 || row[i] > 0x7e); i++ {
			}
		default:
			return ansi.StringWidth(row)
		}
	}
	return n
}

// fitRow cuts or pads one row, which may hold styles, to w cells.
func fitRow(row string, w int) string {
	n := rowWidth(row)
	if n > w {
		row = ansi.Truncate(row, max(0, w), "")
		n = rowWidth(row)
	}
	if n < w {
		row += blank(w - n)
	}
	return row
}

// Beside joins blocks left to right. All must have the same height; a lower
// one ends the result.
func Beside(blocks ...Block) Block {
	if len(blocks) == 0 {
		return nil
	}
	h := len(blocks[0])
	for _, b := range blocks[1:] {
		h = min(h, len(b))
	}
	out := make(Block, h)
	for y := range out {
		n := 0
		for _, b := range blocks {
			n += len(b[y])
		}
		var s strings.Builder
		s.Grow(n)
		for _, b := range blocks {
			s.WriteString(b[y])
		}
		out[y] = s.String()
	}
	return out
}

// Stack joins blocks top to bottom. All must have the same width.
func Stack(blocks ...Block) Block {
	n := 0
	for _, b := range blocks {
		n += len(b)
	}
	out := make(Block, 0, n)
	for _, b := range blocks {
		out = append(out, b...)
	}
	return out
}

// Over lays a box on a frame with its upper left corner at x, y. Only the rows
// it covers are touched; what falls outside the frame is cut.
func Over(frame, box Block, x, y int) Block {
	size := frame.Size()
	bw := box.Size().X
	if x < 0 {
		x = 0
	}
	out := make(Block, len(frame))
	copy(out, frame)
	for i, row := range box {
		if y+i < 0 || y+i >= size.Y || x >= size.X {
			continue
		}
		under := frame[y+i]
		row = fitRow(row, min(bw, size.X-x))
		left := fitRow(ansi.Truncate(under, x, ""), x)
		// A wide character cut in half on the right leaves a gap: fill it before the rest.
		right := ""
		if rest := size.X - x - min(bw, size.X-x); rest > 0 {
			right = ansi.TruncateLeft(under, size.X-rest, "")
			if n := rowWidth(right); n < rest {
				right = blank(rest-n) + right
			} else if n > rest {
				right = " " + ansi.TruncateLeft(right, n-rest+1, "")
				right = fitRow(right, rest)
			}
		}
		out[y+i] = left + reset(left) + row + reset(row) + right
	}
	return out
}

// reset ends styles that a cut may have left open.
func reset(s string) string {
	if strings.IndexByte(s, 0x1b) < 0 {
		return ""
	}
	return "\x1b[m"
}

// Centre lays a box in the middle of a frame.
func Centre(frame, box Block) Block {
	f, b := frame.Size(), box.Size()
	return Over(frame, box, max(0, (f.X-b.X)/2), max(0, (f.Y-b.Y)/3))
}

// line builds one row of exactly w cells from clean pieces. Pieces that do not
// fit are cut; nothing is added after that.
type line struct {
	t    *Theme
	w    int  // cells in all
	used int  // cells written
	base Role // of the whole row: a cursor row keeps one look from end to end
	one  bool // base overrides every piece's role
	buf  strings.Builder
	open Role // role whose SGR is in force
	hits []Zone
	key  Zone // that was written last, if nothing stands behind it yet
}

// newLine starts a row.
func (t *Theme) newLine(w int) line {
	return line{t: t, w: max(0, w)}
}

// whole makes the row look one way from end to end.
func (l *line) whole(r Role) { l.base, l.one = r, true }

// pointed begins a row of a list: the one under the cursor has its sign, and looks
// one way from end to end.
func (l *line) pointed(cursor bool) {
	if !cursor {
		l.gap(1)
		return
	}
	l.whole(Cursor)
	l.add(Cursor, l.t.Glyphs.Cursor)
}

// left is how many cells are free.
func (l *line) left() int { return l.w - l.used }

// add appends clean text in a role, cut at the end of the row.
func (l *line) add(r Role, s string) {
	if l.used >= l.w || s == "" {
		return
	}
	n := Width(s)
	if n > l.w-l.used {
		s = l.t.Cut(s, l.w-l.used)
		n = Width(s)
	}
	l.keyed(r, s, n)
	l.raw(r, s, n)
}

// raw appends n cells of clean text that are known to fit.
func (l *line) raw(r Role, s string, n int) {
	if l.buf.Len() == 0 {
		l.buf.Grow(l.w + 80) // most rows with their styles
	}
	if l.one {
		r = l.base
	}
	if r != l.open {
		if l.t.open[l.open] != "" {
			l.buf.WriteString("\x1b[m")
		}
		l.buf.WriteString(l.t.open[r])
		l.open = r
	}
	l.buf.WriteString(s)
	l.used += n
}

// gap appends n blanks.
func (l *line) gap(n int) {
	if n = min(n, l.left()); n > 0 {
		l.raw(Plain, blank(n), n)
	}
}

// to fills with blanks up to column x.
func (l *line) to(x int) { l.gap(x - l.used) }

// field appends s in exactly n cells, cut or padded; right aligns it right.
func (l *line) field(r Role, s string, n int, right bool) {
	n = min(n, l.left())
	if n <= 0 {
		return
	}
	s = l.t.Cut(s, n)
	free := n - Width(s)
	if right {
		l.gap(free)
		l.raw(r, s, n-free)
		return
	}
	l.raw(r, s, n-free)
	l.gap(free)
}

// fill appends glyph g, one cell wide, up to column x.
func (l *line) fill(r Role, g string, x int) {
	if n := min(x, l.w) - l.used; n > 0 {
		l.raw(r, strings.Repeat(g, n), n)
	}
}

// String pads the row to its width and ends its style.
func (l *line) String() string {
	l.gap(l.left())
	if l.t.open[l.open] != "" {
		l.buf.WriteString("\x1b[m")
		l.open = Plain
	}
	row := l.buf.String()
	l.told(row)
	return row
}
