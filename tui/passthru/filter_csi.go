package passthru

import (
	"bytes"
	"strconv"
)

const (
	// maxNumber is what larger parameters become: far above any screen, and
	// nothing that a terminal could overflow or count for long.
	maxNumber = 99999
	// maxRepeat is the same for REP, which prints as often as it says.
	maxRepeat = 1000
	// maxFields is how many parameters the emulator takes.
	maxFields = 32
)

// sequence is a control sequence in its parts.
type sequence struct {
	raw                []byte
	params             []byte // digits, semicolons and colons
	lead, inter, final byte   // 0 is none
}

// split takes a control sequence apart. One that is not formed as ECMA-48 says
// and the emulator expects is no sequence.
func split(raw []byte) (s sequence, ok bool) {
	s.raw = raw
	end := len(raw) - 1
	s.final = raw[end]
	i := 2
	if i < end && raw[i] >= 0x3c && raw[i] <= 0x3f {
		s.lead = raw[i]
		i++
	}
	from := i
	for i < end && raw[i] >= 0x30 && raw[i] <= 0x3b {
		i++
	}
	s.params = raw[from:i]
	if i < end && raw[i] < 0x30 {
		s.inter = raw[i]
		i++
	}
	return s, i == end
}

// field takes the first number of p; -1 is one that is missing. A colon counts
// as a semicolon where it has no meaning, as in the emulator.
func field(p []byte) (n int, rest []byte) {
	n = -1
	for i, c := range p {
		if c == ';' || c == ':' {
			return n, p[i+1:]
		}
		n = min(max(n, 0)*10+int(c-'0'), maxNumber)
	}
	return n, nil
}

// emit appends the sequence with its first so many numbers: what a function
// does not take could mean something else to a terminal than to the emulator.
func (s *sequence) emit(dst []byte, numbers int) []byte {
	dst = append(dst, 0x1b, '[')
	if s.lead != 0 {
		dst = append(dst, s.lead)
	}
	limit := maxNumber
	if s.final == 'b' {
		limit = maxRepeat
	}
	p := s.params
	written := 0
	for i := 0; i < numbers && len(p) > 0; i++ {
		var n int
		if n, p = field(p); n < 0 {
			continue
		}
		for ; written < i; written++ {
			dst = append(dst, ';')
		}
		dst = strconv.AppendInt(dst, int64(min(n, limit)), 10)
	}
	if s.inter != 0 {
		dst = append(dst, s.inter)
	}
	return append(dst, s.final)
}

// control is the allow-list of control sequences.
func (f *Filter) control(dst, raw []byte) []byte {
	if raw[len(raw)-1] == 'm' && len(raw) < maxFields && isStyle(raw) {
		return append(dst, raw...)
	}
	s, ok := split(raw)
	switch {
	case !ok:
		return dst
	case s.inter != 0:
		return f.controlInter(dst, &s)
	case s.lead == 0:
		return f.controlPlain(dst, &s)
	case s.lead == '?':
		return f.controlPrivate(dst, &s)
	default:
		return f.controlOther(dst, &s)
	}
}

func (f *Filter) controlPlain(dst []byte, s *sequence) []byte {
	m := &f.modes
	n, _ := field(s.params)
	switch s.final {
	case 'm':
		return f.style(dst, s)
	case 'H', 'f':
		return s.emit(dst, 2)
	case '@', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'I', 'L', 'M', 'P', 'S', 'T', 'X', 'Z', '`', 'a', 'b', 'd', 'e':
		return s.emit(dst, 1)
	case 'J', 'K': // ED 3 clears the user's scrollback, ED 22 fills it
		if n <= 2 {
			return s.emit(dst, 1)
		}
	case 'h', 'l':
		return f.ansiModes(dst, s)
	case 'r':
		m.region = true
		return s.emit(dst, 2)
	case 's': // with numbers it is DECSLRM, but only where mode 69 is on
		if f.keep || len(s.params) == 0 {
			m.slot(true)
			return s.emit(dst, 0)
		}
		return s.emit(dst, 2)
	case 'u':
		m.slot(false)
		return s.emit(dst, 0)
	case 'g':
		if n <= 0 || n == 3 {
			m.tabs = true
			return s.emit(dst, 1)
		}
	case 'c':
		if n <= 0 {
			f.asked++
			return s.emit(dst, 0)
		}
	case 'n':
		if n == 5 || n == 6 {
			return s.emit(dst, 1)
		}
	case 'j', 'k', 'x': // HPB, VPB, DECREQTPARM
		if !f.keep {
			return s.emit(dst, 1)
		}
	}
	return dst
}

