package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// limitHelp is the help of a limit's flag.
func limitHelp(name string) string {
	switch name {
	case runtime.LimitCPU:
		return "`CORES`, as 0.5 or 50%"
	case runtime.LimitCPUWeight:
		return "share of the CPU beside others, `1-10000`; 100 is the default"
	case runtime.LimitCPUs:
		return "run on these `CPUS` only, as 0-3,5"
	case runtime.LimitMemory:
		return "`BYTES`, as 512M"
	case runtime.LimitMemoryHigh:
		return "slow it down above `BYTES`; cgroup v2 alone"
	case runtime.LimitSwap:
		return "`BYTES` of swap"
	case runtime.LimitPids:
		return "`N` processes and threads"
	case runtime.LimitIOWeight:
		return "share of the disks beside others, `1-10000`"
	default:
		return "`DISK:LIMITS`, as sda:rbps=10M,wiops=500; may be given again for others"
	}
}

func (d *deck) limitsCommand() *cobra.Command {
	values := map[string]*string{}
	var disks []string
	preset := ""
	cmd := &cobra.Command{
		Use:   "limits NAME... [flags]",
		Short: "Show the limits of containers, or set them",
		Long: "Show what limits containers, in their cgroups and in their configs, and what they\n" +
			"use; or set limits, in the cgroup of a running container at once and in the config.\n" +
			"What is not given stays; none takes a limit away. What the kernel refuses changes\n" +
			"neither.\n\n" +
			"  lxcdeck limits web db --memory 512M --cpu 1.5\n" +
			"  lxcdeck limits web --io sda:wbps=5M --pids none\n\n" +
			"Like: lxc-cgroup -P PATH -n NAME KEY [VALUE], which the next start forgets",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		if len(names) == 0 {
			return usage(cmd, "limits needs the NAME of a container")
		}
		a := &runtime.SetLimitsArgs{}
		for _, name := range runtime.LimitNames() {
			flag := runtime.LimitKey(name)
			if name == runtime.LimitIO || !cmd.Flags().Changed(flag) {
				continue
			}
			value, err := runtime.ParseLimit(name, *values[name])
			if err != nil {
				return fmt.Errorf("--%s: %w", flag, err)
			}
			a.Set = append(a.Set, runtime.LimitSetting{Name: name, Value: value})
		}
		if len(a.Set)+len(disks)+len(preset) > 0 && d.flags.json {
			return usage(cmd, "--json shows limits; it goes with none of those that set them")
		}
		return d.limits(cmd, names, &limitWish{a.Set, disks, preset})
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default "+runtime.SetLimits.Info().Timeout.String()+")")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	cmd.Flags().StringVar(&preset, "preset", "", "set the limits of this `NAME` in the settings; others that are given come before")
	for _, name := range runtime.LimitNames() {
		flag, about := runtime.LimitKey(name), limitHelp(name)
		if name == runtime.LimitIO {
			cmd.Flags().StringArrayVar(&disks, flag, nil, about)
			continue
		}
		values[name] = cmd.Flags().String(flag, "", about)
	}
	return cmd
}

// limitWish is what was given on the command line.
type limitWish struct {
	set    []runtime.LimitSetting
	disks  []string // DISK:LIMITS
	preset string
}

func (d *deck) limits(cmd *cobra.Command, names []string, w *limitWish) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	for _, word := range w.disks {
		s, err := runtime.ParseDiskLimit(word)
		if err != nil {
			return fmt.Errorf("--io %s: %w", word, err)
		}
		w.set = append(w.set, s)
	}
	if w.preset != "" {
		p, ok := d.settings.Limits[w.preset]
		if !ok {
			known := slices.Sorted(maps.Keys(d.settings.Limits))
			return fmt.Errorf("%w: no preset %q in the settings; there are: %s", runtime.ErrInvalid, w.preset, cmp.Or(strings.Join(known, ", "), "none"))
		}
		for _, s := range p.Value {
			if !slices.ContainsFunc(w.set, func(given runtime.LimitSetting) bool { return given.Name == s.Name && given.Device == s.Device }) {
				w.set = append(w.set, s)
			}
		}
	}
	ctx, stop := d.working(cmd)
	defer stop()
	l, err := d.list(ctx)
	if err != nil {
		return err
	}
	all := d.pick(l.Containers, names)
	if len(w.set) == 0 {
		return d.showLimits(ctx, all)
	}
	for _, s := range w.set {
		if why := runtime.LimitHazard(s.Name, s.Value); why != "" && len(all) > 0 {
			d.warn("%s: %s", runtime.LimitKey(s.Name), why)
		}
	}
	for i := range all {
		own := &runtime.SetLimitsArgs{Set: w.set}
		if slices.ContainsFunc(w.set, func(s runtime.LimitSetting) bool { return s.Name == runtime.LimitIO }) {
			rep, err := d.rt.Limits(ctx, all[i].Ref)
			if err != nil {
				d.fail(err)
				continue
			}
			if own.Set, err = rep.OnDisks(w.set); err != nil {
				return fmt.Errorf("--io: %w", err)
			}
		}
		if err := own.Check(); err != nil {
			return err
		}
		d.each(ctx, runtime.SetLimits, []runtime.Ref{all[i].Ref}, own)
	}
	return nil
}

// limitObject is the JSON of a limit. Names are added to, never changed.
type limitObject struct {
	Path    string        `json:"path"`
	Name    string        `json:"name"`
	Limit   string        `json:"limit"`
	Device  *string       `json:"device"`
	Live    *string       `json:"live"`
	Config  *string       `json:"config"`
	Used    runtime.Value `json:"used"`
	Key     string        `json:"key"`
	Problem *string       `json:"problem"`
}

// showLimits prints what limits containers.
func (d *deck) showLimits(ctx context.Context, all []runtime.Container) error {
	objects := []limitObject{}
	t := table{head: []string{"NAME", "LIMIT", "NOW", "IN CONFIG", "IN USE", "NOTE"}, right: []int{2, 3, 4}}
	for i := range all {
		rep, err := d.rt.Limits(ctx, all[i].Ref)
		if err != nil {
			d.fail(err)
			continue
		}
		for k := range rep.Limits {
			l := &rep.Limits[k]
			objects = append(objects, limitObject{
				Path: all[i].Path, Name: all[i].Name, Limit: l.Name, Device: given(l.Device), Live: given(l.Live), Config: given(l.Config),
				Used: l.Used, Key: l.Key, Problem: given(l.Why),
			})
			if l.Name != runtime.LimitIO || l.Device != "" {
				t.add(limitRow(all[i].Name, &rep, l))
			}
		}
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, objects)
	case len(objects) == 0:
		return nil // what failed was told
	}
	return d.print(d.text(&t))
}

func limitRow(name string, rep *runtime.LimitReport, l *runtime.LimitState) []string {
	flag := runtime.LimitKey(l.Name)
	if i := slices.IndexFunc(rep.Devices, func(d runtime.LimitDevice) bool { return d.Number == l.Device }); i >= 0 {
		flag += " " + rep.Devices[i].Name
	} else if l.Device != "" {
		flag += " " + l.Device
	}
	now, conf, used := views.Absent, views.Absent, views.Absent
	if rep.Running && l.Why == "" {
		now = runtime.LimitWords(l.Name, l.Live)
	}
	if l.Config != "" {
		conf = runtime.LimitWords(l.Name, l.Config)
	}
	if n, ok := l.Used.Get(); ok {
		used = views.Bytes(n)
		if l.Name == runtime.LimitPids {
			used = strconv.FormatUint(n, 10)
		}
	}
	return []string{name, flag, now, conf, used, l.Why}
}
