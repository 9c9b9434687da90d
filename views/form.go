package views

import (
	"strconv"
	"strings"
)

// FieldKind says how a field of a form is filled in.
type FieldKind uint8

// A line of text, one of several values, yes and no, or something that is done
// at once.
const (
	TextField FieldKind = iota
	ChoiceField
	CheckField
	PressField
)

// FormField is one field of a form.
type FormField struct {
	Kind   FieldKind
	Label  string
	Value  string // TextField: what is typed; ChoiceField: what is chosen; PressField: what it does
	Behind int    // TextField: characters of Value behind the cursor
	On     bool   // CheckField
	// Help stands dim in an empty TextField, and says what that means; in the
	// others it stands behind the value.
	Help    string
	Beside  string    // TextField: stands dim at the right, if there is room
	Section string    // a heading above it; "" = it goes on with the one before
	Out     bool      // what stands there cannot be had: greyed
	Fixed   bool      // no key changes it
	Warn    string    // what speaks against the value; stands below it
	List    *FormList // ChoiceField: what can be chosen; nil = the list is closed
}

// FormState is a form that is being filled in.
type FormState struct {
	Title  string
	Note   string // above the fields; gives way when room is short
	Action string // what enter does: "opens"
	// NoteRows is for how many rows of a wide form Note has room, so that the frame
	// stays as it is while Note changes; what does not fit is cut. 0 = as many as it
	// needs, or none.
	NoteRows int
	Fields   []FormField
	Cursor   int    // the field that takes keys
	Why      string // what stands against the form; "" = nothing
	Wrong    int    // the field Why is about; none of them = all
	// Command is the equal lxc-* command, below the fields; it gives way when
	// room is short.
	Command string
	Help    string // the key that helps where text is typed; "" = none does
}

// formWide is how wide what is in a form is at most.
const formWide = 72

// Form paints a form in a frame of at most w x h cells. Fields scroll when
// they do not fit; the one with the cursor is always in sight.
func (t *Theme) Form(s *FormState, w, h int) Block {
	label := 0
	for i := range s.Fields {
		label = max(label, Width(Clean(s.Fields[i].Label)))
	}
	inner, room, ok := boxRoom(w, h, formWide)
	if !ok {
		return t.bare(Clean(s.Title), w, h)
	}
	head := min(label+4, max(inner/2, 2), inner-1)
	var foot []string
	if s.Why != "" && (s.Wrong < 0 || s.Wrong >= len(s.Fields)) {
		foot = t.paragraph(Warn, Clean(s.Why), inner)
		foot = foot[:min(len(foot), max(0, room-1))]
	}
	command := t.formCommand(s.Command, inner, (room-len(foot))/4)
	foot = append(command, foot...)
	rows, from, to := t.formRows(s, inner, head, room-len(foot))
	var note []string
	switch {
	case s.NoteRows > 0:
		spare := 2 // rows of a warning
		if room < 12 {
			spare = 1
		}
		for len(rows) < min(len(s.Fields)+spare, room-len(foot)) {
			rows = append(rows, t.row(Plain, "", inner))
		}
		note = t.steadyNote(s, inner, room-len(rows)-len(foot))
	case s.Note != "":
		note = append(t.paragraph(Dim, Clean(s.Note), inner), t.row(Plain, "", inner))
	}
	if len(note)+len(rows)+len(foot) > room {
		note = nil
	}
	if len(command) > 0 && len(note)+len(rows)+len(foot) < room {
		foot = append([]string{t.row(Plain, "", inner)}, foot...)
	}
	place := ""
	if n := room - len(note) - len(foot); len(rows) > n {
		top := min(Scroll(to-1, 0, len(rows), n), from)
		rows = rows[top:min(top+n, len(rows))]
		place = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Fields)) + "  "
	}
	rows = append(append(note, rows...), foot...)
	return t.box(Clean(s.Title), place+formKeys(s, inner-2-len(place)), rows, inner)
}

// steadyNote is the note in as many rows as are kept for it, of n, and one below.
func (t *Theme) steadyNote(s *FormState, inner, n int) []string {
	n = min((s.NoteRows*formWide+inner-1)/inner, n-1)
	if n < 1 {
		return nil
	}
	parts := wrap(Clean(s.Note), inner)
	if len(parts) > n {
		parts = append(parts[:n-1], t.Cut(strings.Join(parts[n-1:], " "), inner))
	}
	rows := make([]string, n+1)
	for i := range rows {
		part := ""
		if i < len(parts) {
			part = parts[i]
		}
		rows[i] = t.row(Dim, part, inner)
	}
	return rows
}

// formRows are the rows of the fields; those of the one with the cursor are
// from, to. They are no more than n, should its list be open.
func (t *Theme) formRows(s *FormState, inner, head, n int) (rows []string, from, to int) {
	for i := range s.Fields {
		f, here := &s.Fields[i], i == s.Cursor
		if here {
			from = len(rows)
		}
		if f.Section != "" {
			rows = append(rows, t.row(Header, Clean(f.Section), inner))
			if here && n < 4 {
				from = len(rows) // the field itself comes first
			}
		}
		top := len(rows)
		head := head
		if f.Kind == PressField { // it has no label
			head = min(2, inner-1)
		}
		rows = append(rows, t.mark(t.formHead(f, here, head)+t.formValue(f, here, inner-head), i, here))
		if here && f.List != nil {
			rows = append(rows, t.formList(f.List, inner, n-(len(rows)-from))...)
		}
		rows = append(rows, t.formWarn(f.Warn, inner)...)
		if i == s.Wrong {
			rows = append(rows, t.formWarn(s.Why, inner)...)
		}
		if here {
			if to = len(rows); to-from > n {
				from = top
			}
		}
	}
	return rows, from, to
}

