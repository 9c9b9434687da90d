package views

import "lxcdeck/keymap"

// SheetRow is a row of a sheet: a heading, or three cells.
type SheetRow struct {
	Head  string // a heading; then the cells are empty
	Cells [3]string
	Roles [3]Role
	Full  string // all about it, for the foot of the page
}

// SheetState is a table of words that is searched: the settings, or the keys.
type SheetState struct {
	Title  string
	Right  string // of the title
	Heads  [3]string
	Rows   []SheetRow
	Cursor int
	Offset int
	Filter string
	Behind int  // how many characters of the filter stand behind the cursor
	Typing bool // the filter is being typed
	Faults []string
	Empty  string
	Hints  []keymap.Hint
	Say    *NoticeState
}

// Widths of the columns of a sheet.
const (
	sheetNameW = 24
	sheetLastW = 26
	sheetMidW  = 14
)

// Sheet paints a sheet in exactly w x h cells: a row for each, and below them all
// about the one under the cursor.
func (t *Theme) Sheet(s *SheetState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	cols := s.widths(w)
	rows := []string{t.pageTitle(s.Title, t.Cut(Clean(s.Right), max(1, w/2)), w), t.sheetHead(s, cols, w)}
	for _, f := range s.faults(h) {
		rows = append(rows, t.row(Bad, " "+Clean(f), w))
	}
	room := SheetRows(s, h)
	end := len(rows) + room
	if len(s.Rows) == 0 {
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	}
	for i := s.Offset; i < min(len(s.Rows), s.Offset+room); i++ {
		rows = append(rows, t.sheetRow(s, i, cols, w))
	}
	rows = rows[:min(len(rows), end)]
	for len(rows) < end {
		rows = append(rows, blank(w))
	}
	rows = append(rows, t.sheetFoot(s, w, h)...)
	if s.Typing {
		l := t.newLine(w)
		l.add(Key, "/")
		l.typing(s.Filter, s.Behind)
		return exactly(append(rows, t.withNotice(s.Say, l.String(), w, h)...), w, h)
	}
	return exactly(append(rows, t.pageFoot(s.Say, s.Hints, w, h)...), w, h)
}

// faults are those that have a row of their own.
func (s *SheetState) faults(h int) []string {
	return s.Faults[:min(len(s.Faults), max(0, h/6))]
}

// SheetRows is how many rows of a sheet are in sight.
func SheetRows(s *SheetState, h int) int {
	return max(0, h-2-len(s.faults(h))-s.footRows(h)-footRows(s.Say, h))
}

// footRows is how many rows are about the row under the cursor.
func (s *SheetState) footRows(h int) int {
	switch {
	case len(s.Rows) == 0 || h < shortH:
		return 0
	default:
		return 4
	}
}

// widths are those of the cells; the last goes first when room is short.
func (s *SheetState) widths(w int) (cols [3]int) {
	var want [3]int
	for c, head := range s.Heads {
		want[c] = Width(head)
	}
	for i := range s.Rows {
		for c, text := range s.Rows[i].Cells {
			want[c] = max(want[c], Width(Clean(text)))
		}
	}
	cols[0] = max(1, min(want[0], max(sheetNameW, w/3), w-2))
	rest := w - cols[0] - 2
	if rest < sheetMidW+2+sheetMidW {
		cols[1] = max(0, rest-1)
		return cols
	}
	cols[1] = min(want[1], max(sheetMidW, rest-2-min(want[2], sheetLastW)))
	cols[2] = max(0, rest-cols[1]-3)
	return cols
}

func (t *Theme) sheetHead(s *SheetState, cols [3]int, w int) string {
	l := t.newLine(w)
	l.gap(1)
	for i, head := range s.Heads {
		if cols[i] > 0 {
			l.field(Header, t.Cut(head, cols[i]), cols[i], false)
			l.gap(2)
		}
	}
	return l.String()
}

func (t *Theme) sheetRow(s *SheetState, i int, cols [3]int, w int) string {
	it := &s.Rows[i]
	l := t.newLine(w)
	l.item(i, i == s.Cursor)
	if i == s.Cursor {
		l.whole(Cursor)
	}
	if it.Head != "" {
		l.add(Header, t.Cut(Clean(it.Head), w))
		return l.String()
	}
	l.gap(1)
	for c, text := range it.Cells {
		if cols[c] > 0 {
			l.field(it.Roles[c], t.Cut(Clean(text), cols[c]), cols[c], false)
			l.gap(2)
		}
	}
	return l.String()
}

// sheetFoot is all about the row under the cursor.
func (t *Theme) sheetFoot(s *SheetState, w, h int) []string {
	n := s.footRows(h)
	if n == 0 {
		return nil
	}
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, max(0, w))
	it := &s.Rows[max(0, min(s.Cursor, len(s.Rows)-1))]
	rows := append([]string{l.String()}, t.paragraph(Plain, Clean(it.Full), w)...)
	if len(rows) > n {
		rows = rows[:n]
	}
	for len(rows) < n {
		rows = append(rows, blank(w))
	}
	return rows
}
