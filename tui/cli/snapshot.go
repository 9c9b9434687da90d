package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) snapshotCommand() *cobra.Command {
	var a runtime.SnapshotArgs
	var stop, freeze bool
	cmd := &cobra.Command{
		Use:   "snapshot [create|list|delete] NAME [SNAP]",
		Short: "Take, list and delete snapshots",
		Long: "Take a snapshot of a container (create, the default), list those there are, or\n" +
			"delete one for good. The name of a new one, which LXC chooses, is printed.\n\n" +
			"Of a container that is not stopped one is taken only with --stop, which starts it\n" +
			"again afterwards, or with --freeze, where its backing store can do that in a\n" +
			"moment (btrfs, zfs, thin volumes of lvm).\n\n" +
			"Like: lxc-snapshot -P PATH -n NAME [-L | -d SNAP]",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		action := "create"
		if len(args) > 0 && slices.Contains([]string{"create", "list", "delete"}, args[0]) {
			action, args = args[0], args[1:]
		}
		switch {
		case stop && freeze:
			return usage(cmd, "--stop and --freeze are two ways: choose one")
		case stop:
			a.Way = runtime.StopAndStart
		case freeze:
			a.Way = runtime.WhileFrozen
		}
		names := d.given(args)
		switch action {
		case "list":
			return d.snapshots(cmd, names)
		case "delete":
			if len(names) != 2 {
				return usage(cmd, "snapshot delete needs a container and a snapshot, such as \"web snap0\"")
			}
			return d.deleteSnapshot(cmd, names[0], names[1])
		}
		switch len(names) {
		case 0:
			return usage(cmd, "snapshot needs the NAME of a container")
		case 1:
			return d.takeSnapshot(cmd, names[0], &a)
		default:
			return usage(cmd, "LXC names a new snapshot itself: snapshot create takes no SNAP; --comment says what it is for")
		}
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: never)")
	cmd.Flags().StringVarP(&a.Comment, "comment", "c", "", "create: keep this `TEXT` with it")
	cmd.Flags().BoolVar(&stop, "stop", false, "create: stop the container for it and start it again")
	cmd.Flags().BoolVar(&freeze, "freeze", false, "create: freeze the container for it")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "list: print a JSON array")
	d.yesFlag(cmd)
	return cmd
}

