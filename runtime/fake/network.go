package fake

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"lxcdeck/runtime"
)

// What an invented host has: a bridge as lxc-net makes it, and a device.
const (
	fakeBridge = 3
	fakeVeth   = 100 // index of the first container's
	inVeth     = 2   // index of eth0 inside
)

// Network gives what the specs' Net says, else an eth0 on the bridge with the
// container's addresses.
func (r *Runtime) Network(ctx context.Context, refs []runtime.Ref) (runtime.NetworkMap, error) {
	if err := r.enter(ctx, Networks, runtime.Ref{}); err != nil {
		return runtime.NetworkMap{}, wrap("network", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := runtime.NetworkMap{At: r.Now(), Host: []runtime.NetLink{
		{Index: 2, Name: "enp1s0", MAC: fakeMAC(0, 1), MTU: 1500, State: runtime.LinkUp, Up: true, LinkNS: runtime.HereNS, PVID: -1,
			Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/24")}},
		{Index: fakeBridge, Name: "lxcbr0", Kind: "bridge", MAC: fakeMAC(0, 2), MTU: 1500, State: runtime.LinkUp, Up: true, LinkNS: runtime.HereNS, PVID: -1,
			Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.3.1/24")}, Rx: runtime.Of(0), Tx: runtime.Of(0)},
	}}
	all := make([]runtime.Ref, 0, len(r.boxes))
	for ref := range r.boxes {
		all = append(all, ref)
	}
	slices.SortFunc(all, order)
	for _, ref := range refs {
		if err := ref.Check(); err != nil {
			return m, wrap("network", ref, err)
		}
		c := runtime.ContainerNet{Ref: ref, At: r.Now(), NSID: -1}
		b := r.boxes[ref]
		f := r.strike(Networks, ref)
		switch {
		case b == nil:
			c.Why = runtime.ErrNotFound.Error()
		case b.spec.InitPID == 0:
			c.Why = fmt.Sprintf("%v: it is %s", runtime.ErrWrongState, b.spec.State)
		case f.Stuck:
			c.Since, c.Why = f.since, "a reading of its network has not come back"
		case f.Err != nil:
			c.Why = f.Err.Error()
		default:
			r.network(&m, b, slices.Index(all, ref), &c)
		}
		m.Containers = append(m.Containers, c)
	}
	slices.SortFunc(m.Host, func(x, y runtime.NetLink) int { return x.Index - y.Index })
	return m, nil
}

// network fills in a container that runs, the nth of the host. Callers hold r.mu.
func (r *Runtime) network(m *runtime.NetworkMap, b *box, nth int, c *runtime.ContainerNet) {
	c.InitPID, c.NS, c.NSID = b.spec.InitPID, uint64(4026532000+nth), nth
	if b.spec.Net != nil {
		ref, at := c.Ref, c.At
		*c = *b.spec.Net
		c.Ref, c.At, c.InitPID = ref, at, b.spec.InitPID
		return
	}
	rd := runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Cheap}
	r.read(&rd, c.At)
	s := &rd.Sample
	l := runtime.NetLink{
		Index: inVeth, Name: "eth0", Kind: "veth", MAC: fakeMAC(1, nth), MTU: 1500, State: runtime.LinkUp, Up: true, PVID: -1,
		Rx: s.Net.RxBytes, Tx: s.Net.TxBytes, Link: fakeVeth + nth, LinkNS: runtime.HostNS,
	}
	for _, ip := range b.spec.IPs {
		bits := 24
		if ip.Is6() {
			bits = 64
		}
		l.Addrs = append(l.Addrs, netip.PrefixFrom(ip, bits))
	}
	if b.spec.MAC != "" {
		l.MAC, _ = net.ParseMAC(b.spec.MAC)
	}
	c.Links = []runtime.NetLink{l}
	m.Host = append(m.Host, runtime.NetLink{
		Index: fakeVeth + nth, Name: fmt.Sprintf("veth%d%s", 1000+nth*7, "xyz"), Kind: "veth", MAC: fakeMAC(2, nth), MTU: 1500, State: runtime.LinkUp, Up: true, PVID: -1,
		Master: fakeBridge, Link: inVeth, LinkNS: nth, Rx: l.Tx, Tx: l.Rx,
	})
}

// fakeMAC is an address of LXC's own range (00:16:3e, of Xen).
func fakeMAC(kind, n int) net.HardwareAddr {
	return net.HardwareAddr{0x00, 0x16, 0x3e, byte(0x40 + kind), byte(n >> 8), byte(7 + n)}
}

// Ports are those that servers of these names have.
func (r *Runtime) Ports(ctx context.Context, ref runtime.Ref) (runtime.PortList, error) {
	if err := ref.Check(); err != nil {
		return runtime.PortList{}, wrap("ports", ref, err)
	}
	if err := r.enter(ctx, Networks, ref); err != nil {
		return runtime.PortList{}, wrap("ports", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.boxes[ref]
	switch {
	case b == nil:
		return runtime.PortList{}, wrap("ports", ref, runtime.ErrNotFound)
	case b.spec.InitPID == 0:
		return runtime.PortList{}, wrap("ports", ref, fmt.Errorf("%w: it is %s", runtime.ErrWrongState, b.spec.State))
	}
	list := runtime.PortList{At: r.Now(), InitPID: b.spec.InitPID}
	heard := map[int]bool{}
	for _, p := range r.processes(b) {
		if port := portOf(p.Name); port > 0 && !heard[port] { // workers have it from their master
			heard[port] = true
			list.Ports = append(list.Ports, runtime.Owner{Ref: ref, Process: p, Listens: runtime.Listener{
				Proto: "tcp", Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port)),
			}})
		}
	}
	slices.SortStableFunc(list.Ports, func(x, y runtime.Owner) int { return int(x.Listens.Addr.Port()) - int(y.Listens.Addr.Port()) })
	return list, nil
}
