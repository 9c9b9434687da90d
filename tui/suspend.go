package tui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

const (
	// stopTakes is how long the stop may take that a signal brings; a process
	// that runs longer was not stopped by it.
	stopTakes = 500 * time.Millisecond
	// endTakes is how long another signal may come after SIGCONT: "kill %1" and
	// a shell that exits send two. SIGCONT itself may come after a timer, too.
	endTakes = 200 * time.Millisecond
)

var errNotStopped = errors.New("the signal did not stop lxcdeck")

// suspender stops the process for its shell, as ctrl+z does. tea.Suspend waits
// for ever where nothing stops it, and takes the terminal back after any
// SIGCONT, whoever has it then: "kill %1" stopped it again instead of ending it.
type suspender struct {
	tty   *os.File
	asked <-chan struct{} // the end was asked for from outside
	gone  chan struct{}   // closed when that happened while the terminal was somebody else's
}

type (
	// suspendMsg asks for a stop; can says whether something could end it.
	suspendMsg struct{ can bool }
	// resumedMsg says that the screen is ours again, and why it never was
	// given up.
	resumedMsg struct{ err error }
)

func (m *Model) suspend() tea.Cmd {
	m.leaving = true
	return cmd("suspend", func() tea.Msg {
		m.pace.hush(settleTime)
		return suspendMsg{resumable()}
	})
}

func (m *Model) onSuspend(msg suspendMsg) tea.Cmd {
	if !msg.can {
		m.leaving = false
		m.pace.speak()
		m.say(noteWarn, "not suspended: no shell with job control could bring lxcdeck back", "")
		return nil
	}
	return tea.Exec(m.jobctl, func(err error) tea.Msg { return resumedMsg{err} })
}

func (m *Model) onResumed(msg resumedMsg) tea.Cmd {
	m.leaving = false
	m.pace.speak()
	again := m.restarted()
	if m.sizer != nil {
		m.sizer.ask()
	}
	if msg.err != nil {
		m.say(noteWarn, "not suspended: "+msg.err.Error(), "")
	}
	return tea.Batch(tea.ClearScreen, again)
}

// Run stops the process group and comes back when the terminal is ours again.
// While it is not, it is not touched: the program then ends from here.
func (s *suspender) Run() error {
	woken := make(chan os.Signal, 1)
	signal.Notify(woken, syscall.SIGCONT)
	defer signal.Stop(woken)
	for sig := syscall.SIGTSTP; ; sig = syscall.SIGTTOU { // SIGTTOU: what "bg" leads to
		if err := syscall.Kill(0, sig); err != nil {
			return fmt.Errorf("stop the process group: %w", err)
		}
		stopped := true
		select {
		case <-woken:
		case <-time.After(stopTakes): // runs out during a stop, too
			select {
			case <-woken:
			case <-time.After(endTakes):
				stopped = false
			}
		}
		switch {
		case s.foreground() && !stopped:
			return errNotStopped
		case s.foreground():
			return nil
		}
		select {
		case <-s.asked:
			close(s.gone)
			select {} // Bubble Tea would take the terminal next
		case <-time.After(endTakes):
			if s.foreground() { // "bg; fg"
				return nil
			}
		}
	}
}

// SetStdin and the like are tea.ExecCommand's: nothing is read or written here.
func (*suspender) SetStdin(io.Reader)  {}
func (*suspender) SetStdout(io.Writer) {}
func (*suspender) SetStderr(io.Writer) {}

// foreground says whether the terminal is ours to use.
func (s *suspender) foreground() bool {
	raw, err := s.tty.SyscallConn()
	if err != nil {
		return false
	}
	pgrp := 0
	cerr := raw.Control(func(fd uintptr) { pgrp, err = unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) })
	return errors.Join(err, cerr) == nil && pgrp == unix.Getpgrp()
}

// resumable says whether a stop would be seen by somebody. In a process group
// without a parent in another group of its session, as below "ssh -t host
// lxcdeck" or in a tmux window of its own, the kernel discards SIGTSTP: the
// group is orphaned (setpgid(2)).
func resumable() bool {
	if signal.Ignored(syscall.SIGTSTP) {
		return false
	}
	self, err := kin(os.Getpid())
	for above := self; err == nil; {
		if above, err = kin(above.parent); err != nil || above.session != self.session {
			return false
		}
		if above.group != self.group {
			return true
		}
	}
	return false
}

// kinship is where a process stands.
type kinship struct{ parent, group, session int }

// kin reads fields 4 to 6 of /proc/PID/stat. The name before them may hold
// anything, parentheses too (proc_pid_stat(5)).
func kin(pid int) (k kinship, err error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return k, fmt.Errorf("look for the parents of process %d: %w", pid, err)
	}
	var state string
	_, err = fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &k.parent, &k.group, &k.session)
	if err != nil {
		return k, fmt.Errorf("look for the parents of process %d: %w", pid, err)
	}
	return k, nil
}
