package tui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// many is typing into several sessions at once. It ends with the prefix alone.
type many struct {
	on   bool
	into []*shell
}

// askMany lists the containers that will be typed into before anything is.
func (m *Model) askMany() tea.Cmd {
	var can []runtime.Container
	q := &question{state: views.PromptState{}}
	for _, c := range m.targets() {
		t := views.Target{Name: m.called(c.Ref), State: c.State, Skip: whyAlone(c, m.whyNoShell(c))}
		q.state.Targets = append(q.state.Targets, t)
		if t.Skip == "" {
			can = append(can, c)
		}
	}
	if len(can) == 0 {
		return nil // the door has said why
	}
	q.state.Title = "Type into " + plural(len(can), "container") + " at once?"
	q.state.More = fmt.Sprintf("Every key goes to a shell in each of them, until %s is pressed.", m.prefixName())
	q.yes = func() tea.Cmd { return m.startMany(can) }
	return m.ask(q)
}

// startMany opens shells where there is none and goes into the first.
func (m *Model) startMany(cs []runtime.Container) tea.Cmd {
	var cmds []tea.Cmd
	m.many = many{on: true}
	for _, c := range cs {
		sh := m.shells.of(c.Ref, liveShell)
		if sh == nil {
			var attach func(cols, rows int) tea.Cmd
			sh, attach = m.create(opening{shell: runtime.Shell{Ref: c.Ref}})
			m.shells.addTab(sh)
			m.show(sh)
			cmds = append(cmds, m.arrangeScreen(), attach(m.rectOf(sh).Dx(), m.rectOf(sh).Dy()))
		}
		sh.scroll = nil
		m.many.into = append(m.many.into, sh)
	}
	m.show(m.many.into[0])
	return tea.Batch(append(cmds, m.arrangeScreen())...)
}

func (m *Model) stopMany() tea.Cmd {
	m.say(noteInfo, "what is typed goes into one shell again", "")
	m.many = many{}
	return nil
}

// drop leaves out a session that has ended; with the last the whole ends.
func (x *many) drop(m *Model, sh *shell) {
	n := len(x.into)
	x.into = slices.DeleteFunc(x.into, func(y *shell) bool { return y == sh })
	switch {
	case len(x.into) == n:
	case len(x.into) == 0:
		m.many = many{}
		m.say(noteWarn, "the last of the shells typed into has ended", "")
	default:
		m.say(noteWarn, m.called(sh.ref())+" has ended: "+plural(len(x.into), "shell")+" left to type into", "")
		// Nobody types into what is not on screen, without the sign for it.
		if !slices.Contains(x.into, m.shells.shown()) {
			m.show(x.into[0])
		}
	}
}

// has says whether a session is typed into with others.
func (x *many) has(sh *shell) bool { return x.on && slices.Contains(x.into, sh) }

// press types a key into all.
func (x *many) press(m *Model, k tea.KeyPressMsg) {
	for _, sh := range x.into {
		m.typeInto(sh, sh.encodeKey(k))
	}
}

// paste pastes into all.
func (x *many) paste(m *Model, text string) {
	for _, sh := range x.into {
		m.pasteInto(sh, text)
	}
}

// whyNoShell says why no shell can be opened in a container.
func (m *Model) whyNoShell(c runtime.Container) string {
	return keymap.WhyShell(c, m.situation())
}
