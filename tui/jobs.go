package tui

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

const (
	// jobsAtOnce is how many operations run side by side: enough to be quick
	// with many marks, few enough not to start a storm on the host.
	jobsAtOnce = 4
	// jobPace is how often it is looked whether jobs have got on.
	jobPace = 250 * time.Millisecond
	// jobsKept is how many that are over can be looked at again.
	jobsKept = 200
	// outputKept is how much output of jobs that are over is kept, in bytes.
	outputKept = 16 << 20
)

type (
	// doneMsg is the end of one operation.
	doneMsg struct {
		id  int
		err error
	}
	// jobPaceMsg asks whether jobs have got on.
	jobPaceMsg struct{}
)

// job is one operation on one container, waiting, running or over.
type job struct {
	id      int
	req     runtime.Request
	batch   *batch
	feed    *feed
	asked   time.Time
	started time.Time // zero = still waiting for its turn
	ended   time.Time // zero = not over
	cancel  context.CancelFunc
	ending  time.Time       // cancelled by the person then; its end is awaited
	dropped bool            // cancelled before its turn came
	err     error           // once it is over
	back    runtime.Request // takes it back; of no operation = nothing does
	of      string          // Identity of the container that back is about, once it is seen
	seen    bool            // of is known: "" = there was none
	// work does it, off the loop, where more than the Runtime is needed, such as a
	// file to be opened; nil = the Runtime alone.
	work func(context.Context, runtime.Request) error
}

// batch is what was asked for with one key: its end is told in one sentence,
// whatever the number of containers.
type batch struct {
	id                   int
	op                   runtime.Op
	jobs                 []*job
	good, bad, cancelled int
	asked, ended         time.Time
	first                string // the first failure, in its own words
	hint                 string // and what helps
}

func (b *batch) done() int  { return b.good + b.bad + b.cancelled }
func (b *batch) total() int { return len(b.jobs) }
func (b *batch) over() bool { return b.done() == len(b.jobs) }

// jobs is the queue behind the one door, and what came of it. Only Update
// touches it.
type jobs struct {
	list    []*job   // not over, in the order they were asked for
	past    []*batch // over, the newest last
	wrote   []*job   // over, the newest last, as far as their output is kept
	kept    int      // bytes of it
	next    int
	wait    sync.WaitGroup // of the operations that run
	paced   bool           // the timer is armed
	seen    jobLook        // what was painted last
	leaving bool           // the program ends with the last of them
	failed  map[runtime.Ref]error
	lately  runtime.Ref // whose start failed last
}

// jobLook tells whether what is shown of jobs has changed.
type jobLook struct {
	words   uint64
	seconds int64
	left    int // jobs that are not over
}

