package views

import (
	"strconv"
	"time"

	"lxcdeck/keymap"
)

// JobProgress is how far a job has come, as its Runtime tells.
type JobProgress struct {
	Step  string // what it does now; foreign text
	Done  uint64 // of Total
	Total uint64 // 0 = not known
	Unit  string // "" = bytes
	Lines int    // of output
}

// share is how much of it is done, from 0 to 1; ok is false when nobody knows.
func (p *JobProgress) share() (share float64, ok bool) {
	if p.Total == 0 {
		return 0, false
	}
	return min(1, float64(p.Done)/float64(p.Total)), true
}

// amount is the same as figures; "" = there are none.
func (p *JobProgress) amount() string {
	count, unit := Count, " "+Clean(p.Unit)
	if p.Unit == "" {
		count, unit = Bytes, ""
	}
	switch {
	case p.Total > 0:
		return count(p.Done) + " of " + count(p.Total) + unit
	case p.Done > 0:
		return count(p.Done) + unit
	case p.Lines > 0:
		return plural(p.Lines, "line", "lines")
	default:
		return ""
	}
}

// JobPart is a part of the list of jobs.
type JobPart uint8

// The parts, in the order in which they stand.
const (
	JobsNow     JobPart = iota // running and waiting
	JobsOver                   // over, in this session
	JobsEarlier                // records of the audit log
)

// title stands above a part.
func (p JobPart) title() string {
	return [...]string{"now", "this session", "earlier"}[p]
}

// JobMark says how a job is.
type JobMark uint8

// The marks.
const (
	JobWaits JobMark = iota
	JobRuns
	JobEnding // was cancelled; its end is awaited
	JobDone
	JobFailed
	JobCancelled
	JobLost // its end was never written
)

// over says whether there is nothing more to come.
func (m JobMark) over() bool { return m >= JobDone }

// JobItem is one job of the list.
type JobItem struct {
	Part     JobPart
	Mark     JobMark
	What     string        // "create web-9", "start 100 containers"
	Who      string        // JobsEarlier: who asked for it; foreign text
	At       time.Time     // when it was asked for
	Took     time.Duration // so far, or in all; negative = not known
	Progress JobProgress
	Halt     time.Duration // left of the time it gives for a graceful end; 0 = it gives none, or that is over
	Total    int           // of several targets; 0 or 1 = a single one
	Done     int           // of these, how many are over
	Bad      int           // and how many of those failed
	Result   string        // what went wrong, in full; foreign text
	Exit     string        // how a command ended that was run; "" = none was
	Command  string        // the equal lxc-* command; "" = there is none
}

// JobsState is the list of jobs, or of one job's targets.
type JobsState struct {
	Title  string
	Parts  bool // titles stand above the parts
	Items  []JobItem
	Cursor int
	Now    time.Time
	Note   string // what stands below the list, such as that more is being read
	Hints  []keymap.Hint
	Say    *NoticeState // above the hints; nil = nothing is told
}

// Jobs paints jobs and history in exactly w x h cells: a row for each, and
// below them what went wrong with the one under the cursor, in full.
func (t *Theme) Jobs(s *JobsState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	foot := t.jobDetail(s, w, max(0, min((h-2)/3, 8)))
	last := t.pageFoot(s.Say, s.Hints, w, h)
	places, at := jobPlaces(s)
	room := max(0, h-1-len(last)-len(foot))
	if s.Cursor == 0 {
		at = 0 // with the title above it
	}
	offset := Scroll(at, max(0, at-room/2), len(places), room)
	rows := []string{t.pageTitle(s.Title, t.jobPlace(s), w)}
	for _, i := range places[offset:min(len(places), offset+room)] {
		switch {
		case i >= 0:
			rows = append(rows, t.mark(t.jobItem(&s.Items[i], i == s.Cursor, s.Now, w), i, i == s.Cursor))
		case i == placeNote:
			rows = append(rows, t.row(Dim, Clean(s.Note), w))
		default:
			rows = append(rows, t.row(Header, JobPart(placeTitle-i).title(), w))
		}
	}
	for len(rows) < 1+room {
		rows = append(rows, blank(w))
	}
	rows = append(rows, foot...)
	return exactly(append(rows, last...), w, h)
}

