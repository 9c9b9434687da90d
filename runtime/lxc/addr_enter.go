package lxc

import (
	"errors"
	"fmt"
	"net/netip"
	goruntime "runtime"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// maxVisitors is how many threads visit network namespaces at once.
	maxVisitors = 4
	// visitorRest is how long a thread waits for another namespace to visit: a
	// List asks for many, one shortly after the other.
	visitorRest = 5 * time.Millisecond
)

// visitors are threads that go from one container's network namespace to the
// next and never come back: their goroutines end without unlocking them,
// which ends the threads too, so that nothing else ever runs there.
type visitors struct {
	mu      sync.Mutex
	queue   []*visit
	running int           // threads
	resting int           // of these, waiting for wake
	wake    chan struct{} // a token for each one that shall look at the queue
}

// visit is the wish to open a socket in the network namespace of a process.
type visit struct {
	pid  int
	bare bool          // nothing is read, and no change announced
	done chan struct{} // closed when what follows holds
	ns   *netNS
	err  error
}

func newVisitors() *visitors { return &visitors{wake: make(chan struct{}, maxVisitors)} }

// open makes the netNS of containers with their addresses read.
func (v *visitors) open(visits []*visit) {
	v.mu.Lock()
	v.queue = append(v.queue, visits...)
	start := 0
	for range visits {
		switch {
		case v.resting > 0:
			v.resting--
			v.wake <- struct{}{} // has room for all of them
		case v.running < min(maxVisitors, goruntime.GOMAXPROCS(0)):
			v.running++
			start++
		}
	}
	v.mu.Unlock()
	for range start {
		v.start()
	}
}

// start starts one thread.
func (v *visitors) start() {
	var now *visit // that the thread is at
	failed := func(err error) {
		v.mu.Lock()
		v.running--
		others := v.running == 0 && len(v.queue) > 0
		if others {
			v.running++
		}
		v.mu.Unlock()
		if now != nil {
			now.err = err
			close(now.done)
		}
		if others {
			v.start() // or they would wait for ever
		}
	}
	var live func()
	live = func() {
		goruntime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread is what /proc/self speaks of, and cannot end.
			// While this goroutine holds it another one gets another thread.
			spare := make(chan struct{})
			runtime.Spawn("netlink", func(err error) { failed(err); close(spare) }, func() { live(); close(spare) })
			<-spare
			goruntime.UnlockOSThread()
			return
		}
		buf := make([]byte, netlinkBuf)
		for now = v.next(); now != nil; now = v.next() {
			if now.bare {
				now.ns, now.err = visitBare(now.pid)
			} else {
				now.ns, now.err = visitNetNS(now.pid, buf)
			}
			w := now
			now = nil
			close(w.done)
		}
	}
	runtime.Spawn("netlink", failed, live)
}

// next gives a thread its next visit; nil = it shall end.
func (v *visitors) next() *visit {
	for rested := false; ; {
		v.mu.Lock()
		if len(v.queue) > 0 {
			w := v.queue[0]
			v.queue = v.queue[1:]
			v.mu.Unlock()
			return w
		}
		if rested {
			v.running--
			v.mu.Unlock()
			return nil
		}
		v.resting++
		v.mu.Unlock()
		timer := time.NewTimer(visitorRest)
		select {
		case <-v.wake:
		case <-timer.C:
			rested = !v.stopResting()
		}
		timer.Stop()
	}
}

// stopResting ends a thread's rest. It is false where another thread's wish to
// wake it came first: there is something in the queue, or was.
func (v *visitors) stopResting() (woken bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.resting > 0 {
		v.resting--
		return false
	}
	<-v.wake // on its way already
	return true
}

// visitNetNS moves this thread to the network namespace of a process, opens a
// socket there that hears of changes, and reads the addresses.
func visitNetNS(pid int, buf []byte) (*netNS, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("network namespace of %d: pidfd_open: %w", pid, err)
	}
	sock := -1
	if err = enterNetNS(pid, pidfd); err == nil {
		sock, err = netlinkHere()
	}
	var ips []netip.Addr
	var many time.Time
	if err == nil {
		if ips, err = askAddrs(sock, buf); errors.Is(err, errManyAddrs) {
			many, err = time.Now(), nil
		}
	}
	if err != nil {
		if sock >= 0 {
			_ = unix.Close(sock)
		}
		_ = unix.Close(pidfd)
		return nil, err
	}
	return &netNS{pidfd: pidfd, sock: sock, ips: ips, known: true, many: many}, nil
}

// visitBare moves this thread to the network namespace of a process, opens a
// socket there, and sees which namespace it is.
func visitBare(pid int) (*netNS, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("network namespace of %d: pidfd_open: %w", pid, err)
	}
	n := &netNS{pidfd: pidfd, sock: -1}
	if err = enterNetNS(pid, pidfd); err == nil {
		n.sock, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	}
	if err != nil {
		_ = unix.Close(pidfd)
		return nil, err
	}
	n.ino = inodeOf("/proc/thread-self/ns/net")
	return n, nil
}

// inodeOf is what tells a namespace from others (namespaces(7)); 0 = not known.
func inodeOf(path string) uint64 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	return st.Ino
}

// enterNetNS moves this thread. A pidfd is the process itself, whatever has
// become of its pid; kernels before 5.8 do not take it (setns(2)).
func enterNetNS(pid, pidfd int) error {
	err := unix.Setns(pidfd, unix.CLONE_NEWNET)
	if errors.Is(err, unix.EINVAL) {
		err = enterByPath(pid, pidfd)
	}
	if err != nil {
		return fmt.Errorf("network namespace of %d: %w", pid, err)
	}
	return nil
}

func enterByPath(pid, pidfd int) error {
	ns, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(ns)
	if !alive(pidfd) {
		return unix.ESRCH // the pid may be another's by now, and the namespace too
	}
	return unix.Setns(ns, unix.CLONE_NEWNET)
}

// netlinkHere opens a routing socket in this thread's network namespace.
func netlinkHere() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, fmt.Errorf("netlink socket: %w", err)
	}
	groups := uint32(unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("netlink socket: %w", err)
	}
	return fd, nil
}
