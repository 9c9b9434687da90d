package runtime

import "time"

// Rate is a figure per second that may be absent. The zero Rate is absent.
type Rate struct {
	v  float64
	ok bool
}

// RateOf is a Rate that could be computed.
func RateOf(v float64) Rate { return Rate{v, true} }

// Get gives the figure; ok is false when it is absent.
func (r Rate) Get() (v float64, ok bool) { return r.v, r.ok }

// Or gives the figure, or other when there is none.
func (r Rate) Or(other float64) float64 {
	if r.ok {
		return r.v
	}
	return other
}

// Usage are the rates between two Samples of one container.
type Usage struct {
	Over time.Duration // the interval between the samples; 0 = no rates yet

	CPU, User, System Rate // percent; 100 = one core
	OfLimit           Rate // CPU as percent of the container's quota or cpuset
	OfHost            Rate // CPU as percent of all the host's cores
	RxBytes, TxBytes  Rate // bytes a second
	RxPkts, TxPkts    Rate // packets a second
	NetPart           bool // those four are of the interfaces alone that were there at both times
	ReadBytes         Rate
	WriteBytes        Rate
	ReadOps, WriteOps Rate

	// FullRead says that a and b hold two different Full readings: only then
	// are the figures below known. The caller keeps the older ones otherwise.
	FullRead  bool
	Throttled Rate // percent of enforcement periods that were throttled
	// PSI: percent of the interval in which some or all tasks stalled.
	CPUSome, MemSome, MemFull, IOSome, IOFull Rate
}

// Between computes the rates from sample a to the later sample b. hostCPUs is
// the number of online CPUs, 0 when not known. Counters that went backwards
// (another life of the container, a reset) give an absent rate, never a spike.
func Between(a, b *Sample, hostCPUs int) Usage {
	var u Usage
	over := b.At.Sub(a.At)
	if a.At.IsZero() || b.At.IsZero() || over <= 0 || a.InitPID != b.InitPID {
		return u
	}
	u.Over = over
	sec := over.Seconds()
	u.CPU = rate(a.CPU.Usage, b.CPU.Usage, sec, 100/1e9)
	u.User = rate(a.CPU.User, b.CPU.User, sec, 100/1e9)
	u.System = rate(a.CPU.System, b.CPU.System, sec, 100/1e9)
	if cpu, ok := u.CPU.Get(); ok {
		if cores := Cores(&b.CPU, hostCPUs); cores > 0 {
			u.OfLimit = RateOf(cpu / cores)
		}
		if hostCPUs > 0 {
			u.OfHost = RateOf(cpu / float64(hostCPUs))
		}
	}
	from, to := &a.Net, &b.Net
	if a.Links != b.Links { // one that came brings counters of its life elsewhere
		from, to = &a.Moved, &b.Moved
	}
	u.RxBytes = rate(from.RxBytes, to.RxBytes, sec, 1)
	u.TxBytes = rate(from.TxBytes, to.TxBytes, sec, 1)
	u.RxPkts = rate(from.RxPackets, to.RxPackets, sec, 1)
	u.TxPkts = rate(from.TxPackets, to.TxPackets, sec, 1)
	u.NetPart = a.Links != b.Links && u.RxBytes.ok
	u.ReadBytes = rate(a.IO.ReadBytes, b.IO.ReadBytes, sec, 1)
	u.WriteBytes = rate(a.IO.WriteBytes, b.IO.WriteBytes, sec, 1)
	u.ReadOps = rate(a.IO.ReadOps, b.IO.ReadOps, sec, 1)
	u.WriteOps = rate(a.IO.WriteOps, b.IO.WriteOps, sec, 1)
	if full := b.FullAt.Sub(a.FullAt); !a.FullAt.IsZero() && full > 0 {
		u.full(a, b, full.Seconds())
	}
	return u
}

// full computes the rates of the counters that only a Full reading reads.
func (u *Usage) full(a, b *Sample, sec float64) {
	u.FullRead = true
	u.Throttled = share(a.CPU.Throttled, b.CPU.Throttled, a.CPU.Periods, b.CPU.Periods)
	u.CPUSome = rate(a.PSI.CPU.Some.Total, b.PSI.CPU.Some.Total, sec, 100/1e6)
	u.MemSome = rate(a.PSI.Memory.Some.Total, b.PSI.Memory.Some.Total, sec, 100/1e6)
	u.MemFull = rate(a.PSI.Memory.Full.Total, b.PSI.Memory.Full.Total, sec, 100/1e6)
	u.IOSome = rate(a.PSI.IO.Some.Total, b.PSI.IO.Some.Total, sec, 100/1e6)
	u.IOFull = rate(a.PSI.IO.Full.Total, b.PSI.IO.Full.Total, sec, 100/1e6)
}

