package cgroup

import (
	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

func (s *state) memoryUsage(b []byte) (ok bool) {
	s.sample.Memory.Usage, ok = number(b)
	return ok
}

const (
	// A change of memory in use by this share, between these bounds, is one
	// after which memory.stat is read again.
	moveShare = 64
	leastMove = 1 << 20
	mostMove  = 64 << 20
)

// moved says that memory in use has changed since memory.stat was read, so that
// its file cache tells nothing of now: usage of now less cache of then would show
// a file that was read as memory in use, and one that was forgotten as none.
// Below that the working set stays the one of then, which is as near.
func (s *state) moved() bool {
	now, ok := s.sample.Memory.Usage.Get()
	then, known := s.statOf.Get()
	if !ok || !known {
		return ok
	}
	return max(now, then)-min(now, then) > min(max(then/moveShare, leastMove), mostMove)
}

// workingSet is memory in use less inactive file cache, both of this read.
func (s *state) workingSet(inactive runtime.Value) bool {
	mem := &s.sample.Memory
	s.statOf = mem.Usage
	mem.WorkingSet = kernfile.Less(mem.Usage, inactive)
	return !inactive.Absent()
}

func (s *state) memoryMax(b []byte) (ok bool) {
	s.sample.Memory.Limit, ok = limit(b)
	return ok
}

func (s *state) memoryHigh(b []byte) (ok bool) {
	s.sample.Memory.High, ok = limit(b)
	return ok
}

func (s *state) memorySwap(b []byte) (ok bool) {
	s.sample.Memory.Swap, ok = number(b)
	return ok
}

func (s *state) memorySwapMax(b []byte) (ok bool) {
	s.sample.Memory.SwapLimit, ok = limit(b)
	return ok
}

// memoryStat is v2 memory.stat. "kernel" came with Linux 5.18; before, its
// parts are added up.
func (s *state) memoryStat(b []byte) bool {
	mem := &s.sample.Memory
	mem.Anon, mem.File, mem.Kernel = runtime.Value{}, runtime.Value{}, runtime.Value{}
	var inactive runtime.Value
	parts, found := runtime.Of(0), false
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			break
		}
		switch string(key) {
		case "anon":
			mem.Anon = v
		case "file":
			mem.File = v
		case "kernel":
			mem.Kernel = v
		case "inactive_file":
			inactive = v
		case "kernel_stack", "pagetables", "percpu", "slab":
			parts, found = kernfile.Plus(parts, v), true
		}
	}
	if mem.Kernel.Absent() && found {
		mem.Kernel = parts
	}
	return s.workingSet(inactive)
}

// memoryStatV1 is v1 memory.stat, the total_ figures: with what is below the
// payload directory. Swap alone is not told elsewhere on v1.
func (s *state) memoryStatV1(b []byte) bool {
	mem := &s.sample.Memory
	mem.Anon, mem.File = runtime.Value{}, runtime.Value{}
	var inactive runtime.Value
	mem.Swap = kernfile.Less(s.memsw, mem.Usage)
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			break
		}
		switch string(key) {
		case "total_rss":
			mem.Anon = v
		case "total_cache":
			mem.File = v
		case "total_inactive_file":
			inactive = v
		case "total_swap":
			// Better than the difference, which compares two instants.
			mem.Swap = v
		}
	}
	return s.workingSet(inactive)
}

func (s *state) memoryKmem(b []byte) (ok bool) {
	s.sample.Memory.Kernel, ok = number(b)
	return ok
}

// memoryMemsw is v1 memory and swap together, read before memory.stat.
func (s *state) memoryMemsw(b []byte) (ok bool) {
	s.memsw, ok = number(b)
	return ok
}

// memoryMemswLimit is the v1 limit of memory and swap together. It is read
// after the limit of memory; the swap that is granted whatever memory is in
// use is the difference.
func (s *state) memoryMemswLimit(b []byte) bool {
	v, ok := limit(b)
	if !v.IsUnlimited() {
		v = kernfile.Less(v, s.sample.Memory.Limit)
	}
	s.sample.Memory.SwapLimit = v
	return ok
}

// memoryEvents is v2 memory.events: max counts the times a limit was hit, high
// those of being slowed down above memory.high, here and in the cgroups below.
// Before Linux 5.2 there is nothing better to tell of the container's own limits.
func (s *state) memoryEvents(b []byte) bool {
	kills, hits, high := memoryEvents(b)
	s.sample.Memory.OOMKills = kills
	if !s.local {
		s.sample.Memory.FailedLimit, s.sample.Memory.OverHigh = hits, high
	}
	return !hits.Absent()
}

// memoryEventsLocal is v2 memory.events.local, read after memory.events: the same
// of this cgroup's own limits.
func (s *state) memoryEventsLocal(b []byte) bool {
	s.local = true
	_, s.sample.Memory.FailedLimit, s.sample.Memory.OverHigh = memoryEvents(b)
	return !s.sample.Memory.FailedLimit.Absent()
}

func memoryEvents(b []byte) (kills, hits, high runtime.Value) {
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			return kills, hits, high
		}
		switch string(key) {
		case "oom_kill":
			kills = v
		case "max":
			hits = v
		case "high":
			high = v
		}
	}
}

// memoryOOM is v1 memory.oom_control; oom_kill came with Linux 4.13.
func (s *state) memoryOOM(b []byte) bool {
	s.sample.Memory.OOMKills = runtime.Value{}
	known := false
	for k := (kernfile.Keyed{Rest: b}); ; {
		key, v, ok := k.Next()
		if !ok {
			return known
		}
		known = true
		if string(key) == "oom_kill" {
			s.sample.Memory.OOMKills = v
		}
	}
}

func (s *state) memoryFailcnt(b []byte) (ok bool) {
	s.sample.Memory.FailedLimit, ok = number(b)
	return ok
}
