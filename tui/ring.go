package tui

import "math"

// ringSize is how many ticks a graph can look back: five minutes at one
// second, and wider than two points a column of a 120-column pane.
const ringSize = 300

// ring keeps the newest ringSize figures of one series. Absent figures are
// NaN, so that a gap stays a gap. 32 bits are plenty for a graph and halve
// what two thousand containers cost.
type ring struct {
	v    [ringSize]float32
	next int // where the next figure goes
	n    int // how many there are
	all  int // how many there ever were
}

func (r *ring) push(v float64, ok bool) {
	if !ok {
		v = math.NaN()
	}
	r.v[r.next] = float32(v)
	r.next = (r.next + 1) % ringSize
	r.n = min(r.n+1, ringSize)
	r.all++
}

// means appends the means of the newest n groups of so many figures each to
// buf[:0], oldest first. A group counts when it is full, so that the result
// changes once a group and not with every figure; until the first one is full
// it is the mean of what there is.
func (r *ring) means(n, group int, buf []float64) []float64 {
	buf = buf[:0]
	if r.all < group {
		return append(buf, r.mean(0, r.n))
	}
	n = min(n, r.n/group)
	young := r.all % group
	for k := n; k > 0; k-- {
		from := young + (k-1)*group
		if from+group > r.n {
			continue
		}
		buf = append(buf, r.mean(from, group))
	}
	return buf
}

// mean is the mean of n figures, the newest of them age figures old. Absent
// ones do not count; without any it is absent.
func (r *ring) mean(age, n int) float64 {
	sum, known := 0.0, 0
	for i := range n {
		v := float64(r.v[(r.next-1-age-i+2*ringSize)%ringSize])
		if !math.IsNaN(v) {
			sum, known = sum+v, known+1
		}
	}
	if known == 0 {
		return math.NaN()
	}
	return sum / float64(known)
}
