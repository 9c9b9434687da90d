package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) topCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "top --json|--csv|--plain [NAME...]",
		Short: "Print figures and rates at every interval",
		Long: "Print figures and rates at every interval, the first after one interval.\n\n" +
			"--json prints one object a line; --csv one line a container; --plain a line for\n" +
			"each fact.\n" +
			"For the live screen run lxcdeck without a verb.",
		RunE: d.verb(d.top),
	}
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print one JSON object a line")
	cmd.Flags().BoolVar(&d.flags.csv, "csv", false, "print one line of CSV a container, after a line of names")
	d.timeoutFlag(cmd, "end after this `TIME` (default: never)")
	cmd.Flags().IntVarP(&d.flags.count, "count", "n", 0, "stop after `COUNT` readings (default: never)")
	return cmd
}

func (d *deck) top(cmd *cobra.Command, args []string) error {
	switch {
	case d.flags.json == d.flags.csv && (d.flags.json || !d.flags.plain):
		return usage(cmd, "top needs one of --json and --csv; for the live screen run lxcdeck without a verb")
	case cmd.Flags().Changed("count") && d.flags.count < 1:
		return usage(cmd, "-n %d: a COUNT of at least 1 is allowed", d.flags.count)
	case len(d.flags.names) > 0:
		return usage(cmd, "-n before top: put the COUNT behind it, and names without -n")
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	err := d.follow(ctx, args)
	if ctx.Err() != nil {
		return nil // told to stop: that is how top ends
	}
	return err
}

// relist is how many intervals a listing holds when no hint says otherwise.
const relist = 10

// follow prints a reading at every interval.
func (d *deck) follow(ctx context.Context, names []string) error {
	hints, err := d.rt.Watch(ctx)
	if err != nil {
		d.warn("%v; listing at every interval", err)
	}
	t := &tracker{d: d, names: names, batch: runtime.Batch{Host: &runtime.HostSample{}}, last: map[runtime.Ref]runtime.Sample{}, deep: map[runtime.Ref]*deep{}}
	if err := t.list(ctx); err != nil {
		return err
	}
	if err := t.read(ctx); err != nil {
		return err
	}
	if d.flags.csv {
		if err := d.print(csvHead()); err != nil {
			return err
		}
	}
	tick := time.NewTicker(d.settings.Interval.Value)
	defer tick.Stop()
	for done := 0; d.flags.count == 0 || done < d.flags.count; done++ {
		stale, err := wait(ctx, tick.C, hints)
		if err != nil {
			return err
		}
		if hints == nil || stale || done%relist == relist-1 {
			if err := t.list(ctx); err != nil {
				return err
			}
		}
		if err := t.read(ctx); err != nil {
			return err
		}
		if err := t.print(); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for the next tick; stale says that something changed meanwhile.
func wait(ctx context.Context, tick <-chan time.Time, hints <-chan runtime.Event) (stale bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return stale, ctx.Err()
		case <-tick:
			select {
			case <-hints: // either is taken where both are ready
				stale = true
			default:
			}
			return stale, nil
		case _, ok := <-hints:
			stale = true
			if !ok {
				hints = nil // the watch ended: the listing is old from now on
			}
		}
	}
}

// tracker keeps two readings of every container.
type tracker struct {
	d        *deck
	names    []string
	listed   bool
	all      []runtime.Container
	batch    runtime.Batch
	last     map[runtime.Ref]runtime.Sample
	deep     map[runtime.Ref]*deep
	rows     []row
	usage    []runtime.Usage
	hostLast runtime.HostSample
	host     runtime.HostUsage
}

// list says what is wrong the first time only; later, containers that
// vanished are no longer shown and those that came are.
func (t *tracker) list(ctx context.Context) error {
	if !t.listed {
		l, err := t.d.list(ctx)
		if err != nil {
			return err
		}
		t.listed = true
		t.all = t.d.pick(l.Containers, t.names)
		if len(t.names) > 0 && len(t.all) == 0 {
			return errSaid
		}
		return nil
	}
	l, err := t.d.rt.List(ctx)
	if err != nil {
		return err
	}
	if t.all = l.Containers; len(t.names) == 0 {
		return nil
	}
	t.all = nil
	for _, name := range t.names {
		if c, err := find(l.Containers, name); err == nil {
			t.all = append(t.all, c)
		}
	}
	return nil
}

// read takes a reading and computes the rates since the one before.
func (t *tracker) read(ctx context.Context) error {
	for i := range t.batch.Readings {
		if r := &t.batch.Readings[i]; r.Err == nil {
			t.last[r.Ref] = r.Sample
		}
	}
	t.hostLast = *t.batch.Host
	t.hostLast.PerCPU, t.hostLast.PerSteal = nil, nil // not shown, and their arrays are written to again
	t.align()
	if err := t.d.rt.Sample(ctx, &t.batch); err != nil {
		return err
	}
	t.host = runtime.HostBetween(&t.hostLast, t.batch.Host, nil)
	now := t.d.Now()
	t.rows = make([]row, len(t.all))
	t.usage = make([]runtime.Usage, len(t.all))
	j := 0
	for i, c := range t.all {
		t.rows[i] = row{c: c, now: now}
		if !c.Counted() {
			continue
		}
		r := &t.batch.Readings[j]
		j++
		if r.Err != nil {
			t.rows[i].cause = r.Err
			continue
		}
		t.rows[i].s = &r.Sample
		before, ok := t.last[c.Ref]
		t.rows[i].deep = t.deep[c.Ref]
		t.deep[c.Ref].see(&before, r)
		if ok {
			t.usage[i] = runtime.Between(&before, &r.Sample, t.batch.Host.CPUs)
			t.rows[i].u = &t.usage[i]
		}
	}
	return nil
}

// align makes the batch hold the containers that can be read, in order, each
// with its sample of before. CSV has no place for parts.
func (t *tracker) align() {
	readings := make([]runtime.Reading, 0, len(t.all))
	known := make(map[runtime.Ref]*deep, len(t.all))
	for _, c := range t.all {
		if !c.Counted() {
			continue
		}
		d := t.deep[c.Ref]
		if d == nil {
			d = &deep{}
		}
		known[c.Ref] = d
		r := runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full, Sample: t.last[c.Ref]}
		if t.d.flags.json {
			d.old.Set(&d.now)
			r.Parts = &d.now
		}
		readings = append(readings, r)
	}
	t.batch.Readings, t.deep = readings, known
}

