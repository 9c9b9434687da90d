package fake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// SetChoices says what a new container can be made of.
func (r *Runtime) SetChoices(c runtime.Choices) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.choices = &c
}

// SetImages gives the download template an index.
func (r *Runtime) SetImages(images ...runtime.Image) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images = images
}

// Leave puts a leftover on the host.
func (r *Runtime) Leave(l runtime.Leftover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leftovers = append(r.leftovers, l)
}

// Diagnosing says what a failed start of a container comes from.
func (r *Runtime) Diagnosing(ref runtime.Ref, d runtime.Diagnosis) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.diagnoses[ref] = d
}

// Snapshots gives a container's snapshots, the oldest first.
func (r *Runtime) Snapshots(ctx context.Context, ref runtime.Ref) ([]runtime.SnapshotInfo, error) {
	if err := r.enter(ctx, Survey, ref); err != nil {
		return nil, wrap("snapshots", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return nil, wrap("snapshots", ref, runtime.ErrNotFound)
	}
	snaps := slices.Clone(b.spec.Snapshots)
	for i := range snaps {
		snaps[i].Used = r.onSnapshot(ref, snaps[i].Name)
	}
	return snaps, nil
}

// SnapshotStamp is made of their names and times.
func (r *Runtime) SnapshotStamp(_ context.Context, ref runtime.Ref) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return "", wrap("snapshots", ref, runtime.ErrNotFound)
	}
	stamp := ""
	for _, s := range b.spec.Snapshots {
		stamp += fmt.Sprintf("%q %s %v\n", s.Name, s.Taken, r.onSnapshot(ref, s.Name))
	}
	return stamp, nil
}

// onSnapshot are the containers that are overlays on a snapshot. Callers hold r.mu.
func (r *Runtime) onSnapshot(ref runtime.Ref, snap string) []runtime.Ref {
	return r.overlays(runtime.Ref{Path: filepath.Join(ref.String(), "snaps"), Name: snap})
}

