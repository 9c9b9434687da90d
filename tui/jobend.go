package tui

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// doing is a job in the present tense: "cloning web-1 to web-2".
func (m *Model) doing(q *runtime.Request) string {
	return m.withNames(q.Op.Info().Doing, q)
}

// asked is a job by its verb: "clone web-1 to web-2".
func (m *Model) askedFor(q *runtime.Request) string {
	return m.withNames(opWords(q), q)
}

func (m *Model) withNames(verb string, q *runtime.Request) string {
	if q.Ref != (runtime.Ref{}) {
		verb += " " + m.called(q.Ref)
	}
	return verb + m.becomes(q)
}

// saying is a job in a notice: "web-1: clone to web-2".
func (m *Model) saying(q *runtime.Request) string {
	s := opWords(q)
	if q.Ref != (runtime.Ref{}) {
		s = m.called(q.Ref) + ": " + s
	}
	return s + m.becomes(q)
}

// becomes names the other containers of a request: " to web-2".
func (m *Model) becomes(q *runtime.Request) (words string) {
	to := " to "
	if q.Op == runtime.RestoreAs {
		to = " as "
	}
	for _, other := range q.Others() {
		words += to + m.called(other)
	}
	return words
}

// report makes the notice of a job that is over.
func (m *Model) report(x *job) {
	took := x.ended.Sub(x.started)
	b := x.batch
	m.rememberStart(x)
	switch {
	case x.err == nil:
		b.good++
		hint := x.req.LXCCommand()
		if x.req.Op == runtime.Mend {
			hint = m.startKey() + " starts it again"
		}
		text, kind := m.saying(&x.req)+" done in "+short(took), noteDone
		if exit := x.feed.ended(); exit != "" {
			text += ": " + exit
			if exit != (runtime.Exit{}).String() {
				kind = noteWarn
			}
		}
		if c := x.feed.copied(); c != nil {
			text += ": " + copiedInAll(c)
			if c.Left > 0 {
				kind, hint = noteWarn, m.keys.KeyOf(keymap.Palette)+"history names them"
			}
		}
		m.say(kind, text, hint)
	case x.wasCancelled():
		b.cancelled++
		m.say(noteInfo, m.saying(&x.req)+" cancelled after "+short(took), hintOf(x.err))
	default:
		hint := hintOf(x.err)
		if b.bad++; b.bad == 1 {
			b.first, b.hint = x.err.Error(), hint
		}
		m.say(noteError, x.err.Error(), hint)
		if n := m.notices.now; n != nil && explainable(x) {
			n.act, n.does = cmp.Or(m.keys.KeyOf(keymap.Diagnose), m.keys.KeyOf(keymap.Palette)+"diagnose"), "explains"
		}
	}
}

// hintOf is what an error says is to be done; "" = nothing.
func hintOf(err error) string {
	var e *runtime.Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	switch {
	case errors.Is(err, runtime.ErrNotFound):
		return "it was destroyed, renamed or moved meanwhile"
	case errors.Is(err, runtime.ErrExists):
		return "take another name, or rename what has it"
	case errors.Is(err, runtime.ErrWrongState):
		return "look at its state, and ask again"
	case errors.Is(err, runtime.ErrNoAnswer):
		return "its monitor stands still, or the host is overloaded: the other containers go on"
	}
	return ""
}

// reportBatch sums up an operation on several containers once the last of them
// is through: what failed must not drown in what went well.
func (m *Model) reportBatch(b *batch) {
	if b.total() < 2 {
		return
	}
	text := fmt.Sprintf("%s: %d of %d done in %s", plainVerb(b.op.Info().Name), b.good, b.total(), short(b.ended.Sub(b.asked)))
	if b.cancelled > 0 {
		text += fmt.Sprintf(", %d cancelled", b.cancelled)
	}
	switch {
	case b.bad == 0:
		m.say(noteDone, text, "")
	case b.bad == 1:
		m.say(noteError, text+", 1 failed: "+b.first, b.hint)
	default:
		hint := b.hint
		if key := m.keys.KeyOf(keymap.HistoryKey); key != "" {
			hint = key + " shows each"
		}
		m.say(noteError, fmt.Sprintf("%s, %d failed, first: %s", text, b.bad, b.first), hint)
	}
}

