package settings

import (
	"errors"
	"fmt"
	"slices"

	"lxcdeck/keymap"
)

// checkKeys finds what only the whole shows: two actions on one key. Each is
// reported where the user has bound it; where both are the user's, at the later one,
// and the other's place is named.
func (s *Settings) checkKeys(files []file) []error {
	_, err := s.Keymap()
	if err == nil {
		return nil
	}
	all := []error{err}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		all = joined.Unwrap()
	}
	out := make([]error, 0, len(all))
	for _, e := range all {
		var c *keymap.ClashError
		var n *keymap.NeededError
		switch {
		case errors.As(e, &c):
			out = append(out, s.clash(c, files))
		case errors.As(e, &n) && s.Keys[string(n.Action.ID)].From.File != "":
			at := s.Keys[string(n.Action.ID)].From
			out = append(out, &Error{File: at.File, Line: at.Line, Column: at.Column, Problem: n.Error()})
		default:
			out = append(out, s.misfit(e))
		}
	}
	return out
}

// clash is a key with two meanings, at its place in a file.
func (s *Settings) clash(c *keymap.ClashError, files []file) error {
	at, other := s.boundAt(c.Second.ID, c.Key), s.boundAt(c.First.ID, c.Key)
	its := c.First.ID
	order := func(x Source) int { return slices.IndexFunc(files, func(f file) bool { return f.name == x.File }) } // -1 = in none
	if order(at) < order(other) || order(at) == order(other) && at.Line < other.Line {
		at, other, its = other, at, c.Second.ID
	}
	problem := c.Error()
	switch {
	case at.File == "" && s.Prefix.From.File != "" && c.Key == s.prefix():
		at = s.Prefix.From
		problem += "; the prefix sends itself when it is pressed twice"
	case at.File == "":
		return s.misfit(c)
	case other.File == "":
		problem += fmt.Sprintf("; %s has it from the preset %q", its, presetName(s.Preset.Value))
	case other.File == at.File:
		problem += fmt.Sprintf("; %s has it in line %d", its, other.Line)
	default:
		problem += fmt.Sprintf("; %s has it in %s", its, other)
	}
	return &Error{File: at.File, Line: at.Line, Column: at.Column, Problem: problem}
}

func presetName(name string) string {
	if name == "" {
		return keymap.Presets()[0]
	}
	return name
}

func (s *Settings) prefix() string {
	if key, err := keymap.ParseKey(s.Prefix.Value); err == nil {
		return key
	}
	return keymap.DefaultPrefix
}

// boundAt is where a file gives an action a key; the zero Source = no file does.
func (s *Settings) boundAt(id keymap.ID, key string) Source {
	for i, name := range s.Keys[string(id)].Value {
		norm, err := keymap.ParseKey(name)
		if err == nil && norm == key && i < len(s.KeysAt[string(id)]) {
			return s.KeysAt[string(id)][i]
		}
	}
	return Source{}
}

// misfit is what fits no single line: at the preset, if a file names it.
func (s *Settings) misfit(err error) error {
	if at := s.Preset.From; at.File != "" {
		return &Error{File: at.File, Line: at.Line, Column: at.Column, Problem: err.Error()}
	}
	return fmt.Errorf("settings: %w", err)
}
