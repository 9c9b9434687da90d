package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

const (
	// logEvery is how often a followed log is looked at.
	logEvery = 100 * time.Millisecond
	// logQuiet is for how long nothing comes of a stream that has given what was there
	// before; settleTime is how long that may take at most.
	logQuiet   = 500 * time.Millisecond
	settleTime = 5 * time.Second
	// logBatch is how many lines are printed at once.
	logBatch = 1000
	// awaitEvery is how often a log that is waited for is looked for.
	awaitEvery = time.Second
)

// logPrinter prints a log.
type logPrinter struct {
	d      *deck
	o      *logOptions
	log    *runtime.Log
	since  time.Time // zero = from the beginning
	filter logfile.Filter
	clean  bool  // for a terminal: no byte of a container's reaches it as it is
	at     int64 // all before it was printed
	holed  bool  // what was printed last was a hole
}

// run prints what is wanted, and follows.
func (p *logPrinter) run(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	w, err := logfile.Follow(p.log.Open, -1)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }() // only read from
	if p.at, err = p.begin(ctx, w.File(), w.At()); err != nil {
		return err
	}
	if err := p.upto(ctx, w.File(), w.At(), !p.o.follow); err != nil {
		return err
	}
	if !p.o.follow {
		if p.isCut(w) {
			return errCutMeanwhile
		}
		return p.ended()
	}
	return p.follow(ctx, w)
}

// errCutMeanwhile is said where less was printed than there was at the beginning.
var errCutMeanwhile = errors.New("it was cut while it was printed: what was printed is not all of it")

// isCut says whether a log that was printed to its end became shorter meanwhile, or
// was written anew.
func (p *logPrinter) isCut(w *logfile.Follower) bool {
	if p.at < w.At() {
		return true
	}
	c, err := w.Look()
	if c.Old != nil {
		_ = c.Old.Close() // only read from
	}
	return err == nil && c.What&logfile.Truncated != 0
}

// ended is why a stream ended; nil where it has given all, or is none.
func (p *logPrinter) ended() error {
	if p.log.Ended == nil {
		return nil
	}
	if why := p.log.Ended(); !errors.Is(why, io.EOF) {
		return why
	}
	return nil
}

// settle waits until a stream has given what was there before: to its end, if no more
// is wanted.
func (p *logPrinter) settle(ctx context.Context) error {
	if p.log.Ended == nil {
		return nil
	}
	tick := time.NewTicker(logEvery / 2)
	defer tick.Stop()
	began, size := time.Now(), int64(0)
	for changed := began; p.log.Ended() == nil; {
		f, err := logfile.Open(p.log.Open)
		if err != nil {
			return err
		}
		now, err := f.Size()
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		if now != size {
			size, changed = now, time.Now()
		}
		if p.o.follow && (size > 0 && time.Since(changed) > logQuiet || time.Since(began) > settleTime) {
			return nil
		}
		if err := p.rest(ctx, tick); err != nil {
			return err
		}
	}
	return nil
}

// begin is where in a file the first line begins that is wanted.
func (p *logPrinter) begin(ctx context.Context, f *logfile.File, size int64) (at int64, err error) {
	if !p.since.IsZero() {
		changed, err := f.Changed()
		if err != nil {
			return 0, err
		}
		at, err = f.SeekTime(ctx, &logfile.Clock{Zone: time.Local, Near: changed}, p.since)
		if err != nil && size > 0 {
			return 0, err
		}
	}
	if p.o.lines < 0 {
		return at, nil
	}
	last := size
	for left, to := p.o.lines, size; left > 0; {
		got, err := f.SelectBefore(ctx, &p.filter, to, min(left, logBatch), nil)
		if err != nil {
			return 0, err
		}
		for _, l := range slices.Backward(got.Lines) {
			if l.Cut&logfile.Hole == 0 && !endsPiece(&l) {
				last, left = l.At, left-1
			}
		}
		if got.Done || len(got.Lines) == 0 {
			break
		}
		to = got.Lines[0].At
	}
	return max(at, last), nil
}

