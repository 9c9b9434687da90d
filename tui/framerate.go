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
)

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

// setRate paints fast while a shell has the focus. It runs in Update, which
// Bubble Tea calls from the goroutine that starts and restores its ticker.
func (m *Model) setRate() {
	rate := idleRate
	if m.focus == views.ShellPane && m.shells.shown() != nil {
		rate = shellRate
	}
	if rate != m.rate && m.retime != nil && m.raw == nil {
		m.rate = rate
		m.retime(time.Second / time.Duration(rate))
	}
}
