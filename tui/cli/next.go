package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// nextStep says what to do about a container that is in the wrong state for an
// operation, in the words of the command line. The state is asked for anew: where it
// has become the right one nothing is said.
func (d *deck) nextStep(ctx context.Context, q *runtime.Request) {
	if q.Op == runtime.Snapshot {
		d.warn("--stop stops it for that and starts it again; --freeze does without a stop, on btrfs, zfs and thin volumes of lvm.")
		return
	}
	ctx, cancel := d.asked(ctx)
	defer cancel()
	l, err := d.rt.List(ctx)
	if err != nil {
		return
	}
	for i := range l.Containers {
		if c := &l.Containers[i]; c.Ref == q.Ref {
			if step := d.stepFrom(q.Op, c.State, c.Name); step != "" {
				d.warn("%s", step)
			}
		}
	}
}

// stepFrom is what leads from a state to one in which an operation can be done; "" =
// nothing does, or has to.
func (d *deck) stepFrom(op runtime.Op, is runtime.State, name string) string {
	info := op.Info()
	line := func(verb string) string { return "\"" + d.bare("lxcdeck "+verb+" "+runtime.ShellQuote(name)) + "\"" }
	first := func(verb string) string { return line(verb) + " comes first." }
	switch {
	case op.Accepts(is), info.Kind == runtime.Makes, info.Kind == runtime.OnHost:
		return ""
	case op == runtime.Start && is == runtime.Running:
		return "It runs already; " + line("restart") + " starts it anew."
	case op == runtime.Start && is == runtime.Frozen:
		return "It was started and stands still; " + line("thaw") + " lets it go on."
	case op == runtime.Restore && op.Accepts(runtime.Stopped) && (is == runtime.Running || is == runtime.Frozen):
		return first("stop") + " --as NEW makes a container of the snapshot, and leaves this one as it is."
	case is == info.To && is != runtime.Unknown && op != runtime.Checkpoint: // which stops it, but is not for that
		return "Nothing is to be done: it is " + strings.ToLower(is.String()) + " already."
	case is == runtime.Stopped:
		return first("start")
	case is == runtime.Frozen && op.Accepts(runtime.Running):
		return first("thaw")
	case (is == runtime.Running || is == runtime.Frozen) && op.Accepts(runtime.Stopped):
		return first("stop")
	case is == runtime.Unknown:
		return ""
	}
	return "It is " + strings.ToLower(is.String()) + ": wait until that is over, and ask again."
}

// flagError puts an error of a flag's value into words: strconv's own name functions.
func flagError(err error) error {
	var num *strconv.NumError
	if !errors.As(err, &num) {
		return err
	}
	what, _, ok := strings.Cut(err.Error(), " flag: ")
	if !ok {
		return err
	}
	wants := "a whole number is wanted"
	switch {
	case errors.Is(num, strconv.ErrRange):
		wants = "that is too large or too small"
	case num.Func == "ParseBool":
		wants = "true or false is wanted"
	case num.Func == "ParseFloat":
		wants = "a number is wanted"
	}
	return &valueError{what + ": " + wants, err}
}

// valueError is a flag's error in our words.
type valueError struct {
	text string
	err  error
}

func (e *valueError) Error() string { return e.text }
func (e *valueError) Unwrap() error { return e.err }
