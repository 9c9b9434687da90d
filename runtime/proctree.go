package runtime

import "slices"

// Branch is a process in its place of a tree.
type Branch struct {
	Process *Process
	// Signs say how it hangs, one for each level: "|" a branch of an ancestor
	// goes on beside it, " " none does, and at the end "+", or "`" for the last
	// child. A root has none.
	Signs string
}

// ProcessTree hangs processes up below their parents, those of one parent in the
// given order. Whose parent is not among them, such as the init's, which is LXC's
// monitor, is a root. So is one of a circle, which a reading that takes its time
// may show, as pids are used again.
func ProcessTree(all []*Process, by func(a, b *Process) int) []Branch {
	there := make(map[int]bool, len(all))
	for _, p := range all {
		there[p.PID] = true
	}
	children := map[int][]*Process{}
	for _, p := range all {
		parent := p.PPID
		if !there[parent] || p.Init || parent == p.PID {
			parent = 0
		}
		children[parent] = append(children[parent], p)
	}
	for pid := range children {
		slices.SortFunc(children[pid], by)
	}
	t := tree{children: children, seen: make(map[int]bool, len(all)), rows: make([]Branch, 0, len(all))}
	t.walk(children[0])
	for _, p := range all {
		if !t.seen[p.PID] {
			t.walk([]*Process{p})
		}
	}
	return t.rows
}

type tree struct {
	children map[int][]*Process
	seen     map[int]bool
	rows     []Branch
}

// walk goes down from roots. It keeps its own stack: a container can nest its
// processes as deep as it likes.
func (t *tree) walk(roots []*Process) {
	type level struct {
		list  []*Process
		at    int
		signs string // of those above
	}
	todo := []level{{list: roots}}
	for len(todo) > 0 {
		l := &todo[len(todo)-1]
		if l.at == len(l.list) {
			todo = todo[:len(todo)-1]
			continue
		}
		p := l.list[l.at]
		l.at++
		if t.seen[p.PID] {
			continue
		}
		t.seen[p.PID] = true
		signs, below := "", l.signs
		if len(todo) > 1 {
			signs, below = l.signs+"+", l.signs+"|"
			if l.at == len(l.list) {
				signs, below = l.signs+"`", l.signs+" "
			}
		}
		if len(below) > maxSigns { // nobody sees so far to the right
			below = below[len(below)-maxSigns:]
		}
		t.rows = append(t.rows, Branch{p, signs})
		if kids := t.children[p.PID]; len(kids) > 0 {
			todo = append(todo, level{list: kids, signs: below})
		}
	}
}

// maxSigns bounds the signs of a row: in a chain of ten thousand they would
// take fifty megabytes.
const maxSigns = 64
