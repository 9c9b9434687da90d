package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// arrange filters, sorts and hangs the processes up anew; the cursor stays on
// its process, or goes to what took its place.
func (x *procView) arrange(m *Model) {
	kept := make([]*runtime.Process, 0, len(x.list.Processes))
	for i := range x.list.Processes {
		if p := &x.list.Processes[i]; x.filter.keeps(p, x.rates[procOf(p)].cpu) {
			kept = append(kept, p)
		}
	}
	by := x.compare(m.procs.column().ID, m.procs.desc())
	x.rows = x.rows[:0:0]
	if m.procs.flat || x.filter.text != "" {
		slices.SortFunc(kept, by)
		for _, p := range kept {
			x.rows = append(x.rows, views.ProcessItem{P: p, CPU: x.rates[procOf(p)].cpu})
		}
	} else {
		for _, b := range runtime.ProcessTree(kept, by) {
			x.rows = append(x.rows, views.ProcessItem{P: b.Process, CPU: x.rates[procOf(b.Process)].cpu, Tree: b.Signs})
		}
	}
	i := slices.IndexFunc(x.rows, func(r views.ProcessItem) bool { return procOf(r.P) == x.on })
	if i >= 0 {
		x.at = i
	}
	if x.full {
		x.fullOver = i < 0
	}
	x.at = max(0, min(x.at, len(x.rows)-1))
	if p := x.process(); p != nil && !x.full { // all about one that has ended stays that one's
		x.on = procOf(p)
	}
	x.scroll(m)
}

func (x *procView) arranged(m *Model) tea.Cmd {
	x.arrange(m)
	return nil
}

// switchTree shows the tree, or no tree. What a filter leaves has none.
func (x *procView) switchTree(m *Model) tea.Cmd {
	if x.filter.text != "" {
		m.say(noteInfo, "what fits a filter has no tree: "+m.keys.KeyOf(keymap.Back)+" clears it first", "")
		return nil
	}
	m.procs.flat = !m.procs.flat
	return x.arranged(m)
}

// compare orders processes by a column; pids decide where that does not.
func (x *procView) compare(id string, desc bool) func(a, b *runtime.Process) int {
	one := func(a, b *runtime.Process) int {
		switch id {
		case views.ProcInner:
			return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Inner, b.Inner))
		case views.ProcUser:
			return cmp.Or(strings.Compare(a.User, b.User), cmp.Compare(a.InnerUID, b.InnerUID))
		case views.ProcHost:
			return cmp.Or(strings.Compare(a.HostUser, b.HostUser), cmp.Compare(a.UID, b.UID))
		case views.ProcState:
			return cmp.Compare(a.State, b.State)
		case views.ProcCPU:
			return cmp.Compare(x.rates[procOf(a)].order, x.rates[procOf(b)].order)
		case views.ProcMem:
			return cmp.Compare(a.RSS.Or(0), b.RSS.Or(0))
		case views.ProcTime:
			return cmp.Compare(a.CPU.Or(0), b.CPU.Or(0))
		case views.ProcThreads:
			return cmp.Compare(a.Threads, b.Threads)
		case views.ProcUnit:
			return strings.Compare(a.Unit, b.Unit)
		case views.ProcCommand:
			return strings.Compare(a.Title(), b.Title())
		default:
			return cmp.Compare(a.PID, b.PID)
		}
	}
	return func(a, b *runtime.Process) int {
		c := one(a, b)
		if desc {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.PID, b.PID))
	}
}

// procFilter is the parsed text of a filter of processes: all words must hold.
//
//	text                  part of the command, name, user or unit, or the pid
//	!text                 not that
//	user: unit: state: pid:  part of that one
//	cpu>50 mem>100m       comparisons
type procFilter struct {
	text  string
	words []procWord
}

type procWord struct {
	not   bool
	match func(*runtime.Process, runtime.Rate) bool
}

func (f *procFilter) keeps(p *runtime.Process, cpu runtime.Rate) bool {
	for i := range f.words {
		if f.words[i].match(p, cpu) == f.words[i].not {
			return false
		}
	}
	return true
}

// parseProcFilter reads the prompt's text; the words before one that is not
// understood still count.
func parseProcFilter(text string) (procFilter, error) {
	f := procFilter{text: strings.TrimSpace(text)}
	for _, word := range strings.Fields(text) {
		w := procWord{}
		if rest, ok := strings.CutPrefix(word, "!"); ok {
			w.not, word = true, rest
		}
		if word == "" {
			continue
		}
		var err error
		if w.match, err = procMatch(word); err != nil {
			return f, err
		}
		f.words = append(f.words, w)
	}
	return f, nil
}

