package lxc

/*
#cgo pkg-config: lxc
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <lxc/lxccontainer.h>

// What the child tells of the container's end.
struct deck_end {
	int ran;       // liblxc says that init ran
	int error_num; // how init ended
};

// deck_child is the whole life of the child, which becomes the container's monitor.
static void deck_child(const char *name, const char *path, char **argv, int parent, const int fds[5])
{
	struct deck_end end = { 0, 0 };
	struct lxc_container *c;

	// It dies with its parent, and its init with it (start.c sets that one's).
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(125);
	for (int i = 0; i < 5; i++)
		if (dup2(fds[i], i) < 0)
			_exit(125);
	syscall(SYS_close_range, 5, ~0U, 0);
	// Nor do these two get into the container: CLOSE_RANGE_CLOEXEC.
	syscall(SYS_close_range, 3, 4, 1U << 2);

	c = lxc_container_new(name, path);
	if (!c)
		_exit(125);
	c->set_config_item(c, "lxc.log.file", "/proc/self/fd/3");
	c->set_config_item(c, "lxc.log.level", "ERROR");
	if (!c->want_daemonize(c, false) || !c->set_config_item(c, "lxc.console.path", "none"))
		_exit(125);
	end.ran = c->start(c, 0, argv);
	end.error_num = c->error_num;
	if (write(4, &end, sizeof(end)) != sizeof(end))
		_exit(125);
	_exit(0);
}

static void deck_pipe(int s) { (void)s; }

// glibc keeps its own signals (32 and 33) from signal(3), but has what posix_runtime.Spawn(3)
// starts, as make does, ignore them. A handler of glibc's stays: it is in use.
static void deck_heed(int s)
{
	long action[16] = { 0 }; // the kernel's struct sigaction: the handler, and more
	const long by_default[16] = { 0 };

	if (syscall(SYS_rt_sigaction, s, NULL, action, NSIG / 8) == 0 && action[0] == (long)SIG_IGN)
		syscall(SYS_rt_sigaction, s, by_default, NULL, NSIG / 8);
}

// deck_start forks that child. fds come to be its descriptors 0 to 4: those of
// init, the log, and where it tells the end. -1 = fork failed, see errno.
static pid_t deck_start(const char *name, const char *path, char **argv, const int fds[5])
{
	sigset_t all, old;
	pid_t pid, parent = getpid();

	// No signal may come to the child while it has the handlers of Go.
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0) {
		for (int s = 1; s < NSIG; s++)
			if (signal(s, SIG_DFL) == SIG_ERR)
				deck_heed(s);
		// An init that the kernel kills before it has begun leaves liblxc with a
		// socket that nobody reads (lxc_sync_wake): it is to say so and clear away,
		// and not to die of it. A handler, as what is executed would stay with
		// SIG_IGN.
		signal(SIGPIPE, deck_pipe);
		sigemptyset(&all);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
		deck_child(name, path, argv, parent, fds);
	}
	int err = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return pid;
}
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers. It forks in C, as go-lxc can neither start a
// container whose init keeps its descriptors nor tell how that init ended:
//   - a daemonized start gives init the null device (null_stdfds in
//     lxccontainer.c), and its monitor keeps the exit status for itself;
//   - a start in the foreground of a Go program may hang at the end. Its main
//     loop waits for SIGCHLD by signalfd(2) and blocks that in its own thread
//     alone (setup_signal_fd in start.c), while the kernel may give it to any
//     other thread, where Go's handler drops it;
//   - go-lxc has no name for error_num, where liblxc leaves init's status.
// A forked child has one thread only. liblxc itself forks the same way for a
// daemonized start.

// child is the process that is monitor of a container in the foreground.
type child struct {
	pid    int
	pidfd  int
	report *os.File
	log    *os.File
}

// initFiles are the descriptors of a container's init, as the child gets them.
type initFiles struct{ in, out, err *os.File }

// startChild starts a container with argv as its init. The calling thread must
// not end before the child does: it dies with that thread (prctl(2)).
func startChild(ref runtime.Ref, argv []string, std initFiles) (*child, error) {
	log, err := memFile("liblxc log")
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("pipe: %w", err)
	}
	defer w.Close()
	name, path := C.CString(ref.Name), C.CString(ref.Path)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(path))
	words, freeWords := cWords(argv)
	defer freeWords()
	// Above what they become, so that none is overwritten before its turn.
	var fds [5]C.int
	var copies []int
	defer func() { closeAll(copies) }()
	for i, f := range []*os.File{std.in, std.out, std.err, log, w} {
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, len(fds))
		if err != nil {
			log.Close()
			r.Close()
			return nil, fmt.Errorf("descriptors: %w", err)
		}
		copies = append(copies, fd)
		fds[i] = C.int(fd)
	}
	pid, err := C.deck_start(name, path, words, &fds[0])
	if pid < 0 {
		log.Close()
		r.Close()
		return nil, fmt.Errorf("fork: %w", err)
	}
	c := &child{pid: int(pid), report: r, log: log}
	c.pidfd, err = unix.PidfdOpen(c.pid, 0)
	if err != nil {
		_ = unix.Kill(c.pid, unix.SIGKILL) // not reaped yet, so it is still this one
		_, _, _ = c.wait()                 // what it has to tell is of no interest
		return nil, errors.Join(fmt.Errorf("pidfd of %d: %w", c.pid, err), log.Close())
	}
	return c, nil
}

// cWords is an argument list in memory of C's own: no pointer of Go may lie in
// what C is given.
func cWords(argv []string) (words **C.char, free func()) {
	size := C.size_t(unsafe.Sizeof((*C.char)(nil)))
	block := C.malloc(C.size_t(len(argv)+1) * size)
	all := unsafe.Slice((**C.char)(block), len(argv)+1)
	for i, a := range argv {
		all[i] = C.CString(a)
	}
	all[len(argv)] = nil
	return (**C.char)(block), func() {
		for _, w := range all {
			C.free(unsafe.Pointer(w))
		}
		C.free(block)
	}
}

// kill ends the monitor and with it the container.
func (c *child) kill() { _ = unix.PidfdSendSignal(c.pidfd, unix.SIGKILL, nil, 0) }

// wait reaps the child and gives how the container's init ended. ran is false
// when it never began; an error means that the child did not live to tell.
func (c *child) wait() (exit runtime.Exit, ran bool, err error) {
	defer c.report.Close()
	var ws unix.WaitStatus
	for {
		if _, err := unix.Wait4(c.pid, &ws, 0, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	var end [unsafe.Sizeof(C.struct_deck_end{})]byte
	if _, err := io.ReadFull(c.report, end[:]); err != nil {
		return exit, false, fmt.Errorf("%w: its monitor ended with %s", runtime.ErrHelper, statusWords(ws))
	}
	return exitOf(binary.NativeEndian.Uint32(end[4:])), binary.NativeEndian.Uint32(end[:4]) != 0, nil
}

// lastLog is what liblxc has written into the child's log.
func (c *child) lastLog() string {
	b := make([]byte, maxLog)
	n, _ := c.log.ReadAt(b, 0)
	return cleanLog(string(b[:n]))
}

// exitOf reads liblxc's word on the end of an init. That is a status of wait(2),
// but for an init that a signal has ended: there its main loop writes the
// signal where that of a stop stands (signal_handler in start.c).
func exitOf(status uint32) runtime.Exit {
	ws := unix.WaitStatus(status)
	switch {
	case ws.Signaled():
		return runtime.Exit{Code: 128 + int(ws.Signal()), Signal: int(ws.Signal())}
	case status&0xff == 0x7f:
		sig := int(status >> 8 & 0xff)
		return runtime.Exit{Code: 128 + sig, Signal: sig}
	default:
		return runtime.Exit{Code: ws.ExitStatus()}
	}
}

func statusWords(ws unix.WaitStatus) string {
	if ws.Signaled() {
		return fmt.Sprintf("signal %d", int(ws.Signal()))
	}
	return fmt.Sprintf("status %d", ws.ExitStatus())
}
