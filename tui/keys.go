package tui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/tui/vt"
)

// encodeKey gives the bytes a program in the shell gets for a key, by the
// modes it has asked for.
func (sh *shell) encodeKey(k tea.KeyPressMsg) []byte {
	return vt.EncodeKey(vtKey(k), sh.modes())
}

// modes are what the program in the session has asked for.
func (sh *shell) modes() vt.Modes {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.term.Modes()
}

// vtKey is Bubble Tea's key as the emulator names it. A key that the emulator
// has no name for is nothing that a terminal could send.
func vtKey(k tea.KeyPressMsg) vt.Key {
	return vt.Key{Code: vtCode(k.Code), Text: k.Text, Mod: vtMod(k.Mod)}
}

func vtCode(c rune) rune {
	switch {
	case c >= tea.KeyUp && c <= tea.KeyBegin: // both in the order up, down, right, left, begin
		return vt.Up + c - tea.KeyUp
	case c >= tea.KeyF1 && c <= tea.KeyF24:
		return vt.F1 + c - tea.KeyF1
	case c >= tea.KeyKp0 && c <= tea.KeyKp9:
		return vt.KP0 + c - tea.KeyKp0
	}
	switch c {
	case tea.KeyInsert, tea.KeyKpInsert:
		return vt.Insert
	case tea.KeyDelete, tea.KeyKpDelete:
		return vt.Delete
	case tea.KeyPgUp, tea.KeyKpPgUp:
		return vt.PgUp
	case tea.KeyPgDown, tea.KeyKpPgDown:
		return vt.PgDn
	case tea.KeyHome, tea.KeyFind, tea.KeyKpHome:
		return vt.Home
	case tea.KeyEnd, tea.KeySelect, tea.KeyKpEnd:
		return vt.End
	}
	return vtKeypad(c)
}

// vtKeypad are the keys of the keypad, and what has no name of its own.
func vtKeypad(c rune) rune {
	switch c {
	case tea.KeyKpUp:
		return vt.Up
	case tea.KeyKpDown:
		return vt.Down
	case tea.KeyKpLeft:
		return vt.Left
	case tea.KeyKpRight:
		return vt.Right
	case tea.KeyKpBegin:
		return vt.Begin
	case tea.KeyKpEnter:
		return vt.KPEnter
	case tea.KeyKpEqual:
		return vt.KPEqual
	case tea.KeyKpMultiply:
		return vt.KPMultiply
	case tea.KeyKpPlus:
		return vt.KPPlus
	case tea.KeyKpMinus:
		return vt.KPMinus
	case tea.KeyKpDecimal:
		return vt.KPDecimal
	case tea.KeyKpDivide:
		return vt.KPDivide
	case tea.KeyKpComma, tea.KeyKpSep:
		return vt.KPSeparator
	}
	if c > tea.KeyExtended {
		return -1 // media keys, lone modifiers: nothing a terminal could send
	}
	return c
}

func vtMod(m tea.KeyMod) vt.Mod {
	var out vt.Mod
	for _, x := range []struct {
		from tea.KeyMod
		to   vt.Mod
	}{
		{tea.ModShift, vt.Shift}, {tea.ModAlt, vt.Alt}, {tea.ModCtrl, vt.Ctrl},
		{tea.ModSuper, vt.Super}, {tea.ModHyper, vt.Hyper}, {tea.ModMeta, vt.Meta},
	} {
		if m.Contains(x.from) {
			out |= x.to
		}
	}
	return out
}

// pressOf is the key a setting names, as if it had been pressed.
func pressOf(name string) tea.KeyPressMsg {
	var k tea.KeyPressMsg
	rest := name
	for {
		mod, after, more := strings.Cut(rest, "+")
		if !more || after == "" {
			break
		}
		switch mod {
		case "ctrl":
			k.Mod |= tea.ModCtrl
		case "alt":
			k.Mod |= tea.ModAlt
		case "shift":
			k.Mod |= tea.ModShift
		}
		rest = after
	}
	var n int
	if _, err := fmt.Sscanf(rest, "f%d", &n); err == nil && n >= 1 && n <= 24 {
		k.Code = tea.KeyF1 + rune(n) - 1
		return k
	}
	if k.Code = namedKey(rest); k.Code != 0 {
		return k
	}
	k.Code, _ = utf8.DecodeRuneInString(rest)
	if k.Mod == 0 {
		k.Text = rest
	}
	return k
}

// namedKey is a key with a name; 0 = it is a character.
func namedKey(name string) rune {
	return map[string]rune{
		"enter": tea.KeyEnter, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "esc": tea.KeyEscape, "space": tea.KeySpace,
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "insert": tea.KeyInsert, "delete": tea.KeyDelete,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "begin": tea.KeyBegin,
	}[name]
}
