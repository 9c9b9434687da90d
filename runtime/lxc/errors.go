package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"lxcdeck/runtime"
)

// fail makes the error of an operation. One that is a runtime.Error already
// stays as it is.
func fail(op string, ref runtime.Ref, err error) error {
	if err == nil {
		return nil
	}
	var already *runtime.Error
	if errors.As(err, &already) {
		return err
	}
	return &runtime.Error{Op: op, Ref: ref, Err: err, Hint: hint(err, "")}
}

// ended turns the end of a context into our own words: a deadline of ours
// means that something was not done in time, everything else that a person gave
// up. A monitor that is silent has a deadline of its own, and words: silence.
func ended(ctx context.Context) error {
	switch {
	case ctx.Err() == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &named{tooLate("not done in time"), ctx.Err()}
	default:
		return &named{runtime.ErrCancelled, ctx.Err()}
	}
}

// fileErr maps an error of a system call on a file to the contract's words.
func fileErr(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return &named{err, runtime.ErrPermission}
	default:
		return err
	}
}

// named is an error that has its own words and counts as one of the contract's.
type named struct{ err, kind error }

func (e *named) Error() string   { return e.err.Error() }
func (e *named) Unwrap() []error { return []error{e.err, e.kind} }

// tooLate is something that was not done in time. It counts as ErrNoAnswer, whose
// words speak of the monitor, which need not have to do with it.
func tooLate(format string, args ...any) error {
	return &named{fmt.Errorf(format, args...), runtime.ErrNoAnswer}
}

// cause takes off the operation that found an error, so that another can be named.
func cause(err error) error {
	var e *runtime.Error
	if errors.As(err, &e) && e.Log == "" && e.Hint == hint(e.Err, "") {
		return e.Err
	}
	return err
}

// hints are what to do about a failure, by a piece of liblxc's ERROR lines or
// of the error itself. The first that fits is told.
func hints() []struct{ has, hint string } {
	return []struct{ has, hint string }{
		{"Failed to attach \"", "Its network bridge is not there: start lxc-net, or name another in lxc.net.0.link."},
		{"failed to attach '", "Its network bridge is not there: start lxc-net, or name another in lxc.net.0.link."},
		{"Failed to create network", "Its network cannot be made: look at lxc.net.* in the config, and whether the bridge is there."},
		{"rootfs pinning", "Its root file system is not there: look at lxc.rootfs.path in the config."},
		{"Failed to mount rootfs", "Its root file system cannot be mounted: look at lxc.rootfs.path in the config."},
		{"Failed to setup rootfs", "Its root file system cannot be set up: look at lxc.rootfs.path in the config."},
		{"Failed to access to \"", "Its root file system is not there: look at lxc.rootfs.path in the config."},
		{"failed to run hook", "A hook of the config failed: look at lxc.hook.* in the config."},
		{"Script exited with status", "A hook of the config failed: look at lxc.hook.* in the config."},
		{"Script was killed", "A hook of the config was killed: look at lxc.hook.* in the config."},
		{"newuidmap", "Its user id map is refused: look at /etc/subuid, /etc/subgid and lxc.idmap; \"lxcdeck doctor user\" tells what is missing."},
		{"apparmor", "AppArmor refused it: look at lxc.apparmor.profile and the kernel's log."},
		{"AppArmor", "AppArmor refused it: look at lxc.apparmor.profile and the kernel's log."},
		{"No space left on device", "A file system is full: \"lxcdeck space\" shows what takes room."},
		{"Permission denied", "Something is not permitted: root may be needed; \"lxcdeck doctor user\" tells what a user may do."},
		{"Operation not permitted", "Something is not permitted: root may be needed; \"lxcdeck doctor user\" tells what a user may do."},
	}
}

// hint says what to do next, from the error's kind and liblxc's words.
func hint(err error, log string) string {
	for _, h := range hints() {
		if log != "" && strings.Contains(log, h.has) {
			return h.hint
		}
	}
	var own *unsafeError
	switch {
	case errors.As(err, &own):
		return own.hint()
	case errors.Is(err, runtime.ErrNoAnswer) && strings.Contains(err.Error(), runtime.ErrNoAnswer.Error()):
		// By its words, which alone come from a helper: what else was late says so in its own.
		return "Its monitor does not answer: look whether that process is stopped or hangs."
	case errors.Is(err, runtime.ErrPermission) && os.Geteuid() == 0:
		return "Root may not either: look whether it is immutable (lsattr), or what else protects it."
	case errors.Is(err, runtime.ErrNoTTY):
		return "lxc.tty.max in its config says how many there are; a shell needs none."
	case errors.Is(err, runtime.ErrBusy):
		return "Wait until that is over, and ask again."
	case errors.Is(err, runtime.ErrPermission):
		return "Run lxcdeck as root, or as the user who owns the container."
	default:
		return ""
	}
}
