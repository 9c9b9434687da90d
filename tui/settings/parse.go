package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Error is something wrong in a settings file.
type Error struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in bytes
	Problem string
}

// Error is FILE:LINE:COLUMN: what is wrong.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}

// keysTable is the one table: action = list of keys.
const keysTable = "keys"

// leaf is one key = value of the file.
type leaf struct {
	path  []string
	at    Source // of the key
	value *unstable.Node
}

// name is the key as the file spells it from the top.
func (l leaf) name() string { return strings.Join(l.path, ".") }

// reader walks one file.
type reader struct {
	file   string
	parser unstable.Parser
	known  Known
	errs   []error
}

// merge reads a file's text over s.
func (s *Settings) merge(name string, text []byte, known Known) []error {
	// The decoder knows all of TOML's rules (syntax, duplicate keys); the walk
	// below knows ours, with the place of every key and value.
	var whole map[string]any
	if err := toml.Unmarshal(text, &whole); err != nil {
		var de *toml.DecodeError
		if !errors.As(err, &de) {
			return []error{fmt.Errorf("%s: %w", name, err)}
		}
		line, column := de.Position()
		return []error{&Error{name, line, column, strings.TrimPrefix(de.Error(), "toml: ")}}
	}
	r := &reader{file: name, known: known}
	r.parser.Reset(text)
	var table []string
	skip := false // below an unknown table, whose keys would only repeat the complaint
	for r.parser.NextExpression() {
		e := r.parser.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			l := r.key(nil, e)
			table = l.path
			skip = e.Kind == unstable.ArrayTable || len(table) != 1 || !slices.Contains(tables(), table[0])
			if skip {
				r.fail(l.at, "unknown table [%s]; allowed: %s", l.name(), tableWords())
			}
		case unstable.KeyValue:
			if !skip {
				r.apply(s, r.key(table, e))
			}
		}
	}
	return r.errs
}

// tables are those that a file may have.
func tables() []string { return []string{keysTable, alertsTable, limitsTable} }

func tableWords() string {
	all := tables()
	n := len(all) - 1
	return "[" + strings.Join(all[:n], "], [") + "] and [" + all[n] + "]"
}

// key gives the path and place of an expression's key.
func (r *reader) key(table []string, e *unstable.Node) leaf {
	l := leaf{path: slices.Clone(table)}
	for it := e.Key(); it.Next(); {
		n := it.Node()
		if l.at.File == "" {
			l.at = r.place(n.Raw, l.at)
		}
		l.path = append(l.path, string(n.Data))
	}
	if e.Kind == unstable.KeyValue {
		l.value = e.Value()
	}
	return l
}

// apply puts one key = value into s.
func (r *reader) apply(s *Settings, l leaf) {
	switch {
	case l.path[0] == keysTable && len(l.path) == 2:
		r.bind(s, l)
	case l.path[0] == alertsTable && len(l.path) == 2:
		r.alert(s, l)
	case l.path[0] == limitsTable && len(l.path) == 2:
		r.limits(s, l)
	case slices.Contains(tables(), l.path[0]) && len(l.path) == 1 && l.value.Kind == unstable.InlineTable:
		for it := l.value.Children(); it.Next(); {
			r.apply(s, r.key(l.path, it.Node()))
		}
	case l.path[0] == keysTable && len(l.path) == 1:
		r.fail(l.at, "%s is a table: [%s], then action = [\"key\", ...]", keysTable, keysTable)
	case l.path[0] == alertsTable && len(l.path) == 1:
		r.fail(l.at, "%s is a table: [%s], then memory = 90 and the like", alertsTable, alertsTable)
	case l.path[0] == limitsTable && len(l.path) == 1:
		r.fail(l.at, "%s is a table: [%s], then NAME = \"cpu=0.5 memory=256M\"", limitsTable, limitsTable)
	default:
		for _, rule := range rules() {
			if l.name() == rule.name {
				rule.set(r, s, l)
				return
			}
		}
		r.fail(l.at, "unknown key %q; allowed: %s and the tables %s", l.name(), strings.Join(Names(), ", "), tableWords())
	}
}

// place is where raw stands in the file; what has no place of its own (an
// array) stands where its key does.
func (r *reader) place(raw unstable.Range, key Source) Source {
	if raw.Length == 0 {
		return key
	}
	p := r.parser.Shape(raw).Start
	return Source{File: r.file, Line: p.Line, Column: p.Column}
}

func (r *reader) fail(at Source, format string, args ...any) {
	r.errs = append(r.errs, &Error{r.file, at.Line, at.Column, fmt.Sprintf(format, args...)})
}

// text gives a string value.
func (r *reader) text(l leaf) (string, Source, bool) {
	at := r.place(l.value.Raw, l.at)
	if l.value.Kind != unstable.String {
		r.fail(at, "%s: %s", l.name(), r.wanted("a string in quotes", l.value))
		return "", at, false
	}
	return string(l.value.Data), at, true
}

// flag gives a boolean value.
func (r *reader) flag(l leaf) (bool, bool) {
	if l.value.Kind != unstable.Bool {
		r.fail(r.place(l.value.Raw, l.at), "%s: %s", l.name(), r.wanted("true or false", l.value))
		return false, false
	}
	return l.value.Data[0] == 't', true
}

// list gives a list of strings, and checks each of them where it stands.
func (r *reader) list(l leaf, check func(string) error) ([]string, bool) {
	if l.value.Kind != unstable.Array {
		r.fail(r.place(l.value.Raw, l.at), "%s: %s", l.name(), r.wanted("a list of strings", l.value))
		return nil, false
	}
	all, ok := []string{}, true
	for it := l.value.Children(); it.Next(); {
		n := it.Node()
		text, at, good := r.text(leaf{path: l.path, at: l.at, value: n})
		if good {
			if err := check(text); err != nil {
				r.fail(at, "%s: %v", l.name(), err)
				good = false
			}
		}
		ok = ok && good
		all = append(all, text)
	}
	return all, ok
}

// places is where each member of a list stands.
func (r *reader) places(l leaf) []Source {
	var all []Source
	for it := l.value.Children(); it.Next(); {
		all = append(all, r.place(it.Node().Raw, l.at))
	}
	return all
}

func (r *reader) wanted(what string, n *unstable.Node) string {
	return fmt.Sprintf("%s is allowed, not %s", what, map[unstable.Kind]string{
		unstable.String: "a string", unstable.Bool: "a boolean", unstable.Integer: "a number",
		unstable.Float: "a number", unstable.Array: "a list", unstable.InlineTable: "a table",
	}[n.Kind])
}
