package lxc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

// freeTime is how long a tty may be on its way from one who has just left it to
// the next.
const freeTime = 200 * time.Millisecond

// helperConsole takes a tty of the container and holds it until the caller hangs
// up or the container ends. It answers with the tty's own master, but for
// /dev/console (see consolePump): liblxc's Console would copy every byte, and loses
// resizes to other threads of a Go program. What ConsoleFd does not give back, the socket whose
// end frees the tty, ends with this process.
func helperConsole(conn *msgConn, q helperRequest) helperReply {
	if err := loadableHere(q.Ref); err != nil {
		return failedReply(err, "")
	}
	c, err := golxc.NewContainer(q.Ref.Name, q.Ref.Path)
	if err != nil {
		return failedReply(unloadable(q.Ref), "")
	}
	readLog := captureLog(c)
	caller := newTTYCaller(conn)
	life, err := openLife(c, q.Ref)
	if err != nil {
		return failedReply(err, readLog())
	}
	master, err := takeTTY(c, q.TTY)
	if err != nil {
		return failedReply(err, "")
	}
	if c.InitPid() != life.pid || !alive(life.pidfd) {
		return failedReply(errPassing(), "")
	}
	notice, err := caller.take(master, q, life.pid)
	if err != nil {
		_ = unix.SetNonblock(master, false)
		return failedReply(err, "")
	}
	theirs := master
	if q.TTY == runtime.ConsoleTTY {
		if theirs, err = startPump(master, caller.size); err != nil {
			return failedReply(err, "")
		}
	}
	err = conn.send(helperReply{OK: true, Notice: notice}, []int{theirs})
	if theirs != master {
		_ = unix.Close(theirs) // the caller's must be the only one
	}
	if err != nil || caller.await(life.pidfd) {
		// The monitor, the caller and we share one open file: it must be as it was
		// for whoever takes the tty next. The caller reads no more. A container that
		// has ended takes its ttys along.
		_ = unix.SetNonblock(master, false)
	}
	return helperReply{OK: true}
}

// ttyLife is the life of a container whose tty is asked for.
type ttyLife struct{ pid, pidfd int }

func openLife(c *golxc.Container, ref runtime.Ref) (ttyLife, error) {
	l := ttyLife{pid: c.InitPid(), pidfd: -1}
	if l.pid <= 0 {
		return l, fmt.Errorf("%w: it is not running", runtime.ErrWrongState)
	}
	var err error
	if l.pidfd, err = unix.PidfdOpen(l.pid, 0); err != nil {
		return l, errPassing()
	}
	if c.State() == golxc.FROZEN || frozen(l.pid) {
		return l, errFrozen("console", ref)
	}
	return l, nil
}

func errPassing() error {
	return fmt.Errorf("%w: it is starting or stopping", runtime.ErrWrongState)
}

// takeTTY asks the monitor for a tty. It sees an end of whoever had it a little
// late.
func takeTTY(c *golxc.Container, tty int) (master int, err error) {
	for until := time.Now().Add(freeTime); ; time.Sleep(pollEvery) {
		if master, err = c.ConsoleFd(tty); err == nil {
			return master, nil
		}
		if time.Now().After(until) {
			return -1, noTTY(c, tty)
		}
	}
}

// noTTY says why the monitor gave no tty; it gives no reason itself.
func noTTY(c *golxc.Container, tty int) error {
	most := 0
	if item := c.RunningConfigItem("lxc.tty.max"); len(item) > 0 {
		most, _ = strconv.Atoi(item[0]) // the monitor's own number
	}
	switch {
	case c.InitPid() <= 0:
		return fmt.Errorf("%w: it is not running", runtime.ErrWrongState)
	case tty == runtime.ConsoleTTY:
		return fmt.Errorf("%w: its console is in use, or it has none", runtime.ErrNoTTY)
	case most == 0:
		return fmt.Errorf("%w: it has none, see lxc.tty.max", runtime.ErrNoTTY)
	case tty > most:
		return fmt.Errorf("%w: tty %d of %d", runtime.ErrInvalid, tty, most)
	case tty > 0:
		return fmt.Errorf("%w: tty %d is in use", runtime.ErrNoTTY, tty)
	default:
		return fmt.Errorf("%w: all %d are in use", runtime.ErrNoTTY, most)
	}
}

// ttyCaller listens to the caller: for new sizes of a tty that has no other way
// to them, and for the hang-up.
type ttyCaller struct {
	gone chan struct{} // closed when it hung up

	mu   sync.Mutex
	size int  // the other side of /dev/console; -1 = there is none, or another tty
	has  bool // the tty is had
}

func newTTYCaller(conn *msgConn) *ttyCaller {
	t := &ttyCaller{gone: make(chan struct{}), size: -1}
	runtime.Spawn("caller watch", func(error) { os.Exit(helperFailed) }, func() {
		for {
			var q helperRequest
			fds, err := conn.receive(&q)
			closeAll(fds)
			if err != nil {
				break
			}
			t.resize(q.Cols, q.Rows)
		}
		t.hungUp()
	})
	return t
}

// hungUp ends the process, at once while the tty is still being asked for: the
// monitor sees that nobody waits for its answer.
func (t *ttyCaller) hungUp() {
	t.mu.Lock()
	has := t.has
	t.mu.Unlock()
	if !has {
		os.Exit(helperFailed)
	}
	close(t.gone)
}

// take says that the tty is had, makes it fit to be read until it is closed, and
// sets its first size.
func (t *ttyCaller) take(master int, q helperRequest, init int) (notice string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.has = true
	if err := unix.SetNonblock(master, true); err != nil {
		return "", fmt.Errorf("tty: %w", err)
	}
	if q.TTY == runtime.ConsoleTTY {
		t.size, err = openConsole(init)
		if err == nil {
			err = setSize(t.size, q.Cols, q.Rows)
		}
		if err != nil {
			notice = "The size of this console cannot be set (" + err.Error() + "): programs on it may draw for another."
		}
	}
	return notice, setSize(master, q.Cols, q.Rows)
}

func (t *ttyCaller) resize(cols, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.size >= 0 {
		_ = setSize(t.size, cols, rows) // it has ended; nobody waits for an answer
	}
}

// await waits for the caller's hang-up, which makes it true, or the end of the
// container's init.
func (t *ttyCaller) await(init int) (hungUp bool) {
	over := make(chan struct{})
	runtime.Spawn("container watch", func(error) { os.Exit(helperFailed) }, func() {
		fds := []unix.PollFd{{Fd: int32(init), Events: unix.POLLIN}}
		for {
			if _, err := unix.Poll(fds, -1); !errors.Is(err, unix.EINTR) {
				break
			}
		}
		close(over)
	})
	select {
	case <-t.gone:
		return true
	case <-over:
		return false
	}
}

// openConsole opens the container's side of its console, for its size alone. What
// the container put there is opened only if it is a pty's slave
// (admin-guide/devices.txt: 136 to 143), to which opening does nothing.
func openConsole(init int) (int, error) {
	root, err := openRoot(init)
	if err != nil {
		return -1, err
	}
	defer root.close()
	fd, err := root.find("/dev/console")
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return -1, err
	}
	const firstPTS, lastPTS = 136, 143
	if major := unix.Major(st.Rdev); st.Mode&unix.S_IFMT != unix.S_IFCHR || major < firstPTS || major > lastPTS {
		return -1, errors.New("/dev/console in the container is no pty")
	}
	return unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}
