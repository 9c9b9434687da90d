package tui

import (
	"fmt"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// splitEnv cuts a line into the variables it sets: KEY=VALUE words.
func splitEnv(s string) ([]string, error) {
	words, err := runtime.SplitWords(s)
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
