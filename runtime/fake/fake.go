// Package fake is a Runtime in memory: for unit tests, benches and --demo.
//
// Rules of this room:
//   - It keeps the contract as strictly as the real adapter does; the
//     conformance suite of runtimetest holds both to it.
//   - Nothing happens by chance: counters are functions of time and of the
//     seed, and time may be a Clock that the test moves.
//   - What a script does (Add, Remove, Set, Become) is done behind the back of
//     whoever uses the Runtime, as lxc-* tools do it on a real host.
package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"lxcdeck/runtime"
)

// Spec is one container as a script wants it.
type Spec struct {
	runtime.Container          // an empty Path means the first of Options.Paths
	Load              Load     // how its counters move while it runs
	Procs             []string // command lines shown by ps and top inside; nil = an init and a shell
	// Processes, if set, are what Processes gives as they stand, ordered by pid.
	Processes []runtime.Process
	// Net, if set, is what Network gives of it while it runs; MAC is that of its
	// eth0, "" = one of its own.
	Net *runtime.ContainerNet
	MAC string
	// Isolated, if set, changes what Isolation gives of it.
	Isolated func(*runtime.Isolation)
	// Counters, if set, writes the sample instead of Load. Active is how long
	// the container's processes have run; InitPID and the times are already set.
	Counters func(active time.Duration, tier runtime.Tier, s *runtime.Sample)
	// TTYs is how many ttys it has beside /dev/console; 0 = 4.
	TTYs int
	// BootLog is what its console has printed; "" = a few lines of an init.
	BootLog string
	// Logs are its logs, in the order in which they are listed.
	Logs []LogText
	// Files are what is in its root, by absolute path; nil = a few that every system has.
	Files []TreeFile
	// NoBootLog says that none is kept.
	NoBootLog bool
	// NoStart is what its starts fail with, until something is mended.
	NoStart error
	// ConfigText is its config file, as an archive has it; "" = a plain one.
	ConfigText string
	Snapshots  []runtime.SnapshotInfo // the oldest first
	Devices    []string               // names that were put into it
	// Base is what the container is an overlay on: another container, or a
	// snapshot (Path PATH/NAME/snaps). Zero = it has a root of its own.
	Base runtime.Ref
	// Under are further such layers, below Base.
	Under []runtime.Ref
}

// Options describe the host.
type Options struct {
	Paths []string // lxcpaths; none = /var/lib/lxc
	Clock *Clock   // nil = real time
	Seed  uint64   // of the phases in which counters swing
	Name  string   // About.Name; "" = "fake"
	UID   int      // About.UID
	User  string   // About.User
	// Elsewhere are the lxcpaths that are not in use, as an empty Listing has them.
	Elsewhere []runtime.Elsewhere
	NoHome    bool   // that user has no home directory
	Demo      bool   // About.Demo
	CPUs      int    // 0 = 8
	Memory    uint64 // bytes; 0 = 32 GiB
	Latency   time.Duration
	// Latency is how long an operation stays in its passing state (STARTING,
	// STOPPING ...). 0 = it is done at once.
	CopyLatency time.Duration // the same of what copies a root; 0 = Latency
	// HostFiles are files of the host; Push and Pull copy from and to them, and one
	// begins in the folder of the first. nil = they copy to and from those of the real host.
	HostFiles []TreeFile
}

// Runtime is the fake. All methods may be called from several goroutines.
type Runtime struct {
	opts Options
	born time.Time

	mu       sync.Mutex
	boxes    map[runtime.Ref]*box
	noConfig []runtime.Ref
	faults   map[faultKey]*Fault
	calls    [methods]int
	requests []runtime.Request
	watchers map[*watcher]struct{}
	onAttach func(runtime.Shell) (runtime.Session, error)
	// onConsole is onAttach for Console.
	onConsole func(runtime.Console) (runtime.Session, error)
	nextPID   int
	choices   *runtime.Choices
	serial    int // how many containers were; each has its number for an Identity
	images    []runtime.Image
	checks    []runtime.Check // nil = those of an invented host
	leftovers []runtime.Leftover
	extras    []runtime.SpaceExtra
	measured  map[runtime.Ref]time.Time // by Space, and when
	diagnoses map[runtime.Ref]runtime.Diagnosis
	// checkpoints are those that were written, by directory.
	checkpoints map[string]runtime.Ref
	retired     float64 // CPU seconds of lives that ended, so that the host's counter never goes back
	confs       confs
	hostRoot    *node // Options.HostFiles; nil = there are none
	closed      bool
}

var _ runtime.Runtime = (*Runtime)(nil)

