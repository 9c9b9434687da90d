package views

import (
	"math"
	"slices"
	"strings"
)

// spark draws the last n figures in one row, scaled from 0 to top (the largest
// figure if top is 0). Figures that are missing are blank.
func (t *Theme) spark(v []float64, n int, top float64) string {
	if n <= 0 {
		return ""
	}
	if len(v) > n {
		v = v[len(v)-n:]
	}
	if top <= 0 {
		top = peak(v)
	}
	buf := make([]byte, 0, 3*n)
	for range n - len(v) {
		buf = append(buf, ' ')
	}
	levels := t.Glyphs.Levels
	for _, f := range v {
		if math.IsNaN(f) {
			buf = append(buf, ' ')
			continue
		}
		i := 0
		if top > 0 {
			i = int(f / top * float64(len(levels)))
		}
		buf = append(buf, levels[min(max(i, 0), len(levels)-1)]...)
	}
	return string(buf)
}

// peak is the largest figure of a history, 0 without any.
func peak(v []float64) float64 {
	top := 0.0
	for _, f := range v {
		if f > top { // false for NaN
			top = f
		}
	}
	return top
}

// known says whether a history holds a figure at all.
func known(v []float64) bool {
	return slices.ContainsFunc(v, func(f float64) bool { return !math.IsNaN(f) })
}

// meter draws a share of 0-1 in exactly n cells.
func (t *Theme) meter(share float64, n int) (full, free string) {
	if math.IsNaN(share) {
		share = 0
	}
	k := min(max(int(math.Round(share*float64(n))), 0), n)
	if k == 0 && share > 0 && n > 0 {
		k = 1
	}
	return strings.Repeat(t.Glyphs.Full, k), strings.Repeat(t.Glyphs.Free, n-k)
}

// graph draws a history in exactly w x h cells, the newest figure on the
// right, from 0 to top. With Unicode two figures share a cell and each row has
// four steps (braille); with ASCII one figure takes a column.
func (t *Theme) graph(v []float64, top float64, w, h int) []string {
	if w <= 0 || h <= 0 {
		return nil
	}
	if t.ASCII {
		return t.bars(v, top, w, h)
	}
	return braille(v, top, w, h)
}

// bars draws columns in eighths of a row, or in the steps of the ASCII set.
func (t *Theme) bars(v []float64, top float64, w, h int) []string {
	v, lead := tail(v, w)
	steps := len(t.Glyphs.Levels)
	rows := make([]string, h)
	for y := range rows {
		var b strings.Builder
		b.WriteString(blank(lead))
		for _, f := range v {
			b.WriteString(t.barCell(steps, height(f, top, h*steps), h-1-y))
		}
		rows[y] = b.String()
	}
	return rows
}

// barCell is the glyph of one cell of a bar of n steps in row from the bottom.
func (t *Theme) barCell(steps, n, row int) string {
	switch k := n - row*steps; {
	case k <= 0:
		return " "
	case k >= steps:
		return t.Glyphs.Levels[steps-1]
	default:
		return t.Glyphs.Levels[k-1]
	}
}

// tail gives the last n figures, and how many cells before them stay blank.
func tail(v []float64, n int) ([]float64, int) {
	if len(v) > n {
		v = v[len(v)-n:]
	}
	return v, n - len(v)
}

// height is a figure in steps of a scale of n steps: 0 only when it is missing
// or the scale has no height, at least 1 for what was read, so that zero shows
// as a base line.
func height(f, top float64, n int) int {
	if math.IsNaN(f) {
		return 0
	}
	if top <= 0 || f <= 0 {
		return 1
	}
	return min(max(int(math.Round(f/top*float64(n))), 1), n)
}

// braille dots of a cell's left and right column, filled from the bottom.
func brailleLeft(n int) rune  { return [...]rune{0, 0x40, 0x44, 0x46, 0x47}[min(max(n, 0), 4)] }
func brailleRight(n int) rune { return [...]rune{0, 0x80, 0xa0, 0xb0, 0xb8}[min(max(n, 0), 4)] }

func braille(v []float64, top float64, w, h int) []string {
	v, lead := tail(v, 2*w)
	at := func(i int) int {
		if i < lead {
			return 0
		}
		return height(v[i-lead], top, 4*h)
	}
	rows := make([]string, h)
	for y := range rows {
		base := 4 * (h - 1 - y)
		var b strings.Builder
		b.Grow(3 * w)
		for x := range w {
			dots := brailleLeft(at(2*x)-base) | brailleRight(at(2*x+1)-base)
			if dots == 0 {
				b.WriteByte(' ')
				continue
			}
			b.WriteRune(0x2800 + dots)
		}
		rows[y] = b.String()
	}
	return rows
}

// niceBytes rounds the top of a scale up to a power of two, so that a scale
// does not change with every figure.
func niceBytes(top float64) float64 {
	if !(top > 1024) { // NaN too
		return 1024
	}
	return math.Exp2(math.Ceil(math.Log2(top)))
}

// nice rounds the top of a scale of percent or counts up to 1, 2 or 5 times a
// power of ten, and to at least 10.
func nice(top float64) float64 {
	if !(top > 10) { // NaN too
		return 10
	}
	unit := math.Pow(10, math.Floor(math.Log10(top)))
	for _, f := range [...]float64{1, 2, 5} {
		if top <= f*unit {
			return f * unit
		}
	}
	return 10 * unit
}