// isStyle says whether a sequence that ends in m is SGR.
func isStyle(raw []byte) bool {
	for _, c := range raw[2 : len(raw)-1] {
		if c-0x30 > 0x3b-0x30 {
			return false
		}
	}
	return true
}

// style is SGR. Whatever it sets, SGR 0 ends it.
func (f *Filter) style(dst []byte, s *sequence) []byte {
	if !f.keep || len(s.params) < maxFields {
		return append(dst, s.raw...)
	}
	fields := 0
	for i, c := range s.params {
		if c == ';' || c == ':' {
			if fields++; fields == maxFields {
				dst = append(dst, s.raw[:2+i]...)
				return append(dst, 'm')
			}
		}
	}
	return append(dst, s.raw...)
}

// controlPrivate is CSI ?.
func (f *Filter) controlPrivate(dst []byte, s *sequence) []byte {
	n, _ := field(s.params)
	switch s.final {
	case 'h', 'l':
		return f.privateModes(dst, s)
	case 'J', 'K':
		if n > 2 {
			return dst
		}
		if f.keep {
			s.lead = 0 // nothing is protected, and kitty would keep the colours
		}
		return s.emit(dst, 1)
	case 'n': // DECXCPR, printer, user keys, keyboard, colour scheme
		switch n {
		case 6, 15, 25, 26, 996:
			return s.emit(dst, 1)
		}
	case 'u':
		return s.emit(dst, 0)
	case 'm': // XTQMODKEYS
		if !f.keep && n == 4 {
			return s.emit(dst, 1)
		}
	}
	return dst
}

// controlOther is CSI with <, = or >.
func (f *Filter) controlOther(dst []byte, s *sequence) []byte {
	n, rest := field(s.params)
	second, _ := field(rest)
	switch {
	case s.final == 'u':
		return f.keyboard(dst, s.lead, n, second)
	case s.final == 'c' && s.lead != '<', s.final == 'q' && s.lead == '>': // DA2, DA3, XTVERSION
		if n <= 0 {
			return s.emit(dst, 0)
		}
	case s.final == 'm' && s.lead == '>':
		// modifyOtherKeys. The other resources of XTMODKEYS change keys that
		// programs know by heart.
		if n == 4 && second <= 2 {
			f.modes.otherKeys = second > 0
			return s.emit(dst, 2)
		}
	}
	return dst
}

// controlInter is a control sequence with an intermediate character.
func (f *Filter) controlInter(dst []byte, s *sequence) []byte {
	n, _ := field(s.params)
	switch {
	case s.inter == '$' && s.final == 'p':
		// DECRQM for a mode that does not pass stays without an answer, as on
		// a terminal that never heard of it: told that it is there, programs
		// would use it.
		if s.lead == '?' && f.allowed(n) || s.lead == 0 && ansiMode(n) {
			return s.emit(dst, 1)
		}
		return dst
	case s.lead != 0:
		return dst
	case s.inter == ' ' && s.final == 'q':
		if n <= 6 {
			f.modes.shape = true
			return s.emit(dst, 1)
		}
		return dst
	case s.inter == '!' && s.final == 'p':
		if f.keep {
			f.repaint = true
			return f.softUndo(dst)
		}
		return s.emit(dst, 0)
	}
	if !f.keep && onRealTerminal(s.inter, s.final) {
		f.modes.protect = f.modes.protect || s.inter == '"'
		return append(dst, s.raw...)
	}
	return dst
}

// onRealTerminal are functions that the emulator does not know: rectangles
// (DECCARA, DECRARA, DECCRA, DECFRA, DECERA, DECSERA), protection (DECSCA),
// columns (SL, SR, DECIC, DECDC), the stack of styles (XTPUSHSGR, XTPOPSGR).
func onRealTerminal(inter, final byte) bool {
	finals := ""
	switch inter {
	case '$':
		finals = "rtvxz{"
	case '"':
		finals = "q"
	case ' ':
		finals = "@A"
	case '\'':
		finals = "}~"
	case '#':
		finals = "{}pq"
	}
	return bytes.IndexByte([]byte(finals), final) >= 0
}
