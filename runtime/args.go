package runtime

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Args is what an operation needs beyond its container. The types are those of
// this file, as pointers.
type Args interface {
	// Check refuses what can be seen to be wrong without a look at the host;
	// the error wraps ErrInvalid.
	Check() error
	// LXCCommand is the lxc-* command line that would do the same, quoted for a
	// shell; "" = there is none.
	LXCCommand(op Op, r Ref) string
}

// NewArgs gives empty Args of the type that the operation takes; nil = it
// takes none.
func (o Op) NewArgs() Args {
	switch o {
	case Start:
		return &StartArgs{}
	case Create:
		return &CreateArgs{}
	case Clone:
		return &CloneArgs{}
	case Rename:
		return &RenameArgs{}
	case Destroy:
		return &DestroyArgs{}
	case Snapshot:
		return &SnapshotArgs{}
	case DeleteSnapshot, Restore, RestoreAs:
		return &RestoreArgs{}
	case AddDevice, RemoveDevice:
		return &DeviceArgs{}
	case SetAutostart:
		return &AutostartArgs{}
	case Lock:
		return &LockArgs{}
	case Recover:
		return &RecoverArgs{}
	case Mend:
		return &MendArgs{}
	case Pack:
		return &PackArgs{}
	case Unpack:
		return &UnpackArgs{}
	case Run:
		return &RunArgs{}
	case Checkpoint, Resume:
		return &CheckpointArgs{}
	case Signal:
		return &SignalArgs{}
	case SetLimits:
		return &SetLimitsArgs{}
	case SetConfig, SetDefaultConfig:
		return &ConfigArgs{}
	case Push, Pull:
		return &CopyFilesArgs{}
	default:
		return nil
	}
}

// optional says whether an operation can be done without its Args.
func (o Op) optional() bool { return o == Start || o == Destroy || o == Snapshot || o == Lock }

func (q *Request) checkArgs() error {
	want := q.Op.NewArgs()
	switch {
	case (q.Op == Pack || q.Op == Unpack) && q.File == nil:
		return fmt.Errorf("%w: %s needs a file", ErrInvalid, q.Op)
	case q.Args == nil && (want == nil || q.Op.optional()):
		return nil
	case q.Args == nil:
		return fmt.Errorf("%w: %s needs to be told more", ErrInvalid, q.Op)
	case want == nil || fmt.Sprintf("%T", want) != fmt.Sprintf("%T", q.Args):
		return fmt.Errorf("%w: %s does not take %T", ErrInvalid, q.Op, q.Args)
	}
	if err := q.Args.Check(); err != nil {
		return err
	}
	for _, other := range q.Others() {
		if err := other.CheckNew(); err != nil {
			return err
		}
		if other == q.Ref {
			return fmt.Errorf("%w: the new container has the name of the old one", ErrInvalid)
		}
	}
	switch a := q.Args.(type) {
	case *ConfigArgs:
		return a.checkOf(q)
	case *CopyFilesArgs:
		return a.checkOf(q)
	}
	if q.Op == RestoreAs {
		return nil
	}
	if a, ok := q.Args.(*RestoreArgs); ok && a.To != (Ref{}) {
		return fmt.Errorf("%w: %s makes no new container", ErrInvalid, q.Op)
	}
	return nil
}

// StartArgs make a container start with another command than its init: an
// application container, whose end is the command's.
type StartArgs struct {
	Command []string // nil = its init
}

// Check refuses an empty command, and what no argument can hold.
func (a *StartArgs) Check() error {
	if len(a.Command) > 0 && a.Command[0] == "" {
		return fmt.Errorf("%w: empty command", ErrInvalid)
	}
	for _, arg := range a.Command {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("%w: argument %q has a NUL in it", ErrInvalid, arg)
		}
	}
	return nil
}

// LXCCommand is the equal lxc-start.
func (a *StartArgs) LXCCommand(_ Op, r Ref) string {
	cmd := tool("lxc-start", r)
	if len(a.Command) == 0 {
		return cmd
	}
	return cmd + " --" + quoted(a.Command)
}

// CloneArgs make a copy of a stopped container.
type CloneArgs struct {
	To        Ref
	CoW       bool   // copy on write: an overlay, or the backing store's own snapshot
	Backing   string // of the new one: "dir", "overlay", "btrfs", "zfs", "lvm"; "" = as the old one, or overlay where CoW needs it
	KeepMAC   bool   // the same MAC addresses instead of new ones
	KeepName  bool   // the same host name inside
	Ephemeral bool   // destroyed when it stops (lxc.ephemeral); only with CoW
	Start     bool   // started at once
}

// Check refuses what lxc-copy(1) does.
func (a *CloneArgs) Check() error {
	if a.Ephemeral && !a.CoW {
		return fmt.Errorf("%w: an ephemeral clone is an overlay: it needs copy on write", ErrInvalid)
	}
	return nil
}

// LXCCommand is the equal lxc-copy.
func (a *CloneArgs) LXCCommand(_ Op, r Ref) string {
	cmd := tool("lxc-copy", r) + " -N " + ShellQuote(a.To.Name)
	if a.To.Path != r.Path {
		cmd += " -p " + ShellQuote(a.To.Path)
	}
	for _, f := range []struct {
		on   bool
		flag string
	}{{a.CoW && !a.Ephemeral, "-s"}, {a.KeepMAC, "-M"}, {a.KeepName, "-K"}, {a.Ephemeral, "-e"}} {
		if f.on {
			cmd += " " + f.flag
		}
	}
	if a.Backing != "" {
		cmd += " -B " + ShellQuote(a.Backing)
	}
	if a.Start && !a.Ephemeral { // an ephemeral copy is started by lxc-copy itself
		cmd += " && " + Start.LXCCommand(a.To)
	}
	return cmd
}

