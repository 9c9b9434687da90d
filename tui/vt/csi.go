package vt

// csiDispatch does a control sequence. Counts come from arg and are at most
// 31 bits long; whoever uses one clamps it to the screen.
func (t *Terminal) csiDispatch(prefix, inter, final byte) {
	switch {
	case prefix == 0 && inter == 0:
		if !t.csiCursor(final) && !t.csiEdit(final) {
			t.csiState(final)
		}
	case prefix == '?':
		t.csiPrivate(inter, final)
	case inter == 0:
		t.csiOther(prefix, final)
	case prefix == 0:
		t.csiInter(inter, final)
	}
}

// csiCursor does what moves the cursor; false is not its business.
func (t *Terminal) csiCursor(final byte) bool {
	p := &t.parser
	n := p.arg(0, 1)
	switch final {
	case 'A':
		t.up(n)
	case 'B', 'e':
		t.down(n)
	case 'C', 'a':
		t.x = min(t.x+n, t.cols-1)
	case 'D':
		t.x = max(t.x-n, 0)
	case 'E':
		t.down(n)
		t.x = 0
	case 'F':
		t.up(n)
		t.x = 0
	case 'G', '`':
		t.x = min(n, t.cols) - 1
	case 'H', 'f':
		t.moveTo(p.arg(1, 1)-1, n-1)
	case 'I':
		for range min(n, t.cols) {
			t.tab()
		}
	case 'Z':
		for range min(n, t.cols) {
			t.backTab()
		}
	case 'd':
		x := t.x // a pending wrap stays pending
		t.moveTo(0, n-1)
		t.x = x
	default:
		return false
	}
	return true
}

// up stops at the top margin unless the cursor is above it already.
func (t *Terminal) up(n int) {
	limit := 0
	if t.y >= t.top {
		limit = t.top
	}
	t.x = min(t.x, t.cols-1)
	t.y = max(t.y-n, limit)
}

func (t *Terminal) down(n int) {
	limit := t.rows - 1
	if t.y <= t.bot {
		limit = t.bot
	}
	t.x = min(t.x, t.cols-1)
	t.y = min(t.y+n, limit)
}

// moveTo goes to a place counted from the home of the origin mode.
func (t *Terminal) moveTo(x, y int) {
	t.x = clamp(x, 0, t.cols-1)
	if t.mode&modeOrigin != 0 {
		t.y = clamp(t.top+min(y, t.rows), t.top, t.bot)
		return
	}
	t.y = clamp(y, 0, t.rows-1)
}

// csiEdit does what changes cells.
func (t *Terminal) csiEdit(final byte) bool {
	p := &t.parser
	n := p.arg(0, 1)
	switch final {
	case '@':
		t.insertChars(n)
	case 'J':
		t.eraseDisplay(p.arg(0, 0))
	case 'K':
		t.eraseLine(p.arg(0, 0))
	case 'L':
		t.insertLines(n)
	case 'M':
		t.deleteLines(n)
	case 'P':
		t.deleteChars(n)
	case 'S':
		t.scrollUp(t.top, t.bot, n)
	case 'T':
		t.scrollDown(t.top, t.bot, n)
	case 'X':
		t.erase(t.y, t.x, t.x+n)
	case 'b':
		t.repeat(n)
	default:
		return false
	}
	return true
}

// repeat is REP: the character just before again, as often as the row has
// room. A control function between the two leaves nothing to repeat (ECMA-48
// 8.3.103).
func (t *Terminal) repeat(n int) {
	r := t.last
	if r == 0 {
		return
	}
	w := max(t.width2(r), 1)
	c := cell(r)
	if w == 2 {
		c |= cellWide
	}
	for range min(n, (t.cols-t.x)/w) {
		t.put(c, w)
	}
}

// width2 is width for what put has seen, ASCII included.
func (t *Terminal) width2(r rune) int {
	if r < 0x80 {
		return 1
	}
	return t.width(r)
}

