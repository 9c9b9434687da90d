package views

import (
	"regexp"
	"strconv"
	"time"

	"lxcdeck/keymap"
)

// OutputState is what a job has written, while it is read.
type OutputState struct {
	Item    JobItem
	Now     time.Time
	Lines   []string       // those on screen: foreign text
	First   int            // number of the first of them, from 1
	Total   int            // lines there were, the dropped ones included
	Dropped int            // lines that had to go, to keep within memory
	Left    int            // cells left of the screen
	Match   *regexp.Regexp // what was searched for, in clean text; nil = nothing
	Follow  bool           // new lines are shown as they come
	Below   int            // lines below the screen
	Empty   string         // why there is no line
	Prompt  bool           // what to search for is typed
	Typed   string
	Behind  int    // characters of Typed behind the cursor
	Note    string // what the last key came to
	Hints   []keymap.Hint
	Say     *NoticeState
}

// Output paints what a job has written in exactly w x h cells, below how it
// goes.
func (t *Theme) Output(s *OutputState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	rows := append([]string{t.pageTitle(s.Item.What, outputPlace(s), w)}, t.outputHead(s, w, h)...)
	page := t.OutputPage(s, w, h)
	for i := range page {
		if i < len(s.Lines) {
			rows = append(rows, t.outputLine(s, s.Lines[i], w))
		} else {
			rows = append(rows, blank(w))
		}
	}
	if page > 0 && len(s.Lines) == 0 {
		rows[len(rows)-page] = t.row(Dim, s.Empty, w)
	}
	last := t.withNotice(s.Say, t.outputFoot(s, w), w, h)
	return exactly(append(rows[:min(len(rows), h-len(last))], last...), w, h)
}

// OutputPage is how many lines of output are on a screen of w x h cells.
func (t *Theme) OutputPage(s *OutputState, w, h int) int {
	return max(0, h-1-footRows(s.Say, h)-len(t.outputHead(s, w, h)))
}

// outputHead is how the job goes, what went wrong, and the equal command, in
// at most half of the screen.
func (t *Theme) outputHead(s *OutputState, w, h int) []string {
	l := t.newLine(w)
	l.addPieces(t.jobPieces(&JobItem{
		Mark: s.Item.Mark, Took: s.Item.Took, Progress: s.Item.Progress, Halt: s.Item.Halt, Who: s.Item.Who,
		Exit: s.Item.Exit,
	}, w), 2)
	rows := []string{l.String()}
	if s.Item.Result != "" && s.Item.Mark.over() {
		rows = append(rows, t.paragraph(Bad, Clean(s.Item.Result), w)...)
	}
	if s.Item.Command != "" && h >= 15 {
		rows = append(rows, t.row(Dim, Clean(s.Item.Command), w))
	}
	if s.Dropped > 0 {
		rows = append(rows, t.row(Warn, plural(s.Dropped, "older line", "older lines")+" had to go, to keep within memory", w))
	}
	return rows[:min(len(rows), max(1, h/2-1))]
}

func outputPlace(s *OutputState) string {
	if len(s.Lines) == 0 {
		return ""
	}
	return strconv.Itoa(s.First) + "-" + strconv.Itoa(s.First+len(s.Lines)-1) + "/" + strconv.Itoa(s.Total)
}

// outputLine is one line from its cell Left on, with what was searched for set
// off.
func (t *Theme) outputLine(s *OutputState, line string, w int) string {
	const most = 100 // hits of one line that are shown
	clean := Clean(line)
	l := t.newLine(w)
	skip, at := s.Left, 0
	add := func(r Role, part string) {
		for skip > 0 && part != "" {
			head := cells(part, skip)
			if head == "" { // a wide character across the edge
				head = cells(part, skip+1)
			}
			if head == "" {
				return
			}
			skip, part = max(0, skip-Width(head)), part[len(head):]
		}
		l.add(r, part)
	}
	if s.Match != nil {
		for _, hit := range s.Match.FindAllStringIndex(clean, most) {
			if hit[0] == hit[1] {
				continue
			}
			add(Plain, clean[at:hit[0]])
			add(CursorBlur, clean[hit[0]:hit[1]])
			at = hit[1]
		}
	}
	add(Plain, clean[at:])
	return l.String()
}

func (t *Theme) outputFoot(s *OutputState, w int) string {
	if s.Prompt {
		return t.typed("/", s.Typed, s.Behind, w)
	}
	l := t.newLine(w)
	var pieces []piece
	switch {
	case s.Note != "":
		pieces = append(pieces, text(0, Warn, Clean(s.Note)))
	case s.Below > 0:
		pieces = append(pieces, piece{0, []span{{Notice, plural(s.Below, "line", "lines") + " below: "}, {Key, "G"}, {Dim, " follows"}}})
	case s.Follow && !s.Item.Mark.over():
		pieces = append(pieces, text(0, Notice, "follows"))
	}
	l.addPieces(append(pieces, hintPieces(s.Hints)...), 2)
	return l.String()
}
