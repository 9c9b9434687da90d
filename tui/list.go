package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

const (
	// listDeadline is how long one look at all lxcpaths may take. The runtime
	// keeps shorter deadlines for each container.
	listDeadline = 15 * time.Second
	// relistEvery is the safety look although the watch is whole.
	relistEvery = 60 * time.Second
	// pollEvery is the look when it is not.
	pollEvery = 2 * time.Second
	// listRest is how long the list rests at most between two looks, however many
	// changes are announced: with gather it is what an announced change may take.
	// Below that it rests three times as long as a look takes, so that a batch of
	// a hundred starts is not slowed down by being looked at.
	listRest = 50 * time.Millisecond
	// batchRest is that time while a batch is under way that has not turns for all
	// at once: how far it is, its jobs tell. It rests so when the batch begins, too.
	batchRest = 750 * time.Millisecond
)

// listDueMsg ends the rest between two looks; one of an earlier rest is a stranger.
type listDueMsg struct{ gen int }

// listedMsg is the end of one List.
type listedMsg struct {
	listing runtime.Listing
	err     error
}

// listing is the state of the one List. At most one is out: a second one
// would only hang beside the first.
type listing struct {
	inFlight  bool
	again     bool // somebody asked while one was out
	since     time.Time
	ended     time.Time // end of the last one
	resting   bool      // a look is wanted, and waits for the rest to be over
	gen       int       // of the rest
	due       time.Time // its end
	done      time.Time // end of the last good one; zero = never
	err       error
	noConfig  []runtime.Ref
	dangling  []runtime.Ref
	read      map[string]string   // the lxcpaths that it read; see runtime.Listing
	elsewhere []runtime.Elsewhere // see runtime.Listing
	problem   error               // what concerns no single container; nil = nothing
	silent    bool                // some monitor does not answer
}

// listNow is list without a rest, for what somebody waits for.
func (m *Model) listNow() tea.Cmd {
	m.listing.ended = time.Time{}
	return m.list()
}

// list reads the inventory, now or after the one that is out.
func (m *Model) list() tea.Cmd {
	l := &m.listing
	if l.inFlight {
		l.again = true
		return nil
	}
	now, from, rest := m.clock.Now(), l.ended, min(listRest, 3*l.ended.Sub(l.since))
	if begun, ok := m.jobs.crowdedSince(); ok {
		rest = batchRest
		if !from.IsZero() && begun.After(from) {
			from = begun
		}
	}
	if due := from.Add(rest); !from.IsZero() && due.After(now) {
		if l.resting && !due.Before(l.due) {
			return nil
		}
		l.resting, l.due = true, due // or sooner than it was: the last job has its turn
		l.gen++
		return m.clock.After(due.Sub(now), listDueMsg{l.gen})
	}
	l.resting = false
	l.inFlight, l.again, l.since = true, false, m.clock.Now()
	rt, parent := m.rt, m.out.ctx
	return cmd("list", func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, listDeadline)
		defer cancel()
		got, err := rt.List(ctx)
		return listedMsg{got, err}
	})
}

// onListDue looks after a rest.
func (m *Model) onListDue(due listDueMsg) tea.Cmd {
	if !m.listing.resting || due.gen != m.listing.gen {
		return nil
	}
	m.listing.resting = false
	return m.list()
}

// pollMsg is the look while there is no whole watch, no List came through, or
// a monitor is silent: nothing announces that it answers again.
type pollMsg struct{}

// mustPoll says whether the watch alone would leave the list behind.
func (m *Model) mustPoll() bool {
	return m.watchErr != nil || m.listing.err != nil || m.listing.silent
}

// relistDue says whether the tick has to look although the watch is whole.
func (m *Model) relistDue() bool {
	return !m.listing.inFlight && m.clock.Now().Sub(m.listing.since) >= relistEvery
}

