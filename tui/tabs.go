package tui

import (
	"slices"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// maxClosed is how many closed sessions are remembered for opening again.
const maxClosed = 20

// tab is one session, or two that share the pane.
type tab struct {
	halves []*shell // one or two
	at     int      // the one in focus
	split  views.Halves
}

// focus is the half in focus.
func (t *tab) focus() *shell { return t.halves[t.at] }

// layout is how the tab divides its pane.
func (t *tab) layout() views.Halves {
	if len(t.halves) < 2 {
		return views.Undivided
	}
	return t.split
}

// shells are all sessions and their tabs; leaving one does not end it.
type shells struct {
	all    []*shell // in the order they were opened
	tabs   []*tab
	cur    *tab // nil = none
	open   bool // the pane is on screen
	closed []opening
	next   int
}

// shown is the session that has the pane, or the half of it in focus; nil =
// there is no pane.
func (s *shells) shown() *shell {
	if !s.open || s.cur == nil {
		return nil
	}
	return s.cur.focus()
}

// halves are the sessions of the tab on screen; none without a pane.
func (s *shells) halves() []*shell {
	if s.shown() == nil {
		return nil
	}
	return s.cur.halves
}

func (s *shells) byID(id int) *shell {
	for _, sh := range s.all {
		if sh.id == id {
			return sh
		}
	}
	return nil
}

// of gives a container's session that was used last, one that runs before one
// that has ended and was not dismissed. Consoles count only where asked for.
func (s *shells) of(r runtime.Ref, want func(*shell) bool) *shell {
	var best *shell
	better := func(a, b *shell) bool {
		if a.over != b.over {
			return b.over
		}
		return a.used > b.used
	}
	for _, sh := range s.all {
		if sh.op.shell.Ref == r && want(sh) && (best == nil || better(sh, best)) {
			best = sh
		}
	}
	return best
}

// any takes every session of a container.
func anySession(*shell) bool { return true }

func liveShell(sh *shell) bool { return !sh.over && !sh.op.console }

func (s *shells) liveCount() int {
	n := 0
	for _, sh := range s.all {
		if !sh.over {
			n++
		}
	}
	return n
}

// tabOf is the tab of a session and its place in it.
func (s *shells) tabOf(sh *shell) (*tab, int) {
	for _, t := range s.tabs {
		if i := slices.Index(t.halves, sh); i >= 0 {
			return t, i
		}
	}
	return nil, 0
}

// index is the place of the tab on screen, from 0; -1 = there is none.
func (s *shells) index() int { return slices.Index(s.tabs, s.cur) }

// addTab puts a session into a tab of its own, behind the one on screen.
func (s *shells) addTab(sh *shell) *tab {
	t := &tab{halves: []*shell{sh}}
	at := s.index() + 1
	if at == 0 {
		at = len(s.tabs)
	}
	s.tabs = slices.Insert(s.tabs, at, t)
	return t
}

// join puts a session beside or below the one in focus; a tab it leaves empty
// goes. False = the tab has two already.
func (s *shells) join(sh *shell, split views.Halves) bool {
	if s.cur == nil || len(s.cur.halves) > 1 || s.cur.halves[0] == sh {
		return false
	}
	s.leaveTab(sh)
	s.cur.halves, s.cur.split, s.cur.at = append(s.cur.halves, sh), split, 1
	return true
}

// leaveTab takes a session out of its tab.
func (s *shells) leaveTab(sh *shell) {
	t, i := s.tabOf(sh)
	if t == nil {
		return
	}
	t.halves = slices.Delete(t.halves, i, i+1)
	if t.at = 0; len(t.halves) > 0 {
		return
	}
	k := slices.Index(s.tabs, t)
	s.tabs = slices.Delete(s.tabs, k, k+1)
	if s.cur == t {
		s.cur = nil
		if len(s.tabs) > 0 {
			s.cur = s.tabs[min(k, len(s.tabs)-1)]
		}
	}
}

// apart gives the half in focus a tab of its own.
func (s *shells) apart() {
	sh := s.shown()
	if sh == nil || len(s.cur.halves) < 2 {
		return
	}
	s.leaveTab(sh)
	s.cur = s.addTab(sh)
}

// forget drops a session that is over and remembers how to open it again.
func (s *shells) forget(sh *shell) {
	s.leaveTab(sh)
	s.all = slices.DeleteFunc(s.all, func(x *shell) bool { return x == sh })
	op := sh.op
	op.label = sh.label
	s.closed = append(s.closed, op)
	if len(s.closed) > maxClosed {
		s.closed = s.closed[1:]
	}
}

// focusOn makes a session the one in focus. The pane may still be closed.
func (s *shells) focusOn(sh *shell) {
	if t, i := s.tabOf(sh); t != nil {
		s.cur, t.at = t, i
		s.next++
		sh.used = s.next
	}
}
