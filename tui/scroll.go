package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

// selecting is how a selection grows.
type selecting uint8

const (
	selectNothing selecting = iota
	selectText
	selectLines
	selectBlock
)

// scroll is a session's text while it is read: the view stands still, output
// goes on behind it. Rows are the emulator's own numbers, which do not change
// while lines scroll off.
type scroll struct {
	top    uint64 // the first row shown
	height int
	at     vt.Pos
	want   int // the column that up and down keep to
	kind   selecting
	anchor vt.Pos // the selection's other end
	opened uint64 // the row after the last when reading began

	pattern *vt.Pattern
	hit     *vt.Match
	gen     int // of the search that runs
	prompt  string
	line    textLine
	note    string
	wheeled bool         // begun with the wheel, which ends it too
	marks   *scrollMarks // where it stood before the size changed
}

// scrollMarks are places that survive another width.
type scrollMarks struct{ at, anchor vt.Mark }

// openScroll begins to read, at the end.
func (m *Model) openScroll() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil {
		return nil
	}
	if sh.scroll != nil {
		m.onScroll(sh, func(s *scroll, t *vt.Terminal) { s.page(t, -1) })
		return nil
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, end := sh.term.Rows()
	_, rows := sh.term.Size()
	c := sh.term.Cursor()
	s := &scroll{height: rows, opened: end}
	s.top = end - uint64(rows)
	s.at = vt.Pos{Row: s.top + uint64(c.Y), Col: c.X}
	s.want = c.X
	sh.scroll, sh.body = s, nil
	if m.lastKey == "pgup" {
		s.page(sh.term, -1)
	}
	return nil
}

// closeScroll shows what goes on again.
func (m *Model) closeScroll() tea.Cmd {
	if sh := m.shells.shown(); sh != nil {
		sh.scroll = nil
		sh.mu.Lock()
		defer sh.mu.Unlock()
		sh.body = nil
	}
	return nil
}

// onScroll changes where one reads.
func (m *Model) onScroll(sh *shell, change func(*scroll, *vt.Terminal)) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.scroll.note = ""
	change(sh.scroll, sh.term)
	sh.scroll.settle(sh.term)
}

// scrolling is an action on the text that is read.
func (m *Model) scrolling(change func(*scroll, *vt.Terminal)) func() tea.Cmd {
	return func() tea.Cmd {
		if sh := m.shells.shown(); sh != nil && sh.scroll != nil {
			m.onScroll(sh, change)
		}
		return nil
	}
}

// settle brings the cursor into the text and the view to the cursor.
func (s *scroll) settle(t *vt.Terminal) {
	first, end := t.Rows()
	_, rows := t.Size()
	s.height = rows
	s.at = t.Snap(s.at, false)
	s.anchor.Row = min(max(s.anchor.Row, first), end-1)
	last := first
	if n := end - first; n > uint64(rows) {
		last = end - uint64(rows)
	}
	switch h := uint64(rows); {
	case s.at.Row < s.top:
		s.top = s.at.Row
	case s.at.Row >= s.top+h:
		s.top = s.at.Row - h + 1
	}
	s.top = min(max(s.top, first), last)
}

// refit keeps the place when the size has changed. It is called with the
// session's lock held, after the emulator was resized.
func (s *scroll) refit(t *vt.Terminal) {
	if s.marks != nil {
		var ok bool
		if s.at, ok = t.Place(s.marks.at); !ok {
			_, end := t.Rows()
			s.at = vt.Pos{Row: end - 1}
		}
		if s.anchor, ok = t.Place(s.marks.anchor); !ok {
			s.kind = selectNothing
		}
	}
	s.hit = nil
	_, end := t.Rows()
	s.opened = min(s.opened, end)
	s.settle(t)
}

// hold remembers the place before the size changes.
func (s *scroll) hold(t *vt.Terminal) {
	s.marks = &scrollMarks{t.Mark(s.at), t.Mark(s.anchor)}
}

func (s *scroll) move(rows int) {
	if rows < 0 {
		s.at.Row -= min(s.at.Row, uint64(-rows))
	} else {
		s.at.Row += uint64(rows)
	}
	s.at.Col = s.want
}

// page moves the view by half its height, and the cursor with it.
func (s *scroll) page(t *vt.Terminal, way int) {
	first, end := t.Rows()
	n := uint64(max(1, s.height/2))
	if way < 0 {
		s.top -= min(s.top-first, n)
	} else if end > uint64(s.height) {
		s.top = min(s.top+n, end-uint64(s.height))
	}
	s.move(way * int(n))
}

