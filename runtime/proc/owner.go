package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// Found is an Owner as this room knows it: containers are told by their place
// among the Targets.
type Found struct {
	Target  int // -1 = none: it is the host's own
	Monitor bool
	Process runtime.Process
	Listens runtime.Listener
}

// Owners says whom a pid or a listening port belongs to. A Target whose init has
// ended meanwhile owns nothing.
func (f FS) Owners(ctx context.Context, q runtime.OwnerQuery, all []Target) ([]Found, error) {
	o := owners{fs: f, ctx: ctx, host: &container{fs: f, units: "/", ids: []idRange{{0, 0, 1 << 32}}, set: map[int]bool{}}}
	for _, t := range all {
		c, err := f.resolve(ctx, t)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			c = nil
		}
		o.all = append(o.all, c)
	}
	var found []Found
	if q.PID > 0 {
		one, err := o.ofPid(q.PID)
		if err != nil {
			return nil, err
		}
		found = append(found, one...)
	}
	if q.Port > 0 {
		more, err := o.ofPort(q.Port)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// owners is one question of whose something is.
type owners struct {
	fs   FS
	ctx  context.Context
	all  []*container // by Target; nil = it is gone
	host *container   // what is in none of them
}

// ofPid finds whose a process is.
func (o *owners) ofPid(pid int) ([]Found, error) {
	for i, c := range o.all {
		p, ok, err := o.read(c, pid)
		if err != nil {
			return nil, err
		}
		if ok {
			return []Found{{Target: i, Process: p}}, nil
		}
	}
	p, ok, err := o.read(o.host, pid)
	if !ok || err != nil {
		return nil, err
	}
	for i, c := range o.all {
		if c == nil {
			continue
		}
		// A container's init is its monitor's child.
		if init, in, err := o.read(c, c.init); err == nil && in && init.PPID == pid && strings.HasPrefix(p.Command, "[lxc monitor]") {
			return []Found{{Target: i, Monitor: true, Process: p}}, nil
		}
	}
	return []Found{{Target: -1, Process: p}}, nil
}

// read reads a process if it is the container's; anything is the host's.
func (o *owners) read(c *container, pid int) (p runtime.Process, ok bool, err error) {
	if c == nil {
		return p, false, nil
	}
	r, err := c.reader(time.Now())
	if err != nil {
		return p, false, err
	}
	p.PID = pid
	if c == o.host {
		c.set[pid] = true
	}
	ok, err = r.read(&p, false)
	return p, ok, err
}

// netSpace is a network namespace, and the processes in it.
type netSpace struct {
	pids    []int
	targets []int // parallel to pids; -1 = the host's
}

// ofPort reads the sockets of each network namespace once, and looks for who
// has them open.
func (o *owners) ofPort(port int) ([]Found, error) {
	spaces, order, err := o.spaces()
	if err != nil {
		return nil, err
	}
	var found []Found
	for _, name := range order {
		if err := o.ctx.Err(); err != nil {
			return nil, err
		}
		s := spaces[name]
		for _, sock := range o.sockets(s, port) {
			one, err := o.holder(s, &sock)
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		}
	}
	return found, nil
}

// spaces gathers all processes by their network namespace, the host's last.
func (o *owners) spaces() (spaces map[string]*netSpace, order []string, err error) {
	spaces = map[string]*netSpace{}
	inside := map[int]bool{}
	add := func(pid, target int) {
		name := o.fs.namespace(pid, "net")
		if name == "" {
			return
		}
		s := spaces[name]
		if s == nil {
			s = &netSpace{}
			spaces[name] = s
			order = append(order, name)
		}
		s.pids, s.targets = append(s.pids, pid), append(s.targets, target)
	}
	for i, c := range o.all {
		if c == nil {
			continue
		}
		pids, _, err := c.pids()
		if err != nil {
			if errors.Is(err, runtime.ErrNotFound) {
				continue
			}
			return nil, nil, err
		}
		for _, pid := range pids {
			inside[pid] = true
			add(pid, i)
		}
	}
	all, err := o.fs.allPids()
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(all)
	for _, pid := range all {
		if !inside[pid] {
			add(pid, -1)
		}
	}
	return spaces, order, nil
}

// sockets are those of a namespace that listen on a port. Its files are read by
// the first process that is still there.
func (o *owners) sockets(s *netSpace, port int) []socket {
	var r scratch
	for _, pid := range s.pids {
		var all []socket
		read := false
		for _, proto := range []string{"tcp", "tcp6", "udp", "udp6"} {
			text, err := r.whole(o.fs.proc(pid, "net/"+proto), maxTable)
			if err != nil {
				continue // without IPv6 there is none
			}
			read = true
			all = append(all, listening(text, proto, port)...)
		}
		if read {
			return all
		}
	}
	return nil
}

// holder finds the process that has had a socket open the longest: others have
// it from that one.
func (o *owners) holder(s *netSpace, sock *socket) (Found, error) {
	best := Found{Target: s.targets[0], Listens: sock.at}
	want := "socket:[" + strconv.FormatUint(sock.inode, 10) + "]"
	for i, pid := range s.pids {
		if !o.hasOpen(pid, want) {
			continue
		}
		c := o.host
		if s.targets[i] >= 0 {
			c = o.all[s.targets[i]]
		}
		p, ok, err := o.read(c, pid)
		if err != nil {
			return best, err
		}
		if ok && (best.Process.PID == 0 || p.Begin < best.Process.Begin) {
			best.Process, best.Target = p, s.targets[i]
		}
	}
	return best, nil
}

// maxOpen bounds how many descriptors of a process are looked at.
const maxOpen = 1 << 16

// hasOpen says whether a process has a descriptor that leads to a name; of one
// whose descriptors may not be read it is not known, which is no.
func (o *owners) hasOpen(pid int, want string) bool {
	dir := o.fs.proc(pid, "fd")
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := f.Readdirnames(maxOpen)
	if err != nil {
		return false
	}
	for _, name := range names {
		if to, err := os.Readlink(fmt.Sprintf("%s/%s", dir, name)); err == nil && to == want {
			return true
		}
	}
	return false
}
