package vt

import (
	"fmt"
	"strings"
)

// What we say of ourselves. DA1: a VT220 with ANSI colour. DA2: a version of
// at least 277, by which vim knows that mouse reports may come in SGR form.
const (
	deviceAttributes    = "\x1b[?62;22c"
	secondaryAttributes = "\x1b[>1;277;0c"
	tertiaryAttributes  = "\x1bP!|6C786364\x1b\\" // four bytes of unit number: "lxcd"
	noModifyOtherKeys   = "\x1b[>4;0m"
	versionReport       = "\x1bP>|lxcdeck\x1b\\"

	// maxReplies bounds the queue: a program that asks and never reads, or a
	// caller that never takes, costs this much and no more.
	maxReplies = 8 << 10
)

// reply queues an answer for the program; one that does not fit is dropped
// whole.
func (t *Terminal) reply(s string) {
	if len(t.replies)+len(s) <= maxReplies {
		t.replies = append(t.replies, s...)
	}
}

func (t *Terminal) replyf(format string, args ...any) { t.reply(fmt.Sprintf(format, args...)) }

// TakeReplies gives what the program's queries are to be answered with, and
// forgets it. The caller writes it to the pty, in order with the keys.
func (t *Terminal) TakeReplies() []byte {
	r := t.replies
	t.replies = nil
	return r
}

// cursorReport is the place CPR tells, counted from 1 and the origin.
func (t *Terminal) cursorReport() (row, col int) {
	return t.y - t.home() + 1, min(t.x, t.cols-1) + 1
}

// statusReport is DSR.
func (t *Terminal) statusReport(n int) {
	switch n {
	case 5:
		t.reply("\x1b[0n")
	case 6:
		row, col := t.cursorReport()
		t.replyf("\x1b[%d;%dR", row, col)
	}
}

// statusReportDEC is DSR with a question mark: DECXCPR, printer, user keys,
// keyboard.
func (t *Terminal) statusReportDEC(n int) {
	switch n {
	case 6:
		row, col := t.cursorReport()
		t.replyf("\x1b[?%d;%d;1R", row, col)
	case 15:
		t.reply("\x1b[?13n") // no printer
	case 25:
		t.reply("\x1b[?21n") // user keys locked
	case 26:
		t.reply("\x1b[?27;1;0;0n")
	}
}

// reportMode is DECRQM for a private mode: 0 not known, 1 set, 2 reset.
func (t *Terminal) reportMode(n int) {
	state := 0
	on, known := t.modeState(n)
	if known {
		if state = 2; on {
			state = 1
		}
	}
	t.replyf("\x1b[?%d;%d$y", n, state)
}

func (t *Terminal) modeState(n int) (on, known bool) {
	if m := decMode(n); m != 0 {
		return t.mode&m != 0, true
	}
	if m := mouseModeOf(n); m != MouseOff {
		return t.mouse == m, true
	}
	if e := mouseEncodingOf(n); e != MouseLegacy {
		return t.mouseEn == e, true
	}
	switch n {
	case 12:
		return t.blink, true
	case 47, 1047, 1049:
		return t.cur == &t.alt, true
	}
	return false, false
}

func (t *Terminal) reportANSIMode(n int) {
	state := 0
	var m modeBits
	switch n {
	case 4:
		m = modeInsert
	case 20:
		m = modeNewLine
	}
	if m != 0 {
		if state = 2; t.mode&m != 0 {
			state = 1
		}
	}
	t.replyf("\x1b[%d;%d$y", n, state)
}

// dcsDispatch does a device control string: DECRQSS and XTGETTCAP, the latter
// always with "not known".
func (t *Terminal) dcsDispatch(s []byte) {
	str := string(s)
	switch {
	case strings.HasPrefix(str, "$q"):
		t.reportSetting(str[2:])
	case strings.HasPrefix(str, "+q"):
		t.reply("\x1bP0+r\x1b\\")
	}
}

// reportSetting is DECRQSS (xterm's form: 1 is valid, 0 is not).
func (t *Terminal) reportSetting(what string) {
	var s string
	switch what {
	case "m":
		sgr := t.style.appendSGR(nil)
		s = string(sgr[2:])
		if s == "m" {
			s = "0m"
		}
	case `"p`: // DECSCL: a VT220 with 7-bit controls
		s = `62;1"p`
	case `"q`: // DECSCA: nothing is protected
		s = `0"q`
	case "r":
		s = fmt.Sprintf("%d;%dr", t.top+1, t.bot+1)
	case " q":
		s = fmt.Sprintf("%d q", t.cursorNumber())
	default:
		t.reply("\x1bP0$r\x1b\\")
		return
	}
	t.reply("\x1bP1$r" + s + "\x1b\\")
}

// cursorNumber is the number DECSCUSR has for the cursor.
func (t *Terminal) cursorNumber() int {
	n := int(t.shape) * 2
	if t.blink {
		n--
	}
	return max(n, 0)
}

// window is XTWINOPS as far as it is about cells and titles; nothing moves or
// resizes a window, and titles are never told (they would come back as keys).
func (t *Terminal) window(op, arg int) {
	switch op {
	case 18, 19:
		t.replyf("\x1b[%d;%d;%dt", op-10, t.rows, t.cols)
	case 22:
		if arg == 1 {
			return // the icon's name
		}
		const maxTitles = 10
		if len(t.titles) == maxTitles {
			t.titles = t.titles[1:]
		}
		t.titles = append(t.titles, t.title)
	case 23:
		if n := len(t.titles); n > 0 && arg != 1 {
			t.title = t.titles[n-1]
			t.titles = t.titles[:n-1]
		}
	}
}
