package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/proc"
)

const (
	// readTime is how long processes are read at most. The kernel may keep a
	// reader of a command line waiting as long as it likes.
	readTime = 10 * time.Second
	// passwdTime is how long a container's own passwd may take: a FUSE mount in
	// it need not answer.
	passwdTime = 2 * time.Second
	// passwdFresh is how old a list of users may be when an id is met that it
	// has no name for.
	passwdFresh = 30 * time.Second
	// passwdRest is how long a passwd that could not be read is left alone: each
	// try may cost passwdTime.
	passwdRest = 5 * time.Minute
)

// overseer is what an Adapter remembers for readings of processes.
type overseer struct {
	fs   proc.FS
	what string // is read, for errors

	mu    sync.Mutex
	turns map[runtime.Ref]chan struct{} // a token each: one reading of a container at a time
	since map[runtime.Ref]time.Time     // when the one under way began
	users map[runtime.Ref]*users        // of containers
	host  *users                        // of the host itself
}

// users are the names in a passwd.
type users struct {
	init  int       // in whose life it was read
	read  time.Time // when
	stamp time.Time // of the file, on the host
	names map[int]string
	why   string // there are none; "" = they were read
}

func newOverseer(what string) *overseer {
	return &overseer{what: what, turns: map[runtime.Ref]chan struct{}{}, since: map[runtime.Ref]time.Time{}, users: map[runtime.Ref]*users{}}
}

// Processes reads what runs in a container.
func (a *Adapter) Processes(ctx context.Context, ref runtime.Ref, q runtime.ProcessQuery) (runtime.ProcessList, error) {
	list, err := a.processes(ctx, ref, q)
	return list, fail("processes", ref, err)
}

func (a *Adapter) processes(ctx context.Context, ref runtime.Ref, q runtime.ProcessQuery) (runtime.ProcessList, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var none runtime.ProcessList
	if err := ref.Check(); err != nil {
		return none, err
	}
	l, t, err := a.lifeTarget(ctx, ref)
	if err != nil {
		return none, err
	}
	list, err := aside(ctx, a.overseer, ref, func() (runtime.ProcessList, error) { return a.overseer.fs.Read(ctx, t, q) })
	switch {
	case a.known(ref) != l && (err == nil || ctx.Err() == nil):
		return none, errStoppedMeanwhile
	case err != nil:
		return none, err
	}
	a.name(ctx, ref, &list)
	return list, nil
}

// target is where the processes of a running container are looked for.
func (a *Adapter) target(ctx context.Context, ref runtime.Ref) (proc.Target, error) {
	_, t, err := a.lifeTarget(ctx, ref)
	return t, err
}

// lifeTarget is target with the life that it is of: where that is not known any more
// after a reading, what was read may be of whoever got its pids.
func (a *Adapter) lifeTarget(ctx context.Context, ref runtime.Ref) (*life, proc.Target, error) {
	l := a.known(ref)
	if l == nil {
		if _, err := a.initPID(ctx, ref); err != nil {
			return nil, proc.Target{}, err
		}
		if l = a.known(ref); l == nil {
			return nil, proc.Target{}, errStoppedMeanwhile
		}
	}
	return l, proc.Target{Init: l.pid, Dirs: a.cgroupDirs(ref)}, nil
}

// aside does a reading, which may never come back, in a goroutine of its own.
// At most one for a container is under way: who finds one waits for it.
func aside[T any](ctx context.Context, o *overseer, ref runtime.Ref, f func() (T, error)) (T, error) {
	var none T
	o.mu.Lock()
	turn := o.turns[ref]
	if turn == nil {
		turn = make(chan struct{}, 1)
		o.turns[ref] = turn
	}
	o.mu.Unlock()
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return none, ended(ctx)
		}
		o.mu.Lock()
		since := o.since[ref]
		o.mu.Unlock()
		return none, tooLate("a reading of its %s has not come back since %s", o.what, since.Format(time.TimeOnly))
	}
	o.mu.Lock()
	o.since[ref] = time.Now()
	o.mu.Unlock()
	type result struct {
		value T
		err   error
	}
	got := make(chan result, 1)
	runtime.Spawn("processes", func(err error) { <-turn; got <- result{err: err} }, func() {
		v, err := f()
		<-turn
		got <- result{v, err}
	})
	select {
	case r := <-got:
		if r.err != nil && ctx.Err() != nil {
			return none, ended(ctx)
		}
		return r.value, r.err
	case <-ctx.Done():
		return none, ended(ctx)
	}
}

// Owners says whom a pid or a listening port belongs to.
func (a *Adapter) Owners(ctx context.Context, q runtime.OwnerQuery) ([]runtime.Owner, error) {
	owners, err := a.owners(ctx, q)
	return owners, fail("who", runtime.Ref{}, err)
}

func (a *Adapter) owners(ctx context.Context, q runtime.OwnerQuery) ([]runtime.Owner, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if err := q.Check(); err != nil {
		return nil, err
	}
	l, err := a.List(ctx)
	if err != nil {
		return nil, err
	}
	var refs, silent []runtime.Ref
	var all []proc.Target
	for i := range l.Containers {
		c := &l.Containers[i]
		if !c.NoAnswerSince.IsZero() {
			silent = append(silent, c.Ref)
		}
		if c.Counted() {
			refs = append(refs, c.Ref)
			all = append(all, proc.Target{Init: c.InitPID, Dirs: a.cgroupDirs(c.Ref)})
		}
	}
	// The zero Ref stands for all: no container has it.
	found, err := aside(ctx, a.overseer, runtime.Ref{}, func() ([]proc.Found, error) { return a.overseer.fs.Owners(ctx, q, all) })
	if err != nil {
		return nil, err
	}
	owners := make([]runtime.Owner, 0, len(found))
	for _, f := range found {
		o := runtime.Owner{Monitor: f.Monitor, Process: f.Process, Listens: f.Listens}
		list := runtime.ProcessList{Processes: []runtime.Process{f.Process}}
		if f.Target >= 0 {
			o.Ref, list.InitPID = refs[f.Target], all[f.Target].Init
		}
		switch {
		case f.Process.PID == 0:
		case f.Target >= 0 && !f.Monitor:
			a.name(ctx, o.Ref, &list)
		default:
			a.overseer.nameHost(&list.Processes[0])
		}
		o.Process = list.Processes[0]
		ofSilent(&o, silent)
		owners = append(owners, o)
	}
	return owners, nil
}

