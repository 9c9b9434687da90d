package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// planBacking settles where a new root lies, refuses what is taken, and says in
// facts what lies outside the container's directory.
func planBacking(ref runtime.Ref, b runtime.Backing, facts map[string]string) (runtime.Backing, error) {
	usable, out := backings(ref.Path, b)
	if b.Type == "best" {
		// liblxc tries them one after another. What was made is removed again, so
		// it has to be known before.
		b.Type = bestBacking(usable)
	}
	if b.Type == "" {
		b.Type = "dir"
	}
	if !slices.Contains(usable, b.Type) {
		why := out[b.Type]
		if why == "" {
			return b, fmt.Errorf("%w: there is no backing store %q", runtime.ErrInvalid, b.Type)
		}
		return b, fmt.Errorf("%w: backing store %s: %s", runtime.ErrUnsupported, b.Type, why)
	}
	if b.Dir != "" && b.Type != "dir" {
		return b, fmt.Errorf("%w: a directory for the root goes with the backing store dir, not with %s", runtime.ErrInvalid, b.Type)
	}
	switch b.Type {
	case "dir":
		return b, planDir(ref, &b, facts)
	case "zfs":
		orGlobal(&b.ZFSRoot, "lxc.bdev.zfs.root")
		if err := freeSet(b.ZFSRoot + "/" + ref.Name); err != nil {
			return b, err
		}
		facts[factPlace] = b.ZFSRoot
	case "lvm":
		orGlobal(&b.VG, "lxc.bdev.lvm.vg")
		orName(&b.LV, ref.Name)
		if ask("lvs", b.VG+"/"+b.LV) == nil {
			return b, fmt.Errorf("%w: volume %s/%s is there already", runtime.ErrExists, b.VG, b.LV)
		}
		facts[factGroup] = b.VG
	case "rbd":
		orGlobal(&b.RBDPool, "lxc.bdev.rbd.rbdpool")
		orName(&b.RBDName, ref.Name)
		if ask("rbd", "info", b.RBDPool+"/"+b.RBDName) == nil {
			return b, fmt.Errorf("%w: image %s/%s is there already", runtime.ErrExists, b.RBDPool, b.RBDName)
		}
		facts[factStore] = "rbd:/dev/rbd/" + b.RBDPool + "/" + b.RBDName
	}
	return b, nil
}

func bestBacking(usable []string) string {
	for _, t := range []string{"btrfs", "zfs", "lvm", "rbd"} { // liblxc's order (storage_create)
		if slices.Contains(usable, t) {
			return t
		}
	}
	return "dir"
}

func orGlobal(field *string, key string) {
	if *field == "" {
		*field = golxc.GlobalConfigItem(key)
	}
}

func orName(field *string, name string) {
	if *field == "" {
		*field = name
	}
}

// planDir looks at the place of a root that is to lie elsewhere. If a create
// fails, liblxc removes that directory with all it holds (dir_destroy): one
// that holds anything is refused.
func planDir(ref runtime.Ref, b *runtime.Backing, facts map[string]string) error {
	if b.Dir == "" {
		return nil
	}
	dir := filepath.Clean(b.Dir)
	b.Dir = dir
	if dir == ref.String() || strings.HasPrefix(dir, ref.String()+"/") {
		return nil // goes with the container's directory
	}
	var st unix.Stat_t
	switch err := lstat(dir, &st); {
	case errors.Is(err, os.ErrNotExist) && !exists(filepath.Dir(dir)):
		// liblxc would make it too (mkdir_p), and a create that fails would leave it.
		return fmt.Errorf("%w: there is no directory %s for the root to lie in", runtime.ErrInvalid, filepath.Dir(dir))
	case errors.Is(err, os.ErrNotExist):
		facts[factRoot] = dir
		return nil
	case err != nil:
		return err
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return fmt.Errorf("%w: %s is no directory", runtime.ErrInvalid, dir)
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err != nil:
		return fileErr(err)
	case len(entries) > 0:
		return fmt.Errorf("%w: %s is not empty: a create that fails would remove what is in it", runtime.ErrExists, dir)
	}
	facts[factRoot], facts[factBefore] = dir, fmt.Sprint(st.Mode&0o7777, st.Uid, st.Gid)
	return nil
}
