package views

import (
	"strconv"
	"time"

	"lxcdeck/runtime"
)

// SessionItem is one session of the list.
type SessionItem struct {
	Tab     int    // number of its tab, from 1
	Half    string // "a", "b" of a tab that is divided; "" = it has the tab for itself
	Name    string // of the container
	Label   string // the person's own name for it; "" = none
	Command string // what was opened; foreign text
	Opened  time.Time
	Active  time.Time // when it wrote last; zero = never
	Marks   SessionMarks
	Exit    runtime.Exit // Marks.Ended
	Err     string       // why it broke off; "" = it did not
	Opening bool
	Current bool // it has the focus of the pane
}

// SessionsState is the list of sessions.
type SessionsState struct {
	Items  []SessionItem
	Cursor int
	Now    time.Time
	Hint   string
	Note   string // what may be opened again; "" = nothing

	Renaming bool // the name of the one under the cursor is typed
	Typed    string
	Behind   int // characters of Typed behind the cursor
}

// Sessions paints the list of sessions in a frame of at most w x h cells.
func (t *Theme) Sessions(s *SessionsState, w, h int) Block {
	const title = "Sessions"
	inner, room, ok := boxRoom(w, h, 92)
	if !ok {
		return t.bare(title, w, h)
	}
	if len(s.Items) == 0 {
		rows := t.paragraph(Dim, "no session is open: s in the list opens a shell in the selected container", inner)
		if s.Note != "" {
			rows = append(rows, t.row(Dim, Clean(s.Note), inner))
		}
		return t.box(title, Clean(s.Hint), rows[:min(len(rows), room)], inner)
	}
	rows := []string{t.sessionHead(inner)}
	room--
	offset := Scroll(s.Cursor, 0, len(s.Items), room)
	for i := offset; i < len(s.Items) && i < offset+room; i++ {
		if s.Renaming && i == s.Cursor {
			rows = append(rows, fitRow(t.typed("name ", s.Typed, s.Behind, inner), inner))
			continue
		}
		rows = append(rows, t.sessionRow(s, i, inner))
	}
	if s.Note != "" && len(rows) <= room {
		rows = append(rows, t.row(Dim, Clean(s.Note), inner))
	}
	hint := Clean(s.Hint)
	if len(s.Items) > room {
		hint = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items)) + "  " + hint
	}
	return t.box(title, hint, rows[:min(len(rows), h-2)], inner)
}

// placeWidth is that of a tab's number, a half's letter and the mark of the
// session in focus.
const placeWidth = 4

// sessionColumns are the widths of container, command, age and state.
// What does not fit goes from the right; command and state share what is left.
func sessionColumns(inner int) (name, command, age, state int) {
	name, age = max(12, min(24, inner/4)), 5
	rest := inner - placeWidth - name - 2
	if rest < 24 {
		return max(0, inner-placeWidth-2-rest/2), 0, 0, max(0, rest/2)
	}
	rest -= age + 2
	state = max(min(20, rest/2), rest*2/5)
	return name, rest - state - 2, age, state
}

func (t *Theme) sessionHead(inner int) string {
	name, command, age, state := sessionColumns(inner)
	l := t.newLine(inner)
	l.field(Header, "TAB", placeWidth, false)
	l.field(Header, "CONTAINER", name, false)
	if command > 0 {
		l.gap(2)
		l.field(Header, "COMMAND", command, false)
		l.gap(1)
		l.field(Header, "AGE", age, true)
	}
	l.gap(2)
	l.field(Header, "STATE", state, false)
	return l.String()
}

func (t *Theme) sessionRow(s *SessionsState, i, inner int) string {
	it := &s.Items[i]
	name, command, age, state := sessionColumns(inner)
	l := t.newLine(inner)
	l.item(i, i == s.Cursor)
	if i == s.Cursor {
		l.whole(Cursor)
	}
	at := strconv.Itoa(it.Tab) + it.Half
	if it.Current {
		at += t.Glyphs.Marked
	}
	l.field(Key, at, placeWidth, false)
	who := Clean(it.Name)
	if it.Label != "" {
		who = Clean(it.Label) + " (" + who + ")"
	}
	l.field(Plain, t.cutName(who, name), name, false)
	if command > 0 {
		l.gap(2)
		l.field(Dim, Clean(it.Command), command, false)
		l.gap(1)
		l.field(Dim, Age(s.Now.Sub(it.Opened)), age, true)
	}
	l.gap(2)
	words, role := sessionWords(it, s.Now)
	l.field(role, words, state, false)
	return l.String()
}

// sessionWords say how a session is.
func sessionWords(it *SessionItem, now time.Time) (string, Role) {
	words, role := "quiet", Dim
	switch {
	case it.Err != "":
		return "failed: " + Clean(it.Err), Bad
	case it.Marks.Ended:
		return "ended: " + Clean(it.Exit.String()), Warn
	case it.Opening:
		return "opening", Notice
	case it.Marks.Bell:
		words, role = "rang", Bad
	case it.Marks.Activity:
		words, role = "new output", Notice
	case !it.Active.IsZero() && now.Sub(it.Active) < 2*time.Second:
		words = "writing"
	case !it.Active.IsZero():
		words = "quiet " + Age(now.Sub(it.Active))
	}
	if it.Marks.Recording {
		return "recording, " + words, Bad
	}
	return words, role
}
