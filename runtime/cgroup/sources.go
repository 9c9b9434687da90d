package cgroup

import (
	"math"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// level says when a file is read.
type level uint8

const (
	cheap  level = iota // each time
	full                // with the Full tier
	limits              // with the Full tier, at most every limitsEvery
)

// source is one file of a controller and what its content means.
type source struct {
	name  string
	alt   string // read instead where name does not exist
	level level
	total bool   // read with the Totals tier too
	rests bool   // stands still, or nearly, while the container uses no CPU
	many  bool   // made of many records: a read may end before the file does
	moves bool   // read with the Cheap tier too once memory in use has moved, see state.moved
	bad   string // in Sample.Controls where parse makes nothing of it; "" = it cannot be read
	// parse puts the content into the state; false = it made no sense of it.
	// nil content means that the file could not be read: its figures become
	// absent. Empty content is not nil.
	parse func(*state, []byte) bool
}

// controller is a group of files that are there, or missing, together.
type controller struct {
	name string // in Sample.Controls
	key  string // the v1 controller whose hierarchy holds the v1 files
	// core files are in every v2 cgroup below the root, whatever controllers
	// are enabled, and beat v1: finer figures on hybrid hosts.
	core bool
	v2   []source // the first one decides whether the controller is there
	v1   []source
	// process files are no cgroup's but the init's own, below /proc/PID. Held
	// open they stay readable after the container's death: they are no sign of
	// life, hence never the only ones.
	process []source
}

const blkioKey = "blkio"

// noBlkio is why v1 tells nothing of I/O: see the parser.
const noBlkio = "names no device (since Linux 6.10 it counts where a throttle is set, in lxc.cgroup.blkio.throttle.*)"

// controllers is the one table of what is read. The order is that of reading.
var controllers = [...]controller{
	{name: "cpu time", key: "cpuacct", core: true,
		v2: []source{{name: "cpu.stat", total: true, parse: (*state).cpuStat}},
		v1: []source{
			{name: "cpuacct.usage", total: true, parse: (*state).cpuacctUsage},
			// In nanoseconds, unlike cpuacct.stat with its grain of 10 ms.
			{name: "cpuacct.usage_user", parse: (*state).cpuacctUser},
			{name: "cpuacct.usage_sys", parse: (*state).cpuacctSystem},
		}},
	{name: "memory", key: "memory",
		v2: []source{
			{name: "memory.current", total: true, rests: true, parse: (*state).memoryUsage},
			{name: "memory.stat", level: full, total: true, moves: true, parse: (*state).memoryStat},
			{name: "memory.events", level: full, total: true, parse: (*state).memoryEvents},
			{name: "memory.events.local", level: full, parse: (*state).memoryEventsLocal},
			{name: "memory.swap.current", level: full, total: true, parse: (*state).memorySwap},
			{name: "memory.max", level: limits, total: true, parse: (*state).memoryMax},
			{name: "memory.high", level: limits, parse: (*state).memoryHigh},
			{name: "memory.swap.max", level: limits, parse: (*state).memorySwapMax},
		},
		v1: []source{
			{name: "memory.usage_in_bytes", total: true, rests: true, parse: (*state).memoryUsage},
			{name: "memory.memsw.usage_in_bytes", level: full, total: true, moves: true, parse: (*state).memoryMemsw},
			{name: "memory.stat", level: full, total: true, moves: true, parse: (*state).memoryStatV1},
			{name: "memory.kmem.usage_in_bytes", level: full, parse: (*state).memoryKmem},
			{name: "memory.oom_control", level: full, total: true, parse: (*state).memoryOOM},
			{name: "memory.failcnt", level: full, parse: (*state).memoryFailcnt},
			{name: "memory.limit_in_bytes", level: limits, total: true, parse: (*state).memoryMax},
			{name: "memory.memsw.limit_in_bytes", level: limits, parse: (*state).memoryMemswLimit},
		}},
	{name: "io", key: blkioKey,
		v2: []source{{name: "io.stat", total: true, rests: true, parse: (*state).ioStat}},
		v1: []source{
			{name: "blkio.throttle.io_service_bytes_recursive", alt: "blkio.throttle.io_service_bytes", total: true, rests: true, bad: noBlkio, parse: (*state).blkioBytes},
			{name: "blkio.throttle.io_serviced_recursive", alt: "blkio.throttle.io_serviced", rests: true, bad: noBlkio, parse: (*state).blkioOps},
		}},
	{name: "pids", key: "pids",
		v2: []source{
			{name: "pids.current", total: true, rests: true, parse: (*state).pidsCurrent},
			{name: pidsLocal, alt: "pids.events", level: full, parse: (*state).pidsEvents},
			{name: "pids.max", level: limits, total: true, parse: (*state).pidsMax},
		},
		v1: []source{
			{name: "pids.current", total: true, rests: true, parse: (*state).pidsCurrent},
			{name: "pids.events", level: full, parse: (*state).pidsEvents},
			{name: "pids.max", level: limits, total: true, parse: (*state).pidsMax},
		}},
	// liblxc freezes by the v1 freezer wherever there is one.
	{name: "freezer", key: "freezer",
		v2: []source{{name: "cgroup.events", rests: true, parse: (*state).cgroupEvents}},
		v1: []source{{name: "freezer.state", rests: true, parse: (*state).freezerState}}},
	{name: "cpu limits", key: "cpu",
		v2: []source{
			{name: "cpu.max", level: limits, parse: (*state).cpuMax},
			{name: "cpu.weight", level: limits, parse: (*state).cpuWeight},
		},
		v1: []source{
			{name: "cpu.stat", level: full, parse: (*state).cpuStatV1},
			{name: "cpu.cfs_quota_us", level: limits, parse: (*state).cfsQuota},
			{name: "cpu.cfs_period_us", level: limits, parse: (*state).cfsPeriod},
			{name: "cpu.shares", level: limits, parse: (*state).cpuWeight},
		}},
	{name: "cpuset", key: "cpuset",
		v2: []source{{name: "cpuset.cpus.effective", level: limits, parse: (*state).cpuset}},
		v1: []source{{name: "cpuset.effective_cpus", level: limits, parse: (*state).cpuset}}},
	{name: "pressure", core: true,
		v2: []source{
			{name: "cpu.pressure", level: full, parse: (*state).cpuPressure},
			{name: "memory.pressure", level: full, parse: (*state).memoryPressure},
			{name: "io.pressure", level: full, parse: (*state).ioPressure},
		}},
	{name: "network", process: []source{{name: "net/dev", total: true, many: true, parse: (*state).netDev}}},
}

// state is what the parsers fill.
type state struct {
	sample runtime.Sample
	full   bool           // this read is of the Full tier
	statOf runtime.Value  // memory in use when memory.stat was read
	memsw  runtime.Value  // v1: memory and swap together
	allIO  bool           // v1 counts all I/O, not only that of throttled devices
	local  bool           // memory.events.local is there, and tells of the limits
	parts  *runtime.Parts // filled by this read too; nil = not asked for
	links  links          // the interfaces, apart
}

// cpuStat is v2 cpu.stat in microseconds. The throttling figures are there
// with the cpu controller only; on hybrid hosts v1 cpu.stat, read later, has
// them. They are of the Full tier and keep in step with FullAt, although this
// file is read each time.
func (s *state) cpuStat(b []byte) bool {
	cpu := &s.sample.CPU
	old := *cpu
	cpu.Usage, cpu.User, cpu.System = runtime.Value{}, runtime.Value{}, runtime.Value{}
	cpu.Periods, cpu.Throttled, cpu.ThrottledTime = runtime.Value{}, runtime.Value{}, runtime.Value{}
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			break
		}
		switch string(key) {
		case "usage_usec":
			cpu.Usage = kernfile.Times(v, 1000)
		case "user_usec":
			cpu.User = kernfile.Times(v, 1000)
		case "system_usec":
			cpu.System = kernfile.Times(v, 1000)
		case "nr_periods":
			cpu.Periods = v
		case "nr_throttled":
			cpu.Throttled = v
		case "throttled_usec":
			cpu.ThrottledTime = kernfile.Times(v, 1000)
		}
	}
	if !s.full {
		cpu.Periods, cpu.Throttled, cpu.ThrottledTime = old.Periods, old.Throttled, old.ThrottledTime
	}
	return !cpu.Usage.Absent()
}

