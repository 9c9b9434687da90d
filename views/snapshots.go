package views

import (
	"strconv"
	"strings"
	"time"
)

// SnapshotItem is one snapshot of a container.
type SnapshotItem struct {
	Name    string
	Taken   time.Time
	Size    int64    // bytes on disk; -1 = not known
	Comment string   // foreign text
	Used    []string // containers that are overlays on it
}

// OldRootItem is the root that a restore keeps.
type OldRootItem struct {
	What  string
	Since time.Time
	Size  int64 // bytes on disk; -1 = not known
}

// SnapshotsState is the list of a container's snapshots, and below it of the
// roots that restores have kept.
type SnapshotsState struct {
	Name   string // of the container
	Items  []SnapshotItem
	Old    []OldRootItem
	Cursor int    // among Items, then Old
	Note   string // what is going on: "reading ..."; "" = nothing
	Err    string // why they are not known
	Empty  string // what to say when there are none
	Now    time.Time
	Keys   []string // pairs of key and what it does, the most important first
}

// snapshotsWide is how wide the list may grow.
const snapshotsWide = 100

// Snapshots paints the list in a frame of at most w x h cells.
func (t *Theme) Snapshots(s *SnapshotsState, w, h int) Block {
	title := "Snapshots of " + Clean(s.Name)
	inner, room, ok := boxRoom(w, h, snapshotsWide)
	if !ok {
		return t.bare(title, w, h)
	}
	cols := t.snapshotColumns(s, inner)
	paint := t.snapshotPainter(s, cols, inner)
	at, all := 0, 0 // the row with the cursor, of so many
	if len(s.Items) > 0 {
		at, all = 1+s.Cursor, 1+len(s.Items)
	}
	if len(s.Old) > 0 {
		if s.Cursor >= len(s.Items) {
			at = all + 1 + s.Cursor - len(s.Items)
		}
		all += 1 + len(s.Old)
	}
	foot := t.snapshotFoot(s, inner, room, all == 0)
	keys := s.Keys
	if Width(keysLine(keys...)) > inner-2 && room-len(foot) > 5 { // they have rows of their own then
		foot = append(foot, t.keyRows(keys[:max(0, len(keys)-2)], inner)...)
		foot = foot[:min(len(foot), room-3)]
		keys = keys[max(0, len(keys)-2):]
	}
	place, from, to := "", 0, all
	var rows []string
	if n := room - len(foot); all > n {
		place = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items)+len(s.Old)) + "  "
		if n > 2 && len(s.Items) > 0 { // the titles stay where they are
			rows = append(rows, paint(0))
			from = 1 + Scroll(at-1, 0, all-1, n-1)
			to = from + n - 1
		} else {
			from = Scroll(at, 0, all, n)
			to = from + n
		}
	}
	for i := from; i < to; i++ {
		rows = append(rows, paint(i))
	}
	rows = append(rows, foot...)
	return t.box(title, place+keysIn(keys, inner-2-len(place)), rows, inner)
}

// snapshotPainter paints the i-th row: titles, snapshots, the heading of the
// old roots and these.
func (t *Theme) snapshotPainter(s *SnapshotsState, cols snapshotWidths, inner int) func(i int) string {
	return func(i int) string {
		if len(s.Items) > 0 {
			switch {
			case i == 0:
				return t.snapshotHead(cols, inner)
			case i <= len(s.Items):
				return t.snapshotRow(s, i-1, cols, inner)
			}
			i -= 1 + len(s.Items)
		}
		if i == 0 {
			return t.row(Header, "OLD ROOTS, kept by restores until they are dismissed", inner)
		}
		return t.oldRootRow(s, i-1, inner)
	}
}

// snapshotFoot are the sentences below the rows.
func (t *Theme) snapshotFoot(s *SnapshotsState, inner, room int, none bool) []string {
	var foot []string
	if s.Err != "" {
		foot = append(foot, t.paragraph(Bad, Clean(s.Err), inner)...)
	}
	if none && s.Err == "" && s.Note == "" {
		foot = append(foot, t.paragraph(Dim, Clean(s.Empty), inner)...)
	}
	if s.Note != "" {
		foot = append(foot, t.paragraph(Notice, Clean(s.Note), inner)...)
	}
	if none {
		return foot[:min(len(foot), room)]
	}
	return foot[:min(len(foot), room/2)]
}

// snapshotWidths are those of the columns; 0 = there is no room for it. An age
// takes ageWidth.
type snapshotWidths struct{ name, size, used, comment int }

const ageWidth = 5

// snapshotColumns shares the row out: the comment takes what is left, and what
// does not fit goes from the right.
func (t *Theme) snapshotColumns(s *SnapshotsState, inner int) snapshotWidths {
	c := snapshotWidths{name: len("NAME")}
	for i := range s.Items {
		c.name = max(c.name, Width(Clean(s.Items[i].Name)))
		c.used = max(c.used, Width(usedBy(&s.Items[i])))
	}
	c.name = min(c.name, max(4, inner/4))
	rest := inner - 2 - c.name - 1 - ageWidth
	if rest >= 6 {
		c.size = 5
		rest -= 1 + c.size
	}
	if c.used = min(c.used, rest/3); c.used > 0 {
		c.used = max(c.used, min(len("USED BY"), rest/2))
		rest -= 2 + c.used
	}
	c.comment = max(0, rest-2)
	return c
}

