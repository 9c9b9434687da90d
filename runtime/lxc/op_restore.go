package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// A restore in place never leaves the container without a root. liblxc's own
// destroys it first (lxcapi_snapshot_restore), and what fails afterwards has lost
// everything. Here a whole second container is made of the snapshot, under the
// hidden directory of the lxcpath; then the two exchange root and config. What
// was the container's before is such a hidden container afterwards: exchanging
// again is the way back, and destroying it lets go of it.

// Steps of a restore's journal.
const (
	// Before: stepCopying, the second container is being made.
	stepExchanging = "exchanging" // of the roots
	stepConfig     = "config"     // of the configs
	stepRemoving   = "removing"   // what is kept, or was made: what is left of it is no root any more
)

// Facts of a restore's journal.
const (
	factOther  = "other" // name of the second container
	factUnit   = "unit"  // what holds the container's root; "" = only the config names it
	factSpare  = "spare" // what holds the second one's
	factComing = "root"  // handle of what shall be at factUnit after the exchange
	factHeld   = "held"  // which of the two roots is kept: heldOld or heldMade; "" = none yet
	// Values of lxc.rootfs.path, where both roots lie in directories.
	factPath      = "path"
	factOtherPath = "otherpath"
)

// Values of factHeld.
const (
	heldOld  = "old"  // the one from before the restore
	heldMade = "made" // the one that the restore has made: it was taken back
)

// workDir is the directory of a journal's own, beside it.
func (j *journal) workDir() string { return filepath.Join(string(j.Path), deckDir, j.ID+".d") }

// other is the second container of a restore.
func (j *journal) other() runtime.Ref {
	return runtime.Ref{Path: j.workDir(), Name: j.fact(factOther)}
}

// restore puts a snapshot in the place of the container.
func (o *operation) restore() error {
	a, snap, err := o.namedSnapshot()
	if err != nil {
		return err
	}
	if err := errors.Join(unused(o.q.Ref), o.soleRoot(snap)); err != nil {
		return err
	}
	if err := halfDone(o.q.Ref, ""); err != nil {
		return err
	}
	facts, err := o.restorable(snap)
	if err != nil {
		return err
	}
	j, err := openJournal(runtime.Restore, o.q.Ref, stepCopying, facts)
	if err != nil {
		return err
	}
	o.reached(stepCopying)
	if err := o.restoreFrom(j, snap); err != nil {
		return err
	}
	if !a.Start {
		return nil
	}
	if err := o.startAnew(o.q.Ref); err != nil {
		return telling("it was restored, but not started", err)
	}
	return nil
}

// restoreFrom carries a restore out whose journal is open. What fails before the
// end is undone.
func (o *operation) restoreFrom(j *journal, snap runtime.Ref) error {
	err := o.copyAndSwap(j, snap)
	if err == nil {
		return j.keepOther()
	}
	o.step("undoing what was begun")
	if uerr := o.unswap(j); uerr != nil {
		return also(err, telling("it could not be undone", uerr))
	}
	return also(err, o.discard(j))
}

// copyAndSwap makes the copy and exchanges it for the container's root. What was
// exchanged whole is not to be undone: its journal can be finished.
func (o *operation) copyAndSwap(j *journal, snap runtime.Ref) error {
	if err := o.second(j, snap); err != nil {
		return err
	}
	o.reached("copied")
	return o.swap(j)
}

// keepOther ends an exchange: the other root is kept from now on.
func (j *journal) keepOther() error {
	held := heldOld
	if j.back() {
		held = heldMade
	}
	j.Facts[factHeld] = []byte(held)
	if j.fact(factPlace) != "" {
		seat(j.ref())
		j.releaseVolumes()
	}
	return j.keep()
}

// back says whether the exchange that comes, or is under way, takes a restore
// back: whatever is kept goes to the container.
func (j *journal) back() bool { return j.fact(factHeld) == heldOld }

// restorable says whether a snapshot can take the container's place, and gives
// the facts for the journal.
func (o *operation) restorable(snap runtime.Ref) (map[string]string, error) {
	if err := loadableHere(snap); err != nil {
		return nil, fmt.Errorf("%s is broken: %w", snap.Name, err)
	}
	if err := o.open(); err != nil {
		return nil, err
	}
	defer func() { o.close(); o.c = nil }()
	mine, err := o.rootOf()
	if err != nil {
		return nil, err
	}
	its := snapStore(snap)
	why := ""
	switch {
	case its.kind == "":
		return nil, fmt.Errorf("%w: %s is broken: its config names no root", runtime.ErrConfig, snap.Name)
	case mine.unit() == "" && mine.kind != storeZFS && mine.kind != storeLVM:
		why = "its root is on " + mine.kind
	case its.kind != mine.kind:
		why = fmt.Sprintf("its root is on %s, that of %s on %s", mine.kind, snap.Name, its.kind)
	case its.kind == storeLVM || its.kind == storeZFS:
		why = noSnapshot(its, o.q.Ref.Name) // of which the new root is another
	case its.lower != mine.lower:
		why = snap.Name + " lies on another root than the container does now"
	}
	if why != "" {
		return nil, &runtime.Error{
			Err:  fmt.Errorf("%w: %s", runtime.ErrUnsupported, why),
			Hint: "Restore it as a new container instead.",
		}
	}
	id, err := dirID(o.q.Ref.String())
	if err != nil {
		return nil, err
	}
	facts := map[string]string{factDir: id, factSnap: snap.Name, factOther: o.q.Ref.Name, factWay: mine.kind, factGroup: volumeGroup(its), factPlace: placeOf(its)}
	if mine.unit() == "" {
		// liblxc names data set and volume after the container (zfs_clonepaths, lvm_clonepaths).
		facts[factOther] += "-" + time.Now().Format("20060102150405")
		return facts, nil
	}
	facts[factUnit], facts[factPath] = mine.unit(), mine.value
	return facts, checkUnits(o.q.Ref, mine, its)
}

