package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// logFinder waits for the list of a container's logs, of which one is chosen then.
type logFinder struct {
	reader
	of  runtime.Ref
	err error
}

func (m *Model) logHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{keymap.Logs: m.openLogs}
}

// openLogs looks for the logs of the selected container.
func (m *Model) openLogs() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	x := &logFinder{of: c.Ref}
	m.overlay = x
	return x.due(m)
}

func (x *logFinder) due(m *Model) tea.Cmd {
	rt, of := m.rt, x.of
	return fetch(m, x, "logs", readDeadline, func(ctx context.Context) ([]runtime.LogSource, error) { return rt.Logs(ctx, of) })
}

// took has one chosen. Those that cannot be read are told of too.
func (x *logFinder) took(m *Model, got []runtime.LogSource, err error) tea.Cmd {
	if x.err = err; err != nil {
		return nil
	}
	n := &menu{title: "Logs of " + m.called(x.of)}
	for _, s := range got {
		hint := s.Why
		if hint == "" {
			hint = views.ValueBytes(s.Size)
			if !s.Changed.IsZero() {
				hint += ", " + views.Age(m.clock.Now().Sub(s.Changed)) + " ago"
			}
		}
		n.items = append(n.items, choice{label: views.Clean(s.Name()), hint: views.Clean(hint), pick: func() tea.Cmd { return m.openLogOf(x.of, s) }})
	}
	if len(n.items) == 0 {
		n.note = "none is kept: lxc.log.file and lxc.console.logfile in its config name some"
	}
	m.overlay = n
	return nil
}

func (x *logFinder) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "q", "ctrl+c":
		return x.leave(m)
	case "ctrl+r":
		if !x.out {
			return x.due(m)
		}
	}
	return nil
}

func (*logFinder) paste(*Model, string) bool { return false }

func (x *logFinder) paint(m *Model) views.Block {
	s := &views.LogState{
		Title: m.called(x.of), Source: "its logs", Empty: "looking for them ...", Say: m.noticeState(),
		Hints: []keymap.Hint{{Key: "q", Text: "back"}},
	}
	if x.err != nil {
		s.Empty = fmt.Sprintf("they were not found: %s", views.Clean(x.err.Error()))
		s.Hints = append(s.Hints, keymap.Hint{Key: "ctrl+r", Text: "looks again"})
	}
	return m.theme.Log(s, m.layout.W, m.layout.H)
}
