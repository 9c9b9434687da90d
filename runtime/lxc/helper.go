package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// What forks, blocks, prints or can hang in liblxc runs in a helper: this
// same executable, started again with helperArg and a socket. It can be
// killed, its descriptors are its own, and the monitor that a start leaves
// behind is a fork of a small process instead of one of the whole program.

const (
	// helperArg makes a process of this executable a helper, if it has the socket too.
	helperArg = "__lxcdeck_helper"
	// helperSocket is where a helper finds its end of the socketpair.
	helperSocket = 3
	// helperFiles is the first of the descriptors that are passed on for Exec.
	helperFiles = 4
	// helperPath is the PATH of helpers: nothing of the caller's is searched.
	helperPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// reapTime is how long a killed helper may take to be gone; one in an
	// uninterruptible system call is left to the kernel.
	reapTime = 2 * time.Second
	// softGrace is how long a template may take to end when it is asked to.
	softGrace = 5 * time.Second
)

// Kinds of helperRequest.
const (
	kindOp       = "op"
	kindMake     = "make" // liblxc's part of a create
	kindUndo     = "undo" // what was left of an operation whose helper was killed
	kindAttach   = "attach"
	kindExec     = "exec"
	kindConsole  = "console"
	kindBootLog  = "boot log"
	kindDiagnose = "diagnose"
	// kindLimits reads the limits of a container.
	kindLimits = "limits"
	// kindSnapshots reads the snapshots of somebody else's container.
	kindSnapshots = "snapshots"
	// kindPasswd reads a container's own list of users.
	kindPasswd = "passwd"
	// kindConfig reads a config as text, kindCheckConfig lets liblxc judge one, and
	// kindConfigBackup reads a backup, by the name in Paths.
	kindConfig       = "config"
	kindCheckConfig  = "check config"
	kindConfigBackup = "config backup"
	// kindSpace reads what takes room on disk.
	kindSpace = "space"
	// kindLogs lists logs and opens them, for as long as the caller has one open.
	kindLogs = "logs"
	// kindFiles lists a folder of a container, whose path is in Text.
	kindFiles = "files"
)

// helperRequest is what a helper is asked. It travels as JSON over the socket
// that the helper inherits, so that neither argv nor the environment shows it.
type helperRequest struct {
	Kind     string
	Ref      runtime.Ref
	ReadOnly bool
	Op       runtime.Op
	Timeout  time.Duration
	Expect   runtime.State
	Same     string // Identity that the container must have; "" = any
	Spare    bool
	Stay     time.Duration // for how long the helper waits for more work once it has answered
	Args     runtime.Args  // of an operation
	Who      string        // who asks, for what is written down
	Record   string        // under which the audit log knows the operation
	Audit    string        // file of that log, if the helper is the same user; "" = it writes nothing
	Paths    []string      // the lxcpaths in use
	Text     []byte        // of a make: the first config
	Since    time.Time     // of an undo: when what is undone began
	Shell    *runtime.Shell
	Failed   *failedStart // of a diagnosis
	Init     int          // of a passwd, of logs, of files and of a config: the container's init; 0 = it does not run
	// Of a console; the last two also stand in later messages, as its new size.
	TTY, Cols, Rows int
}

// helperReply is what it answers. Those of operations send any number with
// Progress before the last. Those of attach and console send two: the first
// when the process runs or the tty is had, with the pty's master as a descriptor,
// the second at its end.
type helperReply struct {
	OK           bool
	Code, Signal int
	Err          string
	ErrKind      string // name of the sentinel that Err wraps; "" = none
	Hint         string // what to do next; may be empty
	Log          string // liblxc's own ERROR lines
	State        runtime.State
	Leaves       bool              // the helper ends now, whatever its request said: it may not be sound
	Progress     *runtime.Progress // not the end yet
	Copied       []byte            // Progress.Copied in gob, whose strings are bytes
	Notice       string            // attach: how the pty came to be
	Reason       string            // attach: why the process could not even begin; may be empty
	Text         []byte            // boot log, snapshots and configs in gob, passwd, limits in JSON
	Report       []byte            // diagnosis: in gob
	Exit         *runtime.Exit     // run: how the command has ended; nil = it never ran
	// Init is the init of the life whose ring buffer a boot log was taken out of, 0 =
	// it is from a file; and of what runs since an operation, 0 = not known.
	Init int
}

