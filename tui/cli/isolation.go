package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) isolationCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "isolation NAME... [--json]",
		Short: "Tell what keeps containers apart from the host",
		Long: "Tell what keeps containers apart from the host: namespaces, root, ids, capabilities,\n" +
			"seccomp, AppArmor or SELinux, devices, mounts, cgroups, and first the weak points.\n" +
			"It is read of the container's init. What the configuration says now stands last; of\n" +
			"a container that does not run it is all there is, and marked so.\n\n" +
			"!! leads to the host, ! does with one more mistake, - is a lock less. What is not\n" +
			"known is shown as - with the reason, and never marked.",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		names := d.given(args)
		if len(names) == 0 {
			return usage(cmd, "isolation needs the NAME of a container")
		}
		return d.isolation(cmd, names)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: 10s for each)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	return cmd
}

func (d *deck) isolation(cmd *cobra.Command, names []string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	// Whose namespaces are shared is known of containers that were seen to run.
	if _, err := d.list(ctx); err != nil {
		return err
	}
	refs, err := d.refs(ctx, names)
	if err != nil {
		return err
	}
	objects := []isolationObject{}
	var out strings.Builder
	for _, ref := range refs {
		i, err := d.rt.Isolation(ctx, ref)
		if err != nil {
			d.fail(err)
			continue
		}
		objects = append(objects, isolationObjectOf(ref, &i))
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		if len(refs) > 1 {
			out.WriteString(views.Clean(d.called(ref)) + "\n")
		}
		if d.flags.plain {
			d.isolationPlain(&out, &i)
			continue
		}
		d.isolationText(&out, &i)
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, objects)
	case out.Len() == 0:
		return nil
	default:
		return d.print([]byte(out.String()))
	}
}

// isolationText has a line for each fact, with its name, and for each weak point
// one more for what to set.
func (d *deck) isolationText(out *strings.Builder, i *runtime.Isolation) {
	const column = 14
	for n, l := range views.IsolationLines(i, d.called) {
		name, text := views.Clean(l.Name), views.Clean(l.Text)
		switch {
		case l.Head:
			if n > 0 {
				out.WriteByte('\n')
			}
			if text != "" {
				name += ": " + text
			}
			out.WriteString(name + "\n")
		case l.Sign != "":
			out.WriteString("  " + l.Sign + strings.Repeat(" ", 3-len(l.Sign)) + name + ". " + text + "\n     " + views.Clean(l.Advice()) + "\n")
		case name == "":
			out.WriteString("  " + text + "\n")
		default:
			out.WriteString("  " + name + strings.Repeat(" ", max(2, column-views.Width(name))) + text + "\n")
		}
	}
}

// isolationPlain has the same in words: a weak point says how much it weighs.
func (d *deck) isolationPlain(out *strings.Builder, i *runtime.Isolation) {
	weights := map[string]string{"!!": "severe", "!": "medium", "-": "small"}
	lines := views.IsolationLines(i, d.called)
	for n, l := range lines {
		name, text := views.Clean(l.Name), views.Clean(l.Text)
		text = strings.TrimPrefix(text, views.Absent+"  ") // before the reason why something is not known
		text = strings.ReplaceAll(text, "  ", ", ")
		switch {
		case l.Head && n+1 < len(lines) && lines[n+1].Sign != "":
			out.WriteString(name + ":\n") // what follows says how it is marked
		case l.Head && text == "":
			out.WriteString(name + ":\n")
		case l.Sign != "":
			out.WriteString(weights[l.Sign] + ": " + name + ". " + text)
			if advice := views.Clean(l.Advice()); advice != "" {
				out.WriteString(" To " + advice)
			}
			out.WriteString("\n")
		case name == "":
			out.WriteString(text + "\n")
		default:
			out.WriteString(name + ": " + text + "\n")
		}
	}
}
