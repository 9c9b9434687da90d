package tui

import (
	"cmp"
	"context"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// checkedMsg is what came of a look at the host.
type checkedMsg struct {
	of     *hostView
	checks []runtime.Check
	err    error
}

// hostView shows what containers need of the host, and what of it is there. At
// most one look is out; what the one before has found stays until it is over.
type hostView struct {
	loading bool
	checks  []runtime.Check
	err     error
	top     int
	user    bool               // only what this user can do
	stop    context.CancelFunc // ends the look
}

func (m *Model) openHostView(user bool) tea.Cmd {
	x := &hostView{user: user}
	m.overlay = x
	return x.look(m)
}

// look looks at the host, off the loop.
func (x *hostView) look(m *Model) tea.Cmd {
	if x.loading {
		return nil
	}
	ctx, stop := m.survey()
	x.loading, x.stop = true, stop
	rt, ours := m.rt, m.terminalChecks()
	return cmd("doctor", func() tea.Msg {
		defer stop()
		all, err := rt.CheckHost(ctx)
		if len(all) > 0 {
			all = append(all, ours...)
		}
		return checkedMsg{x, all, err}
	})
}

// terminalChecks says what this terminal can show; none in tests, which have none.
func (m *Model) terminalChecks() []runtime.Check {
	if m.getenv == nil {
		return nil
	}
	t := views.Terminal{Is: true, Getenv: m.getenv, Cols: m.layout.W, Rows: m.layout.H, Colours: m.colours, Prefix: m.keys.Prefix()}
	return views.TerminalChecks(&t)
}

func (m *Model) onChecked(msg checkedMsg) {
	x := msg.of
	x.loading, x.err = false, msg.err
	if msg.err == nil || len(msg.checks) > 0 {
		x.checks = msg.checks
	}
	// What is not there any more cannot be shown.
	x.top = max(0, min(x.top, m.theme.ChecksHeight(x.state(m), m.layout.W)-m.helpRows()))
}

func (x *hostView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	if a, ok := m.keys.Lookup(keymap.Everywhere, k.String()); k.String() == "r" || ok && a.ID == keymap.Refresh {
		return x.look(m)
	}
	switch k.String() {
	case "u":
		x.user, x.top = !x.user, 0
		return nil
	case "n", "N":
		way := map[string]int{"n": 1, "N": -1}[k.String()]
		s := x.state(m)
		next := m.theme.ChecksNext(s, m.layout.W, x.top, way)
		x.top = max(0, min(next, m.theme.ChecksHeight(s, m.layout.W)-m.helpRows()))
		return nil
	}
	top, done := scrollKey(k.String(), x.top, m.theme.ChecksHeight(x.state(m), m.layout.W), m.helpRows())
	x.top = top
	if done {
		x.stop()
		m.overlay = nil
	}
	return nil
}

// paste is not for reading.
func (*hostView) paste(*Model, string) bool { return false }

func (x *hostView) paint(m *Model) views.Block {
	return m.theme.Checks(x.state(m), m.layout.W, m.layout.H)
}

func (x *hostView) state(m *Model) *views.ChecksState {
	s := &views.ChecksState{
		Title: "This host", Checks: x.checks, Loading: x.loading, Offset: x.top, Say: m.noticeState(),
		Hints: []keymap.Hint{
			m.keyHint(keymap.Back, "closes"), m.keyHint(keymap.CheckAgain, "looks again"),
			m.keyHint(keymap.CheckNext, "next that is not ok"), m.keyHint(keymap.CheckUser, "what this user can do"),
		},
	}
	if x.user {
		s.Title, s.Hints[3].Text = "What works for "+m.userName(), "all of the host"
		if len(x.checks) > 0 {
			s.Checks = runtime.UserChecks(x.checks, m.about)
		}
	}
	if x.err != nil {
		s.Err = x.err.Error()
	}
	return s
}

// userName is who lxcdeck runs as.
func (m *Model) userName() string { return cmp.Or(m.about.User, "this user") }

// greetUser tells a user other than root, at the first start, what is to be seen here.
func (m *Model) greetUser() {
	if m.about.UID == 0 || !m.tip.on {
		return
	}
	if key := m.keys.KeyOf(keymap.Palette); key != "" {
		m.sayAct(noteInfo, m.userName()+" is not root: root's containers need sudo", key+"doctor user", "tells what works")
	}
}
