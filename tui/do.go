package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// situation is what decides whether an action makes sense now.
func (m *Model) situation() keymap.Situation {
	s := keymap.Situation{
		ReadOnly: m.readOnly,
		Targets:  m.targets(),
		Selected: m.selected(),
		Marks:    len(m.rows.marks),
		Shells:   len(m.shells.all),
		Tabs:     len(m.shells.tabs),
		Closed:   len(m.shells.closed),
	}
	if len(m.jobs.list) > 0 {
		s.Busy = make(map[runtime.Ref]string, len(m.jobs.list))
		for _, x := range m.jobs.list {
			if x.endless() && !x.started.IsZero() {
				continue // a container like others while its command runs
			}
			for _, r := range append(x.req.Others(), x.req.Ref) {
				s.Busy[r] = x.req.Op.Busy()
			}
		}
	}
	if sh := m.shells.shown(); sh != nil {
		s.ShellShown, s.ShellEnded, s.Split = true, sh.over, len(m.shells.cur.halves) > 1
		s.Searched = sh.scroll != nil && sh.scroll.pattern != nil
	}
	return s
}

// do is the one door: keys, palette, footer and menus all come through here.
func (m *Model) do(a keymap.Action) tea.Cmd {
	s := m.situation()
	if why := keymap.Why(a, s); why != "" {
		m.say(noteWarn, why, "")
		return nil
	}
	followed := m.followTip(a.ID)
	if len(a.Ops) > 0 {
		return m.operate(a, s)
	}
	if act := m.handlers[a.ID]; act != nil {
		return tea.Batch(followed, act())
	}
	return followed
}

// operate finds the operation that is meant; marks in mixed states ask.
func (m *Model) operate(a keymap.Action, s keymap.Situation) tea.Cmd {
	ops := keymap.Candidates(a, s)
	if len(ops) == 1 {
		return m.propose(ops[0])
	}
	q := &question{state: views.PromptState{
		Title: fmt.Sprintf("%d containers in different states: which?", len(s.Targets)),
	}}
	for _, c := range s.Targets {
		q.state.Targets = append(q.state.Targets, views.Target{Name: m.called(c.Ref), State: c.State})
	}
	for _, op := range ops {
		can, _ := keymap.Split(op, s)
		q.state.Choices = append(q.state.Choices, op.Info().Title+" "+plural(len(can), "container"))
		q.picks = append(q.picks, func() tea.Cmd { return m.propose(op) })
	}
	return m.ask(q)
}

// propose asks where the operation interrupts something or concerns several,
// and queues it at once where it does not.
func (m *Model) propose(op runtime.Op) tea.Cmd {
	can, cannot := keymap.Split(op, m.situation())
	if len(can) == 0 {
		if len(cannot) > 0 {
			m.say(noteWarn, cannot[0].Why, "")
		}
		return nil
	}
	reqs := make([]runtime.Request, len(can))
	for i, c := range can {
		reqs[i] = runtime.Request{Op: op, Ref: c.Ref, Expect: c.State, Same: c.Identity, Spare: true}
	}
	act := func() tea.Cmd { return m.enqueue(reqs) }
	if !op.Info().Asks && len(can)+len(cannot) == 1 {
		return act()
	}
	m.rt.Prepare(op, len(can))
	return m.ask(&question{state: m.promptFor(op.Info(), can, cannot), yes: act})
}

// promptFor names the verb, every container and the state that was seen.
func (m *Model) promptFor(op runtime.OpInfo, can []runtime.Container, cannot []keymap.Refusal) views.PromptState {
	p := views.PromptState{Title: op.Title + " " + m.called(can[0].Ref) + "?", More: op.AsksMore}
	if len(can) > 1 {
		p.Title = fmt.Sprintf("%s %d containers?", op.Title, len(can))
	} else {
		p.Command = op.Op.LXCCommand(can[0].Ref)
	}
	for _, c := range can {
		p.Targets = append(p.Targets, views.Target{Name: m.called(c.Ref), State: c.State})
	}
	for _, r := range cannot {
		p.Targets = append(p.Targets, views.Target{Name: m.called(r.Container.Ref), State: r.Container.State, Skip: whyAlone(r.Container, r.Why)})
	}
	return p
}

// whyAlone is a reason without the name that stands before it already.
func whyAlone(c runtime.Container, why string) string {
	return strings.TrimPrefix(strings.TrimPrefix(why, c.Name+" "), "is ")
}

// say puts one sentence, and what to do next, into the status line.
func (m *Model) say(kind noteKind, text, hint string) {
	m.notices.say(m.clock.Now(), kind, text, hint)
}

// plural is "1 shell", "3 shells".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
