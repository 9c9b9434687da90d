package lxc

import (
	"os"
	"slices"
	"time"

	"lxcdeck/runtime"
)

// A helper costs four times what the start of a container costs: another program
// is executed, and liblxc loaded. So those that start or kill containers stay for
// the next of a batch. A helper stays sound there: these operations end with
// their call, and leave no thread of liblxc behind.

const (
	// stayTime is how long a helper is kept for more work.
	stayTime = 2 * time.Second
	// stayMargin is how much longer it waits itself, so that it does not leave at
	// the moment in which it is asked.
	stayMargin = 10 * time.Second
	// readyTime is how long one that was started ahead is kept: a person reads a
	// question meanwhile.
	readyTime = 15 * time.Second
)

// idleHelper is one that waits.
type idleHelper struct {
	proc  *helperProc
	until time.Time // when it is let go
}

// Prepare starts helpers ahead for what is done by ones that stay.
func (a *Adapter) Prepare(op runtime.Op, n int) {
	q := helperRequest{Kind: kindOp, Op: op}
	runtime.Spawn("prepare", func(error) {}, func() {
		if a.opts.ReadOnly || !stays(&q, nil) {
			return
		}
		a.mu.Lock()
		n := min(n, maxCalls) - len(a.idle)
		a.mu.Unlock()
		for range n {
			p, err := startHelper(q, nil, nil)
			if err != nil {
				return // whoever needs one is told
			}
			a.putIdle(p, readyTime)
		}
	})
}

// stays says whether the helper of an operation can take another one.
func stays(q *helperRequest, as *user) bool {
	return q.Kind == kindOp && (q.Op == runtime.Start || q.Op == runtime.Kill) && as == nil && scopeRunner(*q, nil) == nil
}

// helperFor gives a helper that has been asked q.
func (a *Adapter) helperFor(q *helperRequest, as *user, files []*os.File) (*helperProc, error) {
	if len(files) > 0 || !stays(q, as) {
		return askHelper(*q, as, files)
	}
	q.Stay = stayTime + stayMargin
	for {
		p := a.takeIdle()
		if p == nil {
			return askHelper(*q, nil, nil)
		}
		if p.conn.send(*q, nil) == nil {
			return p, nil
		}
		p.abandon()
	}
}

func (a *Adapter) takeIdle() *helperProc {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.idle) == 0 {
		return nil
	}
	last := len(a.idle) - 1
	p := a.idle[last].proc
	a.idle = a.idle[:last]
	return p
}

// putIdle keeps a helper that has nothing to do, for a while.
func (a *Adapter) putIdle(p *helperProc, d time.Duration) {
	a.mu.Lock()
	keep := !a.closed && len(a.idle) < maxCalls
	if keep {
		a.idle = append(a.idle, idleHelper{p, time.Now().Add(d)})
	}
	a.mu.Unlock()
	if !keep {
		p.abandon()
		return
	}
	runtime.Spawn("idle helper", func(error) {}, func() {
		p.await(d)
		a.dropIdle()
	})
}

// dropIdle lets those go that have waited long enough, or have ended.
func (a *Adapter) dropIdle() {
	var drop []*helperProc
	a.mu.Lock()
	a.idle = slices.DeleteFunc(a.idle, func(h idleHelper) bool {
		old := h.proc.await(0) || !time.Now().Before(h.until)
		if old {
			drop = append(drop, h.proc)
		}
		return old
	})
	a.mu.Unlock()
	for _, p := range drop {
		p.abandon()
	}
}
