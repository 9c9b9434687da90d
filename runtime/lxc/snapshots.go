package lxc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// snapTime is the form of the file ts in a snapshot, in local time (do_lxcapi_snapshot).
	snapTime = "2006:01:02 15:04:05"
	// sizeTime is how long the snapshots of a container are measured at most:
	// what is not done by then has no size.
	sizeTime = time.Second
)

// snapsDir is where liblxc keeps a container's snapshots: beside the lxcpath if
// that directory is there (get_snappath_dir), else with the container.
func snapsDir(ref runtime.Ref) string {
	if st, err := os.Stat(ref.Path + "snaps"); err == nil && st.IsDir() {
		return filepath.Join(ref.Path+"snaps", ref.Name)
	}
	return filepath.Join(ref.String(), "snaps")
}

// Snapshots gives a container's snapshots, the oldest first. Those of somebody
// else's container are read by a helper that has become that user.
func (a *Adapter) Snapshots(ctx context.Context, ref runtime.Ref) ([]runtime.SnapshotInfo, error) {
	if err := ref.Check(); err != nil {
		return nil, fail("snapshots", ref, err)
	}
	as, err := a.helperUser(ref)
	if err != nil && !errors.Is(err, runtime.ErrConfig) { // names can be read without the config
		return nil, fail("snapshots", ref, err)
	}
	if as != nil {
		return a.snapshotsAs(ctx, ref, as)
	}
	type answer struct {
		snaps []runtime.SnapshotInfo
		err   error
	}
	got := make(chan answer, 1)
	runtime.Spawn("snapshots", func(err error) { got <- answer{err: err} }, func() {
		snaps, err := readSnapshots(ctx, ref)
		got <- answer{snaps, err}
	})
	select {
	case m := <-got:
		if m.err != nil {
			return nil, fail("snapshots", ref, m.err)
		}
		return m.snaps, nil
	case <-ctx.Done():
		return nil, fail("snapshots", ref, ended(ctx))
	}
}

// SnapshotStamp is made of when the directories of the snapshots were changed: the
// list of them by one that comes or goes, its own by a file in it. liblxc writes ts,
// comment and who is an overlay on it when the root is copied. Only names and times
// are read, whosever they are.
func (a *Adapter) SnapshotStamp(ctx context.Context, ref runtime.Ref) (string, error) {
	if err := ref.Check(); err != nil {
		return "", fail("snapshots", ref, err)
	}
	type answer struct {
		stamp string
		err   error
	}
	got := make(chan answer, 1)
	runtime.Spawn("snapshot stamp", func(err error) { got <- answer{err: err} }, func() {
		stamp, err := snapshotStamp(ref)
		got <- answer{stamp, err}
	})
	select {
	case m := <-got:
		if m.err != nil {
			return "", fail("snapshots", ref, m.err)
		}
		return m.stamp, nil
	case <-ctx.Done():
		return "", fail("snapshots", ref, ended(ctx))
	}
}

func snapshotStamp(ref runtime.Ref) (string, error) {
	dir := snapsDir(ref)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fileErr(err)
	}
	var stamp strings.Builder
	for _, e := range entries {
		for _, file := range []string{"", "ts", "comment", "config", dependantsFile} {
			// What has gone meanwhile makes another stamp.
			if info, err := os.Lstat(filepath.Join(dir, e.Name(), file)); err == nil {
				fmt.Fprintf(&stamp, "%q %q %d %d\n", e.Name(), file, info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return stamp.String(), nil
}

func (a *Adapter) snapshotsAs(ctx context.Context, ref runtime.Ref, as *user) ([]runtime.SnapshotInfo, error) {
	r, err := a.callHelper(ctx, helperRequest{Kind: kindSnapshots, Ref: ref}, as, nil)
	if err == nil {
		err = r.err()
	}
	var snaps []runtime.SnapshotInfo
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(r.Text)).Decode(&snaps)
	}
	if err != nil {
		return nil, fail("snapshots", ref, err)
	}
	return snaps, nil
}

// helperSnapshots answers for a user's container.
func helperSnapshots(ref runtime.Ref) helperReply {
	snaps, err := readSnapshots(context.Background(), ref)
	if err != nil {
		return failedReply(err, "")
	}
	// In gob, whose strings are bytes.
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(snaps); err != nil {
		return failedReply(err, "")
	}
	return helperReply{OK: true, Text: b.Bytes()}
}

// readSnapshots reads liblxc's own layout: a directory for each snapshot, with
// config, ts and comment.
func readSnapshots(ctx context.Context, ref runtime.Ref) ([]runtime.SnapshotInfo, error) {
	dir := snapsDir(ref)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fileErr(err)
	}
	limit, cancel := context.WithTimeout(ctx, sizeTime)
	defer cancel()
	var snaps []runtime.SnapshotInfo
	for _, e := range entries {
		// Without a config it is none to liblxc (do_lxcapi_snapshot_list).
		if !isRegular(filepath.Join(dir, e.Name(), "config")) {
			continue
		}
		snaps = append(snaps, readSnapshot(limit, runtime.Ref{Path: dir, Name: e.Name()}))
	}
	slices.SortStableFunc(snaps, func(a, b runtime.SnapshotInfo) int {
		return cmp.Or(a.Taken.Compare(b.Taken), cmp.Compare(snapNumber(a.Name), snapNumber(b.Name)))
	})
	return snaps, nil
}

