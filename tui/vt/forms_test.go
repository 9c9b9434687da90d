package vt

import (
	"strings"
	"testing"
)

// sgrForms are parameters of SGR, whole and not.
func sgrForms() []string {
	var all []string
	for _, line := range []string{
		"0 1 2 3 4 5 6 7 8 9 10 11 19 20 21 22 23 24 25 26 27 28 29 30 37 38 39 40 47 48 49 50 51 52 53 54 55 56 57 58 59 60 65 73 75 89 90 97 98 99 100 107 108 256",
		"; 1; ;1 ;;4 4: 4:0 4:1 4:2 4:3 4:4 4:5 4:6 4:9 4:3:1 4::3 :3 1:1 1:2 0:1 31:1 31: -1",
		"38 38; 38;5 38;5; 38;5;1 38;5;8 38;5;15 38;5;256 38;5;1;4 38;2 38;2;1 38;2;1;2 38;2;1;2;3 38;2;1;2;3;4 38;2;256;1;1 38;2;;; 38;2;1;;3 38;3;4 38;1;4 38;9;1",
		"38: 38:5 38:5: 38:5:1 38:5:256 38:5:1:4 38::5:1 38:2 38:2:1 38:2:1:2 38:2:1:2:3 38:2::1:2:3 38:2:1:1:2:3 38:2::1:2:3:4 38:2:1:2:3:4:5:6 38:2::1:2 38:2::: 38:2:::: 38:2:256:1:1 38:3:1 38:6:1;4",
		"38;5:1 38;2:1:2:3 38:2;1;2;3 38;5;1:2 38:2:1:2:3: 48:2::1:2:3;1 48;5;8 48;5;255 48:5 48;2;1;2 48:2:1:2:3;38:5:2 38;5;1;48;5;2;1",
		"58;5;1 58;2;1;2;3 58:5:1 58:2::1:2:3 58:2:1:2:3 58 58;4 58;5;300 58:5:300 58:5",
		"4;4:3 21;24 1;2;22 53;55 5;25 6;25 9;29 7;27 8;28 3;23 100;49 2147483647 2147483648 99999999999 1;99999999999 38;5;99999999999 38:5:99999999999",
		"1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23 1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;31",
	} {
		all = append(all, strings.Fields(line)...)
	}
	return all
}

