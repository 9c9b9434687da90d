package tui

import (
	"reflect"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

const (
	// idleRate is enough for a screen that changes once a second; every frame of
	// Bubble Tea's ticker costs, painted or not.
	idleRate = 30
	// shellRate is what an echo wants: it waits for the next frame.
	shellRate = 120

	frameTime = time.Second / shellRate

	// retimeAfter is when the ticker is set once more after the terminal was
	// taken back.
	retimeAfter = 100 * time.Millisecond
)

// retimeMsg sets the ticker once more.
type retimeMsg struct{}

// ticker is what Bubble Tea paints by. It has no name for it that others may
// use, and reads its rate once, at the start; nil = this version keeps it
// elsewhere, and the rate stays as it was. The program must have started.
func ticker(p *tea.Program) *time.Ticker {
	f := reflect.ValueOf(p).Elem().FieldByName("ticker")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*time.Ticker]() || f.IsNil() {
		return nil
	}
	return (*time.Ticker)(f.UnsafePointer())
}

// setRate paints fast while a shell has the focus, and while a batch is
// under way: the processor is busy with them, and a key that waits for it must
// not wait for a frame as well. It runs in Update, which
// Bubble Tea calls from the goroutine that starts and restores its ticker.
func (m *Model) setRate() {
	rate := idleRate
	if m.focus == views.ShellPane && m.shells.shown() != nil || m.jobs.crowded() {
		rate = shellRate
	}
	if rate != m.rate && m.retime != nil && m.raw == nil {
		m.rate = rate
		m.retime(time.Second / time.Duration(rate))
	}
}

// restarted is for a ticker that Bubble Tea has started anew. The goroutine that
// painted before stops it when it gets to its end, and that may be later than
// the new start: nothing would be painted any more. So it is set again a little
// later, and with every tick of the sampling.
func (m *Model) restarted() tea.Cmd {
	m.rate = 0
	return m.clock.After(retimeAfter, retimeMsg{})
}
