package logfile

import (
	"context"
	"errors"
	"io"
)

// Filter says which lines are shown. The zero Filter keeps all.
type Filter struct {
	In  []*Matcher             // a line has to match each of these
	Out []*Matcher             // and none of these
	Too func(line []byte) bool // and this has to agree; nil = it does
}

// Keep says whether a line is shown.
func (t *Filter) Keep(line []byte) bool {
	for _, m := range t.In {
		if !m.Match(line) {
			return false
		}
	}
	for _, m := range t.Out {
		if m.Match(line) {
			return false
		}
	}
	return t.Too == nil || t.Too(line)
}

// Selected are lines that a filter keeps.
type Selected struct {
	Lines []Line // in the file's order
	// Upto is how far was looked: to be gone on from, in the same direction. A line
	// that was unended comes again from its beginning when it has grown.
	Upto int64
	// Done: the file has no more of them in this direction, as yet.
	Done bool
}

// SelectAfter gives lines that a filter keeps, from the one on that holds the byte
// at an offset, at most n and 4 MiB of text. It stops when ctx ends: with what it
// has found, Upto and the error. tell is as with Find.
func (f *File) SelectAfter(ctx context.Context, t *Filter, at int64, n int, tell func(at int64)) (Selected, error) {
	s := selecting{t: t, search: newSearch(ctx, f, t.first(), tell), n: n}
	return s.after(max(0, at))
}

// SelectBefore does so with the last ones that begin before an offset.
func (f *File) SelectBefore(ctx context.Context, t *Filter, at int64, n int, tell func(at int64)) (Selected, error) {
	s := selecting{t: t, search: newSearch(ctx, f, t.first(), tell), n: n}
	size, err := f.Size()
	if err != nil {
		return Selected{Upto: at}, err
	}
	s.w.back = true
	return s.before(min(at, size))
}

// first is the matcher by whose needles lines are found; one without any = each line
// is looked at.
func (t *Filter) first() *Matcher {
	for _, m := range t.In {
		if len(m.needles) > 0 {
			return m
		}
	}
	return &Matcher{}
}

// selecting is one selection under way.
type selecting struct {
	*search
	t   *Filter
	n   int
	out batch
}

func (s *selecting) after(at int64) (Selected, error) {
	for sure := false; !s.out.full(s.n); sure = true {
		l, err := s.lineAfter(at, sure)
		if err != nil {
			return s.ended(s.out.lines, max(at, s.seen), err)
		}
		if s.t.Keep(l.Text) {
			s.out.add(l)
		}
		at = l.End
	}
	return Selected{Lines: s.out.lines, Upto: at}, nil
}

func (s *selecting) before(at int64) (Selected, error) {
	for sure := false; !s.out.full(s.n); sure = true {
		l, err := s.lineBefore(at, sure)
		if err != nil {
			if s.seen >= 0 {
				at = min(at, s.seen)
			}
			if errors.Is(err, ErrNoMatch) {
				at = 0
			}
			return s.ended(s.out.reversed(), at, err)
		}
		if s.t.Keep(l.Text) {
			s.out.add(l)
		}
		at = l.At
	}
	return Selected{Lines: s.out.reversed(), Upto: at}, nil
}

// ended is the result where nothing more was found.
func (s *selecting) ended(lines []Line, upto int64, err error) (Selected, error) {
	if errors.Is(err, io.EOF) || errors.Is(err, ErrNoMatch) {
		return Selected{Lines: lines, Upto: upto, Done: true}, nil
	}
	return Selected{Lines: lines, Upto: upto}, err
}
