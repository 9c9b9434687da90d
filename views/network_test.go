package views

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// someNetwork is a map with a bridge, a device, and what is on neither.
func someNetwork() *NetworkState {
	s := &NetworkState{
		Cursor: 2, Links: 4, Conflicts: 1, AboutBad: true,
		About: []string{"00:16:3e:01:02:03 is on lxcbr0 more than once: web-1 (eth0), web-2 (eth0)", "web-2 eth0: veth, up, MAC 00:16:3e:01:02:03, mtu 1500, on the host vethQ7DkXa", "received 1.2G, sent 88M so far; 10.0.3.22/24"},
		Hints: []keymap.Hint{{Key: "enter", Text: "alone"}, {Key: "c", Text: "next conflict"}, {Key: "y", Text: "copy"}, {Key: ":", Text: "command"}, {Key: "?", Text: "help"}, {Key: "q", Text: "back"}},
	}
	link := func(name, kind string, state runtime.LinkState, addrs ...string) *runtime.NetLink {
		l := &runtime.NetLink{Index: 2, Name: name, Kind: kind, MAC: net.HardwareAddr{0, 0x16, 0x3e, 1, 2, 3}, MTU: 1500, State: state, Up: true, Rx: runtime.Of(1 << 30), Tx: runtime.Of(88 << 20)}
		for _, a := range addrs {
			l.Addrs = append(l.Addrs, netip.MustParsePrefix(a))
		}
		return l
	}
	add := func(r NetRow) { s.Rows = append(s.Rows, r) }
	add(NetRow{Kind: NetHeading, Name: "lxcbr0", Text: "bridge, up, 10.0.3.1/24", Link: link("lxcbr0", "bridge", runtime.LinkUp), Rx: runtime.RateOf(64e3), Tx: runtime.RateOf(1.2e6)})
	add(NetRow{Kind: NetInterface, Host: "vethZ19xKq", Container: "web-1", Link: link("eth0", "veth", runtime.LinkUp, "fe80::216:3eff:fe01:203/64", "10.0.3.21/24", "2001:db8::21/64"), Rx: runtime.RateOf(1.2e6), Tx: runtime.RateOf(88e3), Conflict: true, BadMAC: true})
	add(NetRow{Kind: NetInterface, Host: "vethQ7DkXa", Container: "web-2", Link: link("eth0", "veth", runtime.LinkUp, "10.0.3.22/24"), Conflict: true, BadMAC: true})
	add(NetRow{Kind: NetHeading, Name: "enp1s0", Text: "device, up, 192.0.2.10/24"})
	add(NetRow{Kind: NetInterface, Host: "macvlan", Container: "db-main", Link: link("wan0", "macvlan", runtime.LinkNoCarrier), Rx: runtime.RateOf(0), Tx: runtime.RateOf(0)})
	add(NetRow{Kind: NetHeading, Name: "inside alone", Text: "(moved in, made in there, or with an other end that is not known)"})
	user := link("eth0", "", runtime.LinkUnknown)
	user.Addrs = []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr("10.0.3.44"), -1)}
	user.MAC, user.MTU, user.More = nil, 0, true
	add(NetRow{Kind: NetInterface, Container: "sandbox", Link: user, Rx: runtime.RateOf(12), Tx: runtime.RateOf(0)})
	add(NetRow{Kind: NetHeading, Name: "not read"})
	add(NetRow{Kind: NetSentence, Container: "legacy-erp", Text: "no answer 12s"})
	add(NetRow{Kind: NetHeading, Name: "listening", Text: "on 2 sockets"})
	add(NetRow{Kind: NetSocket, Port: &runtime.Owner{Listens: runtime.Listener{Proto: "tcp", Addr: netip.MustParseAddrPort("0.0.0.0:80")}, Process: runtime.Process{PID: 4198, Inner: 88, Name: "nginx", User: "root"}}})
	add(NetRow{Kind: NetSocket, Port: &runtime.Owner{Listens: runtime.Listener{Proto: "udp6", Addr: netip.MustParseAddrPort("[fe80::216:3eff:fe01:203]:5353")}}})
	return s
}

// nastyNetwork has all that is hard to paint.
func nastyNetwork() *NetworkState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := someNetwork()
	s.Of, s.Note, s.Empty, s.About = bad, bad, bad, []string{bad, bad}
	for i := range s.Rows {
		r := &s.Rows[i]
		r.Name, r.Text, r.Host, r.Container = bad, bad, bad, nastyNames()[i%len(nastyNames())]
		r.Rx, r.Tx = runtime.RateOf(1e18), runtime.RateOf(1e18)
		if r.Link != nil {
			r.Link.Name, r.Link.MTU, r.Link.Kind, r.Link.MAC = bad, 4294967295, bad, make(net.HardwareAddr, 32)
			for range 16 {
				r.Link.Addrs = append(r.Link.Addrs, netip.MustParsePrefix("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128"))
			}
		}
		if r.Port != nil {
			r.Port.Process = runtime.Process{PID: 4194304, Inner: 4194304, Name: bad, User: bad}
			r.Port.Listens = runtime.Listener{Proto: bad, Addr: netip.MustParseAddrPort("[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%" + strings.Repeat("x", 40) + "]:65535")}
		}
	}
	return s
}

func TestGoldenNetwork(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "60x15": {60, 15}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		w, h := s[0], s[1]
		golden(t, "network-"+name, th.Network(someNetwork(), w, h), false)
		golden(t, "network-colour-"+name, th.Network(someNetwork(), w, h), true)
		golden(t, "network-mono-"+name, plain.Network(someNetwork(), w, h), true)
		none := &NetworkState{Of: "web-1", Empty: "web-1 is gone; esc shows the others.", Hints: someNetwork().Hints}
		golden(t, "network-empty-"+name, th.Network(none, w, h), false)
	}
}

func TestNetworkIsExact(t *testing.T) {
	states := []*NetworkState{someNetwork(), nastyNetwork(), nastyNetwork(), {Empty: strings.Repeat("long words ", 90), Say: &NoticeState{Text: "日本語 notice"}}}
	states[1].Say = states[3].Say
	for i, s := range states {
		th := themes(t)[i%2]
		for _, size := range sizes() {
			exact(t, fmt.Sprintf("network %d", i), th.Network(s, size[0], size[1]), size[0], size[1])
		}
		for _, size := range [][2]int{{0, 0}, {-1, -1}, {0, 5}} {
			if b := th.Network(s, size[0], size[1]); len(b) != max(0, size[1]) {
				t.Fatalf("%v: %d rows", size, len(b))
			}
		}
	}
}

func TestLinkAddrs(t *testing.T) {
	l := someNetwork().Rows[1].Link
	if got, want := LinkAddrs(l), "10.0.3.21/24 2001:db8::21/64 fe80::216:3eff:fe01:203/64"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := LinkAddrs(&runtime.NetLink{}); got != Absent {
		t.Errorf("without any: %q", got)
	}
}