// takeSnapshot takes one and prints its name.
func (d *deck) takeSnapshot(cmd *cobra.Command, name string, a *runtime.SnapshotArgs) error {
	if err := a.Check(); err != nil {
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	q := runtime.Request{Op: runtime.Snapshot, Ref: ref, Args: a}
	if d.session != nil {
		reqs := d.propose(ctx, q.Op, []runtime.Request{q})
		if len(reqs) == 0 {
			return nil
		}
		q = reqs[0]
	}
	if err := d.do(ctx, q); err != nil {
		d.failed(ctx, &q, err)
		return nil
	}
	look, cancel := d.asked(ctx)
	defer cancel()
	all, err := d.rt.Snapshots(look, ref)
	if err != nil || len(all) == 0 {
		d.warn("the snapshot of %s was taken; its name could not be read: %v", ref.Name, err)
		return nil
	}
	newest := slices.MaxFunc(all, func(x, y runtime.SnapshotInfo) int {
		return cmp.Or(x.Taken.Compare(y.Taken), cmp.Compare(len(x.Name), len(y.Name)), cmp.Compare(x.Name, y.Name))
	})
	return d.print([]byte(views.Clean(newest.Name) + "\n"))
}

// snapshots lists those of the containers named.
func (d *deck) snapshots(cmd *cobra.Command, names []string) error {
	if len(names) == 0 {
		return usage(cmd, "snapshot list needs the NAME of a container")
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	refs, err := d.refs(ctx, names)
	if err != nil {
		return err
	}
	objects := []snapshotObject{}
	t := table{head: []string{"CONTAINER", "SNAPSHOT", "TAKEN", "AGE", "SIZE", "USED BY", "COMMENT"}, right: []int{3, 4}}
	for _, ref := range refs {
		all, err := d.rt.Snapshots(ctx, ref)
		if err != nil {
			d.fail(err)
			continue
		}
		for i := range all {
			objects = append(objects, snapshotOf(ref, &all[i]))
			t.add(d.snapshotRow(ref, &all[i]))
		}
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, objects)
	case len(t.rows) == 0:
		if d.status == exitOK {
			d.warn("no snapshots")
		}
		return nil
	default:
		return d.print(d.text(&t))
	}
}

func (d *deck) snapshotRow(ref runtime.Ref, s *runtime.SnapshotInfo) []string {
	size, used, taken, age := views.Absent, views.Absent, views.Absent, views.Absent
	if s.Size >= 0 {
		size = views.Bytes(uint64(s.Size))
	}
	if len(s.Used) > 0 {
		used = refNames(s.Used)
	}
	if !s.Taken.IsZero() {
		taken, age = s.Taken.Local().Format("2006-01-02 15:04:05"), views.Age(d.Now().Sub(s.Taken).Round(time.Second))
	}
	return []string{ref.Name, s.Name, taken, age, size, used, s.Comment}
}

// snapshotObject is the JSON of a snapshot. Names are added to, never changed.
type snapshotObject struct {
	Path      string   `json:"path"`
	Name      string   `json:"name"`
	Snapshot  string   `json:"snapshot"`
	Taken     *string  `json:"taken"`
	Comment   string   `json:"comment"`
	Size      *int64   `json:"size_bytes"`
	Directory string   `json:"directory"`
	UsedBy    []string `json:"used_by"`
}

func snapshotOf(ref runtime.Ref, s *runtime.SnapshotInfo) snapshotObject {
	o := snapshotObject{
		Path: ref.Path, Name: ref.Name, Snapshot: s.Name, Taken: stamp(s.Taken), Comment: s.Comment, Directory: s.Path,
		Size: known(s.Size), UsedBy: []string{},
	}
	for _, u := range s.Used {
		o.UsedBy = append(o.UsedBy, u.String())
	}
	return o
}

func (d *deck) deleteSnapshot(cmd *cobra.Command, name, snap string) error {
	a := &runtime.RestoreArgs{Snap: snap}
	if err := a.Check(); err != nil {
		return err
	}
	return d.withSnapshot(cmd, runtime.DeleteSnapshot, name, a, func(_ context.Context, _ runtime.Ref, s *runtime.SnapshotInfo) {
		d.onlyWithYes("delete " + s.Name + " of " + name)
		d.warn("  gone for good: %s (%s)", s.Path, joined(sizeOf(s.Size, false), "taken "+s.Taken.Local().Format("2006-01-02 15:04:05")))
		if s.Comment != "" {
			d.warn("  comment: %s", s.Comment)
		}
		if len(s.Used) > 0 {
			d.warn("  it would be refused: these are overlays on it: %s", refNames(s.Used))
		}
	})
}

// withSnapshot does what loses something, or, without --yes, tells what.
func (d *deck) withSnapshot(cmd *cobra.Command, op runtime.Op, name string, a *runtime.RestoreArgs, tell func(context.Context, runtime.Ref, *runtime.SnapshotInfo)) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	if !d.unsure() {
		d.each(ctx, op, []runtime.Ref{ref}, a)
		return nil
	}
	s, err := d.findSnapshot(ctx, ref, a.Snap)
	if err != nil {
		return err
	}
	tell(ctx, ref, s)
	if d.session != nil {
		a.Taken = s.Taken // the one that was told of
		d.each(ctx, op, []runtime.Ref{ref}, a)
	}
	return nil
}

func (d *deck) findSnapshot(ctx context.Context, ref runtime.Ref, snap string) (*runtime.SnapshotInfo, error) {
	ctx, cancel := d.asked(ctx)
	defer cancel()
	all, err := d.rt.Snapshots(ctx, ref)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s runtime.SnapshotInfo) bool { return s.Name == snap })
	if i < 0 {
		return nil, &runtime.Error{Op: d.doing, Ref: ref, Err: fmt.Errorf("%w: %s", runtime.ErrNoSnapshot, snap)}
	}
	return &all[i], nil
}

