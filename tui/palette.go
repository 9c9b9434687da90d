package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// palette finds an action by its name.
type palette struct {
	line  textLine
	at    int
	items []keymap.PaletteItem
	arg   string // what stands behind "who" or "doctor": it is done with that
}

func (m *Model) openPalette() tea.Cmd {
	p := &palette{}
	p.find(m)
	m.overlay = p
	return nil
}

func (p *palette) find(m *Model) {
	query := p.line.String()
	p.arg = ""
	if verb, arg, ok := strings.Cut(query, " "); ok && (strings.EqualFold(verb, string(keymap.Who)) || strings.EqualFold(verb, string(keymap.HostCheck))) {
		query, p.arg = verb, strings.TrimSpace(arg)
	}
	p.items = keymap.PaletteItems(m.keys, query, m.situation())
	p.at = max(0, min(p.at, len(p.items)-1))
}

func (p *palette) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		m.overlay = nil
	case "backspace":
		if len(p.line.text) == 0 {
			m.overlay = nil
			return nil
		}
		p.edit(m, k)
	case "up", "ctrl+p":
		p.at = max(0, p.at-1)
	case "down", "ctrl+n", "tab":
		p.at = min(len(p.items)-1, p.at+1)
	case "enter":
		return p.run(m)
	default:
		p.edit(m, k)
	}
	return nil
}

func (p *palette) edit(m *Model, k tea.KeyPressMsg) {
	if p.line.key(k) {
		p.at = 0
		p.find(m)
	}
}

// run does the chosen action by the one door.
func (p *palette) run(m *Model) tea.Cmd {
	m.overlay = nil
	if p.at < 0 || p.at >= len(p.items) {
		return nil
	}
	switch a := p.items[p.at].Action; {
	case a.ID == keymap.Who && p.arg != "":
		return m.who(p.arg)
	case a.ID == keymap.HostCheck && strings.EqualFold(p.arg, runtime.TopicUser):
		return m.openHostView(true)
	default:
		return m.do(a)
	}
}

func (p *palette) paste(m *Model, text string) bool {
	p.line.insert(text)
	p.at = 0
	p.find(m)
	return true
}
