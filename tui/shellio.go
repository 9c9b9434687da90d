package tui

import (
	"image"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/tui/vt"
)

const (
	// floodBytes between two frames are more than anybody reads: the frames
	// after it are floodTime apart, which leaves time to those who write.
	floodBytes = 4 << 10
	floodTime  = time.Second / 30
	// bellPause is the least time between two bells.
	bellPause = 200 * time.Millisecond
)

// run starts what moves the bytes of a session: a reader that feeds the
// emulator, a writer that keeps keys in order, a painter that asks for at most
// one frame a frame time, and a waiter that reports the end.
func (o *outside) run(sh *shell) {
	o.budget.add(sh)
	o.spawn("shell reader", func() { sh.readAll(o) })
	o.spawn("shell writer", func() { sh.write() })
	o.spawn("shell painter", func() { sh.paintLoop(o) })
	o.spawn("shell waiter", func() {
		exit, err := sh.session.Wait(o.ctx)
		// Something else may hold the pty open; the session is over all the same.
		awaitEnd(sh.ended, drainTime)
		o.send(shellOverMsg{sh.id, exit, err})
		awaitEnd(sh.ended, heldTime)
		_ = sh.session.Close()
	})
}

// awaitEnd waits for the channel's end, at most d.
func awaitEnd(ended <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ended:
		return true
	case <-t.C:
		return false
	}
}

// read feeds the emulator until the session's output ends. Bytes stay here:
// the loop only learns that something has changed.
func (sh *shell) readAll(o *outside) {
	defer close(sh.ended)
	buf := make([]byte, readSize)
	var unseen pace
	for {
		n, err := sh.session.Read(buf)
		if n > 0 {
			sh.feed(buf[:n], o)
		}
		if err != nil {
			return
		}
		if wait := unseen.wait(time.Now(), n); wait > 0 && !sh.shown() {
			time.Sleep(wait)
		}
	}
}

// shown says whether somebody looks at the session, in a pane or in a zoom.
func (sh *shell) shown() bool {
	if sh.seen.Load() {
		return true
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.zoom != nil
}

// feed gives bytes to whoever paints them: the emulator, and before it the
// terminal itself while the session is passed through.
func (sh *shell) feed(p []byte, o *outside) {
	sh.wrote.Store(time.Now().UnixNano())
	sh.flood.Add(int64(len(p)))
	for len(p) > 0 {
		// In parts: the loop waits for the lock.
		n, replies, z := sh.eat(p)
		if z != nil {
			z.feed(p)
			o.budget.grown(sh)
			return
		}
		p = p[n:]
		// A container that asks and does not read loses the answers, as it would
		// on a full tty queue.
		_ = sh.out.put(replies)
	}
	if !sh.seen.Load() {
		sh.fresh.Store(true)
	}
	o.budget.grown(sh)
	sh.touch()
}

// eat feeds the emulator with what it takes in some 10 ms, unless a zoom has to do it. A panic leaves no lock
// behind: the loop would wait for it and never learn of the panic.
func (sh *shell) eat(p []byte) (n int, replies []byte, z *zoom) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.zoom != nil {
		return 0, nil, sh.zoom
	}
	n, replies = sh.take(p)
	return n, replies, nil
}

// zoomBy gives the output to a zoom, or back to the pane.
func (sh *shell) zoomBy(z *zoom) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.zoom = z
}

// take feeds the emulator for some 10 ms at most, and gives how much it took and
// what it answers. It is called with the lock held.
func (sh *shell) take(p []byte) (n int, replies []byte) {
	n = sh.term.WriteSome(p)
	if sh.rec != nil {
		sh.rec.Output(p[:n])
	}
	if text, ok := sh.term.TakeClipboard(); ok {
		sh.copies, sh.asks = text, true
	}
	if sh.term.TakeBell() {
		sh.bell = true
		sh.rang.Store(true)
	}
	return n, sh.term.TakeReplies()
}

// takeAll is take for as long as it takes.
func (sh *shell) takeAll(p []byte) (replies []byte) {
	for len(p) > 0 {
		n, some := sh.take(p)
		p, replies = p[n:], append(replies, some...)
	}
	return replies
}