// box is one container and its life.
type box struct {
	spec     Spec
	active   time.Duration // how long its processes ran before since
	since    time.Time     // they run since then; zero = frozen or stopped
	phase    float64
	doing    runtime.Op         // what is under way
	app      context.CancelFunc // ends the command of a Run that goes on; nil = none does
	devices  map[string]bool    // names that AddDevice has put into it
	sessions map[*Session]struct{}
	ttys     map[int]*Session // who took them last
	procs    []runtime.Process
	procsOf  int // the init in whose life they are
	logs     []openLog
	root     *node // its files; nil = nobody has looked yet
	edits    int   // how often its config was edited
	limits   map[limitKey]string
}

func newBox(spec Spec, phase float64) *box {
	b := &box{spec: spec, phase: phase, sessions: make(map[*Session]struct{}), ttys: make(map[int]*Session), devices: map[string]bool{}}
	for _, name := range spec.Devices {
		b.devices[name] = true
	}
	return b
}

// New makes a host with these containers.
func New(opts Options, specs ...Spec) *Runtime {
	if len(opts.Paths) == 0 {
		opts.Paths = []string{"/var/lib/lxc"}
	}
	if opts.Name == "" {
		opts.Name = "fake"
	}
	if opts.CPUs == 0 {
		opts.CPUs = 8
	}
	if opts.Memory == 0 {
		opts.Memory = 32 << 30
	}
	r := &Runtime{
		opts:        opts,
		born:        opts.Clock.Now(),
		boxes:       make(map[runtime.Ref]*box),
		faults:      make(map[faultKey]*Fault),
		checkpoints: make(map[string]runtime.Ref),
		watchers:    make(map[*watcher]struct{}),
		nextPID:     4000,

		diagnoses: map[runtime.Ref]runtime.Diagnosis{}, measured: map[runtime.Ref]time.Time{},
	}
	if len(opts.HostFiles) > 0 {
		r.hostRoot = plant(opts.HostFiles, r.planted())
	}
	for i := range specs {
		r.Add(specs[i])
	}
	return r
}

// About describes the fake host.
func (r *Runtime) About() runtime.About {
	return runtime.About{
		Name: r.opts.Name, Version: "5.0.2", Paths: slices.Clone(r.opts.Paths),
		UID: r.opts.UID, User: r.opts.User, Demo: r.opts.Demo,
	}
}

// Close ends all sessions and watches.
func (r *Runtime) Close() error {
	r.mu.Lock()
	r.closed = true
	var open []*Session
	for _, b := range r.boxes {
		for s := range b.sessions {
			open = append(open, s)
		}
	}
	watchers := r.watchers
	r.watchers = make(map[*watcher]struct{})
	r.mu.Unlock()
	for _, s := range open {
		_ = s.Close() // closing a pty in memory cannot fail
	}
	for w := range watchers {
		w.stop()
	}
	return nil
}

// Now is the host's time.
func (r *Runtime) Now() time.Time { return r.opts.Clock.Now() }

// Add puts a container on the host, replacing one of the same Ref. A spec
// whose state is alive gets a pid and a start time unless it brings them.
func (r *Runtime) Add(spec Spec) {
	if spec.Path == "" {
		spec.Path = r.opts.Paths[0]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if spec.Identity == "" {
		spec.Identity = r.identity()
	}
	b := newBox(spec, phase(spec.Ref, r.opts.Seed))
	if spec.State.Alive() {
		if spec.InitPID == 0 {
			b.spec.InitPID = r.pid()
		}
		if spec.Started.IsZero() {
			b.spec.Started = now
		}
		b.active = max(now.Sub(b.spec.Started), 0)
		if spec.State != runtime.Frozen {
			b.since = now
		}
	}
	r.boxes[spec.Ref] = b
	r.emit(runtime.Event{Kind: runtime.Inventory, Ref: spec.Ref, At: now})
}

// identity is that of a new container. Callers hold r.mu.
func (r *Runtime) identity() string {
	r.serial++
	return strconv.Itoa(r.serial)
}

// Remove takes a container off the host, with its sessions.
func (r *Runtime) Remove(ref runtime.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return
	}
	r.become(b, runtime.Stopped)
	delete(r.boxes, ref)
	r.emit(runtime.Event{Kind: runtime.Inventory, Ref: ref, At: r.Now()})
}

// NoConfig sets the directories that hold no config file.
func (r *Runtime) NoConfig(refs ...runtime.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noConfig = slices.Clone(refs)
}

