package tui

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

const (
	// attachTime is how long a session may take to come up.
	attachTime = 20 * time.Second
	// resizeDelay gathers the sizes of a window being dragged.
	resizeDelay = 50 * time.Millisecond
	// drainTime is how long the output of an ended process is awaited before its
	// end is told.
	drainTime = 300 * time.Millisecond
	// heldTime is how long it is still read after that: a background job may
	// hold the pty open for ever.
	heldTime = 5 * time.Second
	// syncTime is how long a program may hold back painting by a synchronized
	// update (mode 2026).
	syncTime = 150 * time.Millisecond
	// readSize is one read of a session.
	readSize = 32 << 10
)

type (
	// attachedMsg is the end of one Attach.
	attachedMsg struct {
		id      int
		session runtime.Session
		err     error
	}
	// slowAttachMsg ends an Attach that takes too long.
	slowAttachMsg struct{ id int }
	// paintMsg says that a shell's screen has changed. It carries no bytes.
	paintMsg struct{ id int }
	// fitMsg sets a pty's size once the window has stood still.
	fitMsg struct{ id, gen int }
	// shellOverMsg is the end of a session.
	shellOverMsg struct {
		id   int
		exit runtime.Exit
		err  error
	}
)

// shell is one session and its screen. The emulator is shared with the
// reader and stands behind the lock; all else belongs to Update.
type shell struct {
	id      int
	ref     runtime.Ref
	session runtime.Session // nil while it comes up
	cancel  context.CancelFunc
	out     *outbox
	size    [2]int // columns, rows of the emulator
	ptySize [2]int // as the session was last told
	fitGen  int
	armed   bool // the prefix was pressed
	opening bool
	over    bool
	exit    runtime.Exit
	err     error
	notice  string
	mayCopy bool   // OSC 52 was allowed, for the session
	told    string // the wish that was told last

	seen    atomic.Bool   // it is on screen: paints are wanted
	changed chan struct{} // one slot
	ended   chan struct{} // closed when the reader is through

	mu     sync.Mutex
	term   *vt.Terminal
	copies string // what the container wants to copy; "" = nothing
	body   []string
	drawn  time.Time
}

// shells are all sessions; leaving one does not end it.
type shells struct {
	all   []*shell
	shown *shell // on screen; nil = none
	next  int
}

func (s *shells) byID(id int) *shell {
	for _, sh := range s.all {
		if sh.id == id {
			return sh
		}
	}
	return nil
}

// live gives the session of a container that has not ended.
func (s *shells) live(r runtime.Ref) *shell {
	for _, sh := range s.all {
		if sh.ref == r && !sh.over {
			return sh
		}
	}
	return nil
}

// of gives the session of a container, the running one before one that has
// ended and was not dismissed.
func (s *shells) of(r runtime.Ref) *shell {
	if sh := s.live(r); sh != nil {
		return sh
	}
	if i := slices.IndexFunc(s.all, func(sh *shell) bool { return sh.ref == r }); i >= 0 {
		return s.all[i]
	}
	return nil
}

func (s *shells) liveCount() int {
	n := 0
	for _, sh := range s.all {
		if !sh.over {
			n++
		}
	}
	return n
}

// openShell goes into the container's session, or opens one.
func (m *Model) openShell() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	if sh := m.shells.live(c.Ref); sh != nil {
		return m.enterShell(sh)
	}
	m.shells.all = slices.DeleteFunc(m.shells.all, func(sh *shell) bool { return sh.ref == c.Ref && sh.over })
	m.shells.next++
	ctx, cancel := context.WithCancel(m.out.ctx)
	sh := &shell{
		id: m.shells.next, ref: c.Ref, cancel: cancel, opening: true,
		out: newOutbox(), changed: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	m.shells.all = append(m.shells.all, sh)
	m.show(sh)
	fit := m.arrangeScreen()
	cols, rows := m.shellSize()
	sh.size = [2]int{cols, rows}
	sh.ptySize = sh.size
	sh.term = vt.New(cols, rows, vt.Options{})
	rt, id := m.rt, sh.id
	ask := runtime.Shell{Ref: c.Ref, Cols: cols, Rows: rows}
	attach := cmd("attach", func() tea.Msg {
		s, err := rt.Attach(ctx, ask)
		return attachedMsg{id, s, err}
	})
	return tea.Batch(fit, attach, m.clock.After(attachTime, slowAttachMsg{id}))
}

// show puts a session on screen, with the focus.
func (m *Model) show(sh *shell) {
	if old := m.shells.shown; old != nil {
		old.seen.Store(false)
	}
	m.shells.shown = sh
	m.focus = views.ShellPane
	sh.armed = false
	sh.seen.Store(true)
	if m.zoomed {
		m.zoomPane = views.ShellPane
	}
}

