package fake

import (
	"context"
	"sync"

	"lxcdeck/runtime"
)

// watcher hands hints to one receiver. What waits is kept once per kind and
// container, so that a slow receiver loses duplicates only.
type watcher struct {
	mu      sync.Mutex
	pending []runtime.Event
	wake    chan struct{} // one slot
	stop    context.CancelFunc
}

// Watch sends a hint for each change until the context ends.
func (r *Runtime) Watch(ctx context.Context) (<-chan runtime.Event, error) {
	if err := r.enter(ctx, Watch, runtime.Ref{}); err != nil {
		return nil, wrap("watch", runtime.Ref{}, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{wake: make(chan struct{}, 1), stop: cancel}
	r.mu.Lock()
	r.watchers[w] = struct{}{}
	r.mu.Unlock()
	out := make(chan runtime.Event)
	go func() {
		defer close(out)
		defer cancel()
		defer func() {
			r.mu.Lock()
			delete(r.watchers, w)
			r.mu.Unlock()
		}()
		w.run(ctx, out)
	}()
	return out, nil
}

// Emit sends a hint of any kind to all watchers.
func (r *Runtime) Emit(e runtime.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.At.IsZero() {
		e.At = r.Now()
	}
	r.emit(e)
}

// emit is Emit for callers that hold r.mu.
func (r *Runtime) emit(e runtime.Event) {
	for w := range r.watchers {
		w.push(e)
	}
}

func (w *watcher) push(e runtime.Event) {
	w.mu.Lock()
	known := false
	for i := range w.pending {
		if w.pending[i].Kind == e.Kind && w.pending[i].Ref == e.Ref {
			w.pending[i] = e
			known = true
		}
	}
	if !known {
		w.pending = append(w.pending, e)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) run(ctx context.Context, out chan<- runtime.Event) {
	for {
		w.mu.Lock()
		var next runtime.Event
		waiting := len(w.pending) > 0
		if waiting {
			next = w.pending[0]
			w.pending = w.pending[1:]
		}
		w.mu.Unlock()
		if waiting {
			select {
			case out <- next:
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		}
	}
}
