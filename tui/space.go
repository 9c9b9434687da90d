package tui

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// spaceLook is how often the view looks how far a measuring is.
const spaceLook = 250 * time.Millisecond

// spaceWish is how the room is shown: the next view begins with it.
type spaceWish struct {
	byName  bool
	reverse bool
}

// spaceFeed is where a measuring tells how far it is, under a lock of its own.
type spaceFeed struct {
	mu   sync.Mutex
	rep  runtime.SpaceReport
	news bool
}

func (f *spaceFeed) put(rep runtime.SpaceReport) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rep, f.news = rep, true
}

// take gives what was told since it was asked last.
func (f *spaceFeed) take() (runtime.SpaceReport, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news := f.news
	f.news = false
	return f.rep, news
}

// spaceView shows what takes room on disk. It measures as long as it is open.
type spaceView struct {
	reader       // out while it measures
	again   bool // once more when the one that is out has ended
	fresh   bool // and that one reads all anew
	feed    *spaceFeed
	rep     runtime.SpaceReport
	err     error
	rows    []views.SpaceRow
	on      string // key of what is under the cursor: it keeps it when rows move
	at, top int
	full    bool // all about what is under the cursor fills the screen
	fullTop int
}

func (m *Model) spaceHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(f func(*spaceView) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if x := m.spaceOpen(); x != nil {
				return f(x)
			}
			return nil
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.SpaceKey:  m.openSpace,
		keymap.SpaceOpen: on(func(x *spaceView) tea.Cmd { x.full, x.fullTop = len(x.rows) > 0, 0; return nil }),
		keymap.SpaceSort: on(func(x *spaceView) tea.Cmd { m.spaces = spaceWish{byName: !m.spaces.byName}; x.arrange(m); return nil }),
		keymap.SpaceFlip: on(func(x *spaceView) tea.Cmd { m.spaces.reverse = !m.spaces.reverse; x.arrange(m); return nil }),
		keymap.SpaceCopy: on(func(x *spaceView) tea.Cmd { return x.copyPath(m) }),
	}
}

// openSpace shows it, the cursor on the selected container.
func (m *Model) openSpace() tea.Cmd {
	x := &spaceView{}
	if c := m.selected(); c != nil {
		x.on = c.Ref.String()
	}
	m.overlay = x
	return x.fetch(m, false)
}

// spaceOpen is the view, be it below something else; nil = it is not open.
func (m *Model) spaceOpen() *spaceView {
	return opened[*spaceView](m)
}

// fetch measures off the loop, after the measuring that is out; fresh reads all anew,
// at once.
func (x *spaceView) fetch(m *Model, fresh bool) tea.Cmd {
	if x.out {
		if x.again, x.fresh = true, x.fresh || fresh; fresh {
			x.stop()
		}
		return nil
	}
	x.again, x.fresh, x.feed = false, false, &spaceFeed{}
	rt, feed := m.rt, x.feed
	measure := fetch(m, x, "space", 0, func(ctx context.Context) (runtime.SpaceReport, error) {
		return rt.Space(ctx, runtime.SpaceQuery{Fresh: fresh}, feed.put)
	})
	return tea.Batch(measure, next(m, x, spaceLook))
}

// due looks how far it is.
func (x *spaceView) due(m *Model) tea.Cmd {
	if !x.out {
		return nil
	}
	if !m.held {
		if rep, news := x.feed.take(); news && !x.again {
			x.rep = rep
			x.arrange(m)
		}
	}
	return next(m, x, spaceLook)
}

func (x *spaceView) took(m *Model, rep runtime.SpaceReport, err error) tea.Cmd {
	if x.again {
		return x.fetch(m, x.fresh)
	}
	x.err = err
	if len(rep.Containers) > 0 || err == nil {
		x.rep = rep
	}
	x.arrange(m)
	return nil
}

// spaceRowKey names what a row is about.
func spaceRowKey(r *views.SpaceRow) string {
	switch {
	case r.All:
		return "all"
	case r.C != nil:
		return r.C.Ref.String()
	case r.FS != nil:
		return "fs " + r.FS.Mount
	default:
		return "x " + r.X.Path
	}
}

