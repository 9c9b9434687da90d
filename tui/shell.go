package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/tui/record"
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
		boot    []byte // what a console's container printed before
		err     error
	}
	// slowAttachMsg ends an Attach that takes too long.
	slowAttachMsg struct{ id int }
	// paintMsg says that a shell's screen has changed. It carries no bytes.
	paintMsg struct{ id int }
	// marksMsg says that a session that is not on screen has written or rung.
	marksMsg struct{}
	// fitMsg sets a pty's size once the window has stood still.
	fitMsg struct{ id, gen int }
	// shellOverMsg is the end of a session.
	shellOverMsg struct {
		id   int
		exit runtime.Exit
		err  error
	}
)

// opening is what a session is opened with, so that it can be opened again.
type opening struct {
	console bool
	shell   runtime.Shell // of a console only Ref counts; the size is the pane's
	label   string
}

// kind is the word for it.
func (o *opening) kind() string {
	if o.console {
		return "console"
	}
	return "shell"
}

// words are what stands in the list of sessions.
func (o *opening) words() string {
	if o.console {
		return "login console"
	}
	words := "login shell"
	if len(o.shell.Command) > 0 {
		words = strings.Join(o.shell.Command, " ")
	}
	if o.shell.User != "" {
		words += " as " + o.shell.User
	}
	return words
}

// shell is one session and its screen. The emulator is shared with the
// reader and stands behind the lock; all else belongs to Update.
type shell struct {
	id       int
	op       opening
	label    string
	opened   time.Time
	used     int             // grows with every focus
	session  runtime.Session // nil while it comes up
	cancel   context.CancelFunc
	out      *outbox
	size     [2]int // columns, rows of the emulator
	ptySize  [2]int // as the session was last told
	fitGen   int
	armed    bool // the prefix was pressed
	focused  bool // as the program inside was told last
	escaped  bool // the first key of lxc-console's way out was pressed
	over     bool
	exit     runtime.Exit
	err      error
	notice   string
	mayCopy  bool   // OSC 52 was allowed, for the session
	told     string // the wish that was told last
	toldAt   time.Time
	toldNext time.Time // when the next one is looked at again
	scroll   *scroll   // its text is being read; nil = live

	seen    atomic.Bool   // it is on screen: paints are wanted
	fresh   atomic.Bool   // it has written since it was on screen
	rang    atomic.Bool   // the same for the bell
	wrote   atomic.Int64  // when it wrote last, in Unix nanoseconds; 0 = never
	flood   atomic.Int64  // bytes since the last paint
	kept    atomic.Int64  // bytes of its scrollback
	lost    atomic.Bool   // rows went early, to keep within the memory of all
	changed chan struct{} // one slot
	ended   chan struct{} // closed when the reader is through

	mu     sync.Mutex
	term   *vt.Terminal
	copies string // what the container wants to copy; "" = nothing
	asks   bool   // and the loop has not looked at it
	bell   bool
	body   []string
	drawn  time.Time
	rec    *record.Cast // nil = not recorded
	zoom   *zoom        // nil = painted by the loop

	recPath string // of the recording; Update's
}

// comingUp says that the session has been asked for and is not there yet.
func (sh *shell) comingUp() bool { return sh.session == nil && !sh.over }

// ref is the container the session belongs to.
func (sh *shell) ref() runtime.Ref { return sh.op.shell.Ref }

// openShell goes into the container's session, or opens one.
func (m *Model) openShell() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	if sh := m.shells.of(c.Ref, liveShell); sh != nil {
		return m.enterShell(sh)
	}
	return m.launch(opening{shell: runtime.Shell{Ref: c.Ref}}, views.Undivided)
}

// openConsole does the same for the login console.
func (m *Model) openConsole() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	live := func(sh *shell) bool { return !sh.over && sh.op.console }
	if sh := m.shells.of(c.Ref, live); sh != nil {
		return m.enterShell(sh)
	}
	return m.launch(opening{console: true, shell: runtime.Shell{Ref: c.Ref}}, views.Undivided)
}

// launch opens a session, in a tab of its own or in half of the present one,
// and goes into it.
func (m *Model) launch(op opening, split views.Halves) tea.Cmd {
	sh, attach := m.create(op)
	if split == views.Undivided || !m.shells.join(sh, split) {
		m.shells.addTab(sh)
	}
	m.show(sh)
	fit := m.arrangeScreen()
	return tea.Batch(fit, attach(m.rectOf(sh).Dx(), m.rectOf(sh).Dy()))
}

