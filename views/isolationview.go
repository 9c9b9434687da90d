package views

import "lxcdeck/keymap"

// IsolationState is the view of what keeps a container apart.
type IsolationState struct {
	Name   string
	When   string // when it was read, if that is some time ago
	Lines  []IsolationLine
	Cursor int    // of Lines
	Offset int    // the first row drawn, of all rows
	Sum    string // of weak points
	Note   string // what is said of the whole: "has stopped"
	Empty  string // why there is no line
	Hints  []keymap.Hint
	Say    *NoticeState
}

// Isolation paints the view in exactly w x h cells: a title, then the lines, as
// many rows each as they need.
func (t *Theme) Isolation(s *IsolationState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	title := "Isolation of " + s.Name
	if w < narrowW {
		title = s.Name
	}
	foot := t.isolationFoot(s, w, h)
	page := IsolationPage(s, h)
	right := s.Sum
	if s.When != "" && right != "" {
		right = "  " + right
	}
	rows := []string{t.pageTitle(title, s.When+right, w)}
	if len(s.Lines) == 0 {
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	} else {
		body, _ := t.isolationRows(s, w)
		from := min(max(0, s.Offset), max(0, len(body)-page))
		rows = append(rows, body[from:]...)
	}
	rows = rows[:min(len(rows), 1+page)]
	for len(rows) < h-len(foot) {
		rows = append(rows, blank(w))
	}
	return exactly(append(rows, foot...), w, h)
}

// IsolationPage is how many rows of lines are in sight.
func IsolationPage(s *IsolationState, h int) int {
	n := h - 1 - footRows(s.Say, h)
	if s.Note != "" && h >= footBoth {
		n--
	}
	return max(0, n)
}

func (t *Theme) isolationFoot(s *IsolationState, w, h int) []string {
	rows := t.pageFoot(s.Say, s.Hints, w, h)
	if s.Note == "" || h <= 1 {
		return rows
	}
	note := t.row(Warn, Clean(s.Note), w)
	if h < footBoth { // in the place of the hints
		return []string{note}
	}
	return append([]string{note}, rows...)
}

// RowSpan is which rows a line takes: from From on, To not included.
type RowSpan struct{ From, To int }

// IsolationSpans are the rows of each line at a width. The first line below a
// heading has the heading in its own.
func (t *Theme) IsolationSpans(s *IsolationState, w int) []RowSpan {
	if w <= 0 {
		return nil
	}
	_, spans := t.isolationRows(s, w)
	for i := 1; i < len(spans); i++ {
		if s.Lines[i-1].Head && !s.Lines[i].Head {
			spans[i].From = spans[i-1].From
		}
	}
	return spans
}

// IsolationTop is the offset at which the line under the cursor is in sight, as
// near to the state's own as can be. Of a line that is higher than the page a
// whole page is shown.
func (t *Theme) IsolationTop(s *IsolationState, w, h int) int {
	spans, page := t.IsolationSpans(s, w), IsolationPage(s, h)
	if len(spans) == 0 || s.Cursor >= len(spans) || page <= 0 {
		return 0
	}
	at, last := spans[s.Cursor], spans[len(spans)-1].To
	low, high := at.To-page, at.From
	if low > high {
		low, high = high, low
	}
	return max(0, min(min(max(s.Offset, low), high), last-page))
}

// isolationRows are all rows, and which of them each line takes.
func (t *Theme) isolationRows(s *IsolationState, w int) (rows []string, spans []RowSpan) {
	spans = make([]RowSpan, 0, len(s.Lines))
	column := 0
	for i := range s.Lines {
		x := &s.Lines[i]
		from := len(rows)
		switch {
		case x.Head:
			column = nameColumn(s.Lines[i+1:], w)
			if i > 0 {
				rows = append(rows, blank(w))
			}
			l := t.newLine(w)
			l.add(Header, Clean(x.Name))
			if note := Clean(x.Text); l.used+2+Width(note) <= w {
				l.gap(2)
				l.add(Dim, note)
				rows = append(rows, l.String())
			} else {
				rows = append(append(rows, l.String()), t.indented(Dim, note, 2, w, false, false)...)
			}
		case x.Sign != "":
			rows = append(rows, t.weakRows(x, w, i == s.Cursor)...)
		default:
			rows = append(rows, t.factRows(x, column, w, i == s.Cursor)...)
		}
		if len(rows) == from {
			rows = append(rows, blank(w)) // no character of it is as narrow as the screen
		}
		for _, row := range rows[from:] {
			t.mark(row, i, i == s.Cursor)
		}
		spans = append(spans, RowSpan{from, len(rows)})
	}
	return rows, spans
}

// indented is text over as many rows as it needs; the first of a line has the sign
// of the cursor.
func (t *Theme) indented(r Role, text string, indent, w int, cursor, first bool) []string {
	var rows []string
	for i, part := range wrapIn(text, w, indent) {
		l := t.newLine(w)
		if cursor {
			l.whole(Cursor)
		}
		if i == 0 && first {
			l.pointed(cursor)
		}
		l.to(indent)
		l.add(r, part)
		rows = append(rows, l.String())
	}
	return rows
}

// weakRows are a weak point: sign and what, why, and what to set.
func (t *Theme) weakRows(x *IsolationLine, w int, cursor bool) []string {
	const indent = 4
	var rows []string
	for i, part := range wrapIn(Clean(x.Name), w, indent) {
		l := t.newLine(w)
		if cursor {
			l.whole(Cursor)
		}
		if i == 0 {
			l.pointed(cursor)
			l.add(x.Role, x.Sign)
		}
		l.to(indent)
		l.add(x.Role, part)
		rows = append(rows, l.String())
	}
	rows = append(rows, t.indented(Plain, Clean(x.Text), indent, w, cursor, false)...)
	return append(rows, t.indented(Dim, Clean(x.Advice()), indent, w, cursor, false)...)
}

// isolationName is the least width of the column of names.
const isolationName = 12

// nameColumn is how wide the names below a heading are, without those that would
// leave too little room beside them.
func nameColumn(lines []IsolationLine, w int) int {
	column := isolationName
	for i := range lines {
		if lines[i].Head {
			break
		}
		if n := Width(Clean(lines[i].Name)); lines[i].Sign == "" && n <= w/3 {
			column = max(column, n)
		}
	}
	return column
}

// factRows are a name and what was read, beside it where there is room.
func (t *Theme) factRows(x *IsolationLine, column, w int, cursor bool) []string {
	name, text, indent := Clean(x.Name), Clean(x.Text), 1
	role := Plain
	if x.Dim {
		role = Dim
	}
	if name == "" {
		return t.indented(role, text, indent, w, cursor, true)
	}
	indent = 1 + column + 2
	if w < narrowW {
		indent = 3
	}
	first := max(indent, 1+Width(name)+2)
	parts := wrapIn(text, w, indent)
	switch {
	case first == indent:
	case len(parts) == 1 && first+Width(text) <= w:
	default:
		rows := t.indented(Dim, name, 1, w, cursor, true)
		return append(rows, t.indented(role, text, indent, w, cursor, false)...)
	}
	l := t.newLine(w)
	l.pointed(cursor)
	l.add(Dim, name)
	l.to(first)
	if len(parts) > 0 {
		l.add(role, parts[0])
		parts = parts[1:]
	}
	rows := []string{l.String()}
	for _, part := range parts {
		rows = append(rows, t.indented(role, part, indent, w, cursor, false)...)
	}
	return rows
}
