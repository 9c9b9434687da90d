package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// refusal says why an operation cannot be done to a container now; "" = it can.
func refusal(op runtime.Op, c *runtime.Container, at keymap.Situation) string {
	at.Targets = []runtime.Container{*c}
	if _, cannot := keymap.Split(op, at); len(cannot) > 0 {
		return inLines(cannot[0].Why)
	}
	return ""
}

// formOf is the form of a verb; nil = it needs none.
func formOf(verb, sub string) *form {
	all := slices.Concat(makingForms(), changingForms(), shippingForms())
	for i := range all {
		if all[i].verb == verb && all[i].sub == sub {
			return &all[i]
		}
	}
	return nil
}

func newName(f *filling, value string) error {
	ref := runtime.Ref{Path: "/", Name: value}
	if strings.HasPrefix(value, "/") {
		return nil // PATH/NAME, which the verb looks at
	}
	if err := ref.CheckNew(); err != nil {
		return err
	}
	l, err := f.s.listing()
	if err != nil || len(lxcpaths(f)) == 0 {
		return nil //nolint:nilerr // whether it is taken, the operation says
	}
	ref.Path = lxcpaths(f)[0]
	if len(f.names) > 0 { // beside the one that it is made of
		if c, err := find(l.Containers, f.names[0]); err == nil {
			ref.Path = c.Path
		}
	}
	if _, err := find(l.Containers, ref.String()); err == nil {
		return fmt.Errorf("there is a container %s already", value)
	}
	return nil
}

func sizeOK(_ *filling, value string) error {
	_, err := parseSize(value, 1)
	return err
}

func lxcpaths(f *filling) []string { return f.s.d.rt.About().Paths }

func onePath(f *filling) bool { return len(lxcpaths(f)) < 2 }

// makingForms are those of what makes a container.
func makingForms() []form {
	bridges := func(f *filling) []string { return append([]string{"none"}, f.choices().Bridges...) }
	name := entry{name: "name of the new container", must: true, check: newName, help: "letters, digits, dots and dashes; no blank"}
	return []form{
		{verb: "create", title: "Create", entries: []entry{
			name,
			{flag: "template", name: "template", must: true, offers: func(f *filling) []string {
				var all []string
				for _, t := range f.choices().Templates {
					all = append(all, t.Name)
				}
				return all
			}, check: func(f *filling, value string) error {
				for _, t := range f.choices().Templates {
					switch {
					case t.Name != value:
					case t.Missing != "":
						return errors.New(t.Missing)
					default:
						return nil
					}
				}
				if strings.Contains(value, "/") || len(f.choices().Templates) == 0 {
					return nil
				}
				return errors.New("there is no such template; ? names those that there are")
			}},
			{name: "arguments of the template", tail: true, help: "of download: -d alpine -r 3.20 -a amd64"},
			{flag: "network", name: "network", offers: bridges, help: "a bridge of the host, or none; nothing is what LXC's default config says"},
			{flag: "memory", name: "most memory", check: sizeOK},
			{flag: "cpus", name: "most cores"},
			{flag: "pids", name: "most processes"},
			{flag: "bdev", name: "backing store", offers: func(f *filling) []string { return f.choices().Backings }},
			{flag: "unprivileged", name: "unprivileged", yes: true, off: func(f *filling) bool { return len(f.choices().IDMaps) == 0 }},
			{flag: "autostart", name: "start it with the host", yes: true},
			{flag: "start", name: "start it at once", yes: true},
		}},
		{verb: "clone", from: 1, title: "Clone", entries: []entry{
			name,
			{flag: "newpath", name: "lxcpath", offers: lxcpaths, off: onePath},
			{flag: "snapshot", name: "copy on write", yes: true},
			{flag: "keepmac", name: "keep the mac addresses", yes: true},
			{flag: "keepname", name: "keep the host name", yes: true},
			{flag: "ephemeral", name: "ephemeral", yes: true, off: func(f *filling) bool { return f.of("copy on write") == "" }},
			{flag: "start", name: "start it at once", yes: true, off: func(f *filling) bool { return f.of("ephemeral") != "" }},
		}},
		{verb: "rename", from: 1, entries: []entry{
			{name: "new name", must: true, check: newName},
			{flag: "copy", name: "also where the root has to be copied for it", yes: true},
		}},
		{verb: "run", title: "Run a command in", entries: []entry{
			name,
			{flag: "from", name: "on the roots of", must: true, several: true, help: "containers that are stopped, or NAME/SNAPSHOT; the first is uppermost"},
			{name: "command", must: true, tail: true, help: "a program with its arguments, as a shell takes them apart"},
			{flag: "rm", name: "remove it at the end", yes: true},
			{flag: "network", name: "network", offers: bridges, help: "a bridge of the host, or none; nothing is what LXC's default config says"},
			{flag: "env", name: "environment", several: true, help: "NAME=VALUE ..."},
			{flag: "cwd", name: "directory"},
			{flag: "memory", name: "most memory", check: sizeOK},
		}},
	}
}

