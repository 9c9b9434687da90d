package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

const (
	// A Full reading costs four Cheap ones. The selected container gets one
	// every tick; the others on screen every shownEvery ticks, since a row
	// shows of it only that a limit bites; the rest every hiddenEvery, so that
	// their figures are not minutes old when they come into view.
	shownEvery  = 3
	hiddenEvery = 10
	// batchFigures is for how long after its start a container has no figures while a
	// batch is under way: to open its files costs a tenth of the start.
	batchFigures = 2 * time.Second
	// shortestDeadline keeps very short intervals usable on a busy host.
	shortestDeadline = 100 * time.Millisecond
)

type (
	// tickMsg is one tick of the interval; a tick of an older interval is a stranger.
	tickMsg struct{ gen int }
	// sampledMsg hands the batch back to the loop.
	sampledMsg struct {
		batch *runtime.Batch
		err   error
	}
)

// sampling is the state of the one batch. While it is in flight it belongs to
// the command that reads it; otherwise to Update. So one batch is enough:
// history copies what it needs before the next one starts.
type sampling struct {
	batch    *runtime.Batch
	stale    bool // the list has changed since the batch was laid out
	inFlight bool
	again    bool      // a new list or a person wants another one at once
	since    time.Time // start of the batch in flight
	late     int       // ticks that found it still in flight
	err      error     // the last batch as a whole failed
	ticks    int
	gen      int // generation of the tick
}

// tick arms the next one.
func (m *Model) tick() tea.Cmd {
	return m.clock.After(m.interval, tickMsg{m.sampling.gen})
}

// onTick starts a batch unless one is still out, and reads the list again
// when the watch cannot be relied on.
func (m *Model) onTick(t tickMsg) tea.Cmd {
	if t.gen != m.sampling.gen {
		return nil
	}
	m.sampling.ticks++
	m.notices.expire(m.clock.Now())
	cmds := []tea.Cmd{m.tick(), m.lookAtSnapshots()}
	if m.sampling.inFlight {
		m.sampling.late++
	} else {
		cmds = append(cmds, m.sample())
	}
	if m.relistDue() {
		cmds = append(cmds, m.list())
	}
	return tea.Batch(cmds...)
}

// sample reads every container that has an init, in one command.
func (m *Model) sample() tea.Cmd {
	s := &m.sampling
	if s.inFlight {
		s.again = true
		return nil
	}
	m.fillBatch()
	s.inFlight, s.again, s.since, s.late = true, false, m.clock.Now(), 0
	rt, batch, parent := m.rt, s.batch, m.out.ctx
	deadline := max(m.interval*4/5, shortestDeadline)
	return cmd("sample", func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, deadline)
		defer cancel()
		return sampledMsg{batch, rt.Sample(ctx, batch)}
	})
}

// fillBatch lays the batch out for the containers there are now. Readings
// keep their place, so that the sampler finds what it held before.
func (m *Model) fillBatch() {
	s := &m.sampling
	if s.batch == nil {
		s.batch = &runtime.Batch{Host: &runtime.HostSample{}}
	}
	if s.stale {
		var young time.Time
		if m.jobs.crowded() {
			young = m.clock.Now().Add(-batchFigures)
		}
		s.stale = s.rebuild(m.all, young)
	}
	visible := m.visibleRefs()
	for i := range s.batch.Readings {
		r := &s.batch.Readings[i]
		every := hiddenEvery
		r.Parts = nil
		switch {
		case r.Ref == m.rows.selected:
			every, r.Parts = 1, &m.hist.parts.ask
		case m.isGraphed(r.Ref):
			every = 1
		case visible[r.Ref]:
			every = shownEvery
		case m.alerts.full: // what has thresholds is no older than what is shown
			every = shownEvery
		}
		r.Tier = runtime.Cheap
		// By place, so that every tick costs about the same. What has never been read
		// so, and its limits with it, does not wait for its turn: rows on screen come
		// first, as the first list is waited for.
		never := r.Sample.FullAt.IsZero() && (visible[r.Ref] || !r.Sample.At.IsZero())
		if (i+s.ticks)%every == 0 || never {
			r.Tier = runtime.Full
		}
	}
}

// rebuild follows a changed list. What was started after young, if that is not zero,
// and has no figures yet is left out until later; more says that something was.
func (s *sampling) rebuild(all []runtime.Container, young time.Time) (more bool) {
	old := make(map[runtime.Ref]runtime.Reading, len(s.batch.Readings))
	for _, r := range s.batch.Readings {
		old[r.Ref] = r
	}
	s.batch.Readings = s.batch.Readings[:0]
	for i := range all {
		c := &all[i]
		if !c.Counted() {
			continue
		}
		r := old[c.Ref]
		if r.InitPID != c.InitPID {
			if !young.IsZero() && c.Started.After(young) {
				more = true
				continue
			}
			r = runtime.Reading{}
		}
		r.Ref, r.InitPID = c.Ref, c.InitPID
		s.batch.Readings = append(s.batch.Readings, r)
	}
	return more
}

// onSampled turns a batch into history.
func (m *Model) onSampled(msg sampledMsg) tea.Cmd {
	m.figured = true
	s := &m.sampling
	s.inFlight, s.late, s.err = false, 0, msg.err
	m.hist.expect(m.interval)
	m.hist.take(msg.batch)
	m.seeFigures(msg.batch)
	m.hist.forget(func(r runtime.Ref) bool {
		c := m.byRef(r)
		return c != nil && c.Counted()
	})
	act := m.seeAlerts()
	m.arrange()
	m.rows.settled = m.rows.settled || m.hist.rates
	m.startWatch()
	if s.again {
		return tea.Batch(act, m.sample())
	}
	return act
}
