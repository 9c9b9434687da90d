package lxc

import (
	"context"
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
	t, err := a.target(ctx, ref)
	if err != nil {
		return none, err
	}
	type read struct {
		found []proc.Found
		more  bool
	}
	at := time.Now()
	r, err := aside(ctx, a.overseer, ref, func() (read, error) {
		found, more, err := a.overseer.fs.Listeners(ctx, t)
		return read{found, more}, err
	})
	switch {
	case err != nil && ctx.Err() == nil && a.known(ref) == nil, err == nil && a.known(ref) == nil:
		return none, errStoppedMeanwhile
	case err != nil:
		return none, err
	}
	list := runtime.PortList{At: at, InitPID: t.Init, More: r.more}
	own := inodeOf("/proc/self/ns/net")
	onHost := own != 0 && own == inodeOf(fmt.Sprintf("/proc/%d/ns/net", t.Init))
	nameless := false
	for _, f := range r.found {
		if f.Process.PID == 0 {
			if nameless = true; onHost { // whose it is, is not known: others are on the host too
				continue
			}
		}
		list.Ports = append(list.Ports, runtime.Owner{Ref: ref, Process: f.Process, Listens: f.Listens})
	}
	if n := len(list.Ports); n > runtime.MaxPorts {
		list.Ports, list.More = list.Ports[:runtime.MaxPorts], true
	}
	switch {
	case onHost:
		list.Unnamed = "it shares the host's network: only what its own processes hold is shown"
	case nameless && os.Geteuid() != 0:
		list.Unnamed = "only root may see which process has a socket"
	case nameless:
		list.Unnamed = "a socket without a process is the kernel's, or held by a process outside the container"
	}
	list.Ports = slices.Clip(list.Ports)
	return list, nil
}
