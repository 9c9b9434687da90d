package views

import "strings"

// FormChoice is one of the values of a field.
type FormChoice struct {
	Text string
	Note string // beside it; why it cannot be had
	Out  bool   // it cannot be had: greyed
}

// FormList is the open list of a ChoiceField: the values that are left of what
// was typed to find one.
type FormList struct {
	Query  string
	Behind int // characters of Query behind the cursor
	Items  []FormChoice
	Cursor int
}

// formListRows is how many rows a list may want: enough to choose from, few
// enough that the fields around it stay in sight.
const formListRows = 10

// formList are the rows of an open list, n at most.
func (t *Theme) formList(s *FormList, inner, n int) []string {
	n = min(n, formListRows)
	if n <= 0 {
		return nil
	}
	if len(s.Items) == 0 {
		return []string{t.row(Dim, "    nothing of that name: backspace", inner)}
	}
	width := 0
	for i := range s.Items {
		width = max(width, Width(Clean(s.Items[i].Text)))
	}
	var rows []string
	offset := Scroll(s.Cursor, 0, len(s.Items), n)
	for i := offset; i < len(s.Items) && i < offset+n; i++ {
		rows = append(rows, t.markIn("list", t.formChoice(&s.Items[i], i == s.Cursor, inner, min(width, inner/2)), i, i == s.Cursor))
	}
	return rows
}

func (t *Theme) formChoice(c *FormChoice, here bool, inner, width int) string {
	l := t.newLine(inner)
	look := Plain
	if c.Out {
		look = Dim
	}
	l.gap(4)
	if here {
		l.whole(Cursor)
	}
	l.field(look, Clean(c.Text), width, false)
	l.gap(2)
	l.add(Dim, Clean(c.Note))
	return l.String()
}

// formCommand is the equal command in n rows at most.
func (t *Theme) formCommand(command string, inner, n int) []string {
	if command == "" || n <= 0 {
		return nil
	}
	parts := wrap("$ "+Clean(command), inner)
	if len(parts) > n {
		parts = append(parts[:n-1], strings.Join(parts[n-1:], " "))
	}
	rows := make([]string, len(parts))
	for i, p := range parts {
		rows[i] = t.row(Dim, t.Cut(p, inner), inner)
	}
	return rows
}
