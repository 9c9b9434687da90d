package views

import (
	"slices"
	"strconv"
)

// Prompt paints a question in a frame of at most w x h cells.
func (t *Theme) Prompt(s *PromptState, w, h int) Block {
	p, ok := t.promptParts(s, w, h)
	if !ok {
		return t.bare(Clean(s.Title), w, h)
	}
	var rows []string
	if from, to := promptWindow(s, &p); to-from < len(p.more) && len(s.Targets) == 0 {
		place := strconv.Itoa(from+1) + "-" + strconv.Itoa(to) + " of " + strconv.Itoa(len(p.more)) + " rows: up, down"
		rows = append(p.more[from:to:to], t.row(Dim, place, p.inner))
	} else {
		rows = append(t.promptTargets(s, p.inner, p.fit), p.more...)
	}
	if len(rows)+len(p.answer) > p.room {
		rows = rows[:max(0, p.room-len(p.answer))]
	}
	rows = append(rows, p.answer...)
	return t.box(Clean(s.Title), t.promptKeys(s), rows[:min(len(rows), p.room)], p.inner)
}

// PromptScroll is the Top of a question in a frame of w x h cells once its
// targets have been scrolled by some rows.
func (t *Theme) PromptScroll(s *PromptState, w, h, by int) int {
	p, ok := t.promptParts(s, w, h)
	if !ok {
		return 0
	}
	if len(s.Targets) == 0 {
		from, _ := promptWindow(&PromptState{Top: s.Top + by}, &p)
		return from
	}
	return promptTop(s, s.Top+by, p.fit)
}

// PromptUnread says whether something that speaks against a yes has not been on
// screen yet: whoever wrote it may have hidden it behind much that is harmless.
func (t *Theme) PromptUnread(s *PromptState, w, h int) bool {
	p, ok := t.promptParts(s, w, h)
	if !ok || len(s.Targets) > 0 {
		return !ok && slices.ContainsFunc(s.Facts, func(f PromptFact) bool { return f.Warn })
	}
	_, to := promptWindow(s, &p)
	return to < p.warn
}

// promptWindow are the rows shown of a question without targets, when not all fit:
// one of them less, that says where one is.
func promptWindow(s *PromptState, p *promptParts) (from, to int) {
	n := p.room - len(p.answer)
	if len(p.more) <= n {
		return 0, len(p.more)
	}
	n = max(0, n-1)
	from = max(0, min(s.Top, len(p.more)-n))
	return from, from + n
}

// promptTop is the first target shown of those that do not fit in n rows, the
// last of which says where one is.
func promptTop(s *PromptState, top, n int) int {
	if len(s.Targets) <= n || n < 2 {
		return 0
	}
	return max(0, min(top, len(s.Targets)-(n-1)))
}

// promptParts are what a question consists of but its targets.
type promptParts struct {
	inner, room  int
	fit          int // rows for the targets
	warn         int // rows of more up to the last that speaks against a yes
	more, answer []string
}

