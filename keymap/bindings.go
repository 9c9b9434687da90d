package keymap

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// DefaultPrefix leads to lxcdeck's own keys inside a shell.
const DefaultPrefix = "ctrl+]"

// prefixWord stands for the prefix in the table of actions and in settings.
const prefixWord = "prefix"

// ClashError is a key with two meanings in one place: where Second has its meaning.
type ClashError struct {
	Key           string // as Bubble Tea names it
	First, Second Action
}

// Error names the key, both actions and the place.
func (c *ClashError) Error() string {
	return fmt.Sprintf("keys: %s is both %q (%s) and %q (%s), in: %s", KeyName(c.Key), c.First.ID, c.First.Title, c.Second.ID, c.Second.Title, c.Second.Scope)
}

// Has says whether one of the two actions has that name.
func (c *ClashError) Has(id ID) bool { return c.First.ID == id || c.Second.ID == id }

// NeededError is an action that has to have a key: it alone leads out of every view, out
// of a shell and out of the program, whatever else is bound.
type NeededError struct{ Action Action }

func (e *NeededError) Error() string {
	return fmt.Sprintf("keys: %s needs a key: it leads out when no other does", e.Action.ID)
}

type binding struct {
	scope Scope
	key   string
}

// Map finds actions by key. It does not change once it is made.
type Map struct {
	prefix string
	keys   map[ID][]string
	index  map[binding]Action
}

// New makes the map of a preset ("" is "default"), the user's own keys over it
// and the prefix of shells ("" is DefaultPrefix). A list of user keys replaces
// all keys of that action; an empty one leaves it to the palette. All that is
// wrong is reported at once: unknown presets, actions and keys, and keys that
// would have two meanings in one place.
func New(preset string, user map[string][]string, prefix string) (*Map, error) {
	m := &Map{prefix: DefaultPrefix, keys: map[ID][]string{}, index: map[binding]Action{}}
	var errs []error
	if prefix != "" {
		key, err := parsePrefix(prefix)
		if err != nil {
			errs = append(errs, err)
		} else {
			m.prefix = key
		}
	}
	overlay, ok := presetKeys(preset)
	if !ok {
		errs = append(errs, fmt.Errorf("unknown key preset %q (there are %s)", preset, strings.Join(Presets(), ", ")))
	}
	for _, a := range actions {
		m.keys[a.ID] = a.Keys
		if keys, ok := overlay[a.ID]; ok {
			m.keys[a.ID] = keys
		}
	}
	errs = append(errs, m.override(user)...)
	if a, _ := Find(Interrupt); len(m.keys[Interrupt]) == 0 {
		errs = append(errs, &NeededError{a})
	}
	errs = append(errs, m.build()...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return m, nil
}

// override puts the user's keys in place of the preset's.
func (m *Map) override(user map[string][]string) []error {
	var errs []error
	names := make([]string, 0, len(user))
	for name := range user {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, ok := Find(ID(name)); !ok {
			errs = append(errs, fmt.Errorf("keys: unknown action %q%s", name, nearest(name)))
			continue
		}
		keys := make([]string, 0, len(user[name]))
		for _, k := range user[name] {
			key, err := ParseKey(k)
			if k == prefixWord && ID(name) == ShellSend {
				key, err = prefixWord, nil
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("keys: %s: %w", name, err))
				continue
			}
			keys = append(keys, key)
		}
		m.keys[ID(name)] = keys
	}
	return errs
}

// build fills the index and reports keys with two meanings.
func (m *Map) build() []error {
	var errs []error
	for _, a := range actions {
		for _, key := range m.keys[a.ID] {
			if key == prefixWord {
				key = m.prefix
			}
			at := binding{a.Scope, key}
			if other, taken := m.index[at]; taken && other.ID != a.ID {
				errs = append(errs, &ClashError{Key: key, First: other, Second: a})
				continue
			}
			m.index[at] = a
		}
	}
	return append(errs, m.shadows()...)
}

// shadows reports keys of a pane that hide a key that works everywhere. Keys
// behind the prefix are in nobody's way; reading a scrollback has keys of its own,
// as a pager has, and so has the list of sessions, whose keys are the shell's.
func (m *Map) shadows() []error {
	var errs []error
	for _, a := range actions {
		if a.Scope == Everywhere || a.Scope == Shell || a.Scope == Scrollback || a.Scope == Sessions {
			continue
		}
		for _, key := range m.keys[a.ID] {
			if other, taken := m.index[binding{Everywhere, key}]; taken {
				errs = append(errs, &ClashError{Key: key, First: other, Second: a})
			}
		}
	}
	return errs
}