// user is who a helper becomes before it runs.
type user struct {
	uid, gid int
	groups   []int
	home     string
}

// helperProc is a helper that runs.
type helperProc struct {
	conn   *msgConn
	pid    int
	stderr *os.File
	done   chan struct{} // closed when it has been reaped
	gentle bool          // its process in a container is to be ended by it, not orphaned
	soft   bool          // what it runs is asked to end first, so that it can clear up after itself
	whole  bool          // what it has started ends with it, when it does not end by itself
	ask    time.Duration // for how long it is asked to end before it is killed, so that it can clear up and say so

	told func(runtime.Progress) // hears what it says before its last word; nil = nobody does

	mu   sync.Mutex
	gone bool // under mu: reaped, so that its number may be another's
}

// callHelper starts a helper, asks it q and waits for its answer; progress, if
// not nil, is told what comes before it. When the context ends first, the
// helper's process group is killed and the error wraps ErrCancelled, or
// ErrNoAnswer if a deadline passed. A nil asUser means the caller's own user.
// files become descriptors 4 and up in it.
func (a *Adapter) callHelper(ctx context.Context, q helperRequest, asUser *user, progress func(runtime.Progress), files ...*os.File) (helperReply, error) {
	p, err := a.helperFor(&q, asUser, files)
	if err != nil {
		return helperReply{}, err
	}
	p.told = progress
	for {
		r, fds, err := p.receive(ctx)
		closeAll(fds)
		if err != nil {
			p.release()
			return r, err
		}
		if r.Progress == nil {
			if q.Audit != "" {
				_ = p.conn.send(receipt{}, nil) // a helper that is gone needs none
			}
			if q.Stay > 0 && !r.Leaves {
				a.putIdle(p, stayTime)
			} else {
				p.await(reapTime)
				p.release()
			}
			return r, nil
		}
		if progress != nil {
			progress(r.tells())
		}
	}
}

// askHelper starts a helper and sends it q.
func askHelper(q helperRequest, asUser *user, files []*os.File) (*helperProc, error) {
	p, err := startHelper(q, asUser, files)
	if err != nil {
		return nil, err
	}
	if err := p.conn.send(q, nil); err != nil {
		p.kill()
		p.release()
		return nil, fmt.Errorf("%w: send request: %w", runtime.ErrHelper, err)
	}
	return p, nil
}

// startHelper starts a helper for requests like q in a session and process group of
// its own. files become descriptors 4 and up in it.
func startHelper(q helperRequest, asUser *user, files []*os.File) (*helperProc, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: socketpair: %w", runtime.ErrHelper, err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "helper socket")
	defer theirs.Close()
	conn, err := newMsgConn(pair[0])
	if err != nil {
		return nil, fmt.Errorf("%w: socket: %w", runtime.ErrHelper, err)
	}
	// A memfd and no pipe: the monitor of a started container may hold it for
	// ever, and nobody has to read it meanwhile.
	stderr, err := memFile("helper stderr")
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	cmd := helperCommand(q, asUser)
	cmd.Stderr = stderr
	cmd.ExtraFiles = append([]*os.File{theirs}, files...)
	if err := startSafely(cmd); err != nil {
		conn.Close()
		stderr.Close()
		return nil, fmt.Errorf("%w: start: %w", runtime.ErrHelper, err)
	}
	p := &helperProc{conn: conn, pid: cmd.Process.Pid, stderr: stderr, done: make(chan struct{}), gentle: q.Kind == kindAttach || q.Kind == kindExec,
		soft:  q.Kind == kindOp && q.Op == runtime.Create,
		whole: q.Kind == kindUndo || q.Kind == kindOp && q.Op.Info().Kind != runtime.OnState}
	if q.Kind == kindOp {
		p.ask = graceOf(q.Op)
	}
	runtime.Spawn("helper reaper", func(error) {}, func() {
		p.reap(cmd)
	})
	return p, nil
}

