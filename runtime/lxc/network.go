package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// netPatience is how long a container's network is waited for. As a rule it
	// takes a tenth of a millisecond; who takes longer shows as not answering, and
	// is not asked again before that reading has come back.
	netPatience = time.Second
	// netTime and netBytes bound one reading of a container: it may change what is
	// read again and again, and have as much of it as it likes.
	netTime  = 500 * time.Millisecond
	netBytes = 1 << 20
	// netSockets is how many sockets a reading takes at most: each list that is
	// left in the middle uses one up.
	netSockets = 4
	// netReaders is how many containers are read at once.
	netReaders = 4
	// maxNetStuck is how many readings may be out that do not come back: each holds
	// a thread.
	maxNetStuck = 64

	hostNetTime  = 2 * time.Second
	hostNetBytes = 32 << 20
)

// networks is what an Adapter remembers for readings of networks.
type networks struct {
	visitors *visitors // others than those of the list, which has to go on

	mu  sync.Mutex
	out map[runtime.Ref]*netTurn // readings under way; the zero Ref is the host's
}

func newNetworks() *networks {
	return &networks{visitors: newVisitors(), out: map[runtime.Ref]*netTurn{}}
}

// netTurn is a reading under way.
type netTurn struct {
	since time.Time
	done  chan struct{} // closed at its end
}

// begin takes the turn of a container, or gives the one that has it. full says that
// too many are out.
func (n *networks) begin(ref runtime.Ref) (mine, other *netTurn, full bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if t := n.out[ref]; t != nil {
		return nil, t, false
	}
	if len(n.out) >= maxNetStuck+netReaders {
		return nil, nil, true
	}
	t := &netTurn{time.Now(), make(chan struct{})}
	n.out[ref] = t
	return t, nil, false
}

func (n *networks) end(ref runtime.Ref, t *netTurn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.out, ref)
	close(t.done)
}

// inTurn does a reading that may never come back in a goroutine of its own, and
// waits for it as long as patience. since is that of one that has not come back:
// as long as it is out, there is no other for the same container.
func inTurn[T any](ctx context.Context, n *networks, ref runtime.Ref, patience time.Duration, f func() (T, error)) (v T, since time.Time, err error) {
	if ctx.Err() != nil {
		return v, time.Time{}, ended(ctx) // and nothing is begun
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	mine, other, full := n.begin(ref)
	for ; other != nil; mine, other, full = n.begin(ref) {
		if time.Since(other.since) > patience {
			return v, other.since, notBack(other.since)
		}
		select {
		case <-other.done:
		case <-timer.C:
			return v, other.since, notBack(other.since)
		case <-ctx.Done():
			return v, other.since, ended(ctx)
		}
	}
	if full {
		return v, time.Time{}, tooLate("%d readings of networks have not come back", maxNetStuck)
	}
	type result struct {
		v   T
		err error
	}
	got := make(chan result, 1)
	runtime.Spawn("network", func(err error) { n.end(ref, mine); got <- result{err: err} }, func() {
		v, err := f()
		n.end(ref, mine)
		got <- result{v, err}
	})
	select {
	case r := <-got:
		return r.v, time.Time{}, r.err
	case <-timer.C:
		return v, mine.since, notBack(mine.since)
	case <-ctx.Done():
		return v, mine.since, ended(ctx)
	}
}

func notBack(since time.Time) error {
	return tooLate("a reading of its network has not come back since %s", since.Format(time.TimeOnly))
}

// Network reads the host's interfaces and those of containers.
func (a *Adapter) Network(ctx context.Context, refs []runtime.Ref) (runtime.NetworkMap, error) {
	m, err := a.network(ctx, refs)
	return m, fail("network", runtime.Ref{}, err)
}

func (a *Adapter) network(ctx context.Context, refs []runtime.Ref) (runtime.NetworkMap, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	m := runtime.NetworkMap{At: time.Now()}
	for _, ref := range refs {
		if err := ref.Check(); err != nil {
			return m, err
		}
	}
	h, _, err := inTurn(ctx, a.networks, runtime.Ref{}, 2*hostNetTime, readHostNet)
	if err != nil {
		err = fmt.Errorf("the host's interfaces: %w", err)
		h.why = err.Error()
	}
	m.Host, m.HostWhy = h.links, h.why
	m.Containers = a.eachNetwork(ctx, refs, &h)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return m, ended(ctx)
	case err != nil && !slices.ContainsFunc(m.Containers, func(c runtime.ContainerNet) bool { return c.Why == "" }):
		return m, err // nothing at all was read
	}
	return m, nil
}

// eachNetwork reads containers, some at once. Those that are not reached before ctx
// ends say so; what was read until then stays.
func (a *Adapter) eachNetwork(ctx context.Context, refs []runtime.Ref, h *hostNet) []runtime.ContainerNet {
	all := make([]runtime.ContainerNet, len(refs))
	for i, ref := range refs {
		all[i] = unreadNet(ref, "it was not read")
	}
	next := make(chan int)
	var readers sync.WaitGroup
	for range min(netReaders, len(refs)) {
		readers.Add(1)
		failed := func(error) { readers.Done() }
		runtime.Spawn("network", failed, func() {
			for i := range next {
				all[i] = a.networkOf(ctx, refs[i], h)
			}
			readers.Done()
		})
	}
	for i := range refs {
		select {
		case next <- i:
		case <-ctx.Done():
			all[i].Why = notReached(ctx)
		}
	}
	close(next)
	readers.Wait()
	return all
}

