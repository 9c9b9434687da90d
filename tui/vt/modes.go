package vt

type modeBits uint32

const (
	modeAppCursor modeBits = 1 << iota // DECCKM ?1
	modeAppKeypad                      // DECNKM ?66, ESC =
	modeReverse                        // DECSCNM ?5
	modeOrigin                         // DECOM ?6
	modeWrap                           // DECAWM ?7
	modeCursor                         // DECTCEM ?25
	modeBackarrow                      // DECBKM ?67
	modeFocus                          // ?1004
	modePaste                          // ?2004
	modeSync                           // ?2026
	modeInsert                         // IRM 4
	modeNewLine                        // LNM 20
)

// MouseMode is which mouse events the program asked for.
type MouseMode uint8

// The mouse modes, each more than the one before.
const (
	MouseOff    MouseMode = iota
	MouseX10              // ?9: presses, without modifiers
	MouseNormal           // ?1000: presses and releases
	MouseDrag             // ?1002: and motion while a button is held
	MouseAny              // ?1003: and all motion
)

// MouseEncoding is how the program wants mouse events written.
type MouseEncoding uint8

// The mouse encodings.
const (
	MouseLegacy MouseEncoding = iota // one byte a coordinate, up to column 223
	MouseUTF8                        // ?1005
	MouseSGR                         // ?1006
)

// CursorShape is what DECSCUSR chose.
type CursorShape uint8

// The cursor shapes.
const (
	ShapeDefault CursorShape = iota
	ShapeBlock
	ShapeUnderline
	ShapeBar
)

// Cursor is where the next character goes and how that is shown.
type Cursor struct {
	X, Y    int // from 0, always on the screen
	Visible bool
	Shape   CursorShape
	Blink   bool
}

// Modes is what the program has asked of keyboard, mouse and screen.
type Modes struct {
	AppCursor      bool // cursor keys send SS3
	AppKeypad      bool // keypad keys send SS3
	Backarrow      bool // Backspace sends BS instead of DEL
	NewLine        bool // Enter sends CR LF
	BracketedPaste bool
	Focus          bool // wants to know of focus in and out
	Mouse          MouseMode
	MouseEncoding  MouseEncoding
	KittyFlags     int // kitty keyboard protocol: 0 or 1 (disambiguate)
	AltScreen      bool
	ReverseScreen  bool // Line swaps colours already
	SyncUpdate     bool // between begin and end of a synchronized update: do not paint yet, but not for ever
}

// Modes gives the modes now.
func (t *Terminal) Modes() Modes {
	has := func(m modeBits) bool { return t.mode&m != 0 }
	return Modes{
		AppCursor: has(modeAppCursor), AppKeypad: has(modeAppKeypad), Backarrow: has(modeBackarrow),
		NewLine: has(modeNewLine), BracketedPaste: has(modePaste), Focus: has(modeFocus),
		Mouse: t.mouse, MouseEncoding: t.mouseEn, KittyFlags: t.kittyNow().top(),
		AltScreen: t.cur == &t.alt, ReverseScreen: has(modeReverse), SyncUpdate: has(modeSync),
	}
}

// Cursor gives the cursor now.
func (t *Terminal) Cursor() Cursor {
	return Cursor{X: min(t.x, t.cols-1), Y: t.y, Visible: t.mode&modeCursor != 0, Shape: t.shape, Blink: t.blink}
}

// decModes are the private modes that are one bit and nothing else.
func decMode(n int) modeBits {
	switch n {
	case 1:
		return modeAppCursor
	case 5:
		return modeReverse
	case 6:
		return modeOrigin
	case 7:
		return modeWrap
	case 25:
		return modeCursor
	case 66:
		return modeAppKeypad
	case 67:
		return modeBackarrow
	case 1004:
		return modeFocus
	case 2004:
		return modePaste
	case 2026:
		return modeSync
	}
	return 0
}

func mouseModeOf(n int) MouseMode {
	switch n {
	case 9:
		return MouseX10
	case 1000:
		return MouseNormal
	case 1002:
		return MouseDrag
	case 1003:
		return MouseAny
	}
	return MouseOff
}

func mouseEncodingOf(n int) MouseEncoding {
	switch n {
	case 1005:
		return MouseUTF8
	case 1006:
		return MouseSGR
	}
	return MouseLegacy
}

func (t *Terminal) setBit(m modeBits, on bool) {
	if on {
		t.mode |= m
	} else {
		t.mode &^= m
	}
}

