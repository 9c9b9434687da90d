package settings

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// spot is where bindings stand in a text, by byte offsets. -1 = nowhere.
type spot struct {
	key    int  // of the action's own line: where its key begins
	inline bool // it stands within { }
	header int  // of [keys]
	last   int  // where the last binding before another table begins
	dotted bool // that one is spelt keys.ACTION
	braces bool // keys = { } is there
}

// rebind gives a text in which an action has other keys; all else is as it was.
func rebind(text []byte, b Binding) ([]byte, error) {
	var was map[string]any
	if err := toml.Unmarshal(text, &was); err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	at := find(text, b.Action)
	eol := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		eol = "\r\n"
	}
	line := b.Action + " = " + listOf(b.Keys)
	var next []byte
	switch {
	case at.key >= 0 && b.Drop && at.inline:
		return nil, errors.New("it stands within { }: take it out there by hand")
	case at.key >= 0 && b.Drop:
		next = without(text, at.key)
	case at.key >= 0:
		next = instead(text, at, listOf(b.Keys), eol)
	case b.Drop:
		return text, nil
	case at.braces:
		return nil, errors.New("[keys] is written as { } there: put it in by hand")
	case at.dotted:
		next = behind(text, valueEnd(text, at.last), keysTable+"."+line, eol)
	case at.last >= 0:
		next = behind(text, valueEnd(text, at.last), line, eol)
	case at.header >= 0:
		next = behind(text, at.header, line, eol)
	default:
		lead := ""
		if len(text) > 0 {
			if text[len(text)-1] != '\n' {
				lead = eol
			}
			lead += eol
		}
		next = append(bytes.Clone(text), lead+"["+keysTable+"]"+eol+line+eol...)
	}
	return next, proved(was, next, b)
}

// proved holds a changed text to what was meant: that one action, and nothing else.
func proved(was map[string]any, text []byte, b Binding) error {
	var now map[string]any
	if err := toml.Unmarshal(text, &now); err != nil {
		return fmt.Errorf("it cannot be changed in place: %w", err)
	}
	own := func(all map[string]any) map[string]any {
		keys, ok := all[keysTable].(map[string]any)
		if !ok {
			keys = map[string]any{}
		}
		all[keysTable] = keys
		return keys
	}
	if want := own(was); b.Drop {
		delete(want, b.Action)
	} else {
		list := make([]any, 0, len(b.Keys))
		for _, k := range b.Keys {
			list = append(list, k)
		}
		want[b.Action] = list
	}
	own(now)
	if !reflect.DeepEqual(was, now) {
		return errors.New("it cannot be changed in place: change it by hand")
	}
	return nil
}

// listOf is a list of keys as TOML has it.
func listOf(keys []string) string {
	words := make([]string, 0, len(keys))
	for _, k := range keys {
		if strings.ContainsAny(k, `"\`) {
			words = append(words, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(k)+`"`)
			continue
		}
		words = append(words, `"`+k+`"`)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// find looks where an action is bound, and where a binding would go.
func find(text []byte, action string) spot {
	at := spot{key: -1, header: -1, last: -1}
	var p unstable.Parser
	p.Reset(text)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		path, begin := keyPath(e)
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			if table = strings.Join(path, "."); table == keysTable {
				at.header, at.last, at.dotted = begin, -1, false
			}
		case unstable.KeyValue:
			if table != "" {
				path = append([]string{table}, path...)
			}
			switch {
			case len(path) == 2 && path[0] == keysTable:
				if path[1] == action {
					at.key = begin
				}
				if at.header < 0 || table == keysTable {
					at.last, at.dotted = begin, table == ""
				}
			case len(path) == 1 && path[0] == keysTable && e.Value().Kind == unstable.InlineTable:
				at.braces = true
				for it := e.Value().Children(); it.Next(); {
					if in, k := keyPath(it.Node()); len(in) == 1 && in[0] == action {
						at.key, at.inline = k, true
					}
				}
			}
		}
	}
	return at
}

