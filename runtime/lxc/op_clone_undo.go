package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lxcdeck/runtime"
)

// made is the container that a journal's operation makes.
func (j *journal) made() runtime.Ref {
	return runtime.Ref{Path: j.fact(toPath), Name: j.fact(toName)}
}

// leftClone tells of a clone that was killed half way.
func leftClone(j *journal) (what string, ways []runtime.RecoverWay) {
	return fmt.Sprintf("a clone to %s was interrupted: the copy is not whole", j.made().Name), []runtime.RecoverWay{runtime.Undo}
}

// recoverClone removes what a clone that was killed has made. It cannot be
// finished: nobody knows which files are whole.
func recoverClone(_ *operation, j *journal, way runtime.RecoverWay) error {
	if way != runtime.Undo && way != runtime.Dismiss {
		return fmt.Errorf("%w: a clone can only be undone", runtime.ErrUnsupported)
	}
	return undoClone(j)
}

// undoClone removes what a clone has made so far, and ends its journal.
func undoClone(j *journal) error {
	to := j.made()
	if err := to.Check(); err != nil {
		return fmt.Errorf("journal %s: %w", j.ID, err)
	}
	if err := removeHalf(to, j.ref()); err != nil {
		return err
	}
	return j.end()
}

// removeHalf removes a container that is not whole, also from the books of
// those it was to lie upon.
func removeHalf(half runtime.Ref, upon ...runtime.Ref) error {
	more, err := basesOf(half)
	if err != nil {
		more = nil // half written
	}
	if err := forget(half, append(more, upon...)...); err != nil {
		return err
	}
	if !exists(half.String()) {
		return nil
	}
	if err := removeVolume(half); err != nil {
		return err
	}
	if err := unmounted(half.String()); err != nil {
		return err
	}
	// Subvolumes of btrfs go with rmdir(2) once they are empty, since Linux 4.18.
	if err := os.RemoveAll(half.String()); err != nil {
		return fmt.Errorf("remove %s: %w", half, fileErr(err))
	}
	return nil
}

// removeVolume lets liblxc remove a root that is no directory.
func removeVolume(half runtime.Ref) error {
	c, err := readConfOf(half)
	if err != nil {
		return nil //nolint:nilerr // it came to nothing before its config
	}
	v := c.values("lxc.rootfs.path")
	if len(v) == 0 {
		return nil
	}
	if kind, _ := backing(v[0]); kind != "zfs" && kind != "lvm" && kind != "rbd" {
		return nil
	}
	if err := loadableHere(half); err != nil {
		return err
	}
	if log, err := destroyContainer(half); err != nil {
		return &runtime.Error{Op: "destroy", Ref: half, Err: err, Log: log}
	}
	return nil
}

// unmounted refuses to remove what something is mounted in: it would be emptied.
func unmounted(dir string) error {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileErr(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		at := f[4]
		if at == fstabWord(real) || strings.HasPrefix(at, fstabWord(real)+"/") {
			return fmt.Errorf("%w: %s is mounted there", runtime.ErrBusy, at)
		}
	}
	return nil
}
