package trend

import (
	"fmt"
	"math"
	"testing"
	"time"

	"lxcdeck/runtime"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	web  = runtime.Ref{Path: "/var/lib/lxc", Name: "web"}
)

// feed is a container whose counters the test turns.
type feed struct {
	s      *Store
	ref    runtime.Ref
	last   runtime.Sample
	most   Limits
	cpu    uint64 // ns
	memory uint64
}

func newFeed(s *Store) *feed {
	f := &feed{s: s, ref: web, most: Limits{Read: 3 * time.Second, Full: 20 * time.Second}, memory: 1 << 20}
	f.last.InitPID = 7
	return f
}

// read is one reading at an instant since noon, of the Full tier or not.
func (f *feed) read(at time.Duration, full bool) {
	now := f.last
	now.At = noon.Add(at)
	now.CPU.Usage, now.Pids.Current = runtime.Of(f.cpu), runtime.Of(3)
	if full {
		now.FullAt = now.At
		now.PSI.CPU.Some.Total = runtime.Of(f.cpu / 10000) // a tenth of its time it waits
		now.Memory.WorkingSet = runtime.Of(f.memory)
	}
	u := runtime.Between(&f.last, &now, 2)
	f.s.Take(f.ref, &f.last, &now, &u, f.most)
	f.last = now
}

// run reads every step from one instant to another, with so many percent of a
// core.
func (f *feed) run(from, to, step time.Duration, percent float64) {
	for at := from; at <= to; at += step {
		if !f.last.At.IsZero() {
			f.cpu += uint64(percent / 100 * float64(noon.Add(at).Sub(f.last.At)))
		}
		f.read(at, true)
	}
}

func (f *feed) cells(s Series, span time.Duration) []Cell {
	return f.s.Of(f.ref).Read(s, Look(span, f.s.Now(), 1000), nil)
}

func near(a, b float64) bool { return math.Abs(a-b) <= math.Abs(b)/1000+0.01 }

func TestFiguresAreKeptWithinHalfAThousandth(t *testing.T) {
	for _, f := range []float64{0.01, 0.5, 1, 3.3, 99.9, 100, 512, 2047, 1 << 30, 3.7e12, 1 << 56} {
		if got := unpack(pack(f)); math.Abs(got-f) > f/2000 {
			t.Errorf("%v is kept as %v", f, got)
		}
	}
	if unpack(pack(0)) != 0 || unpack(pack(1e-9)) != 0 || !math.IsNaN(unpack(pack(math.NaN()))) {
		t.Error("nought, next to nought or nothing is not kept")
	}
	if unpack(pack(math.Inf(1))) != 1<<56 {
		t.Error("there is no highest figure")
	}
	last := -1.0
	for c := nought; c <= int(pack(1<<56)); c++ {
		f := unpack(uint16(c))
		if f <= last {
			t.Fatalf("code %d is %v, that before %v", c, f, last)
		}
		if last = f; pack(f) != uint16(c) {
			t.Fatalf("%v has code %d, not %d", f, pack(f), c)
		}
	}
}

func TestMeansAreTheCountersGrowth(t *testing.T) {
	// Readings come when they come: 90 % for 0.3 s and 10 % for 0.7 s are 34 %.
	f := newFeed(New())
	f.read(0, true)
	for at := time.Duration(0); at < 20*time.Minute; at += time.Second {
		f.cpu += 270e6
		f.read(at+300*time.Millisecond, true)
		f.cpu += 70e6
		f.read(at+time.Second, true)
	}
	for _, span := range Spans()[:4] {
		known := 0
		for i, c := range f.cells(CPU, span) {
			if math.IsNaN(c.Mean) {
				continue
			}
			if known++; !near(c.Mean, 34) {
				t.Fatalf("%s: cell %d is %v", span, i, c)
			}
			if Look(span, f.s.Now(), 1000).Step > time.Second && (!near(c.Low, 10) || !near(c.High, 90)) {
				t.Fatalf("%s: cell %d is %v", span, i, c)
			}
		}
		if want := int(min(span, 20*time.Minute) / Look(span, 0, 1000).Step); known < want-1 {
			t.Errorf("%s: %d cells of %d are known", span, known, want)
		}
	}
}

