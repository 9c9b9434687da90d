package lxc

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// chooseVolume says where the new root lies, if it lies on LVM.
func (p *clonePlan) chooseVolume() error {
	if p.kind != storeLVM {
		if p.backing != storeLVM {
			return nil
		}
		p.group = golxc.GlobalConfigItem("lxc.bdev.lvm.vg")
		all, err := volumes(context.Background(), p.group)
		if err != nil {
			return fmt.Errorf("volume group of new containers (lxc.bdev.lvm.vg): %w", err)
		}
		return p.freeName(all)
	}
	if why := plainVolume(p.paths[0], p.from.Name); why != "" && p.backing == storeLVM {
		return &runtime.Error{Op: "clone", Ref: p.from, Err: fmt.Errorf("%w: %s", runtime.ErrUnsupported, why),
			Hint: "Correct lxc.rootfs.path in its config, or copy it to another backing store."}
	}
	v, all, err := volumeAt(context.Background(), p.paths[0])
	if err != nil {
		return fmt.Errorf("its root: %w", err)
	}
	p.thin = v.thin()
	if p.backing != storeLVM {
		return nil
	}
	p.group = v.vg
	if p.cow && v.dependent() {
		return &runtime.Error{Op: "clone", Ref: p.from,
			Err:  fmt.Errorf("%w: its root %s is a snapshot of %s/%s itself, and LVM takes no snapshot of such", runtime.ErrUnsupported, &v, v.vg, v.origin),
			Hint: "Make a copy of all files, or have the containers in a thin pool."}
	}
	return p.freeName(all)
}

// freeName refuses a clone whose volume's name is another's: liblxc names it after
// the container.
func (p *clonePlan) freeName(all []volume) error {
	if slices.ContainsFunc(all, func(v volume) bool { return v.lv == p.to.Name }) {
		return fmt.Errorf("%w: volume %s/%s is there already", runtime.ErrExists, p.group, p.to.Name)
	}
	return nil
}

// prepareVolume makes the volume or data set that liblxc expects to be there, where it does not
// make it itself.
func (p *clonePlan) prepareVolume(j *journal) error {
	if p.backing == storeZFS && p.kind != storeZFS {
		return j.makeSet(p.place+"/"+p.to.Name, p.to)
	}
	if p.backing != storeLVM || p.kind == storeLVM {
		return nil
	}
	var all sizes
	for _, path := range p.paths {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%w: a root of kind %s cannot be copied to LVM", runtime.ErrUnsupported, p.kind)
		}
		if err := all.measure(context.Background(), path); err != nil {
			return err
		}
	}
	// Holes stay holes (rsync -S), but what is compressed on btrfs or zfs is not here.
	bytes := max(all.disk, min(all.bytes, 2*all.disk))
	return j.makeVolume(p.group, p.to.Name, volumeFor(bytes), uint64(bytes))
}

// makeVolume makes a volume with an empty ext4 for what is copied to LVM from another
// store, bytes large on disk: lvm_clonepaths of liblxc names one, and since 3.0 makes none.
func (j *journal) makeVolume(vg, lv string, size, bytes uint64) error {
	args := []string{"--setactivationskip", "n", "--addtag", j.tag(), "-Wy", "--yes", "-n", lv}
	// Where there is such a thin pool liblxc puts its volumes into it (do_lvm_create).
	pool := vg + "/" + golxc.GlobalConfigItem("lxc.bdev.lvm.thin_pool")
	found, err := volumes(context.Background(), pool)
	switch {
	case err != nil || len(found) != 1 || !strings.HasPrefix(found[0].attr, "t"):
		args = append(args, "-L", fmt.Sprint(size)+"b", vg)
	case found[0].left() < bytes:
		// One that is full gives errors to all who write in it (lvmthin(7)).
		return fmt.Errorf("%w: its root takes %s, and the thin pool %s has %s free", unix.ENOSPC, humanBytes(bytes), pool, humanBytes(found[0].left()))
	default:
		args = append(args, "--thinpool", pool, "-V", fmt.Sprint(size)+"b", vg)
	}
	if err := runTool(j.ID, "lvcreate", args...); err != nil {
		return err
	}
	return runTool(j.ID, "mkfs.ext4", "-q", filepath.Join("/dev", vg, lv))
}

// volumeFor is how large a volume has to be for files of that size: in whole MiB, as
// lvcreate(8) wants sectors.
func volumeFor(bytes int64) uint64 {
	const part, mib = 4, 1 << 20 // a quarter and 64 MiB for the file system's own, and to work with
	size := uint64(bytes) + uint64(bytes)/part + 64*mib
	return max(newVolumeSize, (size+mib-1)/mib*mib)
}
