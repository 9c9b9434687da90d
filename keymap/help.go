package keymap

import (
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// Hint is one entry of the footer.
type Hint struct {
	ID   ID
	Key  string // as people read it
	Text string
}

// HelpLine is one action on the help screen.
type HelpLine struct {
	ID    ID
	Keys  string // as people read them, separated by blanks; "" = palette only
	Title string
	Why   string // "" or the sentence that refuses it now
}

// HelpGroup is a part of the help screen.
type HelpGroup struct {
	Group Group
	Lines []HelpLine
}

// PaletteItem is one line of the command palette.
type PaletteItem struct {
	Action  Action
	Keys    string // as people read them
	Why     string // "" or the sentence that refuses it now
	Matches []int  // byte offsets in Action.Title that the query hit, ascending
}

// HelpGroups gathers what can be asked with the focus in scope, in help's
// order, with what stands against it now. Groups without a line are left out.
func HelpGroups(m *Map, scope Scope, s Situation) []HelpGroup {
	var groups []HelpGroup
	for _, g := range Groups() {
		hg := HelpGroup{Group: g}
		for _, a := range actions {
			if a.Group != g || !helps(scope, a) || (len(m.keys[a.ID]) == 0 && a.NoTyped) {
				continue
			}
			hg.Lines = append(hg.Lines, HelpLine{ID: a.ID, Keys: m.keysText(a.ID), Title: a.Title, Why: Why(a, s)})
		}
		if len(hg.Lines) > 0 {
			groups = append(groups, hg)
		}
	}
	return groups
}

// keysText are all keys of an action as people read them; digits from one on are
// a range.
func (m *Map) keysText(id ID) string {
	names := m.keyNames(id)
	if n := len(names); n > 3 && n < 10 && strings.HasSuffix(names[0], "1") && names[n-1] == strconv.Itoa(n) {
		names = []string{names[0] + "-" + names[n-1]}
	}
	return strings.Join(names, "  ")
}

// helps says whether the help of a scope lists an action. That of a shell
// lists what stands behind the prefix only; all other help lists the shell's
// keys too, so that nobody enters one without having seen the way out.
func helps(scope Scope, a Action) bool {
	switch {
	case scope == Shell:
		return a.Scope == Shell
	case scope == Scrollback:
		return a.Scope == Scrollback || a.Scope == Everywhere && (a.Group == Moving || a.ID == Quit)
	case scope.Apart():
		return a.Scope == scope || a.Scope == Everywhere && (a.ID != NextPane || scope == Graphs || scope == LogText || scope == Files) && a.ID != Zoom
	case a.Scope.Apart():
		return false
	}
	return a.Scope != Help || scope == Help
}

// Footer gives the hints that make sense with the focus in scope, in the order
// of the table: an action that Why refuses is not offered, and one with a
// choice of operations is named by what it would do now.
func Footer(m *Map, scope Scope, s Situation) []Hint {
	var hints []Hint
	for _, in := range lookIn(scope) {
		for _, a := range actions {
			if a.Short == "" || a.Scope != in || len(m.keys[a.ID]) == 0 || Why(a, s) != "" {
				continue
			}
			if (scope == Shell || scope == Scrollback) && in == Everywhere {
				continue
			}
			hints = append(hints, Hint{ID: a.ID, Key: m.KeyOf(a.ID), Text: shortText(a, s)})
		}
	}
	return hints
}

func shortText(a Action, s Situation) string {
	if len(a.Ops) > 1 {
		if ops := Candidates(a, s); len(ops) == 1 {
			return ops[0].String()
		}
	}
	return a.Short
}

// PaletteItems lists the actions that match a query, best first: letters in
// order, those at the start of words and in a run counting more, shorter titles
// before longer ones. Without a query it is the table. What is refused now stands behind what is not.
func PaletteItems(m *Map, query string, s Situation) []PaletteItem {
	type scored struct {
		PaletteItem
		score int
	}
	var found []scored
	for _, a := range actions {
		if a.NoTyped || a.Scope == Help || a.Scope.Apart() {
			continue
		}
		score, hits, ok := fuzzy(query, a.Title)
		byID, _, okID := fuzzy(query, string(a.ID)) // ":leftovers" and its beginning, as a notice names it
		if also, _, found := fuzzy(query, a.Also); found && query != "" {
			byID, okID = max(byID, also), true
		}
		if !ok && !okID {
			continue
		}
		switch {
		case !ok:
			score = byID - 1
		case okID && len(query) > 2: // shorter ones stand in too many
			score = max(score, byID)
		}
		found = append(found, scored{PaletteItem{a, strings.Join(m.keyNames(a.ID), "  "), Why(a, s), hits}, score})
	}
	sort.SliceStable(found, func(i, j int) bool {
		x, y := found[i], found[j]
		if (x.Why == "") != (y.Why == "") {
			return x.Why == ""
		}
		if x.score != y.score {
			return x.score > y.score
		}
		return query != "" && len(x.Action.Title) < len(y.Action.Title)
	})
	items := make([]PaletteItem, len(found))
	for i := range found {
		items[i] = found[i].PaletteItem
	}
	return items
}

// fuzzy finds the letters of query in text, in order and whatever their case.
// It tries every place where the first letter stands and keeps the best.
func fuzzy(query, text string) (score int, hits []int, ok bool) {
	q := []rune(strings.ToLower(strings.ReplaceAll(query, " ", "")))
	if len(q) == 0 {
		return 0, nil, true
	}
	for start, r := range text {
		if unicode.ToLower(r) != q[0] {
			continue
		}
		if sc, h, found := matchFrom(q, text, start); found && (!ok || sc > score) {
			score, hits, ok = sc, h, true
		}
	}
	return score, hits, ok
}

func matchFrom(q []rune, text string, start int) (score int, hits []int, ok bool) {
	before := rune(' ')
	if start > 0 {
		before = rune(text[start-1])
	}
	last := -2
	for i, r := range text[start:] {
		if len(hits) == len(q) {
			break
		}
		if unicode.ToLower(r) == q[len(hits)] {
			score++
			if !unicode.IsLetter(before) && !unicode.IsDigit(before) {
				score += 3
			}
			if last == i-1 {
				score += 4
			}
			last = i
			hits = append(hits, start+i)
		}
		before = r
	}
	if start == 0 {
		score++
	}
	if len(hits) == len(text) {
		score += 5 // the whole title
	}
	return score, hits, len(hits) == len(q)
}