// poll arms the timer once it is needed.
func (m *Model) poll() tea.Cmd {
	if m.polling || !m.mustPoll() {
		return nil
	}
	m.polling = true
	return m.clock.After(pollEvery, pollMsg{})
}

func (m *Model) onPoll() tea.Cmd {
	m.polling = false
	if !m.mustPoll() {
		return nil
	}
	return tea.Batch(m.list(), m.poll())
}

// onListed takes the truth over.
func (m *Model) onListed(msg listedMsg) tea.Cmd {
	l := &m.listing
	began := l.since
	l.inFlight, l.err, l.ended = false, msg.err, m.clock.Now()
	var next tea.Cmd
	if l.again {
		next = m.list()
	}
	if msg.err != nil {
		return tea.Batch(next, m.poll())
	}
	first := l.done.IsZero()
	l.done, l.noConfig = m.clock.Now(), msg.listing.NoConfig
	l.dangling, l.read, l.elsewhere = msg.listing.Dangling, msg.listing.Read, msg.listing.Elsewhere
	if err := errors.Join(msg.listing.Problems...); err != nil && !sameText(err, l.problem) {
		m.say(noteWarn, err.Error(), "")
	}
	l.problem = errors.Join(msg.listing.Problems...)
	m.all = msg.listing.Containers
	m.place = make(map[runtime.Ref]int, len(m.all))
	l.silent = false
	for i := range m.all {
		m.place[m.all[i].Ref] = i
		l.silent = l.silent || !m.all[i].NoAnswerSince.IsZero()
	}
	m.hist.lives.see(m.all)
	m.seeMade(began)
	m.followList(&msg.listing)
	for r := range m.rows.marks {
		if m.byRef(r) == nil {
			delete(m.rows.marks, r)
		}
	}
	m.sampling.stale = true
	m.arrange()
	if x := m.networkOpen(); x != nil {
		x.arrange(m)
	}
	next = tea.Batch(next, m.seeList(&msg.listing, began), m.seeRestarts())
	if first {
		return tea.Batch(next, m.sample(), m.poll(), m.readLeftovers())
	}
	return tea.Batch(next, m.poll())
}

// sameText compares two errors as people read them.
func sameText(a, b error) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error()
}

// listTrouble is what the status says of the inventory; "" = all is well.
func (m *Model) listTrouble() error {
	l := &m.listing
	if l.inFlight {
		if out := m.clock.Now().Sub(l.since); out > listDeadline {
			return errors.New("the list has not answered for " + out.Truncate(time.Second).String())
		}
	}
	return l.err
}

// byRef gives a container of the last listing; nil = it is gone.
func (m *Model) byRef(r runtime.Ref) *runtime.Container {
	i, ok := m.place[r]
	if !ok {
		return nil
	}
	return &m.all[i]
}

// isGone says whether the last listing could tell that there is no such
// container; what it could not read may be there.
func (m *Model) isGone(r runtime.Ref) bool {
	l := &m.listing
	_, read := l.read[r.Path]
	return read && m.byRef(r) == nil && !slices.Contains(l.noConfig, r) && !slices.Contains(l.dangling, r)
}

// unlisted says why it is not known what happens to all containers; "" = it is.
func (m *Model) unlisted() string {
	l := &m.listing
	if l.done.IsZero() {
		return "The containers have not been listed yet: what happens to them is not known."
	}
	for _, path := range m.about.Paths {
		if _, ok := l.read[path]; !ok {
			return "The last list could not read " + path + ": what happens there is not known."
		}
	}
	return ""
}

// called is how a container is named in a sentence: by its name, and by its
// whole path where two lxcpaths hold one of that name.
func (m *Model) called(ref runtime.Ref) string {
	if len(m.about.Paths) > 1 {
		for i := range m.all {
			if c := &m.all[i]; c.Name == ref.Name && c.Path != ref.Path {
				return ref.String()
			}
		}
	}
	return ref.Name
}

