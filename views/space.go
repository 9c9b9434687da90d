package views

import (
	"strconv"
	"strings"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// SpaceRow is one row of what takes room: one of the three is set.
type SpaceRow struct {
	C    *runtime.ContainerSpace
	Name string // of the container
	Gone bool   // it is not there any more
	FS   *runtime.FileSystem
	X    *runtime.SpaceExtra
	All  bool // the sum of all containers
}

// SpaceState is the view of what takes room on disk.
type SpaceState struct {
	Rows     []SpaceRow // containers, their sum, file systems, and what is no container
	Cursor   int
	Offset   int // the first row drawn
	BySize   bool
	Desc     bool
	Now      time.Time
	Walking  string // what is being measured; "" = nothing
	Files    uint64 // of it, by now
	Done, Of int
	Note     string
	Empty    string // why there is no row
	Hints    []keymap.Hint
	Say      *NoticeState
}

// spaceSection says which heading a row stands below.
func (r *SpaceRow) section() int {
	switch {
	case r.FS != nil:
		return 1
	case r.X != nil:
		return 2
	default:
		return 0
	}
}

// spaceLine is a row of the page: a heading or the room above it, or a row.
type spaceLine struct {
	head, gap bool
	row       int
}

// spaceLines are the rows with a heading before each section but the first, whose
// heading stands above all; on a tall page there is room between them.
func spaceLines(rows []SpaceRow, h int) []spaceLine {
	out := make([]spaceLine, 0, len(rows)+4)
	for i := range rows {
		if s := rows[i].section(); s > 0 && (i == 0 || rows[i-1].section() != s) {
			if i > 0 && h >= tallH {
				out = append(out, spaceLine{gap: true, row: i})
			}
			out = append(out, spaceLine{head: true, row: i})
		}
		out = append(out, spaceLine{row: i})
	}
	return out
}

// SpaceScroll keeps the row under the cursor in sight; offsets count rows and headings.
func SpaceScroll(s *SpaceState, h int) int {
	lines := spaceLines(s.Rows, h)
	at := 0
	for i, l := range lines {
		if !l.head && !l.gap && l.row == s.Cursor {
			at = i
		}
	}
	return Scroll(at, s.Offset, len(lines), SpaceRows(s, h))
}

// SpaceRows is how many rows and headings are in sight.
func SpaceRows(s *SpaceState, h int) int {
	return max(0, h-2-spaceFootRows(s, h)-notedRows(s.Note, s.Say, h))
}

// Space paints the view in exactly w x h cells.
func (t *Theme) Space(s *SpaceState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	lines, room := spaceLines(s.Rows, h), SpaceRows(s, h)
	top := max(0, min(s.Offset, len(lines)-1))
	rows := []string{t.pageTitle(spaceTitle(w), spacePlace(t, s, w), w), t.spaceHead(s, 0, w)}
	if len(s.Rows) == 0 {
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	} else if first := lines[top]; !first.head && !first.gap {
		// The heading of what stands below it.
		rows[1] = t.spaceHead(s, s.Rows[first.row].section(), w)
	}
	for i := top; i < min(len(lines), top+room); i++ {
		switch l := lines[i]; {
		case l.gap:
			rows = append(rows, blank(w))
		case l.head:
			rows = append(rows, t.spaceHead(s, s.Rows[l.row].section(), w))
		default:
			rows = append(rows, t.spaceRow(s, l.row, w))
		}
	}
	rows = rows[:min(len(rows), 2+room)]
	for len(rows) < 2+room {
		rows = append(rows, blank(w))
	}
	return exactly(append(append(rows, t.spaceFoot(s, w, h)...), t.notedFoot(s.Note, s.Say, s.Hints, w, h)...), w, h)
}

// spaceTitle says what the figures are.
func spaceTitle(w int) string {
	if w < narrowW {
		return "Space"
	}
	return "Space on disk: allocated blocks"
}

// spacePlace is what is measured now, else where the cursor is.
func spacePlace(t *Theme, s *SpaceState, w int) string {
	if s.Walking == "" && s.Done < s.Of {
		return strconv.Itoa(s.Done) + "/" + strconv.Itoa(s.Of)
	}
	if s.Walking == "" {
		if len(s.Rows) == 0 {
			return ""
		}
		return strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Rows))
	}
	of := " " + strconv.Itoa(s.Done) + "/" + strconv.Itoa(s.Of)
	if w < narrowW {
		return strings.TrimSpace(of)
	}
	return t.Cut(Clean(s.Walking), max(8, w/3)) + " " + t.Glyphs.Ellipsis + " " + Thousands(s.Files) + " files " + of
}

// Thousands is a whole number with commas: "120,000".
func Thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// RoomBytes is an amount in at most six cells: "1.2G", ">1.2G" where that is not all,
// "-" where nothing is known.
func RoomBytes(r *runtime.Room) string {
	n, ok := r.Bytes.Get()
	switch {
	case !ok:
		return Absent
	case r.Least:
		return ">" + FineBytes(n)
	default:
		return FineBytes(n)
	}
}

// room is that with its look: what is still to be measured is not unknown.
func (t *Theme) room(r *runtime.Room) (Role, string) {
	text := RoomBytes(r)
	switch {
	case text == Absent && r.Pending() && r.Silent.IsZero():
		return Dim, t.Glyphs.Ellipsis
	case text == Absent:
		return Dim, text
	case r.Least:
		return Warn, text
	case text == "0":
		return Dim, text
	default:
		return Plain, text
	}
}

// SpaceSilent says since when a file system does not answer; "" = it does.
func SpaceSilent(r *runtime.Room, now time.Time) string {
	if r.Silent.IsZero() {
		return ""
	}
	return "no answer " + Age(now.Sub(r.Silent))
}

// SpaceUseWords is the verdict on what is no container, short.
func SpaceUseWords(x *runtime.SpaceExtra) string {
	switch x.Use {
	case runtime.UseOrphan:
		return "orphan"
	case runtime.UseBy:
		text := "used by " + x.Users[0].Name
		if n := len(x.Users); n > 1 {
			text += " and " + strconv.Itoa(n-1) + " more"
		}
		return text
	case runtime.UseKept:
		return "kept by lxcdeck"
	case runtime.UseCache:
		return "for new containers"
	case runtime.UseSystem:
		return "of the file system"
	default:
		return "not known to be used"
	}
}

// SpaceVerdict is the same as a sentence, with its reason.
func SpaceVerdict(x *runtime.SpaceExtra) string {
	switch x.Use {
	case runtime.UseOrphan:
		return "Orphan: every config in the lxcpaths in use and in LXC's own was read, and none names it."
	case runtime.UseBy:
		names := make([]string, 0, len(x.Users))
		for _, u := range x.Users {
			names = append(names, u.Name)
		}
		return "Used by " + strings.Join(names, ", ") + ": a config names it, or what is in it."
	case runtime.UseKept:
		return "Kept by lxcdeck: a record of an operation speaks of it (:leftovers)."
	case runtime.UseCache:
		return "Kept by LXC's templates for the next container."
	case runtime.UseSystem:
		return "The file system's own."
	default:
		return "Not known to be used (" + x.Why + ")."
	}
}

// spaceFootRows is how many rows are about what is under the cursor.
func spaceFootRows(s *SpaceState, h int) int {
	switch {
	case len(s.Rows) == 0 || h < shortH:
		return 0
	case h < tallH:
		return 4
	default:
		return 6
	}
}