func (t *Theme) jobPlace(s *JobsState) string {
	if len(s.Items) == 0 {
		return ""
	}
	return strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items))
}

// What stands in a row that is no item's: the note, or the title of a part,
// which counts down from placeTitle.
const (
	placeNote  = -1
	placeTitle = -2
)

// jobPlaces says what stands in each row of the list, and in which the cursor is.
func jobPlaces(s *JobsState) (places []int, at int) {
	for i := range s.Items {
		part := s.Items[i].Part
		if s.Parts && (i == 0 || s.Items[i-1].Part != part) {
			places = append(places, placeTitle-int(part))
		}
		if i == s.Cursor {
			at = len(places)
		}
		places = append(places, i)
	}
	if s.Note != "" {
		places = append(places, placeNote)
	}
	return places, at
}

// jobItem is one row: when, what, and how it goes or went.
func (t *Theme) jobItem(it *JobItem, here bool, now time.Time, w int) string {
	l := t.newLine(w)
	l.pointed(here)
	when, what := 12, max(14, min(34, w*2/5))
	switch {
	case w < narrowW:
		when = 0
	case w < 80:
		when = 8
	}
	if when > 0 {
		l.field(Dim, jobTime(it.At, now, when), when, false)
		l.gap(2)
	}
	l.field(Plain, t.cutName(Clean(it.What), what), what, false)
	l.gap(2)
	l.addPieces(t.jobPieces(it, w), 2)
	return l.String()
}

// jobTime is an instant in n cells; of another day than today its date counts.
func jobTime(at, now time.Time, n int) string {
	y, m, d := at.Date()
	ny, nm, nd := now.Date()
	switch {
	case at.IsZero():
		return Absent
	case y == ny && m == nm && d == nd:
		return at.Format("15:04:05")
	case y != ny:
		return at.Format("2006-01-02")[:min(n, 10)]
	case n < 12:
		return at.Format("Jan _2")
	default:
		return at.Format("Jan _2 15:04")
	}
}

// jobPieces say how a job goes, or how it went.
func (t *Theme) jobPieces(it *JobItem, w int) []piece {
	took := ""
	if it.Took >= 0 {
		if took = Age(it.Took); it.Mark.over() { // what goes on counts whole seconds
			took = Took(it.Took)
		}
	}
	var out []piece
	add := func(drop int, r Role, s string) {
		if s != "" {
			out = append(out, text(drop, r, s))
		}
	}
	after := func(word, before string) string {
		if took == "" {
			return word
		}
		return word + " " + before + " " + took
	}
	switch it.Mark {
	case JobWaits:
		add(0, Dim, "waits for its turn")
		return out
	case JobDone:
		add(0, Good, after("done", "in"))
	case JobFailed:
		add(0, Bad, after("failed", "after"))
	case JobCancelled:
		add(0, Warn, after("cancelled", "after"))
	case JobLost:
		add(0, Warn, "no end recorded yet")
	case JobEnding:
		add(0, Warn, "cancelling "+took)
	default:
		out = append(out, t.progressPieces(it)...)
		add(2, Dim, took)
	}
	if it.Exit != "" {
		add(0, Plain, Clean(it.Exit))
	}
	if it.Total > 1 {
		add(1, Plain, strconv.Itoa(it.Done)+"/"+strconv.Itoa(it.Total))
	}
	if it.Bad > 0 && it.Total > 1 {
		add(1, Bad, strconv.Itoa(it.Bad)+" failed")
	}
	if it.Who != "" {
		add(3, Dim, "by "+Clean(it.Who))
	}
	if !it.Mark.over() {
		if it.Halt > 0 {
			add(1, Warn, haltWords(it.Halt, w))
		}
		add(4, Dim, it.Progress.amount())
		add(5, Plain, Clean(it.Progress.Step))
		return out
	}
	if it.Mark == JobFailed && it.Result != "" {
		add(0, Plain, Clean(it.Result))
	}
	return out
}

