package lxc

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// makeSet makes an empty data set for what is copied to ZFS from another store:
// zfs_clonepaths of liblxc names one, and storage_copy makes none.
func (j *journal) makeSet(name string, to runtime.Ref) error {
	return runTool(j.ID, "zfs", "create", "-o", "mountpoint="+filepath.Join(to.String(), "rootfs"), "-o", "canmount=noauto",
		"-o", setJournal+"="+j.tag(), name)
}

// markedSets are the data sets that were made for a journal.
func markedSets(parent, tag string) ([]string, error) {
	if err := checkSet(parent); err != nil {
		return nil, err
	}
	rows, err := askZFS(context.Background(), "get", "-d", "1", "-t", "filesystem", "-s", "local", "-o", "name,value", setJournal, parent)
	if err != nil {
		return nil, fmt.Errorf("data sets that were made: %w", err)
	}
	var names []string
	for _, f := range rows {
		if len(f) == 2 && f[1] == tag {
			names = append(names, f[0])
		}
	}
	return names, nil
}

// removeMarked removes the data sets that were made for a journal, but some, and the
// snapshots that were taken for them.
func removeMarked(parent, tag string, but []string) error {
	names, err := markedSets(parent, tag)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if slices.Contains(but, name) {
			continue
		}
		if err := letGo(name); err != nil { // others may need it by now
			errs = append(errs, err)
			continue
		}
		for until := time.Now().Add(removeTime); ; time.Sleep(pollEvery) {
			// Whoever had it mounted was killed, and the kernel lets go of it in its time.
			if err = destroySet(name); err == nil || time.Now().After(until) {
				break
			}
		}
		errs = append(errs, err)
	}
	rows, err := askZFS(context.Background(), "list", "-d", "2", "-t", "snapshot", "-o", "name,clones,"+snapMade, parent)
	errs = append(errs, err)
	for _, f := range rows {
		if len(f) == 3 && f[2] == tag && (f[1] == "" || f[1] == "-") {
			errs = append(errs, runTool("", "zfs", "destroy", f[0]))
		}
	}
	return errors.Join(errs...)
}

// madeSet says whether the root of what liblxc has cloned was made for a journal:
// zfs_snapshot says so even where zfs clone has failed, or the data set is another's.
func (j *journal) madeSet(to runtime.Ref) error {
	lines := rootLines(to)
	if len(lines) == 0 {
		return fmt.Errorf("%w: its config names no root", runtime.ErrConfig)
	}
	s := storeOf(lines[len(lines)-1])
	if s.kind != storeZFS {
		return nil
	}
	names, err := markedSets(j.fact(factPlace), j.tag())
	if err == nil && !slices.Contains(names, s.path) {
		err = fmt.Errorf("data set %s was not made: %w", s.path, errLXC)
	}
	return err
}

// freePlace is freeSet where the data set may have been made for this journal before.
func (j *journal) freePlace(name string) error {
	err := freeSet(name)
	if !errors.Is(err, runtime.ErrExists) {
		return err
	}
	names, merr := markedSets(j.fact(factPlace), j.tag())
	if merr != nil {
		return merr
	}
	if slices.Contains(names, name) {
		return nil
	}
	return err
}

// seat gives a data set that was made beside a journal the mount point that liblxc
// would have given it. It is for people alone: liblxc mounts it by its name.
func seat(ref runtime.Ref) {
	name := setOf(ref)
	if name == "" || checkSet(name) != nil {
		return
	}
	rows, err := askZFS(context.Background(), "get", "-o", "value", "mountpoint", name)
	if err == nil && len(rows) == 1 && strings.Contains(rows[0][0], "/"+deckDir+"/") {
		_ = runTool("", "zfs", "set", "mountpoint="+filepath.Join(ref.String(), "rootfs"), name)
	}
}

// chooseSet says where the new root lies, if it lies on ZFS.
func (p *clonePlan) chooseSet() error {
	if p.kind == storeZFS {
		s, err := setAt(context.Background(), p.paths[0])
		if err != nil {
			return fmt.Errorf("its root: %w", err)
		}
		p.place = s.parent()
		if p.place == "" && p.backing == storeZFS {
			return fmt.Errorf("%w: its root %s is a pool's own data set, beside which there is no place", runtime.ErrUnsupported, s.name)
		}
	}
	if p.backing != storeZFS {
		p.place = ""
		return nil
	}
	if p.kind != storeZFS {
		p.place = golxc.GlobalConfigItem("lxc.bdev.zfs.root")
	}
	return freeSet(p.place + "/" + p.to.Name)
}

// freeSet refuses a data set, or volume, that is there already: with zfs create -p
// liblxc would take it for its own, and write over what is in it (zfs_create, zfs_copy).
func freeSet(name string) error {
	if err := checkSet(name); err != nil {
		return err
	}
	_, err := askZFS(context.Background(), "list", "-t", "filesystem,volume", "-o", "name", name)
	switch {
	case err == nil:
		return fmt.Errorf("%w: data set %s is there already", runtime.ErrExists, name)
	case errors.Is(err, runtime.ErrNotFound):
		return nil
	}
	return err
}

// noRoomInSet is for a pool that is full, or a quota that is used up.
const noRoomInSet = "The pool has no room for it, or a quota of a data set is used up (zfs list -o space tells): nothing was changed. Snapshots keep what was deleted since."

// poolFull finds ZFS's own words for it, and those of rsync for a quota.
func poolFull(err error, log string) bool {
	if err != nil {
		log += err.Error()
	}
	return errors.Is(err, unix.EDQUOT) || strings.Contains(log, "out of space") || strings.Contains(log, "Disk quota exceeded")
}
