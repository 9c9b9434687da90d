package logfile

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func compiled(tb testing.TB, p Pattern) *Matcher {
	tb.Helper()
	m, err := p.Compile()
	must(tb, err)
	return m
}

// slowly finds all matches of a pattern in a text, without any cleverness.
func slowly(tb testing.TB, p Pattern, text []byte) (out []Match) {
	tb.Helper()
	if !p.Regexp {
		for at := range text {
			n := len(p.Text)
			if at+n > len(text) {
				break
			}
			if part := text[at : at+n]; string(part) == p.Text || p.Fold && sameLetters(part, []byte(p.Text)) {
				out = append(out, Match{int64(at), int64(at + n)})
			}
		}
		return out
	}
	expr := p.Text
	if p.Fold {
		expr = "(?i:" + expr + ")"
	}
	re := regexp.MustCompile(expr)
	from := int64(0)
	for _, end := range cutAt(text) {
		line := bytes.TrimSuffix(text[from:end], []byte("\n"))
		if int64(len(line)) < end-from {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		for _, at := range re.FindAllIndex(line, -1) {
			if from+int64(at[0]) == int64(len(text)) {
				continue // nothing, behind the last byte
			}
			out = append(out, Match{from + int64(at[0]), from + int64(at[1])})
		}
		from = end
	}
	return out
}

// sameLetters compares with the case of ASCII letters left out.
func sameLetters(a, b []byte) bool {
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// checkFind holds searches in both directions, from all places that matter, against
// the slow way.
func checkFind(t *testing.T, p Pattern, text []byte) {
	t.Helper()
	m, err := p.Compile()
	if err != nil {
		if !errors.Is(err, ErrPattern) {
			t.Fatal(err)
		}
		return
	}
	f, _ := logAt(t, text)
	want := slowly(t, p, text)
	places := []int64{0, int64(len(text)), int64(len(text)) / 2}
	for i := 0; i < len(want); i += 1 + len(want)/3 {
		places = append(places, want[i].At-1, want[i].At, want[i].At+1, want[i].End)
	}
	for _, at := range places {
		from := max(0, at)
		i := slices.IndexFunc(want, func(m Match) bool { return m.At >= from })
		got, err := f.Find(t.Context(), m, at, nil)
		if (i < 0) != errors.Is(err, ErrNoMatch) || i >= 0 && (err != nil || got != want[i]) {
			t.Fatalf("%+v from %d of %d: %v, %v; wanted number %d of %d", p, at, len(text), got, err, i, len(want))
		}
		i = -1
		for k, m := range want {
			if m.At < at {
				i = k
			}
		}
		got, err = f.FindBack(t.Context(), m, at, nil)
		if (i < 0) != errors.Is(err, ErrNoMatch) || i >= 0 && (err != nil || got != want[i]) {
			t.Fatalf("%+v back from %d of %d: %v, %v; wanted number %d of %d", p, at, len(text), got, err, i, len(want))
		}
	}
}

func patterns() []Pattern {
	return []Pattern{
		{Text: "needle"}, {Text: "NEEDLE", Fold: true}, {Text: "e"}, {Text: "e", Fold: true}, {Text: "aa"},
		{Text: "n.*e", Regexp: true}, {Text: "^needle$", Regexp: true}, {Text: "(?i)nee(dle|t)|other", Regexp: true},
		{Text: "need|ee?d|zz", Regexp: true}, {Text: "[a-n]+le", Regexp: true}, {Text: "x*", Regexp: true},
		{Text: "NEEDLE|kiss", Regexp: true, Fold: true}, {Text: "a+needle", Regexp: true}, {Text: "(ab){2}", Regexp: true},
		{Text: "[e-n]{4}", Regexp: true}, {Text: "[a-e]+[^a-z]", Regexp: true, Fold: true},
		{Text: ".", Regexp: true}, {Text: "\\x00+", Regexp: true}, {Text: "\\r$", Regexp: true},
	}
}

func TestFindAgainstTheSlowWay(t *testing.T) {
	slow := map[string]bool{"need|ee?d|zz": true, "NEEDLE|kiss": true, "(?i)nee(dle|t)|other": true}
	line := strings.Repeat("the quick brown fox ", 4) + "\n"
	for name, text := range map[string]string{
		"empty":       "",
		"only it":     "needle",
		"some lines":  "aneedle\naaa\nneedle\r\n\nNeedle needle\nabab other\n",
		"many":        strings.Repeat("needle needles\n", 800),
		"of one byte": strings.Repeat("e", 3*grid),
		"at edges": strings.Repeat("a", searchRoom-3) + "needle" + strings.Repeat("b", searchRoom-8) + "needle\n" +
			strings.Repeat("c\n", 2000) + "needle",
		"at blocks":        strings.Repeat(strings.Repeat("a", block-3)+"needle"+strings.Repeat("b", block-7)+"\n", 10),
		"sparse":           strings.Repeat(line, 3500) + "needle\n" + strings.Repeat(line, 3500),
		"at the beginning": "needle\n" + strings.Repeat(line, 3500),
	} {
		for _, p := range patterns() {
			if len(text) > 2*grid && (len(p.Text) < 4 || slow[p.Text]) {
				continue // the slow way is too slow
			}
			t.Run(name+" "+p.Text, func(t *testing.T) { checkFind(t, p, []byte(text)) })
		}
	}
}

// A needle at every offset around where memory ends is found both ways.
func TestFindAtEveryEdge(t *testing.T) {
	text := bytes.Repeat([]byte("some other line of text\n"), 2*searchRoom/24)
	m := []*Matcher{compiled(t, Pattern{Text: "needle"}), compiled(t, Pattern{Text: "NeedLe", Fold: true}), compiled(t, Pattern{Text: "n[e]edle|nothing", Regexp: true})}
	for _, edge := range []int{block, grid, searchRoom - 2*grid, searchRoom - block, searchRoom, len(text) - searchRoom, len(text) - block} {
		for at := edge - 8; at < edge+8; at++ {
			with := slices.Concat(text[:at], []byte("needle"), text[at:])
			f, _ := logAt(t, with)
			for i, m := range m {
				got, err := f.Find(t.Context(), m, 0, nil)
				back, berr := f.FindBack(t.Context(), m, int64(len(with)), nil)
				if want := (Match{int64(at), int64(at + 6)}); got != want || back != want || err != nil || berr != nil {
					t.Fatalf("matcher %d: %v %v, %v %v, not at %d", i, got, err, back, berr, at)
				}
			}
			must(t, f.Close())
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, p := range patterns() {
		f.Add(p.Text, p.Fold, p.Regexp, []byte("aneedle\nNeedle\xd0 needle \n\xd0 needle"))
	}
	f.Fuzz(func(t *testing.T, text string, fold, re bool, seed []byte) {
		if fold && !re && strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
			return // sameLetters knows no others
		}
		if len(seed) > 300 || len(text) > 60 {
			return
		}
		all := expanded(seed)
		checkFind(t, Pattern{Text: text, Fold: fold, Regexp: re}, all[:min(len(all), grid+4000)])
	})
}

func TestFindForFun(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		text := make([]byte, r.IntN(3000))
		for i := range text {
			text[i] = "abAB\n"[r.IntN(5)]
		}
		for _, p := range []Pattern{{Text: "abA"}, {Text: "aBa", Fold: true}, {Text: "a.b|bbb", Regexp: true}, {Text: "aab", Regexp: true, Fold: true}} {
			checkFind(t, p, text)
		}
	}
}

func TestFoldKnowsOtherLetters(t *testing.T) {
	for _, c := range []struct {
		pattern, line string
		want          bool
	}{
		{"ärger", "viel ÄRGER", true}, {"ÄRGER", "viel ärger", true}, {"ärger", "viel arger", false},
		{"рот", "РОТ", true}, {"р", "Ѐ", false}, {"σας", "ΣΑΣ", true}, {"task", "TASK", true},
		{"straße", "STRASSE", false}, {"\xff\xfea", "\xff\xfeA", true},
	} {
		m := compiled(t, Pattern{Text: c.pattern, Fold: true})
		if got := m.Match([]byte(c.line)); got != c.want {
			t.Errorf("%q in %q: %v", c.pattern, c.line, got)
		}
		if big := strings.Repeat("some text\n", 2000); m.Match([]byte(big+c.line)) != c.want {
			t.Errorf("%q in much and %q: not %v", c.pattern, c.line, c.want)
		}
	}
}

// A regular expression's needles must be in all that it matches.
func TestNeedlesLoseNothing(t *testing.T) {
	for _, c := range []struct{ expr, line string }{
		{"(?i)task", "TAS\u212a"}, {"(?i)session", "\u017feSSion"}, {"a\ufffdb", "a\xffb"}, {"(foo|bar)+", "bar"},
		{"(foo)?x", "x"}, {"(foo){0,2}bar", "bar"}, {"foo|", ""}, {"(?i)foo|BAR", "bar"}, {"fo(o|b)", "fob"},
	} {
		m := compiled(t, Pattern{Text: c.expr, Regexp: true})
		if !m.Match([]byte(c.line)) || !m.re.MatchString(c.line) {
			t.Errorf("%q is lost in %q", c.expr, c.line)
		}
	}
	if m := compiled(t, Pattern{Text: "error.*(timeout|refused)", Regexp: true}); len(m.needles) != 2 || string(m.needles[0].text) != "timeout" {
		t.Errorf("needles %+v", m.needles)
	}
}

// Where a regular expression has no literal, lines are passed over that have not so
// many of its characters in a row, and no others.
func TestRunsLoseNothing(t *testing.T) {
	for expr, n := range map[string]int{
		"[0-9]{12}": 12, "[A-Z]{5}": 5, "[0-9]{1,3}(\\.[0-9]{1,3}){3}": 7, "x$": 1, "([a-f][0-9]|[a-f]{3})+": 2, "(?i)k": 1, "[^a]": 0, ".*": 0,
		"[a-c]?[0-9]{3}[d-f]*": 3, "\\d{4}-\\d\\d": 7, "[é-ö]{2}": 2, "(a|b|c){1000}": 1000, "([ab]{1000}){4}": maxRun, "[a-z]+|[0-9]": 1, "a|": 0,
		"([0-9]{4}){0,2}": 0, "^[0-9]\\b": 1, "(?s).[0-9]{2}": 2,
	} {
		if m, err := (Pattern{Text: expr, Regexp: true}).Compile(); err == nil && m.run.n != n {
			t.Errorf("%s: %d in a row, want %d", expr, m.run.n, n)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	parts := []string{"[0-9]", "[a-c]{2}", "[^b]", ".", "a", "é", "[é-ö]", "\\d+", "(a|[0-9]{2})", "(?i:k)", "[b-d]*", "(c[0-9]?)+", "\\x{fffd}", "^", "$", "\\b", "(|a)"}
	chars := []string{"a", "b", "c", "1", "2", "é", "ö", "k", "K", "\u212a", "\xff", " "}
	hits := 0
	for range 4000 {
		expr, line := "", ""
		for range 1 + r.IntN(4) {
			expr += parts[r.IntN(len(parts))]
		}
		m := compiled(t, Pattern{Text: expr, Regexp: true, Fold: r.IntN(3) == 0})
		for range 20 {
			line += chars[r.IntN(len(chars))]
			if want := m.re.MatchString(line); m.Match([]byte(line)) != want {
				t.Fatalf("%q in %q: not %v", expr, line, want)
			} else if want {
				hits++
			}
		}
	}
	if hits < 1000 {
		t.Errorf("%d matches alone", hits)
	}
}

func TestPatternsThatCannotBeUsed(t *testing.T) {
	for _, p := range []Pattern{{}, {Text: "("}, {Text: "a\nb"}, {Text: strings.Repeat("x", maxPattern+1)}, {Text: "(", Regexp: true}, {Text: "a)(b", Regexp: true, Fold: true}} {
		_, err := p.Compile()
		if bad := p.Text != "(" || p.Regexp; bad != errors.Is(err, ErrPattern) {
			t.Errorf("%.20q: %v", p.Text, err)
		}
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		p    Pattern
		want [][2]int
	}{
		{Pattern{Text: "ab"}, [][2]int{{0, 2}, {5, 7}}},
		{Pattern{Text: "AB", Fold: true}, [][2]int{{0, 2}, {3, 5}}},
		{Pattern{Text: "[ab]+", Regexp: true}, [][2]int{{0, 2}, {5, 7}}},
	} {
		if got := compiled(t, c.p).Spans([]byte("ab ABab ab"), 2); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}

func TestFindTellsAndEnds(t *testing.T) {
	f := logOf(t, strings.Repeat("some line that is not it\n", 50000))
	for _, p := range []Pattern{{Text: "needle"}, {Text: "n[e]{2}d", Regexp: true}, {Text: "lin[e] .*[0-9]", Regexp: true}} {
		m := compiled(t, p)
		size := first(f.Size())
		for _, find := range []func(ctx context.Context, tell func(int64)) error{
			func(ctx context.Context, tell func(int64)) error { _, err := f.Find(ctx, m, 0, tell); return err },
			func(ctx context.Context, tell func(int64)) error {
				_, err := f.FindBack(ctx, m, size, tell)
				return err
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			told := 0
			if err := find(ctx, func(int64) { told++ }); !errors.Is(err, ErrNoMatch) || told < int(size/searchRoom)/2 {
				t.Errorf("%q: told %d times, %v", p.Text, told, err)
			}
			told = 0
			err := find(ctx, func(int64) {
				if told++; told == 2 {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) || told > 2 {
				t.Errorf("%q: told %d times after it was cancelled, %v", p.Text, told, err)
			}
			cancel()
		}
	}
}
