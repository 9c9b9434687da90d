package runtime

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limiter knows and sets the limits of containers.
type Limiter interface {
	// Limits gives what limits a container, in its cgroup and in its config, and what
	// it uses. SetLimits changes them.
	Limits(context.Context, Ref) (LimitReport, error)
}

// The limits, by their files in cgroup v2 (Documentation/admin-guide/cgroup-v2.rst).
// Values have that syntax on cgroup v1 too, where they are translated.
const (
	LimitCPU        = "cpu.max"         // "QUOTA PERIOD" in microseconds, or "max"
	LimitCPUWeight  = "cpu.weight"      // 1 to 10000; 100 if nothing is set
	LimitCPUs       = "cpuset.cpus"     // "0-3,5"
	LimitMemory     = "memory.max"      // bytes, or "max"
	LimitMemoryHigh = "memory.high"     // the same; v2 alone
	LimitSwap       = "memory.swap.max" // the same, of swap alone
	LimitPids       = "pids.max"        // count, or "max"
	LimitIOWeight   = "io.weight"       // 1 to 10000; 100 if nothing is set
	LimitIO         = "io.max"          // of one device: "rbps=N wbps=N riops=N wiops=N", N a second or "max"
)

// LimitNames gives them all, in the order of forms.
func LimitNames() []string {
	return []string{LimitCPU, LimitCPUWeight, LimitCPUs, LimitMemory, LimitMemoryHigh, LimitSwap, LimitPids, LimitIOWeight, LimitIO}
}

// LimitReport is what limits a container.
type LimitReport struct {
	Running bool // it has a cgroup: Live and Used are what that says
	Limits  []LimitState
	Devices []LimitDevice // whole disks that io.max can be set of
}

// LimitDevice is a disk of the host.
type LimitDevice struct {
	Number string // "8:0"
	Name   string // "sda"
}

// LimitState is one limit of a container; io.max has one for each device that it is
// set of, and one without a device.
type LimitState struct {
	Name   string
	Device string // of io.max: "8:0"; "" = the kernel has none set
	Live   string // what its cgroup says; "" = it is not running, or Why
	Config string // what its config says last, includes too; "" = nothing
	Key    string // what the config calls it here: "lxc.cgroup2.memory.max"
	Used   Value  // what of it is in use: bytes, or a count
	Why    string // why it cannot be set on this host; "" = it can
}

// SetLimitsArgs are limits to set, in the cgroup of a running container and in its
// config. What is not named stays.
type SetLimitsArgs struct {
	Set []LimitSetting
	// Was are the same limits as whoever asks has seen them, for who takes that back.
	// Nobody looks at it who sets limits.
	Was []LimitSetting
}

// LimitSetting is one of them.
type LimitSetting struct {
	Name   string // one of LimitNames
	Device string // of io.max, "8:0"; else ""
	// Value is what it becomes; "" = as it is without a setting: the line goes from
	// the config, and the cgroup gets the kernel's default.
	Value string
}

// Check refuses what no kernel takes.
func (a *SetLimitsArgs) Check() error {
	if len(a.Set) == 0 {
		return fmt.Errorf("%w: no limit is named", ErrInvalid)
	}
	for i := range a.Set {
		s := &a.Set[i]
		if err := s.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(a.Set[:i], func(t LimitSetting) bool { return t.Name == s.Name && t.Device == s.Device }) {
			return fmt.Errorf("%w: %s is set twice", ErrInvalid, s.what())
		}
	}
	return nil
}

// LXCCommand is empty: lxc-cgroup(1) changes a running container's cgroup, and
// nothing keeps that.
func (a *SetLimitsArgs) LXCCommand(Op, Ref) string { return "" }

// what is the limit, with its device.
func (s *LimitSetting) what() string {
	if s.Device == "" {
		return s.Name
	}
	return s.Name + " of " + s.Device
}

