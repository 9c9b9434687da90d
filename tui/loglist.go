package tui

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// mostLogs is of how many containers logs are read at once.
const mostLogs = 16

// listPause is how long the list of logs rests after a reading.
const listPause = 10 * time.Second

type (
	// logListMsg are the logs of one container.
	logListMsg struct {
		view *logView
		gen  int
		i    int // of logList.of
		got  []runtime.LogSource
		err  error
	}
	// logListDueMsg says that it is time to read the list again.
	logListDueMsg struct {
		view *logView
		gen  int
	}
)

// logEntry is a log in the list: of one container, or one that several have.
type logEntry struct {
	kind  runtime.LogKind
	name  string
	wants []logWant // of those that can be read
	of    int       // how many have it, those included of which it cannot be read
	first runtime.LogSource
	why   string // why it cannot be read; "" = it can
}

// logList is what logs there are.
type logList struct {
	of      []runtime.Ref
	more    int // marked containers beyond those
	gen     int // of the last reading
	out     int // answers that are waited for
	began   time.Time
	got     [][]runtime.LogSource
	errs    []error
	all     []logEntry
	entries []logEntry // those of all that the filter keeps
	filter  string     // part of their names, in any case; "" = all
	read    bool       // was read once
	at, top int
	on      string // name of what is under the cursor: it keeps it when rows move
}

// fetchList reads which logs there are, each container by itself.
func (x *logView) fetchList(m *Model) tea.Cmd {
	l := &x.list
	if l.out > 0 {
		return nil
	}
	l.gen++
	l.began, l.out, l.errs = m.clock.Now(), len(l.of), make([]error, len(l.of))
	if l.got == nil {
		l.got = make([][]runtime.LogSource, len(l.of))
	}
	rt, gen, out := m.rt, l.gen, m.out.ctx
	acts := make([]tea.Cmd, 0, len(l.of))
	for i, ref := range l.of {
		acts = append(acts, cmd("logs", func() tea.Msg {
			ctx, stop := context.WithTimeout(out, readDeadline)
			defer stop()
			got, err := rt.Logs(ctx, ref)
			return logListMsg{x, gen, i, got, err}
		}))
	}
	return tea.Batch(acts...)
}

func (msg logListMsg) arrive(m *Model) tea.Cmd {
	x, l := msg.view, &msg.view.list
	if opened[*logView](m) != x || msg.gen != l.gen {
		return nil
	}
	if l.errs[msg.i] = msg.err; msg.err == nil { // else what was read before stays
		l.got[msg.i] = msg.got
	}
	if l.out--; l.out > 0 {
		return nil
	}
	first := !l.read
	l.read = true
	l.arrange(m)
	again := m.clock.After(max(listPause, readShare*m.clock.Now().Sub(l.began)), logListDueMsg{x, l.gen})
	if !first || x.text != nil {
		return again
	}
	if l.filter != "" { // somebody was faster
		return again
	}
	l.move(max(0, slices.IndexFunc(l.entries, func(e logEntry) bool { return e.why == "" })))
	if len(l.all) == 1 && l.all[0].why == "" { // there is nothing to choose
		return tea.Batch(again, x.openEntry(m, 0))
	}
	return again
}

func (msg logListDueMsg) arrive(m *Model) tea.Cmd {
	x := msg.view
	switch {
	case opened[*logView](m) != x || msg.gen != x.list.gen:
		return nil
	case m.held || !x.choosing && !views.LogBeside(m.layout.W): // nobody sees it
		return m.clock.After(listPause, msg)
	}
	return x.fetchList(m)
}

// arrange makes the list of what was read: of several containers those that more than
// one of them has, and if there is none, all.
func (l *logList) arrange(m *Model) {
	l.all = l.all[:0:0]
	at := map[string]int{}
	for i, got := range l.got {
		for _, s := range got {
			name := s.Name()
			k, known := at[name]
			if !known {
				k = len(l.all)
				at[name] = k
				l.all = append(l.all, logEntry{kind: s.Kind, name: name, first: s})
			}
			e := &l.all[k]
			if e.of++; s.Why != "" {
				e.why = cmp.Or(e.why, s.Why)
				continue
			}
			e.wants = append(e.wants, logWant{l.of[i], m.called(l.of[i]), s})
		}
	}
	for i := range l.all {
		if e := &l.all[i]; len(e.wants) > 0 {
			e.why = ""
		}
	}
	if common := slices.DeleteFunc(slices.Clone(l.all), func(e logEntry) bool { return e.of < 2 }); len(l.of) > 1 && len(common) > 0 {
		l.all = common
	}
	if len(l.of) > 1 {
		slices.SortStableFunc(l.all, func(a, b logEntry) int {
			return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
		})
	}
	l.narrow(l.filter)
}

