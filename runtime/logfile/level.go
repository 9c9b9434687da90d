package logfile

import "bytes"

// Level is how much a line matters, by its own word.
type Level uint8

// The levels, the worst last. What is worse than an error is one; a notice is Info.
const (
	NoLevel Level = iota // the line does not say
	Trace
	Debug
	Info
	Warn
	Error
)

// String is the level's name; "" = none.
func (l Level) String() string {
	return [...]string{"", "trace", "debug", "info", "warn", "error"}[min(l, Error)]
}

// levelRoom is how much of a line is looked through for a level, in bytes.
const levelRoom = 240

// LevelOf is the level that a line names: by the number in front of it (syslog), as
// the field of a log that has one (liblxc's, klog's), or by the first word that is
// one and stands as one: ERROR, [error], level=error, "level":"error", error:.
func LevelOf(line []byte) Level {
	b := line[:min(len(line), levelRoom)]
	if n, rest, ok := priority(b); ok {
		return severity(n, rest)
	}
	if _, end, ok := lxcStamp(b); ok {
		l, _ := levelWord(b[end:], 0)
		return l
	}
	if l := klogLevel(b); l != NoLevel {
		return l
	}
	for i := 0; i < len(b); {
		switch {
		case !letter(b[i]):
			i++
		case levelInitials>>(b[i]&31)&1 == 0:
			for i++; i < len(b) && letter(b[i]); i++ {
			}
		default:
			l, end := levelWord(b, i)
			if l != NoLevel {
				return l
			}
			i = end
		}
	}
	return NoLevel
}

// levelInitials are the letters that words of levels begin with, a bit each, the
// letter a being bit 1.
const levelInitials uint32 = 1<<('a'&31) | 1<<('c'&31) | 1<<('d'&31) | 1<<('e'&31) | 1<<('f'&31) | 1<<('i'&31) |
	1<<('n'&31) | 1<<('p'&31) | 1<<('s'&31) | 1<<('t'&31) | 1<<('v'&31) | 1<<('w'&31)

// severity is that of a syslog priority (RFC 5424, 6.2.1). The default that programs
// send which give none (notice, info) says less than a word in the line.
func severity(n int, rest []byte) Level {
	switch n % 8 {
	case 0, 1, 2, 3:
		return Error
	case 4:
		return Warn
	case 7:
		return Debug
	}
	if len(rest) > 0 && rest[0] != '<' {
		return max(LevelOf(rest), Info)
	}
	return Info
}

// priority reads "<34>" at a line's beginning.
func priority(b []byte) (n int, rest []byte, ok bool) {
	if len(b) < 3 || b[0] != '<' {
		return 0, b, false
	}
	end := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if end < 2 {
		return 0, b, false
	}
	n, ok = number(b[1:end])
	if !ok || n > 191 { // 23 facilities of 8
		return 0, b, false
	}
	return n, b[end+1:], true
}

// klogLevel reads "E1127 06:45:00.123456 ...".
func klogLevel(b []byte) Level {
	if _, ok := klogDay(b); !ok {
		return NoLevel
	}
	switch b[0] {
	case 'I':
		return Info
	case 'W':
		return Warn
	default:
		return Error
	}
}

// levelWord looks at the word that begins at i, where spaces are passed over, and
// gives where it ends.
func levelWord(b []byte, i int) (Level, int) {
	for i < len(b) && b[i] == ' ' {
		i++
	}
	end, lowers := i, 0
	for end < len(b) && letter(b[end]) {
		if b[end] >= 'a' {
			lowers++
		}
		end++
	}
	var word [11]byte
	if end-i < 3 || end-i > len(word) {
		return NoLevel, end
	}
	// Part of a longer word, which digits and the like belong to.
	if i > 0 && wordByte(b[i-1]) || end < len(b) && wordByte(b[end]) {
		return NoLevel, end
	}
	for k, c := range b[i:end] {
		word[k] = lower(c)
	}
	l := named(string(word[:end-i]))
	if l == NoLevel || lowers == 0 && standsAlone(b, i, end) || marksLevel(b, i, end) {
		return l, end
	}
	return NoLevel, end
}

func named(word string) Level {
	switch word {
	case "error", "err", "crit", "critical", "fatal", "alert", "emerg", "emergency", "panic", "severe":
		return Error
	case "warn", "warning":
		return Warn
	case "info", "notice", "information":
		return Info
	case "debug":
		return Debug
	case "trace", "verbose":
		return Trace
	}
	return NoLevel
}

// standsAlone says whether what is around a word sets it apart: one in upper case is
// a level then.
func standsAlone(b []byte, i, end int) bool {
	return (i == 0 || bytes.IndexByte([]byte(" \t[(<|\"'=:>"), b[i-1]) >= 0) &&
		(end == len(b) || bytes.IndexByte([]byte(" \t])>|\"',:;"), b[end]) >= 0)
}

// marksLevel says whether a word in any case is set apart as levels are: [error],
// [core:error], (error), |error|, <error>, level=error, "level":"error", or error: as
// the text's first word or behind a colon and a space.
func marksLevel(b []byte, i, end int) bool {
	var before, after byte
	if i > 0 {
		before = b[i-1]
	}
	if end < len(b) {
		after = b[end]
	}
	switch after {
	case ']':
		return before == '[' || before == ':' || before == ' '
	case ')':
		return before == '('
	case '|':
		return before == '|' || before == ' '
	case '>':
		return before == '<'
	case ':':
		if before == 0 || before == ' ' && i > 1 && (b[i-2] == ':' || b[i-2] == ']') {
			return true
		}
	}
	if before == '"' || before == '\'' {
		i--
		if after != before {
			return false
		}
	}
	for i > 0 && b[i-1] == ' ' {
		i--
	}
	if i == 0 || b[i-1] != '=' && b[i-1] != ':' {
		return false
	}
	key := bytes.TrimRight(b[:i-1], "\"' ")
	for _, name := range []string{"level", "lvl", "severity", "prio", "priority", "LEVEL", "PRIORITY", "Level", "levelname", "loglevel"} {
		if k := len(key) - len(name); k >= 0 && string(key[k:]) == name {
			return true
		}
	}
	return false
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func digit(b byte) bool { return b >= '0' && b <= '9' }

// wordByte is what belongs to a word beside letters.
func wordByte(b byte) bool { return b == '_' || b == '/' || b == '.' || digit(b) || b >= 0x80 }

// number reads digits, of at most nine.
func number(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if !digit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
