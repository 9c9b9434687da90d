package views

// span is clean text in a role.
type span struct {
	role Role
	text string
}

// piece is what belongs together in a row of figures: shown whole or not at all.
type piece struct {
	drop  int // rank: when room is short the lowest are kept; 0 = never dropped
	spans []span
}

func (p piece) width() int {
	n := 0
	for _, s := range p.spans {
		n += Width(s.text)
	}
	return n
}

// keep chooses the pieces that fit into w with between cells between them: all
// that are never dropped, then the others by their rank as long as there is room.
func keep(pieces []piece, w, between int) []piece {
	total, worst := -between, 0
	for _, p := range pieces {
		total += p.width() + between
		worst = max(worst, p.drop)
	}
	if total <= w {
		return pieces
	}
	chosen := make([]bool, len(pieces))
	used := -between
	for rank := 0; rank <= worst; rank++ {
		for i, p := range pieces {
			if n := p.width() + between; p.drop == rank && (rank == 0 || used+n <= w) {
				chosen[i] = true
				used += n
			}
		}
	}
	rest := make([]piece, 0, len(pieces))
	for i, p := range pieces {
		if chosen[i] {
			rest = append(rest, p)
		}
	}
	return rest
}

// addPieces writes what fits of the pieces.
func (l *line) addPieces(pieces []piece, between int) {
	for i, p := range keep(pieces, l.left(), between) {
		if i > 0 {
			l.gap(between)
		}
		for _, s := range p.spans {
			l.add(s.role, s.text)
		}
	}
}

// text is a piece of one role that may be dropped.
func text(drop int, r Role, s string) piece { return piece{drop, []span{{r, s}}} }

// figure is a dim name before a figure.
func figure(drop int, name string, r Role, s string) piece {
	return piece{drop, []span{{Dim, name + " "}, {r, s}}}
}
