package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// worker is a Runtime whose operations are the test's.
type worker struct {
	*fake.Runtime
	do func(ctx context.Context, q runtime.Request) error
}

func (w *worker) Do(ctx context.Context, q runtime.Request) error { return w.do(ctx, q) }

// workDeck is a screen whose operations are the test's.
func workDeck(t *testing.T, w, h int, o Options, do func(context.Context, runtime.Request) error, specs ...fake.Spec) *deck {
	t.Helper()
	clock := fake.NewClock(noon)
	f := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc"}}, specs...)
	d := newDeckOn(t, w, h, o, &worker{f, do}, f, clock)
	d.until("the watch", func() bool { return d.watching })
	return d
}

// held is an operation that waits for the test, and what it was asked.
type held struct {
	asked chan runtime.Request
	free  chan error
}

func newHeld() *held { return &held{make(chan runtime.Request, 200), make(chan error)} }

func (h *held) do(ctx context.Context, q runtime.Request) error {
	h.asked <- q
	select {
	case err := <-h.free:
		return err
	case <-ctx.Done():
		return &runtime.Error{Op: q.Op.String(), Ref: q.Ref, Err: fmt.Errorf("%w: %w", runtime.ErrCancelled, ctx.Err())}
	}
}

func creating(name string) runtime.Request {
	return runtime.Request{Op: runtime.Create, Ref: ref(name), Args: &runtime.CreateArgs{Template: "busybox"}}
}

// begin asks for operations and waits until n of them run.
func (d *deck) begin(h *held, n int, reqs ...runtime.Request) []runtime.Request {
	d.t.Helper()
	d.stuck += n
	d.run(d.m.enqueue(reqs))
	d.m.dirty, d.m.paint.all = true, true // a key would have done that
	d.until("the begin of the operations", func() bool { return len(h.asked) == n })
	var got []runtime.Request
	for range n {
		got = append(got, <-h.asked)
	}
	return got
}

// What a job tells is on screen with the next look, and not before: no word of
// it is a message.
func TestProgressIsShownAtTheNextLook(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 120, 40, Options{}, h.do, some()...)
	q := d.begin(h, 1, creating("new"))[0]
	d.sees("creating new", "ctrl+c cancels", "J shows")
	before := d.m.frame
	q.Progress(runtime.Progress{Step: "unpacking", Done: 45 << 20, Total: 180 << 20, Output: []byte("one\ntwo\n")})
	select {
	case msg := <-d.msgs:
		t.Fatalf("progress made a message: %T", msg)
	default:
	}
	if v := d.m.View(); v.Content != before.Content {
		t.Fatal("painted without a look")
	}
	d.pass(jobPace)
	d.sees("25%", "45M of 180M", "unpacking")
	frame := d.m.View().Content
	d.m.dirty = false
	d.send(jobPaceMsg{})
	if d.m.dirty || d.m.View().Content != frame {
		t.Fatal("painted anew though nothing has changed")
	}
	d.stuck = 0
	h.free <- nil
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("new: create done", "lxc-create -P /var/lib/lxc -n new -t busybox")
	d.pass(10 * jobPace)
	if d.m.jobs.paced {
		t.Fatal("the timer goes on without jobs")
	}
}

// What is being done stands without a container behind it where that is named before.
func TestBusyWordsInTheTitle(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 120, 40, Options{}, h.do, some()...)
	d.begin(h, 1, runtime.Request{Op: runtime.Snapshot, Ref: ref("alpha"), Args: &runtime.SnapshotArgs{}})
	d.sees("alpha: taking a snapshot ")
	d.seesNo("alpha: taking a snapshot of ")
	d.stuck = 0
	h.free <- nil
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
}

