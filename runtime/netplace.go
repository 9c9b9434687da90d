package runtime

// NetPlace is where a container's interface meets the host.
type NetPlace struct {
	Host   *NetLink // the other end of its veth, or what it is made on; nil = none that is known
	Bridge *NetLink // that Host is a port of, or is; nil = none
	Domain NetDomain
	// Inside says that it is on the host's network by way of another interface of
	// its container, such as a VLAN or a bridge in there.
	Inside bool
}

// NetDomain is what hears each other's broadcasts: a bridge of the host, or an
// interface, and a VLAN on it (0 = none). The zero NetDomain is not known: nothing
// can be said of who else is in it.
type NetDomain struct {
	Link int // index on the host
	VLAN int
}

// NetPlaces says where interfaces are in one NetworkMap, which does not change
// meanwhile. It is for one goroutine.
type NetPlaces struct {
	byIndex map[int]*NetLink
	byPeer  map[netPeer]*NetLink
	// placed are the containers' interfaces that were looked at, or are being: on a
	// way back to itself an interface has the zero NetPlace. One look for one of them
	// (from it all others are followed) sees each once.
	placed map[placedNet]NetPlace
	// without are those that such a look found no place for, the first of them
	// apart: their way may lead over one that was being looked at.
	without []placedNet
	deep    int
}

// placedNet is an interface of a container; name tells apart those whose index is
// not known.
type placedNet struct {
	c     *ContainerNet
	index int
	name  string
}

// netPeer is an interface as the host's veth tells of its other end.
type netPeer struct{ ns, index int }

// Places makes the index of a map.
func (m *NetworkMap) Places() *NetPlaces {
	p := &NetPlaces{map[int]*NetLink{}, map[netPeer]*NetLink{}, map[placedNet]NetPlace{}, nil, 0}
	for i := range m.Host {
		l := &m.Host[i]
		p.byIndex[l.Index] = l
		if l.Kind == "veth" && l.LinkNS >= 0 {
			p.byPeer[netPeer{l.LinkNS, l.Link}] = l
		}
	}
	return p
}

// HostLink is an interface of the host by its index; nil = there is none.
func (p *NetPlaces) HostLink(index int) *NetLink { return p.byIndex[index] }

// Of is where an interface of a container is.
func (p *NetPlaces) Of(c *ContainerNet, l *NetLink) NetPlace {
	if c.OnHost {
		return NetPlace{}
	}
	key := placedNet{c, l.Index, l.Name}
	at, is := p.placed[key]
	if !is {
		p.placed[key] = NetPlace{}
		p.deep++
		at = p.of(c, l)
		p.deep--
		p.placed[key] = at
		switch {
		case p.deep == 0:
			for _, k := range p.without {
				delete(p.placed, k)
			}
			p.without = p.without[:0]
		case at == NetPlace{}:
			p.without = append(p.without, key)
		}
	}
	return at
}

// deepestNet is how far interfaces of the host are followed that are made on each
// other. Those of a container are at most MaxNetLinks.
const deepestNet = 8

func (p *NetPlaces) of(c *ContainerNet, l *NetLink) NetPlace {
	var at NetPlace
	switch {
	case l.Kind == "veth" || l.Kind == "" && l.Link == 0:
		h := p.byPeer[netPeer{c.NSID, l.Index}]
		// Both ends have to say so; a user reads the host's alone.
		if c.NSID < 0 || l.Index == 0 || h == nil || l.Kind == "veth" && (l.LinkNS != HostNS || l.Link != h.Index) {
			break
		}
		at = NetPlace{Host: h, Domain: p.domain(h, 0)}
	case l.LinkNS == HostNS:
		if h := p.byIndex[l.Link]; h != nil {
			at = NetPlace{Host: h, Domain: p.domain(h, 0)}
			if l.Kind == "vlan" {
				at.Domain = p.tagged(at.Domain, l.VLAN)
			}
		}
	}
	if at.Host == nil && l.LinkNS == HereNS {
		at = p.within(c, l)
	}
	if b := p.byIndex[at.Domain.Link]; b != nil && b.Kind == "bridge" {
		at.Bridge = b
	}
	return at
}

// within follows an interface that is made on others of its container.
func (p *NetPlaces) within(c *ContainerNet, l *NetLink) NetPlace {
	for i := range c.Links {
		o := &c.Links[i]
		lower := l.Link > 0 && o.Index == l.Link && o != l && l.Kind != "veth"
		port := o.Master > 0 && o.Master == l.Index && (l.Kind == "bridge" || l.Kind == "bond" || l.Kind == "team")
		if !lower && !port {
			continue
		}
		at := p.Of(c, o)
		if at.Domain == (NetDomain{}) {
			continue
		}
		at.Inside = true
		switch {
		case lower && l.Kind == "vlan":
			at.Domain = p.tagged(at.Domain, l.VLAN)
		case port && l.Filters: // which VLAN it is on is not known
			at.Domain = NetDomain{}
		}
		return at
	}
	return NetPlace{}
}

// domain is what an interface of the host is on.
func (p *NetPlaces) domain(h *NetLink, depth int) NetDomain {
	switch m := p.byIndex[h.Master]; {
	case depth > deepestNet || h.Master != 0 && m == nil:
		return NetDomain{}
	case m != nil && m.Kind == "bridge":
		return p.onBridge(m, h)
	case m != nil && (m.Kind == "bond" || m.Kind == "team"):
		return p.domain(m, depth+1)
	case m != nil && m.Kind != "vrf": // Open vSwitch and others, which have networks of their own
		return NetDomain{}
	case h.Kind == "bridge":
		return p.onBridge(h, h)
	case h.Link > 0 && h.LinkNS == HereNS && (h.Kind == "vlan" || h.Kind == "macvlan" || h.Kind == "ipvlan" || h.Kind == "macvtap"):
		lower := p.byIndex[h.Link]
		if lower == nil {
			return NetDomain{}
		}
		d := p.domain(lower, depth+1)
		if h.Kind == "vlan" {
			d = p.tagged(d, h.VLAN)
		}
		return d
	default:
		return NetDomain{Link: h.Index}
	}
}

// onBridge is the domain of a bridge's port, or of the bridge itself.
func (p *NetPlaces) onBridge(bridge, port *NetLink) NetDomain {
	switch {
	case !bridge.Filters:
		return NetDomain{Link: bridge.Index}
	case port.PVID > 0:
		return NetDomain{bridge.Index, port.PVID}
	default:
		return NetDomain{}
	}
}

// tagged is the domain of frames that have a VLAN's tag. Tags within tags are not
// followed.
func (p *NetPlaces) tagged(d NetDomain, vlan int) NetDomain {
	b := p.byIndex[d.Link]
	switch {
	case d.Link == 0 || vlan <= 0:
		return NetDomain{}
	case d.VLAN != 0 && (b == nil || !b.Filters):
		return NetDomain{}
	default:
		return NetDomain{d.Link, vlan}
	}
}
