package views

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// The columns of processes, by which they are sorted.
const (
	ProcPID     = "pid"
	ProcInner   = "inner"
	ProcUser    = "user"
	ProcHost    = "host-user"
	ProcState   = "state"
	ProcCPU     = "cpu"
	ProcMem     = "mem"
	ProcTime    = "time"
	ProcThreads = "threads"
	ProcUnit    = "unit"
	ProcCommand = "command"
)

// ProcessColumn is one column of processes.
type ProcessColumn struct {
	ID    string
	Title string
	Long  string // what it shows
	Down  bool   // the largest stands first
	w     int    // cells; 0 = what is left
	from  int    // the width of the screen from which it is shown
	right bool
}

// ProcessColumns gives all columns, from left to right.
func ProcessColumns() []ProcessColumn {
	return []ProcessColumn{
		{ProcPID, "PID", "pid on the host", false, 7, 0, true},
		{ProcInner, "INSIDE", "pid in the container", false, 7, narrowW, true},
		{ProcUser, "USER", "user in the container", false, 9, narrowW, false},
		{ProcHost, "HOST", "user on the host", false, 9, wideW, false},
		{ProcState, "S", "state", false, 1, 0, false},
		{ProcCPU, "CPU%", "CPU, 100 = one core", true, 5, 0, true},
		{ProcMem, "MEM", "memory (RSS)", true, 5, 0, true},
		{ProcTime, "TIME", "CPU time so far", true, 6, 100, true},
		{ProcThreads, "THR", "threads", true, 4, wideW, true},
		{ProcUnit, "UNIT", "systemd unit", false, 18, 100, false},
		{ProcCommand, "COMMAND", "command line", false, 0, 0, false},
	}
}

// VisibleProcessColumns are those that a screen of w cells shows. Where there is
// no systemd, the commands have the room of its units.
func VisibleProcessColumns(w int, units bool) []ProcessColumn {
	return slices.DeleteFunc(ProcessColumns(), func(c ProcessColumn) bool { return w < c.from || c.ID == ProcUnit && !units })
}

// ProcessItem is one process in its row.
type ProcessItem struct {
	P   *runtime.Process
	CPU runtime.Rate // percent; 100 = one core
	// Tree says how the row hangs in the tree, a sign for each level: "|" a
	// branch that goes on, " " none, and last "+" or "`" where it hangs.
	Tree string
}

// ProcessesState is the view of a container's processes.
type ProcessesState struct {
	Name   string // of the container
	State  runtime.State
	Items  []ProcessItem
	Cursor int
	Offset int // the first row drawn
	Total  int // how many there are, shown or not
	Sort   string
	Desc   bool
	Tree   bool
	Units  bool // some process is in a unit of systemd
	Filter string
	Typing bool // the filter is being typed
	Behind int  // characters of it behind the cursor
	Wrong  string
	Now    time.Time
	Note   string // what is said of the whole: "has stopped"
	Empty  string // why there is no row
	Hints  []keymap.Hint
	Say    *NoticeState
}

// Processes paints the view in exactly w x h cells: a title, the columns, a row
// for each process, and below them all about the one under the cursor.
func (t *Theme) Processes(s *ProcessesState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	foot, last := t.processFoot(s, w, h), t.processLast(s, w, h)
	rows := []string{t.pageTitle(processTitle(s, w), processPlace(s), w), t.processHead(s, w)}
	room := ProcessRows(s, h)
	switch {
	case len(s.Items) == 0:
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	default:
		for i := s.Offset; i < min(len(s.Items), s.Offset+room); i++ {
			rows = append(rows, t.processRow(s, i, w))
		}
	}
	rows = rows[:min(len(rows), 2+room)]
	for len(rows) < 2+room {
		rows = append(rows, blank(w))
	}
	return exactly(append(append(rows, foot...), last...), w, h)
}

// ProcessRows is how many processes are in sight.
func ProcessRows(s *ProcessesState, h int) int {
	return max(0, h-2-processFootRows(s, h)-processLastRows(s, h))
}

// processTitle names the container, and how many processes it has.
func processTitle(s *ProcessesState, w int) string {
	title := "Processes of " + s.Name
	if w < narrowW {
		title = s.Name
	}
	if s.Total > 0 {
		title += ": " + strconv.Itoa(s.Total)
		if n := len(s.Items); n != s.Total {
			title += ", " + strconv.Itoa(n) + " shown"
		}
	}
	return title
}

