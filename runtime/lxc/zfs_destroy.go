package lxc

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// What is destroyed on ZFS is named: a data set by itself, and each of its snapshots.
// zfs destroy without -r fails where anything else is there by then.

// goneSnaps are the snapshots that go with a data set: those that are older than a
// clone stay, with the clone (letGo). Clones in along go first.
func goneSnaps(name string, along ...string) ([]setSnap, error) {
	snaps, err := snapsOf(name)
	if err != nil && !setGone(name) {
		return nil, fmt.Errorf("whether it has snapshots cannot be told: %w", err)
	}
	return snaps[lastCloned(snaps, along...)+1:], nil
}

// lostSnap is a snapshot of ZFS that goes with a container.
type lostSnap struct {
	setSnap
	told string // as a person is told of it: "@daily" of its root, "snap0@daily" of a snapshot of LXC
}

// lostSnaps are the snapshots of ZFS that go with a container and all its snapshots.
// Those that lxcdeck has made for clones are told of nowhere.
func lostSnaps(ref runtime.Ref) ([]lostSnap, error) {
	snaps, err := snapshotDirs(ref)
	if err != nil {
		return nil, err
	}
	of, sets := []string{""}, []string{setOf(ref)}
	for _, snap := range snaps {
		if s := snapStore(snap); s.kind == storeZFS {
			of, sets = append(of, snap.Name), append(sets, s.path)
		}
	}
	var out []lostSnap
	for i, name := range sets {
		if name == "" {
			continue // it has another store
		}
		gone, err := goneSnaps(name, sets...)
		if err != nil {
			return nil, err
		}
		for _, snap := range gone {
			_, as, _ := strings.Cut(snap.name, "@")
			out = append(out, lostSnap{setSnap: snap, told: of[i] + "@" + as})
		}
	}
	return out, nil
}

// keepAll is keepThese for all that goes with a container and its snapshots.
func keepAll(ref runtime.Ref, all bool) error {
	lost, err := lostSnaps(ref)
	if err != nil {
		return err
	}
	snaps := make([]setSnap, len(lost))
	for i, l := range lost {
		snaps[i] = l.setSnap
	}
	return keepThese(snaps, all)
}

// keepSnaps is keepThese for a root alone.
func keepSnaps(value string) error {
	s := storeOf(value)
	if s.kind != storeZFS {
		return nil
	}
	gone, err := goneSnaps(s.path)
	if err != nil {
		return err
	}
	return keepThese(gone, false)
}

// keepThese refuses to lose snapshots that zfs holds, and, unless all may go, those
// that were made with zfs alone.
func keepThese(gone []setSnap, all bool) error {
	var held, lost []string
	for _, s := range gone {
		if s.held {
			held = append(held, s.name)
		}
		if !s.made && !all {
			lost = append(lost, s.name)
		}
	}
	switch {
	case len(held) > 0:
		return &runtime.Error{
			Err:  fmt.Errorf("%w: somebody holds %s", runtime.ErrInUse, strings.Join(held, ", ")),
			Hint: "zfs holds tells by what word, zfs release lets go.",
		}
	case len(lost) > 0:
		return &runtime.Error{
			Err:  fmt.Errorf("%w: %s, which zfs or a program that calls it has made", runtime.ErrHasSnapshots, strings.Join(lost, ", ")),
			Hint: "They would be removed with its data set. See zfs list -t snapshot; zfs destroy removes them, or they go with a destroy that takes all snapshots along.",
		}
	}
	return nil
}

// destroyOnSet lets liblxc destroy a container whose root is a data set, all with its
// snapshots that others have made. The snapshot that this was a clone of goes too, if
// it is there for it alone: liblxc removes that whoever has made it, and where others
// are clones of it, it fails with the root gone already and the container still there
// (zfs_destroy).
func destroyOnSet(ref runtime.Ref, name string, all bool) (log string, err error) {
	gone, err := goneSnaps(name)
	if err != nil {
		return "", err
	}
	if err := keepThese(gone, all); err != nil {
		return "", err
	}
	if err := letGo(name); err != nil {
		return "", err
	}
	s, err := setAt(context.Background(), name)
	if err != nil {
		return "", err
	}
	tools, err := zfsRemover(name, gone)
	if err != nil {
		return "", fmt.Errorf("programs for ZFS: %w", err)
	}
	defer tools.Close()
	if log, err = destroyWithTools(ref, tools); err != nil {
		return log, err
	}
	dropOrigin(&s)
	return log, nil
}

// destroySet destroys a data set that was made for a journal, with the snapshots that
// somebody may have taken of it meanwhile.
func destroySet(name string) error {
	snaps, err := snapsOf(name)
	if err != nil {
		return err
	}
	for _, some := range snapLists(name, snaps) {
		if err := runTool("", "zfs", "destroy", some); err != nil {
			return err
		}
	}
	return runTool("", "zfs", "destroy", name)
}

// snapLists name snapshots of a data set as zfs-destroy(8) takes them: NAME@a,b.
func snapLists(name string, snaps []setSnap) (lists []string) {
	const some = 200 // an argument has 128 KiB at most (execve(2)), a name 255 bytes
	for part := range slices.Chunk(snaps, some) {
		var as []string
		for _, s := range part {
			as = append(as, strings.TrimPrefix(s.name, name+"@"))
		}
		lists = append(lists, name+"@"+strings.Join(as, ","))
	}
	return lists
}

// zfsRemover is zfsTools for a destroy: of one data set and of these snapshots of it.
func zfsRemover(name string, snaps []setSnap) (*os.File, error) {
	script := `	[ "$set" = ` + runtime.ShellQuote(name) + ` ] || refuse "$set"
`
	for _, some := range snapLists(name, snaps) {
		script += `	words=$(zfs destroy ` + runtime.ShellQuote(some) + ` 2>&1) || fail "$words"
`
	}
	return zfsProgram("", script)
}
