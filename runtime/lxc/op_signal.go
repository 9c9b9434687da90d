package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/proc"
)

// signal sends a signal to one process of the container. This runs in the helper.
// The pidfd comes first: what is read of the process afterwards is of the one
// that gets the signal, or that one is gone, and gets none.
func (o *operation) signal() error {
	a, ok := o.q.Args.(*runtime.SignalArgs)
	if !ok {
		return fmt.Errorf("%w: no process is named", runtime.ErrInvalid)
	}
	if err := o.open(); err != nil {
		return err
	}
	init, dirs := o.c.InitPid(), configuredDirs(o.c, o.q.Ref.Name)
	o.close()
	o.c, o.log = nil, func() string { return "" }
	if init <= 0 {
		return fmt.Errorf("%w: it has no init", runtime.ErrWrongState)
	}
	if a.PID == os.Getpid() || a.PID == os.Getppid() {
		return fmt.Errorf("%w: process %d is lxcdeck itself", runtime.ErrInvalid, a.PID)
	}
	fd, err := unix.PidfdOpen(a.PID, 0)
	if err != nil {
		// It is gone, or a thread's number: EINVAL, and ENOENT since Linux 6.15.
		if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			return noProcess(a.PID)
		}
		return fmt.Errorf("process %d: pidfd_open: %w", a.PID, fileErr(err))
	}
	defer func() { _ = unix.Close(fd) }()
	if err := sameProcess(a, init, dirs); err != nil {
		return err
	}
	if err := unix.PidfdSendSignal(fd, unix.Signal(a.Signal), nil, 0); err != nil {
		if errors.Is(err, unix.ESRCH) {
			return noProcess(a.PID)
		}
		return fmt.Errorf("%s to process %d: %w", runtime.SignalName(a.Signal), a.PID, fileErr(err))
	}
	return nil
}

// sameProcess says whether a process is the one that was meant, and the
// container's.
func sameProcess(a *runtime.SignalArgs, init int, dirs []string) error {
	p, err := proc.FS{}.Find(context.Background(), proc.Target{Init: init, Dirs: dirs}, a.PID)
	switch {
	case errors.Is(err, runtime.ErrNotFound):
		return noProcess(a.PID)
	case err != nil:
		return err
	case p.Begin != a.Begin:
		return hinted(fmt.Errorf("%w: process %d is another one by now (%s)", runtime.ErrWrongState, a.PID, p.Name), "Nothing was sent. Look at the processes again.")
	case p.Init && !a.Init:
		return hinted(fmt.Errorf("%w: process %d is the container's init", runtime.ErrInvalid, a.PID),
			"Nothing was sent. To end the container, stop, shut down or kill it.")
	case p.State == 'Z':
		return hinted(fmt.Errorf("%w: process %d has ended already", runtime.ErrWrongState, a.PID), "It is gone when its parent asks for its status.")
	}
	return nil
}

// noProcess is the answer to a pid that is none, or not the container's.
func noProcess(pid int) error {
	return hinted(fmt.Errorf("%w: the container has no process %d", runtime.ErrWrongState, pid), "Nothing was sent. It has ended, or belongs to somebody else.")
}
