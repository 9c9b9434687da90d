package vt

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mod is a set of modifiers. The bits are those of xterm's modifier parameter
// less one.
type Mod uint8

// The modifiers.
const (
	Shift Mod = 1 << iota
	Alt
	Ctrl
	Super
	Hyper
	Meta
)

// Key is one key press. Code is the key: the character it has without
// modifiers, or one of the constants below. Text is what it types, "" where it
// types nothing or simply Code.
type Key struct {
	Code rune
	Text string
	Mod  Mod
}

// Keys without a character, in a range that Unicode leaves to private use.
const (
	Up rune = 0xf0000 + iota
	Down
	Right
	Left
	Begin
	Home
	End
	Insert
	Delete
	PgUp
	PgDn
	F1
	F2
	F3
	F4
	F5
	F6
	F7
	F8
	F9
	F10
	F11
	F12
	F13
	F14
	F15
	F16
	F17
	F18
	F19
	F20
	F21
	F22
	F23
	F24
	KP0
	KP1
	KP2
	KP3
	KP4
	KP5
	KP6
	KP7
	KP8
	KP9
	KPDecimal
	KPDivide
	KPMultiply
	KPMinus
	KPPlus
	KPEnter
	KPEqual
	KPSeparator
	lastKey
)

// Keys that are control characters themselves.
const (
	Tab       rune = '\t'
	Enter     rune = '\r'
	Escape    rune = 0x1b
	Space     rune = ' '
	Backspace rune = 0x7f
)

// EncodeKey gives the bytes by which a program that has asked for m learns of
// k; none for keys that a terminal cannot tell.
func EncodeKey(k Key, m Modes) []byte {
	kitty := m.KittyFlags&kittyMask != 0
	if k.Code >= Up && k.Code <= F24 {
		return encodeSpecial(k, m, kitty)
	}
	if k.Code > F24 && k.Code < lastKey {
		return encodeKeypad(k, m, kitty)
	}
	switch k.Code {
	case Tab, Enter, Escape, Backspace:
		return encodeControlKey(k, m, kitty)
	}
	return encodeText(k, kitty)
}

// cursorFinals are the final bytes of Up to End.
const cursorFinals = "ABCDEHF"

// editNumbers are the numbers of Insert to PgDn, functionNumbers those of F5
// to F12.
var (
	editNumbers     = [...]int{2, 3, 5, 6}
	functionNumbers = [...]int{15, 17, 18, 19, 20, 21, 23, 24}
)

func encodeSpecial(k Key, m Modes, kitty bool) []byte {
	mod := k.Mod
	if !kitty {
		mod &= Shift | Alt | Ctrl
	}
	code := k.Code
	if kitty && code >= F13 {
		return csiU(kittyF13+code-F13, mod)
	}
	if code >= F13 { // terminfo's xterm-256color: kf13 is shift and F1
		code -= F13 - F1
		mod |= Shift
	}
	if kitty && code == F3 { // CSI R is a cursor report
		return tilde(13, mod)
	}
	switch {
	case code <= End:
		return final(cursorFinals[code-Up], mod, m.AppCursor)
	case code >= F1 && code <= F4:
		return final("PQRS"[code-F1], mod, !kitty)
	}
	if code >= F5 {
		return tilde(functionNumbers[code-F5], mod)
	}
	return tilde(editNumbers[code-Insert], mod)
}

// final encodes a key that has a final byte of its own.
func final(b byte, mod Mod, ss3 bool) []byte {
	switch {
	case mod != 0:
		return append(strconv.AppendInt([]byte("\x1b[1;"), int64(mod)+1, 10), b)
	case ss3:
		return []byte{0x1b, 'O', b}
	}
	return []byte{0x1b, '[', b}
}

// tilde encodes a key that is a number.
func tilde(n int, mod Mod) []byte {
	b := strconv.AppendInt([]byte("\x1b["), int64(n), 10)
	if mod != 0 {
		b = strconv.AppendInt(append(b, ';'), int64(mod)+1, 10)
	}
	return append(b, '~')
}

// keypadText is what the keypad types in numeric mode, keypadFinal what it
// sends after SS3 in application mode, from KP0 on.
const (
	keypadText  = "0123456789./*-+\r=,"
	keypadFinal = "pqrstuvwxynojmkMXl"
)

// kittyKP0 and kittyF13 are where the kitty protocol counts the keypad's keys
// and the higher function keys from.
const (
	kittyKP0 = 57399
	kittyF13 = 57376
)

