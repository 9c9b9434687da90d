package views

import (
	"strconv"
	"time"

	"lxcdeck/keymap"
)

// EventItem is one thing that has happened, in its row.
type EventItem struct {
	At   time.Time
	Name string // of the container, foreign text; "" = of the host
	What string // "stopped", "OOM-killed (3)"
	Why  string // what is known of the cause, and what else there is to tell
	Role Role
	Full string // all of it, for the foot of the page
}

// EventsState is the list of what has happened.
type EventsState struct {
	Of      string      // the container that alone is shown; "" = all are
	Items   []EventItem // in the order of their rows
	Total   int         // of all containers
	Dropped uint64      // older ones that are not kept
	Cursor  int
	Offset  int
	Up      bool // the oldest stands first
	Now     time.Time
	Empty   string // why there is no row
	Hints   []keymap.Hint
	Say     *NoticeState
}

// Widths of the columns of events.
const (
	eventDayW  = 15 // "Nov  3 14:02:11"
	eventTimeW = 8  // "14:02:11"
	eventNameW = 12
	eventWideW = 24
	eventWhatW = 16
)

// Events paints what has happened in exactly w x h cells: a row for each event,
// and below them all about the one under the cursor.
func (t *Theme) Events(s *EventsState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	title := "Events"
	if s.Of != "" {
		title += " of " + s.Of
	}
	if n := len(s.Items); s.Total > 0 {
		title += ": " + strconv.Itoa(n)
		if n != s.Total {
			title += " of " + strconv.Itoa(s.Total)
		}
	}
	if s.Dropped > 0 {
		title += ", " + strconv.FormatUint(s.Dropped, 10) + " older not kept"
	}
	place := ""
	if len(s.Items) > 0 {
		place = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items))
	}
	at, name := s.widths(w)
	rows := []string{t.pageTitle(title, place, w), t.eventHead(s, at, name, w)}
	room := EventRows(s, h)
	if len(s.Items) == 0 {
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	}
	for i := s.Offset; i < min(len(s.Items), s.Offset+room); i++ {
		rows = append(rows, t.eventRow(s, i, at, name, w))
	}
	rows = rows[:min(len(rows), 2+room)]
	for len(rows) < 2+room {
		rows = append(rows, blank(w))
	}
	rows = append(rows, t.eventFoot(s, w, h)...)
	return exactly(append(rows, t.pageFoot(s.Say, s.Hints, w, h)...), w, h)
}

// EventRows is how many events are in sight.
func EventRows(s *EventsState, h int) int {
	return max(0, h-2-eventFootRows(s, h)-footRows(s.Say, h))
}

// eventFootRows is how many rows are about the event under the cursor.
func eventFootRows(s *EventsState, h int) int {
	switch {
	case len(s.Items) == 0 || h < shortH:
		return 0
	case h < tallH:
		return 3
	default:
		return 5
	}
}

// days says whether the rows need their day: not all are of today.
func (s *EventsState) days() bool {
	for i := range s.Items {
		if y, m, d := s.Items[i].At.Date(); !sameDay(y, m, d, s.Now) {
			return true
		}
	}
	return false
}

func sameDay(y int, m time.Month, d int, now time.Time) bool {
	a, b, c := now.Date()
	return a == y && b == m && c == d
}

// widths are those of time and name.
func (s *EventsState) widths(w int) (at, name int) {
	at, name = eventTimeW, eventNameW
	if w >= normalW && s.days() {
		at = eventDayW
	}
	longest := 0
	for i := range s.Items {
		longest = max(longest, Width(Clean(s.Items[i].Name)))
	}
	if w >= wideW {
		name = max(eventNameW, min(eventWideW, longest))
	}
	return at, name
}

func (t *Theme) eventHead(s *EventsState, at, name, w int) string {
	arrow := t.Glyphs.Down
	if s.Up {
		arrow = t.Glyphs.Up
	}
	l := t.newLine(w)
	l.gap(1)
	l.field(Sorted, "TIME"+arrow, at, false)
	l.gap(1)
	l.field(Header, "CONTAINER", name, false)
	l.gap(1)
	l.field(Header, "WHAT", eventWhatW, false)
	l.gap(1)
	l.add(Header, "WHY")
	return l.String()
}

func (t *Theme) eventRow(s *EventsState, i, at, name, w int) string {
	it := &s.Items[i]
	l := t.newLine(w)
	l.item(i, i == s.Cursor)
	l.pointed(i == s.Cursor)
	stamp := it.At.Format("15:04:05")
	switch y, m, d := it.At.Date(); {
	case at == eventDayW:
		stamp = it.At.Format("Jan _2 15:04:05")
	case !sameDay(y, m, d, s.Now):
		stamp = it.At.Format("Jan _2")
	}
	l.field(Dim, stamp, at, false)
	l.gap(1)
	who := Clean(it.Name)
	if who == "" {
		who = Absent
	}
	l.field(Plain, t.Cut(who, name), name, false)
	l.gap(1)
	l.field(it.Role, t.Cut(Clean(it.What), eventWhatW), eventWhatW, false)
	l.gap(1)
	l.add(Dim, t.Cut(Clean(it.Why), l.left()))
	return l.String()
}

// eventFoot is all about the event under the cursor.
func (t *Theme) eventFoot(s *EventsState, w, h int) []string {
	n := eventFootRows(s, h)
	if n == 0 {
		return nil
	}
	it := &s.Items[max(0, min(s.Cursor, len(s.Items)-1))]
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, w)
	rows := append([]string{l.String()}, t.paragraph(Plain, Clean(it.Full), w)...)
	if len(rows) > n {
		rows = rows[:n]
	}
	for len(rows) < n {
		rows = append(rows, blank(w))
	}
	return rows
}

// EventTime is an instant in running text, by the day where it is not today's:
// "14:02", "Tue 14:02", "Nov  3 14:02".
func EventTime(at, now time.Time) string {
	const week = 6 * 24 * time.Hour
	switch y, m, d := at.Date(); {
	case sameDay(y, m, d, now):
		return at.Format("15:04")
	case now.Sub(at) < week && !at.After(now):
		return at.Format("Mon 15:04")
	default:
		return at.Format("Jan _2 15:04")
	}
}
