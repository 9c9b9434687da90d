package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/views"
)

// themePicker offers the themes, and wears the one the cursor is on.
func (m *Model) themePicker() tea.Cmd {
	was := m.theme.Name
	in := m.prefs.now.Theme
	pick := &menu{title: "Theme", note: "enter keeps it, esc goes back", left: func() {
		if now := m.prefs.now.Theme; now != in { // the settings have another meanwhile
			was = now
		}
		m.wear(was)
	}}
	if m.depth == 0 {
		pick.note = "no colours here: all look as mono"
	}
	all := views.ThemeInfos()
	for i, t := range all {
		if t.Name == was {
			pick.at = i
		}
		pick.items = append(pick.items, choice{
			label: t.Name, hint: t.About, on: t.Name == was,
			pick: func() tea.Cmd { return m.keepTheme(t.Name) },
		})
	}
	pick.moved = func(i int) { m.wear(all[i].Name) }
	m.overlay = pick
	return nil
}

// keepTheme wears a theme for this run, and tells what keeps it for the next.
func (m *Model) keepTheme(name string) tea.Cmd {
	m.wear(name)
	line := fmt.Sprintf("theme = %q", name)
	if m.settingsFile != "" {
		line += " in " + m.settingsFile
	}
	m.say(noteInfo, line+" keeps it", "for good; now it is for this run")
	return nil
}

// wear paints with another theme from now on.
func (m *Model) wear(name string) {
	m.themeName = name
	m.setTheme(m.depth)
}
