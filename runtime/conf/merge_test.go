package conf

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// whole checks that the parts of a merge are all of three texts, in order.
func whole(t *testing.T, parts []Part, base, mine, theirs []string) {
	t.Helper()
	var b, m, h []string
	for i := range parts {
		p := &parts[i]
		if p.BaseAt != len(b)+1 || p.MineAt != len(m)+1 || p.TheirsAt != len(h)+1 {
			t.Fatalf("part %d is at %d, %d, %d and says %d, %d, %d", i, len(b)+1, len(m)+1, len(h)+1, p.BaseAt, p.MineAt, p.TheirsAt)
		}
		b, m, h = append(b, p.Base...), append(m, p.Mine...), append(h, p.Theirs...)
		good := true
		switch p.Kind {
		case Unchanged:
			good = slices.Equal(p.Base, p.Mine) && slices.Equal(p.Base, p.Theirs)
		case Mine:
			good = slices.Equal(p.Base, p.Theirs)
		case Theirs:
			good = slices.Equal(p.Base, p.Mine)
		case Both:
			good = slices.Equal(p.Mine, p.Theirs)
		case Conflict:
			good = !slices.Equal(p.Mine, p.Theirs)
		}
		if !good {
			t.Fatalf("part %d is of another kind: %+v", i, *p)
		}
	}
	if !slices.Equal(b, base) || !slices.Equal(m, mine) || !slices.Equal(h, theirs) {
		t.Fatalf("parts are %q %q %q of %q %q %q", b, m, h, base, mine, theirs)
	}
}

func TestMergeLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	clean := 0
	for range 3000 {
		base := some(r, 30, 8)
		mine, theirs := edited(r, base, 4), edited(r, base, 4)
		parts := Merge(base, mine, theirs)
		whole(t, parts, base, mine, theirs)
		got, ok := Merged(parts, nil)
		if ok {
			clean++
		}
		swapped, same := Merged(Merge(base, theirs, mine), nil)
		if ok != same || !slices.Equal(got, swapped) {
			t.Fatalf("%q %q %q: %q, the other way round %q", base, mine, theirs, got, swapped)
		}
		if got, ok := Merged(Merge(base, mine, base), nil); !ok || !slices.Equal(got, mine) {
			t.Fatalf("what I alone changed, %q to %q, is %q", base, mine, got)
		}
		if got, ok := Merged(Merge(base, mine, mine), nil); !ok || !slices.Equal(got, mine) {
			t.Fatalf("what both changed to %q is %q", mine, got)
		}
		chosen := 0
		if _, ok := Merged(parts, func(p *Part) []string { chosen++; return p.Mine }); !ok || (chosen == 0) != same {
			t.Fatalf("%q %q %q: %d choices, without one %q", base, mine, theirs, chosen, got)
		}
	}
	if clean < 300 {
		t.Errorf("only %d merges had no conflict", clean)
	}
}

// TestMergeOfEditsApart: what two people change in different places is all there.
func TestMergeOfEditsApart(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 500 {
		var base []string
		for i := range 40 {
			base = append(base, fmt.Sprintf("line %d\n", i))
		}
		cut := 5 + r.IntN(30)
		mine := append(edited(r, base[:cut-1], 4), base[cut-1:]...)
		theirs := append(slices.Clone(base[:cut]), edited(r, base[cut:], 4)...)
		want := append(slices.Clone(mine[:len(mine)-len(base)+cut]), theirs[cut:]...)
		if got, ok := Merged(Merge(base, mine, theirs), nil); !ok || !slices.Equal(got, want) {
			t.Fatalf("mine %q, theirs %q: %v, %q", mine, theirs, ok, got)
		}
	}
}

func TestMergeConflicts(t *testing.T) {
	base := Split("a\nb\nc\nd\n")
	for name, c := range map[string]struct{ mine, theirs, want string }{
		"one line two ways":        {"a\nB\nc\nd\n", "a\nX\nc\nd\n", "a <B|b|X> c d"},
		"changed and gone":         {"a\nB\nc\nd\n", "a\nc\nd\n", "a <B|b|> c d"},
		"put in at one place":      {"a\nx\nb\nc\nd\n", "a\ny\nb\nc\nd\n", "a <x||y> b c d"},
		"put in where other ends":  {"a\nB\nc\nd\n", "a\nb\ny\nc\nd\n", "a <B|b|b y> c d"},
		"neighbours":               {"a\nB\nc\nd\n", "a\nb\nC\nd\n", "a B C d"},
		"both add at the end":      {"a\nb\nc\nd\nx\n", "a\nb\nc\nd\ny\n", "a b c d <x||y>"},
		"both add the same":        {"a\nb\nc\nd\nx\n", "a\nb\nc\nd\nx\n", "a b c d x"},
		"one takes out more lines": {"a\nd\n", "a\nb\nC\nd\n", "a <|b c|b C> d"},
	} {
		var b []string
		for _, p := range Merge(base, Split(c.mine), Split(c.theirs)) {
			flat := func(lines []string) string {
				return strings.TrimSpace(strings.ReplaceAll(strings.Join(lines, ""), "\n", " "))
			}
			switch p.Kind {
			case Conflict:
				b = append(b, "<"+flat(p.Mine)+"|"+flat(p.Base)+"|"+flat(p.Theirs)+">")
			case Theirs:
				b = append(b, flat(p.Theirs))
			default:
				b = append(b, flat(p.Mine))
			}
		}
		if got := strings.Join(b, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestClashes(t *testing.T) {
	parse := func(text string) *File { return Parse("config", []byte(text)) }
	base := parse("lxc.tty.max = 1\nlxc.uts.name = a\nlxc.cap.drop = kill\nlxc.arch = arm\n")
	mine := parse("lxc.tty.max = 2\nlxc.uts.name = b\nlxc.cap.drop = kill\nlxc.start.auto = 1\nlxc.cap.drop = chown\nlxc.net.00.link = x\n")
	theirs := parse("lxc.start.auto = 0\nlxc.tty.max = 2\nlxc.uts.name = a\nlxc.cap.drop = bpf\nlxc.arch = mips\nlxc.net.0.link = y\n")
	want := []Clash{
		{"lxc.arch", "arm", "", "mips"},
		{"lxc.net.0.link", "", "x", "y"},
		{"lxc.start.auto", "", "1", "0"},
	}
	if got := Clashes(base, mine, theirs); !slices.Equal(got, want) {
		t.Errorf("clashes %v, want %v", got, want)
	}
	if got := Clashes(base, base, theirs); got != nil {
		t.Errorf("of one who changed nothing: %v", got)
	}
}

func FuzzMerge(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\n", "a\nb\nd")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		base, mine, theirs := Split(a), Split(b), Split(c)
		whole(t, Merge(base, mine, theirs), base, mine, theirs)
	})
}
