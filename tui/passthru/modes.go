package passthru

import (
	"slices"
	"strconv"
)

// modes remembers what a container has switched, so that leaving can switch
// it back.
type modes struct {
	away      [maxAway]uint16 // private modes that are not as by default, in order
	n         int             // how many of them
	alt       uint16          // the mode that switched to the alternate screen; 0 = main
	keypad    bool            // ESC =
	insert    bool            // IRM
	newLine   bool            // LNM
	region    bool            // scroll region
	otherKeys bool            // modifyOtherKeys
	shape     bool            // cursor
	protect   bool            // DECSCA
	charsets  bool            // designated, or shifted to other than G0 and G1
	saved     bool            // DECSC
	inSlot    [3]bool         // which of slotModes it may bring back other than by default
	tabs      bool
	keys      keyboard
}

// maxAway is how many private modes are on the lists (filter_list.go) at most.
const maxAway = 32

// onByDefault are autowrap, autorepeat and the visible cursor.
func onByDefault(mode int) bool { return mode == 7 || mode == 8 || mode == 25 }

// ansiMode are IRM and LNM. The others lock the keyboard (2), show control
// characters (3) or echo what is typed (12).
func ansiMode(mode int) bool { return mode == 4 || mode == 20 }

// ansiModes filters and remembers CSI PARAMS h or l.
func (f *Filter) ansiModes(dst []byte, s *sequence) []byte {
	p := s.params
	for range maxFields {
		var n int
		n, p = field(p)
		if ansiMode(n) {
			dst = append(dst, 0x1b, '[')
			dst = strconv.AppendInt(dst, int64(n), 10)
			dst = append(dst, s.final)
			if n == 4 {
				f.modes.insert = s.final == 'h'
			} else {
				f.modes.newLine = s.final == 'h'
			}
		}
		if p == nil {
			break
		}
	}
	return dst
}

// privateModes filters and remembers CSI ? PARAMS h or l. Those that pass go
// out in one sequence, but for a switch of screens.
func (f *Filter) privateModes(dst []byte, s *sequence) []byte {
	on := s.final == 'h'
	open := false
	end := func() {
		if open {
			dst = append(dst, s.final)
		}
		open = false
	}
	p := s.params
	for range maxFields {
		var n int
		n, p = field(p)
		switch {
		case n == 3 && f.keep: // DECCOLM: no other width, but what else it does in the emulator
			end()
			dst = append(dst, "\x1b[r\x1b[H\x1b[2J"...)
		case screenMode(n):
			end()
			dst = f.switchScreen(dst, n, on)
		case f.allowed(n):
			if open {
				dst = append(dst, ';')
			} else {
				dst = append(dst, "\x1b[?"...)
			}
			open = true
			dst = strconv.AppendInt(dst, int64(n), 10)
			f.modes.remember(n, on)
		}
		if p == nil {
			break
		}
	}
	end()
	return dst
}

// switchScreen notes which screen the container is on. On the terminal itself
// it is switched only if that is the container's.
func (f *Filter) switchScreen(dst []byte, mode int, on bool) []byte {
	m := &f.modes
	changes := on != (m.alt != 0)
	if !f.keep {
		if changes && !on {
			dst = m.keys.leave(dst, 1) // each screen has a stack; this one's is not seen again
		}
		dst = appendMode(dst, mode, on)
	}
	if mode == 1049 {
		m.slot(on)
	}
	if !changes {
		return dst
	}
	if m.alt = 0; on {
		m.alt = uint16(mode)
	}
	if f.keep {
		f.repaint = true
	}
	return m.keys.onScreen(dst, on, f.keep)
}

func appendMode(dst []byte, mode int, on bool) []byte {
	dst = append(dst, "\x1b[?"...)
	dst = strconv.AppendInt(dst, int64(mode), 10)
	if on {
		return append(dst, 'h')
	}
	return append(dst, 'l')
}

func (m *modes) remember(mode int, on bool) {
	switch mode {
	case 1048:
		m.slot(on)
		return
	case 12:
		m.shape = true
	}
	i := slices.Index(m.away[:m.n], uint16(mode))
	switch away := on != onByDefault(mode); {
	case away && i < 0 && m.n < maxAway:
		m.away[m.n] = uint16(mode)
		m.n++
	case !away && i >= 0:
		copy(m.away[i:], m.away[i+1:m.n])
		m.n--
	}
}

// slotModes are the modes that DECSC saves with the cursor: origin in all
// terminals, reverse and wrap in some (kitty, VT510).
func slotModes() [3]uint16 { return [3]uint16{5, 6, 7} }

// slot follows DECSC and DECRC. Some terminals have a slot for each screen, so
// what was once saved may come back at any time.
func (m *modes) slot(save bool) {
	for i, mode := range slotModes() {
		switch {
		case save:
			m.inSlot[i] = m.inSlot[i] || slices.Contains(m.away[:m.n], mode)
		case m.inSlot[i]:
			m.remember(int(mode), !onByDefault(int(mode)))
		}
	}
	m.saved = m.saved || save
}

