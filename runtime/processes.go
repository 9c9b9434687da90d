package runtime

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Overseer tells of the processes in containers. It changes nothing.
type Overseer interface {
	// Processes reads what runs in a container, its nested containers and what
	// was attached to it included. What ends meanwhile is left out. The error
	// wraps ErrWrongState when the container does not run, and ErrNoAnswer when
	// an earlier reading of it has not come back.
	Processes(context.Context, Ref, ProcessQuery) (ProcessList, error)
	// Owners says whom a process of the host, or a port that is listened on,
	// belongs to: nothing found is no error. A port may have an Owner in each
	// network namespace.
	Owners(context.Context, OwnerQuery) ([]Owner, error)
}

// MaxProcesses is how many processes of a container are told of.
const MaxProcesses = 10000

// MaxCommand is how much of a command line is told, in bytes.
const MaxCommand = 4096

// ProcessQuery says what is read beside the usual.
type ProcessQuery struct {
	// PSS is the host's pid of the one process whose PSS is read too; EveryPSS =
	// of all. The kernel walks all its pages for that.
	PSS int
}

// EveryPSS asks for the PSS of all processes.
const EveryPSS = -1

// ProcessList is one reading of a container's processes.
type ProcessList struct {
	At        time.Time
	InitPID   int       // whose container this is: another pid, another life
	Processes []Process // ordered by PID
	Total     int       // how many there are; more than len(Processes) where they are too many
	// Unnamed says why no names of the container's users are known; "" = they
	// are, or it has none.
	Unnamed string
}

// Process is what the kernel says of one process (proc_pid_stat(5),
// proc_pid_status(5)). Name, Command, Unit and users are foreign text.
type Process struct {
	PID, PPID int    // on the host
	Inner     int    // its pid as the container numbers it; 0 = it is in no pid namespace of it
	Depth     int    // how many pid namespaces below the container's own: it is in a nested container
	Begin     uint64 // its start in ticks after boot: PID and Begin name it for good
	Init      bool   // the container's init
	NestedOne bool   // the first process of a pid namespace below: all in there ends with it

	Started  time.Time
	State    byte // the kernel's letter: R S D Z T t I X
	Threads  int
	Nice     int
	UID      int    // effective, on the host
	InnerUID int    // the same in the container; -1 = its id map has none for it
	User     string // name of InnerUID by the container's own passwd; "" = none is known
	HostUser string // name of UID on the host; "" = it has none

	CPU Value // ns of processor time, ended threads included
	RSS Value // bytes; absent for one that has no memory any more
	PSS Value // bytes; absent unless asked for

	Name    string // of the kernel: the program's, cut to 15 bytes
	Command string // the command line with blanks between words; "" = it has none
	Unit    string // systemd's unit it is in, inside; "" = none
	Cgroup  string // below the container's own, or of a process of the host; "" = that itself, or not known
}

// Title is the command line, or the name in brackets as ps(1) writes it.
func (p *Process) Title() string {
	switch {
	case p.State == 'Z':
		return "[" + p.Name + "] <defunct>"
	case p.Command == "":
		return "[" + p.Name + "]"
	default:
		return p.Command
	}
}

// Same says whether two readings are of the same process.
func (p *Process) Same(o *Process) bool { return p.PID == o.PID && p.Begin == o.Begin }

// ProcessCPU is the processor time that a process took between two readings, in
// percent: 100 = one core. A process that began between them counts from its start.
func ProcessCPU(a, b *Process, from, to time.Time) Rate {
	if a == nil {
		if b.Started.Before(from) || from.IsZero() {
			return Rate{}
		}
		a = &Process{PID: b.PID, Begin: b.Begin, CPU: Of(0)}
	}
	if from.IsZero() || !to.After(from) || !a.Same(b) {
		return Rate{}
	}
	return rate(a.CPU, b.CPU, to.Sub(from).Seconds(), 100/1e9)
}

// OwnerQuery asks whom a pid, a port, or both belong to; 0 = not asked.
type OwnerQuery struct {
	PID, Port int
	Proto     string // "tcp" or "udp": ports of that alone; "" = of both
}

// Check refuses what can be neither.
func (q OwnerQuery) Check() error {
	switch {
	case q.PID < 0 || q.Port < 0 || q.PID == 0 && q.Port == 0:
		return fmt.Errorf("%w: neither a pid nor a port", ErrInvalid)
	case q.Port > 65535:
		return fmt.Errorf("%w: port %d (65535 at most)", ErrInvalid, q.Port)
	case q.Proto != "" && q.Proto != "tcp" && q.Proto != "udp":
		return fmt.Errorf("%w: protocol %q (tcp or udp)", ErrInvalid, q.Proto)
	}
	return nil
}

// Owner is a process that was asked for, and where it is.
type Owner struct {
	Ref     Ref      // the container; zero = none, it is the host's own
	Monitor bool     // no process of the container, but LXC's monitor of it
	Process Process  // PID 0 = whose the socket is could not be found
	Listens Listener // for a port; zero = a pid was asked for
}

// payloadDir is what liblxc puts before a container's name to name its cgroup.
const payloadDir = "lxc.payload."

// Unlisted is the name of the container that a process of no Ref is in, as its
// cgroup tells: one of another lxcpath or of another user. "" = it is in none.
func (o *Owner) Unlisted() string {
	if o.Ref != (Ref{}) {
		return ""
	}
	for part := range strings.SplitSeq(o.Process.Cgroup, "/") {
		if name, ok := strings.CutPrefix(part, payloadDir); ok && name != "" {
			return name
		}
	}
	return ""
}

// Listener is a socket that waits for others.
type Listener struct {
	Proto string         // "tcp", "tcp6", "udp", "udp6"
	Addr  netip.AddrPort // where
}
