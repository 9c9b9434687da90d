package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
)

func (d *deck) cloneCommand() *cobra.Command {
	var a runtime.CloneArgs
	var newName, newPath string
	cmd := &cobra.Command{
		Use:   "clone SRC DST",
		Short: "Make a copy of a stopped container",
		Long: "Make a copy of a stopped container, with new MAC addresses and its own host name.\n\n" +
			"With -s it is a snapshot: an overlay on the old one, or what its backing store\n" +
			"has for that; the old one cannot be destroyed, restored or renamed then.\n" +
			"With -e it is such a snapshot, is started, and is destroyed when it stops.\n\n" +
			"Like: lxc-copy -P PATH -n SRC -N DST",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		if newName != "" {
			names = append(names, newName)
		}
		if len(names) != 2 {
			return usage(cmd, "clone needs two names, the container's and the copy's, not %d", len(names))
		}
		a.CoW = a.CoW || a.Ephemeral
		a.Start = a.Start || a.Ephemeral // as lxc-copy -e does
		return d.copyTo(cmd, runtime.Clone, names[0], names[1], newPath, func(to runtime.Ref) runtime.Args {
			a.To = to
			return &a
		})
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up, and take back what was made, after this `TIME` (default: never)")
	p := cmd.Flags()
	p.StringVarP(&newName, "newname", "N", "", "the copy's `NAME`, in the place of DST")
	p.StringVarP(&newPath, "newpath", "p", "", "make it in `PATH` (default: the lxcpath of the old one)")
	p.BoolVarP(&a.CoW, "snapshot", "s", false, "copy on write: an overlay, or the backing store's own snapshot")
	p.StringVarP(&a.Backing, "backingstorage", "B", "", "put its root on this `STORE`: dir, overlay, btrfs, zfs, lvm (default: as the old one)")
	p.BoolVarP(&a.KeepMAC, "keepmac", "M", false, "keep the MAC addresses")
	p.BoolVarP(&a.KeepName, "keepname", "K", false, "keep the host name")
	p.BoolVarP(&a.Ephemeral, "ephemeral", "e", false, "a snapshot that is started, and destroyed when it stops")
	p.BoolVar(&a.Start, "start", false, "start it at once")
	return cmd
}

// copyTo does an operation that makes one container of another.
func (d *deck) copyTo(cmd *cobra.Command, op runtime.Op, from, to, newPath string, args func(runtime.Ref) runtime.Args) error {
	if newPath != "" {
		abs, err := filepath.Abs(newPath)
		if err != nil {
			return err
		}
		newPath = abs
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	ref, err := d.one(ctx, from)
	if err != nil {
		return err
	}
	if newPath == "" && !filepath.IsAbs(to) {
		newPath = ref.Path
	}
	dst, err := d.newRef(cmd, to, newPath)
	if err != nil {
		return err
	}
	d.each(ctx, op, []runtime.Ref{ref}, args(dst))
	return nil
}

func (d *deck) renameCommand() *cobra.Command {
	var a runtime.RenameArgs
	cmd := &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "Give a stopped container another name",
		Long: "Give a stopped container another name. Directory, paths in the config and host\n" +
			"name follow. Where the root would have to be copied for it, which takes time and\n" +
			"room, it says so; --copy does it.\n\n" +
			"Like: lxc-copy -R -P PATH -n OLD -N NEW",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		if a.To != "" {
			names = append(names, a.To)
		}
		if len(names) != 2 {
			return usage(cmd, "rename needs two names, the old and the new, not %d", len(names))
		}
		a.To = names[1]
		return d.onOne(cmd, runtime.Rename, names[0], &a)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: never)")
	cmd.Flags().StringVarP(&a.To, "newname", "N", "", "the new `NAME`, in the place of NEW")
	cmd.Flags().BoolVar(&a.Copy, "copy", false, "also where its root has to be copied for it")
	return cmd
}