// A program that writes 100 MB neither floods the loop nor its memory.
func TestFloodOfOutput(t *testing.T) {
	const chunk, chunks = 64 << 10, 1600
	piece := []byte(strings.Repeat(strings.Repeat("x", 78)+"\n", chunk/79))
	began, over := make(chan struct{}), atomic.Bool{}
	d := workDeck(t, 120, 40, Options{}, func(_ context.Context, q runtime.Request) error {
		close(began)
		for range chunks {
			q.Progress(runtime.Progress{Output: piece})
		}
		over.Store(true)
		return nil
	}, some()...)
	d.stuck = 1
	d.run(d.m.enqueue([]runtime.Request{creating("new")}))
	<-began
	d.press("J")
	d.press("enter")
	worst, looks := time.Duration(0), 0
	for !over.Load() {
		at := time.Now()
		d.m.Update(keyMsg("k"))
		d.m.Update(jobPaceMsg{})
		d.m.View()
		worst = max(worst, time.Since(at))
		looks++
	}
	d.stuck = 0
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	t.Logf("%d looks, the longest took %s", looks, worst)
	if worst > time.Second {
		t.Errorf("a key took %s", worst)
	}
	f := d.m.jobs.past[0].jobs[0].feed
	if n := f.size(); n > runtime.MaxOutput+runtime.MaxOutputLine {
		t.Errorf("%d bytes are kept", n)
	}
	if n := f.progress().Lines; n != chunks*len(piece)/79 {
		t.Errorf("%d lines were counted", n)
	}
}

// Starting 100 at once leaves the list as quick as ever.
func TestHundredStartsLeaveTheListQuick(t *testing.T) {
	var specs []fake.Spec
	for i := range 100 {
		specs = append(specs, box(fmt.Sprintf("c%02d", i), runtime.Stopped))
	}
	d := newDeck(t, 120, 40, Options{}, specs...)
	d.press("*", "S")
	d.pass(questionGrace)
	worst := time.Duration(0)
	timed := func(msg tea.Msg) {
		at := time.Now()
		_, c := d.m.Update(msg)
		d.m.View()
		worst = max(worst, time.Since(at))
		d.run(c)
	}
	timed(keyMsg("y"))
	end := time.After(patience)
	for len(d.m.jobs.list) > 0 {
		select {
		case msg := <-d.results:
			d.flying--
			if batch, ok := msg.(tea.BatchMsg); ok {
				d.apply(batch)
				continue
			}
			timed(msg)
			timed(keyMsg("j"))
		case msg := <-d.msgs:
			timed(msg)
		case <-end:
			t.Fatal("no end")
		}
	}
	d.settle()
	t.Logf("the longest update and view took %s", worst)
	if worst > time.Second {
		t.Errorf("a key took %s; 50 ms are promised", worst)
	}
	if n := len(d.rt.Requests()); n != 100 {
		t.Fatalf("%d requests", n)
	}
	d.press("J")
	d.sees("start 100 containers", "done in", "100/100")
	d.press("enter")
	d.sees("start c00", "start c20")
	d.press("G")
	d.sees("start c99")
	d.press("enter")
	d.sees("it wrote nothing", "lxc-start -P /var/lib/lxc -n c99")
	d.press("esc", "esc", "esc")
	d.seesNo("Jobs and history")
}

// A create is cancelled after a question; what waits is dropped without.
func TestCancel(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 120, 40, Options{}, h.do, some()...)
	d.begin(h, 4, creating("n0"), creating("n1"), creating("n2"), creating("n3"), creating("n4"), creating("n5"))
	d.press("J", "enter")
	d.sees("create 6 containers", "waits for its turn")
	d.press("G", "x")
	d.sees("dropped: nothing was done yet", "cancelled")
	if len(d.m.jobs.list) != 5 {
		t.Fatalf("%d jobs", len(d.m.jobs.list))
	}
	d.press("g", "x")
	d.sees("Cancel: creating n0?", "what it has made so", "far is removed")
	d.pass(questionGrace)
	d.press("n")
	d.sees("create 6 containers") // back where it was asked from
	if len(d.m.jobs.list) != 5 {
		t.Fatal("no cancels")
	}
	d.press("x")
	d.pass(questionGrace)
	d.press("y")
	d.until("the fifth's turn", func() bool { return len(h.asked) == 1 })
	if q := <-h.asked; q.Ref.Name != "n4" {
		t.Fatal(q.Ref)
	}
	d.sees("cancelled after")
	d.press("esc", "esc", "ctrl+c")
	d.sees("Cancel 4 operations?")
	d.pass(questionGrace)
	d.stuck = 0
	d.press("y")
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	if b := d.m.jobs.past[0]; b.cancelled != 6 || b.good+b.bad != 0 {
		t.Fatalf("%+v", b)
	}
	d.sees("create: 0 of 6 done", "6 cancelled")
}

