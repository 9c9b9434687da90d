package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// ownersMsg says whom a pid or a port belongs to.
type ownersMsg struct {
	of     *ownerList
	owners []runtime.Owner
	err    error
}

// ownerList shows whom a pid or a port belongs to, to go there.
type ownerList struct {
	menu
	q    runtime.OwnerQuery
	stop context.CancelFunc
}

// openWho asks for the pid or port.
func (m *Model) openWho() tea.Cmd {
	f := &form{title: "Who has a pid or a port", action: "looks", wrong: -1, fields: []formField{textField("pid or port", "4711, or :80 for a port alone", "")}}
	f.fields[0].need = "a pid of the host, or a port"
	f.live = func(_ *Model, f *form) tea.Cmd {
		f.fields[0].bad = ""
		if _, err := runtime.ParseOwnerQuery(f.text(0)); err != nil && !f.fields[0].empty() {
			f.fields[0].bad = "that is neither a pid nor a port"
		}
		return nil
	}
	f.submit = func(f *form) tea.Cmd { return m.who(f.text(0)) }
	m.overlay = f
	return nil
}

// who looks for the owners off the loop.
func (m *Model) who(text string) tea.Cmd {
	q, err := runtime.ParseOwnerQuery(text)
	if err != nil {
		m.say(noteWarn, err.Error(), "")
		return nil
	}
	ctx, stop := context.WithTimeout(m.out.ctx, readDeadline)
	x := &ownerList{menu: menu{title: "Who has " + q.String(), note: "looking ...   esc leaves"}, q: q, stop: stop}
	m.overlay = x
	rt := m.rt
	return cmd("who", func() tea.Msg {
		defer stop()
		owners, err := rt.Owners(ctx, q)
		return ownersMsg{x, owners, err}
	})
}

// key leaves a search that is under way, too.
func (x *ownerList) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	act := x.menu.key(m, k)
	if m.overlay != overlay(x) {
		x.stop()
	}
	return act
}

// onOwners shows what was found, if somebody still waits for it. One container is
// gone to at once.
func (m *Model) onOwners(msg ownersMsg) tea.Cmd {
	x := msg.of
	if m.overlay != overlay(x) {
		return nil
	}
	switch {
	case msg.err != nil:
		m.overlay = nil
		m.say(noteError, msg.err.Error(), "")
		return nil
	case len(msg.owners) == 0:
		m.overlay = nil
		m.say(noteInfo, nobodyHas(x.q), "")
		return nil
	case len(msg.owners) == 1 && msg.owners[0].Ref != (runtime.Ref{}) && msg.owners[0].Unlisted() == "":
		o := &msg.owners[0]
		m.overlay = nil
		m.say(noteInfo, m.called(o.Ref)+" has "+x.q.String()+": "+x.words(o), "")
		return m.toOwner(o)
	}
	x.note = "esc leaves"
	for i := range msg.owners {
		o := &msg.owners[i]
		if o.Ref != (runtime.Ref{}) {
			x.note = "enter goes there, esc leaves"
		}
		x.items = append(x.items, choice{label: m.ownerName(o), hint: x.words(o), pick: func() tea.Cmd { return m.toOwner(o) }})
	}
	return nil
}

// words say what it is that was found, and how it has what was asked for.
func (x *ownerList) words(o *runtime.Owner) string {
	words := ownerWords(o)
	if pid := o.Process.PID; pid != x.q.PID && !o.Listens.Addr.IsValid() {
		words += fmt.Sprintf("  (%d is a thread of it)", x.q.PID)
	}
	return words
}

// nobodyHas is the answer when nothing was found.
func nobodyHas(q runtime.OwnerQuery) string {
	switch {
	case q.PID == 0:
		return fmt.Sprintf("nobody listens on %s, neither a container nor this host", q)
	case q.Port == 0:
		return fmt.Sprintf("there is no process %d", q.PID)
	default:
		return fmt.Sprintf("there is no process %d, and nobody listens on port %d", q.PID, q.Port)
	}
}

// ownerName is the container, or what there is instead.
func (m *Model) ownerName(o *runtime.Owner) string {
	if other := o.Unlisted(); other != "" {
		return other + ", not listed"
	}
	if o.Ref == (runtime.Ref{}) {
		return "this host"
	}
	return m.called(o.Ref)
}

// ownerWords say what it is that was found.
func ownerWords(o *runtime.Owner) string {
	var parts []string
	p := &o.Process
	if o.Listens.Addr.IsValid() {
		parts = append(parts, o.Listens.Proto+" "+o.Listens.Addr.String())
	}
	switch {
	case o.Monitor:
		parts = append(parts, fmt.Sprintf("pid %d, its monitor", p.PID))
	case p.PID == 0:
		parts = append(parts, "by no process that can be seen")
	default:
		text := fmt.Sprintf("%s, pid %d", p.Name, p.PID)
		if p.Inner > 0 && p.Inner != p.PID {
			text += fmt.Sprintf(" (%d inside)", p.Inner)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
}

// toOwner selects the container, and shows its processes with the cursor on
// the one that was found.
func (m *Model) toOwner(o *runtime.Owner) tea.Cmd {
	if other := o.Unlisted(); other != "" {
		m.say(noteInfo, other+" is a container of another lxcpath (-P) or of another user", "")
		return nil
	}
	if o.Ref == (runtime.Ref{}) {
		m.say(noteInfo, "that is no container's, but this host's own", "")
		return nil
	}
	for i := range m.rows.shown {
		if m.rows.shown[i].C.Ref == o.Ref {
			m.selectRow(i)
		}
	}
	return m.showProcesses(o.Ref, procOf(&o.Process))
}
