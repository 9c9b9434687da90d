package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Cut says what of a line is not in a Line.
type Cut uint8

// A line may lack several.
const (
	Continues Cut = 1 << iota // what begins it stands before
	GoesOn                    // it was too long: more of it follows
	Unended                   // the file ends within it: more may be written
	Hole                      // nothing was ever written here: Text is empty and stands for zeros
)

// Line is a line of a log, or a piece of one.
type Line struct {
	At   int64  // offset of its first byte
	End  int64  // offset behind its last byte and its line end, where the next one begins
	Text []byte // without its line end, \n or \r\n. Foreign text: it may hold any bytes.
	Cut  Cut
}

// window is a part of a file in memory, as it was when it was read.
type window struct {
	f    *File
	mem  []byte
	buf  []byte // the part of mem that holds bytes of the file
	base int64  // offset of the first one
	back bool   // reading goes backward
}

func newWindow(f *File, room int) window { return window{f: f, mem: make([]byte, room)} }

// peek is what is in memory between two offsets, from the first one on.
func (w *window) peek(lo, hi int64) []byte {
	end := w.base + int64(len(w.buf))
	if lo < w.base || lo >= end || hi <= lo {
		return nil
	}
	return w.buf[lo-w.base : min(hi, end)-w.base]
}

// have reads what lies between two offsets, if it is not in memory. It gives less
// where the file ends before.
func (w *window) have(lo, hi int64) ([]byte, error) {
	room := int64(len(w.mem))
	hi = min(hi, lo+room)
	if b := w.peek(lo, hi); int64(len(b)) == hi-lo {
		return b, nil
	}
	from := lo
	if w.back {
		from = max(0, hi-room)
	}
	w.buf, w.base = nil, from
	n, err := w.f.ReadAt(w.mem, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	w.buf = w.mem[:n]
	return w.peek(lo, hi), nil
}

// start is where the line, or the piece of one, begins that holds the byte at an
// offset.
//
// A line is cut at multiples of grid that have no line end in the grid bytes before
// them. So lines below that are never cut, the first piece of one has less than
// twice as many bytes and all others that many, and to know all that takes MaxLine
// bytes before an offset.
func (w *window) start(at int64) (int64, error) {
	if at < 0 {
		return 0, fmt.Errorf("read log at %d: %w", at, io.EOF)
	}
	cell := at - at%grid
	if from := max(cell, w.base); from < at {
		if b := w.peek(from, at); int64(len(b)) == at-from {
			if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
				return from + int64(i) + 1, nil
			}
		}
	}
	lo := max(0, cell-grid)
	b, err := w.have(lo, at+1)
	if err != nil {
		return 0, err
	}
	if int64(len(b)) <= at-lo {
		return 0, io.EOF
	}
	if i := bytes.LastIndexByte(b[:at-lo], '\n'); i >= 0 {
		return lo + int64(i) + 1, nil
	}
	return cell, nil
}

// line is what begins at an offset that start gave. Its text is good until the
// window is used again.
func (w *window) line(at int64) (Line, error) {
	end := (at + 2*grid - 1) / grid * grid // where it is cut
	lo := max(0, at-1)
	b := w.peek(lo, end)
	i := -1
	if lo+int64(len(b)) > at {
		i = bytes.IndexByte(b[at-lo:], '\n')
	}
	if i < 0 && int64(len(b)) < end-lo {
		var err error
		if b, err = w.have(lo, end); err != nil {
			return Line{}, err
		}
		if lo+int64(len(b)) <= at {
			return Line{}, io.EOF
		}
		i = bytes.IndexByte(b[at-lo:], '\n')
	}
	l := Line{At: at, End: end}
	if at > 0 && at%grid == 0 && b[0] != '\n' {
		l.Cut |= Continues
	}
	b = b[at-lo:]
	switch {
	case i >= 0:
		l.End = at + int64(i) + 1
		b = b[:i]
		if i > 0 && b[i-1] == '\r' {
			b = b[:i-1]
		}
	case int64(len(b)) == end-at:
		l.Cut |= GoesOn
	default:
		l.End = at + int64(len(b))
		l.Cut |= Unended
	}
	l.Text = b[:len(b):len(b)]
	w.widen(&l)
	return l, nil
}

// widen makes a piece that lies in a hole as long as that: of a log that somebody
// cut whose writer does not append, most is one.
func (w *window) widen(l *Line) {
	if l.At%grid != 0 || len(l.Text) != grid || l.End != l.At+grid || l.Text[0] != 0 || l.Text[grid-1] != 0 {
		return
	}
	next, more := w.f.data(l.At)
	if !more {
		size, err := w.f.Size()
		if err != nil || size < l.End {
			return
		}
		l.End, l.Text = size, nil
		l.Cut = l.Cut&Continues | Hole | Unended
		return
	}
	if next -= next % grid; next >= l.End {
		l.End, l.Text = next, nil
		l.Cut |= Hole
	}
}

// widenBack does so towards the file's beginning.
func (w *window) widenBack(l *Line) error {
	if l.Cut&Hole == 0 || l.At == 0 {
		return nil
	}
	at := w.f.holeStart(l.At)
	if at >= l.At {
		return nil
	}
	start, err := w.start(at)
	if err != nil {
		return err
	}
	if start != at {
		at += grid // the cell is the end of a piece that begins before
	}
	if at >= l.At {
		return nil
	}
	l.At = at
	l.Cut &^= Continues
	if at > 0 {
		b, err := w.have(at-1, at)
		if err != nil {
			return err
		}
		if len(b) == 1 && b[0] != '\n' {
			l.Cut |= Continues
		}
	}
	return nil
}
