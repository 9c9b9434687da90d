package views

import (
	"math"
	"strconv"
	"time"

	"lxcdeck/runtime"
)

// Absent stands where there is no figure.
const Absent = "-"

const byteUnits = "BkMGTPE"

// Bytes is an amount in at most four cells: "0", "812B", "1.2M", "88k", "31G".
// Units are powers of 1024.
func Bytes(n uint64) string {
	if n == 0 {
		return "0"
	}
	return bytesTo(float64(n), 10)
}

// FineBytes is an amount in at most five cells, with a decimal below 100: "21.4G".
func FineBytes(n uint64) string {
	if n == 0 {
		return "0"
	}
	return bytesTo(float64(n), 100)
}

// bytesTo writes f with one decimal below the given figure, whole bytes without.
func bytesTo(f float64, decimalsBelow float64) string {
	unit := 0
	for unit < len(byteUnits)-1 && math.Round(f) >= 1000 {
		f /= 1024
		unit++
	}
	var b [16]byte
	out := b[:0]
	if unit > 0 && math.Round(f*10)/10 < decimalsBelow {
		out = strconv.AppendFloat(out, f, 'f', 1, 64)
	} else {
		out = strconv.AppendFloat(out, f, 'f', 0, 64)
	}
	return string(append(out, byteUnits[unit]))
}

// ValueBytes is a Value as Bytes; absent and unlimited are "-".
func ValueBytes(v runtime.Value) string {
	if n, ok := v.Get(); ok {
		return Bytes(n)
	}
	return Absent
}

// RateBytes is a rate of bytes a second as Bytes, less than half a byte being 0.
func RateBytes(r runtime.Rate) string {
	f, ok := r.Get()
	if !ok || math.IsNaN(f) {
		return Absent
	}
	if f < 0.5 {
		return "0"
	}
	return Bytes(uint64(f + 0.5))
}

// Percent is a share in at most four cells without the sign: "0", "4.2", "37", "1600".
func Percent(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return Absent
	case f < 0.05:
		return "0"
	case f < 9.95:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return strconv.FormatFloat(math.Min(f, 99999), 'f', 0, 64)
	}
}

// RatePercent is Percent of a rate, "-" when absent.
func RatePercent(r runtime.Rate) string {
	if f, ok := r.Get(); ok {
		return Percent(f)
	}
	return Absent
}

// Count is a number in at most four cells: "812", "9.9k", "32k"; units are powers of 1000.
func Count(n uint64) string {
	if n < 10000 {
		return strconv.FormatUint(n, 10)
	}
	f, unit := float64(n)/1000, 0
	const units = "kMGTPE"
	for unit < len(units)-1 && math.Round(f) >= 1000 {
		f /= 1000
		unit++
	}
	if math.Round(f*10)/10 < 10 {
		return strconv.FormatFloat(f, 'f', 1, 64) + units[unit:unit+1]
	}
	return strconv.FormatFloat(f, 'f', 0, 64) + units[unit:unit+1]
}

// ValueCount is a Value as Count; absent and unlimited are "-".
func ValueCount(v runtime.Value) string {
	if n, ok := v.Get(); ok {
		return Count(n)
	}
	return Absent
}

// Age is a duration in at most five cells: "45s", "12m", "3h12", "9d", "412d", "11y".
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < day:
		m := int(d / time.Minute % 60)
		s := strconv.Itoa(int(d/time.Hour)) + "h"
		if m < 10 {
			s += "0"
		}
		return s + strconv.Itoa(m)
	case d < 1000*day:
		return strconv.Itoa(int(d/day)) + "d"
	default:
		return strconv.Itoa(int(d/(365*day))) + "y"
	}
}

// since is the age of an instant; "-" for the zero time.
func since(t, now time.Time) string {
	if t.IsZero() || now.IsZero() {
		return Absent
	}
	return Age(now.Sub(t))
}

// uptime is an age that does not count seconds: on a host that has just
// started its containers, every row would change every second.
func uptime(t, now time.Time) string {
	if !t.IsZero() && !now.IsZero() && now.Sub(t) < time.Minute {
		return "<1m"
	}
	return since(t, now)
}

// Cores is a number of cores: "0.5", "1", "2.25".
func Cores(f float64) string {
	return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64)
}

// Interval is a sampling interval: "500ms", "1s", "2.5s", "1m".
func Interval(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	case d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	default:
		return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + "s"
	}
}

// StateLetter is a state in one cell: capital when it lasts, small on the way there.
func StateLetter(s runtime.State) string {
	switch s {
	case runtime.Running, runtime.Thawed:
		return "R"
	case runtime.Stopped:
		return "S"
	case runtime.Frozen:
		return "F"
	case runtime.Starting:
		return "r"
	case runtime.Stopping:
		return "s"
	case runtime.Freezing:
		return "f"
	case runtime.Aborting:
		return "a"
	default:
		return "?"
	}
}

// stateRole is a state's colour.
func stateRole(s runtime.State) Role {
	switch s {
	case runtime.Running, runtime.Thawed:
		return Good
	case runtime.Stopped:
		return Idle
	case runtime.Frozen, runtime.Freezing:
		return Notice
	case runtime.Unknown, runtime.Aborting:
		return Bad
	default:
		return Warn
	}
}

// CPUIn converts a row's CPU to a unit; absent where it cannot be.
func CPUIn(u *runtime.Usage, unit CPUUnit) runtime.Rate {
	switch {
	case u == nil:
		return runtime.Rate{}
	case unit == OfHost:
		return u.OfHost
	case unit == OfLimit:
		return u.OfLimit
	default:
		return u.CPU
	}
}

// plural is n with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
