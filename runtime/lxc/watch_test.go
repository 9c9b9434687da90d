package lxc

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// announced is how soon an event must come. What the kernel announces takes
// milliseconds, the rest waits for the safety scan.
const announced = 2 * time.Second

// ear listens to a watch.
type ear struct {
	t    *testing.T
	ch   <-chan runtime.Event
	from time.Time // the end of what was heard last
}

// listen starts a watch and waits until it looks at all of paths lxcpaths.
func listen(t *testing.T, a *Adapter, paths int) *ear {
	t.Helper()
	e := listenFrom(t, a)
	for range paths {
		e.hear("the first look", longTime, func(ev runtime.Event) bool { return ev.Kind == runtime.Inventory && ev.Ref.Name == "" })
	}
	return e
}

func listenFrom(t *testing.T, a *Adapter) *ear {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ch, err := a.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		for range ch { // it must be closed
		}
	})
	return &ear{t: t, ch: ch}
}

// hear waits for an event and gives the time it took. One that was noticed
// before the end of the last hear is not of what was done since: it may only
// have been on its way, and passes for nothing.
func (e *ear) hear(what string, most time.Duration, is func(runtime.Event) bool) time.Duration {
	e.t.Helper()
	began := time.Now()
	deadline := time.After(most)
	for {
		select {
		case ev, ok := <-e.ch:
			if !ok {
				e.t.Fatalf("%s: the watch ended", what)
			}
			if !ev.At.Before(e.from) && is(ev) {
				e.from = time.Now()
				return e.from.Sub(began)
			}
		case <-deadline:
			e.t.Fatalf("%s: no event within %v", what, most)
		}
	}
}

// quiet waits until nothing more comes of what was done before: a start is
// noticed up to lastPause after List has shown it. Taken for a freeze, it would
// leave that unnoticed on cgroup v1, and with it the thaw that undoes it.
func (e *ear) quiet() {
	for {
		select {
		case <-e.ch:
		case <-time.After(2 * lastPause):
			e.from = time.Now()
			return
		}
	}
}

func (e *ear) kind(k runtime.EventKind, ref runtime.Ref) func(runtime.Event) bool {
	return func(ev runtime.Event) bool { return ev.Kind == k && ev.Ref == ref }
}

// until waits until a List after an event shows the state. It gives the time
// of the first event and of that List.
func (e *ear) until(a *Adapter, ref runtime.Ref, want runtime.State) (first, known time.Duration) {
	e.t.Helper()
	began := time.Now()
	for {
		e.hear("on the way to "+want.String(), longTime, e.kind(runtime.Changed, ref))
		if first == 0 {
			first = time.Since(began)
		}
		list, err := a.List(context.Background())
		if err != nil {
			e.t.Fatal(err)
		}
		for i := range list.Containers {
			if c := &list.Containers[i]; c.Ref == ref && c.State == want {
				return first, time.Since(began)
			}
		}
	}
}

func TestWatchLife(t *testing.T) {
	s := lxctest.New(t)
	const name = "lxcdt-wa-life"
	if err := s.Add(name); err != nil {
		t.Fatal(err)
	}
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: name}
	e := listen(t, a, 1)
	do := func(what string, f func() error) {
		t.Helper()
		e.quiet()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	// The tools return when the state is reached: what is left to wait is our part.
	do("start", func() error { return s.Start(name) })
	known(t, e, a, ref, runtime.Running, "lxc-start")
	do("freeze", func() error { return s.Freeze(name) })
	known(t, e, a, ref, runtime.Frozen, "lxc-freeze")
	do("thaw", func() error { return s.Tool("lxc-unfreeze", name) })
	known(t, e, a, ref, runtime.Running, "lxc-unfreeze")
	do("reboot", func() error { return s.Tool("lxc-stop", name, "-r", "--nokill") })
	known(t, e, a, ref, runtime.Running, "lxc-stop -r")
	do("stop", func() error { return s.Stop(name) })
	known(t, e, a, ref, runtime.Stopped, "lxc-stop")
}

func known(t *testing.T, e *ear, a *Adapter, ref runtime.Ref, want runtime.State, tool string) {
	t.Helper()
	_, after := e.until(a, ref, want)
	t.Logf("%v: known %v after %s returned", want, after, tool)
}

