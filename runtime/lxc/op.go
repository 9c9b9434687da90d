package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lxcdeck/runtime"
)

const (
	// killGrace is what a stop may take after its graceful part: the kill and
	// the clearing away behind it. It is in the op table's Timeout of stop.
	killGrace = 15 * time.Second
	// tellGrace is what a helper may take at most beyond its own deadline to
	// say what it was waiting for.
	tellGrace = 5 * time.Second
)

// Do carries one operation out in a helper process and waits for its end.
func (a *Adapter) Do(ctx context.Context, q runtime.Request) error {
	info := q.Op.Info()
	if info.Op == runtime.NoOp {
		return fail("operation", q.Ref, fmt.Errorf("%w: no such operation", runtime.ErrInvalid))
	}
	as, leave, err := a.admit(ctx, &info, q)
	if err != nil {
		return fail(info.Name, q.Ref, err)
	}
	defer leave()
	graceful, limit := times(&info, q.Timeout)
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var files []*os.File
	if q.File != nil {
		files = append(files, q.File)
	}
	progress := q.Progress
	if q.Op == runtime.Run {
		progress = onceRunning(q.Progress, leave)
	}
	r, err := a.callHelper(limited, helperRequest{
		Kind: kindOp, Ref: q.Ref, ReadOnly: a.opts.ReadOnly, Op: q.Op, Timeout: graceful, Expect: q.Expect, Same: q.Same, Spare: q.Spare,
		Args: q.Args, Record: q.Record, Audit: a.auditOf(&q, as), Who: a.who(), Paths: a.about.Paths,
	}, as, progress, files...)
	if err == nil && r.OK {
		if info.Kind == runtime.OnState {
			a.cameTo(q.Ref, r.State, r.Init)
		}
		if q.Op == runtime.SetLimits {
			a.set.ReadLimits(q.Ref)
		}
		return nil
	}
	killed := err != nil // it ended without an answer
	if err == nil {
		err = r.err()
	}
	late := errors.Is(err, runtime.ErrNoAnswer) && ctx.Err() == nil && limited.Err() != nil
	switch {
	case late && q.Op == runtime.Run:
		err = endedAfter(graceful)
	case late && (killed || info.Kind != runtime.OnState): // else it has told in time what it was waiting for
		err = tooLate("not done within %s", graceful)
	}
	cleared := false
	if limited.Err() != nil && starts(&q) {
		cleared, err = a.endStart(q.Ref, began, err)
	}
	if killed && (info.Kind == runtime.Makes || info.Kind == runtime.OnContainer) {
		r, err = a.takeBack(q, as, began, err)
	}
	e := &runtime.Error{Op: info.Name, Ref: q.Ref, Err: err, Log: r.Log, Hint: r.Hint}
	switch {
	case e.Hint != "":
	case late && info.Kind != runtime.OnState: // no monitor has to do with it
	case killed && errors.Is(err, runtime.ErrHelper):
		e.Hint = stateUnknown
	case late && cleared:
		e.Hint = "A hook of its config may hang: look at lxc.hook.*."
	case late && killed:
		e.Hint = "Look at its log, and whether its processes are stopped or hang."
	default:
		e.Hint = hint(err, r.Log)
	}
	return e
}

// starts says whether an operation starts q.Ref, so that a monitor may be left
// when its helper is killed.
func starts(q *runtime.Request) bool {
	a, ok := q.Args.(*runtime.CreateArgs)
	return q.Op == runtime.Start || q.Op == runtime.Restart || ok && a.Start
}

// graceOf is how long the helper of an operation that nobody wants any more may
// take to put its end in order; 0 = it is killed.
func graceOf(op runtime.Op) time.Duration {
	switch op {
	case runtime.Pack, runtime.Unpack, runtime.Push, runtime.Pull:
		return shipGrace
	case runtime.Run:
		return runGrace
	case runtime.Checkpoint, runtime.Resume:
		return checkpointGrace
	default:
		return 0
	}
}

// times are how long the helper waits before it changes its means (or gives
// up), and how long it may take in all. asked is the request's own Timeout.
func times(info *runtime.OpInfo, asked time.Duration) (graceful, limit time.Duration) {
	graceful, limit = asked, info.Timeout
	switch {
	case asked > 0 && info.Op == runtime.Restart:
		limit = 2*asked + killGrace
	case asked > 0 && info.Op == runtime.Stop:
		limit = asked + killGrace
	case asked > 0 && info.Kind != runtime.OnState:
		return asked, asked // its helper has no deadline of its own to tell of
	case asked > 0:
		// Who asks for a second does not want to wait for six. Two are what a
		// freeze needs to be taken back.
		return asked, asked + min(tellGrace, max(asked, 2*time.Second))
	case info.Op == runtime.Stop, info.Op == runtime.Shutdown, info.Op == runtime.Restart:
		graceful = runtime.Graceful
	default:
		graceful = info.Timeout
	}
	return graceful, limit + tellGrace
}

// admit is the one place that says whether an operation may be done, before
// anything is. It reserves the containers that are concerned until leave is
// called, and gives the user to do it as.
func (a *Adapter) admit(ctx context.Context, info *runtime.OpInfo, q runtime.Request) (as *user, leave func(), err error) {
	if err := q.Check(); err != nil {
		return nil, nil, err
	}
	if a.opts.ReadOnly {
		return nil, nil, runtime.ErrReadOnly
	}
	refs := append([]runtime.Ref{q.Ref}, q.Others()...)
	w, err := a.reserve(refs, q.Op)
	if err != nil {
		return nil, nil, err
	}
	as, err = a.check(ctx, info, q)
	if err != nil {
		a.leave(refs, w)
		return nil, nil, err
	}
	var once sync.Once
	return as, func() { once.Do(func() { a.leave(refs, w) }) }, nil
}