func TestIntervalsAreAllTheSame(t *testing.T) {
	for _, every := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 7 * time.Second, time.Minute} {
		f := newFeed(New())
		f.most = Limits{3 * every, 20 * every}
		f.run(0, 10*time.Minute, every, 42)
		for _, span := range Spans()[:3] {
			known := 0
			for i, c := range f.cells(CPU, span) {
				if math.IsNaN(c.Mean) {
					continue
				}
				if known++; !near(c.Mean, 42) || !near(c.High, 42) {
					t.Fatalf("every %s, %s: cell %d is %v", every, span, i, c)
				}
			}
			w := Look(span, 0, 1000)
			if want := int(min(span, 9*time.Minute) / w.Step); known < want-1 {
				t.Errorf("every %s, %s: %d cells of %d are known", every, span, known, want)
			}
		}
	}
}

func TestPeaksStay(t *testing.T) {
	f := newFeed(New())
	f.run(0, time.Hour, time.Second, 2)
	f.run(time.Hour+time.Second, time.Hour+time.Second, time.Second, 380)
	f.run(time.Hour+2*time.Second, 20*time.Hour, time.Second, 2)
	for _, most := range []int{1000, 100, 30} {
		found := 0
		for _, c := range f.s.Of(web).Read(CPU, Look(24*time.Hour, f.s.Now(), most), nil) {
			if near(c.High, 380) {
				found++
				if c.Mean > 5 || !near(c.Low, 2) {
					t.Errorf("the cell of the peak is %v", c)
				}
			}
		}
		if found != 1 {
			t.Errorf("%d cells hold the peak in %d at most", found, most)
		}
	}
}

func TestTheCellBeingFilledCountsByItsTime(t *testing.T) {
	f := newFeed(New())
	idle := 25*time.Hour + 10*time.Minute // half of what is a cell of 20 minutes
	f.run(0, idle, time.Second, 0)
	f.run(idle+time.Second, idle+time.Second, time.Second, 400)
	w := Look(24*time.Hour, f.s.Now(), 72)
	c := f.s.Of(web).Read(CPU, w, nil)[w.Cells-1]
	if c.Mean > 1 || !near(c.High, 400) {
		t.Errorf("a second of 400 %% after idle hours is %v", c)
	}
}

func TestGaps(t *testing.T) {
	f := newFeed(New())
	f.run(0, 10*time.Second, time.Second, 50)
	f.run(40*time.Second, 60*time.Second, time.Second, 50) // late by half a minute
	known := func(from, to int) (n int) {
		w := Look(5*time.Minute, f.s.Now(), 1000)
		cells := f.s.Of(web).Read(CPU, w, nil)
		for i := from; i < to; i++ {
			if c := cells[w.Cell(time.Duration(i)*time.Second)]; !math.IsNaN(c.Mean) {
				if n++; !near(c.Mean, 50) {
					t.Fatalf("second %d is %v", i, c)
				}
			}
		}
		return n
	}
	if a, b, c := known(0, 10), known(10, 40), known(40, 60); a != 10 || b != 0 || c != 20 {
		t.Errorf("%d, %d and %d cells are known, want 10, 0 and 20", a, b, c)
	}
	// Another init is another life: no figure spans both.
	f.last.InitPID, f.last.At, f.cpu = 8, time.Time{}, 0
	f.read(61*time.Second, true)
	f.run(62*time.Second, 70*time.Second, time.Second, 50)
	if n := known(60, 61); n != 0 {
		t.Errorf("the second of the restart is known")
	}
	if n := known(61, 70); n != 9 {
		t.Errorf("%d cells of 9 are known after the restart", n)
	}
	if starts := f.s.Of(web).Starts(); len(starts) != 1 || starts[0] != 61*time.Second {
		t.Errorf("starts at %v", starts)
	}
	// Times that go back, as a clock without a monotonic reading may, change nothing.
	before := fmt.Sprint(f.cells(CPU, time.Minute))
	f.last.At = noon.Add(2 * time.Second)
	f.run(3*time.Second, 5*time.Second, time.Second, 99)
	if after := fmt.Sprint(f.cells(CPU, time.Minute)); after != before {
		t.Errorf("readings of the past changed\n%s to\n%s", before, after)
	}
}

func TestACrashLoopHasMarks(t *testing.T) {
	f := newFeed(New())
	f.read(0, true)
	const every, loops = 3 * time.Second, 400
	for i := 1; i <= loops; i++ {
		f.last.InitPID++
		f.read(time.Duration(i)*every, true)
	}
	l := f.s.Of(web)
	starts := l.Starts()
	if len(starts) != mostStarts || starts[mostStarts-1]-starts[0] < (mostStarts-1)*startsApart {
		t.Fatalf("starts at %v", starts)
	}
	if at, ok := l.LostStart(); !ok || at >= starts[0] || starts[0]-at > startsApart+every {
		t.Errorf("the newest that was let go is at %s, %v", at, ok)
	}
}

