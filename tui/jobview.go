package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
)

func (m *Model) jobHandlers() map[keymap.ID]func() tea.Cmd { return nil }
