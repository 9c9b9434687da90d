// Package events tells what has happened to containers from what Lists and
// Samples say of them one after the other.
//
// Rules of this room:
//   - It reads nothing and keeps no time: what it is given is all it knows.
//   - What is not known makes no event: a state nobody could read, a lxcpath that
//     did not answer, a counter that is absent. When it is known again it is
//     compared with what was known last.
//   - What it keeps is bounded by Most and by the list.
package events

import (
	"slices"
	"time"

	"lxcdeck/runtime"
)

// Most is how many events are remembered at most.
const Most = 2000

// Kind says what has happened.
type Kind uint8

// The kinds. The zero Kind is none.
const (
	_ Kind = iota
	Started
	Stopped
	Restarted // it runs with another init than before
	Frozen
	Thawed
	OOMKilled // the kernel killed a process of it for its memory limit (oom_kill of memory.events or memory.oom_control)
	Limits    // limits of its cgroup are others, in the same life
	Edited    // its config file is another
	Created   // it is there now, and was not
	Gone      // its lxcpath was read, and it is not in it any more
	AlertBegan
	AlertEnded
)

// String is the kind in a word or two.
func (k Kind) String() string {
	names := [...]string{"", "started", "stopped", "restarted", "frozen", "thawed", "OOM-killed", "limits changed", "config edited", "created", "gone", "alert", "alert over"}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

// Change is a limit that is another now.
type Change struct {
	Name     string // "memory", "swap", "memory high", "cpu", "cpu weight", "cpus", "pids"
	From, To runtime.Value
	Bytes    bool // the values are bytes; else of "cpu" thousandths of a core, and counts
}

// Event is one thing that has happened.
type Event struct {
	Seq     uint64    // from 1, in the order of their telling, whatever the clock does
	At      time.Time // when it was seen, or is known to have happened
	Ref     runtime.Ref
	Kind    Kind
	Kills   uint64           // OOMKilled: how many since the reading before; Stopped: how many were counted just before
	Killed  []runtime.Killed // OOMKilled: who, as far as that is known; the newest first
	Changes []Change         // Limits
	Text    string           // of an alert: what, how much, and the threshold
	By      string           // verb of the lxcdeck operation that did it; "" = not known to be one
	Who     string           // who had that done, by the audit log; "" = this lxcdeck
	Away    bool             // while nobody looked, since Since
	Since   time.Time
	Boot    bool // Away: the host was started anew meanwhile

	identity string    // of the container
	from, to time.Time // when it has happened, as far as that is known
}

// Log holds the last events.
type Log struct {
	all     []Event
	next    uint64
	dropped uint64
	version uint64
}

// add remembers an event, and gives its place.
func (l *Log) add(e Event) {
	l.next++
	l.version++
	e.Seq = l.next
	if len(l.all) >= Most {
		l.shrink()
	}
	l.all = append(l.all, e)
}

// shrink lets the oldest go; where one container has made more than half of all,
// its own, so that one that starts anew all the time does not push out what has
// happened to the others.
func (l *Log) shrink() {
	const part = Most / 4
	counts := map[runtime.Ref]int{}
	for i := range l.all {
		counts[l.all[i].Ref]++
	}
	var loud *runtime.Ref
	for ref, n := range counts {
		if n > Most/2 {
			loud = &ref
		}
	}
	left := part
	l.all = slices.DeleteFunc(l.all, func(e Event) bool {
		if left == 0 || loud != nil && e.Ref != *loud {
			return false
		}
		left--
		return true
	})
	l.dropped += part
}

// All gives the events, the oldest first. The slice is the Log's own until the
// next change.
func (l *Log) All() []Event { return l.all }

// Last is the number of the newest event; 0 = there was none.
func (l *Log) Last() uint64 { return l.next }

// Version is another one once anything of the events has changed.
func (l *Log) Version() uint64 { return l.version }

// Dropped is how many had to go to keep within Most.
func (l *Log) Dropped() uint64 { return l.dropped }

// Tell adds the begin or the end of an alert.
func (t *Tracker) Tell(kind Kind, ref runtime.Ref, text string, now time.Time) {
	t.add(Event{At: now, Ref: ref, Kind: kind, Text: text, to: now})
}
