package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) destroyCommand() *cobra.Command {
	var a runtime.DestroyArgs
	cmd := &cobra.Command{
		Use:   "destroy NAME... --yes",
		Short: "Remove stopped containers for good",
		Long: "Remove stopped containers for good: root file system, config and, with\n" +
			"--snapshots, their snapshots. Without --yes it says what would go, does nothing,\n" +
			"and its status is 3.\n\n" +
			"Like: lxc-destroy -P PATH -n NAME [-s]",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		if len(names) == 0 {
			return usage(cmd, "destroy needs the NAME of a container")
		}
		if err := d.open(cmd); err != nil {
			return err
		}
		ctx, stop := d.working(cmd)
		defer stop()
		refs, err := d.refs(ctx, names)
		if err != nil {
			return err
		}
		if !d.unsure() || d.session != nil {
			d.each(ctx, runtime.Destroy, refs, &a)
			return nil
		}
		return d.tellDestroy(ctx, refs, &a)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up on each container after this `TIME` (default: never)")
	cmd.Flags().BoolVarP(&a.Snapshots, "snapshots", "s", false, "with their snapshots; without it those that have some are refused")
	d.yesFlag(cmd)
	return cmd
}

// tellDestroy says what would go with each container.
func (d *deck) tellDestroy(ctx context.Context, refs []runtime.Ref, a *runtime.DestroyArgs) error {
	l, err := d.list(ctx)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		c, err := find(l.Containers, ref.String())
		if err != nil {
			d.fail(fmt.Errorf("destroy %s: %w", ref.Name, runtime.ErrNotFound))
			continue
		}
		look, cancel := d.asked(ctx)
		f, err := d.rt.Footprint(look, ref)
		cancel()
		if errors.Is(err, runtime.ErrCancelled) && ctx.Err() != nil {
			return err
		}
		d.onlyWithYes("destroy " + ref.Name)
		if err != nil {
			d.warn("  what would go could not be measured: %v", err)
		} else {
			d.tellFootprint(ref, &f, a)
		}
		for _, why := range against(runtime.Destroy, &c) {
			d.warn("  it would be refused: %s", why)
		}
	}
	return nil
}

func (d *deck) tellFootprint(ref runtime.Ref, f *runtime.Footprint, a *runtime.DestroyArgs) {
	d.warn("  gone for good: %s (%s)", ref, joined(f.Backing, sizeOf(f.Size, f.Partial)))
	if n := len(f.Snapshots); n > 0 {
		how := "its snapshots too"
		if !a.Snapshots {
			how = "it would be refused: without --snapshots it has to have none"
		}
		word := "snapshots"
		if n == 1 {
			word = "snapshot"
		}
		d.warn("  %d %s (%s): %s; %s", n, word, sizeOf(f.SnapSize, f.Partial), strings.Join(f.Snapshots, ", "), how)
	}
	if len(f.Clones) > 0 {
		d.warn("  it would be refused: these are overlays on it and have to go before: %s", refNames(f.Clones))
	}
}

// against is what keeps an operation from being done to a container as it is.
func against(op runtime.Op, c *runtime.Container) []string {
	var all []string
	if !op.Accepts(c.State) && c.State != runtime.Unknown {
		all = append(all, "it is "+c.State.String())
	}
	if c.Lock != nil {
		all = append(all, "it is "+c.Lock.String())
	}
	if c.Manager != "" {
		all = append(all, "it belongs to "+c.Manager)
	}
	return all
}

// sizeOf is a size as far as it is known.
func sizeOf(n int64, partial bool) string {
	switch {
	case n < 0:
		return "size not known"
	case partial:
		return "at least " + views.Bytes(uint64(n))
	default:
		return views.Bytes(uint64(n))
	}
}

// joined puts commas between what is there.
func joined(all ...string) string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func refNames(refs []runtime.Ref) string {
	names := make([]string, 0, len(refs))
	for _, r := range refs {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}
