package logfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// checkLines holds both directions against the slow way, and what begins in between.
func checkLines(t *testing.T, text []byte) {
	t.Helper()
	f, _ := logAt(t, text)
	forward := all(t, f.Cursor(0).Next)
	backward := all(t, f.Cursor(int64(len(text))).Prev)
	slices.Reverse(backward)
	if !equalLines(forward, backward) {
		t.Errorf("%d lines forward, %d backward, or others", len(forward), len(backward))
	}
	ends := cutAt(text)
	if len(ends) != len(forward) {
		t.Fatalf("%d lines, not %d", len(forward), len(ends))
	}
	at := int64(0)
	for i, l := range forward {
		whole := text[at:ends[i]]
		line := bytes.TrimSuffix(whole, []byte("\n"))
		ended := len(line) < len(whole)
		if ended {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		if l.At != at || l.End != ends[i] || !bytes.Equal(l.Text, line) {
			t.Fatalf("line %d is %d to %d with %d bytes, not %d to %d with %d", i, l.At, l.End, len(l.Text), at, ends[i], len(line))
		}
		if continues := at > 0 && text[at-1] != '\n'; continues != (l.Cut&Continues != 0) {
			t.Fatalf("line %d at %d: cut %b", i, l.At, l.Cut)
		}
		if last := i == len(ends)-1; !ended && !last && l.Cut&GoesOn == 0 || ended && l.Cut&(GoesOn|Unended) != 0 || !ended && l.Cut&(GoesOn|Unended) == 0 {
			t.Fatalf("line %d at %d: cut %b", i, l.At, l.Cut)
		}
		if len(l.Text) >= MaxLine {
			t.Fatalf("line %d has %d bytes", i, len(l.Text))
		}
		if at = ends[i]; i%(1+len(ends)/100) != 0 {
			continue
		}
		for _, in := range []int64{l.At, (l.At + l.End) / 2, l.End - 1} {
			got, err := f.After(in, 1)
			if err != nil || len(got) != 1 || got[0].At != l.At {
				t.Fatalf("after %d: %v, %v", in, got, err)
			}
			got, err = f.Before(in+1, 1)
			if err != nil || len(got) != 1 || got[0].At != l.At {
				t.Fatalf("before %d: %v, %v", in+1, got, err)
			}
		}
	}
}

func TestLinesAreTheSameBothWays(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, text := range map[string]string{
		"empty":              "",
		"one line":           "a\n",
		"no end":             "a\nb",
		"only ends":          "\n\n\n",
		"returns":            "a\r\nb\rc\r\n\r\n",
		"zero bytes":         "\x00\x00\n\x00",
		"nearly cut":         long(grid-1) + "\n" + long(grid-1) + "\n",
		"cut at once":        long(grid) + "\n",
		"ends at the cut":    long(grid-1) + "\n" + long(2*grid) + "\nz",
		"just before a cut":  "a\n" + long(2*grid-3) + "\nb\n",
		"a piece to the end": "a\n" + long(3*grid-2),
		"endless":            long(9*grid + 7),
		"after the endless":  long(7*grid+9) + "\nshort\n" + long(5*grid) + "\r\n",
		"larger than memory": strings.Repeat(long(700)+"\n", 1000) + long(6*grid),
	} {
		t.Run(name, func(t *testing.T) { checkLines(t, []byte(text)) })
	}
}

func TestLinesOfChance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		var text []byte
		for len(text) < 400<<10 {
			n := r.IntN(200)
			if r.IntN(20) == 0 {
				n = grid - 3 + r.IntN(6) + grid*r.IntN(4)
			}
			text = append(text, bytes.Repeat([]byte{byte(r.IntN(256))}, n)...)
			text = append(text, '\n')
		}
		checkLines(t, text[:len(text)-r.IntN(3)])
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\nc"))
	f.Add([]byte("a\xff\nb\xff\xff\n\n\xfe"))
	f.Add([]byte("\x00\xff\xff\xff\n\n\x00"))
	f.Fuzz(func(t *testing.T, seed []byte) { checkLines(t, expanded(seed)) })
}

func TestBatchesAreBounded(t *testing.T) {
	f := logOf(t, strings.Repeat("x", 12<<20))
	for _, got := range [][]Line{first(f.After(0, 1000)), first(f.Before(12<<20, 1000))} {
		if len(got) != maxBatch/grid {
			t.Errorf("%d pieces of one line at once", len(got))
		}
	}
	if got := first(f.Before(12<<20, 2)); len(got) != 2 || got[1].End != 12<<20 || got[0].End != got[1].At {
		t.Errorf("the last two pieces are %v", got)
	}
}

func first[T any](v T, _ error) T { return v }