func (d *deck) restoreCommand() *cobra.Command {
	var a runtime.RestoreArgs
	var as, newPath string
	cmd := &cobra.Command{
		Use:   "restore NAME SNAP [--as NEW]",
		Short: "Put a snapshot back, or make a new container of it",
		Long: "Put a snapshot back in the place of a stopped container's root and config, or,\n" +
			"with --as, make a new container of it. In place needs --yes; the old root and\n" +
			"config are kept until \"lxcdeck recover NAME ID dismiss\".\n\n" +
			"Like: lxc-snapshot -P PATH -n NAME -r SNAP [-N NEW]",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		switch {
		case len(names) != 2:
			return usage(cmd, "restore needs a container and a snapshot, such as \"web snap0\"")
		case as == "" && cmd.Flags().Changed("as"):
			return usage(cmd, "--as is empty")
		case as == "" && (a.CoW || newPath != ""):
			return usage(cmd, "--snapshot and --newpath make a new container: --as names it")
		}
		a.Snap = names[1]
		if err := a.Check(); err != nil {
			return err
		}
		if as != "" {
			return d.copyTo(cmd, runtime.RestoreAs, names[0], as, newPath, func(to runtime.Ref) runtime.Args {
				a.To = to
				return &a
			})
		}
		return d.withSnapshot(cmd, runtime.Restore, names[0], &a, func(ctx context.Context, ref runtime.Ref, s *runtime.SnapshotInfo) {
			d.onlyWithYes("restore " + names[0] + " from " + s.Name)
			d.warn("  root and config become those of %s; the old ones are kept until dismissed (lxcdeck recover)",
				s.Taken.Local().Format("2006-01-02 15:04:05"))
			if s.Comment != "" {
				d.warn("  comment: %s", s.Comment)
			}
			d.tellRestore(ctx, ref, s)
		})
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: never)")
	p := cmd.Flags()
	p.StringVar(&as, "as", "", "make the container `NEW` of it")
	p.StringVarP(&as, "newname", "N", "", "the same as --as, as lxc-snapshot takes it: `NEW`")
	p.StringVarP(&newPath, "newpath", "p", "", "with --as: make it in `PATH`")
	p.BoolVarP(&a.CoW, "snapshot", "s", false, "with --as: an overlay on the snapshot instead of a copy")
	p.BoolVar(&a.Start, "start", false, "start it at once")
	d.yesFlag(cmd)
	return cmd
}

// tellRestore says what a restore in place needs, and what is against it.
func (d *deck) tellRestore(ctx context.Context, ref runtime.Ref, s *runtime.SnapshotInfo) {
	look, cancel := d.asked(ctx)
	defer cancel()
	f, err := d.rt.Footprint(look, ref)
	if err != nil {
		d.warn("  what it needs could not be measured: %v", err)
		return
	}
	size, partial := s.Size, false
	as := runtime.Ref{Path: filepath.Dir(s.Path), Name: s.Name}
	if size < 0 && f.RestoreCopies() && as.Check() == nil {
		// The list of snapshots takes less time for it; to liblxc it is a container.
		if its, err := d.rt.Footprint(look, as); err == nil {
			size, partial = its.Size, its.Partial
		}
	}
	switch {
	case !f.RestoreCopies():
		d.warn("  needs next to nothing: in %s it shares its blocks with the snapshot", f.Backing)
	case size > 0 && uint64(size) > f.Free:
		d.warn("  it would be refused: a copy of the snapshot needs %s, %s is free", sizeOf(size, partial), views.Bytes(f.Free))
	default:
		d.warn("  needs %s for a copy of the snapshot; %s is free", sizeOf(size, partial), views.Bytes(f.Free))
	}
	if len(f.Clones) > 0 {
		d.warn("  it would be refused: these are overlays on its root and would lose it: %s", refNames(f.Clones))
	}
	l, err := d.list(ctx)
	if err != nil {
		d.warn("  its state is not known: %v", err)
		return
	}
	if c, err := find(l.Containers, ref.String()); err == nil {
		for _, why := range against(runtime.Restore, &c) {
			d.warn("  it would be refused: %s", why)
		}
	}
}
