package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) spaceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "space [NAME...] [--json]",
		Short: "Say what containers take on disk, and what lies among them",
		Long: "Say what the roots, snapshots and logs of containers take on disk, what restores and\n" +
			"killed operations keep, and how full the file systems are. Without a NAME also what\n" +
			"lies in the lxcpaths and is no container, and what templates keep for new ones. With\n" +
			"one it is told part by part.\n\n" +
			"Sizes are allocated blocks: holes count nothing, a file with several names once, and\n" +
			"what is mounted in a root is another's. A > says that it is at least that. All is read\n" +
			"file by file at the lowest priority, so that it may take long; what does not answer is\n" +
			"passed over. Something is called an orphan only where every config in the lxcpaths in\n" +
			"use and in LXC's own was read and names it nowhere, and where nothing else on this host\n" +
			"is seen to use it. Nothing is changed or removed.",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error { return d.space(cmd, d.given(args)) }),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: none)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON object")
	return cmd
}

func (d *deck) space(cmd *cobra.Command, names []string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	q := runtime.SpaceQuery{}
	if len(names) > 0 {
		refs, err := d.refs(ctx, names)
		if err != nil {
			return err
		}
		if q.Refs = refs; len(refs) == 0 {
			return nil // it was said
		}
	}
	rep, err := d.measure(ctx, q)
	if err != nil {
		d.fail(err)
		if len(rep.Containers) == 0 {
			return nil
		}
	}
	for _, p := range rep.Problems {
		d.warn("%s", p)
		d.status = max(d.status, exitFailed)
	}
	if d.flags.json {
		v, err := json.Marshal(spaceObjectOf(&rep))
		if err != nil {
			return fmt.Errorf("json: %w", err)
		}
		return d.print(append(appendPrintable(nil, v), '\n'))
	}
	var text []byte
	add := func(t table) {
		if len(t.rows) == 0 {
			return
		}
		if len(text) > 0 {
			text = append(text, '\n')
		}
		text = append(text, d.text(&t)...)
	}
	if len(q.Refs) > 0 {
		add(d.spaceParts(&rep))
	} else {
		add(d.spaceTable(&rep))
	}
	add(systemTable(&rep))
	add(extraTable(&rep))
	text = append(text, extraWhys(&rep)...)
	if len(rep.Unread) > 0 && len(rep.Extras) > 0 {
		text = append(text, "\nNothing is called an orphan, as not all was read:\n"...)
		for _, why := range rep.Unread {
			text = append(text, "  "+views.Clean(why)+"\n"...)
		}
	}
	return d.print(text)
}

// measure shows on a terminal how far it is.
func (d *deck) measure(ctx context.Context, q runtime.SpaceQuery) (runtime.SpaceReport, error) {
	if d.flags.json || d.flags.plain || !isTerminal(d.Stderr) || d.Getenv("TERM") == "dumb" {
		return d.rt.Space(ctx, q, nil)
	}
	const wipe = "\r\x1b[K"
	rep, err := d.rt.Space(ctx, q, func(r runtime.SpaceReport) {
		text := fmt.Sprintf("%s ... %s files  %d/%d", views.Clean(r.Now), views.Thousands(r.NowFiles), r.Done, r.Of)
		if r.Now == "" {
			text = fmt.Sprintf("%d/%d", r.Done, r.Of)
		}
		const most = 78
		_, _ = fmt.Fprint(d.Stderr, wipe+views.Fit([]string{text}, min(most, views.Width(text)), 1).String())
	})
	_, _ = fmt.Fprint(d.Stderr, wipe)
	return rep, err
}

