package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
)

// opCommand is the verb of an operation.
func (d *deck) opCommand(info runtime.OpInfo) *cobra.Command {
	cmd := &cobra.Command{
		Use:   info.Name + " NAME...",
		Short: opShort(info),
		Long:  opShort(info) + ".\n\nLike: " + strings.NewReplacer("{P}", "PATH", "{N}", "NAME").Replace(info.LXC),
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			return d.operate(cmd, info, d.given(args))
		}),
	}
	if info.Op == runtime.Thaw {
		cmd.Aliases = []string{"unfreeze"}
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up on each container after this `TIME` (default "+info.Timeout.String()+")")
	return cmd
}

func opShort(info runtime.OpInfo) string {
	if info.AsksMore == "" {
		return info.Title + " containers"
	}
	return info.Title + " containers. " + strings.TrimSuffix(info.AsksMore, ".")
}

// operate does one operation to every container named, and goes on after a
// failure.
func (d *deck) operate(cmd *cobra.Command, info runtime.OpInfo, names []string) error {
	if len(names) == 0 {
		return usage(cmd, "%s needs the NAME of a container", info.Name)
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := signals(cmd)
	defer stop()
	refs, err := d.refs(ctx, names)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		err := d.rt.Do(ctx, runtime.Request{Op: info.Op, Ref: ref, Timeout: d.flags.timeout})
		if err == nil {
			continue
		}
		d.fail(err)
		if errors.Is(err, runtime.ErrCancelled) && ctx.Err() != nil {
			break
		}
	}
	return nil
}
