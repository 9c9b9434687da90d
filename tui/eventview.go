package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
	"lxcdeck/views"
)

// eventView lists what has happened, of all containers or of one.
type eventView struct {
	of      runtime.Ref // zero = all
	up      bool        // the oldest first
	seq     uint64      // of the event under the cursor
	at, top int

	made  uint64   // version of the events that the rows below are made of; 0 = anew
	rows  []uint64 // their numbers
	items []views.EventItem
}

func (m *Model) eventHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.EventList: func() tea.Cmd { m.overlay = &eventView{}; return nil },
		keymap.EventsOf: func() tea.Cmd {
			if c := m.selected(); c != nil {
				m.overlay = &eventView{of: c.Ref}
			}
			return nil
		},
	}
}

// fill makes the rows anew where anything has changed; the cursor stays on its
// event, and on the newest if it was there.
func (x *eventView) fill(m *Model) {
	all := m.events.All()
	if v := m.events.Version() + 1; x.made != v {
		newest := x.at == 0 && !x.up || x.up && x.at == len(x.rows)-1
		x.made, x.rows, x.items = v, x.rows[:0], x.items[:0]
		for i := range all {
			e := &all[i]
			if !x.up {
				e = &all[len(all)-1-i]
			}
			if x.of == (runtime.Ref{}) || e.Ref == x.of {
				x.rows = append(x.rows, e.Seq)
				x.items = append(x.items, m.eventItem(e))
			}
		}
		i := slices.Index(x.rows, x.seq)
		switch {
		case newest && !x.up:
			i = 0
		case newest:
			i = len(x.rows) - 1
		case i < 0:
			i = x.at
		}
		x.move(i)
	}
}

func (x *eventView) move(to int) {
	x.at = max(0, min(to, len(x.rows)-1))
	if len(x.rows) > 0 {
		x.seq = x.rows[x.at]
	}
}

// event is what is under the cursor; nil = nothing is.
func (x *eventView) event(m *Model) *events.Event {
	all := m.events.All()
	i := slices.IndexFunc(all, func(e events.Event) bool { return e.Seq == x.seq })
	if i < 0 || len(x.rows) == 0 {
		return nil
	}
	return &all[i]
}

func (x *eventView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	x.fill(m)
	e := x.event(m)
	switch s := k.String(); s {
	case "esc":
		if x.of != (runtime.Ref{}) {
			x.show(runtime.Ref{})
			return nil
		}
		m.overlay = nil
	case "q", "ctrl+c":
		m.overlay = nil
	case ":":
		m.overlay = nil
		return m.openPalette()
	case "c":
		switch {
		case x.of != (runtime.Ref{}):
			x.show(runtime.Ref{})
		case e != nil && e.Ref.Name != "":
			x.show(e.Ref)
		}
	case "O":
		x.up, x.made = !x.up, 0
		x.at = -1 // the cursor stays on its event
	case "enter":
		return x.toContainer(m, e)
	case "y":
		if e != nil {
			text := views.Clean(x.items[x.at].Full)
			m.say(noteInfo, "copied: "+text, "")
			return tea.SetClipboard(text)
		}
	default:
		page := max(1, views.EventRows(x.state(m), m.layout.H)-1)
		if at, ok := moveCursor(s, x.at, len(x.rows), page); ok {
			x.move(at)
		}
	}
	return nil
}

// show lists those of one container, or of all.
func (x *eventView) show(of runtime.Ref) { x.of, x.made, x.at = of, 0, -1 }

// toContainer goes to the container in the list.
func (x *eventView) toContainer(m *Model, e *events.Event) tea.Cmd {
	if e == nil || e.Ref.Name == "" {
		return nil
	}
	if m.byRef(e.Ref) == nil {
		m.say(noteWarn, m.called(e.Ref)+" is gone: it was destroyed, renamed or moved", "c lists all that happened to it")
		return nil
	}
	i := m.rows.find(e.Ref)
	if i < 0 {
		m.say(noteWarn, m.called(e.Ref)+" is not shown: the filter leaves it out of the list", m.filterKeys())
		return nil
	}
	m.overlay = nil
	m.selectRow(i)
	return nil
}

