package lxc

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// hostFor is how long what was read of the whole host serves: one List.
const hostFor = time.Second

// mounts remembers where the cgroup hierarchies are.
type mounts struct {
	mu   sync.Mutex
	at   time.Time
	list cgroup.Mounts
}

// get gives no mounts where they cannot be read.
func (m *mounts) get(fs cgroup.FS) cgroup.Mounts {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() || time.Since(m.at) > hostFor {
		m.list, _ = fs.Mounts()
		m.at = time.Now()
	}
	return m.list
}

// payloads remembers the payload cgroups of the host, whoever owns them.
type payloads struct {
	mu   sync.Mutex
	at   time.Time
	list []cgroup.Payload
}

func (p *payloads) all(fs cgroup.FS) ([]cgroup.Payload, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.at.IsZero() && time.Since(p.at) < hostFor {
		return p.list, nil
	}
	list, err := fs.ListPayloads(true)
	if err != nil {
		return nil, err
	}
	p.list, p.at = list, time.Now()
	return list, nil
}

// fromLiblxc fills in the state from liblxc itself, and gives the life.
func (a *Adapter) fromLiblxc(ctx context.Context, c *runtime.Container) (*life, error) {
	state, pid, err := a.liblxcVitals(ctx, c.Ref)
	if err != nil {
		return nil, err
	}
	c.State = state
	if pid <= 0 {
		return nil, nil
	}
	if l := a.known(c.Ref); l != nil && l.pid == pid {
		return l, nil
	}
	return a.remember(c.Ref, pid)
}

// known is the life that a container was seen in last, if it still lasts.
func (a *Adapter) known(ref runtime.Ref) *life {
	a.mu.Lock()
	l := a.lives[ref]
	a.mu.Unlock()
	if l == nil || !l.alive() {
		return nil
	}
	return l
}

// fromCgroups finds a running container whose monitor, a process of uid peer,
// answers only its own user: its payload cgroup holds its init.
func (a *Adapter) fromCgroups(c *runtime.Container, peer uint32) (*life, error) {
	if l := a.known(c.Ref); l != nil {
		c.State = runtime.Running
		return l, nil
	}
	all, err := a.payloads.all(a.cgroups)
	if err != nil {
		return nil, fmt.Errorf("%w: its monitor answers only uid %d: %w", runtime.ErrPermission, peer, err)
	}
	init := 0
	for _, p := range all {
		if !namedAfter(p.Name, c.Name) {
			continue
		}
		pid, err := a.cgroups.PayloadInit(p)
		if err != nil || pid <= 0 || childOf(pid, peer) != nil {
			continue
		}
		if init != 0 && init != pid {
			return nil, fmt.Errorf("%w: its monitor answers only uid %d, and several containers have its name",
				runtime.ErrPermission, peer)
		}
		init = pid
	}
	if init == 0 {
		return nil, fmt.Errorf("%w: its monitor answers only uid %d", runtime.ErrPermission, peer)
	}
	c.State = runtime.Running
	return a.remember(c.Ref, init)
}

// behind finds the life of a container whose monitor does not answer, and whom nobody
// has seen before: the init of a payload cgroup of its name that is a child of who
// listens on its command socket. nil = there is none, or that cannot be seen.
func (a *Adapter) behind(ref runtime.Ref) *life {
	own := socketName(ref)
	sockets, err := listeners(func(name []byte) bool { return string(name) == own })
	if err != nil || len(sockets) != 1 {
		return nil
	}
	all, err := a.payloads.all(a.cgroups)
	if err != nil {
		return nil
	}
	for _, p := range all {
		if !namedAfter(p.Name, ref.Name) {
			continue
		}
		init, err := a.cgroups.PayloadInit(p)
		if err != nil {
			continue
		}
		fields, err := statFields(init)
		if err != nil {
			continue
		}
		monitor, err := strconv.Atoi(fields[1])
		if err != nil || !sockets[0].heldBy(monitor) {
			continue
		}
		l, err := a.remember(ref, init)
		if err != nil {
			return nil
		}
		return l
	}
	return nil
}

// namedAfter says whether a payload cgroup can be that of a container: liblxc
// adds -N to the name where it must avoid an existing directory.
func namedAfter(payload, name string) bool {
	rest, ok := strings.CutPrefix(payload, name)
	if !ok {
		return false
	}
	return rest == "" || (rest[0] == '-' && isNumber(rest[1:]))
}
