package metrics

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"

	"lxcdeck/runtime"
)

// labelsOf are the labels of one container: of what has no label of its own,
// and, in the order of the table, of all that has.
type labelsOf struct {
	plain []*dto.LabelPair
	own   [][]*dto.LabelPair
}

// labels keeps those of all containers that are listed.
type labels struct {
	extra []*dto.LabelPair // of each series with a label of its own, in the table's order
	of    map[runtime.Ref]*labelsOf
}

func newLabels(all []family) *labels {
	l := &labels{of: map[runtime.Ref]*labelsOf{}}
	for i := range all {
		for _, s := range all[i].series {
			if s.label != "" {
				l.extra = append(l.extra, pair(all[i].label, s.label))
			}
		}
	}
	return l
}

// get gives a container's labels; they are made when it is seen first.
func (l *labels) get(ref runtime.Ref) *labelsOf {
	if at := l.of[ref]; at != nil {
		return at
	}
	at := &labelsOf{plain: []*dto.LabelPair{pair("name", label(ref.Name)), pair("path", label(ref.Path))}}
	for _, extra := range l.extra {
		at.own = append(at.own, sorted(append([]*dto.LabelPair{extra}, at.plain...)))
	}
	l.of[ref] = at
	return at
}

// keep forgets the containers that are no longer listed.
func (l *labels) keep(all []runtime.Container) {
	if len(l.of) <= len(all) {
		return
	}
	here := make(map[runtime.Ref]bool, len(all))
	for i := range all {
		here[all[i].Ref] = true
	}
	for ref := range l.of {
		if !here[ref] {
			delete(l.of, ref)
		}
	}
}

// sorted orders by name, as the library's registry gives them.
func sorted(all []*dto.LabelPair) []*dto.LabelPair {
	slices.SortFunc(all, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

func pair(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

// label makes text a label: names may hold any byte but a slash, and labels are
// UTF-8. Bytes that are none, what cannot be printed (controls, bidirectional
// marks) and the backslash itself become what Go writes for them, \xff, \u202e
// and \\, so that two names never become one. All else stays as it is.
func label(s string) string {
	plain := utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) })
	if plain {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
