package passthru

import (
	"strings"
	"testing"
)

// script feeds input and writes down what came of it: text for the container
// as it is, a command as <d>, the prefix again as <prefix>.
func script(t *testing.T, prefix string, chunks ...string) string {
	t.Helper()
	k, err := NewKeys(prefix)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, chunk := range chunks {
		rest := []byte(chunk)
		for {
			out, cmd, left := k.Feed(nil, rest)
			b.Write(out)
			if cmd == nil {
				break
			}
			switch cmd.Key {
			case 0:
				b.WriteString("<prefix>")
			case NoRune:
				b.WriteString("<key " + string(cmd.Bytes) + ">")
			default:
				b.WriteString("<" + string(cmd.Key) + ">")
			}
			rest = left
		}
	}
	b.Write(k.Flush(nil))
	return b.String()
}

func TestKeys(t *testing.T) {
	const p = "ctrl+]"
	tests := []struct {
		name, prefix, in, want string
	}{
		{"text", p, "ls -l\r", "ls -l\r"},
		{"leave", p, "a\x1ddb", "a<d>b"},
		{"again", p, "\x1d\x1dx", "<prefix>x"},
		{"other key", p, "\x1dxy", "<x>y"},
		{"kitty", p, "\x1b[93;5ud", "<d>"},
		{"kitty, ctrl+5", p, "\x1b[53;5ud", "<d>"},
		{"kitty with caps lock", p, "\x1b[93;69ud", "<d>"},
		{"kitty press and release", p, "\x1b[93;5:1u\x1b[93;5:3u\x1b[100;1:1u", "<d>"},
		{"kitty modifier keys between", p, "\x1b[57442;5u\x1b[93;5u\x1b[57442;5:3u\x1b[100u", "\x1b[57442;5u\x1b[57442;5:3u<d>"},
		{"modifyOtherKeys", p, "\x1b[27;5;93~d", "<d>"},
		{"other modifiers", p, "\x1b[93;7u", "\x1b[93;7u"},
		{"report between", p, "\x1d\x1b[Id", "\x1b[I<d>"},
		{"paste", p, "\x1b[200~a\x1dd\x1b[93;5u\x1b[201~\x1dd", "\x1b[200~a\x1dd\x1b[93;5u\x1b[201~<d>"},
		{"arrows", p, "\x1b[A\x1bOB\x1b[1;5C", "\x1b[A\x1bOB\x1b[1;5C"},
		{"lone escape", p, "\x1b", "\x1b"},
		{"two escapes", p, "\x1b\x1b[A", "\x1b\x1b[A"},
		{"escape after the prefix", p, "\x1d\x1b\x1bx", "<\x1b>\x1bx"},
		{"alt after the prefix", p, "\x1d\x1bx", "<key \x1bx>"},
		{"escape and the prefix in one", p, "\x1b\x1dd", "\x1b<d>"},
		{"half a sequence and the prefix", p, "\x1b[\x1dd\x1bO\x1dd\x1b[1;\x1dd", "\x1b[<d>\x1bO<d>\x1b[1;<d>"},
		{"alt with letters that begin strings", p, "\x1bP\x1b]\x1bPx\x1b]\x1dd", "\x1bP\x1b]\x1bPx\x1b]<d>"},
		{"arrow after the prefix", p, "\x1d\x1b[Ax", "<key \x1b[A>x"},
		{"function key after the prefix", p, "\x1d\x1bOPx\x1d\x1b[15~\x1d\x1b[[Ax", "<key \x1bOP>x<key \x1b[15~><key \x1b[[A>x"},
		{"letter of another alphabet after the prefix", p, "\x1dд\x1dé\x1d\xd0x", "<д><é><key \xd0>x"},
		{"control after the prefix", p, "\x1d\x04\x1d\x1b[100;5u", "<\x04><\x04>"},
		{"shift after the prefix", p, "\x1d\x1b[100;2u\x1d\x1b[91:123;2u\x1d\x1b[27;2;90~", "<D><{><Z>"},
		{"alt after the prefix, coded", p, "\x1d\x1b[100;3u", "<key \x1b[100;3u>"},
		{"several commands", p, "\x1ds\x1d[\x1dz", "<s><[><z>"},
		{"held down", p, "\x1b[93;5:1u\x1b[93;5:2u\x1b[93;5:2u\x1b[93;5:3ud", "<d>"},
		{"release of an arrow between", p, "\x1d\x1b[1;1:3Ad", "\x1b[1;1:3A<d>"},
		{"all that kitty tells", p, "\x1b[93:125:93;5:1;93ud", "<d>"},
		{"a keyboard that is not Latin", p, "\x1b[1098::93;5ud", "<d>"},
		{"another key in that place", p, "\x1b[43::93;5ud", "\x1b[43::93;5ud"},
		{"with num lock", p, "\x1b[93;133ud\x1b[93;197ud", "<d><d>"},
		{"modifyOtherKeys, ctrl+5", p, "\x1b[27;5;53~d", "<d>"},
		{"shift needed", "ctrl+^", "\x1b[54;6ud\x1b[54;5ud\x1b[27;6;94~d\x1ed", "<d><d><d><d>"},
		{"shift not wanted", "ctrl+a", "\x1b[97;6ud", "\x1b[97;6ud"},
		{"function key with num lock", "f12", "\x1b[24;129~d\x1b[24;5~", "<d>\x1b[24;5~"},
		{"function key in kitty's forms", "f1", "\x1bOPd\x1b[Pd\x1b[1;1:1Pd\x1b[1;1:3P\x1b[11~d", "<d><d><d><d>"},
		{"alt with a capital", "alt+Y", "\x1bYd\x1b[121;4ud\x1b[27;4;89~d\x1by", "<d><d><d>\x1by"},
		{"mouse, X10", p, "\x1b[M \x1d\x1dx\x1dd", "\x1b[M \x1d\x1dx<d>"},
		{"mouse, X10, after the prefix", p, "\x1d\x1b[M d\x1dd", "\x1b[M d\x1d<d>"},
		{"mouse, SGR", p, "\x1d\x1b[<0;29;29M\x1b[<0;29;29md", "\x1b[<0;29;29M\x1b[<0;29;29m<d>"},
		{"mouse, urxvt", p, "\x1d\x1b[32;29;29Md", "\x1b[32;29;29M<d>"},
		{"answers after the prefix", p, "\x1d\x1b[?62;22c\x1b[1;2R\x1b[?2026;2$y\x1bP>|foot(1.2)\x1b\\\x1bP1$r0m\x1b\\\x1b[?1u\x1b[0nd",
			"\x1b[?62;22c\x1b[1;2R\x1b[?2026;2$y\x1bP>|foot(1.2)\x1b\\\x1bP1$r0m\x1b\\\x1b[?1u\x1b[0n<d>"},
		{"an answer without an end", p, "\x1bP1$rxx\x1dd\x1bP1$r\x1b[93;5ud", "\x1bP1$rxx<d>\x1bP1$r<d>"},
		{"half an end of a paste", p, "\x1b[200~\x1b[20\x1b[201\x1d~\x1b\x1b[201~\x1dd", "\x1b[200~\x1b[20\x1b[201\x1d~\x1b\x1b[201~<d>"},
		{"a mouse report in a paste", p, "\x1b[200~\x1b[M\x1b[201~\x1dd", "\x1b[200~\x1b[M\x1b[201~<d>"},
		{"alt", "alt+x", "\x1bxd\x1b[120;3ud\x1by", "<d><d>\x1by"},
		{"function key", "f12", "\x1b[24~d\x1b[23~", "<d>\x1b[23~"},
		{"ctrl+a", "ctrl+a", "\x01d\x01\x01\x1b[97;5ud", "<d><prefix><d>"},
		{"ctrl+space", "ctrl+space", "\x00d", "<d>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := script(t, tt.prefix, tt.in); got != tt.want {
				t.Errorf("%q gave %q, want %q", tt.in, got, tt.want)
			}
			for i := range tt.in {
				if got := script(t, tt.prefix, tt.in[:i], tt.in[i:]); got != tt.want {
					t.Errorf("%q split at %d gave %q, want %q", tt.in, i, got, tt.want)
				}
			}
		})
	}
}

