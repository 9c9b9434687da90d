package vt

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// scrolled has rows 0 to 9 in the scrollback and 10 to 13 on the screen.
func scrolled() *Terminal {
	t := New(10, 4, Options{})
	var b strings.Builder
	for i := range 14 {
		fmt.Fprintf(&b, "row %d", i)
		if i < 13 {
			b.WriteString("\r\n")
		}
	}
	_, _ = t.Write([]byte(b.String()))
	return t
}

func TestRows(t *testing.T) {
	term := scrolled()
	if first, end := term.Rows(); first != 0 || end != 14 || term.ScreenRow() != 10 {
		t.Fatalf("rows %d to %d, screen at %d", first, end, term.ScreenRow())
	}
	for n := range uint64(14) {
		if got, want := term.RowPlain(n), fmt.Sprintf("row %d", n); got != want {
			t.Errorf("row %d is %q", n, got)
		}
	}
	row := term.Row(3, nil)
	_, _ = term.Write([]byte("\r\nmore\r\nand more\x1b[2J\x1b[Hnew"))
	if got := term.Row(3, nil); got != row || term.RowPlain(13) != "row 13" || term.RowPlain(15) != "and more" {
		t.Errorf("after output row 3 is %q, 13 %q, 15 %q", got, term.RowPlain(13), term.RowPlain(15))
	}
	if first, end := term.Rows(); end-first != uint64(term.ScrollbackLen()+4) || term.RowPlain(end-4) != "new" {
		t.Errorf("rows %d to %d, the screen begins with %q", first, end, term.RowPlain(end-4))
	}
	for _, n := range []uint64{100, noRow, math.MaxUint64 - 3} {
		if term.RowPlain(n) != "" || term.RowWrapped(n) || term.Row(n, nil) != strings.Repeat(" ", 10)+"\x1b[m" {
			t.Errorf("row %d is there", n)
		}
	}
	none := New(10, 4, Options{Scrollback: -1})
	_, _ = none.Write([]byte("a\r\nb\r\nc\r\nd\r\ne\r\nf"))
	if first, end := none.Rows(); first != 2 || end != 6 || none.RowPlain(2) != "c" || none.RowPlain(1) != "" {
		t.Errorf("without scrollback rows %d to %d", first, end)
	}
}

// TestRowsKeepTheirNumbers lets random programs scroll: what stands in a row
// that scrolls off stays under its number.
func TestRowsKeepTheirNumbers(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		term := New(10, 4, Options{})
		for range 60 {
			before := make([]string, 4)
			at := term.ScreenRow()
			for y := range before {
				before[y] = term.PlainLine(y)
			}
			in := [...]string{
				"\n", "\r\n", "abc", "word ", strings.Repeat("x", 13), "漢字漢字漢", "\x1b[2;3H\x1b[1K", "\x1b[H\x1b[1Kab",
				"\x1b[4;9H漢漢\x1b[4;1Hz", "\x1b[4;1H", "\x1b[1;1H\x1b[2P", "\x1b[2J", "\x1bM", "\x1b[H\x1bM", "\x1b[H\x1b[L",
			}[rnd.IntN(15)]
			_, _ = term.Write([]byte(in))
			if strings.ContainsAny(in, "\n") {
				for k := uint64(0); k < term.ScreenRow()-at; k++ {
					if got := term.RowPlain(at + k); got != before[k] {
						t.Fatalf("seed %d: row %d was %q and is %q", seed, at+k, before[k], got)
					}
				}
			}
			if n := term.ScreenRow() - at; n > 4 {
				t.Fatalf("seed %d: %q pushed %d rows", seed, in, n)
			}
		}
	}
}

func TestForgotten(t *testing.T) {
	term := New(10, 2, Options{Scrollback: 5})
	feed(term, []byte(strings.Repeat("x\r\n", 21)))
	if got := term.Forgotten(); got != (Forgotten{Limit: 15}) {
		t.Errorf("%+v", got)
	}
	term.TrimScrollback(3)
	_, _ = term.Write([]byte("\x1b[3J"))
	if got := term.Forgotten(); got != (Forgotten{Limit: 15, Trimmed: 2, Cleared: 3}) {
		t.Errorf("%+v", got)
	}
	if first, _ := term.Rows(); first != 20 {
		t.Errorf("first row is %d", first)
	}
	long := New(10, 2, Options{Scrollback: 5})
	feed(long, []byte(strings.Repeat("x", 200)))
	if got := long.Forgotten(); got != (Forgotten{Limit: 13}) {
		t.Errorf("one long line: %+v", got)
	}
}

