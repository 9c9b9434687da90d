package logfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// settled is how long a log that was moved away has to be quiet for the empty
	// file in its place to be the log: its writer has both for a while.
	settled = 3 * time.Second
	// marked is how much of a file is remembered at its beginning and before what was
	// told, in bytes, to see that it was written anew.
	marked = 256
	// mostNext is how many files wait that have been at the log's place.
	mostNext = 8
)

// What is what has become of a log.
type What uint8

// A Change may be several of these.
const (
	Grown     What = 1 << iota // From and To are new
	Truncated                  // it was cut or written anew: From is 0, whatever is in it is new
	Rotated                    // another file is the log now; all of the old one was told
	Gone                       // there is no log in its place any more: Err says what is
	Back                       // there is one again
)

// Change is what a look has found; What = 0: nothing.
type Change struct {
	What     What
	File     *File // that From and To are offsets of
	From, To int64 // what was appended; a last line may be unended
	Old      *File // with Rotated: the file until now, which is the caller's from now on
	Err      error // with Gone
}

// Follower tells what becomes of a log. It keeps an offset and no lines: who asks
// seldom learns all of it later. It is for one goroutine.
type Follower struct {
	open   Opener
	f      *File
	at     int64  // told up to here
	head   []byte // what the file begins with
	tail   []byte // what stands before at
	stamp  int64  // when it was written to, as of the last look, in ns
	next   []*File
	since  time.Time // when f was moved away, or has grown after that
	gone   string    // why there is no log in its place; "" = there is
	now    func() time.Time
	closed bool
}

// Follow opens a log, which is to be told from an offset on: 0 = all of it,
// negative = what is appended from now on.
func Follow(open Opener, from int64) (*Follower, error) {
	f, err := Open(open)
	if err != nil {
		return nil, err
	}
	w := &Follower{open: open, f: f, now: time.Now}
	size, err := f.Size()
	if err == nil {
		w.at = size
		if from >= 0 {
			w.at = min(from, size)
		}
		err = w.mark()
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return w, nil
}

// File is what is followed now. It is closed with the Follower.
func (w *Follower) File() *File { return w.f }

// At is the offset up to which all was told.
func (w *Follower) At() int64 { return w.at }

// Close lets go of all files that were not handed over.
func (w *Follower) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.f.Close()
	for _, f := range w.next {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Look looks once and does not wait. Where it has found something there may be
// more: what a log was moved away with comes before what is in its place.
func (w *Follower) Look() (Change, error) {
	var c Change
	err := w.lookAtFile(&c)
	w.lookAtPlace(&c)
	if err == nil && c.What&(Grown|Truncated) == 0 && len(w.next) > 0 {
		err = w.rotate(&c)
	}
	c.File = w.f
	return c, err
}

// Wait looks every so often until there is something to tell.
func (w *Follower) Wait(ctx context.Context, every time.Duration) (Change, error) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		c, err := w.Look()
		if err != nil || c.What != 0 {
			return c, err
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-t.C:
		}
	}
}

// lookAtPlace sees whether the log's place holds another file than before.
func (w *Follower) lookAtPlace(c *Change) {
	f, err := Open(w.open)
	if err != nil {
		if why := err.Error(); why != w.gone {
			w.gone = why
			c.What |= Gone
			c.Err = err
		}
		return
	}
	if w.gone != "" {
		w.gone = ""
		c.What |= Back
	}
	last := w.f
	if len(w.next) > 0 {
		last = w.next[len(w.next)-1]
	}
	switch {
	case f.Same(last):
		_ = f.Close()
	case f.Same(w.f): // it was moved back
		for _, n := range w.next {
			_ = n.Close()
		}
		w.next = nil
		_ = f.Close()
	case len(w.next) >= mostNext:
		_ = f.Close() // it is still there when there is room
	default:
		if len(w.next) == 0 {
			w.since = w.now()
		}
		w.next = append(w.next, f)
	}
}

// lookAtFile sees what became of the file that is followed.
func (w *Follower) lookAtFile(c *Change) error {
	st, err := statOf(w.f.f)
	if err != nil {
		return fmt.Errorf("follow log: %w", err)
	}
	stamp := st.Mtim.Nano()
	if st.Size == w.at && stamp == w.stamp {
		return nil
	}
	anew := st.Size < w.at
	if !anew {
		if anew, err = w.anew(); err != nil {
			return err
		}
	}
	w.stamp = stamp
	if anew {
		w.at, w.head, w.tail = 0, nil, nil
		c.What |= Truncated
	}
	if st.Size > w.at {
		c.What |= Grown
		c.From, c.To = w.at, st.Size
		w.at = st.Size
		w.since = w.now()
	}
	return w.mark()
}

// anew says whether something else stands where something was read.
func (w *Follower) anew() (bool, error) {
	for _, mark := range []struct {
		text []byte
		at   int64
	}{{w.head, 0}, {w.tail, w.at - int64(len(w.tail))}} {
		var buf [marked]byte
		n, err := w.f.ReadAt(buf[:len(mark.text)], mark.at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if !bytes.Equal(buf[:n], mark.text) {
			return true, nil
		}
	}
	return false, nil
}

// mark remembers what the file begins with and what stands before at.
func (w *Follower) mark() error {
	read := func(mem []byte, at, n int64) ([]byte, error) {
		if cap(mem) < marked {
			mem = make([]byte, marked)
		}
		k, err := w.f.ReadAt(mem[:n], at)
		if errors.Is(err, io.EOF) { // it was cut just now: the next look sees that
			err = nil
		}
		return mem[:k], err
	}
	var err error
	if len(w.head) < marked {
		if w.head, err = read(w.head, 0, min(marked, w.at)); err != nil {
			return err
		}
	}
	n := min(marked, w.at)
	w.tail, err = read(w.tail, w.at-n, n)
	return err
}

// rotate goes to the next file, when the one before has come to its end: who has
// written to the new one writes no more to the old one.
func (w *Follower) rotate(c *Change) error {
	next := w.next[0]
	size, err := next.Size()
	if err != nil {
		return err
	}
	if size == 0 && len(w.next) == 1 && w.now().Sub(w.since) < settled {
		return nil
	}
	// Looked at once more, now that something stands in the new one.
	if end, err := w.f.Size(); err != nil || end != w.at {
		return err
	}
	c.What |= Rotated | Grown
	c.Old = w.f
	w.f, w.next = next, w.next[1:]
	w.head, w.tail = nil, nil
	c.From, c.To, w.at, w.stamp = 0, size, size, 0
	if size == 0 {
		c.What &^= Grown
	}
	return w.mark()
}
