package views

import (
	"fmt"
	"math"
	"strconv"

	"lxcdeck/runtime"
)

// Host paints the host's line, or its two rows when h is 2: figures that do
// not fit go one by one, the least telling first.
func (t *Theme) Host(s *HostState, w, h int) Block {
	if h <= 0 || w <= 0 {
		return exactly(nil, w, h)
	}
	rows := make(Block, 0, h)
	if h == 1 {
		pieces := append(t.hostName(s), t.hostCPU(s, 5)...)
		pieces = append(pieces, t.hostMemory(s)...)
		pieces = append(pieces, t.hostStall(s, true)...)
		pieces = append(pieces, t.hostCount(s), t.hostLoad(s))
		return append(rows, t.hostRow(pieces, t.badges(s), w))
	}
	first := append(t.hostName(s), t.hostCPU(s, 12)...)
	first = append(first, t.perCore(s)...)
	first = append(first, t.hostCount(s))
	rows = append(rows, t.hostRow(first, t.badges(s), w))
	second := t.hostMeter(s)
	second = append(second, t.hostSwap(s)...)
	second = append(second, t.hostStall(s, false)...)
	second = append(second, t.hostLoad(s))
	second = append(second, t.hostDisk(s)...)
	rows = append(rows, t.hostRow(second, nil, w))
	return exactly(rows, w, h)
}

// hostRow sets figures on the left and badges on the right.
func (t *Theme) hostRow(left, right []piece, w int) string {
	l := t.newLine(w)
	right = keep(right, w/2, 1)
	n := 0
	for _, p := range right {
		n += p.width() + 1
	}
	rest := w - n
	shown := keep(left, rest-1, 2)
	for i, p := range shown {
		if i > 0 {
			l.gap(2)
		}
		for _, sp := range p.spans {
			l.field(sp.role, sp.text, min(Width(sp.text), rest-1-l.used), false)
		}
	}
	l.to(rest + 1)
	l.addPieces(right, 1)
	return l.String()
}

func (t *Theme) hostName(s *HostState) []piece {
	out := []piece{text(0, Banner, "lxcdeck")}
	if s.Hostname != "" {
		out = append(out, text(2, Plain, t.Cut(Clean(s.Hostname), 20)))
	}
	return out
}

// badges are what must not be overlooked, on the right.
func (t *Theme) badges(s *HostState) []piece {
	var out []piece
	if s.Late {
		out = append(out, text(3, Warn, "late"))
	}
	if s.SlowLink {
		out = append(out, text(2, Warn, "slow link"))
	}
	if s.Polling {
		out = append(out, text(2, Warn, "polling"))
	}
	if s.Interval > 0 && !s.Late {
		out = append(out, text(4, Dim, Interval(s.Interval)))
	}
	if s.Held {
		out = append(out, text(1, Badge, " HELD "))
	}
	if s.ReadOnly {
		out = append(out, text(0, Badge, " RO "))
	}
	if s.Demo {
		out = append(out, text(0, Badge, " DEMO "))
	}
	return out
}

func (t *Theme) hostCPU(s *HostState, cells int) []piece {
	var r runtime.Rate
	if s.Usage != nil {
		r = s.Usage.CPU
	}
	out := []piece{figure(0, "cpu", loadRole(r.Or(0)), percentSign(r))}
	if len(s.CPU) > 0 {
		out = append(out, text(6, GraphCPU, t.spark(s.CPU, cells, 100)))
	}
	if s.Usage != nil && s.Usage.Steal.Or(0) >= 1 {
		out = append(out, figure(3, "steal", Warn, percentSign(s.Usage.Steal)+stolenCore(s.Usage)))
	}
	return out
}

// perCore is one bar a core, as many as a glance can take.
func (t *Theme) perCore(s *HostState) []piece {
	if s.Usage == nil || len(s.Usage.PerCPU) < 2 || len(s.Usage.PerCPU) > 64 {
		return nil
	}
	spans := []span{{Dim, strconv.Itoa(len(s.Usage.PerCPU)) + " cores "}}
	for i, r := range s.Usage.PerCPU {
		role := GraphCPU
		if stolen(s.Usage, i) >= muchStolen {
			role = Warn
		}
		bar := t.spark([]float64{r.Or(math.NaN())}, 1, 100)
		if last := &spans[len(spans)-1]; i > 0 && last.role == role {
			last.text += bar
			continue
		}
		spans = append(spans, span{role, bar})
	}
	return []piece{{5, spans}}
}

// muchStolen is the share of a core, in percent, that the hypervisor gave to
// others, from which that core is pointed out.
const muchStolen = 10

// stolen is that share of one core.
func stolen(u *runtime.HostUsage, core int) float64 {
	if core >= len(u.PerSteal) {
		return 0
	}
	return u.PerSteal[core].Or(0)
}

// stolenCore names the core from which the most was taken, where it is not alike
// for all, if its number is known.
func stolenCore(u *runtime.HostUsage) string {
	worst := 0
	for i := range u.PerSteal {
		if stolen(u, i) > stolen(u, worst) {
			worst = i
		}
	}
	f := stolen(u, worst)
	if len(u.PerSteal) < 2 || f < muchStolen || f < 2*u.Steal.Or(0) {
		return ""
	}
	core := "core " + strconv.Itoa(worst)
	if u.CPUGaps {
		core = "one core"
	}
	return " (" + core + " " + strconv.FormatFloat(f, 'f', 0, 64) + "%)"
}

