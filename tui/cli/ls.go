package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) lsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls [NAME...]",
		Short: "List containers with their totals at this instant",
		RunE:  d.verb(d.ls),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: never; containers that do not answer have a deadline of their own)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	return cmd
}

func (d *deck) ls(cmd *cobra.Command, args []string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	l, err := d.list(ctx)
	if err != nil {
		return err
	}
	rows, err := d.sample(ctx, d.pick(l.Containers, d.given(args)))
	if err != nil {
		return err
	}
	if len(l.Containers) == 0 && len(d.given(args)) == 0 {
		d.noContainers(l)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		d.fail(errors.New("the time is over: the list may lack what was not read yet"))
	}
	if d.flags.json {
		out := []byte{'['}
		for i := range rows {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, '\n')
			if out, err = appendObject(out, fields(), &rows[i]); err != nil {
				return err
			}
		}
		if len(rows) > 0 {
			out = append(out, '\n')
		}
		return d.print(append(out, "]\n"...))
	}
	t := lsTable(rows, len(d.rt.About().Paths) > 1)
	return d.print(d.text(&t))
}

// noContainers says where was looked, and what to do.
func (d *deck) noContainers(l runtime.Listing) {
	if len(l.Problems) > 0 {
		return // that was said, and is the reason
	}
	about := d.rt.About()
	d.warn("no containers in %s", strings.Join(about.Paths, ", "))
	switch {
	case len(l.NoConfig) == 1:
		d.warn("%s has no config file and so is no container.", l.NoConfig[0])
	case len(l.NoConfig) > 0:
		d.warn("%d directories there have no config file and so are no containers: \"lxcdeck doctor\" names them.", len(l.NoConfig))
	case about.UID != 0:
		d.warn("Make one with \"lxc-create -n NAME -t download\", name another lxcpath with -P, or run lxcdeck as root to see root's.")
	default:
		d.warn("Make one with \"lxc-create -n NAME -t download\", or name another lxcpath with -P.")
	}
}

// sample reads the totals of those that are alive, once.
func (d *deck) sample(ctx context.Context, all []runtime.Container) ([]row, error) {
	batch := &runtime.Batch{}
	rows := make([]row, len(all))
	at := make([]int, 0, len(all))
	now := d.Now()
	for i, c := range all {
		rows[i] = row{c: c, now: now}
		if c.Counted() {
			batch.Readings = append(batch.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Totals})
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return rows, nil
	}
	if err := d.rt.Sample(ctx, batch); err != nil {
		return nil, err
	}
	for j, i := range at {
		if r := &batch.Readings[j]; r.Err != nil {
			rows[i].cause = r.Err
		} else {
			rows[i].s = &r.Sample
		}
	}
	return rows, nil
}

// lsTable is the table for people. The path and the notes have a column only
// if there is something to tell.
func lsTable(rows []row, withPath bool) table {
	t := table{head: []string{"NAME", "STATE", "PID", "CPU TIME", "MEMORY", "LIMIT", "NET RX", "NET TX", "IO READ", "IO WRITE", "PIDS", "UPTIME", "AUTO", "GROUPS", "IP"}}
	for i := 2; i <= 11; i++ {
		t.right = append(t.right, i)
	}
	if withPath {
		t.head = append(t.head, "LXCPATH")
	}
	t.head = append(t.head, "NOTE")
	for i := range rows {
		r := &rows[i]
		s := r.sample()
		cells := []string{
			r.c.Name, r.c.State.String(), dash(r.c.InitPID), cpuTime(s.CPU.Usage),
			views.ValueBytes(s.Memory.WorkingSet), views.ValueBytes(s.Memory.Limit),
			views.ValueBytes(s.Net.RxBytes), views.ValueBytes(s.Net.TxBytes),
			views.ValueBytes(s.IO.ReadBytes), views.ValueBytes(s.IO.WriteBytes),
			views.ValueCount(s.Pids.Current), r.age(), r.auto(), r.groups(), r.addresses(),
		}
		if withPath {
			cells = append(cells, r.c.Path)
		}
		t.add(append(cells, r.note()))
	}
	return t
}

func dash(n int) string {
	if n <= 0 {
		return views.Absent
	}
	return strconv.Itoa(n)
}

// cpuTime is h:mm:ss, or m:ss below an hour.
func cpuTime(v runtime.Value) string {
	n, ok := v.Get()
	if !ok {
		return views.Absent
	}
	s := n / 1e9
	two := func(n uint64) string { return strconv.FormatUint(100+n, 10)[1:] }
	if s < 3600 {
		return strconv.FormatUint(s/60, 10) + ":" + two(s%60)
	}
	return strconv.FormatUint(s/3600, 10) + ":" + two(s/60%60) + ":" + two(s%60)
}

func (r *row) age() string {
	if r.c.Started.IsZero() {
		return views.Absent
	}
	return views.Age(r.now.Sub(r.c.Started).Round(time.Second))
}

func (r *row) auto() string {
	switch {
	case r.c.Config == nil:
		return views.Absent
	case r.c.Config.Autostart:
		return "yes"
	default:
		return "no"
	}
}

func (r *row) groups() string {
	if r.c.Config == nil || len(r.c.Config.Groups) == 0 {
		return views.Absent
	}
	return strings.Join(r.c.Config.Groups, ",")
}

func (r *row) addresses() string {
	if len(r.c.IPs) == 0 {
		return views.Absent
	}
	all := make([]string, 0, len(r.c.IPs))
	for _, a := range r.c.IPs {
		all = append(all, a.String())
	}
	return strings.Join(all, ",")
}

// note is what else a person should know of the container.
func (r *row) note() string {
	var all []string
	switch {
	case !r.c.NoAnswerSince.IsZero():
		all = append(all, "no answer for "+views.Age(r.now.Sub(r.c.NoAnswerSince)))
	case r.c.Foreign != nil:
		all = append(all, "foreign (uid "+strconv.Itoa(*r.c.Foreign)+")")
	case r.c.Problem != nil:
		all = append(all, why(r.c.Problem))
	}
	if r.c.Lock != nil {
		all = append(all, r.c.Lock.String())
	}
	if r.c.Manager != "" {
		all = append(all, "run by "+r.c.Manager)
	}
	if r.cause != nil {
		all = append(all, "no figures: "+why(r.cause))
	}
	return strings.Join(all, "; ")
}
