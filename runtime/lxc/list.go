package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// List looks at all lxcpaths: names come from the directories, states from
// the monitors, configurations from liblxc after they were found safe.
func (a *Adapter) List(ctx context.Context) (runtime.Listing, error) {
	select {
	case a.listing <- struct{}{}:
		defer func() { <-a.listing }()
	case <-ctx.Done():
		return runtime.Listing{}, fail("list", runtime.Ref{}, ended(ctx))
	}
	out := runtime.Listing{Read: map[string]string{}}
	var refs []runtime.Ref
	for _, path := range a.about.Paths {
		n, err := readNames(path)
		if err == nil {
			out.Read[path] = n.id
		}
		// Of LXC's own lxcpaths one that is not there has no containers yet.
		if err != nil && (a.given || !errors.Is(err, fs.ErrNotExist)) {
			out.Problems = append(out.Problems, fmt.Errorf("lxcpath %s: %w", path, err))
		}
		refs = append(refs, n.found...)
		out.NoConfig = append(out.NoConfig, n.without...)
		out.Dangling = append(out.Dangling, n.dangling...)
	}
	slices.SortFunc(refs, order)
	slices.SortFunc(out.NoConfig, order)

	defer a.moreProcessors(refs)()
	var found []inspection
	out.Containers, found = a.lookAll(ctx, refs)
	a.describeAll(ctx, out.Containers, found)
	a.addressAll(out.Containers)
	if err := ended(ctx); errors.Is(err, runtime.ErrCancelled) {
		return runtime.Listing{}, fail("list", runtime.Ref{}, err)
	}
	leaveOutVanished(&out)
	a.prune(out.Containers)
	if len(out.Containers) == 0 {
		out.Elsewhere = a.elsewhere()
	}
	return out, nil
}

// leaveOutVanished takes out what vanished between the names and the look at it.
// Whether it is gone, or its config alone, the next List finds.
func leaveOutVanished(l *runtime.Listing) {
	l.Containers = slices.DeleteFunc(l.Containers, func(c runtime.Container) bool {
		vanished := c.State == runtime.Stopped && errors.Is(c.Problem, runtime.ErrNotFound)
		if vanished {
			l.Dangling = append(l.Dangling, c.Ref)
		}
		return vanished
	})
}

// lookAll inspects the configurations and asks the monitors, many at once: what
// takes time there is to wait for answers.
func (a *Adapter) lookAll(ctx context.Context, refs []runtime.Ref) ([]runtime.Container, []inspection) {
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	all, found := make([]runtime.Container, len(refs)), make([]inspection, len(refs))
	looks := make(chan struct{}, maxLooks)
	var wg sync.WaitGroup
	for i, ref := range refs {
		found[i] = in.inspect(ref)
		unsafe := found[i].err
		looks <- struct{}{}
		wg.Add(1)
		done := func() { <-looks; wg.Done() }
		failed := func(err error) {
			all[i] = runtime.Container{Ref: ref, Problem: fail("list", ref, err)}
			done()
		}
		runtime.Spawn("look", failed, func() {
			all[i] = a.look(ctx, ref, unsafe)
			done()
		})
	}
	wg.Wait()
	return all, found
}

// describeAll adds what does not depend on the state, with as many workers as
// there may be calls into liblxc: a goroutine for each container would only
// wait for its turn, at the cost of two switches.
func (a *Adapter) describeAll(ctx context.Context, all []runtime.Container, found []inspection) {
	var next atomic.Int64
	var wg sync.WaitGroup
	var start func()
	start = func() {
		i := 0
		failed := func(err error) {
			all[i].Problem = fail("list", all[i].Ref, err)
			start() // with those that are left
		}
		runtime.Spawn("describe", failed, func() {
			for i = int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				a.describe(ctx, &all[i], &found[i])
			}
			wg.Done()
		})
	}
	for range min(maxCalls, len(all)) {
		wg.Add(1)
		start()
	}
	wg.Wait()
}

// firstLook is how many containers nobody knows yet make a List a first look.
const firstLook = 50

// moreProcessors gives Go more processors than there are cores, while many
// containers are looked at for the first time. That is thousands of calls into
// the kernel and liblxc, which keep their processor for as long as they block:
// on two cores 300 containers take 106 ms instead of 116.
func (a *Adapter) moreProcessors(refs []runtime.Ref) (restore func()) {
	unknown := 0
	a.mu.Lock()
	for _, ref := range refs {
		if _, ok := a.facts[ref]; !ok {
			unknown++
		}
	}
	a.mu.Unlock()
	if unknown < firstLook {
		return func() {}
	}
	goruntime.GOMAXPROCS(3 * goruntime.NumCPU())
	return goruntime.SetDefaultGOMAXPROCS
}

func order(x, y runtime.Ref) int {
	switch {
	case x.Less(y):
		return -1
	case y.Less(x):
		return 1
	default:
		return 0
	}
}

// readPath is readNames for those who do not ask for links.
func readPath(path string) ([]runtime.Ref, error) {
	n, err := readNames(path)
	return n.found, err
}

// names are those in one lxcpath.
type names struct {
	id                       string // of the directory that they were read of; "" = not known
	found, without, dangling []runtime.Ref
}

