package views

import (
	"lxcdeck/keymap"
)

// Help paints the help screen in exactly w x h cells: groups of keys in as many
// columns as fit, the column's own text first and what is refused now dim.
func (t *Theme) Help(s *HelpState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	body := t.helpBody(s, w)
	page := max(0, h-2)
	offset := min(max(s.Offset, 0), max(0, len(body)-page))
	rows := []string{t.helpTitle(s, w)}
	rows = append(rows, body[min(offset, len(body)):]...)
	out := exactly(rows, w, h)
	if h > 1 {
		out[h-1] = t.helpFoot(offset, page, len(body), w)
	}
	return out
}

// HelpHeight is how many lines the help needs below its title at a width; with
// h-2 of them on a screen of h rows, the rest is how far it can scroll.
func (t *Theme) HelpHeight(s *HelpState, w int) int { return len(t.helpBody(s, w)) }

func (t *Theme) helpTitle(s *HelpState, w int) string {
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, 2)
	l.gap(1)
	title := "Help"
	if s.Version != "" {
		title += "  lxcdeck " + Clean(s.Version)
	}
	l.add(Strong, title)
	l.gap(1)
	if s.ReadOnly {
		l.add(Badge, " RO ")
		l.add(Dim, " what changes a container is refused ")
	}
	l.fill(Dim, t.Glyphs.Rule, w)
	return l.String()
}

func (t *Theme) helpFoot(offset, page, total, w int) string {
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
func (t *Theme) helpBody(s *HelpState, w int) []string {
	n := 1
	switch {
	case w >= 150:
		n = 3
	case w >= normalW:
		n = 2
	}
	n = max(1, min(n, len(s.Groups))) // a column without a group is room for the others
	colW := (w - 2*(n-1)) / n
	columns := make([][]string, n)
	height := helpHeight(s.Groups, n)
	at := 0
	for _, g := range s.Groups {
		rows := t.helpGroup(g, colW)
		if at < n-1 && len(columns[at])+len(rows) > height {
			at++
		}
		columns[at] = append(columns[at], rows...)
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
	lines := Beside(blocks...)
	if s.Prefix != "" {
		lead := t.paragraph(Dim, "Inside a shell every key goes to the shell, but "+s.Prefix+": it leads to the keys below Terminal. Twice sends it.", w)
		lines = append(Block(lead), lines...)
	}
	return lines
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
func (t *Theme) helpGroup(g keymap.HelpGroup, w int) []string {
	keyW := 0
	for _, line := range g.Lines {
		keyW = max(keyW, Width(line.Keys))
	}
	keyW = min(keyW, max(6, w/3))
	rows := []string{t.row(Strong, string(g.Group), w)}
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
		l.field(key, keys, keyW, false)
		l.gap(2)
		l.add(title, line.Title)
		rows = append(rows, l.String())
	}
	return append(rows, blank(w))
}
