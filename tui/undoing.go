package tui

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// reverse is the request that takes another back, with what was known of the
// container when that was asked for; false = there is none that gives back what
// was. What destroys is none: of a new container's removal more is asked then.
func reverse(q *runtime.Request, was *runtime.Container) (runtime.Request, bool) {
	back := runtime.Request{Ref: q.Ref}
	if made := q.Others(); len(made) > 0 {
		back.Ref = made[0]
	}
	switch q.Op {
	case runtime.Start:
		back.Op = runtime.Stop
	case runtime.Stop, runtime.Shutdown, runtime.Kill:
		back.Op = runtime.Start
	case runtime.Freeze:
		back.Op = runtime.Thaw
	case runtime.Thaw:
		back.Op = runtime.Freeze
	case runtime.Lock:
		back.Op = runtime.Unlock
	case runtime.Create, runtime.Clone, runtime.RestoreAs, runtime.Unpack:
		back.Op = runtime.Destroy
	case runtime.AddDevice:
		back.Op, back.Args = runtime.RemoveDevice, q.Args
	case runtime.Rename:
		back.Op, back.Args = runtime.Rename, &runtime.RenameArgs{To: q.Ref.Name}
	case runtime.SetAutostart:
		if was == nil || was.Config == nil {
			return back, false
		}
		c := was.Config
		back.Op, back.Args = runtime.SetAutostart, &runtime.AutostartArgs{Auto: c.Autostart, Order: c.Order, Delay: c.Delay, Groups: c.Groups}
	case runtime.SetLimits:
		a, ok := q.Args.(*runtime.SetLimitsArgs)
		if !ok || len(a.Was) != len(a.Set) {
			return back, false
		}
		back.Op, back.Args = runtime.SetLimits, &runtime.SetLimitsArgs{Set: a.Was, Was: a.Set}
	default:
		return back, false
	}
	return back, true
}

// seeMade notes which containers the jobs have made or moved that are over: those
// that stand under their names in the first list that was begun after that.
func (m *Model) seeMade(began time.Time) {
	see := func(b *batch) {
		for _, x := range b.jobs {
			if x.seen || !x.undoable() || began.Before(x.ended) {
				continue
			}
			x.seen = true
			if c := m.byRef(x.back.Ref); c != nil {
				x.of = c.Identity
			}
		}
	}
	for _, b := range m.jobs.past {
		see(b)
	}
	var last *batch
	for _, x := range m.jobs.list { // others of their batches may be over
		if x.batch != last {
			last = x.batch
			see(last)
		}
	}
}

// undoable says whether a job was done and can be taken back.
func (x *job) undoable() bool { return !x.ended.IsZero() && x.err == nil && x.back.Op != runtime.NoOp }

// undoables are the jobs of a row that can be taken back.
func (r *jobRow) undoables() (out []*job) {
	var all []*job
	switch {
	case r.batch != nil:
		all = r.batch.jobs
	case r.job != nil:
		all = []*job{r.job}
	}
	for _, x := range all {
		if x.undoable() {
			out = append(out, x)
		}
	}
	return out
}

// undo asks whether what the cursor is on is to be taken back.
func (x *jobView) undo(m *Model, rows []jobRow) tea.Cmd {
	r := x.here(rows)
	jobs := r.undoables()
	if len(jobs) == 0 {
		m.say(noteWarn, r.whyNoUndo(m), "")
		return nil
	}
	back := map[runtime.Ref]runtime.Request{}
	s := m.situation()
	s.Targets = nil
	var passed []keymap.Refusal // of those that are not any more what they were then
	why := ""
	for _, j := range jobs {
		c := m.byRef(j.back.Ref)
		switch {
		case c == nil:
			why = "nothing to take back: " + m.called(j.back.Ref) + " is not there any more"
		case m.changedSince(j, c) != "":
			why = m.changedSince(j, c)
			passed = append(passed, keymap.Refusal{Container: *c, Why: why})
		default:
			s.Targets = append(s.Targets, *c)
			back[c.Ref] = j.back
		}
	}
	op := jobs[0].back.Op
	can, cannot := keymap.Split(op, s)
	if len(can) == 0 {
		if len(cannot) > 0 {
			why = cannot[0].Why
		}
		m.say(noteWarn, why, "")
		return nil
	}
	cannot = append(cannot, passed...)
	what := views.PromptFact{Name: "takes back", Text: m.rowWords(&r) + ", " + jobs[0].ended.Local().Format("15:04")}
	switch op {
	case runtime.Destroy:
		return m.askDestroyOf(can, cannot, what)
	case runtime.Unlock:
		return m.askUnlock(can, cannot)
	case runtime.Rename:
		a, _ := back[can[0].Ref].Args.(*runtime.RenameArgs)
		return m.askRenameTo(can[0], a.To)
	}
	reqs := make([]runtime.Request, len(can))
	for i, c := range can {
		reqs[i] = back[c.Ref]
		reqs[i].Expect, reqs[i].Same = c.State, c.Identity
	}
	p := m.promptFor(op.Info(), can, cannot)
	if op == runtime.SetAutostart {
		p.Title = "Set the autostart of " + m.called(can[0].Ref) + " as it was?"
		if len(can) > 1 {
			p.Title = "Set the autostart of " + plural(len(can), "container") + " as it was?"
		}
	}
	if op == runtime.SetLimits {
		p.Title, p.More = "Set the limits of "+m.howMany(can)+" as they were?", limitsWhere(can)
		p.Facts = limitFacts(reqs, nil)
	}
	p.Facts = append(p.Facts, what)
	if len(reqs) == 1 {
		p.Command = reqs[0].LXCCommand()
		if a, ok := reqs[0].Args.(*runtime.AutostartArgs); ok {
			for _, l := range a.Lines() {
				p.Facts = append(p.Facts, views.PromptFact{Name: l[0], Text: cmp.Or(l[1], "none")})
			}
		}
	}
	return m.ask(&question{state: p, back: x, yes: func() tea.Cmd { return m.enqueue(reqs) }})
}

