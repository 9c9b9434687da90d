package tui

import (
	"context"
	"fmt"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/views"
)

// paint makes the terminal show the emulator's screen. In the middle of a
// sequence nothing may come between: the text is shown, the rest waits for the
// sequence's end. It is called with the lock held.
func (z *zoom) paint() {
	if z.over {
		return
	}
	z.write(z.state())
	z.bar.Store(false)
	z.painted = time.Now()
}

// state is what paint writes.
func (z *zoom) state() []byte {
	z.sh.mu.Lock()
	defer z.sh.mu.Unlock()
	_, rows := z.sh.term.Size()
	if z.live = z.sh.term.AtRest(); z.live {
		return z.filter.Append(nil, z.sh.term.AppendState(nil))
	}
	return z.sh.term.AppendRows(nil, 0, rows)
}

// again asks for the whole screen: its size has changed. It does not block.
func (z *zoom) again() {
	select {
	case z.woken <- struct{}{}:
	default:
	}
}

// repaints does what was asked for by others, and takes the words off the last
// row again.
func (z *zoom) repaints(ctx context.Context, done <-chan struct{}) {
	bar := time.NewTicker(barTime)
	defer bar.Stop()
	intro := time.NewTimer(introTime)
	defer intro.Stop()
	var rang time.Time
	for {
		select {
		case <-intro.C:
			z.tell(z.intro)
		case <-z.woken:
			if !sleep(ctx, repaintTime) { // what comes in a row is painted once
				return
			}
			z.locked(z.paint)
		case words := <-z.words:
			bar.Reset(barTime)
			z.locked(func() { z.say(words) })
		case <-z.full:
			if time.Since(rang) > bellPause {
				rang = time.Now()
				z.locked(func() { z.write([]byte("\a")) }) // as a terminal does whose input is full
			}
		case <-bar.C:
			z.locked(z.unsay)
		case <-ctx.Done():
			return
		case <-done:
			return
		}
	}
}

// locked writes to the terminal in its turn, until the zoom is over.
func (z *zoom) locked(work func()) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.over {
		work()
	}
}

// feed is the session's output. It may wait for a terminal that is slow, and
// the container waits with it. Others get their turn after every part.
func (z *zoom) feed(p []byte) {
	for len(p) > 0 {
		p = p[z.pass(p[:min(len(p), passSize)]):]
	}
	if z.sh.wishes() {
		z.sh.touch()
	}
}

// pass gives the terminal and the emulator what belongs together at the head
// of p, and says how much that was.
func (z *zoom) pass(p []byte) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	out, used, repaint := z.filter.AppendUntil(z.buf[:0], p)
	z.buf = out[:0]
	replies, rest := z.take(p[:used])
	switch {
	case z.over:
		_ = z.sh.out.put(replies)
		z.sh.touch()
	case z.live && repaint:
		z.write(out)
		if time.Since(z.painted) > repaintTime {
			z.paint()
		} else {
			z.again() // a container could ask for a thousand screens with a few bytes each
		}
	case z.live:
		z.write(out)
	case rest: // what has passed meanwhile is in the emulator
		z.paint()
	}
	return used
}

// take feeds the emulator, whose replies count only when the terminal does not
// answer itself. rest says that no sequence is half done.
func (z *zoom) take(p []byte) (replies []byte, rest bool) {
	for len(p) > 0 {
		var n int
		var some []byte
		n, some, rest = z.takeSome(p)
		p, replies = p[n:], append(replies, some...)
	}
	return replies, rest
}

// takeSome is take for as long as the loop can wait for the lock.
func (z *zoom) takeSome(p []byte) (n int, replies []byte, rest bool) {
	z.sh.mu.Lock()
	defer z.sh.mu.Unlock()
	n, replies = z.sh.take(p)
	z.sh.bell = false // it has passed
	z.sh.rang.Store(false)
	return n, replies, z.sh.term.AtRest()
}

// write gives bytes to the terminal. One that is gone ends the zoom.
func (z *zoom) write(b []byte) {
	if len(b) == 0 || z.err != nil {
		return
	}
	if _, err := z.t.out.Write(b); err != nil {
		z.err = err
		z.end()
	}
}

// clip puts a text into the terminal's clipboard.
func (z *zoom) clip(text string) {
	z.locked(func() { z.write([]byte(ansi.SetSystemClipboard(text))) })
}

// tell has words written over the last row, for a while; what was to be told
// before and was not is left out. It does not block.
func (z *zoom) tell(words string) {
	for {
		select {
		case z.words <- words:
			return
		default:
		}
		select {
		case <-z.words:
		default:
		}
	}
}

// say writes words over the last row. It is called with the lock held.
func (z *zoom) say(words string) {
	if words == "" {
		z.unsay()
		return
	}
	if z.live {
		z.write(z.row(views.Clean(words)))
		z.bar.Store(true)
	}
}

// unsay shows the last row again. It is called with the lock held.
func (z *zoom) unsay() {
	if z.live && z.bar.Swap(false) {
		z.write(z.row(""))
	}
}

// row is what writes words over the last row, or what stands there.
func (z *zoom) row(words string) []byte {
	z.sh.mu.Lock()
	defer z.sh.mu.Unlock()
	cols, rows := z.sh.term.Size()
	if words == "" {
		return z.sh.term.AppendRows(nil, rows-1, rows)
	}
	out := fmt.Appendf(z.sh.term.AppendBare(nil), "\x1b[%d;1H\x1b[7m%s\x1b[m", rows, ansi.Truncate(words, cols-1, ""))
	return z.sh.term.AppendCursor(out)
}