// enterShell shows a session and goes into it.
func (m *Model) enterShell(sh *shell) tea.Cmd {
	m.show(sh)
	return m.arrangeScreen()
}

// leaveShell gives the focus back to the list; the session runs on and its
// pane stays.
func (m *Model) leaveShell() tea.Cmd {
	if sh := m.shells.shown; sh != nil {
		sh.armed = false
	}
	m.focus = views.ListPane
	m.zoomed = false
	return m.arrangeScreen()
}

// hideShell takes the pane away.
func (m *Model) hideShell() tea.Cmd {
	m.unshow()
	return m.leaveShell()
}

// unshow takes the session off the screen: one that runs runs on, one that has
// ended was read and is forgotten.
func (m *Model) unshow() {
	sh := m.shells.shown
	if sh == nil {
		return
	}
	sh.seen.Store(false)
	m.shells.shown = nil
	if sh.over {
		m.shells.all = slices.DeleteFunc(m.shells.all, func(x *shell) bool { return x == sh })
	}
}

// dismissShell forgets an ended session.
func (m *Model) dismissShell() tea.Cmd {
	sh := m.shells.shown
	if sh == nil || !sh.over {
		return nil
	}
	return m.hideShell()
}

// nextShell goes to the next session.
func (m *Model) nextShell() tea.Cmd {
	i := slices.Index(m.shells.all, m.shells.shown)
	if len(m.shells.all) == 0 {
		return nil
	}
	return m.enterShell(m.shells.all[(i+1)%len(m.shells.all)])
}

// killShell asks, then hangs up.
func (m *Model) killShell() tea.Cmd {
	sh := m.shells.shown
	if sh == nil || sh.over {
		return nil
	}
	return m.ask(&question{
		state: views.PromptState{
			Title: "End the shell in " + m.called(sh.ref) + "?",
			More:  "What runs in it gets a hang-up signal.",
		},
		yes: func() tea.Cmd { return m.endShell(sh) },
	})
}

// endShell hangs up, off the loop.
func (m *Model) endShell(sh *shell) tea.Cmd {
	sh.cancel()
	s := sh.session
	if s == nil {
		return nil
	}
	return cmd("end the shell", func() tea.Msg {
		_ = s.Close() // its end is reported by Wait
		return nil
	})
}

// onAttached starts the goroutines of a session that has come up.
func (m *Model) onAttached(msg attachedMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil || sh.over {
		if s := msg.session; s != nil {
			return cmd("end the shell", func() tea.Msg {
				_ = s.Close() // nobody waits for it any more
				return nil
			})
		}
		return nil
	}
	sh.opening = false
	if msg.err != nil {
		m.shellEnds(sh, runtime.Exit{}, msg.err)
		return m.list() // what keeps the shell out is news of the container
	}
	sh.session, sh.notice = msg.session, msg.session.Notice()
	// The window may have changed while the session came up.
	sh.fit()
	m.out.run(sh)
	return nil
}

// onSlowAttach gives up on a session that does not come up.
func (m *Model) onSlowAttach(msg slowAttachMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil || !sh.opening {
		return nil
	}
	sh.cancel()
	m.shellEnds(sh, runtime.Exit{}, errors.New("the shell did not open within "+attachTime.String()))
	return m.list()
}

// onShellOver keeps the text and says how it ended.
func (m *Model) onShellOver(msg shellOverMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil || sh.over {
		return nil
	}
	m.shellEnds(sh, msg.exit, msg.err)
	if sh != m.shells.shown {
		m.say(noteInfo, m.called(sh.ref)+": the shell has ended, "+msg.exit.String(), "")
	}
	return m.list()
}

func (m *Model) shellEnds(sh *shell, exit runtime.Exit, err error) {
	sh.over, sh.opening, sh.exit, sh.err = true, false, exit, err
	sh.mayCopy = false // for the session, which this ends
	sh.out.close()
	sh.cancel()
}

// closeShells hangs up on every session, when the program ends. Sessions are
// closed side by side, and none is waited for longer than the grace.
func (m *Model) closeShells() {
	m.out.stop()
	var wait sync.WaitGroup
	for _, sh := range m.shells.all {
		sh.out.close()
		if sh.session == nil || sh.over {
			continue
		}
		wait.Add(1)
		m.out.spawn("end the shell", func() {
			defer wait.Done()
			_ = sh.session.Close() // the program is ending
		})
	}
	done := make(chan struct{})
	m.out.spawn("end the shells", func() { wait.Wait(); close(done) })
	awaitEnd(done, hangUpGrace)
}
