package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
)

// clock is time as the loop sees it, so that tests turn it by hand.
type clock interface {
	// Now is the current instant.
	Now() time.Time
	// After is a command that answers with msg once d has passed.
	After(d time.Duration, msg tea.Msg) tea.Cmd
}

// wallClock is the machine's own clock.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) After(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}

// outside is how goroutines reach the loop. It is fixed before the first of
// them starts.
type outside struct {
	ctx    context.Context // ends with the program: everything started under it ends too
	stop   context.CancelFunc
	budget *budget
	zoom   atomic.Pointer[zoom] // that has the terminal; nil = none
	// editing is the editor that has the terminal; nil = none.
	editing atomic.Pointer[editor]
	send    func(tea.Msg) // hands a message to Update; may block until the loop takes it
}

// crashMsg says that a goroutine or a command panicked: the program ends
// and shows it when the terminal is whole again.
type crashMsg struct{ err error }

// crashed turns a recovered panic into the error that is shown.
func crashed(where string, cause any) error {
	return fmt.Errorf("%s: panic: %v\n%s", where, cause, debug.Stack())
}

// spawn starts a goroutine that cannot take the terminal down with it: a
// panic reaches the loop as a message, and the loop ends cleanly.
func (o *outside) spawn(where string, work func()) {
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				o.send(crashMsg{crashed(where, cause)})
			}
		}()
		work()
	}()
}

// cmd is a command with the same protection.
func cmd(where string, work func() tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if cause := recover(); cause != nil {
				msg = crashMsg{crashed(where, cause)}
			}
		}()
		return work()
	}
}
