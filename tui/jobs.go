package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// jobsAtOnce is how many operations run side by side: enough to be quick
// with many marks, few enough not to start a storm on the host.
const jobsAtOnce = 4

// doneMsg is the end of one operation.
type doneMsg struct {
	id  int
	err error
}

// job is one operation on one container, waiting or running.
type job struct {
	id      int
	req     runtime.Request
	batch   *batch
	asked   time.Time
	started time.Time // zero = still waiting for its turn
	cancel  context.CancelFunc
	ending  bool // cancelled by the person; its end is awaited
}

// batch is what was asked for with one key: its end is told in one sentence,
// whatever the number of containers.
type batch struct {
	op                   runtime.Op
	total                int
	good, bad, cancelled int
	asked                time.Time
	first                string // the first failure, in its own words
	hint                 string // and what helps
}

func (b *batch) done() int { return b.good + b.bad + b.cancelled }

// jobs is the queue behind the one door. Only Update touches it.
type jobs struct {
	list []*job // in the order they were asked for
	next int
	wait sync.WaitGroup // of the operations that run
}

// busy gives the operation that is under way on a container.
func (j *jobs) busy(r runtime.Ref) (runtime.Op, bool) {
	i := slices.IndexFunc(j.list, func(x *job) bool { return x.req.Ref == r })
	if i < 0 {
		return runtime.NoOp, false
	}
	return j.list[i].req.Op, true
}

func (j *jobs) running() int {
	n := 0
	for _, x := range j.list {
		if !x.started.IsZero() {
			n++
		}
	}
	return n
}

// enqueue adds operations and starts as many as may run.
func (m *Model) enqueue(reqs []runtime.Request) tea.Cmd {
	if len(reqs) == 0 {
		return nil
	}
	// Whoever goes on has seen what went wrong before; the end of this must not
	// be hidden by it.
	m.notices.dismiss()
	now := m.clock.Now()
	b := &batch{op: reqs[0].Op, total: len(reqs), asked: now}
	for _, q := range reqs {
		m.jobs.next++
		m.jobs.list = append(m.jobs.list, &job{id: m.jobs.next, req: q, asked: now, batch: b})
	}
	return m.startJobs()
}

// startJobs gives free places to those who wait, in order.
func (m *Model) startJobs() tea.Cmd {
	var cmds []tea.Cmd
	free := jobsAtOnce - m.jobs.running()
	for _, x := range m.jobs.list {
		if free <= 0 {
			break
		}
		if !x.started.IsZero() {
			continue
		}
		free--
		x.started = m.clock.Now()
		limit := x.req.Timeout
		if limit <= 0 {
			limit = x.req.Op.Info().Timeout
		}
		// The runtime keeps the operation's own time; ours is the belt to its
		// braces, a little longer, so that its better error wins. It does not
		// hang on the program's end: a hang-up must not stop work half way.
		ctx, cancel := context.WithTimeout(context.Background(), limit+5*time.Second)
		x.cancel = cancel
		rt, id, req, wait := m.rt, x.id, x.req, &m.jobs.wait
		wait.Add(1)
		cmds = append(cmds, cmd(req.Op.String(), func() tea.Msg {
			defer wait.Done()
			defer cancel()
			return doneMsg{id, rt.Do(ctx, req)}
		}))
	}
	return tea.Batch(cmds...)
}

// cancelJobs stops what runs and forgets what waits; it says how many of each.
func (m *Model) cancelJobs() (stopped, dropped int) {
	m.jobs.list = slices.DeleteFunc(m.jobs.list, func(x *job) bool {
		if x.started.IsZero() {
			dropped++
			x.batch.cancelled++
			return true
		}
		return false
	})
	for _, x := range m.jobs.list {
		if !x.ending {
			x.ending = true
			x.cancel()
			stopped++
		}
	}
	return stopped, dropped
}

// endJobs gives operations that were cancelled on the way out the time to
// stop. Others run on in their helpers.
func (m *Model) endJobs() {
	if !slices.ContainsFunc(m.jobs.list, func(x *job) bool { return x.ending }) {
		return
	}
	done := make(chan struct{})
	m.out.spawn("end the jobs", func() { m.jobs.wait.Wait(); close(done) })
	awaitEnd(done, hangUpGrace)
}

// onDone shows the result in liblxc's words, starts the next job and reads
// the list: the truth is there.
func (m *Model) onDone(d doneMsg) tea.Cmd {
	i := slices.IndexFunc(m.jobs.list, func(x *job) bool { return x.id == d.id })
	if i < 0 {
		return nil
	}
	x := m.jobs.list[i]
	m.jobs.list = slices.Delete(m.jobs.list, i, i+1)
	m.report(x, d.err)
	m.reportBatch(x.batch)
	cmds := []tea.Cmd{m.startJobs(), m.list()}
	if x.req.Op != runtime.Shutdown && errors.Is(d.err, runtime.ErrStillRunning) {
		cmds = append(cmds, m.offerKill(x.req, d.err))
	}
	return tea.Batch(cmds...)
}

// report makes the notice of a finished job.
func (m *Model) report(x *job, err error) {
	took := m.clock.Now().Sub(x.started)
	name, verb := m.called(x.req.Ref), x.req.Op.Info()
	b := x.batch
	switch {
	case err == nil:
		b.good++
		m.say(noteDone, name+": "+verb.Name+" done in "+short(took), verb.Op.LXCCommand(x.req.Ref))
	case x.ending && errors.Is(err, runtime.ErrCancelled):
		b.cancelled++
		m.say(noteInfo, name+": "+verb.Name+" cancelled after "+short(took), "")
	default:
		var hint string
		var e *runtime.Error
		if errors.As(err, &e) {
			hint = e.Hint
		}
		if b.bad++; b.bad == 1 {
			b.first, b.hint = err.Error(), hint
		}
		m.say(noteError, err.Error(), hint)
	}
}

// reportBatch sums up an operation on several containers once the last of them
// is through: what failed must not drown in what went well.
func (m *Model) reportBatch(b *batch) {
	if b.total < 2 || b.done() < b.total {
		return
	}
	text := fmt.Sprintf("%s: %d of %d done in %s", b.op.Info().Name, b.good, b.total, short(m.clock.Now().Sub(b.asked)))
	if b.cancelled > 0 {
		text += fmt.Sprintf(", %d cancelled", b.cancelled)
	}
	switch {
	case b.bad == 0:
		m.say(noteDone, text, "")
	case b.bad == 1:
		m.say(noteError, text+", 1 failed: "+b.first, b.hint)
	default:
		m.say(noteError, fmt.Sprintf("%s, %d failed, first: %s", text, b.bad, b.first), b.hint)
	}
}

// jobState is the operation that was asked for first, and how far the batch is
// that it belongs to; nil = nothing is going on.
func (m *Model) jobState() *views.JobState {
	if len(m.jobs.list) == 0 {
		return nil
	}
	x := m.jobs.list[0]
	s := &views.JobState{
		Text: x.req.Op.Info().Doing + " " + m.called(x.req.Ref), Since: x.started,
		Done: x.batch.done(), Total: x.batch.total, Key: m.keys.KeyOf(keymap.Interrupt),
	}
	for _, other := range m.jobs.list {
		if other.batch != x.batch {
			s.More++
		}
	}
	return s
}

// short is a duration as people say it.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
