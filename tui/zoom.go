package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"

	"lxcdeck/keymap"
	"lxcdeck/tui/passthru"
	"lxcdeck/views"
)

const (
	// holdKeys is how long the start of an escape sequence waits for its rest
	// before it counts as the escape key.
	holdKeys = 25 * time.Millisecond
	// fenceTime is how long the terminal may take to answer the last question, so
	// that late replies are no keys.
	fenceTime = 200 * time.Millisecond
	// barTime is how long the words over the last row of a zoom stay.
	barTime = 2 * time.Second
	// introTime is when the way back is told: the program inside paints anew when
	// it learns of its size.
	introTime = 200 * time.Millisecond
	// repaintTime is the least time between two paintings of the whole screen.
	repaintTime = 20 * time.Millisecond
	// pasteTime is how long a paste may say nothing before it is taken to be over:
	// its end mark was lost, and the prefix must work again.
	pasteTime = time.Second
)

// bareScreen resets what painting a screen sets and the filter has not seen.
const bareScreen = "\x1b[r\x1b[?6l\x1b[4l\x1b[?7h\x1b[?25h"

// zoomedMsg is the end of a zoom.
type zoomedMsg struct {
	id  int
	key string // what followed the prefix; "" = the session or the program ended
	err error
}

// terminal is what a zoom needs of the program around it. Without one, as in
// tests, a zoom is the emulator on the whole screen.
type terminal struct {
	in, out *os.File
	release func() error // stops reading keys and painting
	restore func() error // and takes both up again
	raw     bool         // the terminal understands what programs in containers write
	hungUp  <-chan struct{}
}

// rawTerm says whether a terminal takes xterm's sequences as they are.
func rawTerm(name string) bool {
	for _, known := range []string{
		"xterm", "tmux", "screen", "alacritty", "foot", "kitty", "wezterm", "ghostty", "contour",
		"rxvt-unicode", "st-256color", "rio", "konsole", "gnome", "vte", "iterm",
	} {
		if strings.HasPrefix(name, known) {
			return true
		}
	}
	return false
}

// zoom passes a session through to the terminal: its output by way of the
// filter, the keys by way of the prefix. The emulator is fed as well, so that
// the pane is right when it comes back.
type zoom struct {
	t      *terminal
	sh     *shell
	name   string
	prefix string // as people read it
	hints  string // what may follow it
	keys   *passthru.Keys
	known  *keymap.Map
	escape *passthru.Keys // a console's own way out; nil = it has none
	spawn  func(where string, work func())
	ended  chan struct{} // closed when the terminal is whole again
	wake   [2]int        // a pipe: a byte ends the reading
	once   sync.Once

	mu      sync.Mutex // order of what the terminal gets
	filter  *passthru.Filter
	live    bool // the terminal shows what the emulator holds
	over    bool
	painted time.Time // when the whole screen was painted last
	bar     bool      // words stand over the last row
	err     error
	buf     []byte
	woken   chan struct{} // one slot: paint all again
}

