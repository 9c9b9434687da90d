package tui

import (
	"errors"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// leftoversMsg brings what killed operations have left.
type leftoversMsg struct {
	list []runtime.Leftover
	err  error
}

// leftovers is what is known of it. At most one look is out.
type leftovers struct {
	list  []runtime.Leftover
	err   error
	asks  bool
	again bool
	told  map[string]bool // those that a notice has told of
}

// readLeftovers looks for them, now or after the look that is out.
func (m *Model) readLeftovers() tea.Cmd {
	l := &m.leftovers
	if l.asks {
		l.again = true
		return nil
	}
	l.asks, l.again = true, false
	rt := m.rt
	return cmd("leftovers", func() tea.Msg {
		ctx, cancel := m.survey()
		defer cancel()
		list, err := rt.Leftovers(ctx)
		return leftoversMsg{list, err}
	})
}

// onLeftovers tells of those that are new and that something is wrong with.
func (m *Model) onLeftovers(msg leftoversMsg) tea.Cmd {
	l := &m.leftovers
	l.asks = false
	var next tea.Cmd
	if l.again {
		next = m.readLeftovers()
	}
	if msg.err != nil {
		if !errors.Is(msg.err, runtime.ErrUnsupported) && m.out.ctx.Err() == nil && !sameText(msg.err, l.err) {
			m.say(noteWarn, msg.err.Error(), "")
		}
		l.err = msg.err
		return next
	}
	l.list, l.err = msg.list, nil
	fresh := 0
	told := map[string]bool{}
	for i := range l.list {
		x := &l.list[i]
		if !x.Kept {
			told[x.ID] = true
			if !l.told[x.ID] {
				fresh++
			}
		}
	}
	l.told = told
	if _, open := m.overlay.(*leftoverView); fresh > 0 && !open {
		text := plural(fresh, "operation") + " was interrupted"
		if fresh > 1 {
			text = plural(fresh, "operation") + " were interrupted"
		}
		m.news.left = note{kind: noteWarn, text: text, hint: m.keys.KeyOf(keymap.Palette) + "leftovers shows what was left and clears it up"}
		m.tellNews()
	}
	return next
}

// leftoverView lists them; the cursor stays on the one it is on.
type leftoverView struct {
	at int
	id string
}

func (m *Model) openLeftovers() tea.Cmd {
	m.overlay = &leftoverView{}
	return m.readLeftovers()
}

// rows puts the cursor on the one it was on.
func (x *leftoverView) rows(m *Model) []runtime.Leftover {
	rows := m.leftovers.list
	if i := slices.IndexFunc(rows, func(l runtime.Leftover) bool { return l.ID == x.id }); i >= 0 {
		x.at = i
	}
	x.at = max(0, min(x.at, len(rows)-1))
	if len(rows) > 0 {
		x.id = rows[x.at].ID
	}
	return rows
}

func (x *leftoverView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	rows := x.rows(m)
	switch s := k.String(); s {
	case "esc", "q", "ctrl+c":
		m.overlay = nil
	case "f", "u", "x":
		if x.at < len(rows) {
			return x.recover(m, rows[x.at], map[string]runtime.RecoverWay{"f": runtime.Finish, "u": runtime.Undo, "x": runtime.Dismiss}[s])
		}
	case "enter":
		if x.at < len(rows) && len(rows[x.at].Ways) > 0 {
			return x.recover(m, rows[x.at], rows[x.at].Ways[0])
		}
	default:
		if at, moved := moveCursor(s, x.at, len(rows), max(1, m.layout.H/4)); moved && len(rows) > 0 {
			x.at, x.id = at, rows[at].ID
		}
	}
	return nil
}

// recover asks before anything is done about a leftover.
func (x *leftoverView) recover(m *Model, l runtime.Leftover, way runtime.RecoverWay) tea.Cmd {
	op, busy := m.jobs.busy(l.Ref)
	switch {
	case m.readOnly:
		m.say(noteWarn, keymap.WhyReadOnly, "")
		return nil
	case !slices.Contains(l.Ways, way):
		m.say(noteWarn, "it cannot be "+done(way)+": "+m.waysOf(l.Ways), "")
		return nil
	case busy:
		m.say(noteWarn, m.called(l.Ref)+" is busy ("+op.Busy()+"): wait until that is done", "")
		return nil
	}
	q := &question{state: views.PromptState{Title: strings.ToUpper(way.String()[:1]) + way.String()[1:] + ": " + l.What + "?"}}
	switch way {
	case runtime.Finish:
		q.state.More = "It goes on to the end that was asked for."
	case runtime.Undo:
		q.state.More = "All is put back as it was before."
	case runtime.Dismiss:
		q.state.More = "What was kept is removed for good; the container stays as it is now."
	}
	t := views.Target{Name: m.called(l.Ref)}
	if c := m.byRef(l.Ref); c != nil {
		t.State = c.State
	}
	q.state.Targets = []views.Target{t}
	a := &runtime.RecoverArgs{ID: l.ID, Way: way, What: l.What, Since: l.Since}
	q.yes = func() tea.Cmd { return m.enqueue([]runtime.Request{{Op: runtime.Recover, Ref: l.Ref, Args: a}}) }
	return m.askUpon(q)
}

// done is a way as what has been done.
func done(w runtime.RecoverWay) string {
	return [...]string{"finished", "undone", "dismissed"}[w]
}

// waysOf are keys and what they do.
func (m *Model) waysOf(ways []runtime.RecoverWay) string {
	out := make([]string, 0, len(ways))
	for _, w := range ways {
		id := [...]keymap.ID{keymap.LeftFinish, keymap.LeftUndo, keymap.LeftDismiss}[w]
		out = append(out, m.keys.KeyOf(id)+" "+[...]string{"finishes it", "undoes it", "dismisses it"}[w])
	}
	if len(out) == 0 {
		return "nothing can be done about it here"
	}
	return strings.Join(out, "  ")
}

// paste is not for leftovers.
func (*leftoverView) paste(*Model, string) bool { return false }

func (x *leftoverView) paint(m *Model) views.Block {
	rows := x.rows(m)
	s := &views.LeftoversState{
		Cursor: x.at, Now: inDay(m.clock.Now()), Loading: m.leftovers.asks, Say: m.noticeState(),
		Hints: []keymap.Hint{m.keyHint(keymap.Back, "closes"), {Key: "j k", Text: "move"}},
	}
	if m.leftovers.err != nil {
		s.Err = m.leftovers.err.Error()
	}
	for i := range rows {
		l := &rows[i]
		it := views.LeftoverItem{
			Name: m.called(l.Ref), What: l.What, Since: inDay(l.Since), Where: l.Where, Size: l.Size, Ways: m.waysOf(l.Ways), Kept: l.Kept,
		}
		if op, busy := m.jobs.busy(l.Ref); busy {
			it.Busy = op.Busy()
		}
		s.Items = append(s.Items, it)
	}
	return m.theme.Leftovers(s, m.layout.W, m.layout.H)
}
