package runtime

import (
	"context"
	"time"
)

// Measurer tells what containers take on disk. It changes nothing.
type Measurer interface {
	// Space adds up the roots, the snapshots and what else belongs to containers,
	// file by file and one after the other, at the lowest priority, and looks for
	// what lies among them and belongs to none. told, if not nil, hears what is
	// known so far, several times a second, each time in a report of its own and
	// never twice at once; the last is what is returned. What was added up before is not read again unless
	// q.Fresh is set: its Room says when that was. A file system that does not
	// answer is passed over, and shows in the Room of what lies on it. When the
	// context ends, the report holds what was known by then, and the error wraps
	// ErrCancelled or ErrNoAnswer. A Ref that is not there is an error too, which
	// wraps ErrNotFound.
	Space(ctx context.Context, q SpaceQuery, told func(SpaceReport)) (SpaceReport, error)
}

// SpaceQuery says what is measured.
type SpaceQuery struct {
	Refs  []Ref // these containers alone; none = all, and what is no container
	Fresh bool  // what was measured before is measured again
}

// Room is what something takes on disk.
type Room struct {
	Bytes Value  // in blocks that are allocated (st_blocks of stat(2)): holes count nothing, a file with several names once; absent = not known
	Least bool   // it is at least that: Why says what is missing
	Why   string // why nothing, or not all, is known; may hold foreign text
	Files uint64 // files, directories and the like that were counted; 0 = a store told the sum
	// At is when it was measured; zero = it was not yet, or Why says why not.
	At time.Time
	// Silent is since when the file system has not answered; zero = it does.
	Silent time.Time
}

// Pending says that it is still to be measured.
func (r *Room) Pending() bool { return r.At.IsZero() && r.Why == "" }

// SpaceKind says what a part of a container is.
type SpaceKind string

// The kinds of parts.
const (
	SpaceRoot     SpaceKind = "root"
	SpaceChanges  SpaceKind = "changes"  // of an overlay: its upper directory, not what that lies on
	SpaceSnapshot SpaceKind = "snapshot" // one of LXC's
	SpaceHeld     SpaceKind = "held"     // blocks that nothing but snapshots of its data set holds (usedbysnapshots of zfsprops(7))
	SpaceKept     SpaceKind = "kept"     // of lxcdeck's: an old root that a restore keeps, or what a killed operation has left
	SpaceLogs     SpaceKind = "logs"
	SpaceOther    SpaceKind = "other" // config and all else in its directory
	SpaceWhole    SpaceKind = "whole" // its directory with all that is in it: its config is not read, so that nobody knows what is what
)

// SpacePart is something that belongs to a container.
type SpacePart struct {
	Kind  SpaceKind
	Name  string    // of a snapshot, or what is kept; "" = the kind says it
	Path  string    // of the directory or file, device or data set; "" = several
	Taken time.Time // of a snapshot, or since when it is kept; zero = not known
	Room  Room
	// Shared says who else has it, or its blocks, so that sums count it more than
	// once; "" = nobody that is known.
	Shared string
}

// ContainerSpace is what a container takes.
type ContainerSpace struct {
	Ref      Ref
	Store    string // backing store of its root: "dir", "overlay", "btrfs", "zfs", "lvm", "loop" ...; "" = not known
	StoreWhy string // why not
	Parts    []SpacePart
	FS       string // mount point of the file system that its root lies on, of FileSystems; "" = none, or not known
	Gone     bool   // it is not there any more
}

// Sum adds up the parts of some kinds, all without any, and counts them. What is
// not known of them makes the sum a least one.
func (c *ContainerSpace) Sum(kinds ...SpaceKind) (sum Room, n int) {
	var bytes uint64
	known := false
	for i := range c.Parts {
		p := &c.Parts[i]
		if len(kinds) > 0 && !hasKind(kinds, p.Kind) {
			continue
		}
		n++
		b, ok := p.Room.Bytes.Get()
		bytes, known = bytes+b, known || ok
		sum.Files += p.Room.Files
		if !ok || p.Room.Least {
			sum.Least = true
			if sum.Why == "" {
				sum.Why = p.Room.Why
			}
		}
		if !p.Room.At.IsZero() && (sum.At.IsZero() || p.Room.At.Before(sum.At)) {
			sum.At = p.Room.At
		}
		if !p.Room.Silent.IsZero() && (sum.Silent.IsZero() || p.Room.Silent.Before(sum.Silent)) {
			sum.Silent = p.Room.Silent
		}
	}
	if known {
		sum.Bytes = Of(bytes)
	} else {
		sum.Least = false
	}
	return sum, n
}

func hasKind(kinds []SpaceKind, k SpaceKind) bool {
	for _, one := range kinds {
		if one == k {
			return true
		}
	}
	return false
}

// FileSystem is one that an lxcpath or a root lies on (statfs(2)).
type FileSystem struct {
	Mount string // where it is mounted
	Type  string // such as "ext4", by /proc/self/mountinfo
	// Total, Used and Free are bytes; Free is what is left for this user, so that the
	// three need not add up.
	Total, Used, Free Value
	Paths             []string // lxcpaths on it; none = roots alone
	Why               string   // why there are no figures
}

// SpaceUse says who needs something that is no container.
type SpaceUse uint8

// The verdicts. Only Orphan says that nobody does.
const (
	UseUnknown SpaceUse = iota // nobody is known to: Why says what was not read
	UseOrphan                  // every config in the lxcpaths in use and in LXC's own was read, none names it, and nothing else speaks for it
	UseBy                      // Users do
	UseKept                    // it is lxcdeck's own: a record of an operation speaks of it
	UseCache                   // templates keep it for the next container
	UseSystem                  // it is the file system's own, such as lost+found
)

var spaceUses = [...]string{"not-known", "orphan", "used", "kept", "cache", "system"}

// String is the verdict as JSON has it.
func (u SpaceUse) String() string { return spaceUses[u] }

// SpaceExtra is something that lies among containers and is none.
type SpaceExtra struct {
	Kind    string // "directory", "snapshot", "kept", "draft", "cache"
	Path    string
	What    string    // a sentence on it; may be empty
	Changed time.Time // when it, not what is in it, was changed last; zero = not known
	Room    Room
	Use     SpaceUse
	Users   []Ref  // of UseBy
	Why     string // of UseUnknown
}

// SpaceReport is what is known.
type SpaceReport struct {
	At          time.Time
	Containers  []ContainerSpace // ordered as a Listing is
	FileSystems []FileSystem
	Extras      []SpaceExtra // ordered by path
	// Unread are the reasons for which nothing is called an orphan; none = there is none.
	Unread   []string
	Problems []string // lxcpaths that could not be read
	// Now is what is being added up, "" = nothing; NowFiles is how many files of it
	// were counted by now. Done of Of are through.
	Now      string
	NowFiles uint64
	Done, Of int
}