// processPlace is where the cursor is, and what is to be known of the container.
func processPlace(s *ProcessesState) string {
	place := ""
	if s.State == runtime.Frozen || s.State == runtime.Freezing {
		place = "FROZEN  "
	}
	if len(s.Items) > 0 {
		place += strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items))
	}
	return strings.TrimSpace(place)
}

func (t *Theme) processHead(s *ProcessesState, w int) string {
	l := t.newLine(w)
	l.gap(1)
	for i, c := range VisibleProcessColumns(w, s.Units) {
		if i > 0 {
			l.gap(1)
		}
		title, r := c.Title, Header
		if c.ID == s.Sort {
			r = Sorted
			arrow := t.Glyphs.Up
			if s.Desc {
				arrow = t.Glyphs.Down
			}
			if c.w == 1 {
				title = arrow
			} else {
				title = t.Cut(title, max(1, c.width(&l)-1)) + arrow
			}
		}
		l.field(r, title, c.width(&l), c.right)
	}
	return l.String()
}

// width is that of the column in a row that has come so far.
func (c *ProcessColumn) width(l *line) int {
	if c.w == 0 {
		return l.left()
	}
	return c.w
}

func (t *Theme) processRow(s *ProcessesState, i, w int) string {
	it := &s.Items[i]
	l := t.newLine(w)
	l.item(i, i == s.Cursor)
	l.pointed(i == s.Cursor)
	for k, c := range VisibleProcessColumns(w, s.Units) {
		if k > 0 {
			l.gap(1)
		}
		if c.ID == ProcCommand {
			t.processCommand(&l, it)
			continue
		}
		r, text := processCell(it, c.ID)
		if c.ID == ProcUser || c.ID == ProcHost || c.ID == ProcUnit {
			text = t.Cut(Clean(text), c.w)
		}
		l.field(r, text, c.w, c.right)
	}
	return l.String()
}

// processCell is what stands in a column of figures or names.
func processCell(it *ProcessItem, id string) (Role, string) {
	p := it.P
	switch id {
	case ProcPID:
		return Plain, strconv.Itoa(p.PID)
	case ProcInner:
		return Dim, InsidePID(p)
	case ProcUser:
		return Plain, InsideUser(p)
	case ProcHost:
		return Dim, HostUser(p)
	case ProcState:
		return processRole(p.State), Clean(string(rune(p.State)))
	case ProcCPU:
		if f, ok := it.CPU.Get(); ok && f < 0.05 {
			return Dim, "0"
		}
		return Plain, RatePercent(it.CPU)
	case ProcMem:
		return Plain, ValueBytes(p.RSS)
	case ProcTime:
		return Dim, CPUTime(p.CPU)
	case ProcThreads:
		return Dim, strconv.Itoa(p.Threads)
	case ProcUnit:
		return Dim, p.Unit
	default:
		return Plain, ""
	}
}

// InsidePID is the pid that the container knows; a plus says that it is in a
// nested container, which numbers it anew.
func InsidePID(p *runtime.Process) string {
	switch {
	case p.Inner == 0:
		return Absent
	case p.Depth > 0:
		return "+" + strconv.Itoa(p.Inner)
	default:
		return strconv.Itoa(p.Inner)
	}
}

// InsideUser is the user that the container knows, by name where it has one.
func InsideUser(p *runtime.Process) string {
	switch {
	case p.User != "":
		return p.User
	case p.InnerUID >= 0:
		return strconv.Itoa(p.InnerUID)
	default:
		return Absent
	}
}

// HostUser is the user on the host, by name where it has one.
func HostUser(p *runtime.Process) string {
	if p.HostUser != "" {
		return p.HostUser
	}
	return strconv.Itoa(p.UID)
}

// processRole is the colour of a state (proc_pid_stat(5)).
func processRole(state byte) Role {
	switch state {
	case 'R':
		return Good
	case 'D':
		return Warn
	case 'Z', 'X':
		return Bad
	case 'T', 't':
		return Notice
	default:
		return Dim
	}
}

// CPUTime is processor time in at most six cells: "0:07", "59:59", "12h04", "9d".
func CPUTime(v runtime.Value) string {
	n, ok := v.Get()
	if !ok {
		return Absent
	}
	d := time.Duration(min(n, 1<<62))
	if d >= time.Hour {
		return Age(d)
	}
	s := int(d / time.Second)
	return strconv.Itoa(s/60) + ":" + strconv.Itoa(s%60/10) + strconv.Itoa(s%10)
}

