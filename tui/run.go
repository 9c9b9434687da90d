package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"

	"lxcdeck/views"
)

const (
	// hangUpGrace is how long shells, jobs and the loop may take to end after a
	// signal before they are left to themselves.
	hangUpGrace = 2 * time.Second

	// terminalCheck is how often it is asked whether the terminal is still there.
	terminalCheck = 2 * time.Second
)

// Run shows the screen until the person quits, the context ends, or the
// terminal goes away. The terminal is restored in every case; an error that
// ended the program, a panic included, is returned and not printed.
func Run(ctx context.Context, o Options) error {
	if o.Hostname == "" {
		o.Hostname, _ = os.Hostname() // without a name the host line says lxcdeck alone
	}
	m := New(o)
	if asciiOnly(o.Env) && !m.ascii {
		m.ascii, m.plain = true, true
		m.setTheme(16)
	}
	m.overSSH = slices.ContainsFunc(o.Env, func(v string) bool { return strings.HasPrefix(v, "SSH_TTY=") })
	defer m.out.stop()
	hungUp := make(chan struct{})
	m.jobctl = &suspender{tty: o.In, asked: hungUp, gone: make(chan struct{})}

	m.sizer = newSizer(o.Out, o.Env)
	defer m.sizer.end()
	cols, rows := m.sizer.now()
	p := tea.NewProgram(m,
		tea.WithInput(o.In), tea.WithOutput(pacedOutput{o.Out, &m.pace}), tea.WithEnvironment(o.Env),
		tea.WithWindowSize(cols, rows), tea.WithColorProfile(colorprofile.Detect(o.Out, o.Env)),
		tea.WithoutSignalHandler())
	m.getenv = func(name string) string { return envValue(o.Env, name) }
	m.out.send = func(msg tea.Msg) { p.Send(msg) }
	m.pace.start(p)
	var left atomic.Bool
	m.terminal = &terminal{
		in: o.In, out: o.Out, release: p.ReleaseTerminal,
		restore: func() error {
			if left.Load() { // a zoom that ends after the program must not begin it anew
				return nil
			}
			defer m.sizer.ask() // it may have changed meanwhile
			return p.RestoreTerminal()
		},
		raw: rawTerm(envValue(o.Env, "TERM")), hungUp: hungUp,
	}
	m.editor = m.runEditor(o.Env)

	before, err := term.GetState(o.In.Fd())
	if err != nil {
		return fmt.Errorf("screen: read the terminal's settings: %w", err)
	}
	ended := make(chan error, 1)
	m.out.spawn("terminal size", func() { m.sizer.tell(m.out.send) })
	m.out.spawn("screen", func() {
		err := errNoEnd
		defer func() { ended <- err }() // a panic included
		_, err = p.Run()
	})
	stuck, stopSignals := m.handleSignals(ctx, p, o.In, hungUp)
	select {
	case err = <-ended:
	case <-m.jobctl.gone: // ended while suspended: the terminal is as it was found
	case <-stuck:
		// Bubble Tea hangs in a write that nobody takes. The settings can be
		// restored all the same; modes are the guard's to reset.
		err = errors.Join(ErrTerminalStuck, term.Restore(o.In.Fd(), before))
	}
	left.Store(true)
	stopSignals()
	m.closeShells()
	m.awaitFanOut()
	m.endJobs()
	m.events.keep.end()
	m.tip.end()
	select {
	case <-hungUp:
		if err != nil && m.crash == nil && !errors.Is(err, ErrTerminalStuck) {
			return nil
		}
	default:
	}
	return m.verdict(err)
}

// end ends the program, but lets a zoom give the terminal back first: Bubble Tea
// would paint over it, and the zoom would begin Bubble Tea anew.
func (m *Model) end() tea.Cmd {
	m.leaving = true
	z := m.raw
	if z != nil {
		z.end()
	}
	return cmd("quit", func() tea.Msg {
		if z != nil {
			awaitEnd(z.ended, hangUpGrace)
		}
		m.pace.hushForGood(settleTime)
		return tea.QuitMsg{}
	})
}

