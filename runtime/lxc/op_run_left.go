package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers, but for leftRun: that also in the screen's process.

// leftRun tells what a run has left that did not come to its end.
func leftRun(j *journal) (what string, ways []runtime.RecoverWay) {
	cmd := strconv.Quote(j.fact(factCommand))
	switch {
	case j.Step == runMaking:
		return "a run of " + cmd + " was interrupted before the command began", []runtime.RecoverWay{runtime.Undo}
	case j.passes():
		return "a run of " + cmd + " ended before its container was removed", []runtime.RecoverWay{runtime.Finish}
	case j.containerGone():
		return "a run of " + cmd + " was killed; its container has been destroyed since", []runtime.RecoverWay{runtime.Dismiss}
	default:
		return "a run of " + cmd + " was killed; what it has changed is still there", []runtime.RecoverWay{runtime.Finish, runtime.Undo}
	}
}

// passes says whether a run's container is removed at its end.
func (j *journal) passes() bool { return j.Step == runRemoving || j.fact(factRemove) != "" }

// containerGone says whether the container that a run has made is there no more;
// one of the same name is another.
func (j *journal) containerGone() bool {
	id, err := dirID(j.ref().String())
	return errors.Is(err, fs.ErrNotExist) || err == nil && id != j.fact(factDir)
}

// recoverRun finishes a run or undoes it. Finished, a container that was to be
// kept stays; it is removed in all other cases.
func recoverRun(o *operation, j *journal, way runtime.RecoverWay) error {
	if way == runtime.Finish && j.Step == runRunning && !j.passes() {
		dropCgroups(j.ref())
		return j.end()
	}
	o.step("removing " + j.ref().Name)
	if err := undoRun(j); err != nil {
		return err
	}
	dropCgroups(j.ref())
	return nil
}

// undoKilledRun puts a run in order whose helper was killed: a container that was
// to be removed is. What a command has changed in one that was to be kept is
// nobody's to throw away.
func (o *operation) undoKilledRun(j *journal) error {
	if j.Step == runMaking || j.passes() {
		return recoverRun(o, j, runtime.Undo)
	}
	if awaitStopped(j.ref()) == nil {
		dropCgroups(j.ref())
	}
	return &runtime.Error{
		Err:  errors.New("its container is kept, with what the command has changed"),
		Hint: "It is among what was left: finishing that keeps the container, undoing it removes it.",
	}
}

// dropCgroups removes the empty cgroups of a monitor that was killed: liblxc
// would give the next container of that name others, with a number behind. The
// kernel refuses to remove one in which anything is (cgroup-v2.rst), be it of a
// container of the same name in another lxcpath. Of one that was started again
// they are its own.
func dropCgroups(ref runtime.Ref) {
	if hasMonitor(ref) {
		return
	}
	var left []string
	for _, dir := range cgroupTops() {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // of another's mount, say: what is left there costs nothing
		}
		for _, e := range entries {
			for _, kind := range []string{"lxc.payload.", "lxc.monitor."} {
				if rest, ok := strings.CutPrefix(e.Name(), kind+ref.Name); ok && numbered(rest) {
					left = append(left, filepath.Join(dir, e.Name()))
				}
			}
		}
	}
	// Processes that are dead already count for a moment longer.
	for until := time.Now().Add(reapTime); ; time.Sleep(pollEvery) {
		left = slices.DeleteFunc(left, func(dir string) bool { return !errors.Is(unix.Rmdir(dir), unix.EBUSY) })
		if len(left) == 0 || time.Now().After(until) {
			return
		}
	}
}

// numbered says whether what stands behind a container's name is nothing, or the
// number that liblxc gives a second cgroup.
func numbered(rest string) bool {
	if rest == "" {
		return true
	}
	n, ok := strings.CutPrefix(rest, "-")
	_, err := strconv.ParseUint(n, 10, 16)
	return ok && err == nil
}

