package lxc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// How the watch works. One goroutine waits in epoll for
//   - a pidfd for each running container: its end;
//   - inotify on the lxcpaths, on container directories (their config) and on
//     the cgroup directories in which payloads appear and vanish;
//   - on cgroup v2, cgroup.events (freezing) and memory.events (OOM kills) of
//     each running container;
//   - the netlink sockets that addrs keeps.
// What it cannot be told of (the freezer of cgroup v1, cgroups in unusual
// places, anything missed) a safety scan finds. Whatever looks like a start or
// an end makes a goroutine ask that one container's monitor until it has
// settled, so that nothing in the loop waits for a container.

const (
	// scanTime is the time between safety scans.
	scanTime = 2 * time.Second
	// lostScanTime is that time while a source is lost.
	lostScanTime = time.Second
	// socketPause is the shortest time between two looks at /proc/net/unix:
	// starting three hundred containers makes six hundred directories.
	socketPause = 10 * time.Millisecond
	// workPause is that time while operations of our own are under way, which
	// make most of those directories.
	workPause = 40 * time.Millisecond
	// workRest is how long the loop rests between two rounds while several of those
	// are under way: each makes a dozen events, and a round for each of them costs
	// more in handing threads over than in work.
	workRest = 10 * time.Millisecond
	// muteTime is how long a memory.events is not looked at after it told of
	// no kill, however many containers are at their limit.
	muteTime = 50 * time.Millisecond
	// maxSettling is how many containers are asked at once.
	maxSettling = 16
)

// source is a descriptor that the loop waits for.
type source struct {
	fd    int
	token int32
	on    func(events uint32)
}

// watcher is one Watch. Its maps belong to the goroutine of run.
type watcher struct {
	a     *Adapter
	ctx   context.Context // the watch lives as long as it
	out   *outbox
	slots chan struct{} // a token for each container being asked

	epoll   int
	wake    int // eventfd: something settled, or the context ended
	sources map[int32]*source
	token   int32

	names   map[string]map[string]bool // by lxcpath: the directories in it
	sockets map[string]runtime.Ref     // command socket -> container; nil = to be made again
	inotify inotify
	configs map[runtime.Ref]fileID // configs whose directory has no watch

	running  map[runtime.Ref]*tracked
	active   map[runtime.Ref]bool // has a command socket
	states   map[runtime.Ref]runtime.State
	settling map[runtime.Ref]chan struct{} // a send makes it ask at once again

	lostPids map[runtime.Ref]error
	lost     bool // Degraded was said

	nextScan    time.Time
	nextSockets time.Time // zero = no look asked for
	lastSockets time.Time
	nextUnmute  time.Time // zero = nothing is muted
	unix        unixSockets

	mu      sync.Mutex
	settled []settlement
	closed  bool // wake is closed
}

// Watch announces changes until ctx ends. It starts with an Inventory event
// for every lxcpath: what happened before it is found by a List after that.
func (a *Adapter) Watch(ctx context.Context) (<-chan runtime.Event, error) {
	w := &watcher{
		a: a, ctx: ctx, out: newOutbox(), slots: make(chan struct{}, maxSettling),
		sources:  map[int32]*source{},
		names:    map[string]map[string]bool{},
		configs:  map[runtime.Ref]fileID{},
		running:  map[runtime.Ref]*tracked{},
		active:   map[runtime.Ref]bool{},
		states:   map[runtime.Ref]runtime.State{},
		settling: map[runtime.Ref]chan struct{}{},
		lostPids: map[runtime.Ref]error{},
	}
	if err := w.open(); err != nil {
		return nil, fail("watch", runtime.Ref{}, err)
	}
	runtime.Spawn("watch", func(err error) { w.say(runtime.Degraded, runtime.Ref{}, err) }, w.run)
	runtime.Spawn("watch events", func(error) { close(w.out.ch) }, func() { w.out.send(ctx); close(w.out.ch) })
	return w.out.ch, nil
}

func (w *watcher) open() error {
	var err error
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	if w.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		_ = unix.Close(w.epoll)
		return fmt.Errorf("eventfd: %w", err)
	}
	if _, err = w.add(w.wake, unix.EPOLLIN, func(uint32) { w.drainWake() }); err != nil {
		closeAll([]int{w.wake, w.epoll})
		return err
	}
	if fd := w.a.addrs.pollFD(); fd >= 0 {
		// Without it, new addresses show at the next List.
		_, _ = w.add(fd, unix.EPOLLIN, func(uint32) { w.addresses() })
	}
	w.inotify.fd = -1
	return nil
}

