package lxc

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxNetNS is how many netlink sockets are kept; containers beyond that
	// are read from /proc, which costs more.
	maxNetNS = 4096
	// sweepTime is how often ended containers are looked for. A socket keeps
	// the network namespace, though not its devices, alive.
	sweepTime = 5 * time.Second
	// manyRest is how long the first addresses of a container with too many hold:
	// nothing announces what changes of them.
	manyRest = 10 * time.Second
	// maxProcNet is how much of a file below /proc/PID/net is read.
	maxProcNet = 1 << 20
)

// addrs knows the IP addresses of running containers. For each it keeps a
// netlink socket in the container's network namespace, on which the kernel
// announces changes: as long as nothing was announced, what was read holds.
type addrs struct {
	visitors *visitors
	poll     int // epoll of all sockets, readable when one has news; -1 = none

	mu     sync.Mutex
	byPID  map[int]*netNS
	buf    []byte // for answers
	swept  time.Time
	closed bool
}

// netNS is the network of one container.
type netNS struct {
	pidfd int // of its init
	sock  int
	known bool // ips is what the kernel has
	// many is when the first of too many addresses were read; zero = they are not.
	many time.Time
	ino  uint64 // of the namespace; 0 = not looked at
	ips  []netip.Addr
}

func newAddrs() *addrs {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		poll = -1 // nothing is announced then; reading still works
	}
	return &addrs{visitors: newVisitors(), byPID: map[int]*netNS{}, poll: poll}
}

// getAll tells the addresses of the containers with these inits, each by its place
// in inits: without loopback and link-local ones, IPv4 first. ok is false when they
// could not be read. The slice is not written to again. Asked one by one, each would
// cost two switches between threads.
func (a *addrs) getAll(inits []int, tell func(i int, ips []netip.Addr, ok bool)) {
	places, visits := a.getHeld(inits, tell)
	a.visitors.open(visits)
	for j, i := range places {
		if j < len(visits) {
			<-visits[j].done
			// Users cannot enter the namespace, and are left with /proc.
			if visits[j].err == nil {
				ips, ok := a.keep(inits[i], visits[j].ns)
				tell(i, ips, ok)
				continue
			}
		}
		ips, ok := procAddrs(inits[i])
		tell(i, ips, ok)
	}
}

// getHeld tells of those whose sockets are there. places are of the others, and
// visits to as many of them as there is room for.
func (a *addrs) getHeld(inits []int, tell func(i int, ips []netip.Addr, ok bool)) (places []int, visits []*visit) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.swept) > sweepTime || len(a.byPID) >= maxNetNS {
		a.sweep()
	}
	for i, pid := range inits {
		if a.closed || pid <= 0 {
			continue
		}
		if ips, held := a.held(pid); held {
			tell(i, ips, a.byPID[pid].read())
			continue
		}
		places = append(places, i)
		if len(a.byPID)+len(visits) < maxNetNS {
			visits = append(visits, &visit{pid: pid, done: make(chan struct{})})
		}
	}
	return places, visits
}

// held gives the addresses of a container whose socket is there.
func (a *addrs) held(pid int) (ips []netip.Addr, ok bool) {
	n := a.byPID[pid]
	if n == nil {
		return nil, false
	}
	if !alive(n.pidfd) {
		a.drop(pid)
		return nil, false
	}
	if !n.many.IsZero() {
		if time.Since(n.many) < manyRest {
			return n.ips, true
		}
		a.drop(pid)
		return nil, false
	}
	if drainNews(n.sock) {
		n.known = false
	}
	if !n.known {
		if a.buf == nil {
			a.buf = make([]byte, netlinkBuf)
		}
		ips, err := askAddrs(n.sock, a.buf)
		if errors.Is(err, errManyAddrs) {
			a.unhear(n)
			n.many, err = time.Now(), nil
		}
		if err != nil {
			a.drop(pid)
			return nil, false
		}
		n.ips, n.known = ips, true
	}
	return n.ips, true
}

// keep remembers a container's network and gives its addresses.
func (a *addrs) keep(pid int, n *netNS) ([]netip.Addr, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		closeAll([]int{n.sock, n.pidfd})
		return nil, false
	}
	if a.byPID[pid] != nil {
		a.drop(pid) // somebody else asked at the same time
	}
	if a.poll >= 0 && n.many.IsZero() {
		ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(pid)}
		// Without it a change is seen at the next reading.
		_ = unix.EpollCtl(a.poll, unix.EPOLL_CTL_ADD, n.sock, &ev)
	}
	a.byPID[pid] = n
	return n.ips, n.read()
}

