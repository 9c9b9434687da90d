package lxc

import (
	"fmt"

	"lxcdeck/runtime"
)

// made is the container that a journal's operation makes.
func (j *journal) made() runtime.Ref {
	return runtime.Ref{Path: j.fact(toPath), Name: j.fact(toName)}
}

// leftClone tells of a clone that was killed half way.
func leftClone(j *journal) (what string, ways []runtime.RecoverWay) {
	return fmt.Sprintf("a clone to %s was interrupted: the copy is not whole", j.made().Name), []runtime.RecoverWay{runtime.Undo}
}

// recoverClone removes what a clone that was killed has made. It cannot be
// finished: nobody knows which files are whole.
func recoverClone(o *operation, j *journal, way runtime.RecoverWay) error {
	if way != runtime.Undo && way != runtime.Dismiss {
		return fmt.Errorf("%w: a clone can only be undone", runtime.ErrUnsupported)
	}
	return o.undoCopy(j)
}

// undoCopy removes the container that was made for a journal so far, and ends
// the journal. Another that has its name by now stays, and stays in the books.
func (o *operation) undoCopy(j *journal) error {
	to := j.made()
	if err := to.Check(); err != nil {
		return fmt.Errorf("journal %s: %w", j.ID, err)
	}
	bases := []runtime.Ref{j.ref()}
	if j.owns(to) {
		if more, err := basesOf(to); err == nil { // else it is half written
			bases = append(bases, more...)
		}
	}
	if err := o.unreserve(j, to); err != nil {
		return err
	}
	if !exists(to.String()) {
		if err := forget(to, bases...); err != nil {
			return err
		}
	}
	return j.end()
}

// removeCopy removes a container that was just made, also from the books of
// those it lies upon.
func (o *operation) removeCopy(made runtime.Ref, upon ...runtime.Ref) error {
	more, err := basesOf(made)
	if err != nil {
		return err
	}
	if log, err := clearContainer(made); err != nil {
		o.logged(log)
		return err
	}
	return forget(made, append(more, upon...)...)
}
