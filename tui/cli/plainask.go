package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// situation is what decides what can be done to containers.
func (s *session) situation(all []runtime.Container) keymap.Situation {
	at := keymap.Situation{ReadOnly: s.d.settings.ReadOnly.Value, Targets: all, Busy: map[runtime.Ref]string{}}
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	for _, x := range s.jobs.all {
		if x.ended.IsZero() {
			for _, r := range append(x.q.Others(), x.q.Ref) {
				at.Busy[r] = x.q.Op.Busy()
			}
		}
	}
	return at
}

// propose looks whether requests can be done, says why those cannot that cannot, and
// asks as the screen does: where something is interrupted or lost, and before several
// containers. What it gives holds for the state that was told alone.
func (d *deck) propose(ctx context.Context, op runtime.Op, reqs []runtime.Request) []runtime.Request {
	s := d.session
	look, cancel := d.asked(ctx)
	l, err := d.rt.List(look)
	cancel()
	if err != nil {
		d.fail(err)
		return nil
	}
	known := map[runtime.Ref]runtime.Container{}
	for i := range l.Containers {
		known[l.Containers[i].Ref] = l.Containers[i]
	}
	var all []runtime.Container
	left := map[runtime.Ref]runtime.Request{}
	for _, q := range reqs {
		c, ok := known[q.Ref]
		switch {
		case ok:
			q.Same, q.Spare = c.Identity, op == runtime.Stop || op == runtime.Restart
			if op.Info().Kind != runtime.OnHost && op != runtime.Recover {
				q.Expect = c.State
			}
			all = append(all, c)
			left[q.Ref] = q
		case op.Info().Kind == runtime.OnHost:
			all = append(all, runtime.Container{Ref: q.Ref, State: runtime.Stopped})
			left[q.Ref] = q
		default:
			d.fail(d.named(q.Ref.Name, runtime.ErrNotFound))
		}
	}
	if s.d.settings.ReadOnly.Value {
		return reqs // each is refused, and says so
	}
	can := all
	if op.Info().Kind != runtime.OnHost {
		var cannot []keymap.Refusal
		can, cannot = keymap.Split(op, s.situation(all))
		for _, r := range cannot {
			d.fail(&exitError{exitRefused, errors.New(inLines(r.Why))})
		}
	}
	var out []runtime.Request
	for _, c := range can {
		out = append(out, left[c.Ref])
	}
	if len(out) == 0 || d.flags.yes || !op.Info().Asks && len(reqs) == 1 && !interrupts(&out[0], can) {
		return out
	}
	d.rt.Prepare(op, len(out))
	if !d.confirm(ctx, op, can, out) {
		d.status = max(d.status, exitRefused)
		return nil
	}
	return out
}

// inLines is a reason of the screen's, with what is typed in the place of what is
// chosen there.
func inLines(why string) string {
	why = strings.ReplaceAll(why, `"Lock or unlock" unlocks it`, "unlock takes the lock away")
	for _, a := range keymap.Actions() {
		if typed, _ := plainOf(a.ID); typed != "" {
			why = strings.ReplaceAll(why, strconv.Quote(a.Title), typed)
		}
	}
	return why
}

// interrupts says whether a request stops what runs although its operation does not.
func interrupts(q *runtime.Request, can []runtime.Container) bool {
	a, ok := q.Args.(*runtime.SnapshotArgs)
	return ok && a != nil && a.Way == runtime.StopAndStart && len(can) > 0 && can[0].State != runtime.Stopped
}

// confirm asks in the screen's words.
func (d *deck) confirm(ctx context.Context, op runtime.Op, can []runtime.Container, reqs []runtime.Request) bool {
	s, info := d.session, op.Info()
	if d.back.isAlone() {
		d.warn("%s: nobody can be asked", info.Name)
		return false
	}
	title, more := strings.TrimSpace(info.Title+" "+s.d.called(can[0].Ref))+"?", info.AsksMore
	switch {
	case op == runtime.SetConfig:
		title = info.Title + " of " + s.d.called(can[0].Ref) + "?"
	case op == runtime.SetLimits && len(can) == 1:
		title = "Set the limits of " + s.d.called(can[0].Ref) + "?"
	}
	if len(can) > 1 {
		title = fmt.Sprintf("%s %d containers?", info.Title, len(can))
	}
	if interrupts(&reqs[0], can) {
		title, more = "Stop "+s.d.called(can[0].Ref)+" for a snapshot?", "Stopped, then started again once the snapshot is taken."
	}
	switch a := reqs[0].Args.(type) {
	case *runtime.DestroyArgs:
		return d.confirmDestroy(ctx, can, reqs)
	case *runtime.RestoreArgs:
		verb := map[runtime.Op]string{runtime.DeleteSnapshot: "Delete ", runtime.Restore: "Restore "}[op]
		title = verb + a.Snap + " of " + s.d.called(can[0].Ref) + "?"
	case *runtime.RecoverArgs:
		title = info.Title + " of " + s.d.called(can[0].Ref) + " (" + a.Way.String() + ")?"
	}
	for _, c := range can {
		if c.Name != "" && info.Kind != runtime.OnHost {
			s.put(s.d.called(c.Ref) + " is " + strings.ToLower(c.State.String()) + ".")
		}
	}
	for i := range reqs {
		for _, fact := range d.changes(ctx, &reqs[i]) {
			s.put(fact)
		}
	}
	if len(reqs) == 1 {
		if command := reqs[0].LXCCommand(); command != "" {
			s.put("The same as: " + command)
		}
	}
	if more != "" {
		s.put(more)
	}
	return s.sure(title)
}

