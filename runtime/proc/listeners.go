package proc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// maxListening is how much is read of a table of sockets, which a container may
	// fill as it likes.
	maxListening = 1 << 20
	// mostListeners is how many sockets of a table are taken.
	mostListeners = 1024
	// mostOpen is how many descriptors of all its processes are looked at.
	mostOpen = 1 << 18
)

// Listeners gives the sockets in a container's network that wait for others, by
// port, and which of its processes has each. more says that there are others, or
// that not all processes could be looked at.
func (f FS) Listeners(ctx context.Context, t Target) (found []Found, more bool, err error) {
	c, err := f.resolve(ctx, t)
	if err != nil {
		return nil, false, err
	}
	var socks []socket
	read := false
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6"} {
		some, cut, err := f.waiting(t.Init, proto)
		if errors.Is(err, unix.ENOENT) {
			continue // without IPv6 there is none
		}
		if err != nil {
			return nil, false, explain(fmt.Sprintf("look at the sockets of init %d", t.Init), err)
		}
		read, more = true, more || cut
		socks = append(socks, some...)
	}
	if !read {
		return nil, false, fmt.Errorf("look at the sockets of init %d: %w", t.Init, runtime.ErrNotFound)
	}
	slices.SortStableFunc(socks, func(x, y socket) int {
		return cmp.Or(cmp.Compare(x.at.Addr.Port(), y.at.Addr.Port()), strings.Compare(x.at.Proto, y.at.Proto), x.at.Addr.Addr().Compare(y.at.Addr.Addr()))
	})
	pids, total, err := c.pids()
	if err != nil {
		return nil, false, err
	}
	left := mostOpen
	o := owners{fs: f, ctx: ctx, all: []*container{c}, left: &left}
	s := &netSpace{pids: pids, targets: make([]int, len(pids)), owner: 0}
	found, err = o.holders(s, socks)
	return found, more || total > len(pids) || left <= 0, err
}

// waiting reads one table. The kernel writes the sockets that listen before all
// others (tcp_seq_start of tcp_ipv4.c): with the first other one they have all come.
func (f FS) waiting(pid int, proto string) (socks []socket, cut bool, err error) {
	fd, err := openAt(unix.AT_FDCWD, f.proc(pid, "net/"+proto))
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = unix.Close(fd) }()
	tcp := strings.HasPrefix(proto, "tcp")
	buf, used, left := make([]byte, 64<<10), 0, maxListening
	first := true
	for {
		n, err := unix.Read(fd, buf[used:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, false, err
		case n == 0:
			return socks, false, nil
		}
		used += n
		end := bytes.LastIndexByte(buf[:used], '\n') + 1
		text := buf[:end]
		if first {
			_, text = kernfile.Line(text) // titles
		}
		first = first && end == 0
		all, others := listeners(text, proto, 0)
		socks = append(socks, all...)
		left -= n
		switch {
		case tcp && others:
			return socks, false, nil
		case len(socks) >= mostListeners || left <= 0 || end == 0 && used == len(buf):
			return socks[:min(len(socks), mostListeners)], true, nil
		}
		used = copy(buf, buf[end:used])
	}
}
