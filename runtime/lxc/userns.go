package lxc

/*
#cgo CFLAGS: -std=gnu11
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// deck_exchange forks a process that makes a user namespace, says so on ready, waits
// for a byte on go, exchanges two names and ends with errno; the other end of go
// is closed in it, so that it sees that nobody will write. It gives its pid.
static pid_t deck_exchange(const char *a, const char *b, int ready, int go, int other)
{
	char byte = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(other);
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(errno);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		_exit(ECANCELED);
	if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2) < 0) // RENAME_EXCHANGE
		_exit(errno);
	_exit(0);
}

static int deck_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// exchangeMapped is exchange for directories of a user namespace's root: to move
// one to another directory takes the right to write it (its ".." changes), and
// nobody outside has that but root. It is done in a user namespace that has the
// owners of both and the user itself, in a fork with one thread: a process of
// many cannot enter one (unshare(2)).
func exchangeMapped(a, b string) error {
	uids, gids, err := ownersOf(a, b)
	if err != nil {
		return err
	}
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	defer readyR.Close()
	goR, goW, err := os.Pipe()
	if err != nil {
		readyW.Close()
		return fmt.Errorf("pipe: %w", err)
	}
	defer goW.Close()
	ca, cb := C.CString(a), C.CString(b)
	defer C.free(unsafe.Pointer(ca))
	defer C.free(unsafe.Pointer(cb))
	pid := int(C.deck_exchange(ca, cb, C.int(readyW.Fd()), C.int(goR.Fd()), C.int(goW.Fd())))
	readyW.Close()
	goR.Close()
	if pid < 0 {
		return fmt.Errorf("%w: fork: %w", runtime.ErrHelper, unix.Errno(-pid))
	}
	var mapped error
	if n, _ := readyR.Read(make([]byte, 1)); n == 1 {
		mapped = errors.Join(mapIDs("newuidmap", pid, uids), mapIDs("newgidmap", pid, gids))
		if mapped == nil {
			_, mapped = goW.Write([]byte{0})
		}
	}
	goW.Close() // without a byte it gives up
	end := unix.Errno(C.deck_reap(C.pid_t(pid)))
	switch {
	case mapped != nil:
		return &runtime.Error{
			Err:  fmt.Errorf("%w: a user namespace to exchange roots in: %w", runtime.ErrPermission, mapped),
			Hint: "newuidmap and newgidmap (package uidmap) must be installed, and /etc/subuid and /etc/subgid give you the ids.",
		}
	case end != 0:
		return fmt.Errorf("exchange %s and %s in a user namespace: %w", a, b, fileErr(end))
	}
	return nil
}

// ownersOf gives the ids that own two directories, and the caller's.
func ownersOf(a, b string) (uids, gids []int, err error) {
	uids, gids = []int{os.Geteuid()}, []int{os.Getegid()}
	for _, name := range []string{a, b} {
		var st unix.Stat_t
		if err := lstat(name, &st); err != nil {
			return nil, nil, err
		}
		uids, gids = append(uids, int(st.Uid)), append(gids, int(st.Gid))
	}
	slices.Sort(uids)
	slices.Sort(gids)
	return slices.Compact(uids), slices.Compact(gids), nil
}

// mapIDs gives a user namespace these ids, by newuidmap(1) or newgidmap(1).
func mapIDs(program string, pid int, ids []int) error {
	args := []string{strconv.Itoa(pid)}
	for inner, id := range ids {
		args = append(args, strconv.Itoa(inner), strconv.Itoa(id), "1")
	}
	if err := ask(program, args...); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}
