package runtime

import (
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
)

// OpInfo is what is known of an operation before it is done.
type OpInfo struct {
	Op       Op
	Name     string        // the verb, as on the command line
	Title    string        // for menus and help
	From     []State       // states it accepts
	To       State         // state it ends in when all goes well
	Asks     bool          // interrupts or loses something: the screen asks first
	Timeout  time.Duration // how long it may take unless the request says otherwise
	LXC      string        // the equal lxc-* command; {P} and {N} stand for lxcpath and name, shell-quoted
	Managed  bool          // allowed although another manager writes the config
	Doing    string        // present participle for the job line: "starting"
	AsksMore string        // a sentence added to the question
}

// Graceful is how long stop and shutdown wait for the container's own end,
// the default of lxc-stop(1).
const Graceful = 60 * time.Second

var opTable = [...]OpInfo{
	{Op: Start, Name: "start", Title: "Start", From: []State{Stopped}, To: Running,
		Timeout: 60 * time.Second, LXC: "lxc-start -P {P} -n {N}", Managed: true, Doing: "starting"},
	{Op: Stop, Name: "stop", Title: "Stop", From: []State{Running, Frozen, Starting, Stopping, Freezing, Thawed}, To: Stopped, Asks: true,
		Timeout: Graceful + 15*time.Second, LXC: "lxc-stop -P {P} -n {N}", Managed: true, Doing: "stopping",
		AsksMore: "Halt signal; asks again before a kill."},
	{Op: Shutdown, Name: "shutdown", Title: "Shut down", From: []State{Running, Thawed}, To: Stopped, Asks: true,
		Timeout: Graceful + 5*time.Second, LXC: "lxc-stop -P {P} -n {N} --nokill", Managed: true, Doing: "shutting down",
		AsksMore: "Halt signal only; never killed."},
	{Op: Restart, Name: "restart", Title: "Restart", From: []State{Running, Frozen, Thawed}, To: Running, Asks: true,
		Timeout: 2*Graceful + 15*time.Second, LXC: "lxc-stop -P {P} -n {N} && lxc-start -P {P} -n {N}", Managed: true, Doing: "restarting",
		AsksMore: "Stops and starts it; the config is read again."},
	{Op: Reboot, Name: "reboot", Title: "Reboot", From: []State{Running, Thawed}, To: Running, Asks: true,
		Timeout: 30 * time.Second, LXC: "lxc-stop -P {P} -n {N} --reboot --nokill", Managed: true, Doing: "rebooting",
		AsksMore: "Reboot signal only; an edited config is not read."},
	{Op: Kill, Name: "kill", Title: "Kill", From: []State{Running, Frozen, Starting, Stopping, Freezing, Thawed, Aborting}, To: Stopped, Asks: true,
		Timeout: 30 * time.Second, LXC: "lxc-stop -P {P} -n {N} --kill", Managed: true, Doing: "killing",
		AsksMore: "Everything in it ends at once; unsaved work is lost."},
	{Op: Freeze, Name: "freeze", Title: "Freeze", From: []State{Running, Thawed}, To: Frozen, Asks: true,
		Timeout: 15 * time.Second, LXC: "lxc-freeze -P {P} -n {N}", Managed: true, Doing: "freezing",
		AsksMore: "All its processes stand still until it is thawed."},
	{Op: Thaw, Name: "thaw", Title: "Thaw", From: []State{Frozen, Freezing}, To: Running,
		Timeout: 15 * time.Second, LXC: "lxc-unfreeze -P {P} -n {N}", Managed: true, Doing: "thawing"},
}

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

// LXCCommand is the lxc-* command line that would do the same, quoted for a shell.
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
	Ref     Ref
	Expect  State         // the state the person saw; if it has changed, nothing is done. Unknown = any
	Timeout time.Duration // 0 = the operation's own
	Spare   bool          // stop, restart: do not kill what has not ended in time, but fail with ErrStillRunning
}
