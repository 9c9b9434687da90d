package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/proc"
)

// Ports gives the sockets in a container's network that wait for others.
func (a *Adapter) Ports(ctx context.Context, ref runtime.Ref) (runtime.PortList, error) {
	list, err := a.portsOf(ctx, ref)
	return list, fail("ports", ref, err)
}

func (a *Adapter) portsOf(ctx context.Context, ref runtime.Ref) (runtime.PortList, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var none runtime.PortList
	if err := ref.Check(); err != nil {
		return none, err
	}
	l, t, err := a.lifeTarget(ctx, ref)
	if err != nil {
		return none, err
	}
	at := time.Now()
	r, err := aside(ctx, a.overseer, ref, func() (readPorts, error) { return a.overseer.listeners(ctx, t) })
	switch {
	case a.known(ref) != l && (err == nil || ctx.Err() == nil):
		return none, errStoppedMeanwhile
	case err != nil:
		return none, err
	}
	list := runtime.PortList{At: at, InitPID: t.Init, More: r.more}
	with := a.sharesNet(ref, t.Init, r.space)
	nameless := false
	for _, f := range r.found {
		if f.Process.PID == 0 {
			if nameless = true; with != "" { // whose it is, is not known: others are in there too
				continue
			}
		}
		list.Ports = append(list.Ports, runtime.Owner{Ref: ref, Process: f.Process, Listens: f.Listens})
	}
	if n := len(list.Ports); n > runtime.MaxPorts {
		list.Ports, list.More = list.Ports[:runtime.MaxPorts], true
	}
	switch {
	case with != "":
		list.Unnamed = "it shares " + with + ": only its own sockets are shown"
	case nameless && os.Geteuid() != 0:
		list.Unnamed = "only root may see which process has a socket"
	case nameless:
		list.Unnamed = "a socket without a process is the kernel's, or of one outside the container"
	}
	list.Ports = slices.Clip(list.Ports)
	return list, nil
}

// readPorts are sockets of one network.
type readPorts struct {
	found []proc.Found
	more  bool
	space uint64 // the network's inode; 0 = it may not be read
}

// listeners reads the sockets of a container's network. Its init may go to another one
// at any time: what was read then is of neither.
func (o *overseer) listeners(ctx context.Context, t proc.Target) (r readPorts, err error) {
	file := fmt.Sprintf("/proc/%d/ns/net", t.Init)
	r.space = inodeOf(file)
	r.found, r.more, err = o.fs.Listeners(ctx, t)
	if err == nil && inodeOf(file) != r.space {
		err = errors.New("its init has gone to another network meanwhile")
	}
	return r, err
}

// sharesNet says in words who else is in a container's network, the host before
// containers; "" = nobody who is known.
func (a *Adapter) sharesNet(ref runtime.Ref, init int, space uint64) string {
	switch {
	case onHostNet(init):
		return "the host's network"
	case space == 0:
		return ""
	}
	a.mu.Lock()
	inits := make(map[runtime.Ref]int, len(a.lives))
	for other, l := range a.lives {
		inits[other] = l.pid
	}
	a.mu.Unlock()
	for other, pid := range inits {
		if other != ref && a.known(other) != nil && inodeOf(fmt.Sprintf("/proc/%d/ns/net", pid)) == space {
			return "its network with other containers"
		}
	}
	return ""
}
