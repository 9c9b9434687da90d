package proc

import (
	"context"
	"errors"
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
		more, err := o.ofPort(q)
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
	left *int         // how many descriptors may still be looked at; nil = any number
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
		// A container's init is its monitor's child, however that is called:
		// "[lxc monitor]" where it went to the background, "lxc-start -F" as
		// Proxmox runs it. One whose monitor has died is pid 1's.
		if init, in, err := o.read(c, c.init); err == nil && in && init.PPID == p.PID && p.PID > 1 {
			return []Found{{Target: i, Monitor: true, Process: p}}, nil
		}
	}
	return []Found{{Target: -1, Process: p}}, nil
}

// read reads a process if it is the container's; anything is the host's. The
// number of a thread, which has a directory too that /proc does not list,
// leads to its process.
func (o *owners) read(c *container, pid int) (p runtime.Process, ok bool, err error) {
	if c == nil {
		return p, false, nil
	}
	r, err := c.reader(time.Now())
	if err != nil {
		return p, false, err
	}
	one := func(pid int) {
		if p = (runtime.Process{PID: pid}); c == o.host {
			c.set[pid] = true
		}
		ok, err = r.read(&p, false)
	}
	if one(pid); ok && err == nil && r.leader > 0 && r.leader != pid {
		one(r.leader)
	}
	return p, ok, err
}

// netSpace is a network namespace, and the processes in it.
type netSpace struct {
	name    string // as in /proc/PID/ns
	pids    []int
	targets []int // parallel to pids; -1 = the host's
	// owner has the sockets whose process cannot be seen, such as the kernel's
	// own: the container whose own network it is, which is its init's. -1 = the host,
	// although a container may share its network.
	owner int
}

// own settles whose network it is where it is no init's, such as one made inside: it is
// the container's that all processes in it are of.
func (s *netSpace) own() {
	s.owner = s.targets[0]
	for _, t := range s.targets {
		if t != s.owner {
			s.owner = -1
		}
	}
}

// ofPort reads the sockets of each network namespace once, and looks for who
// has them open.
func (o *owners) ofPort(q runtime.OwnerQuery) ([]Found, error) {
	spaces, order, err := o.spaces()
	if err != nil {
		return nil, err
	}
	var found []Found
	for _, name := range order {
		s := spaces[name]
		more, err := o.holders(s, o.sockets(s, q))
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// spaces gathers all processes by their network namespace, the host's last.
func (o *owners) spaces() (spaces map[string]*netSpace, order []string, err error) {
	spaces = map[string]*netSpace{}
	inside := map[int]bool{}
	host, _ := os.Readlink(o.fs.path("proc/self/ns/net"))
	add := func(pid, target int) {
		name := o.fs.namespace(pid, "net")
		if name == "" {
			return
		}
		s := spaces[name]
		if s == nil {
			s = &netSpace{name: name, owner: -1}
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
	inits := o.homes()
	for name, s := range spaces {
		switch home, is := inits[name]; {
		case name == host:
		case is:
			s.owner = home
		default:
			s.own()
		}
	}
	return spaces, order, nil
}

// homes are the networks of the containers' inits. One that several share is the
// first's.
func (o *owners) homes() map[string]int {
	homes := map[string]int{}
	for i, c := range o.all {
		if c == nil {
			continue
		}
		if name := o.fs.namespace(c.init, "net"); name != "" {
			if _, is := homes[name]; !is {
				homes[name] = i
			}
		}
	}
	return homes
}

// sockets are those of a namespace that listen on a port. Its files are read by
// the first process that is still there: one that has gone to another meanwhile, or
// got the pid of one that ended, would tell of sockets of others.
func (o *owners) sockets(s *netSpace, q runtime.OwnerQuery) []socket {
	for _, pid := range s.pids {
		all, ok := o.listening(pid, q)
		if ok && o.fs.namespace(pid, "net") == s.name {
			return all[:min(len(all), maxSockets)]
		}
	}
	return nil
}

// listening are the sockets on a port in the network that a process is in.
func (o *owners) listening(pid int, q runtime.OwnerQuery) (all []socket, ok bool) {
	var r scratch
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6"} {
		if q.Proto != "" && strings.TrimSuffix(proto, "6") != q.Proto {
			continue
		}
		text, err := r.whole(o.fs.proc(pid, "net/"+proto), maxTable)
		if err != nil {
			continue // without IPv6 there is none
		}
		ok = true
		all = append(all, listening(text, proto, q.Port)...)
	}
	return all, ok
}

// holders finds for each socket the process that has had it open the longest:
// others have it from that one. Each process is looked at once, however many
// sockets a port has (SO_REUSEPORT).
func (o *owners) holders(s *netSpace, socks []socket) ([]Found, error) {
	if len(socks) == 0 {
		return nil, nil
	}
	found := make([]Found, len(socks))
	places := map[string]int{}
	for i := range socks {
		found[i] = Found{Target: s.owner, Listens: socks[i].at}
		places["socket:["+strconv.FormatUint(socks[i].inode, 10)+"]"] = i
	}
	for i, pid := range s.pids {
		if err := o.ctx.Err(); err != nil {
			return nil, err
		}
		has := o.opened(pid, places)
		if len(has) == 0 {
			continue
		}
		c := o.host
		if s.targets[i] >= 0 {
			c = o.all[s.targets[i]]
		}
		p, ok, err := o.read(c, pid)
		if err != nil {
			return nil, err
		}
		for _, at := range has {
			if best := &found[at]; ok && (best.Process.PID == 0 || p.Begin < best.Process.Begin) {
				best.Process, best.Target = p, s.targets[i]
			}
		}
	}
	return found, nil
}

// maxOpen bounds how many descriptors of a process are looked at.
const maxOpen = 1 << 16

// opened gives the places of the names that a process has descriptors of; of one
// whose descriptors may not be read that is not known, which is none.
func (o *owners) opened(pid int, places map[string]int) []int {
	if o.left != nil && *o.left <= 0 {
		return nil
	}
	dir := o.fs.proc(pid, "fd")
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, err := f.Readdirnames(maxOpen)
	if err != nil {
		return nil
	}
	if o.left != nil {
		*o.left -= len(names)
	}
	var has []int
	for _, name := range names {
		to, err := os.Readlink(dir + "/" + name)
		if err != nil {
			continue
		}
		if at, ok := places[to]; ok && !slices.Contains(has, at) {
			has = append(has, at)
		}
	}
	return has
}
