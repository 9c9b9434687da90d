package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"sync"
	"time"

	"lxcdeck/runtime"
)

// spaceTimes are how long things may take that ask the disk.
type spaceTimes struct {
	quiet  time.Duration // a walk that says nothing for so long has lost its turn: the next begins
	giveUp time.Duration // one that says nothing for so long is given up
	turn   time.Duration // a walk that goes on for so long shares the disk with the next
	// fresh is for how long something that was changed is given the benefit of the doubt:
	// who makes it may be about to name it in a config.
	fresh  time.Duration
	survey time.Duration // what says nothing for so long while an lxcpath is looked through is passed over
}

const (
	// maxSilent is how many walks may be waited for while others go on: each is a process.
	maxSilent = 4
	// maxPassed is how many entries of an lxcpath are passed over before it is given up.
	maxPassed = 8
	// maxTrees is how many results are kept.
	maxTrees = 50000
)

// spaceCache keeps what was added up, in memory.
type spaceCache struct {
	times spaceTimes

	mu    sync.Mutex
	trees map[string]walked
}

func newSpaceCache() *spaceCache {
	return &spaceCache{
		times: spaceTimes{quiet: 3 * time.Second, giveUp: 30 * time.Second, turn: time.Minute, survey: 5 * time.Second, fresh: 10 * time.Minute},
		trees: map[string]walked{},
	}
}

func (c *spaceCache) get(key string) walked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trees[key]
}

func (c *spaceCache) put(key string, w walked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.trees) >= maxTrees {
		clear(c.trees)
	}
	c.trees[key] = w
}

// keep drops all but some.
func (c *spaceCache) keep(used map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.trees {
		if !used[key] {
			delete(c.trees, key)
		}
	}
}

// errMute is a helper that has said nothing for too long.
var errMute = errors.New("it says nothing")

// answered says whether a helper has answered, be it with a refusal: then it can be
// asked again.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// spaceHelper starts a helper; it is asked later.
func spaceHelper() (*helperProc, error) { return startHelper(helperRequest{Kind: kindSpace}, nil, nil) }

// talk asks a helper one thing, and hears what it says until that is done. waits is
// told every now and then since when nothing was heard; when it says false, the helper
// is given up. A helper whose error is no refusedError is of no use any more.
func talk(ctx context.Context, p *helperProc, ask *spaceAsk, hear func(*spaceTold), waits func(since time.Time) bool) error {
	q, err := spaceRequest(ask)
	if err == nil {
		err = p.conn.send(q, nil)
	}
	if err != nil {
		return fmt.Errorf("%w: send request: %w", runtime.ErrHelper, err)
	}
	const look = 100 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	last, got := time.Now(), p.listen()
	for {
		select {
		case m := <-got:
			closeAll(m.fds)
			switch {
			case m.err != nil:
				p.await(reapTime)
				return fmt.Errorf("%w: it ended without an answer%s", runtime.ErrHelper, p.lastWords(m.err))
			case m.reply.Progress == nil && m.reply.OK:
				return nil
			case m.reply.Progress == nil:
				return &refusedError{m.reply.err()}
			}
			var t spaceTold
			if err := gob.NewDecoder(bytes.NewReader(m.reply.Text)).Decode(&t); err != nil {
				return fmt.Errorf("%w: %w", runtime.ErrHelper, err)
			}
			last = time.Now()
			hear(&t)
			got = p.listen()
		case <-tick.C:
			if !waits(last) {
				return errMute
			}
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// endSpace lets go of a helper, which may hang.
func endSpace(p *helperProc) {
	if p != nil {
		p.kill()
		p.release()
	}
}
