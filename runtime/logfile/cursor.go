package logfile

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// Cursor goes through the lines of a file, in both directions. It is for one
// goroutine, holds 128 KiB and reads what it gives shortly before.
type Cursor struct {
	w window
	place
}

// place is where a cursor stands.
type place struct {
	at   int64
	sure bool // a line begins there
	rest bool // what stands before it, of the same line, was given as unended
}

// Cursor stands at an offset: Next gives the line that holds its byte first, Prev
// the last one that begins before it.
func (f *File) Cursor(at int64) *Cursor {
	return &Cursor{w: newWindow(f, lineRoom), place: place{at: max(0, at), sure: at <= 0}}
}

// At is the offset between what Prev gives and what Next gives.
func (c *Cursor) At() int64 { return c.at }

// MoveTo goes to an offset and forgets what was read.
func (c *Cursor) MoveTo(at int64) {
	c.w.buf = nil
	c.place = place{at: max(0, at), sure: at <= 0}
}

// stand goes to a place, and reads nothing again that is in memory.
func (c *Cursor) stand(p place) { c.place = p }

// Next gives a line and goes behind it; io.EOF = there is none, as yet. Of a line
// that was given unended it gives what was written since, as one that Continues.
// The text is good until the cursor moves.
func (c *Cursor) Next() (Line, error) {
	c.w.back = false
	start, sure := c.at, c.sure
	if !sure {
		var err error
		if start, err = c.w.start(c.at); err != nil {
			return Line{}, err
		}
	}
	l, err := c.w.line(start)
	if err != nil {
		return Line{}, err
	}
	if l.End <= c.at && !sure { // it was cut or rewritten meanwhile
		return Line{}, io.EOF
	}
	if c.rest && start < c.at {
		l.Text = l.Text[min(int64(len(l.Text)), c.at-start):]
		l.At = c.at
		l.Cut |= Continues
	}
	c.place = place{at: l.End, sure: l.Cut&Unended == 0, rest: l.Cut&Unended != 0}
	return l, nil
}

// Prev gives a line and goes to its beginning; io.EOF = there is none.
// The text is good until the cursor moves.
func (c *Cursor) Prev() (Line, error) {
	c.w.back = true
	if c.at == 0 {
		return Line{}, io.EOF
	}
	start, err := c.w.start(c.at - 1)
	if errors.Is(err, io.EOF) { // the file was cut before it
		size, serr := c.w.f.Size()
		if serr != nil {
			return Line{}, serr
		}
		if size == 0 || size >= c.at {
			return Line{}, io.EOF
		}
		c.at = size
		start, err = c.w.start(c.at - 1)
	}
	if err != nil {
		return Line{}, err
	}
	l, err := c.w.line(start)
	if err != nil {
		return Line{}, err
	}
	if err := c.w.widenBack(&l); err != nil {
		return Line{}, err
	}
	c.place = place{at: l.At, sure: true}
	return l, nil
}

// batch are lines that are given at once, with a text of their own.
type batch struct {
	lines []Line
	bytes int
}

func (b *batch) add(l Line) {
	l.Text = bytes.Clone(l.Text)
	b.bytes += len(l.Text)
	b.lines = append(b.lines, l)
}

// full says whether so many lines are there, or as much text as is given at once.
func (b *batch) full(n int) bool { return len(b.lines) >= n || b.bytes >= maxBatch }

// reversed gives the lines in the other order.
func (b *batch) reversed() []Line {
	for i, j := 0, len(b.lines)-1; i < j; i, j = i+1, j-1 {
		b.lines[i], b.lines[j] = b.lines[j], b.lines[i]
	}
	return b.lines
}

// After gives lines from the one on that holds the byte at an offset, at most n. It
// gives fewer where the file ends, and where they have more than 4 MiB of text.
func (f *File) After(at int64, n int) ([]Line, error) {
	var b batch
	err := b.gather(n, f.Cursor(at).Next)
	return b.lines, err
}

// Before gives the last lines that begin before an offset, at most n, in the file's
// order. It gives fewer where the file begins, and where they have more than 4 MiB.
func (f *File) Before(at int64, n int) ([]Line, error) {
	var b batch
	err := b.gather(n, f.Cursor(at).Prev)
	return b.reversed(), err
}

// gather adds lines, at most so many in all.
func (b *batch) gather(n int, one func() (Line, error)) error {
	for !b.full(n) {
		l, err := one()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		b.add(l)
	}
	return nil
}

// Tally counts the lines behind an offset while a file grows.
type Tally struct {
	f        *File
	from, to int64
	ends     int64 // lines that end between them
	last     byte  // the one before to
	buf      []byte
}

// Tally begins at an offset with nothing.
func (f *File) Tally(from int64) *Tally { return &Tally{f: f, from: from, to: from} }

// Upto counts what lies between the beginning and an offset, and reads what was not
// counted before. A last line without an end counts too.
func (t *Tally) Upto(ctx context.Context, to int64) (lines int64, err error) {
	if t.buf == nil {
		t.buf = make([]byte, searchRoom)
	}
	sparse := t.f.sparse()
	for t.to < to {
		if err := ctx.Err(); err != nil {
			return t.lines(), err
		}
		if sparse {
			if next, more := t.f.data(t.to); more && next > t.to {
				t.to, t.last = min(next, to), 0
				continue
			}
		}
		n, err := t.f.ReadAt(t.buf[:min(int64(len(t.buf)), to-t.to)], t.to)
		if n > 0 {
			t.ends += int64(bytes.Count(t.buf[:n], []byte{'\n'}))
			t.last = t.buf[n-1]
			t.to += int64(n)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t.lines(), err
		}
	}
	return t.lines(), nil
}

func (t *Tally) lines() int64 {
	if t.to > t.from && t.last != '\n' {
		return t.ends + 1
	}
	return t.ends
}
