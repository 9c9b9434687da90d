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
	tell := func(kind noteKind, text string) {
		m.news.missed = note{kind: kind, text: text, hint: m.keys.KeyOf(keymap.HistoryKey) + " shows more"}
		m.tellNews()
	}
	switch n := len(msg.list); {
	case n == 0:
	case n == 1:
		p := &msg.list[0]
		text := missedWords + ": " + m.pastWords(p)
		switch {
		case p.Result == runtime.PastDone:
			text += " " + p.Result
		case pastCancelled(p):
			text += " was cancelled"
		default:
			text += " failed: " + p.Result
		}
		tell(kind, text)
	case !slices.ContainsFunc(msg.list, func(p runtime.Past) bool { return p.Result != runtime.PastDone }):
		tell(kind, fmt.Sprintf("%s %d operations were done", missedWords, n))
	case bad == 0:
		tell(kind, fmt.Sprintf("%s %d operations ended, some of them cancelled", missedWords, n))
	default:
		tell(kind, fmt.Sprintf("%s %d operations ended, %d of them failed", missedWords, n, bad))
	}
}

// news is what came of operations of an earlier run: what was interrupted, and
// what ended while nobody looked.
type news struct {
	left, missed note   // of no text = there is none
	said         string // the sentence about them
}

// tellNews tells both in one sentence as long as the first is still shown: they
// come at the same time, in any order, and neither must hide the other. What was
// interrupted comes first: somebody has to do something about it.
func (m *Model) tellNews() {
	n := &m.news
	both := n.left.text != "" && n.missed.text != ""
	if both && m.notices.now != nil && m.notices.now.text == n.said {
		short := strings.TrimLeft(strings.TrimPrefix(n.missed.text, missedWords), ": ")
		n.said = n.left.text + "; " + short
		m.notices.dismiss()
		m.sayAct(max(n.left.kind, n.missed.kind), n.said, m.keys.KeyOf(keymap.Palette)+"leftovers", "shows it")
		n.left, n.missed = note{}, note{}
		return
	}
	one := n.left
	if one.text == "" {
		one = n.missed
	}
	n.said = one.text
	m.say(one.kind, one.text, one.hint)
}

// missedWords begin a sentence about what ended while nobody looked.
const missedWords = "while nobody looked"

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
	if p.To.Name != "" {
		to := " to "
		if p.Op == runtime.RestoreAs.String() {
			to = " as "
		}
		words += to + m.called(p.To)
	}
	return words
}

// survey is the context of what is only looked at, off the loop.
func (m *Model) survey() (context.Context, context.CancelFunc) {
	return context.WithTimeout(m.out.ctx, surveyDeadline)
}
