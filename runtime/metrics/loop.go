package metrics

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// portTries is how many free ports are tried until one is free in both families.
const portTries = 16

// listenLoop listens on the loopback addresses that there are. Of port 0 both get the
// same one that is free.
func listenLoop(ctx context.Context, port uint16) (l net.Listener, err error) {
	for range portTries {
		if l, err = listenBoth(ctx, port); port != 0 || !errors.Is(err, unix.EADDRINUSE) {
			break
		}
	}
	return l, err
}

func listenBoth(ctx context.Context, port uint16) (net.Listener, error) {
	four, err := listenTCP(ctx, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port))
	if err != nil {
		return nil, err
	}
	if at, ok := four.Addr().(*net.TCPAddr); ok {
		port = at.AddrPort().Port()
	}
	six, err := listenTCP(ctx, netip.AddrPortFrom(netip.IPv6Loopback(), port))
	switch {
	case noFamily(err):
		return four, nil
	case err != nil:
		_ = four.Close()
		return nil, err
	}
	return newTwin(four, six), nil
}

// noFamily says whether a host has no address of a family: its kernel was started
// without (ipv6.disable=1 of kernel-parameters), or none is set (disable_ipv6 of
// ip-sysctl).
func noFamily(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL)
}

// twin accepts on two listeners; its address is the first's.
type twin struct {
	net.Listener
	other  net.Listener
	came   chan arrival
	closed chan struct{}
	end    func() error
}

type arrival struct {
	conn net.Conn
	err  error
}

func newTwin(l, other net.Listener) *twin {
	p := &twin{Listener: l, other: other, came: make(chan arrival), closed: make(chan struct{})}
	p.end = sync.OnceValue(func() error {
		close(p.closed)
		return errors.Join(l.Close(), other.Close())
	})
	for _, l := range []net.Listener{l, other} {
		runtime.Spawn("accept", func(err error) { p.hand(arrival{nil, err}) }, func() { p.gather(l) })
	}
	return p
}

// gather hands on what comes, until the listener is closed.
func (p *twin) gather(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) || !p.hand(arrival{conn, err}) {
			return
		}
	}
}

// hand gives an arrival to whoever accepts; false = nobody does any more.
func (p *twin) hand(a arrival) bool {
	select {
	case p.came <- a:
		return true
	case <-p.closed:
		if a.conn != nil {
			_ = a.conn.Close()
		}
		return false
	}
}

func (p *twin) Accept() (net.Conn, error) {
	select {
	case a := <-p.came:
		return a.conn, a.err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *twin) Close() error { return p.end() }
