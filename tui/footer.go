package tui

import (
	"slices"
	"strings"

	"lxcdeck/keymap"
)

// hints are the footer's. Behind the prefix of a shell the keys stand without
// it: it is written once before them.
func (m *Model) hints(scope keymap.Scope) []keymap.Hint {
	if m.many.on { // it is left by one key, and there is no other
		return []keymap.Hint{{Key: m.prefixName(), Text: "stops typing into all"}}
	}
	if sh := m.shells.shown(); scope == keymap.Scrollback && sh != nil && sh.scroll != nil && sh.scroll.prompt != "" {
		does := "searches"
		if sh.scroll.prompt == ":" {
			does = "goes there"
		}
		return []keymap.Hint{{Key: "enter", Text: does}, {Key: "esc", Text: "leaves"}}
	}
	hints := keymap.Footer(m.keys, scope, m.situation())
	if i := slices.IndexFunc(hints, func(h keymap.Hint) bool { return h.ID == keymap.Open }); i >= 0 {
		c := m.selected()
		switch {
		case c != nil && m.shells.of(c.Ref, anySession) != nil:
			hints[i].Text = "to the shell"
		case c == nil || scope == keymap.Detail: // it would do nothing
			hints = slices.Delete(hints, i, i+1)
		}
	}
	if scope == keymap.Detail && m.zoomed && m.keys.KeyOf(keymap.Back) != "" { // there is nothing else to lead back
		hints = append([]keymap.Hint{m.keyHint(keymap.Back, "list")}, hints...)
	}
	if scope == keymap.List && len(m.all) == 0 && !m.listing.done.IsZero() && m.listing.err == nil { // there is nothing to filter
		hints = slices.DeleteFunc(hints, func(h keymap.Hint) bool { return h.ID == keymap.Filter })
		if a, _ := keymap.Find(keymap.CreateKey); keymap.Why(a, m.situation()) == "" && m.keys.KeyOf(a.ID) != "" {
			hints = append([]keymap.Hint{m.keyHint(a.ID, "create")}, hints...)
		}
	}
	if scope == keymap.Shell {
		for i := range hints {
			hints[i].Key = strings.TrimPrefix(hints[i].Key, m.prefixName()+" ")
		}
	}
	return hints
}
