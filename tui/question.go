package tui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// questionGrace is how long a new question ignores keys: what was typed for
// something else must not answer it.
const questionGrace = 300 * time.Millisecond

// overlay is something above the panes that takes all keys.
type overlay interface {
	key(m *Model, k tea.KeyPressMsg) tea.Cmd
	// paste takes pasted text; false = there is no text field here.
	paste(m *Model, text string) bool
	// paint gives the box, no larger than the screen.
	paint(m *Model) views.Block
}

// question asks before something is done. For yes or no, everything but y is
// no harm: enter, n, esc and q mean no, other keys nothing. For a choice of
// verbs nothing is chosen until a key moves to one. A word counts when it was
// typed in full, key by key.
type question struct {
	asked time.Time
	state views.PromptState
	yes   func() tea.Cmd
	picks []func() tea.Cmd // one for each of state.Choices
	back  overlay          // what is shown again after the answer; nil = nothing
	form  *form            // in which it was filled in what is asked about: a no leads there; nil = none
	line  textLine         // AskTyped
}

// armedMsg paints the question anew once it takes keys.
type armedMsg struct{ q *question }

// ask puts a question up.
func (m *Model) ask(q *question) tea.Cmd {
	q.asked = m.clock.Now()
	q.state.Early = q.state.Kind != views.Told
	if len(q.picks) > 0 {
		q.state.Kind, q.state.Cursor = views.AskWhich, -1
	}
	m.overlay = q
	return m.clock.After(questionGrace, armedMsg{q})
}

func (q *question) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if m.clock.Now().Sub(q.asked) < questionGrace && q.state.Kind != views.Told {
		return nil
	}
	q.state.Early = false
	if by, ok := q.scrolls(k.String()); ok {
		if q.state.Note == readOn {
			q.state.Note = ""
		}
		q.state.Top = m.theme.PromptScroll(&q.state, m.layout.W, m.layout.H, by)
		return nil
	}
	switch q.state.Kind {
	case views.AskTyped:
		return q.spell(m, k)
	case views.Told: // whoever was still typing a word must not act on the list
		if s := k.String(); s == "esc" || s == "enter" || s == "ctrl+c" {
			m.overlay = q.back
		}
		return nil
	}
	switch s := k.String(); s {
	case "n", "N", "esc", "q", "ctrl+c":
		q.refuse(m)
		return nil
	case "enter":
		if q.state.Kind == views.AskWhich && q.state.Cursor >= 0 {
			m.overlay = q.back
			return q.picks[q.state.Cursor]()
		}
		q.refuse(m)
		return nil
	default:
		if q.state.Kind == views.AskWhich {
			return q.choose(m, s)
		}
		if (s == "y" || s == "Y") && !q.waits() && !q.unread(m) {
			m.overlay = q.back
			return q.yes()
		}
	}
	return nil
}

// refuse is a no: what was typed before is not lost by it.
func (q *question) refuse(m *Model) {
	m.overlay = q.back
	if q.form == nil {
		return
	}
	if m.gauge.owner == overlay(q) {
		m.gauge.owner = q.form
	}
	m.overlay = q.form
}

// scrolls says whether a key shows more of what the answer would act on, and by
// how many rows. None of these keys answers.
func (q *question) scrolls(key string) (by int, ok bool) {
	switch key {
	case "pgup":
		return -5, true
	case "pgdown":
		return 5, true
	case "up":
		return -1, q.state.Kind != views.AskWhich
	case "down":
		return 1, q.state.Kind != views.AskWhich
	}
	return 0, false
}

// waits refuses an answer while it is not known yet what it would do.
func (q *question) waits() bool {
	if q.state.Waits {
		q.state.Note = "not yet: it is being measured what goes with it"
	}
	return q.state.Waits
}

// readOn is the answer to a yes that came too early.
const readOn = "not yet: read on, down shows more"

// unread refuses a yes while what speaks against it was not all on screen.
func (q *question) unread(m *Model) bool {
	unread := m.theme.PromptUnread(&q.state, m.layout.W, m.layout.H)
	if q.state.Note = ""; unread {
		q.state.Note = readOn
	}
	return unread
}

// spell is a key in a word that has to be typed. Enter means no unless the
// word stands there.
func (q *question) spell(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); s {
	case "esc", "ctrl+c":
		m.overlay = q.back
	case "enter":
		switch {
		case q.line.String() != q.state.Want:
			m.overlay = q.back
			m.say(noteInfo, "nothing was done: "+q.state.Want+" was not typed", "")
		case !q.waits():
			m.overlay = q.back
			return q.yes()
		}
	case "backspace", "ctrl+h", "ctrl+u", "ctrl+w":
		q.line.key(k)
	default:
		if k.Text != "" {
			q.line.insert(k.Text)
		}
	}
	if q.state.Typed != q.line.String() {
		q.state.Typed, q.state.Note = q.line.String(), ""
	}
	return nil
}

// choose moves among the verbs; a verb's first letter takes it at once.
func (q *question) choose(m *Model, key string) tea.Cmd {
	n := len(q.picks)
	switch key {
	case "down", "j", "right", "tab":
		q.state.Cursor = (q.state.Cursor + 1) % n
	case "up", "k", "left", "shift+tab":
		q.state.Cursor = (max(q.state.Cursor, 0) + n - 1) % n
	default:
		if i, err := strconv.Atoi(key); err == nil && i >= 1 && i <= n {
			m.overlay = q.back
			return q.picks[i-1]()
		}
		for i, c := range q.state.Choices {
			if strings.HasPrefix(strings.ToLower(c), strings.ToLower(key)) {
				m.overlay = q.back
				return q.picks[i]()
			}
		}
	}
	return nil
}

// paste never answers a question.
func (q *question) paste(*Model, string) bool {
	if q.state.Kind != views.AskTyped {
		return false
	}
	q.state.Note = "pasted text does not count: type it"
	return true
}