// used is total less free.
func used(total, free runtime.Value) (n, of uint64, ok bool) {
	a, oka := total.Get()
	b, okb := free.Get()
	if !oka || !okb || b > a {
		return 0, 0, false
	}
	return a - b, a, true
}

// ofTotal is "21.4/31.2G": the unit once when both have the same.
func ofTotal(n, of uint64) string {
	a, b := FineBytes(n), FineBytes(of)
	if n > 0 && a[len(a)-1] == b[len(b)-1] {
		a = a[:len(a)-1]
	}
	return a + "/" + b
}

func (t *Theme) hostMemory(s *HostState) []piece {
	n, of, ok := uint64(0), uint64(0), false
	if s.Sample != nil {
		n, of, ok = used(s.Sample.MemTotal, s.Sample.MemFree)
	}
	if !ok || of == 0 {
		return []piece{figure(4, "mem", Dim, Absent)}
	}
	share := 100 * float64(n) / float64(of)
	return []piece{{1, []span{{Dim, "mem "}, {Plain, ofTotal(n, of)}, {loadRole(share), " " + Percent(share) + "%"}}}}
}

func (t *Theme) hostMeter(s *HostState) []piece {
	p := t.hostMemory(s)[0]
	if s.Sample == nil {
		return []piece{p}
	}
	if n, of, ok := used(s.Sample.MemTotal, s.Sample.MemFree); ok && of > 0 {
		full, free := t.meter(float64(n)/float64(of), 12)
		p.spans = append([]span{p.spans[0], {GraphMem, full}, {Dim, free + " "}}, p.spans[1:]...)
	}
	return []piece{p}
}

func (t *Theme) hostSwap(s *HostState) []piece {
	if s.Sample == nil {
		return nil
	}
	n, of, ok := used(s.Sample.SwapTotal, s.Sample.SwapFree)
	switch {
	case !ok:
		return nil
	case of == 0:
		return []piece{figure(6, "swap", Dim, "none")}
	default:
		return []piece{figure(4, "swap", loadRole(100*float64(n)/float64(of)), ofTotal(n, of))}
	}
}

// hostStall is pressure: of the worst resource, or of all that have some.
func (t *Theme) hostStall(s *HostState, worst bool) []piece {
	if s.Usage == nil {
		return nil
	}
	var p piece
	top := 0.0
	for _, x := range []struct {
		name string
		r    runtime.Rate
	}{{"cpu", s.Usage.CPUSome}, {"mem", s.Usage.MemSome}, {"io", s.Usage.IOSome}} {
		f, ok := x.r.Get()
		if !ok || f < 0.5 || worst && f <= top {
			continue
		}
		if worst {
			p.spans = nil
		}
		top = f
		p.spans = append(p.spans, span{Dim, " " + x.name + " "}, span{stallRole(f), percentSign(x.r)})
	}
	switch {
	case p.spans != nil:
	case s.Usage.CPUSome == runtime.Rate{} && s.Usage.IOSome == runtime.Rate{}:
		return nil
	default:
		p.spans = []span{{Dim, " 0%"}}
	}
	p.drop = 4
	p.spans = append([]span{{Dim, "psi"}}, p.spans...)
	return []piece{p}
}

func (t *Theme) hostCount(s *HostState) piece {
	return piece{3, []span{{Plain, fmt.Sprintf("%d/%d", s.Running, s.Total)}, {Dim, " running"}}}
}

func (t *Theme) hostLoad(s *HostState) piece {
	if s.Sample == nil || !s.Sample.LoadRead {
		return text(7, Dim, "load "+Absent)
	}
	x := s.Sample.Load
	role := Plain
	if s.Sample.CPUs > 0 && x[0] > float64(s.Sample.CPUs) {
		role = Warn
	}
	return figure(7, "load", role, fmt.Sprintf("%.2f %.2f %.2f", x[0], x[1], x[2]))
}

func (t *Theme) hostDisk(s *HostState) []piece {
	if s.Sample == nil {
		return nil
	}
	n, of, ok := used(s.Sample.DiskTotal, s.Sample.DiskFree)
	if !ok || of == 0 {
		return nil
	}
	share := 100 * float64(n) / float64(of)
	// As df(1) and the alert count it, where that is known.
	if in, known := s.Sample.DiskUsed.Get(); known {
		if all := in + s.Sample.DiskFree.Or(0); all > 0 {
			share = math.Ceil(100 * float64(in) / float64(all))
		}
	}
	role, mark := loadRole(share), ""
	if s.DiskFull {
		role, mark = Bad, " !"
	}
	return []piece{{5, []span{{Dim, "disk "}, {Plain, ofTotal(n, of)}, {role, " " + Percent(share) + "%" + mark}}}}
}

func percentSign(r runtime.Rate) string {
	f, ok := r.Get()
	if !ok {
		return Absent
	}
	return strconv.FormatFloat(f, 'f', 0, 64) + "%"
}

// loadRole is the colour of a share of what there is.
func loadRole(percent float64) Role {
	switch {
	case percent >= atLimit:
		return Bad
	case percent >= nearLimit:
		return Warn
	default:
		return Plain
	}
}

// stallRole is the colour of a pressure figure.
func stallRole(percent float64) Role {
	switch {
	case percent >= 40:
		return Bad
	case percent >= 10:
		return Warn
	default:
		return Plain
	}
}
