package tui

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
	"lxcdeck/runtime/fake"
)

// shelf is a state file in memory.
type shelf struct {
	mu    sync.Mutex
	kept  events.Memory
	times int
	err   error
	hang  chan struct{} // nil = it does not
}

func (s *shelf) keep(m events.Memory) error {
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times++
	if s.err == nil {
		s.kept = m
	}
	return s.err
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.times
}

// earlierRun is what a run leaves that has seen the small host with kills kills.
func earlierRun(t *testing.T, kills uint64) events.Memory {
	t.Helper()
	x := &shelf{}
	d := newDeck(t, 80, 24, Options{Keep: x.keep, Boot: "b"}, fixed(kills)...)
	d.pass(3 * time.Second)
	n := x.count()
	d.m.closeShells() // as Run does before
	d.m.events.keep.end()
	if x.count() != n+1 {
		t.Fatal("nothing is written at the end")
	}
	return x.kept
}

// fixed is the small host, whose containers are the same in every run.
func fixed(kills uint64) []fake.Spec {
	specs := some()
	for i := range specs {
		specs[i].Identity = specs[i].Name
		if specs[i].State.Alive() {
			specs[i].InitPID = 700 + i
		}
	}
	specs[3].Load = fake.Load{Memory: 1 << 20, Limit: 1 << 30, OOMKills: kills}
	return specs
}

func TestSinceYouWereHere(t *testing.T) {
	past := earlierRun(t, 1)
	d := newDeck(t, 120, 40, Options{Seen: past, Boot: "b"}, fixed(1)...)
	d.pass(5 * time.Second)
	d.seesNo("since ")
	specs := fixed(4)
	specs[0].State, specs[0].InitPID = runtime.Stopped, 0
	specs[1].State, specs[1].InitPID, specs[1].Started = runtime.Running, 900, noon.Add(-time.Minute)
	d = newDeck(t, 120, 40, Options{Seen: past, Boot: "b"}, specs...)
	d.pass(3 * time.Second)
	d.sees("since 12:00: 1 started, 1 stopped, delta OOM-killed (3)", ":events")
	d.openEvents()
	d.sees("while away since 12:00; init ended (reason not known)", "OOM-killed (3)", "11:59:00 bravo")
	d.press("q")
	n := len(d.m.events.All())
	d.pass(time.Minute)
	if len(d.m.events.All()) != n {
		t.Errorf("told again:\n%s", d.screen())
	}
	// It waits for its place, and is told once.
	d = newDeck(t, 120, 40, Options{Seen: past, Boot: "b", Notice: "first this"}, specs...)
	d.sees("first this")
	d.pass(5 * time.Second)
	d.sees("first this")
	d.press("j") // it was read
	d.pass(time.Second)
	d.sees("since 12:00")
	d.press("j")
	d.pass(5 * time.Second)
	d.seesNo("since 12:00")
	d.press("m")
	d.sees("since 12:00", "first this")
}

func TestWhatWasSeenIsWrittenNowAndThen(t *testing.T) {
	x := &shelf{}
	d := newDeck(t, 80, 24, Options{Keep: x.keep, Boot: "b", ReadOnly: true}, fixed(0)...)
	d.until("the first writing", func() bool { d.pass(time.Second); return x.count() == 1 })
	d.pass(5 * time.Minute)
	if n := x.count(); n > 2 {
		t.Errorf("written %d times though nothing has changed", n)
	}
	n := x.count()
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.happens(events.Stopped)
	d.until("the next", func() bool { d.pass(time.Second); return x.count() == n+1 })
	if p := x.kept.Places; len(p) != 2 || p[1].Path != "/var/lib/lxc" || p[1].Containers[0].State != "STOPPED" {
		t.Errorf("%+v", x.kept)
	}
}

func TestWhatCannotBeWrittenIsToldOnce(t *testing.T) {
	x := &shelf{err: errors.New("no space left")}
	d := newDeck(t, 80, 24, Options{Keep: x.keep}, fixed(0)...)
	d.until("the word", func() bool { d.pass(time.Second); return strings.Contains(d.screen(), "no space left") })
	d.press("j")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.happens(events.Stopped)
	d.until("another try", func() bool { d.pass(time.Second); return x.count() > 1 })
	d.settle()
	d.seesNo("no space left")
}

// A disk that hangs delays neither the screen nor the end.
func TestAHungDiskDelaysNothing(t *testing.T) {
	x := &shelf{hang: make(chan struct{})}
	defer close(x.hang)
	d := newDeck(t, 80, 24, Options{Keep: x.keep}, fixed(0)...)
	for range 3 {
		d.rt.Become(ref("alpha"), runtime.Stopped)
		d.pass(2 * keepEvery)
		d.rt.Become(ref("alpha"), runtime.Running)
		d.pass(2 * keepEvery)
	}
	d.press("j")
	d.at("bravo")
	began := time.Now()
	d.m.events.keep.end()
	if took := time.Since(began); took > 20*keepGrace {
		t.Errorf("the end took %s", took)
	}
}
