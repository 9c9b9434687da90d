package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Steps of a snapshot's journal.
const (
	stepStopping = "stopping"
	stepFreezing = "freezing"
	stepTaking   = "taking"
	stepCopying  = "copying" // into a directory that is known to be ours
	stepThawing  = "thawing"
	stepStarting = "starting"
)

// Facts that the journals of this file and its neighbours know.
const (
	factSnap    = "snap"
	factComment = "comment"
	factWay     = "way"
	factMade    = "made"  // handle of the directory that was made for the copy: of ours, and no other's
	factAgain   = "again" // "start" or "thaw": what the container is owed
)

// mark notes in the journal what is begun now.
func (o *operation) mark(j *journal, step string) error {
	if err := j.step(step); err != nil {
		return err
	}
	o.reached(step)
	return nil
}

// reached tells whoever wants to know of a step that is begun.
func (o *operation) reached(step string) {
	if o.at != nil {
		o.at(step)
	}
}

// logged adds liblxc's words to those that the operation has.
func (o *operation) logged(more string) {
	before := o.log
	o.log = func() string { return strings.Trim(before()+"\n"+more, "\n") }
}

// snapshot takes a snapshot the way that was asked for.
func (o *operation) snapshot() error {
	a, ok := o.q.Args.(*runtime.SnapshotArgs)
	if !ok {
		a = &runtime.SnapshotArgs{}
	}
	if err := o.open(); err != nil {
		return err
	}
	defer func() { o.close() }()
	store, err := o.rootOf()
	if err != nil {
		return err
	}
	if why := noSnapshot(store, o.q.Ref.Name); why != "" {
		return fmt.Errorf("%w: %s", runtime.ErrUnsupported, why)
	}
	state := o.state()
	switch {
	case state == runtime.Stopped:
		return o.snapshotNow(a, store, nil)
	case a.Way == runtime.StopAndStart:
		return o.snapshotNow(a, store, (*operation).stopFor)
	case a.Way == runtime.WhileFrozen:
		if why := noFrozenSnapshot(store, o.q.Ref.Name); why != "" {
			return &runtime.Error{Err: fmt.Errorf("%w: %s", runtime.ErrUnsupported, why), Hint: "Stop it for the snapshot; it can be started again at once."}
		}
		if state == runtime.Frozen { // by somebody else: it stays so
			return o.snapshotNow(a, store, nil)
		}
		return o.snapshotNow(a, store, (*operation).freezeFor)
	default:
		return &runtime.Error{
			Err:  fmt.Errorf("%w: it is %s", runtime.ErrWrongState, state),
			Hint: "A snapshot needs it stopped; it can be stopped for it and started again.",
		}
	}
}

// rootOf is where the root of the container lies, whose handle is open. liblxc
// gives the value without the backing store (get_config_rootfs_path), so that the
// file itself is asked first.
func (o *operation) rootOf() (rootStore, error) {
	conf, err := readConfOf(o.q.Ref)
	if err != nil {
		return rootStore{}, err
	}
	values := conf.values("lxc.rootfs.path")
	if len(values) == 0 {
		values = items(o.c, "lxc.rootfs.path") // of an include
	}
	if len(values) == 0 {
		return rootStore{}, fmt.Errorf("%w: it has no root file system of its own (lxc.rootfs.path)", runtime.ErrUnsupported)
	}
	return storeOf(values[len(values)-1]), nil
}

// noSnapshot says why no snapshot can be taken of a container's root at all: what
// liblxc cannot back up (can_backup of its storage drivers).
func noSnapshot(s rootStore, name string) string {
	switch s.kind {
	case storeLVM:
		v, _, err := volumeAt(context.Background(), s.path)
		return v.noSnapshot(s.path, name, err)
	case storeZFS:
		set, err := setAt(context.Background(), s.path)
		return set.noSnapshot(err)
	case "rbd":
		return "liblxc takes no snapshots of a root on rbd"
	default:
		return ""
	}
}

// noFrozenSnapshot says why no snapshot can be taken of a container that is
// frozen: files may be half written where they are copied one by one.
func noFrozenSnapshot(s rootStore, name string) string {
	switch s.kind {
	case storeBtrfs:
		if subvolume(s.path) {
			return ""
		}
		return "its root is no subvolume of btrfs: its files would be copied one by one, half written"
	case storeZFS, storeLVM:
		return noSnapshot(s, name)
	default:
		return "its root is on " + s.kind + ": its files would be copied one by one, half written"
	}
}

