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
