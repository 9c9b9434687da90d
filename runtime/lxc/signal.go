package lxc

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	golxc "github.com/lxc/go-lxc"
)

const (
	// youth is the age up to which an init may not hear signals yet.
	youth = 3 * time.Second
	// rtmin3 is SIGRTMIN+3 as glibc and musl count, the halt signal of systemd.
	rtmin3 = syscall.Signal(34 + 3)
)

// The kernel drops a signal to the first process of a pid namespace that has
// no handler for it yet (pid_namespaces(7)): a halt sent right after the start
// would be lost, and the container killed a minute later.

// awaitListening waits until init hears one of the signals, or is old enough
// to have its own ideas, but not beyond until.
func awaitListening(init int, until time.Time, signals ...syscall.Signal) {
	dir := "/proc/" + strconv.Itoa(init)
	for time.Now().Before(until) {
		born, err := startTime(init)
		if err != nil || time.Since(born) > youth {
			return
		}
		status, err := os.ReadFile(dir + "/status")
		if err != nil || hears(string(status), signals) {
			return
		}
		// While a process waits in sigtimedwait(2), as busybox init does, the
		// kernel does not count what it waits for as blocked.
		if at, err := readProc(dir + "/wchan"); err == nil && strings.Contains(string(at), "sigtimedwait") {
			return
		}
		time.Sleep(pollEvery)
	}
}

// hears says whether a process catches one of the signals, or blocks it to
// fetch it itself (sigwaitinfo(2), signalfd(2)), by its /proc/PID/status.
func hears(status string, signals []syscall.Signal) bool {
	var heard uint64
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		if key != "SigCgt" && key != "SigBlk" {
			continue
		}
		if mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64); err == nil {
			heard |= mask
		}
	}
	for _, s := range signals {
		if heard&(1<<(uint(s)-1)) != 0 {
			return true
		}
	}
	return false
}

// signalOf is the signal that a key of the configuration names; 0 = none.
// liblxc gives it as a number.
func signalOf(c *golxc.Container, key string) syscall.Signal {
	n := number(c, key)
	if n < 0 || n > 64 {
		return 0
	}
	return syscall.Signal(n)
}

// haltSignals are what liblxc may send to stop a container: the configured
// one, else SIGPWR, or SIGRTMIN+3 where init blocks that (lxcapi_shutdown).
func haltSignals(configured syscall.Signal) []syscall.Signal {
	if configured != 0 {
		return []syscall.Signal{configured}
	}
	return []syscall.Signal{syscall.SIGPWR, rtmin3}
}

// rebootSignal is what liblxc sends to reboot: SIGINT unless configured.
func rebootSignal(configured syscall.Signal) syscall.Signal {
	if configured != 0 {
		return configured
	}
	return syscall.SIGINT
}
