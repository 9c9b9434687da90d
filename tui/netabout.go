package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// container is what was read of one; nil = nothing was.
func (x *netView) container(ref runtime.Ref) *runtime.ContainerNet {
	i := slices.IndexFunc(x.net.Containers, func(c runtime.ContainerNet) bool { return c.Ref == ref })
	if i < 0 {
		return nil
	}
	return &x.net.Containers[i]
}

// about is all about the row under the cursor, the most important first; bad says
// that the first of it tells of a conflict.
func (x *netView) about(m *Model) (lines []string, bad bool) {
	if x.at >= len(x.rows) {
		return nil, false
	}
	row, key := &x.rows[x.at], x.keys[x.at]
	index, name := key.index, key.name
	if row.Kind == views.NetHeading && row.Link != nil {
		index = row.Link.Index
	}
	for i := range x.conflicts {
		c := &x.conflicts[i]
		for _, w := range c.Who {
			if slices.Contains(x.claimed(&w), badKey{key.ref, index, name}) {
				lines, bad = append(lines, x.conflict(m, c)), true
				break
			}
		}
	}
	switch row.Kind {
	case views.NetInterface:
		lines = append(lines, x.aboutLink(m, row, key)...)
	case views.NetSocket:
		p := &row.Port.Process
		if lines = append(lines, row.Port.Listens.Proto+" "+row.Port.Listens.Addr.String()); p.PID == 0 {
			lines = append(lines, "by no process of the container that can be seen")
			break
		}
		lines = append(lines, p.Title())
	case views.NetSentence:
		lines = append(lines, row.Container+": "+row.Text)
		if c := x.container(key.ref); c != nil && c.Why != "" && c.Why != row.Text {
			lines = append(lines, c.Why)
		}
	default:
		if lines = append(lines, strings.TrimSpace(row.Name+" "+row.Text)); row.Link != nil {
			lines = append(lines, fmt.Sprintf("MAC %s, mtu %d; received and sent as the host counts them", row.Link.MAC, row.Link.MTU))
		}
	}
	return lines, bad
}

// conflict is a conflict in a sentence.
func (x *netView) conflict(m *Model, c *runtime.NetConflict) string {
	var who []string
	for i := range c.Who {
		if c.Who[i].Ref == (runtime.Ref{}) {
			who = append(who, "the host ("+c.Who[i].Link+")")
			continue
		}
		who = append(who, m.called(c.Who[i].Ref)+" ("+c.Who[i].Link+")")
	}
	on := c.On
	if c.Domain.VLAN > 0 {
		on += ", VLAN " + strconv.Itoa(c.Domain.VLAN) + ","
	}
	more := ""
	if c.More {
		more = " and others"
	}
	return c.Address() + " is on " + on + " more than once: " + strings.Join(who, ", ") + more
}

// aboutLink tells what has no column everywhere.
func (x *netView) aboutLink(m *Model, row *views.NetRow, key netKey) []string {
	l := row.Link
	kind := l.Kind
	if kind == "" {
		kind = "kind not known"
	}
	mac, mtu := views.Absent, views.Absent
	if len(l.MAC) > 0 {
		mac = l.MAC.String()
	}
	if l.MTU > 0 {
		mtu = strconv.Itoa(l.MTU)
	}
	first := fmt.Sprintf("%s %s: %s, %s, MAC %s, mtu %s", row.Container, l.Name, kind, l.State, mac, mtu)
	if l.VLAN > 0 {
		first += ", VLAN " + strconv.Itoa(l.VLAN)
	}
	if row.Host != "" && row.Host != l.Kind {
		first += ", host " + row.Host // as its column
	}
	lines := []string{first, fmt.Sprintf("received %s, sent %s so far; %s", views.ValueBytes(l.Rx), views.ValueBytes(l.Tx), views.LinkAddrs(l))}
	if l.Unread {
		lines[1] += " (addresses were not read)"
	}
	c := x.container(key.ref)
	if with := x.sharers(m, c); with != "" {
		lines = slices.Insert(lines, 1, "this network is that of "+with+" too")
	}
	if c != nil && c.Unknown() != "" {
		lines = append(lines, "not known: "+c.Unknown())
	}
	return lines
}

// maxSharers is how many are named that share a network.
const maxSharers = 4

// sharers are the others in a container's network; "" = none that is known.
func (x *netView) sharers(m *Model, c *runtime.ContainerNet) string {
	if c == nil || c.NS == 0 {
		return ""
	}
	var all []string
	for i := range x.net.Containers {
		if o := &x.net.Containers[i]; o.NS == c.NS && o.Ref != c.Ref {
			all = append(all, m.called(o.Ref))
		}
	}
	if n := len(all) - maxSharers; n > 0 {
		all = append(all[:maxSharers], fmt.Sprintf("%d others", n))
	}
	return strings.Join(all, ", ")
}

// copyMenu offers what is worth copying of the row under the cursor.
func (x *netView) copyMenu(m *Model) tea.Cmd {
	if x.at >= len(x.rows) {
		return nil
	}
	row, key := &x.rows[x.at], x.keys[x.at]
	pick := &menu{title: "Copy", note: "enter copies, esc leaves"}
	add := func(label, text string) {
		if text == "" {
			return
		}
		text = views.Clean(text) // a line end in it would be one where it is pasted
		pick.items = append(pick.items, choice{label: label, hint: text, pick: func() tea.Cmd {
			m.say(noteInfo, "copied: "+text, "")
			return tea.SetClipboard(text)
		}})
	}
	if l := row.Link; l != nil {
		for _, p := range l.Addrs {
			add("IP", p.Addr().String())
		}
		add("MAC", l.MAC.String())
		add("interface", runtime.ShellQuote(l.Name))
	}
	if row.Kind == views.NetInterface && row.Host != row.Link.Kind {
		add("interface of the host", runtime.ShellQuote(row.Host))
	}
	if key.ref.Name != "" {
		add("container", runtime.ShellQuote(key.ref.Name))
	}
	if row.Port != nil {
		add("address", row.Port.Listens.Addr.String())
		if row.Port.Process.PID > 0 {
			add("pid on the host", strconv.Itoa(row.Port.Process.PID))
		}
	}
	if len(pick.items) == 0 {
		m.say(noteInfo, "not copied: this row has no address or name", "move to an interface")
		return nil
	}
	m.overlay = &upon{pick, x}
	return nil
}
