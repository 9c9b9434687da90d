package keymap

import (
	"slices"

	"lxcdeck/runtime"
)

// Situation is what decides whether an action makes sense now.
type Situation struct {
	ReadOnly bool

	// Targets are the marked containers, else the selected one. Empty = none.
	Targets []runtime.Container
	// Selected is the container under the cursor, which actions on One act on
	// whatever is marked. nil = Targets[0] if there is exactly one.
	Selected *runtime.Container
	// Marks is how many containers are marked.
	Marks int
	// Busy names what is being done to a container right now ("stopping").
	Busy map[runtime.Ref]string

	Shells     int  // sessions that are open, ended ones included
	Tabs       int  // how many tabs they have
	Closed     int  // sessions that were closed and can be opened again
	ShellShown bool // one of them is on screen
	ShellEnded bool // the one on screen has ended
	Split      bool // two of them share the pane
	Searched   bool // something was searched for in the text that is read
}

// ops are the operations that decide whether an action can be done.
func (a Action) ops() []runtime.Op {
	if a.Form != runtime.NoOp {
		return []runtime.Op{a.Form}
	}
	return a.Ops
}

// targets are the containers an action would act on.
func (s Situation) targets(a Action) []runtime.Container {
	switch {
	case a.Targets == None:
		return nil
	case a.Targets == Many:
		return s.Targets
	case s.Selected != nil:
		return []runtime.Container{*s.Selected}
	case len(s.Targets) == 1:
		return s.Targets
	default:
		return nil
	}
}

// Refusal is a container an operation cannot be done to, and why: a sentence
// that names it.
type Refusal struct {
	Container runtime.Container
	Why       string
}

// Split sorts the targets of op into those it can be done to now and those it cannot.
func Split(op runtime.Op, s Situation) (can []runtime.Container, cannot []Refusal) {
	for _, c := range s.Targets {
		if why := whyOp(op, c, s); why != "" {
			cannot = append(cannot, Refusal{c, why})
			continue
		}
		can = append(can, c)
	}
	return can, cannot
}

// Candidates are the operations of a that at least one target allows now, in
// the order of the table. Each target counts for the first operation its state
// accepts. More than one candidate means that marks are in mixed states and
// the person has to say which verb is meant; none means that Why refuses.
func Candidates(a Action, s Situation) []runtime.Op {
	var found []runtime.Op
	ops := a.ops()
	for _, c := range s.targets(a) {
		if len(found) == len(ops) {
			break
		}
		if s.Busy[c.Ref] != "" { // whyOp says so in words; in a batch that is most of them
			continue
		}
		for _, op := range ops {
			if whyOp(op, c, s) != "" {
				continue
			}
			if !slices.Contains(found, op) {
				found = append(found, op)
			}
			break
		}
	}
	slices.SortFunc(found, func(x, y runtime.Op) int {
		return slices.Index(ops, x) - slices.Index(ops, y)
	})
	return found
}