func parsePrefix(name string) (string, error) {
	key, err := ParseKey(name)
	if err != nil {
		return "", fmt.Errorf("prefix: %w", err)
	}
	if !strings.HasPrefix(key, "ctrl+") && !strings.HasPrefix(key, "alt+") && (len(key) < 2 || key[0] != 'f') {
		return "", fmt.Errorf("prefix: %s would be typed in every shell: take a key with ctrl or alt, such as %s", KeyName(key), DefaultPrefix)
	}
	if is := seldom(key); is != "" {
		return "", fmt.Errorf("prefix: %s %s: nothing would lead out of a shell; take ctrl with another letter, such as %s", KeyName(key), is, DefaultPrefix)
	}
	return key, nil
}

// seldom says what most terminals send for a key with ctrl or alt that has no code of
// its own; "" = it has one.
func seldom(key string) string {
	mod, last, _ := strings.Cut(key, "+")
	r, n := utf8.DecodeRuneInString(last)
	switch alone := n == len(last); {
	case mod == "ctrl" && last == "i":
		return "is tab in most terminals"
	case mod == "ctrl" && last == "m":
		return "is enter in most terminals"
	case mod == "ctrl" && last == "[":
		return "is esc in most terminals"
	case mod == "ctrl" && alone && (r < 'a' || r > 'z') && !strings.ContainsRune(`]\^_@`, r),
		mod == "ctrl" && slices.Contains([]string{"enter", "tab", "esc", "backspace"}, last),
		mod == "alt" && alone && strings.ContainsRune("[OP]X^_\\", r): // with which a terminal's own sequences begin
		return "is not told from others by most terminals"
	}
	return ""
}

// Lookup finds what a key means where the focus is. Detail falls back to List
// (it shows the selected container), then all fall back to Everywhere; behind
// the prefix of a shell the moving keys and q mean nothing.
func (m *Map) Lookup(scope Scope, key string) (Action, bool) {
	if scope == Shell && m.IsPrefix(key) {
		key = m.prefix
	}
	for _, s := range lookIn(scope) {
		if a, ok := m.index[binding{s, key}]; ok {
			if scope == Shell && s == Everywhere && (a.Group == Moving || a.ID == Quit) {
				return Action{}, false
			}
			return a, true
		}
	}
	return Action{}, false
}

func lookIn(scope Scope) []Scope {
	switch scope {
	case Everywhere:
		return []Scope{Everywhere}
	case Detail:
		return []Scope{Detail, List, Everywhere}
	default:
		return []Scope{scope, Everywhere}
	}
}

// IsPrefix says whether a key is the prefix of shells. Terminals without the
// kitty keyboard protocol send one byte for ctrl+] and ctrl+5: both count.
func (m *Map) IsPrefix(key string) bool {
	return key == m.prefix || m.prefix == "ctrl+]" && key == "ctrl+5"
}

// Prefix is the prefix as Bubble Tea names the key.
func (m *Map) Prefix() string { return m.prefix }

// Keys gives an action's keys as Bubble Tea names them.
func (m *Map) Keys(id ID) []string { return slices.Clone(m.keys[id]) }

// KeyOf is the first key of an action as people read it, with the prefix
// before keys of a shell; "" when it has none.
func (m *Map) KeyOf(id ID) string {
	keys := m.keyNames(id)
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}

// keyNames are all keys of an action as people read them; the prefix of a shell
// is named once.
func (m *Map) keyNames(id ID) []string {
	a, ok := Find(id)
	if !ok {
		return nil
	}
	names := make([]string, 0, len(m.keys[id]))
	for _, k := range m.keys[id] {
		if k == prefixWord {
			k = m.prefix
		}
		name := KeyName(k)
		if a.Scope == Shell && len(names) == 0 {
			name = KeyName(m.prefix) + " " + name
		}
		names = append(names, name)
	}
	return names
}

// nearest suggests an action for a misspelt name.
func nearest(name string) string {
	for _, a := range actions {
		id := string(a.ID)
		if len(name) > 2 && (strings.Contains(id, name) || strings.Contains(name, id)) {
			return fmt.Sprintf(" (did you mean %q?)", id)
		}
	}
	return ""
}
