package views

import (
	"slices"
	"strconv"
)

// Palette paints the command palette in a frame of at most w x h cells: what
// is typed, and the actions that match, with keys or with what stands against
// them.
func (t *Theme) Palette(s *PaletteState, w, h int) Block {
	inner, room, ok := boxRoom(w, h, 72)
	if !ok {
		return t.bare(":"+Clean(s.Query), w, h)
	}
	rows := []string{t.typed(":", s.Query, s.Behind, inner)}
	n := min(room-1, 14)
	if len(s.Items) == 0 && n > 0 {
		rows = append(rows, t.row(Dim, "no command matches", inner))
	}
	offset := Scroll(s.Cursor, 0, len(s.Items), n)
	for i := offset; i < len(s.Items) && i < offset+n; i++ {
		rows = append(rows, t.paletteRow(s, i, inner))
	}
	place := ""
	if len(s.Items) > n {
		place = "   " + strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items))
	}
	return t.box("Commands", keysLine("enter", "does it", "esc", "closes")+place, rows, inner)
}

func (t *Theme) paletteRow(s *PaletteState, i, inner int) string {
	it := &s.Items[i]
	l := t.newLine(inner)
	l.item(i, i == s.Cursor)
	if i == s.Cursor {
		l.whole(Cursor)
	}
	right := it.Keys
	role := Key
	if it.Why != "" {
		right, role = Clean(it.Why), Dim
	}
	title := it.Action.Title
	right = t.Cut(right, max(0, inner-Width(title)-2))
	plain := Plain
	if it.Why != "" {
		plain = Dim
	}
	for at, c := range t.Cut(title, inner) {
		r := plain
		if slices.Contains(it.Matches, at) {
			r = Sorted
		}
		l.add(r, string(c))
	}
	l.to(inner - Width(right))
	l.add(role, right)
	return l.String()
}

// typed is a row in which text is being typed, behind characters of which stand
// behind the cursor; the cursor is always in sight.
func (t *Theme) typed(lead, text string, behind, w int) string {
	l := t.newLine(w)
	l.add(Key, lead)
	r := []rune(text)
	at := max(0, len(r)-behind)
	head, under, rest := Clean(string(r[:at])), " ", ""
	if at < len(r) {
		under, rest = Clean(string(r[at])), Clean(string(r[at+1:]))
	}
	if room := l.left() - max(1, Width(under)); Width(head) > room {
		head = tailCells(head, room)
	}
	l.add(Input, head)
	l.add(Cursor, under)
	l.add(Input, rest)
	return l.String()
}

// typing is a line that is typed, with its cursor before the last behind characters.
func (l *line) typing(text string, behind int) {
	runes := []rune(text)
	at := max(0, min(len(runes)-behind, len(runes)))
	for Width(Clean(string(runes[:at]))) > max(4, l.w/2) {
		runes, at = runes[1:], at-1
	}
	l.add(Input, Clean(string(runes[:at])))
	under := " "
	if at < len(runes) {
		under = Clean(string(runes[at : at+1]))
	}
	l.add(Cursor, under)
	if at < len(runes) {
		l.add(Input, Clean(string(runes[at+1:])))
	}
}
