package logfile

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
)

// Match is where a pattern stands in a file.
type Match struct{ At, End int64 }

// block is how much is searched at once where the last match is wanted, in bytes.
const block = 16 << 10

// Find gives the first match that begins at an offset or behind it; ErrNoMatch =
// there is none. A literal is also found where a line is cut into pieces; a regular
// expression sees one piece. Holes are passed over.
//
// tell, if it is not nil, learns often where the search is.
func (f *File) Find(ctx context.Context, m *Matcher, from int64, tell func(at int64)) (Match, error) {
	s := newSearch(ctx, f, m, tell)
	return s.forward(max(0, from))
}

// FindBack gives the last match that begins before an offset; all else is as with
// Find.
func (f *File) FindBack(ctx context.Context, m *Matcher, before int64, tell func(at int64)) (Match, error) {
	s := newSearch(ctx, f, m, tell)
	size, err := f.Size()
	if err != nil {
		return Match{}, err
	}
	s.w.back = true
	return s.backward(min(before, size))
}

// search is one that goes on: it keeps what it has read and found.
type search struct {
	ctx    context.Context
	f      *File
	m      *Matcher
	w      window
	tell   func(at int64)
	sparse bool
	spots  []spot // of each needle
	seen   int64  // needles were looked for up to here; -1 = none yet
	told   int64  // where the last step was that was told of; -1 = none

	hits []int64 // places of needles in a block, in order
	low  int64   // where that begins; -1 = none was looked at
	high int64   // where it ends
}

// spot is what is known of a needle's next place: it stands nowhere between the last
// place asked for and at; real = it stands there.
type spot struct {
	at   int64
	real bool
}

func newSearch(ctx context.Context, f *File, m *Matcher, tell func(at int64)) *search {
	if tell == nil {
		tell = func(int64) {}
	}
	return &search{
		ctx: ctx, f: f, m: m, tell: tell, w: newWindow(f, searchRoom),
		sparse: f.sparse(), spots: make([]spot, len(m.needles)), seen: -1, told: -1, low: -1,
	}
}

func (s *search) forward(from int64) (Match, error) {
	if s.m.re == nil {
		return s.next(from)
	}
	at := from
	for sure := false; ; sure = true {
		l, err := s.lineAfter(at, sure)
		if err != nil {
			return Match{}, noMore(err)
		}
		if found, ok := s.first(&l, from); ok {
			return found, nil
		}
		at = l.End
	}
}

func (s *search) backward(before int64) (Match, error) {
	if s.m.re == nil {
		at, err := s.prev(before)
		return Match{at, at + int64(s.m.most)}, err
	}
	at := before
	for sure := false; ; sure = true {
		l, err := s.lineBefore(at, sure)
		if err != nil {
			return Match{}, noMore(err)
		}
		if found, ok := s.final(&l, before); ok {
			return found, nil
		}
		at = l.At
	}
}

// lineAfter is the next line that may match: of those from the one on that holds the
// byte at an offset; sure = one begins there.
func (s *search) lineAfter(at int64, sure bool) (Line, error) {
	if err := s.step(at); err != nil {
		return Line{}, err
	}
	if !sure {
		var err error
		if at, err = s.w.start(at); err != nil {
			return Line{}, err
		}
	}
	if len(s.m.needles) > 0 {
		hit, err := s.next(at)
		if err == nil {
			at, err = s.w.start(hit.At)
		}
		if err != nil {
			return Line{}, err
		}
	}
	return s.w.line(at)
}

// lineBefore is the last line that may match: of those that begin before an offset;
// sure = one ends there.
func (s *search) lineBefore(at int64, sure bool) (l Line, err error) {
	if at <= 0 {
		return l, ErrNoMatch
	}
	if err := s.step(at - 1); err != nil {
		return l, err
	}
	if len(s.m.needles) > 0 {
		if !sure { // the needle may stand behind at, in the line that holds it
			start, err := s.w.start(at - 1)
			if err != nil {
				return l, err
			}
			if l, err = s.w.line(start); err != nil {
				return l, err
			}
			at = max(at, l.End)
		}
		if at, err = s.prev(at); err != nil {
			return l, err
		}
		at++ // the line that holds its first byte
	}
	start, err := s.w.start(at - 1)
	if err != nil {
		return l, err
	}
	if l, err = s.w.line(start); err != nil {
		return l, err
	}
	return l, s.w.widenBack(&l)
}

// step looks whether a search that goes line by line is still wanted.
func (s *search) step(at int64) error {
	if s.told >= 0 && max(at-s.told, s.told-at) < searchRoom {
		return nil
	}
	return s.report(at)
}

// report tells where the search is; an error = it is not wanted any more.
func (s *search) report(at int64) error {
	s.told = at
	s.tell(at)
	return s.ctx.Err()
}

