package views

import (
	"strconv"
	"strings"

	"lxcdeck/keymap"
)

// helpRow is a line of help.
type helpRow struct {
	text string
	hit  bool // what is searched for begins in it
}

// Help paints the help screen in exactly w x h cells: the keys of the view that it was
// asked from, what its columns and marks mean, then the keys of everywhere and of other
// views. What is refused now is dim.
func (t *Theme) Help(s *HelpState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	body := t.helpBody(s, w)
	page := max(0, h-2)
	offset := min(max(s.Offset, 0), max(0, len(body)-page))
	rows := []string{t.helpTitle(s, w)}
	for _, r := range body[min(offset, len(body)):] {
		rows = append(rows, r.text)
	}
	out := exactly(rows, w, h)
	if h > 1 {
		out[h-1] = t.helpFoot(s, offset, page, body, w)
	}
	return out
}

// HelpHeight is how many lines the help needs below its title at a width; with
// h-2 of them on a screen of h rows, the rest is how far it can scroll.
func (t *Theme) HelpHeight(s *HelpState, w int) int { return len(t.helpBody(s, w)) }

// HelpHits are the lines in which what is searched for stands.
func (t *Theme) HelpHits(s *HelpState, w int) []int {
	var hits []int
	for i, r := range t.helpBody(s, w) {
		if r.hit {
			hits = append(hits, i)
		}
	}
	return hits
}

func (t *Theme) helpTitle(s *HelpState, w int) string {
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, 2)
	l.gap(1)
	l.add(Strong, "Help on "+s.Topic.String())
	l.gap(1)
	if s.ReadOnly {
		l.add(Badge, " RO ")
		l.add(Dim, " what changes a container is refused ")
	}
	if version := "lxcdeck " + Clean(s.Version); s.Version != "" && l.left() > Width(version)+6 {
		l.fill(Dim, t.Glyphs.Rule, w-Width(version)-4)
		l.gap(1)
		l.add(Dim, version)
		l.gap(1)
	}
	l.fill(Dim, t.Glyphs.Rule, w)
	return l.String()
}

func (t *Theme) helpFoot(s *HelpState, offset, page int, body []helpRow, w int) string {
	hits := 0
	for _, r := range body {
		if r.hit {
			hits++
		}
	}
	found := strconv.Itoa(s.Hit) + "/" + strconv.Itoa(hits)
	if hits == 0 {
		found = "not found"
	}
	if s.Typing {
		right := found + "  enter keeps  esc clears"
		if s.Query == "" {
			right = "a key, a word of what it does, a column, a mark"
		}
		room := w - Width(right) - 2
		if room < 12 {
			return t.typed("/", s.Query, s.Behind, w)
		}
		return t.typed("/", s.Query, s.Behind, room) + "  " + t.row(Dim, right, Width(right))
	}
	pieces := []piece{{0, []span{{Key, "esc"}, {Dim, " closes"}}}, {2, []span{{Key, "/"}, {Dim, " search"}}}}
	if s.Query != "" {
		role := Dim
		if hits == 0 {
			role = Warn
		}
		pieces = append(pieces, piece{1, []span{{Key, "n N"}, {role, " " + found}}}, text(4, Input, t.Cut(Clean(s.Query), 20)))
	}
	if total := len(body); total > page {
		pieces = append(pieces, piece{3, []span{{Key, "j k"}, {Dim, " scroll"}}})
		if rest := total - page - offset; rest > 0 {
			pieces = append(pieces, text(1, Notice, plural(rest, "more line", "more lines")))
		}
	}
	l := t.newLine(w)
	l.addPieces(pieces, 2)
	return l.String()
}

// textFoot is the foot of a text that only scrolls.
func (t *Theme) textFoot(offset, page, total, w int) string {
	l := t.newLine(w)
	l.add(Key, "esc")
	l.add(Dim, " closes")
	if total > page {
		l.gap(2)
		l.add(Key, "j k")
		l.add(Dim, " scroll")
		l.gap(2)
		if rest := total - page - offset; rest > 0 {
			l.add(Notice, plural(rest, "more line", "more lines"))
		}
	}
	return l.String()
}

// helpBody are all lines of the help at a width.
func (t *Theme) helpBody(s *HelpState, w int) []helpRow {
	var out []helpRow
	if s.Prefix != "" {
		for _, row := range t.paragraph(Dim, "Inside a shell every key goes to the shell, but "+s.Prefix+": it leads to the shell's own keys, below. Twice sends it.", w) {
			out = append(out, helpRow{text: row})
		}
		out = append(out, helpRow{text: blank(w)})
	}
	out = append(out, t.helpColumns(s, s.Groups, w)...)
	out = append(out, t.helpTerms(s, w)...)
	if len(s.Everywhere) > 0 {
		out = append(out, t.helpPart("Everywhere but where text is typed", w))
	}
	out = append(out, t.helpColumns(s, s.Everywhere, w)...)
	if len(s.Elsewhere) > 0 {
		out = append(out, t.helpPart("In other views", w))
	}
	return append(out, t.helpColumns(s, s.Elsewhere, w)...)
}