func (s *state) cpuacctUsage(b []byte) (ok bool) {
	s.sample.CPU.Usage, ok = number(b)
	return ok
}

func (s *state) cpuacctUser(b []byte) (ok bool) {
	s.sample.CPU.User, ok = number(b)
	return ok
}

func (s *state) cpuacctSystem(b []byte) (ok bool) {
	s.sample.CPU.System, ok = number(b)
	return ok
}

// cpuStatV1 is v1 cpu.stat; throttled_time is in nanoseconds.
func (s *state) cpuStatV1(b []byte) bool {
	cpu := &s.sample.CPU
	cpu.Periods, cpu.Throttled, cpu.ThrottledTime = runtime.Value{}, runtime.Value{}, runtime.Value{}
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			break
		}
		switch string(key) {
		case "nr_periods":
			cpu.Periods = v
		case "nr_throttled":
			cpu.Throttled = v
		case "throttled_time":
			cpu.ThrottledTime = v
		}
	}
	return !cpu.Periods.Absent()
}

func (s *state) cpuMax(b []byte) (ok bool) {
	s.sample.CPU.Quota, s.sample.CPU.Period, ok = cpuMax(b)
	return ok
}

func (s *state) cfsQuota(b []byte) bool {
	v, ok := limit(b)
	s.sample.CPU.Quota = kernfile.Times(v, 1000)
	return ok
}

