package passthru

import (
	"bytes"
	"unicode/utf8"
)

// What was decided by which document:
//
//   - xterm, "XTerm Control Sequences" (invisible-island.net/xterm/ctlseqs), is
//     the measure of what a function does and of what is off by default.
//   - foot-ctlseqs(7): reverse wrap (45) is on by default there; kitty and VTE
//     have alternate scroll (1007) on, xterm off; metaSendsEscape (1036) and
//     8-bit meta (1034) depend on the user's resources; ghostty and contour
//     have grapheme clusters (2027) on. What is on or off by the user's choice
//     cannot be switched back, so none of them passes.
//   - kitty's keyboard protocol: see modes_kitty.go. In-band resizing (2048) and
//     reports of the colour scheme (2031) send input that nobody asked for at
//     that moment; kitty's paste events (5522) read the clipboard.
//   - Function keys and keyboards (1050 to 1061), backarrow (67), Tektronix
//     (38), logging (46), highlight tracking (1001, waits for an answer and
//     holds up xterm until it comes), UTF-8 mouse reports (1005, in which the
//     prefix could not be told from a coordinate) have no use that is worth it.

// emulated are the private modes that pass in any case: the emulator knows
// them, and their default is the same everywhere.
func emulated(mode int) bool {
	switch mode {
	case 1, 5, 6, 7, 12, 25, 66, // cursor keys, reverse, origin, wrap, blink, cursor, keypad
		9, 1000, 1002, 1003, 1004, 1006, // mouse, focus
		1048, 2004, 2026: // saved cursor, bracketed paste, synchronized update
		return true
	}
	return false
}

// screenMode are the modes that switch between main and alternate screen.
func screenMode(mode int) bool { return mode == 47 || mode == 1047 || mode == 1049 }

// allowed says whether a private mode passes. On a terminal of their own,
// programs may also have what only a real terminal knows: smooth scrolling,
// autorepeat, national character sets, margins left and right, the other mouse
// reports, colour scheme and size reports.
func (f *Filter) allowed(mode int) bool {
	if emulated(mode) {
		return true
	}
	if f.keep {
		return false
	}
	switch mode {
	case 4, 8, 42, 69, 1015, 1016, 2031, 2048:
		return true
	}
	return screenMode(mode)
}

// function is ESC and one character.
func (f *Filter) function(dst []byte, c byte) []byte {
	m := &f.modes
	switch c {
	case 'D', 'E', 'M': // movement
	case '7', '8':
		m.slot(c == '7')
	case '=':
		m.keypad = true
	case '>':
		m.keypad = false
	case 'H':
		m.tabs = true
	case 'N', 'O', 'n', 'o':
		m.charsets = true
	case 'Z':
		f.asked++
	case '6', '9': // DECBI, DECFI
		if f.keep {
			return dst
		}
	case 'c':
		if f.keep {
			f.repaint = true
			return f.hardUndo(dst)
		}
		// tmux stays on the alternate screen, and keeps what is saved.
		dst = f.undoModes(dst)
		*m = modes{saved: m.saved, inSlot: m.inSlot, charsets: m.charsets, protect: m.protect}
	default:
		// Among them memory lock (l, m), protected areas (V, W), GR shifts,
		// which mean nothing in UTF-8.
		return dst
	}
	return append(dst, 0x1b, c)
}

// designation is ESC with intermediates: character sets, DECALN, and for a
// terminal of their own double width and height. ESC % changes the coding,
// ESC SP the form of replies.
func (f *Filter) designation(dst, seq []byte) []byte {
	if len(seq) != 3 {
		return dst
	}
	slot, set := seq[1], seq[2]
	switch {
	case slot == '#':
		if set == '8' || !f.keep && set >= '3' && set <= '6' {
			dst = append(dst, seq...)
		}
		return dst
	case slot < '(' || slot > '+':
		return dst
	case f.keep && set != '0' && set != 'A':
		set = 'B' // that is what the emulator makes of the others
	}
	f.modes.charsets = true
	return append(dst, 0x1b, slot, set)
}

// passes is the allow-list of strings: hyperlinks, prompt marks, and the
// question for a setting's state (DECRQSS), which the terminal answers. Prompt
// marks are lines of a scrollback, and a screen that is kept has none.
func (f *Filter) passes(kind byte, body []byte) bool {
	switch kind {
	case ']':
		link := bytes.HasPrefix(body, []byte("8;"))
		if !link && (f.keep || !bytes.HasPrefix(body, []byte("133;"))) {
			return false
		}
	case 'P':
		return isSetting(body)
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

// isSetting says whether a DCS asks for the setting that a control sequence
// makes: two intermediates and a final byte at most. Terminals have repeated
// longer questions in their answers, which a shell would then read.
func isSetting(body []byte) bool {
	name, ok := bytes.CutPrefix(body, []byte("$q"))
	if !ok || len(name) == 0 || len(name) > 3 {
		return false
	}
	for _, c := range name[:len(name)-1] {
		if c < 0x20 || c > 0x2f {
			return false
		}
	}
	final := name[len(name)-1]
	return final >= 0x40 && final <= 0x7e
}