func (r *Runtime) overlays(on runtime.Ref) []runtime.Ref {
	var out []runtime.Ref
	for ref, b := range r.boxes {
		if b.spec.Base == on || slices.Contains(b.spec.Under, on) {
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, order)
	return out
}

// Footprint gives invented sizes that follow the container's name.
func (r *Runtime) Footprint(ctx context.Context, ref runtime.Ref) (runtime.Footprint, error) {
	if err := r.enter(ctx, Survey, ref); err != nil {
		return runtime.Footprint{}, wrap("footprint", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		if s := r.snapshotAt(ref); s != nil {
			return runtime.Footprint{Backing: "dir", Size: s.Size, Free: 40 << 30}, nil
		}
		return runtime.Footprint{}, wrap("footprint", ref, runtime.ErrNotFound)
	}
	f := runtime.Footprint{
		Backing: "dir", Size: 180<<20 + int64(b.phase*1e8), Free: 40 << 30, Clones: r.overlays(ref),
		FrozenSnapshot: "its root is a plain directory: files would change while they are copied",
	}
	if b.spec.Base != (runtime.Ref{}) {
		f.Backing = "overlay"
	}
	for _, s := range b.spec.Snapshots {
		f.Snapshots, f.Taken = append(f.Snapshots, s.Name), append(f.Taken, s.Taken)
		f.SnapSize += max(0, s.Size)
	}
	return f, nil
}

// snapshotAt is the snapshot that lies there; nil = there is none. Callers hold r.mu.
func (r *Runtime) snapshotAt(ref runtime.Ref) *runtime.SnapshotInfo {
	for _, b := range r.boxes {
		for i := range b.spec.Snapshots {
			if b.spec.Snapshots[i].Path == ref.String() {
				return &b.spec.Snapshots[i]
			}
		}
	}
	return nil
}

// Choices says what a new container can be made of.
func (r *Runtime) Choices(ctx context.Context) (runtime.Choices, error) {
	if err := r.enter(ctx, Survey, runtime.Ref{}); err != nil {
		return runtime.Choices{}, wrap("choices", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made(), nil
}

// made is what a new container can be made of. Callers hold r.mu.
func (r *Runtime) made() runtime.Choices {
	if r.choices != nil {
		return *r.choices
	}
	return runtime.Choices{
		Templates: []runtime.Template{
			{Name: "busybox", Path: "/usr/share/lxc/templates/lxc-busybox"},
			{Name: "download", Path: "/usr/share/lxc/templates/lxc-download"},
			{Name: "oci", Path: "/usr/share/lxc/templates/lxc-oci", Missing: "skopeo and umoci are not installed"},
		},
		Bridges: []string{"lxcbr0"}, Default: runtime.DefaultNet{Type: "veth", Link: "lxcbr0"},
		Backings: []string{"dir"}, BackingOut: map[string]string{"zfs": "the zfs program is not installed"},
		IDMaps: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}},
	}
}

// makeable says whether a new container can be made so. Callers hold r.mu.
func (r *Runtime) makeable(a *runtime.CreateArgs) error {
	c := r.made()
	if !slices.ContainsFunc(c.Templates, func(t runtime.Template) bool { return t.Name == a.Template || t.Path == a.Template }) {
		return fmt.Errorf("%w: no template %s", runtime.ErrInvalid, a.Template)
	}
	if a.Backing.Type != "" && !slices.Contains(c.Backings, a.Backing.Type) {
		if c.BackingOut[a.Backing.Type] == "" {
			return fmt.Errorf("%w: there is no backing store %q", runtime.ErrInvalid, a.Backing.Type)
		}
		return fmt.Errorf("%w: backing store %s: %s", runtime.ErrUnsupported, a.Backing.Type, c.BackingOut[a.Backing.Type])
	}
	return nil
}

// Images gives the download template's index.
func (r *Runtime) Images(ctx context.Context, _ string) ([]runtime.Image, error) {
	if err := r.enter(ctx, Survey, runtime.Ref{}); err != nil {
		return nil, wrap("images", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.images), nil
}

// Leftovers gives what Leave has put there and restores keep.
func (r *Runtime) Leftovers(ctx context.Context) ([]runtime.Leftover, error) {
	if err := r.enter(ctx, Survey, runtime.Ref{}); err != nil {
		return nil, wrap("leftovers", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.leftovers), nil
}

// Diagnose gives what Diagnosing has said, else the error's own words.
func (r *Runtime) Diagnose(ctx context.Context, ref runtime.Ref, failed error) (runtime.Diagnosis, error) {
	if err := r.enter(ctx, Survey, ref); err != nil {
		return runtime.Diagnosis{}, wrap("diagnose", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.diagnoses[ref]
	var e *runtime.Error
	if d.Log == nil && errors.As(failed, &e) && e.Log != "" {
		d.Log = strings.Split(e.Log, "\n")
	}
	return d, nil
}

// change carries out what changes a container beyond its state. Callers hold r.mu.
func (r *Runtime) change(b *box, q runtime.Request) error {
	switch a := q.Args.(type) {
	case *runtime.CreateArgs:
		r.put(q.Ref, Spec{Container: runtime.Container{State: runtime.Stopped, Config: &runtime.Config{Unprivileged: len(a.IDMap) > 0}}})
		if a.Auto != nil {
			r.boxes[q.Ref].autostart(a.Auto)
		}
		r.startIf(a.Start, q.Ref)
	case *runtime.CloneArgs:
		r.copyOf(b, a.To)
		if a.CoW {
			r.boxes[a.To].spec.Base = q.Ref
		}
		r.startIf(a.Start || a.Ephemeral, a.To)
	case *runtime.RenameArgs:
		to := runtime.Ref{Path: q.Ref.Path, Name: a.To}
		delete(r.boxes, q.Ref)
		b.spec.Ref = to
		r.boxes[to] = b
	case *runtime.AutostartArgs:
		b.autostart(a)
	case *runtime.SetLimitsArgs:
		return r.setLimits(b, a)
	case *runtime.UnpackArgs:
		r.put(q.Ref, Spec{Container: runtime.Container{State: runtime.Stopped, Config: &runtime.Config{Unprivileged: len(a.IDMap) > 0}}})
	case *runtime.ConfigArgs:
		return r.setConfig(b, q)
	default:
		return r.changeMore(b, q)
	}
	return nil
}

func (r *Runtime) changeMore(b *box, q runtime.Request) error {
	switch q.Op {
	case runtime.Signal:
		a, _ := q.Args.(*runtime.SignalArgs) // Request.Check has seen to it
		return r.signalled(b, a)
	case runtime.Destroy:
		delete(r.boxes, q.Ref)
	case runtime.Snapshot:
		r.snap(b, q)
	case runtime.DeleteSnapshot, runtime.Restore, runtime.RestoreAs:
		return r.useSnapshot(b, q)
	case runtime.Lock:
		why := ""
		if a, ok := q.Args.(*runtime.LockArgs); ok {
			why = a.Why
		}
		b.spec.Lock = &runtime.LockInfo{By: "root", Why: why, Since: r.Now()}
	case runtime.Unlock:
		b.spec.Lock = nil
	case runtime.AddDevice, runtime.RemoveDevice, runtime.Mend:
		return r.repair(b, q)
	case runtime.Checkpoint, runtime.Resume:
		return r.checkpoint(b, q)
	case runtime.Recover:
		a, _ := q.Args.(*runtime.RecoverArgs) // Request.Check has seen to it
		i := slices.IndexFunc(r.leftovers, func(l runtime.Leftover) bool { return l.ID == a.ID && l.Ref == q.Ref })
		if i < 0 {
			return runtime.ErrNoLeftover
		}
		if l := &r.leftovers[i]; !a.Means(l.What, l.Since) {
			return fmt.Errorf("%w: it is something else by now: %s", runtime.ErrNoLeftover, l.What)
		}
		r.leftovers = slices.Delete(r.leftovers, i, i+1)
	}
	return nil
}

// snap takes a snapshot under liblxc's next free name.
func (r *Runtime) snap(b *box, q runtime.Request) {
	s := runtime.SnapshotInfo{Taken: r.Now(), Size: 64 << 20}
	if a, ok := q.Args.(*runtime.SnapshotArgs); ok {
		s.Comment = a.Comment
		if a.Way == runtime.StopAndStart && b.spec.State != runtime.Stopped {
			r.become(b, runtime.Stopped)
			r.become(b, runtime.Running)
		}
	}
	for i := 0; ; i++ {
		s.Name = "snap" + strconv.Itoa(i)
		if !slices.ContainsFunc(b.spec.Snapshots, func(o runtime.SnapshotInfo) bool { return o.Name == s.Name }) {
			break
		}
	}
	s.Path = filepath.Join(q.Ref.String(), "snaps", s.Name)
	b.spec.Snapshots = append(slices.Clone(b.spec.Snapshots), s)
}

// useSnapshot deletes one, or restores it.
func (r *Runtime) useSnapshot(b *box, q runtime.Request) error {
	a, _ := q.Args.(*runtime.RestoreArgs) // Request.Check has seen to it
	i := slices.IndexFunc(b.spec.Snapshots, func(s runtime.SnapshotInfo) bool { return s.Name == a.Snap })
	if i < 0 {
		return fmt.Errorf("%w: %s", runtime.ErrNoSnapshot, a.Snap)
	}
	switch q.Op {
	case runtime.DeleteSnapshot:
		if used := r.onSnapshot(q.Ref, a.Snap); len(used) > 0 {
			return fmt.Errorf("%w: %s", runtime.ErrInUse, used[0].Name)
		}
		b.spec.Snapshots = slices.Delete(slices.Clone(b.spec.Snapshots), i, i+1)
	case runtime.Restore:
		r.leftovers = append(r.leftovers, runtime.Leftover{
			ID: "old-" + strconv.Itoa(len(r.leftovers)), Ref: q.Ref, What: "the root before the restore of " + a.Snap, Since: r.Now(),
			Size: 180 << 20, Ways: []runtime.RecoverWay{runtime.Dismiss, runtime.Undo}, Kept: true,
		})
		r.startIf(a.Start, q.Ref)
	case runtime.RestoreAs:
		r.copyOf(b, a.To)
		if a.CoW {
			r.boxes[a.To].spec.Base = runtime.Ref{Path: filepath.Join(q.Ref.String(), "snaps"), Name: a.Snap}
		}
		r.startIf(a.Start, a.To)
	}
	return nil
}

func (b *box) autostart(a *runtime.AutostartArgs) {
	c := runtime.Config{}
	if b.spec.Config != nil {
		c = *b.spec.Config
	}
	c.Autostart, c.Order, c.Delay, c.Groups = a.Auto, a.Order, a.Delay, a.Groups
	b.spec.Config = &c
}

func (r *Runtime) copyOf(b *box, to runtime.Ref) {
	spec := b.spec
	spec.Container = runtime.Container{State: runtime.Stopped, Config: b.spec.Config}
	spec.Snapshots, spec.Base, spec.Under = nil, runtime.Ref{}, nil
	r.put(to, spec)
}

// put adds a stopped container. Callers hold r.mu.
func (r *Runtime) put(ref runtime.Ref, spec Spec) {
	spec.Ref, spec.Identity = ref, r.identity()
	r.boxes[ref] = newBox(spec, phase(ref, r.opts.Seed))
	r.emit(runtime.Event{Kind: runtime.Inventory, Ref: ref, At: r.Now()})
}

func (r *Runtime) startIf(wanted bool, ref runtime.Ref) {
	if wanted {
		r.become(r.boxes[ref], runtime.Running)
	}
}

// refuse says why an operation cannot be done to a container as it is. Callers
// hold r.mu.
func (r *Runtime) refuse(b *box, q runtime.Request) error {
	for _, to := range q.Others() {
		if r.boxes[to] != nil {
			return fmt.Errorf("%w: %s", runtime.ErrExists, to.Name)
		}
	}
	if b.spec.NoStart != nil && (q.Op == runtime.Start || q.Op == runtime.Restart) {
		return b.spec.NoStart
	}
	switch q.Op {
	case runtime.Start:
		for _, ref := range r.overlays(q.Ref) {
			if r.boxes[ref].app != nil {
				return fmt.Errorf("%w: its root would change under %s", runtime.ErrInUse, ref.Name)
			}
		}
	case runtime.Destroy, runtime.Restore, runtime.Rename:
		if on := r.overlays(q.Ref); len(on) > 0 {
			return fmt.Errorf("%w: %s", runtime.ErrInUse, on[0].Name)
		}
	}
	if a, ok := q.Args.(*runtime.SnapshotArgs); ok {
		if a.Way == runtime.WhileFrozen {
			return fmt.Errorf("%w: its root is a plain directory", runtime.ErrUnsupported)
		}
		if a.Way == runtime.IfStopped && b.spec.State != runtime.Stopped {
			return fmt.Errorf("%w: it is %s", runtime.ErrWrongState, b.spec.State)
		}
	}
	if q.Op == runtime.Unlock && b.spec.Lock == nil {
		return fmt.Errorf("%w: it is not locked", runtime.ErrWrongState)
	}
	if q.Op == runtime.Snapshot && q.Args == nil && b.spec.State != runtime.Stopped {
		return fmt.Errorf("%w: it is %s", runtime.ErrWrongState, b.spec.State)
	}
	if a, ok := q.Args.(*runtime.DestroyArgs); q.Op == runtime.Destroy && len(b.spec.Snapshots) > 0 && (!ok || !a.Snapshots) {
		return runtime.ErrHasSnapshots
	}
	return changedSnapshots(b, q)
}

// changedSnapshots refuses what would take a snapshot that the person did not see.
func changedSnapshots(b *box, q runtime.Request) error {
	switch a := q.Args.(type) {
	case *runtime.DestroyArgs:
		for _, s := range b.spec.Snapshots {
			seen := func(k runtime.Seen) bool { return k.Name == s.Name && k.Taken.Equal(s.Taken) }
			if a.Known != nil && !slices.ContainsFunc(a.Known, seen) {
				return fmt.Errorf("%w: it has got snapshots since: %s", runtime.ErrWrongState, s.Name)
			}
		}
	case *runtime.RestoreArgs:
		for _, s := range b.spec.Snapshots {
			if s.Name == a.Snap && !a.Taken.IsZero() && !s.Taken.Equal(a.Taken) {
				return fmt.Errorf("%w: %s is another snapshot now", runtime.ErrWrongState, s.Name)
			}
		}
	}
	return nil
}
