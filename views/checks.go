package views

import (
	"slices"
	"strconv"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// CheckLine is one line of a look at the host: a sign and a word in their role,
// and plain text behind them. The text is clean.
type CheckLine struct {
	Role Role
	Word string // "! missing", padded; a whole heading; "" in lines that go on
	Text string
	Rest Role // of the text
}

const (
	// wordW is the column of the verdicts, with the sign before them.
	wordW = len("! optional")
	// whatW is the widest that what is checked may be before what was found goes
	// to a line of its own.
	whatW = 30
)

// CheckLines are the lines of checks by topic, wrapped to w cells; 0 = not at all.
func CheckLines(all []runtime.Check, w int) []CheckLine {
	beside := w == 0 || w >= narrowW
	column := 0
	for i := range all {
		if n := Width(Clean(all[i].What)); n <= whatW {
			column = max(column, n)
		}
	}
	if w > 0 {
		column = min(column, w/3)
	}
	var out []CheckLine
	for i := range all {
		if i == 0 || all[i].Topic != all[i-1].Topic {
			if i > 0 {
				out = append(out, CheckLine{})
			}
			out = append(out, CheckLine{Role: Header, Word: Clean(all[i].Topic)})
		}
		if beside {
			out = append(out, besideLines(&all[i], column, w)...)
		} else {
			out = append(out, belowLines(&all[i], w)...)
		}
	}
	return out
}

// besideLines have what was found beside what was checked, or below it where
// that takes the line for itself.
func besideLines(c *runtime.Check, column, w int) []CheckLine {
	const left = wordW + 2
	role, word := checkWord(c.Verdict)
	what, indent := Clean(c.What), left+column+2
	found := wrapIn(Clean(c.Found), w, indent)
	heads := wrapIn(what, w, left)
	if n := Width(what); n <= column && len(found) > 0 {
		heads = []string{what + blank(column-n) + "  " + found[0]}
		found = found[1:]
	}
	var out []CheckLine
	for i, p := range heads {
		if i == 0 {
			out = append(out, CheckLine{Role: role, Word: word, Text: "  " + p})
		} else {
			out = append(out, CheckLine{Text: blank(left) + p})
		}
	}
	for _, p := range found {
		out = append(out, CheckLine{Text: blank(indent) + p})
	}
	return append(out, adviceLines(c.Advice, left+2, w)...)
}

// belowLines are for narrow screens: what was found stands below, unless all of
// it has room in one line.
func belowLines(c *runtime.Check, w int) []CheckLine {
	const indent = 4
	role, word := checkWord(c.Verdict)
	if one := " " + Clean(c.What) + "  " + Clean(c.Found); c.Advice == "" && wordW+Width(one) <= w {
		return []CheckLine{{Role: role, Word: word, Text: one}}
	}
	var out []CheckLine
	for i, p := range wrapIn(Clean(c.What), w, wordW+1) {
		if i == 0 {
			out = append(out, CheckLine{Role: role, Word: word, Text: " " + p})
		} else {
			out = append(out, CheckLine{Text: blank(wordW+1) + p})
		}
	}
	for _, p := range wrapIn(Clean(c.Found), w, indent) {
		out = append(out, CheckLine{Text: blank(indent) + p})
	}
	return append(out, adviceLines(c.Advice, indent+2, w)...)
}

func adviceLines(advice string, indent, w int) []CheckLine {
	var out []CheckLine
	for _, p := range wrapIn(Clean(advice), w, indent) {
		out = append(out, CheckLine{Text: blank(indent) + p, Rest: Notice})
	}
	return out
}

// wrapIn wraps to what is left of w behind an indent; w 0 = one line.
func wrapIn(s string, w, indent int) []string {
	if s == "" {
		return nil
	}
	if w == 0 {
		return []string{s}
	}
	return wrap(s, max(1, w-indent))
}

// checkWord is a verdict as sign and word, so that it needs no colour.
func checkWord(v runtime.Verdict) (Role, string) {
	role, sign := Good, " "
	switch v {
	case runtime.CheckOptional:
		role, sign = Warn, "-"
	case runtime.CheckBad:
		role, sign = Bad, "!"
	case runtime.CheckUnknown:
		role, sign = Notice, "?"
	}
	word := sign + " " + v.String()
	return role, word + blank(wordW-len(word))
}

// CheckSum sums checks up: "1 missing, 4 optional, 38 ok".
func CheckSum(all []runtime.Check) string {
	n := runtime.CountVerdicts(all)
	var parts []string
	for _, v := range []runtime.Verdict{runtime.CheckBad, runtime.CheckOptional, runtime.CheckUnknown, runtime.CheckGood} {
		if n[v] > 0 {
			parts = append(parts, strconv.Itoa(n[v])+" "+v.String())
		}
	}
	return strings.Join(parts, ", ")
}

// ChecksState is a look at the host.
type ChecksState struct {
	Title   string
	Checks  []runtime.Check
	Loading bool
	Err     string // what cut the look short
	Offset  int    // first line drawn
	Hints   []keymap.Hint
	Say     *NoticeState
}

// Checks paints a look at the host in exactly w x h cells.
func (t *Theme) Checks(s *ChecksState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	body := t.checkRows(s, w)
	foot := footRows(s.Say, h)
	page := max(0, h-1-foot)
	offset := min(max(s.Offset, 0), max(0, len(body)-page))
	place := CheckSum(s.Checks)
	if Width(place)+20 > w { // then the worst alone
		place, _, _ = strings.Cut(place, ",")
	}
	if s.Loading {
		place = "looking ..."
	}
	rows := append([]string{t.pageTitle(Clean(s.Title), place, w)}, body[offset:]...)
	out := exactly(rows, w, h)
	if foot > 0 {
		hints := s.Hints
		if rest := len(body) - page - offset; rest > 0 {
			hints = slices.Insert(slices.Clone(hints), min(1, len(hints)), keymap.Hint{Key: "j k", Text: "scroll, " + plural(rest, "more line", "more lines")})
		}
		copy(out[h-foot:], t.pageFoot(s.Say, hints, w, h))
	}
	return out
}

// ChecksHeight is how many lines there are at a width; h-2 of them are on a
// screen of h rows.
func (t *Theme) ChecksHeight(s *ChecksState, w int) int {
	if w <= 0 {
		return 0
	}
	return len(t.checkRows(s, w))
}

// ChecksNext is the first line after from, or with a negative way the last before
// it, of a check that is not good; from itself if there is none.
func (t *Theme) ChecksNext(s *ChecksState, w, from, way int) int {
	if w <= 0 {
		return from
	}
	lines := CheckLines(s.Checks, w)
	above := len(t.checkRows(s, w)) - len(lines) // an error
	for i := from + way; i >= above && i < above+len(lines); i += way {
		if word := lines[i-above].Word; word != "" && strings.IndexByte("!-?", word[0]) >= 0 {
			return i
		}
	}
	return from
}

func (t *Theme) checkRows(s *ChecksState, w int) []string {
	var rows []string
	if s.Err != "" {
		rows = append(rows, t.paragraph(Bad, Clean(s.Err), w)...)
		rows = append(rows, blank(w))
	}
	if len(s.Checks) == 0 && s.Loading {
		return append(rows, t.row(Dim, "looking at kernel, cgroups, LXC and this user ...", w))
	}
	for _, c := range CheckLines(s.Checks, w) {
		l := t.newLine(w)
		l.add(c.Role, c.Word)
		l.add(c.Rest, c.Text)
		rows = append(rows, l.String())
	}
	return rows
}
