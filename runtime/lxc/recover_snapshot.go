package lxc

import (
	"fmt"

	"lxcdeck/runtime"
)

// leftSnapshot says what a snapshot that was killed may have left.
func leftSnapshot(j *journal) (string, []runtime.RecoverWay) {
	what := "taking a snapshot was interrupted"
	if snap := j.fact(factSnap); snap != "" {
		what = "taking " + snap + " was interrupted"
	}
	switch j.fact(factAgain) {
	case "thaw":
		what += "; the container may stand frozen: either way thaws it"
	case "start":
		what += "; the container was stopped for it: either way starts it again"
	}
	return what, []runtime.RecoverWay{runtime.Finish, runtime.Undo}
}

// recoverSnapshot takes the snapshot after all, or removes what there is of it.
// One that is whole stays.
func recoverSnapshot(o *operation, j *journal, way runtime.RecoverWay) error {
	if err := loadableHere(j.ref()); err != nil {
		return err
	}
	if err := o.open(); err != nil {
		return err
	}
	defer func() { o.close() }()
	if err := o.canTake(j, way); err != nil {
		return err
	}
	err := o.dropHalf(j)
	if err == nil && way == runtime.Finish && !j.taken() {
		err = o.takeAfterAll(j)
	}
	switch s := o.state(); {
	case j.fact(factAgain) == "thaw" && (s == runtime.Frozen || s == runtime.Freezing):
		o.q.Timeout = runtime.Thaw.Info().Timeout
		if terr := o.thaw(); terr != nil {
			return also(err, telling("it could not be thawed", terr))
		}
	case j.fact(factAgain) == "start" && s == runtime.Stopped:
		if serr := o.startAnew(j.ref()); serr != nil {
			err = also(err, telling("it could not be started again", serr))
		}
	}
	if err != nil && !j.taken() && (way == runtime.Finish || j.fact(factMade) != "" && j.owns(j.snap())) {
		return err // something is left of it still, or it can be tried again
	}
	return also(err, j.end())
}

// canTake refuses to finish a snapshot before anything of it is removed, where the
// container does not stand still and nothing says that it may be made to.
func (o *operation) canTake(j *journal, way runtime.RecoverWay) error {
	s := o.state()
	if way != runtime.Finish || j.taken() || s == runtime.Stopped || j.fact(factAgain) != "" {
		return nil
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: it is %s", runtime.ErrWrongState, s),
		Hint: "The snapshot needs it stopped: stop it first, or undo what there is of the snapshot.",
	}
}

// takeAfterAll takes a snapshot that was interrupted, if the container stands
// still as it has to.
func (o *operation) takeAfterAll(j *journal) error {
	o.q.Timeout = runtime.Graceful
	s := o.state()
	switch again := j.fact(factAgain); {
	case s == runtime.Stopped:
	case again == "thaw" && s == runtime.Frozen:
	case again == "thaw":
		if err := o.freeze(); err != nil {
			return err
		}
	case again == "start":
		if err := o.stop(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: it is %s", runtime.ErrWrongState, s)
	}
	if err := o.take(j); err != nil {
		return also(err, o.dropHalf(j))
	}
	j.releaseVolumes()
	return nil
}

func leftDeleteSnapshot(j *journal) (string, []runtime.RecoverWay) {
	return "deleting " + j.fact(factSnap) + " was interrupted: a part of it is gone", []runtime.RecoverWay{runtime.Finish}
}

func recoverDeleteSnapshot(o *operation, j *journal, _ runtime.RecoverWay) error {
	snap := runtime.Ref{Path: snapsDir(j.ref()), Name: j.fact(factSnap)}
	if !exists(snap.String()) {
		return j.end()
	}
	if err := unused(snap); err != nil {
		return err
	}
	// A part of it may be gone: what is left is no snapshot, whatever its config says.
	return endAfter(j, o.removeSnapshot(snap))
}