// snapshotNow takes a snapshot. before, if not nil, brings the container into
// a state that allows it and notes what it is owed afterwards.
func (o *operation) snapshotNow(a *runtime.SnapshotArgs, store rootStore, before func(*operation, *journal) error) error {
	j, err := openJournal(runtime.Snapshot, o.q.Ref, stepTaking, map[string]string{
		factComment: a.Comment, factWay: store.kind, factGroup: volumeGroup(store), factPlace: placeOf(store),
	})
	if err != nil {
		return err
	}
	if before != nil {
		if err := before(o, j); err != nil {
			return also(err, j.end())
		}
	}
	if err = o.take(j); err != nil {
		err = also(err, o.dropHalf(j))
	}
	again := o.giveBack(j)
	if err == nil {
		defer j.releaseVolumes()
	}
	switch {
	case again == nil:
		return also(err, j.end())
	case err == nil:
		err = telling(j.fact(factSnap)+" was taken", again)
	default:
		err = also(err, again)
	}
	if j.fact(factAgain) == "thaw" {
		return err // the next start thaws it
	}
	return also(err, j.end())
}

// nextSnap is the first name that is free, as liblxc gives them (get_next_index), and
// not taken otherwise.
func nextSnap(dir string, taken func(snap string) bool) runtime.Ref {
	for i := 0; ; i++ {
		snap := runtime.Ref{Path: dir, Name: "snap" + strconv.Itoa(i)}
		if !exists(snap.String()) && !taken(snap.Name) {
			return snap
		}
	}
}

// stopFor stops the container, as stop does.
func (o *operation) stopFor(j *journal) error {
	j.Facts[factAgain] = []byte("start")
	if err := o.mark(j, stepStopping); err != nil {
		return err
	}
	o.step("stopping " + o.q.Ref.Name)
	o.q.Timeout = runtime.Graceful
	return o.stop()
}

// freezeFor freezes it.
func (o *operation) freezeFor(j *journal) error {
	j.Facts[factAgain] = []byte("thaw")
	if err := o.mark(j, stepFreezing); err != nil {
		return err
	}
	o.step("freezing " + o.q.Ref.Name)
	o.q.Timeout = runtime.Freeze.Info().Timeout
	return o.freeze()
}

// giveBack puts the container into the state it had. It counts more than the
// journal's word on it, which a full file system may not take.
func (o *operation) giveBack(j *journal) error {
	switch j.fact(factAgain) {
	case "start":
		noted := o.mark(j, stepStarting)
		o.step("starting " + o.q.Ref.Name)
		if err := o.startAnew(o.q.Ref); err != nil {
			return telling("it could not be started again", err)
		}
		return noted
	case "thaw":
		noted := o.mark(j, stepThawing)
		if err := o.thaw(); err != nil {
			return telling("it could not be thawed", err)
		}
		return noted
	default:
		return nil
	}
}

// startAnew starts a container with its config as it is now, on a handle that
// stays open.
func (o *operation) startAnew(ref runtime.Ref) error {
	if err := loadableHere(ref); err != nil {
		return err
	}
	if o.c != nil {
		o.close()
	}
	mine := o.q
	defer func() { o.q = mine }()
	words := o.log
	o.q.Ref, o.q.Timeout, o.c = ref, runtime.Start.Info().Timeout, nil
	if err := o.open(); err != nil {
		return err
	}
	fresh := o.log
	o.log = func() string { return strings.Trim(words()+"\n"+fresh(), "\n") }
	return o.start()
}

// snap is the snapshot that a journal speaks of.
func (j *journal) snap() runtime.Ref {
	return runtime.Ref{Path: snapsDir(j.ref()), Name: j.fact(factSnap)}
}

// take makes liblxc copy the container into its snapshots, with the flags of
// its own lxcapi_snapshot, and writes what that writes beside it.
func (o *operation) take(j *journal) error {
	dir := snapsDir(o.q.Ref)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("snapshot directory: %w", fileErr(err))
	}
	taken := o.takenVolumes(j)
	for made := false; !made; {
		j.Facts[factSnap] = []byte(nextSnap(dir, taken).Name)
		delete(j.Facts, factMade)
		if err := o.mark(j, stepTaking); err != nil {
			return err
		}
		// An lxc-snapshot may have come first; one that comes later takes the next name.
		var err error
		if made, err = j.reserve(j.snap()); err != nil {
			return err
		}
	}
	if err := o.mark(j, stepCopying); err != nil {
		return err
	}
	snap := j.snap()
	o.step("taking " + snap.Name)
	flags := cloneKeepName | cloneKeepMAC | cloneKeepBacking | cloneMaybe | cloneAllowRunning
	if j.fact(factWay) != storeDir {
		flags |= cloneSnapshot
	}
	to := snap
	if way := j.fact(factWay); way == storeLVM || way == storeZFS {
		// liblxc names volume or data set after what it makes: that has to be the container's own.
		to = runtime.Ref{Path: j.workDir(), Name: volumeOf(o.q.Ref, snap.Name)}
		if err := os.Mkdir(to.Path, 0o700); err != nil {
			return fmt.Errorf("directory of the copy: %w", fileErr(err))
		}
	}
	log, err := j.clone(o.q.Ref, to, flags, "")
	if err != nil {
		o.logged(log)
		return fullWords(fmt.Errorf("take %s: %w", snap.Name, err), log)
	}
	if to != snap {
		if err := j.moveSnapshot(to, snap); err != nil {
			return fmt.Errorf("take %s: %w", snap.Name, err)
		}
	}
	if flags&cloneSnapshot == 0 {
		if err := stoodStill(o.q.Ref); err != nil {
			return fmt.Errorf("take %s: %w", snap.Name, err)
		}
	}
	return label(snap, j.fact(factComment))
}

