package passthru

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// press is what a key's sequence says, as far as anybody wants to know.
type press struct {
	code    int // the key's character; 0 is none
	shifted int // the same with shift, and where it stands on a PC-101 keyboard,
	base    int // if told (kitty, flag 4)
	mods    int // without caps lock and num lock
	event   int // 2 repeat, 3 release
	tilde   int // the number in CSI number ~
	final   byte
}

const (
	shift   = 1
	ctrl    = 4
	locks   = 64 | 128
	repeat  = 2
	release = 3
)

// key takes one key: a byte or a whole sequence.
func (k *Keys) key(dst, seq []byte) ([]byte, *Command) {
	if string(seq) == pasteBegin {
		k.paste, k.after = true, false
		return append(dst, seq...), nil
	}
	if isReport(seq) {
		if isDA1(seq) {
			k.answered++
		}
		return append(dst, seq...), nil
	}
	p := readPress(seq)
	isPrefix := bytes.Equal(seq, k.literal) || k.matches(p)
	switch {
	case isPrefix && p.event >= repeat:
		return dst, nil // its press was not passed on either
	case isPrefix && k.after:
		k.after = false
		return dst, &Command{Bytes: k.Literal()}
	case isPrefix:
		k.after = true
		return dst, nil
	case !k.after || p.event == release || isModifier(p.code):
		return append(dst, seq...), nil
	}
	k.after = false
	return dst, &Command{Key: p.character(), Bytes: seq}
}

// matches says whether p is the prefix in one of the codings that are not
// plain.
func (k *Keys) matches(p press) bool {
	switch {
	case p.code > 0:
		ignore := 0
		if k.shifted {
			ignore = shift
		}
		// On a keyboard that is not Latin the place of the key counts.
		return p.mods&^ignore == k.mods && (slices.Contains(k.codes, p.code) || p.code > unicode.MaxASCII && slices.Contains(k.codes, p.base))
	case p.mods != 0 || k.tilde == 0:
		return false
	case p.final == '~':
		return p.tilde == k.tilde
	default:
		return p.final != 0 && p.final == k.letter
	}
}

// character is the Key of a Command.
func (p press) character() rune {
	switch {
	case p.code == 0 || p.code >= firstFunctional && p.code <= lastFunctional || p.mods&^(shift|ctrl) != 0:
		return NoRune
	case p.mods&ctrl != 0:
		if r := unicode.ToUpper(rune(p.code)); r >= '@' && r <= '_' {
			return r & 0x1f
		}
		return NoRune
	case p.mods&shift == 0:
		return rune(p.code)
	case p.shifted > 0:
		return rune(p.shifted)
	default:
		return unicode.ToUpper(rune(p.code))
	}
}

// Kitty's codes for keys without a character.
const (
	firstFunctional = 57344
	lastFunctional  = 63743
)

// isModifier are lock and modifier keys by themselves.
func isModifier(code int) bool {
	return code >= 57358 && code <= 57360 || code >= 57441 && code <= 57454
}

// readPress reads a plain character, CSI code;mods:event u, CSI 27;mods;code ~,
// and CSI number;mods:event with another final.
func readPress(seq []byte) press {
	if seq[0] != 0x1b || len(seq) == 1 {
		r, n := utf8.DecodeRune(seq)
		if n != len(seq) || r == utf8.RuneError {
			return press{}
		}
		return press{code: int(r)}
	}
	if len(seq) < 3 || seq[1] != '[' {
		return press{} // alt with a character, SS3
	}
	p := press{final: seq[len(seq)-1]}
	fields := strings.Split(string(seq[2:len(seq)-1]), ";")
	number := func(i, sub int) int {
		if i >= len(fields) {
			return 0
		}
		parts := strings.Split(fields[i], ":")
		if sub >= len(parts) {
			return 0
		}
		n, err := strconv.Atoi(parts[sub])
		if err != nil || n < 0 || n > unicode.MaxRune {
			return 0 // no key
		}
		return n
	}
	p.mods, p.event = number(1, 0), number(1, 1)
	switch {
	case p.final == 'u':
		p.code, p.shifted, p.base = number(0, 0), number(0, 1), number(0, 2)
	case p.final == '~' && len(fields) == 3 && number(0, 0) == 27:
		p.code, p.event = number(2, 0), 0
	case p.final == '~':
		p.tilde = number(0, 0)
	}
	p.mods = max(p.mods-1, 0) &^ locks
	return p
}

// isReport says whether a sequence is no key, but what a terminal tells: mouse,
// focus, and its answers to questions.
func isReport(seq []byte) bool {
	if len(seq) < 3 || seq[0] != 0x1b || seq[1] != '[' {
		return false
	}
	final := seq[len(seq)-1]
	switch {
	case seq[2] >= '<' && seq[2] <= '?', bytes.HasPrefix(seq, []byte(mouseReport)):
		return true
	case final == 'I' || final == 'O':
		return len(seq) == 3
	case final == 'R' || final == 'M': // CSI R is F3
		return len(seq) > 3
	}
	return bytes.IndexByte([]byte("cntxy"), final) >= 0
}

// isDA1 says whether a report answers DA1: CSI ? numbers c.
func isDA1(seq []byte) bool {
	return len(seq) > 3 && seq[2] == '?' && seq[len(seq)-1] == 'c' && len(bytes.Trim(seq[3:len(seq)-1], "0123456789;")) == 0
}
