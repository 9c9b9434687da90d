package lxc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// pending is a question about one container that has no answer yet, be it
// asked over the command socket or in liblxc. While it is out no other is
// asked: each would wait behind the first.
type pending struct {
	since time.Time
	done  chan struct{} // closed with the answer

	mu   sync.Mutex
	late bool          // whoever asked waits no longer
	conn *net.UnixConn // that waits for the answer; nil in liblxc
}

func (p *pending) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		_ = p.conn.Close()
	}
}

func (p *pending) isLate() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late
}

func (p *pending) setLate(conn *net.UnixConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late, p.conn = true, conn
}

// silence is the error of a container whose monitor, or liblxc, has not
// answered a question since a point in time.
type silence struct{ since time.Time }

func (e *silence) Error() string {
	return fmt.Sprintf("%v since %s", runtime.ErrNoAnswer, e.since.Format(time.TimeOnly))
}

func (e *silence) Unwrap() error { return runtime.ErrNoAnswer }

// begin takes the right to ask about a container. While another question is
// under way it waits for it, but never for one that is late already.
func (a *Adapter) begin(ctx context.Context, ref runtime.Ref) (*pending, error) {
	timer := time.NewTimer(a.opts.Answer)
	defer timer.Stop()
	for {
		a.mu.Lock()
		p := a.out[ref]
		if a.closed {
			a.mu.Unlock()
			return nil, errClosed
		}
		if p == nil {
			p = &pending{since: time.Now(), done: make(chan struct{})}
			a.out[ref] = p
			a.mu.Unlock()
			return p, nil
		}
		a.mu.Unlock()
		if p.isLate() {
			return nil, &silence{p.since}
		}
		select {
		case <-p.done:
		case <-timer.C:
			return nil, &silence{p.since}
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
}

func (a *Adapter) end(ref runtime.Ref, p *pending) {
	a.mu.Lock()
	if a.out[ref] == p {
		delete(a.out, ref)
	}
	a.mu.Unlock()
	close(p.done)
}

// ask puts one question to a container's monitor. An answer that does not
// come in time stays awaited, at the cost of one descriptor.
func (a *Adapter) ask(ctx context.Context, ref runtime.Ref, cmd command) (ret int, data uint64, peer unix.Ucred, err error) {
	p, err := a.begin(ctx, ref)
	if err != nil {
		return 0, 0, peer, err
	}
	q, err := askMonitor(ref, cmd)
	if err != nil {
		a.end(ref, p)
		if errors.Is(err, runtime.ErrNoAnswer) {
			err = &silence{p.since}
		}
		return 0, 0, peer, err
	}
	ret, data, err = q.answer(until(ctx, a.opts.Answer))
	if !errors.Is(err, errSilent) {
		_ = q.conn.Close()
		a.end(ref, p)
		return ret, data, q.peer, err
	}
	p.setLate(q.conn)
	a.mu.Lock()
	closed := a.closed
	a.mu.Unlock()
	if closed {
		p.hangUp()
	}
	await := func() {
		// Whatever comes, an answer or the monitor's end, it can be asked again.
		_, _, _ = q.answer(time.Time{})
		p.hangUp()
		a.end(ref, p)
	}
	runtime.Spawn("late answer", func(error) { a.end(ref, p) }, await)
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return 0, 0, q.peer, ended(ctx)
	}
	return 0, 0, q.peer, &silence{p.since}
}

// inLXC calls f, which may never return, in a goroutine of its own and gives
// up on it after loadTime. At most one such call a container is under way.
func inLXC[T any](ctx context.Context, a *Adapter, ref runtime.Ref, f func() (T, error)) (T, error) {
	var none T
	p, err := a.begin(ctx, ref)
	if err != nil {
		return none, err
	}
	select {
	case a.calls <- struct{}{}:
	case <-ctx.Done():
		a.end(ref, p)
		return none, ended(ctx)
	}
	type result struct {
		value T
		err   error
	}
	got := make(chan result, 1)
	runtime.Spawn("liblxc", func(err error) { got <- result{err: err} }, func() {
		defer a.end(ref, p)
		v, err := f()
		got <- result{v, err}
	})
	defer func() { <-a.calls }()
	timer := time.NewTimer(loadTime)
	defer timer.Stop()
	select {
	case r := <-got:
		return r.value, r.err
	case <-timer.C:
		p.setLate(nil)
		return none, &silence{p.since}
	case <-ctx.Done():
		p.setLate(nil)
		return none, ended(ctx)
	}
}

// handle gives f a go-lxc container. The configuration is loaded by that, so
// it must have been found loadable.
func handle[T any](ref runtime.Ref, f func(*golxc.Container) (T, error)) (T, error) {
	var none T
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	if err != nil {
		return none, unloadable(ref)
	}
	// Only a second Release of the same handle can fail.
	defer func() { _ = c.Release() }()
	return f(c)
}

// vitals are what a container's monitor says of it.
type vitals struct {
	state runtime.State
	peer  uint32 // uid of whoever listens on the command socket
}

// monitorVitals asks a container's monitor for its state. Nobody listening
// means stopped. errNotOurs comes with the peer.
func (a *Adapter) monitorVitals(ctx context.Context, ref runtime.Ref, foreign *int) (vitals, error) {
	ret, data, peer, err := a.ask(ctx, ref, cmdGetState)
	switch {
	case errors.Is(err, errNoMonitor):
		return vitals{state: runtime.Stopped}, nil
	case err != nil && !errors.Is(err, errNotOurs) && !errors.Is(err, errGarbled):
		return vitals{}, err
	}
	v := vitals{peer: peer.Uid}
	if !a.believes(peer.Uid, foreign) {
		return v, &named{fmt.Errorf("its command socket is held by uid %d, to whom it does not belong", peer.Uid), runtime.ErrForeign}
	}
	if err == nil {
		v.state, err = monitorState(ret, data)
	}
	return v, err
}

// believes says whether what a listener of this uid tells of a container may
// be true. Anybody can listen on the abstract socket of a stopped container.
func (a *Adapter) believes(peer uint32, foreign *int) bool {
	return a.trust.owner(peer) || (foreign != nil && peer == uint32(*foreign))
}

// liblxcVitals asks liblxc itself, for a monitor whose replies we do not understand.
func (a *Adapter) liblxcVitals(ctx context.Context, ref runtime.Ref) (runtime.State, int, error) {
	type both struct {
		state runtime.State
		pid   int
	}
	b, err := inLXC(ctx, a, ref, func() (both, error) {
		return handle(ref, func(c *golxc.Container) (both, error) {
			s, ok := runtime.ParseState(c.State().String())
			if !ok {
				return both{}, fmt.Errorf("%w: state %q", errGarbled, c.State())
			}
			return both{s, c.InitPid()}, nil
		})
	})
	return b.state, b.pid, err
}

// initPID is the host pid of a container's init, asked of its monitor with a
// deadline. The error wraps ErrWrongState when it has none.
func (a *Adapter) initPID(ctx context.Context, ref runtime.Ref) (int, error) {
	if err := ref.Check(); err != nil {
		return 0, err
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	found := in.inspect(ref)
	if errors.Is(found.err, runtime.ErrNotFound) {
		return 0, found.err
	}
	seen := a.look(ctx, ref, found.err)
	switch {
	case seen.InitPID > 0:
		return seen.InitPID, nil
	case !seen.NoAnswerSince.IsZero():
		return 0, &silence{seen.NoAnswerSince}
	case seen.Problem != nil && seen.State == runtime.Unknown:
		return 0, cause(seen.Problem)
	}
	return 0, fmt.Errorf("%w: %s", runtime.ErrWrongState, seen.State)
}
