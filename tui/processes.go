package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

const (
	// rateOver is the time that rates are taken over at least, if readings go
	// back as far: the kernel counts processor time in hundredths of a second.
	rateOver = 900 * time.Millisecond
	// firstPause is that between the first two readings: there are no rates
	// before the second.
	firstPause = 500 * time.Millisecond
	// readShare is which part of the time is spent reading at most.
	readShare = 4
)

// procWish is how processes are shown: the next view begins with it.
type procWish struct {
	flat    bool
	sort    string // of views.ProcessColumns; "" = by pid
	reverse bool   // the other way round than the column's own direction
}

func (w *procWish) column() views.ProcessColumn {
	all := views.ProcessColumns()
	i := slices.IndexFunc(all, func(c views.ProcessColumn) bool { return c.ID == w.sort })
	return all[max(0, i)]
}

func (w *procWish) desc() bool { return w.column().Down != w.reverse }

// procKey is a process, whoever gets its pid later.
type procKey struct {
	pid   int
	begin uint64
}

func procOf(p *runtime.Process) procKey { return procKey{p.PID, p.Begin} }

// procView shows the processes of a container. It reads them at the sampling
// interval, as long as it is open.
type procView struct {
	reader
	ref      runtime.Ref
	list     runtime.ProcessList
	units    bool          // some process of it is in a unit
	past     []procReading // the newest last
	rates    map[procKey]procRate
	err      error
	over     string // the container does not run any more, or runs anew; "" = nothing of that kind
	filter   procFilter
	line     *textLine // the filter while it is typed
	before   string    // what it was before
	wrong    error
	rows     []views.ProcessItem
	on       procKey // what is under the cursor: it keeps it when rows move
	at, top  int
	full     bool // the process under the cursor fills the screen
	fullTop  int
	fullOver bool // it has ended since
}

// procReading is what rates need of an earlier reading.
type procReading struct {
	at  time.Time
	cpu map[procKey]runtime.Value
}

// procRate is what a process takes, and that smoothed, which rows are sorted by.
type procRate struct {
	cpu   runtime.Rate
	order float64
}

func (m *Model) processHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(f func(*procView) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if x := m.processesOpen(); x != nil {
				return f(x)
			}
			return nil
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.ProcessList: m.openProcesses,
		keymap.Who:         m.openWho,
		keymap.ProcOpen:    on(func(x *procView) tea.Cmd { return x.openFull(m) }),
		keymap.ProcTree:    on(func(x *procView) tea.Cmd { return x.switchTree(m) }),
		keymap.ProcSort:    on(func(x *procView) tea.Cmd { return x.sortPicker(m) }),
		keymap.ProcLeft:    on(func(x *procView) tea.Cmd { return x.sortStep(m, -1) }),
		keymap.ProcRight:   on(func(x *procView) tea.Cmd { return x.sortStep(m, 1) }),
		keymap.ProcFlip:    on(func(x *procView) tea.Cmd { m.procs.reverse = !m.procs.reverse; return x.arranged(m) }),
		keymap.ProcFilter:  on(func(x *procView) tea.Cmd { return x.openFilter() }),
		keymap.ProcSignal:  on(func(x *procView) tea.Cmd { return x.signalPicker(m) }),
		keymap.ProcCopy:    on(func(x *procView) tea.Cmd { return x.copyMenu(m) }),
	}
}

// openProcesses shows those of the selected container.
func (m *Model) openProcesses() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	return m.showProcesses(c.Ref, procKey{})
}

// showProcesses shows those of a container, the cursor on one of them.
func (m *Model) showProcesses(ref runtime.Ref, on procKey) tea.Cmd {
	x := &procView{ref: ref, on: on, rates: map[procKey]procRate{}}
	m.overlay = x
	return x.fetch(m)
}

// processesOpen is the view, be it below something else; nil = it is not open.
func (m *Model) processesOpen() *procView {
	return opened[*procView](m)
}

// fetch reads the processes off the loop. A container that is known to stand
// still is not asked.
func (x *procView) fetch(m *Model) tea.Cmd {
	if x.out {
		return nil
	}
	if why := x.still(m); why != "" {
		x.forget(why)
		x.gen++ // the timer that runs by now is a stranger
		return next(m, x, m.interval)
	}
	q := runtime.ProcessQuery{}
	if x.full {
		q.PSS = x.on.pid
	}
	rt, ref := m.rt, x.ref
	return fetch(m, x, "processes", readDeadline, func(ctx context.Context) (runtime.ProcessList, error) {
		return rt.Processes(ctx, ref, q)
	})
}

// still says why there is nothing to read; "" = there may be.
func (x *procView) still(m *Model) string {
	c := m.byRef(x.ref)
	switch {
	case m.isGone(x.ref):
		return m.called(x.ref) + " is gone"
	case c != nil && c.State == runtime.Stopped:
		if x.list.InitPID != 0 || x.over != "" {
			return m.called(x.ref) + " has stopped"
		}
		return m.called(x.ref) + " is stopped: it has no processes"
	}
	return ""
}

