package tui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"lxcdeck/keymap"
	"lxcdeck/tui/passthru"
)

const (
	// holdKeys is how long the start of an escape sequence waits for its rest
	// before it counts as the escape key.
	holdKeys = 25 * time.Millisecond
	// pasteTime is how long a paste may say nothing before it is taken to be over:
	// its end mark was lost, and the prefix must work again.
	pasteTime = time.Second
	// fenceTime is how long the terminal may take to answer the last question, so
	// that late replies are no keys.
	fenceTime = 200 * time.Millisecond
	// lateBytes is how much may come before that question is out.
	lateBytes = 64 << 10
)

// bareScreen resets what painting a screen sets and the filter has not seen.
const bareScreen = "\x1b[r\x1b[?6l\x1b[4l\x1b[?7h\x1b[?25h"

// onEarlyKey is a key that Bubble Tea had read when the zoom began.
func (m *Model) onEarlyKey(z *zoom, k tea.KeyPressMsg) {
	key := k.String()
	switch {
	case z.asked.Load() != nil: // as what is typed behind such a key in a zoom
	case z.sh.armed:
		z.sh.armed = false
		z.endBy(key)
	case m.keys.IsPrefix(key):
		z.sh.armed = true
	default:
		m.typeInto(z.sh, z.sh.encodeKey(k))
	}
}

// read passes keys on until one behind the prefix, or the end.
func (z *zoom) read() (key string, err error) {
	buf := make([]byte, 4096)
	for {
		wait := time.Duration(-1)
		switch {
		case z.holding():
			wait = holdKeys
		case z.keys.Pasting():
			wait = pasteTime
		}
		n, err := z.await(buf, wait, z.wake[0])
		switch {
		case err != nil:
			return "", err
		case n == 0 && z.holding():
			z.leaves(z.keys.Flush(nil)) // an escape key, which leads nowhere
			if z.escape != nil {
				z.send(z.escape.Flush(nil))
			}
			continue
		case n == 0:
			z.leaves(z.keys.EndPaste(nil))
			continue
		}
		if key := z.typed(buf[:n]); key != "" {
			return key, nil
		}
	}
}

// holding says that what was typed last may be the start of a key's sequence.
func (z *zoom) holding() bool {
	return z.keys.Holding() || z.escape != nil && z.escape.Holding()
}

// errWoken ends reading without a key.
var errWoken = errors.New("woken")

// typed passes on what was typed, and gives the key that ends the zoom.
func (z *zoom) typed(p []byte) string {
	if z.bar.Load() {
		z.tell("")
	}
	for {
		out, cmd, rest := z.keys.Feed(nil, p)
		if z.leaves(out) {
			return leaveKey
		}
		if cmd == nil {
			break
		}
		p = rest
		if cmd.Key == 0 {
			z.send(cmd.Bytes)
			continue
		}
		key := keyOf(cmd.Key)
		if _, known := z.known.Lookup(keymap.Shell, key); known {
			return key
		}
		z.tell(" " + z.prefix + " " + keymap.KeyName(key) + " means nothing ")
	}
	if z.keys.Armed() {
		z.tell(" " + z.prefix + "  " + z.hints + " ")
	}
	return ""
}

// leaveKey is how a console's own way out is told.
const leaveKey = "leave"

// leaves passes on what is no key of ours; true means that a console is left
// as lxc-console is.
func (z *zoom) leaves(p []byte) bool {
	if z.escape == nil {
		z.send(p)
		return false
	}
	for {
		out, cmd, rest := z.escape.Feed(nil, p)
		z.send(out)
		switch {
		case cmd == nil:
			return false
		case cmd.Key == 'q':
			return true
		case cmd.Key != 0:
			z.send(z.escape.Literal())
		}
		z.send(cmd.Bytes)
		p = rest
	}
}

func (z *zoom) send(p []byte) {
	if len(p) > 0 && z.sh.out.put(bytes.Clone(p)) != nil {
		select {
		case z.full <- struct{}{}:
		default:
		}
	}
}

// keyOf names the key behind the prefix as Bubble Tea would.
func keyOf(r rune) string {
	switch r {
	case '\t':
		return "tab"
	case '\r', '\n':
		return "enter"
	case 0x1b:
		return "esc"
	case ' ':
		return "space"
	case 0x7f:
		return "backspace"
	}
	switch {
	case r < 0:
		return "that key"
	case r < ' ':
		return "ctrl+" + string(r|0x60)
	}
	return string(r)
}

// leave puts the terminal's modes back and swallows what it still answers: it
// is no key of ours. What comes while the terminal takes its time is read all
// the same: some terminals take nothing until their answers are taken.
func (z *zoom) leave() {
	var asked int
	var whole bool
	done := make(chan struct{})
	z.spawn("zoom", func() {
		defer close(done)
		asked, whole = z.reset()
	})
	late := z.drain(done)
	if !whole {
		return // one that is gone has no modes
	}
	z.fence(passthru.Fence{Pending: asked - z.keys.Answered()}, late)
	_, _ = z.t.out.WriteString(ansi.ResetModeAltScreenSaveCursor) // the last word: nobody is left to tell
}

// reset takes the session off the terminal and puts its modes back. asked is
// how many questions of the container's the terminal answers; whole says that
// it is there.
func (z *zoom) reset() (asked int, whole bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.over = true
	z.sh.zoomBy(nil)
	asked = z.filter.Asked()
	z.write(append(z.filter.Reset(), bareScreen+ansi.EraseEntireScreen+ansi.RequestPrimaryDeviceAttributes...))
	return asked, z.err == nil
}

// drain reads until done and gives what came, or its head: of what is too much
// for any answer the rest is dropped.
func (z *zoom) drain(done <-chan struct{}) (late []byte) {
	buf := make([]byte, 4096)
	for wait := time.Millisecond; ; wait = min(2*wait, holdKeys) {
		select {
		case <-done:
			return late
		default:
		}
		n, err := z.await(buf, wait, -1)
		if err != nil {
			<-done
			return late
		}
		if len(late) < lateBytes {
			late = append(late, buf[:n]...)
		}
	}
}

// fence reads until the answer to the last question.
func (z *zoom) fence(f passthru.Fence, late []byte) {
	if _, done := f.Feed(late); done {
		return
	}
	buf := make([]byte, 4096)
	for until := time.Now().Add(fenceTime); ; {
		left := time.Until(until)
		if left <= 0 {
			return
		}
		n, err := z.await(buf, left, -1)
		if err != nil {
			return
		}
		if _, done := f.Feed(buf[:n]); done {
			return
		}
	}
}

// await reads what the terminal sends: no bytes = nothing came in time, io.EOF
// = there is no more, errWoken = wake, a descriptor to read from, has something;
// -1 = none. A negative wait waits for ever.
func (z *zoom) await(buf []byte, wait time.Duration, wake int) (int, error) {
	ms := -1
	if wait >= 0 {
		ms = int((wait + time.Millisecond - 1) / time.Millisecond)
	}
	for {
		fds := []unix.PollFd{{Fd: int32(z.t.in.Fd()), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, ms)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, fmt.Errorf("wait for keys: %w", err)
		case fds[1].Revents != 0:
			return 0, errWoken
		case fds[0].Revents == 0:
			return 0, nil
		}
		n, err := unix.Read(int(z.t.in.Fd()), buf)
		switch {
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
			continue
		case err != nil || n == 0:
			return 0, errors.Join(io.EOF, err)
		}
		return n, nil
	}
}