func (d *deck) spaceTable(rep *runtime.SpaceReport) table {
	t := table{head: []string{"NAME", "ROOT", "SNAPS", "N", "KEPT", "REST", "TOTAL", "STORE", "ON"}, right: []int{1, 2, 3, 4, 5, 6}}
	for i := range rep.Containers {
		c := &rep.Containers[i]
		cell := func(kinds ...runtime.SpaceKind) string {
			sum, n := c.Sum(kinds...)
			if _, whole := c.Sum(runtime.SpaceWhole); n == 0 && whole == 0 {
				return "0"
			}
			return views.RoomBytes(&sum)
		}
		_, n := c.Sum(runtime.SpaceSnapshot)
		count := strconv.Itoa(n)
		if _, whole := c.Sum(runtime.SpaceWhole); whole > 0 {
			count = views.Absent
		}
		all, _ := c.Sum()
		t.add([]string{
			d.called(c.Ref), cell(runtime.SpaceRoot, runtime.SpaceChanges), cell(runtime.SpaceSnapshot, runtime.SpaceHeld), count, cell(runtime.SpaceKept),
			cell(runtime.SpaceLogs, runtime.SpaceOther), views.RoomBytes(&all), orDash(c.Store), orDash(c.FS),
		})
		for _, why := range whys(c) {
			d.warn("%s: %s", c.Ref.Name, why)
		}
	}
	return t
}

// whys are the reasons for figures that are missing, or not whole.
func whys(c *runtime.ContainerSpace) []string {
	var out []string
	if c.StoreWhy != "" {
		out = append(out, c.StoreWhy)
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Room.Why != "" && p.Room.Why != c.StoreWhy {
			out = append(out, strings.TrimSpace(string(p.Kind)+" "+p.Name)+": "+p.Room.Why)
		}
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return views.Absent
	}
	return s
}

func (d *deck) spaceParts(rep *runtime.SpaceReport) table {
	t := table{head: []string{"NAME", "PART", "SIZE", "FILES", "DATE", "PATH"}, right: []int{2, 3}}
	for i := range rep.Containers {
		c := &rep.Containers[i]
		for k := range c.Parts {
			p := &c.Parts[k]
			part, date, files := string(p.Kind), views.Absent, views.Absent
			if p.Kind == runtime.SpaceSnapshot {
				part = p.Name
			}
			if !p.Taken.IsZero() {
				date = p.Taken.Local().Format("2006-01-02 15:04")
			}
			if p.Room.Files > 0 {
				files = strconv.FormatUint(p.Room.Files, 10)
			}
			t.add([]string{d.called(c.Ref), part, views.RoomBytes(&p.Room), files, date, orDash(p.Path)})
		}
		for _, why := range whys(c) {
			d.warn("%s: %s", c.Ref.Name, why)
		}
	}
	return t
}

func systemTable(rep *runtime.SpaceReport) table {
	t := table{head: []string{"FILE SYSTEM", "TYPE", "SIZE", "USED", "FREE", "LXCPATHS"}, right: []int{2, 3, 4}}
	for i := range rep.FileSystems {
		f := &rep.FileSystems[i]
		t.add([]string{f.Mount, orDash(f.Type), views.ValueBytes(f.Total), views.ValueBytes(f.Used), views.ValueBytes(f.Free), strings.Join(f.Paths, ", ")})
	}
	return t
}

func extraTable(rep *runtime.SpaceReport) table {
	t := table{head: []string{"NOT A CONTAINER", "KIND", "SIZE", "CHANGED", "USE"}, right: []int{2}}
	for i := range rep.Extras {
		x := &rep.Extras[i]
		changed := views.Absent
		if !x.Changed.IsZero() {
			changed = x.Changed.Local().Format("2006-01-02")
		}
		t.add([]string{x.Path, x.Kind, views.RoomBytes(&x.Room), changed, views.SpaceUseWords(x)})
	}
	return t
}

// extraWhys says of what is not known to be used, and yet called no orphan, why, where
// that is not what was not read.
func extraWhys(rep *runtime.SpaceReport) string {
	text := ""
	for i := range rep.Extras {
		x := &rep.Extras[i]
		if x.Use == runtime.UseUnknown && !slices.ContainsFunc(rep.Unread, func(why string) bool { return strings.HasPrefix(x.Why, why) }) {
			text += "  " + views.Clean(x.Path) + ": " + views.Clean(x.Why) + "\n"
		}
	}
	if text != "" {
		text = "\nNot called an orphan:\n" + text
	}
	return text
}

