package tui

import (
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
)

const trip = 100 * time.Millisecond

// TestFramesWaitForTheTerminal: behind a question that is not answered little is
// written; the answer lets the frame out that waits, and no answer does not keep
// it for ever.
func TestFramesWaitForTheTerminal(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = askAfter
		p.paint()
		p.pass(trip)
		if p.asked != 1 {
			t.Fatalf("asked %d times after %d bytes", p.asked, askAfter)
		}
		p.answered()
		room := func() int {
			n := 0
			for p.paint(); ; p.paint() { // the first is asked about
				if p.pass(trip / 10); p.waits() {
					return n - 1
				}
				n++
			}
		}
		if n := room() * askAfter; n != 2*leastAhead {
			t.Fatalf("%d bytes behind a question, want %d", n, 2*leastAhead)
		}
		if p.slow() {
			t.Error("slow before anything has waited long")
		}
		p.pass(trip + slowTrip)
		p.answered()
		p.want(false) // the message's own
		if p.pass(2 * frameTime); p.waits() || !p.slow() {
			t.Error("a frame waits although the answer has come, or nobody says that it had to")
		}
		// That frame is asked about already.
		if n := (room() + 1) * askAfter; n != leastAhead {
			t.Errorf("%d bytes behind a question on a slow line, want %d", n, leastAhead)
		}
		if p.pass(2 * fullTick); p.waits() {
			t.Error("a frame waits for an answer that is lost")
		}
		if p.pass(2 * slowTime); p.slow() {
			t.Error("slow for ever")
		}
	})
}

// TestLateAnswers: one that comes after many seconds, as from a line that had
// stalled, is not taken for that of a younger question.
func TestLateAnswers(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = askAfter
		p.paint()
		p.pass(trip)
		p.answered()
		before := p.asked
		for range 100 { // ten seconds
			p.paint()
			p.pass(trip)
		}
		if p.asked != before+1 {
			t.Errorf("asked %d times more while one question was out", p.asked-before)
		}
		if p.answered(); p.link.lost != 0 {
			t.Error("the late answer counts as lost")
		}
	})
}

// TestLongLink: a way that is long and wide is not throttled.
func TestLongLink(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = 3 * askAfter
		left := 0
		for range 200 {
			p.look.Lock()
			asked := p.asked
			p.look.Unlock()
			p.paint()
			p.pass(2 * frameTime)
			if p.waits() {
				left++
			}
			p.look.Lock()
			if p.asked > asked {
				time.AfterFunc(2*trip, func() {
					p.answered()
					p.want(false)
				})
			}
			p.look.Unlock()
		}
		if left > 60 || p.slow() {
			t.Errorf("%d of 200 frames waited, slow %v", left, p.slow())
		}
		if p.link.window() < 16*leastAhead {
			t.Errorf("%d bytes may be under way", p.link.window())
		}
	})
}

// TestDeafTerminal: one that never answers is not waited for, and asked no more
// after a while.
func TestDeafTerminal(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = askAfter
		for range 200 {
			p.paint()
			if p.pass(time.Second); p.waits() {
				t.Fatal("a frame waits for a terminal that has never answered")
			}
		}
		if p.asked != deafAfter {
			t.Errorf("asked %d times", p.asked)
		}
		began := time.Now()
		if p.hush(settleTime); time.Since(began) > firstTime {
			t.Errorf("the end waits %v", time.Since(began))
		}
	})
}

// TestHushWaitsForTheAnswer: nothing is asked when others read the terminal, and
// what was asked is waited for, a moment.
func TestHushWaitsForTheAnswer(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = askAfter
		p.paint()
		p.pass(time.Second / 10)
		p.answered()
		p.paint()
		p.pass(time.Second / 10)
		time.AfterFunc(settleTime/2, p.answered)
		began := time.Now()
		if p.hush(settleTime); time.Since(began) < settleTime/2 || time.Since(began) >= settleTime {
			t.Errorf("waited %v for an answer that came after %v", time.Since(began), settleTime/2)
		}
		n := p.asked
		p.paint()
		if p.pass(time.Second); p.asked != n {
			t.Error("asked while others read")
		}
		p.speak()
		p.paint()
		if p.pass(time.Second); p.asked != n+1 {
			t.Error("not asked any more")
		}
		p.answered()
		p.hushForGood(settleTime)
		p.speak()
		p.paint()
		if p.pass(time.Second); p.asked != n+1 {
			t.Error("asked at the end")
		}
	})
}

// TestAnswerIsTaken: the terminal's answer is no key, wherever the focus is.
func TestAnswerIsTaken(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, some()...)
	d.m.pace.set = func(time.Duration) {}
	d.m.pace.asks(askAfter)
	before := d.screen()
	d.send(uv.UnknownCsiEvent(hereIAm))
	if l := &d.m.pace.link; !l.heard || !l.asked.IsZero() {
		t.Error("it was not taken")
	}
	if d.screen() != before {
		t.Error("it changes the screen")
	}
}

// TestKeysAfterTheEnd: what is typed once the end was asked for is for the shell.
func TestKeysAfterTheEnd(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, some()...)
	d.m.end()
	before := d.m.rows.at
	d.send(keyMsg("j"))
	if d.m.rows.at != before {
		t.Error("a key still acts")
	}
}