// asciiOnly says whether the terminal is known to lack the lines, bars and dots
// of the full set: it is an old one, the Linux console, whose fonts have no
// eighths of a block, or its locale is set to something else than UTF-8. No
// locale at all says nothing: ssh and su drop it.
func asciiOnly(env []string) bool {
	switch name, _, _ := strings.Cut(envValue(env, "TERM"), "-"); name {
	case "linux", "vt52", "vt100", "vt102", "vt220", "vt320", "ansi":
		return true
	}
	locale, utf8 := views.Locale(func(name string) string { return envValue(env, name) })
	return locale != "" && !utf8
}

// envValue is the last value of a variable, as getenv(3) of a shell's child.
func envValue(env []string, name string) string {
	for _, v := range slices.Backward(env) {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			return rest
		}
	}
	return ""
}

// ErrTerminalStuck is the end of a program whose terminal took no more output:
// nothing must be written to it any more, its modes are as they were.
var ErrTerminalStuck = errors.New("the terminal takes no output")

var errNoEnd = errors.New("the screen crashed")

// verdict turns the program's end into what is told.
func (m *Model) verdict(err error) error {
	switch {
	case m.crash != nil:
		return m.crash
	case err == nil:
		return nil
	default:
		return fmt.Errorf("screen: %w", err)
	}
}

// handleSignals ends the program on SIGTERM, SIGINT and SIGHUP, with the
// context, and when the terminal is gone without a word: shells and read-only
// work end with it. The end is always asked for, never forced: Bubble Tea's
// Kill closes its input under its own reader. When the loop does not get to
// it, as with a terminal that swallows no more output, stuck is closed.
// hungUp is closed as soon as the end was asked for from outside.
func (m *Model) handleSignals(ctx context.Context, p *tea.Program, tty *os.File, hungUp chan<- struct{}) (stuck <-chan struct{}, stop func()) {
	got := make(chan os.Signal, 1)
	done, hopeless, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	signal.Notify(got, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	m.out.spawn("signals", func() {
		defer close(ended)
		if !awaitSignal(ctx, got, done, tty) {
			return
		}
		close(hungUp)
		m.out.spawn("quit", func() {
			if z := m.out.zoom.Load(); z != nil { // it has the terminal
				z.end()
				awaitEnd(z.ended, hangUpGrace/2)
			}
			if e := m.out.editing.Load(); e != nil { // which keeps its text
				awaitEnd(e.ended, hangUpGrace*3/4)
			}
			m.pace.hushForGood(hangUpGrace / 10)
			p.Quit()
		})
		if !awaitEnd(done, hangUpGrace) {
			close(hopeless)
		}
	})
	return hopeless, func() {
		signal.Stop(got)
		close(done)
		<-ended // whose the terminal is may close it now
	}
}

// awaitSignal waits for a signal, the context's end or the terminal's; false = the program
// has ended by itself. Bubble Tea does not tell of the end of its input, so
// the terminal is asked: one ioctl every two seconds.
func awaitSignal(ctx context.Context, got <-chan os.Signal, done <-chan struct{}, tty *os.File) bool {
	look := time.NewTicker(terminalCheck)
	defer look.Stop()
	for {
		select {
		case <-done:
			return false
		case <-got:
			return true
		case <-ctx.Done():
			return true
		case <-look.C:
			if _, err := term.GetState(tty.Fd()); err != nil {
				return true
			}
		}
	}
}

// askModes asks for synchronized output (2026) and grapheme widths (2027),
// which Bubble Tea leaves out over SSH. It understands the answers itself.
func askModes() tea.Cmd {
	return tea.Raw(ansi.RequestModeSynchronizedOutput + ansi.RequestModeUnicodeCore)
}
