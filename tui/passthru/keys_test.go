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
			if cmd.Key == 0 {
				b.WriteString("<prefix>")
			} else {
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
		{"escape after the prefix", p, "\x1d\x1bx", "<\x1b>"},
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
	for _, p := range []string{"", "x", "ctrl+", "ctrl+i", "ctrl+m", "ctrl+é", "ctrl+alt+x", "alt+[", "alt+", "enter", "f13"} {
		if _, err := NewKeys(p); err == nil {
			t.Errorf("NewKeys(%q) = nil error", p)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("a\x1b[93;5ud", 4)
	f.Add("\x1b[200~\x1d", 2)
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