// readNames reads the names in one lxcpath: a directory with a config file is
// a container, hidden ones are none (liblxc's list_defined_containers). What
// was read before an error counts. dangling are links without a config behind them.
func readNames(path string) (names, error) {
	var out names
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return out, bareErr(err)
	}
	defer func() { _ = dir.Close() }() // only read from
	out.id = placeID(int(dir.Fd()))
	entries, err := dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || (!e.IsDir() && e.Type()&fs.ModeSymlink == 0) {
			continue
		}
		ref := runtime.Ref{Path: path, Name: e.Name()}
		var st unix.Stat_t
		lerr := unix.Fstatat(int(dir.Fd()), filepath.Join(e.Name(), "config"), &st, unix.AT_SYMLINK_NOFOLLOW)
		switch {
		case errors.Is(lerr, unix.ENOTDIR):
		case !errors.Is(lerr, fs.ErrNotExist):
			out.found = append(out.found, ref)
		case e.IsDir():
			out.without = append(out.without, ref)
		default:
			out.dangling = append(out.dangling, ref)
		}
	}
	return out, bareErr(err)
}

// bareErr is an error of a lxcpath without its name.
func bareErr(err error) error {
	var bare *fs.PathError
	if errors.As(err, &bare) {
		err = bare.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		err = &named{err, runtime.ErrPermission}
	}
	return err
}

// placeID tells an open directory from another in its place, on this disk or on
// another: the roots of two file systems of one kind have one handle. "" = it is
// not known.
func placeID(fd int) string {
	id, err := handleAt(fd, "")
	if err != nil {
		return ""
	}
	var st unix.Statfs_t
	for {
		err = unix.Fstatfs(fd, &st)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s@%08x%08x", id, uint32(st.Fsid.Val[0]), uint32(st.Fsid.Val[1]))
}

// look finds out how a container is: its state, and what the kernel says of
// its init. unsafe is what the inspection of its configuration found.
func (a *Adapter) look(ctx context.Context, ref runtime.Ref, unsafe error) runtime.Container {
	c := runtime.Container{Ref: ref, Foreign: foreignUID(unsafe)}
	if id, err := handleOf(ref.String()); err == nil { // else it is not known
		c.Identity = id
	}
	if unsafe != nil {
		c.Problem = fail("list", ref, unsafe)
	}
	v, err := a.monitorVitals(ctx, ref, c.Foreign)
	c.State = v.state
	var l *life
	switch {
	case err == nil && v.state != runtime.Stopped:
		l, err = a.lifeOf(ctx, ref)
	case errors.Is(err, errGarbled) && unsafe == nil:
		l, err = a.fromLiblxc(ctx, &c)
	case errors.Is(err, errNotOurs):
		l, err = a.fromCgroups(&c, v.peer)
	}
	var quiet *silence
	switch {
	case errors.As(err, &quiet):
		// Its init may well run on; its state is not known to hold.
		c.State, c.NoAnswerSince = runtime.Unknown, quiet.since
		if l = a.known(ref); l == nil {
			l = a.behind(ref)
		}
	case err != nil:
		c.Problem = fail("list", ref, err)
	}
	switch {
	case l != nil:
		c.InitPID, c.Started, c.Begin = l.pid, l.started, l.begin
		c.State = a.correct(l, ref, c.State)
	case c.State == runtime.Stopped:
		a.forget(ref)
	}
	return c
}

// startGrain is how far the start of an init may be off: the kernel tells when the
// host has booted in whole seconds (btime of proc_stat(5)).
const startGrain = time.Second

// describe adds what does not depend on the state: configuration and manager.
func (a *Adapter) describe(ctx context.Context, c *runtime.Container, found *inspection) {
	c.Manager = a.managers.of(c.Ref, found.manager)
	c.Lock = lockOf(c.Ref, found.err == nil)
	if len(found.files) > 0 { // the first is its own
		c.ConfigID = found.files[0].version()
	}
	if c.InitPID > 0 {
		c.Edited = slices.ContainsFunc(found.files, func(id fileID) bool { return id.mtime > c.Started.Add(-startGrain).UnixNano() })
	}
	if found.err == nil && c.NoAnswerSince.IsZero() {
		f := a.factsOf(ctx, c.Ref, found)
		c.Config = f.config
		var quiet *silence
		switch {
		case errors.As(f.err, &quiet):
			c.NoAnswerSince = quiet.since
		case f.err != nil && c.Problem == nil:
			c.Problem = fail("list", c.Ref, f.err)
		}
	}
	if c.Config == nil && c.Problem == nil && !c.NoAnswerSince.IsZero() {
		c.Config = a.lastConfig(c.Ref)
		c.Problem = fail("list", c.Ref, &silence{c.NoAnswerSince})
	}
}

// addressAll adds the addresses of those that run.
func (a *Adapter) addressAll(all []runtime.Container) {
	inits := make([]int, len(all))
	for i := range all {
		inits[i] = all[i].InitPID
	}
	a.addrs.getAll(inits, func(i int, ips []netip.Addr, ok bool) { all[i].IPs, all[i].IPsRead = ips, ok })
}

// lastConfig is what was known of a configuration before its container fell silent.
func (a *Adapter) lastConfig(ref runtime.Ref) *runtime.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.facts[ref].config
}

// prune forgets what is known of containers that are gone.
func (a *Adapter) prune(all []runtime.Container) {
	here := make(map[runtime.Ref]bool, len(all))
	for i := range all {
		here[all[i].Ref] = true
	}
	used := map[string]bool{}
	var dead []*life
	a.mu.Lock()
	for ref, f := range a.facts {
		if !here[ref] {
			delete(a.facts, ref)
			continue
		}
		for _, id := range f.files {
			used[id.path] = true
		}
	}
	for ref, l := range a.lives {
		if !here[ref] {
			delete(a.lives, ref)
			dead = append(dead, l)
		}
	}
	a.mu.Unlock()
	for _, l := range dead {
		l.close()
	}
	a.configs.keep(used)
}
