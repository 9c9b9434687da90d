package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"lxcdeck/runtime"
)

// restoreAs makes a new container of a snapshot, with a MAC address and a host
// name of its own. The flags are those of liblxc's own lxcapi_snapshot_restore,
// which can make it in the same lxcpath only, and not while the container has
// overlays on it.
func (o *operation) restoreAs() error {
	a, snap, err := o.namedSnapshot()
	if err != nil {
		return err
	}
	if err := loadableHere(snap); err != nil {
		return fmt.Errorf("%s is broken: %w", snap.Name, err)
	}
	store := snapStore(snap)
	if store.kind == storeLVM {
		// A copy of all files is not made of it either: liblxc clones snapshots as they are.
		if why := noSnapshot(store, o.q.Ref.Name); why != "" {
			return fmt.Errorf("%w: %s", runtime.ErrUnsupported, why)
		}
	}
	if store.kind == storeDir {
		size, err := measure(store.path, nil)
		if err == nil && size.entries == 0 || errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is broken: there is nothing in its root %s", runtime.ErrConfig, snap.Name, store.path)
		}
	}
	if store.kind == storeZFS {
		if why := noSnapshot(store, o.q.Ref.Name); why != "" {
			return fmt.Errorf("%w: %s is broken: %s", runtime.ErrConfig, snap.Name, why)
		}
		if err := errors.Join(o.soleRoot(snap), freeSet(placeOf(store)+"/"+a.To.Name)); err != nil {
			return err
		}
	}
	j, err := openJournal(runtime.RestoreAs, o.q.Ref, stepTaking, map[string]string{
		factSnap: snap.Name, toPath: a.To.Path, toName: a.To.Name, factGroup: volumeGroup(store), factPlace: placeOf(store),
	})
	if err != nil {
		return err
	}
	made, err := j.reserve(a.To)
	switch {
	case err == nil && !made:
		err = fmt.Errorf("%w: %s is there already", runtime.ErrExists, a.To)
	case err == nil:
		if err = o.mark(j, stepCopying); err == nil {
			o.step("copying " + snap.Name)
			err = o.copySnapshot(j, snap, store, a)
		}
	}
	if err != nil {
		return also(err, o.dropMade(j))
	}
	if err := j.end(); err != nil {
		return err
	}
	j.releaseVolumes()
	if !a.Start {
		return nil
	}
	if err := o.startAnew(a.To); err != nil {
		return telling(a.To.Name+" was made, but not started", err)
	}
	return nil
}

// copySnapshot lets liblxc make the new container.
func (o *operation) copySnapshot(j *journal, snap runtime.Ref, store rootStore, a *runtime.RestoreArgs) error {
	// liblxc writes the host name by way of a path that a container may have
	// made a link to a file of the host (clone_update_rootfs follows it): that
	// is done here. A user's liblxc does it with that container's ids.
	flags, backing := 0, ""
	if os.Geteuid() == 0 {
		flags = cloneKeepName
	}
	switch {
	case store.kind == storeLVM:
		flags |= cloneSnapshot | cloneMaybe // as it is, and without a note on a dependant
	case store.kind != storeDir && store.kind != "loop":
		flags, backing = flags|cloneSnapshot|cloneMaybe, store.kind
	case a.CoW && store.kind == storeDir:
		flags |= cloneSnapshot // as an overlay
	case a.CoW:
		return fmt.Errorf("%w: no overlay can lie on a root on %s", runtime.ErrUnsupported, store.kind)
	}
	log, err := j.clone(snap, a.To, flags, backing)
	if err != nil {
		o.logged(log)
		return fullWords(fmt.Errorf("copy %s: %w", snap.Name, err), log)
	}
	if os.Geteuid() != 0 {
		return nil
	}
	conf, err := readConfOf(a.To)
	if err != nil {
		return err
	}
	if err := conf.set("lxc.uts.name", a.To.Name); err != nil {
		return err
	}
	if err := conf.write(); err != nil {
		return err
	}
	return nameHost(a.To, append(oldHostNames(snap), o.q.Ref.Name))
}

// dropMade removes what there is of the new container, and the journal.
func (o *operation) dropMade(j *journal) error {
	to := j.made()
	if err := to.Check(); err != nil {
		return err
	}
	if err := o.unreserve(j, to); err != nil {
		return err
	}
	if exists(to.String()) {
		return j.end() // another's
	}
	// liblxc notes an overlay on its base before it is whole.
	snap := runtime.Ref{Path: snapsDir(j.ref()), Name: j.fact(factSnap)}
	if err := forget(to, snap); err != nil {
		return err
	}
	return j.end()
}

func leftRestoreAs(j *journal) (string, []runtime.RecoverWay) {
	return "restoring " + j.fact(factSnap) + " as " + j.made().Name + " was interrupted: that container is not whole",
		[]runtime.RecoverWay{runtime.Undo}
}

func recoverRestoreAs(o *operation, j *journal, _ runtime.RecoverWay) error { return o.dropMade(j) }
