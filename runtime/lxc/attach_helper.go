package lxc

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/creack/pty"
	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// hangUpGrace is how long a process may take to end after its caller hung up,
// before it is killed.
const hangUpGrace = 2 * time.Second

// helperAttach runs in the helper: it starts the process, answers once when
// it runs (with the master of its pty, if it has one) and once more, by its
// result, when it has ended.
func helperAttach(conn *msgConn, q helperRequest) helperReply {
	if err := loadableHere(q.Ref); err != nil {
		return failedReply(err, "")
	}
	c, err := golxc.NewContainer(q.Ref.Name, q.Ref.Path)
	if err != nil {
		return failedReply(unloadable(q.Ref), "")
	}
	readLog := captureLog(c)
	fail := func(err error) helperReply { return failedReply(err, readLog()) }
	plan, err := prepare(c, q.Shell)
	if err != nil {
		return fail(err)
	}
	// Not 0: liblxc would make this process ignore SIGINT, and only for a
	// descriptor above 0 it makes the pty the controlling terminal.
	stdio := [3]int{helperFiles, helperFiles + 1, helperFiles + 2}
	hello := helperReply{OK: true}
	caller, began := watchCaller(conn), time.Now()
	var master []int
	if q.Kind == kindAttach {
		m, s, notice, err := openPty(c, q.Shell)
		if err != nil {
			return fail(err)
		}
		master, stdio, hello.Notice = []int{m}, [3]int{s, s, s}, notice
		plan.own(s)
	} else if err := ownNull(c.InitPid(), stdio); err != nil {
		return fail(err)
	}
	pid, err := c.RunCommandNoWait(plan.argv, plan.options(stdio))
	for i, fd := range stdio {
		if i == 0 || fd != stdio[0] {
			_ = unix.Close(fd)
		}
	}
	if err != nil {
		closeAll(master)
		return fail(err)
	}
	// The child is ours to reap from the first moment: unreaped it would keep
	// the container from ending.
	if err := caller.ends(pid); err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = reapChild(pid)
		closeAll(master)
		return fail(err)
	}
	err = conn.send(hello, master)
	closeAll(master) // the caller's must be the only one: closing it hangs up
	if err != nil {
		caller.hungUp()
	}
	code, signal := reapChild(pid)
	if caller.isGone() {
		// Its children had the same hang-up and are nobody's now. A process on
		// a pty has a session of its own, which the kernel hangs up on.
		signalSession(os.Getpid(), unix.SIGKILL)
	}
	if caller.isDead() {
		q.unattendedExec(began, code, signal)
	}
	return helperReply{OK: true, Code: code, Signal: signal, Reason: noBegin(code, plan.argv[0], readLog())}
}

// noBegin says why a program could not be executed, from liblxc's log: the
// status alone may as well be the program's own.
func noBegin(code int, program, log string) string {
	if code != 126 && code != 127 {
		return ""
	}
	for line := range strings.Lines(log) {
		if why, _, failed := strings.Cut(line, " - Failed to exec"); failed {
			return "cannot run " + program + ": " + strings.ToLower(why)
		}
	}
	return ""
}

// prepare looks at the container from outside and plans the process. A frozen
// container would keep an attach waiting until somebody thaws it.
func prepare(c *golxc.Container, s *runtime.Shell) (process, error) {
	init := c.InitPid()
	if init <= 0 {
		return process{}, fmt.Errorf("%w: it is not running", runtime.ErrWrongState)
	}
	if c.State() == golxc.FROZEN || frozen(init) {
		return process{}, errFrozen("attach", s.Ref)
	}
	root, err := openRoot(init)
	if err != nil && !errors.Is(err, unix.EACCES) {
		return process{}, err
	}
	defer root.close()
	p, err := planProcess(root, s)
	if err != nil {
		return process{}, err
	}
	p.ttyOwner = -1
	if id, ok := hostID(init, "uid_map", p.uid); ok {
		p.ttyOwner = id
	}
	// The monitor still names the same init and it lives: what was read was
	// this container's.
	if c.InitPid() != init || !root.alive() {
		return process{}, fmt.Errorf("%w: it is starting or stopping", runtime.ErrWrongState)
	}
	return p, nil
}

func errFrozen(op string, ref runtime.Ref) error {
	return &runtime.Error{Op: op, Ref: ref,
		Err:  fmt.Errorf("%w: it is frozen, and nothing can start or answer in it", runtime.ErrWrongState),
		Hint: "Thaw it first."}
}

// frozen says whether the container's cgroup is frozen, whoever did it:
// LXC's own state does not know of others. Not known is not frozen.
func frozen(init int) bool {
	f := findFreezer(cgroup.FS{}, init, nil)
	return f.frozen()
}

// options are those of liblxc's attach. Groups stays empty: go-lxc then
// clears the flags that confine the process.
func (p process) options(stdio [3]int) golxc.AttachOptions {
	o := golxc.DefaultAttachOptions
	o.ClearEnv = true
	o.Env = p.env
	o.Cwd = p.cwd
	o.UID, o.GID = p.uid, p.gid
	o.StdinFd, o.StdoutFd, o.StderrFd = uintptr(stdio[0]), uintptr(stdio[1]), uintptr(stdio[2])
	return o
}

// own gives the pty to the user of the process, who could not open it by its
// name else. Only root can; a user's own containers live without.
func (p process) own(slave int) {
	if p.ttyOwner >= 0 {
		_ = unix.Fchown(slave, p.ttyOwner, -1)
	}
}

