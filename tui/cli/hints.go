package cli

import (
	"context"
	"errors"

	"lxcdeck/runtime"
)

// hint is what to do about an error that does not say it itself; "" = nothing is known.
func (d *deck) hint(err error) string {
	var e *runtime.Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	if e == nil {
		e = &runtime.Error{}
	}
	name := runtime.ShellQuote(e.Ref.Name)
	switch {
	case errors.Is(err, runtime.ErrNotFound) && d.session != nil:
		return "\"list\" lists those that there are."
	case errors.Is(err, runtime.ErrNotFound):
		if d.rt != nil && d.rt.About().UID != 0 {
			return "\"lxcdeck ls\" lists those that there are, \"sudo lxcdeck ls\" root's; -P takes another lxcpath."
		}
		return "\"lxcdeck ls\" lists those that there are; -P takes another lxcpath."
	case errors.Is(err, runtime.ErrReadOnly):
		return "Without --read-only, and without read_only in the settings, it is done."
	case errors.Is(err, runtime.ErrNoAnswer) && e.Ref.Name != "":
		return "Its monitor, \"[lxc monitor] " + e.Ref.Path + " " + e.Ref.Name + "\" in ps, stands still, or the host is overloaded."
	case errors.Is(err, runtime.ErrNoSnapshot) && e.Ref.Name != "":
		return "\"" + d.bare("lxcdeck snapshot list "+name) + "\" lists those that there are."
	case errors.Is(err, runtime.ErrExists):
		return "Choose another name, or rename or destroy what has it."
	case errors.Is(err, runtime.ErrWrongState) && e.Ref.Name != "":
		return d.runFirst(e)
	}
	return ""
}

// runFirst says what has to come first where something was wanted inside of a container
// that does not run.
func (d *deck) runFirst(e *runtime.Error) string {
	switch e.Op {
	case "attach", "exec", "shell", "console", "processes":
	default:
		return ""
	}
	if d.rt == nil {
		return ""
	}
	ctx, cancel := d.asked(context.Background())
	defer cancel()
	l, err := d.rt.List(ctx)
	if err != nil {
		return ""
	}
	for i := range l.Containers {
		c := &l.Containers[i]
		if c.Ref != e.Ref || c.State != runtime.Stopped && c.State != runtime.Frozen {
			continue
		}
		return d.stepFrom(runtime.Reboot, c.State, c.Name) // which a running one alone takes
	}
	return ""
}
