package runtime

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// Ref names one container: the lxcpath that holds its directory, and its name.
type Ref struct {
	Path string // absolute, clean
	Name string // one path component
}

// String is the container as people write it: PATH/NAME.
func (r Ref) String() string { return filepath.Join(r.Path, r.Name) }

// Less orders by name, then by lxcpath.
func (r Ref) Less(o Ref) bool {
	if r.Name != o.Name {
		return r.Name < o.Name
	}
	return r.Path < o.Path
}

// Check refuses a Ref that could lead out of its lxcpath.
func (r Ref) Check() error {
	switch {
	case !filepath.IsAbs(r.Path) || filepath.Clean(r.Path) != r.Path:
		return fmt.Errorf("%w: lxcpath %q is not an absolute, clean path", ErrInvalid, r.Path)
	case r.Name == "":
		return fmt.Errorf("%w: empty container name", ErrInvalid)
	case r.Name == "." || r.Name == ".." || strings.ContainsAny(r.Name, "/\x00"):
		return fmt.Errorf("%w: container name %q is not one path component", ErrInvalid, r.Name)
	case len(r.Name) > 255:
		return fmt.Errorf("%w: container name of %d bytes (255 at most)", ErrInvalid, len(r.Name))
	}
	return nil
}

// MaxHostName is how long a host name may be (HOST_NAME_MAX of limits.h), in bytes.
const MaxHostName = 64

// shellSigns are what a shell takes for more than itself, beside white space.
const shellSigns = "*?[]\\\"'`$&;|<>(){}!#~"

// CheckNew refuses a name that a new container cannot have: liblxc leaves hidden
// directories out of its lists, a line break would begin a line of the config,
// and the name becomes the host name inside (sethostname(2)). LXC's templates do
// not quote it, nor does liblxc for a hook (run_script_argv of utils.c): the
// busybox template of a new "web x" changed the mode of the container "web".
func (r Ref) CheckNew() error {
	if err := r.Check(); err != nil {
		return err
	}
	switch {
	case r.Name[0] == '.':
		return fmt.Errorf("%w: container name %q begins with a dot: LXC would not list it", ErrInvalid, r.Name)
	case strings.ContainsFunc(r.Name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return fmt.Errorf("%w: container name %q has a control character in it", ErrInvalid, r.Name)
	case strings.ContainsFunc(r.Name, unicode.IsSpace) || strings.ContainsAny(r.Name, shellSigns):
		return fmt.Errorf("%w: container name %q has a space in it or a sign that shells take apart: LXC's templates and hooks would reach other files", ErrInvalid, r.Name)
	case len(r.Name) > MaxHostName:
		return fmt.Errorf("%w: container name of %d bytes: as a host name it may have %d at most", ErrInvalid, len(r.Name), MaxHostName)
	}
	return nil
}

// State is LXC's own state of a container (lxc(7), lxc_state_t in state.h).
type State uint8

// Unknown is the zero State: not read, or no answer.
const (
	Unknown State = iota
	Stopped
	Starting
	Running
	Stopping
	Aborting
	Freezing
	Frozen
	Thawed
)

var stateNames = [...]string{
	"UNKNOWN", "STOPPED", "STARTING", "RUNNING", "STOPPING", "ABORTING", "FREEZING", "FROZEN", "THAWED",
}

// String is LXC's word, as lxc-info prints it.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return stateNames[Unknown]
}

// ParseState reads LXC's word in any case; ok is false for a word it does not know.
func ParseState(word string) (s State, ok bool) {
	for i, n := range stateNames {
		if strings.EqualFold(n, word) {
			return State(i), true
		}
	}
	return Unknown, false
}

// Alive says whether a container in this state has an init process, and so
// kernel counters that can be read.
func (s State) Alive() bool {
	switch s {
	case Running, Freezing, Frozen, Thawed, Stopping:
		return true
	default:
		return false
	}
}

// Config is what the list shows of a container's configuration file.
type Config struct {
	Autostart    bool          // lxc.start.auto
	Order        int           // lxc.start.order
	Delay        time.Duration // lxc.start.delay
	Groups       []string      // lxc.group
	Unprivileged bool          // lxc.idmap is set
	Roots        []string      // directories that lxc.rootfs.path names
	Nets         []NetConfig   // lxc.net, in its order
	MoreNets     bool          // there are more than are told of
	NetOf        string        // lxc.namespace.share.net: whose network it has, by name, path or pid; "" = nobody's
	// NetOfHost: lxc.namespace.keep, lxc.namespace.clone or, without these, the type
	// none leave it on the network of who starts it.
	NetOfHost bool
}

