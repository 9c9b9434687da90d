package runtime

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ParseLimit reads a limit as people write it: "1.5" cores, "512M", "rbps=10M wiops=500".
// "", "none" and "default" mean that none is set. The error wraps ErrInvalid.
func ParseLimit(name, text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "none" || text == "default" {
		return "", nil
	}
	switch name {
	case LimitCPU:
		if text == "max" || strings.Contains(text, " ") { // as the kernel has it
			return text, nil
		}
		cores, err := strconv.ParseFloat(text, 64)
		if percent, ok := strings.CutSuffix(text, "%"); ok {
			cores, err = strconv.ParseFloat(percent, 64)
			cores /= 100
		}
		if err != nil || math.IsNaN(cores) || cores < 0.01 || cores > 1<<16 {
			return "", fmt.Errorf("%w: %q is no number of cores, as 0.5 or 50%%", ErrInvalid, text)
		}
		return CPUMaxOf(cores), nil
	case LimitMemory, LimitMemoryHigh, LimitSwap:
		if text == "max" {
			return text, nil
		}
		n, err := ParseBytes(text)
		if err != nil {
			return "", err
		}
		return strconv.FormatUint(n, 10), nil
	case LimitIO:
		return parseIO(text)
	default:
		return text, nil
	}
}

// parseIO takes the units off the parts of io.max.
func parseIO(text string) (string, error) {
	var parts []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return "", fmt.Errorf("%w: %q: what is limited stands before a =, as rbps=10M", ErrInvalid, word)
		}
		if value == "none" || value == "max" {
			parts = append(parts, key+"=max")
			continue
		}
		n, err := ParseBytes(value)
		if err != nil {
			return "", err
		}
		parts = append(parts, key+"="+strconv.FormatUint(n, 10))
	}
	return strings.Join(parts, " "), nil
}

// ParseBytes reads a number of bytes: "1048576", "512M", "1.5G". Units are powers of
// 1024. The error wraps ErrInvalid.
func ParseBytes(text string) (uint64, error) {
	bad := fmt.Errorf("%w: %q is no size, as 512M or 2G", ErrInvalid, text)
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), "I")
	shift := 0
	if i := strings.IndexAny(number, "KMGTP"); i >= 0 {
		if i != len(number)-1 || i == 0 {
			return 0, bad
		}
		shift = 10 * (1 + strings.IndexByte("KMGTP", number[i]))
		number = number[:i]
	}
	if n, err := strconv.ParseUint(number, 10, 63); err == nil && n<<shift>>shift == n && n<<shift < 1<<63 {
		return n << shift, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || shift == 0 || f < 0 || f*float64(uint64(1)<<shift) >= 1<<63 || math.IsNaN(f) {
		return 0, bad
	}
	return uint64(f * float64(uint64(1)<<shift)), nil
}

// LimitWords is a limit as people read it, and ParseLimit takes it again: "" and "max"
// are "none", of weights and CPUs "default".
func LimitWords(name, value string) string {
	switch name {
	case LimitCPU:
		quota, period, ok := CPUMax(value)
		n, some := quota.Get()
		switch {
		case value != "" && !ok:
			return value
		case !some:
			return "none"
		}
		cores := float64(n) / float64(period)
		if words := strconv.FormatFloat(cores, 'f', -1, 64); CPUMaxOf(cores) == value && len(words) <= 8 {
			return words
		}
		return value
	case LimitCPUWeight, LimitIOWeight, LimitCPUs:
		if value == "" {
			return "default"
		}
		return value
	case LimitIO:
		return ioWords(value)
	}
	n, some := LimitValue(value).Get()
	switch {
	case value == "" || value == "max":
		return "none"
	case !some || name == LimitPids:
		return value
	}
	return BytesWord(n)
}

func ioWords(value string) string {
	parts, ok := IOMax(value)
	if !ok {
		if value == "" {
			return "none"
		}
		return value
	}
	var words []string
	for i, key := range IOMaxKeys() {
		n, some := parts[i].Get()
		switch {
		case !some:
		case i < 2:
			words = append(words, key+"="+BytesWord(n))
		default:
			words = append(words, key+"="+strconv.FormatUint(n, 10))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, " ")
}

// BytesWord is a number of bytes in the largest unit that says it exactly.
func BytesWord(n uint64) string {
	const units = "KMGT"
	unit := ""
	for i := 0; i < len(units) && n >= 1024 && n%1024 == 0; i++ {
		n, unit = n/1024, units[i:i+1]
	}
	return strconv.FormatUint(n, 10) + unit
}

// LimitKey is a limit's short name, for flags and presets: "cpu", "memory-high".
func LimitKey(name string) string {
	switch name {
	case LimitCPU:
		return "cpu"
	case LimitCPUWeight:
		return "cpu-weight"
	case LimitCPUs:
		return "cpus"
	case LimitMemory:
		return "memory"
	case LimitMemoryHigh:
		return "memory-high"
	case LimitSwap:
		return "swap"
	case LimitPids:
		return "pids"
	case LimitIOWeight:
		return "io-weight"
	default:
		return "io"
	}
}

// ParseLimits reads several limits by their short names, "cpu=0.5 memory=256M"; all but
// io, which is of a disk. The error wraps ErrInvalid.
func ParseLimits(text string) ([]LimitSetting, error) {
	a := SetLimitsArgs{}
	for _, word := range strings.Fields(text) {
		key, value, ok := strings.Cut(word, "=")
		i := slices.IndexFunc(LimitNames(), func(name string) bool { return name != LimitIO && LimitKey(name) == key })
		if !ok || i < 0 {
			return nil, fmt.Errorf("%w: %q: there are cpu=, cpu-weight=, cpus=, memory=, memory-high=, swap=, pids= and io-weight=", ErrInvalid, word)
		}
		name := LimitNames()[i]
		value, err := ParseLimit(name, value)
		if err != nil {
			return nil, err
		}
		a.Set = append(a.Set, LimitSetting{Name: name, Value: value})
	}
	if err := a.Check(); err != nil {
		return nil, err
	}
	return a.Set, nil
}
