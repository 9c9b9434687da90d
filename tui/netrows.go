package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// netGroup is a heading and what stands under it.
type netGroup struct {
	order int // of its kind
	row   views.NetRow
	rows  []views.NetRow
	keys  []netKey
}

// The kinds of groups, in their order.
const (
	onBridge = iota
	onDevice
	offHost
	hostNet
	noNet
	notRead
	notRunning
)

// netRows gathers the rows of the map.
type netRows struct {
	m      *Model
	x      *netView
	places *runtime.NetPlaces
	groups map[string]*netGroup
	first  map[uint64]runtime.Ref // who has a namespace, of those that share it
	bad    map[badKey]bool        // addresses that several have; true = a MAC address
	links  int
}

type badKey struct {
	ref   runtime.Ref
	index int
	name  string
}

// arrange makes the rows anew; the cursor stays on its row, or goes to what took its
// place.
func (x *netView) arrange(m *Model) {
	x.rows, x.keys, x.links = nil, nil, 0
	if !x.have {
		return
	}
	n := &netRows{m, x, x.net.Places(), map[string]*netGroup{}, map[uint64]runtime.Ref{}, map[badKey]bool{}, 0}
	for i := range x.conflicts {
		c := &x.conflicts[i]
		for _, w := range c.Who {
			for _, k := range x.claimed(&w) {
				n.bad[k] = n.bad[k] || c.MAC != ""
			}
		}
	}
	if x.alone == nil {
		for i := range x.net.Host {
			if l := &x.net.Host[i]; l.Kind == "bridge" {
				n.bridge(l)
			}
		}
	}
	for i := range x.net.Containers {
		c := &x.net.Containers[i]
		if is := m.byRef(c.Ref); is != nil && is.Counted() && (x.alone == nil || c.Ref == *x.alone) {
			n.container(c)
		}
	}
	n.others()
	all := make([]*netGroup, 0, len(n.groups))
	for _, g := range n.groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *netGroup) int {
		return cmp.Or(cmp.Compare(a.order, b.order), strings.Compare(a.row.Name, b.row.Name))
	})
	for _, g := range all {
		x.rows, x.keys = append(x.rows, g.row), append(x.keys, netKey{kind: views.NetHeading, name: g.row.Name})
		x.rows, x.keys = append(x.rows, g.rows...), append(x.keys, g.keys...)
	}
	x.links = n.links
	if x.alone != nil {
		x.addPorts(m)
	}
	x.find(m)
}

// find puts the cursor where it was.
func (x *netView) find(m *Model) {
	i := slices.Index(x.keys, x.on)
	if i < 0 && x.on.ref != (runtime.Ref{}) { // any row of that container
		i = slices.IndexFunc(x.keys, func(k netKey) bool { return k.ref == x.on.ref })
	}
	if i >= 0 {
		x.at = i
	}
	x.at = max(0, min(x.at, len(x.rows)-1))
	if x.at < len(x.keys) {
		x.on = x.keys[x.at]
	}
	x.scroll(m)
}

// claimed are the interfaces of a claim: of containers that share a network, those
// of all.
func (x *netView) claimed(w *runtime.NetClaim) []badKey {
	var out []badKey
	links := func(ref runtime.Ref, all []runtime.NetLink) {
		for k := range all {
			if l := &all[k]; w.Is(ref, l) {
				out = append(out, badKey{ref, l.Index, l.Name})
			}
		}
	}
	if w.Ref == (runtime.Ref{}) {
		links(w.Ref, x.net.Host)
		return out
	}
	for i := range x.net.Containers {
		if c := &x.net.Containers[i]; c.Ref == w.Ref {
			links(c.Ref, c.Links)
		}
	}
	return out
}

func (n *netRows) group(order int, name, text string) *netGroup {
	g := n.groups[name]
	if g == nil {
		g = &netGroup{order: order, row: views.NetRow{Kind: views.NetHeading, Name: name, Text: text}}
		n.groups[name] = g
	}
	return g
}

