package tui

import (
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// isolationView shows what keeps a container apart from the host. It is read when
// it is opened, when it is asked for, and when the container stops or starts.
type isolationView struct {
	reader
	ref     runtime.Ref
	read    bool // something was
	got     runtime.Isolation
	came    time.Time // when that came, by a clock that nobody sets
	when    string    // when it was read, once it is not fresh
	lines   []views.IsolationLine
	err     error
	at, top int
}

// openIsolation shows that of the selected container.
func (m *Model) openIsolation() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	x := &isolationView{ref: c.Ref}
	m.overlay = x
	return x.fetch(m)
}

// fetch reads it off the loop.
func (x *isolationView) fetch(m *Model) tea.Cmd {
	if x.out {
		return nil
	}
	rt, ref := m.rt, x.ref
	return fetch(m, x, "isolation", readDeadline, func(ctx context.Context) (runtime.Isolation, error) {
		return rt.Isolation(ctx, ref)
	})
}

// due sees whether the container is in another life than the one that was read.
func (x *isolationView) due(m *Model) tea.Cmd {
	x.aged(m)
	never := x.err != nil && !x.read && m.byRef(x.ref) != nil // a first reading that timed out, or it was made anew
	if !m.held && (never || x.stale(m) || errors.Is(x.err, runtime.ErrWrongState)) {
		return x.fetch(m)
	}
	return next(m, x, m.interval)
}

// stale says whether the container is known to be in another life by now.
func (x *isolationView) stale(m *Model) bool {
	c := m.byRef(x.ref)
	return x.read && c != nil && x.got.OfAnotherLife(c)
}

// isolationFresh is how long a reading is one of now.
const isolationFresh = 10 * time.Second

// aged says when it was read, once that is some time ago.
func (x *isolationView) aged(m *Model) {
	now := m.clock.Now()
	if x.when = ""; !x.read || now.Sub(x.came) < isolationFresh {
		return
	}
	layout, at, today := "15:04:05", inDay(x.got.At), inDay(now)
	if at.YearDay() != today.YearDay() || at.Year() != today.Year() {
		layout = "Jan _2 15:04:05"
	}
	x.when = "read " + at.Format(layout)
}

// took takes a reading over. What was read before stays where the new one failed.
func (x *isolationView) took(m *Model, got runtime.Isolation, err error) tea.Cmd {
	if x.err = err; err != nil {
		if errors.Is(err, runtime.ErrNotFound) {
			x.lines, x.read = nil, false
		}
		return next(m, x, x.pause(m))
	}
	another := x.got.InitPID != got.InitPID || x.got.Begin != got.Begin
	x.got, x.lines = got, views.IsolationLines(&got, m.called)
	x.came, x.when = m.clock.Now(), ""
	if !x.read || another {
		x.at, x.top = 0, 0
	}
	x.read = true
	x.move(m, x.at, 1)
	return next(m, x, x.pause(m))
}

// move puts the cursor on a line, or on the next one that is no heading.
func (x *isolationView) move(m *Model, to, way int) {
	to = max(0, min(to, len(x.lines)-1))
	for to >= 0 && to < len(x.lines) && x.lines[to].Head {
		to += way
	}
	if to >= 0 && to < len(x.lines) {
		x.at = to
	}
	x.at = max(0, min(x.at, len(x.lines)-1))
	x.top = m.theme.IsolationTop(x.state(m), m.layout.W, m.layout.H)
}

// step is one line on, or one row where the line is higher than the screen.
func (x *isolationView) step(m *Model, way int) {
	s := x.state(m)
	spans, page := m.theme.IsolationSpans(s, m.layout.W), views.IsolationPage(s, m.layout.H)
	if x.at < len(spans) {
		if at := spans[x.at]; way > 0 && at.To > x.top+page || way < 0 && at.From < x.top {
			x.top += way
			return
		}
	}
	x.move(m, x.at+way, way)
}

