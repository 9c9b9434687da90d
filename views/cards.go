package views

import (
	"math"
	"slices"
	"time"

	"lxcdeck/runtime"
)

// series is one history of a card.
type series struct {
	name  string // within its card: "rx"; "" = the card's own
	role  Role
	v     []float64
	top   float64
	scale string // top, as people read it
}

// cardOf is what the detail says of one resource.
type cardOf struct {
	title   string
	figures []piece
	more    []piece
	series  []series
}

// cards gathers all figures of the selected container. Where nothing was read
// the cards stand there with "-".
func (t *Theme) cards(s *DetailState) []cardOf {
	sample, usage, history := s.Row.Sample, s.Row.Usage, s.History
	if sample == nil {
		sample = &runtime.Sample{}
	}
	if usage == nil {
		usage = &runtime.Usage{}
	}
	if history == nil {
		history = &History{}
	}
	return []cardOf{
		t.cpuCard(s, sample, usage, history),
		t.memoryCard(s, sample, history),
		t.netCard(usage, history),
		t.ioCard(usage, history),
		t.pidsCard(sample, history),
		t.stallCard(usage, history),
	}
}

func (t *Theme) cpuCard(s *DetailState, a *runtime.Sample, u *runtime.Usage, h *History) cardOf {
	cores := runtime.Cores(&a.CPU, s.HostCPUs)
	c := cardOf{title: "CPU"}
	c.figures = []piece{
		{0, []span{{Strong, percentOf(u.CPU)}, {Dim, " of one core"}}},
		figure(3, "host", Plain, percentOf(u.OfHost)),
	}
	limited := !a.CPU.Quota.Absent() && !a.CPU.Quota.IsUnlimited() || a.CPU.CPUs.Or(uint64(s.HostCPUs)) < uint64(s.HostCPUs)
	if limited && cores > 0 {
		of := " cores)"
		if cores == 1 {
			of = " core)"
		}
		c.figures = append(c.figures, figure(2, "limit", loadRole(u.OfLimit.Or(0)), percentOf(u.OfLimit)),
			text(4, Dim, "("+Cores(cores)+of))
	} else {
		c.figures = append(c.figures, text(2, Dim, "no limit"))
	}
	c.more = []piece{
		figure(2, "user", Plain, percentOf(u.User)),
		figure(3, "system", Plain, percentOf(u.System)),
		figure(1, "throttled", throttleRole(u.Throttled), percentOf(u.Throttled)),
	}
	if n := a.CPU.ThrottledTime.Or(0); n > 0 {
		c.more = append(c.more, piece{3, []span{{Plain, Age(time.Duration(min(n, math.MaxInt64)))}, {Dim, " in all"}}})
	}
	if n, ok := a.CPU.Weight.Get(); ok {
		c.more = append(c.more, figure(4, "weight", Plain, Count(n)))
	}
	top := nice(peak(h.CPU))
	if limited && cores > 0 && peak(h.CPU) >= 25*cores {
		top = 100 * cores
	}
	c.series = []series{{"", GraphCPU, h.CPU, top, Percent(top) + "%"}}
	return c
}

func throttleRole(r runtime.Rate) Role {
	if r.Or(0) >= runtime.BiteThrottled {
		return Warn
	}
	return Plain
}

func (t *Theme) memoryCard(s *DetailState, a *runtime.Sample, h *History) cardOf {
	m := &a.Memory
	c := cardOf{title: "MEM"}
	limit, of := ValueBytes(m.Limit), m.Limit
	if m.Limit.IsUnlimited() {
		limit = "no limit"
		of = s.HostMem
	}
	c.figures = []piece{{0, []span{{Strong, fine(m.WorkingSet)}, {Dim, " of "}, {Plain, limit}}}}
	if share := shareOf(m.WorkingSet, of); share > 0 {
		words := " of limit"
		if m.Limit.IsUnlimited() {
			words = " of host"
		}
		c.figures = append(c.figures, piece{1, []span{{loadRole(share), Percent(share) + "%"}, {Dim, words}}})
	}
	kills := figure(1, "OOM kills", Plain, ValueCount(m.OOMKills))
	if m.OOMKills.Or(0) > 0 {
		kills.spans[1].role = Bad
	}
	c.figures = append(c.figures, kills)
	c.more = []piece{
		figure(2, "anon", Plain, ValueBytes(m.Anon)),
		figure(3, "file", Plain, ValueBytes(m.File)),
		figure(4, "kernel", Plain, ValueBytes(m.Kernel)),
		{1, []span{{Dim, "swap "}, {Plain, ValueBytes(m.Swap)}, {Dim, "/"}, {Plain, limitBytes(m.SwapLimit)}}},
	}
	if n, ok := m.High.Get(); ok {
		c.more = append(c.more, figure(5, "high", Plain, Bytes(n)))
	}
	top := niceBytes(peak(h.Memory))
	if n, ok := m.Limit.Get(); ok && peak(h.Memory) >= float64(n)/4 {
		top = float64(n)
	}
	c.series = []series{{"", GraphMem, h.Memory, top, Bytes(uint64(top))}}
	return c
}

