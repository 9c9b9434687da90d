package fake

import (
	"context"
	"fmt"
	"time"

	"lxcdeck/runtime"
)

// Do carries one operation out, by the rules of the op table.
func (r *Runtime) Do(ctx context.Context, q runtime.Request) error {
	r.mu.Lock()
	r.requests = append(r.requests, q)
	r.mu.Unlock()
	if err := r.do(ctx, q); err != nil {
		return wrap(q.Op.String(), q.Ref, err)
	}
	return nil
}

// Prepare has nothing to make ready.
func (*Runtime) Prepare(runtime.Op, int) {}

func (r *Runtime) do(ctx context.Context, q runtime.Request) error {
	info := q.Op.Info()
	if info.Op == runtime.NoOp {
		return fmt.Errorf("%w: unknown operation", runtime.ErrInvalid)
	}
	if err := q.Check(); err != nil {
		return err
	}
	timeout := q.Timeout
	if timeout == 0 {
		timeout = info.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	before, err := r.begin(q)
	if err != nil {
		return err
	}
	err = r.enter(ctx, Do, q.Ref)
	if err == nil && q.Op == runtime.Run {
		return r.runApp(ctx, q)
	}
	if err == nil {
		err = r.pass(ctx, q)
	}
	switch {
	case err != nil:
	case q.Op == runtime.Push || q.Op == runtime.Pull:
		err = r.copyFiles(ctx, q)
	case q.File != nil:
		err = r.ship(ctx, q)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[q.Ref]
	if !ok {
		switch {
		case err != nil:
			return err
		case info.Kind == runtime.OnContainer || info.Kind == runtime.OnState:
			return runtime.ErrNotFound
		}
		return r.change(nil, q)
	}
	if b.doing == q.Op {
		b.doing = runtime.NoOp
	}
	if err != nil {
		if b.spec.State != before && passing(q.Op) == b.spec.State {
			b.spec.State = before
			r.emit(runtime.Event{Kind: runtime.Changed, Ref: q.Ref, At: r.Now()})
		}
		return err
	}
	if info.Kind != runtime.OnState {
		if err := r.change(b, q); err != nil {
			return err
		}
	} else {
		r.finish(b, q.Op, info.To)
	}
	r.emit(runtime.Event{Kind: runtime.Changed, Ref: q.Ref, At: r.Now()})
	return nil
}

// begin checks what can be checked before any work, and reserves the container.
func (r *Runtime) begin(q runtime.Request) (runtime.State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[q.Ref]
	switch kind := q.Op.Info().Kind; {
	case ok && kind == runtime.Makes:
		return runtime.Unknown, runtime.ErrExists
	case !ok && kind != runtime.Makes && kind != runtime.OnHost:
		return runtime.Unknown, runtime.ErrNotFound
	case !ok:
		if a, is := q.Args.(*runtime.CreateArgs); is {
			return runtime.Unknown, r.makeable(a)
		}
		return runtime.Unknown, nil
	}
	c := r.shown(b)
	switch {
	case c.Lock != nil && !q.Op.Info().Locked:
		return c.State, c.Lock.Err()
	case c.Foreign != nil:
		return c.State, fmt.Errorf("%w (uid %d)", runtime.ErrForeign, *c.Foreign)
	case !c.NoAnswerSince.IsZero():
		return c.State, runtime.ErrNoAnswer
	case b.doing != runtime.NoOp && !q.Op.Beside(b.doing):
		return c.State, runtime.ErrBusy
	case q.Expect != runtime.Unknown && q.Expect != c.State:
		return c.State, fmt.Errorf("%w: it was %s and is %s now; nothing was done", runtime.ErrWrongState, q.Expect, c.State)
	case q.Same != "" && q.Same != c.Identity:
		return c.State, fmt.Errorf("%w: it is another container now, which got that name since", runtime.ErrWrongState)
	case !q.Op.Accepts(c.State):
		return c.State, fmt.Errorf("%w: it is %s", runtime.ErrWrongState, c.State)
	case c.Config == nil && c.Problem != nil && (q.Op == runtime.Start || q.Op == runtime.Restart):
		return c.State, c.Problem
	}
	if err := r.refuse(b, q); err != nil {
		return c.State, err
	}
	if b.doing == runtime.NoOp {
		b.doing = q.Op
	}
	return c.State, nil
}

// pass lets the operation take its time in its passing state.
func (r *Runtime) pass(ctx context.Context, q runtime.Request) error {
	via := passing(q.Op)
	switch {
	case r.opts.Latency == 0, r.hostRoot != nil && (q.Op == runtime.Push || q.Op == runtime.Pull):
		return nil
	case q.Op.Info().Kind != runtime.OnState:
		return r.work(ctx, q)
	case via == runtime.Unknown:
		return nil
	}
	r.mu.Lock()
	if b, ok := r.boxes[q.Ref]; ok {
		b.spec.State = via
		r.emit(runtime.Event{Kind: runtime.Changed, Ref: q.Ref, At: r.Now()})
	}
	r.mu.Unlock()
	return cancelled(r.opts.Clock.Sleep(ctx, r.opts.Latency))
}

// work lets a copy take its time, and tells how it goes.
func (r *Runtime) work(ctx context.Context, q runtime.Request) error {
	const parts, size = 20, 180 << 20
	takes := r.opts.Latency
	if copies(q.Op) && r.opts.CopyLatency > 0 {
		takes = r.opts.CopyLatency
	}
	for i := range parts {
		if err := r.opts.Clock.Sleep(ctx, takes/parts); err != nil {
			return cancelled(err)
		}
		if q.Progress != nil {
			q.Progress(runtime.Progress{
				Step: q.Op.Info().Doing + " " + q.Ref.Name, Done: uint64(i+1) * size / parts, Total: size,
				Output: fmt.Appendf(nil, "part %d of %d\n", i+1, parts),
			})
		}
	}
	return nil
}

// copies says whether an operation copies a root, or makes one.
func copies(op runtime.Op) bool {
	switch op {
	case runtime.Create, runtime.Clone, runtime.Snapshot, runtime.Restore, runtime.RestoreAs, runtime.Recover, runtime.Pack, runtime.Unpack,
		runtime.Push, runtime.Pull:
		return true
	default:
		return false
	}
}

// finish puts the container where the operation ends. Callers hold r.mu.
func (r *Runtime) finish(b *box, op runtime.Op, to runtime.State) {
	switch op {
	case runtime.Restart, runtime.Reboot:
		r.become(b, runtime.Stopped)
		r.become(b, to)
	case runtime.Start:
		b.spec.State = runtime.Stopped // STARTING has no life to go on with
		r.become(b, to)
	default:
		r.become(b, to)
	}
	if to == runtime.Stopped {
		b.spec.Started = time.Time{}
	}
}

func passing(op runtime.Op) runtime.State {
	switch op {
	case runtime.Start:
		return runtime.Starting
	case runtime.Stop, runtime.Shutdown, runtime.Restart:
		return runtime.Stopping
	case runtime.Freeze:
		return runtime.Freezing
	default:
		return runtime.Unknown
	}
}
