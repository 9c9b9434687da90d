package lxc

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// parseLink reads an ifinfomsg with its attributes (rtnetlink(7), if_link.h).
// Where its Link is stands in LinkNS as its own namespace numbers others.
func parseLink(data []byte) (l runtime.NetLink, loopback bool) {
	flags := binary.NativeEndian.Uint32(data[8:])
	at := attributes(data[unix.SizeofIfInfomsg:])
	l = runtime.NetLink{
		Index: number32(data[4:]), Name: strings.TrimRight(string(at[unix.IFLA_IFNAME]), "\x00"), MTU: number32(at[unix.IFLA_MTU]),
		Up: flags&unix.IFF_UP != 0, Master: number32(at[unix.IFLA_MASTER]), Link: number32(at[unix.IFLA_LINK]), LinkNS: runtime.HereNS, PVID: -1,
	}
	if mac := at[unix.IFLA_ADDRESS]; len(mac) > 0 && len(mac) <= 32 { // MAX_ADDR_LEN
		l.MAC = net.HardwareAddr(bytes.Clone(mac))
	}
	if ns, ok := at[unix.IFLA_LINK_NETNSID]; ok {
		l.LinkNS = number32(ns)
	}
	oper := byte(0)
	if v := at[unix.IFLA_OPERSTATE]; len(v) == 1 {
		oper = v[0]
	}
	l.State = linkState(oper, flags)
	if v := at[unix.IFLA_STATS64]; len(v) >= 32 { // struct rtnl_link_stats64
		l.Rx, l.Tx = runtime.Of(binary.NativeEndian.Uint64(v[16:])), runtime.Of(binary.NativeEndian.Uint64(v[24:]))
	}
	info := attributes(at[unix.IFLA_LINKINFO])
	l.Kind = strings.TrimRight(string(info[unix.IFLA_INFO_KIND]), "\x00")
	more := attributes(info[unix.IFLA_INFO_DATA])
	switch l.Kind {
	case "vlan":
		if v := more[1]; len(v) >= 2 { // IFLA_VLAN_ID
			l.VLAN = int(binary.NativeEndian.Uint16(v))
		}
	case "macvlan", "macvtap":
		l.Mode = number32(more[1]) // IFLA_MACVLAN_MODE
	case "bridge":
		const filtering = 7 // IFLA_BR_VLAN_FILTERING
		l.Filters = len(more[filtering]) == 1 && more[filtering][0] != 0
	}
	return l, flags&unix.IFF_LOOPBACK != 0
}

// linkState is what ip-link(8) says: operstate as RFC 2863 has it, and of devices
// that do not tell it (IF_OPER_UNKNOWN) the flag.
func linkState(oper byte, flags uint32) runtime.LinkState {
	const lowerDown, dormant, up = 3, 5, 6 // IF_OPER_* of if.h
	switch {
	case flags&unix.IFF_UP == 0:
		return runtime.LinkDown
	case oper == up:
		return runtime.LinkUp
	case oper == dormant:
		return runtime.LinkDormant
	case oper == lowerDown, flags&unix.IFF_LOWER_UP == 0 && oper != 0, flags&unix.IFF_RUNNING == 0:
		return runtime.LinkNoCarrier
	case oper == 0:
		return runtime.LinkUp
	default:
		return runtime.LinkUnknown
	}
}

// parsePVID reads which VLAN a bridge's port is in without a tag, from an answer to
// bridgeVLANs; -1 = none.
func parsePVID(data []byte) (index, vlan int) {
	const vlanInfo, isPVID = 2, 1 << 1 // IFLA_BRIDGE_VLAN_INFO, BRIDGE_VLAN_INFO_PVID of if_bridge.h
	index, vlan = number32(data[4:]), -1
	eachAttribute(attributes(data[unix.SizeofIfInfomsg:])[unix.IFLA_AF_SPEC], func(kind uint16, v []byte) {
		if kind == vlanInfo && len(v) >= 4 && binary.NativeEndian.Uint16(v)&isPVID != 0 {
			vlan = int(binary.NativeEndian.Uint16(v[2:]))
		}
	})
	return index, vlan
}

// parsePrefix reads an ifaddrmsg: IFA_LOCAL where there is one (the other end's
// address stands in IFA_ADDRESS on point-to-point links).
func parsePrefix(data []byte) (index int, p netip.Prefix, ok bool) {
	at := attributes(data[unix.SizeofIfAddrmsg:])
	raw, is := at[unix.IFA_LOCAL]
	if !is {
		raw = at[unix.IFA_ADDRESS]
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok || int(data[1]) > ip.BitLen() {
		return 0, p, false
	}
	return int(binary.NativeEndian.Uint32(data[4:])), netip.PrefixFrom(ip, int(data[1])), true
}
