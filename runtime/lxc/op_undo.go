package lxc

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lxcdeck/runtime"
)

// undoTime is how long what a killed operation has made may take to be removed.
const undoTime = 5 * time.Minute

// takeBack lets another helper undo what one that was killed has left. why is
// the error so far.
func (a *Adapter) takeBack(q runtime.Request, as *user, since time.Time, why error) (helperReply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), undoTime)
	defer cancel()
	r, err := a.callHelper(ctx, helperRequest{
		Kind: kindUndo, Ref: q.Ref, Op: q.Op, Args: q.Args, Since: since, Paths: a.about.Paths,
	}, as, q.Progress)
	if err == nil {
		err = r.err()
	}
	if err == nil {
		// By a cancel or a deadline it ends as it was meant to: that says all.
		if !errors.Is(why, runtime.ErrHelper) {
			r.Hint = ""
		}
		return helperReply{Hint: r.Hint}, why
	}
	if r.Hint == "" {
		r.Hint = keptHint
	}
	return r, fmt.Errorf("%w; %s", why, err.Error())
}

// helperUndo takes back what a helper has left that was killed while it did q.Op
// on q.Ref, since q.Since.
func helperUndo(conn *msgConn, q helperRequest) helperReply {
	// A killed process holds its locks until the kernel has done with it.
	for until := time.Now().Add(reapTime); (held(q.Ref) || held(goesOn(q.Ref))) && time.Now().Before(until); {
		time.Sleep(pollEvery)
	}
	// Before the lock is taken: to ask who holds it would drop one's own.
	all, err := journals(q.Ref.Path)
	if err != nil {
		return failedReply(err, "")
	}
	locks, err := holdAll(&q)
	if err != nil {
		return failedReply(err, "")
	}
	defer locks.release()
	o := &operation{q: q, info: q.Op.Info(), conn: conn, log: func() string { return "" }}
	hint := nothingBegun
	for _, j := range all {
		if j.Op == q.Op && j.ref() == q.Ref && !j.Kept && !j.Began.Before(q.Since) {
			o.step("removing what was made")
			err = errors.Join(err, o.undo(j))
			if hint = takenBack; !j.ended() {
				hint = notTakenBack
			}
		}
	}
	if err != nil {
		return failedReply(err, "")
	}
	// It may have been killed before its journal was whole.
	if dir := filepath.Join(q.Ref.Path, deckDir); ownDeckDir(dir) == nil {
		clearDeckDir(dir)
	}
	return helperReply{OK: true, Hint: hint}
}

// What became of an operation whose helper was killed, or crashed, and what to do next.
const (
	helperDied   = "Its helper was killed, or crashed: the kernel's log (dmesg) says so where memory ran out. "
	takenBack    = helperDied + "What it had begun was taken back: ask again."
	notTakenBack = helperDied + "What it had begun is kept among what was left: \"lxcdeck recover\" lists it, and finishes or undoes it."
	nothingBegun = helperDied + "Nothing of it was left: look whether it was done, else ask again."
	stateUnknown = helperDied + "Look which state the container is in now before you ask again."
)

// ended says whether nothing is left to do of what a journal tells.
func (j *journal) ended() bool {
	return !exists(filepath.Join(string(j.Path), deckDir, j.ID+journalEnd))
}

// undo takes one operation back, if that is a way out of what it has left.
func (o *operation) undo(j *journal) error {
	switch {
	case j.Op == runtime.Run:
		return o.undoKilledRun(j)
	case j.Op == runtime.Destroy:
		if j.Step == aboutToDestroy {
			return j.end()
		}
		return &runtime.Error{Err: errors.New("a part of it may be gone already"), Hint: "Finish it: it is among what was left."}
	}
	r, ok := recoveryOf(j.Op)
	if !ok {
		return nil
	}
	if _, ways := r.left(j); !slices.Contains(ways, runtime.Undo) {
		return nil
	}
	endOrphans(j)
	if err := r.do(o, j, runtime.Undo); err != nil {
		return fmt.Errorf("what it had made could not be removed: %w", err)
	}
	return nil
}
