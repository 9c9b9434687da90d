package tui

import (
	"context"
	"errors"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

const (
	// logLooks is how many changes of a log are taken at one reading.
	logLooks = 16
	// countTime is how long the lines that wait are counted: what came meanwhile may
	// be gigabytes.
	countTime = 50 * time.Millisecond
	// logHits is how many matches of a line are shown.
	logHits = 100
)

// logTo is where in a log the screen goes.
type logTo uint8

const (
	logStays logTo = iota
	logMoves       // by so many lines
	logBegin
	logEnd
	logFinds // the next match
	logTime
)

// logAsk is what is wanted of a log.
type logAsk struct {
	to     logTo
	by     int // lines down, negative = up
	back   bool
	page   int // lines that are shown
	match  *logfile.Matcher
	filter *logfile.Filter
	at     time.Time
	tell   func(at int64)
}

// logPage is what was read.
type logPage struct {
	text   *logText // that it is of
	lines  []views.LogLine
	top    int64 // offset of the first
	size   int64
	waits  int64 // lines that came since the end was left; negative = at least so many
	follow bool
	warn   string // what has become of the file
	note   string // what the ask came to
	ended  string // why no more comes of what is streamed
}

// logText is an open log, and where in it the screen is. Commands read it, one at a
// time; it outlives its view until the one that is out has ended.
type logText struct {
	mu     sync.Mutex
	log    *runtime.Log
	from   *logfile.Follower
	clock  logfile.Clock
	top    int64
	follow bool
	left   int64          // where the end was when it was left
	count  *logfile.Tally // of what came since
	warn   string
	hit    int64 // offset of the line that was found last; -1 = none
	closed bool
}

// openLogText opens a log at its end.
func openLogText(ctx context.Context, rt runtime.Runtime, of runtime.Ref, source runtime.LogSource) (*logText, error) {
	log, err := rt.OpenLog(ctx, of, source)
	if err != nil {
		return nil, err
	}
	from, err := logfile.Follow(log.Open, -1)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &logText{log: log, from: from, follow: true, hit: -1}, nil
}

// close lets go of it, once what reads it has ended.
func (x *logText) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	return errors.Join(x.from.Close(), x.log.Close())
}

// read takes what has become of the log, goes where it is asked to, and reads the
// lines there.
func (x *logText) read(ctx context.Context, ask logAsk) (logPage, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return logPage{}, errLogClosed
	}
	if err := x.look(); err != nil {
		return logPage{}, err
	}
	var p logPage
	if err := x.move(ctx, &ask, &p); err != nil {
		return logPage{}, err
	}
	lines, err := x.lines(ctx, &ask)
	if err != nil {
		return logPage{}, err
	}
	x.fill(ctx, &ask, &p, lines)
	return p, nil
}

var errLogClosed = errors.New("the log was closed")

// look takes what has changed.
func (x *logText) look() error {
	for range logLooks {
		c, err := x.from.Look()
		if err != nil {
			return err
		}
		switch {
		case c.What == 0:
			return nil
		case c.What&logfile.Rotated != 0:
			_ = c.Old.Close() // it was only read
			x.warn = "another file has taken its place: this is the new one"
			x.anew()
		case c.What&logfile.Truncated != 0:
			x.warn = "it was cut or written anew"
			x.anew()
		case c.What&logfile.Gone != 0:
			x.warn = "it is not in its place any more: " + c.Err.Error()
		case c.What&logfile.Back != 0:
			x.warn = ""
		}
	}
	return nil
}

// anew goes to the beginning of what is the log now.
func (x *logText) anew() {
	x.top, x.hit, x.left, x.count = 0, -1, 0, nil
}

// move goes where the ask wants to be.
func (x *logText) move(ctx context.Context, ask *logAsk, p *logPage) error {
	f := x.from.File()
	switch ask.to {
	case logBegin:
		x.leaveEnd()
		x.top = 0
	case logEnd:
		x.follow, x.count, x.warn = true, nil, ""
	case logMoves:
		return x.step(ctx, ask)
	case logTime:
		at, err := f.SeekTime(ctx, &x.clock, ask.at)
		if errors.Is(err, logfile.ErrNoTime) {
			p.note = "no line of it says when it was written"
			return nil
		}
		if err != nil {
			return err
		}
		x.leaveEnd()
		x.top = at
	case logFinds:
		return x.find(ctx, ask, p)
	case logStays:
	}
	return nil
}

