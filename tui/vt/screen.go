package vt

// screen is a ring of rows: row 0 is ring[first].
type screen struct {
	ring  []*row
	first int
}

func (s *screen) init(cols, rows int) {
	s.ring, s.first = make([]*row, rows), 0
	for i := range s.ring {
		s.ring[i] = &row{cells: make([]cell, cols)}
	}
}

func (s *screen) index(y int) int {
	i := s.first + y
	if i >= len(s.ring) {
		i -= len(s.ring)
	}
	return i
}

func (s *screen) at(y int) *row { return s.ring[s.index(y)] }

// rotate moves rows [top,bot] up by one; the first becomes the last. The whole
// screen turns the ring, a region moves row pointers; no cell moves.
func (s *screen) rotate(top, bot int) *row {
	if top == 0 && bot == len(s.ring)-1 {
		r := s.ring[s.first]
		s.first = s.index(1 % len(s.ring))
		return r
	}
	r := s.at(top)
	for y := top; y < bot; y++ {
		s.ring[s.index(y)] = s.at(y + 1)
	}
	s.ring[s.index(bot)] = r
	return r
}

// rotateBack moves rows [top,bot] down by one; the last becomes the first.
func (s *screen) rotateBack(top, bot int) *row {
	if top == 0 && bot == len(s.ring)-1 {
		s.first = s.index(len(s.ring) - 1)
		return s.ring[s.first]
	}
	r := s.at(bot)
	for y := bot; y > top; y-- {
		s.ring[s.index(y)] = s.at(y - 1)
	}
	s.ring[s.index(top)] = r
	return r
}

// blankRow empties a row in the pen's background.
func (t *Terminal) blankRow(r *row) {
	t.cost += t.cols
	r.clear()
	if t.blankID != 0 {
		r.fill(0, t.cols, blank(t.blankID))
	}
	t.touch(r)
}

// scrollUp moves rows [top,bot] up by n. What leaves the top of the main
// screen goes to the scrollback.
func (t *Terminal) scrollUp(top, bot, n int) {
	n = clamp(n, 0, bot-top+1)
	keep := top == 0 && t.cur == &t.main
	for range n {
		if keep {
			t.hist.push(t, t.cur.at(0))
			t.hist.back++
		}
		t.blankRow(t.cur.rotate(top, bot))
	}
	if top > 0 || bot < t.rows-1 {
		t.cost += n * (bot - top)
	}
	t.moved(top, bot, n)
}

func (t *Terminal) scrollDown(top, bot, n int) {
	n = clamp(n, 0, bot-top+1)
	if n > 0 {
		t.cur.at(top).wrapped = false // as in tmux
	}
	for range n {
		t.blankRow(t.cur.rotateBack(top, bot))
	}
	t.cost += n * (bot - top)
	if n > 0 {
		t.cutAbove(top)
	}
	t.moved(top, bot, n)
}

// moved ends the wraps that a scrolled region has cut: a row above it no
// longer goes on in the row below.
func (t *Terminal) moved(top, bot, n int) {
	if n == 0 {
		return
	}
	if top > 0 {
		t.cur.at(top - 1).wrapped = false
	}
	if bot < t.rows-1 {
		t.cur.at(bot).wrapped = false
	}
}

// lineFeed goes one row down, scrolling at the bottom margin.
func (t *Terminal) lineFeed() {
	switch {
	case t.y == t.bot:
		t.scrollUp(t.top, t.bot, 1)
	case t.y < t.rows-1:
		t.y++
	}
}

// reverseLineFeed goes one row up, scrolling at the top margin.
func (t *Terminal) reverseLineFeed() {
	switch {
	case t.y == t.top:
		t.scrollDown(t.top, t.bot, 1)
	case t.y > 0:
		t.y--
	}
}

// erase blanks columns [x0,x1) of row y in the pen's background.
func (t *Terminal) erase(y, x0, x1 int) {
	x0, x1 = clamp(x0, 0, t.cols), clamp(x1, 0, t.cols)
	if x0 >= x1 {
		return
	}
	r := t.cur.at(y)
	r.mend(x0)
	r.mend(x1)
	r.fill(x0, x1, blank(t.blankID))
	if x1 == t.cols {
		if r.wrapped = false; x0 == 0 {
			t.cutAbove(y)
		}
	}
	t.touch(r)
}

func (t *Terminal) eraseRows(y0, y1 int) {
	for y := y0; y < y1; y++ {
		t.blankRow(t.cur.at(y))
	}
	if y0 < y1 {
		t.cutAbove(y0)
	}
}

