package tui

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/tui/vt"
)

const (
	// searchSlice is how many rows are searched before the session may write
	// again.
	searchSlice = 500
	// clipLimit is the most that is copied at once. Terminals take less: xterm
	// and tmux some 100 KiB of base64.
	clipLimit = 1 << 20
	clipSafe  = 74 << 10
)

// foundMsg is the end of a search.
type foundMsg struct {
	id, gen int
	match   vt.Match
	found   bool
	around  bool // beyond the end, from the other side
}

// copiedMsg is a text to copy.
type copiedMsg struct {
	id   int
	kind selecting
	text string
}

// onScrollKey is a key while a session's text is read.
func (m *Model) onScrollKey(sh *shell, k tea.KeyPressMsg) tea.Cmd {
	s := sh.scroll
	if s.prompt != "" {
		return m.onScrollTyped(sh, k)
	}
	key := k.String()
	m.notices.read(key)
	a, ok := m.keys.Lookup(keymap.Scrollback, key)
	if !ok {
		return nil
	}
	m.lastKey = key
	switch a.ID {
	case keymap.Back, keymap.Quit, keymap.Interrupt:
		if s.kind != selectNothing && a.ID != keymap.Quit {
			s.kind = selectNothing
			return nil
		}
		return m.closeScroll()
	}
	return m.do(a)
}

// onScrollTyped edits what is searched for, or a line's number.
func (m *Model) onScrollTyped(sh *shell, k tea.KeyPressMsg) tea.Cmd {
	s := sh.scroll
	switch key := k.String(); {
	case key == "esc" || key == "ctrl+c" || key == "backspace" && len(s.line.text) == 0:
		s.prompt = ""
	case key == "enter" || s.prompt == ":" && (key == "G" || key == "g"):
		return m.scrollEnter(sh)
	default:
		s.line.key(k)
	}
	return nil
}

func (m *Model) scrollEnter(sh *shell) tea.Cmd {
	s := sh.scroll
	kind, text := s.prompt, s.line.String()
	s.prompt = ""
	if kind == ":" {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			s.note = "not a line's number: " + text
			return nil
		}
		m.onScroll(sh, func(s *scroll, t *vt.Terminal) {
			first, _ := t.Rows()
			s.to(first + uint64(n) - 1)
		})
		return nil
	}
	if text == "" {
		s.pattern, s.hit = nil, nil // nothing is marked any more
		return nil
	}
	p, err := vt.Compile(text, kind == "R/")
	if err != nil {
		s.note = err.Error()
		if bad := (*syntax.Error)(nil); errors.As(err, &bad) {
			s.note = bad.Code.String() + ": " + bad.Expr // the rest of the words has no room
		}
		return nil
	}
	s.pattern, s.hit = p, nil
	return m.search(sh, false)
}

// openScrollPrompt asks for a text or a number; what was typed already stands
// there.
func (m *Model) openScrollPrompt(sign, typed string) tea.Cmd {
	if sh := m.shells.shown(); sh != nil && sh.scroll != nil {
		sh.scroll.prompt, sh.scroll.note = sign, ""
		sh.scroll.line.set(typed)
	}
	return nil
}

// nextHit goes to the next place of what was searched for.
func (m *Model) nextHit(back bool) tea.Cmd {
	sh := m.shells.shown()
	if sh == nil || sh.scroll == nil || sh.scroll.pattern == nil {
		return nil
	}
	return m.search(sh, back)
}

// search looks for the pattern off the loop, a slice at a time, and once around
// the end.
func (m *Model) search(sh *shell, back bool) tea.Cmd {
	s := sh.scroll
	s.gen++
	gen, p, from, id := s.gen, s.pattern, s.at, sh.id
	if !back && s.hit != nil {
		from.Col++
	}
	ctx := m.out.ctx
	return cmd("search", func() tea.Msg {
		msg := foundMsg{id: id, gen: gen}
		for round := range 2 {
			for more := true; more && ctx.Err() == nil; {
				msg.match, from, msg.found, more = sh.find(p, from, back)
				if msg.found {
					msg.around = round > 0
					return msg
				}
			}
			first, end := sh.rows()
			if from = (vt.Pos{Row: first}); back {
				from.Row = end
			}
		}
		return msg
	})
}

// find searches a slice.
func (sh *shell) find(p *vt.Pattern, from vt.Pos, back bool) (at vt.Match, next vt.Pos, found, more bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.term.Find(p, from, back, searchSlice)
}

func (m *Model) onFound(msg foundMsg) {
	sh := m.shells.byID(msg.id)
	if sh == nil || sh.scroll == nil || sh.scroll.gen != msg.gen {
		return
	}
	s := sh.scroll
	if !msg.found {
		s.note, s.hit = "not found", nil
		return
	}
	m.onScroll(sh, func(s *scroll, _ *vt.Terminal) {
		s.at, s.want = msg.match.First, msg.match.First.Col
		if s.at.Row < s.top || s.at.Row >= s.top+uint64(s.height) {
			s.top = s.at.Row - min(s.at.Row, uint64(s.height/2)) // with what stands around it
		}
	})
	s.hit = &msg.match
	if msg.around {
		s.note = "from the other end"
	}
}

// copyScroll puts what is selected, or the line, into the person's clipboard.
func (m *Model) copyScroll() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil || sh.scroll == nil {
		return nil
	}
	of := *sh.scroll
	sh.scroll.kind = selectNothing
	return cmd("copy", func() tea.Msg { return copiedMsg{sh.id, of.kind, sh.text(of)} })
}

// onCopied gives the text to the terminal. What is too much stays selected.
func (m *Model) onCopied(msg copiedMsg) tea.Cmd {
	var note string
	refused := false
	switch n := strings.Count(msg.text, "\n"); {
	case msg.text == "":
		note, refused = "nothing to copy", true
	case len(msg.text) > clipLimit:
		note, refused = fmt.Sprintf("%d KiB are too much to copy: save them", len(msg.text)>>10), true
	case n > 0:
		note = "copied " + plural(n+1, "line")
	default:
		note = "copied " + plural(utf8.RuneCountInString(msg.text), "character")
	}
	if len(msg.text) > clipSafe && !refused {
		note += ", which many terminals cut"
	}
	if sh := m.shells.byID(msg.id); sh != nil && sh.scroll != nil {
		sh.scroll.note = note
		if refused && sh.scroll.kind == selectNothing {
			sh.scroll.kind = msg.kind
		}
	}
	if refused {
		return nil
	}
	return tea.SetClipboard(msg.text)
}
