package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// What is taken of one config with all that it includes.
const (
	MaxDepth    = 16      // includes within includes
	MaxFiles    = 512     // files and directories
	MaxTotal    = 8 << 20 // bytes
	MaxProblems = 1000
)

// Why an include is not followed.
var (
	ErrLoop    = errors.New("includes itself")
	ErrTooMany = errors.New("too many includes")
)

// Opened is what stands at a path.
type Opened struct {
	Real  string   // the path without links, by which loops are found; "" = the path itself
	Text  []byte   // of a file
	Dir   bool     // it is a directory
	Names []string // of a directory, in the order in which the system gives them
}

// Opener reads what stands at a path: of a file MaxSize bytes and one more at
// most. What is not there is an fs.ErrNotExist.
type Opener func(path string) (Opened, error)

// Options are what a resolution goes by.
type Options struct {
	Supports func(key string) bool // says whether this liblxc has a key; nil = the table does
}

// Node is one file or directory of a config.
type Node struct {
	Path   string // as it is named
	Real   string
	Dir    bool
	File   *File // nil: a directory, or it cannot be read
	Err    error // why it cannot be read or followed
	Depth  int
	Parent int // of Tree.Nodes; -1 = it is the config itself
	Line   int // of the parent, from 1
}

// Item is one setting of a config, in the order in which liblxc takes them.
type Item struct {
	Node  int // of Tree.Nodes
	Line  int // of the node's file, from 1
	Key   string
	Value string
	State State
	By    int // the item of Tree.Items that State is due to; -1 = none
}

// Problem is what is wrong with a line.
type Problem struct {
	Node  int
	Line  int // from 1; 0 = the file as a whole
	Key   string
	Fatal bool // liblxc does not load the config; else it is advice
	Err   error
}

// Tree is a config with all that it includes.
type Tree struct {
	Nodes    []Node // in the order in which they are read; the first is the config
	Items    []Item
	Problems []Problem // by node and line, those of a line in their order
	More     int       // problems beyond MaxProblems
}

// Where names an item's file and line.
func (t *Tree) Where(item int) (file string, line int) {
	it := &t.Items[item]
	return t.Nodes[it.Node].Path, it.Line
}

// Of are the items of a key that count, the values in force among them.
func (t *Tree) Of(key string) []int {
	var out []int
	for i := range t.Items {
		if it := &t.Items[i]; it.Key == key && (it.State == Counts || it.State == Partly) {
			out = append(out, i)
		}
	}
	return out
}

// Fatal is the first thing for which liblxc refuses the config; nil = none is known.
func (t *Tree) Fatal() *Problem {
	if i := slices.IndexFunc(t.Problems, func(p Problem) bool { return p.Fatal }); i >= 0 {
		return &t.Problems[i]
	}
	return nil
}

// Resolve reads a config and all that it includes, and says of every setting
// whether it counts. It comes to an end on every input, and gives what it could
// read also where something is wrong.
func Resolve(path string, open Opener, o Options) *Tree {
	r := resolver{open: open, opt: o, left: MaxTotal}
	r.visit(path, nil, -1, 0)
	e := newEffects(&r)
	for i := range r.tree.Items {
		e.take(i)
	}
	slices.SortStableFunc(r.tree.Problems, func(a, b Problem) int {
		if a.Node != b.Node {
			return a.Node - b.Node
		}
		return a.Line - b.Line
	})
	return &r.tree
}

// WithFile is an Opener that gives a file as it is edited just now for one path,
// and asks another for all others.
func WithFile(path string, f *File, open Opener) Opener {
	return func(p string) (Opened, error) {
		if p == path {
			return Opened{Real: path, Text: f.Bytes()}, nil
		}
		return open(p)
	}
}

type resolver struct {
	tree Tree
	open Opener
	opt  Options
	left int // bytes that may still be read
}

func (r *resolver) problem(node, line int, key string, fatal bool, err error) {
	if len(r.tree.Problems) == MaxProblems {
		r.tree.More++
		return
	}
	r.tree.Problems = append(r.tree.Problems, Problem{node, line, key, fatal, err})
}

// advice is a problem that liblxc does not mind.
func (r *resolver) advice(item int, err error) {
	if it := &r.tree.Items[item]; err != nil {
		r.problem(it.Node, it.Line, it.Key, false, err)
	}
}

