package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// confBackupMsg is an earlier version that was read.
type confBackupMsg struct {
	x    *confView
	text []byte
	err  error
}

// versions lists the earlier versions, the newest first; one that is chosen becomes
// the draft, and is compared before it is saved.
func (x *confView) versions(m *Model) tea.Cmd {
	if !x.read || len(x.got.Backups) == 0 {
		m.say(noteInfo, "no earlier version of "+x.name+" is kept: the first is when it is saved here", "")
		return nil
	}
	n := &menu{title: "Earlier versions of " + x.name, note: "enter compares one with what is there; a yes restores it"}
	for _, b := range slices.Backward(x.got.Backups) {
		n.items = append(n.items, choice{
			label: b.At.Local().Format("2006-01-02 15:04:05"), hint: diskSize(b.Size),
			pick: func() tea.Cmd { return x.readBackup(m, b) },
		})
	}
	m.overlay = &upon{n, x}
	return nil
}

// readBackup reads a version off the loop.
func (x *confView) readBackup(m *Model, b runtime.ConfigBackup) tea.Cmd {
	rt, of, ctx := m.rt, x.of, m.out.ctx
	return cmd("config", func() tea.Msg {
		ctx, stop := context.WithTimeout(ctx, readDeadline)
		defer stop()
		text, err := rt.ConfigBackup(ctx, of, b.Name)
		return confBackupMsg{x, text, err}
	})
}

func (msg confBackupMsg) arrive(m *Model) tea.Cmd {
	x := msg.x
	if opened[*confView](m) != x {
		return nil
	}
	if msg.err != nil {
		m.say(noteError, "no earlier version of "+x.name+" is restored: "+msg.err.Error(), hintOf(msg.err))
		return nil
	}
	if why := x.whyNot(m); why != "" {
		m.say(noteWarn, why, "")
		return nil
	}
	if x.drafted {
		m.say(noteWarn, x.name+" has changes that are not saved: save or drop them first", m.keyDoes(keymap.ConfUndo, "drops them"))
		return nil
	}
	look := x.take(m, msg.text)
	x.restores = x.drafted
	return look
}
