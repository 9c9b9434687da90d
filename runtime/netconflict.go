package runtime

import (
	"cmp"
	"net/netip"
	"slices"
)

// maxConflicts bounds what is told of, and of whom for each.
const (
	maxConflicts = 256
	maxClaims    = 16
)

// NetConflict is an address that several have where only one may.
type NetConflict struct {
	MAC    string     // "00:16:3e:..."; "" = it is an IP address
	IP     netip.Addr // the zero Addr = it is a MAC address
	Domain NetDomain  // where
	On     string     // name of the host's bridge or interface
	Who    []NetClaim // at least two
	More   bool       // there are more than are told of
}

// Address is what several have.
func (c *NetConflict) Address() string {
	if c.MAC != "" {
		return c.MAC
	}
	return c.IP.String()
}

// NetClaim is one who has an address.
type NetClaim struct {
	Ref  Ref    // zero = the host
	Link string // its interface, foreign text in a container
	// index and space tell it from others, whatever they are called.
	index int
	space uint64
	port  bool // it is on the host's network itself, not by way of another
}

// Is says whether a claim is that of an interface of a container (zero = the host).
func (c *NetClaim) Is(ref Ref, l *NetLink) bool {
	return c.Ref == ref && c.index == l.Index && c.Link == l.Name
}

// netKey is an address in its domain.
type netKey struct {
	at  NetDomain
	mac string
	ip  netip.Addr
}

// conflicts gathers who claims what.
type conflicts struct {
	by    map[netKey][]NetClaim
	order []netKey
}

func (all *conflicts) add(k netKey, c NetClaim) {
	if all.by[k] == nil {
		all.order = append(all.order, k)
	}
	all.by[k] = append(all.by[k], c)
}

// Conflicts finds equal MAC and IP addresses, each inside one domain alone: what
// is on different bridges or VLANs does not meet, nor does what has no way to the
// host's network, such as a docker0 inside. The host's own addresses count.
func (m *NetworkMap) Conflicts() []NetConflict {
	places := m.Places()
	all := &conflicts{by: map[netKey][]NetClaim{}}
	for i := range m.Host {
		l := &m.Host[i]
		all.claim(places.domain(l, 0), l, ownMAC(l, m.Host), NetClaim{Link: l.Name, index: l.Index})
	}
	seen := map[uint64]bool{}
	for i := range m.Containers {
		c := &m.Containers[i]
		space := c.NS
		switch {
		case c.OnHost || seen[space]:
			continue // a network that is shared is there once
		case space != 0:
			seen[space] = true
		default: // not known: each for itself, above all inodes (which have 32 bits)
			space = 1<<40 + uint64(i)
		}
		for k := range c.Links {
			l := &c.Links[k]
			at := places.Of(c, l)
			all.claim(at.Domain, l, ownMAC(l, c.Links), NetClaim{Ref: c.Ref, Link: l.Name, index: l.Index, space: space, port: !at.Inside})
		}
	}
	return all.found(places)
}

// passthru is a macvlan or macvtap that has its parent's address for its own
// (MACVLAN_MODE_PASSTHRU of if_link.h).
const passthru = 8

// ownMAC says whether an interface's MAC address is its own, and none that it has by
// design of the one it is made on, or of the bond that it is a port of. A port of
// something that is not known has none either: it may be a bond.
func ownMAC(l *NetLink, beside []NetLink) bool {
	switch {
	case l.Kind == "ipvlan" || l.Kind == "ipvtap" || (l.Kind == "macvlan" || l.Kind == "macvtap") && l.Mode == passthru:
		return false
	case l.Master == 0:
		return true
	}
	i := slices.IndexFunc(beside, func(o NetLink) bool { return o.Index == l.Master })
	return i >= 0 && beside[i].Kind != "bond" && beside[i].Kind != "team"
}

// claim takes an interface's addresses. One that is switched off answers nobody; of
// which that is not known, counts.
func (all *conflicts) claim(at NetDomain, l *NetLink, ownMAC bool, c NetClaim) {
	if at == (NetDomain{}) || l.State == LinkDown {
		return
	}
	if ownMAC && len(l.MAC) == 6 && l.MAC[0]&1 == 0 && slices.ContainsFunc(l.MAC, func(b byte) bool { return b != 0 }) {
		all.add(netKey{at: at, mac: l.MAC.String()}, c)
	}
	for _, p := range l.Addrs {
		if ip := p.Addr(); ip.IsValid() && !ip.IsLoopback() && !ip.IsUnspecified() && !ip.IsMulticast() {
			all.add(netKey{at: at, ip: ip.WithZone("")}, c)
		}
	}
}

func (all *conflicts) found(places *NetPlaces) []NetConflict {
	var out []NetConflict
	for _, k := range all.order {
		who := all.by[k]
		if len(who) < 2 || !clash(k, who) {
			continue
		}
		c := NetConflict{MAC: k.mac, IP: k.ip, Domain: k.at, Who: who}
		if l := places.HostLink(k.at.Link); l != nil {
			c.On = l.Name
		}
		if len(who) > maxClaims {
			c.Who, c.More = who[:maxClaims], true
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b NetConflict) int {
		// MAC addresses first: link-local ones follow from them.
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Domain.VLAN, b.Domain.VLAN), a.IP.Compare(b.IP), cmp.Compare(a.MAC, b.MAC))
	})
	return out[:min(len(out), maxConflicts)]
}

// clash says whether claims are of different ones. A namespace answers for all its
// interfaces, so that an address of it may be on several; only a MAC address that
// two of its ports on the host's network have is one too many. The host's own ports
// share theirs with their bridge.
func clash(k netKey, who []NetClaim) bool {
	ports := 0
	for i := range who {
		if who[i].space != who[0].space {
			return true
		}
		if who[i].port {
			ports++
		}
	}
	return k.mac != "" && ports > 1
}