// snaps are the names of a container's snapshots.
func snaps(f *filling) (all []string) {
	if len(f.names) == 0 {
		return nil
	}
	d := f.s.deck()
	ctx, cancel := d.asked(f.s.ctx)
	defer cancel()
	ref, err := d.one(ctx, f.names[0])
	if err != nil {
		return nil
	}
	list, err := d.rt.Snapshots(ctx, ref)
	if err != nil {
		return nil
	}
	for i := range list {
		all = append(all, list[i].Name)
	}
	return all
}

// changingForms are those of what changes a container.
func changingForms() []form {
	snap := entry{name: "snapshot", must: true, offers: snaps, help: "its name"}
	device := []entry{
		{name: "device", must: true, help: "a path such as /dev/ttyUSB0, or with an interface its name"},
		{name: "name in the container", help: "nothing is the same as on the host"},
		{flag: "net", name: "it is a network interface", yes: true},
	}
	limits := []entry{}
	for _, limit := range runtime.LimitNames() {
		if limit == runtime.LimitIO {
			continue
		}
		limits = append(limits, entry{flag: runtime.LimitKey(limit), name: runtime.LimitKey(limit), check: func(_ *filling, v string) error {
			_, err := runtime.ParseLimit(limit, v)
			return err
		}})
	}
	limits = append(limits,
		entry{flag: runtime.LimitKey(runtime.LimitIO), name: "i/o of disks", several: true, check: func(_ *filling, v string) error {
			words, err := runtime.SplitWords(v)
			for _, w := range words {
				if _, perr := runtime.ParseDiskLimit(w); perr != nil {
					return perr
				}
			}
			return err
		}},
		entry{flag: "preset", name: "preset of the settings", offers: func(f *filling) []string { return slices.Sorted(maps.Keys(f.s.d.settings.Limits)) },
			off: func(f *filling) bool { return len(f.s.d.settings.Limits) == 0 }})
	return []form{
		{verb: "snapshot", from: 1, title: "Take a snapshot of", entries: snapshotEntries()},
		{verb: "snapshot", sub: "create", from: 1, title: "Take a snapshot of", entries: snapshotEntries()},
		{verb: "snapshot", sub: "delete", from: 1, entries: []entry{snap}},
		{verb: "restore", from: 1, entries: []entry{snap, {flag: "as", name: "as a new container", check: newName, help: "its name; nothing puts the snapshot in the place of the container"},
			{flag: "snapshot", name: "as an overlay on the snapshot", yes: true, off: func(f *filling) bool { return f.of("as a new container") == "" }},
			{flag: "start", name: "start it at once", yes: true, off: func(f *filling) bool { return f.of("as a new container") == "" }}}},
		{verb: "device", sub: "add", from: 1, title: "Add a device to", entries: device},
		{verb: "device", sub: "remove", from: 1, entries: device},
		{verb: "limits", sub: "set", ours: true, from: 1 << 20, entries: limits},
		{verb: "autostart", sub: "set", from: 1 << 20, title: "Set the autostart of", entries: []entry{
			{flag: "on", name: "start it with the host", yes: true},
			{flag: "off", name: "do not start it with the host", yes: true, off: func(f *filling) bool { return f.of("start it with the host") != "" }},
			{flag: "order", name: "order"}, {flag: "delay", name: "wait after its start"}, {flag: "group", name: "groups", several: true},
		}},
		{verb: "config", sub: "set", from: 1, entries: []entry{
			{name: "key", must: true, help: "such as lxc.start.delay; config --explain says what those that stand there mean", check: func(_ *filling, v string) error {
				if _, ok := conf.Lookup(v); !ok {
					return fmt.Errorf("%s is no key that is known", v)
				}
				return nil
			}},
			{name: "value", must: true, check: func(f *filling, v string) error { return conf.Check(f.of("key"), v) }},
		}},
		{verb: "config", sub: "unset", from: 1, entries: []entry{{name: "key", must: true}}},
		{verb: "lock", from: 1 << 20, title: "Lock", entries: []entry{{flag: "why", name: "reason"}}},
		{verb: "signal", from: 1, entries: []entry{
			{name: "pids", must: true, several: true, help: "of processes on the host, as ps tells them"},
			{flag: "signal", name: "signal", help: "a name or a number; nothing is TERM", check: func(_ *filling, v string) error { _, err := runtime.ParseSignal(v); return err }},
			{flag: "inside", name: "the pids are those of the container", yes: true},
		}},
		{verb: "checkpoint", from: 1, entries: []entry{{name: "directory", must: true, help: "it is made, or is empty"}, {flag: "keep", name: "let it run on", yes: true}}},
		{verb: "resume", from: 1, title: "Resume", entries: []entry{{name: "directory", must: true, help: "of the checkpoint"}}},
	}
}

