package lxc

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/host"
)

// How long things may take.
const (
	// answerTime is how long a List waits for a monitor. One that is alive
	// answers in a tenth of a millisecond; a host that swaps takes longer.
	answerTime = time.Second
	// loadTime is how long a List waits for liblxc to load a configuration.
	loadTime = 2 * time.Second
)

const (
	// maxCalls is how many calls into liblxc run at once: each holds a thread.
	maxCalls = 4
	// maxLooks is how many containers a List looks at at once: each holds a
	// descriptor or two while its monitor thinks.
	maxLooks = 64
)

// Options say how the Adapter works. The zero Options are those of LXC itself.
type Options struct {
	Paths    []string      // lxcpaths; none = LXC's own, and for a user the user's and the system's
	ReadOnly bool          // nothing is changed and no program run in a container
	Answer   time.Duration // how long a monitor may take to answer; 0 = 1 s
	Audit    string        // file of the audit log, for results that nobody is left to write; "" = none
}

// Adapter is the Runtime of the LXC containers of this host.
type Adapter struct {
	opts     Options
	given    bool // the lxcpaths were asked for
	about    runtime.About
	trust    trust
	managers managers
	configs  *configCache
	addrs    *addrs
	boots    *bootLogs
	cgroups  cgroup.FS
	payloads payloads
	mounts   mounts
	set      *cgroup.Set
	host     *host.Sampler
	kills    *host.KillLog
	overseer *overseer
	networks *networks
	examiner *overseer // of isolation
	space    *spaceCache
	who      func() string // names the person who runs this process
	calls    chan struct{} // a token for each call into liblxc under way
	listing  chan struct{} // one token: Lists run one after another
	others   chan struct{} // one token: who looks for lxcpaths that are not in use

	mu      sync.Mutex
	facts   map[runtime.Ref]facts    // what is known of configurations
	lives   map[runtime.Ref]*life    // containers seen running
	out     map[runtime.Ref]*pending // questions that have no answer yet
	busy    map[runtime.Ref]*work
	looking map[string]time.Time // sources of CheckHost that have no answer yet
	idle    []idleHelper         // that wait for more work
	closed  bool
}

var _ runtime.Runtime = (*Adapter)(nil)

// New looks for LXC's paths; containers are not looked at before List. An
// lxcpath that was asked for and is no directory is an error that wraps
// runtime.ErrInvalid.
func New(opts Options) (*Adapter, error) {
	uid := os.Geteuid()
	paths, err := givenPaths(opts.Paths)
	if err != nil {
		return nil, err
	}
	if len(opts.Paths) == 0 {
		paths = defaultPaths(uid)
	}
	if opts.Answer < 0 {
		return nil, fmt.Errorf("%w: negative time to answer", runtime.ErrInvalid)
	}
	if opts.Answer == 0 {
		opts.Answer = answerTime
	}
	a := &Adapter{
		opts:     opts,
		given:    len(opts.Paths) > 0,
		about:    runtime.About{Name: "lxc", Version: Version(), Paths: paths, UID: uid, User: accountName(uid), Given: len(opts.Paths) > 0},
		trust:    ownTrust(),
		managers: newManagers(),
		configs:  newConfigCache(),
		addrs:    newAddrs(),
		boots:    newBootLogs(),
		networks: newNetworks(),
		overseer: newOverseer("processes"),
		examiner: newOverseer("isolation"),
		space:    newSpaceCache(),
		who:      sync.OnceValue(who),
		calls:    make(chan struct{}, maxCalls),
		listing:  make(chan struct{}, 1),
		others:   make(chan struct{}, 1),
		facts:    map[runtime.Ref]facts{},
		lives:    map[runtime.Ref]*life{},
		out:      map[runtime.Ref]*pending{},
		busy:     map[runtime.Ref]*work{},
		looking:  map[string]time.Time{},
	}
	a.set = cgroup.NewSet(a.cgroups, a.cgroupDirs)
	a.host, a.kills = host.New("", paths[0]), host.NewKillLog()
	return a, nil
}

// About describes LXC on this host.
func (a *Adapter) About() runtime.About {
	about := a.about
	about.Paths = slices.Clone(about.Paths)
	return about
}

// Close lets go of descriptors and of the questions that monitors never
// answered. Containers are not touched.
func (a *Adapter) Close() error {
	a.mu.Lock()
	lives, out, idle := a.lives, a.out, a.idle
	a.lives, a.idle, a.closed = map[runtime.Ref]*life{}, nil, true
	open := make([]*pending, 0, len(out))
	for _, p := range out {
		open = append(open, p)
	}
	a.mu.Unlock()
	for _, h := range idle {
		h.proc.release()
	}
	for _, l := range lives {
		l.close()
	}
	for _, p := range open {
		p.hangUp()
	}
	a.addrs.close()
	a.set.Close()
	a.kills.Close()
	return a.host.Close()
}

var errClosed = errors.New("the runtime is closed")
