package lxc

import (
	"errors"
	"fmt"
	"os"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// This file runs in helpers: liblxc's calls may block here as long as they
// like, somebody outside holds the deadline.

const (
	// pollEvery is how often a helper looks again where liblxc has no wait.
	pollEvery = 20 * time.Millisecond
	// gapTime is how long a rebooting container may have no monitor: liblxc
	// closes the command socket between its two lives.
	gapTime = 5 * time.Second
)

// operation is one operation on one container, in a helper.
type operation struct {
	q    helperRequest
	info runtime.OpInfo
	conn *msgConn
	// starts, if not nil, is who starts containers for this helper.
	starts *starter
	file   *os.File      // of an archive
	held   *holds        // locks of the containers that it is about
	exit   *runtime.Exit // of the command of a run
	c      *golxc.Container
	log    func() string
	logs   []*os.File // that log reads; a helper that stays must not keep them
	// at, if not nil, is told of every step that a journal notes; tests end the
	// process there.
	at func(step string)
}

// helperOp carries out an operation in the helper.
func helperOp(conn *msgConn, by *starter, q helperRequest) helperReply {
	o := &operation{q: q, info: q.Op.Info(), conn: conn, starts: by, log: func() string { return "" }}
	o.file = archiveFile(&q)
	if err := o.checkRequest(); err != nil {
		return failedReply(err, "")
	}
	held, err := holdAll(&q)
	if err != nil {
		return failedReply(err, "")
	}
	defer held.release()
	o.held = held
	if err := o.asSeen(); err != nil {
		return failedReply(err, "")
	}
	if q.Op == runtime.Resume || starts(&runtime.Request{Op: q.Op, Args: q.Args}) {
		if err := notUnderRun(q.Ref); err != nil {
			return failedReply(err, "")
		}
	}
	defer o.closeLogs()
	if o.info.Kind == runtime.OnState {
		return o.onState()
	}
	r := helperReply{OK: true}
	if err := o.change(); err != nil {
		r = failedReply(err, o.log())
	}
	r.Exit = o.exit
	return r
}

// asSeen refuses a container that is not what it seems, whatever its state.
func (o *operation) asSeen() error {
	if o.info.Kind != runtime.OnState && o.info.Kind != runtime.OnContainer {
		return nil
	}
	if err := stillTheSame(&o.q); err != nil {
		return err
	}
	switch o.q.Op {
	case runtime.Lock, runtime.Unlock:
		return nil
	case runtime.Destroy: // what is cut off may be thrown away
	default:
		if err := notCutOff(o.q.Ref, o.q.Paths); err != nil {
			return err
		}
	}
	if !o.q.Op.Accepts(runtime.Stopped) {
		return nil
	}
	if err := notHalfDestroyed(&o.q); err != nil {
		return err
	}
	switch o.q.Op {
	case runtime.SetAutostart, runtime.SetLimits, runtime.SetConfig, runtime.RestoreAs, runtime.DeleteSnapshot: // its root is not touched
		return nil
	}
	return notElsewhere(o.q.Ref)
}

// tell sends a word on how it goes. Whoever asked may be gone: the work goes on.
func (o *operation) tell(p runtime.Progress) { _ = o.conn.send(helperReply{Progress: &p}, nil) }

// step tells what is done now.
func (o *operation) step(text string) { o.tell(runtime.Progress{Step: text}) }

// onState carries out what changes the state alone, on a handle that is open.
func (o *operation) onState() helperReply {
	if err := mayTouch(&o.info, o.q.Ref, true); err != nil {
		return failedReply(err, "")
	}
	if err := loadableHere(o.q.Ref); err != nil {
		return failedReply(err, "")
	}
	if o.q.Op == runtime.Start && o.starts != nil {
		if r, done := o.startApart(); done {
			return r
		}
	}
	if err := o.open(); err != nil {
		return failedReply(err, "")
	}
	defer o.close()
	if o.q.Same == "" { // nobody has seen another; what a stop begins with is what it may kill
		o.q.Same, _ = handleOf(o.q.Ref.String())
	}
	q := o.q
	err := accepts(&o.info, o.state(), q.Expect)
	if err == nil {
		err = o.run()
	}
	if err != nil {
		return failedReply(err, o.log())
	}
	return helperReply{OK: true, State: o.state()}
}

// open takes a fresh handle: its configuration is read now.
func (o *operation) open() error {
	c, err := golxc.NewContainer(o.q.Ref.Name, o.q.Ref.Path)
	if err != nil {
		return unloadable(o.q.Ref)
	}
	read, file := operationLog(c)
	o.c, o.log = c, read
	o.keepLog(file)
	return nil
}

func (o *operation) keepLog(file *os.File) {
	if file != nil {
		o.logs = append(o.logs, file)
	}
}

// closeLogs closes what was read from; nobody reads it any more.
func (o *operation) closeLogs() {
	for _, file := range o.logs {
		file.Close()
	}
	o.logs = nil
}

// close can fail only for a handle that was released before.
func (o *operation) close() { _ = o.c.Release() }

func (o *operation) run() error {
	switch o.q.Op {
	case runtime.Start:
		return o.start()
	case runtime.Stop:
		return o.stop()
	case runtime.Shutdown:
		return o.shutdown()
	case runtime.Restart:
		return o.restart()
	case runtime.Reboot:
		return o.reboot()
	case runtime.Kill:
		return o.kill()
	case runtime.Freeze:
		return o.freeze()
	case runtime.Thaw:
		return o.thaw()
	default:
		return fmt.Errorf("%w: operation %d", runtime.ErrUnsupported, o.q.Op)
	}
}

// lxcState is what the monitor says, without a look at the cgroup.
func (o *operation) lxcState() runtime.State {
	s, _ := runtime.ParseState(o.c.State().String())
	return s
}

// state is what a List would say.
func (o *operation) state() runtime.State {
	s := o.lxcState()
	pid := o.c.InitPid()
	if !freezes(s) || pid <= 0 {
		return s
	}
	f := findFreezer(cgroup.FS{}, pid, nil)
	return f.correct(s)
}

// stop is what lxc-stop(1) does: the halt signal, and a kill when that has
// not worked in time. One that stands still is thawed first, as it could not
// hear the signal. A request that spares it ends before the kill.
func (o *operation) stop() error {
	if o.state() == runtime.Frozen {
		if err := o.thaw(); err != nil {
			if o.q.Spare {
				return err
			}
			return o.kill()
		}
	}
	if o.lxcState() == runtime.Running {
		if o.halt() == nil {
			return nil
		}
		if o.q.Spare && o.lxcState() == runtime.Running {
			return o.stillRunning("Kill ends it at once; what it has not saved is lost.")
		}
		// Waiting for the signal's effect takes up to a minute.
		if err := stillTheSame(&o.q); err != nil {
			return err
		}
	}
	return o.kill()
}

// stillRunning is the end of a wait for the halt signal's effect.
func (o *operation) stillRunning(hint string) error {
	return &runtime.Error{Op: o.info.Name, Ref: o.q.Ref,
		Err:  fmt.Errorf("%w after %s: it may not know its halt signal (lxc.signal.halt)", runtime.ErrStillRunning, o.q.Timeout),
		Hint: hint,
	}
}

// halt sends the halt signal and waits.
func (o *operation) halt() error {
	until := time.Now().Add(o.q.Timeout)
	awaitListening(o.c.InitPid(), until, haltSignals(signalOf(o.c, "lxc.signal.halt"))...)
	err := o.c.Shutdown(wholeSeconds(time.Until(until)))
	if err != nil && o.lxcState() == runtime.Stopped {
		return nil
	}
	return err
}

func (o *operation) shutdown() error {
	err := o.halt()
	if err == nil {
		return nil
	}
	if s := o.lxcState(); s != runtime.Running {
		return fmt.Errorf("liblxc: %w, it is %s", err, s)
	}
	return o.stillRunning("Shutdown never kills: stop does after a while, kill at once.")
}

func (o *operation) kill() error {
	if err := o.c.Stop(); err != nil && o.lxcState() != runtime.Stopped {
		return fmt.Errorf("liblxc: %w", err)
	}
	if s := o.lxcState(); s != runtime.Stopped && !o.c.Wait(golxc.STOPPED, wholeSeconds(o.info.Timeout)) {
		return tooLate("it is still %s after %s", s, wholeSeconds(o.info.Timeout))
	}
	return nil
}

// restart reads the configuration again, which is its point.
func (o *operation) restart() error {
	if err := o.stop(); err != nil {
		return err
	}
	if err := loadableHere(o.q.Ref); err != nil {
		return fmt.Errorf("it is stopped now: %w", err)
	}
	o.close()
	old := o.c
	if err := o.open(); err != nil {
		o.c = old
		return fmt.Errorf("it is stopped now: %w", err)
	}
	if err := o.start(); err != nil {
		return fmt.Errorf("it is stopped now: %w", err)
	}
	return nil
}

// reboot sends the signal, and waits for another init.
func (o *operation) reboot() error {
	pid := o.c.InitPid()
	awaitListening(pid, time.Now().Add(o.q.Timeout), rebootSignal(signalOf(o.c, "lxc.signal.reboot")))
	if err := o.c.Reboot(); err != nil {
		return fmt.Errorf("liblxc: %w", err)
	}
	seen := time.Now()
	for until := seen.Add(o.q.Timeout); ; time.Sleep(pollEvery) {
		now, s := o.c.InitPid(), o.lxcState()
		switch {
		case s == runtime.Running && now > 0 && now != pid:
			return nil
		case s != runtime.Stopped:
			seen = time.Now()
		case time.Since(seen) > gapTime:
			return errors.New("it stopped and did not start again")
		}
		if time.Now().After(until) {
			return &runtime.Error{Op: o.info.Name, Ref: o.q.Ref,
				Err:  tooLate("the same init runs after %s", o.q.Timeout),
				Hint: "It may not know the reboot signal (lxc.signal.reboot): restart stops and starts it.",
			}
		}
	}
}

// freezeTry is how long the first try to freeze may take: liblxc looks once a
// second. Each has twice the time of the one before it, up to the operation's
// own: the container must be thawed again before the helper's time is over.
const freezeTry = 1500 * time.Millisecond

// freeze and thaw go by the cgroup's state; go-lxc goes by the monitor's, which
// does not know of a freeze or thaw that was written to the cgroup directly.
// Doing the opposite first makes both agree.
//
// freeze tries again where the kernel does not get there. On cgroup v1 a
// process that waits for the child of its vfork cannot be frozen, while the
// child, frozen, does not let it go on: FREEZING for ever, seen in one of sixty
// freezes of a busybox that had just started. Thawed for a moment, they part.
func (o *operation) freeze() error {
	if o.lxcState() == runtime.Frozen {
		if err := o.c.Unfreeze(); err != nil {
			return fmt.Errorf("liblxc: %w", err)
		}
	}
	until := time.Now().Add(o.q.Timeout)
	for try := freezeTry; ; try *= 2 {
		within := max(freezeTry, min(try, time.Until(until)))
		if done, err := o.tryFreeze(within); done || err != nil {
			return err
		}
		if err := o.c.Unfreeze(); err != nil {
			return fmt.Errorf("liblxc: %w", err)
		}
		if time.Now().After(until) {
			return tooLate("a process in it cannot be frozen; it was thawed again")
		}
		time.Sleep(pollEvery)
	}
}

// tryFreeze freezes, and says whether that was done in time. liblxc's call
// has no end of its own, so it gets a handle of its own; this process ends soon.
func (o *operation) tryFreeze(within time.Duration) (frozen bool, err error) {
	c, err := golxc.NewContainer(o.q.Ref.Name, o.q.Ref.Path)
	if err != nil {
		return false, unloadable(o.q.Ref)
	}
	back := make(chan error, 1)
	runtime.Spawn("freeze", func(err error) { back <- err }, func() { back <- c.Freeze() })
	for tries := 0; ; tries++ {
		select {
		case err := <-back:
			if err != nil {
				return false, fmt.Errorf("liblxc: %w", err)
			}
			return true, o.await(runtime.Frozen)
		case <-time.After(within):
			// Once the kernel is there liblxc is only about to say so.
			if tries > 0 || o.state() != runtime.Frozen {
				return false, nil
			}
		}
	}
}

func (o *operation) thaw() error {
	if o.lxcState() != runtime.Frozen {
		if err := o.c.Freeze(); err != nil {
			return fmt.Errorf("liblxc: %w", err)
		}
	}
	if err := o.c.Unfreeze(); err != nil {
		return fmt.Errorf("liblxc: %w", err)
	}
	return o.await(runtime.Running)
}

// await waits until the kernel agrees.
func (o *operation) await(want runtime.State) error {
	until := time.Now().Add(o.info.Timeout)
	for {
		is := o.state()
		if is == want {
			return nil
		}
		if time.Now().After(until) {
			return tooLate("it is still %s after %s", is, o.info.Timeout)
		}
		time.Sleep(pollEvery)
	}
}

// wholeSeconds rounds up: liblxc counts in seconds, go-lxc cuts the rest off,
// and 0 would mean not to wait.
func wholeSeconds(d time.Duration) time.Duration {
	return max(time.Second, (d + time.Second - 1).Truncate(time.Second))
}
