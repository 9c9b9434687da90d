package events

import (
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"lxcdeck/runtime"
)

// justBefore is how soon a stop has to follow an OOM kill to be told with it.
const justBefore = 15 * time.Second

// Tracker compares what is known of containers with what was known before. It is
// for one goroutine.
type Tracker struct {
	Log
	boot  string // of this host's kernel; "" = not known
	known map[runtime.Ref]*life
	paths map[string]look   // lxcpaths that were read
	past  map[string]*Place // what an earlier run knew, by its key, until that is read
	done  []did
	fresh bool // what is kept between runs has changed since Memory was asked for
}

// look is the last one at a lxcpath.
type look struct {
	id    string // of its directory
	began time.Time
}

// life is what is known of a container.
type life struct {
	identity string
	config   string        // its ConfigID
	state    runtime.State // Running, Frozen or Stopped; Unknown = never known
	seen     time.Time     // when the last look began that knew its state
	pid      int
	begin    uint64    // of the init, in ticks since the boot; 0 = not known
	whole    bool      // this life began while we looked, in a new cgroup: its counters began at zero
	away     time.Time // what is known is of an earlier run, which ended then; zero = it is ours
	edited   bool      // config was compared with what this run has seen

	figured time.Time // away of the figures
	fullAt  time.Time // of the last reading below
	limitAt time.Time // of its limits
	of      int       // the init that the figures below belong to; 0 = there are none
	kills   runtime.Value
	limits  limits
	oomAt   time.Time
	oomSeen uint64
}

// New makes a Tracker. boot tells one start of the host's kernel from another
// (/proc/sys/kernel/random/boot_id); "" = it is not known. past is what an
// earlier run knew.
func New(boot string, past Memory) *Tracker {
	t := &Tracker{boot: boot, known: map[runtime.Ref]*life{}, paths: map[string]look{}, past: map[string]*Place{}}
	for i := range past.Places {
		if p := &past.Places[i]; p.ID != "" {
			t.past[p.key()] = p
		}
	}
	return t
}

// settled is a state that lasts; Unknown = it passes, or nobody knows it.
func settled(c *runtime.Container) runtime.State {
	if !c.NoAnswerSince.IsZero() {
		return runtime.Unknown
	}
	switch c.State {
	case runtime.Running, runtime.Thawed:
		return runtime.Running
	case runtime.Frozen, runtime.Stopped:
		return c.State
	default:
		return runtime.Unknown
	}
}

// Look takes a List that was asked for at began and came at now.
func (t *Tracker) Look(l *runtime.Listing, began, now time.Time) {
	first, before := map[string]bool{}, maps.Clone(t.paths)
	for path, id := range l.Read {
		old, ok := t.paths[path]
		if ok && id == "" { // it is not known to be another
			id = old.id
		}
		if !ok || old.id != id { // another directory in its place is looked at anew
			first[path] = true
			if ok {
				t.forget(path)
			}
			t.recall(path, id)
			t.fresh = true
		}
		t.paths[path] = look{id, began}
	}
	here := make(map[runtime.Ref]bool, len(l.Containers))
	for i := range l.Containers {
		c := &l.Containers[i]
		here[c.Ref] = true
		x := t.known[c.Ref]
		id, asked := l.Read[c.Path]
		unsure := asked && id == "" // of which directory it is
		switch last, read := t.paths[c.Path]; {
		case unsure && last.id != "" && (x == nil || x.identity != c.Identity): // the next look tells
		case x != nil && x.identity != "" && c.Identity != "" && x.identity != c.Identity:
			t.note(t.event(c.Ref, x, Gone, now))
			t.create(c, x, began, now)
		case x != nil:
			t.compare(c, x, began, now)
		case read && !unsure && (!first[c.Path] || t.past[placeKey(c.Path, id)] != nil && utf8.ValidString(c.Name)): // other names are not kept
			from := &life{seen: before[c.Path].began}
			if p := t.past[placeKey(c.Path, id)]; p != nil && first[c.Path] {
				from.away = p.Seen
			}
			t.create(c, from, began, now)
		default:
			t.known[c.Ref] = &life{}
			t.compare(c, t.known[c.Ref], began, now)
		}
	}
	for path := range first {
		delete(t.past, placeKey(path, l.Read[path]))
	}
	t.sweep(l, here, now)
}

// forget drops what was known of a lxcpath whose directory is another now.
func (t *Tracker) forget(path string) {
	maps.DeleteFunc(t.known, func(r runtime.Ref, _ *life) bool { return r.Path == path })
}

