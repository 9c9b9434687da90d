package lxc

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers: an application container is laid out as an overlay
// on its bases, its command runs as its init, and what it changed is kept or
// goes with it.

// Steps of a run's journal.
const (
	runMaking   = "making"
	runRunning  = "running"
	runRemoving = "removing"
)

// runEntered is no step of the journal: its bases know of it. Tests end it there.
const runEntered = "entered"

// maxCommand is how much of a command a journal tells, in bytes.
const maxCommand = 1024

// runningStep begins the step of a command that runs, as callers are told.
const runningStep = "running "

// runGrace is how long a run may take to end once nobody wants it any more.
const runGrace = haltTime + monitorTime + 5*time.Second

// Facts of a run's journal.
const (
	factRemove  = "remove"  // "1" = --rm
	factCommand = "command" // for people
	factBases   = "bases"   // as in lxc_rdepends
)

// runCommand makes the container, runs the command and clears up.
func (o *operation) runCommand() error {
	a, ok := o.q.Args.(*runtime.RunArgs)
	if !ok {
		return fmt.Errorf("%w: run without a command", runtime.ErrInvalid)
	}
	ctx, stop := cancellable()
	defer stop()
	// Also when nobody is left to tell it that its time is over.
	ctx, cancel := context.WithTimeoutCause(ctx, o.q.Timeout, endedAfter(o.q.Timeout))
	defer cancel()
	o.step("laying out " + o.q.Ref.Name)
	all, looked, lower, err := o.bases(a)
	if err != nil {
		return err
	}
	defer lower.release()
	j, err := o.layOut(a, all)
	looked.release()
	if err != nil {
		return roomFor(err)
	}
	alive := &holds{}
	defer alive.release()
	if err := o.letGoOn(ctx, alive, j); err != nil {
		return alsoFailedRun(roomFor(err), undoRun(j))
	}
	o.reached(runRunning)
	var began bool
	o.exit, began, err = o.runChild(ctx, a, all[0].idmap)
	if o.exit != nil {
		o.tell(runtime.Progress{Exit: o.exit})
	}
	if began && !a.Remove {
		return errors.Join(err, j.end())
	}
	// What never ran has changed nothing, and its name is free for another try.
	o.step("removing " + o.q.Ref.Name)
	if herr := o.holdAgain(); herr != nil {
		return alsoFailedRun(err, herr)
	}
	// The command may have filled the disk. Without this word the journal still
	// names the container.
	_ = j.step(runRemoving)
	o.reached(runRemoving)
	return alsoFailedRun(err, undoRun(j))
}

// alsoFailedRun is the error of a run, with what clearing up has met. That counts
// where the command itself went well.
func alsoFailedRun(err, undo error) error {
	if err == nil || undo == nil {
		return errors.Join(err, undo)
	}
	return alsoFailed(err, undo)
}

// endedAfter is the error of a command whose time was over.
func endedAfter(d time.Duration) error {
	return fmt.Errorf("%w: it was ended after %s", runtime.ErrCancelled, d)
}

// cancelledBy is why a run is to end; nil = it is not.
func cancelledBy(ctx context.Context) error {
	switch why := context.Cause(ctx); {
	case why == nil, errors.Is(why, runtime.ErrCancelled):
		return why
	default:
		return runtime.ErrCancelled
	}
}

// letGoOn is the last that is done before the command begins.
func (o *operation) letGoOn(ctx context.Context, alive *holds, j *journal) error {
	dir, err := holdDir()
	if err != nil {
		return err
	}
	if err := alive.add(dir, goesOn(o.q.Ref), o.q.Op, unix.F_WRLCK); err != nil {
		return err
	}
	if err := cancelledBy(ctx); err != nil {
		return err
	}
	return j.step(runRunning)
}

// goesOn is what a run holds for its whole time, beside its container: its journal
// is none of what was left. The name cannot be another container's.
func goesOn(ref runtime.Ref) runtime.Ref {
	return runtime.Ref{Path: ref.Path, Name: ref.Name + "/\nrun"}
}

// lowerOf is what a run holds, and others may too, of a container whose root is
// below that of its command.
func lowerOf(ref runtime.Ref) runtime.Ref {
	return runtime.Ref{Path: ref.Path, Name: ref.Name + "/\nlower"}
}

// notUnderRun refuses the start of a container on whose root a command runs: it
// would write there.
func notUnderRun(ref runtime.Ref) error {
	if holder(lowerOf(ref)) == nil {
		return nil
	}
	command := "a command"
	if refs, err := allLedTo(ref, dependantsOf); err == nil {
		refs = slices.DeleteFunc(refs, func(r runtime.Ref) bool { return !held(goesOn(r)) })
		if len(refs) > 0 {
			command = "the command of " + refList(refs)
		}
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: its root would change under %s, which runs on it", runtime.ErrInUse, command),
		Hint: "Stop that first, or run it on a snapshot.",
	}
}

// holdAgain takes the container back, from whoever has just stopped it.
func (o *operation) holdAgain() error {
	dir, err := holdDir()
	if err != nil {
		return err
	}
	for until := time.Now().Add(diskLockTime); ; time.Sleep(pollEvery) {
		err := o.held.add(dir, o.q.Ref, o.q.Op, unix.F_WRLCK)
		if err == nil || !errors.Is(err, runtime.ErrBusy) || time.Now().After(until) {
			return err
		}
	}
}