func (t *Theme) promptParts(s *PromptState, w, h int) (p promptParts, ok bool) {
	if p.inner, p.room, ok = boxRoom(w, h, promptWidth(s)); !ok {
		return p, false
	}
	p.answer = t.promptAnswer(s, p.inner)
	p.answer = p.answer[max(0, len(p.answer)-p.room):] // the end is where it is given
	p.more, p.warn = t.promptFacts(s, p.inner)
	if s.More != "" {
		p.more = append(p.more, t.paragraph(Plain, Clean(s.More), p.inner)...)
	}
	if s.Command != "" { // half a command is another command; of many it shows one, and gives way to names
		command := t.paragraph(Dim, Clean(s.Command), p.inner)
		if len(p.more)+len(command)+len(p.answer)+min(5, len(s.Targets)) <= p.room {
			p.more = append(p.more, command...)
		}
	}
	// Targets give way: the answer has to be on screen.
	p.fit = max(1, p.room-len(p.more)-len(p.answer))
	return p, true
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

// promptFacts are the rows of what goes with the answer, and how many there are up to
// the last that speaks against a yes.
func (t *Theme) promptFacts(s *PromptState, inner int) (rows []string, warn int) {
	name := 0
	for _, f := range s.Facts {
		name = max(name, Width(Clean(f.Name)))
	}
	for _, f := range s.Facts {
		role := Plain
		if f.Warn {
			role = Warn
		}
		if inner < 2*name {
			rows = append(rows, t.paragraph(role, Clean(f.Name)+": "+Clean(f.Text), inner)...)
			if f.Warn {
				warn = len(rows)
			}
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
		if f.Warn {
			warn = len(rows)
		}
	}
	return rows, warn
}

// promptTargets lists what the answer would act on, in at most n rows.
func (t *Theme) promptTargets(s *PromptState, inner, n int) []string {
	var rows []string
	top := promptTop(s, s.Top, n)
	names := 0 // of several, what becomes of them stands in a column
	for _, tg := range s.Targets {
		if len(s.Targets) > 1 {
			names = min(max(names, Width(Clean(tg.Name))), inner/2)
		}
	}
	for i, tg := range s.Targets[top:] {
		if len(s.Targets) > n && len(rows) == n-1 {
			return append(rows, t.row(Dim, promptPlace(s, top, top+i), inner))
		}
		l := t.newLine(inner)
		state, role := stateWord(tg.State), stateRole(tg.State)
		if tg.As != "" {
			state, role = Clean(tg.As), Dim
		}
		if tg.Skip != "" {
			l.add(Dim, Clean(tg.Name))
			l.to(names)
			l.add(Dim, "  left out: "+Clean(tg.Skip))
		} else {
			l.add(Strong, t.Cut(Clean(tg.Name), max(1, inner-Width(state)-2)))
			l.to(names)
			l.gap(2)
			l.add(role, state)
			if tg.With != "" {
				l.gap(2)
				l.add(Dim, Clean(tg.With))
			}
		}
		rows = append(rows, l.String())
	}
	if len(s.Targets) > n { // the end of them
		rows = append(rows, t.row(Dim, promptPlace(s, top, len(s.Targets)), inner))
	}
	return rows
}

// promptPlace says which of the targets are shown, how many of them all are
// left out, and what shows the others.
func promptPlace(s *PromptState, from, to int) string {
	words := strconv.Itoa(from+1) + "-" + strconv.Itoa(to) + " of " + strconv.Itoa(len(s.Targets))
	if from == to { // there is no room for one
		words = strconv.Itoa(len(s.Targets)) + " in all"
	}
	out := 0
	for i := range s.Targets {
		if s.Targets[i].Skip != "" {
			out++
		}
	}
	if out > 0 {
		words += ", " + strconv.Itoa(out) + " left out"
	}
	if from == to {
		return words
	}
	if s.Kind == AskWhich { // up and down choose there
		return words + ": pgup, pgdn"
	}
	return words + ": up, down"
}

// promptAnswer are the rows in which the answer is given.
func (t *Theme) promptAnswer(s *PromptState, inner int) []string {
	rows := []string{}
	switch s.Kind {
	case AskWhich:
		for i, c := range s.Choices {
			l := t.newLine(inner)
			l.hit(0, inner, Zone{Kind: KeyZone, Word: strconv.Itoa(i + 1)})
			if i == s.Cursor {
				l.whole(Cursor)
			}
			l.add(Key, strconv.Itoa(i+1))
			l.add(Plain, " "+Clean(c))
			rows = append(rows, l.String())
		}
	case AskTyped:
		l := t.newLine(inner)
		if want := Clean(s.Want); Width(want) < inner/2 {
			l.add(Plain, "type ")
			l.add(Strong, want)
			l.add(Plain, ": ")
		} else { // it is shown whole, and so is what is typed as far as there is room
			rows = append(rows, t.row(Plain, "type", inner))
			rows = append(rows, t.paragraph(Strong, want, inner)...)
		}
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