func TestPrefixesThatCannotBeSeen(t *testing.T) {
	for _, p := range []string{"", "x", "ctrl+", "ctrl+i", "ctrl+m", "ctrl+é", "ctrl+alt+x", "alt+[", "alt+]", "alt+P", "alt+X", "alt+\\", "alt+", "enter", "f13"} {
		if _, err := NewKeys(p); err == nil {
			t.Errorf("NewKeys(%q) = nil error", p)
		}
	}
}

// TestEndPaste: a paste whose end never comes does not keep the prefix away.
func TestEndPaste(t *testing.T) {
	k, err := NewKeys("ctrl+]")
	if err != nil {
		t.Fatal(err)
	}
	out, cmd, _ := k.Feed(nil, []byte("\x1b[200~a\x1dd\x1b[20"))
	if string(out) != "\x1b[200~a\x1dd" || cmd != nil || !k.Pasting() || k.Holding() {
		t.Errorf("in the paste: %q, %v, pasting %v, holding %v", out, cmd, k.Pasting(), k.Holding())
	}
	if out = k.EndPaste(nil); string(out) != "\x1b[20\x1b[201~" || k.Pasting() {
		t.Errorf("its end is %q, pasting %v", out, k.Pasting())
	}
	if out = k.EndPaste(nil); len(out) != 0 {
		t.Errorf("it ends again by %q", out)
	}
	if out, cmd, _ = k.Feed(nil, []byte("\x1dd")); cmd == nil || cmd.Key != 'd' {
		t.Errorf("after it the prefix gives %q, %v", out, cmd)
	}
}

