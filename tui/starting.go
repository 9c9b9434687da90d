package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// askStartWith asks for the command that a container runs instead of its init.
func (m *Model) askStartWith(c runtime.Container) tea.Cmd {
	request := func(f *form) (runtime.Request, error) {
		words, err := runtime.SplitWords(f.text(0))
		q := runtime.Request{Op: runtime.Start, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: &runtime.StartArgs{Command: words}}
		switch {
		case err != nil:
			return q, unfinishedError{err.Error()}
		case len(words) == 0:
			return q, unfinishedError{"a command is needed"}
		}
		if err := q.Check(); err != nil {
			return q, inForm(err)
		}
		return q, nil
	}
	m.overlay = (&form{
		title: "Start " + m.called(c.Ref) + " with a command", action: "starts",
		note:   "The command is its first process, in place of init: when it ends, the container stops. No shell reads these words: for pipes and variables run sh -c '...'.",
		fields: []formField{textField("command", "such as /bin/sleep 1000", "")},
		submit: func(f *form) tea.Cmd {
			q, err := request(f)
			if err != nil {
				return nil // the form has refused it before
			}
			return m.enqueue([]runtime.Request{q})
		},
	}).under(formRules{
		check: func(f *form) (int, error) { _, err := request(f); return 0, err },
		command: func(f *form) string {
			q, err := request(f)
			if err != nil {
				return ""
			}
			return q.LXCCommand()
		},
	})
	return nil
}
