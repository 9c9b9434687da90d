package runtime

import (
	"errors"
	"fmt"
	"strings"
)

// What callers decide on. Every error of a Runtime wraps one of these where
// one fits.
var (
	ErrNotFound   = errors.New("no such container")
	ErrReadOnly   = errors.New("lxcdeck is read-only")
	ErrWrongState = errors.New("wrong state")
	ErrInvalid    = errors.New("invalid argument")
	ErrPermission = errors.New("permission denied")
	ErrForeign    = errors.New("configuration belongs to another user")
	ErrConfig     = errors.New("configuration cannot be loaded")
	ErrNoAnswer   = errors.New("no answer from the container's monitor")
	// ErrStillRunning: the halt signal was not obeyed in time, and nothing was killed.
	ErrStillRunning = errors.New("still running")
	ErrBusy         = errors.New("another operation on this container is still running")
	ErrUnsupported  = errors.New("not supported here")
	ErrCancelled    = errors.New("cancelled")
	ErrHelper       = errors.New("helper process failed")
	ErrManaged      = errors.New("container belongs to another manager")
	ErrNoCgroup     = errors.New("container has no cgroup of its own")
	ErrNoTTY        = errors.New("no free tty")
	ErrNoBootLog    = errors.New("no boot log is kept")
	ErrNoLog        = errors.New("no such log")
	ErrNoFile       = errors.New("no such file or folder")
	ErrExists       = errors.New("name is taken")
	ErrLocked       = errors.New("container is locked")
	ErrInUse        = errors.New("others depend on it")
	ErrHasSnapshots = errors.New("it has snapshots")
	ErrNoSnapshot   = errors.New("no such snapshot")
	ErrNoLeftover   = errors.New("nothing of that kind was left")
)

// Error is a failed operation on one container.
type Error struct {
	Op   string // "start", "list", "attach": a verb
	Ref  Ref    // zero when no single container is concerned
	Err  error  // what callers decide on; wraps a sentinel where one fits
	Log  string // liblxc's own ERROR lines, newline separated; may be empty
	Hint string // what to do next, a sentence; may be empty
}

// Error is one line: operation, container, cause and liblxc's last words.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.words())
	if e.Ref.Name != "" {
		b.WriteByte(' ')
		b.WriteString(e.Ref.Name)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if l := e.LastLog(); l != "" {
		b.WriteString(": ")
		b.WriteString(l)
	}
	return b.String()
}

// words are the operation as people say it: "delete snapshot"; what is made by
// restore-as is named in the cause.
func (e *Error) words() string {
	return strings.ReplaceAll(strings.TrimSuffix(e.Op, "-as"), "-", " ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// LastLog is the first of liblxc's ERROR lines: later ones are usually the
// callers of the one that failed.
func (e *Error) LastLog() string {
	line, _, _ := strings.Cut(strings.TrimSpace(e.Log), "\n")
	return line
}
