package lxc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errCut says that a dump was left in the middle. Its socket is of no use any
// more: the kernel makes one dump at a time (netlink_dump_start).
var errCut = errors.New("there is more than is read")

// askBuf holds any one answer about an interface: its names alone may have 64 KiB.
const askBuf = 128 << 10

// asker asks the kernel over a routing socket, within bounds: what answers may be
// as large as a container likes.
type asker struct {
	sock   int
	seq    uint32
	buf    []byte
	bytes  int       // that may still be read
	until  time.Time // when all has to be done
	strict bool      // the kernel takes an index with a dump of addresses (Linux 4.20)
	intr   bool      // something changed under way (NLM_F_DUMP_INTR)
}

// begin readies a socket that was just opened.
func (a *asker) begin(sock int) {
	a.sock = sock
	a.strict = unix.SetsockoptInt(sock, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1) == nil
	if a.buf == nil {
		a.buf = make([]byte, askBuf)
	}
}

// ask sends a request and visits each message of the answer, until visit has had
// enough, which is errCut as far as there is more.
func (a *asker) ask(kind, flags uint16, body []byte, visit func(kind uint16, data []byte) (more bool)) error {
	a.seq++
	req := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	req = append(req, body...)
	binary.NativeEndian.PutUint32(req[0:], uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], kind)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|flags)
	binary.NativeEndian.PutUint32(req[8:], a.seq)
	if err := unix.Sendto(a.sock, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	dump := flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP
	for {
		n, err := a.receive()
		if err != nil {
			return err
		}
		if a.bytes -= n; a.bytes <= 0 {
			return errCut
		}
		msgs, err := syscall.ParseNetlinkMessage(a.buf[:n])
		if err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		for i := range msgs {
			m := &msgs[i]
			if m.Header.Seq != a.seq {
				continue
			}
			a.intr = a.intr || m.Header.Flags&unix.NLM_F_DUMP_INTR != 0
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return doneErr(m.Data)
			case unix.NLMSG_ERROR:
				return fmt.Errorf("netlink: %w", netlinkErrno(m.Data))
			}
			if !visit(m.Header.Type, m.Data) {
				return errCut
			}
			if !dump {
				return nil
			}
		}
	}
}

// doneErr is what ended a dump before all was told: its last message says so.
func doneErr(data []byte) error {
	if len(data) < 4 || number32(data) >= 0 {
		return nil
	}
	return fmt.Errorf("netlink: %w", netlinkErrno(data))
}

