package vt

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func written(cols, rows int, in string) *Terminal {
	t := New(cols, rows, Options{})
	_, _ = t.Write([]byte(in))
	return t
}

func TestReplies(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"DA1", "\x1b[c", "\x1b[?62;22c"},
		{"DA1 zero", "\x1b[0c", "\x1b[?62;22c"},
		{"DA1 other", "\x1b[1c", ""},
		{"DECID", "\x1bZ", "\x1b[?62;22c"},
		{"DA2", "\x1b[>c", "\x1b[>1;277;0c"},
		{"DA3", "\x1b[=c", "\x1bP!|6C786364\x1b\\"},
		{"DSR", "\x1b[5n", "\x1b[0n"},
		{"CPR", "\x1b[3;4H\x1b[6n", "\x1b[3;4R"},
		{"CPR while a wrap is pending", strings.Repeat("x", 20) + "\x1b[6n", "\x1b[1;20R"},
		{"CPR in origin mode", "\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b[6n", "\x1b[2;2R"},
		{"DECXCPR", "\x1b[3;4H\x1b[?6n", "\x1b[?3;4;1R"},
		{"size by CUP and CPR", "\x1b[999;999H\x1b[6n", "\x1b[6;20R"},
		{"DECRQM set", "\x1b[?7$p", "\x1b[?7;1$y"},
		{"DECRQM reset", "\x1b[?2026$p", "\x1b[?2026;2$y"},
		{"DECRQM set by program", "\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"},
		{"DECRQM mouse", "\x1b[?1002h\x1b[?1002$p\x1b[?1000$p", "\x1b[?1002;1$y\x1b[?1000;2$y"},
		{"DECRQM unknown", "\x1b[?9999$p", "\x1b[?9999;0$y"},
		{"DECRQM alt", "\x1b[?1049h\x1b[?1049$p", "\x1b[?1049;1$y"},
		{"DECRQM ANSI", "\x1b[4h\x1b[4$p", "\x1b[4;1$y"},
		{"XTVERSION", "\x1b[>q", "\x1bP>|lxcdeck\x1b\\"},
		{"DECRQSS SGR", "\x1b[1;31m\x1bP$qm\x1b\\", "\x1bP1$r0;1;31m\x1b\\"},
		{"DECRQSS SGR default", "\x1bP$qm\x1b\\", "\x1bP1$r0m\x1b\\"},
		{"DECRQSS margins", "\x1b[2;4r\x1bP$qr\x1b\\", "\x1bP1$r2;4r\x1b\\"},
		{"DECRQSS cursor", "\x1b[5 q\x1bP$q q\x1b\\", "\x1bP1$r5 q\x1b\\"},
		{"DECRQSS unknown", "\x1bP$qx\x1b\\", "\x1bP0$r\x1b\\"},
		{"DECRQSS level", "\x1bP$q\"p\x1b\\", "\x1bP1$r62;1\"p\x1b\\"},
		{"DECRQSS protection", "\x1bP$q\"q\x1b\\", "\x1bP1$r0\"q\x1b\\"},
		{"DECRQSS left and right margins", "\x1bP$qs\x1b\\", "\x1bP0$r\x1b\\"},
		{"modifyOtherKeys", "\x1b[>4;2m\x1b[?4m\x1b[?1m", "\x1b[>4;0m"},
		{"DSR DEC", "\x1b[?15n\x1b[?25n\x1b[?26n", "\x1b[?13n\x1b[?21n\x1b[?27;1;0;0n"},
		{"XTGETTCAP", "\x1bP+q544e\x1b\\", "\x1bP0+r\x1b\\"},
		{"kitty query", "\x1b[>1u\x1b[?u", "\x1b[?1u"},
		{"kitty more than we can", "\x1b[>31u\x1b[?u", "\x1b[?1u"},
		{"kitty pop", "\x1b[>1u\x1b[<u\x1b[?u", "\x1b[?0u"},
		{"kitty set", "\x1b[=1;1u\x1b[?u\x1b[=1;3u\x1b[?u", "\x1b[?1u\x1b[?0u"},
		{"kitty is a screen's own", "\x1b[>1u\x1b[?1049h\x1b[?u\x1b[?1049l\x1b[?u", "\x1b[?0u\x1b[?1u"},
		{"text area size", "\x1b[18t", "\x1b[8;6;20t"},
		{"title is not told", "\x1b]2;x\a\x1b[21t", ""},
		{"outer colours are not told", "\x1b]10;?\a\x1b]11;?\a\x1b]4;1;?\a", ""},
		{"own colours are", "\x1b]11;#102030\a\x1b]11;?\x1b\\", "\x1b]11;rgb:1010/2020/3030\x1b\\"},
		{"own palette is", "\x1b]4;1;rgb:ff/0/80\a\x1b]4;1;?\a", "\x1b]4;1;rgb:ffff/0000/8080\a"},
		{"clipboard is not told", "\x1b]52;c;?\a", ""},
		{"ENQ", "\x05", ""},
	}
	for _, tt := range tests {
		term := written(20, 6, tt.in)
		if got := string(term.TakeReplies()); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if r := term.TakeReplies(); len(r) != 0 {
			t.Errorf("%s: %q is told twice", tt.name, r)
		}
	}
}

