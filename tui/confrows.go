package tui

import (
	"bytes"
	"slices"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
	"lxcdeck/views"
)

// includeIndent is how far what is included stands to the right, in columns.
const includeIndent = 2

// resolve takes the draft apart as liblxc would. What was included since the
// config was read is said not to be known yet.
func (x *confView) resolve() {
	open := conf.WithFile(x.of.Path(), conf.Parse(x.of.Path(), x.draft), conf.FromText(&x.got))
	x.tree = conf.Resolve(x.of.Path(), open, conf.Options{Supports: conf.SupportedBy(x.got.Lacking, x.got.Extra)})
}

// confLines makes the rows of a tree.
type confLines struct {
	x        *confView
	items    map[[2]int]int   // of the tree, by node and line
	children map[[2]int][]int // nodes, by those that include them, and where
	problems map[[2]int][]int // of the tree
	shown    map[string]bool  // keys whose value in force was told
	last     map[string]int   // the last item of each key
}

// build makes the rows anew; the cursor stays on its line as far as it is there.
func (x *confView) build(m *Model) {
	if x.tree == nil {
		return
	}
	var on confRow
	some := x.at < len(x.rows)
	if some {
		on = x.rows[x.at]
	}
	b := confLines{x, map[[2]int]int{}, map[[2]int][]int{}, map[[2]int][]int{}, map[string]bool{}, map[string]int{}}
	for i := range x.tree.Items {
		it := &x.tree.Items[i]
		b.items[[2]int{it.Node, it.Line}] = i
		b.last[it.Key] = i
	}
	for i := 1; i < len(x.tree.Nodes); i++ {
		n := &x.tree.Nodes[i]
		b.children[[2]int{n.Parent, n.Line}] = append(b.children[[2]int{n.Parent, n.Line}], i)
	}
	for i := range x.tree.Problems {
		p := &x.tree.Problems[i]
		b.problems[[2]int{p.Node, p.Line}] = append(b.problems[[2]int{p.Node, p.Line}], i)
	}
	x.rows = x.rows[:0]
	if len(x.tree.Nodes) > 0 && x.tree.Nodes[0].File != nil {
		b.file(0)
	}
	b.elsewhere()
	x.lines = make([]views.ConfigRow, len(x.rows))
	for i := range x.rows {
		x.lines[i] = x.rows[i].ConfigRow
	}
	same := func(r confRow) bool {
		return r.node == on.node && r.line == on.line && r.fold == on.fold && r.key == on.key
	}
	if i := slices.IndexFunc(x.rows, same); i >= 0 && some {
		x.at = i
	} else if i := x.rowOf(on.node, on.line); i >= 0 && on.line > 0 { // with another key in it
		x.at = i
	}
	x.move(m, x.at)
}

// file adds the lines of a file.
func (b *confLines) file(node int) {
	n := &b.x.tree.Nodes[node]
	for i := range n.File.Lines {
		b.line(node, i+1, &n.File.Lines[i])
		for _, child := range b.children[[2]int{node, i + 1}] {
			b.included(child)
		}
	}
}

// included adds what stands for a file or a directory that is included, and what
// is in it if that is wanted.
func (b *confLines) included(node int) {
	n := &b.x.tree.Nodes[node]
	r := confRow{node: node, item: -1, fold: n.Path}
	r.Indent, r.Role, r.Sign = includeIndent*n.Depth, views.Dim, "+"
	children := b.children[[2]int{node, 0}]
	switch {
	case n.Err != nil:
		r.Sign, r.Role, r.Text, r.said, r.fold = "!", views.Bad, n.Path+": "+n.Err.Error(), true, ""
	case n.Dir:
		r.Text, r.Note = n.Path, "a directory, "+plural(len(children), "file")+" ending in .conf"
	case n.File != nil:
		r.Text, r.Note = n.Path, plural(len(n.File.Lines), "line")
	}
	open := b.x.unfolded[n.Path]
	if open && r.fold != "" {
		r.Sign = "-"
	}
	if !open && n.Err == nil {
		b.inside(&r, node)
	}
	b.x.rows = append(b.x.rows, r)
	if !open || n.Err != nil {
		return
	}
	for _, child := range children {
		b.included(child)
	}
	if n.File != nil {
		b.file(node)
	}
}

// inside marks the row of a file that is folded with the worst of what is said of the
// lines in it, and in what it includes.
func (b *confLines) inside(r *confRow, node int) {
	in := b.within(node)
	warn := false
	for i := range b.x.tree.Problems {
		switch p := &b.x.tree.Problems[i]; {
		case !in[p.Node]:
		case p.Fatal:
			r.Sign, r.Role, r.said, r.hides = "!", views.Bad, true, true
			r.Note, r.Warn = "liblxc refuses what is in it", true
			return
		default:
			warn = true
		}
	}
	var differ []string
	for i := range b.x.got.InForce {
		key := b.x.got.InForce[i].Key
		if at, ok := b.last[key]; ok && !conf.ByLine(key) && in[b.x.tree.Items[at].Node] {
			differ = append(differ, key)
		}
	}
	switch {
	case len(differ) > 0:
		r.Note, r.Warn = "runs with another "+strings.Join(differ, ", "), true
	case !warn:
		return
	}
	r.Sign, r.Role, r.said, r.hides = "?", views.Warn, true, true
}

// within are a node and all that it includes.
func (b *confLines) within(node int) map[int]bool {
	in := map[int]bool{node: true}
	for i := node + 1; i < len(b.x.tree.Nodes); i++ { // those included come later
		if in[b.x.tree.Nodes[i].Parent] {
			in[i] = true
		}
	}
	return in
}