// forms are sequences as they should not be, and some that do nothing. What
// is odd in tmux is among the cases.
func forms() []string {
	return []string{
		"a\u0085b", "a\u009b31mb", "a\x1b]0;t\u009cb", "a\x1b]0;t\x18b", "a\x1b]0;t\x1ab", "a\x1b]0;t\x1b[31mb", "a\x1b]\ab", "a\x1b]0\ab", "a\x1b]0;a\nb\ac", "a\x1b]0;a\x1b\x1b\\c",
		"a\x1bP1;2q\ay\x1b\\b", "a\x1bP\nx\x1b\\b", "a\x1bPtmux;\x1b\x1b]0;x\a\x1b\\b", "a\x1b_x\ay\x1b\\b", "a\x1b_x\x18y", "a\x1b^x\x1b\\y", "a\x1bXx\x1b\\y", "a\x1bXx\ay", "a\x1bXx\x18y",
		"a\x1b^x\ay\x1b\\z", "a\x1bkname\ab\x1b\\c", "a\x1bkna\x18b", "a\x1b\x1b[31mb", "a\x1b[3\x1b]0;t\ab", "a\x1b[31\amb", "a\x1b[\x0031mb", "a\x1b[3\x7f1mb", "a\x1b[3\n1mb", "a\x1b[31\x18mb",
		"a\x1b[31\x1amb", "a\x1b#\x18b", "a\x1b(\x18b", "a\x1b(\nBb", "a\x1b%Gb", "a\x1b%@b", "a\x1b Fb", "a\x1b Gb", "a\x1b#3b", "a\x1b#4b", "a\x1b#5b", "a\x1b#6b", "a\x1b#7b", "a\x1b<b", "a\x1blb", "a\x1bmb",
		"a\x1b}b", "a\x1b~b", "a\x1b`b", "a\x1bVb", "a\x1bWb", "a\x1b6b", "a\x1b9b", "a\x1bFb", "a\x1b-Ab", "a\x1b.Ab", "a\x1b(%5b", "a\x1b(Kb",
		"a\x1b[?31mb", "a\x1b[>31mb", "a\x1b[>4;1mb", "a\x1b[!31mb", "a\x1b[ 31mb", "a\x1b[31 mb", "a\x1b[31!mb", "a\x1b[1$rb", "a\x1b[2'}b", "a\x1b[2\"qb",
		"a\x1b[1:2Cb", "a\x1b[3:1;2Hb", "a\x1b[2;3:1Hb", "a\x1b[;;;Hb", "a\x1b[5;5;5Hb", "\x1b[1;2;3Ab", "a\x1b[-3Cb", "a\x1b[+3Cb", "a\x1b[3.5Cb", "a\x1b[3,Cb", "a\x1b[3/Cb", "a\x1b[0003Cb",
		"a\x1b[65536Cb", "a\x1b[2147483647Cb", "a\x1b[2147483648Cb", "a\x1b[4294967296Cb", "a\x1b[4294967297Ab", "a\x1b[99999Bb", "a\x1b[99999999999;99999999999Hb", "a\x1b[99999Lb", "a\x1b[99999Sb", "a\x1b[99999Xb",
		"a\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1Hb", "a\x1b[" + strings.Repeat("1;", 40) + "1mX", "a\x1b[" + strings.Repeat(";", 22) + "31mX", "a\x1b[" + strings.Repeat(";", 23) + "31mX",
		"a\x1b[2;0r\x1b[2;5H\nx", "abc\x1b[0;3r", "\x1b[0;0rx", "\x1b[4;9rx", "\x1b[3;3rabc", "a\x1b[?4h\x1b[?4lb", "a\x1b[?3hb", "a\x1b[?3lb", "a\x1b[2hb", "a\x1b[12hb", "a\x1b[?5hb", "a\x1b[?8lb", "a\x1b[?12hb",
		"a\x1b[?45hb\b\b\b", "a\x1b[?69h\x1b[3;5sb", "a\x1b[?80hb", "a\x1b[?1;7lb", "a\x1b[?2004h\x1b[?1004hb", "a\x1b[?1005h\x1b[?1015hb", "a\x1b[?1000h\x1b[?1002hb\x1b[?1000l", "a\x1b[?1000h\x1b[?1002lb",
		"a\x1b[3 qb", "a\x1b[99 qb", "a\x1b[sb\x1b[uc", "a\x1b[?sb", "a\x1b[?1sb\x1b[?1r", "a\x1b[1;2sb", "a\x1b[5ib", "a\x1b[0;0;0tb", "a\x1b[8;10;10tb", "a\x1b[^b", "a\x1b[3^b", "a\x1b[5yb", "a\x1b[2Vb",
		"a\x1b[2Ub", "a\x1b[3ob", "a\x1b[2gb", "a\x1b[5gb", "a\x1b[5Jb", "a\x1b[5Kb", "a\x1b[3Jb",
		"x\x1b(B\x1b[3b", "x\x1bM\x1b[3b", "x\x1b]0;t\a\x1b[3b", "x\x18\x1b[3b", "x\x7f\x1b[3b", "x\x1b[0m\x1b[3b", "x\x1b[2b\x1b[2b", "\x1b(0q\x1b[3b", "xe\u0301\x1b[3b", "x\x00\x1b[3b", "x\x1b[0b", "x\x1b[99b", "\x1b[20Gx\x1b[3b",
		"x\u200dy", "é\u200dy", "漢\u200dy", "\U0001f468\u200d", "x\u200d\U0001f469", "x\u200d\u200d\U0001f469", "x\u200d\x1b[m\U0001f469", "x\u200dé", "x\ufe0f\u200d\U0001f469y", "\x1b[20Gx\u200d\U0001f469", "1\ufe0fx", "x\ufe0f",
	}
}

// TestFormsAgainstTmux compares all of these with tmux, SGR in two styles.
func TestFormsAgainstTmux(t *testing.T) {
	all := forms()
	for _, p := range sgrForms() {
		all = append(all, "\x1b["+p+"mx", "\x1b[31;42;1m\x1b["+p+"mx")
	}
	j := newJudge(t)
	for _, in := range all {
		if d := j.compare(in, 20, 6); d != nil {
			t.Errorf("%q: %s", in, strings.Join(d, "; "))
		}
	}
	t.Logf("%d forms", len(all))
}
