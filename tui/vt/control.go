package vt

// control does a C0 character.
func (t *Terminal) control(b byte) {
	switch b {
	case 0x07:
		t.bell = true
	case 0x08:
		t.backspace()
	case 0x09:
		t.tab()
	case 0x0a, 0x0b, 0x0c:
		t.lineFeed()
		if t.mode&modeNewLine != 0 {
			t.x = 0
		}
	case 0x0d:
		t.x = 0
	case 0x0e:
		t.cs.gl = 1
	case 0x0f:
		t.cs.gl = 0
	case 0x1b:
		t.parser.enter(escape)
	}
}

// backspace goes one column left, and from the first column back over a wrap
// that the program did not make itself.
func (t *Terminal) backspace() {
	switch {
	case t.x > 0:
		t.x--
	case t.y > 0 && t.cur.at(t.y-1).wrapped:
		t.y--
		t.x = t.cols - 1
	}
}

func (t *Terminal) tab() {
	for t.x < t.cols-1 {
		t.x++
		t.cost++
		if t.tabs[t.x] {
			return
		}
	}
}

func (t *Terminal) backTab() {
	t.x = min(t.x, t.cols-1)
	for t.x > 0 {
		t.x--
		if t.tabs[t.x] {
			return
		}
	}
}

// escDispatch does an escape sequence that is no CSI and no string.
func (t *Terminal) escDispatch(inter, final byte) {
	switch inter {
	case 0:
		t.escPlain(final)
	case '#':
		if final == '8' {
			t.fillE()
		}
	case '(', ')', '*', '+':
		t.designate(inter-'(', final)
	}
}

func (t *Terminal) designate(slot, final byte) {
	switch final {
	case '0':
		t.cs.g[slot] = decGraphics
	case 'A':
		t.cs.g[slot] = british
	default:
		t.cs.g[slot] = ascii
	}
}

func (t *Terminal) escPlain(final byte) {
	switch final {
	case '7':
		t.saveCursor()
	case '8':
		t.restoreCursor()
	case '=':
		t.mode |= modeAppKeypad
	case '>':
		t.mode &^= modeAppKeypad
	case 'D':
		t.lineFeed()
	case 'E':
		t.lineFeed()
		t.x = 0
	case 'H':
		t.tabs[min(t.x, t.cols-1)] = true
	case 'M':
		t.reverseLineFeed()
	case 'N':
		t.cs.single = 2
	case 'O':
		t.cs.single = 3
	case 'Z':
		t.reply(deviceAttributes)
	case 'c':
		t.Reset()
	case 'n':
		t.cs.gl = 2
	case 'o':
		t.cs.gl = 3
	}
}
