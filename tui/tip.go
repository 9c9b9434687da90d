package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// tipGrace is how long the end waits for the tip's end to be written.
const tipGrace = 300 * time.Millisecond

// tip is the line for who is new: what to press on the selected row.
type tip struct {
	on   bool
	keep func() error  // keeps that it is not wanted any more; nil = nothing is kept
	over chan struct{} // closed when that was done; nil = it was not begun
}

// tipKeptMsg says what came of keeping it.
type tipKeptMsg struct{ err error }

// endTip puts the line away for good.
func (m *Model) endTip() tea.Cmd {
	if !m.tip.on {
		return nil
	}
	m.tip.on = false
	fit := m.arrangeScreen()
	keep := m.tip.keep
	if keep == nil {
		return fit
	}
	over := make(chan struct{})
	m.tip.over = over
	return tea.Batch(fit, cmd("first steps", func() tea.Msg {
		defer close(over)
		return tipKeptMsg{keep()}
	}))
}

// end lets it be written, and leaves it to itself if that takes long.
func (t *tip) end() {
	if t.over != nil {
		awaitEnd(t.over, tipGrace)
	}
}

func (m *Model) onTipKept(msg tipKeptMsg) {
	if msg.err != nil {
		m.say(noteWarn, msg.err.Error(), "the line is shown again at the next start")
	}
}

// tipTakes says whether a key puts the line away: x unless it has another
// meaning, and what leads back.
func (m *Model) tipTakes(k tea.KeyPressMsg) bool {
	if m.layout.Tip.Empty() {
		return false
	}
	a, bound := m.keys.Lookup(m.scope(), k.String())
	return bound && a.ID == keymap.Back || !bound && k.String() == "x"
}

// followTip puts the line away once its advice was taken. Who starts or creates a
// container is told next how to get into it.
func (m *Model) followTip(id keymap.ID) tea.Cmd {
	switch id {
	case keymap.OpenShell, keymap.OpenWith, keymap.OpenConsole, keymap.Palette, keymap.HelpKey:
		return m.endTip()
	}
	return nil
}

// tipState is what to press, with the keys that are bound and that would do
// something now.
func (m *Model) tipState() *views.TipState {
	s := &views.TipState{Hide: "x"}
	if _, bound := m.keys.Lookup(m.scope(), s.Hide); bound {
		s.Hide = m.keys.KeyOf(keymap.Back)
	}
	now := m.situation()
	add := func(id keymap.ID, text string) {
		a, ok := keymap.Find(id)
		if key := m.keys.KeyOf(id); ok && key != "" && keymap.Why(a, now) == "" {
			s.Hints = append(s.Hints, keymap.Hint{ID: id, Key: key, Text: text})
		}
	}
	switch c := m.selected(); {
	case c == nil && len(m.all) == 0:
		add(keymap.CreateKey, "to create a container")
	case c == nil: // the list says why it is empty
	case c.State == runtime.Frozen:
		add(keymap.FreezeThaw, "to thaw "+c.Name)
	case c.State.Alive():
		add(keymap.OpenShell, "for a shell in "+c.Name)
	default:
		add(keymap.StartStop, "to start "+c.Name)
	}
	if len(s.Hints) == 0 && len(m.rows.shown) > 0 { // nothing can be done to this one now
		add(keymap.Down, "to the next row")
	}
	add(keymap.Palette, "to find all by name")
	add(keymap.HelpKey, "for help")
	add(keymap.Quit, "to quit")
	return s
}
