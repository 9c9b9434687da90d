package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// sourcesOf are logs with one text each.
func sourcesOf(t *testing.T, texts ...string) []Source {
	t.Helper()
	var out []Source
	for _, text := range texts {
		out = append(out, Source{File: logOf(t, text), Clock: &Clock{}})
	}
	return out
}

// walked goes n steps, or to the end with n < 0, and gives what it sees.
func walked(t *testing.T, one func() (Merged, error), n int) (out []string) {
	t.Helper()
	for len(out) != n {
		l, err := one()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		out = append(out, fmt.Sprintf("%d %s", l.Source, l.Text))
	}
	return out
}

func at(sec int, text string) string {
	return start().Add(time.Duration(sec)*time.Second).Format(time.RFC3339) + " " + text + "\n"
}

func TestMergeByTime(t *testing.T) {
	sources := sourcesOf(t,
		at(1, "a")+"  more of a\n"+at(5, "b")+at(9, "c"),
		"before all\n"+at(2, "d")+at(5, "e")+"  more of e\n"+at(5, "f"),
		"",
	)
	m, err := NewMerge(sources, []int64{0, 0, 0})
	must(t, err)
	got := walked(t, m.Next, -1)
	for i := range got {
		got[i] = strings.TrimSpace(got[i][:2] + got[i][max(2, strings.LastIndexByte(got[i], 'Z')+2):])
	}
	want := []string{"1 before all", "0 a", "0   more of a", "1 d", "0 b", "1 e", "1   more of e", "1 f", "0 c"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if !slices.Equal(m.At(), []int64{first(sources[0].File.Size()), first(sources[1].File.Size()), 0}) {
		t.Errorf("it stands at %v", m.At())
	}
	_, err = m.Prev()
	must(t, err)
	_, err = m.Prev()
	must(t, err)
	l, err := m.Prev()
	if err != nil || l.Own || !l.Time.Equal(start().Add(5*time.Second)) || string(l.Text) != "  more of e" {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := NewMerge(sources, nil); err == nil {
		t.Error("a merge without offsets")
	}
}

// Forward, backward, and in zigzag, from anywhere, it is one order.
func TestMergeIsOneOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var texts []string
	for range 4 {
		texts = append(texts, stampedLog(r, 2000, 30))
	}
	texts = append(texts, strings.Repeat("x", 3*grid)+"\n"+stampedLog(r, 100, 2))
	sources := sourcesOf(t, texts...)
	m, err := NewMerge(sources, make([]int64, len(sources)))
	must(t, err)
	forward := walked(t, m.Next, -1)
	lines := 0
	for _, s := range sources {
		lines += len(all(t, s.File.Cursor(0).Next))
	}
	if len(forward) != lines {
		t.Fatalf("%d lines of %d", len(forward), lines)
	}
	ends := m.At()
	m, err = NewMerge(sources, ends)
	must(t, err)
	backward := walked(t, m.Prev, -1)
	slices.Reverse(backward)
	if !slices.Equal(forward, backward) {
		t.Error("backward it is another order")
	}
	at := make([]int64, len(sources))
	for i, s := range sources {
		if at[i], err = s.File.SeekTime(t.Context(), s.Clock, start().Add(20*time.Minute)); errors.Is(err, ErrNoTime) {
			at[i], err = s.File.Size() // all of it is before
		}
		must(t, err)
	}
	m, err = NewMerge(sources, at)
	must(t, err)
	l, err := m.Next()
	if err != nil || l.Time.Before(start().Add(20*time.Minute)) {
		t.Errorf("%v, %v", l.Time, err)
	}
	i := slices.Index(forward, fmt.Sprintf("%d %s", l.Source, l.Text)) + 1
	for range 300 {
		n := r.IntN(200)
		if r.IntN(2) == 0 {
			if got := walked(t, m.Next, n); !slices.Equal(got, forward[i:min(len(forward), i+n)]) {
				t.Fatalf("%d lines from %d on are others", n, i)
			}
			i = min(len(forward), i+n)
		} else {
			got := walked(t, m.Prev, n)
			slices.Reverse(got)
			if !slices.Equal(got, forward[max(0, i-n):i]) {
				t.Fatalf("%d lines before %d are others", n, i)
			}
			i = max(0, i-n)
		}
	}
}

// A clock that goes back is no reason to see other lines after turning round.
func TestMergeTurnsRound(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var texts []string
	for range 3 {
		var b strings.Builder
		for i := range 500 {
			b.WriteString(at(r.IntN(600), fmt.Sprint("line ", i)))
		}
		texts = append(texts, b.String())
	}
	m, err := NewMerge(sourcesOf(t, texts...), []int64{0, 0, 0})
	must(t, err)
	there := walked(t, m.Next, 1000)
	back := walked(t, m.Prev, 700)
	slices.Reverse(back)
	again := walked(t, m.Next, 700)
	if !slices.Equal(there[300:], back) || !slices.Equal(back, again) {
		t.Error("other lines after turning round")
	}
	if rest := walked(t, m.Next, -1); len(rest) != 500 {
		t.Errorf("%d lines more", len(rest))
	}
}

// What is known of a time in one direction is not taken for that of a line elsewhere.
func TestMergeKnowsWhichTimeIsWhose(t *testing.T) {
	a, b := at(1, "a")+"  a2\n", at(2, "b")
	sources := sourcesOf(t, a+at(10, "c")+"  c2\n", b+at(3, "d")+at(11, "e"))
	m, err := NewMerge(sources, []int64{int64(len(a)), int64(len(b))})
	must(t, err)
	for i, step := range []struct {
		one  func() (Merged, error)
		want int
	}{{m.Next, 3}, {m.Prev, 3}, {m.Prev, 2}, {m.Next, 2}, {m.Next, 3}, {m.Next, 10}, {m.Next, 10}, {m.Next, 11}} {
		l, err := step.one()
		if err != nil || !l.Time.Equal(start().Add(time.Duration(step.want)*time.Second)) {
			t.Errorf("step %d: %q of %s, %v; not of second %d", i, l.Text, l.Time, err, step.want)
		}
	}
}

func TestMergeGoesOnWhenALogGrows(t *testing.T) {
	a, name := logAt(t, []byte(at(1, "a")))
	b, other := logAt(t, []byte(at(2, "b")))
	m, err := NewMerge([]Source{{a, &Clock{}}, {b, &Clock{}}}, []int64{0, 0})
	must(t, err)
	if got := walked(t, m.Next, -1); len(got) != 2 {
		t.Fatal(got)
	}
	add(t, name, at(4, "c"))
	add(t, other, at(3, "d"))
	got := walked(t, m.Next, -1)
	if len(got) != 2 || !strings.HasSuffix(got[0], "d") || !strings.HasSuffix(got[1], "c") {
		t.Error(got)
	}
}

func TestMergeOfALogThatIsCut(t *testing.T) {
	a, name := logAt(t, []byte(strings.Repeat(at(1, "a"), 3000)))
	m, err := NewMerge([]Source{{a, &Clock{}}, {logOf(t, at(0, "b")+at(2, "c")), &Clock{}}}, []int64{0, 0})
	must(t, err)
	if got := walked(t, m.Next, 2500); len(got) != 2500 {
		t.Fatal(len(got))
	}
	must(t, os.WriteFile(name, []byte(at(1, "new")), 0o600))
	within(t, time.Minute, "going on", func() {
		m.sources[0].c.MoveTo(m.At()[0]) // nothing of the old one is in memory
		if got := walked(t, m.Next, -1); len(got) == 0 || len(got) > 3 {
			t.Errorf("%d lines more", len(got))
		}
		if got := walked(t, m.Prev, -1); len(got) == 0 || len(got) > 5 {
			t.Errorf("%d lines back", len(got))
		}
	})
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(at(1, "a")+at(3, "b")), []byte(at(2, "c")+"more\n"))
	f.Add([]byte("no time\n\n"), []byte(at(2, "c")+"m\xff\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		a, b = expanded(a), expanded(b)
		m, err := NewMerge(sourcesOf(t, string(a[:min(len(a), 200000)]), string(b[:min(len(b), 200000)])), []int64{0, 0})
		must(t, err)
		var sizes [2]int64
		for {
			l, err := m.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			if l.At != sizes[l.Source] || bytes.ContainsRune(l.Text, '\n') {
				t.Fatalf("a line of %d at %d, not at %d", l.Source, l.At, sizes[l.Source])
			}
			sizes[l.Source] = l.End
		}
		if !slices.Equal(m.At(), sizes[:]) || sizes[0]+sizes[1] != int64(min(len(a), 200000)+min(len(b), 200000)) {
			t.Fatalf("it ends at %v", sizes)
		}
		forward := len(m.behind)
		if back := walked(t, m.Prev, -1); len(back) < min(forward, maxTrail/2) {
			t.Errorf("%d lines back of %d", len(back), forward)
		}
	})
}