// rows is what the list pane remembers: identity, never row numbers.
type rows struct {
	shown    []views.Row // filtered and sorted
	at       int         // place of the selected one in shown
	selected runtime.Ref
	wanted   runtime.Ref // what was selected by a person: another stands in for it while the filter hides it
	settled  bool        // a key was pressed, or there are rates: the first row is selected until then
	top      int         // first row on screen
	marks    map[runtime.Ref]bool
	anchor   runtime.Ref // last mark, for a range
	alive    bool        // running containers only
	sort     string      // column id
	reverse  bool        // the other way round than the column's own direction
}

// desc says whether the largest comes first.
func (r *rows) desc() bool {
	c, _ := views.FindColumn(r.sort)
	return c.Down != r.reverse
}

// arrange filters and sorts anew and keeps the selection on its container;
// when that is gone, the row that took its place is selected.
func (m *Model) arrange() {
	r := &m.rows
	r.shown = r.shown[:0]
	for i := range m.all {
		c := &m.all[i]
		if r.alive && !c.State.Alive() && c.State != runtime.Starting && c.NoAnswerSince.IsZero() {
			continue
		}
		row := m.row(c)
		if m.filter.Keeps(&row) {
			r.shown = append(r.shown, row)
		}
	}
	views.SortRows(r.shown, r.sort, r.desc())
	m.keepSelection()
}

// row gathers what is known of one container.
func (m *Model) row(c *runtime.Container) views.Row {
	row := views.Row{C: c, Order: views.Gap(), Marked: m.rows.marks[c.Ref]}
	row.Alerts = m.alertsOf(c.Ref)
	row.Stale = m.restarts.needs(c)
	t := m.hist.of(c.Ref)
	if t == nil || !c.Counted() {
		return row
	}
	if !t.sample.At.IsZero() {
		row.Sample, row.Usage = &t.sample, &t.usage
		if t.err == nil { // else nobody knows how long a limit has bitten
			row.Bites = &t.bites
		}
	}
	if t.known {
		row.Order = t.smooth
	}
	if t.err != nil {
		row.Note = t.err.Error()
	}
	return row
}

func (m *Model) keepSelection() {
	r := &m.rows
	if !r.settled {
		m.selectRow(0)
		return
	}
	if m.byRef(r.wanted) == nil {
		r.wanted = r.selected
	}
	i := r.find(r.wanted)
	if i < 0 {
		i = r.find(r.selected)
	}
	if i < 0 {
		i = r.at
	}
	wanted := r.wanted
	m.selectRow(i)
	r.wanted = wanted
}

// find gives the row of a container; -1 = it is not shown.
func (r *rows) find(ref runtime.Ref) int {
	return slices.IndexFunc(r.shown, func(x views.Row) bool { return x.C.Ref == ref })
}

// selectRow puts the selection on row i, or the nearest there is.
func (m *Model) selectRow(i int) {
	r := &m.rows
	was := r.selected
	r.at = max(0, min(i, len(r.shown)-1))
	r.selected = runtime.Ref{}
	if len(r.shown) > 0 {
		r.selected = r.shown[r.at].C.Ref
	}
	if r.selected != was {
		m.detailTop = 0 // another container's detail begins at its beginning
	}
	r.wanted = r.selected
	m.scroll()
}

// scroll keeps the selected row on screen.
func (m *Model) scroll() {
	r, h := &m.rows, m.listRows()
	r.top = views.Scroll(r.at, r.top, len(r.shown), h)
}

// selected gives the container under the cursor; nil = the list is empty.
func (m *Model) selected() *runtime.Container { return m.byRef(m.rows.selected) }

// visibleRefs are the containers whose figures are on screen.
func (m *Model) visibleRefs() map[runtime.Ref]bool {
	r, h := &m.rows, m.listRows()
	out := make(map[runtime.Ref]bool, h+1)
	for i := r.top; i < min(r.top+h, len(r.shown)); i++ {
		out[r.shown[i].C.Ref] = true
	}
	out[r.selected] = true
	return out
}
