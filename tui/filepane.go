package tui

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// The sides of the view.
const (
	hostSide = iota
	innerSide
)

// filePane is one side: a folder, and where in it one is.
type filePane struct {
	dir    string // of what is shown, or of what could not be read
	folder runtime.Folder
	read   bool // folder is what dir has
	err    error
	rows   []views.FileRow
	at     int
	top    int
	on     string // name under the cursor: it keeps it when rows move
	marks  map[string]bool
	filter string
	hidden int // entries that are not shown because of their names

	gen   int  // of the last reading
	out   bool // it is out
	going goTo // where it leads; dir = where one is: it reads again
	began time.Time
	stop  context.CancelFunc
}

// goTo is a folder that one goes to.
type goTo struct {
	dir  string
	on   string // name the cursor is put on; "" = the first, or where it was
	stay bool   // when it cannot be read one stays where one is
}

// moving says whether another folder is being read than the one that is shown.
func (p *filePane) moving() bool { return p.out && p.going.dir != p.dir }

// arrange lays out what is wanted of the folder; the cursor stays on what it is on.
func (p *filePane) arrange(by views.FileSort, dots bool) {
	p.rows, p.hidden = p.rows[:0:0], 0
	if !p.read {
		return
	}
	part := strings.ToLower(p.filter)
	for i := range p.folder.Entries {
		e := &p.folder.Entries[i]
		switch {
		case !dots && strings.HasPrefix(e.Name, "."):
			p.hidden++
		case part == "" || strings.Contains(strings.ToLower(e.Name), part):
			p.rows = append(p.rows, views.FileRow{E: e, Marked: p.marks[e.Name]})
		}
	}
	slices.SortStableFunc(p.rows, func(a, b views.FileRow) int { return fileOrder(a.E, b.E, by) })
	if i := slices.IndexFunc(p.rows, func(r views.FileRow) bool { return r.E.Name == p.on }); i >= 0 {
		p.at = i
	}
	p.move(p.at)
}

// fileOrder says which of two stands first: folders before all else.
func fileOrder(a, b *runtime.FileEntry, by views.FileSort) int {
	if x, y := a.Kind == runtime.FileFolder, b.Kind == runtime.FileFolder; x != y {
		if x {
			return -1
		}
		return 1
	}
	n := 0
	switch by {
	case views.FilesBySize:
		n = cmp.Compare(b.Size.Or(0), a.Size.Or(0))
	case views.FilesByTime:
		n = b.Changed.Compare(a.Changed)
	}
	return cmp.Or(n, strings.Compare(a.Name, b.Name))
}

func (p *filePane) move(to int) {
	p.at = max(0, min(to, len(p.rows)-1))
	if len(p.rows) > 0 {
		p.on = p.rows[p.at].E.Name
	}
}

// entry is what is under the cursor; nil = nothing is.
func (p *filePane) entry() *runtime.FileEntry {
	if p.at < 0 || p.at >= len(p.rows) {
		return nil
	}
	return p.rows[p.at].E
}

// chosen are the marked entries, shown or not, or else the one under the cursor.
func (p *filePane) chosen() []*runtime.FileEntry {
	var out []*runtime.FileEntry
	for i := range p.folder.Entries {
		if e := &p.folder.Entries[i]; p.marks[e.Name] {
			out = append(out, e)
		}
	}
	if e := p.entry(); len(out) == 0 && e != nil {
		out = append(out, e)
	}
	return out
}

// mark sets or takes a mark.
func (p *filePane) mark(name string, on bool) {
	if p.marks == nil {
		p.marks = map[string]bool{}
	}
	if on {
		p.marks[name] = true
	} else {
		delete(p.marks, name)
	}
	for i := range p.rows {
		p.rows[i].Marked = p.marks[p.rows[i].E.Name]
	}
}

// unmark takes the marks of what paths name.
func (p *filePane) unmark(paths []string) {
	for _, name := range paths {
		delete(p.marks, path.Base(name))
	}
	for i := range p.rows {
		p.rows[i].Marked = p.marks[p.rows[i].E.Name]
	}
}

// took shows a folder that was read; marks of what is not there any more go.
func (p *filePane) took(f runtime.Folder) {
	if f.Path != p.dir || !p.read {
		p.marks, p.filter, p.on, p.at, p.top = nil, "", "", 0, 0
	}
	p.dir, p.folder, p.read, p.err = f.Path, f, true, nil
	if p.going.on != "" {
		p.on = p.going.on
	}
	if len(p.marks) == 0 {
		return
	}
	there := map[string]bool{}
	for i := range f.Entries {
		if name := f.Entries[i].Name; p.marks[name] {
			there[name] = true
		}
	}
	p.marks = there
}

// failed shows why a folder cannot be read.
func (p *filePane) failed(err error) {
	p.dir, p.err, p.read = p.going.dir, err, false
	p.folder, p.rows, p.marks, p.filter, p.hidden = runtime.Folder{}, nil, nil, "", 0
	p.on, p.at, p.top = "", 0, 0
}

// above is the folder above, and what of it this one is; false = there is none.
func (p *filePane) above() (goTo, bool) {
	if p.dir == "/" || p.dir == "" {
		return goTo{}, false
	}
	clean := path.Clean(p.dir)
	return goTo{dir: path.Dir(clean), on: path.Base(clean)}, true
}

// filesBytes is what files take, as far as that is known: what is in folders is not.
func filesBytes(all []*runtime.FileEntry) (n uint64) {
	for _, e := range all {
		if e.Kind == runtime.FileRegular {
			n += e.Size.Or(0)
		}
	}
	return n
}

// filesWords are entries in numbers: "3 files (1.2M), 2 folders".
func filesWords(all []*runtime.FileEntry) string {
	count := map[runtime.FileKind]int{}
	for _, e := range all {
		count[e.Kind]++
	}
	var words []string
	for k := runtime.FileRegular; k <= runtime.FileDevice; k++ {
		if count[k] == 0 {
			continue
		}
		word := plural(count[k], k.String())
		if k == runtime.FileRegular {
			word += " (" + views.Bytes(filesBytes(all)) + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