// read says whether the addresses are known: where there were too many and none of
// those that came is usable, nothing is.
func (n *netNS) read() bool { return n.many.IsZero() || len(n.ips) > 0 }

// changed gives the inits of containers whose addresses have changed since
// they were read. pollFD is readable when there are any.
func (a *addrs) changed() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.poll < 0 {
		return nil
	}
	var events [64]unix.EpollEvent
	n, err := unix.EpollWait(a.poll, events[:], 0)
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range events[:n] {
		if ns := a.byPID[int(e.Fd)]; ns != nil && ns.many.IsZero() && drainNews(ns.sock) {
			ns.known = false
			pids = append(pids, int(e.Fd))
		}
	}
	return pids
}

func (a *addrs) pollFD() int { return a.poll }

// sweep lets go of containers that have ended.
func (a *addrs) sweep() {
	a.swept = time.Now()
	for pid, n := range a.byPID {
		if !alive(n.pidfd) {
			a.drop(pid)
		}
	}
}

func (a *addrs) drop(pid int) {
	n := a.byPID[pid]
	delete(a.byPID, pid)
	a.unhear(n)
	closeAll([]int{n.sock, n.pidfd})
}

// unhear lets no announcement of a container wake the watch any more.
func (a *addrs) unhear(n *netNS) {
	if a.poll >= 0 && n.many.IsZero() {
		_ = unix.EpollCtl(a.poll, unix.EPOLL_CTL_DEL, n.sock, nil)
	}
}

// forget lets go of one container that has ended.
func (a *addrs) forget(pid int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byPID[pid] != nil {
		a.drop(pid)
	}
}

func (a *addrs) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for pid := range a.byPID {
		a.drop(pid)
	}
	if a.poll >= 0 && !a.closed {
		_ = unix.Close(a.poll)
	}
	a.closed = true
}

// usable says whether an address is one that others reach the container by.
func usable(ip netip.Addr) bool {
	return ip.IsValid() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !ip.IsUnspecified() && !ip.IsMulticast()
}

// tidy puts IPv4 first, otherwise in the kernel's order, each address once.
func tidy(ips []netip.Addr) []netip.Addr {
	slices.SortStableFunc(ips, func(x, y netip.Addr) int { return x.BitLen() - y.BitLen() })
	out := ips[:0]
	for _, ip := range ips {
		if usable(ip) && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	return out
}

// procAddrs reads the addresses from /proc/PID/net, which anybody may: the
// local table of fib_trie and if_inet6.
func procAddrs(pid int) ([]netip.Addr, bool) {
	dir := "/proc/" + strconv.Itoa(pid) + "/net/"
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, false
	}
	defer unix.Close(pidfd)
	v4, err := readStart(dir + "fib_trie")
	if err != nil {
		return nil, false
	}
	// Not there when the kernel has no IPv6.
	v6, err := readStart(dir + "if_inet6")
	if err != nil && !os.IsNotExist(err) {
		return nil, false
	}
	if !alive(pidfd) {
		return nil, false
	}
	return tidy(append(parseFibTrie(v4), parseInet6(v6)...)), true
}

// readStart reads a file, as far as maxProcNet.
func readStart(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxProcNet))
}

// parseFibTrie finds the host's own addresses: a leaf "|-- ADDRESS" followed
// by a line "/32 host LOCAL". Those that are not usable are left out.
func parseFibTrie(text []byte) []netip.Addr {
	var out []netip.Addr
	var leaf netip.Addr
	for line := range bytes.Lines(text) {
		s := strings.TrimSpace(string(line))
		if rest, ok := strings.CutPrefix(s, "|-- "); ok {
			leaf, _ = netip.ParseAddr(rest)
			continue
		}
		if len(out) == maxAddrs {
			return out
		}
		if s == "/32 host LOCAL" && usable(leaf) && !slices.Contains(out, leaf) {
			out = append(out, leaf)
		}
	}
	return out
}

// parseInet6 reads if_inet6: 32 hex digits, then index, prefix length, scope,
// flags and name.
func parseInet6(text []byte) []netip.Addr {
	var out []netip.Addr
	count := 0
	for line := range bytes.Lines(text) {
		if count == maxAddrs {
			return out
		}
		digits, _, _ := strings.Cut(string(line), " ")
		raw, err := hex.DecodeString(digits)
		if ip, ok := netip.AddrFromSlice(raw); err == nil && ok && len(raw) == 16 {
			if usable(ip) {
				count++
			}
			out = append(out, ip)
		}
	}
	return out
}
