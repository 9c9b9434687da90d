package vt

// ScrollbackLen is how many rows have scrolled off and are kept, at the
// present width.
func (t *Terminal) ScrollbackLen() int { return t.hist.rows() }

// ScrollbackBytes is the memory that the scrollback holds.
func (t *Terminal) ScrollbackBytes() int {
	n := cap(t.hist.lines)*packedSize + cap(t.hist.spare)
	for _, c := range t.hist.chunks {
		n += cap(c)
	}
	return n
}

// ScrollbackFirst is the number of the oldest row kept, counted from the
// terminal's start at the present width: it grows when old rows go.
func (t *Terminal) ScrollbackFirst() uint64 {
	return t.hist.oldest()
}

// TrimScrollback forgets the oldest rows so that about keep are left (whole
// lines go), for whoever shares memory out among many terminals.
func (t *Terminal) TrimScrollback(keep int) {
	t.gen++
	if keep <= 0 {
		t.hist.drop(&t.hist.gone.Trimmed)
		return
	}
	t.hist.trim(keep, &t.hist.gone.Trimmed)
	t.hist.shrink()
}

// TrimBytes forgets the oldest rows until the scrollback holds about limit
// bytes.
func (t *Terminal) TrimBytes(limit int) {
	t.gen++
	h := &t.hist
	for h.kept() > limit && h.head+1 < len(h.lines) {
		h.dropOldest(&h.gone.Trimmed)
	}
	if h.kept() > limit {
		h.drop(&h.gone.Trimmed)
	}
	h.shrink()
}

// Bytes is about the memory that the whole terminal holds: a program can make
// its screen and its styles dear, too.
func (t *Terminal) Bytes() int {
	const styleSize, clusterSize = 64, 160 // with their share of the map
	n := t.ScrollbackBytes() + len(t.styles.list)*styleSize + len(t.clusters.list)*clusterSize
	for _, s := range []*screen{&t.main, &t.alt} {
		for _, r := range s.ring {
			n += cap(r.cells)*8 + len(r.line)
		}
	}
	return n + cap(t.parser.str) + cap(t.replies) + cap(t.scratch) + cap(t.found) + len(t.clip)
}

// Forgotten is how many rows have gone from the scrollback since the start, by
// what made them go, at the width they had then.
type Forgotten struct {
	Limit   uint64 // the scrollback was full
	Trimmed uint64 // by TrimScrollback and TrimBytes
	Cleared uint64 // by the program (ED 3)
}

// Forgotten tells of the rows that are no longer kept.
func (t *Terminal) Forgotten() Forgotten {
	f := t.hist.gone
	if !t.hist.empty() { // rows of a long line that goes only when all of it may
		f.Limit += t.hist.oldest() - t.hist.lines[t.hist.head].first
	}
	return f
}

// ScrollLine is row i of the scrollback, 0 the oldest, made like Line. It is
// not cached.
func (t *Terminal) ScrollLine(i int) string {
	n, ok := t.scrollNumber(i)
	if !ok {
		n = noRow
	}
	return t.Row(n, nil)
}

// ScrollPlain is row i of the scrollback without styles and trailing blanks.
func (t *Terminal) ScrollPlain(i int) string {
	n, ok := t.scrollNumber(i)
	if !ok {
		return ""
	}
	return t.RowPlain(n)
}

func (t *Terminal) scrollNumber(i int) (n uint64, ok bool) {
	return t.hist.oldest() + uint64(max(i, 0)), i >= 0 && i < t.hist.rows()
}