// Container is what a List knows of one container. It is a value: copies
// share only slices that nobody writes to.
type Container struct {
	Ref
	// Identity tells it from another that is made under its name once it is
	// destroyed; "" = not known. What is done to it, a restore in place too, leaves
	// its Identity as it is; renamed by copying it gets another.
	Identity string
	// ConfigID tells one version of its config file from another; "" = the file
	// was not read. Files that it includes do not count.
	ConfigID string
	// Edited says that a file of its config is newer than its init, or may be: what
	// runs may have other values than the files (Configurer).
	Edited bool

	State   State
	InitPID int          // host pid of the container's init; 0 = none or not known
	Started time.Time    // start of that init, on the wall clock of when it was seen; zero = none or not known
	Begin   uint64       // the same in clock ticks since the host's boot, which no set clock changes; 0 = none or not known
	IPs     []netip.Addr // loopback and link-local left out; IPv4 first
	IPsRead bool         // false: IPs could not be read; empty IPs then mean "not known"

	Config *Config // nil = the configuration was not read; Problem says why

	// Foreign is the uid that can write the container's configuration when it
	// is not ours to load (security: a config acts on the host while it is
	// parsed). nil = not foreign.
	Foreign *int

	// Manager names who writes the container's configuration or runs it:
	// "" = nobody but LXC, else "proxmox", "incus", "lxd" or a systemd unit
	// such as "lxc@web.service".
	Manager string

	// Lock keeps everybody's hands off the container; nil = it is not locked.
	Lock *LockInfo

	// NoAnswerSince is when the container's monitor stopped answering; zero = it answers.
	NoAnswerSince time.Time

	// Problem says why something above is not known. nil = all was read.
	Problem error
}

// LockInfo is what the lock file in a container's directory says (LockFile).
// All of it but Since is a claim of whoever wrote the file.
type LockInfo struct {
	By    string    `json:"by"`  // login name, foreign text
	Why   string    `json:"why"` // foreign text; may be empty
	Since time.Time `json:"since"`
}

// LockFile is the name of the file in a container's directory whose presence
// locks the container, so that every administrator sees it: JSON of LockInfo,
// but a file with anything else in it locks too.
const LockFile = "lxcdeck.lock"

// String is the lock in running text.
func (l *LockInfo) String() string {
	s := "locked"
	if l.By != "" {
		s += " by " + l.By
	}
	if !l.Since.IsZero() {
		s += " since " + l.Since.Local().Format("2006-01-02 15:04")
	}
	if l.Why != "" {
		s += ": " + l.Why
	}
	return s
}

// Err refuses an operation because of the lock; it wraps ErrLocked.
func (l *LockInfo) Err() error { return lockedError{"it is " + l.String()} }

type lockedError struct{ text string }

func (e lockedError) Error() string { return e.text }
func (lockedError) Unwrap() error   { return ErrLocked }

// Counted says whether the kernel keeps counters of the container that can be
// read: it has an init, also while its monitor does not say how it is.
func (c *Container) Counted() bool {
	return c.InitPID > 0 && (c.State.Alive() || !c.NoAnswerSince.IsZero())
}

// Listing is one look at all lxcpaths.
type Listing struct {
	Containers []Container // ordered by Ref.Less
	NoConfig   []Ref       // directories without a config file: no containers, by liblxc's own rule
	Problems   []error     // what concerns no single container, such as an lxcpath that cannot be read
	// Read are the lxcpaths that were read to the end, each with what tells its
	// directory from another in its place; "" = that is not known. What is not in
	// Containers is gone only if its lxcpath is in here, as the same directory,
	// and it is neither in NoConfig nor in Dangling.
	Read map[string]string
	// Dangling are symbolic links that lead to no config file, such as into what is
	// not mounted, and containers whose config vanished while they were looked at.
	Dangling []Ref
	// Elsewhere are lxcpaths that are not in use and have containers. Only a Listing
	// without any looks for them.
	Elsewhere []Elsewhere
}

// Elsewhere is an lxcpath that is not in use.
type Elsewhere struct {
	Path       string
	Owner      string // the user it belongs to: "root"; "" = this one
	Containers int    // that it has
	Hidden     bool   // it cannot be read: there may be some
}
