package tui

import (
	"io"
	"reflect"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	// frameTime is the least time between two frames.
	frameTime = time.Second / 120
	// firstFrame is how soon the first one after a rest is written: the renderer
	// needs a moment to have it.
	firstFrame = 500 * time.Microsecond
	// paceTime is how long the ticker goes on after a change: much longer than a
	// frame waits for the processor, much shorter than the time between two keys.
	paceTime = 25 * time.Millisecond
	// oweTime is how long it goes on for a change that was not written: most come
	// to nothing, but the processor may have been away before the renderer had it.
	oweTime = 250 * time.Millisecond
	// lookFrame and lookTime are the same where no change is known of: Bubble Tea
	// may have something of its own to write, such as what a tea.Raw holds.
	lookFrame = frameTime
	lookTime  = 2*frameTime + firstFrame
	// restTick is the ticker at rest. Nothing waits for it, unless the processor
	// was away for as long as oweTime.
	restTick = 2 * time.Second
	// fullTick is that while the terminal is behind: an answer may be lost, and a
	// line may need seconds for a frame.
	fullTick = 5 * time.Second

	// retimeAfter is when the ticker is set once more after the terminal was
	// taken back.
	retimeAfter = 100 * time.Millisecond
)

// pacer sets the ticker that Bubble Tea paints by. That runs all the time, with a
// rate that is read once, at the start: at 30 frames a second it cost more than
// all that this program does for a hundred containers, and a key waited for the
// next frame. Here it runs while there may be something to paint, and the first
// frame after a rest comes at once.
type pacer struct {
	mu    sync.Mutex
	set   func(time.Duration) // nil = nothing to set, as before the start
	rest  *time.Timer         // ends the run; nil = it rests
	until time.Time           // the end of the run
	began time.Time           // when this run began
	early bool                // no frame was written since, and the ticker runs faster than frames
	wrote time.Time           // when a frame was written last
	owes  time.Time           // how long one is waited for that has not been written; zero = none is
	held  bool                // one waits for the terminal
	link  link
}

// retimeMsg is for a ticker that Bubble Tea has started anew. The goroutine that
// painted before stops it when it gets to its end, and that may be later than
// the new start: nothing would be painted any more. A message sets it again.
type retimeMsg struct{}

// restarted has the ticker set once more a little later.
func (m *Model) restarted() tea.Cmd { return m.clock.After(retimeAfter, retimeMsg{}) }

// want says that a frame may have to be written, after each message; changed,
// that the screen is another one.
func (p *pacer) want(changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil {
		return
	}
	now, first, long := time.Now(), lookFrame, lookTime
	if changed = changed || p.held; changed && p.link.full(now) {
		p.held, p.link.holds = true, true
		return
	}
	p.held = false
	if changed {
		first, long = firstFrame, paceTime
		p.owes = now.Add(oweTime)
	}
	end := now.Add(long)
	switch {
	case p.rest == nil:
		p.began, p.early, p.until = now, true, end
		p.set(max(first, frameTime-now.Sub(p.wrote)))
		p.rest = time.AfterFunc(long, p.end)
		return
	case now.Sub(p.began) > frameTime:
		p.steady()
	}
	if end.After(p.until) { // end looks at it
		p.until = end
	}
}

// asks is told of a frame of n bytes that is about to be written, and says whether
// the terminal has to be asked behind it whether it has it.
func (p *pacer) asks(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link.wrote(n, time.Now())
}

// written says that a frame was.
func (p *pacer) written() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrote, p.owes, p.held = time.Now(), time.Time{}, false
	switch {
	case p.link.full(p.wrote):
		p.stop(fullTick)
	case p.rest != nil:
		p.early = false
		p.set(frameTime)
	}
}

// answered says that the terminal has what it was asked about.
func (p *pacer) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link.answered(time.Now())
}

// slow says whether frames are left out because the terminal is behind.
func (p *pacer) slow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link.slow(time.Now())
}

// hush ends all questions, and waits for the answer to the last one, as long as
// limit: who reads the terminal next would take it for a key.
func (p *pacer) hush(limit time.Duration) {
	for end := time.Now().Add(limit); ; time.Sleep(firstFrame) {
		p.mu.Lock()
		p.link.quiet = true
		out := p.link.waits(time.Now())
		p.mu.Unlock()
		if !out || !time.Now().Before(end) {
			return
		}
	}
}

// hushForGood is hush before the end.
func (p *pacer) hushForGood(limit time.Duration) {
	p.mu.Lock()
	p.link.gone = true
	p.mu.Unlock()
	p.hush(limit)
}

// speak allows questions again.
func (p *pacer) speak() {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.link
	l.quiet, l.asked, l.holds, l.ahead, l.lost = l.gone, time.Time{}, false, 0, 0
}

// steady ends the haste of the first frame.
func (p *pacer) steady() {
	if p.early {
		p.early = false
		p.set(frameTime)
	}
}

// end lets the ticker rest, unless more has come since.
func (p *pacer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rest == nil { // stopped while this waited
		return
	}
	if left := time.Until(p.until); left > 0 {
		p.rest.Reset(left)
		return
	}
	if time.Now().Before(p.owes) {
		p.steady()
		p.rest.Reset(paceTime)
		return
	}
	p.stop(restTick)
}

// stop lets the ticker rest.
func (p *pacer) stop(tick time.Duration) {
	if p.set == nil {
		return
	}
	if p.rest != nil {
		p.rest.Stop()
		p.rest = nil
	}
	p.set(tick)
}

// again sets the ticker of a run that Bubble Tea may have stopped, and asks a
// terminal anew that may be another one.
func (p *pacer) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link.lost = 0
	if p.rest != nil {
		p.early = false
		p.set(frameTime)
	}
}

// start gives it the ticker of a program that is about to run.
func (p *pacer) start(program *tea.Program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set = func(d time.Duration) {
		if t := ticker(program); t != nil {
			t.Reset(d)
		}
	}
}

// ticker is what Bubble Tea paints by. It has no name for it that others may
// use; nil = this version keeps it elsewhere, and the rate stays as it was.
func ticker(p *tea.Program) *time.Ticker {
	f := reflect.ValueOf(p).Elem().FieldByName("ticker")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*time.Ticker]() || f.IsNil() {
		return nil
	}
	return (*time.Ticker)(f.UnsafePointer())
}

// pacedOutput is the terminal as Bubble Tea writes to it.
type pacedOutput struct {
	io.Writer
	pace *pacer
}

func (o pacedOutput) Write(b []byte) (int, error) {
	all := b
	if o.pace.asks(len(b)) {
		all = append(slices.Clip(b), areYouThere...)
	}
	n, err := o.Writer.Write(all)
	o.pace.written()
	return min(n, len(b)), err //nolint:wrapcheck // it stands for the terminal
}
