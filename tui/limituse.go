package tui

import (
	"slices"
	"strconv"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// inUse is what stands beside a limit in the form: what the container uses of it now,
// of several the one that uses most. "" = it is not known.
func (x *limiting) inUse(name, device string) string {
	most, some := 0.0, false
	for i := range x.all {
		if n, ok := x.uses(i, name, device); ok && (!some || n > most) {
			most, some = n, true
		}
	}
	if !some {
		return ""
	}
	words := "uses "
	if len(x.all) > 1 {
		words = "up to "
	}
	switch name {
	case runtime.LimitCPU:
		return words + strconv.FormatFloat(most, 'f', 2, 64) + " cores"
	case runtime.LimitPids:
		return words + views.Count(uint64(most))
	case runtime.LimitIO:
		return words + views.Bytes(uint64(most)) + "/s"
	default:
		return words + views.Bytes(uint64(most))
	}
}

// uses is what one container uses of a limit: cores, bytes, a count, or bytes a second.
// It is the newest reading's, or what was found when the form was opened.
func (x *limiting) uses(i int, name, device string) (float64, bool) {
	c, h := &x.all[i], x.m.hist
	t := h.of(c.Ref)
	if t == nil || t.err != nil || t.sample.At.IsZero() || t.sample.InitPID != c.InitPID {
		l := x.state(i, name, device)
		n, ok := l.Used.Get()
		return float64(n), ok
	}
	var n runtime.Value
	switch name {
	case runtime.LimitCPU:
		cpu, ok := t.usage.CPU.Get()
		return cpu / 100, ok
	case runtime.LimitMemory, runtime.LimitMemoryHigh:
		n = t.sample.Memory.Usage
	case runtime.LimitSwap:
		n = t.sample.Memory.Swap
	case runtime.LimitPids:
		n = t.sample.Pids.Current
	case runtime.LimitIO:
		parts := h.parts.state(c.Ref, c.InitPID, t)
		if parts == nil {
			return 0, false
		}
		disk := slices.IndexFunc(x.rep[0].Devices, func(d runtime.LimitDevice) bool { return d.Number == device })
		for i := range parts.Devices {
			d := &parts.Devices[i]
			in, ok := d.In.Get()
			out, too := d.Out.Get()
			if disk >= 0 && d.Name == x.rep[0].Devices[disk].Name {
				return in + out, ok && too
			}
		}
		return 0, false
	}
	bytes, ok := n.Get()
	return float64(bytes), ok
}
