package lxc

import (
	"fmt"
	"os"

	"lxcdeck/runtime"
)

// This file runs in helpers. What changes more of a container than its state
// stands in a file of its own for each operation: op_create.go and so on.

// checkRequest is the helper's own check of what it was asked.
func (o *operation) checkRequest() error {
	r := runtime.Request{Op: o.q.Op, Ref: o.q.Ref, Args: o.q.Args, File: o.file}
	return r.Check()
}

// archiveFile is the descriptor that came with a request to pack or unpack, or with
// one to copy from or to a file that somebody has opened.
func archiveFile(q *helperRequest) *os.File {
	name := "archive" // in errors
	switch a, _ := q.Args.(*runtime.CopyFilesArgs); {
	case q.Op == runtime.Pack, q.Op == runtime.Unpack:
	case a != nil && q.Op == runtime.Push && len(a.From) == 0:
		name = "standard input"
	case a != nil && q.Op == runtime.Pull && a.To == "":
		name = "standard output"
	default:
		return nil
	}
	return os.NewFile(helperFiles, name)
}

// change carries out what needs more than a state.
func (o *operation) change() error {
	if err := o.ready(); err != nil {
		return err
	}
	switch o.q.Op {
	case runtime.Create:
		return o.create()
	case runtime.Clone:
		return o.clone()
	case runtime.Rename:
		return o.rename()
	case runtime.Destroy:
		return o.destroy()
	case runtime.Snapshot:
		return o.snapshot()
	case runtime.DeleteSnapshot:
		return o.deleteSnapshot()
	case runtime.Restore:
		return o.restore()
	case runtime.RestoreAs:
		return o.restoreAs()
	case runtime.AddDevice, runtime.RemoveDevice:
		return o.device()
	case runtime.SetAutostart:
		return o.setAutostart()
	case runtime.SetLimits:
		return o.setLimits()
	case runtime.Lock, runtime.Unlock:
		return o.lock()
	case runtime.SetConfig, runtime.SetDefaultConfig:
		return o.setConfig()
	case runtime.Recover:
		return o.recover()
	case runtime.Mend:
		return o.mend()
	case runtime.Pack:
		return o.pack()
	case runtime.Unpack:
		return o.unpack()
	case runtime.Run:
		return o.runCommand()
	case runtime.Checkpoint, runtime.Resume:
		return o.checkpoint()
	case runtime.Signal:
		return o.signal()
	case runtime.Push, runtime.Pull:
		return o.copyFiles()
	default:
		return fmt.Errorf("%w: operation %d", runtime.ErrUnsupported, o.q.Op)
	}
}

// ready looks again at what the Adapter has looked at: names that must be free
// still are, and the container is there, may be loaded, is not locked, and in a
// state that allows it. The handle is closed again, so that each operation
// opens what it needs.
func (o *operation) ready() error {
	q := runtime.Request{Op: o.q.Op, Ref: o.q.Ref, Args: o.q.Args}
	names := q.Others()
	if o.info.Kind == runtime.Makes {
		names = append(names, o.q.Ref)
	}
	for _, ref := range names {
		if exists(ref.String()) {
			return fmt.Errorf("%w: %s is there already", runtime.ErrExists, ref)
		}
	}
	if o.info.Kind != runtime.Makes && o.q.Ref != (runtime.Ref{}) {
		if err := mayTouch(&o.info, o.q.Ref, true); err != nil {
			return err
		}
	}
	if o.info.Kind != runtime.OnContainer || o.q.Op == runtime.Lock || o.q.Op == runtime.Unlock ||
		o.q.Op == runtime.SetConfig { // which may be what makes it loadable again
		return nil
	}
	if err := loadableHere(o.q.Ref); err != nil {
		return err
	}
	if err := o.open(); err != nil {
		return err
	}
	err := accepts(&o.info, o.state(), o.q.Expect)
	o.close()
	o.c, o.log = nil, func() string { return "" }
	return err
}
