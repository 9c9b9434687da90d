package vt

// history is the scrollback: whole lines, packed as UTF-8 with their styles
// spelled out, in chunks that are filled and freed in order. A line is kept
// as the program wrote it, not as it was wrapped, so that another width costs
// counting, not copying.
type history struct {
	limit  int // rows
	budget int // chunks
	cols   int

	lines []packed // lines[head:] are kept
	head  int
	next  uint64 // row number after the last row
	ended uint64 // lines that ended, ever: what Mark counts by
	lost  uint64 // cells of the first line kept that went before it
	back  int    // rows that a taller screen takes back: not those that were cleared
	end   Style  // at the end of the last line
	gone  Forgotten

	chunks [][]byte
	base   uint32 // number of chunks[0]
	spare  []byte
}

const packedSize = 40 // of packed, in bytes

// packed is one line of the history.
type packed struct {
	first uint64 // number of its first row, counted from the terminal's start
	chunk uint32
	off   uint32
	size  uint32
	cells uint32
	rows  uint32 // how many rows it takes at the present width
	tail  uint32 // columns used in the last of them
	open  bool   // the row below it, on the screen or in the next line, goes on with it
	wide  bool   // holds wide characters: its rows must be counted by unpacking
}

const (
	chunkSize = 64 << 10
	minChunks = 3
	minLines  = 1024
	rowBudget = 1100     // bytes a row may take on average before the oldest go early
	maxPacked = 12 << 10 // bytes of one line; longer ones are split

	noUnderlineAtAll Underline = 1<<8 - 1 // of no style: the end of the last line is not known
)

func (h *history) init(limit, cols int) {
	*h = history{limit: limit, cols: cols}
	h.budget = max(minChunks, limit*rowBudget/chunkSize)
}

func (h *history) last() *packed { return &h.lines[len(h.lines)-1] }

func (h *history) empty() bool { return h.head == len(h.lines) }

// oldest is the number of the first row that is shown: a long line may begin
// before it.
func (h *history) oldest() uint64 {
	if h.empty() {
		return h.next
	}
	first := h.lines[h.head].first
	if kept := uint64(h.limit); h.next-first > kept {
		return h.next - kept
	}
	return first
}

// rows is how many rows are kept.
func (h *history) rows() int { return int(h.next - h.oldest()) }

// trim forgets lines of which no row is among the last keep, and counts their
// rows.
func (h *history) trim(keep int, count *uint64) {
	for h.head+1 < len(h.lines) && h.next-h.lines[h.head+1].first >= uint64(keep) {
		h.dropOldest(count)
	}
}

// kept is the memory that the lines kept need, without room for more.
func (h *history) kept() int {
	return (len(h.lines)-h.head)*packedSize + len(h.chunks)*chunkSize
}

// shrink gives back the room that lines which are gone have left.
func (h *history) shrink() {
	h.spare = nil
	if n := len(h.lines) - h.head; cap(h.lines) > 2*n+minLines {
		h.lines = append(make([]packed, 0, n+minLines/2), h.lines[h.head:]...)
		h.head = 0
	}
}

// drop forgets everything.
func (h *history) drop(count *uint64) {
	*count += uint64(h.rows())
	h.lost, h.back = h.before(len(h.lines)), 0
	h.lines, h.head, h.chunks, h.spare = nil, 0, nil, nil
	h.base = 0
}

// before is how many cells of the line that lines[i] goes on with stand before
// it; len(lines) asks for what is on the screen.
func (h *history) before(i int) uint64 {
	var n uint64
	for i > h.head && h.lines[i-1].open {
		i--
		n += uint64(h.lines[i].cells)
	}
	if i == h.head {
		n += h.lost
	}
	return n
}

// endLine says that the last line does not go on.
func (h *history) endLine() {
	if !h.empty() && h.last().open {
		h.last().open = false
		h.ended++
	}
}

// push packs a row that leaves the screen. It becomes one row here: one that
// would run together with the row before it, since cells of a wrap were
// written over, starts a line.
func (h *history) push(t *Terminal, r *row) {
	if !r.wrapped {
		h.ended++
	}
	if h.limit == 0 {
		h.next++
		return
	}
	n := r.length()
	t.cost += 2 * n
	goesOn := !h.empty() && h.last().open
	if goesOn && !h.joins(r.cells[:n]) {
		h.endLine()
		goesOn = false
	}
	if !goesOn {
		h.end = Style{}
	}
	b, end := t.pack(t.scratch[:0], r.cells[:n], h.end)
	t.scratch, h.end = b, end
	if goesOn && int(h.last().size)+len(b) <= maxPacked {
		h.extend(b)
	} else {
		h.add(b)
	}
	l := h.last()
	l.cells += uint32(n)
	l.wide = l.wide || r.wide
	l.open = r.wrapped
	if l.rows, l.tail = max(l.rows, 1), l.tail+uint32(n); r.wide {
		l.tail -= uint32(n)
		l.rows, l.tail = h.advance(l, r.cells[:n])
	} else if over := int(l.tail) - h.cols; over > 0 { // it joined, so it has a row of its own
		l.rows++
		l.tail = uint32(over)
	}
	h.next = l.first + uint64(l.rows)
	h.trim(h.limit, &h.gone.Limit)
}

