package lxc

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// linkReader reads the interfaces of one network namespace.
type linkReader struct {
	asker
	dial     func() (int, error) // opens a socket there
	sockets  int                 // that were opened
	most     int                 // interfaces
	loopback bool                // it is read too
	links    []runtime.NetLink
	more     bool   // there are more
	part     string // what is not known of them
}

// lack remembers what is not known.
func (r *linkReader) lack(what string) {
	switch {
	case r.part == "":
		r.part = what
	case !strings.Contains(r.part, what):
		r.part += "; " + what
	}
}

// failed lets go of a socket whose list was left in the middle. Where the kernel says
// that there is no such interface, it can still be used.
func (r *linkReader) failed(err error) {
	if err != nil && !errors.Is(err, unix.ENODEV) {
		r.hangUp()
	}
}

// connect opens a socket, unless there is one that can be used.
func (r *linkReader) connect() error {
	if r.sock >= 0 {
		return nil
	}
	if r.sockets++; r.sockets > netSockets {
		return errCut
	}
	sock, err := r.dial()
	if err != nil {
		return err
	}
	r.begin(sock)
	return nil
}

// hangUp lets go of the socket.
func (r *linkReader) hangUp() {
	if r.sock >= 0 {
		_ = unix.Close(r.sock)
		r.sock = -1
	}
}

// take remembers an interface; one that came already is taken anew.
func (r *linkReader) take(data []byte) bool {
	l, loopback := parseLink(data)
	if loopback && !r.loopback || l.Index <= 0 {
		return true
	}
	if r.intr {
		if i := slices.IndexFunc(r.links, func(o runtime.NetLink) bool { return o.Index == l.Index }); i >= 0 {
			r.links[i] = l
			return true
		}
	}
	if len(r.links) >= r.most {
		r.more = true
		return false
	}
	r.links = append(r.links, l)
	return true
}

// dump reads as many interfaces as are told of.
func (r *linkReader) dump() error {
	if err := r.connect(); err != nil {
		return err
	}
	err := r.asker.links(0, r.take)
	if err != nil {
		r.hangUp()
	}
	switch {
	case errors.Is(err, errCut), errors.Is(err, unix.EMSGSIZE):
		r.more = true
	case errors.Is(err, unix.ETIMEDOUT) && len(r.links) > 0:
		r.lack("interfaces: not all came in time")
	case err != nil:
		return err
	}
	slices.SortStableFunc(r.links, func(x, y runtime.NetLink) int { return cmp.Compare(x.Index, y.Index) })
	return nil
}

// rest reads what dump leaves open: where interfaces lead to, and their addresses.
// nsid is the host's number for the namespace.
func (r *linkReader) rest(h *hostNet, nsid int) {
	r.bytes = netBytes // the names of interfaces must not use up what the rest needs
	host := r.hostNumber()
	r.peers(h, nsid)
	r.locate(host)
	r.eachAddresses()
}

// peers reads those that the host's bridges lead to and that the list did not have:
// nothing that a container makes must hide them. One that is there says that the list
// was not whole.
func (r *linkReader) peers(h *hostNet, nsid int) {
	if nsid < 0 {
		return
	}
	most, asked := r.most, 0
	for i := range h.links {
		p := &h.links[i]
		if p.Kind != "veth" || p.LinkNS != nsid || slices.ContainsFunc(r.links, func(l runtime.NetLink) bool { return l.Index == p.Link }) {
			continue
		}
		if asked++; asked > netPeers || r.connect() != nil {
			break
		}
		before := len(r.links)
		r.most = before + 1
		r.failed(r.asker.links(p.Link, r.take))
		r.more = r.more || len(r.links) > before
	}
	// They stand before what nobody outside can reach.
	slices.SortStableFunc(r.links, func(x, y runtime.NetLink) int {
		return cmp.Or(ofPeer(h, nsid, &x)-ofPeer(h, nsid, &y), cmp.Compare(x.Index, y.Index))
	})
	r.links = r.links[:min(len(r.links), most)]
	slices.SortStableFunc(r.links, func(x, y runtime.NetLink) int { return cmp.Compare(x.Index, y.Index) })
}