// keyPath is the key of an expression, and where it begins.
func keyPath(e *unstable.Node) (path []string, begin int) {
	begin = -1
	for it := e.Key(); it.Next(); {
		n := it.Node()
		if begin < 0 {
			begin = int(n.Raw.Offset)
		}
		path = append(path, string(n.Data))
	}
	return path, begin
}

// instead puts another list in the place of the one that belongs to a key. Comments
// that stood within the list go above the line.
func instead(text []byte, at spot, list, eol string) []byte {
	from, to := valueBegin(text, at.key), valueEnd(text, at.key)
	line := lineBegin(text, at.key)
	above := ""
	if !at.inline {
		for _, c := range comments(text[from:to]) {
			above += c + eol
		}
	}
	out := bytes.Clone(text[:line])
	out = append(out, above...)
	out = append(out, text[line:from]...)
	out = append(out, list...)
	return append(out, text[to:]...)
}

// without takes a key and its value out, with the line if nothing else is on it. A
// comment behind it stays, in a line of its own; those within the list as well.
func without(text []byte, key int) []byte {
	from, to := lineBegin(text, key), valueEnd(text, key)
	out := bytes.Clone(text[:from])
	eol := "\n"
	rest := text[to:]
	if i := bytes.IndexByte(rest, '\n'); i > 0 && rest[i-1] == '\r' {
		eol = "\r\n"
	}
	for _, c := range comments(text[valueBegin(text, key):to]) {
		out = append(out, c+eol...)
	}
	rest = bytes.TrimLeft(rest, " \t")
	if len(rest) > 0 && rest[0] != '#' {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	return append(out, rest...)
}

// behind puts a line behind the one in which an offset lies.
func behind(text []byte, at int, line, eol string) []byte {
	i := bytes.IndexByte(text[at:], '\n')
	if i < 0 {
		return append(bytes.Clone(text), eol+line+eol...)
	}
	out := bytes.Clone(text[:at+i+1])
	out = append(out, line+eol...)
	return append(out, text[at+i+1:]...)
}

func lineBegin(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

// valueBegin is where the value of the key that begins at an offset begins.
func valueBegin(text []byte, key int) int {
	i := key
	for i < len(text) && text[i] != '=' {
		if text[i] == '"' || text[i] == '\'' {
			i = stringEnd(text, i)
			continue
		}
		i++
	}
	i++
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return min(i, len(text))
}

// valueEnd is where it ends: a list does at its bracket, all else where its line, a
// list or table around it, or a comment does.
func valueEnd(text []byte, key int) int {
	depth := 0
	for i := valueBegin(text, key); i < len(text); {
		switch c := text[i]; {
		case c == '"' || c == '\'':
			i = stringEnd(text, i)
			continue
		case c == '#' && depth > 0:
			for i < len(text) && text[i] != '\n' {
				i++
			}
			continue
		case c == '[' || c == '{':
			depth++
		case (c == ']' || c == '}') && depth > 0:
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && strings.IndexByte("#,]}\r\n", c) >= 0:
			return i
		}
		i++
	}
	return len(text)
}

// stringEnd is where the string that begins at an offset ends.
func stringEnd(text []byte, at int) int {
	quote := text[at : at+1]
	if long := bytes.Repeat(quote, 3); bytes.HasPrefix(text[at:], long) {
		quote = long
	}
	for i := at + len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case bytes.HasPrefix(text[i:], quote):
			return i + len(quote)
		}
	}
	return len(text)
}

// comments are those within a value.
func comments(value []byte) []string {
	var all []string
	for i := 0; i < len(value); {
		switch value[i] {
		case '"', '\'':
			i = stringEnd(value, i)
			continue
		case '#':
			end := i
			for end < len(value) && value[end] != '\n' && value[end] != '\r' {
				end++
			}
			all = append(all, string(value[i:end]))
			i = end
			continue
		}
		i++
	}
	return all
}