// cutAbove ends the line that went on in row y.
func (t *Terminal) cutAbove(y int) {
	switch {
	case y > 0:
		t.cur.at(y - 1).wrapped = false
	case t.cur == &t.main:
		t.hist.endLine()
	}
}

// eraseDisplay is ED.
func (t *Terminal) eraseDisplay(how int) {
	switch how {
	case 0:
		if t.x == 0 && t.y == 0 {
			t.keepScreen()
		}
		t.erase(t.y, t.x, t.cols)
		t.eraseRows(t.y+1, t.rows)
	case 1:
		t.eraseRows(0, t.y)
		t.erase(t.y, 0, t.x+1)
	case 2:
		t.keepScreen()
		t.eraseRows(0, t.rows)
	case 3:
		t.hist.drop(&t.hist.gone.Cleared)
		t.gen++
	}
}

// keepScreen saves the main screen to the scrollback before it is cleared, so
// that clear(1) costs nothing that was not asked to go (ED 3 is).
func (t *Terminal) keepScreen() {
	if t.cur != &t.main {
		return
	}
	last := t.rows - 1
	for last >= 0 && t.cur.at(last).trimmed() == 0 {
		last--
	}
	for y := 0; y <= last; y++ {
		t.hist.push(t, t.cur.at(y))
	}
	t.hist.endLine()
	if last >= 0 {
		t.hist.back = 0
	}
}

// eraseLine is EL.
func (t *Terminal) eraseLine(how int) {
	switch how {
	case 0:
		t.erase(t.y, t.x, t.cols)
	case 1:
		t.erase(t.y, 0, t.x+1)
	case 2:
		t.erase(t.y, 0, t.cols)
	}
}

// insertChars is ICH: n blanks at the cursor, the rest of the row to the right.
func (t *Terminal) insertChars(n int) {
	x := min(t.x, t.cols)
	n = clamp(n, 0, t.cols-x)
	if n == 0 {
		return
	}
	r := t.cur.at(t.y)
	t.cost += t.cols
	r.mend(x)
	r.mend(t.cols - n)
	copy(r.cells[x+n:], r.cells[x:t.cols-n])
	r.used = max(r.used, min(r.used+n, t.cols))
	r.fill(x, x+n, blank(t.blankID))
	t.touch(r)
}

// deleteChars is DCH: n cells at the cursor go, the rest moves left.
func (t *Terminal) deleteChars(n int) {
	x := min(t.x, t.cols)
	n = clamp(n, 0, t.cols-x)
	if n == t.cols {
		t.erase(t.y, 0, n)
	}
	if n == 0 || n == t.cols {
		return
	}
	r := t.cur.at(t.y)
	t.cost += t.cols
	r.mend(x)
	r.mend(x + n)
	copy(r.cells[x:], r.cells[x+n:])
	if t.blankID != 0 {
		r.used = t.cols
	}
	r.fillTail(t.cols-n, blank(t.blankID))
	t.touch(r)
}

// fillTail sets the cells from x to the end of the row.
func (r *row) fillTail(x int, c cell) {
	if c == 0 {
		clear(r.cells[x:])
		r.used = min(r.used, x)
		return
	}
	r.fill(x, len(r.cells), c)
}

// insertLines is IL, deleteLines DL: inside the scroll region only.
func (t *Terminal) insertLines(n int) {
	if t.y >= t.top && t.y <= t.bot {
		t.scrollDown(t.y, t.bot, n)
	}
}

func (t *Terminal) deleteLines(n int) {
	if t.y < t.top || t.y > t.bot {
		return
	}
	n = clamp(n, 0, t.bot-t.y+1)
	for range n {
		t.blankRow(t.cur.rotate(t.y, t.bot))
	}
	t.cost += n * (t.bot - t.y)
	t.cutAbove(t.y)
	t.moved(t.y, t.bot, n)
}

// fillE is DECALN: the alignment pattern.
func (t *Terminal) fillE() {
	t.top, t.bot = 0, t.rows-1
	t.x, t.y = 0, 0
	t.cost += t.rows * t.cols
	for y := range t.rows {
		r := t.cur.at(y)
		if r.wide, r.used = false, t.cols; y == 0 {
			r.fill(0, t.cols, cell('E'))
		} else {
			copy(r.cells, t.cur.at(0).cells)
		}
		t.touch(r)
	}
}
