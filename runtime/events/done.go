package events

import (
	"slices"
	"time"

	"lxcdeck/runtime"
)

const (
	// doneKept is how many operations are remembered at most.
	doneKept = 300
	// sure is the longest time between two looks for which an operation that went
	// well in it is taken for what has made the change.
	sure = 5 * time.Minute
	// startSlack is how far the kernel's time of a start may be off: it counts in
	// hundredths of a second from a boot time that is kept in seconds.
	startSlack = 2 * time.Second
)

// Done is an operation of lxcdeck that ended well. One that failed made nothing.
type Done struct {
	Op       string // verb
	Ref      runtime.Ref
	Others   []runtime.Ref // what it made or changed beside
	Identity string        // of Ref when it was asked for; "" = not known
	From, To time.Time     // when it began and ended
	Who      string        // by the audit log; "" = this lxcdeck
}

// did is a Done, and which kinds of events it was found to have made.
type did struct {
	Done
	made uint32
}

// verbs are those of operations that make a change of this kind (runtime.Ops). A
// snapshot is told of by its caller only if it was one that stops or freezes.
func verbs(k Kind) []string {
	switch k {
	case Started:
		return []string{"start", "restart", "run", "create", "clone", "resume", "snapshot", "restore-as"}
	case Stopped:
		return []string{"stop", "shutdown", "kill", "restart", "snapshot", "checkpoint"}
	case Restarted:
		return []string{"restart", "reboot", "snapshot"}
	case Frozen:
		return []string{"freeze", "snapshot"}
	case Thawed:
		return []string{"thaw", "snapshot"}
	case Edited:
		return append([]string{"set-autostart", "restore", "set-limits", "set-config"}, verbs(Created)...)
	case Limits:
		return []string{"set-limits"}
	case Created:
		return []string{"create", "clone", "rename", "restore-as", "unpack", "run"}
	case Gone:
		return []string{"destroy", "rename", "run"}
	default:
		return nil
	}
}

// Did takes an operation that ended well, and says of events that it made so. It
// reports whether there was one. The audit log has this lxcdeck's own operations
// too: one that overlaps another of its kind on the same container is the same,
// since only one at a time is done to it.
func (t *Tracker) Did(d Done) bool {
	if slices.ContainsFunc(t.done, func(x did) bool {
		same := x.Identity == "" || d.Identity == "" || x.Identity == d.Identity
		return same && x.Op == d.Op && x.Ref == d.Ref && !x.From.After(d.To) && !d.From.After(x.To)
	}) {
		return false
	}
	if len(t.done) >= doneKept {
		t.done = slices.Delete(t.done, 0, doneKept/4)
	}
	t.done = append(t.done, did{Done: d})
	x, found := &t.done[len(t.done)-1], false
	for i := range t.all { // the oldest first: what came after it may have another cause
		found = x.explain(&t.all[i]) || found
	}
	if found {
		t.version++
	}
	return found
}

// explain says of an event that the operation made it, if it did.
func (d *did) explain(e *Event) bool {
	bit := uint32(1) << e.Kind
	again := e.Kind == Edited && slices.Contains(verbs(Created), d.Op) // a config is written in several steps
	switch {
	case e.By != "" || d.made&bit != 0 && !again || !slices.Contains(verbs(e.Kind), d.Op):
		return false
	case e.Ref != d.Ref && !slices.Contains(d.Others, e.Ref):
		return false
	case e.Ref == d.Ref && e.identity != "" && d.Identity != "" && e.identity != d.Identity:
		return false
	case e.from.IsZero() || e.to.Sub(e.from) > sure: // too much can have happened meanwhile
		return false
	case d.From.After(e.to) || d.To.Before(e.from):
		return false
	}
	d.made |= bit
	e.By, e.Who = d.Op, d.Who
	return true
}

// note adds an event, which an operation may have made that is over by now.
func (t *Tracker) note(e Event) {
	for i := range t.done {
		if t.done[i].explain(&e) {
			break
		}
	}
	t.add(e)
}

// Unexplained says whether there are events of after a time of which an operation
// of another lxcdeck may turn out to be the cause.
func (t *Tracker) Unexplained(after time.Time) bool {
	for i := len(t.all) - 1; i >= 0; i-- {
		if e := &t.all[i]; e.By == "" && !e.from.IsZero() && !e.to.Before(after) && verbs(e.Kind) != nil {
			return true
		}
	}
	return false
}