// One that is cancelled and ends all the same is told as what it is.
func TestCancelThatComesTooLate(t *testing.T) {
	free := make(chan struct{})
	d := workDeck(t, 120, 40, Options{}, func(context.Context, runtime.Request) error { <-free; return nil }, some()...)
	d.stuck = 1
	d.run(d.m.enqueue([]runtime.Request{creating("new")}))
	d.until("its begin", func() bool { return d.m.jobs.running() == 1 })
	d.press("ctrl+c")
	d.pass(questionGrace)
	d.press("y")
	d.pass(10 * time.Second) // the notice goes
	d.sees("cancelling: creating new")
	d.press("J")
	d.sees("cancelling 10s")
	d.press("x")
	d.sees("its end is awaited already")
	d.stuck = 0
	close(free)
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("new: create done", "done in 10")
}

func TestGracefulTimeCountsDownAndShutdownOffersTheKill(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 120, 40, Options{}, h.do, some()...)
	d.begin(h, 1, runtime.Request{Op: runtime.Shutdown, Ref: ref("alpha"), Expect: runtime.Running, Spare: true})
	d.sees("shutting down alpha", "1m left to end by itself")
	d.pass(17 * time.Second)
	d.sees("17s", "43s left to end by itself")
	d.press("J")
	d.sees("shutdown alpha", "43s left to end by itself")
	d.press("esc")
	d.stuck = 0
	h.free <- &runtime.Error{Op: "shutdown", Ref: ref("alpha"), Err: fmt.Errorf("%w after 1m0s", runtime.ErrStillRunning)}
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("alpha still runs. Kill it?", "lxc-stop -P /var/lib/lxc -n alpha --kill")
	d.pass(questionGrace)
	d.stuck = 1
	d.press("y")
	d.until("the kill's begin", func() bool { return len(h.asked) == 1 })
	if q := <-h.asked; q.Op != runtime.Kill || q.Ref != ref("alpha") || q.Expect != runtime.Running {
		t.Fatalf("%+v", q)
	}
	d.stuck = 0
	h.free <- nil
	d.until("the kill", func() bool { return len(d.m.jobs.list) == 0 })
}

// Several that do not end are asked about once.
func TestKillIsOfferedOnceForMany(t *testing.T) {
	d := workDeck(t, 120, 40, Options{}, func(_ context.Context, q runtime.Request) error {
		if q.Op == runtime.Kill || q.Ref.Name == "c2" {
			return nil
		}
		return fmt.Errorf("%w after 1m0s", runtime.ErrStillRunning)
	}, box("c1", runtime.Running), box("c2", runtime.Running), box("c3", runtime.Running))
	d.press("*", ":")
	d.typed("shut down")
	d.press("enter")
	d.pass(questionGrace)
	d.press("y")
	d.sees("2 containers still run. Kill them?", "c1", "c3")
	d.pass(questionGrace)
	d.press("y")
	d.sees("kill: 2 of 2 done")
}

