package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// splitWords cuts a line into words as a POSIX shell does: blanks separate,
// quotes and backslashes keep together and mean themselves nowhere else.
// Nothing is expanded: $ * ~ | ; and the like are characters as any other.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun := false // '' is a word too
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case ' ', '\t', '\n':
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
			continue
		case '\'', '"':
			n, err := quoted(&word, s[i:])
			if err != nil {
				return nil, err
			}
			i += n - 1
		case '\\':
			i++
			if i == len(s) {
				return nil, errors.New(`nothing follows the last \`)
			}
			if s[i] == '\n' { // the line goes on
				continue
			}
			word.WriteByte(s[i])
		default:
			word.WriteByte(c)
		}
		begun = true
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// quoted adds what stands in the quotes with which s begins, and gives their
// length.
func quoted(word *strings.Builder, s string) (int, error) {
	mark := s[0]
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == mark:
			return i + 1, nil
		case c == '\\' && mark == '"' && i+1 < len(s) && strings.IndexByte("$`\"\\\n", s[i+1]) >= 0:
			if i++; s[i] != '\n' {
				word.WriteByte(s[i])
			}
		default:
			word.WriteByte(c)
		}
	}
	if mark == '"' {
		return 0, errors.New(`a " is not closed`)
	}
	return 0, errors.New("a ' is not closed")
}

// joinWords is a line that splitWords, and a shell, cut into these words.
func joinWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = runtime.ShellQuote(w)
	}
	return strings.Join(quoted, " ")
}

// splitEnv cuts a line into the variables it sets: KEY=VALUE words.
func splitEnv(s string) ([]string, error) {
	words, err := splitWords(s)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, w := range words {
		name, _, ok := strings.Cut(w, "=")
		switch {
		case !ok:
			return nil, fmt.Errorf("%q has no = (write KEY=VALUE, with quotes around blanks)", w)
		case !isVariable(name):
			return nil, fmt.Errorf("%q is no name of a variable (letters, digits and _)", name)
		case slices.Contains(names, name):
			return nil, fmt.Errorf("%s is set twice", name)
		}
		names = append(names, name)
	}
	return words, nil
}

// isVariable says whether shells take s as the name of a variable.
func isVariable(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// plainVerb is an operation's verb as words: "delete-snapshot" is what the
// command line and the audit log call it.
func plainVerb(name string) string { return strings.ReplaceAll(name, "-", " ") }

// opWords is what a request does, in words: "delete snapshot", "recover (undo)".
func opWords(q *runtime.Request) string {
	words := plainVerb(q.Op.Info().Name)
	if q.Op == runtime.RestoreAs {
		words = runtime.Restore.Info().Name // "as" stands before the name of what is made
	}
	if a, ok := q.Args.(*runtime.RecoverArgs); ok && a != nil {
		words += " (" + a.Way.String() + ")"
	}
	return words
}