// runChild runs the command. A nil exit means that there was none; began says
// whether the command ran at all.
func (o *operation) runChild(ctx context.Context, a *runtime.RunArgs, idmap []string) (exit *runtime.Exit, began bool, err error) {
	goruntime.LockOSThread() // the child lives as long as this thread
	defer goruntime.UnlockOSThread()
	p, std, err := newInitPipes(idmap)
	if err != nil {
		return nil, false, err
	}
	c, err := startChild(o.q.Ref, a.Command, std)
	std.close()
	if err != nil {
		p.close()
		return nil, false, err
	}
	defer c.log.Close()
	over, ended := make(chan struct{}), make(chan struct{})
	runtime.Spawn("end of a run", func(error) { close(ended) }, func() {
		defer close(ended)
		select {
		case <-ctx.Done():
			endInit(o.q.Ref, c, over)
		case <-over:
		}
	})
	up := o.awaitUp(c)
	// While it runs it is a container like others: who wants to stop it, or to look
	// into it, may.
	o.held.release()
	o.step(runningStep + a.Command[0])
	p.pump(c.pidfd, o.tell)
	got, ran, err := c.wait()
	if err != nil {
		dropCgroups(o.q.Ref) // its monitor, which was killed, has not
	}
	close(over)
	<-ended
	_ = unix.Close(c.pidfd)
	cancelled, log := cancelledBy(ctx), c.lastLog()
	if !up {
		o.log = func() string { return log }
		return nil, false, notStarted(a, initDied)
	}
	if err == nil && ran {
		// Errors in the log of a run that went well are of no interest.
		return &got, true, cancelled
	}
	o.log = func() string { return log }
	switch {
	case cancelled != nil:
		return nil, err != nil, cancelled // killed before it could tell
	case err != nil:
		return nil, true, err
	}
	if why := noBegin(noCommand, a.Command[0], log); why != "" {
		code := noExec
		if strings.Contains(why, "no such file") {
			code = noCommand
		}
		return &runtime.Exit{Code: code, Reason: why}, false, nil
	}
	return nil, false, notStarted(a, log)
}

// awaitUp waits until the container has a state that others go by: until then it
// looks stopped, and could be destroyed. What its command writes waits in the pipes.
// It is false where the init died and liblxc does not see it: the monitor is ended.
func (o *operation) awaitUp(c *child) bool {
	monitor := []unix.PollFd{{Fd: int32(c.pidfd), Events: unix.POLLIN}}
	var dead time.Time // since when
	for {
		if n, err := unix.Poll(monitor, int(upEvery/time.Millisecond)); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return true // it has ended already
		}
		if is, err := stateWithin(o.q.Ref, upAnswer); err == nil && is != runtime.Stopped && is != runtime.Starting {
			return true
		}
		switch {
		case !deadChildren(c.pid):
			dead = time.Time{}
		case dead.IsZero():
			dead = time.Now()
		case time.Since(dead) > deadTime:
			c.kill()
			return false
		}
	}
}

// deadChildren says whether a process has children that it has not reaped, and none
// that live. A monitor that starts reads what its init is to tell it from a socket of
// which it holds the other end, too (data_sock in start.c): if the kernel kills that
// init, for memory say, it waits for ever.
func deadChildren(pid int) bool {
	all := childrenOf(pid)
	for _, child := range all {
		if fields, err := statFields(child); err != nil || fields[0] != "Z" {
			return false
		}
	}
	return len(all) > 0
}

const (
	// upEvery is how often a container that starts is looked at.
	upEvery = 5 * time.Millisecond
	// upAnswer is how long its monitor may take to answer: it does once it is done.
	upAnswer = 500 * time.Millisecond
	// deadTime is how long a monitor may take to see that its init is dead.
	deadTime = 3 * time.Second
)

// initDied stands for liblxc's words where it has none.
const initDied = "its init was killed while it was set up"

// Exit statuses of a shell for a command that it cannot run.
const (
	noExec    = 126
	noCommand = 127
)

const (
	// haltTime is how long a command that hears SIGTERM has to end.
	haltTime = 10 * time.Second
	// monitorTime is when a monitor is killed whose container does not end.
	monitorTime = 30 * time.Second
)

// endInit ends a container of ours: SIGTERM if its init hears it, else SIGKILL.
// over is closed when it has ended.
func endInit(ref runtime.Ref, c *child, over <-chan struct{}) {
	kill := time.NewTimer(monitorTime)
	defer kill.Stop()
	gone := make(chan struct{})
	runtime.Spawn("kill of an init", func(error) {}, func() {
		killInit(ref, gone)
	})
	select {
	case <-over:
	case <-kill.C:
		c.kill()
		<-over
	}
	close(gone)
}

// killInit asks for a container's init until there is one, and ends it.
func killInit(ref runtime.Ref, gone <-chan struct{}) {
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	if err != nil {
		return
	}
	defer func() { _ = c.Release() }()
	var asked time.Time
	for {
		endOnce(c, &asked)
		select {
		case <-gone:
			return
		case <-time.After(pollEvery):
		}
	}
}

// endOnce asks a container's init to end, or kills it if it does not hear that or
// was asked long enough ago.
func endOnce(c *golxc.Container, asked *time.Time) {
	pid := c.InitPid()
	if pid <= 0 {
		return
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if c.InitPid() != pid { // the monitor still names it: it is that process
		return
	}
	if asked.IsZero() {
		*asked = time.Now()
		if frozen(pid) {
			// It would hear nothing, and on cgroup v1 not die either. The monitor may
			// not know that it is frozen (see operation.thaw).
			if c.State() != golxc.FROZEN {
				_ = c.Freeze()
			}
			_ = c.Unfreeze()
		}
		status, err := readProc("/proc/" + strconv.Itoa(pid) + "/status")
		if err == nil && hears(string(status), []unix.Signal{unix.SIGTERM}) {
			_ = unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0)
			return
		}
		*asked = asked.Add(-haltTime)
	}
	if time.Since(*asked) >= haltTime {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}
