package tui

import (
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
)

// TestFramesWaitForTheTerminal: behind a question that is not answered little is
// written; the answer lets the frame out that waits, and no answer does not keep
// it for ever.
func TestFramesWaitForTheTerminal(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = askAfter
		p.paint()
		p.pass(time.Second)
		if p.asked != 1 {
			t.Fatalf("asked %d times after %d bytes", p.asked, askAfter)
		}
		p.answered()
		p.paint() // it is asked anew
		p.pass(time.Second / 10)
		for range aheadMost / askAfter {
			p.paint()
			p.pass(time.Second / 10)
		}
		if p.waits() || p.slow() != 0 {
			t.Fatal("a frame waits although there is room")
		}
		p.paint()
		p.pass(lostAfter / 2)
		if !p.waits() {
			t.Fatal("nothing waits for the terminal")
		}
		p.answered()
		p.want(false) // the message's own
		if p.pass(2 * frameTime); p.waits() || p.slow() == 0 {
			t.Error("a frame waits although the answer has come, or nobody says that it had to")
		}
		for range 10 {
			p.paint()
			p.pass(time.Second / 10)
		}
		if !p.waits() {
			t.Fatal("nothing waits for the terminal")
		}
		if p.pass(2 * lostAfter); p.waits() {
			t.Error("a frame waits for an answer that is lost")
		}
		if p.pass(2 * slowTime); p.slow() != 0 {
			t.Error("slow for ever")
		}
	})
}

// TestDeafTerminal: one that never answers is not waited for, and asked no more
// after a while.
func TestDeafTerminal(t *testing.T) {
	withPacer(t, func(p *paced) {
		p.size = askAfter
		for range 100 {
			p.paint()
			if p.pass(time.Second); p.waits() {
				t.Fatal("a frame waits for a terminal that has never answered")
			}
		}
		if p.asked != deafAfter {
			t.Errorf("asked %d times", p.asked)
		}
		began := time.Now()
		if p.hush(); time.Since(began) > firstTime {
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
		if p.hush(); time.Since(began) < settleTime/2 || time.Since(began) >= settleTime {
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