// checkUnits looks at the directories of both roots before anything is copied.
func checkUnits(ref runtime.Ref, mine, its rootStore) error {
	var st, above unix.Stat_t
	if mine.unit() != mine.path && !liesIn(ref.String(), mine.unit()) {
		return &runtime.Error{
			Err:  fmt.Errorf("%w: %s is not the container's own: what is beside its changes may be other containers'", runtime.ErrUnsupported, mine.unit()),
			Hint: "Restore it as a new container instead.",
		}
	}
	if err := lstat(mine.unit(), &st); err != nil {
		return fmt.Errorf("its root: %w", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return fmt.Errorf("%w: its root %s is %s", runtime.ErrUnsupported, mine.unit(), kindName(st.Mode&unix.S_IFMT))
	}
	// A subvolume has a device number of its own: what counts is where it is named.
	if err := lstat(filepath.Dir(mine.unit()), &st); err != nil {
		return err
	}
	if err := lstat(ref.Path, &above); err != nil {
		return err
	}
	if st.Dev != above.Dev && mine.kind != storeBtrfs {
		return &runtime.Error{
			Err:  fmt.Errorf("%w: its root %s is on another file system than %s", runtime.ErrUnsupported, mine.unit(), ref.Path),
			Hint: "Restore it as a new container instead.",
		}
	}
	size, err := measure(its.path, nil)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
			return nil // mapped ids: liblxc can, in a user namespace
		}
		return fmt.Errorf("%w: the snapshot is broken: %w", runtime.ErrConfig, err)
	}
	if size.entries == 0 && mine.kind != storeOverlay {
		return fmt.Errorf("%w: the snapshot is broken: its root %s is empty", runtime.ErrConfig, its.path)
	}
	if mine.kind == storeDir && hasInit(mine.path) && !hasInit(its.path) {
		return fmt.Errorf("%w: the snapshot is broken: it has no /sbin/init, and the container has", runtime.ErrConfig)
	}
	var free unix.Statfs_t
	if err := unix.Statfs(ref.Path, &free); err == nil && free.Type != unix.BTRFS_SUPER_MAGIC {
		if room := int64(free.Bavail) * free.Bsize; room < size.disk {
			return &runtime.Error{
				Err:  fmt.Errorf("%w: a copy of it has %d MiB, %d MiB are free", unix.ENOSPC, size.disk>>20, room>>20),
				Hint: "The old root stays until the new one is complete: make room in " + ref.Path + ".",
			}
		}
	}
	return nil
}

// hasInit says whether a root has an init of its own, whatever it is a link to.
func hasInit(root string) bool {
	r, err := os.OpenRoot(root)
	if err != nil {
		return false
	}
	defer func() { _ = r.Close() }()
	_, err = r.Lstat("sbin/init")
	return err == nil
}

// second makes the second container out of the snapshot, and checks it.
func (o *operation) second(j *journal, snap runtime.Ref) error {
	o.step("copying " + snap.Name)
	work, other := j.workDir(), j.other()
	if err := os.Mkdir(work, 0o700); err != nil {
		return fmt.Errorf("directory of the copy: %w", fileErr(err))
	}
	if j.fact(factUnit) != "" {
		if err := canExchange(work); err != nil {
			return err
		}
	}
	// The names and addresses are the container's own: it is no other one.
	flags, backing := cloneKeepName|cloneKeepMAC, ""
	if kind := j.fact(factWay); kind != storeDir {
		flags, backing = flags|cloneSnapshot|cloneMaybe, kind
		if kind == storeLVM {
			backing = "" // as it is, and without a note on a dependant (storage_copy)
		}
	}
	want, err := measureStore(snapStore(snap))
	if err != nil {
		return fmt.Errorf("measure %s: %w", snap.Name, err)
	}
	end := func() {}
	if kind := j.fact(factWay); kind == storeDir || kind == storeOverlay { // the others share blocks
		end = o.watchBytes(uint64(want.bytes))
	}
	log, err := j.clone(snap, other, flags, backing)
	end()
	if err != nil {
		o.logged(log)
		return fullWords(fmt.Errorf("copy %s: %w", snap.Name, err), log)
	}
	// liblxc has noted it as an overlay on the snapshot, whose upper directory it
	// has copied: nothing of it is used any more, and it must be free to go.
	if err := errors.Join(
		forget(other, snap),
		changePairs(other, basesFile, func(r runtime.Ref) (runtime.Ref, bool) { return r, r != snap }),
	); err != nil {
		return fmt.Errorf("note on overlays: %w", err)
	}
	if err := o.checkSecond(j, snap, want); err != nil {
		return err
	}
	if j.fact(factPlace) == "" { // of a data set only the mark is sure
		j.releaseVolumes() // from now on its config tells whose it is
	}
	return nil
}

