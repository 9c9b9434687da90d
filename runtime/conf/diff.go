package conf

import (
	"cmp"
	"slices"
)

// Op is what a diff says of a line.
type Op uint8

// Lines of both texts, of the old one, of the new one.
const (
	Same Op = iota
	Gone
	New
)

// DiffLine is a line of a hunk.
type DiffLine struct {
	Op       Op
	Old, New int // numbers of the line, from 1; 0 = the text has it not
	Text     string
}

// Hunk is a part of two texts that differs, with some lines around it.
type Hunk struct {
	Old, OldLines int // its first line in the old text, from 1, and how many lines it has of it
	New, NewLines int
	Lines         []DiffLine
}

// Diff compares two texts by lines (see Split). around is how many lines of both
// stand before and behind each change. Its time is bounded on every input: where
// texts have little in common, it gives less exact changes.
func Diff(old, made []string, around int) []Hunk {
	around = max(around, 0)
	var out []Hunk
	all := changes(old, made)
	for i := 0; i < len(all); {
		j := i + 1 // changes that are near are one hunk
		for j < len(all) && all[j].a0-all[j-1].a1 <= 2*around {
			j++
		}
		out = append(out, hunk(old, made, all[i:j], around))
		i = j
	}
	return out
}

func hunk(old, made []string, all []change, around int) Hunk {
	first, last := all[0], all[len(all)-1]
	before := min(around, first.a0)
	behind := min(around, len(old)-last.a1)
	h := Hunk{Old: first.a0 - before + 1, New: first.b0 - before + 1}
	a, b := first.a0-before, first.b0-before
	same := func(to int) {
		for ; a < to; a, b = a+1, b+1 {
			h.Lines = append(h.Lines, DiffLine{Same, a + 1, b + 1, old[a]})
		}
	}
	for _, c := range all {
		same(c.a0)
		for ; a < c.a1; a++ {
			h.Lines = append(h.Lines, DiffLine{Gone, a + 1, 0, old[a]})
		}
		for ; b < c.b1; b++ {
			h.Lines = append(h.Lines, DiffLine{New, 0, b + 1, made[b]})
		}
	}
	same(last.a1 + behind)
	h.OldLines, h.NewLines = a+1-h.Old, b+1-h.New
	return h
}

// change says that lines a0 up to a1 of one text are b0 up to b1 of another.
type change struct{ a0, a1, b0, b1 int }

// changes are in order, and at least one line of both lies between two of them.
func changes(a, b []string) []change {
	ids := map[string]int{}
	number := func(lines []string) []int {
		out := make([]int, len(lines))
		for i, l := range lines {
			id, ok := ids[l]
			if !ok {
				id = len(ids)
				ids[l] = id
			}
			out[i] = id
		}
		return out
	}
	d := differ{a: number(a), b: number(b), effort: maxEffort}
	d.compare(0, len(a), 0, len(b), 0)
	return d.out
}

const (
	// maxEdits is how many lines a part may differ by to be compared exactly.
	maxEdits = 400
	// maxEffort bounds all exact comparisons of two texts together, in steps.
	maxEffort = 4 << 20
	// maxSplits bounds how often a part is split at lines that both have once.
	maxSplits = 64
)

type differ struct {
	a, b   []int
	out    []change
	effort int
}

// add takes a change behind those that are there, and joins what touches.
func (d *differ) add(c change) {
	if c.a0 == c.a1 && c.b0 == c.b1 {
		return
	}
	if n := len(d.out); n > 0 && d.out[n-1].a1 == c.a0 && d.out[n-1].b1 == c.b0 {
		d.out[n-1].a1, d.out[n-1].b1 = c.a1, c.b1
		return
	}
	d.out = append(d.out, c)
}