// onceRunning gives a container free when the command in it begins: what runs
// may be looked into, and stopped, like any other.
func onceRunning(tell func(runtime.Progress), leave func()) func(runtime.Progress) {
	return func(p runtime.Progress) {
		if strings.HasPrefix(p.Step, runningStep) {
			leave()
		}
		if tell != nil {
			tell(p)
		}
	}
}

func (a *Adapter) check(ctx context.Context, info *runtime.OpInfo, q runtime.Request) (*user, error) {
	for _, to := range q.Others() {
		if err := a.free(to); err != nil {
			return nil, err
		}
	}
	switch {
	case info.Kind == runtime.Makes:
		if err := a.free(q.Ref); err != nil {
			return nil, err
		}
		return a.userOfPath(q.Ref.Path)
	case info.Kind == runtime.OnHost && q.Ref == (runtime.Ref{}):
		return nil, nil
	case info.Kind == runtime.OnHost:
		as, err := a.userOfPath(q.Ref.Path)
		if err != nil {
			return nil, err
		}
		return as, mayTouch(info, q.Ref, as == nil)
	case info.Op == runtime.Lock, info.Op == runtime.Unlock:
		return a.checkLock(ctx, info, q)
	case info.Op == runtime.SetConfig:
		return a.checkSetConfig(ctx, info, q)
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	found := in.inspect(q.Ref)
	if errors.Is(found.err, runtime.ErrNotFound) {
		return nil, found.err
	}
	as, err := userFor(found.err)
	if err != nil {
		// A container that is being made cannot be loaded yet.
		if busy := holder(q.Ref); busy != nil {
			return nil, busy
		}
		return nil, err
	}
	if m := a.managers.of(q.Ref, found.manager); m != "" && !info.Managed {
		return nil, fmt.Errorf("%w: %s", runtime.ErrManaged, m)
	}
	if err := mayTouch(info, q.Ref, as == nil); err != nil {
		return nil, err
	}
	seen := a.look(ctx, q.Ref, found.err)
	switch {
	case ctx.Err() != nil:
		return nil, ended(ctx)
	case !seen.NoAnswerSince.IsZero():
		return nil, &silence{seen.NoAnswerSince}
	case seen.State == runtime.Unknown && seen.Problem != nil:
		return nil, cause(seen.Problem)
	}
	return as, accepts(info, seen.State, q.Expect)
}

// userOfPath is who a helper has to become to make something in an lxcpath: as
// root, whoever else can write there.
func (a *Adapter) userOfPath(path string) (*user, error) {
	_, _, err := newWalker(a.trust).walk(path)
	for errors.Is(err, fs.ErrNotExist) && path != "/" {
		// An lxcpath that is not there yet is made by who can write above it.
		path = filepath.Dir(path)
		_, _, err = newWalker(a.trust).walk(path)
	}
	return userFor(err)
}

// free says whether a name can be given to a new container. Whatever lies in
// its place counts: it is not ours to overwrite.
func (a *Adapter) free(ref runtime.Ref) error {
	if exists(ref.String()) {
		return fmt.Errorf("%w: %s is there already", runtime.ErrExists, ref)
	}
	return nil
}

// accepts says whether an operation can be done in a state, and whether it is
// still the one the person saw. Adapter and helper both ask.
func accepts(info *runtime.OpInfo, is, expect runtime.State) error {
	if expect != runtime.Unknown && is != expect {
		return fmt.Errorf("%w: it was %s and is %s now", runtime.ErrWrongState, expect, is)
	}
	if !info.Op.Accepts(is) {
		return fmt.Errorf("%w: it is %s", runtime.ErrWrongState, is)
	}
	return nil
}

// reserve takes all containers of an operation, or none. What goes beside another
// operation leaves the container to that.
func (a *Adapter) reserve(refs []runtime.Ref, op runtime.Op) (*work, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, errClosed
	}
	for _, ref := range refs {
		if other, taken := a.busy[ref]; taken && !op.Beside(other.op) {
			return nil, fmt.Errorf("%w: %s", runtime.ErrBusy, other.op)
		}
	}
	w := &work{op: op, over: make(chan struct{})}
	for _, ref := range refs {
		if _, taken := a.busy[ref]; !taken {
			a.busy[ref] = w
		}
	}
	return w, nil
}

// work is an operation of this Adapter that is under way.
type work struct {
	op   runtime.Op
	over chan struct{} // closed at its end
	// What it came to, to be read after over: the state in which its helper has left
	// the container, Unknown = that is to be asked, and its init.
	state runtime.State
	init  int
}

// cameTo notes what an operation has come to.
func (a *Adapter) cameTo(ref runtime.Ref, is runtime.State, init int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.busy[ref]; w != nil {
		w.state, w.init = is, init
	}
}

func (a *Adapter) leave(refs []runtime.Ref, w *work) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(w.over)
	for _, ref := range refs {
		if a.busy[ref] == w {
			delete(a.busy, ref)
		}
	}
}

// workOn is the operation of this Adapter that is under way on a container; nil =
// none is.
func (a *Adapter) workOn(ref runtime.Ref) *work {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.busy[ref]
}

// works is on how many containers operations of this Adapter are under way.
func (a *Adapter) works() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.busy)
}