// upto prints what a file has up to an offset; a line that has no end yet waits for
// that, unless it is the last that is printed.
func (p *logPrinter) upto(ctx context.Context, f *logfile.File, to int64, last bool) error {
	if !p.clean && len(p.filter.In) == 0 {
		return p.copy(ctx, f, to)
	}
	for p.at < to {
		got, err := f.SelectAfter(ctx, &p.filter, p.at, logBatch, nil)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		for i := range got.Lines {
			l := &got.Lines[i]
			if l.Cut&logfile.Unended != 0 && !last {
				break // it comes again
			}
			p.line(&out, l)
		}
		if out.Len() > 0 {
			if err := p.d.print(out.Bytes()); err != nil {
				return err
			}
		}
		p.at = max(p.at, got.Upto)
		if got.Done {
			return nil
		}
	}
	return nil
}

// copy prints the bytes as they are. Who wants lines gets no hole: nobody has written
// the gigabytes of zeros that are read there.
func (p *logPrinter) copy(ctx context.Context, f *logfile.File, to int64) error {
	for p.at < to {
		end := to
		if p.o.lines >= 0 || !p.since.IsZero() {
			from, upto := f.Data(p.at, to)
			if end = upto; from > p.at {
				var b [1]byte // the end of the line that the hole is
				if n, _ := f.ReadAt(b[:], from); from < to && n == 1 && b[0] == '\n' {
					from++
				}
				p.at = from
			}
		}
		n, err := f.Copy(ctx, p.d.Stdout, p.at, end)
		p.at += n
		if err != nil || p.at < end { // the file was cut
			return err
		}
	}
	return nil
}

// endsPiece says whether a line is the end of one that came in pieces, and no more.
func endsPiece(l *logfile.Line) bool { return l.Cut&logfile.Continues != 0 && len(l.Text) == 0 }

// line prints a line, or a piece of one.
func (p *logPrinter) line(out *bytes.Buffer, l *logfile.Line) {
	holed := p.holed
	p.holed = l.Cut&logfile.Hole != 0
	switch {
	case p.holed, endsPiece(l) && (holed || len(p.filter.In) > 0):
		return
	case p.clean:
		out.WriteString(views.Clean(string(l.Text)))
	default:
		out.Write(l.Text)
	}
	if l.Cut&logfile.GoesOn == 0 || len(p.filter.In) > 0 {
		out.WriteByte('\n')
	}
}

// follow prints what comes, until a stream ends or nobody wants more.
func (p *logPrinter) follow(ctx context.Context, w *logfile.Follower) error {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for {
		over := p.log.Ended != nil && p.log.Ended() != nil // before the look: it sees all that came by then
		c, err := w.Look()
		if err == nil {
			err = p.take(ctx, &c)
		}
		switch {
		case err != nil:
			return err
		case c.What != 0:
			continue
		case over:
			if err := p.upto(ctx, w.File(), w.At(), true); err != nil {
				return err
			}
			return p.ended()
		}
		if err := p.rest(ctx, tick); err != nil {
			return err
		}
	}
}

// take prints what a look has found.
func (p *logPrinter) take(ctx context.Context, c *logfile.Change) error {
	if c.Old != nil {
		size, err := c.Old.Size()
		if err == nil {
			err = p.upto(ctx, c.Old, size, true)
		}
		if err = errors.Join(err, c.Old.Close()); err != nil {
			return fmt.Errorf("the file until now: %w", err)
		}
		p.at = 0
	}
	if c.What&logfile.Truncated != 0 {
		p.d.warn("the log was cut: it goes on from its beginning")
		p.at = 0
	}
	if c.What&logfile.Gone != 0 {
		p.d.warn("there is no log any more: %v", c.Err)
	}
	if c.What&logfile.Grown != 0 {
		return p.upto(ctx, c.File, c.To, false)
	}
	return nil
}
