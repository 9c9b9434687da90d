package logfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// longest is how long ago somebody may want to look.
const longest = 100 * 365 * 24 * time.Hour

// ParseMoment reads when somebody wants to look, as people write it. Errors wrap
// ErrMoment.
//
//	14:05  14:05:30                  the last one that has passed
//	2026-11-27  2026-11-27 14:05     also with seconds, and a T for the space
//	-2h  10m  1d2h  2w  90m ago      so long ago; -90 are minutes
//
// A time may end with its zone, Z, UTC, GMT or +01:00, else it is in that of now.
func ParseMoment(text string, now time.Time) (time.Time, error) {
	wrong := fmt.Errorf("%q: %w", text, ErrMoment)
	text = strings.TrimSpace(text)
	if ago, ok := span(text); ok {
		return now.Add(-ago), nil
	}
	text, zone, ok := cutZone(text, now.Location())
	if !ok {
		return time.Time{}, wrong
	}
	now = now.In(zone)
	for _, form := range [...]string{"15:04", time.TimeOnly} {
		t, err := time.ParseInLocation(form, text, zone)
		if err != nil {
			continue
		}
		y, m, d := now.Date()
		at := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
		if at.After(now) {
			at = time.Date(y, m, d-1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
		}
		return at, nil
	}
	for _, form := range [...]string{"2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrong
}

// cutZone takes the zone off that stands behind a time; ok = false: it is none.
func cutZone(text string, local *time.Location) (rest string, zone *time.Location, ok bool) {
	for _, name := range [...]string{"Z", "UTC", "GMT"} {
		if n := len(text) - len(name); n > 0 && strings.EqualFold(text[n:], name) {
			return strings.TrimRight(text[:n], " "), time.UTC, true
		}
	}
	// The dashes of a day stand before the first colon.
	colon := strings.IndexByte(text, ':')
	i := strings.LastIndexAny(text, "+-")
	if colon < 0 || i < colon {
		return text, local, true
	}
	for _, form := range [...]string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(form, text[i:]); err == nil {
			_, shift := t.Zone()
			return strings.TrimRight(text[:i], " "), time.FixedZone("", shift), true
		}
	}
	return text, local, false
}

// span reads how long ago something was: weeks and days before what Go reads.
func span(text string) (time.Duration, bool) {
	text, minus := strings.CutPrefix(text, "-")
	text, ago := strings.CutSuffix(text, " ago")
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text, "+-") {
		return 0, false
	}
	if _, err := strconv.ParseUint(text, 10, 32); err == nil && (minus || ago) {
		text += "m"
	}
	var sum time.Duration
	for _, unit := range [...]struct {
		name string
		of   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		head, rest, found := strings.Cut(text, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseFloat(head, 64)
		if err != nil || math.IsNaN(n) || n < 0 || n > float64(longest/unit.of) {
			return 0, false
		}
		sum, text = sum+time.Duration(n*float64(unit.of)), rest
	}
	if text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, false
		}
		sum += d
	}
	return sum, sum >= 0 && sum <= longest
}
