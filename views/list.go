package views

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// Figures that bite: shares of a limit, in percent.
const (
	nearLimit = 90
	atLimit   = 98
)

// Scroll gives the offset at which the cursor is on a page of n rows, moving
// as little as it can and leaving no blank rows that could be used.
func Scroll(cursor, offset, total, n int) int {
	if n <= 0 {
		return 0
	}
	if cursor < offset {
		offset = cursor
	}
	if cursor >= offset+n {
		offset = cursor - n + 1
	}
	return max(0, min(offset, total-n))
}

// List paints the table of containers: a row of titles, then the rows from
// Offset on. Only these are looked at.
func (t *Theme) List(s *ListState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return Fit(nil, w, h)
	}
	cols := arrangeColumns(s, w)
	out := make(Block, 0, h)
	out = append(out, t.listTitles(s, cols, w))
	if len(s.Rows) == 0 {
		return append(out, t.Empty(&s.Empty, w, h-1)...)
	}
	offset := Scroll(s.Cursor, s.Offset, len(s.Rows), h-1)
	for i := offset; i < len(s.Rows) && len(out) < h; i++ {
		out = append(out, t.listRow(s, cols, i, w))
	}
	for len(out) < h {
		out = append(out, blank(w))
	}
	return out
}

// listTitles is the row above the list. Titles stand above their figures:
// left for words, right for numbers.
func (t *Theme) listTitles(s *ListState, cols tableau, w int) string {
	l := t.newLine(w)
	for _, p := range cols.cols {
		c, _ := FindColumn(p.id)
		title, r := c.Title, Header
		if p.id == ColCPU && s.CPUUnit != OfCore {
			title = [...]string{"CPU%", "HOST%", "LIM%"}[s.CPUUnit]
		}
		width := p.w
		right := rightAligned(p.id)
		x := p.x
		switch p.id {
		case ColCPU:
			x += p.w - cpuW // behind the sparkline
			width = cpuW - 1
			if len(title) > width {
				width = cpuW
			}
		case ColMem:
			width = memW - 1
		case ColPids:
			width = pidsW - 1
		}
		if p.id == s.Sort {
			r = Sorted
			arrow := t.Glyphs.Up
			if s.Desc {
				arrow = t.Glyphs.Down
			}
			// Behind its title, so that it is not read as the neighbour's: in the
			// column, else in the gap that follows, before it at the right edge.
			switch {
			case p.id == ColName || x+width < p.x+p.w || Width(title) < width:
				title += arrow
				width = min(p.x+p.w-x, max(width, Width(title)))
			case x+width < w:
				title += arrow
				width++
			default:
				title = arrow + title
				x, width = x-1, width+1
			}
		}
		l.to(x)
		l.field(r, title, width, right)
		l.hit(x, x+width, Zone{Kind: ColumnZone, Word: p.id})
	}
	return l.String()
}

func rightAligned(id string) bool {
	switch id {
	case ColCPU, ColMem, ColNet, ColIO, ColPids, ColUp, ColAuto:
		return true
	default:
		return false
	}
}

// listRow paints one container.
func (t *Theme) listRow(s *ListState, cols tableau, i, w int) string {
	r := &s.Rows[i]
	l := t.newLine(w)
	l.item(i, i == s.Cursor)
	if i == s.Cursor {
		l.whole(CursorBlur)
		if s.Focused {
			l.whole(Cursor)
		}
		l.add(Cursor, t.Glyphs.Cursor)
	}
	l.to(1)
	if r.Marked {
		l.add(MarkedRow, t.Glyphs.Marked)
	}
	note, noteRole, firm := t.rowNote(r, s.Now)
	from, until := noteSpan(cols, r, note, firm, w)
	for _, p := range cols.cols {
		if p.x >= from && p.x < until {
			if p.x == from {
				l.to(p.x)
				l.field(noteRole, note, until-from-1, false)
			}
			continue
		}
		l.to(p.x)
		t.cell(&l, s, cols, p, r, note)
	}
	if l.used < from && from < w { // no column stands there to be taken
		l.to(from)
		l.field(noteRole, note, w-from, false)
	}
	return l.String()
}

