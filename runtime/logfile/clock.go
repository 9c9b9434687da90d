package logfile

import (
	"bytes"
	"time"
)

// Clock reads when lines were written. What lines do not say it has to be told.
type Clock struct {
	// Zone is that of times that name none; nil = UTC. liblxc's are always in UTC.
	Zone *time.Location
	// Near is a moment shortly after the newest line, such as File.Changed: a time
	// without a year is the last one that is not later by more than a day. Zero =
	// such lines have no time.
	Near time.Time
	// Boot is what the kernel's "[   12.345678]" counts from. Zero = such lines have
	// no time.
	Boot time.Time
}

const (
	// stampRoom is how much of a line's beginning is looked at for a time, in bytes.
	stampRoom = 256
	// jsonRoom is how much of a line that is a JSON object: keys stand in any order.
	jsonRoom = 4 << 10
)

// Time is when a line was written, by its own word; ok = false: it does not say.
//
// These are known, each at a line's beginning, behind "<34>" or inside brackets:
//
//	2026-11-27T06:45:00.123+01:00  also with a space, a comma, slashes, or without zone
//	2026-11-27 06:45:00 UTC        also behind a weekday (journalctl -o short-full)
//	Nov 27 06:45:00.123456         syslog (RFC 3164), journald
//	Fri Nov 27 06:45:00 UTC 2026   date(1), Apache's errors, also without zone
//	[   12.345678]                 the kernel
//	1764225900.123456              journalctl -o short-unix
//	E1127 06:45:00.123456          klog
//
// and these behind other words: liblxc's 20261127064500.123, [27/Nov/2026:06:45:00
// +0100] of web servers, time=, ts= and the like before one of the first kind, and
// such keys of a JSON object.
func (c *Clock) Time(line []byte) (t time.Time, ok bool) {
	b := line[:min(len(line), stampRoom)]
	if _, rest, found := priority(b); found {
		b = rest
		if len(b) > 2 && digit(b[0]) && b[1] == ' ' { // version, RFC 5424
			b = b[2:]
		}
	}
	if len(b) < 8 {
		return t, false
	}
	switch first := b[0]; {
	case first == '[':
		if t, ok = c.kernel(b); ok {
			return t, true
		}
		if t, ok = c.plain(b[1:]); ok {
			return t, true
		}
	case first == '{':
		return c.json(line[:min(len(line), jsonRoom)])
	case digit(first):
		if t, ok = c.plain(b); ok {
			return t, true
		}
	case first == 'l' && bytes.HasPrefix(b, []byte("lxc")):
		if at, _, found := lxcStamp(b); found {
			return c.compact(b[at:])
		}
	case first >= 'A' && first <= 'Z':
		if t, ok = c.plain(b); ok {
			return t, true
		}
		if t, ok = c.klog(b); ok {
			return t, true
		}
	}
	if t, ok = c.web(b); ok {
		return t, true
	}
	return c.fields(b)
}

// plain reads a time that stands at the beginning.
func (c *Clock) plain(b []byte) (t time.Time, ok bool) {
	if len(b) < 15 {
		return t, false
	}
	if digit(b[0]) {
		if t, ok = c.iso(b); ok {
			return t, true
		}
		return c.unix(b)
	}
	if weekday(b) && b[3] == ' ' {
		if digit(b[4]) {
			return c.iso(b[4:])
		}
		return c.short(b[4:])
	}
	return c.short(b)
}

// iso reads 2026-11-27T06:45:00.123+01:00 and what is like it.
func (c *Clock) iso(b []byte) (t time.Time, ok bool) {
	if len(b) < 19 || b[4] != '-' && b[4] != '/' || b[7] != b[4] || b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return t, false
	}
	d := moment{nsec: -1}
	year, ok1 := number(b[:4])
	month, ok2 := number(b[5:7])
	day, ok3 := number(b[8:10])
	if !ok1 || !ok2 || !ok3 {
		return t, false
	}
	d.year, d.month, d.day = year, month, day
	rest, ok := d.clock(b[11:])
	if !ok {
		return t, false
	}
	return d.time(c.zone(rest))
}

// short reads Nov 27 06:45:00.123456, and a year behind it.
func (c *Clock) short(b []byte) (t time.Time, ok bool) {
	if len(b) < 15 || b[3] != ' ' || b[6] != ' ' {
		return t, false
	}
	var d moment
	if d.month = month(b); d.month == 0 {
		return t, false
	}
	day := b[4:6]
	if day[0] == ' ' {
		day = day[1:]
	}
	if d.day, ok = number(day); !ok {
		return t, false
	}
	rest, ok := d.clock(b[7:])
	if !ok {
		return t, false
	}
	loc, shift := c.zone(rest)
	year := rest
	if len(year) > 4 && year[0] == ' ' && !digit(year[1]) { // UTC 2026
		if i := bytes.IndexByte(year[1:min(len(year), 8)], ' '); i > 0 && upper(year[1:1+i]) {
			year = year[1+i:]
		}
	}
	if len(year) >= 5 && year[0] == ' ' && (len(year) == 5 || !digit(year[5]) && year[5] != '-' && year[5] != '.' && year[5] != ':') {
		if n, is := number(year[1:5]); is && n >= 1970 && n < 2200 && (len(year) == 5 || year[5] == ']' || len(rest) > len(year)) {
			d.year = n
			return d.time(loc, shift)
		}
	}
	return d.near(c.Near, loc, shift)
}

