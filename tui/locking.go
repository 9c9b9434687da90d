package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// askLock locks what is not locked and unlocks what is; of marks in both
// states it asks which is meant.
func (m *Model) askLock() tea.Cmd {
	can, cannot := keymap.Split(runtime.Unlock, m.situation())
	var open, locked []runtime.Container
	for _, c := range can {
		if c.Lock == nil {
			open = append(open, c)
		} else {
			locked = append(locked, c)
		}
	}
	switch {
	case len(locked) == 0 && len(open) == 0:
		return nil // the door has said why
	case len(locked) == 0:
		return m.lockForm(open)
	case len(open) == 0:
		return m.askUnlock(locked, cannot)
	}
	q := &question{state: views.PromptState{
		Title: fmt.Sprintf("%d containers, some of them locked: which?", len(can)), Targets: m.targetsOf(can, cannot),
		Choices: []string{runtime.Lock.Info().Title + " " + m.howMany(open), runtime.Unlock.Info().Title + " " + m.howMany(locked)},
	}}
	for i, c := range can {
		if c.Lock != nil {
			q.state.Targets[i].With = c.Lock.String()
		}
	}
	q.picks = []func() tea.Cmd{
		func() tea.Cmd { return m.lockForm(open) },
		func() tea.Cmd { return m.askUnlock(locked, cannot) },
	}
	return m.ask(q)
}

// lockForm asks for the reason, which whoever is refused will read.
func (m *Model) lockForm(cs []runtime.Container) tea.Cmd {
	args := func(f *form) *runtime.LockArgs { return &runtime.LockArgs{Why: f.text(0)} }
	m.overlay = (&form{
		title: "Lock " + m.howMany(cs), action: "locks",
		note:   "It can be started and stopped by nobody, nor changed, until it is unlocked. A file in its directory says so to every lxcdeck on this host; the lxc-* tools do not look at it.",
		fields: []formField{textField("why", "shown to whoever is refused", "")},
		submit: func(f *form) tea.Cmd {
			reqs := make([]runtime.Request, len(cs))
			for i, c := range cs {
				reqs[i] = runtime.Request{Op: runtime.Lock, Ref: c.Ref, Same: c.Identity, Args: args(f)}
			}
			return m.enqueue(reqs)
		},
	}).under(formRules{check: func(f *form) (int, error) {
		if err := args(f).Check(); err != nil {
			return 0, inForm(err)
		}
		return 0, nil
	}})
	return nil
}

// askUnlock shows who locked a container, and why, before it is unlocked.
func (m *Model) askUnlock(cs []runtime.Container, cannot []keymap.Refusal) tea.Cmd {
	s := views.PromptState{Title: "Unlock " + m.howMany(cs) + "?", More: runtime.Unlock.Info().AsksMore, Targets: m.targetsOf(cs, cannot)}
	if len(cs) == 1 {
		l := cs[0].Lock
		for _, f := range []views.PromptFact{{Name: "locked by", Text: l.By}, {Name: "why", Text: l.Why}} {
			if f.Text != "" {
				s.Facts = append(s.Facts, f)
			}
		}
		if !l.Since.IsZero() {
			s.Facts = append(s.Facts, views.PromptFact{Name: "since", Text: l.Since.Local().Format("2006-01-02 15:04")})
		}
	} else {
		for i, c := range cs {
			s.Targets[i].With = c.Lock.String()
		}
	}
	return m.ask(&question{state: s, yes: func() tea.Cmd { return m.unlock(cs) }})
}

// unlock takes away the locks that were shown, and no others: somebody may
// have locked a container anew in the meantime, for another reason.
func (m *Model) unlock(seen []runtime.Container) tea.Cmd {
	var reqs []runtime.Request
	for _, was := range seen {
		switch now := m.byRef(was.Ref); {
		case now == nil || now.Lock == nil:
			m.say(noteWarn, "nothing was done: "+m.called(was.Ref)+" is not locked any more", "")
		case *now.Lock != *was.Lock:
			m.say(noteWarn, "nothing was done: "+m.called(was.Ref)+" is now "+now.Lock.String(), "")
		default:
			reqs = append(reqs, runtime.Request{Op: runtime.Unlock, Ref: was.Ref, Same: was.Identity})
		}
	}
	return m.enqueue(reqs)
}