// csiState does what changes modes, margins and style, and what asks.
func (t *Terminal) csiState(final byte) {
	p := &t.parser
	switch final {
	case 'c':
		if p.arg(0, 0) == 0 {
			t.reply(deviceAttributes)
		}
	case 'g':
		switch p.arg(0, 0) {
		case 0:
			t.tabs[min(t.x, t.cols-1)] = false
		case 3:
			clear(t.tabs)
		}
	case 'h', 'l':
		for _, m := range p.list() {
			t.setANSIMode(m, final == 'h')
		}
	case 'm':
		t.setStyle(t.sgr(t.style))
	case 'n':
		t.statusReport(p.arg(0, 0))
	case 'r':
		bot := t.rows // where it is missing; zero is one, as tmux has it
		if p.nparam > 1 && p.params[1] >= 0 {
			bot = max(p.params[1], 1)
		}
		t.setMargins(p.arg(0, 1)-1, bot-1)
	case 's':
		t.saveCursor()
	case 't':
		t.window(p.arg(0, 0), p.arg(1, 0))
	case 'u':
		t.restoreCursor()
	}
}

// setMargins is DECSTBM: a region of at least two rows. The cursor goes to the
// first row of the page, in origin mode too (VT510 manual, DECSTBM).
func (t *Terminal) setMargins(top, bot int) {
	bot = min(bot, t.rows-1)
	if top >= bot {
		return
	}
	t.top, t.bot = top, bot
	t.x, t.y = 0, 0
}

// csiPrivate does sequences with a question mark.
func (t *Terminal) csiPrivate(inter, final byte) {
	p := &t.parser
	switch {
	case inter == '$' && final == 'p':
		t.reportMode(p.arg(0, 0))
	case inter != 0:
	case final == 'h' || final == 'l':
		for _, m := range p.list() {
			t.setDECMode(m, final == 'h')
		}
	case final == 'J': // DECSED: nothing is protected here, so all is erased
		t.eraseDisplay(p.arg(0, 0))
	case final == 'K':
		t.eraseLine(p.arg(0, 0))
	case final == 'm':
		if p.arg(0, 0) == 4 {
			t.reply(noModifyOtherKeys)
		}
	case final == 'n':
		t.statusReportDEC(p.arg(0, 0))
	case final == 'u':
		t.replyf("\x1b[?%du", t.kittyNow().top())
	}
}

// csiOther does sequences with <, = or > before the parameters.
func (t *Terminal) csiOther(prefix, final byte) {
	p := &t.parser
	switch {
	case prefix == '>' && final == 'c':
		if p.arg(0, 0) == 0 {
			t.reply(secondaryAttributes)
		}
	case prefix == '=' && final == 'c':
		if p.arg(0, 0) == 0 {
			t.reply(tertiaryAttributes)
		}
	case prefix == '>' && final == 'q':
		if p.arg(0, 0) == 0 {
			t.reply(versionReport)
		}
	case final == 'u' && prefix == '>':
		t.kittyNow().push(p.arg(0, 0))
	case final == 'u' && prefix == '<':
		t.kittyNow().pop(p.arg(0, 1))
	case final == 'u' && prefix == '=':
		t.kittyNow().set(p.arg(0, 0), p.arg(1, 1))
	}
}

// csiInter does sequences with an intermediate byte.
func (t *Terminal) csiInter(inter, final byte) {
	p := &t.parser
	switch {
	case inter == ' ' && final == 'q':
		t.cursorStyle(p.arg(0, 0))
	case inter == '!' && final == 'p':
		t.softReset()
	case inter == '$' && final == 'p':
		t.reportANSIMode(p.arg(0, 0))
	}
}

// cursorStyle is DECSCUSR: 0 default, then pairs of blinking and steady.
func (t *Terminal) cursorStyle(n int) {
	if n > 6 {
		return
	}
	t.shape = CursorShape((n + 1) / 2)
	t.blink = n%2 == 1
}
