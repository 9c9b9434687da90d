package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lxcdeck/runtime"
)

// Method is a method of the Runtime that a script can disturb.
type Method uint8

// The methods.
const (
	List Method = iota
	Sample
	Do
	Watch
	Attach
	Exec
	Console
	BootLog
	Survey  // Snapshots, Footprint, Choices, Images, Leftovers, Diagnose and CheckHost
	Oversee // Processes and Owners
	// Networks are Network and Ports. In Network a container's Fault is its own Why.
	Networks
	Examine // Isolation
	Measure // Space
	Limit   // Limits
	Logs
	OpenLog
	Configs // ConfigText, CheckConfig and ConfigBackup
	Files
	HostFiles // HostFolder
	methods
)

// Fault is what goes wrong in a method. Delay comes first, then Stuck, then Err.
type Fault struct {
	Err   error
	Delay time.Duration // of the host's clock
	Stuck bool          // blocks until the context ends, like a monitor that was stopped
	Times int           // how often it strikes; 0 = until Heal
	since time.Time
}

type faultKey struct {
	method Method
	ref    runtime.Ref
}

// Fail disturbs a method for one container; with a zero Ref the method as a
// whole. In List, a container's Fault is its Problem (Stuck: no answer), and a
// Ref with a Path alone makes that lxcpath unreadable. In Sample, a
// container's Fault is the Err of its Reading (Stuck: no answer): it never
// delays the others.
func (r *Runtime) Fail(m Method, ref runtime.Ref, f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.since = r.Now()
	r.faults[faultKey{m, ref}] = &f
	if ref.Name != "" {
		r.emit(runtime.Event{Kind: runtime.Changed, Ref: ref, At: f.since})
	}
}

// Heal undoes Fail.
func (r *Runtime) Heal(m Method, ref runtime.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.faults, faultKey{m, ref})
	if ref.Name != "" {
		r.emit(runtime.Event{Kind: runtime.Changed, Ref: ref, At: r.Now()})
	}
}

// Calls is how often a method was called.
func (r *Runtime) Calls(m Method) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[m]
}

// Requests gives every Request that reached Do, in order.
func (r *Runtime) Requests() []runtime.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// enter counts a call, then lets the faults of the whole method and of the
// container strike.
func (r *Runtime) enter(ctx context.Context, m Method, ref runtime.Ref) error {
	r.mu.Lock()
	r.calls[m]++
	closed := r.closed
	whole := r.strike(m, runtime.Ref{})
	var own Fault
	if ref != (runtime.Ref{}) {
		own = r.strike(m, ref)
	}
	r.mu.Unlock()
	if closed {
		return errors.New("the runtime is closed")
	}
	if err := r.suffer(ctx, whole); err != nil {
		return err
	}
	if err := r.suffer(ctx, own); err != nil {
		return err
	}
	return cancelled(ctx.Err())
}

// strike takes one blow of a fault. Callers hold r.mu.
func (r *Runtime) strike(m Method, ref runtime.Ref) Fault {
	f := r.faults[faultKey{m, ref}]
	if f == nil {
		return Fault{}
	}
	if f.Times > 0 {
		if f.Times--; f.Times == 0 {
			delete(r.faults, faultKey{m, ref})
		}
	}
	return *f
}

func (r *Runtime) suffer(ctx context.Context, f Fault) error {
	if err := r.opts.Clock.Sleep(ctx, f.Delay); err != nil {
		return cancelled(err)
	}
	if f.Stuck {
		<-ctx.Done()
		return cancelled(ctx.Err())
	}
	return f.Err
}

func cancelled(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", runtime.ErrCancelled, err)
}
