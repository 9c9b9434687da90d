package keymap

import "slices"

// BindingLine is an action with its keys, and those that the preset has for it.
type BindingLine struct {
	ID          ID
	Title       string
	Keys, Usual string // as people read them, separated by blanks; "" = none
}

// BindingGroup are the actions of a scope.
type BindingGroup struct {
	Scope Scope
	Lines []BindingLine
}

// Bindings are all actions by scope, with their keys and those of a preset.
func Bindings(m *Map, preset string) []BindingGroup {
	base, err := New(preset, nil, "")
	if err != nil { // it was refused before
		base = m
	}
	groups := make([]BindingGroup, len(scopeNames))
	for i := range groups {
		groups[i].Scope = Scope(i)
	}
	for _, a := range actions {
		g := &groups[a.Scope]
		g.Lines = append(g.Lines, BindingLine{a.ID, a.Title, m.keysText(a.ID), base.keysText(a.ID)})
	}
	return slices.DeleteFunc(groups, func(g BindingGroup) bool { return len(g.Lines) == 0 })
}

// PresetKeys are the keys that a preset gives to an action.
func PresetKeys(preset string, id ID) []string {
	overlay, _ := presetKeys(preset)
	if keys, ok := overlay[id]; ok {
		return slices.Clone(keys)
	}
	a, _ := Find(id)
	return slices.Clone(a.Keys)
}