// paste is not for events.
func (*eventView) paste(*Model, string) bool { return false }

func (x *eventView) paint(m *Model) views.Block {
	s := x.state(m)
	x.top = views.Scroll(x.at, x.top, len(x.items), views.EventRows(s, m.layout.H))
	s.Offset = x.top
	return m.theme.Events(s, m.layout.W, m.layout.H)
}

func (x *eventView) state(m *Model) *views.EventsState {
	x.fill(m)
	s := &views.EventsState{
		Items: x.items, Total: len(m.events.All()), Dropped: m.events.Dropped(), Cursor: x.at, Up: x.up,
		Now: inDay(m.clock.Now()), Say: m.noticeState(),
		Empty: "Nothing has happened since lxcdeck was started. What starts, stops, is frozen, edited or killed for want of memory is listed here.",
	}
	if x.of != (runtime.Ref{}) {
		s.Of = m.called(x.of)
		s.Empty = "Nothing has happened to " + s.Of + " since lxcdeck was started."
	}
	if why := m.unlisted(); why != "" {
		s.Empty = why
	}
	s.Hints = []keymap.Hint{m.keyHint(keymap.Quit, "back")}
	if len(x.items) > 0 {
		s.Hints = append(s.Hints, m.keyHint(keymap.EventGo, "to the container"))
	}
	switch {
	case x.of != (runtime.Ref{}):
		s.Hints = append(s.Hints, m.keyHint(keymap.EventAlone, "all"))
	case len(x.items) > 0:
		s.Hints = append(s.Hints, m.keyHint(keymap.EventAlone, "of this one alone"))
	}
	if len(x.items) > 0 {
		s.Hints = append(s.Hints, m.keyHint(keymap.EventFlip, "turns round"), m.keyHint(keymap.EventCopy, "copies"))
	}
	return s
}

// eventItem is an event as it is painted.
func (m *Model) eventItem(e *events.Event) views.EventItem {
	it := views.EventItem{At: inDay(e.At), What: e.Kind.String(), Why: m.eventWhy(e), Role: eventRole(e.Kind)}
	if e.Ref.Name != "" {
		it.Name = m.called(e.Ref)
	}
	if e.Kind == events.OOMKilled && e.Kills > 1 {
		it.What += " (" + strconv.FormatUint(e.Kills, 10) + ")"
	}
	it.Full = it.At.Format("2006-01-02 15:04:05")
	if e.Ref.Name != "" {
		it.Full += "  " + e.Ref.String()
	} else {
		it.Full += "  " + e.Ref.Path
	}
	it.Full += "  " + it.What
	if it.Why != "" {
		it.Full += ": " + it.Why
	}
	return it
}

func eventRole(k events.Kind) views.Role {
	switch k {
	case events.OOMKilled, events.AlertBegan:
		return views.Bad
	case events.Stopped, events.Gone:
		return views.Warn
	case events.Started, events.AlertEnded:
		return views.Good
	default:
		return views.Notice
	}
}

// eventWhy is what is known of the cause, and what else there is to tell.
func (m *Model) eventWhy(e *events.Event) string {
	return e.Why(events.Words{Bytes: views.Bytes, Cores: views.Cores, Time: func(at time.Time) string {
		return views.EventTime(inDay(at), inDay(m.clock.Now()))
	}})
}

// filterKeys say what brings rows back that are left out.
func (m *Model) filterKeys() string {
	var keys []string
	if m.filter.Text != "" {
		keys = append(keys, m.keyDoes(keymap.Back, "clears it in the list"))
	}
	if m.rows.alive {
		keys = append(keys, m.keyDoes(keymap.OnlyAlive, "shows stopped ones there"))
	}
	return strings.Join(keys, ", ")
}
