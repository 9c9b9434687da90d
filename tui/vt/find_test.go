package vt

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

func compiled(t *testing.T, pattern string, regex bool) *Pattern {
	t.Helper()
	p, err := Compile(pattern, regex)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFind(t *testing.T) {
	in := "one Two\r\nthree two\r\nabcdefghijklm\r\n漢字 Zwe漢\r\ne\u0301a ÄÖ\r\n$ one"
	tests := []struct {
		pattern string
		regex   bool
		want    []string // first row,col and last
	}{
		{"two", false, []string{"0,4-0,6", "1,6-1,8"}},
		{"Two", false, []string{"0,4-0,6"}},
		{"one", false, []string{"0,0-0,2", "6,2-6,4"}},
		{"ijkl", false, []string{"2,8-3,1"}},
		{"字 zw", false, []string{"4,2-4,6"}},
		{"e漢", false, []string{"4,7-4,9"}},
		{"äö", false, []string{"5,3-5,4"}},
		{"e\u0301a", false, []string{"5,0-5,1"}},
		{"t.o", true, []string{"0,4-0,6", "1,6-1,8"}},
		{`t\Wo|T\wo`, true, []string{"0,4-0,6"}},
		{`^\S+$`, true, []string{"2,0-3,2"}},
		{`\x54wo`, true, []string{"0,4-0,6", "1,6-1,8"}},
		{`x*`, true, nil},
		{"nowhere", false, nil},
		{"o", false, []string{"0,0-0,0", "0,6-0,6", "1,8-1,8", "6,2-6,2"}},
	}
	for _, rows := range []int{2, 4, 20} {
		for _, tt := range tests {
			term := New(10, rows, Options{})
			_, _ = term.Write([]byte(in))
			p := compiled(t, tt.pattern, tt.regex)
			for _, slice := range []int{1, 1000} {
				name := fmt.Sprintf("%q with %d rows, %d at once", tt.pattern, rows, slice)
				got := findAll(t, term, p, false, slice)
				if strings.Join(got, " ") != strings.Join(tt.want, " ") {
					t.Errorf("%s: %v, want %v", name, got, tt.want)
				}
				if back := findAll(t, term, p, true, slice); strings.Join(back, " ") != strings.Join(tt.want, " ") {
					t.Errorf("%s, back: %v, want %v", name, back, tt.want)
				}
			}
			var in []string
			for _, m := range term.MatchesIn(p, 0, noRow) {
				in = append(in, spelled(m))
			}
			if strings.Join(in, " ") != strings.Join(tt.want, " ") {
				t.Errorf("%q: matches %v, want %v", tt.pattern, in, tt.want)
			}
		}
	}
}

func spelled(m Match) string {
	return fmt.Sprintf("%d,%d-%d,%d", m.First.Row, m.First.Col, m.Last.Row, m.Last.Col)
}

// findAll finds one after the other, and gives them in reading order.
func findAll(t *testing.T, term *Terminal, p *Pattern, back bool, slice int) []string {
	t.Helper()
	var all []string
	at := Pos{}
	if back {
		at = Pos{Row: noRow, Col: 5}
	}
	for range 10_000 {
		m, next, found, more := term.Find(p, at, back, slice)
		switch {
		case found && back:
			all = append([]string{spelled(m)}, all...)
		case found:
			all = append(all, spelled(m))
		case !more:
			return all
		}
		at = next
	}
	t.Fatal("no end")
	return nil
}

func TestCompile(t *testing.T) {
	for pattern, want := range map[string]string{
		"": "nothing to look for", "(": "pattern: error parsing regexp: missing closing ): `(`",
		strings.Repeat("x", maxPattern+1): "pattern is too long", "(a{99}){10}": "", "a{500}b{500}c{900}d{900}": "pattern is too large",
		"\xff": "pattern is no UTF-8",
	} {
		_, err := Compile(pattern, true)
		if got := fmt.Sprint(err); got != want && (err != nil || want != "") {
			t.Errorf("%.20q: %v, want %q", pattern, err, want)
		}
	}
	if _, err := Compile("(", false); err != nil {
		t.Error(err)
	}
}

func TestMatchOn(t *testing.T) {
	m := Match{First: Pos{2, 8}, Last: Pos{4, 1}}
	for n, want := range map[uint64]string{1: "{0 1000 1} false", 2: "{8 1000 1} true", 3: "{0 1000 1} true", 4: "{0 2 1} true", 5: "{0 1000 1} false"} {
		if s, ok := m.On(n, LookMatch); fmt.Sprint(s, ok) != want {
			t.Errorf("row %d: %v %v, want %s", n, s, ok, want)
		}
	}
}

// TestFindAgainstText compares random searches with the same in the text of
// all that is kept.
func TestFindAgainstText(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		term := New(7, 4, Options{Scrollback: 60})
		var b strings.Builder
		for range 80 {
			b.WriteString([]string{"a", "b", "ab", "A", "漢", "e\u0301", "\x1b[31m", "\x1b[1m", " ", "\r\n", "\r\n"}[rnd.IntN(11)])
		}
		_, _ = term.Write([]byte(b.String()))
		first, end := term.Rows()
		text := term.Text(Pos{Row: first}, Pos{Row: end, Col: 99}, false)
		for _, pattern := range []string{"ab", "a", "b漢", "[^ab\u0301 ]b", "ba+", "e\u0301"} {
			re := regexp.MustCompile("(?i)" + pattern)
			var want []string
			for _, line := range strings.Split(text, "\n") {
				want = append(want, re.FindAllString(line, -1)...)
			}
			p := compiled(t, pattern, strings.ContainsAny(pattern, "[+"))
			var got []string
			for _, m := range term.MatchesIn(p, first, end) {
				got = append(got, term.Text(m.First, m.Last, false))
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("seed %d, %q in %q: %q, want %q", seed, pattern, text, got, want)
			}
			if n := len(findAll(t, term, p, rnd.IntN(2) == 0, 3)); n != len(want) {
				t.Errorf("seed %d, %q in %q: found %d times, want %d", seed, pattern, text, n, len(want))
			}
		}
	}
}

// TestSearchIsFast searches and reads a whole scrollback.
func TestSearchIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement: left out of a short run")
	}
	for name, line := range map[string]string{
		"plain": strings.Repeat("lorem ipsum ", 10), "coloured": strings.Repeat("\x1b[32mlorem\x1b[m ipsum ", 10),
		"wide": strings.Repeat("漢字かな", 15), "endless": "",
	} {
		term := New(120, 40, Options{})
		if name == "endless" {
			feed(term, []byte(strings.Repeat("lorem ipsum ", 120_000)))
		} else {
			feed(term, []byte(strings.Repeat(line+"\r\n", 10_040)))
		}
		first, end := term.Rows()
		for what, call := range map[string]func(){
			"plain text": func() { findAll(t, term, compiled(t, "nowhere", false), false, 1<<30) },
			"back":       func() { findAll(t, term, compiled(t, "nowhere", false), true, 1<<30) },
			"expression": func() { findAll(t, term, compiled(t, "no(w|t)h+ere", true), false, 1<<30) },
			"reading": func() {
				for n := first; n < end; n++ {
					term.RowPlain(n)
				}
			},
			"all text": func() { term.Text(Pos{Row: first}, Pos{Row: end}, false) },
			"one row":  func() { term.Row(first+50, nil) },
		} {
			start := time.Now()
			call()
			t.Logf("%s, %s: %v", name, what, time.Since(start))
			if d := time.Since(start); d > slowest {
				t.Errorf("%s, %s: %v", name, what, d)
			}
		}
	}
}
