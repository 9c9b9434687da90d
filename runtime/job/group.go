package job

import (
	"cmp"
	"errors"
	"slices"

	"lxcdeck/runtime"
)

// Group is the containers that gave the same answer.
type Group struct {
	Refs   []runtime.Ref // in order
	Answer Answer        // of the first of them
}

// Grouped gathers equal answers: the same output, the same exit, or the same
// error. The largest group comes first, so that what differs stands out at the
// end; among equals the one with the first container.
func Grouped(answers []Answer) []Group {
	type key struct {
		output, err string
		exit        runtime.Exit
		cut         bool
	}
	at := map[key]int{}
	var groups []Group
	for i := range answers {
		a := &answers[i]
		k := key{output: string(a.Output), exit: a.Exit, cut: a.Cut, err: Reason(a.Err)}
		if a.Err != nil {
			k.exit = runtime.Exit{}
		}
		g, seen := at[k]
		if !seen {
			g = len(groups)
			at[k] = g
			groups = append(groups, Group{Answer: *a})
		}
		groups[g].Refs = append(groups[g].Refs, a.Ref)
	}
	for i := range groups {
		slices.SortFunc(groups[i].Refs, byRef)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Refs), len(a.Refs)), byRef(a.Refs[0], b.Refs[0]))
	})
	return groups
}

// Reason is an error without the container it happened to.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	var e *runtime.Error
	if errors.As(err, &e) {
		return e.Err.Error() + e.LastLog()
	}
	return err.Error()
}

func byRef(a, b runtime.Ref) int {
	switch {
	case a.Less(b):
		return -1
	case b.Less(a):
		return 1
	default:
		return 0
	}
}
