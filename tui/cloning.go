package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// The fields of the form for a clone.
const (
	cloneName = iota
	clonePath
	cloneHow
	cloneMAC
	cloneHost
	cloneEphemeral
	cloneStart
)

// The choices of cloneHow.
const (
	fullCopy = iota
	onWrite
)

// cloning is what the form for a clone knows.
type cloning struct {
	m    *Model
	from runtime.Container
	x    measured
}

// askClone asks what a copy of a container is to be.
func (m *Model) askClone(c runtime.Container) tea.Cmd {
	k := &cloning{m: m, from: c}
	f := (&form{
		title: "Clone " + m.called(c.Ref), action: "clones",
		fields: []formField{
			textField("name", "of the new container", ""),
			choiceField("lxcpath", m.about.Paths...),
			choiceField("copy", "full", "on write"),
			checkField("keep MAC", "the same addresses; else new ones"),
			checkField("keep name", "the host name inside; else the new one"),
			checkField("ephemeral", "started, and destroyed when it stops"),
			checkField("start", "at once"),
		},
		submit: func(f *form) tea.Cmd { return m.enqueue([]runtime.Request{k.request(f)}) },
	}).under(formRules{
		fit: k.fit, check: k.check,
		command: func(f *form) string { q := k.request(f); return q.LXCCommand() },
	})
	for i, p := range m.about.Paths {
		if p == c.Path {
			f.fields[clonePath].at = i
		}
	}
	f.look(m)
	m.overlay = f
	return m.measure(f, []runtime.Ref{c.Ref}, func(_ runtime.Ref, x measured) {
		k.x = x
		f.look(m)
	})
}

func (k *cloning) request(f *form) runtime.Request {
	a := &runtime.CloneArgs{
		To:  runtime.Ref{Path: f.fields[clonePath].choice(), Name: f.text(cloneName)},
		CoW: f.fields[cloneHow].at == onWrite, KeepMAC: f.fields[cloneMAC].on, KeepName: f.fields[cloneHost].on,
	}
	a.Ephemeral = a.CoW && f.fields[cloneEphemeral].on
	a.Start = !a.Ephemeral && f.fields[cloneStart].on // an ephemeral one is started anyway
	return runtime.Request{Op: runtime.Clone, Ref: k.from.Ref, Expect: k.from.State, Same: k.from.Identity, Args: a}
}

func (k *cloning) check(f *form) (int, error) {
	if why := k.whyNotOnWrite(); why != "" && f.fields[cloneHow].at == onWrite {
		return cloneHow, errors.New(why)
	}
	q := k.request(f)
	if err := k.m.whyNoName(q.Others()[0]); err != nil {
		return cloneName, err
	}
	if err := q.Check(); err != nil {
		return -1, inForm(err)
	}
	return -1, nil
}

// whyNotOnWrite says why there is no copy on write of the container; "" =
// there is, or it is not known.
func (k *cloning) whyNotOnWrite() string {
	if !k.x.done || k.x.err != nil {
		return ""
	}
	switch k.x.foot.Backing {
	case "", "dir", "overlay", "overlayfs", "btrfs", "zfs", "lvm", "rbd":
		return ""
	default:
		return "a root in " + k.x.foot.Backing + " can only be copied in full"
	}
}

// fit says what the copy costs, and asks only what matters for it.
func (k *cloning) fit(f *form) {
	how := &f.fields[cloneHow]
	f.fields[clonePath].off = len(k.m.about.Paths) < 2
	f.fields[cloneEphemeral].off = how.at != onWrite
	f.fields[cloneStart].off = how.at == onWrite && f.fields[cloneEphemeral].on
	f.fields[cloneName].warn = ""
	if !f.fields[cloneHost].on {
		f.fields[cloneName].warn = asHostName(f.text(cloneName))
	}
	how.help = k.cost(how.at, f.fields[clonePath].choice() == k.from.Path)
}

// cost is what a way of copying takes; here = on the file system that was measured.
func (k *cloning) cost(how int, here bool) string {
	foot := &k.x.foot
	switch {
	case how == onWrite && foot.Backing == "lvm" && foot.FrozenSnapshot != "" && foot.Size > 0:
		return "a snapshot of lvm: with room for " + k.x.size(foot.Size)
	case how == onWrite && (foot.Backing == "btrfs" || foot.Backing == "zfs" || foot.Backing == "lvm"):
		return "a snapshot of " + foot.Backing
	case how == onWrite:
		return "an overlay: " + k.m.called(k.from.Ref) + " has to stay"
	case !k.x.done:
		return measuring
	case k.x.err != nil:
		return "size not known"
	case !here:
		return k.x.size(foot.Size)
	case foot.Size > 0 && uint64(foot.Size) > foot.Free:
		return "does not fit: " + k.x.size(foot.Size) + ", " + views.Bytes(foot.Free) + " free"
	default:
		return k.x.size(foot.Size) + ", " + views.Bytes(foot.Free) + " free"
	}
}
