package trend

import (
	"math"
	"time"
)

// Spans are the times that can be looked at, the shortest first.
func Spans() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// Window is a stretch of time that is looked at, cut into cells of equal
// length. They are counted from the beginning, so that a cell is the same
// whenever it is looked at.
type Window struct {
	ring  int
	merge int           // cells of the ring to one of the window
	Step  time.Duration // the length of a cell
	First int           // the first cell
	Cells int           // how many there are
}

// Look gives the window of a span that ends with now, in at most so many cells.
// The last of them is not full yet.
func Look(span, now time.Duration, most int) Window {
	table := ringTable()
	w := Window{ring: rings - 1}
	for r := range table {
		if table[r].step*time.Duration(table[r].n-spare) >= span {
			w.ring = r
			break
		}
	}
	step := table[w.ring].step
	n := int(span / step)
	w.merge = max(1, (n+max(1, most)-1)/max(1, most))
	w.Step = step * time.Duration(w.merge)
	w.Cells = max(1, (n+w.merge-1)/w.merge)
	w.First = int((now-1)/w.Step) - w.Cells + 1 // now is the end of a cell, and begins none
	return w
}

// Cell gives the cell of an instant, and the nearest there is for one outside.
func (w Window) Cell(at time.Duration) int {
	return max(0, min(w.bin(at)-w.First, w.Cells-1))
}

// Holds says whether an instant is inside.
func (w Window) Holds(at time.Duration) bool {
	i := w.bin(at) - w.First
	return i >= 0 && i < w.Cells
}

// bin rounds down: there are no cells before the beginning.
func (w Window) bin(at time.Duration) int {
	return int(math.Floor(float64(at) / float64(w.Step)))
}

// Begin is the instant at which a cell begins.
func (w Window) Begin(i int) time.Duration { return time.Duration(w.First+i) * w.Step }

// Read appends the cells of a series to buf[:0], the oldest first. Several of
// the ring's are one by their means: each counts the same, but that which is
// being filled only by how much of it was read.
func (l *Line) Read(s Series, w Window, buf []Cell) []Cell {
	x := &l.table[w.ring]
	buf = buf[:0]
	for i := range w.Cells {
		first := int64(w.First+i) * int64(w.merge)
		if w.merge == 1 {
			buf = append(buf, l.cell(s, w.ring, x, int32(first)))
			continue
		}
		sum, known, c := 0.0, 0.0, Cell{math.MaxFloat64, 0, 0}
		for k := range int64(w.merge) {
			one := l.cell(s, w.ring, x, int32(first+k))
			if math.IsNaN(one.Mean) {
				continue
			}
			weight := l.weight(s, w.ring, x, int32(first+k))
			sum, known = sum+weight*one.Mean, known+weight
			c.Low, c.High = min(c.Low, one.Low), max(c.High, one.High)
		}
		if known == 0 {
			buf = append(buf, noCell())
			continue
		}
		c.Mean = sum / known
		buf = append(buf, c)
	}
	return buf
}
