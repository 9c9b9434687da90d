package metrics

import (
	"time"

	"lxcdeck/runtime"
)

// row is one container in one collection.
type row struct {
	c     *runtime.Container
	s     *runtime.Sample // empty, all of it absent, where nothing was read
	err   error           // why nothing was read
	parts *runtime.Parts  // nil = not read
	now   time.Time
}

// family is one name, with its series.
type family struct {
	name, help string
	counter    bool
	label      string // that its series have beside path and name; "" = none
	series     []series
}

// series gives a figure; false = absent.
type series struct {
	label string // the label's value
	value func(*row) (float64, bool)
}

func one(value func(*row) (float64, bool)) []series { return []series{{value: value}} }

// scaled is a Value of the sample, divided.
func scaled(by float64, get func(*runtime.Sample) runtime.Value) func(*row) (float64, bool) {
	return func(r *row) (float64, bool) {
		n, ok := get(r.s).Get()
		return float64(n) / by, ok
	}
}

func plain(get func(*runtime.Sample) runtime.Value) []series { return one(scaled(1, get)) }

// seconds is a Value in nanoseconds.
func seconds(get func(*runtime.Sample) runtime.Value) []series { return one(scaled(1e9, get)) }

func truth(is, known bool) (float64, bool) {
	if is && known {
		return 1, true
	}
	return 0, known
}

func config(get func(*runtime.Config) bool) []series {
	return one(func(r *row) (float64, bool) {
		if r.c.Config == nil {
			return 0, false
		}
		return truth(get(r.c.Config), true)
	})
}

// states are all of LXC's, each 1 or 0, so that a query can name one.
func states() []series {
	var all []series
	for s := runtime.Unknown; s <= runtime.Thawed; s++ {
		all = append(all, series{s.String(), func(r *row) (float64, bool) { return truth(r.c.State == s, true) }})
	}
	return all
}