// rowNote is what a row has to say in words. A firm one stands in the row
// whatever figures there are.
func (t *Theme) rowNote(r *Row, now time.Time) (note string, role Role, firm bool) {
	c := r.C
	switch {
	case r.Busy != "":
		return Clean(r.Busy), Notice, true
	case !c.NoAnswerSince.IsZero():
		return "no answer " + since(c.NoAnswerSince, now), Bad, true
	case c.Foreign != nil:
		return "foreign (uid " + strconv.Itoa(*c.Foreign) + ")", Dim, false
	case errors.Is(c.Problem, runtime.ErrPermission):
		// Which file it is says the detail; here the reason has a column's room.
		return runtime.ErrPermission.Error(), Warn, false
	case c.Problem != nil:
		return Clean(short(c.Problem)), Warn, false
	case r.Note != "":
		return Clean(r.Note), Dim, false
	default:
		return "", Plain, false
	}
}

// short is an error without the words that a row says anyway, operation and
// container, but with liblxc's own.
func short(err error) string {
	var e *runtime.Error
	if !errors.As(err, &e) || e.Err == nil {
		return err.Error()
	}
	if log := e.LastLog(); log != "" {
		return e.Err.Error() + ": " + log
	}
	return e.Err.Error()
}

// noteSpan says which columns a note takes: those from the first figure on if
// there are none, those behind the memory if the note is firm, none otherwise.
func noteSpan(cols tableau, r *Row, note string, firm bool, w int) (from, until int) {
	if note == "" {
		return w, w
	}
	state, ok := cols.find(ColState)
	if !ok {
		return w, w
	}
	from = state.x + 2
	if hasFigures(r) {
		if !firm {
			return w, w
		}
		for _, p := range cols.cols {
			if p.x > from && p.id != ColCPU && p.id != ColMem && w-p.x >= Width(note) {
				from = p.x
				break
			}
		}
	}
	until = w + 1
	if up, ok := cols.find(ColUp); ok && up.x-from > Width(note) {
		until = up.x
	}
	return from, until
}

func hasFigures(r *Row) bool {
	if r.Sample == nil {
		return false
	}
	return !r.Sample.CPU.Usage.Absent() || !r.Sample.Memory.Usage.Absent()
}

// cell paints one figure at its column.
func (t *Theme) cell(l *line, s *ListState, cols tableau, p placed, r *Row, note string) {
	c := r.C
	switch p.id {
	case ColName:
		t.nameCell(l, r, p.w)
	case ColState:
		l.add(stateRole(c.State), StateLetter(c.State))
		// The gap before the next column has room for one sign.
		if role, mark := homeless(cols, r); mark != " " {
			l.add(role, mark)
		} else if c.Lock != nil {
			l.add(Warn, t.Glyphs.Lock)
		} else if r.Stale {
			l.add(Warn, "*")
		}
	case ColCPU:
		t.cpuCell(l, s, cols, r)
	case ColMem:
		t.memCell(l, r)
	case ColNet:
		t.rateCell(l, r, netRates)
	case ColIO:
		v := Absent
		if f := sum(r.Usage, ioRates); !math.IsNaN(f) {
			v = RateBytes(runtime.RateOf(f))
		}
		l.field(faint(v), v, p.w, true)
	case ColPids:
		t.pidsCell(l, r)
	case ColIP:
		v, role := address(c, p.w), Plain
		if v == Absent && note != "" {
			v = note
			if word, _, ok := strings.Cut(note, " ("); ok && Width(note) > p.w {
				v = word
			}
		}
		if len(c.IPs) == 0 {
			role = Dim
		}
		l.field(role, v, p.w, false)
	case ColUp:
		v := Absent
		if c.Counted() {
			v = uptime(c.Started, s.Now)
		}
		l.field(faint(v), v, p.w, true)
	case ColAuto:
		v := autostart(c)
		l.field(faint(strings.TrimPrefix(v, "no")), v, p.w, true)
	case ColGroups:
		v := Clean(groups(c))
		if v == "" {
			v = Absent
		}
		l.field(faint(v), v, p.w, false)
	case ColPath:
		l.field(Dim, pathEnd(t, Clean(c.Path), p.w), p.w, false)
	}
}

