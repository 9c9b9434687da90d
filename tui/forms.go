package tui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// formHandlers are the changes that need more than a yes.
func (m *Model) formHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.CloneKey:     m.onSelected(m.askClone),
		keymap.RenameKey:    m.onSelected(m.askRename),
		keymap.DestroyKey:   m.askDestroy,
		keymap.LockKey:      m.askLock,
		keymap.SnapshotNow:  m.askSnapshot,
		keymap.StartWith:    m.onSelected(m.askStartWith),
		keymap.SetAutostart: m.askAutostart,
		keymap.LimitsKey:    m.askLimits,
		keymap.AddDevice:    m.onSelected(func(c runtime.Container) tea.Cmd { return m.askDevice(c, runtime.AddDevice) }),
		keymap.RemoveDevice: m.onSelected(func(c runtime.Container) tea.Cmd { return m.askDevice(c, runtime.RemoveDevice) }),
	}
}

// onSelected gives an action the container under the cursor.
func (m *Model) onSelected(act func(runtime.Container) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		if c := m.selected(); c != nil {
			return act(*c)
		}
		return nil
	}
}

// unfinishedError is about a field that is not filled in yet: that is no
// mistake before enter.
type unfinishedError struct{ why string }

func (e unfinishedError) Error() string { return e.why }

// finished says whether an error is about more than a field that is being
// filled in.
func finished(err error) bool {
	var not unfinishedError
	return !errors.As(err, &not)
}

// formRules make a form fit what was typed and chosen in it, after every key.
type formRules struct {
	fit     func(f *form)              // asks only what matters; nil = all of it does
	check   func(f *form) (int, error) // says which field is wrong; -1 = none in particular
	command func(f *form) string       // the equal lxc-* command, of values that are not wrong; nil = none
}

// under puts a form under rules.
func (f *form) under(r formRules) *form {
	f.wrong, f.check = -1, r.check
	f.live = func(_ *Model, f *form) tea.Cmd {
		for i := range f.fields {
			f.fields[i].bad = ""
		}
		f.command = ""
		if r.fit != nil {
			r.fit(f)
		}
		field, err := r.check(f)
		if err != nil && field >= 0 && finished(err) {
			f.fields[field].bad = err.Error()
		}
		if err == nil && r.command != nil {
			f.command = r.command(f)
		}
		return nil
	}
	return f
}

// choiceField is one of several values.
func choiceField(label string, choices ...string) formField {
	return formField{kind: views.ChoiceField, label: label, choices: choices}
}

// checkField is yes or no.
func checkField(label, help string) formField {
	return formField{kind: views.CheckField, label: label, help: help}
}

// whyNoName says what stands against the name of a new container.
func (m *Model) whyNoName(ref runtime.Ref) error {
	switch {
	case ref.Name == "":
		return unfinishedError{"a name is needed"}
	case strings.TrimSpace(ref.Name) != ref.Name:
		return errors.New("the name begins or ends with a blank")
	}
	if why := m.whyNotNew(ref); why != "" {
		return errors.New(why)
	}
	return nil
}

// inForm is an error as it stands beside the field it is about, which says
// already what kind of error it is.
func inForm(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), runtime.ErrInvalid.Error()+": "))
}

// areOn says that containers are overlays on something.
func areOn(names string, n int, on string) string {
	if n == 1 {
		return names + " is an overlay on " + on
	}
	return names + " are overlays on " + on
}

// targetsOf names containers in a question; those that are left out come last,
// with the reason.
func (m *Model) targetsOf(can []runtime.Container, cannot []keymap.Refusal) []views.Target {
	var out []views.Target
	for _, c := range can {
		out = append(out, views.Target{Name: m.called(c.Ref), State: c.State})
	}
	for _, r := range cannot {
		out = append(out, views.Target{Name: m.called(r.Container.Ref), State: r.Container.State, Skip: whyAlone(r.Container, r.Why)})
	}
	return out
}

// howMany is "web-1", or "3 containers".
func (m *Model) howMany(cs []runtime.Container) string {
	if len(cs) == 1 {
		return m.called(cs[0].Ref)
	}
	return plural(len(cs), "container")
}