// The JSON of what takes room. Names are added to, never changed.
type (
	spaceObject struct {
		Containers  []spaceContainer `json:"containers"`
		FileSystems []spaceSystem    `json:"filesystems"`
		Extras      []spaceExtra     `json:"not_containers"`
		Unread      []string         `json:"not_read"`
	}
	roomObject struct {
		Bytes    runtime.Value `json:"bytes"`
		Least    bool          `json:"at_least"`
		Files    *uint64       `json:"files"`
		Measured *string       `json:"measured"`
		Why      *string       `json:"why"`
	}
	spaceContainer struct {
		Path     string  `json:"path"`
		Name     string  `json:"name"`
		Store    *string `json:"backing_store"`
		StoreWhy *string `json:"backing_store_why"`
		FS       *string `json:"filesystem"`
		roomObject
		Parts []spacePart `json:"parts"`
	}
	spacePart struct {
		Kind   string  `json:"kind"`
		Name   *string `json:"name"`
		Path   *string `json:"path"`
		Taken  *string `json:"taken"`
		Shared *string `json:"shared"`
		roomObject
	}
	spaceSystem struct {
		Mount string        `json:"mount"`
		Type  *string       `json:"type"`
		Total runtime.Value `json:"total_bytes"`
		Used  runtime.Value `json:"used_bytes"`
		Free  runtime.Value `json:"free_bytes"`
		Paths []string      `json:"lxcpaths"`
		Why   *string       `json:"why"`
	}
	spaceExtra struct {
		Kind    string   `json:"kind"`
		Path    string   `json:"path"`
		What    *string  `json:"what"`
		Changed *string  `json:"changed"`
		Use     string   `json:"use"`
		Users   []string `json:"users"`
		UseWhy  *string  `json:"use_why"`
		roomObject
	}
)

func roomOf(r *runtime.Room) roomObject {
	o := roomObject{Bytes: r.Bytes, Least: r.Least, Measured: stamp(r.At), Why: given(r.Why)}
	if r.Files > 0 {
		o.Files = &r.Files
	}
	return o
}

func spaceObjectOf(rep *runtime.SpaceReport) spaceObject {
	o := spaceObject{Containers: []spaceContainer{}, FileSystems: []spaceSystem{}, Extras: []spaceExtra{}, Unread: append([]string{}, rep.Unread...)}
	for i := range rep.Containers {
		c := &rep.Containers[i]
		all, _ := c.Sum()
		one := spaceContainer{Path: c.Ref.Path, Name: c.Ref.Name, Store: given(c.Store), StoreWhy: given(c.StoreWhy), FS: given(c.FS), roomObject: roomOf(&all), Parts: []spacePart{}}
		for k := range c.Parts {
			p := &c.Parts[k]
			one.Parts = append(one.Parts, spacePart{Kind: string(p.Kind), Name: given(p.Name), Path: given(p.Path), Taken: stamp(p.Taken), Shared: given(p.Shared), roomObject: roomOf(&p.Room)})
		}
		o.Containers = append(o.Containers, one)
	}
	for i := range rep.FileSystems {
		f := &rep.FileSystems[i]
		o.FileSystems = append(o.FileSystems, spaceSystem{f.Mount, given(f.Type), f.Total, f.Used, f.Free, append([]string{}, f.Paths...), given(f.Why)})
	}
	for i := range rep.Extras {
		x := &rep.Extras[i]
		one := spaceExtra{Kind: x.Kind, Path: x.Path, What: given(x.What), Changed: stamp(x.Changed), Use: x.Use.String(), Users: []string{}, UseWhy: given(x.Why), roomObject: roomOf(&x.Room)}
		for _, u := range x.Users {
			one.Users = append(one.Users, u.String())
		}
		o.Extras = append(o.Extras, one)
	}
	return o
}
