package logfile

import (
	"bytes"
	"time"
)

// moment is a time in parts, as a line says it.
type moment struct{ year, month, day, hour, minute, sec, nsec int }

// clock reads 06:45:00 and a fraction, and gives what stands behind.
func (d *moment) clock(b []byte) (rest []byte, ok bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return b, false
	}
	var ok1, ok2, ok3 bool
	d.hour, ok1 = number(b[:2])
	d.minute, ok2 = number(b[3:5])
	d.sec, ok3 = number(b[6:8])
	b = b[8:]
	if !ok1 || !ok2 || !ok3 || len(b) > 0 && digit(b[0]) {
		return b, false
	}
	d.nsec = 0
	if n, after := fraction(b); n >= 0 {
		d.nsec, b = n, after
	}
	return b, true
}

// fraction reads .123456 or ,123 as nanoseconds; -1 = there is none. What is finer is
// passed over.
func fraction(b []byte) (nsec int, rest []byte) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || !digit(b[1]) {
		return -1, b
	}
	i := 1
	for unit := 100_000_000; i < len(b) && digit(b[i]); i++ {
		nsec += int(b[i]-'0') * unit
		unit /= 10
	}
	return nsec, b[i:]
}

// time makes one of it; ok = false: there is no such moment.
func (d *moment) time(loc *time.Location, shift time.Duration) (t time.Time, ok bool) {
	if d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31 || d.hour > 23 || d.minute > 59 || d.sec > 60 || d.year < 1970 {
		return t, false
	}
	sec := min(d.sec, 59) // a leap second
	t = time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, sec, d.nsec, loc)
	if d.day > 28 && t.Day() != d.day {
		return time.Time{}, false
	}
	return t.Add(-shift), true
}

// near finds the year: the last one in which this is no more than a day after a
// moment.
func (d *moment) near(to time.Time, loc *time.Location, shift time.Duration) (t time.Time, ok bool) {
	if to.IsZero() {
		return t, false
	}
	latest := to.Add(24 * time.Hour)
	for back := range 10 { // one of them has a February 29
		d.year = latest.Year() + 1 - back
		if t, ok = d.time(loc, shift); ok && !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

func (c *Clock) local() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// zone reads Z, +01:00, +0100 or +01, also behind a space, and UTC or GMT behind one.
// The shift is what such a time is ahead of UTC. Other names are not known: they mean
// several zones each.
func (c *Clock) zone(b []byte) (loc *time.Location, shift time.Duration) {
	if len(b) > 0 && (b[0] == 'Z' || b[0] == 'z') {
		return time.UTC, 0
	}
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
		if bytes.HasPrefix(b, []byte("UTC")) || bytes.HasPrefix(b, []byte("GMT")) {
			return time.UTC, 0
		}
		// A space and a dash may stand before the text: " -05:00" is a zone, " -5"
		// and " - 05" are not.
		if len(b) < 5 || !digit(b[3]) && b[3] != ':' {
			return c.local(), 0
		}
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return c.local(), 0
	}
	hours, ok := number(b[1:3])
	minutes := 0
	after := b[3:]
	if ok && len(after) > 2 && after[0] == ':' && digit(after[1]) {
		after = after[1:]
	}
	if ok && len(after) > 1 && digit(after[0]) {
		minutes, ok = number(after[:2])
	}
	if !ok || hours > 14 || minutes > 59 || len(after) > 2 && digit(after[2]) {
		return c.local(), 0
	}
	shift = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if b[0] == '-' {
		shift = -shift
	}
	return time.UTC, shift
}

// month is that of Jan to Dec, which a text of three bytes or more begins with; 0 =
// none.
func month(b []byte) int {
	i := bytes.Index([]byte("JanFebMarAprMayJunJulAugSepOctNovDec"), b[:3])
	if i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

func weekday(b []byte) bool {
	i := bytes.Index([]byte("MonTueWedThuFriSatSun"), b[:3])
	return i >= 0 && i%3 == 0
}

func upper(b []byte) bool {
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
