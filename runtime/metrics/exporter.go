package metrics

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"

	"lxcdeck/runtime"
)

// Host is what an Exporter asks of a Runtime.
type Host interface {
	runtime.Lister
	runtime.Sampler
	runtime.Watcher
}

// Options say whose figures are exported, and how.
type Options struct {
	Host    Host
	Version string           // of lxcdeck, for lxcdeck_build_info
	LXC     string           // of liblxc
	Now     func() time.Time // for ages; nil = time.Now
	// Notice is told what goes wrong with the whole host, each trouble when it
	// begins; nil = nobody is.
	Notice func(error)
	// Fresh is how long figures are given out again; 0 = DefaultFresh.
	Fresh time.Duration
	// Patience is how long the figures may take, and a list that a collection
	// makes on top; the list it begins with may take three times as long.
	// 0 = DefaultPatience.
	Patience time.Duration
}

// Half a second blurs the rates of a second Prometheus by a thirtieth. Four
// times the patience stays below the ten seconds of its scrape_timeout.
const (
	DefaultFresh    = 500 * time.Millisecond
	DefaultPatience = 2 * time.Second
	// relist is how long a listing holds when no hint says otherwise, and
	// relistSilent that of one in which a monitor did not answer: that it answers
	// again no hint may tell.
	relist       = time.Minute
	relistSilent = 10 * time.Second
)

// Exporter is a prometheus.Gatherer over a Host. All methods may be called from
// several goroutines.
type Exporter struct {
	o        Options
	families []family
	stale    atomic.Bool // something changed since the last listing
	watched  atomic.Bool // hints come

	mu     sync.Mutex
	flight *flight // the collection under way; nil = none
	last   *flight // the last that ended

	// What follows belongs to the collection under way.
	labels   *labels
	list     question[runtime.Listing]
	sample   question[*runtime.Batch]
	all      []runtime.Container
	problems []error   // of the listing: lxcpaths that cannot be read
	listed   time.Time // when all was listed
	silent   bool      // a monitor did not answer then
	batch    *runtime.Batch
	parts    []runtime.Parts // of the readings, in their order; as the batch, not ours while asked
	counts   counts
	// Troubles of this collection, and of the one before, of which Notice knows.
	now, before map[string]bool
}

// counts are what an Exporter counts of itself.
type counts struct {
	collections, lists                       float64
	listErrs, sampleErrs, containers, panics float64
}

// flight is one collection; figures and at are set before done is closed.
type flight struct {
	done    chan struct{}
	figures []*dto.MetricFamily
	at      time.Time
}

// New makes an Exporter. Nothing is asked before Follow or Gather.
func New(o Options) *Exporter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Notice == nil {
		o.Notice = func(error) {}
	}
	if o.Fresh == 0 {
		o.Fresh = DefaultFresh
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	all := ofContainers()
	return &Exporter{o: o, families: all, labels: newLabels(all)}
}

// Follow watches the host until ctx ends, so that a scrape lists only when
// something has changed. Without it, and where it fails, every scrape lists.
func (e *Exporter) Follow(ctx context.Context) error {
	hints, err := e.o.Host.Watch(ctx)
	if err != nil {
		return err
	}
	e.watched.Store(true)
	runtime.Spawn("watch", func(err error) { e.watched.Store(false); e.o.Notice(err) }, func() {
		for hint := range hints {
			if hint.Kind != runtime.Addresses { // of which nothing is told
				e.stale.Store(true)
			}
		}
		e.watched.Store(false)
	})
	return nil
}

// Gather gives the figures as they are now, or were a moment ago. It answers
// whatever hangs, within four times Options.Patience and a bit.
func (e *Exporter) Gather() ([]*dto.MetricFamily, error) {
	e.mu.Lock()
	f := e.flight
	switch {
	case f != nil:
	case e.last != nil && time.Since(e.last.at) < e.o.Fresh:
		f = e.last
	default:
		f = &flight{done: make(chan struct{})}
		e.flight = f
		runtime.Spawn("collect", func(err error) {
			e.counts.panics++
			e.o.Notice(err)
			e.land(f, e.itself(0, false))
		}, func() { e.land(f, e.collect()) })
	}
	e.mu.Unlock()
	<-f.done
	return slices.Clone(f.figures), nil // whoever filters by name writes to the slice
}

// land ends a collection.
func (e *Exporter) land(f *flight, figures []*dto.MetricFamily) {
	f.figures, f.at = figures, time.Now()
	e.mu.Lock()
	e.flight, e.last = nil, f
	e.mu.Unlock()
	close(f.done)
}

// collect asks all questions and makes families of the answers.
func (e *Exporter) collect() []*dto.MetricFamily {
	began := time.Now()
	e.counts.collections++
	e.now = map[string]bool{}
	fresh := e.old()
	if fresh {
		e.look(3 * e.o.Patience)
	}
	e.read()
	if !fresh && e.vanished() {
		// They ended before a hint told: no failure, but news.
		e.look(e.o.Patience)
		e.read()
	}
	for _, p := range e.problems {
		e.tell(p)
	}
	out := e.ofAll()
	if e.batch != nil {
		out = append(out, singles(ofHost(e.batch.Host))...)
	}
	success := len(e.now) == 0
	e.before = e.now
	return append(out, e.itself(time.Since(began), success)...)
}

