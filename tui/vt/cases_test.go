package vt

import "strings"

// a case is what a program prints; tmux is asked what should then be seen.
type ttyCase struct {
	name string
	in   string
	// odd names the document by which tmux is not followed, and want then is
	// the screen; "" means that tmux decides.
	odd  string
	want string
}

// rowsOf fills n rows with their number.
func rowsOf(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(string(rune('a'+i)), 12))
		if i < n-1 {
			b.WriteString("\r\n")
		}
	}
	return b.String()
}

// edge marks the last column, so that tmux tells of all cells before it.
const edge = "\x1b[m\x1b[1;20H|\x1b[2;20H|\x1b[3;20H|\x1b[4;20H|\x1b[5;20H|\x1b[6;20H|"

// cases is the suite, for a screen of 20x6.
func cases() []ttyCase {
	full := rowsOf(6)
	groups := [][]ttyCase{
		textCases(), cursorCases(full), eraseCases(full), marginCases(full), modeCases(full), styleCases(), stringCases(full), oddCases(full),
	}
	var all []ttyCase
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

func textCases() []ttyCase {
	long := "abcdefghijklmnopqrstuvwxyz"
	return []ttyCase{
		{name: "plain", in: "hello\r\nworld"},
		{name: "wrap", in: long + "0123456789" + long},
		{name: "wrap scrolls", in: strings.Repeat(long, 6)},
		{name: "pending wrap", in: long[:20]},
		{name: "pending wrap then CR", in: long[:20] + "\rX"},
		{name: "pending wrap then LF", in: long[:20] + "\nX"},
		{name: "pending wrap then BS", in: long[:20] + "\bX"},
		{name: "pending wrap then CUB", in: long[:20] + "\x1b[DX"},
		{name: "pending wrap then CUF", in: long[:20] + "\x1b[CX"},
		{name: "pending wrap then CUU", in: "\n" + long[:20] + "\x1b[AX"},
		{name: "pending wrap then CUD", in: long[:20] + "\x1b[BX"},
		{name: "pending wrap then EL", in: long[:20] + "\x1b[KX"},
		{name: "pending wrap then EL 1", in: long[:20] + "\x1b[1KX"},
		{name: "pending wrap then ED", in: long[:20] + "\x1b[JX"},
		{name: "pending wrap then ECH", in: long[:20] + "\x1b[XX"},
		{name: "pending wrap then DCH", in: long[:20] + "\x1b[PX"},
		{name: "pending wrap then ICH", in: long[:20] + "\x1b[@X"},
		{name: "pending wrap then tab", in: long[:20] + "\tX"},
		{name: "pending wrap then SGR", in: long[:20] + "\x1b[1mX"},
		{name: "pending wrap then save and restore", in: long[:20] + "\x1b7\x1b[H\x1b8X"},
		{name: "pending wrap then VPA", in: long[:20] + "\x1b[3dX"},
		{name: "pending wrap then IL", in: long[:20] + "\x1b[LX"},
		{name: "pending wrap then HPA", in: long[:20] + "\x1b[5`X"},
		{name: "BS over a wrap", in: long[:20] + "AB\b\b\b\bX"},
		{name: "BS at the left edge", in: "ab\r\n\b\bX"},
		{name: "no wrap", in: "\x1b[?7l" + long + "\x1b[?7h!"},
		{name: "no wrap then wide", in: "\x1b[?7l" + long[:19] + "漢X"},
		{name: "LF at the bottom", in: "a\n\n\n\n\n\n\nb"},
		{name: "VT and FF", in: "a\vb\fc"},
		{name: "DEL and NUL are nothing", in: "a\x7fb\x00c"},
		{name: "wide", in: "漢字かな|"},
		{name: "wide at the edge", in: long[:19] + "漢|"},
		{name: "wide fills the row", in: strings.Repeat("漢", 11)},
		{name: "wide overwritten on the left", in: "漢字\rX"},
		{name: "wide overwritten on the right", in: "漢字\x1b[2GX", odd: "a row has as many columns as the screen: half a wide character is none (xterm blanks the other half); tmux keeps it and the row grows", want: " X字"},
		{name: "wide over wide, shifted", in: "漢字漢字\x1b[2G語|"},
		{name: "wide cut by EL", in: "漢字漢字\x1b[4G\x1b[K", odd: "a row has as many columns as the screen: half a wide character is none (xterm blanks the other half); tmux keeps it and the row grows", want: "漢"},
		{name: "wide cut by EL 1", in: "漢字漢字\x1b[3G\x1b[1K", odd: "a row has as many columns as the screen: half a wide character is none (xterm blanks the other half); tmux keeps it and the row grows", want: "    漢字"},
		{name: "wide cut by ECH", in: "漢字漢字\x1b[2G\x1b[2X", odd: "a row has as many columns as the screen: half a wide character is none (xterm blanks the other half); tmux keeps it and the row grows", want: "    漢字"},
		{name: "wide moved by DCH", in: "漢字漢字|\x1b[3G\x1b[2P"},
		{name: "wide moved by ICH", in: "漢字漢字|\x1b[3G\x1b[@"},
		{name: "combining", in: "e\u0301a\u0308o\u0302|"},
		{name: "combining after a space", in: " \u0301|"},
		{name: "combining two", in: "e\u0301\u0323|"},
		{name: "combining on wide", in: "漢\u0301|"},
		{name: "combining at the left edge", in: "\u0301a|"},
		{name: "combining on the last column", in: long[:20] + "\u0301|"},
		{name: "variation selector", in: "\u2764\ufe0fx|"},
		{name: "joined emoji", in: "\U0001f468\u200d\U0001f469\u200d\U0001f467|"},
		{name: "skin tone", in: "\U0001f44d\U0001f3fd|"},
		{name: "flag", in: "\U0001f1e9\U0001f1ea|"},
		{name: "two flags", in: "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7|"},
		{name: "keycap", in: "1\ufe0f\u20e3|"},
		{name: "emoji", in: "\u231a\U0001f600\U0001f680|"},
		{name: "box drawing", in: "┌──┐\r\n│  │\r\n└──┘"},
		{name: "C1 as UTF-8 is nothing", in: "a\u0085b\u009b31mc"},
		{name: "REP", in: "a\x1b[5b|"},
		{name: "REP wide", in: "漢\x1b[2b|", odd: "xterm ctlseqs: REP repeats the preceding graphic character; tmux only ASCII", want: "漢漢漢|"},
		{name: "REP over the edge", in: "ab\x1b[25b|"},
		{name: "REP of nothing", in: "\x1b[5bx"},
		{name: "overlong is ill-formed", in: "a\xc0\xafb", odd: "invisible-island.net/xterm/bad-utf8, Unicode 3.9: U+FFFD for each ill-formed part; tmux drops them", want: "a��b"},
		{name: "cut short", in: "a\xe2\x82b", odd: "invisible-island.net/xterm/bad-utf8, Unicode 3.9, table 3-8: one U+FFFD; tmux drops it", want: "a�b"},
		{name: "lone continuation", in: "a\x80\xbfb", odd: "invisible-island.net/xterm/bad-utf8, Unicode 3.9: U+FFFD each; tmux drops them", want: "a��b"},
		{name: "bidi controls", in: "a\u202eb\u2066c", odd: "house rule: they would turn what stands beside the pane", want: "abc"},
	}
}

// oddCases are more of what tmux is not followed in.
func oddCases(full string) []ttyCase {
	plain := strings.ReplaceAll(full, "\r", "")
	twenty := "abcdefghijklmnopqrst"
	return []ttyCase{
		{name: "REP after a letter with an accent", in: "é\x1b[2b|", odd: "xterm ctlseqs: CSI b repeats the preceding graphic character; tmux only ASCII", want: "ééé|"},
		{name: "flag overwritten on the left", in: "\U0001f1e9\U0001f1ea\rX", odd: "half a wide character is none; in tmux the second letter of the flag comes to light", want: "X"},
		{name: "wide pushed half over the edge", in: "漢\x1b[19G漢\r\x1b[4hX", odd: "half a wide character is none; tmux keeps it and the row grows", want: "X漢"},
		{name: "IL above a region", in: full + "\x1b[2;4r\x1b[1;1H\x1b[LX", odd: "VT510 manual, IL: no effect outside the margins; tmux inserts on the whole screen", want: "X" + plain[1:]},
		{name: "wrap switched off while one is pending", in: twenty + "\x1b[?7lXY", odd: "xterm ctlseqs: without DECAWM the last column is replaced; tmux drops what is printed", want: twenty[:19] + "Y"},
		{name: "RIS on the alternate screen", in: full + "\x1b[?1049hab\x1bcX", odd: "xterm ctlseqs: ESC c is a full reset, which shows the main screen; in tmux reset(1) leaves the alternate one", want: "X"},
		{name: "1049 saves the character set", in: "\x1b[?1049h\x1b(0q\x1b[?1049lq", odd: "xterm ctlseqs: 1049 saves the cursor as in DECSC, character sets with it; tmux does not", want: "q"},
		{name: "CAN ends DCS", in: "a\x1bPx\x18b", odd: "vt100.net/emu/dec_ansi_parser: CAN ends any sequence; in tmux a DCS goes on to its ST", want: "ab"},
		{name: "insert mode over a wrap", in: "\r\nxyz\x1b[1;18H\x1b[4habcd", odd: "xterm ctlseqs: CSI 4 h inserts; tmux makes room before it wraps, so the first character of a row replaces", want: "                 abcdxyz"},
		{name: "LNM", in: "ab\x1b[20h\nc", odd: "xterm ctlseqs: CSI 20 h is automatic newline; tmux does not know it", want: "ab\nc"},
		{name: "DECSED", in: full + "\x1b[3;1H\x1b[?J", odd: "xterm ctlseqs: CSI ? J erases what is not protected; tmux does not know it", want: plain[:25]},
		{name: "DECSEL", in: full + "\x1b[6;5H\x1b[?K", odd: "xterm ctlseqs: CSI ? K erases what is not protected; tmux does not know it", want: plain[:69]},
	}
}

func cursorCases(full string) []ttyCase {
	return []ttyCase{
		{name: "CUP", in: "\x1b[3;5HX\x1b[HY\x1b[4HZ\x1b[;6HW"},
		{name: "CUP clamps", in: "\x1b[99;99HX"},
		{name: "CUP zero", in: "abc\x1b[0;0HX"},
		{name: "HVP", in: "\x1b[2;2fX"},
		{name: "CUU CUD CUF CUB", in: "\x1b[3;3H\x1b[2AX\x1b[3BY\x1b[4CZ\x1b[5DW"},
		{name: "moves clamp", in: "\x1b[99BX\x1b[99AY\x1b[99CZ\x1b[99DW"},
		{name: "moves by zero", in: "\x1b[3;3H\x1b[0AX\x1b[0CY"},
		{name: "CNL CPL", in: "abc\x1b[2EX\x1b[FY"},
		{name: "CHA HPA VPA", in: "\x1b[7GX\x1b[3`Y\x1b[4dZ"},
		{name: "HPR VPR", in: "a\x1b[3aX\x1b[2eY", odd: "xterm ctlseqs: CSI a and CSI e; tmux knows neither", want: "a   X\n\n     Y"},
		{name: "IND NEL RI", in: full + "\x1b[3;4H\x1bDX\x1bEY\x1bMZ"},
		{name: "IND at the bottom", in: full + "\x1bDX"},
		{name: "RI at the top", in: full + "\x1b[H\x1bMX"},
		{name: "DECSC DECRC", in: "\x1b[2;3H\x1b[31m\x1b7\x1b[5;5H\x1b[32mX\x1b8Y"},
		{name: "DECRC without DECSC", in: "\x1b[3;3Hab\x1b8X"},
		{name: "SCOSC SCORC", in: "\x1b[2;3H\x1b[s\x1b[5;5HX\x1b[uY"},
		{name: "1048", in: "\x1b[2;3H\x1b[?1048h\x1b[5;5HX\x1b[?1048lY", odd: "xterm ctlseqs: 1048 saves and restores the cursor as DECSC does; tmux does not know it", want: "\n  Y\n\n\n    X"},
		{name: "tabs", in: "a\tb\tc\td"},
		{name: "HTS TBC", in: "\x1b[4G\x1bH\x1b[6G\x1bH\r\tX\tY\x1b[4G\x1b[g\r\tZ"},
		{name: "TBC 3", in: "\x1b[3ga\tb"},
		{name: "CHT CBT", in: "\x1b[2IX\x1b[2ZY", odd: "xterm ctlseqs: CSI I moves forward tab stops; tmux does not know it", want: "        Y       X"},
		{name: "CBT to the edge", in: "abc\x1b[9ZX"},
		{name: "CHT past the edge", in: "abc\x1b[99IX", odd: "xterm ctlseqs: CSI I moves forward tab stops; tmux does not know it", want: "abc                X"},
	}
}

func eraseCases(full string) []ttyCase {
	return []ttyCase{
		{name: "ED 0", in: full + "\x1b[3;5H\x1b[J"},
		{name: "ED 1", in: full + "\x1b[3;5H\x1b[1J"},
		{name: "ED 2", in: full + "\x1b[3;5H\x1b[2J"},
		{name: "ED 3", in: full + "\x1b[3;5H\x1b[3J"},
		{name: "ED 0 from home", in: full + "\x1b[H\x1b[J"},
		{name: "EL 0", in: full + "\x1b[3;5H\x1b[K"},
		{name: "EL 1", in: full + "\x1b[3;5H\x1b[1K"},
		{name: "EL 2", in: full + "\x1b[3;5H\x1b[2K"},
		{name: "ECH", in: full + "\x1b[3;5H\x1b[3X"},
		{name: "ECH too many", in: full + "\x1b[3;5H\x1b[99X"},
		{name: "ICH", in: full + "\x1b[3;5H\x1b[3@"},
		{name: "ICH too many", in: full + "\x1b[3;5H\x1b[99@", odd: "xterm ctlseqs: ICH inserts blanks, the rest goes over the edge; tmux does nothing for too many", want: strings.Replace(strings.ReplaceAll(full, "\r", ""), strings.Repeat("c", 12), "cccc", 1)},
		{name: "DCH", in: full + "\x1b[3;5H\x1b[3P"},
		{name: "DCH too many", in: full + "\x1b[3;5H\x1b[99P"},
		{name: "IL", in: full + "\x1b[3;5H\x1b[2L|"},
		{name: "IL too many", in: full + "\x1b[3;5H\x1b[99L|"},
		{name: "DL", in: full + "\x1b[3;5H\x1b[2M|"},
		{name: "DL too many", in: full + "\x1b[3;5H\x1b[99M|"},
		{name: "SU", in: full + "\x1b[3;5H\x1b[2S|"},
		{name: "SD", in: full + "\x1b[3;5H\x1b[2T|"},
		{name: "ED in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[J" + edge},
		{name: "ED 1 in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[1J" + edge},
		{name: "EL in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[K" + edge},
		{name: "ECH in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[3X" + edge},
		{name: "ICH in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[3@" + edge},
		{name: "DCH in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[3P" + edge},
		{name: "IL in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[L" + edge},
		{name: "DL in colour", in: full + "\x1b[44m\x1b[3;5H\x1b[M" + edge},
		{name: "scrolling in colour", in: full + "\x1b[44m\n\nX" + edge},
		{name: "wrapping in colour", in: full + "\x1b[44m" + strings.Repeat("y", 12) + edge},
		{name: "ICH of more than half", in: full + "\x1b[3;5H\x1b[9@", odd: "xterm ctlseqs: ICH inserts blanks; tmux leaves some of what was there", want: strings.Replace(strings.ReplaceAll(full, "\r", ""), strings.Repeat("c", 12), "cccc         ccccccc", 1)},
		{name: "SD in colour", in: full + "\x1b[44m\x1b[2T" + edge},
		{name: "erasing takes the background alone", in: "\x1b[1;4;7;31;44mab\x1b[K" + edge},
	}
}

func marginCases(full string) []ttyCase {
	return []ttyCase{
		{name: "DECSTBM homes", in: full + "\x1b[2;4rX"},
		{name: "LF in a region", in: full + "\x1b[2;4r\x1b[4;1H\nX"},
		{name: "LF below a region", in: full + "\x1b[2;4r\x1b[6;1H\nX"},
		{name: "LF above a region", in: full + "\x1b[3;4r\x1b[1;1H\n\n\nX"},
		{name: "RI in a region", in: full + "\x1b[2;4r\x1b[2;1H\x1bMX"},
		{name: "RI above a region", in: full + "\x1b[3;4r\x1b[1;1H\x1bMX"},
		{name: "IL in a region", in: full + "\x1b[2;4r\x1b[3;1H\x1b[LX"},
		{name: "IL outside a region", in: full + "\x1b[2;4r\x1b[6;1H\x1b[LX"},
		{name: "DL in a region", in: full + "\x1b[2;4r\x1b[3;1H\x1b[MX"},
		{name: "DL outside a region", in: full + "\x1b[2;4r\x1b[1;1H\x1b[MX", odd: "VT510 manual, DL: no effect outside the margins; tmux deletes on the whole screen", want: "X" + strings.ReplaceAll(full, "\r", "")[1:]},
		{name: "SU in a region", in: full + "\x1b[2;4r\x1b[2S"},
		{name: "SD in a region", in: full + "\x1b[2;4r\x1b[2T"},
		{name: "CUU stops at the margin", in: full + "\x1b[2;4r\x1b[3;1H\x1b[9AX"},
		{name: "CUD stops at the margin", in: full + "\x1b[2;4r\x1b[3;1H\x1b[9BX"},
		{name: "CUU above the margin", in: full + "\x1b[3;4r\x1b[2;1H\x1b[9AX"},
		{name: "CUD below the margin", in: full + "\x1b[2;3r\x1b[5;1H\x1b[9BX"},
		{name: "wrap at the bottom margin", in: full + "\x1b[2;4r\x1b[4;15Habcdefghijk"},
		{name: "region of one row is refused", in: full + "\x1b[3;3r\x1b[6;1H\nX"},
		{name: "upside down is refused", in: full + "\x1b[4;2r\x1b[6;1H\nX"},
		{name: "region reset", in: full + "\x1b[2;4r\x1b[r\x1b[6;1H\nX"},
		{name: "origin mode", in: full + "\x1b[2;4r\x1b[?6h\x1b[2;2HX\x1b[99;1HY"},
		{name: "DECSTBM in origin mode", in: full + "\x1b[?6h\x1b[3;5rX"},
		{name: "origin mode VPA", in: full + "\x1b[2;4r\x1b[?6h\x1b[2dX\x1b[99dY"},
		{name: "origin mode homes", in: full + "\x1b[2;4r\x1b[5;5H\x1b[?6hX"},
		{name: "origin mode off homes", in: full + "\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b[?6lX"},
		{name: "origin mode is saved", in: full + "\x1b[2;4r\x1b[?6h\x1b7\x1b[?6l\x1b8\x1b[1;1HX"},
		{name: "top region scrolls", in: full + "\x1b[1;3r\x1b[3;1H\n\nX"},
	}
}

func modeCases(full string) []ttyCase {
	return []ttyCase{
		{name: "insert mode", in: "abcdef\r\x1b[4hXY\x1b[4lZ"},
		{name: "insert mode pushes off", in: "abcdefghijklmnopqrst\r\x1b[4hXY"},
		{name: "insert mode wraps", in: "12345\r\x1b[4h\n\x1bMabcdefghijklmnopqrstuv"},
		{name: "insert mode without wrap", in: "\x1b[?7l\x1b[4habcdefghijklmnopqrstuvwxyz"},
		{name: "insert mode wide", in: "abcdef\r\x1b[4h漢"},
		{name: "1049 on", in: full + "\x1b[?1049hX"},
		{name: "1049 on and off", in: full + "\x1b[?1049h\x1b[31mX\x1b[4;4HY\x1b[?1049lZ"},
		{name: "47 on and off", in: full + "\x1b[?47hX\x1b[?47lZ"},
		{name: "1047 on and off", in: full + "\x1b[?1047hX\x1b[2;2H\x1b[?1047lZ"},
		{name: "1049 twice", in: full + "\x1b[?1049hX\x1b[?1049hY\x1b[?1049lZ"},
		{name: "1049 off alone", in: full + "\x1b[?1049lX"},
		{name: "DEC graphics", in: "\x1b(0lqqk`afgjmntuvwxyz{|}~\x1b(Bq"},
		{name: "G1 by SO and SI", in: "\x1b)0q\x0eq\x0fq"},
		{name: "charset is saved", in: "\x1b(0\x1b7\x1b(B\x1b8q"},
		{name: "DECALN", in: "abc\x1b[2;4r\x1b#8X"},
		{name: "RIS", in: full + "\x1b[31m\x1b[2;4r\x1b[?6h\x1bcX"},
		{name: "DECSTR", in: full + "\x1b[31m\x1b[2;4r\x1b[4h\x1b[!pX", odd: "xterm ctlseqs: CSI ! p is a soft reset; tmux does not know it", want: "X" + strings.ReplaceAll(full, "\r", "")[1:]},
		{name: "cursor hidden", in: "a\x1b[?25l"},
		{name: "keypad and cursor modes", in: "\x1b=\x1b[?1h"},
		{name: "keypad and cursor modes off", in: "\x1b=\x1b[?1h\x1b>\x1b[?1l"},
		{name: "mouse modes", in: "\x1b[?1002;1006h"},
		{name: "mouse mode replaced", in: "\x1b[?1000h\x1b[?1003h"},
		{name: "several modes at once", in: "\x1b[?7;25l" + strings.Repeat("x", 30)},
		{name: "LS2", in: "\x1b*0\x1bnq\x0fq", odd: "xterm ctlseqs: ESC * C designates G2, ESC n locks it in; tmux knows G0 and G1", want: "─q"},
		{name: "LS3", in: "\x1b+0\x1boq\x0fq", odd: "xterm ctlseqs: ESC + C, ESC o", want: "─q"},
		{name: "SS2", in: "\x1b*0\x1bNqq", odd: "xterm ctlseqs: SS2 for the next character only", want: "─q"},
		{name: "SS3", in: "\x1b+0\x1bOqq", odd: "xterm ctlseqs: SS3", want: "─q"},
		{name: "British", in: "\x1b(A#\x1b(B#", odd: "xterm ctlseqs: C = A is United Kingdom", want: "£#"},
	}
}

func styleCases() []ttyCase {
	return []ttyCase{
		{name: "attributes", in: "\x1b[1ma\x1b[2mb\x1b[3mc\x1b[4md\x1b[5me\x1b[7mf\x1b[8mg\x1b[9mh\x1b[mi"},
		{name: "attributes off", in: "\x1b[1;2;3;4;5;7;8;9ma\x1b[22mb\x1b[23mc\x1b[24md\x1b[25me\x1b[27mf\x1b[28mg\x1b[29mh"},
		{name: "8 colours", in: "\x1b[31;42ma\x1b[37;40mb\x1b[39mc\x1b[49md"},
		{name: "bright colours", in: "\x1b[91;102ma\x1b[97;100mb"},
		{name: "256 colours", in: "\x1b[38;5;208;48;5;17ma\x1b[38;5;3mb\x1b[38;5;12mc"},
		{name: "true colour", in: "\x1b[38;2;1;2;3;48;2;250;251;252ma"},
		{name: "colons", in: "\x1b[38:5:208ma\x1b[48:2::1:2:3mb\x1b[38:2:9:8:7mc"},
		{name: "underline styles", in: "\x1b[4:1ma\x1b[4:2mb\x1b[4:3mc\x1b[4:4md\x1b[4:5me\x1b[4:0mf\x1b[21mg"},
		{name: "underline colour", in: "\x1b[4;58;5;9ma\x1b[58:2::1:2:3mb\x1b[59mc"},
		{name: "overline", in: "\x1b[53ma\x1b[55mb"},
		{name: "empty and zero", in: "\x1b[31m\x1b[ma\x1b[31m\x1b[0mb\x1b[31;mc"},
		{name: "unknown is skipped", in: "\x1b[31;99;1ma"},
		{name: "colour too large", in: "\x1b[38;5;300ma\x1b[31;38;2;1;2;999mb"},
		{name: "colour cut short", in: "\x1b[31;38;5mab"},
		{name: "colour cut short by colons", in: "\x1b[31;38:5mab\x1b[48:2:1:2mc"},
		{name: "background too large", in: "\x1b[41;48;5;256;4mab"},
		{name: "style over a wrap", in: "\x1b[32m" + strings.Repeat("x", 25)},
		{name: "wide in style", in: "\x1b[1;45m漢字\x1b[m|"},
	}
}

func stringCases(full string) []ttyCase {
	return []ttyCase{
		{name: "OSC ends with BEL", in: "a\x1b]0;title\ab"},
		{name: "OSC ends with ST", in: "a\x1b]2;title\x1b\\b"},
		{name: "OSC without end", in: "a\x1b]2;title"},
		{name: "DCS is nothing", in: "a\x1bP1;2qrubbish\x1b\\b"},
		{name: "APC PM SOS", in: "a\x1b_x\x1b\\b\x1b^y\x1b\\c\x1bXz\x1b\\d"},
		{name: "ESC k", in: "a\x1bkname\x1b\\b"},
		{name: "control inside CSI", in: "abc\x1b[2\rCX"},
		{name: "ESC inside CSI", in: "a\x1b[3\x1b[31mX"},
		{name: "CAN ends CSI", in: "a\x1b[3\x18X"},
		{name: "unknown CSI", in: "a\x1b[5yX\x1b[>9zY\x1b[1 tZ"},
		{name: "unknown ESC", in: "a\x1b!xb\x1b{c"},
		{name: "too many parameters", in: "a\x1b[" + strings.Repeat("1;", 40) + "1mX"},
		{name: "huge numbers", in: full + "\x1b[99999999999;99999999999HX\x1b[4294967297AY"},
		{name: "private marks in the wrong place", in: "a\x1b[3?5hX"},
		{name: "OSC 8 is no text", in: "\x1b]8;;http://x/\alink\x1b]8;;\a|"},
		{name: "top of a program like top", in: "\x1b[H\x1b[J\x1b[7mMem: 1\x1b[m\x1b[K\r\n\x1b[1mPID\x1b[m\x1b[K\r\n 1 init\x1b[K\x1b[J"},
		{name: "progress line", in: "10%\r20%\r\x1b[Kdone\r\n"},
		{name: "readline edit", in: "$ echo abc\b\b\b\x1b[1@X\x1b[C\x1b[K"},
	}
}
