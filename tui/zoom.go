package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
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
	// barTime is how long the words over the last row of a zoom stay.
	barTime = 2 * time.Second
	// introTime is when the way back is told: the program inside paints anew when
	// it learns of its size.
	introTime = 200 * time.Millisecond
	// passSize is what is passed on before others may write: a slow terminal takes
	// its time over it, and the way back waits for that.
	passSize = 4 << 10
	// repaintTime is the least time between two paintings of the whole screen.
	repaintTime = 20 * time.Millisecond
)

type (
	// zoomMsg begins a zoom.
	zoomMsg struct{ z *zoom }
	// zoomedMsg is the end of a zoom.
	zoomedMsg struct {
		id  int
		key string // what followed the prefix; "" = the session or the program ended
		err error
	}
)

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
	intro  string // told at first
	keys   *passthru.Keys
	known  *keymap.Map
	escape *passthru.Keys // a console's own way out; nil = it has none
	spawn  func(where string, work func())
	ended  chan struct{}          // closed when the terminal is whole again
	wake   [2]int                 // a pipe: a byte ends the reading
	once   sync.Once              // writes it
	asked  atomic.Pointer[string] // the key that ended it, if the loop had read it

	woken chan struct{} // one slot: paint all again
	words chan string   // one slot: to stand over the last row; "" = take them off it
	full  chan struct{} // one slot: what was typed found no room
	bar   atomic.Bool   // words stand over the last row

	mu      sync.Mutex // order of what the terminal gets; who reads keys never waits for it
	filter  *passthru.Filter
	live    bool // the terminal shows what the emulator holds
	over    bool
	painted time.Time // when the whole screen was painted last
	err     error
	buf     []byte
}

// zoomRaw passes the session in focus through.
func (m *Model) zoomRaw(sh *shell) tea.Cmd {
	keys, err := passthru.NewKeys(m.keys.Prefix())
	if err != nil {
		return nil
	}
	z := &zoom{
		t: m.terminal, sh: sh, name: m.called(sh.ref()), prefix: m.prefixName(), keys: keys, known: m.keys,
		filter: passthru.NewFilter(passthru.Options{KeepScreen: true}), spawn: m.out.spawn, ended: make(chan struct{}),
		woken: make(chan struct{}, 1), words: make(chan string, 1), full: make(chan struct{}, 1),
	}
	z.intro = " " + z.name + " has the whole terminal: " + z.prefix + " z goes back "
	// What sent the zoom back here, such as that there is no other tab, would not
	// be seen otherwise.
	if n := m.notices.now; n != nil && !n.at.Before(m.clock.Now().Add(-introTime)) {
		z.intro = " " + n.text + " "
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
	arranged := m.arrangeScreen()
	sh.fit() // what is typed next is for the new size
	// Once around the loop, which gives Bubble Tea a frame without a cursor: it
	// shows again the one it knew when it gave the terminal away, behind the frame
	// that hides it.
	return tea.Batch(arranged, func() tea.Msg {
		m.pace.hush(settleTime)
		return zoomMsg{z}
	})
}

// onZoom hands the terminal over.
func (m *Model) onZoom(z *zoom) tea.Cmd {
	ctx := m.out.ctx
	return cmd("zoom", func() tea.Msg {
		key, err := z.run(ctx)
		return zoomedMsg{z.sh.id, key, err}
	})
}

// onZoomed takes the screen back and does what the key behind the prefix means.
func (m *Model) onZoomed(msg zoomedMsg) tea.Cmd {
	m.raw, m.zoomed = nil, false
	m.out.zoom.Store(nil)
	m.pace.speak()
	cmds := []tea.Cmd{m.arrangeScreen(), tea.ClearScreen, m.restarted()}
	if errors.Is(msg.err, errLost) {
		return m.onCrash(fmt.Errorf("zoom: %w", msg.err))
	}
	if msg.err != nil {
		m.say(noteWarn, "zoom: "+msg.err.Error(), "")
	}
	sh := m.shells.byID(msg.id)
	if sh == nil {
		return tea.Batch(cmds...)
	}
	sh.armed = false
	sh.fit()
	cmds = append(cmds, m.onPaint(paintMsg{msg.id}))
	switch {
	case msg.key == "" || m.isZoomKey(msg.key):
		return tea.Batch(cmds...)
	case msg.key == leaveKey:
		return tea.Batch(append(cmds, m.leaveShell())...)
	}
	// What stays among shells stays zoomed, and so does what is refused.
	a, ok := m.keys.Lookup(keymap.Shell, msg.key)
	stays := ok && (staysZoomed(a.ID) || keymap.Why(a, m.situation()) != "")
	cmds = append(cmds, m.onPrefixed(msg.key))
	if stays && m.overlay == nil && m.focus == views.ShellPane {
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

// errLost is a terminal that the screen did not get back: nothing can be shown.
var errLost = errors.New("the terminal cannot be taken back")

// run holds the terminal until the zoom ends, and gives the key that ended it.
// Whatever happens in it, a panic included, the terminal is given back.
func (z *zoom) run(ctx context.Context) (key string, err error) {
	defer close(z.ended)
	defer func() {
		z.once.Do(func() {}) // nobody writes into the pipe from now on
		err = errors.Join(err, unix.Close(z.wake[0]), unix.Close(z.wake[1]))
	}()
	defer func() {
		if rerr := z.t.restore(); rerr != nil && !z.hungUp() {
			err = errors.Join(err, errLost, rerr)
		}
	}()
	if err := z.t.release(); err != nil {
		return "", fmt.Errorf("take the terminal: %w", err)
	}
	saved, err := term.MakeRaw(z.t.in.Fd())
	if err != nil {
		return "", fmt.Errorf("set the terminal to raw mode: %w", err)
	}
	defer func() {
		if rerr := term.Restore(z.t.in.Fd(), saved); !z.hungUp() { // then it may be gone
			err = errors.Join(err, rerr)
		}
	}()
	done := make(chan struct{})
	z.spawn("zoom", func() { z.repaints(ctx, done) })
	z.spawn("zoom", func() { z.watch(ctx, done) })
	defer func() {
		close(done)
		z.leave()
	}()
	z.begin()
	key, err = z.read()
	if errors.Is(err, errWoken) || errors.Is(err, io.EOF) {
		err = nil // the session, the program or the terminal has ended, which others tell
	}
	if asked := z.asked.Load(); asked != nil && key == "" {
		key = *asked
	}
	return key, err
}

func (z *zoom) hungUp() bool {
	select {
	case <-z.t.hungUp:
		return true
	default:
		return false
	}
}

// watch ends the zoom with the program, also while the terminal takes nothing.
func (z *zoom) watch(ctx context.Context, done <-chan struct{}) {
	select {
	case <-ctx.Done():
		z.end()
	case <-z.t.hungUp:
		z.end()
	case <-done:
	}
}

// begin shows what the emulator holds.
func (z *zoom) begin() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.write([]byte(ansi.SetModeAltScreenSaveCursor + ansi.EraseEntireScreen))
	z.sh.zoomBy(z)
	z.paint()
}

// end ends the zoom from any goroutine. It does not wait.
func (z *zoom) end() {
	z.once.Do(func() { _, _ = unix.Write(z.wake[1], []byte{0}) }) // a byte fits into an empty pipe
}

// endBy ends it by a key behind the prefix.
func (z *zoom) endBy(key string) {
	z.asked.CompareAndSwap(nil, &key)
	z.end()
}
