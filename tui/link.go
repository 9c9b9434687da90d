package tui

import (
	"time"

	uv "github.com/charmbracelet/ultraviolet"
)

const (
	// askAfter is how many bytes are written before the terminal is asked whether
	// it has them: what changes in a second of an ordinary screen is less.
	askAfter = 1 << 10
	// leastAhead is how many may be written behind a question that is not answered,
	// at least: a tenth of a second on a line of 20 kB/s. Frames are held back then.
	// It grows up to mostAhead while answers are quick, whatever the way is long.
	leastAhead = 2 << 10
	mostAhead  = 256 << 10
	// quickTrip is how much longer than the quickest one an answer may take, and
	// slowTrip from when on the link is called slow, if a frame waited. The quickest
	// may have been slow itself, behind the first screen: longTrip is too long for all.
	quickTrip = 50 * time.Millisecond
	slowTrip  = 100 * time.Millisecond
	longTrip  = 500 * time.Millisecond
	// slowTime is how long it is called so.
	slowTime = 5 * time.Second
	// lostAfter is when an answer counts as lost. Before, nothing else is asked: a
	// late answer would be taken for that of a younger question.
	lostAfter = 30 * time.Second
	// deafAfter is how many answers in a row may be lost before nothing is asked
	// any more.
	deafAfter = 3
	// settleTime is the most that is waited for an answer before somebody else
	// reads the terminal, for one that is not older than answerTime; firstTime is
	// that for the first question, which may never be answered.
	settleTime = time.Second
	answerTime = 2 * time.Second
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
	asked  time.Time     // when the question was written that is out; zero = none is
	ahead  int           // bytes written since the last question
	most   int           // how many may be; 0 = leastAhead
	trip   time.Duration // of the quickest answer
	heard  bool          // it has answered before
	lost   int           // answers in a row that did not come
	quiet  bool          // nothing is to be asked: somebody else reads the answers
	gone   bool          // and that for good
	holds  bool          // a frame waits for the answer to the question that is out
	waited time.Time     // when one had waited long
}

// wrote notes n bytes that are about to be written, and says whether a question has to follow.
func (l *link) wrote(n int, now time.Time) (ask bool) {
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
	if took := now.Sub(l.asked); !l.asked.IsZero() {
		if !l.heard || took < l.trip {
			l.trip = took
		}
		if took <= l.trip+quickTrip {
			l.most = min(2*l.window(), mostAhead)
		} else {
			l.most = max(l.window()/2, leastAhead)
		}
	}
	l.over(now)
	l.heard, l.lost = true, 0
}

// over ends a question.
func (l *link) over(now time.Time) {
	if l.holds && !l.asked.IsZero() && now.Sub(l.asked) >= min(l.trip+slowTrip, longTrip) {
		l.waited = now
	}
	l.asked, l.holds = time.Time{}, false
}

func (l *link) window() int { return max(l.most, leastAhead) }

// full says whether frames have to wait for the terminal.
func (l *link) full(now time.Time) bool {
	return l.heard && !l.asked.IsZero() && now.Sub(l.asked) < lostAfter && l.ahead >= l.window()
}

// waits says whether an answer may still come.
func (l *link) waits(now time.Time) bool {
	limit := firstTime
	if l.heard {
		limit = answerTime
	}
	return !l.asked.IsZero() && now.Sub(l.asked) < limit
}

// slow says whether frames had to wait long, a moment ago.
func (l *link) slow(now time.Time) bool { return !l.waited.IsZero() && now.Sub(l.waited) < slowTime }

// isAnswer says whether the terminal has said that it is there.
func isAnswer(msg uv.UnknownCsiEvent) bool { return string(msg) == hereIAm }
