package metrics

import (
	"strconv"

	dto "github.com/prometheus/client_model/go"

	"lxcdeck/runtime"
)

// single is a figure of the host or of the scrape itself.
type single struct {
	name, help string
	counter    bool
	label      []string // name and value; nil = none
	value      float64
	absent     bool
}

func value(v runtime.Value, by float64) (float64, bool) {
	n, ok := v.Get()
	return float64(n) / by, !ok
}

// ofHost are the figures of the host; those of one name stand together.
func ofHost(h *runtime.HostSample) []single {
	var all []single
	put := func(name, help string, counter bool, v runtime.Value, by float64, label ...string) {
		n, absent := value(v, by)
		all = append(all, single{"lxcdeck_host_" + name, help, counter, label, n, absent})
	}
	put("cpus", "CPUs that are online.", false, count(h.CPUs), 1)
	put("cpu_seconds_total", "Time of all CPUs together, idle or not.", true, h.Total, 1e9)
	put("cpu_busy_seconds_total", "Time in which CPUs were not idle.", true, h.Busy, 1e9)
	put("cpu_steal_seconds_total", "Time that the hypervisor gave to others.", true, h.Steal, 1e9)
	put("cpu_iowait_seconds_total", "Idle time of CPUs with block I/O under way.", true, h.IOWait, 1e9)
	put("memory_total_bytes", "Memory.", false, h.MemTotal, 1)
	put("memory_available_bytes", "Memory that can be had without swapping (MemAvailable).", false, h.MemFree, 1)
	put("swap_total_bytes", "Swap.", false, h.SwapTotal, 1)
	put("swap_free_bytes", "Swap that is not in use.", false, h.SwapFree, 1)
	put("disk_total_bytes", "Size of the file system of the first lxcpath.", false, h.DiskTotal, 1)
	put("disk_available_bytes", "What users other than root can have of the file system of the first lxcpath.", false, h.DiskFree, 1)
	for i, minutes := range []int{1, 5, 15} {
		all = append(all, single{"lxcdeck_host_load" + strconv.Itoa(minutes), "Load average over this many minutes.", false, nil, h.Load[i], !h.LoadRead})
	}
	for _, p := range []struct {
		name, words string
		of          *runtime.Pressure
	}{{"cpu", "CPU.", &h.PSI.CPU}, {"memory", "memory.", &h.PSI.Memory}, {"io", "I/O.", &h.PSI.IO}} {
		put("pressure_"+p.name+"_seconds_total", pressureHelp+p.words, true, p.of.Full.Total, 1e6, "kind", "full")
		put("pressure_"+p.name+"_seconds_total", pressureHelp+p.words, true, p.of.Some.Total, 1e6, "kind", "some")
	}
	return append(all, single{"lxcdeck_host_uptime_seconds", "Time since the host has booted.", false, nil, h.Uptime.Seconds(), h.Uptime <= 0})
}

// count is a number of which zero means that it was not read.
func count(n int) runtime.Value {
	if n <= 0 {
		return runtime.Value{}
	}
	return runtime.Of(uint64(n))
}

// singles makes families of figures, of which those of one name follow each other.
func singles(all []single) []*dto.MetricFamily {
	var out []*dto.MetricFamily
	for i := range all {
		s := &all[i]
		if s.absent {
			continue
		}
		m := &dto.Metric{}
		for j := 0; j+1 < len(s.label); j += 2 {
			m.Label = append(m.Label, pair(s.label[j], s.label[j+1]))
		}
		if s.counter {
			m.Counter = &dto.Counter{Value: &s.value}
		} else {
			m.Gauge = &dto.Gauge{Value: &s.value}
		}
		if n := len(out); n == 0 || out[n-1].GetName() != s.name {
			out = append(out, head(s.name, s.help, s.counter))
		}
		f := out[len(out)-1]
		f.Metric = append(f.Metric, m)
	}
	return out
}

func head(name, help string, counter bool) *dto.MetricFamily {
	kind := dto.MetricType_GAUGE
	if counter {
		kind = dto.MetricType_COUNTER
	}
	return &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
}