// bridge is the group of a bridge or of another interface of the host.
func (n *netRows) bridge(l *runtime.NetLink) *netGroup {
	order, text := onDevice, l.Kind
	if l.Kind == "bridge" {
		order = onBridge
	}
	if text == "" {
		text = "device"
	}
	text += ", " + l.State.String()
	if addrs := views.LinkAddrs(l); addrs != views.Absent {
		text += ", " + addrs
	}
	g := n.group(order, l.Name, text)
	if l.Kind == "bridge" {
		r := n.x.rates[hostKey(l)]
		g.row.Link, g.row.Rx, g.row.Tx = l, r.rx, r.tx
	}
	_, g.row.Conflict = n.bad[badKey{index: l.Index, name: l.Name}]
	return g
}

// container hangs a container's interfaces up where they are.
func (n *netRows) container(c *runtime.ContainerNet) {
	sentence := func(order int, name, text string) { n.sentence(c.Ref, order, name, "", text) }
	switch {
	case !c.Since.IsZero():
		sentence(notRead, "not read", "no answer "+views.Age(n.m.clock.Now().Sub(c.Since)))
	case c.Why != "":
		sentence(notRead, "not read", c.Why)
	case c.OnHost:
		sentence(hostNet, "the host's network", "has no network of its own")
	case c.NS != 0 && n.first[c.NS] != (runtime.Ref{}):
		sentence(noNet, "no interface of its own", "shares the network of "+n.m.called(n.first[c.NS]))
	case len(c.Links) == 0 && c.Unknown() != "":
		sentence(notRead, "not read", "not known: "+c.Unknown())
	case len(c.Links) == 0:
		sentence(noNet, "no interface of its own", "has loopback alone")
	default:
		n.interfaces(c)
	}
	if n.first[c.NS] == (runtime.Ref{}) {
		n.first[c.NS] = c.Ref
	}
	if c.More && len(c.Links) > 0 && n.x.alone != nil {
		sentence(notRead, "not read", "not known: "+c.Unknown())
	}
}

// interfaces are those of a container that are on the host's network, and where it is
// shown alone, or has no others, all.
func (n *netRows) interfaces(c *runtime.ContainerNet) {
	out, rest := 0, 0
	for k := range c.Links {
		l := &c.Links[k]
		at := n.places.Of(c, l)
		switch {
		case at.Bridge != nil:
			n.link(n.bridge(at.Bridge), c, l, &at)
		case at.Host != nil && l.Kind == "veth":
			n.link(n.group(offHost, "veth on no bridge", "(routed, or on Open vSwitch)"), c, l, &at)
		case at.Host != nil:
			n.link(n.bridge(at.Host), c, l, &at)
		case at.Domain.Link != 0 && n.places.HostLink(at.Domain.Link) != nil:
			n.link(n.bridge(n.places.HostLink(at.Domain.Link)), c, l, &at)
		default:
			rest++
			continue
		}
		out++
	}
	if rest == 0 || out > 0 && n.x.alone == nil {
		return
	}
	g := n.group(offHost, "inside alone", "(moved in, made in there, or with an other end that is not known)")
	most := rest
	if n.x.alone == nil {
		most = 1
	}
	for k := range c.Links {
		if at := n.places.Of(c, &c.Links[k]); most > 0 && at.Bridge == nil && at.Host == nil && at.Domain.Link == 0 {
			most--
			n.link(g, c, &c.Links[k], &at)
		}
	}
}

