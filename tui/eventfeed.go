package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
)

// auditWithin is how old a record of the audit log may be that is looked at for a
// cause.
const auditWithin = 10 * time.Minute

// auditAfter are the pauses before the audit log is asked for what another
// lxcdeck did: its result is written once the operation is over, which a List
// may see earlier.
func auditAfter() []time.Duration {
	return []time.Duration{time.Second, 4 * time.Second, 15 * time.Second}
}

// auditPuts is how often that is put off at most, a second each time, while a batch
// is under way: what it does is explained when its jobs end, and the log of a
// hundred takes long to read.
const auditPuts = 10

type (
	// eventAuditMsg says that it is time to look for causes in the audit log.
	eventAuditMsg struct{}
	// eventPastMsg brings the newest records of it.
	eventPastMsg struct{ list []runtime.Past }
)

// eventFeed is what has happened, and what is being found out about it.
type eventFeed struct {
	*events.Tracker
	read  func() ([]runtime.Past, error) // the audit log; nil = there is none
	asks  bool                           // it is being read, or its timer is armed
	tries int                            // how often it was asked for the newest events
	puts  int                            // how often the next time was put off
	since since
	keep  *keeper // nil = nothing is kept for the next run
}

func newEventFeed(o *Options) eventFeed {
	f := eventFeed{Tracker: events.New(o.Boot, o.Seen), read: o.History}
	if o.Keep != nil {
		f.keep = newKeeper(o.Keep)
	}
	return f
}

// updateEvents takes what is about events. None of it changes what is on screen
// but the list of events, which is painted anew with all else.
func (m *Model) updateEvents(msg tea.Msg) (cmd tea.Cmd, ok bool) {
	switch msg := msg.(type) {
	case eventAuditMsg:
		return m.onCausesDue(), true
	case eventPastMsg:
		return m.onCauses(msg), true
	case alarmedMsg:
		m.onAlarmed(msg)
		return nil, true
	case unkeptMsg:
		m.say(noteWarn, msg.err.Error(), "what happens while lxcdeck is away is not told by the next one")
		return nil, true
	}
	return nil, false
}

// seeList lets a List tell what has happened.
func (m *Model) seeList(l *runtime.Listing, began time.Time) tea.Cmd {
	last := m.events.Last()
	m.events.Look(l, began, m.clock.Now())
	m.keepSeen()
	if m.events.Last() == last {
		return nil
	}
	m.events.tries = 0
	return m.askCauses()
}

// seeFigures lets the readings of a tick do so.
func (m *Model) seeFigures(b *runtime.Batch) {
	m.events.Sampled(b, m.clock.Now())
	m.keepSeen()
	m.tellSince()
}

// seeDone lets an operation that ended well explain what it did.
func (m *Model) seeDone(x *job) {
	if x.err != nil {
		return
	}
	if a, ok := x.req.Args.(*runtime.SnapshotArgs); x.req.Op == runtime.Snapshot && (!ok || a.Way == runtime.IfStopped) {
		return // it neither stops nor freezes
	}
	m.events.Did(events.Done{
		Op: x.req.Op.String(), Ref: x.req.Ref, Others: x.req.Others(), Identity: x.req.Same, From: x.started, To: x.ended,
	})
}

// askCauses arms the timer for a look into the audit log, if anything there may
// explain what has happened.
func (m *Model) askCauses() tea.Cmd {
	f, pauses := &m.events, auditAfter()
	if f.read == nil || f.asks || f.tries >= len(pauses) || !f.unexplained(m.clock.Now()) {
		return nil
	}
	f.asks = true
	pause := pauses[f.tries]
	f.tries++
	return m.clock.After(pause, eventAuditMsg{})
}

// onCausesDue reads it unless it can wait, or all was explained meanwhile.
func (m *Model) onCausesDue() tea.Cmd {
	f := &m.events
	if m.jobs.crowded() && f.puts < auditPuts {
		f.puts++
		return m.clock.After(auditAfter()[0], eventAuditMsg{})
	}
	f.puts = 0
	if f.asks = f.unexplained(m.clock.Now()); !f.asks {
		return nil
	}
	return m.readCauses()
}

// unexplained says whether the cause of something recent is not known.
func (f *eventFeed) unexplained(now time.Time) bool { return f.Unexplained(now.Add(-time.Minute)) }

// readCauses reads it off the loop. That it cannot be read is told where it is
// written to and where it is shown.
func (m *Model) readCauses() tea.Cmd {
	read := m.events.read
	return cmd("causes", func() tea.Msg {
		list, err := read()
		if err != nil {
			return eventPastMsg{}
		}
		return eventPastMsg{list}
	})
}

// onCauses takes what others have done, as far as it ended well.
func (m *Model) onCauses(msg eventPastMsg) tea.Cmd {
	m.events.asks = false
	after := m.clock.Now().Add(-auditWithin)
	for i := len(msg.list) - 1; i >= 0; i-- {
		p := &msg.list[i]
		if p.Result != runtime.PastDone || p.At.Add(p.Took).Before(after) || p.Op == runtime.Snapshot.String() {
			continue
		}
		d := events.Done{Op: p.Op, Ref: p.Ref, From: p.At, To: p.At.Add(p.Took), Who: p.Who}
		if p.To != (runtime.Ref{}) {
			d.Others = append(d.Others, p.To)
		}
		m.events.Did(d)
	}
	return m.askCauses()
}