func (s *LimitSetting) check() error {
	bad := func(why string) error { return fmt.Errorf("%w: %s: %q: %s", ErrInvalid, s.what(), s.Value, why) }
	if (s.Device != "") != (s.Name == LimitIO) || s.Device != "" && !isDeviceNumber(s.Device) {
		return fmt.Errorf("%w: %s: device %q; io.max is of a device, MAJOR:MINOR, and nothing else is", ErrInvalid, s.Name, s.Device)
	}
	if s.Value == "" {
		if !slices.Contains(LimitNames(), s.Name) {
			return fmt.Errorf("%w: %q is no limit", ErrInvalid, s.Name)
		}
		return nil
	}
	switch s.Name {
	case LimitCPU:
		if _, _, ok := CPUMax(s.Value); !ok {
			return bad("max, or QUOTA PERIOD in microseconds: the quota from 1000, the period from 1000 to 1000000")
		}
	case LimitCPUWeight, LimitIOWeight:
		if n, err := strconv.ParseUint(s.Value, 10, 64); err != nil || n < 1 || n > 10000 {
			return bad("a weight is a number from 1 to 10000")
		}
	case LimitCPUs:
		if !isCPUList(s.Value) {
			return bad("a list of CPUs looks like 0-3,5")
		}
	case LimitMemory, LimitMemoryHigh, LimitSwap, LimitPids:
		if v := LimitValue(s.Value); v.Absent() {
			return bad("a number from 0 on, or none")
		}
	case LimitIO:
		if _, ok := IOMax(s.Value); !ok {
			return bad("rbps=, wbps=, riops= and wiops= with a number above 0 or max")
		}
	default:
		return fmt.Errorf("%w: %q is no limit", ErrInvalid, s.Name)
	}
	return nil
}

// LimitValue reads a limit that is a number or "max"; absent = it is neither.
func LimitValue(text string) Value {
	if text == "max" {
		return Unlimited()
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return Value{}
	}
	return Of(n)
}

// CPUMax reads a value of cpu.max: quota and period in microseconds.
func CPUMax(text string) (quota Value, period uint64, ok bool) {
	f := strings.Fields(text)
	if len(f) == 0 || len(f) > 2 {
		return Value{}, 0, false
	}
	period = cpuPeriod
	if len(f) == 2 {
		n, err := strconv.ParseUint(f[1], 10, 32)
		if err != nil || n < 1000 || n > 1_000_000 {
			return Value{}, 0, false
		}
		period = n
	}
	quota = LimitValue(f[0])
	if n, some := quota.Get(); quota.Absent() || some && n < 1000 {
		return Value{}, 0, false
	}
	return quota, period, true
}

// cpuPeriod is the kernel's default period of CPU quotas, in microseconds.
const cpuPeriod = 100_000

// CPUMaxOf is the value of cpu.max that gives a number of cores.
func CPUMaxOf(cores float64) string {
	return strconv.FormatUint(max(1000, uint64(cores*cpuPeriod+0.5)), 10) + " " + strconv.Itoa(cpuPeriod)
}

// IOMaxKeys are the parts of a value of io.max, in the kernel's order.
func IOMaxKeys() [4]string { return [4]string{"rbps", "wbps", "riops", "wiops"} }

// IOMax reads a value of io.max, without its device: bytes read and written, and
// operations, a second. Parts that are not named are absent.
func IOMax(text string) (parts [4]Value, ok bool) {
	keys := IOMaxKeys()
	for _, f := range strings.Fields(text) {
		key, value, cut := strings.Cut(f, "=")
		i := slices.Index(keys[:], key)
		if !cut || i < 0 || !parts[i].Absent() {
			return parts, false
		}
		parts[i] = LimitValue(value)
		if n, some := parts[i].Get(); parts[i].Absent() || some && n == 0 {
			return parts, false
		}
	}
	return parts, text != ""
}

// IOMaxOf is the value of io.max with these parts; absent ones are left out.
func IOMaxOf(parts [4]Value) string {
	var words []string
	for i, key := range IOMaxKeys() {
		switch n, some := parts[i].Get(); {
		case some:
			words = append(words, key+"="+strconv.FormatUint(n, 10))
		case parts[i].IsUnlimited():
			words = append(words, key+"=max")
		}
	}
	return strings.Join(words, " ")
}

func isDeviceNumber(s string) bool {
	major, minor, ok := strings.Cut(s, ":")
	if !ok {
		return false
	}
	for _, n := range []string{major, minor} {
		if v, err := strconv.ParseUint(n, 10, 32); err != nil || strconv.FormatUint(v, 10) != n {
			return false
		}
	}
	return true
}

// isCPUList says whether it is a list as of cpuset(7).
func isCPUList(s string) bool {
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.ParseUint(from, 10, 16)
		if err != nil {
			return false
		}
		if isRange {
			b, err := strconv.ParseUint(to, 10, 16)
			if err != nil || cmp.Compare(a, b) > 0 {
				return false
			}
		}
	}
	return true
}
