package tui

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

// paced is a pacer with a ticker like Bubble Tea's, in a bubble whose clock the
// test turns. Each tick notes when it came; one that finds a frame writes it.
type paced struct {
	pacer
	ticker *time.Ticker
	look   sync.Mutex
	ticks  []time.Duration // since the start
	frames int             // that wait to be written
	size   int             // bytes of each
	asked  int             // how often the terminal was
	start  time.Time
}

func withPacer(t *testing.T, check func(*paced)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &paced{ticker: time.NewTicker(restTick), start: time.Now()}
		p.set = p.ticker.Reset
		done := make(chan struct{})
		go func() {
			for {
				select {
				case <-done:
					return
				case <-p.ticker.C:
				}
				p.look.Lock()
				p.ticks = append(p.ticks, time.Since(p.start))
				paints := p.frames > 0
				if paints {
					p.frames--
				}
				p.look.Unlock()
				if !paints {
					continue
				}
				if p.asks(p.size) {
					p.look.Lock()
					p.asked++
					p.look.Unlock()
				}
				p.written()
			}
		}()
		check(p)
		close(done)
	})
}

// pass lets time go by and gives the ticks that came.
func (p *paced) pass(d time.Duration) []time.Duration {
	synctest.Wait()
	p.look.Lock()
	n := len(p.ticks)
	p.look.Unlock()
	time.Sleep(d)
	synctest.Wait()
	p.look.Lock()
	defer p.look.Unlock()
	return slices.Clone(p.ticks[n:])
}

// paint has a frame wait, and says so.
func (p *paced) paint() {
	p.look.Lock()
	p.frames = 1
	p.look.Unlock()
	p.want(true)
}

// waits says whether a frame still does.
func (p *paced) waits() bool {
	p.look.Lock()
	defer p.look.Unlock()
	return p.frames > 0
}

// TestFrameComesAtOnce: after a rest a change is on the screen a moment later, and
// then the ticker rests again.
func TestFrameComesAtOnce(t *testing.T) {
	withPacer(t, func(p *paced) {
		if got := p.pass(10 * restTick); len(got) != 10 {
			t.Errorf("%d ticks in ten rests", len(got))
		}
		began := time.Since(p.start)
		p.paint()
		got := p.pass(time.Second)
		if len(got) == 0 || got[0] != began+firstFrame || p.waits() {
			t.Fatalf("asked for a frame after %v, ticks at %v", began, got)
		}
		if most := int(paceTime/frameTime) + 2; len(got) > most {
			t.Errorf("%d ticks for one frame, at most %d are needed: %v", len(got), most, got)
		}
		if last := got[len(got)-1]; last > began+2*paceTime {
			t.Errorf("it runs until %v, from %v on", last, began)
		}
	})
}

// TestFramesKeepApart: changes that come fast are painted at the frame rate.
func TestFramesKeepApart(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.pass(restTick)
		var all []time.Duration
		for range 1000 {
			p.paint()
			all = append(all, p.pass(time.Millisecond)...)
		}
		if n := len(all); n < 100 || n > 125 {
			t.Errorf("%d frames in a second of changes", n)
		}
		for i := 1; i < len(all); i++ {
			if all[i]-all[i-1] < frameTime-time.Millisecond {
				t.Fatalf("frames at %v and %v", all[i-1], all[i])
			}
		}
		// The first one after a rest that was too short to be one.
		p.pass(2 * paceTime)
		p.paint()
		first := p.pass(time.Second)[0]
		p.pass(time.Second)
		if last := all[len(all)-1]; first-last < frameTime {
			t.Errorf("frames at %v and %v", last, first)
		}
	})
}

// TestNothingToPaint: messages that change nothing do not keep the ticker fast,
// whatever their number, and keep no frame back.
func TestNothingToPaint(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.pass(restTick)
		p.want(false)
		if got := p.pass(time.Second); len(got) == 0 || len(got) > 4 {
			t.Errorf("%d ticks for a message without a change", len(got))
		}
		n := 0
		for range 1000 {
			p.want(true) // a change that comes to no bytes
			n += len(p.pass(time.Millisecond))
		}
		if n > 150 {
			t.Errorf("%d ticks in a second", n)
		}
		p.paint()
		if got := p.pass(2 * frameTime); len(got) == 0 || p.waits() {
			t.Error("a frame waits for the end of the messages")
		}
	})
}

// TestFrameThatComesLate: one that the renderer has only when the ticker would
// rest again is written all the same.
func TestFrameThatComesLate(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.pass(restTick)
		p.want(true)
		p.pass(2 * paceTime)
		p.look.Lock()
		p.frames = 1
		p.look.Unlock()
		if p.pass(2 * frameTime); p.waits() {
			t.Error("it waits")
		}
		p.want(true) // and one that comes to nothing is not waited for without end
		p.pass(time.Second)
		if got := p.pass(10 * restTick); len(got) != 10 {
			t.Errorf("%d ticks in ten rests", len(got))
		}
	})
}

// TestWhatBubbleTeaHas: what it writes of itself comes soon, also right behind a
// frame.
func TestWhatBubbleTeaHas(t *testing.T) {
	withPacer(t, func(p *paced) {
		for _, after := range []time.Duration{0, time.Millisecond, frameTime / 2, frameTime, 2 * frameTime, 3 * frameTime, time.Second} {
			p.pass(restTick)
			p.paint()
			p.pass(firstFrame)
			p.pass(after)
			p.look.Lock()
			p.frames = 1
			p.look.Unlock()
			p.want(false)
			if p.pass(3 * frameTime); p.waits() {
				t.Errorf("it waits, %v after a frame", after)
			}
		}
	})
}

// TestEachMessagePaces: who paints is told of each message, as long as Bubble Tea
// has the terminal.
func TestEachMessagePaces(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, some()...)
	var set []time.Duration
	d.m.pace.set = func(d time.Duration) { set = append(set, d) }
	// count waits for the rest and says how often the ticker was set until then.
	count := func() (n int, last time.Duration) {
		rests := false
		for end := time.Now().Add(patience); !rests; time.Sleep(time.Millisecond) {
			d.m.pace.mu.Lock()
			rests, n, last = d.m.pace.rest == nil, len(set), set[len(set)-1]
			d.m.pace.mu.Unlock()
			if time.Now().After(end) {
				t.Fatal("the ticker never rests")
			}
		}
		return n, last
	}
	for _, msg := range []tea.Msg{tea.KeyPressMsg{Code: 'j', Text: "j"}, retimeMsg{}, struct{}{}} {
		d.send(msg)
		d.m.View()
		before, _ := count()
		d.send(msg)
		d.m.View()
		after, last := count()
		if after < before+2 || last != restTick {
			t.Errorf("after %T the ticker was set %d times, at last to %v", msg, after-before, last)
		}
	}
}

// A ticker that is stopped after it was started anew, as by a goroutine that
// comes late to its end, does not leave a screen that is never painted: a
// message sets it once more, and each tick of the sampling is one.
func TestTickerIsSetAgainAfterTheTerminalIsBack(t *testing.T) {
	for name, back := range map[string]tea.Msg{"zoom": zoomedMsg{}, "suspend": resumedMsg{}} {
		t.Run(name, func(t *testing.T) {
			d := newDeck(t, 100, 30, Options{}, some()...)
			d.send(back)
			if !slices.ContainsFunc(d.clock.timers, func(t timer) bool {
				_, ok := t.msg.(retimeMsg)
				return ok && t.at.Equal(d.clock.Now().Add(retimeAfter))
			}) {
				t.Error(fmt.Sprint("nothing sets it a little later: ", d.clock.timers))
			}
		})
	}
}
