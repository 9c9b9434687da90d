package views

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"web-1":                "web-1",
		`back\slash`:           `back\slash`,
		"日本語":                  "日本語",
		"e\u0301":              "e\u0301",
		"क्षत्रिय":             "क्षत्रिय",
		"a\x1b[31mb":           `a\x1b[31mb`,
		"\x00\x07\x7f":         `\x00\x07\x7f`,
		"a\nb\tc\rd":           `a\nb\tc\rd`,
		"c1\u009b31m":          `c1\u009b31m`,
		"\xff\xfea":            `\xff\xfea`,
		"\xe2\x82":             `\xe2\x82`,
		"\u202ea\u202c":        `\u202ea\u202c`,
		"a\u200bb\u200dc":      `a\u200bb\u200dc`,
		"\u2066\u2069\u061c":   `\u2066\u2069\u061c`,
		"a\u2028b\u2029":       `a\u2028b\u2029`,
		"\ufeffbom":            `\ufeffbom`,
		"so\u00adft":           `so\u00adft`,
		"\u3164filler":         `\u3164filler`,
		"x\ufe0f":              `x\ufe0f`,
		"\U000e0041":           `\U000e0041`,
		"\u0301a":              `\u0301a`,
		"a \u0301b":            `a \u0301b`,
		"👍🏽":                   `👍\U0001f3fd`,
		"\ue000":               `\ue000`,
		"one\u00a0two":         "one\u00a0two",
		string(rune(0x10ffff)): `\U0010ffff`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCleanKeepsEveryLetterInItsCells(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		s := Clean(string(r))
		w := Width(s)
		if n := Width(" " + s + " "); n != w+2 {
			t.Errorf("%U: %d cells alone, %d between blanks", r, w, n)
		}
		if s == string(r) && utf8.ValidRune(r) && w == 0 {
			t.Errorf("%U cannot be seen", r)
		}
		if n := ansi.StringWidthWc(s); n != w {
			t.Errorf("%U: %d cells as a cluster, %d as a character", r, w, n)
		}
	}
}

func TestCleanAllocatesNothingForCleanText(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Clean("日本語-web-1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCut(t *testing.T) {
	uni, plain := theme(t, "", ThemeOptions{Colors: 16}), theme(t, "", ThemeOptions{ASCII: true})
	for _, c := range []struct {
		th   *Theme
		in   string
		w    int
		want string
	}{
		{uni, "web-1", 5, "web-1"}, {uni, "web-1", 4, "web…"}, {plain, "web-1", 4, "web~"}, {uni, "web-1", 1, "…"},
		{uni, "web-1", 0, ""}, {uni, "web-1", -1, ""}, {uni, "日本語", 5, "日本…"}, {uni, "日本語", 4, "日…"}, {uni, "日本語", 6, "日本語"},
	} {
		if got := c.th.Cut(c.in, c.w); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.w, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range nastyNames() {
		f.Add(s)
	}
	th := theme(f, "", ThemeOptions{Colors: 16})
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if again := Clean(c); again != c {
			t.Fatalf("not idempotent: %q, then %q", c, again)
		}
		if !utf8.ValidString(c) {
			t.Fatalf("not UTF-8: %q", c)
		}
		if i := strings.IndexFunc(c, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
			t.Fatalf("holds %q", c[i:])
		}
		if Width("|"+c+"|") != Width(c)+2 {
			t.Fatalf("joins its neighbours: %q", c)
		}
		for _, w := range []int{0, 1, 2, 7, 40} {
			if n := Width(th.Cut(c, w)); n > w {
				t.Fatalf("cut to %d cells, has %d: %q", w, n, c)
			}
			row := th.row(Plain, c, w)
			if n := Width(row); n != w {
				t.Fatalf("row of %d cells has %d: %q", w, n, row)
			}
			for _, part := range wrap(c, w) {
				if n := Width(part); n > w {
					t.Fatalf("wrapped to %d cells, has %d: %q", w, n, part)
				}
			}
		}
	})
}
