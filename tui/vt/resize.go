package vt

// Resize gives the screen another size, clamped to 1 and MaxCols by MaxRows.
// The main screen is wrapped anew and keeps the cursor's row in sight; the
// alternate one is cut or padded, its program paints it again.
func (t *Terminal) Resize(cols, rows int) {
	cols, rows = clamp(cols, 1, MaxCols), clamp(rows, 1, MaxRows)
	if cols == t.cols && rows == t.rows {
		return
	}
	if len(t.styles.list) > maxStyles/2 || len(t.clusters.list) > maxClusters/2 {
		t.collect()
	}
	t.starved = 1 // cells on their way between two screens are out of collect's sight
	x, y := &t.x, &t.y
	if t.cur == &t.alt {
		t.y = t.alt.setRows(rows, t.cols, t.y)
		for _, r := range t.alt.ring {
			r.resize(cols)
		}
		t.x = min(t.x, cols)
		x, y = &t.preAlt.x, &t.preAlt.y
	} else {
		t.alt = screen{}
	}
	*y = min(*y, len(t.main.ring)-1)
	*y = t.resizeRows(rows, *y)
	if cols != t.cols {
		*x, *y = t.reflow(cols, *x, *y)
	}
	t.cols, t.rows = cols, rows
	t.starved = 0
	t.resized()
}

// resized brings everything else into the new size.
func (t *Terminal) resized() {
	t.top, t.bot = 0, t.rows-1
	old := len(t.tabs)
	if t.cols < old {
		t.tabs = t.tabs[:t.cols]
	}
	for x := old; x < t.cols; x++ {
		t.tabs = append(t.tabs, x%8 == 0)
	}
	t.saved.x, t.saved.y = min(t.saved.x, t.cols), min(t.saved.y, t.rows-1)
	t.preAlt.x, t.preAlt.y = min(t.preAlt.x, t.cols), min(t.preAlt.y, t.rows-1)
	t.x, t.y = min(t.x, t.cols), min(t.y, t.rows-1)
	t.touchAll()
}

// unroll puts row 0 first in the ring.
func (s *screen) unroll() {
	if s.first == 0 {
		return
	}
	ring := make([]*row, 0, len(s.ring))
	ring = append(append(ring, s.ring[s.first:]...), s.ring[:s.first]...)
	s.ring, s.first = ring, 0
}

// setRows cuts rows below the cursor, then above it, or adds blank ones.
func (s *screen) setRows(rows, cols, y int) (newY int) {
	s.unroll()
	if cut := len(s.ring) - rows; cut > 0 {
		below := min(cut, len(s.ring)-1-y)
		s.ring = s.ring[:len(s.ring)-below]
		s.ring = s.ring[cut-below:]
		return y - (cut - below)
	}
	for len(s.ring) < rows {
		s.ring = append(s.ring, &row{cells: make([]cell, cols)})
	}
	return y
}

// resizeRows changes the main screen's height at the old width: rows below
// the cursor go first, then rows at the top move to the scrollback; a taller
// screen takes them back.
func (t *Terminal) resizeRows(rows, y int) (newY int) {
	m := &t.main
	m.unroll()
	old := len(m.ring)
	for range old - rows - (old - 1 - y) {
		t.hist.push(t, m.ring[0])
		t.hist.back++
		m.ring = m.ring[1:]
		y--
	}
	if rows > old {
		back := t.unscroll(min(rows-old, t.hist.back))
		t.hist.back -= len(back)
		m.ring = append(back, m.ring...)
		y += len(back)
	}
	return m.setRows(rows, t.cols, y)
}

// unscroll takes up to n rows back from the scrollback.
func (t *Terminal) unscroll(n int) []*row {
	var back []*row
	for len(back) < n && !t.hist.empty() {
		var line []cell
		open := t.hist.last().open
		t.hist.pop(t, func(g glyph) { line = t.appendCells(line, g) })
		rows := layout(line, t.hist.cols, open)
		spare := max(0, len(rows)-(n-len(back)))
		for _, r := range rows[:spare] {
			t.hist.push(t, r)
		}
		back = append(rows[spare:], back...)
		if spare > 0 {
			break
		}
	}
	return back
}

