package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// find gives the containers that a word means: a name, PATH/NAME, a number of the last
// list or a range of them, or the beginning of a name.
func (s *session) find(word string) ([]runtime.Ref, error) {
	l, err := s.listing()
	if err != nil {
		return nil, err
	}
	var exact, begin []runtime.Ref
	for i := range l.Containers {
		c := &l.Containers[i]
		switch {
		case c.Name == word || strings.Contains(word, "/") && c.Ref.String() == word:
			exact = append(exact, c.Ref)
		case strings.HasPrefix(c.Name, word):
			begin = append(begin, c.Ref)
		}
	}
	if n, ok := whole(word); ok && s.in.tty && len(exact) > 0 && n >= 1 && n <= len(s.listed) && !slices.Contains(exact, s.listed[n-1]) {
		exact = append(exact, s.listed[n-1]) // a name that is another one's number
	}
	if len(exact) == 1 {
		return exact, nil
	}
	if len(exact) > 1 {
		return s.oneOf(word, exact)
	}
	if refs, ok, err := s.numbered(word); ok || err != nil {
		return refs, err
	}
	switch len(begin) {
	case 0:
		return nil, &exitError{exitNotFound, fmt.Errorf("%s: %w", views.Clean(word), runtime.ErrNotFound)}
	case 1:
		return begin, nil
	default:
		return s.oneOf(word, begin)
	}
}

// numbered are the containers of "3" or "3-5" in the last list; ok = it is such a word.
func (s *session) numbered(word string) (refs []runtime.Ref, ok bool, err error) {
	from, to, ranged := strings.Cut(word, "-")
	if !ranged {
		to = from
	}
	a, aok := whole(from)
	b, bok := whole(to)
	if !aok || !bok {
		return nil, false, nil
	}
	if a < 1 || b < a || b > len(s.listed) {
		return nil, true, &exitError{exitNotFound, fmt.Errorf("%s: the list has the numbers 1 to %d", views.Clean(word), len(s.listed))}
	}
	return s.listed[a-1 : b], true, nil
}

// whole reads a number of a list.
func whole(word string) (n int, ok bool) {
	n, err := strconv.Atoi(word)
	return n, err == nil && strings.Trim(word, "0123456789") == ""
}

// oneOf asks which of several is meant.
func (s *session) oneOf(word string, refs []runtime.Ref) ([]runtime.Ref, error) {
	const most = 30
	for i, ref := range refs[:min(len(refs), most)] {
		s.put(fmt.Sprintf("%d: %s", i+1, s.d.called(ref)))
	}
	answer, err := s.ask(fmt.Sprintf("%s may be %d containers: which number? enter leaves:", word, len(refs)), true)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(answer)
	if err != nil || n < 1 || n > len(refs) {
		return nil, errLeft
	}
	return refs[n-1 : n], nil
}