// Become puts a container in another state at once, as if another tool had
// done it. It reports whether the container is there.
func (r *Runtime) Become(ref runtime.Ref, s runtime.State) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if ok {
		r.become(b, s)
		r.emit(runtime.Event{Kind: runtime.Changed, Ref: ref, At: r.Now()})
	}
	return ok
}

// Set edits a container's spec (not its state: see Become) and announces kind.
// It reports whether the container is there.
func (r *Runtime) Set(ref runtime.Ref, kind runtime.EventKind, edit func(*Spec)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return false
	}
	state := b.spec.State
	edit(&b.spec)
	b.spec.Ref, b.spec.State = ref, state
	if kind == runtime.Edited {
		b.edits++
	}
	r.emit(runtime.Event{Kind: kind, Ref: ref, At: r.Now()})
	return true
}

// Get gives a container as List would show it.
func (r *Runtime) Get(ref runtime.Ref) (runtime.Container, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return runtime.Container{}, false
	}
	return r.shown(b), true
}

// List gives all containers, in order.
func (r *Runtime) List(ctx context.Context) (runtime.Listing, error) {
	if err := r.enter(ctx, List, runtime.Ref{}); err != nil {
		return runtime.Listing{}, wrap("list", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := runtime.Listing{Read: map[string]string{}}
	for _, p := range r.opts.Paths {
		if f := r.faults[faultKey{List, runtime.Ref{Path: p}}]; f != nil {
			l.Problems = append(l.Problems, fmt.Errorf("lxcpath %s: %w", p, f.Err))
		} else {
			l.Read[p] = p
		}
	}
	l.Containers = make([]runtime.Container, 0, len(r.boxes))
	for ref, b := range r.boxes {
		if slices.Contains(r.opts.Paths, ref.Path) && r.faults[faultKey{List, runtime.Ref{Path: ref.Path}}] == nil {
			l.Containers = append(l.Containers, r.shown(b))
		}
	}
	slices.SortFunc(l.Containers, func(a, b runtime.Container) int { return order(a.Ref, b.Ref) })
	l.NoConfig = slices.Clone(r.noConfig)
	slices.SortFunc(l.NoConfig, order)
	if len(l.Containers) == 0 {
		l.Elsewhere = slices.Clone(r.opts.Elsewhere)
	}
	return l, nil
}

// beginOf is a start in ticks of this host, which began with the epoch; 0 = none.
func beginOf(started time.Time) uint64 {
	if started.IsZero() {
		return 0
	}
	return uint64(max(1, started.UnixMilli()/10))
}

// shown is the box as List tells of it. Callers hold r.mu.
func (r *Runtime) shown(b *box) runtime.Container {
	c := b.spec.Container
	c.ConfigID, c.Begin = "version "+strconv.Itoa(b.edits), beginOf(c.Started)
	c.Edited = c.InitPID > 0 && r.edited(b)
	f := r.faults[faultKey{List, c.Ref}]
	switch {
	case f == nil:
	case f.Stuck:
		c.State, c.NoAnswerSince, c.Problem = runtime.Unknown, f.since, runtime.ErrNoAnswer
	default:
		c.Config, c.Problem = nil, f.Err
	}
	if !c.State.Alive() {
		c.IPs = nil
		c.IPsRead = c.State == runtime.Stopped
	}
	return c
}

// become moves a box to another state, with all that belongs to it. Callers hold r.mu.
func (r *Runtime) become(b *box, to runtime.State) {
	now := r.Now()
	from := b.spec.State
	b.spec.State = to
	if !b.since.IsZero() {
		b.active += now.Sub(b.since)
		b.since = time.Time{}
	}
	switch {
	case to.Alive() && !from.Alive():
		b.spec.InitPID, b.spec.Started, b.active = r.pid(), now, 0
	case !to.Alive() && from.Alive():
		r.retired += b.spec.Load.cpuSeconds(b.active, b.phase)
		b.spec.InitPID, b.spec.Started, b.active = 0, time.Time{}, 0
		for s := range b.sessions {
			s.stopped()
		}
		if b.app != nil {
			b.app()
			b.app = nil
		}
	}
	if to.Alive() && to != runtime.Frozen {
		b.since = now
	}
}

func (r *Runtime) pid() int {
	r.nextPID += 17
	return r.nextPID
}

func order(a, b runtime.Ref) int {
	switch {
	case a.Less(b):
		return -1
	case b.Less(a):
		return 1
	default:
		return 0
	}
}

// wrap makes an *Error unless err is one already.
func wrap(op string, ref runtime.Ref, err error) error {
	var e *runtime.Error
	if errors.As(err, &e) {
		return err
	}
	return &runtime.Error{Op: op, Ref: ref, Err: err}
}
