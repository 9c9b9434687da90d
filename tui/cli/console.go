package cli

import (
	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/tui/passthru"
)

func (d *deck) consoleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "console NAME [-t TTY]",
		Short: "Log in on a tty of a running container",
		Long: "Log in on a tty of a running container, as lxc-console does.\n\n" +
			"The prefix (ctrl+] unless set otherwise) and then d leaves, and so does\n" +
			"ctrl+a and then q; either prefix twice sends it. What runs on the tty runs\n" +
			"on: log out before you leave. Enter shows a prompt that came before you did.\n\n" +
			"Exit status: 0 when it was left or the container ended, 125 if lxcdeck failed.\n\n" +
			"Like: lxc-console -P PATH -n NAME -t TTY",
		RunE: d.verb(inside(d.console)),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "leave after this `TIME` (default: never)")
	cmd.Flags().IntVarP(&d.flags.tty, "tty", "t", runtime.FreeTTY, "take `TTY` number 1 and up; 0 is /dev/console, -1 the first that is free")
	return cmd
}

func (d *deck) console(cmd *cobra.Command, args []string) error {
	switch names := d.given(args); {
	case len(names) == 0:
		return usage(cmd, "console needs the NAME of a container")
	case len(names) > 1:
		return usage(cmd, "console takes one container, not %d", len(names))
	case d.flags.tty < runtime.FreeTTY:
		return usage(cmd, "-t %d: a tty is -1, 0 or a number above", d.flags.tty)
	case !isTerminal(d.Stdin):
		return usage(cmd, "console needs a terminal on standard input; \"lxcdeck shell NAME -- CMD\" does not")
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	ref, err := d.one(ctx, d.given(args)[0])
	if err != nil {
		return err
	}
	own := d.wayOut()
	exit, err := d.connect(ctx, link{
		name: ref.Name,
		open: func(cols, rows int) (runtime.Session, error) {
			s, err := d.rt.Console(ctx, runtime.Console{Ref: ref, TTY: d.flags.tty, Cols: cols, Rows: rows})
			if err == nil {
				d.warn("on a tty of %s; %s d leaves, and so does ctrl+a q", ref.Name, own.Prefix)
			}
			return s, err
		},
		ways: []passthru.Way{own, {Prefix: "ctrl+a", Keys: "q"}},
		fate: "what runs on the container's tty runs on",
	})
	if err != nil {
		return err
	}
	if exit.Reason != "" {
		d.warn("%s: %s", ref.Name, exit.Reason)
	}
	d.status = exit.Code
	return nil
}