// zoomRaw passes the session in focus through.
func (m *Model) zoomRaw(sh *shell) tea.Cmd {
	keys, err := passthru.NewKeys(m.keys.Prefix())
	if err != nil {
		return nil
	}
	z := &zoom{
		t: m.terminal, sh: sh, name: views.Clean(m.called(sh.ref())), prefix: m.prefixName(), keys: keys, known: m.keys,
		filter: passthru.NewFilter(passthru.Options{KeepScreen: true}), spawn: m.out.spawn, ended: make(chan struct{}), woken: make(chan struct{}, 1),
	}
	if sh.op.console && m.keys.Prefix() != consoleEscape {
		z.escape, err = passthru.NewKeys(consoleEscape)
		if err != nil {
			return nil
		}
	}
	var words []string
	for _, h := range m.hints(keymap.Shell) {
		if h.ID == keymap.ShellZoom {
			h.Text = "back"
		}
		words = append(words, h.Key+" "+h.Text)
	}
	z.hints = strings.Join(words, "  ")
	if err := unix.Pipe2(z.wake[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		m.say(noteWarn, "no zoom: "+err.Error(), "")
		return nil
	}
	m.raw, m.zoomed, m.zoomPane, m.focus = z, true, views.ShellPane, views.ShellPane
	m.out.zoom.Store(z)
	sh.armed = false
	ctx := m.out.ctx
	arranged := m.arrangeScreen()
	sh.fit() // what is typed next is for the new size
	return tea.Batch(arranged, cmd("zoom", func() tea.Msg {
		key, err := z.run(ctx)
		return zoomedMsg{sh.id, key, err}
	}))
}

// onZoomed takes the screen back and does what the key behind the prefix means.
func (m *Model) onZoomed(msg zoomedMsg) tea.Cmd {
	m.raw, m.zoomed = nil, false
	m.out.zoom.Store(nil)
	m.rate = 0 // the ticker was started anew
	cmds := []tea.Cmd{m.arrangeScreen(), tea.ClearScreen}
	if msg.err != nil {
		m.say(noteWarn, "zoom: "+msg.err.Error(), "")
	}
	sh := m.shells.byID(msg.id)
	if sh == nil {
		return tea.Batch(cmds...)
	}
	sh.fit()
	cmds = append(cmds, m.onPaint(paintMsg{msg.id}))
	switch {
	case msg.key == "" || m.isZoomKey(msg.key):
		return tea.Batch(cmds...)
	case msg.key == leaveKey:
		return tea.Batch(append(cmds, m.leaveShell())...)
	}
	cmds = append(cmds, m.onPrefixed(msg.key))
	// What stays among shells stays zoomed.
	if a, ok := m.keys.Lookup(keymap.Shell, msg.key); ok && staysZoomed(a.ID) && m.overlay == nil && m.focus == views.ShellPane {
		cmds = append(cmds, m.zoomShell())
	}
	return tea.Batch(cmds...)
}

// isZoomKey says whether the key behind the prefix only ends the zoom.
func (m *Model) isZoomKey(key string) bool {
	a, ok := m.keys.Lookup(keymap.Shell, key)
	return ok && a.ID == keymap.ShellZoom
}

// staysZoomed says whether a zoom goes on after an action.
func staysZoomed(id keymap.ID) bool {
	switch id {
	case keymap.ShellNext, keymap.ShellPrev, keymap.ShellTab, keymap.ShellHalf, keymap.ShellCopy,
		keymap.ShellAnother, keymap.ShellReopen:
		return true
	}
	return false
}

// run holds the terminal until the zoom ends, and gives the key that ended it.
func (z *zoom) run(ctx context.Context) (key string, err error) {
	defer close(z.ended)
	if err := z.t.release(); err != nil {
		return "", fmt.Errorf("take the terminal: %w", err)
	}
	defer func() { err = errors.Join(err, z.t.restore()) }()
	saved, err := term.MakeRaw(z.t.in.Fd())
	if err != nil {
		return "", fmt.Errorf("set the terminal to raw mode: %w", err)
	}
	defer func() {
		select {
		case <-z.t.hungUp: // it may be gone
			_ = term.Restore(z.t.in.Fd(), saved)
		default:
			err = errors.Join(err, term.Restore(z.t.in.Fd(), saved))
		}
	}()
	done := make(chan struct{})
	z.spawn("zoom", func() { z.repaints(ctx, done) })
	z.begin()
	key, err = z.read()
	if errors.Is(err, errWoken) || errors.Is(err, io.EOF) {
		err = nil // the session, the program or the terminal has ended, which others tell
	}
	close(done)
	return key, errors.Join(err, z.leave())
}

// begin shows what the emulator holds.
func (z *zoom) begin() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.write([]byte(ansi.SetModeAltScreenSaveCursor + ansi.EraseEntireScreen))
	z.sh.mu.Lock()
	z.sh.zoom = z
	z.sh.mu.Unlock()
	z.paint()
}

// paint makes the terminal show the emulator's screen. In the middle of a
// sequence nothing may come between: the text is shown, the rest waits for the
// sequence's end. It is called with the lock held.
func (z *zoom) paint() {
	z.sh.mu.Lock()
	_, rows := z.sh.term.Size()
	var b []byte
	if z.live = z.sh.term.AtRest(); z.live {
		b = z.filter.Append(nil, z.sh.term.AppendState(nil))
	} else {
		b = z.sh.term.AppendRows(nil, 0, rows)
	}
	z.sh.mu.Unlock()
	z.write(b)
	z.bar, z.painted = false, time.Now()
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
	for {
		select {
		case <-intro.C:
			z.tell(" " + z.name + " has the whole terminal: " + z.prefix + " z goes back ")
			bar.Reset(barTime)
		case <-z.woken:
			if !sleep(ctx, repaintTime) { // what comes in a row is painted once
				z.end()
				return
			}
			z.mu.Lock()
			z.paint()
			z.mu.Unlock()
		case <-bar.C:
			z.unsay()
		case <-ctx.Done():
			z.end()
			return
		case <-z.t.hungUp:
			z.end()
			return
		case <-done:
			return
		}
	}
}

