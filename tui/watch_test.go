package tui

import (
	"errors"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestEventsAreGatheredIntoOneList(t *testing.T) {
	events := make(chan runtime.Event, 100)
	for range 50 {
		events <- runtime.Event{Kind: runtime.Changed, Ref: ref("a")}
	}
	batch, open := collect(events)
	if len(batch) != 50 || !open {
		t.Fatalf("%d events, open %v", len(batch), open)
	}
	events <- runtime.Event{}
	close(events)
	if batch, open = collect(events); len(batch) != 1 || open {
		t.Fatalf("%d events, open %v", len(batch), open)
	}
	if _, open = collect(events); open {
		t.Fatal("a closed channel is open")
	}
}

func TestChangesAppearWithoutATick(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Become(ref("bravo"), runtime.Running)
	d.until("the event", func() bool { return d.m.byRef(ref("bravo")).State == runtime.Running })
	n := d.rt.Calls(fake.List)
	for range 10 {
		d.pass(time.Second)
	}
	if got := d.rt.Calls(fake.List); got != n {
		t.Fatalf("%d lists without an event", got-n)
	}
}

func TestDegradedWatchPollsAndSaysSo(t *testing.T) {
	d := newDeck(t, 120, 40, Options{Interval: time.Minute}, some()...)
	d.rt.Emit(runtime.Event{Kind: runtime.Degraded, Err: errors.New("no inotify watches left")})
	d.until("the event", func() bool { return d.m.watchErr != nil })
	d.sees("polling", "no inotify watches left")
	n := d.rt.Calls(fake.List)
	for range 10 {
		d.pass(time.Second)
	}
	if got := d.rt.Calls(fake.List) - n; got < 4 || got > 6 {
		t.Fatalf("%d lists in 10 s of polling", got)
	}
	d.rt.Emit(runtime.Event{Kind: runtime.Restored})
	d.until("the event", func() bool { return d.m.watchErr == nil })
	d.seesNo("polling")
}

func TestLostWatchIsTriedAgain(t *testing.T) {
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock}, some()...)
	rt.Fail(fake.Watch, runtime.Ref{}, fake.Fault{Err: errors.New("too many open files"), Times: 1})
	d := newDeckOn(t, 120, 40, Options{}, rt, rt, clock)
	d.until("the loss", func() bool { return d.m.watchErr != nil })
	d.sees("too many open files")
	d.until("the second try", func() bool { return d.m.watchErr == nil })
	d.seesNo("too many open files")
}

func TestPanicInAGoroutineEndsTheProgram(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	got := make(chan error, 1)
	o := &outside{ctx: d.m.out.ctx, send: func(msg tea.Msg) { got <- msg.(crashMsg).err }}
	o.spawn("test", func() { panic("boom") })
	if err := <-got; err == nil || err.Error() == "" {
		t.Fatal(err)
	}
	msg := cmd("test", func() tea.Msg { panic("boom") })()
	if _, ok := msg.(crashMsg); !ok {
		t.Fatalf("%T", msg)
	}
	m := d.m
	_, c := m.Update(msg)
	if m.crash == nil || c == nil {
		t.Fatal("the loop goes on")
	}
}
