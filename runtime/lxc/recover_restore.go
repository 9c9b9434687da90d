package lxc

import "lxcdeck/runtime"

// leftRestore describes what a restore has left. What is kept for a container
// that is gone goes to no other, whatever its name.
func leftRestore(j *journal) (string, []runtime.RecoverWay) {
	what, ways := leftOfRestore(j)
	if gone := j.gone(); gone != "" {
		return what + "; " + gone, []runtime.RecoverWay{runtime.Dismiss}
	}
	return what, ways
}

// keptFor says what a restore keeps for a container; "" = nothing.
func keptFor(ref runtime.Ref) string {
	all := restoresOf(ref)
	if len(all) == 0 {
		return ""
	}
	what, _ := leftOfRestore(all[0])
	return what
}

func leftOfRestore(j *journal) (string, []runtime.RecoverWay) {
	snap := j.fact(factSnap)
	switch {
	case j.Kept:
		what, _ := j.whatIsKept()
		return what, []runtime.RecoverWay{runtime.Dismiss, runtime.Undo}
	case j.Step == stepRemoving && j.fact(factHeld) != "":
		return "an old root was being removed: a part of it is gone", []runtime.RecoverWay{runtime.Dismiss}
	case j.Step == stepRemoving:
		return "a restore of " + snap + " was taken back, but for its copy: a part of that is gone", []runtime.RecoverWay{runtime.Undo}
	case j.Step != stepExchanging && j.Step != stepConfig:
		return "a restore of " + snap + " was interrupted before it changed anything", []runtime.RecoverWay{runtime.Undo, runtime.Finish}
	default:
		return "a restore of " + snap + " was interrupted in the middle", []runtime.RecoverWay{runtime.Finish, runtime.Undo}
	}
}

// recoverRestore goes on with an exchange, takes it back, or lets go of what is
// kept. Undo of what is kept is another exchange, so that it can be undone too.
func recoverRestore(o *operation, j *journal, way runtime.RecoverWay) error {
	if way == runtime.Dismiss || j.Step == stepRemoving {
		if j.Kept {
			if err := o.mayDrop(j); err != nil {
				return err
			}
		}
		if err := j.passOn(); err != nil && !noRoom(err) { // what makes room must not need any
			return err
		}
		return o.discard(j)
	}
	if l := lockOf(j.ref(), true); l != nil {
		return l.Err()
	}
	if err := loadableHere(j.ref()); err != nil {
		return err
	}
	if err := halfDone(j.ref(), j.ID); err != nil {
		return err
	}
	switch {
	case j.Kept:
		if err := unused(j.ref()); err != nil {
			return err
		}
		return o.swapOrBack(j)
	case j.Step != stepExchanging && j.Step != stepConfig:
		return o.restartRestore(j, way)
	case way == runtime.Finish:
		if err := o.swap(j); err != nil {
			return err
		}
		return j.keepOther()
	}
	return o.takeBack(j)
}

// swapOrBack exchanges, and leaves all as it was where that fails.
func (o *operation) swapOrBack(j *journal) error {
	err := o.swap(j)
	if err == nil {
		return j.keepOther()
	}
	if j.Kept {
		return err // nothing was begun: the journal on disk is as it was
	}
	return also(err, o.takeBack(j))
}

// takeBack undoes an exchange: what was kept before it is kept again, what was
// made for it goes.
func (o *operation) takeBack(j *journal) error {
	if err := o.unswap(j); err != nil {
		return err
	}
	if j.fact(factHeld) == "" {
		return o.discard(j)
	}
	return j.keep()
}

// restartRestore is for a restore that has not come further than its copy. One
// that is refused, or fails, can be tried again.
func (o *operation) restartRestore(j *journal, way runtime.RecoverWay) error {
	if way == runtime.Undo {
		return o.discard(j)
	}
	if err := o.stopped(); err != nil {
		return err
	}
	snap, err := snapshotOf(j.ref(), j.fact(factSnap))
	if err != nil {
		return err
	}
	if err := unused(j.ref()); err != nil {
		return err
	}
	if err := o.dropCopy(j); err != nil { // half made; it would count as room that is taken
		return err
	}
	facts, err := o.restorable(snap)
	if err != nil {
		return err
	}
	for key, value := range facts {
		j.Facts[key] = []byte(value)
	}
	if err := o.mark(j, stepCopying); err != nil {
		return err
	}
	if err = o.copyAndSwap(j, snap); err == nil {
		return j.keepOther()
	}
	if uerr := o.unswap(j); uerr != nil {
		return also(err, telling("it could not be undone", uerr))
	}
	// Whatever has become of the copy: it is made again, or removed.
	if jerr := o.mark(j, stepCopying); jerr != nil {
		return also(err, jerr)
	}
	return also(err, o.dropCopy(j))
}