// leaveEnd stands still from now on.
func (x *logText) leaveEnd() {
	if x.follow {
		x.follow, x.left = false, x.from.At()
		x.count = nil
	}
}

// step moves by lines. At the last one it follows again.
func (x *logText) step(ctx context.Context, ask *logAsk) error {
	switch {
	case ask.by < 0:
		before, err := x.before(ctx, ask.filter, x.top, -ask.by)
		if err != nil {
			return err
		}
		if len(before) > 0 {
			x.leaveEnd()
			x.top = before[0].At
		}
	case ask.by > 0 && !x.follow:
		after, err := x.after(ctx, ask.filter, x.top, ask.by+ask.page)
		if err != nil {
			return err
		}
		if len(after) < ask.by+ask.page { // it is the end
			x.follow, x.count = true, nil
			return nil
		}
		x.top = after[ask.by].At
	}
	return nil
}

// find goes to the next match from the line that was found last, if it is on
// screen, else from the screen.
func (x *logText) find(ctx context.Context, ask *logAsk, p *logPage) error {
	f := x.from.File()
	from := x.top
	shown, err := x.after(ctx, ask.filter, x.top, ask.page)
	if err != nil {
		return err
	}
	end := x.top
	if n := len(shown); n > 0 {
		end = shown[n-1].End
	}
	for i := range shown {
		if shown[i].At == x.hit {
			from = x.hit
			if !ask.back {
				from = shown[i].End
			}
		}
	}
	if from == x.top && ask.back {
		from = end
	}
	var m logfile.Match
	if ask.back {
		m, err = f.FindBack(ctx, ask.match, from, ask.tell)
	} else {
		m, err = f.Find(ctx, ask.match, from, ask.tell)
	}
	switch {
	case errors.Is(err, logfile.ErrNoMatch):
		p.note = "not found further down"
		if ask.back {
			p.note = "not found further up"
		}
		return nil
	case err != nil:
		return err
	}
	line, err := f.After(m.At, 1)
	if err != nil {
		return err
	}
	x.leaveEnd()
	x.hit = m.At
	if len(line) > 0 {
		x.hit = line[0].At
	}
	if x.hit < x.top || x.hit >= end {
		x.top = x.hit
	}
	return nil
}

func (x *logText) after(ctx context.Context, t *logfile.Filter, at int64, n int) ([]logfile.Line, error) {
	if t == nil {
		return x.from.File().After(at, n)
	}
	got, err := x.from.File().SelectAfter(ctx, t, at, n, nil)
	return got.Lines, err
}

func (x *logText) before(ctx context.Context, t *logfile.Filter, at int64, n int) ([]logfile.Line, error) {
	if t == nil {
		return x.from.File().Before(at, n)
	}
	got, err := x.from.File().SelectBefore(ctx, t, at, n, nil)
	return got.Lines, err
}

// lines are those on screen. Where there are less than a page below, the end is.
func (x *logText) lines(ctx context.Context, ask *logAsk) ([]logfile.Line, error) {
	if x.follow {
		lines, err := x.before(ctx, ask.filter, x.from.At(), ask.page)
		if len(lines) > 0 {
			x.top = lines[0].At
		}
		return lines, err
	}
	return x.after(ctx, ask.filter, x.top, ask.page)
}

// fill makes a page of the lines.
func (x *logText) fill(ctx context.Context, ask *logAsk, p *logPage, lines []logfile.Line) {
	p.top, p.size, p.follow, p.warn = x.top, x.from.At(), x.follow, x.warn
	if !x.follow && x.left < p.size {
		if x.count == nil {
			x.count = x.from.File().Tally(x.left)
		}
		ctx, stop := context.WithTimeout(ctx, countTime)
		n, err := x.count.Upto(ctx, p.size)
		stop()
		if p.waits = n; err != nil {
			p.waits = -n
		}
	}
	if x.log.Ended != nil {
		if err := x.log.Ended(); err != nil {
			p.ended = err.Error()
		}
	}
	p.lines = make([]views.LogLine, len(lines))
	for i := range lines {
		l := &lines[i]
		to := &p.lines[i]
		to.Text, to.Level = string(l.Text), views.LogLevel(logfile.LevelOf(l.Text))
		to.Begun, to.More = l.Cut&logfile.Continues != 0, l.Cut&logfile.GoesOn != 0
		if l.Cut&logfile.Hole != 0 {
			to.Hole = l.End - l.At
		}
		if ask.match != nil {
			to.Hits = ask.match.Spans(l.Text, logHits)
		}
	}
}
