package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// portsMsg is one reading of a container's ports.
type portsMsg struct {
	view *netView
	ref  runtime.Ref
	list runtime.PortList
	err  error
}

// netKey is a row, whatever stands above it.
type netKey struct {
	kind  views.NetRowKind
	ref   runtime.Ref
	index int
	name  string // of the interface, heading or socket
	nth   int    // of equal sockets of a process (SO_REUSEPORT of socket(7)), from 0
}

// netLinkKey is an interface in one life of its container.
type netLinkKey struct {
	ref         runtime.Ref
	init, index int
	ns          uint64
	name        string
}

// netReading is what rates need of an earlier reading.
type netReading struct {
	at    time.Time
	links map[netLinkKey]netCount
}

type netCount struct {
	at   time.Time
	link runtime.NetLink
}

type netRate struct{ rx, tx runtime.Rate }

// netView shows the host's bridges and what containers have on them. It reads them
// at the sampling interval, as long as it is open.
type netView struct {
	reader
	alone     *runtime.Ref // whose alone it is; nil = all
	net       runtime.NetworkMap
	have      bool // net was read
	conflicts []runtime.NetConflict
	past      []netReading // the newest last
	rates     map[netLinkKey]netRate
	err       error

	ports     runtime.PortList
	portsOf   runtime.Ref // whose ports they are; zero = nobody's
	portsErr  error
	portsOut  bool
	portsFrom time.Time     // when the reading began that is out
	portsTook time.Duration // the last one
	portsAt   time.Time     // when it came back
	stopPorts context.CancelFunc

	rows    []views.NetRow
	keys    []netKey // of rows
	links   int
	on      netKey // what is under the cursor: it keeps it when rows move
	at, top int
}

func (m *Model) networkHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(f func(*netView) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if x := m.networkOpen(); x != nil {
				return f(x)
			}
			return nil
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.NetworkMap: m.openNetwork,
		keymap.NetAlone:   on(func(x *netView) tea.Cmd { return x.switchAlone(m) }),
		keymap.NetNext:    on(func(x *netView) tea.Cmd { return x.nextConflict(m) }),
		keymap.NetCopy:    on(func(x *netView) tea.Cmd { return x.copyMenu(m) }),
	}
}

// openNetwork shows the map with the cursor on the selected container.
func (m *Model) openNetwork() tea.Cmd {
	x := &netView{rates: map[netLinkKey]netRate{}}
	if c := m.selected(); c != nil {
		x.on.ref = c.Ref
	}
	m.overlay = x
	return x.fetch(m)
}

// networkOpen is the view, be it below something else; nil = it is not open.
func (m *Model) networkOpen() *netView {
	return opened[*netView](m)
}

// fetch reads the networks off the loop: of all containers that run, as one that is
// alone may have an address of another.
func (x *netView) fetch(m *Model) tea.Cmd {
	ports := x.fetchPorts(m)
	if x.out {
		return ports
	}
	refs := runtime.NetRefs(m.all)
	rt := m.rt
	return tea.Batch(ports, fetch(m, x, "network", readDeadline, func(ctx context.Context) (runtime.NetworkMap, error) {
		return rt.Network(ctx, refs)
	}))
}

// fetchPorts reads those of the container that is shown alone, and rests in between
// for some times as long as it took.
func (x *netView) fetchPorts(m *Model) tea.Cmd {
	if x.alone == nil || x.portsOut || x.portsOf == *x.alone && m.clock.Now().Sub(x.portsAt) < readShare*x.portsTook {
		return nil
	}
	if c := m.byRef(*x.alone); c == nil || !c.Counted() {
		return nil
	}
	ctx, stop := context.WithTimeout(m.out.ctx, readDeadline)
	x.stopPorts, x.portsOut, x.portsFrom = stop, true, m.clock.Now()
	rt, ref := m.rt, *x.alone
	return cmd("ports", func() tea.Msg {
		defer stop()
		list, err := rt.Ports(ctx, ref)
		return portsMsg{x, ref, list, err}
	})
}

func (x *netView) due(m *Model) tea.Cmd {
	if m.held { // what stands still needs no figures
		return next(m, x, m.interval)
	}
	return x.fetch(m)
}

func (x *netView) took(m *Model, net runtime.NetworkMap, err error) tea.Cmd {
	pause := x.pause(m)
	if x.err = err; err == nil {
		if len(x.past) == 0 {
			pause = min(pause, firstPause)
		}
		x.take(net)
	}
	x.arrange(m)
	return next(m, x, pause)
}

