package views

import "strconv"

// Prompt paints a question in a frame of at most w x h cells.
func (t *Theme) Prompt(s *PromptState, w, h int) Block {
	inner, room, ok := boxRoom(w, h, promptWidth(s))
	if !ok {
		return t.bare(Clean(s.Title), w, h)
	}
	answer := t.promptAnswer(s, inner)
	rows := t.promptFacts(s, inner)
	if s.More != "" {
		rows = append(rows, t.paragraph(Plain, Clean(s.More), inner)...)
	}
	if s.Command != "" { // half a command is another command
		command := t.paragraph(Dim, Clean(s.Command), inner)
		if len(rows)+len(command)+len(answer)+min(1, len(s.Targets)) <= room {
			rows = append(rows, command...)
		}
	}
	// Targets give way: the answer has to be on screen.
	targets := t.promptTargets(s, inner, max(1, room-len(rows)-len(answer)))
	rows = append(targets, rows...)
	if len(rows)+len(answer) > room {
		rows = rows[:max(0, room-len(answer))]
	}
	rows = append(rows, answer...)
	return t.box(Clean(s.Title), t.promptKeys(s), rows[:min(len(rows), room)], inner)
}

func promptWidth(s *PromptState) int {
	n := max(44, Width(Clean(s.Title))+4, Width(Clean(s.Command)))
	for _, tg := range s.Targets {
		n = max(n, Width(Clean(tg.Name))+Width(Clean(tg.Skip))+Width(Clean(tg.With))+14)
	}
	name := 0
	for _, f := range s.Facts {
		name = max(name, Width(Clean(f.Name)))
	}
	for _, f := range s.Facts {
		n = max(n, name+Width(Clean(f.Text))+2)
	}
	return min(n, 76)
}

// promptFacts are the rows of what goes with the answer.
func (t *Theme) promptFacts(s *PromptState, inner int) []string {
	name := 0
	for _, f := range s.Facts {
		name = max(name, Width(Clean(f.Name)))
	}
	var rows []string
	for _, f := range s.Facts {
		role := Plain
		if f.Warn {
			role = Warn
		}
		if inner < 2*name {
			rows = append(rows, t.paragraph(role, Clean(f.Name)+": "+Clean(f.Text), inner)...)
			continue
		}
		for i, part := range wrap(Clean(f.Text), inner-name-2) {
			l := t.newLine(inner)
			if i == 0 {
				l.add(Dim, Clean(f.Name))
			}
			l.to(name + 2)
			l.add(role, part)
			rows = append(rows, l.String())
		}
	}
	return rows
}

// promptTargets lists what the answer would act on, in at most n rows.
func (t *Theme) promptTargets(s *PromptState, inner, n int) []string {
	var rows []string
	for i, tg := range s.Targets {
		if len(rows) == n-1 && i < len(s.Targets)-1 {
			return append(rows, t.row(Dim, "and "+strconv.Itoa(len(s.Targets)-i)+" more", inner))
		}
		l := t.newLine(inner)
		state, role := stateWord(tg.State), stateRole(tg.State)
		if tg.As != "" {
			state, role = Clean(tg.As), Dim
		}
		if tg.Skip != "" {
			l.add(Dim, Clean(tg.Name))
			l.add(Dim, "  left out: "+Clean(tg.Skip))
		} else {
			l.add(Strong, t.Cut(Clean(tg.Name), max(1, inner-Width(state)-2)))
			l.gap(2)
			l.add(role, state)
			if tg.With != "" {
				l.gap(2)
				l.add(Dim, Clean(tg.With))
			}
		}
		rows = append(rows, l.String())
	}
	return rows
}

// promptAnswer are the rows in which the answer is given.
func (t *Theme) promptAnswer(s *PromptState, inner int) []string {
	rows := []string{}
	switch s.Kind {
	case AskWhich:
		for i, c := range s.Choices {
			l := t.newLine(inner)
			if i == s.Cursor {
				l.whole(Cursor)
			}
			l.add(Key, strconv.Itoa(i+1))
			l.add(Plain, " "+Clean(c))
			rows = append(rows, l.String())
		}
	case AskTyped:
		l := t.newLine(inner)
		l.add(Plain, "type ")
		l.add(Strong, Clean(s.Want))
		l.add(Plain, ": ")
		typed := Clean(s.Typed)
		if room := l.left() - 1; Width(typed) > room {
			typed = tailCells(typed, room)
		}
		l.add(Input, typed)
		l.add(Cursor, " ")
		rows = append(rows, l.String())
	}
	if s.Note != "" {
		rows = append(rows, t.paragraph(Warn, Clean(s.Note), inner)...)
	}
	return rows
}

func (t *Theme) promptKeys(s *PromptState) string {
	switch {
	case s.Kind == Told:
		return keysLine("esc", "leaves")
	case s.Early:
		return "a moment ..."
	case s.Kind == AskWhich:
		return keysLine("1-"+strconv.Itoa(len(s.Choices)), "choose", "esc", "no")
	case s.Waits:
		return "measuring ...   " + keysLine("esc", "no")
	case s.Kind == AskTyped && s.Typed == s.Want && s.Want != "":
		return keysLine("enter", "yes", "esc", "no")
	case s.Kind == AskTyped:
		return keysLine("esc", "no")
	default:
		return keysLine("y", "yes", "enter", "no")
	}
}

// tailCells is the end of clean text, at most w cells of it.
func tailCells(s string, w int) string {
	for s != "" && Width(s) > w {
		head := cells(s, 1)
		if head == "" {
			head = cells(s, 2)
		}
		if head == "" {
			return ""
		}
		s = s[len(head):]
	}
	return s
}
