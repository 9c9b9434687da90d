package tui

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
	"lxcdeck/views"
)

const (
	// keepEvery is how often what was seen is written, while it changes: a kill
	// loses that much.
	keepEvery = time.Minute
	// keepGrace is how long its last writing may take on the way out.
	keepGrace = time.Second
	// sincePatience is how long the sentence about what happened meanwhile waits
	// for the first figures, which know of OOM kills.
	sincePatience = 5 * time.Second
)

// unkeptMsg says that what was seen could not be written. It is told once.
type unkeptMsg struct{ err error }

// since is the sentence about what has happened while nobody looked.
type since struct {
	from time.Time // when it was first wanted
	made bool
	text string // waits for its place in the status line; "" = nothing does
}

// tellSince makes the sentence once the first figures are there, and says it as
// soon as nothing else is being said.
func (m *Model) tellSince() {
	x := &m.events.since
	if !x.made && !m.listing.done.IsZero() {
		now := m.clock.Now()
		if x.from.IsZero() {
			x.from = now
		}
		waits := slices.ContainsFunc(m.all, func(c runtime.Container) bool {
			t := m.hist.of(c.Ref)
			return c.Counted() && (t == nil || t.err == nil && t.sample.FullAt.IsZero())
		})
		if !waits || now.Sub(x.from) > sincePatience {
			x.made, x.text = true, m.eventsSince()
		}
	}
	if x.text != "" && m.notices.now == nil {
		m.sayAct(noteInfo, x.text, m.keys.KeyOf(keymap.Palette)+string(keymap.EventList), "shows it")
		x.text = ""
	}
}

// keeper writes what was seen, off the loop, in a goroutine that may hang without
// anybody waiting for it. It is handed finished copies.
type keeper struct {
	write func(events.Memory) error
	wake  chan struct{} // of one slot: there is something to write
	quit  chan struct{}
	over  chan struct{}
	begun bool
	late  bool      // the newest copy is not written
	made  time.Time // when it was made
	wrote time.Time // when the loop last asked for it to be written

	mu   sync.Mutex
	next *events.Memory // the newest copy
}

func newKeeper(write func(events.Memory) error) *keeper {
	return &keeper{write: write, wake: make(chan struct{}, 1), quit: make(chan struct{}), over: make(chan struct{})}
}

// startKeeper begins to keep.
func (m *Model) startKeeper() {
	k := m.events.keep
	if k == nil || k.begun {
		return
	}
	k.begun = true
	send := m.out.send
	m.out.spawn("keep what was seen", func() {
		defer close(k.over)
		k.run(m.out.ctx, func(err error) { send(unkeptMsg{err}) })
	})
}

// run writes when it is told to, and once more at the end.
func (k *keeper) run(ctx context.Context, failed func(error)) {
	told := false
	for {
		select {
		case <-k.wake:
			if err := k.put(); err != nil && !told {
				told = true
				failed(err)
			}
			continue
		case <-k.quit:
		case <-ctx.Done(): // the program ends: shells are told first
		}
		_ = k.put() // there is no screen any more to say it on
		return
	}
}

// put writes the newest copy.
func (k *keeper) put() error {
	k.mu.Lock()
	m := k.next
	k.mu.Unlock()
	if m == nil {
		return nil
	}
	return k.write(*m)
}

// keepSeen hands the keeper a copy if anything has changed, and lets it write now
// and then.
func (m *Model) keepSeen() {
	k := m.events.keep
	if k == nil {
		return
	}
	now := m.clock.Now()
	if changed := m.events.Changed(); changed || now.Sub(k.made) >= keepEvery/2 { // else when it was seen last is old
		seen := m.events.Memory()
		k.mu.Lock()
		k.next = &seen
		k.mu.Unlock()
		k.made, k.late = now, k.late || changed
	}
	if k.late && now.Sub(k.wrote) >= keepEvery {
		k.late, k.wrote = false, now
		select {
		case k.wake <- struct{}{}:
		default: // it is at work, perhaps for ever
		}
	}
}

// end lets it write for the last time, and leaves it to itself if that takes long.
func (k *keeper) end() {
	if k == nil || !k.begun {
		return
	}
	close(k.quit)
	awaitEnd(k.over, keepGrace)
}

// eventsSince tells in one sentence what has happened while nobody looked; "" =
// nothing has.
func (m *Model) eventsSince() string {
	counts := map[events.Kind]int{}
	var killed []runtime.Ref
	var since time.Time
	kills := uint64(0)
	all := m.events.All()
	for i := range all {
		e := &all[i]
		if !e.Away {
			continue
		}
		if since.IsZero() || e.Since.Before(since) {
			since = e.Since
		}
		if e.Kind != events.OOMKilled {
			counts[e.Kind]++
			continue
		}
		kills += e.Kills
		if !slices.Contains(killed, e.Ref) {
			killed = append(killed, e.Ref)
		}
	}
	var parts []string
	for k := events.Started; k <= events.Gone; k++ {
		if n := counts[k]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+k.String())
		}
	}
	switch n := strconv.FormatUint(kills, 10); {
	case len(killed) == 1:
		parts = append(parts, m.called(killed[0])+" OOM-killed ("+n+")")
	case len(killed) > 1:
		parts = append(parts, plural(len(killed), "container")+" OOM-killed ("+n+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return "since " + views.EventTime(inDay(since), inDay(m.clock.Now())) + ": " + strings.Join(parts, ", ")
}