// faint paints what is not there, or nothing, in the background.
func faint(s string) Role {
	if s == Absent || s == "0" || s == "" {
		return Dim
	}
	return Plain
}

func (t *Theme) cpuCell(l *line, s *ListState, cols tableau, r *Row) {
	// The sparkline stands before the figure: what changes every tick, CPU and
	// memory, is then one run of cells, which is what a frame costs over ssh.
	if cols.spark > 0 {
		l.raw(GraphCPU, t.spark(r.Spark, cols.spark, sparkTop(r.Spark)), min(cols.spark, l.left()))
		l.gap(1)
	}
	v := RatePercent(CPUIn(r.Usage, s.CPUUnit))
	l.field(faint(v), v, cpuW-1, true)
	role, mark := cpuMark(r)
	l.add(role, mark)
}

// sparkTop keeps small figures small: the scale is at least one core.
func sparkTop(v []float64) float64 { return math.Max(100, peak(v)) }

func (t *Theme) memCell(l *line, r *Row) {
	used, limit, share := Absent, Absent, 0.0
	if r.Sample != nil {
		m := &r.Sample.Memory
		used, limit = ValueBytes(m.WorkingSet), ValueBytes(m.Limit)
		share = shareOf(m.WorkingSet, m.Limit)
	}
	if used == Absent {
		l.field(Dim, Absent, memW-1, true)
		l.gap(1)
		return
	}
	l.field(Plain, used, 4, true)
	l.add(Dim, "/")
	l.field(faint(limit), limit, 4, false)
	role, mark := memMark(r, share)
	l.add(role, mark)
}

// shareOf is a figure in percent of its limit; 0 when there is none.
func shareOf(v, limit runtime.Value) float64 {
	n, ok := v.Get()
	m, okm := limit.Get()
	if !ok || !okm || m == 0 {
		return 0
	}
	return 100 * float64(n) / float64(m)
}

// near is the mark of a share of a limit.
func near(share float64) (Role, string) {
	switch {
	case share >= atLimit:
		return Bad, "!"
	case share >= nearLimit:
		return Warn, "!"
	default:
		return Plain, " "
	}
}

func (t *Theme) rateCell(l *line, r *Row, of func(*runtime.Usage) (a, b runtime.Rate)) {
	x, y := Absent, Absent
	if r.Usage != nil {
		a, b := of(r.Usage)
		x, y = RateBytes(a), RateBytes(b)
	}
	l.field(faint(x), x, 4, true)
	l.gap(1)
	l.field(faint(y), y, 4, true)
}

func (t *Theme) pidsCell(l *line, r *Row) {
	v := Absent
	if r.Sample != nil {
		v = ValueCount(r.Sample.Pids.Current)
	}
	l.field(faint(v), v, pidsW-1, true)
	role, mark := pidsMark(r)
	l.add(role, mark)
}

// address is the first IP address, and how many more there are if that fits
// into w; "-" when there is none or it is not known.
func address(c *runtime.Container, w int) string {
	if len(c.IPs) == 0 {
		return Absent
	}
	first := Clean(c.IPs[0].String()) // an IPv6 zone is foreign text
	if more := "+" + strconv.Itoa(len(c.IPs)-1); len(c.IPs) > 1 && len(first)+len(more) <= w {
		return first + more
	}
	return first
}