// TestModeReports asks for every mode that is known, off and on.
func TestModeReports(t *testing.T) {
	for _, n := range []int{1, 5, 6, 7, 9, 12, 25, 47, 66, 67, 1000, 1002, 1003, 1004, 1005, 1006, 1047, 1049, 2004, 2026} {
		in := fmt.Sprintf("\x1b[?%[1]dl\x1b[?%[1]d$p\x1b[?%[1]dh\x1b[?%[1]d$p", n)
		if got, want := string(written(20, 6, in).TakeReplies()), fmt.Sprintf("\x1b[?%[1]d;2$y\x1b[?%[1]d;1$y", n); got != want {
			t.Errorf("mode %d: %q, want %q", n, got, want)
		}
	}
}

func TestRepliesAreBounded(t *testing.T) {
	term := written(20, 6, strings.Repeat("\x1b[c", 100_000))
	r := string(term.TakeReplies())
	if len(r) > maxReplies || strings.ReplaceAll(r, deviceAttributes, "") != "" {
		t.Errorf("%d bytes, or half an answer", len(r))
	}
	_, _ = term.Write([]byte("\x1b[5n"))
	if r := string(term.TakeReplies()); r != "\x1b[0n" {
		t.Errorf("after taking: %q", r)
	}
}

func TestTitle(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"OSC 0", "\x1b]0;one\a", "one"},
		{"OSC 2", "\x1b]2;two; three\x1b\\", "two; three"},
		{"OSC 1 is the icon's", "\x1b]1;x\a", ""},
		{"controls", "\x1b]2;a\x01\r\nb\u0085c\u202ed\a", "abcd"},
		{"not UTF-8", "\x1b]2;a\xffb\a", "a\ufffdb"},
		{"capped", "\x1b]2;" + strings.Repeat("é", 300) + "\a", strings.Repeat("é", maxTitle)},
		{"too long a string is dropped", "\x1b]2;a\a\x1b]2;" + strings.Repeat("x", 5000) + "\a", "a"},
		{"stack", "\x1b]2;a\a\x1b[22;0t\x1b]2;b\a\x1b[23;0t", "a"},
		{"stack of icons", "\x1b]2;a\a\x1b[22;1t\x1b]2;b\a\x1b[23;1t", "b"},
		{"empty stack", "\x1b]2;a\a\x1b[23t", "a"},
		{"ended by CAN", "\x1b]2;a\x18", ""},
	}
	for _, tt := range tests {
		if got := written(20, 6, tt.in).Title(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	term := written(20, 6, strings.Repeat("\x1b]2;t\a\x1b[22t", 1000))
	if len(term.titles) > 10 {
		t.Errorf("%d titles on the stack", len(term.titles))
	}
}

func TestDir(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b]7;file://host/var/log%20s\a": "/var/log s",
		"\x1b]7;http://host/x\a":           "",
		"\x1b]7;file://host/a%1bb\a":       "/ab",
		"\x1b]7;:%zz\a":                    "",
	} {
		if got := written(20, 6, in).Dir(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestClipboard(t *testing.T) {
	enc := base64.StdEncoding.EncodeToString
	whole := strings.Repeat("x", MaxClipboard)
	tests := []struct {
		name, in, want string
		ok             bool
	}{
		{"set", "\x1b]52;c;" + enc([]byte("copy\nme")) + "\a", "copy\nme", true},
		{"no padding", "\x1b]52;c;YWI\a", "ab", true},
		{"read", "\x1b]52;c;?\a", "", false},
		{"clear", "\x1b]52;c;\a", "", false},
		{"rubbish", "\x1b]52;c;%%%\a", "", false},
		{"not UTF-8", "\x1b]52;c;" + enc([]byte("a\xff")) + "\a", "", false},
		{"largest", "\x1b]52;c;" + enc([]byte(whole)) + "\x1b\\", whole, true},
		{"too large", "\x1b]52;c;" + enc([]byte(whole+"y")) + "\a", "", false},
		{"far too large", "\x1b]52;c;" + strings.Repeat("QUJD", 1<<20) + "\a", "", false},
	}
	for _, tt := range tests {
		term := New(20, 6, Options{})
		feed(term, []byte(tt.in))
		if got, ok := term.TakeClipboard(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %d bytes, %v", tt.name, len(got), ok)
		}
		if _, ok := term.TakeClipboard(); ok {
			t.Errorf("%s: told twice", tt.name)
		}
		if n := cap(term.parser.str); n > 2*maxString {
			t.Errorf("%s: keeps a buffer of %d bytes", tt.name, n)
		}
	}
	split := New(20, 6, Options{})
	for _, b := range []byte("\x1b]52;c;" + enc([]byte(whole)) + "\a") {
		_, _ = split.Write([]byte{b})
	}
	if got, ok := split.TakeClipboard(); !ok || got != whole {
		t.Errorf("byte by byte: %d bytes, %v", len(got), ok)
	}
}

func TestBell(t *testing.T) {
	term := written(20, 6, "a\ab")
	if !term.TakeBell() || term.TakeBell() {
		t.Error("rang not once")
	}
	_, _ = term.Write([]byte("\x1b]0;x\a"))
	if term.TakeBell() {
		t.Error("the end of a title rang")
	}
}

func TestModes(t *testing.T) {
	m := written(20, 6, "\x1b[?1;66;67;1004;2004;2026;1003;1006;5h\x1b[20h\x1b[>1u").Modes()
	want := Modes{
		AppCursor: true, AppKeypad: true, Backarrow: true, NewLine: true, BracketedPaste: true, Focus: true,
		Mouse: MouseAny, MouseEncoding: MouseSGR, KittyFlags: 1, ReverseScreen: true, SyncUpdate: true,
	}
	if m != want {
		t.Errorf("%+v, want %+v", m, want)
	}
	off := "\x1b[?1;66;67;1004;2004;2026;1003;1006;5l\x1b[20l\x1b[<u"
	if m := written(20, 6, "\x1b[?1;66;67;1004;2004;2026;1003;1006;5h\x1b[20h\x1b[>1u"+off).Modes(); m != (Modes{}) {
		t.Errorf("after switching all off: %+v", m)
	}
	if m := written(20, 6, "\x1b[?1;1004;2004;1003;1006;1049h\x1b[>1u\x1bc").Modes(); m != (Modes{}) {
		t.Errorf("after RIS: %+v", m)
	}
}

func TestCursorStyle(t *testing.T) {
	for n, want := range []Cursor{
		{Visible: true}, {Visible: true, Shape: ShapeBlock, Blink: true}, {Visible: true, Shape: ShapeBlock},
		{Visible: true, Shape: ShapeUnderline, Blink: true}, {Visible: true, Shape: ShapeUnderline},
		{Visible: true, Shape: ShapeBar, Blink: true}, {Visible: true, Shape: ShapeBar},
	} {
		if got := written(20, 6, fmt.Sprintf("\x1b[%d q", n)).Cursor(); got != want {
			t.Errorf("DECSCUSR %d: %+v, want %+v", n, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"blank", "", "        \x1b[m"},
		{"text", "abc", "abc     \x1b[m"},
		{"style", "a\x1b[1;31mb\x1b[mc", "a\x1b[0;1;31mb\x1b[mc     \x1b[m"},
		{"styled to the edge", "\x1b[44m\x1b[K", "\x1b[0;44m        \x1b[m"},
		{"all attributes", "\x1b[1;2;3;5;7;8;9;53;4:3;38;5;208;48;2;1;2;3;58;5;9mx",
			"\x1b[0;1;2;3;5;7;8;9;4:3;53;38;5;208;48;2;1;2;3;58:5:9mx\x1b[m       \x1b[m"},
		{"underline colour", "\x1b[4;58:2::1:2:3mx", "\x1b[0;4;58:2::1:2:3mx\x1b[m       \x1b[m"},
		{"bright", "\x1b[91;103mx", "\x1b[0;91;103mx\x1b[m       \x1b[m"},
		{"wide", "漢字", "漢字    \x1b[m"},
		{"combining", "e\u0301x", "e\u0301\x1b[mx      \x1b[m"},
		{"disputed width: the base alone", "\u2764\ufe0fx", "\u2764\x1b[mx      \x1b[m"},
		{"disputed width: joined", "\U0001f468\u200d\U0001f469x", "\U0001f468\x1b[mx     \x1b[m"},
		{"reverse screen", "\x1b[?5ha\x1b[7mb", "\x1b[0;7ma\x1b[mb\x1b[0;7m      \x1b[m"},
		{"palette", "\x1b]4;1;#010203\a\x1b[31mx", "\x1b[0;38;2;1;2;3mx\x1b[m       \x1b[m"},
		{"palette reset", "\x1b]4;1;#010203\a\x1b]104;1\a\x1b[31mx", "\x1b[0;31mx\x1b[m       \x1b[m"},
		{"default background", "\x1b]11;#010203\ax", "\x1b[0;48;2;1;2;3mx       \x1b[m"},
		{"default background reset", "\x1b]11;#010203\ax\x1b]111\a", "x       \x1b[m"},
	}
	for _, tt := range tests {
		if got := written(8, 2, tt.in).Line(0); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	term := written(8, 2, "x")
	if a, b := term.Line(-1), term.Line(2); a != b || a != "        \x1b[m" {
		t.Errorf("outside: %q, %q", a, b)
	}
}

func TestGenerations(t *testing.T) {
	term := written(20, 6, "one\r\ntwo\r\n")
	g, g0, g1 := term.Generation(), term.LineGeneration(0), term.LineGeneration(1)
	_, _ = term.Write(nil)
	if term.Generation() != g {
		t.Error("nothing written, another generation")
	}
	_, _ = term.Write([]byte("\x1b[2;1Hx"))
	if term.LineGeneration(0) != g0 || term.LineGeneration(1) == g1 || term.Generation() == g {
		t.Error("one row changed, that is not what the generations say")
	}
	for name, in := range map[string]string{"cursor": "\x1b[A", "mode": "\x1b[?2004h", "title": "\x1b]2;t\a"} {
		g = term.Generation()
		_, _ = term.Write([]byte(in))
		if term.Generation() == g {
			t.Errorf("%s changed, generation did not", name)
		}
	}
	seen := map[uint64]int{}
	_, _ = term.Write([]byte("\x1b[2;5r\x1b[5;1H\n\n\x1b[2;1H\x1bM\x1b[r\x1b[6;1H\n\n\n"))
	for y := range 6 {
		if other, ok := seen[term.LineGeneration(y)]; ok {
			t.Errorf("rows %d and %d share a generation", other, y)
		}
		seen[term.LineGeneration(y)] = y
	}
}

// TestGenerationsTellAll writes every case and compares what changed with
// what is said to have changed.
func TestGenerationsTellAll(t *testing.T) {
	for _, c := range cases() {
		term := New(20, 6, Options{})
		for i := range len(c.in) {
			var lines [6]string
			var gens [6]uint64
			for y := range lines {
				lines[y], gens[y] = term.Line(y), term.LineGeneration(y)
			}
			_, _ = term.Write([]byte(c.in[i : i+1]))
			for y := range lines {
				fresh := *term.cur.at(y)
				fresh.line = ""
				if term.LineGeneration(y) != gens[y] {
					continue
				}
				*term.cur.at(y) = fresh
				if got := term.Line(y); got != lines[y] {
					t.Fatalf("%s: row %d changed from %q to %q unsaid", c.name, y, lines[y], got)
				}
			}
		}
	}
}

func TestStyleTableIsBounded(t *testing.T) {
	term := New(300, 200, Options{Scrollback: 100})
	var b []byte
	for i := range 400_000 {
		b = fmt.Appendf(b, "\x1b[38;2;%d;%d;%d;48;2;%d;0;0mx", i>>16&255, i>>8&255, i&255, i&255)
	}
	feed(term, b)
	if n := len(term.styles.list); n > maxStyles+roomCoarse {
		t.Errorf("%d styles", n)
	}
	if err := check(term); err != nil {
		t.Error(err)
	}
	_, _ = term.Write([]byte("\x1b[2J\x1b[H\x1b[m"))
	for i := range 40_000 {
		_, _ = term.Write(fmt.Appendf(nil, "\x1b[H\x1b[38;2;%d;%d;%d;3mx", i>>16&255, i>>8&255, i&255))
	}
	if got, want := term.Cell(0, 0).Style, (Style{FG: RGB(0, 39999>>8, 39999&255), Attr: Italic}); got != want {
		t.Errorf("after the screen was cleared a style is %+v, want %+v", got, want)
	}
}

func TestClusterTableIsBounded(t *testing.T) {
	term := New(80, 24, Options{})
	var b []byte
	for i := range 100_000 {
		b = fmt.Appendf(b, "%c\u0301%c ", 'a'+rune(i%26), 0x300+rune(i/26%100))
		b = fmt.Appendf(b, "%c\u0302 ", 0x4e00+rune(i%20000))
	}
	feed(term, b)
	if n := len(term.clusters.list); n > maxClusters {
		t.Errorf("%d clusters", n)
	}
	_, _ = term.Write([]byte("\x1b[2J\x1b[He\u0301\u0302\u0303"))
	if got := term.Cell(0, 0).Text; got != "e\u0301\u0302\u0303" {
		t.Errorf("%q", got)
	}
	_, _ = term.Write([]byte(strings.Repeat("\u0301", 1000)))
	if got := term.Cell(0, 0).Text; len(got) > maxCluster {
		t.Errorf("one cell holds %d bytes", len(got))
	}
}

func TestSeqIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement: left out of a short run")
	}
	data := seqBytes(500_000)
	res := testing.Benchmark(func(b *testing.B) {
		term := New(120, 40, Options{})
		for b.Loop() {
			feed(term, data)
		}
	})
	mbs := float64(len(data)) * float64(res.N) / res.T.Seconds() / 1e6
	t.Logf("%.0f MB/s", mbs)
	const least = 0.3 // 4 under the race detector on a busy machine, 180 without either
	if mbs < least {
		t.Errorf("%.1f MB/s, at least %.1f expected", mbs, least)
	}
}

func TestAtRest(t *testing.T) {
	term := New(20, 5, Options{})
	for _, c := range []struct {
		text string
		rest bool
	}{
		{"a", true}, {"\x1b", false}, {"[", false}, {"3", false}, {"1m", true}, {"\xe2", false}, {"\x82\xac", true},
		{"\x1b]0;t", false}, {"\x1b", false}, {"\\", true}, {"\x1bP$q", false}, {"\x18", true}, {"\x1b(", false}, {"B", true},
	} {
		if _, err := term.Write([]byte(c.text)); err != nil || term.AtRest() != c.rest {
			t.Errorf("after %q: at rest is %v", c.text, term.AtRest())
		}
	}
}