func (t *Theme) netCard(u *runtime.Usage, h *History) cardOf {
	top := niceBytes(math.Max(peak(h.Rx), peak(h.Tx)))
	figures := []piece{
		{0, []span{{Dim, "rx "}, {Strong, perSecond(u.RxBytes)}}},
		{0, []span{{Dim, "tx "}, {Strong, perSecond(u.TxBytes)}}},
	}
	if u.NetPart {
		figures = append(figures, text(0, Warn, "partial"))
	}
	return cardOf{
		title:   "NET",
		figures: figures,
		more:    []piece{{1, []span{{Dim, "packets/s rx "}, {Plain, perCount(u.RxPkts)}, {Dim, " tx "}, {Plain, perCount(u.TxPkts)}}}},
		series: []series{
			{"rx", GraphNet, h.Rx, top, Bytes(uint64(top))},
			{"tx", GraphNet, h.Tx, top, Bytes(uint64(top))},
		},
	}
}

func (t *Theme) ioCard(u *runtime.Usage, h *History) cardOf {
	top := niceBytes(math.Max(peak(h.Read), peak(h.Write)))
	return cardOf{
		title: "I/O",
		figures: []piece{
			{0, []span{{Dim, "read "}, {Strong, perSecond(u.ReadBytes)}}},
			{0, []span{{Dim, "write "}, {Strong, perSecond(u.WriteBytes)}}},
		},
		more: []piece{{1, []span{{Dim, "operations/s read "}, {Plain, perCount(u.ReadOps)}, {Dim, " write "}, {Plain, perCount(u.WriteOps)}}}},
		series: []series{
			{"read", GraphIO, h.Read, top, Bytes(uint64(top))},
			{"write", GraphIO, h.Write, top, Bytes(uint64(top))},
		},
	}
}

func (t *Theme) pidsCard(a *runtime.Sample, h *History) cardOf {
	limit := ValueCount(a.Pids.Max)
	if a.Pids.Max.IsUnlimited() {
		limit = "no limit"
	}
	c := cardOf{title: "PIDS"}
	c.figures = []piece{{0, []span{{Strong, ValueCount(a.Pids.Current)}, {Dim, " of "}, {Plain, limit}}}}
	if share := shareOf(a.Pids.Current, a.Pids.Max); share > 0 {
		c.figures = append(c.figures, text(1, loadRole(share), Percent(share)+"%"))
	}
	top := nice(peak(h.Pids))
	c.series = []series{{"", Plain, h.Pids, top, Count(uint64(top))}}
	return c
}

func (t *Theme) stallCard(u *runtime.Usage, h *History) cardOf {
	part := func(drop int, name string, some runtime.Rate) piece {
		return figure(drop, name, stallRole(some.Or(0)), percentOf(some))
	}
	top := nice(math.Max(peak(h.CPUStall), math.Max(peak(h.MemStall), peak(h.IOStall))))
	scale := Percent(top) + "%"
	return cardOf{
		title:   "PSI",
		figures: []piece{part(0, "cpu", u.CPUSome), part(1, "mem", u.MemSome), part(0, "io", u.IOSome), text(3, Dim, "of time some task waited")},
		// One piece: "io" alone would be read as the one above.
		more: []piece{{1, slices.Concat(part(1, "all waited: mem", u.MemFull).spans, []span{{Plain, "  "}}, part(1, "io", u.IOFull).spans)}},
		series: []series{
			{"cpu", GraphCPU, h.CPUStall, top, scale},
			{"mem", GraphMem, h.MemStall, top, scale},
			{"io", GraphIO, h.IOStall, top, scale},
		},
	}
}

// percentOf is a percentage with its sign, "-" when absent.
func percentOf(r runtime.Rate) string {
	if f, ok := r.Get(); ok {
		return Percent(f) + "%"
	}
	return Absent
}

// perSecond is a rate of bytes with its unit.
func perSecond(r runtime.Rate) string {
	if s := RateBytes(r); s != Absent {
		return s + "/s"
	}
	return Absent
}

// perCount is a rate of events.
func perCount(r runtime.Rate) string {
	f, ok := r.Get()
	if !ok {
		return Absent
	}
	return Count(uint64(math.Round(math.Max(f, 0))))
}

// fine is a Value as FineBytes.
func fine(v runtime.Value) string {
	if n, ok := v.Get(); ok {
		return FineBytes(n)
	}
	return Absent
}

// limitBytes is a limit: "max" when there is none.
func limitBytes(v runtime.Value) string {
	if v.IsUnlimited() {
		return "max"
	}
	return ValueBytes(v)
}
