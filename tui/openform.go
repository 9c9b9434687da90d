package tui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// The fields of the form a shell is opened with.
const (
	formUser = iota
	formCwd
	formCommand
	formEnv
)

// openWith asks for user, directory, command and environment; what was chosen
// last for the container stands there already.
func (m *Model) openWith() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	ref, last := c.Ref, m.choices[c.Ref]
	m.overlay = &form{title: "Open a shell in " + m.called(ref), action: "opens", fields: []formField{
		textField("user", "root", last.User),
		textField("directory", "the user's home", last.Cwd),
		textField("command", "the login shell", runtime.JoinWords(last.Command)),
		textField("environment", "NAME=VALUE ...", runtime.JoinWords(last.Env)),
	}, check: func(f *form) (int, error) {
		_, field, err := shellOf(f, ref)
		return field, err
	}, submit: func(f *form) tea.Cmd {
		ask, _, err := shellOf(f, ref)
		if err != nil {
			return nil // the form has refused it before
		}
		m.choices[ref] = ask
		return tea.Batch(m.keepChoice(ask), m.launch(opening{shell: ask}, views.Undivided))
	}}
	return nil
}

// keptMsg says that a choice could not be kept for the next run.
type keptMsg struct{ err error }

// keepChoice remembers a choice beyond this run.
func (m *Model) keepChoice(ask runtime.Shell) tea.Cmd {
	if m.remember == nil {
		return nil
	}
	return cmd("remember", func() tea.Msg { return keptMsg{m.remember(ask)} })
}

func (m *Model) onKept(msg keptMsg) {
	if msg.err != nil {
		m.say(noteWarn, msg.err.Error(), "it is remembered until lxcdeck is left")
	}
}

// textField is a field with what stands in it already.
func textField(label, help, value string) formField {
	f := formField{kind: views.TextField, label: label, help: help}
	f.line.set(value)
	return f
}

// text is what was typed into a text field.
func (f *form) text(i int) string { return f.fields[i].line.String() }

// shellOf reads the form; the field is the one the error is about.
func shellOf(f *form, ref runtime.Ref) (ask runtime.Shell, field int, err error) {
	ask = runtime.Shell{Ref: ref, User: strings.TrimSpace(f.text(formUser)), Cwd: f.text(formCwd)}
	if strings.ContainsAny(ask.User, " \t:/") {
		return ask, formUser, errors.New("a user is a name or a number")
	}
	if ask.Cwd != "" && !strings.HasPrefix(ask.Cwd, "/") {
		return ask, formCwd, errors.New("a directory inside the container begins with /")
	}
	if ask.Command, err = runtime.SplitWords(f.text(formCommand)); err != nil {
		return ask, formCommand, err
	}
	ask.Env, err = splitEnv(f.text(formEnv))
	return ask, formEnv, err
}