// changedSince says why a job is not taken back although its container is there: it has
// been something else's since, and what the job had made or set is not what is there
// now; "" = nothing is known to have changed it.
func (m *Model) changedSince(x *job, c *runtime.Container) string {
	of := x.of
	if x.req.Op.Info().Kind != runtime.OnState { // else its state tells what came after
		y, now := m.cameAfter(x, c)
		if y != nil {
			return "not taken back: " + m.askedFor(&y.req) + " came after it"
		}
		of = cmp.Or(now, of)
	}
	switch {
	case !x.seen:
		return "not taken back yet: what it has made is not in the list so far"
	case of != c.Identity && c.Identity != "":
		return "not taken back: " + m.called(c.Ref) + " is another container now, which got that name since"
	}
	a, ok := x.req.Args.(*runtime.AutostartArgs)
	if ok && (c.Config == nil || c.Config.Autostart != a.Auto || c.Config.Order != a.Order || c.Config.Delay != a.Delay ||
		!slices.Equal(c.Config.Groups, a.Groups)) {
		return "not taken back: somebody has changed the autostart of " + m.called(c.Ref) + " since"
	}
	return ""
}

// cameAfter is the first job after another that stands against taking that back; nil =
// there is none. What was itself taken back does not: so several can be taken back one
// after the other. A new container that was started has changed, even if it is stopped
// again; what became of its source does not matter to it. is is the identity that the
// last of them has left, as a rename by copy and back makes another container; "" = the
// same as before.
func (m *Model) cameAfter(x *job, c *runtime.Container) (y *job, is string) {
	all := slices.Clone(m.jobs.list)
	for _, b := range m.jobs.past {
		all = append(all, b.jobs...)
	}
	slices.SortFunc(all, func(a, b *job) int { return a.id - b.id })
	removes := x.back.Op == runtime.Destroy
	var after []*job
	for _, y := range slices.Compact(all) { // a batch of which some are over stands in both
		about := append(y.req.Others(), y.req.Ref)
		switch {
		case y.id <= x.id, y.err != nil && !y.ended.IsZero(), y.dropped, y.req.Op == runtime.Pack, y.req.Op == runtime.Pull:
		case !slices.Contains(about, c.Ref) && (removes || !slices.Contains(about, x.req.Ref)):
		case len(after) > 0 && !removes && after[len(after)-1].takenBackBy(y):
			after = after[:len(after)-1]
			if y.seen {
				is = y.of
			}
		default:
			after = append(after, y)
		}
	}
	if len(after) == 0 {
		return nil, is
	}
	return after[0], is
}

// takenBackBy says whether what another job did was to take this one back.
func (x *job) takenBackBy(y *job) bool {
	if !x.undoable() || !y.undoable() || x.back.Ref != y.req.Ref {
		return false
	}
	ends := []runtime.Op{runtime.Stop, runtime.Shutdown, runtime.Kill}
	if x.back.Op != y.req.Op && !(slices.Contains(ends, x.back.Op) && slices.Contains(ends, y.req.Op)) {
		return false
	}
	a, renamed := x.back.Args.(*runtime.RenameArgs)
	if b, ok := y.req.Args.(*runtime.RenameArgs); ok && renamed {
		return a.To == b.To // whether the root had to be copied for it is all the same
	}
	return x.back.Op.Info().Kind == runtime.OnState || reflect.DeepEqual(x.back.Args, y.req.Args)
}

func (m *Model) rowWords(r *jobRow) string {
	if r.batch != nil {
		return m.batchWords(r.batch)
	}
	return m.askedFor(&r.job.req)
}

// whyNoUndo says why a row cannot be taken back.
func (r *jobRow) whyNoUndo(m *Model) string {
	var first *job
	switch {
	case *r == jobRow{}:
		return "there is nothing to take back"
	case r.past != nil:
		return "another run of lxcdeck did it: what was before is not known here"
	case r.fan != nil:
		return "what a command has done in containers cannot be taken back"
	case r.batch != nil:
		first = r.batch.jobs[0]
	default:
		first = r.job
	}
	words := m.rowWords(r)
	switch first.req.Op {
	case runtime.Checkpoint:
		return "not from here: what has come after a checkpoint is not known; :resume goes back to it"
	case runtime.Restore:
		return "not from here: the list of its snapshots (" + m.keys.KeyOf(keymap.SnapshotList) + ") has the old root, and swaps it back"
	case runtime.Snapshot:
		return "not from here: the list of its snapshots (" + m.keys.KeyOf(keymap.SnapshotList) + ") deletes one"
	}
	switch {
	case first.ended.IsZero():
		return words + " is not over: x cancels it"
	case first.err != nil:
		return words + " has failed: what it left, if anything, is in the list"
	}
	return "nothing takes back: " + words
}
