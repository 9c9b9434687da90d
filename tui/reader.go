package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// readDeadline is for one reading of a view; the runtime has deadlines of its own.
const readDeadline = 15 * time.Second

// reader is the state of a view that reads what it shows, one reading at a time.
type reader struct {
	gen   int  // of the last reading
	out   bool // it is out
	began time.Time
	stop  context.CancelFunc
}

// readView fills the screen, and is read from time to time as long as it is open.
type readView[T any] interface {
	overlay
	comparable
	reads() *reader
	// due is called when the time that next was given is over. It reads, or arms
	// the next.
	due(m *Model) tea.Cmd
	// took takes a reading over, and arms the next.
	took(m *Model, got T, err error) tea.Cmd
}

func (r *reader) reads() *reader { return r }

type (
	// arrival is what comes back from a view's reading or its timer.
	arrival interface{ arrive(m *Model) tea.Cmd }
	// gotMsg is one reading.
	gotMsg[V readView[T], T any] struct {
		view V
		gen  int
		got  T
		err  error
	}
	// dueMsg says that it is time for the next; one of an earlier reading is a
	// stranger.
	dueMsg[V readView[T], T any] struct {
		view V
		gen  int
	}
)

// fetch reads off the loop, within a time (0 = whatever it takes). There is no other
// reading out, which the caller sees to.
func fetch[V readView[T], T any](m *Model, x V, where string, within time.Duration, read func(ctx context.Context) (T, error)) tea.Cmd {
	r := x.reads()
	r.gen++
	ctx, stop := context.WithCancel(m.out.ctx)
	if within > 0 {
		ctx, stop = context.WithTimeout(m.out.ctx, within)
	}
	r.out, r.stop, r.began = true, stop, m.clock.Now()
	gen := r.gen
	return cmd(where, func() tea.Msg {
		defer stop()
		got, err := read(ctx)
		return gotMsg[V, T]{x, gen, got, err}
	})
}

// next arms the timer of a view.
func next[V readView[T], T any](m *Model, x V, d time.Duration) tea.Cmd {
	return m.clock.After(d, dueMsg[V, T]{x, x.reads().gen})
}

func (msg gotMsg[V, T]) arrive(m *Model) tea.Cmd {
	r := msg.view.reads()
	if msg.gen != r.gen {
		return nil
	}
	r.out = false
	if opened[V](m) != msg.view {
		return nil
	}
	return msg.view.took(m, msg.got, msg.err)
}

func (msg dueMsg[V, T]) arrive(m *Model) tea.Cmd {
	if opened[V](m) != msg.view || msg.gen != msg.view.reads().gen {
		return nil
	}
	return msg.view.due(m)
}

// pause is how long a view rests after a reading: some times as long as it took.
func (r *reader) pause(m *Model) time.Duration {
	return max(m.interval, readShare*m.clock.Now().Sub(r.began))
}

// leave closes the view; a reading that is out is given up.
func (r *reader) leave(m *Model) tea.Cmd {
	if r.stop != nil {
		r.stop()
	}
	m.overlay = nil
	return nil
}

// opened is the view of a kind that is open, be it below something else; its zero
// value = none is.
func opened[V overlay](m *Model) V {
	at := m.overlay
	for {
		u, ok := at.(*upon)
		if !ok {
			x, _ := at.(V)
			return x
		}
		at = u.under
	}
}

// stepped is where a key takes the cursor in n lines; false = it is not for that.
func stepped(id keymap.ID, at, page, n int) (to int, ok bool) {
	switch id {
	case keymap.Up:
		return at - 1, true
	case keymap.Down:
		return at + 1, true
	case keymap.PageUp:
		return at - page, true
	case keymap.PageDown:
		return at + page, true
	case keymap.Top:
		return 0, true
	case keymap.Bottom:
		return n - 1, true
	}
	return at, false
}

// aside is what a key does beside every view that fills the screen: help and
// messages come up above it, the palette takes its place.
func (m *Model) aside(x overlay, scope keymap.Scope, a keymap.Action, leave func(*Model) tea.Cmd) tea.Cmd {
	switch a.ID {
	case keymap.HelpKey:
		m.helpUpon(x, scope, views.TopicOf(scope))
	case keymap.Messages:
		act := m.openMessages()
		m.overlay = &upon{m.overlay, x}
		return act
	case keymap.Palette:
		leave(m)
		return m.do(a)
	}
	return nil
}