// TestSlowMouse: a report that comes in parts, with a Flush between, is still
// no key.
func TestSlowMouse(t *testing.T) {
	k, err := NewKeys("ctrl+]")
	if err != nil {
		t.Fatal(err)
	}
	_, _, _ = k.Feed(nil, []byte("\x1b[M "))
	out, cmd, _ := k.Feed(k.Flush(nil), []byte("\x1d\x1dx\x1d"))
	if string(out) != "\x1b[M \x1d\x1dx" || cmd != nil {
		t.Errorf("%q, %v", out, cmd)
	}
	if _, cmd, _ = k.Feed(nil, []byte("d")); cmd == nil {
		t.Error("the prefix after the report was not seen")
	}
}

func TestFence(t *testing.T) {
	const answer = "\x1b[?62;22;52c"
	tests := []struct {
		name, in, rest string
		pending        int
		done           bool
	}{
		{"at once", answer, "", 0, true},
		{"with what follows", answer + "x\x1b[A", "x\x1b[A", 0, true},
		{"behind keys and reports", "q\x1b[<0;1;1M\x1b[?2026;2$y\x1b[?1u\x1b[100;1:3u\x1b[1;1R" + answer + "z", "z", 0, true},
		{"behind answers of other kinds", "\x1b[>1;277;0c\x1bP>|foot\x1b\\\x1b[?6;1;1R\x1b[c" + answer + "z", "z", 0, true},
		{"behind half an answer", "\x1b[?62;\x1b" + answer + "z", "z", 0, true},
		{"none", "abc\x1b[?62;2", "", 0, false},
		{"the container's own before", answer + "y" + answer + "z", "z", 1, true},
		{"the container's own alone", answer + "y", "", 1, false},
	}
	for _, tt := range tests {
		for i := range len(tt.in) + 1 {
			f := Fence{Pending: tt.pending}
			first, done := f.Feed([]byte(tt.in[:i]))
			rest, again := f.Feed([]byte(tt.in[i:]))
			if got := string(first) + string(rest); got != tt.rest || again != tt.done || done && !again {
				t.Errorf("%s: %q split at %d leaves %q, done %v", tt.name, tt.in, i, got, again)
			}
		}
	}
}

// TestFenceKnowsWhoAsked: the container's questions and the answers to them are
// counted.
func TestFenceKnowsWhoAsked(t *testing.T) {
	var f Filter
	f.Append(nil, []byte("\x1b[c\x1b[0c\x1bZ\x1b[>c\x1b[1c\x1b[?62;1c"))
	f.Reset()
	k, err := NewKeys("ctrl+]")
	if err != nil {
		t.Fatal(err)
	}
	_, _, _ = k.Feed(nil, []byte("\x1b[?62;1c\x1b[>1;2;3cc\x1b[?1u\x1b[200~\x1b[?1c\x1b[201~"))
	if f.Asked() != 3 || k.Answered() != 1 {
		t.Errorf("asked %d times, answered %d times", f.Asked(), k.Answered())
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("a\x1b[93;5ud", 4)
	f.Add("\x1b[200~\x1d", 2)
	f.Add("\x1d\x1b[M \x1d\x1d\x1bP1$r\x1b\\\x1d\xd0\xb4\x1b\xd0\xb4", 7)
	f.Add("\x1b\x1d\x1bO\x1d\x1b[[A\x1b]1\x1d", 3)
	f.Fuzz(func(t *testing.T, in string, cut int) {
		cut = max(0, min(cut, len(in)))
		whole, split := script(t, "ctrl+]", in), script(t, "ctrl+]", in[:cut], in[cut:])
		if whole != split {
			t.Fatalf("%q split at %d: %q, whole: %q", in, cut, split, whole)
		}
		if !strings.ContainsAny(in, "\x1b\x1d") && whole != in {
			t.Fatalf("%q without prefix or escapes became %q", in, whole)
		}
	})
}