// helpPart is the title of a part that is not about the view.
func (t *Theme) helpPart(title string, w int) helpRow {
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, 2)
	l.gap(1)
	l.add(Dim, title)
	l.gap(1)
	l.fill(Dim, t.Glyphs.Rule, w)
	return helpRow{text: l.String()}
}

// helpTerms are what the view's columns and marks mean, each with the text beside it.
func (t *Theme) helpTerms(s *HelpState, w int) []helpRow {
	terms := t.explain(s.Topic)
	out := []helpRow{{text: t.row(Strong, "What is seen here", w)}}
	column := 0
	for _, x := range terms {
		column = max(column, Width(x.term))
	}
	column = min(column, max(8, w/4))
	for _, x := range terms {
		hit := finds(s.Query, x.term+" "+x.text)
		names := wrap(x.term, column)
		texts := wrap(x.text, max(1, w-column-3))
		for i := range max(len(names), len(texts)) {
			l := t.newLine(w)
			l.gap(1)
			if i < len(names) {
				t.found(&l, Key, names[i], s.Query)
			}
			l.to(column + 3)
			if i < len(texts) {
				t.found(&l, Plain, texts[i], s.Query)
			}
			out = append(out, helpRow{l.String(), hit && i == 0})
		}
	}
	return append(out, helpRow{text: blank(w)})
}

// finds says whether what is searched for stands in a text, whatever the case.
func finds(query, text string) bool {
	return query != "" && strings.Contains(strings.ToLower(text), strings.ToLower(query))
}

// found writes a text, with what is searched for in it as a cursor.
func (t *Theme) found(l *line, r Role, s, query string) {
	low := strings.ToLower(s)
	i := strings.Index(low, strings.ToLower(query))
	if query == "" || i < 0 || len(low) != len(s) {
		l.add(r, s)
		return
	}
	end := i + len(strings.ToLower(query))
	l.add(r, s[:i])
	l.add(Cursor, s[i:end])
	l.add(r, s[end:])
}

// helpColumns lays groups of keys into as many columns as fit.
func (t *Theme) helpColumns(s *HelpState, groups []keymap.HelpGroup, w int) []helpRow {
	if len(groups) == 0 {
		return nil
	}
	n := 1
	switch {
	case w >= 150:
		n = 3
	case w >= normalW:
		n = 2
	}
	n = max(1, min(n, len(groups))) // a column without a group is room for the others
	colW := (w - 2*(n-1)) / n
	columns := make([][]string, n)
	height := helpHeight(groups, n)
	hits := make([]bool, height)
	at := 0
	for _, g := range groups {
		width := colW
		if at == n-1 {
			width = w - (n-1)*(colW+2)
		}
		rows := t.helpGroup(s, g, width)
		if at < n-1 && len(columns[at])+len(rows) > height {
			at++
		}
		for _, r := range rows {
			if y := len(columns[at]); y < height {
				hits[y] = hits[y] || r.hit
			}
			columns[at] = append(columns[at], r.text)
		}
	}
	blocks := make([]Block, 0, 2*n)
	for i, c := range columns {
		if i > 0 {
			blocks = append(blocks, exactly(nil, 2, height))
		}
		width := colW
		if i == n-1 {
			width = w - (n-1)*(colW+2)
		}
		blocks = append(blocks, Fit(c, width, height))
	}
	out := make([]helpRow, 0, height)
	for y, row := range Beside(blocks...) {
		out = append(out, helpRow{row, hits[y]})
	}
	return out
}

// helpHeight is the least height at which the groups, in order, fit into n
// columns.
func helpHeight(groups []keymap.HelpGroup, n int) int {
	height := 0
	for _, g := range groups {
		height = max(height, len(g.Lines)+2)
	}
	for ; ; height++ {
		columns, used := 1, 0
		for _, g := range groups {
			if rows := len(g.Lines) + 2; used+rows > height {
				columns, used = columns+1, rows
			} else {
				used += rows
			}
		}
		if columns <= n {
			return height
		}
	}
}

// helpGroup is one group: its name, its actions, a blank line.
func (t *Theme) helpGroup(s *HelpState, g keymap.HelpGroup, w int) []helpRow {
	keyW := 0
	for _, line := range g.Lines {
		keyW = max(keyW, Width(line.Keys))
	}
	keyW = min(keyW, max(6, w/3))
	rows := []helpRow{{t.row(Strong, string(g.Group), w), finds(s.Query, string(g.Group))}}
	for _, line := range g.Lines {
		l := t.newLine(w)
		keys, key, title := line.Keys, Key, Plain
		if keys == "" {
			keys = ":"
		}
		if line.Why != "" {
			key, title = Dim, Dim
		}
		l.gap(1)
		l.field(key, Clean(keys), keyW, false)
		l.gap(2)
		t.found(&l, title, Clean(line.Title), s.Query)
		rows = append(rows, helpRow{l.String(), finds(s.Query, keys+"  "+line.Title)})
	}
	return append(rows, helpRow{text: blank(w)})
}