// mostTree is how much of the command's room the tree may take.
const mostTree = 2

// processCommand is the command line behind its place in the tree.
func (t *Theme) processCommand(l *line, it *ProcessItem) {
	signs := it.Tree
	if most := l.left() / mostTree / 2; len(signs) > most {
		signs = signs[len(signs)-max(0, most):]
	}
	var tree strings.Builder
	for i := range len(signs) {
		switch signs[i] {
		case '|':
			tree.WriteString(t.Glyphs.Bar + " ")
		case '+':
			tree.WriteString(t.Glyphs.Branch + t.Glyphs.Rule)
		case '`':
			tree.WriteString(t.Glyphs.Corners[2] + t.Glyphs.Rule)
		default:
			tree.WriteString("  ")
		}
	}
	l.add(Border, tree.String())
	r := Plain
	if it.P.Init {
		r = Strong
	}
	if it.P.State == 'Z' || it.P.Command == "" {
		r = Dim
	}
	l.add(r, Clean(it.P.Title()))
}

// processFootRows is how many rows are about the process under the cursor.
func processFootRows(s *ProcessesState, h int) int {
	switch {
	case len(s.Items) == 0 || h < shortH:
		return 0
	case h < tallH:
		return 3
	default:
		return 5
	}
}

func (t *Theme) processFoot(s *ProcessesState, w, h int) []string {
	n := processFootRows(s, h)
	if n == 0 {
		return nil
	}
	it := &s.Items[max(0, min(s.Cursor, len(s.Items)-1))]
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, w)
	rows := []string{l.String()}
	f := t.newLine(w)
	f.addPieces(processPieces(it, s.Now), 2)
	words := t.paragraph(Plain, Clean(it.P.Title()), w)
	if most := n - 2; len(words) > most {
		words = words[:most]
	}
	rows = append(append(rows, words...), f.String())
	for len(rows) < n {
		rows = append(rows, blank(w))
	}
	return rows
}

// processPieces are the figures of a process that have no column everywhere.
func processPieces(it *ProcessItem, now time.Time) []piece {
	p := it.P
	out := []piece{figure(0, "pid", Plain, strconv.Itoa(p.PID))}
	if p.Init {
		out = append(out, text(0, Strong, "init"))
	}
	out = append(out, figure(1, "inside", Plain, InsidePID(p)), figure(2, "user", Plain, Clean(InsideUser(p))),
		figure(3, "on the host", Plain, Clean(HostUser(p))), figure(5, "for", Plain, since(p.Started, now)))
	if p.Unit != "" {
		out = append(out, figure(4, "unit", Plain, Clean(p.Unit)))
	}
	return append(out, figure(6, "threads", Plain, strconv.Itoa(p.Threads)), figure(7, "cpu time", Plain, CPUTime(p.CPU)))
}

// processLastRows is how many rows the end of the page takes: a note or the
// filter, a notice, and what keys do.
func processLastRows(s *ProcessesState, h int) int {
	if h <= 3 {
		return 0
	}
	n := footRows(s.Say, h)
	if s.hasNote() && h >= footBoth {
		n++
	}
	return n
}

func (s *ProcessesState) hasNote() bool { return s.Note != "" || s.Typing || s.Filter != "" }

func (t *Theme) processLast(s *ProcessesState, w, h int) []string {
	if h <= 3 {
		return nil
	}
	rows := t.pageFoot(s.Say, s.Hints, w, h)
	if !s.hasNote() {
		return rows
	}
	l := t.newLine(w)
	if s.Typing || s.Filter != "" {
		t.processFilter(&l, s)
	}
	if s.Note != "" {
		if l.used > 0 {
			l.gap(2)
		}
		l.add(Warn, Clean(s.Note))
	}
	if h < footBoth { // in the place of the hints
		return []string{l.String()}
	}
	return append([]string{l.String()}, rows...)
}

// processFilter is the filter, with a cursor while it is typed.
func (t *Theme) processFilter(l *line, s *ProcessesState) {
	l.add(Key, "/")
	if !s.Typing {
		l.add(Plain, Clean(s.Filter))
		return
	}
	l.typing(s.Filter, s.Behind)
	if s.Wrong != "" {
		l.gap(2)
		l.add(Bad, Clean(s.Wrong))
	}
}
