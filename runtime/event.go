package runtime

import "time"

// EventKind says what a watcher saw.
type EventKind uint8

// Events are hints: a List is the truth.
const (
	// Changed: something of Ref changed (started, stopped, frozen, its cgroup appeared or vanished).
	Changed EventKind = iota
	// Edited: the config file of Ref was written.
	Edited
	// Inventory: containers may have appeared or vanished in lxcpath Ref.Path (Ref.Name may be empty).
	Inventory
	// Addresses: the IP addresses of Ref changed.
	Addresses
	// Degraded: the watch lost a source (Err says which and why); it polls until Restored.
	Degraded
	// Restored: the watch is whole again.
	Restored
)

// Event is one hint of a Watcher.
type Event struct {
	Kind EventKind
	Ref  Ref
	At   time.Time
	Err  error
}
