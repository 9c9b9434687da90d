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
		if err == nil && (cores < leastCores || cores > mostCores) {
			return "", fmt.Errorf("%w: %q: from %v to %d cores", ErrInvalid, text, leastCores, mostCores)
		}
		if err != nil || math.IsNaN(cores) {
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

// Bounds of a number of cores: the least quota of the kernel, and more than there are.
const (
	leastCores = 0.01
	mostCores  = 1 << 16
)

// parseIO takes the units off the parts of io.max.
func parseIO(text string) (string, error) {
	var parts []string
	keys, seen := IOMaxKeys(), map[string]bool{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return "", fmt.Errorf("%w: %q: what is limited stands before a =, as rbps=10M", ErrInvalid, word)
		}
		if !slices.Contains(keys[:], key) || seen[key] {
			return "", fmt.Errorf("%w: %q: there are rbps=, wbps=, riops= and wiops=, each once", ErrInvalid, word)
		}
		seen[key] = true
		if value == "none" || value == "max" {
			parts = append(parts, key+"=max")
			continue
		}
		n, err := ParseBytes(value)
		if err != nil {
			return "", err
		}
		if n == 0 {
			return "", fmt.Errorf("%w: %q: a number above 0, or none", ErrInvalid, word)
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

// LimitHazard is what a limit does that nobody wants, whatever is in use; "" = nothing.
func LimitHazard(name, value string) string {
	if n, some := LimitValue(value).Get(); name == LimitPids && some && n == 0 {
		return "with 0 nothing can be started in it, by its init neither"
	}
	return ""
}