func readSnapshot(ctx context.Context, snap runtime.Ref) runtime.SnapshotInfo {
	s := runtime.SnapshotInfo{Name: snap.Name, Path: snap.String(), Taken: takenAt(snap), Size: -1, Used: usersOf(snap)}
	if text, err := readSmall(filepath.Join(s.Path, "comment")); err == nil {
		s.Comment = strings.TrimRight(string(text[:min(len(text), runtime.MaxComment)]), "\n")
	}
	// Only where all of it lies in its own directory: a subvolume shares most of
	// its blocks with others, a zfs data set is elsewhere.
	switch kind := snapStore(snap).kind; kind {
	case storeDir, storeOverlay:
		if size, err := measure(s.Path, ctx.Err); err == nil {
			s.Size = size.disk
		}
	}
	return s
}

// snapStore is where a snapshot's root lies, by the text of its config: liblxc
// writes that line last, and into the file itself.
func snapStore(snap runtime.Ref) rootStore {
	conf, err := readConfOf(snap)
	if err != nil {
		return rootStore{}
	}
	values := conf.values("lxc.rootfs.path")
	if len(values) == 0 {
		return rootStore{}
	}
	return storeOf(values[len(values)-1])
}

func isRegular(path string) bool {
	var st unix.Stat_t
	return lstat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG
}

// snapNumber is the number in the names that liblxc gives.
func snapNumber(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "snap"))
	if err != nil {
		return -1
	}
	return n
}

// snapshotOf finds a snapshot of a container.
func snapshotOf(ref runtime.Ref, name string) (runtime.Ref, error) {
	snap := runtime.Ref{Path: snapsDir(ref), Name: name}
	if !isRegular(filepath.Join(snap.String(), "config")) {
		return snap, fmt.Errorf("%w: %s", runtime.ErrNoSnapshot, name)
	}
	return snap, nil
}

// namedSnapshot is the snapshot that a request names. liblxc gives the lowest number
// that is free, so that its name may have passed to another since it was seen.
func (o *operation) namedSnapshot() (a *runtime.RestoreArgs, snap runtime.Ref, err error) {
	a, ok := o.q.Args.(*runtime.RestoreArgs)
	if !ok {
		return nil, snap, fmt.Errorf("%w: no snapshot is named", runtime.ErrInvalid)
	}
	snap, err = snapshotOf(o.q.Ref, a.Snap)
	if err != nil || a.Taken.IsZero() || takenThen(snap, a.Taken) {
		return a, snap, err
	}
	if now := timeText(snap); now != "" {
		return a, snap, fmt.Errorf("%w: %s is another snapshot now, taken %s", runtime.ErrWrongState, a.Snap, now)
	}
	return a, snap, fmt.Errorf("%w: it cannot be told any more when %s was taken", runtime.ErrWrongState, a.Snap)
}

// takenThen says whether a snapshot was taken at a time that somebody has read from
// it. liblxc notes no time zone, and a helper may be in another: the text counts.
func takenThen(snap runtime.Ref, at time.Time) bool {
	text := timeText(snap)
	if at.IsZero() {
		return takenAt(snap).IsZero()
	}
	return text == at.Format(snapTime)
}

// timeText is what liblxc has noted of when a snapshot was taken; "" = nothing.
func timeText(snap runtime.Ref) string {
	text, err := readSmall(filepath.Join(snap.String(), "ts"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// takenAt is when a snapshot was taken; the zero time = that is not known.
func takenAt(snap runtime.Ref) time.Time {
	at, err := time.ParseInLocation(snapTime, timeText(snap), time.Local)
	if err != nil {
		return time.Time{}
	}
	return at
}

// usersOf are the overlays on a container's root, as far as that can be known.
func usersOf(ref runtime.Ref) []runtime.Ref {
	all, err := dependantsOf(ref)
	if err != nil {
		return nil
	}
	return all
}

// unused refuses a container or snapshot that others are overlays on, and one of
// which that cannot be known. liblxc goes by the lines alone (has_fs_snapshots):
// those of what is gone are taken out.
func unused(ref runtime.Ref) error {
	p, err := readPairs(filepath.Join(ref.String(), dependantsFile))
	switch {
	case err != nil:
		return fmt.Errorf("overlay clones on it: %w", err)
	case p == nil:
		return nil
	case p.count > 0:
		return fmt.Errorf("%w: %s counts %d overlay clones", runtime.ErrInUse, p.path, p.count)
	}
	needed, err := dependantsOf(ref)
	switch {
	case err != nil:
		return err
	case len(needed) == 0:
		return forgetGone(ref, nil)
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: overlay clones on it: %s", runtime.ErrInUse, refList(needed)),
		Hint: "Destroy these first. " + goneForGood(p.path),
	}
}