// receive waits for the helper's next message. When the context ends first,
// the helper is killed.
func (p *helperProc) receive(ctx context.Context) (helperReply, []int, error) {
	got := p.listen()
	select {
	case m := <-got:
		if m.err != nil {
			p.await(reapTime)
			return m.reply, m.fds, fmt.Errorf("%w: it ended without an answer%s", runtime.ErrHelper, p.lastWords(m.err))
		}
		return m.reply, m.fds, nil
	case <-ctx.Done():
		if p.soft {
			p.signal(unix.SIGTERM)
			p.await(softGrace)
		}
		if p.ask > 0 {
			if r, told := p.askToEnd(&got); told {
				return r, nil, endedBy(ctx, &r)
			}
		}
		if !p.gentle {
			p.kill()
		}
		p.conn.Close() // ends the goroutine above
		m := <-got
		closeAll(m.fds)
		if !p.gentle {
			p.await(reapTime)
		}
		return helperReply{}, nil, ended(ctx)
	}
}

// answer is a message of a helper.
type answer struct {
	reply helperReply
	fds   []int
	err   error
}

// listen waits for the next message.
func (p *helperProc) listen() chan answer {
	got := make(chan answer, 1)
	runtime.Spawn("helper reply", func(err error) { got <- answer{err: err} }, func() {
		var m answer
		m.fds, m.err = p.conn.receive(&m.reply)
		got <- m
	})
	return got
}

// askToEnd tells a helper that its work is not wanted any more and waits for its
// last word; told is false when none came in time. got is what is listened for.
// Only the helper is told: what works for it, such as a container's monitor or
// CRIU, it ends in its own way.
func (p *helperProc) askToEnd(got *chan answer) (r helperReply, told bool) {
	p.signalTo(p.pid, unix.SIGTERM)
	grace := time.NewTimer(p.ask)
	defer grace.Stop()
	for {
		select {
		case m := <-*got:
			closeAll(m.fds)
			if m.err != nil {
				*got <- answer{err: m.err}
				return r, false
			}
			if m.reply.Progress == nil {
				_ = p.conn.send(receipt{}, nil)
				p.await(reapTime)
				return m.reply, true
			}
			if p.told != nil {
				p.told(m.reply.tells())
			}
			*got = p.listen()
		case <-grace.C:
			return r, false
		}
	}
}

// endedBy is the error of a helper that was asked to end and has had its say: nil
// where that counts more than the context, because the work was done, or could not
// be taken back.
func endedBy(ctx context.Context, r *helperReply) error {
	if r.OK || r.ErrKind != "cancelled" {
		return nil
	}
	return ended(ctx)
}

// lastWords is what the helper wrote on its stderr, a Go panic or a message
// of the C library, for the error that tells of its death.
func (p *helperProc) lastWords(err error) string {
	b := make([]byte, 2048)
	n, _ := p.stderr.ReadAt(b, 0)
	if words := strings.TrimSpace(string(b[:n])); words != "" {
		return ": " + words
	}
	if errors.Is(err, io.EOF) {
		return ""
	}
	return ": " + err.Error()
}

// reap waits for the helper's end. It stays a zombie, its number taken, until
// no kill can be under way.
func (p *helperProc) reap(cmd *exec.Cmd) {
	defer close(p.done)
	const exited = 1 // CLD_EXITED of sigaction(2)
	var end unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, p.pid, &end, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if (p.gentle || p.whole) && end.Code != exited {
		// Somebody killed it: nobody else ends its process in the container, or
		// what works for it.
		signalSession(p.pid, unix.SIGKILL)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The status says nothing that the reply, or its absence, does not.
	_ = cmd.Wait()
	p.gone = true
}

// kill ends the helper's whole process group at once.
func (p *helperProc) kill() { p.signal(unix.SIGKILL) }

// signal signals the helper's whole process group.
func (p *helperProc) signal(sig unix.Signal) { p.signalTo(-p.pid, sig) }

// signalTo is kill(2), as long as the helper's number is its own.
func (p *helperProc) signalTo(pid int, sig unix.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		_ = unix.Kill(pid, sig)
	}
}

// await gives the helper d to be gone and says whether it is.
func (p *helperProc) await(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// abandon hangs up on a helper whose process is not wanted any more, and
// kills it if that does not end it. It does not wait.
func (p *helperProc) abandon() {
	p.release()
	runtime.Spawn("helper end", func(error) {}, func() {
		if !p.await(hangUpGrace + reapTime) {
			p.kill()
		}
	})
}

// release lets go of the caller's descriptors; the helper sees a hang-up.
func (p *helperProc) release() {
	p.conn.Close()
	p.stderr.Close()
}

// memFile is an unlinked file in memory, close-on-exec.
func memFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}
