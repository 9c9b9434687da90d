package conf

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// patched is the new text that hunks make of an old one.
func patched(t *testing.T, old []string, hunks []Hunk) []string {
	t.Helper()
	var out []string
	at := 0
	for _, h := range hunks {
		if h.Old-1 < at || h.Old-1 > len(old) {
			t.Fatalf("hunk at %d, the one before ends at %d of %d", h.Old, at, len(old))
		}
		out = append(out, old[at:h.Old-1]...)
		if len(out)+1 != h.New {
			t.Fatalf("hunk begins at %d of the new text, and says %d", len(out)+1, h.New)
		}
		at = h.Old - 1
		begin := len(out)
		for _, l := range h.Lines {
			switch l.Op {
			case Same, Gone:
				if l.Old != at+1 || old[at] != l.Text {
					t.Fatalf("line %d of the old text is given as %d: %q", at+1, l.Old, l.Text)
				}
				at++
			case New:
				if l.Old != 0 {
					t.Fatalf("a new line has number %d in the old text", l.Old)
				}
			}
			if l.Op != Gone {
				out = append(out, l.Text)
				if l.New != len(out) {
					t.Fatalf("line %d of the new text is given as %d", len(out), l.New)
				}
			}
		}
		if at-h.Old+1 != h.OldLines || len(out)-begin != h.NewLines {
			t.Fatalf("hunk has %d and %d lines, and says %d and %d", at-h.Old+1, len(out)-begin, h.OldLines, h.NewLines)
		}
	}
	return append(out, old[at:]...)
}

// some makes lines of a few letters, so that many are alike.
func some(r *rand.Rand, n, letters int) []string {
	out := make([]string, r.IntN(n+1))
	for i := range out {
		out[i] = string(rune('a'+r.IntN(letters))) + "\n"
	}
	return out
}

// edited is a text with some lines put in, taken out and changed.
func edited(r *rand.Rand, text []string, edits int) []string {
	out := slices.Clone(text)
	for range r.IntN(edits + 1) {
		at := r.IntN(len(out) + 1)
		switch {
		case r.IntN(2) == 0 || at == len(out):
			out = slices.Insert(out, at, fmt.Sprintf("new %d\n", r.IntN(5)))
		case r.IntN(2) == 0:
			out = slices.Delete(out, at, at+1)
		default:
			out[at] = fmt.Sprintf("other %d\n", r.IntN(5))
		}
	}
	return out
}

// lcs is how many lines two texts have in common, in order: the slow way.
func lcs(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		last := 0
		for j := range b {
			keep := row[j+1]
			if a[i] == b[j] {
				row[j+1] = last + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			last = keep
		}
	}
	return row[len(b)]
}

func TestDiffMakesTheNewText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		old := some(r, 40, 1+r.IntN(12))
		made := edited(r, old, 8)
		if i%3 == 0 {
			made = some(r, 40, 1+r.IntN(12))
		}
		for _, around := range []int{0, 1, 3} {
			hunks := Diff(old, made, around)
			if got := patched(t, old, hunks); !slices.Equal(got, made) {
				t.Fatalf("%q to %q gives %q", old, made, got)
			}
		}
		if slices.Equal(old, made) != (len(Diff(old, made, 3)) == 0) {
			t.Fatalf("%q to %q: %v", old, made, Diff(old, made, 3))
		}
	}
}

// TestExactIsExact holds the exact comparison against the slow way: as many lines
// are kept as can be.
func TestExactIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		a, b := some(r, 30, 4), some(r, 30, 4)
		d := differ{effort: maxEffort}
		for _, l := range a {
			d.a = append(d.a, int(l[0]))
		}
		for _, l := range b {
			d.b = append(d.b, int(l[0]))
		}
		if !d.exact(0, len(a), 0, len(b)) {
			t.Fatalf("%q to %q is too much", a, b)
		}
		gone := 0
		for _, c := range d.out {
			gone += c.a1 - c.a0
		}
		if kept := len(a) - gone; kept != lcs(a, b) {
			t.Fatalf("%q to %q keeps %d lines of %d", a, b, kept, lcs(a, b))
		}
	}
}

func TestDiffHunks(t *testing.T) {
	old := Split("a\nb\nc\nd\ne\nf\ng\nh\ni\n")
	hunks := Diff(old, Split("a\nB\nc\nd\ne\nf\ng\nh\ni"), 1)
	var b strings.Builder
	for _, h := range hunks {
		fmt.Fprintf(&b, "@%d,%d %d,%d:", h.Old, h.OldLines, h.New, h.NewLines)
		for _, l := range h.Lines {
			fmt.Fprintf(&b, "%c%s", " -+"[l.Op], strings.TrimSpace(l.Text))
		}
	}
	if got := b.String(); got != "@1,3 1,3: a-b+B c@8,2 8,2: h-i+i" {
		t.Errorf("hunks %s", got)
	}
	if got := Diff(nil, nil, 3); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestDiffOfHugeTexts: what has nothing, or far too much, in common comes to an end.
func TestDiffOfHugeTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var same, apart, few, swapped []string
	for i := range MaxLines {
		same = append(same, fmt.Sprintf("line %d\n", i))
		apart = append(apart, fmt.Sprintf("other %d\n", i))
		few = append(few, string(rune('a'+r.IntN(3))))
		swapped = append(swapped, string(rune('a'+r.IntN(3))))
	}
	back := slices.Clone(same)
	slices.Reverse(back)
	for name, c := range map[string][2][]string{
		"nothing alike": {same, apart}, "three letters": {few, swapped}, "reversed": {same, back}, "one gone": {same, same[1:]}, "halves": {same, slices.Concat(same[MaxLines/2:], same[:MaxLines/2])},
	} {
		begin := time.Now()
		hunks := Diff(c[0], c[1], 3)
		took := time.Since(begin)
		if took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		t.Logf("%s: %v, %d hunks", name, took, len(hunks))
		if got := patched(t, c[0], hunks); !slices.Equal(got, c[1]) {
			t.Errorf("%s: the diff makes another text", name)
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nb", uint8(1))
	f.Fuzz(func(t *testing.T, a, b string, around uint8) {
		old, made := Split(a), Split(b)
		if got := patched(t, old, Diff(old, made, int(around%5))); !slices.Equal(got, made) {
			t.Fatalf("%q to %q gives %q", a, b, got)
		}
	})
}
