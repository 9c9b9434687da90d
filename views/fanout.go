package views

import (
	"strconv"
	"strings"
	"time"
)

// FanGroup is the containers in which a command came to the same.
type FanGroup struct {
	Names  []string
	Status string // "exit status 1", "no answer"; "" = it went well
	Bad    bool
	Halted bool   // it was cancelled
	Output []byte // foreign text
	Cut    bool   // there was more
}

// FanOutState is one command in many containers.
type FanOutState struct {
	Command string
	Groups  []FanGroup
	Running []string // containers in which it runs
	Waiting []string // those in which it was not begun yet
	Total   int
	Took    time.Duration // so far, or to the end
	Over    bool
	Ending  bool   // it was cancelled; its end is awaited
	Hint    string // keys
	Offset  int    // first line drawn
}

// FanOut paints what a command came to in many containers, equal answers
// together, in exactly w x h cells.
func (t *Theme) FanOut(s *FanOutState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	body := t.fanRows(s, w)
	page := max(0, h-3)
	offset := min(max(s.Offset, 0), max(0, len(body)-page))
	title := t.newLine(w)
	title.fill(Dim, t.Glyphs.Rule, 2)
	title.gap(1)
	title.add(Strong, t.Cut(Clean(s.Command), max(1, w-4)))
	title.gap(1)
	title.fill(Dim, t.Glyphs.Rule, w)
	out := exactly(append([]string{title.String(), t.fanProgress(s, w)}, body[offset:]...), w, h)
	if h > 2 {
		out[h-1] = t.fanFoot(s, offset, page, len(body), w)
	}
	return out
}

// FanOutHeight is how many lines the answers take at a width; with h-3 of them
// on a screen of h rows, the rest is how far they can be scrolled.
func (t *Theme) FanOutHeight(s *FanOutState, w int) int {
	if w <= 0 {
		return 0
	}
	return len(t.fanRows(s, w))
}

// fanProgress is how far it is: how many have answered, in how many ways.
func (t *Theme) fanProgress(s *FanOutState, w int) string {
	l := t.newLine(w)
	done := s.Total - len(s.Waiting) - len(s.Running)
	if s.Over {
		l.add(Plain, plural(s.Total, "container", "containers")+", "+plural(len(s.Groups), "answer", "different answers")+", "+Age(s.Took))
		if n := s.count(func(g *FanGroup) bool { return g.Bad }); n > 0 {
			l.add(Plain, ", ")
			l.add(Bad, strconv.Itoa(n)+" failed")
		}
		if n := s.count(func(g *FanGroup) bool { return g.Halted }); n > 0 {
			l.add(Plain, ", ")
			l.add(Warn, strconv.Itoa(n)+" cancelled")
		}
		return l.String()
	}
	if s.Ending {
		l.add(Warn, "cancelling: ")
	}
	l.add(Notice, strconv.Itoa(done)+" of "+strconv.Itoa(s.Total)+" done, "+Age(s.Took))
	var where []string
	if len(s.Running) > 0 {
		where = append(where, "runs in "+Clean(strings.Join(s.Running, ", ")))
	}
	if len(s.Waiting) > 0 {
		where = append(where, "waits in "+Clean(strings.Join(s.Waiting, ", ")))
	}
	if len(where) > 0 {
		l.gap(2)
		l.add(Dim, t.Cut(strings.Join(where, "; "), max(1, l.left())))
	}
	return l.String()
}

// count is in how many containers the answer is of a kind.
func (s *FanOutState) count(kind func(*FanGroup) bool) (n int) {
	for i := range s.Groups {
		if kind(&s.Groups[i]) {
			n += len(s.Groups[i].Names)
		}
	}
	return n
}

// fanRows are the answers, each group below its containers.
func (t *Theme) fanRows(s *FanOutState, w int) []string {
	var rows []string
	for i := range s.Groups {
		g := &s.Groups[i]
		if i > 0 {
			rows = append(rows, t.row(Plain, "", w))
		}
		rows = append(rows, t.fanHead(g, w)...)
		text := strings.TrimRight(strings.ReplaceAll(string(g.Output), "\r\n", "\n"), "\n")
		switch {
		case text == "" && !g.Bad && !g.Halted:
			rows = append(rows, t.row(Dim, "  no output", w))
		case text != "":
			for line := range strings.SplitSeq(text, "\n") {
				for _, part := range wrap(Clean(strings.ReplaceAll(line, "\t", "    ")), max(1, w-2)) {
					rows = append(rows, t.row(Plain, "  "+part, w))
				}
			}
		}
		if g.Cut {
			rows = append(rows, t.row(Warn, "  the rest was not kept", w))
		}
	}
	return rows
}

// fanHead names the containers of a group and how the command ended there.
func (t *Theme) fanHead(g *FanGroup, w int) []string {
	var rows []string
	words := Clean(strings.Join(g.Names, "  "))
	if n := len(g.Names); n > 1 {
		words = strconv.Itoa(n) + ": " + words
	}
	for _, part := range wrap(words, w) {
		rows = append(rows, t.row(Strong, part, w))
	}
	if g.Status == "" {
		return rows
	}
	role := Dim
	switch {
	case g.Bad:
		role = Bad
	case g.Halted:
		role = Warn
	}
	return append(rows, t.paragraph(role, Clean(g.Status), w)...)
}

func (t *Theme) fanFoot(s *FanOutState, offset, page, total, w int) string {
	l := t.newLine(w)
	l.add(Dim, s.Hint)
	if total > page {
		last := min(offset+page, total)
		words := strconv.Itoa(offset+1) + "-" + strconv.Itoa(last) + " of " + strconv.Itoa(total)
		if l.left() > len(words)+2 {
			l.to(w - len(words))
			l.add(Dim, words)
		}
	}
	return l.String()
}
