package runtime

import (
	"context"
	"sync/atomic"
)

// ReadOnly wraps a Runtime so that nothing can be changed and no program can
// be run in a container, nor a tty of it be typed on, whatever the screen thinks. It guards against
// mistakes, not against the person at the keyboard.
func ReadOnly(rt Runtime) Runtime { return readOnly{rt} }

type readOnly struct{ Runtime }

// Latched gives a Runtime that is as rt until shut is called, and from then on as
// ReadOnly: also for what waits its turn and has held on to it before.
func Latched(rt Runtime) (latched Runtime, shut func()) {
	l := &latch{Runtime: rt}
	return l, func() { l.closed.Store(true) }
}

type latch struct {
	Runtime
	closed atomic.Bool
}

// now is what it is as at the moment.
func (l *latch) now() Runtime {
	if l.closed.Load() {
		return readOnly{l.Runtime}
	}
	return l.Runtime
}

func (l *latch) Do(ctx context.Context, q Request) error { return l.now().Do(ctx, q) }

func (l *latch) Prepare(op Op, n int) { l.now().Prepare(op, n) }

func (l *latch) Attach(ctx context.Context, s Shell) (Session, error) { return l.now().Attach(ctx, s) }

func (l *latch) Console(ctx context.Context, c Console) (Session, error) {
	return l.now().Console(ctx, c)
}

func (l *latch) Exec(ctx context.Context, s Shell, io Stdio) (Exit, error) {
	return l.now().Exec(ctx, s, io)
}

func (l *latch) Logs(ctx context.Context, ref Ref) ([]LogSource, error) {
	return l.now().Logs(ctx, ref)
}

func (l *latch) OpenLog(ctx context.Context, ref Ref, source LogSource) (*Log, error) {
	return l.now().OpenLog(ctx, ref, source)
}

func (readOnly) Do(_ context.Context, q Request) error {
	return &Error{Op: q.Op.String(), Ref: q.Ref, Err: ErrReadOnly}
}

func (readOnly) Prepare(Op, int) {}

func (readOnly) Attach(_ context.Context, s Shell) (Session, error) {
	return nil, &Error{Op: "attach", Ref: s.Ref, Err: ErrReadOnly}
}

func (readOnly) Console(_ context.Context, c Console) (Session, error) {
	return nil, &Error{Op: "console", Ref: c.Ref, Err: ErrReadOnly}
}

func (readOnly) Exec(_ context.Context, s Shell, _ Stdio) (Exit, error) {
	return Exit{}, &Error{Op: "attach", Ref: s.Ref, Err: ErrReadOnly}
}

// Logs are listed as they are, but for the journal.
func (r readOnly) Logs(ctx context.Context, ref Ref) ([]LogSource, error) {
	all, err := r.Runtime.Logs(ctx, ref)
	for i := range all {
		if all[i].Kind == LogJournal {
			all[i].Why = NoJournal
		}
	}
	return all, err
}

// NoJournal is why a journal cannot be read here: to read it is to run a program.
const NoJournal = "lxcdeck is read-only, and journalctl would have to run in the container"

func (r readOnly) OpenLog(ctx context.Context, ref Ref, source LogSource) (*Log, error) {
	if source.Kind == LogJournal {
		return nil, &Error{Op: "open log", Ref: ref, Err: ErrReadOnly}
	}
	return r.Runtime.OpenLog(ctx, ref, source)
}