// The time from the beginning of a start or stop to its first event, and from
// its end until it is known: how long the tool itself takes is the machine's.
func TestWatchIsFast(t *testing.T) {
	a, s, ref := running(t, "lxcdt-wa-fast")
	e := listen(t, a, 1)
	tool := func(what string, f func(string) error, want runtime.State) {
		t.Helper()
		done, ended := make(chan error, 1), time.Time{}
		go func() {
			err := f(ref.Name)
			ended = time.Now()
			done <- err
		}()
		first, all := e.until(a, ref, want)
		known := time.Now()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: first event after %v, %v known after %v", what, first, want, all)
		if late := known.Sub(ended); late > announced {
			t.Errorf("%s was known %v after its end", what, late)
		}
	}
	for range 3 {
		tool("lxc-stop", s.Stop, runtime.Stopped)
		tool("lxc-start", s.Start, runtime.Running)
	}
}

func TestWatchInventory(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	e := listen(t, a, 1)
	const name = "lxcdt-wa-new"
	ref := runtime.Ref{Path: s.Path, Name: name}
	if err := s.Add(name); err != nil {
		t.Fatal(err)
	}
	e.hear("create", announced, e.kind(runtime.Inventory, ref))
	config := filepath.Join(s.Path, name, "config")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append(text, "lxc.start.auto = 1\n"...), 0o640); err != nil {
		t.Fatal(err)
	}
	t.Logf("edit in place: %v", e.hear("edit in place", announced, e.kind(runtime.Edited, ref)))
	if err := os.WriteFile(config+".new", text, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(config+".new", config); err != nil {
		t.Fatal(err)
	}
	e.hear("edit by renaming", announced, e.kind(runtime.Edited, ref))
	moved := runtime.Ref{Path: s.Path, Name: "lxcdt-wa-moved"}
	if err := os.Rename(ref.String(), moved.String()); err != nil {
		t.Fatal(err)
	}
	e.hear("rename", announced, e.kind(runtime.Inventory, moved))
	if err := os.WriteFile(filepath.Join(moved.String(), "config"), text, 0o640); err != nil {
		t.Fatal(err)
	}
	e.hear("edit after the rename", announced, e.kind(runtime.Edited, moved))
	if err := os.Rename(moved.String(), ref.String()); err != nil {
		t.Fatal(err)
	}
	e.hear("rename back", announced, e.kind(runtime.Inventory, ref))
	if err := s.Tool("lxc-destroy", name); err != nil {
		t.Fatal(err)
	}
	e.hear("destroy", announced, e.kind(runtime.Inventory, ref))
}

// On cgroup v2 the kernel announces OOM kills.
func TestWatchOOM(t *testing.T) {
	controllers, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err != nil || !strings.Contains(string(controllers), "memory") {
		t.Skip("memory is no controller of cgroup v2 here: its OOM events are left out (runs in the virtual machine)")
	}
	a, _, ref := running(t, "lxcdt-wa-oom", "lxc.cgroup2.memory.max = 24M", "lxc.cgroup2.memory.swap.max = 0")
	e := listen(t, a, 1)
	for range 2 { // the second time the file has been read before
		// One process alone asks for memory: another that asks while the first
		// victim still holds its own costs the container its init.
		exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref,
			Command: []string{"sh", "-c", "x=0123456789; while :; do x=$x$x; done"}}, runtime.Stdio{})
		if err != nil || exit.Signal != 9 {
			t.Fatalf("%+v, %v, want it killed", exit, err)
		}
		t.Logf("OOM kill: %v", e.hear("OOM kill", longTime, e.kind(runtime.Changed, ref)))
	}
}

