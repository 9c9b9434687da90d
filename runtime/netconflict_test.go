package runtime

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// netHost is what a test's network has: two bridges, one that tells VLANs apart, Open
// vSwitch, a device with a VLAN on it. Addresses are added by the tests.
func netHost() NetworkMap {
	link := func(index int, name, kind string, mac byte) NetLink {
		return NetLink{Index: index, Name: name, Kind: kind, MAC: net.HardwareAddr{2, 0, 0, 0, 9, mac}, Up: true, LinkNS: HereNS, PVID: -1}
	}
	m := NetworkMap{Host: []NetLink{
		link(1, "lo", "", 0), link(2, "eth0", "", 1), link(3, "br0", "bridge", 2), link(4, "br1", "bridge", 3), link(5, "brv", "bridge", 4),
		link(6, "ovs-system", "openvswitch", 5), link(7, "eth0.10", "vlan", 1), link(8, "eth1", "", 6),
	}}
	m.Host[0].MAC = net.HardwareAddr{0, 0, 0, 0, 0, 0}
	m.Host[4].Filters, m.Host[4].PVID = true, 1
	m.Host[6].Link, m.Host[6].VLAN = 2, 10
	m.Host[2].Addrs = prefixes("10.0.0.1/24 fe80::1/64")
	return m
}

func prefixes(words string) []netip.Prefix {
	var out []netip.Prefix
	for _, w := range strings.Fields(words) {
		out = append(out, netip.MustParsePrefix(w))
	}
	return out
}

// port makes a container with a veth on one of the host's bridges.
func (m *NetworkMap) port(name string, master int, mac byte, addrs string) *ContainerNet {
	n := len(m.Containers)
	m.Host = append(m.Host, NetLink{Index: 100 + n, Name: fmt.Sprintf("veth%d", n), Kind: "veth", MAC: net.HardwareAddr{0xfe, 0, 0, 0, 1, byte(n)}, Up: true, Master: master, Link: 2, LinkNS: n, PVID: -1})
	m.Containers = append(m.Containers, ContainerNet{Ref: Ref{Path: "/x", Name: name}, NS: uint64(50 + n), NSID: n, Links: []NetLink{
		{Index: 2, Name: "eth0", Kind: "veth", MAC: net.HardwareAddr{2, 0, 0, 0, 0, mac}, Up: true, Link: 100 + n, LinkNS: HostNS, Addrs: prefixes(addrs), PVID: -1},
	}})
	return &m.Containers[n]
}

// told writes conflicts in a line each.
func told(m *NetworkMap) string {
	var out []string
	for _, c := range m.Conflicts() {
		who := ""
		for i := range c.Who {
			who += " " + c.Who[i].Ref.Name + "/" + c.Who[i].Link
		}
		out = append(out, fmt.Sprintf("%s %s.%d%s", c.Address(), c.On, c.Domain.VLAN, who))
	}
	return strings.Join(out, "; ")
}

