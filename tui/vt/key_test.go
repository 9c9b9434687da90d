package vt

import (
	"strings"
	"testing"
)

func TestEncodeKey(t *testing.T) {
	app := Modes{AppCursor: true}
	pad := Modes{AppKeypad: true}
	kitty := Modes{KittyFlags: 1}
	tests := []struct {
		name string
		key  Key
		mode Modes
		want string
	}{
		{"letter", Key{Code: 'a'}, Modes{}, "a"},
		{"text wins", Key{Code: 'a', Text: "A", Mod: Shift}, Modes{}, "A"},
		{"shift without text", Key{Code: 'a', Mod: Shift}, Modes{}, "A"},
		{"umlaut", Key{Code: 'ö', Text: "ö"}, Modes{}, "ö"},
		{"composed text", Key{Code: 'x', Text: "漢字"}, Modes{}, "漢字"},
		{"alt letter", Key{Code: 'x', Text: "x", Mod: Alt}, Modes{}, "\x1bx"},
		{"ctrl a", Key{Code: 'a', Mod: Ctrl}, Modes{}, "\x01"},
		{"ctrl shift a", Key{Code: 'a', Mod: Ctrl | Shift}, Modes{}, "\x01"},
		{"ctrl i", Key{Code: 'i', Mod: Ctrl}, Modes{}, "\t"},
		{"ctrl m", Key{Code: 'm', Mod: Ctrl}, Modes{}, "\r"},
		{"ctrl alt a", Key{Code: 'a', Mod: Ctrl | Alt}, Modes{}, "\x1b\x01"},
		{"ctrl space", Key{Code: Space, Mod: Ctrl}, Modes{}, "\x00"},
		{"ctrl [", Key{Code: '[', Mod: Ctrl}, Modes{}, "\x1b"},
		{"ctrl ]", Key{Code: ']', Mod: Ctrl}, Modes{}, "\x1d"},
		{"ctrl 5", Key{Code: '5', Mod: Ctrl}, Modes{}, "\x1d"},
		{"ctrl backslash", Key{Code: '\\', Mod: Ctrl}, Modes{}, "\x1c"},
		{"ctrl ^", Key{Code: '^', Mod: Ctrl}, Modes{}, "\x1e"},
		{"ctrl _", Key{Code: '_', Mod: Ctrl}, Modes{}, "\x1f"},
		{"ctrl /", Key{Code: '/', Mod: Ctrl}, Modes{}, "\x1f"},
		{"ctrl 8", Key{Code: '8', Mod: Ctrl}, Modes{}, "\x7f"},
		{"ctrl 1 is 1", Key{Code: '1', Mod: Ctrl}, Modes{}, "1"},
		{"enter", Key{Code: Enter}, Modes{}, "\r"},
		{"enter in LNM", Key{Code: Enter}, Modes{NewLine: true}, "\r\n"},
		{"alt enter", Key{Code: Enter, Mod: Alt}, Modes{}, "\x1b\r"},
		{"shift enter", Key{Code: Enter, Mod: Shift}, Modes{}, "\r"},
		{"tab", Key{Code: Tab}, Modes{}, "\t"},
		{"shift tab", Key{Code: Tab, Mod: Shift}, Modes{}, "\x1b[Z"},
		{"backspace", Key{Code: Backspace}, Modes{}, "\x7f"},
		{"backspace in DECBKM", Key{Code: Backspace}, Modes{Backarrow: true}, "\b"},
		{"ctrl backspace", Key{Code: Backspace, Mod: Ctrl}, Modes{}, "\b"},
		{"alt backspace", Key{Code: Backspace, Mod: Alt}, Modes{}, "\x1b\x7f"},
		{"escape", Key{Code: Escape}, Modes{}, "\x1b"},
		{"alt escape", Key{Code: Escape, Mod: Alt}, Modes{}, "\x1b\x1b"},
		{"up", Key{Code: Up}, Modes{}, "\x1b[A"},
		{"up, application", Key{Code: Up}, app, "\x1bOA"},
		{"ctrl right", Key{Code: Right, Mod: Ctrl}, Modes{}, "\x1b[1;5C"},
		{"ctrl right, application", Key{Code: Right, Mod: Ctrl}, app, "\x1b[1;5C"},
		{"shift left", Key{Code: Left, Mod: Shift}, Modes{}, "\x1b[1;2D"},
		{"alt down", Key{Code: Down, Mod: Alt}, Modes{}, "\x1b[1;3B"},
		{"ctrl alt shift up", Key{Code: Up, Mod: Ctrl | Alt | Shift}, Modes{}, "\x1b[1;8A"},
		{"begin", Key{Code: Begin}, Modes{}, "\x1b[E"},
		{"home", Key{Code: Home}, Modes{}, "\x1b[H"},
		{"home, application", Key{Code: Home}, app, "\x1bOH"},
		{"end", Key{Code: End}, Modes{}, "\x1b[F"},
		{"insert", Key{Code: Insert}, Modes{}, "\x1b[2~"},
		{"delete", Key{Code: Delete}, Modes{}, "\x1b[3~"},
		{"ctrl delete", Key{Code: Delete, Mod: Ctrl}, Modes{}, "\x1b[3;5~"},
		{"page up", Key{Code: PgUp}, Modes{}, "\x1b[5~"},
		{"shift page down", Key{Code: PgDn, Mod: Shift}, Modes{}, "\x1b[6;2~"},
		{"f1", Key{Code: F1}, Modes{}, "\x1bOP"},
		{"shift f1", Key{Code: F1, Mod: Shift}, Modes{}, "\x1b[1;2P"},
		{"f4", Key{Code: F4}, Modes{}, "\x1bOS"},
		{"f5", Key{Code: F5}, Modes{}, "\x1b[15~"},
		{"f10", Key{Code: F10}, Modes{}, "\x1b[21~"},
		{"f12", Key{Code: F12}, Modes{}, "\x1b[24~"},
		{"ctrl f12", Key{Code: F12, Mod: Ctrl}, Modes{}, "\x1b[24;5~"},
		{"f13 is shift f1", Key{Code: F13}, Modes{}, "\x1b[1;2P"},
		{"f24 is shift f12", Key{Code: F24}, Modes{}, "\x1b[24;2~"},
		{"super is not told", Key{Code: Up, Mod: Super}, Modes{}, "\x1b[A"},
		{"keypad 5", Key{Code: KP5}, Modes{}, "5"},
		{"keypad 5, application", Key{Code: KP5}, pad, "\x1bOu"},
		{"keypad enter", Key{Code: KPEnter}, Modes{}, "\r"},
		{"keypad enter, application", Key{Code: KPEnter}, pad, "\x1bOM"},
		{"keypad minus, application", Key{Code: KPMinus}, pad, "\x1bOm"},
		{"keypad separator", Key{Code: KPSeparator}, Modes{}, ","},
		{"kitty: letter", Key{Code: 'a', Text: "a"}, kitty, "a"},
		{"kitty: shift letter", Key{Code: 'a', Text: "A", Mod: Shift}, kitty, "A"},
		{"kitty: ctrl a", Key{Code: 'a', Mod: Ctrl}, kitty, "\x1b[97;5u"},
		{"kitty: ctrl i", Key{Code: 'i', Mod: Ctrl}, kitty, "\x1b[105;5u"},
		{"kitty: alt x", Key{Code: 'x', Text: "x", Mod: Alt}, kitty, "\x1b[120;3u"},
		{"kitty: escape", Key{Code: Escape}, kitty, "\x1b[27u"},
		{"kitty: enter", Key{Code: Enter}, kitty, "\r"},
		{"kitty: shift enter", Key{Code: Enter, Mod: Shift}, kitty, "\x1b[13;2u"},
		{"kitty: ctrl backspace", Key{Code: Backspace, Mod: Ctrl}, kitty, "\x1b[127;5u"},
		{"kitty: shift tab", Key{Code: Tab, Mod: Shift}, kitty, "\x1b[9;2u"},
		{"kitty: f3", Key{Code: F3}, kitty, "\x1b[13~"},
		{"kitty: f1", Key{Code: F1}, kitty, "\x1b[P"},
		{"kitty: super up", Key{Code: Up, Mod: Super}, kitty, "\x1b[1;9A"},
		{"kitty: ctrl up", Key{Code: Up, Mod: Ctrl}, kitty, "\x1b[1;5A"},
		{"kitty: ctrl shift a", Key{Code: 'a', Mod: Ctrl | Shift}, kitty, "\x1b[97;6u"},
		{"kitty: ctrl shift A", Key{Code: 'A', Mod: Ctrl | Shift}, kitty, "\x1b[97;6u"},
		{"kitty: alt umlaut", Key{Code: 'ö', Text: "ö", Mod: Alt}, kitty, "\x1b[246;3u"},
		{"kitty: super a", Key{Code: 'a', Mod: Super}, kitty, "\x1b[97;9u"},
		{"kitty: f13", Key{Code: F13}, kitty, "\x1b[57376u"},
		{"kitty: ctrl f24", Key{Code: F24, Mod: Ctrl}, kitty, "\x1b[57387;5u"},
		{"kitty: keypad 5", Key{Code: KP5, Text: "5"}, Modes{KittyFlags: 1, AppKeypad: true}, "5"},
		{"kitty: keypad enter", Key{Code: KPEnter}, kitty, "\x1b[57414u"},
		{"kitty: ctrl keypad 0", Key{Code: KP0, Mod: Ctrl}, kitty, "\x1b[57399;5u"},
		{"kitty: alt keypad separator", Key{Code: KPSeparator, Mod: Alt}, kitty, "\x1b[57416;3u"},
		{"ctrl -", Key{Code: '-', Mod: Ctrl}, Modes{}, "-"},
		{"alt umlaut", Key{Code: 'ö', Text: "ö", Mod: Alt}, Modes{}, "\x1bö"},
		{"alt ctrl space", Key{Code: Space, Mod: Alt | Ctrl}, Modes{}, "\x1b\x00"},
		{"alt shift letter", Key{Code: 'x', Text: "X", Mod: Alt | Shift}, Modes{}, "\x1bX"},
		{"nothing", Key{}, Modes{}, ""},
	}
	for _, tt := range tests {
		if got := string(EncodeKey(tt.key, tt.mode)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestXtermKeys has xterm's tables ("PC-Style Function Keys" of ctlseqs, and
// XLookupString(3) for control characters).
func TestXtermKeys(t *testing.T) {
	for code, want := range map[rune][2]string{
		Up: {"\x1b[A", "\x1b[1;%A"}, Down: {"\x1b[B", "\x1b[1;%B"}, Right: {"\x1b[C", "\x1b[1;%C"}, Left: {"\x1b[D", "\x1b[1;%D"}, Home: {"\x1b[H", "\x1b[1;%H"}, End: {"\x1b[F", "\x1b[1;%F"},
		Insert: {"\x1b[2~", "\x1b[2;%~"}, Delete: {"\x1b[3~", "\x1b[3;%~"}, PgUp: {"\x1b[5~", "\x1b[5;%~"}, PgDn: {"\x1b[6~", "\x1b[6;%~"},
		F1: {"\x1bOP", "\x1b[1;%P"}, F2: {"\x1bOQ", "\x1b[1;%Q"}, F3: {"\x1bOR", "\x1b[1;%R"}, F4: {"\x1bOS", "\x1b[1;%S"}, F5: {"\x1b[15~", "\x1b[15;%~"}, F6: {"\x1b[17~", "\x1b[17;%~"},
		F7: {"\x1b[18~", "\x1b[18;%~"}, F8: {"\x1b[19~", "\x1b[19;%~"}, F9: {"\x1b[20~", "\x1b[20;%~"}, F10: {"\x1b[21~", "\x1b[21;%~"}, F11: {"\x1b[23~", "\x1b[23;%~"}, F12: {"\x1b[24~", "\x1b[24;%~"},
	} {
		if got := string(EncodeKey(Key{Code: code}, Modes{})); got != want[0] {
			t.Errorf("key %x: %q, want %q", code, got, want[0])
		}
		for mod, n := range map[Mod]string{Shift: "2", Alt: "3", Shift | Alt: "4", Ctrl: "5", Shift | Ctrl: "6", Alt | Ctrl: "7", Shift | Alt | Ctrl: "8"} {
			if got, want := string(EncodeKey(Key{Code: code, Mod: mod}, Modes{AppCursor: true})), strings.Replace(want[1], "%", n, 1); got != want {
				t.Errorf("key %x with %d: %q, want %q", code, mod, got, want)
			}
		}
	}
	const plain = "0123456789 @`[{\\|]}^~_/?-=;',."
	want := "01\x00\x1b\x1c\x1d\x1e\x1f\x7f9\x00\x00\x00\x1b\x1b\x1c\x1c\x1d\x1d\x1e\x1e\x1f\x1f\x7f-=;',."
	var got []byte
	for _, r := range plain {
		got = append(got, EncodeKey(Key{Code: r, Mod: Ctrl}, Modes{})...)
	}
	if string(got) != want {
		t.Errorf("ctrl and %q: %q, want %q", plain, got, want)
	}
	for r := 'a'; r <= 'z'; r++ {
		if got := string(EncodeKey(Key{Code: r, Mod: Ctrl}, Modes{})); got != string(r-'a'+1) {
			t.Errorf("ctrl %c: %q", r, got)
		}
	}
}

func TestEncodePaste(t *testing.T) {
	on := Modes{BracketedPaste: true}
	tests := []struct {
		in   string
		mode Modes
		want string
	}{
		{"a\nb\r\nc", Modes{}, "a\rb\rc"},
		{"a\nb", on, "\x1b[200~a\rb\x1b[201~"},
		{"x\x1b[201~rm -rf /\n", on, "\x1b[200~xrm -rf /\r\x1b[201~"},
		{"x\x1b[2\x1b[201~01~y", on, "\x1b[200~xy\x1b[201~"},
		{"\x1b[\x1b[2\x1b[201~01~201~y", on, "\x1b[200~y\x1b[201~"},
		{"x\u009b201~y", on, "\x1b[200~xy\x1b[201~"},
		{"x\x9b201~y", on, "\x1b[200~xy\x1b[201~"},
		{"漢\x1b[31m", on, "\x1b[200~漢\x1b[31m\x1b[201~"},
	}
	for _, tt := range tests {
		if got := string(EncodePaste(tt.in, tt.mode)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzEncodePaste(f *testing.F) {
	f.Add("\x1b[2\x1b[201~01~")
	f.Add("\x1b[\u009b201~201~")
	f.Fuzz(func(t *testing.T, s string) {
		out := string(EncodePaste(s, Modes{BracketedPaste: true}))
		inside := strings.TrimSuffix(strings.TrimPrefix(out, pasteStart), pasteEnd)
		if strings.Contains(inside, pasteEnd) || strings.Contains(inside, "\u009b201~") || strings.Contains(inside, "\x9b201~") {
			t.Fatalf("%q ends a paste early: %q", s, out)
		}
		if !strings.HasPrefix(out, pasteStart) || !strings.HasSuffix(out, pasteEnd) {
			t.Fatalf("%q is not between brackets", out)
		}
	})
}

func TestEncodeMouse(t *testing.T) {
	sgr := func(m MouseMode) Modes { return Modes{Mouse: m, MouseEncoding: MouseSGR} }
	press := Mouse{X: 9, Y: 4, Button: LeftButton}
	tests := []struct {
		name string
		e    Mouse
		mode Modes
		want string
	}{
		{"not asked", press, Modes{}, ""},
		{"press", press, sgr(MouseNormal), "\x1b[<0;10;5M"},
		{"release", Mouse{X: 9, Y: 4, Button: RightButton, Action: Release}, sgr(MouseNormal), "\x1b[<2;10;5m"},
		{"drag not asked", Mouse{Button: LeftButton, Action: Motion}, sgr(MouseNormal), ""},
		{"drag", Mouse{Button: LeftButton, Action: Motion}, sgr(MouseDrag), "\x1b[<32;1;1M"},
		{"motion not asked", Mouse{Button: NoButton, Action: Motion}, sgr(MouseDrag), ""},
		{"motion", Mouse{Button: NoButton, Action: Motion}, sgr(MouseAny), "\x1b[<35;1;1M"},
		{"wheel", Mouse{Button: WheelUp}, sgr(MouseNormal), "\x1b[<64;1;1M"},
		{"wheel has no release", Mouse{Button: WheelUp, Action: Release}, sgr(MouseNormal), ""},
		{"modifiers", Mouse{Button: LeftButton, Mod: Shift | Alt | Ctrl}, sgr(MouseNormal), "\x1b[<28;1;1M"},
		{"next button", Mouse{Button: NextButton}, sgr(MouseNormal), "\x1b[<129;1;1M"},
		{"legacy press", press, Modes{Mouse: MouseNormal}, "\x1b[M *%"},
		{"legacy release", Mouse{X: 9, Y: 4, Action: Release}, Modes{Mouse: MouseNormal}, "\x1b[M#*%"},
		{"legacy too far", Mouse{X: 223}, Modes{Mouse: MouseNormal}, ""},
		{"legacy last", Mouse{X: 222}, Modes{Mouse: MouseNormal}, "\x1b[M \xff!"},
		{"utf8", Mouse{X: 222}, Modes{Mouse: MouseNormal, MouseEncoding: MouseUTF8}, "\x1b[M \u00ff!"},
		{"X10 press", press, Modes{Mouse: MouseX10}, "\x1b[M *%"},
		{"X10 has no release", Mouse{Action: Release}, Modes{Mouse: MouseX10}, ""},
		{"X10 has no modifiers", Mouse{Mod: Ctrl}, sgr(MouseX10), "\x1b[<0;1;1M"},
		{"outside", Mouse{X: -1}, sgr(MouseAny), ""},
	}
	for _, tt := range tests {
		if got := string(EncodeMouse(tt.e, tt.mode)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestEncodeFocus(t *testing.T) {
	on := Modes{Focus: true}
	if a, b, c := string(EncodeFocus(true, on)), string(EncodeFocus(false, on)), EncodeFocus(true, Modes{}); a != "\x1b[I" || b != "\x1b[O" || c != nil {
		t.Errorf("in %q, out %q, not asked %q", a, b, c)
	}
}
