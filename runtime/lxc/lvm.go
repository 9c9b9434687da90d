package lxc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// liblxc knows of a volume its path, and whether it is thin. What else counts is
// asked of LVM here: how large it is, what room its volume group has, and who would
// go with it.

const (
	// newVolumeSize is how large liblxc makes a volume if nobody says (DEFAULT_FS_SIZE of storage.h).
	newVolumeSize = 1 << 30
	// removeTime is how long a volume may be in use by processes that were killed.
	removeTime = 20 * time.Second
)

// volume is a logical volume, as lvs(8) tells of it.
type volume struct {
	vg, lv string
	attr   string // lv_attr of lvs(8)
	size   uint64
	free   uint64 // bytes, of its volume group
	origin string // what it is a snapshot of
	pool   string // the thin pool it lies in
	used   uint64 // bytes that a thin volume, or a pool, has taken
}

// thin says whether it lies in a thin pool: its snapshots stand alone, and can be
// taken of snapshots.
func (v *volume) thin() bool { return strings.HasPrefix(v.attr, "V") }

// dependent says whether it is a snapshot of the kind that goes with its origin.
func (v *volume) dependent() bool { return strings.HasPrefix(strings.ToLower(v.attr), "s") }

func (v *volume) String() string { return v.vg + "/" + v.lv }

// value is its lxc.rootfs.path.
func (v *volume) value() string { return storeLVM + ":/dev/" + v.String() }

// volumes asks for the volumes that lvs(8) finds by its last argument: a volume
// group, a path or a tag.
func volumes(of string) ([]volume, error) {
	text, err := askText("lvs", "--noheadings", "--nosuffix", "--units", "b", "--separator", ",", "-o",
		"vg_name,lv_name,lv_attr,lv_size,vg_free,origin,pool_lv,data_percent", "--", of)
	if err != nil {
		return nil, err
	}
	var out []volume
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) != 8 {
			continue
		}
		v := volume{vg: f[0], lv: f[1], attr: f[2], origin: f[5], pool: f[6]}
		v.size, _ = strconv.ParseUint(f[3], 10, 64)
		v.free, _ = strconv.ParseUint(f[4], 10, 64)
		percent, _ := strconv.ParseFloat(f[7], 64) // empty where it says nothing
		v.used = uint64(percent / 100 * float64(v.size))
		out = append(out, v)
	}
	return out, nil
}

// volumeAt is the volume of a path, such as /dev/vg/lv.
func volumeAt(path string) (volume, error) {
	// A footprint is also taken of containers whose config others have written.
	if !strings.HasPrefix(path, "/dev/") {
		return volume{}, fmt.Errorf("%w: %q is no path of a volume", runtime.ErrConfig, path)
	}
	found, err := volumes(path)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%w: %s is %d volumes", runtime.ErrNotFound, path, len(found))
	}
	if err != nil {
		return volume{}, fmt.Errorf("volume %s: %w", path, err)
	}
	return found[0], nil
}

// onLVM says whether the value of a lxc.rootfs.path names a volume, by its store or,
// where liblxc has left that out, by where it lies.
func onLVM(value string) bool {
	s := storeOf(value)
	return s.kind == storeLVM || s.kind == storeDir && strings.HasPrefix(s.path, "/dev/")
}

// groupOf takes volume group and volume out of a path that liblxc has made.
func groupOf(path string) (vg, lv string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/dev/")
	vg, lv, two := strings.Cut(rest, "/")
	return vg, lv, ok && two && vg != "mapper" && !strings.Contains(lv, "/")
}

// volumeGroup is where the root of a store lies, and what is made of it; "" = not
// on LVM.
func volumeGroup(s rootStore) string {
	if s.kind != storeLVM {
		return ""
	}
	vg, _, _ := groupOf(s.path)
	return cmp.Or(vg, "?")
}

// volumeGone says that a root's volume is not there while its volume group is:
// liblxc cannot destroy such a container, as lvremove(8) fails.
func volumeGone(value string) bool {
	vg, lv, ok := groupOf(storeOf(value).path)
	if !ok || !onLVM(value) {
		return false
	}
	all, err := volumes(vg)
	return err == nil && !slices.ContainsFunc(all, func(v volume) bool { return v.lv == lv })
}

// goesWith are the volumes that lvremove(8) would remove together with a root's:
// snapshots that lie in no thin pool are kept as differences to it. liblxc has no
// word of those that lxc-copy -s has made without -B.
func goesWith(value string) []volume {
	if !onLVM(value) {
		return nil
	}
	v, err := volumeAt(storeOf(value).path)
	if err != nil {
		return nil // not there
	}
	all, err := volumes(v.vg)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(o volume) bool { return !o.dependent() || o.origin != v.lv })
}

