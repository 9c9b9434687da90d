package tui

import (
	"fmt"
	"slices"
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

	section string            // a heading above it; "" = it goes on with the one before
	off     bool              // not asked for now: neither seen nor checked
	fixed   bool              // no key changes it
	list    bool              // ChoiceField: there may be many: letters find one, space opens their list
	notes   map[string]string // ChoiceField: what stands beside a choice in the list
	out     map[string]string // ChoiceField: choices that cannot be had, and why
	need    string            // what to say when it is submitted without a value; "" = it may be
	bad     string            // what stands against the value: it is not submitted
	warn    string            // what speaks against it: it is submitted all the same
	beside  func() string     // TextField: what stands at the right; nil = nothing
	press   func(m *Model) tea.Cmd
}

// choice is the value of a ChoiceField; "" = there is none.
func (f *formField) choice() string {
	if f.at < 0 || f.at >= len(f.choices) {
		return ""
	}
	return f.choices[f.at]
}

// choose takes a choice; false = there is none of that name.
func (f *formField) choose(name string) bool {
	i := slices.Index(f.choices, name)
	if i >= 0 {
		f.at = i
	}
	return i >= 0
}

// empty says whether nothing was typed or can be chosen.
func (f *formField) empty() bool {
	switch f.kind {
	case views.TextField:
		return strings.TrimSpace(f.line.String()) == ""
	case views.ChoiceField:
		return f.choice() == ""
	default:
		return false
	}
}

// turn goes to the next value, or the one before it, of what is not text.
func (f *formField) turn(by int) {
	switch n := len(f.choices); {
	case f.fixed:
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
	steady int    // rows that are kept for note, which changes with each key; 0 = it has what it needs
	action string // what enter does, for the hint: "opens"
	fields []formField
	at     int
	why    string // what stands against it; "" = nothing
	wrong  int    // the field why is about; -1 = all
	// check says which field is wrong and why; -1 = none of them in particular.
	check  func(f *form) (field int, err error) // nil = nothing is checked
	submit func(f *form) tea.Cmd                // after the form has closed
	// live looks at the form after every key: which fields matter, what stands
	// against them, what has to be read. nil = nothing changes with the values.
	live    func(m *Model, f *form) tea.Cmd
	command string    // the equal lxc-* command
	list    *formList // the open list of the field with the cursor; nil = it is closed
	back    overlay   // what is shown again after the form; nil = nothing
}

func (f *form) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); {
	case f.list != nil && s != "tab" && s != "shift+tab":
		f.listKey(k)
	case s == "esc", s == "ctrl+c":
		m.overlay = f.back
		return nil
	case s == "enter":
		if at := f.here(); at == nil || at.press == nil {
			return f.done(m)
		}
		return f.here().press(m)
	case s == "tab":
		f.step(1, true)
	case s == "shift+tab":
		f.step(-1, true)
	case s == "down", s == "ctrl+n":
		f.step(1, false)
	case s == "up", s == "ctrl+p":
		f.step(-1, false)
	case s == "space" && f.here() != nil && f.here().press != nil:
		return f.here().press(m)
	default:
		f.edit(k)
	}
	return f.look(m)
}

// look lets the form follow its values.
func (f *form) look(m *Model) tea.Cmd {
	if f.live == nil {
		return nil
	}
	cmd := f.live(m, f)
	if at := f.here(); at != nil && at.off { // such as what was pressed
		f.step(-1, false)
	}
	return cmd
}

// step goes to the next field that is asked for, or the one before it.
func (f *form) step(by int, around bool) {
	f.list = nil
	n := len(f.fields)
	for i := 1; i <= n; i++ {
		to := f.at + i*by
		if around {
			to = (to + i*n + n) % n
		}
		if to < 0 || to >= n {
			return
		}
		if !f.fields[to].off {
			f.at = to
			return
		}
	}
}

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
	if at.kind == views.ChoiceField && at.list && !at.fixed && f.opens(k) {
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
	if i, why := f.wrongField(); why != "" {
		f.refuse(i, why)
		return nil
	}
	m.overlay = f.back
	return f.submit(f)
}

// wrongField is the first that keeps the form from being submitted.
func (f *form) wrongField() (field int, why string) {
	for i := range f.fields {
		at := &f.fields[i]
		switch {
		case at.off:
		case at.bad != "":
			return i, at.bad
		case at.need != "" && at.empty():
			return i, at.need
		}
	}
	return -1, ""
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
func (f *form) paste(m *Model, text string) bool {
	at := f.here()
	if f.list != nil {
		f.list.query.insert(text)
		f.find()
		return true
	}
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
	f.look(m) // what has to be read for it is asked for when the cursor leaves the field
	return true
}
