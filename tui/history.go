package tui

import (
	"time"

	"lxcdeck/runtime"
	"lxcdeck/tui/trend"
)

// smoothing is the weight of the newest reading in the CPU figure that the
// list is sorted by: about three ticks, so that neighbours do not swap places
// every second.
const smoothing = 0.35

// track is what is remembered of one container between two ticks.
type track struct {
	sample runtime.Sample // the newest
	usage  runtime.Usage  // rates up to it; the Full figures are the last ones known
	bites  runtime.Bites  // limits that bite
	err    error          // why the newest reading failed; nil = it did not
	cpu    ring           // percent of one core
	smooth float64        // the same, smoothed
	known  bool           // smooth holds a figure
}

// history turns samples into rates and graphs, and forgets containers that
// are gone: what it holds is bounded by the list.
type history struct {
	tracks  map[runtime.Ref]*track
	host    runtime.HostSample
	hostOld runtime.HostSample
	hostUse runtime.HostUsage
	hostCPU ring // percent of all cores
	perCPU  []runtime.Rate
	woke    bool // the host was suspended since the batch before: there are no rates from one to the other
	rates   bool // some container has rates
	parts   parts
	lives   lives

	trends   *trend.Store  // what was, for a day
	most     trend.Limits  // how far readings may be apart
	interval time.Duration // that before the last reading
	longer   time.Duration // one that Full readings may still have waited for
	hold     int           // for how many more readings
	// listed says whether a reading is of the init that the list knows; nil = yes.
	listed func(*runtime.Reading) bool
}

func newHistory() *history {
	return &history{tracks: map[runtime.Ref]*track{}, lives: lives{}, trends: trend.New()}
}

const (
	// lateTicks is how many intervals may lie between two readings; what is
	// longer is a gap: the screen was suspended, or something was stuck.
	lateTicks = 3
	// leastLate is that time at least: a short interval is missed easily.
	leastLate = 2 * time.Second
	// leastSleep is what counts as one of the host.
	leastSleep = time.Second
)

// expect says at which interval the next readings come. The one that has just
// become shorter may have been waited for. Full readings are hiddenEvery ticks
// apart, and twice that when the list has changed: so many readings are judged
// by the longer interval.
func (h *history) expect(interval time.Duration) {
	long := max(interval, h.interval)
	if h.interval > interval {
		h.longer, h.hold = max(h.longer, h.interval), 2*hiddenEvery
	}
	full := max(long, h.longer)
	if h.hold > 0 {
		h.hold--
	} else {
		h.longer = 0
	}
	d := max(lateTicks*long, leastLate)
	h.most = trend.Limits{Read: d, Full: d + 2*hiddenEvery*full}
	h.interval = interval
}

// of gives the track of a container; nil = it was never read, or is not alive.
func (h *history) of(r runtime.Ref) *track { return h.tracks[r] }

// forget drops every container that keep does not want.
func (h *history) forget(keep func(runtime.Ref) bool) {
	for r := range h.tracks {
		if !keep(r) {
			delete(h.tracks, r)
		}
	}
}

// take adds one tick's readings. The batch belongs to the sampler again after
// that: nothing of it is kept.
func (h *history) take(b *runtime.Batch) {
	h.woke = false
	if b.Host != nil && !b.Host.At.IsZero() {
		if by := b.Host.Asleep - h.host.Asleep; by > leastSleep && !h.host.At.IsZero() {
			h.woke = true
			h.trends.Slept(by)
		}
		h.takeHost(b.Host)
	}
	for i := range b.Readings {
		h.takeReading(&b.Readings[i])
	}
	most := h.most.Read
	if h.woke {
		most = 0
	}
	h.parts.take(b, most)
}

func (h *history) takeHost(s *runtime.HostSample) {
	h.hostOld, h.host = h.host, h.hostOld
	cpus, stolen := h.host.PerCPU, h.host.PerSteal
	h.host = *s
	h.host.PerCPU, h.host.PerSteal = append(cpus[:0], s.PerCPU...), append(stolen[:0], s.PerSteal...)
	if !h.hostOld.At.IsZero() {
		before := &h.hostOld
		if h.woke {
			before = &runtime.HostSample{}
		}
		h.hostUse = runtime.HostBetween(before, &h.host, h.perCPU)
		h.perCPU = h.hostUse.PerCPU
	}
	h.trends.TakeHost(&h.hostOld, &h.host, &h.hostUse, h.most)
	pushRate(&h.hostCPU, h.hostUse.CPU)
}

func (h *history) takeReading(r *runtime.Reading) {
	t := h.tracks[r.Ref]
	if t == nil {
		t = &track{}
		h.tracks[r.Ref] = t
	}
	t.err = r.Err
	if r.Err != nil || r.Sample.At.IsZero() || r.Sample.At.Equal(t.sample.At) {
		t.cpu.push(0, false) // a hole for a tick without a reading
		return
	}
	old := t.usage
	t.usage = runtime.Between(&t.sample, &r.Sample, h.host.CPUs)
	if h.woke {
		t.usage, old = runtime.Usage{}, runtime.Usage{}
	}
	sameLife := t.sample.InitPID == r.Sample.InitPID
	if sameLife && !t.usage.FullRead {
		keepFull(&t.usage, &old)
	}
	h.rates = h.rates || t.usage.Over > 0
	t.bites.See(&t.sample, &r.Sample)
	// One that comes late, after the container was made anew, is not of that.
	if h.listed == nil || h.listed(r) {
		h.trends.Take(r.Ref, &t.sample, &r.Sample, &t.usage, h.most)
	}
	t.sample = r.Sample
	t.record()
}

func (t *track) record() {
	pushRate(&t.cpu, t.usage.CPU)
	cpu, ok := t.usage.CPU.Get()
	switch {
	case !ok:
		t.known = false
	case !t.known:
		t.smooth, t.known = cpu, true
	default:
		t.smooth += smoothing * (cpu - t.smooth)
	}
}

// keepFull carries the figures of the last Full reading over a Cheap one.
func keepFull(u, old *runtime.Usage) {
	u.Throttled = old.Throttled
	u.CPUSome, u.MemSome, u.MemFull = old.CPUSome, old.MemSome, old.MemFull
	u.IOSome, u.IOFull = old.IOSome, old.IOFull
}

func pushRate(r *ring, x runtime.Rate) {
	v, ok := x.Get()
	r.push(v, ok)
}
