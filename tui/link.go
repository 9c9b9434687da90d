package tui

import (
	"time"

	uv "github.com/charmbracelet/ultraviolet"
)

const (
	// askAfter is how many bytes are written before the terminal is asked whether
	// it has them: what changes in a second of an ordinary screen is less.
	askAfter = 1 << 10
	// aheadMost is how many may be written behind a question that is not answered.
	// Frames are held back then. On a line of 20 kB/s it is a tenth of a second.
	aheadMost = 2 << 10
	// lostAfter is when an answer counts as lost. A line that is held back is not
	// so far behind.
	lostAfter = 2 * time.Second
	// deafAfter is how many answers in a row may be lost before nothing is asked
	// any more.
	deafAfter = 3
	// slowTrip is how long an answer must take that frames wait for before the link
	// is called slow, and slowTime how long it is then.
	slowTrip = 100 * time.Millisecond
	slowTime = 5 * time.Second
	// settleTime is the most that is waited for an answer before somebody else
	// reads the terminal; firstTime, for the first one, which may never come.
	settleTime = time.Second
	firstTime  = 500 * time.Millisecond
)

// A question that every terminal answers, and the answer (ECMA-48, DSR 5).
const (
	areYouThere = "\x1b[5n"
	hereIAm     = "\x1b[0n"
)

// link knows how far the terminal is behind what was written to it. Between the
// two lie buffers of megabytes (sshd's window, the sockets'), so that a write
// over a slow line is taken at once, and a key that ends a flood is seen seconds
// later. The terminal itself is asked, in the stream of what it shows.
type link struct {
	asked  time.Time   // when the question was written that is out; zero = none is
	ahead  int         // bytes written since the last question
	heard  bool        // it has answered before
	lost   int         // answers in a row that did not come
	quiet  bool        // nothing is to be asked: somebody else reads the answers
	holds  bool        // a frame waits for the answer to the question that is out
	held   time.Time   // when one had waited long
	frames []time.Time // when the last ones were written
}

// wrote notes n bytes that are about to be written, and says whether a question has to follow.
func (l *link) wrote(n int, now time.Time) (ask bool) {
	l.frames = append(l.frames, now)
	for len(l.frames) > 0 && now.Sub(l.frames[0]) > slowTime {
		l.frames = l.frames[1:]
	}
	l.ahead += n
	if !l.asked.IsZero() && now.Sub(l.asked) >= lostAfter {
		l.over(now)
		l.lost++
	}
	if l.quiet || l.lost >= deafAfter || !l.asked.IsZero() || l.ahead < askAfter {
		return false
	}
	l.asked, l.ahead = now, 0
	return true
}

// answered takes the answer.
func (l *link) answered(now time.Time) {
	l.over(now)
	l.heard, l.lost = true, 0
}

// over ends a question.
func (l *link) over(now time.Time) {
	if l.holds && now.Sub(l.asked) >= slowTrip {
		l.held = now
	}
	l.asked, l.holds = time.Time{}, false
}

// full says whether frames have to wait for the terminal.
func (l *link) full(now time.Time) bool {
	return l.heard && !l.asked.IsZero() && now.Sub(l.asked) < lostAfter && l.ahead >= aheadMost
}

// waits says whether an answer may still come.
func (l *link) waits(now time.Time) bool {
	return !l.asked.IsZero() && (l.heard || now.Sub(l.asked) < firstTime)
}

// slow is how many frames a second were written lately, if some had to wait long; 0 = none had.
func (l *link) slow(now time.Time) int {
	if l.held.IsZero() || now.Sub(l.held) > slowTime {
		return 0
	}
	n := 0
	for _, at := range l.frames {
		if now.Sub(at) <= slowTime {
			n++
		}
	}
	return max(1, int((time.Duration(n)*time.Second+slowTime/2)/slowTime))
}

// isAnswer says whether the terminal has said that it is there.
func isAnswer(msg uv.UnknownCsiEvent) bool { return string(msg) == hereIAm }
