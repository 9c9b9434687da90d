package fake

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"lxcdeck/runtime"
)

// Load says how a container's counters move while its processes run. Rates
// swing around their mean by Swing (0 = steady, 1 = between nothing and
// double), each in a phase of its own.
type Load struct {
	CPU          float64 // cores
	Swing        float64 // 0 to 1
	Quota        float64 // cores; 0 = unlimited
	Throttled    float64 // share of enforcement periods, 0 to 1
	Memory       uint64  // bytes of the working set
	Cache        uint64  // bytes of inactive file cache on top
	Limit        uint64  // memory limit; 0 = unlimited
	Swap         uint64
	OOMKills     uint64
	Rx, Tx       float64 // bytes a second
	Read, Write  float64 // bytes a second
	Pids         uint64
	PidsMax      uint64  // 0 = unlimited
	CPUStall     float64 // pressure, percent of time, as are the next two
	MemoryStall  float64
	IOStall      float64
	NoController string // controls that are missing, for Sample.Controls; their figures are absent
}

// Sample fills the batch. It allocates nothing.
func (r *Runtime) Sample(ctx context.Context, batch *runtime.Batch) error {
	if err := r.enter(ctx, Sample, runtime.Ref{}); err != nil {
		return wrap("sample", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	for i := range batch.Readings {
		r.read(&batch.Readings[i], now)
	}
	if batch.Host != nil {
		r.host(batch.Host, now)
	}
	return nil
}

// read fills one Reading. Callers hold r.mu.
func (r *Runtime) read(rd *runtime.Reading, now time.Time) {
	b, ok := r.boxes[rd.Ref]
	switch f := r.strike(Sample, rd.Ref); {
	case f.Stuck:
		rd.Err = runtime.ErrNoAnswer
		return
	case f.Err != nil:
		rd.Err = f.Err
		return
	case !ok || rd.InitPID == 0 || b.spec.InitPID != rd.InitPID:
		rd.Err = runtime.ErrNotFound
		return
	}
	s := &rd.Sample
	if s.InitPID != rd.InitPID {
		*s = runtime.Sample{InitPID: rd.InitPID}
	}
	rd.Err, rd.Killed = nil, nil
	s.At = now
	before := s.Memory.OOMKills
	defer func() {
		if n := s.Memory.OOMKills; rd.Tier == runtime.Full && n.Or(0) > 0 && n != before {
			rd.Killed = b.spec.kills(now)
		}
	}()
	if rd.Tier == runtime.Full {
		s.FullAt, s.LimitsAt = now, now
	}
	active := b.active
	if !b.since.IsZero() {
		active += now.Sub(b.since)
	}
	if b.spec.Counters != nil {
		b.spec.Counters(active, rd.Tier, s)
		b.spec.parts(rd)
		return
	}
	if s.Cgroup == "" {
		s.Cgroup = "/lxc.payload." + b.spec.Name
	}
	s.Frozen = runtime.Of(0)
	if b.spec.State == runtime.Frozen {
		s.Frozen = runtime.Of(1)
	}
	b.spec.Load.cheap(active, b.phase, s)
	if rd.Tier != runtime.Cheap {
		b.spec.Load.full(active, b.phase, s)
	}
	b.spec.parts(rd)
}

func (l *Load) cheap(active time.Duration, ph float64, s *runtime.Sample) {
	cpu := l.cpuSeconds(active, ph)
	s.CPU.Usage = runtime.Of(uint64(cpu * 1e9))
	s.CPU.User = runtime.Of(uint64(cpu * 0.7e9))
	s.CPU.System = runtime.Of(uint64(cpu * 0.3e9))
	ws := l.level(float64(l.Memory), active, ph+1)
	if l.Limit > 0 {
		ws = min(ws, float64(l.Limit))
	}
	s.Memory.WorkingSet = runtime.Of(uint64(ws))
	usage := uint64(ws) + l.Cache
	if l.Limit > 0 {
		usage = min(usage, l.Limit)
	}
	s.Memory.Usage = runtime.Of(usage)
	s.Memory.Swap = runtime.Of(l.Swap)
	s.Net.RxBytes = l.total(l.Rx, active, ph+2)
	s.Net.TxBytes = l.total(l.Tx, active, ph+3)
	s.Net.RxPackets = l.total(l.Rx/900, active, ph+2)
	s.Net.TxPackets = l.total(l.Tx/700, active, ph+3)
	s.IO.ReadBytes = l.total(l.Read, active, ph+4)
	s.IO.WriteBytes = l.total(l.Write, active, ph+5)
	s.IO.ReadOps = l.total(l.Read/16384, active, ph+4)
	s.IO.WriteOps = l.total(l.Write/16384, active, ph+5)
	s.Pids.Current = runtime.Of(l.Pids)
}

func (l *Load) full(active time.Duration, ph float64, s *runtime.Sample) {
	s.Memory.Limit, s.Pids.Max, s.CPU.Quota = runtime.Unlimited(), runtime.Unlimited(), runtime.Unlimited()
	s.CPU.Period = runtime.Of(uint64(100 * time.Millisecond))
	s.CPU.Weight = runtime.Of(100)
	if l.Limit > 0 {
		s.Memory.Limit = runtime.Of(l.Limit)
	}
	if l.PidsMax > 0 {
		s.Pids.Max = runtime.Of(l.PidsMax)
	}
	if l.Quota > 0 {
		s.CPU.Quota = runtime.Of(uint64(l.Quota * 100e6))
	}
	s.CPU.Periods = l.total(10, active, 0)
	s.CPU.Throttled = l.total(10*l.Throttled, active, ph+6)
	s.CPU.ThrottledTime = l.total(l.Throttled*3e7, active, ph+6)
	ws := s.Memory.WorkingSet.Or(0)
	s.Memory.Anon = runtime.Of(ws * 8 / 10)
	s.Memory.Kernel = runtime.Of(ws / 20)
	s.Memory.File = runtime.Of(ws*3/20 + l.Cache)
	s.Memory.SwapLimit = runtime.Unlimited()
	s.Memory.OOMKills = runtime.Of(l.OOMKills)
	s.Memory.FailedLimit = runtime.Of(l.OOMKills * 3)
	s.PSI.CPU.Some = l.stall(l.CPUStall, active, ph)
	s.PSI.CPU.Full = l.stall(l.CPUStall/4, active, ph)
	s.PSI.Memory.Some = l.stall(l.MemoryStall, active, ph+1)
	s.PSI.Memory.Full = l.stall(l.MemoryStall/2, active, ph+1)
	s.PSI.IO.Some = l.stall(l.IOStall, active, ph+4)
	s.PSI.IO.Full = l.stall(l.IOStall/2, active, ph+4)
	s.Controls = l.NoController
	if l.NoController != "" {
		s.IO = runtime.IO{}
		s.PSI.IO = runtime.Pressure{}
	}
}

// cpuSeconds is the CPU time used after active.
func (l *Load) cpuSeconds(active time.Duration, ph float64) float64 {
	return l.CPU * l.area(active, ph)
}

func (l *Load) total(rate float64, active time.Duration, ph float64) runtime.Value {
	return runtime.Of(uint64(rate * l.area(active, ph)))
}

func (l *Load) level(mean float64, active time.Duration, ph float64) float64 {
	return mean * (1 + 0.1*l.Swing*swing(active.Seconds(), ph))
}

func (l *Load) stall(percent float64, active time.Duration, ph float64) runtime.Stall {
	return runtime.Stall{
		Avg10: max(percent*(1+l.Swing*swing(active.Seconds(), ph)), 0),
		Total: runtime.Of(uint64(percent / 100 * 1e6 * l.area(active, ph))),
	}
}

// Two waves, so that nothing repeats soon: their periods in seconds and weights.
const (
	longWave, longPart   = 23.0, 0.6
	shortWave, shortPart = 7.0, 0.4
)

func swing(t, ph float64) float64 {
	return longPart*math.Sin(2*math.Pi*t/longWave+ph) + shortPart*math.Sin(2*math.Pi*t/shortWave+2*ph)
}

// area is the integral of 1+Swing*swing from 0 to active: what a rate of one
// a second has added up to. It never falls, since |swing| <= 1.
func (l *Load) area(active time.Duration, ph float64) float64 {
	t := active.Seconds()
	wave := func(period, part, ph float64) float64 {
		k := 2 * math.Pi / period
		return part / k * (math.Cos(ph) - math.Cos(k*t+ph))
	}
	return t + l.Swing*(wave(longWave, longPart, ph)+wave(shortWave, shortPart, 2*ph))
}

// Cores of the host that work for no container, a core.
const background = 0.1

// host fills the host's sample: the containers' work, spread over the cores,
// above a background. Callers hold r.mu.
func (r *Runtime) host(h *runtime.HostSample, now time.Time) {
	const uptimeAtStart = 41 * 24 * time.Hour
	elapsed := now.Sub(r.born)
	t := (elapsed + uptimeAtStart).Seconds()
	n := float64(r.opts.CPUs)
	busy := r.retired + background*n*t
	var used uint64
	var stall Load
	for _, b := range r.boxes {
		if !b.spec.State.Alive() {
			continue
		}
		active := b.active
		if !b.since.IsZero() {
			active += now.Sub(b.since)
		}
		l := &b.spec.Load
		busy += l.cpuSeconds(active, b.phase)
		used += uint64(l.level(float64(l.Memory), active, b.phase+1)) + l.Cache
		stall.CPUStall = max(stall.CPUStall, l.CPUStall/3)
		stall.MemoryStall = max(stall.MemoryStall, l.MemoryStall/3)
		stall.IOStall = max(stall.IOStall, l.IOStall/3)
	}
	h.At = now
	h.CPUs = r.opts.CPUs
	h.Busy = runtime.Of(uint64(busy * 1e9))
	h.Total = runtime.Of(uint64(t * n * 1e9))
	h.Steal = runtime.Of(0)
	h.IOWait = runtime.Of(uint64(t * n * 0.01 * 1e9))
	h.PerCPU, h.PerSteal = h.PerCPU[:0], h.PerSteal[:0]
	for i := range r.opts.CPUs {
		ph := 2 * math.Pi * float64(i) / n
		own := background / 2 * longWave / (2 * math.Pi) * (1 - math.Cos(2*math.Pi*t/longWave+ph))
		h.PerCPU = append(h.PerCPU, runtime.Of(uint64((busy/n+own)*1e9)))
		h.PerSteal = append(h.PerSteal, runtime.Of(0))
	}
	used += r.opts.Memory / 20
	h.MemTotal = runtime.Of(r.opts.Memory)
	h.MemFree = runtime.Of(r.opts.Memory - min(used, r.opts.Memory))
	h.SwapTotal = runtime.Of(r.opts.Memory / 4)
	h.SwapFree = runtime.Of(r.opts.Memory / 5)
	load := n * background * 4
	h.Load = [3]float64{load * (1 + 0.2*swing(t/3, 0)), load, load * 0.9}
	h.LoadRead = true
	stall.Swing = 0.5
	h.PSI.CPU.Some = stall.stall(stall.CPUStall, elapsed, 0)
	h.PSI.Memory.Some = stall.stall(stall.MemoryStall, elapsed, 1)
	h.PSI.Memory.Full = stall.stall(stall.MemoryStall/2, elapsed, 1)
	h.PSI.IO.Some = stall.stall(stall.IOStall, elapsed, 4)
	h.PSI.IO.Full = stall.stall(stall.IOStall/2, elapsed, 4)
	h.DiskAt = h.At
	h.DiskTotal = runtime.Of(500 << 30)
	h.DiskFree = runtime.Of(187 << 30)
	h.DiskUsed = runtime.Of(300 << 30)
	h.Uptime = elapsed + uptimeAtStart
}

// phase spreads containers over the waves, by name and seed.
func phase(ref runtime.Ref, seed uint64) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", ref, seed)
	return float64(h.Sum64()%6283) / 1000
}
