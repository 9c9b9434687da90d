package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// limitKey is a limit with its device.
type limitKey struct{ name, device string }

// Limits gives those of the container's Load and what was set since, under the names
// of cgroup v2; the config says what was set.
func (r *Runtime) Limits(ctx context.Context, ref runtime.Ref) (runtime.LimitReport, error) {
	if err := r.enter(ctx, Limit, ref); err != nil {
		return runtime.LimitReport{}, wrap("limits", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return runtime.LimitReport{}, wrap("limits", ref, runtime.ErrNotFound)
	}
	rep := runtime.LimitReport{
		Running: b.spec.State.Alive(),
		Devices: []runtime.LimitDevice{{Number: "253:0", Name: "dm-0"}, {Number: "254:0", Name: "vda"}},
	}
	sample := runtime.Sample{}
	if rep.Running {
		b.spec.Load.cheap(b.active, b.phase, &sample)
	}
	for _, name := range runtime.LimitNames() {
		if name == runtime.LimitIO {
			for _, k := range slices.SortedFunc(maps.Keys(b.limits), func(x, y limitKey) int { return strings.Compare(x.device, y.device) }) {
				if k.device != "" {
					rep.Limits = append(rep.Limits, b.limit(k, rep.Running, &sample))
				}
			}
		}
		rep.Limits = append(rep.Limits, b.limit(limitKey{name: name}, rep.Running, &sample))
	}
	return rep, nil
}

// limit is one limit.
func (b *box) limit(k limitKey, runs bool, s *runtime.Sample) runtime.LimitState {
	l := runtime.LimitState{Name: k.name, Device: k.device, Key: "lxc.cgroup2." + k.name, Config: b.limits[k]}
	if !runs {
		return l
	}
	switch k.name {
	case runtime.LimitMemory, runtime.LimitMemoryHigh:
		l.Used = s.Memory.Usage
	case runtime.LimitSwap:
		l.Used = s.Memory.Swap
	case runtime.LimitPids:
		l.Used = s.Pids.Current
	}
	load := &b.spec.Load
	orMax := func(n uint64) string {
		if n == 0 {
			return "max"
		}
		return strconv.FormatUint(n, 10)
	}
	switch k.name {
	case runtime.LimitCPU:
		l.Live = "max 100000"
		if load.Quota > 0 {
			l.Live = runtime.CPUMaxOf(load.Quota)
		}
	case runtime.LimitMemory:
		l.Live = orMax(load.Limit)
	case runtime.LimitPids:
		l.Live = orMax(load.PidsMax)
	case runtime.LimitCPUWeight, runtime.LimitIOWeight:
		l.Live = "100"
	case runtime.LimitMemoryHigh, runtime.LimitSwap:
		l.Live = "max"
	}
	if set := b.limits[k]; set != "" {
		l.Live = set
	}
	return l
}

// setLimits changes them, in the config too, of which the version before is kept. The
// simulated kernel has no more than 64 CPUs. Callers hold r.mu.
func (r *Runtime) setLimits(b *box, a *runtime.SetLimitsArgs) error {
	for _, s := range a.Set {
		if s.Name != runtime.LimitCPUs {
			continue
		}
		if last, err := strconv.Atoi(s.Value[strings.LastIndexAny(s.Value, "-,")+1:]); err == nil && last >= 64 {
			return fmt.Errorf("the kernel does not take %s = %s: numerical result out of range", s.Name, s.Value)
		}
	}
	f, err := r.conf(runtime.ConfigOf{Ref: b.spec.Ref})
	if err != nil {
		return err
	}
	text, err := limited(f.text, a.Set)
	if err != nil {
		return err
	}
	if b.limits == nil {
		b.limits = map[limitKey]string{}
	}
	load := &b.spec.Load
	for _, s := range a.Set {
		k := limitKey{s.Name, s.Device}
		b.limits[k] = s.Value
		if s.Value == "" {
			delete(b.limits, k)
		}
		switch s.Name {
		case runtime.LimitMemory:
			load.Limit = runtime.LimitValue(s.Value).Or(0)
		case runtime.LimitPids:
			load.PidsMax = runtime.LimitValue(s.Value).Or(0)
		case runtime.LimitCPU:
			load.Quota = 0
			if quota, period, ok := runtime.CPUMax(s.Value); ok {
				load.Quota = float64(quota.Or(0)) / float64(period)
			}
		}
	}
	if text == f.text {
		return nil
	}
	if f.init == b.spec.InitPID && f.init > 0 { // the cgroup has them already
		if f.ran, err = limited(f.ran, a.Set); err != nil {
			return err
		}
	}
	f.keep(r.Now())
	f.text, b.spec.ConfigText = text, text
	b.edits++
	return nil
}

// limited is a config with limits.
func limited(text string, set []runtime.LimitSetting) (string, error) {
	f := conf.Parse("config", []byte(text))
	for _, s := range set {
		key := "lxc.cgroup2." + s.Name
		for i := len(f.Lines) - 1; i >= 0; i-- {
			l := &f.Lines[i]
			device, _, _ := strings.Cut(l.Value, " ")
			if l.Key != key || s.Device != "" && device != s.Device {
				continue
			}
			if err := f.Delete(i + 1); err != nil {
				return "", err
			}
		}
		if s.Value == "" {
			continue
		}
		if _, err := f.Append(key, strings.TrimSpace(s.Device+" "+s.Value)); err != nil {
			return "", err
		}
	}
	return string(f.Bytes()), nil
}