// bootLog shows what a console's container printed before it was looked at.
func (sh *shell) bootLog(text []byte) {
	if len(text) == 0 {
		return
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_ = sh.takeAll(text)                                         // questions asked then are not answered now
	_, _ = sh.term.Write([]byte("\x1b[m\x1b[?1049l\x1b[!p\r\n")) // an emulator takes everything
	sh.copies, sh.asks, sh.bell = "", false, false
	sh.rang.Store(false)
}

// touch asks the painter for a frame.
func (sh *shell) touch() {
	select {
	case sh.changed <- struct{}{}:
	default:
	}
}

// write types what waits, in order, and sets sizes at their place in it.
func (sh *shell) write() {
	for {
		items, ok := sh.out.take()
		if !ok {
			return
		}
		for _, it := range items {
			if it.bytes == nil {
				// A pty that is gone cannot be sized; Wait reports the end.
				_ = sh.session.Resize(it.cols, it.rows)
				continue
			}
			if _, err := sh.session.Write(it.bytes); err != nil {
				sh.out.close()
				return
			}
		}
	}
}

// paintLoop turns changes into paint messages: at once after idle, else one a
// frame. A session that is not on screen asks for none, but tells when it has
// written or rung first.
func (sh *shell) paintLoop(o *outside) {
	var last time.Time
	var told [2]bool
	for {
		select {
		case <-sh.changed:
		case <-sh.ended:
			o.send(paintMsg{sh.id}) // what came last, whoever still waits
			return
		case <-o.ctx.Done():
			return
		}
		if !sh.seen.Load() {
			marks := [2]bool{sh.fresh.Load(), sh.rang.Load()}
			if marks != told {
				o.send(marksMsg{})
			}
			told = marks
			if sh.wishes() {
				o.send(paintMsg{sh.id})
			}
			if !sleep(o.ctx, frameTime) {
				return
			}
			continue
		}
		told = [2]bool{}
		wait := frameTime
		if sh.flood.Swap(0) > floodBytes {
			wait = floodTime
		}
		if d := wait - time.Since(last); d > 0 && !sleep(o.ctx, d) {
			return
		}
		if sh.holding() {
			// The program is in the middle of an update; look again soon, also
			// when it never ends it.
			if !sleep(o.ctx, frameTime) {
				return
			}
			sh.touch()
			continue
		}
		last = time.Now()
		o.send(paintMsg{sh.id})
	}
}

// holding says whether a synchronized update keeps the screen back.
func (sh *shell) holding() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.term.Modes().SyncUpdate && time.Since(sh.drawn) < syncTime
}

// screen gives the rows for a frame, and the title; while an update is going
// on, the rows before it.
func (sh *shell) screen() (body []string, title string) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, n := sh.term.Size()
	if sh.scroll != nil {
		sh.body = sh.scroll.rows(sh.term, sh.body[:0])
		return sh.body, sh.term.Title()
	}
	if len(sh.body) == n && sh.term.Modes().SyncUpdate && time.Since(sh.drawn) < syncTime {
		return sh.body, sh.term.Title()
	}
	sh.drawn = time.Now()
	sh.body = sh.body[:0]
	for y := range n {
		sh.body = append(sh.body, sh.term.Line(y))
	}
	return sh.body, sh.term.Title()
}

func (sh *shell) cursor() (x, y int, look cursorLook) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.term.Cursor()
	if sh.scroll != nil {
		x, y = sh.scroll.cursor()
		return x, y, cursorLook{visible: sh.scroll.prompt == "", shape: vt.ShapeBlock} // a prompt paints its own
	}
	return c.X, c.Y, cursorLook{visible: c.Visible, shape: c.Shape, blink: c.Blink}
}

// rings says whether the bell was rung since the last call.
func (sh *shell) rings() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sh.bell
	sh.bell = false
	return b
}

// onPaint lets View look at the emulator; a copy that the container wants to
// make is told or done, and a bell of what is on screen is the terminal's.
func (m *Model) onPaint(msg paintMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil {
		return nil
	}
	copied := m.onCopyWish(sh)
	if sh.rings() && sh.seen.Load() {
		if now := m.clock.Now(); now.Sub(m.lastBell) >= bellPause {
			m.lastBell = now
			return tea.Batch(copied, tea.Raw("\a"))
		}
	}
	return copied
}

// rectOf is the room of a session of the tab on screen; empty = it has none.
func (m *Model) rectOf(sh *shell) image.Rectangle {
	for i, half := range m.shells.halves() {
		if half == sh {
			return [2]image.Rectangle{m.layout.Shell, m.layout.Shell2}[i]
		}
	}
	return image.Rectangle{}
}

// fitShells gives the sessions on screen the sizes of their panes, and tells
// the others that they are not: the emulator has its size at once, the pty
// when the window has stood still.
func (m *Model) fitShells() tea.Cmd {
	var cmds []tea.Cmd
	for _, sh := range m.shells.all {
		box := m.rectOf(sh)
		seen := !box.Empty() && m.raw == nil
		sh.seen.Store(seen)
		if seen {
			sh.fresh.Store(false)
			sh.rang.Store(false)
		}
		if cols, rows := box.Dx(), box.Dy(); !box.Empty() && sh.size != [2]int{cols, rows} {
			sh.resize(cols, rows)
			sh.fitGen++
			cmds = append(cmds, m.clock.After(resizeDelay, fitMsg{sh.id, sh.fitGen}))
		}
	}
	return tea.Batch(cmds...)
}

// resize gives the emulator another size.
func (sh *shell) resize(cols, rows int) {
	sh.size = [2]int{cols, rows}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.scroll != nil {
		sh.scroll.hold(sh.term)
	}
	sh.term.Resize(cols, rows)
	sh.body = nil
	if sh.rec != nil {
		sh.rec.Resize(cols, rows)
	}
	if sh.scroll != nil {
		sh.scroll.refit(sh.term)
	}
	if sh.zoom != nil {
		sh.zoom.again()
	}
}

func (m *Model) onFit(msg fitMsg) {
	if sh := m.shells.byID(msg.id); sh != nil && sh.fitGen == msg.gen && !sh.over {
		sh.fit()
	}
}

// fit tells the session the size of its pane, if it does not know it yet.
func (sh *shell) fit() {
	if sh.ptySize != sh.size {
		sh.ptySize = sh.size
		sh.out.resize(sh.size[0], sh.size[1])
	}
}
