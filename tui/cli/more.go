package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) deviceCommand() *cobra.Command {
	var a runtime.DeviceArgs
	cmd := &cobra.Command{
		Use:   "device add|remove NAME DEVICE [AS]",
		Short: "Give a running container a device of the host, or take it back",
		Long: "Give a running container a device node of the host, or with --net a network\n" +
			"interface, which leaves the host; or take it back. AS is its name in the\n" +
			"container. It lasts until the container stops.\n\n" +
			"  lxcdeck device add web /dev/ttyUSB0\n" +
			"  lxcdeck device add web --net eth1 eth0\n\n" +
			"Like: lxc-device -P PATH -n NAME add|del DEVICE [AS]",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		ops := map[string]runtime.Op{"add": runtime.AddDevice, "remove": runtime.RemoveDevice, "del": runtime.RemoveDevice}
		if len(args) == 0 || ops[args[0]] == runtime.NoOp {
			return usage(cmd, "device needs to be told what: add or remove")
		}
		rest := d.given(args[1:])
		if len(rest) < 2 || len(rest) > 3 {
			return usage(cmd, "device %s needs a container and a device, and takes a name for it", args[0])
		}
		a.Device = rest[1]
		if len(rest) == 3 {
			a.As = rest[2]
		}
		if !a.Net && !strings.Contains(a.Device, "/") {
			return usage(cmd, "%s is no path such as /dev/ttyUSB0; --net moves a network interface", a.Device)
		}
		if err := a.Check(); err != nil {
			return err
		}
		return d.onOne(cmd, ops[args[0]], rest[0], &a)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default "+runtime.AddDevice.Info().Timeout.String()+")")
	cmd.Flags().BoolVar(&a.Net, "net", false, "DEVICE is a network interface")
	return cmd
}

func (d *deck) lockCommand() *cobra.Command {
	var a runtime.LockArgs
	cmd := &cobra.Command{
		Use:   "lock NAME...",
		Short: "Keep everybody's hands off containers",
		Long: "Keep everybody's hands off containers: until they are unlocked lxcdeck changes\n" +
			"neither their state nor anything else of them, whoever asks. The lock is a file in\n" +
			"the container's directory (" + runtime.LockFile + "); the lxc-* tools do not look at it.",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			if err := a.Check(); err != nil {
				return err
			}
			return d.onAll(cmd, runtime.Lock, args, &a)
		}),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, opTimeout(runtime.Lock.Info()))
	cmd.Flags().StringVar(&a.Why, "why", "", "tell whoever is refused this `REASON`")
	return cmd
}

func (d *deck) unlockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlock NAME...",
		Short: "Take the lock of containers away",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			return d.onAll(cmd, runtime.Unlock, args, nil)
		}),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, opTimeout(runtime.Unlock.Info()))
	return cmd
}

func (d *deck) recoverCommand() *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "recover [--list] | recover [NAME] ID finish|undo|dismiss",
		Short: "List what killed operations have left, and clear it",
		Long: "List what operations have left that were killed, and the old roots that restores\n" +
			"keep, or clear one of them: finish goes on to the end that was asked for, undo goes\n" +
			"back to how it was before, dismiss removes what is left.",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		words := d.given(args)
		if list || len(args) == 0 {
			if list && len(args) > 0 {
				return usage(cmd, "--list takes no ID")
			}
			return d.leftovers(cmd)
		}
		if len(words) < 2 || len(words) > 3 {
			return usage(cmd, "recover needs the ID of what was left, and finish, undo or dismiss")
		}
		way, ok := parseWay(words[len(words)-1])
		if !ok {
			return usage(cmd, "%q: finish, undo or dismiss", words[len(words)-1])
		}
		name := ""
		if len(words) == 3 {
			name = words[0]
		}
		return d.recover(cmd, name, words[len(words)-2], way)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: never)")
	cmd.Flags().BoolVar(&list, "list", false, "list what was left, which is what recover does without an ID")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print the list as a JSON array")
	return cmd
}

