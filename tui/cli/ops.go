package cli

import (
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
			return d.operate(cmd, info, args)
		}),
	}
	switch info.Op {
	case runtime.Thaw:
		cmd.Aliases = []string{"unfreeze"}
	case runtime.Start:
		cmd.Use += " [-- CMD...]"
		cmd.Long = opShort(info) + ", or each with CMD in the place of its init: an application container.\n" +
			"Of a start that fails the cause is looked for.\n\nLike: lxc-start -P PATH -n NAME [-- CMD...]"
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, opTimeout(info))
	return cmd
}

// opShort is written for several containers; the op table's own sentences are
// questions about one.
func opShort(info runtime.OpInfo) string {
	return info.Title + " containers" + map[runtime.Op]string{
		runtime.Stop:     ": halt signal first, killed after 60 s",
		runtime.Shutdown: ": halt signal only, never killed",
		runtime.Restart:  ": stop and start, so that the config is read again",
		runtime.Reboot:   ": reboot signal only, an edited config is not read",
		runtime.Kill:     ": all their processes end at once, unsaved work is lost",
		runtime.Freeze:   ": all their processes stand still until thawed",
	}[info.Op]
}

// opTimeout is the help on --timeout: stop and restart change their means
// after it, the others give up.
func opTimeout(info runtime.OpInfo) string {
	switch info.Op {
	case runtime.Stop, runtime.Restart:
		return "kill a container that has not halted after this `TIME` (default " + runtime.Graceful.String() + ")"
	case runtime.Shutdown:
		return "give up on each container after this `TIME` (default " + runtime.Graceful.String() + ")"
	default:
		return "give up on each container after this `TIME` (default " + info.Timeout.String() + ")"
	}
}

// operate does one operation to every container named, and goes on after a
// failure.
func (d *deck) operate(cmd *cobra.Command, info runtime.OpInfo, args []string) error {
	var what runtime.Args
	names := args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		if info.Op != runtime.Start {
			return usage(cmd, "%s runs no command: nothing stands behind --", info.Name)
		}
		if dash == len(args) {
			return usage(cmd, "no command stands behind --")
		}
		names, what = args[:dash], &runtime.StartArgs{Command: args[dash:]}
	}
	return d.onAll(cmd, info.Op, names, what)
}

// onAll is operate for those whose Args are known.
func (d *deck) onAll(cmd *cobra.Command, op runtime.Op, args []string, what runtime.Args) error {
	names := d.given(args)
	if len(names) == 0 {
		return usage(cmd, "%s needs the NAME of a container", cmd.Name())
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
	d.each(ctx, op, refs, what)
	return nil
}
