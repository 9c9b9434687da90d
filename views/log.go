package views

import (
	"strconv"
	"strings"
	"time"

	"lxcdeck/keymap"
)

// LogLevel is how grave a line is.
type LogLevel uint8

// The levels. A line that does not say is NoLogLevel.
const (
	NoLogLevel LogLevel = iota
	LogTrace
	LogDebug
	LogInfo
	LogWarn
	LogError
)

// LogRow is a row of a log's text, laid out for the width that LogWidth gives.
type LogRow struct {
	Bits  []LogBit
	Level LogLevel
	From  int  // index in LogState.Names
	Goes  bool // it goes on with the line of the row above
	Found bool // it is of the line that was found last
}

// LogState is a log, or several by time, while they are read, and the list of those
// there are.
type LogState struct {
	Title  string   // whose, foreign text
	Source string   // which, foreign text; "" = none is open
	Names  []string // whose the lines are, where there are several; foreign text
	Rows   []LogRow
	Stands bool  // the first row is the first one to be shown, else the last is the last
	At     int64 // bytes of Size before the first row
	Size   int64
	Waits  int64         // lines that came while it stands; negative = at least as many
	Follow bool          // new lines are shown as they come
	Filter string        // what is left out and what is not, in words; "" = nothing is
	Busy   time.Duration // how long a search is under way; 0 = none is
	Doing  string        // what that is: "searches"
	Done   float64       // which share of it is done, 0 to 1
	Empty  string        // why there is no row
	Prompt string        // what stands before what is typed; "" = nothing is typed
	Typed  string
	Behind int    // characters of Typed behind the cursor
	Note   string // what the last key came to
	Warn   string // what has become of the file
	List   LogListState
	Hints  []keymap.Hint
	Say    *NoticeState
}

// LogListState is the list of logs.
type LogListState struct {
	Items  []LogItem
	Cursor int
	Offset int
	Empty  string // why there is no item; "" = nothing is said of it
	Focus  bool   // keys go to it: on narrow screens it is shown in the text's place
}

// LogItem is a log in the list.
type LogItem struct {
	Name string // foreign text
	Path string // where there is room for it, foreign text; "" = the name is one
	Size string // "" = not known
	Age  string // since it was written to; "" = not known
	Why  string // why it cannot be read, foreign text; "" = it can
	Open bool   // it is the one that is shown
}

const (
	// logMarks is the width of what stands before a line: its level's letter and the
	// sign of what was found.
	logMarks = 2
	// logBeside is from which width on the list stands beside the text, and logColumn
	// how wide it is at most.
	logBeside, logColumn = 120, 44
	// logName is the room for the name of a container, where there are several.
	logName = 16
	// logKind is the room for what a log is before its path.
	logKind = 9
)

// LogBeside says whether the list of logs stands beside the text.
func LogBeside(w int) bool { return w >= logBeside }

// logListWidth is how wide the list beside the text is; 0 = there is none.
func logListWidth(w int) int {
	if !LogBeside(w) {
		return 0
	}
	return min(logColumn, w/4)
}

// logNameWidth is the width of the names before lines, without the blank behind.
func logNameWidth(names []string, w int) int {
	widest := 0
	for _, n := range names {
		widest = max(widest, Width(Clean(n)))
	}
	return min(widest, logName, max(1, w/4))
}

// LogWidth is how many cells a row's text has on a screen of w cells.
func LogWidth(names []string, w int) int {
	if list := logListWidth(w); list > 0 {
		w -= list + 1
	}
	w -= logMarks
	if len(names) > 0 {
		w -= logNameWidth(names, w) + 1
	}
	return max(1, w)
}

// LogPage is how many rows of text, or of the list, are on a screen of h rows.
func (t *Theme) LogPage(s *LogState, h int) int {
	page := h - 1 - footRows(s.Say, h)
	if s.Filter != "" {
		page--
	}
	return max(0, page)
}

