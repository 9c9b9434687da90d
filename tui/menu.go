package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// choice is one line of a menu.
type choice struct {
	label string
	hint  string // to the right: what would be copied, how many it concerns
	on    bool   // ticked; menus with toggle only
	pick  func() tea.Cmd
}

// menu is a short list to choose from: the sort picker, the column picker,
// the copy menu, the verbs for marks in mixed states.
type menu struct {
	title  string
	note   string
	items  []choice
	at     int
	toggle bool // space and enter tick lines and the menu stays
	// moved is told of the line the cursor goes to, left that nothing was chosen;
	// nil = nobody wants to know.
	moved func(i int)
	left  func()

	context bool // it was opened by a right click, and stands there
	x, y    int
}

func (n *menu) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	was := n.at
	defer func() {
		if n.moved != nil && n.at != was {
			n.moved(n.at)
		}
	}()
	switch s := k.String(); s {
	case "esc", "q", "ctrl+c":
		m.overlay = nil
		if n.left != nil {
			n.left()
		}
	case "up", "k", "ctrl+p":
		n.at = max(0, n.at-1)
	case "down", "j", "ctrl+n", "tab":
		n.at = min(len(n.items)-1, n.at+1)
	case "home", "g":
		n.at = 0
	case "end", "G":
		n.at = len(n.items) - 1
	case "enter", "space":
		return n.choose(m)
	default:
		n.jump(s)
	}
	return nil
}

func (n *menu) choose(m *Model) tea.Cmd {
	if n.at < 0 || n.at >= len(n.items) {
		return nil
	}
	it := &n.items[n.at]
	if n.toggle {
		it.on = !it.on
		return it.pick()
	}
	m.overlay = nil
	return it.pick()
}

// jump goes to the next line that begins with the letter.
func (n *menu) jump(s string) {
	for i := range n.items {
		j := (n.at + 1 + i) % len(n.items)
		if strings.HasPrefix(strings.ToLower(n.items[j].label), strings.ToLower(s)) {
			n.at = j
			return
		}
	}
}

// paste is not for menus.
func (*menu) paste(*Model, string) bool { return false }