// feed is the session's output. It may wait for a terminal that is slow, and
// the container waits with it.
func (z *zoom) feed(p []byte) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for len(p) > 0 {
		out, used, repaint := z.filter.AppendUntil(z.buf[:0], p)
		z.sh.mu.Lock()
		replies := z.sh.takeAll(p[:used]) // the terminal answers itself
		rest := z.sh.term.AtRest()
		z.sh.bell = false // it has passed
		z.sh.rang.Store(false)
		z.sh.mu.Unlock()
		p = p[used:]
		z.buf = out[:0]
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
	}
	if z.sh.wish() != "" {
		z.sh.touch()
	}
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
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.over {
		z.write([]byte(ansi.SetSystemClipboard(text)))
	}
}

// tell writes words over the last row, for a while.
func (z *zoom) tell(words string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.say(words)
}

// say is tell with the lock held.
func (z *zoom) say(words string) {
	if !z.live || z.over {
		return
	}
	z.sh.mu.Lock()
	cols, rows := z.sh.term.Size()
	out := fmt.Appendf(z.sh.term.AppendBare(nil), "\x1b[%d;1H\x1b[7m%s\x1b[m", rows, ansi.Truncate(words, cols-1, ""))
	out = z.sh.term.AppendCursor(out)
	z.sh.mu.Unlock()
	z.write(out)
	z.bar = true
}

// unsay shows the last row again.
func (z *zoom) unsay() {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.bar || !z.live || z.over {
		return
	}
	z.bar = false
	z.sh.mu.Lock()
	_, rows := z.sh.term.Size()
	out := z.sh.term.AppendRows(nil, rows-1, rows)
	z.sh.mu.Unlock()
	z.write(out)
}

// end ends the zoom from any goroutine. It does not wait.
func (z *zoom) end() {
	z.once.Do(func() { _, _ = unix.Write(z.wake[1], []byte{0}) }) // a byte fits into an empty pipe
}

// read passes keys on until one behind the prefix, or the end.
func (z *zoom) read() (key string, err error) {
	buf := make([]byte, 4096)
	for {
		wait := -1
		switch {
		case z.holding():
			wait = int(holdKeys / time.Millisecond)
		case z.keys.Pasting():
			wait = int(pasteTime / time.Millisecond)
		}
		n, err := z.poll(buf, wait)
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

// poll reads what was typed; 0 = nothing came in time. A negative wait waits
// for ever.
func (z *zoom) poll(buf []byte, wait int) (int, error) {
	for {
		fds := []unix.PollFd{{Fd: int32(z.t.in.Fd()), Events: unix.POLLIN}, {Fd: int32(z.wake[0]), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, wait)
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

// typed passes on what was typed, and gives the key that ends the zoom.
func (z *zoom) typed(p []byte) string {
	z.unsay()
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
		z.mu.Lock()
		defer z.mu.Unlock()
		z.write([]byte("\a")) // as a terminal does whose input is full
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
// is no key of ours.
func (z *zoom) leave() error {
	z.once.Do(func() {}) // nobody writes into the pipe from now on
	z.mu.Lock()
	z.sh.mu.Lock()
	z.over, z.sh.zoom = true, nil
	z.sh.mu.Unlock()
	pending := z.filter.Asked() - z.keys.Answered()
	z.write(append(z.filter.Reset(), bareScreen+ansi.EraseEntireScreen+ansi.RequestPrimaryDeviceAttributes...))
	gone := z.err != nil
	z.mu.Unlock()
	if !gone {
		z.fence(pending)
		_, _ = z.t.out.WriteString(ansi.ResetModeAltScreenSaveCursor) // one that is gone has no modes
	}
	return errors.Join(unix.Close(z.wake[0]), unix.Close(z.wake[1]))
}

func (z *zoom) fence(pending int) {
	f := passthru.Fence{Pending: pending}
	buf := make([]byte, 4096)
	for until := time.Now().Add(fenceTime); ; {
		left := time.Until(until)
		if left <= 0 {
			return
		}
		fds := []unix.PollFd{{Fd: int32(z.t.in.Fd()), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, int(left/time.Millisecond)+1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil || n == 0 {
			return
		}
		n, err := unix.Read(int(z.t.in.Fd()), buf)
		if err != nil || n <= 0 {
			return
		}
		if _, done := f.Feed(buf[:n]); done {
			return
		}
	}
}
