package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"lxcdeck/runtime"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ref(name string) runtime.Ref { return runtime.Ref{Path: "/lxc", Name: name} }

func spec(name string, s runtime.State, l Load) Spec {
	return Spec{Container: runtime.Container{Ref: ref(name), State: s, Config: &runtime.Config{}}, Load: l}
}

func host(c *Clock, specs ...Spec) *Runtime {
	return New(Options{Paths: []string{"/lxc"}, Clock: c}, specs...)
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestCountersFollowTheClockAndNeverFall(t *testing.T) {
	load := Load{CPU: 0.5, Swing: 1, Memory: 1 << 20, Rx: 1000, Read: 4096, Throttled: 0.5, CPUStall: 20}
	clock := NewClock(t0)
	r := host(clock, spec("a", runtime.Running, load))
	c, _ := r.Get(ref("a"))
	b := runtime.Batch{Readings: []runtime.Reading{{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full}}, Host: &runtime.HostSample{}}
	s := &b.Readings[0].Sample
	var last runtime.Sample
	var lastHost runtime.HostSample
	for i := range 300 {
		if err := r.Sample(t.Context(), &b); err != nil || b.Readings[0].Err != nil {
			t.Fatal(err, b.Readings[0].Err)
		}
		if i > 0 {
			u := runtime.Between(&last, s, 8)
			h := runtime.HostBetween(&lastHost, b.Host, nil)
			for name, r := range map[string]runtime.Rate{
				"CPU": u.CPU, "rx": u.RxBytes, "read": u.ReadBytes, "throttled": u.Throttled, "pressure": u.CPUSome,
				"host": h.CPU, "core 0": h.PerCPU[0], "core 7": h.PerCPU[7],
			} {
				if v, ok := r.Get(); !ok || v < 0 {
					t.Fatalf("second %d: %s = %v, %v", i, name, v, ok)
				}
			}
		}
		last, lastHost = *s, *b.Host
		lastHost.PerCPU = append([]runtime.Value(nil), b.Host.PerCPU...)
		clock.Advance(time.Second)
	}
	if cpu := last.CPU.Usage.Or(0); cpu < 130e9 || cpu > 170e9 {
		t.Errorf("300 s at half a core made %d ns of CPU time", cpu)
	}
}

func TestSameSeedSameFigures(t *testing.T) {
	figures := func(seed uint64) runtime.Value {
		clock := NewClock(t0)
		r := New(Options{Paths: []string{"/lxc"}, Clock: clock, Seed: seed}, spec("a", runtime.Running, Load{CPU: 1, Swing: 1}))
		clock.Advance(10 * time.Second)
		c, _ := r.Get(ref("a"))
		b := runtime.Batch{Readings: []runtime.Reading{{Ref: c.Ref, InitPID: c.InitPID}}}
		if err := r.Sample(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return b.Readings[0].Sample.CPU.Usage
	}
	first, second := figures(1), figures(1)
	if first != second {
		t.Error("the same seed gives other figures")
	}
	if first == figures(2) {
		t.Error("another seed gives the same figures")
	}
}

func TestFrozenStandsStill(t *testing.T) {
	clock := NewClock(t0)
	r := host(clock, spec("a", runtime.Running, Load{CPU: 1}))
	c, _ := r.Get(ref("a"))
	b := runtime.Batch{Readings: []runtime.Reading{{Ref: c.Ref, InitPID: c.InitPID}}}
	read := func() uint64 {
		if err := r.Sample(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return b.Readings[0].Sample.CPU.Usage.Or(0)
	}
	clock.Advance(10 * time.Second)
	r.Become(c.Ref, runtime.Frozen)
	before := read()
	clock.Advance(10 * time.Second)
	if after := read(); after != before || before != 10e9 {
		t.Errorf("frozen: %d ns, then %d; want 10 s both times", before, after)
	}
	r.Become(c.Ref, runtime.Running)
	clock.Advance(5 * time.Second)
	if after := read(); after != 15e9 {
		t.Errorf("thawed: %d ns, want 15 s", after)
	}
}

func TestFaults(t *testing.T) {
	boom := errors.New("boom")
	r := host(nil, spec("a", runtime.Running, Load{}), spec("b", runtime.Running, Load{}))
	r.Fail(List, runtime.Ref{}, Fault{Err: boom, Times: 1})
	if _, err := r.List(t.Context()); !errors.Is(err, boom) {
		t.Errorf("list: %v", err)
	}
	if _, err := r.List(t.Context()); err != nil {
		t.Errorf("list, the fault having struck once: %v", err)
	}
	r.Fail(List, ref("a"), Fault{Stuck: true})
	l, err := r.List(t.Context())
	if err != nil || l.Containers[0].State != runtime.Unknown || l.Containers[0].NoAnswerSince.IsZero() || l.Containers[1].State != runtime.Running {
		t.Errorf("one stuck: %+v, %v", l, err)
	}
	if err := r.Do(t.Context(), runtime.Request{Op: runtime.Kill, Ref: ref("a")}); !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("kill of it: %v", err)
	}
	r.Heal(List, ref("a"))
	r.Fail(List, runtime.Ref{Path: "/lxc"}, Fault{Err: boom})
	if l, err := r.List(t.Context()); err != nil || len(l.Containers) != 0 || len(l.Problems) != 1 || !errors.Is(l.Problems[0], boom) {
		t.Errorf("unreadable lxcpath: %+v, %v", l, err)
	}
	r.Heal(List, runtime.Ref{Path: "/lxc"})

	r.Fail(Do, ref("a"), Fault{Stuck: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Do(ctx, runtime.Request{Op: runtime.Stop, Ref: ref("a")}) }()
	for deadline := time.Now().Add(time.Minute); r.Calls(Do) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := r.Do(t.Context(), runtime.Request{Op: runtime.Stop, Ref: ref("a")}); !errors.Is(err, runtime.ErrBusy) {
		t.Errorf("a second operation: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("stuck and cancelled: %v", err)
	}
	if c, _ := r.Get(ref("a")); c.State != runtime.Running {
		t.Errorf("after it: %s", c.State)
	}
	if n := len(r.Requests()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestLatencyPassesThroughStates(t *testing.T) {
	clock := NewClock(t0)
	r := New(Options{Paths: []string{"/lxc"}, Clock: clock, Latency: time.Second}, spec("a", runtime.Stopped, Load{}))
	state := func() runtime.State { c, _ := r.Get(ref("a")); return c.State }
	for _, step := range []struct {
		op  runtime.Op
		via runtime.State
		to  runtime.State
	}{
		{runtime.Start, runtime.Starting, runtime.Running}, {runtime.Freeze, runtime.Freezing, runtime.Frozen},
		{runtime.Stop, runtime.Stopping, runtime.Stopped},
	} {
		done := make(chan error, 1)
		go func() { done <- r.Do(t.Context(), runtime.Request{Op: step.op, Ref: ref("a")}) }()
		for deadline := time.Now().Add(time.Minute); state() != step.via && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if s := state(); s != step.via {
			t.Fatalf("%s: %s on the way, want %s", step.op, s, step.via)
		}
		for end := false; !end; {
			clock.Advance(time.Second)
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				end = true
			case <-time.After(time.Millisecond):
			}
		}
		if s := state(); s != step.to {
			t.Errorf("%s: %s in the end, want %s", step.op, s, step.to)
		}
	}
}

func TestSlowWatcherLosesDuplicatesOnly(t *testing.T) {
	r := host(nil, spec("a", runtime.Running, Load{}), spec("b", runtime.Running, Load{}))
	events, err := r.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		r.Emit(runtime.Event{Kind: runtime.Changed, Ref: ref("a")})
	}
	r.Emit(runtime.Event{Kind: runtime.Degraded, Err: io.EOF})
	r.Emit(runtime.Event{Kind: runtime.Changed, Ref: ref("b")})
	var seen []runtime.Event
	ctx := soon(t)
	for len(seen) == 0 || seen[len(seen)-1].Ref != ref("b") {
		select {
		case e := <-events:
			seen = append(seen, e)
		case <-ctx.Done():
			t.Fatalf("the last hint does not come: %v", seen)
		}
	}
	if len(seen) > 4 || seen[0].Ref != ref("a") || seen[len(seen)-2].Kind != runtime.Degraded || !errors.Is(seen[len(seen)-2].Err, io.EOF) {
		t.Errorf("seen: %v", seen)
	}
}

func TestDemoIsLively(t *testing.T) {
	clock := NewClock(t0)
	r := DemoAt(clock)
	if a := r.About(); !a.Demo || len(a.Paths) != 2 {
		t.Errorf("about %+v", a)
	}
	if New(Options{}).About().Demo {
		t.Error("a plain fake says that it is the demo")
	}
	l, err := r.List(t.Context())
	if err != nil || len(l.Containers) != 16 || len(l.NoConfig) != 1 {
		t.Fatalf("%d containers, %d without config, %v", len(l.Containers), len(l.NoConfig), err)
	}
	kinds := map[string]int{}
	b := runtime.Batch{}
	for _, c := range l.Containers {
		count := func(kind string, is bool) {
			if is {
				kinds[kind]++
			}
		}
		count("running", c.State == runtime.Running)
		count("frozen", c.State == runtime.Frozen)
		count("stopped", c.State == runtime.Stopped)
		count("unprivileged", c.Config != nil && c.Config.Unprivileged)
		count("autostart", c.Config != nil && c.Config.Autostart)
		count("broken", errors.Is(c.Problem, runtime.ErrConfig))
		count("no answer", !c.NoAnswerSince.IsZero())
		count("foreign", c.Foreign != nil)
		count("managed", c.Manager != "")
		count("IPv6", len(c.IPs) > 1)
		count("wide", len(c.Name) > len([]rune(c.Name)))
		if c.InitPID > 0 {
			b.Readings = append(b.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full})
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, kind := range []string{"running", "frozen", "stopped", "unprivileged", "autostart", "broken", "no answer", "foreign", "managed", "IPv6", "wide"} {
		if kinds[kind] == 0 {
			t.Errorf("none is %s", kind)
		}
	}
	if err := r.Sample(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	before := append([]runtime.Reading(nil), b.Readings...)
	clock.Advance(time.Second)
	if err := r.Sample(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	tight, throttled := false, false
	for i := range b.Readings {
		s := &b.Readings[i].Sample
		limit, limited := s.Memory.Limit.Get()
		tight = tight || limited && s.Memory.WorkingSet.Or(0) > limit*9/10
		u := runtime.Between(&before[i].Sample, s, 8)
		throttled = throttled || u.Throttled.Or(0) > 10
	}
	if !tight || !throttled {
		t.Errorf("near its memory limit: %v, throttled: %v; want one of each", tight, throttled)
	}
	broken := runtime.Ref{Path: "/var/lib/lxc", Name: "broken-cfg"}
	if err := r.Do(t.Context(), runtime.Request{Op: runtime.Start, Ref: broken}); !errors.Is(err, runtime.ErrConfig) {
		t.Errorf("start of the broken one: %v", err)
	}
	if i, err := r.Isolation(t.Context(), broken); err != nil || i.Config.Read || len(i.Config.Settings) > 0 || i.Config.Why == "" {
		t.Errorf("isolation of the broken one: %+v, %v", i.Config, err)
	}
}

func TestCloseEndsSessionsAndWatches(t *testing.T) {
	r := host(nil, spec("web", runtime.Running, Load{}))
	sc := attach(t, r, runtime.Shell{Ref: ref("web")})
	events, err := r.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if exit, err := sc.s.Wait(soon(t)); err != nil || exit.Signal != 1 {
		t.Errorf("exit %+v, %v; want a hang-up", exit, err)
	}
	ctx := soon(t)
	for open := true; open; {
		select {
		case _, open = <-events:
		case <-ctx.Done():
			t.Fatal("the watch is open")
		}
	}
	if _, err := r.List(t.Context()); err == nil {
		t.Error("a closed runtime lists")
	}
}

func BenchmarkSample300(b *testing.B) {
	r := host(nil)
	batch := runtime.Batch{Host: &runtime.HostSample{}}
	for i := range 300 {
		name := fmt.Sprintf("c%03d", i)
		r.Add(spec(name, runtime.Running, Load{CPU: 0.1, Swing: 0.5, Memory: 1 << 20}))
		c, _ := r.Get(ref(name))
		batch.Readings = append(batch.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Sample(context.Background(), &batch); err != nil {
			b.Fatal(err)
		}
	}
}