// joins says that cells after the last line are a row of their own.
func (h *history) joins(cells []cell) bool {
	if len(cells) == 0 {
		return false
	}
	w := 1
	if cells[0]&cellWide != 0 {
		w = min(2, h.cols)
	}
	return int(h.last().tail)+w > h.cols
}

// add starts a line with the bytes b.
func (h *history) add(b []byte) {
	c := h.room(len(b))
	off := len(*c)
	*c = append(*c, b...)
	h.lines = append(h.lines, packed{
		first: h.next, chunk: h.base + uint32(len(h.chunks)-1), off: uint32(off), size: uint32(len(b)),
	})
}

// extend appends to the last line, which lies at the end of the last chunk.
func (h *history) extend(b []byte) {
	l := h.last()
	old := h.bytes(l)
	if len(h.chunks[len(h.chunks)-1])+len(b) > chunkSize {
		c := h.room(len(old) + len(b))
		l = h.last()
		from := &h.chunks[l.chunk-h.base]
		*from = (*from)[:l.off]
		l.chunk, l.off = h.base+uint32(len(h.chunks)-1), uint32(len(*c))
		*c = append(*c, old...)
	}
	c := &h.chunks[len(h.chunks)-1]
	*c = append(*c, b...)
	l.size += uint32(len(b))
}

func (h *history) bytes(l *packed) []byte {
	return h.chunks[l.chunk-h.base][l.off : l.off+l.size]
}

// room gives the chunk that n more bytes go to.
func (h *history) room(n int) *[]byte {
	if k := len(h.chunks); k == 0 || len(h.chunks[k-1])+n > chunkSize {
		for len(h.chunks) >= h.budget && h.head < len(h.lines)-1 {
			h.dropOldest(&h.gone.Limit)
		}
		c := h.spare
		h.spare = nil
		if c == nil {
			c = make([]byte, 0, chunkSize)
		}
		h.chunks = append(h.chunks, c[:0])
	}
	return &h.chunks[len(h.chunks)-1]
}

// dropOldest forgets the first line and the chunks before the second.
func (h *history) dropOldest(count *uint64) {
	l := &h.lines[h.head]
	*count += uint64(l.rows)
	if h.lost += uint64(l.cells); !l.open {
		h.lost = 0
	}
	h.head++
	if h.head > len(h.lines)/2 && h.head >= minLines {
		h.lines = h.lines[:copy(h.lines, h.lines[h.head:])]
		h.head = 0
	}
	for len(h.chunks) > 1 && h.base < h.lines[h.head].chunk {
		h.spare = h.chunks[0]
		h.chunks = h.chunks[:copy(h.chunks, h.chunks[1:])]
		h.base++
	}
}

// advance is how many rows the last line takes at the present width with
// cells at its end, and how many columns of the last of them.
func (h *history) advance(l *packed, cells []cell) (rows, tail uint32) {
	f := folder{cols: h.cols, rows: int(max(l.rows, 1)), x: int(l.tail)}
	for _, c := range cells {
		switch {
		case c&cellWide != 0:
			f.add(2)
		case c&cellTail == 0:
			f.add(1)
		}
	}
	return uint32(f.rows), uint32(f.x)
}

// folder counts the rows of a line that is wrapped.
type folder struct{ cols, rows, x int }

func (f *folder) add(w int) {
	w = min(w, f.cols)
	if f.x+w > f.cols {
		f.rows++
		f.x = 0
	}
	f.x += w
}

// measure counts the rows of a line anew.
func (h *history) measure(t *Terminal, l *packed) {
	f := folder{cols: h.cols, rows: 1}
	if !l.wide {
		f.rows = max(1, (int(l.cells)+h.cols-1)/h.cols)
		f.x = int(l.cells) - (f.rows-1)*h.cols
	} else {
		t.unpack(h.bytes(l), func(g glyph) bool {
			f.add(g.width())
			return true
		})
	}
	l.rows, l.tail = uint32(f.rows), uint32(f.x)
}

// setCols counts all rows anew for another width.
func (h *history) setCols(t *Terminal, cols int) {
	h.cols = cols
	if h.empty() {
		return
	}
	at := h.lines[h.head].first
	for i := h.head; i < len(h.lines); i++ {
		l := &h.lines[i]
		h.measure(t, l)
		l.first = at
		at += uint64(l.rows)
	}
	h.next = at
	h.trim(h.limit, &h.gone.Limit)
}

// index is the line that row n, which is kept, is a part of.
func (h *history) index(n uint64) int {
	lo, hi := h.head, len(h.lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; h.lines[mid].first <= n {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// pop takes the last line out and gives its glyphs.
func (h *history) pop(t *Terminal, each func(glyph)) {
	l := h.last()
	t.unpack(h.bytes(l), func(g glyph) bool {
		each(g)
		return true
	})
	if h.next = l.first; !l.open {
		h.ended--
	}
	c := &h.chunks[len(h.chunks)-1]
	*c = (*c)[:l.off]
	h.lines = h.lines[:len(h.lines)-1]
	h.end = Style{Underline: noUnderlineAtAll}
	for k := len(h.chunks); k > 1 && len(h.chunks[k-1]) == 0; k-- {
		h.chunks = h.chunks[:k-1]
	}
}
