package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
)

// scoped is an overlay that goes by the keys of the table of actions as it stands.
// What is bound instead is told to it as those.
type scoped interface {
	// keyScope is where its keys have their meaning; false = text is typed.
	keyScope() (keymap.Scope, bool)
}

func (*eventView) keyScope() (keymap.Scope, bool)     { return keymap.Events, true }
func (*jobView) keyScope() (keymap.Scope, bool)       { return keymap.JobList, true }
func (x *outputView) keyScope() (keymap.Scope, bool)  { return keymap.Output, x.prompt == nil }
func (x *sessionList) keyScope() (keymap.Scope, bool) { return keymap.Sessions, x.rename == nil }
func (*snapList) keyScope() (keymap.Scope, bool)      { return keymap.Snapshots, true }
func (*leftoverView) keyScope() (keymap.Scope, bool)  { return keymap.LeftList, true }
func (*fanOut) keyScope() (keymap.Scope, bool)        { return keymap.Answers, true }
func (*help) keyScope() (keymap.Scope, bool)          { return keymap.Help, true }
func (*messages) keyScope() (keymap.Scope, bool)      { return keymap.Help, true }
func (*doctor) keyScope() (keymap.Scope, bool)        { return keymap.StartWhy, true }
func (*hostView) keyScope() (keymap.Scope, bool)      { return keymap.HostChecks, true }

// overlayKey gives a key to the overlay.
func (m *Model) overlayKey(k tea.KeyPressMsg) tea.Cmd {
	if x, ok := m.topOverlay().(scoped); ok {
		if scope, ok := x.keyScope(); ok {
			usual := m.keys.Usual(scope, k.String())
			switch usual {
			case k.String():
			case "":
				return nil
			default:
				k = pressOf(usual)
			}
		}
	}
	return m.overlay.key(m, k)
}

// ownHandlers press the table's key of an action in the view that has it.
func (m *Model) ownHandlers() map[keymap.ID]func() tea.Cmd {
	all := map[keymap.ID]func() tea.Cmd{}
	for _, a := range keymap.OwnActions() {
		all[a.ID] = func() tea.Cmd {
			x, ok := m.overlay.(scoped)
			if !ok {
				return nil
			}
			if scope, typed := x.keyScope(); scope != a.Scope || !typed {
				return nil
			}
			return m.overlay.key(m, pressOf(a.Keys[0]))
		}
	}
	return all
}

// keyHint is a hint on an action's key.
func (m *Model) keyHint(id keymap.ID, text string) keymap.Hint {
	key := m.keys.KeyOf(id)
	if key == "" && id == keymap.Back { // what leads out as well
		if key = m.keys.KeyOf(keymap.Quit); key == "" {
			key = m.keys.KeyOf(keymap.Interrupt)
		}
	}
	return keymap.Hint{ID: id, Key: key, Text: text}
}
