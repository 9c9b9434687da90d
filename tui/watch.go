package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

const (
	// gather is how long events are collected before the list is read: one
	// container that starts makes several.
	gather = 50 * time.Millisecond
	// watchRetry is the wait before a lost watch is tried again.
	watchRetry = 2 * time.Second
)

type (
	// eventsMsg holds what the watch announced within one gathering.
	eventsMsg []runtime.Event
	// watchLostMsg says that there is no watch at the moment; the loop polls.
	watchLostMsg struct{ err error }
)

var errWatchEnded = errors.New("the watch ended")

// startWatch begins to watch once the first list and its figures are there: a
// watch of 300 containers asks as many monitors, which would take a third of
// the time to the first screen. It lists again when it stands, so that nothing
// is missed.
func (m *Model) startWatch() {
	if m.watching || m.listing.done.IsZero() && m.listing.err == nil {
		return
	}
	m.watching = true
	m.out.spawn("watch", func() { m.out.watch(m.rt) })
}

// watch forwards the runtime's hints until the program ends, and begins anew
// when the watch is lost.
func (o *outside) watch(rt runtime.Watcher) {
	for o.ctx.Err() == nil {
		err := o.watchOnce(rt)
		if o.ctx.Err() != nil {
			return
		}
		o.send(watchLostMsg{err})
		if !sleep(o.ctx, watchRetry) {
			return
		}
	}
}

func (o *outside) watchOnce(rt runtime.Watcher) error {
	ctx, cancel := context.WithCancel(o.ctx)
	defer cancel()
	events, err := rt.Watch(ctx)
	if err != nil {
		return err
	}
	// What changed while there was no watch is found by reading the list.
	o.send(eventsMsg{{Kind: runtime.Restored}})
	for {
		batch, open := collect(events)
		if len(batch) > 0 {
			o.send(eventsMsg(batch))
		}
		if !open {
			return errWatchEnded
		}
	}
}

// collect waits for an event and gathers what follows within the time.
func collect(events <-chan runtime.Event) (batch []runtime.Event, open bool) {
	first, open := <-events
	if !open {
		return nil, false
	}
	batch = append(batch, first)
	end := time.NewTimer(gather)
	defer end.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				return batch, false
			}
			batch = append(batch, e)
		case <-end.C:
			return batch, true
		}
	}
}

// sleep waits and says whether the context still stands.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// onEvents reads the list again and keeps the state of the watch.
func (m *Model) onEvents(batch eventsMsg) tea.Cmd {
	was := m.watchErr
	for _, e := range batch {
		switch e.Kind {
		case runtime.Degraded:
			m.watchErr = e.Err
			if m.watchErr == nil {
				m.watchErr = errWatchEnded
			}
		case runtime.Restored:
			m.watchErr = nil
		}
	}
	if !sameText(was, m.watchErr) {
		m.dirty, m.paint.all = true, true
	}
	return tea.Batch(m.list(), m.poll())
}

// onWatchLost notes the loss; a timer polls from now on.
func (m *Model) onWatchLost(err error) tea.Cmd {
	m.watchErr = err
	return tea.Batch(m.list(), m.poll())
}
