package views

import (
	"strconv"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// FileRow is an entry of a folder in its row.
type FileRow struct {
	E      *runtime.FileEntry
	Marked bool
}

// FileSort is what entries are sorted by; folders stand first.
type FileSort uint8

// The orders.
const (
	FilesByName FileSort = iota
	FilesBySize          // the largest first
	FilesByTime          // the latest first
)

// String is the order in a sentence.
func (s FileSort) String() string { return [...]string{"name", "size", "time"}[s] }

// FilePane is one side of the view.
type FilePane struct {
	Where   string // "host", or what the container is called: foreign text
	Path    string // foreign text
	Rows    []FileRow
	Cursor  int
	Offset  int
	Total   int    // entries of the folder, shown or not
	More    int    // beyond those that were read
	Hidden  int    // left out because a dot begins their name
	Filter  string // what names must have in them; "" = nothing
	Free    runtime.Value
	Marked  string // what is marked, in words; "" = nothing is
	Empty   string // why there is no row
	Bad     bool   // Empty is an error
	Waiting bool   // it is being read, and that takes long
}

// FilesState is the view of files of the host and of a container.
type FilesState struct {
	Panes  [2]FilePane // of the host, and of the container
	Focus  int
	Sort   FileSort
	Now    time.Time
	Prompt string // what stands before what is typed; "" = nothing is
	Typed  string
	Behind int       // characters of Typed behind the cursor
	Job    *JobState // what copies here; nil = nothing does
	Hints  []keymap.Hint
	Say    *NoticeState
}

const (
	// filesTwo is from which width on both sides are shown.
	filesTwo = 70
	// filesHead is from which height on columns have titles, and filesFoot from which
	// one each side has a row on the whole of it.
	filesHead, filesFoot = 8, 10
	// fileSize, fileAge, fileDate, fileMode and fileOwner are the widths of columns.
	fileSize, fileAge, fileDate, fileMode, fileOwner = 6, 5, 16, 10, 17
	// fileName is the least that a further column leaves to names.
	fileName = 28
)

// FilesBeside says whether both sides are on a screen of w cells.
func FilesBeside(w int) bool { return w >= filesTwo }

// FilesRows is how many entries of a folder are in sight.
func FilesRows(s *FilesState, h int) int {
	n := h - 1 - footRows(s.Say, h) - fileAboutRows(h)
	if h >= filesHead {
		n--
	}
	if h >= filesFoot {
		n--
	}
	if s.extraRow(h) {
		n--
	}
	return max(0, n)
}

// extraRow says whether a row above the hints is taken by what is typed or by a job.
func (s *FilesState) extraRow(h int) bool {
	return (s.Prompt != "" || s.Job != nil) && h >= footBoth
}

// fileAboutRows is how many rows are about the entry under the cursor.
func fileAboutRows(h int) int {
	if h < shortH {
		return 0
	}
	return 1
}

// Files paints the view in exactly w x h cells: the folder of the host beside that of
// the container, or the one in focus where there is no room for both.
func (t *Theme) Files(s *FilesState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	n := h - footRows(s.Say, h) - fileAboutRows(h)
	if s.extraRow(h) {
		n--
	}
	n = max(0, n)
	var rows []string
	if FilesBeside(w) {
		left := (w - 1) / 2
		a, b := t.filePane(s, 0, left, n, h), t.filePane(s, 1, w-1-left, n, h)
		for i := range n {
			rows = append(rows, a[i]+t.Paint(Dim, t.Glyphs.Bar)+b[i])
		}
	} else {
		rows = t.filePane(s, s.Focus, w, n, h)
	}
	if fileAboutRows(h) > 0 {
		rows = append(rows, t.fileAbout(s, w))
	}
	return exactly(append(rows, t.filesLast(s, w, h)...), w, h)
}

// filesLast are the last rows: what is typed, or a job, and what keys do.
func (t *Theme) filesLast(s *FilesState, w, h int) []string {
	if footRows(s.Say, h) == 0 {
		return nil
	}
	extra := ""
	switch {
	case s.Prompt != "":
		extra = t.typed(s.Prompt, s.Typed, s.Behind, w)
	case s.Job != nil:
		extra = t.jobRow(&StatusState{Job: s.Job, Now: s.Now}, w)
	}
	foot := t.pageFoot(s.Say, s.Hints, w, h)
	switch {
	case extra == "":
		return foot
	case s.extraRow(h):
		return append([]string{extra}, foot...)
	default:
		return []string{extra}
	}
}

// filePane paints one side in w x n cells of a screen of h rows.
func (t *Theme) filePane(s *FilesState, side, w, n, h int) []string {
	p := &s.Panes[side]
	focus := side == s.Focus
	rows := make([]string, 0, n+2)
	rows = append(rows, t.filesTitle(p, focus, w))
	if h >= filesHead {
		rows = append(rows, t.fileHead(s, w))
	}
	list := n - len(rows)
	if h >= filesFoot {
		list--
	}
	shown := p.Rows
	if p.Waiting {
		shown = nil
	}
	top := Scroll(p.Cursor, p.Offset, len(shown), list)
	for i := top; i < len(shown) && i < top+list; i++ {
		side := "" // of the one in focus
		if !focus {
			side = "other"
		}
		rows = append(rows, t.markIn(side, t.fileRow(s, p, i, focus, w), i, i == p.Cursor))
	}
	if len(shown) == 0 {
		role := Dim
		if p.Bad && !p.Waiting {
			role = Warn
		}
		words := Clean(p.Empty)
		if p.Waiting {
			words = "reading " + t.Glyphs.Ellipsis
		}
		for _, row := range t.paragraph(role, words, max(1, w-3)) {
			rows = append(rows, fitRow(blank(min(2, w))+row, w))
		}
	}
	if h < filesFoot {
		return t.fill(rows, w, n)
	}
	return append(t.fill(rows, w, n-1), t.fileSum(p, w))[:n]
}

// fill gives n rows of w cells.
func (*Theme) fill(rows []string, w, n int) []string {
	rows = rows[:max(0, min(len(rows), n))]
	for len(rows) < n {
		rows = append(rows, blank(w))
	}
	return rows
}

// filesTitle says where a side is, and where in it the cursor.
func (t *Theme) filesTitle(p *FilePane, focus bool, w int) string {
	role, name := Dim, Plain
	if focus {
		role, name = Banner, Strong
	}
	place := ""
	if len(p.Rows) > 0 && !p.Waiting {
		place = strconv.Itoa(p.Cursor+1) + "/" + strconv.Itoa(len(p.Rows))
	}
	if w < filesTwo/3 {
		place = ""
	}
	l := t.newLine(w)
	sign := t.Glyphs.Rule
	if focus { // also without colours
		sign = t.Glyphs.Cursor
	}
	l.add(role, t.Glyphs.Rule)
	l.add(role, sign)
	l.gap(1)
	l.w = max(0, w-Width(place)-4)
	where := t.Cut(Clean(p.Where), max(4, w/3)) + ": "
	l.add(name, where)
	l.add(name, t.cutName(Clean(p.Path), max(1, l.left()-1)))
	l.gap(1)
	l.fill(role, t.Glyphs.Rule, l.w)
	l.w = w
	if place != "" {
		l.gap(1)
		l.add(Dim, place)
		l.gap(1)
	}
	l.fill(role, t.Glyphs.Rule, w)
	return l.String()
}

// fileColumns says which columns a side of w cells has beside name and size.
type fileColumns struct {
	name              int // cells of the name
	date, mode, owner bool
	age               bool
}

func fileLayout(w int) fileColumns {
	c := fileColumns{name: w - 2 - 1 - fileSize} // a sign, and a blank at the end
	take := func(n int) bool {
		if c.name-n-1 < min(fileName, w/2) {
			return false
		}
		c.name -= n + 1
		return true
	}
	c.age = take(fileAge)
	c.mode = c.age && take(fileMode)
	c.owner = c.mode && take(fileOwner)
	if c.owner && take(fileDate-fileAge-1) {
		c.age, c.date = false, true
	}
	c.name = max(1, c.name)
	return c
}

func (t *Theme) fileHead(s *FilesState, w int) string {
	c := fileLayout(w)
	l := t.newLine(w)
	title := func(words string, by FileSort, n int, right bool) {
		role := Header
		if s.Sort == by {
			role = Sorted
			arrow := t.Glyphs.Down
			if by == FilesByName {
				arrow = t.Glyphs.Up
			}
			words = t.Cut(words, max(1, n-1)) + arrow
		}
		l.field(role, words, n, right)
	}
	const none = FilesByTime + 1
	l.gap(1)
	title("NAME", FilesByName, c.name, false)
	l.gap(1)
	title("SIZE", FilesBySize, fileSize, true)
	if c.age {
		l.gap(1)
		title("AGE", FilesByTime, fileAge, true)
	}
	if c.date {
		l.gap(1)
		title("CHANGED", FilesByTime, fileDate, false)
	}
	if c.mode {
		l.gap(1)
		title("MODE", none, fileMode, false)
	}
	if c.owner {
		l.gap(1)
		title("OWNER", none, fileOwner, false)
	}
	return l.String()
}

func (t *Theme) fileRow(s *FilesState, p *FilePane, i int, focus bool, w int) string {
	e, c := p.Rows[i].E, fileLayout(w)
	l := t.newLine(w)
	sign, role := " ", fileRole(e)
	switch {
	case i == p.Cursor && focus:
		l.whole(Cursor)
		sign = t.Glyphs.Cursor
	case i == p.Cursor:
		l.whole(CursorBlur)
	case p.Rows[i].Marked:
		l.whole(MarkedRow)
	}
	if p.Rows[i].Marked {
		sign = t.Glyphs.Marked
	}
	if sign == " " {
		l.gap(1)
	} else {
		l.add(MarkedRow, sign)
	}
	l.field(role, t.fileName(e, c.name), c.name, false)
	l.gap(1)
	l.field(Dim, fileSizeWords(e), fileSize, true)
	if c.age {
		l.gap(1)
		l.field(Dim, uptime(e.Changed, s.Now), fileAge, true)
	}
	if c.date {
		l.gap(1)
		l.field(Dim, FileTime(e.Changed), fileDate, false)
	}
	if c.mode {
		l.gap(1)
		l.field(Dim, FileMode(e), fileMode, false)
	}
	if c.owner {
		l.gap(1)
		l.field(Dim, t.Cut(Clean(FileOwner(e)), fileOwner), fileOwner, false)
	}
	return l.String()
}

// fileSum is a row on the whole of one side.
func (t *Theme) fileSum(p *FilePane, w int) string {
	l := t.newLine(w)
	l.gap(1)
	var all []piece
	if p.Marked != "" {
		all = append(all, text(0, MarkedRow, Clean(p.Marked)))
	}
	if p.Filter != "" {
		all = append(all, piece{1, []span{{Key, "/"}, {Input, Clean(p.Filter)}, {Dim, " " + strconv.Itoa(len(p.Rows)) + " of " + strconv.Itoa(p.Total)}}})
	}
	if p.More > 0 {
		all = append(all, text(2, Warn, strconv.Itoa(p.More)+" more are not shown"))
	}
	if !p.Bad && !p.Waiting && p.Total > 0 && p.Marked == "" {
		all = append(all, text(3, Dim, plural(p.Total, "entry", "entries")))
	}
	if p.Hidden > 0 && !p.Waiting {
		all = append(all, text(4, Dim, strconv.Itoa(p.Hidden)+" hidden"))
	}
	if n, ok := p.Free.Get(); ok && !p.Waiting {
		all = append(all, text(5, Dim, Bytes(n)+" free"))
	}
	l.addPieces(all, 2)
	return l.String()
}

// fileAbout is the row on the entry under the cursor.
func (t *Theme) fileAbout(s *FilesState, w int) string {
	p := &s.Panes[s.Focus]
	l := t.newLine(w)
	if p.Waiting || p.Cursor < 0 || p.Cursor >= len(p.Rows) {
		l.fill(Dim, t.Glyphs.Rule, w)
		return l.String()
	}
	e := p.Rows[p.Cursor].E
	l.fill(Dim, t.Glyphs.Rule, 2)
	l.gap(1)
	all := []piece{text(1, Plain, FileMode(e)), text(2, Plain, Clean(FileOwner(e)))}
	if n, ok := e.Size.Get(); ok && e.Kind == runtime.FileRegular {
		all = append(all, text(4, Plain, Thousands(n)+" B"))
	}
	all = append(all, text(3, Plain, FileTime(e.Changed)))
	if e.Mount {
		all = append(all, text(5, Notice, "something is mounted here"))
	}
	kept := keep(all, max(0, l.left()-1), 2)
	for i := range kept {
		if i > 0 {
			l.gap(2)
		}
		l.add(kept[i].spans[0].role, kept[i].spans[0].text)
	}
	if e.Kind == runtime.FileLink && l.left() > 12 {
		l.gap(2)
		l.add(Dim, "-> ")
		l.add(Notice, t.Cut(Clean(e.Target), l.left()-1))
	}
	l.gap(1)
	l.fill(Dim, t.Glyphs.Rule, w)
	return l.String()
}
