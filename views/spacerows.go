package views

import (
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// spaceColumn is a column of one of the sections.
type spaceColumn struct {
	id, title string
	w         int // cells; 0 = what the others leave, up to spaceWide
	from      int // the width of the screen from which it is shown
	right     bool
}

// spaceColumns are those of a section that a screen of w cells shows.
func spaceColumns(section, w int) []spaceColumn {
	var all []spaceColumn
	switch section {
	case 0:
		all = []spaceColumn{
			{"name", "NAME", 0, 0, false},
			{"root", "ROOT", 6, 0, true},
			{"snaps", "SNAPS", 6, 0, true},
			{"count", "N", 3, narrowW, true},
			{"kept", "KEPT", 6, normalW, true},
			{"rest", "REST", 6, normalW, true},
			{"total", "TOTAL", 6, 0, true},
			{"store", "STORE", 7, narrowW, false},
			{"fs", "ON", 18, 100, false},
			{"free", "FREE", 5, normalW, true},
			{"age", "AGE", 5, normalW, true},
		}
	case 1:
		all = []spaceColumn{
			{"mount", "FILE SYSTEM", 0, 0, false},
			{"type", "TYPE", 8, narrowW, false},
			{"size", "SIZE", 6, 0, true},
			{"used", "USED", 6, 0, true},
			{"free", "FREE", 6, 0, true},
			{"share", "USE%", 4, narrowW, true},
			{"meter", "", 20, 100, false},
		}
	default:
		all = []spaceColumn{
			{"path", "NOT A CONTAINER", 0, 0, false},
			{"kind", "KIND", 9, normalW, false},
			{"size", "SIZE", 6, 0, true},
			{"age", "AGE", 5, narrowW, true},
			{"use", "USE", 20, 0, false},
		}
		if w < narrowW {
			all[4].w = 12
		}
	}
	out := all[:0]
	for _, c := range all {
		if w >= c.from {
			out = append(out, c)
		}
	}
	return out
}

// width is how wide a column is: the first one has what the others leave.
func (c *spaceColumn) width(all []spaceColumn, w int) int {
	if c.w > 0 {
		return c.w
	}
	left := w - 2 - len(all)
	for i := range all {
		left -= all[i].w
	}
	most := spaceWide
	if c.id == "path" {
		most = 2 * spaceWide
	}
	return max(4, min(left, most))
}

// spaceWide is how wide a name may be: figures must not stand too far from it.
const spaceWide = 48

func (t *Theme) spaceHead(s *SpaceState, section, w int) string {
	l := t.newLine(w)
	l.gap(1)
	cols := spaceColumns(section, w)
	for i, c := range cols {
		if i > 0 {
			l.gap(1)
		}
		title, r, n := c.title, Header, c.width(cols, w)
		if sorted := s.BySize && (c.id == "total" || section == 2 && c.id == "size") || !s.BySize && (c.id == "name" || c.id == "path"); sorted {
			r = Sorted
			arrow := t.Glyphs.Up
			if s.Desc {
				arrow = t.Glyphs.Down
			}
			title = t.Cut(title, max(1, n-1)) + arrow
		}
		l.field(r, title, n, c.right)
	}
	return l.String()
}

// spaceRow paints one row; a container that does not answer says so where its figures
// would stand.
func (t *Theme) spaceRow(s *SpaceState, i, w int) string {
	r := &s.Rows[i]
	l := t.newLine(w)
	l.item(i, i == s.Cursor)
	l.pointed(i == s.Cursor)
	section := r.section()
	cols := spaceColumns(section, w)
	silent := ""
	if r.C != nil && !r.All {
		all, _ := r.C.Sum()
		silent = SpaceSilent(&all, s.Now)
	}
	for k := 0; k < len(cols); k++ {
		c := cols[k]
		if k > 0 {
			l.gap(1)
		}
		if silent != "" && c.id == "root" {
			l.field(Bad, silent, c.w+1+cols[k+1].w, true)
			k++
			continue
		}
		var role Role
		var text string
		switch section {
		case 0:
			role, text = t.spaceCell(s, r, c.id)
		case 1:
			role, text = t.systemCell(r.FS, c.id)
		default:
			role, text = t.extraCell(s, r.X, c.id)
		}
		n := c.width(cols, w)
		if c.id == "path" {
			text = pathEnd(t, text, n)
		}
		l.field(role, t.Cut(text, n), n, c.right)
	}
	return l.String()
}

// pathEnd keeps the end of a path, which tells more than its beginning.
func pathEnd(t *Theme, path string, n int) string {
	if Width(path) <= n {
		return path
	}
	runes := []rune(path)
	for len(runes) > 0 && Width(string(runes)) > n-1 {
		runes = runes[1:]
	}
	return t.Glyphs.Ellipsis + string(runes)
}

func (t *Theme) spaceCell(s *SpaceState, r *SpaceRow, id string) (Role, string) {
	c := r.C
	sum := func(kinds ...runtime.SpaceKind) (Role, string) {
		room, n := c.Sum(kinds...)
		_, whole := c.Sum(runtime.SpaceWhole)
		if n == 0 && whole > 0 && !r.All {
			return Dim, Absent // nobody knows what there is
		}
		if n == 0 {
			return Dim, "0"
		}
		return t.room(&room)
	}
	switch id {
	case "name":
		switch {
		case r.All:
			return Dim, "all"
		case r.Gone:
			return Idle, Clean(r.Name) + " (gone)"
		}
		return Plain, Clean(r.Name)
	case "root":
		return sum(runtime.SpaceRoot, runtime.SpaceChanges)
	case "snaps":
		return sum(runtime.SpaceSnapshot, runtime.SpaceHeld)
	case "count":
		_, n := c.Sum(runtime.SpaceSnapshot)
		if _, text := sum(runtime.SpaceSnapshot); text == Absent && n == 0 {
			return Dim, Absent
		}
		return Dim, strconv.Itoa(n)
	case "kept":
		return sum(runtime.SpaceKept)
	case "rest":
		return sum(runtime.SpaceLogs, runtime.SpaceOther)
	case "total":
		role, text := sum()
		if role == Plain {
			role = Strong
		}
		return role, text
	case "age":
		all, _ := c.Sum()
		return Dim, uptime(all.At, s.Now)
	}
	switch {
	case r.All:
		return Plain, ""
	case id == "store" && c.Store == "":
		return Dim, Absent
	case id == "store":
		return Plain, Clean(c.Store)
	case c.FS == "":
		return Dim, Absent
	case id == "fs":
		return Dim, pathEnd(t, Clean(c.FS), 18)
	}
	for i := range s.Rows { // free
		if f := s.Rows[i].FS; f != nil && f.Mount == c.FS {
			return Dim, ValueBytes(f.Free)
		}
	}
	return Dim, Absent
}

func (t *Theme) systemCell(f *runtime.FileSystem, id string) (Role, string) {
	total, ok := f.Total.Get()
	used := f.Used.Or(0)
	// As df(1) has it: of what this user can use.
	share := float64(used) / max(1, float64(used+f.Free.Or(0)))
	role := Plain
	switch {
	case share >= 0.95:
		role = Bad
	case share >= 0.85:
		role = Warn
	}
	switch id {
	case "mount":
		return Plain, Clean(f.Mount)
	case "type":
		return Dim, Clean(f.Type)
	}
	if !ok {
		if id == "meter" {
			return Plain, ""
		}
		return Dim, Absent
	}
	switch id {
	case "size":
		return Plain, FineBytes(total)
	case "used":
		return Plain, FineBytes(used)
	case "free":
		return role, FineBytes(f.Free.Or(0))
	case "share":
		return role, Percent(share * 100)
	default:
		full, free := t.meter(share, 20)
		return role, full + free
	}
}

func (t *Theme) extraCell(s *SpaceState, x *runtime.SpaceExtra, id string) (Role, string) {
	switch id {
	case "path":
		return Plain, Clean(x.Path)
	case "kind":
		return Dim, Clean(x.Kind)
	case "size":
		if SpaceSilent(&x.Room, s.Now) != "" {
			return Bad, "silent"
		}
		return t.room(&x.Room)
	case "age":
		return Dim, since(x.Changed, s.Now)
	}
	role := Dim
	if x.Use == runtime.UseOrphan {
		role = Notice
	}
	return role, Clean(SpaceUseWords(x))
}

// spaceFoot is about what is under the cursor.
func (t *Theme) spaceFoot(s *SpaceState, w, h int) []string {
	n := spaceFootRows(s, h)
	if n == 0 {
		return nil
	}
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, w)
	rows := []string{l.String()}
	for i, text := range spaceWords(s, &s.Rows[max(0, min(s.Cursor, len(s.Rows)-1))]) {
		role := Plain
		if i > 0 {
			role = Dim
		}
		rows = append(rows, t.paragraph(role, Clean(text), w)...)
	}
	rows = rows[:min(len(rows), n)]
	for len(rows) < n {
		rows = append(rows, blank(w))
	}
	return rows
}