// receive waits for the next block from the kernel itself, as long as there is time.
// One that does not fit is errCut.
func (a *asker) receive() (int, error) {
	for {
		left := time.Until(a.until)
		if left <= 0 {
			return 0, fmt.Errorf("netlink: %w", unix.ETIMEDOUT)
		}
		n, from, err := unix.Recvfrom(a.sock, a.buf, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch {
		case err == nil:
			if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid != 0 {
				continue // another process may send to the socket, if it is root there
			}
			if n > len(a.buf) {
				return 0, errCut
			}
			return n, nil
		case errors.Is(err, unix.EINTR):
			continue
		case !errors.Is(err, unix.EAGAIN):
			return 0, fmt.Errorf("netlink: %w", err)
		}
		fds := []unix.PollFd{{Fd: int32(a.sock), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, int(left.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			return 0, fmt.Errorf("netlink: %w", err)
		}
	}
}

// links asks for interfaces: all of them (index 0), or one. It has to ask for
// something beside (here what virtual functions there are): only then does the kernel
// make room for the largest (rtnl_calcit of net/core/rtnetlink.c). Without, one with
// many names ends the dump as if it were the last.
func (a *asker) links(index int, visit func(data []byte) bool) error {
	const filterVF = 1 << 0 // RTEXT_FILTER_VF of rtnetlink.h
	body := linkBody(unix.AF_UNSPEC, filterVF)
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	flags := uint16(unix.NLM_F_DUMP)
	if index != 0 {
		flags = 0
	}
	return a.ask(unix.RTM_GETLINK, flags, body, func(kind uint16, data []byte) bool {
		return kind != unix.RTM_NEWLINK || len(data) < unix.SizeofIfInfomsg || visit(data)
	})
}

// bridgeVLANs asks for the VLANs of bridges and their ports (IFLA_BRIDGE_VLAN_INFO).
func (a *asker) bridgeVLANs(visit func(data []byte) bool) error {
	const filterVLAN = 1 << 1 // RTEXT_FILTER_BRVLAN of rtnetlink.h
	return a.ask(unix.RTM_GETLINK, unix.NLM_F_DUMP, linkBody(unix.AF_BRIDGE, filterVLAN), func(kind uint16, data []byte) bool {
		return kind != unix.RTM_NEWLINK || len(data) < unix.SizeofIfInfomsg || visit(data)
	})
}

// linkBody is a request for interfaces with IFLA_EXT_MASK.
func linkBody(family byte, mask uint32) []byte {
	body := make([]byte, unix.SizeofIfInfomsg, unix.SizeofIfInfomsg+8)
	body[0] = family
	body = binary.NativeEndian.AppendUint16(body, 8)
	body = binary.NativeEndian.AppendUint16(body, unix.IFLA_EXT_MASK)
	return binary.NativeEndian.AppendUint32(body, mask)
}

// addresses asks for those of an interface, or of all where index is 0.
func (a *asker) addresses(index int, visit func(data []byte) bool) error {
	body := make([]byte, unix.SizeofIfAddrmsg)
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	return a.ask(unix.RTM_GETADDR, unix.NLM_F_DUMP, body, func(kind uint16, data []byte) bool {
		return kind != unix.RTM_NEWADDR || len(data) < unix.SizeofIfAddrmsg || visit(data)
	})
}

// Of net_namespace.h.
const (
	netnsaNSID    = 1
	netnsaPID     = 2
	netnsaUnknown = -1
)

// nsid is the number that the socket's namespace has for that of a process;
// -1 = none.
func (a *asker) nsid(pid int) int {
	body := make([]byte, 4, 12) // struct rtgenmsg, padded
	body = binary.NativeEndian.AppendUint16(body, 8)
	body = binary.NativeEndian.AppendUint16(body, netnsaPID)
	body = binary.NativeEndian.AppendUint32(body, uint32(pid))
	id := netnsaUnknown
	err := a.ask(unix.RTM_GETNSID, 0, body, func(kind uint16, data []byte) bool {
		if kind == unix.RTM_NEWNSID && len(data) >= 4 {
			if v, ok := attributes(data[4:])[netnsaNSID]; ok && len(v) >= 4 {
				id = number32(v)
			}
		}
		return true
	})
	if err != nil {
		return netnsaUnknown
	}
	return id
}

// attributes are those of a netlink message by their number; of several of a
// number the first.
func attributes(rest []byte) map[uint16][]byte {
	out := map[uint16][]byte{}
	eachAttribute(rest, func(kind uint16, value []byte) {
		if _, is := out[kind]; !is {
			out[kind] = value
		}
	})
	return out
}

func eachAttribute(rest []byte, visit func(kind uint16, value []byte)) {
	const nested = 1<<15 | 1<<14 // NLA_F_NESTED and NLA_F_NET_BYTEORDER
	for len(rest) >= unix.SizeofRtAttr {
		size := int(binary.NativeEndian.Uint16(rest))
		if size < unix.SizeofRtAttr || size > len(rest) {
			return
		}
		visit(binary.NativeEndian.Uint16(rest[2:])&^nested, rest[unix.SizeofRtAttr:size])
		rest = rest[min(len(rest), (size+unix.RTA_ALIGNTO-1)&^(unix.RTA_ALIGNTO-1)):]
	}
}
