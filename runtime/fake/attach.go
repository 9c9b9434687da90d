package fake

import (
	"context"
	"fmt"
	"io"

	"lxcdeck/runtime"
)

// OnAttach lets a test make the sessions. Checks of the container come first;
// nil brings the scripted shell back.
func (r *Runtime) OnAttach(f func(runtime.Shell) (runtime.Session, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onAttach = f
}

// Attach starts the scripted shell, or one of its commands, on a pty in memory.
func (r *Runtime) Attach(ctx context.Context, sh runtime.Shell) (runtime.Session, error) {
	s, err := r.attach(ctx, sh)
	if err != nil {
		return nil, wrap("attach", sh.Ref, err)
	}
	return s, nil
}

func (r *Runtime) attach(ctx context.Context, sh runtime.Shell) (runtime.Session, error) {
	if err := sh.Ref.Check(); err != nil {
		return nil, err
	}
	if err := r.enter(ctx, Attach, sh.Ref); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, err := r.attachable(sh.Ref)
	if err != nil {
		return nil, err
	}
	if r.onAttach != nil {
		return r.onAttach(sh)
	}
	s := newSession(sh.Cols, sh.Rows)
	b.sessions[s] = struct{}{}
	p := r.process(b, sh)
	p.tty = s
	p.out = ttyWriter{s}
	go func() {
		s.End(runtime.Exit{Code: p.main()})
		r.mu.Lock()
		delete(b.sessions, s)
		r.mu.Unlock()
	}()
	return s, nil
}

// Exec runs one of the scripted shell's commands on the descriptors.
func (r *Runtime) Exec(ctx context.Context, sh runtime.Shell, stdio runtime.Stdio) (runtime.Exit, error) {
	if err := sh.Ref.Check(); err != nil {
		return runtime.Exit{}, wrap("attach", sh.Ref, err)
	}
	if err := r.enter(ctx, Exec, sh.Ref); err != nil {
		return runtime.Exit{}, wrap("attach", sh.Ref, err)
	}
	r.mu.Lock()
	b, err := r.attachable(sh.Ref)
	if err != nil {
		r.mu.Unlock()
		return runtime.Exit{}, wrap("attach", sh.Ref, err)
	}
	p := r.process(b, sh)
	r.mu.Unlock()
	p.ctx = ctx
	p.in, p.out, p.errOut = stdio.In, stdio.Out, stdio.Err
	done := make(chan int, 1)
	go func() { done <- p.main() }()
	select {
	case code := <-done:
		return runtime.Exit{Code: code}, nil
	case <-ctx.Done():
		return runtime.Exit{}, wrap("attach", sh.Ref, cancelled(ctx.Err()))
	}
}

// attachable finds a container that a process can be started in. Callers hold r.mu.
func (r *Runtime) attachable(ref runtime.Ref) (*box, error) {
	b, ok := r.boxes[ref]
	if !ok {
		return nil, runtime.ErrNotFound
	}
	c := r.shown(b)
	switch {
	case !c.NoAnswerSince.IsZero():
		return nil, runtime.ErrNoAnswer
	case c.State != runtime.Running && c.State != runtime.Thawed:
		return nil, fmt.Errorf("%w: it is %s", runtime.ErrWrongState, c.State)
	}
	return b, nil
}

// process prepares a process in the container. Callers hold r.mu.
func (r *Runtime) process(b *box, sh runtime.Shell) *process {
	user := sh.User
	if user == "" {
		user = "root"
	}
	return &process{
		ctx: context.Background(), clock: r.opts.Clock, shell: sh, user: user,
		ip: b.spec.IPs, procs: b.spec.Procs, load: b.spec.Load, started: b.spec.Started,
		in: noInput{},
	}
}

type noInput struct{}

func (noInput) Read([]byte) (int, error) { return 0, io.EOF }

// ttyWriter is the program's end of the pty: newlines become CR LF, and the
// writer waits while nobody reads.
type ttyWriter struct{ s *Session }

func (w ttyWriter) Write(p []byte) (int, error) {
	s := w.s
	for {
		s.mu.Lock()
		if s.ended() || s.broken {
			s.mu.Unlock()
			return 0, io.ErrClosedPipe
		}
		if len(s.out) < outputRoom {
			for _, c := range p {
				if c == '\n' && !s.raw {
					s.out = append(s.out, '\r')
				}
				s.out = append(s.out, c)
			}
			s.bump()
			s.mu.Unlock()
			return len(p), nil
		}
		ch := s.changed
		s.mu.Unlock()
		<-ch
	}
}
