// Package passthru lets the bytes of a container's terminal through to the
// user's own, and the user's keys back, without giving the container more of
// that terminal than a screen.
//
// Rules of this room:
//   - Pure: bytes in, bytes out, no clock, no descriptors. State is kept over
//     any split of the input.
//   - What comes out is valid UTF-8 and holds only whole escape sequences.
//   - Strings for the terminal (OSC, DCS) pass by an allow-list, since new
//     ones are invented all the time; screen functions (CSI, ESC) pass but for
//     those that report, print or resize.
package passthru

import (
	"bytes"
	"unicode/utf8"
)

// Longest sequences that are let through; longer ones are dropped whole.
const (
	maxCSI    = 256
	maxString = 4096
)

type state uint8

const (
	ground state = iota
	escape       // after ESC
	nf           // ESC with intermediates
	csi          // after ESC [
	str          // OSC, DCS, APC, PM, SOS, screen's title: until ST
	strEsc       // ESC inside a string
)

// Filter cleans what a container's terminal sends. The zero Filter is ready.
//
// Dropped: window title, palette, colours, directory, notifications, clipboard
// (all OSC but 8 and 133), DCS but DECRQSS, APC, PM, SOS, window reports and
// operations (CSI t), printing (CSI i), screen checksums (CSI * y), switches of
// column mode, VT52 mode and character coding, ENQ, DEL, C1 in either coding.
// OSC 52, the clipboard, is among what is dropped: it needs a permission, and
// there is nobody to ask here.
type Filter struct {
	state state
	seq   []byte // the sequence so far, from its ESC
	long  bool   // seq is longer than allowed: drop it
	half  []byte // a rune that is not whole yet
	modes modes
}

// Append appends what may pass of src to dst.
func (f *Filter) Append(dst, src []byte) []byte {
	for _, c := range src {
		dst = f.feed(dst, c)
	}
	return dst
}

func (f *Filter) feed(dst []byte, c byte) []byte {
	switch f.state {
	case ground:
		return f.plain(dst, c)
	case escape:
		return f.afterEscape(dst, c)
	case nf:
		return f.intermediates(dst, c)
	case csi:
		return f.control(dst, c)
	case str:
		return f.inString(dst, c)
	default:
		return f.stringEnd(dst, c)
	}
}

// plain is text and single control characters.
func (f *Filter) plain(dst []byte, c byte) []byte {
	if c >= utf8.RuneSelf {
		return f.multibyte(dst, c)
	}
	dst = f.brokenRune(dst)
	switch {
	case c == 0x1b:
		f.begin()
	case c >= 0x20 && c != 0x7f, c >= 0x07 && c <= 0x0f: // BEL to SI: bell, movement, character sets
		dst = append(dst, c)
	}
	return dst
}

// multibyte gathers a rune. C1 controls are dropped: terminals act on U+009B
// as on ESC [.
func (f *Filter) multibyte(dst []byte, c byte) []byte {
	if len(f.half) > 0 && utf8.RuneStart(c) {
		dst = f.brokenRune(dst)
	}
	f.half = append(f.half, c)
	if !utf8.FullRune(f.half) {
		return dst
	}
	r, n := utf8.DecodeRune(f.half)
	switch {
	case r == utf8.RuneError && n == 1:
		first := f.half[0]
		rest := f.half[1:]
		f.half = nil
		if first >= 0xa0 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		for _, b := range rest {
			dst = f.multibyte(dst, b)
		}
		return dst
	case r >= 0xa0:
		dst = append(dst, f.half...)
	}
	f.half = f.half[:0]
	return dst
}

