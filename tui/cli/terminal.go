package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"

	"lxcdeck/runtime"
	"lxcdeck/tui/passthru"
)

const (
	// holdKeys is how long the start of an escape sequence waits for its rest
	// before it counts as the escape key.
	holdKeys = 25 * time.Millisecond
	// fence is how long the terminal may take to answer the last question, so
	// that late replies do not land in the user's shell.
	fence = 200 * time.Millisecond
	// lastWords is how long output under way may take to be shown.
	lastWords = time.Second
)

// link is what the user's terminal is connected with.
type link struct {
	name string // of the container
	open func(cols, rows int) (runtime.Session, error)
	ways []passthru.Way // that lead out
	fate string         // what becomes of the session when it is left
}

// attach connects the user's terminal with a process in the container.
func (d *deck) attach(ctx context.Context, sh runtime.Shell) (runtime.Exit, error) {
	return d.connect(ctx, link{
		name: sh.Ref.Name,
		open: func(cols, rows int) (runtime.Session, error) {
			sh.Cols, sh.Rows = cols, rows
			return d.rt.Attach(ctx, sh)
		},
		ways: []passthru.Way{d.wayOut()},
		fate: "the session was hung up",
	})
}

// wayOut is the one that the settings say.
func (d *deck) wayOut() passthru.Way { return passthru.Way{Prefix: d.prefix(), Keys: "dD"} }

// connect connects the user's terminal with a session.
func (d *deck) connect(ctx context.Context, to link) (exit runtime.Exit, err error) {
	keys, err := passthru.NewLeave(to.ways...)
	if err != nil {
		return exit, err
	}
	l := &line{d: d, keys: keys, fate: to.fate, ended: make(chan error, 1)}
	l.cols, l.rows = size(d.Stdin)
	session, err := to.open(l.cols, l.rows)
	if err != nil {
		return exit, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if n := session.Notice(); n != "" {
		d.warn("%s", n)
	}
	l.session = session
	l.out = d.shown(d.Stdout)
	l.toTerminal = isTerminal(d.Stdout)
	exit, err = l.raw(ctx)
	if l.left && d.flags.plain {
		d.aside("\n") // what ran there has left the line open
	}
	if l.left {
		d.warn("left %s; %s", to.name, l.fate)
	}
	return exit, err
}

// raw runs the connection with the terminal in raw mode, and puts the terminal
// back whatever happens, a panic included.
func (l *line) raw(ctx context.Context) (exit runtime.Exit, err error) {
	tty := l.d.Stdin
	if l.d.Guard != nil {
		dismiss, gerr := l.d.Guard(tty)
		if gerr != nil {
			return exit, gerr
		}
		defer func() { err = errors.Join(err, dismiss()) }()
	}
	if l.in, err = newKeyboard(tty); err != nil {
		return exit, err
	}
	defer func() { err = errors.Join(err, l.in.stop()) }()
	saved, err := term.MakeRaw(tty.Fd())
	if err != nil {
		return exit, fmt.Errorf("set the terminal to raw mode: %w", err)
	}
	defer func() {
		err = errors.Join(err, l.hangUp())
		l.leave()
		if rerr := term.Restore(tty.Fd(), saved); rerr != nil && ctx.Err() == nil { // after SIGHUP it is gone
			err = errors.Join(err, fmt.Errorf("restore the terminal: %w", rerr))
		}
	}()
	l.queue = newQueue(l.session)
	defer l.queue.close()
	return l.run(ctx)
}

// size is the terminal's size in cells; zero if it does not say.
func size(f *os.File) (cols, rows int) {
	cols, rows, err := term.GetSize(f.Fd())
	if err != nil {
		return 0, 0
	}
	return cols, rows
}

// line is the connection between terminal and session.
type line struct {
	d          *deck
	session    runtime.Session
	keys       *passthru.Leave
	fate       string // what becomes of the session when it is left
	in         *keyboard
	queue      *queue
	cols, rows int // as the session was last told
	out        *filterWriter
	toTerminal bool
	ended      chan error // the session's output is over
	over       bool       // it has been told
	left       bool       // by its keys
}

// run moves bytes until the session ends, the user leaves, or a signal comes.
func (l *line) run(ctx context.Context) (runtime.Exit, error) {
	winch := make(chan os.Signal, 1)
	signal.Notify(winch, syscall.SIGWINCH)
	defer signal.Stop(winch)
	l.fit() // to what it became while the session was being made
	spawn(func() { l.ended <- l.output() }, func(err error) { l.ended <- err })
	hold := time.NewTimer(0)
	defer hold.Stop()
	typed := l.in.bytes
	for {
		select {
		case p, ok := <-typed:
			if !ok {
				typed = nil // the terminal is gone; SIGHUP or the session's end follows
				continue
			}
			l.fit()
			p, l.left = l.keys.Feed(nil, p)
			l.send(p)
			if l.left {
				return runtime.Exit{}, nil
			}
			if l.keys.Holding() {
				hold.Reset(holdKeys)
			}
		case <-hold.C:
			if l.keys.Holding() {
				l.send(l.keys.Flush(nil))
			}
		case <-winch:
			l.fit()
		case err := <-l.ended:
			l.over = true
			return l.exit(ctx, err)
		case <-ctx.Done():
			return runtime.Exit{}, cut(ctx, l.fate)
		}
	}
}

// fit gives the session the terminal's size. It is asked before every key too:
// what is typed after a resize can be read before its signal arrives.
func (l *line) fit() {
	cols, rows := size(l.d.Stdin)
	if cols <= 0 || rows <= 0 || cols == l.cols && rows == l.rows {
		return
	}
	if l.session.Resize(cols, rows) == nil { // one that has ended has no size
		l.cols, l.rows = cols, rows
	}
}

// exit waits for the exit status of a session whose output is over.
func (l *line) exit(ctx context.Context, outErr error) (runtime.Exit, error) {
	exit, err := l.session.Wait(ctx)
	return exit, errors.Join(err, outErr)
}

// output copies from the session to the terminal.
func (l *line) output() error {
	var to io.Writer = l.out
	if !l.toTerminal {
		to = l.d.Stdout
	}
	if _, err := io.Copy(to, l.session); err != nil {
		return fmt.Errorf("copy the session's output: %w", err)
	}
	return nil
}

func (l *line) send(p []byte) {
	if !l.queue.add(p) && l.toTerminal && l.out.plain == nil {
		_, _ = l.d.Stdout.WriteString("\a") // as a terminal does whose input is full
	}
}

// hangUp closes the session and waits for the last of its output, but not for
// a terminal that takes none.
func (l *line) hangUp() error {
	err := l.session.Close()
	if l.over {
		return err
	}
	select {
	case _, l.over = <-l.ended: // how it ended no longer matters
	case <-time.After(lastWords):
	}
	return err
}

// leave puts the terminal's modes back and swallows what it still answers.
func (l *line) leave() {
	if !l.toTerminal || !l.over || l.out.plain != nil {
		return
	}
	reset := append(l.out.filter.Reset(), "\x1b[c"...)
	if _, err := l.d.Stdout.Write(reset); err != nil {
		return // the terminal is gone
	}
	var answer passthru.Fence
	timeout := time.After(fence)
	for {
		select {
		case p, ok := <-l.in.bytes:
			if _, done := answer.Feed(p); !ok || done {
				return
			}
		case <-timeout:
			return
		}
	}
}
