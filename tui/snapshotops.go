package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// may gives the container if the operation can be done to it now, else says
// why not.
func (x *snapList) may(m *Model, op runtime.Op) (runtime.Container, bool) {
	if why := x.whyNot(m, op); why != "" {
		m.say(noteWarn, why, "")
		return runtime.Container{}, false
	}
	return *m.byRef(x.ref), true
}

// whyNot says why an operation cannot be done to the container now; "" = it can.
func (x *snapList) whyNot(m *Model, op runtime.Op) string {
	c := m.byRef(x.ref)
	switch {
	case m.readOnly:
		return keymap.WhyReadOnly
	case c == nil:
		return m.called(x.ref) + " is gone"
	}
	s := m.situation()
	s.Targets = []runtime.Container{*c}
	if _, cannot := keymap.Split(op, s); len(cannot) > 0 {
		return cannot[0].Why
	}
	return ""
}

// asks asks before an operation on the container is done; the list comes back
// after the answer.
func (x *snapList) asks(m *Model, title, more string, c runtime.Container, q runtime.Request) tea.Cmd {
	command := q.LXCCommand()
	if command == "" {
		more += " No lxc-* command does that."
	}
	return m.ask(&question{
		state: views.PromptState{
			Title: title, More: more, Command: command,
			Targets: []views.Target{{Name: m.called(x.ref), State: c.State}},
		},
		yes:  func() tea.Cmd { return m.enqueue([]runtime.Request{q}) },
		back: x,
	})
}

// drop deletes a snapshot nobody uses.
func (x *snapList) drop(m *Model, snap *runtime.SnapshotInfo) tea.Cmd {
	c, ok := x.may(m, runtime.DeleteSnapshot)
	switch {
	case !ok:
		return nil
	case len(snap.Used) > 0:
		m.say(noteWarn, snap.Name+" is what "+m.names(snap.Used)+" is an overlay on: destroy that first", "")
		return nil
	}
	more := runtime.DeleteSnapshot.Info().AsksMore
	if snap.Size >= 0 {
		more += " It takes " + diskSize(snap.Size) + "."
	}
	return x.asks(m, "Delete "+snap.Name+" of "+m.called(x.ref)+"?", more, c,
		runtime.Request{Op: runtime.DeleteSnapshot, Ref: x.ref, Same: c.Identity, Args: &runtime.RestoreArgs{Snap: snap.Name, Taken: snap.Taken}})
}

// settle dismisses a kept root, or swaps it back.
func (x *snapList) settle(m *Model, old *runtime.Leftover, way runtime.RecoverWay) tea.Cmd {
	c, ok := x.may(m, runtime.Recover)
	if !ok {
		return nil
	}
	title, more := "Dismiss the kept root of "+m.called(x.ref)+"?", "It is removed for good: "+old.What+"."
	if way == runtime.Undo {
		title, more = "Undo the restore of "+m.called(x.ref)+"?", "Swapped back: "+old.What+". Those of now are kept instead, until they are dismissed."
	}
	if !slices.Contains(old.Ways, way) {
		m.say(noteWarn, m.called(x.ref)+": "+old.What+" cannot be "+done(way)+": "+m.waysOf(old.Ways), "")
		return nil
	}
	if old.Size >= 0 && way == runtime.Dismiss {
		more += " It takes " + diskSize(old.Size) + "."
	}
	return x.asks(m, title, more, c,
		runtime.Request{Op: runtime.Recover, Ref: x.ref, Args: &runtime.RecoverArgs{ID: old.ID, Way: way, What: old.What, Since: old.Since}})
}

// take asks for the comment of a new snapshot, and how it is taken if the
// container is not stopped.
func (x *snapList) take(m *Model) tea.Cmd {
	c, ok := x.may(m, runtime.Snapshot)
	if !ok {
		return nil
	}
	return m.openSnapping([]runtime.Container{c}, nil, x)
}

// The fields of the form a snapshot is restored as a new container with.
const (
	asName = iota
	asPath
	asCoW
	asStart
)

// The ways to make a container of a snapshot.
const (
	asCopy    = "a copy"
	asOverlay = "an overlay"
)

// restoreAs asks for the new container's name and how it is made.
func (x *snapList) restoreAs(m *Model, snap *runtime.SnapshotInfo) tea.Cmd {
	c, ok := x.may(m, runtime.RestoreAs)
	if !ok {
		return nil
	}
	name, taken := snap.Name, snap.Taken
	paths := m.about.Paths
	f := &form{title: "Make a container of " + name + " of " + m.called(x.ref), action: "makes it", wrong: -1, back: x, fields: []formField{
		textField("name", "", ""),
		{kind: views.ChoiceField, label: "lxcpath", choices: paths, list: len(paths) > 3, off: len(paths) < 2},
		{
			kind: views.ChoiceField, label: "as", choices: []string{asCopy, asOverlay},
			notes: map[string]string{asCopy: "takes " + diskSize(snap.Size), asOverlay: "takes nothing; the snapshot must stay"},
		},
		{kind: views.CheckField, label: "start", help: "as soon as it is made"},
	}}
	f.fields[asName].need = "a container needs a name"
	f.fields[asPath].choose(x.ref.Path)
	request := func(f *form) runtime.Request {
		to := runtime.Ref{Path: f.fields[asPath].choice(), Name: strings.TrimSpace(f.text(asName))}
		return runtime.Request{Op: runtime.RestoreAs, Ref: x.ref, Same: c.Identity, Args: &runtime.RestoreArgs{
			Snap: name, Taken: taken, To: to, CoW: f.fields[asCoW].choice() == asOverlay, Start: f.fields[asStart].on,
		}}
	}
	f.live = func(m *Model, f *form) tea.Cmd {
		q := request(f)
		f.fields[asName].bad, f.command = "", ""
		if f.fields[asName].empty() {
			return nil
		}
		f.fields[asName].bad = m.whyNotNew(q.Others()[0])
		if q.Check() == nil {
			f.command = q.LXCCommand()
		}
		return nil
	}
	f.submit = func(f *form) tea.Cmd { return m.enqueue([]runtime.Request{request(f)}) }
	m.overlay = f
	return nil
}
