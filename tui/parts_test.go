package tui

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// apart notes whose parts were asked for.
type apart struct {
	runtime.Runtime
	mu  sync.Mutex
	who map[string]int
}

func (x *apart) Sample(ctx context.Context, b *runtime.Batch) error {
	x.mu.Lock()
	for i := range b.Readings {
		if q := &b.Readings[i]; q.Parts != nil {
			x.who[q.Ref.Name]++
			if q.Tier != runtime.Full {
				x.who["not in full"]++
			}
		}
	}
	x.mu.Unlock()
	return x.Runtime.Sample(ctx, b)
}

// TestPartsAreOfTheSelected: one container is told apart, the one that is
// looked at, and never shown with another's parts.
func TestPartsAreOfTheSelected(t *testing.T) {
	clock := fake.NewClock(noon)
	one, two := busy("one", 1), busy("two", 1)
	one.Counters, two.Counters = nil, nil
	one.Load.Read, one.Load.Rx = 1<<20, 1<<20
	two.Load.NoController = "io: not enabled for this cgroup"
	rt := fake.New(fake.Options{Clock: clock}, one, two)
	x := &apart{Runtime: rt, who: map[string]int{}}
	d := newDeckOn(t, 120, 40, Options{}, x, rt, clock)
	d.press("enter")
	for range 3 {
		d.pass(time.Second)
	}
	d.sees("eth0: rx 1.0M/s", "vda: read 1.0M/s, write 0/s")
	if x.who["two"] != 0 || x.who["one"] == 0 || x.who["not in full"] != 0 {
		t.Fatalf("asked for: %v", x.who)
	}
	d.press("esc", "j")
	d.seesNo("vda: read 1.0M/s")
	clear(x.who)
	d.pass(time.Second)
	d.seesNo("vda: read 1.0M/s")
	if x.who["one"] != 0 || x.who["two"] == 0 {
		t.Fatalf("after going to another: %v", x.who)
	}
}

// TestPartsOfLongAgo: who comes back to a container from one that is stopped sees
// nothing of then, and no rate over the time between.
func TestPartsOfLongAgo(t *testing.T) {
	one := busy("one", 1)
	one.Counters = nil
	one.Load.Rx = 1 << 20
	d := newDeck(t, 120, 40, Options{}, one, box("two", runtime.Stopped))
	d.press("enter")
	for range 3 {
		d.pass(time.Second)
	}
	d.sees("eth0: rx 1.0M/s")
	d.press("esc", "j", "enter")
	for range 30 {
		d.pass(time.Second)
	}
	d.seesNo("eth0")
	d.press("esc", "k", "enter")
	d.sees("one")
	d.seesNo("eth0")
	d.pass(time.Second)
	d.sees("eth0: rx -")
	d.pass(time.Second)
	d.sees("eth0: rx 1.0M/s")
	d.rt.Fail(fake.Sample, ref("one"), fake.Fault{Err: errors.New("no figures")})
	d.pass(time.Second)
	d.seesNo("eth0")
}

// TestMarkComesAndGoes: a limit that bites is marked and told with the next
// reading, stays for a while, and goes.
func TestMarkComesAndGoes(t *testing.T) {
	var refused atomic.Uint64
	refused.Store(9)
	spec := busy("bomb", 1)
	spec.Counters = func(active time.Duration, tier runtime.Tier, s *runtime.Sample) {
		s.CPU.Usage, s.Memory.Usage, s.Memory.WorkingSet = runtime.Of(uint64(active)), runtime.Of(1<<20), runtime.Of(1<<20)
		s.Pids = runtime.Pids{Current: runtime.Of(50), Max: runtime.Of(100), Refused: runtime.Of(refused.Load()), OwnLimit: true}
	}
	d := newDeck(t, 80, 24, Options{}, spec)
	d.pass(2 * time.Second)
	d.seesNo("refused", "R!")
	refused.Store(12)
	d.pass(time.Second)
	d.sees("R!", "50 of 100 pids, 3 forks refused by its limit")
	for range 9 {
		d.pass(time.Second)
		d.sees("R!", "3 forks refused")
	}
	d.pass(time.Second)
	d.seesNo("refused", "R!")
	refused.Store(20)
	d.pass(time.Second)
	d.sees("R!")
	d.rt.Fail(fake.Sample, ref("bomb"), fake.Fault{Err: errors.New("no figures")})
	d.pass(time.Second)
	d.seesNo("refused", "R!")
}

func TestLives(t *testing.T) {
	l := lives{}
	see := func(pids ...int) {
		var all []runtime.Container
		for i, pid := range pids {
			if pid >= 0 {
				all = append(all, runtime.Container{Ref: ref(string(rune('a' + i))), InitPID: pid})
			}
		}
		l.see(all)
	}
	for _, c := range []struct {
		pids []int
		want [2]int
	}{
		{[]int{10, 0}, [2]int{0, 0}},  // b is stopped
		{[]int{10, 20}, [2]int{0, 0}}, // a first start is none
		{[]int{0, 21}, [2]int{0, 1}},
		{[]int{11, 21}, [2]int{1, 1}}, // a was stopped meanwhile
		{[]int{12, 22}, [2]int{2, 2}},
		{[]int{-1, 22}, [2]int{0, 2}}, // a is gone
		{[]int{13, 22}, [2]int{0, 2}}, // and another one has its name
	} {
		see(c.pids...)
		if got := [2]int{l[ref("a")].restarts, l[ref("b")].restarts}; got != c.want {
			t.Errorf("after %v: %v, want %v", c.pids, got, c.want)
		}
	}
	see()
	if len(l) != 0 {
		t.Errorf("%d are remembered of none", len(l))
	}
}

// TestRestartsAreTold: by the detail, with since when they are counted.
func TestRestartsAreTold(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 1))
	d.press("enter")
	d.pass(time.Second)
	d.seesNo("restarted")
	ref := d.m.rows.selected
	for _, op := range []runtime.Op{runtime.Kill, runtime.Start} {
		if err := d.rt.Do(context.Background(), runtime.Request{Op: op, Ref: ref}); err != nil {
			t.Fatal(err)
		}
	}
	d.until("a restart", func() bool { d.pass(time.Second); return d.m.hist.lives[ref].restarts == 1 })
	d.sees("restarted once since lxcdeck began")
}