// measureStore is the size of a root; none where it is no directory, or belongs to
// ids that only a user namespace has.
func measureStore(s rootStore) (treeSize, error) {
	if s.unit() == "" {
		return treeSize{}, nil
	}
	size, err := measure(s.path, nil)
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return treeSize{}, nil
	}
	return size, err
}

// checkSecond says whether the copy has all that the snapshot has, whose size is want.
func (o *operation) checkSecond(j *journal, snap runtime.Ref, want treeSize) error {
	o.step("checking the copy")
	other := j.other()
	if err := loadableHere(other); err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	if _, err := load(other); err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	its, got := snapStore(snap), snapStore(other)
	if j.fact(factUnit) == "" {
		var err error
		switch got.kind {
		case storeLVM:
			_, _, err = volumeAt(context.Background(), got.path)
		case storeZFS:
			_, err = setAt(context.Background(), got.path)
		}
		if err != nil {
			return fmt.Errorf("check the copy: %w", err)
		}
		return nil
	}
	if got.kind != its.kind || got.unit() == "" {
		return fmt.Errorf("%w: the copy's root is on %q, the snapshot's on %q", runtime.ErrUnsupported, got.kind, its.kind)
	}
	have, err := measureStore(got)
	if err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	if have.entries < want.entries || have.bytes < want.bytes {
		return fmt.Errorf("%w: the copy has %d files and %d bytes, the snapshot %d and %d",
			runtime.ErrConfig, have.entries, have.bytes, want.entries, want.bytes)
	}
	j.Facts[factSpare], j.Facts[factOtherPath] = []byte(got.unit()), []byte(got.value)
	return nil
}

// discard removes the second container and the journal. A kill in between must
// leave nothing that could still be exchanged for the container's root.
func (o *operation) discard(j *journal) error {
	if j.Kept || j.Step == stepExchanging || j.Step == stepConfig {
		j.Kept = false
		if err := o.mark(j, stepRemoving); err != nil && !noRoom(err) {
			return err
		}
	}
	if err := o.dropCopy(j); err != nil {
		return err
	}
	return j.end()
}

// mayDrop looks for what keeps a root that is kept from being removed, before the
// journal says that a part of it is gone, and nothing leads back to it any more.
func (o *operation) mayDrop(j *journal) error {
	for _, value := range rootLine(j.other()) {
		if j.fact(factUnit) != "" || o.rootStays(j, value) || volumeGone(value) {
			continue
		}
		if err := wholeVolumes(value); err != nil {
			return fmt.Errorf("the root that is kept: %w", err)
		}
		if err := keepSnaps(value); err != nil {
			return fmt.Errorf("the root that is kept: %w", err)
		}
	}
	return nil
}

// rootStays says whether a root that only configs name is the container's own, or that
// of another one.
func (o *operation) rootStays(j *journal, root string) bool {
	path := storeOf(root).path
	return slices.ContainsFunc(rootLines(j.ref()), func(line string) bool { return deviceOf(storeOf(line).path) == deviceOf(path) }) ||
		len(sameSet(j.other(), append(slices.Clone(o.q.Paths), j.ref().Path), path)) > 0
}

// dropCopy removes the second container.
func (o *operation) dropCopy(j *journal) error {
	var mine []string // what the container has on a volume
	if j.fact(factUnit) == "" {
		for _, line := range rootLines(j.ref()) {
			mine = append(mine, deviceOf(storeOf(line).path))
		}
	}
	owns := func(ref runtime.Ref, root string) bool {
		switch {
		case j.fact(factUnit) == "" && o.rootStays(j, root):
			return false // whatever that config says, or the step
		case j.fact(factUnit) == "" && j.Step != stepCopying:
			// Which of two roots it has by now its config tells, which is lxcdeck's own
			// work; the name of either may be the container's.
			return true
		}
		return j.ownsRoot(ref, root)
	}
	if j.Step == stepCopying { // else they were exchanged: stepRemoving too comes after that
		if err := endMarked(j.ID); err != nil {
			return err
		}
		if err := j.dropVolumes(mine...); err != nil {
			return fmt.Errorf("remove the copy: %w", err)
		}
		_ = unmark(j.other()) // as in unreserve
	}
	if other := j.other(); exists(other.String()) {
		o.step("removing " + o.q.Ref.Name + "'s copy")
		if log, err := clearWith(other, owns); err != nil {
			o.logged(log)
			return fmt.Errorf("remove the copy: %w", err)
		}
	}
	if err := os.RemoveAll(j.workDir()); err != nil {
		return fmt.Errorf("remove the copy: %w", fileErr(err))
	}
	return nil
}