// openPty makes a pty in the container's own devpts, so that its names are
// true inside. Where that is full, or not there, it is the host's. Both
// descriptors are close-on-exec; the master is non-blocking, so that closing
// it wakes whoever reads.
func openPty(c *golxc.Container, s *runtime.Shell) (master, slave int, notice string, err error) {
	master, slave, err = containerPty(c)
	if err != nil {
		cause := err
		if master, slave, err = hostPty(); err != nil {
			return -1, -1, "", errors.Join(fmt.Errorf("no pty: %w", err), cause)
		}
		notice = "This shell is on a pty of the host (" + ptyCause(cause) + "): tty(1) does not find its name in the container."
	}
	if err := setSize(master, s.Cols, s.Rows); err != nil {
		closeAll([]int{master, slave})
		return -1, -1, "", err
	}
	return master, slave, notice, nil
}

func ptyCause(err error) string {
	if errors.Is(err, unix.ENOSPC) {
		return "the container's own are used up, see lxc.pty.max"
	}
	return "the container's cannot be used: " + err.Error()
}

// containerPty asks the monitor for the container's devpts; no path inside
// the container is trusted.
func containerPty(c *golxc.Container) (master, slave int, err error) {
	dir, err := c.DevptsFd()
	if err != nil {
		return -1, -1, fmt.Errorf("devpts: %w", err)
	}
	defer dir.Close()
	master, err = unix.Openat(int(dir.Fd()), "ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("ptmx: %w", err)
	}
	if err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err == nil {
		// By number and not by name: ioctl_tty(2), TIOCGPTPEER.
		slave, err = ptyPeer(master)
	}
	if err != nil {
		_ = unix.Close(master)
		return -1, -1, fmt.Errorf("pty slave: %w", err)
	}
	return master, slave, nil
}

func ptyPeer(master int) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// hostPty makes a pty of the host. creack/pty's master blocks, and closing
// it would never end a read: it is taken over and made non-blocking.
func hostPty() (master, slave int, err error) {
	m, s, err := pty.Open()
	if err != nil {
		return -1, -1, err
	}
	defer m.Close()
	defer s.Close()
	if master, err = unix.FcntlInt(m.Fd(), unix.F_DUPFD_CLOEXEC, helperFiles); err != nil {
		return -1, -1, err
	}
	if slave, err = unix.FcntlInt(s.Fd(), unix.F_DUPFD_CLOEXEC, helperFiles); err != nil {
		closeAll([]int{master})
		return -1, -1, err
	}
	if err = unix.SetNonblock(master, true); err != nil {
		closeAll([]int{master, slave})
		return -1, -1, err
	}
	return master, slave, nil
}

// callerWatch ends the process when its caller hangs up or dies. This and no
// PDEATHSIG, which follows the thread that started the helper, and threads of
// a Go program come and go.
type callerWatch struct {
	mu    sync.Mutex
	pidfd int  // -1 = there is no process yet
	gone  bool // the caller
	dead  bool // it has not only hung up
}

func watchCaller(conn *msgConn) *callerWatch {
	w := &callerWatch{pidfd: -1}
	runtime.Spawn("caller watch", func(error) { os.Exit(helperFailed) }, func() {
		var none helperRequest
		for {
			fds, err := conn.receive(&none)
			closeAll(fds)
			if err != nil {
				break
			}
		}
		dead := callerDied(conn)
		w.mu.Lock()
		w.dead = dead
		w.mu.Unlock()
		w.hungUp()
	})
	return w
}

// ends names the process that is to end. It has not been reaped yet. It may
// have run for a while already, and its caller be gone.
func (w *callerWatch) ends(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("pidfd of %d: %w", pid, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pidfd = fd
	if w.gone {
		runtime.Spawn("end of a process", func(error) {}, func() { endProcess(fd) })
	}
	return nil
}

func (w *callerWatch) isGone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone
}

func (w *callerWatch) isDead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

// hungUp ends the process. If there is none, one may be about to run; but an
// attach that hangs is nobody's any more, and what liblxc has forked for it
// gives up when its parent ends.
func (w *callerWatch) hungUp() {
	w.mu.Lock()
	w.gone = true
	fd := w.pidfd
	w.mu.Unlock()
	if fd >= 0 {
		endProcess(fd)
		return
	}
	time.AfterFunc(hangUpGrace, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.pidfd < 0 {
			os.Exit(helperFailed)
		}
	})
}

// endProcess gives a process the chance to end by itself, then kills it.
func endProcess(pidfd int) {
	signalSession(os.Getpid(), unix.SIGHUP)
	_ = unix.PidfdSendSignal(pidfd, unix.SIGHUP, nil, 0)
	_ = unix.PidfdSendSignal(pidfd, unix.SIGCONT, nil, 0)
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for until := time.Now().Add(hangUpGrace); ; {
		_, err := unix.Poll(fds, int(max(0, time.Until(until).Milliseconds())))
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
}

// reapChild waits for the attached process and gives its end as a shell
// would: 128+signal, or its status.
func reapChild(pid int) (code, signal int) {
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &ws, 0, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return helperFailed, 0
		}
	}
	if ws.Signaled() {
		return 128 + int(ws.Signal()), int(ws.Signal())
	}
	return ws.ExitStatus(), 0
}