// formWarn is what speaks against a field, below it.
func (t *Theme) formWarn(why string, inner int) []string {
	indent := min(2, inner-1)
	rows := t.paragraph(Warn, Clean(why), inner-indent)
	for i := range rows {
		rows[i] = blank(indent) + rows[i]
	}
	return rows
}

// formHead is the label of a field in w cells.
func (t *Theme) formHead(f *FormField, here bool, w int) string {
	l := t.newLine(w)
	role := Plain
	if here {
		role = Strong
		l.add(Key, t.Glyphs.Cursor)
	}
	l.to(2)
	l.add(role, t.Cut(Clean(f.Label), max(0, w-3)))
	return l.String()
}

// formValue is what a field holds, in w cells, and what stands beside that.
func (t *Theme) formValue(f *FormField, here bool, w int) string {
	beside := Clean(f.Beside)
	if beside == "" || Width(beside)+formLeast > w {
		return t.formHolds(f, here, w)
	}
	l := t.newLine(Width(beside) + 2)
	l.gap(2)
	l.add(Dim, beside)
	return t.formHolds(f, here, w-Width(beside)-2) + l.String()
}

// formLeast is how many cells a value needs that something stands beside.
const formLeast = 14

// formHolds is what a field holds, in w cells.
func (t *Theme) formHolds(f *FormField, here bool, w int) string {
	l := t.newLine(w)
	look := Plain
	if here {
		look = Cursor
	}
	value := Clean(f.Value)
	if f.Out && !here {
		look = Dim
	}
	switch f.Kind {
	case TextField:
		if f.Value == "" {
			if here {
				l.add(Cursor, " ")
			}
			l.add(Dim, Clean(f.Help))
			break
		}
		if here {
			t.fieldText(&l, f)
			break
		}
		l.add(Input, value)
	case ChoiceField:
		if f.List != nil {
			return t.typed("", f.List.Query, f.List.Behind, w)
		}
		turns := here && !f.Fixed
		if turns {
			l.add(Key, "< ")
			value = t.Cut(value, max(1, l.left()-2))
		}
		l.add(look, value)
		if turns {
			l.add(Key, " >")
		}
		l.gap(2)
		l.add(Dim, Clean(f.Help))
	case CheckField:
		state := t.Glyphs.Off
		if f.On {
			state = t.Glyphs.On
		}
		l.add(look, "["+state+"]")
		l.gap(1)
		l.add(Dim, Clean(f.Help))
	case PressField:
		l.add(look, "[ "+t.Cut(value, max(1, l.left()-4))+" ]")
		l.gap(1)
		l.add(Dim, Clean(f.Help))
	}
	return l.String()
}

// fieldText is text that is being edited. When it is longer than the field it
// scrolls, and some of what follows the cursor stays in sight.
func (t *Theme) fieldText(l *line, f *FormField) {
	r := []rune(f.Value)
	at := max(0, len(r)-f.Behind)
	head, under, rest := Clean(string(r[:at])), " ", ""
	if at < len(r) {
		under, rest = Clean(string(r[at])), Clean(string(r[at+1:]))
	}
	after := min(Width(rest), l.left()/3)
	if room := l.left() - max(1, Width(under)) - after; Width(head) > room {
		l.add(Dim, t.Glyphs.Ellipsis)
		head = tailCells(head, room-1)
	}
	l.add(Input, head)
	l.add(Cursor, under)
	l.add(Input, rest)
}

// formKeys says what keys do, as far as there is room: how a field is changed
// and what enter does come before what everybody tries anyway.
func formKeys(s *FormState, w int) string {
	enter := []string{"enter", Clean(s.Action)}
	leave := []string{"esc", "leaves"}
	first := []string{"tab", "next"}
	if s.Cursor >= 0 && s.Cursor < len(s.Fields) {
		switch f := &s.Fields[s.Cursor]; {
		case f.List != nil:
			first, enter, leave = []string{"type", "filters"}, []string{"enter", "takes it"}, []string{"esc", "back"}
		case f.Fixed:
		case f.Kind == PressField:
			enter = []string{"enter", "does it"}
		case f.Kind != TextField:
			first = []string{"space", "changes"}
		}
	}
	join := func(all ...[]string) string {
		var pairs []string
		for _, p := range all {
			pairs = append(pairs, p...)
		}
		return keysLine(pairs...)
	}
	lines := []string{join(first, enter, leave), join(first, enter)}
	if len(s.Fields) < 2 && first[0] == "tab" { // there is no next
		lines = []string{join(enter, leave)}
	}
	if s.Help != "" {
		lines = append([]string{lines[0] + "   " + keysLine(s.Help, "helps")}, lines...)
	}
	for _, line := range lines {
		if Width(line) <= w {
			return line
		}
	}
	return join(enter)
}
