package views

import "lxcdeck/keymap"

// TipState is the line for who is new.
type TipState struct {
	Hints []keymap.Hint // what to press; the names in them may be foreign
	Hide  string        // the key that puts the line away
}

// Tip paints it: what does not fit is left out, last the first thing to press.
func (t *Theme) Tip(s *TipState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	hide := piece{1, []span{{Key, s.Hide}, {Dim, " hides this"}}}
	room := w - hide.width() - 2
	pieces := []piece{text(len(s.Hints)+2, Notice, "New here?")}
	for i, hint := range s.Hints {
		drop := i + 2
		if i == 0 {
			drop = 0
		}
		if hint.ID == keymap.HelpKey {
			drop = 1
		}
		pieces = append(pieces, piece{drop, []span{{Key, hint.Key}, {Plain, " " + t.Cut(Clean(hint.Text), max(11, w/3-2))}}})
	}
	l := t.newLine(w)
	l.w = max(0, room)
	l.addPieces(pieces, 2)
	l.w = w
	l.to(w - hide.width())
	l.addPieces([]piece{hide}, 2)
	return exactly([]string{l.String()}, w, h)
}
