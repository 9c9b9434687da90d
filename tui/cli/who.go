package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) whoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "who PID|PORT... [--json]",
		Short: "Say which container has a pid of the host or a port",
		Long: "Say which container a process of the host belongs to, or who listens on a port of\n" +
			"TCP or UDP: in the containers' own networks and in the host's. A number may be\n" +
			"either; :80 and \"port 80\" are a port, 80/tcp one of that protocol, \"pid 80\" is\n" +
			"a pid. A process of this host that is in a container of another lxcpath or user\n" +
			"shows that container's name, \"not listed\".\n\n" +
			"The status is 4 when one of them is nobody's.",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, "who needs a pid or a port, such as 4711 or :80")
			}
			var all []runtime.OwnerQuery
			for _, arg := range words(args) {
				q, err := runtime.ParseOwnerQuery(arg)
				if err != nil {
					return usage(cmd, "%w", err)
				}
				all = append(all, q)
			}
			return d.who(cmd, all)
		}),
	}
	d.timeoutFlag(cmd, "give up after this `TIME` (default: 10s for each)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	return cmd
}

// words puts "pid 80" and "port 80" together, whoever has left away the quotes.
func words(args []string) []string {
	var all []string
	for i := 0; i < len(args); i++ {
		if word := strings.ToLower(args[i]); i+1 < len(args) && (word == "pid" || word == "port") {
			all = append(all, word+" "+args[i+1])
			i++
			continue
		}
		all = append(all, args[i])
	}
	return all
}

func (d *deck) who(cmd *cobra.Command, all []runtime.OwnerQuery) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	objects := []processObject{}
	t := table{head: []string{"CONTAINER", "LISTENS ON", "PID", "INSIDE", "USER", "UNIT", "COMMAND"}, right: []int{2, 3}}
	for _, q := range all {
		owners, err := d.rt.Owners(ctx, q)
		if err != nil {
			d.fail(err)
			continue
		}
		if len(owners) == 0 {
			d.warn("%s is nobody's", q)
			d.status = max(d.status, exitNotFound)
		}
		for i := range owners {
			o := &owners[i]
			t.add(d.ownerRow(o))
			if pid := o.Process.PID; pid != q.PID && !o.Listens.Addr.IsValid() {
				d.warn("%d is a thread of process %d", q.PID, pid)
			}
			p := processOf(o.Ref, &o.Process)
			p.Monitor = &o.Monitor
			if a := o.Listens.Addr; a.IsValid() {
				p.Socket = &socketObject{o.Listens.Proto, a.Addr().String(), int(a.Port())}
			}
			objects = append(objects, p)
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

// ownerRow names the container; a process of the host has none.
func (d *deck) ownerRow(o *runtime.Owner) []string {
	p := &o.Process
	name, socket := "(this host)", views.Absent
	if o.Ref != (runtime.Ref{}) {
		name = d.called(o.Ref)
	} else if other := o.Unlisted(); other != "" {
		name = "(" + other + ", not listed)"
	}
	if o.Listens.Addr.IsValid() {
		socket = o.Listens.Proto + " " + o.Listens.Addr.String()
	}
	if p.PID == 0 { // whose socket it is cannot be seen
		return []string{name, socket, views.Absent, views.Absent, views.Absent, views.Absent, ""}
	}
	user, unit, inside, command := views.InsideUser(p), p.Unit, views.InsidePID(p), p.Title()
	if o.Monitor || o.Ref == (runtime.Ref{}) {
		user, inside = views.HostUser(p), views.Absent
	}
	if o.Monitor {
		command = fmt.Sprintf("%s (the monitor, on the host)", command)
	}
	if unit == "" {
		unit = views.Absent
	}
	return []string{name, socket, strconv.Itoa(p.PID), inside, user, unit, command}
}
