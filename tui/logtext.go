package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

const (
	// logLooks is how many changes of a log are taken at one reading.
	logLooks = 16
	// countTime is how long the lines that wait are counted at one reading: what came
	// meanwhile may be gigabytes.
	countTime = 20 * time.Millisecond
	// logHits is how many matches of a line are shown.
	logHits = 100
)

// logTo is where in a log the screen goes.
type logTo uint8

const (
	logStays logTo = iota
	logMoves       // by so many rows
	logBegin
	logEnd
	logFinds // the next match
	logTime
)

// logAsk is what is wanted of a log.
type logAsk struct {
	to     logTo
	by     int  // rows down, negative = up
	key    bool // a person asks: what was told of the file has been read
	still  bool // nothing but what has become of the file
	back   bool // the match before
	turns  bool // and where there is none, the other way
	page   int  // rows that are shown
	shape  views.LogShape
	bare   bool // without the times that lines begin with
	match  *logfile.Matcher
	filter *logfile.Filter
	at     time.Time
}

// same says whether two asks show a log in the same way.
func (a *logAsk) same(b *logAsk) bool {
	return a.page == b.page && a.shape == b.shape && a.bare == b.bare && a.match == b.match && a.filter == b.filter
}

// logPage is what was read.
type logPage struct {
	rows   []views.LogRow
	lines  int // how many lines they are of
	at     int64
	size   int64
	left   int   // cells left of the screen
	waits  int64 // lines that came since the end was left; negative = at least so many
	follow bool
	warn   string // what has become of the file
	note   string // what the ask came to
	turned bool   // the match was found the other way
	ended  string // why no more comes of what is streamed
	gone   int    // how many lines there are before those, of a file that was moved away
	cut    bool   // it was stopped before all was looked at
	fresh  bool   // something has come since the reading before
}

// logSpot is a place in the logs that are read: an offset in each.
type logSpot []int64

func (s logSpot) sum() (n int64) {
	for _, at := range s {
		n += at
	}
	return n
}

// logLine is a line and the places before it and behind it.
type logLine struct {
	logfile.Line
	part     int
	at, then logSpot
	gone     bool // of a file that was moved away: it stands above the newest one's
}

// logHit is the line that was found.
type logHit struct {
	part int
	at   int64
}

// logText is an open log, or several by time, and where in it the screen is. Commands
// read it, one at a time; it outlives its view until the one that is out has ended.
type logText struct {
	rt    runtime.Runtime
	wants []logWant
	done  atomic.Int32 // how far a search is, in thousandths

	mu     sync.Mutex
	parts  []*logPart
	top    logSpot // the first line
	sub    int     // rows of it that are above the screen
	follow bool
	warn   string
	hit    *logHit // nil = nothing was found
	window logWindow
	below  logSpot // the place behind the last line on screen
	ask    logAsk  // the last one
	page   logPage // what it came to
	closed bool
}

func newLogText(rt runtime.Runtime, wants []logWant) *logText {
	return &logText{rt: rt, wants: wants, follow: true}
}

// open opens those that can be; it is an error if none can.
func (x *logText) open(ctx context.Context, now time.Time) error {
	var errs []error
	for i := range x.wants {
		p, err := openLogPart(ctx, x.rt, &x.wants[i], now)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		x.parts = append(x.parts, p)
	}
	switch {
	case len(x.parts) == 0:
		return errors.Join(errs...)
	case len(errs) == 1:
		x.warn = errs[0].Error()
	case len(errs) > 1:
		x.warn = fmt.Sprintf("%d of %d are left out: %v", len(errs), len(x.wants), errs[0])
	}
	x.top = make(logSpot, len(x.parts))
	return nil
}

// close lets go of it, once what reads it has ended.
func (x *logText) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	var errs []error
	for _, p := range x.parts {
		errs = append(errs, p.close())
	}
	x.parts = nil
	return errors.Join(errs...)
}

// ends is the place behind all that is read.
func (x *logText) ends() logSpot {
	out := make(logSpot, len(x.parts))
	for i, p := range x.parts {
		out[i] = p.end()
	}
	return out
}

// read takes what has become of the logs, goes where it is asked to, and reads the
// lines there.
func (x *logText) read(ctx context.Context, ask logAsk, now time.Time) (logPage, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return logPage{}, errLogClosed
	}
	if len(x.parts) == 0 {
		if err := x.open(ctx, now); err != nil {
			return logPage{}, err
		}
		x.ask.page = -1 // nothing was asked yet
	} else if ask.key {
		x.warn = ""
	}
	if ask.match == nil {
		x.hit = nil
	}
	changed, anew, err := x.look()
	if err != nil {
		return logPage{}, err
	}
	x.reshape(&ask)
	p := logPage{left: ask.shape.Left, fresh: changed}
	if ask.still || !changed && ask.to == logStays && ask.same(&x.ask) && !x.page.cut {
		p.rows, p.lines, p.gone, p.at, p.left, p.cut = x.page.rows, x.page.lines, x.page.gone, x.page.at, x.page.left, x.page.cut
		x.status(ctx, &ask, &p)
		return p, nil
	}
	err = x.move(ctx, &ask, &p)
	if err == nil {
		err = x.fill(ctx, &ask, &p)
	}
	if stopped(err) { // what was found by then is shown
		p.cut = true
		err = nil
		if ask.to == logFinds {
			p.note = "the search was ended"
			quick := ask
			quick.filter = nil
			if ask.filter == nil {
				err = x.fill(context.WithoutCancel(ctx), &quick, &p)
			} else {
				p.rows, p.lines, p.gone, p.at = x.page.rows, x.page.lines, x.page.gone, x.page.at
			}
		}
	}
	if err != nil {
		return logPage{}, err
	}
	for _, i := range anew { // what is on screen of it is not waited for, nor what is above
		if part := x.parts[i]; !x.follow && len(part.olds) == 0 {
			part.waits = []*logWait{newLogWait(part.from.File(), x.below[i])}
		}
	}
	ask.shape.Left = p.left
	x.ask = ask
	x.status(ctx, &ask, &p)
	x.page = p
	return p, nil
}

