package passthru

import (
	"strings"
	"testing"

	"lxcdeck/tui/vt"
)

// keptScript filters in for a screen that is kept; <paint> stands where the
// emulator has to paint.
func keptScript(in string) string {
	f := NewFilter(Options{KeepScreen: true})
	var out []byte
	for src := []byte(in); len(src) > 0; {
		var n int
		var paint bool
		out, n, paint = f.AppendUntil(out, src)
		if paint {
			out = append(out, "<paint>"...)
		}
		src = src[n:]
	}
	return string(out)
}

func TestKeepScreen(t *testing.T) {
	const pen = "\x0f\x1b(B\x1b]8;;\x1b\\\x1b[m"
	tests := []struct{ name, in, want string }{
		{"text and style", "a\x1b[1;38:2::1:2:3mb\r\n", "a\x1b[1;38:2::1:2:3mb\r\n"},
		{"alternate screen", "a\x1b[?1049hb\x1b[?1049lc", "a<paint>b<paint>c"},
		{"old alternate screens", "\x1b[?47h\x1b[?47l\x1b[?1047h\x1b[?1047l", "<paint><paint><paint><paint>"},
		{"no switch at all", "a\x1b[?1049lb\x1b[?1049h\x1b[?47hc", "ab<paint>c"},
		{"with other modes", "\x1b[?1;1049;25lx\x1b[?1049;25;2004h", "\x1b[?1l\x1b[?25lx\x1b[?25;2004h<paint>"},
		{"with other modes and keys", "\x1b[>1u\x1b[?25;1049;1hx", "\x1b[>1u\x1b[?25h\x1b[=0;1u\x1b[?1h<paint>x"},
		{"132 columns", "\x1b[?3;4lx", "\x1b[r\x1b[H\x1b[2Jx"},
		{"leading zeros and colons", "\x1b[?25:0001049l\x1b[?0001049h", "\x1b[?25l<paint>"},
		{"saved cursor", "\x1b[?1048h\x1b[?1048l", "\x1b[?1048h\x1b[?1048l"},
		{"reset", "\x1b[?1000hx\x1bcy", "\x1b[?1000hx\x1b[?1000l" + pen + "<paint>y"},
		{"soft reset", "\x1b[?1;25;2004l\x1b[4h\x1b[!px", "\x1b[?1;25;2004l\x1b[4h\x1b[?25h\x1b[4l" + pen + "<paint>x"},
		{"scrollback", "a\x1b[3J\x1b[22Jb\x1b[2J\x1b[J", "ab\x1b[2J\x1b[J"},
		{"alternate scroll and switching", "\x1b[?1007h\x1b[?1046lx", "x"},
		{"margins left and right", "\x1b[?69h\x1b[3;9sx\x1b[s\x1b[u", "\x1b[sx\x1b[s\x1b[u"},
		{"a question for what does not pass", "\x1b[?69$p\x1b[?2027$p\x1b[?1049$px\x1b[?2026$p\x1b[4$p", "x\x1b[?2026$p\x1b[4$p"},
		{"protection", "\x1b[1\"qx\x1b[?2J\x1b[?K", "x\x1b[2J\x1b[K"},
		{"rectangles", "\x1b[1;1;5;5$z\x1b[65;1;1;5;5$x\x1b[1;1;2;2;1;3;3;1$v\x1b[1;2;3;4$rx", "x"},
		{"line sizes", "\x1b#3\x1b#6x\x1b#8", "x\x1b#8"},
		{"columns", "\x1b6\x1b9\x1b[2'}\x1b[2 @x", "x"},
		{"tab stops by other means", "\x1b[?5W\x1b[2Wx", "x"},
		{"memory lock", "\x1bl\x1bmx", "x"},
		{"stacks of styles and colours", "\x1b[#{\x1b[#}\x1b[#P\x1b[#Q\x1b[#Rx", "x"},
		{"key resources", "\x1b[>4;2m\x1b[>1;3m\x1b[>m\x1b[>4n\x1b[>1s\x1b[>2px", "\x1b[>4;2mx"},
		{"titles", "\x1b[22;0t\x1b[>3Tx", "x"},
		{"kitty keys", "\x1b[>31u\x1b[>0u\x1b[<u\x1b[<9ux", "\x1b[>1u\x1b[=0;1u\x1b[=1;1u\x1b[=0;1ux"},
		{"kitty keys a screen", "\x1b[>1u\x1b[?1049hx\x1b[=1u\x1b[?1049ly", "\x1b[>1u\x1b[=0;1u<paint>x\x1b[=1;1u<paint>y"},
		{"kitty keys not used", "\x1b[<u\x1b[?ux", "\x1b[?ux"},
		{"reports that nobody asks for", "\x1b[?2031h\x1b[?2048h\x1b[?5522hx", "x"},
		{"keyboard locked, echo", "\x1b[2h\x1b[12l\x1b[3;4hx", "\x1b[4hx"},
		{"pictures", "\x1bPq#0\x1b\\\x1b_Gf=100;AAAA\x1b\\x", "x"},
		{"prompt marks", "\x1b]133;A\ax\x1b]8;;http://x/\ay", "x\x1b]8;;http://x/\x1b\\y"},
		{"character sets", "\x1b(0\x1b)A\x1b*K\x1b-A\x1b(%5x", "\x1b(0\x1b)A\x1b*Bx"},
		{"huge counts", "\x1b[99999999999999999999C\x1b[4294967297b\x1b[7;8;9A", "\x1b[99999C\x1b[1000b\x1b[7A"},
		{"status line", "\x1b[2$~\x1b[1$}x", "x"},
		{"macro, Tektronix, logging, lights", "\x1b[1*z\x1b[?38h\x1b[?46h\x1b[1qx", "x"},
		{"settings", "\x1bP$q q\x1b\\\x1bP$qrm -r\x1b\\x", "\x1bP$q q\x1b\\x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := keptScript(tt.in); got != tt.want {
				t.Errorf("%q became %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestAppendUntilSaysHowFar(t *testing.T) {
	const in = "ab\x1b[?1049hcd"
	f := NewFilter(Options{KeepScreen: true})
	out, used, paint := f.AppendUntil([]byte("x"), []byte(in))
	if string(out) != "xab" || used != len(in)-2 || !paint {
		t.Errorf("%q, %d, %v", out, used, paint)
	}
	var zero Filter
	out, used, paint = zero.AppendUntil(nil, []byte(in+"\x1bc"))
	if string(out) != in+"\x1b[?1049l\x1bc" || used != len(in)+2 || paint {
		t.Errorf("the zero filter: %q, %d, %v", out, used, paint)
	}
}

// screens says where two emulators differ in what is shown; "" is nowhere.
func screens(a, b *vt.Terminal) string {
	_, rows := a.Size()
	for y := range rows {
		if l, m := a.Line(y), b.Line(y); l != m {
			return "row: " + l + "\nrow: " + m
		}
	}
	if a.Cursor() != b.Cursor() {
		return "cursor"
	}
	m, n := a.Modes(), b.Modes()
	m.AltScreen, n.AltScreen = false, false
	m.Backarrow, n.Backarrow = false, false
	m.MouseEncoding, n.MouseEncoding = 0, 0 // 1005 does not pass
	if m != n {
		return "modes"
	}
	return ""
}

// FuzzKeepScreen: a terminal that gets what passes shows what the emulator
// shows that gets everything, up to the first painting.
func FuzzKeepScreen(f *testing.F) {
	for _, s := range []string{
		"\x1b[?25:1049h", "\x1b[5;3;1Hx", "\x1b[3\r1mx\x1b[1\x9bmy", "\x1b]0;\x9cx", "\xf0\x80\x80\xed\xa0\x80", "\x1b[2;4r\x1b[?6h\x1b[99999b",
		"\x1b(Kx\x1b)0\x0eq\x1bnq\x1bNq", "\x1b[3g\t\x1bH\x1b[5Gx", "\x1b#8\x1b[?J\x1b[1K", "\x1b[>31u\x1b[=3;2u\x1b[<u", "\x1b[?7l" + strings.Repeat("x", 30),
		"\x1b[1;2s\x1b[9Cx\x1b[uy", "\x1b[4;20hab\rc\n", "\x1b[?1000;1003;9h\x1b[?1003l", "\x1b[!p", "\x1b7\x1b[31mx\x1b8y", "\x1bP$qm\x1bcx", "\x1b%Gx\x1b Fy",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkKept(t, in[:min(len(in), maxCSI)]) }) // longer sequences do not pass
}

func checkKept(t *testing.T, in []byte) {
	t.Helper()
	filter := NewFilter(Options{KeepScreen: true})
	out, used, paint := filter.AppendUntil(nil, in)
	if !paint && used != len(in) {
		t.Fatalf("took %d of %d bytes of %q", used, len(in), in)
	}
	if paint { // up to there
		out = NewFilter(Options{KeepScreen: true}).Append(nil, in[:used-1])
		in = in[:used-1]
	}
	inside := vt.New(20, 6, vt.Options{Scrollback: -1})
	outside := vt.New(20, 6, vt.Options{Scrollback: -1})
	_, _ = inside.Write(in)
	_, _ = outside.Write([]byte("\x1b[?1049h"))
	_, _ = outside.Write(out)
	if d := screens(inside, outside); d != "" {
		t.Fatalf("%q passed as %q: %s", in, out, d)
	}
}