// unreadNet is a container of whose network nothing is known.
func unreadNet(ref runtime.Ref, why string) runtime.ContainerNet {
	return runtime.ContainerNet{Ref: ref, At: time.Now(), NSID: netnsaUnknown, Why: why}
}

// notReached says why a container was not asked at all.
func notReached(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "it was not reached: reading others took too long"
	}
	return ended(ctx).Error()
}

// networkOf reads one container's network, or says why not.
func (a *Adapter) networkOf(ctx context.Context, ref runtime.Ref, h *hostNet) runtime.ContainerNet {
	none := unreadNet(ref, "")
	if ctx.Err() != nil {
		none.Why = notReached(ctx)
		return none
	}
	l := a.known(ref)
	if l == nil {
		if _, err := a.initPID(ctx, ref); err != nil {
			var silent *silence
			if errors.As(err, &silent) {
				none.Since = silent.since
			}
			none.Why = err.Error()
			return none
		}
		if l = a.known(ref); l == nil {
			none.Why = errStoppedMeanwhile.Error()
			return none
		}
	}
	c, since, err := inTurn(ctx, a.networks, ref, netPatience, func() (runtime.ContainerNet, error) { return a.networks.read(l.pid, h) })
	switch {
	case err == nil && a.known(ref) != l: // it may be of whoever got its pid
		none.Why = errStoppedMeanwhile.Error()
	case err != nil:
		none.Why, none.Since = err.Error(), since
	default:
		c.Ref, c.InitPID = ref, l.pid
		return c
	}
	return none
}

var errStoppedMeanwhile = fmt.Errorf("%w: it has stopped meanwhile", runtime.ErrWrongState)

// hostNet is the network of this process.
type hostNet struct {
	links []runtime.NetLink
	why   string // not all is known; "" = it is
}

// readHostNet reads the host's interfaces and their addresses.
func readHostNet() (hostNet, error) {
	var h hostNet
	sock := func() (int, error) {
		return unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	}
	r := &linkReader{dial: sock, most: runtime.MaxHostNet, loopback: true, asker: asker{bytes: hostNetBytes, until: time.Now().Add(hostNetTime), sock: -1}}
	defer r.hangUp()
	if err := r.dump(); err != nil {
		return h, err
	}
	if r.more {
		r.lack(fmt.Sprintf("it has more than %d interfaces", runtime.MaxHostNet))
	}
	r.allAddresses()
	r.vlans()
	if r.part != "" {
		h.why = "not all of the host's network is known: " + r.part
	}
	h.links = r.links
	return h, nil
}

// read reads the network of the container with this init.
func (n *networks) read(pid int, h *hostNet) (runtime.ContainerNet, error) {
	c := runtime.ContainerNet{NSID: netnsaUnknown}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return c, fmt.Errorf("init %d: pidfd_open: %w", pid, err)
	}
	defer unix.Close(pidfd)
	c.NS = inodeOf(fmt.Sprintf("/proc/%d/ns/net", pid))
	c.NSID = hostNSID(pid) // by its pid, which is its own as long as it is alive
	if onHostNet(pid) {
		c.At, c.OnHost = time.Now(), true
		return c, stillAlive(pid, pidfd)
	}
	r := n.reader(pid, &c.NS)
	defer r.hangUp()
	err = r.dump()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		if err := procNet(pid, &c); err != nil {
			return c, err
		}
		if onHostNet(pid) { // it has moved there meanwhile
			c = runtime.ContainerNet{NSID: c.NSID, At: c.At, OnHost: true}
		}
		return c, stillAlive(pid, pidfd)
	}
	if err != nil {
		return c, err
	}
	c.At = time.Now()
	r.rest(h, c.NSID)
	c.Links, c.More, c.Unsteady, c.Part = r.links, r.more, r.intr, r.part
	if c.NS != 0 && c.NS == inodeOf("/proc/self/ns/net") { // it has moved there meanwhile
		c.OnHost, c.Links = true, nil
	}
	return c, stillAlive(pid, pidfd)
}

// reader reads in the network of a process, which it tells by its inode.
func (n *networks) reader(pid int, space *uint64) *linkReader {
	dial := func() (int, error) {
		v := &visit{pid: pid, bare: true, done: make(chan struct{})}
		n.visitors.open([]*visit{v})
		<-v.done
		if v.err != nil {
			return -1, v.err
		}
		_ = unix.Close(v.ns.pidfd)
		*space = v.ns.ino
		return v.ns.sock, nil
	}
	return &linkReader{dial: dial, most: runtime.MaxNetLinks, asker: asker{bytes: netBytes, until: time.Now().Add(netTime), sock: -1}}
}

func stillAlive(pid, pidfd int) error {
	if !alive(pidfd) {
		return fmt.Errorf("%w: init %d has ended", runtime.ErrWrongState, pid)
	}
	return nil
}

// hostNSID is the number that this process's network has for that of a process;
// -1 = none, or not known.
func hostNSID(pid int) int {
	sock, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return netnsaUnknown
	}
	defer unix.Close(sock)
	q := asker{buf: make([]byte, 4<<10), bytes: netlinkBuf, until: time.Now().Add(netTime)}
	q.begin(sock)
	return q.nsid(pid)
}

// ownPID is this process as the kernel takes it in a request.
func ownPID() int { return os.Getpid() }
