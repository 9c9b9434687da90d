package lxc

import (
	"errors"
	"fmt"

	"lxcdeck/runtime"
)

// errKinds names the sentinels that keep their identity on the way from a
// helper: by name over the socket, by value on both sides.
func errKinds() map[string]error {
	return map[string]error{
		"not-found": runtime.ErrNotFound, "read-only": runtime.ErrReadOnly, "wrong-state": runtime.ErrWrongState,
		"invalid": runtime.ErrInvalid, "permission": runtime.ErrPermission, "foreign": runtime.ErrForeign,
		"config": runtime.ErrConfig, "no-answer": runtime.ErrNoAnswer, "busy": runtime.ErrBusy,
		"unsupported": runtime.ErrUnsupported, "cancelled": runtime.ErrCancelled, "helper": runtime.ErrHelper,
		"managed": runtime.ErrManaged, "still-running": runtime.ErrStillRunning, "no-cgroup": runtime.ErrNoCgroup,
		"no-tty": runtime.ErrNoTTY, "no-boot-log": runtime.ErrNoBootLog, "no-log": runtime.ErrNoLog, "no-file": runtime.ErrNoFile,
		"exists": runtime.ErrExists, "locked": runtime.ErrLocked, "in-use": runtime.ErrInUse,
		"has-snapshots": runtime.ErrHasSnapshots, "no-snapshot": runtime.ErrNoSnapshot, "no-leftover": runtime.ErrNoLeftover,
		"changed": runtime.ErrChanged, "no-backup": runtime.ErrNoBackup,
	}
}

// errKind names the sentinel that err wraps; "" = none.
func errKind(err error) string {
	for name, sentinel := range errKinds() {
		if errors.Is(err, sentinel) {
			return name
		}
	}
	return ""
}

// kindError carries a text made in a helper and the sentinel it wrapped
// there; the text has the sentinel's words in it already.
type kindError struct {
	text string
	kind error
}

func (e kindError) Error() string {
	if e.text == "" {
		return e.kind.Error()
	}
	return e.text
}

func (e kindError) Unwrap() error { return e.kind }

// failedReply is the reply of a helper that could not do it. log are
// liblxc's ERROR lines.
func failedReply(err error, log string) helperReply {
	r := helperReply{Err: err.Error(), ErrKind: errKind(err), Log: log}
	var e *runtime.Error
	if errors.As(err, &e) {
		r.Err, r.Hint = e.Err.Error(), e.Hint
		if e.Log != "" { // with what others than liblxc have said
			r.Log = e.Log
		}
	}
	return r
}

// replied is the error of an operation that a helper's reply tells of.
func replied(op string, ref runtime.Ref, r *helperReply) error {
	err := r.err()
	if err == nil {
		return nil
	}
	e := &runtime.Error{Op: op, Ref: ref, Err: err, Log: r.Log, Hint: r.Hint}
	if e.Hint == "" {
		e.Hint = hint(err, r.Log)
	}
	return e
}

// err is the reply's failure with its sentinel restored; nil if it was done.
func (r *helperReply) err() error {
	if r.OK {
		return nil
	}
	if kind := errKinds()[r.ErrKind]; kind != nil {
		return kindError{text: r.Err, kind: kind}
	}
	return errors.New(r.Err)
}

// telling puts words before an error, whose log and hint stay.
func telling(words string, err error) error {
	var e *runtime.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", words, err)
	}
	out := *e
	out.Err = fmt.Errorf("%s: %w", words, e.Err)
	return &out
}

// also adds what failed after err; either may be nil. The log and hint of the
// first stay.
func also(err, more error) error {
	switch {
	case more == nil:
		return err
	case err == nil:
		return more
	}
	var e *runtime.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%w; %w", err, more)
	}
	out := *e
	out.Err = fmt.Errorf("%w; %w", e.Err, more)
	return &out
}