func encodeKeypad(k Key, m Modes, kitty bool) []byte {
	i := k.Code - KP0
	if kitty && (k.Code == KPEnter || k.Mod&^Shift != 0) { // what types text is text
		return csiU(kittyKP0+i, k.Mod)
	}
	if m.AppKeypad && !kitty {
		return []byte{0x1b, 'O', keypadFinal[i]}
	}
	code := rune(keypadText[i])
	return EncodeKey(Key{Code: code, Mod: k.Mod}, m)
}

// csiU is the kitty protocol's own form.
func csiU(code rune, mod Mod) []byte {
	b := strconv.AppendInt([]byte("\x1b["), int64(code), 10)
	if mod != 0 {
		b = strconv.AppendInt(append(b, ';'), int64(mod)+1, 10)
	}
	return append(b, 'u')
}

func encodeControlKey(k Key, m Modes, kitty bool) []byte {
	if kitty && (k.Mod != 0 || k.Code == Escape) {
		return csiU(k.Code, k.Mod)
	}
	var b []byte
	if k.Mod&Alt != 0 {
		b = append(b, 0x1b)
	}
	switch k.Code {
	case Tab:
		if k.Mod&Shift != 0 {
			return append(b, "\x1b[Z"...)
		}
		return append(b, '\t')
	case Enter:
		b = append(b, '\r')
		if m.NewLine {
			b = append(b, '\n')
		}
		return b
	case Backspace:
		if (k.Mod&Ctrl != 0) != m.Backarrow {
			return append(b, 0x08)
		}
		return append(b, 0x7f)
	}
	return append(b, byte(k.Code))
}

func encodeText(k Key, kitty bool) []byte {
	if kitty && k.Mod&^Shift != 0 {
		return csiU(unicode.ToLower(k.Code), k.Mod)
	}
	var b []byte
	if k.Mod&Alt != 0 {
		b = append(b, 0x1b)
	}
	if k.Mod&Ctrl != 0 {
		if c, ok := controlOf(k.Code); ok {
			return append(b, c)
		}
	}
	if k.Text != "" {
		return append(b, k.Text...)
	}
	if k.Code <= 0 || !utf8.ValidRune(k.Code) {
		return nil
	}
	code := k.Code
	if k.Mod&Shift != 0 {
		code = unicode.ToUpper(code)
	}
	return utf8.AppendRune(b, code)
}

// controlOf is the control character of ctrl and a key, as xterm has them from
// XLookupString(3): what lies from @ on, and digits for the characters above
// them on a VT220's keyboard.
func controlOf(r rune) (byte, bool) {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return byte(r) & 0x1f, true
	case r >= '3' && r <= '7':
		return byte(r-'3') + 0x1b, true
	}
	switch r {
	case ' ', '@', '2', '`':
		return 0, true
	case '[', '\\', ']', '^', '_', '{', '|', '}', '~':
		return byte(r) & 0x1f, true
	case '/':
		return 0x1f, true
	case '8', '?':
		return 0x7f, true
	}
	return 0, false
}

const (
	pasteStart = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// EncodePaste gives pasted text as the program wants it. Line ends become
// what Enter sends. Between brackets nothing can look like the closing one,
// in either spelling of CSI: what follows it would be taken for typed.
func EncodePaste(s string, m Modes) []byte {
	s = strings.ReplaceAll(s, "\r\n", "\r")
	s = strings.ReplaceAll(s, "\n", "\r")
	if !m.BracketedPaste {
		return []byte(s)
	}
	b := stripAll([]byte(s))
	out := make([]byte, 0, len(b)+len(pasteStart)+len(pasteEnd))
	out = append(out, pasteStart...)
	out = append(out, b...)
	return append(out, pasteEnd...)
}

// stripAll removes every paste end, those that removing one makes as well.
// One pass: whatever has been kept so far never ends in one.
func stripAll(b []byte) []byte {
	out := b[:0]
	for _, c := range b {
		out = append(out, c)
		if c == '~' {
			for _, end := range []string{pasteEnd, "\u009b201~", "\x9b201~"} {
				out = bytes.TrimSuffix(out, []byte(end))
			}
		}
	}
	return out
}

// EncodeFocus tells of focus gained or lost where the program asked.
func EncodeFocus(in bool, m Modes) []byte {
	switch {
	case !m.Focus:
		return nil
	case in:
		return []byte("\x1b[I")
	}
	return []byte("\x1b[O")
}