func TestSpans(t *testing.T) {
	tests := []struct {
		name  string
		in    string
		spans []Span
		want  string
	}{
		{"selected", "abcdef", []Span{{1, 3, LookSelected}}, "a\x1b[0;7mbc\x1b[mdef    \x1b[m"},
		{"selected in reverse", "\x1b[7mabcdef", []Span{{1, 3, LookSelected}}, "\x1b[0;7ma\x1b[mbc\x1b[0;7mdef\x1b[m    \x1b[m"},
		{"match", "ab\x1b[31mcd", []Span{{1, 3, LookMatch}}, "a\x1b[0;4;30;43mbc\x1b[0;31md\x1b[m      \x1b[m"},
		{"current", "abcd", []Span{{0, 1, LookCurrent}}, "\x1b[0;1;7;4;36;40ma\x1b[mbcd      \x1b[m"},
		{"beyond the text", "ab", []Span{{1, 99, LookSelected}}, "a\x1b[0;7mb        \x1b[m"},
		{"half a wide one", "漢字", []Span{{1, 2, LookSelected}}, "\x1b[0;7m漢\x1b[m字      \x1b[m"},
		{"two", "abcd", []Span{{0, 2, LookMatch}, {1, 3, LookSelected}}, "\x1b[0;4;30;43ma\x1b[0;7;4;30;43mb\x1b[0;7mc\x1b[md      \x1b[m"},
		{"nonsense", "ab", []Span{{5, 2, LookSelected}, {-9, -1, LookMatch}, {math.MaxInt, math.MaxInt, 77}}, "ab        \x1b[m"},
	}
	for _, tt := range tests {
		for name, n := range map[string]uint64{"on the screen": 0, "scrolled off": 4} {
			term := New(10, 2, Options{})
			_, _ = term.Write([]byte(tt.in))
			if n > 0 {
				n = 0
				_, _ = term.Write([]byte("\x1b[m\r\n\r\n\r\n"))
			}
			if got := term.Row(n, tt.spans); got != tt.want {
				t.Errorf("%s %s: %q, want %q", tt.name, name, got, tt.want)
			}
		}
	}
}

func TestText(t *testing.T) {
	in := "one two   \r\nabcdefghijklmno\r\n\r\n漢字 x漢字漢\r\nend"
	tests := []struct {
		a, b  Pos
		block bool
		want  string
	}{
		{Pos{0, 0}, Pos{0, 9}, false, "one two"},
		{Pos{0, 4}, Pos{0, 5}, false, "tw"},
		{Pos{0, 0}, Pos{0, 3}, false, "one "},
		{Pos{0, 5}, Pos{0, 4}, false, "tw"},
		{Pos{0, 4}, Pos{1, 1}, false, "two\nab"},
		{Pos{1, 8}, Pos{2, 1}, false, "ijkl"},
		{Pos{1, 0}, Pos{4, 9}, false, "abcdefghijklmno\n\n漢字 x漢字"},
		{Pos{4, 0}, Pos{5, 9}, false, "漢字 x漢字漢"},
		{Pos{4, 1}, Pos{4, 2}, false, "漢字"},
		{Pos{0, 0}, Pos{99, 99}, false, "one two\nabcdefghijklmno\n\n漢字 x漢字漢\nend"},
		{Pos{0, 4}, Pos{1, 6}, true, "two\nefg"},
		{Pos{0, 6}, Pos{1, 4}, true, "two\nefg"},
		{Pos{1, 8}, Pos{4, 9}, true, "ij\n\n\n字"},
		{Pos{6, 5}, Pos{6, 8}, false, ""},
	}
	for _, rows := range []int{2, 20} {
		term := New(10, rows, Options{})
		_, _ = term.Write([]byte(in))
		for _, tt := range tests {
			if got := strings.TrimRight(term.Text(tt.a, tt.b, tt.block), "\n"); got != tt.want {
				t.Errorf("%d rows, %v to %v, block %v: %q, want %q", rows, tt.a, tt.b, tt.block, got, tt.want)
			}
		}
		if first, last := term.LogicalLine(2); first != 1 || last != 2 {
			t.Errorf("the line of row 2 is %d to %d", first, last)
		}
		if first, last := term.LogicalLine(noRow); first != last {
			t.Errorf("the line of no row is %d to %d", first, last)
		}
	}
}

func TestWord(t *testing.T) {
	term := New(10, 3, Options{})
	_, _ = term.Write([]byte("foo-bar  x\r\n\r\nabcdefgh two_3 漢字\r\nend"))
	want := []Pos{{0, 0}, {0, 3}, {0, 4}, {0, 9}, {2, 0}, {2, 9}, {3, 5}, {4, 0}}
	at := Pos{}
	for _, w := range want[1:] {
		if at = term.Word(at, false); at != w {
			t.Errorf("next word is at %v, want %v", at, w)
		}
	}
	if end := term.Word(at, false); end != (Pos{4, 2}) {
		t.Errorf("behind the last word: %v", end)
	}
	at = Pos{4, 9}
	for i := len(want) - 1; i >= 0; i-- {
		if at = term.Word(at, true); at != want[i] {
			t.Errorf("word before is at %v, want %v", at, want[i])
		}
	}
	if at = term.Word(at, true); at != (Pos{}) {
		t.Errorf("before the first word: %v", at)
	}
}

func TestSnap(t *testing.T) {
	term := New(10, 2, Options{})
	_, _ = term.Write([]byte("a漢字"))
	for p, want := range map[Pos][2]Pos{
		{0, 2}: {{0, 1}, {0, 3}}, {0, 3}: {{0, 3}, {0, 3}}, {0, 8}: {{0, 8}, {0, 8}}, {9, -4}: {{1, 0}, {1, 0}}, {0, 99}: {{0, 9}, {0, 9}},
	} {
		if a, b := term.Snap(p, false), term.Snap(p, true); a != want[0] || b != want[1] {
			t.Errorf("%v: %v and %v, want %v", p, a, b, want)
		}
	}
	if n := term.RowLen(0); n != 5 {
		t.Errorf("row is %d long", n)
	}
}