// first is the first match of a regular expression in a line that begins at an
// offset or behind it.
func (s *search) first(l *Line, from int64) (Match, bool) {
	if l.Cut&Hole != 0 || !s.m.holds(l.Text) {
		return Match{}, false
	}
	if l.At >= from {
		at := s.m.re.FindIndex(l.Text)
		if at == nil {
			return Match{}, false
		}
		return Match{l.At + int64(at[0]), l.At + int64(at[1])}, true
	}
	for _, at := range s.m.re.FindAllIndex(l.Text, -1) {
		if l.At+int64(at[0]) >= from {
			return Match{l.At + int64(at[0]), l.At + int64(at[1])}, true
		}
	}
	return Match{}, false
}

// final is the last one that begins before an offset.
func (s *search) final(l *Line, before int64) (found Match, ok bool) {
	if l.Cut&Hole != 0 || !s.m.Match(l.Text) {
		return Match{}, false
	}
	for _, at := range s.m.re.FindAllIndex(l.Text, -1) {
		if l.At+int64(at[0]) >= before {
			break
		}
		found, ok = Match{l.At + int64(at[0]), l.At + int64(at[1])}, true
	}
	return found, ok
}

// next is where a needle stands first, from an offset on.
func (s *search) next(at int64) (Match, error) {
	over := s.m.most - 1 // of a window's end, where not all of a needle may be in it
	for {
		b, ended := s.w.peek(at, math.MaxInt64), false
		if len(b) <= over {
			s.seen = at
			err := s.report(at)
			if err != nil {
				return Match{}, err
			}
			if at, err = s.overHole(at); err != nil {
				return Match{}, err
			}
			if b, err = s.w.have(at, at+searchRoom); err != nil {
				return Match{}, err
			}
			ended = len(b) < searchRoom
		}
		end := at + int64(len(b)) // no needle begins at end or behind it
		if !ended {
			end -= int64(over)
		}
		if hit, ok := s.nearest(b, at, end); ok {
			return hit, nil
		}
		if at = end; ended {
			s.seen = end
			return Match{}, ErrNoMatch
		}
	}
}

// nearest finds the first of the needles in a text that stands at an offset. None
// begins at end or behind it.
func (s *search) nearest(b []byte, at, end int64) (Match, bool) {
	best := -1
	for i := range s.spots {
		sp, n := &s.spots[i], &s.m.needles[i]
		if sp.at < at {
			*sp = spot{at: at}
		}
		if !sp.real && sp.at < end {
			part := b[sp.at-at : min(int64(len(b)), end-at+int64(n.size)-1)]
			if k := n.index(part); k >= 0 {
				sp.at, sp.real = sp.at+int64(k), true
			} else {
				sp.at = end
			}
		}
		if sp.real && (best < 0 || sp.at < s.spots[best].at) {
			best = i
		}
	}
	if best < 0 {
		return Match{}, false
	}
	from := s.spots[best].at
	return Match{from, from + int64(s.m.needles[best].size)}, true
}

// overHole is where the next thing stands that is no hole.
func (s *search) overHole(at int64) (int64, error) {
	if !s.sparse || s.m.zeros {
		return at, nil
	}
	next, more := s.f.data(at)
	if !more {
		return at, ErrNoMatch
	}
	return next, nil
}

// noMore makes the end of a file that shrank while it was searched the end of the
// search.
func noMore(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrNoMatch
	}
	return err
}

// prev is where a needle stands last, of the places before an offset.
func (s *search) prev(before int64) (int64, error) {
	for before > 0 {
		if s.low < 0 || before <= s.low || before > s.high {
			if err := s.look(&before); err != nil {
				return 0, err
			}
		}
		i, _ := slices.BinarySearch(s.hits, before)
		if i > 0 {
			return s.hits[i-1], nil
		}
		before = s.low
	}
	return 0, ErrNoMatch
}

// look finds all needles in the block that ends at an offset, or, where that is in a
// hole, before the hole.
func (s *search) look(before *int64) error {
	hi := *before
	lo := max(0, hi-block)
	end := hi + int64(s.m.most) - 1
	if len(s.w.peek(lo, end)) == 0 || s.w.peek(hi-1, hi) == nil {
		s.seen = hi
		if err := s.report(hi); err != nil {
			return err
		}
		if s.sparse && !s.m.zeros && lo > 0 && s.f.hole(lo, hi) {
			hi = s.f.holeStart(hi)
			*before = hi
			lo = max(0, hi-block)
			end = hi + int64(s.m.most) - 1
		}
	}
	s.hits, s.low, s.high = s.hits[:0], lo, hi
	if hi <= 0 {
		s.low = 0
		return nil
	}
	b, err := s.w.have(lo, end)
	if err != nil {
		return err
	}
	for i := range s.m.needles {
		s.m.needles[i].each(b, int(hi-lo), func(at int) { s.hits = append(s.hits, lo+int64(at)) })
	}
	slices.Sort(s.hits)
	return nil
}