// usedBy names who hangs on a snapshot.
func usedBy(it *SnapshotItem) string {
	names := make([]string, len(it.Used))
	for i, u := range it.Used {
		names[i] = Clean(u)
	}
	return strings.Join(names, ", ")
}

// snapshotCells are the words of one row, in the order of the columns.
type snapshotCells struct {
	name, age, size, used, comment string
}

func (t *Theme) snapshotHead(cols snapshotWidths, inner int) string {
	l := t.newLine(inner)
	l.whole(Header)
	l.gap(1)
	cols.add(&l, snapshotCells{"NAME", "AGE", "SIZE", "USED BY", "COMMENT"})
	return l.String()
}

func (t *Theme) snapshotRow(s *SnapshotsState, i int, cols snapshotWidths, inner int) string {
	it := &s.Items[i]
	l := t.newLine(inner)
	l.item(i, i == s.Cursor)
	l.pointed(i == s.Cursor)
	comment, more, _ := strings.Cut(strings.TrimSpace(it.Comment), "\n")
	if more != "" {
		comment = strings.TrimSpace(comment) + " " + t.Glyphs.Ellipsis
	}
	cols.add(&l, snapshotCells{Clean(it.Name), since(it.Taken, s.Now), onDisk(it.Size), usedBy(it), Clean(comment)})
	return l.String()
}

func (w snapshotWidths) add(l *line, c snapshotCells) {
	l.gap(1)
	l.field(Plain, c.name, w.name, false)
	l.gap(1)
	l.field(Dim, c.age, ageWidth, true)
	if w.size > 0 {
		l.gap(1)
		l.field(Plain, c.size, w.size, true)
	}
	if w.used > 0 {
		l.gap(2)
		l.field(Warn, c.used, w.used, false)
	}
	if w.comment > 0 {
		l.gap(2)
		l.field(Plain, c.comment, w.comment, false)
	}
}

func (t *Theme) oldRootRow(s *SnapshotsState, i, inner int) string {
	it := &s.Old[i]
	l := t.newLine(inner)
	l.item(len(s.Items)+i, len(s.Items)+i == s.Cursor)
	l.pointed(len(s.Items)+i == s.Cursor)
	l.gap(1)
	l.field(Plain, Clean(it.What), max(0, inner-2-14), false)
	l.gap(2)
	l.field(Dim, since(it.Since, s.Now), 5, true)
	l.gap(2)
	l.field(Plain, onDisk(it.Size), 5, true)
	return l.String()
}

// onDisk is a size that may not be known.
func onDisk(n int64) string {
	if n < 0 {
		return Absent
	}
	return Bytes(uint64(n))
}

// keysIn are as many keys and what they do as there is room for, the first
// ones; the last pair, which leaves, stays.
func keysIn(pairs []string, w int) string {
	for n := len(pairs) - 2; n > 0; n -= 2 {
		if s := keysLine(append(pairs[:n:n], pairs[len(pairs)-2:]...)...); Width(s) <= w {
			return s
		}
	}
	return keysLine(pairs[max(0, len(pairs)-2):]...)
}

// keyRows are keys and what they do over as many rows as they need; none is
// torn apart.
func (t *Theme) keyRows(pairs []string, w int) []string {
	var rows []string
	for len(pairs) > 1 {
		n := 2
		for n+2 <= len(pairs) && Width(Clean(keysLine(pairs[:n+2]...))) <= w {
			n += 2
		}
		l := t.newLine(w)
		words := Clean(keysLine(pairs[:n]...))
		l.keyWords(words, 0)
		l.add(Dim, words)
		rows = append(rows, l.String())
		pairs = pairs[n:]
	}
	return rows
}

// TextState is a text to be read in a frame.
type TextState struct {
	Title  string
	Lines  []string // foreign text; each is wrapped
	Offset int      // first row drawn
}

// textWide is how wide a text may grow: longer lines are hard to read.
const textWide = 80

// Text paints a text in a frame of at most w x h cells.
func (t *Theme) Text(s *TextState, w, h int) Block {
	inner, room, ok := boxRoom(w, h, textWide)
	if !ok {
		return t.bare(Clean(s.Title), w, h)
	}
	rows := t.textRows(s, inner)
	hint := keysLine("esc", "back")
	if len(rows) > room {
		top := max(0, min(s.Offset, len(rows)-room))
		hint = strconv.Itoa(top+room) + "/" + strconv.Itoa(len(rows)) + "  " + keysLine("j k", "scroll", "esc", "back")
		rows = rows[top : top+room]
	}
	return t.box(Clean(s.Title), hint, rows, inner)
}

// TextHeight is how many rows the text takes, and how many of them are in sight.
func (t *Theme) TextHeight(s *TextState, w, h int) (rows, room int) {
	inner, room, ok := boxRoom(w, h, textWide)
	if !ok {
		return 0, 0
	}
	return len(t.textRows(s, inner)), room
}

func (t *Theme) textRows(s *TextState, inner int) []string {
	var rows []string
	for _, text := range s.Lines {
		part := t.paragraph(Plain, Clean(text), inner)
		if len(part) == 0 {
			part = []string{t.row(Plain, "", inner)}
		}
		rows = append(rows, part...)
	}
	return rows
}
