package metrics

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestScrapesAtOnceShareOneCollection(t *testing.T) {
	rt := fake.New(fake.Options{Paths: []string{srv}}, spec(srv, "web", runtime.Running))
	rt.Fail(fake.Sample, runtime.Ref{}, fake.Fault{Delay: 300 * time.Millisecond, Times: 1})
	e := New(Options{Host: rt, Fresh: time.Hour, Patience: patience})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if all, err := e.Gather(); err != nil || len(all) == 0 {
				t.Errorf("%d families, %v", len(all), err)
			}
		})
	}
	wg.Wait()
	if n := rt.Calls(fake.Sample); n != 1 {
		t.Errorf("%d samples for 50 scrapes at once", n)
	}
	a, _ := e.Gather()
	a[0] = nil // as one who filters by name may do
	if b, _ := e.Gather(); b[0] == nil || rt.Calls(fake.Sample) != 1 {
		t.Error("what was shared can be written to, or was not shared")
	}
	e.o.Fresh = time.Nanosecond
	if _, err := e.Gather(); err != nil || rt.Calls(fake.Sample) != 2 {
		t.Errorf("%d samples after the figures were old", rt.Calls(fake.Sample))
	}
}

// eventually waits until ok is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, patience)
}

func TestListsWhenAHintSaysSo(t *testing.T) {
	web := runtime.Ref{Path: srv, Name: "web"}
	rt := host(spec(srv, "web", runtime.Running))
	e := exporter(rt)
	if err := e.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		get(t, e)
	}
	if n := rt.Calls(fake.List); n != 1 {
		t.Errorf("%d lists for five scrapes without a change", n)
	}
	rt.Emit(runtime.Event{Kind: runtime.Addresses, Ref: web})
	rt.Become(web, runtime.Stopped)
	eventually(t, "a scrape after the stop", func() bool {
		return get(t, e)[`lxcdeck_container_state{name="web",path="/srv/lxc",state="STOPPED"}`] == 1
	})
	if n := rt.Calls(fake.List); n != 2 {
		t.Errorf("%d lists after one change", n)
	}
	rt.Close() // ends the watch
	eventually(t, "the end of the watch", func() bool { return !e.watched.Load() })
}

func TestListsEachTimeWithoutAWatch(t *testing.T) {
	rt := host(spec(srv, "web", runtime.Running))
	rt.Fail(fake.Watch, runtime.Ref{}, fake.Fault{Err: errors.New("no inotify")})
	e := exporter(rt)
	if err := e.Follow(t.Context()); err == nil {
		t.Fatal("it follows")
	}
	for range 3 {
		if got := get(t, e); got["lxcdeck_watching{}"] != 0 {
			t.Error("it says that it watches")
		}
	}
	if n := rt.Calls(fake.List); n != 3 {
		t.Errorf("%d lists for three scrapes", n)
	}
}

// deaf is a host whose watch tells nothing.
type deaf struct{ *fake.Runtime }

func (deaf) Watch(ctx context.Context) (<-chan runtime.Event, error) {
	ch := make(chan runtime.Event)
	context.AfterFunc(ctx, func() { close(ch) })
	return ch, nil
}

func TestWhatEndedBeforeItsHintIsNoFailure(t *testing.T) {
	rt := host(spec(srv, "web", runtime.Running))
	e := exporter(deaf{rt})
	if err := e.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	get(t, e)
	rt.Become(runtime.Ref{Path: srv, Name: "web"}, runtime.Stopped)
	got := get(t, e)
	if _, there := got[of("scrape_success", srv, "web")]; there || got[`lxcdeck_scrape_errors_total{stage="container"}`] != 0 ||
		got[`lxcdeck_container_state{name="web",path="/srv/lxc",state="STOPPED"}`] != 1 {
		t.Errorf("after the stop: %v", got)
	}
}

func TestAStuckContainerCostsItsOwnSeries(t *testing.T) {
	web, db := runtime.Ref{Path: srv, Name: "web"}, runtime.Ref{Path: srv, Name: "db"}
	rt := host(spec(srv, "web", runtime.Running), spec(srv, "db", runtime.Running))
	rt.Fail(fake.Sample, web, fake.Fault{Err: runtime.ErrNoCgroup})
	e := exporter(rt)
	got := get(t, e)
	if _, there := got[of("tasks", srv, "web")]; there || got[of("scrape_success", srv, "web")] != 0 || got[of("scrape_success", srv, "db")] != 1 ||
		got[of("tasks", srv, "db")] != 7 || got["lxcdeck_scrape_success{}"] != 1 || got[`lxcdeck_scrape_errors_total{stage="container"}`] != 1 {
		t.Errorf("with one that cannot be read: %v", got)
	}
	rt.Heal(fake.Sample, web)
	rt.Fail(fake.List, db, fake.Fault{Stuck: true})
	e.o.Now = func() time.Time { return start.Add(12 * time.Second) }
	got = get(t, e)
	if got[of("no_answer_seconds", srv, "db")] != 12 || got[of("tasks", srv, "db")] != 7 || got[of("tasks", srv, "web")] != 7 {
		t.Errorf("with a monitor that does not answer: %v", got)
	}
	if _, there := got[of("no_answer_seconds", srv, "web")]; there {
		t.Error("web does not answer either")
	}
	if e.listed = time.Now().Add(-relistSilent); !e.old() {
		t.Error("after one that did not answer it is not listed soon")
	}
}