// turn is half a page on.
func (x *isolationView) turn(m *Model, way int) {
	s := x.state(m)
	spans, half := m.theme.IsolationSpans(s, m.layout.W), max(1, views.IsolationPage(s, m.layout.H)/2)
	if x.at >= len(spans) {
		return
	}
	to := x.at
	for n := to + way; n >= 0 && n < len(spans); n += way {
		to = n
		if d := (spans[n].From - spans[x.at].From) * way; d >= half {
			break
		}
	}
	before := x.at
	if x.move(m, to, way); x.at == before { // there is no other: its own beginning or end
		x.top += way * half
		x.move(m, x.at, way)
	}
}

func (x *isolationView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	a, ok := m.keys.Lookup(keymap.List, k.String())
	if !ok {
		return nil
	}
	switch a.ID {
	case keymap.Up:
		x.step(m, -1)
	case keymap.Down:
		x.step(m, 1)
	case keymap.PageUp:
		x.turn(m, -1)
	case keymap.PageDown:
		x.turn(m, 1)
	case keymap.Top:
		x.top = 0
		x.move(m, 0, 1)
	case keymap.Bottom:
		x.move(m, len(x.lines)-1, -1)
	case keymap.Copy:
		return x.copy(m)
	case keymap.Refresh:
		return x.fetch(m)
	case keymap.Back, keymap.Quit, keymap.Interrupt, keymap.Isolation:
		return x.leave(m)
	case keymap.FreezeView:
		return m.do(a)
	}
	if a.ID == keymap.HelpKey {
		m.helpUpon(x, keymap.List, views.HelpIsolation)
		return nil
	}
	return m.aside(x, keymap.List, a, x.leave)
}

// copy copies the value of the line under the cursor, made clean. What to set may
// be several lines.
func (x *isolationView) copy(m *Model) tea.Cmd {
	if x.at >= len(x.lines) {
		return nil
	}
	line := &x.lines[x.at]
	if line.Set == "" {
		text := views.Clean(line.Value())
		m.say(noteInfo, "copied: "+text, "")
		return tea.SetClipboard(text)
	}
	rows := strings.Split(line.Set, "\n")
	for n := range rows {
		rows[n] = views.Clean(rows[n])
	}
	m.say(noteInfo, "copied: "+strings.Join(rows, " and "), "")
	return tea.SetClipboard(strings.Join(rows, "\n"))
}

// paste is not for reading.
func (*isolationView) paste(*Model, string) bool { return false }

func (x *isolationView) paint(m *Model) views.Block {
	s := x.state(m)
	w, h := m.layout.W, m.layout.H // the screen may have another size
	spans, page := m.theme.IsolationSpans(s, w), views.IsolationPage(s, h)
	if x.at < len(spans) && (spans[x.at].To <= s.Offset || spans[x.at].From >= s.Offset+page) {
		s.Offset = m.theme.IsolationTop(s, w, h)
	}
	return m.theme.Isolation(s, w, h)
}

func (x *isolationView) state(m *Model) *views.IsolationState {
	s := &views.IsolationState{Name: m.called(x.ref), When: x.when, Lines: x.lines, Cursor: x.at, Offset: x.top, Note: x.note(m), Empty: x.empty(), Say: m.noticeState()}
	if x.read {
		s.Sum = views.IsolationSum(&x.got)
	}
	hint := func(id keymap.ID, text string) {
		if key := m.keys.KeyOf(id); key != "" {
			s.Hints = append(s.Hints, keymap.Hint{ID: id, Key: key, Text: text})
		}
	}
	if len(x.lines) > 0 {
		hint(keymap.Copy, "copies the line's value")
	}
	hint(keymap.Refresh, "reads again")
	hint(keymap.Quit, "back")
	return s
}

// note is one sentence on the whole.
func (x *isolationView) note(m *Model) string {
	switch {
	case m.isGone(x.ref):
		return m.called(x.ref) + " is gone"
	case x.err != nil && len(x.lines) > 0:
		return x.err.Error()
	case !x.read:
		return ""
	case x.stale(m):
		return m.called(x.ref) + " has stopped or started since: reading again"
	case x.got.InitPID == 0:
		return m.called(x.ref) + " does not run: this is what its configuration asks for"
	}
	return ""
}

// empty says why there is no line.
func (x *isolationView) empty() string {
	if x.err != nil {
		return x.err.Error()
	}
	return "reading ..."
}