// ofSilent finds whose a process is among containers whose monitor does not
// answer, so that their init is not known: by the names of its cgroup and of
// monitors. It is said to be theirs, nothing more.
func ofSilent(o *runtime.Owner, silent []runtime.Ref) {
	name := o.Unlisted()
	var named []runtime.Ref
	for _, ref := range silent {
		if name == ref.Name {
			named = append(named, ref)
		}
		if o.Ref == (runtime.Ref{}) && o.Process.UID == os.Geteuid() && o.Process.Command == monitorTitle+" "+ref.Path+" "+ref.Name {
			o.Ref, o.Monitor = ref, true
			return
		}
	}
	if len(named) == 1 {
		o.Ref = named[0]
	}
}

// name gives the users of a container's processes their names, inside and outside.
func (a *Adapter) name(ctx context.Context, ref runtime.Ref, list *runtime.ProcessList) {
	inside := a.usersOf(ctx, ref, list)
	list.Unnamed = inside.why
	for i := range list.Processes {
		p := &list.Processes[i]
		a.overseer.nameHost(p)
		p.User = ""
		if p.InnerUID >= 0 {
			p.User = inside.names[p.InnerUID]
		}
	}
}

// usersOf gives the users of a container: those read in this life of it, unless
// somebody is in there that they do not know.
func (a *Adapter) usersOf(ctx context.Context, ref runtime.Ref, list *runtime.ProcessList) *users {
	o := a.overseer
	o.mu.Lock()
	u := o.users[ref]
	o.mu.Unlock()
	if u != nil && u.init == list.InitPID && u.holds(list, time.Since(u.read)) {
		return u
	}
	u = &users{init: list.InitPID, read: time.Now()}
	text, err := a.readPasswd(ctx, ref, list.InitPID)
	if err != nil {
		u.why = "no names of its users: " + err.Error()
		if ctx.Err() != nil {
			return u // it was not its fault
		}
	} else {
		u.names = userNames(text)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for other := range o.users { // those of containers that have stopped
		if a.known(other) == nil {
			delete(o.users, other)
		}
	}
	o.users[ref] = u
	return u
}

// holds says whether what was read so long ago will do.
func (u *users) holds(list *runtime.ProcessList, age time.Duration) bool {
	if u.why != "" {
		return age < passwdRest
	}
	return age < passwdFresh || u.knows(list)
}

// knows says whether all that are in there have a name.
func (u *users) knows(list *runtime.ProcessList) bool {
	for i := range list.Processes {
		if id := list.Processes[i].InnerUID; id >= 0 && u.names[id] == "" {
			return false
		}
	}
	return true
}

// readPasswd lets a helper read a container's passwd.
func (a *Adapter) readPasswd(ctx context.Context, ref runtime.Ref, init int) ([]byte, error) {
	as, err := a.helperUser(ref)
	if err != nil && !errors.Is(err, runtime.ErrConfig) { // no config is needed for it
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, passwdTime)
	defer cancel()
	r, err := a.callHelper(limited, helperRequest{Kind: kindPasswd, Ref: ref, Init: init, ReadOnly: a.opts.ReadOnly}, as, nil)
	if err == nil {
		err = r.err()
	}
	return r.Text, err
}

// helperPasswd reads the passwd of the container with this init.
func helperPasswd(init int) helperReply {
	root, err := openRoot(init)
	if err != nil {
		return failedReply(err, "")
	}
	defer root.close()
	text, err := root.readFile("/etc/passwd", maxPasswd)
	if err == nil && !root.alive() {
		err = fmt.Errorf("init %d has ended", init)
	}
	if err != nil {
		return failedReply(fileErr(err), "")
	}
	return helperReply{OK: true, Text: text}
}

// Bounds of a list of users: a name that useradd(8) takes has 32 bytes at most.
const (
	maxUsers    = 10000
	maxUserName = 256
)

// userNames are the names in a passwd, the first for each id.
func userNames(text []byte) map[int]string {
	names := map[int]string{}
	for line := range bytes.Lines(text) {
		u, ok := parseAccount(strings.TrimRight(string(line), "\r\n"))
		if !ok || len(u.name) > maxUserName || len(names) >= maxUsers {
			continue
		}
		if _, is := names[u.uid]; !is {
			names[u.uid] = u.name
		}
	}
	return names
}

// nameHost names the user that a process is on the host, by the host's own
// passwd: no name service is asked, which may hang.
func (o *overseer) nameHost(p *runtime.Process) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.host == nil || time.Since(o.host.read) > passwdFresh {
		u := &users{read: time.Now()}
		st, err := os.Stat("/etc/passwd")
		if err == nil {
			u.stamp = st.ModTime()
		}
		switch {
		case o.host != nil && err == nil && o.host.stamp.Equal(u.stamp):
			u.names = o.host.names
		case err == nil && st.Size() <= maxPasswd:
			if text, err := os.ReadFile("/etc/passwd"); err == nil {
				u.names = userNames(text)
			}
		}
		o.host = u
	}
	p.HostUser = o.host.names[p.UID]
}
