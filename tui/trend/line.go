package trend

import (
	"math"
	"slices"
	"time"
)

// Series names what is remembered.
type Series uint8

// The series. Rates are a second.
const (
	CPU         Series = iota // percent of one core; the host: of all its cores
	Memory                    // bytes of the working set; the host: used
	Read                      // bytes a second
	Write                     // bytes a second
	Rx                        // bytes a second
	Tx                        // bytes a second
	Pids                      // count
	StallCPU                  // percent of the time some task waited (PSI)
	StallMemory               // the same
	StallIO                   // the same
	Count                     // how many series there are
)

// ring is one length of cells: how long each is, and how many are kept.
type ring struct {
	step  time.Duration
	n     int
	width int // figures a cell: the mean, or mean, lowest and highest
	from  int // how many figures a series has in finer rings
}

// A ring keeps a few cells more than its span needs: the newest is not full.
const (
	spare = 4
	fine  = 300 + spare
	rings = 5
	cells = fine + 3*(180+120+180+144+4*spare) // figures a series
)

// ringTable are the rings of a series, the finest first.
func ringTable() [rings]ring {
	t := [rings]ring{
		{step: time.Second, n: fine, width: 1},
		{step: 5 * time.Second, n: 180 + spare, width: 3},
		{step: 30 * time.Second, n: 120 + spare, width: 3},
		{step: 2 * time.Minute, n: 180 + spare, width: 3},
		{step: 10 * time.Minute, n: 144 + spare, width: 3},
	}
	for i := 1; i < rings; i++ {
		t[i].from = t[i-1].from + t[i-1].n*t[i-1].width
	}
	return t
}

// open is the cell of a ring that is being filled.
type open struct {
	sum    float64 // of figures by the seconds they held
	secs   float64 // how much of the cell was read
	lo, hi float32
	bin    int32 // which cell it is, counted from the beginning; none = nothing was added
}

const none = math.MinInt32

// Cell is what is known of one stretch of time. Mean is NaN where nothing was
// read.
type Cell struct{ Low, Mean, High float64 }

// noCell is one of which nothing is known.
func noCell() Cell { return Cell{math.NaN(), math.NaN(), math.NaN()} }

// Line is what is remembered of one container, or of the host.
type Line struct {
	table    *[rings]ring
	identity string // of the container; "" = not known
	renamed  bool   // it has another name, and perhaps another identity, than was listed
	dir      string // tells the directory of its lxcpath from others; "" = not known
	gone     bool   // it was not in the last listing that could tell
	goneAt   time.Duration
	initPID  int
	torn     bool            // there was a gap since the last Full reading
	starts   []time.Duration // when it was seen to run anew, the oldest first
	lost     time.Duration   // the newest of those that were let go; 0 = none was
	cells    []uint16        // Count series of cells; nil = it was let go
	back     []byte          // the mapping that holds them; nil = the heap does
	open     [Count][rings]open
}

const (
	// mostStarts is how many starts a line remembers.
	mostStarts = 32
	// startsApart is how far they are apart at least.
	startsApart = 10 * time.Second
)

// newLine makes an empty one.
func newLine(table *[rings]ring) *Line {
	l := &Line{table: table}
	l.cells, l.back = newCells(int(Count) * cells)
	l.clear()
	return l
}

func (l *Line) clear() {
	for s := range l.open {
		for r := range l.open[s] {
			l.open[s][r].bin = none
		}
	}
}

// Copy is the line as it is now: nothing is added to it any more.
func (l *Line) Copy() *Line {
	c := *l
	c.cells, c.back = slices.Clone(l.cells), nil
	c.starts = slices.Clone(l.starts)
	return &c
}

// Gone says whether the last listing that could tell did not hold the container.
func (l *Line) Gone() bool { return l.gone }

// Starts are the instants at which the container was seen to run anew, the
// oldest first: another init than before. One within ten seconds of a mark has
// none of its own.
func (l *Line) Starts() []time.Duration { return l.starts }

