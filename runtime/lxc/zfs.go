package lxc

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// liblxc knows of a data set its name, and calls zfs(8) with flags that forgive too
// much. What else counts is asked of ZFS here: whether a data set is there, what it
// holds, what is cloned from it, and who would go with it.

const (
	// setJournal is a property of a data set that is being made: the journal's tag.
	setJournal = "lxcdeck:journal"
	// snapMade is a property of a snapshot that is there for a clone alone: the tag of
	// the journal that it was made for.
	snapMade = "lxcdeck:made"
)

// dataSet is a file system of ZFS, as zfs-list(8) tells of it.
type dataSet struct {
	name   string
	own    uint64 // bytes that nobody else holds
	snaps  uint64 // bytes that only its snapshots hold
	free   uint64
	origin string // the snapshot that it is a clone of; "" = it is none
}

// parent is the data set that it lies in; "" = it is a pool's own.
func (s *dataSet) parent() string { return parentSet(s.name) }

func parentSet(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

// bareSet says whether a lxc.rootfs.path without a store can name a data set: liblxc
// asks zfs of all that is no path (zfs_detect).
func bareSet(value string) bool {
	return strings.Contains(value, "/") && checkSet(value) == nil
}

// checkSet refuses what is no name of a data set (zfs(8)), also because it could be
// an option of zfs: the configs of others are asked about, too.
func checkSet(name string) error {
	if strings.HasPrefix(name, "/") {
		return fmt.Errorf("%w: %s is the mount point of a data set, as LXC before 2.1 had it: liblxc would take the first line of zfs list with that text in it; lxc.rootfs.path = zfs:POOL/NAME is sure",
			runtime.ErrUnsupported, name)
	}
	for i, part := range strings.Split(name, "/") {
		bad := strings.IndexFunc(part, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.: ", r)
		})
		if part == "" || bad >= 0 || i == 0 && strings.ContainsRune("-_.: ", rune(part[0])) {
			return fmt.Errorf("%w: %q is no name of a data set", runtime.ErrInvalid, name)
		}
	}
	return nil
}

// noSuchSet is what zfs says of a name that nothing has.
const noSuchSet = "dataset does not exist"

