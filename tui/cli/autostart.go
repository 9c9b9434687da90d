package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/runtime/job"
	"lxcdeck/views"
)

// autoFlags say how a container starts with the host.
type autoFlags struct {
	on, off bool
	order   int
	delay   string
	groups  []string
}

// add adds those that create and autostart set have in common.
func (f *autoFlags) add(cmd *cobra.Command) {
	p := cmd.Flags()
	p.IntVar(&f.order, "order", 0, "lxc.start.order: the lowest `N` starts first")
	p.StringVar(&f.delay, "delay", "", "lxc.start.delay: wait this `TIME` after its start, as 5 or 5s")
	p.StringArrayVar(&f.groups, "group", nil, "lxc.group: a `GROUP` it is in; may be repeated")
}

// given says whether any of them was.
func (f *autoFlags) given(cmd *cobra.Command) bool {
	for _, name := range []string{"autostart", "on", "off", "order", "delay", "group"} {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// fill changes what was given and leaves the rest.
func (f *autoFlags) fill(cmd *cobra.Command, a *runtime.AutostartArgs) error {
	if f.on || f.off {
		a.Auto = f.on
	}
	if cmd.Flags().Changed("order") {
		a.Order = f.order
	}
	if cmd.Flags().Changed("delay") {
		d, err := time.ParseDuration(f.delay)
		if n, nerr := strconv.ParseUint(f.delay, 10, 31); nerr == nil { // as lxc.start.delay has it
			d, err = time.Duration(n)*time.Second, nil
		}
		if err != nil {
			return usage(cmd, "--delay %q is no time, such as 5 or 5s", f.delay)
		}
		a.Delay = d
	}
	if cmd.Flags().Changed("group") {
		a.Groups = nil
		for _, g := range f.groups {
			if g != "" { // --group "" takes it out of all
				a.Groups = append(a.Groups, g)
			}
		}
	}
	return a.Check()
}

func (d *deck) autostartCommand() *cobra.Command {
	var set autoFlags
	var groups []string
	var q job.BootQuery
	var dry bool
	cmd := &cobra.Command{
		Use:   "autostart [-g GROUPS] [-a] [-A] [--dry-run] | autostart set NAME... [flags]",
		Short: "Start containers as at boot, or set how they start",
		Long: "Start the containers with lxc.start.auto, in the order of their groups and of\n" +
			"lxc.start.order, and wait lxc.start.delay after each. Without -g and -a those that\n" +
			"have no group. --dry-run shows what would be started, what not, and why.\n\n" +
			"  lxcdeck autostart -g db,web, --dry-run   first db, then web, then those without\n" +
			"  lxcdeck autostart set web --on --order 10 --group web\n\n" +
			"set changes what is given and leaves the rest.\n\n" +
			"Like: lxc-autostart -P PATH [-g GROUPS] [-a] [-A] [-L]",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && args[0] == "set" {
			return d.setAutostart(cmd, &set, args[1:])
		}
		switch {
		case len(args) > 0 || len(d.flags.names) > 0:
			return usage(cmd, "autostart takes no names: groups choose; \"autostart set NAME\" changes one, \"start NAME\" starts one")
		case set.given(cmd):
			return usage(cmd, "--on, --off, --order, --delay and --group belong to \"autostart set NAME\"")
		case q.All && len(groups) > 0:
			return usage(cmd, "-a starts whatever group, -g only some: choose one")
		}
		if len(groups) > 0 {
			q.Groups = job.ParseGroups(groups)
		}
		return d.autostart(cmd, q, dry)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up on each start after this `TIME` (default "+runtime.Start.Info().Timeout.String()+")")
	p := cmd.Flags()
	p.StringArrayVarP(&groups, "groups", "g", nil, "start these `GROUPS`, with commas between them; an empty one is those without a group")
	p.BoolVarP(&q.All, "all", "a", false, "start whatever group they are in")
	p.BoolVarP(&q.IgnoreAuto, "ignore-auto", "A", false, "start also those without lxc.start.auto")
	p.BoolVar(&dry, "dry-run", false, "show what would be done")
	p.BoolVarP(&dry, "list", "L", false, "the same, as lxc-autostart has it")
	p.BoolVar(&d.flags.json, "json", false, "with --dry-run: print a JSON array")
	p.BoolVar(&set.on, "on", false, "set: start it with the host")
	p.BoolVar(&set.off, "off", false, "set: do not")
	set.add(cmd)
	return cmd
}

func (d *deck) autostart(cmd *cobra.Command, q job.BootQuery, dry bool) error {
	if d.flags.json && !dry {
		return usage(cmd, "--json goes with --dry-run")
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	if d.settings.ReadOnly.Value && !dry {
		// Also where nothing is to be started: what a script may do does not hang on that.
		return &runtime.Error{Op: "autostart", Err: runtime.ErrReadOnly, Hint: "--dry-run shows what would be started."}
	}
	ctx, stop := d.working(cmd)
	defer stop()
	l, err := d.list(ctx)
	if err != nil {
		return err
	}
	plan := job.BootPlan(l.Containers, q)
	if dry {
		return d.showPlan(plan)
	}
	steps := job.Steps(plan)
	if len(steps) == 0 {
		d.warn("nothing is to be started; --dry-run says why")
	}
	tried := 0
	err = job.RunBoot(ctx, d.rt, plan, job.BootOptions{Timeout: d.flags.timeout, Told: func(w job.BootWord) {
		tried = w.Step + 1
		if w.Err != nil {
			d.failed(ctx, &runtime.Request{Op: runtime.Start, Ref: steps[w.Step].Ref}, w.Err)
		}
	}})
	if err != nil && tried < len(steps) {
		d.fail(fmt.Errorf("autostart: %w: %d of %d were not tried", runtime.ErrCancelled, len(steps)-tried, len(steps)))
	}
	return nil // each failure was told when it came
}

// bootObject is the JSON of a step. Names are added to, never changed.
type bootObject struct {
	Path  string  `json:"path"`
	Name  string  `json:"name"`
	State string  `json:"state"`
	Start bool    `json:"start"`
	Why   *string `json:"left_out"`
	Group string  `json:"group"`
	Order int     `json:"order"`
	Delay float64 `json:"delay_seconds"`
}

// showPlan prints what would be started, in order, and what would not.
func (d *deck) showPlan(plan []job.BootStep) error {
	if d.flags.json {
		objects := []bootObject{}
		for _, s := range plan {
			o := bootObject{Path: s.Ref.Path, Name: s.Ref.Name, State: s.State.String(), Start: s.Why == "", Group: s.Group, Order: s.Order, Delay: s.Delay.Seconds()}
			if s.Why != "" {
				o.Why = &s.Why
			}
			objects = append(objects, o)
		}
		return writeArray(d.Stdout, objects)
	}
	t := table{head: []string{"START", "NAME", "GROUP", "ORDER", "WAIT AFTER", "NOTE"}, right: []int{0, 3, 4}}
	n := 0
	for _, s := range plan {
		at, note := views.Absent, "left out: "+s.Why
		if s.Why == "" {
			n++
			at, note = strconv.Itoa(n), ""
		}
		t.add([]string{at, s.Ref.Name, cmp.Or(s.Group, views.Absent), strconv.Itoa(s.Order), s.Delay.String(), note})
	}
	if len(plan) == 0 {
		d.warn("no container is in these groups")
		return nil
	}
	return d.print(d.text(&t))
}

// setAutostart changes how containers start with the host.
func (d *deck) setAutostart(cmd *cobra.Command, f *autoFlags, args []string) error {
	names := d.given(args)
	switch {
	case len(names) == 0:
		return usage(cmd, "autostart set needs the NAME of a container")
	case f.on && f.off:
		return usage(cmd, "--on and --off: choose one")
	case !f.given(cmd):
		return usage(cmd, "autostart set needs one of --on, --off, --order, --delay, --group")
	}
	if err := f.fill(cmd, &runtime.AutostartArgs{}); err != nil {
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	l, err := d.list(ctx)
	if err != nil {
		return err
	}
	for _, c := range d.pick(l.Containers, names) {
		if err := d.setOne(ctx, cmd, f, &c); err != nil {
			return err
		}
	}
	return nil
}

func (d *deck) setOne(ctx context.Context, cmd *cobra.Command, f *autoFlags, c *runtime.Container) error {
	q := runtime.Request{Op: runtime.SetAutostart, Ref: c.Ref}
	if c.Config == nil && !d.settings.ReadOnly.Value {
		why := c.Problem
		if why == nil {
			why = runtime.ErrConfig
		}
		d.fail(fmt.Errorf("%s %s: its config was not read, and what is not given could not be kept: %w", q.Op, c.Name, why))
		return nil
	}
	a := &runtime.AutostartArgs{}
	if k := c.Config; k != nil {
		*a = runtime.AutostartArgs{Auto: k.Autostart, Order: k.Order, Delay: k.Delay, Groups: k.Groups}
	}
	if err := f.fill(cmd, a); err != nil {
		return err
	}
	d.each(ctx, q.Op, []runtime.Ref{c.Ref}, a)
	return nil
}
