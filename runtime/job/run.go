package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lxcdeck/runtime"
)

// BootWord is what is told of a boot that is under way.
type BootWord struct {
	Step  int // of Steps(plan)
	Of    int
	Began bool          // it is being started; else it was, and Err says how that went
	Err   error         // nil = it runs
	Other bool          // another had started it meanwhile
	Wait  time.Duration // what is waited now, before the next one
}

// BootOptions say how a boot is run.
type BootOptions struct {
	Timeout time.Duration  // of each start; 0 = the operation's own
	Told    func(BootWord) // how it goes; it must not block. nil = nobody looks
}

// Host is what a boot needs of a Runtime.
type Host interface {
	runtime.Lister
	runtime.Controller
}

// RunBoot starts what a plan starts, in order, and waits the delays. It goes on
// after a failure, as lxc-autostart does, and does not wait after one; the error
// joins them all. After the last there is no wait: nobody is waited for.
func RunBoot(ctx context.Context, rt Host, plan []BootStep, o BootOptions) error {
	steps := Steps(plan)
	told := o.Told
	if told == nil {
		told = func(BootWord) {}
	}
	var failed []error
	for i, s := range steps {
		told(BootWord{Step: i, Of: len(steps), Began: true})
		w := BootWord{Step: i, Of: len(steps)}
		w.Err = rt.Do(ctx, runtime.Request{Op: runtime.Start, Ref: s.Ref, Timeout: o.Timeout})
		if errors.Is(w.Err, runtime.ErrWrongState) && runs(ctx, rt, s.Ref) {
			w.Err, w.Other = nil, true
		}
		switch {
		case w.Err != nil:
			failed = append(failed, w.Err)
		case i < len(steps)-1 && !w.Other:
			w.Wait = s.Delay
		}
		told(w)
		if err := pause(ctx, w.Wait); err != nil {
			if left := len(steps) - 1 - i; left > 0 {
				failed = append(failed, fmt.Errorf("%w: %d of %d were not started", err, left, len(steps)))
			}
			break
		}
	}
	return errors.Join(failed...)
}

// runs says whether a container runs by now: another may have started it since
// the plan was made, which is what was wanted.
func runs(ctx context.Context, rt runtime.Lister, ref runtime.Ref) bool {
	l, err := rt.List(ctx)
	return err == nil && slices.ContainsFunc(l.Containers, func(c runtime.Container) bool {
		return c.Ref == ref && c.State.Alive()
	})
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
		if ctx.Err() == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %w", runtime.ErrCancelled, ctx.Err())
}
