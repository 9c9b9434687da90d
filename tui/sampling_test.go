package tui

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

func TestRatesAndGraphs(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("a", 50))
	for range 5 {
		d.pass(time.Second)
	}
	tr := d.m.hist.of(ref("a"))
	if v, ok := tr.usage.CPU.Get(); !ok || math.Abs(v-50) > 0.5 {
		t.Fatalf("%v %v", v, ok)
	}
	cpu := tr.cpu.tail(ringSize)
	if len(cpu) < 5 || !math.IsNaN(cpu[0]) || math.Abs(cpu[len(cpu)-1]-50) > 0.5 {
		t.Fatal(cpu)
	}
	d.sees("50")
	d.rt.Become(ref("a"), runtime.Stopped)
	d.until("the event", func() bool { return d.m.all[0].State == runtime.Stopped })
	d.pass(time.Second)
	if d.m.hist.of(ref("a")) != nil {
		t.Fatal("a stopped container keeps its rates")
	}
}

func TestRing(t *testing.T) {
	var r ring
	if len(r.tail(5)) != 0 {
		t.Fatal("an empty ring has figures")
	}
	for i := range ringSize + 10 {
		r.push(float64(i), i%2 == 0)
	}
	got := r.tail(4)
	if len(got) != 4 || got[0] != ringSize+6 || !math.IsNaN(got[1]) || got[2] != ringSize+8 || !math.IsNaN(got[3]) {
		t.Fatal(got)
	}
	if n := len(r.tail(10 * ringSize)); n != ringSize {
		t.Fatal(n)
	}
}

// tiers notes what was asked of the sampler.
type tiers struct {
	runtime.Runtime
	mu   sync.Mutex
	full map[string]int
	all  map[string]int
}

func (x *tiers) Sample(ctx context.Context, b *runtime.Batch) error {
	x.mu.Lock()
	for i := range b.Readings {
		x.all[b.Readings[i].Ref.Name]++
		if b.Readings[i].Tier == runtime.Full {
			x.full[b.Readings[i].Ref.Name]++
		}
	}
	x.mu.Unlock()
	return x.Runtime.Sample(ctx, b)
}

// tiersDeck shows 100 busy containers.
func tiersDeck(t *testing.T, o Options) (*tiers, *deck) {
	t.Helper()
	clock := fake.NewClock(noon)
	var specs []fake.Spec
	for i := range 100 {
		specs = append(specs, busy(fmt.Sprintf("c%02d", i), 1))
	}
	rt := fake.New(fake.Options{Clock: clock}, specs...)
	x := &tiers{Runtime: rt, full: map[string]int{}, all: map[string]int{}}
	return x, newDeckOn(t, 80, 24, o, x, rt, clock)
}

func TestTiers(t *testing.T) {
	x, d := tiersDeck(t, Options{})
	clear(x.full)
	clear(x.all)
	const ticks = shownEvery * hiddenEvery
	for range ticks {
		d.pass(time.Second)
	}
	if x.all["c00"] != ticks || x.all["c99"] != ticks {
		t.Fatalf("not every container each tick: %v", x.all)
	}
	for name, every := range map[string]int{"c00": 1, "c01": shownEvery, "c99": hiddenEvery} {
		if x.full[name] != ticks/every {
			t.Errorf("%s is read in full %d times of %d, want %d", name, x.full[name], ticks, ticks/every)
		}
	}
	d.press("G")
	clear(x.full)
	d.pass(time.Second)
	if x.full["c99"] != 1 {
		t.Fatal("the row gone to is not read in full at once")
	}
}

// TestLimitsAreKnownAtOnce: no limit and one that was not read yet look alike. Rows on
// screen are read in full first, the others with the second reading.
func TestLimitsAreKnownAtOnce(t *testing.T) {
	x, d := tiersDeck(t, Options{Interval: time.Minute})
	seen := 0
	for r := range d.m.visibleRefs() {
		if seen++; x.full[r.Name] == 0 {
			t.Errorf("%s is on screen after %d readings, and none was full", r.Name, x.all[r.Name])
		}
	}
	if seen < 5 || len(x.full) > 60 {
		t.Fatalf("%d rows on screen, %d read in full at the start", seen, len(x.full))
	}
	d.pass(2 * time.Minute)
	if len(x.full) != 100 {
		t.Errorf("%d of 100 were read in full after %d readings", len(x.full), x.all["c99"])
	}
}

