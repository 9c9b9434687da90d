package lxc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

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
func volumes(ctx context.Context, of string) ([]volume, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	text, err := execute(ctx, "", "lvs", "--noheadings", "--nosuffix", "--units", "b", "--separator", ",", "-o",
		"vg_name,lv_name,lv_attr,lv_size,vg_free,origin,pool_lv,data_percent", "--", of)
	if err != nil {
		return nil, err
	}
	var out []volume
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) != 8 {
			return nil, fmt.Errorf("%w: lvs says %q of a volume", runtime.ErrUnsupported, strings.TrimSpace(line))
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

// volumeAt is the volume of a path, such as /dev/vg/lv, and all volumes of its group
// at the same moment. The error wraps ErrNotFound only if the group is there and has
// no such volume: whoever cannot be asked may have it.
func volumeAt(ctx context.Context, path string) (v volume, all []volume, err error) {
	if !strings.HasPrefix(path, "/dev/") {
		return v, nil, fmt.Errorf("%w: %q is no path of a volume", runtime.ErrConfig, path)
	}
	vg, lv, ok := groupOf(path)
	if !ok { // another name for it
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFBLK {
			return v, nil, fmt.Errorf("%w: %s is no volume", runtime.ErrConfig, path)
		}
		found, err := volumes(ctx, path)
		if err != nil {
			return v, nil, fmt.Errorf("volume %s: %w", path, err)
		}
		if len(found) != 1 {
			return v, nil, fmt.Errorf("%w: %s is %d volumes", runtime.ErrConfig, path, len(found))
		}
		vg, lv = found[0].vg, found[0].lv
	}
	all, err = volumes(ctx, vg)
	if err != nil {
		return v, nil, fmt.Errorf("volume %s: %w", path, err)
	}
	i := slices.IndexFunc(all, func(o volume) bool { return o.lv == lv })
	if i < 0 {
		return v, all, fmt.Errorf("%w: no volume %s in the volume group %s", runtime.ErrNotFound, lv, vg)
	}
	return all[i], all, nil
}

// onLVM says whether the value of a lxc.rootfs.path names a volume, by its store or,
// where that is left out, by what lies there (lvm_detect).
func onLVM(value string) bool {
	s := storeOf(value)
	if s.kind != storeDir || !strings.HasPrefix(s.path, "/dev/") {
		return s.kind == storeLVM
	}
	var st unix.Stat_t
	if unix.Stat(s.path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return false
	}
	uuid, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/dm/uuid", unix.Major(st.Rdev), unix.Minor(st.Rdev)))
	return err == nil && strings.HasPrefix(string(uuid), "LVM-")
}

// groupOf takes volume group and volume out of a path as LVM makes them: /dev/vg/lv,
// or /dev/mapper/vg-lv, where a hyphen of a name is two (lvm(8)).
func groupOf(path string) (vg, lv string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/dev/")
	vg, lv, two := strings.Cut(rest, "/")
	if !ok || !two || vg == "" || lv == "" || strings.Contains(lv, "/") {
		return "", "", false
	}
	if vg != "mapper" {
		return vg, lv, true
	}
	const hyphen = "\x00" // in no path
	vg, lv, two = strings.Cut(strings.ReplaceAll(lv, "--", hyphen), "-")
	if !two || vg == "" || lv == "" || strings.Contains(lv, "-") {
		return "", "", false
	}
	return strings.ReplaceAll(vg, hyphen, "-"), strings.ReplaceAll(lv, hyphen, "-"), true
}

// plainVolume says why liblxc cannot clone a volume: it puts the name of the copy in
// the place of the container's in the path (lvm_clonepaths, storage_copy); "" = it can.
func plainVolume(path, name string) string {
	vg, lv, ok := groupOf(path)
	switch {
	case !ok || path != "/dev/"+vg+"/"+lv:
		return "its root is " + path + ", and LXC clones volumes by a path such as /dev/vg/lv only"
	case !strings.Contains(path, name):
		return "its root is " + path + ", and LXC clones only roots with the container's name in their path"
	}
	return ""
}

// noSnapshot says why no snapshot can be taken of a volume, the root of a container,
// that was looked for at a path; "" = it can. liblxc takes none at all: its clone names
// the volume after the snapshot, so that the first ones of two containers would have to
// be one volume, and its restore removes the root first, with which lvremove(8) removes
// the snapshots that are no thin volumes.
func (v *volume) noSnapshot(path, name string, err error) string {
	switch {
	case err != nil:
		return "its root cannot be looked at: " + err.Error()
	case !v.thin():
		return "its root " + v.String() + " is no thin volume: LVM would remove its snapshots together with it"
	}
	return plainVolume(path, name)
}

// volumeOf is how the volume of a container's snapshot is called.
func volumeOf(ref runtime.Ref, snap string) string { return ref.Name + "-" + snap }

// takenVolumes says which snapshots cannot be taken as their volume would be another's.
func (o *operation) takenVolumes(j *journal) func(snap string) bool {
	var all []volume
	if j.fact(factWay) == storeLVM {
		all, _ = volumes(context.Background(), j.fact(factGroup)) // what takes it will tell
	}
	return func(snap string) bool {
		return slices.ContainsFunc(all, func(v volume) bool { return v.lv == volumeOf(o.q.Ref, snap) })
	}
}

// wholeRoots is wholeVolumes for all that a container's config names.
func wholeRoots(ref runtime.Ref) error {
	for _, value := range rootLines(ref) {
		if err := wholeVolumes(value); err != nil {
			return err
		}
	}
	return nil
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

// deviceOf names what the path of a root leads to, alike for all of its names: a
// block device by its numbers.
func deviceOf(path string) string {
	var st unix.Stat_t
	if unix.Stat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFBLK {
		return fmt.Sprintf("block device %d", st.Rdev)
	}
	if vg, lv, ok := groupOf(path); ok {
		return "/dev/" + vg + "/" + lv
	}
	return path
}

// volumeGone says that a root's volume or data set is not there while its volume
// group or pool is: liblxc cannot destroy such a container, as lvremove(8) and zfs
// fail.
func volumeGone(value string) bool {
	s := storeOf(value)
	if s.kind == storeZFS {
		return setGone(s.path)
	}
	if s.kind != storeLVM && (s.kind != storeDir || !strings.HasPrefix(s.path, "/dev/") || exists(s.path)) {
		return false
	}
	_, _, err := volumeAt(context.Background(), s.path)
	return errors.Is(err, runtime.ErrNotFound)
}

// goesWith are the volumes that lvremove(8) would remove together with a root's:
// snapshots that lie in no thin pool are kept as differences to it, and a thin volume
// may have one outside of its pool for its origin. liblxc has no word of those that
// lxc-copy -s has made without -B. Where LVM cannot be asked, nobody knows.
func goesWith(value string) ([]volume, error) {
	if !onLVM(value) {
		return nil, nil
	}
	v, all, err := volumeAt(context.Background(), storeOf(value).path)
	switch {
	case errors.Is(err, runtime.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("whether others need its root cannot be told: %w", err)
	}
	return slices.DeleteFunc(all, func(o volume) bool {
		return o.origin != v.lv || v.thin() && o.thin() && o.pool == v.pool
	}), nil
}

// wholeVolumes refuses to remove a container's root with volumes, or data sets, that
// others have.
func wholeVolumes(value string) error {
	with, err := goesWith(value)
	if err != nil {
		return err
	}
	if len(with) == 0 {
		return wholeSet(value)
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
		if v, all, err := volumeAt(context.Background(), storeOf(value).path); err == nil {
			where, _, free = v.takes(all)
			return where, free, nil
		}
	}
	if s := storeOf(value); s.kind == storeZFS {
		if set, err := setAt(context.Background(), s.path); err == nil {
			return "the data set " + set.parent(), set.free, nil
		}
	}
	free, err = freeOn(lxcpath)
	return lxcpath, free, err
}

// takes is how much room a volume takes, where, and what is free there. all are the
// volumes of its group.
func (v *volume) takes(all []volume) (where string, size, free uint64) {
	for i := range all {
		if pool := &all[i]; v.thin() && pool.lv == v.pool {
			return "the thin pool " + pool.String(), v.used, pool.left()
		}
	}
	return "the volume group " + v.vg, v.size, v.free
}

// left is the room of a thin pool.
func (v *volume) left() uint64 { return v.size - min(v.used, v.size) }

// removeTagged removes the volumes that were made for a journal, but those of some
// paths, and none that others need by now.
func removeTagged(id string, but []string) error {
	found, err := volumes(context.Background(), "@"+tagOf(id))
	if err != nil {
		return fmt.Errorf("volumes that were made: %w", err)
	}
	stay := make([]string, len(but))
	for i, path := range but {
		stay[i] = deviceOf(path)
	}
	var errs []error
	for _, v := range found {
		if slices.Contains(stay, deviceOf(storeOf(v.value()).path)) {
			continue
		}
		if err := wholeVolumes(v.value()); err != nil {
			errs = append(errs, err)
			continue
		}
		for until := time.Now().Add(removeTime); ; time.Sleep(pollEvery) {
			// Whoever had it mounted was killed, and the kernel lets go of it in its time.
			if err = runTool(id, "lvremove", "-f", v.String()); err == nil || time.Now().After(until) {
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