func (s *state) cfsPeriod(b []byte) bool {
	v, ok := number(b)
	s.sample.CPU.Period = kernfile.Times(v, 1000)
	return ok
}

func (s *state) cpuWeight(b []byte) (ok bool) {
	s.sample.CPU.Weight, ok = number(b)
	return ok
}

// cpuset may be empty, which is no figure but no fault either.
func (s *state) cpuset(b []byte) (ok bool) {
	s.sample.CPU.CPUs, ok = cpuList(b)
	return ok && b != nil
}

func (s *state) ioStat(b []byte) (ok bool) {
	if b == nil {
		s.sample.IO = runtime.IO{}
		return false
	}
	s.sample.IO, ok = ioStat(b)
	s.partsIO(b)
	return ok
}

func (s *state) blkioBytes(b []byte) (ok bool) {
	io := &s.sample.IO
	if b == nil {
		io.ReadBytes, io.WriteBytes = runtime.Value{}, runtime.Value{}
		return false
	}
	io.ReadBytes, io.WriteBytes, ok = blkio(b, s.allIO)
	s.partsBlkio(b, false)
	return ok
}

func (s *state) blkioOps(b []byte) (ok bool) {
	io := &s.sample.IO
	if b == nil {
		io.ReadOps, io.WriteOps = runtime.Value{}, runtime.Value{}
		return false
	}
	io.ReadOps, io.WriteOps, ok = blkio(b, s.allIO)
	s.partsBlkio(b, true)
	return ok
}

func (s *state) netDev(b []byte) (ok bool) {
	if b == nil {
		s.sample.Net, s.sample.Links, s.sample.Moved, s.links.seen = runtime.Net{}, 0, runtime.Net{}, false
		return false
	}
	before := s.sample.Links
	s.sample.Net, s.sample.Links, ok = netDev(b)
	s.sample.Moved = s.links.take(b, before == s.sample.Links)
	s.partsNet(b)
	return ok
}

func (s *state) pidsCurrent(b []byte) (ok bool) {
	s.sample.Pids.Current, ok = number(b)
	return ok
}

func (s *state) pidsMax(b []byte) (ok bool) {
	s.sample.Pids.Max, ok = limit(b)
	return ok
}

// pidsLocal tells since Linux 6.11 how often the limit of this cgroup itself was
// hit, wherever below it the fork was asked for. With the mount option
// pids_localevents it counts as pids.events does before (cgroup-v2.rst).
const pidsLocal = "pids.events.local"

// pidsEvents is pids.events, on v1 and v2, or pidsLocal: max counts the forks that
// were refused. Kernels before 6.11 count them where the fork was asked for, which
// may be a cgroup below this one, and later ones count in pids.events those for
// the limits of cgroups below along.
func (s *state) pidsEvents(b []byte) bool {
	s.sample.Pids.Refused = runtime.Value{}
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			return !s.sample.Pids.Refused.Absent()
		}
		if string(key) == "max" {
			s.sample.Pids.Refused = v
		}
	}
}

// cgroupEvents is v2 cgroup.events: "populated 1", "frozen 0".
func (s *state) cgroupEvents(b []byte) bool {
	s.sample.Frozen = runtime.Value{}
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			return !s.sample.Frozen.Absent()
		}
		if string(key) == "frozen" && v.Or(math.MaxUint64) <= 1 {
			s.sample.Frozen = v
		}
	}
}

// freezerState is v1 freezer.state. FREEZING is not frozen yet.
func (s *state) freezerState(b []byte) bool {
	w, _ := kernfile.Word(b)
	switch string(w) {
	case "FROZEN":
		s.sample.Frozen = runtime.Of(1)
	case "THAWED", "FREEZING":
		s.sample.Frozen = runtime.Of(0)
	default:
		s.sample.Frozen = runtime.Value{}
		return false
	}
	return true
}

func (s *state) cpuPressure(b []byte) (ok bool) {
	s.sample.PSI.CPU, ok = kernfile.Pressure(b)
	return ok
}

func (s *state) memoryPressure(b []byte) (ok bool) {
	s.sample.PSI.Memory, ok = kernfile.Pressure(b)
	return ok
}

func (s *state) ioPressure(b []byte) (ok bool) {
	s.sample.PSI.IO, ok = kernfile.Pressure(b)
	return ok
}