// narrow keeps what has a text in its name, and the cursor on what it is on; where that
// is gone, on the first.
func (l *logList) narrow(text string) {
	l.filter, l.entries = text, l.all
	if low := strings.ToLower(text); text != "" {
		l.entries = slices.DeleteFunc(slices.Clone(l.all), func(e logEntry) bool { return !contains(e.name, low) })
	}
	at := l.at
	if i := slices.IndexFunc(l.entries, func(e logEntry) bool { return e.name == l.on }); i >= 0 {
		at = i
	} else if text != "" {
		at = 0
	}
	l.move(at)
}

func (l *logList) move(to int) {
	l.at = max(0, min(to, len(l.entries)-1))
	if len(l.entries) > 0 {
		l.on = l.entries[l.at].name
	}
}

// err is why nothing is listed; nil = some container could be asked.
func (l *logList) err() error {
	for _, err := range l.errs {
		if err == nil {
			return nil
		}
	}
	return errors.Join(l.errs...)
}

// listKey is a key while the list has the focus.
func (x *logView) listKey(m *Model, a keymap.Action) tea.Cmd {
	l := &x.list
	page := max(1, m.theme.LogPage(x.state(m), m.layout.H)/2)
	if to, ok := stepped(a.ID, l.at, page, len(l.entries)); ok {
		l.move(to)
		return nil
	}
	switch a.ID {
	case keymap.LogOpen, keymap.LogPageDown:
		return x.openEntry(m, l.at)
	case keymap.LogRight, keymap.NextPane, keymap.LogList:
		if x.text != nil {
			x.choosing = false
		}
	case keymap.LogFind:
		x.prompt, x.note = listPrompt, ""
		x.typed.set(l.filter)
	case keymap.Back, keymap.Interrupt:
		if a.ID == keymap.Back && l.filter != "" {
			l.narrow("")
			return nil
		}
		if a.ID == keymap.Back && x.text != nil && x.back {
			x.choosing, x.back = false, false
			return nil
		}
		return x.close(m)
	case keymap.Refresh:
		return x.fetchList(m)
	}
	return nil
}

// openEntry opens a log of the list.
func (x *logView) openEntry(m *Model, i int) tea.Cmd {
	l := &x.list
	if i < 0 || i >= len(l.entries) {
		return nil
	}
	e := l.entries[i]
	l.move(i)
	if len(e.wants) == 0 {
		m.say(noteWarn, e.name+" cannot be read: "+e.why, "")
		return nil
	}
	x.choosing, x.back = false, false
	if x.text != nil && x.open == e.name {
		return nil
	}
	return x.openText(m, e)
}

// stepEntry opens the next log that can be read, or the one before.
func (x *logView) stepEntry(m *Model, by int) tea.Cmd {
	n := len(x.list.entries)
	for i := x.list.at + by; i >= 0 && i < n; i += by {
		if len(x.list.entries[i].wants) > 0 {
			return x.openEntry(m, i)
		}
	}
	x.note = "that was the last one"
	if by < 0 {
		x.note = "that was the first one"
	}
	return nil
}

// items are the list as it is painted.
func (x *logView) items(m *Model) []views.LogItem {
	out := make([]views.LogItem, 0, len(x.list.entries))
	for i := range x.list.entries {
		e := &x.list.entries[i]
		it := views.LogItem{Name: e.name, Why: e.why, Open: x.text != nil && e.name == x.open}
		if len(x.list.of) == 1 {
			if e.first.Kind != runtime.LogFile {
				it.Path = e.first.Path
			}
			if n, ok := e.first.Size.Get(); ok {
				it.Size = views.Bytes(n)
			}
			if !e.first.Changed.IsZero() {
				it.Age = views.Age(m.clock.Now().Sub(e.first.Changed))
			}
		} else {
			it.Size = strconv.Itoa(len(e.wants)) + " of " + strconv.Itoa(len(x.list.of))
		}
		out = append(out, it)
	}
	return out
}
