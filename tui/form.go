package tui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// formField is one field of a form.
type formField struct {
	kind    views.FieldKind
	label   string
	help    string   // of an empty text: what that means; of others: beside the value
	line    textLine // TextField
	choices []string // ChoiceField
	at      int      // ChoiceField: which is chosen
	on      bool     // CheckField
}

// choice is the value of a ChoiceField; "" = there is none.
func (f *formField) choice() string {
	if f.at < 0 || f.at >= len(f.choices) {
		return ""
	}
	return f.choices[f.at]
}

// turn goes to the next value, or the one before it, of what is not text.
func (f *formField) turn(by int) {
	switch n := len(f.choices); {
	case f.kind == views.CheckField:
		f.on = !f.on
	case n > 0:
		f.at = (f.at + by + n) % n
	}
}

// form asks for several values at once. Enter in any field submits it; what
// check has against it is shown, and the form stays as it is.
type form struct {
	title  string
	note   string
	action string // what enter does, for the hint: "opens"
	fields []formField
	at     int
	why    string // what stands against it; "" = nothing
	wrong  int    // the field why is about; -1 = all
	// check says which field is wrong and why; -1 = none of them in particular.
	check  func(f *form) (field int, err error) // nil = nothing is checked
	submit func(f *form) tea.Cmd                // after the form has closed
}

func (f *form) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		m.overlay = nil
	case "enter":
		return f.done(m)
	case "tab":
		f.move((f.at + 1) % max(1, len(f.fields)))
	case "shift+tab":
		f.move((f.at + len(f.fields) - 1) % max(1, len(f.fields)))
	case "down", "ctrl+n":
		f.move(f.at + 1)
	case "up", "ctrl+p":
		f.move(f.at - 1)
	default:
		f.edit(k)
	}
	return nil
}

func (f *form) move(to int) { f.at = max(0, min(to, len(f.fields)-1)) }

// here is the field that takes keys; nil = the form has none.
func (f *form) here() *formField {
	if f.at < 0 || f.at >= len(f.fields) {
		return nil
	}
	return &f.fields[f.at]
}

func (f *form) edit(k tea.KeyPressMsg) {
	at := f.here()
	if at == nil {
		return
	}
	if at.kind == views.TextField {
		before := at.line.String()
		at.line.key(k)
		if at.line.String() != before {
			f.changed()
		}
		return
	}
	switch k.String() {
	case "space", "right":
		at.turn(1)
	case "left":
		at.turn(-1)
	default:
		return
	}
	f.changed()
}

// changed takes back what was said against the value that has changed.
func (f *form) changed() {
	if f.wrong == f.at || f.wrong < 0 {
		f.why = ""
	}
}

// done submits the form, or goes to the field that is wrong.
func (f *form) done(m *Model) tea.Cmd {
	f.why = ""
	if f.check != nil {
		if field, err := f.check(f); err != nil {
			f.refuse(field, err.Error())
			return nil
		}
	}
	m.overlay = nil
	return f.submit(f)
}

// refuse says what stands against a field.
func (f *form) refuse(field int, why string) {
	f.wrong, f.why = -1, why
	if field >= 0 && field < len(f.fields) {
		f.wrong, f.at = field, field
	}
}

// paste fills a text field. What does not fit is not taken at all: half a
// command is another command.
func (f *form) paste(_ *Model, text string) bool {
	at := f.here()
	if at == nil || at.kind != views.TextField {
		return false
	}
	text = strings.TrimRight(text, "\r\n")
	if n := utf8.RuneCountInString(text); len(at.line.text)+n > textLimit {
		f.refuse(f.at, fmt.Sprintf("not pasted: %d characters are too many, a field holds %d", n, textLimit))
		return true
	}
	at.line.insert(text)
	f.changed()
	return true
}

func (f *form) paint(m *Model) views.Block {
	s := &views.FormState{Title: f.title, Note: f.note, Action: f.action, Cursor: f.at, Why: f.why, Wrong: f.wrong}
	for i := range f.fields {
		at := &f.fields[i]
		v := views.FormField{Kind: at.kind, Label: at.label, Help: at.help, On: at.on, Value: at.choice()}
		if at.kind == views.TextField {
			v.Value, v.Behind = at.line.String(), at.line.behind()
		}
		s.Fields = append(s.Fields, v)
	}
	return m.theme.Form(s, m.layout.W, m.layout.H)
}
