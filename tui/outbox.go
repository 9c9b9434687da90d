package tui

import (
	"errors"
	"io"
	"sync"
)

// outboxLimit is how much may wait for a container that does not read its
// terminal. Beyond it input is refused, as a full tty queue does.
const outboxLimit = 1 << 20

var errOutboxFull = errors.New("the container does not read its input")

// outItem is bytes to type or, when bytes is nil, a size to set.
type outItem struct {
	bytes      []byte
	cols, rows int
}

// outbox keeps what goes to a session in order: keys, pastes, the emulator's
// replies, sizes. Putting never blocks; one goroutine takes.
type outbox struct {
	mu     sync.Mutex
	items  []outItem
	size   int
	closed bool
	ready  chan struct{} // one slot: something waits, or the end
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// put queues bytes; it refuses when too much is waiting already.
func (o *outbox) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return io.ErrClosedPipe
	}
	if o.size+len(b) > outboxLimit && o.size > 0 {
		return errOutboxFull
	}
	o.items = append(o.items, outItem{bytes: b})
	o.size += len(b)
	o.signal()
	return nil
}

// resize queues a size in its place among the keys.
func (o *outbox) resize(cols, rows int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.items = append(o.items, outItem{cols: cols, rows: rows})
	o.signal()
}

// close ends the writer once it has taken what it is writing.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.items, o.size = true, nil, 0
	o.signal()
}

// signal is called with the lock held.
func (o *outbox) signal() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// take waits for everything that is queued; ok is false at the end.
func (o *outbox) take() (items []outItem, ok bool) {
	for {
		o.mu.Lock()
		items, o.items, o.size = o.items, nil, 0
		closed := o.closed
		o.mu.Unlock()
		if closed {
			return nil, false
		}
		if len(items) > 0 {
			return items, true
		}
		<-o.ready
	}
}
