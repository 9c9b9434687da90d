package tui

import (
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/tui/vt"
)

// run starts what moves the bytes of a session: a reader that feeds the
// emulator, a writer that keeps keys in order, a painter that asks for at most
// one frame a frame time, and a waiter that reports the end.
func (o *outside) run(sh *shell) {
	o.spawn("shell reader", func() { sh.read() })
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
func (sh *shell) read() {
	defer close(sh.ended)
	buf := make([]byte, readSize)
	for {
		n, err := sh.session.Read(buf)
		if n > 0 {
			sh.feed(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

func (sh *shell) feed(p []byte) {
	sh.mu.Lock()
	_, _ = sh.term.Write(p) // an emulator takes everything
	replies := sh.term.TakeReplies()
	if text, ok := sh.term.TakeClipboard(); ok {
		sh.copies = text
	}
	sh.mu.Unlock()
	// A container that asks and does not read loses the answers, as it would
	// on a full tty queue.
	_ = sh.out.put(replies)
	sh.touch()
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
// frame. Nothing is asked for while the session is not on screen.
func (sh *shell) paintLoop(o *outside) {
	var last time.Time
	for {
		select {
		case <-sh.changed:
		case <-sh.ended:
			o.send(paintMsg{sh.id}) // what came last, whoever still waits
			return
		case <-o.ctx.Done():
			return
		}
		if d := frameTime - time.Since(last); d > 0 && !sleep(o.ctx, d) {
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
		if sh.seen.Load() {
			last = time.Now()
			o.send(paintMsg{sh.id})
		}
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
	return c.X, c.Y, cursorLook{visible: c.Visible, shape: c.Shape, blink: c.Blink}
}

// wish is what the container wants to copy; "" = nothing.
func (sh *shell) wish() string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.copies
}

func (sh *shell) forgetWish() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.copies = ""
}

// onPaint lets View look at the emulator; a copy that the container wants to
// make is told or done.
func (m *Model) onPaint(msg paintMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil {
		return nil
	}
	return m.onCopyWish(sh)
}

// shellSize is the size a pty gets in this layout.
func (m *Model) shellSize() (cols, rows int) {
	if m.layout.Shell.Empty() {
		return 80, 24
	}
	return m.layout.Shell.Dx(), m.layout.Shell.Dy()
}

// fitShell gives the shown session the size of its pane: the emulator at
// once, the pty when the window has stood still.
func (m *Model) fitShell() tea.Cmd {
	sh := m.shells.shown
	if sh == nil || sh.term == nil || m.layout.Shell.Empty() {
		return nil
	}
	cols, rows := m.shellSize()
	if sh.size == [2]int{cols, rows} {
		return nil
	}
	sh.size = [2]int{cols, rows}
	sh.mu.Lock()
	sh.term.Resize(cols, rows)
	sh.body = nil
	sh.mu.Unlock()
	sh.fitGen++
	return m.clock.After(resizeDelay, fitMsg{sh.id, sh.fitGen})
}

func (m *Model) onFit(msg fitMsg) tea.Cmd {
	if sh := m.shells.byID(msg.id); sh != nil && sh.fitGen == msg.gen && !sh.over {
		sh.fit()
	}
	return nil
}

// fit tells the session the size of its pane, if it does not know it yet.
func (sh *shell) fit() {
	if sh.ptySize != sh.size {
		sh.ptySize = sh.size
		sh.out.resize(sh.size[0], sh.size[1])
	}
}

// onShellKey is a key while a session has the focus: the prefix and what
// follows it are ours, all else is typed.
func (m *Model) onShellKey(sh *shell, k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	switch {
	case sh.armed:
		sh.armed = false
		m.notices.read(key)
		if a, ok := m.keys.Lookup(keymap.Shell, key); ok {
			return m.do(a)
		}
		return nil
	case m.keys.IsPrefix(key):
		sh.armed = true
		return nil
	case sh.over:
		if key == "q" || key == "esc" {
			m.notices.read(key)
			return m.dismissShell()
		}
		return nil
	default:
		m.typeInto(sh, sh.encodeKey(k))
		return nil
	}
}

// typeInto queues bytes for a session.
func (m *Model) typeInto(sh *shell, b []byte) {
	if sh.over {
		return
	}
	sh.fit() // what is typed after a resize is for the new size
	if err := sh.out.put(b); errors.Is(err, errOutboxFull) {
		m.say(noteWarn, m.called(sh.ref)+": "+err.Error()+"; what was typed now is lost", "")
	}
}

func (m *Model) pasteInto(sh *shell, text string) {
	sh.mu.Lock()
	modes := sh.term.Modes()
	sh.mu.Unlock()
	m.typeInto(sh, vt.EncodePaste(text, modes))
}

// sendPrefix types the prefix itself.
func (m *Model) sendPrefix() tea.Cmd {
	if sh := m.shells.shown; sh != nil {
		m.typeInto(sh, sh.encodeKey(pressOf(m.keys.Prefix())))
	}
	return nil
}
