package vt

import (
	"strconv"
	"unicode/utf8"
)

// MouseButton is a button as mouse reports number them.
type MouseButton uint8

// The buttons (xterm ctlseqs, "Mouse Tracking").
const (
	LeftButton   MouseButton = 0
	MiddleButton MouseButton = 1
	RightButton  MouseButton = 2
	NoButton     MouseButton = 3
	WheelUp      MouseButton = 64
	WheelDown    MouseButton = 65
	WheelLeft    MouseButton = 66
	WheelRight   MouseButton = 67
	BackButton   MouseButton = 128
	NextButton   MouseButton = 129
)

// MouseAction is what happened.
type MouseAction uint8

// The actions.
const (
	Press MouseAction = iota
	Release
	Motion // with a button held, or with NoButton
)

// Mouse is one mouse event. X and Y count from 0.
type Mouse struct {
	X, Y   int
	Button MouseButton
	Action MouseAction
	Mod    Mod
}

// EncodeMouse gives the bytes by which a program that has asked for m learns
// of e; none where it has not asked for that kind of event.
func EncodeMouse(e Mouse, m Modes) []byte {
	if e.X < 0 || e.Y < 0 || !m.wants(e) {
		return nil
	}
	code := int(e.Button)
	if e.Action == Motion {
		code += 32
	}
	if m.Mouse != MouseX10 {
		for _, bit := range []struct {
			mod Mod
			add int
		}{{Shift, 4}, {Alt, 8}, {Ctrl, 16}} {
			if e.Mod&bit.mod != 0 {
				code += bit.add
			}
		}
	}
	if m.MouseEncoding == MouseSGR {
		return sgrMouse(code, e)
	}
	if e.Action == Release {
		code |= int(NoButton)
	}
	return legacyMouse(code, e, m.MouseEncoding == MouseUTF8)
}

func (m Modes) wants(e Mouse) bool {
	wheel := e.Button >= WheelUp && e.Button <= WheelRight
	switch {
	case m.Mouse == MouseOff, wheel && e.Action != Press:
		return false
	case e.Action == Motion:
		return m.Mouse == MouseAny || m.Mouse == MouseDrag && e.Button != NoButton
	case m.Mouse == MouseX10:
		return e.Action == Press && e.Button <= RightButton
	}
	return e.Button != NoButton
}

func sgrMouse(code int, e Mouse) []byte {
	b := strconv.AppendInt([]byte("\x1b[<"), int64(code), 10)
	b = strconv.AppendInt(append(b, ';'), int64(e.X)+1, 10)
	b = strconv.AppendInt(append(b, ';'), int64(e.Y)+1, 10)
	if e.Action == Release {
		return append(b, 'm')
	}
	return append(b, 'M')
}

// legacyMouse writes each figure as one character from 32 on. Places beyond
// the largest are not told: a wrong one would be worse.
func legacyMouse(code int, e Mouse, wide bool) []byte {
	limit := 255
	if wide {
		limit = 2047
	}
	b := []byte("\x1b[M")
	for _, v := range []int{code, e.X + 1, e.Y + 1} {
		v += 32
		if v > limit {
			return nil
		}
		if wide {
			b = utf8.AppendRune(b, rune(v))
		} else {
			b = append(b, byte(v))
		}
	}
	return b
}
