package fake

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"lxcdeck/runtime"
)

// maxProcs is how many processes a container shows: pids of containers lie
// further apart.
const maxProcs = 16

// Processes gives those that the spec names, else the processes of its Procs.
func (r *Runtime) Processes(ctx context.Context, ref runtime.Ref, q runtime.ProcessQuery) (runtime.ProcessList, error) {
	if err := ref.Check(); err != nil {
		return runtime.ProcessList{}, wrap("processes", ref, err)
	}
	if err := r.enter(ctx, Oversee, ref); err != nil {
		return runtime.ProcessList{}, wrap("processes", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	switch {
	case !ok:
		return runtime.ProcessList{}, wrap("processes", ref, runtime.ErrNotFound)
	case b.spec.InitPID == 0:
		return runtime.ProcessList{}, wrap("processes", ref, fmt.Errorf("%w: it is %s", runtime.ErrWrongState, b.spec.State))
	}
	all := r.processes(b)
	for i := range all {
		if p := &all[i]; q.PSS == p.PID || q.PSS == runtime.EveryPSS {
			p.PSS = runtime.Of(p.RSS.Or(0) * 3 / 4)
		}
	}
	return runtime.ProcessList{At: r.Now(), InitPID: b.spec.InitPID, Processes: all, Total: len(all)}, nil
}

// processes are those of a container at this moment. Callers hold r.mu.
func (r *Runtime) processes(b *box) []runtime.Process {
	if b.procsOf != b.spec.InitPID {
		b.procs, b.procsOf = b.newProcs(), b.spec.InitPID
	}
	all := slices.Clone(b.procs)
	active := b.active
	if !b.since.IsZero() {
		active += r.Now().Sub(b.since)
	}
	if b.spec.Processes != nil {
		return all
	}
	cpu, shares := b.spec.Load.cpuSeconds(active, b.phase), 0.0
	weight := func(p *runtime.Process) float64 {
		if p.Init {
			return 0.02
		}
		return 1 / float64(p.Inner)
	}
	for i := range all {
		shares += weight(&all[i])
	}
	for i := range all {
		share := weight(&all[i]) / shares
		ticks := uint64(cpu * share * 100) // as the kernel tells them
		all[i].CPU = runtime.Of(ticks * 1e7)
		all[i].RSS = runtime.Of(max(1<<20, uint64(b.spec.Load.level(float64(b.spec.Load.Memory)*share, active, b.phase+1))&^4095))
	}
	return all
}

// newProcs are the processes of a life that begins.
func (b *box) newProcs() []runtime.Process {
	init := b.spec.InitPID
	if b.spec.Processes != nil {
		all := slices.Clone(b.spec.Processes)
		for i := range all {
			all[i].Init = all[i].PID == init
		}
		return all
	}
	lines := b.spec.Procs
	if len(lines) == 0 {
		lines = []string{"init", "/sbin/getty 38400 tty1"}
	}
	unpriv := b.spec.Config != nil && b.spec.Config.Unprivileged
	var all []runtime.Process
	for i, line := range lines[:min(len(lines), maxProcs)] {
		begun := b.spec.Started.Add(time.Duration(i) * 1300 * time.Millisecond)
		p := runtime.Process{
			PID: init + i, PPID: init, Inner: 1 + 13*i, Begin: beginOf(begun), Started: begun, State: 'S', Threads: 1,
			Command: line, Name: nameOf(line), Init: i == 0,
		}
		if i == 0 {
			p.PPID, p.Unit = 1, "init.scope"
		} else {
			p.Unit = unitOf(line)
		}
		if first := lines[max(0, i-1)]; i > 1 && nameOf(first) == p.Name { // workers of a master
			p.PPID = all[i-1].PID
			if all[i-1].PPID != init {
				p.PPID = all[i-1].PPID
			}
		}
		p.InnerUID, p.User = userOf(line)
		if p.UID, p.HostUser = p.InnerUID, p.User; unpriv {
			p.UID, p.HostUser = 100000+p.InnerUID, ""
		}
		all = append(all, p)
	}
	return all
}

// nameOf is the kernel's name of a program.
func nameOf(line string) string {
	word, _, _ := strings.Cut(line, " ")
	word = strings.TrimSuffix(path.Base(word), ":")
	return word[:min(len(word), 15)]
}

func unitOf(line string) string {
	switch nameOf(line) {
	case "nginx":
		return "nginx.service"
	case "postgres":
		return "postgresql.service"
	case "redis-server":
		return "redis.service"
	default:
		return ""
	}
}

func userOf(line string) (uid int, name string) {
	switch n := nameOf(line); {
	case n == "nginx" && !strings.Contains(line, "master"):
		return 33, "www-data"
	case n == "postgres":
		return 104, "postgres"
	case n == "redis-server":
		return 107, "redis"
	default:
		return 0, "root"
	}
}

// signalled lets a process have a signal. Callers hold r.mu.
func (r *Runtime) signalled(b *box, a *runtime.SignalArgs) error {
	all := r.processes(b)
	i := slices.IndexFunc(all, func(p runtime.Process) bool { return p.PID == a.PID })
	switch {
	case i < 0:
		return fmt.Errorf("%w: the container has no process %d", runtime.ErrWrongState, a.PID)
	case all[i].Begin != a.Begin:
		return fmt.Errorf("%w: process %d is another one by now", runtime.ErrWrongState, a.PID)
	case all[i].Init && !a.Init:
		return fmt.Errorf("%w: process %d is the container's init", runtime.ErrInvalid, a.PID)
	}
	switch syscall.Signal(a.Signal) {
	case syscall.SIGSTOP:
		b.procs[i].State = 'T'
	case syscall.SIGCONT:
		b.procs[i].State = 'S'
	case syscall.SIGCHLD, syscall.SIGWINCH:
	case syscall.SIGKILL:
		if all[i].Init {
			r.become(b, runtime.Stopped)
			return nil
		}
		b.procs = slices.Delete(b.procs, i, i+1)
	default:
		if !all[i].Init { // the kernel keeps it from an init without a handler
			b.procs = slices.Delete(b.procs, i, i+1)
		}
	}
	return nil
}

// Owners looks among the containers' processes; ports are those that servers
// of these names have.
func (r *Runtime) Owners(ctx context.Context, q runtime.OwnerQuery) ([]runtime.Owner, error) {
	if err := q.Check(); err != nil {
		return nil, wrap("who", runtime.Ref{}, err)
	}
	if err := r.enter(ctx, Oversee, runtime.Ref{}); err != nil {
		return nil, wrap("who", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	refs := make([]runtime.Ref, 0, len(r.boxes))
	for ref, b := range r.boxes {
		if b.spec.InitPID > 0 {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, order)
	var owners []runtime.Owner
	for _, ref := range refs {
		b, heard := r.boxes[ref], false
		for _, p := range r.processes(b) {
			if p.PID == q.PID {
				owners = append(owners, runtime.Owner{Ref: ref, Process: p})
			}
			if port := portOf(p.Name); port > 0 && port == q.Port && !heard && q.Proto != "udp" {
				heard = true // workers have it from their master
				owners = append(owners, runtime.Owner{Ref: ref, Process: p, Listens: runtime.Listener{
					Proto: "tcp", Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port)),
				}})
			}
		}
	}
	slices.SortStableFunc(owners, func(x, y runtime.Owner) int { return int(x.Listens.Addr.Port()) - int(y.Listens.Addr.Port()) })
	return owners, nil
}

func portOf(name string) int {
	switch name {
	case "nginx":
		return 80
	case "postgres":
		return 5432
	case "redis-server":
		return 6379
	default:
		return 0
	}
}

// Remake changes the processes of a container that brings its own.
func (r *Runtime) Remake(ref runtime.Ref, change func([]runtime.Process) []runtime.Process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b := r.boxes[ref]; b != nil {
		r.processes(b) // they begin with its life
		b.procs = change(b.procs)
	}
}