// wholeVolumes refuses to remove a container's root with volumes that others have.
func wholeVolumes(value string) error {
	with := goesWith(value)
	if len(with) == 0 {
		return nil
	}
	var names []string
	for _, v := range with {
		names = append(names, v.String())
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: %s would go with its volume, of which they are snapshots", runtime.ErrInUse, strings.Join(names, ", ")),
		Hint: "Destroy the containers that have them first, or remove them with lvremove.",
	}
}

// roomOf is where a copy of a root takes its room, and how much there is.
func roomOf(lxcpath, value string) (where string, free uint64, err error) {
	if onLVM(value) {
		if v, err := volumeAt(storeOf(value).path); err == nil {
			where, _, free = v.takes()
			return where, free, nil
		}
	}
	free, err = freeOn(lxcpath)
	return lxcpath, free, err
}

// takes is how much room a volume takes, where, and what is free there.
func (v *volume) takes() (where string, size, free uint64) {
	if v.thin() {
		pools, err := volumes(v.vg + "/" + v.pool)
		if err == nil && len(pools) == 1 {
			return "the thin pool " + pools[0].String(), v.used, pools[0].size - min(pools[0].used, pools[0].size)
		}
	}
	return "the volume group " + v.vg, v.size, v.free
}

// makeVolume makes a volume with an empty ext4 for what is copied to LVM from another
// store: lvm_clonepaths of liblxc names one, and since 3.0 makes none.
func makeVolume(vg, lv, tag string, size uint64) error {
	args := []string{"--setactivationskip", "n", "--addtag", tag, "-Wy", "--yes", "-n", lv}
	// Where there is such a thin pool liblxc puts its volumes into it (do_lvm_create).
	pool := vg + "/" + golxc.GlobalConfigItem("lxc.bdev.lvm.thin_pool")
	if found, err := volumes(pool); err == nil && len(found) == 1 && strings.HasPrefix(found[0].attr, "t") {
		args = append(args, "--thinpool", pool, "-V", fmt.Sprint(size)+"b", vg)
	} else {
		args = append(args, "-L", fmt.Sprint(size)+"b", vg)
	}
	if err := runTool("lvcreate", args...); err != nil {
		return err
	}
	return runTool("mkfs.ext4", "-q", filepath.Join("/dev", vg, lv))
}

// volumeFor is how large a volume has to be for files of that size.
func volumeFor(bytes int64) uint64 {
	const part = 4 // a quarter and 64 MiB for the file system's own, and to work with
	return max(newVolumeSize, uint64(bytes)+uint64(bytes)/part+64<<20)
}

// removeTagged removes the volumes that were made for a journal, but those of some
// paths.
func removeTagged(tag string, but []string) error {
	found, err := volumes("@" + tag)
	if err != nil {
		return fmt.Errorf("volumes that were made: %w", err)
	}
	var errs []error
	for _, v := range found {
		if slices.Contains(but, storeOf(v.value()).path) {
			continue
		}
		for until := time.Now().Add(removeTime); ; time.Sleep(pollEvery) {
			// Whoever had it mounted was killed, and the kernel lets go of it in its time.
			if err = runTool("lvremove", "-f", v.String()); err == nil || time.Now().After(until) {
				break
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// noRoomInGroup is for a volume group that is full.
const noRoomInGroup = "The volume group has no room for it (vgs tells): nothing was changed. A volume of a thin pool takes room as it is written."

// groupFull finds LVM's own words for it (lvcreate(8)).
func groupFull(err error, log string) bool {
	const words = "insufficient free space"
	return strings.Contains(log, words) || err != nil && strings.Contains(err.Error(), words)
}

// chooseVolume says where the new root lies, if it lies on LVM.
func (p *clonePlan) chooseVolume() error {
	if p.kind != storeLVM {
		if p.backing == storeLVM {
			p.group = golxc.GlobalConfigItem("lxc.bdev.lvm.vg")
		}
		return nil
	}
	v, err := volumeAt(p.paths[0])
	if err != nil {
		return fmt.Errorf("its root: %w", err)
	}
	p.thin = v.thin()
	if p.backing == storeLVM {
		p.group = v.vg
	}
	if p.cow && v.dependent() {
		return &runtime.Error{Op: "clone", Ref: p.from,
			Err:  fmt.Errorf("%w: its root %s is a snapshot of %s/%s itself, and LVM takes no snapshot of such", runtime.ErrUnsupported, &v, v.vg, v.origin),
			Hint: "Make a copy of all files, or have the containers in a thin pool."}
	}
	return nil
}

// prepareVolume makes the volume that liblxc expects to be there, where it does not
// make it itself.
func (p *clonePlan) prepareVolume(j *journal) error {
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
	return makeVolume(p.group, p.to.Name, j.tag(), volumeFor(max(all.disk, min(all.bytes, 2*all.disk))))
}