// progressPieces are the bar and the percent of it.
func (t *Theme) progressPieces(it *JobItem) []piece {
	share, ok := it.Progress.share()
	if it.Total > 1 {
		share, ok = float64(it.Done)/float64(it.Total), true
	}
	if !ok {
		return []piece{text(0, Notice, "runs")}
	}
	full, free := t.meter(share, 10)
	return []piece{{0, []span{{Good, full}, {Dim, free}, {Plain, " " + Percent(100*share) + "%"}}}}
}

// haltWords say how long a container still has for its own end.
func haltWords(d time.Duration, w int) string {
	left := Age(d+time.Second-1) + " left"
	if w < narrowW {
		return left
	}
	return left + " to end by itself"
}

// Took is a duration as people say it: "340ms", "2.5s", "3m12s".
func Took(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d < time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// jobDetail is what went wrong with the job under the cursor, and the command
// that would do the same, in at most n rows.
func (t *Theme) jobDetail(s *JobsState, w, n int) []string {
	if n < 2 || s.Cursor >= len(s.Items) {
		return nil
	}
	it := &s.Items[s.Cursor]
	var rows []string
	if it.Result != "" && it.Mark.over() {
		rows = t.paragraph(Bad, Clean(it.Result), w)
	}
	if it.Command != "" {
		rows = append(rows, t.paragraph(Dim, Clean(it.Command), w)...)
	}
	if len(rows) == 0 {
		return nil
	}
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, w)
	return append([]string{l.String()}, rows[:min(len(rows), n-1)]...)
}

// pageTitle is the first row of what takes the whole screen.
func (t *Theme) pageTitle(title, right string, w int) string {
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, 2)
	l.gap(1)
	l.w = max(0, w-Width(right)-4)
	room := l.left()
	if right == "" { // else what stands there keeps its distance
		room--
	}
	l.add(Strong, t.Cut(Clean(title), max(1, room)))
	l.gap(1)
	l.fill(Dim, t.Glyphs.Rule, l.w)
	l.w = w
	if right != "" {
		l.gap(1)
		l.add(Dim, right)
		l.gap(1)
	}
	l.fill(Dim, t.Glyphs.Rule, w)
	return l.String()
}

// pageFoot is its last row, what keys do, and above it a notice. On a low screen
// the notice takes the only row.
func (t *Theme) pageFoot(say *NoticeState, hints []keymap.Hint, w, h int) []string {
	l := t.newLine(w)
	l.addPieces(hintPieces(hints), 2)
	return t.withNotice(say, l.String(), w, h)
}

// footBoth is the height from which on a notice and hints have a row each.
const footBoth = 8

// footRows is how many rows the foot of a page has.
func footRows(say *NoticeState, h int) int {
	switch {
	case h <= 1:
		return 0
	case say != nil && h >= footBoth:
		return 2
	default:
		return 1
	}
}

// notedRows is how many rows the end of a page with a note takes: the note, a notice,
// and what keys do.
func notedRows(note string, say *NoticeState, h int) int {
	if h <= 3 {
		return 0
	}
	n := footRows(say, h)
	if note != "" && h >= footBoth {
		n++
	}
	return n
}

// notedFoot is the end of a page with a note.
func (t *Theme) notedFoot(note string, say *NoticeState, hints []keymap.Hint, w, h int) []string {
	if h <= 3 {
		return nil
	}
	rows := t.pageFoot(say, hints, w, h)
	if note == "" || h < footBoth {
		return rows
	}
	return append([]string{t.row(Warn, Clean(note), w)}, rows...)
}

// withNotice puts a notice above the last row of a page, or in its place.
func (t *Theme) withNotice(say *NoticeState, row string, w, h int) []string {
	switch n := footRows(say, h); {
	case n == 0:
		return nil
	case say == nil:
		return []string{row}
	case n == 1:
		return []string{t.noticeRow(say, w)}
	default:
		return []string{t.noticeRow(say, w), row}
	}
}

// hintPieces are keys and what they do, the first ones kept longest.
func hintPieces(hints []keymap.Hint) []piece {
	out := make([]piece, 0, len(hints))
	for i, h := range hints {
		out = append(out, piece{i + 1, []span{{Key, h.Key}, {Dim, " " + h.Text}}})
	}
	return out
}
