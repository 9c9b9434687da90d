// Package passthru lets the bytes of a container's terminal through to the
// user's own, and the user's keys back, without giving the container more of
// that terminal than a screen.
//
// Rules of this room:
//   - Pure: bytes in, bytes out, no clock, no descriptors. State is kept over
//     any split of the input.
//   - What comes out is valid UTF-8 and holds only whole escape sequences.
//   - All passes by allow-lists (filter_list.go, filter_csi.go): terminals keep
//     inventing functions, and what is not known here has no undo here.
//   - Every function that passes and leaves something behind has its undo in
//     Reset (modes.go).
package passthru

import (
	"bytes"
	"encoding/binary"
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

// Options of a Filter.
type Options struct {
	// KeepScreen is for a terminal that stays on one screen, its alternate
	// one, while an emulator (tui/vt) takes the same bytes: what switches
	// screens or resets never passes, and neither does what the emulator does
	// not know. AppendUntil says when the emulator has to paint.
	KeepScreen bool
}

// Filter cleans what a container's terminal sends. The zero Filter is ready,
// and is for a terminal whose screens the container may switch.
//
// Dropped, among all else that is on no list: window title, palette, colours,
// directory, notifications, clipboard (all OSC but 8 and 133), DCS but DECRQSS,
// APC, PM, SOS, window reports and operations (CSI t), printing (CSI i), screen
// checksums (CSI * y), the clearing of the user's scrollback (ED 3), switches of
// column mode, VT52 mode and character coding, ENQ, DEL, C1 in either coding.
// OSC 52, the clipboard, is among what is dropped: it needs a permission, and
// there is nobody to ask here.
type Filter struct {
	keep    bool
	state   state
	long    bool // seq is longer than allowed: drop it
	repaint bool // what ended just now is for the emulator to paint
	un      int  // length of utf
	utf     [utf8.UTFMax]byte
	seq     []byte // the sequence so far, from its ESC
	asked   int
	modes   modes
}

// NewFilter makes a Filter.
func NewFilter(o Options) *Filter { return &Filter{keep: o.KeepScreen} }

// Append appends what may pass of src to dst.
func (f *Filter) Append(dst, src []byte) []byte {
	for len(src) > 0 {
		var n int
		dst, n, _ = f.AppendUntil(dst, src)
		src = src[n:]
	}
	return dst
}

// AppendUntil appends what may pass of src, up to and including the end of a
// sequence that only the emulator can show: a switch between main and alternate
// screen, RIS or DECSTR. used is how much of src it took. With repaint the
// caller writes out, gives src[:used] to the emulator, writes what that shows,
// and goes on with the rest. It may put the painting off, so that a container
// which switches all the time costs a painting a frame and no more; what is
// written in between is painted over.
//
// Painting need not set private modes, keypad or keyboard flags: they are in
// out, those included that the reset ended.
func (f *Filter) AppendUntil(dst, src []byte) (out []byte, used int, repaint bool) {
	for i := 0; i < len(src); {
		var n int
		dst, n = f.stretch(dst, src[i:])
		i += n
		if f.repaint {
			f.repaint = false
			return dst, i, true
		}
	}
	return dst, len(src), false
}

// Asked counts the questions for DA1 that passed; see Fence.
func (f *Filter) Asked() int { return f.asked }

// stretch takes as much of src as belongs together: most of what programs print
// is text and whole sequences, and of that, nothing is looked at twice.
func (f *Filter) stretch(dst, src []byte) (out []byte, n int) {
	switch {
	case f.state == ground && f.un == 0:
		if n = plainRun(src); n > 0 {
			return append(dst, src[:n]...), n
		}
		if n = wholeCSI(src); n > 0 {
			return f.control(dst, src[:n]), n
		}
	case f.state == str:
		if n = stringRun(src); n > 0 {
			if f.long = f.long || len(f.seq)+n > maxString; !f.long {
				f.seq = append(f.seq, src[:n]...)
			}
			return dst, n
		}
	}
	return f.feed(dst, src[0]), 1
}

// plainRun is how many bytes at the head of p are text and harmless controls.
func plainRun(p []byte) int {
	i := 0
	for i < len(p) {
		if len(p)-i >= 8 && printable8(binary.LittleEndian.Uint64(p[i:])) {
			i += 8
			continue
		}
		for end := min(i+8, len(p)); i < end; {
			c := p[i]
			switch {
			case c-0x20 < 0x7f-0x20, harmless(c):
				i++
			case c < 0xc2:
				return i
			default:
				r, n := utf8.DecodeRune(p[i:])
				if n == 1 || r < 0xa0 {
					return i
				}
				i += n
			}
		}
	}
	return i
}

// printable8 says whether all eight bytes are from 0x20 to 0x7e. A borrow can
// only come from a byte that is not, so it does no harm.
func printable8(x uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (x|(x-0x20*ones)|(x+ones))&high == 0
}

// stringRun is how many bytes at the head of p neither end nor interrupt a
// string.
func stringRun(p []byte) int {
	for i, c := range p {
		if c < 0x20 {
			return i
		}
	}
	return len(p)
}

// wholeCSI is the length of the well-formed control sequence at the head of p,
// 0 if there is none.
func wholeCSI(p []byte) int {
	if len(p) < 3 || p[0] != 0x1b || p[1] != '[' {
		return 0
	}
	p = p[:min(len(p), maxCSI)]
	i := 2
	for i < len(p) && p[i]-0x30 < 0x10 {
		i++
	}
	for i < len(p) && p[i]-0x20 < 0x10 {
		i++
	}
	if i < len(p) && p[i]-0x40 < 0x7f-0x40 {
		return i + 1
	}
	return 0
}

func (f *Filter) feed(dst []byte, c byte) []byte {
	switch f.state {
	case ground:
		return f.plain(dst, c)
	case str:
		return f.inString(dst, c)
	case strEsc:
		return f.stringEnd(dst, c)
	default:
		return f.inSequence(dst, c)
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
	case c >= 0x20 && c != 0x7f, harmless(c):
		dst = append(dst, c)
	}
	return dst
}

// harmless are BEL to SI: bell, movement, character sets.
func harmless(c byte) bool { return c >= 0x07 && c <= 0x0f }

// multibyte gathers a rune. C1 controls are dropped: terminals act on U+009B
// as on ESC [. What is no UTF-8 is shown as that, as the emulator does.
func (f *Filter) multibyte(dst []byte, c byte) []byte {
	if f.un > 0 && utf8.RuneStart(c) {
		dst = f.brokenRune(dst)
	}
	f.utf[f.un] = c
	f.un++
	if !utf8.FullRune(f.utf[:f.un]) {
		return dst
	}
	whole := f.utf
	n := f.un
	f.un = 0
	r, size := utf8.DecodeRune(whole[:n])
	if r == utf8.RuneError && size == 1 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
		for _, b := range whole[1:n] {
			dst = f.multibyte(dst, b)
		}
		return dst
	}
	if r >= 0xa0 {
		dst = append(dst, whole[:n]...)
	}
	return dst
}

