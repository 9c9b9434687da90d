package vt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// everything is scrollback and screen as lines: rows that a wrap split are
// joined, blank ones at the end left out.
func everything(t *Terminal) string {
	var b strings.Builder
	for i := range t.ScrollbackLen() {
		n := t.hist.oldest() + uint64(i)
		l := &t.hist.lines[t.hist.index(n)]
		if n > l.first {
			continue
		}
		t.unpack(t.hist.bytes(l), func(g glyph) bool {
			g.plain(&b)
			return true
		})
		if !l.open {
			b.WriteByte('\n')
		}
	}
	b.WriteString(t.PlainText())
	lines := strings.Split(b.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func screenRows(t *Terminal) []string {
	rows := make([]string, t.rows)
	for y := range rows {
		rows[y] = t.PlainLine(y)
	}
	return rows
}

func TestResize(t *testing.T) {
	tests := []struct {
		name       string
		in         string
		cols, rows int
		want       []string
		x, y       int
		back       int
	}{
		{"same", "ab\r\n$ ", 10, 4, []string{"ab", "$", "", ""}, 2, 1, 0},
		{"taller", "ab\r\n$ ", 10, 6, []string{"ab", "$", "", "", "", ""}, 2, 1, 0},
		{"shorter, room below", "ab\r\n$ ", 10, 2, []string{"ab", "$"}, 2, 1, 0},
		{"shorter, no room below", "a\r\nb\r\nc\r\n$ ", 10, 2, []string{"c", "$"}, 2, 1, 2},
		{"taller takes back", "a\r\nb\r\nc\r\nd\r\ne\r\n$ ", 10, 6, []string{"a", "b", "c", "d", "e", "$"}, 2, 5, 0},
		{"narrower wraps", "abcdefghij\r\n$ x", 5, 4, []string{"abcde", "fghij", "$ x", ""}, 3, 2, 0},
		{"narrower pushes off", "abcdefghij\r\nb\r\nc\r\n$ x", 5, 4, []string{"fghij", "b", "c", "$ x"}, 3, 3, 1},
		{"wider joins", "abcdefghijklmno\r\n$ x", 20, 4, []string{"abcdefghijklmno", "$ x", "", ""}, 3, 1, 0},
		{"wide character does not fit", "漢字漢字", 3, 4, []string{"漢", "字", "漢", "字"}, 2, 3, 0},
		{"cursor in the middle", "abcdefghij\x1b[1;8H", 5, 4, []string{"abcde", "fghij", "", ""}, 2, 1, 0},
		{"cursor behind the text", "ab\x1b[1;9H", 5, 4, []string{"ab", "", "", ""}, 3, 1, 0},
		{"pending wrap", "abcdefghij", 5, 4, []string{"abcde", "fghij", "", ""}, 4, 1, 0},
		{"pending wrap ends", "abcdefghij", 12, 4, []string{"abcdefghij", "", "", ""}, 10, 0, 0},
		{"one cell", "abc", 1, 1, []string{"c"}, 0, 0, 2},
	}
	for _, tt := range tests {
		term := written(10, 4, tt.in)
		term.Resize(tt.cols, tt.rows)
		if err := check(term); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := screenRows(term); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if c := term.Cursor(); c.X != tt.x || c.Y != tt.y {
			t.Errorf("%s: cursor %d,%d, want %d,%d", tt.name, c.X, c.Y, tt.x, tt.y)
		}
		if n := term.ScrollbackLen(); n != tt.back {
			t.Errorf("%s: %d rows scrolled off, want %d", tt.name, n, tt.back)
		}
	}
}

// TestResizeLosesNothing resizes at random: all text stays, in order, and the
// cursor stays behind the prompt.
func TestResizeLosesNothing(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		term := New(20+rnd.IntN(60), 5+rnd.IntN(20), Options{})
		for i := range 60 {
			word := fmt.Sprintf("%d-\x1b[3%dmx漢é\u0301\x1b[m", i, i%8)
			_, _ = term.Write([]byte(strings.Repeat(word, rnd.IntN(12)) + "\r\n"))
		}
		_, _ = term.Write([]byte("prompt$"))
		want := everything(term)
		for range 12 {
			cols, rows := 2+rnd.IntN(100), 1+rnd.IntN(40)
			term.Resize(cols, rows)
			if err := check(term); err != nil {
				t.Fatalf("seed %d, %dx%d: %v", seed, cols, rows, err)
			}
			if got := everything(term); got != want {
				t.Fatalf("seed %d, %dx%d: text is\n%s\nwant\n%s", seed, cols, rows, got, want)
			}
			c := term.Cursor()
			if cell := term.Cell(max(term.x-1, 0), c.Y); cell.Text != "$" {
				t.Fatalf("seed %d, %dx%d: before the cursor %d,%d is %q", seed, cols, rows, c.X, c.Y, cell.Text)
			}
		}
	}
}

func TestResizeAlternate(t *testing.T) {
	term := written(10, 4, "one\r\ntwo\r\nabcdefghij\r\n$ \x1b[?1049h\x1b[4;1Hbottom")
	term.Resize(5, 2)
	if err := check(term); err != nil {
		t.Fatal(err)
	}
	if got := screenRows(term); fmt.Sprint(got) != "[ botto]" {
		t.Errorf("alternate screen %q", got)
	}
	_, _ = term.Write([]byte("\x1b[?1049l"))
	if got := screenRows(term); fmt.Sprint(got) != "[fghij $]" {
		t.Errorf("main screen %q", got)
	}
	if c := term.Cursor(); c.X != 2 || c.Y != 1 {
		t.Errorf("cursor %d,%d", c.X, c.Y)
	}
	term.Resize(10, 4)
	if got := screenRows(term); fmt.Sprint(got) != "[one two abcdefghij $]" {
		t.Errorf("main screen %q", got)
	}
}

func TestResizeClamps(t *testing.T) {
	term := New(-1, 0, Options{})
	if c, r := term.Size(); c != 1 || r != 1 {
		t.Errorf("%dx%d", c, r)
	}
	term.Resize(1<<30, 1<<30)
	if c, r := term.Size(); c != MaxCols || r != MaxRows {
		t.Errorf("%dx%d", c, r)
	}
}

func TestTabsAfterResize(t *testing.T) {
	term := written(10, 4, "")
	term.Resize(40, 4)
	_, _ = term.Write([]byte("\t\t\tx"))
	if c := term.Cursor(); c.X != 25 {
		t.Errorf("x at %d", c.X)
	}
}

func TestScrollback(t *testing.T) {
	term := New(10, 3, Options{Scrollback: 5})
	for i := range 20 {
		_, _ = term.Write(fmt.Appendf(nil, "\x1b[32mline\x1b[m %d\r\n", i))
	}
	if n := term.ScrollbackLen(); n != 5 {
		t.Fatalf("%d rows", n)
	}
	for i := range 5 {
		if got, want := term.ScrollPlain(i), fmt.Sprintf("line %d", 13+i); got != want {
			t.Errorf("row %d: %q, want %q", i, got, want)
		}
	}
	if got, want := term.ScrollLine(0), "\x1b[0;32mline\x1b[m 13   \x1b[m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := term.ScrollbackFirst(); got != 13 {
		t.Errorf("first is %d", got)
	}
	for _, i := range []int{-1, 5, 1 << 40} {
		if got := term.ScrollLine(i); got != strings.Repeat(" ", 10)+"\x1b[m" {
			t.Errorf("row %d: %q", i, got)
		}
	}
	term.TrimScrollback(2)
	if n, got := term.ScrollbackLen(), term.ScrollPlain(0); n != 2 || got != "line 16" {
		t.Errorf("trimmed to %d rows from %q", n, got)
	}
	_, _ = term.Write([]byte("\x1b[3J"))
	if n := term.ScrollbackLen(); n != 0 {
		t.Errorf("%d rows after ED 3", n)
	}
}

