package lxc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers. liblxc's attach_interface takes an interface down
// and moves it into the container's network namespace; detach_interface moves
// one back. An interface loses its addresses and routes when it moves, and a
// move that fails leaves it down, so what can be seen before is looked at before.

// addInterface moves an interface of the host into the container.
func (o *operation) addInterface(host, inside string, pid int) error {
	net, err := readLinks()
	if err != nil {
		return err
	}
	l := net.named(host)
	if l == nil {
		return fmt.Errorf("%w: the host has no interface %s", runtime.ErrInvalid, host)
	}
	if l.flags&unix.IFF_LOOPBACK != 0 {
		return hinted(fmt.Errorf("%w: %s is the host's loopback", runtime.ErrPermission, host),
			"Nobody may move it; the container has one of its own. Name another interface of the host: ip link lists them.")
	}
	over, err := net.defaultRoute(l)
	switch {
	case err != nil:
		return err
	case over != "":
		return hinted(fmt.Errorf("%w: the host's default route goes over %s", runtime.ErrInUse, over),
			"Moved into a container, it would take the host off its network: give the host another route first.")
	}
	if names, err := linksOf(pid); err != nil {
		return err
	} else if slices.Contains(names, inside) {
		return fmt.Errorf("%w: the container has an interface %s", runtime.ErrExists, inside)
	}
	if err := o.c.AttachInterface(host, inside); err != nil {
		return o.deviceErr(errors.Join(err, bringUp(host, l.flags)), "The host keeps it.")
	}
	names, err := linksOf(pid)
	if err == nil && !slices.Contains(names, inside) {
		err = fmt.Errorf("liblxc moved %s, and yet the container has no %s", host, inside)
	}
	return err
}

// removeInterface moves an interface of the container to the host.
func (o *operation) removeInterface(inside, host string, pid int) error {
	names, err := linksOf(pid)
	if err != nil {
		return err
	}
	if !slices.Contains(names, inside) {
		return fmt.Errorf("%w: the container has no interface %s", runtime.ErrInvalid, inside)
	}
	if inside == "lo" {
		return fmt.Errorf("%w: %s is the container's loopback", runtime.ErrInvalid, inside)
	}
	net, err := readLinks()
	if err != nil {
		return err
	}
	if net.named(host) != nil {
		return hinted(fmt.Errorf("%w: the host has an interface %s", runtime.ErrExists, host), "Name another for it to have on the host.")
	}
	if err := o.c.DetachInterfaceRename(inside, host); err != nil {
		return o.deviceErr(err, "The container keeps it, but it may be down there now: ip link set "+inside+" up.")
	}
	if net, err = readLinks(); err == nil && net.named(host) == nil {
		err = fmt.Errorf("liblxc moved %s, and yet the host has no %s", inside, host)
	}
	return err
}

// netLink is one interface of the namespace that this process is in.
type netLink struct {
	index  int
	name   string
	flags  uint32
	master int // index of the bridge or bond that it is a port of; 0 = none
	lower  int // index of the interface that it is made on, as of a VLAN; 0 = none
}

type netLinks []netLink

func (all netLinks) named(name string) *netLink {
	i := slices.IndexFunc(all, func(l netLink) bool { return l.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// readLinks asks the kernel for all interfaces (rtnetlink(7), RTM_GETLINK).
func readLinks() (netLinks, error) {
	var all netLinks
	err := eachMessage(unix.RTM_GETLINK, unix.RTM_NEWLINK, unix.SizeofIfInfomsg, func(head []byte, attrs map[uint16][]byte) {
		l := netLink{
			index: int(int32(binary.NativeEndian.Uint32(head[4:]))), flags: binary.NativeEndian.Uint32(head[8:]),
			name: strings.TrimRight(string(attrs[unix.IFLA_IFNAME]), "\x00"), master: number32(attrs[unix.IFLA_MASTER]),
		}
		// A veth's other end stands there too; in another namespace its index
		// means nothing here.
		if attrs[unix.IFLA_LINK_NETNSID] == nil {
			l.lower = number32(attrs[unix.IFLA_LINK])
		}
		all = append(all, l)
	})
	return all, err
}

// defaultRoute names the interface with a default route that would be cut off
// with l: l itself, or what it carries. "" = none.
func (all netLinks) defaultRoute(l *netLink) (string, error) {
	over := map[int]bool{}
	err := eachMessage(unix.RTM_GETROUTE, unix.RTM_NEWROUTE, unix.SizeofRtMsg, func(head []byte, attrs map[uint16][]byte) {
		const dstLen, kind = 1, 7 // of struct rtmsg
		if head[dstLen] != 0 || head[kind] != unix.RTN_UNICAST {
			return
		}
		if out := number32(attrs[unix.RTA_OIF]); out > 0 {
			over[out] = true
		}
		for hops := attrs[unix.RTA_MULTIPATH]; len(hops) >= unix.SizeofRtNexthop; {
			size := int(binary.NativeEndian.Uint16(hops))
			if size < unix.SizeofRtNexthop || size > len(hops) {
				break
			}
			over[int(int32(binary.NativeEndian.Uint32(hops[4:])))] = true
			hops = hops[min(len(hops), (size+unix.RTA_ALIGNTO-1)&^(unix.RTA_ALIGNTO-1)):]
		}
	})
	if err != nil {
		return "", err
	}
	// Up from l: its master, and whatever is made on it.
	for todo, seen := []netLink{*l}, map[int]bool{}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		if seen[at.index] {
			continue
		}
		seen[at.index] = true
		if over[at.index] {
			return at.name, nil
		}
		for _, other := range all {
			if other.index == at.master || other.lower == at.index {
				todo = append(todo, other)
			}
		}
	}
	return "", nil
}

// eachMessage makes one dump of the kernel's and visits its messages: their
// fixed part, and their attributes by number.
func eachMessage(ask, want int, fixed int, visit func(head []byte, attrs map[uint16][]byte)) error {
	rib, err := syscall.NetlinkRIB(ask, unix.AF_UNSPEC)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	all, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	for _, m := range all {
		if int(m.Header.Type) != want || len(m.Data) < fixed {
			continue
		}
		attrs := map[uint16][]byte{}
		for rest := m.Data[fixed:]; len(rest) >= unix.SizeofRtAttr; {
			size := int(binary.NativeEndian.Uint16(rest))
			if size < unix.SizeofRtAttr || size > len(rest) {
				break
			}
			attrs[binary.NativeEndian.Uint16(rest[2:])] = rest[unix.SizeofRtAttr:size]
			rest = rest[min(len(rest), (size+unix.RTA_ALIGNTO-1)&^(unix.RTA_ALIGNTO-1)):]
		}
		visit(m.Data, attrs)
	}
	return nil
}

func number32(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	return int(int32(binary.NativeEndian.Uint32(b)))
}

// linksOf are the names of a container's interfaces, by its init's
// /proc/PID/net/dev, see proc_pid_net(5).
func linksOf(pid int) ([]string, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/net/dev")
	if err != nil {
		return nil, fmt.Errorf("interfaces of the container: %w", fileErr(err))
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names, nil
}

// bringUp undoes what liblxc does before a move: it takes the interface down.
func bringUp(name string, flags uint32) error {
	if flags&unix.IFF_UP == 0 {
		return nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("set %s up again: %w", name, err)
	}
	defer func() { _ = unix.Close(fd) }()
	req, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("set %s up again: %w", name, err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, req); err != nil {
		return fmt.Errorf("set %s up again: %w", name, err)
	}
	req.SetUint16(req.Uint16() | unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("set %s up again: %w", name, err)
	}
	return nil
}
