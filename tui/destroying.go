package tui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// destroying is a question before containers are destroyed. What goes with
// them is measured while it stands there.
type destroying struct {
	m      *Model
	all    []runtime.Container
	cannot []keymap.Refusal // left out before anything was measured
	found  map[runtime.Ref]*measured
	q      *question
	why    []views.PromptFact // what it takes back; nil = nothing
}

// askDestroy wants the name typed; of several, how many there are.
func (m *Model) askDestroy() tea.Cmd {
	can, cannot := keymap.Split(runtime.Destroy, m.situation())
	if len(can) == 0 {
		return nil // the door has said why
	}
	return m.askDestroyOf(can, cannot)
}

// askDestroyOf asks about those that can be destroyed, and names the others and why it
// is asked.
func (m *Model) askDestroyOf(can []runtime.Container, cannot []keymap.Refusal, why ...views.PromptFact) tea.Cmd {
	d := &destroying{m: m, all: can, cannot: cannot, why: why, found: map[runtime.Ref]*measured{}}
	d.q = &question{yes: d.yes}
	var refs []runtime.Ref
	for _, c := range can {
		refs = append(refs, c.Ref)
	}
	d.refresh()
	return tea.Batch(m.ask(d.q), m.measure(d.q, refs, func(ref runtime.Ref, x measured) {
		d.found[ref] = &x
		d.refresh()
	}))
}

// split leaves out those on which others depend.
func (d *destroying) split() (can []runtime.Container, cannot []keymap.Refusal) {
	for _, c := range d.all {
		if why := d.inUse(c.Ref); why != "" {
			cannot = append(cannot, keymap.Refusal{Container: c, Why: why})
			continue
		}
		can = append(can, c)
	}
	return can, append(cannot, d.cannot...)
}

// inUse says who depends on a container; "" = nobody that is known.
func (d *destroying) inUse(ref runtime.Ref) string {
	x := d.found[ref]
	switch {
	case x == nil:
		return ""
	case len(x.foot.Clones) > 0:
		return areOn(d.m.names(x.foot.Clones), len(x.foot.Clones), "its root")
	case len(x.used) > 0:
		return areOn(d.m.names(x.used[0].Used), len(x.used[0].Used), "its snapshot "+x.used[0].Name)
	}
	return ""
}

func (d *destroying) request(c runtime.Container) runtime.Request {
	// Only snapshots that the question named go with it.
	a := &runtime.DestroyArgs{}
	if x := d.found[c.Ref]; x != nil && len(x.foot.Snapshots) > 0 {
		a.Snapshots = true
		for i, name := range x.foot.Snapshots {
			a.Known = append(a.Known, runtime.Seen{Name: name, Taken: x.foot.Taken[i]})
		}
	}
	return runtime.Request{Op: runtime.Destroy, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: a}
}

func (d *destroying) yes() tea.Cmd {
	can, _ := d.split()
	reqs := make([]runtime.Request, len(can))
	for i, c := range can {
		reqs[i] = d.request(c)
	}
	return d.m.enqueue(reqs)
}

// refresh fits the question to what is known.
func (d *destroying) refresh() {
	can, cannot := d.split()
	s := &d.q.state
	s.Kind, s.Waits = views.AskTyped, len(d.found) < len(d.all)
	s.Targets, s.More = d.m.targetsOf(can, cannot), runtime.Destroy.Info().AsksMore
	s.Facts, s.Command = slices.Clone(d.why), ""
	switch {
	case len(can) == 0:
		s.Kind, s.More, s.Targets = views.Told, "", d.m.targetsOf(d.all, d.cannot)
		s.Title = d.m.howMany(d.all) + " cannot be destroyed"
		for _, r := range cannot[:len(d.all)] {
			s.Facts = append(s.Facts, views.PromptFact{Name: d.m.called(r.Container.Ref), Text: r.Why, Warn: true})
		}
		s.Note = "Destroy those first."
		return
	case len(d.all) == 1:
		c := can[0]
		s.Title, s.Want = "Destroy "+d.m.called(c.Ref)+"?", views.Clean(c.Name)
		q := d.request(c)
		s.Facts, s.Command = slices.Concat(d.why, d.facts(d.found[c.Ref]), d.staying(c.Ref)), q.LXCCommand()
	default:
		s.Title, s.Want = "Destroy "+plural(len(can), "container")+"?", strconv.Itoa(len(can))
		for i, c := range can {
			s.Targets[i].With = d.brief(d.found[c.Ref])
		}
		q := d.request(can[0])
		s.Command = q.LXCCommand() + "; ..."
	}
	if !s.Waits && s.Note != "" && s.Typed == s.Want {
		s.Note = ""
	}
}

// facts are what goes with one container.
func (d *destroying) facts(x *measured) []views.PromptFact {
	switch {
	case x == nil:
		return []views.PromptFact{{Name: "root", Text: measuring}, {Name: "snapshots", Text: measuring}}
	case x.err != nil:
		return []views.PromptFact{{Name: "root", Text: "not measured: " + x.err.Error(), Warn: true}}
	}
	root := x.size(x.foot.Size)
	if x.foot.Backing != "" {
		root += " in " + x.foot.Backing
	}
	snaps := views.PromptFact{Name: "snapshots", Text: "none"}
	if n := len(x.foot.Snapshots); n > 0 {
		snaps.Warn = true
		snaps.Text = strconv.Itoa(n) + ", " + x.size(x.foot.SnapSize) + ": " + strings.Join(x.foot.Snapshots, " ")
	}
	return []views.PromptFact{{Name: "root", Text: root}, snaps}
}

// staying is what does not go with it: the roots that restores of it have kept.
func (d *destroying) staying(ref runtime.Ref) (facts []views.PromptFact) {
	for _, l := range d.m.leftovers.list {
		if l.Kept && l.Ref == ref {
			facts = append(facts, views.PromptFact{Name: "stays", Text: l.What + ", until it is dismissed"})
		}
	}
	return facts
}

// brief is the same in a few words.
func (d *destroying) brief(x *measured) string {
	switch {
	case x == nil:
		return measuring
	case x.err != nil:
		return "not measured"
	case len(x.foot.Snapshots) > 0:
		return x.size(x.foot.Size) + " and " + plural(len(x.foot.Snapshots), "snapshot")
	}
	return x.size(x.foot.Size)
}
