package views

import "strconv"

// bareBannerW is the width below which a banner that has something to tell
// leaves out the word for what most of them are.
const bareBannerW = 50

// calm says that a banner has to tell whose the session is, and nothing else.
func (s *ShellState) calm() bool {
	return s.Half == 0 && s.Many == 0 && s.Scroll == nil && s.Err == "" && !s.Ended && !s.Opening && !s.Frozen && s.Say == nil && !s.Armed
}

// Banner paints the row above a shell: whose it is, what it says of itself,
// and the way out.
func (t *Theme) Banner(s *ShellState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	l := t.newLine(w)
	role := Dim
	switch {
	case s.Many > 0:
		role = Bad
	case s.Focused:
		role = Banner
	}
	l.fill(role, t.Glyphs.Rule, 2)
	l.gap(1)
	if s.Kind != "" && (w >= bareBannerW || s.Kind != "shell" || s.calm()) {
		l.add(role, s.Kind)
		l.gap(1)
	}
	if hint := t.shellHint(s, w-l.used-4); hint.width() > 0 {
		l.w = max(l.used, w-hint.width()-4) // the way out is never cut
		t.bannerWords(&l, s)
		l.w = w
		l.gap(1)
		l.fill(role, t.Glyphs.Rule, w-hint.width()-3)
		l.gap(1)
		for _, sp := range hint.spans {
			l.add(sp.role, sp.text)
		}
	} else {
		t.bannerWords(&l, s)
	}
	l.gap(1)
	l.fill(role, t.Glyphs.Rule, w)
	return exactly([]string{l.String()}, w, h)
}

// bannerWords are the container, the shell's number, its state and title.
func (t *Theme) bannerWords(l *line, s *ShellState) {
	l.add(Strong, t.cutName(Clean(s.Name), max(8, l.w/2)))
	if s.Label != "" {
		l.add(Dim, " "+Clean(s.Label))
	}
	if s.Count > 1 && s.Index > 0 {
		l.add(Dim, " "+strconv.Itoa(s.Index)+"/"+strconv.Itoa(s.Count))
	}
	if s.Half > 0 {
		l.add(Dim, " half "+strconv.Itoa(s.Half)+"/2")
	}
	if s.Record {
		l.add(Bad, " "+t.Glyphs.Dot+" REC")
	}
	switch {
	case s.Many > 0:
		l.add(Bad, " "+t.Glyphs.Dot+" TYPING INTO "+strconv.Itoa(s.Many)+" AT ONCE")
	case s.Scroll != nil:
		t.scrollWords(l, s.Scroll)
	case s.Err != "":
		l.add(Bad, " "+t.Glyphs.Dot+" failed")
	case s.Ended:
		l.add(Warn, " "+t.Glyphs.Dot+" ended")
	case s.Opening:
		l.add(Notice, " "+t.Glyphs.Dot+" opening")
	case s.Say != nil:
		role, _ := levelWord(s.Say.Level)
		l.add(role, " "+t.Glyphs.Dot+" "+Clean(s.Say.Text))
	case s.Frozen:
		l.add(Warn, " "+t.Glyphs.Dot+" frozen")
	case s.Title != "" && l.left() >= 12:
		l.add(Dim, " "+t.Glyphs.Dot+" "+Clean(s.Title))
	}
}

// scrollWords say where in the scrollback one is.
func (t *Theme) scrollWords(l *line, s *ScrollState) {
	dot := " " + t.Glyphs.Dot + " "
	// What came of the last key stands first: it is cut last.
	if s.Note != "" {
		l.add(Warn, dot+Clean(s.Note))
	}
	if s.Selecting != "" {
		l.add(Strong, dot+"selecting "+s.Selecting)
	}
	rest := []span{{Notice, dot + "line " + strconv.Itoa(s.At) + "/" + strconv.Itoa(s.Of)}}
	if s.New > 0 {
		rest = append(rest, span{Notice, dot + plural(s.New, "new line", "new lines")})
	}
	if s.Lost {
		rest = append(rest, span{Warn, dot + "older ones are gone"})
	}
	for _, sp := range rest {
		if Width(sp.text) > l.left() {
			break // whole or not at all
		}
		l.add(sp.role, sp.text)
	}
}

// shellHint is how to get out, or what may follow the prefix, in the room there
// is: hints are left out rather than cut.
func (t *Theme) shellHint(s *ShellState, room int) piece {
	switch {
	case s.Prefix == "":
		return piece{}
	case s.Armed:
		p := piece{spans: []span{{Key, s.Prefix}}}
		for _, h := range s.Hints {
			with := piece{spans: append(p.spans[:len(p.spans):len(p.spans)], span{Key, " " + h.Key}, span{Dim, " " + h.Text})}
			if with.width() > room {
				break
			}
			p = with
		}
		return p
	case s.Many > 0:
		return piece{spans: []span{{Key, s.Prefix}, {Dim, " stops"}}}
	case s.Scroll != nil:
		return piece{spans: []span{{Key, "q"}, {Dim, " back"}}}
	case s.Other:
		return piece{}
	case s.Ended || s.Err != "":
		key := "q"
		if !s.Focused { // in the list q would quit
			key = "esc"
		}
		return piece{spans: []span{{Key, key}, {Dim, " closes"}}}
	case s.Focused:
		return piece{spans: []span{{Key, s.Prefix + " d"}, {Dim, " leaves"}}}
	default:
		return piece{spans: []span{{Key, "tab"}, {Dim, " goes in"}}}
	}
}

// Shell paints the body of a shell: the emulator's rows as they are, and below
// the last of them how it ended.
func (t *Theme) Shell(s *ShellState, w, h int) Block {
	out := Fit(s.Body, w, h)
	if s.Scroll != nil {
		if h > 0 && s.Scroll.Prompt != "" {
			out[h-1] = fitRow(t.typed(s.Scroll.Prompt, s.Scroll.Typed, s.Scroll.Behind, w), w)
		}
		return out
	}
	end := t.shellEnd(s, w)
	if len(end) == 0 || h <= 0 {
		return out
	}
	end = end[:min(len(end), h)]
	at := min(usedRows(s.Body), h-len(end))
	// What was said last matters more than what was said first: an end that
	// does not fit below pushes the text up.
	if over := min(usedRows(s.Body), h) - at; over > 0 {
		out = append(append(Block{}, out[over:]...), exactly(nil, w, over)...)
	}
	copy(out[at:], end)
	return out
}

// shellEnd are the rows said about a shell that is over, or not there yet.
func (t *Theme) shellEnd(s *ShellState, w int) []string {
	var rows []string
	say := func(r Role, text string) {
		for _, part := range wrap(Clean(text), w) {
			l := t.newLine(w)
			l.add(r, part)
			rows = append(rows, l.String())
		}
	}
	switch {
	case s.Err != "":
		say(Bad, s.Err)
	case s.Ended:
		say(Warn, "[ended: "+s.Exit.String()+"]")
	case s.Opening:
		say(Dim, "opening a shell in "+s.Name+" ...")
	}
	if s.Notice != "" && (s.Opening || s.Ended || s.Err != "") {
		say(Dim, s.Notice)
	}
	return rows
}

// usedRows counts rows up to the last that is not blank.
func usedRows(body []string) int {
	for n := len(body); n > 0; n-- {
		if !blankRow(body[n-1]) {
			return n
		}
	}
	return 0
}

// blankRow says whether a row of an emulator shows nothing but blanks.
func blankRow(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == 0x1b:
			for i++; i < len(s) && (s[i] == '[' || s[i] < 0x40); i++ {
			}
		case c != ' ':
			return false
		}
	}
	return true
}
