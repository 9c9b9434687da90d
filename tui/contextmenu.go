package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// rightClick opens what can be done to what is under the mouse.
func (m *Model) rightClick(zone views.Zone, hit bool, x, y int) tea.Cmd {
	if m.overlay == nil {
		if hit && zone.Kind == views.ItemZone {
			m.focus = views.ListPane
			m.selectRow(zone.At)
		}
		s := m.situation()
		title := ""
		switch {
		case len(s.Targets) > 1:
			title = plural(len(s.Targets), "marked container")
		case len(s.Targets) == 1:
			title = m.called(s.Targets[0].Ref)
		}
		return m.contextMenu(keymap.List, title, x, y)
	}
	var scope keymap.Scope
	switch top := m.topOverlay().(type) {
	case tabled:
		scope = top.tableScope()
	case scoped:
		s, free := top.keyScope()
		if !free {
			return nil
		}
		scope = s
	default:
		return nil // a question, a form, a menu
	}
	var act tea.Cmd
	if hit && zone.Kind == views.ItemZone {
		act = m.point(zone)
	}
	return tea.Batch(act, m.contextMenu(scope, scope.Title(), x, y))
}

// contextMenu offers what can be done in a scope now, with its keys.
func (m *Model) contextMenu(scope keymap.Scope, title string, x, y int) tea.Cmd {
	n := &menu{title: title, note: "enter does it, esc leaves", context: true, x: x, y: y}
	s := m.situation()
	of := aimed(s)
	for _, a := range keymap.Actions() {
		if a.Scope != scope || a.Group == keymap.Moving || len(a.Ops) > 1 || keymap.Why(a, s) != "" {
			continue
		}
		if scope == keymap.List && a.Targets == keymap.None && a.ID != keymap.Open {
			continue
		}
		if a.ID == keymap.ShellTab || a.ID == keymap.GraphSpan { // the key says which
			continue
		}
		n.items = append(n.items, choice{label: a.Title, hint: m.menuKey(a), pick: func() tea.Cmd {
			return cmd("menu", func() tea.Msg { return doMsg{a, title, of} })
		}})
	}
	if len(n.items) == 0 {
		return nil
	}
	if m.overlay != nil {
		m.overlay = &upon{n, m.overlay}
		return nil
	}
	m.overlay = n
	return nil
}

// menuKey is the key of an action, or of one that does the same as things are.
func (m *Model) menuKey(a keymap.Action) string {
	if key := m.keys.KeyOf(a.ID); key != "" || len(a.Ops) != 1 {
		return key
	}
	for _, other := range keymap.Actions() {
		if len(other.Ops) < 2 {
			continue
		}
		if ops := keymap.Candidates(other, m.situation()); len(ops) == 1 && ops[0] == a.Ops[0] {
			return m.keys.KeyOf(other.ID)
		}
	}
	return ""
}

// aimed are the containers that actions are about: the marked ones, and the one under
// the cursor.
func aimed(s keymap.Situation) []runtime.Ref {
	refs := make([]runtime.Ref, 0, len(s.Targets)+1)
	for i := range s.Targets {
		refs = append(refs, s.Targets[i].Ref)
	}
	if s.Selected != nil {
		refs = append(refs, s.Selected.Ref)
	}
	return refs
}

// doMsg does an action once the menu it was chosen in is gone.
type doMsg struct {
	a     keymap.Action
	title string        // of the menu
	of    []runtime.Ref // that it was opened on
}

func (msg doMsg) arrive(m *Model) tea.Cmd {
	// A container may be gone since, and the cursor on another.
	if !slices.Equal(aimed(m.situation()), msg.of) {
		m.say(noteWarn, "nothing was done: what is selected is not "+msg.title+" any more", "")
		return nil
	}
	m.lastKey = "" // no key has said which
	return m.do(msg.a)
}