func (s *scroll) to(row uint64) {
	s.at.Row, s.at.Col = row, s.want
}

// aside goes along the row; a wide character is one step.
func (s *scroll) aside(t *vt.Terminal, by int) {
	s.at.Col += by
	s.at = t.Snap(s.at, by > 0)
	s.want = s.at.Col
}

// lineEnd goes behind the last character of the row.
func (s *scroll) lineEnd(t *vt.Terminal) {
	s.at.Col = max(0, t.RowLen(s.at.Row)-1)
	s.want = s.at.Col
}

func (s *scroll) word(t *vt.Terminal, back bool) {
	s.at = t.Word(s.at, back)
	s.want = s.at.Col
}

// choose begins a selection, changes its kind, or ends it.
func (s *scroll) choose(kind selecting) {
	switch s.kind {
	case kind:
		s.kind = selectNothing
	case selectNothing:
		s.kind, s.anchor = kind, s.at
	default:
		s.kind = kind
	}
}

func (s *scroll) swap() {
	if s.kind != selectNothing {
		s.at, s.anchor = s.anchor, s.at
		s.want = s.at.Col
	}
}

// ends are the selection's first and last place.
func (s *scroll) ends(t *vt.Terminal) (a, b vt.Pos) {
	a, b = s.anchor, s.at
	if s.kind == selectNothing {
		a = b
	}
	if b.Row < a.Row || b.Row == a.Row && b.Col < a.Col {
		a, b = b, a
	}
	cols, _ := t.Size()
	if s.kind == selectLines || s.kind == selectNothing {
		a.Row, _ = t.LogicalLine(a.Row)
		_, b.Row = t.LogicalLine(b.Row)
		a.Col, b.Col = 0, cols-1
	}
	return a, b
}

// rows paints the view. It is called with the session's lock held.
func (s *scroll) rows(t *vt.Terminal, out []string) []string {
	s.settle(t)
	var hits []vt.Match
	last := s.top + uint64(s.height) - 1
	if s.pattern != nil {
		hits = t.MatchesIn(s.pattern, s.top, last)
	}
	var spans []vt.Span
	a, b := s.ends(t)
	cols, _ := t.Size()
	for n := s.top; n <= last; n++ {
		spans = spans[:0]
		for i := range hits {
			look := vt.LookMatch
			if s.hit != nil && hits[i] == *s.hit {
				look = vt.LookCurrent
			}
			if sp, ok := hits[i].On(n, look); ok {
				spans = append(spans, sp)
			}
		}
		if sp, ok := s.selected(a, b, n, cols); ok {
			spans = append(spans, sp)
		}
		out = append(out, t.Row(n, spans))
	}
	return out
}

// selected is the part of a row that is selected; the selection is from a to b.
func (s *scroll) selected(a, b vt.Pos, n uint64, cols int) (vt.Span, bool) {
	if s.kind == selectNothing || n < a.Row || n > b.Row {
		return vt.Span{}, false
	}
	sp := vt.Span{From: 0, To: cols, Look: vt.LookSelected}
	if s.kind == selectBlock {
		sp.From, sp.To = min(s.at.Col, s.anchor.Col), max(s.at.Col, s.anchor.Col)+1
		return sp, true
	}
	if n == a.Row {
		sp.From = a.Col
	}
	if n == b.Row {
		sp.To = b.Col + 1
	}
	return sp, true
}

// cursor is where the cursor stands in the pane.
func (s *scroll) cursor() (x, y int) { return s.at.Col, int(s.at.Row - s.top) }

// kept are the rows that are there; others may have gone since.
func (s *scroll) kept(sh *shell) (first, end uint64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.settle(sh.term)
	return sh.term.Rows()
}

// state is what the banner tells.
func (s *scroll) state(sh *shell) *views.ScrollState {
	first, end := s.kept(sh)
	st := &views.ScrollState{
		At: int(s.at.Row-first) + 1, Of: int(end - first), Lost: sh.lost.Load() || first > 0,
		Selecting: [...]string{"", "text", "lines", "a block"}[s.kind],
		Note:      s.note, Prompt: s.prompt, Typed: s.line.String(), Behind: s.line.behind(),
	}
	if end > s.opened {
		st.New = int(end - s.opened)
	}
	return st
}
