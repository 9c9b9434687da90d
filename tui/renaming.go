package tui

import (
	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// renaming is what the form for a rename, and the question after it, know.
type renaming struct {
	m    *Model
	from runtime.Container
	x    measured
	to   string
	q    *question // nil = the form is still there
}

// askRename asks for the new name, and then whether that is meant: it may take
// a copy of the whole root.
func (m *Model) askRename(c runtime.Container) tea.Cmd { return m.askRenameTo(c, c.Name) }

// askRenameTo asks with a name that stands there already.
func (m *Model) askRenameTo(c runtime.Container, to string) tea.Cmd {
	r := &renaming{m: m, from: c}
	f := (&form{
		title: "Rename " + m.called(c.Ref), action: "goes on", note: measuring,
		fields: []formField{textField("new name", "", to)},
		submit: func(f *form) tea.Cmd { r.to = f.text(0); return r.ask(f) },
	}).under(formRules{
		fit: func(f *form) { f.fields[0].warn = asHostName(f.text(0)) },
		check: func(f *form) (int, error) {
			return 0, m.whyNoName(runtime.Ref{Path: c.Path, Name: f.text(0)})
		},
		command: func(f *form) string { r.to = f.text(0); q := r.request(); return q.LXCCommand() },
	})
	m.overlay = f
	return m.measure(f, []runtime.Ref{c.Ref}, func(_ runtime.Ref, x measured) {
		r.x = x
		f.note = ""
		for _, fact := range r.facts() {
			f.note += fact.Name + ": " + fact.Text + ". "
		}
		r.refresh()
	})
}

func (r *renaming) request() runtime.Request {
	return runtime.Request{
		Op: runtime.Rename, Ref: r.from.Ref, Expect: r.from.State, Same: r.from.Identity,
		Args: &runtime.RenameArgs{To: r.to, Copy: r.x.foot.RenameCopies != ""},
	}
}

// ask puts the question up; what is still being measured goes on for it.
func (r *renaming) ask(f *form) tea.Cmd {
	r.q = &question{form: f, yes: func() tea.Cmd { return r.m.enqueue([]runtime.Request{r.request()}) }}
	if r.m.gauge.owner != nil {
		r.m.gauge.owner = r.q
	}
	r.refresh()
	return r.m.ask(r.q)
}

// refresh fits the question to what is known.
func (r *renaming) refresh() {
	if r.q == nil {
		return
	}
	s, req := &r.q.state, r.request()
	s.Title = "Rename " + r.m.called(r.from.Ref) + " to " + r.to + "?"
	s.Targets = r.m.targetsOf([]runtime.Container{r.from}, nil)
	s.More, s.Command, s.Facts = runtime.Rename.Info().AsksMore, req.LXCCommand(), r.facts()
	s.Waits = !r.x.done
	if !s.Waits {
		s.Note = ""
	}
	if n := len(r.x.foot.Clones); n > 0 {
		s.Kind = views.Told
		s.Title = r.m.called(r.from.Ref) + " cannot be renamed"
		s.More, s.Command = "", ""
	}
}

// facts say how it is renamed and what that takes.
func (r *renaming) facts() []views.PromptFact {
	foot := &r.x.foot
	switch {
	case !r.x.done:
		return []views.PromptFact{{Name: "how", Text: measuring}}
	case r.x.err != nil:
		return []views.PromptFact{{Name: "how", Text: "in place, or not at all; not measured: " + r.x.err.Error(), Warn: true}}
	case len(foot.Clones) > 0:
		return []views.PromptFact{{Name: "in use", Text: areOn(r.m.names(foot.Clones), len(foot.Clones), "its root") +
			" and would lose it", Warn: true}}
	case foot.RenameCopies == "":
		return []views.PromptFact{{Name: "how", Text: "in place, nothing is copied"}}
	}
	fits := views.PromptFact{Name: "copies", Text: r.x.size(foot.Size) + ", " + views.Bytes(foot.Free) + " free"}
	if foot.Size > 0 && uint64(foot.Size) > foot.Free {
		fits.Text, fits.Warn = fits.Text+": it does not fit", true
	}
	return []views.PromptFact{{Name: "how", Text: "by a copy of its root: " + foot.RenameCopies, Warn: true}, fits}
}
