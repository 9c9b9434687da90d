package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// The fields of the form for a snapshot.
const (
	snapComment = iota
	snapWay
)

// The choices of snapWay: what is done with those that are not stopped.
const (
	stopFirst  = "stop, start again"
	whileStill = "while frozen"
	leaveOut   = "leave out what runs"
)

// measuring stands where a figure will.
const measuring = "measuring ..."

// snapping is what the form for a snapshot knows.
type snapping struct {
	m      *Model
	all    []runtime.Container
	alive  []runtime.Container // of all, those that are not stopped
	cannot []keymap.Refusal
	found  map[runtime.Ref]*measured
	offer  string  // the way that is chosen unless the person chooses another
	back   overlay // shown again afterwards; nil = nothing
}

// askSnapshot asks for a snapshot of the marked containers, or the selected one.
func (m *Model) askSnapshot() tea.Cmd {
	can, cannot := keymap.Split(runtime.Snapshot, m.situation())
	if len(can) == 0 {
		return nil // the door has said why
	}
	return m.openSnapping(can, cannot, nil)
}

// openSnapping asks for a comment and, where a container is not stopped, how it
// is to be kept from changing its files meanwhile. back is shown again afterwards.
func (m *Model) openSnapping(can []runtime.Container, cannot []keymap.Refusal, back overlay) tea.Cmd {
	s := &snapping{m: m, all: can, cannot: cannot, found: map[runtime.Ref]*measured{}, back: back}
	var refs []runtime.Ref
	for _, c := range can {
		if c.State != runtime.Stopped {
			s.alive = append(s.alive, c)
			refs = append(refs, c.Ref)
		}
	}
	f := (&form{
		title: "Take a snapshot of " + m.howMany(can), action: "takes it",
		note: s.note(), fields: []formField{textField("comment", "none", ""), choiceField("how")}, submit: s.submit,
	}).under(formRules{fit: s.fit, check: s.check, command: s.command})
	f.back = back
	s.ways(f)
	f.look(m)
	m.overlay = f
	if len(refs) == 0 {
		return nil
	}
	return m.measure(f, refs, func(ref runtime.Ref, x measured) {
		s.found[ref] = &x
		s.ways(f)
		f.look(m)
	})
}

// note names what is not stopped, and what is left out anyway.
func (s *snapping) note() string {
	var parts []string
	if len(s.alive) > 0 && len(s.all) > 1 {
		parts = append(parts, fmt.Sprintf("%d of %d are not stopped.", len(s.alive), len(s.all)))
	}
	var out []runtime.Ref
	for _, r := range s.cannot {
		out = append(out, r.Container.Ref)
	}
	switch {
	case len(out) == 1:
		parts = append(parts, "Left out: "+s.cannot[0].Why+".")
	case len(out) > 1:
		parts = append(parts, "Left out: "+s.m.names(out)+".")
	}
	return strings.Join(parts, " ")
}

// canStill are those of which a snapshot can be taken while they are frozen,
// as far as is known.
func (s *snapping) canStill() (can int, why string) {
	for _, c := range s.alive {
		switch x := s.found[c.Ref]; {
		case x == nil:
			why = measuring
		case x.err != nil:
			why = "not known whether it can be frozen: " + x.err.Error()
		case x.foot.FrozenSnapshot != "":
			why = x.foot.FrozenSnapshot
		default:
			can++
		}
	}
	return can, why
}

// ways sets those there are. The one that interrupts least is chosen until the
// person says otherwise.
func (s *snapping) ways(f *form) {
	way := &f.fields[snapWay]
	chosen := way.choice()
	way.off, way.choices = len(s.alive) == 0, nil
	if can, _ := s.canStill(); can > 0 {
		way.choices = append(way.choices, whileStill)
	}
	if len(s.all) > len(s.alive) {
		way.choices = append(way.choices, leaveOut)
	}
	way.choices = append(way.choices, stopFirst)
	way.at = 0
	if chosen != s.offer {
		way.at = max(0, slices.Index(way.choices, chosen))
		return
	}
	s.offer = way.choice()
}

// fit explains the way that is chosen.
func (s *snapping) fit(f *form) {
	way := &f.fields[snapWay]
	way.help, way.warn = "", ""
	can, why := s.canStill()
	switch way.choice() {
	case whileStill:
		way.help = "frozen for as long as it takes"
		if can < len(s.alive) {
			way.help = fmt.Sprintf("%d of %d can; the others are left out", can, len(s.alive))
		}
	case stopFirst, leaveOut:
		switch {
		case can > 0:
		case why == measuring:
			way.help = why
		default:
			way.warn = "not while frozen: " + why
		}
	}
}

func (s *snapping) check(f *form) (int, error) {
	a := runtime.SnapshotArgs{Comment: f.text(snapComment)}
	if err := a.Check(); err != nil {
		return snapComment, inForm(err)
	}
	return -1, nil
}

// requests are what the form stands for; interrupts are those it stops.
func (s *snapping) requests(f *form) (reqs []runtime.Request, interrupts []runtime.Container) {
	for _, c := range s.all {
		a := &runtime.SnapshotArgs{Comment: f.text(snapComment)}
		if c.State != runtime.Stopped {
			switch f.fields[snapWay].choice() {
			case leaveOut:
				continue
			case whileStill:
				if x := s.found[c.Ref]; x == nil || x.err != nil || x.foot.FrozenSnapshot != "" {
					continue
				}
				a.Way = runtime.WhileFrozen
			default:
				a.Way = runtime.StopAndStart
				interrupts = append(interrupts, c)
			}
		}
		reqs = append(reqs, runtime.Request{Op: runtime.Snapshot, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: a})
	}
	return reqs, interrupts
}

func (s *snapping) command(f *form) string {
	reqs, _ := s.requests(f)
	if len(reqs) == 0 {
		return ""
	}
	cmd := reqs[0].LXCCommand()
	if len(reqs) > 1 && cmd != "" {
		cmd += "; ..."
	}
	return cmd
}

// submit asks once more where containers are stopped for it.
func (s *snapping) submit(f *form) tea.Cmd {
	reqs, stop := s.requests(f)
	if len(stop) == 0 {
		return s.m.enqueue(reqs)
	}
	return s.m.ask(&question{
		state: views.PromptState{
			Title: "Stop " + s.m.howMany(stop) + " for a snapshot?", Targets: s.m.targetsOf(stop, nil),
			More: "Stopped, then started again once the snapshot is taken.", Command: s.command(f),
		},
		yes:  func() tea.Cmd { return s.m.enqueue(reqs) },
		back: s.back,
	})
}