func TestFiguresOfTheFullTierAreNotRepeated(t *testing.T) {
	f := newFeed(New())
	for i := range 60 {
		f.cpu += 1e9
		f.memory = uint64(i+1) << 20
		f.read(time.Duration(i)*time.Second, i%10 == 0)
	}
	w := Look(time.Minute, f.s.Now(), 1000)
	memory, stall, cpu := f.s.Of(web).Read(Memory, w, nil), f.s.Of(web).Read(StallCPU, w, nil), f.s.Of(web).Read(CPU, w, nil)
	for i := range 59 {
		at := w.Cell(time.Duration(i) * time.Second)
		want := float64((i/10+1)*10+1) * (1 << 20) // that of the reading which ends the stretch
		switch {
		case !near(cpu[at].Mean, 100):
			t.Fatalf("second %d: CPU %v", i, cpu[at])
		case i >= 50:
			if !math.IsNaN(memory[at].Mean) || !math.IsNaN(stall[at].Mean) {
				t.Fatalf("second %d: memory %v and stall %v, which were not read since", i, memory[at], stall[at])
			}
		case !near(memory[at].Mean, want) || !near(stall[at].Mean, 10):
			t.Fatalf("second %d: memory %v, want %v; stall %v", i, memory[at], want, stall[at])
		}
	}
	// One that was not read for long is a gap, and no line to the next.
	f.read(100*time.Second, true)
	f.read(101*time.Second, true)
	w = Look(5*time.Minute, f.s.Now(), 1000)
	memory = f.s.Of(web).Read(Memory, w, memory)
	for i := 51; i < 100; i++ {
		if c := memory[w.Cell(time.Duration(i)*time.Second)]; !math.IsNaN(c.Mean) {
			t.Fatalf("second %d: memory %v", i, c)
		}
	}
}

func TestAGapIsOneForTheFullTierToo(t *testing.T) {
	f := newFeed(New())
	f.run(0, 10*time.Second, time.Second, 50)
	f.run(20*time.Second, 30*time.Second, time.Second, 50) // sooner than Full readings may come
	w := Look(time.Minute, f.s.Now(), 1000)
	memory := f.s.Of(web).Read(Memory, w, nil)
	for i := range 30 {
		c := memory[w.Cell(time.Duration(i)*time.Second)]
		if known := !math.IsNaN(c.Mean); known != (i < 10 || i >= 20) {
			t.Errorf("second %d is %v", i, c)
		}
	}
}

func TestAWallClockThatIsSetTearsNothing(t *testing.T) {
	s := New()
	f := newFeed(s)
	f.run(0, 100*time.Second, time.Second, 30)
	for i := 101; i <= 200; i++ { // set back by an hour after 100 s
		s.tell(time.Duration(i)*time.Second, time.Duration(i)*time.Second-time.Hour)
	}
	if got := s.Wall(50 * time.Second); !got.Equal(noon.Add(50 * time.Second)) {
		t.Errorf("before it was set the clock showed %s", got)
	}
	if got := s.Wall(150 * time.Second); !got.Equal(noon.Add(150*time.Second - time.Hour)) {
		t.Errorf("after it was set the clock showed %s", got)
	}
	w := Look(5*time.Minute, s.Now(), 1000)
	cells := s.Of(web).Read(CPU, w, nil)
	for i := range 100 {
		if c := cells[w.Cell(time.Duration(i)*time.Second)]; !near(c.Mean, 30) {
			t.Fatalf("second %d is %v", i, c)
		}
	}
	for i := range 100 { // who sets it all the time is not remembered for ever
		s.tell(time.Duration(300+i)*time.Second, time.Duration(i*1000)*time.Hour)
	}
	if len(s.steps) != mostSteps {
		t.Errorf("%d times are remembered", len(s.steps))
	}
}

func TestACopyStands(t *testing.T) {
	f := newFeed(New())
	f.run(0, 30*time.Second, time.Second, 30)
	w := Look(time.Minute, f.s.Now(), 100)
	c := f.s.Of(web).Copy()
	before := fmt.Sprint(c.Read(CPU, w, nil))
	f.run(31*time.Second, 10*time.Minute, time.Second, 90)
	if after := fmt.Sprint(c.Read(CPU, w, nil)); after != before {
		t.Errorf("the copy was\n%s and is\n%s", before, after)
	}
	f.s.Of(web).free()
	if after := fmt.Sprint(c.Read(CPU, w, nil)); after != before {
		t.Error("the copy went with the line")
	}
}