// Log paints the view in exactly w x h cells.
func (t *Theme) Log(s *LogState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	title := Clean(s.Title)
	if s.Source != "" {
		title += ": " + Clean(s.Source)
	}
	rows := []string{t.pageTitle(title, t.logPlace(s), w)}
	if s.Filter != "" {
		rows = append(rows, t.row(Notice, Clean(s.Filter), w))
	}
	page := t.LogPage(s, h)
	switch list := logListWidth(w); {
	case list > 0:
		left, right := t.logList(&s.List, list, page), t.logText(s, w-list-1, page)
		for i := range page {
			rows = append(rows, left[i]+t.Paint(Dim, t.Glyphs.Bar)+right[i])
		}
	case s.List.Focus:
		rows = append(rows, t.logList(&s.List, w, page)...)
	default:
		rows = append(rows, t.logText(s, w, page)...)
	}
	last := t.withNotice(s.Say, t.logFoot(s, w), w, h)
	return exactly(append(rows[:max(0, min(len(rows), h-len(last)))], last...), w, h)
}

// logPlace is how far into the log the screen is.
func (t *Theme) logPlace(s *LogState) string {
	switch size := Bytes(uint64(max(0, s.Size))); {
	case s.Source == "" || s.Size <= 0:
		return ""
	case s.Follow:
		return size
	default:
		return strconv.FormatInt(min(s.At, s.Size)*100/s.Size, 10) + "% of " + size
	}
}

// logText are the rows of the text, page of them.
func (t *Theme) logText(s *LogState, w, page int) []string {
	rows := make([]string, 0, page)
	shown := s.Rows
	switch {
	case len(shown) == 0 && page > 0:
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-logMarks)) {
			rows = append(rows, fitRow(blank(min(w, logMarks))+row, w))
		}
		rows = rows[:min(len(rows), page)]
	case len(shown) > page && s.Stands:
		shown = shown[:page]
	case len(shown) > page: // the last are the newest
		shown = shown[len(shown)-page:]
	}
	names := 0
	if len(s.Names) > 0 {
		names = logNameWidth(s.Names, w-logMarks)
	}
	for i := range shown {
		rows = append(rows, t.logRow(s, &shown[i], names, w))
	}
	for len(rows) < page {
		rows = append(rows, blank(w))
	}
	return rows
}

// logLook is how a level is painted, and its letter.
func logLook(v LogLevel) (letter string, role Role) {
	switch v {
	case LogTrace:
		return "T", Dim
	case LogDebug:
		return "D", Dim
	case LogInfo:
		return "I", Plain
	case LogWarn:
		return "W", Warn
	case LogError:
		return "E", Grave
	default:
		return " ", Plain
	}
}

// logNameRole is the colour of a container's lines among those of others.
func logNameRole(i int) Role {
	all := [...]Role{GraphCPU, GraphMem, GraphNet, GraphIO, Key, MarkedRow}
	return all[i%len(all)]
}

func (t *Theme) logRow(s *LogState, r *LogRow, names, w int) string {
	l := t.newLine(w)
	letter, role := logLook(r.Level)
	sign := " "
	if r.Found && !r.Goes {
		sign = t.Glyphs.Cursor
	}
	switch {
	case r.Goes:
		l.gap(1)
	case r.Level == LogError:
		l.add(Bad, letter)
	default:
		l.add(role, letter)
	}
	l.add(Key, sign)
	if names > 0 {
		name := ""
		if !r.Goes && r.From < len(s.Names) {
			name = t.cutName(Clean(s.Names[r.From]), names)
		}
		l.field(logNameRole(r.From), name, names, false)
		l.gap(1)
	}
	for _, b := range r.Bits {
		switch b.Kind {
		case LogHit:
			as := Badge
			if r.Found {
				as = Cursor
			}
			l.add(as, b.Text)
		case LogNote:
			l.add(Dim, b.Text)
		case LogCut:
			l.add(Dim, t.Glyphs.Ellipsis)
		default:
			l.add(role, b.Text)
		}
	}
	return l.String()
}

