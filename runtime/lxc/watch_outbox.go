package lxc

import (
	"context"
	"sync"

	"lxcdeck/runtime"
)

// outbox keeps events until the receiver takes them. One that equals one
// still waiting takes its place, so that a slow receiver costs no memory and
// misses duplicates only.
type outbox struct {
	ch chan runtime.Event

	mu      sync.Mutex
	waiting map[eventKey]runtime.Event
	order   []eventKey
	more    chan struct{} // holds a token while something may wait
}

type eventKey struct {
	kind runtime.EventKind
	ref  runtime.Ref
}

func newOutbox() *outbox {
	return &outbox{
		ch:      make(chan runtime.Event, 16),
		waiting: map[eventKey]runtime.Event{},
		more:    make(chan struct{}, 1),
	}
}

// put adds an event; it never waits.
func (o *outbox) put(e runtime.Event) {
	k := eventKey{e.Kind, e.Ref}
	if e.Kind == runtime.Restored {
		k.kind = runtime.Degraded // only the later of the two is true
	}
	o.mu.Lock()
	if _, dup := o.waiting[k]; !dup {
		o.order = append(o.order, k)
	}
	o.waiting[k] = e
	o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
}

func (o *outbox) take() (runtime.Event, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) == 0 {
		return runtime.Event{}, false
	}
	k := o.order[0]
	o.order = o.order[1:]
	e := o.waiting[k]
	delete(o.waiting, k)
	return e, true
}

// send hands events to the receiver until ctx ends.
func (o *outbox) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.more:
		}
		for {
			e, ok := o.take()
			if !ok {
				break
			}
			select {
			case <-ctx.Done():
				return
			case o.ch <- e:
			}
		}
	}
}
