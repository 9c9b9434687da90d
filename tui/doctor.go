package tui

import (
	"cmp"
	"context"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// diagnosedMsg is what came of looking for a cause.
type diagnosedMsg struct {
	of    *doctor
	found runtime.Diagnosis
	err   error
}

// doctor explains why a container did not start.
type doctor struct {
	ref     runtime.Ref
	failed  error
	loading bool
	found   runtime.Diagnosis
	err     error
	top     int
	from    overlay            // what was read before; nil = nothing
	stop    context.CancelFunc // ends the look
}

// explainLast explains the selected container's last start, or that which
// failed last.
func (m *Model) explainLast() tea.Cmd {
	ref := m.rows.selected
	if m.jobs.failed[ref] == nil {
		ref = m.jobs.lately
	}
	if err := m.jobs.failed[ref]; err != nil {
		return m.explain(ref, err)
	}
	m.say(noteWarn, "no start has failed since lxcdeck was opened: start the container first", "")
	return nil
}

// explain looks for the cause of a failed start, off the loop, and shows it.
func (m *Model) explain(ref runtime.Ref, err error) tea.Cmd {
	m.notices.dismiss() // here it is explained
	ctx, stop := m.survey()
	d := &doctor{ref: ref, failed: err, loading: true, from: m.overlay, stop: stop}
	m.overlay = d
	rt := m.rt
	return cmd("diagnose", func() tea.Msg {
		defer stop()
		found, err := rt.Diagnose(ctx, ref, err)
		return diagnosedMsg{d, found, err}
	})
}

func (x *doctor) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	if k.String() == "y" {
		return x.mend(m)
	}
	s := x.state(m)
	top, done := scrollKey(k.String(), x.top, m.theme.DoctorHeight(s, m.layout.W), max(1, m.theme.DoctorPage(s, m.layout.H)))
	x.top = top
	if done || k.String() == "d" {
		x.stop()
		m.overlay = x.from
	}
	return nil
}

// mend asks whether the step that was found is to be taken; its command is
// shown before.
func (x *doctor) mend(m *Model) tea.Cmd {
	fix := x.found.Fix
	switch {
	case fix == nil:
		return nil
	case m.readOnly:
		m.say(noteWarn, keymap.WhyReadOnly, "")
		return nil
	}
	t := views.Target{Name: m.called(x.ref)}
	if c := m.byRef(x.ref); c != nil {
		t.State = c.State
	}
	return m.askUpon(&question{
		state: views.PromptState{
			Title: fix.Title + "?", More: runtime.Mend.Info().AsksMore, Targets: []views.Target{t}, Command: runtime.JoinWords(fix.Command),
		},
		yes: func() tea.Cmd {
			return m.enqueue([]runtime.Request{{Op: runtime.Mend, Ref: x.ref, Args: &runtime.MendArgs{Fix: fix.ID}}})
		},
	})
}

// paste is not for reading.
func (*doctor) paste(*Model, string) bool { return false }

func (x *doctor) paint(m *Model) views.Block {
	return m.theme.Doctor(x.state(m), m.layout.W, m.layout.H)
}

func (x *doctor) state(m *Model) *views.DoctorState {
	s := &views.DoctorState{
		Name: m.called(x.ref), Failed: x.failed.Error(), Loading: x.loading, Offset: x.top, Say: m.noticeState(),
		Cause: x.found.Cause, Detail: x.found.Detail, Advice: x.found.Advice, Log: x.found.Log,
		Hints: []keymap.Hint{m.keyHint(keymap.Back, "closes")},
	}
	if s.Advice == "" {
		s.Advice = hintOf(x.failed)
	}
	if x.err != nil {
		s.Err = x.err.Error()
	}
	if f := x.found.Fix; f != nil {
		s.Fix, s.FixKey, s.Command = f.Title, m.keys.KeyOf(keymap.WhyMend), runtime.JoinWords(f.Command)
		s.Hints = append([]keymap.Hint{m.keyHint(keymap.WhyMend, "does it")}, s.Hints...)
	}
	return s
}

// startKey is the key that starts what was mended.
func (m *Model) startKey() string {
	return cmp.Or(m.keys.KeyOf(keymap.StartStop), m.keys.KeyOf(keymap.Palette)+" start")
}
