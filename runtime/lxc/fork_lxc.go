package lxc

/*
#cgo CFLAGS: -std=gnu11
#cgo pkg-config: lxc
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <lxc/lxccontainer.h>

enum { DECK_CLONE, DECK_DESTROY, DECK_DESTROY_SNAPSHOTS };

static int deck_job(int job, const char *path, const char *name, const char *to_path, const char *to,
		    int flags, const char *backing, const char *log, const char *programs)
{
	struct lxc_log to_log = {
		.name = name, .lxcpath = path, .file = log, .level = "ERROR", .prefix = "lxcdeck", .quiet = true,
	};
	struct lxc_container *c;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (programs && setenv("PATH", programs, 1) < 0)
		return 2;
	if (lxc_log_init(&to_log) < 0)
		return 2;
	c = lxc_container_new(name, path);
	if (!c)
		return 1;
	if (job == DECK_DESTROY)
		return c->destroy(c) ? 0 : 1;
	if (job == DECK_DESTROY_SNAPSHOTS)
		return c->snapshot_destroy_all(c) ? 0 : 1;
	return c->clone(c, to, to_path, flags, backing, NULL, 0, NULL) ? 0 : 1;
}

static int deck_fork(int job, const char *path, const char *name, const char *to_path, const char *to,
		     int flags, const char *backing, const char *log, const char *programs)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(deck_job(job, path, name, to_path, to, flags, backing, log, programs));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"lxcdeck/runtime"
)

// go-lxc's Clone does not pass LXC_CLONE_ALLOW_RUNNING, KEEPBDEVTYPE and
// MAYBE_SNAPSHOT on, and its CreateSnapshot chooses the name itself, which a
// journal has to tell before. So this room asks liblxc itself, and in a fork:
// lxc_log_init is the only way to liblxc's words that leaves no lxc.log.file in a
// config that is saved, but it is for ever, and a container that is started later
// by the same process would not write to its own log file.
//
// The fork has one thread. liblxc makes processes by a bare clone(2)
// (lxc_raw_clone, userns_exec_full) that then change their ids and groups, as a
// clone does and whatever a user destroys: from a process with threads of Go such
// a child can wait for ever for a thread that was just being made, or for a lock
// that another thread had.

// errLXC is a refusal of liblxc; its words stand in the log.
var errLXC = errors.New("liblxc failed")

// Flags of a clone (lxccontainer.h).
const (
	cloneKeepName     = C.LXC_CLONE_KEEPNAME
	cloneKeepMAC      = C.LXC_CLONE_KEEPMACADDR
	cloneSnapshot     = C.LXC_CLONE_SNAPSHOT
	cloneKeepBacking  = C.LXC_CLONE_KEEPBDEVTYPE
	cloneMaybe        = C.LXC_CLONE_MAYBE_SNAPSHOT
	cloneAllowRunning = C.LXC_CLONE_ALLOW_RUNNING
)

// cloneContainer makes liblxc clone a container. backing "" = as liblxc finds best.
// A failure is cleared away by liblxc as far as it can. programs, if not nil, is
// where it finds programs first.
func cloneContainer(from, to runtime.Ref, flags int, backing string, programs *os.File) (log string, err error) {
	return forked(C.DECK_CLONE, from, to, flags, backing, programs)
}

// destroyContainer makes liblxc destroy a container, by its config. It refuses to lose
// snapshots of its data set that others have made, unless all may go.
func destroyContainer(ref runtime.Ref, all bool) (log string, err error) {
	if name := setOf(ref); name != "" {
		return destroyOnSet(ref, name, all)
	}
	return destroyWithTools(ref, nil)
}

// destroyWithTools is destroyContainer where liblxc finds programs first in programs,
// if that is not nil.
func destroyWithTools(ref runtime.Ref, programs *os.File) (log string, err error) {
	return forked(C.DECK_DESTROY, ref, runtime.Ref{}, 0, "", programs)
}

// destroySnapshots makes liblxc destroy all snapshots of a container. It fails
// where there are none (do_snapshot_destroy_all).
func destroySnapshots(ref runtime.Ref) (log string, err error) {
	return forked(C.DECK_DESTROY_SNAPSHOTS, ref, runtime.Ref{}, 0, "", nil)
}

func forked(job C.int, from, to runtime.Ref, flags int, backing string, programs *os.File) (string, error) {
	// The fork inherits it, under the same number.
	out, err := memFile("liblxc log")
	if err != nil {
		return "", err
	}
	defer out.Close()
	texts := []string{from.Path, from.Name, to.Path, to.Name, backing, "/proc/self/fd/" + strconv.Itoa(int(out.Fd())), ""}
	if programs != nil {
		texts[6] = toolsAt(programs)
	}
	c := make([]*C.char, len(texts))
	defer func() {
		for _, text := range c {
			C.free(unsafe.Pointer(text))
		}
	}()
	for i, text := range texts {
		if i >= 4 && text == "" {
			continue // NULL: liblxc chooses, and finds programs where it does
		}
		c[i] = C.CString(text)
	}
	end := int(C.deck_fork(job, c[0], c[1], c[2], c[3], C.int(flags), c[4], c[5], c[6]))
	text := make([]byte, maxLog)
	n, _ := out.ReadAt(text, 0)
	log := cleanLog(string(text[:n]))
	switch {
	case end == 0:
		return log, nil
	case end < 0:
		return log, fmt.Errorf("%w: fork: %w", runtime.ErrHelper, syscall.Errno(-end))
	case end > 128:
		return log, fmt.Errorf("%w: liblxc: %s", runtime.ErrHelper, syscall.Signal(end-128))
	default:
		return log, errLXC
	}
}
