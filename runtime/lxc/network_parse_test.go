package lxc

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// attribute is one as netlink has it.
func attribute(kind uint16, value []byte) []byte {
	out := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(value)))
	out = binary.NativeEndian.AppendUint16(out, kind)
	out = append(out, value...)
	return append(out, make([]byte, (4-len(out)%4)%4)...)
}

func TestParsePVID(t *testing.T) {
	head := slices.Concat(make([]byte, 4), binary.NativeEndian.AppendUint32(nil, 7), make([]byte, unix.SizeofIfInfomsg-8))
	vlan := func(flags, id uint16) []byte {
		return attribute(2, binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, flags), id))
	}
	spec := append(append(vlan(0, 5), vlan(1<<1|1<<2, 10)...), vlan(0, 20)...)
	if index, id := parsePVID(slices.Concat(head, attribute(unix.IFLA_AF_SPEC|1<<15, spec))); index != 7 || id != 10 {
		t.Errorf("port %d has VLAN %d", index, id)
	}
	if _, id := parsePVID(slices.Concat(head, attribute(unix.IFLA_AF_SPEC, vlan(0, 5)))); id != -1 {
		t.Errorf("without one: VLAN %d", id)
	}
}

func TestLinkState(t *testing.T) {
	const on = unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOWER_UP
	for _, c := range []struct {
		oper  byte
		flags uint32
		want  runtime.LinkState
	}{
		{6, on, runtime.LinkUp}, {0, on, runtime.LinkUp}, {0, unix.IFF_UP, runtime.LinkNoCarrier}, {2, 0, runtime.LinkDown}, {6, 0, runtime.LinkDown},
		{3, unix.IFF_UP, runtime.LinkNoCarrier}, {2, unix.IFF_UP, runtime.LinkNoCarrier}, {5, on, runtime.LinkDormant},
	} {
		if got := linkState(c.oper, c.flags); got != c.want {
			t.Errorf("operstate %d, flags %#x: %v, want %v", c.oper, c.flags, got, c.want)
		}
	}
}

func TestParseNetDev(t *testing.T) {
	const text = "Inter-|   Receive\n face |bytes\n    lo: 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\n  net0:1234 5 0 0 0 0 0 0 99 1 0 0 0 0 0 0\nshort: 1 2\n"
	links, more := parseNetDev([]byte(text))
	if len(links) != 1 || more || links[0].Name != "net0" || links[0].Rx != runtime.Of(1234) || links[0].Tx != runtime.Of(99) {
		t.Errorf("%+v, %v", links, more)
	}
}

func FuzzNetworkParsers(f *testing.F) {
	f.Add(append(make([]byte, unix.SizeofIfInfomsg), attribute(unix.IFLA_IFNAME, []byte("eth0\x00"))...))
	f.Add([]byte("  net0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= unix.SizeofIfInfomsg {
			parseLink(data)
			parsePVID(data)
			if _, p, ok := parsePrefix(data); ok && !p.IsValid() {
				t.Errorf("%v", p)
			}
		}
		if links, _ := parseNetDev(data); len(links) > runtime.MaxNetLinks {
			t.Errorf("%d interfaces", len(links))
		}
		var l runtime.NetLink
		if parseInet6Links(data, func(string) *runtime.NetLink { return &l }); len(l.Addrs) > runtime.MaxNetAddrs {
			t.Errorf("%d addresses", len(l.Addrs))
		}
	})
}
