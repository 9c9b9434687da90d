package tui

import (
	"math"
	"strings"

	"lxcdeck/tui/vt"
)

// textSlice is how many rows of a text are taken before the session may write
// again, and be painted: ten thousand take a fifth of a second.
const textSlice = 250

// everything selects all that is kept.
func (s *scroll) everything() {
	s.kind = selectText
	s.anchor, s.at = vt.Pos{}, vt.Pos{Row: math.MaxUint64, Col: vt.MaxCols}
}

// rows are the first row that is kept and the one after the last.
func (sh *shell) rows() (first, end uint64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.term.Rows()
}

// text is what is selected, or the line under the cursor. It is for commands:
// the loop would wait.
func (sh *shell) text(of scroll) string {
	a, b := sh.ends(of)
	var out strings.Builder
	for more := true; more; {
		more = sh.appendText(&out, &a, b, of.kind == selectBlock)
	}
	return out.String()
}

// ends are those of a selection, in rows that are there.
func (sh *shell) ends(of scroll) (a, b vt.Pos) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, b = of.ends(sh.term)
	first, end := sh.term.Rows()
	if a.Row < first {
		a.Row = first
		if of.kind != selectBlock {
			a.Col = 0
		}
	}
	if b.Row >= end {
		b.Row = end - 1
	}
	return a, b
}

// appendText takes a slice of what stands from at to b, moves at behind it, and
// says whether there is more. Rows that are lost meanwhile are left out.
func (sh *shell) appendText(out *strings.Builder, at *vt.Pos, b vt.Pos, block bool) (more bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.term
	first, end := t.Rows()
	b.Row = min(b.Row, end-1)
	at.Row = max(at.Row, first)
	if at.Row > b.Row {
		return false
	}
	cols, _ := t.Size()
	to := vt.Pos{Row: sliceEnd(t, at.Row, b.Row, block), Col: cols - 1}
	if block || to.Row == b.Row {
		to.Col = b.Col
	}
	out.WriteString(t.Text(*at, to, block))
	if to.Row == b.Row {
		return false
	}
	if block || !t.RowWrapped(to.Row) {
		out.WriteByte('\n')
	}
	at.Row = to.Row + 1
	if !block {
		at.Col = 0
	}
	return true
}

// sliceEnd is the last row of a slice: where a line ends, or else where a row of
// it is full, since blanks before an end are cut.
func sliceEnd(t *vt.Terminal, from, last uint64, block bool) uint64 {
	if last-from < 2*textSlice {
		return last
	}
	cols, _ := t.Size()
	full := from + textSlice
	for n := full; n < full+textSlice && !block; n++ {
		if !t.RowWrapped(n) {
			return n
		}
		if t.RowLen(n) == cols {
			full = n
			break
		}
	}
	return full
}
