package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
)

// working gives the context of a verb that changes containers. SIGINT and
// SIGTERM cancel it, and what was begun is taken back; a second one ends lxcdeck
// at once. A hang-up does not end it: what changes a container runs to its end,
// and the audit log says that nobody saw it.
func (d *deck) working(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	if d.back != nil {
		return d.back.ctx, func() {}
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	over := make(chan struct{})
	spawn(func() {
		select {
		case <-hup:
			d.alone()
		case <-over:
		}
	}, func(error) {})
	return ctx, func() {
		signal.Stop(hup)
		close(over)
		stop()
	}
}

// alone tells the audit log that nobody looks any more.
func (d *deck) alone() {
	if d.log != nil {
		d.log.Alone()
	}
}

// asked is a context for looking at things before or after the work.
func (d *deck) asked(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := lookTime
	if d.flags.timeout > 0 {
		limit = d.flags.timeout
	}
	return context.WithTimeout(ctx, limit)
}

// lookTime is how long it may take to look at what an operation is about, such
// as to measure a large root.
const lookTime = 20 * time.Second

// do carries one operation out and shows how it goes.
func (d *deck) do(ctx context.Context, q runtime.Request) error {
	q.Timeout = d.flags.timeout
	showing := ctx
	if q.Timeout > 0 {
		// Standard output that takes nothing must not keep the time from running out.
		var cancel context.CancelFunc
		showing, cancel = context.WithTimeout(ctx, q.Timeout)
		defer cancel()
	}
	began := time.Now()
	show := d.watch(showing, &q)
	err := d.rt.Do(ctx, q)
	show.end(err)
	if err == nil && d.session != nil {
		text := doneWords(&q) + ": done"
		if took := time.Since(began).Round(time.Second); took > 0 {
			text += ", " + lasting(took)
		}
		d.warn("%s", text)
	}
	return err
}

// each does one operation to every container, and goes on after a failure.
func (d *deck) each(ctx context.Context, op runtime.Op, refs []runtime.Ref, args runtime.Args) {
	reqs := make([]runtime.Request, 0, len(refs))
	for _, ref := range refs {
		reqs = append(reqs, runtime.Request{Op: op, Ref: ref, Args: args})
	}
	if d.session != nil {
		reqs = d.propose(ctx, op, reqs)
	}
	for _, q := range reqs {
		err := d.do(ctx, q)
		if err == nil || d.killInstead(ctx, &q, err) {
			continue
		}
		d.failed(ctx, &q, err)
		if errors.Is(err, runtime.ErrCancelled) && ctx.Err() != nil {
			break
		}
	}
}

// failed says what went wrong with an operation, what to do about it, and goes on.
func (d *deck) failed(ctx context.Context, q *runtime.Request, err error) {
	if d.explain(ctx, q, err) {
		return
	}
	d.fail(err)
	var e *runtime.Error
	if errors.As(err, &e) && e.Hint != "" {
		return
	}
	if errors.Is(err, runtime.ErrWrongState) {
		d.nextStep(ctx, q)
		return
	}
	switch {
	case errors.Is(err, runtime.ErrHasSnapshots) && q.Op == runtime.Destroy:
		d.warn("--snapshots destroys them too.")
	case errors.Is(err, runtime.ErrHasSnapshots) && q.Op == runtime.Rename:
		d.warn("Delete them first (lxcdeck snapshot delete), or keep the name.")
	case errors.Is(err, runtime.ErrLocked):
		d.warn("\"lxcdeck unlock %s\" takes the lock away; whoever locked it had a reason.", runtime.ShellQuote(q.Ref.Name))
	}
}

// explain says why a start failed, as far as that can be found; false = it says
// nothing.
func (d *deck) explain(ctx context.Context, q *runtime.Request, err error) bool {
	if (q.Op != runtime.Start && q.Op != runtime.Restart) || statusOf(err) != exitFailed || ctx.Err() != nil {
		return false
	}
	ctx, cancel := d.asked(ctx)
	defer cancel()
	found, derr := d.rt.Diagnose(ctx, q.Ref, err)
	if derr != nil || found.Cause == "" && found.Advice == "" && len(found.Log) < 2 {
		return false // its own words and hint are all there is
	}
	advice := found.Advice
	var e *runtime.Error
	if errors.As(err, &e) {
		plain := *e
		advice, plain.Hint = cmp.Or(advice, e.Hint), ""
		err = &plain
	}
	d.fail(err)
	if found.Cause != "" {
		d.warn("cause: %s", found.Cause)
	}
	for _, line := range found.Detail {
		d.warn("  %s", line)
	}
	for _, line := range found.Log {
		d.warn("liblxc: %s", line)
	}
	if advice != "" {
		d.warn("%s", advice)
	}
	if f := found.Fix; f != nil {
		words := make([]string, len(f.Command))
		for i, w := range f.Command {
			words[i] = runtime.ShellQuote(w)
		}
		d.warn("%s: %s", f.Title, strings.Join(words, " "))
	}
	return true
}

// onlyWithYes says that nothing was done, since --yes was not given.
func (d *deck) onlyWithYes(what string) {
	if d.session != nil {
		return // it is asked
	}
	d.warn("%s: nothing was done; with --yes it is", what)
	d.status = max(d.status, exitRefused)
}

// unsure says whether a verb that loses something has to explain itself first:
// --yes was not given. Where nothing may be done that is said instead.
func (d *deck) unsure() bool { return !d.flags.yes && !d.settings.ReadOnly.Value }

func (d *deck) yesFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&d.flags.yes, "yes", false, "do it; without this it is only said what would go, and the status is 3")
}

// timeoutFlag adds --timeout, which every verb has.
func (d *deck) timeoutFlag(cmd *cobra.Command, text string) {
	cmd.Flags().DurationVar(&d.flags.timeout, "timeout", d.flags.timeout, text)
}

// signals gives a verb's context, which ends when the verb is told to stop. The
// screen does its own. A hang-up that nohup(1) has us ignore stays ignored.
func signals(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	all := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return signal.NotifyContext(cmd.Context(), all...)
}

// limited is signals with --timeout over the whole verb.
func (d *deck) limited(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, stop := signals(cmd)
	if d.back != nil {
		stop()
		ctx, stop = d.back.ctx, func() {}
	}
	if d.flags.timeout == 0 {
		return ctx, stop
	}
	ctx, cancel := context.WithTimeout(ctx, d.flags.timeout)
	return ctx, func() { cancel(); stop() }
}

// writeAll writes a verb's whole output at once.
func writeAll(w io.Writer, text []byte) error {
	_, err := w.Write(text) // the error of a file says that it was a write
	return err
}
