package tui

import (
	"slices"
	"time"

	"lxcdeck/keymap"
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
	act   string    // a key that helps with it; "" = none
	does  string    // what that key does
	at    time.Time // when it was said
	until time.Time // zero = until the next one or a key
}

const (
	noteTime  = 8 * time.Second
	errorTime = 30 * time.Second
)

// notesKept is how many sentences can be read again.
const notesKept = 200

// notices holds the sentence that is shown, and those before it. A newer one
// takes its place, but neither information nor success hides a fresh error.
type notices struct {
	now  *note
	past []note // the newest last
}

func (n *notices) say(at time.Time, kind noteKind, text, hint string) {
	n.keep(note{kind: kind, text: text, hint: hint, at: at})
	if n.now != nil && n.now.kind == noteError && kind <= noteDone && at.Before(n.now.until.Add(noteTime-errorTime)) {
		return
	}
	d := noteTime
	if kind == noteError {
		d = errorTime
	}
	n.now = &note{kind: kind, text: text, hint: hint, at: at, until: at.Add(d)}
}

// keep remembers a sentence; one that is said again and again counts once.
func (n *notices) keep(x note) {
	if last := len(n.past) - 1; last >= 0 && n.past[last].kind == x.kind && n.past[last].text == x.text {
		n.past[last].at = x.at
		return
	}
	if len(n.past) == notesKept {
		n.past = slices.Delete(n.past, 0, notesKept/4)
	}
	n.past = append(n.past, x)
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
		n.dismiss()
	}
}

// dismiss drops the sentence, whatever it is.
func (n *notices) dismiss() { n.now = nil }

// noticeState is the sentence that is shown; nil = none. A screen that is held
// says how to go on, whatever else was told.
func (m *Model) noticeState() *views.NoticeState {
	n := m.notices.now
	switch {
	case m.held:
		return &views.NoticeState{Text: "held still for the mouse: any key goes on"}
	case n == nil:
		return nil
	default:
		return &views.NoticeState{Level: n.level(), Text: n.text, Hint: n.hint, Act: n.act, Does: n.does}
	}
}

// sayAct is say with a key that helps, which is never cut off.
func (m *Model) sayAct(kind noteKind, text, act, does string) {
	m.say(kind, text, "")
	if n := m.notices.now; n != nil && n.text == text {
		n.act, n.does = act, does
	}
}

// keyDoes is what to press next: an action's key and what it does; "" = it has no key.
func (m *Model) keyDoes(id keymap.ID, does string) string {
	if key := m.keys.KeyOf(id); key != "" {
		return key + " " + does
	}
	return ""
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
