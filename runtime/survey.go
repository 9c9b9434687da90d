package runtime

import (
	"context"
	"time"
)

// Surveyor tells what containers keep on disk, and what new ones can be made
// of. It changes nothing.
type Surveyor interface {
	// Snapshots gives a container's snapshots, the oldest first.
	Snapshots(context.Context, Ref) ([]SnapshotInfo, error)
	// SnapshotStamp is a word that is another one when a container's snapshots are
	// others than they were. It measures nothing, so that it may be asked for often.
	SnapshotStamp(context.Context, Ref) (string, error)
	// Footprint measures what belongs to a container and what hangs on it. It
	// reads the whole root, so it may take long: the context ends it, and what
	// was found until then comes with Partial set. A snapshot is measured as the
	// container that it is to liblxc: by its directory's parent and its name.
	Footprint(context.Context, Ref) (Footprint, error)
	// Choices says what a new container can be made of on this host.
	Choices(context.Context) (Choices, error)
	// Images reads the index of the download template. server "" = the template's own.
	Images(ctx context.Context, server string) ([]Image, error)
	// Leftovers gives what operations have left that were killed, and old roots
	// that a restore keeps.
	Leftovers(context.Context) ([]Leftover, error)
	// Diagnose explains a start that failed.
	Diagnose(ctx context.Context, ref Ref, failed error) (Diagnosis, error)
	// CheckHost looks at what containers need of this host and this user, ordered
	// by Topics. What does not answer in time is CheckUnknown. The error is for
	// a look that was cut short; what was seen until then comes with it.
	CheckHost(context.Context) ([]Check, error)
}

// SnapshotInfo is one snapshot of a container.
type SnapshotInfo struct {
	Name    string // "snap0": what restore and delete take
	Path    string // of its directory
	Taken   time.Time
	Comment string // foreign text
	Size    int64  // bytes on disk; -1 = not known. See Footprint for why it may be missing
	Used    []Ref  // containers that are overlays on it: it cannot be deleted
}

// Footprint is what belongs to a container.
type Footprint struct {
	Backing   string      // "dir", "overlay", "btrfs", "zfs", "lvm", "loop" ...
	Size      int64       // bytes on disk of its root and config, without snapshots; -1 = not known
	Snapshots []string    // of LXC; on zfs also those that others have made of its data set, as "@name", or of a snapshot's, as "snap0@name"
	Taken     []time.Time // when each of them was taken; zero = not known
	SnapSize  int64       // bytes on disk of its snapshots; -1 = not known
	Clones    []Ref       // dependants: overlays on its root. It can be neither destroyed, nor restored, nor renamed
	Free      uint64      // bytes free on the file system of its lxcpath; of a root on lvm or zfs, in its volume group, thin pool or data set
	// RenameCopies says why a rename has to copy the root; "" = it is done in place.
	RenameCopies string
	// FrozenSnapshot says why no snapshot can be taken while it is frozen; "" = it can.
	FrozenSnapshot string
	Partial        bool // measuring was cut short: sizes are at least these
}

// RestoreCopies says whether a restore in place takes as much room again as the
// snapshot: the old root is kept, and only some backing stores share blocks.
func (f *Footprint) RestoreCopies() bool {
	return f.Backing != "btrfs" && f.Backing != "zfs" && f.Backing != "lvm"
}

// Choices are what a new container can be made of.
type Choices struct {
	Templates  []Template
	Bridges    []string // interfaces of the host that are bridges
	Default    DefaultNet
	Backings   []string          // backing stores that can be used here, the default first
	BackingOut map[string]string // those that cannot, and why
	IDMaps     []IDMap           // that the user may use, from subuid(5) and subgid(5); none = no unprivileged containers
	IDMapsWhy  string            // why there are none
	MustMap    bool              // not root: without an id map nothing can be created
}

// Template is a script that lxc-create can run.
type Template struct {
	Name    string // as -t takes it
	Path    string
	Missing string // why it cannot work here, such as a program it needs; "" = nothing is known against it
}

// DefaultNet is what the default config says of the network.
type DefaultNet struct {
	Type    string // "veth", "empty" ...; "" = it says nothing
	Link    string // the bridge
	Missing bool   // the bridge is not there: such a container does not start
	Fix     *Fix   // enables lxc-net, which makes it; nil = that is not installed
}

// Image is one line of the download template's index.
type Image struct {
	Dist, Release, Arch, Variant, Build string
	Cached                              bool // a copy lies on this host already
}

// Leftover is what an operation that did not come to its end has left, or an
// old root that a restore keeps.
type Leftover struct {
	ID    string // RecoverArgs name it by this
	Ref   Ref
	What  string       // a sentence: "a restore of snap0 was interrupted"
	Since time.Time    // when it began
	Where string       // the path that holds it; "" = several
	Size  int64        // bytes on disk; -1 = not known
	Ways  []RecoverWay // what can be done about it, the best first
	Kept  bool         // nothing is wrong: an old root that waits to be dismissed
}

// Diagnosis is the cause of a failed start.
type Diagnosis struct {
	Cause  string   // in plain words; "" = not known
	Detail []string // what was looked at and found, one line each
	Advice string   // what to do
	Log    []string // liblxc's own ERROR lines, foreign text
	Fix    *Fix     // one safe step that would help; nil = none is offered
}

// Fix is one safe step that is offered: Mend does it. Command is shown before.
type Fix struct {
	ID      string
	Title   string
	Command []string // as it is run, never by a shell
}