func (n *netRows) link(g *netGroup, c *runtime.ContainerNet, l *runtime.NetLink, at *runtime.NetPlace) {
	r := n.x.rates[linkKey(c, l)]
	row := views.NetRow{Kind: views.NetInterface, Container: n.m.called(c.Ref), Link: l, Rx: r.rx, Tx: r.tx}
	if at.Host != nil {
		row.Host = at.Host.Name
	}
	if l.Kind != "veth" && l.Kind != "" {
		row.Host = l.Kind
	}
	row.BadMAC, row.Conflict = n.bad[badKey{c.Ref, l.Index, l.Name}]
	g.rows = append(g.rows, row)
	g.keys = append(g.keys, netKey{kind: views.NetInterface, ref: c.Ref, index: l.Index, name: l.Name})
	n.links++
}

// others are the containers of which nothing was read: those that do not run, with
// what their configuration asks for, and those that run since.
func (n *netRows) others() {
	read := map[runtime.Ref]bool{}
	for i := range n.x.net.Containers {
		read[n.x.net.Containers[i].Ref] = true
	}
	for i := range n.m.all {
		c := &n.m.all[i]
		switch {
		case n.x.alone != nil && c.Ref != *n.x.alone, c.Counted() && read[c.Ref]:
		case c.Counted():
			n.sentence(c.Ref, notRead, "not read", "", "reading ...")
		case !c.NoAnswerSince.IsZero():
			n.sentence(c.Ref, notRead, "not read", "", "no answer "+views.Age(n.m.clock.Now().Sub(c.NoAnswerSince)))
		case c.State == runtime.Unknown:
			n.sentence(c.Ref, notRead, "not read", "", "its state is not known")
		default:
			n.sentence(c.Ref, notRunning, "not running", "(what their configuration asks for)", wishes(c))
		}
	}
}

// sentence stands for a container in place of its interfaces.
func (n *netRows) sentence(ref runtime.Ref, order int, name, about, text string) {
	g := n.group(order, name, about)
	g.rows = append(g.rows, views.NetRow{Kind: views.NetSentence, Container: n.m.called(ref), Text: text})
	g.keys = append(g.keys, netKey{kind: views.NetSentence, ref: ref, name: name})
}

// wishes is the network that a configuration asks for.
func wishes(c *runtime.Container) string {
	switch {
	case c.Config == nil && c.Foreign != nil:
		return "its configuration is not read: it is of uid " + strconv.Itoa(*c.Foreign)
	case c.Config == nil:
		return "its configuration was not read"
	default:
		return "asks for " + c.Config.NetWords()
	}
}

// addPorts puts the sockets that wait for others below the interfaces.
func (x *netView) addPorts(m *Model) {
	c := m.byRef(*x.alone)
	if c == nil || !c.Counted() {
		return
	}
	head := views.NetRow{Kind: views.NetHeading, Name: "listening", Text: "reading ..."}
	ports := x.ports.Ports
	another := x.ports.InitPID != 0 && x.ports.InitPID != c.InitPID // they are of another life
	if another {
		ports = nil
	}
	read := x.portsOf == *x.alone && (!another || x.portsErr != nil)
	switch {
	case read && x.portsErr != nil && len(ports) == 0:
		head.Text = "cannot be read"
	case read && len(ports) == 0:
		head.Text = "on nothing"
	case read && x.ports.More:
		head.Text = fmt.Sprintf("the first %d of many sockets", len(ports))
	case read:
		head.Text = "on 1 socket"
		if n := len(ports); n > 1 {
			head.Text = fmt.Sprintf("on %d sockets", n)
		}
	}
	x.rows, x.keys = append(x.rows, head), append(x.keys, netKey{kind: views.NetHeading, name: head.Name})
	if !read {
		return
	}
	seen := map[netKey]int{}
	for i := range ports {
		o := &ports[i]
		key := netKey{kind: views.NetSocket, ref: *x.alone, index: o.Process.PID, name: o.Listens.Proto + " " + o.Listens.Addr.String()}
		nth := seen[key]
		seen[key]++
		key.nth = nth
		x.rows, x.keys = append(x.rows, views.NetRow{Kind: views.NetSocket, Port: o}), append(x.keys, key)
	}
}
