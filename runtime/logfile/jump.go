package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// nearby is how much of a file is read line by line when a moment is looked for, in
	// bytes.
	nearby = 64 << 10
	// attention is after how many lines a context is looked at.
	attention = 1024
)

// SeekTime gives where the first line begins that was written at a moment or later;
// the file's size, if all were before. A log's lines are mostly in order: where they
// are not, it is one of the places where they pass the moment. Lines without a time
// belong to the one before them. ErrNoTime = no line has one.
func (f *File) SeekTime(ctx context.Context, c *Clock, t time.Time) (int64, error) {
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	s := seeking{ctx: ctx, clock: c, lines: f.Cursor(0)}
	// Lines before lo are earlier. None with a time begins between hi and found.
	lo, hi, found := int64(0), size, size
	for hi-lo > nearby {
		mid := lo + (hi-lo)/2
		l, when, err := s.timed(mid, hi)
		switch {
		case errors.Is(err, io.EOF):
			hi = mid
		case err != nil:
			return 0, err
		case when.Before(t):
			lo = l.End
		default:
			hi, found = mid, l.At
		}
	}
	for lo < hi {
		l, when, err := s.timed(lo, hi)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if !when.Before(t) {
			return l.At, nil
		}
		lo = l.End
	}
	if !s.any {
		return 0, fmt.Errorf("seek %s in log: %w", t.Format(time.RFC3339), ErrNoTime)
	}
	return found, nil
}

// seeking is one search for a moment.
type seeking struct {
	ctx   context.Context
	clock *Clock
	lines *Cursor
	any   bool // a line with a time was seen
}

// timed is the first line with a time that begins between two offsets; io.EOF = none
// does.
func (s *seeking) timed(from, to int64) (Line, time.Time, error) {
	s.lines.stand(place{at: from, sure: from == 0})
	for n := 1; ; n++ {
		if n%attention == 0 && s.ctx.Err() != nil {
			return Line{}, time.Time{}, s.ctx.Err()
		}
		l, err := s.lines.Next()
		if err != nil {
			return l, time.Time{}, err
		}
		if l.At >= to {
			return l, time.Time{}, io.EOF
		}
		if l.At < from || l.Cut&Continues != 0 {
			continue
		}
		if when, ok := s.clock.Time(l.Text); ok {
			s.any = true
			return l, when, nil
		}
	}
}