// ofContainers are the figures of a container. In names "memory" is the kernel's
// usage less inactive file cache, as in all of lxcdeck.
func ofContainers() []family {
	return append([]family{
		{name: "lxcdeck_container_state", help: "1 for the state that LXC gives the container, 0 for the others.", label: "state", series: states()},
		{name: "lxcdeck_container_scrape_success", help: "1 if the kernel's figures of a container with an init process could be read, else 0.",
			series: one(func(r *row) (float64, bool) { return truth(r.err == nil, r.c.Counted()) })},
		{name: "lxcdeck_container_no_answer_seconds", help: "For how long the container's monitor has not answered; no series while it does.",
			series: one(func(r *row) (float64, bool) {
				return max(r.now.Sub(r.c.NoAnswerSince).Seconds(), 0), !r.c.NoAnswerSince.IsZero()
			})},
		{name: "lxcdeck_container_start_time_seconds", help: "Start of the container's init process since the epoch.",
			series: one(func(r *row) (float64, bool) { return unixTime(r.c.Started), !r.c.Started.IsZero() })},
		{name: "lxcdeck_container_autostart", help: "1 if lxc.start.auto is set, else 0.",
			series: config(func(c *runtime.Config) bool { return c.Autostart })},
		{name: "lxcdeck_container_unprivileged", help: "1 if the container has an id map, else 0.",
			series: config(func(c *runtime.Config) bool { return c.Unprivileged })},
		{name: "lxcdeck_container_locked", help: "1 if the container is locked against changes, else 0.",
			series: one(func(r *row) (float64, bool) { return truth(r.c.Lock != nil, true) })},
		{name: "lxcdeck_container_frozen", help: "1 if the cgroup freezer holds the container, else 0.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Frozen })},
	}, append(ofCPU(), append(ofMemory(), ofTraffic()...)...)...)
}

func ofCPU() []family {
	return []family{
		{name: "lxcdeck_container_cpu_usage_seconds_total", help: "CPU time used.", counter: true,
			series: seconds(func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })},
		{name: "lxcdeck_container_cpu_seconds_total", help: "CPU time used, in user and system mode.", counter: true, label: "mode", series: []series{
			{"system", scaled(1e9, func(s *runtime.Sample) runtime.Value { return s.CPU.System })},
			{"user", scaled(1e9, func(s *runtime.Sample) runtime.Value { return s.CPU.User })},
		}},
		{name: "lxcdeck_container_cpu_periods_total", help: "Enforcement periods of the CPU quota that have passed.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.CPU.Periods })},
		{name: "lxcdeck_container_cpu_throttled_periods_total", help: "Enforcement periods in which the CPU quota was used up.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.CPU.Throttled })},
		{name: "lxcdeck_container_cpu_throttled_seconds_total", help: "Time for which the CPU quota kept the container from running.", counter: true,
			series: seconds(func(s *runtime.Sample) runtime.Value { return s.CPU.ThrottledTime })},
		{name: "lxcdeck_container_cpu_limit_cores", help: "CPU quota in cores; no series without one.",
			series: one(func(r *row) (float64, bool) { return r.s.CPU.QuotaCores().Get() })},
		{name: "lxcdeck_container_cpu_weight", help: "Share of CPU under contention: cpu.weight, on cgroup v1 cpu.shares.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.CPU.Weight })},
		{name: "lxcdeck_container_cpuset_cpus", help: "How many CPUs the container's cpuset allows.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.CPU.CPUs })},
	}
}

func ofMemory() []family {
	return []family{
		{name: "lxcdeck_container_memory_bytes", help: "Memory in use less inactive file cache.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.WorkingSet })},
		{name: "lxcdeck_container_memory_usage_bytes", help: "Memory in use as the kernel counts it, file cache included.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.Usage })},
		{name: "lxcdeck_container_memory_limit_bytes", help: "Memory limit; no series without one.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.Limit })},
		{name: "lxcdeck_container_memory_high_bytes", help: "Memory above which the kernel slows the container down (memory.high); no series without one.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.High })},
		{name: "lxcdeck_container_memory_anon_bytes", help: "Memory that no file stands behind.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.Anon })},
		{name: "lxcdeck_container_memory_file_bytes", help: "File cache, active and inactive.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.File })},
		{name: "lxcdeck_container_memory_kernel_bytes", help: "Memory of the kernel for the container.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.Kernel })},
		{name: "lxcdeck_container_swap_bytes", help: "Swap in use.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.Swap })},
		{name: "lxcdeck_container_swap_limit_bytes", help: "Swap limit; no series without one.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.SwapLimit })},
		{name: "lxcdeck_container_oom_kills_total", help: "Processes that the kernel killed as memory ran out.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.OOMKills })},
		{name: "lxcdeck_container_memory_limit_hits_total", help: "How often the memory limit was hit.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.FailedLimit })},
		{name: "lxcdeck_container_memory_high_hits_total", help: "How often the container was slowed down for being above memory.high.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Memory.OverHigh })},
	}
}

func ofTraffic() []family {
	return []family{
		{name: "lxcdeck_container_io_read_bytes_total", help: "Bytes read from block devices, all together.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.IO.ReadBytes })},
		{name: "lxcdeck_container_io_write_bytes_total", help: "Bytes written to block devices; buffered writes are not in it on cgroup v1.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.IO.WriteBytes })},
		{name: "lxcdeck_container_io_reads_total", help: "Read operations on block devices.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.IO.ReadOps })},
		{name: "lxcdeck_container_io_writes_total", help: "Write operations on block devices.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.IO.WriteOps })},
		{name: "lxcdeck_container_network_receive_bytes_total", help: "Bytes received on all interfaces but lo, as the container sees them.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Net.RxBytes })},
		{name: "lxcdeck_container_network_transmit_bytes_total", help: "Bytes sent on all interfaces but lo, as the container sees them.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Net.TxBytes })},
		{name: "lxcdeck_container_network_receive_packets_total", help: "Packets received on all interfaces but lo.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Net.RxPackets })},
		{name: "lxcdeck_container_network_transmit_packets_total", help: "Packets sent on all interfaces but lo.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Net.TxPackets })},
		{name: "lxcdeck_container_tasks", help: "Processes and threads.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Pids.Current })},
		{name: "lxcdeck_container_tasks_limit", help: "Limit of processes and threads (pids.max); no series without one.",
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Pids.Max })},
		{name: "lxcdeck_container_tasks_refused_total", help: "How often a fork was refused: by its limit since Linux 6.11, before that to processes in the container's own cgroup.", counter: true,
			series: plain(func(s *runtime.Sample) runtime.Value { return s.Pids.Refused })},
		{name: "lxcdeck_container_pressure_cpu_seconds_total", help: pressureHelp + "CPU.", counter: true, label: "kind",
			series: pressure(func(s *runtime.Sample) *runtime.Pressure { return &s.PSI.CPU })},
		{name: "lxcdeck_container_pressure_memory_seconds_total", help: pressureHelp + "memory.", counter: true, label: "kind",
			series: pressure(func(s *runtime.Sample) *runtime.Pressure { return &s.PSI.Memory })},
		{name: "lxcdeck_container_pressure_io_seconds_total", help: pressureHelp + "I/O.", counter: true, label: "kind",
			series: pressure(func(s *runtime.Sample) *runtime.Pressure { return &s.PSI.IO })},
	}
}

const pressureHelp = "Time in which some, or all (full), of the tasks waited for "

func pressure(get func(*runtime.Sample) *runtime.Pressure) []series {
	return []series{
		{"full", scaled(1e6, func(s *runtime.Sample) runtime.Value { return get(s).Full.Total })},
		{"some", scaled(1e6, func(s *runtime.Sample) runtime.Value { return get(s).Some.Total })},
	}
}

// unixTime is seconds since the epoch.
func unixTime(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