func TestCursorTurnsRound(t *testing.T) {
	f := logOf(t, "one\ntwo\nthree\n")
	c := f.Cursor(4)
	for _, step := range []struct {
		back bool
		want string
	}{{false, "two"}, {true, "two"}, {true, "one"}, {false, "one"}, {false, "two"}, {false, "three"}, {true, "three"}} {
		one := c.Next
		if step.back {
			one = c.Prev
		}
		l, err := one()
		if err != nil || string(l.Text) != step.want {
			t.Fatalf("%q, %v instead of %q", l.Text, err, step.want)
		}
	}
}

func TestUnendedLineGoesOn(t *testing.T) {
	f, name := logAt(t, []byte("one\ntw"))
	c := f.Cursor(0)
	got := all(t, c.Next)
	add(t, name, "o\nthr")
	got = append(got, all(t, c.Next)...)
	add(t, name, "ee\n")
	got = append(got, all(t, c.Next)...)
	want := []Line{
		{At: 0, End: 4, Text: []byte("one")}, {At: 4, End: 6, Text: []byte("tw"), Cut: Unended},
		{At: 6, End: 8, Text: []byte("o"), Cut: Continues}, {At: 8, End: 11, Text: []byte("thr"), Cut: Unended},
		{At: 11, End: 14, Text: []byte("ee"), Cut: Continues},
	}
	if !equalLines(got, want) {
		t.Errorf("%+v", got)
	}
	l, err := c.Prev()
	if err != nil || string(l.Text) != "three" {
		t.Errorf("back it is %q, %v", l.Text, err)
	}
}

// add appends to a file.
func add(tb testing.TB, name, text string) {
	tb.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	must(tb, err)
	_, err = f.WriteString(text)
	must(tb, errors.Join(err, f.Close()))
}

// holed writes texts at offsets and makes a file of some size, with holes between.
func holed(tb testing.TB, size int64, texts map[int64]string) (*File, string) {
	tb.Helper()
	f, name := logAt(tb, nil)
	w, err := os.OpenFile(name, os.O_WRONLY, 0)
	must(tb, err)
	must(tb, w.Truncate(size))
	for at, text := range texts {
		_, err := w.WriteAt([]byte(text), at)
		must(tb, err)
	}
	must(tb, w.Close())
	if !f.sparse() || !f.hole(size/2, size/2+1) {
		tb.Skip("this file system has no holes")
	}
	return f, name
}

// A log that was cut, and whose writer does not append, begins with a hole.
func TestHolesAreOneLine(t *testing.T) {
	const size = 2 << 30
	f, _ := holed(t, size, map[int64]string{5: "x\nbefore", size - 12: "\nfirst\nlast\n"})
	forward := all(t, f.Cursor(0).Next)
	backward := all(t, f.Cursor(size).Prev)
	slices.Reverse(backward)
	if !equalLines(forward, backward) {
		t.Errorf("forward %d lines, backward %d", len(forward), len(backward))
	}
	holes, at := 0, int64(0)
	for _, l := range forward {
		if l.At != at {
			t.Errorf("a line begins at %d, not at %d", l.At, at)
		}
		at = l.End
		if l.Cut&Hole != 0 {
			holes++
			if l.End-l.At < size-4*grid || len(l.Text) != 0 || l.Cut&Continues == 0 {
				t.Errorf("a hole of %d bytes, text of %d, cut %b", l.End-l.At, len(l.Text), l.Cut)
			}
		}
	}
	if holes != 1 || len(forward) > 8 || string(forward[len(forward)-1].Text) != "last" {
		t.Errorf("%d lines, %d holes", len(forward), holes)
	}
	m := compiled(t, Pattern{Text: "first"})
	within(t, 10*time.Second, "search in a hole", func() {
		if got, err := f.Find(t.Context(), m, 0, nil); err != nil || got.At != size-11 {
			t.Errorf("found at %d, %v", got.At, err)
		}
		m := compiled(t, Pattern{Text: "before"})
		if got, err := f.FindBack(t.Context(), m, size-100, nil); err != nil || got.At != 7 {
			t.Errorf("found back at %d, %v", got.At, err)
		}
		for _, p := range []Pattern{{Text: "before\\b|nowhere", Regexp: true}, {Text: "b[e]f", Regexp: true}} {
			if got, err := f.FindBack(t.Context(), compiled(t, p), size-100, nil); err != nil || got.At != 7 {
				t.Errorf("%q found back at %d, %v", p.Text, got.At, err)
			}
		}
		if got, err := f.FindBack(t.Context(), compiled(t, Pattern{Text: "before\x00"}), 1<<20, nil); err != nil || got.At != 7 {
			t.Errorf("with a zero byte found back at %d, %v", got.At, err)
		}
		zeros := compiled(t, Pattern{Text: "\x00\x00"})
		if got, err := f.Find(t.Context(), zeros, 1<<30, nil); err != nil || got.At != 1<<30 {
			t.Errorf("zeros found at %d, %v", got.At, err)
		}
		if got, err := f.FindBack(t.Context(), zeros, 1<<30, nil); err != nil || got.At != 1<<30-1 {
			t.Errorf("zeros found back at %d, %v", got.At, err)
		}
		if n, err := f.Tally(0).Upto(t.Context(), size); n != 4 || err != nil {
			t.Errorf("%d lines, %v", n, err)
		}
	})
}

