package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// attachTime is how long a process may take to start where the caller's
	// context has no deadline.
	attachTime = 20 * time.Second
	// maxCells is the largest size of a pty, struct winsize of ioctl_tty(2).
	maxCells                 = 1<<16 - 1
	defaultCols, defaultRows = 80, 24
)

// Attach starts a process on a pty of the container. The context bounds the
// start only; the session lives until its process ends or it is closed.
func (a *Adapter) Attach(ctx context.Context, s runtime.Shell) (runtime.Session, error) {
	at, err := a.startAttach(ctx, kindAttach, s, nil)
	if err != nil {
		return nil, attachErr(s.Ref, err)
	}
	if len(at.fds) != 1 {
		at.drop()
		return nil, attachErr(s.Ref, fmt.Errorf("%w: %d descriptors instead of a pty", runtime.ErrHelper, len(at.fds)))
	}
	return newSession(at), nil
}

// Exec starts a process on the given descriptors, without a pty, and waits
// for it. When the context ends the process is hung up on, then killed. A nil
// descriptor is /dev/null, for which the process gets its container's. One that
// is neither pipe nor socket is never handed on: its bytes pass through a pipe.
func (a *Adapter) Exec(ctx context.Context, s runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
	pass, err := confine(std)
	if err != nil {
		return runtime.Exit{}, attachErr(s.Ref, err)
	}
	at, err := a.startAttach(ctx, kindExec, s, pass.theirs[:])
	pass.started()
	if err != nil {
		_ = pass.finish(ctx, false)
		return runtime.Exit{}, attachErr(s.Ref, err)
	}
	closeAll(at.fds)
	end := newEnding(at)
	exit, err := end.wait(ctx)
	if err != nil {
		at.proc.conn.hangUp()
	}
	if ferr := pass.finish(ctx, err == nil); err == nil {
		err = ferr
	}
	return exit, attachErr(s.Ref, err)
}

// attached is a process that runs in a container, or a tty of it that is held.
type attached struct {
	op    string // what errors say that was to be done
	ref   runtime.Ref
	proc  *helperProc
	init  int // pidfd of the container's init; -1 = none to be had
	pid   int // of the container's init
	hello helperReply
	fds   []int // what the helper sent with hello
}

// drop ends it.
func (at *attached) drop() {
	closeAll(at.fds)
	if at.init >= 0 {
		_ = unix.Close(at.init)
	}
	at.proc.abandon()
}

// startAttach is what Attach and Exec share.
func (a *Adapter) startAttach(ctx context.Context, kind string, s runtime.Shell, files []*os.File) (*attached, error) {
	if err := checkShell(&s); err != nil {
		return nil, err
	}
	return a.enter(ctx, "attach", helperRequest{Kind: kind, Ref: s.Ref, Shell: &s, Record: s.Record}, files)
}

// enter starts the helper that is in the container for its caller, and waits for
// its word that the process runs or the tty is had.
func (a *Adapter) enter(ctx context.Context, op string, q helperRequest, files []*os.File) (*attached, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, attachTime)
		defer cancel()
	}
	as, err := a.helperUser(q.Ref)
	if err != nil {
		return nil, err
	}
	at := &attached{op: op, ref: q.Ref, init: -1}
	if at.pid, err = a.attachable(ctx, op, q.Ref); err != nil {
		return nil, err
	}
	if fd, err := unix.PidfdOpen(at.pid, 0); err == nil {
		at.init = fd
	}
	q.ReadOnly, q.Audit = a.opts.ReadOnly, a.auditFor(q.Record, as)
	at.proc, err = askHelper(q, as, files)
	if err != nil {
		if at.init >= 0 {
			_ = unix.Close(at.init)
		}
		return nil, err
	}
	at.hello, at.fds, err = at.proc.receive(ctx)
	if err == nil && !at.hello.OK {
		err = replied(op, q.Ref, &at.hello)
	}
	if err != nil {
		at.drop()
		return nil, err
	}
	return at, nil
}

// attachable gives the init of a container that a process can be started in, or
// whose ttys can be used. It asks the monitor first, with a deadline: liblxc would wait for a silent
// one, and for a frozen container to be thawed.
func (a *Adapter) attachable(ctx context.Context, op string, ref runtime.Ref) (int, error) {
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	found := in.inspect(ref)
	if errors.Is(found.err, runtime.ErrNotFound) {
		return 0, found.err
	}
	c := a.look(ctx, ref, found.err)
	switch {
	case ctx.Err() != nil:
		return 0, ended(ctx)
	case !c.NoAnswerSince.IsZero():
		return 0, &silence{c.NoAnswerSince}
	case c.State == runtime.Frozen:
		return 0, errFrozen(op, ref)
	case c.InitPID > 0:
		return c.InitPID, nil
	case c.Problem != nil && c.State != runtime.Stopped:
		return 0, cause(c.Problem)
	default:
		return 0, fmt.Errorf("%w: it is %s", runtime.ErrWrongState, c.State)
	}
}

// checkShell refuses what needs no container to be refused, and fills in sizes.
func checkShell(s *runtime.Shell) error {
	if err := s.Ref.Check(); err != nil {
		return err
	}
	if err := fillSize(&s.Cols, &s.Rows); err != nil {
		return err
	}
	if len(s.Command) > 0 && s.Command[0] == "" {
		return fmt.Errorf("%w: empty command", runtime.ErrInvalid)
	}
	return nil
}

// fillSize checks the size of a terminal; none given is the usual one.
func fillSize(cols, rows *int) error {
	if *cols == 0 && *rows == 0 {
		*cols, *rows = defaultCols, defaultRows
	}
	return checkSize(*cols, *rows)
}

func checkSize(cols, rows int) error {
	if cols < 1 || rows < 1 || cols > maxCells || rows > maxCells {
		return fmt.Errorf("%w: terminal of %dx%d cells", runtime.ErrInvalid, cols, rows)
	}
	return nil
}

// attachErr names operation and container once.
func attachErr(ref runtime.Ref, err error) error { return fail("attach", ref, err) }
