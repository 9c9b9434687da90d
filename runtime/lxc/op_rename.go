package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Steps of a rename's journal.
const (
	stepMove    = "move"    // in place
	stepCopy    = "copy"    // by copy: the new one is being made
	stepDestroy = "destroy" // by copy: the new one is whole, the old one goes
)

// factRootValue is the old lxc.rootfs.path in a rename's journal.
const factRootValue = "root"

// rename gives a container another name. liblxc's own way is a copy of the root
// and the destruction of the old one (do_lxcapi_rename), and it refuses what has
// snapshots. Here the directory is renamed wherever that is enough, and what
// names its path follows.
func (o *operation) rename() error {
	a, ok := o.q.Args.(*runtime.RenameArgs)
	if !ok {
		return fmt.Errorf("%w: rename takes other arguments", runtime.ErrInvalid)
	}
	from, to := o.q.Ref, runtime.Ref{Path: o.q.Ref.Path, Name: a.To}
	value, err := rootValue(from)
	if err != nil && !errors.Is(err, runtime.ErrUnsupported) {
		return err
	}
	if err := mayRename(from, to); err != nil {
		return err
	}
	if why := renameCopies(value); why != "" {
		return o.renameByCopy(from, to, why, a.Copy)
	}
	// Which directory it is: when this is killed, another may get one of its names.
	handle, err := handleOf(from.String())
	if err != nil {
		return err
	}
	j, err := openJournal(runtime.Rename, from, stepMove, map[string]string{
		toPath: to.Path, toName: to.Name, factRootValue: value, factMade: handle,
	})
	if err != nil {
		return err
	}
	if err := moveDir(from, to); err != nil {
		return errors.Join(err, j.end())
	}
	o.step("correcting paths")
	if err := finishRename(j); err != nil {
		return withUndo(err, undoRename(j))
	}
	return nil
}

// renameCopies says why a root has to be copied to be renamed; "" = it has not.
func renameCopies(value string) string {
	switch kind, _ := backing(value); kind {
	case "zfs", "lvm", "rbd", "nbd":
		return "its root is a volume of kind " + kind + " that has the container's name"
	}
	return ""
}

// mayRename refuses what would leave something behind that names the old path.
func mayRename(from, to runtime.Ref) error {
	c, err := readConfOf(from)
	if err != nil {
		return err
	}
	if slices.Contains(c.values("lxc.uts.name"), from.Name) && len(to.Name) > hostNameMax {
		return tooLongForHost(to.Name)
	}
	if strings.ContainsAny(to.Name, "\n\r") {
		return fmt.Errorf("%w: name %q with a line break in it", runtime.ErrInvalid, to.Name)
	}
	if kind, _ := backing(strings.Join(c.values("lxc.rootfs.path"), "")); kind == "overlay" && strings.ContainsAny(to.Name, ":,") {
		return fmt.Errorf("%w: overlays cannot lie in paths with a colon or a comma", runtime.ErrInvalid)
	}
	// Where LXC 1.0 kept them, by lxcpath and name; get_snappath_dir looks there first.
	if old := filepath.Join(from.Path+"snaps", from.Name); exists(old) {
		return fmt.Errorf("%w: in %s, where an old LXC kept them by the container's name", runtime.ErrHasSnapshots, old)
	}
	if kept := keptFor(from); kept != "" {
		return &runtime.Error{Op: "rename", Ref: from, Err: &named{fmt.Errorf("under its name is kept: %s", kept), runtime.ErrInUse},
			Hint: "Dismiss or undo that first: it is among what was left."}
	}
	users, err := usersOfPath(from)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return &runtime.Error{Op: "rename", Ref: from, Err: fmt.Errorf("%w: %s", runtime.ErrInUse, refList(users)),
			Hint: "They lie upon its root, or name its path in their config: destroy them first, or keep the name."}
	}
	return nil
}

// refList are containers in running text.
func refList(refs []runtime.Ref) string {
	var names []string
	for _, r := range refs {
		names = append(names, r.String())
	}
	return strings.Join(names, ", ")
}