// netPeers is how many interfaces are asked for one by one.
const netPeers = 16

// ofPeer is 0 for an interface that a veth of the host leads to, else 1.
func ofPeer(h *hostNet, nsid int, l *runtime.NetLink) int {
	if slices.ContainsFunc(h.links, func(p runtime.NetLink) bool { return p.Kind == "veth" && p.LinkNS == nsid && p.Link == l.Index }) {
		return 0
	}
	return 1
}

// eachAddresses reads the addresses of each interface by itself, so that no other
// can have too many.
func (r *linkReader) eachAddresses() {
	if r.connect() == nil && !r.strict {
		r.allAddresses()
		return
	}
	for i := range r.links {
		l := &r.links[i]
		if r.connect() != nil {
			l.Unread = true
			r.lack("addresses of some interfaces: there are too many")
			continue
		}
		if err := r.asker.addresses(l.Index, func(data []byte) bool { return addPrefix(l, data) }); err != nil {
			r.failed(err)
			l.More, l.Unread = l.More || errors.Is(err, errCut), len(l.Addrs) == 0
			if !errors.Is(err, errCut) {
				r.lack("addresses of some interfaces: " + err.Error())
			}
		}
	}
}

// addPrefix takes an address of an interface over, until there are too many.
func addPrefix(l *runtime.NetLink, data []byte) bool {
	index, p, ok := parsePrefix(data)
	switch {
	case !ok || index != l.Index || slices.Contains(l.Addrs, p):
	case len(l.Addrs) == runtime.MaxNetAddrs:
		l.More = true
		return false
	default:
		l.Addrs = append(l.Addrs, p)
	}
	return true
}

// allAddresses reads those of all interfaces in one go.
func (r *linkReader) allAddresses() {
	byIndex := map[int]*runtime.NetLink{}
	for i := range r.links {
		byIndex[r.links[i].Index] = &r.links[i]
	}
	err := r.connect()
	if err == nil {
		err = r.asker.addresses(0, func(data []byte) bool {
			if index, _, ok := parsePrefix(data); ok && byIndex[index] != nil {
				addPrefix(byIndex[index], data)
			}
			return true
		})
	}
	if err == nil {
		return
	}
	r.hangUp()
	for i := range r.links {
		r.links[i].Unread = len(r.links[i].Addrs) == 0
	}
	r.lack("addresses of some interfaces: " + err.Error())
}

// vlans asks for the VLANs of bridges that tell them apart.
func (r *linkReader) vlans() {
	if !slices.ContainsFunc(r.links, func(l runtime.NetLink) bool { return l.Filters }) || r.connect() != nil {
		return
	}
	byIndex := map[int]int{}
	for i := range r.links {
		byIndex[r.links[i].Index] = i
	}
	err := r.bridgeVLANs(func(data []byte) bool {
		index, vlan := parsePVID(data)
		if i, ok := byIndex[index]; ok && vlan > 0 {
			r.links[i].PVID = vlan
		}
		return true
	})
	if err != nil {
		r.lack("VLANs of its bridges: " + err.Error())
		r.hangUp()
	}
}

// hostNumber is the number that the namespace has for the host's; -1 = none. It is
// asked for early: what else is read may use up all sockets.
func (r *linkReader) hostNumber() int {
	if r.connect() != nil {
		return netnsaUnknown
	}
	return r.nsid(ownPID())
}

// locate tells which other ends are on the host.
func (r *linkReader) locate(host int) {
	for i := range r.links {
		if l := &r.links[i]; host >= 0 && l.LinkNS == host {
			l.LinkNS = runtime.HostNS
		}
	}
}