// line adds one line.
func (b *confLines) line(node, line int, l *conf.Line) {
	r := confRow{node: node, line: line, item: -1, key: l.Key}
	r.Number, r.Indent = line, includeIndent*b.x.tree.Nodes[node].Depth
	text := l.Raw
	if !b.x.secrets {
		text = l.Shown()
	}
	r.Text = strings.ReplaceAll(strings.TrimRight(text, "\r\n"), "\t", "    ")
	switch l.Kind {
	case conf.Comment, conf.Unread:
		r.Role = views.Dim
	case conf.Setting:
		b.setting(&r, node, line)
	}
	for _, p := range b.problems[[2]int{node, line}] {
		r.said = true
		switch {
		case b.x.tree.Problems[p].Fatal:
			r.Sign, r.Role = "!", views.Bad
		case r.Sign == "":
			r.Sign, r.Role = "?", views.Warn
		}
	}
	if f := b.x.fault; f != nil && node == 0 && f.Line == line {
		r.Sign, r.Role, r.said = "!", views.Bad, true
	}
	b.x.rows = append(b.x.rows, r)
}

// setting says of a setting whether it counts, and what runs instead.
func (b *confLines) setting(r *confRow, node, line int) {
	i, ok := b.items[[2]int{node, line}]
	if !ok {
		return
	}
	r.item = i
	it := &b.x.tree.Items[i]
	switch it.State {
	case conf.Overridden, conf.Cleared, conf.Idle, conf.Doubled:
		r.Role, r.Sign, r.Note = views.Dim, "x", b.x.tree.Words(it)
	case conf.Partly:
		r.Note = b.x.tree.Words(it)
	}
	if v := b.x.inForce(it.Key); v != nil && conf.ByLine(it.Key) && it.Value != "" {
		if it.State == conf.Counts && !slices.Contains(v.Runs, it.Value) {
			r.Note, r.Warn, r.said = "not in force yet", true, true
		}
		return
	}
	if b.last[it.Key] != i {
		return
	}
	if v := b.x.inForce(it.Key); v != nil {
		b.shown[it.Key] = true
		r.Note, r.Warn, r.said = "runs with "+b.x.valueWords(v), true, true
	}
}

// elsewhere adds what the container runs with and no file says.
func (b *confLines) elsewhere() {
	head := false
	for i := range b.x.got.InForce {
		v := &b.x.got.InForce[i]
		runs := *v
		if conf.ByLine(v.Key) {
			runs.Runs = slices.DeleteFunc(slices.Clone(v.Runs), func(one string) bool { return slices.Contains(v.File, one) })
		} else if _, said := b.last[v.Key]; said || b.shown[v.Key] {
			continue // a line has it, be it in a file that is folded
		}
		if len(runs.Runs) == 0 {
			continue
		}
		if !head {
			head = true
			r := confRow{item: -1}
			r.Role, r.Text = views.Header, "In force, and in no file any more"
			b.x.rows = append(b.x.rows, r)
		}
		r := confRow{item: -1, key: v.Key, said: true}
		r.Role, r.Sign, r.Text = views.Warn, "?", v.Key+" = "+b.x.valueWords(&runs)
		b.x.rows = append(b.x.rows, r)
	}
}

// inForce is what a key runs with, where that differs; nil = it does not.
func (x *confView) inForce(key string) *runtime.ConfigInForce {
	i := slices.IndexFunc(x.got.InForce, func(v runtime.ConfigInForce) bool { return v.Key == key })
	if i < 0 {
		return nil
	}
	return &x.got.InForce[i]
}

// valueWords are the values of a key in the running container.
func (x *confView) valueWords(v *runtime.ConfigInForce) string {
	if len(v.Runs) == 0 {
		if k, ok := conf.Lookup(v.Key); ok && k.Default != "" {
			return "the default, " + k.Default
		}
		return "nothing"
	}
	var out []string
	for _, value := range v.Runs {
		if !x.secrets {
			value = conf.Hide(value, conf.SecretsOf(v.Key, value))
		}
		out = append(out, value)
	}
	return strings.Join(out, ", ")
}

// about says what the line under the cursor means, and what is said of it.
func (x *confView) about(r *confRow) []string {
	first, second := "", ""
	if r.key != "" {
		first = keyWords(r.key)
	}
	for i := range x.tree.Problems {
		if p := &x.tree.Problems[i]; r.line > 0 && p.Node == r.node && p.Line == r.line {
			second = p.Err.Error()
			break
		}
	}
	if f := x.fault; f != nil && r.node == 0 && r.line > 0 && f.Line == r.line {
		second = f.Why
	}
	switch v := x.inForce(r.key); {
	case second != "" || r.key == "":
	case v != nil && v.Later:
		second = "The container runs with " + x.valueWords(v) + " until its next start."
	case v != nil:
		second = "Read from the file when it is needed: no restart."
	case r.item >= 0 && r.Note != "":
		second = r.Note
	}
	return slices.DeleteFunc([]string{second, first}, func(words string) bool { return words == "" })
}

// keyWords are what a key means, in a line.
func keyWords(key string) string {
	k, ok := conf.Lookup(key)
	if !ok {
		return key + ": not in lxcdeck's table of keys"
	}
	words := key + ": " + k.Means
	if k.Default != "" {
		words += " Without it: " + k.Default + "."
	}
	switch k.Effect {
	case conf.AtStart:
		words += " Taken with the next start."
	case conf.CanApply:
		words += " Taken with the next start; lxc-cgroup sets it at once."
	}
	return words
}

// sameText says whether the draft is what was read.
func (x *confView) sameText() bool { return bytes.Equal(x.draft, x.base) }
