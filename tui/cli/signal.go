package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// signalling is what the flags of signal say.
type signalling struct {
	name         string // of the signal
	number       int
	inside, init bool
}

func (d *deck) signalCommand() *cobra.Command {
	var s signalling
	cmd := &cobra.Command{
		Use:   "signal NAME PID... [-s SIGNAL] --yes",
		Short: "Send a signal to processes of a container",
		Long: "Send a signal to processes of a container, by their pids on the host (ps lists\n" +
			"them) or, with --inside, by those that the container knows. A process that is not\n" +
			"the container's gets nothing, and its init only with --init. Without --yes it says\n" +
			"who would get it, does nothing, and its status is 3.\n\n" +
			"Like: lxc-attach -P PATH -n NAME -- kill -SIGNAL PID",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		if len(names) < 2 {
			return usage(cmd, "signal needs the NAME of a container and the PID of a process")
		}
		var err error
		if s.number, err = runtime.ParseSignal(s.name); err != nil {
			return usage(cmd, "%w", err)
		}
		var pids []int
		for _, word := range names[1:] {
			pid, err := strconv.ParseInt(word, 10, 32)
			if err != nil || pid <= 0 {
				return usage(cmd, "%q is no pid", word)
			}
			pids = append(pids, int(pid))
		}
		return d.signal(cmd, names[0], pids, &s)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, opTimeout(runtime.Signal.Info()))
	cmd.Flags().StringVarP(&s.name, "signal", "s", "TERM", "send this `SIGNAL`: a name or a number")
	cmd.Flags().BoolVar(&s.inside, "inside", false, "the pids are those that the container knows")
	cmd.Flags().BoolVar(&s.init, "init", false, "also to the container's init, which may end the container")
	d.yesFlag(cmd)
	return cmd
}

func (d *deck) signal(cmd *cobra.Command, name string, pids []int, s *signalling) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	look, cancel := d.asked(ctx)
	list, err := d.rt.Processes(look, ref, runtime.ProcessQuery{})
	cancel()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		d.signalOne(ctx, ref, &list, pid, s)
	}
	return nil
}

// findProcess is the process of that pid; nil = there is none. A pid inside is
// that of the container's own pid namespace.
func findProcess(list *runtime.ProcessList, pid int, inside bool) *runtime.Process {
	for i := range list.Processes {
		if p := &list.Processes[i]; !inside && p.PID == pid || inside && p.Inner == pid {
			return p
		}
	}
	return nil
}

func (d *deck) signalOne(ctx context.Context, ref runtime.Ref, list *runtime.ProcessList, pid int, s *signalling) {
	p := findProcess(list, pid, s.inside)
	switch {
	case p == nil:
		where, other := "on the host", "inside"
		if s.inside {
			where, other = other, where
		}
		d.warn("%s has no process %d %s", ref.Name, pid, where)
		switch o := findProcess(list, pid, !s.inside); {
		case o == nil:
		case s.inside:
			d.warn("%s %d is %s: without --inside it is meant", other, pid, o.Title())
		default:
			d.warn("%s %d is %s: with --inside it is meant", other, pid, o.Title())
		}
		d.status = max(d.status, exitRefused)
		return
	case p.Init && !s.init:
		d.warn("process %d is the init of %s: nothing was sent; with --init it is", p.PID, ref.Name)
		d.warn("%s", runtime.InitSignal(s.number))
		d.status = max(d.status, exitRefused)
		return
	case d.unsure():
		d.onlyWithYes("send " + runtime.SignalName(s.number) + " to process " + strconv.Itoa(p.PID) + " of " + ref.Name)
		d.warn("  %s (%s inside, user %s)", p.Title(), views.InsidePID(p), views.InsideUser(p))
		if p.Init {
			d.warn("  %s", runtime.InitSignal(s.number))
		}
		if !d.confirmed("Send " + runtime.SignalName(s.number) + " to it?") {
			return
		}
	}
	q := runtime.Request{Op: runtime.Signal, Ref: ref, Args: &runtime.SignalArgs{
		PID: p.PID, Begin: p.Begin, Signal: s.number, Name: p.Name, Inner: p.Inner, Init: p.Init,
	}}
	if err := d.do(ctx, q); err != nil {
		d.failed(ctx, &q, err)
	}
}