// logList paints the list of logs in w x h cells.
func (t *Theme) logList(s *LogListState, w, h int) []string {
	rows := make([]string, 0, h)
	top := Scroll(s.Cursor, s.Offset, len(s.Items), h)
	widest := 0
	for i := range s.Items {
		widest = max(widest, Width(s.Items[i].label(w)))
	}
	for i := top; i < len(s.Items) && len(rows) < h; i++ {
		rows = append(rows, t.mark(t.logItem(s, i, widest, w), i, i == s.Cursor))
	}
	if len(s.Items) == 0 && s.Empty != "" && h > 0 {
		rows = append(rows, t.row(Dim, "  "+s.Empty, w))
	}
	for len(rows) < h {
		rows = append(rows, blank(w))
	}
	return rows
}

// label is what a log is called in a list of w cells.
func (it *LogItem) label(w int) string {
	name := Clean(it.Name)
	if w <= logColumn { // most of them begin so
		name = strings.TrimPrefix(name, "/var/log/")
	}
	if it.Path == "" || w < logBeside/2 {
		return name
	}
	return name + blank(max(1, logKind-Width(name))) + Clean(it.Path)
}

func (t *Theme) logItem(s *LogListState, i, widest, w int) string {
	const figures = 6 + 1 + 4 // of size and age
	it := &s.Items[i]
	l := t.newLine(w)
	sign, role := " ", Plain
	switch {
	case i == s.Cursor && s.Focus:
		l.whole(Cursor)
		sign = t.Glyphs.Cursor
	case it.Open:
		sign, role = t.Glyphs.Cursor, CursorBlur
	case it.Why != "":
		role = Idle
	}
	l.add(Key, sign)
	l.gap(1)
	room := max(1, w-2-2-figures)
	if w >= logBeside/2 {
		room = min(room, max(widest, 12))
	}
	l.field(role, t.cutName(it.label(w), room), room, false)
	l.gap(2)
	if it.Why != "" {
		why := Clean(it.Why)
		if w <= logColumn && Width(why) > l.left() { // the foot has it whole
			why = "not read"
		}
		l.add(Warn, why)
		return l.String()
	}
	l.field(Dim, it.Size, 6, true)
	l.gap(1)
	l.field(Dim, it.Age, 4, true)
	return l.String()
}

// logFoot is the last row: what is typed, or what the log does and what keys do.
func (t *Theme) logFoot(s *LogState, w int) string {
	if s.Prompt != "" {
		return t.typed(s.Prompt, s.Typed, s.Behind, w)
	}
	l := t.newLine(w)
	var pieces []piece
	switch {
	case s.Busy > 0:
		share := strconv.Itoa(int(max(0, min(s.Done, 1))*100)) + "%"
		pieces = append(pieces, text(0, Notice, s.Doing+" "+share+", "+Interval(s.Busy.Round(time.Second))), piece{0, []span{{Key, "esc"}, {Dim, " ends it"}}})
	case s.Note != "":
		pieces = append(pieces, text(0, Warn, Clean(s.Note)))
	case s.List.Focus && s.List.Cursor >= 0 && s.List.Cursor < len(s.List.Items) && s.List.Items[s.List.Cursor].Why != "":
		pieces = append(pieces, text(0, Warn, Clean(s.List.Items[s.List.Cursor].Why)))
	}
	if s.Warn != "" && s.Busy == 0 {
		pieces = append(pieces, text(0, Warn, Clean(s.Warn)))
	}
	switch {
	case s.Source == "" || s.List.Focus && !LogBeside(w) || s.Busy > 0:
	case s.Follow:
		pieces = append(pieces, text(0, Notice, "follows"))
	case s.Waits != 0:
		pieces = append(pieces, piece{0, []span{{Notice, waiting(s.Waits) + ": "}, {Key, "G"}, {Dim, " follows"}}})
	case len(s.Rows) > 0:
		pieces = append(pieces, text(0, Dim, "stands"))
	}
	l.addPieces(append(pieces, hintPieces(s.Hints)...), 2)
	return l.String()
}

// waiting says how many lines have come.
func waiting(n int64) string {
	if n < 0 {
		return "more than " + plural(int(-n), "new line", "new lines")
	}
	return plural(int(n), "new line", "new lines")
}
