package passthru

import (
	"bytes"
	"slices"
	"strconv"
)

// modes remembers what a container has switched, so that leaving can switch
// it back.
type modes struct {
	set      []int // private modes switched on that are off by default, in order
	unset    []int // private modes switched off that are on by default
	keypad   bool  // ESC =
	region   bool  // scroll region
	kitty    bool  // keyboard protocol
	otherKey bool  // modifyOtherKeys and its kin
	insert   bool
	cursor   bool // shape
}

// maxModes is far above what there is; a container that invents more gets
// them switched, but not switched back.
const maxModes = 64

// refused are private modes that never pass: VT52 (its parser is not ours),
// 80/132 columns and the permission for it.
func refused(mode int) bool { return mode == 2 || mode == 3 || mode == 40 }

// onByDefault are autorepeat, autowrap and the visible cursor.
func onByDefault(mode int) bool { return mode == 7 || mode == 8 || mode == 25 }

// private filters and remembers CSI ? PARAMS h or l.
func (m *modes) private(dst, params []byte, final byte) []byte {
	var kept []byte
	for _, p := range bytes.Split(params, []byte(";")) {
		n, err := strconv.Atoi(string(p))
		if err != nil || refused(n) {
			continue
		}
		if len(kept) > 0 {
			kept = append(kept, ';')
		}
		kept = strconv.AppendInt(kept, int64(n), 10)
		m.remember(n, final == 'h')
	}
	if len(kept) == 0 {
		return dst
	}
	dst = append(dst, 0x1b, '[', '?')
	dst = append(dst, kept...)
	return append(dst, final)
}

func (m *modes) remember(mode int, on bool) {
	list := &m.set
	if onByDefault(mode) {
		list, on = &m.unset, !on
	}
	i := slices.Index(*list, mode)
	switch {
	case on && i < 0 && len(*list) < maxModes:
		*list = append(*list, mode)
	case !on && i >= 0:
		*list = slices.Delete(*list, i, i+1)
	}
}

// escape remembers ESC c.
func (m *modes) escape(c byte) {
	switch c {
	case 'c': // RIS: all is as it was
		*m = modes{}
	case '=':
		m.keypad = true
	case '>':
		m.keypad = false
	}
}

// control remembers a control sequence that passes.
func (m *modes) control(params []byte, final byte) {
	lead := byte(0)
	if len(params) > 0 {
		lead = params[0]
	}
	switch {
	case final == 'r' && lead != '?':
		m.region = true
	case final == 'u' && (lead == '>' || lead == '='):
		m.kitty = true
	case final == 'm' && lead == '>':
		m.otherKey = true
	case final == 'h' && bytes.Equal(params, []byte("4")):
		m.insert = true
	case final == 'q' && bytes.HasSuffix(params, []byte(" ")):
		m.cursor = true
	}
}

// Reset gives what puts the terminal back as it was before the container
// wrote to it, and forgets what the container had switched. A sequence that
// was cut off is dropped.
func (f *Filter) Reset() []byte {
	m := f.modes
	*f = Filter{}
	var b []byte
	if m.kitty {
		// Popped before the alternate screen is left: each screen has a stack.
		b = append(b, "\x1b[=0u\x1b[<99u"...)
	}
	for _, mode := range slices.Backward(m.set) {
		b = append(b, "\x1b[?"...)
		b = strconv.AppendInt(b, int64(mode), 10)
		b = append(b, 'l')
	}
	for _, mode := range m.unset {
		b = append(b, "\x1b[?"...)
		b = strconv.AppendInt(b, int64(mode), 10)
		b = append(b, 'h')
	}
	if m.kitty {
		b = append(b, "\x1b[=0u"...)
	}
	if m.region {
		b = append(b, "\x1b7\x1b[r\x1b8"...) // setting the region moves the cursor
	}
	if m.otherKey {
		b = append(b, "\x1b[>4m"...)
	}
	if m.insert {
		b = append(b, "\x1b[4l"...)
	}
	if m.cursor {
		b = append(b, "\x1b[0 q"...)
	}
	if m.keypad {
		b = append(b, "\x1b>"...)
	}
	// Always: default character set, no hyperlink, no attributes.
	return append(b, "\x0f\x1b(B\x1b]8;;\x1b\\\x1b[m"...)
}