// refuse is a setting that liblxc refuses the config for.
func (r *resolver) refuse(item int, state State, err error) {
	it := &r.tree.Items[item]
	it.State = state
	r.problem(it.Node, it.Line, it.Key, true, err)
}

// visit reads what stands at a path. above are the real paths that lead to it.
func (r *resolver) visit(path string, above []string, parent, line int) {
	depth := len(above)
	bad := func(err error) { r.problem(parent, line, "lxc.include", true, err) }
	if parent < 0 {
		bad = func(err error) { r.problem(0, 0, "", true, err) }
	}
	switch {
	case depth > MaxDepth:
		bad(fmt.Errorf("%w: %s is more than %d deep", ErrTooMany, path, MaxDepth))
		return
	case len(r.tree.Nodes) >= MaxFiles:
		bad(fmt.Errorf("%w: more than %d files", ErrTooMany, MaxFiles))
		return
	case r.left <= 0:
		bad(fmt.Errorf("%w: more than %d bytes", ErrTooMany, MaxTotal))
		return
	}
	at := len(r.tree.Nodes)
	node := Node{Path: path, Real: path, Depth: depth, Parent: parent, Line: line}
	got, err := r.open(path)
	if parent >= 0 && strings.HasSuffix(path, "/") && errors.Is(err, fs.ErrNotExist) {
		// No mistake to liblxc (do_includedir): LXC's own userns.conf ends with the
		// include of a directory that some distributions do not install.
		node.Dir = true
		r.tree.Nodes = append(r.tree.Nodes, node)
		return
	}
	if got.Real != "" {
		node.Real = got.Real
	}
	switch {
	case err != nil:
		node.Err = err
	case slices.Contains(above, node.Real):
		node.Err = fmt.Errorf("%w: %s", ErrLoop, node.Real)
	case got.Dir && parent < 0:
		node.Err = fmt.Errorf("%s is a directory", path)
	}
	node.Dir = got.Dir
	r.tree.Nodes = append(r.tree.Nodes, node)
	if node.Err != nil {
		bad(node.Err)
		return
	}
	above = append(above[:depth:depth], node.Real)
	if got.Dir {
		r.left -= len(got.Names) // no directory is free
		r.directory(at, path, got.Names, above)
		return
	}
	r.left -= len(got.Text) + 1
	r.tree.Nodes[at].File = Parse(path, got.Text)
	r.lines(at, above)
}

// directory visits what liblxc reads of an included directory (do_includedir).
func (r *resolver) directory(at int, dir string, names, above []string) {
	for _, name := range names {
		if len(name) < len("x.conf") || !strings.HasSuffix(name, ".conf") {
			continue
		}
		if len(r.tree.Nodes) >= MaxFiles {
			r.problem(at, 0, "", true, fmt.Errorf("%w: more than %d files", ErrTooMany, MaxFiles))
			return
		}
		r.visit(filepath.Join(dir, name), above, at, 0)
	}
}

// lines takes the settings of a file, and visits its includes.
func (r *resolver) lines(at int, above []string) {
	f := r.tree.Nodes[at].File
	if f.Err != nil {
		r.problem(at, 0, "", errors.Is(f.Err, ErrTooLong), f.Err)
	}
	for i := range f.Lines {
		l, n := &f.Lines[i], i+1
		switch l.Kind {
		case Broken:
			r.problem(at, n, "", true, errors.New("it has no = in it"))
		case Foreign:
			r.problem(at, n, "", false, errors.New("it does not begin with lxc. and is passed over"))
		case Setting:
			r.tree.Items = append(r.tree.Items, Item{Node: at, Line: n, Key: l.Key, Value: l.Value, By: -1})
			if l.Key != "lxc.include" || l.Value == "" {
				continue
			}
			if !filepath.IsAbs(l.Value) {
				r.problem(at, n, l.Key, true, fmt.Errorf("%q is not absolute: liblxc would look for it where it was started", l.Value))
				continue
			}
			r.visit(l.Value, above, at, n)
		}
	}
}

// Why is what liblxc refuses a line of the config itself for, as far as it is known.
func (t *Tree) Why(line int) string {
	for _, p := range t.Problems {
		if p.Fatal && p.Node == 0 && p.Line == line {
			return p.Err.Error()
		}
	}
	return ""
}
