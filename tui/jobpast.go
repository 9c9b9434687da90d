package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

const (
	// earlierShown is how many records of the audit log are listed.
	earlierShown = 500
	// surveyDeadline is how long what is only looked at may take.
	surveyDeadline = 30 * time.Second
)

type (
	// earlierMsg brings the records of the audit log.
	earlierMsg struct {
		list []runtime.Past
		err  error
	}
	// missedMsg brings what ended while nobody looked.
	missedMsg struct {
		list []runtime.Past
		err  error
	}
)

// earlier is what the audit log tells of other runs.
type earlier struct {
	read   func() ([]runtime.Past, error) // nil = there is no log
	missed func() ([]runtime.Past, error)
	list   []runtime.Past
	asks   bool
	err    error
}

// readMissed asks what ended while nobody looked; it is told once.
func (m *Model) readMissed() tea.Cmd {
	missed := m.earlier.missed
	if missed == nil {
		return nil
	}
	return cmd("missed", func() tea.Msg {
		list, err := missed()
		return missedMsg{list, err}
	})
}

func (m *Model) onMissed(msg missedMsg) {
	if msg.err != nil {
		m.say(noteWarn, msg.err.Error(), "")
		return
	}
	bad := 0
	for i := range msg.list {
		if p := &msg.list[i]; p.Result != runtime.PastDone && !pastCancelled(p) {
			bad++
		}
	}
	kind := noteWarn
	if bad > 0 {
		kind = noteError
	}
	hint := m.keys.KeyOf(keymap.HistoryKey) + " shows more"
	switch n := len(msg.list); {
	case n == 0:
	case n == 1:
		p := &msg.list[0]
		text := "while nobody looked: " + m.pastWords(p)
		switch {
		case p.Result == runtime.PastDone:
			text += " " + p.Result
		case pastCancelled(p):
			text += " was cancelled"
		default:
			text += " failed: " + p.Result
		}
		m.say(kind, text, hint)
	case !slices.ContainsFunc(msg.list, func(p runtime.Past) bool { return p.Result != runtime.PastDone }):
		m.say(kind, fmt.Sprintf("while nobody looked %d operations were done", n), hint)
	case bad == 0:
		m.say(kind, fmt.Sprintf("while nobody looked %d operations ended, some of them cancelled", n), hint)
	default:
		m.say(kind, fmt.Sprintf("while nobody looked %d operations ended, %d of them failed", n, bad), hint)
	}
}

// pastCancelled says whether an operation ended as it was asked to, and nothing went
// wrong besides.
func pastCancelled(p *runtime.Past) bool {
	return strings.HasSuffix(p.Result, ": "+runtime.ErrCancelled.Error())
}

func (m *Model) pastWords(p *runtime.Past) string {
	words := plainVerb(p.Op)
	if p.Ref == (runtime.Ref{}) {
		return words
	}
	words += " " + m.called(p.Ref)
	if !slices.Contains(m.about.Paths, p.Ref.Path) { // the log is the whole host's
		words += " in " + p.Ref.Path
	}
	return words
}

// survey is the context of what is only looked at, off the loop.
func (m *Model) survey() (context.Context, context.CancelFunc) {
	return context.WithTimeout(m.out.ctx, surveyDeadline)
}
