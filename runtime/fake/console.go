package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"lxcdeck/runtime"
)

// usualTTYs is how many ttys a container has whose spec does not say.
const usualTTYs = 4

// OnConsole is OnAttach for Console. What it makes does not count as taking a tty.
func (r *Runtime) OnConsole(f func(runtime.Console) (runtime.Session, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onConsole = f
}

// Console takes a tty, on which a login asks for any name.
func (r *Runtime) Console(ctx context.Context, c runtime.Console) (runtime.Session, error) {
	s, err := r.console(ctx, c)
	if err != nil {
		return nil, wrap("console", c.Ref, err)
	}
	return s, nil
}

func (r *Runtime) console(ctx context.Context, c runtime.Console) (runtime.Session, error) {
	if err := c.Ref.Check(); err != nil {
		return nil, err
	}
	if c.TTY < runtime.FreeTTY {
		return nil, fmt.Errorf("%w: tty %d", runtime.ErrInvalid, c.TTY)
	}
	if err := r.enter(ctx, Console, c.Ref); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, err := r.attachable(c.Ref)
	if err != nil {
		return nil, err
	}
	if r.onConsole != nil {
		return r.onConsole(c)
	}
	number, err := b.freeTTY(c.TTY)
	if err != nil {
		return nil, err
	}
	s := newSession(c.Cols, c.Rows)
	s.console = true
	b.ttys[number] = s
	b.sessions[s] = struct{}{}
	p := r.process(b, runtime.Shell{Ref: c.Ref})
	p.tty, p.out = s, ttyWriter{s}
	p.errOut = p.out
	go func() {
		p.login()
		r.mu.Lock()
		delete(b.sessions, s)
		r.mu.Unlock()
	}()
	return s, nil
}

// freeTTY gives the tty that is asked for, if nobody has it. Callers hold the
// Runtime's lock.
func (b *box) freeTTY(asked int) (int, error) {
	most := b.spec.TTYs
	if most == 0 {
		most = usualTTYs
	}
	if asked > most {
		return 0, fmt.Errorf("%w: tty %d of %d", runtime.ErrInvalid, asked, most)
	}
	first, last := asked, asked
	if asked == runtime.FreeTTY {
		first, last = 1, most
	}
	for n := first; n <= last; n++ {
		if s := b.ttys[n]; s == nil || s.over() {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%w: in use", runtime.ErrNoTTY)
}

// over says whether the session has ended.
func (s *Session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended()
}

// login is a getty: it asks for a name, runs the shell, and asks again.
func (p *process) login() {
	for !p.tty.over() {
		p.printf("\n%s login: ", p.shell.Ref.Name)
		line, err := p.readLine()
		switch {
		case errors.Is(err, errBreak):
			p.tty.mu.Lock()
			p.tty.broken = false
			p.tty.mu.Unlock()
		case errors.Is(err, io.EOF):
		case err != nil:
			return
		default:
			if p.user = strings.TrimSpace(line); p.user != "" {
				p.quit = nil
				p.interactive()
			}
		}
	}
}

// BootLog gives what the spec says that the console has printed.
func (r *Runtime) BootLog(ctx context.Context, ref runtime.Ref) ([]byte, error) {
	text, err := r.bootLog(ctx, ref)
	if err != nil {
		return nil, wrap("boot log", ref, err)
	}
	return text, nil
}

func (r *Runtime) bootLog(ctx context.Context, ref runtime.Ref) ([]byte, error) {
	if err := ref.Check(); err != nil {
		return nil, err
	}
	if err := r.enter(ctx, BootLog, ref); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	switch {
	case !ok:
		return nil, runtime.ErrNotFound
	case !r.shown(b).NoAnswerSince.IsZero():
		return nil, runtime.ErrNoAnswer
	case b.spec.NoBootLog:
		return nil, runtime.ErrNoBootLog
	}
	text := b.spec.BootLog
	if text == "" {
		text = "init: starting " + ref.Name + "\r\n" +
			"[  OK  ] Mounted file systems\r\n[  OK  ] Started the system log\r\n[  OK  ] Brought up the network\r\n\r\n" +
			ref.Name + " login: "
	}
	return []byte(text[max(0, len(text)-runtime.MaxBootLog):]), nil
}
