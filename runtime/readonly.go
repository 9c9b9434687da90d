package runtime

import "context"

// ReadOnly wraps a Runtime so that nothing can be changed and no program can
// be run in a container, nor a tty of it be typed on, whatever the screen thinks. It guards against
// mistakes, not against the person at the keyboard.
func ReadOnly(rt Runtime) Runtime { return readOnly{rt} }

type readOnly struct{ Runtime }

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
