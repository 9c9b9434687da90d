package cgroup

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func ref(name string) runtime.Ref { return runtime.Ref{Path: "/var/lib/lxc", Name: name} }

func openFDs(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// v2Batch is a Set on the v2 fixture and a batch of all its kinds.
func v2Batch(t testing.TB) (*Set, FS, *runtime.Batch) {
	t.Helper()
	f := tree(t, "v2")
	set := NewSet(f, func(r runtime.Ref) []string {
		if r.Name == "conf" {
			return []string{"lxc/101"}
		}
		return nil
	})
	t.Cleanup(set.Close)
	return set, f, &runtime.Batch{Readings: []runtime.Reading{
		{Ref: ref("web"), InitPID: 4242, Tier: runtime.Full},
		{Ref: ref("usr"), InitPID: 6000},
		{Ref: ref("session"), InitPID: 5000},
		{Ref: ref("dead"), InitPID: 99999},
		{Ref: ref("stopped")},
		{Ref: ref("other"), InitPID: 4242},
		{Ref: ref("conf"), InitPID: 7000},
	}}
}

func TestSet(t *testing.T) {
	set, _, b := v2Batch(t)
	for range 2 {
		if err := set.Sample(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i, want := range []error{nil, nil, runtime.ErrNoCgroup, runtime.ErrNotFound, runtime.ErrNotFound, runtime.ErrNotFound, nil} {
			q := b.Readings[i]
			if want == nil {
				if q.Err != nil || q.Sample.At.IsZero() || q.Sample.InitPID != q.InitPID {
					t.Errorf("%s: %v %+v", q.Ref.Name, q.Err, q.Sample)
				}
				continue
			}
			var e *runtime.Error
			if !errors.Is(q.Err, want) || !errors.As(q.Err, &e) || e.Ref != q.Ref || q.Sample != (runtime.Sample{}) {
				t.Errorf("%s: %v, want %v; %+v", q.Ref.Name, q.Err, want, q.Sample)
			}
		}
	}
}

func TestSetAllocatesNothing(t *testing.T) {
	set, _, b := v2Batch(t)
	now := time.Unix(100, 0)
	set.now = func() time.Time { return now }
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if got := testing.AllocsPerRun(200, func() {
		if err := set.Sample(ctx, b); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations a tick", got)
	}
}

func TestSetLetsGo(t *testing.T) {
	set, f, b := v2Batch(t)
	before := openFDs(t)
	sample := func() {
		t.Helper()
		if err := set.Sample(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	sample()
	all := openFDs(t)
	if all <= before {
		t.Fatal("nothing is held open")
	}
	web := b.Readings[0]
	b.Readings = b.Readings[:1]
	sample()
	if got, want := openFDs(t)-before, set.entries[web.Ref].reader.Files(); got != want || len(set.entries) != 1 {
		t.Errorf("%d descriptors held for one container of %d files, %d entries", got, want, len(set.entries))
	}
	// The same container with another init: another life, other files.
	if err := os.Rename(f.path("proc/4242"), f.path("proc/4343")); err != nil {
		t.Fatal(err)
	}
	b.Readings[0].InitPID = 4343
	sample()
	if q := b.Readings[0]; q.Err != nil || q.Sample.InitPID != 4343 {
		t.Errorf("after a restart: %v %+v", q.Err, q.Sample)
	}
	set.Close()
	if got := openFDs(t); got != before {
		t.Errorf("%d descriptors open after Close, %d before", got, before)
	}
	if err := set.Sample(context.Background(), b); err == nil {
		t.Error("a closed Set samples")
	}
}

func TestSetPausesAfterFailures(t *testing.T) {
	set, f, b := v2Batch(t)
	now := time.Unix(100, 0)
	set.now = func() time.Time { return now }
	asked := 0
	set.dirs = func(runtime.Ref) []string { asked++; return nil }
	b.Readings = []runtime.Reading{{Ref: ref("late"), InitPID: 4343}}
	tick := func(d time.Duration) int {
		t.Helper()
		now, asked = now.Add(d), 0
		if err := set.Sample(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		return asked
	}
	for i, c := range []struct {
		after time.Duration
		tries int
	}{{0, 1}, {firstPause / 2, 0}, {firstPause / 2, 1}, {firstPause, 0}, {firstPause, 1}, {time.Hour, 1}, {time.Hour, 1}, {lastPause - 1, 0}} {
		if got := tick(c.after); got != c.tries || b.Readings[0].Err == nil {
			t.Errorf("tick %d: %d tries, want %d (%v)", i, got, c.tries, b.Readings[0].Err)
		}
	}
	b.Readings[0].InitPID = 4242
	b.Readings[0].Ref = ref("late")
	if tick(0) != 1 {
		t.Error("another pid waits for the pause")
	}
	put(t, f, "proc/4242/cgroup", "0::/lxc.payload.web\n")
	b.Readings[0].Ref = ref("web")
	if tick(0) != 1 || b.Readings[0].Err != nil {
		t.Errorf("a new container waits: %v", b.Readings[0].Err)
	}
}

func TestSetFindsALaterMount(t *testing.T) {
	set, f, b := v2Batch(t)
	now := time.Unix(100, 0)
	set.now = func() time.Time { return now }
	const info = "proc/self/mountinfo"
	whole, err := os.ReadFile(f.path(info))
	if err != nil {
		t.Fatal(err)
	}
	put(t, f, info, "29 22 0:26 /elsewhere /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
	b.Readings = b.Readings[:1]
	for i, ok := range []bool{false, true} {
		if err := set.Sample(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		if (b.Readings[0].Err == nil) != ok {
			t.Errorf("round %d: %v", i, b.Readings[0].Err)
		}
		put(t, f, info, string(whole))
		now = now.Add(lastPause)
	}
}

func TestSetStopsWithItsContext(t *testing.T) {
	set, _, b := v2Batch(t)
	if err := set.Sample(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	held, old := openFDs(t), b.Readings[0].Sample
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := set.Sample(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if q := b.Readings[0]; !errors.Is(q.Err, context.Canceled) || q.Sample != old {
		t.Errorf("got %v %+v", q.Err, q.Sample)
	}
	if got := openFDs(t); got != held {
		t.Errorf("%d descriptors, %d before", got, held)
	}
}
