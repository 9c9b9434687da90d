package views

import "strings"

// idleKeyW is how wide a key and what it does are, where several stand in a row.
const idleKeyW = 40

// idle is what stands below who a container is that does not run, where figures
// stand of one that does: what keys do for it, and what has happened to it. It takes
// at most room rows.
func (t *Theme) idle(s *DetailState, w, room int) []string {
	var rows []string
	part := func(title string, body []string) {
		if left := room - len(rows) - 2; len(body) > 0 && left > 0 {
			rows = append(rows, blank(w), t.row(Strong, title, w))
			rows = append(rows, body[:min(len(body), left)]...)
		}
	}
	part("what can be done", t.idleKeys(s, w))
	part("what has happened", t.idlePast(s, w))
	return rows
}

func (t *Theme) idleKeys(s *DetailState, w int) []string {
	columns := max(1, w/idleKeyW)
	widest := 0
	for _, h := range s.Keys {
		widest = max(widest, Width(h.Key))
	}
	rows := make([]string, 0, len(s.Keys)/columns+1)
	for i := 0; i < len(s.Keys); i += columns {
		l := t.newLine(w)
		for c := range min(columns, len(s.Keys)-i) {
			h := s.Keys[i+c]
			l.to(c*idleKeyW + 1)
			l.field(Key, h.Key, widest, false)
			l.gap(2)
			l.add(Plain, t.Cut(h.Text, idleKeyW-widest-4))
		}
		rows = append(rows, l.String())
	}
	return rows
}

func (t *Theme) idlePast(s *DetailState, w int) []string {
	rows := make([]string, 0, len(s.Past))
	for i := range s.Past {
		it := &s.Past[i]
		l := t.newLine(w)
		l.gap(1)
		l.field(Dim, EventTime(it.At, s.Now), 12, false)
		l.gap(2)
		l.field(it.Role, t.Cut(Clean(it.What), eventWhatW), eventWhatW, false)
		l.gap(2)
		l.add(Dim, strings.TrimSpace(Clean(it.Why)))
		rows = append(rows, l.String())
	}
	return rows
}