// compare finds the changes of one part: first by lines that both have once
// (patience), then exactly, and what is too different for that is one change.
func (d *differ) compare(a0, a1, b0, b1, depth int) {
	for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
		a0, b0 = a0+1, b0+1
	}
	for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
		a1, b1 = a1-1, b1-1
	}
	if a0 == a1 || b0 == b1 {
		d.add(change{a0, a1, b0, b1})
		return
	}
	if depth < maxSplits {
		if anchors := d.anchors(a0, a1, b0, b1); len(anchors) > 0 {
			for _, at := range anchors {
				d.compare(a0, at[0], b0, at[1], depth+1)
				a0, b0 = at[0]+1, at[1]+1
			}
			d.compare(a0, a1, b0, b1, depth+1)
			return
		}
	}
	if !d.exact(a0, a1, b0, b1) {
		d.add(change{a0, a1, b0, b1})
	}
}

// anchors are the lines that both parts have once and in the same order: the
// longest such row of them.
func (d *differ) anchors(a0, a1, b0, b1 int) [][2]int {
	type count struct{ a, b, at, to int }
	seen := map[int]count{}
	for i := a0; i < a1; i++ {
		c := seen[d.a[i]]
		seen[d.a[i]] = count{c.a + 1, 0, i, 0}
	}
	for i := b0; i < b1; i++ {
		if c, ok := seen[d.b[i]]; ok {
			seen[d.b[i]] = count{c.a, c.b + 1, c.at, i}
		}
	}
	var once [][2]int
	for _, c := range seen {
		if c.a == 1 && c.b == 1 {
			once = append(once, [2]int{c.at, c.to})
		}
	}
	slices.SortFunc(once, func(x, y [2]int) int { return cmp.Compare(x[0], y[0]) })
	return rising(once)
}

// rising is the longest row of pairs whose second numbers rise.
func rising(pairs [][2]int) [][2]int {
	var tops []int // of the rows of every length, the pair that ends lowest
	back := make([]int, len(pairs))
	for i, p := range pairs {
		n, _ := slices.BinarySearchFunc(tops, p[1], func(j, to int) int { return cmp.Compare(pairs[j][1], to) })
		back[i] = -1
		if n > 0 {
			back[i] = tops[n-1]
		}
		if n == len(tops) {
			tops = append(tops, i)
		} else {
			tops[n] = i
		}
	}
	out := make([][2]int, len(tops))
	if len(tops) == 0 {
		return out
	}
	for n, i := len(tops)-1, tops[len(tops)-1]; i >= 0; n, i = n-1, back[i] {
		out[n] = pairs[i]
	}
	return out
}

// exact finds the fewest changes of a part, by E. Myers' O(ND). It says false
// where they are too many.
func (d *differ) exact(a0, a1, b0, b1 int) bool {
	n, m := a1-a0, b1-b0
	limit := min(n+m, maxEdits)
	v := make([]int, 2*limit+2) // how far each diagonal got in a
	var trace [][]int
	for edits := 0; edits <= limit; edits++ {
		if d.effort -= edits + 1; d.effort < 0 {
			return false
		}
		trace = append(trace, slices.Clone(v[limit-edits:limit+edits+2]))
		for k := -edits; k <= edits; k += 2 {
			var x int
			if k == -edits || k != edits && v[limit+k-1] < v[limit+k+1] {
				x = v[limit+k+1]
			} else {
				x = v[limit+k-1] + 1
			}
			y := x - k
			for x < n && y < m && d.a[a0+x] == d.b[b0+y] {
				x, y, d.effort = x+1, y+1, d.effort-1
			}
			v[limit+k] = x
			if x >= n && y >= m {
				d.walk(trace, a0, a1, b0, b1)
				return true
			}
		}
	}
	return false
}

// walk goes the way of an exact comparison back and adds its changes.
func (d *differ) walk(trace [][]int, a0, a1, b0, b1 int) {
	x, y := a1-a0, b1-b0
	var all []change
	for edits := len(trace) - 1; edits > 0; edits-- {
		v, k := trace[edits], x-y // the diagonals before these edits; k stands at k+edits
		if k == -edits || k != edits && v[k-1+edits] < v[k+1+edits] {
			x = v[k+1+edits]
			y = x - (k + 1)
			all = append(all, change{a0 + x, a0 + x, b0 + y, b0 + y + 1})
		} else {
			x = v[k-1+edits]
			y = x - (k - 1)
			all = append(all, change{a0 + x, a0 + x + 1, b0 + y, b0 + y})
		}
	}
	for _, c := range slices.Backward(all) {
		d.add(c)
	}
}
