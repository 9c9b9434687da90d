package tui

import (
	"time"

	"lxcdeck/views"
)

// noteKind is how bad a notice is.
type noteKind uint8

const (
	noteInfo noteKind = iota
	noteDone
	noteWarn
	noteError
)

// note is one sentence for the status line.
type note struct {
	kind  noteKind
	text  string
	hint  string    // what to do next
	until time.Time // zero = until the next one or a key
}

const (
	noteTime  = 8 * time.Second
	errorTime = 30 * time.Second
)

// notices holds the sentence that is shown. A newer one takes its place,
// but no information hides a fresh error.
type notices struct {
	now *note
}

func (n *notices) say(at time.Time, kind noteKind, text, hint string) {
	if n.now != nil && n.now.kind == noteError && kind == noteInfo && at.Before(n.now.until.Add(noteTime-errorTime)) {
		return
	}
	d := noteTime
	if kind == noteError {
		d = errorTime
	}
	n.now = &note{kind: kind, text: text, hint: hint, until: at.Add(d)}
}

// expire drops the sentence when its time is over; the tick calls it, so
// that no timer wakes the program for that alone.
func (n *notices) expire(at time.Time) {
	if n.now != nil && at.After(n.now.until) {
		n.now = nil
	}
}

// read drops the sentence when a key shows that it was seen. Errors stay
// until their time is over, or until esc.
func (n *notices) read(key string) {
	if n.now != nil && (n.now.kind != noteError || key == "esc") {
		n.now = nil
	}
}

// level is how a note is painted.
func (n *note) level() views.Level {
	switch n.kind {
	case noteError:
		return views.LevelError
	case noteWarn:
		return views.LevelWarn
	default:
		return views.LevelInfo
	}
}
