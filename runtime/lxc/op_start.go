package lxc

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// This file runs in helpers.

const (
	// lastWordsTime is how long the monitor of a start that failed may take to be gone.
	lastWordsTime = 2 * time.Second
	// commandTime is how long a command that was given for init is watched
	// after it has begun: one that cannot work ends within milliseconds.
	commandTime = 150 * time.Millisecond
)

// start starts the container and leaves its monitor behind as a daemon. It
// returns when the container runs, or is known not to.
func (o *operation) start() error {
	began := time.Now()
	log, home := newStartLog(o.c, o.log), ownCgroups()
	o.log = log.errors
	o.keepLog(log.file)
	if err := o.c.WantDaemonize(true); err != nil {
		return fmt.Errorf("liblxc: %w", err)
	}
	var command []string
	if a, ok := o.q.Args.(*runtime.StartArgs); ok && a != nil {
		command = a.Command
	}
	var err error
	if len(command) > 0 {
		err = o.c.StartWithArgs(command)
	} else {
		err = o.c.Start()
	}
	goHome(home)
	if err != nil {
		// liblxc answers before its monitor has said all that it has to say.
		o.clearAfter(log, began)
		return fmt.Errorf("liblxc: %w", err)
	}
	defer log.seal()
	ended := len(command) > 0 && awaitEnd(o.c.InitPid(), commandTime)
	for until := time.Now().Add(o.q.Timeout); ; time.Sleep(pollEvery) {
		switch s := o.lxcState(); {
		case (s == runtime.Running || s == runtime.Frozen) && !ended: // else its monitor is about to notice
			return nil
		case s == runtime.Stopped:
			o.clearAfter(log, began)
			return endedAtOnce(log, command)
		case time.Now().After(until):
			return tooLate("it is still %s after %s", s, o.q.Timeout)
		}
	}
}

// startApart has the starter start the container. done is false where it was
// not done and is left to start: what the starter does not know of.
func (o *operation) startApart() (r helperReply, done bool) {
	if a, ok := o.q.Args.(*runtime.StartArgs); ok && a != nil && len(a.Command) > 0 {
		return r, false
	}
	if accepts(&o.info, runtime.Stopped, o.q.Expect) != nil {
		return r, false
	}
	log := emptyStartLog(func() string { return "" })
	if log.file == nil {
		return r, false
	}
	defer log.file.Close()
	began := time.Now()
	what, word, err := o.starts.start(o.q.Ref, log.file, o.q.Timeout)
	word, number, _ := strings.Cut(word, " ")
	is, _ := runtime.ParseState(word)
	switch {
	case err != nil:
		r = failedReply(err, log.errors())
		r.Leaves = true
		return r, true
	case what == startState && (is == runtime.Running || is == runtime.Frozen):
		log.seal()
		init, _ := strconv.Atoi(number)
		return helperReply{OK: true, State: is, Init: init}, true
	case what == startState && is == runtime.Stopped:
		log.seal()
		o.clearAfter(log, began)
		err = endedAtOnce(log, nil)
	case what == startState:
		log.seal()
		err = tooLate("it is still %s after %s", is, o.q.Timeout)
	case what == startFailed:
		o.clearAfter(log, began)
		err = fmt.Errorf("liblxc: %w", golxc.ErrStartFailed)
	case what == startUnloadable:
		err = unloadable(o.q.Ref)
	case what == startNotStopped:
		err = accepts(&o.info, is, o.q.Expect)
	}
	if err == nil { // the config names a log file, or it was stopped a moment later
		return r, false
	}
	return failedReply(err, log.errors()), true
}

// clearAfter waits for the end of the monitor of a start that came to nothing,
// and removes the cgroups that it leaves: liblxc cannot remove its monitor's
// while the process that started it is in it too (cgfsng_monitor_destroy).
func (o *operation) clearAfter(log *startLog, began time.Time) {
	for until := time.Now().Add(lastWordsTime); len(monitorsOf(o.q.Ref, began)) > 0; time.Sleep(pollEvery) {
		if time.Now().After(until) {
			return
		}
	}
	removeCgroups(log.cgroups())
}

// cgroupTops are the directories where cgroup hierarchies are mounted.
func cgroupTops() []string {
	mounts, err := cgroup.FS{}.Mounts()
	if err != nil {
		return nil
	}
	var tops []string
	for _, m := range mounts.Unified {
		tops = append(tops, m.Dir)
	}
	for _, all := range mounts.V1 {
		for _, m := range all {
			tops = append(tops, m.Dir)
		}
	}
	slices.Sort(tops)
	return slices.Compact(tops)
}

// endedAtOnce is what comes of a start whose container is stopped already. A
// command that has done its work is no failure.
func endedAtOnce(log *startLog, command []string) error {
	how, code := log.end()
	switch {
	case how == "":
		return errors.New("it started and ended at once")
	case len(command) > 0 && code == 0:
		return nil
	case len(command) > 0:
		return fmt.Errorf("it started and ended at once: %s: %s", command[0], how)
	default:
		return fmt.Errorf("it started and ended at once: its init: %s", how)
	}
}

// awaitEnd waits for the end of a process, for a while, and says whether it has come.
func awaitEnd(pid int, within time.Duration) bool {
	if pid <= 0 {
		return false // its monitor does not know one any more, and so is not RUNNING either
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return errors.Is(err, unix.ESRCH)
	}
	defer func() { _ = unix.Close(fd) }()
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for until := time.Now().Add(within); ; {
		left := time.Until(until)
		if left <= 0 {
			return false
		}
		if n, err := unix.Poll(fds, int(left.Milliseconds())+1); !errors.Is(err, unix.EINTR) {
			return err == nil && n > 0
		}
	}
}
