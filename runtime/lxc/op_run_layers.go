package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// roomFor adds a hint to the error of a full file system.
func roomFor(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return &runtime.Error{Op: runtime.Run.String(), Err: err, Hint: "The file system of the lxcpath is full: make room there, and try again."}
	}
	return err
}

// layOut makes the container, all but started. A failure leaves nothing of it.
func (o *operation) layOut(a *runtime.RunArgs, all []base) (laid *journal, err error) {
	ref := o.q.Ref
	dirs := allLayers(all)
	text, err := o.runConfig(a, all, dirs)
	if err != nil {
		return nil, err
	}
	var upon []runtime.Ref
	for _, b := range all {
		if !slices.Contains(upon, b.ref) {
			upon = append(upon, b.ref)
		}
	}
	command := strings.Join(a.Command, " ")
	facts := map[string]string{factCommand: command[:min(len(command), maxCommand)], factBases: string(pairsText(upon))}
	if a.Remove {
		facts[factRemove] = "1"
	}
	j, err := openJournal(runtime.Run, ref, runMaking, facts)
	if err != nil {
		return nil, err
	}
	o.reached(runMaking)
	if err := os.Mkdir(ref.String(), 0o770); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = fmt.Errorf("%w: %s is there already", runtime.ErrExists, ref)
		}
		return nil, errors.Join(fileErr(err), j.end())
	}
	defer func() {
		if err != nil {
			err = alsoFailedRun(err, undoRun(j))
		}
	}()
	id, err := dirID(ref.String())
	if err != nil {
		return nil, err
	}
	j.Facts[factDir] = []byte(id)
	if err := j.step(runMaking); err != nil {
		return nil, err
	}
	if err := makeLayers(ref, dirs[0], all[0].idmap); err != nil {
		return nil, err
	}
	if err := writeAtomically(filepath.Join(ref.String(), basesFile), pairsText(upon), 0o644); err != nil {
		return nil, err
	}
	for _, b := range upon {
		err := dependOn(b, ref)
		if errors.Is(err, fs.ErrNotExist) && !exists(b.String()) {
			return nil, fmt.Errorf("%w: %s was destroyed meanwhile", runtime.ErrNotFound, b.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("enter it at %s: %w", b.Name, err)
		}
	}
	o.reached(runEntered)
	for _, b := range all {
		if err := b.atRest(); err != nil {
			return nil, err
		}
	}
	if err := writeAtomically(filepath.Join(ref.String(), "config"), []byte(text), 0o640); err != nil {
		return nil, err
	}
	// An unknown key is told of here, before anything runs.
	return j, loads(ref)
}

// makeLayers makes the directories that lxc-copy -s makes: the place of the
// mount, the changes, and what overlayfs needs beside them. The changes belong to
// whom the uppermost root belongs to: their directory is the new root.
//
// Where ids are mapped, liblxc mounts them as the mapped root, who has to pass the
// container's directory. It does not belong to that root, as with lxc-create:
// what escapes from the container could write into its config then.
func makeLayers(ref runtime.Ref, top string, idmap []string) error {
	uid, gid, mode, err := layerOwner(top)
	if err != nil {
		return err
	}
	dir := ref.String()
	switch _, group := mappedRoot(idmap); {
	case group > 0 && os.Geteuid() == 0:
		err = errors.Join(os.Chown(dir, 0, group), os.Chmod(dir, 0o750))
	case group > 0:
		err = os.Chmod(dir, 0o711) // a user cannot give it to that group
	}
	if err != nil {
		return fileErr(err)
	}
	for _, d := range []string{"rootfs", "overlay", "overlay/delta", "overlay/work"} {
		path := filepath.Join(dir, d)
		if err := os.Mkdir(path, 0o755); err != nil {
			return fileErr(err)
		}
		if d == "overlay/delta" { // before it is somebody else's
			if err := os.Chmod(path, mode); err != nil {
				return fileErr(err)
			}
		}
		if d == "overlay" {
			continue
		}
		if err := giveTo(path, uid, gid); err != nil {
			return err
		}
	}
	return nil
}
