package views

import "strconv"

// Tab is one tab of the shell pane.
type Tab struct {
	Text  string // container or the person's own name for it; foreign text
	Marks SessionMarks
}

// TabsState is the row of tabs.
type TabsState struct {
	Tabs    []Tab
	Current int // index of the tab on screen
	Focused bool
}

// SessionMarks say what has happened in a session, or happens to it.
type SessionMarks struct {
	Activity  bool // it has written since it was looked at
	Bell      bool // it has rung since it was looked at
	Ended     bool
	Recording bool
	Typed     bool // what is typed goes into it and into others
}

// Sign is the mark that matters most, one cell; "" = none.
func (m SessionMarks) Sign() (string, Role) {
	switch {
	case m.Ended:
		return "x", Warn
	case m.Typed:
		return ">", Bad
	case m.Bell:
		return "!", Bad
	case m.Recording:
		return "R", Bad
	case m.Activity:
		return "+", Notice
	}
	return "", Plain
}

// Tabs paints the row of tabs: each with its number, by which the prefix goes
// to it. The one on screen is always in sight.
func (t *Theme) Tabs(s *TabsState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	pieces := make([]piece, len(s.Tabs))
	for i := range s.Tabs {
		pieces[i] = t.tab(s, i)
	}
	first := 0
	for first < s.Current && t.tabsWidth(pieces[first:s.Current+1]) > w-6 {
		first++
	}
	l := t.newLine(w)
	rule := Dim
	if s.Focused {
		rule = Banner
	}
	l.fill(rule, t.Glyphs.Rule, 1)
	if first > 0 {
		l.add(Dim, t.Glyphs.Ellipsis)
	}
	for i := first; i < len(pieces); i++ {
		if i > s.Current && l.left() < pieces[i].width()+4 {
			l.gap(1)
			l.add(Dim, t.Glyphs.Ellipsis)
			break
		}
		from := l.used
		for _, sp := range pieces[i].spans {
			l.add(sp.role, sp.text)
		}
		l.hit(from, l.used, Zone{Kind: TabZone, At: i})
	}
	l.gap(1)
	l.fill(rule, t.Glyphs.Rule, w)
	return exactly([]string{l.String()}, w, h)
}

func (t *Theme) tab(s *TabsState, i int) piece {
	const most = 18
	tab := &s.Tabs[i]
	role, left, right := Dim, " ", " "
	if i == s.Current {
		role, left, right = Strong, "[", "]"
	}
	p := piece{spans: []span{
		{role, left + strconv.Itoa(i+1) + " "}, {role, t.cutName(Clean(tab.Text), most)},
	}}
	if sign, r := tab.Marks.Sign(); sign != "" {
		p.spans = append(p.spans, span{r, " " + sign})
	}
	p.spans = append(p.spans, span{role, right})
	return p
}

func (t *Theme) tabsWidth(pieces []piece) int {
	n := 0
	for i := range pieces {
		n += pieces[i].width()
	}
	return n
}
