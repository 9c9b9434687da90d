package views

import "time"

// Message is something that was told, with the time it was told.
type Message struct {
	At    time.Time
	Level Level
	Text  string
	Hint  string // what to do next, or the equal lxc-* command
}

// MessagesState is what was told so far, the newest first.
type MessagesState struct {
	Items  []Message
	Offset int // first line drawn
}

// Messages paints all that was told in exactly w x h cells, each message in
// full: the status line has room for the beginning alone.
func (t *Theme) Messages(s *MessagesState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	body := t.messageRows(s, w)
	page := max(0, h-2)
	offset := min(max(s.Offset, 0), max(0, len(body)-page))
	title := t.newLine(w)
	title.fill(Dim, t.Glyphs.Rule, 2)
	title.gap(1)
	title.add(Strong, "Messages")
	title.gap(1)
	title.fill(Dim, t.Glyphs.Rule, w)
	out := exactly(append([]string{title.String()}, body[offset:]...), w, h)
	if h > 1 {
		out[h-1] = t.textFoot(offset, page, len(body), w)
	}
	return out
}

// MessagesHeight is how many lines the messages take at a width; with h-2 of
// them on a screen of h rows, the rest is how far they can be scrolled.
func (t *Theme) MessagesHeight(s *MessagesState, w int) int {
	if w <= 0 {
		return 0
	}
	return len(t.messageRows(s, w))
}

// messageRows are the messages, their text beside the time and their hint
// below it.
func (t *Theme) messageRows(s *MessagesState, w int) []string {
	if len(s.Items) == 0 {
		return t.paragraph(Dim, "nothing was told so far", w)
	}
	indent := len("15:04:05") + 2
	if w < narrowW {
		indent = 2
	}
	var rows []string
	for i := range s.Items {
		m := &s.Items[i]
		at := m.At.Format("15:04:05")
		if w < narrowW {
			rows = append(rows, t.row(Dim, at, w))
			at = ""
		}
		role, lead := levelWord(m.Level)
		for _, part := range wrap(lead+Clean(m.Text), max(1, w-indent)) {
			rows = append(rows, t.messageRow(at, role, part, indent, w))
			at = ""
		}
		if m.Hint == "" {
			continue
		}
		for _, part := range wrap(Clean(m.Hint), max(1, w-indent)) {
			rows = append(rows, t.messageRow("", Dim, part, indent, w))
		}
	}
	return rows
}

func (t *Theme) messageRow(at string, role Role, text string, indent, w int) string {
	l := t.newLine(w)
	l.add(Dim, at)
	l.to(indent)
	l.add(role, text)
	return l.String()
}

// levelWord is how a level is painted, and the word before what it tells.
func levelWord(v Level) (role Role, lead string) {
	switch v {
	case LevelError:
		return Bad, "error: "
	case LevelWarn:
		return Warn, "warning: "
	default:
		return Notice, ""
	}
}