// offerKill asks whether those of a batch that did not end in time are to be
// killed. Somebody who types in a shell, or answers another question, is not
// interrupted: the notice says which key does it.
func (m *Model) offerKill(b *batch) tea.Cmd {
	var still []runtime.Request
	q := &question{state: views.PromptState{More: runtime.Kill.Info().AsksMore}}
	var last error
	for _, x := range b.jobs {
		if !errors.Is(x.err, runtime.ErrStillRunning) {
			continue
		}
		last = x.err
		still = append(still, runtime.Request{Op: runtime.Kill, Ref: x.req.Ref, Expect: runtime.Running, Same: x.req.Same})
		q.state.Targets = append(q.state.Targets, views.Target{Name: m.called(x.req.Ref), State: runtime.Running})
	}
	if len(still) == 0 {
		return nil
	}
	if m.overlay != nil || m.prompt.open || m.focus == views.ShellPane || m.held {
		m.say(noteError, last.Error(), "select it and press "+m.keys.KeyOf(keymap.KillKey)+" to kill it")
		return nil
	}
	q.state.Title = fmt.Sprintf("%d containers still run. Kill them?", len(still))
	if len(still) == 1 {
		q.state.Title = m.called(still[0].Ref) + " still runs. Kill it?"
		q.state.Command = runtime.Kill.LXCCommand(still[0].Ref)
	}
	q.yes = func() tea.Cmd { return m.enqueue(still) }
	return m.ask(q)
}

// askCancel cancels jobs. What changes nothing for longer than a moment is
// cancelled at once, like what waits; work that would be thrown away asks.
func (m *Model) askCancel(which func(*job) bool) tea.Cmd {
	var lost []*job
	some := false
	for _, x := range m.jobs.list {
		if !which(x) || !x.ending.IsZero() {
			continue
		}
		some = true
		if !x.started.IsZero() && x.req.Op.Info().Kind != runtime.OnState {
			lost = append(lost, x)
		}
	}
	if !some {
		m.say(noteWarn, "nothing to cancel: its end is awaited already", "")
		return nil
	}
	if len(lost) == 0 {
		m.cancelNow(which)
		return nil
	}
	q := &question{state: views.PromptState{
		Title: "Cancel: " + m.doing(&lost[0].req) + "?", More: cancelWords(lost),
	}}
	if len(lost) > 1 {
		q.state.Title = "Cancel " + plural(len(lost), "operation") + "?"
	}
	for _, x := range lost {
		q.state.Targets = append(q.state.Targets, m.jobTarget(x))
	}
	q.yes = func() tea.Cmd { m.cancelNow(which); return nil }
	return m.askUpon(q)
}

// cancelWords say what becomes of work that is cancelled.
func cancelWords(lost []*job) string {
	made := true
	for _, x := range lost {
		switch x.req.Op {
		case runtime.Create, runtime.Clone, runtime.Snapshot, runtime.RestoreAs:
		case runtime.Run:
			return "The command is ended; its container stays, unless it was to be removed."
		case runtime.Checkpoint, runtime.Resume:
			return "CRIU cannot be cut short: it comes to its end, which is waited for."
		case runtime.Destroy, runtime.DeleteSnapshot:
			return "The work is stopped; what it has removed by then is gone."
		default:
			made = false
		}
	}
	if made {
		return "The work is stopped, and what it has made so far is removed."
	}
	return "The work is stopped. What cannot be taken back at once is told then, with the ways to finish or undo it."
}