func (m *Model) onPorts(msg portsMsg) tea.Cmd {
	x := msg.view
	x.portsOut = false
	x.portsAt = m.clock.Now()
	x.portsTook = x.portsAt.Sub(x.portsFrom)
	if m.networkOpen() != x {
		return nil
	}
	if x.alone == nil || *x.alone != msg.ref { // of one that was left, for which another may wait
		return x.fetchPorts(m)
	}
	switch x.portsErr = nil; {
	case errors.Is(msg.err, runtime.ErrWrongState), errors.Is(msg.err, runtime.ErrNotFound): // the map tells it
		x.ports, x.portsOf = runtime.PortList{}, runtime.Ref{}
	case msg.err != nil:
		x.portsOf, x.portsErr = msg.ref, msg.err // what was read before stays
	default:
		x.portsOf, x.ports = msg.ref, msg.list
	}
	x.arrange(m)
	return nil
}

// take makes rates of a new reading and those before it.
func (x *netView) take(net runtime.NetworkMap) {
	x.net, x.have = net, true
	x.conflicts = net.Conflicts()
	for len(x.past) > 1 && net.At.Sub(x.past[1].at) >= rateOver {
		x.past = x.past[1:]
	}
	now := netReading{net.At, map[netLinkKey]netCount{}}
	x.rates = map[netLinkKey]netRate{}
	count := func(k netLinkKey, at time.Time, l *runtime.NetLink) {
		now.links[k] = netCount{at, *l}
		if len(x.past) == 0 {
			return
		}
		if from, ok := x.past[0].links[k]; ok {
			var r netRate
			r.rx, r.tx = runtime.LinkRates(&from.link, l, at.Sub(from.at))
			x.rates[k] = r
		}
	}
	for i := range net.Host {
		if l := &net.Host[i]; l.Kind == "bridge" {
			count(hostKey(l), net.At, l)
		}
	}
	for i := range net.Containers {
		c := &net.Containers[i]
		for k := range c.Links {
			count(linkKey(c, &c.Links[k]), c.At, &c.Links[k])
		}
	}
	x.past = append(x.past, now)
}

func hostKey(l *runtime.NetLink) netLinkKey { return netLinkKey{index: l.Index, name: l.Name} }

func linkKey(c *runtime.ContainerNet, l *runtime.NetLink) netLinkKey {
	return netLinkKey{c.Ref, c.InitPID, l.Index, c.NS, l.Name}
}

// leave closes the view; readings that are out are given up.
func (x *netView) leave(m *Model) tea.Cmd {
	if x.stopPorts != nil {
		x.stopPorts()
	}
	return x.reader.leave(m)
}

func (x *netView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	a, ok := m.keys.Lookup(keymap.Network, k.String())
	if !ok {
		return nil
	}
	if a.Scope == keymap.Network {
		return m.handlers[a.ID]()
	}
	page := max(1, x.room(m)/2)
	if to, ok := stepped(a.ID, x.at, page, len(x.rows)); ok {
		return x.move(m, to)
	}
	switch a.ID {
	case keymap.Back:
		if x.alone != nil {
			return x.switchAlone(m)
		}
		return x.leave(m)
	case keymap.Quit, keymap.Interrupt:
		return x.leave(m)
	case keymap.Refresh:
		return x.fetch(m)
	case keymap.Faster, keymap.Slower, keymap.FreezeView:
		return m.do(a)
	}
	return m.aside(x, keymap.Network, a, x.leave)
}

func (x *netView) move(m *Model, to int) tea.Cmd {
	x.at = max(0, min(to, len(x.rows)-1))
	if x.at < len(x.keys) {
		x.on = x.keys[x.at]
	}
	x.scroll(m)
	return nil
}

// paste is for no text field.
func (*netView) paste(*Model, string) bool { return false }

// switchAlone shows the container under the cursor alone, or all again.
func (x *netView) switchAlone(m *Model) tea.Cmd {
	switch {
	case x.alone != nil:
		x.on = netKey{ref: *x.alone}
		x.alone = nil
	case x.on.ref == (runtime.Ref{}):
		m.say(noteInfo, "no container is under the cursor", "move to one of its interfaces")
		return nil
	default:
		ref := x.on.ref
		x.alone = &ref
		x.ports, x.portsOf, x.portsErr = runtime.PortList{}, runtime.Ref{}, nil
	}
	x.at, x.top = 0, 0
	x.arrange(m)
	return x.fetchPorts(m)
}

// nextConflict goes to the next row with an address that several have.
func (x *netView) nextConflict(m *Model) tea.Cmd {
	for i := range x.rows {
		if at := (x.at + 1 + i) % len(x.rows); x.rows[at].Conflict {
			return x.move(m, at)
		}
	}
	m.say(noteInfo, "no address is on a bridge or VLAN twice, as far as it is known", "")
	return nil
}

// room is how many rows are in sight.
func (x *netView) room(m *Model) int { return views.NetworkRows(x.state(m), m.layout.H) }

func (x *netView) scroll(m *Model) { x.top = views.Scroll(x.at, x.top, len(x.rows), x.room(m)) }