// appendCells adds a glyph as one or two cells.
func (t *Terminal) appendCells(cells []cell, g glyph) []cell {
	c := cell(g.r)
	if g.multi != "" {
		if id, ok := t.clusterID(cluster{g.multi, g.wide}); ok {
			c = cellCluster | cell(id)
		} else {
			c = cell([]rune(g.multi)[0])
		}
	}
	c = c.withStyle(t.styleID(g.style))
	if !g.wide {
		return append(cells, c)
	}
	return append(cells, c|cellWide, cellTail|cell(c.style())<<cellBits)
}

// layout wraps a line at cols. open says that the last row goes on below.
func layout(line []cell, cols int, open bool) []*row {
	var l layouter
	l.begin(cols, len(line))
	for i := 0; i < len(line); i++ {
		c, w := line[i], 1
		if c&cellWide != 0 && i+1 < len(line) && line[i+1]&cellTail != 0 {
			w = 2
		} else if c&(cellWide|cellTail) != 0 {
			c = blank(c.style())
		}
		if w > cols { // one column has no room for a wide character
			i++
			c, w = '?', 1
		}
		if l.x+w > cols {
			l.row.spaceOut(l.x)
			l.row.wrapped = true
			l.next()
		}
		l.row.cells[l.x] = c
		if w == 2 {
			i++
			l.row.cells[l.x+1] = line[i]
			l.row.wide = true
		}
		l.x += w
		l.row.used = l.x
	}
	if l.row.wrapped = open; open {
		l.row.spaceOut(l.x)
	}
	return l.rows
}

// layouter hands out rows. Their cells come from a common piece, so that a
// long line costs few allocations.
type layouter struct {
	cols int
	slab []cell
	rows []*row
	row  *row
	x    int
}

func (l *layouter) begin(cols, cells int) {
	l.cols = cols
	l.slab = make([]cell, (cells/cols+1)*cols)
	l.rows = make([]*row, 0, cells/cols+1)
	l.next()
}

func (l *layouter) next() {
	if len(l.slab) < l.cols {
		l.slab = make([]cell, 8*l.cols)
	}
	l.row = &row{cells: l.slab[:l.cols:l.cols]}
	l.slab = l.slab[l.cols:]
	l.rows = append(l.rows, l.row)
	l.x = 0
}

// spaceOut marks the cells from x on as not belonging to the line.
func (r *row) spaceOut(x int) {
	for ; x < len(r.cells); x++ {
		r.cells[x] = cellSpacer
		r.used = len(r.cells)
	}
}

// reflow wraps the main screen at another width and says where the cursor has
// gone. The line that the scrollback and the screen share comes back whole.
func (t *Terminal) reflow(cols, x, y int) (newX, newY int) {
	m := &t.main
	m.unroll()
	height := len(m.ring)
	var line []cell
	if !t.hist.empty() && t.hist.last().open {
		t.hist.pop(t, func(g glyph) { line = t.appendCells(line, g) })
	}
	t.hist.setCols(t, cols)
	var rows []*row
	for i, r := range m.ring {
		start := len(line)
		line = append(line, r.cells[:r.length()]...)
		if i == y {
			for len(line) < start+x {
				line = append(line, 0)
			}
			newX, newY = place(line, start+x, cols)
			newY += len(rows)
		}
		if !r.wrapped || i == height-1 {
			rows = append(rows, layout(line, cols, r.wrapped)...)
			line = line[:0]
		}
	}
	for len(rows) > height && len(rows)-1 > newY && rows[len(rows)-1].trimmed() == 0 {
		rows = rows[:len(rows)-1]
	}
	for len(rows) > height && newY > 0 {
		t.hist.push(t, rows[0])
		rows = rows[1:]
		newY--
	}
	rows = rows[:min(len(rows), height)]
	if back := t.unscroll(height - len(rows)); len(back) > 0 {
		rows = append(back, rows...)
		newY += len(back)
	}
	m.ring = rows
	return newX, m.setRows(height, cols, newY)
}

// place is where offset at of a line comes to lie when it is wrapped at cols.
// Behind the last cell of a full row the wrap is pending.
func place(line []cell, at, cols int) (x, y int) {
	for i := 0; i < at && i < len(line); i++ {
		w := 1
		if line[i]&cellWide != 0 && i+1 < len(line) && cols > 1 {
			w = 2
		}
		if x+w > cols {
			x = 0
			y++
		}
		x += w
		if line[i]&cellWide != 0 && i+1 < len(line) {
			i++
		}
	}
	if x == cols && at < len(line) {
		return 0, y + 1
	}
	return x, y
}
