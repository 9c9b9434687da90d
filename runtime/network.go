package runtime

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Networker tells how containers are on the network. It changes nothing.
type Networker interface {
	// Network reads the host's interfaces and those of the containers that run, each
	// of which has its place in what comes back. What cannot be read of one is said
	// there, and costs the others nothing: it is an error only when the context was
	// cancelled or nothing at all could be read.
	Network(context.Context, []Ref) (NetworkMap, error)
	// Ports gives the sockets that wait for others in a container's network. The
	// error wraps ErrWrongState when the container does not run.
	Ports(context.Context, Ref) (PortList, error)
}

// How much of a container's network is told of: it may have as much as it likes.
const (
	MaxNetLinks = 64   // interfaces of a container
	MaxNetAddrs = 16   // addresses of an interface
	MaxHostNet  = 4096 // interfaces of the host
	MaxPorts    = 256  // sockets of a container that wait for others
)

// NetworkMap is one look at all networks.
type NetworkMap struct {
	At         time.Time
	Host       []NetLink // of the network that lxcdeck itself is in, ordered by Index
	HostWhy    string    // why Host is not all there is; "" = it is
	Containers []ContainerNet
}

// ContainerNet is what a container has of the network.
type ContainerNet struct {
	Ref
	At      time.Time // when its counters were read
	InitPID int       // whose network it is: another pid, another life; 0 = not read
	// NS tells its network namespace from all others that there are (its inode,
	// namespaces(7)); 0 = not known. Equal ones are shared.
	NS uint64
	// NSID is the number that the host's network has for its own (RTM_GETNSID,
	// rtnetlink of net/core/net_namespace.c); -1 = none, or not known.
	NSID     int
	OnHost   bool      // it has no network of its own: lxc.net.0.type = none
	Links    []NetLink // without loopback, ordered by Index
	More     bool      // it has more interfaces than are told of
	Unsteady bool      // it changed while it was read: something may be missing
	// Part says what is not known of Links, and why; "" = all is.
	Part string
	// Why says why there are no Links; "" = they were read.
	Why string
	// Since is when a reading began that has not come back; zero = it has.
	Since time.Time
}

// Unknown says what is not known of the interfaces of one that was read; "" = they are
// all in Links, and all of them is known.
func (c *ContainerNet) Unknown() string {
	var all []string
	if c.Part != "" {
		all = append(all, c.Part)
	}
	switch {
	case c.More && len(c.Links) == 0:
		all = append(all, "its interfaces: there is more than is read")
	case c.More:
		all = append(all, fmt.Sprintf("interfaces beyond the first %d", len(c.Links)))
	}
	if c.Unsteady {
		all = append(all, "what changed while it was read")
	}
	return strings.Join(all, "; ")
}

// NetLink is one interface (rtnetlink(7), RTM_NEWLINK). Name is foreign text in
// a container.
type NetLink struct {
	Index  int // in its own namespace; 0 = not known
	Name   string
	Kind   string           // the kernel's: "veth", "bridge", "macvlan" ...; "" = a device, or not known
	MAC    net.HardwareAddr // nil = it has none, or not known
	MTU    int              // bytes; 0 = not known
	State  LinkState
	Up     bool           // switched on (IFF_UP)
	Addrs  []netip.Prefix // Bits() is -1 where how long the prefix is is not known
	More   bool           // it has more addresses than are told of
	Unread bool           // its addresses could not be read: none in Addrs does not mean none
	Rx, Tx Value          // bytes since it was made, as its own namespace counts them
	Master int            // index of the bridge or bond it is a port of; 0 = none
	Link   int            // index of its other end or of what it is made on; 0 = none
	// LinkNS says where Link is: HereNS, HostNS, or a number that its own
	// namespace has for another.
	LinkNS int
	VLAN   int // of a vlan, its id
	Mode   int // of a macvlan, IFLA_MACVLAN_MODE of if_link.h
	// Of a bridge, whether it tells VLANs apart, and of it and its ports the VLAN
	// of frames that have none (PVID); -1 = none, or not known.
	Filters bool
	PVID    int
}

// AddrText is an address with the length of its prefix, or alone where that is not
// known.
func AddrText(p netip.Prefix) string {
	if p.IsValid() {
		return p.String()
	}
	return p.Addr().String()
}

// Where a NetLink's other end is, beside numbers of the namespace's own.
const (
	HereNS = -1 // in the same namespace
	HostNS = -2 // in the host's
)

// LinkState is an interface's operational state (operstate,
// Documentation/networking/operstates.rst).
type LinkState uint8

// Whether an interface carries anything.
const (
	LinkUnknown LinkState = iota
	LinkUp
	LinkDown      // switched off
	LinkNoCarrier // switched on, but there is nothing at its other end
	LinkDormant   // waits for something, such as 802.1X
)

var linkStates = [...]string{"unknown", "up", "down", "no-carrier", "dormant"}

// String is the state in words of ip-link(8).
func (s LinkState) String() string { return linkStates[min(int(s), len(linkStates)-1)] }

// PortList are the sockets in a container's network that wait for others.
type PortList struct {
	At      time.Time
	InitPID int
	Ports   []Owner // ordered by port; of one whose process is not known Process is zero
	More    bool    // there are more than are told of
	// Unnamed says why processes are not known; "" = nothing stood in the way.
	Unnamed string
}

// LinkRates are what went over an interface between two readings, in bytes a
// second.
func LinkRates(a, b *NetLink, over time.Duration) (rx, tx Rate) {
	if a == nil || b == nil || over <= 0 || a.Index != b.Index || a.Name != b.Name {
		return Rate{}, Rate{}
	}
	return rate(a.Rx, b.Rx, over.Seconds(), 1), rate(a.Tx, b.Tx, over.Seconds(), 1)
}
