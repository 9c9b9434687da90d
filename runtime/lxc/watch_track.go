package lxc

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// firstPause and lastPause bound the time between two questions to a
	// container that starts or stops.
	firstPause = 2 * time.Millisecond
	lastPause  = 250 * time.Millisecond
	// settleTime is how long a container may take to settle before only the
	// safety scan asks again.
	settleTime = time.Minute
)

// tracked is a running container.
type tracked struct {
	ref    runtime.Ref
	pid    int
	exit   *source // pidfd
	frozen *source // cgroup.events of cgroup v2
	oom    *source // memory.events of cgroup v2
	kills  string  // its oom_kill line
	muted  bool    // oom waits for unmuteAll
	v1     int     // freezer.state of cgroup v1, held open; -1 = none
	state  string  // what it held
}

// settlement is what asking a container came to.
type settlement struct {
	ref    runtime.Ref
	state  runtime.State
	pid    int
	events freezeFile
}

// settle makes a goroutine ask a container until it has settled. quiet: it is there
// as the watch begins, so that its first answer is no news if it runs.
func (w *watcher) settle(ref runtime.Ref, quiet bool) {
	if again := w.settling[ref]; again != nil {
		select {
		case again <- struct{}{}:
		default:
		}
		return
	}
	again := make(chan struct{}, 1)
	w.settling[ref] = again
	s := settlement{ref: ref, state: runtime.Stopped}
	if state, known := w.states[ref]; known {
		s.state = state
	}
	if t := w.running[ref]; t != nil {
		s.pid = t.pid
	}
	runtime.Spawn("watch "+ref.String(), func(error) { w.deliver(s) }, func() {
		select {
		case w.slots <- struct{}{}:
			defer func() { <-w.slots }()
			w.follow(&s, quiet, again)
		case <-w.ctx.Done():
		}
		w.deliver(s)
	})
}

// follow asks until the container runs, is stopped or cannot be asked, and
// tells of every change on the way.
func (w *watcher) follow(s *settlement, quiet bool, again <-chan struct{}) {
	unsafe := sync.OnceValue(func() error {
		in := inspector{walk: newWalker(w.a.trust), cache: w.a.configs}
		return in.inspect(s.ref).err
	})
	pause, until := firstPause, time.Now().Add(settleTime)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		c, known := w.letWork(s.ref, w.a.workOn(s.ref))
		if !known {
			c = w.a.look(w.ctx, s.ref, unsafe())
		}
		if w.ctx.Err() != nil {
			return
		}
		news := c.State != s.state || c.InitPID != s.pid
		if quiet { // whoever looked when the watch began has seen it run, unless it stood still already
			news = c.State != runtime.Running
		}
		if news {
			w.say(runtime.Changed, s.ref, nil)
		}
		quiet = false
		s.state, s.pid = c.State, c.InitPID
		switch {
		case s.pid > 0 && s.state.Alive() && s.state != runtime.Stopping && s.state != runtime.Freezing:
			s.events = w.a.freezerOf(s.ref, s.pid)
			return
		case s.state == runtime.Stopped, s.state == runtime.Unknown, time.Now().After(until):
			return
		}
		timer.Reset(pause)
		select {
		case <-w.ctx.Done():
			return
		case <-again:
			pause = firstPause
		case <-timer.C:
			pause = min(pause*3/2, lastPause)
		}
	}
}

// letWork leaves a container alone while an operation of ours is under way on it,
// if one is: a hundred that are started would each be asked several times on the way, at the
// cost of the start. One that takes longer than lastPause is asked nevertheless.
// known is true when the container runs and the operation's end has told all that a
// look would.
func (w *watcher) letWork(ref runtime.Ref, own *work) (c runtime.Container, known bool) {
	if own == nil {
		return c, false
	}
	timer := time.NewTimer(lastPause)
	defer timer.Stop()
	select {
	case <-w.ctx.Done():
		return c, false
	case <-timer.C:
		return c, false
	case <-own.over:
	}
	if own.state != runtime.Running || own.init <= 0 {
		return c, false
	}
	l, err := w.a.remember(ref, own.init)
	if err != nil || l == nil {
		return c, false
	}
	return runtime.Container{Ref: ref, State: w.a.correct(l, ref, own.state), InitPID: l.pid, Started: l.started, Begin: l.begin}, true
}

// deliver hands a settlement to the loop.
func (w *watcher) deliver(s settlement) {
	w.mu.Lock()
	w.settled = append(w.settled, s)
	w.mu.Unlock()
	w.kick()
}