// askZFS gives what a command of zfs tells, in fields. The error wraps ErrNotFound
// where zfs says that there is no such data set: else nobody knows.
func askZFS(ctx context.Context, command string, args ...string) ([][]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	text, err := execute(ctx, "", "zfs", append([]string{command, "-Hp"}, args...)...)
	if err != nil && strings.HasSuffix(err.Error(), "': "+noSuchSet) {
		return nil, fmt.Errorf("%w: %w", runtime.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows, nil
}

// setAt asks for a data set.
func setAt(ctx context.Context, name string) (dataSet, error) {
	if err := checkSet(name); err != nil {
		return dataSet{}, err
	}
	rows, err := askZFS(ctx, "list", "-t", "filesystem", "-o", "name,usedbydataset,usedbysnapshots,available,origin", name)
	if err == nil && (len(rows) != 1 || len(rows[0]) != 5) {
		err = fmt.Errorf("%w: zfs list says %q of it", runtime.ErrUnsupported, rows)
	}
	if err != nil {
		return dataSet{}, fmt.Errorf("data set %s: %w", name, err)
	}
	s := dataSet{name: rows[0][0], origin: strings.TrimPrefix(rows[0][4], "-")}
	s.own, _ = strconv.ParseUint(rows[0][1], 10, 64)
	s.snaps, _ = strconv.ParseUint(rows[0][2], 10, 64)
	s.free, _ = strconv.ParseUint(rows[0][3], 10, 64)
	return s, nil
}

// setOf is the data set that a container has for its root; "" = it has another store.
func setOf(ref runtime.Ref) string {
	lines := rootLines(ref)
	if len(lines) == 0 {
		value, err := rootValue(ref) // of an include
		if err != nil {
			return ""
		}
		lines = []string{value}
	}
	if s := storeOf(lines[len(lines)-1]); s.kind == storeZFS {
		return s.path
	}
	return ""
}

// placeOf is the data set in which liblxc makes what is copied from a root on ZFS
// (zfs_clonepaths); "" = it is on another store.
func placeOf(s rootStore) string {
	if s.kind != storeZFS {
		return ""
	}
	return parentSet(s.path)
}

// noSnapshot says why no snapshot can be taken of a data set, the root of a container,
// that was looked for; "" = it can. liblxc names the data set of a snapshot after that,
// and takes that of another container's snapshot for its own (zfs_snapshot, by zfs
// clone -p): here it has the container's name too.
func (s *dataSet) noSnapshot(err error) string {
	switch {
	case err != nil:
		return "its root cannot be looked at: " + err.Error()
	case s.parent() == "":
		return "its root " + s.name + " is a pool's own data set, beside which there is no place"
	}
	return ""
}

// setGone says that a root's data set is not there while its pool is.
func setGone(name string) bool {
	if _, err := setAt(context.Background(), name); !errors.Is(err, runtime.ErrNotFound) {
		return false
	}
	pool, _, _ := strings.Cut(name, "/")
	_, err := setAt(context.Background(), pool)
	return err == nil
}

// setSnap is a snapshot of a data set.
type setSnap struct {
	name   string
	clones []string
	made   bool // for a clone, by lxcdeck
	held   bool // zfs-hold(8)
}

// snapsOf are the snapshots of a data set, the oldest first.
func snapsOf(name string) ([]setSnap, error) {
	if err := checkSet(name); err != nil {
		return nil, err
	}
	rows, err := askZFS(context.Background(), "list", "-d", "1", "-t", "snapshot", "-s", "createtxg", "-o", "name,clones,userrefs", name)
	if err != nil {
		return nil, fmt.Errorf("snapshots of %s: %w", name, err)
	}
	// A snapshot has what its data set has of such properties, and zfs receive brings
	// those of another host along: only what was set here counts.
	marks, err := askZFS(context.Background(), "get", "-d", "1", "-t", "snapshot", "-s", "local", "-o", "name", snapMade, name)
	if err != nil {
		return nil, fmt.Errorf("snapshots of %s: %w", name, err)
	}
	var out []setSnap
	for _, f := range rows {
		if len(f) != 3 {
			return nil, fmt.Errorf("snapshots of %s: %w: zfs list says %q of one", name, runtime.ErrUnsupported, f)
		}
		s := setSnap{name: f[0], held: f[2] != "0" && f[2] != "-"}
		s.made = slices.ContainsFunc(marks, func(m []string) bool { return m[0] == s.name })
		if f[1] != "-" && f[1] != "" {
			s.clones = strings.Split(f[1], ",")
		}
		out = append(out, s)
	}
	return out, nil
}

// lastCloned is the newest snapshot that something was cloned from, but for some
// clones; -1 = none.
func lastCloned(snaps []setSnap, but ...string) int {
	for i, s := range slices.Backward(snaps) {
		if slices.ContainsFunc(s.clones, func(c string) bool { return !slices.Contains(but, c) }) {
			return i
		}
	}
	return -1
}

// insideSet are the data sets that lie in that of a root, and would go with it.
func insideSet(value string) (names []string, err error) {
	s := storeOf(value)
	if s.kind != storeZFS {
		return nil, nil
	}
	var rows [][]string
	if err = checkSet(s.path); err == nil {
		rows, err = askZFS(context.Background(), "list", "-d", "1", "-t", "filesystem,volume", "-o", "name", s.path)
	}
	if err != nil && !setGone(s.path) {
		return nil, fmt.Errorf("what lies in its data set cannot be told: %w", err)
	}
	for _, f := range rows {
		if f[0] != s.path {
			names = append(names, f[0])
		}
	}
	return names, nil
}

// wholeSet refuses to remove a root with data sets that lie in it.
func wholeSet(value string) error {
	inside, err := insideSet(value)
	if err != nil || len(inside) == 0 {
		return err
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: %s would go with its data set, in which they lie", runtime.ErrInUse, strings.Join(inside, ", ")),
		Hint: "Rename them away (zfs rename), or destroy them with zfs.",
	}
}

// letGo makes sure that nobody needs what goes with a data set. zfs_destroy of liblxc
// fails where something is a clone of one of its snapshots, be it a copy on write, a
// snapshot of the container, or the container itself after a restore. The newest
// clone is promoted, which then has these snapshots, and all older ones, for its own
// (zfs-promote(8)): nothing changes in either.
func letGo(name string) error {
	if err := wholeSet(storeZFS + ":" + name); err != nil {
		return err
	}
	snaps, err := snapsOf(name)
	if err != nil {
		return err
	}
	i := lastCloned(snaps)
	if i < 0 {
		return nil
	}
	if err := runTool("", "zfs", "promote", snaps[i].clones[0]); err != nil {
		return &runtime.Error{
			Err:  fmt.Errorf("%w: %s is a clone of %s, and does not stand alone: %w", runtime.ErrInUse, snaps[i].clones[0], snaps[i].name, err),
			Hint: "Destroy that one first, or let it stand alone with zfs promote.",
		}
	}
	return nil
}

// dropOrigin removes the snapshot that a data set was a clone of, if that was made
// for it: by the name that zfs_snapshot gives, or by our word on it. One that others
// are clones of stays, which zfs sees to.
func dropOrigin(s *dataSet) {
	_, as, ok := strings.Cut(s.origin, "@")
	if !ok {
		return
	}
	rows, err := askZFS(context.Background(), "get", "-s", "local", "-o", "value", snapMade, s.origin)
	if as == path.Base(s.name) || err == nil && len(rows) > 0 {
		_ = runTool("", "zfs", "destroy", s.origin)
	}
}

// sameSet are the containers, and their snapshots, in some lxcpaths that have one
// data set for their root: lxc-snapshot names that of the first snapshot of every
// container snap0, and zfs_snapshot takes one that is there already for its own.
func sameSet(ref runtime.Ref, paths []string, name string) (others []runtime.Ref) {
	if name == "" {
		return nil
	}
	for _, lxcpath := range paths {
		found, _ := readPath(lxcpath)
		for _, c := range found {
			snaps, _ := snapshotDirs(c)
			for _, o := range append([]runtime.Ref{c}, snaps...) {
				lines := rootLines(o)
				if o != ref && len(lines) > 0 && storeOf(lines[len(lines)-1]).path == name && !sameDir(o.String(), ref.String()) {
					others = append(others, o)
				}
			}
		}
	}
	return others
}

// soleRoot refuses a snapshot whose data set is another's, too.
func (o *operation) soleRoot(snap runtime.Ref) error {
	paths := o.q.Paths
	if !slices.Contains(paths, o.q.Ref.Path) {
		paths = append(slices.Clone(paths), o.q.Ref.Path)
	}
	s := snapStore(snap)
	if s.kind != storeZFS {
		return nil
	}
	others := sameSet(snap, paths, s.path)
	if len(others) == 0 {
		return nil
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: its data set %s is that of %s, too", runtime.ErrInUse, s.path, refList(others)),
		Hint: "lxc-snapshot has given both the same one, and zfs list -o name,origin tells whose it is. Remove the directory of the other.",
	}
}