// failed counts what a question failed with, and tells it when it is news.
func (e *Exporter) failed(err error, count *float64) {
	if err == nil {
		return
	}
	*count++
	e.tell(err)
}

func (e *Exporter) tell(err error) {
	text := err.Error()
	if !e.before[text] && !e.now[text] {
		e.o.Notice(err)
	}
	e.now[text] = true
}

// old says that what was listed may no longer be so.
func (e *Exporter) old() bool {
	holds := relist
	if e.silent {
		holds = relistSilent
	}
	return e.stale.Load() || !e.watched.Load() || e.listed.IsZero() || time.Since(e.listed) >= holds
}

// look lists. What was listed before stands when it fails.
func (e *Exporter) look(limit time.Duration) {
	e.counts.lists++
	e.stale.Store(false)
	l, err := e.list.ask("list", limit, func(ctx context.Context) (runtime.Listing, error) {
		l, err := e.o.Host.List(ctx)
		if ctx.Err() != nil {
			e.stale.Store(true) // it may hold what was read by then
		}
		return l, err
	})
	if err != nil {
		e.stale.Store(true)
		e.failed(err, &e.counts.listErrs)
		return
	}
	e.all, e.problems, e.listed = l.Containers, l.Problems, time.Now()
	e.silent = slices.ContainsFunc(e.all, func(c runtime.Container) bool { return !c.NoAnswerSince.IsZero() })
	e.labels.keep(e.all)
}

// read takes the figures of all containers that have some.
func (e *Exporter) read() {
	b, parts := e.batch, e.parts
	if b == nil {
		b, parts = &runtime.Batch{}, nil
	}
	e.batch, e.parts = nil, nil // they belong to whoever is asked
	b.Readings, b.Host = b.Readings[:0], &runtime.HostSample{}
	for i := range e.all {
		if c := &e.all[i]; c.Counted() {
			b.Readings = append(b.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full})
		}
	}
	parts = slices.Grow(parts[:0], len(b.Readings))[:len(b.Readings)]
	for i := range b.Readings {
		b.Readings[i].Parts = &parts[i]
	}
	read, err := e.sample.ask("figures", e.o.Patience, func(ctx context.Context) (*runtime.Batch, error) {
		return b, e.o.Host.Sample(ctx, b)
	})
	e.failed(err, &e.counts.sampleErrs)
	if e.batch = read; read != nil {
		e.parts = parts
	}
}

// vanished says that a container ended since it was listed.
func (e *Exporter) vanished() bool {
	return e.batch != nil && slices.ContainsFunc(e.batch.Readings, func(r runtime.Reading) bool { return errors.Is(r.Err, runtime.ErrNotFound) })
}

// ofAll makes the families of the containers.
func (e *Exporter) ofAll() []*dto.MetricFamily {
	none, now := &runtime.Sample{}, e.o.Now()
	rows := make([]row, len(e.all))
	next := 0
	for i := range e.all {
		r := row{c: &e.all[i], s: none, now: now, err: errNoAnswer}
		if r.c.Counted() {
			if e.batch != nil {
				q := &e.batch.Readings[next]
				next++
				if r.err = q.Err; r.err == nil {
					r.s = &q.Sample
					if q.Parts.At.Equal(q.Sample.At) {
						r.parts = q.Parts
					}
				}
			}
			if r.err != nil {
				e.counts.containers++
			}
		}
		rows[i] = r
	}
	return append(build(e.families, rows, e.labels), buildParts(rows, e.labels)...)
}

// itself are the figures of the exporter.
func (e *Exporter) itself(took time.Duration, success bool) []*dto.MetricFamily {
	n := &e.counts
	ok, _ := truth(success, true)
	watching, _ := truth(e.watched.Load(), true)
	const errorsName, errorsHelp = "lxcdeck_scrape_errors_total", "Questions that failed or were not answered in time: the list, all figures, those of one container."
	all := []single{
		{name: "lxcdeck_build_info", help: "Always 1; versions of lxcdeck and liblxc.", label: []string{"liblxc", label(e.o.LXC), "version", label(e.o.Version)}, value: 1},
		{name: "lxcdeck_scrape_success", help: "1 if the list and the figures were read, else 0; single containers do not count.", value: ok},
		{name: "lxcdeck_scrape_duration_seconds", help: "How long it took to collect these figures.", value: took.Seconds()},
		{name: "lxcdeck_scrape_collections_total", help: "Collections; scrapes close to each other share one.", counter: true, value: n.collections},
		{name: "lxcdeck_scrape_lists_total", help: "Collections that listed the containers anew.", counter: true, value: n.lists},
	}
	for _, x := range []struct {
		stage string
		n     float64
	}{{"container", n.containers}, {"list", n.listErrs}, {"panic", n.panics}, {"sample", n.sampleErrs}} {
		all = append(all, single{name: errorsName, help: errorsHelp, counter: true, label: []string{"stage", x.stage}, value: x.n})
	}
	return singles(append(all,
		single{name: "lxcdeck_watching", help: "1 if changes are announced by the kernel, 0 if every scrape lists.", value: watching},
		single{name: "lxcdeck_last_list_timestamp_seconds", help: "When the containers were listed last.", value: unixTime(e.listed), absent: e.listed.IsZero()},
		single{name: "lxcdeck_unreadable_lxcpaths", help: "Lxcpaths that could not be read.", value: float64(len(e.problems)), absent: e.listed.IsZero()},
	))
}
