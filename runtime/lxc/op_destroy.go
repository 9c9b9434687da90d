package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// Steps of a destroy, as its journal has them.
const (
	aboutToDestroy    = "about to be destroyed"
	removingSnapshots = "removing its snapshots"
	removingRoot      = "removing its root and config"
)

// factAll, if not empty, says that all snapshots may go: those that ZFS alone has, too.
const factAll = "snapshots"

// destroy removes a container for good. What others need of it is refused before
// anything is removed; once that has begun, it can only be finished.
func (o *operation) destroy() error {
	a, _ := o.q.Args.(*runtime.DestroyArgs)
	snaps, err := snapshotNames(o.q.Ref)
	if err != nil {
		return err
	}
	if len(snaps) > 0 && (a == nil || !a.Snapshots) {
		return &runtime.Error{
			Err:  fmt.Errorf("%w: %s", runtime.ErrHasSnapshots, strings.Join(snaps, ", ")),
			Hint: "Delete them first, or destroy them with it.",
		}
	}
	if err := onlyKnown(o.q.Ref, a); err != nil {
		return err
	}
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	roots := items(o.c, "lxc.rootfs.path")
	if err := destroyable(o.q.Ref, o.q.Paths, roots); err != nil {
		return err
	}
	for _, s := range snaps {
		if err := o.soleRoot(runtime.Ref{Path: snapsDir(o.q.Ref), Name: s}); err != nil {
			return fmt.Errorf("snapshot %s: %w", s, err)
		}
	}
	all := a != nil && a.Snapshots
	if err := keepAll(o.q.Ref, all); err != nil {
		return err
	}
	if err := forgetGone(o.q.Ref, snaps); err != nil {
		return err
	}
	j, err := o.openDestroy(roots, all)
	if err != nil {
		return err
	}
	if err := o.destroyAll(j, len(snaps) > 0, roots); err != nil {
		return o.notDestroyed(j, err)
	}
	return j.end()
}

// onlyKnown refuses to destroy snapshots that the person was not told of.
func onlyKnown(ref runtime.Ref, a *runtime.DestroyArgs) error {
	if a == nil || a.Known == nil {
		return nil
	}
	snaps, err := snapshotDirs(ref)
	if err != nil {
		return err
	}
	var more []string
	for _, s := range snaps {
		if !slices.ContainsFunc(a.Known, func(k runtime.Seen) bool { return k.Name == s.Name && takenThen(s, k.Taken) }) {
			more = append(more, s.Name)
		}
	}
	lost, err := lostSnaps(ref)
	if err != nil {
		return err
	}
	for _, l := range lost {
		if !l.made && !slices.ContainsFunc(a.Known, func(k runtime.Seen) bool { return k.Name == l.told }) {
			more = append(more, l.name)
		}
	}
	if len(more) > 0 {
		return fmt.Errorf("%w: it has got snapshots since: %s", runtime.ErrWrongState, strings.Join(more, ", "))
	}
	return nil
}

// openDestroy begins the journal: all that a destroy has to know when the
// config is gone already.
func (o *operation) openDestroy(roots []string, all bool) (*journal, error) {
	facts := map[string]string{factStore: strings.Join(roots, "\n"), factIDMap: strings.Join(items(o.c, "lxc.idmap"), "\n")}
	if all {
		facts[factAll] = "all"
	}
	id, err := dirID(o.q.Ref.String())
	if err != nil {
		return nil, err
	}
	facts[factDir] = id
	return openIfRoom(runtime.Destroy, o.q.Ref, aboutToDestroy, facts)
}

func (o *operation) destroyAll(j *journal, snaps bool, roots []string) error {
	books := booksWith(o.q.Ref)
	if snaps {
		_ = j.step(removingSnapshots)
		o.step(removingSnapshots)
		if log, err := destroyAllSnapshots(o.q.Ref, j.fact(factAll) != ""); err != nil {
			o.logged(log)
			return fmt.Errorf("snapshots: %w", err)
		}
	}
	_ = j.step(removingRoot)
	o.step(removingRoot)
	if log, err := destroyWith(o.q.Ref, roots, j.fact(factAll) != ""); err != nil {
		o.logged(log)
		return err
	}
	books.forget()
	return nil
}

// destroyWith lets liblxc destroy a container with its root. One whose volume was
// removed by other means loses what is left of it: liblxc would keep it for ever.
func destroyWith(ref runtime.Ref, roots []string, all bool) (log string, err error) {
	if slices.ContainsFunc(roots, volumeGone) {
		return "", removeTree(ref.String())
	}
	return destroyContainer(ref, all)
}