func TestNetConflicts(t *testing.T) {
	inner := func(c *ContainerNet, kind string, link, vlan int, addrs string) *NetLink {
		c.Links = append(c.Links, NetLink{Index: 10 + len(c.Links), Name: kind + "9", Kind: kind, MAC: net.HardwareAddr{2, 9, 9, 9, 9, 9}, Up: true, Link: link, LinkNS: HereNS, VLAN: vlan, Addrs: prefixes(addrs), PVID: -1})
		return &c.Links[len(c.Links)-1]
	}
	for name, c := range map[string]struct {
		make func(m *NetworkMap)
		want string
	}{
		"nothing": {func(m *NetworkMap) { m.port("a", 3, 1, "10.0.0.2/24"); m.port("b", 3, 2, "10.0.0.3/24") }, ""},
		"same MAC on a bridge": {func(m *NetworkMap) { m.port("a", 3, 1, ""); m.port("b", 3, 1, "") },
			"02:00:00:00:00:01 br0.0 a/eth0 b/eth0"},
		"same MAC on two bridges": {func(m *NetworkMap) { m.port("a", 3, 1, ""); m.port("b", 4, 1, "") }, ""},
		"same IP on a bridge": {func(m *NetworkMap) { m.port("a", 3, 1, "10.0.0.2/24"); m.port("b", 3, 2, "10.0.0.2/16") },
			"10.0.0.2 br0.0 a/eth0 b/eth0"},
		"same IP on two bridges":    {func(m *NetworkMap) { m.port("a", 3, 1, "10.0.0.2/24"); m.port("b", 4, 2, "10.0.0.2/24") }, ""},
		"the host's address":        {func(m *NetworkMap) { m.port("a", 3, 1, "10.0.0.1/24") }, "10.0.0.1 br0.0 /br0 a/eth0"},
		"the host's on another":     {func(m *NetworkMap) { m.port("a", 4, 1, "10.0.0.1/24") }, ""},
		"link-local on two bridges": {func(m *NetworkMap) { m.port("a", 3, 1, "fe80::7/64"); m.port("b", 4, 2, "fe80::7/64 fe80::1/64") }, ""},
		"one that is down": {func(m *NetworkMap) {
			m.port("a", 3, 1, "10.0.0.2/24").Links[0].State = LinkDown
			m.port("b", 3, 1, "10.0.0.2/24")
		}, ""},
		"a user sees no states": {func(m *NetworkMap) {
			m.port("a", 3, 1, "10.0.0.2/24").Links[0].Up = false
			m.port("b", 3, 2, "10.0.0.2/24")
		}, "10.0.0.2 br0.0 a/eth0 b/eth0"},
		"docker0 inside": {func(m *NetworkMap) {
			inner(m.port("a", 3, 1, ""), "bridge", 0, 0, "172.17.0.1/16")
			inner(m.port("b", 3, 2, ""), "bridge", 0, 0, "172.17.0.1/16")
		}, ""},
		"an inner bridge with an uplink": {func(m *NetworkMap) {
			a := m.port("a", 3, 1, "")
			a.Links[0].Master = inner(a, "bridge", 0, 0, "10.0.0.5/24").Index
			m.port("b", 3, 2, "10.0.0.5/24")
		}, "10.0.0.5 br0.0 a/bridge9 b/eth0"},
		"VLANs of containers": {func(m *NetworkMap) {
			inner(m.port("a", 3, 1, ""), "vlan", 2, 10, "10.9.0.1/24")
			inner(m.port("b", 3, 2, "10.9.0.1/24"), "vlan", 2, 20, "10.9.0.1/24")
		}, ""},
		"the same VLAN": {func(m *NetworkMap) {
			inner(m.port("a", 3, 1, ""), "vlan", 2, 10, "10.9.0.1/24").MAC[5] = 1
			inner(m.port("b", 3, 2, ""), "vlan", 2, 10, "10.9.0.1/24").MAC[5] = 2
		}, "10.9.0.1 br0.10 a/vlan9 b/vlan9"},
		"a bridge with VLANs": {func(m *NetworkMap) {
			for i, vlan := range []int{10, 10, 20, -1} {
				m.port(string(rune('a'+i)), 5, byte(i), "10.0.0.2/24")
				m.Host[len(m.Host)-1].PVID = vlan
			}
		}, "10.0.0.2 brv.10 a/eth0 b/eth0"},
		"Open vSwitch": {func(m *NetworkMap) { m.port("a", 6, 1, "10.0.0.2/24"); m.port("b", 6, 1, "10.0.0.2/24") }, ""},
		"a network that is shared": {func(m *NetworkMap) {
			a := m.port("a", 3, 1, "10.0.0.2/24")
			m.Containers = append(m.Containers, *a)
			m.Containers[1].Name = "b"
		}, ""},
		"macvlan on one device": {func(m *NetworkMap) {
			for _, name := range []string{"a", "b"} {
				l := &m.port(name, 3, 1, "10.5.0.1/24").Links[0]
				l.Kind, l.Link = "macvlan", 8
			}
		}, "02:00:00:00:00:01 eth1.0 a/eth0 b/eth0; 10.5.0.1 eth1.0 a/eth0 b/eth0"},
		"macvlan on two": {func(m *NetworkMap) {
			for i, name := range []string{"a", "b"} {
				l := &m.port(name, 3, 1, "10.5.0.1/24").Links[0]
				l.Kind, l.Link = "macvlan", []int{8, 2}[i]
			}
		}, ""},
		"ipvlan has its parent's MAC": {func(m *NetworkMap) {
			for i, name := range []string{"a", "b"} {
				l := &m.port(name, 3, 6, fmt.Sprintf("10.5.0.%d/24", i+1)).Links[0]
				l.Kind, l.Link, l.MAC = "ipvlan", 8, m.Host[7].MAC
			}
		}, ""},
		"macvtap in passthru has its parent's MAC": {func(m *NetworkMap) {
			l := &m.port("a", 3, 6, "10.5.0.1/24").Links[0]
			l.Kind, l.Link, l.MAC, l.Mode = "macvtap", 8, m.Host[7].MAC, passthru
		}, ""},
		"macvtap with the host's MAC": {func(m *NetworkMap) {
			l := &m.port("a", 3, 6, "10.5.0.1/24").Links[0]
			l.Kind, l.Link, l.MAC = "macvtap", 8, m.Host[7].MAC
		}, "02:00:00:00:09:06 eth1.0 /eth1 a/eth0"},
		"macvlan and the bridge of its parent": {func(m *NetworkMap) {
			m.Host[7].Master = 3
			l := &m.port("a", 4, 1, "10.0.0.1/24").Links[0]
			l.Kind, l.Link = "macvlan", 8
		}, "10.0.0.1 br0.0 /br0 a/eth0"},
		"a VLAN moved in": {func(m *NetworkMap) {
			l := &m.port("a", 3, 1, "10.5.0.1/24").Links[0]
			l.Kind, l.Link, l.VLAN = "vlan", 2, 10
			m.Host[6].Addrs = prefixes("10.5.0.1/24")
		}, "10.5.0.1 eth0.10 /eth0.10 a/eth0"},
		"a veth that the host does not confirm": {func(m *NetworkMap) {
			m.port("a", 3, 1, "10.0.0.2/24")
			m.port("b", 3, 1, "10.0.0.2/24").Links[0].Link = 100
		}, ""},
		"ports of a bond":            {func(m *NetworkMap) { bonded(m, "bond", true) }, ""},
		"ports of a team":            {func(m *NetworkMap) { bonded(m, "team", true) }, ""},
		"ports of what is not known": {func(m *NetworkMap) { bonded(m, "", true) }, ""},
		"ports of a bond, and another": {func(m *NetworkMap) { bonded(m, "bond", true); m.port("b", 3, 1, "") },
			"02:00:00:00:00:01 br0.0 a/bond0 b/eth0"},
		"beside a bond, not of it": {func(m *NetworkMap) { bonded(m, "bond", false) },
			"02:00:00:00:00:01 br0.0 a/eth0 a/eth1"},
		"the host's bond": {func(m *NetworkMap) {
			bond := m.Host[7]
			bond.Index, bond.Name, bond.Kind, bond.Master = 9, "bond0", "bond", 3
			m.Host = append(m.Host, bond)
			m.Host[1].Master, m.Host[1].MAC, m.Host[7].Master = 9, bond.MAC, 9
			m.port("a", 3, 6, "").Links[0].MAC = bond.MAC
		}, "02:00:00:00:09:06 br0.0 /bond0 a/eth0"},
		"two of one container": {func(m *NetworkMap) {
			a := m.port("a", 3, 1, "10.0.0.2/24")
			m.Host = append(m.Host, NetLink{Index: 200, Name: "v2", Kind: "veth", Up: true, Master: 3, Link: 3, LinkNS: 0})
			a.Links = append(a.Links, NetLink{Index: 3, Name: "eth1", Kind: "veth", MAC: a.Links[0].MAC, Up: true, Link: 200, LinkNS: HostNS, Addrs: prefixes("10.0.0.2/24")})
		}, "02:00:00:00:00:01 br0.0 a/eth0 a/eth1"},
	} {
		m := netHost()
		c.make(&m)
		if got := told(&m); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// bonded gives a container two ports on br0 with one MAC address, and a bond, of which
// the ports are.
func bonded(m *NetworkMap, kind string, ports bool) {
	a := m.port("a", 3, 1, "")
	m.Host = append(m.Host, NetLink{Index: 200, Name: "v2", Kind: "veth", Up: true, Master: 3, Link: 3, LinkNS: 0})
	a.Links = append(a.Links, NetLink{Index: 3, Name: "eth1", Kind: "veth", MAC: a.Links[0].MAC, Up: true, Link: 200, LinkNS: HostNS})
	if kind != "" {
		a.Links = append(a.Links, NetLink{Index: 4, Name: kind + "0", Kind: kind, MAC: a.Links[0].MAC, Up: true, LinkNS: HereNS})
	}
	if ports {
		a.Links[0].Master, a.Links[1].Master = 4, 4
	}
}

// TestNetConflictsAreBounded: containers that claim all they can.
func TestNetConflictsAreBounded(t *testing.T) {
	m := netHost()
	for i := range 50 {
		c := m.port(fmt.Sprint("c", i), 3, 1, "")
		for k := range MaxNetLinks - 1 {
			// Each is made on the one before, and the first on the last.
			l := NetLink{Index: 10 + k, Name: "x", Kind: "vlan", VLAN: k % 4095, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Up: true, Link: 9 + k, LinkNS: HereNS}
			if k == 0 {
				l.Link = 10 + MaxNetLinks - 2
			}
			for a := range MaxNetAddrs {
				l.Addrs = append(l.Addrs, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 7, byte(k), byte(a)}), 24))
			}
			c.Links = append(c.Links, l)
		}
		for a := range 400 {
			c.Links[0].Addrs = append(c.Links[0].Addrs, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 8, byte(a >> 8), byte(a)}), 24))
		}
	}
	all := m.Conflicts()
	if len(all) != maxConflicts {
		t.Errorf("%d conflicts", len(all))
	}
	for _, c := range all {
		if len(c.Who) > maxClaims || !c.More || slices.ContainsFunc(c.Who, func(w NetClaim) bool { return w.Ref.Name == "" }) {
			t.Errorf("%+v", c)
		}
	}
}