// create makes a session that is in no tab yet; attach starts it in a size.
func (m *Model) create(op opening) (sh *shell, attach func(cols, rows int) tea.Cmd) {
	m.shells.next++
	ctx, cancel := context.WithCancel(m.out.ctx)
	sh = &shell{
		id: m.shells.next, op: op, label: op.label, opened: m.clock.Now(), cancel: cancel,
		out: newOutbox(), changed: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	m.shells.all = append(m.shells.all, sh)
	sh.term = vt.New(80, 24, vt.Options{})
	sh.size = [2]int{80, 24}
	return sh, func(cols, rows int) tea.Cmd {
		if cols > 0 && rows > 0 {
			sh.size = [2]int{cols, rows}
			sh.mu.Lock()
			sh.term.Resize(cols, rows)
			sh.mu.Unlock()
		}
		sh.ptySize = sh.size
		ask := op
		ask.shell.Cols, ask.shell.Rows = sh.size[0], sh.size[1]
		rt, id := m.rt, sh.id
		return tea.Batch(
			cmd("attach", func() tea.Msg { return attachTo(ctx, rt, id, ask) }),
			m.clock.After(attachTime, slowAttachMsg{id}))
	}
}

// attachTo opens what was asked for. A console that cannot tell what was
// printed before is a console all the same.
func attachTo(ctx context.Context, rt runtime.Runtime, id int, ask opening) attachedMsg {
	if !ask.console {
		s, err := rt.Attach(ctx, ask.shell)
		return attachedMsg{id: id, session: s, err: err}
	}
	boot, berr := rt.BootLog(ctx, ask.shell.Ref)
	s, err := rt.Console(ctx, runtime.Console{Ref: ask.shell.Ref, TTY: -1, Cols: ask.shell.Cols, Rows: ask.shell.Rows})
	if berr != nil {
		boot = nil
	}
	return attachedMsg{id: id, session: s, boot: boot, err: err}
}

// another opens a shell in the container of the one in focus, as the same
// user.
func (m *Model) another(split views.Halves) tea.Cmd {
	sh := m.shells.shown()
	if sh == nil {
		return nil
	}
	c := m.byRef(sh.ref())
	if c == nil {
		m.say(noteWarn, "no other shell: "+m.called(sh.ref())+" is no longer there", "")
		return nil
	}
	if why := m.whyNoShell(*c); why != "" {
		m.say(noteWarn, why, "")
		return nil
	}
	op := opening{shell: runtime.Shell{Ref: c.Ref, User: sh.op.shell.User}}
	return m.launch(op, split)
}

// reopen opens again what was closed last.
func (m *Model) reopen() tea.Cmd {
	n := len(m.shells.closed)
	if n == 0 {
		return nil
	}
	op := m.shells.closed[n-1]
	c := m.byRef(op.shell.Ref)
	if c == nil {
		m.shells.closed = m.shells.closed[:n-1]
		m.say(noteWarn, m.called(op.shell.Ref)+" is no longer there: its session cannot be opened again", "")
		return nil
	}
	if why := m.whyNoShell(*c); why != "" {
		m.say(noteWarn, why, "")
		return nil
	}
	m.shells.closed = m.shells.closed[:n-1]
	return m.launch(op, views.Undivided)
}

// killShell asks, then hangs up.
func (m *Model) killShell() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil || sh.over {
		return nil
	}
	return m.askKill(sh)
}

func (m *Model) askKill(sh *shell) tea.Cmd {
	more := "What runs in it gets a hang-up signal."
	if sh.op.console {
		more = "The login stays as it is: only lxcdeck lets go of it."
	}
	return m.ask(&question{
		state: views.PromptState{Title: "End the " + sh.op.kind() + " in " + m.called(sh.ref()) + "?", More: more},
		yes:   func() tea.Cmd { return m.endShell(sh) },
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
	if msg.err != nil {
		m.shellEnds(sh, runtime.Exit{}, msg.err)
		return tea.Batch(m.arrangeScreen(), m.list()) // what keeps the shell out is news of the container
	}
	sh.session, sh.notice = msg.session, msg.session.Notice()
	// The window may have changed while the session came up.
	sh.fit()
	sh.bootLog(msg.boot)
	m.out.run(sh)
	return nil
}

// onSlowAttach gives up on a session that does not come up.
func (m *Model) onSlowAttach(msg slowAttachMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil || !sh.comingUp() {
		return nil
	}
	sh.cancel()
	m.shellEnds(sh, runtime.Exit{}, errors.New("the "+sh.op.kind()+" did not open within "+attachTime.String()))
	return tea.Batch(m.arrangeScreen(), m.list())
}

// onShellOver keeps the text and says how it ended.
func (m *Model) onShellOver(msg shellOverMsg) tea.Cmd {
	sh := m.shells.byID(msg.id)
	if sh == nil || sh.over {
		return nil
	}
	told := m.many.has(sh) || slices.Contains(m.shells.halves(), sh)
	m.shellEnds(sh, msg.exit, msg.err)
	if !told {
		m.say(noteInfo, m.called(sh.ref())+": the "+sh.op.kind()+" has ended, "+msg.exit.String(), "")
	}
	return tea.Batch(m.arrangeScreen(), m.list())
}

func (m *Model) shellEnds(sh *shell, exit runtime.Exit, err error) {
	sh.over, sh.exit, sh.err = true, exit, err
	sh.mayCopy = false // for the session, which this ends
	sh.out.close()
	sh.cancel()
	_ = m.endRecording(sh)
	if m.raw != nil && m.raw.sh == sh {
		m.raw.end()
	}
	if m.many.on {
		m.many.drop(m, sh)
	}
}

// closeShells hangs up on every session, when the program ends. Sessions are
// closed side by side, and none is waited for longer than the grace; neither is
// the disk that their recordings go to.
func (m *Model) closeShells() {
	m.out.stop()
	var wait sync.WaitGroup
	for _, sh := range m.shells.all {
		sh.out.close()
		_ = m.endRecording(sh)
		if sh.session == nil || sh.over {
			continue
		}
		wait.Add(1)
		m.out.spawn("end the shell", func() {
			defer wait.Done()
			_ = sh.session.Close() // the program is ending
		})
	}
	for _, cast := range m.casts {
		wait.Add(1)
		m.out.spawn("end the recording", func() {
			defer wait.Done()
			cast.Stop()
			<-cast.Done()
		})
	}
	done := make(chan struct{})
	m.out.spawn("end the shells", func() { wait.Wait(); close(done) })
	awaitEnd(done, hangUpGrace)
}