// brokenRune shows that a rune was cut short.
func (f *Filter) brokenRune(dst []byte) []byte {
	if len(f.half) > 0 {
		f.half = f.half[:0]
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

func (f *Filter) begin() {
	f.state, f.long = escape, false
	f.seq = append(f.seq[:0], 0x1b)
}

// aborts handles what ends a sequence in the middle: CAN, SUB and a new ESC.
func (f *Filter) aborts(c byte) bool {
	switch c {
	case 0x18, 0x1a:
		f.state = ground
	case 0x1b:
		f.begin()
	default:
		return false
	}
	return true
}

func (f *Filter) afterEscape(dst []byte, c byte) []byte {
	if f.aborts(c) || c < 0x20 || c >= 0x7f {
		return dst
	}
	f.seq = append(f.seq, c)
	switch {
	case c == '[':
		f.state = csi
	case bytes.IndexByte([]byte("]PX^_k"), c) >= 0:
		f.state = str
	case c < 0x30:
		f.state = nf
	case c == '\\':
		f.state = ground // the end of a string that there is not
	default:
		f.state = ground
		f.modes.escape(c)
		dst = append(dst, f.seq...)
	}
	return dst
}

func (f *Filter) intermediates(dst []byte, c byte) []byte {
	if f.aborts(c) || c < 0x20 || c >= 0x7f {
		return dst
	}
	f.push(c, maxCSI)
	if c < 0x30 {
		return dst
	}
	f.state = ground
	// ESC % changes the coding, ESC SP the form of replies.
	if f.long || f.seq[1] == '%' || f.seq[1] == ' ' {
		return dst
	}
	return append(dst, f.seq...)
}

func (f *Filter) control(dst []byte, c byte) []byte {
	if f.aborts(c) || c < 0x20 || c >= 0x7f {
		return dst
	}
	f.push(c, maxCSI)
	if c < 0x40 {
		return dst
	}
	f.state = ground
	if f.long {
		return dst
	}
	params, final := f.seq[2:len(f.seq)-1], c
	switch {
	case dropped(params, final):
		return dst
	case (final == 'h' || final == 'l') && len(params) > 0 && params[0] == '?':
		return f.modes.private(dst, params[1:], final)
	}
	f.modes.control(params, final)
	return append(dst, f.seq...)
}

// dropped are the control sequences that never pass: window operations and
// reports (t), printing (i), checksums of the screen (*y), columns and lines a
// page ($| *|), conformance level with its eight-bit replies ("p), and saved
// private modes (?s ?r), which could bring back what was refused.
func dropped(params []byte, final byte) bool {
	var lead, last byte
	if len(params) > 0 {
		lead, last = params[0], params[len(params)-1]
	}
	switch final {
	case 't', 'i':
		return true
	case 'y':
		return last == '*'
	case '|':
		return last == '$' || last == '*'
	case 'p':
		return last == '"'
	case 's', 'r':
		return lead == '?'
	default:
		return false
	}
}

func (f *Filter) inString(dst []byte, c byte) []byte {
	switch {
	case c == 0x1b:
		f.state = strEsc
	case c == 0x18 || c == 0x1a:
		f.state = ground
	case c == 0x07 && f.seq[1] == ']':
		return f.endString(dst)
	case c == 0x9c && !f.insideRune():
		return f.endString(dst) // C1 ST
	default:
		f.push(c, maxString)
	}
	return dst
}

// insideRune says whether the string's last bytes begin a rune that wants
// more: then 0x9c is its middle, not the end of the string.
func (f *Filter) insideRune() bool {
	tail := f.seq[max(0, len(f.seq)-utf8.UTFMax+1):]
	for i := len(tail) - 1; i >= 0; i-- {
		if utf8.RuneStart(tail[i]) {
			return !utf8.FullRune(tail[i:])
		}
	}
	return false
}

func (f *Filter) stringEnd(dst []byte, c byte) []byte {
	if c == '\\' {
		return f.endString(dst)
	}
	f.begin() // the ESC was a new sequence's
	return f.afterEscape(dst, c)
}

func (f *Filter) push(c byte, limit int) {
	if len(f.seq) >= limit {
		f.long = true
		return
	}
	f.seq = append(f.seq, c)
}

// endString lets a whole string through if it is on the list.
func (f *Filter) endString(dst []byte) []byte {
	f.state = ground
	body := f.seq[2:]
	if f.long || !passes(f.seq[1], body) {
		return dst
	}
	dst = append(dst, f.seq...)
	return append(dst, 0x1b, '\\')
}

// passes is the allow-list of strings: hyperlinks, prompt marks, and the
// question for a setting's state (DECRQSS), which the terminal answers.
func passes(kind byte, body []byte) bool {
	switch kind {
	case ']':
		if !bytes.HasPrefix(body, []byte("8;")) && !bytes.HasPrefix(body, []byte("133;")) {
			return false
		}
	case 'P':
		if !bytes.HasPrefix(body, []byte("$q")) {
			return false
		}
	default:
		return false
	}
	for len(body) > 0 { // no control may hide inside
		r, n := utf8.DecodeRune(body)
		if r < 0x20 || (r >= 0x7f && r < 0xa0) || (r == utf8.RuneError && n == 1) {
			return false
		}
		body = body[n:]
	}
	return true
}