// sweep tells of what is gone: its lxcpath was read, as the same directory, and it
// is not in it.
func (t *Tracker) sweep(l *runtime.Listing, here map[runtime.Ref]bool, now time.Time) {
	var gone []runtime.Ref
	for ref := range t.known {
		if l.Read[ref.Path] != "" && !here[ref] {
			gone = append(gone, ref)
		}
	}
	if len(gone) == 0 {
		return
	}
	held := make(map[runtime.Ref]bool, len(l.NoConfig)+len(l.Dangling))
	for _, refs := range [][]runtime.Ref{l.NoConfig, l.Dangling} {
		for _, ref := range refs {
			held[ref] = true
		}
	}
	slices.SortFunc(gone, func(a, b runtime.Ref) int {
		if a.Less(b) {
			return -1
		}
		return 1
	})
	for _, ref := range gone {
		if !held[ref] {
			t.note(t.event(ref, t.known[ref], Gone, now))
			delete(t.known, ref)
			t.fresh = true
		}
	}
}

// event is one of this kind that was seen now, and has happened since its state
// was known last.
func (t *Tracker) event(ref runtime.Ref, x *life, k Kind, now time.Time) Event {
	e := Event{At: now, Ref: ref, Kind: k, identity: x.identity, from: x.seen, to: now}
	if !x.away.IsZero() {
		e.Away, e.Since, e.from = true, x.away, time.Time{}
	}
	return e
}

// create tells of a container that was not there before. before is what was known
// in its place.
func (t *Tracker) create(c *runtime.Container, before *life, began, now time.Time) {
	x := &life{identity: c.Identity, seen: before.seen, away: before.away, state: runtime.Stopped}
	t.note(t.event(c.Ref, x, Created, now))
	t.known[c.Ref] = x
	t.compare(c, x, began, now)
}

// compare tells what is other than it was.
func (t *Tracker) compare(c *runtime.Container, x *life, began, now time.Time) {
	if c.Identity != "" {
		x.identity = c.Identity
	}
	if c.ConfigID != "" {
		if x.config != "" && x.config != c.ConfigID {
			e := t.event(c.Ref, x, Edited, now)
			if x.edited {
				e.Away = false
			}
			t.note(e)
		}
		t.fresh = t.fresh || x.config != c.ConfigID
		x.config, x.edited = c.ConfigID, true
	}
	to := settled(c)
	if to == runtime.Unknown {
		return
	}
	if x.state != runtime.Unknown {
		t.transition(c, x, to, now)
	}
	switch {
	case to == runtime.Stopped:
		x.pid, x.begin, x.whole, x.of = 0, 0, false, 0
	case c.InitPID > 0:
		if x.pid == c.InitPID && c.Begin != x.begin { // perhaps another init that got its pid
			x.of = 0
		}
		t.fresh = t.fresh || x.pid != c.InitPID || x.begin != c.Begin
		x.pid, x.begin = c.InitPID, c.Begin
	default:
		x.pid = max(0, x.pid)
	}
	t.fresh = t.fresh || x.state != to
	x.state, x.seen, x.away = to, began, time.Time{}
}

// transition tells how a container came from one state that lasts to another.
func (t *Tracker) transition(c *runtime.Container, x *life, to runtime.State, now time.Time) {
	from := x.state
	another := x.pid > 0 && c.InitPID > 0 && (x.pid != c.InitPID || x.begin != 0 && c.Begin != 0 && x.begin != c.Begin)
	switch {
	case from == runtime.Stopped && to == runtime.Stopped:
	case from == runtime.Stopped:
		e := t.event(c.Ref, x, Started, now)
		if x.away.IsZero() {
			x.whole, x.of = true, 0
		} else if !c.Started.IsZero() {
			e.At, e.from, e.to = c.Started, c.Started.Add(-startSlack), c.Started.Add(startSlack)
		}
		t.note(e)
		if to == runtime.Frozen {
			t.note(t.event(c.Ref, x, Frozen, now))
		}
	case to == runtime.Stopped:
		e := t.event(c.Ref, x, Stopped, now)
		if !x.oomAt.IsZero() && now.Sub(x.oomAt) <= justBefore {
			e.Kills = x.oomSeen
		}
		e.Boot = e.Away && x.pid < 0
		t.note(e)
	case another:
		e := t.event(c.Ref, x, Restarted, now)
		t.note(e)
		x.whole, x.of, x.oomAt = false, 0, time.Time{}
		if to == runtime.Frozen {
			t.note(t.event(c.Ref, x, Frozen, now))
		}
	case x.pid < 0: // it ran when the host did last
		e := t.event(c.Ref, x, Restarted, now)
		e.Boot = true
		t.note(e)
		if to == runtime.Frozen {
			t.note(t.event(c.Ref, x, Frozen, now))
		}
	case from != to && to == runtime.Frozen:
		t.note(t.event(c.Ref, x, Frozen, now))
	case from != to:
		t.note(t.event(c.Ref, x, Thawed, now))
	}
}