// snapshotEntries ask how it is taken where the container is not stopped.
func snapshotEntries() []entry {
	stopped := func(f *filling) bool {
		l, err := f.s.listing()
		if err != nil || len(f.names) == 0 {
			return false
		}
		c, err := find(l.Containers, f.names[0])
		return err == nil && c.State == runtime.Stopped
	}
	return []entry{
		{flag: "comment", name: "comment"},
		{flag: "freeze", name: "freeze it for that", yes: true, off: stopped, help: "only on btrfs, zfs and thin volumes of lvm"},
		{flag: "stop", name: "stop it for that, and start it again", yes: true, off: func(f *filling) bool { return stopped(f) || f.of("freeze it for that") != "" }},
	}
}

// shippingForms are those of archives, files and processes.
func shippingForms() []form {
	there := []entry{
		{flag: "overwrite", name: "overwrite what is there", yes: true},
		{flag: "skip", name: "leave what is there", yes: true, off: func(f *filling) bool { return f.of("overwrite what is there") != "" }},
		{flag: "verify", name: "read it again, and compare", yes: true},
	}
	return []form{
		{verb: "pack", from: 1, title: "Pack", entries: []entry{{flag: "output", name: "archive", must: true, help: "a file that is not there yet"}}},
		{verb: "unpack", title: "Unpack", entries: []entry{
			{name: "archive", must: true, help: "a file that pack has written"},
			{flag: "name", name: "name of the new container", check: newName, help: "nothing is the name that it had"},
			{flag: "sha256", name: "sha-256 of the archive"},
		}},
		{verb: "push", from: 1, title: "Copy into", entries: append([]entry{
			{name: "files of this host", must: true, several: true}, {name: "to, inside", must: true, help: "an absolute path: a folder that is there, or a new name"},
			{flag: "owner", name: "owner inside"},
		}, there...)},
		{verb: "pull", from: 1, title: "Copy out of", entries: append([]entry{
			{name: "paths inside", must: true, several: true, help: "absolute paths"}, {name: "to, on this host", must: true, help: "a folder that is there, or a new name"},
		}, there...)},
	}
}
