package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lxcdeck/runtime"
)

// leftRestore describes what a restore has left. What is kept for a container
// that is gone goes to no other, whatever its name.
func leftRestore(j *journal) (string, []runtime.RecoverWay) {
	what, ways := leftOfRestore(j)
	if gone := j.gone(); gone != "" {
		return what + "; " + gone, []runtime.RecoverWay{runtime.Dismiss}
	}
	return what, ways
}

// gone says that the container that a journal speaks of is not there any more;
// "" = it is.
func (j *journal) gone() string {
	id, err := dirID(j.ref().String())
	switch was := j.fact(factDir); {
	case errors.Is(err, fs.ErrNotExist):
		return "that container is gone"
	case err == nil && was != "" && id != was:
		return "that container is gone, and another one has its name"
	}
	return ""
}

// keptFor says what a restore keeps for a container; "" = nothing. It looks at no
// lock, as a helper does that holds the container's own (fcntl_locking(2)).
func keptFor(ref runtime.Ref) string {
	dir := filepath.Join(ref.Path, deckDir)
	if ownDeckDir(dir) != nil {
		return ""
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), journalEnd)
		if !ok {
			continue
		}
		if j, err := readJournal(dir, id); err == nil && j.Op == runtime.Restore && j.ref() == ref && j.gone() == "" {
			what, _ := leftOfRestore(j)
			return what
		}
	}
	return ""
}

func leftOfRestore(j *journal) (string, []runtime.RecoverWay) {
	snap := j.fact(factSnap)
	switch {
	case j.Kept && j.fact(factHeld) == heldMade:
		return "what the restore of " + snap + " had made, until that was taken back",
			[]runtime.RecoverWay{runtime.Dismiss, runtime.Undo}
	case j.Kept:
		return "the root and config from before the restore of " + snap, []runtime.RecoverWay{runtime.Dismiss, runtime.Undo}
	case j.Step != stepExchanging && j.Step != stepConfig:
		return "a restore of " + snap + " was interrupted before it changed anything", []runtime.RecoverWay{runtime.Undo, runtime.Finish}
	default:
		return "a restore of " + snap + " was interrupted in the middle", []runtime.RecoverWay{runtime.Finish, runtime.Undo}
	}
}

// recoverRestore goes on with an exchange, takes it back, or lets go of what is
// kept. Undo of what is kept is another exchange, so that it can be undone too.
func recoverRestore(o *operation, j *journal, way runtime.RecoverWay) error {
	if way == runtime.Dismiss {
		return o.discard(j)
	}
	if l := lockOf(j.ref(), true); l != nil {
		return l.Err()
	}
	if err := loadableHere(j.ref()); err != nil {
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

// restartRestore is for a restore that has not come further than its copy.
func (o *operation) restartRestore(j *journal, way runtime.RecoverWay) error {
	if way == runtime.Undo {
		return o.discard(j)
	}
	snap, err := snapshotOf(j.ref(), j.fact(factSnap))
	if err != nil {
		return err
	}
	if err := unused(j.ref()); err != nil {
		return err
	}
	if log, err := clearContainer(j.other()); err != nil {
		o.logged(log)
		return fmt.Errorf("remove the half-made copy: %w", err)
	}
	if err := os.RemoveAll(j.workDir()); err != nil {
		return fmt.Errorf("remove the half-made copy: %w", fileErr(err))
	}
	return o.restoreFrom(j, snap)
}
