package views

import (
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// Rule paints the row between list and detail, which is also the summary of
// the selected container when there is no detail: its name, what bites, its
// pid. On the right stand its place in the list and what concerns them all.
func (t *Theme) Rule(s *RuleState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	l := t.newLine(w)
	role := Dim
	if s.Focused {
		role = Banner
	}
	l.fill(role, t.Glyphs.Rule, 2)
	place, end := t.rulePlace(s, w)
	if s.Row != nil {
		l.gap(1)
		l.w = max(l.used, end-1)
		l.add(Strong, t.Cut(Clean(s.Row.C.Name), max(nameMin, w/3)))
		if facts := t.ruleFacts(s); len(facts) > 0 {
			l.add(Dim, ": ")
			l.addPieces(facts, 0)
		}
		l.w = w
		l.gap(1)
	}
	l.fill(role, t.Glyphs.Rule, end)
	if place != "" {
		l.gap(1)
		l.add(Dim, place)
		l.gap(1)
	}
	l.fill(role, t.Glyphs.Rule, w)
	return exactly([]string{l.String()}, w, h)
}

// rulePlace is the right end of the rule, and where the rule before it ends.
// Directories without config are told where they take no room from what bites.
func (t *Theme) rulePlace(s *RuleState, w int) (place string, end int) {
	var parts []string
	if s.Shells > 0 {
		parts = append(parts, plural(s.Shells, "shell", "shells"))
	}
	if s.At > 0 {
		parts = append(parts, strconv.Itoa(s.At)+"/"+strconv.Itoa(s.Of))
	}
	dot := " " + t.Glyphs.Dot + " "
	place = strings.Join(parts, dot)
	if s.NoConfig > 0 {
		lost := strings.Join(append([]string{strconv.Itoa(s.NoConfig) + " without config"}, parts...), dot)
		if w-Width(lost)-6 >= t.ruleWidth(s, w) {
			place = lost
		}
	}
	if place == "" {
		return "", w - 2
	}
	return place, w - Width(place) - 4
}

// ruleWidth is how many cells the summary would take.
func (t *Theme) ruleWidth(s *RuleState, w int) int {
	if s.Row == nil {
		return 0
	}
	n := 3 + Width(t.Cut(Clean(s.Row.C.Name), max(nameMin, w/3))) + 2
	for _, p := range t.ruleFacts(s) {
		n += p.width()
	}
	return n
}

// ruleFacts are the summary's parts, separated by the theme's dot.
func (t *Theme) ruleFacts(s *RuleState) []piece {
	var out []piece
	add := func(drop int, r Role, text string) {
		sp := []span{{r, text}}
		if len(out) > 0 {
			sp = []span{{Dim, " " + t.Glyphs.Dot + " "}, {r, text}}
		}
		out = append(out, piece{drop, sp})
	}
	c := s.Row.C
	if note, role, _ := t.rowNote(s.Row, s.Now); note != "" {
		add(0, role, note)
	} else {
		add(0, stateRole(c.State), stateWord(c.State))
	}
	if n := len(s.Row.Alerts); n > 0 {
		add(1, Bad, plural(n, "alert", "alerts"))
	}
	if c.Lock != nil {
		add(1, Warn, "locked")
	}
	for _, b := range bites(s.Row, s.Cores, s.Now) {
		rank := 3
		if b.role == Bad {
			rank = 2
		}
		add(rank, b.role, b.text)
	}
	if c.Manager != "" {
		add(3, Notice, "managed by "+Clean(c.Manager))
	}
	if c.InitPID > 0 {
		add(6, Dim, "pid "+strconv.Itoa(c.InitPID))
	}
	if len(c.IPs) > 1 {
		add(5, Dim, plural(len(c.IPs), "address", "addresses"))
	}
	return out
}

// stateWord is a state in running text.
func stateWord(s runtime.State) string {
	switch s {
	case runtime.Unknown:
		return "state not known"
	case runtime.Thawed:
		return "running"
	default:
		b := []byte(s.String())
		for i := range b {
			b[i] |= 0x20 // LXC's words are capital ASCII letters
		}
		return string(b)
	}
}