func parseWay(word string) (runtime.RecoverWay, bool) {
	for _, w := range []runtime.RecoverWay{runtime.Finish, runtime.Undo, runtime.Dismiss} {
		if w.String() == word {
			return w, true
		}
	}
	return 0, false
}

// leftoverObject is the JSON of a Leftover. Names are added to, never changed.
type leftoverObject struct {
	ID    string   `json:"id"`
	Path  string   `json:"path"`
	Name  string   `json:"name"`
	What  string   `json:"what"`
	Since *string  `json:"since"`
	Where string   `json:"where"`
	Size  *int64   `json:"size_bytes"`
	Ways  []string `json:"ways"`
	Kept  bool     `json:"kept"`
}

// leftovers lists them; with -n those of one container.
func (d *deck) leftovers(cmd *cobra.Command) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	all, err := d.rt.Leftovers(ctx)
	if err != nil {
		return err
	}
	objects := []leftoverObject{}
	t := table{head: []string{"ID", "CONTAINER", "SINCE", "SIZE", "WAYS", "WHAT"}, right: []int{3}}
	for i := range all {
		l := &all[i]
		if len(d.flags.names) > 0 && !slices.ContainsFunc(d.flags.names, func(n string) bool { return isNamed(l.Ref, n) }) {
			continue
		}
		ways := []string{}
		for _, w := range l.Ways {
			ways = append(ways, w.String())
		}
		objects = append(objects, leftoverObject{
			ID: l.ID, Path: l.Ref.Path, Name: l.Ref.Name, What: l.What, Since: stamp(l.Since), Where: l.Where, Size: known(l.Size), Ways: ways, Kept: l.Kept,
		})
		size, since := views.Absent, views.Absent
		if l.Size >= 0 {
			size = views.Bytes(uint64(l.Size))
		}
		if !l.Since.IsZero() {
			since = l.Since.Local().Format("2006-01-02 15:04:05")
		}
		t.add([]string{l.ID, l.Ref.Name, since, size, strings.Join(ways, ","), l.What})
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, objects)
	case len(objects) == 0:
		d.warn("nothing was left")
		return nil
	default:
		return d.print(d.text(&t))
	}
}

func (d *deck) recover(cmd *cobra.Command, name, id string, way runtime.RecoverWay) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	look, cancel := d.asked(ctx)
	all, err := d.rt.Leftovers(look)
	cancel()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(l runtime.Leftover) bool { return l.ID == id && (name == "" || isNamed(l.Ref, name)) })
	if i < 0 {
		return fmt.Errorf("recover %s: %w; \"lxcdeck recover\" lists what there is", id, runtime.ErrNoLeftover)
	}
	if l := &all[i]; !slices.Contains(l.Ways, way) {
		return &exitError{exitRefused, fmt.Errorf("recover %s: %s is no way out of this: %s", id, way, l.What)}
	}
	a := &runtime.RecoverArgs{ID: id, Way: way}
	if d.session != nil { // it is asked about that, and not about what may be there afterwards
		d.session.put(all[i].What)
		a.What, a.Since = all[i].What, all[i].Since
	}
	d.each(ctx, runtime.Recover, []runtime.Ref{all[i].Ref}, a)
	return nil
}

func isNamed(ref runtime.Ref, name string) bool { return ref.Name == name || ref.String() == name }

// onOne does one operation to one container.
func (d *deck) onOne(cmd *cobra.Command, op runtime.Op, name string, a runtime.Args) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	d.each(ctx, op, []runtime.Ref{ref}, a)
	return nil
}

// writeArray prints objects as a JSON array, one a line, as ls does.
func writeArray[T any](w io.Writer, all []T) error {
	out := []byte{'['}
	for i := range all {
		v, err := json.Marshal(&all[i])
		if err != nil {
			return fmt.Errorf("json: %w", err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = appendPrintable(append(out, '\n'), v)
	}
	if len(all) > 0 {
		out = append(out, '\n')
	}
	return writeAll(w, append(out, "]\n"...))
}

// stamp is a time in JSON; nil = not known.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

// known is a size in JSON; nil = not known.
func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}
