package conf

import (
	"slices"
	"strings"
)

// PartKind is where a part of a merge comes from.
type PartKind uint8

// Parts of a merge.
const (
	Unchanged PartKind = iota
	Mine               // only my text differs from the base
	Theirs             // only their text does
	Both               // both do, in the same way
	Conflict           // both do, and differ
)

// Part is a part of three texts, one behind the other.
type Part struct {
	Kind               PartKind
	Base, Mine, Theirs []string
	BaseAt             int // number of its first line, from 1
	MineAt             int
	TheirsAt           int
}

// Merge puts two texts together that were made of one base, by lines (see Split).
// Changes of both that share a line, or of which one puts lines in where the
// other ends, are a conflict.
func Merge(base, mine, theirs []string) []Part {
	m := merger{base: base, mine: mine, theirs: theirs}
	a, b := changes(base, mine), changes(base, theirs)
	for len(a) > 0 || len(b) > 0 {
		var ga, gb []change // what is to be looked at together
		if len(b) == 0 || len(a) > 0 && a[0].a0 <= b[0].a0 {
			ga, a = a[:1], a[1:]
		} else {
			gb, b = b[:1], b[1:]
		}
		for grown := true; grown; {
			grown = false
			for len(b) > 0 && slices.ContainsFunc(ga, func(c change) bool { return meets(c, b[0]) }) {
				gb, b, grown = append(gb[:len(gb):len(gb)], b[0]), b[1:], true
			}
			for len(a) > 0 && slices.ContainsFunc(gb, func(c change) bool { return meets(c, a[0]) }) {
				ga, a, grown = append(ga[:len(ga):len(ga)], a[0]), a[1:], true
			}
		}
		m.group(ga, gb)
	}
	m.upTo(len(base))
	return m.out
}

// meets says whether two changes of one base cannot be made apart.
func meets(c, d change) bool {
	if c.a0 == c.a1 || d.a0 == d.a1 {
		return c.a0 <= d.a1 && d.a0 <= c.a1
	}
	return c.a0 < d.a1 && d.a0 < c.a1
}

type merger struct {
	base, mine, theirs []string
	at                 int // of base: all before it is in out
	dm, dt             int // line i of base is i+dm of mine and i+dt of theirs, where nothing changed
	out                []Part
}

func (m *merger) part(kind PartKind, a0, a1, m0, m1, t0, t1 int) {
	m.out = append(m.out, Part{kind, m.base[a0:a1], m.mine[m0:m1], m.theirs[t0:t1], a0 + 1, m0 + 1, t0 + 1})
}

// upTo adds what is the same up to a line of the base.
func (m *merger) upTo(to int) {
	if m.at < to {
		m.part(Unchanged, m.at, to, m.at+m.dm, to+m.dm, m.at+m.dt, to+m.dt)
		m.at = to
	}
}

// group adds changes that are looked at together.
func (m *merger) group(a, b []change) {
	all := slices.Concat(a, b)
	a0, a1 := all[0].a0, all[0].a1
	for _, c := range all {
		a0, a1 = min(a0, c.a0), max(a1, c.a1)
	}
	m.upTo(a0)
	dm, dt := m.dm, m.dt
	for _, c := range a {
		m.dm += (c.b1 - c.b0) - (c.a1 - c.a0)
	}
	for _, c := range b {
		m.dt += (c.b1 - c.b0) - (c.a1 - c.a0)
	}
	kind := Conflict
	switch {
	case len(b) == 0:
		kind = Mine
	case len(a) == 0:
		kind = Theirs
	case slices.Equal(m.mine[a0+dm:a1+m.dm], m.theirs[a0+dt:a1+m.dt]):
		kind = Both
	}
	m.part(kind, a0, a1, a0+dm, a1+m.dm, a0+dt, a1+m.dt)
	m.at = a1
}

// Merged is the text of a merge: nothing is left out, and where it is in conflict,
// choose says which lines stand there. Without choose it is false where there is a
// conflict.
func Merged(parts []Part, choose func(*Part) []string) (lines []string, ok bool) {
	for i := range parts {
		p := &parts[i]
		switch p.Kind {
		case Unchanged, Mine, Both:
			lines = append(lines, p.Mine...)
		case Theirs:
			lines = append(lines, p.Theirs...)
		case Conflict:
			if choose == nil {
				return nil, false
			}
			lines = append(lines, choose(p)...)
		}
	}
	return lines, true
}

// Clash is a key that both sides of a merge gave another value.
type Clash struct {
	Key                string
	Base, Mine, Theirs string // of its last line; "" = none, or an empty one
}

// Clashes are keys of single values that both texts changed, and not to the same:
// lines in different places are no conflict to Merge, yet one of them would win.
func Clashes(base, mine, theirs *File) []Clash {
	b, m, t := base.last(), mine.last(), theirs.last()
	names := map[string]bool{}
	for key := range m {
		names[key] = true
	}
	for key := range b {
		names[key] = true
	}
	var out []Clash
	for key := range names {
		if m[key] != b[key] && t[key] != b[key] && m[key] != t[key] {
			out = append(out, Clash{key, b[key].value, m[key].value, t[key].value})
		}
	}
	slices.SortFunc(out, func(a, b Clash) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// said is a key's last value; there is none where there is no line.
type said struct {
	value string
	there bool
}

// last are the last values of the keys of single values.
func (f *File) last() map[string]said {
	out := map[string]said{}
	for i := range f.Lines {
		l := &f.Lines[i]
		if l.Kind != Setting {
			continue
		}
		if k := lookup(l.Key); k == nil || k.Kind == Single {
			out[canonical(l.Key)] = said{l.Value, true}
		}
	}
	return out
}
