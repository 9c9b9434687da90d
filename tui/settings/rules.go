package settings

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"lxcdeck/keymap"
)

// rule is one key of config.toml.
type rule struct {
	name string
	set  func(*reader, *Settings, leaf)
}

// rules are all keys outside [keys]. A function rather than a variable, since
// nothing at package level may change.
func rules() []rule {
	return []rule{
		{"interval", setInterval},
		{"columns", func(r *reader, s *Settings, l leaf) {
			setList(r, &s.Columns, l, func(c string) error { return oneOf("column", c, r.known.Columns) })
		}},
		{"sort", func(r *reader, s *Settings, l leaf) {
			setText(r, &s.Sort, l, func(c string) error {
				return oneOf("column", strings.TrimPrefix(c, "-"), r.known.Columns)
			})
		}},
		{"theme", func(r *reader, s *Settings, l leaf) {
			setText(r, &s.Theme, l, func(t string) error { return oneOf("theme", t, r.known.Themes) })
		}},
		{"ascii", func(r *reader, s *Settings, l leaf) { setFlag(r, &s.ASCII, l) }},
		{"mouse", func(r *reader, s *Settings, l leaf) { setFlag(r, &s.Mouse, l) }},
		{"read_only", func(r *reader, s *Settings, l leaf) { setFlag(r, &s.ReadOnly, l) }},
		{"lxcpath", func(r *reader, s *Settings, l leaf) { setList(r, &s.Paths, l, CheckPath) }},
		{"prefix", func(r *reader, s *Settings, l leaf) { setText(r, &s.Prefix, l, checkPrefix) }},
		{"key_preset", func(r *reader, s *Settings, l leaf) {
			setText(r, &s.Preset, l, func(p string) error { return oneOf("preset", p, keymap.Presets()) })
		}},
	}
}

func setInterval(r *reader, s *Settings, l leaf) {
	text, at, ok := r.text(l)
	if !ok {
		return
	}
	d, err := ParseInterval(text)
	if err != nil {
		r.fail(at, "%v", err)
		return
	}
	s.Interval.Value, s.Interval.From = d, l.at
}

func setText(r *reader, to *Setting[string], l leaf, check func(string) error) {
	text, at, ok := r.text(l)
	if !ok {
		return
	}
	if err := check(text); err != nil {
		r.fail(at, "%s: %s", l.name(), strings.TrimPrefix(err.Error(), l.name()+": ")) // keymap names the prefix, too
		return
	}
	to.Value, to.From = text, l.at
}

func setFlag(r *reader, to *Setting[bool], l leaf) {
	if on, ok := r.flag(l); ok {
		to.Value, to.From = on, l.at
	}
}

func setList(r *reader, to *Setting[[]string], l leaf, check func(string) error) {
	if all, ok := r.list(l, check); ok {
		to.Value, to.From = all, l.at
	}
}

// bind reads one line of [keys].
func (r *reader) bind(s *Settings, l leaf) {
	id := l.path[1]
	if _, ok := keymap.Find(keymap.ID(id)); !ok {
		var all []string
		for _, a := range keymap.Actions() {
			all = append(all, string(a.ID))
		}
		slices.Sort(all)
		r.fail(l.at, "unknown action %q in [%s]; allowed: %s", id, keysTable, strings.Join(all, ", "))
		return
	}
	keys, ok := r.list(l, func(k string) error {
		_, err := keymap.ParseKey(k)
		return err
	})
	if !ok {
		return
	}
	if s.Keys == nil {
		s.Keys = make(map[string]Setting[[]string])
	}
	s.Keys[id] = Setting[[]string]{Value: keys, From: l.at}
	if s.KeysAt == nil {
		s.KeysAt = make(map[string][]Source)
	}
	s.KeysAt[id] = r.places(l)
}

// CheckPath says what is wrong with an lxcpath.
func CheckPath(p string) error {
	if !filepath.IsAbs(p) {
		return fmt.Errorf("%q: an absolute path is allowed, such as \"/var/lib/lxc\"", p)
	}
	return nil
}

func checkPrefix(key string) error {
	_, err := keymap.New("", nil, key)
	return err
}

func oneOf(what, word string, known []string) error {
	if word == "" || (known != nil && !slices.Contains(known, word)) {
		return fmt.Errorf("unknown %s %q; allowed: %s", what, word, strings.Join(known, ", "))
	}
	return nil
}