func (t *tracker) print() error {
	switch {
	case t.d.flags.csv:
		return t.csv()
	case t.d.flags.plain && !t.d.flags.json:
		return t.plain()
	}
	h := t.batch.Host
	out := append([]byte(`{"time":`), strconv.Quote(t.time())...)
	out = fmt.Appendf(out, `,"interval_seconds":%s,"host":`, strconv.FormatFloat(t.host.Over.Round(time.Millisecond).Seconds(), 'f', -1, 64))
	host, err := json.Marshal(hostObject(h, &t.host))
	if err != nil {
		return fmt.Errorf("json host: %w", err)
	}
	out = append(append(out, host...), `,"containers":[`...)
	all := slices.Concat(fields(), rates(), partFields())
	for i := range t.rows {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendObject(out, all, &t.rows[i]); err != nil {
			return err
		}
	}
	return t.d.print(append(out, "]}\n"...))
}

func (t *tracker) time() string { return t.batch.Host.At.UTC().Format(time.RFC3339Nano) }

// host is the JSON of the host.
type host struct {
	CPUs            int           `json:"cpus"`
	CPUPercent      any           `json:"cpu_percent"` // of all cores: 0 to 100
	StealPercent    any           `json:"cpu_steal_percent"`
	IOWaitPercent   any           `json:"cpu_iowait_percent"`
	MemoryTotal     runtime.Value `json:"memory_total_bytes"`
	MemoryAvailable runtime.Value `json:"memory_available_bytes"`
	SwapTotal       runtime.Value `json:"swap_total_bytes"`
	SwapFree        runtime.Value `json:"swap_free_bytes"`
	DiskTotal       runtime.Value `json:"disk_total_bytes"`
	DiskFree        runtime.Value `json:"disk_free_bytes"`
	Load            []float64     `json:"load"`
	CPUPressure     any           `json:"cpu_pressure_percent"`
	MemoryPressure  any           `json:"memory_pressure_percent"`
	IOPressure      any           `json:"io_pressure_percent"`
	Uptime          int64         `json:"uptime_seconds"`
}

func hostObject(h *runtime.HostSample, u *runtime.HostUsage) host {
	o := host{
		CPUs: h.CPUs, CPUPercent: number(u.CPU), StealPercent: number(u.Steal), IOWaitPercent: number(u.IOWait),
		MemoryTotal: h.MemTotal, MemoryAvailable: h.MemFree, SwapTotal: h.SwapTotal, SwapFree: h.SwapFree,
		DiskTotal: h.DiskTotal, DiskFree: h.DiskFree,
		CPUPressure: number(u.CPUSome), MemoryPressure: number(u.MemSome), IOPressure: number(u.IOSome),
		Uptime: int64(h.Uptime / time.Second),
	}
	if h.LoadRead {
		o.Load = make([]float64, 0, len(h.Load))
		for _, l := range h.Load {
			o.Load = append(o.Load, math.Round(l*100)/100) // as the kernel prints it
		}
	}
	return o
}

func csvHead() []byte {
	names := []string{"time", "interval_seconds"}
	for _, f := range append(fields(), rates()...) {
		names = append(names, f.name)
	}
	return []byte(strings.Join(names, ",") + "\n")
}

// csv prints one line a container; absent is empty, lists are joined by spaces.
func (t *tracker) csv() error {
	var b strings.Builder
	w := csv.NewWriter(&b)
	all := append(fields(), rates()...)
	for i := range t.rows {
		record := []string{t.time(), strconv.FormatFloat(t.host.Over.Round(time.Millisecond).Seconds(), 'f', -1, 64)}
		for _, f := range all {
			record = append(record, csvCell(f.value(&t.rows[i])))
		}
		if err := w.Write(record); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
	}
	w.Flush()
	return t.d.print([]byte(b.String()))
}

// csvCell is a value of a field as text, cleaned: names may hold anything.
func csvCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case runtime.Value:
		if n, ok := v.Get(); ok {
			return strconv.FormatUint(n, 10)
		}
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		return views.Clean(strings.Join(v, " "))
	case bitten:
		return v.String()
	default:
		return views.Clean(fmt.Sprint(v))
	}
}