// cancelNow cancels and says so.
func (m *Model) cancelNow(which func(*job) bool) {
	stopped, dropped := m.cancelJobs(which)
	switch {
	case stopped > 0 && dropped > 0:
		m.say(noteWarn, "cancelling "+plural(stopped, "operation")+"; "+plural(dropped, "waiting one")+" dropped", "")
	case stopped > 0:
		m.say(noteWarn, "cancelling "+plural(stopped, "operation"), "")
	case dropped > 0:
		m.say(noteWarn, plural(dropped, "waiting operation")+" dropped: nothing was done yet", "")
	default:
		m.say(noteWarn, "nothing to cancel: it is over", "") // between the question and its answer
	}
}

// jobTarget is a job in a question.
func (m *Model) jobTarget(x *job) views.Target {
	t := views.Target{Name: m.askedFor(&x.req), As: "waits"}
	if !x.started.IsZero() {
		t.As = "runs " + views.Age(m.clock.Now().Sub(x.started))
	}
	return t
}

// askLeave asks what becomes of jobs when the program is left.
func (m *Model) askLeave(shells string) tea.Cmd {
	running, all := m.jobs.running(), len(m.jobs.list)
	q := &question{state: views.PromptState{Title: plural(running, "job") + " running. Leave lxcdeck?"}}
	q.state.More = "Left alone it runs to its end; the next start tells how it went."
	if running > 1 {
		q.state.More = "Left alone they run to their ends; the next start tells how they went."
	}
	if wait := all - running; wait > 0 {
		q.state.More += " " + plural(wait, "operation") + " still waiting will not be done."
	}
	if shells != "" {
		q.state.More += " " + shells
	}
	for _, x := range m.jobs.list[:min(all, 20)] {
		q.state.Targets = append(q.state.Targets, m.jobTarget(x))
	}
	q.state.Choices = []string{"Leave them running", "Cancel them, then leave", "Stay"}
	q.picks = []func() tea.Cmd{m.leaveRunning, m.leaveCancelled, func() tea.Cmd { return nil }}
	return m.ask(q)
}

// leaveRunning ends the program; helpers run to their end by themselves, and a
// command in containers ends, as was said. What
// waits must not take the place of one that ends meanwhile.
func (m *Model) leaveRunning() tea.Cmd {
	m.cancelJobs(func(x *job) bool { return x.started.IsZero() })
	return m.end()
}

// leaveCancelled cancels all and ends the program once that is done: clearing
// away what was made so far takes its time, and must not be cut off.
func (m *Model) leaveCancelled() tea.Cmd {
	m.cancelJobs(every)
	if m.fanRuns() {
		m.endFanOut(m.fan)
	}
	if len(m.jobs.list) == 0 {
		return m.end()
	}
	m.jobs.leaving = true
	m.say(noteWarn, "cancelling "+plural(len(m.jobs.list), "operation")+", then leaving", "q leaves at once")
	return nil
}

// explainable says whether a job failed to start a container for a reason that
// has to be found out.
func explainable(x *job) bool {
	if x.req.Op != runtime.Start && x.req.Op != runtime.Restart || !x.hasFailed() {
		return false
	}
	return !slices.ContainsFunc([]error{
		runtime.ErrNotFound, runtime.ErrReadOnly, runtime.ErrWrongState, runtime.ErrInvalid, runtime.ErrForeign, runtime.ErrManaged,
		runtime.ErrBusy, runtime.ErrLocked, runtime.ErrStillRunning, runtime.ErrCancelled, runtime.ErrUnsupported,
	}, func(plain error) bool { return errors.Is(x.err, plain) })
}

// rememberStart keeps why a container did not start, until it does.
func (m *Model) rememberStart(x *job) {
	j := &m.jobs
	switch {
	case explainable(x):
		if j.failed == nil {
			j.failed = map[runtime.Ref]error{}
		}
		j.failed[x.req.Ref], j.lately = x.err, x.req.Ref
	case x.err == nil:
		delete(j.failed, x.req.Ref)
	}
	for r := range j.failed {
		if m.byRef(r) == nil && r != x.req.Ref {
			delete(j.failed, r)
		}
	}
}

// short is a duration as people say it.
func short(d time.Duration) string { return views.Took(d) }

// inDay is an instant as the person's clock shows it.
func inDay(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Local()
}
