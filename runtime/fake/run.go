package fake

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"lxcdeck/runtime"
)

// runApp runs one of the scripted shell's commands in a container of its own.
func (r *Runtime) runApp(ctx context.Context, q runtime.Request) error {
	a, ok := q.Args.(*runtime.RunArgs)
	if !ok {
		return fmt.Errorf("%w: run without a command", runtime.ErrInvalid)
	}
	tell := func(p runtime.Progress) {
		if q.Progress != nil {
			q.Progress(p)
		}
	}
	on, err := r.appBases(a)
	if err != nil {
		return err
	}
	if program := filepath.Base(a.Command[0]); commands()[program] == nil {
		tell(runtime.Progress{Exit: &runtime.Exit{Code: 127, Reason: "cannot run " + a.Command[0] + ": no such file or directory"}})
		return nil
	}
	r.mu.Lock()
	r.put(q.Ref, Spec{
		Container: runtime.Container{State: runtime.Stopped, Config: &runtime.Config{}}, Base: on[0], Under: on[1:],
		Load: Load{CPU: 0.02, Memory: 4 << 20}, Procs: []string{strings.Join(a.Command, " ")}, NoBootLog: true,
	})
	b := r.boxes[q.Ref]
	life, end := context.WithCancel(ctx)
	defer end()
	b.app = end
	r.become(b, runtime.Running)
	p := r.process(b, runtime.Shell{Ref: q.Ref, Command: a.Command, Env: a.Env, Cwd: a.Cwd})
	r.mu.Unlock()
	p.ctx, p.out, p.errOut = life, toldWriter{tell, false}, toldWriter{tell, true}
	tell(runtime.Progress{Step: "running " + a.Command[0]})
	exit := runtime.Exit{Code: p.main()}
	err = cancelled(ctx.Err())
	if life.Err() != nil { // or somebody has stopped it
		exit = runtime.Exit{Code: 137, Signal: 9}
	}
	tell(runtime.Progress{Exit: &exit})
	if a.Remove {
		r.Remove(q.Ref)
		return err
	}
	r.Become(q.Ref, runtime.Stopped)
	return err
}

// appBases looks at what a container is to lie on.
func (r *Runtime) appBases(a *runtime.RunArgs) ([]runtime.Ref, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var on []runtime.Ref
	mapped := 0
	for _, from := range a.From {
		b, ok := r.boxes[from.Ref]
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: %s in %s", runtime.ErrNotFound, from.Ref.Name, from.Ref.Path)
		case from.Snap == "" && r.shown(b).State != runtime.Stopped:
			return nil, fmt.Errorf("%w: %s is %s", runtime.ErrWrongState, from, r.shown(b).State)
		}
		ref := from.Ref
		if from.Snap != "" {
			if !hasSnap(b, from.Snap) {
				return nil, fmt.Errorf("%w: %s", runtime.ErrNoSnapshot, from)
			}
			ref = runtime.Ref{Path: filepath.Join(from.Ref.String(), "snaps"), Name: from.Snap}
		}
		if b.spec.Config != nil && b.spec.Config.Unprivileged {
			mapped++
		}
		on = append(on, ref)
	}
	if mapped > 0 && mapped < len(a.From) {
		return nil, fmt.Errorf("%w: the id maps of %s differ", runtime.ErrInvalid, a.From)
	}
	return on, nil
}

func hasSnap(b *box, name string) bool {
	for _, s := range b.spec.Snapshots {
		if s.Name == name {
			return true
		}
	}
	return false
}

// toldWriter makes progress of what a process writes.
type toldWriter struct {
	tell   func(runtime.Progress)
	stderr bool
}

func (w toldWriter) Write(p []byte) (int, error) {
	w.tell(runtime.Progress{Output: bytes.Clone(p), Stderr: w.stderr})
	return len(p), nil
}

// checkpoint writes a container's processes to a directory, or makes them again.
// Callers hold r.mu.
func (r *Runtime) checkpoint(b *box, q runtime.Request) error {
	a, ok := q.Args.(*runtime.CheckpointArgs)
	if !ok {
		return fmt.Errorf("%w: %s without a directory", runtime.ErrInvalid, q.Op)
	}
	of, full := r.checkpoints[a.Dir]
	switch {
	case q.Op == runtime.Checkpoint && full:
		return fmt.Errorf("%w: %s is not empty", runtime.ErrInvalid, a.Dir)
	case q.Op == runtime.Checkpoint:
		r.checkpoints[a.Dir] = q.Ref
		if !a.Keep {
			r.become(b, runtime.Stopped)
		}
	case !full:
		return fmt.Errorf("%w: there is no checkpoint in %s", runtime.ErrInvalid, a.Dir)
	case of != q.Ref:
		return fmt.Errorf("%w: the checkpoint in %s is of %s", runtime.ErrInvalid, a.Dir, of.Name)
	default:
		r.become(b, runtime.Running)
	}
	return nil
}
