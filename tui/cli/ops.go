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
