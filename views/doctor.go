package views

import (
	"slices"
	"strings"

	"lxcdeck/keymap"
)

// DoctorState explains why a container did not start.
type DoctorState struct {
	Name    string
	Failed  string // the error of the start; foreign text
	Loading bool
	Err     string   // why it could not be explained
	Cause   string   // in plain words; "" = not known
	Detail  []string // what was looked at and found
	Advice  string
	Log     []string // liblxc's own ERROR lines: foreign text
	Fix     string   // title of the step that is offered; "" = none
	FixKey  string   // the key that takes it
	Command string   // what it runs
	Offset  int      // first line drawn
	Hints   []keymap.Hint
	Say     *NoticeState
}

// Doctor paints the cause of a failed start in exactly w x h cells.
func (t *Theme) Doctor(s *DoctorState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	body := t.doctorRows(s, w)
	page := t.DoctorPage(s, h)
	offset := min(max(s.Offset, 0), max(0, len(body)-page))
	rows := append([]string{t.pageTitle("Why "+s.Name+" did not start", "", w)}, body[offset:]...)
	out := exactly(rows, w, h)
	hints := s.Hints
	if rest := len(body) - page - offset; rest > 0 {
		hints = append(slices.Clone(hints), keymap.Hint{Key: "j k", Text: "scroll, " + plural(rest, "more line", "more lines")})
	}
	last := t.pageFoot(s.Say, hints, w, h)
	copy(out[h-len(last):], last)
	return out
}

// DoctorPage is how many lines are on a screen of h rows.
func (t *Theme) DoctorPage(s *DoctorState, h int) int { return max(0, h-1-footRows(s.Say, h)) }

// DoctorHeight is how many lines there are at a width.
func (t *Theme) DoctorHeight(s *DoctorState, w int) int {
	if w <= 0 {
		return 0
	}
	return len(t.doctorRows(s, w))
}

func (t *Theme) doctorRows(s *DoctorState, w int) []string {
	var rows []string
	part := func(title string, r Role, texts ...string) {
		n := len(rows)
		for _, x := range texts {
			if strings.TrimSpace(x) != "" {
				rows = append(rows, t.paragraph(r, Clean(x), w)...)
			}
		}
		if len(rows) == n {
			return
		}
		head := []string{t.row(Header, title, w)}
		if n > 0 {
			head = append([]string{blank(w)}, head...)
		}
		rows = append(rows[:n:n], append(head, rows[n:]...)...)
	}
	switch {
	case s.Loading:
		part("cause", Notice, "looking for it ...")
	case s.Err != "":
		part("cause", Bad, "not found: "+s.Err)
	case s.Cause == "":
		part("cause", Warn, "it is none of the known ones: liblxc's own words are all there is")
	default:
		part("cause", Strong, s.Cause)
	}
	part("what to do", Plain, s.Advice)
	if s.Fix != "" {
		part(s.FixKey+" does it", Good, s.Fix, s.Command)
	}
	part("found", Plain, s.Detail...)
	part("the error", Dim, s.Failed)
	part("liblxc's log", Dim, s.Log...)
	return rows
}