// takeSettled brings the loop's picture up to date.
func (w *watcher) takeSettled() {
	w.mu.Lock()
	list := w.settled
	w.settled = nil
	w.mu.Unlock()
	for _, s := range list {
		again := w.settling[s.ref]
		delete(w.settling, s.ref)
		w.states[s.ref] = s.state
		if s.state == runtime.Stopped {
			delete(w.states, s.ref)
		}
		t := w.running[s.ref]
		if t != nil && t.pid != s.pid {
			w.untrack(t)
			t = nil
		}
		delete(w.lostPids, s.ref)
		if t == nil && s.pid > 0 {
			w.track(s)
		}
		if len(again) > 0 {
			w.settle(s.ref, false)
		}
	}
	if len(list) > 0 {
		w.health()
	}
}

// track waits for the container's end, and for what its cgroup tells.
func (w *watcher) track(s settlement) {
	t := &tracked{ref: s.ref, pid: s.pid, v1: -1}
	fd, err := unix.PidfdOpen(s.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		w.settle(s.ref, false)
		return
	}
	if err == nil {
		if t.exit, err = w.add(fd, unix.EPOLLIN, func(uint32) { w.exited(t) }); err != nil {
			_ = unix.Close(fd)
		}
	}
	if err != nil {
		w.lostPids[s.ref] = fmt.Errorf("pidfd: %w", err)
		return
	}
	w.running[s.ref] = t
	if s.events.v2 != "" {
		dir := filepath.Dir(s.events.v2)
		t.frozen = w.watchFile(s.events.v2, unix.EPOLLPRI, func(uint32) {
			w.readFile(t.frozen)
			w.say(runtime.Changed, t.ref, nil)
		})
		t.oom = w.watchFile(filepath.Join(dir, "memory.events"), unix.EPOLLPRI|unix.EPOLLONESHOT, func(uint32) { w.memoryEvent(t) })
		if t.oom != nil {
			t.kills = killLine(w.readFile(t.oom))
		}
		w.watchDir(watchedDir{kind: cgroupDir, path: filepath.Dir(dir)})
	}
	if s.events.v1 != "" {
		w.watchDir(watchedDir{kind: cgroupDir, path: filepath.Dir(filepath.Dir(s.events.v1))})
		if fd, err := unix.Open(s.events.v1, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			t.v1 = fd
			t.state, _ = preadString(fd)
		}
	}
}

// watchFile waits for a cgroup file's notifications. They come only while it
// is held open, and after it has been read once. nil where there is none.
func (w *watcher) watchFile(path string, events uint32, on func(uint32)) *source {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	_, _ = preadString(fd)
	s, err := w.add(fd, events, on)
	if err != nil {
		_ = unix.Close(fd)
		return nil
	}
	return s
}

// readFile reads a watched file, which makes the kernel announce its next
// change. One that cannot be read is of a cgroup that is gone, and would be
// announced for ever.
func (w *watcher) readFile(s *source) string {
	text, err := preadString(s.fd)
	if err != nil {
		_ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
	}
	return text
}

func preadString(fd int) (string, error) {
	var buf [1024]byte
	for {
		n, err := unix.Pread(fd, buf[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return "", err
		}
		return string(buf[:n]), nil
	}
}

// memoryEvent tells of an OOM kill. Anything else in memory.events, such as
// a limit that is hit many times a second, is no event and mutes the file for
// a while; the hit comes right before the kill.
func (w *watcher) memoryEvent(t *tracked) {
	kills := killLine(w.readFile(t.oom))
	if kills == t.kills {
		t.muted = true
		if w.nextUnmute.IsZero() {
			w.nextUnmute = time.Now().Add(muteTime)
		}
		return
	}
	t.kills = kills
	w.say(runtime.Changed, t.ref, nil)
	w.unmute(t)
}

// unmuteAll ends the while for all of them at once.
func (w *watcher) unmuteAll() {
	w.nextUnmute = time.Time{}
	for _, t := range w.running {
		if t.muted {
			w.unmute(t)
		}
	}
}

// unmute waits for the next notification of memory.events. What came in
// between is still reported.
func (w *watcher) unmute(t *tracked) {
	t.muted = false
	ev := unix.EpollEvent{Events: unix.EPOLLPRI | unix.EPOLLONESHOT, Fd: t.oom.token}
	// Fails when the file is gone with its cgroup; the pidfd tells of that.
	_ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, t.oom.fd, &ev)
}

// exited is for the end of a container's init: a stop or a reboot.
func (w *watcher) exited(t *tracked) {
	w.say(runtime.Changed, t.ref, nil)
	w.a.addrs.forget(t.pid)
	w.untrack(t)
	w.settle(t.ref, false)
}

func (w *watcher) untrack(t *tracked) {
	for _, s := range []*source{t.exit, t.frozen, t.oom} {
		w.drop(s)
	}
	if t.v1 >= 0 {
		_ = unix.Close(t.v1)
	}
	delete(w.running, t.ref)
}
