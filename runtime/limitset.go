package runtime

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseLimits reads several limits by their short names, "cpu=0.5 memory=256M
// io=sda:rbps=10M,wiops=500". Disks stay as they are named there: see OnDisks. The error
// wraps ErrInvalid.
func ParseLimits(text string) ([]LimitSetting, error) {
	a, check := SetLimitsArgs{}, SetLimitsArgs{}
	for _, word := range strings.Fields(text) {
		key, value, ok := strings.Cut(word, "=")
		i := slices.IndexFunc(LimitNames(), func(name string) bool { return LimitKey(name) == key })
		if !ok || i < 0 {
			return nil, fmt.Errorf("%w: %q: there are cpu=, cpu-weight=, cpus=, memory=, memory-high=, swap=, pids=, io-weight= and io=DISK:LIMITS", ErrInvalid, word)
		}
		s := LimitSetting{Name: LimitNames()[i]}
		var err error
		if s.Name == LimitIO {
			s, err = ParseDiskLimit(value)
		} else {
			s.Value, err = ParseLimit(s.Name, value)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(a.Set, func(o LimitSetting) bool { return o.Name == s.Name && o.Device == s.Device }) {
			return nil, fmt.Errorf("%w: %q: it is set twice", ErrInvalid, word)
		}
		a.Set = append(a.Set, s)
		if s.Name != LimitIO { // its value was looked at, its disk is not known yet
			check.Set = append(check.Set, s)
		}
	}
	if len(a.Set) == 0 || len(check.Set) > 0 {
		if err := check.Check(); err != nil {
			return nil, err
		}
	}
	return a.Set, nil
}

// ParseDiskLimit reads DISK:LIMITS, as "sda:rbps=10M,wiops=500"; a disk has a name or a
// number. The Device is the disk as it is named there. The error wraps ErrInvalid.
func ParseDiskLimit(word string) (LimitSetting, error) {
	s := LimitSetting{Name: LimitIO}
	disk, limits, ok := strings.Cut(word, ":")
	if _, err := strconv.ParseUint(disk, 10, 32); err == nil {
		minor, rest, more := strings.Cut(limits, ":")
		disk, limits, ok = disk+":"+minor, rest, more
	}
	if s.Device = strings.TrimPrefix(disk, "/dev/"); !ok || s.Device == "" {
		return s, fmt.Errorf("%w: %q: DISK:LIMITS, as sda:rbps=10M", ErrInvalid, word)
	}
	var err error
	s.Value, err = ParseLimit(s.Name, limits)
	return s, err
}

// OnDisks gives limits on I/O the numbers of the disks that they name. The error, which
// wraps ErrInvalid, is of a disk that this host does not have.
func (r *LimitReport) OnDisks(set []LimitSetting) ([]LimitSetting, error) {
	out := slices.Clone(set)
	for i := range out {
		s := &out[i]
		if s.Name != LimitIO {
			continue
		}
		var known []string
		found := ""
		for _, d := range r.Devices {
			if d.Name == s.Device || d.Number == s.Device {
				found = d.Number
			}
			known = append(known, d.Name)
		}
		if found == "" {
			return nil, fmt.Errorf("%w: %q is no disk of this host; there are: %s", ErrInvalid, s.Device, cmp.Or(strings.Join(known, ", "), "none"))
		}
		if s.Device = found; slices.ContainsFunc(out[:i], func(o LimitSetting) bool { return o.Name == s.Name && o.Device == found }) {
			return nil, fmt.Errorf("%w: disk %s is given twice", ErrInvalid, found)
		}
	}
	return out, nil
}
