package runtime

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// SignalInfo is one signal that can be sent to a process (signal(7)).
type SignalInfo struct {
	Number int
	Name   string // "TERM"
	What   string // what it does to who has no other ideas
}

// Signals are those that people send, the most usual first.
func Signals() []SignalInfo {
	return []SignalInfo{
		{int(syscall.SIGTERM), "TERM", "asks it to end"},
		{int(syscall.SIGKILL), "KILL", "ends it at once; unsaved work is lost"},
		{int(syscall.SIGHUP), "HUP", "hang-up; daemons read their config again"},
		{int(syscall.SIGINT), "INT", "as ctrl+c does"},
		{int(syscall.SIGQUIT), "QUIT", "ends it with a core dump"},
		{int(syscall.SIGSTOP), "STOP", "it stands still until CONT"},
		{int(syscall.SIGCONT), "CONT", "goes on after STOP"},
		{int(syscall.SIGUSR1), "USR1", "what the program makes of it, or its end"},
		{int(syscall.SIGUSR2), "USR2", "what the program makes of it, or its end"},
		{int(syscall.SIGWINCH), "WINCH", "its window has another size"},
		{int(syscall.SIGALRM), "ALRM", "what the program makes of it, or its end"},
		{int(syscall.SIGABRT), "ABRT", "ends it with a core dump"},
		{int(syscall.SIGCHLD), "CHLD", "a child has ended; mostly passed over"},
		{int(syscall.SIGPIPE), "PIPE", "nobody reads what it writes"},
	}
}

// maxSignal is the highest number of Linux (signal(7), SIGRTMAX).
const maxSignal = 64

// SignalName is a signal as kill(1) lists it: "TERM", or its number.
func SignalName(n int) string {
	all := Signals()
	if i := slices.IndexFunc(all, func(s SignalInfo) bool { return s.Number == n }); i >= 0 {
		return all[i].Name
	}
	return strconv.Itoa(n)
}

// minRealTime is SIGRTMIN as the C library tells it: it keeps 32 and 33 to
// itself (signal(7)). kill(1) and systemd mean the same.
const minRealTime = 34

// otherSignals are those that nobody sends by hand every day.
func otherSignals() map[string]syscall.Signal {
	return map[string]syscall.Signal{
		"ILL": syscall.SIGILL, "TRAP": syscall.SIGTRAP, "IOT": syscall.SIGIOT, "BUS": syscall.SIGBUS, "FPE": syscall.SIGFPE, "SEGV": syscall.SIGSEGV,
		"STKFLT": syscall.SIGSTKFLT, "TSTP": syscall.SIGTSTP, "TTIN": syscall.SIGTTIN, "TTOU": syscall.SIGTTOU, "URG": syscall.SIGURG,
		"XCPU": syscall.SIGXCPU, "XFSZ": syscall.SIGXFSZ, "VTALRM": syscall.SIGVTALRM, "PROF": syscall.SIGPROF, "IO": syscall.SIGIO,
		"POLL": syscall.SIGPOLL, "PWR": syscall.SIGPWR, "SYS": syscall.SIGSYS, "RTMIN": minRealTime, "RTMAX": maxSignal,
	}
}

// ParseSignal reads "TERM", "SIGTERM", "term", "15" or "RTMIN+3".
func ParseSignal(word string) (int, error) {
	if n, err := strconv.ParseUint(word, 10, 8); err == nil && n >= 1 && n <= maxSignal {
		return int(n), nil
	}
	name := strings.TrimPrefix(strings.ToUpper(word), "SIG")
	for _, s := range Signals() {
		if s.Name == name {
			return s.Number, nil
		}
	}
	if n, ok := otherSignals()[name]; ok {
		return int(n), nil
	}
	if len(name) > len("RTMIN+") && (strings.HasPrefix(name, "RTMIN+") || strings.HasPrefix(name, "RTMAX-")) {
		by, err := strconv.ParseUint(name[len("RTMIN+"):], 10, 8)
		if most := uint64(maxSignal - minRealTime); err == nil && by <= most {
			if strings.HasPrefix(name, "RTMIN") {
				return minRealTime + int(by), nil
			}
			return maxSignal - int(by), nil
		}
	}
	return 0, fmt.Errorf("%w: no signal %q (TERM, KILL, HUP ..., or a number up to %d)", ErrInvalid, word, maxSignal)
}

// SignalArgs name one process of a container, and a signal for it.
type SignalArgs struct {
	PID    int    // on the host
	Begin  uint64 // Process.Begin: another process with that pid gets nothing
	Signal int
	Name   string // Process.Name, for what is written down; foreign text
	Inner  int    // Process.Inner, for the equal command; 0 = it has none
	Init   bool   // it is known that this is the container's init
}

// Check refuses what names no process or no signal. A pid of 1 is the host's init.
func (a *SignalArgs) Check() error {
	switch {
	case a.PID <= 1:
		return fmt.Errorf("%w: pid %d is no process of a container", ErrInvalid, a.PID)
	case a.Begin == 0:
		return fmt.Errorf("%w: it is not known when process %d began", ErrInvalid, a.PID)
	case a.Signal < 1 || a.Signal > maxSignal:
		return fmt.Errorf("%w: signal %d (1 to %d)", ErrInvalid, a.Signal, maxSignal)
	}
	return nil
}

// LXCCommand is the equal kill(1), run in the container.
func (a *SignalArgs) LXCCommand(_ Op, r Ref) string {
	if a.Inner <= 0 {
		return ""
	}
	return tool("lxc-attach", r) + " -- kill -" + SignalName(a.Signal) + " " + strconv.Itoa(a.Inner)
}

// InitSignal says what a signal to a container's init means. The kernel gives
// it from outside what it has a handler for, and KILL and STOP
// (pid_namespaces(7)).
func InitSignal(n int) string {
	switch syscall.Signal(n) {
	case syscall.SIGKILL:
		return "This is the container's init: all in it ends at once, as by lxc-stop -k."
	case syscall.SIGSTOP:
		return "This is the container's init: it stands still, and nobody in there reaps what ends, until CONT."
	case syscall.SIGCONT:
		return "This is the container's init."
	default:
		return "This is the container's init: it gets that only if it has a handler for it, and many then stop or reboot the container."
	}
}
