package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Why a recording ended by itself.
var (
	ErrSlow  = errors.New("the disk does not keep up with the output")
	ErrLimit = errors.New("the recording has reached its size limit")
)

const (
	// DefaultLimit is how large a recording may become.
	DefaultLimit = 1 << 30
	// queueLimit is how much output may wait for the disk.
	queueLimit = 4 << 20
	// eventCost is what a waiting event counts for beside its bytes, so that
	// many small ones are bounded too.
	eventCost = 32
	// flushBytes is how much is written in one go.
	flushBytes = 64 << 10
	// flushEvery is how long output may stay out of the file.
	flushEvery = time.Second
)

// Options are what a recording begins with.
type Options struct {
	Cols, Rows  int
	Title       string
	Term, Shell string           // env of the header; "" = left out
	Limit       int64            // bytes; 0 = DefaultLimit
	Now         func() time.Time // its readings should be monotonic; nil = time.Now
}

// Cast is a recording that is going on. Output and Resize may be called from
// any goroutine and never wait for the disk; one goroutine of the recording
// encodes and writes.
type Cast struct {
	now   func() time.Time
	start time.Time

	mu      sync.Mutex
	waiting batch
	held    int   // cost of what is waiting or being encoded
	err     error // why it ended by itself, or what went wrong at the end
	over    bool  // takes nothing more

	wake  chan struct{} // one slot: something is waiting, or it is over
	done  chan struct{}
	size  atomic.Int64 // bytes in the file
	out   io.WriteCloser
	limit int64
	enc   encoder
	line  []byte // encoded, not written yet: whole lines
}

// batch are events in order; their bytes lie one after another in text.
type batch struct {
	events []event
	text   []byte
}

type event struct {
	at         time.Duration
	bytes      int // output
	cols, rows int // 0 = not a resize
}

func (b *batch) reset() {
	// A burst must not stay in memory for as long as the recording runs.
	if cap(b.text) > 4*flushBytes {
		b.text = nil
	}
	if cap(b.events) > flushBytes/eventCost {
		b.events = nil
	}
	b.events, b.text = b.events[:0], b.text[:0]
}

// Start begins a recording, which closes out at its end. Time counts from now.
func Start(out io.WriteCloser, o Options) *Cast {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	c := &Cast{
		now: o.Now, start: o.Now(), out: out, limit: o.Limit,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	c.enc.cols, c.enc.rows = max(1, o.Cols), max(1, o.Rows)
	header := c.enc.header(&o, c.start)
	c.spawn(func() { c.run(header) })
	return c
}

// Output records what the program inside has written. It copies p.
func (c *Cast) Output(p []byte) {
	if len(p) > 0 {
		c.add(event{bytes: len(p)}, p)
	}
}

// Resize records a new size of the terminal.
func (c *Cast) Resize(cols, rows int) {
	c.add(event{cols: max(1, cols), rows: max(1, rows)}, nil)
}

func (c *Cast) add(e event, p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	if c.held+len(p)+eventCost > queueLimit {
		c.over, c.err = true, fmt.Errorf("recording: %w", ErrSlow)
		c.signal()
		return
	}
	// Under the lock, so that the order of events is that of their times.
	e.at = c.now().Sub(c.start)
	c.waiting.events = append(c.waiting.events, e)
	c.waiting.text = append(c.waiting.text, p...)
	c.held += len(p) + eventCost
	c.signal()
}

func (c *Cast) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Stop ends the recording without waiting for the disk; Done tells when the
// file is complete.
func (c *Cast) Stop() {
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.signal()
}

// Close ends the recording, waits until the file is complete, and gives what
// went wrong since the start.
func (c *Cast) Close() error {
	c.Stop()
	<-c.done
	return c.Failed()
}

// Done is closed when the file is complete and closed, also after a failure.
func (c *Cast) Done() <-chan struct{} { return c.done }

// Failed says why the recording ended by itself or is not complete; nil = it
// is going on, or ended as it should.
func (c *Cast) Failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Written is how many bytes are in the file.
func (c *Cast) Written() int64 { return c.size.Load() }

// spawn starts the goroutine of a recording. A panic ends the recording, not
// the program.
func (c *Cast) spawn(work func()) {
	go func() {
		defer close(c.done)
		defer func() {
			if err := c.out.Close(); err != nil {
				c.fail(err)
			}
		}()
		defer func() {
			if cause := recover(); cause != nil {
				c.fail(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
			}
		}()
		work()
	}()
}

// fail ends the recording; the first reason stays.
func (c *Cast) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.err == nil {
		c.err = fmt.Errorf("recording: %w", err)
	}
}

// run writes until the end.
func (c *Cast) run(header []byte) {
	c.line = append(c.line, header...)
	if err := c.flush(); err != nil { // at once: a full disk shows now
		c.fail(err)
		return
	}
	var spare batch
	var due <-chan time.Time // nil = all that came is in the file
	for over := false; !over; {
		if due == nil && len(c.line) > 0 {
			due = time.After(flushEvery)
		}
		select {
		case <-c.wake:
		case <-due:
			due = nil
			if err := c.flush(); err != nil {
				c.fail(err)
				return
			}
			continue
		}
		c.mu.Lock()
		work := c.waiting
		c.waiting, over = spare, c.over
		c.mu.Unlock()
		err := c.encode(&work)
		if err == nil && over {
			err = c.end()
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.mu.Lock()
		c.held -= len(work.text) + len(work.events)*eventCost
		c.mu.Unlock()
		work.reset()
		spare = work
	}
}

// encode turns events into lines and writes full buffers.
func (c *Cast) encode(b *batch) error {
	text := b.text
	for i := range b.events {
		e := &b.events[i]
		mark := len(c.line)
		if e.cols > 0 {
			c.line = c.enc.resize(c.line, e)
		} else {
			c.line = c.enc.output(c.line, e.at, text[:e.bytes])
			text = text[e.bytes:]
		}
		if err := c.fits(mark); err != nil {
			return err
		}
		if len(c.line) >= flushBytes {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// end writes what was kept back.
func (c *Cast) end() error {
	mark := len(c.line)
	c.line = c.enc.rest(c.line)
	if err := c.fits(mark); err != nil {
		return err
	}
	return c.flush()
}

// fits takes the last event back if the file would become larger than it may.
func (c *Cast) fits(mark int) error {
	if c.size.Load()+int64(len(c.line)) <= c.limit {
		return nil
	}
	c.line = c.line[:mark]
	if err := c.flush(); err != nil {
		return err
	}
	return fmt.Errorf("%w of %d bytes", ErrLimit, c.limit)
}

// flush writes the lines that are ready. After a failure the file ends with
// the last whole line, so that players still take it.
func (c *Cast) flush() error {
	if len(c.line) == 0 {
		return nil
	}
	n, err := c.out.Write(c.line)
	size := c.size.Add(int64(n))
	if err == nil {
		c.line = c.line[:0]
		if cap(c.line) > 4*flushBytes {
			c.line = nil
		}
		return nil
	}
	whole := n
	for whole > 0 && c.line[whole-1] != '\n' {
		whole--
	}
	if f, ok := c.out.(*os.File); ok && whole < n {
		size -= int64(n - whole)
		if f.Truncate(size) == nil { // a device has no size: there it is as it is
			c.size.Store(size)
		}
	}
	return err
}