// changes are the old and the new of what is set, and what to fear of it.
func (d *deck) changes(ctx context.Context, q *runtime.Request) (facts []string) {
	a, ok := q.Args.(*runtime.SetLimitsArgs)
	if !ok {
		return nil
	}
	look, cancel := d.asked(ctx)
	defer cancel()
	rep, err := d.rt.Limits(look, q.Ref)
	for _, set := range a.Set {
		text := q.Ref.Name + ", " + runtime.LimitKey(set.Name) + ": " + sizeWords(runtime.LimitWords(set.Name, set.Value))
		for i := range rep.Limits {
			l := &rep.Limits[i]
			if err != nil || l.Name != set.Name || l.Device != set.Device {
				continue
			}
			was := l.Config
			if rep.Running && l.Why == "" {
				was = l.Live
			}
			text += ", was " + sizeWords(runtime.LimitWords(set.Name, was))
			if n, ok := l.Used.Get(); ok && set.Name == runtime.LimitMemory {
				text += ", in use " + sizeWords(views.Bytes(n))
			}
		}
		facts = append(facts, text+".")
		if why := runtime.LimitHazard(set.Name, set.Value); why != "" {
			facts = append(facts, "Mind: "+why+".")
		}
	}
	return facts
}

// confirmDestroy says what would go with each container, and wants the name typed; of
// several, how many there are. Only snapshots that it names go with them.
func (d *deck) confirmDestroy(ctx context.Context, can []runtime.Container, reqs []runtime.Request) bool {
	s := d.session
	for i := range reqs {
		look, cancel := d.asked(ctx)
		f, err := d.rt.Footprint(look, reqs[i].Ref)
		cancel()
		name := s.d.called(reqs[i].Ref)
		switch {
		case err != nil:
			s.put(name + ": not measured: " + err.Error() + ".")
			continue
		case len(f.Clones) > 0:
			d.fail(&exitError{exitRefused, fmt.Errorf("%s cannot be destroyed: these are overlays on it: %s. Destroy those first", name, refNames(f.Clones))})
			return false
		}
		text := name + ", " + strings.ToLower(can[i].State.String()) + ": root of " + sizeWords(sizeOf(f.Size, f.Partial))
		if f.Backing != "" {
			text += " in " + f.Backing
		}
		a := &runtime.DestroyArgs{}
		if n := len(f.Snapshots); n > 0 {
			text += ", " + several(n, "snapshot") + ": " + strings.Join(f.Snapshots, ", ")
			a.Snapshots = true
			for k, snap := range f.Snapshots {
				a.Known = append(a.Known, runtime.Seen{Name: snap, Taken: f.Taken[k]})
			}
		}
		reqs[i].Args = a
		s.put(text + ".")
	}
	if len(reqs) == 1 {
		s.put("The same as: " + reqs[0].LXCCommand())
	}
	s.put(runtime.Destroy.Info().AsksMore)
	title, want := "Destroy "+s.d.called(can[0].Ref)+"? Type its name to confirm; enter alone does nothing:", can[0].Name
	if len(can) > 1 {
		want = strconv.Itoa(len(can))
		title = "Destroy " + want + " containers? Type how many to confirm; enter alone does nothing:"
	}
	answer, err := s.decide(title)
	if err == nil && answer == views.Clean(want) {
		return true
	}
	s.put("Nothing was done: " + want + " was not typed.")
	return false
}

// confirmed asks about what was told before; outside of a session nobody is asked.
func (d *deck) confirmed(title string) bool {
	return d.session != nil && !d.back.isAlone() && d.session.sure(title)
}

// killInstead offers to kill what has not halted.
func (d *deck) killInstead(ctx context.Context, q *runtime.Request, err error) bool {
	if d.session == nil || !errors.Is(err, runtime.ErrStillRunning) || d.back.isAlone() {
		return false
	}
	d.warn("%v", err)
	d.session.put(runtime.Kill.Info().AsksMore)
	if !d.session.sure(d.called(q.Ref) + " still runs. Kill it?") {
		d.status = max(d.status, exitFailed)
		return true
	}
	kill := runtime.Request{Op: runtime.Kill, Ref: q.Ref, Expect: runtime.Running, Same: q.Same}
	if err := d.do(ctx, kill); err != nil {
		d.failed(ctx, &kill, err)
	}
	return true
}
