package views

import (
	"strconv"
	"strings"

	"lxcdeck/keymap"
)

// ConfigRow is a line of a config, or of what is told of it.
type ConfigRow struct {
	Number int // of the line in its file; 0 = it is none
	Indent int // columns, of what is included
	Sign   string
	Text   string
	Role   Role
	Note   string // behind the text
	Warn   bool   // the note is one to see
}

// ConfigState is a config line by line, and whatever else is made of such lines:
// differences between two versions.
type ConfigState struct {
	Title, Right string
	Rows         []ConfigRow
	Cursor       int // of Rows; -1 = there is none
	Offset       int
	About        []string // of the line under the cursor, the most important first
	Note         string   // what is said of the whole; "" = nothing
	Empty        string   // why there is no row
	Hints        []keymap.Hint
	Say          *NoticeState
}

// configAbout is how many rows the words on the line under the cursor have: three,
// and more where a line is so long that it is said in full.
func configAbout(s *ConfigState, w, h int) int {
	switch {
	case s.Cursor < 0 || h < 6:
		return 0
	case h < 12:
		return 1
	case h < 20:
		return 2
	}
	need := 0
	for _, text := range s.About {
		need += len(wrap(Clean(text), max(1, w-1)))
	}
	return max(3, min(need, h/4))
}

// ConfigPage is how many rows of lines are in sight.
func ConfigPage(s *ConfigState, w, h int) int {
	n := h - 1 - configAbout(s, w, h)
	if h < footBoth {
		return max(0, n-footRows(s.Say, h))
	}
	if s.Note != "" {
		n -= len(laidOut(Clean(s.Note), w, h))
	}
	if s.Say != nil {
		n -= len(noticeParts(s.Say, w, h))
	}
	return max(0, n-1)
}

// laidOut is a sentence over as many rows as it needs, up to a quarter of the height:
// its end may be what matters, such as where a text is kept.
func laidOut(text string, w, h int) []string {
	rows := wrap(text, max(1, w))
	if most := max(1, min(6, h/4)); len(rows) > most {
		rows = append(rows[:most-1:most-1], strings.Join(rows[most-1:], " "))
	}
	return rows
}

// noticeParts are the words of a notice over several rows.
func noticeParts(n *NoticeState, w, h int) []string {
	_, lead := levelWord(n.Level)
	words := lead + Clean(n.Text)
	if hint := Clean(n.Hint); hint != "" {
		words += "; " + hint
	}
	return laidOut(words, w, h)
}

// Config paints lines in exactly w x h cells.
func (t *Theme) Config(s *ConfigState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	page := ConfigPage(s, w, h)
	rows := []string{t.pageTitle(s.Title, Clean(s.Right), w)}
	if len(s.Rows) == 0 {
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	}
	last := 0
	for i := range s.Rows {
		last = max(last, s.Rows[i].Number)
	}
	digits := len(strconv.Itoa(last))
	offset := max(0, min(s.Offset, len(s.Rows)-page))
	if s.Cursor >= 0 {
		offset = Scroll(s.Cursor, offset, len(s.Rows), page)
	}
	for i := offset; i < len(s.Rows) && i < offset+page; i++ {
		rows = append(rows, t.mark(t.configRow(&s.Rows[i], digits, w, i == s.Cursor), i, i == s.Cursor))
	}
	rows = rows[:min(len(rows), 1+page)]
	foot := t.configFoot(s, w, h)
	for len(rows) < h-len(foot) {
		rows = append(rows, blank(w))
	}
	return exactly(append(rows, foot...), w, h)
}

func (t *Theme) configRow(r *ConfigRow, digits, w int, cursor bool) string {
	l := t.newLine(w)
	if cursor {
		l.whole(Cursor)
	}
	number := ""
	if r.Number > 0 {
		number = strconv.Itoa(r.Number)
	}
	mark := ""
	if cursor {
		mark = t.Glyphs.Cursor
	}
	l.gap(r.Indent)
	if w >= narrowW {
		l.field(Dim, number, digits, true)
	}
	l.field(Plain, mark, 1, false)
	l.field(r.Role, Clean(r.Sign), 1, false)
	l.gap(1)
	text, note := Clean(r.Text), Clean(r.Note)
	room := l.left()
	if note != "" && Width(text)+2+Width(note) > room {
		note = t.Cut(note, max(room/2, room-Width(text)-2))
	}
	if note == "" {
		l.add(r.Role, t.Cut(text, room))
		return l.String()
	}
	l.add(r.Role, t.Cut(text, max(0, room-2-Width(note))))
	l.gap(2)
	role := Dim
	if r.Warn {
		role = Warn
	}
	l.add(role, t.Cut(note, l.left()))
	return l.String()
}

func (t *Theme) configFoot(s *ConfigState, w, h int) []string {
	foot := t.pageFoot(s.Say, s.Hints, w, h)
	if h <= 1 {
		return foot
	}
	var before []string
	if s.Note != "" && h >= footBoth {
		for _, part := range laidOut(Clean(s.Note), w, h) {
			before = append(before, t.row(Warn, t.Cut(part, w), w))
		}
	}
	if s.Say != nil && h >= footBoth {
		if parts := noticeParts(s.Say, w, h); len(parts) > 1 {
			role, _ := levelWord(s.Say.Level)
			foot = t.pageFoot(nil, s.Hints, w, h)
			for i := len(parts) - 1; i >= 0; i-- {
				foot = append([]string{t.row(role, t.Cut(parts[i], w), w)}, foot...)
			}
		}
	}
	for _, text := range t.aboutRows(s.About, configAbout(s, w, h), w-1) {
		l := t.newLine(w)
		l.gap(1)
		l.add(Plain, text)
		before = append(before, l.String())
	}
	return append(before, foot...)
}

// aboutRows lays sentences out in n rows of w cells, each with at least one while
// there is one for it.
func (t *Theme) aboutRows(about []string, n, w int) []string {
	var rows []string
	for i, text := range about {
		most := n - len(rows) - (len(about) - 1 - i)
		if len(rows) == n {
			break
		}
		for text = Clean(text); text != "" && most > 1; most-- {
			parts := wrap(text, w)
			if len(parts) == 0 {
				break
			}
			rows = append(rows, parts[0])
			text = strings.TrimLeft(text[len(parts[0]):], " ")
		}
		if text != "" {
			rows = append(rows, t.Cut(text, w))
		}
	}
	for len(rows) < n {
		rows = append(rows, "")
	}
	return rows[:n]
}
