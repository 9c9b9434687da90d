package logfile

import (
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// lookBack is how far before a line without a time one with a time is looked for,
	// in bytes.
	lookBack = 1 << 20
	// maxTrail is how many steps are remembered in each direction, of two bytes each.
	maxTrail = 1 << 16
)

// Source is a log among several. Each may have a clock of its own: containers have
// their own zones.
type Source struct {
	File  *File
	Clock *Clock
}

// Merged is a line of one of several logs.
type Merged struct {
	Line
	Source int // of the slice that the merge was made with
	// Time is when it was written; of a line without a time, when the one before it
	// was. Zero = nothing before it says.
	Time time.Time
	Own  bool // the line says so itself
}

// Merge goes through the lines of several logs by time, in both directions. Equal
// times come in the order of the sources, and what nothing is known of comes first.
// Within a log the order is that of the file, whatever its times say: where they go
// back, the order with others depends on the direction. Whoever turns round sees the
// same lines again, though, for the last 65,536.
//
// It is for one goroutine and holds 128 KiB a source.
type Merge struct {
	sources []*stream
	behind  []uint16 // the sources of the lines that Prev gives again, the last one first
	ahead   []uint16 // of those that Next does
}

// NewMerge begins at one offset in each source.
func NewMerge(sources []Source, at []int64) (*Merge, error) {
	if len(at) != len(sources) || len(sources) > 1<<16 {
		return nil, fmt.Errorf("merge logs: %d sources, %d offsets", len(sources), len(at))
	}
	m := &Merge{}
	for i, s := range sources {
		m.sources = append(m.sources, &stream{c: s.File.Cursor(at[i]), clock: s.Clock})
	}
	return m, nil
}

// At are the offsets in the sources between what Prev gives and what Next gives.
func (m *Merge) At() []int64 {
	var out []int64
	for _, s := range m.sources {
		out = append(out, s.c.at)
	}
	return out
}

// Next gives the next line; io.EOF = there is none, as yet: then it asks all sources
// again. The text is good until the merge moves.
func (m *Merge) Next() (Merged, error) { return m.move(&m.ahead, &m.behind, false) }

// Prev gives the line before; io.EOF = there is none.
// The text is good until the merge moves.
func (m *Merge) Prev() (Merged, error) { return m.move(&m.behind, &m.ahead, true) }

// move makes a step: the one that a trail says, else that to the line which is next
// by time. It is written to the trail that leads back.
func (m *Merge) move(trail, done *[]uint16, back bool) (Merged, error) {
	if i := pop(trail); i >= 0 {
		got, err := m.step(i, back)
		if err == nil {
			*done = push(*done, i)
		}
		if !errors.Is(err, io.EOF) {
			return got, err
		}
		*trail = nil // the file was cut
	}
	best := -1
	var when time.Time
	for i, s := range m.sources {
		p, err := s.peek(back)
		if err != nil {
			return Merged{}, err
		}
		// The first of the earliest, and back the last of the latest.
		if p.have && (best < 0 || p.when.Before(when) != back) {
			best, when = i, p.when
		}
	}
	if best < 0 {
		for _, s := range m.sources {
			s.forget()
		}
		return Merged{}, io.EOF
	}
	got, err := m.step(best, back)
	if err == nil {
		*done = push(*done, best)
	}
	return got, err
}

// step gives a line of a source and goes to its other side.
func (m *Merge) step(i int, back bool) (Merged, error) {
	s := m.sources[i]
	p, err := s.peek(back)
	if err != nil {
		return Merged{}, err
	}
	s.forget()
	if !p.have {
		return Merged{}, io.EOF
	}
	s.c.stand(p.then)
	return Merged{Line: p.line, Source: i, Time: p.when, Own: p.own}, nil
}

func push(trail []uint16, i int) []uint16 {
	if len(trail) >= maxTrail {
		trail = trail[:copy(trail, trail[maxTrail/2:])]
	}
	return append(trail, uint16(i))
}

func pop(trail *[]uint16) int {
	n := len(*trail)
	if n == 0 {
		return -1
	}
	i := (*trail)[n-1]
	*trail = (*trail)[:n-1]
	return int(i)
}

// stream is a source that is merged.
type stream struct {
	c          *Cursor
	clock      *Clock
	head, tail peeked // what Next and Prev would give

	// Between from and to no line has a time but the one at from, which is when.
	from, to int64
	when     time.Time
}

// peeked is a line that was looked at and not given yet.
type peeked struct {
	known bool // it was looked at
	have  bool // there is one
	line  Line
	text  []byte // of it, in memory of its own
	when  time.Time
	own   bool
	then  place // behind it, in the direction of going
}

// forget makes what was looked at be looked at again.
func (s *stream) forget() { s.head.known, s.tail.known = false, false }

// peek looks at the line that a step would give, and goes nowhere.
func (s *stream) peek(back bool) (*peeked, error) {
	p := &s.head
	if back {
		p = &s.tail
	}
	if p.known {
		return p, nil
	}
	here := s.c.place
	defer s.c.stand(here)
	var l Line
	var err error
	if back {
		l, err = s.c.Prev()
	} else {
		l, err = s.c.Next()
	}
	p.known, p.have = true, false
	if errors.Is(err, io.EOF) {
		return p, nil
	}
	if err == nil {
		p.text = append(p.text[:0], l.Text...)
		l.Text = p.text
		p.have, p.line, p.then = true, l, s.c.place
		p.when, p.own, err = s.timeOf(&l)
	}
	p.known = err == nil
	return p, err
}

// timeOf is a line's own time, or that of the one before it.
func (s *stream) timeOf(l *Line) (when time.Time, own bool, err error) {
	if l.Cut&Continues == 0 {
		if when, own = s.clock.Time(l.Text); own {
			s.from, s.to, s.when = l.At, l.End, when
			return when, true, nil
		}
	}
	if l.At > s.from && l.At <= s.to {
		s.to = max(s.to, l.End)
		return s.when, false, nil
	}
	s.c.stand(place{at: l.At, sure: true})
	at, when := l.At, time.Time{}
	for at > max(0, l.At-lookBack) {
		before, err := s.c.Prev()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return when, false, err
		}
		at = before.At
		if before.Cut&Continues != 0 {
			continue
		}
		if t, ok := s.clock.Time(before.Text); ok {
			when = t
			break
		}
	}
	s.from, s.to, s.when = at-1, l.End, when
	if !when.IsZero() {
		s.from = at
	}
	return when, false, nil
}