func TestScrollbackTakes(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"what scrolls off", "a\r\nb\r\nc\r\nd", "a"},
		{"a region at the top", "a\r\nb\r\nc\x1b[1;2r\x1b[2;1H\n", "a"},
		{"no region below the top", "a\r\nb\r\nc\x1b[2;3r\x1b[3;1H\n", ""},
		{"nothing of the alternate screen", "\x1b[?1049ha\r\nb\r\nc\r\nd", ""},
		{"a screen that is cleared", "a\r\nb\x1b[2J", "a b"},
		{"a screen that is cleared from home", "a\r\nb\x1b[H\x1b[J", "a b"},
		{"nothing of an empty screen", "\x1b[2J\x1b[2J", ""},
		{"no deleted lines", "a\r\nb\x1b[H\x1b[M", ""},
	}
	for _, tt := range tests {
		term := written(10, 3, tt.in)
		var got []string
		for i := range term.ScrollbackLen() {
			got = append(got, term.ScrollPlain(i))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
	none := New(10, 3, Options{Scrollback: -1})
	_, _ = none.Write([]byte("a\r\nb\r\nc\r\nd\r\n"))
	if n := none.ScrollbackLen(); n != 0 {
		t.Errorf("%d rows though none are wanted", n)
	}
}

// TestEndlessLine writes a line that never ends: it is kept in parts, and
// neither memory nor the cost of a resize grows with it.
func TestEndlessLine(t *testing.T) {
	term := New(80, 24, Options{Scrollback: 1000})
	feed(term, []byte(strings.Repeat("漢e\u0301x", 200_000)))
	for _, l := range term.hist.lines[term.hist.head:] {
		if l.size > maxPacked {
			t.Fatalf("a line of %d bytes", l.size)
		}
	}
	for _, cols := range []int{1, 2, 300, 79} {
		term.Resize(cols, 24)
		if err := check(term); err != nil {
			t.Fatalf("%d columns: %v", cols, err)
		}
	}
}

// TestScrollbackReadsBack compares what rows were with what the scrollback
// makes of them.
func TestScrollbackReadsBack(t *testing.T) {
	in := "\x1b[1;3;4:3;38;2;1;2;3;48;5;200;58;5;7;53mstyled\x1b[m 漢字 e\u0301 \U0001f1e9\U0001f1ea \x1b[44m  \x1b[K\x1b[m"
	term := New(40, 3, Options{})
	_, _ = term.Write([]byte(in))
	want := term.Line(0)
	_, _ = term.Write([]byte("\r\n\r\n\r\n"))
	if got := term.ScrollLine(0); got != want {
		t.Errorf("%q, was %q", got, want)
	}
	term.Resize(40, 4)
	if got := term.Line(0); got != want {
		t.Errorf("back on the screen %q, was %q", got, want)
	}
}
