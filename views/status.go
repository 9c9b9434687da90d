package views

import (
	"strconv"

	"lxcdeck/keymap"
)

// Status paints the bottom of the screen: a row of hints, whose place a notice,
// a running job or the filter being typed takes; with two rows these stand
// above the hints.
func (t *Theme) Status(s *StatusState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	if h == 1 {
		if t.statusSays(s) {
			return Block{t.statusRow(s, w)}
		}
		return Block{t.hintRow(s, s.Left, w)}
	}
	return exactly([]string{t.statusRow(s, w), t.hintRow(s, "", w)}, w, h)
}

// statusSays is whether there is something that goes before hints.
func (t *Theme) statusSays(s *StatusState) bool {
	return s.Notice != nil || s.Job != nil || s.Typing
}

func (t *Theme) statusRow(s *StatusState, w int) string {
	switch {
	case s.Typing:
		return t.filterRow(s, w)
	case s.Notice != nil:
		return t.noticeRow(s.Notice, w)
	case s.Job != nil:
		return t.jobRow(s, w)
	}
	l := t.newLine(w)
	l.addPieces(t.statusFacts(s), 2)
	return l.String()
}

// statusFacts is what the row tells in calm times, but for the marks, which the
// hints below never leave out.
func (t *Theme) statusFacts(s *StatusState) []piece {
	var out []piece
	if s.Left != "" {
		out = append(out, text(1, Dim, Clean(s.Left)))
	}
	if s.Filter != "" {
		out = append(out, piece{0, []span{{Key, "/"}, {Input, Clean(s.Filter)}, {Dim, " " + strconv.Itoa(s.Shown) + " of " + strconv.Itoa(s.Total)}}})
	}
	if s.NoConfig > 0 {
		out = append(out, text(2, Dim, plural(s.NoConfig, "directory", "directories")+" without config"))
	}
	return out
}

// filterWords is what can be typed into an empty filter.
const filterWords = "text  !not  state:run  group:web  ip:10.  mem>1g  cpu>50"

// filterRow is the filter being typed. On its right stands what came of it: how
// many are left, or why a word does not count; and before anything was typed,
// what there is to type.
func (t *Theme) filterRow(s *StatusState, w int) string {
	right, role := strconv.Itoa(s.Shown)+" of "+strconv.Itoa(s.Total)+"  enter keeps  esc clears", Dim
	switch {
	case s.Wrong != "":
		right, role = t.Cut(Clean(s.Wrong), w*3/5), Warn
	case s.Filter == "" && Width(filterWords) <= w-10:
		right = filterWords
	case w < narrowW:
		right = strconv.Itoa(s.Shown) + "/" + strconv.Itoa(s.Total)
	}
	room := w - Width(right) - 2
	if room < 8 {
		return t.typed("/", s.Filter, s.Behind, w)
	}
	return t.typed("/", s.Filter, s.Behind, room) + "  " + t.row(role, right, Width(right))
}

func (t *Theme) noticeRow(n *NoticeState, w int) string {
	l := t.newLine(w)
	role, lead := levelWord(n.Level)
	words, hint := lead+Clean(n.Text), Clean(n.Hint)
	more := ""
	if n.More > 0 {
		more = " (+" + strconv.Itoa(n.More) + ")"
	}
	// What is cut off has to be found again: the key for that is never cut.
	all, act := "", ""
	if n.Act != "" && w >= 30 {
		act = "  " + n.Act + " " + n.Does
	}
	if need := Width(words) + Width(hint) + 2; n.Key != "" && need > w-Width(more)-Width(act) && w >= 30 {
		all = "  " + n.Key + " all"
	}
	l.w = max(0, w-Width(more)-Width(act)-Width(all))
	l.add(role, words)
	if hint != "" && l.left() > 12 {
		l.gap(2)
		l.add(Dim, hint)
	}
	l.w = w - Width(all) - Width(act)
	l.add(Dim, more)
	l.w = w - Width(all)
	if act != "" {
		l.gap(2)
		l.add(Key, n.Act)
		l.add(Dim, " "+n.Does)
	}
	l.w = w
	if all != "" {
		l.to(w - Width(all) + 2)
		l.add(Key, n.Key)
		l.add(Dim, " all")
	}
	return l.String()
}

// jobRow is the job that was asked for first: what, how far, since when.
func (t *Theme) jobRow(s *StatusState, w int) string {
	j := s.Job
	words := Clean(j.Text)
	if j.Ending {
		words = "cancelling: " + words
	}
	pieces := []piece{text(0, Notice, words)}
	share, ok := j.Progress.share()
	figures := Percent(100*share) + "%"
	if j.Total > 1 {
		share, ok, figures = float64(j.Done)/float64(j.Total), true, strconv.Itoa(j.Done)+"/"+strconv.Itoa(j.Total)
	}
	if ok {
		full, free := t.meter(share, 10)
		pieces = append(pieces, piece{2, []span{{Good, full}, {Dim, free}, {Plain, " " + figures}}})
	}
	if !j.Since.IsZero() {
		pieces = append(pieces, text(3, Dim, since(j.Since, s.Now)))
	}
	if j.Halt > 0 && !j.Ending {
		pieces = append(pieces, text(1, Warn, haltWords(j.Halt, w)))
	}
	if a := j.Progress.amount(); a != "" {
		pieces = append(pieces, text(6, Dim, a))
	}
	if j.Progress.Step != "" {
		pieces = append(pieces, text(7, Dim, Clean(j.Progress.Step)))
	}
	if j.More > 0 {
		pieces = append(pieces, text(4, Dim, plural(j.More, "more job", "more jobs")))
	}
	if j.Key != "" && !j.Ending {
		pieces = append(pieces, piece{1, []span{{Key, j.Key}, {Dim, " cancels"}}})
	}
	if j.Show != "" {
		pieces = append(pieces, piece{5, []span{{Key, j.Show}, {Dim, " shows"}}})
	}
	l := t.newLine(w)
	l.addPieces(pieces, 2)
	return l.String()
}

// hintRow is keys and what they do now, as many as fit, the first ones first;
// marks and a filter that is on stand on the right. Trouble has no other place
// where the hints are the only row: it takes theirs, but for the way to the help.
func (t *Theme) hintRow(s *StatusState, trouble string, w int) string {
	var left []piece
	if s.Prefixed != "" {
		left = append(left, text(0, Key, s.Prefixed))
	}
	for i, h := range s.Hints {
		drop := i + 2
		if h.ID == keymap.HelpKey {
			drop = 1 // who knows the way to the help finds the rest
		}
		left = append(left, piece{drop, []span{{Key, h.Key}, {Dim, " " + h.Text}}})
	}
	var right []piece
	if trouble != "" {
		right = append(right, text(0, Warn, t.Cut(Clean(trouble), max(w/3, w-len("? help")-4))))
	}
	if s.Marks > 0 {
		right = append(right, text(0, MarkedRow, strconv.Itoa(s.Marks)+" marked"))
	}
	if s.OnlyUp != "" {
		// Said, since a container that is stopped then goes from the list.
		right = append(right, piece{0, []span{{Key, s.OnlyUp}, {Dim, " running only"}}})
	}
	if s.Filter != "" {
		right = append(right, piece{0, []span{{Key, "/"}, {Input, t.Cut(Clean(s.Filter), 16)}}})
	}
	n := 0
	for _, p := range right {
		n += p.width() + 2
	}
	l := t.newLine(w)
	l.w = max(0, w-n)
	l.addPieces(left, 2)
	l.w = w
	l.to(w - n + 2)
	l.addPieces(right, 2)
	return l.String()
}