// busy gives the operation that is under way on a container.
func (j *jobs) busy(r runtime.Ref) (runtime.Op, bool) {
	for _, x := range j.list {
		if x.endless() && !x.started.IsZero() {
			continue // a container like others while its command runs
		}
		if x.req.Ref == r || slices.Contains(x.req.Others(), r) {
			return x.req.Op, true
		}
	}
	return runtime.NoOp, false
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

// crowded says whether more than have a turn at once were asked for together, and
// are not over.
func (j *jobs) crowded() bool {
	_, is := j.crowdedSince()
	return is
}

// crowdedSince is crowded, and when they were asked for.
func (j *jobs) crowdedSince() (time.Time, bool) {
	i := slices.IndexFunc(j.list, func(x *job) bool { return x.batch.total() > jobsAtOnce })
	if i < 0 {
		return time.Time{}, false
	}
	return j.list[i].asked, true
}

// tellHurry tells of the end of the start, and of the begin and the end of a batch.
func (m *Model) tellHurry() {
	if on := !m.figured || m.jobs.crowded(); on != m.hurried && m.hurry != nil {
		m.hurried = on
		m.hurry(on)
	}
}

// enqueue adds operations and starts as many as may run.
func (m *Model) enqueue(reqs []runtime.Request) tea.Cmd { return m.enqueueWith(reqs, nil) }

// enqueueWith is enqueue for those that need more than the Runtime.
func (m *Model) enqueueWith(reqs []runtime.Request, work func(context.Context, runtime.Request) error) tea.Cmd {
	if len(reqs) == 0 {
		return nil
	}
	// Whoever goes on has seen what went wrong before; the end of this must not
	// be hidden by it.
	m.notices.dismiss()
	m.jobs.leaving = false // who asks for more stays
	now := m.clock.Now()
	m.jobs.next++
	b := &batch{id: m.jobs.next, op: reqs[0].Op, asked: now}
	for _, q := range reqs {
		m.jobs.next++
		x := &job{id: m.jobs.next, req: q, asked: now, batch: b, feed: &feed{}, work: work}
		if back, ok := reverse(&q, m.byRef(q.Ref)); ok {
			x.back = back
			if c := m.byRef(q.Ref); c != nil && back.Ref == q.Ref {
				x.of, x.seen = c.Identity, true
			}
		}
		b.jobs = append(b.jobs, x)
		m.jobs.list = append(m.jobs.list, x)
	}
	return tea.Batch(m.startJobs(), m.paceJobs())
}

// endless says whether a job may run for ever, as a command does that is a
// service: it takes nobody's place.
func (x *job) endless() bool { return x.req.Op == runtime.Run }

// startJobs gives free places to those who wait, in order.
func (m *Model) startJobs() tea.Cmd {
	var cmds []tea.Cmd
	free := jobsAtOnce
	for _, x := range m.jobs.list {
		if !x.started.IsZero() && !x.endless() {
			free--
		}
	}
	for _, x := range m.jobs.list {
		if !x.started.IsZero() || free <= 0 && !x.endless() {
			continue
		}
		if !x.endless() {
			free--
		}
		cmds = append(cmds, m.startJob(x))
	}
	return tea.Batch(cmds...)
}

func (m *Model) startJob(x *job) tea.Cmd {
	x.started = m.clock.Now()
	limit := x.req.Timeout
	if limit <= 0 {
		limit = x.req.Op.Info().Timeout
	}
	if x.req.Op == runtime.Restart && x.req.Timeout > 0 {
		limit *= 2 // once for its stop, once for its start
	}
	// The runtime keeps the operation's own time; ours is the belt to its
	// braces, longer by what a kill behind it may take, so that its better error
	// wins. It does not hang on the program's end: a hang-up must not stop work
	// half way.
	ctx, cancel := context.WithTimeout(context.Background(), limit+jobGrace)
	x.cancel = cancel
	work, id, req, wait := x.work, x.id, x.req, &m.jobs.wait
	if work == nil {
		work = m.rt.Do
	}
	req.Progress = x.feed.take
	wait.Add(1)
	return cmd(req.Op.String(), func() tea.Msg {
		defer wait.Done()
		defer cancel()
		return doneMsg{id, work(ctx, req)}
	})
}

// jobGrace is what the runtime may take beyond an operation's own time.
const jobGrace = 25 * time.Second

// paceJobs looks after a while whether jobs have got on. Nothing they tell
// wakes the loop by itself: a program that floods is looked at as often as one
// that is silent.
func (m *Model) paceJobs() tea.Cmd {
	if m.jobs.paced || len(m.jobs.list) == 0 && !m.fanRuns() {
		return nil
	}
	m.jobs.paced = true
	return m.clock.After(jobPace, jobPaceMsg{})
}

// onJobPace paints anew where that would show something else.
func (m *Model) onJobPace() tea.Cmd {
	m.jobs.paced = false
	if look := m.lookAtJobs(); look != m.jobs.seen && m.showsJobs() {
		m.jobs.seen = look
		m.dirty, m.paint.all = true, true
	}
	return m.paceJobs()
}

// paintLater leaves it to the next look at jobs to show that one of many was done:
// a hundred would each have the whole screen painted.
func (m *Model) paintLater(d doneMsg, dirty, all bool) {
	if d.err == nil && m.jobs.crowded() && len(m.jobs.list) > 1 {
		m.dirty, m.paint.all = dirty, all
	}
}

// showsJobs says whether anything on the screen tells of jobs.
func (m *Model) showsJobs() bool {
	return m.raw == nil && !m.held && (m.overlay != nil || !m.layout.Status.Empty() || !m.layout.List.Empty())
}

func (m *Model) lookAtJobs() jobLook {
	now := m.clock.Now()
	l := jobLook{left: len(m.jobs.list)}
	for _, x := range m.jobs.list {
		if !x.started.IsZero() {
			l.words += x.feed.told()
			l.seconds += int64(now.Sub(x.started) / time.Second)
		}
	}
	if m.fanRuns() {
		l.seconds += int64(now.Sub(m.fan.began) / time.Second)
	}
	return l
}

// cancelJobs stops what runs and forgets what waits, of those that which
// chooses; it says how many of each.
func (m *Model) cancelJobs(which func(*job) bool) (stopped, dropped int) {
	now := m.clock.Now()
	m.jobs.list = slices.DeleteFunc(m.jobs.list, func(x *job) bool {
		if !x.started.IsZero() || !which(x) {
			return false
		}
		dropped++
		x.ended, x.dropped, x.err = now, true, runtime.ErrCancelled
		x.batch.cancelled++
		m.finish(x.batch)
		return true
	})
	for _, x := range m.jobs.list {
		if x.ending.IsZero() && which(x) {
			x.ending = now
			x.cancel()
			stopped++
		}
	}
	return stopped, dropped
}

// every is all of them.
func every(*job) bool { return true }

// finish keeps a batch that is over, within bounds; it says whether it is.
func (m *Model) finish(b *batch) bool {
	if !b.over() || !b.ended.IsZero() {
		return false
	}
	b.ended = m.clock.Now()
	m.jobs.past = append(m.jobs.past, b)
	if len(m.jobs.past) > jobsKept {
		for _, x := range m.jobs.past[0].jobs {
			m.jobs.forgetOutput(x)
		}
		m.jobs.past = slices.Delete(m.jobs.past, 0, 1)
	}
	return true
}

// keepOutput keeps what a job has written that is over, and gives up that of
// the oldest when it gets too much.
func (j *jobs) keepOutput(x *job) {
	x.feed.end()
	j.wrote = append(j.wrote, x)
	j.kept += x.feed.size()
	for j.kept > outputKept {
		old := j.wrote[0]
		j.wrote[0], j.wrote = nil, j.wrote[1:]
		j.kept -= old.feed.size()
		old.feed.giveUp()
	}
}

// forgetOutput gives up what a job has written.
func (j *jobs) forgetOutput(x *job) {
	if i := slices.Index(j.wrote, x); i >= 0 {
		j.wrote = slices.Delete(j.wrote, i, i+1)
		j.kept -= x.feed.size()
		x.feed.giveUp()
	}
}

// endJobs gives operations that were cancelled on the way out the time to
// stop. Others run on in their helpers.
func (m *Model) endJobs() {
	if !slices.ContainsFunc(m.jobs.list, func(x *job) bool { return !x.ending.IsZero() }) {
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
	x.ended, x.err = m.clock.Now(), d.err
	m.jobs.keepOutput(x)
	m.seeDone(x)
	m.followRename(x)
	m.report(x)
	cmds := []tea.Cmd{m.startJobs(), m.filesDone(x)}
	if !m.finish(x.batch) {
		cmds = append(cmds, m.list())
	} else {
		cmds = append(cmds, m.listNow())
		m.reportBatch(x.batch)
		cmds = append(cmds, m.readLeftovers(), m.offerKill(x.batch))
	}
	if m.jobs.leaving && len(m.jobs.list) == 0 {
		cmds = append(cmds, m.end())
	}
	return tea.Batch(cmds...)
}

// halting is how much is left of the time that a job gives the container for
// its own end; 0 = it gives none, or that is over.
func (x *job) halting(now time.Time) time.Duration {
	switch x.req.Op {
	case runtime.Stop, runtime.Shutdown, runtime.Restart:
	default:
		return 0
	}
	if x.started.IsZero() || !x.ended.IsZero() {
		return 0
	}
	limit := x.req.Timeout
	if limit <= 0 {
		limit = runtime.Graceful
	}
	return max(0, limit-now.Sub(x.started))
}

// jobState is the operation that was asked for first, and how far the batch is
// that it belongs to; nil = nothing is going on.
func (m *Model) jobState() *views.JobState {
	if len(m.jobs.list) == 0 {
		return m.fanState()
	}
	x := m.jobs.list[0]
	s := &views.JobState{
		Text: m.doing(&x.req), Since: x.started, Done: x.batch.done(), Total: x.batch.total(),
		Progress: x.feed.progress(), Halt: x.halting(m.clock.Now()), Ending: !x.ending.IsZero(),
	}
	m.jobKeys(s)
	others := map[*batch]bool{}
	for _, other := range m.jobs.list {
		if other.batch != x.batch {
			others[other.batch] = true
		}
	}
	if s.More = len(others); m.fanRuns() {
		s.More++
	}
	return s
}

// jobKeys names the keys for a job in the status line.
func (m *Model) jobKeys(s *views.JobState) {
	if m.overlay == nil && m.focus != views.ShellPane { // else they mean something else
		s.Key, s.Show = m.keys.KeyOf(keymap.Interrupt), m.keys.KeyOf(keymap.HistoryKey)
	}
}

// hasFailed says whether it ended otherwise than was asked for.
func (x *job) hasFailed() bool { return x.err != nil && !x.wasCancelled() }

// wasCancelled says whether it ended because a person wanted that.
func (x *job) wasCancelled() bool {
	return x.dropped || !x.ending.IsZero() && errors.Is(x.err, runtime.ErrCancelled)
}
