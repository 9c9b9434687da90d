package tui

import (
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// help shows the keys of the view that it was asked from, what that view shows, and all
// other keys; it scrolls, and is searched.
type help struct {
	scope keymap.Scope
	topic views.HelpTopic
	apart bool // that view has keys of its own: those of a shell lie elsewhere
	top   int
	typed *textLine // what is searched for while it is typed; nil = it is not
	query string
	hit   int // from 1; 0 = none
}

// openHelp shows the keys of a scope.
func (m *Model) openHelp(scope keymap.Scope) tea.Cmd {
	m.overlay = &help{scope: scope, topic: views.TopicOf(scope)}
	return nil
}

// helpUpon shows help above what is open, which comes back after it.
func (m *Model) helpUpon(under overlay, scope keymap.Scope, topic views.HelpTopic) {
	m.overlay = &upon{&help{scope: scope, topic: topic}, under}
}

// readUnder is what comes back when the help is closed; nil = no help is read.
func (m *Model) readUnder() overlay {
	if u, ok := m.overlay.(*upon); ok {
		if _, ok := u.top.(*help); ok {
			return u.under
		}
	}
	return nil
}

// place is where somebody is who asks for help: whose keys count, what is explained, and
// whether text is typed there, of which ? may be a part.
type place struct {
	scope keymap.Scope // Help = it has none of its own
	topic views.HelpTopic
	text  bool
}

// helpPlace is where help can be asked for beside the panes and the views that answer
// for it themselves; false = not there.
func (m *Model) helpPlace() (p place, ok bool) {
	at := m.overlay
	if u, is := at.(*upon); is {
		at = u.top
	}
	switch x := at.(type) {
	case nil:
		return place{scope: keymap.Help, topic: views.HelpFilter, text: true}, m.prompt.open
	case *form, *keyForm:
		return place{scope: keymap.Help, topic: views.HelpForm, text: true}, true
	case *palette:
		return place{scope: keymap.Help, topic: views.HelpPalette, text: true}, true
	case *messages:
		return place{scope: keymap.Help, topic: views.HelpMessages}, true
	case *procView: // these three mean nothing by their keys while text is typed
		return place{topic: views.HelpProcesses, scope: keymap.Processes, text: true}, x.line != nil
	case *logView:
		return place{topic: views.HelpLogs, scope: keymap.LogText, text: true}, x.prompt != ""
	case *filesView:
		return place{topic: views.HelpFiles, scope: keymap.Files, text: true}, x.prompt != ""
	case scoped:
		scope, keys := x.keyScope()
		return place{scope: scope, topic: views.TopicOf(scope), text: !keys}, scope != keymap.Help
	default:
		return place{}, false
	}
}

// wantsHelp says whether a key asks for help where no scope has it: any of its keys, but
// where text is typed none that is text itself.
func (m *Model) wantsHelp(k tea.KeyPressMsg) bool {
	if m.overlay == nil && !m.prompt.open {
		return false
	}
	a, bound := m.keys.Lookup(keymap.Everywhere, k.String())
	if !bound || a.ID != keymap.HelpKey {
		return false
	}
	p, ok := m.helpPlace()
	return ok && (!p.text || k.Text == "")
}

// typedHelpKey is the key that helps where text is typed; "" = none does.
func (m *Model) typedHelpKey() string {
	for _, key := range m.keys.Keys(keymap.HelpKey) {
		if utf8.RuneCountInString(key) > 1 && key != "space" { // as Bubble Tea names keys that are no text
			return keymap.KeyName(key)
		}
	}
	return ""
}

// helpHere opens help where one is.
func (m *Model) helpHere() tea.Cmd {
	p, ok := m.helpPlace()
	if !ok {
		return nil
	}
	h := &help{scope: p.scope, topic: p.topic, apart: true}
	if m.overlay == nil {
		m.overlay = h
	} else {
		m.overlay = &upon{h, m.overlay}
	}
	return nil
}

func (h *help) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if h.typed != nil {
		h.typing(m, k)
		return nil
	}
	switch s := k.String(); s {
	case "/":
		h.typed = &textLine{}
		return nil
	case "n":
		h.step(m, 1)
		return nil
	case "N":
		h.step(m, -1)
		return nil
	default:
		top, done := scrollKey(s, h.top, m.helpLines(h), m.helpRows())
		h.top = top
		if a, ok := m.keys.Lookup(keymap.Everywhere, s); done || ok && a.ID == keymap.HelpKey {
			m.overlay = nil
		}
	}
	return nil
}

// typing is a key while what is searched for is typed: it is searched at once.
func (h *help) typing(m *Model, k tea.KeyPressMsg) {
	switch k.String() {
	case "enter":
		h.typed = nil
	case "esc", "ctrl+c":
		h.typed, h.query, h.hit = nil, "", 0
	case "backspace":
		if len(h.typed.text) == 0 {
			h.typed, h.query, h.hit = nil, "", 0
			return
		}
		h.typed.key(k)
		h.search(m)
	default:
		if h.typed.key(k) {
			h.search(m)
		}
	}
}

// search goes to the first hit, from what is in sight on.
func (h *help) search(m *Model) {
	h.query, h.hit = h.typed.String(), 0
	hits := m.theme.HelpHits(m.helpState(h), m.layout.W)
	for i, y := range hits {
		if y >= h.top || i == len(hits)-1 && h.hit == 0 {
			h.hit = i + 1
			break
		}
	}
	if h.hit == len(hits) && len(hits) > 0 && hits[len(hits)-1] < h.top { // around the end
		h.hit = 1
	}
	h.show(m, hits)
}

// step goes to the next hit, around the ends.
func (h *help) step(m *Model, by int) {
	hits := m.theme.HelpHits(m.helpState(h), m.layout.W)
	if len(hits) == 0 {
		return
	}
	h.hit = (h.hit-1+by+len(hits))%len(hits) + 1
	h.show(m, hits)
}

// show scrolls as little as it has to for the hit to be in sight.
func (h *help) show(m *Model, hits []int) {
	if h.hit < 1 || h.hit > len(hits) {
		return
	}
	y, page := hits[h.hit-1], m.helpRows()
	if y < h.top || y >= h.top+page {
		h.top = max(0, min(y-page/3, m.helpLines(h)-page))
	}
}

// paste is text to search for, and nothing else.
func (h *help) paste(m *Model, text string) bool {
	if h.typed == nil {
		return false
	}
	h.typed.insert(text)
	h.search(m)
	return true
}

func (h *help) paint(m *Model) views.Block {
	return m.theme.Help(m.helpState(h), m.layout.W, m.layout.H)
}

func (m *Model) helpState(h *help) *views.HelpState {
	s := &views.HelpState{
		Topic: h.topic, Offset: h.top, ReadOnly: m.readOnly, Version: m.version, Query: h.query, Hit: h.hit,
	}
	s.Groups, s.Everywhere, s.Elsewhere = keymap.HelpSections(m.keys, h.scope, m.situation())
	if h.typed != nil {
		s.Typing, s.Query, s.Behind = true, h.typed.String(), h.typed.behind()
	}
	if !h.scope.Apart() && !h.apart { // there keys are no shell's
		s.Prefix = m.prefixName()
	}
	return s
}

// helpLines is how many lines the help has, helpRows how many are on screen:
// title and foot take one each.
func (m *Model) helpLines(h *help) int { return m.theme.HelpHeight(m.helpState(h), m.layout.W) }
func (m *Model) helpRows() int         { return max(1, m.layout.H-2) }