// An idle watch costs next to nothing: no loop turns without need.
func TestWatchIsIdle(t *testing.T) {
	a, s, ref := running(t, "lxcdt-wa-idle")
	e := listen(t, a, 1)
	// The events of a start, a freeze and a stop leave descriptors behind that
	// would spin if they were not taken out of epoll.
	if err := s.Stop(ref.Name); err != nil {
		t.Fatal(err)
	}
	e.until(a, ref, runtime.Stopped)
	if err := s.Start(ref.Name); err != nil {
		t.Fatal(err)
	}
	e.until(a, ref, runtime.Running)
	// What the start left to do is done at some time, and another guest of this
	// machine may run on our account; a loop that turns does so in every span.
	const span = 3 * time.Second
	within(t, "a span in which an idle watch uses little", func() bool {
		before := cpuTime(t)
		time.Sleep(span) // what is measured is time
		used := cpuTime(t) - before
		t.Logf("%v of CPU in %v", used, span)
		return used <= span/20
	})
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func TestOutbox(t *testing.T) {
	o := newOutbox()
	ref := func(name string) runtime.Ref { return runtime.Ref{Path: "/p", Name: name} }
	for range 1000 {
		o.put(runtime.Event{Kind: runtime.Changed, Ref: ref("a")})
		o.put(runtime.Event{Kind: runtime.Changed, Ref: ref("b")})
		o.put(runtime.Event{Kind: runtime.Edited, Ref: ref("a")})
	}
	o.put(runtime.Event{Kind: runtime.Degraded, Err: os.ErrInvalid})
	o.put(runtime.Event{Kind: runtime.Restored})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.send(ctx); close(done) }()
	got := map[runtime.EventKind]int{}
	for range 4 {
		ev := <-o.ch
		got[ev.Kind]++
	}
	// A hint that comes while the receiver is slow is not lost.
	o.put(runtime.Event{Kind: runtime.Changed, Ref: ref("a")})
	if ev := <-o.ch; ev.Ref != ref("a") {
		t.Errorf("last hint %+v", ev)
	}
	cancel()
	<-done
	if got[runtime.Changed] != 2 || got[runtime.Edited] != 1 || got[runtime.Restored] != 1 || got[runtime.Degraded] != 0 {
		t.Errorf("events %v, want each once and only the later of Degraded and Restored", got)
	}
}

// The watch asks no container on which an operation of ours is under way, until
// that takes long.
func TestWatchLetsOperationsWork(t *testing.T) {
	a := adapterFor(t, t.TempDir())
	ref := runtime.Ref{Path: a.About().Paths[0], Name: "lxcdt-a"}
	w := &watcher{a: a, ctx: t.Context()}
	refs := []runtime.Ref{ref}
	_, err := a.reserve(refs, runtime.Start)
	must(t, err)
	began := time.Now()
	if _, known := w.letWork(ref, a.workOn(ref)); known {
		t.Error("nothing is known yet")
	}
	if took := time.Since(began); took < lastPause {
		t.Errorf("asked after %v, want %v at least", took, lastPause)
	}
	for _, end := range []struct {
		is    runtime.State
		init  int
		known bool
	}{{runtime.Unknown, 0, false}, {runtime.Stopped, 0, false}, {runtime.Running, 0, false}, {runtime.Running, os.Getpid(), true}} {
		done, own := make(chan bool), a.workOn(ref)
		go func() {
			c, known := w.letWork(ref, own)
			done <- known && c.InitPID == end.init && c.State == end.is && !c.Started.IsZero()
		}()
		a.cameTo(ref, end.is, end.init)
		a.leave(refs, own)
		if known := <-done; known != end.known {
			t.Errorf("an operation that came to %+v: known %v", end, known)
		}
		_, err := a.reserve(refs, runtime.Start)
		must(t, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	w.ctx = ended
	began = time.Now()
	w.letWork(ref, a.workOn(ref))
	if took := time.Since(began); took >= lastPause {
		t.Errorf("a watch that has ended waited for %v", took)
	}
	a.leave(refs, a.workOn(ref))
}

// TestWatchBeginsWithAnEnd: what ends between the first look at the sockets and the
// first question to its monitor has been seen to run by others.
func TestWatchBeginsWithAnEnd(t *testing.T) {
	a := newAdapter(t, Options{Paths: []string{t.TempDir()}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &watcher{a: a, ctx: ctx, out: newOutbox(), wake: -1, slots: make(chan struct{}, 1),
		states: map[runtime.Ref]runtime.State{}, settling: map[runtime.Ref]chan struct{}{}}
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.out.send(ctx)
	}()
	ref := runtime.Ref{Path: a.about.Paths[0], Name: "lxcdt-gone"}
	w.settle(ref, true)
	select {
	case ev := <-w.out.ch:
		if ev.Kind != runtime.Changed || ev.Ref != ref {
			t.Errorf("told %+v", ev)
		}
	case <-time.After(patience):
		t.Error("its end is not told")
	}
	cancel()
	<-over
}