// arrange sorts; the cursor stays on what it is on.
func (x *spaceView) arrange(m *Model) {
	sign := 1
	if !m.spaces.byName {
		sign = -1 // the largest first
	}
	if m.spaces.reverse {
		sign = -sign
	}
	x.rows = x.rows[:0:0]
	named := map[string]int{} // two lxcpaths may hold one of that name
	for i := range x.rep.Containers {
		named[x.rep.Containers[i].Ref.Name]++
	}
	all := &runtime.ContainerSpace{}
	for i := range x.rep.Containers {
		c := &x.rep.Containers[i]
		all.Parts = append(all.Parts, c.Parts...)
		name := c.Ref.Name
		if named[name] > 1 {
			name = c.Ref.String()
		}
		x.rows = append(x.rows, views.SpaceRow{C: c, Name: name})
	}
	by := func(size func(*views.SpaceRow) (uint64, bool), name func(*views.SpaceRow) string) func(a, b views.SpaceRow) int {
		return func(a, b views.SpaceRow) int {
			if m.spaces.byName {
				return sign * strings.Compare(name(&a), name(&b))
			}
			p, okP := size(&a)
			q, okQ := size(&b)
			switch {
			case okP != okQ && okP:
				return -1 // what is not known stands last
			case okP != okQ:
				return 1
			}
			return cmp.Or(sign*cmp.Compare(p, q), strings.Compare(name(&a), name(&b)))
		}
	}
	slices.SortStableFunc(x.rows, by(func(r *views.SpaceRow) (uint64, bool) { sum, _ := r.C.Sum(); return sum.Bytes.Get() }, func(r *views.SpaceRow) string { return r.C.Ref.String() }))
	if len(x.rows) > 1 {
		x.rows = append(x.rows, views.SpaceRow{C: all, All: true})
	}
	for i := range x.rep.FileSystems {
		x.rows = append(x.rows, views.SpaceRow{FS: &x.rep.FileSystems[i]})
	}
	first := len(x.rows)
	for i := range x.rep.Extras {
		x.rows = append(x.rows, views.SpaceRow{X: &x.rep.Extras[i]})
	}
	slices.SortStableFunc(x.rows[first:], by(func(r *views.SpaceRow) (uint64, bool) { return r.X.Room.Bytes.Get() }, func(r *views.SpaceRow) string { return r.X.Path }))
	if i := slices.IndexFunc(x.rows, func(r views.SpaceRow) bool { return spaceRowKey(&r) == x.on }); i >= 0 {
		x.at = i
	}
	x.at = max(0, min(x.at, len(x.rows)-1))
	if x.full && len(x.rows) == 0 {
		x.full = false
	}
	x.scroll(m)
}

func (x *spaceView) row() *views.SpaceRow {
	if x.at < len(x.rows) {
		return &x.rows[x.at]
	}
	return nil
}

func (x *spaceView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	if x.full {
		n, page := m.theme.TextHeight(x.fullState(m), m.layout.W, m.layout.H)
		top, done := scrollKey(k.String(), x.fullTop, n, page)
		x.fullTop, x.full = top, !done
		return nil
	}
	a, ok := m.keys.Lookup(keymap.Space, k.String())
	if !ok {
		return nil
	}
	if a.Scope == keymap.Space {
		return m.handlers[a.ID]()
	}
	page := max(1, views.SpaceRows(x.state(m), m.layout.H)/2)
	if to, ok := stepped(a.ID, x.at, page, len(x.rows)); ok {
		return x.move(m, to)
	}
	switch a.ID {
	case keymap.Back, keymap.Quit, keymap.Interrupt:
		return x.leave(m)
	case keymap.Refresh:
		return x.fetch(m, true)
	case keymap.FreezeView:
		return m.do(a)
	}
	return m.aside(x, keymap.Space, a, x.leave)
}

func (x *spaceView) move(m *Model, to int) tea.Cmd {
	x.at = max(0, min(to, len(x.rows)-1))
	if r := x.row(); r != nil {
		x.on = spaceRowKey(r)
	}
	x.scroll(m)
	return nil
}

func (x *spaceView) scroll(m *Model) { x.top = views.SpaceScroll(x.state(m), m.layout.H) }

// paste is not for it.
func (*spaceView) paste(*Model, string) bool { return false }

// copyPath copies the path of what is under the cursor, as a shell takes it.
func (x *spaceView) copyPath(m *Model) tea.Cmd {
	r := x.row()
	var path string
	switch {
	case r == nil || r.All:
		return nil
	case r.C != nil:
		path = r.C.Ref.String()
	case r.FS != nil:
		path = r.FS.Mount
	default:
		path = r.X.Path
	}
	text := views.Clean(runtime.ShellQuote(path)) // a line end in it would be one where it is pasted
	m.say(noteInfo, "copied: "+text, "")
	return tea.SetClipboard(text)
}

// note is one sentence on the whole.
func (x *spaceView) note() string {
	switch {
	case x.err != nil && !errors.Is(x.err, runtime.ErrCancelled):
		return x.err.Error()
	case len(x.rep.Problems) > 0:
		return x.rep.Problems[0]
	default:
		return ""
	}
}
