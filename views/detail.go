package views

// graphMax is how high a graph grows at most: more rows say nothing more.
const graphMax = 14

// Detail paints everything known of the selected container in exactly w x h
// cells: one card each for CPU, memory, network, I/O, tasks and pressure, and
// who it is below. With room, cards stand in columns with graphs under their
// figures; without, each is one row with a sparkline, and what does not fit is
// reached by Offset.
func (t *Theme) Detail(s *DetailState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	if s.Row == nil {
		return Fit([]string{t.row(Dim, "  no container is selected", w)}, w, h)
	}
	rows := t.detailRows(s, w, h)
	offset := min(max(s.Offset, 0), max(0, len(rows)-h))
	return exactly(rows[offset:], w, h)
}

// DetailHeight is how many rows the detail has at a size; more than h of them
// can be scrolled.
func (t *Theme) DetailHeight(s *DetailState, w, h int) int {
	if s.Row == nil || w <= 0 || h <= 0 {
		return 0
	}
	return len(t.detailRows(s, w, h))
}

// detailRows are all rows of the detail for a pane of w x h.
func (t *Theme) detailRows(s *DetailState, w, h int) []string {
	identity := t.identity(s, w)
	if !s.Row.C.State.Alive() && s.Row.Sample == nil {
		return append(identity, t.idle(s, w, h-len(identity))...) // graphs of nothing are noise
	}
	cards := t.cards(s)
	columns := 1
	switch {
	case w >= 150:
		columns = 3
	case w >= 76:
		columns = 2
	}
	lines := (len(cards) + columns - 1) / columns
	each := (h - min(len(identity), 5)) / lines
	if each < 4 { // a graph of one row says less than a sparkline
		return append(t.compact(cards, w, columns, each > 1), identity...)
	}
	graphH := min(each-2, graphMax)
	rows := make([]string, 0, h)
	colW := (w - 2*(columns-1)) / columns
	for i := 0; i < len(cards); i += columns {
		var blocks []Block
		for c := range columns {
			width := colW
			if c == columns-1 {
				width = w - c*(colW+2)
			}
			if c > 0 {
				blocks = append(blocks, exactly(nil, 2, graphH+2))
			}
			if i+c < len(cards) {
				blocks = append(blocks, t.card(&cards[i+c], width, graphH))
			} else {
				blocks = append(blocks, exactly(nil, width, graphH+2))
			}
		}
		rows = append(rows, Beside(blocks...)...)
	}
	if len(rows)+len(identity) < h {
		rows = append(rows, blank(w))
	}
	return append(rows, identity...)
}

// compact is one row a card, or two with what is behind the figures, in as
// many columns as were found to fit.
func (t *Theme) compact(cards []cardOf, w, columns int, more bool) []string {
	colW := (w - 2*(columns-1)) / columns
	var rows []string
	for i := 0; i < len(cards); i += columns {
		l, below := t.newLine(w), t.newLine(w)
		for c := 0; c < columns && i+c < len(cards); c++ {
			at, width := c*(colW+2), colW
			if c == columns-1 {
				width = w - at
			}
			card := cards[i+c]
			if more {
				below.to(at + 6)
				below.w = at + width
				below.addPieces(card.more, 2)
				below.w = w
				card.more = nil
			}
			l.to(at)
			t.compactCard(&l, &card, at+width)
		}
		rows = append(rows, l.String())
		if more {
			rows = append(rows, below.String())
		}
	}
	return rows
}

// compactCard writes one card up to column end.
func (t *Theme) compactCard(l *line, c *cardOf, end int) {
	whole, width, graph := l.w, end-l.used, 0
	if len(c.series) > 0 && width >= 36 {
		graph = min(10, width/4)
		// A graph may be shorter, a figure that is never dropped may not.
		need := 6
		for _, p := range c.figures {
			if p.drop == 0 {
				need += p.width() + 2
			}
		}
		if graph = min(graph, width-need+1); graph < 2 {
			graph = 0
		}
	}
	l.w = end
	l.field(Dim, c.title, 5, false)
	l.gap(1)
	if graph > 0 {
		l.w = end - graph - 1
	}
	l.addPieces(append(append([]piece{}, c.figures...), c.more...), 2)
	l.w = end
	if graph > 0 {
		l.to(end - graph)
		g := &c.series[0]
		l.raw(g.role, t.spark(g.v, graph, g.top), graph)
	}
	l.w = whole
}

// card paints a card: its figures, what is behind them, and its graphs.
func (t *Theme) card(c *cardOf, w, graphH int) Block {
	out := make(Block, 0, graphH+2)
	l := t.newLine(w)
	l.field(Strong, c.title, 5, false)
	l.gap(1)
	l.addPieces(c.figures, 2)
	out = append(out, l.String())
	l = t.newLine(w)
	l.gap(6)
	l.addPieces(c.more, 2)
	out = append(out, l.String())
	if graphH <= 0 {
		return out
	}
	blocks := make([]Block, 0, 2*len(c.series))
	n := len(c.series)
	if w < 12*n {
		n = 1
	}
	each := (w - (n - 1)) / n
	for i := range n {
		width := each
		if i == n-1 {
			width = w - i*(each+1)
		}
		if i > 0 {
			blocks = append(blocks, exactly(nil, 1, graphH))
		}
		blocks = append(blocks, t.scaled(&c.series[i], width, graphH))
	}
	return append(out, Beside(blocks...)...)
}

// scaled is a graph with its scale on the left: the top in the first row, the
// name in the last.
func (t *Theme) scaled(g *series, w, h int) Block {
	const scaleW = 6
	out := make(Block, h)
	if w < scaleW+4 {
		for y, row := range t.graph(g.v, g.top, w, h) {
			out[y] = t.Paint(g.role, row)
		}
		return out
	}
	rows := t.graph(g.v, g.top, w-scaleW, h)
	for y := range out {
		l := t.newLine(w)
		label := ""
		switch {
		case y == 0 && known(g.v):
			label = g.scale
		case y == h-1:
			label = g.name
		}
		l.field(Dim, label, scaleW-1, true)
		l.gap(1)
		l.raw(g.role, rows[y], w-scaleW)
		out[y] = l.String()
	}
	return out
}