// unix reads 1764225900.123456.
func (c *Clock) unix(b []byte) (t time.Time, ok bool) {
	n := 0
	for n < len(b) && digit(b[n]) {
		n++
	}
	if n != 10 || b[0] == '0' {
		return t, false
	}
	high, _ := number(b[:5])
	low, _ := number(b[5:10])
	nsec, rest := fraction(b[n:])
	if nsec < 0 || len(rest) > 0 && bytes.IndexByte([]byte(" ]\",}\t"), rest[0]) < 0 {
		return t, false
	}
	return time.Unix(int64(high)*100000+int64(low), int64(nsec)).UTC(), true
}

// kernel reads [   12.345678] of dmesg(1).
func (c *Clock) kernel(b []byte) (t time.Time, ok bool) {
	if c.Boot.IsZero() {
		return t, false
	}
	b = bytes.TrimLeft(b[1:], " ")
	n := 0
	for n < len(b) && digit(b[n]) {
		n++
	}
	sec, ok := number(b[:n])
	nsec, rest := fraction(b[n:])
	if !ok || nsec < 0 || len(rest) == 0 || rest[0] != ']' {
		return t, false
	}
	return c.Boot.Add(time.Duration(sec)*time.Second + time.Duration(nsec)), true
}

// klog reads E1127 06:45:00.123456.
func (c *Clock) klog(b []byte) (t time.Time, ok bool) {
	d, ok := klogDay(b)
	if !ok {
		return t, false
	}
	if _, ok = d.clock(b[6:]); !ok {
		return t, false
	}
	return d.near(c.Near, c.local(), 0)
}

func klogDay(b []byte) (d moment, ok bool) {
	if len(b) < 14 || b[0] != 'I' && b[0] != 'W' && b[0] != 'E' && b[0] != 'F' || b[5] != ' ' || b[8] != ':' {
		return d, false
	}
	n, ok := number(b[1:5])
	d.month, d.day = n/100, n%100
	return d, ok && d.month > 0 && d.month <= 12
}

// lxcStamp is where liblxc's time stands, in the line as log_append_logfile of its
// log.c writes it: program, maybe container, time, level.
func lxcStamp(b []byte) (at, end int, ok bool) {
	if !bytes.HasPrefix(b, []byte("lxc")) {
		return 0, 0, false
	}
	for range 4 {
		i := bytes.IndexByte(b[at:], ' ')
		if i < 0 {
			return 0, 0, false
		}
		at += i
		for at < len(b) && b[at] == ' ' {
			at++
		}
		if len(b)-at >= 18 && b[at+14] == '.' && (len(b)-at == 18 || b[at+18] == ' ') {
			if _, ok := number(b[at : at+8]); ok {
				return at, at + 18, true
			}
		}
	}
	return 0, 0, false
}

// compact reads 20261127064500.123, which is in UTC.
func (c *Clock) compact(b []byte) (t time.Time, ok bool) {
	day, ok1 := number(b[:8])
	clock, ok2 := number(b[8:14])
	nsec, _ := fraction(b[14:])
	if !ok1 || !ok2 || nsec < 0 {
		return t, false
	}
	d := moment{
		year: day / 10000, month: day / 100 % 100, day: day % 100,
		hour: clock / 10000, minute: clock / 100 % 100, sec: clock % 100, nsec: nsec,
	}
	return d.time(time.UTC, 0)
}

// web reads [27/Nov/2026:06:45:00 +0100] behind other words.
func (c *Clock) web(b []byte) (t time.Time, ok bool) {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '[')
		if at += i + 1; i < 0 || len(b)-at < 21 {
			return t, false
		}
		s := b[at:]
		if s[2] != '/' || s[6] != '/' || s[11] != ':' {
			continue
		}
		d := moment{month: month(s[3:])}
		var ok1, ok2 bool
		d.day, ok1 = number(s[:2])
		d.year, ok2 = number(s[7:11])
		rest, ok3 := d.clock(s[12:])
		if ok1 && ok2 && ok3 && d.month > 0 {
			return d.time(c.zone(rest))
		}
	}
}

// fields reads time=2026-11-27T06:45:00Z, with quotes or without.
func (c *Clock) fields(b []byte) (t time.Time, ok bool) {
	for _, key := range [...]string{"time=", "ts=", "timestamp=", "t="} {
		i := bytes.Index(b, []byte(key))
		if i < 0 || i > 0 && b[i-1] != ' ' {
			continue
		}
		if t, ok = c.plain(bytes.TrimLeft(b[i+len(key):], `"'`)); ok {
			return t, true
		}
	}
	return t, false
}

// json reads "time":"2026-11-27T06:45:00Z" and the like.
func (c *Clock) json(b []byte) (t time.Time, ok bool) {
	for _, key := range [...]string{`"time"`, `"ts"`, `"@timestamp"`, `"timestamp"`, `"t"`} {
		i := bytes.Index(b, []byte(key))
		if i < 0 {
			continue
		}
		v := bytes.TrimLeft(b[i+len(key):], " ")
		if len(v) == 0 || v[0] != ':' {
			continue
		}
		v = bytes.TrimLeft(v[1:], ` "`)
		if t, ok = c.plain(v[:min(len(v), stampRoom)]); ok {
			return t, true
		}
	}
	return t, false
}
