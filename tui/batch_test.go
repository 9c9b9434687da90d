package tui

import (
	"fmt"
	"slices"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// ready is a worker that notes for what it is to be ready.
type ready struct {
	worker
	got []string
}

func (r *ready) Prepare(op runtime.Op, n int) { r.got = append(r.got, fmt.Sprint(op, " ", n)) }

// The runtime is told while the question is read.
func TestQuestionPrepares(t *testing.T) {
	clock := fake.NewClock(noon)
	f := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc"}}, some()...)
	r := &ready{worker: worker{f, f.Do}}
	d := newDeckOn(t, 120, 40, Options{}, r, f, clock)
	d.press("K")
	if want := []string{"kill 1"}; !slices.Equal(r.got, want) {
		t.Errorf("it is to be ready for %q, want %q", r.got, want)
	}
	if len(f.Requests()) != 0 {
		t.Error("done without an answer")
	}
}

// While a batch is under way the list is read seldom and what is done
// is painted at the next look, so that the screen does not take the processor
// from the batch; with its end both are as quick as ever.
func TestScreenRestsDuringABatch(t *testing.T) {
	const turns, waiting = jobsAtOnce, 2
	h := newHeld()
	var told []bool
	d := workDeck(t, 120, 40, Options{Hurry: func(on bool) { told = append(told, on) }}, h.do, some()...)
	var reqs []runtime.Request
	for i := range turns + waiting {
		reqs = append(reqs, creating(fmt.Sprintf("new-%d", i)))
	}
	d.begin(h, turns, reqs...)
	d.send(jobPaceMsg{})
	d.pass(batchRest) // the list may be read again
	l := &d.m.listing
	d.run(d.m.list())
	d.until("a list", func() bool { return !l.inFlight })
	read := l.ended
	if d.run(d.m.list()); l.inFlight || !l.resting {
		t.Fatal("the list is read again at once")
	}
	frame := d.m.View().Content
	h.free <- nil
	d.until("the turn of the next", func() bool { return len(h.asked) == 1 })
	<-h.asked
	if d.m.View().Content != frame {
		t.Error("painted at once although others wait")
	}
	d.pass(jobPace)
	d.sees("create done")
	d.pass(batchRest)
	if !l.ended.After(read) {
		t.Error("the list was not read when its rest was over")
	}

	d.run(d.m.list())
	if !l.resting {
		t.Fatal("the list does not rest")
	}
	rest := l.gen
	for range waiting - 1 {
		h.free <- nil
		d.until("the last turn", func() bool { return len(h.asked) == 1 })
		<-h.asked
	}
	d.stuck = 0
	for range turns {
		h.free <- nil
	}
	d.until("the end and a list", func() bool { return len(d.m.jobs.list) == 0 && !l.resting && !l.inFlight })
	d.sees("create: 6 of 6 done")
	if stale := d.m.onListDue(listDueMsg{rest}); stale != nil || l.inFlight {
		t.Error("the rest that was cut short makes another list")
	}
	if !slices.Equal(told, []bool{false, true, false}) {
		t.Errorf("told %v, not of the end of the start, and of begin and end of the batch", told)
	}
}

// Meanwhile what has just been started has no figures yet, and the audit log is not
// read for what its jobs are about to explain; neither waits for the end of a long one.
func TestBatchPutsOff(t *testing.T) {
	asked := 0
	h := newHeld()
	d := workDeck(t, 120, 40, Options{History: func() ([]runtime.Past, error) { asked++; return nil, nil }}, h.do, some()...)
	var reqs []runtime.Request
	for i := range jobsAtOnce + 1 {
		reqs = append(reqs, creating(fmt.Sprintf("new-%d", i)))
	}
	d.begin(h, jobsAtOnce, reqs...)
	d.rt.Become(ref("bravo"), runtime.Running)
	d.until("the announcement", func() bool { return d.m.listing.resting })
	d.pass(batchRest)
	d.until("the start", func() bool { return d.m.byRef(ref("bravo")).State == runtime.Running })
	figures := func() bool {
		x := d.m.hist.of(ref("bravo"))
		return x != nil && !x.sample.At.IsZero()
	}
	d.pass(d.m.interval)
	if figures() || asked != 0 {
		t.Errorf("figures %v, and the log was read %d times", figures(), asked)
	}
	if d.m.hist.of(ref("alpha")).sample.At.Before(d.clock.Now().Add(-d.m.interval)) {
		t.Error("what ran before has no new figures")
	}
	d.pass(batchFigures + d.m.interval)
	if !figures() {
		t.Error("no figures although it has run for a while")
	}
	d.pass((auditPuts + 1) * auditAfter()[0])
	if asked == 0 {
		t.Error("the log was not read")
	}
}

// What the watch announces is painted when the list is read.
func TestEventsAloneArePaintedWithTheList(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.m.View()
	if d.m.Update(eventsMsg{{Kind: runtime.Changed, Ref: ref("alpha")}}); d.m.dirty {
		t.Error("painted for an announcement")
	}
	if d.m.Update(eventsMsg{{Kind: runtime.Degraded}}); !d.m.dirty {
		t.Error("not painted for the loss of the watch")
	}
}
