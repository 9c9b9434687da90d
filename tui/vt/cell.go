package vt

// cell is one screen position in eight bytes: the character or the number of
// an interned cluster, what part of a wide character it is, and the number of
// its style. The zero cell is blank, never written, in the default style.
type cell uint64

const (
	cellTextMask cell = 1<<21 - 1 // a rune, or a cluster's number
	cellCluster  cell = 1 << 21   // the text is a number in the cluster table
	cellWide     cell = 1 << 22   // left half of a two-column character
	cellTail     cell = 1 << 23   // right half
	cellSpacer   cell = 1 << 24   // left empty because a wide character did not fit
	cellBits          = 32        // the style's number starts here
)

func (c cell) style() styleID           { return styleID(c >> cellBits) }
func (c cell) text() uint32             { return uint32(c & cellTextMask) }
func (c cell) withStyle(s styleID) cell { return c&(1<<cellBits-1) | cell(s)<<cellBits }

// blank is an erased cell: no text, only the background of a style.
func blank(s styleID) cell { return cell(s) << cellBits }

// row is one line of the screen. Cells from used on are zero, so that clearing
// and packing cost what was written, not the width.
type row struct {
	cells   []cell
	used    int
	wrapped bool   // goes on in the next row: the program did not end the line here
	wide    bool   // may hold halves of wide characters
	gen     uint64 // number of its last change, unique among all rows
	line    string // painted form, valid while lineGen equals gen
	lineGen uint64
}

func (r *row) clear() {
	clear(r.cells[:r.used])
	r.used, r.wrapped, r.wide = 0, false, false
}

// fill sets cells [x0,x1) to c.
func (r *row) fill(x0, x1 int, c cell) {
	if c == 0 {
		if x1 >= r.used {
			if x0 < r.used {
				clear(r.cells[x0:r.used])
				r.used = x0
			}
			return
		}
		clear(r.cells[x0:x1])
		return
	}
	for i := x0; i < x1; i++ {
		r.cells[i] = c
	}
	r.used = max(r.used, x1)
}

// mend blanks the other half of a wide character cut in two by a write that
// starts or ends at column x.
func (r *row) mend(x int) {
	if !r.wide || x <= 0 || x >= len(r.cells) {
		return
	}
	if r.cells[x]&cellTail != 0 {
		r.cells[x-1], r.cells[x] = 0, 0
	}
}

// resize changes the width in place, cutting a wide character at the edge.
func (r *row) resize(cols int) {
	if cols < len(r.cells) {
		r.mend(cols)
	}
	if cols <= cap(r.cells) {
		old := len(r.cells)
		r.cells = r.cells[:cols]
		if cols > old {
			clear(r.cells[old:])
		}
	} else {
		c := make([]cell, cols)
		copy(c, r.cells)
		r.cells = c
	}
	r.used = min(r.used, cols)
	r.wrapped = false
}

// trimmed is the number of cells up to the last one that is not zero.
func (r *row) trimmed() int {
	n := r.used
	for n > 0 && r.cells[n-1] == 0 {
		n--
	}
	return n
}

// length is how many cells belong to the row's line: all of a wrapped row but
// those left empty because what follows did not fit.
func (r *row) length() int {
	if !r.wrapped {
		return r.trimmed()
	}
	n := len(r.cells)
	for n > 0 && r.cells[n-1]&cellSpacer != 0 {
		n--
	}
	return n
}

// Cell is one position of the screen as a caller may look at it.
type Cell struct {
	Text  string // one character with what combines with it; "" is blank
	Width int    // 1, 2, or 0 for the right half of a wide character
	Style Style
}
