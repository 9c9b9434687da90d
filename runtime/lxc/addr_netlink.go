package lxc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// dumpTime is how long the kernel may take to answer a dump, in ms.
	dumpTime = 1000
	// dumpTries is how often a dump that changes under way is asked again.
	dumpTries = 5
	// netlinkBuf holds any one netlink message block (32 KiB, see netlink(7)).
	netlinkBuf = 32 << 10
	// maxAddrs is how many usable addresses of a container are read. It may give
	// itself as many as it likes.
	maxAddrs = 256
	// maxAddrBytes bounds what is read to find them, some 3,000 of any kind.
	maxAddrBytes = 256 << 10
	// maxNews is how many announcements are read away at a time.
	maxNews = 1024
)

// errManyAddrs says that a dump was left in the middle: its socket is of no use
// any more, as the kernel makes one dump at a time (netlink_dump_start).
var errManyAddrs = errors.New("more addresses than are read")

// drainNews reads away what the kernel has announced and says whether that
// was anything. Lost announcements (ENOBUFS) are news too.
func drainNews(fd int) bool {
	var buf [512]byte // what does not fit is cut off: only that it came matters
	news := false
	for range maxNews {
		_, _, err := unix.Recvfrom(fd, buf[:], unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
		case err == nil, errors.Is(err, unix.ENOBUFS):
			news = true
		default:
			return news
		}
	}
	return news
}

// askAddrs asks for all addresses of the socket's namespace (rtnetlink(7)).
// buf has netlinkBuf bytes. Of too many the first come with errManyAddrs.
func askAddrs(fd int, buf []byte) ([]netip.Addr, error) {
	for seq := uint32(1); seq <= dumpTries; seq++ {
		ips, whole, err := dumpAddrs(fd, seq, buf)
		switch {
		case errors.Is(err, errManyAddrs):
			return tidy(ips), err
		case err != nil:
			return nil, err
		case whole:
			return tidy(ips), nil
		}
	}
	return nil, errors.New("addresses keep changing")
}

// dumpAddrs makes one dump; whole is false when it changed under way.
func dumpAddrs(fd int, seq uint32, buf []byte) (ips []netip.Addr, whole bool, err error) {
	var req [unix.SizeofNlMsghdr + unix.SizeofIfAddrmsg]byte
	binary.NativeEndian.PutUint32(req[0:], uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], unix.RTM_GETADDR)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	binary.NativeEndian.PutUint32(req[8:], seq)
	if err := unix.Sendto(fd, req[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, false, fmt.Errorf("netlink: %w", err)
	}
	whole = true
	for left := maxAddrBytes; ; {
		n, err := receiveNetlink(fd, buf)
		if errors.Is(err, unix.ENOBUFS) {
			whole = false
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("netlink: %w", err)
		}
		if left -= n; left <= 0 {
			return ips, false, errManyAddrs
		}
		msgs, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return nil, false, fmt.Errorf("netlink: %w", err)
		}
		for i := range msgs {
			m := &msgs[i]
			switch {
			case m.Header.Seq != seq:
				whole = whole && m.Header.Seq != 0 // an announcement: ask again
				continue
			case m.Header.Flags&unix.NLM_F_DUMP_INTR != 0:
				whole = false
			}
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return ips, whole, doneErr(m.Data)
			case unix.NLMSG_ERROR:
				return nil, false, fmt.Errorf("netlink: %w", netlinkErrno(m.Data))
			case unix.RTM_NEWADDR:
				ip, ok := parseAddr(m)
				switch {
				case !ok || !usable(ip):
				case len(ips) == maxAddrs:
					return ips, false, errManyAddrs
				default:
					ips = append(ips, ip)
				}
			}
		}
	}
}

// receiveNetlink waits for the next block from the kernel itself. A dump is
// as a rule there at once: the kernel makes it while it is asked.
func receiveNetlink(fd int, buf []byte) (int, error) {
	for {
		n, from, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		switch {
		case err == nil:
			if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid != 0 {
				continue // another process may send to the socket, if it is root there
			}
			return n, nil
		case errors.Is(err, unix.EINTR):
			continue
		case !errors.Is(err, unix.EAGAIN):
			return 0, err
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err = unix.Poll(fds, dumpTime)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return 0, err
		case err == nil && n == 0:
			return 0, unix.ETIMEDOUT
		}
	}
}

func netlinkErrno(data []byte) error {
	if len(data) < 4 {
		return unix.EBADMSG
	}
	return syscall.Errno(-int32(binary.NativeEndian.Uint32(data)))
}

// parseAddr takes the address out of an ifaddrmsg: IFA_LOCAL where there is
// one (the other end's address stands in IFA_ADDRESS on point-to-point links).
func parseAddr(m *syscall.NetlinkMessage) (netip.Addr, bool) {
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return netip.Addr{}, false
	}
	var best netip.Addr
	for _, at := range attrs {
		ip, ok := netip.AddrFromSlice(at.Value)
		if !ok {
			continue
		}
		switch at.Attr.Type {
		case unix.IFA_LOCAL:
			return ip, true
		case unix.IFA_ADDRESS:
			best = ip
		}
	}
	return best, best.IsValid()
}
