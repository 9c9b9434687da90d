package host

import (
	"bytes"
	"math"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// tick is the unit of /proc/stat: USER_HZ is 100 on every architecture Go
// runs Linux on (proc_stat(5), sysconf(_SC_CLK_TCK)).
const tick = uint64(10 * time.Millisecond)

// cpuTimes is one cpu line of /proc/stat, in nanoseconds.
type cpuTimes struct{ busy, total, steal, iowait runtime.Value }

// parseStat reads the cpu lines of /proc/stat (proc_stat(5)), which come
// first; the per-CPU busy times are appended to per, their steal times to stolen. CPUs that are
// offline have no line: gaps says that the places are not the CPUs' numbers. ended
// says that something followed them: the text was not cut short among them.
func parseStat(b []byte, per, stolen []runtime.Value) (all cpuTimes, _, _ []runtime.Value, gaps, ended bool) {
	for len(b) > 0 {
		if bytes.IndexByte(b, '\n') < 0 {
			break
		}
		var l []byte
		l, b = kernfile.Line(b)
		name, l := kernfile.Word(l)
		if !bytes.HasPrefix(name, []byte("cpu")) {
			return all, per, stolen, gaps, true
		}
		if len(name) == len("cpu") {
			all = parseTimes(l)
			continue
		}
		number, rest, ok := kernfile.Digits(name[len("cpu"):])
		gaps = gaps || !ok || len(rest) > 0 || number != uint64(len(per))
		one := parseTimes(l)
		per, stolen = append(per, one.busy), append(stolen, one.steal)
	}
	return all, per, stolen, gaps, false
}

// parseTimes reads user, nice, system, idle, iowait, irq, softirq, steal,
// guest and guest_nice. The last two are left out: the kernel has counted them
// in user and nice already. Kernels before 2.6.11 give fewer; what is missing
// then counts as 0.
func parseTimes(l []byte) cpuTimes {
	const idle, iowait, steal, guest = 3, 4, 7, 8
	zero := runtime.Of(0)
	t := cpuTimes{busy: zero, total: zero, steal: zero, iowait: zero}
	for i := range guest {
		var w []byte
		if w, l = kernfile.Word(l); len(w) == 0 {
			if i <= idle {
				return cpuTimes{}
			}
			break
		}
		v, _ := kernfile.Exact(w)
		v = kernfile.Times(v, tick)
		t.total = kernfile.Plus(t.total, v)
		switch i {
		case idle:
		case iowait:
			t.iowait = v
		case steal:
			t.steal = v
			t.busy = kernfile.Plus(t.busy, v)
		default:
			t.busy = kernfile.Plus(t.busy, v)
		}
	}
	if t.total.Absent() || t.busy.Absent() {
		return cpuTimes{}
	}
	return t
}

// parseMeminfo reads /proc/meminfo (proc_meminfo(5)), which counts in kB of
// 1024 bytes. MemAvailable came with Linux 3.14.
func parseMeminfo(b []byte, s *runtime.HostSample) {
	s.MemTotal, s.MemFree, s.SwapTotal, s.SwapFree = runtime.Value{}, runtime.Value{}, runtime.Value{}, runtime.Value{}
	for len(b) > 0 {
		var l []byte
		l, b = kernfile.Line(b)
		key, l := kernfile.Word(l)
		var into *runtime.Value
		switch string(key) {
		case "MemTotal:":
			into = &s.MemTotal
		case "MemAvailable:":
			into = &s.MemFree
		case "SwapTotal:":
			into = &s.SwapTotal
		case "SwapFree:":
			into = &s.SwapFree
		default:
			continue
		}
		w, l := kernfile.Word(l)
		unit, _ := kernfile.Word(l)
		if v, ok := kernfile.Exact(w); ok && string(unit) == "kB" {
			*into = kernfile.Times(v, 1024)
		}
	}
}

// parseLoad reads the three averages of /proc/loadavg (proc_loadavg(5)).
func parseLoad(b []byte) (load [3]float64, ok bool) {
	for i := range load {
		var w []byte
		w, b = kernfile.Word(b)
		if load[i], ok = kernfile.Decimal(w); !ok {
			return [3]float64{}, false
		}
	}
	return load, true
}

// parseUptime reads the seconds since boot in /proc/uptime (proc_uptime(5));
// 0 when they make no sense.
func parseUptime(b []byte) time.Duration {
	w, _ := kernfile.Word(b)
	sec, ok := kernfile.Decimal(w)
	if !ok || sec >= math.MaxInt64/float64(time.Second) {
		return 0
	}
	return time.Duration(sec * float64(time.Second))
}