// destroyAllSnapshots lets liblxc destroy all snapshots, but for those whose volume was
// removed by other means: they lose what is left of them. On ZFS each has to be let go
// of by itself.
func destroyAllSnapshots(ref runtime.Ref, all bool) (log string, err error) {
	names, err := snapshotNames(ref)
	if err != nil {
		return "", err
	}
	left, sets := len(names), false
	for _, name := range names {
		snap := runtime.Ref{Path: snapsDir(ref), Name: name}
		if slices.ContainsFunc(rootLine(snap), volumeGone) {
			if err := removeTree(snap.String()); err != nil {
				return "", err
			}
			left--
		}
		sets = sets || setOf(snap) != ""
	}
	if left == 0 {
		return "", nil
	}
	if !sets {
		return destroySnapshots(ref)
	}
	snaps, err := snapshotDirs(ref)
	if err != nil {
		return "", err
	}
	for _, s := range snaps {
		if log, err = destroyWith(s, rootLine(s), all); err != nil {
			return log, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return "", removeTree(snapsDir(ref))
}

// notDestroyed is the end of a destroy that failed. As long as the config is
// there, it is a container and can be destroyed again; without it only the
// journal knows what the rest is.
func (o *operation) notDestroyed(j *journal, err error) error {
	if exists(filepath.Join(o.q.Ref.String(), "config")) {
		err = errors.Join(err, j.end())
		if value, verr := rootValue(o.q.Ref); verr == nil {
			if s := storeOf(value); s.kind == storeBtrfs && exists(s.path) && !onBtrfs(s.path) {
				return &runtime.Error{Err: err, Log: o.log(),
					Hint: "Its config says that its root is on btrfs, which it is not: lxc.rootfs.path has to begin with dir: instead."}
			}
		}
		return err
	}
	if !exists(o.q.Ref.String()) {
		return errors.Join(err, j.end())
	}
	return &runtime.Error{
		Err: fmt.Errorf("%w; a part of it was removed", err), Log: o.log(),
		Hint: "What keeps the rest, such as a mount or an immutable file (chattr), has to go; then finish it: it is among what was left.",
	}
}

// snapshotNames are the names of what liblxc keeps as snapshots of a container,
// by its own rule for what counts (has_snapshots in lxccontainer.c).
func snapshotNames(ref runtime.Ref) ([]string, error) {
	entries, err := os.ReadDir(snapsDir(ref))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("snapshots: %w", fileErr(err))
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// leftDestroy describes a destroy that did not come to its end.
func leftDestroy(j *journal) (what string, ways []runtime.RecoverWay) {
	if j.Step == aboutToDestroy {
		return "a destroy was interrupted before anything was removed", []runtime.RecoverWay{runtime.Undo, runtime.Finish}
	}
	return "a destroy was interrupted while it was " + j.Step, []runtime.RecoverWay{runtime.Finish}
}

// recoverDestroy finishes a destroy that did not come to its end.
func recoverDestroy(o *operation, j *journal, way runtime.RecoverWay) error {
	if way == runtime.Undo && j.Step == aboutToDestroy {
		return j.end()
	}
	if way != runtime.Finish {
		return fmt.Errorf("%w: a destroy that has begun can only be finished", runtime.ErrUnsupported)
	}
	ref := j.ref()
	id, err := dirID(ref.String())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return j.end()
	case err != nil:
		return err
	case id != j.fact(factDir):
		return fmt.Errorf("%w: %s is another one by now: nothing was removed", runtime.ErrExists, ref)
	case hasMonitor(ref):
		return fmt.Errorf("%w: it runs: stop it first", runtime.ErrWrongState)
	}
	roots := nonEmpty(j.fact(factStore))
	if err := destroyable(ref, o.q.Paths, roots); err != nil {
		return err
	}
	config := filepath.Join(ref.String(), "config")
	if !exists(config) {
		text := ""
		for _, root := range roots {
			text += "lxc.rootfs.path = " + root + "\n"
		}
		for _, line := range nonEmpty(j.fact(factIDMap)) {
			text += "lxc.idmap = " + line + "\n"
		}
		if err := writeAtomically(config, []byte(text), 0o640); err != nil {
			return err
		}
	}
	if err := loadableHere(ref); err != nil {
		return err
	}
	all := j.fact(factAll) != ""
	if err := keepAll(ref, all); err != nil {
		return err
	}
	books := booksWith(ref)
	snaps, err := snapshotNames(ref)
	if err == nil {
		err = forgetGone(ref, snaps)
	}
	log := ""
	if err == nil && len(snaps) > 0 {
		log, err = destroyAllSnapshots(ref, all)
	}
	if err == nil {
		log, err = destroyWith(ref, roots, all)
	}
	if err != nil {
		return &runtime.Error{Err: err, Log: log}
	}
	books.forget()
	return j.end()
}

func nonEmpty(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" })
}