// Reset gives what puts the terminal back as it was before the container
// wrote to it, and forgets what the container had switched. A sequence that
// was cut off is dropped: the terminal has not seen its beginning. Should the
// caller's last write have been cut off, the first thing is the end of any.
//
// The cursor stays where it is. What is saved by DECSC is overwritten, and the
// screen holds what it holds.
func (f *Filter) Reset() []byte {
	b := f.undo([]byte("\x1b\\"))
	*f = Filter{keep: f.keep, seq: f.seq[:0], asked: f.asked}
	return b
}

// undo puts back all that was switched, and forgets it.
func (f *Filter) undo(dst []byte) []byte {
	m := &f.modes
	dst = f.undoModes(dst)
	dst = m.undoKeys(dst)
	dst = m.undoPen(dst)
	dst = m.undoLayout(dst)
	*m = modes{}
	return dst
}

// undoModes puts private modes back, and with them screen and keyboard.
func (f *Filter) undoModes(dst []byte) []byte {
	m := &f.modes
	if m.alt != 0 && !f.keep {
		dst = m.keys.leave(dst, 1)
		dst = appendMode(dst, int(m.alt), false)
		if m.alt == 1049 {
			m.slot(false)
		}
	}
	for _, mode := range slices.Backward(m.away[:m.n]) {
		dst = appendMode(dst, int(mode), onByDefault(int(mode)))
	}
	return m.keys.leave(dst, 0)
}

// undoKeys ends what else changes keys, typing and cursor.
func (m *modes) undoKeys(dst []byte) []byte {
	if m.insert {
		dst = append(dst, "\x1b[4l"...)
	}
	if m.newLine {
		dst = append(dst, "\x1b[20l"...)
	}
	if m.otherKeys {
		dst = append(dst, "\x1b[>4m"...)
	}
	if m.shape {
		dst = append(dst, "\x1b[0 q"...)
	}
	if m.keypad {
		dst = append(dst, "\x1b>"...)
	}
	return dst
}

// hardUndo is RIS on a screen that is kept. Our entry for the keyboard stays,
// without flags: below it are somebody else's.
func (f *Filter) hardUndo(dst []byte) []byte {
	k := &f.modes.keys
	k.stacks, k.alt = [2]flagStack{}, 0
	dst = k.show(dst, true, false)
	kept := *k
	*k = keyboard{}
	dst = f.undo(dst)
	f.modes.keys = kept
	return dst
}

// undoPen ends character sets, hyperlink, attributes and protection.
func (m *modes) undoPen(dst []byte) []byte {
	dst = append(dst, "\x0f\x1b(B"...)
	if m.charsets {
		dst = append(dst, "\x1b)B\x1b*B\x1b+B"...)
	}
	dst = append(dst, "\x1b]8;;\x1b\\\x1b[m"...)
	if m.protect {
		dst = append(dst, "\x1b[0\"q"...)
	}
	return dst
}

// undoLayout ends the scroll region, which moves the cursor, and sets tab stops
// as they are at first. All else is as by default by now, so that is what
// saving the cursor leaves in its slot.
func (m *modes) undoLayout(dst []byte) []byte {
	if !m.region && !m.tabs && !m.saved {
		return dst
	}
	dst = append(dst, "\x1b7"...)
	if m.region {
		dst = append(dst, "\x1b[r"...)
	}
	if m.tabs {
		dst = append(dst, "\x1b[3g"...)
		const widest = 1000
		for column := 9; column <= widest; column += 8 {
			dst = append(dst, "\x1b["...)
			dst = strconv.AppendInt(dst, int64(column), 10)
			dst = append(dst, "G\x1bH"...)
		}
		// The last column has got those that are off the screen. DECST8C does
		// all of it right where it is known.
		dst = append(dst, "\x1b[9999G\x1b[g\x1b[?5W"...)
	}
	return append(dst, "\x1b8"...)
}

// softUndo does what the emulator makes of DECSTR: terminals do not agree on it,
// and some do not know it.
func (f *Filter) softUndo(dst []byte) []byte {
	m := &f.modes
	for _, mode := range []uint16{1, 6, 7, 25, 66} {
		if slices.Contains(m.away[:m.n], mode) {
			on := onByDefault(int(mode))
			dst = appendMode(dst, int(mode), on)
			m.remember(int(mode), on)
		}
	}
	if m.insert {
		dst = append(dst, "\x1b[4l"...)
	}
	if m.keypad {
		dst = append(dst, "\x1b>"...)
	}
	dst = m.undoPen(dst)
	if m.region {
		dst = append(dst, "\x1b7\x1b[r\x1b8"...)
	}
	m.insert, m.keypad, m.region = false, false, false // character sets may be in the slot
	return dst
}