// spaceWords are the sentences on a row, the most important first.
func spaceWords(s *SpaceState, r *SpaceRow) []string {
	switch {
	case r.All:
		return []string{"All containers together. What several share counts in each of them."}
	case r.FS != nil:
		f := r.FS
		text := Clean(f.Mount) + " holds roots of containers"
		if len(f.Paths) > 0 {
			text = Clean(f.Mount) + " holds " + strings.Join(f.Paths, ", ")
		}
		if f.Why != "" {
			return []string{text, "No figures: " + f.Why}
		}
		return []string{text, "FREE is what is left for you; the rest may be kept for root, or for the file system itself."}
	case r.X != nil:
		out := []string{SpaceVerdict(r.X)}
		if silent := SpaceSilent(&r.X.Room, s.Now); silent != "" {
			out = append([]string{"Its file system gives " + silent + "."}, out...)
		}
		first := r.X.Path
		if r.X.What != "" {
			first += ": " + r.X.What
		}
		out = append(out, first)
		if r.X.Room.Why != "" {
			out = append(out, r.X.Room.Why)
		}
		return out
	}
	all, _ := r.C.Sum()
	out := []string{r.C.Ref.String() + spaceBrief(r.C)}
	if silent := SpaceSilent(&all, s.Now); silent != "" {
		out = append(out, "The file system gives "+silent+": the others go on.")
	}
	if r.C.StoreWhy != "" {
		out = append(out, r.C.StoreWhy)
	} else if all.Why != "" {
		out = append(out, all.Why)
	}
	for i := range r.C.Parts {
		if p := &r.C.Parts[i]; p.Shared != "" {
			return append(out, p.Shared)
		}
	}
	return out
}

// spaceBrief says what the figures of a container are made of.
func spaceBrief(c *runtime.ContainerSpace) string {
	if _, n := c.Sum(runtime.SpaceWhole); n > 0 {
		return ": all of its directory, as its config is not read"
	}
	text := ""
	if room, n := c.Sum(runtime.SpaceChanges); n > 0 {
		text = ": changes " + RoomBytes(&room) + " on what others hold"
	} else if room, n := c.Sum(runtime.SpaceRoot); n > 0 {
		text = ": root " + RoomBytes(&room)
	}
	if room, n := c.Sum(runtime.SpaceSnapshot); n > 0 {
		text += ", " + plural(n, "snapshot", "snapshots") + " " + RoomBytes(&room)
	}
	if room, n := c.Sum(runtime.SpaceKept); n > 0 {
		text += ", kept " + RoomBytes(&room)
	}
	if text != "" {
		if room, n := c.Sum(runtime.SpaceLogs); n > 0 {
			text += ", logs " + RoomBytes(&room)
		}
	}
	return text
}