func procMatch(word string) (func(*runtime.Process, runtime.Rate) bool, error) {
	low := strings.ToLower(word)
	if key, want, ok := strings.Cut(low, ":"); ok {
		switch key {
		case "user":
			return func(p *runtime.Process, _ runtime.Rate) bool {
				return contains(p.User, want) || contains(p.HostUser, want) || strconv.Itoa(p.InnerUID) == want || strconv.Itoa(p.UID) == want
			}, nil
		case "unit":
			return func(p *runtime.Process, _ runtime.Rate) bool { return contains(p.Unit, want) }, nil
		case "state":
			return func(p *runtime.Process, _ runtime.Rate) bool {
				return want == "" || strings.EqualFold(string(rune(p.State)), want)
			}, nil
		case "pid":
			return func(p *runtime.Process, _ runtime.Rate) bool {
				return want == "" || strconv.Itoa(p.PID) == want || strconv.Itoa(p.Inner) == want
			}, nil
		}
	}
	if i := strings.IndexAny(low, "<>"); i > 0 && (low[:i] == "cpu" || low[:i] == "mem") {
		return procCompare(word, low[:i], low[i], strings.TrimPrefix(low[i+1:], "="))
	}
	return func(p *runtime.Process, _ runtime.Rate) bool {
		return contains(p.Title(), low) || contains(p.Name, low) || contains(p.User, low) || contains(p.Unit, low) ||
			strconv.Itoa(p.PID) == low || strconv.Itoa(p.Inner) == low
	}, nil
}

func procCompare(word, key string, op byte, figure string) (func(*runtime.Process, runtime.Rate) bool, error) {
	if figure == "" {
		return func(*runtime.Process, runtime.Rate) bool { return true }, nil // still being typed
	}
	limit, err := views.ParseFigure(figure)
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", word, err)
	}
	return func(p *runtime.Process, cpu runtime.Rate) bool {
		v, ok := cpu.Get()
		if key == "mem" {
			var n uint64
			n, ok = p.RSS.Get()
			v = float64(n)
		}
		if op == '>' {
			return ok && v > limit
		}
		return ok && v < limit
	}, nil
}

// openFilter lets the filter be typed; it filters as it is typed.
func (x *procView) openFilter() tea.Cmd {
	x.before, x.line = x.filter.text, &textLine{}
	x.line.set(x.filter.text)
	return nil
}

// typing is a key in the filter: enter keeps it, esc takes back what was typed.
func (x *procView) typing(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); {
	case s == "enter":
		x.line, x.wrong = nil, nil
	case s == "esc" || s == "ctrl+c" || s == "backspace" && len(x.line.text) == 0:
		back := x.before
		if s == "backspace" {
			back = ""
		}
		x.line, x.wrong = nil, nil
		return x.setFilter(m, back)
	case s == "up" || s == "down":
		x.move(m, x.at+map[string]int{"up": -1, "down": 1}[s])
	case x.line.key(k):
		x.typed(m)
	}
	return nil
}

func (x *procView) typed(m *Model) {
	x.filter, x.wrong = parseProcFilter(x.line.String())
	x.arrange(m)
}

func (x *procView) setFilter(m *Model, text string) tea.Cmd {
	x.filter, _ = parseProcFilter(text) // as far as it is understood, which was said while it was typed
	return x.arranged(m)
}

// sortPicker offers every column, shown or not.
func (x *procView) sortPicker(m *Model) tea.Cmd {
	pick := &menu{title: "Sort by", note: "enter sorts, esc leaves"}
	for i, c := range views.ProcessColumns() {
		if c.ID == m.procs.column().ID {
			pick.at = i
		}
		pick.items = append(pick.items, choice{label: c.Long, hint: c.Title, pick: func() tea.Cmd { return x.sortBy(m, c.ID) }})
	}
	m.overlay = &upon{pick, x}
	return nil
}

func (x *procView) sortBy(m *Model, id string) tea.Cmd {
	m.procs.sort, m.procs.reverse = id, false
	return x.arranged(m)
}

// sortStep sorts by the column to the left or right of the sorted one, of
// those on screen.
func (x *procView) sortStep(m *Model, by int) tea.Cmd {
	cols := views.VisibleProcessColumns(m.layout.W, x.units)
	i := slices.IndexFunc(cols, func(c views.ProcessColumn) bool { return c.ID == m.procs.column().ID })
	if i < 0 && by < 0 {
		i = 0
	}
	return x.sortBy(m, cols[(i+by+len(cols))%len(cols)].ID)
}

func contains(s, low string) bool { return strings.Contains(strings.ToLower(s), low) }
