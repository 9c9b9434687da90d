package lxc

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE
#cgo pkg-config: lxc
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <lxc/lxccontainer.h>

#define DECK_STARTER "__lxcdeck_helper_start"

enum { DECK_HELPER_SOCKET = 3, DECK_STARTER_SOCKET = 4, DECK_NO_FILE = 1024, DECK_POLL_US = 20000 };

enum { DECK_STATE = 'S', DECK_FAILED = 'F', DECK_UNLOADABLE = 'U', DECK_OWN_LOG = 'L', DECK_NOT_STOPPED = 'N', DECK_DIED = 'D', DECK_ERRNO = 'E' };

// An answer is one packet: what came of it, and a word on it.
static void deck_answer(int sock, char what, const char *word)
{
	char buf[64];
	int n = snprintf(buf, sizeof(buf), "%c%s", what, word);

	while (send(sock, buf, n, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void deck_answer_number(int sock, char what, int number)
{
	char word[16];

	snprintf(word, sizeof(word), "%d", number);
	deck_answer(sock, what, word);
}

static const char *deck_settled(struct lxc_container *c, long ms)
{
	for (;; ms -= DECK_POLL_US / 1000) {
		const char *state = c->state(c);

		if (!strcmp(state, "RUNNING") || !strcmp(state, "FROZEN") || !strcmp(state, "STOPPED") || ms <= 0)
			return state;
		usleep(DECK_POLL_US);
	}
}

static void deck_start(int sock, const char *path, const char *name, long ms, int log)
{
	char file[32], word[32], own[4096];
	struct lxc_container *c = lxc_container_new(name, path);

	if (!c) {
		deck_answer(sock, DECK_UNLOADABLE, "");
		return;
	}
	if (c->get_config_item(c, "lxc.log.file", own, sizeof(own)) > 0) {
		deck_answer(sock, DECK_OWN_LOG, "");
		return;
	}
	if (strcmp(c->state(c), "STOPPED")) {
		deck_answer(sock, DECK_NOT_STOPPED, c->state(c));
		return;
	}
	snprintf(file, sizeof(file), "/proc/self/fd/%d", log);
	c->set_config_item(c, "lxc.log.file", file);
	c->set_config_item(c, "lxc.log.level", "INFO");
	if (!c->want_daemonize(c, true) || !c->start(c, 0, NULL)) {
		deck_answer(sock, DECK_FAILED, "");
		return;
	}
	snprintf(word, sizeof(word), "%s %d", deck_settled(c, ms), c->init_pid(c));
	deck_answer(sock, DECK_STATE, word);
}

// Takes one request: lxcpath, name and milliseconds, each with its NUL, and the
// log's descriptor. 0 = the helper has ended.
static int deck_request(int sock, char *buf, size_t size, char *words[3], int *log)
{
	union { struct cmsghdr align; char buf[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *head;
	ssize_t n;
	char *at = buf;

	while ((n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (!head || head->cmsg_type != SCM_RIGHTS || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	memcpy(log, CMSG_DATA(head), sizeof(int));
	for (int i = 0; i < 3; i++) {
		char *end = memchr(at, 0, buf + n - at);

		if (!end)
			return 0;
		words[i] = at;
		at = end + 1;
	}
	return 1;
}

static void deck_ignore(int signal) { (void)signal; }

// What a helper makes of itself (helperConn), and the one socket.
static void deck_settle_in(int sock)
{
	// A handler and not SIG_IGN, which the container would inherit.
	struct sigaction hup = { .sa_handler = deck_ignore, .sa_flags = SA_RESTART };
	struct rlimit files;

	if (dup2(sock, DECK_HELPER_SOCKET) < 0 || syscall(SYS_close_range, DECK_HELPER_SOCKET + 1, ~0U, 0) < 0 ||
	    fcntl(DECK_HELPER_SOCKET, F_SETFD, FD_CLOEXEC) < 0 || chdir("/") < 0)
		_exit(1);
	sigaction(SIGHUP, &hup, NULL);
	umask(022);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > DECK_NO_FILE) {
		files.rlim_cur = DECK_NO_FILE;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static void deck_serve(int sock)
{
	char buf[16384], *words[3];
	int log, status;
	pid_t starter = getpid();

	while (deck_request(sock, buf, sizeof(buf), words, &log)) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			if (getppid() != starter)
				_exit(1);
			deck_start(sock, words[0], words[1], atol(words[2]), log);
			_exit(0);
		}
		if (pid < 0)
			deck_answer_number(sock, DECK_ERRNO, errno);
		close(log);
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (pid > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
			deck_answer_number(sock, DECK_DIED, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
}

// Runs before Go does: whatever is forked here has one thread and no heap of Go's.
__attribute__((constructor)) static void deck_fork_starter(int argc, char **argv)
{
	int pair[2], domain;
	socklen_t len = sizeof(domain);
	pid_t helper = getpid(), pid;

	if (argc != 2 || strcmp(argv[1], DECK_STARTER) || getsockopt(DECK_HELPER_SOCKET, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() != helper)
			_exit(1);
		deck_settle_in(pair[1]);
		deck_serve(DECK_HELPER_SOCKET);
		_exit(0);
	}
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else if (pair[0] != DECK_STARTER_SOCKET) {
		dup3(pair[0], DECK_STARTER_SOCKET, O_CLOEXEC);
		close(pair[0]);
	}
}
*/
import "C"

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// The monitor of a container is a fork of whoever starts it. From a program of Go
// that fork is dear: its map has threads' stacks and a heap in it, and every page
// that either side writes to afterwards is copied first. It took more than all
// else that a start does in the helper. So a helper that stays forks a starter
// before Go begins (a constructor of C, as nothing else runs then), which has
// one thread and a megabyte, as lxc-start has. For each start it forks a process
// that loads the config, starts, and ends; the monitor's cgroup, into which
// liblxc moves whoever starts, is left with that. What is to be judged before,
// and what is made of the answer, is the helper's.
//
// The starter is killed when the helper dies, and each of its forks when the
// starter does (prctl(2), PR_SET_PDEATHSIG: the starter's parent is the helper's
// main thread, which lasts as long as the process).

// starterArg is helperArg for a helper with a starter.
const starterArg = C.DECK_STARTER

// What came of a start.
const (
	startState      = C.DECK_STATE       // liblxc started it; the state it was in then, and its init
	startFailed     = C.DECK_FAILED      // liblxc did not; its words are in the log
	startUnloadable = C.DECK_UNLOADABLE  // liblxc does not load the config
	startOwnLog     = C.DECK_OWN_LOG     // nothing was done: the config names a log file
	startNotStopped = C.DECK_NOT_STOPPED // nothing was done: the state it is in
	startDied       = C.DECK_DIED        // the signal that killed who started it
	startErrno      = C.DECK_ERRNO       // there was no process for it
)

// starter is the helper's end of the socket.
type starter struct{ u *net.UnixConn }

// openStarter takes the starter over that was forked before Go began; nil = there
// is none.
func openStarter() *starter {
	if len(os.Args) != 2 || os.Args[1] != starterArg {
		return nil
	}
	f := os.NewFile(C.DECK_STARTER_SOCKET, "starter")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil
	}
	return &starter{u}
}

// start has a container started, with its log written to a file in memory, and
// gives what came of it and a word on that.
func (s *starter) start(ref runtime.Ref, log *os.File, limit time.Duration) (what byte, word string, err error) {
	msg := ref.Path + "\x00" + ref.Name + "\x00" + strconv.FormatInt(limit.Milliseconds(), 10) + "\x00"
	_, _, err = s.u.WriteMsgUnix([]byte(msg), unix.UnixRights(int(log.Fd())), nil)
	if err != nil {
		return 0, "", fmt.Errorf("%w: starter: %w", runtime.ErrHelper, bare(err))
	}
	buf := make([]byte, 64)
	n, err := s.u.Read(buf)
	if err == nil && n == 0 {
		err = errors.New("it ended")
	}
	if err != nil {
		return 0, "", fmt.Errorf("%w: starter: %w", runtime.ErrHelper, err)
	}
	what, word = buf[0], string(buf[1:n])
	number, _ := strconv.Atoi(word)
	switch what {
	case startDied:
		return what, word, fmt.Errorf("%w: liblxc: %s", runtime.ErrHelper, syscall.Signal(number))
	case startErrno:
		return what, word, fmt.Errorf("%w: fork: %w", runtime.ErrHelper, syscall.Errno(number))
	}
	return what, word, nil
}
