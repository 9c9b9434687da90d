package runtime

import (
	"strconv"
	"time"
)

// Value is a figure of the kernel that may be absent or unlimited. The zero
// Value is absent.
type Value struct {
	n    uint64
	kind uint8
}

const (
	kindAbsent = iota
	kindNumber
	kindUnlimited
)

// Of is a Value that was read.
func Of(n uint64) Value { return Value{n, kindNumber} }

// Unlimited is the Value of a limit that is not set ("max" in cgroup v2).
func Unlimited() Value { return Value{0, kindUnlimited} }

// Get gives the number; ok is false when it is absent or unlimited.
func (v Value) Get() (n uint64, ok bool) { return v.n, v.kind == kindNumber }

// Or gives the number, or other when there is none.
func (v Value) Or(other uint64) uint64 {
	if v.kind == kindNumber {
		return v.n
	}
	return other
}

// Absent says that nothing was read.
func (v Value) Absent() bool { return v.kind == kindAbsent }

// IsUnlimited says that there is no limit.
func (v Value) IsUnlimited() bool { return v.kind == kindUnlimited }

// MarshalJSON writes null for absent and unlimited.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.kind != kindNumber {
		return []byte("null"), nil
	}
	return strconv.AppendUint(nil, v.n, 10), nil
}

// UnmarshalJSON reads null as absent.
func (v *Value) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*v = Value{}
		return nil
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return err
	}
	*v = Of(n)
	return nil
}

// CPU counters are nanoseconds since the cgroup was made
// (v2 cpu.stat, v1 cpuacct.usage and cpu.stat).
type CPU struct {
	Usage, User, System Value
	Periods             Value // enforcement periods elapsed (nr_periods)
	Throttled           Value // of these, throttled (nr_throttled)
	ThrottledTime       Value // ns
	Quota               Value // ns of CPU per Period; unlimited without a quota (cpu.max, cpu.cfs_quota_us)
	Period              Value // ns
	Weight              Value // cpu.weight, or cpu.shares on v1
	CPUs                Value // how many CPUs its cpuset allows
}

// Memory figures are bytes unless said.
type Memory struct {
	Usage       Value // as the kernel counts, page cache included
	WorkingSet  Value // Usage less inactive file cache: the figure shown as "memory"
	Limit       Value // memory.max, memory.limit_in_bytes
	High        Value // memory.high; absent on v1
	Anon        Value
	File        Value
	Kernel      Value
	Swap        Value // swap alone, on v1 and v2 alike
	SwapLimit   Value
	OOMKills    Value // count; on v2 those in cgroups below too (memory.events oom_kill, memory.oom_control)
	FailedLimit Value // times the limit was hit (memory.events.local max, memory.failcnt); before Linux 5.2 those below too (memory.events)
	OverHigh    Value // times it was slowed down for being above High (memory.events.local high, as above); absent on v1
}

// IO counters are totals over all block devices. On cgroup v1, buffered
// writes are not attributed to the container (blkio).
type IO struct {
	ReadBytes, WriteBytes Value
	ReadOps, WriteOps     Value
}

// Net counters are totals over the interfaces of the container's network
// namespace but lo (/proc/PID/net/dev), as the container sees them.
type Net struct {
	RxBytes, TxBytes     Value
	RxPackets, TxPackets Value
}

// Pids figures are counts of tasks.
type Pids struct {
	Current, Max Value
	Refused      Value // times a fork was refused (pids.events max), see OwnLimit
	// OwnLimit says that Refused counts what Max of this cgroup has refused, to it
	// and to those below (pids.events.local, Linux 6.11). Else it counts forks of
	// processes in this very cgroup, whichever limit has refused them.
	OwnLimit bool
}

// Stall is one line of a pressure file, /proc/pressure or cgroup
// *.pressure (Documentation/accounting/psi.rst).
type Stall struct {
	Avg10 float64 // percent
	Total Value   // microseconds
}

// Pressure holds the PSI figures of one resource. Some.Total is absent when
// the kernel gives none.
type Pressure struct{ Some, Full Stall }

// Sample is what the kernel said of one container at one instant. Groups of
// tiers that were not asked for keep what they held in the Reading before.
type Sample struct {
	At       time.Time // zero = nothing was read
	FullAt   time.Time // when the figures of the Full tier were read last; zero = never
	LimitsAt time.Time // when the limits were read last, which is not done each time; zero = never
	InitPID  int       // whose counters these are: another pid, another life
	Cgroup   string    // path of the payload cgroup below its mount, for humans
	Frozen   Value     // 1 = frozen
	CPU      CPU
	Memory   Memory
	IO       IO
	Net      Net
	Links    uint64 // which interfaces Net adds up: another number, others
	Moved    Net    // what interfaces have moved that were in one reading and in the next; absent = none is known to be
	Pids     Pids
	PSI      struct{ CPU, Memory, IO Pressure }
	Controls string // controllers that are missing and why, for the detail pane; "" = none
}

// Tier says how deep a Reading looks.
type Tier uint8

const (
	// Cheap: CPU, memory usage, I/O, network, pids, frozen. Every tick.
	Cheap Tier = iota
	// Full: also memory.stat, PSI, throttling, limits. Visible rows.
	Full
	// Totals: what a listing tells of one instant: CPU usage, memory usage,
	// working set, swap, limit and OOM kills, bytes of I/O, network, pids and
	// their limit. It costs the least where no other reading follows; FullAt
	// stays as it was. Other figures may be read along with these.
	Totals
)

// Reading is one container's place in a Batch. The Sampler writes Sample and Err.
type Reading struct {
	Ref     Ref
	InitPID int // from the List; the Sampler finds its files through it
	Tier    Tier
	Sample  Sample
	Parts   *Parts // nil = not asked for; filled with the Full tier only
	// Killed is what the kernel killed in this life for want of memory, the newest
	// first and a few at most, as far as its log names it. It is told with each reading
	// of the Full tier whose OOMKills is another than before, or the first and not 0,
	// and is a slice of its own then.
	Killed []Killed
	Err    error
}

// Batch is one tick's reading of many containers. The caller keeps it from
// tick to tick, so that nothing is allocated.
type Batch struct {
	Readings []Reading
	Host     *HostSample // nil = not asked for
}

// HostSample is what the kernel says of the whole host at one instant.
type HostSample struct {
	At        time.Time
	CPUs      int     // online
	Busy      Value   // ns of CPU not idle, all cores (/proc/stat less idle, iowait, guest counted once)
	Total     Value   // ns, all states and cores
	Steal     Value   // ns
	IOWait    Value   // ns
	PerCPU    []Value // busy ns of each online CPU
	PerSteal  []Value // of these, ns that the hypervisor gave to others, of each online CPU
	CPUGaps   bool    // some are offline: the place in these is not the CPU's number
	MemTotal  Value
	MemFree   Value // MemAvailable
	SwapTotal Value
	SwapFree  Value
	Load      [3]float64
	LoadRead  bool
	PSI       struct{ CPU, Memory, IO Pressure }
	DiskAt    time.Time // when the file system answered; zero = never
	DiskTotal Value     // file system of the first lxcpath
	DiskFree  Value     // available to users other than root
	DiskUsed  Value     // in use; with DiskFree it is less than DiskTotal where root has some room to itself
	Uptime    time.Duration
	// Asleep is how long the host was suspended since its boot, as far as two
	// readings are compared: in time namespaces it is off by what never changes.
	Asleep time.Duration
}