// reserve makes the directory of a container that is to be copied, if there is
// none, and notes which it is: nobody else's is ever removed for it. liblxc copies
// into a directory without a config.
func (j *journal) reserve(ref runtime.Ref) (made bool, err error) {
	err = os.Mkdir(ref.String(), 0o700)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("make %s: %w", ref, fileErr(err))
	}
	handle, err := handleOf(ref.String())
	if err != nil {
		return true, err
	}
	j.Facts[factMade] = []byte(handle)
	// As liblxc makes them (do_create_container_dir).
	return true, fileErr(os.Chmod(ref.String(), 0o770))
}

// owns says whether a directory is the one that was made for this journal.
func (j *journal) owns(ref runtime.Ref) bool {
	handle, err := handleOf(ref.String())
	return err == nil && handle == j.fact(factMade)
}

// unreserve removes the copy that was made for this journal, and nothing else.
func (o *operation) unreserve(j *journal, ref runtime.Ref) error {
	if err := endMarked(j.ID); err != nil {
		return err
	}
	if j.fact(factMade) != "" && j.owns(ref) {
		if err := unused(ref); err != nil { // before its volume goes
			return telling("remove the half-made "+ref.Name, err)
		}
	}
	if err := j.dropVolumes(); err != nil {
		return telling("remove the half-made "+ref.Name, err)
	}
	switch {
	case !exists(ref.String()):
		return nil
	case j.fact(factMade) == "":
		// Killed before it was noted: then there is nothing in it. What has
		// something in it is somebody else's.
		_ = os.Remove(ref.String())
		return nil
	case !j.owns(ref):
		return nil
	}
	// liblxc, which alone can remove what belongs to a user's subordinate ids, must be
	// able to load it; what it cannot, goes without it.
	_ = unmark(ref)
	log, err := clearWith(ref, j.ownsRoot)
	if err != nil {
		o.logged(log)
		return telling("remove the half-made "+ref.Name, err)
	}
	return nil
}

// label writes the files that tell of a snapshot. The time comes last: a
// snapshot that has it is whole.
func label(snap runtime.Ref, comment string) error {
	if comment != "" {
		// As lxc-snapshot -c: the file as it is, with an end of line.
		if err := writeAtomically(filepath.Join(snap.String(), "comment"), []byte(strings.TrimRight(comment, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return writeAtomically(filepath.Join(snap.String(), "ts"), []byte(time.Now().Format(snapTime)), 0o644)
}

// whole says whether a snapshot was taken to its end.
func whole(snap runtime.Ref) bool {
	return isRegular(filepath.Join(snap.String(), "config")) && isRegular(filepath.Join(snap.String(), "ts"))
}

// dropHalf removes a snapshot that was not taken to its end.
func (o *operation) dropHalf(j *journal) error {
	if j.fact(factSnap) == "" || j.taken() {
		return nil
	}
	if err := o.unreserve(j, j.snap()); err != nil {
		return err
	}
	// What was made in it on LVM or ZFS is gone by now.
	return fileErr(os.RemoveAll(j.workDir()))
}

// taken says whether the snapshot was taken to its end.
func (j *journal) taken() bool { return j.fact(factMade) != "" && j.owns(j.snap()) && whole(j.snap()) }

// fullWords names a full file system as the cause where liblxc's log does: rsync's
// words stand in it.
func fullWords(err error, log string) error {
	if groupFull(err, log) {
		return &runtime.Error{Err: fmt.Errorf("%w: %w", err, unix.ENOSPC), Log: log, Hint: noRoomInGroup}
	}
	if poolFull(err, log) {
		return &runtime.Error{Err: fmt.Errorf("%w: %w", err, unix.ENOSPC), Log: log, Hint: noRoomInSet}
	}
	if !strings.Contains(log, "No space left on device") {
		return err
	}
	return &runtime.Error{Err: err, Log: log, Hint: "A file system is full: nothing was changed."}
}
