package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// monitorTitle is how liblxc names a daemonized monitor's process, with
// lxcpath and name behind it (lxc_setproctitle in lxccontainer.c).
const monitorTitle = "[lxc monitor]"

// endStart ends what a start that was given up has left behind: its monitor
// has a session of its own, which the helper's end does not touch. done says
// that nothing is left of it.
func (a *Adapter) endStart(ref runtime.Ref, began time.Time, why error) (done bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), killGrace)
	defer cancel()
	return a.endMonitors(ctx, ref, began, why)
}

// endMonitors ends monitors of a container that were started since began and
// whose container has not come up. One that runs is left alone: it is what
// was asked for, only too late to be told. why is the error so far.
func (a *Adapter) endMonitors(ctx context.Context, ref runtime.Ref, began time.Time, why error) (done bool, err error) {
	for {
		if v, err := a.monitorVitals(ctx, ref, nil); err == nil && v.state.Alive() {
			return false, fmt.Errorf("%w; it runs nevertheless", why)
		}
		left := monitorsOf(ref, began)
		if len(left) == 0 {
			return true, why
		}
		for _, pid := range left {
			endSession(pid)
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%w; its monitor, process %d, cannot be ended", why, left[0])
		case <-time.After(pollEvery):
		}
	}
}

// monitorsOf finds the monitors of a container that started after began.
func monitorsOf(ref runtime.Ref, began time.Time) []int {
	want := monitorTitle + " " + ref.Path + " " + ref.Name
	var found []int
	eachPID(func(pid int) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil || string(bytes.TrimRight(text, "\x00")) != want {
			return
		}
		// Ticks are 10 ms long: one that started in the same tick counts.
		if at, err := startTime(pid); err == nil && at.After(began.Add(-2*time.Second/userHZ)) {
			found = append(found, pid)
		}
	})
	return found
}

// endSession kills a monitor and what runs in its session, such as hooks.
func endSession(monitor int) {
	signalSessionMember(monitor, monitor, unix.SIGKILL)
	signalSession(monitor, unix.SIGKILL)
}

// signalSession signals all processes of a session but its leader. The leader
// must not have been reaped: its number could be another session's by now.
func signalSession(leader int, sig unix.Signal) {
	var pids []int
	eachPID(func(pid int) {
		fields, err := statFields(pid)
		// Field 6 of proc_pid_stat(5) is the session.
		if err == nil && pid != leader && fields[3] == strconv.Itoa(leader) {
			pids = append(pids, pid)
		}
	})
	for _, pid := range pids {
		signalSessionMember(pid, leader, sig)
	}
}

// signalSessionMember signals a process by its pidfd, after it was seen once
// more to be of the session: pids are used again.
func signalSessionMember(pid, session int, sig unix.Signal) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(fd) }()
	fields, err := statFields(pid)
	if err != nil || fields[3] != strconv.Itoa(session) {
		return
	}
	for errors.Is(unix.PidfdSendSignal(fd, sig, nil, 0), unix.EINTR) {
	}
}

func eachPID(visit func(pid int)) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			visit(pid)
		}
	}
}
