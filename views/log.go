package views

import (
	"strconv"
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

// LogLine is a line of a log on screen.
type LogLine struct {
	From  string // whose it is, where several are shown; "" = there is one
	Text  string // foreign text
	Level LogLevel
	Hits  [][2]int // what was searched for: byte ranges of Text, in order
	Begun bool     // it begins before this piece
	More  bool     // it goes on behind it
	Hole  int64    // bytes that were never written stand here; 0 = it is text
}

// LogState is a log while it is read.
type LogState struct {
	Title  string // whose, foreign text
	Source string // which, foreign text
	Lines  []LogLine
	Left   int  // cells left of the screen
	Wrap   bool // long lines go on in the next row
	At     int64
	Size   int64         // bytes of the log
	Waits  int64         // lines that came while it stands; negative = at least as many
	Follow bool          // new lines are shown as they come
	Filter string        // what is left out and what is not, in words; "" = nothing is
	Busy   time.Duration // how long a search is under way; 0 = none is
	Done   float64       // which share of it is done, 0 to 1
	Empty  string        // why there is no line
	Prompt string        // what stands before what is typed; "" = nothing is typed
	Typed  string
	Behind int // characters of Typed behind the cursor
	Note   string
	Warn   string // what has become of the file
	Hints  []keymap.Hint
	Say    *NoticeState
}

var logRoles = [...]Role{NoLogLevel: Plain, LogTrace: Dim, LogDebug: Dim, LogInfo: Plain, LogWarn: Warn, LogError: Bad}

// LogPage is how many rows of a log are on a screen of w x h cells.
func (t *Theme) LogPage(s *LogState, w, h int) int {
	return max(0, h-1-footRows(s.Say, h)-len(t.logHead(s, w)))
}

func (t *Theme) logHead(s *LogState, w int) []string {
	var rows []string
	if s.Filter != "" {
		rows = append(rows, t.row(Notice, s.Filter, w))
	}
	if s.Warn != "" {
		rows = append(rows, t.row(Warn, Clean(s.Warn), w))
	}
	return rows
}

// Log paints a log in exactly w x h cells. Lines that do not fit any more are left
// out: the first of them stands in the first row.
func (t *Theme) Log(s *LogState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	rows := append([]string{t.pageTitle(Clean(s.Title)+": "+Clean(s.Source), t.logPlace(s), w)}, t.logHead(s, w)...)
	page := t.LogPage(s, w, h)
	top := len(rows)
	if page > 0 && len(s.Lines) == 0 {
		rows = append(rows, t.row(Dim, s.Empty, w))
	}
	for i := range s.Lines {
		if len(rows)-top >= page {
			break
		}
		rows = append(rows, t.logLine(s, &s.Lines[i], w, page-(len(rows)-top))...)
	}
	for len(rows)-top < page {
		rows = append(rows, blank(w))
	}
	last := t.withNotice(s.Say, t.logFoot(s, w), w, h)
	return exactly(append(rows[:min(len(rows), h-len(last))], last...), w, h)
}

// logPlace is how far into the log the screen is.
func (t *Theme) logPlace(s *LogState) string {
	if s.Size <= 0 {
		return ""
	}
	size := Bytes(uint64(s.Size))
	if s.Follow {
		return size
	}
	return strconv.FormatInt(s.At*100/s.Size, 10) + "% of " + size
}

// logLine is one line in its rows, most of them at most.
func (t *Theme) logLine(s *LogState, line *LogLine, w, most int) []string {
	var spans []span
	if line.From != "" {
		spans = append(spans, span{Key, Clean(line.From) + " "})
	}
	if line.Begun {
		spans = append(spans, span{Dim, t.Glyphs.Ellipsis})
	}
	role := Plain
	if int(line.Level) < len(logRoles) {
		role = logRoles[line.Level]
	}
	if line.Hole > 0 {
		spans = append(spans, span{Dim, "(" + Bytes(uint64(line.Hole)) + " that were never written)"})
	}
	at := 0
	for _, hit := range line.Hits {
		if hit[0] < at || hit[1] <= hit[0] || hit[1] > len(line.Text) {
			continue
		}
		spans = append(spans, span{role, Clean(line.Text[at:hit[0]])}, span{CursorBlur, Clean(line.Text[hit[0]:hit[1]])})
		at = hit[1]
	}
	spans = append(spans, span{role, Clean(line.Text[at:])})
	if line.More {
		spans = append(spans, span{Dim, t.Glyphs.Ellipsis})
	}
	if !s.Wrap {
		l := t.newLine(w)
		addFrom(&l, spans, s.Left)
		return []string{l.String()}
	}
	return t.wrapped(spans, w, most)
}

// addFrom adds what stands behind so many cells.
func addFrom(l *line, spans []span, skip int) {
	for _, one := range spans {
		part := one.text
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
		l.add(one.role, part)
	}
}

// wrapped are the rows of spans, most at most; the last one is cut then.
func (t *Theme) wrapped(spans []span, w, most int) []string {
	var rows []string
	l := t.newLine(w)
	for _, one := range spans {
		for part := one.text; part != ""; {
			if l.left() == 0 && len(rows)+1 < most {
				rows = append(rows, l.String())
				l = t.newLine(w)
			}
			head := cells(part, l.left())
			if head == "" || len(rows)+1 >= most {
				if head == "" && l.left() > 0 && len(rows)+1 < most { // a wide character does not fit any more
					l.gap(l.left())
					continue
				}
				l.add(one.role, part)
				break
			}
			l.add(one.role, head)
			part = part[len(head):]
		}
	}
	return append(rows, l.String())
}

func (t *Theme) logFoot(s *LogState, w int) string {
	if s.Prompt != "" {
		return t.typed(s.Prompt, s.Typed, s.Behind, w)
	}
	l := t.newLine(w)
	var pieces []piece
	switch {
	case s.Busy > 0:
		pieces = append(pieces, text(0, Notice, "searches, "+strconv.Itoa(int(s.Done*100))+"%, "+Interval(s.Busy.Round(time.Second))), piece{0, []span{{Key, "esc"}, {Dim, " ends it"}}})
	case s.Note != "":
		pieces = append(pieces, text(0, Warn, Clean(s.Note)))
	case s.Follow:
		pieces = append(pieces, text(0, Notice, "follows"))
	case s.Waits != 0:
		pieces = append(pieces, piece{0, []span{{Notice, waiting(s.Waits) + ": "}, {Key, "G"}, {Dim, " follows"}}})
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
