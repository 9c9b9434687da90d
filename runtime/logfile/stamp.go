package logfile

import "bytes"

// Stamp is where in a line the time stands that Clock.Time would read, with the
// brackets around it and the blanks behind it; from = to: nowhere, or in the midst of
// a line's fields, which say more than when.
func Stamp(line []byte) (from, to int) {
	b := line[:min(len(line), stampRoom)]
	at := 0
	if _, rest, found := priority(b); found {
		at = len(b) - len(rest)
		if len(rest) > 2 && digit(rest[0]) && rest[1] == ' ' { // version, RFC 5424
			at += 2
		}
	}
	b = b[at:]
	if len(b) < 8 {
		return 0, 0
	}
	var n int
	switch first := b[0]; {
	case first == '[':
		n = bracketed(b)
	case first == 'l':
		from, end, ok := lxcStamp(b)
		if !ok {
			return 0, 0
		}
		return at + from, at + blanks(b, end)
	case klogStamp(b) > 0:
		return at + 1, at + blanks(b, klogStamp(b))
	default:
		n = plainStamp(b)
	}
	if n == 0 {
		return 0, 0
	}
	return at, at + blanks(b, n)
}

// blanks is where the blanks from a place on end.
func blanks(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t') {
		at++
	}
	return at
}

// bracketed is how long [   12.345678] is, or any other time in brackets.
func bracketed(b []byte) int {
	end := bytes.IndexByte(b, ']')
	if end < 0 {
		return 0
	}
	inner := b[1:end]
	if n := plainStamp(inner); n > 0 && n == len(inner) {
		return end + 1
	}
	inner = bytes.TrimLeft(inner, " ")
	if i := bytes.IndexByte(inner, '.'); i > 0 && digits(inner[:i]) && digits(inner[i+1:]) {
		return end + 1
	}
	return 0
}

// klogStamp is where the time of E1127 06:45:00.123456 ends; 0 = it is none.
func klogStamp(b []byte) int {
	if _, ok := klogDay(b); !ok {
		return 0
	}
	return clockStamp(b, 6)
}

// plainStamp is how long a time is that stands at the beginning.
func plainStamp(b []byte) int {
	at := 0
	if len(b) > 4 && weekday(b) && b[3] == ' ' {
		at = 4
	}
	b2 := b[at:]
	if len(b2) < 12 {
		return 0
	}
	switch {
	case b2[4] == b2[7] && (b2[4] == '-' || b2[4] == '/') && digits(b2[:4]) && digits(b2[5:7]) && digits(b2[8:10]):
		if n := clockStamp(b2, 11); n > 0 {
			return at + zoneStamp(b2, n)
		}
		return 0
	case at == 0 && digits(b2[:10]): // seconds since 1970
		n := fractionStamp(b2, 10)
		if n > 10 && (n == len(b2) || b2[n] == ' ' || b2[n] == '\t' || b2[n] == ']') {
			return n
		}
		return 0
	case month(b2) > 0 && b2[3] == ' ' && b2[6] == ' ':
		n := clockStamp(b2, 7)
		if n == 0 {
			return 0
		}
		n = zoneStamp(b2, n)
		if n+5 <= len(b2) && b2[n] == ' ' && digits(b2[n+1:n+5]) && (at > 0 || n > 15) && (n+5 == len(b2) || b2[n+5] == ' ' || b2[n+5] == ']') {
			n += 5 // a year behind it
		}
		return at + n
	}
	return 0
}

// clockStamp is where 06:45:00.123 ends, which begins at a place; 0 = it is none.
func clockStamp(b []byte, at int) int {
	if len(b) < at+8 || b[at+2] != ':' || b[at+5] != ':' || !digits(b[at:at+2]) || !digits(b[at+3:at+5]) || !digits(b[at+6:at+8]) {
		return 0
	}
	return fractionStamp(b, at+8)
}

// fractionStamp is where a fraction ends that may stand at a place.
func fractionStamp(b []byte, at int) int {
	if at+1 >= len(b) || b[at] != '.' && b[at] != ',' || !digit(b[at+1]) {
		return at
	}
	for at++; at < len(b) && digit(b[at]); at++ {
	}
	return at
}

// zoneStamp is where a zone ends that may stand at a place.
func zoneStamp(b []byte, at int) int {
	rest := b[at:]
	for _, name := range [...]string{"Z", "z", " UTC", " GMT"} {
		if bytes.HasPrefix(rest, []byte(name)) && (len(rest) == len(name) || rest[len(name)] == ' ' || rest[len(name)] == ']') {
			return at + len(name)
		}
	}
	n := 0
	if len(rest) > 0 && rest[0] == ' ' {
		n = 1
	}
	if len(rest) < n+3 || rest[n] != '+' && rest[n] != '-' {
		return at
	}
	hours, ok := number(rest[n+1 : n+3])
	if !ok || hours > 14 {
		return at
	}
	end := n + 3
	if len(rest) > end && rest[end] == ':' {
		end++
	}
	if len(rest) < end+2 || !digits(rest[end:end+2]) {
		if n > 0 || rest[end-1] == ':' { // " -05" may be text
			return at
		}
		return at + end
	}
	minutes, _ := number(rest[end : end+2])
	if minutes > 59 || len(rest) > end+2 && digit(rest[end+2]) {
		return at
	}
	return at + end + 2
}

func digits(b []byte) bool {
	for _, c := range b {
		if !digit(c) {
			return false
		}
	}
	return len(b) > 0
}
