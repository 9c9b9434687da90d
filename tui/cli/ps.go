package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) psCommand() *cobra.Command {
	var tree, pss bool
	cmd := &cobra.Command{
		Use:   "ps NAME... [--tree | --json]",
		Short: "List the processes of containers",
		Long: "List the processes of containers that run: pids on the host and inside, users\n" +
			"inside and on the host, state, processor time, memory, systemd's unit, command.\n" +
			"Those of nested containers have a plus before their pid inside.\n\n" +
			"It is one instant: totals and no rates. The screen shows rates (key t).",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		switch {
		case len(names) == 0:
			return usage(cmd, "ps needs the NAME of a container")
		case tree && d.flags.json:
			return usage(cmd, "--tree is for people, --json is not: choose one")
		}
		q := runtime.ProcessQuery{}
		if pss {
			q.PSS = runtime.EveryPSS
		}
		return d.ps(cmd, names, q, tree)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: 10s for each)")
	cmd.Flags().BoolVar(&tree, "tree", false, "show children below their parents")
	cmd.Flags().BoolVar(&pss, "pss", false, "also what each adds to the memory in use (PSS); takes longer")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	return cmd
}

func (d *deck) ps(cmd *cobra.Command, names []string, q runtime.ProcessQuery, tree bool) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	refs, err := d.refs(ctx, names)
	if err != nil {
		return err
	}
	objects := []processObject{}
	t := psTable(len(refs) > 1, q.PSS != 0)
	for _, ref := range refs {
		list, err := d.rt.Processes(ctx, ref, q)
		if err != nil {
			d.fail(err)
			continue
		}
		if n := len(list.Processes); list.Total > n {
			d.warn("%s: %d of %d processes are shown", ref.Name, n, list.Total)
		}
		if list.Unnamed != "" {
			d.warn("%s: %s", ref.Name, list.Unnamed)
		}
		all := make([]*runtime.Process, len(list.Processes))
		for i := range list.Processes {
			all[i] = &list.Processes[i]
			objects = append(objects, processOf(ref, all[i]))
		}
		if !tree {
			for _, p := range all {
				t.add(psRow(d.called(ref), p, p.Title(), len(refs) > 1, q.PSS != 0))
			}
			continue
		}
		for _, b := range runtime.ProcessTree(all, func(x, y *runtime.Process) int { return x.PID - y.PID }) {
			t.add(psRow(d.called(ref), b.Process, d.branch(&b)+b.Process.Title(), len(refs) > 1, q.PSS != 0))
		}
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, objects)
	case len(t.rows) == 0:
		return nil
	default:
		return d.print(d.text(&t))
	}
}

// called is a container's name, with the lxcpath where several are looked into:
// they may have equal names.
func (d *deck) called(ref runtime.Ref) string {
	if len(d.rt.About().Paths) > 1 && (d.session == nil || d.session.twin(ref.Name)) {
		return ref.String()
	}
	return ref.Name
}

// branch draws the place in a tree, as ps f does, or names the parent.
func (d *deck) branch(of *runtime.Branch) string {
	signs := of.Signs
	switch {
	case signs == "":
		return ""
	case d.flags.plain:
		return "child of " + strconv.Itoa(of.Process.PPID) + ", "
	}
	var b strings.Builder
	for _, c := range signs[:len(signs)-1] {
		if c == '|' {
			b.WriteString("|  ")
		} else {
			b.WriteString("   ")
		}
	}
	return b.String() + `\_ `
}

func psTable(several, pss bool) table {
	t := table{head: []string{"PID", "INSIDE", "USER", "HOST", "S", "TIME", "MEMORY", "THR", "UNIT", "COMMAND"}, right: []int{0, 1, 5, 6, 7}}
	if pss {
		t.head = append(t.head[:7], append([]string{"PSS"}, t.head[7:]...)...)
		t.right = append(t.right, 8)
	}
	if several {
		t.head = append([]string{"CONTAINER"}, t.head...)
		for i := range t.right {
			t.right[i]++
		}
	}
	return t
}

func psRow(name string, p *runtime.Process, command string, several, pss bool) []string {
	var row []string
	if several {
		row = append(row, name)
	}
	row = append(row, strconv.Itoa(p.PID), views.InsidePID(p), views.InsideUser(p), views.HostUser(p), string(rune(p.State)), views.CPUTime(p.CPU), views.ValueBytes(p.RSS))
	if pss {
		row = append(row, views.ValueBytes(p.PSS))
	}
	unit := p.Unit
	if unit == "" {
		unit = views.Absent
	}
	return append(row, strconv.Itoa(p.Threads), unit, command)
}

// processObject is the JSON of a process. Names are added to, never changed.
type processObject struct {
	Path       *string       `json:"path"`
	Container  *string       `json:"name"`
	PID        int           `json:"pid"`
	PPID       int           `json:"ppid"`
	Inner      *int          `json:"inner_pid"`
	Depth      int           `json:"nesting"`
	Init       bool          `json:"init"`
	State      string        `json:"state"`
	Threads    int           `json:"threads"`
	Nice       int           `json:"nice"`
	UID        int           `json:"uid"`
	InnerUID   *int          `json:"inner_uid"`
	User       *string       `json:"user"`
	HostUser   *string       `json:"host_user"`
	CPUSeconds *float64      `json:"cpu_seconds"`
	RSS        runtime.Value `json:"rss_bytes"`
	PSS        runtime.Value `json:"pss_bytes"`
	Started    *string       `json:"started"`
	Program    string        `json:"program"`
	Command    string        `json:"command"`
	Unit       *string       `json:"unit"`
	Cgroup     *string       `json:"cgroup"` // below the container's own
	Monitor    *bool         `json:"monitor,omitempty"`
	Socket     *socketObject `json:"socket,omitempty"`
}

type socketObject struct {
	Proto   string `json:"protocol"`
	Address string `json:"address"`
	Port    int    `json:"port"`
}

func processOf(ref runtime.Ref, p *runtime.Process) processObject {
	o := processObject{
		PID: p.PID, PPID: p.PPID, Depth: p.Depth, Init: p.Init, State: string(rune(p.State)), Threads: p.Threads, Nice: p.Nice, UID: p.UID,
		User: given(p.User), HostUser: given(p.HostUser), RSS: p.RSS, PSS: p.PSS, Started: stamp(p.Started), Program: p.Name, Command: p.Command, Unit: given(p.Unit), Cgroup: given(p.Cgroup),
	}
	if ref != (runtime.Ref{}) {
		o.Path, o.Container = &ref.Path, &ref.Name
	}
	if p.Inner > 0 {
		o.Inner = &p.Inner
	}
	if p.InnerUID >= 0 {
		o.InnerUID = &p.InnerUID
	}
	if n, ok := p.CPU.Get(); ok {
		s := float64(n) / 1e9
		o.CPUSeconds = &s
	}
	return o
}

// given is a word in JSON; nil = there is none.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
