package tui

import (
	"path/filepath"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// restoring is the question before a restore in place. What it needs and who
// depends on the container is measured while it stands there.
type restoring struct {
	m    *Model
	list *snapList
	from runtime.Container
	snap runtime.SnapshotInfo
	x    measured // the container
	its  measured // the snapshot, which is a container to liblxc; only where the list has no size
	q    *question
}

// restore puts the snapshot in the container's place.
func (x *snapList) restore(m *Model, snap *runtime.SnapshotInfo) tea.Cmd {
	c, ok := x.may(m, runtime.Restore)
	if !ok {
		return nil
	}
	r := &restoring{m: m, list: x, from: c, snap: *snap}
	r.q = &question{back: x, yes: func() tea.Cmd { return m.enqueue([]runtime.Request{r.request()}) }}
	look := []runtime.Ref{c.Ref}
	if as := (runtime.Ref{Path: filepath.Dir(snap.Path), Name: snap.Name}); snap.Size < 0 && as.Check() == nil {
		look = append(look, as)
	} else {
		r.its.done = true
	}
	r.refresh()
	return tea.Batch(m.ask(r.q), m.measure(r.q, look, func(ref runtime.Ref, found measured) {
		if ref == c.Ref {
			r.x = found
		} else {
			r.its = found
		}
		r.refresh()
	}))
}

func (r *restoring) request() runtime.Request {
	return runtime.Request{Op: runtime.Restore, Ref: r.from.Ref, Expect: r.from.State, Same: r.from.Identity, Args: &runtime.RestoreArgs{Snap: r.snap.Name, Taken: r.snap.Taken}}
}

// refresh fits the question to what is known.
func (r *restoring) refresh() {
	s, req := &r.q.state, r.request()
	s.Title = "Restore " + r.snap.Name + " of " + r.m.called(r.from.Ref) + "?"
	s.Targets = r.m.targetsOf([]runtime.Container{r.from}, nil)
	s.More, s.Command, s.Facts = runtime.Restore.Info().AsksMore, req.LXCCommand(), r.facts()
	s.Waits = !r.x.done || !r.its.done
	if !s.Waits {
		s.Note = ""
	}
	if len(r.x.foot.Clones) > 0 {
		s.Kind, s.Waits = views.Told, false
		s.Title = r.m.called(r.from.Ref) + " cannot be restored"
		s.More, s.Command = "", ""
	}
}

// facts say what it needs, and who depends on the root that it takes away.
func (r *restoring) facts() []views.PromptFact {
	foot := &r.x.foot
	switch {
	case len(foot.Clones) > 0:
		return []views.PromptFact{{Name: "in use", Text: areOn(r.m.names(foot.Clones), len(foot.Clones), "its root") +
			" and would lose it", Warn: true}}
	case !r.x.done || !r.its.done:
		return []views.PromptFact{{Name: "needs", Text: measuring}}
	case r.x.err != nil:
		return []views.PromptFact{{Name: "needs", Text: "not measured: " + r.x.err.Error(), Warn: true}}
	case !foot.RestoreCopies():
		return []views.PromptFact{{Name: "needs", Text: "next to nothing: in " + foot.Backing + " it shares its blocks with the snapshot"}}
	}
	size := r.snap.Size
	if size < 0 && r.its.err == nil && r.its.foot.Size > 0 {
		size = r.its.foot.Size
	}
	needs := views.PromptFact{Name: "needs", Text: r.its.size(size) + ", " + views.Bytes(foot.Free) + " free"}
	if size > 0 && uint64(size) > foot.Free {
		needs.Text, needs.Warn = needs.Text+": it does not fit", true
	}
	return []views.PromptFact{needs, {Name: "keeps", Text: r.x.size(foot.Size) + ", the root and config of now"}}
}