func TestFullFiguresStayOverCheapReadings(t *testing.T) {
	h := newHistory()
	s := runtime.Sample{InitPID: 7}
	r := ref("a")
	take := func(sec int, full bool) {
		s.At = noon.Add(time.Duration(sec) * time.Second)
		s.CPU.Usage = runtime.Of(uint64(sec) * 1e9)
		if full {
			s.FullAt = s.At
			s.PSI.IO.Some.Total = runtime.Of(uint64(sec) * 500000)
		}
		h.take(&runtime.Batch{Readings: []runtime.Reading{{Ref: r, Sample: s}}})
	}
	take(1, true)
	take(2, true)
	if v := h.of(r).usage.IOSome.Or(-1); math.Abs(v-50) > 0.1 {
		t.Fatal(v)
	}
	take(3, false)
	u := h.of(r).usage
	if v := u.IOSome.Or(-1); math.Abs(v-50) > 0.1 || math.Abs(u.CPU.Or(-1)-100) > 0.1 {
		t.Fatalf("io %v cpu %v after a cheap reading", v, u.CPU)
	}
	s.InitPID = 8 // another life
	take(4, false)
	if _, ok := h.of(r).usage.IOSome.Get(); ok {
		t.Fatal("the figures of another life are kept")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, busy("a", 5))
	for i := range 50 {
		d.rt.Remove(ref(fmt.Sprintf("c%d", i-1)))
		d.rt.Add(busy(fmt.Sprintf("c%d", i), 5))
		want := fmt.Sprintf("a c%d", i)
		d.until("the event", func() bool { return d.names() == want })
		d.pass(time.Second)
	}
	if n := len(d.m.hist.tracks); n > 2 {
		t.Fatalf("%d tracks for 2 containers", n)
	}
	if n := len(d.m.sampling.batch.Readings); n != 2 {
		t.Fatalf("%d readings for 2 containers", n)
	}
}

func TestOneBatchInFlightAndLate(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.rt.Fail(fake.Sample, runtime.Ref{}, fake.Fault{Delay: 10 * time.Second})
	n := d.rt.Calls(fake.Sample)
	d.stuck = 1
	for range 4 {
		d.pass(time.Second)
	}
	d.until("the batch in flight", func() bool { return d.rt.Calls(fake.Sample) > n })
	if got := d.rt.Calls(fake.Sample) - n; got != 1 {
		t.Fatalf("%d batches in flight", got)
	}
	d.sees("late", "no figures since 12:00:01")
	d.press("j") // keys go on
	d.at("bravo")
	d.rt.Heal(fake.Sample, runtime.Ref{})
	d.stuck = 0
	d.until("the batch", func() bool { return !d.m.sampling.inFlight })
	d.pass(time.Second)
	d.seesNo("late")
}

func TestSampleErrorsAreDataNotNotices(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("a", 5), busy("b", 5))
	d.rt.Fail(fake.Sample, ref("a"), fake.Fault{Err: errors.New("cgroup is gone")})
	for range 3 {
		d.pass(time.Second)
	}
	if d.m.notices.now != nil {
		t.Fatalf("a notice: %+v", d.m.notices.now)
	}
	d.sees("cgroup is gone")
	if v, ok := d.m.hist.of(ref("b")).usage.CPU.Get(); !ok || v < 4 {
		t.Fatal("one bad container stops the others")
	}
}

func TestSmoothedSort(t *testing.T) {
	d := newDeck(t, 80, 24, Options{Sort: views.ColCPU}, busy("a", 50), busy("b", 40))
	for range 5 {
		d.pass(time.Second)
	}
	if d.names() != "a b" {
		t.Fatal(d.names())
	}
	d.m.hist.of(ref("b")).smooth = 40
	before := d.m.hist.of(ref("a")).smooth
	d.rt.Set(ref("a"), runtime.Changed, func(s *fake.Spec) { s.Counters = busy("a", 50).Counters })
	d.pass(time.Second)
	if after := d.m.hist.of(ref("a")).smooth; math.Abs(after-before) > 1 {
		t.Fatal(before, after)
	}
	tr := &track{}
	for _, v := range []float64{50, 50, 0, 50} {
		tr.usage.CPU = runtime.RateOf(v)
		tr.record()
	}
	if tr.smooth < 25 || tr.smooth > 50 {
		t.Fatalf("one odd reading moves the figure to %v", tr.smooth)
	}
}

