package views

import "strconv"

// Picker paints a choice of one line, or of several, in a frame of at most w x
// h cells.
func (t *Theme) Picker(s *PickerState, w, h int) Block {
	want := Width(Clean(s.Title)) + 4
	label := 0
	for _, it := range s.Items {
		label = max(label, Width(Clean(it.Label)))
	}
	for _, it := range s.Items {
		want = max(want, label+Width(Clean(it.Note))+7)
	}
	inner, room, ok := boxRoom(w, h, min(max(want, Width(Clean(s.Hint))+4, 24), 72))
	if !ok {
		return t.bare(Clean(s.Title), w, h)
	}
	offset := Scroll(s.Cursor, 0, len(s.Items), room)
	var rows []string
	for i := offset; i < len(s.Items) && i < offset+room; i++ {
		rows = append(rows, t.pickerRow(s, i, label, inner))
	}
	hint := Clean(s.Hint)
	if len(s.Items) > room {
		hint = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items)) + "  " + hint
	}
	return t.box(Clean(s.Title), hint, rows, inner)
}

func (t *Theme) pickerRow(s *PickerState, i, label, inner int) string {
	it := &s.Items[i]
	l := t.newLine(inner)
	l.item(i, i == s.Cursor)
	if i == s.Cursor {
		l.whole(Cursor)
	}
	state := t.Glyphs.Off
	if it.On {
		state = t.Glyphs.On
	}
	if s.Multi {
		l.add(Key, "["+state+"]")
	} else {
		l.add(Key, state)
	}
	l.gap(1)
	l.field(Plain, Clean(it.Label), label, false)
	l.gap(2)
	l.add(Dim, Clean(it.Note))
	return l.String()
}
