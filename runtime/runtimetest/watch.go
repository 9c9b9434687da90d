package runtimetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// testWatch does things behind the Runtime's back and waits for a hint of each.
func testWatch(t *testing.T, s *suite) {
	other := s.make(t, "other", runtime.Stopped)
	ref := s.ref(0, "watched")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, err := s.rt.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// Who watches also lists, as the screen does: a list tells what to watch.
	step := func(what string, do func(testing.TB, runtime.Ref), ref runtime.Ref, kinds ...runtime.EventKind) {
		t.Helper()
		s.list(t)
		drain(events)
		began := time.Now()
		do(t, ref)
		awaitEvent(t, what, events, began, ref, kinds)
	}
	step("make", func(_ testing.TB, ref runtime.Ref) { s.makeRef(t, ref) }, ref, runtime.Inventory, runtime.Changed, runtime.Edited)
	s.await(t, ref, runtime.Stopped)
	step("start", s.Start, ref, runtime.Changed)
	s.await(t, ref, runtime.Running)
	step("freeze", s.Freeze, ref, runtime.Changed)
	s.await(t, ref, runtime.Frozen)
	step("thaw", s.Thaw, ref, runtime.Changed)
	s.await(t, ref, runtime.Running)
	step("stop", s.Stop, ref, runtime.Changed)
	s.await(t, ref, runtime.Stopped)
	step("edit", s.Edit, other, runtime.Edited)
	step("remove", s.Remove, ref, runtime.Inventory, runtime.Changed)
}

// drain takes what is announced of what was done before, until nothing more
// comes: a start may be noticed after List has shown it. Taken for a freeze, it
// would leave that unnoticed, and with it the thaw that undoes it.
func drain(events <-chan runtime.Event) {
	const quiet = 500 * time.Millisecond
	for {
		select {
		case <-events:
		case <-time.After(quiet):
			return
		}
	}
}

// awaitEvent waits for a hint of one of the kinds that concerns ref. An
// Inventory concerns all containers of its lxcpath. What was noticed before it
// began is a hint of something else that was still on its way.
func awaitEvent(t *testing.T, what string, events <-chan runtime.Event, began time.Time, ref runtime.Ref, kinds []runtime.EventKind) {
	t.Helper()
	timeout := time.After(Patience)
	var seen []runtime.Event
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("%s: the watch ended", what)
			}
			seen = append(seen, e)
			concerns := e.Ref == ref || (e.Kind == runtime.Inventory && e.Ref.Path == ref.Path)
			if e.At.IsZero() {
				t.Errorf("%s: the event has no time", what)
			}
			if concerns && !e.At.Before(began) && slices.Contains(kinds, e.Kind) {
				return
			}
		case <-timeout:
			t.Fatalf("%s of %s is not announced; seen: %v", what, ref, seen)
		}
	}
}

func testWatchEnds(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	events, err := s.rt.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for timeout := time.After(Patience); ; {
		select {
		case _, ok := <-events:
			if !ok {
				return
			}
		case <-timeout:
			t.Fatal("the context has ended and the channel is open")
		}
	}
}
