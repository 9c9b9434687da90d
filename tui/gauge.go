package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// gaugeTime is how long the containers of one question are measured. What was
// found until then is shown: a root with millions of files must not keep
// anybody from an answer.
const gaugeTime = 15 * time.Second

// measured is what is known of one container on disk.
type measured struct {
	done bool
	foot runtime.Footprint
	used []runtime.SnapshotInfo // snapshots that others are overlays on
	err  error
}

// gauge measures containers for the overlay that asks about them, one after
// the other, and ends with it.
type gauge struct {
	id    int // of this one: results of others are strangers
	owner overlay
	end   context.CancelFunc
	next  func(ref runtime.Ref) tea.Cmd
	todo  []runtime.Ref
	got   func(ref runtime.Ref, x measured)
}

// gaugedMsg is what was measured of one container.
type gaugedMsg struct {
	id  int
	ref runtime.Ref
	x   measured
}

// measure begins to do so; got is told of each container, in Update. Another
// that goes on is ended: only one overlay is there.
func (m *Model) measure(owner overlay, refs []runtime.Ref, got func(runtime.Ref, measured)) tea.Cmd {
	m.endGauge()
	ctx, cancel := context.WithTimeout(m.out.ctx, gaugeTime)
	id, rt := m.gauge.id+1, m.rt
	m.gauge = gauge{id: id, owner: owner, end: cancel, todo: refs, got: got}
	m.gauge.next = func(ref runtime.Ref) tea.Cmd {
		return cmd("measure", func() tea.Msg { return gaugedMsg{id, ref, lookAt(ctx, rt, ref)} })
	}
	return m.gaugeNext()
}

// lookAt measures one container.
func lookAt(ctx context.Context, rt runtime.Runtime, ref runtime.Ref) measured {
	x := measured{done: true}
	x.foot, x.err = rt.Footprint(ctx, ref)
	if errors.Is(x.err, context.DeadlineExceeded) {
		x.err = fmt.Errorf("it takes longer than %s", gaugeTime)
	}
	if x.err != nil || len(x.foot.Snapshots) == 0 {
		return x
	}
	snaps, err := rt.Snapshots(ctx, ref)
	if err != nil {
		return x // the footprint is worth showing without
	}
	for _, s := range snaps {
		if len(s.Used) > 0 {
			x.used = append(x.used, s)
		}
	}
	return x
}

func (m *Model) gaugeNext() tea.Cmd {
	s := &m.gauge
	if len(s.todo) == 0 {
		m.endGauge()
		return nil
	}
	ref := s.todo[0]
	s.todo = s.todo[1:]
	return s.next(ref)
}

func (m *Model) onGauged(msg gaugedMsg) tea.Cmd {
	if m.gauge.owner == nil || msg.id != m.gauge.id {
		return nil
	}
	m.gauge.got(msg.ref, msg.x)
	return m.gaugeNext()
}

// endGauge stops what is being measured, if anything is.
func (m *Model) endGauge() {
	if m.gauge.owner == nil {
		return
	}
	m.gauge.end()
	m.gauge = gauge{id: m.gauge.id}
}

// dropGauge ends measuring whose overlay is gone, however it was left.
func (m *Model) dropGauge() {
	if m.gauge.owner != nil && m.gauge.owner != m.overlay && m.gauge.owner != m.readUnder() {
		m.endGauge()
	}
}

// size is a measured figure in words.
func (x *measured) size(n int64) string {
	switch {
	case n < 0:
		return "size not known"
	case x.foot.Partial:
		return "at least " + views.Bytes(uint64(n))
	default:
		return views.Bytes(uint64(n))
	}
}