// reshape keeps the place where lines get another width: the rows of a line that are
// above the screen are fewer then, or none where lines are not wrapped.
func (x *logText) reshape(ask *logAsk) {
	switch was := x.ask.shape; {
	case !ask.shape.Wrap:
		x.sub = 0
	case was.Wrap && was.Width != ask.shape.Width:
		x.sub = x.sub * was.Width / max(1, ask.shape.Width)
	}
}

// stopped says whether somebody has ended a reading.
func stopped(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// look takes what has changed. anew are the parts of which nothing stands any more
// where it stood.
func (x *logText) look() (changed bool, anew []int, err error) {
	for i, p := range x.parts {
		news, other, warn, err := p.look(!x.follow)
		if err != nil {
			return changed, anew, err
		}
		changed = changed || news
		if warn != "" {
			x.warn = x.told(i, warn)
		}
		if other {
			x.top[i], x.sub = min(x.top[i], p.end()), 0
			x.hit, x.window = nil, logWindow{}
			anew = append(anew, i)
		}
	}
	return changed, anew, nil
}

// told is a sentence about one of the logs.
func (x *logText) told(i int, text string) string {
	if len(x.parts) < 2 {
		return text
	}
	return x.parts[i].name + ": " + text
}

// status is all of a page but its rows.
func (x *logText) status(ctx context.Context, ask *logAsk, p *logPage) {
	ends := x.ends()
	p.size, p.follow, p.warn = ends.sum(), x.follow, x.warn
	for i, part := range x.parts {
		if part.gone != "" {
			p.warn = x.told(i, part.gone)
		}
		if part.log.Ended == nil {
			continue
		}
		if err := part.log.Ended(); err != nil {
			p.ended = x.told(i, err.Error())
		}
	}
	if x.follow {
		return
	}
	within := countTime
	if ask.key { // who presses keys does not wait for it
		within /= 4
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer stop()
	whole := true
	for _, part := range x.parts {
		n, all := part.counted(ctx, ask.filter)
		p.waits += n
		whole = whole && all
	}
	if !whole {
		p.waits = -p.waits
	}
}

// leaveEnd stands still from now on.
func (x *logText) leaveEnd() {
	if !x.follow {
		return
	}
	x.follow = false
	for _, p := range x.parts {
		p.leave()
	}
}

// toEnd follows from now on.
func (x *logText) toEnd() {
	for _, p := range x.parts {
		if len(p.olds) > 0 {
			x.hit, x.window = nil, logWindow{}
		}
		p.forget()
	}
	x.follow, x.sub = true, 0
}

// move goes where the ask wants to be.
func (x *logText) move(ctx context.Context, ask *logAsk, p *logPage) error {
	switch ask.to {
	case logBegin:
		x.leaveEnd()
		x.top, x.sub = make(logSpot, len(x.parts)), 0
	case logEnd:
		x.toEnd()
	case logMoves:
		return x.step(ctx, ask)
	case logTime:
		return x.seek(ctx, ask, p)
	case logFinds:
		return x.find(ctx, ask, p)
	case logStays:
	}
	return nil
}

// step moves by rows. Below the last one it follows again, or goes on to the file that
// has taken the log's place.
func (x *logText) step(ctx context.Context, ask *logAsk) error {
	switch {
	case ask.by < 0:
		return x.stepUp(ctx, ask, -ask.by)
	case ask.by == 0 || x.follow:
		return nil
	}
	lines, done, err := x.after(ctx, ask.filter, x.top, ask.by+ask.page)
	if err != nil && !stopped(err) {
		return err
	}
	rows := -x.sub
	for i := range lines {
		if rows += x.height(ask, &lines[i]); rows > ask.by+ask.page {
			break
		}
	}
	if done && err == nil && rows <= ask.by+ask.page {
		i := slices.IndexFunc(x.parts, func(p *logPart) bool { return len(p.olds) > 0 })
		if i < 0 {
			x.toEnd()
			return nil
		}
		if rows <= ask.page { // its end was on screen already
			x.parts[i].next()
			x.top[i], x.sub, x.hit, x.window = 0, 0, nil, logWindow{}
			x.warn = x.told(i, "here begins the file that has taken its place")
			return nil
		}
	}
	by := min(ask.by, max(0, rows-ask.page)) + x.sub
	if !done {
		by = ask.by + x.sub
	}
	for i := range lines {
		n := x.height(ask, &lines[i])
		if by < n || i == len(lines)-1 {
			x.top, x.sub = lines[i].at, min(by, n-1)
			break
		}
		by -= n
	}
	return err
}

func (x *logText) stepUp(ctx context.Context, ask *logAsk, by int) error {
	if x.sub >= by {
		x.leaveEnd()
		x.sub -= by
		return nil
	}
	lines, err := x.before(ctx, ask.filter, x.top, by-x.sub)
	if err != nil && !stopped(err) {
		return err
	}
	if len(lines) == 0 && x.sub == 0 {
		return err
	}
	x.leaveEnd()
	need := by - x.sub
	x.sub = 0
	for _, l := range slices.Backward(lines) {
		n := x.height(ask, &l)
		x.top, x.sub = l.at, max(0, n-need)
		if need -= n; need <= 0 {
			break
		}
	}
	return err
}
