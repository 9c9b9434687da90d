package lxc

import (
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// Where a limit is, and how its values are written there: under its own name on
// cgroup v2, and translated on v1 (Documentation/admin-guide/cgroup-v1).

// limitPlace is where this host has a limit.
type limitPlace struct {
	name string
	v1   bool
	why  string // why it is nowhere; "" = it is somewhere
}

// limitWrite is one value for one file of a cgroup.
type limitWrite struct{ file, value string }

// onlineCPUs lists the CPUs that there are (sysfs-devices-system-cpu).
const onlineCPUs = "/sys/devices/system/cpu/online"

// noLimitV1 is what v1 gives where no limit is set: the largest multiple of a page.
const noLimitV1 = 1<<63 - 4096

// limitPlaceOf finds where a limit is; a hybrid host decides for each controller.
func limitPlaceOf(mounts *cgroup.Mounts, name string) limitPlace {
	p := limitPlace{name: name}
	controller, _, _ := strings.Cut(name, ".")
	old := map[string]string{"io": "blkio"}[controller]
	if old == "" {
		old = controller
	}
	switch {
	case len(mounts.V1[old]) > 0:
		p.v1 = true
		switch name {
		case runtime.LimitMemoryHigh:
			p.why = "cgroup v1 has no such limit"
		case runtime.LimitIOWeight:
			p.why = "on cgroup v1 it belongs to the disk's scheduler"
		case runtime.LimitSwap:
			if !v1Has(mounts.V1[old], "memory.memsw.limit_in_bytes") {
				p.why = "the kernel does not count swap (swapaccount=0)"
			}
		}
	case hasController(mounts.Unified, controller):
	default:
		p.why = "the kernel has no " + controller + " controller here"
	}
	return p
}

func v1Has(at []cgroup.Mount, file string) bool {
	return len(at) > 0 && exists(filepath.Join(at[0].Dir, file))
}

// prefix is what the config puts before the name of a file.
func (p *limitPlace) prefix() string {
	if p.v1 {
		return "lxc.cgroup."
	}
	return "lxc.cgroup2."
}

// files are those that hold the limit.
func (p *limitPlace) files() []string {
	if !p.v1 {
		return []string{p.name}
	}
	switch p.name {
	case runtime.LimitCPU:
		return []string{"cpu.cfs_period_us", "cpu.cfs_quota_us"}
	case runtime.LimitCPUWeight:
		return []string{"cpu.shares"}
	case runtime.LimitMemory:
		return []string{"memory.limit_in_bytes"}
	case runtime.LimitSwap:
		return []string{"memory.memsw.limit_in_bytes"}
	case runtime.LimitIO:
		return []string{"blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device", "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"}
	default:
		return []string{p.name}
	}
}

// key is what the config calls it.
func (p *limitPlace) key() string {
	files := p.files()
	return p.prefix() + files[len(files)-1]
}

// said is the limit in the syntax of v2, from what its files hold: lines of each, in
// the order of files. "" = they do not say. memory is the limit on memory, which v1
// takes off that on both.
func (p *limitPlace) said(device string, memory runtime.Value, held ...[]string) string {
	last := func(i int) string {
		if i >= len(held) || len(held[i]) == 0 {
			return ""
		}
		return strings.TrimSpace(held[i][len(held[i])-1])
	}
	switch {
	case p.name == runtime.LimitIO:
		return p.ioSaid(device, held)
	case p.name == runtime.LimitIOWeight:
		for _, line := range held[0] {
			if n, ok := strings.CutPrefix(line, "default "); ok {
				return n
			}
		}
		return last(0)
	case !p.v1:
		return last(0)
	}
	switch p.name {
	case runtime.LimitCPU:
		quota, period := last(1), last(0)
		if strings.HasPrefix(quota, "-") {
			quota = "max"
		}
		return strings.TrimSpace(quota + " " + period)
	case runtime.LimitCPUWeight:
		n, err := strconv.ParseUint(last(0), 10, 32)
		if err != nil {
			return ""
		}
		return strconv.FormatUint(min(10000, max(1, (n*100+512)/1024)), 10)
	case runtime.LimitMemory, runtime.LimitSwap:
		n, err := strconv.ParseUint(last(0), 10, 64)
		switch {
		case strings.HasPrefix(last(0), "-"):
			return "max"
		case err != nil:
			return last(0) // with a unit, as a config may say it
		case n >= noLimitV1:
			return "max"
		}
		if p.name == runtime.LimitSwap {
			m, ok := memory.Get()
			if !ok || m > n {
				return ""
			}
			n -= m
		}
		return strconv.FormatUint(n, 10)
	default:
		return last(0)
	}
}

// ioSaid puts the limits of a device together.
func (p *limitPlace) ioSaid(device string, held [][]string) string {
	var parts [4]runtime.Value
	for i, lines := range held {
		for _, line := range lines {
			number, value, ok := strings.Cut(strings.TrimSpace(line), " ")
			if !ok || number != device {
				continue
			}
			if p.v1 {
				parts[i] = runtime.LimitValue(value)
				if n, some := parts[i].Get(); some && n == 0 {
					parts[i] = runtime.Unlimited()
				}
				continue
			}
			all, _ := runtime.IOMax(value) // what is not understood gives none
			for k := range all {
				if !all[k].Absent() {
					parts[k] = all[k]
				}
			}
		}
	}
	for i := range parts {
		if parts[i].IsUnlimited() {
			parts[i] = runtime.Value{}
		}
	}
	return runtime.IOMaxOf(parts)
}

// devicesOf are those that the lines of io.max, or of the files of v1, name.
func devicesOf(held [][]string) []string {
	var all []string
	seen := map[string]bool{}
	for _, lines := range held {
		for _, line := range lines {
			number, _, ok := strings.Cut(strings.TrimSpace(line), " ")
			if ok && !seen[number] && strings.Contains(number, ":") {
				seen[number] = true
				all = append(all, number)
			}
		}
	}
	return all
}

// writes are what sets the limit, in order. "" is the kernel's default. memory is the
// limit on memory that holds then.
func (p *limitPlace) writes(s *runtime.LimitSetting, memory runtime.Value) ([]limitWrite, error) {
	if p.why != "" {
		return nil, fmt.Errorf("%w: %s: %s", runtime.ErrUnsupported, s.Name, p.why)
	}
	files := p.files()
	if s.Name == runtime.LimitIO {
		return p.ioWrites(s)
	}
	value := s.Value
	if value == "" {
		value = map[string]string{
			runtime.LimitCPU: "max 100000", runtime.LimitCPUWeight: "100", runtime.LimitIOWeight: "100",
		}[s.Name]
		if value == "" {
			value = "max"
		}
	}
	if s.Name == runtime.LimitCPUs && s.Value == "" { // one with processes in it must have some
		online, err := os.ReadFile(onlineCPUs)
		if err != nil {
			return nil, fmt.Errorf("which CPUs there are: %w", fileErr(err))
		}
		value = strings.TrimSpace(string(online))
	}
	if !p.v1 {
		if s.Name == runtime.LimitIOWeight {
			value = "default " + value
		}
		return []limitWrite{{files[0], value}}, nil
	}
	switch s.Name {
	case runtime.LimitCPU:
		quota, period, _ := runtime.CPUMax(value)
		text := "-1"
		if n, some := quota.Get(); some {
			text = strconv.FormatUint(n, 10)
		}
		// A quota that is left in the way could be more than the new period allows.
		return []limitWrite{{files[1], "-1"}, {files[0], strconv.FormatUint(period, 10)}, {files[1], text}}, nil
	case runtime.LimitCPUWeight:
		n, _ := strconv.ParseUint(value, 10, 32)
		return []limitWrite{{files[0], strconv.FormatUint(max(2, n*1024/100), 10)}}, nil
	case runtime.LimitMemory, runtime.LimitSwap:
		v := runtime.LimitValue(value)
		n, some := v.Get()
		if some && s.Name == runtime.LimitSwap {
			m, ok := memory.Get()
			if !ok {
				return nil, fmt.Errorf("%w: cgroup v1 limits memory and swap together: set a limit on memory first", runtime.ErrUnsupported)
			}
			sum, over := bits.Add64(n, m, 0)
			if over != 0 || sum > noLimitV1 {
				sum = noLimitV1
			}
			n = sum
		}
		value = "-1"
		if some {
			value = strconv.FormatUint(n, 10)
		}
	}
	return []limitWrite{{files[0], value}}, nil
}

// ioWrites set the limits of one device. What the value does not name has none.
func (p *limitPlace) ioWrites(s *runtime.LimitSetting) ([]limitWrite, error) {
	parts, _ := runtime.IOMax(s.Value) // "" gives none
	for i := range parts {
		if parts[i].Absent() {
			parts[i] = runtime.Unlimited()
		}
	}
	if !p.v1 {
		return []limitWrite{{p.name, s.Device + " " + runtime.IOMaxOf(parts)}}, nil
	}
	var all []limitWrite
	for i, file := range p.files() {
		all = append(all, limitWrite{file, s.Device + " " + strconv.FormatUint(parts[i].Or(0), 10)})
	}
	return all, nil
}