// setDECMode is DECSET and DECRST of one mode.
func (t *Terminal) setDECMode(n int, on bool) {
	t.setBit(decMode(n), on)
	if m := mouseModeOf(n); m != MouseOff {
		if t.mouse = MouseOff; on {
			t.mouse = m
		}
		return
	}
	if e := mouseEncodingOf(n); e != MouseLegacy {
		if on {
			t.mouseEn = e
		} else if t.mouseEn == e {
			t.mouseEn = MouseLegacy
		}
		return
	}
	switch n {
	case 3: // DECCOLM: the width is not the program's to choose, but the screen is cleared as it expects
		t.top, t.bot = 0, t.rows-1
		t.x, t.y = 0, 0
		t.eraseDisplay(2)
	case 5:
		t.touchAll()
	case 6:
		t.x, t.y = 0, t.home()
	case 12:
		t.blink = on
	case 47, 1047:
		t.setAlt(on, false)
	case 1048:
		if on {
			t.saveCursor()
		} else {
			t.restoreCursor()
		}
	case 1049:
		t.setAlt(on, true)
	}
}

func (t *Terminal) setANSIMode(n int, on bool) {
	switch n {
	case 4:
		t.setBit(modeInsert, on)
	case 20:
		t.setBit(modeNewLine, on)
	}
}

// home is the row of the cursor's home: the top margin in origin mode.
func (t *Terminal) home() int {
	if t.mode&modeOrigin != 0 {
		return t.top
	}
	return 0
}

func (t *Terminal) saveCursor() {
	t.saved = t.snapshot()
}

func (t *Terminal) snapshot() saved {
	return saved{x: t.x, y: t.y, style: t.style, cs: t.cs, origin: t.mode&modeOrigin != 0, set: true}
}

func (t *Terminal) restoreCursor() {
	t.setBit(modeOrigin, t.saved.origin)
	t.cs = t.saved.cs
	t.setStyle(t.saved.style)
	t.x, t.y = min(t.saved.x, t.cols-1), min(t.saved.y, t.rows-1)
}

func (t *Terminal) setAlt(on, cursor bool) {
	if !on {
		t.leaveAlt(cursor)
		return
	}
	if t.cur == &t.alt {
		return
	}
	t.preAlt.style = t.style
	if cursor {
		t.preAlt = t.snapshot()
	}
	if t.alt.ring == nil {
		t.alt.init(t.cols, t.rows)
	}
	t.cur = &t.alt
	t.touchAll()
}

// leaveAlt shows the main screen again. The other one is emptied and kept: a
// program that switches in a loop is not to cost a screen each time.
func (t *Terminal) leaveAlt(cursor bool) {
	if cursor && t.preAlt.set { // also where the main screen is shown already
		t.setStyle(t.preAlt.style)
		t.cs = t.preAlt.cs
		t.x, t.y = t.preAlt.x, min(t.preAlt.y, t.rows-1)
	}
	t.x = min(t.x, t.cols-1)
	if t.cur != &t.alt {
		return
	}
	t.cur = &t.main
	for _, r := range t.alt.ring {
		t.cost += r.used
		r.clear()
	}
	t.kitty[1] = kittyStack{}
	t.touchAll()
}

// kittyStack is the stack of the kitty keyboard protocol's flags, one a screen.
type kittyStack struct {
	flags [8]uint8
	n     int // entries above the base, flags[0] when n is 0
}

const kittyMask = 1 // what EncodeKey can do: disambiguate

func (k *kittyStack) top() int { return int(k.flags[k.n]) }

func (k *kittyStack) push(f int) {
	if k.n == len(k.flags)-1 {
		copy(k.flags[:], k.flags[1:])
		k.n--
	}
	k.n++
	k.flags[k.n] = uint8(f & kittyMask)
}

func (k *kittyStack) pop(n int) {
	for range min(n, len(k.flags)) {
		k.flags[k.n] = 0
		k.n = max(k.n-1, 0)
	}
}

func (k *kittyStack) set(f, how int) {
	f &= kittyMask
	switch how {
	case 1:
		k.flags[k.n] = uint8(f)
	case 2:
		k.flags[k.n] |= uint8(f)
	case 3:
		k.flags[k.n] &^= uint8(f)
	}
}

func (t *Terminal) kittyNow() *kittyStack {
	if t.cur == &t.alt {
		return &t.kitty[1]
	}
	return &t.kitty[0]
}