func TestDataIsWhatIsNoHole(t *testing.T) {
	const size = 1 << 30
	f, _ := holed(t, size, map[int64]string{0: "first", 64 << 10: "near", size / 2: "middle"})
	var got []int64
	for at := int64(0); at < size; {
		from, end := f.Data(at, size)
		if from < at || end < from || end == at {
			t.Fatalf("from %d: %d to %d", at, from, end)
		}
		if at = end; from < size {
			got = append(got, from)
		}
	}
	if !slices.Equal(got, []int64{0, size / 2}) {
		t.Errorf("data at %d", got)
	}
	if from, end := f.Data(size/2+1, size/2+3); from != size/2+1 || end != size/2+3 {
		t.Errorf("within data: %d to %d", from, end)
	}
	if from, end := logOf(t, "text").Data(1, 4); from != 1 || end != 4 {
		t.Errorf("of no hole: %d to %d", from, end)
	}
}

func TestEndOfAnEmptyHoleIsThereAtOnce(t *testing.T) {
	f, _ := holed(t, 2<<30, nil)
	within(t, 2*time.Second, "the end of 2 GB", func() {
		got, err := f.Before(2<<30, 100)
		if err != nil || len(got) != 1 || got[0].At != 0 || got[0].End != 2<<30 || got[0].Cut != Hole|Unended {
			t.Errorf("%+v, %v", got, err)
		}
		got, err = f.After(1<<30, 100)
		if err != nil || len(got) != 1 || got[0].End != 2<<30 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Somebody cuts and writes a log anew while it is read: what comes is old or new, and
// it comes to an end.
func TestCutWhileRead(t *testing.T) {
	f, name := logAt(t, nil)
	w, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	defer w.Close()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		r := rand.New(rand.NewPCG(3, 4))
		text := []byte(strings.Repeat(strings.Repeat("y", 90)+" needle\n", 6000))
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = w.Truncate(int64(r.IntN(len(text))))
			_, _ = w.WriteAt(text[:r.IntN(len(text))], int64(r.IntN(1000)))
		}
	}()
	m, re := compiled(t, Pattern{Text: "Needle", Fold: true}), compiled(t, Pattern{Text: "n.*e$", Regexp: true})
	within(t, time.Minute, "reading", func() {
		for round := range 60 {
			size := first(f.Size())
			for _, one := range []func() (Line, error){f.Cursor(0).Next, f.Cursor(size).Prev} {
				at := int64(-1)
				for n := 0; ; n++ {
					l, err := one()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil || n > 1<<20 || l.End <= l.At || l.At == at {
						t.Errorf("round %d: line %d at %d after %d, %v", round, n, l.At, at, err)
						return
					}
					at = l.At
				}
			}
			for _, m := range []*Matcher{m, re} {
				_, err1 := f.Find(t.Context(), m, size/2, nil)
				_, err2 := f.FindBack(t.Context(), m, size, nil)
				for _, err := range []error{err1, err2} {
					if err != nil && !errors.Is(err, ErrNoMatch) {
						t.Error(err)
					}
				}
			}
			if _, err := f.Before(size, 50); err != nil {
				t.Error(err)
			}
		}
	})
	close(stop)
	<-ended
}

func TestTallyCountsWhatIsNew(t *testing.T) {
	f, name := logAt(t, []byte("one\ntwo\n"))
	tally := f.Tally(4)
	for _, step := range []struct {
		add  string
		want int64
	}{{"", 1}, {"three", 2}, {"\n", 2}, {"\n\nx", 5}} {
		add(t, name, step.add)
		if n, err := tally.Upto(t.Context(), first(f.Size())); n != step.want || err != nil {
			t.Errorf("%d lines wait, %v; not %d", n, err, step.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Tally(0).Upto(ctx, 5); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCopy(t *testing.T) {
	text := strings.Repeat("0123456789\n", 60000)
	f := logOf(t, text)
	var out bytes.Buffer
	if n, err := f.Copy(t.Context(), &out, 11, 600000); err != nil || n != 600000-11 || out.String() != text[11:600000] {
		t.Errorf("%d bytes, %v", n, err)
	}
	out.Reset()
	if n, err := f.Copy(t.Context(), &out, 659990, 1<<40); err != nil || n != 10 || out.String() != text[659990:] {
		t.Errorf("%d bytes, %v", n, err)
	}
}