// add makes the loop wait for a descriptor.
func (w *watcher) add(fd int, events uint32, on func(uint32)) (*source, error) {
	w.token++
	s := &source{fd: fd, token: w.token, on: on}
	ev := unix.EpollEvent{Events: events, Fd: s.token}
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	w.sources[s.token] = s
	return s, nil
}

// drop takes a descriptor out of the loop and closes it. In this order: a
// descriptor that another process shares stays in epoll when it is closed,
// and would be reported for ever.
func (w *watcher) drop(s *source) {
	if s == nil {
		return
	}
	_ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
	_ = unix.Close(s.fd)
	delete(w.sources, s.token)
}

// run is the loop.
func (w *watcher) run() {
	stop := context.AfterFunc(w.ctx, w.kick)
	defer stop()
	defer w.close()
	w.scan()
	for path := range w.names {
		w.say(runtime.Inventory, runtime.Ref{Path: path}, nil)
	}
	var events [128]unix.EpollEvent
	for w.ctx.Err() == nil {
		n, err := unix.EpollWait(w.epoll, events[:], w.timeout(time.Now()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			w.say(runtime.Degraded, runtime.Ref{}, fmt.Errorf("epoll: %w", err))
			return
		}
		for _, e := range events[:max(n, 0)] {
			// One that an earlier event of this round dropped is gone.
			if s := w.sources[e.Fd]; s != nil {
				s.on(e.Events)
			}
		}
		w.takeSettled()
		w.due(time.Now())
		if w.a.works() > 1 {
			w.rest(workRest)
		}
	}
}

// rest waits, but not longer than the watch lives.
func (w *watcher) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.ctx.Done():
	case <-timer.C:
	}
}

// timeout is how many milliseconds epoll may wait, rounded up so that the
// loop does not turn until the time has come.
func (w *watcher) timeout(now time.Time) int {
	next := w.nextScan
	for _, t := range []time.Time{w.nextSockets, w.nextUnmute} {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return max(0, int((next.Sub(now)+time.Millisecond-1)/time.Millisecond))
}

// due does what is to be done by the clock.
func (w *watcher) due(now time.Time) {
	if !w.nextUnmute.IsZero() && !now.Before(w.nextUnmute) {
		w.unmuteAll()
	}
	switch {
	case !now.Before(w.nextScan):
		w.scan()
	case !w.nextSockets.IsZero() && !now.Before(w.nextSockets):
		w.scanSockets()
	}
}

// kick wakes the loop, from any goroutine.
func (w *watcher) kick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		_, _ = unix.Write(w.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (w *watcher) drainWake() {
	var b [8]byte
	_, _ = unix.Read(w.wake, b[:])
}

// say sends an event.
func (w *watcher) say(kind runtime.EventKind, ref runtime.Ref, err error) {
	w.out.put(runtime.Event{Kind: kind, Ref: ref, At: time.Now(), Err: err})
}

// addresses tells of containers whose addresses the kernel says have changed.
func (w *watcher) addresses() {
	for _, pid := range w.a.addrs.changed() {
		for ref, t := range w.running {
			if t.pid == pid {
				w.say(runtime.Addresses, ref, nil)
			}
		}
	}
}

// health says that a source was lost, or that all are back.
func (w *watcher) health() {
	reason := w.inotify.lost
	for ref, err := range w.lostPids {
		reason = errors.Join(reason, fmt.Errorf("%s: %w", ref, err))
		break // one example is enough
	}
	switch {
	case reason != nil && !w.lost:
		w.lost = true
		w.say(runtime.Degraded, runtime.Ref{}, fmt.Errorf("watch lost a source, looking every %s instead: %w", lostScanTime, reason))
	case reason == nil && w.lost:
		w.lost = false
		w.say(runtime.Restored, runtime.Ref{}, nil)
	}
}

func (w *watcher) close() {
	for _, t := range w.running {
		w.untrack(t)
	}
	if w.inotify.source != nil {
		w.drop(w.inotify.source)
	}
	w.unix.close()
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	closeAll([]int{w.wake, w.epoll})
}