func TestLeaving(t *testing.T) {
	for _, c := range []struct {
		key   string
		quits bool
		left  int
	}{{"s", false, 5}, {"esc", false, 5}, {"l", true, 4}, {"c", true, 0}} {
		h := newHeld()
		d := workDeck(t, 120, 40, Options{}, h.do, some()...)
		var reqs []runtime.Request
		for i := range 5 {
			reqs = append(reqs, creating(fmt.Sprintf("n%d", i)))
		}
		d.begin(h, 4, reqs...)
		d.press("q")
		d.sees("4 jobs running. Leave lxcdeck?", "Leave them running", "Cancel them, then leave", "Stay", "1 operation still", "create n0  runs 0s", "create n4  waits")
		d.pass(questionGrace)
		if c.left == 0 {
			d.stuck = 0
		}
		d.press(c.key)
		if c.quits {
			d.until("the end", func() bool { return d.quit })
		}
		if d.quit != c.quits {
			t.Errorf("%s: quits %v", c.key, d.quit)
		}
		if n := len(d.m.jobs.list); n != c.left || len(h.asked) > 0 {
			t.Errorf("%s: %d jobs, %d more begun", c.key, n, len(h.asked))
		}
		d.m.cancelJobs(every)
		d.stuck = 0
		d.until("the end of all", func() bool { return d.flying == 0 })
	}
}

// Who cancels and leaves waits for the clearing away, unless they insist.
func TestLeavingWaitsForTheEndOfWhatIsCancelled(t *testing.T) {
	free := make(chan struct{})
	d := workDeck(t, 120, 40, Options{}, func(context.Context, runtime.Request) error { <-free; return runtime.ErrCancelled }, some()...)
	d.stuck = 1
	d.run(d.m.enqueue([]runtime.Request{creating("new")}))
	d.until("its begin", func() bool { return d.m.jobs.running() == 1 })
	d.press("q")
	d.pass(questionGrace)
	d.press("c")
	if d.quit {
		t.Fatal("left before the end")
	}
	d.sees("cancelling 1 operation, then leaving", "q leaves at once")
	d.press("q")
	if !d.quit {
		t.Fatal("no way out")
	}
	d.stuck = 0
	close(free)
	d.until("the end of all", func() bool { return d.flying == 0 })
}

// What an operation makes is busy too: it cannot be asked for a second time.
func TestOthersOfAnOperationAreBusy(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 80, 24, Options{}, h.do, some()...)
	d.begin(h, 1, runtime.Request{Op: runtime.Clone, Ref: ref("bravo"), Args: &runtime.CloneArgs{To: ref("delta")}})
	if op, busy := d.m.jobs.busy(ref("delta")); !busy || op != runtime.Clone {
		t.Error("the new container is not busy")
	}
	if d.m.situation().Busy[ref("delta")] == "" {
		t.Error("keys do not know it")
	}
	d.sees("cloning bravo to delta")
	d.stuck = 0
	h.free <- errors.New("disk full")
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("error: disk full")
}

// What is kept of jobs that are over has bounds.
func TestPastIsBounded(t *testing.T) {
	line := []byte(strings.Repeat("y", runtime.MaxOutputLine) + "\n")
	d := workDeck(t, 80, 24, Options{}, func(_ context.Context, q runtime.Request) error {
		for range runtime.MaxOutput / runtime.MaxOutputLine {
			q.Progress(runtime.Progress{Output: line})
		}
		return nil
	}, some()...)
	for range jobsKept + 5 {
		d.run(d.m.enqueue([]runtime.Request{creating("new")}))
		d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	}
	kept := 0
	for _, b := range d.m.jobs.past {
		kept += b.jobs[0].feed.size()
	}
	if kept != d.m.jobs.kept {
		t.Errorf("%d bytes are kept, %d are counted", kept, d.m.jobs.kept)
	}
	if len(d.m.jobs.past) != jobsKept || kept > outputKept || kept < outputKept/2 {
		t.Fatalf("%d jobs, %d bytes", len(d.m.jobs.past), kept)
	}
	d.press("J", "G", "enter")
	d.sees("its output was given up")
}
