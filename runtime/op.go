package runtime

import (
	"os"
	"slices"
	"strings"
	"time"
)

// Op names one thing that can be done to a container.
type Op uint8

// The operations. Words are those of the command line and of the lxc-* tools.
const (
	NoOp Op = iota
	Start
	Stop
	Shutdown
	Restart
	Reboot
	Kill
	Freeze
	Thaw
	Create
	Clone
	Rename
	Destroy
	Snapshot
	DeleteSnapshot
	Restore
	RestoreAs
	AddDevice
	RemoveDevice
	SetAutostart
	SetLimits
	Lock
	Unlock
	Recover
	Mend
	Pack
	Unpack
	Run
	Checkpoint
	Resume
	Signal
	SetConfig
	SetDefaultConfig
	Push
	Pull
)

// OpKind says what an operation is about, and so what it can be asked of.
type OpKind uint8

// The kinds of operations.
const (
	// OnState changes the state of a container and needs nothing but its name.
	OnState OpKind = iota
	// OnContainer changes a container that is there; the Request's Args say how.
	OnContainer
	// Makes makes a container: the Request's Ref must be free.
	Makes
	// OnHost changes something of the host that a container needs; the Ref names
	// that container, or is empty.
	OnHost
)

// OpInfo is what is known of an operation before it is done.
type OpInfo struct {
	Op       Op
	Kind     OpKind
	Name     string        // the verb, as on the command line
	Title    string        // for menus and help
	From     []State       // states it accepts; none for those that make a container
	To       State         // state it ends in when all goes well; Unknown = the state stays
	Asks     bool          // interrupts or loses something: the screen asks first
	Timeout  time.Duration // how long it may take unless the request says otherwise
	LXC      string        // the equal lxc-* command; {P} and {N} stand for lxcpath and name, shell-quoted. "" = the Args know, or there is none
	Managed  bool          // allowed although another manager writes the config
	Locked   bool          // allowed although the container is locked
	Doing    string        // present participle for the job line: "starting"
	AsksMore string        // a sentence added to the question
}

// Graceful is how long stop and shutdown wait for the container's own end,
// the default of lxc-stop(1).
const Graceful = 60 * time.Second

// copyTime is how long an operation that copies a root file system may take:
// nobody knows how large it is, and whoever asked can cancel.
const copyTime = 24 * time.Hour

// runTime is how long a command may run: a service has no end.
const runTime = 10 * 365 * 24 * time.Hour

// Ops gives the whole table, in the order of menus.
func Ops() []OpInfo { return slices.Clone(opTable[:]) }

// Info looks an operation up. The zero OpInfo is for NoOp and unknown ones.
func (o Op) Info() OpInfo {
	for i := range opTable {
		if opTable[i].Op == o {
			return opTable[i]
		}
	}
	return OpInfo{}
}

// String is the operation's verb.
func (o Op) String() string { return o.Info().Name }

// Accepts says whether the operation can be done in state s.
func (o Op) Accepts(s State) bool { return slices.Contains(o.Info().From, s) }

// Beside says whether o can be done while another operation is under way on the
// container: while it is waited for to stop, what keeps it from that may get a
// signal.
func (o Op) Beside(other Op) bool { return o == Signal && (other == Stop || other == Shutdown) }

// ParseOp finds an operation by its verb.
func ParseOp(verb string) (Op, bool) {
	if verb == "unfreeze" {
		verb = "thaw"
	}
	for i := range opTable {
		if opTable[i].Name == verb {
			return opTable[i].Op, true
		}
	}
	return NoOp, false
}

// Busy is what is being done, where no container is named behind it: "taking a snapshot".
func (o Op) Busy() string {
	doing := o.Info().Doing
	for _, link := range []string{" of", " to", " from", " after"} {
		if words, ok := strings.CutSuffix(doing, link); ok {
			return words
		}
	}
	return doing
}

// LXCCommand is the lxc-* command line that would do the same, quoted for a
// shell. "" = it depends on the Request's Args, or no lxc-* tool does it.
func (o Op) LXCCommand(r Ref) string {
	return strings.NewReplacer("{P}", ShellQuote(r.Path), "{N}", ShellQuote(r.Name)).Replace(o.Info().LXC)
}

// ShellQuote quotes one word for a POSIX shell; plain words stay as they are.
func ShellQuote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Request is one operation on one container.
type Request struct {
	Op      Op
	Ref     Ref           // the container; of one that makes a container, the new one
	Expect  State         // the state the person saw; if it has changed, nothing is done. Unknown = any
	Same    string        // Identity of the container the person saw; with another that has its name since nothing is done. "" = any
	Timeout time.Duration // 0 = the operation's own
	Spare   bool          // stop, restart: do not kill what has not ended in time, but fail with ErrStillRunning
	Args    Args          // what else it needs, of the type that NewArgs gives; nil = nothing, or the defaults
	// Progress is told how it goes, in order, from a goroutine of the Runtime.
	// It must not block. nil = nobody looks.
	Progress func(Progress)
	// File is what Pack writes to and Unpack reads from: a file or a pipe. Push reads
	// from it, and Pull writes to it, if it is set. The caller has opened it and closes it.
	File *os.File
	// Record is the audit log's number of this Request, under which its result
	// is written by whoever comes to its end. "" = nothing is recorded.
	Record string
}

// Check refuses what can be seen to be wrong without a look at the host; the
// error wraps ErrInvalid.
func (q *Request) Check() error {
	if q.Op.Info().Kind != OnHost || q.Ref != (Ref{}) {
		if err := q.Ref.Check(); err != nil {
			return err
		}
	}
	if q.Op.Info().Kind == Makes {
		if err := q.Ref.CheckNew(); err != nil {
			return err
		}
	}
	return q.checkArgs()
}

// LXCCommand is the lxc-* command line that would do the same, quoted for a
// shell; "" = there is none.
func (q *Request) LXCCommand() string {
	if q.Args != nil {
		return q.Args.LXCCommand(q.Op, q.Ref)
	}
	if a := q.Op.NewArgs(); a != nil && q.Op.Info().LXC == "" {
		return a.LXCCommand(q.Op, q.Ref)
	}
	return q.Op.LXCCommand(q.Ref)
}

// Others are the containers beside Ref that the operation makes or changes.
func (q *Request) Others() []Ref {
	switch a := q.Args.(type) {
	case *CloneArgs:
		return []Ref{a.To}
	case *RestoreArgs:
		if q.Op == RestoreAs {
			return []Ref{a.To}
		}
	case *RenameArgs:
		return []Ref{{Path: q.Ref.Path, Name: a.To}}
	}
	return nil
}