// LostStart is the newest start that Starts holds no more, for want of room.
func (l *Line) LostStart() (at time.Duration, ok bool) { return l.lost, l.lost > 0 }

// add takes a figure that held from one instant to a later one. What is older
// than was added before is left out.
func (l *Line) add(s Series, from, to time.Duration, f float64) {
	if l.cells == nil || to <= from || math.IsNaN(f) || to < 0 {
		return
	}
	f = max(f, 0)
	for r := range l.table {
		l.addTo(s, r, &l.table[r], max(from, 0), to, f)
	}
}

func (l *Line) addTo(s Series, r int, x *ring, from, to time.Duration, f float64) {
	o := &l.open[s][r]
	// Most readings lie in the cell that is open: there is nothing to divide.
	if begin := time.Duration(o.bin) * x.step; o.bin != none && from >= begin && to <= begin+x.step {
		o.take(f, (to - from).Seconds())
		return
	}
	// The end belongs to the cell before: an instant on the border begins none.
	end := int32((to - 1) / x.step)
	for bin := max(int32(from/x.step), end-int32(x.n)+1); bin <= end; bin++ {
		if bin < o.bin {
			continue
		}
		if bin != o.bin {
			l.shut(s, r, x)
			l.skip(s, x, o.bin, bin)
			*o = open{bin: bin, lo: math.MaxFloat32}
		}
		begin := max(from, time.Duration(bin)*x.step)
		o.take(f, (min(to, time.Duration(bin+1)*x.step) - begin).Seconds())
	}
}

// take adds a figure that held for so many seconds.
func (o *open) take(f, secs float64) {
	o.sum += f * secs
	o.secs += secs
	o.lo, o.hi = min(o.lo, float32(f)), max(o.hi, float32(f))
}

// shut writes the open cell down.
func (l *Line) shut(s Series, r int, x *ring) {
	o := &l.open[s][r]
	if o.bin == none || o.secs <= 0 {
		return
	}
	at := l.place(s, x, o.bin)
	l.cells[at] = pack(o.sum / o.secs)
	if x.width == 3 {
		l.cells[at+1], l.cells[at+2] = pack(float64(o.lo)), pack(float64(o.hi))
	}
}

// skip makes gaps of the cells between two, and of the second: it holds what is
// as old as the ring is long. Before the first there is nothing but gaps, whose
// pages are better not touched.
func (l *Line) skip(s Series, x *ring, last, next int32) {
	if last == none {
		return
	}
	if next-last > int32(x.n) {
		last = next - int32(x.n)
	}
	for bin := last + 1; bin <= next; bin++ {
		at := l.place(s, x, bin)
		clear(l.cells[at : at+x.width])
	}
}

// place is where the figures of a cell begin: beside those of the other series,
// so that what is written at a time lies in few pages.
func (l *Line) place(s Series, x *ring, bin int32) int {
	i := int(bin) % x.n
	if i < 0 {
		i += x.n
	}
	return int(Count)*x.from + (i*int(Count)+int(s))*x.width
}

// cell reads one, also that which is being filled.
func (l *Line) cell(s Series, r int, x *ring, bin int32) Cell {
	o := &l.open[s][r]
	switch {
	case l.cells == nil || o.bin == none || bin < 0 || bin > o.bin || bin <= o.bin-int32(x.n):
		return noCell()
	case bin == o.bin:
		return Cell{float64(o.lo), o.sum / o.secs, float64(o.hi)}
	}
	at := l.place(s, x, bin)
	mean := unpack(l.cells[at])
	if x.width == 1 || math.IsNaN(mean) {
		return Cell{mean, mean, mean}
	}
	// Rounded each for itself, they may have changed their order by one step.
	return Cell{min(unpack(l.cells[at+1]), mean), mean, max(unpack(l.cells[at+2]), mean)}
}

// weight is how much a cell of which something is known counts beside others.
func (l *Line) weight(s Series, r int, x *ring, bin int32) float64 {
	if o := &l.open[s][r]; bin == o.bin {
		return min(1, o.secs/x.step.Seconds())
	}
	return 1
}