// Cores is how many cores a container may use: the smallest of its quota, its
// cpuset and the host. 0 = not known.
func Cores(c *CPU, hostCPUs int) float64 {
	cores := float64(hostCPUs)
	if n, ok := c.CPUs.Get(); ok && n > 0 && (cores == 0 || float64(n) < cores) {
		cores = float64(n)
	}
	if quota, ok := c.QuotaCores().Get(); ok && (cores == 0 || quota < cores) {
		cores = quota
	}
	return cores
}

// QuotaCores is the quota in cores; absent without one.
func (c *CPU) QuotaCores() Rate {
	quota, limited := c.Quota.Get()
	period, known := c.Period.Get()
	if !limited || !known || period == 0 {
		return Rate{}
	}
	return RateOf(float64(quota) / float64(period))
}

// HostUsage are the rates between two HostSamples.
type HostUsage struct {
	Over                    time.Duration
	CPU                     Rate   // percent of all cores, 0-100
	Steal, IOWait           Rate   // percent of all cores
	PerCPU                  []Rate // percent of that CPU, 0-100
	PerSteal                []Rate // percent of that CPU that the hypervisor gave to others
	CPUGaps                 bool   // their places are not the CPUs' numbers
	CPUSome, MemSome        Rate
	MemFull, IOSome, IOFull Rate
}

// HostBetween computes the host's rates from a to the later b. The slices of
// per-CPU rates are appended to buf[:0].
func HostBetween(a, b *HostSample, buf []Rate) HostUsage {
	u := HostUsage{PerCPU: buf[:0], CPUGaps: b.CPUGaps}
	over := b.At.Sub(a.At)
	if a.At.IsZero() || b.At.IsZero() || over <= 0 {
		return u
	}
	u.Over = over
	sec := over.Seconds()
	u.CPU = share(a.Busy, b.Busy, a.Total, b.Total)
	u.Steal = share(a.Steal, b.Steal, a.Total, b.Total)
	u.IOWait = share(a.IOWait, b.IOWait, a.Total, b.Total)
	all := eachRate(buf[:0], a.PerCPU, b.PerCPU, sec)
	n := len(all)
	all = eachRate(all, a.PerSteal, b.PerSteal, sec)
	u.PerCPU, u.PerSteal = all[:n], all[n:]
	u.CPUSome = rate(a.PSI.CPU.Some.Total, b.PSI.CPU.Some.Total, sec, 100/1e6)
	u.MemSome = rate(a.PSI.Memory.Some.Total, b.PSI.Memory.Some.Total, sec, 100/1e6)
	u.MemFull = rate(a.PSI.Memory.Full.Total, b.PSI.Memory.Full.Total, sec, 100/1e6)
	u.IOSome = rate(a.PSI.IO.Some.Total, b.PSI.IO.Some.Total, sec, 100/1e6)
	u.IOFull = rate(a.PSI.IO.Full.Total, b.PSI.IO.Full.Total, sec, 100/1e6)
	return u
}

// eachRate appends the rates of CPUs; where their number has changed none is known.
func eachRate(to []Rate, a, b []Value, sec float64) []Rate {
	for i := range b {
		var r Rate
		if len(a) == len(b) {
			r = rate(a[i], b[i], sec, 100/1e9)
		}
		to = append(to, r)
	}
	return to
}

func rate(a, b Value, sec, scale float64) Rate {
	x, okx := a.Get()
	y, oky := b.Get()
	if !okx || !oky || y < x {
		return Rate{}
	}
	return RateOf(float64(y-x) / sec * scale)
}

// share is the growth of part as percent of the growth of whole.
func share(a, b, wholeA, wholeB Value) Rate {
	part := rate(a, b, 1, 100)
	whole := rate(wholeA, wholeB, 1, 1)
	if !part.ok || !whole.ok {
		return Rate{}
	}
	if whole.v == 0 {
		return RateOf(0)
	}
	return RateOf(min(part.v/whole.v, 100))
}
