package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// formList is the open list of a field: what was typed to find a choice, and
// those that are left of it.
type formList struct {
	query textLine
	hits  []int // places in the field's choices
	at    int   // place in hits
}

// opens opens the list of the field with the cursor, should the key do so.
func (f *form) opens(k tea.KeyPressMsg) bool {
	if k.Text == "" {
		return false
	}
	f.list = &formList{}
	if k.String() != "space" {
		f.list.query.key(k)
	}
	f.find()
	for i, hit := range f.list.hits { // without a query, it begins at what is chosen
		if f.list.query.String() == "" && hit == f.here().at {
			f.list.at = i
		}
	}
	return true
}

// find narrows the list to what was typed: choices that begin with it stand
// before those that hold it elsewhere or in what is said beside them.
func (f *form) find() {
	at, l := f.here(), f.list
	word := strings.ToLower(strings.TrimSpace(l.query.String()))
	l.hits, l.at = l.hits[:0], 0
	var rest []int
	for i, c := range at.choices {
		switch low := strings.ToLower(c); {
		case strings.HasPrefix(low, word):
			l.hits = append(l.hits, i)
		case strings.Contains(low, word), strings.Contains(strings.ToLower(at.notes[c]), word):
			rest = append(rest, i)
		}
	}
	l.hits = append(l.hits, rest...)
}

// listKey is a key while the list is open.
func (f *form) listKey(k tea.KeyPressMsg) {
	l := f.list
	switch k.String() {
	case "esc", "ctrl+c":
		f.list = nil
	case "enter":
		if l.at < len(l.hits) {
			f.here().at = l.hits[l.at]
			f.list = nil
			f.changed()
		}
	case "down", "ctrl+n":
		l.at = max(0, min(l.at+1, len(l.hits)-1))
	case "up", "ctrl+p":
		l.at = max(0, l.at-1)
	case "pgdown":
		l.at = max(0, min(l.at+listPage, len(l.hits)-1))
	case "pgup":
		l.at = max(0, l.at-listPage)
	case "backspace", "ctrl+h":
		if len(l.query.text) == 0 {
			f.list = nil
			return
		}
		l.query.key(k)
		f.find()
	default:
		if l.query.key(k) {
			f.find()
		}
	}
}

// listPage is how far a page goes in an open list.
const listPage = 8

func (f *form) paint(m *Model) views.Block {
	s := &views.FormState{Title: f.title, Note: f.note, NoteRows: f.steady, Action: f.action, Cursor: -1, Why: f.why, Wrong: -1, Command: f.command, Help: m.typedHelpKey()}
	for i := range f.fields {
		at := &f.fields[i]
		if at.off {
			continue
		}
		if i == f.at {
			s.Cursor = len(s.Fields)
		}
		if i == f.wrong {
			s.Wrong = len(s.Fields)
		}
		v := f.paintField(at)
		if i == f.at && f.list != nil {
			v.List = f.paintList(at)
		}
		if v.Warn == f.why && i == f.wrong { // it stands there once
			v.Warn = ""
		}
		s.Fields = append(s.Fields, v)
	}
	return m.theme.Form(s, m.layout.W, m.layout.H)
}

func (f *form) paintField(at *formField) views.FormField {
	v := views.FormField{
		Kind: at.kind, Label: at.label, Help: at.help, On: at.on, Value: at.choice(),
		Section: at.section, Fixed: at.fixed, Warn: at.bad,
	}
	if v.Warn == "" {
		v.Warn = at.warn
	}
	switch at.kind {
	case views.TextField:
		v.Value, v.Behind = at.line.String(), at.line.behind()
		if at.beside != nil {
			v.Beside = at.beside()
		}
	case views.ChoiceField:
		v.Out = at.out[v.Value] != ""
		if note := at.notes[v.Value]; note != "" {
			v.Help = note
		}
	case views.PressField:
		v.Value = at.label
		v.Label = ""
	}
	return v
}

func (f *form) paintList(at *formField) *views.FormList {
	l := f.list
	s := &views.FormList{Query: l.query.String(), Behind: l.query.behind(), Cursor: l.at}
	for _, i := range l.hits {
		c := views.FormChoice{Text: at.choices[i], Note: at.notes[at.choices[i]]}
		if why := at.out[c.Text]; why != "" {
			c.Note, c.Out = why, true
		}
		s.Items = append(s.Items, c)
	}
	return s
}
