package lxc

import (
	"errors"
	"fmt"
	"path/filepath"

	"lxcdeck/runtime"
)

// deleteSnapshot removes a snapshot that nobody is an overlay on.
func (o *operation) deleteSnapshot() error {
	_, snap, err := o.namedSnapshot()
	if err != nil {
		return err
	}
	if err := errors.Join(unused(snap), o.soleRoot(snap)); err != nil {
		return err
	}
	j, err := openIfRoom(runtime.DeleteSnapshot, o.q.Ref, "removing", map[string]string{factSnap: snap.Name})
	if err != nil {
		return err
	}
	o.reached("removing")
	err = o.removeSnapshot(snap)
	if err == nil || isRegular(filepath.Join(snap.String(), "config")) {
		return also(err, j.end()) // it is gone, or still a snapshot
	}
	return err
}

// removeSnapshot goes on until nothing of a snapshot is left.
func (o *operation) removeSnapshot(snap runtime.Ref) error {
	o.step("removing " + snap.Name)
	books := booksWith(snap)
	var log string
	var err error
	switch kind := snapStore(snap).kind; {
	case kind == "" || kind == storeDir || kind == storeOverlay || kind == storeBtrfs:
		log, err = clearContainer(snap)
	default:
		// Its root lies elsewhere: only liblxc knows how that is removed.
		if err = wholeRoots(snap); err == nil {
			err = loadableHere(snap)
		}
		if err == nil {
			log, err = destroyWith(snap, rootLine(snap), false)
		}
	}
	if err != nil {
		o.logged(log)
		return fmt.Errorf("remove %s: %w", snap.Name, err)
	}
	books.forget()
	return nil
}