// brokenRune shows that a rune was cut short.
func (f *Filter) brokenRune(dst []byte) []byte {
	if f.un > 0 {
		f.un = 0
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

func (f *Filter) begin() {
	f.state, f.long = escape, false
	f.seq = append(f.seq[:0], 0x1b)
}

// inSequence takes a byte of an escape sequence that is no string. Controls
// inside one are acted upon at once, as terminals do (ECMA-48 leaves it open,
// VT100 and all after it do so).
func (f *Filter) inSequence(dst []byte, c byte) []byte {
	switch {
	case c == 0x18 || c == 0x1a:
		f.state = ground
		return dst
	case c == 0x1b:
		f.begin()
		return dst
	case c < 0x20:
		if harmless(c) {
			dst = append(dst, c)
		}
		return dst
	case c == 0x7f:
		return dst
	case c > 0x7f: // no sequence holds such a byte: it starts text
		f.state = ground
		return f.plain(dst, c)
	}
	f.push(c, maxCSI)
	switch f.state {
	case escape:
		return f.afterEscape(dst, c)
	case nf:
		if c < 0x30 {
			return dst
		}
		f.state = ground
		if f.long {
			return dst
		}
		return f.designation(dst, f.seq)
	default:
		if c < 0x40 {
			return dst
		}
		f.state = ground
		if f.long {
			return dst
		}
		return f.control(dst, f.seq)
	}
}

func (f *Filter) afterEscape(dst []byte, c byte) []byte {
	switch {
	case c == '[':
		f.state = csi
	case bytes.IndexByte([]byte("]PX^_k"), c) >= 0:
		f.state = str
	case c < 0x30:
		f.state = nf
	default:
		f.state = ground
		dst = f.function(dst, c)
	}
	return dst
}

func (f *Filter) inString(dst []byte, c byte) []byte {
	switch {
	case c == 0x1b:
		f.state = strEsc
	case c == 0x18 || c == 0x1a:
		f.state = ground
	case c == 0x07 && f.seq[1] == ']':
		return f.endString(dst)
	default:
		f.push(c, maxString)
	}
	return dst
}

func (f *Filter) stringEnd(dst []byte, c byte) []byte {
	if c == '\\' {
		return f.endString(dst)
	}
	f.begin() // the ESC was a new sequence's
	return f.inSequence(dst, c)
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
	if f.long || !f.passes(f.seq[1], f.seq[2:]) {
		return dst
	}
	dst = append(dst, f.seq...)
	return append(dst, 0x1b, '\\')
}