// undoRun removes a run's container and its entries at what it lies on, and ends
// the journal. A directory that is another by now is not touched.
func undoRun(j *journal) error {
	ref := j.ref()
	dir := ref.String()
	id, err := dirID(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case j.fact(factDir) == "":
		// Killed between the directory and the word on it. One with anything in
		// it is not ours.
		_ = os.Remove(dir)
		return j.end()
	case id != j.fact(factDir):
		return j.end()
	default:
		if err := removeRun(ref); err != nil {
			return err
		}
	}
	if err := forget(ref, j.bases()...); err != nil {
		return err
	}
	return j.end()
}

// bases are what a run's container lies upon.
func (j *journal) bases() (refs []runtime.Ref) {
	for pair := range slices.Chunk(strings.Split(j.fact(factBases), "\n"), 2) {
		if len(pair) == 2 {
			refs = append(refs, runtime.Ref{Path: pair[0], Name: pair[1]})
		}
	}
	return refs
}

// removeRun removes a container that is laid out, wholly or in part. liblxc does
// it where it can: it also removes what belongs to mapped ids.
func removeRun(ref runtime.Ref) error {
	dir := ref.String()
	if err := awaitStopped(ref); err != nil {
		return err
	}
	if snaps, err := snapshotNames(ref); err != nil {
		return err
	} else if len(snaps) > 0 {
		return notRemoved(ref, fmt.Errorf("%w: %s", runtime.ErrHasSnapshots, strings.Join(snaps, ", ")), "")
	}
	if err := unused(ref); err != nil {
		return err
	}
	if loads(ref) != nil {
		// It never ran: a config is looked at before its command begins.
		if err := removeTree(dir); err != nil {
			return fmt.Errorf("remove %s: %w", ref, err)
		}
		return nil
	}
	// An ephemeral one (lxc.ephemeral) is removed by its monitor.
	if log, err := destroyContainer(ref, false); err != nil && exists(dir) {
		return notRemoved(ref, err, log)
	}
	return nil
}

// loads is why liblxc does not take a directory for a container; nil = it does.
func loads(ref runtime.Ref) error {
	if err := loadableHere(ref); err != nil {
		return err
	}
	_, err := handle(ref, func(*golxc.Container) (struct{}, error) { return struct{}{}, nil })
	return err
}

func notRemoved(ref runtime.Ref, err error, log string) error {
	return &runtime.Error{Op: runtime.Run.String(), Ref: ref, Err: fmt.Errorf("its container could not be removed: %w", err), Log: log,
		Hint: "It is kept: destroy it when nothing is in the way any more."}
}

// awaitStopped waits for the end of a monitor that was killed just now, and refuses
// a container that was started again.
func awaitStopped(ref runtime.Ref) error {
	for until := time.Now().Add(reapTime); ; time.Sleep(pollEvery) {
		is, err := stateOf(ref)
		switch {
		case err == nil && is == runtime.Stopped:
			return nil
		case time.Now().Before(until):
		case err != nil:
			return err
		default:
			return &runtime.Error{Op: runtime.Run.String(), Ref: ref,
				Err: fmt.Errorf("%w: its container is %s", runtime.ErrWrongState, is), Hint: "Stop it first."}
		}
	}
}

// giveTo gives a file to whom the base's root belongs to. A user's own ids can be
// given away in a user namespace alone, where lxc-usernsexec(1) maps both owners.
func giveTo(path string, uid, gid int) error {
	me, mine := os.Geteuid(), os.Getegid()
	if uid == me && gid == mine {
		return nil
	}
	if me == 0 {
		return fileErr(os.Lchown(path, uid, gid))
	}
	arg := func(kind string, inner, host int) string { return fmt.Sprintf("%s:%d:%d:1", kind, inner, host) }
	args := []string{"-m", arg("u", 0, uid), "-m", arg("g", 0, gid)}
	if uid != me {
		args = append(args, "-m", arg("u", 1, me))
	}
	if gid != mine {
		args = append(args, "-m", arg("g", 1, mine))
	}
	out, err := exec.Command("lxc-usernsexec", append(args, "--", "chown", "0:0", path)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("give %s to uid %d: %w: %s", path, uid, err, strings.TrimSpace(string(out)))
	}
	return nil
}
