package lxc

import (
	"context"
	"io"
	goruntime "runtime"
	"testing"

	"lxcdeck/runtime"
)

// Descriptors and goroutines must not grow with use: lxcdeck stays open for days.
func TestNothingLeaks(t *testing.T) {
	a, _, ref := running(t, "lxcdt-leak")
	ctx := context.Background()
	batch := &runtime.Batch{Host: &runtime.HostSample{}}
	look := func() {
		l, err := a.List(ctx)
		if err != nil || len(l.Containers) != 1 {
			t.Fatalf("list: %+v, %v", l, err)
		}
		batch.Readings = []runtime.Reading{{Ref: ref, InitPID: l.Containers[0].InitPID, Tier: runtime.Full}}
		if err := a.Sample(ctx, batch); err != nil || batch.Readings[0].Err != nil {
			t.Fatalf("sample: %v, %v", err, batch.Readings[0].Err)
		}
	}
	session := func() {
		s, err := a.Attach(ctx, runtime.Shell{Ref: ref, Command: []string{"true"}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, s)
		if _, err := s.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Exec(ctx, runtime.Shell{Ref: ref, Command: []string{"true"}}, runtime.Stdio{}); err != nil {
			t.Fatal(err)
		}
	}
	look()
	session()
	// A little is let go of behind the caller's back, and a few threads of the
	// Go runtime may come; a leak would be one for each of the rounds.
	const slack, looks, sessions = 10, 1000, 50
	var files, routines int
	within(t, "a quiet beginning", func() bool {
		was := files
		files, routines = openFiles(t), goruntime.NumGoroutine()
		return was == files
	})
	for range looks {
		look()
	}
	for range sessions {
		session()
	}
	within(t, "all let go of", func() bool {
		return openFiles(t) <= files+slack && goruntime.NumGoroutine() <= routines+slack
	})
	t.Logf("descriptors %d, then %d; goroutines %d, then %d", files, openFiles(t), routines, goruntime.NumGoroutine())
}