// forget empties the view of a container that does not run.
func (x *procView) forget(why string) {
	x.over, x.err = why, nil
	x.list, x.past, x.rows = runtime.ProcessList{}, nil, nil
	x.rates = map[procKey]procRate{}
	x.fullOver = x.full
}

func (x *procView) due(m *Model) tea.Cmd {
	if m.held { // what stands still needs no figures
		return next(m, x, m.interval)
	}
	return x.fetch(m)
}

func (x *procView) took(m *Model, list runtime.ProcessList, err error) tea.Cmd {
	pause := x.pause(m)
	switch {
	case errors.Is(err, runtime.ErrWrongState), errors.Is(err, runtime.ErrNotFound):
		had := x.list.InitPID != 0 || x.over != ""
		x.forget(m.called(x.ref) + " does not run")
		if had {
			x.over = m.called(x.ref) + " has stopped"
		}
	case err != nil:
		x.err = err // what was read before stays
	default:
		if len(x.past) == 0 {
			pause = min(pause, firstPause)
		}
		x.take(m, list)
	}
	x.arrange(m)
	return next(m, x, pause)
}

// take makes rates of a new reading and those before it.
func (x *procView) take(m *Model, list runtime.ProcessList) {
	switch {
	case x.list.InitPID != 0 && x.list.InitPID != list.InitPID:
		x.forget("")
		x.over = m.called(x.ref) + " was started anew"
	case x.list.InitPID == 0 && x.over != "":
		x.over = m.called(x.ref) + " was started anew"
	}
	x.err, x.list = nil, list
	x.units = slices.ContainsFunc(list.Processes, func(p runtime.Process) bool { return p.Unit != "" })
	from := x.base(list.At)
	now := procReading{list.At, make(map[procKey]runtime.Value, len(list.Processes))}
	rates := make(map[procKey]procRate, len(list.Processes))
	for i := range list.Processes {
		p := &list.Processes[i]
		k := procOf(p)
		now.cpu[k] = p.CPU
		var r procRate
		if from != nil {
			var before *runtime.Process
			if cpu, ok := from.cpu[k]; ok {
				before = &runtime.Process{PID: p.PID, Begin: p.Begin, CPU: cpu}
			}
			r.cpu = runtime.ProcessCPU(before, p, from.at, list.At)
		}
		r.order = r.cpu.Or(0)
		if old, ok := x.rates[k]; ok && from != nil && len(x.past) > 1 {
			r.order = (r.order + 2*old.order) / 3 // rows must not jump
		}
		rates[k] = r
	}
	x.rates = rates
	x.past = append(x.past, now)
}

// base is the reading that rates are counted from: the newest that is old
// enough, else the oldest there is; nil = there is none. Those before it are
// let go.
func (x *procView) base(now time.Time) *procReading {
	for len(x.past) > 1 && now.Sub(x.past[1].at) >= rateOver {
		x.past = x.past[1:]
	}
	if len(x.past) == 0 {
		return nil
	}
	from := x.past[0]
	return &from
}

// process is what is under the cursor; nil = nothing is.
func (x *procView) process() *runtime.Process {
	if x.at < len(x.rows) {
		return x.rows[x.at].P
	}
	return nil
}

func (x *procView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	if len(x.rows) > 0 {
		x.over = "" // it was read
	}
	switch {
	case x.line != nil:
		return x.typing(m, k)
	case x.full:
		return x.fullKey(m, k)
	}
	a, ok := m.keys.Lookup(keymap.Processes, k.String())
	if !ok {
		return nil
	}
	if a.Scope == keymap.Processes {
		return m.handlers[a.ID]()
	}
	page := max(1, x.room(m)/2)
	if to, ok := stepped(a.ID, x.at, page, len(x.rows)); ok {
		return x.move(m, to)
	}
	switch a.ID {
	case keymap.Back:
		if x.filter.text != "" {
			return x.setFilter(m, "")
		}
		return x.leave(m)
	case keymap.Quit, keymap.Interrupt:
		return x.leave(m)
	case keymap.Refresh:
		return x.fetch(m)
	case keymap.Faster, keymap.Slower, keymap.FreezeView:
		return m.do(a)
	}
	return m.aside(x, keymap.Processes, a, x.leave)
}

func (x *procView) move(m *Model, to int) tea.Cmd {
	x.at = max(0, min(to, len(x.rows)-1))
	if p := x.process(); p != nil {
		x.on = procOf(p)
	}
	x.scroll(m)
	return nil
}

// paste goes into the filter.
func (x *procView) paste(m *Model, text string) bool {
	if x.line == nil {
		return false
	}
	x.line.insert(text)
	x.typed(m)
	return true
}

// room is how many processes are in sight.
func (x *procView) room(m *Model) int {
	return views.ProcessRows(x.state(m), m.layout.H)
}

func (x *procView) scroll(m *Model) { x.top = views.Scroll(x.at, x.top, len(x.rows), x.room(m)) }
