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
	var rows []string
	at := 0 // the row with the cursor
	if len(s.Items) > 0 {
		rows = append(rows, t.snapshotHead(s, inner))
	}
	for i := range s.Items {
		if i == s.Cursor {
			at = len(rows)
		}
		rows = append(rows, t.snapshotRow(s, i, inner))
	}
	if len(s.Old) > 0 {
		rows = append(rows, t.row(Header, "OLD ROOTS, kept by restores until they are dismissed", inner))
	}
	for i := range s.Old {
		if len(s.Items)+i == s.Cursor {
			at = len(rows)
		}
		rows = append(rows, t.oldRootRow(s, i, inner))
	}
	foot := t.snapshotFoot(s, inner, room, len(rows) == 0)
	keys := s.Keys
	if Width(keysLine(keys...)) > inner-2 && room-len(foot) > 5 { // they have rows of their own then
		foot = append(foot, t.keyRows(keys[:max(0, len(keys)-2)], inner)...)
		foot = foot[:min(len(foot), room-3)]
		keys = keys[max(0, len(keys)-2):]
	}
	place := ""
	if n := room - len(foot); len(rows) > n {
		rows = t.snapshotPage(rows, at, n, len(s.Items) > 0)
		place = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items)+len(s.Old)) + "  "
	}
	rows = append(rows, foot...)
	return t.box(title, place+keysIn(keys, inner-2-len(place)), rows, inner)
}

// snapshotPage are n of the rows, the one with the cursor among them; the
// titles stay where they are.
func (t *Theme) snapshotPage(rows []string, at, n int, titled bool) []string {
	if !titled || n < 3 {
		top := Scroll(at, 0, len(rows), n)
		return rows[top : top+n]
	}
	top := Scroll(at-1, 0, len(rows)-1, n-1)
	return append(rows[:1:1], rows[1+top:top+n]...)
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

// snapshotColumns are the widths of name, age, size and who uses it; the
// comment takes what is left. What does not fit goes from the right.
func snapshotColumns(s *SnapshotsState, inner int) (name, size, used, comment int) {
	name = len("NAME")
	for i := range s.Items {
		name = max(name, Width(Clean(s.Items[i].Name)))
		used = max(used, Width(usedBy(&s.Items[i])))
	}
	name = min(name, max(4, inner/4))
	rest := inner - 2 - name - 1 - 5
	if rest >= 6 {
		size = 5
		rest -= 1 + size
	}
	used = min(used, rest/3)
	if used > 0 {
		used = max(used, min(len("USED BY"), rest/2))
		rest -= 2 + used
	}
	return name, size, used, max(0, rest-2)
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

func (t *Theme) snapshotHead(s *SnapshotsState, inner int) string {
	l := t.newLine(inner)
	l.whole(Header)
	t.snapshotCells(&l, s, snapshotCells{"NAME", "AGE", "SIZE", "USED BY", "COMMENT"})
	return l.String()
}

func (t *Theme) snapshotRow(s *SnapshotsState, i, inner int) string {
	it := &s.Items[i]
	l := t.newLine(inner)
	if i == s.Cursor {
		l.whole(Cursor)
	}
	comment, more, _ := strings.Cut(strings.TrimSpace(it.Comment), "\n")
	if more != "" {
		comment = strings.TrimSpace(comment) + " " + t.Glyphs.Ellipsis
	}
	t.snapshotCells(&l, s, snapshotCells{Clean(it.Name), since(it.Taken, s.Now), onDisk(it.Size), usedBy(it), Clean(comment)})
	return l.String()
}

func (t *Theme) snapshotCells(l *line, s *SnapshotsState, c snapshotCells) {
	name, size, used, comment := snapshotColumns(s, l.w)
	l.gap(2)
	l.field(Plain, c.name, name, false)
	l.gap(1)
	l.field(Dim, c.age, 5, true)
	if size > 0 {
		l.gap(1)
		l.field(Plain, c.size, size, true)
	}
	if used > 0 {
		l.gap(2)
		l.field(Warn, c.used, used, false)
	}
	if comment > 0 {
		l.gap(2)
		l.field(Plain, c.comment, comment, false)
	}
}

func (t *Theme) oldRootRow(s *SnapshotsState, i, inner int) string {
	it := &s.Old[i]
	l := t.newLine(inner)
	if len(s.Items)+i == s.Cursor {
		l.whole(Cursor)
	}
	l.gap(2)
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
		rows = append(rows, t.row(Dim, Clean(keysLine(pairs[:n]...)), w))
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
