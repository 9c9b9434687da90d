package views

import "strings"

// box frames rows that are exactly inner cells wide, with a title in the
// frame's upper edge and a hint in its lower.
func (t *Theme) box(title, hint string, rows []string, inner int) Block {
	out := make(Block, 0, len(rows)+2)
	out = append(out, t.edge(t.Glyphs.Corners[0], t.Glyphs.Corners[1], title, Strong, inner))
	bar := t.Paint(Border, t.Glyphs.Bar)
	for _, r := range rows {
		out = append(out, bar+" "+r+" "+bar)
	}
	return append(out, t.edge(t.Glyphs.Corners[2], t.Glyphs.Corners[3], hint, Dim, inner))
}

// edge is the upper or lower row of a frame.
func (t *Theme) edge(left, right, words string, role Role, inner int) string {
	l := t.newLine(inner + 4)
	l.add(Border, left+t.Glyphs.Rule)
	if words != "" && inner > 4 {
		l.gap(1)
		words = t.Cut(words, inner-2)
		if role == Dim {
			l.keyWords(words, l.used)
		}
		l.add(role, words)
		l.gap(1)
	}
	l.fill(Border, t.Glyphs.Rule, inner+3)
	l.add(Border, right)
	return l.String()
}

// boxRoom is what a frame leaves inside w x h: ok is false when there is no
// room for one.
func boxRoom(w, h, want int) (inner, rows int, ok bool) {
	inner, rows = min(want, w-4), h-2
	return inner, rows, inner > 0 && rows > 0
}

// bare is what an overlay shows when there is no room for a frame.
func (t *Theme) bare(words string, w, h int) Block {
	l := t.newLine(w)
	l.add(Plain, words)
	return Fit([]string{l.String()}, max(0, w), min(1, max(0, h)))
}

// row is one piece of text in exactly w cells.
func (t *Theme) row(r Role, s string, w int) string {
	l := t.newLine(w)
	l.add(r, s)
	return l.String()
}

// paragraph is clean text over as many rows of w cells as it needs.
func (t *Theme) paragraph(r Role, s string, w int) []string {
	var rows []string
	for _, part := range wrap(s, w) {
		rows = append(rows, t.row(r, part, w))
	}
	return rows
}

// keysLine joins keys and what they do: "y yes   enter no".
func keysLine(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteString("   ")
		}
		b.WriteString(pairs[i])
		b.WriteByte(' ')
		b.WriteString(pairs[i+1])
	}
	return b.String()
}
