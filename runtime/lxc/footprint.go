package lxc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// partialGrace is how long a Footprint whose context has ended may take to tell
// what it found.
const partialGrace = 2 * time.Second

// Footprint measures what belongs to a container and what hangs on it. It asks
// liblxc nothing, and reads politely: a List does not wait for it.
func (a *Adapter) Footprint(ctx context.Context, ref runtime.Ref) (runtime.Footprint, error) {
	if err := ref.Check(); err != nil {
		return runtime.Footprint{}, fail("footprint", ref, err)
	}
	if err := ended(ctx); err != nil {
		return runtime.Footprint{}, fail("footprint", ref, err)
	}
	type answer struct {
		f   runtime.Footprint
		err error
	}
	// Whoever gives up does not wait for a disk that does not answer.
	got := make(chan answer, 1)
	runtime.Spawn("footprint", func(err error) { got <- answer{err: err} }, func() {
		var m answer
		m.err = politely("footprint", func() (err error) {
			m.f, err = footprint(ctx, ref)
			return err
		})
		got <- m
	})
	select {
	case m := <-got:
		return m.f, fail("footprint", ref, m.err)
	case <-ctx.Done():
	}
	// What was found until now is worth more than nothing, if it comes soon.
	grace := time.NewTimer(partialGrace)
	defer grace.Stop()
	select {
	case m := <-got:
		return m.f, fail("footprint", ref, m.err)
	case <-grace.C:
		return runtime.Footprint{}, fail("footprint", ref, ended(ctx))
	}
}

func footprint(ctx context.Context, ref runtime.Ref) (runtime.Footprint, error) {
	f := runtime.Footprint{Size: -1, SnapSize: -1}
	if !exists(ref.String()) {
		return f, fmt.Errorf("%w in %s", runtime.ErrNotFound, ref.Path)
	}
	c, err := readConfOf(ref)
	if errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("%w: %s has no config file", runtime.ErrNotFound, ref)
	}
	if err != nil {
		return f, err
	}
	value := ""
	if v := c.values("lxc.rootfs.path"); len(v) > 0 {
		value = v[len(v)-1]
	}
	kind, paths := backing(value)
	f.Backing, f.RenameCopies, f.FrozenSnapshot = kind, renameCopies(value), whyNotFrozen(kind)
	if f.Free, err = freeOn(ref.Path); err != nil {
		return f, err
	}
	clones, err := dependantsOf(ref)
	if err != nil {
		return f, err
	}
	dir := snapsDir(ref)
	for _, r := range clones {
		if r.Path != dir { // its own snapshots go with it
			f.Clones = append(f.Clones, r)
		}
	}
	snaps, err := snapshotDirs(ref)
	if err != nil {
		return f, err
	}
	for _, s := range snaps {
		f.Snapshots = append(f.Snapshots, s.Name)
	}
	if kind == storeZFS && os.Geteuid() == 0 {
		lost, _ := lostSnaps(ref) // they go with it, too; a destroy looks again
		for _, l := range lost {
			if !l.made {
				f.Snapshots = append(f.Snapshots, l.told)
			}
		}
	}
	// liblxc counts them: snap9 is older than snap10.
	slices.SortFunc(f.Snapshots, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, name := range f.Snapshots {
		f.Taken = append(f.Taken, takenAt(runtime.Ref{Path: dir, Name: name}))
	}
	if err = weigh(ctx, &f, ref, kind, paths); err != nil || os.Geteuid() != 0 { // nobody else may ask
		return f, err
	}
	switch kind {
	case storeLVM:
		f.FrozenSnapshot = weighVolume(ctx, &f, ref.Name, paths[0])
	case storeZFS:
		f.FrozenSnapshot = weighSets(ctx, &f, ref, paths[0])
	}
	return f, err
}

// weighVolume asks LVM for the room of a root, and says why there are no snapshots of
// it. It is asked last and once: all else is known by then, and is told without it.
func weighVolume(ctx context.Context, f *runtime.Footprint, name, path string) string {
	v, all, err := volumeAt(ctx, path)
	if err == nil {
		_, size, free := v.takes(all)
		f.Size, f.Free = int64(size), free
	}
	return v.noSnapshot(path, name, err)
}

// weigh measures the root and config of a container, and its snapshots.
func weigh(ctx context.Context, f *runtime.Footprint, ref runtime.Ref, kind string, paths []string) error {
	var root, snaps sizes
	if err := root.measure(ctx, ref.String(), "snaps"); err != nil {
		return err
	}
	if kind == "overlay" {
		paths = paths[len(paths)-1:] // what it lies upon is another's
	}
	for _, path := range paths {
		// Beside what was measured already, and no device.
		if liesIn(ref.String(), path) || !slices.Contains([]string{"dir", "btrfs", "overlay"}, kind) {
			continue
		}
		if err := root.measure(ctx, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if dir := snapsDir(ref); exists(dir) {
		if err := snaps.measure(ctx, dir); err != nil {
			return err
		}
	}
	f.Size, f.SnapSize, f.Partial = root.disk, snaps.disk, root.partial || snaps.partial
	if slices.Contains([]string{"zfs", "lvm", "rbd", "nbd"}, kind) {
		f.Size = -1 // it lies in a volume
		if len(f.Snapshots) > 0 {
			f.SnapSize = -1
		}
	}
	return nil
}

// weighSets is weighVolume for ZFS: what a root and its snapshots hold.
func weighSets(ctx context.Context, f *runtime.Footprint, ref runtime.Ref, name string) string {
	s, err := setAt(ctx, name)
	if err != nil {
		return s.noSnapshot(err)
	}
	f.Size, f.Free, f.SnapSize = int64(s.own), s.free, int64(s.snaps)
	snaps, err := snapshotDirs(ref)
	for _, snap := range snaps {
		its, serr := setAt(ctx, snapStore(snap).path)
		if err = serr; err != nil {
			break
		}
		f.SnapSize += int64(its.own + its.snaps)
	}
	if err != nil {
		f.SnapSize = -1
	}
	return s.noSnapshot(nil)
}

// liesIn says whether a path lies in a directory, or is it.
func liesIn(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// whyNotFrozen says why a container of this backing store cannot have a
// snapshot taken while it is frozen; "" = it can.
func whyNotFrozen(kind string) string {
	switch kind {
	case "btrfs", "zfs", "lvm":
		return ""
	case "overlay":
		return "its root is an overlay, whose upper directory is copied file by file"
	case "dir":
		return "its root is a plain directory, which is copied file by file"
	default:
		return "LXC takes no snapshots of roots of kind " + kind
	}
}