func TestWindows(t *testing.T) {
	for _, span := range Spans() {
		for _, most := range []int{1, 2, 7, 72, 144, 224, 1000} {
			for _, now := range []time.Duration{0, time.Second, 90 * time.Minute, 49*time.Hour + 7*time.Second} {
				w := Look(span, now, most)
				end := w.Begin(w.Cells)
				if w.Cells > most || end < now || end-w.Step >= max(now, 1) || end-w.Begin(0) < span {
					t.Errorf("%s in %d cells at %s: %+v", span, most, now, w)
				}
				if w.Cell(now) != w.Cells-1 || !w.Holds(end-1) || w.Holds(end) || w.Cell(-time.Hour*100) != 0 {
					t.Errorf("%s in %d cells at %s: %+v has not now at its end", span, most, now, w)
				}
			}
		}
	}
}

func TestHostIsRemembered(t *testing.T) {
	s := New()
	sample := func(i int) *runtime.HostSample {
		h := &runtime.HostSample{At: noon.Add(time.Duration(i) * time.Second), MemTotal: runtime.Of(8 << 30), MemFree: runtime.Of(2 << 30)}
		h.Busy, h.Total = runtime.Of(uint64(i)*5e8), runtime.Of(uint64(i)*2e9)
		return h
	}
	for i := range 60 {
		a, b := sample(i), sample(i+1)
		u := runtime.HostBetween(a, b, nil)
		s.TakeHost(a, b, &u, Limits{Read: 3 * time.Second})
	}
	w := Look(time.Minute, s.Now(), 1000)
	cpu, memory := s.Host().Read(CPU, w, nil), s.Host().Read(Memory, w, nil)
	for i := 1; i < 59; i++ {
		if !near(cpu[i].Mean, 25) || !near(memory[i].Mean, 6<<30) {
			t.Fatalf("cell %d: CPU %v, memory %v", i, cpu[i], memory[i])
		}
	}
}

// TestSuspendedHost: hours in which the host slept, and its monotonic clock stood
// still, are a gap of hours, and no spike stands at either end.
func TestSuspendedHost(t *testing.T) {
	const slept = 3 * time.Hour
	f := newFeed(New())
	f.run(0, 10*time.Minute, time.Second, 50)
	f.s.Slept(slept)
	f.run(10*time.Minute+time.Second, 20*time.Minute, time.Second, 50)
	if now := f.s.Now(); now != slept+20*time.Minute {
		t.Errorf("the store has come to %v", now)
	}
	for _, series := range []Series{CPU, Memory, StallCPU} {
		known, gaps, highest := 0, 0, 0.0
		for _, c := range f.cells(series, 6*time.Hour) {
			if math.IsNaN(c.Mean) {
				gaps++
				continue
			}
			known++
			highest = max(highest, c.High)
		}
		// Of cells of two minutes ten hold a figure, and some at the ends.
		if known < 10 || known > 14 || gaps < 160 {
			t.Errorf("series %d: %d cells are known, %d are gaps", series, known, gaps)
		}
		if series == CPU && (highest < 49 || highest > 51) {
			t.Errorf("%.1f %% at most, want 50", highest)
		}
	}
	// Close by, all that is known is of after the sleep.
	for i, c := range f.cells(CPU, 5*time.Minute) {
		if i > 0 && math.IsNaN(c.Mean) {
			t.Errorf("cell %d of the last minutes is a gap", i)
		}
	}
	before, after := f.s.instant(noon.Add(10*time.Minute)), f.s.instant(noon.Add(10*time.Minute+time.Second))
	if before != 10*time.Minute || after != before+slept+time.Second {
		t.Errorf("readings on either side are at %v and %v", before, after)
	}
}

// TestManySleeps: only the last ones are remembered, and what came before them is
// where it was.
func TestManySleeps(t *testing.T) {
	f := newFeed(New())
	f.s.Slept(time.Hour) // nothing was read yet
	for i := range 3 * mostSteps {
		f.run(time.Duration(i)*time.Minute, time.Duration(i)*time.Minute+10*time.Second, time.Second, 20)
		f.s.Slept(time.Hour)
	}
	if n := len(f.s.sleeps); n != mostSteps {
		t.Errorf("%d sleeps are remembered", n)
	}
	last := 3*mostSteps - 1
	at := time.Duration(last) * time.Minute
	if got, want := f.s.instant(noon.Add(at+5*time.Second)), at+5*time.Second+time.Duration(last)*time.Hour; got != want {
		t.Errorf("the last readings are at %v, want %v", got, want)
	}
}