func TestStuckListShowsAndTheRestGoesOn(t *testing.T) {
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock}, some()...)
	x := &deaf{Runtime: rt, hang: make(chan struct{})}
	d := newDeckOn(t, 120, 40, Options{}, x, rt, clock)
	d.until("the watch", func() bool { return d.watching })
	x.on(true)
	d.stuck = 1
	d.press("ctrl+r", "ctrl+r", "ctrl+r")
	d.until("the list", func() bool { return x.count() > 0 })
	d.pass(listDeadline + 2*time.Second)
	d.sees("the list has not answered for 17s")
	if n := x.count(); n != 1 {
		t.Fatalf("%d lists are out at once", n)
	}
	d.press("G")
	d.at("delta")
	if d.m.sampling.late > 0 {
		t.Fatal("sampling has stopped")
	}
	x.on(false)
	close(x.hang)
	d.stuck = 0
	d.settle()
	d.pass(time.Second)
	d.seesNo("has not answered")
}

// deaf is a runtime whose List does not even hear the end of its context.
type deaf struct {
	runtime.Runtime
	mu   sync.Mutex
	dead bool
	n    int
	hang chan struct{}
}

func (x *deaf) on(dead bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dead = dead
}

func (x *deaf) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.n
}

func (x *deaf) List(ctx context.Context) (runtime.Listing, error) {
	x.mu.Lock()
	dead := x.dead
	if dead {
		x.n++
	}
	x.mu.Unlock()
	if dead {
		<-x.hang
	}
	return x.Runtime.List(ctx)
}

func TestListErrors(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.rt.Fail(fake.List, runtime.Ref{}, fake.Fault{Err: errors.New("liblxc is on strike")})
	d.press("ctrl+r")
	d.sees("liblxc is on strike", "alpha") // what was known stays
	d.rt.Heal(fake.List, runtime.Ref{})
	d.pass(pollEvery + time.Second)
	d.seesNo("on strike")
	d.rt.Fail(fake.List, runtime.Ref{Path: "/srv/lxc"}, fake.Fault{Err: runtime.ErrPermission})
	d.press("ctrl+r")
	d.sees("/srv/lxc", "permission denied")
	d.rt.Fail(fake.List, ref("alpha"), fake.Fault{Stuck: true})
	d.until("the event", func() bool { return !d.m.all[0].NoAnswerSince.IsZero() })
	d.sees("no answer")
	d.press("s")
	d.sees("has not answered since")
}

// Nothing announces that a silent monitor answers again, and its silence says
// nothing of the kernel's counters.
func TestSilentMonitor(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.rt.Fail(fake.List, ref("alpha"), fake.Fault{Stuck: true})
	d.until("the event", func() bool { return !d.m.all[0].NoAnswerSince.IsZero() })
	before := d.m.hist.of(ref("alpha")).sample.At
	d.pass(2 * time.Second)
	d.sees("no answer 2s", "figures of the kernel go on")
	if now := d.m.hist.of(ref("alpha")).sample.At; !now.After(before) {
		t.Errorf("no figures since %s", before)
	}
	asked := d.m.listing.since
	d.pass(pollEvery + time.Second)
	if !d.m.listing.since.After(asked) {
		t.Error("nobody looked whether it answers again")
	}
	d.rt.Heal(fake.List, ref("alpha"))
	d.pass(pollEvery + time.Second)
	d.seesNo("no answer")
	if d.m.mustPoll() {
		t.Error("still polling")
	}
}

func TestEmptyHosts(t *testing.T) {
	d := newDeck(t, 80, 24, Options{})
	d.sees("/var/lib/lxc")
	d = newDeck(t, 80, 24, Options{}, box("a", runtime.Stopped))
	d.press("A")
	d.seesNo("> a")
	d.sees("A running only")
	d.press("A")
	d.sees("> a")
	d.seesNo("running only")
}

func TestMeansChangeOncePerGroup(t *testing.T) {
	var r ring
	if got := r.means(3, 4, nil); len(got) != 1 || !math.IsNaN(got[0]) {
		t.Errorf("of nothing: %v", got)
	}
	for i := range 10 {
		r.push(float64(i), true)
	}
	for _, v := range []float64{100, 200} { // the third group is full with the second of them
		if got := r.means(3, 4, nil); !slices.Equal(got, []float64{1.5, 5.5}) {
			t.Errorf("two full groups: %v", got)
		}
		r.push(v, true)
	}
	if got := r.means(3, 4, nil); !slices.Equal(got, []float64{1.5, 5.5, (8 + 9 + 100 + 200) / 4.0}) {
		t.Errorf("three full groups: %v", got)
	}
	for range 10 * ringSize {
		r.push(7, true)
	}
	if got := r.means(2, 4, nil); !slices.Equal(got, []float64{7, 7}) {
		t.Errorf("after many: %v", got)
	}
}

// tail gives the newest n figures, oldest first.
func (r *ring) tail(n int) (buf []float64) {
	n = min(n, r.n)
	for i := range n {
		buf = append(buf, float64(r.v[(r.next-n+i+ringSize)%ringSize]))
	}
	return buf
}