// RenameArgs give a stopped container another name.
type RenameArgs struct {
	To   string
	Copy bool // also where its root has to be copied for it (see Footprint)
}

// Check leaves the new name to the Ref it makes.
func (a *RenameArgs) Check() error { return nil }

// LXCCommand is the equal lxc-copy.
func (a *RenameArgs) LXCCommand(_ Op, r Ref) string {
	return tool("lxc-copy", r) + " -R -N " + ShellQuote(a.To)
}

// DestroyArgs say how much of a container is destroyed.
type DestroyArgs struct {
	Snapshots bool   // its snapshots too; without it a container that has some is not destroyed
	Known     []Seen // the snapshots that the person was told of: if it has others, nothing is done. nil = whatever there is
}

// Seen is a snapshot as a person was told of it. LXC gives names again.
type Seen struct {
	Name  string
	Taken time.Time // zero = that was not known
}

// Check has nothing to refuse.
func (a *DestroyArgs) Check() error { return nil }

// LXCCommand is the equal lxc-destroy.
func (a *DestroyArgs) LXCCommand(_ Op, r Ref) string {
	if a.Snapshots {
		return tool("lxc-destroy", r) + " -s"
	}
	return tool("lxc-destroy", r)
}

// SnapshotWay says how a snapshot of a container that is not stopped is taken.
type SnapshotWay uint8

// The ways.
const (
	// IfStopped: it is refused (ErrWrongState).
	IfStopped SnapshotWay = iota
	// StopAndStart: stop, snapshot, start again.
	StopAndStart
	// WhileFrozen: freeze, native snapshot, thaw; btrfs, zfs and lvm only.
	WhileFrozen
)

// SnapshotArgs take a snapshot, with a comment.
type SnapshotArgs struct {
	Comment string
	Way     SnapshotWay
}

// MaxComment is how long a snapshot's comment may be, in bytes.
const MaxComment = 4096

// Check refuses a comment that is too long.
func (a *SnapshotArgs) Check() error {
	if len(a.Comment) > MaxComment {
		return fmt.Errorf("%w: comment of %d bytes (%d at most)", ErrInvalid, len(a.Comment), MaxComment)
	}
	return nil
}

// LXCCommand is the equal lxc-snapshot.
func (a *SnapshotArgs) LXCCommand(_ Op, r Ref) string {
	cmd := tool("lxc-snapshot", r)
	if a.Comment != "" {
		cmd = "printf %s " + ShellQuote(a.Comment) + " > COMMENT && " + cmd + " -c COMMENT"
	}
	switch a.Way {
	case StopAndStart:
		return Stop.LXCCommand(r) + " && " + cmd + " && " + Start.LXCCommand(r)
	case WhileFrozen:
		return "" // lxc-snapshot refuses it
	default:
		return cmd
	}
}

// RestoreArgs name a snapshot to delete, or to restore.
type RestoreArgs struct {
	Snap  string
	Taken time.Time // when the snapshot was taken that the person saw: LXC gives names again. Zero = any
	To    Ref       // RestoreAs: the new container
	CoW   bool      // RestoreAs: an overlay on the snapshot instead of a copy
	Start bool      // started at once
}

// Check refuses a snapshot's name that leads elsewhere.
func (a *RestoreArgs) Check() error {
	if a.Snap == "" || a.Snap == "." || a.Snap == ".." || strings.ContainsAny(a.Snap, "/\x00") {
		return fmt.Errorf("%w: snapshot %q is not one path component", ErrInvalid, a.Snap)
	}
	return nil
}

// LXCCommand is the equal lxc-snapshot; of a clone from it, lxc-copy.
func (a *RestoreArgs) LXCCommand(op Op, r Ref) string {
	var cmd string
	switch {
	case op == DeleteSnapshot:
		return tool("lxc-snapshot", r) + " -d " + ShellQuote(a.Snap)
	case op == Restore:
		cmd, a = tool("lxc-snapshot", r)+" -r "+ShellQuote(a.Snap), &RestoreArgs{To: r, Start: a.Start}
	case a.CoW:
		cmd = tool("lxc-copy", Ref{Path: filepath.Join(r.String(), "snaps"), Name: a.Snap}) +
			" -s -p " + ShellQuote(a.To.Path) + " -N " + ShellQuote(a.To.Name)
	default:
		cmd = tool("lxc-snapshot", r) + " -r " + ShellQuote(a.Snap) + " -N " + ShellQuote(a.To.Name)
	}
	if a.Start {
		cmd += " && " + Start.LXCCommand(a.To)
	}
	return cmd
}

// tool begins the command line of an lxc-* tool.
func tool(name string, r Ref) string {
	return name + " -P " + ShellQuote(r.Path) + " -n " + ShellQuote(r.Name)
}

// quoted are words for a shell, each behind a blank.
func quoted(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteByte(' ')
		b.WriteString(ShellQuote(w))
	}
	return b.String()
}