// usersOfPath are the containers that need another one to be where it is: those
// that lie upon its root or its snapshots, by liblxc's books, and those of its
// lxcpath whose config names its directory.
func usersOfPath(ref runtime.Ref) ([]runtime.Ref, error) {
	snaps, err := snapshotDirs(ref)
	if err != nil {
		return nil, err
	}
	var out []runtime.Ref
	for _, base := range append([]runtime.Ref{ref}, snaps...) {
		deps, err := dependantsOf(base)
		if err != nil {
			return nil, err
		}
		out = append(out, deps...)
	}
	entries, err := os.ReadDir(ref.Path)
	if err != nil {
		return nil, fileErr(err)
	}
	for _, e := range entries {
		other := runtime.Ref{Path: ref.Path, Name: e.Name()}
		if other == ref || !e.IsDir() {
			continue
		}
		// One that cannot be read, or is none, needs nothing of ours.
		if c, err := readConfOf(other); err == nil && c.namesPath(ref) {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, order)
	out = slices.Compact(out)
	// Its own snapshots go with it.
	return slices.DeleteFunc(out, func(r runtime.Ref) bool { return r.Path == filepath.Join(ref.String(), "snaps") }), nil
}

// namesPath says whether a path in the configuration leads into a container's directory.
func (c *confFile) namesPath(ref runtime.Ref) bool {
	tried := &confFile{lines: slices.Clone(c.lines)}
	n := 0
	for _, dir := range spellings(ref) {
		n += tried.replacePath(dir, dir+"-")
	}
	return n > 0
}

// spellings are the paths of a container's directory as a config may have them:
// the lxcpath as it was given, and without its symbolic links.
func spellings(ref runtime.Ref) []string {
	out := []string{ref.String()}
	if real, err := filepath.EvalSymlinks(ref.Path); err == nil && real != ref.Path {
		out = append(out, filepath.Join(real, ref.Name))
	}
	return out
}

// moveDir renames the directory, and never over another.
func moveDir(from, to runtime.Ref) error {
	err := renameNew(from.String(), to.String())
	switch {
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("%w: %s is there already", runtime.ErrExists, to)
	case err != nil:
		return fmt.Errorf("rename %s to %s: %w", from, to.Name, fileErr(err))
	}
	return syncDir(to.Path)
}

// finishRename corrects what names the old path, once the directory has its new
// name, and ends the journal. It can be done again from the beginning.
func finishRename(j *journal) error {
	m := move{at: j.made(), was: j.ref(), now: j.made(), root: j.fact(factRootValue)}
	if err := m.correct(); err != nil {
		return err
	}
	return j.end()
}

// undoRename goes back to the old name, and ends the journal.
func undoRename(j *journal) error {
	from, to := j.ref(), j.made()
	if j.owns(to) && !exists(from.String()) {
		m := move{at: to, was: to, now: from, root: j.fact(factRootValue)}
		if err := m.correct(); err != nil {
			return err
		}
		if err := moveDir(to, from); err != nil {
			return err
		}
	}
	return j.end()
}

// leftRename tells of a rename that was killed half way.
func leftRename(j *journal) (what string, ways []runtime.RecoverWay) {
	what = "a rename to " + j.made().Name + " was interrupted"
	switch j.Step {
	case stepCopy:
		return what + ": the copy is not whole", []runtime.RecoverWay{runtime.Undo}
	case stepDestroy:
		return what + ": the copy is whole, and the old container is not destroyed yet", []runtime.RecoverWay{runtime.Finish}
	}
	return what, []runtime.RecoverWay{runtime.Finish, runtime.Undo}
}

// recoverRename finishes or undoes a rename that was killed.
func recoverRename(o *operation, j *journal, way runtime.RecoverWay) error {
	from, to := j.ref(), j.made()
	if _, ways := leftRename(j); !slices.Contains(ways, way) {
		return fmt.Errorf("%w: %s of a rename that was interrupted in its step %q", runtime.ErrUnsupported, way, j.Step)
	}
	switch j.Step {
	case stepCopy:
		return o.undoCopy(j)
	case stepDestroy:
		return o.finishCopy(j)
	}
	// Another that has one of the names by now has nothing to do with it.
	here, there := j.owns(from), j.owns(to)
	switch {
	case !here && !there:
		return j.end()
	case here && way == runtime.Finish && hasMonitor(from), there && way == runtime.Undo && hasMonitor(to):
		return &runtime.Error{Err: fmt.Errorf("%w: it runs", runtime.ErrWrongState),
			Hint: "Stop it first: a container's directory is not renamed under it."}
	case here && way == runtime.Finish:
		if err := moveDir(from, to); err != nil {
			return err
		}
		return finishRename(j)
	case way == runtime.Finish:
		return finishRename(j)
	default:
		return undoRename(j)
	}
}

// finishCopy destroys the old container of a rename by copy, if the new one is
// there still.
func (o *operation) finishCopy(j *journal) error {
	from, to := j.ref(), j.made()
	if !exists(from.String()) {
		return j.end()
	}
	if !j.owns(to) {
		return fmt.Errorf("%w: the new container %s is gone, and the old one is kept", runtime.ErrNotFound, to)
	}
	if _, err := readConfOf(to); err != nil {
		return fmt.Errorf("the new container is broken, and the old one is kept: %w", err)
	}
	if err := endAfter(j, destroyOld(from, o.q.Paths)); err != nil {
		return err
	}
	j.releaseVolumes()
	return nil
}

func endAfter(j *journal, err error) error {
	if err != nil {
		return err
	}
	return j.end()
}

// destroyOld removes what was copied, if nobody else needs it.
func destroyOld(ref runtime.Ref, paths []string) error {
	if err := loadableHere(ref); err != nil {
		return err
	}
	value, err := rootValue(ref)
	if err != nil {
		return err
	}
	if err := destroyable(ref, paths, []string{value}); err != nil {
		return err
	}
	if log, err := destroyWith(ref, []string{value}, false); err != nil {
		return &runtime.Error{Op: "rename", Ref: ref, Err: fmt.Errorf("destroy the old one: %w", err), Log: log}
	}
	return nil
}

// renameByCopy is liblxc's way, step by step: the old one goes when the new one
// is whole.
func (o *operation) renameByCopy(from, to runtime.Ref, why string, asked bool) error {
	snaps, err := snapshotDirs(from)
	if err != nil {
		return err
	}
	if len(snaps) > 0 {
		return fmt.Errorf("%w, and %s: they would not come along", runtime.ErrHasSnapshots, why)
	}
	if !asked {
		value, err := rootValue(from)
		if err != nil {
			return err
		}
		where, free, err := roomOf(from.Path, value)
		if err != nil {
			return err
		}
		return &runtime.Error{Op: "rename", Ref: from,
			Err:  fmt.Errorf("%w without a copy: %s; %s has %s free", runtime.ErrUnsupported, why, where, humanBytes(free)),
			Hint: "Ask for the copy, which takes as much room again until the old one is destroyed.",
		}
	}
	value, err := rootValue(from)
	if err != nil {
		return err
	}
	// Before the copy: the old one is destroyed after it.
	if err := errors.Join(destroyable(from, o.q.Paths, []string{value}), keepSnaps(value)); err != nil {
		return err
	}
	c, err := readConfOf(from)
	if err != nil {
		return err
	}
	p := &clonePlan{from: from, to: to, keepMAC: true, keepName: !slices.Contains(c.values("lxc.uts.name"), from.Name)}
	if err := p.check(); err != nil {
		return err
	}
	j, err := openJournal(runtime.Rename, from, stepCopy, map[string]string{toPath: to.Path, toName: to.Name})
	if err != nil {
		return err
	}
	if err := o.copyTo(j, p); err != nil {
		return withUndo(err, o.undoCopy(j))
	}
	if err := j.step(stepDestroy); err != nil {
		return withUndo(err, o.undoCopy(j))
	}
	o.step("destroying " + from.Name)
	if err := endAfter(j, destroyOld(from, o.q.Paths)); err != nil {
		return err
	}
	j.releaseVolumes()
	return nil
}