// stubborn is a host whose calls do not look at their context.
type stubborn struct {
	*fake.Runtime
	mu           sync.Mutex
	list, sample chan struct{} // not nil: calls wait for its end
	samples      int
}

func (s *stubborn) List(context.Context) (runtime.Listing, error) {
	s.mu.Lock()
	ch := s.list
	s.mu.Unlock()
	if ch != nil {
		<-ch
	}
	return s.Runtime.List(context.Background())
}

func (s *stubborn) Sample(_ context.Context, b *runtime.Batch) error {
	s.mu.Lock()
	ch := s.sample
	s.samples++
	s.mu.Unlock()
	if ch != nil {
		<-ch
	}
	return s.Runtime.Sample(context.Background(), b)
}

func (s *stubborn) sampled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.samples
}

func (s *stubborn) set(list, sample chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.sample = list, sample
}

func TestAHostThatHangsIsAnswered(t *testing.T) {
	rt := &stubborn{Runtime: host(spec(srv, "web", runtime.Running))}
	var told []string
	e := exporter(rt)
	e.o.Notice = func(err error) { told = append(told, err.Error()) }
	get(t, e)
	e.o.Patience = 50 * time.Millisecond
	lists, samples := make(chan struct{}), make(chan struct{})
	rt.set(lists, samples)
	before := rt.sampled()
	for i := 1; i <= 3; i++ {
		got := get(t, e)
		n := float64(i)
		if _, there := got[of("tasks", srv, "web")]; there || got["lxcdeck_scrape_success{}"] != 0 || got[of("scrape_success", srv, "web")] != 0 ||
			got[`lxcdeck_scrape_errors_total{stage="list"}`] != n || got[`lxcdeck_scrape_errors_total{stage="sample"}`] != n ||
			got[`lxcdeck_container_state{name="web",path="/srv/lxc",state="RUNNING"}`] != 1 {
			t.Fatalf("scrape %d of a host that hangs: %v", i, got)
		}
	}
	if n := rt.sampled() - before; n != 1 {
		t.Errorf("%d calls at once into what hangs", n)
	}
	rt.set(nil, nil)
	close(lists)
	close(samples)
	eventually(t, "figures once it answers", func() bool { return get(t, e)[of("tasks", srv, "web")] == 7 })
	if got := get(t, e); got["lxcdeck_scrape_success{}"] != 1 {
		t.Errorf("afterwards: %v", got)
	}
	if len(told) < 2 || len(told) > 4 {
		t.Errorf("told %q", told)
	}
}

func TestAnLxcpathThatCannotBeRead(t *testing.T) {
	rt := host(spec(srv, "web", runtime.Running), spec("/var/lib/lxc", "db", runtime.Running))
	rt.Fail(fake.List, runtime.Ref{Path: "/var/lib/lxc"}, fake.Fault{Err: runtime.ErrPermission})
	e := exporter(rt)
	told := 0
	e.o.Notice = func(error) { told++ }
	for range 3 {
		got := get(t, e)
		if got["lxcdeck_unreadable_lxcpaths{}"] != 1 || got["lxcdeck_scrape_success{}"] != 0 || got[of("tasks", srv, "web")] != 7 {
			t.Errorf("got %v", got)
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// wild is a host that panics.
type wild struct{ *fake.Runtime }

func (wild) Sample(context.Context, *runtime.Batch) error { panic("no") }

func TestAPanicIsAnError(t *testing.T) {
	e := exporter(wild{host(spec(srv, "web", runtime.Running))})
	got := get(t, e)
	if got["lxcdeck_scrape_success{}"] != 0 || got[`lxcdeck_scrape_errors_total{stage="sample"}`] != 1 {
		t.Errorf("got %v", got)
	}
	e.families = []family{{name: "bad", series: one(func(*row) (float64, bool) { panic("no") })}}
	for i := 1; i <= 2; i++ {
		if got := get(t, e); got[`lxcdeck_scrape_errors_total{stage="panic"}`] != float64(i) || got["lxcdeck_scrape_success{}"] != 0 {
			t.Errorf("got %v", got)
		}
	}
}

func TestContainersThatGoAreForgotten(t *testing.T) {
	rt := host(spec(srv, "web", runtime.Running), spec(srv, "db", runtime.Running))
	e := exporter(rt)
	get(t, e)
	rt.Remove(runtime.Ref{Path: srv, Name: "db"})
	if got := get(t, e); got[of("tasks", srv, "web")] != 7 || len(e.labels.of) != 1 {
		t.Errorf("labels of %d containers are kept", len(e.labels.of))
	}
}
